//! FreeOTP: an item for the secret, one for the names, and one for the order, each an archived object. Sources:
//! freeotp-ios `KeychainStore.swift`, `OTP.swift`, `Token.swift`, `TokenStore.swift`.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use super::super::found::{self, Entry, Found, Unusable};
use super::super::keychain::Item;
use super::{integer, number, secret, text, unknown_kind};
use crate::container::plist::{Archive, Node, Value};
use crate::model::{Algorithm, Draft, Kind, Otp};
use crate::report::{Item as Remark, Skip};

const SECRETS: &str = "FreeOTP.OTP";
const NAMES: &str = "FreeOTP.Token";
const ORDER: &str = "_TokenOrder";
/// What the item with the order is called.
const ORDER_ID: &str = "09E969FC-53C3-4BE2-B653-4802949A26A7";

/// Where the first versions kept whole links.
pub(in super::super) const OLD_DOMAIN: &str = "AppDomain-org.fedorahosted.freeotp";
pub(in super::super) const OLD_PATH: &str = "Library/Preferences/org.fedorahosted.freeotp.plist";

/// Takes the items of the app, in the order of the app.
pub(super) fn take(items: &[Item], preferences: Option<&Value<'_>>, found: &mut Found) {
    let mut tokens: Vec<Token<'_>> = Vec::new();
    // Of the app, and of forks: each group has its own.
    let mut orders: Vec<(&str, Vec<String>)> = Vec::new();
    for (at, item) in items.iter().enumerate() {
        match item.service.as_str() {
            ORDER if item.account.as_str() == ORDER_ID => {
                orders.extend(ids(&item.secret).map(|ids| (item.group.as_str(), ids)));
            }
            SECRETS | NAMES => add(&mut tokens, item),
            _ => continue,
        }
        found.take(at);
    }
    let listed = orders.iter().flat_map(|(group, ids)| ids.iter().map(|id| (*group, id.as_str())));
    let mut places: HashMap<(&str, &str), usize> = HashMap::new();
    for (token, at) in listed.zip(0..) {
        places.entry(token).or_insert(at);
    }
    tokens.sort_by_key(|token| places.get(&(token.group, token.id)).copied().unwrap_or(usize::MAX));
    for token in &tokens {
        found.add(token.account(), token.modified());
    }
    let present: HashSet<(&str, &str)> = tokens.iter().map(|token| (token.group, token.id)).collect();
    let bound = places.keys().filter(|token| !present.contains(*token)).count();
    found.vault.warnings.extend(bound_tokens(bound, found.is_whole));
    if orders.is_empty() && !tokens.is_empty() {
        found.vault.warnings.push(no_order());
    }
    preferences.into_iter().for_each(|list| take_old(list, found));
}

/// Adds an item to the token that it is of. Forks of the app may have the same ids: a token is of one app.
fn add<'i>(tokens: &mut Vec<Token<'i>>, item: &'i Item) {
    let (group, id) = (item.group.as_str(), item.account.as_str());
    let at = tokens.iter().position(|token| (token.group, token.id) == (group, id));
    let at = at.unwrap_or_else(|| {
        tokens.push(Token { group, id, secrets: Vec::new(), names: Vec::new() });
        tokens.len().saturating_sub(1)
    });
    if let Some(token) = tokens.get_mut(at) {
        let list = if item.service.as_str() == SECRETS { &mut token.secrets } else { &mut token.names };
        list.push(item);
    }
}

fn bound_tokens(count: usize, is_whole: bool) -> Option<Remark> {
    let (tokens, were) = if count == 1 { ("token", "was") } else { ("tokens", "were") };
    let message = match is_whole {
        true => format!(
            "{count} {tokens} of FreeOTP {were} added before 2020, by a version that bound them to the phone: no backup has them"
        ),
        false => format!("of {count} {tokens} in FreeOTP's list nothing can be read in this backup"),
    };
    (count > 0).then(|| {
        Remark::new("bound-to-the-phone", message)
            .next_step("Look in FreeOTP which are missing here, and set them up again at their services")
    })
}

fn no_order() -> Remark {
    Remark::new(
        "no-order",
        "FreeOTP's list of its tokens is not in the backup: they stand in the order of the keychain, and older ones may be missing",
    )
    .next_step("Compare with the list in FreeOTP before you delete it")
}

/// The ids of the tokens in the order in which the app shows them.
fn ids(archived: &[u8]) -> Option<Vec<String>> {
    let archive = Archive::open(archived).ok()?;
    let list = archive.root()?.get("array")?;
    let ids = (0..list.len()?).filter_map(|at| list.at(at)?.text().map(|id| id.to_string()));
    Some(ids.collect())
}

/// The items of one token.
struct Token<'i> {
    group: &'i str,
    id: &'i str,
    secrets: Vec<&'i Item>,
    names: Vec<&'i Item>,
}

impl Token<'_> {
    fn modified(&self) -> Option<Timestamp> {
        self.names.first().or(self.secrets.first()).and_then(|item| item.modified)
    }

    fn account(&self) -> Entry {
        let unusable = |skip| Unusable::new(skip, "", "");
        let names = match self.names.as_slice() {
            [names] => names,
            [] => {
                let message = "what it is called and what kind it is are not in the backup, only its secret";
                return Err(unusable(Skip::new(Skip::MISSING_FIELD, message)));
            }
            _ => return Err(unusable(contradiction())),
        };
        let archive = Archive::open(&names.secret).ok();
        let Some(root) = archive.as_ref().and_then(Archive::root) else {
            return Err(unusable(Skip::new(Skip::DAMAGED, "what it is called is damaged")));
        };
        found::entry(self.otp(&root), &own_text(&root, "issuer"), &own_text(&root, "label"))
    }

    fn otp(&self, names: &Node<'_, '_>) -> Result<Otp, Skip> {
        let is_locked = names.get("locked").and_then(|locked| locked.boolean()).unwrap_or(false);
        let item = match self.secrets.as_slice() {
            [item] => item,
            [] if is_locked => {
                let message = "it is locked with a face or finger: its secret is in no backup";
                return Err(Skip::new(Skip::LOCKED_SECRET, message));
            }
            [] => return Err(Skip::new(Skip::NO_SECRET, "its secret is not in the backup")),
            _ => return Err(contradiction()),
        };
        let damaged = || Skip::new(Skip::DAMAGED, "its secret is damaged");
        let archive = Archive::open(&item.secret).map_err(|_| damaged())?;
        let root = archive.root().ok_or_else(damaged)?;
        if !self.is_own(names) || !self.is_own(&root) {
            return Err(contradiction());
        }
        let kind = match integer(names, "kind") {
            Some(0) => Kind::Hotp,
            Some(1) => Kind::Totp,
            _ => return Err(unknown_kind()),
        };
        let mut draft = Draft::new(kind, secret(&root)?);
        draft.algorithm = Some(algorithm(&root)?);
        draft.digits = number(&root, "digits");
        draft.period = number(names, "period");
        draft.counter = number(names, "counter");
        draft.build()
    }

    /// Whether an object says that it is of this token.
    fn is_own(&self, object: &Node<'_, '_>) -> bool {
        object.get("account").and_then(|id| id.text()).is_none_or(|id| id.as_str() == self.id)
    }
}

/// Which of two is right, nobody can tell.
fn contradiction() -> Skip {
    Skip::new(Skip::MISSING_FIELD, "its entries in the keychain contradict each other")
}

/// A name that the user gave, else that of the QR code.
fn own_text(node: &Node<'_, '_>, name: &str) -> String {
    match node.get(name) {
        Some(_) => text(node, name),
        None => text(node, &format!("{name}Orig")),
    }
}

/// The app's numbers of hashes.
fn algorithm(root: &Node<'_, '_>) -> Result<Algorithm, Skip> {
    match integer(root, "algo") {
        Some(0) => Ok(Algorithm::Sha1),
        Some(1) => Ok(Algorithm::Md5),
        Some(2) => Ok(Algorithm::Sha256),
        Some(3) => Ok(Algorithm::Sha384),
        Some(4) => Ok(Algorithm::Sha512),
        Some(5) => Ok(Algorithm::Sha224),
        _ => Err(Draft::unknown_algorithm()),
    }
}

/// The preferences of the first versions: an order of keys, and a link for each.
fn take_old(preferences: &Value<'_>, found: &mut Found) {
    let Some(order) = preferences.get("tokenOrder").map(Value::items) else {
        // Without their order they are there all the same.
        let links = preferences.keys().filter_map(|key| preferences.get(key)?.text());
        let links: Vec<&str> = links.filter(|text| text.starts_with("otpauth://")).collect();
        found.vault.warnings.extend((!links.is_empty()).then(no_order));
        links.into_iter().for_each(|link| found.add(found::of_link(link), None));
        return;
    };
    for key in order {
        let link = key.text().and_then(|key| preferences.get(key)?.text());
        let entry = match link {
            Some(link) => found::of_link(link),
            None => Err(Unusable::new(Skip::new(Skip::MISSING_FIELD, "its link is missing"), "", "")),
        };
        found.add(entry, None);
    }
}
