//! TIFF files, which may have several pages.
//!
//! The decoder reads the first page that the header names. So each page is read through a header
//! that names it; the rest of the file stays where it is.

use std::collections::HashSet;
use std::io::{self, BufRead, Cursor, Read, Seek, SeekFrom};

use super::{Budget, Pages, Viewer, still};
use crate::{Error, Limits, PictureKind};

/// Most pages whose place is looked up; a chain of millions is no document.
const MOST_LISTED: usize = 10_000;
/// Tag: what the page is good for (TIFF 6.0, `NewSubfileType`).
const PURPOSE: u64 = 254;
/// Bits of it: a smaller copy of another page, or a mask.
const NO_PAGE: u64 = 1 | 4;

/// Shows each page. Returns how many were left out.
pub(super) fn show(bytes: &[u8], limits: &Limits, viewer: &mut dyn Viewer) -> Result<usize, Error> {
    let offsets = offsets(bytes);
    let mut pages = Pages::new(offsets.len(), Budget::new(limits), viewer);
    for offset in &offsets {
        pages.page(|| still::decode(Renamed::new(bytes, *offset), PictureKind::Tiff, limits));
    }
    if offsets.is_empty() {
        // The decoder knows best what is wrong.
        return still::show(bytes, PictureKind::Tiff, limits, viewer);
    }
    pages.finish()
}

/// Byte order and width of the numbers.
#[derive(Clone, Copy)]
struct Layout<'a> {
    bytes: &'a [u8],
    little: bool,
    big_tiff: bool,
}

impl Layout<'_> {
    fn number(self, at: u64, length: usize) -> Option<u64> {
        let at = usize::try_from(at).ok()?;
        let digits = self.bytes.get(at..at.checked_add(length)?)?;
        let join = |sum: u64, &digit: &u8| (sum << 8) | u64::from(digit);
        Some(if self.little { digits.iter().rev().fold(0, join) } else { digits.iter().fold(0, join) })
    }

    /// Whether the directory is a page of its own, and where the next one is.
    fn directory(self, at: u64) -> Option<(bool, u64)> {
        let (count_size, entry, offset) = if self.big_tiff { (8, 20, 8) } else { (2, 12, 4) };
        let count = self.number(at, count_size)?;
        let first = at.checked_add(count_size as u64)?;
        let end = first.checked_add(count.checked_mul(entry)?)?;
        let next = self.number(end, offset).unwrap_or(0);
        // Entries are sorted by tag; this one is the first of all that are usual.
        let purpose = (0..count.min(4)).find_map(|index| {
            let at = first + index * entry;
            let is_purpose = self.number(at, 2)? == PURPOSE;
            // Type LONG: the value stands in the first four bytes of its field.
            is_purpose.then(|| self.number(at + entry - offset as u64, 4))?
        });
        Some((purpose.unwrap_or(0) & NO_PAGE == 0, next))
    }
}

/// Where the directories of the pages are. Ends at a damaged one and where the chain bites its tail.
fn offsets(bytes: &[u8]) -> Vec<u64> {
    let layout = Layout {
        bytes,
        little: bytes.starts_with(b"II"),
        big_tiff: matches!(bytes.get(2..4), Some(b"+\0" | b"\0+")),
    };
    let first = if layout.big_tiff { layout.number(8, 8) } else { layout.number(4, 4) };
    let mut seen = HashSet::new();
    let mut offsets = Vec::new();
    let mut next = first.unwrap_or(0);
    while next != 0 && offsets.len() < MOST_LISTED && seen.insert(next) {
        let Some((is_page, after)) = layout.directory(next) else { break };
        if is_page || offsets.is_empty() {
            offsets.push(next);
        }
        next = after;
    }
    offsets
}

/// The file with another page named in its header.
struct Renamed<'a> {
    head: [u8; 16],
    inner: Cursor<&'a [u8]>,
}

impl<'a> Renamed<'a> {
    fn new(bytes: &'a [u8], offset: u64) -> Self {
        let mut head = [0; 16];
        let known = bytes.len().min(16);
        head[..known].copy_from_slice(&bytes[..known]);
        let little = bytes.starts_with(b"II");
        let big_tiff = matches!(bytes.get(2..4), Some(b"+\0" | b"\0+"));
        match (big_tiff, little) {
            (true, true) => head[8..].copy_from_slice(&offset.to_le_bytes()),
            (true, false) => head[8..].copy_from_slice(&offset.to_be_bytes()),
            (false, true) => head[4..8].copy_from_slice(&(offset as u32).to_le_bytes()),
            (false, false) => head[4..8].copy_from_slice(&(offset as u32).to_be_bytes()),
        }
        Renamed { head, inner: Cursor::new(bytes) }
    }
}

impl Read for Renamed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let length = available.len().min(buffer.len());
        buffer[..length].copy_from_slice(&available[..length]);
        self.consume(length);
        Ok(length)
    }
}

impl BufRead for Renamed<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let at = usize::try_from(self.inner.position()).unwrap_or(usize::MAX);
        let head = &self.head[..self.inner.get_ref().len().min(16)];
        match head.get(at..) {
            Some(rest) if !rest.is_empty() => Ok(rest),
            _ => self.inner.fill_buf(),
        }
    }

    fn consume(&mut self, amount: usize) {
        self.inner.consume(amount);
    }
}

impl Seek for Renamed<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}
