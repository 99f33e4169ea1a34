//! AES-256-GCM with 12-byte nonces.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use zeroize::Zeroizing;

use super::kdf::Key;

/// Bytes of the tag at the end of a sealed message.
pub(crate) const TAG: usize = 16;

/// Opens ciphertext followed by its tag. `None` when the tag does not match: wrong key or damage.
pub(crate) fn aes256_gcm_open(key: &Key, nonce: &[u8; 12], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    cipher(key)?.decrypt(&Nonce::from(*nonce), sealed).ok().map(Zeroizing::new)
}

/// Seals a message; the tag follows the ciphertext. `None` only over the 64 GiB that GCM allows.
pub(crate) fn aes256_gcm_seal(key: &Key, nonce: &[u8; 12], message: &[u8]) -> Option<Vec<u8>> {
    cipher(key)?.encrypt(&Nonce::from(*nonce), message).ok()
}

/// Opens like [`aes256_gcm_open`]; the tag also covers associated data that is not encrypted.
pub(crate) fn aes256_gcm_open_with(
    key: &Key,
    nonce: &[u8; 12],
    sealed: &[u8],
    associated: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let payload = Payload { msg: sealed, aad: associated };
    cipher(key)?.decrypt(&Nonce::from(*nonce), payload).ok().map(Zeroizing::new)
}

/// Seals like [`aes256_gcm_seal`]; the tag also covers associated data that is not encrypted.
pub(crate) fn aes256_gcm_seal_with(
    key: &Key,
    nonce: &[u8; 12],
    message: &[u8],
    associated: &[u8],
) -> Option<Vec<u8>> {
    let payload = Payload { msg: message, aad: associated };
    cipher(key)?.encrypt(&Nonce::from(*nonce), payload).ok()
}

fn cipher(key: &Key) -> Option<Aes256Gcm> {
    Aes256Gcm::new_from_slice(key.as_slice()).ok()
}
