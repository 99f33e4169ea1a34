//! The encryption of a backup. Neither scheme has a mark: only that a password opens it proves it.

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::INFO;
use crate::crypt::{Key, Prf, TAG, aes256_gcm_open, aes256_gcm_seal, pbkdf2};
use crate::ctx::{Ctx, Limits};
use crate::error::{Error, ErrorKind};
use crate::model::{Kdf, Protection, SecretText};

/// Bytes of the salt of the new scheme.
const SALT: usize = 12;
/// Bytes of a nonce.
const NONCE: usize = 12;
/// How many iterations the app draws from.
const USUAL_ITERATIONS: std::ops::RangeInclusive<u32> = 140_000..=160_000;
/// More than this is no number of iterations but the beginning of a nonce.
const MOST_ITERATIONS: u32 = 10_000_000;

/// Whether a file begins like one of the new scheme.
pub(super) fn has_usual_iterations(bytes: &[u8]) -> bool {
    New::parse(bytes).is_some_and(|new| USUAL_ITERATIONS.contains(&new.iterations))
}

/// Whether a file can be one of the old scheme.
pub(super) fn is_long_enough(bytes: &[u8]) -> bool {
    Old::parse(bytes).is_some()
}

/// A binary file, in both ways that it can be understood.
pub(super) struct Sealed<'a> {
    new: Option<New<'a>>,
    old: Old<'a>,
}

/// Of both schemes.
const CIPHER: &str = "AES-256-GCM";

/// What opened, and which scheme it was.
pub(super) struct Opened {
    pub(super) content: Zeroizing<Vec<u8>>,
    pub(super) old: bool,
    pub(super) protection: Protection,
}

impl<'a> Sealed<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let old = Old::parse(bytes).ok_or_else(|| {
            Error::malformed("the file is too short for an encrypted backup")
                .next_step("The file is damaged or incomplete: export or copy it again")
        })?;
        Ok(Self { new: New::parse(bytes), old })
    }

    /// Tries passwords until one opens the file in either scheme.
    pub(super) fn open(&self, ctx: &mut Ctx<'_>) -> Result<Opened, Error> {
        ctx.unlock(&INFO, |password, limits| self.open_with(password, limits))
    }

    fn open_with(&self, password: &SecretText, limits: &Limits) -> Result<Option<Opened>, Error> {
        if let Some(new) = &self.new
            && let Some(content) = new.open(password, limits)?
        {
            let protection = Protection::new(CIPHER, (Prf::Sha1, new.iterations));
            return Ok(Some(Opened { content, old: false, protection }));
        }
        let protection = Protection::new(CIPHER, Kdf::Unstretched("one SHA-256"));
        Ok(self.old.open(password).map(|content| Opened { content, old: true, protection }))
    }
}

/// Since version 0.6.3: iterations, salt, nonce, and AES-256-GCM with a key of PBKDF2.
struct New<'a> {
    iterations: u32,
    salt: &'a [u8; SALT],
    nonce: &'a [u8; NONCE],
    content: &'a [u8],
}

impl<'a> New<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (iterations, rest) = bytes.split_first_chunk()?;
        let (salt, rest) = rest.split_first_chunk()?;
        let (nonce, content) = rest.split_first_chunk()?;
        let iterations = u32::from_be_bytes(*iterations);
        let plausible = (1..=MOST_ITERATIONS).contains(&iterations) && content.len() > TAG;
        plausible.then_some(Self { iterations, salt, nonce, content })
    }

    fn open(&self, password: &SecretText, limits: &Limits) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let key = pbkdf2(Prf::Sha1, password.expose().as_bytes(), self.salt, self.iterations, limits)?;
        Ok(aes256_gcm_open(&key, self.nonce, self.content))
    }
}

/// Up to version 0.6.2: nonce, and AES-256-GCM with the SHA-256 of the password as its key.
struct Old<'a> {
    nonce: &'a [u8; NONCE],
    content: &'a [u8],
}

impl<'a> Old<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (nonce, content) = bytes.split_first_chunk()?;
        (content.len() > TAG).then_some(Self { nonce, content })
    }

    fn open(&self, password: &SecretText) -> Option<Zeroizing<Vec<u8>>> {
        let key = Key::new(Sha256::digest(password.expose().as_bytes()).into());
        aes256_gcm_open(&key, self.nonce, self.content)
    }
}

/// Encrypts in the new scheme.
pub(super) fn seal(content: &[u8], password: &SecretText, ctx: &mut Ctx<'_>) -> Result<Vec<u8>, Error> {
    let iterations = draw_iterations(ctx)?;
    let salt: [u8; SALT] = ctx.random()?;
    let nonce: [u8; NONCE] = ctx.random()?;
    let key = pbkdf2(Prf::Sha1, password.expose().as_bytes(), &salt, iterations, ctx.limits)?;
    let sealed = aes256_gcm_seal(&key, &nonce, content)
        .ok_or_else(|| Error::new(ErrorKind::Internal, "the accounts are too long to be encrypted"))?;
    Ok([iterations.to_be_bytes().as_slice(), &salt, &nonce, &sealed].concat())
}

/// As the app does, a number of its usual range at random.
fn draw_iterations(ctx: &mut Ctx<'_>) -> Result<u32, Error> {
    let (fewest, most) = (*USUAL_ITERATIONS.start(), *USUAL_ITERATIONS.end());
    let drawn = u32::from_be_bytes(ctx.random()?);
    Ok(fewest.saturating_add(drawn % (most - fewest + 1)))
}
