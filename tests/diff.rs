//! `diff` as JSON, and how it stops.

#![cfg(test)]

mod support;

use serde_json::{Value, json};
use support::{Sandbox, fixture};

fn pair(name: &str) -> String {
    format!("{}/tests/pairs/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn side(path: &str, accounts: usize) -> Value {
    let file = json!({ "path": path, "format": "otpauth", "encrypted": false, "accounts": accounts });
    json!({ "files": [file], "accounts": accounts, "duplicates": 0, "not_read": [], "warnings": [], "missing_parts": [] })
}

#[test]
fn every_kind_of_difference_as_json() {
    let (old, new) = (pair("old.txt"), pair("new.txt"));
    let said = Sandbox::new().run(&["diff", &old, &new, "--json"]).exits(1).json();
    let microsoft = json!({
        "issuer": "Microsoft", "account": "maria@outlook.example", "kind": "totp", "place": 6, "new_place": 0,
        "remark": "a personal Microsoft account has another key on each phone; both are right",
    });
    let wanted = json!({
        "alarms": [],
        "same": 1,
        "removed": [{ "issuer": "Beacon", "account": "bo", "kind": "totp", "place": 7 }],
        "added": [{ "issuer": "Gull", "account": "gus", "kind": "totp", "place": 7 }],
        "renamed": [{
            "issuer": "Acme", "account": "maria", "kind": "totp", "place": 1,
            "other_name": { "issuer": "Acme Corp", "account": "maria" },
        }],
        "secret_changed": [{ "issuer": "Lumen", "account": "ines", "kind": "totp", "place": 3 }, microsoft],
        "parameters_changed": [
            { "issuer": "Nordwind", "account": "ole", "kind": "totp", "place": 2,
              "changes": [{ "field": "digits", "old": "8", "new": "6" }] },
            { "issuer": "Quay", "account": "paul", "kind": "hotp", "place": 4,
              "changes": [{ "field": "counter", "old": "5", "new": "9" }] },
            { "issuer": "Quay", "account": "petra", "kind": "hotp", "place": 5,
              "changes": [{ "field": "counter", "old": "5", "new": "3" }] },
        ],
        "details_changed": [],
        "moved": [microsoft],
        "old": side(&old, 8),
        "new": side(&new, 8),
    });
    assert_eq!(said, wanted, "{said:#}");
}

#[test]
fn details_and_alarms_as_json() {
    let (old, new) = (pair("monday.json"), pair("sunday.json"));
    let said = Sandbox::new().run(&["diff", &old, &new, "--json"]).exits(1).json();
    let codes: Vec<&Value> = said["alarms"].as_array().unwrap().iter().map(|alarm| &alarm["code"]).collect();
    assert_eq!(codes, ["made-earlier", "older-entries"]);
    // A note often holds recovery codes: that it changed is all that is said.
    let wanted = json!([{
        "issuer": "Acme", "account": "maria", "kind": "totp", "place": 0,
        "changes": [
            { "field": "groups", "old": "Work", "new": "Home, Work" },
            { "field": "note" },
            { "field": "favorite", "old": "yes", "new": "no" },
        ],
    }]);
    assert_eq!(said["details_changed"], wanted);
    assert_eq!(
        said["secret_changed"][0]["remark"],
        "the old one is only a name, and the new one has a secret"
    );
    assert_eq!(
        (&said["old"]["created"], &said["new"]["newest"]),
        (&json!("2026-03-02T08:00:00Z"), &json!("2026-02-01T09:00:00Z"))
    );
}

#[test]
fn exit_codes() {
    let sandbox = Sandbox::new();
    let plain = fixture("otpauth/plain.txt");
    sandbox.run(&["diff", &plain, &plain]).exits(0);
    sandbox.run(&["diff", "-", "-"]).exits(2).explains();
    sandbox.run(&["diff", &plain, "nowhere"]).exits(3).explains();
    let part = fixture("google-migration/batch-only-last.txt");
    sandbox.run(&["diff", &part, &part]).exits(11);
    sandbox.run(&["diff", &part, &part, "--partial"]).exits(1);
    // Two formats with the same accounts.
    sandbox.run(&["convert", &plain, "-t", "otpferry", "-o", "same.json"]).exits(0);
    sandbox.run(&["diff", &plain, "same.json"]).exits(0);
    let broken = fixture("google-migration/unreadable.txt");
    sandbox.run(&["diff", &broken, &broken]).exits(1);
}
