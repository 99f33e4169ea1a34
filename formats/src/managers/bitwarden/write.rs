//! Writing an export: one login for each account, which Bitwarden's importer takes with its code.

use std::collections::HashMap;

use data_encoding::BASE64;
use serde::Serialize;
use zeroize::Zeroizing;

use super::CAPS;
use super::crypt::{Derivation, KIB_PER_MIB, Keys};
use crate::caps::Fit;
use crate::ctx::Ctx;
use crate::error::Error;
use crate::format::Part;
use crate::managers::login::title;
use crate::model::{Account, Kind, Otp, SecretText, Vault};
use crate::open::otp_field::{self, Around};
use crate::text::json;

pub(super) fn fit(account: &Account) -> Fit {
    match account.otp() {
        Some(otp) => otp_field::fit(
            &CAPS,
            account,
            &value(account, otp),
            Around { title: title(account), user: &account.name },
        ),
        None => CAPS.check(account),
    }
}

pub(super) fn value(account: &Account, otp: &Otp) -> Zeroizing<String> {
    match otp.kind() {
        Kind::Steam => otp_field::write_steam(otp),
        _ => otp_field::write(account, otp),
    }
}

#[derive(Serialize)]
struct Export<'a> {
    encrypted: bool,
    folders: Vec<Folder<'a>>,
    items: Vec<Item<'a>>,
}

#[derive(Serialize)]
struct Folder<'a> {
    id: String,
    name: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item<'a> {
    id: String,
    organization_id: Option<()>,
    folder_id: Option<String>,
    #[serde(rename = "type")]
    kind: u8,
    reprompt: u8,
    name: &'a str,
    notes: Option<&'a str>,
    favorite: bool,
    login: Login<'a>,
    collection_ids: Option<()>,
}

#[derive(Serialize)]
struct Login<'a> {
    uris: Vec<Uri<'a>>,
    username: &'a str,
    password: Option<()>,
    #[serde(serialize_with = "json::exposed")]
    totp: Zeroizing<String>,
}

#[derive(Serialize)]
struct Uri<'a> {
    r#match: Option<()>,
    uri: &'a str,
}

/// The number of a login among Bitwarden's types of items.
const LOGIN: u8 = 1;

/// The export, under the password if there is one.
pub(super) fn encode(vault: &Vault, ctx: &mut Ctx<'_>) -> Result<Part, Error> {
    let export = new_export(vault, ctx)?;
    match ctx.new_password {
        Some(password) => seal(&export, &Derivation::PBKDF2, password, ctx),
        None => json::pretty(&export, b"  ").map(Part),
    }
}

/// The export, always under a password and with the slower derivation.
pub(super) fn encode_argon2id(vault: &Vault, ctx: &mut Ctx<'_>) -> Result<Part, Error> {
    let password = ctx.demanded_password("Bitwarden with Argon2id")?;
    seal(&new_export(vault, ctx)?, &Derivation::ARGON2ID, password, ctx)
}

fn new_export<'a>(vault: &'a Vault, ctx: &mut Ctx<'_>) -> Result<Export<'a>, Error> {
    let mut export = Export { encrypted: false, folders: Vec::new(), items: Vec::new() };
    let mut ids: HashMap<&str, String> = HashMap::new();
    for account in &vault.accounts {
        let Some(otp) = account.otp() else { continue };
        let folder_id = match account.groups.first() {
            Some(name) => Some(folder(name, &mut export.folders, &mut ids, ctx)?),
            None => None,
        };
        export.items.push(Item {
            id: ctx.uuid()?,
            organization_id: None,
            folder_id,
            kind: LOGIN,
            reprompt: 0,
            name: title(account),
            notes: Some(account.note.as_str()).filter(|note| !note.is_empty()),
            favorite: account.favorite,
            login: Login {
                uris: account.urls.iter().map(|uri| Uri { r#match: None, uri }).collect(),
                username: &account.name,
                password: None,
                totp: value(account, otp),
            },
            collection_ids: None,
        });
    }
    Ok(export)
}

fn folder<'a>(
    name: &'a str,
    folders: &mut Vec<Folder<'a>>,
    ids: &mut HashMap<&'a str, String>,
    ctx: &mut Ctx<'_>,
) -> Result<String, Error> {
    if let Some(id) = ids.get(name) {
        return Ok(id.clone());
    }
    let id = ctx.uuid()?;
    folders.push(Folder { id: id.clone(), name });
    ids.insert(name, id.clone());
    Ok(id)
}

/// A file that the importer opens with a password. It refuses one in which any of these is missing.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Protected {
    encrypted: bool,
    password_protected: bool,
    salt: String,
    kdf_type: u8,
    kdf_iterations: u32,
    kdf_memory: Option<u32>,
    kdf_parallelism: Option<u32>,
    #[serde(rename = "encKeyValidation_DO_NOT_EDIT")]
    validation: String,
    data: String,
}

fn seal(
    export: &Export<'_>,
    derivation: &Derivation,
    password: &SecretText,
    ctx: &mut Ctx<'_>,
) -> Result<Part, Error> {
    let salt = BASE64.encode(&ctx.random::<16>()?);
    let keys = Keys::derive(derivation, password, &salt, ctx.limits)?;
    let validation = ctx.uuid()?;
    let (kdf_type, kdf_iterations, kdf_memory, kdf_parallelism) = match derivation {
        Derivation::Pbkdf2 { iterations } => (0, *iterations, None, None),
        Derivation::Argon2id(cost) => (1, cost.passes, Some(cost.memory / KIB_PER_MIB), Some(cost.lanes)),
    };
    let protected = Protected {
        encrypted: true,
        password_protected: true,
        kdf_type,
        kdf_iterations,
        kdf_memory,
        kdf_parallelism,
        validation: keys.seal(validation.as_bytes(), ctx)?,
        data: keys.seal(&json::compact(export)?, ctx)?,
        salt,
    };
    json::pretty(&protected, b"  ").map(Part)
}
