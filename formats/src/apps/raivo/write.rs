//! Writing the JSON: every value a text, and every field there, as the app's import demands.

use serde::Serialize;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::ID;
use crate::error::{Error, ErrorKind};
use crate::model::{Account, Otp, Vault};
use crate::text::json;

/// Fields that are written from the model or checked one by one: never taken from `extra`.
const FIELDS: [&str; 11] = [
    "issuer",
    "account",
    "secret",
    "algorithm",
    "digits",
    "kind",
    "timer",
    "counter",
    "pinned",
    "iconType",
    "iconValue",
];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    issuer: &'a str,
    account: &'a str,
    #[serde(serialize_with = "json::exposed")]
    secret: Zeroizing<String>,
    algorithm: &'static str,
    digits: String,
    kind: &'static str,
    timer: String,
    counter: String,
    pinned: &'static str,
    icon_type: &'a str,
    icon_value: &'a str,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

pub(super) fn encode(vault: &Vault) -> Result<Zeroizing<Vec<u8>>, Error> {
    let entries: Vec<Entry<'_>> = vault.accounts.iter().map(Entry::new).collect::<Result<_, _>>()?;
    json::compact(&entries)
}

impl<'a> Entry<'a> {
    fn new(account: &'a Account) -> Result<Self, Error> {
        let internal = || Error::new(ErrorKind::Internal, "an account of this kind cannot be written");
        let otp = account.otp().ok_or_else(internal)?;
        let extra = account.extra.get(ID);
        let kept = |name| extra.and_then(|extra| extra.get(name)).and_then(Value::as_str).unwrap_or_default();
        Ok(Self {
            issuer: &account.issuer,
            account: &account.name,
            secret: otp.secret().to_base32(),
            algorithm: otp.algorithm().name(),
            digits: otp.digits().to_string(),
            kind: match otp {
                Otp::Totp { .. } => "TOTP",
                Otp::Hotp { .. } => "HOTP",
                _ => return Err(internal()),
            },
            // The app writes both with every account, and these where they have no meaning.
            timer: otp.period().unwrap_or(30).to_string(),
            counter: otp.counter().unwrap_or(0).to_string(),
            pinned: if account.favorite { "true" } else { "false" },
            icon_type: kept("iconType"),
            icon_value: kept("iconValue"),
            rest: json::unknown_fields(extra, &FIELDS),
        })
    }
}
