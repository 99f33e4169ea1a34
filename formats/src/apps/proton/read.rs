//! Reading an export.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::crypt::Sealed;
use super::{ID, STEAM, TOTP, VERSION};
use crate::ctx::Ctx;
use crate::error::{Error, Place};
use crate::format::Input;
use crate::model::{Account, Credential, Draft, Kind, Number, Origin, Otp, SecretText, Vault};
use crate::open::otpauth::{Host, Pieces};
use crate::report::Skip;
use crate::text::{base32, json};

/// The whole file, plain or encrypted.
#[derive(Deserialize)]
struct File<'a> {
    #[serde(default)]
    version: Number,
    #[serde(borrow)]
    entries: Option<&'a RawValue>,
    salt: Option<String>,
    content: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Deserialize)]
struct Entry {
    id: Option<String>,
    content: Content,
    note: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Deserialize)]
struct Content {
    uri: SecretText,
    entry_type: String,
    name: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

pub(super) fn decode(input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
    let text = input.text()?;
    let file: File<'_> = json::parse_file(&text, ctx.limits)?;
    json::check_version(file.version, VERSION, "/version")?;
    match (file.entries, file.salt, file.content) {
        (Some(entries), None, None) => read_entries(entries, file.rest, ctx),
        (None, Some(salt), Some(content)) => open(&Sealed::parse(&salt, &content)?, ctx),
        // The app refuses such a file too.
        _ => Err(json::damaged("", "the file has neither a list of accounts nor an encrypted content")),
    }
}

fn open(sealed: &Sealed, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
    // A line number inside a decrypted text would lead nowhere.
    let inside = |error: Error| error.at(Place::Json("/content".to_owned()));
    let opened = sealed.open(ctx)?;
    let text = std::str::from_utf8(&opened)
        .map_err(|_| json::damaged("/content", "the decrypted content is not a text"))?;
    let file: File<'_> = json::parse_file(text, ctx.limits).map_err(inside)?;
    json::check_version(file.version, VERSION, "/content")?;
    let entries = file
        .entries
        .ok_or_else(|| json::damaged("/content", "the decrypted content has no list of accounts"))?;
    read_entries(entries, file.rest, ctx).map(|vault| vault.protected(sealed.protection()))
}

fn read_entries(entries: &RawValue, rest: Map<String, Value>, ctx: &Ctx<'_>) -> Result<Vault, Error> {
    let entries: Vec<&RawValue> =
        json::entry(entries).ok_or_else(|| json::damaged("/entries", "the accounts are not a list"))?;
    ctx.limits.check_accounts(entries.len())?;
    let mut vault = Vault { variant: format!("version {VERSION}"), ..Vault::default() };
    if !rest.is_empty() {
        vault.extra.insert(ID.to_owned(), Value::Object(rest));
    }
    for (index, raw) in entries.into_iter().enumerate() {
        match read_entry(raw) {
            Ok(mut account) => {
                account.origin = Origin { format: ID.to_owned(), index, ..Origin::default() };
                vault.accounts.push(account);
            }
            Err((skip, name)) => vault.skipped.push(skip.item(index, "", &name)),
        }
    }
    Ok(vault)
}

/// An account, or why there is none and what it was called.
fn read_entry(raw: &RawValue) -> Result<Account, (Skip, String)> {
    let Some(entry) = json::entry::<Entry>(raw) else {
        let skip = Skip::new(Skip::MISSING_FIELD, "a field is missing or of another type than Proton writes");
        return Err((skip, String::new()));
    };
    let read = match entry.content.entry_type.as_str() {
        TOTP => read_totp(&entry.content),
        STEAM => read_steam(&entry.content),
        _ => Err(Skip::new(Skip::UNKNOWN_KIND, "its type is not one that Proton is known to have")),
    };
    match read {
        Ok(named) => Ok(account(entry, named)),
        Err(skip) => Err((skip, entry.content.name.unwrap_or_default())),
    }
}

/// What a link says: the OTP, and the names.
struct Named {
    otp: Otp,
    issuer: String,
    name: String,
}

fn read_totp(content: &Content) -> Result<Named, Skip> {
    let pieces = Pieces::split(content.uri.expose())
        .filter(|pieces| pieces.host == Host::Totp)
        // The app takes no other link for an entry of this type.
        .ok_or_else(|| Skip::new(Skip::UNKNOWN_KIND, "its link is not one for time-based codes"))?;
    let mut draft = Draft::new(Kind::Totp, pieces.secret(Kind::Totp)?);
    draft.algorithm = Draft::read_algorithm(&pieces.value("algorithm").unwrap_or_default())?;
    draft.digits = pieces.number("digits");
    draft.period = pieces.period();
    let otp = draft.build()?;
    let in_link = pieces.names();
    // A prefix in the label is no issuer where the link states one, even an empty one.
    let issuer = if pieces.raw("issuer").is_some() { pieces.issuer() } else { in_link.issuer };
    let name = match content.name.as_deref() {
        None | Some("") => in_link.account,
        // Some exports have the colon that follows an empty issuer.
        Some(name) => name.strip_prefix(':').unwrap_or(name).to_owned(),
    };
    Ok(Named { otp, issuer, name })
}

fn read_steam(content: &Content) -> Result<Named, Skip> {
    let pieces = Pieces::split(content.uri.expose())
        .ok_or_else(|| Skip::new(Skip::UNKNOWN_KIND, "its link is not one for Steam codes"))?;
    let secret = match pieces.host {
        Host::SteamBare => base32::secret(pieces.label)?,
        Host::Steam => pieces.secret(Kind::Steam)?,
        _ => return Err(Skip::new(Skip::UNKNOWN_KIND, "its link is not one for Steam codes")),
    };
    let name = content.name.as_deref().filter(|name| *name != STEAM).unwrap_or_default();
    Ok(Named {
        otp: Draft::new(Kind::Steam, secret).build()?,
        issuer: STEAM.to_owned(),
        name: name.to_owned(),
    })
}

fn account(entry: Entry, named: Named) -> Account {
    let mut extra = json::without_secret(entry.rest, named.otp.secret());
    let content = json::without_secret(entry.content.rest, named.otp.secret());
    if !content.is_empty() {
        extra.insert("content".to_owned(), Value::Object(content));
    }
    if let Some(id) = entry.id {
        extra.insert("id".to_owned(), Value::String(id));
    }
    let mut account = Account::new(Credential::Otp(named.otp), named.issuer, named.name);
    account.note = entry.note.unwrap_or_default();
    if !extra.is_empty() {
        account.extra.insert(ID.to_owned(), Value::Object(extra));
    }
    account
}
