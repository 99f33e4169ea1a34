//! Codes: HOTP (RFC 4226), TOTP (RFC 6238), Steam Guard, Mobile-OTP, Yandex Key.

mod mac;
pub mod proof;

use std::fmt;

use md5::{Digest, Md5};
use zeroize::Zeroizing;

use crate::model::{Algorithm, Otp, Secret, SecretText};
use mac::Mac;

/// Alphabet of Steam Guard codes.
const STEAM: &[u8; 26] = b"23456789BCDFGHJKMNPQRTVWXY";
/// 26 letters to the power of the 8 places of a Yandex code.
const YANDEX_CODES: u64 = 208_827_064_576;

/// Why a code cannot be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// mOTP and Yandex codes need the user's PIN, and the file did not hold it.
    #[error("the PIN is not known")]
    PinMissing,
    /// HMAC-MD5 is 16 bytes long; for three offsets in sixteen RFC 4226's truncation would read
    /// past its end, and no specification says what happens then.
    #[error("HMAC-MD5 is too short for this moment")]
    MacTooShort,
}

/// One code: up to ten ASCII characters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Code {
    characters: [u8; 10],
    length: usize,
}

impl Code {
    /// The code as text, with leading zeros.
    pub fn as_str(&self) -> &str {
        let text = self.characters.get(..self.length).unwrap_or_default();
        std::str::from_utf8(text).unwrap_or_default()
    }

    fn collect(characters: impl Iterator<Item = u8>) -> Self {
        let mut code = Self { characters: [0; 10], length: 0 };
        for (slot, character) in code.characters.iter_mut().zip(characters) {
            *slot = character;
            code.length += 1;
        }
        code
    }

    /// The lowest `length` digits of `value` in the alphabet, most significant first.
    fn positional(mut value: u64, length: usize, alphabet: &[u8]) -> Self {
        let base = u64::try_from(alphabet.len()).unwrap_or(u64::MAX);
        let mut code = Self { characters: [0; 10], length: length.min(10) };
        for slot in code.characters.iter_mut().take(length).rev() {
            let digit = usize::try_from(value % base).unwrap_or(0);
            *slot = alphabet.get(digit).copied().unwrap_or(b'?');
            value /= base;
        }
        code
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Computes the codes of one account. Keys the hash once, so that many moments are cheap.
pub struct Generator<'a> {
    otp: &'a Otp,
    engine: Engine,
}

enum Engine {
    /// Everything that is an HMAC over a counter.
    Hmac(Box<Mac>),
    /// mOTP: the text that follows the time in the hash.
    Motp(Zeroizing<String>),
}

impl<'a> Generator<'a> {
    /// Prepares the codes of an account.
    ///
    /// # Errors
    /// [`CodeError::PinMissing`] for mOTP and Yandex accounts whose PIN is not known.
    pub fn new(otp: &'a Otp) -> Result<Self, CodeError> {
        let engine = match otp {
            Otp::Motp { secret, pin } => {
                let pin = pin.as_ref().ok_or(CodeError::PinMissing)?;
                Engine::Motp(motp_suffix(secret, pin))
            }
            Otp::Yandex { secret, pin } => {
                let pin = pin.as_ref().ok_or(CodeError::PinMissing)?;
                Engine::Hmac(Box::new(yandex_mac(secret, pin)))
            }
            Otp::Totp { .. } | Otp::Hotp { .. } | Otp::Steam { .. } => {
                Engine::Hmac(Box::new(Mac::new(otp.algorithm(), otp.secret().expose())))
            }
        };
        Ok(Self { otp, engine })
    }

    /// The code at a moment: Unix seconds, or the counter of an HOTP account.
    ///
    /// # Errors
    /// [`CodeError::MacTooShort`], with MD5 only.
    pub fn at(&self, moment: u64) -> Result<Code, CodeError> {
        let step = match self.otp.period() {
            Some(period) => moment / u64::from(period),
            None => moment,
        };
        let mac = match &self.engine {
            Engine::Hmac(mac) => mac.over(step),
            Engine::Motp(suffix) => return Ok(motp(step, suffix)),
        };
        match self.otp {
            Otp::Yandex { .. } => {
                let value = mac.truncate::<8>().map(u64::from_be_bytes)? & (u64::MAX >> 1);
                Ok(Code::positional(value % YANDEX_CODES, 8, b"abcdefghijklmnopqrstuvwxyz"))
            }
            Otp::Steam { .. } => Ok(steam(truncated(&mac)?)),
            _ => {
                let digits = usize::from(self.otp.digits());
                Ok(Code::positional(truncated(&mac)?, digits, b"0123456789"))
            }
        }
    }
}

/// RFC 4226, section 5.3: 31 bits at the offset that the last four bits name.
fn truncated(mac: &mac::Output) -> Result<u64, CodeError> {
    let value = mac.truncate::<4>().map(u32::from_be_bytes)?;
    Ok(u64::from(value & (u32::MAX >> 1)))
}

/// Five characters, the least significant first.
fn steam(mut value: u64) -> Code {
    Code::collect((0..5).map(|_| {
        let digit = usize::try_from(value % 26).unwrap_or(0);
        value /= 26;
        STEAM.get(digit).copied().unwrap_or(b'?')
    }))
}

/// The secret takes part as its lower-case hex text, as mOTP clients show it.
fn motp_suffix(secret: &Secret, pin: &SecretText) -> Zeroizing<String> {
    let mut suffix = Zeroizing::new(String::with_capacity(secret.expose().len() * 2 + pin.expose().len()));
    data_encoding::HEXLOWER.encode_append(secret.expose(), &mut suffix);
    suffix.push_str(pin.expose());
    suffix
}

fn motp(step: u64, suffix: &str) -> Code {
    let hash = Md5::new().chain_update(step.to_string()).chain_update(suffix).finalize();
    let hex = data_encoding::HEXLOWER.encode(&hash);
    Code::collect(hex.bytes().take(6))
}

/// The HMAC key is SHA-256 over PIN and secret; a leading zero byte is dropped, because the app
/// handles the hash as a number.
fn yandex_mac(secret: &Secret, pin: &SecretText) -> Mac {
    let hash = sha2::Sha256::new().chain_update(pin.expose()).chain_update(secret.expose()).finalize();
    let key = match hash.as_slice() {
        [0, rest @ ..] => rest,
        whole => whole,
    };
    Mac::new(Algorithm::Sha256, key)
}
