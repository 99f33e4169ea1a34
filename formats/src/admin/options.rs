//! What token files leave to whoever imports them: the admin chooses it in a form of the server, and has to say it
//! here as well.

use std::fmt;
use std::str::FromStr;

use super::delimited::Layout;
use crate::error::Error;
use crate::model::{Algorithm, Digits, Draft, Kind, Number, Otp, Period, Secret};

/// What the user says about the tokens of files that do not say it themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenOptions {
    /// What kind of token all lines of the file are for.
    pub token_type: Option<TokenType>,
    /// The hash of all tokens; SHA-1 where nothing is said.
    pub algorithm: Option<Algorithm>,
    /// Seconds that a code lives; 30 where nothing is said.
    pub period: Option<Period>,
    /// How Okta's factor profile has its seeds encoded; base32 where nothing is said.
    pub okta_encoding: Option<OktaEncoding>,
    /// Id of the factor profile that Okta enrols tokens in.
    pub okta_profile: Option<String>,
    /// What the columns of a delimited file are, and how its cells are written.
    pub layout: Layout,
}

impl TokenOptions {
    /// The type that the user has to say, because nothing in a file does.
    ///
    /// # Errors
    /// `OptionNeeded` when nothing was said.
    pub(crate) fn demanded_type(&self) -> Result<TokenType, Error> {
        self.token_type.ok_or_else(|| {
            Error::option_needed("nothing in this file says of which type its tokens are")
                .next_step(format!("Say it with --token-type: {}", TokenType::names()))
        })
    }

    /// Length of the codes where nothing else says it.
    pub(crate) fn digits(&self) -> Digits {
        match self.token_type {
            Some(TokenType::Totp(digits) | TokenType::Hotp(digits)) => digits,
            Some(TokenType::YubikeyAes) | None => Digits::SIX,
        }
    }

    /// Seconds that a code lives where nothing else says it.
    pub(crate) fn period(&self) -> Period {
        self.period.unwrap_or(Period::THIRTY)
    }

    /// Whether a server that is set up as said makes codes of that length and period.
    pub(crate) fn are_set_to(&self, otp: &Otp) -> bool {
        otp.digits() == self.digits().get() && otp.period().is_none_or(|period| period == self.period().get())
    }

    /// A token of that kind with all that was said about it.
    pub(crate) fn draft(&self, kind: Kind, secret: Secret) -> Draft {
        let digits = match self.token_type {
            Some(TokenType::Totp(digits) | TokenType::Hotp(digits)) => Number::Of(digits.get().into()),
            _ => Number::Absent,
        };
        let period = self.period.map_or(Number::Absent, |period| Number::Of(period.get().into()));
        Draft { algorithm: self.algorithm, digits, period, ..Draft::new(kind, secret) }
    }
}

/// What kind of token all lines of a file are for, as servers name it when a file is imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenType {
    /// Time-based codes of that length.
    Totp(Digits),
    /// Counter-based codes of that length.
    Hotp(Digits),
    /// Yubico OTP, from whose AES key no app makes codes.
    YubikeyAes,
}

impl TokenType {
    /// Every type that a server knows.
    const ALL: [Self; 6] = [
        Self::Totp(Digits::SIX),
        Self::Totp(Digits::EIGHT),
        Self::Totp(Digits::TEN),
        Self::Hotp(Digits::SIX),
        Self::Hotp(Digits::EIGHT),
        Self::YubikeyAes,
    ];

    fn names() -> String {
        Self::ALL.map(|known| known.to_string()).join(", ")
    }
}

/// `totp-6`.
impl fmt::Display for TokenType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Totp(digits) => write!(f, "totp-{}", digits.get()),
            Self::Hotp(digits) => write!(f, "hotp-{}", digits.get()),
            Self::YubikeyAes => f.write_str("yubikey-aes"),
        }
    }
}

impl FromStr for TokenType {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_meant = |known: &Self| known.to_string().eq_ignore_ascii_case(text.trim());
        Self::ALL
            .into_iter()
            .find(is_meant)
            .ok_or_else(|| format!("the types of tokens are {}", Self::names()))
    }
}

/// How a factor profile of Okta has its seeds encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OktaEncoding {
    /// RFC 4648.
    #[default]
    Base32,
    /// RFC 4648, with padding.
    Base64,
    /// Hexadecimal digits.
    Hex,
}

impl FromStr for OktaEncoding {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim().to_ascii_lowercase().as_str() {
            "base32" => Ok(Self::Base32),
            "base64" => Ok(Self::Base64),
            // As Okta calls it.
            "hex" | "hexadecimal" => Ok(Self::Hex),
            _ => Err("the encodings are base32, base64 and hex".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn types_are_known_by_their_names() {
        for known in TokenType::ALL {
            assert_eq!(known.to_string().to_uppercase().parse(), Ok(known));
        }
        for text in ["", "totp", "totp-7", "hotp-10", "yubikey"] {
            assert!(text.parse::<TokenType>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = TokenOptions::default().demanded_type().unwrap_err();
        assert_eq!(error.kind, ErrorKind::OptionNeeded);
        assert!(error.next_step.unwrap().contains("--token-type: totp-6, totp-8,"));
    }
}
