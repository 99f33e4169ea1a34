//! What opens a database: a password, a key file, or both.
//!
//! Source: KeePassXC's `CompositeKey` and `FileKey`, KeePass' `KcpKeyFile`.

use data_encoding::{BASE64, HEXUPPER_PERMISSIVE};
use quick_xml::Reader;
use quick_xml::events::Event;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::crypt::Key;
use crate::ctx::KeyFile;
use crate::error::Error;
use crate::text::{encoding, xml};

/// Most bytes of a key file in XML; real ones have a few hundred.
const MAX_XML: usize = 64 << 10;

/// The key in a key file.
pub(crate) struct FileKey(Zeroizing<Vec<u8>>);

impl FileKey {
    /// Reads a key file of any form. A file of no known form is a key by its hash.
    ///
    /// # Errors
    /// A key file in XML that is damaged, or of a later version.
    pub(crate) fn read(file: &KeyFile) -> Result<Self, Error> {
        let bytes = file.bytes.as_slice();
        let key = match xml_text(bytes) {
            Some(text) => read_xml(&text, &file.name)?,
            None => binary(bytes)
                .or_else(|| hex(bytes))
                .unwrap_or_else(|| Zeroizing::new(Sha256::digest(bytes).to_vec())),
        };
        Ok(Self(key))
    }
}

fn binary(bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    (bytes.len() == 32).then(|| Zeroizing::new(bytes.to_vec()))
}

fn hex(bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let decoded = (bytes.len() == 64).then(|| HEXUPPER_PERMISSIVE.decode(bytes).ok());
    decoded.flatten().map(Zeroizing::new)
}

fn xml_text(bytes: &[u8]) -> Option<Zeroizing<String>> {
    let text = bytes.get(..MAX_XML.min(bytes.len())).and_then(encoding::decode)?;
    xml::has_root(&text, "KeyFile").then(|| Zeroizing::new(text.into_owned()))
}

/// `<KeyFile><Meta><Version>…</Version></Meta><Key><Data Hash="…">…</Data></Key></KeyFile>`
fn read_xml(text: &str, name: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    let damaged = || {
        Error::malformed(format!("the key file {name} is damaged"))
            .next_step("Take the key file from a backup; without it the database does not open")
    };
    let (mut version, mut data, mut hash) = (String::new(), Zeroizing::new(String::new()), None);
    let (mut element, mut is_whole) = (String::new(), false);
    let mut reader = Reader::from_str(text);
    loop {
        match reader.read_event().map_err(|_| damaged())? {
            Event::Start(tag) => {
                tag.local_name().as_ref().clone_into(&mut element);
                if element == "Data" {
                    hash = xml::attribute(&tag, "Hash");
                }
            }
            Event::Text(text) if element == "Version" => version.push_str(text.trim()),
            Event::Text(text) if element == "Data" => {
                data.extend(text.chars().filter(|character| !character.is_whitespace()));
            }
            Event::End(tag) => {
                is_whole = tag.local_name().as_ref() == "KeyFile";
                element.clear();
            }
            Event::Eof => break,
            _ => {}
        }
    }
    // A key that is cut off would look like a wrong one.
    if !is_whole {
        return Err(damaged());
    }
    let key = match version.split('.').next() {
        Some("1") => BASE64.decode(data.as_bytes()),
        Some("2") => HEXUPPER_PERMISSIVE.decode(data.as_bytes()),
        _ => return Err(Error::newer(format!("the key file {name} is of a version that is not known"))),
    };
    let key = key.ok().filter(|key| !key.is_empty()).map(Zeroizing::new).ok_or_else(damaged)?;
    match hash {
        Some(hash) if !is_hash_of(&hash, &key) => Err(damaged()),
        _ => Ok(key),
    }
}

/// Whether a text is the first four bytes of the key's hash, in hexadecimal.
fn is_hash_of(hash: &str, key: &[u8]) -> bool {
    let digest = Sha256::digest(key);
    let hash = HEXUPPER_PERMISSIVE.decode(hash.trim().as_bytes());
    hash.is_ok_and(|hash| hash.len() == 4 && digest.starts_with(&hash))
}

/// Everything that opens a database, in one.
pub(crate) struct CompositeKey(Key);

impl CompositeKey {
    /// An empty password is a part, no password is none.
    pub(crate) fn new(password: Option<&str>, file: Option<&FileKey>) -> Self {
        let mut hash = Sha256::new();
        if let Some(password) = password {
            hash.update(Sha256::digest(password.as_bytes()));
        }
        if let Some(FileKey(key)) = file {
            hash.update(key.as_slice());
        }
        let mut key = Key::default();
        key.copy_from_slice(&hash.finalize());
        Self(key)
    }

    pub(super) fn bytes(&self) -> &Key {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn read(bytes: &[u8]) -> Result<Vec<u8>, Error> {
        let file = KeyFile { name: "a.keyx".to_owned(), bytes: Zeroizing::new(bytes.to_vec()) };
        FileKey::read(&file).map(|key| key.0.to_vec())
    }

    fn xml(version: &str, data: &str) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<KeyFile>\n\t<Meta><Version>{version}</Version></Meta>\n\t<Key>{data}</Key>\n</KeyFile>"
        )
    }

    #[test]
    fn key_files_of_every_form() {
        let key: Vec<u8> = (0..32).collect();
        let hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
        assert_eq!(read(&key).unwrap(), key);
        assert_eq!(read(hex.as_bytes()).unwrap(), key);
        let first = xml("1.00", "<Data>AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=</Data>");
        assert_eq!(read(first.as_bytes()).unwrap(), key);
        // The hash was computed with `sha256sum`.
        let second = xml(
            "2.0",
            "<Data Hash=\"630DCD29\">\n00010203 04050607 08090A0B 0C0D0E0F\n10111213 14151617 18191A1B 1C1D1E1F\n</Data>",
        );
        assert_eq!(read(second.as_bytes()).unwrap(), key);
        // SHA-256 of "abc", FIPS 180-4.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(data_encoding::HEXLOWER.encode(&read(b"abc").unwrap()), abc);
        // 64 letters that are no hexadecimal digits.
        assert_eq!(read(&[b'x'; 64]).unwrap().len(), 32);
    }

    #[test]
    fn damaged_key_files_are_named() {
        let wrong_hash = xml("2.0", "<Data Hash=\"630DCD28\">00</Data>");
        let cut_off = "<KeyFile><Meta><Version>1.0</Version></Meta><Key><Data>AAECAwQF";
        for (text, wanted) in [
            (wrong_hash.as_str(), ErrorKind::Malformed),
            (&xml("1.0", "<Data>?</Data>"), ErrorKind::Malformed),
            (&xml("2.0", ""), ErrorKind::Malformed),
            ("<KeyFile><Meta>", ErrorKind::Malformed),
            (cut_off, ErrorKind::Malformed),
            (&xml("3.0", "<Data>00</Data>"), ErrorKind::NewerVersion),
        ] {
            let error = read(text.as_bytes()).unwrap_err();
            assert_eq!(error.kind, wanted, "{text}");
            assert!(error.message.contains("a.keyx"));
        }
    }

    #[test]
    fn parts_of_a_key() {
        let file = FileKey(Zeroizing::new(vec![7; 32]));
        let key = |password, file| CompositeKey::new(password, file).0.to_vec();
        let all = [
            key(None, None),
            key(Some(""), None),
            key(Some("a"), None),
            key(None, Some(&file)),
            key(Some(""), Some(&file)),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(all.iter().skip(at + 1).all(|other| other != one));
        }
    }
}
