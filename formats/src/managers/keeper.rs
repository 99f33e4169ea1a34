//! `keeper`: the exports of Keeper, a table without a header and JSON, read and written.
//!
//! Source: the importers of Bitwarden and Proton Pass and their test files.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::login::{Gathering, Login, title};
use super::written;
use crate::caps::{Caps, Field, Fit, Groups};
use crate::ctx::{Ctx, Limits};
use crate::error::{Error, Place};
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::model::{Account, Otp, SecretText, Vault};
use crate::open::label::Names;
use crate::open::otp_field;
use crate::probe::{Node, Probe};
use crate::report::Skip;
use crate::text::csv::{self, Column, Dialect, Row, Writer};
use crate::text::json;

/// Keeper.
pub(crate) struct Keeper;

const ID: &str = "keeper";

/// What the table calls a code; old JSON does as well.
const TABLE_CODE: &str = "TFC:Keeper";
/// What the name of a code begins with in JSON.
const JSON_CODE: &str = "$oneTimeCode";

static INFO: Info = Info {
    id: ID,
    title: "Keeper (JSON, CSV)",
    aliases: &[],
    extensions: &["json", "csv"],
    reads_encrypted: false,
    unverified: None,
    write: &[
        JSON,
        Writing {
            form: CSV,
            caps: Caps { groups: Groups::One, fields: &[Field::Note, Field::Urls], ..CAPS },
            file_name: "keeper.csv",
            encrypted_file_name: "keeper.csv",
            import_help: "In Keeper's web vault, Settings > Import > CSV",
            ..JSON
        },
    ],
    export_help: "In Keeper's web vault, Settings > Export, as JSON or CSV",
};

const JSON: Writing = Writing {
    form: "json",
    caps: CAPS,
    encryption: Encryption::Never,
    any_password: true,
    carrier: Carrier::File,
    file_name: "keeper.json",
    encrypted_file_name: "keeper.json",
    import_help: "In Keeper's web vault, Settings > Import > Keeper JSON",
};

/// The table.
const CSV: &str = "csv";

const CAPS: Caps = Caps {
    app: "Keeper",
    groups: Groups::Many,
    fields: &[Field::Groups, Field::Note, Field::Urls],
    ..written::CAPS
};

impl Format for Keeper {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        if let Some(json) = probe.json() {
            return recognise(json);
        }
        let is_mine = |text: &&str| text.contains(TABLE_CODE) && csv::sniff(text).1.len() >= FIRST_PAIR;
        if probe.text().filter(is_mine).is_some() { Confidence::Sure } else { Confidence::No }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        decode(input, ctx.limits).map_err(|error| error.in_format(ID))
    }

    fn fit(&self, writing: &Writing, accounts: &[Account]) -> Vec<Fit> {
        let read_again = if writing.form == CSV { row_again } else { record_again };
        let fit = |account| written::fit(&writing.caps, account, |otp| read_again(account, otp));
        accounts.iter().map(fit).collect()
    }

    fn encode(&self, writing: &Writing, vault: &Vault, _: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        let part = if writing.form == CSV { write_table(vault) } else { write_json(vault) };
        part.map(|part| vec![part])
    }
}

fn recognise(json: &Node) -> Confidence {
    match (json.get("shared_folders"), json.get("records")) {
        (Some(Node::Array(_)), Some(Node::Array(_))) => Confidence::Sure,
        (None, Some(Node::Array(Some(record)))) if record.get("$type").is_some() => Confidence::Sure,
        _ => Confidence::No,
    }
}

#[derive(Deserialize)]
struct Export<'a> {
    #[serde(borrow)]
    records: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Record<'a> {
    title: Option<String>,
    login: Option<String>,
    login_url: Option<String>,
    notes: Option<String>,
    #[serde(default, deserialize_with = "json::null_is_default")]
    folders: Vec<Folder>,
    /// By name; only codes are looked at.
    #[serde(borrow)]
    custom_fields: Option<BTreeMap<String, &'a RawValue>>,
}

#[derive(Deserialize)]
struct Folder {
    folder: Option<String>,
    shared_folder: Option<String>,
}

fn decode(input: &Input<'_>, limits: &Limits) -> Result<Vault, Error> {
    let text = input.text()?;
    if text.trim_start().starts_with('{') { decode_json(&text, limits) } else { decode_csv(&text, limits) }
}

fn decode_json(text: &str, limits: &Limits) -> Result<Vault, Error> {
    let export: Export<'_> = json::parse_file(text, limits)?;
    limits.check_accounts(export.records.len())?;
    let mut gathering = Gathering::new(ID, "JSON", limits);
    for (at, raw) in export.records.iter().enumerate() {
        let place = Place::Json(format!("/records/{at}"));
        match json::entry::<Record<'_>>(raw) {
            Some(record) => record.gather(&mut gathering, &place),
            None => {
                let skip = Skip::new(Skip::MISSING_FIELD, "a field is of another type than Keeper writes");
                gathering.skip(skip, &place);
            }
        }
    }
    gathering.finish()
}

impl Record<'_> {
    fn gather(&self, gathering: &mut Gathering, place: &Place) {
        let folders = self.folders.iter().filter_map(|at| at.folder.as_ref().or(at.shared_folder.as_ref()));
        let login = Login {
            title: self.title.as_deref().unwrap_or_default(),
            user: self.login.as_deref().unwrap_or_default(),
            urls: self.login_url.iter().filter(|url| !url.is_empty()).cloned().collect(),
            groups: folders.filter(|name| !name.is_empty()).cloned().collect(),
            note: self.notes.as_deref().unwrap_or_default(),
            ..Login::default()
        };
        let fields = self.custom_fields.iter().flatten().filter(|(name, _)| is_code(name));
        let values: Vec<_> = fields.map(|(_, value)| texts(value)).collect();
        for _ in values.iter().filter(|texts| texts.is_none()) {
            let skip = Skip::new(Skip::MISSING_FIELD, "a code is of another type than Keeper writes");
            gathering.entry(&login, Err((skip, Names::default())), place);
        }
        if values.is_empty() || values.iter().any(Option::is_some) {
            gathering.item(&login, values.iter().flatten().flatten().map(SecretText::expose), place);
        }
    }
}

fn is_code(name: &str) -> bool {
    name.starts_with(JSON_CODE) || name == TABLE_CODE
}

/// A field has one value, or a list of them.
fn texts(value: &RawValue) -> Option<Vec<SecretText>> {
    let one = || json::entry::<SecretText>(value).map(|text| vec![text]);
    json::entry::<Vec<SecretText>>(value).or_else(one)
}

/// Where the parts of a row stand; nothing else says it.
const FOLDER: usize = 0;
const TITLE: usize = 1;
const USER: usize = 2;
const URL: usize = 4;
const NOTE: usize = 5;
const SHARED_FOLDER: usize = 6;
/// From here on names and values take turns.
const FIRST_PAIR: usize = 7;

fn decode_csv(text: &str, limits: &Limits) -> Result<Vault, Error> {
    let (delimiter, _) = csv::sniff(text);
    let mut gathering = Gathering::new(ID, "CSV", limits);
    for row in csv::rows(text, delimiter, limits)? {
        gather_row(&row, &mut gathering);
    }
    gathering.finish()
}

fn gather_row(row: &Row, gathering: &mut Gathering) {
    let cell = |at: usize| row.get(Column::at(at));
    let login = Login {
        title: cell(TITLE),
        user: cell(USER),
        urls: Some(cell(URL)).filter(|url| !url.is_empty()).map(str::to_owned).into_iter().collect(),
        groups: [cell(FOLDER), cell(SHARED_FOLDER)]
            .into_iter()
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect(),
        note: row.raw(Column::at(NOTE)),
        ..Login::default()
    };
    let pairs: Vec<&str> = row.cells_from(Column::at(FIRST_PAIR)).collect();
    let codes = pairs.chunks_exact(2).filter_map(|pair| match pair {
        [name, value] if name.trim() == TABLE_CODE => Some(*value),
        _ => None,
    });
    gathering.item(&login, codes, &row.place());
}

#[derive(Serialize)]
struct NewExport<'a> {
    shared_folders: [(); 0],
    records: Vec<NewRecord<'a>>,
}

#[derive(Serialize)]
struct NewRecord<'a> {
    title: &'a str,
    notes: &'a str,
    #[serde(rename = "$type")]
    kind: &'static str,
    custom_fields: NewFields,
    login: &'a str,
    login_url: &'a str,
    folders: Vec<NewFolder<'a>>,
}

#[derive(Serialize)]
struct NewFields {
    #[serde(rename = "$oneTimeCode::1", serialize_with = "json::exposed")]
    code: Zeroizing<String>,
}

#[derive(Serialize)]
struct NewFolder<'a> {
    folder: &'a str,
}

impl<'a> NewRecord<'a> {
    fn new(account: &'a Account, otp: &Otp) -> Self {
        Self {
            title: title(account),
            notes: &account.note,
            kind: "login",
            custom_fields: NewFields { code: otp_field::write(account, otp) },
            login: &account.name,
            login_url: account.urls.first().map_or("", String::as_str),
            folders: account.groups.iter().map(|folder| NewFolder { folder }).collect(),
        }
    }
}

fn write_json(vault: &Vault) -> Result<Part, Error> {
    let records = vault.accounts.iter().filter_map(|account| Some(NewRecord::new(account, account.otp()?)));
    let export = NewExport { shared_folders: [], records: records.collect() };
    json::pretty(&export, b"    ").map(Part)
}

fn write_table(vault: &Vault) -> Result<Part, Error> {
    written::rows(Writer::without_header(Dialect::Quoted), &vault.accounts, |table, account, otp| {
        table.row(new_cells(account, &otp_field::write(account, otp)))
    })
}

fn new_cells<'a>(account: &'a Account, code: &'a str) -> [&'a str; 9] {
    let first = |list: &'a [String]| list.first().map_or("", String::as_str);
    [
        first(&account.groups),
        title(account),
        &account.name,
        "",
        first(&account.urls),
        &account.note,
        "",
        TABLE_CODE,
        code,
    ]
}

/// What is read of the row of an account.
fn row_again(account: &Account, otp: &Otp) -> Result<Vault, Error> {
    let code = otp_field::write(account, otp);
    let mut gathering = Gathering::new(ID, "CSV", &Limits::default());
    gather_row(&Row::of(new_cells(account, &code)), &mut gathering);
    gathering.finish()
}

/// What is read of the record of an account.
fn record_again(account: &Account, otp: &Otp) -> Result<Vault, Error> {
    let export = NewExport { shared_folders: [], records: vec![NewRecord::new(account, otp)] };
    decode_json(&String::from_utf8_lossy(&json::compact(&export)?), &Limits::default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctx::NoPasswords;
    use crate::format::Form;
    use crate::open::otpauth;
    use crate::testing;

    fn written(form: &str) -> String {
        let link = "otpauth://totp/Acme:bob?secret=JBSWY3DPEHPK3PXP&issuer=Acme";
        let account = Account {
            groups: vec!["Work\\Inner".to_owned()],
            urls: vec!["https://acme.example".to_owned()],
            note: "two\nlines".to_owned(),
            ..otpauth::parse(link).ok().unwrap()
        };
        let vault = Vault { accounts: vec![account], ..Vault::default() };
        let form = Form::named(&Keeper, form).unwrap();
        let parts = testing::with_ctx(&mut NoPasswords, |ctx| form.encode(&vault, ctx)).unwrap();
        String::from_utf8(parts[0].0.to_vec()).unwrap()
    }

    #[test]
    fn both_forms_are_as_keeper_writes_them() {
        let code =
            "otpauth://totp/Acme:bob?secret=JBSWY3DPEHPK3PXP&issuer=Acme&algorithm=SHA1&digits=6&period=30";
        assert_eq!(
            written(CSV),
            format!(
                "\"Work\\Inner\",\"Acme\",\"bob\",\"\",\"https://acme.example\",\"two\nlines\",\"\",\"TFC:Keeper\",\"{code}\"\n"
            )
        );
        let json: serde_json::Value = serde_json::from_str(&written("")).unwrap();
        assert_eq!(
            json,
            serde_json::json!({ "shared_folders": [], "records": [{
                "title": "Acme", "notes": "two\nlines", "$type": "login", "custom_fields": { "$oneTimeCode::1": code },
                "login": "bob", "login_url": "https://acme.example", "folders": [{ "folder": "Work\\Inner" }]
            }] })
        );
    }
}
