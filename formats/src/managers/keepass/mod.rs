//! `keepass`: databases of KeePass 2, KeePassXC, KeePassDX, Strongbox and their relatives, their XML, and
//! KeePassXC's table.
//!
//! Source: KeePassXC's `KdbxXmlReader`, `KdbxXmlWriter`, `CsvExporter` and `CsvImportWidget`.

mod conventions;
mod new_xml;
mod read;
mod table;
#[cfg(test)]
mod tests;
mod write;
mod xml;

use std::cmp::Ordering;

use crate::caps::{Caps, Field, Fit, Groups, Periods};
use crate::container::kdbx;
use crate::ctx::Ctx;
use crate::error::Error;
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::model::{Account, Algorithm, Kind, Vault};
use crate::probe::Probe;
use crate::text::xml::has_root;

/// KeePass 2 and its relatives.
pub(crate) struct KeePass;

const ID: &str = "keepass";

static INFO: Info = Info {
    id: ID,
    title: "KeePass, KeePassXC (database, XML, CSV)",
    aliases: &["kdbx", "keepassxc", "keepassdx", "strongbox", "keepassium", "macpass", "keeweb"],
    extensions: &["kdbx", "xml", "csv", "kdb"],
    reads_encrypted: true,
    unverified: Some("counter-based codes in KeePass, and the import of its table in KeePassXC"),
    write: &[
        Writing {
            form: DATABASE,
            caps: CAPS,
            encryption: Encryption::Always,
            any_password: true,
            carrier: Carrier::File,
            file_name: "keepass.kdbx",
            encrypted_file_name: "keepass.kdbx",
            import_help: "Open it in KeePassXC, KeePass, KeePassDX, Strongbox or KeePassium. Into a database that you have: in \
                KeePassXC, Database > Merge From Database; in KeePass, File > Import",
        },
        Writing {
            form: XML,
            caps: CAPS,
            encryption: Encryption::Never,
            any_password: true,
            carrier: Carrier::File,
            file_name: "keepass.xml",
            encrypted_file_name: "keepass.xml",
            import_help: "In KeePass, File > Import > KeePass XML (2.x); for KeePassXC, `keepassxc-cli import FILE NEW.kdbx`",
        },
        Writing {
            form: TABLE,
            caps: Caps {
                kinds: &[Kind::Totp, Kind::Steam],
                groups: Groups::One,
                fields: &[Field::Note, Field::Urls, Field::Created, Field::Modified],
                periods: Periods::UpTo(write::MAX_LINK_PERIOD),
                app: "KeePassXC's CSV",
                ..CAPS
            },
            encryption: Encryption::Never,
            any_password: true,
            carrier: Carrier::File,
            file_name: "keepassxc.csv",
            encrypted_file_name: "keepassxc.csv",
            import_help: "In KeePassXC, Database > Import > Comma Separated Values; its first line has the names of the columns",
        },
    ],
    export_help: "The database itself, a file .kdbx. Or in KeePass, File > Export > KeePass XML (2.x); in KeePassXC, \
        Database > Export > XML or CSV",
};

/// The forms that are written.
const DATABASE: &str = "kdbx";
const XML: &str = "xml";
const TABLE: &str = "csv";

const CAPS: Caps = Caps {
    app: "KeePass",
    kinds: &[Kind::Totp, Kind::Hotp, Kind::Steam],
    algorithms: &[Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512],
    // KeePassXC 2.7.4 reduces codes of 10 digits by 10^10 modulo 2^32, and shows others for every third.
    digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9],
    // KeePassXC takes what is longer for a day.
    periods: Periods::UpTo(86_400),
    max_counter: u64::MAX,
    secret_bytes: (1, usize::MAX),
    needs_pin: false,
    groups: Groups::Many,
    fields: &[Field::Note, Field::Favorite, Field::Urls, Field::Created, Field::Modified],
};

impl Format for KeePass {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        let is_mine = kdbx::sniff(probe.bytes()).is_some()
            || probe.text().is_some_and(|text| has_root(text, xml::ROOT))
            || probe.has_header(table::MARK);
        if is_mine { Confidence::Sure } else { Confidence::No }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        read::decode(input, ctx).map_err(|error| error.in_format(ID))
    }

    fn fit(&self, writing: &Writing, accounts: &[Account]) -> Vec<Fit> {
        let fit = if writing.form == TABLE { table::fit } else { write::fit };
        accounts.iter().map(|account| fit(&writing.caps, account)).collect()
    }

    fn order(&self, writing: &Writing, a: &Account, b: &Account) -> Ordering {
        if writing.form == TABLE { Ordering::Equal } else { write::order(a, b) }
    }

    fn encode(&self, writing: &Writing, vault: &Vault, ctx: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        let part = match writing.form {
            XML => write::plain_xml(vault, ctx),
            TABLE => table::encode(&vault.accounts),
            _ => write::database(vault, ctx),
        };
        part.map(|part| vec![part]).map_err(|error| error.in_format(ID))
    }
}
