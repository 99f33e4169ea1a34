//! Options of every command that reads: where passwords come from, which accounts are meant.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use otpferry_formats::{SecretEncoding, TableOptions};

use super::cost::CostArgs;
use super::tokens::TokenArgs;
use crate::failure::{Exit, Failure};

/// Options of every command that reads.
#[derive(Debug, Args)]
#[command(next_help_heading = "Reading")]
pub struct ReadArgs {
    /// Files, folders, pictures of QR codes, or - for standard input
    #[arg(value_name = "FILE", required = true, help_heading = None::<&str>)]
    pub inputs: Vec<PathBuf>,
    /// How to read them.
    #[command(flatten)]
    pub options: ReadOptions,
}

/// How inputs are read.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Reading")]
pub struct ReadOptions {
    /// Format of the inputs; where there is an old and a new one, of the old one [default: recognised]
    #[arg(short, long, value_name = "FORMAT")]
    pub from: Option<String>,
    /// Passwords for encrypted inputs: one a line, tried in order. The variable OTPFERRY_PASSWORD
    /// gives one as well
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Key file of a KeePass database, with or without a password
    #[arg(long, value_name = "FILE")]
    pub key_file: Vec<PathBuf>,
    /// Key file for inputs encrypted with age
    #[arg(short = 'i', long, value_name = "FILE")]
    pub age_identity: Vec<PathBuf>,
    /// Passphrase for age: opens an age input; encrypts the output when no input is an age file or
    /// the output is named .age
    #[arg(long, value_name = "FILE")]
    pub age_passphrase_file: Option<PathBuf>,
    /// What the columns of a table mean, by name or number: issuer=Service,secret=3. Implies
    /// --from csv. Fields: uri, secret, issuer, account, algorithm, digits, period, kind, counter, pin, group, note, favorite
    #[arg(long, value_name = "FIELD=COLUMN", value_delimiter = ',')]
    pub columns: Vec<String>,
    /// How secrets are written in a table [default: as the column is named, else base32]
    #[arg(long, value_enum, value_name = "ENCODING")]
    pub secret_encoding: Option<SecretForm>,
    /// Only accounts whose issuer or name matches (* and ? are wildcards)
    #[arg(long, value_name = "PATTERN")]
    pub only: Vec<String>,
    /// No accounts whose issuer or name matches
    #[arg(long, value_name = "PATTERN")]
    pub exclude: Vec<String>,
    /// Go on although a QR code of a batch is missing
    #[arg(long)]
    pub partial: bool,
    /// What token files do not say.
    #[command(flatten)]
    pub tokens: TokenArgs,
    /// What it may cost.
    #[command(flatten)]
    pub cost: CostArgs,
}

/// How secrets are written in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SecretForm {
    /// The usual form: A to Z and 2 to 7
    Base32,
    /// Hexadecimal digits
    Hex,
    /// Base64
    Base64,
    /// The text itself is the key
    Utf8,
}

impl ReadOptions {
    /// What is said about tables.
    ///
    /// # Errors
    /// [`Exit::Usage`] when the mapping of columns makes no sense.
    pub fn table(&self) -> Result<TableOptions, Failure> {
        let wrong = |reason| Failure::new(Exit::Usage, format!("--columns makes no sense: {reason}"));
        let mut table = TableOptions::parse(&self.columns).map_err(wrong)?;
        table.secret_encoding = self.secret_encoding.map(|form| match form {
            SecretForm::Base32 => SecretEncoding::Base32,
            SecretForm::Hex => SecretEncoding::Hex,
            SecretForm::Base64 => SecretEncoding::Base64,
            SecretForm::Utf8 => SecretEncoding::Utf8,
        });
        Ok(table)
    }

    /// The same for the second of two inputs, which has a format of its own. What the columns of a table mean
    /// was said about the first, unless both are tables. Which accounts are meant is said about the first as
    /// well: the second may call them otherwise.
    pub fn of_other(&self, from: Option<&str>) -> Self {
        let columns = if from == Some("csv") { self.columns.clone() } else { Vec::new() };
        Self { from: from.map(str::to_owned), columns, only: Vec::new(), exclude: Vec::new(), ..self.clone() }
    }

    /// Whether only some of the accounts are meant.
    pub fn is_selective(&self) -> bool {
        !(self.only.is_empty() && self.exclude.is_empty())
    }

    /// The format that the user names; columns have tables only.
    pub fn from(&self) -> Option<&str> {
        self.from.as_deref().or_else(|| (!self.columns.is_empty()).then_some("csv"))
    }
}
