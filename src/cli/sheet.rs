//! Options of `sheet`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::ReadArgs;

/// Options of `sheet`.
#[derive(Debug, Args)]
#[command(next_help_heading = "Writing", after_help = SHEET_HELP)]
pub struct SheetArgs {
    /// Where to write: a page (NAME.html), a document to print (NAME.pdf), a folder of pictures (NAME/), or - to show
    /// one code after the other on the terminal
    #[arg(short, long, value_name = "OUT", default_value = "sheet.html")]
    pub output: PathBuf,
    /// The app on the new phone: accounts that it could not hold, or would show wrong codes for, get no QR code.
    /// `otpferry targets` lists the apps
    #[arg(long, value_name = "APP[@PLATFORM]")]
    pub target: Option<String>,
    /// Codes that Google Authenticator takes under "Transfer accounts", several accounts in each
    #[arg(long)]
    pub migration: bool,
    /// Most accounts in one of those codes, 1 to 10 [default: 10; on paper 5]
    #[arg(long, value_name = "N", requires = "migration", value_parser = clap::value_parser!(u8).range(1..=10))]
    pub per_qr: Option<u8>,
    /// The paper to print on [default: a4 in a document, the printer's own for a page]
    #[arg(long, value_enum, value_name = "SIZE")]
    pub paper: Option<Paper>,
    /// The kind of pictures in a folder [default: png]
    #[arg(long, value_enum, value_name = "KIND")]
    pub pictures: Option<PictureKind>,
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

/// A kind of picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum PictureKind {
    /// For screens and every viewer
    #[default]
    Png,
    /// Sharp at every size
    Svg,
}

/// Printed under `sheet --help`.
const SHEET_HELP: &str = "\
A sheet holds your keys: whoever has it has your codes. Delete it when the new phone works.

On the terminal: Enter shows the next code, b the one before, q ends. Where the output is no terminal,
all codes come one after the other, drawn for light letters on a dark ground.

Exit codes: 0 every account has its QR code; 1 some have none, or lose a detail, or there is nothing to show;
the others as for every command.";
