//! The schema table (file format document, "Storage Of The SQL Database
//! Schema").

use super::btree::{Cell, Scan};
use super::create_table::Definition;
use super::error::Error;
use super::pages::Pages;
use super::record::{RawValue, values};
use super::text::TextEncoding;
use super::value::Value;

const SCHEMA_ROOT: u32 = 1;

/// The tables of a database, in the order of their creation.
pub(super) struct Schema {
    tables: Vec<Entry>,
}

/// A table as the schema lists it. Its definition is looked at when the table
/// is used: one that cannot be read must not affect other tables.
pub(super) struct Entry {
    pub(super) name: String,
    page: u32,
    root: Option<u32>,
    sql: Option<String>,
}

impl Schema {
    pub(super) fn read(pages: &Pages<'_>, encoding: TextEncoding) -> Result<Self, Error> {
        let mut tables = Vec::new();
        for cell in Scan::new(pages, SCHEMA_ROOT) {
            let cell = cell?;
            let entry = Entry::read(&cell, encoding);
            tables.extend(entry.map_err(|what| Error::corrupt(cell.page, what))?);
        }
        Ok(Self { tables })
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.tables.iter().map(|table| table.name.as_str())
    }

    /// The table of this name; SQLite ignores the case of ASCII letters.
    pub(super) fn find(&self, name: &str) -> Result<&Entry, Error> {
        let mut matches = self.tables.iter().filter(|table| table.name.eq_ignore_ascii_case(name));
        let table = matches.next().ok_or(Error::NoSuchTable)?;
        match matches.next() {
            None => Ok(table),
            Some(other) => Err(Error::corrupt(other.page, "two tables of one name")),
        }
    }
}

impl Entry {
    /// The entry in a row of the schema, if the row is about a table.
    fn read(cell: &Cell<'_>, encoding: TextEncoding) -> Result<Option<Self>, &'static str> {
        let row = values(&cell.payload, 5)?;
        let [kind, name, _, root, sql] = row.as_slice() else {
            return Err("schema row with missing values");
        };
        if text(*kind, encoding)? != "table" {
            return Ok(None);
        }
        Ok(Some(Self {
            name: text(*name, encoding)?,
            page: cell.page,
            root: root_page(*root),
            sql: text(*sql, encoding).ok(),
        }))
    }

    pub(super) fn definition(&self) -> Result<Definition, Error> {
        let sql = self.sql.as_deref();
        Definition::parse(sql.ok_or(self.corrupt("table definition is not text"))?)
    }

    /// The root page of the table's b-tree.
    pub(super) fn root(&self) -> Result<u32, Error> {
        self.root.ok_or(self.corrupt("root page of a table"))
    }

    fn corrupt(&self, what: &'static str) -> Error {
        Error::corrupt(self.page, what)
    }
}

fn text(value: RawValue<'_>, encoding: TextEncoding) -> Result<String, &'static str> {
    match value.decode(encoding)? {
        Value::Text(text) => Ok(text),
        _ => Err("schema row with a value of a wrong type"),
    }
}

/// Page 1 is the schema's own root.
fn root_page(value: RawValue<'_>) -> Option<u32> {
    match value {
        RawValue::Integer(page) => u32::try_from(page).ok().filter(|page| *page > SCHEMA_ROOT),
        _ => None,
    }
}
