//! Expected values are written down here or come from the sources that are named.

use super::*;
use crate::ctx::{NoPasswords, Passwords};
use crate::model::{Credential, Digits, Otp, Period, Secret, SecretText};
use crate::report::{Item, Skip};
use crate::testing;

fn decode_text(text: &str) -> Result<Vault, Error> {
    decode_with(text.as_bytes(), &mut NoPasswords)
}

fn decode_with(bytes: &[u8], passwords: &mut dyn Passwords) -> Result<Vault, Error> {
    testing::with_ctx(passwords, |ctx| WinAuth.decode(&Input::new(bytes), ctx))
}

fn encode(accounts: Vec<Account>) -> String {
    let vault = Vault { accounts, ..Vault::default() };
    let parts =
        testing::with_ctx(&mut NoPasswords, |ctx| testing::form(&WinAuth).encode(&vault, ctx)).unwrap();
    String::from_utf8(parts[0].0.to_vec()).unwrap()
}

fn codes(items: &[Item]) -> Vec<&str> {
    items.iter().map(|item| item.code.as_str()).collect()
}

fn secret() -> Secret {
    Secret::new(b"Hello!\xDE\xAD\xBE\xEF".to_vec()).unwrap()
}

fn totp(issuer: &str, name: &str) -> Account {
    let (algorithm, digits, period) = (Algorithm::Sha1, Digits::SIX, Period::THIRTY);
    Account::new(Credential::Otp(Otp::Totp { secret: secret(), algorithm, digits, period }), issuer, name)
}

#[test]
fn marks_tell_its_links_from_others() {
    let confidence = |bytes: &[u8]| WinAuth.detect(&Probe::new(bytes, None));
    assert_eq!(confidence(b"otpauth://totp/a?secret=AA&digits=6&icon=WinAuth\r\n"), Confidence::Sure);
    assert_eq!(confidence(b"otpauth://totp/Steam:a?secret=AA&issuer=Steam&data=%7B%7D"), Confidence::Sure);
    assert_eq!(confidence(b"otpauth://totp/a?secret=AA&digits=6\r\n"), Confidence::No);
    assert_eq!(confidence(b"otpauth://totp/a?issuer=B&secret=AA&icon=x"), Confidence::No);
    assert_eq!(confidence(b"otpauth://totp/a?secret=AA&issuer=B&digits=6&icon=x"), Confidence::No);
    assert_eq!(confidence(b"<?xml version=\"1.0\"?>\r\n<WinAuth version=\"3.5\">"), Confidence::Sure);
    assert_eq!(confidence(b"<WinAuthOther>"), Confidence::No);
    let mut empty = b"PK\x05\x06".to_vec();
    empty.extend([0; 18]);
    assert_eq!(confidence(&empty), Confidence::Weak);
    assert_eq!(decode_with(&empty, &mut NoPasswords).unwrap_err().kind, ErrorKind::Malformed);
}

#[test]
fn blanks_of_labels_are_pluses() {
    let name = |line: &str| {
        let vault = decode_text(line).unwrap();
        (vault.accounts[0].issuer.clone(), vault.accounts[0].name.clone())
    };
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(name("otpauth://totp/My+code?secret=AAAA&digits=6"), pair("", "My code"));
    assert_eq!(name("otpauth://totp/A B:a%2bb+c?secret=AAAA&digits=6&issuer=A+B"), pair("A B", "a+b c"));
    assert_eq!(name("otpauth://totp/C++:a?secret=AAAA&digits=6&issuer=C%2b%2b"), pair("C++", "a"));
    assert_eq!(name("otpauth://totp/a#b?secret=AAAA&digits=6"), pair("", "a#b"));
}

/// `+//+` in Base64 is FB FF FE.
#[test]
fn the_secret_in_the_data_of_steam_counts() {
    let line = "otpauth://totp/Steam:me?secret=AAAA&digits=5&issuer=Steam&deviceid=x&data=%7B%22shared_secret%22%3A%22%2B%2F%2F%2B%22%2C%22identity_secret%22%3A%22eA%3D%3D%22%7D";
    let vault = decode_text(line).unwrap();
    let otp = vault.accounts[0].otp().unwrap();
    assert_eq!((otp.kind(), otp.secret().expose()), (Kind::Steam, &[0xFB, 0xFF, 0xFE][..]));
    assert_eq!(codes(&vault.warnings), ["steam-data"]);
    let extra = serde_json::to_string(&vault.accounts[0].extra).unwrap();
    assert_eq!(extra, r#"{"winauth":{"deviceid":"x"}}"#);
    let bad = line.replace("%2B%2F%2F%2B", "***");
    assert_eq!(codes(&decode_text(&bad).unwrap().skipped), [Skip::BAD_SECRET]);
}

/// The rest of the secret may be in the second line.
#[test]
fn a_link_that_was_wrapped_gives_no_cut_secret() {
    let vault =
        decode_text("otpauth://totp/a?secret=JBSWY3DP\r\nEHPK3PXP&digits=6&icon=WinAuth\r\n").unwrap();
    assert_eq!(vault.accounts, []);
    assert!(!vault.skipped.is_empty());
}

#[test]
fn battle_net_codes_have_eight_digits() {
    let digits = |query: &str| {
        let line =
            format!("otpauth://totp/BattleNet:?secret=AAAA{query}&issuer=BattleNet&serial=EU100200300400");
        let vault = decode_text(&line).unwrap();
        assert_eq!(vault.accounts[0].name, "EU100200300400");
        vault.accounts[0].otp().unwrap().digits()
    };
    assert_eq!(digits("&digits=8"), 8);
    assert_eq!(digits(""), 8);
    assert_eq!(digits("&digits=6"), 6);
}

#[test]
fn lines_are_written_as_the_app_writes_them() {
    let mut account = totp("Acme Inc", "a@b");
    account.extra.insert(ID.to_owned(), serde_json::json!({"icon": "Google", "data": "x", "a&b": "c"}));
    let mut other = totp("", "b:c");
    if let Credential::Otp(Otp::Totp { digits, algorithm, .. }) = &mut other.credential {
        (*digits, *algorithm) = (Digits::EIGHT, Algorithm::Sha256);
    }
    assert_eq!(
        encode(vec![account, other]),
        "otpauth://totp/Acme%20Inc:a%40b?secret=JBSWY3DPEHPK3PXP&digits=6&issuer=Acme%20Inc&icon=Google\r\n\
         otpauth://totp/:b%3Ac?secret=JBSWY3DPEHPK3PXP&digits=8&algorithm=SHA256&icon=WinAuth\r\n"
    );
}

/// That others open it is shown in `tests/interop.rs`.
#[test]
fn with_a_password_the_text_is_in_a_zip() {
    let vault = Vault { accounts: vec![totp("Acme", "a")], ..Vault::default() };
    let password = SecretText::new("canary-password-plain-1");
    let parts = testing::with_new_password(&mut NoPasswords, &password, |ctx| {
        testing::form(&WinAuth).encode(&vault, ctx)
    });
    let bytes = &parts.unwrap()[0].0;
    assert_eq!(zip::names(bytes).unwrap(), ["winauth-2024-05-01.txt"]);
    assert_eq!(WinAuth.detect(&Probe::new(bytes, None)), Confidence::Sure);
    let given = [password];
    let read = decode_with(bytes, &mut &given[..]).unwrap();
    assert!(read.encrypted);
    assert_eq!((read.accounts[0].otp(), read.accounts[0].issuer.as_str()), (totp("", "").otp(), "Acme"));
    assert_eq!(decode_with(bytes, &mut NoPasswords).unwrap_err().kind, ErrorKind::PasswordNeeded);
}

#[test]
fn an_issuer_that_means_another_kind_is_refused() {
    let fit = |account: Account| testing::form(&WinAuth).fit(&[account]).remove(0);
    let mut other = totp("Steam", "x");
    if let Credential::Otp(Otp::Totp { digits, .. }) = &mut other.credential {
        *digits = Digits::EIGHT;
    }
    assert_eq!(fit(totp("Acme", "x")), Fit::default());
    let steam = fit(Account::new(Credential::Otp(Otp::Steam { secret: secret() }), "Arcade", "x"));
    assert_eq!(steam.changes.iter().map(|change| change.field).collect::<Vec<_>>(), [Field::Issuer]);
    assert_eq!(fit(other).refused.map(|refusal| refusal.code), Some("not-expressible"));
    assert_eq!(fit(totp("Steam: x", "y")).refused.map(|refusal| refusal.code), Some("not-expressible"));
    let hotp = Otp::Hotp { secret: secret(), algorithm: Algorithm::Sha1, digits: Digits::SIX, counter: 0 };
    let hotp = fit(Account::new(Credential::Otp(hotp), "Acme", "x"));
    assert_eq!(hotp.refused.map(|refusal| refusal.code), Some("unsupported-kind"));
    assert_eq!(fit(totp("battlenet", "x")).refused.map(|refusal| refusal.code), Some("not-expressible"));
}

const XML: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<WinAuth version=\"3.5.1\"><alwaysontop>false</alwaysontop>\
    <WinAuthAuthenticator id=\"1\" type=\"WinAuth.GoogleAuthenticator\"><name>Acme &amp; Co (alice)</name>\
    <created>1714557600000</created><authenticatordata><servertimediff>0</servertimediff>\
    <secretdata>48656C6C6F21DEADBEEF\t6\tSHA1\t30</secretdata></authenticatordata></WinAuthAuthenticator>\
    <WinAuthAuthenticator type=\"WinAuth.HOTPAuthenticator\"><name>counter</name><authenticatordata>\
    <secretdata>48656c6c6f21deadbeef\t8\tSHA256\t30|12</secretdata></authenticatordata></WinAuthAuthenticator>\
    <WinAuthAuthenticator type=\"WinAuth.SteamAuthenticator\"><name>gamer</name><authenticatordata>\
    <secretdata>48656c6c6f21deadbeef\t5\tSHA1\t30|00|00|00|</secretdata></authenticatordata></WinAuthAuthenticator>\
    <WinAuthAuthenticator type=\"WinAuth.GoogleAuthenticator\"><name>locked</name>\
    <authenticatordata encrypted=\"yu\">57494E4155544833</authenticatordata></WinAuthAuthenticator></WinAuth>";

#[test]
fn the_settings_file_is_read_where_it_is_plain() {
    let vault = decode_text(XML).unwrap();
    let names: Vec<_> = vault.accounts.iter().map(|one| (one.issuer.as_str(), one.name.as_str())).collect();
    assert_eq!(names, [("Acme & Co", "alice"), ("", "counter"), ("Steam", "gamer")]);
    assert_eq!(vault.accounts[0].otp(), totp("", "").otp());
    assert_eq!(vault.accounts[0].created.unwrap().to_string(), "2024-05-01T10:00:00Z");
    assert_eq!(vault.accounts[1].otp().unwrap().counter(), Some(12));
    assert_eq!(vault.accounts[2].kind(), Kind::Steam);
    assert_eq!(codes(&vault.skipped), [Skip::LOCKED_SECRET]);
    assert!(vault.skipped[0].message.contains("by a password and by the Windows account (DPAPI)"));
    assert_eq!(decode_text(&XML[..XML.len() - 10]).unwrap_err().kind, ErrorKind::Malformed);
}

#[test]
fn protected_settings_are_refused_by_name() {
    let xml = "<WinAuth version=\"3.5\"><data encrypted=\"m\" sha1=\"00\">57494E</data></WinAuth>";
    let error = decode_text(xml).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported);
    assert!(error.message.contains("the Windows computer (DPAPI)"));
}

#[test]
fn any_change_of_a_byte_is_survived() {
    for text in [
        XML,
        "otpauth://totp/Steam:a+b?secret=AAAA&digits=5&issuer=Steam&data=%7B%22shared_secret%22%3A%22eA==%22%7D&icon=x\r\n",
    ] {
        for at in 0..text.len() {
            for byte in [b'<', b'"', b'0', b'&', b'%', 0xFF] {
                let mut bytes = text.as_bytes().to_vec();
                bytes[at] = byte;
                let _ = decode_with(&bytes, &mut NoPasswords);
            }
        }
    }
}

#[test]
fn elements_without_content_say_what_they_are() {
    let xml = "<WinAuth version=\"3.5\"><WinAuthAuthenticator type=\"WinAuth.GoogleAuthenticator\"><name>locked</name>\
        <authenticatordata encrypted=\"y\"/></WinAuthAuthenticator>\
        <WinAuthAuthenticator type=\"WinAuth.GoogleAuthenticator\"/></WinAuth>";
    let vault = decode_text(xml).unwrap();
    assert_eq!(codes(&vault.skipped), [Skip::LOCKED_SECRET, Skip::NO_SECRET]);
    let error = decode_text("<WinAuth version=\"3.5\"><data encrypted=\"y\"/></WinAuth>").unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported);
}

#[test]
fn deep_xml_and_very_many_lines_are_refused() {
    let xml = format!("<WinAuth>{}", "<a>".repeat(100_000));
    assert_eq!(decode_text(&xml).unwrap_err().kind, ErrorKind::Malformed);
    let text = "a\n".repeat(100_001);
    assert_eq!(decode_text(&text).unwrap_err().kind, ErrorKind::Limit);
}
