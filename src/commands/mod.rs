//! One module for each command.

mod codes;
mod diff;
mod formats;
mod inspect;
mod plan;
mod prestage;
mod scan;
mod sheet;
mod targets;
mod verify;

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
            terminal.told(&converted.told(), &converted.report)?;
            Ok(converted.exit)
        }
        Command::Inspect(args) => inspect::run(args, terminal),
        Command::Plan(args) => plan::run(args, terminal),
        Command::Prestage(args) => prestage::run(args, terminal),
        Command::Sheet(args) => sheet::run(args, terminal),
        Command::Codes(args) => codes::run(args, terminal),
        Command::Verify(args) => verify::run(args, terminal),
        Command::Diff(args) => diff::run(args, terminal),
        Command::Scan(args) => scan::run(args, terminal),
        Command::Formats => formats::run(terminal),
        Command::Targets(args) => targets::run(args, terminal),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "otpferry", &mut script);
            Terminal::write_stdout(&script).map(|()| Exit::Done)
        }
        Command::Man => {
            let page = manual().map_err(|error| Failure::new(Exit::Internal, error.to_string()))?;
            Terminal::write_stdout(&page).map(|()| Exit::Done)
        }
    }
}

/// The manual: the page of the program, then one for each command.
fn manual() -> io::Result<Vec<u8>> {
    let mut program = Cli::command();
    program.build();
    let mut page = Vec::new();
    clap_mangen::Man::new(program.clone()).render(&mut page)?;
    for command in program.get_subcommands().filter(|command| command.get_name() != "help") {
        clap_mangen::Man::new(command.clone()).render(&mut page)?;
    }
    Ok(page)
}
