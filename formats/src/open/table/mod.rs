//! `csv`: tables that people and scripts make, and otpferry's own table.
//!
//! Which column means what is found by the names in the first row, or said by the user. The tables
//! and JSON of the scripts that take codes out of Google Authenticator are read in the same way.
//! Source of those layouts: the example outputs of `extract_otp_secrets`.

mod columns;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use columns::{SecretEncoding, TableOptions};

use crate::caps::{Caps, Field, Fit, Groups, Periods};
use crate::ctx::Ctx;
use crate::error::Error;
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::model::{Account, Algorithm, Kind, Vault};
use crate::probe::Probe;

/// Anybody's table.
pub(crate) struct AnyTable;

const ID: &str = "csv";

/// The header of otpferry's own table.
const HEADER: [&str; 13] = [
    "kind",
    "issuer",
    "account",
    "secret",
    "algorithm",
    "digits",
    "period",
    "counter",
    "pin",
    "group",
    "note",
    "favorite",
    "uri",
];

static INFO: Info = Info {
    id: ID,
    title: "Table (CSV)",
    aliases: &["table", "tsv"],
    extensions: &["csv", "tsv"],
    reads_encrypted: false,
    unverified: None,
    write: &[Writing {
        form: "",
        caps: Caps {
            app: "A table",
            kinds: &[Kind::Totp, Kind::Hotp, Kind::Steam, Kind::Motp, Kind::Yandex],
            algorithms: &Algorithm::ALL,
            digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
            periods: Periods::UpTo(u32::MAX),
            max_counter: u64::MAX,
            secret_bytes: (1, usize::MAX),
            needs_pin: false,
            groups: Groups::Many,
            fields: &[Field::Groups, Field::Note, Field::Favorite],
        },
        encryption: Encryption::Never,
        any_password: true,
        carrier: Carrier::File,
        file_name: "accounts.csv",
        encrypted_file_name: "accounts.csv",
        import_help: "Open the table with a spreadsheet or a script; authenticator apps do not import it",
    }],
    export_help: "Any table with a column of secrets or otpauth links; --columns says what its columns mean",
};

impl Format for AnyTable {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        read::recognise(probe)
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        read::decode(input, ctx).map_err(|error| error.in_format(ID))
    }

    fn fit(&self, writing: &Writing, accounts: &[Account]) -> Vec<Fit> {
        accounts.iter().map(|account| write::fit(&writing.caps, account)).collect()
    }

    fn encode(&self, _: &Writing, vault: &Vault, _: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        write::encode(&vault.accounts).map(|part| vec![part]).map_err(|error| error.in_format(ID))
    }
}
