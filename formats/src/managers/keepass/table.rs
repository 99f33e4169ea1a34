//! KeePassXC's table.

use jiff::Timestamp;

use super::{ID, conventions, write};
use crate::caps::{Caps, Fit};
use crate::ctx::Limits;
use crate::error::Error;
use crate::format::Part;
use crate::managers::login::{Gathering, Login, title};
use crate::managers::written;
use crate::model::{Account, Vault, group};
use crate::text::csv::{Column, Dialect, Row, Table, Writer};

/// Columns that every version writes, in lower case.
pub(super) const MARK: &[&str] = &["group", "title", "username", "password", "url", "notes"];

struct Columns {
    group: Column,
    title: Column,
    user: Column,
    url: Column,
    notes: Column,
    code: Column,
    modified: Column,
    created: Column,
}

pub(super) fn decode(text: &str, limits: &Limits) -> Result<Vault, Error> {
    let table = Table::parse(text, limits)?;
    for name in MARK {
        table.required(name)?;
    }
    let columns = Columns {
        group: table.column("Group"),
        title: table.column("Title"),
        user: table.column("Username"),
        url: table.column("URL"),
        notes: table.column("Notes"),
        // Exports of older versions have no codes, and end before this column.
        code: table.column("TOTP"),
        modified: table.column("Last Modified"),
        created: table.column("Created"),
    };
    let mut gathering = Gathering::new(ID, "CSV", limits);
    for row in &table.rows {
        columns.gather(row, &mut gathering)?;
    }
    gathering.finish()
}

impl Columns {
    fn gather(&self, row: &Row, gathering: &mut Gathering) -> Result<(), Error> {
        let time = |column| row.get(column).parse::<Timestamp>().ok();
        // The first part is the name of the group that holds everything.
        let group = row.get(self.group).split_once('/').map_or("", |(_, group)| group);
        let login = Login {
            title: row.get(self.title),
            user: row.get(self.user),
            urls: Some(row.get(self.url))
                .filter(|url| !url.is_empty())
                .map(str::to_owned)
                .into_iter()
                .collect(),
            groups: Some(group::checked_name(group)?)
                .filter(|group| !group.is_empty())
                .map(str::to_owned)
                .into_iter()
                .collect(),
            note: row.raw(self.notes),
            created: time(self.created),
            modified: time(self.modified),
            ..Login::default()
        };
        let codes = conventions::link(row.get(self.code), login.around());
        if codes.is_empty() {
            gathering.other();
        }
        for code in codes {
            gathering.entry(&login, code, &row.place());
        }
        Ok(())
    }
}

const HEADER: [&str; 10] =
    ["Group", "Title", "Username", "Password", "URL", "Notes", "TOTP", "Icon", "Last Modified", "Created"];

pub(super) fn fit(caps: &Caps, account: &Account) -> Fit {
    written::fit(caps, account, |_| {
        let Part(bytes) = encode(std::slice::from_ref(account))?;
        decode(&String::from_utf8_lossy(&bytes), &Limits::default())
    })
}

pub(super) fn encode(accounts: &[Account]) -> Result<Part, Error> {
    written::rows(Writer::new(HEADER, Dialect::Quoted)?, accounts, |table, account, otp| {
        row(table, account, &write::link(account, otp))
    })
}

fn row(table: &mut Writer, account: &Account, link: &str) -> Result<(), Error> {
    let path: Vec<&str> = std::iter::once(write::ROOT).chain(write::folders(account)).collect();
    let time = |time: Option<Timestamp>| {
        let time = time.and_then(|time| Timestamp::from_second(time.as_second()).ok());
        time.map(|time| time.to_string()).unwrap_or_default()
    };
    table.row([
        path.join("/").as_str(),
        title(account),
        &account.name,
        "",
        account.urls.first().map_or("", String::as_str),
        &account.note,
        link,
        "0",
        &time(account.modified),
        &time(account.created),
    ])
}
