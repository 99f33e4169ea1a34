//! Whole files are read in `tests/goldens.rs`; here is what is refused, and what the user is told.

use super::*;
use crate::ctx::{KeyFile, NoPasswords};
use crate::error::ErrorKind;
use crate::format::Form;
use crate::model::SecretText;
use crate::testing;

const WITH_FILE: &[u8] = include_bytes!("../../../../fixtures/keepass/key-xml-2.kdbx");
const FILE_ALONE: &[u8] = include_bytes!("../../../../fixtures/keepass/key-alone.kdbx");

fn decode(bytes: &[u8], passwords: &[&str], key_files: &[&[u8]]) -> Result<Vault, Error> {
    let given: Vec<SecretText> = passwords.iter().map(|text| SecretText::new(*text)).collect();
    let file = |bytes: &&[u8]| KeyFile { name: "a.keyx".to_owned(), bytes: bytes.to_vec().into() };
    let key_files: Vec<KeyFile> = key_files.iter().map(file).collect();
    testing::with_key_files(&mut given.as_slice(), &key_files, |ctx| KeePass.decode(&Input::new(bytes), ctx))
}

const PASSWORD: &str = "canary-password-plain-1";
const KEY: &[u8] = include_bytes!("../../../../fixtures/keepass/key-xml-2.kdbx.key");
const OTHER_KEY: &[u8] = include_bytes!("../../../../fixtures/keepass/key-alone.kdbx.key");

#[test]
fn passwords_and_key_files_are_tried_together_and_alone() {
    assert_eq!(decode(WITH_FILE, &["x", PASSWORD], &[OTHER_KEY, KEY]).unwrap().accounts.len(), 1);
    assert_eq!(decode(FILE_ALONE, &[], &[KEY, OTHER_KEY]).unwrap().accounts.len(), 1);
    let without = include_bytes!("../../../../fixtures/keepass/wrong-password.kdbx");
    assert_eq!(decode(without, &[PASSWORD], &[KEY]).unwrap().accounts.len(), 1);
}

#[test]
fn a_missing_key_file_is_thought_of() {
    let error =
        |passwords: &[&str], key_files: &[&[u8]]| decode(WITH_FILE, passwords, key_files).unwrap_err();
    let wrong = error(&[PASSWORD], &[]);
    assert_eq!(wrong.kind, ErrorKind::WrongPassword);
    assert!(wrong.next_step.unwrap().contains("--key-file"));
    let none = error(&[], &[]);
    assert_eq!(none.kind, ErrorKind::PasswordNeeded);
    assert!(none.next_step.unwrap().contains("--key-file"));
    let both = error(&[PASSWORD], &[OTHER_KEY]);
    assert_eq!(both.kind, ErrorKind::WrongPassword);
    assert!(both.message.contains("key file"));
    assert_eq!(error(&[], &[KEY]).kind, ErrorKind::PasswordNeeded);
}

fn xml(inner: &str) -> Result<Vault, Error> {
    let text = format!("<KeePassFile><Root>{inner}</Root></KeePassFile>");
    testing::with_ctx(&mut NoPasswords, |ctx| KeePass.decode(&Input::new(text.as_bytes()), ctx))
}

#[test]
fn deep_and_long_things_are_refused() {
    assert_eq!(xml(&"<Group>".repeat(1000)).unwrap_err().kind, ErrorKind::Malformed);
    let name = format!("<Group><Group><Name>{}</Name></Group></Group>", "x".repeat(2000));
    assert_eq!(xml(&name).unwrap_err().kind, ErrorKind::Malformed);
    let entries = format!("<Group>{}</Group>", "<Entry/>".repeat(100_001));
    assert_eq!(xml(&entries).unwrap_err().kind, ErrorKind::Limit);
    assert_eq!(xml("<Group></Root>").unwrap_err().kind, ErrorKind::Malformed);
}

/// A small file could fill the memory: each code of an entry gets a copy of its names and note.
#[test]
fn an_entry_does_not_multiply_without_bounds() {
    let field = |key: &str, value: &str| format!("<String><Key>{key}</Key><Value>{value}</Value></String>");
    let codes: String = (0..2100).map(|at| field(&format!("otp_{at}"), "CANARYALPHACANAR")).collect();
    let note = field("Notes", &"x".repeat(1 << 18));
    let entry = format!("<Group><Entry>{note}{codes}</Entry></Group>");
    let limited = |inner: &str| xml(inner).map(|vault| vault.accounts.len()).unwrap_err().kind;
    assert_eq!(limited(&entry), ErrorKind::Limit);
    let title = field("Title", &"x".repeat(1 << 18));
    let vault = xml(&format!("<Group><Entry>{title}{codes}</Entry></Group>")).unwrap();
    assert_eq!((vault.accounts.len(), vault.skipped.len()), (0, 1));
    let tags = format!("<Group><Entry><Tags>{}</Tags></Entry></Group>", ";a".repeat(5_000_001));
    assert_eq!(limited(&tags), ErrorKind::Limit);
    let codes: String = (0..100_001).map(|at| field(&format!("otp_{at}"), "CANARYALPHACANAR")).collect();
    let entry = format!("<Group><Entry>{codes}</Entry></Group>");
    assert_eq!(limited(&entry), ErrorKind::Limit);
}

#[test]
fn a_note_that_is_no_text_leaves_the_code_alone() {
    let entry = |key: &str| {
        format!(
            "<Group><Entry><String><Key>{key}</Key><Value Protected=\"True\">QUJDRA==</Value></String>\
            <String><Key>TOTP Seed</Key><Value>CANARYALPHACANAR</Value></String></Entry></Group>"
        )
    };
    for key in ["Notes", "URL"] {
        let vault = xml(&entry(key)).unwrap();
        assert_eq!((vault.accounts.len(), vault.skipped.len()), (1, 0), "{key}");
    }
    let vault = xml(&entry("otp")).unwrap();
    assert_eq!((vault.accounts.len(), vault.skipped.len()), (0, 1));
}

#[test]
fn a_protected_value_that_cannot_be_decoded_ends_the_reading() {
    let value = |value: &str| {
        format!(
            "<Group><Entry><String><Key>otp</Key><Value Protected=\"True\">{value}</Value></String></Entry></Group>"
        )
    };
    assert_eq!(xml(&value("?")).unwrap_err().kind, ErrorKind::Malformed);
    // A plain document has nothing that shows it.
    let vault = xml(&value("QUJDRA==")).unwrap();
    assert_eq!((vault.accounts.len(), vault.skipped.len()), (0, 1));
}

#[test]
fn only_its_own_files_are_recognised() {
    let detect = |text: &str| KeePass.detect(&Probe::new(text.as_bytes(), None));
    assert_eq!(detect("<?xml version=\"1.0\"?>\n<KeePassFile>"), Confidence::Sure);
    assert_eq!(detect("\"Group\",\"Title\",\"Username\",\"Password\",\"URL\",\"Notes\"\n"), Confidence::Sure);
    for text in [
        "<KeyFile>",
        "<KeePassFiles>",
        "Title,User Name,TimeOtp-Secret-Base32,Group\n",
        "title,url,username,password\n",
    ] {
        assert_eq!(detect(text), Confidence::No, "{text}");
    }
}

/// An account of each kind, in groups that are not in order.
fn accounts() -> Vec<Account> {
    let read = |link: &str, groups: &[&str]| {
        let mut account = crate::open::otpauth::parse(link).unwrap_or_else(|_| unreachable!());
        account.groups = groups.iter().map(|group| (*group).to_owned()).collect();
        account
    };
    let mut first = read(
        "otpauth://totp/Acme:bob?secret=CANARYALPHACANARYALPHACANARYALPH&issuer=Acme&algorithm=SHA256&digits=8&period=60",
        &["Work/Inner", "mail"],
    );
    first.favorite = true;
    first.note = "<a> & \u{1}b\r\n".to_owned();
    first.urls = ["https://a.example", "https://b.example", "https://c.example"].map(str::to_owned).to_vec();
    vec![
        first,
        read(
            "otpauth://hotp/Quay:paul?secret=CANARYPAPACANARYPAPACANARYPAPACA&issuer=Quay&counter=42",
            &["Work"],
        ),
        read("otpauth://steam/Steam:gabe?secret=CANARYCHARLIECAN&issuer=Steam", &[]),
    ]
}

fn form(name: &str) -> Form {
    Form::named(&KeePass, name).unwrap()
}

fn text(form: Form, vault: &Vault) -> String {
    let parts = testing::with_ctx(&mut NoPasswords, |ctx| form.encode(vault, ctx)).unwrap();
    String::from_utf8(parts[0].0.to_vec()).unwrap()
}

/// What KeePassXC (`otp`) and KeePass (`TimeOtp-`, `HmacOtp-`) look for.
#[test]
fn codes_are_written_for_both_programs() {
    let xml = text(form("xml"), &Vault { accounts: accounts(), ..Vault::default() });
    let field = |key: &str, value: &str| {
        let hidden = if key == "otp" || key.contains("Secret") { " ProtectInMemory=\"True\"" } else { "" };
        format!("<String>\n<Key>{key}</Key>\n<Value{hidden}>{value}</Value>\n</String>\n")
    };
    for (key, value) in [
        (
            "otp",
            "otpauth://totp/Acme:bob?secret=CANARYALPHACANARYALPHACANARYALPH&amp;issuer=Acme&amp;algorithm=SHA256&amp;digits=8&amp;period=60",
        ),
        ("TimeOtp-Secret-Base32", "CANARYALPHACANARYALPHACANARYALPH"),
        ("TimeOtp-Length", "8"),
        ("TimeOtp-Period", "60"),
        ("TimeOtp-Algorithm", "HMAC-SHA-256"),
        ("HmacOtp-Secret-Base32", "CANARYPAPACANARYPAPACANARYPAPACA"),
        ("HmacOtp-Counter", "42"),
        (
            "otp",
            "otpauth://totp/Steam:gabe?secret=CANARYCHARLIECAN&amp;issuer=Steam&amp;algorithm=SHA1&amp;digits=5&amp;period=30&amp;encoder=steam",
        ),
        ("Notes", "&lt;a&gt; &amp; b&#13;\n"),
        ("KP2A_URL", "https://b.example"),
        ("KP2A_URL_1", "https://c.example"),
    ] {
        assert_eq!(xml.matches(&field(key, value)).count(), 1, "{key}: {value}\n{xml}");
    }
    assert_eq!(xml.matches("<Key>otp</Key>").count(), 2, "{xml}");
    assert!(xml.contains("<Tags>Favorite;mail</Tags>"));
    let order = ["<Name>Root<", "Steam", "<Name>Work<", "Quay", "<Name>Inner<", "Acme"]
        .map(|name| xml.find(name).unwrap());
    assert!(order.is_sorted(), "{order:?}");
}

#[test]
fn the_table_is_as_keepassxc_writes_it() {
    let mut accounts = accounts();
    accounts.remove(1);
    let csv = text(form("csv"), &Vault { accounts, ..Vault::default() });
    let lines: Vec<&str> = csv.split_terminator('\n').collect();
    assert_eq!(
        lines[0],
        r#""Group","Title","Username","Password","URL","Notes","TOTP","Icon","Last Modified","Created""#
    );
    assert!(lines[1].starts_with(r#""Root/Work/Inner","Acme","bob","","https://a.example","<a> & b"#));
    assert_eq!(
        lines[3],
        r#""Root","Steam","gabe","","","","otpauth://totp/Steam:gabe?secret=CANARYCHARLIECAN&issuer=Steam&algorithm=SHA1&digits=5&period=30&encoder=steam","0","","""#
    );
}

#[test]
fn a_database_is_never_written_without_a_password() {
    let vault = Vault { accounts: accounts(), ..Vault::default() };
    let error =
        testing::with_ctx(&mut NoPasswords, |ctx| form("").encode(&vault, ctx).map(|_| ())).unwrap_err();
    assert_eq!(error.kind, ErrorKind::PasswordNeeded);
}

/// KeePassXC 2.7.4 would show another code for each of these, had it a link.
#[test]
fn a_code_that_a_program_shows_wrong_is_kept_from_it() {
    let fit = |link: &str| {
        let account = crate::open::otpauth::parse(link).unwrap_or_else(|_| unreachable!());
        let vault = Vault { accounts: vec![account.clone()], ..Vault::default() };
        let fit = form("xml").fit(&[account]).remove(0);
        let has_link = fit.refused.is_none().then(|| text(form("xml"), &vault).contains("<Key>otp</Key>"));
        (fit.refused.map(|refusal| refusal.code), fit.remarks.len(), has_link)
    };
    let totp = |more: &str| {
        fit(&format!("otpauth://totp/A:b?secret=CANARYOSCARCANARYOSCARCANARYOSCA&issuer=A{more}"))
    };
    assert_eq!(totp("&period=60"), (None, 0, Some(true)));
    assert_eq!(totp("&period=61"), (None, 1, Some(false)));
    assert_eq!(totp("&digits=9&period=60"), (None, 0, Some(true)));
    assert_eq!(totp("&digits=9&period=61"), (Some("unsupported-period"), 0, None));
    let hotp = |more: &str| {
        fit(&format!("otpauth://hotp/A:b?secret=CANARYOSCARCANARYOSCARCANARYOSCA&issuer=A&counter=1{more}"))
    };
    assert_eq!(hotp(""), (None, 1, Some(false)));
    assert_eq!(hotp("&digits=8"), (Some("unsupported-digits"), 0, None));
    assert_eq!(hotp("&algorithm=SHA256"), (Some("unsupported-algorithm"), 0, None));
}
