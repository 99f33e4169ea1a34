//! Tofu: a byte for the version, then an archived account. Sources: Tofu's `Keychain.swift`, `Account.swift` and
//! `Algorithm.swift`.

use super::super::found::{self, Entry, Found, Unusable};
use super::super::keychain::Item;
use super::{integer, number, secret, text, unknown_kind};
use crate::container::plist::{self, Archive, Node};
use crate::model::{Algorithm, Draft, Kind, Number, Otp};
use crate::report::Skip;

/// How the app's group ends, after the team.
const GROUP: &str = ".com.calleerlandsson.Tofu";
/// Lengths of codes that the app shows.
const DIGITS: std::ops::RangeInclusive<i128> = 6..=9;

/// Takes the items of the app, in the order of the keychain.
pub(super) fn take(items: &[Item], found: &mut Found) {
    for (at, item) in items.iter().enumerate() {
        let is_own = item.group.ends_with(GROUP);
        let entry = entry(&item.secret).filter(|_| is_own || item.service.is_empty());
        let unknown = || {
            let skip = Skip::new(Skip::DAMAGED, "it is damaged, or of a version of Tofu that is not known");
            is_own.then(|| Err(Unusable::new(skip, "", &item.description)))
        };
        if let Some(entry) = entry.or_else(unknown) {
            found.take(at);
            found.add(entry, item.modified);
        }
    }
}

/// What the bytes say; `None` when they are not of this app.
fn entry(bytes: &[u8]) -> Option<Entry> {
    let (version, archived) = bytes.split_first()?;
    if !matches!(version, 1 | 2) || !plist::sniff(archived) {
        return None;
    }
    let archive = Archive::open(archived).ok()?;
    // In version 1 the fields are the beginnings of the archive.
    let fields = if *version == 1 { archive.top() } else { archive.root()? };
    if fields.get("timeBased").is_none()
        || fields.get("algorithm").is_none()
        || fields.get("secret").is_none()
    {
        return None;
    }
    Some(found::entry(otp(&fields), &text(&fields, "issuer"), &text(&fields, "name")))
}

/// The counter belongs to the code that the app shows now.
fn otp(fields: &Node<'_, '_>) -> Result<Otp, Skip> {
    let kind = match fields.get("timeBased").and_then(|truth| truth.boolean()) {
        Some(true) => Kind::Totp,
        Some(false) => Kind::Hotp,
        None => return Err(unknown_kind()),
    };
    let mut draft = Draft::new(kind, secret(fields)?);
    draft.algorithm = Some(match integer(fields, "algorithm") {
        Some(0) => Algorithm::Sha1,
        Some(1) => Algorithm::Sha256,
        Some(2) => Algorithm::Sha512,
        _ => return Err(Draft::unknown_algorithm()),
    });
    draft.digits = integer(fields, "digits")
        .filter(|digits| DIGITS.contains(digits))
        .map_or(Number::Invalid, Number::Of);
    draft.period = number(fields, "period");
    draft.counter = number(fields, "counter");
    draft.build()
}
