//! Proving that two accounts show the same codes.

use std::collections::BTreeSet;

use super::{CodeError, Generator};
use crate::model::Otp;

/// How many moments each account is compared at, at least.
pub const MOMENTS: usize = 24;

/// Unix seconds for time-based kinds. Spread over decades and over the second of the minute, so
/// that another period, T0 or number width shows; the last is past 32 bits of seconds.
const TIMES: [u64; MOMENTS] = [
    59,
    1_111_111_109,
    1_111_111_111,
    1_234_567_890,
    1_700_000_003,
    1_714_557_617,
    1_731_234_567,
    1_750_000_029,
    1_750_000_031,
    1_767_225_599,
    1_783_002_018,
    1_800_000_045,
    1_823_456_789,
    1_850_000_010,
    1_888_888_888,
    1_900_000_020,
    1_933_333_333,
    1_966_666_675,
    2_000_000_000,
    2_147_483_647,
    2_147_483_648,
    2_500_000_059,
    4_294_967_296,
    20_000_000_000,
];

/// The comparison found two accounts that differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the codes differ")]
pub struct Differs;

/// How two accounts were found to be the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Their codes were computed and compared in this many steps of counter or time.
    Codes(usize),
    /// No code can be computed without the PIN: secret and parameters were compared.
    Parameters,
}

/// Compares two accounts by their codes.
///
/// Secret and parameters have to be equal as well: some differences (the next HOTP counter, a
/// missing PIN) do not show in the code of one moment.
///
/// # Errors
/// [`Differs`] when anything that decides the codes is not the same.
pub fn same(a: &Otp, b: &Otp) -> Result<Proof, Differs> {
    same_also_at(a, b, None)
}

/// The same, also at another time, in Unix seconds. Counters have no time.
///
/// # Errors
/// [`Differs`], as above.
pub fn same_also_at(a: &Otp, b: &Otp, time: Option<u64>) -> Result<Proof, Differs> {
    let (left, right) = match (Generator::new(a), Generator::new(b)) {
        (Ok(left), Ok(right)) => (left, right),
        (Err(left), Err(right)) if left == right => {
            return if a == b { Ok(Proof::Parameters) } else { Err(Differs) };
        }
        _ => return Err(Differs),
    };
    let mut compared = BTreeSet::new();
    let time = time.filter(|_| a.period().is_some());
    let enough = MOMENTS + usize::from(time.is_some());
    for moment in time.into_iter().chain(moments(a)) {
        if compared.len() >= enough {
            break;
        }
        match (left.at(moment), right.at(moment)) {
            (Ok(x), Ok(y)) if x == y => compared.insert(step(a, moment)),
            (Err(CodeError::MacTooShort), Err(CodeError::MacTooShort)) => false,
            _ => return Err(Differs),
        };
    }
    (a == b).then_some(Proof::Codes(compared.len())).ok_or(Differs)
}

/// Moments at which codes are compared, more than are needed: with HMAC-MD5 some have no code, and
/// with a long period many fall into the same one.
fn moments(otp: &Otp) -> impl Iterator<Item = u64> {
    let (next, period) = (otp.counter(), otp.period().map(u64::from));
    let ahead = next.into_iter().flat_map(|next| (0..12_u64).filter_map(move |step| next.checked_add(step)));
    let first = next.into_iter().flat_map(|_| 0..400_u64);
    let times = period.into_iter().flat_map(|_| TIMES);
    let steps = period.into_iter().flat_map(|period| (0..400_u64).map(move |step| step * period));
    ahead.chain(first).chain(times).chain(steps)
}

/// What the code of a moment is made from: moments of one step show the same code.
fn step(otp: &Otp, moment: u64) -> u64 {
    otp.period().map_or(moment, |period| moment / u64::from(period))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Algorithm, Digits, Period, Secret, SecretText};

    fn secret(byte: u8) -> Secret {
        Secret::new(vec![byte; 20]).unwrap()
    }

    fn totp(byte: u8, algorithm: Algorithm, digits: u64, period: u64) -> Otp {
        Otp::Totp {
            secret: secret(byte),
            algorithm,
            digits: Digits::new(digits).unwrap(),
            period: Period::new(period).unwrap(),
        }
    }

    #[test]
    fn equal_accounts_are_proved_at_enough_moments() {
        let a = totp(7, Algorithm::Sha1, 6, 30);
        assert_eq!(same(&a, &a.clone()), Ok(Proof::Codes(24)));
        let hotp = Otp::Hotp {
            secret: secret(7),
            algorithm: Algorithm::Sha1,
            digits: Digits::SIX,
            counter: u64::MAX,
        };
        assert_eq!(same(&hotp, &hotp.clone()), Ok(Proof::Codes(24)));
        let slow = totp(7, Algorithm::Md5, 6, u64::from(u32::MAX >> 1));
        assert_eq!(same(&slow, &slow.clone()), Ok(Proof::Codes(24)));
    }

    #[test]
    fn a_time_of_choice_is_compared_as_well() {
        let a = totp(7, Algorithm::Sha1, 6, 30);
        assert_eq!(same_also_at(&a, &a.clone(), Some(12_345)), Ok(Proof::Codes(25)));
        assert_eq!(same_also_at(&a, &totp(8, Algorithm::Sha1, 6, 30), Some(12_345)), Err(Differs));
        let hotp =
            Otp::Hotp { secret: secret(7), algorithm: Algorithm::Sha1, digits: Digits::SIX, counter: 0 };
        assert_eq!(same_also_at(&hotp, &hotp.clone(), Some(12_345)), Ok(Proof::Codes(24)));
    }

    #[test]
    fn every_parameter_shows() {
        let a = totp(7, Algorithm::Sha1, 6, 30);
        for b in [
            totp(8, Algorithm::Sha1, 6, 30),
            totp(7, Algorithm::Sha256, 6, 30),
            totp(7, Algorithm::Sha1, 8, 30),
            totp(7, Algorithm::Sha1, 6, 60),
            Otp::Steam { secret: secret(7) },
        ] {
            assert_eq!(same(&a, &b), Err(Differs), "{b:?}");
        }
        let motp = |pin: Option<&str>| Otp::Motp { secret: secret(7), pin: pin.map(SecretText::new) };
        assert_eq!(same(&motp(None), &motp(None)), Ok(Proof::Parameters));
        assert_eq!(same(&motp(None), &motp(Some("1"))), Err(Differs));
        assert_eq!(same(&motp(Some("2")), &motp(Some("1"))), Err(Differs));
    }

    #[test]
    fn the_next_counter_shows() {
        let hotp = |counter| Otp::Hotp {
            secret: secret(7),
            algorithm: Algorithm::Sha1,
            digits: Digits::SIX,
            counter,
        };
        assert_eq!(same(&hotp(3), &hotp(4)), Err(Differs));
    }
}
