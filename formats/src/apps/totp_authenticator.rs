//! `totp-authenticator`: the app "TOTP Authenticator" of BinaryBoot, its backup and its preferences.
//!
//! The backup is one line of base64: AES-256-CBC, PKCS #7, a zero initial vector, and as key the
//! SHA-256 of the password. Inside is a JSON object of one member, whose *name* is the JSON text of
//! the accounts and whose value is the time of the backup. In the preferences of a rooted phone the
//! list stands plainly. Sources: Aegis' `TotpAuthenticatorImporter`, Stratum's
//! `TotpAuthenticatorBackupConverter`.

use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::container::prefs::Prefs;
use crate::crypt::aes_cbc_open;
use crate::ctx::{Ctx, Limits};
use crate::error::{Error, ErrorKind, Place};
use crate::format::{Confidence, Format, Info, Input};
use crate::model::{Account, Credential, Draft, Kind, Number, Origin, Otp, Secret, SecretText, Vault};
use crate::probe::Probe;
use crate::report::Skip;
use crate::text::json::{self, Members};
use crate::text::{base32, encoding};

const ID: &str = "totp-authenticator";
/// Preferences that hold the accounts.
const LIST: &str = "STATIC_TOTP_CODES_LIST";
/// The password of a backup for which the user set none.
const BUILT_IN: &str = "TotpAuthenticator";
/// How the app writes that there is no issuer.
const NO_ISSUER: &str = "Unknown";

/// TOTP Authenticator.
pub(crate) struct TotpAuthenticator;

static INFO: Info = Info {
    id: ID,
    title: "TOTP Authenticator (BinaryBoot)",
    aliases: &["binaryboot"],
    extensions: &["bin", "encrypt", "xml"],
    reads_encrypted: true,
    unverified: None,
    write: &[],
    export_help: "In TOTP Authenticator, open Settings > Backup and restore and save an encrypted backup",
};

impl Format for TotpAuthenticator {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        if probe.prefs().is_some_and(|prefs| prefs.get(LIST).is_some()) {
            return Confidence::Sure;
        }
        let Some(text) = probe.text() else { return Confidence::No };
        if text.contains("<map") && text.contains(LIST) {
            return Confidence::Likely;
        }
        // The look of it says nothing about whose it is. A long one is looked at whole: where its
        // beginning ends means nothing.
        let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/= \t\r\n".contains(&byte);
        let is_sealed = text.len() >= MIN_TEXT
            && text.bytes().all(is_base64)
            && encoding::decode(probe.bytes()).is_some_and(|whole| sealed(&whole).is_some());
        if is_sealed { Confidence::Weak } else { Confidence::No }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        decode(input, ctx).map_err(|error| error.in_format(ID))
    }
}

/// A backup of one account is longer; shorter base64 is a secret or a word.
const MIN_TEXT: usize = 128;

fn decode(input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
    let text = input.text()?;
    let mut vault = Vault::default();
    if Prefs::sniff(&text) {
        "Android preferences".clone_into(&mut vault.variant);
        let prefs = Prefs::parse(&text)?;
        let list = prefs.text(LIST).ok_or_else(|| {
            Error::malformed("the preferences hold no list of accounts")
                .next_step("Copy TOTP_Authenticator_Preferences.xml from the phone")
        })?;
        read_list(list, &mut vault, ctx.limits)?;
        return Ok(vault);
    }
    "backup".clone_into(&mut vault.variant);
    let content = sealed(&text).ok_or_else(|| {
        Error::malformed("the backup is not one base64 text of whole blocks")
            .next_step("The file is damaged or incomplete: save the backup again")
    })?;
    let opened = match open(&content, BUILT_IN) {
        Some(opened) => opened,
        None => {
            ctx.unlock_unmarked(&INFO, |password: &SecretText, _| Ok(open(&content, password.expose())))?
        }
    };
    vault.encrypted = true;
    read_list(list_inside(&opened)?.as_str(), &mut vault, ctx.limits)?;
    Ok(vault)
}

/// The ciphertext.
fn sealed(text: &str) -> Option<Vec<u8>> {
    let compact: String = text.split_ascii_whitespace().collect();
    let content = BASE64.decode(compact.as_bytes()).ok()?;
    (!content.is_empty() && content.len().is_multiple_of(16)).then_some(content)
}

/// One wrong key of 256 gives a padding that fits, but no text that begins like this.
fn open(content: &[u8], password: &str) -> Option<Zeroizing<String>> {
    let key = Zeroizing::new(<[u8; 32]>::from(Sha256::digest(password.as_bytes())));
    let mut bytes = aes_cbc_open(key.as_slice(), &[0; 16], content)?;
    let text = Zeroizing::new(String::from_utf8(std::mem::take(&mut *bytes)).ok()?);
    text.trim_start().starts_with('{').then_some(text)
}

/// The name of the only member.
fn list_inside(text: &str) -> Result<Zeroizing<String>, Error> {
    let Members(members) = json::parse(text)?;
    let first = members.into_iter().next();
    first.map(|(list, _)| list).ok_or_else(|| damaged("the backup is empty"))
}

fn damaged(message: &str) -> Error {
    Error::malformed(message)
        .at(Place::Json(String::new()))
        .next_step("The file is damaged or was edited: save the backup again")
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    base: Number,
    key: Option<SecretText>,
    issuer: Option<String>,
    name: Option<String>,
    /// Digits and period are texts, empty for the usual ones.
    #[serde(default)]
    digits: Number,
    #[serde(default)]
    period: Number,
    #[serde(rename = "accountHeaderLabel")]
    folder: Option<String>,
    #[serde(rename = "isFavorite", default)]
    is_favorite: Option<bool>,
}

fn read_list(text: &str, vault: &mut Vault, limits: &Limits) -> Result<(), Error> {
    let entries: Vec<&RawValue> = json::parse_file(text, limits).map_err(|error| match error.kind {
        ErrorKind::Limit => error,
        _ => damaged("the list of accounts cannot be read"),
    })?;
    limits.check_accounts(entries.len())?;
    for raw in entries {
        add(raw, vault);
    }
    Ok(())
}

fn add(raw: &RawValue, vault: &mut Vault) {
    let index = vault.entries();
    let Some(entry) = json::entry::<Entry>(raw) else {
        let skip = Skip::new(Skip::MISSING_FIELD, "a field is of another type than the app writes");
        vault.skipped.push(skip.item(index, "", ""));
        return;
    };
    let issuer = entry.issuer.as_deref().filter(|issuer| *issuer != NO_ISSUER).unwrap_or_default();
    let name = entry.name.as_deref().unwrap_or_default();
    match read_otp(&entry) {
        Ok(otp) => {
            let mut account = Account::new(Credential::Otp(otp), issuer, name);
            account.origin = Origin { format: ID.to_owned(), index, ..Origin::default() };
            account.groups.extend(entry.folder.filter(|folder| !folder.is_empty()));
            account.favorite = entry.is_favorite.unwrap_or(false);
            vault.accounts.push(account);
        }
        Err(skip) => vault.skipped.push(skip.item(index, issuer, name)),
    }
}

/// The app has nothing but TOTP with SHA-1. Aegis takes 6 digits and 30 seconds whatever stands
/// there; exports of the app have other ones, so they count.
fn read_otp(entry: &Entry) -> Result<Otp, Skip> {
    let text = entry.key.as_ref().map(|key| key.expose().trim()).filter(|key| !key.is_empty());
    let text = text.ok_or_else(|| Skip::new(Skip::NO_SECRET, "the account has no key"))?;
    let mut draft = Draft::new(Kind::Totp, read_secret(entry.base, text)?);
    draft.digits = entry.digits;
    draft.period = entry.period;
    draft.build()
}

/// `base` says in which encoding the key is.
fn read_secret(base: Number, text: &str) -> Result<Secret, Skip> {
    let bytes = match base {
        Number::Of(16) => HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok(),
        Number::Of(32) => return base32::secret(text),
        Number::Of(64) => BASE64.decode(text.as_bytes()).ok(),
        _ => {
            return Err(Skip::new(
                Skip::MISSING_FIELD,
                "it does not say in which of three encodings its key is",
            ));
        }
    };
    bytes
        .and_then(Secret::new)
        .ok_or_else(|| Skip::new(Skip::BAD_SECRET, "its key is not in the encoding that it says"))
}

#[cfg(test)]
mod tests;
