//! The 100-byte database header (file format document, "The Database Header").

use super::big_endian::{u16_at, u32_at};
use super::error::Error;
use super::text::TextEncoding;

pub(super) const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Bytes the header takes at the start of page 1.
pub(super) const HEADER_LEN: usize = 100;

/// "The usable size is not allowed to be less than 480" ("Reserved bytes per
/// page"); the cell arithmetic relies on it.
const MIN_USABLE: usize = 480;

pub(super) struct Header {
    pub(super) page_size: usize,
    /// Bytes per page that hold b-tree content.
    pub(super) usable: usize,
    pub(super) wal_mode: bool,
    /// The size in pages the header claims, if that claim is current.
    pub(super) page_count: Option<u32>,
    pub(super) encoding: TextEncoding,
    pub(super) user_version: i32,
}

impl Header {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if !bytes.starts_with(MAGIC) {
            return Err(Error::NotSqlite);
        }
        let header: &[u8; HEADER_LEN] = bytes.first_chunk().ok_or(Error::Truncated { page: 1 })?;
        check_versions(header)?;
        let page_size = page_size(header)?;
        Ok(Self {
            page_size,
            usable: usable(header, page_size)?,
            wal_mode: header.get(18..20) == Some(&[2, 2]),
            page_count: page_count(header),
            encoding: encoding(header)?,
            user_version: field(header, 60).cast_signed(),
        })
    }
}

fn check_versions(header: &[u8; HEADER_LEN]) -> Result<(), Error> {
    // "File format version numbers": a read version above 2 must not be read.
    if !matches!(header.get(19), Some(1 | 2)) {
        return Err(Error::unsupported("file format read version"));
    }
    // "Payload fractions": fixed values in every file.
    if header.get(21..24) != Some(&[64, 32, 32]) {
        return Err(Error::corrupt(1, "payload fractions in the header"));
    }
    // "Schema format number": 0 before the first table exists.
    if field(header, 44) > 4 {
        return Err(Error::unsupported("schema format number"));
    }
    Ok(())
}

fn page_size(header: &[u8; HEADER_LEN]) -> Result<usize, Error> {
    let size = match u16_at(header, 16) {
        // 65536 does not fit the field; "Page Size" has 1 stand for it.
        Some(1) => 65_536,
        Some(size) if size >= 512 && size.is_power_of_two() => usize::from(size),
        _ => return Err(Error::corrupt(1, "page size in the header")),
    };
    Ok(size)
}

fn usable(header: &[u8; HEADER_LEN], page_size: usize) -> Result<usize, Error> {
    header
        .get(20)
        .and_then(|reserved| page_size.checked_sub(usize::from(*reserved)))
        .filter(|usable| *usable >= MIN_USABLE)
        .ok_or(Error::corrupt(1, "reserved bytes in the header"))
}

/// "In-header database size": only valid if non-zero and if the change counter
/// equals the version-valid-for number; older writers leave it stale.
fn page_count(header: &[u8; HEADER_LEN]) -> Option<u32> {
    let count = field(header, 28);
    (count != 0 && field(header, 24) == field(header, 92)).then_some(count)
}

fn encoding(header: &[u8; HEADER_LEN]) -> Result<TextEncoding, Error> {
    TextEncoding::from_code(field(header, 56)).ok_or_else(|| Error::unsupported("text encoding"))
}

/// A field of the header; callers pass offsets inside its 100 bytes.
fn field(header: &[u8; HEADER_LEN], offset: usize) -> u32 {
    u32_at(header, offset).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::error::Error;
    use super::{Header, MAGIC};

    fn sample() -> [u8; 100] {
        let mut header = [0; 100];
        let mut put = |at: usize, bytes: &[u8]| {
            for (slot, byte) in header.iter_mut().skip(at).zip(bytes) {
                *slot = *byte;
            }
        };
        put(0, MAGIC);
        put(16, &[0x10, 0, 2, 2, 32, 64, 32, 32]);
        put(24, &[0, 0, 0, 9, 0, 0, 0, 7]);
        put(56, &[0, 0, 0, 2, 0xff, 0xff, 0xff, 0xfe]);
        put(92, &[0, 0, 0, 9]);
        header
    }

    fn with(at: usize, byte: u8) -> Result<Header, Error> {
        let mut header = sample();
        *header.get_mut(at).unwrap() = byte;
        Header::parse(&header)
    }

    #[test]
    fn reads_the_fields() {
        let header = Header::parse(&sample()).ok().unwrap();
        assert_eq!((header.page_size, header.usable), (4096, 4064));
        assert!(header.wal_mode);
        assert_eq!(header.page_count, Some(7));
        assert_eq!(header.user_version, -2);
    }

    #[test]
    fn a_stale_page_count_is_not_used() {
        assert_eq!(with(95, 8).ok().unwrap().page_count, None);
    }

    #[test]
    fn refuses_what_it_must_not_read() {
        assert_eq!(with(0, b'X').err(), Some(Error::NotSqlite));
        for (at, byte) in [(16, 0x11), (19, 3), (21, 63), (47, 5), (59, 4)] {
            assert!(with(at, byte).is_err(), "offset {at}");
        }
        let short = sample().get(..99).unwrap().to_vec();
        assert_eq!(Header::parse(&short).err(), Some(Error::Truncated { page: 1 }));
    }

    #[test]
    fn usable_size_has_a_floor() {
        let mut header = sample();
        *header.get_mut(16).unwrap() = 2;
        assert_eq!(Header::parse(&header).ok().unwrap().usable, 480);
        *header.get_mut(20).unwrap() = 33;
        assert!(Header::parse(&header).is_err());
    }
}
