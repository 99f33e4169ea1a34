//! A table row by row, of which only one is in memory: for long tables of which little is kept.

use std::io::{Chain, Read};

use csv::{Reader, StringRecord};
use zeroize::Zeroizing;

use super::{Column, Row, reader};
use crate::ctx::Limits;
use crate::error::{Error, Place};

/// A row that ends every table: where the last quotation mark is not closed, it is not seen.
const LAST_ROW: &[u8] = b"\n.";

/// Goes through the rows of a table, the first one being what it may be; blank lines are none.
pub(crate) struct Walk<'a> {
    reader: Reader<Chain<&'a [u8], &'static [u8]>>,
    text: &'a [u8],
    record: StringRecord,
    /// Where the row at hand begins.
    start: usize,
    /// The line that this is.
    line: usize,
}

/// The row at hand.
pub(crate) struct Record<'r> {
    /// The line on which it begins, from 1.
    pub(crate) line: usize,
    /// Whether a line end stands behind it.
    pub(crate) is_ended: bool,
    /// As it is written.
    text: &'r [u8],
    cells: &'r StringRecord,
}

impl<'a> Walk<'a> {
    /// A table that begins with line `line` of a file.
    pub(crate) fn new(text: &'a str, line: usize, delimiter: u8, limits: &Limits) -> Result<Self, Error> {
        let text = text.as_bytes();
        // The places of all cells of a row are kept, however many there are.
        limits.check_values(text.iter().filter(|byte| **byte == delimiter).count())?;
        let reader = reader(delimiter).from_reader(text.chain(LAST_ROW));
        Ok(Self { reader, text, record: StringRecord::new(), start: 0, line })
    }

    /// The next row, or `None` behind the last one.
    ///
    /// # Errors
    /// When a quotation mark is never closed, so that all that follows would be one cell.
    pub(crate) fn next(&mut self) -> Result<Option<Record<'_>>, Error> {
        if self.start >= self.text.len() {
            return Ok(None);
        }
        let unreadable = || Error::malformed("the table cannot be read").next_step("Export it again");
        if !self.reader.read_record(&mut self.record).map_err(|_| unreadable())? {
            return Err(never_closed(self.line));
        }
        let start = self.record.position().map_or(u64::MAX, csv::Position::byte);
        self.go_to(usize::try_from(start).unwrap_or(usize::MAX));
        if self.start >= self.text.len() {
            return Ok(None);
        }
        let end = usize::try_from(self.reader.position().byte()).unwrap_or(usize::MAX);
        let text = self.text.get(self.start..end.min(self.text.len())).unwrap_or_default();
        Ok(Some(Record { line: self.line, is_ended: end <= self.text.len(), text, cells: &self.record }))
    }

    /// Counts the lines up to a row, and the blank ones before it.
    fn go_to(&mut self, start: usize) {
        let rest = self.text.get(start..).unwrap_or_default();
        let blank = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let start = start.saturating_add(blank).min(self.text.len());
        let passed = self.text.get(self.start..start).unwrap_or_default();
        self.line = self.line.saturating_add(line_ends(passed));
        self.start = start;
    }
}

/// LF, CRLF and CR each end a line.
pub(crate) fn line_ends(text: &[u8]) -> usize {
    let single = text.iter().filter(|byte| matches!(byte, b'\r' | b'\n')).count();
    let next = text.get(1..).unwrap_or_default();
    let double = text.iter().zip(next).filter(|pair| matches!(pair, (b'\r', b'\n'))).count();
    single.saturating_sub(double)
}

fn never_closed(line: usize) -> Error {
    Error::malformed("a quotation mark in this row is never closed")
        .at(Place::Line(line))
        .next_step("The table was cut off or edited: export it again")
}

/// What of a cell was seen.
#[derive(Clone, Copy)]
enum Part {
    Start,
    Plain,
    Quoted,
    /// Its quotation mark was closed, if no other follows.
    Behind,
    /// It was closed.
    Ended,
}

impl<'r> Record<'r> {
    /// The cell in a column, as it stands; empty where the row is too short for it.
    pub(crate) fn raw(&self, column: Column) -> &'r str {
        column.0.and_then(|index| self.cells.get(index)).unwrap_or_default()
    }

    /// The cell in a column without white space around it.
    pub(crate) fn get(&self, column: Column) -> &'r str {
        self.raw(column).trim()
    }

    /// All cells, in order.
    pub(crate) fn cells(&self) -> impl Iterator<Item = &'r str> {
        self.cells.iter()
    }

    /// Whether more than blanks stands between the end of a quoted cell and the next cell: one of the quotation marks
    /// is stray, and what is between them may be several rows.
    pub(crate) fn has_text_behind_quotes(&self, delimiter: u8) -> bool {
        let mut at = Part::Start;
        for byte in self.text {
            at = match (at, *byte) {
                (Part::Quoted, b'"') => Part::Behind,
                (Part::Quoted, _) => Part::Quoted,
                (Part::Start | Part::Behind, b'"') => Part::Quoted,
                (_, byte) if byte == delimiter || matches!(byte, b'\r' | b'\n') => Part::Start,
                (Part::Behind, b' ' | b'\t') => Part::Ended,
                (Part::Ended, b' ' | b'\t') => Part::Ended,
                (Part::Behind | Part::Ended, _) => return true,
                (Part::Start | Part::Plain, _) => Part::Plain,
            };
        }
        false
    }

    /// The row with cells that are wiped on drop, by its number as a spreadsheet counts.
    pub(crate) fn to_row(&self, number: usize) -> Row {
        Row { number, cells: self.cells().map(|cell| Zeroizing::new(cell.to_owned())).collect() }
    }

    /// How many cells it has.
    pub(crate) fn len(&self) -> usize {
        self.cells.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Line, cells and whether a line end follows.
    fn walk(text: &str) -> Result<Vec<(usize, Vec<String>, bool)>, Error> {
        let mut walk = Walk::new(text, 1, b',', &Limits::default())?;
        let mut rows = Vec::new();
        while let Some(row) = walk.next()? {
            rows.push((row.line, row.cells().map(str::to_owned).collect(), row.is_ended));
        }
        assert!(walk.next().unwrap().is_none());
        Ok(rows)
    }

    fn lines(text: &str) -> Vec<usize> {
        walk(text).unwrap().into_iter().map(|(line, ..)| line).collect()
    }

    #[test]
    fn rows_know_their_lines() {
        assert_eq!(lines("a\nb\n"), [1, 2]);
        assert_eq!(lines("\r\n\r\na,\"x\r\ny\n\"\r\n\n\rb\r\n"), [3, 8]);
        assert_eq!(lines("a\rb\r\rc"), [1, 2, 4]);
        assert_eq!(lines("\"a\rb\"\r\nc\r"), [1, 3]);
        assert!(lines("").is_empty() && lines("\n\r\n\r").is_empty());
        let long = "x,\"y\r\nz\"\r\n".repeat(50_000);
        assert_eq!(lines(&long).last(), Some(&99_999));
    }

    #[test]
    fn rows_are_those_of_the_whole_table() {
        for text in
            ["a,\"b \"\"c\"\", d\"\r\n\"two\r\nlines\",\n\r\rlast", "a,b\"c\n\"d\"e,f\n.", ".\n", "x\n\n."]
        {
            let whole = super::super::rows(text, b',', &Limits::default()).unwrap();
            let whole: Vec<Vec<&str>> = whole.iter().map(|row| row.cells().collect()).collect();
            let walked = walk(text).unwrap();
            assert_eq!(
                walked.iter().map(|(_, cells, _)| cells).collect::<Vec<_>>(),
                whole.iter().collect::<Vec<_>>()
            );
        }
    }

    #[test]
    fn a_row_knows_whether_it_is_ended() {
        let ended = |text| walk(text).unwrap().pop().unwrap().2;
        assert!(ended("a\nb,c\n") && ended("a\nb,c\r\n") && ended("a\nb,c\r"));
        assert!(!ended("a\nb,c") && !ended("a\nb,\"c\""));
    }

    #[test]
    fn text_behind_quotes_is_seen() {
        let has = |text| {
            let limits = Limits::default();
            Walk::new(text, 1, b',', &limits).unwrap().next().unwrap().unwrap().has_text_behind_quotes(b',')
        };
        for text in ["a,\"b\"\n", "\"a\" ,b", "\"a\"\"b\",\"\"", "5\"x,b\"\n", "\"a\nb\"\r\n"] {
            assert!(!has(text), "{text}");
        }
        for text in ["\"a\"b,c", "1,\"x\n2,\"y", "\"a\" b", "\"a\" \"b\""] {
            assert!(has(text), "{text}");
        }
    }

    #[test]
    fn a_quotation_mark_that_is_never_closed_is_an_error() {
        let error = walk("a,b\nx,y\n\nz,\"never\nu,v\n").unwrap_err();
        assert_eq!(error.at, Some(Place::Line(4)));
        assert!(walk("a,b\nx,y\"\nu,\"v\"\"\"").is_ok());
    }
}
