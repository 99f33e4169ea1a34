//! Every file in `fixtures/` gives the reading that is written down beside it: whole accounts in
//! order, what was skipped and why, warnings, missing parts, or the error.

#![cfg(test)]

#[path = "support/cases.rs"]
mod cases;
#[path = "support/expected.rs"]
mod expected;

use std::path::Path;

use otpferry_formats::model::{Account, Vault, merge};
use otpferry_formats::{Error, registry};
use serde_json::{Value, json};

use cases::Case;
use expected::compare_accounts;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");

/// What the readings in `fixtures/` have no words for: case, account, field, value.
fn beyond_the_vocabulary() -> [(&'static str, usize, &'static str, Value); 2] {
    let device = json!({ "serial": "CN-0001", "manufacturer": "Acme", "model": "T1" });
    [("otpferry/app-data.json", 0, "device", device), ("otpferry/app-data.json", 0, "user", json!("maria"))]
}

/// Fewest cases that have been there; fewer means that they are not found.
const CASES: usize = 620;

#[test]
fn every_fixture_gives_its_reading() {
    let mut count = 0;
    let mut failures = Vec::new();
    for format in registry::ALL {
        let id = format.info().id;
        for case in cases::of_format(Path::new(FIXTURES), id) {
            count += 1;
            failures.extend(check(&case, id).into_iter().map(|problem| format!("{}: {problem}", case.name)));
        }
    }
    assert!(failures.is_empty(), "{} differences:\n{}", failures.len(), failures.join("\n"));
    assert!(count >= CASES, "only {count} cases");
}

fn check(case: &Case, id: &str) -> Vec<String> {
    let wanted_error = case.expected["error"].as_str();
    let format = match case.detect() {
        Ok(format) => format,
        Err(error) => return check_error(&error, wanted_error, None),
    };
    let detected = format.info().id;
    let mut problems = Vec::new();
    if detected != id || case.expected["format"] != id {
        problems.push(format!("it is taken for {detected}, {} is expected", case.expected["format"]));
    }
    problems.extend(match (case.decode(format), wanted_error) {
        (Err(error), _) => check_error(&error, wanted_error, Some(id)),
        (Ok(_), Some(wanted)) => vec![format!("it is read, the error {wanted} is expected")],
        (Ok(vault), None) => check_vault(case, &vault),
    });
    problems
}

fn check_error(error: &Error, wanted: Option<&str>, format: Option<&str>) -> Vec<String> {
    let mut problems = Vec::new();
    if Some(error.kind.name()) != wanted {
        problems.push(format!("error {} ({error}), {wanted:?} is expected", error.kind.name()));
    }
    if error.format != format {
        problems.push(format!("the error names the format {:?}", error.format));
    }
    if error.message.is_empty() || error.next_step.is_none() {
        problems.push("the error does not say what to do".to_owned());
    }
    problems.extend(leak(&format!("{error} {:?}", error.next_step)));
    problems
}

fn check_vault(case: &Case, vault: &Vault) -> Vec<String> {
    let mut expected = case.expected.clone();
    for (name, at, field, value) in beyond_the_vocabulary() {
        if case.name == name {
            expected["accounts"][at][field] = value;
        }
    }
    let mut problems = compare_accounts(&expected["accounts"], &vault.accounts, true);
    let mut compare = |what: &str, wanted: &Value, read: Value| {
        if *wanted != read {
            problems.push(format!("{what}: {wanted} is expected, {read} was read"));
        }
    };
    let skipped: Vec<_> =
        vault.skipped.iter().map(|item| json!({ "index": item.index, "code": item.code })).collect();
    compare("skipped", &expected["skipped"], skipped.into());
    compare("warnings", &expected["warnings"], warnings(vault));
    let no_parts = json!([]);
    let missing: Vec<_> = merge::missing_parts(&vault.parts)
        .iter()
        .map(|part| json!({ "index": part.index, "size": part.size }))
        .collect();
    compare("missing parts", expected.get("missing_parts").unwrap_or(&no_parts), missing.into());
    problems.extend(check_places(vault));
    for item in vault.skipped.iter().chain(&vault.warnings) {
        problems.extend(leak(&serde_json::to_string(item).unwrap()));
    }
    problems
}

/// Codes in alphabetical order, those about parts included.
fn warnings(vault: &Vault) -> Value {
    let about_parts = merge::inconsistent_parts(&vault.parts);
    let mut codes: Vec<_> = vault.warnings.iter().chain(&about_parts).map(|item| item.code.clone()).collect();
    codes.sort();
    codes.into()
}

/// Each entry of the file has one place, and accounts are in the order of their places.
fn check_places(vault: &Vault) -> Vec<String> {
    let accounts: Vec<usize> = vault.accounts.iter().map(|account| account.origin.index).collect();
    let skipped = vault.skipped.iter().filter_map(|item| item.index);
    let mut all: Vec<usize> = accounts.iter().copied().chain(skipped).collect();
    all.sort_unstable();
    let mut problems = Vec::new();
    if !accounts.is_sorted() || !all.iter().copied().eq(0..vault.entries()) {
        problems.push(format!("accounts are at the places {accounts:?}, all entries at {all:?}"));
    }
    let known = |account: &&Account| registry::by_name(&account.origin.format).is_none();
    if let Some(account) = vault.accounts.iter().find(known) {
        problems.push(format!("an account is said to come from the format {:?}", account.origin.format));
    }
    problems
}

/// Secrets and passwords of fixtures begin with the name of the bird.
fn leak(text: &str) -> Option<String> {
    let shows = text.contains("CANARY") || text.to_lowercase().contains("canary-");
    shows.then(|| format!("a message shows a secret: {text}"))
}
