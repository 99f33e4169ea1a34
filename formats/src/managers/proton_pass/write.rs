//! Writing a table that Proton Pass imports: one login for each account.
//!
//! The importer builds each login of a table anew, whatever version the app has; an account without a
//! group goes into the vault that it makes for the import.

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::{CAPS, read};
use crate::caps::Fit;
use crate::ctx::Limits;
use crate::error::Error;
use crate::format::Part;
use crate::managers::login::title;
use crate::managers::written;
use crate::model::{Account, Otp, Vault};
use crate::open::otp_field;
use crate::text::csv::{Dialect, Writer};

/// The columns, as the app has written them since it knows vaults and user names.
const HEADER: [&str; 11] = [
    "type",
    "name",
    "url",
    "email",
    "username",
    "password",
    "note",
    "totp",
    "createTime",
    "modifyTime",
    "vault",
];

pub(super) fn fit(account: &Account) -> Fit {
    written::fit(&CAPS, account, |otp| read_again(account, otp))
}

fn read_again(account: &Account, otp: &Otp) -> Result<Vault, Error> {
    let mut table = Writer::new(HEADER, Dialect::Crlf)?;
    row(&mut table, account, otp)?;
    let bytes = table.finish()?;
    read::decode_csv(&String::from_utf8_lossy(&bytes), &Limits::default())
}

pub(super) fn csv(accounts: &[Account]) -> Result<Part, Error> {
    written::rows(Writer::new(HEADER, Dialect::Crlf)?, accounts, row)
}

/// The app keeps an address and a name apart.
pub(super) fn email_and_user(account: &Account) -> (&str, &str) {
    let name = account.name.as_str();
    if name.contains('@') { (name, "") } else { ("", name) }
}

fn row(table: &mut Writer, account: &Account, otp: &Otp) -> Result<(), Error> {
    let value: Zeroizing<String> = otp_field::write(account, otp);
    let (email, user) = email_and_user(account);
    let time = |time: Option<Timestamp>| time.map(|time| time.as_second().to_string()).unwrap_or_default();
    table.row([
        "login",
        title(account),
        &account.urls.join(", "),
        email,
        user,
        "",
        &account.note,
        &value,
        &time(account.created),
        &time(account.modified),
        account.groups.first().map_or("", String::as_str),
    ])
}
