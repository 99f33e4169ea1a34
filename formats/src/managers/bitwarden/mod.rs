//! `bitwarden`: exports of Bitwarden and Vaultwarden: JSON, plain or protected with a password, CSV, and
//! the zip with attachments.
//!
//! Source: Bitwarden's `vault-export-core` and `importer`; KeePassXC's `BitwardenReader` for the
//! protection.

mod crypt;
mod read;
mod table;
#[cfg(test)]
mod tests;
mod write;

use crate::caps::{Caps, Field, Fit, Groups};
use crate::ctx::Ctx;
use crate::error::Error;
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::managers::bitwarden_authenticator;
use crate::managers::written;
use crate::model::{Account, Kind, Vault};
use crate::probe::{Node, Probe};

/// Bitwarden.
pub(crate) struct Bitwarden;

const ID: &str = "bitwarden";

static INFO: Info = Info {
    id: ID,
    title: "Bitwarden (vault)",
    aliases: &["vaultwarden"],
    extensions: &["json", "csv", "zip"],
    reads_encrypted: true,
    unverified: None,
    write: &[
        JSON,
        Writing { form: ARGON2ID, encryption: Encryption::Always, ..JSON },
        Writing {
            form: CSV,
            encryption: Encryption::Never,
            file_name: "bitwarden_export.csv",
            encrypted_file_name: "bitwarden_export.csv",
            import_help: "In Bitwarden, Tools > Import data > Bitwarden (csv)",
            ..JSON
        },
    ],
    export_help: "In Bitwarden, Tools > Export vault (phones: Settings > Vault > Export vault), as .json, .csv, or .json \
        (encrypted) with \"password protected\"",
};

/// The form that keeps most; a new password protects it with PBKDF2.
const JSON: Writing = Writing {
    form: "json",
    caps: CAPS,
    encryption: Encryption::Optional,
    any_password: true,
    carrier: Carrier::File,
    file_name: "bitwarden_export.json",
    encrypted_file_name: "bitwarden_encrypted_export.json",
    import_help: "In Bitwarden, Tools > Import data > Bitwarden (json)",
};

/// The same, protected with Argon2id.
const ARGON2ID: &str = "argon2id";

/// The table.
const CSV: &str = "csv";

const CAPS: Caps = Caps {
    app: "Bitwarden",
    kinds: &[Kind::Totp, Kind::Steam],
    digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    groups: Groups::One,
    fields: &[Field::Note, Field::Favorite, Field::Urls],
    ..written::CAPS
};

impl Format for Bitwarden {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        if let Some(json) = probe.json() {
            return recognise(json);
        }
        let is_zip = probe.zip_names().is_some_and(|names| names.iter().any(|name| name == read::ZIP_MEMBER));
        if is_zip || probe.has_header(&["name", "type", "login_totp", "login_username"]) {
            Confidence::Sure
        } else {
            Confidence::No
        }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        read::decode(input, ctx).map_err(|error| error.in_format(ID))
    }

    fn fit(&self, writing: &Writing, accounts: &[Account]) -> Vec<Fit> {
        let fit = if writing.form == CSV { table::fit } else { write::fit };
        accounts.iter().map(fit).collect()
    }

    fn encode(&self, writing: &Writing, vault: &Vault, ctx: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        let part = match writing.form {
            CSV => table::encode(vault),
            ARGON2ID => write::encode_argon2id(vault, ctx),
            _ => write::encode(vault, ctx),
        };
        part.map(|part| vec![part]).map_err(|error| error.in_format(ID))
    }
}

/// `items` is a word of many formats: what they are like, or what stands beside them, decides.
fn recognise(json: &Node) -> Confidence {
    let has = |key: &str| json.get(key).is_some();
    let is_flag = |key: &str| matches!(json.get(key), Some(Node::Bool));
    let is_item = match json.get("items") {
        Some(Node::Array(Some(item))) => {
            let has = |key: &str| item.get(key).is_some();
            has("name") && has("type") && (has("login") || has("folderId") || has("organizationId"))
        }
        _ => false,
    };
    match () {
        () if bitwarden_authenticator::recognise(json) => Confidence::No,
        () if is_flag("encrypted") && is_flag("passwordProtected") => Confidence::Sure,
        () if is_flag("encrypted") && has("encKeyValidation_DO_NOT_EDIT") => Confidence::Sure,
        () if is_flag("encrypted") && has("items") && (has("folders") || has("collections")) => {
            Confidence::Sure
        }
        () if is_item => Confidence::Sure,
        () => Confidence::No,
    }
}
