//! `cxf`: the FIDO Alliance's Credential Exchange Format 1.0, in which password managers hand over
//! their items: the document with its header, one account of it alone, and a zip with either.
//!
//! Source: the standard (cxf-v1.0-ps-20250814); Bitwarden's `credential-exchange` and its examples.

mod read;
#[cfg(test)]
mod tests;
mod write;

use crate::caps::{Caps, Field, Fit, Groups, Periods};
use crate::container::zip::Archive;
use crate::ctx::Ctx;
use crate::error::Error;
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::managers::written;
use crate::model::{Account, Vault};
use crate::probe::{Node, Probe};

/// Credential Exchange Format.
pub(crate) struct Cxf;

const ID: &str = "cxf";

static INFO: Info = Info {
    id: ID,
    title: "Credential Exchange Format (FIDO)",
    aliases: &["credential-exchange"],
    extensions: &["json", "zip"],
    reads_encrypted: false,
    unverified: None,
    write: &[Writing {
        form: "",
        caps: CAPS,
        encryption: Encryption::Never,
        any_password: true,
        carrier: Carrier::File,
        file_name: "credential-exchange.json",
        encrypted_file_name: "credential-exchange.json",
        import_help: "Apps hand this document to each other through the system; no common app opens it from a file: \
            it is for tools and tests",
    }],
    export_help: "Apps hand this document to each other through the system; tools keep it as a file",
};

/// Bitwarden's reader refuses a document with a period of more than 8 bits.
const CAPS: Caps = Caps {
    app: "The Credential Exchange Format",
    digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    periods: Periods::UpTo(255),
    groups: Groups::Many,
    fields: &[Field::Groups, Field::Note, Field::Favorite, Field::Urls, Field::Created, Field::Modified],
    ..written::CAPS
};

impl Format for Cxf {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        match probe.json() {
            Some(json) if is_mine(json) => Confidence::Sure,
            Some(_) => Confidence::No,
            // What the member is shows only when it is read.
            None => match probe.zip_names() {
                // Of an archive that is cut off only the first name is known.
                Some([name]) if name.ends_with(".json") && Archive::open(probe.bytes()).is_ok() => {
                    Confidence::Weak
                }
                _ => Confidence::No,
            },
        }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        read::decode(input, ctx.limits).map_err(|error| error.in_format(ID))
    }

    fn fit(&self, _: &Writing, accounts: &[Account]) -> Vec<Fit> {
        accounts.iter().map(write::fit).collect()
    }

    fn encode(&self, _: &Writing, vault: &Vault, ctx: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        write::encode(vault, ctx).map(|part| vec![part]).map_err(|error| error.in_format(ID))
    }
}

/// A header, an account alone, or a response that is encrypted for the app that asked for it.
fn is_mine(json: &Node) -> bool {
    let has = |key: &str| json.get(key).is_some();
    let is_list = |key: &str| json.get(key).is_some_and(Node::is_array);
    let has_credentials = match json.get("items") {
        Some(Node::Array(Some(item))) => item.get("credentials").is_some(),
        Some(Node::Array(None)) => is_list("collections") && has("email") && has("username"),
        _ => false,
    };
    (has("exporterRpId") && has("version")) || has_credentials || (has("hpke") && has("payload"))
}
