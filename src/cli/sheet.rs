//! Options of `sheet`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::ReadArgs;

/// Options of `sheet`.
#[derive(Debug, Args)]
#[command(next_help_heading = "Writing")]
pub struct SheetArgs {
    /// Where to write: a page (.html), or a folder of pictures
    #[arg(short, long, value_name = "OUT", default_value = "sheet.html")]
    pub output: PathBuf,
    /// Codes that Google Authenticator takes under "Transfer accounts", several accounts in each
    #[arg(long)]
    pub migration: bool,
    /// Most accounts in one of those codes, 1 to 10
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u8).range(1..=10))]
    pub per_qr: u8,
    /// The paper to print on; without it, the printer's own
    #[arg(long, value_enum, value_name = "SIZE")]
    pub paper: Option<Paper>,
    /// Replace an existing output
    #[arg(long)]
    pub force: bool,
    /// What to read.
    #[command(flatten)]
    pub read: ReadArgs,
}

/// A size of paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Paper {
    /// 210 by 297 mm
    A4,
    /// 8.5 by 11 inches
    Letter,
}
