//! AES-256-GCM, mostly with 12-byte nonces.

use aes_gcm::aead::consts::{U0, U16};
use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, AesGcm, Nonce};
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

/// Opens like [`aes256_gcm_open_with`] with a nonce of 16 bytes, which GCM hashes instead of using it as it is.
pub(crate) fn aes256_gcm_open_long_nonce(
    key: &Key,
    nonce: &[u8; 16],
    sealed: &[u8],
    associated: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let cipher = AesGcm::<aes::Aes256, U16>::new_from_slice(key.as_slice()).ok()?;
    let payload = Payload { msg: sealed, aad: associated };
    cipher.decrypt(&(*nonce).into(), payload).ok().map(Zeroizing::new)
}

/// Opens like [`aes256_gcm_open`] with a nonce of no bytes at all, as Apple's keychain has it: GCM hashes that to zero.
pub(crate) fn aes256_gcm_open_without_nonce(key: &Key, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let cipher = AesGcm::<aes::Aes256, U0>::new_from_slice(key.as_slice()).ok()?;
    cipher.decrypt(&Nonce::<U0>::default(), sealed).ok().map(Zeroizing::new)
}

fn cipher(key: &Key) -> Option<Aes256Gcm> {
    Aes256Gcm::new_from_slice(key.as_slice()).ok()
}
