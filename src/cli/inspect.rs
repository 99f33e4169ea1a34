//! Options of `inspect`.

use clap::Args;

use super::ReadArgs;

/// Options of `inspect`.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// What to read.
    #[command(flatten)]
    pub read: ReadArgs,
}
