//! Key derivation and encryption that several formats share. Cost limits are enforced here.

mod aead;
mod kdf;

pub(crate) use aead::{TAG, aes256_gcm_open, aes256_gcm_seal};
pub(crate) use kdf::{Key, ScryptCost, pbkdf2_sha256, scrypt};
