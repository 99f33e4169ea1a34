//! What a code is computed from: kinds, parameters, and their valid ranges.

use std::fmt;

use super::secret::{Secret, SecretText};

/// The hash under the HMAC of an HOTP or TOTP account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// HMAC-MD5, met in FreeOTP files and some URIs.
    Md5,
    /// HMAC-SHA-1, the default everywhere.
    Sha1,
    /// HMAC-SHA-224, met in FreeIPA and FreeOTP.
    Sha224,
    /// HMAC-SHA-256.
    Sha256,
    /// HMAC-SHA-384, met in FreeIPA and FreeOTP.
    Sha384,
    /// HMAC-SHA-512.
    Sha512,
}

impl Algorithm {
    /// Every algorithm of the model.
    pub const ALL: [Self; 6] =
        [Self::Md5, Self::Sha1, Self::Sha224, Self::Sha256, Self::Sha384, Self::Sha512];

    /// The canonical name: `SHA1`, `SHA256`, `MD5`, ...
    pub fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA1",
            Self::Sha224 => "SHA224",
            Self::Sha256 => "SHA256",
            Self::Sha384 => "SHA384",
            Self::Sha512 => "SHA512",
        }
    }

    /// Reads a canonical name in any case, and the spellings of real files: `HmacSHA1`,
    /// `HMAC-SHA-256`, `SHA-1`, `Algorithm.sha256`.
    pub fn parse(text: &str) -> Option<Self> {
        let upper = text.trim().to_ascii_uppercase();
        let upper = upper.strip_prefix("ALGORITHM.").unwrap_or(&upper);
        let plain: String = upper.replace("HMAC", "").replace(['-', '_'], "");
        Self::ALL.into_iter().find(|a| a.name() == plain)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Number of decimal digits of a code: 1 to 10.
///
/// Ten is the most that 31 bits of truncated HMAC can fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digits(u8);

impl Digits {
    /// The default of every app.
    pub const SIX: Self = Self(6);
    /// Microsoft personal accounts, Battle.net.
    pub const EIGHT: Self = Self(8);
    /// The most.
    pub const TEN: Self = Self(10);

    /// `None` outside 1..=10. Reads wide, so that 262 never becomes 6.
    pub fn new(digits: u64) -> Option<Self> {
        u8::try_from(digits).ok().filter(|d| (1..=10).contains(d)).map(Self)
    }

    /// The number.
    pub fn get(self) -> u8 {
        self.0
    }
}

/// Seconds that a TOTP code lives: 1 to 2^31 - 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period(u32);

impl Period {
    /// The default of every app.
    pub const THIRTY: Self = Self(30);
    /// The other one that hardware tokens have.
    pub const SIXTY: Self = Self(60);

    /// `None` for 0 and for more than a signed 32-bit number holds.
    pub fn new(seconds: u64) -> Option<Self> {
        let max = u64::from(u32::MAX >> 1);
        if !(1..=max).contains(&seconds) {
            return None;
        }
        u32::try_from(seconds).ok().map(Self)
    }

    /// The seconds.
    pub fn get(self) -> u32 {
        self.0
    }
}

/// The kind of an account, as the canonical file names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Time-based codes, RFC 6238.
    Totp,
    /// Counter-based codes, RFC 4226.
    Hotp,
    /// Steam Guard: five characters of its own alphabet.
    Steam,
    /// Mobile-OTP: MD5 over time, secret and PIN.
    Motp,
    /// Yandex Key: eight letters from secret and PIN.
    Yandex,
    /// An account without a secret: push, work or school, passwordless.
    NameOnly,
}

impl Kind {
    /// Every kind of the model.
    pub const ALL: [Self; 6] =
        [Self::Totp, Self::Hotp, Self::Steam, Self::Motp, Self::Yandex, Self::NameOnly];

    /// The canonical name: `totp`, `name-only`, ...
    pub fn name(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Hotp => "hotp",
            Self::Steam => "steam",
            Self::Motp => "motp",
            Self::Yandex => "yandex",
            Self::NameOnly => "name-only",
        }
    }

    /// Reads a canonical name, exactly.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.name() == text)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Everything that decides which codes an account shows.
///
/// Steam, mOTP and Yandex have fixed algorithm, digits and period, so they carry none: an account
/// with other values cannot be built. Equality compares secrets in constant time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Otp {
    /// RFC 6238 with T0 = 0.
    Totp {
        /// Key bytes.
        secret: Secret,
        /// Hash of the HMAC.
        algorithm: Algorithm,
        /// Length of the code.
        digits: Digits,
        /// Life of a code.
        period: Period,
    },
    /// RFC 4226.
    Hotp {
        /// Key bytes.
        secret: Secret,
        /// Hash of the HMAC.
        algorithm: Algorithm,
        /// Length of the code.
        digits: Digits,
        /// The next counter to use.
        counter: u64,
    },
    /// Steam Guard (HMAC-SHA-1, 30 seconds, five characters).
    Steam {
        /// Key bytes.
        secret: Secret,
    },
    /// Mobile-OTP (MD5, 10 seconds, six hex digits).
    Motp {
        /// The bytes whose lower-case hex text takes part in the hash.
        secret: Secret,
        /// Needed for codes; QR codes and most files do not carry it.
        pin: Option<SecretText>,
    },
    /// Yandex Key (SHA-256, 30 seconds, eight letters).
    Yandex {
        /// The first 16 bytes of the secret; see [`Otp::yandex`].
        secret: Secret,
        /// Needed for codes; QR codes never carry it.
        pin: Option<SecretText>,
    },
}

/// Why parameters do not make an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OtpError {
    /// Neither 16 nor 26 bytes.
    #[error("a Yandex secret has 26 or 42 characters")]
    YandexLength,
    /// The checksum in the 26-byte form does not match: a character was mistyped or misread.
    #[error("the checksum inside the Yandex secret does not match")]
    YandexChecksum,
}

impl Otp {
    /// A Yandex account from the 16-byte form (QR code) or the 26-byte form (manual set-up) of its
    /// secret. The longer form is checked and cut to the 16 bytes that codes are made from; what
    /// follows is data of the server (user number, PIN length, checksum).
    pub fn yandex(bytes: &[u8], pin: Option<SecretText>) -> Result<Self, OtpError> {
        match bytes.len() {
            16 => {}
            26 if yandex_checksum_matches(bytes) => {}
            26 => return Err(OtpError::YandexChecksum),
            _ => return Err(OtpError::YandexLength),
        }
        let key: Vec<u8> = bytes.iter().copied().take(16).collect();
        Secret::new(key).map(|secret| Self::Yandex { secret, pin }).ok_or(OtpError::YandexLength)
    }

    /// The kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Totp { .. } => Kind::Totp,
            Self::Hotp { .. } => Kind::Hotp,
            Self::Steam { .. } => Kind::Steam,
            Self::Motp { .. } => Kind::Motp,
            Self::Yandex { .. } => Kind::Yandex,
        }
    }

    /// The key.
    pub fn secret(&self) -> &Secret {
        match self {
            Self::Totp { secret, .. }
            | Self::Hotp { secret, .. }
            | Self::Steam { secret }
            | Self::Motp { secret, .. }
            | Self::Yandex { secret, .. } => secret,
        }
    }

    /// The hash; fixed for Steam, mOTP and Yandex.
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::Totp { algorithm, .. } | Self::Hotp { algorithm, .. } => *algorithm,
            Self::Steam { .. } => Algorithm::Sha1,
            Self::Motp { .. } => Algorithm::Md5,
            Self::Yandex { .. } => Algorithm::Sha256,
        }
    }

    /// Characters of a code; fixed for Steam, mOTP and Yandex.
    pub fn digits(&self) -> u8 {
        match self {
            Self::Totp { digits, .. } | Self::Hotp { digits, .. } => digits.get(),
            Self::Steam { .. } => 5,
            Self::Motp { .. } => 6,
            Self::Yandex { .. } => 8,
        }
    }

    /// Seconds that a code lives; `None` for HOTP.
    pub fn period(&self) -> Option<u32> {
        match self {
            Self::Totp { period, .. } => Some(period.get()),
            Self::Hotp { .. } => None,
            Self::Steam { .. } | Self::Yandex { .. } => Some(30),
            Self::Motp { .. } => Some(10),
        }
    }

    /// The next HOTP counter; `None` for every other kind.
    pub fn counter(&self) -> Option<u64> {
        match self {
            Self::Hotp { counter, .. } => Some(*counter),
            _ => None,
        }
    }

    /// The same account with another next counter; other kinds than HOTP have none, and stay as they are.
    #[must_use]
    pub fn with_counter(mut self, next: u64) -> Self {
        if let Self::Hotp { counter, .. } = &mut self {
            *counter = next;
        }
        self
    }

    /// The PIN of mOTP and Yandex where it is known.
    pub fn pin(&self) -> Option<&SecretText> {
        match self {
            Self::Motp { pin, .. } | Self::Yandex { pin, .. } => pin.as_ref(),
            _ => None,
        }
    }
}

/// Remainder of the first 196 bits modulo the polynomial 0x18F3 against the last 12 bits.
/// Source: the check that Yandex Key makes on manual entry, as Aegis documents it.
fn yandex_checksum_matches(bytes: &[u8]) -> bool {
    const POLYNOMIAL: u16 = 0x18F3;
    let bits =
        bytes.iter().flat_map(|byte| (0..8).rev().map(move |shift| (byte >> shift) & 1)).map(u16::from);
    let mut register: u16 = 0;
    for bit in bits.clone().take(196) {
        register = (register << 1) | bit;
        if register & 0x1000 != 0 {
            register ^= POLYNOMIAL;
        }
    }
    let stored = bits.skip(196).fold(0, |sum: u16, bit| (sum << 1) | bit);
    register == stored
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::BASE32_NOPAD;

    #[test]
    fn spellings_of_algorithms() {
        for (text, wanted) in [
            ("SHA1", Some(Algorithm::Sha1)),
            ("sha256", Some(Algorithm::Sha256)),
            ("HmacSHA512", Some(Algorithm::Sha512)),
            ("HMAC-SHA-384", Some(Algorithm::Sha384)),
            ("Algorithm.sha224", Some(Algorithm::Sha224)),
            ("md5", Some(Algorithm::Md5)),
            ("GOST", None),
            ("", None),
        ] {
            assert_eq!(Algorithm::parse(text), wanted, "{text}");
        }
    }

    #[test]
    fn ranges_are_checked_before_narrowing() {
        assert_eq!(Digits::new(6), Some(Digits::SIX));
        assert_eq!(Digits::new(0), None);
        assert_eq!(Digits::new(11), None);
        assert_eq!(Digits::new(262), None);
        assert_eq!(Period::new(0), None);
        assert_eq!(Period::new(4_294_967_326), None);
        assert_eq!(Period::new(30), Some(Period::THIRTY));
    }

    #[test]
    fn yandex_secrets_are_checked() {
        // The values of the published checks; the last two were corrupted on purpose.
        for (text, valid) in [
            ("LA2V6KMCGYMWWVEW64RNP3JA3IAAAAAAHTSG4HRZPI", true),
            ("LA2V6KMCGYMWWVEW64RNP3JA3I", true),
            ("6SB2IKNM6OBZPAVBVTOHDKS4FAAAAAAADFUTQMBTRY", true),
            ("JBGSAU4G7IEZG6OY4UAXX62JU4AAAAAAHTSG4HXU3M", true),
            ("AA2V6KMCGYMWWVEW64RNP3JA3IAAAAAAHTSG4HRZPI", false),
        ] {
            let bytes = BASE32_NOPAD.decode(text.as_bytes()).unwrap();
            let otp = Otp::yandex(&bytes, None);
            assert_eq!(otp.is_ok(), valid, "{text}");
            if let Ok(otp) = otp {
                assert_eq!(otp.secret().expose(), &bytes[..16]);
            }
        }
        assert_eq!(Otp::yandex(&[0; 18], None), Err(OtpError::YandexLength));
    }
}
