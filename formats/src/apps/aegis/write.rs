//! Writing a vault of version 3, plain or with one password slot.

use std::collections::HashMap;

use data_encoding::{BASE64, HEXLOWER};
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::crypt::{NewHeader, seal};
use super::{DB_VERSION, FILE_VERSION, ID, kept_groups, kept_icon};
use crate::ctx::Ctx;
use crate::error::{Error, ErrorKind};
use crate::format::Part;
use crate::model::{Account, Icon, Otp, Vault};
use crate::text::json;
use crate::text::uuid::Uuids;

/// The app indents with four spaces, the inner text as well as the outer.
const INDENT: &[u8] = b"    ";

/// Fields that are written from the model, or that older versions had: never taken from `extra`.
const DB_FIELDS: [&str; 4] = ["version", "entries", "groups", "icons_optimized"];
const ENTRY_FIELDS: [&str; 12] = [
    "type",
    "uuid",
    "name",
    "issuer",
    "group",
    "groups",
    "note",
    "favorite",
    "icon",
    "icon_mime",
    "icon_hash",
    "info",
];
const INFO_FIELDS: [&str; 6] = ["secret", "algo", "digits", "period", "counter", "pin"];
const GROUP_FIELDS: [&str; 2] = ["uuid", "name"];

#[derive(Serialize)]
struct File<H, C> {
    version: u8,
    header: H,
    db: C,
}

#[derive(Serialize)]
struct PlainHeader {
    slots: (),
    params: (),
}

#[derive(Serialize)]
struct Db<'a> {
    version: u8,
    entries: Vec<Entry<'a>>,
    groups: Vec<Group>,
    icons_optimized: bool,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Serialize)]
struct Group {
    uuid: String,
    name: String,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Serialize)]
struct Entry<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    uuid: String,
    name: &'a str,
    issuer: &'a str,
    note: &'a str,
    favorite: bool,
    icon: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    icon_mime: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    icon_hash: Option<String>,
    info: Secrets<'a>,
    groups: Vec<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// `info`.
#[derive(Serialize)]
struct Secrets<'a> {
    #[serde(serialize_with = "json::exposed")]
    secret: Zeroizing<String>,
    algo: &'static str,
    digits: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    period: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    counter: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pin: Option<&'a str>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

pub(super) fn encode(vault: &Vault, ctx: &mut Ctx<'_>) -> Result<Part, Error> {
    let db = Db::new(vault, ctx)?;
    let bytes = match ctx.new_password {
        None => plain(&db),
        Some(password) => {
            let (header, content) = seal(&json::pretty(&db, INDENT)?, password, ctx)?;
            encrypted(header, content)
        }
    };
    bytes.map(Part)
}

fn plain(db: &Db<'_>) -> Result<Zeroizing<Vec<u8>>, Error> {
    let header = PlainHeader { slots: (), params: () };
    json::pretty(&File { version: FILE_VERSION, header, db }, INDENT)
}

fn encrypted(header: NewHeader, db: String) -> Result<Zeroizing<Vec<u8>>, Error> {
    json::pretty(&File { version: FILE_VERSION, header, db }, INDENT)
}

impl<'a> Db<'a> {
    fn new(vault: &'a Vault, ctx: &mut Ctx<'_>) -> Result<Self, Error> {
        let extra = vault.extra.get(ID);
        let mut groups = Groups::default();
        groups.keep(extra, ctx)?;
        let mut uuids = Uuids::default();
        let mut entries = Vec::with_capacity(vault.accounts.len());
        for account in &vault.accounts {
            entries.push(Entry::new(account, &mut groups, &mut uuids, ctx)?);
        }
        Ok(Self {
            version: DB_VERSION,
            icons_optimized: entries.iter().all(|entry| entry.icon.is_none()),
            entries,
            groups: groups.list,
            rest: json::unknown_fields(extra, &DB_FIELDS),
        })
    }
}

impl<'a> Entry<'a> {
    fn new(
        account: &'a Account,
        groups: &mut Groups,
        uuids: &mut Uuids,
        ctx: &mut Ctx<'_>,
    ) -> Result<Self, Error> {
        let otp = account.otp().ok_or_else(|| {
            Error::new(ErrorKind::Internal, "an account without a secret cannot be written")
        })?;
        let extra = account.extra.get(ID);
        let known = extra.and_then(|extra| extra.get("uuid")).and_then(Value::as_str);
        let icon = kept_icon(account);
        Ok(Self {
            kind: otp.kind().name(),
            uuid: uuids.take(known, ctx)?,
            name: &account.name,
            issuer: &account.issuer,
            note: &account.note,
            favorite: account.favorite,
            icon: icon.map(|icon| BASE64.encode(&icon.data)),
            icon_mime: icon.map(|icon| icon.mime.as_str()),
            icon_hash: icon.map(icon_hash),
            info: Secrets::new(otp, extra.and_then(|extra| extra.get("info"))),
            groups: kept_groups(account).map(|name| groups.id(name, ctx)).collect::<Result<_, _>>()?,
            rest: json::unknown_fields(extra, &ENTRY_FIELDS),
        })
    }
}

impl<'a> Secrets<'a> {
    fn new(otp: &'a Otp, extra: Option<&Value>) -> Self {
        Self {
            secret: otp.secret().to_base32(),
            algo: otp.algorithm().name(),
            digits: otp.digits(),
            period: otp.period(),
            counter: otp.counter(),
            pin: otp.pin().map(|pin| pin.expose()),
            rest: json::unknown_fields(extra, &INFO_FIELDS),
        }
    }
}

/// Source: the app's `VaultEntryIcon`.
fn icon_hash(icon: &Icon) -> String {
    let hash = Sha256::new().chain_update(&icon.mime).chain_update(&icon.data).finalize();
    HEXLOWER.encode(&hash)
}

/// The groups of the new file, one for each name.
#[derive(Default)]
struct Groups {
    list: Vec<Group>,
    ids: HashMap<String, String>,
    uuids: Uuids,
}

impl Groups {
    /// Takes over the groups that the file was read with, also those that nothing is in.
    fn keep(&mut self, extra: Option<&Value>, ctx: &mut Ctx<'_>) -> Result<(), Error> {
        let known = extra.and_then(|extra| extra.get("groups")).and_then(Value::as_array);
        for group in known.into_iter().flatten() {
            let field = |name| group.get(name).and_then(Value::as_str);
            if let (Some(id), Some(name)) = (field("uuid"), field("name"))
                && !self.ids.contains_key(name)
            {
                self.add(Some(id), name, json::unknown_fields(Some(group), &GROUP_FIELDS), ctx)?;
            }
        }
        Ok(())
    }

    /// The id of the group of that name, which is added when it is new.
    fn id(&mut self, name: &str, ctx: &mut Ctx<'_>) -> Result<String, Error> {
        match self.ids.get(name) {
            Some(id) => Ok(id.clone()),
            None => self.add(None, name, Map::new(), ctx),
        }
    }

    fn add(
        &mut self,
        known: Option<&str>,
        name: &str,
        rest: Map<String, Value>,
        ctx: &mut Ctx<'_>,
    ) -> Result<String, Error> {
        let uuid = self.uuids.take(known, ctx)?;
        self.ids.insert(name.to_owned(), uuid.clone());
        self.list.push(Group { uuid: uuid.clone(), name: name.to_owned(), rest });
        Ok(uuid)
    }
}
