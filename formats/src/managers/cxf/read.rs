//! Reading a document.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::ID;
use crate::container::zip::{self, Archive};
use crate::ctx::Limits;
use crate::error::{Error, Place};
use crate::format::Input;
use crate::managers::login::{Gathering, Login};
use crate::managers::tables::host;
use crate::model::{Account, Algorithm, Credential, Draft, Kind, Number, Otp, SecretText, Vault, group};
use crate::open::label::Names;
use crate::report::Skip;
use crate::text::{base32, json, time};

/// The newest version whose members mean what they mean here.
const MAJOR: i128 = 1;

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    version: Option<&'a RawValue>,
    #[serde(default)]
    timestamp: Number,
    #[serde(borrow)]
    accounts: Option<Vec<Owner<'a>>>,
    /// Of a response that is encrypted for the app that asked for it.
    #[serde(borrow)]
    hpke: Option<&'a RawValue>,
}

/// A response has a number in its place.
#[derive(Deserialize)]
struct Version {
    #[serde(default)]
    major: Number,
}

/// An account at the app that hands over.
#[derive(Deserialize)]
struct Owner<'a> {
    #[serde(borrow)]
    items: Option<Vec<&'a RawValue>>,
    collections: Option<Vec<Collection>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Collection {
    title: Option<String>,
    items: Option<Vec<LinkedItem>>,
    sub_collections: Option<Vec<Collection>>,
}

#[derive(Deserialize)]
struct LinkedItem {
    item: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item<'a> {
    id: Option<String>,
    title: Option<String>,
    #[serde(default)]
    creation_at: Number,
    #[serde(default)]
    modified_at: Number,
    favorite: Option<bool>,
    scope: Option<Scope>,
    /// In drafts of the standard the addresses had no scope around them.
    urls: Option<Vec<String>>,
    tags: Option<Vec<String>>,
    #[serde(borrow)]
    credentials: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct Scope {
    urls: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Typed {
    r#type: String,
}

#[derive(Deserialize)]
struct Totp {
    secret: Option<SecretText>,
    #[serde(default)]
    period: Number,
    #[serde(default)]
    digits: Number,
    algorithm: Option<String>,
    username: Option<String>,
    issuer: Option<String>,
}

#[derive(Deserialize)]
struct BasicAuth {
    username: Option<Editable>,
}

#[derive(Deserialize)]
struct Note {
    content: Option<Editable>,
}

/// A field with a type and a name around its value; a bare text in drafts.
#[derive(Deserialize)]
#[serde(untagged)]
enum Editable {
    Field { value: Option<String> },
    Bare(String),
}

impl Editable {
    fn into_text(self) -> Option<String> {
        match self {
            Self::Field { value } => value,
            Self::Bare(text) => Some(text),
        }
    }
}

pub(super) fn decode(input: &Input<'_>, limits: &Limits) -> Result<Vault, Error> {
    if !zip::sniff(input.bytes) {
        return decode_text(&input.text()?, limits);
    }
    let mut archive = Archive::open(input.bytes)?;
    let names: Vec<String> = archive.names().iter().filter(|name| name.ends_with(".json")).cloned().collect();
    let [name] = names.as_slice() else {
        return Err(Error::malformed("the zip archive does not have exactly one JSON file")
            .next_step("Unpack it and give the files that were in it"));
    };
    let bytes = archive.read(name, limits)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| json::damaged("", "the content is not a text"))?;
    decode_text(text, limits)
}

pub(super) fn decode_text(text: &str, limits: &Limits) -> Result<Vault, Error> {
    let document: Document<'_> = json::parse_file(text, limits)?;
    if document.hpke.is_some() {
        return Err(Error::unsupported("the document is encrypted for the app that asked for it")
            .next_step("Export from the app in another form, or hand over to an app that has an export"));
    }
    if let Some(version) = document.version {
        check_version(version)?;
    }
    match document.accounts {
        Some(owners) => {
            let vault = gather(&owners, "header", "/accounts", limits)?;
            Ok(Vault { created: time::seconds(document.timestamp), ..vault })
        }
        None => gather(&[json::parse(text)?], "account", "", limits),
    }
}

/// Versions of the same major number are read alike; 0 is a draft.
fn check_version(version: &RawValue) -> Result<(), Error> {
    match json::entry::<Version>(version).map(|version| version.major) {
        Some(Number::Of(major)) if major > MAJOR => {
            Err(Error::newer(format!("the document is of version {major}, {MAJOR} is the newest known"))
                .at(Place::Json("/version/major".to_owned())))
        }
        Some(Number::Of(_) | Number::Absent) => Ok(()),
        _ => Err(json::damaged("/version", "the version is no number")),
    }
}

fn gather(owners: &[Owner<'_>], variant: &str, pointer: &str, limits: &Limits) -> Result<Vault, Error> {
    if owners.iter().all(|owner| owner.items.is_none()) && !owners.is_empty() {
        return Err(json::damaged("/items", "the list of items is missing"));
    }
    let mut gathering = Gathering::new(ID, variant, limits);
    let mut count = 0_usize;
    for (owner_at, owner) in owners.iter().enumerate() {
        let items = owner.items.as_deref().unwrap_or_default();
        count = count.saturating_add(items.len());
        limits.check_accounts(count)?;
        let mut collections = Collections::default();
        collections.add(owner.collections.as_deref().unwrap_or_default(), "")?;
        let pointer = if pointer.is_empty() { String::new() } else { format!("{pointer}/{owner_at}") };
        for (at, raw) in items.iter().enumerate() {
            add(raw, &collections, &mut gathering, &Place::Json(format!("{pointer}/items/{at}")));
        }
    }
    gathering.finish()
}

/// The paths of the collections, and which of them link an item.
#[derive(Default)]
struct Collections<'a> {
    paths: Vec<String>,
    of_item: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Collections<'a> {
    /// JSON that lies deeper than 128 levels is refused before.
    fn add(&mut self, collections: &'a [Collection], parent: &str) -> Result<(), Error> {
        for collection in collections {
            let title = collection.title.as_deref().unwrap_or_default();
            let path =
                [parent, title].into_iter().filter(|name| !name.is_empty()).collect::<Vec<_>>().join("/");
            group::checked_name(&path)?;
            let index = self.paths.len();
            self.paths.push(path.clone());
            for linked in collection.items.iter().flatten() {
                let indexes = self.of_item.entry(linked.item.as_str()).or_default();
                if indexes.last() != Some(&index) {
                    indexes.push(index);
                }
            }
            self.add(collection.sub_collections.as_deref().unwrap_or_default(), &path)?;
        }
        Ok(())
    }

    fn of(&self, item: Option<&str>) -> impl Iterator<Item = &String> {
        let indexes = item.and_then(|item| self.of_item.get(item)).into_iter().flatten();
        indexes.filter_map(|index| self.paths.get(*index)).filter(|path| !path.is_empty())
    }
}

/// The credentials of one item that are looked at.
#[derive(Default)]
struct Parts {
    codes: Vec<Result<Totp, Skip>>,
    user: String,
    notes: Vec<String>,
}

fn parts(credentials: &[&RawValue]) -> Parts {
    let mut parts = Parts::default();
    for raw in credentials {
        let Some(typed) = json::entry::<Typed>(raw) else { continue };
        // Drafts had `BasicAuth` where the standard has `basic-auth`.
        match typed.r#type.to_ascii_lowercase().replace('-', "").as_str() {
            "totp" => {
                let odd = || {
                    Skip::new(
                        Skip::MISSING_FIELD,
                        "a field of the code is of another type than the standard says",
                    )
                };
                parts.codes.push(json::entry(raw).ok_or_else(odd));
            }
            "basicauth" if parts.user.is_empty() => {
                let user = json::entry::<BasicAuth>(raw).and_then(|auth| auth.username?.into_text());
                parts.user = user.unwrap_or_default();
            }
            "note" => parts.notes.extend(json::entry::<Note>(raw).and_then(|note| note.content?.into_text())),
            _ => {}
        }
    }
    parts
}

fn add(raw: &RawValue, collections: &Collections<'_>, gathering: &mut Gathering, place: &Place) {
    let Some(item) = json::entry::<Item<'_>>(raw) else {
        let skip = Skip::new(Skip::MISSING_FIELD, "a field is of another type than the standard says");
        return gathering.skip(skip, place);
    };
    let parts = parts(item.credentials.as_deref().unwrap_or_default());
    if parts.codes.is_empty() {
        return gathering.other();
    }
    let tags = item.tags.as_deref().unwrap_or_default();
    let mut groups: Vec<String> = collections.of(item.id.as_deref()).cloned().collect();
    let linked = groups.len();
    for tag in tags.iter().filter(|tag| !tag.is_empty()) {
        if !groups.iter().take(linked).any(|group| group == tag) {
            groups.push(tag.clone());
        }
    }
    let urls: Vec<String> = item.scope.and_then(|scope| scope.urls).or(item.urls).unwrap_or_default();
    let title = item.title.unwrap_or_default();
    let note = parts.notes.join("\n");
    let login = Login {
        title: if title.is_empty() { urls.first().map_or("", |url| host(url)) } else { &title },
        user: &parts.user,
        urls: urls.iter().filter(|url| !url.is_empty()).cloned().collect(),
        groups,
        note: &note,
        favorite: item.favorite.unwrap_or_default(),
        created: time::seconds(item.creation_at),
        modified: time::seconds(item.modified_at),
        trashed: false,
    };
    for code in parts.codes {
        let names =
            Names { issuer: login.title.to_owned(), account: login.user.to_owned(), label_issuer: None };
        let entry = code.and_then(|code| code.account(&login)).map_err(|skip| (skip, names));
        gathering.entry(&login, entry, place);
    }
}

impl Totp {
    fn account(self, login: &Login<'_>) -> Result<Account, Skip> {
        let otp = self.otp()?;
        let or = |name: Option<String>, other: &str| {
            name.filter(|name| !name.is_empty()).unwrap_or_else(|| other.to_owned())
        };
        Ok(Account::new(Credential::Otp(otp), or(self.issuer, login.title), or(self.username, login.user)))
    }

    /// All four are required: a guess could show wrong codes.
    fn otp(&self) -> Result<Otp, Skip> {
        let secret = base32::secret(self.secret.as_ref().map(SecretText::expose).unwrap_or_default())?;
        let name = self.algorithm.as_deref().unwrap_or_default();
        if name.is_empty() || self.digits == Number::Absent || self.period == Number::Absent {
            return Err(Skip::new(Skip::MISSING_FIELD, "the algorithm, the digits or the period is missing"));
        }
        // Bitwarden hands over Steam's codes under this name, which the standard does not know.
        let is_steam = name.eq_ignore_ascii_case("steam");
        let algorithm = if is_steam { None } else { Draft::read_algorithm(name)? };
        if algorithm
            .is_some_and(|known| !matches!(known, Algorithm::Sha1 | Algorithm::Sha256 | Algorithm::Sha512))
        {
            return Err(Skip::new(Skip::UNKNOWN_ALGORITHM, "its algorithm is none of the standard's"));
        }
        let kind = if is_steam { Kind::Steam } else { Kind::Totp };
        Draft { algorithm, digits: self.digits, period: self.period, ..Draft::new(kind, secret) }.build()
    }
}
