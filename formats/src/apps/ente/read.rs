//! Reading an export.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::crypt::{Params, Sealed};
use super::{GLUED, ID, VERSION, is_html, is_steam, page};
use crate::ctx::Ctx;
use crate::error::{Error, Place};
use crate::format::Input;
use crate::model::{Account, Algorithm, Credential, Draft, Kind, Number, Origin, Otp, Vault};
use crate::open::label::Names;
use crate::open::otpauth::{self, Host, Pieces};
use crate::open::uri_list::{self, Entry};
use crate::report::Skip;
use crate::text::{json, percent};

/// The JSON forms: encrypted, or an old list.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File<'a> {
    #[serde(default)]
    version: Number,
    kdf_params: Option<Params>,
    encrypted_data: Option<String>,
    encryption_nonce: Option<String>,
    #[serde(borrow)]
    items: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    raw_data: String,
    #[serde(default)]
    display: Value,
}

/// The keys of `codeDisplay` that the model holds.
const MODEL_KEYS: [&str; 6] = ["pinned", "trashed", "lastUsedAt", "tapCount", "tags", "note"];

pub(super) fn decode(input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
    let text = input.text()?;
    if is_html(&text) {
        return page::decode(&text, ctx);
    }
    if !text.trim_start().starts_with('{') {
        let mut vault = read_text(&text, ctx)?;
        "text".clone_into(&mut vault.variant);
        return Ok(vault);
    }
    let file: File<'_> = json::parse_file(&text, ctx.limits)?;
    match (file.kdf_params, file.encryption_nonce, file.encrypted_data, file.items) {
        (Some(params), Some(nonce), Some(data), _) => {
            json::check_version(file.version, VERSION, "/version")?;
            open(&Sealed::parse(&params, &nonce, &data)?, ctx)
        }
        (None, None, None, Some(items)) => read_items(&items, ctx),
        _ => Err(json::damaged("", "the file lacks a part of its encryption, or its list of accounts")),
    }
}

fn open(sealed: &Sealed, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
    let opened = sealed.open(ctx)?;
    let text = std::str::from_utf8(&opened)
        .map_err(|_| json::damaged("/encryptedData", "the decrypted content is not a text"))?;
    let vault = read_text(text, ctx)?;
    Ok(Vault { variant: format!("version {VERSION}"), ..vault }.protected(sealed.protection()))
}

/// Reads links, one a line; lists with commas between them and quotes around them are met too.
fn read_text(text: &str, ctx: &Ctx<'_>) -> Result<Vault, Error> {
    let mut vault = Vault::default();
    for (line, content) in uri_list::joined_lines(text, ctx.limits)? {
        for uri in uri_list::split(&content) {
            add(&mut vault, read_link(uri, None), &Place::Line(line));
            ctx.limits.check_accounts(vault.entries())?;
        }
    }
    Ok(vault)
}

fn read_items(items: &[&RawValue], ctx: &Ctx<'_>) -> Result<Vault, Error> {
    ctx.limits.check_accounts(items.len())?;
    let mut vault = Vault { variant: "JSON list".to_owned(), ..Vault::default() };
    for (at, raw) in items.iter().enumerate() {
        let entry = match json::entry::<Item>(raw) {
            Some(item) => read_link(&item.raw_data, Some(&item.display)),
            None => Err((Skip::new(Skip::MISSING_FIELD, "the item has no link"), Names::default())),
        };
        add(&mut vault, entry, &Place::Json(format!("/items/{at}")));
    }
    Ok(vault)
}

pub(super) fn add(vault: &mut Vault, entry: Entry, place: &Place) {
    let index = vault.entries();
    match entry {
        Ok(mut account) => {
            account.origin = Origin { format: ID.to_owned(), index, ..Origin::default() };
            vault.accounts.push(account);
        }
        Err((skip, names)) => {
            vault.skipped.push(skip.item(index, &names.issuer, &names.account).at(place));
        }
    }
}

/// Reads one link as the app does. What is no link of Ente is read as any other.
pub(super) fn read_link(uri: &str, display: Option<&Value>) -> Entry {
    if uri_list::scheme_of(uri).is_none() {
        return Err((uri_list::not_an_account(uri), Names::default()));
    }
    let own = Pieces::split(uri).filter(|p| matches!(p.host, Host::Totp | Host::Hotp | Host::Steam));
    let Some(pieces) = own else {
        return otpauth::parse(uri);
    };
    let issuer = issuer(&pieces);
    let name = name(&pieces, &issuer);
    match read_otp(&pieces, &issuer) {
        Ok(otp) => Ok(account(&pieces, otp, issuer, name, display)),
        Err(skip) => {
            let names = Names { issuer, account: name, label_issuer: None };
            Err((skip, names.unless_they_hold_a_secret()))
        }
    }
}

/// The parameter counts when it is there, also when it is empty.
fn issuer(pieces: &Pieces<'_>) -> String {
    match pieces.value("issuer") {
        Some(issuer) => issuer.split_once(GLUED).map_or(issuer.as_str(), |(issuer, _)| issuer).to_owned(),
        None => match percent::decode(pieces.label).split_once(':') {
            Some((prefix, _)) => prefix.to_owned(),
            // The app shows such a label twice.
            None => String::new(),
        },
    }
}

fn name(pieces: &Pieces<'_>, issuer: &str) -> String {
    let label = percent::decode(pieces.label);
    // Covers issuers that contain a colon.
    let after_issuer = label.strip_prefix(issuer).and_then(|rest| rest.strip_prefix(':'));
    let rest = after_issuer.or_else(|| label.split_once(':').map(|(_, name)| name));
    rest.unwrap_or(&label).to_owned()
}

/// Source: the app's `code.dart`: what is no number, such as the `null` of an import from another
/// app, counts as absent, and a hash that it does not know as SHA-1.
fn read_otp(pieces: &Pieces<'_>, issuer: &str) -> Result<Otp, Skip> {
    let kind = match pieces.host {
        Host::Hotp => Kind::Hotp,
        Host::Totp if !is_steam(issuer) => Kind::Totp,
        _ => Kind::Steam,
    };
    let mut draft = Draft::new(kind, pieces.secret(kind)?);
    if kind == Kind::Steam {
        // Five characters, whatever the link says.
        return draft.build();
    }
    let or_absent = |number| if number == Number::Invalid { Number::Absent } else { number };
    draft.algorithm = pieces.value("algorithm").and_then(|name| algorithm(&name));
    draft.digits = or_absent(pieces.number("digits"));
    draft.period = or_absent(pieces.number("period"));
    // The app makes 30 of a counter that is no number; nobody can want that.
    draft.counter = pieces.number("counter");
    draft.build()
}

fn algorithm(name: &str) -> Option<Algorithm> {
    Algorithm::parse(name).filter(|algorithm| matches!(algorithm, Algorithm::Sha256 | Algorithm::Sha512))
}

fn account(pieces: &Pieces<'_>, otp: Otp, issuer: String, name: String, display: Option<&Value>) -> Account {
    let parameters = json::without_secret(pieces.rest(&Names::default()), otp.secret());
    let display = match display {
        Some(Value::Object(display)) => display.clone(),
        _ => pieces.value("codedisplay").and_then(|text| otpauth::code_display(&text)).unwrap_or_default(),
    };
    let display_rest = json::without_secret(rest_of(&display), otp.secret());
    let mut account = Account::new(Credential::Otp(otp), issuer, name);
    otpauth::apply_code_display(&display, &mut account);
    let mut extra = Map::new();
    for (key, fields) in [("display", display_rest), ("parameters", parameters)] {
        if !fields.is_empty() {
            extra.insert(key.to_owned(), Value::Object(fields));
        }
    }
    if !extra.is_empty() {
        account.extra.insert(ID.to_owned(), Value::Object(extra));
    }
    account
}

fn rest_of(display: &Map<String, Value>) -> Map<String, Value> {
    let unknown = display.iter().filter(|(key, _)| !MODEL_KEYS.contains(&key.as_str()));
    unknown.map(|(key, value)| (key.clone(), value.clone())).collect()
}
