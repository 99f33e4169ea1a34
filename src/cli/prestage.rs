//! Options of `prestage`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Paper, ReadOptions};

/// Options of `prestage`.
#[derive(Debug, Args)]
#[command(after_help = PRESTAGE_HELP)]
pub struct PrestageArgs {
    /// The people: a table that a directory exports (Entra ID, Google Workspace, Okta, Active Directory), or any with a
    /// column of login names
    #[arg(value_name = "ROSTER", required_unless_present = "check", conflicts_with = "check")]
    pub roster: Option<PathBuf>,
    /// What people see in their app as the name of the service
    #[arg(long, value_name = "NAME", required_unless_present = "check")]
    pub issuer: Option<String>,
    /// The servers to write files for: FORMAT, or FORMAT:FORM where it has several; several with commas between
    #[arg(short, long, value_name = "FORMAT", value_delimiter = ',', required_unless_present = "check")]
    pub to: Vec<String>,
    /// The folder to write into; it has to be new or empty
    #[arg(short, long, value_name = "DIR", required_unless_present = "check")]
    pub output: Option<PathBuf>,
    /// Compare this ledger with what servers know (--against): who would be locked out?
    #[arg(long, value_name = "LEDGER", requires = "against", help_heading = "Checking")]
    pub check: Option<PathBuf>,
    /// Files of tokens from the servers, of any format
    #[arg(long, value_name = "EXPORT", num_args = 1.., requires = "check", help_heading = "Checking")]
    pub against: Vec<PathBuf>,
    /// Whom and what.
    #[command(flatten)]
    pub people: PeopleArgs,
    /// What the new accounts are like.
    #[command(flatten)]
    pub token: BlueprintArgs,
    /// The ledger.
    #[command(flatten)]
    pub ledger: LedgerArgs,
    /// What is written.
    #[command(flatten)]
    pub files: FilesArgs,
    /// How to read.
    #[command(flatten)]
    pub read: ReadOptions,
}

/// Which people of the roster are meant.
#[derive(Debug, Args)]
#[command(next_help_heading = "People")]
pub struct PeopleArgs {
    /// What a column of the roster means: account=Login. Fields: account, display, email, id, enabled, group
    #[arg(long, value_name = "FIELD=COLUMN")]
    pub column: Vec<String>,
    /// Only people with this value in a column: department=Sales (* and ? are wildcards)
    #[arg(long = "where", value_name = "COLUMN=VALUE")]
    pub conditions: Vec<String>,
    /// Only the people on this list: one login name or key a line
    #[arg(long, value_name = "FILE")]
    pub only_file: Option<PathBuf>,
    /// People whose accounts are disabled or suspended as well
    #[arg(long)]
    pub include_disabled: bool,
    /// Make a new secret for this person (login name, key or serial number); the one before it counts no more
    #[arg(long, value_name = "KEY")]
    pub reissue: Vec<String>,
    /// People whose login names the ledger knows under other keys are new people, however many they are
    #[arg(long)]
    pub new_people: bool,
    /// The account of this person is not to be used any more; none is written for them
    #[arg(long, value_name = "KEY")]
    pub withdraw: Vec<String>,
    /// This person has the account on their phone: noted in the ledger
    #[arg(long, value_name = "KEY")]
    pub delivered: Vec<String>,
}

/// What the new accounts are like.
#[derive(Debug, Args)]
#[command(next_help_heading = "Accounts")]
pub struct BlueprintArgs {
    /// What the codes depend on
    #[arg(long, value_enum, default_value_t = TokenKind::Totp, value_name = "KIND")]
    pub kind: TokenKind,
    /// The hash. Many apps know SHA1 only
    #[arg(long, value_enum, default_value_t = Hash::Sha1, value_name = "HASH", ignore_case = true)]
    pub algorithm: Hash,
    /// Length of the codes, 6 to 8
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u8).range(6..=8))]
    pub digits: u8,
    /// Seconds that a code lasts
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub period: u32,
    /// Length of a secret, 16 to 64 bytes [default: 20; 32 with SHA256, 64 with SHA512]
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u8).range(16..=64))]
    pub secret_bytes: Option<u8>,
    /// Beginning of the serial numbers: four letters or digits, a letter first
    #[arg(long, value_name = "TEXT", default_value = "OTPF")]
    pub serial_prefix: String,
    /// The maker that the server is told
    #[arg(long, value_name = "NAME", default_value = "otpferry")]
    pub manufacturer: String,
    /// The model that the server is told [default: such as TOTP-SHA1-6-30]
    #[arg(long, value_name = "NAME")]
    pub model: Option<String>,
}

/// What codes depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TokenKind {
    /// The time
    Totp,
    /// A counter
    Hotp,
}

/// A hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Hash {
    /// What every app knows
    Sha1,
    /// Known by some
    Sha256,
    /// Known by some
    Sha512,
}

/// The ledger: which one, and how it is encrypted.
#[derive(Debug, Args)]
#[command(next_help_heading = "Ledger")]
pub struct LedgerArgs {
    /// The encrypted list of everybody's secrets: made when there is none, and the one file to keep
    /// [default: otpferry-ledger.age beside DIR]
    #[arg(long, value_name = "FILE")]
    pub ledger: Option<PathBuf>,
    /// Encrypt the ledger to this age key; several admins, several times. Without it, --age-passphrase-file is used or a
    /// passphrase asked for
    #[arg(short = 'r', long, value_name = "KEY")]
    pub age_recipient: Vec<String>,
    /// Encrypt a ledger that is there to the keys of -r from now on, and to no others
    #[arg(long, requires = "age_recipient")]
    pub change_recipients: bool,
    /// Go on with a ledger that is older than its log: who was made since gets a second secret
    #[arg(long)]
    pub older_ledger: bool,
    /// The people of the ledger get a further secret for another issuer
    #[arg(long)]
    pub additional_issuer: bool,
    /// Forget the secret of an account that --reissue replaces
    #[arg(long, requires = "reissue")]
    pub wipe_replaced: bool,
}

/// What is written.
#[derive(Debug, Args)]
#[command(next_help_heading = "Writing")]
pub struct FilesArgs {
    /// Everybody again, and not just who is in no file for this server yet
    #[arg(long)]
    pub all: bool,
    /// Go on with a run that was interrupted, in its folder
    #[arg(long)]
    pub resume: bool,
    /// Report everything; make no secret, write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Password for files that can be encrypted, on the first line of a file
    #[arg(long, value_name = "FILE")]
    pub new_password_file: Option<PathBuf>,
    /// Write without encryption where the server could read an encrypted file
    #[arg(long)]
    pub plain: bool,
    /// Most accounts in one file
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub per_file: u32,
    /// With -t pskc: the commands as well that give the tokens to their people in FreeIPA (freeipa-owners.sh)
    #[arg(long)]
    pub freeipa_owners: bool,
    /// Sheets to hand out, one page a person
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KIND", default_values = ["pdf", "html"])]
    pub sheets: Vec<SheetKind>,
    /// The paper of the sheets
    #[arg(long, value_enum, value_name = "SIZE", default_value = "a4")]
    pub paper: Paper,
    /// Whom people ask for help: printed on every sheet
    #[arg(long, value_name = "TEXT")]
    pub help_contact: Option<String>,
}

/// A kind of sheets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SheetKind {
    /// One document to print: sheets.pdf
    Pdf,
    /// A page for each person: sheets/SERIAL.html
    Html,
    /// One page to print from a browser: sheets.html
    Page,
    /// A picture of the QR code for each person: sheets/SERIAL.png
    Png,
    /// No sheets
    None,
}

/// Printed under `prestage --help`.
const PRESTAGE_HELP: &str = "\
Everybody on the roster gets one secret, once. Secrets are in the ledger before anything else is written; a
run that is repeated makes none anew, and writes only who is in no file of that server yet. People who are
disabled, or guests, are left out and named.

The ledger is what you keep. Import the files into the server, hand out the sheets, then destroy both: they
hold everybody's keys. The folder has a report.csv without secrets; the log beside the ledger has none either.

Tables for servers are not made for Excel: it drops leading zeros and turns long numbers into others.

Exit codes: 0 everybody on the roster has an account in every file; 1 somebody was left out, renamed or needs
a look, or there was nobody; 8 the check (--check) found somebody who would be locked out; the others as for
every command.";
