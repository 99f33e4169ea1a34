//! Writing an export of version 1.

use serde::Serialize;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::crypt::seal;
use super::{ID, STEAM, TOTP, VERSION, kept_name};
use crate::ctx::Ctx;
use crate::error::{Error, ErrorKind};
use crate::format::Part;
use crate::model::{Account, Otp, Vault};
use crate::text::uuid::Uuids;
use crate::text::{json, percent};

/// Fields that are written from the model: never taken from `extra`.
const FILE_FIELDS: [&str; 4] = ["version", "entries", "salt", "content"];
const ENTRY_FIELDS: [&str; 3] = ["id", "content", "note"];
const CONTENT_FIELDS: [&str; 3] = ["uri", "entry_type", "name"];

#[derive(Serialize)]
struct File<'a> {
    version: u8,
    entries: Vec<Entry<'a>>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Serialize)]
struct Entry<'a> {
    id: String,
    content: Content<'a>,
    note: Option<&'a str>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Serialize)]
struct Content<'a> {
    #[serde(serialize_with = "json::exposed")]
    uri: Zeroizing<String>,
    entry_type: &'static str,
    name: Option<&'a str>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Serialize)]
struct SealedFile {
    version: u8,
    salt: String,
    content: String,
}

pub(super) fn encode(vault: &Vault, ctx: &mut Ctx<'_>) -> Result<Part, Error> {
    let file = File::new(vault, ctx)?;
    let text = json::compact(&file)?;
    let Some(password) = ctx.new_password else {
        return Ok(Part(text));
    };
    let sealed = seal(&text, password, ctx)?;
    json::compact(&SealedFile { version: VERSION, salt: sealed.salt, content: sealed.content }).map(Part)
}

impl<'a> File<'a> {
    fn new(vault: &'a Vault, ctx: &mut Ctx<'_>) -> Result<Self, Error> {
        let mut uuids = Uuids::default();
        let mut entries = Vec::with_capacity(vault.accounts.len());
        for account in &vault.accounts {
            entries.push(Entry::new(account, &mut uuids, ctx)?);
        }
        Ok(Self { version: VERSION, entries, rest: json::unknown_fields(vault.extra.get(ID), &FILE_FIELDS) })
    }
}

impl<'a> Entry<'a> {
    fn new(account: &'a Account, uuids: &mut Uuids, ctx: &mut Ctx<'_>) -> Result<Self, Error> {
        let otp = account.otp().ok_or_else(|| {
            Error::new(ErrorKind::Internal, "an account without a secret cannot be written")
        })?;
        let extra = account.extra.get(ID);
        let known = extra.and_then(|extra| extra.get("id")).and_then(Value::as_str);
        Ok(Self {
            id: uuids.take(known, ctx)?,
            content: Content::new(account, otp, extra.and_then(|extra| extra.get("content"))),
            note: Some(account.note.as_str()).filter(|note| !note.is_empty()),
            rest: json::unknown_fields(extra, &ENTRY_FIELDS),
        })
    }
}

impl<'a> Content<'a> {
    fn new(account: &'a Account, otp: &Otp, extra: Option<&Value>) -> Self {
        let name = Some(kept_name(account)).filter(|name| !name.is_empty());
        let rest = json::unknown_fields(extra, &CONTENT_FIELDS);
        match otp {
            Otp::Steam { secret } => {
                let uri = Zeroizing::new(format!("steam://{}", secret.to_base32().as_str()));
                Self { uri, entry_type: STEAM, name: name.or(Some(STEAM)), rest }
            }
            _ => Self { uri: link(account, otp), entry_type: TOTP, name, rest },
        }
    }
}

/// The label is the account alone. Without an issuer the app leaves the parameter out; but then a
/// colon in the account would make its first half one, so it is written empty there.
fn link(account: &Account, otp: &Otp) -> Zeroizing<String> {
    let mut uri = Zeroizing::new(String::with_capacity(256));
    uri.push_str("otpauth://totp/");
    uri.push_str(&percent::encode(kept_name(account)));
    uri.push_str("?secret=");
    uri.push_str(&otp.secret().to_base32());
    if !account.issuer.is_empty() || account.name.contains(':') {
        uri.push_str("&issuer=");
        uri.push_str(&percent::encode(&account.issuer));
    }
    uri.push_str("&algorithm=");
    uri.push_str(otp.algorithm().name());
    uri.push_str("&digits=");
    uri.push_str(&otp.digits().to_string());
    if let Some(period) = otp.period() {
        uri.push_str("&period=");
        uri.push_str(&period.to_string());
    }
    uri
}
