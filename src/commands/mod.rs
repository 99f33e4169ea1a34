//! One module for each command.

mod codes;
mod formats;
mod inspect;

use std::io;

use clap::CommandFactory;

use crate::cli::{Cli, Command};
use crate::convert;
use crate::failure::{Exit, Failure};
use crate::show::Terminal;

/// Runs a command.
pub(crate) fn run(command: &Command, terminal: &Terminal) -> Result<Exit, Failure> {
    match command {
        Command::Convert(args) => {
            let converted = convert::run(args, terminal)?;
            terminal.converted(&converted)?;
            Ok(converted.exit)
        }
        Command::Inspect(args) => inspect::run(args, terminal),
        Command::Codes(args) => codes::run(args, terminal),
        Command::Formats => formats::run(terminal),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "otpferry", &mut script);
            Terminal::write_stdout(&script).map(|()| Exit::Done)
        }
        Command::Man => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command())
                .render(&mut page)
                .map_err(|error: io::Error| Failure::new(Exit::Internal, error.to_string()))?;
            Terminal::write_stdout(&page).map(|()| Exit::Done)
        }
    }
}
