//! What a user can ask for: commands and options.

mod codes;
mod convert;
mod cost;
mod diff;
mod inspect;
mod max_age;
mod moment;
mod plan;
mod prestage;
mod read;
mod scan;
mod sheet;
mod targets;
mod tokens;
mod verify;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use codes::CodesArgs;
pub use convert::ConvertArgs;
pub use cost::{CostArgs, Effort, LimitArg};
pub use diff::DiffArgs;
pub use inspect::InspectArgs;
pub use max_age::MaxAge;
pub use moment::Moment;
pub use plan::PlanArgs;
pub use prestage::{
    BlueprintArgs, FilesArgs, Hash, LedgerArgs, PeopleArgs, PrestageArgs, SheetKind, TokenKind,
};
pub(crate) use read::is_delimited;
pub use read::{ReadArgs, ReadOptions, SecretForm};
pub use scan::ScanArgs;
pub use sheet::{Paper, PictureKind, SheetArgs};
pub use targets::TargetsArgs;
pub use tokens::TokenArgs;
pub use verify::VerifyArgs;

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
    /// Say what becomes of every account in a move to another app, and what to do step by step
    Plan(PlanArgs),
    /// Make QR codes for a phone to scan: a page, pictures, or one at a time on the terminal
    Sheet(SheetArgs),
    /// Show the codes of the accounts now, or at another time
    Codes(CodesArgs),
    /// Say whether two files show the same codes, or whether a phone shows the right ones
    Verify(VerifyArgs),
    /// List what changed between two files: missing, new and renamed accounts, other secrets
    Diff(DiffArgs),
    /// Make accounts for everybody on a list: files for servers, sheets to hand out, an encrypted ledger
    Prestage(Box<PrestageArgs>),
    /// Print what the QR codes in pictures hold, accounts or not, and where they are; payloads can
    /// be secrets
    Scan(ScanArgs),
    /// List the formats that can be read and written
    Formats,
    /// List the apps that accounts can be moved to: what each shows, the ways in, what goes wrong
    Targets(TargetsArgs),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn definitions_are_consistent() {
        Cli::command().debug_assert();
    }
}
