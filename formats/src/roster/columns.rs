//! Which columns of one list hold what: as the admin says, else as the source of the list names them.

use super::options::{Field, Options};
use super::source::{FIRST_NAME, LAST_NAME, Source, USER_TYPE, plain};
use crate::error::{Error, Place};
use crate::text::csv::{Column, Record, column_label};

/// Most columns that are named in a sentence.
const MOST_NAMED: usize = 40;

/// The columns of one list.
pub(super) struct Columns {
    pub(super) source: Source,
    /// The names as they stand in the list.
    pub(super) header: Vec<String>,
    /// The names as they are compared.
    names: Vec<String>,
    line: usize,
    /// For each field its columns, the best one first.
    pub(super) account: Vec<Column>,
    pub(super) display: Vec<Column>,
    pub(super) email: Vec<Column>,
    pub(super) id: Vec<Column>,
    pub(super) enabled: Vec<Column>,
    pub(super) group: Vec<Column>,
    pub(super) first_name: Vec<Column>,
    pub(super) last_name: Vec<Column>,
    pub(super) user_type: Vec<Column>,
    /// Whether the id is the key.
    pub(super) id_is_key: bool,
}

impl Columns {
    /// Finds the columns by the header of a list.
    pub(super) fn find(row: &Record<'_>, options: &Options) -> Result<Self, Error> {
        let header: Vec<String> = row.cells().map(|cell| cell.trim().to_owned()).collect();
        let names: Vec<String> = header.iter().map(|name| plain(name)).collect();
        let source = Source::of(&names);
        let mut columns = Self {
            first_name: named(&names, FIRST_NAME),
            last_name: named(&names, LAST_NAME),
            user_type: if source == Source::Entra { named(&names, &[USER_TYPE]) } else { Vec::new() },
            id_is_key: source.has_ids() || options.columns.iter().any(|(field, _)| *field == Field::Id),
            line: row.line,
            source,
            header,
            names,
            account: Vec::new(),
            display: Vec::new(),
            email: Vec::new(),
            id: Vec::new(),
            enabled: Vec::new(),
            group: Vec::new(),
        };
        columns.account = columns.of(Field::Account, options)?;
        columns.display = columns.of(Field::Display, options)?;
        columns.email = columns.of(Field::Email, options)?;
        columns.id = columns.of(Field::Id, options)?;
        columns.enabled = columns.of(Field::Enabled, options)?;
        columns.group = columns.of(Field::Group, options)?;
        if columns.account.is_empty() {
            return Err(columns.no_account());
        }
        Ok(columns)
    }

    /// The columns of a field.
    fn of(&self, field: Field, options: &Options) -> Result<Vec<Column>, Error> {
        let mapped: Vec<&str> = options
            .columns
            .iter()
            .filter(|(known, _)| *known == field)
            .map(|(_, name)| name.trim())
            .collect();
        if !mapped.is_empty() {
            let stated = mapped.into_iter().filter(|name| !name.is_empty());
            return stated.map(|name| self.column(name).ok_or_else(|| self.unknown(field))).collect();
        }
        let mut found = named(&self.names, self.source.columns(field));
        if self.source == Source::Generic && field == Field::Account {
            found.truncate(1);
        }
        Ok(found)
    }

    /// A column by its name, or by its number from 1.
    pub(super) fn column(&self, name: &str) -> Option<Column> {
        let by_number = || name.parse::<usize>().ok()?.checked_sub(1).filter(|at| *at < self.names.len());
        let exact = self.header.iter().position(|known| known == name);
        let alike = || self.names.iter().position(|known| *known == plain(name) && !known.is_empty());
        exact.or_else(alike).or_else(by_number).map(Column::at)
    }

    /// The names of all columns, as far as they can be shown.
    pub(super) fn listed(&self) -> String {
        let shown: Vec<String> =
            (0..self.header.len().min(MOST_NAMED)).map(|at| column_label(&self.header, at)).collect();
        let more = match self.header.len().saturating_sub(MOST_NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("its columns are {}{more}", shown.join(", "))
    }

    /// The place of the header.
    pub(super) fn place(&self) -> Place {
        Place::Line(self.line)
    }

    fn no_account(&self) -> Error {
        Error::malformed(format!("no column of the list is known to hold accounts; {}", self.listed()))
            .at(self.place())
            .next_step("Say which one does: --column account=NAME, or its number: --column account=3")
    }

    fn unknown(&self, field: Field) -> Error {
        let name = field.name();
        Error::malformed(format!("the list has no column for {name} as it was named; {}", self.listed()))
            .at(self.place())
            .next_step("Look at the header of the list and give --column again")
    }
}

/// The columns of these names, in this order.
fn named(header: &[String], names: &[&str]) -> Vec<Column> {
    let place = |name: &&str| header.iter().position(|known| known == name);
    names.iter().filter_map(place).map(Column::at).collect()
}
