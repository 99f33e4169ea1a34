//! Options of `convert`.

use std::path::PathBuf;

use clap::Args;

use super::ReadArgs;

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
