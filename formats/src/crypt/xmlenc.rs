//! The ciphers of XML Encryption, as PSKC files name them.
//!
//! Source: XML Encryption Syntax and Processing 1.1, section 5; for Camellia RFC 6931, section 2.6.

use aes::cipher::block_padding::{NoPadding, Pkcs7};
use aes::cipher::{BlockCipherDecrypt, BlockModeDecrypt, BlockModeEncrypt, KeyInit, KeyIvInit};
use aes::{Aes128, Aes192, Aes256};
use camellia::{Camellia128, Camellia192, Camellia256};
use des::{TdesEde2, TdesEde3};
use zeroize::Zeroizing;

use super::key_wrap::{unwrap, unwrap_with_des};

/// A cipher with its use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scheme {
    /// For people: `AES-128-CBC`.
    pub(crate) name: &'static str,
    cipher: Cipher,
    /// Bytes of the usual key.
    pub(crate) key_length: usize,
    /// Key wrap, which tells a wrong key and damage; else CBC, which does not.
    pub(crate) is_wrap: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cipher {
    Aes,
    Camellia,
    TripleDes,
}

/// By the last part of their identifiers, in lower case; and in the words of the drafts of PSKC.
static SCHEMES: &[(&str, Scheme)] = &[
    ("aes128-cbc", Scheme::cbc("AES-128-CBC", Cipher::Aes, 16)),
    ("aes192-cbc", Scheme::cbc("AES-192-CBC", Cipher::Aes, 24)),
    ("aes256-cbc", Scheme::cbc("AES-256-CBC", Cipher::Aes, 32)),
    ("tripledes-cbc", Scheme::cbc("3DES-CBC", Cipher::TripleDes, 24)),
    ("3des-cbc", Scheme::cbc("3DES-CBC", Cipher::TripleDes, 24)),
    ("3des112-cbc", Scheme::cbc("3DES-CBC", Cipher::TripleDes, 16)),
    ("camellia128-cbc", Scheme::cbc("Camellia-128-CBC", Cipher::Camellia, 16)),
    ("camellia192-cbc", Scheme::cbc("Camellia-192-CBC", Cipher::Camellia, 24)),
    ("camellia256-cbc", Scheme::cbc("Camellia-256-CBC", Cipher::Camellia, 32)),
    ("camellia128", Scheme::cbc("Camellia-128-CBC", Cipher::Camellia, 16)),
    ("camellia192", Scheme::cbc("Camellia-192-CBC", Cipher::Camellia, 24)),
    ("camellia256", Scheme::cbc("Camellia-256-CBC", Cipher::Camellia, 32)),
    ("kw-aes128", Scheme::wrap("AES-128 key wrap", Cipher::Aes, 16)),
    ("kw-aes192", Scheme::wrap("AES-192 key wrap", Cipher::Aes, 24)),
    ("kw-aes256", Scheme::wrap("AES-256 key wrap", Cipher::Aes, 32)),
    ("kw-camellia128", Scheme::wrap("Camellia-128 key wrap", Cipher::Camellia, 16)),
    ("kw-camellia192", Scheme::wrap("Camellia-192 key wrap", Cipher::Camellia, 24)),
    ("kw-camellia256", Scheme::wrap("Camellia-256 key wrap", Cipher::Camellia, 32)),
    ("kw-tripledes", Scheme::wrap("3DES key wrap", Cipher::TripleDes, 24)),
];

impl Scheme {
    const fn cbc(name: &'static str, cipher: Cipher, key_length: usize) -> Self {
        Self { name, cipher, key_length, is_wrap: false }
    }

    const fn wrap(name: &'static str, cipher: Cipher, key_length: usize) -> Self {
        Self { name, cipher, key_length, is_wrap: true }
    }

    /// The cipher of an identifier such as `http://www.w3.org/2001/04/xmlenc#aes128-cbc`. `None` for one that is
    /// not known, among them those that need a private key.
    pub(crate) fn parse(identifier: &str) -> Option<Self> {
        let identifier = identifier.trim().to_ascii_lowercase();
        let word = identifier.rsplit('#').next()?;
        let word = word.strip_prefix("pbe-").unwrap_or(word);
        SCHEMES.iter().find(|(known, _)| *known == word).map(|(_, scheme)| *scheme)
    }

    /// Whether a key of so many bytes is one for it.
    pub(crate) fn takes_key(self, length: usize) -> bool {
        length == self.key_length || (self.cipher == Cipher::TripleDes && matches!(length, 16 | 24))
    }

    /// Whether it makes texts of so many bytes, with its initial vector in them or apart.
    pub(crate) fn may_make(self, length: usize, vector_is_apart: bool) -> bool {
        let (unit, least) = match (self.is_wrap, self.block()) {
            // RFC 3394 and 5649: half-blocks, and one for the check; RFC 3217: more.
            (true, _) => (8, 16),
            (false, block) if vector_is_apart => (block, block),
            (false, block) => (block, block.saturating_mul(2)),
        };
        length >= least && length.is_multiple_of(unit)
    }

    /// Bytes of the initial vector.
    fn block(self) -> usize {
        if self.cipher == Cipher::TripleDes { 8 } else { 16 }
    }

    /// Decrypts; without an initial vector of its own, the text begins with it. `None` for a wrong key or damage,
    /// of which CBC tells few.
    pub(crate) fn open(self, key: &[u8], iv: Option<&[u8]>, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        if !self.takes_key(key.len()) {
            return None;
        }
        if self.is_wrap {
            return self.unwrap(key, sealed);
        }
        let (iv, content) = match iv {
            Some(iv) => (iv, sealed),
            None => sealed.split_at_checked(self.block())?,
        };
        let padded = self.decrypt(key, iv, content)?;
        // The last byte counts; the others of the padding may be anything (section 5.2).
        let padding = usize::from(*padded.last()?);
        let is_padding = (1..=self.block()).contains(&padding);
        let kept = padded.get(..padded.len().checked_sub(padding)?)?;
        is_padding.then(|| Zeroizing::new(kept.to_vec()))
    }

    fn unwrap(self, key: &[u8], wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        match (self.cipher, key.len()) {
            (Cipher::Aes, 16) => unwrap::<Aes128>(key, wrapped),
            (Cipher::Aes, 24) => unwrap::<Aes192>(key, wrapped),
            (Cipher::Aes, _) => unwrap::<Aes256>(key, wrapped),
            (Cipher::Camellia, 16) => unwrap::<Camellia128>(key, wrapped),
            (Cipher::Camellia, 24) => unwrap::<Camellia192>(key, wrapped),
            (Cipher::Camellia, _) => unwrap::<Camellia256>(key, wrapped),
            (Cipher::TripleDes, _) => unwrap_with_des(key, wrapped),
        }
    }

    fn decrypt(self, key: &[u8], iv: &[u8], content: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        match (self.cipher, key.len()) {
            (Cipher::Aes, 16) => decrypt::<Aes128>(key, iv, content),
            (Cipher::Aes, 24) => decrypt::<Aes192>(key, iv, content),
            (Cipher::Aes, _) => decrypt::<Aes256>(key, iv, content),
            (Cipher::Camellia, 16) => decrypt::<Camellia128>(key, iv, content),
            (Cipher::Camellia, 24) => decrypt::<Camellia192>(key, iv, content),
            (Cipher::Camellia, _) => decrypt::<Camellia256>(key, iv, content),
            (Cipher::TripleDes, 16) => decrypt::<TdesEde2>(key, iv, content),
            (Cipher::TripleDes, _) => decrypt::<TdesEde3>(key, iv, content),
        }
    }

    /// Encrypts with AES-CBC; the text begins with the initial vector. `None` for another scheme or another
    /// length of the key.
    pub(crate) fn seal(self, key: &[u8], iv: &[u8; 16], message: &[u8]) -> Option<Vec<u8>> {
        let content = match (self.cipher, self.is_wrap, key.len()) {
            (Cipher::Aes, false, 16) => {
                cbc::Encryptor::<Aes128>::new_from_slices(key, iv).ok()?.encrypt_padded_vec::<Pkcs7>(message)
            }
            (Cipher::Aes, false, 32) => {
                cbc::Encryptor::<Aes256>::new_from_slices(key, iv).ok()?.encrypt_padded_vec::<Pkcs7>(message)
            }
            _ => return None,
        };
        Some([iv.as_slice(), content.as_slice()].concat())
    }
}

fn decrypt<C: BlockCipherDecrypt + KeyInit>(
    key: &[u8],
    iv: &[u8],
    content: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let decryptor = cbc::Decryptor::<C>::new_from_slices(key, iv).ok()?;
    decryptor.decrypt_padded_vec::<NoPadding>(content).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_in_all_spellings() {
        for (text, wanted) in [
            ("http://www.w3.org/2001/04/xmlenc#aes128-cbc", Some("AES-128-CBC")),
            (" http://www.w3.org/2001/04/xmlenc#AES256-cbc\n", Some("AES-256-CBC")),
            ("http://www.w3.org/2001/04/xmldsig-more#camellia192", Some("Camellia-192-CBC")),
            ("http://www.w3.org/2001/04/xmlenc#kw-tripledes", Some("3DES key wrap")),
            ("PBE-3DES112-CBC", Some("3DES-CBC")),
            ("http://www.w3.org/2001/04/xmlenc#rsa_1_5", None),
            ("", None),
        ] {
            assert_eq!(Scheme::parse(text).map(|scheme| scheme.name), wanted, "{text}");
        }
    }

    #[test]
    fn the_length_tells_what_a_cipher_did_not_make() {
        let lengths = |name: &str, is_apart: bool| {
            let scheme = Scheme::parse(name).unwrap();
            [8, 16, 20, 24, 32].map(|length| scheme.may_make(length, is_apart))
        };
        assert_eq!(lengths("aes128-cbc", false), [false, false, false, false, true]);
        assert_eq!(lengths("aes128-cbc", true), [false, true, false, false, true]);
        assert_eq!(lengths("3des-cbc", false), [false, true, false, true, true]);
        assert_eq!(lengths("3des-cbc", true), [true, true, false, true, true]);
        assert_eq!(lengths("kw-aes128", false), [false, true, false, true, true]);
    }

    #[test]
    fn the_padding_is_its_last_byte() {
        let scheme = Scheme::parse("aes128-cbc").unwrap();
        let key = [7; 16];
        let sealed = scheme.seal(&key, &[1; 16], b"twenty bytes of seed").unwrap();
        assert_eq!(sealed.len(), 48);
        assert_eq!(scheme.open(&key, None, &sealed).unwrap().as_slice(), b"twenty bytes of seed");
        let (iv, content) = sealed.split_at(16);
        assert_eq!(scheme.open(&key, Some(iv), content).unwrap().as_slice(), b"twenty bytes of seed");
        // Another byte of the padding may be anything: the block before shapes it.
        let mut free = sealed.clone();
        free[30] ^= 0x55;
        assert!(scheme.open(&key, None, &free).is_some());
        let mut bad = sealed.clone();
        bad[31] ^= 0x55;
        assert!(scheme.open(&key, None, &bad).is_none());
        for length in [0, 15, 16, 17, 47] {
            assert!(scheme.open(&key, None, &sealed[..length]).is_none(), "{length}");
        }
        assert!(scheme.open(&[7; 24], None, &sealed).is_none());
    }
}
