//! Whole databases are read in `tests/goldens.rs`; here is what a hostile one meets.

use super::*;
use crate::error::ErrorKind;

const AES: &[u8] = include_bytes!("../../../../fixtures/keepass/v4-aes-argon2id.kdbx");
const LEGACY: &[u8] = include_bytes!("../../../../fixtures/keepass/v31-aes.kdbx");
const PASSWORD: &str = "canary-Pässwörd-ключ-🔑-4";

fn open(bytes: &[u8], limits: &Limits) -> Result<Option<usize>, Error> {
    let opened = Closed::parse(bytes)?.open(&CompositeKey::new(Some(PASSWORD), None), limits)?;
    Ok(opened.map(|opened| opened.xml().len()))
}

#[test]
fn content_over_the_limit_is_not_unpacked() {
    for bytes in [AES, LEGACY] {
        let length = open(bytes, &Limits::default()).unwrap().unwrap();
        let limits = Limits { bytes: u64::try_from(length).unwrap() - 1, ..Limits::default() };
        assert_eq!(open(bytes, &limits).unwrap_err().kind, ErrorKind::Limit);
    }
}

#[test]
fn costs_over_the_limit_do_not_start() {
    for (limits, bytes) in [
        (Limits { kdf_memory: (1 << 20) - 1, ..Limits::default() }, AES),
        (Limits { kdf_work: 2047, ..Limits::default() }, AES),
        (Limits { kdf_work: 37, ..Limits::default() }, LEGACY),
    ] {
        assert_eq!(open(bytes, &limits).unwrap_err().kind, ErrorKind::Limit);
    }
}

/// Cheap to open, so that each of many damaged copies can be tried.
#[test]
fn damage_anywhere_is_an_error_or_a_wrong_password() {
    for bytes in [AES, LEGACY] {
        let whole = open(bytes, &Limits::default()).unwrap();
        for at in (0..bytes.len()).step_by(bytes.len() / 60) {
            let mut damaged = bytes.to_vec();
            damaged[at] ^= 0x10;
            // A flipped bit in the header of version 3 can still give the same content.
            let read = open(&damaged, &Limits::default());
            assert!(read.is_err() || read == Ok(None) || read == Ok(whole), "{at}");
            assert!(open(&bytes[..at], &Limits::default()).is_err(), "{at}");
        }
    }
}

/// What is too short to tell whether the key is right is not taken for a wrong password.
#[test]
fn a_file_that_ends_after_its_header_is_cut_off() {
    let header = Closed::parse(LEGACY).unwrap().header_bytes.len();
    for length in [0, 16] {
        let error = open(&LEGACY[..header + length], &Limits::default()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Malformed, "{length}");
    }
}

#[test]
fn signatures_of_the_family() {
    assert_eq!(sniff(AES), Some(Signature::Kdbx));
    assert_eq!(sniff(&AES[..7]), None);
    assert_eq!(sniff(b"\x03\xD9\xA2\x9A\x65\xFB\x4B\xB5"), Some(Signature::Kdb));
    assert_eq!(sniff(b"\x03\xD9\xA2\x9A\x68\xFB\x4B\xB5"), None);
}
