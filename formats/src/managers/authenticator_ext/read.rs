//! Reading a backup.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::crypt::{self, Key, OldKey, PassPhrase, open};
use super::{HASH, ID, INFO, SITE, SITE_KEY, is_kept_id, links};
use crate::crypt::Phc;
use crate::ctx::Ctx;
use crate::error::{Error, Place};
use crate::format::Input;
use crate::model::{Account, Credential, Draft, Kind, Number, Origin, Otp, Secret, SecretText, Vault};
use crate::open::uri_list;
use crate::report::Skip;
use crate::text::base32;
use crate::text::json::{self, Members};

/// Keys that one file may have: the app makes one for each time that the password is set.
const MOST_KEYS: usize = 16;

/// Members that are none of an account: settings, the key of version 2 and what a bug left of it.
const OTHERS: [&str; 5] = ["key", "enc", "hash", "UserSettings", "LocalStorage"];

pub(super) fn decode(input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
    let text = input.text()?;
    if text.trim_start().starts_with('{') {
        return File::parse(&text, ctx)?.read(ctx);
    }
    let links = links::in_base32(&text);
    let mut vault = uri_list::decode(&Input::new(links.as_bytes()), ctx)?;
    vault.accounts.iter_mut().for_each(|account| ID.clone_into(&mut account.origin.format));
    Ok(vault)
}

/// The file with its entries in the user's order.
struct File {
    entries: Vec<(String, Option<Stored>)>,
    keys: HashMap<String, Key>,
    old_key: OldKey,
}

/// An entry as it is stored; of an encrypted one of version 3 `data`, which holds another one, and what is
/// beside it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    data_type: Option<String>,
    key_id: Option<String>,
    data: Option<String>,
    #[serde(default)]
    index: Number,
    encrypted: Option<bool>,
    hash: Option<String>,
    #[serde(rename = "type", default)]
    kind: Value,
    secret: Option<SecretText>,
    issuer: Option<String>,
    account: Option<String>,
    #[serde(default)]
    counter: Number,
    #[serde(default)]
    period: Number,
    #[serde(default)]
    digits: Number,
    #[serde(default)]
    algorithm: Value,
    pinned: Option<bool>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl File {
    fn parse(text: &str, ctx: &Ctx<'_>) -> Result<Self, Error> {
        let Members(members) = json::parse_file(text, ctx.limits)?;
        ctx.limits.check_accounts(members.len())?;
        let mut file = Self { entries: Vec::new(), keys: HashMap::new(), old_key: OldKey::default() };
        for (name, raw) in members {
            match name.as_str() {
                "key" => file.old_key = json::entry(raw).unwrap_or_default(),
                "enc" => file.old_key.enc = json::entry(raw),
                "hash" => file.old_key.hash = json::entry(raw),
                other if OTHERS.contains(&other) => {}
                id => file.add(id, raw)?,
            }
        }
        // Entries without a place come last.
        file.entries.sort_by_key(|(_, stored)| match stored.as_ref().map(|stored| stored.index) {
            Some(Number::Of(index)) => (0, index),
            _ => (1, 0),
        });
        Ok(file)
    }

    fn add(&mut self, id: &str, raw: &RawValue) -> Result<(), Error> {
        let stored: Option<Stored> = json::entry(raw);
        if stored.as_ref().and_then(|stored| stored.data_type.as_deref()) != Some("Key") {
            self.entries.push((id.to_owned(), stored));
            return Ok(());
        }
        let damaged = || json::damaged(&pointer(id), "a part of the key is missing");
        let key: Key = json::entry(raw).ok_or_else(damaged)?;
        let id = key.id.clone().unwrap_or_else(|| id.to_owned());
        self.keys.insert(id, key);
        if self.keys.len() > MOST_KEYS {
            return Err(json::damaged("", "the file has more keys than the app makes"));
        }
        Ok(())
    }

    fn read(self, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        let phrases = self.pass_phrases(ctx)?;
        let version = match (self.old_secrets().next().is_some(), self.has_old_key()) {
            _ if self.sealed_entries().next().is_some() => "version 3",
            (true, true) => "version 2",
            (true, false) => "version 1",
            (false, _) => "plain",
        };
        let encrypted = version != "plain";
        let protection = encrypted.then(|| crypt::protection(version == "version 3"));
        let mut vault = Vault { variant: version.to_owned(), encrypted, protection, ..Vault::default() };
        for (index, (id, stored)) in self.entries.into_iter().enumerate() {
            let place = Place::Json(pointer(&id));
            let Some(stored) = stored else {
                let skip = Skip::new(Skip::MISSING_FIELD, "a field is of another type than the app writes");
                vault.skipped.push(skip.item(index, "", "").at(&place));
                continue;
            };
            match phrases.opened(stored) {
                Ok(stored) => add(stored, &id, index, &place, &mut vault),
                Err(skip) => vault.skipped.push(skip.item(index, "", "").at(&place)),
            }
        }
        Ok(vault)
    }

    fn stored(&self) -> impl Iterator<Item = &Stored> {
        self.entries.iter().filter_map(|(_, stored)| stored.as_ref())
    }

    fn sealed_entries(&self) -> impl Iterator<Item = &Stored> {
        self.stored().filter(|stored| stored.data.is_some())
    }

    /// The encrypted secrets of versions 1 and 2.
    fn old_secrets(&self) -> impl Iterator<Item = &str> {
        let old = self.stored().filter(|stored| stored.encrypted == Some(true) && stored.data.is_none());
        old.filter_map(|stored| stored.secret.as_ref().map(SecretText::expose))
    }

    fn has_old_key(&self) -> bool {
        self.old_key.enc.is_some()
    }

    /// Asks for passwords as far as anything is encrypted.
    fn pass_phrases(&self, ctx: &mut Ctx<'_>) -> Result<PassPhrases, Error> {
        let mut phrases = PassPhrases::default();
        let mut ids: Vec<&String> = self.keys.keys().collect();
        ids.sort();
        for id in ids {
            let is_used = self.sealed_entries().any(|stored| stored.key_id.as_ref() == Some(id));
            let Some(key) = self.keys.get(id).filter(|_| is_used) else { continue };
            let hash = key.hash(&pointer(id))?;
            let phrase = ctx.unlock(&INFO, |password, limits| key.unlock(&hash, password, limits))?;
            phrases.by_key.insert(id.clone(), phrase);
        }
        if self.old_secrets().next().is_some() {
            phrases.old = Some(self.old_pass_phrase(ctx)?);
        }
        Ok(phrases)
    }

    fn old_pass_phrase(&self, ctx: &mut Ctx<'_>) -> Result<PassPhrase, Error> {
        let Some(sealed) = &self.old_key.enc else {
            // Nothing but what comes out tells whether the password is right.
            return ctx.unlock(&INFO, |password, _| {
                let opens =
                    self.old_secrets().any(|text| open(text, password.expose()).is_some_and(is_secret));
                Ok(opens.then(|| Zeroizing::new(password.expose().to_owned())))
            });
        };
        let hash = self.old_key.hash.as_deref().and_then(Phc::parse);
        let hash = hash.ok_or_else(|| json::damaged("/key/hash", "this is not a hash of Argon2id"))?;
        ctx.unlock(&INFO, |password, limits| OldKey::unlock(sealed, &hash, password, limits))
    }
}

fn pointer(id: &str) -> String {
    format!("/{}", id.replace('~', "~0").replace('/', "~1"))
}

/// Whether a text can be a secret: what a wrong password gives is none.
fn is_secret(text: Zeroizing<String>) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '=' | ' ');
    text.len() >= 4 && text.chars().all(plain)
}

/// What the entries are encrypted with.
#[derive(Default)]
struct PassPhrases {
    by_key: HashMap<String, PassPhrase>,
    old: Option<PassPhrase>,
}

impl PassPhrases {
    fn opened(&self, mut stored: Stored) -> Result<Stored, Skip> {
        let damaged = || Skip::new(Skip::BAD_SECRET, "the password does not open this entry");
        if let Some(data) = &stored.data {
            let phrase = stored
                .key_id
                .as_ref()
                .and_then(|id| self.by_key.get(id))
                .ok_or_else(|| Skip::new(Skip::BAD_SECRET, "the key of this entry is not in the file"))?;
            let text = open(data, phrase).ok_or_else(damaged)?;
            let inner: Stored = serde_json::from_str(&text).map_err(|_| damaged())?;
            return if inner.data.is_none() { Ok(inner) } else { Err(damaged()) };
        }
        if let (Some(true), Some(secret), Some(phrase)) = (stored.encrypted, &stored.secret, &self.old) {
            let mut text =
                open(secret.expose(), phrase).filter(|text| is_secret(text.clone())).ok_or_else(damaged)?;
            stored.secret = Some(SecretText::new(std::mem::take(&mut *text)));
        }
        Ok(stored)
    }
}

fn add(mut stored: Stored, id: &str, index: usize, place: &Place, vault: &mut Vault) {
    let otp = stored.otp();
    let issuer = stored.issuer.take().unwrap_or_default();
    let (issuer, site) = match issuer.find(SITE).map(|at| issuer.split_at(at)) {
        Some((issuer, site)) => (issuer, Some(site)),
        None => (issuer.as_str(), None),
    };
    let name = stored.account.take().unwrap_or_default();
    match otp {
        Ok(otp) => {
            let mut extra = json::without_secret(std::mem::take(&mut stored.rest), otp.secret());
            let id = stored.hash.as_deref().unwrap_or(id);
            let id = Some(id).filter(|id| is_kept_id(id));
            let own = [(HASH, id), (SITE_KEY, site)];
            let own = own.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?.into())));
            extra.extend(own);
            let mut account = Account::new(Credential::Otp(otp), issuer, name);
            account.favorite = stored.pinned.unwrap_or_default();
            account.origin = Origin { format: ID.to_owned(), index, ..Origin::default() };
            if !extra.is_empty() {
                account.extra.insert(ID.to_owned(), Value::Object(extra));
            }
            vault.accounts.push(account);
        }
        Err(skip) => vault.skipped.push(skip.item(index, issuer, &name).at(place)),
    }
}

/// What an entry is made with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Type {
    Totp,
    Hotp,
    Battle,
    Steam,
    Hex,
    HHex,
}

/// The names and the numbers of `OTPType`.
const TYPES: [(&str, Type); 12] = [
    ("totp", Type::Totp),
    ("1", Type::Totp),
    ("hotp", Type::Hotp),
    ("2", Type::Hotp),
    ("battle", Type::Battle),
    ("3", Type::Battle),
    ("steam", Type::Steam),
    ("4", Type::Steam),
    ("hex", Type::Hex),
    ("5", Type::Hex),
    ("hhex", Type::HHex),
    ("6", Type::HHex),
];

/// Beginnings of secrets by which old versions told the type.
const PREFIXES: [(&str, Type); 3] = [("blz-", Type::Battle), ("bliz-", Type::Battle), ("stm-", Type::Steam)];

/// A name, or the number of an enumeration; `None` for anything else.
fn label(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

impl Stored {
    fn otp(&self) -> Result<Otp, Skip> {
        let secret = self.secret.as_ref().map(SecretText::expose).unwrap_or_default();
        let (stated, secret) =
            match PREFIXES.iter().find_map(|(start, kind)| Some((*kind, secret.strip_prefix(start)?))) {
                Some(old) => old,
                None => (self.stated_type()?, secret),
            };
        let key = match stated {
            Type::Hex | Type::HHex => hex(secret),
            Type::Totp | Type::Hotp => base32::secret(secret).or_else(|skip| hex(secret).map_err(|_| skip)),
            Type::Battle | Type::Steam => base32::secret(secret),
        };
        let kind = match stated {
            Type::Totp | Type::Hex | Type::Battle => Kind::Totp,
            Type::Hotp | Type::HHex => Kind::Hotp,
            Type::Steam => Kind::Steam,
        };
        let mut draft = Draft::new(kind, key?);
        draft.algorithm = self.algorithm().map(Draft::read_algorithm).transpose()?.flatten();
        draft.period = self.period;
        draft.counter = self.counter;
        // The app knows how long the codes of the two shops are, whatever stands there.
        draft.digits = match stated {
            Type::Battle => Number::Of(8),
            Type::Steam => Number::Absent,
            _ => self.digits,
        };
        draft.build()
    }

    fn stated_type(&self) -> Result<Type, Skip> {
        let unknown = || Skip::new(Skip::UNKNOWN_KIND, "its type is not one that the app is known to have");
        let name = label(&self.kind).ok_or_else(unknown)?.to_ascii_lowercase();
        // The first versions had one type only.
        if name.is_empty() {
            return Ok(Type::Totp);
        }
        TYPES.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind).ok_or_else(unknown)
    }

    /// The name of the hash. Numbers are those of `OTPAlgorithm`; 4 and 5 are GOST's.
    fn algorithm(&self) -> Option<&str> {
        match &self.algorithm {
            Value::Null => None,
            Value::String(name) => Some(match name.trim() {
                "1" => "SHA1",
                "2" => "SHA256",
                "3" => "SHA512",
                name => name,
            }),
            Value::Number(number) => Some(match number.as_u64() {
                Some(1) => "SHA1",
                Some(2) => "SHA256",
                Some(3) => "SHA512",
                _ => "unknown",
            }),
            _ => Some("unknown"),
        }
    }
}

fn hex(text: &str) -> Result<Secret, Skip> {
    let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).ok();
    match bytes {
        Some(bytes) if bytes.is_empty() => Err(Skip::new(Skip::NO_SECRET, "the secret is empty")),
        bytes => bytes
            .and_then(Secret::new)
            .ok_or_else(|| Skip::new(Skip::BAD_SECRET, "the secret is not hexadecimal")),
    }
}
