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

/// Where the look at the beginning ends says nothing about the rest.
#[test]
fn a_long_backup_on_many_lines_is_known() {
    let line = "A".repeat(76) + "\r\n";
    for lines in [900, 1800] {
        let text = line.repeat(lines * 4) + &"A".repeat(64);
        assert_eq!(detect(text.as_bytes()), Confidence::Weak, "{lines}");
    }
    assert_eq!(detect((line.repeat(3600) + &"A".repeat(60)).as_bytes()), Confidence::No);
    assert_eq!(detect((line.repeat(3600) + "!").as_bytes()), Confidence::No);
}

/// Any text of base64 could be a backup: who is asked for its password, or gave one in vain, learns it.
#[test]
fn a_text_without_a_mark_is_called_a_guess() {
    let mut was_guess = false;
    struct Spy<'a>(&'a mut bool);
    impl Passwords for Spy<'_> {
        fn next(&mut self, ask: crate::ctx::Ask) -> Option<SecretText> {
            *self.0 = ask.guess;
            None
        }
    }
    let error = read(BACKUP, &mut Spy(&mut was_guess)).unwrap_err();
    assert!(was_guess);
    let wrong = read(BACKUP, &mut [SecretText::new("canary-password-wrong-3")].as_slice()).unwrap_err();
    assert_eq!((error.kind, wrong.kind), (ErrorKind::PasswordNeeded, ErrorKind::WrongPassword));
    for error in [error, wrong] {
        assert!(error.message.contains("nothing in it but its shape"));
        assert!(error.next_step.unwrap().contains("-f FORMAT"));
    }
}

#[test]
fn very_many_values_in_preferences_are_refused() {
    let list = "1,".repeat(5_000_001);
    let text = format!("<map><string name=\"{LIST}\">[{list}1]</string></map>");
    assert_eq!(read(text.as_bytes(), &mut NoPasswords).unwrap_err().kind, ErrorKind::Limit);
}
