//! 1PIF of 1Password 7 and older: an item on each line, and a line of stars between them.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::ID;
use crate::ctx::Limits;
use crate::error::{Error, Place};
use crate::managers::login::{Gathering, Login};
use crate::model::{Number, SecretText, Vault, group};
use crate::probe::Probe;
use crate::report::Skip;
use crate::text::{json, time};

/// What stands between two items.
const SEPARATOR: &str = "***5642bee8-a5ff-11dc-8314-0800200c9a66***";
/// The type of an entry that is a folder for others.
const FOLDER: &str = "system.folder.Regular";
/// How the name of a field with a code begins.
const CODE: &str = "TOTP_";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item<'a> {
    uuid: Option<String>,
    type_name: Option<String>,
    title: Option<String>,
    location: Option<String>,
    folder_uuid: Option<String>,
    trashed: Option<bool>,
    #[serde(default)]
    created_at: Number,
    #[serde(default)]
    updated_at: Number,
    open_contents: Option<Open>,
    #[serde(borrow)]
    secure_contents: Option<Secure<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Open {
    tags: Option<Vec<String>>,
    #[serde(default)]
    fave_index: Number,
}

#[derive(Deserialize)]
struct Secure<'a> {
    #[serde(borrow)]
    fields: Option<Vec<LoginField<'a>>>,
    #[serde(borrow)]
    sections: Option<Vec<Section<'a>>>,
    #[serde(rename = "notesPlain")]
    notes: Option<String>,
    #[serde(rename = "URLs")]
    urls: Option<Vec<Url>>,
}

#[derive(Deserialize)]
struct LoginField<'a> {
    #[serde(borrow)]
    value: Option<&'a RawValue>,
    designation: Option<String>,
}

#[derive(Deserialize)]
struct Section<'a> {
    #[serde(borrow)]
    fields: Option<Vec<Field<'a>>>,
}

/// `n` is the name and `v` the value, of the type that the kind of field has.
#[derive(Deserialize)]
struct Field<'a> {
    n: Option<String>,
    #[serde(borrow)]
    v: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Url {
    url: Option<String>,
}

/// Whether the file is of this form. The file of a single item may end without the stars.
pub(super) fn sniff(probe: &Probe<'_>) -> bool {
    let has = |key: &str| probe.json().is_some_and(|item| item.get(key).is_some());
    let has_stars = || probe.text().is_some_and(|text| text.lines().any(|line| line.trim_end() == SEPARATOR));
    (has("secureContents") && (has("typeName") || has("securityLevel"))) || has_stars()
}

pub(super) fn decode(text: &str, limits: &Limits) -> Result<Vault, Error> {
    limits.check_values(text.bytes().filter(|byte| *byte == b',').count())?;
    let lines =
        text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with("***"));
    let entries: Vec<(Place, Option<Item<'_>>)> = lines
        .map(|(at, line)| (Place::Line(at.saturating_add(1)), serde_json::from_str(line).ok()))
        .take(usize::try_from(limits.accounts).unwrap_or(usize::MAX).saturating_add(1))
        .collect();
    limits.check_accounts(entries.len())?;
    if !entries.is_empty() && entries.iter().all(|(_, item)| item.is_none()) {
        return Err(Error::malformed("no line of the file is an item of 1Password")
            .at(Place::Line(1))
            .next_step("The file is damaged or incomplete: export or copy it again"));
    }
    let folders = folders(entries.iter().filter_map(|(_, item)| item.as_ref()))?;
    let mut gathering = Gathering::new(ID, "1PIF", limits);
    for (place, item) in &entries {
        match item {
            Some(item) if item.type_name.as_deref() == Some(FOLDER) => {}
            Some(item) => add(item, &folders, &mut gathering, place),
            None => {
                let skip = Skip::new(Skip::DAMAGED, "this line is no item as 1Password writes it");
                gathering.skip(skip, place);
            }
        }
    }
    gathering.finish()
}

fn folders<'a>(items: impl Iterator<Item = &'a Item<'a>>) -> Result<HashMap<&'a str, &'a str>, Error> {
    let mut folders = HashMap::new();
    for item in items.filter(|item| item.type_name.as_deref() == Some(FOLDER)) {
        if let (Some(uuid), Some(title)) = (&item.uuid, &item.title) {
            folders.entry(uuid.as_str()).or_insert(group::checked_name(title)?);
        }
    }
    Ok(folders)
}

fn add(item: &Item<'_>, folders: &HashMap<&str, &str>, gathering: &mut Gathering, place: &Place) {
    let folder =
        item.folder_uuid.as_deref().and_then(|uuid| folders.get(uuid)).map(|name| (*name).to_owned());
    let open = item.open_contents.as_ref();
    let tags = open.and_then(|open| open.tags.as_deref()).unwrap_or_default();
    let login = Login {
        title: item.title.as_deref().unwrap_or_default(),
        user: &item.user().map_or_else(String::new, |user| user.expose().to_owned()),
        urls: item.urls(),
        groups: folder.into_iter().chain(tags.iter().cloned()).collect(),
        note: item.secure_contents.as_ref().and_then(|secure| secure.notes.as_deref()).unwrap_or_default(),
        favorite: open.is_some_and(|open| matches!(open.fave_index, Number::Of(index) if index > 0)),
        created: time::seconds(item.created_at),
        modified: time::seconds(item.updated_at),
        trashed: item.trashed.unwrap_or_default(),
    };
    let codes = item.codes();
    gathering.item(&login, codes.iter().map(SecretText::expose), place);
}

impl Item<'_> {
    fn user(&self) -> Option<SecretText> {
        let mut fields = self.secure_contents.iter().flat_map(|secure| secure.fields.iter().flatten());
        let user = fields.find(|field| field.designation.as_deref() == Some("username"))?;
        json::entry(user.value?)
    }

    fn urls(&self) -> Vec<String> {
        let listed = self.secure_contents.iter().flat_map(|secure| secure.urls.iter().flatten());
        let listed: Vec<&String> = listed.filter_map(|url| url.url.as_ref()).collect();
        let urls = if listed.is_empty() { self.location.iter().collect() } else { listed };
        urls.into_iter().filter(|url| !url.is_empty()).cloned().collect()
    }

    fn codes(&self) -> Vec<SecretText> {
        let sections = self.secure_contents.iter().flat_map(|secure| secure.sections.iter().flatten());
        let fields = sections.flat_map(|section| section.fields.iter().flatten());
        let codes = fields.filter(|field| field.n.as_deref().is_some_and(|name| name.starts_with(CODE)));
        codes.filter_map(|field| json::entry(field.v?)).collect()
    }
}
