//! The write-ahead log (file format document, "The Write-Ahead Log").

use std::collections::HashMap;

use super::big_endian::u32_at;
use super::error::Error;

const HEADER_LEN: usize = 32;
const FRAME_HEADER_LEN: usize = 24;

/// The only version of the format ("WAL File Format").
const VERSION: u32 = 3_007_000;

/// The pages that the log's committed transactions replace.
#[derive(Default)]
pub(super) struct Wal<'a> {
    pub(super) pages: HashMap<u32, &'a [u8]>,
    /// Page size and database size in pages, as of the last commit.
    last_commit: Option<(usize, u32)>,
    /// Whether something of this log's own generation could not be used.
    pub(super) unused_tail: bool,
}

impl<'a> Wal<'a> {
    /// Reads the committed frames. A log that is empty or does not start with
    /// a valid header holds nothing, as for SQLite itself.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Error> {
        let Some(header) = WalHeader::parse(bytes)? else {
            return Ok(Self { unused_tail: !bytes.is_empty(), ..Self::default() });
        };
        let frames = bytes.get(HEADER_LEN..).unwrap_or_default();
        Ok(Self::from_frames(&header, frames))
    }

    /// "Reader Algorithm": frames count up to the last commit frame before the
    /// first frame whose salts or checksum are wrong.
    fn from_frames(header: &WalHeader, frames: &'a [u8]) -> Self {
        let mut wal = Self::default();
        let mut pending = Vec::new();
        let mut checksum = header.checksum;
        let mut rest = frames;
        while let Some((frame, tail)) = header.next_frame(rest, &mut checksum) {
            rest = tail;
            pending.push((frame.page, frame.content));
            if frame.commit_size != 0 {
                wal.pages.extend(pending.drain(..));
                wal.last_commit = Some((header.page_size, frame.commit_size));
            }
        }
        wal.unused_tail = !pending.is_empty() || header.has_own_salts(rest);
        wal
    }

    /// The database's size after the last commit, if there is a commit.
    pub(super) fn page_count(&self) -> Option<u32> {
        self.last_commit.map(|(_, count)| count)
    }

    /// The size of the committed pages, if there are any.
    pub(super) fn page_size(&self) -> Option<usize> {
        self.last_commit.map(|(size, _)| size)
    }
}

struct WalHeader {
    page_size: usize,
    salts: [u8; 8],
    word: fn([u8; 4]) -> u32,
    checksum: Checksum,
}

struct Frame<'a> {
    page: u32,
    /// The database's size in pages if this frame ends a transaction, else 0.
    commit_size: u32,
    content: &'a [u8],
}

impl WalHeader {
    fn parse(bytes: &[u8]) -> Result<Option<Self>, Error> {
        let Some(header) = Self::verified(bytes) else {
            return Ok(None);
        };
        if u32_at(bytes, 4) != Some(VERSION) {
            return Err(Error::unsupported("write-ahead log version"));
        }
        Ok(Some(header))
    }

    fn verified(bytes: &[u8]) -> Option<Self> {
        let header: &[u8; HEADER_LEN] = bytes.first_chunk()?;
        // "WAL File Format": the magic number tells how the checksum reads
        // its input; the stored checksums are big-endian in either case.
        let word = match u32_at(header, 0)? {
            0x377f_0682 => u32::from_le_bytes,
            0x377f_0683 => u32::from_be_bytes,
            _ => return None,
        };
        let checksum = Checksum::default().over(header.get(..24)?, word);
        let page_size = usize::try_from(u32_at(header, 8)?).ok()?;
        let plausible = page_size.is_power_of_two() && (512..=65_536).contains(&page_size);
        (plausible && checksum.is_stored_at(header, 24)).then_some(Self {
            page_size,
            salts: *header.get(16..)?.first_chunk()?,
            word,
            checksum,
        })
    }

    /// The next valid frame and what follows it. `running` covers everything
    /// up to that frame, then also the frame.
    fn next_frame<'a>(&self, bytes: &'a [u8], running: &mut Checksum) -> Option<(Frame<'a>, &'a [u8])> {
        let (header, after) = bytes.split_first_chunk::<FRAME_HEADER_LEN>()?;
        let (content, rest) = after.split_at_checked(self.page_size)?;
        // "WAL File Format": the checksum covers the first 8 header bytes and
        // the page, on top of everything before.
        let checksum = running.over(header.get(..8)?, self.word).over(content, self.word);
        let frame = Frame { page: u32_at(header, 0)?, commit_size: u32_at(header, 4)?, content };
        let valid = frame.page != 0 && self.has_own_salts(header) && checksum.is_stored_at(header, 16);
        valid.then(|| {
            *running = checksum;
            (frame, rest)
        })
    }

    /// Whether `frame` was written since the log was last started over; left-
    /// overs of an earlier generation carry other salts.
    fn has_own_salts(&self, frame: &[u8]) -> bool {
        frame.get(8..16) == Some(&self.salts)
    }
}

/// The two running sums of the "Checksum Algorithm".
#[derive(Clone, Copy, Default)]
struct Checksum(u32, u32);

impl Checksum {
    /// Continues over `bytes`, whose length is always a multiple of 8 here:
    /// header parts and whole pages.
    fn over(self, bytes: &[u8], word: fn([u8; 4]) -> u32) -> Self {
        let (words, _) = bytes.as_chunks::<4>();
        let (pairs, _) = words.as_chunks::<2>();
        pairs.iter().fold(self, |sum, [one, two]| {
            let first = sum.0.wrapping_add(word(*one)).wrapping_add(sum.1);
            let second = sum.1.wrapping_add(word(*two)).wrapping_add(first);
            Self(first, second)
        })
    }

    fn is_stored_at(self, bytes: &[u8], offset: usize) -> bool {
        let stored = bytes.get(offset..).unwrap_or_default();
        (u32_at(stored, 0), u32_at(stored, 4)) == (Some(self.0), Some(self.1))
    }
}

#[cfg(test)]
#[path = "wal_tests.rs"]
mod tests;
