//! KDBX, the encrypted database of KeePass 2 and its relatives: versions 2, 3 and 4 are read, 4 is written.
//!
//! Source: KeePass' page "KDBX 4"; KeePassXC's `Kdbx3Reader`, `Kdbx4Reader` and `Kdbx4Writer`.

mod blocks;
mod cursor;
mod dictionary;
mod header;
mod inner;
mod key;
mod seal;
#[cfg(test)]
mod tests;

use std::io::Read;

use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::crypt::{Key, KeyStream, aes_cbc_open_unpadded, twofish_cbc_open_unpadded};
use crate::ctx::Limits;
use crate::error::Error;
use crate::model::Protection;
use blocks::BlockKeys;
use header::{Cipher, Header, Legacy};

pub(crate) use inner::InnerStream;
pub(crate) use key::{CompositeKey, FileKey};
pub(crate) use seal::{new_stream, seal};

/// What the first bytes of a file say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signature {
    /// KeePass 2 and later.
    Kdbx,
    /// KeePass 1.
    Kdb,
    /// KeePass 2 before its release.
    PreRelease,
}

/// Looks at the first bytes of a file.
pub(crate) fn sniff(bytes: &[u8]) -> Option<Signature> {
    let [a, b, c, d, kind, e, f, g] = *bytes.first_chunk::<8>()?;
    let others = [a, b, c, d, e, f, g];
    match kind {
        _ if others != [0x03, 0xD9, 0xA2, 0x9A, 0xFB, 0x4B, 0xB5] => None,
        0x67 => Some(Signature::Kdbx),
        0x66 => Some(Signature::PreRelease),
        0x65 => Some(Signature::Kdb),
        _ => None,
    }
}

/// A database that is still closed.
pub(crate) struct Closed<'a> {
    header: Header,
    header_bytes: &'a [u8],
    body: &'a [u8],
}

/// What was in a database.
pub(crate) struct Opened {
    content: Zeroizing<Vec<u8>>,
    /// Where the XML begins.
    xml_at: usize,
    /// Shows the protected values in the XML.
    pub(crate) stream: InnerStream,
    /// What the XML should name as the hash of the header; nothing else protects that of a version before 4.
    pub(crate) header_hash: Option<[u8; 32]>,
}

impl Opened {
    /// The XML.
    pub(crate) fn xml(&self) -> &[u8] {
        self.content.get(self.xml_at..).unwrap_or_default()
    }
}

impl<'a> Closed<'a> {
    /// Reads what is not encrypted.
    ///
    /// # Errors
    /// Damage, a later version, or a way of encryption that is not known.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let (header, header_bytes, mut body) = Header::parse(bytes)?;
        if header.legacy.is_none() {
            let (hash, rest) = body.split_first_chunk::<32>().ok_or_else(cut_off)?;
            if *hash != header.hash {
                return Err(damaged("the header of the database is damaged"));
            }
            body = rest;
        }
        Ok(Self { header, header_bytes, body })
    }

    /// Version and ways of encryption.
    pub(crate) fn describe(&self) -> String {
        let Header { major, minor, cipher, kdf, .. } = &self.header;
        format!("KDBX {major}.{minor}, {}, {}", cipher.name(), kdf.name())
    }

    /// How well it is encrypted.
    pub(crate) fn protection(&self) -> Protection {
        let Header { cipher, kdf, .. } = &self.header;
        Protection::new(cipher.name(), kdf.cost())
    }

    /// Opens it. `None` with a wrong key.
    ///
    /// # Errors
    /// Damage after the part that tells whether the key is right; a limit.
    pub(crate) fn open(&self, key: &CompositeKey, limits: &Limits) -> Result<Option<Opened>, Error> {
        let transformed = self.header.kdf.derive(key.bytes(), limits)?;
        match &self.header.legacy {
            Some(legacy) => self.open_legacy(legacy, &transformed, limits),
            None => self.open_current(&transformed, limits),
        }
    }

    fn open_legacy(&self, legacy: &Legacy, key: &Key, limits: &Limits) -> Result<Option<Opened>, Error> {
        let Some(plain) = self.decrypt(key, self.body)? else { return Err(cut_off()) };
        let (start, sealed) = plain.split_first_chunk().ok_or_else(cut_off)?;
        if *start != legacy.start {
            return Ok(None);
        }
        let content = self.unpack(blocks::join_hashed(sealed)?, limits)?;
        let stream = InnerStream::new(legacy.stream, &legacy.stream_key)?;
        Ok(Some(Opened { content, xml_at: 0, stream, header_hash: Some(self.header.hash) }))
    }

    fn open_current(&self, key: &Key, limits: &Limits) -> Result<Option<Opened>, Error> {
        let keys = BlockKeys::new(&self.header.master_seed, key);
        let (code, sealed) = self.body.split_first_chunk::<32>().ok_or_else(cut_off)?;
        if !keys.verify_header(self.header_bytes, code) {
            return Ok(None);
        }
        let sealed = keys.join(sealed)?;
        let plain = self.decrypt(key, &sealed)?.and_then(|plain| self.without_padding(plain));
        let plain = plain.ok_or_else(|| damaged("the content of the database is damaged"))?;
        let content = self.unpack(plain, limits)?;
        let (stream, xml) = inner::parse(&content)?;
        let xml_at = content.len().saturating_sub(xml.len());
        Ok(Some(Opened { content, xml_at, stream, header_hash: None }))
    }

    /// Decrypts, and leaves the padding. `None` for a length that nothing encrypted has.
    fn decrypt(&self, key: &Key, sealed: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let Header { master_seed, iv, .. } = &self.header;
        let mut content_key = Key::default();
        content_key.copy_from_slice(&Sha256::new().chain_update(master_seed).chain_update(**key).finalize());
        let wrong_iv = |_| damaged("the header of the database is damaged");
        Ok(match self.header.cipher {
            Cipher::Aes => aes_cbc_open_unpadded(
                content_key.as_slice(),
                iv.as_slice().try_into().map_err(wrong_iv)?,
                sealed,
            ),
            Cipher::Twofish => {
                twofish_cbc_open_unpadded(&content_key, iv.as_slice().try_into().map_err(wrong_iv)?, sealed)
            }
            Cipher::ChaCha20 => {
                let nonce = iv.as_slice().try_into().map_err(wrong_iv)?;
                let mut plain = Zeroizing::new(sealed.to_vec());
                KeyStream::chacha20(&content_key, nonce).apply(&mut plain).map(|()| plain)
            }
        })
    }

    /// Cuts the padding of PKCS #7. `None` for what is none.
    fn without_padding(&self, mut plain: Zeroizing<Vec<u8>>) -> Option<Zeroizing<Vec<u8>>> {
        if self.header.cipher == Cipher::ChaCha20 {
            return Some(plain);
        }
        let count = *plain.last()?;
        let length = plain.len().checked_sub(usize::from(count))?;
        let padding = plain.get(length..)?;
        if !(1..=16).contains(&count) || padding.iter().any(|byte| *byte != count) {
            return None;
        }
        plain.truncate(length);
        Some(plain)
    }

    /// Unpacks no more than the limit.
    fn unpack(&self, packed: Zeroizing<Vec<u8>>, limits: &Limits) -> Result<Zeroizing<Vec<u8>>, Error> {
        if !self.header.is_compressed {
            return Ok(packed);
        }
        let mut content = Zeroizing::new(Vec::with_capacity(packed.len()));
        let unpacked =
            GzDecoder::new(packed.as_slice()).take(limits.bytes.saturating_add(1)).read_to_end(&mut content);
        unpacked.map_err(|_| damaged("the compressed content of the database is damaged"))?;
        if u64::try_from(content.len()).unwrap_or(u64::MAX) > limits.bytes {
            return Err(Error::limit("the content of the database is over the limit of bytes", "bytes"));
        }
        Ok(content)
    }
}

/// The error of a damaged database.
pub(crate) fn damaged(message: &str) -> Error {
    Error::malformed(message)
        .next_step("The file is damaged or incomplete: copy it again, or take a backup of it")
}

fn cut_off() -> Error {
    damaged("the database is cut off")
}
