//! Reading the JSON, the zip around it, or the page for people.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::{HTML_NAME, ID, INFO, JSON_NAME};
use crate::container::zip::{self, Archive};
use crate::ctx::Ctx;
use crate::error::{Error, Place};
use crate::format::Input;
use crate::model::{Account, Credential, Draft, Kind, Number, Origin, Otp, SecretText, Vault};
use crate::report::Skip;
use crate::text::{base32, encoding, html, json};

/// One account. Numbers are written as texts.
#[derive(Default, Deserialize)]
struct Entry {
    issuer: Option<String>,
    account: Option<String>,
    secret: Option<SecretText>,
    algorithm: Option<String>,
    #[serde(default)]
    digits: Number,
    kind: Option<String>,
    #[serde(default)]
    timer: Number,
    #[serde(default)]
    counter: Number,
    /// Since 2023.
    #[serde(default)]
    pinned: Value,
    /// The icon, and what this reader does not know.
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

pub(super) fn decode(input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
    if zip::sniff(input.bytes) {
        return decode_zip(input.bytes, ctx);
    }
    decode_text(&input.text()?, ctx)
}

fn decode_zip(bytes: &[u8], ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
    let mut zip = Archive::open(bytes)?;
    let has = |name: &&&str| zip.names().iter().any(|known| known == **name);
    let name = [JSON_NAME, HTML_NAME].iter().find(has).copied().ok_or_else(|| zip::missing(JSON_NAME))?;
    let encrypted = zip.is_encrypted(name);
    let content: Zeroizing<Vec<u8>> = if encrypted {
        ctx.unlock(&INFO, |password, limits| zip.decrypt(name, password, limits))?
    } else {
        zip.read(name, ctx.limits)?
    };
    let text = encoding::decode(&content)
        .ok_or_else(|| Error::malformed(format!("{name} in the zip archive is not a text")))?;
    let mut vault = decode_text(&text, ctx)?;
    vault.variant = format!("zip with {}", vault.variant);
    vault.encrypted = encrypted;
    Ok(vault)
}

fn decode_text(text: &str, ctx: &Ctx<'_>) -> Result<Vault, Error> {
    if html::sniff(text) { decode_page(text, ctx) } else { decode_json(text, ctx) }
}

fn decode_json(text: &str, ctx: &Ctx<'_>) -> Result<Vault, Error> {
    if text.trim_start().starts_with('{') {
        // Source: the app's `getJSONRepresentation`: an object with a message in place of the list.
        return Err(Error::malformed(
            "the export holds no accounts: the app has noted an error in their place",
        )
        .at(Place::Json(String::new()))
        .next_step("Export again in Raivo OTP, and keep the app until it succeeds"));
    }
    let entries: Vec<&RawValue> = json::parse_file(text, ctx.limits)?;
    ctx.limits.check_accounts(entries.len())?;
    let mut vault = Vault { variant: "JSON".to_owned(), ..Vault::default() };
    for (index, raw) in entries.into_iter().enumerate() {
        match json::entry::<Entry>(raw) {
            Some(entry) => read_entry(index, entry, &mut vault),
            None => {
                let names: Names = json::entry(raw).unwrap_or_default();
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                let skip = Skip::new(Skip::MISSING_FIELD, "a field is of another type than Raivo writes");
                vault.skipped.push(skip.item(index, &text(&names.issuer), &text(&names.account)));
            }
        }
    }
    Ok(vault)
}

fn read_entry(index: usize, entry: Entry, vault: &mut Vault) {
    let otp = read_otp(&entry);
    let issuer = entry.issuer.unwrap_or_default();
    let name = entry.account.unwrap_or_default();
    let otp = match otp {
        Ok(otp) => otp,
        Err(skip) => {
            vault.skipped.push(skip.item(index, &issuer, &name));
            return;
        }
    };
    let rest = json::without_secret(entry.rest, otp.secret());
    let mut account = Account::new(Credential::Otp(otp), issuer, name);
    account.favorite = is_true(&entry.pinned);
    account.origin = Origin { format: ID.to_owned(), index, ..Origin::default() };
    if !rest.is_empty() {
        account.extra.insert(ID.to_owned(), Value::Object(rest));
    }
    vault.accounts.push(account);
}

fn is_true(pinned: &Value) -> bool {
    matches!(pinned, Value::Bool(true)) || pinned.as_str() == Some("true")
}

/// The app writes every field; a default in place of a missing one could give other codes.
fn read_otp(entry: &Entry) -> Result<Otp, Skip> {
    let kind = match entry.kind.as_deref().unwrap_or_default().to_ascii_uppercase().as_str() {
        "TOTP" => Kind::Totp,
        "HOTP" => Kind::Hotp,
        _ => return Err(Skip::new(Skip::UNKNOWN_KIND, "its kind is not one that Raivo is known to have")),
    };
    let secret =
        entry.secret.as_ref().ok_or_else(|| Skip::new(Skip::NO_SECRET, "the entry has no secret"))?;
    let mut draft = Draft::new(kind, base32::secret(secret.expose())?);
    draft.algorithm = Draft::read_algorithm(entry.algorithm.as_deref().unwrap_or_default())?;
    if draft.algorithm.is_none() {
        return Err(missing("algorithm"));
    }
    draft.digits = given(entry.digits, "number of digits")?;
    if kind == Kind::Hotp {
        draft.counter = given(entry.counter, "counter")?;
    } else {
        draft.period = given(entry.timer, "timer")?;
    }
    draft.build()
}

fn given(number: Number, what: &str) -> Result<Number, Skip> {
    if number == Number::Absent { Err(missing(what)) } else { Ok(number) }
}

fn missing(what: &str) -> Skip {
    Skip::new(Skip::MISSING_FIELD, format!("its {what} is missing"))
}

/// For each account a heading with the issuer, one with the account name, and lines `Seed: ...`.
fn decode_page(text: &str, ctx: &Ctx<'_>) -> Result<Vault, Error> {
    if !text.trim_end().to_ascii_lowercase().ends_with("</html>") {
        return Err(Error::malformed("the page is cut off")
            .at(Place::Line(text.lines().count()))
            .next_step("The file is damaged or incomplete: export or copy it again"));
    }
    let mut entries: Vec<Entry> = Vec::new();
    for element in html::elements(text, &["h3", "h4", "span"]) {
        let content = Zeroizing::new(element.text());
        match (element.name, entries.last_mut()) {
            ("h3", _) => entries.push(Entry { issuer: Some((*content).clone()), ..Entry::default() }),
            ("h4", Some(entry)) => entry.account = Some((*content).clone()),
            (_, Some(entry)) => read_line(&content, entry),
            _ => {}
        }
    }
    ctx.limits.check_accounts(entries.len())?;
    let mut vault = Vault { variant: "page".to_owned(), ..Vault::default() };
    for (index, entry) in entries.into_iter().enumerate() {
        read_entry(index, entry, &mut vault);
    }
    Ok(vault)
}

fn read_line(line: &str, entry: &mut Entry) {
    let Some((name, value)) = line.split_once(':') else { return };
    let value = value.trim();
    let number = |unit: &str| Number::parse(value.strip_suffix(unit).unwrap_or(value));
    match name.trim() {
        "Seed" => entry.secret = Some(SecretText::new(value)),
        "Algorithm" => entry.algorithm = Some(value.to_owned()),
        "Length" => entry.digits = number("digits"),
        "Type" => entry.kind = Some(value.to_owned()),
        "Timer" => entry.timer = number("seconds"),
        "Counter" => entry.counter = number(""),
        _ => {}
    }
}
