//! Tables and their rows.

use std::fmt;
use std::iter::FusedIterator;
use std::sync::Arc;

use super::affinity::Affinity;
use super::btree::{Cell, Scan};
use super::error::Error;
use super::pages::Pages;
use super::record::values;
use super::schema::Entry;
use super::text::TextEncoding;
use super::value::Value;

/// One table of a [`Database`](super::Database).
pub struct Table<'d> {
    pages: &'d Pages<'d>,
    encoding: TextEncoding,
    root: u32,
    columns: Vec<String>,
    affinities: Vec<Affinity>,
    defaults: Arc<[Value]>,
    rowid_alias: Option<usize>,
}

impl<'d> Table<'d> {
    pub(super) fn new(pages: &'d Pages<'d>, encoding: TextEncoding, entry: &Entry) -> Result<Self, Error> {
        let definition = entry.definition()?;
        let mut columns = Vec::new();
        let mut affinities = Vec::new();
        let mut defaults = Vec::new();
        for column in definition.columns {
            columns.push(column.name);
            affinities.push(column.affinity);
            defaults.push(column.default);
        }
        Ok(Self {
            pages,
            encoding,
            root: entry.root()?,
            columns,
            affinities,
            defaults: defaults.into(),
            rowid_alias: definition.rowid_alias,
        })
    }

    /// The names of the columns, in the order of [`Row::get`].
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The index of a column; the case of ASCII letters does not matter.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.eq_ignore_ascii_case(name))
    }

    /// All rows in rowid order.
    ///
    /// A row that cannot be read is an error in its place, as is a damaged
    /// page (which may have held many rows); the iteration continues behind it.
    #[must_use]
    pub fn rows(&self) -> Rows<'_> {
        Rows { table: self, scan: Scan::new(self.pages, self.root) }
    }

    fn row(&self, cell: &Cell<'_>) -> Result<Row, Error> {
        let corrupt = |what| Error::corrupt(cell.page, what);
        let stored = values(&cell.payload, self.columns.len()).map_err(corrupt)?;
        let mut row = Vec::with_capacity(stored.len());
        for (value, affinity) in stored.into_iter().zip(&self.affinities) {
            let value = value.decode(self.encoding).map_err(corrupt)?;
            row.push(affinity.restore(value));
        }
        Ok(Row {
            rowid: cell.rowid,
            stored: row,
            alias: self.rowid_alias.map(|column| (column, Value::Integer(cell.rowid))),
            defaults: Arc::clone(&self.defaults),
        })
    }
}

impl fmt::Debug for Table<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Table").field("columns", &self.columns).finish_non_exhaustive()
    }
}

/// The rows of a [`Table`].
pub struct Rows<'t> {
    table: &'t Table<'t>,
    scan: Scan<'t>,
}

impl Iterator for Rows<'_> {
    type Item = Result<Row, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let cell = self.scan.next()?;
        Some(cell.and_then(|cell| self.table.row(&cell)))
    }
}

impl FusedIterator for Rows<'_> {}

impl fmt::Debug for Rows<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Rows").finish_non_exhaustive()
    }
}

/// One row of a [`Table`]; its `Debug` shows no content.
#[derive(Clone)]
pub struct Row {
    /// The row's key in the table.
    pub rowid: i64,
    stored: Vec<Value>,
    /// The column that stands for the rowid; its stored value is `NULL`.
    alias: Option<(usize, Value)>,
    /// Values of columns added after the row was written. They are shared: a
    /// copy per row could need far more memory than the file has bytes.
    defaults: Arc<[Value]>,
}

impl Row {
    /// How many values the row holds in memory.
    #[must_use]
    pub fn values(&self) -> usize {
        self.stored.len()
    }

    /// The value of the column with this index, see [`Table::column`].
    ///
    /// A column that was added after the row was written has the literal of
    /// its `DEFAULT` clause, or `NULL` if the clause is absent or not a
    /// literal. An index without a column gives `NULL`.
    #[must_use]
    pub fn get(&self, index: usize) -> &Value {
        if let Some((column, rowid)) = &self.alias
            && *column == index
        {
            return rowid;
        }
        self.stored.get(index).or_else(|| self.defaults.get(index)).unwrap_or(&Value::Null)
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Row").field("stored", &self.stored).finish_non_exhaustive()
    }
}
