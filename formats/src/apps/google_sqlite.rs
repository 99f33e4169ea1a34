//! `google-sqlite`: Google Authenticator's database on Android, up to version 5.10 of the app.
//!
//! It comes from a rooted phone or an old device backup; what the app exports itself are the QR
//! codes of `google-migration`. Later versions encrypt the secrets with a key of the phone.
//! Source: the app's `AccountDb`; issues 82 and 918 of Aegis.

use super::database::{Rows, log_warning};
use crate::container::sqlite::{Database, Row, Table, Value};
use crate::ctx::Ctx;
use crate::error::{Error, Place};
use crate::format::{Confidence, Format, Info, Input};
use crate::model::{Account, Credential, Draft, Kind, Number, Origin, Otp, Vault};
use crate::open::label::split_google;
use crate::probe::Probe;
use crate::report::Skip;
use crate::text::base32;

const ID: &str = "google-sqlite";
const TABLE: &str = "accounts";

/// Google Authenticator's database.
pub(crate) struct GoogleSqlite;

static INFO: Info = Info {
    id: ID,
    title: "Google Authenticator (Android database)",
    aliases: &["google-authenticator-database"],
    extensions: &["db", "sqlite"],
    reads_encrypted: false,
    unverified: None,
    write: &[],
    export_help: "Use Transfer accounts in the app where it still works. On a rooted Android phone: \
        /data/data/com.google.android.apps.authenticator2/databases/databases with its -wal file",
};

impl Format for GoogleSqlite {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        let ours = probe.has_columns(TABLE, &["email", "secret", "counter", "type"]);
        // Authenticator Plus has grown from the same table.
        let grown = ["position", "uid", "category", "oath_secret_key"];
        if ours && !grown.iter().any(|column| probe.has_columns(TABLE, &[column])) {
            return Confidence::Sure;
        }
        Confidence::No
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        decode(input, ctx).map_err(|error| error.in_format(ID))
    }
}

fn decode(input: &Input<'_>, ctx: &Ctx<'_>) -> Result<Vault, Error> {
    let database = Database::open(input.bytes, input.wal)?;
    let table = database.table(TABLE)?;
    let columns = Columns::find(&table)?;
    let mut vault = Vault { variant: format!("schema {}", database.user_version()), ..Vault::default() };
    vault.warnings.extend(log_warning(&database, input.wal, "databases"));
    // The app shows them in the order of their ids.
    let rows = Rows::read(&table, ctx.limits)?;
    for row in &rows.readable {
        read_row(row, &columns, &mut vault);
    }
    rows.finish(vault)
}

/// Where the columns are; the last two came with later versions.
struct Columns {
    email: usize,
    secret: usize,
    counter: usize,
    kind: usize,
    issuer: Option<usize>,
    encrypted: Option<usize>,
}

impl Columns {
    fn find(table: &Table<'_>) -> Result<Self, Error> {
        let needed = |name: &str| {
            table.column(name).ok_or_else(|| {
                Error::malformed(format!("the column {name} is missing"))
                    .at(Place::Table(TABLE.to_owned(), None))
                    .next_step("Copy the database of Google Authenticator again")
            })
        };
        Ok(Self {
            email: needed("email")?,
            secret: needed("secret")?,
            counter: needed("counter")?,
            kind: needed("type")?,
            issuer: table.column("issuer"),
            encrypted: table.column("isencrypted"),
        })
    }
}

fn text(row: &Row, column: Option<usize>) -> &str {
    column.and_then(|column| row.get(column).as_text()).unwrap_or_default()
}

fn read_row(row: &Row, columns: &Columns, vault: &mut Vault) {
    let index = vault.entries();
    let names = split_google(text(row, columns.issuer), text(row, Some(columns.email)));
    match read_otp(row, columns) {
        Ok(otp) => {
            let mut account = Account::new(Credential::Otp(otp), names.issuer, names.account);
            account.origin = Origin { format: ID.to_owned(), index, ..Origin::default() };
            vault.accounts.push(account);
        }
        Err(skip) => {
            let place = Place::Table(TABLE.to_owned(), Some(row.rowid));
            let transfer = matches!(skip.code, Skip::NO_SECRET | Skip::BAD_SECRET);
            let mut item = skip.item(index, &names.issuer, &names.account).at(&place);
            if transfer {
                item = item.next_step("Use Transfer accounts in the app, and give otpferry its QR codes");
            }
            vault.skipped.push(item);
        }
    }
}

/// The app knows six digits, 30 seconds and SHA-1 only.
fn read_otp(row: &Row, columns: &Columns) -> Result<Otp, Skip> {
    let is_set = |value: &Value| value.as_integer().is_some_and(|number| number > 0);
    if columns.encrypted.is_some_and(|column| is_set(row.get(column))) {
        let message = "the phone has encrypted its secret with a key that never leaves the phone";
        return Err(Skip::new(Skip::NO_SECRET, message));
    }
    let kind = match row.get(columns.kind).as_integer() {
        Some(0) => Kind::Totp,
        Some(1) => Kind::Hotp,
        _ => return Err(Skip::new(Skip::UNKNOWN_KIND, "its type is neither TOTP nor HOTP")),
    };
    let mut draft = Draft::new(kind, base32::secret(text(row, Some(columns.secret)))?);
    draft.counter = match row.get(columns.counter) {
        Value::Integer(counter) => Number::Of((*counter).into()),
        Value::Null => Number::Absent,
        Value::Text(text) => Number::parse(text),
        Value::Real(_) | Value::Blob(_) => Number::Invalid,
    };
    draft.build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctx::NoPasswords;
    use crate::testing;

    const WHOLE: &[u8] = include_bytes!("../../../fixtures/google-sqlite/all-kinds.sqlite");
    const OLD: &[u8] = include_bytes!("../../../fixtures/google-sqlite/fewest-columns.sqlite");

    fn detect(bytes: &[u8]) -> Confidence {
        GoogleSqlite.detect(&Probe::new(bytes, None))
    }

    #[test]
    fn the_columns_are_the_mark() {
        assert_eq!([detect(WHOLE), detect(OLD)], [Confidence::Sure; 2]);
        assert_eq!([detect(b""), detect(&WHOLE[..100])], [Confidence::No; 2]);
    }

    #[test]
    fn every_byte_may_lie_and_every_length_may_be_cut() {
        let read = |bytes: &[u8]| {
            testing::with_ctx(&mut NoPasswords, |ctx| GoogleSqlite.decode(&Input::new(bytes), ctx))
        };
        for at in 0..OLD.len() {
            let mut bytes = OLD.to_vec();
            bytes[at] ^= 0xA5;
            let _ = detect(&bytes);
            if let Err(error) = read(&bytes) {
                assert_eq!(error.format, Some(ID));
            }
        }
        for length in (0..WHOLE.len()).step_by(97) {
            let _ = read(&WHOLE[..length]);
        }
    }
}
