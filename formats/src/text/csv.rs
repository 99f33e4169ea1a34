//! Tables of text with a header row, as password managers and spreadsheets write them (RFC 4180).
//!
//! The `csv` crate reads and writes the records; here are the parts that all formats share: finding
//! the columns by name, counting rows as a spreadsheet does, and limits.

mod walk;

use std::borrow::Cow;

use csv::{ByteRecord, QuoteStyle, ReaderBuilder, Terminator, WriterBuilder};
use zeroize::Zeroizing;

use crate::ctx::Limits;
use crate::error::{Error, Place};
use crate::report::Item;
use crate::text::encoding;

pub(crate) use walk::{Record, Walk, line_ends};

/// What can stand between the cells of a row.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// A table: the names of its columns and its rows, each cell as text without its quotes.
pub(crate) struct Table {
    header: Vec<String>,
    /// The rows under the header; blank lines are none.
    pub(crate) rows: Vec<Row>,
}

/// One row. Its cells are wiped on drop.
pub(crate) struct Row {
    /// Number of the row as a spreadsheet counts: the header is row 1.
    pub(crate) number: usize,
    cells: Vec<Zeroizing<String>>,
}

/// A column of a table, found by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Column(Option<usize>);

impl Table {
    /// Reads a table with commas and a header row.
    pub(crate) fn parse(text: &str, limits: &Limits) -> Result<Self, Error> {
        Self::parse_with(text, b',', limits)
    }

    /// Reads a table with another delimiter and a header row.
    pub(crate) fn parse_with(text: &str, delimiter: u8, limits: &Limits) -> Result<Self, Error> {
        let mut rows = rows(text, delimiter, limits)?.into_iter();
        let header = rows.next().map(|row| row.cells.iter().map(|cell| cell.trim().to_owned()).collect());
        Ok(Self { header: header.unwrap_or_default(), rows: rows.collect() })
    }

    /// A table with this header and no rows yet.
    pub(crate) fn with_header<'a>(header: impl IntoIterator<Item = &'a str>) -> Self {
        Self { header: header.into_iter().map(str::to_owned).collect(), rows: Vec::new() }
    }

    /// The first column of that name, in any case; every cell of an absent column is empty.
    pub(crate) fn column(&self, name: &str) -> Column {
        Column(self.header.iter().position(|column| column.eq_ignore_ascii_case(name)))
    }

    /// The same, for a column that the format cannot do without.
    pub(crate) fn required(&self, name: &str) -> Result<Column, Error> {
        match self.column(name) {
            Column(None) => Err(Error::malformed(format!("the table has no column \"{name}\""))
                .at(Place::Row(1))
                .next_step("The file is damaged or was edited: export it again")),
            column => Ok(column),
        }
    }
}

impl Row {
    /// A row in the making, as a reader will find it.
    pub(crate) fn of<'a>(cells: impl IntoIterator<Item = &'a str>) -> Self {
        let cells = cells.into_iter().map(|cell| Zeroizing::new(writable(cell).into_owned()));
        Self { number: 2, cells: cells.collect() }
    }
}

impl Column {
    /// The column at that place, counted from 0.
    pub(crate) fn at(index: usize) -> Self {
        Self(Some(index))
    }

    /// Whether the table has it.
    pub(crate) fn exists(self) -> bool {
        self.0.is_some()
    }
}

impl Row {
    /// The cell in a column, as it stands; empty where the row is too short for it.
    pub(crate) fn raw(&self, column: Column) -> &str {
        column.0.and_then(|index| self.cells.get(index)).map_or("", |cell| cell.as_str())
    }

    /// The cell in a column without white space around it.
    pub(crate) fn get(&self, column: Column) -> &str {
        self.raw(column).trim()
    }

    /// All cells, in order.
    pub(crate) fn cells(&self) -> impl ExactSizeIterator<Item = &str> {
        self.cells.iter().map(|cell| cell.as_str())
    }

    /// The cells from a column on.
    pub(crate) fn cells_from(&self, column: Column) -> impl Iterator<Item = &str> {
        self.cells().skip(column.0.unwrap_or(usize::MAX))
    }

    /// Where the row is.
    pub(crate) fn place(&self) -> Place {
        Place::Row(self.number)
    }
}

/// Reads the rows of a table, the first one being what it may be. Lines end with LF, CRLF or CR; rows
/// may be shorter or longer than the first.
pub(crate) fn rows(text: &str, delimiter: u8, limits: &Limits) -> Result<Vec<Row>, Error> {
    rows_with(reader(delimiter), text, delimiter, limits)
}

/// The same of a table in which quotes are letters like any other.
pub(crate) fn rows_without_quotes(text: &str, delimiter: u8, limits: &Limits) -> Result<Vec<Row>, Error> {
    let mut reader = reader(delimiter);
    reader.quoting(false);
    rows_with(reader, text, delimiter, limits)
}

fn reader(delimiter: u8) -> ReaderBuilder {
    let mut reader = ReaderBuilder::new();
    reader.has_headers(false).flexible(true).delimiter(delimiter);
    reader
}

fn rows_with(reader: ReaderBuilder, text: &str, delimiter: u8, limits: &Limits) -> Result<Vec<Row>, Error> {
    // A cell takes many times its length in memory.
    limits.check_values(text.bytes().filter(|byte| *byte == delimiter).count())?;
    let mut reader = reader.from_reader(text.as_bytes());
    let mut rows = Vec::new();
    let mut record = ByteRecord::new();
    let unreadable = || Error::malformed("the table cannot be read").next_step("Export it again");
    while reader.read_byte_record(&mut record).map_err(|_| unreadable())? {
        limits.check_accounts(rows.len())?;
        let cells = record.iter().map(|cell| Zeroizing::new(String::from_utf8_lossy(cell).into_owned()));
        rows.push(Row { number: rows.len().saturating_add(1), cells: cells.collect() });
    }
    record.clear();
    Ok(rows)
}

/// The delimiter that cuts the first line into most cells, and those cells. What is between quotes is
/// not cut.
pub(crate) fn sniff(text: &str) -> (u8, Vec<String>) {
    let cut = |delimiter| (delimiter, first_row(text, delimiter));
    let most = DELIMITERS.map(cut).into_iter().rev().max_by_key(|(_, cells)| cells.len());
    most.unwrap_or((b',', Vec::new()))
}

/// The delimiter, and the text without Excel's line that names it.
pub(crate) fn cut(text: &str) -> (u8, &str) {
    let line = first_line(text);
    let named = line.trim().trim_matches('"').strip_prefix("sep=").and_then(|rest| match rest.as_bytes() {
        [delimiter] if delimiter.is_ascii() => Some(*delimiter),
        _ => None,
    });
    match named {
        Some(delimiter) => (delimiter, text.get(line.len()..).unwrap_or_default()),
        None => (sniff(text).0, text),
    }
}

/// The first line without its end.
pub(crate) fn first_line(text: &str) -> &str {
    text.split(['\r', '\n']).next().unwrap_or_default()
}

/// What is said of a table whose characters had to be guessed.
pub(crate) fn guess_warning(bytes: &[u8]) -> Option<Item> {
    let message = "the text is not UTF-8 and was read as Windows-1252";
    let next_step = "Look whether names with accents are right; save the table as UTF-8 if not";
    encoding::is_guessed(bytes).then(|| Item::new("encoding-guessed", message).next_step(next_step))
}

/// How a column is called in a sentence: by its name, or by its number where that cannot be shown.
pub(crate) fn column_label(header: &[String], place: usize) -> String {
    match header.get(place).map(String::as_str) {
        Some(name) if is_plain_name(name) => format!("\"{name}\""),
        _ => format!("column {}", place.saturating_add(1)),
    }
}

/// Whether a name of a column can be shown: in a table without header a secret may stand in its place.
fn is_plain_name(name: &str) -> bool {
    let words = || name.split(|c: char| !c.is_ascii_alphanumeric());
    words().any(|word| !word.is_empty())
        && !may_be_key(name)
        && name.len() <= 60
        && !name.contains(['=', '&', '@'])
}

/// Whether a word of a text is so long that it may be a key.
pub(crate) fn may_be_key(text: &str) -> bool {
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.any(|word| word.len() >= 16 && !is_camel_case(word))
}

/// Whether a long word is made of words: a key of letters alone has more capital ones, or none.
fn is_camel_case(word: &str) -> bool {
    let capitals = word.bytes().filter(u8::is_ascii_uppercase).count();
    let next = word.bytes().skip(1);
    let apart = word.bytes().zip(next).all(|(a, b)| !(a.is_ascii_uppercase() && b.is_ascii_uppercase()));
    word.bytes().all(|byte| byte.is_ascii_alphabetic())
        && apart
        && (1..=word.len() / 4).contains(&capitals)
        && word.len() <= 40
}

/// Most bytes that are looked at for the first row.
const MOST_FIRST: usize = 1 << 20;

/// The first row that is not blank.
pub(crate) fn first_row(text: &str, delimiter: u8) -> Vec<String> {
    let beginning = text.as_bytes().get(..MOST_FIRST).unwrap_or(text.as_bytes());
    let mut reader = reader(delimiter).from_reader(beginning);
    let mut record = ByteRecord::new();
    match reader.read_byte_record(&mut record) {
        Ok(true) => record.iter().map(|cell| String::from_utf8_lossy(cell).trim().to_owned()).collect(),
        _ => Vec::new(),
    }
}

/// A text without the characters by which a file is known as no text.
pub(crate) fn writable(text: &str) -> Cow<'_, str> {
    let is_foreign = |c: char| matches!(c, '\0'..='\u{8}' | '\u{e}'..='\u{1a}');
    if text.contains(is_foreign) { Cow::Owned(text.replace(is_foreign, "")) } else { Cow::Borrowed(text) }
}

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Quotes where they are needed, lines that end with LF.
    Plain,
    /// Quotes where they are needed, lines that end with CRLF.
    Crlf,
    /// Quotes around every cell, lines that end with LF.
    Quoted,
}

impl Dialect {
    fn builder(self) -> WriterBuilder {
        let mut builder = WriterBuilder::new();
        builder.quote_style(match self {
            Self::Plain | Self::Crlf => QuoteStyle::Necessary,
            Self::Quoted => QuoteStyle::Always,
        });
        builder.terminator(match self {
            Self::Plain | Self::Quoted => Terminator::Any(b'\n'),
            Self::Crlf => Terminator::CRLF,
        });
        builder
    }
}

/// A table in the making. The text is wiped on drop.
pub(crate) struct Writer(csv::Writer<Vec<u8>>);

impl Writer {
    /// A table with this header.
    pub(crate) fn new<'a>(
        header: impl IntoIterator<Item = &'a str>,
        dialect: Dialect,
    ) -> Result<Self, Error> {
        let mut table = Self::without_header(dialect);
        table.row(header)?;
        Ok(table)
    }

    /// A table whose first row is a row like any other.
    pub(crate) fn without_header(dialect: Dialect) -> Self {
        Self(dialect.builder().from_writer(Vec::with_capacity(1 << 16)))
    }

    /// Adds a row.
    pub(crate) fn row<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) -> Result<(), Error> {
        for cell in cells {
            self.0.write_field(writable(cell).as_bytes()).map_err(|_| not_written())?;
        }
        self.0.write_record(None::<&[u8]>).map_err(|_| not_written())
    }

    /// The text.
    pub(crate) fn finish(self) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.0.into_inner().map(Zeroizing::new).map_err(|_| not_written())
    }
}

fn not_written() -> Error {
    Error::new(crate::error::ErrorKind::Internal, "the table cannot be written")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(text: &str) -> Vec<Vec<String>> {
        let rows = rows(text, b',', &Limits::default()).unwrap();
        rows.iter().map(|row| row.cells().map(str::to_owned).collect()).collect()
    }

    #[test]
    fn quotes_line_breaks_and_line_ends() {
        assert_eq!(
            cells("a,\"b \"\"c\"\", d\"\r\n\"two\r\nlines\",\n\r\rlast"),
            [vec!["a", "b \"c\", d"], vec!["two\r\nlines", ""], vec!["last"]]
        );
        assert!(cells("").is_empty() && cells("\n\r\n").is_empty());
        assert_eq!(cells("\"never closed,\na"), [vec!["never closed,\na"]]);
    }

    #[test]
    fn columns_are_found_by_name() {
        let table = Table::parse("Name , totp,name\nx,SECRET\n\ny,,z,more\n", &Limits::default()).unwrap();
        let (name, totp, absent) = (table.column("NAME"), table.column("totp"), table.column("url"));
        assert!(name.exists() && !absent.exists());
        let read: Vec<_> = table
            .rows
            .iter()
            .map(|row| (row.number, row.get(name), row.get(totp), row.get(absent)))
            .collect();
        assert_eq!(read, [(2, "x", "SECRET", ""), (3, "y", "", "")]);
        assert_eq!(table.required("url").unwrap_err().at, Some(Place::Row(1)));
    }

    #[test]
    fn the_delimiter_is_the_one_that_cuts_most() {
        assert_eq!(sniff("a;b,c;d\n").0, b';');
        assert_eq!(sniff("a\tb\tc").0, b'\t');
        assert_eq!(sniff("\"a,b\";c"), (b';', vec!["a,b".to_owned(), "c".to_owned()]));
        assert_eq!(sniff("one"), (b',', vec!["one".to_owned()]));
        assert_eq!(sniff(""), (b',', Vec::new()));
    }

    #[test]
    fn rows_are_limited() {
        let limits = Limits { accounts: 2, ..Limits::default() };
        assert!(rows("a\nb\nc", b',', &limits).is_ok());
        let error = rows("a\nb\nc\nd", b',', &limits).map(|_| ()).unwrap_err();
        assert_eq!(error.kind, crate::error::ErrorKind::Limit);
    }

    #[test]
    fn cells_are_limited() {
        let limits = Limits { accounts: 2, ..Limits::default() };
        let count = |cells: usize| {
            rows(&",".repeat(cells), b',', &limits).map(|rows| rows.len()).map_err(|error| error.kind)
        };
        assert_eq!((count(100), count(101)), (Ok(1), Err(crate::error::ErrorKind::Limit)));
        assert_eq!(first_row(&",".repeat(2 * MOST_FIRST), b',').len(), MOST_FIRST + 1);
    }

    #[test]
    fn quotes_can_be_letters() {
        let read = rows_without_quotes("a,\"b\nc\"d,e", b',', &Limits::default()).unwrap();
        let read: Vec<Vec<&str>> = read.iter().map(|row| row.cells().collect()).collect();
        assert_eq!(read, [["a", "\"b"], ["c\"d", "e"]]);
    }

    #[test]
    fn cells_are_quoted_where_needed() {
        let written = |dialect| {
            let mut table = Writer::new(["a", "b"], dialect).unwrap();
            table.row(["x,\"y\"", "two\nlines"]).unwrap();
            table.row(["", "=1+1"]).unwrap();
            String::from_utf8(table.finish().unwrap().to_vec()).unwrap()
        };
        assert_eq!(written(Dialect::Plain), "a,b\n\"x,\"\"y\"\"\",\"two\nlines\"\n,=1+1\n");
        assert_eq!(written(Dialect::Quoted), "\"a\",\"b\"\n\"x,\"\"y\"\"\",\"two\nlines\"\n\"\",\"=1+1\"\n");
        assert_eq!(written(Dialect::Crlf), "a,b\r\n\"x,\"\"y\"\"\",\"two\nlines\"\r\n,=1+1\r\n");
        let quoted = "\"a\",\"b\"\n\"x,\"\"y\"\"\",\"two\nlines\"\n\"\",\"=1+1\"\n";
        assert_eq!(written(Dialect::Quoted), quoted);
    }
}
