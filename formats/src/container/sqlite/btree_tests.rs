//! Pages built by hand, of 512 bytes each.

#![allow(clippy::arithmetic_side_effects)]

use super::super::error::Error;
use super::super::header::Header;
use super::super::pages::{Main, Pages};
use super::super::wal::Wal;
use super::{Cell, Scan, local_len};
use crate::source::Bytes;

const PAGE: usize = 512;

/// A database whose page 1 only has the header; the trees start at page 2.
fn database(pages: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = vec![0; PAGE];
    bytes[..16].copy_from_slice(b"SQLite format 3\0");
    bytes[16..24].copy_from_slice(&[2, 0, 1, 1, 0, 64, 32, 32]);
    for page in pages {
        assert_eq!(page.len(), PAGE);
        bytes.extend(page);
    }
    bytes
}

fn page(kind: u8, right_child: Option<u32>, cells: &[Vec<u8>]) -> Vec<u8> {
    let mut page = vec![kind, 0, 0, 0, u8::try_from(cells.len()).unwrap(), 0, 0, 0];
    page.extend(right_child.into_iter().flat_map(u32::to_be_bytes));
    let mut tail = Vec::new();
    for cell in cells {
        tail.splice(..0, cell.iter().copied());
        page.extend(u16::try_from(PAGE - tail.len()).unwrap().to_be_bytes());
    }
    page.resize(PAGE - tail.len(), 0);
    page.extend(tail);
    page
}

fn leaf(rowids: &[u8]) -> Vec<u8> {
    let cells: Vec<_> = rowids.iter().map(|rowid| vec![1, *rowid, *rowid]).collect();
    page(13, None, &cells)
}

fn interior(children: &[u8], right_child: u32) -> Vec<u8> {
    let cells: Vec<_> = children.iter().map(|child| vec![0, 0, 0, *child, 0]).collect();
    page(5, Some(right_child), &cells)
}

fn overflow(next: u32, fill: u8) -> Vec<u8> {
    let mut page = next.to_be_bytes().to_vec();
    page.resize(PAGE, fill);
    page
}

fn with_scan<T>(bytes: &[u8], use_scan: impl FnOnce(Scan<'_>) -> T) -> T {
    let header = Header::parse(bytes).ok().unwrap();
    let pages = Pages::new(Main::Memory(bytes), Wal::default(), &header);
    use_scan(Scan::new(&pages, 2))
}

fn rowids(pages: &[Vec<u8>]) -> Vec<Result<i64, Error>> {
    with_scan(&database(pages), |scan| scan.map(|cell| cell.map(|cell| cell.rowid)).collect())
}

#[test]
fn local_lengths_of_the_document() {
    // U = 512: X = 477, M = 39; U = 4096: X = 4061, M = 489.
    assert_eq!(local_len(512, 477), Some(477));
    assert_eq!(local_len(512, 478), Some(39));
    assert_eq!(local_len(512, 508 + 40), Some(40));
    assert_eq!(local_len(4096, 4061), Some(4061));
    assert_eq!(local_len(4096, 4062), Some(489));
    assert_eq!(local_len(4096, 10_000), Some(1816));
}

#[test]
fn rows_come_in_order() {
    let rows = rowids(&[interior(&[3, 4], 5), leaf(&[1, 2]), leaf(&[3]), leaf(&[9])]);
    assert_eq!(rows, [1, 2, 3, 9].map(Ok));
    assert_eq!(rowids(&[leaf(&[])]), []);
    assert_eq!(rowids(&[interior(&[], 3), leaf(&[7])]), [Ok(7)]);
}

#[test]
fn cycles_end() {
    let again = |page| Err(Error::corrupt(page, "page used twice in one table"));
    let rows = rowids(&[interior(&[2, 3, 3], 2), leaf(&[1])]);
    assert_eq!(rows, [again(2), Ok(1), again(3), again(2)]);
}

#[test]
fn depth_is_limited() {
    let mut pages: Vec<_> = (3..60).map(|child| interior(&[], child)).collect();
    pages.push(leaf(&[1]));
    assert_eq!(rowids(&pages), [Err(Error::corrupt(42, "b-tree too deep"))]);
}

#[test]
fn one_bad_page_does_not_hide_the_others() {
    let index_leaf = page(10, None, &[]);
    let rows = rowids(&[interior(&[3, 99], 4), index_leaf, leaf(&[5])]);
    let expected = [
        Err(Error::corrupt(3, "not a table b-tree page")),
        Err(Error::corrupt(99, "page number outside of the database")),
        Ok(5),
    ];
    assert_eq!(rows, expected);
}

#[test]
fn cells_stay_inside_of_their_page() {
    for start in [0_u16, 9, 511] {
        let mut page = leaf(&[1]);
        page[8..10].copy_from_slice(&start.to_be_bytes());
        assert!(rowids(&[page])[0].is_err(), "{start}");
    }
    let mut many = leaf(&[1]);
    many[3..5].copy_from_slice(&[0xff, 0xff]);
    assert_eq!(rowids(&[many]), [Err(Error::corrupt(2, "cell pointers outside of the page"))]);
}

#[test]
fn cells_do_not_share_bytes() {
    let mut page = page(13, None, &[vec![0x82, 0x2c, 1], vec![1, 2, 2]]);
    // Both pointers lead to a cell of 300 bytes.
    page[8..12].copy_from_slice(&[0, 100, 0, 100]);
    page[100..103].copy_from_slice(&[0x82, 0x2c, 1]);
    assert_eq!(rowids(&[page]), [Ok(1), Err(Error::corrupt(2, "cells overlap"))]);
}

/// A leaf with one row of 1000 bytes: 492 on the page would be too many, so
/// 39 are, and the rest on pages of 508.
fn spilling_leaf(first: u32) -> Vec<u8> {
    let mut cell = vec![0x87, 0x68, 1];
    cell.resize(3 + 39, b'a');
    cell.extend(first.to_be_bytes());
    page(13, None, &[cell])
}

fn payloads(pages: &[Vec<u8>]) -> Vec<Result<Vec<u8>, Error>> {
    with_scan(&database(pages), |scan| {
        let payload = |cell: Cell<'_>| cell.payload.into_owned();
        scan.map(|cell| cell.map(payload)).collect()
    })
}

#[test]
fn overflow_chains() {
    let rows = payloads(&[spilling_leaf(4), overflow(0, b'c'), overflow(3, b'b')]);
    let expected = [vec![b'a'; 39], vec![b'b'; 508], vec![b'c'; 453]].concat();
    assert_eq!(rows, [Ok(expected)]);
}

#[test]
fn broken_overflow_chains() {
    let short = payloads(&[spilling_leaf(3), overflow(0, b'b')]);
    assert_eq!(short, [Err(Error::corrupt(2, "overflow chain too short"))]);
    let cycle = payloads(&[spilling_leaf(3), overflow(3, b'b')]);
    assert_eq!(cycle, [Err(Error::corrupt(3, "page used twice in one table"))]);
    let mut huge = spilling_leaf(3);
    let cell = PAGE - 46;
    huge[cell..cell + 5].copy_from_slice(&[0xff, 0xff, 0xff, 0x7f, 1]);
    assert!(payloads(&[huge, overflow(3, b'b')])[0].is_err());
}

/// A database of a terabyte, nearly all of it zeros.
struct Vast(Vec<u8>);

impl Bytes for Vast {
    fn size(&self) -> u64 {
        1 << 40
    }

    fn fill(&self, at: u64, piece: &mut [u8]) -> Result<(), crate::error::Error> {
        let start = usize::try_from(at).unwrap();
        piece.iter_mut().zip(start..).for_each(|(byte, at)| *byte = *self.0.get(at).unwrap_or(&0));
        Ok(())
    }
}

#[test]
fn a_row_of_a_database_that_is_not_in_memory_has_a_limit() {
    // 16 MiB and one byte.
    let mut leaf = spilling_leaf(3);
    let cell = PAGE - 46;
    leaf[cell - 2..cell + 3].copy_from_slice(&[0x88, 0x80, 0x80, 0x01, 1]);
    leaf[8..10].copy_from_slice(&u16::try_from(cell - 2).unwrap().to_be_bytes());
    let vast = Vast(database(&[leaf, overflow(4, b'b')]));
    let main = Main::Pieces(&vast);
    let header = Header::parse(&main.read(0, 100).unwrap()).ok().unwrap();
    let pages = Pages::new(main, Wal::default(), &header);
    let row = Scan::new(&pages, 2).next().unwrap().map(|cell| cell.payload.len());
    assert_eq!(row, Err(Error::corrupt(2, "row larger than any real one")));
}

#[test]
fn a_file_cut_off_is_truncated() {
    let mut bytes = database(&[interior(&[3], 4), leaf(&[1]), leaf(&[2])]);
    bytes.truncate(bytes.len() - 1);
    let rows: Vec<_> = with_scan(&bytes, |scan| scan.map(|cell| cell.map(|cell| cell.rowid)).collect());
    assert_eq!(rows, [Ok(1), Err(Error::Truncated { page: 4 })]);
}
