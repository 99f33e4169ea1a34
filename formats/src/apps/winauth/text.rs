//! The lines of the text export.

use data_encoding::BASE64;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::ID;
use crate::ctx::Ctx;
use crate::error::{Error, Place};
use crate::model::{
    Account, Algorithm, Credential, Digits, Kind, Number, Origin, Otp, Period, Secret, SecretText, Vault,
};
use crate::open::{label::Names, otpauth, uri_list};
use crate::report::{Item, Skip};
use crate::text::{json, percent};

/// Parameters that the reader of links knows, or that hold secrets: never written from `extra`.
const OWN: [&str; 10] =
    ["secret", "digits", "issuer", "algorithm", "counter", "period", "data", "steam", "encoder", "pin"];
/// The issuers that WinAuth compares by, in any case.
const STEAM: &str = "Steam";
const BATTLE_NET: &str = "BattleNet";
/// The skin of an account that has none: the app's own icon.
const SKIN: &str = "WinAuth";

/// The Steam app's file of an account, which WinAuth keeps whole.
#[derive(Deserialize)]
struct SteamData {
    shared_secret: Option<SecretText>,
}

pub(super) fn decode(text: &str, ctx: &Ctx<'_>) -> Result<Vault, Error> {
    let mut vault = Vault { variant: "text".to_owned(), ..Vault::default() };
    for (index, (line, content)) in uri_list::joined_lines(text, ctx.limits)?.into_iter().enumerate() {
        match parse(&content) {
            Ok((mut account, more)) => {
                account.origin = Origin { format: ID.to_owned(), index, ..Origin::default() };
                if more {
                    let message = "its keys for confirming trades and for recovery are not moved";
                    let item = Item::about(&account, "steam-data", message)
                        .next_step("Keep WinAuth, or the revocation code, for as long as you trade");
                    vault.warnings.push(item);
                }
                vault.accounts.push(account);
            }
            Err((skip, names)) => {
                let item = skip.item(index, &names.issuer, &names.account).at(&Place::Line(line));
                vault.skipped.push(item);
            }
        }
    }
    Ok(vault)
}

/// Reads one line. Says also whether it holds more of Steam than the secret of the codes.
pub(super) fn parse(line: &str) -> Result<(Account, bool), (Skip, Names)> {
    if !line.to_ascii_lowercase().starts_with("otpauth://") {
        let skip = Skip::new(Skip::NOT_AN_ACCOUNT, "this is not the link of an account");
        return Err((skip, Names::default()));
    }
    let mut account = otpauth::parse(&with_plain_blanks(line))?;
    let mut rest = match account.extra.remove("otpauth") {
        Some(Value::Object(rest)) => rest,
        _ => Map::new(),
    };
    rest.remove("label issuer");
    let data = rest.remove("data");
    if account.issuer.eq_ignore_ascii_case(STEAM)
        && let Some(Value::String(data)) = &data
    {
        read_steam(data, &mut account).map_err(|skip| (skip, names(&account)))?;
    }
    if account.issuer.eq_ignore_ascii_case(BATTLE_NET) {
        check_battle_net(&rest, &mut account, line).map_err(|skip| (skip, names(&account)))?;
    }
    if let Some(otp) = account.otp() {
        rest = json::without_secret(rest, otp.secret());
    }
    // The skin that every account without one gets.
    if rest.get("icon").and_then(Value::as_str) == Some(SKIN) {
        rest.remove("icon");
    }
    if !rest.is_empty() {
        account.extra.insert(ID.to_owned(), Value::Object(rest));
    }
    Ok((account, data.is_some()))
}

fn names(account: &Account) -> Names {
    Names { issuer: account.issuer.clone(), account: account.name.clone(), label_issuer: None }
}

/// The app encodes the label as in a form, so `+` is a blank there; the issuer before it is not
/// encoded at all.
fn with_plain_blanks(line: &str) -> String {
    let (path, query) = line.split_once('?').unwrap_or((line, ""));
    let at = path.rfind([':', '/']).map_or(0, |at| at.saturating_add(1));
    let (head, label) = path.split_at_checked(at).unwrap_or(("", path));
    format!("{head}{}?{query}", label.replace('+', "%20"))
}

/// The secret in the data is the one that WinAuth computes with.
fn read_steam(data: &str, account: &mut Account) -> Result<(), Skip> {
    let Some(text) = json::parse::<SteamData>(data).ok().and_then(|data| data.shared_secret) else {
        return Ok(());
    };
    let bytes = BASE64.decode(text.expose().trim().as_bytes()).ok();
    let secret = bytes
        .and_then(Secret::new)
        .ok_or_else(|| Skip::new(Skip::BAD_SECRET, "the secret in the data of Steam is not Base64"))?;
    account.credential = Credential::Otp(Otp::Steam { secret });
    Ok(())
}

/// Battle.net codes have 8 digits, also where the line does not say so.
fn check_battle_net(rest: &Map<String, Value>, account: &mut Account, line: &str) -> Result<(), Skip> {
    let serial = rest.get("serial").and_then(Value::as_str);
    if account.name.is_empty()
        && let Some(serial) = serial
    {
        account.name = serial.to_owned();
    }
    let Credential::Otp(Otp::Totp { digits, .. }) = &mut account.credential else { return Ok(()) };
    let stated = line.split(['?', '&']).find_map(|pair| pair.strip_prefix("digits="));
    if serial.is_some() && stated.is_none_or(|text| Number::parse(text) == Number::Absent) {
        *digits = Digits::EIGHT;
    }
    Ok(())
}

/// The app takes any link, also a counter-based one, whose label begins with one of these issuers for
/// Steam's or Battle.net's kind of account, and stops importing at a serial of another form.
/// Source: the app's `WinAuthHelper.ImportAuthenticators`.
pub(super) fn means_another_kind(account: &Account, otp: &Otp) -> bool {
    // It cuts the decoded label at its first colon.
    let issuer = account.issuer.split(':').next().unwrap_or_default().trim();
    if issuer.eq_ignore_ascii_case(STEAM) {
        return otp.kind() != Kind::Steam;
    }
    if otp.kind() == Kind::Steam || !issuer.eq_ignore_ascii_case(BATTLE_NET) {
        return false;
    }
    let serial = account.extra.get(ID).and_then(|extra| extra.get("serial")).and_then(Value::as_str);
    let usual = match otp {
        Otp::Totp { algorithm, digits, period, .. } => {
            (*algorithm, *digits, *period) == (Algorithm::Sha1, Digits::EIGHT, Period::THIRTY)
        }
        _ => false,
    };
    !(usual && serial.is_some_and(is_serial))
}

/// `EU-1234-1234-1234`, the dashes optional.
fn is_serial(text: &str) -> bool {
    let plain = text.replace('-', "");
    let (region, digits) = plain.split_at_checked(2).unwrap_or_default();
    region.bytes().all(|byte| byte.is_ascii_alphabetic())
        && digits.len() == 12
        && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Writes one line, with the parameters in the order of the app.
pub(super) fn write(account: &Account, otp: &Otp) -> String {
    let issuer = match otp.kind() {
        Kind::Steam => STEAM,
        _ => account.issuer.as_str(),
    };
    let host = if otp.kind() == Kind::Hotp { "hotp" } else { "totp" };
    let name = percent::encode(&account.name);
    // A name with a colon gets an empty issuer in front, or its first half would be read as one.
    let label = match issuer {
        "" if !account.name.contains(':') => name,
        _ => format!("{}:{name}", percent::encode(issuer)),
    };
    let mut uri = format!("otpauth://{host}/{label}?secret=");
    uri.push_str(&otp.secret().to_base32());
    push(&mut uri, "digits", &otp.digits().to_string());
    if !issuer.is_empty() {
        push(&mut uri, "issuer", issuer);
    }
    if otp.algorithm().name() != "SHA1" {
        push(&mut uri, "algorithm", otp.algorithm().name());
    }
    if let Some(counter) = otp.counter() {
        push(&mut uri, "counter", &counter.to_string());
    }
    if let Some(period) = otp.period().filter(|period| *period != 30) {
        push(&mut uri, "period", &period.to_string());
    }
    let kept = json::unknown_fields(account.extra.get(ID), &OWN);
    for (key, value) in &kept {
        if let Value::String(value) = value
            && key.bytes().all(|byte| byte.is_ascii_lowercase())
        {
            push(&mut uri, key, value);
        }
    }
    // Its skin is what tells WinAuth's links from others.
    if !kept.get("icon").is_some_and(Value::is_string) {
        push(&mut uri, "icon", SKIN);
    }
    uri
}

fn push(uri: &mut String, key: &str, value: &str) {
    uri.push('&');
    uri.push_str(key);
    uri.push('=');
    uri.push_str(&percent::encode(value));
}
