//! Steam Guard: the Android app's files, and the `.maFile`s of SteamDesktopAuthenticator (SDA) and
//! steamguard-cli, one account each, plain or encrypted.
//!
//! How an encrypted `.maFile` is to be opened stands in the `manifest.json` beside it.
//! Sources: Aegis' `SteamImporter`; SDA's `FileEncryptor` and `Manifest`; steamguard-cli's
//! `encryption` and `accountmanager`. It is not written: those programs need the keys of trade
//! confirmations and a session too, which no other app has.

mod manifest;
mod read;
#[cfg(test)]
mod tests;

use crate::ctx::Ctx;
use crate::error::Error;
use crate::format::{Confidence, Format, Info, Input};
use crate::model::Vault;
use crate::probe::{Node, Probe};

/// Steam Guard.
pub(crate) struct Steam;

const ID: &str = "steam";

static INFO: Info = Info {
    id: ID,
    title: "Steam Guard (app files and maFiles)",
    aliases: &["steam-guard", "mafile", "sda", "steamguard-cli"],
    extensions: &["mafile", "json"],
    reads_encrypted: true,
    unverified: None,
    write: &[],
    export_help: "SteamDesktopAuthenticator and steamguard-cli keep one .maFile for each account in their folder \
        maFiles; an encrypted one needs the manifest.json beside it. The Steam app has no export",
};

impl Format for Steam {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        if let Some(json) = probe.json() {
            return recognise(json);
        }
        let looks_sealed = probe.text().is_some_and(is_base64);
        let listed = probe.manifest().is_some_and(|manifest| manifest::lists_sealed(&manifest));
        let named = probe.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("maFile"));
        match (looks_sealed, listed, named) {
            (true, true, _) => Confidence::Sure,
            (true, false, true) => Confidence::Likely,
            _ => Confidence::No,
        }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        read::decode(input, ctx).map_err(|error| error.in_format(ID))
    }
}

fn recognise(json: &Node) -> Confidence {
    let accounts = match json.get("accounts") {
        Some(Node::Object(accounts)) => accounts.iter().any(|(_, account)| is_account(account)),
        _ => false,
    };
    if is_account(json) || accounts || is_manifest(json) { Confidence::Sure } else { Confidence::No }
}

/// Its own name for the secret, or where that is missing, its link.
fn is_account(json: &Node) -> bool {
    let link =
        json.get("uri").and_then(Node::text).is_some_and(|uri| uri.starts_with("otpauth://totp/Steam"));
    json.get("shared_secret").is_some() || (link && json.get("identity_secret").is_some())
}

fn is_manifest(json: &Node) -> bool {
    let Some(Node::Array(Some(entry))) = json.get("entries") else { return false };
    entry.get("filename").is_some()
        && (entry.get("encryption_iv").is_some() || entry.get("encryption").is_some())
}

/// Whether a text is one piece of base64 and nothing else.
fn is_base64(text: &str) -> bool {
    let text = text.trim();
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'\r' | b'\n');
    !text.is_empty() && text.bytes().all(allowed)
}
