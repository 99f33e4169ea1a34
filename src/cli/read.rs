//! Options of every command that reads: where passwords come from, which accounts are meant.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use otpferry_formats::{SecretEncoding, TableOptions, TokenOptions, registry};

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
    /// --from csv. Fields: uri, secret, issuer, account, algorithm, digits, period, kind, counter, pin, group, note,
    /// favorite. With -t delimited or -f delimited: the columns of that file in order, NAME=FIELD or FIELD. Fields: user,
    /// upn, email, serial, secret:base32, secret:hex, secret:base64, type, digits, period, algorithm, counter,
    /// counter:base64, issuer, label, manufacturer, model, uri, and 'a text'; FIELD? may be empty
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
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
    /// In a backup of an iPhone, look for QR codes in the photo library as well, and in pictures saved as files
    #[arg(long)]
    pub photos: bool,
    /// Go on although a QR code of a batch is missing
    #[arg(long)]
    pub partial: bool,
    /// What token files do not say.
    #[command(flatten)]
    pub tokens: TokenArgs,
    /// What it may cost.
    #[command(flatten)]
    pub cost: CostArgs,
    /// Whether a delimited file is written, so that its columns are meant.
    #[arg(skip)]
    writes_delimited: bool,
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
        let columns = if self.template().is_some() { &[] } else { self.columns.as_slice() };
        let wrong = |reason| Failure::new(Exit::Usage, format!("--columns makes no sense: {reason}"));
        if self.secret_encoding.is_some() && self.from.as_deref().is_some_and(is_delimited) {
            return Err(Failure::new(
                Exit::Usage,
                "--secret-encoding is not about files with columns of their own",
            )
            .next_step("Say it with the column: secret:base32, secret:hex or secret:base64"));
        }
        let mut table = TableOptions::parse(columns).map_err(wrong)?;
        table.secret_encoding = self.secret_encoding.map(|form| match form {
            SecretForm::Base32 => SecretEncoding::Base32,
            SecretForm::Hex => SecretEncoding::Hex,
            SecretForm::Base64 => SecretEncoding::Base64,
            SecretForm::Utf8 => SecretEncoding::Utf8,
        });
        Ok(table)
    }

    /// What is said about tokens.
    ///
    /// # Errors
    /// [`Exit::Usage`] when the columns of a delimited file make no sense.
    pub fn token_options(&self) -> Result<TokenOptions, Failure> {
        self.tokens.options(self.template().as_deref())
    }

    /// The columns of a delimited file, where one is read or written.
    fn template(&self) -> Option<String> {
        let is_meant = self.writes_delimited || self.from.as_deref().is_some_and(is_delimited);
        // They were divided at every comma.
        is_meant.then(|| self.columns.join(","))
    }

    /// The same for a command that writes these formats.
    #[must_use]
    pub fn writing(&self, formats: &[String]) -> Self {
        Self { writes_delimited: formats.iter().any(|name| is_delimited(name)), ..self.clone() }
    }

    /// The same for the first of two inputs: columns of a delimited file are said about the second, when that alone is
    /// one.
    pub fn of_first(&self, from_other: Option<&str>) -> Self {
        let is_own = self.from.as_deref().is_some_and(|name| is_delimited(name) || name == "csv");
        if is_own || !from_other.is_some_and(is_delimited) {
            return self.clone();
        }
        Self { columns: Vec::new(), tokens: self.tokens.without_layout(), ..self.clone() }
    }

    /// The same for the second of two inputs, which has a format of its own. What the columns of a table mean
    /// was said about the first, unless both are tables. Which accounts are meant is said about the first as
    /// well: the second may call them otherwise.
    pub fn of_other(&self, from: Option<&str>) -> Self {
        let is_delimited = from.is_some_and(is_delimited);
        let columns = if from == Some("csv") || is_delimited { self.columns.clone() } else { Vec::new() };
        let tokens = if is_delimited { self.tokens.clone() } else { self.tokens.without_layout() };
        let from = from.map(str::to_owned);
        Self { from, columns, tokens, only: Vec::new(), exclude: Vec::new(), ..self.clone() }
    }

    /// The options without which other accounts would be read: for commands that somebody is told to run later.
    pub fn again(&self) -> Vec<String> {
        let mut options = Vec::new();
        if let Some(from) = &self.from {
            options.extend(["-f".to_owned(), from.clone()]);
        }
        options.extend(self.photos.then(|| "--photos".to_owned()));
        options.extend(self.partial.then(|| "--partial".to_owned()));
        options
    }

    /// Whether only some of the accounts are meant.
    pub fn is_selective(&self) -> bool {
        !(self.only.is_empty() && self.exclude.is_empty())
    }

    /// The format that the user names; columns have tables only.
    pub fn from(&self) -> Option<&str> {
        let is_mapping = !self.columns.is_empty() && self.template().is_none();
        self.from.as_deref().or_else(|| is_mapping.then_some("csv"))
    }
}

/// Whether a name after `-f` or `-t` means files whose columns the user says.
pub(crate) fn is_delimited(name: &str) -> bool {
    let id = name.split(':').next().unwrap_or_default();
    registry::by_name(id).is_some_and(|format| format.info().id == "delimited")
}
