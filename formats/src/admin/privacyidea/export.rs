//! What `pi-tokenjanitor` exports: a table, and JSON sealed in a Fernet token.

use data_encoding::BASE64URL;
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{ID, INFO, assigned};
use crate::admin::token::{self, Tokens};
use crate::crypt::aes_cbc_open;
use crate::ctx::{Ctx, Limits};
use crate::error::{Error, Place};
use crate::model::{Account, Draft, Kind, Number, Otp, SecretText, Vault};
use crate::report::Skip;
use crate::text::{base32, json};

/// How a Fernet token begins: version 0x80 and the upper half of a time until the year 2106.
const FERNET: &str = "gAAAAA";
/// Version, time and IV before the sealed text, and the tag after it.
const BEFORE: usize = 25;
const TAG: usize = 32;

/// Whether the text is one Fernet token.
pub(super) fn is_sealed(text: &str) -> bool {
    let token = text.trim();
    let is_letter = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'=');
    token.starts_with(FERNET) && token.bytes().all(is_letter)
}

/// Whether the lines are `owner, serial, key, type, digits`.
pub(super) fn is_table(text: &str) -> bool {
    text.lines().find(|line| !line.trim().is_empty()).is_some_and(|line| {
        let row = Row::of(line);
        matches!(row.kind, "hotp" | "totp")
            && row.key().is_ok()
            && matches!(Number::parse(row.digits), Number::Of(_))
    })
}

struct Row<'t> {
    owner: &'t str,
    serial: &'t str,
    key: &'t str,
    kind: &'t str,
    digits: &'t str,
    period: &'t str,
}

impl<'t> Row<'t> {
    fn of(line: &'t str) -> Self {
        let mut cells = line.split(',').map(str::trim);
        let mut next = || cells.next().unwrap_or_default();
        Self { owner: next(), serial: next(), key: next(), kind: next(), digits: next(), period: next() }
    }

    /// In hexadecimal, and with `--b32` in base32.
    fn key(&self) -> Result<crate::model::Secret, Skip> {
        token::hex_secret(self.key).or_else(|skip| base32::secret(self.key).map_err(|_| skip))
    }

    /// Login and realm; nobody's is `n/a`.
    fn person(&self) -> (&'t str, &'t str) {
        match self.owner {
            "n/a" => ("", ""),
            owner => owner.rsplit_once('@').unwrap_or((owner, "")),
        }
    }

    fn otp(&self) -> Result<Otp, Skip> {
        let mut draft = Draft::new(kind(self.kind)?, self.key()?);
        draft.digits = Number::parse(self.digits);
        draft.period = Number::parse(self.period);
        draft.build()
    }
}

fn kind(text: &str) -> Result<Kind, Skip> {
    match text {
        "hotp" => Ok(Kind::Hotp),
        "totp" => Ok(Kind::Totp),
        _ => Err(Skip::new(Skip::UNKNOWN_KIND, "it is a token of a type that no app shows codes of")),
    }
}

pub(super) fn decode_table(text: &str, limits: &Limits) -> Result<Vault, Error> {
    let mut tokens = Tokens::new(ID, "table of pi-tokenjanitor", limits);
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let row = Row::of(line);
        let (login, realm) = row.person();
        let token = row.otp().map(|otp| {
            let device = token::device(row.serial, "", "");
            assigned(Account { device, ..token::account(otp, row.serial) }, login, "", realm)
        });
        let is_account = token.is_ok();
        // A line that is cut wrongly may have its key in any column.
        let name = if is_account || kind(row.kind).is_ok() { row.serial } else { "" };
        tokens.take(token, name, &Place::Line(at.saturating_add(1)))?;
        if is_account {
            tokens.warn_of_last(
                "hash-unknown",
                "this table says neither hash nor counter; SHA1 and 0 are taken",
                "Export with --format pi, which says both, where a token may have others",
            );
        }
    }
    Ok(tokens.finish())
}

pub(super) fn decode_sealed(text: &str, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
    let damaged = || Error::malformed("the sealed text is cut off or damaged").next_step("Export it again");
    let sealed = BASE64URL.decode(text.trim().as_bytes()).map_err(|_| damaged())?;
    if sealed.len() < BEFORE.saturating_add(TAG) {
        return Err(damaged());
    }
    let plain = ctx.unlock(&INFO, |key, _| Ok(open(&sealed, key)))?;
    let text = std::str::from_utf8(&plain).map_err(|_| damaged())?;
    Ok(Vault { encrypted: true, ..decode_json(text, ctx.limits)? })
}

/// Opens a Fernet token; the password is its key in base64.
/// Source: the Fernet specification.
fn open(sealed: &[u8], key: &SecretText) -> Option<Zeroizing<Vec<u8>>> {
    let key = Zeroizing::new(BASE64URL.decode(key.expose().trim().as_bytes()).ok()?);
    let (signing, encrypting) = key.split_at_checked(16).filter(|(_, rest)| rest.len() == 16)?;
    let (signed, tag) = sealed.split_at_checked(sealed.len().checked_sub(TAG)?)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(signing).ok()?;
    mac.update(signed);
    mac.verify_slice(tag).ok()?;
    let iv: &[u8; 16] = signed.get(9..BEFORE)?.try_into().ok()?;
    aes_cbc_open(encrypting, iv, signed.get(BEFORE..)?)
}

#[derive(Deserialize)]
struct Token {
    #[serde(default)]
    serial: String,
    #[serde(rename = "type")]
    kind: String,
    otpkey: Option<SecretText>,
    #[serde(default)]
    otplen: Number,
    #[serde(default)]
    count: Number,
    description: Option<String>,
    issuer: Option<String>,
    #[serde(default, deserialize_with = "json::null_is_default")]
    info_list: Details,
    user: Option<User>,
}

#[derive(Default, Deserialize)]
struct Details {
    #[serde(default, deserialize_with = "json::null_is_default")]
    hashlib: String,
    #[serde(default, rename = "timeStep")]
    period: Number,
}

#[derive(Deserialize)]
struct User {
    #[serde(default, deserialize_with = "json::null_is_default")]
    login: String,
    #[serde(default, deserialize_with = "json::null_is_default")]
    realm: String,
    #[serde(default, deserialize_with = "json::null_is_default")]
    resolver: String,
}

fn decode_json(text: &str, limits: &Limits) -> Result<Vault, Error> {
    let items: Vec<&RawValue> = json::parse_file(text, limits)?;
    let mut tokens = Tokens::new(ID, "sealed export of pi-tokenjanitor", limits);
    for (at, raw) in items.into_iter().enumerate() {
        let place = Place::Json(format!("/{at}"));
        match json::entry::<Token>(raw) {
            Some(token) => tokens.take(token.read(), &token.serial, &place)?,
            None => {
                let message = "a field is missing or of another type than privacyIDEA writes";
                tokens.take(Err(Skip::new(Skip::MISSING_FIELD, message)), "", &place)?;
            }
        }
    }
    Ok(tokens.finish())
}

impl Token {
    fn read(&self) -> Result<Account, Skip> {
        let kind = kind(&self.kind)?;
        let key = self.otpkey.as_ref().map_or("", SecretText::expose);
        let mut draft = Draft::new(kind, token::hex_secret(key)?);
        draft.algorithm = Draft::read_algorithm(&self.info_list.hashlib)?;
        draft.digits = self.otplen;
        draft.period = self.info_list.period;
        draft.counter = self.count;
        let mut account = token::account(draft.build()?, &self.serial);
        account.issuer = self.issuer.clone().unwrap_or_default();
        account.note = self.description.clone().unwrap_or_default();
        account.device = token::device(&self.serial, "", "");
        Ok(match &self.user {
            Some(user) => assigned(account, &user.login, &user.resolver, &user.realm),
            None => account,
        })
    }
}
