//! Authenticator by Matt Rubin, and Google Authenticator as it was until 2015, whose code Rubin's began with: a link
//! without its secret (`gena`), and the secret beside it as it is (`v_Data`). Sources: OneTimePassword's `Keychain.swift`
//! and `Token+URL.swift`; `OTPAuthURL.m` of google-authenticator.

use std::collections::HashMap;

use super::super::found::{self, Entry, Found, Unusable};
use super::super::keychain::Item;
use super::{no_secret, unknown_kind};
use crate::container::plist::Value;
use crate::model::{Draft, Kind, Otp, Secret};
use crate::open::label;
use crate::open::otpauth::{Host, Pieces};
use crate::report::Skip;
use crate::text::percent;

/// What Rubin's app calls its items, now and before.
const RUBIN: [&str; 2] = ["me.mattrubin.onetimepassword.token", "me.mattrubin.authenticator.token"];
const GOOGLE: &str = "com.google.otp.authentication";

/// Where Rubin's app keeps the order of its accounts.
pub(in super::super) const ORDER_DOMAIN: &str = "AppDomain-me.mattrubin.authenticator";
pub(in super::super) const ORDER_PATH: &str = "Library/Preferences/me.mattrubin.authenticator.plist";

/// Takes the items of Rubin's app, in the order of the app, and what that does not list behind them.
pub(super) fn take_rubin(items: &[Item], preferences: Option<&Value<'_>>, found: &mut Found) {
    let order = preferences.and_then(|list| list.get("OTPKeychainEntries")).map_or(&[][..], Value::items);
    let mut places: HashMap<&[u8], usize> = HashMap::new();
    for (reference, at) in order.iter().filter_map(Value::data).zip(0..) {
        places.entry(reference).or_insert(at);
    }
    let mut rubin = of_services(items, &RUBIN);
    rubin.sort_by_key(|(_, item)| places.get(item.reference.as_slice()).copied().unwrap_or(usize::MAX));
    add(rubin, found);
}

/// Takes the items of Google Authenticator.
pub(super) fn take_google(items: &[Item], found: &mut Found) {
    add(of_services(items, &[GOOGLE]), found);
}

fn of_services<'i>(items: &'i [Item], services: &[&str]) -> Vec<(usize, &'i Item)> {
    items.iter().enumerate().filter(|(_, item)| services.contains(&item.service.as_str())).collect()
}

fn add(items: Vec<(usize, &Item)>, found: &mut Found) {
    for (at, item) in items {
        found.take(at);
        found.add(account(item), item.modified);
    }
}

fn account(item: &Item) -> Entry {
    let pieces = std::str::from_utf8(&item.generic).ok().and_then(Pieces::split);
    let Some(pieces) = pieces else {
        let skip =
            Skip::new(Skip::MISSING_FIELD, "the link that says what kind of account it is cannot be read");
        return Err(Unusable::new(skip, "", ""));
    };
    let (issuer, name) = names(&pieces);
    found::entry(otp(item, &pieces), &issuer, &name)
}

/// The issuer is a parameter, else what is before the colon of the label; a plus is a plus.
fn names(pieces: &Pieces<'_>) -> (String, String) {
    let label = percent::decode(pieces.label);
    let (issuer, name) = match pieces.raw("issuer").map(percent::decode) {
        Some(issuer) => {
            let name = label::after_issuer(&label, issuer.trim()).unwrap_or(&label).to_owned();
            (issuer, name)
        }
        None => match label.split_once(':') {
            Some((issuer, name)) => (issuer.to_owned(), name.to_owned()),
            None => (String::new(), label),
        },
    };
    (issuer.trim().to_owned(), name.trim().to_owned())
}

/// The counter belongs to the code that the app shows now.
fn otp(item: &Item, pieces: &Pieces<'_>) -> Result<Otp, Skip> {
    let kind = match pieces.host {
        Host::Totp => Kind::Totp,
        Host::Hotp => Kind::Hotp,
        _ => return Err(unknown_kind()),
    };
    let secret = Secret::new(item.secret.to_vec()).ok_or_else(no_secret)?;
    let mut draft = Draft::new(kind, secret);
    draft.algorithm = Draft::read_algorithm(&pieces.value("algorithm").unwrap_or_default())?;
    draft.digits = pieces.number("digits");
    draft.period = pieces.number("period");
    draft.counter = pieces.number("counter");
    draft.build()
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::model::{Algorithm, Digits, Period};

    fn item(service: &str, reference: u8, uri: &str) -> Item {
        Item {
            reference: vec![reference],
            service: Zeroizing::new(service.to_owned()),
            generic: Zeroizing::new(uri.as_bytes().to_vec()),
            secret: Zeroizing::new(b"Hello!\xde\xad\xbe\xef".to_vec()),
            ..Item::default()
        }
    }

    fn totp() -> Otp {
        Otp::Totp {
            secret: Secret::new(b"Hello!\xde\xad\xbe\xef".to_vec()).unwrap(),
            algorithm: Algorithm::Sha1,
            digits: Digits::SIX,
            period: Period::THIRTY,
        }
    }

    #[test]
    fn names_as_the_app_reads_them() {
        for (uri, issuer, name) in [
            ("otpauth://totp/a%2Fb?issuer=C%2B+%2B", "C+++", "a/b"),
            ("otpauth://totp/Acme:bob?issuer=Acme", "Acme", "bob"),
            ("otpauth://totp/Acme:bob?issuer=", "", "Acme:bob"),
            ("otpauth://totp/Acme%3Abob?", "Acme", "bob"),
            ("otpauth://totp/bob", "", "bob"),
        ] {
            let account = account(&item(RUBIN[0], 0, uri)).map_err(|unusable| unusable.skip).unwrap();
            assert_eq!((account.issuer.as_str(), account.name.as_str()), (issuer, name), "{uri}");
            assert_eq!(account.otp(), Some(&totp()), "{uri}");
        }
    }

    #[test]
    fn the_order_of_the_app_then_that_of_the_keychain() {
        let items: Vec<Item> =
            [(GOOGLE, 9, "google"), (RUBIN[0], 1, "one"), (RUBIN[1], 2, "two"), (RUBIN[0], 3, "three")]
                .map(|(service, reference, name)| item(service, reference, &format!("otpauth://totp/{name}")))
                .into();
        let order =
            Value::Array([[3_u8], [2]].map(|reference| Value::Data(reference.to_vec().into())).into());
        let list = Value::Dictionary(vec![("OTPKeychainEntries".to_owned().into(), order)]);
        let names = |list: Option<&Value<'_>>| {
            let mut found = Found::new(items.len(), true);
            take_rubin(&items, list, &mut found);
            take_google(&items, &mut found);
            assert!((0..items.len()).all(|at| found.is_taken(at)));
            found.vault.accounts.into_iter().map(|account| account.name).collect::<Vec<_>>()
        };
        assert_eq!(names(Some(&list)), ["three", "two", "one", "google"]);
        assert_eq!(names(None), ["one", "two", "three", "google"]);
    }

    #[test]
    fn what_cannot_be_an_account() {
        for (uri, code) in [
            ("otpauth://totp/a?algorithm=SHA3", Skip::UNKNOWN_ALGORITHM),
            ("otpauth://totp/a?digits=x", Skip::BAD_DIGITS),
            ("otpauth://totp/a?period=0", Skip::BAD_PERIOD),
            ("otpauth://hotp/a?counter=-1", Skip::BAD_COUNTER),
            ("otpauth://steam/a", Skip::UNKNOWN_KIND),
            ("http://example.org", Skip::MISSING_FIELD),
        ] {
            let entry = account(&item(GOOGLE, 0, uri));
            assert_eq!(entry.map_err(|unusable| unusable.skip.code).unwrap_err(), code, "{uri}");
        }
        let empty = Item { secret: Zeroizing::default(), ..item(GOOGLE, 0, "otpauth://totp/a") };
        assert_eq!(account(&empty).map_err(|unusable| unusable.skip.code).unwrap_err(), Skip::NO_SECRET);
    }
}
