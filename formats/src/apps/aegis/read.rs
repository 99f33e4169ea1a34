//! Reading a vault.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use data_encoding::BASE64;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::crypt::{Params, Sealed};
use super::{DB_VERSION, FILE_VERSION, ID, MAX_COUNTER, MAX_PERIOD, is_known_mime};
use crate::ctx::Ctx;
use crate::error::{Error, Place};
use crate::format::Input;
use crate::model::{Account, Credential, Draft, Icon, Kind, Number, Origin, Otp, SecretText, Vault, group};
use crate::report::{Item, Skip};
use crate::text::{base32, json};

/// The whole file.
#[derive(Deserialize)]
struct File<'a> {
    #[serde(default)]
    version: Number,
    #[serde(borrow)]
    header: Option<&'a RawValue>,
    #[serde(borrow)]
    db: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Header<'a> {
    #[serde(borrow)]
    slots: Option<Vec<&'a RawValue>>,
    params: Option<Params>,
}

/// The content: accounts and groups.
#[derive(Deserialize)]
struct Db<'a> {
    #[serde(default)]
    version: Number,
    #[serde(borrow)]
    entries: Option<&'a RawValue>,
    /// Since version 3.
    #[serde(borrow)]
    groups: Option<&'a RawValue>,
    /// Recomputed on writing.
    #[serde(rename = "icons_optimized")]
    _icons_optimized: Option<serde::de::IgnoredAny>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "type")]
    kind: String,
    uuid: Option<String>,
    name: Option<String>,
    issuer: Option<String>,
    note: Option<String>,
    favorite: Option<bool>,
    /// Up to version 2: one group, by name.
    group: Option<String>,
    /// Since version 3: groups by id. The old key means nothing beside it.
    groups: Option<Vec<String>>,
    #[serde(default)]
    icon: Value,
    #[serde(default)]
    icon_mime: Value,
    /// Recomputed on writing.
    #[serde(rename = "icon_hash")]
    _icon_hash: Option<serde::de::IgnoredAny>,
    info: Secrets,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// `info`: what codes are made from.
#[derive(Deserialize)]
struct Secrets {
    secret: Option<SecretText>,
    algo: Option<String>,
    #[serde(default)]
    digits: Number,
    #[serde(default)]
    period: Number,
    #[serde(default)]
    counter: Number,
    pin: Option<SecretText>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// What a skipped entry is called, when its shape allows to say so.
#[derive(Default, Deserialize)]
struct Names {
    #[serde(default)]
    issuer: Value,
    #[serde(default)]
    name: Value,
}

pub(super) fn decode(input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
    let text = input.text()?;
    let file: File<'_> = json::parse_file(&text, ctx.limits)?;
    json::check_version(file.version, FILE_VERSION, "/version")?;
    let header: Header<'_> = file
        .header
        .map_or_else(|| Some(Header::default()), json::entry)
        .ok_or_else(|| json::damaged("/header", "the header has an unexpected shape"))?;
    let content = file.db.ok_or_else(|| json::damaged("/db", "the file has no content"))?;
    match (header.slots, header.params, content.get().starts_with('"')) {
        (None, None, false) => read_db(content.get(), ctx),
        (Some(slots), Some(params), true) => {
            let content: Cow<'_, str> =
                json::entry(content).ok_or_else(|| json::damaged("/db", "the content is not a text"))?;
            let sealed = Sealed::new(&slots, &params, &content)?;
            let opened = sealed.open(ctx)?;
            let text = std::str::from_utf8(&opened)
                .map_err(|_| json::damaged("/db", "the decrypted content is not a text"))?;
            read_db(text, ctx).map(|vault| vault.protected(sealed.protection()))
        }
        (_, _, true) => {
            Err(json::damaged("/header", "the content is encrypted, but the header lacks its keys"))
        }
        // The app refuses such a file too; people make it by hand from an encrypted one.
        (_, _, false) => {
            Err(Error::malformed("the header announces an encrypted file, but the content is plain")
                .at(Place::Json("/header".to_owned()))
                .next_step(
                    "Use the file as Aegis exported it, or set slots and params of the header to null",
                ))
        }
    }
}

fn read_db(text: &str, ctx: &Ctx<'_>) -> Result<Vault, Error> {
    // A line number inside a decrypted text would lead nowhere.
    let db: Db<'_> =
        json::parse_file(text, ctx.limits).map_err(|error| error.at(Place::Json("/db".to_owned())))?;
    json::check_version(db.version, DB_VERSION, "/db/version")?;
    let entries: Vec<&RawValue> = db
        .entries
        .and_then(json::entry)
        .ok_or_else(|| json::damaged("/db/entries", "the list of accounts is missing"))?;
    ctx.limits.check_accounts(entries.len())?;
    let groups = Groups::read(db.groups)?;
    let mut vault = Vault {
        variant: match db.version {
            Number::Of(version) => format!("db v{version}"),
            Number::Absent | Number::Invalid => String::new(),
        },
        ..Vault::default()
    };
    for (index, raw) in entries.into_iter().enumerate() {
        read_entry(index, raw, &groups, &mut vault);
    }
    let mut extra = db.rest;
    if !groups.known.is_empty() {
        extra.insert("groups".to_owned(), Value::Array(groups.known));
    }
    if !extra.is_empty() {
        vault.extra.insert(ID.to_owned(), Value::Object(extra));
    }
    Ok(vault)
}

/// The groups of the vault.
struct Groups {
    /// As the file has them, unused ones included.
    known: Vec<Value>,
    /// Lower-case id to name; of two with the same id the first counts.
    names: HashMap<String, String>,
}

impl Groups {
    fn read(raw: Option<&RawValue>) -> Result<Self, Error> {
        let known: Vec<Value> = match raw {
            Some(raw) => json::entry(raw)
                .ok_or_else(|| json::damaged("/db/groups", "the groups have an unexpected shape"))?,
            None => Vec::new(),
        };
        let mut names = HashMap::new();
        for known in &known {
            let field = |name| known.get(name).and_then(Value::as_str);
            if let (Some(id), Some(name)) = (field("uuid"), field("name")) {
                let name = group::checked_name(name)?;
                names.entry(id.to_ascii_lowercase()).or_insert_with(|| name.to_owned());
            }
        }
        Ok(Self { known, names })
    }

    /// Names of the groups that an entry is in, and whether it names one that does not exist.
    fn of(&self, entry: &Entry) -> (Vec<String>, bool) {
        let Some(ids) = &entry.groups else {
            return (entry.group.clone().filter(|name| !name.is_empty()).into_iter().collect(), false);
        };
        let mut names = Vec::new();
        let mut seen = HashSet::new();
        let mut unknown = false;
        for id in ids {
            match self.names.get(&id.to_ascii_lowercase()) {
                Some(name) if name.is_empty() || !seen.insert(name) => {}
                Some(name) => names.push(name.clone()),
                None => unknown = true,
            }
        }
        (names, unknown)
    }
}

fn read_entry(index: usize, raw: &RawValue, groups: &Groups, vault: &mut Vault) {
    let Some(entry) = json::entry::<Entry>(raw) else {
        let names: Names = json::entry(raw).unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let skip = Skip::new(Skip::MISSING_FIELD, "a field is missing or of another type than Aegis writes");
        vault.skipped.push(skip.item(index, &text(&names.issuer), &text(&names.name)));
        return;
    };
    match read_otp(&entry.kind, &entry.info) {
        Ok(otp) => read_account(index, entry, otp, groups, vault),
        Err(skip) => {
            let name = |name: &Option<String>| name.clone().unwrap_or_default();
            vault.skipped.push(skip.item(index, &name(&entry.issuer), &name(&entry.name)));
        }
    }
}

fn read_otp(kind: &str, info: &Secrets) -> Result<Otp, Skip> {
    let kind = match Kind::parse(kind) {
        None | Some(Kind::NameOnly) => {
            return Err(Skip::new(Skip::UNKNOWN_KIND, "its type is not one that Aegis is known to have"));
        }
        Some(kind) => kind,
    };
    let secret = info.secret.as_ref().ok_or_else(|| Skip::new(Skip::NO_SECRET, "the entry has no secret"))?;
    let mut draft = Draft::new(kind, base32::secret(secret.expose())?);
    // An empty PIN makes no valid code: it stands for one that is not known.
    draft.pin = info.pin.clone().filter(|pin| !pin.expose().is_empty());
    // The app has constants for the others and ignores what is stored.
    if matches!(kind, Kind::Totp | Kind::Hotp | Kind::Steam) {
        read_parameters(info, &mut draft)?;
    }
    draft.build()
}

/// The app demands each of these; a default in place of a missing one could give other codes.
fn read_parameters(info: &Secrets, draft: &mut Draft) -> Result<(), Skip> {
    let algorithm = info.algo.as_deref().filter(|name| !name.trim().is_empty());
    draft.algorithm = match algorithm.ok_or_else(|| missing("algorithm"))? {
        // An old bug of the app stored this; it reads it as the default itself.
        // Source: the app's `OtpInfo.fromJson`.
        "MD5" => None,
        name => Draft::read_algorithm(name)?,
    };
    draft.digits = given(info.digits, "number of digits")?;
    if draft.kind == Kind::Hotp {
        draft.counter = given(info.counter, "counter")?;
        if over(draft.counter, MAX_COUNTER) {
            return Err(Skip::new(Skip::BAD_COUNTER, "the counter is higher than Aegis can hold"));
        }
    } else {
        draft.period = given(info.period, "period")?;
        if over(draft.period, MAX_PERIOD.into()) {
            return Err(Skip::new(Skip::BAD_PERIOD, "the period is longer than Aegis can hold"));
        }
    }
    Ok(())
}

fn given(number: Number, what: &str) -> Result<Number, Skip> {
    if number == Number::Absent { Err(missing(what)) } else { Ok(number) }
}

fn missing(what: &str) -> Skip {
    Skip::new(Skip::MISSING_FIELD, format!("its {what} is missing"))
}

fn over(number: Number, most: u64) -> bool {
    matches!(number, Number::Of(number) if number > most.into())
}

fn read_account(index: usize, mut entry: Entry, otp: Otp, groups: &Groups, vault: &mut Vault) {
    let extra = extra(&mut entry, &otp);
    let (names, unknown_group) = groups.of(&entry);
    let icon = read_icon(&entry);
    let mut account =
        Account::new(Credential::Otp(otp), entry.issuer.unwrap_or_default(), entry.name.unwrap_or_default());
    account.groups = names;
    account.note = entry.note.unwrap_or_default();
    account.favorite = entry.favorite.unwrap_or_default();
    account.origin = Origin { format: ID.to_owned(), index, ..Origin::default() };
    if !extra.is_empty() {
        account.extra.insert(ID.to_owned(), Value::Object(extra));
    }
    if unknown_group {
        let message = "it is in a group that the file does not have";
        vault.warnings.push(Item::about(&account, "unknown-group", message).field("groups"));
    }
    match icon {
        Ok(icon) => account.icon = icon,
        Err(Dropped) => {
            let message = "its picture cannot be read and is left out";
            vault.warnings.push(Item::about(&account, "icon-dropped", message).field("icon"));
        }
    }
    vault.accounts.push(account);
}

/// What only Aegis knows: the id of the entry and the fields that this reader does not know.
fn extra(entry: &mut Entry, otp: &Otp) -> Map<String, Value> {
    let mut extra = Map::new();
    if let Some(uuid) = entry.uuid.take() {
        extra.insert("uuid".to_owned(), Value::String(uuid));
    }
    extra.extend(json::without_secret(std::mem::take(&mut entry.rest), otp.secret()));
    let info = json::without_secret(std::mem::take(&mut entry.info.rest), otp.secret());
    if !info.is_empty() {
        extra.insert("info".to_owned(), Value::Object(info));
    }
    extra
}

/// The picture of an entry could not be read.
struct Dropped;

fn read_icon(entry: &Entry) -> Result<Option<Icon>, Dropped> {
    let data = match &entry.icon {
        Value::Null => return Ok(None),
        Value::String(text) if text.is_empty() => return Ok(None),
        Value::String(text) => BASE64.decode(text.as_bytes()).map_err(|_| Dropped)?,
        _ => return Err(Dropped),
    };
    let mime = match &entry.icon_mime {
        // Version 1 knew one kind of picture and did not name it.
        Value::Null => "image/jpeg",
        Value::String(mime) if is_known_mime(mime) => mime,
        _ => return Err(Dropped),
    };
    Ok(Some(Icon { mime: mime.to_owned(), data }))
}
