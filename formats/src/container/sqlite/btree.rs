//! The rows of a table b-tree, in rowid order (file format document, "B-tree
//! Pages").

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use super::big_endian::{u16_at, u32_at};
use super::error::Error;
use super::header::HEADER_LEN;
use super::pages::Pages;
use super::record::varint;

/// No tree SQLite writes comes near: its own cursors stop at 20 levels.
const MAX_DEPTH: usize = 40;

/// A row's record, still encoded.
pub(super) struct Cell<'d> {
    /// The leaf page, to name in errors.
    pub(super) page: u32,
    pub(super) rowid: i64,
    pub(super) payload: Cow<'d, [u8]>,
}

/// Walks one tree. A bad page or cell yields an error and the walk continues
/// behind it. It ends on any input: no page is used twice, be it for the tree
/// or for overflow, and no page yields more content than it holds.
pub(super) struct Scan<'d> {
    pages: &'d Pages<'d>,
    used: HashSet<u32>,
    path: Vec<Node<'d>>,
    next_page: Option<u32>,
}

impl<'d> Scan<'d> {
    pub(super) fn new(pages: &'d Pages<'d>, root: u32) -> Self {
        Self { pages, used: HashSet::new(), path: Vec::new(), next_page: Some(root) }
    }

    fn enter(&mut self, page: u32) -> Result<(), Error> {
        if self.path.len() >= MAX_DEPTH {
            return Err(Error::corrupt(page, "b-tree too deep"));
        }
        let bytes = self.claim(page)?;
        self.path.push(Node::parse(page, bytes)?);
        Ok(())
    }

    fn claim(&mut self, page: u32) -> Result<Cow<'d, [u8]>, Error> {
        let bytes = self.pages.get(page)?;
        if !self.used.insert(page) {
            return Err(Error::corrupt(page, "page used twice in one table"));
        }
        Ok(bytes)
    }

    fn cell(&mut self, stored: StoredCell<'d>) -> Result<Cell<'d>, Error> {
        let payload = match stored.overflow {
            None => stored.local,
            Some(first) => Cow::Owned(self.with_overflow(&stored, first)?),
        };
        Ok(Cell { page: stored.page, rowid: stored.rowid, payload })
    }

    /// "Cell Payload Overflow Pages": a chain of pages, each starting with the
    /// number of the next.
    fn with_overflow(&mut self, stored: &StoredCell<'_>, first: u32) -> Result<Vec<u8>, Error> {
        if stored.payload_len > self.pages.longest_row() {
            return Err(Error::corrupt(stored.page, "row larger than any real one"));
        }
        let mut payload = stored.local.to_vec();
        let mut next = first;
        loop {
            let missing = stored.payload_len.saturating_sub(payload.len());
            if missing == 0 {
                return Ok(payload);
            }
            if next == 0 {
                return Err(Error::corrupt(stored.page, "overflow chain too short"));
            }
            let page = self.claim(next)?;
            let (link, content) =
                page.split_first_chunk().ok_or(Error::corrupt(next, "overflow page too short"))?;
            payload.extend(content.iter().take(missing));
            next = u32::from_be_bytes(*link);
        }
    }
}

impl<'d> Iterator for Scan<'d> {
    type Item = Result<Cell<'d>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(page) = self.next_page.take()
                && let Err(error) = self.enter(page)
            {
                return Some(Err(error));
            }
            match self.path.last_mut()?.step() {
                None => drop(self.path.pop()),
                Some(Ok(Step::Child(page))) => self.next_page = Some(page),
                Some(Ok(Step::Row(stored))) => return Some(self.cell(stored)),
                Some(Err(error)) => return Some(Err(error)),
            }
        }
    }
}

enum Step<'d> {
    Child(u32),
    Row(StoredCell<'d>),
}

/// A leaf cell as it is on its page.
struct StoredCell<'d> {
    page: u32,
    rowid: i64,
    payload_len: usize,
    local: Cow<'d, [u8]>,
    /// The first overflow page, if `local` is not the whole payload.
    overflow: Option<u32>,
}

/// A page of the tree and how far the walk is through it.
struct Node<'d> {
    page: u32,
    bytes: Cow<'d, [u8]>,
    leaf: bool,
    /// Where the cell pointers are that were not visited yet, two bytes each.
    pointers: Range<usize>,
    /// Where cells may start: behind the cell pointers.
    content_start: usize,
    /// Bytes of the page that no cell visited so far took. Cells that overlap
    /// could otherwise unfold a small file into a large table.
    unclaimed: usize,
    /// The child right of all cells.
    right_child: Option<u32>,
}

impl<'d> Node<'d> {
    fn parse(page: u32, bytes: Cow<'d, [u8]>) -> Result<Self, Error> {
        let header_start = if page == 1 { HEADER_LEN } else { 0 };
        let leaf = match bytes.get(header_start) {
            Some(13) => true,
            Some(5) => false,
            _ => return Err(Error::corrupt(page, "not a table b-tree page")),
        };
        Self::with_pointers(page, bytes, header_start, leaf)
            .ok_or(Error::corrupt(page, "cell pointers outside of the page"))
    }

    fn with_pointers(page: u32, bytes: Cow<'d, [u8]>, start: usize, leaf: bool) -> Option<Self> {
        let header_len = if leaf { 8 } else { 12 };
        let pointers_start = start.checked_add(header_len)?;
        let cells = usize::from(u16_at(&bytes, start.checked_add(3)?)?);
        let content_start = pointers_start.checked_add(cells.checked_mul(2)?)?;
        bytes.get(pointers_start..content_start)?;
        let right_child = if leaf { None } else { Some(u32_at(&bytes, start.checked_add(8)?)?) };
        let unclaimed = bytes.len().checked_sub(content_start)?;
        let pointers = pointers_start..content_start;
        Some(Self { page, bytes, leaf, pointers, content_start, unclaimed, right_child })
    }

    fn step(&mut self) -> Option<Result<Step<'d>, Error>> {
        let Some(pointer) = self.pointers.clone().next() else {
            return self.right_child.take().map(|page| Ok(Step::Child(page)));
        };
        self.pointers.start = pointer.saturating_add(2);
        let start = u16_at(&self.bytes, pointer).ok_or(self.corrupt("cell pointers outside of the page"));
        Some(start.and_then(|start| self.at(usize::from(start))))
    }

    fn at(&mut self, start: usize) -> Result<Step<'d>, Error> {
        if start < self.content_start || start > self.bytes.len() {
            return Err(self.corrupt("cell outside of the page"));
        }
        let cut_off = self.corrupt("cell cut off by the end of the page");
        if !self.leaf {
            return u32_at(&self.bytes, start).map(Step::Child).ok_or(cut_off);
        }
        let (cell, length) = match &self.bytes {
            Cow::Borrowed(bytes) => {
                bytes.get(start..).and_then(|bytes| self.parse_leaf_cell(bytes, Cow::Borrowed))
            }
            Cow::Owned(bytes) => bytes
                .get(start..)
                .and_then(|bytes| self.parse_leaf_cell(bytes, |local| Cow::Owned(local.to_vec()))),
        }
        .ok_or(cut_off)?;
        self.unclaimed = self.unclaimed.checked_sub(length).ok_or(self.corrupt("cells overlap"))?;
        Ok(Step::Row(cell))
    }

    /// The cell at the start of these bytes, and how many of them it takes.
    fn parse_leaf_cell<'b>(
        &self,
        bytes: &'b [u8],
        keep: impl FnOnce(&'b [u8]) -> Cow<'d, [u8]>,
    ) -> Option<(StoredCell<'d>, usize)> {
        let (payload_len, rest) = varint(bytes)?;
        let (rowid, rest) = varint(rest)?;
        let payload_len = usize::try_from(payload_len).ok()?;
        let (local, rest) = rest.split_at_checked(local_len(self.bytes.len(), payload_len)?)?;
        let is_whole = local.len() == payload_len;
        let (overflow, rest) = match rest.split_first_chunk() {
            _ if is_whole => (None, rest),
            Some((first, rest)) => (Some(u32::from_be_bytes(*first)), rest),
            None => return None,
        };
        let length = bytes.len().checked_sub(rest.len())?;
        let rowid = rowid.cast_signed();
        Some((StoredCell { page: self.page, rowid, payload_len, local: keep(local), overflow }, length))
    }

    fn corrupt(&self, what: &'static str) -> Error {
        Error::corrupt(self.page, what)
    }
}

/// How much of a payload is on the leaf page itself. The section calls the
/// usable page size U, the payload's length P, the limits X and M, and the
/// length that leaves no overflow page partly empty K.
fn local_len(usable: usize, payload: usize) -> Option<usize> {
    let max_local = usable.checked_sub(35)?;
    if payload <= max_local {
        return Some(payload);
    }
    let min_local = usable.checked_sub(12)?.checked_mul(32)?.checked_div(255)?.checked_sub(23)?;
    let surplus = payload.checked_sub(min_local)?.checked_rem(usable.checked_sub(4)?)?;
    let even = min_local.checked_add(surplus)?;
    Some(if even <= max_local { even } else { min_local })
}

#[cfg(test)]
#[path = "btree_tests.rs"]
mod tests;
