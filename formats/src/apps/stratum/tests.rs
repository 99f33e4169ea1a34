//! Expected values are written down here or come from the sources that are named.

use super::*;
use crate::ctx::{NoPasswords, Passwords};
use crate::error::ErrorKind;
use crate::model::{Credential, Digits, Period, Secret, SecretText};
use crate::report::{Item, Skip};
use crate::testing;

fn file(entries: &str, rest: &str) -> String {
    format!(r#"{{"Authenticators":[{entries}]{rest}}}"#)
}

fn entry(kind: u8, fields: &str) -> String {
    format!(
        r#"{{"Type":{kind},"Icon":null,"Issuer":"Example","Username":"alice","Secret":"JBSWY3DPEHPK3PXP"{fields}}}"#
    )
}

fn decode(text: &str) -> Result<Vault, Error> {
    decode_with(text.as_bytes(), &mut NoPasswords)
}

fn decode_with(bytes: &[u8], passwords: &mut dyn Passwords) -> Result<Vault, Error> {
    testing::with_ctx(passwords, |ctx| Stratum.decode(&Input::new(bytes), ctx))
}

fn encode(vault: &Vault) -> String {
    let parts =
        testing::with_ctx(&mut NoPasswords, |ctx| testing::form(&Stratum).encode(vault, ctx)).unwrap();
    String::from_utf8(parts[0].0.to_vec()).unwrap()
}

fn codes(items: &[Item]) -> Vec<&str> {
    items.iter().map(|item| item.code.as_str()).collect()
}

fn secret(length: usize) -> Secret {
    Secret::new(vec![0xAB; length]).unwrap()
}

fn account(otp: Otp) -> Account {
    Account::new(Credential::Otp(otp), "Example", "alice")
}

fn totp() -> Account {
    let (algorithm, digits, period) = (Algorithm::Sha1, Digits::SIX, Period::THIRTY);
    account(Otp::Totp { secret: secret(20), algorithm, digits, period })
}

#[test]
fn marks_are_case_sensitive() {
    let confidence = |bytes: &[u8]| Stratum.detect(&Probe::new(bytes, None));
    assert_eq!(confidence(b"AUTHENTICATORPRO\0\0"), Confidence::Sure);
    assert_eq!(confidence(b"AuthenticatorPro\0\0"), Confidence::Sure);
    assert_eq!(confidence(b"authenticatorpro\0\0"), Confidence::No);
    assert_eq!(confidence(br#"{"Authenticators":[{"Type""#), Confidence::Sure);
    assert_eq!(confidence(br#"{"authenticators":[]}"#), Confidence::No);
    assert_eq!(confidence(br#"{"Categories":null,"CustomIcons":[]}"#), Confidence::Likely);
    assert_eq!(confidence(b"<html><head><title>Stratum Backup</title>"), Confidence::Sure);
    assert_eq!(confidence(b"<html><head><title>Other</title>"), Confidence::No);
}

#[test]
fn absent_keys_have_the_defaults_of_the_app() {
    let vault = decode(r#"{"Authenticators":[{"Issuer":"A","Secret":"JBSWY3DPEHPK3PXP"}]}"#).unwrap();
    let [account] = vault.accounts.as_slice() else { panic!("one account") };
    assert_eq!((account.issuer.as_str(), account.name.as_str(), account.uses), ("A", "", None));
    assert_eq!(account.kind(), Kind::Totp);
    assert_eq!(account.otp().unwrap().period(), Some(30));
}

#[test]
fn constants_of_a_kind_are_not_taken_from_the_file() {
    let pin = r#","Algorithm":2,"Digits":9,"Period":30,"Pin":"1234""#;
    let motp = r#"{"Type":3,"Issuer":"M","Secret":"1122334455667788","Period":30,"Pin":"1234"}"#;
    let vault = decode(&file(&[&entry(4, pin), motp].map(str::to_owned).join(","), "")).unwrap();
    let otps: Vec<_> = vault.accounts.iter().map(|account| account.otp().unwrap()).collect();
    assert_eq!(otps.iter().map(|otp| otp.kind()).collect::<Vec<_>>(), [Kind::Steam, Kind::Motp]);
    assert_eq!(otps[1].secret().expose(), [0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88]);
    assert_eq!(otps[1].pin().unwrap().expose(), "1234");
}

#[test]
fn capital_letters_of_an_motp_secret_are_pointed_out() {
    let motp = |secret| file(&format!(r#"{{"Type":3,"Issuer":"M","Secret":"{secret}"}}"#), "");
    assert_eq!(codes(&decode(&motp("1122334455667788")).unwrap().warnings), [""; 0]);
    assert_eq!(codes(&decode(&motp("AA22334455667788")).unwrap().warnings), ["motp-capitals"]);
    for bad in ["not hex at all 1", "1122334455667788a"] {
        assert_eq!(codes(&decode(&motp(bad)).unwrap().skipped), [Skip::BAD_SECRET]);
    }
}

#[test]
fn one_bad_entry_sinks_nothing() {
    let bad = [
        entry(9, ""),
        entry(2, r#","Algorithm":3"#),
        entry(2, r#","Digits":4294967302"#),
        entry(2, r#","Period":0"#),
        entry(1, r#","Counter":-1"#),
        r#"{"Issuer":7,"Secret":"AAAA"}"#.to_owned(),
        r#"{"Issuer":"no secret"}"#.to_owned(),
        "null".to_owned(),
        entry(2, ""),
    ];
    let vault = decode(&file(&bad.join(","), "")).unwrap();
    assert_eq!(
        codes(&vault.skipped),
        [
            "unknown-kind",
            "unknown-algorithm",
            "bad-digits",
            "bad-period",
            "bad-counter",
            "missing-field",
            "no-secret",
            "missing-field"
        ]
    );
    assert_eq!(vault.accounts.len(), 1);
    assert_eq!(vault.accounts[0].origin.index, 8);
}

#[test]
fn what_only_the_app_knows_survives() {
    let text = file(
        &entry(2, r#","CopyCount":3,"Ranking":7,"Later":[1]"#)
            .replace(r#""Icon":null"#, r#""Icon":"amazon""#),
        r#","Categories":[{"Id":"0a1b2c3d","Name":"Work","Ranking":4,"Color":1},{"Id":"x","Name":"Unused","Ranking":5}],
            "AuthenticatorCategories":[{"CategoryId":"0a1b2c3d","AuthenticatorSecret":"JBSWY3DPEHPK3PXP","Ranking":9}],
            "CustomIcons":null,"Version":1"#,
    );
    let vault = decode(&text).unwrap();
    assert_eq!(vault.accounts[0].groups, ["Work"]);
    assert_eq!(vault.accounts[0].uses, Some(3));
    let written = encode(&vault);
    assert_eq!(
        written,
        concat!(
            r#"{"Authenticators":[{"Type":2,"Icon":"amazon","Issuer":"Example","Username":"alice","#,
            r#""Secret":"JBSWY3DPEHPK3PXP","Pin":null,"Algorithm":0,"Digits":6,"Period":30,"Counter":0,"#,
            r#""CopyCount":3,"Ranking":7,"Later":[1]}],"#,
            r#""Categories":[{"Id":"0a1b2c3d","Name":"Work","Ranking":4,"Color":1},"#,
            r#"{"Id":"x","Name":"Unused","Ranking":5}],"#,
            r#""AuthenticatorCategories":[{"CategoryId":"0a1b2c3d","AuthenticatorSecret":"JBSWY3DPEHPK3PXP","Ranking":0}],"#,
            r#""CustomIcons":[],"Version":1}"#
        )
    );
    assert_eq!(decode(&written).unwrap(), vault);
}

/// The id of a category is the beginning of the SHA-1 of its name; that of `abc` is in FIPS 180.
#[test]
fn ids_are_made_as_the_app_makes_them() {
    let mut account = totp();
    account.groups = vec!["abc".to_owned()];
    let written = encode(&Vault { accounts: vec![account], ..Vault::default() });
    assert!(written.contains(r#""Categories":[{"Id":"a9993e36","Name":"abc","Ranking":0}]"#), "{written}");
}

/// A restore stops half way at an entry that the app does not take.
#[test]
fn entries_that_would_stop_a_restore_are_refused() {
    let code = |accounts: &[Account]| {
        let fits = testing::form(&Stratum).fit(accounts);
        fits.into_iter().map(|fit| fit.refused.map_or("", |refusal| refusal.code)).collect::<Vec<_>>()
    };
    let hotp = |digits| {
        let digits = Digits::new(digits).unwrap();
        account(Otp::Hotp { secret: secret(20), algorithm: Algorithm::Sha1, digits, counter: 0 })
    };
    let motp = |length, pin: Option<&str>| {
        account(Otp::Motp { secret: secret(length), pin: pin.map(SecretText::new) })
    };
    assert_eq!(code(&[hotp(8)]), [""]);
    assert_eq!(code(&[hotp(9)]), ["unsupported-digits"]);
    assert_eq!(code(&[motp(8, Some("1234"))]), [""]);
    assert_eq!(code(&[motp(7, Some("1234"))]), ["unsupported-secret"]);
    assert_eq!(code(&[motp(8, None)]), ["missing-pin"]);
    assert_eq!(code(&[totp(), hotp(6), totp()]), ["", "same-secret", "same-secret"]);
}

#[test]
fn names_and_pictures_that_do_not_fit_are_announced() {
    let mut account = totp();
    account.issuer.clear();
    account.groups = [" Work ", "Work", "", &"x".repeat(40)].map(str::to_owned).to_vec();
    account.icon = Some(Icon { mime: "image/png".to_owned(), data: b"no picture".to_vec() });
    account.uses = Some(1 << 40);
    let fit = testing::form(&Stratum).fit(std::slice::from_ref(&account)).remove(0);
    let fields: Vec<Field> = fit.changes.iter().map(|change| change.field).collect();
    assert_eq!(fields, [Field::Issuer, Field::Account, Field::Groups, Field::Icon, Field::Uses]);
    let read = decode(&encode(&Vault { accounts: vec![account], ..Vault::default() })).unwrap();
    assert_eq!((read.accounts[0].issuer.as_str(), read.accounts[0].name.as_str()), ("alice", ""));
    assert_eq!(read.accounts[0].groups, ["Work".to_owned(), "x".repeat(32)]);
}

#[test]
fn pictures_of_the_file_are_found() {
    let at = |icon: &str, icons: &str| {
        let entry = entry(2, "").replace(r#""Icon":null"#, &format!(r#""Icon":"{icon}""#));
        decode(&file(&entry, &format!(r#","CustomIcons":[{icons}]"#))).unwrap()
    };
    let jpeg = r#"{"Id":"00112233","Data":"/9j/4AAQSkY="}"#;
    let vault = at("@00112233", jpeg);
    assert_eq!(vault.accounts[0].icon.as_ref().unwrap().mime, "image/jpeg");
    assert_eq!(codes(&at("@other", jpeg).warnings), ["icon-dropped"]);
    assert_eq!(codes(&at("@00112233", r#"{"Id":"00112233","Data":"*"}"#).warnings), ["icon-dropped"]);
}

/// mOTP, an unescaped `&`, and what follows the last row.
#[test]
fn rows_of_the_html_export() {
    let page = |end: &str| {
        format!(
            "<!doctype html><html><head><title>Stratum Backup</title></head><body><table><tr><td>A</td>\
            <td><code>otpauth://totp/A%3Ab?secret=JBSWY3DPEHPK3PXP&issuer=A&digits=8</code></td></tr>\
            <tr><td><code>motp://M:u?secret=1122334455667788</code></td></tr>\
            <tr><td><code>otpauth://totp/Steam%3Ag?secret=JBSWY3DPEHPK3PXP&issuer=Steam</code></td></tr>\
            <tr><td><code>nothing</code></td></tr></table></body>{end}"
        )
    };
    let vault = decode(&page("</html>\n")).unwrap();
    let kinds: Vec<Kind> = vault.accounts.iter().map(Account::kind).collect();
    assert_eq!(kinds, [Kind::Totp, Kind::Motp, Kind::Steam]);
    assert_eq!(codes(&vault.skipped), ["unknown-kind"]);
    assert_eq!(decode(&page("")).unwrap_err().kind, ErrorKind::Malformed);
}

#[test]
fn an_motp_secret_of_the_html_export_is_lower_case_hexadecimal() {
    let page = "<html><head><title>Stratum Backup</title></head><body>\
        <code>motp://M:u?secret=11223344AABBCCDD</code><code>motp://M:u?secret=1122-3344</code></body></html>";
    let vault = decode(page).unwrap();
    assert_eq!(vault.accounts, []);
    assert_eq!(codes(&vault.skipped), ["bad-secret", "bad-secret"]);
}

#[test]
fn encrypted_files_need_the_password() {
    let vault = Vault { accounts: vec![totp()], ..Vault::default() };
    let password = SecretText::new("pässword");
    let parts = testing::with_new_password(&mut NoPasswords, &password, |ctx| {
        testing::form(&Stratum).encode(&vault, ctx)
    })
    .unwrap();
    let bytes = parts[0].0.as_slice();
    assert!(bytes.starts_with(b"AUTHENTICATORPRO"));
    let read = decode_with(bytes, &mut [password.clone()].as_slice()).unwrap();
    assert!(read.encrypted);
    assert_eq!(read.accounts[0].credential, vault.accounts[0].credential);
    let wrong = [SecretText::new("password")];
    assert_eq!(decode_with(bytes, &mut wrong.as_slice()).unwrap_err().kind, ErrorKind::WrongPassword);
    assert_eq!(decode_with(bytes, &mut NoPasswords).unwrap_err().kind, ErrorKind::PasswordNeeded);
    let short = decode_with(&bytes[..50], &mut [password].as_slice()).unwrap_err();
    assert_eq!(short.kind, ErrorKind::Malformed);
}

/// Bytes changed at every place: an answer, never a panic.
#[test]
fn any_change_of_a_byte_is_survived() {
    let text = file(
        &[entry(2, r#","Icon":"@1""#), entry(1, r#","Counter":3"#)].join(","),
        r#","Categories":[{"Id":"1","Name":"W"}],"AuthenticatorCategories":[{"CategoryId":"1","AuthenticatorSecret":"JBSWY3DPEHPK3PXP"}]"#,
    );
    for at in 0..text.len() {
        for byte in [b'"', b'0', b'{', b'-', 0xFF] {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = byte;
            let _ = decode_with(&bytes, &mut NoPasswords);
        }
    }
    for bytes in [&b"AUTHENTICATORPRO"[..], b"AuthenticatorPro", b"AuthenticatorPro0123456789"] {
        assert_eq!(decode_with(bytes, &mut NoPasswords).unwrap_err().kind, ErrorKind::Malformed);
    }
}
