//! The table: the export with a row for each login.

use super::ID;
use super::write::{fit_with, folder_name, note, urls, value};
use crate::caps::Fit;
use crate::ctx::Limits;
use crate::error::Error;
use crate::format::Part;
use crate::managers::login::{Gathering, Login, title};
use crate::managers::written;
use crate::model::{Account, Otp, Vault};
use crate::text::csv::{Column, Dialect, Row, Table, Writer};

/// The columns of the table of one person.
const HEADER: [&str; 11] = [
    "folder",
    "favorite",
    "type",
    "name",
    "notes",
    "fields",
    "reprompt",
    "login_uri",
    "login_username",
    "login_password",
    "login_totp",
];

/// The table of one person has folders, that of an organisation collections. The importer knows the
/// columns of a login by shorter names too.
struct Columns {
    folder: Column,
    collections: Column,
    favorite: Column,
    name: Column,
    notes: Column,
    uris: Column,
    user: Column,
    totp: Column,
}

impl Columns {
    fn find(table: &Table) -> Self {
        let either = |long: &str, short: &str| {
            let column = table.column(long);
            if column.exists() { column } else { table.column(short) }
        };
        Self {
            folder: table.column("folder"),
            collections: table.column("collections"),
            favorite: table.column("favorite"),
            name: table.column("name"),
            notes: table.column("notes"),
            uris: either("login_uri", "uri"),
            user: either("login_username", "username"),
            totp: either("login_totp", "totp"),
        }
    }

    fn gather(&self, row: &Row, gathering: &mut Gathering) {
        let mut groups = list(row.get(self.collections));
        groups.extend(Some(row.get(self.folder)).filter(|name| !name.is_empty()).map(str::to_owned));
        let login = Login {
            title: row.get(self.name),
            user: row.get(self.user),
            urls: list(row.get(self.uris)),
            groups,
            note: row.raw(self.notes),
            favorite: row.get(self.favorite) == "1",
            ..Login::default()
        };
        gathering.item(&login, [row.get(self.totp)], &row.place());
    }
}

/// Several values in one cell.
fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

pub(super) fn decode(text: &str, limits: &Limits) -> Result<Vault, Error> {
    let table = Table::parse(text, limits)?;
    let columns = Columns::find(&table);
    if !columns.totp.exists() {
        table.required("login_totp")?;
    }
    let mut gathering = Gathering::new(ID, "CSV", limits);
    table.rows.iter().for_each(|row| columns.gather(row, &mut gathering));
    gathering.finish()
}

/// What the reader finds in the row of an account.
pub(super) fn fit(account: &Account) -> Fit {
    fit_with(account, |otp| {
        let mut gathering = Gathering::new(ID, "CSV", &Limits::default());
        let row = Row::of(Cells::new(account, otp).in_order());
        Columns::find(&Table::with_header(HEADER)).gather(&row, &mut gathering);
        gathering.finish()
    })
}

pub(super) fn encode(vault: &Vault) -> Result<Part, Error> {
    written::rows(Writer::new(HEADER, Dialect::Plain)?, &vault.accounts, |table, account, otp| {
        table.row(Cells::new(account, otp).in_order())
    })
}

/// The cells of an account that are made for it.
struct Cells<'a> {
    account: &'a Account,
    uris: String,
    totp: zeroize::Zeroizing<String>,
}

impl<'a> Cells<'a> {
    fn new(account: &'a Account, otp: &Otp) -> Self {
        Self { account, uris: urls(account).collect::<Vec<_>>().join(","), totp: value(account, otp) }
    }

    fn in_order(&self) -> [&str; HEADER.len()] {
        let account = self.account;
        [
            folder_name(account).unwrap_or_default(),
            if account.favorite { "1" } else { "" },
            "login",
            title(account),
            note(account),
            "",
            "0",
            &self.uris,
            &account.name,
            "",
            &self.totp,
        ]
    }
}
