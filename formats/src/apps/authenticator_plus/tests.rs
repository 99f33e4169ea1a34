//! Expected values are written down here.

use super::*;
use crate::ctx::{NoPasswords, Passwords};
use crate::error::ErrorKind;
use crate::model::SecretText;
use crate::testing;

const BACKUP: &[u8] = include_bytes!("../../../../fixtures/authenticator-plus/backup.db");
const EXPORT: &[u8] = include_bytes!("../../../../fixtures/authenticator-plus/export.zip");

fn read(bytes: &[u8], passwords: &mut dyn Passwords) -> Result<Vault, Error> {
    testing::with_ctx(passwords, |ctx| AuthenticatorPlus.decode(&Input::new(bytes), ctx))
}

fn password() -> [SecretText; 1] {
    [SecretText::new("canary-password-plain-1")]
}

#[test]
fn marks() {
    let detect = |bytes: &[u8]| AuthenticatorPlus.detect(&Probe::new(bytes, None));
    assert_eq!([detect(EXPORT), detect(BACKUP)], [Confidence::Sure, Confidence::Weak]);
    assert_eq!(detect(&BACKUP[..BACKUP.len() - 1]), Confidence::No);
    let named = |name| AuthenticatorPlus.detect(&Probe::new(BACKUP, Some(name)));
    assert_eq!(
        [named("authplus.DB"), named("authplus"), named("a.gpg")],
        [Confidence::Weak, Confidence::Weak, Confidence::No]
    );
    for other in [b"".as_slice(), b"PK\x03\x04", &[0; 2048], &[0xA5; 1024]] {
        assert_eq!(detect(other), Confidence::No);
    }
}

#[test]
fn accounts_come_in_the_order_of_the_app() {
    let vault = read(BACKUP, &mut password().as_slice()).unwrap();
    let names: Vec<&str> = vault.accounts.iter().map(|account| account.name.as_str()).collect();
    assert_eq!(names, ["sloppy", "ole", "alone", "maria", "EU-1234-5678-9012", "counter"]);
    assert_eq!((vault.variant.as_str(), vault.encrypted), ("database version 5", true));
}

/// Every byte of a page counts but the twelve that are unused.
#[test]
fn a_flipped_byte_is_found() {
    let good = read(BACKUP, &mut password().as_slice()).unwrap();
    for at in (0..BACKUP.len()).step_by(331) {
        let mut bytes = BACKUP.to_vec();
        bytes[at] ^= 1 << (at % 8);
        match read(&bytes, &mut password().as_slice()) {
            Ok(vault) => assert!(at % 1024 >= 1012 && vault.accounts == good.accounts, "{at}"),
            Err(error) if at < 1024 => assert_eq!(error.kind, ErrorKind::WrongPassword, "{at}"),
            Err(error) => assert_eq!((error.kind, error.format), (ErrorKind::Malformed, Some(ID)), "{at}"),
        }
    }
}

#[test]
fn no_byte_of_a_zip_may_break_the_reader() {
    for at in 0..EXPORT.len() {
        let mut bytes = EXPORT.to_vec();
        bytes[at] ^= 1 << (at % 8);
        for bytes in [bytes.as_slice(), &EXPORT[..at]] {
            if let Err(error) = read(bytes, &mut password().as_slice()) {
                assert!(error.format == Some(ID) && error.next_step.is_some(), "{at}");
            }
        }
    }
    assert_eq!(read(EXPORT, &mut NoPasswords).unwrap_err().kind, ErrorKind::PasswordNeeded);
}

/// A database of SQLCipher has no mark of its app.
#[test]
fn a_database_is_called_a_guess_and_a_zip_is_not() {
    let wrong = [SecretText::new("canary-password-wrong-3")];
    let error = |bytes: &[u8]| read(bytes, &mut wrong.as_slice()).unwrap_err();
    assert!(error(BACKUP).next_step.unwrap().contains("-f FORMAT"));
    assert!(!error(EXPORT).next_step.unwrap().contains("-f FORMAT"));
}
