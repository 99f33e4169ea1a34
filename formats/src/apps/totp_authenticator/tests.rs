//! Expected values are written down here.

use super::*;
use crate::ctx::{NoPasswords, Passwords};
use crate::error::ErrorKind;
use crate::testing;

const BACKUP: &[u8] = include_bytes!("../../../../fixtures/totp-authenticator/backup.encrypt");
const PREFS: &[u8] = include_bytes!("../../../../fixtures/totp-authenticator/prefs.xml");

fn read(bytes: &[u8], passwords: &mut dyn Passwords) -> Result<Vault, Error> {
    testing::with_ctx(passwords, |ctx| TotpAuthenticator.decode(&Input::new(bytes), ctx))
}

fn detect(bytes: &[u8]) -> Confidence {
    TotpAuthenticator.detect(&Probe::new(bytes, None))
}

#[test]
fn marks() {
    assert_eq!(detect(PREFS), Confidence::Sure);
    assert_eq!(detect(&PREFS[..PREFS.len() - 9]), Confidence::Likely);
    assert_eq!(detect(BACKUP), Confidence::Weak);
    assert_eq!(detect(&BACKUP[..BACKUP.len() - 4]), Confidence::No);
    assert_eq!(detect(b"<map><string name=\"a\">b</string></map>"), Confidence::No);
    assert_eq!(detect(b"AAAAAAAAAAAAAAAAAAAAAA=="), Confidence::No);
}

#[test]
fn keys_in_three_encodings() {
    let key = |base: i128, text: &str| read_secret(Number::Of(base), text).map(|key| key.expose().to_vec());
    let wanted = b"Hello!\xDE\xAD\xBE\xEF".to_vec();
    for (base, text) in [
        (16, "48656C6C6F21DEADBEEF"),
        (16, "48656c6c6f21deadbeef"),
        (32, "jbswy3dpehpk3pxp"),
        (64, "SGVsbG8h3q2+7w=="),
    ] {
        assert_eq!(key(base, text), Ok(wanted.clone()), "{base}");
    }
    for (base, text, code) in [
        (16, "486", Skip::BAD_SECRET),
        (32, "018", Skip::BAD_SECRET),
        (64, "*", Skip::BAD_SECRET),
        (10, "77", Skip::MISSING_FIELD),
    ] {
        assert_eq!(key(base, text).unwrap_err().code, code, "{base}");
    }
    assert_eq!(read_secret(Number::Absent, "AA").unwrap_err().code, Skip::MISSING_FIELD);
}

#[test]
fn no_byte_may_break_the_reader() {
    let password = [SecretText::new("canary-password-plain-1")];
    for whole in [BACKUP, PREFS] {
        for at in 0..whole.len() {
            let mut bytes = whole.to_vec();
            bytes[at] ^= 1 << (at % 8);
            for bytes in [bytes.as_slice(), &whole[..at]] {
                if let Err(error) = read(bytes, &mut password.as_slice()) {
                    assert_eq!(error.format, Some(ID));
                    assert_ne!(error.kind, ErrorKind::PasswordNeeded);
                }
            }
        }
    }
    assert_eq!(read(BACKUP, &mut NoPasswords).unwrap_err().kind, ErrorKind::PasswordNeeded);
}
