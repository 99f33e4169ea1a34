//! What readers of the apps' databases share.

use crate::container::sqlite::{Error as SqliteError, Row, Table};
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
        for row in table.rows() {
            match row {
                Ok(row) => rows.readable.push(row),
                Err(error) => rows.unreadable.push(error),
            }
            limits.check_accounts(rows.readable.len())?;
        }
        Ok(rows)
    }

    /// Tells of damage, once all readable rows are in the vault.
    pub(super) fn finish(self, mut vault: Vault) -> Result<Vault, Error> {
        match self.unreadable.into_iter().next() {
            // Nothing at all can be read: the database is damaged, not one of its rows.
            Some(error) if vault.entries() == 0 => Err(error.into()),
            Some(error) => {
                let skip =
                    Skip::new(Skip::MISSING_FIELD, format!("a part of the database is damaged: {error}"));
                vault.skipped.push(skip.item(vault.entries(), "", ""));
                Ok(vault)
            }
            None => Ok(vault),
        }
    }
}

/// The database keeps its newest rows in a log that is not there.
pub(super) fn wal_missing(database: &str) -> Item {
    Item::new(
        "wal-missing",
        format!("the file {database}-wal is not beside it; recently added accounts may be missing"),
    )
    .next_step(format!("Copy {database}-wal from the same folder of the phone and put it beside {database}"))
}
