//! Apps whose items in the keychain are known.

mod freeotp;
mod generic;
mod tofu;
mod uri_beside_secret;

pub(super) use freeotp::{OLD_DOMAIN, OLD_PATH};
pub(super) use uri_beside_secret::{ORDER_DOMAIN, ORDER_PATH};

use super::found::Found;
use super::keychain::Item;
use crate::container::plist::Value;
use crate::ctx::Ctx;

/// Preferences of apps that say more about their items.
#[derive(Default)]
pub(super) struct Preferences<'a> {
    /// Of Authenticator by Matt Rubin: the order of its accounts.
    pub(super) rubin: Option<Value<'a>>,
    /// Of the first FreeOTP: whole accounts.
    pub(super) freeotp: Option<Value<'a>>,
}

/// Takes the accounts out of a keychain, app by app.
pub(super) fn take(items: &[Item], preferences: &Preferences<'_>, found: &mut Found, ctx: &mut Ctx<'_>) {
    uri_beside_secret::take(items, preferences.rubin.as_ref(), found);
    freeotp::take(items, preferences.freeotp.as_ref(), found);
    tofu::take(items, found);
    generic::take(items, found, ctx);
}
