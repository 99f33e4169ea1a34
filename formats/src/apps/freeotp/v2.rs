//! The backup of FreeOTP 2: for each token its description in plain JSON and its key, encrypted with
//! a master key, which is encrypted with the password. The app keeps the same values in its preferences
//! `tokenBackup.xml`, for the device's own backup.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::token::{SignedBytes, Token};
use super::{ID, INFO};
use crate::container::java::StringMap;
use crate::container::prefs::{Prefs, Value as Preference};
use crate::crypt::{Key, Prf, aes256_gcm_open_with, pbkdf2};
use crate::ctx::{Ctx, Limits};
use crate::error::{Error, Place};
use crate::format::Confidence;
use crate::model::{Algorithm, Number, Otp, Protection, Secret, SecretText, Vault};
use crate::report::Skip;
use crate::text::uuid::is_uuid;

pub(super) const MASTER_KEY: &str = "masterKey";
/// What follows the id of a token in the name of its description.
pub(super) const TOKEN: &str = "-token";
/// How every key is encrypted.
pub(super) const CIPHER: &str = "AES/GCM/NoPadding";

/// Any Java program can serialise a map.
pub(super) fn recognise(bytes: &[u8]) -> Confidence {
    match StringMap::parse(bytes) {
        Ok(map) if map.iter().any(|(key, _)| key == MASTER_KEY || key.ends_with(TOKEN)) => Confidence::Sure,
        Ok(_) => Confidence::Weak,
        Err(_) => Confidence::Likely,
    }
}

/// The preferences of the backup, which are no others.
pub(super) fn is_ours(prefs: &Prefs) -> bool {
    prefs.text(MASTER_KEY).is_some_and(|master| serde_json::from_str::<MasterKey>(master).is_ok())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MasterKey {
    m_algorithm: String,
    m_encrypted_key: EncryptedKey,
    #[serde(default)]
    m_iterations: Number,
    m_salt: SignedBytes,
}

/// Ciphertext with its tag, and the parameters of AES-GCM.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EncryptedKey {
    pub(super) m_cipher: String,
    pub(super) m_cipher_text: SignedBytes,
    pub(super) m_parameters: SignedBytes,
    /// The algorithm that the key is for; the ciphertext is bound to it.
    pub(super) m_token: String,
}

/// The value of a token's id: the encrypted key as a text of JSON.
#[derive(Deserialize)]
struct Wrapped {
    key: String,
}

pub(super) fn decode(bytes: &[u8], ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
    let map = StringMap::parse(bytes)?;
    read(&map.iter().collect::<Vec<_>>(), ctx)
}

pub(super) fn decode_preferences(prefs: &Prefs, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
    let texts = prefs.iter().filter_map(|(name, value)| match value {
        Preference::Text(text) => Some((name, text.as_str())),
        _ => None,
    });
    read(&texts.collect::<Vec<_>>(), ctx)
}

/// Names and texts, in order.
fn read(map: &[(&str, &str)], ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
    ctx.limits.check_accounts(map.len() / 2)?;
    let values: HashMap<&str, &str> = map.iter().copied().collect();
    let master = values.get(MASTER_KEY).ok_or_else(|| damaged("the master key is missing"))?;
    let master: MasterKey =
        serde_json::from_str(master).map_err(|_| damaged("the master key has an unexpected shape"))?;
    let locked = Locked::new(&master)?;
    let master = locked.open(ctx)?;
    let protection = Protection::new("AES-256-GCM", (locked.prf, locked.iterations));
    let mut vault = Vault { variant: "version 2".to_owned(), ..Vault::default() }.protected(protection);
    let mut seen = HashSet::new();
    for (key, description) in map {
        if let Some(id) = key.strip_suffix(TOKEN).filter(|id| seen.insert(*id)) {
            read_token(description, values.get(id).copied(), &master, &mut vault);
        }
    }
    for (id, _) in map.iter().filter(|(id, _)| is_uuid(id)) {
        if seen.insert(*id) {
            let skip = Skip::new(Skip::MISSING_FIELD, "a key without the description of its token");
            vault.skipped.push(skip.item(vault.entries(), "", ""));
        }
    }
    Ok(vault)
}

fn damaged(message: &str) -> Error {
    Error::malformed(message)
        .at(Place::Json(format!("/{MASTER_KEY}")))
        .next_step("The file is damaged or incomplete: make the backup again")
}

/// The master key under the password, checked as far as is possible without it.
struct Locked<'a> {
    prf: Prf,
    salt: &'a [u8],
    iterations: u32,
    sealed: Sealed<'a>,
}

impl<'a> Locked<'a> {
    fn new(master: &'a MasterKey) -> Result<Self, Error> {
        let prf = match master.m_algorithm.to_ascii_uppercase().as_str() {
            // Older versions of Android have no other.
            "PBKDF2WITHHMACSHA1" => Prf::Sha1,
            "PBKDF2WITHHMACSHA256" => Prf::Sha256,
            "PBKDF2WITHHMACSHA512" => Prf::Sha512,
            _ => return Err(Error::newer("its key derivation is not one that FreeOTP is known to use")),
        };
        let iterations = match master.m_iterations {
            Number::Of(number) => u32::try_from(number).ok().filter(|number| *number > 0),
            Number::Absent | Number::Invalid => None,
        };
        // The app derives as many bytes as the salt has.
        let salt = master.m_salt.bytes().filter(|salt| salt.len() == Key::default().len());
        let sealed = Sealed::new(&master.m_encrypted_key);
        match (iterations, salt, sealed) {
            (Some(iterations), Some(salt), Some(sealed)) => Ok(Self { prf, salt, iterations, sealed }),
            _ => Err(damaged("the parameters of the master key are not valid")),
        }
    }

    fn open(&self, ctx: &mut Ctx<'_>) -> Result<Key, Error> {
        let opened = ctx.unlock(&INFO, |password, limits| self.open_with(password, limits))?;
        let key = <[u8; 32]>::try_from(opened.as_slice());
        key.map(Zeroizing::new).map_err(|_| damaged("the master key has another length than 32 bytes"))
    }

    fn open_with(&self, password: &SecretText, limits: &Limits) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let key = pbkdf2(self.prf, password.expose().as_bytes(), self.salt, self.iterations, limits)?;
        Ok(self.sealed.open(&key))
    }
}

struct Sealed<'a> {
    nonce: [u8; 12],
    content: &'a [u8],
    associated: &'a [u8],
}

impl<'a> Sealed<'a> {
    fn new(key: &'a EncryptedKey) -> Option<Self> {
        let nonce = nonce(key.m_parameters.bytes()?)?;
        let content = key.m_cipher_text.bytes()?;
        let is_known = key.m_cipher == CIPHER;
        is_known.then_some(Self { nonce, content, associated: key.m_token.as_bytes() })
    }

    fn open(&self, key: &Key) -> Option<Zeroizing<Vec<u8>>> {
        aes256_gcm_open_with(key, &self.nonce, self.content, self.associated)
    }
}

/// The nonce in DER: in a sequence, with or without the tag's length of 16 bytes (RFC 5084), or as
/// Android 6 wrote it, bare.
fn nonce(der: &[u8]) -> Option<[u8; 12]> {
    match der {
        [0x30, 17, 4, 12, rest @ ..] => rest.strip_suffix(&[2, 1, 16])?.try_into().ok(),
        [0x30, 14, 4, 12, rest @ ..] | [4, 12, rest @ ..] => rest.try_into().ok(),
        _ => None,
    }
}

fn read_token(description: &str, wrapped: Option<&str>, master: &Key, vault: &mut Vault) {
    let index = vault.entries();
    let Ok(token) = serde_json::from_str::<Token>(description) else {
        let skip = Skip::new(Skip::MISSING_FIELD, "a field is of another type than FreeOTP writes");
        vault.skipped.push(skip.item(index, "", ""));
        return;
    };
    let key = unwrap_key(wrapped, master);
    match key.and_then(|(secret, hash)| agrees(token.otp(secret)?, hash)) {
        Ok(otp) => vault.accounts.push(token.into_account(otp, ID, index)),
        Err(skip) => vault.skipped.push(skip.item(index, token.issuer(), token.name())),
    }
}

/// The key says which hash it is for, and is authenticated; the description, which may not say it,
/// is not.
fn agrees(otp: Otp, hash: Option<Algorithm>) -> Result<Otp, Skip> {
    match hash {
        Some(hash) if hash != otp.algorithm() => {
            let message = "the token and its key name different algorithms";
            Err(Skip::new(Skip::UNKNOWN_ALGORITHM, message))
        }
        _ => Ok(otp),
    }
}

/// The key, and the hash that it is for when its name is known.
fn unwrap_key(wrapped: Option<&str>, master: &Key) -> Result<(Secret, Option<Algorithm>), Skip> {
    let wrapped = wrapped.ok_or_else(|| Skip::new(Skip::NO_SECRET, "the backup has no key of this token"))?;
    let shape = || Skip::new(Skip::BAD_SECRET, "the key of this token is not as FreeOTP writes it");
    let wrapped: Wrapped = serde_json::from_str(wrapped).map_err(|_| shape())?;
    let key: EncryptedKey = serde_json::from_str(&wrapped.key).map_err(|_| shape())?;
    let mut opened = Sealed::new(&key).ok_or_else(shape)?.open(master).ok_or_else(other_master_key)?;
    let secret = Secret::new(std::mem::take(&mut *opened));
    let hash = Algorithm::parse(&key.m_token);
    secret.map(|secret| (secret, hash)).ok_or_else(|| Skip::new(Skip::NO_SECRET, "the key is empty"))
}

/// Source: https://github.com/freeotp/freeotp-android/issues/283
fn other_master_key() -> Skip {
    let message =
        "the app has encrypted its key with another master key, which is lost; the password is right";
    Skip::new(Skip::BAD_SECRET, message)
}
