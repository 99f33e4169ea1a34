//! Writing an export: one login for each account, which Bitwarden's importer takes with its code.

use std::collections::HashMap;
use std::slice;

use data_encoding::BASE64;
use serde::Serialize;
use zeroize::Zeroizing;

use super::crypt::{Derivation, KIB_PER_MIB, Keys};
use super::{CAPS, read};
use crate::caps::Fit;
use crate::ctx::{Ctx, Limits};
use crate::error::Error;
use crate::format::Part;
use crate::managers::login::title;
use crate::managers::written;
use crate::model::{Account, Kind, Otp, SecretText, Vault};
use crate::open::otp_field;
use crate::text::json;

/// Most bytes of a name or code, and of a note or address. The server counts 1000 and 10000 characters of the
/// encrypted text, and one that is longer stops the whole import: github.com/bitwarden/clients/issues/14971.
/// Around the text are 72 characters; inside, base64 of whole blocks of 16 bytes, the last of them never full.
const SHORT: usize = 43 * 16 - 1;
const LONG: usize = 465 * 16 - 1;

pub(super) fn fit(account: &Account) -> Fit {
    fit_with(account, |_| {
        let text = json::compact(&new_export(slice::from_ref(account), written::numbered())?)?;
        read::decode_plain(&String::from_utf8_lossy(&text), &Limits::default())
    })
}

/// What would happen to an account of which `read_again` gives what its item is read as.
pub(super) fn fit_with(account: &Account, read_again: impl FnOnce(&Otp) -> Result<Vault, Error>) -> Fit {
    let texts =
        [title(account).len(), account.name.len(), account.otp().map_or(0, |otp| value(account, otp).len())];
    let fit = written::fit(&CAPS, account, read_again);
    if fit.refused.is_none() && texts.into_iter().any(|length| length > SHORT) {
        return Fit::refuse(
            "name-too-long",
            "a name or the secret is longer than Bitwarden takes, which would refuse the whole file",
            "Shorten its names in the app that it comes from",
        );
    }
    fit
}

/// The note, if Bitwarden takes it.
pub(super) fn note(account: &Account) -> &str {
    Some(account.note.as_str()).filter(|note| note.len() <= LONG).unwrap_or_default()
}

/// The addresses that Bitwarden takes.
pub(super) fn urls(account: &Account) -> impl Iterator<Item = &str> {
    account.urls.iter().map(String::as_str).filter(|url| url.len() <= LONG)
}

/// The folder, if Bitwarden takes its name.
pub(super) fn folder_name(account: &Account) -> Option<&str> {
    account.groups.first().map(String::as_str).filter(|name| name.len() <= SHORT)
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
    let export = new_export(&vault.accounts, || ctx.uuid())?;
    match ctx.new_password {
        Some(password) => seal(&export, &Derivation::PBKDF2, password, ctx),
        None => json::pretty(&export, b"  ").map(Part),
    }
}

/// The export, always under a password and with the slower derivation.
pub(super) fn encode_argon2id(vault: &Vault, ctx: &mut Ctx<'_>) -> Result<Part, Error> {
    let password = ctx.demanded_password("Bitwarden with Argon2id")?;
    let export = new_export(&vault.accounts, || ctx.uuid())?;
    seal(&export, &Derivation::ARGON2ID, password, ctx)
}

fn new_export<'a>(
    accounts: &'a [Account],
    mut new_id: impl FnMut() -> Result<String, Error>,
) -> Result<Export<'a>, Error> {
    let mut export = Export { encrypted: false, folders: Vec::new(), items: Vec::new() };
    let mut ids: HashMap<&str, String> = HashMap::new();
    for account in accounts {
        let Some(otp) = account.otp() else { continue };
        let folder_id = match folder_name(account) {
            Some(name) => Some(folder(name, &mut export.folders, &mut ids, &mut new_id)?),
            None => None,
        };
        export.items.push(Item {
            id: new_id()?,
            organization_id: None,
            folder_id,
            kind: LOGIN,
            reprompt: 0,
            name: title(account),
            notes: Some(note(account)).filter(|note| !note.is_empty()),
            favorite: account.favorite,
            login: Login {
                uris: urls(account).map(|uri| Uri { r#match: None, uri }).collect(),
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
    new_id: &mut impl FnMut() -> Result<String, Error>,
) -> Result<String, Error> {
    if let Some(id) = ids.get(name) {
        return Ok(id.clone());
    }
    let id = new_id()?;
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
