//! libsodium's `crypto_aead_xchacha20poly1305_ietf`.

use dryoc::classic::crypto_aead_xchacha20poly1305_ietf::crypto_aead_xchacha20poly1305_ietf_decrypt as decrypt;
use zeroize::Zeroizing;

use super::aead::TAG;
use super::kdf::Key;

/// Opens a message that has its tag at the end and nothing beside it. `None` for a wrong key or damage.
pub(crate) fn xchacha20_poly1305_open(
    key: &Key,
    nonce: &[u8; 24],
    sealed: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let mut message = Zeroizing::new(vec![0; sealed.len().checked_sub(TAG)?]);
    decrypt(&mut message, sealed, None, nonce, key).ok()?;
    Some(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vector_of_libsodium() {
        // Made with libsodium through PyNaCl: the key is 0 to 31, the nonce 100 to 123.
        let mut key = Key::default();
        key.iter_mut().zip(0..).for_each(|(slot, byte)| *slot = byte);
        let nonce: [u8; 24] = std::array::from_fn(|at| 100 + u8::try_from(at).unwrap());
        let sealed =
            data_encoding::HEXLOWER.decode(b"130789d69a5cfbfb484ed4932b5cf4834eb4bab89565d8d7").unwrap();
        assert_eq!(xchacha20_poly1305_open(&key, &nonce, &sealed).unwrap().as_slice(), b"otpferry");
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert!(xchacha20_poly1305_open(&key, &nonce, &damaged).is_none());
        }
        assert!(xchacha20_poly1305_open(&key, &nonce, b"short").is_none());
    }
}
