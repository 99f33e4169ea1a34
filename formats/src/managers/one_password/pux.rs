//! 1PUX: a zip with the JSON of all accounts, their vaults and items.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::ID;
use crate::container::zip::{self, Archive};
use crate::ctx::Limits;
use crate::error::{Error, Place};
use crate::managers::login::{Gathering, Login};
use crate::model::{Number, SecretText, Vault, group};
use crate::report::Skip;
use crate::text::{json, time};

/// What every archive has in it.
pub(super) const MEMBERS: [&str; 2] = [DATA, "export.attributes"];
const DATA: &str = "export.data";

#[derive(Deserialize)]
struct Export<'a> {
    #[serde(borrow)]
    accounts: Vec<Owner<'a>>,
}

/// An account at 1Password.
#[derive(Deserialize)]
struct Owner<'a> {
    #[serde(borrow)]
    vaults: Option<Vec<VaultData<'a>>>,
}

#[derive(Deserialize)]
struct VaultData<'a> {
    attrs: Option<VaultAttributes>,
    #[serde(borrow)]
    items: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct VaultAttributes {
    name: Option<String>,
}

/// The first exports had each item in an object of its own.
#[derive(Deserialize)]
struct Wrapped<'a> {
    #[serde(borrow)]
    item: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item<'a> {
    #[serde(default)]
    fav_index: Number,
    #[serde(default)]
    created_at: Number,
    #[serde(default)]
    updated_at: Number,
    trashed: Option<bool>,
    overview: Option<Overview>,
    #[serde(borrow)]
    details: Option<Details<'a>>,
}

#[derive(Deserialize)]
struct Overview {
    title: Option<String>,
    url: Option<String>,
    urls: Option<Vec<Url>>,
    tags: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Url {
    url: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Details<'a> {
    login_fields: Option<Vec<LoginField>>,
    notes_plain: Option<String>,
    #[serde(borrow)]
    sections: Option<Vec<Section<'a>>>,
}

#[derive(Deserialize)]
struct LoginField {
    #[serde(default)]
    value: Option<SecretText>,
    designation: Option<String>,
}

#[derive(Deserialize)]
struct Section<'a> {
    #[serde(borrow)]
    fields: Option<Vec<Field<'a>>>,
}

#[derive(Deserialize)]
struct Field<'a> {
    /// An object of one member, whose name is the type.
    #[serde(borrow)]
    value: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Code {
    totp: Option<SecretText>,
}

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Vault, Error> {
    let mut archive = Archive::open(bytes)?;
    if !archive.names().iter().any(|name| name == DATA) {
        return Err(zip::missing(DATA));
    }
    let data = archive.read(DATA, limits)?;
    let text = std::str::from_utf8(&data).map_err(|_| json::damaged("", "the content is not a text"))?;
    let export: Export<'_> = json::parse_file(text, limits)?;
    let mut gathering = Gathering::new(ID, "1PUX", limits);
    let mut count = 0_usize;
    for (owner_at, owner) in export.accounts.iter().enumerate() {
        for (at, vault) in owner.vaults.iter().flatten().enumerate() {
            let name = vault.attrs.as_ref().and_then(|attrs| attrs.name.as_deref()).unwrap_or_default();
            let name = group::checked_name(name)?;
            let items = vault.items.as_deref().unwrap_or_default();
            count = count.saturating_add(items.len());
            limits.check_accounts(count)?;
            for (item_at, raw) in items.iter().enumerate() {
                let place = Place::Json(format!("/accounts/{owner_at}/vaults/{at}/items/{item_at}"));
                add(raw, name, &mut gathering, &place);
            }
        }
    }
    gathering.finish()
}

fn add(raw: &RawValue, vault: &str, gathering: &mut Gathering, place: &Place) {
    let inner = json::entry::<Wrapped<'_>>(raw).and_then(|wrapped| wrapped.item);
    let Some(item) = json::entry::<Item<'_>>(inner.unwrap_or(raw)) else {
        let skip = Skip::new(Skip::MISSING_FIELD, "a field is of another type than 1Password writes");
        return gathering.skip(skip, place);
    };
    let overview = item.overview.as_ref();
    let tags = overview.and_then(|overview| overview.tags.as_deref()).unwrap_or_default();
    let further = tags.iter().map(String::as_str).filter(|tag| *tag != vault);
    let groups = [vault].into_iter().chain(further).filter(|name| !name.is_empty()).map(str::to_owned);
    let login = Login {
        title: overview.and_then(|overview| overview.title.as_deref()).unwrap_or_default(),
        user: item.user(),
        urls: item.urls(),
        groups: groups.collect(),
        note: item.details.as_ref().and_then(|details| details.notes_plain.as_deref()).unwrap_or_default(),
        favorite: matches!(item.fav_index, Number::Of(index) if index > 0),
        created: time::seconds(item.created_at),
        modified: time::seconds(item.updated_at),
        trashed: item.trashed.unwrap_or_default(),
    };
    let codes = item.codes();
    gathering.item(&login, codes.iter().map(SecretText::expose), place);
}

impl Item<'_> {
    fn user(&self) -> &str {
        let mut fields = self.details.iter().flat_map(|details| details.login_fields.iter().flatten());
        let user = fields.find(|field| field.designation.as_deref() == Some("username"));
        user.and_then(|field| field.value.as_ref()).map(SecretText::expose).unwrap_or_default()
    }

    fn urls(&self) -> Vec<String> {
        let Some(overview) = &self.overview else { return Vec::new() };
        let listed: Vec<&String> =
            overview.urls.iter().flatten().filter_map(|url| url.url.as_ref()).collect();
        let urls = if listed.is_empty() { overview.url.iter().collect() } else { listed };
        urls.into_iter().filter(|url| !url.is_empty()).cloned().collect()
    }

    /// The codes of all sections, in order; items of every category can have some.
    fn codes(&self) -> Vec<SecretText> {
        let sections = self.details.iter().flat_map(|details| details.sections.iter().flatten());
        let values =
            sections.flat_map(|section| section.fields.iter().flatten()).filter_map(|field| field.value);
        values.filter_map(|value| json::entry::<Code>(value)?.totp).collect()
    }
}
