//! Options of `inspect`.

use std::path::PathBuf;

use clap::Args;

use super::{MaxAge, ReadArgs};

/// Options of `inspect`.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// Name a risk, and exit with 1, when a backup or its newest entry is older: 30d, 12h, 4w, 1y
    #[arg(long, value_name = "AGE")]
    pub max_age: Option<MaxAge>,
    /// List the accounts that this app would not show right: aegis, 2fas@ios, ... `otpferry targets`
    /// lists them; may be repeated
    #[arg(long, value_name = "APP[@PLATFORM]")]
    pub target: Vec<String>,
    /// Write an inventory without secrets to print and put away: a page (.html) or a text (.txt)
    #[arg(long, value_name = "FILE")]
    pub inventory: Option<PathBuf>,
    /// Of an iPhone's backup: what the entries of unknown apps are like, as JSON, and never what is in them
    #[arg(long, conflicts_with_all = ["inventory", "target", "max_age"])]
    pub shape: bool,
    /// Replace an existing inventory
    #[arg(long)]
    pub force: bool,
    /// What to read.
    #[command(flatten)]
    pub read: ReadArgs,
}
