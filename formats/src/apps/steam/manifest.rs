//! `manifest.json`: how the files beside it are encrypted.
//!
//! SDA keeps salt and initial vector in each entry, steamguard-cli in `encryption` with the name of
//! the scheme. Each file is base64 of AES-256-CBC with PKCS #7 padding and nothing that
//! authenticates it.

use data_encoding::BASE64;
use serde::Deserialize;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::INFO;
use crate::crypt::{Argon2Cost, Key, Prf, aes_cbc_open, argon2id, pbkdf2};
use crate::ctx::{Ctx, Limits};
use crate::error::{Error, Place};
use crate::format::Manifest;
use crate::model::SecretText;
use crate::text::{encoding, json};

/// PBKDF2-HMAC-SHA-1 iterations. Source: SDA's `FileEncryptor`.
const SDA_ITERATIONS: u32 = 50_000;
/// Source: steamguard-cli's `argon2id_aes.rs`.
const ARGON2: Argon2Cost = Argon2Cost { memory: 12 * 1024, passes: 3, lanes: 12 };

#[derive(Deserialize)]
struct File<'a> {
    /// Each is read on its own: one that is damaged does not keep the other files shut.
    #[serde(borrow)]
    entries: Vec<&'a RawValue>,
}

impl File<'_> {
    /// What the list says of one file, and its position.
    fn entry_of(&self, name: &str) -> Option<(usize, Entry)> {
        let entries = self.entries.iter().map(|raw| json::entry::<Entry>(raw));
        entries.enumerate().find_map(|(at, entry)| Some((at, entry.filter(|entry| entry.is_of(name))?)))
    }
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    filename: String,
    encryption_iv: Option<String>,
    encryption_salt: Option<String>,
    encryption: Option<Encryption>,
}

#[derive(Deserialize)]
struct Encryption {
    iv: String,
    salt: String,
    scheme: String,
}

/// How one file is encrypted.
pub(super) struct Scheme {
    iv: [u8; 16],
    salt: Vec<u8>,
    key: KeyOf,
}

/// How its key is made.
#[derive(Clone, Copy)]
enum KeyOf {
    Pbkdf2,
    Argon2id,
}

/// Whether the list says that the file is encrypted. Case of letters in names does not count on
/// Windows, where SDA runs.
pub(super) fn lists_sealed(manifest: &Manifest<'_>) -> bool {
    let Some(text) = encoding::decode(manifest.bytes) else { return false };
    let file = json::parse_file::<File<'_>>(&text, &Limits::default()).ok();
    file.and_then(|file| file.entry_of(manifest.file_name)).is_some_and(|(_, entry)| entry.is_sealed())
}

impl Entry {
    fn is_of(&self, name: &str) -> bool {
        self.filename.eq_ignore_ascii_case(name)
    }

    fn is_sealed(&self) -> bool {
        self.encryption.is_some() || self.encryption_iv.is_some()
    }
}

impl Scheme {
    /// The scheme of the file that the list is read for.
    pub(super) fn find(manifest: &Manifest<'_>, limits: &Limits) -> Result<Self, Error> {
        let text = encoding::decode(manifest.bytes).ok_or_else(|| in_list("it is not a text", ""))?;
        let file: File<'_> = json::parse_file(&text, limits)
            .map_err(|error| Error { message: format!("in manifest.json: {}", error.message), ..error })?;
        let found = file.entry_of(manifest.file_name);
        let (at, entry) = found.ok_or_else(|| in_list("it does not list this file", "/entries"))?;
        let place = format!("/entries/{at}");
        match (&entry.encryption, &entry.encryption_iv, &entry.encryption_salt) {
            (Some(encryption), ..) => {
                let key = match encryption.scheme.as_str() {
                    "LegacySdaCompatible" => KeyOf::Pbkdf2,
                    "Argon2idAes256" => KeyOf::Argon2id,
                    _ => {
                        return Err(Error::newer("manifest.json names an encryption that is not known")
                            .at(Place::Json(place)));
                    }
                };
                Self::new(&encryption.iv, &encryption.salt, key)
            }
            (None, Some(iv), Some(salt)) => Self::new(iv, salt, KeyOf::Pbkdf2),
            _ => return Err(in_list("it says that this file is not encrypted", &place)),
        }
        .ok_or_else(|| in_list("salt or initial vector of this file are damaged", &place))
    }

    fn new(iv: &str, salt: &str, key: KeyOf) -> Option<Self> {
        let iv = BASE64.decode(iv.as_bytes()).ok()?.try_into().ok()?;
        let salt = BASE64.decode(salt.as_bytes()).ok().filter(|salt| salt.len() >= 8)?;
        Some(Self { iv, salt, key })
    }

    /// Tries passwords until one opens the file.
    pub(super) fn open(&self, text: &str, ctx: &mut Ctx<'_>) -> Result<Zeroizing<String>, Error> {
        let compact: String = text.split_ascii_whitespace().collect();
        let content = BASE64
            .decode(compact.as_bytes())
            .ok()
            .filter(|content| !content.is_empty() && content.len().is_multiple_of(16))
            .ok_or_else(|| {
                Error::malformed("the encrypted file is damaged or incomplete").next_step("Copy it again")
            })?;
        ctx.unlock(&INFO, |password, limits| self.open_with(&content, password, limits))
    }

    fn open_with(
        &self,
        content: &[u8],
        password: &SecretText,
        limits: &Limits,
    ) -> Result<Option<Zeroizing<String>>, Error> {
        let password = password.expose().as_bytes();
        let key: Key = match self.key {
            KeyOf::Pbkdf2 => pbkdf2(Prf::Sha1, password, &self.salt, SDA_ITERATIONS, limits)?,
            KeyOf::Argon2id => argon2id(password, &self.salt, ARGON2, limits)?,
        };
        let opened = aes_cbc_open(key.as_slice(), &self.iv, content);
        // One wrong key of 256 gives a padding that fits, but no text that begins like this.
        let text = opened.and_then(|mut bytes| String::from_utf8(std::mem::take(&mut *bytes)).ok());
        Ok(text.map(Zeroizing::new).filter(|text| text.trim_start().starts_with('{')))
    }
}

fn in_list(what: &str, pointer: &str) -> Error {
    Error::malformed(format!("manifest.json does not help to open it: {what}"))
        .at(Place::Json(pointer.to_owned()))
        .next_step("Copy the file and the manifest.json of its folder again, both at the same time")
}
