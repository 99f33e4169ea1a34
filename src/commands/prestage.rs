//! `prestage`: accounts for a staff, before anybody has one.

use crate::cli::PrestageArgs;
use crate::failure::{Exit, Failure};
use crate::prestage;
use crate::show::Terminal;

pub(super) fn run(args: &PrestageArgs, terminal: &Terminal) -> Result<Exit, Failure> {
    match &args.check {
        Some(ledger) => prestage::drill::run(ledger, args, terminal),
        None => prestage::run(args, terminal),
    }
}
