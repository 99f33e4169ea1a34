//! The protection with a password: two keys from one, and texts that are encrypted and signed.

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::crypt::{Argon2Cost, Key, Prf, aes_cbc_open, aes_cbc_seal, argon2id, pbkdf2};
use crate::ctx::{Ctx, Limits};
use crate::error::Error;
use crate::model::{Number, Protection, SecretText};
use crate::text::json;

/// A file states the memory in mebibytes.
pub(super) const KIB_PER_MIB: u32 = 1024;

/// How the key is derived. The salt is the text itself, although it looks like base64.
pub(super) enum Derivation {
    Pbkdf2 { iterations: u32 },
    Argon2id(Argon2Cost),
}

impl Derivation {
    /// What Bitwarden sets today.
    pub(super) const PBKDF2: Self = Self::Pbkdf2 { iterations: 600_000 };
    /// What Bitwarden sets for an account that has chosen Argon2id.
    pub(super) const ARGON2ID: Self =
        Self::Argon2id(Argon2Cost { memory: 64 * KIB_PER_MIB, passes: 3, lanes: 4 });

    /// The parameters as a file states them.
    pub(super) fn parse(
        kind: Number,
        iterations: Number,
        memory: Number,
        lanes: Number,
    ) -> Result<Self, Error> {
        let number = |number: Number, name: &str, most: i128| match number {
            Number::Of(value) if (1..=most).contains(&value) => {
                u32::try_from(value).map_err(|_| json::damaged(name, "the number is out of range"))
            }
            _ => Err(json::damaged(name, "the number is missing or out of range")),
        };
        let iterations = number(iterations, "/kdfIterations", i128::from(u32::MAX))?;
        match kind {
            Number::Of(0) => Ok(Self::Pbkdf2 { iterations }),
            Number::Of(1) => Ok(Self::Argon2id(Argon2Cost {
                memory: number(memory, "/kdfMemory", 4_194_303)?.saturating_mul(KIB_PER_MIB),
                passes: iterations,
                lanes: number(lanes, "/kdfParallelism", 64)?,
            })),
            _ => Err(Error::newer("the key derivation is not one that is known")),
        }
    }

    pub(super) fn protection(&self) -> Protection {
        const CIPHER: &str = "AES-256-CBC with HMAC-SHA-256";
        match self {
            Self::Pbkdf2 { iterations } => Protection::new(CIPHER, (Prf::Sha256, *iterations)),
            Self::Argon2id(cost) => Protection::new(CIPHER, *cost),
        }
    }

    fn derive(&self, password: &SecretText, salt: &str, limits: &Limits) -> Result<Key, Error> {
        let password = password.expose().as_bytes();
        match self {
            Self::Pbkdf2 { iterations } => {
                pbkdf2(Prf::Sha256, password, salt.as_bytes(), *iterations, limits)
            }
            Self::Argon2id(cost) => argon2id(password, &Sha256::digest(salt.as_bytes()), *cost, limits),
        }
    }
}

/// One key to encrypt and one to sign with.
pub(super) struct Keys {
    encryption: Key,
    signature: Key,
}

impl Keys {
    pub(super) fn derive(
        derivation: &Derivation,
        password: &SecretText,
        salt: &str,
        limits: &Limits,
    ) -> Result<Self, Error> {
        let key = derivation.derive(password, salt, limits)?;
        Ok(Self { encryption: expand(&key, b"enc"), signature: expand(&key, b"mac") })
    }

    fn signature(&self, iv: &[u8], sealed: &[u8]) -> Hmac<Sha256> {
        signing(&self.signature).chain_update(iv).chain_update(sealed)
    }

    /// Opens a text. `None` when it was not signed with this key.
    pub(super) fn open(&self, text: &Sealed) -> Option<Zeroizing<Vec<u8>>> {
        self.signature(&text.iv, &text.content).verify_slice(&text.signature).ok()?;
        aes_cbc_open(self.encryption.as_slice(), &text.iv, &text.content)
    }

    /// Seals a text in Bitwarden's spelling.
    pub(super) fn seal(&self, message: &[u8], ctx: &mut Ctx<'_>) -> Result<String, Error> {
        let iv: [u8; 16] = ctx.random()?;
        let content = aes_cbc_seal(&self.encryption, &iv, message);
        let signature = self.signature(&iv, &content).finalize().into_bytes();
        Ok(format!("2.{}|{}|{}", BASE64.encode(&iv), BASE64.encode(&content), BASE64.encode(&signature)))
    }
}

fn signing(key: &Key) -> Hmac<Sha256> {
    // RFC 2104: a key shorter than a block of the hash is filled up with zeros.
    let mut block = Zeroizing::new([0; 64]);
    block.iter_mut().zip(key.iter()).for_each(|(slot, byte)| *slot = *byte);
    Hmac::<Sha256>::new(&(*block).into())
}

/// The expanding half of HKDF (RFC 5869) for one block.
fn expand(key: &Key, info: &[u8]) -> Key {
    let block = signing(key).chain_update(info).chain_update([1]).finalize().into_bytes();
    let mut out = Key::default();
    out.copy_from_slice(&block);
    out
}

/// An encrypted text: `2.IV|CONTENT|SIGNATURE`, each in base64.
pub(super) struct Sealed {
    iv: [u8; 16],
    content: Vec<u8>,
    signature: Vec<u8>,
}

impl Sealed {
    pub(super) fn parse(text: &str, pointer: &str) -> Result<Self, Error> {
        let parts = || {
            let mut parts =
                text.strip_prefix("2.")?.split('|').map(|part| BASE64.decode(part.as_bytes()).ok());
            let (iv, content, signature) = (parts.next()??, parts.next()??, parts.next()??);
            Some(Self { iv: iv.try_into().ok()?, content, signature })
        };
        parts().ok_or_else(|| json::damaged(pointer, "the encrypted text is not as Bitwarden writes it"))
    }
}
