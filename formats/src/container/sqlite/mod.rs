//! Reads SQLite 3 databases from memory, or page by page from wherever they are.
//!
//! The reader takes the bytes of a database file and, if there is one, of its
//! write-ahead log (`-wal`), and gives the rows of its tables as of the last
//! committed transaction. It writes nothing, opens no file and trusts no byte:
//! damaged or hostile input gives an [`Error`], within time and memory
//! proportional to the input.
//!
//! The source for all facts about the format is the document "Database File
//! Format" on sqlite.org; comments name its sections.
//!
//! Not supported: rollback journals (`-journal`), `WITHOUT ROWID` tables,
//! tables with virtual generated columns, virtual tables, encrypted databases.

// Every number in a file may be chosen to overflow.
#![deny(clippy::arithmetic_side_effects)]

mod affinity;
mod big_endian;
mod btree;
mod create_table;
mod default_value;
mod error;
mod header;
mod pages;
mod record;
mod schema;
mod sql_parser;
mod sql_tokens;
mod table;
mod text;
mod value;
mod wal;

use std::fmt;

use header::Header;
use pages::{Main, Pages};
use schema::Schema;
use text::TextEncoding;
use wal::Wal;

use crate::source::Bytes;

pub use error::Error;
pub use table::{Row, Rows, Table};
pub use value::Value;

/// Whether the bytes start like an SQLite database.
#[must_use]
pub fn sniff(bytes: &[u8]) -> bool {
    bytes.starts_with(Database::MAGIC)
}

/// How a rollback journal (`-journal`) begins while it can undo something.
pub const JOURNAL_MAGIC: &[u8; 8] = &[0xD9, 0xD5, 0x05, 0xF9, 0x20, 0xA1, 0x63, 0xD7];

/// Whether a rollback journal, or its beginning, is of a transaction that did not end: the database beside it was
/// copied in the middle of a change, and has to be rolled back by SQLite itself.
///
/// After a transaction SQLite deletes its journal, empties it, or overwrites its header with zeros; which of these
/// the `journal_mode` says. A journal that was emptied or overwritten is as good as none (section 3, "The Rollback
/// Journal").
#[must_use]
pub fn is_hot_journal(journal: &[u8]) -> bool {
    journal.starts_with(JOURNAL_MAGIC)
}

/// An SQLite database in memory.
pub struct Database<'a> {
    pages: Pages<'a>,
    schema: Schema,
    encoding: TextEncoding,
    wal_mode: bool,
    user_version: i32,
    wal_has_unused_tail: bool,
}

impl<'a> Database<'a> {
    /// The first 16 bytes of every database file.
    pub const MAGIC: &'static [u8; 16] = header::MAGIC;

    /// Reads the header and the list of tables.
    ///
    /// `main` is the database file. It may be empty if all pages are in `wal`,
    /// the write-ahead log, of which the committed transactions apply. A log
    /// that is empty, or in which nothing is valid, is as good as none.
    ///
    /// # Errors
    ///
    /// [`Error::NotSqlite`] if there is no database header, and every other
    /// kind but [`Error::NoSuchTable`] if header, log or schema are unusable.
    pub fn open(main: &'a [u8], wal: Option<&'a [u8]>) -> Result<Self, Error> {
        let wal = wal.map_or_else(|| Ok(Wal::default()), Wal::read)?;
        let wal_has_unused_tail = wal.unused_tail;
        let header = header_of(main, &wal)?;
        Self::of(Pages::new(Main::Memory(main), wal, &header), &header, wal_has_unused_tail)
    }

    /// The same for a database that is larger than what should be in memory, without a log: its pages are read when
    /// they are needed.
    ///
    /// # Errors
    ///
    /// As [`Database::open`].
    pub fn open_in_pieces(main: &'a dyn Bytes) -> Result<Self, Error> {
        let head = Main::Pieces(main).read(0, header::HEADER_LEN).ok_or(Error::NotSqlite)?;
        let header = Header::parse(&head)?;
        Self::of(Pages::new(Main::Pieces(main), Wal::default(), &header), &header, false)
    }

    fn of(pages: Pages<'a>, header: &Header, wal_has_unused_tail: bool) -> Result<Self, Error> {
        Ok(Self {
            schema: Schema::read(&pages, header.encoding)?,
            pages,
            encoding: header.encoding,
            wal_mode: header.wal_mode,
            user_version: header.user_version,
            wal_has_unused_tail,
        })
    }

    /// Whether the database is in write-ahead mode: the newest rows may be in
    /// a `-wal` file next to it.
    #[must_use]
    pub fn is_wal_mode(&self) -> bool {
        self.wal_mode
    }

    /// Whether the log ends in something that is not a committed transaction:
    /// an unfinished or rolled back one, or a damaged or cut off one.
    ///
    /// SQLite ignores such an end, and so does this reader. As damage cannot
    /// be told from a transaction that never counted, this is no error.
    #[must_use]
    pub fn wal_has_unused_tail(&self) -> bool {
        self.wal_has_unused_tail
    }

    /// The number an application may keep in the header, often the version of
    /// its schema.
    #[must_use]
    pub fn user_version(&self) -> i32 {
        self.user_version
    }

    /// The names of all tables, also of those that cannot be read.
    pub fn table_names(&self) -> impl Iterator<Item = &str> {
        self.schema.names()
    }

    /// Whether there is a table of this name; the case of ASCII letters does
    /// not matter.
    #[must_use]
    pub fn has_table(&self, name: &str) -> bool {
        self.table_names().any(|table| table.eq_ignore_ascii_case(name))
    }

    /// The table of this name; the case of ASCII letters does not matter.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchTable`]; [`Error::Unsupported`] if the table is of a kind
    /// this reader does not know, or its definition cannot be parsed;
    /// [`Error::Corrupt`] if the schema contradicts itself about the table.
    pub fn table(&self, name: &str) -> Result<Table<'_>, Error> {
        Table::new(&self.pages, self.encoding, self.schema.find(name)?)
    }
}

impl fmt::Debug for Database<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Database").finish_non_exhaustive()
    }
}

/// The header that is valid after the last transaction in the log.
fn header_of(main: &[u8], wal: &Wal<'_>) -> Result<Header, Error> {
    let newest = match wal.pages.get(&1) {
        Some(page) => Header::parse(page)?,
        None => return header_beside(main, wal.page_size()),
    };
    if wal.page_size() != Some(newest.page_size) {
        return Err(Error::corrupt(1, PAGE_SIZES_DIFFER));
    }
    // Nothing else to read from `main`, but a log must not turn the bytes of
    // some other file into a database.
    if !main.is_empty() {
        header_beside(main, wal.page_size())?;
    }
    Ok(newest)
}

const PAGE_SIZES_DIFFER: &str = "page size differs between database and log";

/// The main file's header, which must agree with the log's page size, if any.
fn header_beside(main: &[u8], wal_page_size: Option<usize>) -> Result<Header, Error> {
    let header = Header::parse(main)?;
    if wal_page_size.is_some_and(|size| size != header.page_size) {
        return Err(Error::corrupt(1, PAGE_SIZES_DIFFER));
    }
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::{Database, Error, is_hot_journal, sniff};

    #[test]
    fn what_is_not_a_database() {
        let encrypted = [0xa5; 4096];
        for bytes in [&b""[..], b"SQLite format 3", b"SQLite format 2\0", &encrypted] {
            assert!(!sniff(bytes));
            assert_eq!(Database::open(bytes, None).err(), Some(Error::NotSqlite));
            assert_eq!(Database::open(bytes, Some(b"")).err(), Some(Error::NotSqlite));
        }
        assert!(sniff(b"SQLite format 3\0"));
        assert_eq!(Database::open(b"SQLite format 3\0", None).err(), Some(Error::Truncated { page: 1 }));
    }

    #[test]
    fn a_journal_with_a_header_can_undo_something() {
        let hot = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7, 0, 0, 0, 1];
        assert!(is_hot_journal(&hot) && is_hot_journal(&hot[..8]));
        for ended in [&b""[..], &hot[..7], &hot[1..], &[0; 512], b"pages of something else"] {
            assert!(!is_hot_journal(ended));
        }
    }
}
