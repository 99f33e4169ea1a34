//! The application around `otpferry-formats` and `otpferry-scan`: files, pictures, passwords,
//! envelopes, the terminal, and the proof that what was written shows the same codes.
//!
//! [`cli`] says what a user can ask for, [`commands`] what each command does, [`intake`] turns
//! inputs into accounts, [`convert`] accounts into proved outputs, [`output`] those into files.

pub mod cli;
pub mod commands;
pub mod convert;
mod draw;
mod encode;
mod envelope;
mod explain;
mod failure;
mod guard;
mod html;
mod in_order;
pub mod intake;
mod outcome;
pub mod output;
#[cfg(feature = "pdf")]
mod paper;
mod password;
mod plan;
mod prestage;
pub mod proof;
mod random;
pub mod report;
mod select;
mod sheet;
mod show;
mod side;
mod stale;
mod verify;
mod way;

pub use failure::{Exit, Failure};

/// Runs a command and prints what it has to say. Errors go to standard error, with what to do next.
pub fn run(cli: &cli::Cli) -> Exit {
    let terminal = show::Terminal::new(&cli.show);
    match commands::run(&cli.command, &terminal) {
        Ok(exit) => exit,
        Err(failure) => {
            terminal.failure(&failure);
            failure.exit
        }
    }
}
