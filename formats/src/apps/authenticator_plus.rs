//! `authenticator-plus`: Authenticator Plus for Android (Mufri), both of its exports.
//!
//! The backup is a database of SQLCipher 3 under the master password; "Export as text" is a zip under
//! the same password with `Accounts.txt`, a list of links. Sources: Stratum's
//! `AuthenticatorPlusBackupConverter`, Aegis' `AuthenticatorPlusImporter`.

use data_encoding::HEXLOWER_PERMISSIVE;

use super::database::Rows;
use crate::container::sqlcipher;
use crate::container::sqlite::{Database, Row, Table, Value};
use crate::container::zip::{self, Archive};
use crate::ctx::Ctx;
use crate::error::{Error, Place};
use crate::format::{Confidence, Format, Info, Input};
use crate::model::{Account, Credential, Draft, Kind, Number, Origin, Otp, Secret, Vault};
use crate::open::uri_list;
use crate::probe::Probe;
use crate::report::Skip;
use crate::text::base32;

const ID: &str = "authenticator-plus";
const TABLE: &str = "accounts";
/// The only member of the zip.
const MEMBER: &str = "Accounts.txt";
/// The category of accounts that are in none.
const NO_CATEGORY: &str = "All Accounts";

/// Authenticator Plus.
pub(crate) struct AuthenticatorPlus;

static INFO: Info = Info {
    id: ID,
    title: "Authenticator Plus",
    aliases: &["authplus"],
    extensions: &["db", "zip"],
    reads_encrypted: true,
    unverified: None,
    write: &[],
    export_help: "In Authenticator Plus, open Settings > Backup & Restore and choose Backup or Export as text",
};

impl Format for AuthenticatorPlus {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        let bytes = probe.bytes();
        if let Some(names) = probe.zip_names() {
            let has_member = names.iter().any(|name| name == MEMBER);
            return if has_member { Confidence::Sure } else { Confidence::No };
        }
        // Any other encrypted database of SQLCipher looks the same, and so does noise: a name that says
        // something else decides.
        let named_otherwise =
            probe.extension().is_some_and(|extension| !extension.eq_ignore_ascii_case("db"));
        if !named_otherwise && sqlcipher::sniff(bytes) { Confidence::Weak } else { Confidence::No }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        let read = if zip::sniff(input.bytes) { decode_zip } else { decode_database };
        read(input, ctx).map_err(|error| error.in_format(ID))
    }
}

fn damaged(message: &str) -> Error {
    Error::malformed(message).next_step("The file is damaged or incomplete: export or copy it again")
}

fn decode_zip(input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
    let mut zip = Archive::open(input.bytes)?;
    if !zip.names().iter().any(|name| name == MEMBER) {
        return Err(zip::missing(MEMBER));
    }
    let encrypted = zip.is_encrypted(MEMBER);
    let text = if encrypted {
        ctx.unlock(&INFO, |password, limits| zip.decrypt(MEMBER, password, limits))?
    } else {
        zip.read(MEMBER, ctx.limits)?
    };
    let mut vault = uri_list::decode(&Input::new(&text), ctx)?;
    "text export".clone_into(&mut vault.variant);
    vault.encrypted = encrypted;
    for account in &mut vault.accounts {
        ID.clone_into(&mut account.origin.format);
    }
    Ok(vault)
}

fn decode_database(input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
    if !sqlcipher::sniff(input.bytes) {
        return Err(damaged("this is neither a zip nor an encrypted database of whole pages"));
    }
    let plain = ctx.unlock_unmarked(&INFO, |password, limits| {
        sqlcipher::open(input.bytes, password.expose().as_bytes(), limits)
    })?;
    let database = Database::open(&plain, None)?;
    let table = database.table(TABLE)?;
    let columns = Columns::find(&table)?;
    let mut rows = Rows::read(&table, ctx.limits)?;
    rows.readable.sort_by_key(|row| (integer(row, columns.position).unwrap_or(i64::MAX), row.rowid));
    let variant = format!("database version {}", database.user_version());
    let mut vault = Vault { variant, ..Vault::default() }.protected(sqlcipher::protection());
    for row in &rows.readable {
        add(row, &columns, &mut vault);
    }
    rows.finish(vault)
}

struct Columns {
    name: usize,
    secret: usize,
    kind: usize,
    counter: Option<usize>,
    issuer: Option<usize>,
    original_name: Option<usize>,
    category: Option<usize>,
    position: Option<usize>,
}

impl Columns {
    fn find(table: &Table<'_>) -> Result<Self, Error> {
        let needed = |name: &str| {
            table.column(name).ok_or_else(|| {
                damaged(&format!("the column {name} is missing")).at(Place::Table(TABLE.to_owned(), None))
            })
        };
        Ok(Self {
            name: needed("email")?,
            secret: needed("secret")?,
            kind: needed("type")?,
            counter: table.column("counter"),
            issuer: table.column("issuer"),
            original_name: table.column("original_name"),
            category: table.column("category"),
            position: table.column("position"),
        })
    }
}

fn integer(row: &Row, column: Option<usize>) -> Option<i64> {
    match row.get(column?) {
        Value::Integer(number) => Some(*number),
        _ => None,
    }
}

fn text(row: &Row, column: Option<usize>) -> &str {
    match column.map(|column| row.get(column)) {
        Some(Value::Text(text)) => text,
        _ => "",
    }
}

fn number(row: &Row, column: Option<usize>) -> Number {
    match column.map(|column| row.get(column)) {
        None | Some(Value::Null) => Number::Absent,
        Some(Value::Integer(number)) => Number::Of((*number).into()),
        Some(Value::Text(text)) => Number::parse(text),
        Some(_) => Number::Invalid,
    }
}

fn add(row: &Row, columns: &Columns, vault: &mut Vault) {
    let index = vault.entries();
    let (issuer, name) = (issuer(row, columns), text(row, Some(columns.name)));
    match read_otp(row, columns) {
        Ok(otp) => {
            let mut account = Account::new(Credential::Otp(otp), issuer, name);
            account.origin = Origin { format: ID.to_owned(), index, ..Origin::default() };
            let category = text(row, columns.category);
            account.groups.extend((!matches!(category, "" | NO_CATEGORY)).then(|| category.to_owned()));
            vault.accounts.push(account);
        }
        Err(skip) => {
            let place = Place::Table(TABLE.to_owned(), Some(row.rowid));
            vault.skipped.push(skip.item(index, issuer, name).at(&place));
        }
    }
}

/// The issuer, or what the scanned name has before its colon.
fn issuer<'r>(row: &'r Row, columns: &Columns) -> &'r str {
    match text(row, columns.issuer) {
        "" => text(row, columns.original_name).split_once(':').map_or("", |(issuer, _)| issuer.trim()),
        issuer => issuer,
    }
}

const TOTP: i64 = 0;
const HOTP: i64 = 1;
/// Battle.net: codes of eight digits.
const BLIZZARD: i64 = 2;

/// The database has no algorithm, digits or period: the app keeps the usual ones only.
fn read_otp(row: &Row, columns: &Columns) -> Result<Otp, Skip> {
    let kind = integer(row, Some(columns.kind));
    let key = text(row, Some(columns.secret));
    let mut draft = match kind {
        Some(TOTP) => Draft::new(Kind::Totp, base32::secret(key)?),
        Some(HOTP) => Draft::new(Kind::Hotp, base32::secret(key)?),
        Some(BLIZZARD) => Draft::new(Kind::Totp, blizzard(key)?),
        _ => return Err(Skip::new(Skip::UNKNOWN_KIND, "its type is not one that the app is known to have")),
    };
    if kind == Some(BLIZZARD) {
        draft.digits = Number::Of(8);
    }
    draft.counter = number(row, columns.counter);
    draft.build()
}

/// 40 hexadecimal digits.
fn blizzard(text: &str) -> Result<Secret, Skip> {
    if text.trim().is_empty() {
        return Err(Skip::new(Skip::NO_SECRET, "the account has no secret"));
    }
    let bytes = HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).ok();
    bytes.and_then(Secret::new).ok_or_else(|| {
        Skip::new(Skip::BAD_SECRET, "the secret of a Battle.net account has to be hexadecimal")
    })
}

#[cfg(test)]
mod tests;
