//! `bitwarden-authenticator`: exports of Bitwarden Authenticator, the app beside the password manager.
//!
//! Its JSON is that of a vault with nothing but names and codes in it. Its CSV has six headers over nine
//! cells and no quotes.
//!
//! Source: `BitwardenExportParser`, `ExportJsonData` and `AuthenticatorRepositoryImpl` of Bitwarden's
//! Android repository.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::login::{Gathering, Login, title};
use super::written;
use crate::caps::{Caps, Field, Fit, Periods};
use crate::ctx::{Ctx, Limits};
use crate::error::{Error, Place};
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::model::{Account, Kind, Otp, SecretText, Vault};
use crate::open::otp_field;
use crate::open::otpauth::Pieces;
use crate::probe::{Node, Probe};
use crate::report::Skip;
use crate::text::csv::{self, Row};
use crate::text::{html, json, percent};

/// Bitwarden Authenticator.
pub(crate) struct BitwardenAuthenticator;

const ID: &str = "bitwarden-authenticator";

/// The whole header of the table.
const HEADER: [&str; 6] = ["folder", "favorite", "type", "name", "login_uri", "login_totp"];
/// Where the name and the code stand in a row without commas in its name.
const NAME: usize = 3;
const CODE: usize = 5;

static INFO: Info = Info {
    id: ID,
    title: "Bitwarden Authenticator",
    aliases: &[],
    extensions: &["json", "csv"],
    reads_encrypted: false,
    unverified: None,
    write: &[Writing {
        form: "",
        caps: CAPS,
        encryption: Encryption::Never,
        any_password: true,
        carrier: Carrier::File,
        file_name: "authenticator_export.json",
        encrypted_file_name: "authenticator_export.json",
        import_help: "In Bitwarden Authenticator, Settings > Data > Import > Authenticator Export (JSON)",
    }],
    export_help: "In Bitwarden Authenticator, Settings > Data > Export, as JSON",
};

/// One item that the importer does not take stops the whole import.
const CAPS: Caps = Caps {
    app: "Bitwarden Authenticator",
    kinds: &[Kind::Totp, Kind::Steam],
    digits: &[5, 6, 7, 8, 9, 10],
    periods: Periods::UpTo(2_147_483_647),
    fields: &[Field::Favorite],
    ..written::CAPS
};

impl Format for BitwardenAuthenticator {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        let is_mine = probe.json().is_some_and(recognise) || probe.header() == HEADER;
        if is_mine { Confidence::Sure } else { Confidence::No }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        decode(input, ctx.limits).map_err(|error| error.in_format(ID))
    }

    fn fit(&self, writing: &Writing, accounts: &[Account]) -> Vec<Fit> {
        accounts.iter().map(|account| fit(&writing.caps, account)).collect()
    }

    fn encode(&self, _: &Writing, vault: &Vault, ctx: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        let mut export = NewExport { encrypted: false, items: Vec::new() };
        for account in &vault.accounts {
            let Some(otp) = account.otp() else { continue };
            export.items.push(NewItem::new(ctx.uuid()?, account, otp));
        }
        Ok(vec![Part(json::compact(&export)?)])
    }
}

/// A vault has folders or collections beside its items, and addresses and passwords in them.
pub(super) fn recognise(json: &Node) -> bool {
    let has = |key: &str| json.get(key).is_some();
    let plain = matches!(json.get("encrypted"), Some(Node::Bool))
        && !["folders", "collections", "passwordProtected", "data"].into_iter().any(has);
    let is_mine = match json.get("items") {
        Some(Node::Array(Some(item))) => item.get("login").is_some_and(|login| {
            login.get("totp").is_some() && login.get("uris").is_none() && login.get("password").is_none()
        }),
        Some(Node::Array(None)) => true,
        _ => false,
    };
    plain && is_mine
}

#[derive(Deserialize)]
struct Export<'a> {
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Item {
    name: Option<String>,
    favorite: Option<bool>,
    login: Option<Code>,
}

#[derive(Deserialize)]
struct Code {
    username: Option<String>,
    totp: Option<SecretText>,
}

fn decode(input: &Input<'_>, limits: &Limits) -> Result<Vault, Error> {
    let text = input.text()?;
    if !text.trim_start().starts_with('{') {
        return decode_csv(&text, limits);
    }
    let export: Export<'_> = json::parse_file(&text, limits)?;
    limits.check_accounts(export.items.len())?;
    let mut gathering = Gathering::new(ID, "JSON", limits);
    for (at, raw) in export.items.iter().enumerate() {
        let place = Place::Json(format!("/items/{at}"));
        match json::entry::<Item>(raw) {
            Some(item) => item.gather(&mut gathering, &place),
            None => {
                let skip = Skip::new(Skip::MISSING_FIELD, "a field is of another type than the app writes");
                gathering.skip(skip, &place);
            }
        }
    }
    gathering.finish()
}

impl Item {
    fn gather(&self, gathering: &mut Gathering, place: &Place) {
        let code = self.login.as_ref();
        let login = Login {
            title: self.name.as_deref().unwrap_or_default(),
            user: code.and_then(|code| code.username.as_deref()).unwrap_or_default(),
            favorite: self.favorite.unwrap_or_default(),
            ..Login::default()
        };
        let value = code.and_then(|code| code.totp.as_ref()).map_or("", SecretText::expose);
        gathering.item(&login, [unescaped(value).as_str()], place);
    }
}

/// The app escapes a label as in a web page before it encodes it. That shows where the issuer, which
/// stands in the link a second time without that, fits only afterwards.
fn unescaped(link: &str) -> Zeroizing<String> {
    let relabelled = || {
        let pieces = Pieces::split(link)?;
        let label = percent::decode(pieces.label);
        let plain = html::unescape(&label);
        let prefix = plain.split_once(':').map_or(plain.as_str(), |(prefix, _)| prefix);
        if plain == label || prefix != pieces.value("issuer")? {
            return None;
        }
        let (before, after) = link.split_once(pieces.label)?;
        Some(format!("{before}{}{after}", percent::encode(&plain)))
    };
    Zeroizing::new(relabelled().unwrap_or_else(|| link.to_owned()))
}

fn decode_csv(text: &str, limits: &Limits) -> Result<Vault, Error> {
    // A table that was saved again by another program can have quotes everywhere.
    let read = if text.starts_with('"') { csv::rows } else { csv::rows_without_quotes };
    let mut rows = read(text, b',', limits)?.into_iter();
    if !rows.next().is_some_and(|row| row.cells().map(str::trim).eq(HEADER)) {
        return Err(Error::malformed("the first row is not that of Bitwarden Authenticator")
            .at(Place::Row(1))
            .next_step("The file is damaged or was edited: export it again, as JSON"));
    }
    let mut gathering = Gathering::new(ID, "CSV", limits);
    rows.for_each(|row| gather_row(&row, &mut gathering));
    gathering.finish()
}

/// A name with commas in it takes several cells: what stands before the link and its empty neighbour.
fn gather_row(row: &Row, gathering: &mut Gathering) {
    let cells: Vec<&str> = row.cells().collect();
    let is_link = |cell: &&str| {
        let cell = cell.trim_start().to_ascii_lowercase();
        cell.starts_with("otpauth://") || cell.starts_with("steam://")
    };
    let code = cells.iter().skip(CODE).position(is_link).map_or(CODE, |at| at.saturating_add(CODE));
    let name = cells.get(NAME..code.saturating_sub(1)).unwrap_or_default().join(",");
    let login = Login { title: &name, ..Login::default() };
    let value = cells.get(code).copied().unwrap_or_default();
    gathering.item(&login, [unescaped(value.trim()).as_str()], &row.place());
}

#[derive(Serialize)]
struct NewExport<'a> {
    encrypted: bool,
    items: Vec<NewItem<'a>>,
}

/// An item with every key that the app writes, in its order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewItem<'a> {
    id: String,
    name: &'a str,
    folder_id: Option<()>,
    organization_id: Option<()>,
    collection_ids: Option<()>,
    notes: Option<()>,
    #[serde(rename = "type")]
    kind: u8,
    login: NewCode,
    favorite: bool,
}

#[derive(Serialize)]
struct NewCode {
    #[serde(serialize_with = "json::exposed")]
    totp: Zeroizing<String>,
}

impl<'a> NewItem<'a> {
    fn new(id: String, account: &'a Account, otp: &Otp) -> Self {
        Self {
            id,
            name: title(account),
            folder_id: None,
            organization_id: None,
            collection_ids: None,
            notes: None,
            // A login.
            kind: 1,
            login: NewCode { totp: value(account, otp) },
            favorite: account.favorite,
        }
    }
}

fn value(account: &Account, otp: &Otp) -> Zeroizing<String> {
    match otp.kind() {
        Kind::Steam => otp_field::write_steam(otp),
        _ => otp_field::write(account, otp),
    }
}

fn fit(caps: &Caps, account: &Account) -> Fit {
    written::fit(caps, account, |otp| {
        let item = Item {
            name: Some(title(account).to_owned()),
            favorite: Some(account.favorite),
            login: Some(Code { username: None, totp: Some(SecretText::new(value(account, otp).as_str())) }),
        };
        let mut gathering = Gathering::new(ID, "JSON", &Limits::default());
        item.gather(&mut gathering, &Place::Json("/items/0".to_owned()));
        gathering.finish()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctx::NoPasswords;
    use crate::open::otpauth;
    use crate::testing;

    #[test]
    fn labels_are_unescaped_where_the_issuer_shows_it() {
        for (link, wanted) in [
            (
                "otpauth://totp/A%26amp%3BB%3Atom%26%2339%3Bs?secret=AA&issuer=A%26B",
                "otpauth://totp/A%26B%3Atom%27s?secret=AA&issuer=A%26B",
            ),
            (
                "otpauth://totp/Acme%3Aa%26amp%3Bb?secret=AA&issuer=Acme",
                "otpauth://totp/Acme%3Aa%26b?secret=AA&issuer=Acme",
            ),
            ("otpauth://totp/a%26amp%3Bb?secret=AA&issuer=Acme", ""),
            ("otpauth://totp/Acme%3Aa%26b?secret=AA&issuer=Acme", ""),
            ("steam://AA", ""),
            ("AA", ""),
            ("otpauth://totp?secret=AA&issuer=", ""),
        ] {
            assert_eq!(unescaped(link).as_str(), if wanted.is_empty() { link } else { wanted });
        }
    }

    /// The app writes no quotes around cells: one in a name is a letter of it.
    #[test]
    fn a_quote_in_a_name_of_the_table_is_a_letter() {
        let text = "folder,favorite,type,name,login_uri,login_totp\n\
            ,,1,\"Acme,,otpauth://totp/bob?secret=JBSWY3DPEHPK3PXP,,30,6\n\
            ,,1,Bank,,otpauth://totp/eve?secret=GEZDGNBVGY3TQOJQ,,30,6\n";
        let vault = decode(&Input::new(text.as_bytes()), &Limits::default()).unwrap();
        let names: Vec<_> =
            vault.accounts.iter().map(|account| (account.issuer.as_str(), account.name.as_str())).collect();
        assert_eq!(names, [("\"Acme", "bob"), ("Bank", "eve")]);
    }

    #[test]
    fn every_key_is_written_in_the_apps_order() {
        let link = "otpauth://totp/Acme:bob?secret=JBSWY3DPEHPK3PXP&issuer=Acme";
        let account = otpauth::parse(link).ok().unwrap();
        let vault = Vault { accounts: vec![account], ..Vault::default() };
        let form = testing::form(&BitwardenAuthenticator);
        let parts = testing::with_ctx(&mut NoPasswords, |ctx| form.encode(&vault, ctx)).unwrap();
        let text = std::str::from_utf8(&parts[0].0).unwrap();
        let (before, after) = text.split_once("\"name\"").unwrap();
        assert!(before.starts_with(r#"{"encrypted":false,"items":[{"id":""#));
        assert_eq!(
            after,
            concat!(
                r#":"Acme","folderId":null,"organizationId":null,"collectionIds":null,"notes":null,"type":1,"login":{"totp":"#,
                r#""otpauth://totp/Acme:bob?secret=JBSWY3DPEHPK3PXP&issuer=Acme&algorithm=SHA1&digits=6&period=30"},"#,
                r#""favorite":false}]}"#
            )
        );
    }
}
