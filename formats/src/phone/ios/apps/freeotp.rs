//! FreeOTP: an item for the secret, one for the names, and one for the order, each an archived object. Sources:
//! freeotp-ios `KeychainStore.swift`, `OTP.swift`, `Token.swift`, `TokenStore.swift`.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;

use super::super::found::{Entry, Found, Unusable};
use super::super::keychain::Item;
use crate::container::plist::{Archive, Node, Value};
use crate::model::{Account, Algorithm, Credential, Draft, Kind, Number, Otp, Secret};
use crate::open::otpauth;
use crate::report::{Item as Remark, Skip};

const SECRETS: &str = "FreeOTP.OTP";
const NAMES: &str = "FreeOTP.Token";
const ORDER: &str = "_TokenOrder";

/// Where the first versions kept whole links.
pub(in super::super) const OLD_DOMAIN: &str = "AppDomain-org.fedorahosted.freeotp";
pub(in super::super) const OLD_PATH: &str = "Library/Preferences/org.fedorahosted.freeotp.plist";

/// Takes the items of the app, in the order of the app.
pub(super) fn take(items: &[Item], preferences: Option<&Value<'_>>, found: &mut Found) {
    let mut tokens: BTreeMap<&str, Token<'_>> = BTreeMap::new();
    let mut in_keychain: Vec<&str> = Vec::new();
    let mut order: Option<Vec<String>> = None;
    for (at, item) in items.iter().enumerate() {
        match item.service.as_str() {
            ORDER => order = ids(&item.secret),
            SECRETS | NAMES => {
                let id = item.account.as_str();
                let token = tokens.entry(id).or_insert_with(|| {
                    in_keychain.push(id);
                    Token::default()
                });
                let slot =
                    if item.service.as_str() == SECRETS { &mut token.secret } else { &mut token.names };
                *slot = Some(item);
            }
            _ => continue,
        }
        found.take(at);
    }
    let listed: Vec<&str> = order.iter().flatten().map(String::as_str).collect();
    let places: HashMap<&str, usize> = listed.iter().copied().zip(0..).collect();
    in_keychain.sort_by_key(|id| places.get(id).copied().unwrap_or(usize::MAX));
    for id in &in_keychain {
        if let Some(token) = tokens.get(id) {
            found.add(token.account(), token.modified());
        }
    }
    let present: HashSet<&str> = in_keychain.iter().copied().collect();
    let bound = listed.iter().filter(|id| !present.contains(*id)).count();
    found.vault.warnings.extend(bound_tokens(bound));
    if order.is_none() && !in_keychain.is_empty() {
        found.vault.warnings.push(no_order());
    }
    preferences.into_iter().for_each(|list| take_old(list, found));
}

fn bound_tokens(count: usize) -> Option<Remark> {
    let (tokens, were) = if count == 1 { ("token", "was") } else { ("tokens", "were") };
    let message = format!(
        "{count} {tokens} of FreeOTP {were} added before 2020, by a version that bound them to the phone: no backup has them"
    );
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
#[derive(Default)]
struct Token<'i> {
    secret: Option<&'i Item>,
    names: Option<&'i Item>,
}

impl Token<'_> {
    fn modified(&self) -> Option<Timestamp> {
        self.names.or(self.secret).and_then(|item| item.modified)
    }

    fn account(&self) -> Entry {
        let unusable = |skip| Unusable::new(skip, "", "");
        let Some(names) = self.names else {
            let message = "what it is called and what kind it is are not in the backup, only its secret";
            return Err(unusable(Skip::new(Skip::MISSING_FIELD, message)));
        };
        let archive = Archive::open(&names.secret).ok();
        let Some(root) = archive.as_ref().and_then(Archive::root) else {
            return Err(unusable(Skip::new(Skip::DAMAGED, "what it is called is damaged")));
        };
        let (issuer, name) = (text(&root, "issuer"), text(&root, "label"));
        match self.otp(&root) {
            Ok(otp) => Ok(Account::new(Credential::Otp(otp), issuer, name)),
            Err(skip) => Err(Unusable::new(skip, &issuer, &name)),
        }
    }

    fn otp(&self, names: &Node<'_, '_>) -> Result<Otp, Skip> {
        let is_locked = names.get("locked").and_then(|locked| locked.boolean()).unwrap_or(false);
        let item = self.secret.ok_or_else(|| match is_locked {
            true => Skip::new(
                Skip::LOCKED_SECRET,
                "it is locked with a face or finger: its secret is in no backup",
            ),
            false => Skip::new(Skip::NO_SECRET, "its secret is not in the backup"),
        })?;
        let damaged = || Skip::new(Skip::DAMAGED, "its secret is damaged");
        let archive = Archive::open(&item.secret).map_err(|_| damaged())?;
        let root = archive.root().ok_or_else(damaged)?;
        let kind = match names.get("kind").and_then(|kind| kind.integer()) {
            Some(0) => Kind::Hotp,
            Some(1) => Kind::Totp,
            _ => return Err(Skip::new(Skip::UNKNOWN_KIND, "the kind of its codes is not known")),
        };
        let secret = root.get("secret").and_then(|secret| Secret::new(secret.data()?.to_vec()));
        let secret = secret.ok_or_else(|| Skip::new(Skip::NO_SECRET, "the item has no secret"))?;
        let mut draft = Draft::new(kind, secret);
        draft.algorithm = Some(algorithm(&root)?);
        draft.digits = number(&root, "digits");
        draft.period = number(names, "period");
        draft.counter = number(names, "counter");
        draft.build()
    }
}

/// A name that the user gave, else that of the QR code.
fn text(node: &Node<'_, '_>, name: &str) -> String {
    let own = node.get(name).or_else(|| node.get(&format!("{name}Orig")));
    own.and_then(|text| text.text()).map(|text| text.trim().to_owned()).unwrap_or_default()
}

/// The app always writes its numbers: where one is missing, nothing is assumed.
fn number(node: &Node<'_, '_>, name: &str) -> Number {
    node.get(name).and_then(|number| number.integer()).map_or(Number::Invalid, Number::Of)
}

/// The app's numbers of hashes.
fn algorithm(root: &Node<'_, '_>) -> Result<Algorithm, Skip> {
    match root.get("algo").and_then(|number| number.integer()) {
        Some(0) => Ok(Algorithm::Sha1),
        Some(1) => Ok(Algorithm::Md5),
        Some(2) => Ok(Algorithm::Sha256),
        Some(3) => Ok(Algorithm::Sha384),
        Some(4) => Ok(Algorithm::Sha512),
        Some(5) => Ok(Algorithm::Sha224),
        _ => Err(Skip::new(Skip::UNKNOWN_ALGORITHM, "its algorithm is not one that codes are made with")),
    }
}

/// The preferences of the first versions: an order of keys, and a link for each.
fn take_old(preferences: &Value<'_>, found: &mut Found) {
    let order = preferences.get("tokenOrder").map_or(&[][..], Value::items);
    let links = order.iter().filter_map(|key| preferences.get(key.text()?)?.text());
    for link in links.filter(|link| link.starts_with("otpauth://")) {
        let entry =
            otpauth::parse(link).map_err(|(skip, names)| Unusable::new(skip, &names.issuer, &names.account));
        found.add(entry, None);
    }
}
