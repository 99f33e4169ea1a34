//! The two encryptions of a backup.

use zeroize::Zeroizing;

use super::INFO;
use crate::crypt::{Argon2Cost, Prf, aes_cbc_open, aes256_gcm_open, aes256_gcm_seal, argon2id, pbkdf2};
use crate::ctx::{Ctx, Limits};
use crate::error::{Error, ErrorKind, Place};
use crate::model::{Protection, SecretText};

/// The first 16 bytes; only the case differs.
const STRONG: &[u8; 16] = b"AUTHENTICATORPRO";
const LEGACY: &[u8; 16] = b"AuthenticatorPro";

/// Source: the app's `StrongBackupEncryption`.
const COST: Argon2Cost = Argon2Cost { memory: 65_536, passes: 3, lanes: 4 };
/// Source: the app's `LegacyBackupEncryption`.
const LEGACY_ITERATIONS: u32 = 64_000;

/// How a file is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Variant {
    /// Argon2id and AES-256-GCM, since 2023.
    Strong,
    /// PBKDF2 and AES-256-CBC.
    Legacy,
}

impl Variant {
    /// The variant that a file begins like.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        match bytes.first_chunk() {
            Some(STRONG) => Some(Self::Strong),
            Some(LEGACY) => Some(Self::Legacy),
            _ => None,
        }
    }

    /// In a few words.
    pub(super) fn protection(self) -> Protection {
        match self {
            Self::Strong => Protection::new("AES-256-GCM", COST),
            Self::Legacy => Protection::new("AES-256-CBC", (Prf::Sha1, LEGACY_ITERATIONS)),
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Strong => "encrypted, strong",
            Self::Legacy => "encrypted, legacy",
        }
    }
}

/// An encrypted file, cut into its parts.
enum Sealed<'a> {
    Strong { salt: &'a [u8; 16], nonce: &'a [u8; 12], content: &'a [u8] },
    Legacy { salt: &'a [u8; 20], iv: &'a [u8; 16], content: &'a [u8] },
}

impl<'a> Sealed<'a> {
    fn parse(variant: Variant, bytes: &'a [u8]) -> Option<Self> {
        let rest = bytes.get(STRONG.len()..)?;
        match variant {
            Variant::Strong => {
                let (salt, rest) = rest.split_first_chunk()?;
                let (nonce, content) = rest.split_first_chunk()?;
                (content.len() >= crate::crypt::TAG).then_some(Self::Strong { salt, nonce, content })
            }
            Variant::Legacy => {
                let (salt, rest) = rest.split_first_chunk()?;
                let (iv, content) = rest.split_first_chunk()?;
                let blocks = !content.is_empty() && content.len() % 16 == 0;
                blocks.then_some(Self::Legacy { salt, iv, content })
            }
        }
    }

    fn open(&self, password: &SecretText, limits: &Limits) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let password = password.expose().as_bytes();
        match self {
            Self::Strong { salt, nonce, content } => {
                let key = argon2id(password, salt.as_slice(), COST, limits)?;
                Ok(aes256_gcm_open(&key, nonce, content))
            }
            Self::Legacy { salt, iv, content } => {
                let key = pbkdf2::<32>(Prf::Sha1, password, salt.as_slice(), LEGACY_ITERATIONS, limits)?;
                // Nothing authenticates it: one wrong key in 256 gives valid padding, and then
                // bytes that are no JSON object.
                Ok(aes_cbc_open(key.as_slice(), iv, content).filter(|plain| is_object(plain)))
            }
        }
    }
}

fn is_object(plain: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(plain).is_ok() && plain.trim_ascii().starts_with(b"{")
}

/// Tries passwords until one opens the file.
pub(super) fn open(variant: Variant, bytes: &[u8], ctx: &mut Ctx<'_>) -> Result<Zeroizing<Vec<u8>>, Error> {
    let sealed = Sealed::parse(variant, bytes).ok_or_else(|| {
        Error::malformed("the encrypted content is cut off")
            .at(Place::Byte(bytes.len()))
            .next_step("The file is damaged or incomplete: export or copy it again")
    })?;
    ctx.unlock(&INFO, |password, limits| sealed.open(password, limits))
}

/// Encrypts a new file, always as "strong".
pub(super) fn seal(
    plain: &[u8],
    password: &SecretText,
    ctx: &mut Ctx<'_>,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let salt: [u8; 16] = ctx.random()?;
    let nonce: [u8; 12] = ctx.random()?;
    let key = argon2id(password.expose().as_bytes(), &salt, COST, ctx.limits)?;
    let content = aes256_gcm_seal(&key, &nonce, plain)
        .ok_or_else(|| Error::new(ErrorKind::Internal, "the accounts are too long to be encrypted"))?;
    let parts = [STRONG.as_slice(), &salt, &nonce, &content];
    Ok(Zeroizing::new(parts.concat()))
}
