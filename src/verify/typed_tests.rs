use super::*;
use otpferry_formats::model::Secret;

/// The key of RFC 4226, appendix D, and RFC 6238, appendix B.
fn key() -> Secret {
    Secret::new(b"12345678901234567890".to_vec()).unwrap()
}

fn totp(algorithm: Algorithm, digits: u64, period: u64) -> Otp {
    let (digits, period) = (Digits::new(digits).unwrap(), Period::new(period).unwrap());
    Otp::Totp { secret: key(), algorithm, digits, period }
}

fn hotp(counter: u64) -> Otp {
    Otp::Hotp { secret: key(), algorithm: Algorithm::Sha1, digits: Digits::SIX, counter }
}

fn at(otp: &Otp, text: &str, asked: u64, typed: u64) -> Typed {
    judge(otp, text, Moments { asked, typed })
}

fn why(typed: Typed) -> String {
    match typed {
        Typed::Wrong(why) | Typed::NoCode(why) => why,
        other => panic!("{other:?}"),
    }
}

// Codes of the steps 0 to 9 are those of RFC 4226: 755224 287082 359152 969429 338314 254676 287922 162583
// 399871 520489. Of RFC 6238: 07081804 at 1111111109 and 14050471 at 1111111111, in steps that follow each other.

#[test]
fn one_step_of_drift_is_right_and_named() {
    let six = totp(Algorithm::Sha1, 6, 30);
    assert_eq!(at(&six, "287082", 59, 59), Typed::Right);
    assert_eq!(at(&six, " 287 082\t", 59, 59), Typed::Right);
    assert_eq!(at(&six, "287-082", 30, 30), Typed::Right);
    assert_eq!(at(&six, "755224", 59, 59), Typed::Behind(30));
    assert_eq!(at(&six, "359152", 59, 59), Typed::Ahead(30));
    let eight = totp(Algorithm::Sha1, 8, 30);
    assert_eq!(at(&eight, "07081804", 1_111_111_111, 1_111_111_111), Typed::Behind(30));
    assert_eq!(at(&eight, "1405 0471", 1_111_111_109, 1_111_111_109), Typed::Ahead(30));
}

#[test]
fn a_code_that_changed_while_it_was_typed_is_no_drift() {
    let six = totp(Algorithm::Sha1, 6, 30);
    assert_eq!(at(&six, "755224", 29, 31), Typed::Right);
    assert_eq!(at(&six, "755224", 0, 100), Typed::Behind(30));
    // Only of the last minute: who waits longer reads another code.
    assert_eq!(at(&six, "287082", 59, 240), Typed::Wrong(
        "it is the code of another time: the clock of the new phone is about 2 minutes behind. Set it to automatic time and check again".to_owned()
    ));
    // A clock that was set back meanwhile.
    assert_eq!(at(&six, "287082", 1000, 59), Typed::Right);
}

#[test]
fn a_clock_that_is_far_off_is_told() {
    let six = totp(Algorithm::Sha1, 6, 30);
    let said = |text, time| why(at(&six, text, time, time));
    assert_eq!(
        said("969429", 59),
        "it is the code of another time: the clock of the new phone is about 60 seconds ahead. Set it to automatic time and check again"
    );
    assert!(said("287082", 331).contains("about 5 minutes behind"));
    // Ten minutes and more are another code.
    assert_eq!(at(&six, "287082", 661, 661), Typed::Other);
}

#[test]
fn counters_are_named() {
    assert_eq!(at(&hotp(3), "969429", 0, 0), Typed::OfCounter(3));
    assert_eq!(at(&hotp(0), "520489", 0, 0), Typed::OfCounter(9));
    assert!(
        why(at(&hotp(5), "969429", 0, 0))
            .starts_with("it is the code of counter 3, and the next one in the file is 5:")
    );
    assert_eq!(at(&hotp(100), "969429", 0, 0), Typed::Other);
    assert_eq!(at(&hotp(u64::MAX), "969429", 0, 0), Typed::Other);
}

#[test]
fn settings_that_an_app_does_not_heed_are_named() {
    let said = |otp: &Otp, text, time| why(at(otp, text, time, time));
    let takes = |with: &str| {
        format!("the new app does not heed this account's settings: it takes it for one with {with}")
    };
    assert_eq!(said(&totp(Algorithm::Sha256, 6, 30), "287082", 59), takes("SHA1 in place of SHA256"));
    assert_eq!(said(&totp(Algorithm::Sha1, 8, 30), "287082", 59), takes("6 digits in place of 8"));
    let slow = totp(Algorithm::Sha1, 6, 60);
    assert_eq!(said(&slow, "081804", 1_111_111_109), takes("30 seconds in place of 60"));
    let all = totp(Algorithm::Sha512, 8, 60);
    assert_eq!(
        said(&all, "081804", 1_111_111_109),
        takes("SHA1 in place of SHA512, 6 digits in place of 8 and 30 seconds in place of 60")
    );
    let as_time = takes("codes that change with time, not with each use");
    assert_eq!(said(&hotp(5000), "081804", 1_111_111_109), as_time);
    // Another length that nothing explains.
    assert_eq!(
        said(&totp(Algorithm::Sha1, 8, 30), "123456", 59),
        "its codes have 8 digits, and this one has 6"
    );
}

#[test]
fn what_is_no_code_is_asked_for_again() {
    let six = totp(Algorithm::Sha1, 6, 30);
    for text in ["abcdef", "1234", "12345678901", "٢٨٧٠٨٢", "28708!"] {
        assert_eq!(why(at(&six, text, 59, 59)), "a code of this account has 6 digits", "{text}");
    }
    let steam = Otp::Steam { secret: key() };
    assert_eq!(why(at(&steam, "PV9M42", 59, 59)), "a code of this account has 5 characters");
}

#[test]
fn letters_in_either_case() {
    // fixtures/otp/rfc-vectors.json has no Steam codes: this one is of the alphabet of Steam over the
    // truncated value of step 1, 1094287082 (RFC 4226, appendix D): 1094287082 in base 26, lowest first.
    let steam = Otp::Steam { secret: key() };
    assert_eq!(at(&steam, "pv9m4", 59, 59), Typed::Right);
}
