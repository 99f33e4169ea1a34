//! `delimited`: a text with a line for each token and the columns that the user says, for servers whose own file is a
//! table like any other, or whose import asks what its columns are.
//!
//! What no column says is what the user says of all tokens, else 6 digits, 30 seconds and SHA-1: an account with
//! other values is refused. A file is read with the columns that it was written with.
//! Source of what servers take: Nexus' page "Set up OATH tokens in Digital Access" (the counter in base64), the guides of
//! SecurEnvoy, Hanko and WorkOS.

mod layout;
mod read;
mod table;
#[cfg(test)]
mod tests;
mod write;

pub use layout::{Layout, LineEnding, Quoting};

use super::options::TokenOptions;
use super::token;
use super::token::Serials;
use crate::caps::{Caps, Field, Fit, Groups, Periods};
use crate::ctx::Ctx;
use crate::error::Error;
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::model::{Account, Algorithm, Kind, Vault};
use crate::probe::Probe;

/// Any server's table.
pub(crate) struct Delimited;

const ID: &str = "delimited";
const APP: &str = "This file";

static INFO: Info = Info {
    id: ID,
    title: "Delimited file (columns of your own)",
    aliases: &["template", "token-table"],
    extensions: &["csv", "txt"],
    reads_encrypted: false,
    unverified: None,
    write: &[Writing {
        form: "",
        caps: CAPS,
        encryption: Encryption::Never,
        any_password: true,
        carrier: Carrier::File,
        file_name: "tokens.csv",
        encrypted_file_name: "tokens.csv",
        import_help: "Import the file into the server whose columns it has",
    }],
    export_help: "Any table of tokens; --columns says in order what its columns are, --delimiter and --no-header how they stand there",
};

const CAPS: Caps = Caps {
    app: APP,
    kinds: &[Kind::Totp, Kind::Hotp],
    algorithms: &Algorithm::ALL,
    digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    periods: Periods::UpTo(u32::MAX),
    max_counter: u64::MAX,
    secret_bytes: (1, usize::MAX),
    needs_pin: false,
    groups: Groups::None,
    fields: &[Field::Device, Field::User],
};

/// Without a column about the token.
const WITHOUT_DEVICE: Caps = Caps { fields: &[Field::User], ..CAPS };

impl Format for Delimited {
    fn info(&self) -> &'static Info {
        &INFO
    }

    /// Only the user knows what the columns are.
    fn is_recognisable(&self) -> bool {
        false
    }

    fn detect(&self, _: &Probe<'_>) -> Confidence {
        Confidence::No
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        token::read_text(input, ID, |text| read::decode(text, ctx.tokens, ctx.limits))
    }

    fn fit(&self, writing: &Writing, accounts: &[Account]) -> Vec<Fit> {
        self.fit_given(writing, accounts, &TokenOptions::default())
    }

    fn fit_given(&self, _: &Writing, accounts: &[Account], given: &TokenOptions) -> Vec<Fit> {
        let mut serials = Serials::default();
        accounts.iter().map(|account| write::fit(account, given, &mut serials)).collect()
    }

    fn encode(&self, _: &Writing, vault: &Vault, ctx: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        Ok(vec![Part::new(write::encode(&vault.accounts, ctx.tokens).as_bytes())])
    }
}
