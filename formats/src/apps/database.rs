//! What readers of the apps' databases share.

use crate::container::sqlite::{Database, Error as SqliteError, Row, Table};
use crate::ctx::Limits;
use crate::error::Error;
use crate::model::Vault;
use crate::report::{Item, Skip};

/// The rows that can be read, and what is wrong with the others.
pub(super) struct Rows {
    pub(super) readable: Vec<Row>,
    unreadable: Vec<SqliteError>,
}

impl Rows {
    pub(super) fn read(table: &Table<'_>, limits: &Limits) -> Result<Self, Error> {
        let mut rows = Self { readable: Vec::new(), unreadable: Vec::new() };
        let mut values = 0_usize;
        for row in table.rows() {
            match row {
                Ok(row) => {
                    values = values.saturating_add(row.values());
                    rows.readable.push(row);
                }
                Err(error) => rows.unreadable.push(error),
            }
            limits.check_accounts(rows.readable.len().saturating_add(rows.unreadable.len()))?;
            limits.check_values(values)?;
        }
        Ok(rows)
    }

    /// Tells of damage, once all readable rows are in the vault.
    pub(super) fn finish(self, mut vault: Vault) -> Result<Vault, Error> {
        if let (Some(error), 0) = (self.unreadable.first(), vault.entries()) {
            // Nothing at all can be read: the database is damaged, not one of its rows.
            return Err(error.clone().into());
        }
        for error in self.unreadable {
            let message =
                format!("a part of the database is damaged, perhaps with several accounts: {error}");
            vault.skipped.push(Skip::new(Skip::DAMAGED, message).item(vault.entries(), "", ""));
        }
        Ok(vault)
    }
}

/// What is wrong with the log in which a database keeps its newest rows, if anything is. `name` is the
/// file name of the database on the phone.
pub(super) fn log_warning(database: &Database<'_>, wal: Option<&[u8]>, name: &str) -> Option<Item> {
    if database.is_wal_mode() && wal.is_none() {
        let message = format!("the file {name}-wal is not beside it; recently added accounts may be missing");
        return Some(Item::new("wal-missing", message).next_step(format!(
            "Copy {name}-wal from the same folder of the phone and put it beside {name}"
        )));
    }
    // A transaction that was never finished looks the same as a log that was cut while it was copied.
    database.wal_has_unused_tail().then(|| {
        let message = format!("the end of {name}-wal cannot be used; the newest changes may be missing");
        Item::new("wal-damaged", message)
            .next_step(format!("Stop the app on the phone and copy {name} and {name}-wal again, together"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    const ROWS: &[u8] = include_bytes!("../../../fixtures/google-sqlite/all-kinds.sqlite");

    fn read(bytes: &[u8], accounts: u64) -> Result<(usize, usize), ErrorKind> {
        let database = Database::open(bytes, None).unwrap();
        let limits = Limits { accounts, ..Limits::default() };
        let rows = Rows::read(&database.table("accounts").unwrap(), &limits).map_err(|error| error.kind)?;
        Ok((rows.readable.len(), rows.unreadable.len()))
    }

    /// A damaged row takes two bytes of the file, and hundreds in a report.
    #[test]
    fn damaged_rows_count() {
        assert_eq!(read(ROWS, 7), Ok((7, 0)));
        let mut damaged = ROWS.to_vec();
        let pages = damaged.chunks_mut(4096).skip(1);
        for page in pages.filter(|page| page[0] == 13 && page[4] == 7) {
            page[8..22].fill(0);
        }
        assert_eq!(read(&damaged, 7), Ok((0, 7)));
        assert_eq!(read(&damaged, 6), Err(ErrorKind::Limit));
    }

    /// A constant takes one byte of the file, and many in a row.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "SQLite gives its database as a file only")]
    fn values_count() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wide");
        let columns: Vec<String> = (0..60).map(|number| format!("c{number}")).collect();
        let database = rusqlite::Connection::open(&path).unwrap();
        let zeros = vec!["0"; 60].join(",");
        let create = format!("CREATE TABLE accounts ({}); ", columns.join(","));
        let insert = format!("INSERT INTO accounts VALUES ({zeros});").repeat(5);
        database.execute_batch(&(create + &insert)).unwrap();
        drop(database);
        let bytes = std::fs::read(path).unwrap();
        assert_eq!(read(&bytes, 6), Ok((5, 0)));
        assert_eq!(read(&bytes, 5), Err(ErrorKind::Limit));
    }
}
