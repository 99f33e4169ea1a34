//! The table of 1Password 8, read and written.

use zeroize::Zeroizing;

use super::{CAPS, ID};
use crate::caps::Fit;
use crate::ctx::Limits;
use crate::error::Error;
use crate::format::Part;
use crate::managers::login::{Gathering, Login, title};
use crate::managers::written;
use crate::model::{Account, Otp, Vault};
use crate::open::otp_field;
use crate::text::csv::{Dialect, Table, Writer};

/// The columns; an export can have further ones for fields that the user made.
const HEADER: [&str; 9] =
    ["Title", "Url", "Username", "Password", "OTPAuth", "Favorite", "Archived", "Tags", "Notes"];
/// Columns that only this table has together, in lower case.
pub(super) const MARK: [&str; 6] = ["title", "username", "password", "otpauth", "favorite", "archived"];

pub(super) fn decode(text: &str, limits: &Limits) -> Result<Vault, Error> {
    let table = Table::parse(text, limits)?;
    for name in MARK {
        table.required(name)?;
    }
    let (title, user, url) = (table.column("title"), table.column("username"), table.column("url"));
    let (code, favorite) = (table.column("otpauth"), table.column("favorite"));
    let (tags, notes) = (table.column("tags"), table.column("notes"));
    let mut gathering = Gathering::new(ID, "CSV", limits);
    for row in &table.rows {
        let filled = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let login = Login {
            title: row.get(title),
            user: row.get(user),
            urls: filled(row.get(url)).into_iter().collect(),
            groups: row.get(tags).split(';').filter_map(|tag| filled(tag.trim())).collect(),
            note: row.raw(notes),
            favorite: row.get(favorite).eq_ignore_ascii_case("true"),
            ..Login::default()
        };
        gathering.item(&login, [row.get(code)], &row.place());
    }
    gathering.finish()
}

pub(super) fn fit(account: &Account) -> Fit {
    written::fit(&CAPS, account, |otp| {
        let mut table = Writer::new(HEADER, Dialect::Quoted)?;
        row(&mut table, account, otp)?;
        decode(&String::from_utf8_lossy(&table.finish()?), &Limits::default())
    })
}

pub(super) fn encode(accounts: &[Account]) -> Result<Part, Error> {
    written::rows(Writer::new(HEADER, Dialect::Quoted)?, accounts, row)
}

fn row(table: &mut Writer, account: &Account, otp: &Otp) -> Result<(), Error> {
    let value: Zeroizing<String> = otp_field::write(account, otp);
    let tags: Vec<String> = account.groups.iter().map(|group| group.replace(';', ",")).collect();
    table.row([
        title(account),
        account.urls.first().map_or("", String::as_str),
        &account.name,
        "",
        &value,
        if account.favorite { "true" } else { "false" },
        "false",
        &tags.join(";"),
        &account.note,
    ])
}
