//! Expected values are written down here.

use super::*;
use crate::ctx::{NoPasswords, Passwords};
use crate::error::ErrorKind;
use crate::model::SecretText;
use crate::testing;

const OLD: &[u8] = include_bytes!("../../../../fixtures/otp-auth/backup-1.0.otpauthdb");
const NEW: &[u8] = include_bytes!("../../../../fixtures/otp-auth/backup-1.1.otpauthdb");
const ACCOUNT: &[u8] = include_bytes!("../../../../fixtures/otp-auth/account-1.1.otpauth");

fn read(bytes: &[u8], passwords: &mut dyn Passwords) -> Result<Vault, Error> {
    testing::with_ctx(passwords, |ctx| OtpAuth.decode(&Input::new(bytes), ctx))
}

#[test]
fn the_outer_key_is_the_mark() {
    for bytes in [OLD, NEW, ACCOUNT, &NEW[..100]] {
        assert_eq!(OtpAuth.detect(&Probe::new(bytes, None)), Confidence::Sure);
    }
    for bytes in [b"".as_slice(), &NEW[..15], &[0; 64], b"bplist00bplist00"] {
        assert_eq!(OtpAuth.detect(&Probe::new(bytes, None)), Confidence::No);
    }
}

#[test]
fn every_cut_and_flipped_byte_is_an_error_or_a_skipped_entry() {
    let password = [SecretText::new("canary-password-plain-1")];
    for whole in [OLD, ACCOUNT] {
        for at in 0..whole.len() {
            let mut bytes = whole.to_vec();
            bytes[at] ^= 1 << (at % 8);
            for bytes in [bytes.as_slice(), &whole[..at]] {
                if let Err(error) = read(bytes, &mut password.as_slice()) {
                    assert!(error.format == Some(ID) && error.next_step.is_some());
                }
            }
        }
    }
    let good = read(NEW, &mut password.as_slice()).unwrap();
    for at in (0..NEW.len()).step_by(41) {
        let mut bytes = NEW.to_vec();
        bytes[at] ^= 0x10;
        // Some bytes of the outer layer decide nothing; the inner one is signed.
        if let Ok(vault) = read(&bytes, &mut password.as_slice()) {
            assert_eq!(vault.accounts, good.accounts, "{at}");
        }
    }
    assert_eq!(read(NEW, &mut NoPasswords).unwrap_err().kind, ErrorKind::PasswordNeeded);
}
