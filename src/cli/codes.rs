//! Options of `codes`.

use clap::Args;

use super::{Moment, ReadArgs};

/// Options of `codes`.
#[derive(Debug, Args)]
pub struct CodesArgs {
    /// Another time than now: Unix seconds, or like 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME")]
    pub at: Option<Moment>,
    /// How many codes of each account, from that time on
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub count: u8,
    /// Print a table for other programs, with the serial number and the person of each token: for activating many
    /// tokens at once
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
    /// What to read.
    #[command(flatten)]
    pub read: ReadArgs,
}
