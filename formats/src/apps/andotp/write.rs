//! Writing a backup, plain or in the new scheme. The app stops reading at the first bad entry and
//! loses the rest without a word, so each is written in full, in the app's own words.

use data_encoding::{BASE32, HEXLOWER};
use serde::Serialize;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::crypt::seal;
use super::{ID, MAX_LONG, kept_name};
use crate::ctx::Ctx;
use crate::error::{Error, ErrorKind};
use crate::format::Part;
use crate::model::{Account, Kind, Otp, Vault};
use crate::text::{json, time};

/// Fields that are written from the model or checked: never taken from `extra` as they are.
const FIELDS: [&str; 12] = [
    "secret",
    "issuer",
    "label",
    "digits",
    "type",
    "algorithm",
    "thumbnail",
    "last_used",
    "used_frequency",
    "period",
    "counter",
    "tags",
];

#[derive(Serialize)]
struct Entry<'a> {
    #[serde(serialize_with = "json::exposed")]
    secret: Zeroizing<String>,
    issuer: &'a str,
    label: &'a str,
    digits: u8,
    #[serde(rename = "type")]
    kind: &'static str,
    algorithm: &'static str,
    thumbnail: &'a str,
    last_used: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    used_frequency: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    period: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    counter: Option<u64>,
    tags: &'a [String],
    #[serde(flatten)]
    rest: Map<String, Value>,
}

pub(super) fn encode(vault: &Vault, ctx: &mut Ctx<'_>) -> Result<Part, Error> {
    let entries = vault.accounts.iter().map(Entry::new).collect::<Result<Vec<_>, _>>()?;
    let plain = json::compact(&entries)?;
    match ctx.new_password {
        Some(password) => seal(&plain, password, ctx).map(Part::new),
        None => Ok(Part(plain)),
    }
}

impl<'a> Entry<'a> {
    fn new(account: &'a Account) -> Result<Self, Error> {
        let otp = account.otp().ok_or_else(|| {
            Error::new(ErrorKind::Internal, "an account without a secret cannot be written")
        })?;
        let extra = account.extra.get(ID);
        let thumbnail = extra.and_then(|extra| extra.get("thumbnail")).and_then(Value::as_str);
        let kind = otp.kind();
        Ok(Self {
            secret: secret(otp),
            issuer: &account.issuer,
            label: kept_name(account),
            digits: otp.digits(),
            kind: name_of(kind)?,
            algorithm: if kind == Kind::Motp { "SHA1" } else { otp.algorithm().name() },
            thumbnail: thumbnail.unwrap_or("Default"),
            last_used: time::last_used_number(account.last_used),
            used_frequency: account.uses.filter(|uses| *uses <= MAX_LONG),
            period: otp.period().filter(|_| kind == Kind::Totp),
            counter: otp.counter(),
            tags: &account.groups,
            rest: json::unknown_fields(extra, &FIELDS),
        })
    }
}

/// Base32 with padding, as the app writes it; of an mOTP account that of its hexadecimal text.
fn secret(otp: &Otp) -> Zeroizing<String> {
    let bytes = otp.secret().expose();
    match otp.kind() {
        Kind::Motp => {
            let text = Zeroizing::new(HEXLOWER.encode(bytes));
            Zeroizing::new(BASE32.encode(text.as_bytes()))
        }
        _ => Zeroizing::new(BASE32.encode(bytes)),
    }
}

fn name_of(kind: Kind) -> Result<&'static str, Error> {
    match kind {
        Kind::Totp => Ok("TOTP"),
        Kind::Hotp => Ok("HOTP"),
        Kind::Steam => Ok("STEAM"),
        Kind::Motp => Ok("MOTP"),
        Kind::Yandex | Kind::NameOnly => {
            Err(Error::new(ErrorKind::Internal, "an account of this kind cannot be written"))
        }
    }
}
