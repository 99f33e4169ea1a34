//! Text encrypted with a pass phrase, as CryptoJS and `openssl enc` do it: base64 of `Salted__`, 8 bytes
//! of salt, and AES-256-CBC with PKCS #7 padding. Key and initial vector are one iteration of MD5 each
//! (`EVP_BytesToKey`), so the pass phrase has to be strong by itself.

use data_encoding::BASE64;
use md5::{Digest, Md5};
use zeroize::Zeroizing;

use super::cbc::{aes_cbc_open, aes_cbc_seal};
use super::kdf::Key;

const MARK: &[u8; 8] = b"Salted__";

/// Opens a text. `None` for another form, a wrong pass phrase or damage: nothing tells these apart, and one
/// wrong pass phrase of 256 gives anything at all.
pub(crate) fn salted_open(text: &str, pass: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let bytes = BASE64.decode(text.trim().as_bytes()).ok()?;
    let (salt, content) = bytes.strip_prefix(MARK)?.split_first_chunk::<8>()?;
    let (key, iv) = derive(pass, salt);
    aes_cbc_open(key.as_slice(), &iv, content)
}

/// Encrypts a text. A salt must never be used twice.
pub(crate) fn salted_seal(message: &[u8], pass: &[u8], salt: &[u8; 8]) -> String {
    let (key, iv) = derive(pass, salt);
    let content = aes_cbc_seal(&key, &iv, message);
    BASE64.encode(&[MARK.as_slice(), salt.as_slice(), content.as_slice()].concat())
}

/// `EVP_BytesToKey` with MD5: each block is the hash of the one before, the pass phrase and the salt.
fn derive(pass: &[u8], salt: &[u8; 8]) -> (Key, [u8; 16]) {
    let block = |before: &[u8]| {
        Zeroizing::new(<[u8; 16]>::from(
            Md5::new().chain_update(before).chain_update(pass).chain_update(salt).finalize(),
        ))
    };
    let first = block(&[]);
    let second = block(first.as_slice());
    let iv = block(second.as_slice());
    let mut key = Key::default();
    key.iter_mut().zip(first.iter().chain(second.iter())).for_each(|(slot, byte)| *slot = *byte);
    (key, *iv)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vector_of_openssl() {
        // printf 'Hello, Acme!' | openssl enc -aes-256-cbc -md md5 -S 0102030405060708 -k phrase -a, with
        // the mark and the salt in front, which openssl leaves out when the salt is given.
        let text = "U2FsdGVkX18BAgMEBQYHCFkrwNZevlJz1DuvPS5uXTI=";
        assert_eq!(salted_seal(b"Hello, Acme!", b"phrase", &[1, 2, 3, 4, 5, 6, 7, 8]), text);
        assert_eq!(salted_open(text, b"phrase").unwrap().as_slice(), b"Hello, Acme!");
        assert!(salted_open(text, b"other").is_none());
        for broken in ["", "U2FsdGVkX18=", "U2FsdGVkX18BAgMEBQYHCA==", "not base64"] {
            assert!(salted_open(broken, b"phrase").is_none(), "{broken}");
        }
    }
}
