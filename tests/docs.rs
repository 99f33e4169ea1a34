//! The documentation says what the program does.

#![cfg(test)]

use std::fs;
use std::path::Path;

use otpferry_formats::{Info, registry};

#[test]
fn the_table_of_formats_is_the_registry() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let mut written: Vec<(String, String, String)> = readme.lines().filter_map(row).collect();
    written.sort();
    let mut wanted: Vec<_> = registry::ALL.iter().map(|format| of(format.info())).collect();
    wanted.sort();
    assert_eq!(written, wanted);
}

#[test]
fn what_is_not_confirmed_is_said() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let (_, after) = readme.split_once("Not yet confirmed with files of the real app:\n\n").unwrap();
    let listed: Vec<&str> = after.lines().take_while(|line| line.starts_with("- ")).collect();
    let line = |info: &Info| Some(format!("- `{}`: {}", info.id, info.unverified?));
    let wanted: Vec<String> = registry::ALL.iter().filter_map(|format| line(format.info())).collect();
    assert_eq!(listed, wanted);
}

/// Id, reading and writing of a row of the table.
fn row(line: &str) -> Option<(String, String, String)> {
    let cells: Vec<&str> =
        line.trim().strip_prefix("| `")?.trim_end_matches('|').split('|').map(str::trim).collect();
    match cells.as_slice() {
        [id, _, read, write] => {
            Some((id.trim_end_matches('`').to_owned(), (*read).to_owned(), (*write).to_owned()))
        }
        _ => None,
    }
}

fn of(info: &Info) -> (String, String, String) {
    let support = |encrypted: bool| if encrypted { "plain, encrypted" } else { "plain" };
    let write = info.write.first().map_or("no", |writing| writing.encryption.forms());
    (info.id.to_owned(), support(info.reads_encrypted).to_owned(), write.to_owned())
}
