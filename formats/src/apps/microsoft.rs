//! `microsoft`: Microsoft Authenticator's database on Android, `PhoneFactor`.
//!
//! The app exports nothing; the database comes from a rooted phone or a device backup. It is read
//! with its write-ahead log, where recent accounts live. Columns and account types were learned
//! from the importers and issue threads of Aegis and android-otp-extractor.

use data_encoding::BASE64;
use zeroize::Zeroizing;

use super::database::{Rows, log_warning};
use crate::container::sqlite::{Database, Row, Table};
use crate::ctx::Ctx;
use crate::error::{Error, Place};
use crate::format::{Confidence, Format, Info, Input};
use crate::model::{Account, Credential, Draft, Kind, NameOnly, Number, Otp, Secret, Vault};
use crate::probe::Probe;
use crate::report::{Item, Skip};
use crate::text::base32;

const ID: &str = "microsoft";
const TABLE: &str = "accounts";

/// Microsoft Authenticator's database.
pub(crate) struct Microsoft;

static INFO: Info = Info {
    id: ID,
    title: "Microsoft Authenticator (Android database)",
    aliases: &["microsoft-authenticator", "phonefactor"],
    extensions: &["db", "sqlite"],
    reads_encrypted: false,
    unverified: None,
    write: &[],
    export_help: "The app has no export. On a rooted Android phone: \
        /data/data/com.azure.authenticator/databases/PhoneFactor with its -wal file",
};

impl Format for Microsoft {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        if !probe.has_columns(TABLE, &["oath_secret_key", "account_type"]) {
            return Confidence::No;
        }
        Confidence::Sure
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
    vault.warnings.extend(log_warning(&database, input.wal, "PhoneFactor"));
    let mut rows = Rows::read(&table, ctx.limits)?;
    rows.readable.sort_by_key(|row| (columns.integer(row, columns.position).unwrap_or(i64::MAX), row.rowid));
    for row in &rows.readable {
        read_row(row, &columns, &mut vault);
    }
    rows.finish(vault)
}

/// Where the columns are. Only four are needed; the others came and went between versions.
struct Columns {
    kind: usize,
    secret: usize,
    issuer: usize,
    name: usize,
    position: Option<usize>,
    encrypted: Option<usize>,
}

impl Columns {
    fn find(table: &Table<'_>) -> Result<Self, Error> {
        let needed = |name: &str| {
            table.column(name).ok_or_else(|| {
                Error::malformed(format!("the column {name} is missing"))
                    .at(Place::Table(TABLE.to_owned(), None))
            })
        };
        Ok(Self {
            kind: needed("account_type")?,
            secret: needed("oath_secret_key")?,
            issuer: needed("name")?,
            name: needed("username")?,
            position: table.column("ux_position"),
            encrypted: table.column("encrypted_oath_secret_key"),
        })
    }

    fn integer(&self, row: &Row, column: Option<usize>) -> Option<i64> {
        row.get(column?).as_integer()
    }

    fn text<'r>(&self, row: &'r Row, column: Option<usize>) -> &'r str {
        column.and_then(|column| row.get(column).as_text()).unwrap_or_default()
    }
}

fn read_row(row: &Row, columns: &Columns, vault: &mut Vault) {
    let index = vault.entries();
    let issuer = columns.text(row, Some(columns.issuer));
    let name = columns.text(row, Some(columns.name));
    match credential(row, columns) {
        Ok(credential) => {
            let work = columns.integer(row, Some(columns.kind)) == Some(WORK);
            let mut account = Account::new(credential, issuer, name);
            account.origin.index = index;
            account.origin.format = ID.to_owned();
            if work && account.otp().is_some() {
                vault.warnings.push(check_at_sign_in(&account));
            }
            vault.accounts.push(account);
        }
        Err(skip) => {
            let place = Place::Table(TABLE.to_owned(), Some(row.rowid));
            vault.skipped.push(skip.item(index, issuer, name).at(&place));
        }
    }
}

/// `account_type`: an account of any other service, added by QR code.
const THIRD_PARTY: i64 = 0;
/// `account_type`: a personal Microsoft account.
const PERSONAL: i64 = 1;
/// `account_type`: a work or school account (Entra ID).
const WORK: i64 = 2;

fn credential(row: &Row, columns: &Columns) -> Result<Credential, Skip> {
    let kind = columns.integer(row, Some(columns.kind));
    if !matches!(kind, Some(THIRD_PARTY | PERSONAL | WORK)) {
        return Err(Skip::new(Skip::UNKNOWN_KIND, "its account type is not known"));
    }
    let text = columns.text(row, Some(columns.secret)).trim();
    if text.is_empty() {
        let reason = why_no_secret(kind, columns.text(row, columns.encrypted)).to_owned();
        return Ok(Credential::NameOnly { reason });
    }
    if kind == Some(PERSONAL) {
        return personal(text).map(Credential::Otp);
    }
    Draft::new(Kind::Totp, base32::secret(text)?).build().map(Credential::Otp)
}

fn why_no_secret(kind: Option<i64>, encrypted: &str) -> &'static str {
    match kind {
        _ if !encrypted.is_empty() => NameOnly::EncryptedByPhone.reason(),
        Some(WORK) => NameOnly::WorkOrSchool.reason(),
        Some(PERSONAL) => NameOnly::Passwordless.reason(),
        _ => "the database holds no secret for it",
    }
}

/// A personal Microsoft account: base64 of the key, codes of eight digits. Reading it as base32
/// or with six digits gives codes that Microsoft refuses.
fn personal(text: &str) -> Result<Otp, Skip> {
    let bytes = BASE64.decode(text.as_bytes()).ok().map(Zeroizing::new);
    let secret = bytes
        .and_then(|mut bytes| Secret::new(std::mem::take(&mut *bytes)))
        .ok_or_else(|| Skip::new(Skip::BAD_SECRET, "the secret of a Microsoft account has to be base64"))?;
    let mut draft = Draft::new(Kind::Totp, secret);
    draft.digits = Number::Of(8);
    draft.build()
}

/// Users report both: right codes and wrong ones.
fn check_at_sign_in(account: &Account) -> Item {
    Item::about(
        account,
        "check-at-sign-in",
        "a work or school account with a secret: its codes are right for some users and wrong for others",
    )
    .next_step("Sign in once with the new code before you give up the old phone")
}

#[cfg(test)]
mod tests;
