//! Codes against vectors that others published or computed.

#![cfg(test)]

use std::path::{Path, PathBuf};

use otpferry_formats::model::{Algorithm, Digits, Otp, OtpError, Period, Secret, SecretText};
use otpferry_formats::otp::{CodeError, Generator};
use serde_json::Value;

#[test]
fn vectors_of_the_standards() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/otp/rfc-vectors.json");
    let file = parse(&path);
    check(&file["vectors"], 187);
}

#[test]
fn vectors_of_other_programs() {
    let Some(root) = std::env::var_os("OTPFERRY_SAMPLES").map(PathBuf::from) else {
        println!("skipped: OTPFERRY_SAMPLES is not set");
        return;
    };
    let file = parse(&root.join("otp-algorithms/vectors.json"));
    check(&file["codes"], 51);
    let checks = file["yandex_secret_checks"].as_array().unwrap();
    assert!(checks.len() >= 6);
    for (at, vector) in checks.iter().enumerate() {
        let otp = Otp::yandex(&base32(vector["secret"].as_str().unwrap()), None);
        assert_eq!(otp.is_ok(), vector["valid"].as_bool().unwrap(), "check {at}");
    }
}

fn parse(path: &Path) -> Value {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&bytes).unwrap()
}

fn check(vectors: &Value, at_least: usize) {
    let vectors = vectors.as_array().unwrap();
    assert!(vectors.len() >= at_least, "only {} vectors", vectors.len());
    let failures: Vec<_> =
        vectors.iter().enumerate().filter_map(|(at, vector)| failure(at, vector)).collect();
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), vectors.len(), failures.join("\n"));
}

fn failure(at: usize, vector: &Value) -> Option<String> {
    let otp = otp(vector);
    let moment = vector["time"].as_u64().or(vector["counter"].as_u64()).unwrap();
    let code = Generator::new(&otp).unwrap().at(moment);
    let same = match (&code, vector["code"].as_str()) {
        (Ok(code), Some(wanted)) => code.as_str() == wanted,
        (Err(error), None) => *error == CodeError::MacTooShort,
        _ => false,
    };
    let about = format!("{} {} at {moment}", vector["kind"], vector["source"]);
    (!same).then(|| format!("vector {at} ({about}): {} is expected, it is {code:?}", vector["code"]))
}

/// The account of a vector; what its kind fixes has to be what the vector states.
fn otp(vector: &Value) -> Otp {
    let bytes = base32(vector["secret"].as_str().unwrap());
    let secret = Secret::new(bytes.clone()).unwrap();
    let algorithm = Algorithm::parse(vector["algorithm"].as_str().unwrap()).unwrap();
    let digits = Digits::new(vector["digits"].as_u64().unwrap()).unwrap();
    let pin = vector["pin"].as_str().map(SecretText::new);
    let otp = match vector["kind"].as_str().unwrap() {
        "totp" => {
            let period = Period::new(vector["period"].as_u64().unwrap()).unwrap();
            Otp::Totp { secret, algorithm, digits, period }
        }
        "hotp" => Otp::Hotp { secret, algorithm, digits, counter: vector["counter"].as_u64().unwrap() },
        "steam" => Otp::Steam { secret },
        "motp" => Otp::Motp { secret, pin },
        "yandex" => Otp::yandex(&bytes, pin).unwrap(),
        other => panic!("{other}"),
    };
    assert_eq!(otp.algorithm(), algorithm);
    assert_eq!(u64::from(otp.digits()), vector["digits"].as_u64().unwrap());
    assert_eq!(otp.period().map(u64::from), vector["period"].as_u64());
    otp
}

/// RFC 4648 without padding, decoded apart from the code under test.
fn base32(text: &str) -> Vec<u8> {
    let digit = |letter: char| "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(letter).unwrap();
    let bits: Vec<usize> =
        text.chars().map(digit).flat_map(|digit| (0..5).rev().map(move |at| digit >> at & 1)).collect();
    let bytes = bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |sum, bit| sum << 1 | bit));
    bytes.map(|byte| u8::try_from(byte).unwrap()).collect()
}

#[test]
fn a_code_without_the_pin_is_refused() {
    let secret = || Secret::new(vec![1; 16]).unwrap();
    for otp in [Otp::Motp { secret: secret(), pin: None }, Otp::Yandex { secret: secret(), pin: None }] {
        assert_eq!(Generator::new(&otp).err(), Some(CodeError::PinMissing));
    }
}

#[test]
fn yandex_secrets_of_other_lengths_are_refused() {
    for length in (0..40).filter(|length| ![16, 26].contains(length)) {
        assert_eq!(Otp::yandex(&vec![1; length], None), Err(OtpError::YandexLength), "{length} bytes");
    }
    assert_eq!(Otp::yandex(&[1; 26], None), Err(OtpError::YandexChecksum));
}
