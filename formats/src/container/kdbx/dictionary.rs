//! The "variant dictionary", in which KDBX 4 keeps the parameters of the key derivation.

use super::cursor::Cursor;
use crate::error::Error;

/// Major version, the high byte; a later minor one only adds.
const MAJOR: u8 = 1;
/// Most values; Argon2, which takes the most, has eight.
const MAX_VALUES: usize = 64;
/// Version 1.0.
const VERSION: u16 = 0x0100;

/// Kinds of values.
const U32: u8 = 0x04;
const U64: u8 = 0x05;
const BOOL: u8 = 0x08;
const I32: u8 = 0x0C;
const I64: u8 = 0x0D;
const TEXT: u8 = 0x18;
const BYTES: u8 = 0x42;

/// Named values.
pub(super) struct Dictionary<'a>(Vec<(&'a [u8], u8, &'a [u8])>);

impl<'a> Dictionary<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let mut cursor = Cursor::new(bytes);
        let [_, major] = cursor.u16().ok_or_else(damaged)?.to_le_bytes();
        if major != MAJOR {
            return Err(Error::newer("the parameters of its key derivation are of a later version"));
        }
        let mut entries = Vec::new();
        loop {
            match cursor.u8().ok_or_else(damaged)? {
                0 => return Ok(Self(entries)),
                _ if entries.len() == MAX_VALUES => return Err(damaged()),
                kind @ (U32 | U64 | BOOL | I32 | I64 | TEXT | BYTES) => {
                    let name = cursor.run().ok_or_else(damaged)?;
                    entries.push((name, kind, cursor.run().ok_or_else(damaged)?));
                }
                _ => return Err(Error::newer("the parameters of its key derivation have an unknown type")),
            }
        }
    }

    fn find(&self, name: &str) -> Option<(u8, &'a [u8])> {
        self.0.iter().find(|(key, ..)| *key == name.as_bytes()).map(|(_, kind, value)| (*kind, *value))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    pub(super) fn bytes(&self, name: &str) -> Result<&'a [u8], Error> {
        match self.find(name) {
            Some((BYTES, value)) => Ok(value),
            _ => Err(damaged()),
        }
    }

    /// A number that is not negative, of any width.
    pub(super) fn number(&self, name: &str) -> Result<u64, Error> {
        let number = || match self.find(name)? {
            (U32, value) => value.try_into().map(u32::from_le_bytes).map(u64::from).ok(),
            (U64, value) => value.try_into().map(u64::from_le_bytes).ok(),
            (I32, value) => u64::try_from(value.try_into().map(i32::from_le_bytes).ok()?).ok(),
            (I64, value) => u64::try_from(value.try_into().map(i64::from_le_bytes).ok()?).ok(),
            _ => None,
        };
        number().ok_or_else(damaged)
    }
}

fn damaged() -> Error {
    super::damaged("the parameters of its key derivation are damaged")
}

/// A dictionary in the making.
pub(super) struct NewDictionary(Vec<u8>);

impl NewDictionary {
    pub(super) fn new() -> Self {
        Self(VERSION.to_le_bytes().to_vec())
    }

    pub(super) fn bytes(self, name: &str, value: &[u8]) -> Option<Self> {
        self.entry(BYTES, name, value)
    }

    pub(super) fn u32(self, name: &str, value: u32) -> Option<Self> {
        self.entry(U32, name, &value.to_le_bytes())
    }

    pub(super) fn u64(self, name: &str, value: u64) -> Option<Self> {
        self.entry(U64, name, &value.to_le_bytes())
    }

    fn entry(mut self, kind: u8, name: &str, value: &[u8]) -> Option<Self> {
        self.0.push(kind);
        for run in [name.as_bytes(), value] {
            self.0.extend(u32::try_from(run.len()).ok()?.to_le_bytes());
            self.0.extend(run);
        }
        Some(self)
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.0.push(0);
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn values_are_read_by_name() {
        let bytes = NewDictionary::new()
            .bytes("S", b"salt")
            .and_then(|new| new.u32("P", 2))
            .and_then(|new| new.u64("M", 1 << 40))
            .unwrap()
            .finish();
        let read = Dictionary::parse(&bytes).unwrap();
        assert_eq!(read.bytes("S").unwrap(), b"salt");
        assert_eq!((read.number("P").unwrap(), read.number("M").unwrap()), (2, 1 << 40));
        assert!(read.bytes("P").is_err() && read.number("S").is_err() && !read.has("K"));
        for length in 0..bytes.len() {
            assert!(Dictionary::parse(&bytes[..length]).is_err(), "{length}");
        }
    }

    /// In memory each value takes several times its length.
    #[test]
    fn more_values_than_any_derivation_has_are_refused() {
        let dictionary =
            |count: usize| [vec![0, 1], [4, 0, 0, 0, 0, 0, 0, 0, 0].repeat(count), vec![0]].concat();
        assert!(Dictionary::parse(&dictionary(64)).is_ok());
        assert!(Dictionary::parse(&dictionary(65)).is_err());
    }

    #[test]
    fn later_versions_are_told_from_damage() {
        let kind = |bytes: &[u8]| Dictionary::parse(bytes).err().unwrap().kind;
        assert_eq!(kind(&[0, 2, 0]), ErrorKind::NewerVersion);
        assert_eq!(kind(&[0, 1, 0x77]), ErrorKind::NewerVersion);
        assert_eq!(kind(&[0, 1, 4, 0xFF, 0xFF, 0xFF, 0xFF]), ErrorKind::Malformed);
        let negative = [0, 1, 0x0C, 1, 0, 0, 0, b'I', 4, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0];
        assert_eq!(Dictionary::parse(&negative).unwrap().number("I").unwrap_err().kind, ErrorKind::Malformed);
    }
}
