//! Proton Authenticator (Android, iPhone, desktop): the JSON export, plain or encrypted with a
//! password.
//!
//! One object with `version` 1 and `entries`, each a link with a name and a note. An encrypted file
//! has `salt` and `content` instead: the same text under a key from the password.
//! Source: `proton-authenticator` and `proton-pass-totp` of the vendor's proton-pass-common.

mod crypt;
mod read;
#[cfg(test)]
mod tests;
mod write;

use crate::caps::{Caps, Field, Fit, Groups, Periods};
use crate::ctx::Ctx;
use crate::error::Error;
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::model::{Account, Algorithm, Kind, Vault};
use crate::probe::{Node, Probe};

/// Proton Authenticator.
pub(crate) struct Proton;

const ID: &str = "proton";

static INFO: Info = Info {
    id: ID,
    title: "Proton Authenticator",
    aliases: &["proton-authenticator"],
    extensions: &["json"],
    reads_encrypted: true,
    unverified: None,
    write: &[Writing {
        form: "",
        caps: CAPS,
        encryption: Encryption::Optional,
        any_password: true,
        carrier: Carrier::File,
        file_name: "proton_authenticator_backup.json",
        encrypted_file_name: "proton_authenticator_backup.json",
        import_help: "In Proton Authenticator, open Settings > Import, choose Proton Authenticator, and pick the file",
    }],
    export_help: "In Proton Authenticator, open Settings > Export",
};

const CAPS: Caps = Caps {
    app: "Proton Authenticator",
    kinds: &[Kind::Totp, Kind::Steam],
    algorithms: &[Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512],
    // Checked by the app on import.
    digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9],
    // The app keeps a period in 16 bits.
    periods: Periods::UpTo(65_535),
    max_counter: 0,
    secret_bytes: (1, usize::MAX),
    needs_pin: false,
    groups: Groups::None,
    fields: &[Field::Note],
};

/// Version of a file, plain or encrypted.
const VERSION: u8 = 1;
/// Type of an entry with a link.
const TOTP: &str = "Totp";
/// Type of an entry with a Steam secret; also its issuer, for which the file has no place, and its
/// name when it has no other.
const STEAM: &str = "Steam";

impl Format for Proton {
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

/// The words are used by many, but no other list has `content` with `entry_type` in its entries,
/// and no other encrypted file has just these three keys.
fn recognise(json: &Node) -> Confidence {
    let version = json.get("version").and_then(Node::integer).is_some();
    if let Some(entries) = json.get("entries") {
        return recognise_entries(entries, version);
    }
    let is_text = |key| matches!(json.get(key), Some(Node::Text(_)));
    let only = matches!(json, Node::Object(entries) if entries.len() == 3);
    match (is_text("salt"), json.get("content")) {
        (true, Some(Node::Text(_))) if version && only => Confidence::Sure,
        (true, Some(Node::Unknown)) if version && only => Confidence::Likely,
        _ => Confidence::No,
    }
}

fn recognise_entries(entries: &Node, version: bool) -> Confidence {
    let content = match entries {
        Node::Array(Some(first)) => first.get("content"),
        // An export without accounts.
        Node::Array(None) if version => return Confidence::Weak,
        _ => None,
    };
    let has = |key| content.is_some_and(|content| content.get(key).is_some());
    match has("uri") && has("entry_type") {
        true if version => Confidence::Sure,
        true => Confidence::Likely,
        false => Confidence::No,
    }
}

fn fit(account: &Account) -> Fit {
    let mut fit = CAPS.check(account);
    if fit.refused.is_some() {
        return fit;
    }
    let steam = account.kind() == Kind::Steam;
    if steam && account.issuer != STEAM {
        fit.change(Field::Issuer, "the issuer becomes \"Steam\"");
    }
    if kept_name(account) != account.name {
        let message = if steam {
            "the account name is left behind: it is the one that Proton gives to every Steam account"
        } else {
            "colons at the beginning of the account name are left out"
        };
        fit.change(Field::Account, message);
    }
    fit
}

/// The account name as the file can say it: readers take one colon at its beginning for the trace of
/// an empty issuer, and the name `Steam` for that of a Steam account without a name.
fn kept_name(account: &Account) -> &str {
    match account.kind() {
        Kind::Steam if account.name == STEAM => "",
        Kind::Steam => &account.name,
        _ => account.name.trim_start_matches(':'),
    }
}
