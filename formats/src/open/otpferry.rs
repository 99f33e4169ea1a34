//! `otpferry`: the canonical file, version 1. Holds everything that the model holds.

use std::collections::BTreeMap;

use data_encoding::BASE64;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::caps::{Caps, Field, Groups, Periods};
use crate::ctx::Ctx;
use crate::error::{Error, Place};
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::model::{Account, Algorithm, Credential, Device, Draft, Icon, Kind, Number, SecretText, Vault};
use crate::probe::{Node, Probe};
use crate::report::{Item, Skip};
use crate::text::{base32, json};

const ID: &str = "otpferry";

/// The canonical file.
pub(crate) struct Otpferry;

static INFO: Info = Info {
    id: ID,
    title: "otpferry file",
    aliases: &["canonical"],
    extensions: &["json"],
    reads_encrypted: false,
    unverified: None,
    write: &[Writing {
        form: "",
        caps: Caps {
            app: "The otpferry file",
            kinds: &Kind::ALL,
            algorithms: &Algorithm::ALL,
            digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
            periods: Periods::UpTo(u32::MAX),
            max_counter: u64::MAX,
            secret_bytes: (1, usize::MAX),
            needs_pin: false,
            groups: Groups::Many,
            fields: &Field::ALL,
        },
        encryption: Encryption::Never,
        any_password: true,
        carrier: Carrier::File,
        file_name: "otpferry.json",
        encrypted_file_name: "otpferry.json",
        import_help: "Read it with otpferry; it is the one form that loses nothing",
    }],
    export_help: "Written by `otpferry convert -t otpferry`",
};

impl Format for Otpferry {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        match probe.json().and_then(|json| json.get("format")).and_then(Node::text) {
            Some(ID) => Confidence::Sure,
            _ => Confidence::No,
        }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        input.text().and_then(|text| decode(&text, ctx)).map_err(|error| error.in_format(ID))
    }

    fn encode(&self, _: &Writing, vault: &Vault, ctx: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        let accounts: Vec<_> = vault.accounts.iter().map(Plain::of).collect();
        let file = WrittenFile {
            format: ID,
            version: 1,
            created: ctx.now.to_string(),
            accounts: accounts.iter().map(Plain::written).collect(),
            extra: &vault.extra,
        };
        let mut text = json::pretty(&file, b"  ").map_err(|error| error.in_format(ID))?;
        text.push(b'\n');
        Ok(vec![Part(text)])
    }
}

#[derive(Deserialize)]
struct File<'a> {
    created: Option<String>,
    #[serde(borrow)]
    accounts: Vec<&'a RawValue>,
    /// What only one app knows about its file as a whole, by format id.
    #[serde(default, deserialize_with = "json::null_is_default")]
    extra: BTreeMap<String, Value>,
}

/// An account as the file has it. Everything is optional here and checked one by one, so that a
/// hand-written file needs no more than kind, issuer and secret.
#[derive(Deserialize)]
struct Entry {
    kind: String,
    #[serde(default, deserialize_with = "json::null_is_default")]
    issuer: String,
    #[serde(default, deserialize_with = "json::null_is_default")]
    account: String,
    secret: Option<SecretText>,
    algorithm: Option<String>,
    #[serde(default)]
    digits: Number,
    #[serde(default)]
    period: Number,
    #[serde(default)]
    counter: Number,
    pin: Option<SecretText>,
    #[serde(default, deserialize_with = "json::null_is_default")]
    groups: Vec<String>,
    #[serde(default, deserialize_with = "json::null_is_default")]
    note: String,
    #[serde(default, deserialize_with = "json::null_is_default")]
    favorite: bool,
    reason: Option<String>,
    icon: Option<EntryIcon>,
    #[serde(default, deserialize_with = "json::null_is_default")]
    urls: Vec<String>,
    created: Option<String>,
    modified: Option<String>,
    last_used: Option<String>,
    uses: Option<u64>,
    #[serde(default, deserialize_with = "json::null_is_default")]
    trashed: bool,
    device: Option<EntryDevice>,
    user: Option<String>,
    #[serde(default)]
    extra: BTreeMap<String, Value>,
    /// `origin` and fields of later versions: kept for writing the file again.
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// What a skipped entry is called, when its shape allows to say so.
#[derive(Default, Deserialize)]
struct Names {
    #[serde(default)]
    issuer: Value,
    #[serde(default)]
    account: Value,
}

#[derive(Serialize, Deserialize)]
struct EntryIcon {
    mime: String,
    data: String,
}

#[derive(Serialize, Deserialize)]
struct EntryDevice {
    #[serde(default)]
    serial: String,
    #[serde(default)]
    manufacturer: String,
    #[serde(default)]
    model: String,
}

fn decode(text: &str, ctx: &Ctx<'_>) -> Result<Vault, Error> {
    check_version(text)?;
    let file: File<'_> = json::parse_file(text, ctx.limits)?;
    ctx.limits.check_accounts(file.accounts.len())?;
    let mut vault = Vault {
        variant: "version 1".to_owned(),
        created: file.created.and_then(|text| text.parse().ok()),
        extra: file.extra,
        ..Vault::default()
    };
    for (index, raw) in file.accounts.iter().enumerate() {
        let place = Place::Json(format!("/accounts/{index}"));
        let Some(entry) = json::entry::<Entry>(raw) else {
            let skip = Skip::new(Skip::MISSING_FIELD, "the entry lacks a field or has one of another type");
            let names: Names = json::entry(raw).unwrap_or_default();
            let [issuer, name] =
                [&names.issuer, &names.account].map(|name| name.as_str().unwrap_or_default());
            vault.skipped.push(skip.item(index, issuer, name).at(&place));
            continue;
        };
        read_entry(entry, index, &place, &mut vault);
    }
    Ok(vault)
}

/// The version is read alone first: a later one may have another layout.
fn check_version(text: &str) -> Result<(), Error> {
    #[derive(Deserialize)]
    struct Head {
        #[serde(default)]
        version: Number,
    }
    let head: Head = json::parse(text)?;
    match head.version {
        Number::Of(1) => Ok(()),
        Number::Of(version) if version > 1 => {
            Err(Error::newer("this otpferry file is of a later version")
                .at(Place::Json("/version".to_owned())))
        }
        _ => {
            Err(Error::malformed("the version is missing or not a number")
                .at(Place::Json("/version".to_owned())))
        }
    }
}

fn read_entry(mut entry: Entry, index: usize, place: &Place, vault: &mut Vault) {
    match credential(&mut entry) {
        Ok(credential) => {
            let mut account = Account::new(credential, &entry.issuer, &entry.account);
            account.origin.index = index;
            account.origin.format = ID.to_owned();
            read_details(entry, &mut account, place, &mut vault.warnings);
            vault.accounts.push(account);
        }
        Err(skip) => {
            let item = skip.item(index, &entry.issuer, &entry.account).at(place);
            vault.skipped.push(item);
        }
    }
}

fn credential(entry: &mut Entry) -> Result<Credential, Skip> {
    let kind =
        Kind::parse(&entry.kind).ok_or_else(|| Skip::new(Skip::UNKNOWN_KIND, "its kind is not known"))?;
    if kind == Kind::NameOnly {
        let reason = entry.reason.take().unwrap_or_else(|| "the file holds no secret for it".to_owned());
        return Ok(Credential::NameOnly { reason });
    }
    check_complete(kind, entry)?;
    let secret =
        entry.secret.as_ref().ok_or_else(|| Skip::new(Skip::NO_SECRET, "the account has no secret"))?;
    let mut draft = Draft::new(kind, base32::secret(secret.expose())?);
    draft.algorithm = Draft::read_algorithm(entry.algorithm.as_deref().unwrap_or_default())?;
    draft.digits = entry.digits;
    draft.period = entry.period;
    draft.counter = entry.counter;
    draft.pin = entry.pin.take();
    draft.build().map(Credential::Otp)
}

/// The canonical file states every parameter: a default would be a guess about the codes.
fn check_complete(kind: Kind, entry: &Entry) -> Result<(), Skip> {
    let step = match kind {
        Kind::Totp => ("period", entry.period),
        Kind::Hotp => ("counter", entry.counter),
        _ => return Ok(()),
    };
    let algorithm = match entry.algorithm {
        Some(_) => Number::Of(0),
        None => Number::Absent,
    };
    let fields = [("algorithm", algorithm), ("digits", entry.digits), step];
    match fields.iter().find(|(_, value)| *value == Number::Absent) {
        Some((name, _)) => Err(Skip::new(Skip::MISSING_FIELD, format!("it has no {name}"))),
        None => Ok(()),
    }
}

fn read_details(entry: Entry, account: &mut Account, place: &Place, warnings: &mut Vec<Item>) {
    let mut time = |field: &str, text: Option<String>| {
        let text = text?;
        let parsed = text.parse::<Timestamp>().ok();
        if parsed.is_none() {
            let message = format!("its {field} time is not RFC 3339 and was left out");
            warnings.push(Item::about(account, "bad-time", message).field(field).at(place));
        }
        parsed
    };
    let created = time("created", entry.created);
    let modified = time("modified", entry.modified);
    let last_used = time("last_used", entry.last_used);
    account.created = created;
    account.modified = modified;
    account.last_used = last_used;
    account.icon = entry.icon.and_then(|icon| read_icon(icon, account, place, warnings));
    account.groups = entry.groups;
    account.note = entry.note;
    account.favorite = entry.favorite;
    account.urls = entry.urls;
    account.uses = entry.uses;
    account.trashed = entry.trashed;
    account.device = entry.device.map(|device| Device {
        serial: device.serial,
        manufacturer: device.manufacturer,
        model: device.model,
    });
    account.user = entry.user;
    account.extra = entry.extra;
    // Fields of the file itself are beside the others; here they would be written a second time.
    account.extra.remove(ID);
    if !entry.rest.is_empty() {
        account.extra.insert(ID.to_owned(), Value::Object(entry.rest));
    }
}

fn read_icon(icon: EntryIcon, account: &Account, place: &Place, warnings: &mut Vec<Item>) -> Option<Icon> {
    let data = BASE64.decode(icon.data.as_bytes()).ok();
    if data.is_none() {
        let message = "its picture is not base64 and was left out";
        warnings.push(Item::about(account, "icon-dropped", message).field("icon").at(place));
    }
    Some(Icon { mime: icon.mime, data: data? })
}

#[derive(Serialize)]
struct WrittenFile<'a> {
    format: &'static str,
    version: u8,
    created: String,
    accounts: Vec<WrittenAccount<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    extra: &'a BTreeMap<String, Value>,
}

/// What is written from the model, and so never from what was kept of a file.
const FIELDS: &[&str] = &[
    "kind",
    "issuer",
    "account",
    "secret",
    "algorithm",
    "digits",
    "period",
    "counter",
    "pin",
    "groups",
    "note",
    "favorite",
    "reason",
    "icon",
    "urls",
    "created",
    "modified",
    "last_used",
    "uses",
    "trashed",
    "device",
    "user",
    "extra",
];

/// Field order is that of the documented file.
#[derive(Serialize)]
struct WrittenAccount<'a> {
    kind: &'static str,
    issuer: &'a str,
    account: &'a str,
    secret: Option<&'a str>,
    algorithm: Option<&'static str>,
    digits: Option<u8>,
    period: Option<u32>,
    counter: Option<u64>,
    pin: Option<&'a str>,
    groups: &'a [String],
    note: &'a str,
    favorite: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    icon: Option<EntryIcon>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    urls: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uses: Option<u64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    trashed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<EntryDevice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<Value>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    extra: BTreeMap<&'a str, &'a Value>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// An account with the text of its secret, which has to outlive serialisation and is wiped after.
struct Plain<'a> {
    account: &'a Account,
    secret: Option<zeroize::Zeroizing<String>>,
}

impl<'a> Plain<'a> {
    fn of(account: &'a Account) -> Self {
        Self { account, secret: account.otp().map(|otp| otp.secret().to_base32()) }
    }

    fn written(&self) -> WrittenAccount<'_> {
        let account = self.account;
        let otp = account.otp();
        let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
        let mut rest = json::unknown_fields(account.extra.get(ID), FIELDS);
        WrittenAccount {
            kind: account.kind().name(),
            issuer: &account.issuer,
            account: &account.name,
            secret: self.secret.as_ref().map(|secret| secret.as_str()),
            algorithm: otp.map(|otp| otp.algorithm().name()),
            digits: otp.map(crate::model::Otp::digits),
            period: otp.and_then(crate::model::Otp::period),
            counter: otp.and_then(crate::model::Otp::counter),
            pin: otp.and_then(|otp| otp.pin()).map(SecretText::expose),
            groups: &account.groups,
            note: &account.note,
            favorite: account.favorite,
            reason: match &account.credential {
                Credential::NameOnly { reason } => Some(reason),
                Credential::Otp(_) => None,
            },
            icon: account
                .icon
                .as_ref()
                .map(|icon| EntryIcon { mime: icon.mime.clone(), data: BASE64.encode(&icon.data) }),
            urls: &account.urls,
            created: time(account.created),
            modified: time(account.modified),
            last_used: time(account.last_used),
            uses: account.uses,
            trashed: account.trashed,
            device: account.device.as_ref().map(|device| EntryDevice {
                serial: device.serial.clone(),
                manufacturer: device.manufacturer.clone(),
                model: device.model.clone(),
            }),
            user: account.user.as_deref(),
            origin: rest.remove("origin").or_else(|| origin(account)),
            extra: account
                .extra
                .iter()
                .filter(|(id, _)| *id != ID)
                .map(|(id, value)| (id.as_str(), value))
                .collect(),
            rest,
        }
    }
}

/// Where the account was first read. An account that came from a canonical file keeps the origin
/// that is stated there.
fn origin(account: &Account) -> Option<Value> {
    let origin = &account.origin;
    (!origin.format.is_empty() && origin.format != ID)
        .then(|| serde_json::json!({ "file": origin.file, "format": origin.format, "index": origin.index }))
}

#[cfg(test)]
mod tests;
