//! Authy: what can be got out of it. The app exports nothing.
//!
//! - Android preferences of a rooted phone, `com.authy.storage.tokens.authenticator.xml` for tokens of
//!   other services and `com.authy.storage.tokens.authy.xml` for Authy's own;
//! - the answer of Authy's server, `authenticator_tokens` and `apps`, as it was captured or saved;
//! - what scripts made of these: `decrypted_authenticator_tokens`, and a list of names and links.
//!
//! Sources: Aegis' `AuthyImporter`, alexzorin/authy's `crypto.go` and `objects.go`,
//! AlexTech01/Authy-iOS-MiTM's `decrypt.py`.

mod crypt;
mod read;
#[cfg(test)]
mod tests;
mod token;

use crate::ctx::Ctx;
use crate::error::Error;
use crate::format::{Confidence, Format, Info, Input};
use crate::model::Vault;
use crate::probe::{Node, Probe};

/// Authy.
pub(crate) struct Authy;

const ID: &str = "authy";
/// Preferences with the tokens of other services.
const AUTHENTICATOR: &str = "com.authy.storage.tokens.authenticator.key";
/// Preferences with the tokens of services that Authy itself provides.
const NATIVE: &str = "com.authy.storage.tokens.authy.key";

static INFO: Info = Info {
    id: ID,
    title: "Authy",
    aliases: &["twilio-authy"],
    extensions: &["xml", "json"],
    reads_encrypted: true,
    unverified: None,
    write: &[],
    export_help: "The app has no export. On a rooted Android phone: \
        /data/data/com.authy.authy/shared_prefs/com.authy.storage.tokens.authenticator.xml, and \
        com.authy.storage.tokens.authy.xml in the same folder",
};

impl Format for Authy {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        if let Some(json) = probe.json() {
            return recognise(json);
        }
        match probe.prefs() {
            Some(prefs) if [AUTHENTICATOR, NATIVE].iter().any(|name| prefs.get(name).is_some()) => {
                Confidence::Sure
            }
            Some(_) => Confidence::No,
            None => broken_preferences(probe),
        }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        read::decode(input, ctx).map_err(|error| error.in_format(ID))
    }
}

fn recognise(json: &Node) -> Confidence {
    let lists = ["authenticator_tokens", "decrypted_authenticator_tokens"];
    let has_list = |node: &Node| lists.iter().any(|name| node.get(name).is_some());
    if has_list(json) || json.get("tokens").is_some_and(has_list) || has_apps(json) {
        return Confidence::Sure;
    }
    match json {
        // A script's list: any other script could write the same.
        Node::Array(Some(first)) if is_script_entry(first) => Confidence::Likely,
        _ => Confidence::No,
    }
}

/// Authy's own tokens, alone or beside the others in the file that alexzorin/authy keeps.
fn has_apps(json: &Node) -> bool {
    let list = match json.get("apps") {
        Some(inner @ Node::Object(_)) => inner.get("apps"),
        list => list,
    };
    matches!(list, Some(Node::Array(Some(first))) if first.get("secret_seed").is_some())
}

fn is_script_entry(entry: &Node) -> bool {
    let link = entry.get("uri").and_then(Node::text);
    entry.get("name").is_some()
        && entry.get("secret").is_some()
        && link.is_some_and(|link| link.starts_with("otpauth://"))
}

/// Preferences that were cut off still begin with the name of their value.
fn broken_preferences(probe: &Probe<'_>) -> Confidence {
    let has_name = |text: &str| [AUTHENTICATOR, NATIVE].iter().any(|name| text.contains(name));
    match probe.text() {
        Some(text) if text.contains("<map") && has_name(text) => Confidence::Likely,
        _ => Confidence::No,
    }
}
