//! Writing links with `codeDisplay`, plain or encrypted.

use serde::Serialize;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::crypt::seal;
use super::{ID, MARK, kept_issuer, kept_last_used, kept_uses};
use crate::ctx::Ctx;
use crate::error::{Error, ErrorKind};
use crate::format::Part;
use crate::model::{Account, Kind, Otp, Vault};
use crate::open::otpauth;
use crate::text::{json, percent};

/// The settings of an account, in the app's order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Display<'a> {
    pinned: bool,
    trashed: bool,
    last_used_at: i64,
    tap_count: u64,
    tags: &'a [String],
    note: &'a str,
    position: Value,
    icon_src: Value,
    #[serde(rename = "iconID")]
    icon_id: Value,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

const DISPLAY_KEYS: [&str; 9] =
    ["pinned", "trashed", "lastUsedAt", "tapCount", "tags", "note", "position", "iconSrc", "iconID"];

pub(super) fn encode(vault: &Vault, ctx: &mut Ctx<'_>) -> Result<Part, Error> {
    let mut text = Zeroizing::new(String::with_capacity(vault.accounts.len().saturating_mul(512)));
    for (index, account) in vault.accounts.iter().enumerate() {
        write_link(&mut text, index, account)?;
        text.push('\n');
    }
    match ctx.new_password {
        None => Ok(Part::new(text.as_bytes())),
        Some(password) => json::compact(&seal(text.as_bytes(), password, ctx)?).map(Part),
    }
}

/// Everything but unreserved characters is encoded in every value: the app's importer splits a text
/// with one raw comma at its commas.
fn write_link(uri: &mut String, index: usize, account: &Account) -> Result<(), Error> {
    let otp = account
        .otp()
        .ok_or_else(|| Error::new(ErrorKind::Internal, "an account without a secret cannot be written"))?;
    let extra = account.extra.get(ID);
    let issuer = percent::encode(kept_issuer(account));
    uri.push_str("otpauth://");
    uri.push_str(host(otp));
    uri.push('/');
    uri.push_str(&issuer);
    uri.push(':');
    uri.push_str(&percent::encode(&account.name));
    uri.push_str("?algorithm=");
    uri.push_str(otp.algorithm().name());
    push(uri, "digits", &otp.digits().to_string());
    push(uri, "issuer", &issuer);
    // The app writes a period with counters too, and ignores it.
    push(uri, "period", &otp.period().unwrap_or(30).to_string());
    push(uri, "secret", &otp.secret().to_base32());
    if let Some(counter) = otp.counter() {
        push(uri, "counter", &counter.to_string());
    }
    push_parameters(uri, extra);
    uri.push('&');
    uri.push_str(MARK);
    uri.push_str(&percent::encode(&display(index, account, extra)?));
    Ok(())
}

fn host(otp: &Otp) -> &'static str {
    match otp.kind() {
        Kind::Hotp => "hotp",
        Kind::Steam => "steam",
        _ => "totp",
    }
}

fn push(uri: &mut String, key: &str, encoded: &str) {
    uri.push('&');
    uri.push_str(key);
    uri.push('=');
    uri.push_str(encoded);
}

/// Parameters that the link was read with and that mean nothing to the app.
fn push_parameters(uri: &mut String, extra: Option<&Value>) {
    let kept = extra.and_then(|extra| extra.get("parameters")).and_then(Value::as_object);
    for (key, value) in kept.into_iter().flatten() {
        if let (Value::String(value), false) = (value, otpauth::is_known_parameter(key)) {
            push(uri, &percent::encode(key), &percent::encode(value));
        }
    }
}

/// The settings as JSON. Readers take a `%2C` in it for a comma, so that of a text is hidden.
fn display(index: usize, account: &Account, extra: Option<&Value>) -> Result<String, Error> {
    let kept = extra.and_then(|extra| extra.get("display"));
    let text = |key: &str| {
        kept.and_then(|kept| kept.get(key)).filter(|value| value.is_string()).cloned().unwrap_or("".into())
    };
    let position =
        kept.and_then(|kept| kept.get("position")).filter(|value| value.is_i64() || value.is_u64());
    let display = Display {
        pinned: account.favorite,
        trashed: account.trashed,
        last_used_at: kept_last_used(account).map_or(0, jiff::Timestamp::as_microsecond),
        tap_count: kept_uses(account).unwrap_or(0),
        tags: &account.groups,
        note: &account.note,
        position: position.cloned().unwrap_or_else(|| index.into()),
        icon_src: text("iconSrc"),
        icon_id: text("iconID"),
        rest: json::unknown_fields(kept, &DISPLAY_KEYS),
    };
    let text = serde_json::to_string(&display).map_err(|error| Error::json(&error))?;
    Ok(text.replace("%2C", "\\u00252C"))
}
