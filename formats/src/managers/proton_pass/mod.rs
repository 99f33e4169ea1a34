//! `proton-pass`: exports of Proton Pass: the zip with its JSON, that JSON alone, and CSV. An export with a
//! passphrase is an OpenPGP message, which is not opened.
//!
//! Source: `lib/export` and `lib/import/providers/protonpass` of Proton's WebClients; `proton-pass-totp` for
//! what the phones show.

mod read;
#[cfg(test)]
mod tests;
mod write;
mod write_zip;

use std::cmp::Ordering;

use crate::caps::{Caps, Field, Fit, Groups, Periods};
use crate::ctx::Ctx;
use crate::error::Error;
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::managers::written;
use crate::model::{Account, Vault};
use crate::probe::{Node, Probe};

/// Proton Pass.
pub(crate) struct ProtonPass;

const ID: &str = "proton-pass";

static INFO: Info = Info {
    id: ID,
    title: "Proton Pass (ZIP, JSON, CSV; not PGP)",
    aliases: &[],
    extensions: &["zip", "csv", "json", "pgp"],
    reads_encrypted: false,
    unverified: Some("exports with a passphrase (PGP), which are recognised and not read"),
    write: &[
        CSV,
        Writing {
            form: ZIP,
            file_name: "Proton Pass_export.zip",
            encrypted_file_name: "Proton Pass_export.zip",
            ..CSV
        },
    ],
    export_help: "In Proton Pass on a computer, Settings > Export, as ZIP or CSV",
};

const CSV: Writing = Writing {
    form: "csv",
    caps: CAPS,
    encryption: Encryption::Never,
    any_password: true,
    carrier: Carrier::File,
    file_name: "Proton Pass_export.csv",
    encrypted_file_name: "Proton Pass_export.csv",
    import_help: "In Proton Pass on a computer, Settings > Import > Proton Pass; phones import nothing",
};

/// The zip with the JSON, in which every item lies in a vault. The importer unpins what is pinned.
const ZIP: &str = "zip";

/// The phones take up to 9 digits and 16 bits of a period; only Proton Authenticator knows Steam's codes.
const CAPS: Caps = Caps {
    app: "Proton Pass",
    digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9],
    periods: Periods::UpTo(65_535),
    groups: Groups::One,
    fields: &[Field::Groups, Field::Note, Field::Urls, Field::Created, Field::Modified],
    ..written::CAPS
};

impl Format for ProtonPass {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        if probe.bytes().starts_with(read::PGP) {
            // andOTP and others write such messages too.
            let is_named = probe.name().is_some_and(|name| name.starts_with("Proton Pass"));
            return if is_named { Confidence::Sure } else { Confidence::Weak };
        }
        let is_zip =
            || probe.zip_names().is_some_and(|names| names.iter().any(|name| name.starts_with(read::FOLDER)));
        let is_table = || probe.has_header(&read::COLUMNS);
        if probe.json().map_or_else(|| is_zip() || is_table(), is_export) {
            Confidence::Sure
        } else {
            Confidence::No
        }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        read::decode(input, ctx.limits).map_err(|error| error.in_format(ID))
    }

    fn fit(&self, writing: &Writing, accounts: &[Account]) -> Vec<Fit> {
        if writing.form == ZIP {
            return accounts.iter().map(|account| write_zip::fit(&writing.caps, account)).collect();
        }
        accounts.iter().map(write::fit).collect()
    }

    fn order(&self, writing: &Writing, a: &Account, b: &Account) -> Ordering {
        if writing.form == ZIP { write_zip::vault(a).cmp(write_zip::vault(b)) } else { Ordering::Equal }
    }

    fn encode(&self, writing: &Writing, vault: &Vault, ctx: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        let part = match writing.form {
            ZIP => write_zip::encode(&vault.accounts, ctx),
            _ => write::csv(&vault.accounts),
        };
        part.map(|part| vec![part]).map_err(|error| error.in_format(ID))
    }
}

/// An object of vaults, keyed by their ids.
fn is_export(json: &Node) -> bool {
    let Some(Node::Object(vaults)) = json.get("vaults") else { return false };
    let is_vault =
        |vault: &Node| vault.get("name").is_some() || vault.get("items").is_some_and(Node::is_array);
    match vaults.as_slice() {
        [] => json.get("version").is_some(),
        vaults => vaults.iter().any(|(_, vault)| is_vault(vault)),
    }
}
