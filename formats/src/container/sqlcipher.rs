//! SQLite databases that SQLCipher 3 has encrypted with a password.
//!
//! Each page of 1024 bytes ends in a reserve of 48: an initial vector of 16, an HMAC-SHA-1 of 20, and
//! 12 that are unused. The pages are AES-256-CBC without padding. The first page begins with the
//! salt of 16 bytes in place of SQLite's magic. Source: SQLCipher's "Design" page, and its `crypto_impl.c`
//! for the key of the HMAC.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use zeroize::Zeroizing;

use super::sqlite::Database;
use crate::crypt::{Key, Prf, aes_cbc_open_unpadded, pbkdf2};
use crate::ctx::Limits;
use crate::error::{Error, Place};
use crate::model::Protection;

const PAGE: usize = 1024;
const RESERVE: usize = 48;
const SALT: usize = 16;
const IV: usize = 16;
const HMAC: usize = 20;
const ITERATIONS: u32 = 64_000;
/// Iterations from the key to the HMAC's key.
const FAST_ITERATIONS: u32 = 2;

/// How a database is encrypted.
pub(crate) fn protection() -> Protection {
    Protection::new("AES-256-CBC with HMAC-SHA-1", (Prf::Sha1, ITERATIONS))
}
/// What the salt is changed by for the HMAC's key.
const SALT_MASK: u8 = 0x3a;
/// Fewest different bytes in the first page: noise has about 250 of 256, everything else far fewer.
const NOISE: usize = 220;

/// Whether bytes can be such a database: whole pages that begin with noise.
pub(crate) fn sniff(bytes: &[u8]) -> bool {
    let Some(page) = bytes.get(..PAGE).filter(|_| bytes.len().is_multiple_of(PAGE)) else {
        return false;
    };
    let mut seen = [false; 256];
    for byte in page {
        if let Some(seen) = seen.get_mut(usize::from(*byte)) {
            *seen = true;
        }
    }
    !super::sqlite::sniff(bytes) && seen.iter().filter(|seen| **seen).count() >= NOISE
}

/// Decrypts a database to plain SQLite. `None` for a wrong password.
///
/// # Errors
/// `Malformed` with the place of a damaged page.
pub(crate) fn open(
    bytes: &[u8],
    password: &[u8],
    limits: &Limits,
) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    let (salt, _) = bytes.split_first_chunk::<SALT>().ok_or_else(|| damaged(0))?;
    let keys = Keys::new(password, salt, limits)?;
    let mut plain = Zeroizing::new(Vec::with_capacity(bytes.len()));
    plain.extend_from_slice(Database::MAGIC);
    for (index, page) in bytes.chunks(PAGE).enumerate() {
        let skipped = if index == 0 { SALT } else { 0 };
        let number = u32::try_from(index).ok().and_then(|index| index.checked_add(1));
        let opened = number.and_then(|number| keys.open(page.get(skipped..)?, number));
        match opened {
            Some(content) => plain.extend_from_slice(&content),
            None if index == 0 => return Ok(None),
            None => return Err(damaged(index.saturating_mul(PAGE))),
        }
        plain.extend_from_slice(&[0; RESERVE]);
    }
    Ok(Some(plain))
}

fn damaged(at: usize) -> Error {
    Error::malformed("a page of the encrypted database is damaged or cut off")
        .at(Place::Byte(at))
        .next_step("Export or copy the database again")
}

struct Keys {
    content: Key,
    mac: Key,
}

impl Keys {
    fn new(password: &[u8], salt: &[u8; SALT], limits: &Limits) -> Result<Self, Error> {
        let content: Key = pbkdf2(Prf::Sha1, password, salt, ITERATIONS, limits)?;
        let mac_salt = salt.map(|byte| byte ^ SALT_MASK);
        let mac = pbkdf2(Prf::Sha1, content.as_slice(), &mac_salt, FAST_ITERATIONS, limits)?;
        Ok(Self { content, mac })
    }

    /// The content of a page without its reserve. The HMAC is over ciphertext, initial vector and the
    /// number of the page, little endian.
    fn open(&self, page: &[u8], number: u32) -> Option<Zeroizing<Vec<u8>>> {
        let (content, reserve) = page.split_at_checked(page.len().checked_sub(RESERVE)?)?;
        let (iv, rest) = reserve.split_first_chunk::<IV>()?;
        let mac = rest.get(..HMAC)?;
        let hmac = Hmac::<Sha1>::new_from_slice(self.mac.as_slice()).ok()?;
        let signed = hmac.chain_update(content).chain_update(iv).chain_update(number.to_le_bytes());
        signed.verify_slice(mac).ok()?;
        aes_cbc_open_unpadded(self.content.as_slice(), iv, content)
    }
}
