//! Writing a backup, plain or with strong encryption.

use std::collections::{HashMap, HashSet};

use data_encoding::{BASE64, HEXLOWER};
use serde::Serialize;
use serde_json::{Map, Value};
use sha1::{Digest, Sha1};
use zeroize::Zeroizing;

use super::{ID, crypt, kept_groups, kept_icon, kept_uses, names, secret_text};
use crate::ctx::Ctx;
use crate::error::{Error, ErrorKind};
use crate::format::Part;
use crate::model::{Account, Algorithm, Icon, Otp, SecretText, Vault};
use crate::text::json;

/// Fields that are written from the model or checked one by one: never taken from `extra`.
const BACKUP_FIELDS: [&str; 4] = ["Authenticators", "Categories", "AuthenticatorCategories", "CustomIcons"];
const ENTRY_FIELDS: [&str; 12] = [
    "Type",
    "Icon",
    "Issuer",
    "Username",
    "Secret",
    "Pin",
    "Algorithm",
    "Digits",
    "Period",
    "Counter",
    "CopyCount",
    "Ranking",
];
const CATEGORY_FIELDS: [&str; 3] = ["Id", "Name", "Ranking"];

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Backup<'a> {
    authenticators: Vec<Entry<'a>>,
    categories: Vec<Category>,
    authenticator_categories: Vec<Link>,
    custom_icons: Vec<CustomIcon>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Entry<'a> {
    #[serde(rename = "Type")]
    kind: u8,
    icon: Option<String>,
    issuer: &'a str,
    username: Option<&'a str>,
    #[serde(serialize_with = "json::exposed")]
    secret: Zeroizing<String>,
    pin: Option<&'a str>,
    algorithm: u8,
    digits: u8,
    period: u32,
    counter: u64,
    copy_count: u64,
    ranking: i64,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Category {
    id: String,
    name: String,
    ranking: i64,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Link {
    category_id: String,
    #[serde(serialize_with = "json::exposed")]
    authenticator_secret: Zeroizing<String>,
    ranking: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct CustomIcon {
    id: String,
    data: String,
}

pub(super) fn encode(vault: &Vault, ctx: &mut Ctx<'_>) -> Result<Part, Error> {
    let plain = json::compact(&Backup::new(vault)?)?;
    match ctx.new_password {
        None => Ok(Part(plain)),
        Some(password) => crypt::seal(&plain, password, ctx).map(Part),
    }
}

impl<'a> Backup<'a> {
    fn new(vault: &'a Vault) -> Result<Self, Error> {
        let extra = vault.extra.get(ID);
        let mut backup = Self {
            authenticators: Vec::with_capacity(vault.accounts.len()),
            categories: Vec::new(),
            authenticator_categories: Vec::new(),
            custom_icons: Vec::new(),
            rest: json::unknown_fields(extra, &BACKUP_FIELDS),
        };
        let mut categories = Categories::default();
        categories.keep(extra);
        let mut icons = Icons::default();
        let rankings = rankings(&vault.accounts);
        for (account, ranking) in vault.accounts.iter().zip(rankings) {
            let entry = Entry::new(account, ranking, &mut icons)?;
            for name in kept_groups(account) {
                let (category_id, ranking) = categories.link(&name);
                let authenticator_secret = entry.secret.clone();
                backup.authenticator_categories.push(Link { category_id, authenticator_secret, ranking });
            }
            backup.authenticators.push(entry);
        }
        backup.categories = categories.list;
        backup.custom_icons = icons.list;
        Ok(backup)
    }
}

/// The user's manual order, where every account has a place in it; otherwise the order of the list.
fn rankings(accounts: &[Account]) -> Vec<i64> {
    let known = |account: &Account| account.extra.get(ID)?.get("Ranking")?.as_i64();
    let known: Option<Vec<i64>> = accounts.iter().map(known).collect();
    known.unwrap_or_else(|| (0..).take(accounts.len()).collect())
}

impl<'a> Entry<'a> {
    fn new(account: &'a Account, ranking: i64, icons: &mut Icons) -> Result<Self, Error> {
        let otp = account.otp().ok_or_else(|| {
            Error::new(ErrorKind::Internal, "an account without a secret cannot be written")
        })?;
        let (issuer, username) = names(account);
        let extra = account.extra.get(ID);
        Ok(Self {
            kind: kind(otp),
            icon: match kept_icon(account) {
                Some(icon) => Some(format!("@{}", icons.id(icon))),
                None => built_in_icon(extra),
            },
            issuer,
            username: Some(username).filter(|name| !name.is_empty()),
            secret: secret_text(otp),
            pin: otp.pin().map(SecretText::expose),
            algorithm: algorithm(otp)?,
            digits: otp.digits(),
            // The app writes it with every kind, and as 30 where it has no meaning.
            period: match otp {
                Otp::Totp { period, .. } => period.get(),
                _ => 30,
            },
            counter: otp.counter().unwrap_or_default(),
            copy_count: kept_uses(account).unwrap_or_default(),
            ranking,
            rest: json::unknown_fields(extra, &ENTRY_FIELDS),
        })
    }
}

fn kind(otp: &Otp) -> u8 {
    match otp {
        Otp::Hotp { .. } => 1,
        Otp::Totp { .. } => 2,
        Otp::Motp { .. } => 3,
        Otp::Steam { .. } => 4,
        Otp::Yandex { .. } => 5,
    }
}

/// Of mOTP and Yandex the app takes no note of it.
fn algorithm(otp: &Otp) -> Result<u8, Error> {
    match otp.algorithm() {
        _ if !matches!(otp, Otp::Totp { .. } | Otp::Hotp { .. }) => Ok(0),
        Algorithm::Sha1 => Ok(0),
        Algorithm::Sha256 => Ok(1),
        Algorithm::Sha512 => Ok(2),
        Algorithm::Md5 | Algorithm::Sha224 | Algorithm::Sha384 => {
            Err(Error::new(ErrorKind::Internal, "an account of this algorithm cannot be written"))
        }
    }
}

/// The name of an icon of the app. One that begins with `@` would point at a picture.
fn built_in_icon(extra: Option<&Value>) -> Option<String> {
    let name = extra?.get("Icon")?.as_str()?;
    (!name.is_empty() && !name.starts_with('@')).then(|| name.to_owned())
}

/// The pictures of the new file, each once.
#[derive(Default)]
struct Icons {
    list: Vec<CustomIcon>,
    /// Hash of the picture to its id.
    ids: HashMap<Vec<u8>, String>,
    taken: HashSet<String>,
}

impl Icons {
    /// The id of a picture, which is added when it is new. Ids are the beginning of a hash, as the app
    /// makes them: the same picture has the same id in every backup.
    fn id(&mut self, icon: &Icon) -> String {
        let hash = Sha1::digest(&icon.data).to_vec();
        if let Some(known) = self.ids.get(&hash) {
            return known.clone();
        }
        let mut id = short_hash(&icon.data);
        while !self.taken.insert(id.clone()) {
            id = short_hash(id.as_bytes());
        }
        self.ids.insert(hash, id.clone());
        self.list.push(CustomIcon { id: id.clone(), data: BASE64.encode(&icon.data) });
        id
    }
}

/// The first 8 characters of the SHA-1 in hex.
fn short_hash(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha1::digest(bytes)).chars().take(8).collect()
}

/// The categories of the new file, one for each name.
#[derive(Default)]
struct Categories {
    list: Vec<Category>,
    /// Name to id, and how many are in it.
    known: HashMap<String, (String, i64)>,
    taken: HashSet<String>,
    next_ranking: i64,
}

impl Categories {
    /// Takes over the categories that the file was read with, also those that nothing is in.
    fn keep(&mut self, extra: Option<&Value>) {
        let known = extra.and_then(|extra| extra.get("Categories")).and_then(Value::as_array);
        for category in known.into_iter().flatten() {
            let name = category.get("Name").and_then(Value::as_str).unwrap_or_default();
            if !name.is_empty() && !self.known.contains_key(name) {
                self.add(name, category);
            }
        }
    }

    /// The id of the category of that name, and the place of the next account in it.
    fn link(&mut self, name: &str) -> (String, i64) {
        if !self.known.contains_key(name) {
            self.add(name, &Value::Null);
        }
        match self.known.get_mut(name) {
            Some((id, count)) => {
                let place = *count;
                *count = count.saturating_add(1);
                (id.clone(), place)
            }
            None => (String::new(), 0),
        }
    }

    fn add(&mut self, name: &str, known: &Value) {
        let text = |field| known.get(field).and_then(Value::as_str);
        let mut id = text("Id").filter(|id| !id.is_empty()).unwrap_or_default().to_owned();
        if id.is_empty() || self.taken.contains(&id) {
            id = short_hash(name.as_bytes());
        }
        while !self.taken.insert(id.clone()) {
            id = short_hash(id.as_bytes());
        }
        let ranking = known.get("Ranking").and_then(Value::as_i64).unwrap_or(self.next_ranking);
        self.next_ranking = self.next_ranking.max(ranking.saturating_add(1));
        self.known.insert(name.to_owned(), (id.clone(), 0));
        let rest = json::unknown_fields(Some(known), &CATEGORY_FIELDS);
        self.list.push(Category { id, name: name.to_owned(), ranking, rest });
    }
}
