//! The encrypted export: Argon2id with costs from the file, one message of a secretstream.

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{INFO, VERSION};
use crate::crypt::{Argon2Cost, HEADER, argon2id, secretstream_open, secretstream_seal};
use crate::ctx::{Ctx, Limits};
use crate::error::{Error, ErrorKind, Place};
use crate::model::{Number, Protection, SecretText};
use crate::text::json;

/// What the phone app writes: 256 MiB, 16 passes.
const MEMORY: u64 = 268_435_456;
const PASSES: u32 = 16;
const SALT: usize = 16;
/// The smallest memory that libsodium takes.
const LEAST_MEMORY: i128 = 8192;

/// `kdfParams` of a file.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Params {
    /// Bytes.
    #[serde(default)]
    mem_limit: Number,
    #[serde(default)]
    ops_limit: Number,
    #[serde(default)]
    salt: String,
}

/// An encrypted export, checked as far as is possible without a password.
pub(super) struct Sealed {
    cost: Argon2Cost,
    salt: [u8; SALT],
    header: [u8; HEADER],
    data: Vec<u8>,
}

impl Sealed {
    pub(super) fn parse(params: &Params, nonce: &str, data: &str) -> Result<Self, Error> {
        let wrong = |pointer: &str, what: &str, length: usize| {
            json::damaged(pointer, &format!("the {what} is not the Base64 of {length} bytes"))
        };
        let bytes = |text: &str| BASE64.decode(text.as_bytes()).ok();
        Ok(Self {
            cost: cost(params)?,
            salt: bytes(&params.salt)
                .and_then(|salt| salt.try_into().ok())
                .ok_or_else(|| wrong("/kdfParams/salt", "salt", SALT))?,
            header: bytes(nonce)
                .and_then(|nonce| nonce.try_into().ok())
                .ok_or_else(|| wrong("/encryptionNonce", "nonce", HEADER))?,
            data: bytes(data)
                .ok_or_else(|| json::damaged("/encryptedData", "the encrypted content is not Base64"))?,
        })
    }

    pub(super) fn protection(&self) -> Protection {
        Protection::new("XChaCha20-Poly1305", self.cost)
    }

    /// Tries passwords until one opens the content.
    pub(super) fn open(&self, ctx: &mut Ctx<'_>) -> Result<Zeroizing<Vec<u8>>, Error> {
        ctx.unlock(&INFO, |password, limits| self.open_with(password, limits))
    }

    fn open_with(&self, password: &SecretText, limits: &Limits) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let key = argon2id(password.expose().as_bytes(), &self.salt, self.cost, limits)
            .map_err(|error| error.at(Place::Json("/kdfParams".to_owned())))?;
        Ok(secretstream_open(&key, &self.header, &self.data))
    }
}

/// The costs, in the units of Argon2. Whether they are affordable is decided where they are used.
fn cost(params: &Params) -> Result<Argon2Cost, Error> {
    let memory = match params.mem_limit {
        Number::Of(bytes) if bytes >= LEAST_MEMORY => bytes / 1024,
        _ => return Err(json::damaged("/kdfParams/memLimit", "the memory limit is not a number from 8192")),
    };
    let passes = match params.ops_limit {
        Number::Of(passes) if passes >= 1 => passes,
        _ => return Err(json::damaged("/kdfParams/opsLimit", "the number of passes is not a number from 1")),
    };
    // More than Argon2 itself can count, and so over every limit.
    let memory = u32::try_from(memory).map_err(|_| {
        let message = format!("its key derivation asks for {} MiB of memory", memory / 1024);
        Error::limit(message, "kdf-memory").at(Place::Json("/kdfParams".to_owned()))
    })?;
    let passes = u32::try_from(passes).map_err(|_| {
        Error::limit(format!("its key derivation asks for {passes} passes"), "kdf-work")
            .at(Place::Json("/kdfParams".to_owned()))
    })?;
    Ok(Argon2Cost { memory, passes, lanes: 1 })
}

/// A new encrypted file.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewFile {
    version: u8,
    kdf_params: NewParams,
    encrypted_data: String,
    encryption_nonce: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewParams {
    mem_limit: u64,
    ops_limit: u32,
    salt: String,
}

pub(super) fn seal(text: &[u8], password: &SecretText, ctx: &mut Ctx<'_>) -> Result<NewFile, Error> {
    let too_much = || Error::new(ErrorKind::Internal, "the content cannot be encrypted");
    let salt: [u8; SALT] = ctx.random()?;
    let header: [u8; HEADER] = ctx.random()?;
    let memory = u32::try_from(MEMORY / 1024).map_err(|_| too_much())?;
    let cost = Argon2Cost { memory, passes: PASSES, lanes: 1 };
    let key = argon2id(password.expose().as_bytes(), &salt, cost, ctx.limits)?;
    let data = secretstream_seal(&key, &header, text).ok_or_else(too_much)?;
    Ok(NewFile {
        version: VERSION,
        kdf_params: NewParams { mem_limit: MEMORY, ops_limit: PASSES, salt: BASE64.encode(&salt) },
        encrypted_data: BASE64.encode(&data),
        encryption_nonce: BASE64.encode(&header),
    })
}
