//! Programs of others that look at what otpferry writes, where the machine has them.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub(crate) fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// Python, in the folder of the tests; `OTPFERRY_PYTHON` names it.
pub(crate) fn python(args: &[&str]) -> Command {
    let mut command = Command::new(std::env::var("OTPFERRY_PYTHON").unwrap_or_else(|_| "python3".to_owned()));
    command.args(args).current_dir(tests());
    command
}

/// What a program printed. It must have ended well.
#[track_caller]
pub(crate) fn printed(what: &str, output: Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{what}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// Says that a check was left out, and why.
pub(crate) fn left_out(what: &str, missing: &str) -> String {
    let line = format!("NOT CHECKED: {what}, because this machine has not: {missing}");
    // Past the capture of the test harness, which shows nothing of a test that passes.
    let _ = writeln!(std::io::stderr(), "{line}");
    line
}
