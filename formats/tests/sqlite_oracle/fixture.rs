//! Databases written by SQLite, and the comparison of what is read from them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use otpferry_formats::container::sqlite::{Database, Row, Value};
use rusqlite::Connection;
use rusqlite::types::ValueRef;

/// Rows of each table: the rowid, then the columns.
pub(crate) type Content = BTreeMap<String, Vec<(i64, Vec<Value>)>>;

pub(crate) struct Fixture {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) db: Connection,
}

impl Fixture {
    pub(crate) fn new(setup: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let db = Connection::open(dir.path().join("db")).unwrap();
        db.execute_batch(setup).unwrap();
        Self { dir, db }
    }

    pub(crate) fn wal(page_size: usize) -> Self {
        Self::new(&format!(
            "PRAGMA page_size = {page_size};
             PRAGMA journal_mode = WAL;
             PRAGMA wal_autocheckpoint = 0;"
        ))
    }

    pub(crate) fn run(&self, sql: &str) -> &Self {
        self.db.execute_batch(sql).unwrap();
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn main(&self) -> Vec<u8> {
        std::fs::read(self.path("db")).unwrap()
    }

    pub(crate) fn log(&self) -> Vec<u8> {
        std::fs::read(self.path("db-wal")).unwrap_or_default()
    }

    /// Compares the files as they are now with what this connection sees.
    #[track_caller]
    pub(crate) fn check(&self) {
        check(&self.main(), Some(&self.log()), &by_sqlite(&self.db));
    }
}

#[track_caller]
pub(crate) fn check(main: &[u8], wal: Option<&[u8]>, expected: &Content) {
    let actual = by_us(main, wal);
    assert!(actual.keys().eq(expected.keys()), "tables");
    for (table, rows) in expected {
        assert_eq!(actual[table].len(), rows.len(), "rows of {table}");
        for (number, (ours, theirs)) in actual[table].iter().zip(rows).enumerate() {
            assert!(same(ours, theirs), "{table} row {number}: {ours:?} {theirs:?}");
        }
    }
}

fn same(one: &(i64, Vec<Value>), other: &(i64, Vec<Value>)) -> bool {
    let bits = |value: &Value| match value {
        Value::Real(number) => Some(number.to_bits()),
        _ => None,
    };
    one == other && one.1.iter().map(bits).eq(other.1.iter().map(bits))
}

fn by_us(main: &[u8], wal: Option<&[u8]>) -> Content {
    let db = Database::open(main, wal).unwrap();
    let read = |name: &str| {
        let table = db.table(name).unwrap();
        let columns = table.columns().len();
        let cells = |row: Row| (0..columns).map(|index| row.get(index).clone()).collect();
        let rows = table.rows().map(Result::unwrap);
        rows.map(|row| (row.rowid, cells(row))).collect()
    };
    db.table_names().map(|name| (name.to_owned(), read(name))).collect()
}

pub(crate) fn by_sqlite(db: &Connection) -> Content {
    let mut names = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").unwrap();
    let names = names.query_map([], |row| row.get::<_, String>(0)).unwrap();
    names.map(|name| table_by_sqlite(db, name.unwrap())).collect()
}

fn table_by_sqlite(db: &Connection, name: String) -> (String, Vec<(i64, Vec<Value>)>) {
    let quoted = name.replace('"', "\"\"");
    let sql = format!("SELECT _rowid_, * FROM \"{quoted}\" ORDER BY _rowid_");
    let mut select = db.prepare(&sql).unwrap();
    let columns = select.column_count();
    let rows = select.query_map([], |row| {
        let cells = (1..columns).map(|index| own(row.get_ref(index).unwrap()));
        Ok((row.get(0)?, cells.collect()))
    });
    let rows = rows.unwrap().map(Result::unwrap).collect();
    (name, rows)
}

fn own(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Text(text) => Value::Text(String::from_utf8(text.to_vec()).unwrap()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    }
}

/// What SQLite makes of a pair of files.
pub(crate) fn reopened(main: &[u8], log: &[u8]) -> Content {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("db");
    std::fs::write(&path, main).unwrap();
    std::fs::write(dir.path().join("db-wal"), log).unwrap();
    by_sqlite(&Connection::open(path).unwrap())
}
