//! Reading an export.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::{FIRST_MILLISECONDS, FIRST_OWN_FOLDER, ID, VERSION};
use crate::ctx::Ctx;
use crate::error::Error;
use crate::format::Input;
use crate::model::{Account, Credential, Draft, Kind, Number, Origin, Otp, SecretText, Vault, group};
use crate::report::{Item, Skip};
use crate::text::{base32, json};

#[derive(Deserialize)]
struct File<'a> {
    #[serde(default)]
    version: Number,
    #[serde(borrow)]
    accounts: Option<&'a RawValue>,
    folders: Option<Vec<Value>>,
    /// Belongs to the LastPass account of the phone: not kept.
    #[serde(rename = "deviceSecret")]
    _device_secret: Option<serde::de::IgnoredAny>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    /// What the user calls it now; the original names are those of the QR code.
    issuer_name: Option<String>,
    user_name: Option<String>,
    secret: Option<SecretText>,
    algorithm: Option<String>,
    #[serde(default)]
    digits: Number,
    #[serde(default)]
    time_step: Number,
    /// Milliseconds from Android, seconds from iPhones.
    #[serde(default)]
    creation_timestamp: Number,
    is_favorite: Option<bool>,
    #[serde(default)]
    folder_data: FolderData,
    /// An account with a secret is none that is approved by push, whatever stands here.
    #[serde(rename = "pushNotification")]
    _push_notification: Option<serde::de::IgnoredAny>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct FolderData {
    folder_id: Number,
}

pub(super) fn decode(input: &Input<'_>, ctx: &Ctx<'_>) -> Result<Vault, Error> {
    let text = input.text()?;
    let mut file: File<'_> = json::parse_file(&text, ctx.limits)?;
    let variant = variant(file.version)?;
    let entries: Vec<&RawValue> = file
        .accounts
        .and_then(json::entry)
        .ok_or_else(|| json::damaged("/accounts", "the list of accounts is missing"))?;
    ctx.limits.check_accounts(entries.len())?;
    let folders = file.folders.take().unwrap_or_default();
    let names = folder_names(&folders)?;
    let mut vault = Vault { variant, ..Vault::default() };
    for (index, raw) in entries.into_iter().enumerate() {
        read_entry(index, raw, &names, &mut vault);
    }
    let mut extra = file.rest;
    extra.insert("folders".to_owned(), Value::Array(folders));
    vault.extra.insert(ID.to_owned(), Value::Object(extra));
    Ok(vault)
}

fn variant(version: Number) -> Result<String, Error> {
    json::check_version(version, VERSION, "/version")?;
    Ok(match version {
        Number::Of(1) => "iPhone, version 1".to_owned(),
        Number::Of(2) => "version 2".to_owned(),
        _ => format!("Android, version {VERSION}"),
    })
}

/// Names of the folders that the user made, by id; of two with the same id the first counts.
fn folder_names(folders: &[Value]) -> Result<HashMap<i128, String>, Error> {
    let mut names = HashMap::new();
    for folder in folders {
        let id = folder.get("id").and_then(Value::as_i64).map(i128::from);
        let name = folder.get("name").and_then(Value::as_str);
        if let (Some(id), Some(name)) = (id, name) {
            let name = group::checked_name(name)?;
            names.entry(id).or_insert_with(|| name.to_owned());
        }
    }
    Ok(names)
}

fn read_entry(index: usize, raw: &RawValue, folders: &HashMap<i128, String>, vault: &mut Vault) {
    let Some(entry) = json::entry::<Entry>(raw) else {
        let skip = Skip::new(Skip::MISSING_FIELD, "a field is of another type than LastPass writes");
        vault.skipped.push(skip.item(index, "", ""));
        return;
    };
    match read_otp(&entry) {
        Ok(otp) => read_account(index, entry, otp, folders, vault),
        Err(skip) => {
            let name = |name: &Option<String>| name.clone().unwrap_or_default();
            vault.skipped.push(skip.item(index, &name(&entry.issuer_name), &name(&entry.user_name)));
        }
    }
}

/// Both apps write every parameter; a default in place of a missing one could give other codes.
fn read_otp(entry: &Entry) -> Result<Otp, Skip> {
    let missing = |what: &str| Skip::new(Skip::MISSING_FIELD, format!("its {what} is missing"));
    let given = |number: Number, what| if number == Number::Absent { Err(missing(what)) } else { Ok(number) };
    let secret =
        entry.secret.as_ref().filter(|secret| !secret.expose().trim().is_empty()).ok_or_else(|| {
            Skip::new(Skip::NO_SECRET, "it has no secret: LastPass approves sign-ins to it by push only")
        })?;
    let mut draft = Draft::new(Kind::Totp, base32::secret(secret.expose())?);
    let algorithm = entry.algorithm.as_deref().filter(|name| !name.trim().is_empty());
    draft.algorithm = Draft::read_algorithm(algorithm.ok_or_else(|| missing("algorithm"))?)?;
    draft.digits = given(entry.digits, "number of digits")?;
    draft.period = given(entry.time_step, "period")?;
    draft.build()
}

fn read_account(
    index: usize,
    mut entry: Entry,
    otp: Otp,
    folders: &HashMap<i128, String>,
    vault: &mut Vault,
) {
    let mut extra = json::without_secret(std::mem::take(&mut entry.rest), otp.secret());
    // iPhones write an empty id.
    extra.retain(|name, value| name != "accountID" || value != "");
    let text = |text: Option<String>| text.unwrap_or_default();
    let mut account = Account::new(Credential::Otp(otp), text(entry.issuer_name), text(entry.user_name));
    account.favorite = entry.is_favorite.unwrap_or_default();
    account.created = time(entry.creation_timestamp);
    account.origin = Origin { format: ID.to_owned(), index, ..Origin::default() };
    if !extra.is_empty() {
        account.extra.insert(ID.to_owned(), Value::Object(extra));
    }
    match entry.folder_data.folder_id {
        Number::Of(id) if id >= FIRST_OWN_FOLDER.into() => match folders.get(&id) {
            Some(name) if name.is_empty() => {}
            Some(name) => account.groups.push(name.clone()),
            None => {
                let message = "it is in a folder that the file does not have";
                vault.warnings.push(Item::about(&account, "unknown-group", message).field("groups"));
            }
        },
        _ => {}
    }
    vault.accounts.push(account);
}

/// 0 stands for an unknown time.
fn time(number: Number) -> Option<Timestamp> {
    let Number::Of(number) = number else { return None };
    let number = i64::try_from(number).ok().filter(|number| *number > 0)?;
    if number < FIRST_MILLISECONDS {
        Timestamp::from_second(number).ok()
    } else {
        Timestamp::from_millisecond(number).ok()
    }
}
