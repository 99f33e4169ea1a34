//! Reading an export.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::crypt::{Derivation, Keys, Sealed};
use super::{ID, INFO, table};
use crate::container::zip::{self, Archive};
use crate::ctx::{Ctx, Limits};
use crate::error::{Error, Place};
use crate::format::Input;
use crate::managers::login::{Gathering, Login};
use crate::model::{Number, Protection, SecretText, Vault, group};
use crate::report::Skip;
use crate::text::{encoding, json};

/// The vault in a zip with attachments.
pub(super) const ZIP_MEMBER: &str = "data.json";

/// The top level of every JSON form.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Export<'a> {
    #[serde(default)]
    encrypted: bool,
    #[serde(default)]
    password_protected: bool,
    salt: Option<String>,
    #[serde(default)]
    kdf_type: Number,
    #[serde(default)]
    kdf_iterations: Number,
    #[serde(default)]
    kdf_memory: Number,
    #[serde(default)]
    kdf_parallelism: Number,
    #[serde(rename = "encKeyValidation_DO_NOT_EDIT")]
    validation: Option<String>,
    data: Option<String>,
    folders: Option<Vec<Folder>>,
    collections: Option<Vec<Folder>>,
    #[serde(borrow)]
    items: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct Folder {
    id: Option<String>,
    name: Option<String>,
}

/// An item as far as a code needs it; everything else is passed over.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    folder_id: Option<String>,
    collection_ids: Option<Vec<Option<String>>>,
    name: Option<String>,
    notes: Option<String>,
    favorite: Option<bool>,
    creation_date: Option<String>,
    revision_date: Option<String>,
    deleted_date: Option<String>,
    login: Option<LoginData>,
}

#[derive(Deserialize)]
struct LoginData {
    uris: Option<Vec<Uri>>,
    username: Option<String>,
    totp: Option<SecretText>,
}

#[derive(Deserialize)]
struct Uri {
    uri: Option<String>,
}

pub(super) fn decode(input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
    if zip::sniff(input.bytes) {
        let json = Archive::open(input.bytes)?.read(ZIP_MEMBER, ctx.limits)?;
        return decode_json(text_of(&json)?, "zip", ctx);
    }
    let text = input.text()?;
    if text.trim_start().starts_with('{') {
        decode_json(&text, "JSON", ctx)
    } else {
        table::decode(&text, ctx.limits)
    }
}

fn text_of(bytes: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(bytes).map_err(|_| json::damaged("", "the content is not a text"))
}

fn decode_json(text: &str, variant: &str, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
    let export: Export<'_> = json::parse_file(text, ctx.limits)?;
    if !export.encrypted {
        return gather(&export, variant, ctx.limits);
    }
    if !export.password_protected {
        return Err(Error::unsupported(
            "the export is encrypted for the Bitwarden account that made it and opens only in that account",
        )
        .next_step("Export again as .json, or as .json (encrypted) with \"password protected\""));
    }
    let (name, protection, plain) = open(&export, ctx)?;
    let text =
        encoding::decode(&plain).ok_or_else(|| json::damaged("/data", "what was encrypted is not a text"))?;
    let inner: Export<'_> = json::parse_file(&text, ctx.limits)?;
    Ok(gather(&inner, name, ctx.limits)?.protected(protection))
}

/// Reads an export that is not encrypted.
pub(super) fn decode_plain(text: &str, limits: &Limits) -> Result<Vault, Error> {
    gather(&json::parse_file(text, limits)?, "JSON", limits)
}

fn open(
    export: &Export<'_>,
    ctx: &mut Ctx<'_>,
) -> Result<(&'static str, Protection, Zeroizing<Vec<u8>>), Error> {
    let part = |part: &Option<String>, pointer: &str| {
        part.clone().ok_or_else(|| json::damaged(pointer, "a part of the encryption is missing"))
    };
    let salt = part(&export.salt, "/salt")?;
    let validation = Sealed::parse(&part(&export.validation, VALIDATION)?, VALIDATION)?;
    let data = Sealed::parse(&part(&export.data, "/data")?, "/data")?;
    let derivation =
        Derivation::parse(export.kdf_type, export.kdf_iterations, export.kdf_memory, export.kdf_parallelism)?;
    let keys = ctx.unlock(&INFO, |password, limits| {
        let keys = Keys::derive(&derivation, password, &salt, limits)?;
        Ok(keys.open(&validation).map(|_| keys))
    })?;
    let plain = keys.open(&data).ok_or_else(|| json::damaged("/data", "the encrypted vault is damaged"))?;
    let name = match derivation {
        Derivation::Pbkdf2 { .. } => "JSON with password (PBKDF2)",
        Derivation::Argon2id(_) => "JSON with password (Argon2id)",
    };
    Ok((name, derivation.protection(), plain))
}

const VALIDATION: &str = "/encKeyValidation_DO_NOT_EDIT";

fn gather(export: &Export<'_>, variant: &str, limits: &Limits) -> Result<Vault, Error> {
    let items =
        export.items.as_ref().ok_or_else(|| json::damaged("/items", "the list of items is missing"))?;
    limits.check_accounts(items.len())?;
    let folders = names(export.folders.as_deref().unwrap_or_default())?;
    let collections = names(export.collections.as_deref().unwrap_or_default())?;
    let mut gathering = Gathering::new(ID, variant, limits);
    for (at, raw) in items.iter().enumerate() {
        let place = Place::Json(format!("/items/{at}"));
        let Some(item) = json::entry::<Item>(raw) else {
            let skip = Skip::new(Skip::MISSING_FIELD, "a field is of another type than Bitwarden writes");
            gathering.skip(skip, &place);
            continue;
        };
        add(&item, &folders, &collections, &mut gathering, &place);
    }
    gathering.finish()
}

fn names(folders: &[Folder]) -> Result<HashMap<&str, &str>, Error> {
    let mut names = HashMap::new();
    for folder in folders {
        if let (Some(id), Some(name)) = (&folder.id, &folder.name) {
            names.entry(id.as_str()).or_insert(group::checked_name(name)?);
        }
    }
    Ok(names)
}

fn add(
    item: &Item,
    folders: &HashMap<&str, &str>,
    collections: &HashMap<&str, &str>,
    gathering: &mut Gathering,
    place: &Place,
) {
    let totp = item.login.as_ref().and_then(|login| login.totp.as_ref()).map(SecretText::expose);
    let Some(totp) = totp.filter(|totp| !totp.trim().is_empty()) else {
        return gathering.other();
    };
    let folder = item.folder_id.as_deref().and_then(|id| folders.get(id));
    let ids = item.collection_ids.as_deref().unwrap_or_default();
    let groups = match folder {
        Some(folder) => vec![(*folder).to_owned()],
        None => {
            let mut seen = HashSet::new();
            let ids = ids.iter().flatten().map(String::as_str).filter(|id| seen.insert(*id));
            let known = ids.filter_map(|id| collections.get(id));
            known.map(|name| (*name).to_owned()).collect()
        }
    };
    let time = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<Timestamp>().ok());
    let uris = item.login.iter().flat_map(|login| login.uris.iter().flatten());
    let login = Login {
        title: item.name.as_deref().unwrap_or_default(),
        user: item.login.as_ref().and_then(|login| login.username.as_deref()).unwrap_or_default(),
        urls: uris.filter_map(|uri| uri.uri.clone()).collect(),
        groups,
        note: item.notes.as_deref().unwrap_or_default(),
        favorite: item.favorite.unwrap_or_default(),
        created: time(&item.creation_date),
        modified: time(&item.revision_date),
        trashed: item.deleted_date.is_some(),
    };
    gathering.item(&login, [totp], place);
}
