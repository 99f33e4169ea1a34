//! Writing a document: one item for each account.

use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use serde::Serialize;
use zeroize::Zeroizing;

use super::{CAPS, read};
use crate::caps::Fit;
use crate::ctx::{Ctx, Limits};
use crate::error::Error;
use crate::format::Part;
use crate::managers::login::title;
use crate::managers::written;
use crate::model::{Account, Otp, Vault};
use crate::text::json;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    version: Version,
    exporter_rp_id: &'static str,
    exporter_display_name: &'static str,
    timestamp: i64,
    accounts: [Owner<'a>; 1],
}

#[derive(Serialize)]
struct Version {
    major: u8,
    minor: u8,
}

#[derive(Serialize)]
struct Owner<'a> {
    id: String,
    username: &'static str,
    email: &'static str,
    collections: Vec<Collection<'a>>,
    items: Vec<Item<'a>>,
}

#[derive(Serialize)]
struct Collection<'a> {
    id: String,
    title: &'a str,
    items: Vec<LinkedItem>,
}

#[derive(Serialize)]
struct LinkedItem {
    item: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item<'a> {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    creation_at: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified_at: Option<u64>,
    title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    favorite: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<Scope<'a>>,
    credentials: Vec<Credential<'a>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    tags: &'a [String],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Scope<'a> {
    urls: &'a [String],
    android_apps: [(); 0],
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
enum Credential<'a> {
    BasicAuth {
        username: Editable<'a>,
    },
    Totp {
        #[serde(serialize_with = "json::exposed")]
        secret: Zeroizing<String>,
        period: u32,
        digits: u8,
        algorithm: &'static str,
        #[serde(skip_serializing_if = "str::is_empty")]
        username: &'a str,
        #[serde(skip_serializing_if = "str::is_empty")]
        issuer: &'a str,
    },
    Note {
        content: Editable<'a>,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Editable<'a> {
    field_type: &'static str,
    value: &'a str,
}

impl<'a> Editable<'a> {
    fn text(value: &'a str) -> Self {
        Self { field_type: "string", value }
    }
}

pub(super) fn fit(account: &Account) -> Fit {
    written::fit(&CAPS, account, |_| {
        let document = document(std::slice::from_ref(account), 0, &mut written::numbered())?;
        let bytes = json::compact(&document)?;
        read::decode_text(&String::from_utf8_lossy(&bytes), &Limits::default())
    })
}

pub(super) fn encode(vault: &Vault, ctx: &mut Ctx<'_>) -> Result<Part, Error> {
    let now = ctx.now.as_second();
    let mut new_id = || Ok(BASE64URL_NOPAD.encode(&ctx.random::<16>()?));
    json::pretty(&document(&vault.accounts, now, &mut new_id)?, b"  ").map(Part)
}

fn document<'a>(
    accounts: &'a [Account],
    timestamp: i64,
    new_id: &mut dyn FnMut() -> Result<String, Error>,
) -> Result<Document<'a>, Error> {
    let mut owner =
        Owner { id: new_id()?, username: "", email: "", collections: Vec::new(), items: Vec::new() };
    let mut places = std::collections::HashMap::new();
    for account in accounts {
        let Some(otp) = account.otp() else { continue };
        let item = item(account, otp, new_id()?);
        if let Some(name) = account.groups.first() {
            let place = *places.entry(name.as_str()).or_insert(owner.collections.len());
            if place == owner.collections.len() {
                owner.collections.push(Collection { id: new_id()?, title: name, items: Vec::new() });
            }
            if let Some(collection) = owner.collections.get_mut(place) {
                collection.items.push(LinkedItem { item: item.id.clone() });
            }
        }
        owner.items.push(item);
    }
    Ok(Document {
        version: Version { major: 1, minor: 0 },
        // The standard wants a domain; this one can be nobody's (RFC 2606).
        exporter_rp_id: "otpferry.invalid",
        exporter_display_name: "otpferry",
        timestamp,
        accounts: [owner],
    })
}

/// The first group is the collection of the item, the others its tags: so they keep their order. The
/// user name stands in the login too, where apps look for it.
fn item<'a>(account: &'a Account, otp: &Otp, id: String) -> Item<'a> {
    let mut credentials = Vec::new();
    if !account.name.is_empty() {
        credentials.push(Credential::BasicAuth { username: Editable::text(&account.name) });
    }
    credentials.push(Credential::Totp {
        secret: otp.secret().to_base32(),
        period: otp.period().unwrap_or_default(),
        digits: otp.digits(),
        algorithm: algorithm(otp),
        username: &account.name,
        issuer: &account.issuer,
    });
    if !account.note.is_empty() {
        credentials.push(Credential::Note { content: Editable::text(&account.note) });
    }
    let time =
        |time: Option<Timestamp>| u64::try_from(time?.as_second()).ok().filter(|seconds| *seconds != 0);
    let urls = account.urls.as_slice();
    Item {
        id,
        creation_at: time(account.created),
        modified_at: time(account.modified),
        title: title(account),
        favorite: account.favorite.then_some(true),
        scope: (!urls.is_empty()).then_some(Scope { urls, android_apps: [] }),
        credentials,
        tags: account.groups.get(1..).unwrap_or_default(),
    }
}

fn algorithm(otp: &Otp) -> &'static str {
    use crate::model::Algorithm;
    match otp.algorithm() {
        Algorithm::Sha256 => "sha256",
        Algorithm::Sha512 => "sha512",
        _ => "sha1",
    }
}
