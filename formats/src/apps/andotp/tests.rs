//! Expected values are written down here. Whole files are read in `tests/goldens.rs`.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::ctx::{NoPasswords, Passwords};
use crate::error::ErrorKind;
use crate::model::{Credential, Digits, Otp, Period, Secret, SecretText};
use crate::testing;

const ENTRY: &str = r#"{"secret":"JBSWY3DPEHPK3PXP","issuer":"Acme","label":"alice","digits":6,"type":"TOTP",
    "algorithm":"SHA1","thumbnail":"Default","last_used":5,"used_frequency":1,"period":30,"tags":["a"]}"#;

fn decode(bytes: &[u8], passwords: &mut dyn Passwords) -> Result<Vault, Error> {
    testing::with_ctx(passwords, |ctx| AndOtp.decode(&Input::new(bytes), ctx))
}

fn encode(accounts: Vec<Account>) -> Vec<u8> {
    let vault = Vault { accounts, ..Vault::default() };
    testing::with_ctx(&mut NoPasswords, |ctx| testing::form(&AndOtp).encode(&vault, ctx)).unwrap()[0]
        .0
        .to_vec()
}

fn account(otp: Otp, issuer: &str, name: &str) -> Account {
    Account::new(Credential::Otp(otp), issuer, name)
}

fn secret() -> Secret {
    Secret::new(b"Hello!\xDE\xAD\xBE\xEF!".to_vec()).unwrap()
}

fn totp(issuer: &str, name: &str) -> Account {
    let otp = Otp::Totp {
        secret: secret(),
        algorithm: Algorithm::Sha512,
        digits: Digits::EIGHT,
        period: Period::new(60).unwrap(),
    };
    account(otp, issuer, name)
}

#[test]
fn entries_are_the_mark() {
    let confidence = |bytes: &[u8], name| AndOtp.detect(&Probe::new(bytes, name));
    assert_eq!(confidence(format!("[{ENTRY}]").as_bytes(), None), Confidence::Sure);
    assert_eq!(confidence(br#"[{"secret":"AAAA","label":"x","period":30}]"#, None), Confidence::Likely);
    assert_eq!(confidence(b"-----BEGIN PGP MESSAGE-----\n\nhQ", None), Confidence::Likely);
    for other in ["[]", "{}", r#"[{"secret":"AAAA","label":"x","kind":"TOTP"}]"#, r#"[{"secret":"AAAA"}]"#] {
        assert_eq!(confidence(other.as_bytes(), None), Confidence::No, "{other}");
    }
    let usual = [&[0, 2, 0x39, 0x70][..], &[0xA5; 60]].concat();
    assert_eq!(confidence(&usual, None), Confidence::Likely);
    assert_eq!(confidence(&usual[..44], None), Confidence::No);
    for name in ["otp_accounts.json.aes", "my-andOTP.bin", "OTP_ACCOUNTS_2019.aes"] {
        assert_eq!(confidence(&[0x01; 60], Some(name)), Confidence::Weak, "{name}");
        assert_eq!(confidence(&[0x01; 28], Some(name)), Confidence::No, "{name}");
    }
    assert_eq!(confidence(&[0x01; 60], Some("x.bin")), Confidence::No);
}

#[test]
fn a_file_is_written_as_the_app_writes_it() {
    let mut full = totp("Acme", "Acme:Acme: alice");
    full.groups = vec!["Work".to_owned(), "Home".to_owned()];
    full.last_used = Some(Timestamp::from_millisecond(1_677_862_408_617).unwrap());
    full.uses = Some(3);
    full.extra.insert(ID.to_owned(), json!({"thumbnail": "GitHub", "secret": "AAAA", "later": 1}));
    let hotp = Otp::Hotp { secret: secret(), algorithm: Algorithm::Sha1, digits: Digits::SIX, counter: 9 };
    let motp = Otp::Motp { secret: Secret::new(vec![0xAB, 0xCD]).unwrap(), pin: None };
    let written = encode(vec![
        full,
        account(hotp, "", ""),
        account(Otp::Steam { secret: secret() }, "Steam", "gamer"),
        account(motp, "M", "m"),
    ]);
    let usual = |fields: Value| {
        let mut entry = json!({"secret": "JBSWY3DPEHPK3PXPEE======", "digits": 6, "algorithm": "SHA1",
            "thumbnail": "Default", "last_used": 0, "tags": []});
        entry.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        entry
    };
    assert_eq!(
        serde_json::from_slice::<Value>(&written).unwrap(),
        json!([
            usual(
                json!({"issuer": "Acme", "label": "alice", "digits": 8, "type": "TOTP", "algorithm": "SHA512",
                "thumbnail": "GitHub", "last_used": 1_677_862_408_617_u64, "used_frequency": 3, "period": 60,
                "tags": ["Work", "Home"], "later": 1})
            ),
            usual(json!({"issuer": "", "label": "", "type": "HOTP", "counter": 9})),
            usual(json!({"issuer": "Steam", "label": "gamer", "digits": 5, "type": "STEAM"})),
            // Base32 of the text "abcd".
            usual(json!({"issuer": "M", "label": "m", "type": "MOTP", "secret": "MFRGGZA="})),
        ])
    );
}

#[test]
fn what_the_app_cannot_hold_is_said_before_writing() {
    let pin = Some(SecretText::new("1234"));
    let mut used = totp("Acme", "x");
    used.last_used = Some(Timestamp::UNIX_EPOCH);
    used.uses = Some(u64::MAX);
    let fits = testing::form(&AndOtp).fit(&[
        account(Otp::Motp { secret: secret(), pin }, "M", "m"),
        totp("Acme", "Acme:x"),
        used,
        totp("", ":x"),
    ]);
    assert_eq!(fits[0].refused.as_ref().unwrap().code, "pin-not-held");
    let fields = |at: usize| fits[at].changes.iter().map(|change| change.field).collect::<Vec<_>>();
    assert_eq!(fields(1), [Field::Account]);
    assert_eq!(fields(2), [Field::LastUsed, Field::Uses]);
    assert_eq!(fields(3), []);
}

#[test]
fn encrypted_files_and_their_passwords() {
    let password = SecretText::new("correct hörse");
    let vault = Vault { accounts: vec![totp("Acme", "alice")], ..Vault::default() };
    let encode = |ctx: &mut Ctx<'_>| testing::form(&AndOtp).encode(&vault, ctx).unwrap()[0].0.to_vec();
    let written = testing::with_new_password(&mut NoPasswords, &password, encode);
    assert!((140_000..=160_000).contains(&u32::from_be_bytes(written[..4].try_into().unwrap())));
    let given = [SecretText::new("wrong"), password];
    let read = decode(&written, &mut &given[..]).unwrap();
    assert!(read.encrypted && read.accounts[0].otp() == vault.accounts[0].otp());
    let error = |read: Result<Vault, Error>| read.unwrap_err().kind;
    assert_eq!(error(decode(&written, &mut &given[..1])), ErrorKind::WrongPassword);
    assert_eq!(error(decode(&written, &mut NoPasswords)), ErrorKind::PasswordNeeded);
    assert_eq!(error(decode(&written[..28], &mut &given[..])), ErrorKind::Malformed);
}

#[test]
fn openpgp_is_sent_to_gpg() {
    let error = decode(b"-----BEGIN PGP MESSAGE-----\n\nhQEM\n", &mut NoPasswords).unwrap_err();
    assert_eq!((error.kind, error.format), (ErrorKind::Unsupported, Some(ID)));
    assert!(error.next_step.unwrap().contains("gpg -d FILE | otpferry convert -"));
}

#[test]
fn no_mutation_of_a_file_panics() {
    let text = format!("[{ENTRY}]");
    for at in 0..text.len() {
        for byte in [0, b'"', b'[', b'{', b'9', b'-', b',', 0xff] {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = byte;
            let _ = AndOtp.detect(&Probe::new(&bytes, Some("otp_accounts.json")));
            let _ = decode(&bytes, &mut NoPasswords);
        }
        let _ = decode(&text.as_bytes()[..at], &mut NoPasswords);
    }
    let given = [SecretText::new("test")];
    for length in 0..60 {
        // No plausible number of iterations: only the old scheme is tried.
        let _ = decode(&vec![0xA5; length], &mut &given[..]);
    }
}
