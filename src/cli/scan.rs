//! Options of `scan`.

use std::path::PathBuf;

use clap::Args;

use super::CostArgs;

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
