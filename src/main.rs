//! The `otpferry` command.

use std::process::ExitCode;

use clap::Parser;
use otpferry::Exit;
use otpferry::cli::Cli;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(report_bug));
    let cli = Cli::parse();
    match std::panic::catch_unwind(|| otpferry::run(&cli)) {
        Ok(exit) => exit.into(),
        Err(_) => Exit::Internal.into(),
    }
}

/// The message of a panic could hold a piece of a vault: only its place is printed. Panics that a
/// picture decoder's caller catches are none of the user's business.
fn report_bug(info: &std::panic::PanicHookInfo<'_>) {
    if otpferry_scan::contains_panics() {
        return;
    }
    let place = info.location().map(|at| format!(" at {}:{}", at.file(), at.line())).unwrap_or_default();
    eprintln!(
        "otpferry: internal error{place}\n  This is a bug. Please report it with this line, and without your file."
    );
}
