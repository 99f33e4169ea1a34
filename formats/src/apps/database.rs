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
