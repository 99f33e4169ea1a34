//! The encryption of a single token under the backup password.
//!
//! The key is PBKDF2-HMAC-SHA-1 over the characters of the salt, 32 bytes; AES-256-CBC with PKCS #7
//! padding over the base32 text of the secret. The initial vector is zero unless `unique_iv` is set.

use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use zeroize::Zeroizing;

use crate::crypt::{Prf, aes_cbc_open, pbkdf2};
use crate::ctx::Limits;
use crate::error::Error;
use crate::model::{Number, SecretText};
use crate::report::Skip;

/// Iterations where the file states none.
const OLD: u32 = 1_000;
/// Iterations since June 2024. Source: alexzorin/authy, issue 30.
const NEW: u32 = 100_000;

/// An encrypted secret.
pub(super) struct Sealed {
    content: Vec<u8>,
    salt: String,
    iv: [u8; 16],
    /// `None` where the file states none.
    iterations: Option<u32>,
}

impl Sealed {
    pub(super) fn parse(content: &str, salt: &str, iv: &str, iterations: Number) -> Result<Self, Skip> {
        let damaged = |what: &str| Skip::new(Skip::BAD_SECRET, format!("its encrypted secret has {what}"));
        // Android's encoder breaks long texts into lines of 76 characters unless it is told not to.
        let content: String = content.split_ascii_whitespace().collect();
        let content = BASE64.decode(content.as_bytes()).ok();
        let content = content
            .filter(|content| !content.is_empty() && content.len().is_multiple_of(16))
            .ok_or_else(|| damaged("not the shape of one"))?;
        if salt.is_empty() {
            return Err(damaged("no salt"));
        }
        let iv = match iv {
            "" => [0; 16],
            hex => HEXLOWER_PERMISSIVE
                .decode(hex.as_bytes())
                .ok()
                .and_then(|bytes| bytes.try_into().ok())
                .ok_or_else(|| damaged("an initial vector that is not 32 hexadecimal digits"))?,
        };
        let iterations = match iterations {
            Number::Absent => None,
            Number::Of(count) => {
                let count = u32::try_from(count).ok().filter(|count| *count > 0);
                Some(count.ok_or_else(|| damaged("an impossible number of iterations"))?)
            }
            Number::Invalid => return Err(damaged("a number of iterations that is none")),
        };
        Ok(Self { content, salt: salt.to_owned(), iv, iterations })
    }

    /// Steps of the key derivation for one password.
    pub(super) fn work(&self) -> u64 {
        self.rounds().map(u64::from).sum()
    }

    /// No preferences with the newer count were seen, but they state none, so it is tried as well.
    fn rounds(&self) -> impl Iterator<Item = u32> + use<> {
        let counts = match self.iterations {
            Some(count) => [Some(count), None],
            None => [Some(OLD), Some(NEW)],
        };
        counts.into_iter().flatten()
    }

    /// What the password makes of it, by each number of iterations that is possible: of the wrong
    /// ones nearly always nothing, as the padding does not fit.
    pub(super) fn open(
        &self,
        password: &SecretText,
        limits: &Limits,
        mut accept: impl FnMut(&Zeroizing<Vec<u8>>) -> bool,
    ) -> Result<bool, Error> {
        for count in self.rounds() {
            let secret = password.expose().as_bytes();
            let key = pbkdf2::<32>(Prf::Sha1, secret, self.salt.as_bytes(), count, limits)?;
            let opened = aes_cbc_open(key.as_slice(), &self.iv, &self.content);
            if opened.as_ref().is_some_and(&mut accept) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
