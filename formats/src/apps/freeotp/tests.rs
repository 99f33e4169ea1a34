//! Damage of all sorts. Whole files are read in `tests/goldens.rs`.

use super::*;
use crate::ctx::NoPasswords;
use crate::error::ErrorKind;
use crate::model::SecretText;
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
