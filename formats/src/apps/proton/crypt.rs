//! The encryption of an export: Argon2id with fixed costs, AES-256-GCM.

use data_encoding::BASE64;
use zeroize::Zeroizing;

use super::INFO;
use crate::crypt::{Argon2Cost, TAG, aes256_gcm_open_with, aes256_gcm_seal_with, argon2id};
use crate::ctx::{Ctx, Limits};
use crate::error::{Error, ErrorKind};
use crate::model::{Protection, SecretText};
use crate::text::json;

/// 19 MiB, two passes, one lane. Source: the vendor's `password_exporter.rs`.
const COST: Argon2Cost = Argon2Cost { memory: 19 * 1024, passes: 2, lanes: 1 };
const SALT: usize = 16;
const NONCE: usize = 12;
/// What the tag covers besides the content.
const ASSOCIATED: &[u8] = b"proton.authenticator.export.v1";

/// An encrypted export, checked as far as is possible without a password.
pub(super) struct Sealed {
    salt: [u8; SALT],
    nonce: [u8; NONCE],
    /// Ciphertext and tag.
    content: Vec<u8>,
}

impl Sealed {
    pub(super) fn parse(salt: &str, content: &str) -> Result<Self, Error> {
        let salt = BASE64.decode(salt.as_bytes()).ok().and_then(|salt| salt.try_into().ok());
        let content = BASE64.decode(content.as_bytes()).ok();
        let short = || json::damaged("/content", "the encrypted content is not Base64, or too short");
        let content = content.ok_or_else(short)?;
        let (nonce, content) = content.split_first_chunk().ok_or_else(short)?;
        if content.len() < TAG {
            return Err(short());
        }
        Ok(Self {
            salt: salt.ok_or_else(|| json::damaged("/salt", "the salt is not the Base64 of 16 bytes"))?,
            nonce: *nonce,
            content: content.to_vec(),
        })
    }

    pub(super) fn protection(&self) -> Protection {
        Protection::new("AES-256-GCM", COST)
    }

    /// Tries passwords until one opens the content.
    pub(super) fn open(&self, ctx: &mut Ctx<'_>) -> Result<Zeroizing<Vec<u8>>, Error> {
        ctx.unlock(&INFO, |password, limits| self.open_with(password, limits))
    }

    fn open_with(&self, password: &SecretText, limits: &Limits) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let key = argon2id(password.expose().as_bytes(), &self.salt, COST, limits)?;
        Ok(aes256_gcm_open_with(&key, &self.nonce, &self.content, ASSOCIATED))
    }
}

/// The fields of a new encrypted file.
pub(super) struct NewSealed {
    pub(super) salt: String,
    pub(super) content: String,
}

pub(super) fn seal(text: &[u8], password: &SecretText, ctx: &mut Ctx<'_>) -> Result<NewSealed, Error> {
    let salt: [u8; SALT] = ctx.random()?;
    let nonce: [u8; NONCE] = ctx.random()?;
    let key = argon2id(password.expose().as_bytes(), &salt, COST, ctx.limits)?;
    let content = aes256_gcm_seal_with(&key, &nonce, text, ASSOCIATED)
        .ok_or_else(|| Error::new(ErrorKind::Internal, "the content is too long to be encrypted"))?;
    let content = [nonce.as_slice(), &content].concat();
    Ok(NewSealed { salt: BASE64.encode(&salt), content: BASE64.encode(&content) })
}
