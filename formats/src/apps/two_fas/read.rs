//! Reading a backup of any schema.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::crypt::{self, Sealed};
use super::{ID, SCHEMA};
use crate::ctx::Ctx;
use crate::error::{Error, Place};
use crate::format::Input;
use crate::model::{Account, Credential, Draft, Kind, Number, Origin, Otp, SecretText, Vault, group};
use crate::report::{Item, Skip};
use crate::text::{base32, json};

/// The whole file.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Backup<'a> {
    #[serde(default)]
    schema_version: Number,
    #[serde(borrow)]
    services: Option<&'a RawValue>,
    services_encrypted: Option<String>,
    /// Since schema 2.
    #[serde(borrow)]
    groups: Option<&'a RawValue>,
    #[serde(default)]
    updated_at: Number,
    #[serde(default)]
    app_origin: Value,
    /// Facts about this one file: another one is written with its own.
    #[serde(rename = "reference")]
    _reference: Option<IgnoredAny>,
    #[serde(rename = "appVersionCode")]
    _app_version_code: Option<IgnoredAny>,
    #[serde(rename = "appVersionName")]
    _app_version_name: Option<IgnoredAny>,
    /// The address of the user's cloud account.
    #[serde(rename = "account")]
    _account: Option<IgnoredAny>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Service {
    name: Option<String>,
    secret: Option<SecretText>,
    #[serde(default)]
    updated_at: Number,
    otp: Option<Parameters>,
    group_id: Option<String>,
    /// Brand of the schemas 1 and 2; the newest has no place for it.
    #[serde(rename = "type")]
    _type: Option<IgnoredAny>,
    /// Positions restart in each group on the iPhone; the order of the list says the same.
    #[serde(rename = "order")]
    _order: Option<IgnoredAny>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// `otp`: every field may be absent or null.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    account: Option<String>,
    label: Option<String>,
    issuer: Option<String>,
    #[serde(default)]
    digits: Number,
    #[serde(default)]
    period: Number,
    algorithm: Option<String>,
    #[serde(default)]
    counter: Number,
    token_type: Option<String>,
    /// The QR code as it was scanned. It holds the secret, and the user may have edited the
    /// account since, so it is never used or kept.
    #[serde(rename = "link")]
    _link: Option<IgnoredAny>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// What a skipped service is called, when its shape allows to say so.
#[derive(Default, Deserialize)]
struct Names {
    #[serde(default)]
    name: Value,
    #[serde(default)]
    otp: Value,
}

pub(super) fn decode(input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
    let text = input.text()?;
    let backup: Backup<'_> = json::parse_file(&text, ctx.limits)?;
    let schema = check_schema(backup.schema_version)?;
    let groups = Groups::read(backup.groups)?;
    let mut vault = Vault {
        variant: match backup.app_origin.as_str() {
            Some(origin @ ("android" | "ios")) => format!("schema v{schema}, {origin}"),
            _ => format!("schema v{schema}"),
        },
        created: timestamp(backup.updated_at),
        ..Vault::default()
    };
    match backup.services_encrypted.as_deref() {
        None | Some("") => {
            let services = backup
                .services
                .ok_or_else(|| json::damaged("/services", "the list of services is missing"))?;
            read_services(services.get(), "/services", &groups, &mut vault, ctx)?;
        }
        Some(sealed) => {
            check_no_plain_services(backup.services)?;
            let opened = Sealed::parse(sealed)?.open(ctx)?;
            let services = std::str::from_utf8(&opened)
                .map_err(|_| json::damaged("/servicesEncrypted", "the decrypted content is not a text"))?;
            read_services(services, "/servicesEncrypted", &groups, &mut vault, ctx)?;
            vault = vault.protected(crypt::protection());
        }
    }
    let mut extra = backup.rest;
    if !groups.known.is_empty() {
        extra.insert("groups".to_owned(), Value::Array(groups.known));
    }
    if !extra.is_empty() {
        vault.extra.insert(ID.to_owned(), Value::Object(extra));
    }
    Ok(vault)
}

/// A part of the file is not as the apps write it.
fn check_schema(version: Number) -> Result<i128, Error> {
    match version {
        Number::Of(version) if version > SCHEMA.into() => {
            Err(Error::newer(format!("the file is of schema {version}, {SCHEMA} is the newest known"))
                .at(Place::Json("/schemaVersion".to_owned())))
        }
        Number::Of(version) if version >= 1 => Ok(version),
        _ => Err(json::damaged("/schemaVersion", "the schema version is not a number from 1")),
    }
}

/// No app writes plain services beside encrypted ones: which of them count would be a guess.
fn check_no_plain_services(services: Option<&RawValue>) -> Result<(), Error> {
    let plain: Vec<IgnoredAny> = services.and_then(json::entry).unwrap_or_default();
    if plain.is_empty() {
        return Ok(());
    }
    Err(json::damaged("/services", "the file has plain services beside the encrypted ones"))
}

fn read_services(
    text: &str,
    pointer: &str,
    groups: &Groups,
    vault: &mut Vault,
    ctx: &Ctx<'_>,
) -> Result<(), Error> {
    let services: Vec<&RawValue> = serde_json::from_str(text)
        .map_err(|_| json::damaged(pointer, "the list of services cannot be read"))?;
    ctx.limits.check_accounts(services.len())?;
    for (index, raw) in services.into_iter().enumerate() {
        read_service(index, raw, groups, vault);
    }
    Ok(())
}

/// The groups of the backup.
struct Groups {
    /// As the file has them, unused ones included.
    known: Vec<Value>,
    /// Lower-case id to name: Android writes ids in lower case, the iPhone in upper case.
    names: HashMap<String, String>,
}

impl Groups {
    fn read(raw: Option<&RawValue>) -> Result<Self, Error> {
        let known: Vec<Value> = match raw {
            Some(raw) => json::entry(raw)
                .ok_or_else(|| json::damaged("/groups", "the groups have an unexpected shape"))?,
            None => Vec::new(),
        };
        let mut names = HashMap::new();
        for known in &known {
            let field = |name| known.get(name).and_then(Value::as_str);
            if let (Some(id), Some(name)) = (field("id"), field("name")) {
                let name = group::checked_name(name)?;
                names.entry(id.to_ascii_lowercase()).or_insert_with(|| name.to_owned());
            }
        }
        Ok(Self { known, names })
    }

    fn name(&self, id: &str) -> Option<&String> {
        self.names.get(&id.to_ascii_lowercase())
    }
}

fn read_service(index: usize, raw: &RawValue, groups: &Groups, vault: &mut Vault) {
    let Some(mut service) = json::entry::<Service>(raw) else {
        let names: Names = json::entry(raw).unwrap_or_default();
        let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        let skip = Skip::new(Skip::MISSING_FIELD, "a field is missing or of another type than 2FAS writes");
        vault.skipped.push(skip.item(index, &text(Some(&names.name)), &text(names.otp.get("account"))));
        return;
    };
    let parameters = service.otp.take().unwrap_or_default();
    let (issuer, name) = read_names(&service, &parameters);
    match read_otp(&service, &parameters) {
        Ok(otp) => {
            let mut account = Account::new(Credential::Otp(otp), issuer, name);
            account.origin = Origin { format: ID.to_owned(), index, ..Origin::default() };
            account.modified = timestamp(service.updated_at);
            read_group(&service, groups, &mut account, &mut vault.warnings);
            keep_extra(service, parameters, &mut account);
            vault.accounts.push(account);
        }
        Err(skip) => vault.skipped.push(skip.item(index, &issuer, &name)),
    }
}

/// Issuer and account. `name` is the title that the user sees and edits; the issuer in `otp` is
/// what a QR code once said.
fn read_names(service: &Service, otp: &Parameters) -> (String, String) {
    let title = service.name.as_deref().unwrap_or_default().trim();
    let scanned = otp.issuer.as_deref().unwrap_or_default();
    let issuer = if title.is_empty() { scanned } else { title };
    let account = match (&otp.account, &otp.label) {
        // Also when empty: the user has emptied it.
        (Some(account), _) => account,
        (None, Some(label)) => without_prefix(label, [scanned, title]),
        (None, None) => "",
    };
    (issuer.to_owned(), account.to_owned())
}

/// A label `Issuer:account` without the issuer.
fn without_prefix<'a>(label: &'a str, issuers: [&str; 2]) -> &'a str {
    issuers
        .into_iter()
        .filter(|issuer| !issuer.is_empty())
        .find_map(|issuer| label.strip_prefix(issuer)?.strip_prefix(':'))
        .unwrap_or(label)
}

fn read_otp(service: &Service, otp: &Parameters) -> Result<Otp, Skip> {
    let kind = match otp.token_type.as_deref().unwrap_or_default().to_ascii_uppercase().as_str() {
        // Schemas 1 and 2 have no types.
        "" | "TOTP" => Kind::Totp,
        "HOTP" => Kind::Hotp,
        "STEAM" => Kind::Steam,
        _ => {
            return Err(Skip::new(Skip::UNKNOWN_KIND, "its type is not one that 2FAS is known to have"));
        }
    };
    let secret =
        service.secret.as_ref().ok_or_else(|| Skip::new(Skip::NO_SECRET, "the service has no secret"))?;
    let mut draft = Draft::new(kind, base32::secret(secret.expose())?);
    draft.algorithm = Draft::read_algorithm(otp.algorithm.as_deref().unwrap_or_default())?;
    draft.period = otp.period;
    // A Steam code has five characters whatever the file says.
    // Source: the Android app's `ServiceCodeGenerator.generateSteamCode`.
    if kind != Kind::Steam {
        draft.digits = otp.digits;
    }
    draft.counter = match otp.counter {
        // Where the Android app starts to count. Source: `ServiceCodeGenerator.generate`.
        Number::Absent => Number::Of(1),
        counter => counter,
    };
    draft.build()
}

fn read_group(service: &Service, groups: &Groups, account: &mut Account, warnings: &mut Vec<Item>) {
    let Some(id) = service.group_id.as_deref().filter(|id| !id.is_empty()) else {
        return;
    };
    match groups.name(id) {
        Some(name) if name.is_empty() => {}
        Some(name) => account.groups.push(name.clone()),
        None => {
            let message = "it is in a group that the file does not have";
            warnings.push(Item::about(account, "unknown-group", message).field("groups"));
        }
    }
}

/// Keeps what only 2FAS knows: badge, icon, brand, what the QR code called the issuer, and fields
/// that this reader does not know.
fn keep_extra(service: Service, parameters: Parameters, account: &mut Account) {
    let Credential::Otp(otp) = &account.credential else {
        return;
    };
    let mut extra = json::without_secret(service.rest, otp.secret());
    let mut inner = json::without_secret(parameters.rest, otp.secret());
    if let Some(issuer) = parameters.issuer.filter(|issuer| *issuer != account.issuer) {
        inner.insert("issuer".to_owned(), Value::String(issuer));
    }
    if !inner.is_empty() {
        extra.insert("otp".to_owned(), Value::Object(inner));
    }
    if !extra.is_empty() {
        account.extra.insert(ID.to_owned(), Value::Object(extra));
    }
}

/// Milliseconds since 1970; a value that is no time is ignored.
fn timestamp(milliseconds: Number) -> Option<Timestamp> {
    match milliseconds {
        Number::Of(milliseconds) => Timestamp::from_millisecond(i64::try_from(milliseconds).ok()?).ok(),
        Number::Absent | Number::Invalid => None,
    }
}
