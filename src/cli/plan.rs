//! Options of `plan`.

use std::path::PathBuf;

use clap::Args;

use super::{MaxAge, ReadArgs};

/// Options of `plan`.
#[derive(Debug, Args)]
#[command(next_help_heading = "Planning", after_help = PLAN_HELP)]
pub struct PlanArgs {
    /// The app on the new phone: aegis, microsoft-authenticator@ios, ... `otpferry targets` lists them
    #[arg(long, value_name = "APP[@PLATFORM]")]
    pub target: String,
    /// Also say what this app's own importer would make of the very files given; several with commas
    #[arg(long, value_name = "APP[@PLATFORM]", value_delimiter = ',')]
    pub explain_as: Vec<String>,
    /// Write the plan as a page to read, tick and print, instead of text
    #[arg(short, long, value_name = "FILE.html")]
    pub output: Option<PathBuf>,
    /// Warn when a backup or its newest entry is older: 30d, 12h, 4w, 1y
    #[arg(long, value_name = "AGE")]
    pub max_age: Option<MaxAge>,
    /// Replace an existing page
    #[arg(long)]
    pub force: bool,
    /// What to read.
    #[command(flatten)]
    pub read: ReadArgs,
}

/// Printed under `plan --help`.
const PLAN_HELP: &str = "\
The plan names your accounts and holds none of their secrets.

Exit codes: 0 every account can be moved by yourself; 1 some need a sign-in, an admin or another
app, or there is nothing to move; the others as for every command.";
