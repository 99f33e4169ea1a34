//! Exports of the real apps with independent readings. They are not part of the repository: the
//! variable `OTPFERRY_SAMPLES` says where they are.

#![cfg(test)]

#[path = "support/cases.rs"]
mod cases;
#[path = "support/expected.rs"]
mod expected;

use std::path::PathBuf;

use otpferry_formats::model::Vault;
use otpferry_formats::{Error, ErrorKind, registry};

use cases::Case;
use expected::compare_accounts;

/// Samples that are of another format than the app that made them: case, format.
const OTHERWISE: [(&str, &str); 7] = [
    // The app's second export is a list of URIs.
    ("2fauth/2fauth_export_otpauth.made.txt", "otpauth"),
    ("aegis/aegis-txt.txt", "otpauth"),
    // The app has no format of its own any more.
    ("gnome-authenticator/aegis_encrypted.json", "aegis"),
    ("gnome-authenticator/plain.txt", "otpauth"),
    // Nothing says whose table it is, and both servers read the same.
    ("linotp/oath_tokens.csv", "privacyidea"),
    // An entry that is nothing but a link.
    ("pass-otp/hotp.made.txt", "otpauth"),
    ("pass-otp/port.made.txt", "otpauth"),
];

#[test]
fn every_sample_gives_its_reading() {
    let Some(root) = std::env::var_os("OTPFERRY_SAMPLES").map(PathBuf::from) else {
        println!("skipped: OTPFERRY_SAMPLES is not set");
        return;
    };
    let mut folders: Vec<String> = std::fs::read_dir(&root)
        .expect("OTPFERRY_SAMPLES is set, and has to be a folder")
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    folders.sort();
    let is_known = |id: &String| registry::ALL.iter().any(|format| format.info().id == id);
    let (known, other): (Vec<String>, Vec<String>) = folders.into_iter().partition(is_known);
    println!("not yet supported: {}", other.join(", "));
    let mut count = 0;
    let mut failures = Vec::new();
    for id in &known {
        for case in cases::of_format(&root, id) {
            count += 1;
            failures.extend(check(&case, id).into_iter().map(|problem| format!("{}: {problem}", case.name)));
        }
    }
    println!("{count} samples of {}", known.join(", "));
    assert!(failures.is_empty(), "{} differences:\n{}", failures.len(), failures.join("\n"));
    assert!(count > 0, "there is no sample of any format");
}

fn check(case: &Case, id: &str) -> Vec<String> {
    let wanted = OTHERWISE.iter().find(|(name, _)| *name == case.name).map_or(id, |(_, format)| format);
    let format = match case.detect() {
        Ok(format) => format,
        Err(error) => return vec![format!("not recognised: {error}")],
    };
    let detected = format.info().id;
    let mut problems = Vec::new();
    if detected != wanted || case.expected["format"] != id {
        problems.push(format!("it is taken for {detected}, {wanted} is expected"));
    }
    problems.extend(match case.decode(format) {
        Ok(vault) => check_vault(case, &vault),
        Err(error) => check_error(case, &error),
    });
    problems
}

fn check_vault(case: &Case, vault: &Vault) -> Vec<String> {
    let mut problems = compare_accounts(&case.expected["accounts"], &vault.accounts, false);
    let wanted = case.expected["skipped"].as_array().expect("skipped entries are a list").len();
    if wanted != vault.skipped.len() {
        let codes: Vec<_> = vault.skipped.iter().map(|item| (item.index, &item.code)).collect();
        problems.push(format!("{wanted} entries are to be skipped, but: {codes:?}"));
    }
    problems
}

/// A file in which nothing at all is readable may be called damaged, or refused, as a whole.
fn check_error(case: &Case, error: &Error) -> Vec<String> {
    let nothing = case.expected["accounts"].as_array().is_some_and(Vec::is_empty);
    // A changed MAC cannot be told from another password.
    let is_named = match error.kind {
        ErrorKind::Malformed | ErrorKind::Unsupported => true,
        ErrorKind::WrongPassword => case.expected["error"] == "mac-mismatch",
        ErrorKind::NewerVersion => case.expected["error"] == "unsupported-version",
        _ => false,
    };
    if is_named && nothing {
        return Vec::new();
    }
    vec![format!("it is not read: {} ({error})", error.kind.name())]
}
