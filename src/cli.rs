//! What a user can ask for: commands and options.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use otpferry_formats::{Limits, SecretEncoding, TableOptions};

use crate::failure::{Exit, Failure};

/// Printed under `--help`.
const EXIT_CODES: &str = "\
Exit codes:
  0   done: every account moved, codes equal
  1   done, but some accounts were left out, changed or need action, or there were none
  2   the command line makes no sense
  3   a file cannot be opened, read or written
  4   nothing to read: unknown format, no QR code, or that direction is not supported
  5   recognised, but damaged or of a later version
  6   a password is needed and none was given
  7   wrong password
  8   codes differ
  9   refused: would overwrite, or show secrets on a terminal
  10  a limit was reached
  11  a QR code of a batch is missing
  70  internal error";

/// Moves one-time-password (2FA) accounts from any app to any other, and proves that the codes
/// stay the same.
#[derive(Debug, Parser)]
#[command(name = "otpferry", version, after_help = EXIT_CODES, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// How to say it.
    #[command(flatten)]
    pub show: ShowArgs,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read accounts from files, folders or pictures and write them for another app
    Convert(ConvertArgs),
    /// Say what is in a file: format, accounts, missing parts, risks; shows no secrets
    Inspect(InspectArgs),
    /// Show the codes of the accounts now, or at another time
    Codes(CodesArgs),
    /// Print what the QR codes in pictures hold, accounts or not, and where they are; payloads can
    /// be secrets
    Scan(ScanArgs),
    /// List the formats that can be read and written
    Formats,
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

/// Options of every command that reads.
#[derive(Debug, Args)]
#[command(next_help_heading = "Reading")]
pub struct ReadArgs {
    /// Files, folders, pictures of QR codes, or - for standard input
    #[arg(value_name = "FILE", required = true, help_heading = None::<&str>)]
    pub inputs: Vec<PathBuf>,
    /// Format of the inputs [default: recognised]
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
    /// What it may cost.
    #[command(flatten)]
    pub cost: CostArgs,
}

/// What reading may cost.
#[derive(Debug, Args)]
pub struct CostArgs {
    /// Raise a limit: bytes, accounts, kdf-memory, kdf-work, or for each picture pixels, seconds and
    /// pages
    #[arg(long, value_name = "NAME=NUMBER")]
    pub limit: Vec<LimitArg>,
    /// How many inputs are read at once [default: one for each processor]
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<usize>,
    /// How hard to look for QR codes in pictures
    #[arg(long, value_enum, default_value_t = Effort::Normal)]
    pub effort: Effort,
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

/// How hard to look for QR codes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Effort {
    /// Stop at the first stage that finds one, and after 1 second a picture
    Fast,
    /// Go on while there are signs of more, for at most 5 seconds a picture
    #[default]
    Normal,
    /// Try everything on every picture, for at most 60 seconds each
    Max,
}

impl Effort {
    /// How long one picture, or one page, may take. It is there so that no picture hangs a run: the stages end by
    /// themselves long before on a usual one.
    fn seconds(self) -> u64 {
        match self {
            Self::Fast => 1,
            Self::Normal => 5,
            Self::Max => 60,
        }
    }
}

/// Options of `convert`.
#[derive(Debug, Args)]
#[command(next_help_heading = "Writing")]
pub struct ConvertArgs {
    /// Format to write, or FORMAT:FORM where it has several; several with commas between
    #[arg(short, long, value_name = "FORMAT", required = true, value_delimiter = ',')]
    pub to: Vec<String>,
    /// Where to write: a file, a folder, or - for standard output [default: the app's usual file
    /// name in this folder]
    #[arg(short, long, value_name = "OUT")]
    pub output: Option<PathBuf>,
    /// Password for an encrypted output, on the first line of a file
    #[arg(long, value_name = "FILE")]
    pub new_password_file: Option<PathBuf>,
    /// Write without encryption where the target could encrypt
    #[arg(long)]
    pub plain: bool,
    /// Encrypt the output with age to this public key
    #[arg(short = 'r', long, value_name = "KEY")]
    pub age_recipient: Vec<String>,
    /// Most accounts in one QR code, 1 to 10
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u8).range(1..=10))]
    pub per_qr: u8,
    /// Write nothing when anything would be lost
    #[arg(long)]
    pub strict: bool,
    /// Report everything, write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Replace an existing output
    #[arg(long)]
    pub force: bool,
    /// Write the report as JSON to this file
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Allow secrets to be printed on a terminal
    #[arg(long)]
    pub show_secrets: bool,
    /// What to read.
    #[command(flatten)]
    pub read: ReadArgs,
}

/// Options of `inspect`.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// What to read.
    #[command(flatten)]
    pub read: ReadArgs,
}

/// Options of `codes`.
#[derive(Debug, Args)]
pub struct CodesArgs {
    /// Another time than now: Unix seconds, or like 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME")]
    pub at: Option<Moment>,
    /// How many codes of each account, from that time on
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub count: u8,
    /// What to read.
    #[command(flatten)]
    pub read: ReadArgs,
}

/// Options of `scan`.
#[derive(Debug, Args)]
#[command(after_help = SCAN_HELP)]
pub struct ScanArgs {
    /// Pictures, folders of pictures, or - for standard input
    #[arg(value_name = "PICTURE", required = true)]
    pub inputs: Vec<PathBuf>,
    /// Print one line of JSON for each picture, in their order, as soon as it is known
    #[arg(long, conflicts_with = "json", help_heading = "Printing")]
    pub jsonl: bool,
    /// Passwords for pictures encrypted with age: one a line, tried in order
    #[arg(long, value_name = "FILE", help_heading = "Reading")]
    pub password_file: Option<PathBuf>,
    /// Key file for pictures encrypted with age
    #[arg(short = 'i', long, value_name = "FILE", help_heading = "Reading")]
    pub age_identity: Vec<PathBuf>,
    /// What it may cost.
    #[command(flatten, next_help_heading = "Reading")]
    pub cost: CostArgs,
}

/// Printed under `scan --help`.
const SCAN_HELP: &str = "\
The payload of an account's QR code holds its secret. It is printed on standard output and nowhere
else: take care where that goes. `inspect` shows the accounts of pictures without their secrets.

Exit codes: 0 every picture held codes and all were read; 1 some were not read, or a picture held
none; 4 no picture held a code that can be read; the others as for every command.";

/// Options about what is printed, for every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Printing")]
pub struct ShowArgs {
    /// Print JSON instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// Print no report when there is nothing to attend to
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Print every account, also those that moved whole
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
    /// When to use colours
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// `NAME=NUMBER`; the number may end in K, M or G (powers of 1024).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitArg {
    name: LimitName,
    value: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LimitName {
    Bytes,
    Accounts,
    Pixels,
    KdfMemory,
    KdfWork,
    Seconds,
    Pages,
}

impl FromStr for LimitArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, number) = text.split_once('=').ok_or("it has to be NAME=NUMBER, such as bytes=2G")?;
        let name = match name {
            "bytes" => LimitName::Bytes,
            "accounts" => LimitName::Accounts,
            "pixels" => LimitName::Pixels,
            "kdf-memory" => LimitName::KdfMemory,
            "kdf-work" => LimitName::KdfWork,
            "seconds" => LimitName::Seconds,
            "pages" => LimitName::Pages,
            _ => {
                return Err(
                    "the limits are bytes, accounts, kdf-memory, kdf-work, pixels, seconds and pages"
                        .to_owned(),
                );
            }
        };
        let upper = number.to_ascii_uppercase();
        let (digits, shift) = match upper.strip_suffix(['K', 'M', 'G']) {
            Some(digits) if upper.ends_with('K') => (digits, 10),
            Some(digits) if upper.ends_with('M') => (digits, 20),
            Some(digits) => (digits, 30),
            None => (upper.as_str(), 0),
        };
        let value = digits.parse::<u64>().ok().and_then(|value| value.checked_mul(1 << shift));
        Ok(Self { name, value: value.ok_or("the number has to be whole, such as 500000 or 2G")? })
    }
}

impl CostArgs {
    /// The limits with what the user raised.
    pub fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        for arg in &self.limit {
            let slot = match arg.name {
                LimitName::Bytes => &mut limits.bytes,
                LimitName::Accounts => &mut limits.accounts,
                LimitName::Pixels => &mut limits.pixels,
                LimitName::KdfMemory => &mut limits.kdf_memory,
                LimitName::KdfWork => &mut limits.kdf_work,
                LimitName::Seconds | LimitName::Pages => continue,
            };
            *slot = arg.value;
        }
        limits
    }

    /// How long one picture, or one page, may take.
    pub fn time_for_picture(&self) -> Duration {
        // A year is for ever; more could be beyond the clock.
        let seconds =
            self.last(LimitName::Seconds).map_or(self.effort.seconds(), |value| value.min(31_536_000));
        Duration::from_secs(seconds)
    }

    /// How many pages and frames of one file are looked at, where it is said.
    pub fn pages(&self) -> Option<u32> {
        self.last(LimitName::Pages).map(|value| u32::try_from(value).unwrap_or(u32::MAX))
    }

    fn last(&self, name: LimitName) -> Option<u64> {
        self.limit.iter().rev().find(|arg| arg.name == name).map(|arg| arg.value)
    }
}

impl ReadArgs {
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

    /// The format that the user names; columns have tables only.
    pub fn from(&self) -> Option<&str> {
        self.from.as_deref().or_else(|| (!self.columns.is_empty()).then_some("csv"))
    }
}

/// A point in time, in Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(pub u64);

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(seconds) = text.parse::<u64>() {
            return Ok(Self(seconds));
        }
        let time: jiff::Timestamp =
            text.parse().map_err(|_| "it has to be Unix seconds, or like 2026-01-31T12:00:00Z".to_owned())?;
        u64::try_from(time.as_second()).map(Self).map_err(|_| "the time has to be after 1970".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn definitions_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn limits_and_moments() {
        assert_eq!("bytes=2G".parse(), Ok(LimitArg { name: LimitName::Bytes, value: 2 << 30 }));
        assert_eq!("accounts=500".parse(), Ok(LimitArg { name: LimitName::Accounts, value: 500 }));
        for text in ["bytes", "bytes=", "bytes=-1", "size=1", "bytes=99999999999G"] {
            assert!(text.parse::<LimitArg>().is_err(), "{text}");
        }
        assert_eq!("59".parse(), Ok(Moment(59)));
        assert_eq!("1970-01-01T00:00:59Z".parse(), Ok(Moment(59)));
        assert!("yesterday".parse::<Moment>().is_err());
    }
}
