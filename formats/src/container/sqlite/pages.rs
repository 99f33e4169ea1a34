//! Pages by number, from the main file or from the write-ahead log.

use std::collections::HashMap;

use super::error::Error;
use super::header::Header;
use super::wal::Wal;

/// The pages of one consistent state of the database.
pub(super) struct Pages<'a> {
    main: &'a [u8],
    overlay: HashMap<u32, &'a [u8]>,
    page_size: usize,
    usable: usize,
    count: u32,
}

impl<'a> Pages<'a> {
    pub(super) fn new(main: &'a [u8], wal: Wal<'a>, header: &Header) -> Self {
        let count =
            wal.page_count().or(header.page_count).unwrap_or_else(|| pages_in(main, header.page_size));
        Self { main, overlay: wal.pages, page_size: header.page_size, usable: header.usable, count }
    }

    /// An upper bound for the content of the whole database, so that no length
    /// field can ask for more memory than the input took.
    pub(super) fn total_len(&self) -> usize {
        self.overlay.len().saturating_mul(self.page_size).saturating_add(self.main.len())
    }

    /// The usable bytes of page `number`, counted from 1.
    pub(super) fn get(&self, number: u32) -> Result<&'a [u8], Error> {
        if number == 0 || number > self.count {
            return Err(Error::corrupt(number, "page number outside of the database"));
        }
        self.overlay
            .get(&number)
            .copied()
            .or_else(|| page_in(self.main, number, self.page_size))
            .and_then(|page| page.get(..self.usable))
            .ok_or(Error::Truncated { page: number })
    }
}

/// Pages in the file; a partial page counts, so that its use is an error about
/// truncation and not about a wrong page number.
fn pages_in(main: &[u8], page_size: usize) -> u32 {
    u32::try_from(main.len().div_ceil(page_size)).unwrap_or(u32::MAX)
}

fn page_in(main: &[u8], number: u32, page_size: usize) -> Option<&[u8]> {
    let start = usize::try_from(number).ok()?.checked_sub(1)?.checked_mul(page_size)?;
    main.get(start..start.checked_add(page_size)?)
}
