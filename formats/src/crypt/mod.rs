//! Key derivation and encryption that several formats share. Cost limits are enforced here.

mod aead;
mod cbc;
mod kdf;
mod key_wrap;
mod openssl;
mod phc;
mod rncryptor;
mod secretstream;
mod stream;
mod xchacha;
mod xmlenc;

pub(crate) use aead::{
    TAG, aes256_gcm_open, aes256_gcm_open_long_nonce, aes256_gcm_open_with, aes256_gcm_open_without_nonce,
    aes256_gcm_seal, aes256_gcm_seal_with,
};
pub(crate) use cbc::{
    AesCbcReader, aes_cbc_open, aes_cbc_open_unpadded, aes_cbc_seal, twofish_cbc_open_unpadded,
};
pub(crate) use kdf::{
    Argon2Cost, Key, Prf, ScryptCost, aes_kdf, argon2, argon2id, pbkdf2, pbkdf2_into, scrypt,
};
pub(crate) use key_wrap::unwrap as key_unwrap;
pub(crate) use openssl::{salted_open, salted_seal};
pub(crate) use phc::Phc;
pub(crate) use rncryptor::RnCryptor;
pub(crate) use secretstream::{HEADER, secretstream_open, secretstream_seal};
pub(crate) use stream::KeyStream;
pub(crate) use xchacha::xchacha20_poly1305_open;
pub(crate) use xmlenc::Scheme;
