//! Writing a backup of schema 4, as both apps read it.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::crypt::{NewSealed, seal};
use super::{ID, SCHEMA, kept_group, title};
use crate::ctx::Ctx;
use crate::error::{Error, ErrorKind};
use crate::format::Part;
use crate::model::{Account, Kind, Otp, Vault};
use crate::text::json;
use crate::text::uuid::{Uuids, is_uuid};

/// The version of the Android app that this layout is of. The iPhone app requires the fields.
const APP_VERSION_CODE: u32 = 5_000_031;
const APP_VERSION_NAME: &str = "5.5.0";
const APP_ORIGIN: &str = "android";
/// The collection that holds the neutral icon.
const DEFAULT_ICON: &str = "a5b3fb65-4ec5-43e6-8ec1-49e24ca9e7ad";
const DEFAULT_TINT: &str = "LightBlue";
/// The colours of badges and labels; the Android app refuses a file with another.
const TINTS: [&str; 11] = [
    "Default",
    "Red",
    "Orange",
    "Yellow",
    "Green",
    "Turquoise",
    "LightBlue",
    "Indigo",
    "Pink",
    "Purple",
    "Brown",
];

/// Fields that are written from the model or checked one by one: never taken from `extra` as they
/// are.
const BACKUP_FIELDS: [&str; 10] = [
    "services",
    "groups",
    "updatedAt",
    "schemaVersion",
    "appVersionCode",
    "appVersionName",
    "appOrigin",
    "account",
    "servicesEncrypted",
    "reference",
];
/// Of a service and of its `otp`, at both levels: nobody would look for a second secret.
const SERVICE_FIELDS: [&str; 20] = [
    "name",
    "secret",
    "updatedAt",
    "type",
    "serviceTypeID",
    "otp",
    "order",
    "badge",
    "icon",
    "groupId",
    "link",
    "label",
    "account",
    "issuer",
    "digits",
    "period",
    "algorithm",
    "counter",
    "tokenType",
    "source",
];
const GROUP_FIELDS: [&str; 4] = ["id", "name", "isExpanded", "updatedAt"];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Backup<'a> {
    services: Vec<Service<'a>>,
    groups: Vec<Group>,
    updated_at: i64,
    schema_version: u8,
    app_version_code: u32,
    app_version_name: &'static str,
    app_origin: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    services_encrypted: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    id: String,
    name: String,
    is_expanded: bool,
    updated_at: i64,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Service<'a> {
    name: &'a str,
    #[serde(serialize_with = "json::exposed")]
    secret: Zeroizing<String>,
    updated_at: i64,
    #[serde(rename = "serviceTypeID", skip_serializing_if = "Option::is_none")]
    service_type_id: Option<&'a str>,
    otp: Parameters<'a>,
    order: Order,
    #[serde(skip_serializing_if = "Option::is_none")]
    badge: Option<&'a Value>,
    icon: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    group_id: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// `otp`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Parameters<'a> {
    label: &'a str,
    account: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<&'a str>,
    digits: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    period: Option<u32>,
    algorithm: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    counter: Option<u64>,
    token_type: &'static str,
    source: &'static str,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Serialize)]
struct Order {
    position: usize,
}

pub(super) fn encode(vault: &Vault, ctx: &mut Ctx<'_>) -> Result<Part, Error> {
    let mut backup = Backup::new(vault, ctx)?;
    if let Some(password) = ctx.new_password {
        let services = json::compact(&std::mem::take(&mut backup.services))?;
        let NewSealed { services, reference } = seal(&services, password, ctx)?;
        backup.services_encrypted = Some(services);
        backup.reference = Some(reference);
    }
    json::compact(&backup).map(Part)
}

impl<'a> Backup<'a> {
    fn new(vault: &'a Vault, ctx: &mut Ctx<'_>) -> Result<Self, Error> {
        let extra = vault.extra.get(ID);
        let mut groups = Groups::default();
        groups.keep(extra, ctx)?;
        let mut services = Vec::with_capacity(vault.accounts.len());
        for (position, account) in vault.accounts.iter().enumerate() {
            services.push(Service::new(position, account, &mut groups, ctx)?);
        }
        Ok(Self {
            services,
            groups: groups.list,
            updated_at: ctx.now.as_millisecond(),
            schema_version: SCHEMA,
            app_version_code: APP_VERSION_CODE,
            app_version_name: APP_VERSION_NAME,
            app_origin: APP_ORIGIN,
            services_encrypted: None,
            reference: None,
            rest: json::unknown_fields(extra, &BACKUP_FIELDS),
        })
    }
}

impl<'a> Service<'a> {
    fn new(
        position: usize,
        account: &'a Account,
        groups: &mut Groups,
        ctx: &mut Ctx<'_>,
    ) -> Result<Self, Error> {
        let otp = account.otp().ok_or_else(|| {
            Error::new(ErrorKind::Internal, "an account without a secret cannot be written")
        })?;
        let extra = account.extra.get(ID);
        let field = |name| extra.and_then(|extra| extra.get(name));
        let title = title(account);
        Ok(Self {
            name: title,
            secret: otp.secret().to_base32(),
            updated_at: account.modified.unwrap_or(ctx.now).as_millisecond(),
            service_type_id: field("serviceTypeID").and_then(Value::as_str).filter(|id| is_uuid(id)),
            otp: Parameters::new(account, otp, field("otp"))?,
            order: Order { position },
            badge: field("badge").filter(|badge| is_tint(badge.get("color"))),
            icon: field("icon").filter(|icon| is_icon(icon)).cloned().unwrap_or_else(|| label_icon(title)),
            group_id: kept_group(account).map(|name| groups.id(name, ctx)).transpose()?,
            rest: json::unknown_fields(extra, &SERVICE_FIELDS),
        })
    }
}

impl<'a> Parameters<'a> {
    fn new(account: &'a Account, otp: &Otp, extra: Option<&'a Value>) -> Result<Self, Error> {
        let field = |name| extra.and_then(|extra| extra.get(name)).and_then(Value::as_str);
        Ok(Self {
            label: &account.name,
            account: &account.name,
            issuer: [field("issuer").unwrap_or_default(), account.issuer.trim()]
                .into_iter()
                .find(|issuer| !issuer.is_empty()),
            digits: otp.digits(),
            period: otp.period(),
            algorithm: otp.algorithm().name(),
            counter: otp.counter(),
            token_type: token_type(otp.kind())?,
            // The iPhone app writes it in lower case, the Android app takes no other than this.
            source: match field("source") {
                Some(source) if source.eq_ignore_ascii_case("link") => "Link",
                _ => "Manual",
            },
            rest: json::unknown_fields(extra, &SERVICE_FIELDS),
        })
    }
}

fn token_type(kind: Kind) -> Result<&'static str, Error> {
    match kind {
        Kind::Totp => Ok("TOTP"),
        Kind::Hotp => Ok("HOTP"),
        Kind::Steam => Ok("STEAM"),
        Kind::Motp | Kind::Yandex | Kind::NameOnly => {
            Err(Error::new(ErrorKind::Internal, "an account of this kind cannot be written"))
        }
    }
}

/// The icon that the app makes for a service of no known brand.
fn label_icon(title: &str) -> Value {
    let letters = title.chars().filter(|letter| !letter.is_whitespace()).take(2);
    let text: String = letters.flat_map(char::to_uppercase).collect();
    json!({
        "selected": "Label",
        "label": { "text": text, "backgroundColor": DEFAULT_TINT },
        "iconCollection": { "id": DEFAULT_ICON },
    })
}

/// Whether both apps read the icon: the shape of schemas 3 and 4. That of schema 2 makes the
/// iPhone app refuse the file.
fn is_icon(icon: &Value) -> bool {
    let collection = icon.get("iconCollection").and_then(|collection| collection.get("id"));
    let label = match icon.get("label") {
        None | Some(Value::Null) => true,
        Some(label) => {
            label.get("text").is_some_and(Value::is_string) && is_tint(label.get("backgroundColor"))
        }
    };
    matches!(icon.get("selected").and_then(Value::as_str), Some("IconCollection" | "Label"))
        && collection.and_then(Value::as_str).is_some_and(is_uuid)
        && label
        && icon.get("brand").is_none()
}

fn is_tint(color: Option<&Value>) -> bool {
    color.and_then(Value::as_str).is_some_and(|color| TINTS.contains(&color))
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
            let name = group.get("name").and_then(Value::as_str).unwrap_or_default();
            if !name.is_empty() && !self.ids.contains_key(name) {
                self.add(name, group, ctx)?;
            }
        }
        Ok(())
    }

    /// The id of the group of that name, which is added when it is new.
    fn id(&mut self, name: &str, ctx: &mut Ctx<'_>) -> Result<String, Error> {
        match self.ids.get(name) {
            Some(id) => Ok(id.clone()),
            None => self.add(name, &Value::Null, ctx),
        }
    }

    fn add(&mut self, name: &str, known: &Value, ctx: &mut Ctx<'_>) -> Result<String, Error> {
        let id = self.uuids.take(known.get("id").and_then(Value::as_str), ctx)?;
        self.ids.insert(name.to_owned(), id.clone());
        self.list.push(Group {
            id: id.clone(),
            name: name.to_owned(),
            is_expanded: known.get("isExpanded").and_then(Value::as_bool).unwrap_or(true),
            updated_at: known
                .get("updatedAt")
                .and_then(Value::as_i64)
                .unwrap_or_else(|| ctx.now.as_millisecond()),
            rest: json::unknown_fields(Some(known), &GROUP_FIELDS),
        });
        Ok(id)
    }
}
