//! The sizes of pictures and their masks: those that the document tells, and those that JPEG 2000 and
//! JBIG2 data tells of itself, which may be others.

use hayro::hayro_syntax::Filter;
use hayro::hayro_syntax::object::Stream;

use crate::picture::check_size;
use crate::{Error, Limits};

/// Bytes for each pixel while JPEG 2000 is decoded: three colours as floating point numbers, twice.
const EACH_OF_JPEG_2000: u64 = 24;
/// A bit, which becomes a byte, and its colour.
const EACH_OF_JBIG2: u64 = 6;
/// Segments looked at until one tells the size of the page.
const MOST_SEGMENTS: usize = 10_000;

/// Refuses picture data that is larger than the limits.
pub(super) fn check(stream: &Stream<'_>, limits: &Limits) -> Result<(), Error> {
    let side = |names: [&[u8]; 2]| names.iter().find_map(|name| stream.dict().get::<u32>(*name));
    if let Some((width, height)) = side([b"Width", b"W"]).zip(side([b"Height", b"H"])) {
        check_size(width, height, super::embedded::EACH, limits)?;
    }
    let (size, each) = match stream.filters().first() {
        Some(Filter::JpxDecode) => (jpeg_2000(&stream.raw_data()), EACH_OF_JPEG_2000),
        Some(Filter::Jbig2Decode) => (jbig2(&stream.raw_data()), EACH_OF_JBIG2),
        _ => return Ok(()),
    };
    match size {
        Some((width, height)) => check_size(width, height, each, limits).map(|_| ()),
        None => Ok(()),
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_be_bytes)
}

/// From the marker segment SIZ, which follows the beginning of the code stream (ISO/IEC 15444-1,
/// A.5.1).
fn jpeg_2000(data: &[u8]) -> Option<(u32, u32)> {
    let at = data.windows(4).position(|four| four == b"\xff\x4f\xff\x51")?;
    Some((number(data, at + 8)?, number(data, at + 12)?))
}

/// From the page information segment (ISO/IEC 14492, 7.2 and 7.4.8). A height that is told later is
/// that of the document.
fn jbig2(data: &[u8]) -> Option<(u32, u32)> {
    let mut at = 0;
    for _ in 0..MOST_SEGMENTS {
        let segment = number(data, at)?;
        let flags = *data.get(at + 4)?;
        let few = usize::from(*data.get(at + 5)? >> 5);
        let (count, after) = if few == 7 {
            let many = (number(data, at + 5)? & 0x1fff_ffff) as usize;
            (many, at + 9 + many / 8 + 1)
        } else {
            (few, at + 6)
        };
        let each = match segment {
            0..=256 => 1,
            257..=65_536 => 2,
            _ => 4,
        };
        let page = if flags & 0x40 == 0 { 1 } else { 4 };
        let length_at = after.checked_add(count.checked_mul(each)?)?.checked_add(page)?;
        let length = number(data, length_at)? as usize;
        let content = length_at + 4;
        if flags & 0x3f == 48 {
            let height = number(data, content + 4)?;
            return (height < u32::MAX).then_some((number(data, content)?, height));
        }
        at = content.checked_add(length)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_found() {
        let j2k = b"....\xff\x4f\xff\x51\0\x2f\0\0\0\0\x04\0\0\0\x02\0";
        assert_eq!(jpeg_2000(j2k), Some((1024, 512)));
        let mut data = b"\0\0\0\0\x00\x00\x01\0\0\0\x02ab".to_vec();
        data.extend(b"\0\0\0\x01\x30\x20\x00\x01\0\0\0\x13\0\0\x04\0\0\0\x02\0");
        assert_eq!(jbig2(&data), Some((1024, 512)));
        for length in 0..data.len() {
            assert_eq!(jbig2(&data[..length]), None);
        }
    }
}
