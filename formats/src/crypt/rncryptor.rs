//! RNCryptor, version 3, with a password. Source: the project's `RNCryptor-Spec-v3`.
//!
//! A version byte, an options byte, 8 bytes of salt for the key, 8 for the HMAC's, 16 of initial
//! vector, AES-256-CBC with PKCS #7 padding, and HMAC-SHA-256 over all of it.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::cbc::aes_cbc_open;
use super::kdf::{Prf, pbkdf2};
use crate::ctx::Limits;
use crate::error::Error;

const ITERATIONS: u32 = 10_000;
const VERSION: u8 = 3;
/// Options: the keys come from a password.
const PASSWORD: u8 = 1;

/// A sealed message in its parts.
pub(crate) struct RnCryptor<'a> {
    /// What the HMAC is made of: everything before it.
    signed: &'a [u8],
    salt: &'a [u8; 8],
    mac_salt: &'a [u8; 8],
    iv: &'a [u8; 16],
    content: &'a [u8],
    mac: &'a [u8; 32],
}

impl<'a> RnCryptor<'a> {
    /// Cuts a message into its parts.
    ///
    /// # Errors
    /// `NewerVersion` for another version than 3; `Malformed` for a message that is cut off.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let parts = Self::split(bytes).ok_or_else(|| {
            Error::malformed("the encrypted content is damaged or incomplete")
                .next_step("Export or copy the file again")
        })?;
        match bytes {
            [VERSION, PASSWORD, ..] => Ok(parts),
            _ => Err(Error::newer("the content is encrypted in another way than known")),
        }
    }

    fn split(bytes: &'a [u8]) -> Option<Self> {
        let (signed, mac) = bytes.split_last_chunk()?;
        let (salt, rest) = signed.get(2..)?.split_first_chunk()?;
        let (mac_salt, rest) = rest.split_first_chunk()?;
        let (iv, content) = rest.split_first_chunk()?;
        let whole = !content.is_empty() && content.len().is_multiple_of(16);
        whole.then_some(Self { signed, salt, mac_salt, iv, content, mac })
    }

    /// The message. `None` for a wrong password or a damaged message: the HMAC cannot tell.
    pub(crate) fn open(&self, password: &[u8], limits: &Limits) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let mac_key = pbkdf2::<32>(Prf::Sha1, password, self.mac_salt, ITERATIONS, limits)?;
        if !self.is_signed_with(mac_key.as_slice()) {
            return Ok(None);
        }
        let key = pbkdf2::<32>(Prf::Sha1, password, self.salt, ITERATIONS, limits)?;
        Ok(aes_cbc_open(key.as_slice(), self.iv, self.content))
    }

    fn is_signed_with(&self, key: &[u8]) -> bool {
        Hmac::<Sha256>::new_from_slice(key)
            .is_ok_and(|hmac| hmac.chain_update(self.signed).verify_slice(self.mac).is_ok())
    }
}
