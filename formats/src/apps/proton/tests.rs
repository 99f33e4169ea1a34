//! Expected values are written down here or come from the sources that are named.

use super::*;
use crate::ctx::{NoPasswords, Passwords};
use crate::error::{ErrorKind, Place};
use crate::model::{Credential, Draft, Secret, SecretText};
use crate::testing;

const ENTRY: &str = r#"{"id":"3ae6f1ad-2e65-4ed2-a953-1ec0dff2386d","content":{"uri":"otpauth://totp/alice?secret=JBSWY3DPEHPK3PXP&issuer=Example&algorithm=SHA1&digits=6&period=30","entry_type":"Totp","name":"alice"},"note":null}"#;

fn file(entries: &str) -> String {
    format!(r#"{{"version":1,"entries":[{entries}]}}"#)
}

fn entry(uri: &str, kind: &str, name: &str) -> String {
    file(&format!(
        r#"{{"id":"x","content":{{"uri":"{uri}","entry_type":"{kind}","name":{name}}},"note":null}}"#
    ))
}

fn decode_with(bytes: &[u8], passwords: &mut dyn Passwords) -> Result<Vault, Error> {
    testing::with_ctx(passwords, |ctx| Proton.decode(&Input::new(bytes), ctx))
}

fn decode(text: &str) -> Result<Vault, Error> {
    decode_with(text.as_bytes(), &mut NoPasswords)
}

fn encode(vault: &Vault) -> String {
    let parts = testing::with_ctx(&mut NoPasswords, |ctx| testing::form(&Proton).encode(vault, ctx)).unwrap();
    String::from_utf8(parts[0].0.to_vec()).unwrap()
}

fn account(kind: Kind, issuer: &str, name: &str) -> Account {
    let secret = Secret::new(b"Hello!\xDE\xAD\xBE\xEF".to_vec()).unwrap();
    Account::new(Credential::Otp(Draft::new(kind, secret).build().unwrap()), issuer, name)
}

fn vault_of(accounts: Vec<Account>) -> Vault {
    Vault { accounts, ..Vault::default() }
}

fn names(text: &str) -> (String, String) {
    let mut vault = decode(text).unwrap();
    let account = vault.accounts.remove(0);
    (account.issuer, account.name)
}

#[test]
fn a_file_is_written_as_the_app_writes_it() {
    let vault = decode(&file(ENTRY)).unwrap();
    assert_eq!(encode(&vault), file(ENTRY));
    let written =
        encode(&vault_of(vec![account(Kind::Totp, "C++ & Co", "a/b: c"), account(Kind::Steam, "Steam", "")]));
    for part in [
        "otpauth://totp/a%2Fb%3A%20c?secret=JBSWY3DPEHPK3PXP&issuer=C%2B%2B%20%26%20Co&algorithm=SHA1&digits=6&period=30",
        r#""name":"a/b: c"},"note":null"#,
        r#"{"uri":"steam://JBSWY3DPEHPK3PXP","entry_type":"Steam","name":"Steam"}"#,
    ] {
        assert!(written.contains(part), "{part}");
    }
}

#[test]
fn names_come_from_the_right_place() {
    let uri = |rest: &str| format!("otpauth://totp/{rest}secret=JBSWY3DPEHPK3PXP");
    for (label, name, issuer, account) in [
        ("Acme:bob?", "null", "Acme", "bob"),
        ("Acme:bob?", "\"eve\"", "Acme", "eve"),
        ("bob?issuer=A+B&", "\"\"", "A B", "bob"),
        ("%3Abob?issuer=&", "\":bob\"", "", "bob"),
        ("a%3Ab?issuer=&", "\"a:b\"", "", "a:b"),
        ("bob?", "\"bob\"", "", "bob"),
        // Five digits do not make Steam codes of an entry that says otherwise.
        ("bob?issuer=Steam&digits=5&", "\"bob\"", "Steam", "bob"),
    ] {
        let text = entry(&uri(label), "Totp", name);
        assert_eq!(names(&text), (issuer.to_owned(), account.to_owned()), "{label} {name}");
        assert_eq!(decode(&text).unwrap().accounts[0].kind(), Kind::Totp);
    }
    let steam = |name: &str| names(&entry("steam://jbswy3dpehpk3pxp", "Steam", name));
    assert_eq!(steam("\"Steam\""), ("Steam".to_owned(), String::new()));
    assert_eq!(steam("\"bob\""), ("Steam".to_owned(), "bob".to_owned()));
    assert_eq!(steam("null"), ("Steam".to_owned(), String::new()));
}

#[test]
fn changes_of_names_are_announced() {
    let fields = |kind, issuer, name| {
        let changes = fit(&account(kind, issuer, name)).changes;
        changes.into_iter().map(|change| change.field).collect::<Vec<_>>()
    };
    assert_eq!(fields(Kind::Totp, "Steam", "Steam"), []);
    assert_eq!(fields(Kind::Totp, "", "::x"), [Field::Account]);
    assert_eq!(fields(Kind::Steam, "Steam", "x"), []);
    assert_eq!(fields(Kind::Steam, "", "Steam"), [Field::Issuer, Field::Account]);
    assert!(fit(&account(Kind::Hotp, "a", "b")).refused.is_some());
}

#[test]
fn versions_and_shapes_are_checked() {
    for (text, kind, place) in [
        (r#"{"version":2,"entries":[]}"#, ErrorKind::NewerVersion, Some("/version")),
        (r#"{"version":0,"entries":[]}"#, ErrorKind::Malformed, Some("/version")),
        (r#"{"entries":[]}"#, ErrorKind::Malformed, Some("/version")),
        (r#"{"version":1}"#, ErrorKind::Malformed, Some("")),
        (r#"{"version":1,"entries":[],"salt":"","content":""}"#, ErrorKind::Malformed, Some("")),
        (r#"{"version":1,"entries":7}"#, ErrorKind::Malformed, Some("/entries")),
        (r#"{"version":1,"salt":"AAAA","content":"AAAA"}"#, ErrorKind::Malformed, Some("/content")),
        (r#"{"version":1,"salt":7,"content":"AAAA"}"#, ErrorKind::Malformed, None),
    ] {
        let error = decode(text).unwrap_err();
        assert_eq!((error.kind, error.format), (kind, Some("proton")), "{text}");
        if let Some(place) = place {
            assert_eq!(error.at, Some(Place::Json(place.to_owned())), "{text}");
        }
    }
}

#[test]
fn an_encrypted_file_comes_back_and_shows_nothing() {
    let vault = vault_of(vec![account(Kind::Totp, "Example", "alice")]);
    let password = SecretText::new("canary-Pässwörd-ключ-🔑-4");
    let parts = testing::with_new_password(&mut NoPasswords, &password, |ctx| {
        testing::form(&Proton).encode(&vault, ctx)
    });
    let bytes = parts.unwrap()[0].0.to_vec();
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(text.starts_with(r#"{"version":1,"salt":""#) && !text.contains("alice"));
    assert_eq!(Proton.detect(&Probe::new(&bytes, None)), Confidence::Sure);
    let read = decode_with(&bytes, &mut std::slice::from_ref(&password)).unwrap();
    assert!(read.encrypted);
    assert_eq!(read.accounts[0].otp(), vault.accounts[0].otp());
    assert_eq!(decode(&text).unwrap_err().kind, ErrorKind::PasswordNeeded);
    let wrong = [SecretText::new("x")];
    assert_eq!(decode_with(&bytes, &mut wrong.as_slice()).unwrap_err().kind, ErrorKind::WrongPassword);
}

#[test]
fn what_only_the_app_knows_survives_without_secrets() {
    let text = file(
        r#"{"id":"3ae6f1ad-2e65-4ed2-a953-1ec0dff2386d","later":[1],"copy":"jbswy3dpehpk3pxp","content":
        {"uri":"steam://JBSWY3DPEHPK3PXP","entry_type":"Steam","name":"Steam","more":true},"note":"n"}"#,
    );
    let written = encode(&decode(&text).unwrap());
    for part in [r#""later":[1]"#, r#""more":true"#, r#""note":"n""#, "3ae6f1ad-2e65-4ed2-a953-1ec0dff2386d"]
    {
        assert!(written.contains(part), "{part}");
    }
    assert!(!written.contains("copy"));
}

/// Any damage is an answer, never a panic.
#[test]
fn mutations_do_not_panic() {
    let bytes = file(ENTRY).into_bytes();
    for at in 0..bytes.len() {
        for byte in [0, b'"', b'{', b'9', 0xff] {
            let mut damaged = bytes.clone();
            damaged[at] = byte;
            let _ = Proton.detect(&Probe::new(&damaged, None));
            let _ = decode_with(&damaged, &mut NoPasswords);
        }
        let _ = decode_with(&bytes[..at], &mut NoPasswords);
    }
}
