//! Options of `verify`.

use std::path::PathBuf;

use clap::Args;

use super::{Moment, ReadOptions};

/// Options of `verify`.
#[derive(Debug, Args)]
#[command(after_help = VERIFY_HELP)]
pub struct VerifyArgs {
    /// The accounts as they were: a file, a folder, a picture, or - for standard input
    pub old: PathBuf,
    /// The accounts as they are now: the same, of any format
    #[arg(required_unless_present = "ask", conflicts_with = "ask")]
    pub new: Option<PathBuf>,
    /// In place of NEW: ask for the code that the new phone shows, account by account
    #[arg(long)]
    pub ask: bool,
    /// Compare the codes at this time as well; with --ask, take this for the time now: Unix seconds, or
    /// like 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME")]
    pub at: Option<Moment>,
    /// Write the result to a new file as well: text, or JSON with --json
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Format of NEW [default: recognised]
    #[arg(long, value_name = "FORMAT", conflicts_with = "ask", help_heading = "Reading")]
    pub from_new: Option<String>,
    /// How to read.
    #[command(flatten)]
    pub read: ReadOptions,
}

/// Printed under `verify --help`.
const VERIFY_HELP: &str = "\
Accounts are matched by name and secret, so that renamed ones are found. The result names every
account, says whether its codes are the same, and holds no secret. Accounts that only NEW has are
told and are no difference.

--only and --exclude choose among the accounts of OLD by their names there.

The fingerprint of an account is made from its secret and settings with a random number that is
forgotten when the run ends. Equal fingerprints in one result are the same account. Nobody can find
out or try a secret with them, and those of two runs have nothing to do with each other.

Exit codes: 0 all codes are the same; 8 an account is missing, or shows other codes; 1 no code
differs, but something could not be compared or needs a look; the others as for every command. With
--ask: 0 every account was right; 8 one was wrong; 1 some were not checked.";
