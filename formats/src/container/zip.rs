//! Zip archives, as apps pack their exports: a few small files, often encrypted with a password.
//!
//! Read: stored and deflated members, plain, with WinZip's AES (AE-1 and AE-2) and with the traditional
//! encryption. Written: plain stored members, or one stored member with AES-256 or with the traditional encryption.
//! Source: PKWARE's APPNOTE 6.3.10, for the traditional encryption its section 6.1; WinZip's "AES Encryption Information" 1.04.

use std::io::{self, Cursor, Read, Write};

use aes::cipher::{BlockCipherEncrypt, KeyInit};
use hmac::{Hmac, Mac};
use sha1::Sha1;
use zeroize::Zeroizing;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::crypt::{Prf, pbkdf2};
use crate::ctx::{Ctx, Limits};
use crate::error::{Error, ErrorKind, Place};
use crate::model::SecretText;
use crate::source::{Bytes, Stream};

/// Most members; an export has two, a password store one for each account.
const MAX_MEMBERS: usize = 100_000;
/// Signature of a member.
const LOCAL: [u8; 4] = *b"PK\x03\x04";
/// Signature of the end of an archive: all that an empty one has.
const END: [u8; 4] = *b"PK\x05\x06";

/// An archive that is open.
pub(crate) struct Archive<'a> {
    zip: ZipArchive<Stream<Box<dyn Bytes + 'a>>>,
    names: Vec<String>,
}

/// What the directory says of a member.
pub(crate) struct Entry {
    pub(crate) name: String,
    /// Of the content, as it says itself.
    pub(crate) size: u64,
    pub(crate) is_encrypted: bool,
}

/// Whether the bytes begin like an archive.
pub(crate) fn sniff(bytes: &[u8]) -> bool {
    bytes.starts_with(&LOCAL) || bytes.starts_with(&END)
}

/// The names of the members. Of an archive that is cut off, that of the first: damage is told from
/// another format by it. `None` when the bytes are no archive.
pub(crate) fn names(bytes: &[u8]) -> Option<Vec<String>> {
    if !sniff(bytes) {
        return None;
    }
    match Archive::open_copy(bytes) {
        Ok(archive) => Some(archive.names),
        Err(_) => Some(vec![first_name(bytes)?]),
    }
}

/// The name in the first header: its length at 26, the text at 30.
fn first_name(bytes: &[u8]) -> Option<String> {
    let length = u16::from_le_bytes(*bytes.get(26..)?.first_chunk()?);
    let name = bytes.get(30..)?.get(..usize::from(length))?;
    std::str::from_utf8(name).ok().map(str::to_owned)
}

impl<'a> Archive<'a> {
    /// Reads the directory.
    ///
    /// # Errors
    /// `Malformed` for damage and for two members of one name; `Limit` for very many members.
    pub(crate) fn open(bytes: &'a [u8]) -> Result<Self, Error> {
        let archive = Self::open_copy(bytes)?;
        if archive.zip.len() > MAX_MEMBERS {
            return Err(Error::limit("the zip archive has more members than any export", "accounts"));
        }
        if archive.zip.has_duplicate_names() {
            return Err(damaged("the zip archive has two members of the same name"));
        }
        Ok(archive)
    }

    /// The same of a copy of a phone: it has any number of members, and of two of one name, where files were added
    /// again, the last counts.
    ///
    /// # Errors
    /// `Malformed` for damage.
    pub(crate) fn open_copy(bytes: impl Bytes + 'a) -> Result<Self, Error> {
        let bytes: Box<dyn Bytes + 'a> = Box::new(bytes);
        let zip = ZipArchive::new(Stream::new(bytes))
            .map_err(|_| damaged("the zip archive is damaged or cut off"))?;
        let names = zip.file_names().filter_map(Result::ok).map(std::borrow::Cow::into_owned).collect();
        Ok(Self { zip, names })
    }

    /// How many members there are.
    pub(crate) fn len(&self) -> usize {
        self.zip.len()
    }

    /// The member of that number, where its name can be read.
    pub(crate) fn entry(&self, index: usize) -> Option<Entry> {
        let entry = self.zip.by_index_data(index).ok()?;
        let name = entry.name().ok()?.into_owned();
        Some(Entry { name, size: entry.size(), is_encrypted: entry.encrypted() })
    }

    /// The content of the member of that number, which is not encrypted.
    pub(crate) fn read_entry(&mut self, index: usize, limits: &Limits) -> Result<Zeroizing<Vec<u8>>, Error> {
        let file = self.zip.by_index(index).map_err(|error| refused(&error))?;
        drain(file, limits)?.ok_or_else(|| damaged("a member of the zip archive is damaged"))
    }

    /// The names of the members, in order.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether a member needs a password.
    pub(crate) fn is_encrypted(&self, name: &str) -> bool {
        let index = self.zip.index_for_name(name);
        let entry = index.and_then(|index| self.zip.by_index_data(index).ok());
        entry.is_some_and(|entry| entry.encrypted())
    }

    /// The content of a member that is not encrypted.
    pub(crate) fn read(&mut self, name: &str, limits: &Limits) -> Result<Zeroizing<Vec<u8>>, Error> {
        let file = self.zip.by_name(name).map_err(|error| refused(&error))?;
        drain(file, limits)?.ok_or_else(|| damaged("a member of the zip archive is damaged"))
    }

    /// The content of an encrypted member, `None` with a wrong password.
    ///
    /// The traditional encryption checks one byte of the password and the checksum of the content;
    /// AES two bytes and an authentication code. Whatever fails, the password was most likely wrong.
    pub(crate) fn decrypt(
        &mut self,
        name: &str,
        password: &SecretText,
        limits: &Limits,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        match self.zip.by_name_decrypt(name, password.expose().as_bytes()) {
            Ok(file) => drain(file, limits),
            Err(ZipError::InvalidPassword) => Ok(None),
            Err(error) => Err(refused(&error)),
        }
    }
}

fn damaged(message: &str) -> Error {
    Error::malformed(message).next_step("The file is damaged or incomplete: export or copy it again")
}

fn refused(error: &ZipError) -> Error {
    match error {
        ZipError::UnsupportedArchive(_) => packed(),
        _ => damaged("a member of the zip archive is damaged"),
    }
}

fn packed() -> Error {
    Error::unsupported("the zip archive is packed or encrypted in a way that is not known")
        .next_step("Unpack it with another program and give the file that was in it")
}

/// Reads no more than the limit, whatever size the archive states. `None` for content that does not
/// match its checksum.
fn drain(file: impl Read, limits: &Limits) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    let mut content = Zeroizing::new(Vec::new());
    match file.take(limits.bytes.saturating_add(1)).read_to_end(&mut content) {
        Ok(_) => {}
        // How a member is packed is not looked at before it is read.
        Err(error) if error.kind() == io::ErrorKind::Unsupported => return Err(packed()),
        Err(_) => return Ok(None),
    }
    if u64::try_from(content.len()).unwrap_or(u64::MAX) > limits.bytes {
        return Err(Error::limit("a member of the zip archive is over the limit of bytes", "bytes"));
    }
    Ok(Some(content))
}

/// Bytes of the salt, the password check and the authentication code of AES-256.
const SALT: usize = 16;
const CHECK: usize = 2;
const CODE: usize = 10;
/// Iterations of PBKDF2-HMAC-SHA-1, fixed by the format.
const ITERATIONS: u32 = 1000;
/// General purpose bit 0: encrypted.
const ENCRYPTED: u16 = 1;
/// 1980-01-01, the first day that the format can say: no time is stated.
const DATE: u16 = 0x21;
/// Id 0x9901, 7 bytes, AE-1, `AE`, strength 3 (AES-256), method 0 (stored).
const EXTRA: [u8; 11] = [0x01, 0x99, 7, 0, 1, 0, b'A', b'E', 3, 0, 0];

/// How the one member of a written archive is encrypted.
struct Method {
    /// The version of the format that knows it.
    version: u16,
    /// What the headers say in place of the compression.
    compression: u16,
    extra: &'static [u8],
}

/// The extra field has the compression itself.
const AES: Method = Method { version: 51, compression: 99, extra: &EXTRA };
const TRADITIONAL: Method = Method { version: 20, compression: 0, extra: &[] };

/// An archive of plain members, stored.
pub(crate) fn write_plain<'m>(
    members: impl Iterator<Item = (&'m str, &'m [u8])> + Clone,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    // Both headers have the name; so no second copy of a secret is left when the buffer grows.
    let size = |(name, content): (&str, &[u8])| name.len() * 2 + content.len() + 256;
    let capacity = members.clone().map(size).fold(64, usize::saturating_add);
    let mut zip = ZipWriter::new(Cursor::new(Vec::with_capacity(capacity)));
    let not_written = || Error::new(ErrorKind::Internal, "the zip archive cannot be written");
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .unix_permissions(0o600)
        .last_modified_time(zip::DateTime::DEFAULT);
    for (name, content) in members {
        zip.start_file(name, options).map_err(|_| not_written())?;
        zip.write_all(content).map_err(|_| not_written())?;
    }
    zip.finish().map(|cursor| Zeroizing::new(cursor.into_inner())).map_err(|_| not_written())
}

/// An archive of one member, encrypted with AES-256 and stored.
pub(crate) fn write_aes(
    name: &str,
    content: &[u8],
    password: &SecretText,
    ctx: &mut Ctx<'_>,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let body = seal(content, password, ctx)?;
    write_member(name, content, &body, AES)
}

/// An archive of one member in the traditional encryption, stored. Whoever knows a few bytes of the
/// content has its keys in minutes: only for apps that open nothing better.
pub(crate) fn write_traditional(
    name: &str,
    content: &[u8],
    password: &SecretText,
    ctx: &mut Ctx<'_>,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let head: [u8; 11] = ctx.random()?;
    let [check, ..] = crc32(content).to_be_bytes();
    let mut keys = TraditionalKeys::new(password.expose().as_bytes());
    let mut body = Zeroizing::new(Vec::with_capacity(content.len().saturating_add(12)));
    body.extend(head.iter().chain([&check]).chain(content).map(|byte| keys.encrypt(*byte)));
    write_member(name, content, &body, TRADITIONAL)
}

fn write_member(
    name: &str,
    content: &[u8],
    body: &[u8],
    method: Method,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let too_large = || Error::new(ErrorKind::Internal, "the accounts are too long for a zip archive");
    let size = |bytes: &[u8]| u32::try_from(bytes.len()).map_err(|_| too_large());
    let member = Member { name, crc: crc32(content), packed: size(body)?, size: size(content)?, method };
    let mut out = Zeroizing::new(Vec::with_capacity(body.len().saturating_add(256)));
    out.extend(LOCAL);
    out.extend(member.method.version.to_le_bytes());
    member.write_common(&mut out)?;
    out.extend(name.as_bytes());
    out.extend(member.method.extra);
    out.extend_from_slice(body);
    let directory = size(&out)?;
    out.extend(b"PK\x01\x02");
    out.extend([member.method.version; 2].map(u16::to_le_bytes).as_flattened());
    member.write_common(&mut out)?;
    // Comment, disk, attributes inside and outside, and the offset of the member: all 0.
    out.extend([0; 14]);
    out.extend(name.as_bytes());
    out.extend(member.method.extra);
    let length = size(&out)?.saturating_sub(directory);
    out.extend(END);
    out.extend([0, 0, 1, 1].map(u16::to_le_bytes).as_flattened());
    out.extend([length, directory].map(u32::to_le_bytes).as_flattened());
    out.extend([0; 2]);
    Ok(out)
}

/// What both headers of a member say.
struct Member<'a> {
    name: &'a str,
    crc: u32,
    packed: u32,
    size: u32,
    method: Method,
}

impl Member<'_> {
    fn write_common(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        let length = |length: usize| {
            u16::try_from(length)
                .map_err(|_| Error::new(ErrorKind::Internal, "the name of a zip member is too long"))
        };
        let (name, extra) = (length(self.name.len())?, length(self.method.extra.len())?);
        out.extend([ENCRYPTED, self.method.compression, 0, DATE].map(u16::to_le_bytes).as_flattened());
        out.extend([self.crc, self.packed, self.size].map(u32::to_le_bytes).as_flattened());
        out.extend([name, extra].map(u16::to_le_bytes).as_flattened());
        Ok(())
    }
}

/// The three keys of the traditional encryption.
struct TraditionalKeys([u32; 3]);

impl TraditionalKeys {
    fn new(password: &[u8]) -> Self {
        let mut keys = Self([0x1234_5678, 0x2345_6789, 0x3456_7890]);
        password.iter().for_each(|byte| keys.update(*byte));
        keys
    }

    fn update(&mut self, byte: u8) {
        let Self([first, second, third]) = self;
        *first = crc32_step(*first, byte);
        *second = second.wrapping_add(*first & 0xFF).wrapping_mul(134_775_813).wrapping_add(1);
        let [high, ..] = second.to_be_bytes();
        *third = crc32_step(*third, high);
    }

    fn encrypt(&mut self, byte: u8) -> u8 {
        let Self([.., third]) = self;
        let base = *third & 0xFFFF | 2;
        let [.., key, _] = base.wrapping_mul(base ^ 1).to_be_bytes();
        self.update(byte);
        byte ^ key
    }
}

/// Salt, password check, ciphertext, and the first 10 bytes of its HMAC-SHA-1.
fn seal(content: &[u8], password: &SecretText, ctx: &mut Ctx<'_>) -> Result<Zeroizing<Vec<u8>>, Error> {
    let broken = || Error::new(ErrorKind::Internal, "the keys of a zip archive have another length");
    let salt: [u8; SALT] = ctx.random()?;
    let keys = pbkdf2::<66>(Prf::Sha1, password.expose().as_bytes(), &salt, ITERATIONS, ctx.limits)?;
    let (cipher_key, rest) = keys.split_first_chunk::<32>().ok_or_else(broken)?;
    let (mac_key, check) = rest.split_first_chunk::<32>().ok_or_else(broken)?;
    let mut text = Zeroizing::new(content.to_vec());
    apply_ctr(cipher_key, &mut text);
    let mut mac = <Hmac<Sha1> as hmac::KeyInit>::new_from_slice(mac_key).map_err(|_| broken())?;
    mac.update(&text);
    let code = mac.finalize().into_bytes();
    let mut out = Zeroizing::new(Vec::with_capacity(text.len().saturating_add(SALT + CHECK + CODE)));
    out.extend(salt);
    out.extend(check);
    out.extend_from_slice(&text);
    out.extend(code.iter().take(CODE));
    Ok(out)
}

/// AES-256 in counter mode; the counter is little-endian and begins with 1.
fn apply_ctr(key: &[u8; 32], text: &mut [u8]) {
    let cipher = aes::Aes256::new(&(*key).into());
    for (chunk, counter) in text.chunks_mut(16).zip(1_u128..) {
        let mut block = counter.to_le_bytes().into();
        cipher.encrypt_block(&mut block);
        chunk.iter_mut().zip(block.iter()).for_each(|(byte, key)| *byte ^= key);
    }
}

/// CRC-32 as zip has it (reflected, polynomial 0xEDB88320).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| crc32_step(crc, *byte))
}

fn crc32_step(crc: u32, byte: u8) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
    (0..8).fold(crc ^ u32::from(byte), step)
}

/// The error of an archive that has no member of that name.
pub(crate) fn missing(name: &str) -> Error {
    Error::malformed(format!("the zip archive has no {name}"))
        .at(Place::Byte(0))
        .next_step("Export again, and give the archive as the app made it")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctx::NoPasswords;
    use crate::testing;

    fn archive(content: &[u8]) -> Zeroizing<Vec<u8>> {
        let password = SecretText::new("pässword");
        testing::with_ctx(&mut NoPasswords, |ctx| write_aes("a.json", content, &password, ctx)).unwrap()
    }

    #[test]
    fn written_archives_are_read() {
        let limits = Limits::default();
        for length in [0, 1, 15, 16, 17, 1000] {
            let content: Vec<u8> = (0..length).map(|at: u32| at.to_le_bytes()[0]).collect();
            let bytes = archive(&content);
            let mut zip = Archive::open(&bytes).unwrap();
            assert_eq!(zip.names(), ["a.json"]);
            assert!(zip.is_encrypted("a.json"));
            let read = zip.decrypt("a.json", &SecretText::new("pässword"), &limits).unwrap().unwrap();
            assert_eq!(*read, content);
            assert!(zip.decrypt("a.json", &SecretText::new("password"), &limits).unwrap().is_none());
        }
    }

    #[test]
    fn archives_in_the_traditional_encryption_are_read() {
        let limits = Limits::default();
        let password = SecretText::new("pässword");
        for length in [0, 1, 13, 1000] {
            let content: Vec<u8> = (0..length).map(|at: u32| at.to_le_bytes()[0]).collect();
            let write = |ctx: &mut Ctx<'_>| write_traditional("a.txt", &content, &password, ctx);
            let bytes = testing::with_ctx(&mut NoPasswords, write).unwrap();
            let mut zip = Archive::open(&bytes).unwrap();
            assert!(zip.is_encrypted("a.txt"));
            assert_eq!(*zip.decrypt("a.txt", &password, &limits).unwrap().unwrap(), content);
            let wrong = zip.decrypt("a.txt", &SecretText::new("password"), &limits).unwrap();
            assert!(wrong.is_none());
        }
    }

    #[test]
    fn content_over_the_limit_is_not_unpacked() {
        let bytes = archive(&[7; 100]);
        let limits = Limits { bytes: 99, ..Limits::default() };
        let mut zip = Archive::open(&bytes).unwrap();
        let error = zip.decrypt("a.json", &SecretText::new("pässword"), &limits).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Limit);
    }

    #[test]
    fn names_of_whole_and_cut_archives() {
        let bytes = archive(b"{}");
        assert_eq!(names(&bytes).unwrap(), ["a.json"]);
        assert_eq!(names(&bytes[..50]).unwrap(), ["a.json"]);
        assert_eq!(names(&bytes[..33]), None);
        assert_eq!(names(b"PK\x03\x04"), None);
        assert_eq!(names(b"\x89PNG"), None);
        let mut empty = END.to_vec();
        empty.extend([0; 18]);
        assert_eq!(names(&empty).unwrap(), [""; 0]);
    }

    /// An archive to which a file was added again.
    #[test]
    fn members_of_one_name_have_one_name() {
        let twice = [("a.json", b"1".as_slice()), ("b.json", b"2"), ("c.json", b"3")];
        let mut bytes = write_plain(twice.into_iter()).unwrap();
        for at in 0..bytes.len() - 6 {
            if bytes[at..].starts_with(b"c.json") {
                bytes[at] = b'a';
            }
        }
        assert_eq!(names(&bytes).unwrap(), ["a.json", "b.json"]);
        assert_eq!(Archive::open(&bytes).err().map(|error| error.kind), Some(ErrorKind::Malformed));
        let mut copy = Archive::open_copy(bytes.as_slice()).unwrap();
        let entry = copy.entry(0).unwrap();
        assert_eq!(
            (copy.len(), entry.name.as_str(), entry.size, entry.is_encrypted),
            (2, "a.json", 1, false)
        );
        assert_eq!(*copy.read_entry(0, &Limits::default()).unwrap(), b"3");
        assert!(copy.entry(2).is_none());
    }

    #[test]
    fn checksum_of_the_usual_vector() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn any_change_of_a_byte_is_survived() {
        let bytes = archive(b"{\"a\":1}");
        let limits = Limits { bytes: 1 << 16, ..Limits::default() };
        for at in 0..bytes.len() {
            for change in [1, 0x80, 0xFF] {
                let mut bytes = bytes.to_vec();
                bytes[at] ^= change;
                names(&bytes);
                if let Ok(mut zip) = Archive::open(&bytes) {
                    let _ = zip.decrypt("a.json", &SecretText::new("pässword"), &limits);
                    let _ = zip.read("a.json", &limits);
                }
            }
        }
    }
}
