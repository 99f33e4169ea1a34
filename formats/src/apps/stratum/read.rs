//! Reading a backup or an HTML export.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use data_encoding::BASE64;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::ID;
use super::crypt::{self, Variant};
use crate::ctx::Ctx;
use crate::error::{Error, Place};
use crate::format::Input;
use crate::model::{
    Account, Algorithm, Credential, Draft, Icon, Kind, Number, Origin, Otp, Secret, SecretText, Vault, group,
};
use crate::open::{label, otpauth, uri_list};
use crate::report::{Item, Skip};
use crate::text::{base32, encoding, html, json};

/// The whole file.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Backup<'a> {
    #[serde(borrow)]
    authenticators: Option<Vec<&'a RawValue>>,
    categories: Option<Vec<Value>>,
    authenticator_categories: Option<Vec<Link>>,
    custom_icons: Option<Vec<CustomIcon>>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// Binds an authenticator to a category by the exact text of its secret.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Link {
    category_id: Option<String>,
    authenticator_secret: Option<SecretText>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CustomIcon {
    id: Option<String>,
    #[serde(default)]
    data: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    #[serde(rename = "Type", default)]
    kind: Number,
    icon: Option<String>,
    issuer: Option<String>,
    username: Option<String>,
    secret: Option<SecretText>,
    pin: Option<SecretText>,
    #[serde(default)]
    algorithm: Number,
    #[serde(default)]
    digits: Number,
    #[serde(default)]
    period: Number,
    #[serde(default)]
    counter: Number,
    #[serde(default)]
    copy_count: Number,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// What a skipped entry is called, when its shape allows to say so.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Names {
    #[serde(default)]
    issuer: Value,
    #[serde(default)]
    username: Value,
}

pub(super) fn decode(input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
    let Some(variant) = Variant::of(input.bytes) else {
        let text = input.text()?;
        return if html::sniff(&text) { decode_html(&text, ctx) } else { decode_json(&text, ctx) };
    };
    let plain = crypt::open(variant, input.bytes, ctx)?;
    let text =
        encoding::decode(&plain).ok_or_else(|| json::damaged("", "the decrypted content is not a text"))?;
    let mut vault = decode_json(&text, ctx)?;
    vault.variant = variant.name().to_owned();
    Ok(vault.protected(variant.protection()))
}

fn decode_json(text: &str, ctx: &Ctx<'_>) -> Result<Vault, Error> {
    let backup: Backup<'_> = json::parse_file(text, ctx.limits)?;
    let entries = backup
        .authenticators
        .ok_or_else(|| json::damaged("/Authenticators", "the list of authenticators is missing"))?;
    ctx.limits.check_accounts(entries.len())?;
    let links = backup.authenticator_categories.unwrap_or_default();
    let context = Context {
        groups: groups(backup.categories.as_deref(), &links)?,
        icons: icons(backup.custom_icons.unwrap_or_default()),
        icon_bytes: Cell::new(ctx.limits.bytes),
    };
    let mut vault = Vault { variant: "backup".to_owned(), ..Vault::default() };
    for (index, raw) in entries.into_iter().enumerate() {
        read_entry(index, raw, &context, &mut vault);
    }
    let mut extra = backup.rest;
    if let Some(categories) = backup.categories.filter(|categories| !categories.is_empty()) {
        extra.insert("Categories".to_owned(), Value::Array(categories));
    }
    if !extra.is_empty() {
        vault.extra.insert(ID.to_owned(), Value::Object(extra));
    }
    Ok(vault)
}

/// What entries refer to.
struct Context<'a> {
    /// By the text of the secret.
    groups: HashMap<&'a str, Group<'a>>,
    /// By id; of two with the same id the first counts.
    icons: HashMap<String, Value>,
    /// How many bytes of pictures may still be kept: many entries can name the same large one.
    icon_bytes: Cell<u64>,
}

fn icons(list: Vec<CustomIcon>) -> HashMap<String, Value> {
    let mut icons = HashMap::new();
    for icon in list {
        if let Some(id) = icon.id {
            icons.entry(id).or_insert(icon.data);
        }
    }
    icons
}

/// The groups of one entry.
#[derive(Default)]
struct Group<'a> {
    names: Vec<&'a str>,
    seen: HashSet<&'a str>,
    /// Whether it is also in one that does not exist.
    unknown: bool,
}

fn groups<'a>(
    categories: Option<&'a [Value]>,
    links: &'a [Link],
) -> Result<HashMap<&'a str, Group<'a>>, Error> {
    let mut names: HashMap<&str, &str> = HashMap::new();
    for category in categories.unwrap_or_default() {
        let field = |name| category.get(name).and_then(Value::as_str);
        if let (Some(id), Some(name)) = (field("Id"), field("Name")) {
            names.entry(id).or_insert(group::checked_name(name)?);
        }
    }
    let mut groups: HashMap<&str, Group<'_>> = HashMap::new();
    for link in links {
        let (Some(id), Some(secret)) = (&link.category_id, &link.authenticator_secret) else { continue };
        let group = groups.entry(secret.expose()).or_default();
        match names.get(id.as_str()) {
            Some(name) if name.is_empty() || !group.seen.insert(name) => {}
            Some(name) => group.names.push(name),
            None => group.unknown = true,
        }
    }
    Ok(groups)
}

fn read_entry(index: usize, raw: &RawValue, context: &Context<'_>, vault: &mut Vault) {
    let Some(entry) = json::entry::<Entry>(raw) else {
        let names: Names = json::entry(raw).unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let skip = Skip::new(Skip::MISSING_FIELD, "a field is of another type than Stratum writes");
        vault.skipped.push(skip.item(index, &text(&names.issuer), &text(&names.username)));
        return;
    };
    match read_otp(&entry) {
        Ok(otp) => read_account(index, entry, otp, context, vault),
        Err(skip) => {
            let name = |name: &Option<String>| name.clone().unwrap_or_default();
            vault.skipped.push(skip.item(index, &name(&entry.issuer), &name(&entry.username)));
        }
    }
}

fn read_otp(entry: &Entry) -> Result<Otp, Skip> {
    let kind = match entry.kind {
        Number::Of(1) => Kind::Hotp,
        Number::Of(2) | Number::Absent => Kind::Totp,
        Number::Of(3) => Kind::Motp,
        Number::Of(4) => Kind::Steam,
        Number::Of(5) => Kind::Yandex,
        _ => return Err(Skip::new(Skip::UNKNOWN_KIND, "its type is not one that Stratum is known to have")),
    };
    let text = entry.secret.as_ref().map_or("", |secret| secret.expose());
    let secret = match kind {
        Kind::Motp => motp_secret(text)?,
        Kind::Yandex => yandex_secret(text)?,
        _ => base32::secret(text)?,
    };
    let mut draft = Draft::new(kind, secret);
    draft.pin = entry.pin.clone();
    // The others have constants, and carry 30 seconds whatever their own period is.
    if matches!(kind, Kind::Totp | Kind::Hotp) {
        draft.algorithm = algorithm(entry.algorithm)?;
        draft.digits = entry.digits;
        draft.period = entry.period;
        draft.counter = entry.counter;
    }
    draft.build()
}

fn algorithm(number: Number) -> Result<Option<Algorithm>, Skip> {
    match number {
        Number::Absent => Ok(None),
        Number::Of(0) => Ok(Some(Algorithm::Sha1)),
        Number::Of(1) => Ok(Some(Algorithm::Sha256)),
        Number::Of(2) => Ok(Some(Algorithm::Sha512)),
        _ => {
            let message = "its algorithm is not one that Stratum is known to have";
            Err(Skip::new(Skip::UNKNOWN_ALGORITHM, message))
        }
    }
}

/// The text takes part in the hash as it is, so it has to be hexadecimal to be the same elsewhere.
fn motp_secret(text: &str) -> Result<Secret, Skip> {
    if text.is_empty() {
        return Err(Skip::new(Skip::NO_SECRET, "the secret is empty"));
    }
    data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok().and_then(Secret::new).ok_or_else(|| {
        let message = "its mOTP secret is not hexadecimal, and no other app makes the same codes from it";
        Skip::new(Skip::BAD_SECRET, message)
    })
}

/// The app takes the first 16 bytes of any longer secret and checks nothing.
/// Source: the app's `YandexOtp` and `SecretUtil`.
fn yandex_secret(text: &str) -> Result<Secret, Skip> {
    let secret = base32::secret(text)?;
    let first: Vec<u8> = secret.expose().iter().copied().take(16).collect();
    Secret::new(first).ok_or_else(|| Skip::new(Skip::NO_SECRET, "the secret is empty"))
}

fn read_account(index: usize, mut entry: Entry, otp: Otp, context: &Context<'_>, vault: &mut Vault) {
    let text = entry.secret.take();
    let text = text.as_ref().map_or("", |secret| secret.expose());
    let mut rest = json::without_secret(std::mem::take(&mut entry.rest), otp.secret());
    let shouted = otp.kind() == Kind::Motp && text.bytes().any(|byte| byte.is_ascii_uppercase());
    let icon = read_icon(entry.icon.as_deref(), context, &mut rest);
    let mut account = Account::new(
        Credential::Otp(otp),
        entry.issuer.unwrap_or_default(),
        entry.username.unwrap_or_default(),
    );
    account.origin = Origin { format: ID.to_owned(), index, ..Origin::default() };
    account.uses = match entry.copy_count {
        Number::Of(count) => u64::try_from(count).ok().filter(|count| *count > 0),
        _ => None,
    };
    if !rest.is_empty() {
        account.extra.insert(ID.to_owned(), Value::Object(rest));
    }
    if shouted {
        let message = "its mOTP secret has capital letters: other apps make other codes from it than Stratum";
        vault.warnings.push(Item::about(&account, "motp-capitals", message).field("secret"));
    }
    if let Some(group) = context.groups.get(text) {
        account.groups = group.names.iter().map(|name| (*name).to_owned()).collect();
        if group.unknown {
            let message = "it is in a group that the file does not have";
            vault.warnings.push(Item::about(&account, "unknown-group", message).field("groups"));
        }
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

/// The picture of an entry could not be read.
struct Dropped;

/// A name of a built-in icon is kept for Stratum; `@` and an id mean a picture of the file.
fn read_icon(
    icon: Option<&str>,
    context: &Context<'_>,
    rest: &mut Map<String, Value>,
) -> Result<Option<Icon>, Dropped> {
    let Some(id) = icon.and_then(|icon| icon.strip_prefix('@')) else {
        if let Some(name) = icon.filter(|name| !name.is_empty()) {
            rest.insert("Icon".to_owned(), Value::String(name.to_owned()));
        }
        return Ok(None);
    };
    let text = context.icons.get(id).and_then(Value::as_str).ok_or(Dropped)?;
    let length = u64::try_from(text.len()).map_err(|_| Dropped)?;
    let left = context.icon_bytes.get().checked_sub(length).ok_or(Dropped)?;
    let data = BASE64.decode(text.as_bytes()).map_err(|_| Dropped)?;
    context.icon_bytes.set(left);
    let mime = match data.as_slice() {
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [0xFF, 0xD8, 0xFF, ..] => "image/jpeg",
        _ => return Err(Dropped),
    };
    Ok(Some(Icon { mime: mime.to_owned(), data }))
}

/// The URI of each account is in a `code` element, and nothing in it is escaped.
/// Source: the app's `HtmlBackup`.
fn decode_html(text: &str, ctx: &Ctx<'_>) -> Result<Vault, Error> {
    let codes = html::elements(text, &["code"]);
    ctx.limits.check_accounts(codes.len())?;
    let mut vault = Vault { variant: "HTML export".to_owned(), ..Vault::default() };
    let complete = text.trim_end().to_ascii_lowercase().ends_with("</html>");
    if !complete {
        return Err(Error::malformed("the page is cut off")
            .at(Place::Line(text.lines().count()))
            .next_step("The file is damaged or incomplete: export or copy it again"));
    }
    for (index, code) in codes.iter().enumerate() {
        match read_link(code.raw.trim()) {
            Ok(mut account) => {
                account.origin = Origin { format: ID.to_owned(), index, ..Origin::default() };
                // Parameters of the URI, such as the length of a PIN, belong to this export only.
                account.extra.clear();
                vault.accounts.push(account);
            }
            Err((skip, names)) => vault.skipped.push(skip.item(index, &names.issuer, &names.account)),
        }
    }
    Ok(vault)
}

/// The app hashes the text of an mOTP secret as it is: other letters or dashes make other codes than
/// the hexadecimal of the same bytes.
fn read_link(uri: &str) -> uri_list::Entry {
    let secret = uri.split_once("secret=").map_or("", |(_, rest)| rest.split('&').next().unwrap_or(rest));
    let plain = secret.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if uri.to_ascii_lowercase().starts_with("motp:") && !plain {
        let message =
            "its mOTP secret is not lower-case hexadecimal, and other apps make other codes from it";
        return Err((Skip::new(Skip::BAD_SECRET, message), label::Names::default()));
    }
    otpauth::parse(&with_short_yandex_secret(uri))
}

/// The app takes the first 16 bytes of a Yandex secret, which are 26 characters, and checks nothing.
fn with_short_yandex_secret(uri: &str) -> Zeroizing<String> {
    let whole = || Zeroizing::new(uri.to_owned());
    let Some((head, rest)) = uri.split_once("secret=").filter(|(head, _)| head.contains("://yaotp/")) else {
        return whole();
    };
    let (secret, tail) = rest.split_at(rest.find('&').unwrap_or(rest.len()));
    match secret.get(..26) {
        Some(first) => Zeroizing::new(format!("{head}secret={first}{tail}")),
        None => whole(),
    }
}
