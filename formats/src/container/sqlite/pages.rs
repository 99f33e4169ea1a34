//! Pages by number, from the main file or from the write-ahead log.

use std::borrow::Cow;
use std::collections::HashMap;

use super::error::Error;
use super::header::Header;
use super::wal::Wal;
use crate::source::Bytes;

/// Most bytes of a row of a database that is larger than what should be in memory.
const MAX_ROW: usize = 16 << 20;

/// Where the main file is.
#[derive(Clone, Copy)]
pub(super) enum Main<'a> {
    Memory(&'a [u8]),
    /// Read page by page, and forgotten.
    Pieces(&'a dyn Bytes),
}

impl<'a> Main<'a> {
    fn len(self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.size(),
            Self::Pieces(bytes) => bytes.size(),
        }
    }

    pub(super) fn read(self, at: u64, length: usize) -> Option<Cow<'a, [u8]>> {
        match self {
            Self::Memory(bytes) => {
                let start = usize::try_from(at).ok()?;
                bytes.get(start..start.checked_add(length)?).map(Cow::Borrowed)
            }
            Self::Pieces(bytes) => bytes.read(at, length).ok().map(|piece| Cow::Owned(piece.to_vec())),
        }
    }
}

/// The pages of one consistent state of the database.
pub(super) struct Pages<'a> {
    main: Main<'a>,
    overlay: HashMap<u32, &'a [u8]>,
    page_size: usize,
    usable: usize,
    count: u32,
}

impl<'a> Pages<'a> {
    pub(super) fn new(main: Main<'a>, wal: Wal<'a>, header: &Header) -> Self {
        let count =
            wal.page_count().or(header.page_count).unwrap_or_else(|| pages_in(main, header.page_size));
        Self { main, overlay: wal.pages, page_size: header.page_size, usable: header.usable, count }
    }

    /// Most bytes of a row: no more than the whole database, so that no length
    /// field can ask for more memory than the input took.
    pub(super) fn longest_row(&self) -> usize {
        let main = usize::try_from(self.main.len()).unwrap_or(usize::MAX);
        let whole = self.overlay.len().saturating_mul(self.page_size).saturating_add(main);
        match self.main {
            Main::Memory(_) => whole,
            Main::Pieces(_) => whole.min(MAX_ROW),
        }
    }

    /// The usable bytes of page `number`, counted from 1.
    pub(super) fn get(&self, number: u32) -> Result<Cow<'a, [u8]>, Error> {
        if number == 0 || number > self.count {
            return Err(Error::corrupt(number, "page number outside of the database"));
        }
        if let Some(page) = self.overlay.get(&number) {
            return page.get(..self.usable).map(Cow::Borrowed).ok_or(Error::Truncated { page: number });
        }
        // A page that is not whole is no page.
        let page = self.start_of(number).and_then(|start| self.main.read(start, self.page_size));
        match page.ok_or(Error::Truncated { page: number })? {
            Cow::Borrowed(page) => page.get(..self.usable).map(Cow::Borrowed),
            Cow::Owned(mut page) => {
                page.truncate(self.usable);
                Some(Cow::Owned(page))
            }
        }
        .ok_or(Error::Truncated { page: number })
    }

    fn start_of(&self, number: u32) -> Option<u64> {
        u64::from(number).checked_sub(1)?.checked_mul(u64::try_from(self.page_size).ok()?)
    }
}

/// Pages in the file; a partial page counts, so that its use is an error about
/// truncation and not about a wrong page number.
fn pages_in(main: Main<'_>, page_size: usize) -> u32 {
    let size = u64::try_from(page_size).unwrap_or(u64::MAX);
    u32::try_from(main.len().div_ceil(size)).unwrap_or(u32::MAX)
}
