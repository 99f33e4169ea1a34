//! Stream ciphers: a key stream that is laid over a text.

use chacha20::ChaCha20;
use salsa20::Salsa20;
use salsa20::cipher::{KeyIvInit, StreamCipher};

/// A key stream that goes on from where it was used last.
pub(crate) enum KeyStream {
    /// ChaCha20 of RFC 8439, from counter 0.
    ChaCha20(Box<ChaCha20>),
    /// Salsa20 with 20 rounds.
    Salsa20(Box<Salsa20>),
}

impl KeyStream {
    /// ChaCha20 from its beginning.
    pub(crate) fn chacha20(key: &[u8; 32], nonce: &[u8; 12]) -> Self {
        Self::ChaCha20(Box::new(ChaCha20::new(&(*key).into(), &(*nonce).into())))
    }

    /// Salsa20 from its beginning.
    pub(crate) fn salsa20(key: &[u8; 32], nonce: &[u8; 8]) -> Self {
        Self::Salsa20(Box::new(Salsa20::new(&(*key).into(), &(*nonce).into())))
    }

    /// Encrypts or decrypts in place. `None` when the stream is used up, after 256 GiB.
    pub(crate) fn apply(&mut self, text: &mut [u8]) -> Option<()> {
        match self {
            Self::ChaCha20(cipher) => cipher.try_apply_keystream(text).ok(),
            Self::Salsa20(cipher) => cipher.try_apply_keystream(text).ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        data_encoding::HEXLOWER.encode(bytes)
    }

    #[test]
    fn vectors() {
        // RFC 8439, appendix A.1, first vector, 16 bytes.
        let mut text = [0; 16];
        KeyStream::chacha20(&[0; 32], &[0; 12]).apply(&mut text).unwrap();
        assert_eq!(hex(&text), "76b8e0ada0f13d90405d6ae55386bd28");
        // eSTREAM's verified vectors for Salsa20/20, 256 bits, set 1, vector 0, 16 bytes.
        let mut key = [0; 32];
        key[0] = 0x80;
        let mut text = [0; 16];
        KeyStream::salsa20(&key, &[0; 8]).apply(&mut text).unwrap();
        assert_eq!(hex(&text), "e3be8fdd8beca2e3ea8ef9475b29a6e7");
    }

    #[test]
    fn a_stream_goes_on_where_it_was() {
        let whole = {
            let mut text = [0; 100];
            KeyStream::chacha20(&[7; 32], &[1; 12]).apply(&mut text).unwrap();
            text
        };
        let mut stream = KeyStream::chacha20(&[7; 32], &[1; 12]);
        let mut text = [0; 100];
        let (first, rest) = text.split_at_mut(33);
        stream.apply(first).unwrap();
        stream.apply(rest).unwrap();
        assert_eq!(text, whole);
    }
}
