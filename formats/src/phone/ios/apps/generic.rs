//! Any app: only whole links are taken. What else looks like a secret could be anything, and is left alone.

use zeroize::Zeroizing;

use super::super::found::{self, Found, Unusable};
use super::super::keychain::Item;
use crate::container::plist::Value;
use crate::ctx::Ctx;
use crate::format::Input;
use crate::open::otpauth::{Host, Pieces};
use crate::open::uri_list;
use crate::report::Skip;
use crate::text::json::Texts;

const MIGRATION: &str = "otpauth-migration://";
/// Most bytes of a value that is looked into.
const MAX_BYTES: usize = 1 << 20;

/// Takes links out of items that no known app has.
pub(super) fn take(items: &[Item], found: &mut Found, ctx: &mut Ctx<'_>) {
    for (at, item) in items.iter().enumerate() {
        if found.is_taken(at) {
            continue;
        }
        let links = links(item);
        if !links.is_empty() {
            found.take(at);
        }
        links.iter().for_each(|link| add(link, item, found, ctx));
    }
}

fn add(link: &str, item: &Item, found: &mut Found, ctx: &mut Ctx<'_>) {
    if !is_migration(link) {
        let entry = match names_without_secret(link) {
            None => found::of_link(link),
            Some((issuer, name)) => {
                let message = "it looks like an account, but how this app writes its secret is not known";
                Err(Unusable::new(Skip::new(Skip::NO_SECRET, message), &issuer, &name))
            }
        };
        return found.add(entry, item.modified);
    }
    match uri_list::decode(&Input::new(link.as_bytes()), ctx) {
        Ok(vault) => {
            for account in vault.accounts {
                found.add(Ok(account), item.modified);
            }
            for skipped in vault.skipped {
                let index = found.vault.entries();
                found.vault.skipped.push(skipped.index(index));
            }
            found.vault.parts.extend(vault.parts);
            found.vault.warnings.extend(vault.warnings);
        }
        Err(error) => {
            let skip = Skip::new(Skip::UNREADABLE_PAYLOAD, error.message);
            found.add(Err(Unusable::new(skip, "", "")), item.modified);
        }
    }
}

/// The names in a link that has no secret.
fn names_without_secret(link: &str) -> Option<(String, String)> {
    names(link, false)
}

/// The names in a link that has one.
fn names_with_secret(link: &str) -> Option<(String, String)> {
    names(link, true)
}

fn names(link: &str, has_secret: bool) -> Option<(String, String)> {
    let pieces = Pieces::split(link).filter(|pieces| matches!(pieces.host, Host::Totp | Host::Hotp))?;
    let names = pieces.names();
    (pieces.raw("secret").is_some() == has_secret).then_some((names.issuer, names.account))
}

/// The links of an item: attributes that are one as a whole, and texts that are one in what the secret holds.
fn links(item: &Item) -> Vec<Zeroizing<String>> {
    let texts = [&item.account, &item.service, &item.label, &item.comment, &item.description];
    let bytes = [&item.secret, &item.generic].map(|bytes| std::str::from_utf8(bytes).unwrap_or_default());
    let whole = bytes.into_iter().chain(texts.into_iter().map(|text| text.as_str()));
    let mut links: Vec<Zeroizing<String>> = whole.filter_map(link).collect();
    if item.secret.len() <= MAX_BYTES {
        links.extend(texts_in(&item.secret).iter().filter_map(|text| link(text)));
    }
    // What has its secret elsewhere in the item is not told a second time.
    let told: Vec<(String, String)> = links.iter().filter_map(|link| names_with_secret(link)).collect();
    links.retain(|link| names_without_secret(link).is_none_or(|names| !told.contains(&names)));
    // The same link in two attributes is one account.
    let mut seen = Vec::new();
    links.retain(|link| {
        let is_new = !seen.contains(link);
        seen.push(link.clone());
        is_new
    });
    links
}

/// A text that is one link and nothing else; names in it may have blanks.
fn link(text: &str) -> Option<Zeroizing<String>> {
    let text = text.trim();
    let lower = Zeroizing::new(text.to_ascii_lowercase());
    let is_link = lower.starts_with("otpauth://") || is_migration(&lower);
    let schemes = lower.matches("otpauth://").count().saturating_add(lower.matches(MIGRATION).count());
    let is_one = !text.chars().any(char::is_control) && schemes == 1;
    (is_link && is_one).then(|| Zeroizing::new(text.to_owned()))
}

fn is_migration(link: &str) -> bool {
    link.get(..MIGRATION.len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case(MIGRATION))
}

/// Every text in JSON or a property list.
fn texts_in(bytes: &[u8]) -> Vec<Zeroizing<String>> {
    if let Some(list) = Value::read(bytes) {
        return list.texts().into_iter().map(|text| Zeroizing::new(text.to_owned())).collect();
    }
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    let text = text.trim_start_matches('\u{FEFF}').trim_matches(['\0', ' ', '\t', '\r', '\n']);
    let json = text.starts_with(['{', '[', '"']).then(|| serde_json::from_str(text).ok());
    json.flatten().map(|Texts(texts)| texts).unwrap_or_default()
}
