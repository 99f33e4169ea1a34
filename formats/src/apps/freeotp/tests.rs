//! Damage of all sorts, and what is written. Whole files are read in `tests/goldens.rs`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::container::java::StringMap;
use crate::ctx::NoPasswords;
use crate::error::ErrorKind;
use crate::model::{Credential, Digits, Otp, Period, Secret, SecretText};
use crate::testing;

const V1: &[u8] = include_bytes!("../../../../fixtures/freeotp/v1.xml");
const V2: &[u8] = include_bytes!("../../../../fixtures/freeotp/v2.xml");

fn decode(bytes: &[u8]) -> Result<Vault, Error> {
    let given = [SecretText::new("canary-password-wrong-3")];
    testing::with_ctx(&mut &given[..], |ctx| FreeOtp.decode(&Input::new(bytes), ctx))
}

#[test]
fn marks_of_both_versions() {
    let confidence = |bytes: &[u8]| FreeOtp.detect(&Probe::new(bytes, None));
    assert_eq!([confidence(V1), confidence(V2)], [Confidence::Sure; 2]);
    assert_eq!([confidence(&V1[..V1.len() - 30]), confidence(&V2[..200])], [Confidence::Likely; 2]);
    for other in
        [&b""[..], b"<map></map>", b"<map><string name=\"a\">{}</string></map>", b"\xAC\xED\x00\x05sr"]
    {
        assert_eq!(confidence(other), Confidence::No);
    }
}

#[test]
fn other_preferences_are_malformed() {
    let error = decode(b"<map><string name=\"a\">{}</string></map>").unwrap_err();
    assert_eq!((error.kind, error.format), (ErrorKind::Malformed, Some(ID)));
    assert!(error.next_step.is_some());
}

#[test]
fn no_mutation_of_a_file_panics() {
    for at in 0..V1.len() {
        for byte in [0, b'"', b'[', b'<', b'&', b'9', 0xff] {
            let mut bytes = V1.to_vec();
            bytes[at] = byte;
            let _ = FreeOtp.detect(&Probe::new(&bytes, None));
            let _ = decode(&bytes);
        }
    }
    for at in 0..V2.len() {
        let mut bytes = V2.to_vec();
        bytes[at] ^= 0xA5;
        let _ = FreeOtp.detect(&Probe::new(&bytes, None));
        // Without a password: a derivation for each of them would take hours.
        let _ = testing::with_ctx(&mut NoPasswords, |ctx| FreeOtp.decode(&Input::new(&bytes), ctx));
    }
}

// --- writing

const PASSWORD: &str = "canary-password-plain-1";

fn secret() -> Secret {
    Secret::new(b"Hello!\xDE\xAD\xBE\xEF".to_vec()).unwrap()
}

fn totp_of(digits: u64, period: u64) -> Otp {
    Otp::Totp {
        secret: secret(),
        algorithm: Algorithm::Sha1,
        digits: Digits::new(digits).unwrap(),
        period: Period::new(period).unwrap(),
    }
}

fn hotp_of(counter: u64) -> Otp {
    Otp::Hotp { secret: secret(), algorithm: Algorithm::Sha512, digits: Digits::EIGHT, counter }
}

fn account(otp: Otp, issuer: &str, name: &str) -> Account {
    Account::new(Credential::Otp(otp), issuer, name)
}

fn encode(accounts: Vec<Account>) -> Vec<u8> {
    let vault = Vault { accounts, ..Vault::default() };
    let password = SecretText::new(PASSWORD);
    let parts = testing::with_new_password(&mut NoPasswords, &password, |ctx| {
        testing::form(&FreeOtp).encode(&vault, ctx)
    })
    .unwrap();
    parts[0].0.to_vec()
}

/// The values of a written map by their keys.
fn written(accounts: Vec<Account>) -> BTreeMap<String, Value> {
    let map = StringMap::parse(&encode(accounts)).unwrap();
    map.iter().map(|(key, value)| (key.to_owned(), serde_json::from_str(value).unwrap())).collect()
}

/// The descriptions of tokens, ordered by label.
fn descriptions(accounts: Vec<Account>) -> Vec<String> {
    let values = written(accounts).into_iter().filter(|(key, _)| key.ends_with("-token"));
    let mut tokens: Vec<Value> = values.map(|(_, value)| value).collect();
    tokens.sort_by_key(|token| token["label"].as_str().unwrap().to_owned());
    tokens.iter().map(Value::to_string).collect()
}

#[test]
fn tokens_say_everything_and_hold_no_null() {
    let accounts = vec![account(totp_of(8, 60), "Acme", "a"), account(hotp_of(7), "", "b")];
    assert_eq!(
        descriptions(accounts),
        [
            r#"{"algo":"SHA1","digits":8,"issuerExt":"Acme","label":"a","period":60,"type":"TOTP"}"#,
            r#"{"algo":"SHA512","counter":7,"digits":8,"label":"b","period":30,"type":"HOTP"}"#,
        ]
    );
}

#[test]
fn what_only_the_app_knows_is_kept_where_the_app_can_read_it() {
    let with = |label: &str, extra: Value| {
        let mut account = account(totp_of(6, 30), "Acme", label);
        account.extra.insert(ID.to_owned(), extra);
        account.last_used = Some("2024-05-01T10:00:00.123Z".parse().unwrap());
        account
    };
    let kept =
        with("a", json!({"color": "00fFaa", "lock": true, "later": [1], "digits": 8, "issuerInt": "x"}));
    // One value of another type ends the app's restore of all tokens.
    let damaged = with("b", json!({"color": "red", "lock": "yes", "gone": null}));
    assert_eq!(
        descriptions(vec![kept, damaged]),
        [
            r#"{"algo":"SHA1","digits":6,"issuerExt":"Acme","label":"a","lastUsed":1714557600123,"period":30,"type":"TOTP","color":"00fFaa","lock":true,"later":[1]}"#,
            r#"{"algo":"SHA1","digits":6,"issuerExt":"Acme","label":"b","lastUsed":1714557600123,"period":30,"type":"TOTP"}"#,
        ]
    );
}

#[test]
fn the_map_holds_the_master_key_and_a_pair_for_each_token() {
    let map = written((0..20).map(|at| account(totp_of(6, 30), "Acme", &at.to_string())).collect());
    assert_eq!(map.len(), 1 + 2 * 20);
    let master = &map["masterKey"];
    assert_eq!(master["mAlgorithm"], "PBKDF2withHmacSHA512");
    assert_eq!(master["mIterations"], 100_000);
    assert_eq!(master["mSalt"].as_array().unwrap().len(), 32);
    assert_encrypted(&master["mEncryptedKey"], "AES", 32);
    for id in map.keys().filter_map(|key| key.strip_suffix("-token")) {
        // The version and the variant of a random UUID.
        assert!(crate::text::uuid::is_uuid(id) && id.as_bytes()[14] == b'4', "{id}");
        assert!(matches!(id.as_bytes()[19], b'8' | b'9' | b'a' | b'b'), "{id}");
        // An object with a text of JSON in it.
        let key: Value = serde_json::from_str(map[id]["key"].as_str().unwrap()).unwrap();
        assert_encrypted(&key, "HmacSHA1", 10);
    }
}

fn assert_encrypted(key: &Value, name: &str, length: usize) {
    assert_eq!(key["mCipher"], "AES/GCM/NoPadding");
    assert_eq!(key["mToken"], name);
    assert_eq!(key["mCipherText"].as_array().unwrap().len(), length + 16);
    let parameters = key["mParameters"].as_array().unwrap();
    assert_eq!(parameters[..4], [48, 17, 4, 12].map(Value::from));
    assert_eq!(parameters[16..], [2, 1, 16].map(Value::from));
}

#[test]
fn no_two_tokens_share_a_nonce() {
    let map = written((0..20).map(|at| account(totp_of(6, 30), "Acme", &at.to_string())).collect());
    let mut nonces: Vec<String> = map
        .values()
        .filter_map(|value| value.get("key")?.as_str())
        .map(|key| serde_json::from_str::<Value>(key).unwrap()["mParameters"].to_string())
        .collect();
    nonces.sort();
    nonces.dedup();
    assert_eq!(nonces.len(), 20);
}

#[test]
fn without_a_new_password_nothing_is_written() {
    let vault = Vault { accounts: vec![account(totp_of(6, 30), "Acme", "a")], ..Vault::default() };
    let error =
        testing::with_ctx(&mut NoPasswords, |ctx| testing::form(&FreeOtp).encode(&vault, ctx)).err().unwrap();
    assert_eq!((error.kind, error.format), (ErrorKind::PasswordNeeded, Some(ID)));
    assert!(error.next_step.is_some());
}

#[test]
fn what_the_app_cannot_show_is_refused() {
    let code = |account: Account| {
        testing::form(&FreeOtp).fit(&[account]).remove(0).refused.map(|refusal| refusal.code)
    };
    let motp = Otp::Motp { secret: secret(), pin: None };
    let yandex = Otp::Yandex { secret: Secret::new(vec![7; 16]).unwrap(), pin: None };
    let md5 = Otp::Hotp { secret: secret(), algorithm: Algorithm::Md5, digits: Digits::SIX, counter: 0 };
    for (otp, issuer, wanted) in [
        (Otp::Steam { secret: secret() }, "Steam", Some("unsupported-kind")),
        (motp, "Acme", Some("unsupported-kind")),
        (yandex, "Acme", Some("unsupported-kind")),
        (md5, "Acme", Some("unsupported-algorithm")),
        (totp_of(5, 30), "Acme", Some("unsupported-digits")),
        (totp_of(10, 30), "Acme", Some("unsupported-digits")),
        (totp_of(9, 30), "Acme", None),
        (totp_of(6, 4), "Acme", Some("unsupported-period")),
        (totp_of(6, 5), "Acme", None),
        (hotp_of(1 << 63), "Acme", Some("unsupported-counter")),
        (hotp_of((1 << 63) - 1), "Acme", None),
        // The app shows letters for any account of this issuer.
        (totp_of(6, 30), "Steam", Some("not-expressible")),
        (hotp_of(0), "Steam", Some("not-expressible")),
        (totp_of(6, 30), "steam", None),
    ] {
        let shown = format!("{otp:?} {issuer}");
        assert_eq!(code(account(otp, issuer, "a")), wanted, "{shown}");
    }
}

#[test]
fn a_colon_is_remarked_and_kept() {
    let fit = |issuer: &str, name: &str| {
        testing::form(&FreeOtp).fit(&[account(totp_of(6, 30), issuer, name)]).remove(0)
    };
    assert_eq!(fit("Acme", "a"), Fit::default());
    for (issuer, name) in [("A: B", "c"), ("A", "c:d")] {
        let fit = fit(issuer, name);
        assert_eq!((fit.refused, fit.changes.len(), fit.remarks.len()), (None, 0, 1));
        let bytes = encode(vec![account(totp_of(6, 30), issuer, name)]);
        let given = [SecretText::new(PASSWORD)];
        let read =
            testing::with_ctx(&mut &given[..], |ctx| FreeOtp.decode(&Input::new(&bytes), ctx)).unwrap();
        assert_eq!((read.accounts[0].issuer.as_str(), read.accounts[0].name.as_str()), (issuer, name));
    }
}
