//! `enpass`: the JSON export of Enpass, read and written.
//!
//! Source: the importers of Bitwarden and Proton Pass and their test files.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::login::{Gathering, Login, title};
use super::written;
use crate::caps::{Caps, Field as AccountField, Fit, Groups};
use crate::ctx::{Ctx, Limits};
use crate::error::{Error, Place};
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::model::{Account, Number, Otp, SecretText, Vault, group};
use crate::open::otp_field;
use crate::probe::{Node, Probe};
use crate::report::Skip;
use crate::text::{json, time};

/// Enpass.
pub(crate) struct Enpass;

const ID: &str = "enpass";

/// Most folders above a folder; a file can name a folder as its own parent.
const DEPTH: usize = 32;

static INFO: Info = Info {
    id: ID,
    title: "Enpass (JSON)",
    aliases: &[],
    extensions: &["json"],
    reads_encrypted: false,
    unverified: None,
    write: &[Writing {
        form: "",
        caps: CAPS,
        encryption: Encryption::Never,
        any_password: true,
        carrier: Carrier::File,
        file_name: "enpass.json",
        encrypted_file_name: "enpass.json",
        import_help: "In Enpass on a computer, File > Import > Enpass (.json)",
    }],
    export_help: "In Enpass on a computer, File > Export, as .json",
};

const CAPS: Caps = Caps {
    app: "Enpass",
    groups: Groups::Many,
    fields: &[
        AccountField::Groups,
        AccountField::Note,
        AccountField::Favorite,
        AccountField::Urls,
        AccountField::Created,
        AccountField::Modified,
    ],
    ..written::CAPS
};

impl Format for Enpass {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        probe.json().map_or(Confidence::No, recognise)
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        let text = input.text().map_err(|error| error.in_format(ID))?;
        decode(&text, ctx.limits).map_err(|error| error.in_format(ID))
    }

    fn fit(&self, writing: &Writing, accounts: &[Account]) -> Vec<Fit> {
        accounts.iter().map(|account| written::fit(&writing.caps, account, |_| read_again(account))).collect()
    }

    fn encode(&self, _: &Writing, vault: &Vault, ctx: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        let export = NewExport::new(&vault.accounts, || ctx.uuid())?;
        json::pretty(&export, b"    ").map(|text| vec![Part(text)])
    }
}

fn recognise(json: &Node) -> Confidence {
    let folders = json.get("folders").is_some_and(Node::is_array);
    let has_folder = match json.get("folders") {
        Some(Node::Array(Some(folder))) => folder.get("uuid").is_some(),
        _ => false,
    };
    match json.get("items") {
        Some(Node::Array(Some(item))) => {
            let has = |key: &str| item.get(key).is_some();
            let is_item = has("title") && (has("template_type") || has("fields")) && !has("credentials");
            if folders && is_item { Confidence::Sure } else { Confidence::No }
        }
        Some(Node::Array(None)) if has_folder => Confidence::Sure,
        Some(Node::Array(None)) if folders && json.get("encrypted").is_none() => Confidence::Likely,
        _ => Confidence::No,
    }
}

#[derive(Deserialize)]
struct Export<'a> {
    #[serde(default, deserialize_with = "json::null_is_default")]
    folders: Vec<Folder>,
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Folder {
    #[serde(default)]
    uuid: String,
    #[serde(default)]
    title: String,
    parent_uuid: Option<String>,
}

#[derive(Deserialize)]
struct Item {
    title: Option<String>,
    note: Option<String>,
    #[serde(default)]
    favorite: Number,
    #[serde(default)]
    trashed: Number,
    #[serde(default, rename = "createdAt")]
    created: Number,
    #[serde(default, rename = "updated_at")]
    modified: Number,
    #[serde(default, deserialize_with = "json::null_is_default")]
    folders: Vec<String>,
    #[serde(default, deserialize_with = "json::null_is_default")]
    fields: Vec<Field>,
}

#[derive(Deserialize)]
struct Field {
    #[serde(rename = "type")]
    kind: String,
    value: Option<SecretText>,
    #[serde(default)]
    deleted: Number,
}

fn decode(text: &str, limits: &Limits) -> Result<Vault, Error> {
    let export: Export<'_> = json::parse_file(text, limits)?;
    limits.check_accounts(export.items.len())?;
    limits.check_accounts(export.folders.len())?;
    let paths = paths(&export.folders)?;
    let mut gathering = Gathering::new(ID, "JSON", limits);
    for (at, raw) in export.items.iter().enumerate() {
        let place = Place::Json(format!("/items/{at}"));
        match json::entry::<Item>(raw) {
            Some(item) => item.gather(&paths, &mut gathering, &place),
            None => {
                let skip = Skip::new(Skip::MISSING_FIELD, "a field is of another type than Enpass writes");
                gathering.skip(skip, &place);
            }
        }
    }
    gathering.finish()
}

/// The name of each folder with those of the folders that it is in.
fn paths(folders: &[Folder]) -> Result<HashMap<&str, String>, Error> {
    let by_id: HashMap<&str, &Folder> =
        folders.iter().rev().map(|folder| (folder.uuid.as_str(), folder)).collect();
    let mut paths = HashMap::with_capacity(folders.len());
    for folder in folders {
        let above = |folder: &&Folder| by_id.get(folder.parent_uuid.as_deref()?).copied();
        let mut path = folder.title.clone();
        for parent in std::iter::successors(above(&folder), above).take(DEPTH) {
            path = format!("{}/{path}", parent.title);
            group::checked_name(&path)?;
        }
        group::checked_name(&path)?;
        paths.entry(folder.uuid.as_str()).or_insert(path);
    }
    Ok(paths)
}

impl Item {
    fn gather(&self, paths: &HashMap<&str, String>, gathering: &mut Gathering, place: &Place) {
        let mut seen = HashSet::new();
        let ids = self.folders.iter().map(String::as_str).filter(|id| seen.insert(*id));
        let groups = ids.filter_map(|id| paths.get(id)).cloned();
        let login = Login {
            title: self.title.as_deref().unwrap_or_default(),
            user: self.values("username").chain(self.values("email")).next().unwrap_or_default(),
            urls: self.values("url").map(str::to_owned).collect(),
            groups: groups.filter(|name| !name.is_empty()).collect(),
            note: self.note.as_deref().unwrap_or_default(),
            favorite: self.favorite == Number::Of(1),
            created: time::seconds(self.created),
            modified: time::seconds(self.modified),
            trashed: self.trashed == Number::Of(1),
        };
        gathering.item(&login, self.values("totp"), place);
    }

    /// What stands in the fields of that type.
    fn values<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a str> {
        let fields = self.fields.iter().filter(move |field| field.kind == kind);
        let kept = fields.filter(|field| field.deleted != Number::Of(1));
        let values = kept.filter_map(|field| field.value.as_ref()).map(SecretText::expose);
        values.filter(|value| !value.trim().is_empty())
    }
}

#[derive(Serialize)]
struct NewExport<'a> {
    folders: Vec<NewFolder<'a>>,
    items: Vec<NewItem<'a>>,
}

#[derive(Serialize)]
struct NewFolder<'a> {
    icon: &'static str,
    parent_uuid: String,
    title: &'a str,
    uuid: String,
}

#[derive(Serialize)]
struct NewItem<'a> {
    archived: u8,
    category: &'static str,
    #[serde(rename = "createdAt", skip_serializing_if = "Option::is_none")]
    created: Option<i64>,
    favorite: u8,
    fields: Vec<NewField<'a>>,
    folders: Vec<String>,
    note: &'a str,
    subtitle: &'a str,
    template_type: &'static str,
    title: &'a str,
    trashed: u8,
    #[serde(rename = "updated_at", skip_serializing_if = "Option::is_none")]
    modified: Option<i64>,
    uuid: String,
}

/// A field of Enpass's template for logins, by its number there.
#[derive(Serialize)]
struct NewField<'a> {
    deleted: u8,
    label: &'static str,
    order: usize,
    sensitive: u8,
    #[serde(rename = "type")]
    kind: &'static str,
    uid: u16,
    #[serde(serialize_with = "exposed")]
    value: Value<'a>,
}

enum Value<'a> {
    Open(&'a str),
    Code(Zeroizing<String>),
}

fn exposed<S: serde::Serializer>(value: &Value<'_>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match value {
        Value::Open(text) => text,
        Value::Code(text) => text,
    })
}

impl<'a> NewExport<'a> {
    fn new(accounts: &'a [Account], mut id: impl FnMut() -> Result<String, Error>) -> Result<Self, Error> {
        let mut export = Self { folders: Vec::new(), items: Vec::new() };
        let mut known = HashMap::new();
        for account in accounts {
            let Some(otp) = account.otp() else { continue };
            let mut folders = Vec::new();
            for name in &account.groups {
                folders.push(export.folder(name, &mut known, &mut id)?);
            }
            export.items.push(NewItem::new(account, otp, folders, id()?));
        }
        Ok(export)
    }

    /// The id of the folder with this path; it and those above are added where they are new.
    fn folder(
        &mut self,
        path: &'a str,
        known: &mut HashMap<&'a str, String>,
        id: &mut impl FnMut() -> Result<String, Error>,
    ) -> Result<String, Error> {
        if let Some(id) = known.get(path) {
            return Ok(id.clone());
        }
        let (parent_uuid, title) = match path.rsplit_once('/') {
            // A folder needs a name.
            Some((above, name)) if !name.is_empty() && is_path(above) => {
                (self.folder(above, known, id)?, name)
            }
            _ => (String::new(), path),
        };
        let uuid = id()?;
        self.folders.push(NewFolder { icon: "1008", parent_uuid, title, uuid: uuid.clone() });
        known.insert(path, uuid.clone());
        Ok(uuid)
    }
}

/// Whether a reader puts the names of these folders together to the same path.
fn is_path(path: &str) -> bool {
    path.split('/').count() < DEPTH && path.split('/').all(|name| !name.is_empty())
}

impl<'a> NewItem<'a> {
    fn new(account: &'a Account, otp: &Otp, folders: Vec<String>, uuid: String) -> Self {
        let mut fields = vec![("Username", "username", 10, Value::Open(&account.name))];
        fields.extend(account.urls.iter().map(|url| ("Website", "url", 13, Value::Open(url))));
        fields.push(("One-time code", "totp", 102, Value::Code(otp_field::write(account, otp))));
        let fields = fields.into_iter().zip(1..).map(|((label, kind, uid, value), order)| NewField {
            deleted: 0,
            label,
            order,
            sensitive: 0,
            kind,
            uid,
            value,
        });
        Self {
            archived: 0,
            category: "login",
            created: account.created.map(Timestamp::as_second),
            favorite: u8::from(account.favorite),
            fields: fields.collect(),
            folders,
            note: &account.note,
            subtitle: &account.name,
            template_type: "login.default",
            title: title(account),
            trashed: 0,
            modified: account.modified.map(Timestamp::as_second),
            uuid,
        }
    }
}

/// What is read of the item of an account.
fn read_again(account: &Account) -> Result<Vault, Error> {
    let export = NewExport::new(std::slice::from_ref(account), written::numbered())?;
    let text = json::compact(&export)?;
    decode(&String::from_utf8_lossy(&text), &Limits::default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctx::NoPasswords;
    use crate::open::otpauth;
    use crate::testing;

    #[test]
    fn a_folder_in_itself_has_an_end() {
        let text = r#"{"folders":[{"uuid":"a","title":"A","parent_uuid":"b"},{"uuid":"b","title":"B","parent_uuid":"a"}],
            "items":[{"title":"x","folders":["a"],"fields":[{"type":"totp","value":"JBSWY3DPEHPK3PXP"}]}]}"#;
        let vault = decode(text, &Limits::default()).unwrap();
        assert_eq!(vault.accounts[0].groups[0].len(), 2 * DEPTH + 1);
    }

    #[test]
    fn an_item_is_in_a_folder_once() {
        let text = r#"{"folders":[{"uuid":"a","title":"A"}],"items":[{"title":"x","folders":["a","b","a"],
            "fields":[{"type":"totp","value":"JBSWY3DPEHPK3PXP"}]}]}"#;
        assert_eq!(decode(text, &Limits::default()).unwrap().accounts[0].groups, ["A"]);
    }

    #[test]
    fn folders_are_nested_and_written_once() {
        let link = "otpauth://totp/Acme:bob?secret=JBSWY3DPEHPK3PXP&issuer=Acme";
        let account = |groups: &[&str]| Account {
            groups: groups.iter().map(|name| (*name).to_owned()).collect(),
            ..otpauth::parse(link).ok().unwrap()
        };
        let vault = Vault { accounts: vec![account(&["a/b", "/odd"]), account(&["a"])], ..Vault::default() };
        let form = testing::form(&Enpass);
        let parts = testing::with_ctx(&mut NoPasswords, |ctx| form.encode(&vault, ctx)).unwrap();
        let written: serde_json::Value = serde_json::from_slice(&parts[0].0).unwrap();
        let folders = written["folders"].as_array().unwrap();
        let titles: Vec<_> = folders.iter().map(|folder| folder["title"].as_str().unwrap()).collect();
        assert_eq!(titles, ["a", "b", "/odd"]);
        assert_eq!(
            (&folders[0]["parent_uuid"], &folders[1]["parent_uuid"]),
            (&"".into(), &folders[0]["uuid"])
        );
        let items = &written["items"];
        assert_eq!(items[0]["folders"], serde_json::json!([folders[1]["uuid"], folders[2]["uuid"]]));
        assert_eq!(items[1]["folders"], serde_json::json!([folders[0]["uuid"]]));
        assert_eq!((&items[0]["title"], &items[0]["fields"][0]["value"]), (&"Acme".into(), &"bob".into()));
        let code =
            "otpauth://totp/Acme:bob?secret=JBSWY3DPEHPK3PXP&issuer=Acme&algorithm=SHA1&digits=6&period=30";
        assert_eq!(
            (&items[0]["fields"][1]["type"], &items[0]["fields"][1]["value"]),
            (&"totp".into(), &code.into())
        );
    }
}
