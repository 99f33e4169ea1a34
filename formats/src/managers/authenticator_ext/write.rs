//! Writing a backup, plain or in the third encryption.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::crypt::{NewKey, PassPhrase, seal};
use super::{HASH, ID, SITE, SITE_KEY, is_kept_id, kept, kept_issuer};
use crate::ctx::Ctx;
use crate::error::{Error, ErrorKind};
use crate::format::Part;
use crate::model::{Account, Algorithm, Kind, Otp, Vault};
use crate::text::json;
use crate::text::uuid::Uuids;

/// Fields that are written from the model: never taken from `extra` as they are.
const ENTRY_FIELDS: [&str; 16] = [
    "encrypted",
    HASH,
    "index",
    "type",
    "secret",
    "pinned",
    "counter",
    "period",
    "issuer",
    "account",
    "digits",
    "algorithm",
    "keyId",
    "dataType",
    "data",
    SITE_KEY,
];

/// The members of the file in order.
struct File(Vec<(String, Member)>);

impl Serialize for File {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (id, member) in &self.0 {
            map.serialize_entry(id, member)?;
        }
        map.end()
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Member {
    Plain(Box<Entry>),
    Sealed(SealedEntry),
    Key(NewKey),
}

/// An entry in the app's order of fields; those with their usual value are left out.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    encrypted: bool,
    hash: String,
    index: usize,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(serialize_with = "json::exposed")]
    secret: Zeroizing<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pinned: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    counter: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    period: Option<u32>,
    #[serde(skip_serializing_if = "String::is_empty")]
    issuer: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    account: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    digits: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    algorithm: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_id: Option<String>,
    data_type: &'static str,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SealedEntry {
    data_type: &'static str,
    data: String,
    key_id: String,
    index: usize,
}

pub(super) fn encode(vault: &Vault, ctx: &mut Ctx<'_>) -> Result<Part, Error> {
    let key = match ctx.new_password {
        Some(password) => Some(NewKey::make(password, ctx)?),
        None => None,
    };
    let mut ids = Uuids::default();
    let mut members = Vec::with_capacity(vault.accounts.len());
    for (index, account) in vault.accounts.iter().enumerate() {
        let known = kept(account, HASH).filter(|id| is_kept_id(id));
        let entry = Entry::new(account, index, ids.take(known, ctx)?)?;
        let id = entry.hash.clone();
        let member = match &key {
            Some((key, pass)) => entry.seal(key, pass, ctx).map(Member::Sealed)?,
            None => Member::Plain(Box::new(entry)),
        };
        members.push((id, member));
    }
    members.extend(key.map(|(key, _)| (key.id.clone(), Member::Key(key))));
    json::pretty(&File(members), b"  ").map(|text| Part(with_crlf(&text)))
}

impl Entry {
    fn new(account: &Account, index: usize, hash: String) -> Result<Self, Error> {
        let otp = account.otp().ok_or_else(|| {
            Error::new(ErrorKind::Internal, "an account without a secret cannot be written")
        })?;
        let is_steam = otp.kind() == Kind::Steam;
        Ok(Self {
            encrypted: false,
            hash,
            index,
            kind: match otp.kind() {
                Kind::Hotp => "hotp",
                Kind::Steam => "steam",
                _ => "totp",
            },
            secret: otp.secret().to_base32(),
            pinned: account.favorite,
            counter: otp.counter(),
            period: otp.period().filter(|period| *period != 30),
            issuer: written_issuer(account),
            account: account.name.clone(),
            digits: Some(otp.digits()).filter(|digits| *digits != 6 && !is_steam),
            algorithm: algorithm(otp),
            key_id: None,
            data_type: "OTPStorage",
            rest: json::unknown_fields(account.extra.get(ID), &ENTRY_FIELDS),
        })
    }

    fn seal(mut self, key: &NewKey, pass: &PassPhrase, ctx: &mut Ctx<'_>) -> Result<SealedEntry, Error> {
        self.encrypted = true;
        self.key_id = Some(key.id.clone());
        let data = seal(&json::compact(&self)?, pass, ctx)?;
        Ok(SealedEntry { data_type: "EncOTPStorage", data, key_id: key.id.clone(), index: self.index })
    }
}

fn algorithm(otp: &Otp) -> Option<&'static str> {
    Some(otp.algorithm()).filter(|algorithm| *algorithm != Algorithm::Sha1).map(Algorithm::name)
}

/// The issuer with the site that it was read with. After a colon the site would begin too early.
fn written_issuer(account: &Account) -> String {
    let issuer = kept_issuer(account);
    let site = kept(account, SITE_KEY).filter(|site| site.starts_with(SITE) && !issuer.ends_with(':'));
    format!("{issuer}{}", site.unwrap_or_default())
}

/// As the app ends its lines. A line end inside a text is escaped in JSON.
fn with_crlf(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let lines = text.iter().filter(|byte| **byte == b'\n').count();
    let mut out = Zeroizing::new(Vec::with_capacity(text.len().saturating_add(lines)));
    for byte in text {
        if *byte == b'\n' {
            out.push(b'\r');
        }
        out.push(*byte);
    }
    out
}
