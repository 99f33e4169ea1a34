//! Options of `diff`.

use std::path::PathBuf;

use clap::Args;

use super::ReadOptions;

/// Options of `diff`.
#[derive(Debug, Args)]
#[command(after_help = DIFF_HELP)]
pub struct DiffArgs {
    /// The accounts as they were: a file, a folder, a picture, or - for standard input
    pub old: PathBuf,
    /// The accounts as they are now: the same, of any format
    pub new: PathBuf,
    /// Format of NEW [default: recognised]
    #[arg(long, value_name = "FORMAT", help_heading = "Reading")]
    pub from_new: Option<String>,
    /// How to read.
    #[command(flatten)]
    pub read: ReadOptions,
}

/// Printed under `diff --help`.
const DIFF_HELP: &str = "\
Accounts are matched as `verify` does. Times and counts of use, which apps keep for themselves, do
not count as differences. No secret is shown, nor what notes say: they often hold recovery codes.

--only and --exclude choose among the accounts of OLD; what only NEW has is not listed then.

Exit codes: 0 no differences; 1 differences, or something that could not be read; the others as for
every command. To compare codes, use `verify`.";
