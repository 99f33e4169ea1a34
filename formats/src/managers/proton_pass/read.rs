//! Reading an export.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::container::zip::{self, Archive};
use crate::ctx::Limits;
use crate::error::{Error, Place};
use crate::format::Input;
use crate::managers::login::{Gathering, Login};
use crate::model::{Number, SecretText, Vault, group};
use crate::open::otp_field;
use crate::report::Skip;
use crate::text::csv::Table;
use crate::text::json::{self, Members};
use crate::text::time;

use super::ID;

/// How an OpenPGP message begins: Proton armours it always.
pub(super) const PGP: &[u8] = b"-----BEGIN PGP MESSAGE-----";
/// The folder of everything in the zip.
pub(super) const FOLDER: &str = "Proton Pass/";
pub(super) const PLAIN_MEMBER: &str = "Proton Pass/data.json";
const PGP_MEMBER: &str = "Proton Pass/data.pgp";
/// The columns that tables of all versions have.
pub(super) const COLUMNS: [&str; 7] = ["type", "name", "url", "username", "password", "note", "totp"];
/// The account that the app writes into a link when a login has no user name.
const NO_USER: &str = "Proton Pass";
/// The state of an item in the trash.
const TRASHED: Number = Number::Of(2);
/// More folders inside each other than the app allows.
const MAX_DEPTH: usize = 16;

pub(super) fn decode(input: &Input<'_>, limits: &Limits) -> Result<Vault, Error> {
    if zip::sniff(input.bytes) {
        return decode_zip(input.bytes, limits);
    }
    if input.bytes.starts_with(PGP) {
        return Err(encrypted());
    }
    let text = input.text()?;
    if text.trim_start().starts_with('{') {
        decode_json(&text, "JSON", limits)
    } else {
        decode_csv(&text, limits)
    }
}

fn encrypted() -> Error {
    Error::unsupported("the export is encrypted with a passphrase (PGP), which otpferry does not open").next_step(
        "Export again as ZIP or CSV, without a passphrase; or decrypt the .pgp file with `gpg --decrypt` and give the result",
    )
}

fn decode_zip(bytes: &[u8], limits: &Limits) -> Result<Vault, Error> {
    let mut archive = Archive::open(bytes)?;
    let has = |name: &str| archive.names().iter().any(|member| member == name);
    if has(PGP_MEMBER) && !has(PLAIN_MEMBER) {
        return Err(encrypted());
    }
    if !has(PLAIN_MEMBER) {
        return Err(zip::missing(PLAIN_MEMBER));
    }
    let plain = archive.read(PLAIN_MEMBER, limits)?;
    let text = std::str::from_utf8(&plain).map_err(|_| json::damaged("", "the content is not a text"))?;
    decode_json(text, "ZIP", limits)
}

#[derive(Deserialize)]
struct Export<'a> {
    #[serde(borrow)]
    vaults: Members<'a>,
}

#[derive(Deserialize)]
struct VaultData<'a> {
    name: Option<String>,
    folders: Option<Vec<Folder>>,
    #[serde(borrow)]
    items: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Folder {
    folder_id: String,
    parent_folder_id: Option<String>,
    name: String,
}

/// An item as far as a code needs it; everything else is passed over.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    data: Data,
    folder_id: Option<String>,
    #[serde(default)]
    state: Number,
    #[serde(default)]
    create_time: Number,
    #[serde(default)]
    modify_time: Number,
    pinned: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    metadata: Metadata,
    extra_fields: Option<Vec<ExtraField>>,
    #[serde(default)]
    content: Option<Content>,
}

#[derive(Deserialize)]
struct Metadata {
    name: Option<String>,
    note: Option<String>,
}

/// What stands in the items of all types. Logins have the code and the user; the items that people
/// shape themselves have sections of fields.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    item_email: Option<String>,
    item_username: Option<String>,
    /// Before mid 2024 there was one name, of the user.
    username: Option<String>,
    urls: Option<Vec<String>>,
    autofill_urls: Option<Vec<AutofillUrl>>,
    totp_uri: Option<SecretText>,
    sections: Option<Vec<Section>>,
    extra_sections: Option<Vec<Section>>,
}

#[derive(Deserialize)]
struct AutofillUrl {
    url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Section {
    section_fields: Option<Vec<ExtraField>>,
}

/// A field that the user added; only the type `totp` has a link.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExtraField {
    field_name: Option<String>,
    data: Option<FieldData>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FieldData {
    totp_uri: Option<SecretText>,
}

pub(super) fn decode_json(text: &str, variant: &str, limits: &Limits) -> Result<Vault, Error> {
    let export: Export<'_> = json::parse_file(text, limits)?;
    let mut gathering = Gathering::new(ID, variant, limits);
    let mut count = 0_usize;
    for (id, raw) in &export.vaults.0 {
        let pointer = format!("/vaults/{}", pointer_part(id));
        let Some(vault) = json::entry::<VaultData<'_>>(raw) else {
            let skip = Skip::new(Skip::DAMAGED, "a vault has another shape than Proton Pass writes");
            gathering.skip(skip, &Place::Json(pointer));
            continue;
        };
        let items = vault.items.as_deref().unwrap_or_default();
        count = count.saturating_add(items.len());
        limits.check_accounts(count)?;
        let folders = Folders::new(&vault)?;
        for (at, raw) in items.iter().enumerate() {
            add(raw, &folders, &mut gathering, &Place::Json(format!("{pointer}/items/{at}")));
        }
    }
    gathering.finish()
}

/// A key in a JSON pointer, as RFC 6901 escapes it; the ids of the app are short.
fn pointer_part(key: &str) -> String {
    let short: String = key.chars().take(128).collect();
    short.replace('~', "~0").replace('/', "~1")
}

/// The name of a vault and the paths of the folders in it.
struct Folders<'a> {
    vault: &'a str,
    by_id: HashMap<&'a str, &'a Folder>,
}

impl<'a> Folders<'a> {
    fn new(vault: &'a VaultData<'_>) -> Result<Self, Error> {
        let mut by_id = HashMap::new();
        for folder in vault.folders.as_deref().unwrap_or_default() {
            group::checked_name(&folder.name)?;
            by_id.entry(folder.folder_id.as_str()).or_insert(folder);
        }
        let name = group::checked_name(vault.name.as_deref().unwrap_or_default())?;
        Ok(Self { vault: name, by_id })
    }

    /// The vault, and the folder in it with all that it lies in: `Work/Servers`.
    fn groups(&self, folder: Option<&str>) -> Vec<String> {
        let mut names = Vec::new();
        let mut next = folder;
        while let Some(folder) = next.and_then(|id| self.by_id.get(id)).filter(|_| names.len() < MAX_DEPTH) {
            names.push(folder.name.as_str());
            next = folder.parent_folder_id.as_deref();
        }
        names.reverse();
        let all = [self.vault.to_owned(), names.join("/")];
        all.into_iter().filter(|name| !name.is_empty()).collect()
    }
}

fn add(raw: &RawValue, folders: &Folders<'_>, gathering: &mut Gathering, place: &Place) {
    let Some(item) = json::entry::<Item>(raw) else {
        let skip =
            Skip::new(Skip::MISSING_FIELD, "a field is missing or of another type than Proton Pass writes");
        return gathering.skip(skip, place);
    };
    let user = item.user();
    let login = Login {
        title: item.data.metadata.name.as_deref().unwrap_or_default(),
        user,
        urls: item.urls(),
        groups: folders.groups(item.folder_id.as_deref()),
        note: item.data.metadata.note.as_deref().unwrap_or_default(),
        favorite: item.pinned.unwrap_or_default(),
        created: time::seconds(item.create_time),
        modified: time::seconds(item.modify_time),
        trashed: item.state == TRASHED,
    };
    let mut none = true;
    for (value, field) in item.values() {
        none = false;
        // A code in a field of its own is known by the name of the field.
        let around = Login { user: field.unwrap_or(user), ..login.clone() };
        take(value, &around, user, gathering, place);
    }
    if none {
        gathering.other();
    }
}

/// Takes the codes of one value. The account that stands in for a user name gives way to a real one.
fn take(value: &str, login: &Login<'_>, user: &str, gathering: &mut Gathering, place: &Place) {
    for mut entry in otp_field::read(value, login.around()) {
        if let Ok(account) = &mut entry
            && account.name == NO_USER
            && !user.is_empty()
        {
            user.clone_into(&mut account.name);
        }
        gathering.entry(login, entry, place);
    }
}

impl Item {
    fn user(&self) -> &str {
        let content = self.data.content.as_ref();
        let names = content.map(|content| [&content.item_username, &content.username, &content.item_email]);
        let known = names.into_iter().flatten().flatten().map(|name| name.trim());
        known.into_iter().find(|name| !name.is_empty()).unwrap_or_default()
    }

    /// New exports have each address with how it is compared, and beside them some of them alone.
    fn urls(&self) -> Vec<String> {
        let Some(content) = &self.data.content else { return Vec::new() };
        let urls: Vec<&String> = match content.autofill_urls.as_deref() {
            Some(urls) if !urls.is_empty() => urls.iter().map(|entry| &entry.url).collect(),
            _ => content.urls.iter().flatten().collect(),
        };
        urls.into_iter().filter(|url| !url.is_empty()).cloned().collect()
    }

    /// The code of the login and those in further fields, with the name of the field.
    fn values(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let content = self.data.content.as_ref();
        let main = content.and_then(|content| content.totp_uri.as_ref()).map(|value| (value.expose(), None));
        let sections = content.into_iter().flat_map(|content| [&content.sections, &content.extra_sections]);
        let in_sections = sections.flatten().flatten().filter_map(|section| section.section_fields.as_ref());
        let fields = self.data.extra_fields.iter().chain(in_sections).flatten();
        let further = fields.filter_map(|field| {
            let value = field.data.as_ref()?.totp_uri.as_ref()?;
            Some((value.expose(), Some(field.field_name.as_deref().unwrap_or_default())))
        });
        main.into_iter().chain(further).filter(|(value, _)| !value.trim().is_empty())
    }
}

pub(super) fn decode_csv(text: &str, limits: &Limits) -> Result<Vault, Error> {
    let table = Table::parse(text, limits)?;
    for name in COLUMNS {
        table.required(name)?;
    }
    let totp = table.column("totp");
    let (title, note, vault) = (table.column("name"), table.column("note"), table.column("vault"));
    let (url, autofill) = (table.column("url"), table.column("autofillUrls"));
    let (email, user) = (table.column("email"), table.column("username"));
    let (created, modified) = (table.column("createTime"), table.column("modifyTime"));
    let mut gathering = Gathering::new(ID, "CSV", limits);
    for row in &table.rows {
        let user =
            [row.get(user), row.get(email)].into_iter().find(|name| !name.is_empty()).unwrap_or_default();
        let login = Login {
            title: row.get(title),
            user,
            urls: table_urls(row.get(url), row.get(autofill)),
            groups: Some(row.get(vault))
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .into_iter()
                .collect(),
            note: row.raw(note),
            created: time::seconds(Number::parse(row.get(created))),
            modified: time::seconds(Number::parse(row.get(modified))),
            ..Login::default()
        };
        match row.get(totp) {
            "" => gathering.other(),
            value => take(value, &login, user, &mut gathering, &row.place()),
        }
    }
    gathering.finish()
}

/// The column of addresses has some of them alone; the newer one, in JSON, all.
fn table_urls(plain: &str, autofill: &str) -> Vec<String> {
    match serde_json::from_str::<Vec<AutofillUrl>>(autofill) {
        Ok(urls) if !urls.is_empty() => urls.into_iter().map(|entry| entry.url).collect(),
        _ => plain.split(", ").filter(|url| !url.is_empty()).map(str::to_owned).collect(),
    }
}
