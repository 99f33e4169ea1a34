//! `1password`: exports of 1Password: 1PUX and CSV of version 8, 1PIF of version 7 and older.
//!
//! Source: KeePassXC's `OPUXReader` and its test file; the importers of Proton Pass for 1PUX and 1PIF and
//! their test files. None of the three is encrypted.

mod pif;
mod pux;
mod table;
#[cfg(test)]
mod tests;

use crate::caps::{Caps, Field, Fit, Groups};
use crate::container::zip;
use crate::ctx::Ctx;
use crate::error::Error;
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::managers::written;
use crate::model::{Account, Vault};
use crate::probe::Probe;

/// 1Password.
pub(crate) struct OnePassword;

const ID: &str = "1password";

static INFO: Info = Info {
    id: ID,
    title: "1Password (1PUX, CSV, 1PIF)",
    aliases: &["onepassword", "1pux", "1pif"],
    extensions: &["1pux", "csv", "1pif"],
    reads_encrypted: false,
    unverified: Some("codes in its CSV and 1PIF files"),
    write: &[Writing {
        form: "",
        caps: CAPS,
        encryption: Encryption::Never,
        any_password: true,
        carrier: Carrier::File,
        file_name: "1PasswordExport.csv",
        encrypted_file_name: "1PasswordExport.csv",
        import_help: "In 1Password on a computer or on 1password.com, Import > 1Password > CSV",
    }],
    export_help: "In 1Password on a computer, File > Export, as 1PUX (or CSV); phones export nothing",
};

const CAPS: Caps = Caps {
    app: "1Password",
    digits: &[6, 7, 8, 9, 10],
    groups: Groups::Many,
    fields: &[Field::Groups, Field::Note, Field::Favorite, Field::Urls],
    ..written::CAPS
};

impl Format for OnePassword {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        let is_pux = || {
            probe
                .zip_names()
                .is_some_and(|names| names.iter().any(|name| pux::MEMBERS.contains(&name.as_str())))
        };
        if is_pux() || pif::sniff(probe) || probe.has_header(&table::MARK) {
            Confidence::Sure
        } else {
            Confidence::No
        }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        decode(input, ctx).map_err(|error| error.in_format(ID))
    }

    fn fit(&self, _: &Writing, accounts: &[Account]) -> Vec<Fit> {
        accounts.iter().map(table::fit).collect()
    }

    fn encode(&self, _: &Writing, vault: &Vault, _: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        table::encode(&vault.accounts).map(|part| vec![part]).map_err(|error| error.in_format(ID))
    }
}

fn decode(input: &Input<'_>, ctx: &Ctx<'_>) -> Result<Vault, Error> {
    if zip::sniff(input.bytes) {
        return pux::decode(input.bytes, ctx.limits);
    }
    let text = input.text()?;
    if text.trim_start().starts_with(['{', '*']) {
        pif::decode(&text, ctx.limits)
    } else {
        table::decode(&text, ctx.limits)
    }
}
