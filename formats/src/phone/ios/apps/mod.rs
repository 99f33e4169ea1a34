//! Apps whose items in the keychain are known.

mod freeotp;
mod generic;
mod tofu;
mod uri_beside_secret;

pub(super) use freeotp::{OLD_DOMAIN, OLD_PATH};
pub(super) use uri_beside_secret::{ORDER_DOMAIN, ORDER_PATH};

use super::found::Found;
use super::keychain::Item;
use super::known;
use crate::container::plist::{Node, Value};
use crate::ctx::Ctx;
use crate::model::{Number, Secret};
use crate::report::Skip;

/// Preferences of apps that say more about their items.
#[derive(Default)]
pub(super) struct Preferences<'a> {
    /// Of Authenticator by Matt Rubin: the order of its accounts.
    pub(super) rubin: Option<Value<'a>>,
    /// Of the first FreeOTP: whole accounts.
    pub(super) freeotp: Option<Value<'a>>,
}

/// A text of an archived account.
fn text(node: &Node<'_, '_>, name: &str) -> String {
    node.get(name).and_then(|text| text.text()).map(|text| text.trim().to_owned()).unwrap_or_default()
}

fn integer(node: &Node<'_, '_>, name: &str) -> Option<i128> {
    node.get(name)?.integer()
}

/// The apps always write their numbers: where one is missing, nothing is assumed.
fn number(node: &Node<'_, '_>, name: &str) -> Number {
    integer(node, name).map_or(Number::Invalid, Number::Of)
}

fn secret(node: &Node<'_, '_>) -> Result<Secret, Skip> {
    let secret = node.get("secret").and_then(|secret| Secret::new(secret.data()?.to_vec()));
    secret.ok_or_else(no_secret)
}

fn no_secret() -> Skip {
    Skip::new(Skip::NO_SECRET, "the item has no secret")
}

fn unknown_kind() -> Skip {
    Skip::new(Skip::UNKNOWN_KIND, "the kind of its codes is not known")
}

/// Takes the accounts out of a keychain, app by app.
pub(super) fn take(items: &[Item], preferences: &Preferences<'_>, found: &mut Found, ctx: &mut Ctx<'_>) {
    found.of_app(known::RUBIN, |found| {
        uri_beside_secret::take_rubin(items, preferences.rubin.as_ref(), found);
    });
    found.of_app(known::GOOGLE, |found| uri_beside_secret::take_google(items, found));
    found.of_app(known::FREEOTP, |found| freeotp::take(items, preferences.freeotp.as_ref(), found));
    found.of_app(known::TOFU, |found| tofu::take(items, found));
    generic::take(items, found, ctx);
}
