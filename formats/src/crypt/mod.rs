//! Key derivation and encryption that several formats share. Cost limits are enforced here.

mod aead;
mod cbc;
mod kdf;

pub(crate) use aead::{TAG, aes256_gcm_open, aes256_gcm_open_bound, aes256_gcm_seal};
pub(crate) use cbc::{aes_cbc_open, aes_cbc_seal};
pub(crate) use kdf::{Argon2Cost, Key, Prf, ScryptCost, argon2id, pbkdf2, scrypt};
