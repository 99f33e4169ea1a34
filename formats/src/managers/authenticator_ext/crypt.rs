//! The three ways of encryption.

use data_encoding::{BASE64_NOPAD, HEXLOWER};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::VERSION;
use crate::crypt::{Argon2Cost, Phc, argon2id, salted_open, salted_seal};
use crate::ctx::{Ctx, Limits};
use crate::error::Error;
use crate::model::{Kdf, Number, Protection, SecretText};
use crate::text::json;

/// The cost of every key of version 3; the file does not say it.
const COST: Argon2Cost = Argon2Cost { memory: 19_456, passes: 2, lanes: 1 };

/// How the secrets are encrypted, with a key of version 3 or in the ways before.
pub(super) fn protection(is_version_3: bool) -> Protection {
    let kdf = if is_version_3 { COST.into() } else { Kdf::Unstretched("one MD5") };
    Protection::new("AES-256-CBC", kdf)
}

/// What a text is encrypted with, as text.
pub(super) type PassPhrase = Zeroizing<String>;

/// Opens a text; `None` when the pass phrase is another or the text is damaged.
pub(super) fn open(text: &str, pass: &str) -> Option<Zeroizing<String>> {
    let mut bytes = salted_open(text, pass.as_bytes())?;
    String::from_utf8(std::mem::take(&mut *bytes)).ok().map(Zeroizing::new)
}

/// Encrypts a text.
pub(super) fn seal(text: &[u8], pass: &str, ctx: &mut Ctx<'_>) -> Result<String, Error> {
    Ok(salted_seal(text, pass.as_bytes(), &ctx.random::<8>()?))
}

/// The key of version 2: random bytes under the password.
#[derive(Default, Deserialize)]
pub(super) struct OldKey {
    /// The encrypted bytes.
    pub(super) enc: Option<String>,
    /// The hash of their hexadecimal text.
    pub(super) hash: Option<String>,
}

impl OldKey {
    /// The pass phrase of the secrets; `None` for a wrong password.
    pub(super) fn unlock(
        sealed: &str,
        hash: &Phc,
        password: &SecretText,
        limits: &Limits,
    ) -> Result<Option<PassPhrase>, Error> {
        let Some(bytes) = salted_open(sealed, password.expose().as_bytes()) else { return Ok(None) };
        let pass = Zeroizing::new(HEXLOWER.encode(&bytes));
        Ok(hash.is_of(pass.as_bytes(), limits)?.then_some(pass))
    }
}

/// A key of version 3.
#[derive(Deserialize)]
pub(super) struct Key {
    pub(super) id: Option<String>,
    pub(super) salt: String,
    hash: String,
    #[serde(default)]
    version: Number,
}

impl Key {
    /// The hash of its pass phrase, when the key is one that this reader knows.
    pub(super) fn hash(&self, pointer: &str) -> Result<Phc, Error> {
        json::check_version(self.version, VERSION, &format!("{pointer}/version"))?;
        Phc::parse(&self.hash)
            .ok_or_else(|| json::damaged(&format!("{pointer}/hash"), "this is not a hash of Argon2id"))
    }

    /// The pass phrase of its entries; `None` for a wrong password.
    pub(super) fn unlock(
        &self,
        hash: &Phc,
        password: &SecretText,
        limits: &Limits,
    ) -> Result<Option<PassPhrase>, Error> {
        let pass = pass_phrase(password, &self.salt, limits)?;
        Ok(hash.is_of(pass.as_bytes(), limits)?.then_some(pass))
    }
}

/// The salt is used as it stands in the file, although it is hexadecimal; so is the base64 of the result.
fn pass_phrase(password: &SecretText, salt: &str, limits: &Limits) -> Result<PassPhrase, Error> {
    let raw = argon2id(password.expose().as_bytes(), salt.as_bytes(), COST, limits)?;
    Ok(Zeroizing::new(BASE64_NOPAD.encode(raw.as_slice())))
}

/// A key of version 3 as it is written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewKey {
    data_type: &'static str,
    pub(super) id: String,
    salt: String,
    hash: String,
    version: u8,
}

impl NewKey {
    /// A new key and its pass phrase.
    pub(super) fn make(password: &SecretText, ctx: &mut Ctx<'_>) -> Result<(Self, PassPhrase), Error> {
        let salt = HEXLOWER.encode(&ctx.random::<16>()?);
        let hash_salt = HEXLOWER.encode(&ctx.random::<16>()?);
        let pass = pass_phrase(password, &salt, ctx.limits)?;
        let hash = Phc::make(pass.as_bytes(), hash_salt.as_bytes(), COST, ctx.limits)?;
        Ok((Self { data_type: "Key", id: ctx.uuid()?, salt, hash, version: VERSION }, pass))
    }
}
