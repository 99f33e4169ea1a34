//! Logs built by hand, in both checksum byte orders.

use std::borrow::Cow;

use super::super::Database;
use super::super::error::Error;
use super::super::header::Header;
use super::super::pages::{Main, Pages};
use super::{Checksum, Wal};

const PAGE: usize = 512;

struct Writer {
    bytes: Vec<u8>,
    sum: Checksum,
    word: fn([u8; 4]) -> u32,
    salts: [u8; 8],
}

impl Writer {
    fn new(magic: u32) -> Self {
        let word = if magic == 0x377f_0683 { u32::from_be_bytes } else { u32::from_le_bytes };
        let salts = *b"saltsalt";
        let mut bytes = Vec::new();
        for field in [magic, 3_007_000, 512, 1] {
            bytes.extend(field.to_be_bytes());
        }
        bytes.extend(salts);
        let sum = Checksum::default().over(&bytes, word);
        bytes.extend(sum.0.to_be_bytes());
        bytes.extend(sum.1.to_be_bytes());
        Self { bytes, sum, word, salts }
    }

    fn frame(self, page: u32, commit: u32, fill: u8) -> Self {
        self.page(page, commit, &[fill; PAGE])
    }

    fn page(mut self, page: u32, commit: u32, content: &[u8; PAGE]) -> Self {
        let head = [page.to_be_bytes(), commit.to_be_bytes()].concat();
        self.sum = self.sum.over(&head, self.word).over(content, self.word);
        self.bytes.extend(head);
        self.bytes.extend(self.salts);
        self.bytes.extend(self.sum.0.to_be_bytes());
        self.bytes.extend(self.sum.1.to_be_bytes());
        self.bytes.extend(content);
        self
    }
}

fn fills(wal: &Wal<'_>) -> Vec<(u32, u8)> {
    let mut pages: Vec<_> =
        wal.pages.iter().map(|(page, content)| (*page, *content.first().unwrap())).collect();
    pages.sort_unstable();
    pages
}

#[test]
fn checksum_of_written_down_words() {
    // s0 = 1, s1 = 2 + 1 = 3; then s0 = 1 + 3 + 3 = 7, s1 = 3 + 4 + 7 = 14.
    let words = [1_u32, 2, 3, 4].map(u32::to_be_bytes).concat();
    let sum = Checksum::default().over(&words, u32::from_be_bytes);
    assert_eq!((sum.0, sum.1), (7, 14));
}

#[test]
fn both_byte_orders_and_the_newest_frame_of_a_page() {
    for magic in [0x377f_0682, 0x377f_0683] {
        let log = Writer::new(magic).frame(1, 0, 10).frame(2, 2, 20).frame(1, 3, 11);
        let wal = Wal::read(&log.bytes).ok().unwrap();
        assert_eq!(fills(&wal), [(1, 11), (2, 20)]);
        assert_eq!((wal.page_count(), wal.page_size()), (Some(3), Some(PAGE)));
        assert!(!wal.unused_tail);
    }
}

#[test]
fn uncommitted_frames_do_not_count() {
    let log = Writer::new(0x377f_0682).frame(1, 1, 10).frame(1, 0, 11);
    let wal = Wal::read(&log.bytes).ok().unwrap();
    assert_eq!(fills(&wal), [(1, 10)]);
    assert!(wal.unused_tail);
}

#[test]
fn a_wrong_frame_ends_the_log() {
    let log = Writer::new(0x377f_0682).frame(1, 1, 10).frame(1, 1, 11).frame(1, 1, 12);
    let mut bytes = log.bytes;
    *bytes.get_mut(32 + 536 + 100).unwrap() ^= 1;
    let wal = Wal::read(&bytes).ok().unwrap();
    assert_eq!(fills(&wal), [(1, 10)]);
    assert!(wal.unused_tail);
}

#[test]
fn frames_of_an_earlier_generation_do_not_count() {
    let mut log = Writer::new(0x377f_0682).frame(1, 1, 10);
    log.salts = *b"oldsalts";
    let log = log.frame(1, 1, 11);
    let wal = Wal::read(&log.bytes).ok().unwrap();
    assert_eq!(fills(&wal), [(1, 10)]);
    assert!(!wal.unused_tail);
}

#[test]
fn nothing_in_a_log_without_a_valid_header() {
    let log = Writer::new(0x377f_0682).frame(1, 1, 10).bytes;
    assert!(!Wal::read(&[]).ok().unwrap().unused_tail);
    for at in [0, 8, 16, 24] {
        let mut bytes = log.clone();
        *bytes.get_mut(at).unwrap() ^= 0x40;
        let wal = Wal::read(&bytes).ok().unwrap();
        assert!(wal.pages.is_empty() && wal.unused_tail, "offset {at}");
    }
}

/// Page 1 of a database, empty but for the header.
fn first_page(page_size: u16, page_count: u8) -> [u8; PAGE] {
    let mut page = [0; PAGE];
    page[..16].copy_from_slice(Database::MAGIC);
    page[16..18].copy_from_slice(&page_size.to_be_bytes());
    page[18..24].copy_from_slice(&[2, 2, 0, 64, 32, 32]);
    page[31] = page_count;
    page[100] = 13;
    page
}

#[test]
fn the_last_commit_tells_the_size() {
    let page = first_page(512, 9);
    let header = Header::parse(&page).ok().unwrap();
    let log = Writer::new(0x377f_0682).frame(3, 3, 30).frame(2, 2, 20);
    let wal = Wal::read(&log.bytes).ok().unwrap();
    let pages = Pages::new(Main::Memory(&page), wal, &header);
    assert_eq!(pages.get(2), Ok(Cow::Borrowed(&[20; PAGE][..])));
    assert!(pages.get(3).is_err());
}

#[test]
fn the_page_size_of_page_1_must_be_that_of_the_log() {
    for (page_size, fits) in [(512, true), (1024, false)] {
        let page = first_page(page_size, 1);
        let log = Writer::new(0x377f_0683).page(1, 1, &page).bytes;
        let result = Database::open(&[], Some(&log)).map(drop);
        let error = Error::corrupt(1, "page size differs between database and log");
        assert_eq!(result, if fits { Ok(()) } else { Err(error) });
    }
}
