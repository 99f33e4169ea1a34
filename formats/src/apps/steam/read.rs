//! Reading accounts.

use data_encoding::BASE64;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::manifest::Scheme;
use super::{ID, is_base64};
use crate::ctx::Ctx;
use crate::error::Error;
use crate::format::Input;
use crate::model::{Account, Credential, Draft, Kind, Origin, Otp, Secret, SecretText, Vault};
use crate::open::otpauth;
use crate::report::Skip;
use crate::text::json::{self, Members};

/// The file of one account, or of all accounts of the app. Tokens, session, and the keys of trade
/// confirmations are of no use to any other app.
#[derive(Deserialize)]
struct File<'a> {
    #[serde(borrow)]
    accounts: Option<Members<'a>>,
    #[serde(borrow)]
    entries: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Entry {
    shared_secret: Option<SecretText>,
    account_name: Option<String>,
    /// Repeats the key as base32.
    uri: Option<SecretText>,
}

pub(super) fn decode(input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
    let text = input.text()?;
    let mut vault = Vault::default();
    if text.trim_start().starts_with('{') {
        read_file(&text, &mut vault, ctx)?;
        return Ok(vault);
    }
    if !is_base64(&text) {
        return Err(Error::malformed("this is neither JSON nor an encrypted maFile")
            .next_step("Give a .maFile, or the app's file Steamguard-NUMBER"));
    }
    let manifest = input.manifest.ok_or_else(manifest_missing)?;
    let opened = Scheme::find(&manifest, ctx.limits)?.open(&text, ctx)?;
    read_file(&opened, &mut vault, ctx)?;
    vault.encrypted = true;
    Ok(vault)
}

fn manifest_missing() -> Error {
    Error::malformed("the maFile is encrypted, and the manifest.json that says how is not beside it")
        .next_step("Copy manifest.json from the same folder, put it beside the maFile, and give the maFile")
}

fn read_file(text: &str, vault: &mut Vault, ctx: &Ctx<'_>) -> Result<(), Error> {
    let whole: &RawValue = json::parse_file(text, ctx.limits)?;
    let file: File<'_> = json::parse(text)?;
    match file {
        File { accounts: Some(Members(accounts)), .. } => {
            "accounts of the app".clone_into(&mut vault.variant);
            ctx.limits.check_accounts(accounts.len())?;
            for (_, account) in accounts {
                add(account, vault);
            }
        }
        File { entries: Some(_), .. } => return Err(only_the_list()),
        File { .. } => {
            "one account".clone_into(&mut vault.variant);
            add(whole, vault);
        }
    }
    Ok(())
}

fn only_the_list() -> Error {
    Error::unsupported("this manifest.json only lists the maFiles beside it")
        .next_step("Give the .maFile files beside it, or their folder")
}

fn add(raw: &RawValue, vault: &mut Vault) {
    let index = vault.entries();
    let Some(entry) = json::entry::<Entry>(raw) else {
        let name = json::entry::<Value>(raw)
            .and_then(|fields| Some(fields.get("account_name")?.as_str()?.to_owned()));
        let skip = Skip::new(Skip::MISSING_FIELD, "a field is of another type than Steam writes");
        vault.skipped.push(skip.item(index, ISSUER, &name.unwrap_or_default()));
        return;
    };
    let link = Link::read(&entry);
    let name = entry.account_name.as_deref().map(str::trim).filter(|name| !name.is_empty());
    let name = name.unwrap_or(&link.name).to_owned();
    match read_otp(&entry, link) {
        Ok(otp) => {
            let mut account = Account::new(Credential::Otp(otp), ISSUER, name);
            account.origin = Origin { format: ID.to_owned(), index, ..Origin::default() };
            vault.accounts.push(account);
        }
        Err(skip) => vault.skipped.push(skip.item(index, ISSUER, &name)),
    }
}

const ISSUER: &str = "Steam";

/// The key is base64 of 20 bytes. The link may be stale, so it only stands in for a missing key.
fn read_otp(entry: &Entry, link: Link) -> Result<Otp, Skip> {
    let text = entry.shared_secret.as_ref().map(|text| text.expose().trim()).filter(|text| !text.is_empty());
    let secret = match text {
        Some(text) => BASE64
            .decode(text.as_bytes())
            .ok()
            .and_then(Secret::new)
            .ok_or_else(|| Skip::new(Skip::BAD_SECRET, "its shared_secret is not base64"))?,
        None => link.secret.ok_or_else(|| Skip::new(Skip::NO_SECRET, "the account has no shared_secret"))?,
    };
    Draft::new(Kind::Steam, secret).build()
}

/// What the link `otpauth://totp/Steam:NAME?secret=BASE32&issuer=Steam` says.
#[derive(Default)]
struct Link {
    name: String,
    secret: Option<Secret>,
}

impl Link {
    fn read(entry: &Entry) -> Self {
        let Some(uri) = &entry.uri else { return Self::default() };
        match otpauth::parse(uri.expose()) {
            Ok(account) => {
                let secret = account.otp().map(|otp| otp.secret().clone());
                Self { name: account.name, secret }
            }
            Err((_, names)) => Self { name: names.account, secret: None },
        }
    }
}
