//! Expected values are written down here or come from the sources that are named.

use super::*;
use crate::ctx::{NoPasswords, Passwords};
use crate::error::ErrorKind;
use crate::model::{Account, Credential, Digits, Otp, Period, Secret, SecretText};
use crate::report::{Item, Skip};
use crate::testing;

const ENTRY: &str = r#"{"issuer":"Acme","account":"alice","secret":"JBSWY3DPEHPK3PXP","algorithm":"SHA1","digits":"6","kind":"TOTP","timer":"30","counter":"0","pinned":"true","iconType":"raivo_repository","iconValue":"a/acme.png"}"#;

fn decode(text: &str) -> Result<Vault, Error> {
    decode_with(text.as_bytes(), &mut NoPasswords)
}

fn decode_with(bytes: &[u8], passwords: &mut dyn Passwords) -> Result<Vault, Error> {
    testing::with_ctx(passwords, |ctx| Raivo.decode(&Input::new(bytes), ctx))
}

fn encode(vault: &Vault) -> String {
    let parts = testing::with_ctx(&mut NoPasswords, |ctx| testing::form(&Raivo).encode(vault, ctx)).unwrap();
    String::from_utf8(parts[0].0.to_vec()).unwrap()
}

fn codes(items: &[Item]) -> Vec<&str> {
    items.iter().map(|item| item.code.as_str()).collect()
}

#[test]
fn marks_in_any_order_and_in_broken_texts() {
    let confidence = |text: &str| Raivo.detect(&Probe::new(text.as_bytes(), None));
    let list = format!("[{ENTRY}]");
    assert_eq!(confidence(&list), Confidence::Sure);
    assert_eq!(confidence(&format!("\u{feff}\r\n[ {ENTRY} ]")), Confidence::Sure);
    let reversed = r#"[{"iconValue":"","iconType":"","pinned":"false","counter":"0","timer":"30","kind":"HOTP","digits":"6","algorithm":"SHA1","secret":"AA","account":"","issuer":""}]"#;
    assert_eq!(confidence(reversed), Confidence::Sure);
    assert_eq!(confidence(&list[..190]), Confidence::Likely);
    assert_eq!(confidence(r#"[{"secret":"AA","timer":30}]"#), Confidence::No);
    assert_eq!(confidence("[]"), Confidence::No);
    assert_eq!(confidence("<html><head><title>Raivo OTP</title>"), Confidence::Sure);
    assert_eq!(confidence(r#"<html><h1 class="a">Raivo OTP data export</h1>"#), Confidence::Sure);
    assert_eq!(confidence("<html><h1>Other</h1>"), Confidence::No);
}

#[test]
fn what_is_read_is_written_again() {
    let text = format!("[{}]", ENTRY.replace("}", r#","later":"x"}"#));
    let vault = decode(&text).unwrap();
    let [account] = vault.accounts.as_slice() else { panic!("one account") };
    assert!(account.favorite);
    assert_eq!(encode(&vault), text);
}

#[test]
fn every_value_is_a_text_and_every_field_is_there() {
    let hotp = Otp::Hotp {
        secret: Secret::new(b"Hello!\xDE\xAD\xBE\xEF".to_vec()).unwrap(),
        algorithm: Algorithm::Sha512,
        digits: Digits::EIGHT,
        counter: 7,
    };
    let account = Account::new(Credential::Otp(hotp), "Acme", "");
    let written = encode(&Vault { accounts: vec![account], ..Vault::default() });
    assert_eq!(
        written,
        r#"[{"issuer":"Acme","account":"","secret":"JBSWY3DPEHPK3PXP","algorithm":"SHA512","digits":"8","kind":"HOTP","timer":"30","counter":"7","pinned":"false","iconType":"","iconValue":""}]"#
    );
}

#[test]
fn one_bad_entry_sinks_nothing() {
    let change = |from: &str, to: &str| ENTRY.replace(from, to);
    let entries = [
        change("TOTP", "STEAM"),
        change("SHA1", "SHA3"),
        change("SHA1", ""),
        change(r#""digits":"6""#, r#""digits":"six""#),
        change(r#""digits":"6","#, ""),
        change(r#""timer":"30""#, r#""timer":"-30""#),
        change("TOTP", "HOTP").replace(r#""counter":"0""#, r#""counter":"-1""#),
        change("JBSWY3DPEHPK3PXP", ""),
        change("JBSWY3DPEHPK3PXP", "JBSWY3DP1"),
        change(r#""issuer":"Acme""#, r#""issuer":7"#),
        "7".to_owned(),
        ENTRY.replace("TOTP", "totp"),
    ];
    let vault = decode(&format!("[{}]", entries.join(","))).unwrap();
    assert_eq!(
        codes(&vault.skipped),
        [
            Skip::UNKNOWN_KIND,
            Skip::UNKNOWN_ALGORITHM,
            Skip::MISSING_FIELD,
            Skip::BAD_DIGITS,
            Skip::MISSING_FIELD,
            Skip::BAD_PERIOD,
            Skip::BAD_COUNTER,
            Skip::NO_SECRET,
            Skip::BAD_SECRET,
            Skip::MISSING_FIELD,
            Skip::MISSING_FIELD
        ]
    );
    assert_eq!(vault.accounts.len(), 1);
}

/// Exports of old versions do not say what is pinned.
#[test]
fn pinned_may_be_absent() {
    let vault = decode(&format!("[{}]", ENTRY.replace(r#""pinned":"true","#, ""))).unwrap();
    assert!(!vault.accounts[0].favorite);
}

#[test]
fn a_noted_failure_is_an_error() {
    let error = decode(r#"{"message": "Could not retrieve OTPs from Realm"}"#).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Malformed);
    assert!(error.message.contains("the app has noted an error"));
}

/// The layout is that of the app's `single-password.html`.
#[test]
fn the_page_is_read() {
    let page = "<!DOCTYPE html><html><head><title>Raivo OTP</title></head><body><h1>Raivo OTP data export</h1>\
        <h3>A &amp; B</h3><h4 class=\"subtitle\">b&#111;b</h4><span>Seed: <code>JBSWY3DPEHPK3PXP</code></span><br>\
        <span>Algorithm: <code>SHA256</code></span><br><span>Length: <code>8 digits</code></span><br>\
        <span>Type: <code>TOTP</code></span><br><span>Timer: <code>60 seconds</code></span><br>\
        <span>Counter: <code>0</code></span><br><hr><h3>C</h3><h4 class=\"subtitle\"></h4></body></html>";
    let vault = decode(page).unwrap();
    let [account] = vault.accounts.as_slice() else { panic!("one account") };
    assert_eq!((account.issuer.as_str(), account.name.as_str()), ("A & B", "bob"));
    let otp = account.otp().unwrap();
    assert_eq!((otp.algorithm(), otp.digits(), otp.period()), (Algorithm::Sha256, 8, Some(60)));
    assert_eq!(codes(&vault.skipped), [Skip::UNKNOWN_KIND]);
    assert_eq!(decode(&page[..page.len() - 7]).unwrap_err().kind, ErrorKind::Malformed);
}

#[test]
fn the_zip_needs_the_password() {
    let (algorithm, digits, period) = (Algorithm::Sha1, Digits::SIX, Period::THIRTY);
    let secret = Secret::new(vec![7; 20]).unwrap();
    let account = Account::new(Credential::Otp(Otp::Totp { secret, algorithm, digits, period }), "A", "b");
    let vault = Vault { accounts: vec![account], ..Vault::default() };
    let password = SecretText::new("master");
    let parts = testing::with_new_password(&mut NoPasswords, &password, |ctx| {
        testing::form(&Raivo).encode(&vault, ctx)
    })
    .unwrap();
    let bytes = parts[0].0.as_slice();
    assert_eq!(Raivo.detect(&Probe::new(bytes, None)), Confidence::Sure);
    let read = decode_with(bytes, &mut [password].as_slice()).unwrap();
    assert!(read.encrypted);
    assert_eq!(read.accounts[0].credential, vault.accounts[0].credential);
    let wrong = [SecretText::new("1234")];
    assert_eq!(decode_with(bytes, &mut wrong.as_slice()).unwrap_err().kind, ErrorKind::WrongPassword);
    assert_eq!(decode_with(bytes, &mut NoPasswords).unwrap_err().kind, ErrorKind::PasswordNeeded);
    let cut = &bytes[..bytes.len() - 30];
    assert_eq!(Raivo.detect(&Probe::new(cut, None)), Confidence::Sure);
    assert_eq!(decode_with(cut, &mut NoPasswords).unwrap_err().kind, ErrorKind::Malformed);
}

#[test]
fn any_change_of_a_byte_is_survived() {
    let text = format!("[{ENTRY}]");
    for at in 0..text.len() {
        for byte in [b'"', b'0', b'{', b'-', 0xFF] {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = byte;
            let _ = decode_with(&bytes, &mut NoPasswords);
        }
    }
}
