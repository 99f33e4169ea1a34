//! Parameters as a file states them, and their way into a valid [`Otp`].

use std::fmt;

use serde::de::{Deserialize, Deserializer, Visitor};

use super::otp::{Algorithm, Digits, Kind, Otp, Period};
use super::secret::{Secret, SecretText};
use crate::report::Skip;

/// An integer field as files hold it. Read wide and validated later, never cast.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Number {
    /// Not there, `null`, or an empty text.
    #[default]
    Absent,
    /// A whole number.
    Of(i128),
    /// Something else than a whole number.
    Invalid,
}

impl Number {
    /// Reads decimal text; white space around it is ignored.
    pub fn parse(text: &str) -> Self {
        match text.trim() {
            "" => Self::Absent,
            digits => digits.parse().map_or(Self::Invalid, Self::Of),
        }
    }

    /// The number as `u64`, or the default where there is none. `None` when it is invalid,
    /// negative or too large.
    fn or(self, default: u64) -> Option<u64> {
        match self {
            Self::Absent => Some(default),
            Self::Of(number) => u64::try_from(number).ok(),
            Self::Invalid => None,
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor)
    }
}

struct NumberVisitor;

impl<'de> Visitor<'de> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_i64<E>(self, value: i64) -> Result<Number, E> {
        Ok(Number::Of(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Number, E> {
        Ok(Number::Of(value.into()))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Number, E> {
        Ok(Number::Invalid)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Number, E> {
        Ok(Number::Invalid)
    }

    fn visit_str<E>(self, text: &str) -> Result<Number, E> {
        Ok(Number::parse(text))
    }

    fn visit_unit<E>(self) -> Result<Number, E> {
        Ok(Number::Absent)
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Number, A::Error> {
        while seq.next_element::<serde::de::IgnoredAny>()?.is_some() {}
        Ok(Number::Invalid)
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Number, A::Error> {
        while map.next_entry::<serde::de::IgnoredAny, serde::de::IgnoredAny>()?.is_some() {}
        Ok(Number::Invalid)
    }
}

/// An account as a file states it, before validation.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The kind; [`Kind::NameOnly`] makes no OTP.
    pub kind: Kind,
    /// The key.
    pub secret: Secret,
    /// The hash where one is stated; SHA-1 otherwise.
    pub algorithm: Option<Algorithm>,
    /// Digits; 6 when absent.
    pub digits: Number,
    /// Seconds; 30 when absent.
    pub period: Number,
    /// Next counter; 0 when absent.
    pub counter: Number,
    /// PIN of mOTP and Yandex.
    pub pin: Option<SecretText>,
}

impl Draft {
    /// A draft with nothing but kind and key.
    pub fn new(kind: Kind, secret: Secret) -> Self {
        Self {
            kind,
            secret,
            algorithm: None,
            digits: Number::Absent,
            period: Number::Absent,
            counter: Number::Absent,
            pin: None,
        }
    }

    /// Reads the name of a hash; an empty one counts as absent.
    ///
    /// # Errors
    /// An unknown name: falling back to SHA-1 would show wrong codes.
    pub fn read_algorithm(name: &str) -> Result<Option<Algorithm>, Skip> {
        match (name.trim(), Algorithm::parse(name)) {
            ("", _) => Ok(None),
            (_, Some(algorithm)) => Ok(Some(algorithm)),
            (_, None) => Err(Self::unknown_algorithm()),
        }
    }

    /// Why an account with another hash is none.
    pub(crate) fn unknown_algorithm() -> Skip {
        Skip::new(Skip::UNKNOWN_ALGORITHM, "its algorithm is not one that codes are made with")
    }

    /// The account, when every parameter is valid for its kind.
    ///
    /// mOTP and Yandex have constants in place of parameters, and apps ignore what a file states
    /// there, so it is ignored here. A Steam account with other parameters than Steam's would show
    /// other codes than its app: it is an error.
    pub fn build(mut self) -> Result<Otp, Skip> {
        // An empty PIN makes no valid code: it stands for one that is not known.
        self.pin = self.pin.filter(|pin| !pin.expose().is_empty());
        match self.kind {
            Kind::Totp => Ok(Otp::Totp {
                algorithm: self.algorithm.unwrap_or(Algorithm::Sha1),
                digits: self.valid_digits()?,
                period: self.valid_period()?,
                secret: self.secret,
            }),
            Kind::Hotp => Ok(Otp::Hotp {
                algorithm: self.algorithm.unwrap_or(Algorithm::Sha1),
                digits: self.valid_digits()?,
                counter: self.valid_counter()?,
                secret: self.secret,
            }),
            Kind::Steam => self.steam(),
            Kind::Motp => Ok(Otp::Motp { secret: self.secret, pin: self.pin }),
            Kind::Yandex => Otp::yandex(self.secret.expose(), self.pin)
                .map_err(|error| Skip::new(Skip::BAD_SECRET, error.to_string())),
            Kind::NameOnly => Err(Skip::new(Skip::NO_SECRET, "the account has no secret")),
        }
    }

    fn steam(self) -> Result<Otp, Skip> {
        if self.digits.or(5) != Some(5) {
            return Err(Skip::new(
                Skip::BAD_DIGITS,
                "a Steam code has 5 characters, the file says otherwise",
            ));
        }
        if self.period.or(30) != Some(30) {
            return Err(Skip::new(
                Skip::BAD_PERIOD,
                "a Steam code lives 30 seconds, the file says otherwise",
            ));
        }
        if self.algorithm.is_some_and(|algorithm| algorithm != Algorithm::Sha1) {
            return Err(Skip::new(
                Skip::UNKNOWN_ALGORITHM,
                "a Steam code is made with SHA1, the file says otherwise",
            ));
        }
        Ok(Otp::Steam { secret: self.secret })
    }

    fn valid_digits(&self) -> Result<Digits, Skip> {
        self.digits
            .or(6)
            .and_then(Digits::new)
            .ok_or_else(|| Skip::new(Skip::BAD_DIGITS, "the number of digits is not one of 1 to 10"))
    }

    fn valid_period(&self) -> Result<Period, Skip> {
        self.period
            .or(30)
            .and_then(Period::new)
            .ok_or_else(|| Skip::new(Skip::BAD_PERIOD, "the period is not a number of seconds from 1"))
    }

    fn valid_counter(&self) -> Result<u64, Skip> {
        self.counter.or(0).ok_or_else(|| Skip::new(Skip::BAD_COUNTER, "the counter is not a number from 0"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(kind: Kind) -> Draft {
        Draft::new(kind, Secret::new(vec![1; 20]).unwrap())
    }

    #[test]
    fn numbers_are_read_wide() {
        let read = |json: &str| serde_json::from_str::<Number>(json).unwrap();
        assert_eq!(read("6"), Number::Of(6));
        assert_eq!(read("18446744073709551615"), Number::Of(u64::MAX.into()));
        assert_eq!(read("\" 6 \""), Number::Of(6));
        assert_eq!(read("null"), Number::Absent);
        for text in ["6.5", "true", "\"six\"", "[6]", "{\"a\":6}", "1e300"] {
            assert_eq!(read(text), Number::Invalid, "{text}");
        }
    }

    #[test]
    fn parameters_out_of_range_are_named() {
        let with = |change: fn(&mut Draft)| {
            let mut draft = draft(Kind::Totp);
            change(&mut draft);
            draft.build().unwrap_err().code
        };
        assert_eq!(with(|d| d.digits = Number::Of(0)), Skip::BAD_DIGITS);
        assert_eq!(with(|d| d.digits = Number::Of(262)), Skip::BAD_DIGITS);
        assert_eq!(with(|d| d.period = Number::Of(0)), Skip::BAD_PERIOD);
        assert_eq!(with(|d| d.period = Number::Invalid), Skip::BAD_PERIOD);
        let mut hotp = draft(Kind::Hotp);
        hotp.counter = Number::Of(-1);
        assert_eq!(hotp.build().unwrap_err().code, Skip::BAD_COUNTER);
    }

    #[test]
    fn steam_with_other_parameters_is_refused() {
        let mut steam = draft(Kind::Steam);
        steam.digits = Number::Of(6);
        assert_eq!(steam.build().unwrap_err().code, Skip::BAD_DIGITS);
        assert!(draft(Kind::Steam).build().is_ok());
    }
}
