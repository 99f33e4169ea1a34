//! `2fauth`: the export of the web app 2FAuth in its own JSON, and the answer of its API with links.
//!
//! Source: `TwoFAccountExportResource`, `TwoFAuthMigrator`, `TwoFAccount` and
//! `TwoFAccountStoreRequest` of 2FAuth.

use data_encoding::BASE64;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::caps::{Caps, Field, Fit, Groups, Periods};
use crate::ctx::{Ctx, Limits};
use crate::error::{Error, ErrorKind, Place};
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::model::{
    Account, Algorithm, Credential, Draft, Icon, Kind, Number, Origin, Otp, SecretText, Vault,
};
use crate::open::{label::Names, otpauth};
use crate::probe::{Node, Probe};
use crate::report::{Item, Skip};
use crate::text::{base32, json};

/// 2FAuth.
pub(crate) struct TwoFAuth;

const ID: &str = "2fauth";

/// The newest version of the layout.
const SCHEMA: u8 = 1;
/// What the app calls itself in a file; its importer goes by the beginning.
const MARK: &str = "2fauth_";
/// The version that is written: the importer asks for one.
const APP: &str = "2fauth_v5.6.0";
/// The service by which the app knows Steam, in any case.
const STEAM: &str = "steam";
/// The name of an account that has no name at all; the app does not take an empty one.
const UNNAMED: &str = "Unnamed";

static INFO: Info = Info {
    id: ID,
    title: "2FAuth",
    aliases: &[],
    extensions: &["json"],
    reads_encrypted: false,
    unverified: None,
    write: &[Writing {
        form: "",
        caps: CAPS,
        encryption: Encryption::Never,
        any_password: true,
        carrier: Carrier::File,
        file_name: "2fauth_export.json",
        encrypted_file_name: "2fauth_export.json",
        import_help: "In 2FAuth, New > Import > Load file",
    }],
    export_help: "In 2FAuth, Manage > select the accounts > Export > 2FAuth format",
};

const CAPS: Caps = Caps {
    app: "2FAuth",
    kinds: &[Kind::Totp, Kind::Hotp, Kind::Steam],
    algorithms: &[Algorithm::Md5, Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512],
    // Source: `TwoFAccountStoreRequest`.
    digits: &[5, 6, 7, 8, 9, 10],
    periods: Periods::UpTo(u32::MAX),
    // It goes through the browser, whose numbers are exact up to here.
    max_counter: (1 << 53) - 1,
    secret_bytes: (1, usize::MAX),
    needs_pin: false,
    groups: Groups::None,
    fields: &[Field::Icon],
};

impl Format for TwoFAuth {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        let Some(json) = probe.json() else { return Confidence::No };
        let is_marked = json.get("app").and_then(Node::text).is_some_and(|app| app.starts_with(MARK));
        match (is_marked, json.get("data")) {
            (true, Some(Node::Array(_))) => Confidence::Sure,
            (true, _) => Confidence::Likely,
            (false, Some(Node::Array(Some(first))))
                if first.get("otp_type").is_some() && first.get("service").is_some() =>
            {
                Confidence::Likely
            }
            _ => Confidence::No,
        }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        decode(input, ctx.limits).map_err(|error| error.in_format(ID))
    }

    fn fit(&self, _: &Writing, accounts: &[Account]) -> Vec<Fit> {
        accounts.iter().map(fit).collect()
    }

    fn encode(&self, _: &Writing, vault: &Vault, ctx: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        encode(vault, ctx).map(|part| vec![part]).map_err(|error| error.in_format(ID))
    }
}

// --- reading

#[derive(Deserialize)]
struct Export<'a> {
    #[serde(default)]
    schema: Number,
    #[serde(default)]
    datetime: Value,
    #[serde(rename = "app")]
    _app: Option<serde::de::IgnoredAny>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

fn decode(input: &Input<'_>, limits: &Limits) -> Result<Vault, Error> {
    let text = input.text()?;
    let export: Export<'_> = json::parse_file(&text, limits)?;
    let entries: Vec<&RawValue> = export
        .data
        .and_then(json::entry)
        .ok_or_else(|| json::damaged("/data", "the list of accounts is missing"))?;
    limits.check_accounts(entries.len())?;
    let is_links = export.schema == Number::Absent;
    if !is_links {
        json::check_version(export.schema, SCHEMA, "/schema")?;
    }
    let variant = if is_links { "links".to_owned() } else { format!("schema {SCHEMA}") };
    let created = export.datetime.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let mut vault = Vault { variant, created, ..Vault::default() };
    for (index, raw) in entries.into_iter().enumerate() {
        let place = Place::Json(format!("/data/{index}"));
        let entry = match json::entry::<Link>(raw) {
            Some(link) => otpauth::parse(link.uri.expose()).map(|account| (account, true)),
            None => read_entry(raw),
        };
        match entry {
            Ok((account, has_icon)) => add(account, has_icon, index, &mut vault),
            Err((skip, names)) => {
                vault.skipped.push(skip.item(index, &names.issuer, &names.account).at(&place));
            }
        }
    }
    if !export.rest.is_empty() {
        vault.extra.insert(ID.to_owned(), Value::Object(export.rest));
    }
    Ok(vault)
}

/// An entry of the API's answer.
#[derive(Deserialize)]
struct Link {
    uri: SecretText,
}

#[derive(Deserialize)]
struct Entry {
    otp_type: Option<String>,
    account: Option<String>,
    service: Option<String>,
    #[serde(default)]
    icon_mime: Value,
    #[serde(default)]
    icon_file: Value,
    secret: Option<SecretText>,
    #[serde(default)]
    digits: Number,
    algorithm: Option<String>,
    #[serde(default)]
    period: Number,
    #[serde(default)]
    counter: Number,
    /// The link that the account was made from: it may be stale, and the server may have encrypted it.
    #[serde(rename = "legacy_uri")]
    _legacy_uri: Option<serde::de::IgnoredAny>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// The account, and whether its picture could be read.
fn read_entry(raw: &RawValue) -> Result<(Account, bool), (Skip, Names)> {
    let Some(entry) = json::entry::<Entry>(raw) else {
        let skip = Skip::new(Skip::MISSING_FIELD, "a field is of another type than 2FAuth writes");
        return Err((skip, Names::default()));
    };
    let otp = entry.otp();
    let icon = entry.icon();
    let name = |name: Option<String>| name.unwrap_or_default();
    let (issuer, account) = (name(entry.service), name(entry.account));
    match otp {
        Ok(otp) => {
            let rest = json::without_secret(entry.rest, otp.secret());
            let mut account = Account::new(Credential::Otp(otp), issuer, account);
            if !rest.is_empty() {
                account.extra.insert(ID.to_owned(), Value::Object(rest));
            }
            let has_icon = icon.is_ok();
            account.icon = icon.unwrap_or_default();
            Ok((account, has_icon))
        }
        Err(skip) => Err((skip, Names { issuer, account, label_issuer: None })),
    }
}

fn add(mut account: Account, has_icon: bool, index: usize, vault: &mut Vault) {
    account.origin = Origin { format: ID.to_owned(), index, ..Origin::default() };
    if !has_icon {
        let message = "its picture cannot be read and is left out";
        vault.warnings.push(Item::about(&account, "icon-dropped", message).field("icon"));
    }
    vault.accounts.push(account);
}

/// The picture of an entry could not be read.
struct Dropped;

impl Entry {
    fn otp(&self) -> Result<Otp, Skip> {
        let kind = match self.otp_type.as_deref().map(str::to_ascii_lowercase).as_deref() {
            None => return Err(Skip::new(Skip::MISSING_FIELD, "its type is missing")),
            // The app goes by the service, whatever the type says.
            Some("totp" | "hotp") if self.service.as_deref().is_some_and(is_steam) => Kind::Steam,
            Some("steamtotp") => Kind::Steam,
            Some("totp") => Kind::Totp,
            Some("hotp") => Kind::Hotp,
            Some(_) => {
                return Err(Skip::new(
                    Skip::UNKNOWN_KIND,
                    "its type is not one that 2FAuth is known to have",
                ));
            }
        };
        let secret = self.secret.as_ref().map(SecretText::expose).unwrap_or_default();
        let mut draft = Draft::new(kind, base32::secret(secret)?);
        // The app makes Steam codes in its one way, whatever else the file says.
        if kind != Kind::Steam {
            draft.algorithm = Draft::read_algorithm(self.algorithm.as_deref().unwrap_or_default())?;
            draft.digits = self.digits;
            draft.period = self.period;
            draft.counter = self.counter;
        }
        draft.build()
    }

    fn icon(&self) -> Result<Option<Icon>, Dropped> {
        match (&self.icon_file, &self.icon_mime) {
            (Value::Null, _) => Ok(None),
            (Value::String(file), Value::String(mime)) if is_known_mime(mime) => {
                let data = BASE64.decode(file.as_bytes()).map_err(|_| Dropped)?;
                Ok((!data.is_empty()).then(|| Icon { mime: mime.clone(), data }))
            }
            _ => Err(Dropped),
        }
    }
}

fn is_steam(service: &str) -> bool {
    service.eq_ignore_ascii_case(STEAM)
}

fn is_known_mime(mime: &str) -> bool {
    const KNOWN: [&str; 6] =
        ["image/svg+xml", "image/png", "image/jpeg", "image/bmp", "image/x-ms-bmp", "image/webp"];
    KNOWN.contains(&mime)
}

// --- writing

/// Fields that are written from the model: never taken from `extra`.
const FILE_FIELDS: [&str; 4] = ["app", "schema", "datetime", "data"];
const ENTRY_FIELDS: [&str; 11] = [
    "otp_type",
    "account",
    "service",
    "icon_mime",
    "icon_file",
    "secret",
    "digits",
    "algorithm",
    "period",
    "counter",
    "legacy_uri",
];

fn fit(account: &Account) -> Fit {
    let mut fit = CAPS.check(account);
    if fit.refused.is_some() {
        return fit;
    }
    let (service, name) = written_names(account);
    if account.kind() != Kind::Steam && is_steam(&service) {
        return Fit::refuse(
            "not-expressible",
            "2FAuth shows Steam Guard codes for every account with the issuer Steam",
            "Give this account another issuer in the old app, or move it to another app",
        );
    }
    if service != account.issuer {
        fit.change(
            Field::Issuer,
            format!("2FAuth takes no colons in names: the issuer becomes \"{service}\""),
        );
    }
    if name != account.name {
        let why = if account.name.is_empty() { "needs an account name" } else { "takes no colons in names" };
        fit.change(Field::Account, format!("2FAuth {why}: it becomes \"{name}\""));
    }
    if account.icon.is_some() && kept_icon(account).is_none() {
        fit.change(Field::Icon, "2FAuth cannot show its kind of picture, which is left behind");
    }
    fit
}

/// Service and account name as the app takes them: without colons and without blanks around, and never
/// an empty account name. Source: `TwoFAccountStoreRequest` and Laravel's `TrimStrings`.
fn written_names(account: &Account) -> (String, String) {
    let service = without_colons(&account.issuer);
    let name = match without_colons(&account.name) {
        name if !name.is_empty() => name,
        _ if !service.is_empty() => service.clone(),
        _ => UNNAMED.to_owned(),
    };
    (service, name)
}

fn without_colons(name: &str) -> String {
    let is_trimmed = |c: char| c.is_whitespace() || matches!(c, '\0' | '\u{feff}' | '\u{200b}' | '\u{200e}');
    let parts = name.split(':').map(|part| part.trim_matches(is_trimmed)).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(" ")
}

/// The picture, when the app can show its kind.
fn kept_icon(account: &Account) -> Option<&Icon> {
    account.icon.as_ref().filter(|icon| is_known_mime(&icon.mime) && !icon.data.is_empty())
}

#[derive(Serialize)]
struct NewExport {
    app: &'static str,
    schema: u8,
    datetime: String,
    data: Vec<NewEntry>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// An account with every key that the importer asks for.
#[derive(Serialize)]
struct NewEntry {
    otp_type: &'static str,
    account: String,
    service: Option<String>,
    icon_mime: Option<String>,
    icon_file: Option<String>,
    #[serde(serialize_with = "json::exposed")]
    secret: Zeroizing<String>,
    digits: u8,
    algorithm: String,
    period: Option<u32>,
    counter: Option<u64>,
    #[serde(serialize_with = "json::exposed")]
    legacy_uri: Zeroizing<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

fn encode(vault: &Vault, ctx: &Ctx<'_>) -> Result<Part, Error> {
    let export = NewExport {
        app: APP,
        schema: SCHEMA,
        datetime: ctx.now.to_string(),
        data: vault.accounts.iter().map(NewEntry::new).collect::<Result<_, _>>()?,
        rest: json::unknown_fields(vault.extra.get(ID), &FILE_FIELDS),
    };
    json::pretty(&export, b"    ").map(|text| Part(without_ampersands(&text)))
}

/// The importer decodes HTML's entities in the whole text before it reads the JSON, so a name with
/// `&quot;` would break it. In JSON `&` stands in texts only, and can be written as an escape.
fn without_ampersands(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let count = text.iter().filter(|byte| **byte == b'&').count();
    let mut out = Zeroizing::new(Vec::with_capacity(text.len().saturating_add(count.saturating_mul(5))));
    for byte in text {
        match byte {
            b'&' => out.extend_from_slice(b"\\u0026"),
            other => out.push(*other),
        }
    }
    out
}

impl NewEntry {
    fn new(account: &Account) -> Result<Self, Error> {
        let otp = account.otp().ok_or_else(|| {
            Error::new(ErrorKind::Internal, "an account without a secret cannot be written")
        })?;
        let (service, name) = written_names(account);
        let link = Account::new(account.credential.clone(), service.as_str(), name.as_str());
        let icon = kept_icon(account);
        Ok(Self {
            otp_type: match otp.kind() {
                Kind::Hotp => "hotp",
                Kind::Steam => "steamtotp",
                _ => "totp",
            },
            account: name,
            service: (!service.is_empty()).then_some(service),
            icon_mime: icon.map(|icon| icon.mime.clone()),
            icon_file: icon.map(|icon| BASE64.encode(&icon.data)),
            secret: otp.secret().to_base32(),
            digits: otp.digits(),
            algorithm: otp.algorithm().name().to_ascii_lowercase(),
            period: otp.period(),
            counter: otp.counter(),
            legacy_uri: Zeroizing::new(otpauth::write(&link, otp)),
            rest: json::unknown_fields(account.extra.get(ID), &ENTRY_FIELDS),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctx::NoPasswords;
    use crate::testing;

    const EXPORT: &[u8] = include_bytes!("../../../fixtures/2fauth/schema-1.json");

    #[test]
    fn what_is_written_has_every_key_and_no_ampersand() {
        testing::with_ctx(&mut NoPasswords, |ctx| {
            let mut vault = TwoFAuth.decode(&Input::new(EXPORT), ctx).unwrap();
            vault.accounts.truncate(1);
            vault.accounts[0].issuer = "A&quot;B".to_owned();
            let parts = testing::form(&TwoFAuth).encode(&vault, ctx).unwrap();
            let text = std::str::from_utf8(&parts[0].0).unwrap();
            assert!(text.starts_with(
                r#"{
    "app": "2fauth_v5.6.0",
    "schema": 1,
    "datetime": "2024-05-01T10:00:00Z",
    "data": [
        {
            "otp_type": "totp",
            "account": "bob",
            "service": "A\u0026quot;B",
            "icon_mime": null,
            "icon_file": null,
            "secret": "CANARYALPHACANARYALPHACANARYALPH",
            "digits": 8,
            "algorithm": "sha256",
            "period": 60,
            "counter": null,
            "legacy_uri": "otpauth://totp/A%26quot%3BB:bob?secret=CANARYALPHACANARYALPHACANARYALPH\u0026issuer="#
            ));
            assert!(!text.contains('&'));
        });
    }

    #[test]
    fn names_lose_colons_and_are_never_empty() {
        for (issuer, name, wanted) in [
            ("Acme", "bob", ("Acme", "bob")),
            ("A: B", "c:d", ("A B", "c d")),
            (" Acme ", "", ("Acme", "Acme")),
            (":", "::", ("", "Unnamed")),
        ] {
            let otp = Otp::Steam { secret: crate::model::Secret::new(vec![1; 20]).unwrap() };
            let account = Account::new(Credential::Otp(otp), issuer, name);
            let (service, name) = written_names(&account);
            assert_eq!((service.as_str(), name.as_str()), wanted);
        }
    }
}
