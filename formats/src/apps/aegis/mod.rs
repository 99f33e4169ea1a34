//! Aegis Authenticator (Android): the JSON vault, plain or encrypted with a password.
//!
//! One object with `version`, `header` and `db`. In a plain file `db` is an object; in an encrypted
//! one it is the Base64 of such an object under a random key, and each slot of the header holds
//! that key wrapped by a password, by the phone's key store, or raw.
//! Source: the app's `docs/vault.md` and its `vault`, `crypto` and `otp` packages.

mod crypt;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::collections::HashSet;

use crate::caps::{Caps, Field, Fit, Groups, Periods};
use crate::ctx::Ctx;
use crate::error::Error;
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::model::{Account, Algorithm, Icon, Kind, Vault};
use crate::probe::{Node, Probe};

/// Aegis Authenticator.
pub(crate) struct Aegis;

const ID: &str = "aegis";

static INFO: Info = Info {
    id: ID,
    title: "Aegis Authenticator",
    aliases: &["aegis-authenticator"],
    extensions: &["json"],
    reads_encrypted: true,
    unverified: None,
    write: &[Writing {
        form: "",
        caps: CAPS,
        encryption: Encryption::Optional,
        any_password: true,
        carrier: Carrier::File,
        file_name: "aegis-export-plain.json",
        encrypted_file_name: "aegis-export.json",
        import_help: "In Aegis, open Settings > Import & Export > Import from file, choose Aegis, and pick the file",
    }],
    export_help: "In Aegis, open Settings > Import & Export > Export and choose the format Aegis (.JSON)",
};

const CAPS: Caps = Caps {
    app: "Aegis",
    kinds: &[Kind::Totp, Kind::Hotp, Kind::Steam, Kind::Motp, Kind::Yandex],
    algorithms: &[Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512],
    digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    periods: Periods::UpTo(MAX_PERIOD),
    max_counter: MAX_COUNTER,
    secret_bytes: (1, usize::MAX),
    needs_pin: true,
    groups: Groups::Many,
    fields: &[Field::Note, Field::Favorite, Field::Icon],
};

/// The app keeps a period in milliseconds in 32 bits.
const MAX_PERIOD: u32 = 2_147_483;
/// The app keeps a counter in a signed 64-bit number.
const MAX_COUNTER: u64 = u64::MAX >> 1;
/// Version of the outer object.
const FILE_VERSION: u8 = 1;
/// Newest version of the inner object.
const DB_VERSION: u8 = 3;

impl Format for Aegis {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        probe.json().map_or(Confidence::No, recognise)
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        read::decode(input, ctx).map_err(|error| error.in_format(ID))
    }

    fn fit(&self, _: &Writing, accounts: &[Account]) -> Vec<Fit> {
        accounts.iter().map(fit).collect()
    }

    fn encode(&self, _: &Writing, vault: &Vault, ctx: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        let part = write::encode(vault, ctx).map_err(|error| error.in_format(ID))?;
        Ok(vec![part])
    }
}

/// Nothing else in the family has `header` beside `db`. The keys may come in any order, and the
/// text may break off before the second of them.
fn recognise(json: &Node) -> Confidence {
    let header = json.get("header");
    let header_is_ours =
        header.is_some_and(|header| header.get("slots").is_some() || header.get("params").is_some());
    let db = json.get("db");
    let db_is_ours = db.and_then(|db| db.get("entries")).is_some_and(Node::is_array);
    match (header, db) {
        (Some(_), Some(_)) if header_is_ours || db_is_ours => Confidence::Sure,
        _ if header_is_ours || db_is_ours => Confidence::Likely,
        (None, Some(Node::Text(_) | Node::Unknown)) if json.get("version").is_some() => Confidence::Weak,
        _ => Confidence::No,
    }
}

fn fit(account: &Account) -> Fit {
    let mut fit = CAPS.check(account);
    if fit.refused.is_some() {
        return fit;
    }
    if kept_groups(account).ne(account.groups.iter().map(String::as_str)) {
        fit.change(Field::Groups, "groups without a name, and repeated ones, are left out");
    }
    if account.icon.is_some() && kept_icon(account).is_none() {
        fit.change(Field::Icon, "its picture is left behind: Aegis takes PNG, JPEG and SVG only");
    }
    fit
}

/// The groups as the app can hold them: with a name, each once.
fn kept_groups(account: &Account) -> impl Iterator<Item = &str> {
    let mut seen = HashSet::new();
    let names = account.groups.iter().map(String::as_str);
    names.filter(move |name| !name.is_empty() && seen.insert(*name))
}

/// The picture, when the app can show its kind.
fn kept_icon(account: &Account) -> Option<&Icon> {
    account.icon.as_ref().filter(|icon| is_known_mime(&icon.mime) && !icon.data.is_empty())
}

/// Source: the app's `IconType`.
fn is_known_mime(mime: &str) -> bool {
    matches!(mime, "image/svg+xml" | "image/png" | "image/jpeg")
}
