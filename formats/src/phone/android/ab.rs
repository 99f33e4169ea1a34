//! The file of `adb backup`: lines of text, then a tar that may be compressed and encrypted.
//!
//! Source: `BackupManagerService` and `PerformFullTransportBackupTask` of Android; the extractors of N. Elenkov and L. Clévy
//! agree with it.

use std::io::{BufRead, BufReader, Read};
use std::slice;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::container::inflate::Unzlib;
use crate::crypt::{AesCbcReader, Key, Prf, aes_cbc_open, pbkdf2};
use crate::ctx::Limits;
use crate::error::{Error, Place};
use crate::model::{Protection, SecretText};

const MAGIC: &[u8] = b"ANDROID BACKUP";
/// The same in a file that was copied as text, with the ends of lines that Windows has.
const CHANGED: &[u8] = b"ANDROID BACKUP\r";
/// Some makers of phones put lines of their own in front: so much is searched.
const HEAD: usize = 4 << 10;
/// Longest line.
const MAX_LINE: usize = 4 << 10;
/// So many bytes from its beginning hold all the lines of a backup.
pub(super) const LINES: usize = 64 << 10;
const NEWEST: u32 = 5;
/// Android takes 10,000 rounds.
const MAX_ROUNDS: u32 = 1_000_000;

/// Where a backup begins: at the beginning of the file, or of a line near it that a version follows.
pub(super) fn find(bytes: &[u8]) -> Option<usize> {
    if after_magic(bytes).is_some() {
        return Some(0);
    }
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    let begins = |at: &usize| {
        let version = bytes.get(*at..).and_then(after_magic).and_then(<[u8]>::first);
        version.is_some_and(u8::is_ascii_digit)
    };
    let ends = head.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    ends.map(|(at, _)| at.saturating_add(1)).find(begins)
}

/// What follows the first line.
fn after_magic(bytes: &[u8]) -> Option<&[u8]> {
    let rest = bytes.strip_prefix(CHANGED).or_else(|| bytes.strip_prefix(MAGIC))?;
    rest.strip_prefix(b"\n")
}

/// A backup, its lines read.
pub(super) struct Backup {
    pub(super) version: u32,
    is_compressed: bool,
    pub(super) sealed: Option<Sealed>,
    /// How many bytes the lines have: the body follows.
    pub(super) lines: usize,
}

/// What the lines of an encrypted backup say.
pub(super) struct Sealed {
    version: u32,
    user_salt: Vec<u8>,
    checksum_salt: Vec<u8>,
    rounds: u32,
    user_iv: [u8; 16],
    /// The master key, enciphered.
    blob: Vec<u8>,
}

/// What opens the body.
pub(super) struct MasterKey {
    iv: [u8; 16],
    key: Key,
}

impl Backup {
    /// Reads the lines of a backup that begins here, of which as much is enough as [`LINES`] says.
    ///
    /// # Errors
    /// `Malformed`; `NewerVersion`; `Unsupported` for another encryption.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Error> {
        let mut lines = Lines { rest: bytes, number: 0 };
        if lines.next()? == CHANGED {
            return Err(Error::malformed("the backup was changed by copying it as text")
                .next_step("Copy the file again as it is, or make a new one with adb backup -f FILE"));
        }
        let version = lines.number("the version of the backup")?;
        if version > NEWEST {
            return Err(Error::newer(format!(
                "the backup is of a later version than {NEWEST}, which is the newest known"
            )));
        }
        let is_compressed = match lines.next()? {
            b"1" => true,
            b"0" => false,
            _ => return Err(lines.damaged("whether the backup is compressed")),
        };
        let sealed = match lines.next()? {
            b"none" => None,
            b"AES-256" => Some(Sealed::read(version, &mut lines)?),
            _ => {
                return Err(Error::unsupported("the backup is encrypted in a way that is not known")
                    .at(Place::Line(lines.number))
                    .next_step("Make it again without a password"));
            }
        };
        let lines = bytes.len().saturating_sub(lines.rest.len());
        Ok(Self { version, is_compressed, sealed, lines })
    }

    /// The tar in the body, as far as it goes.
    pub(super) fn content<'a>(&self, body: impl BufRead + 'a, key: Option<&MasterKey>) -> Box<dyn Read + 'a> {
        let opened: Box<dyn BufRead + 'a> = match key {
            Some(MasterKey { iv, key }) => Box::new(BufReader::new(AesCbcReader::new(key, iv, body))),
            None => Box::new(body),
        };
        if self.is_compressed { Box::new(Unzlib::new(opened)) } else { Box::new(opened) }
    }
}

/// The lines at the beginning.
struct Lines<'a> {
    rest: &'a [u8],
    /// Of the line that was read last.
    number: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Result<&'a [u8], Error> {
        self.number = self.number.saturating_add(1);
        let head = self.rest.get(..MAX_LINE).unwrap_or(self.rest);
        let end = head.iter().position(|byte| *byte == b'\n');
        let line = end.and_then(|end| Some((self.rest.get(..end)?, self.rest.get(end.checked_add(1)?..)?)));
        let (line, rest) = line.ok_or_else(|| self.damaged("a line"))?;
        self.rest = rest;
        Ok(line)
    }

    /// A number from 1 on; the largest there is for one that is larger.
    fn number(&mut self, what: &str) -> Result<u32, Error> {
        let line = self.next()?;
        let add = |number: u32, digit: &u8| {
            let digit = digit.is_ascii_digit().then(|| digit.wrapping_sub(b'0'))?;
            Some(number.saturating_mul(10).saturating_add(u32::from(digit)))
        };
        let number = line.iter().try_fold(0, add);
        number.filter(|number| *number > 0).ok_or_else(|| self.damaged(what))
    }

    fn hex(&mut self, what: &str) -> Result<Vec<u8>, Error> {
        let line = self.next()?;
        data_encoding::HEXLOWER_PERMISSIVE.decode(line).map_err(|_| self.damaged(what))
    }

    fn damaged(&self, what: &str) -> Error {
        Error::malformed(format!("{what} at the beginning of the backup is damaged or cut off"))
            .at(Place::Line(self.number))
            .next_step("Copy the file again, or make a new backup")
    }
}

impl Sealed {
    fn read(version: u32, lines: &mut Lines<'_>) -> Result<Self, Error> {
        let user_salt = lines.hex("the salt")?;
        let checksum_salt = lines.hex("the salt of the checksum")?;
        let rounds = lines.number("the number of rounds")?;
        if rounds > MAX_ROUNDS {
            return Err(lines.damaged("the number of rounds"));
        }
        let user_iv = lines.hex("the initial vector")?;
        let user_iv = <[u8; 16]>::try_from(user_iv).map_err(|_| lines.damaged("the initial vector"))?;
        let blob = lines.hex("the master key")?;
        Ok(Self { version, user_salt, checksum_salt, rounds, user_iv, blob })
    }

    pub(super) fn protection(&self) -> Protection {
        Protection::new("AES-256-CBC", (Prf::Sha1, self.rounds))
    }

    /// The master key; `None` with a wrong password.
    ///
    /// Version 1 took the low byte of each character, later ones UTF-8; Android itself tries the other way as well.
    pub(super) fn open(&self, password: &SecretText, limits: &Limits) -> Result<Option<MasterKey>, Error> {
        for (password, ways) in self.forms(password.expose()) {
            if let Some(key) = self.open_with(&password, ways, limits)? {
                return Ok(Some(key));
            }
        }
        Ok(None)
    }

    /// The bytes that a password may have become, and the ways in which it became these.
    fn forms(&self, password: &str) -> Vec<(Zeroizing<Vec<u8>>, &'static [Chars])> {
        let ways: &'static [Chars; 2] =
            if self.version == 1 { &[Chars::LowBytes, Chars::Utf8] } else { &[Chars::Utf8, Chars::LowBytes] };
        let forms = ways.each_ref().map(|way| (way.of_text(password), slice::from_ref(way)));
        match forms {
            // To derive a key takes long: of the same bytes it is done once.
            [(first, _), (second, _)] if first == second => vec![(first, ways)],
            forms => Vec::from(forms),
        }
    }

    fn open_with(
        &self,
        password: &[u8],
        ways: &[Chars],
        limits: &Limits,
    ) -> Result<Option<MasterKey>, Error> {
        let user_key = pbkdf2::<32>(Prf::Sha1, password, &self.user_salt, self.rounds, limits)?;
        let blob = aes_cbc_open(user_key.as_slice(), &self.user_iv, &self.blob);
        let Some((master, checksum)) = blob.as_ref().and_then(|blob| split(blob)) else { return Ok(None) };
        for way in ways {
            let said = way.of_bytes(master.key.as_slice());
            let computed = pbkdf2::<32>(Prf::Sha1, &said, &self.checksum_salt, self.rounds, limits)?;
            if bool::from(computed.as_slice().ct_eq(checksum)) {
                return Ok(Some(master));
            }
        }
        Ok(None)
    }
}

/// Three values, each after a byte with its length: initial vector, key, checksum.
fn split(blob: &[u8]) -> Option<(MasterKey, &[u8; 32])> {
    let (iv, rest) = blob.strip_prefix(&[16])?.split_first_chunk::<16>()?;
    let (key, rest) = rest.strip_prefix(&[32])?.split_first_chunk::<32>()?;
    let checksum = rest.strip_prefix(&[32])?.first_chunk::<32>()?;
    Some((MasterKey { iv: *iv, key: Zeroizing::new(*key) }, checksum))
}

/// How Java's characters become the bytes of a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Chars {
    Utf8,
    LowBytes,
}

impl Chars {
    fn of_text(self, text: &str) -> Zeroizing<Vec<u8>> {
        let low = |unit: u16| {
            let [_, low] = unit.to_be_bytes();
            low
        };
        Zeroizing::new(match self {
            Self::Utf8 => text.as_bytes().to_vec(),
            Self::LowBytes => text.encode_utf16().map(low).collect(),
        })
    }

    /// Of the master key, each byte of which was made a character with its sign: 80 is U+FF80.
    fn of_bytes(self, bytes: &[u8]) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(Vec::with_capacity(bytes.len().saturating_mul(3)));
        for byte in bytes {
            match (self, *byte) {
                (Self::Utf8, 0x80..=0xBF) => out.extend([0xEF, 0xBE, *byte]),
                (Self::Utf8, 0xC0..) => out.extend([0xEF, 0xBF, byte ^ 0x40]),
                _ => out.push(*byte),
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn lines_of_others_may_stand_in_front() {
        assert_eq!(find(b"ANDROID BACKUP\n"), Some(0));
        assert_eq!(find(b"MIUI BACKUP\n2\nANDROID BACKUP\n5\n"), Some(14));
        assert_eq!(find(b"read this:\nANDROID BACKUP\nis what it says\n"), None);
        assert_eq!(find(b"an ANDROID BACKUP\n5\n"), None);
        assert_eq!(find(b"ANDROID BACKUP\r\n5\r\n"), Some(0));
        assert_eq!(find(b"MIUI BACKUP\r\n2\r\nANDROID BACKUP\r\n5\r\n"), Some(16));
        assert_eq!([find(b"ANDROID BACKUP"), find(b"ANDROID BACKUP\r5")], [None; 2]);
        let far = [&[b'\n'; HEAD + 1], MAGIC, b"\n5\n"].concat();
        assert_eq!(find(&far), None);
    }

    #[test]
    fn lines_that_lie_are_named() {
        let read = |text: &str| Backup::read(text.as_bytes()).err().map(|error| (error.kind, error.at));
        let malformed = |line| Some((ErrorKind::Malformed, Some(Place::Line(line))));
        assert_eq!(read("ANDROID BACKUP\n5\n1\nnone\n"), None);
        assert_eq!(read("ANDROID BACKUP\n6\n"), Some((ErrorKind::NewerVersion, None)));
        assert_eq!(read("ANDROID BACKUP\n99999999999999999999\n"), Some((ErrorKind::NewerVersion, None)));
        for version in ["0", "", "+5", "-5", " 5", "5 "] {
            assert_eq!(read(&format!("ANDROID BACKUP\n{version}\n1\nnone\n")), malformed(2), "{version}");
        }
        assert_eq!(read("ANDROID BACKUP\nfive\n"), malformed(2));
        assert_eq!(read("ANDROID BACKUP\n5\n2\nnone\n"), malformed(3));
        assert_eq!(read("ANDROID BACKUP\n5\n1\nnone"), malformed(4));
        assert_eq!(read("ANDROID BACKUP\n5\n1\nDES\n"), Some((ErrorKind::Unsupported, Some(Place::Line(4)))));
        assert_eq!(read("ANDROID BACKUP\n5\n1\nAES-256\nxy\n"), malformed(5));
        let iv = "00".repeat(16);
        let sealed = |rounds: &str, iv: &str| {
            read(&format!("ANDROID BACKUP\n5\n1\nAES-256\n00\n00\n{rounds}\n{iv}\n00\n"))
        };
        assert_eq!(sealed("1000000", &iv), None);
        assert_eq!([sealed("0", &iv), sealed("1000001", &iv)], [malformed(7), malformed(7)]);
        assert_eq!(sealed("1", "00"), malformed(8));
        assert_eq!(read(&format!("ANDROID BACKUP\n{}\n", "5".repeat(MAX_LINE))), malformed(2));
    }

    #[test]
    fn a_file_that_was_copied_as_text_is_told() {
        let error = Backup::read(b"ANDROID BACKUP\r\n5\r\n1\r\nnone\r\n").err().unwrap();
        assert_eq!(error.kind, ErrorKind::Malformed);
        assert_eq!(error.message, "the backup was changed by copying it as text");
    }

    #[test]
    fn bytes_are_characters_with_a_sign() {
        let bytes = [0, 0x7F, 0x80, 0xBF, 0xC0, 0xFF];
        let wanted = "\0\u{7F}\u{FF80}\u{FFBF}\u{FFC0}\u{FFFF}";
        assert_eq!(Chars::Utf8.of_bytes(&bytes).as_slice(), wanted.as_bytes());
        assert_eq!(Chars::LowBytes.of_bytes(&bytes).as_slice(), bytes);
        assert_eq!(Chars::LowBytes.of_text("ä☺🔑").as_slice(), [0xE4, 0x3A, 0x3D, 0x11]);
    }

    #[test]
    fn a_password_that_has_the_same_bytes_either_way_is_tried_once() {
        let forms = |version, password: &str| {
            let iv = "00".repeat(16);
            let text = format!("ANDROID BACKUP\n{version}\n1\nAES-256\n00\n00\n1\n{iv}\n00\n");
            let sealed = Backup::read(text.as_bytes()).unwrap().sealed.unwrap();
            let forms = sealed.forms(password).into_iter();
            forms.map(|(bytes, ways)| (bytes.to_vec(), ways.to_vec())).collect::<Vec<_>>()
        };
        let (utf8, low) = (Chars::Utf8, Chars::LowBytes);
        assert_eq!(forms(5, "abc"), [(b"abc".to_vec(), vec![utf8, low])]);
        assert_eq!(forms(1, "abc"), [(b"abc".to_vec(), vec![low, utf8])]);
        assert_eq!(forms(5, "ä"), [(vec![0xC3, 0xA4], vec![utf8]), (vec![0xE4], vec![low])]);
        assert_eq!(forms(1, "ä"), [(vec![0xE4], vec![low]), (vec![0xC3, 0xA4], vec![utf8])]);
    }
}
