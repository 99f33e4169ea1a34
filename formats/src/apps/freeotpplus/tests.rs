//! Expected values are written down here. Whole files are read in `tests/goldens.rs`.

use serde_json::json;

use super::*;
use crate::ctx::NoPasswords;
use crate::model::{Credential, Digits, Otp, Period, Secret};
use crate::testing;

const TOKEN: &str = r#"{"algo":"SHA1","counter":0,"digits":6,"issuerExt":"Acme","label":"alice","period":30,
    "secret":[72,101,108,108,111,33,-34,-83,-66,-17],"type":"TOTP","later":[1]}"#;

fn decode(text: &str) -> Result<Vault, Error> {
    testing::with_ctx(&mut NoPasswords, |ctx| FreeOtpPlus.decode(&Input::new(text.as_bytes()), ctx))
}

fn encode(vault: &Vault) -> String {
    let parts =
        testing::with_ctx(&mut NoPasswords, |ctx| testing::form(&FreeOtpPlus).encode(vault, ctx)).unwrap();
    String::from_utf8(parts[0].0.to_vec()).unwrap()
}

fn backup(order: &str, tokens: &str) -> String {
    format!(r#"{{"tokenOrder":[{order}],"tokens":[{tokens}]}}"#)
}

fn secret() -> Secret {
    Secret::new(b"Hello!\xDE\xAD\xBE\xEF".to_vec()).unwrap()
}

fn totp(issuer: &str, name: &str) -> Account {
    let otp = Otp::Totp {
        secret: secret(),
        algorithm: Algorithm::Sha1,
        digits: Digits::SIX,
        period: Period::THIRTY,
    };
    Account::new(Credential::Otp(otp), issuer, name)
}

#[test]
fn both_lists_are_the_mark() {
    let confidence = |text: &str| FreeOtpPlus.detect(&Probe::new(text.as_bytes(), None));
    assert_eq!(confidence(r#"{"tokens":[],"tokenOrder":[]}"#), Confidence::Sure);
    assert_eq!(confidence(r#"{"tokenOrder":["a:b"],"tok"#), Confidence::Likely);
    assert_eq!(confidence(r#"{"tokens":[{"algo":"SHA1","secret":[1,"#), Confidence::Likely);
    for other in ["[]", "{}", r#"{"tokens":[]}"#, r#"{"tokens":[{"secret":"AAAA"}]}"#, "otpauth://totp/a"] {
        assert_eq!(confidence(other), Confidence::No, "{other}");
    }
}

#[test]
fn a_file_is_written_as_the_app_writes_it() {
    let mut account = totp("Acme", "alice");
    account
        .extra
        .insert(ID.to_owned(), json!({"later": [1], "secret": [1], "issuerInt": "x", "issuerAlt": "y"}));
    let hotp =
        Otp::Hotp { secret: secret(), algorithm: Algorithm::Sha256, digits: Digits::EIGHT, counter: 7 };
    let steam = Account::new(Credential::Otp(Otp::Steam { secret: secret() }), "Arcade", "gamer");
    let accounts = vec![account, Account::new(Credential::Otp(hotp), "", "bob"), steam];
    let fits = testing::form(&FreeOtpPlus).fit(&accounts);
    let changed: Vec<usize> = fits.iter().map(|fit| fit.changes.len()).collect();
    assert_eq!(changed, [0, 0, 1]);
    let written = encode(&Vault { accounts, ..Vault::default() });
    let bytes = "[72,101,108,108,111,33,-34,-83,-66,-17]";
    assert_eq!(
        written,
        format!(
            "{{\"tokenOrder\":[\"Acme:alice\",\"bob\",\"Steam:gamer\"],\"tokens\":[\
             {{\"algo\":\"SHA1\",\"counter\":0,\"digits\":6,\"issuerExt\":\"Acme\",\"label\":\"alice\",\
             \"period\":30,\"secret\":{bytes},\"type\":\"TOTP\",\"later\":[1]}},\
             {{\"algo\":\"SHA256\",\"counter\":7,\"digits\":8,\"issuerExt\":\"\",\"label\":\"bob\",\
             \"period\":30,\"secret\":{bytes},\"type\":\"HOTP\"}},\
             {{\"algo\":\"SHA1\",\"counter\":0,\"digits\":5,\"issuerExt\":\"Steam\",\"label\":\"gamer\",\
             \"period\":30,\"secret\":{bytes},\"type\":\"TOTP\"}}]}}"
        )
    );
}

#[test]
fn accounts_that_the_app_would_mix_up_are_refused() {
    let fits = testing::form(&FreeOtpPlus).fit(&[
        totp("Acme", "alice"),
        totp("Acme", "alice"),
        totp("", "Acme:alice"),
        totp("Steam", "x"),
        totp("steam", "x"),
    ]);
    let refused: Vec<_> = fits.iter().map(|fit| fit.refused.as_ref().map(|refusal| refusal.code)).collect();
    assert_eq!(refused, [None, Some("same-name"), Some("same-name"), Some("not-expressible"), None]);
}

#[test]
fn labels_that_were_lost_come_from_the_order() {
    let lost = |issuer: &str| TOKEN.replace("Acme", issuer).replace("alice", LOST_LABEL);
    let tokens = [lost("A"), lost("B"), lost("")].join(",");
    let vault = decode(&backup(r#""A:x","B:y:z","w""#, &tokens)).unwrap();
    let names: Vec<_> = vault.accounts.iter().map(|a| (a.issuer.as_str(), a.name.as_str())).collect();
    assert_eq!(names, [("A", "x"), ("B", "y:z"), ("", "w")]);
    // Not when the order cannot say which is which, nor when it has lost them too.
    for order in [r#""A:x""#, r#""A:{token.label}","B:{token.label}","{token.label}""#] {
        let vault = decode(&backup(order, &tokens)).unwrap();
        assert!(vault.accounts.iter().all(|account| account.name == LOST_LABEL), "{order}");
    }
}

#[test]
fn files_that_are_no_backup_name_the_place() {
    for text in ["{}", r#"{"tokens":7}"#, r#"{"tokens":{},"tokenOrder":[]}"#] {
        let error = decode(text).unwrap_err();
        assert_eq!((error.kind, error.format), (ErrorKind::Malformed, Some(ID)), "{text}");
        assert!(error.at.is_some() && error.next_step.is_some());
    }
}

#[test]
fn no_mutation_of_a_file_panics() {
    let text = backup(r#""Acme:alice""#, TOKEN);
    for at in 0..text.len() {
        for byte in [0, b'"', b'[', b'{', b'9', b'-', b',', 0xff] {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = byte;
            let _ = FreeOtpPlus.detect(&Probe::new(&bytes, None));
            let _ = testing::with_ctx(&mut NoPasswords, |ctx| FreeOtpPlus.decode(&Input::new(&bytes), ctx));
        }
        let _ = decode(&text[..at]);
    }
}

#[test]
fn a_colon_is_remarked_and_kept() {
    for (issuer, name, remarks) in [("Acme", "a", 0), ("A: B", "c", 1), ("A", "c:d", 1)] {
        let fit = testing::form(&FreeOtpPlus).fit(&[totp(issuer, name)]).remove(0);
        assert_eq!((fit.refused, fit.changes.len(), fit.remarks.len()), (None, 0, remarks));
        let vault = Vault { accounts: vec![totp(issuer, name)], ..Vault::default() };
        let read = decode(&encode(&vault)).unwrap();
        assert_eq!((read.accounts[0].issuer.as_str(), read.accounts[0].name.as_str()), (issuer, name));
    }
}
