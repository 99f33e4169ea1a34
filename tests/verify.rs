//! `verify`: what the certificate says, as JSON and as a file.

#![cfg(test)]

mod support;

use std::collections::HashMap;

use serde_json::{Value, json};
use support::{Sandbox, assert_no_secret, fixture};

fn pair(name: &str) -> String {
    format!("{}/tests/pairs/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Puts the order of appearance in the place of fingerprints, which are other ones in each run.
fn numbered(certificate: &mut Value) {
    certificate["date"] = json!("now");
    let mut seen = HashMap::new();
    let lines = ["accounts", "only_in_new"];
    for list in lines {
        for line in certificate[list].as_array_mut().unwrap() {
            for key in ["fingerprint", "new_fingerprint"] {
                let Some(print) = line[key].as_str().map(str::to_owned) else { continue };
                assert!(print.len() == 19 && print.split(' ').all(|group| group.len() == 4), "{print}");
                let next = seen.len();
                line[key] = json!(*seen.entry(print).or_insert(next));
            }
        }
    }
}

fn line(issuer: &str, account: &str, result: &str, message: &str) -> Value {
    json!({ "issuer": issuer, "account": account, "kind": "totp", "result": result, "message": message, "moments": 0 })
}

fn with(mut line: Value, more: Value) -> Value {
    for (key, value) in more.as_object().unwrap() {
        line[key] = value.clone();
    }
    line
}

fn side(path: &str, format: &str, accounts: usize) -> Value {
    let file = json!({ "path": path, "format": format, "encrypted": false, "accounts": accounts });
    json!({ "files": [file], "accounts": accounts, "duplicates": 0, "not_read": [], "warnings": [], "missing_parts": [] })
}

#[test]
fn every_result_as_json() {
    let sandbox = Sandbox::new();
    let (old, new) = (pair("old.txt"), pair("new.txt"));
    let mut certificate = sandbox.run(&["verify", &old, &new, "--json"]).exits(8).json();
    numbered(&mut certificate);
    let again = "Move it again in a form that keeps its settings, or set it up anew at its service";
    let wanted = json!({
        "verdict": "different",
        "message": "4 of 8 accounts would not show the right codes. Keep the old phone and the old file",
        "date": "now",
        "old": side(&old, "otpauth", 8),
        "new": side(&new, "otpauth", 8),
        "compared": { "accounts": 3, "moments": 24 },
        "accounts": [
            with(line("GitHub", "alice", "same-codes", "same codes"),
                json!({ "moments": 24, "fingerprint": 0, "new_fingerprint": 0 })),
            with(line("Acme", "maria", "same-codes", "same codes"),
                json!({ "moments": 24, "fingerprint": 1, "new_fingerprint": 1, "new_name": { "issuer": "Acme Corp", "account": "maria" } })),
            with(line("Nordwind", "ole", "settings-differ", "same secret, other settings: digits 8 -> 6"),
                json!({ "fingerprint": 2, "new_fingerprint": 3, "next_step": again })),
            with(line("Lumen", "ines", "secret-differs", "another secret"),
                json!({ "fingerprint": 4, "new_fingerprint": 5, "next_step": "If you set it up anew, sign in with the new code once; otherwise move it again from the old list" })),
            with(line("Quay", "paul", "counter-ahead", "same codes, and the counter is 4 codes ahead, as after use"),
                json!({ "kind": "hotp", "moments": 24, "fingerprint": 6, "new_fingerprint": 6 })),
            with(line("Quay", "petra", "counter-behind", "the counter of the new one is 2 codes behind: codes that were used are refused"),
                json!({ "kind": "hotp", "fingerprint": 7, "new_fingerprint": 7, "next_step": "Ask the new phone for that many codes, so that it catches up, and compare again" })),
            with(line("Microsoft", "maria@outlook.example", "per-device", "a personal Microsoft account has another key on each phone: the codes differ and both are right"),
                json!({ "fingerprint": 8, "new_fingerprint": 9, "next_step": "Sign in once with the code of the new phone before you give up the old one" })),
            with(line("Beacon", "bo", "missing", "not in the new list"),
                json!({ "fingerprint": 10, "new_fingerprint": null, "next_step": "Move it again from the old list, or set it up anew at its service" })),
        ],
        "only_in_new": [{ "issuer": "Gull", "account": "gus", "kind": "totp", "fingerprint": 11 }],
    });
    assert_eq!(certificate, wanted, "{certificate:#}");
}

/// The results of one line for each pair of lists.
fn results(sandbox: &Sandbox, old: &str, new: &str, exit: i32) -> Vec<String> {
    sandbox.put("old.txt", old);
    sandbox.put("new.txt", new);
    let certificate = sandbox.run(&["verify", "old.txt", "new.txt", "--json"]).exits(exit).json();
    let accounts = certificate["accounts"].as_array().unwrap().iter();
    accounts.map(|line| line["result"].as_str().unwrap().to_owned()).collect()
}

const ALPHA: &str = "secret=CANARYALPHACANARYALPHACANARYALPH";
const BRAVO: &str = "secret=CANARYBRAVOCANARYBRAVOCANARYBRAV";

fn link(name: &str, secret: &str) -> String {
    format!("otpauth://totp/{name}?{secret}\n")
}

#[test]
fn results_that_depend_on_several_accounts() {
    let sandbox = Sandbox::new();
    let (a, b) = (link("a", ALPHA), link("b", BRAVO));
    let both = format!("{a}{b}");
    let swapped = format!("{}{}", link("a", BRAVO), link("b", ALPHA));
    assert_eq!(results(&sandbox, &both, &swapped, 8), ["mixed-up", "mixed-up"]);
    assert_eq!(results(&sandbox, &format!("{a}{a}"), &a, 0), ["same-codes", "kept-once"]);
    let one_secret = format!("{a}{}", link("other", ALPHA));
    assert_eq!(results(&sandbox, &one_secret, &a, 1), ["same-codes", "merged"]);
    // In another order, and with one more.
    let more = format!("{}{b}{a}", link("c", "secret=CANARYCHARLIECAN"));
    assert_eq!(results(&sandbox, &both, &more, 0), ["same-codes", "same-codes"]);
}

fn counted(name: &str, secret: &str, counter: u64) -> String {
    format!("otpauth://hotp/{name}?{secret}&counter={counter}\n")
}

#[test]
fn counters_that_moved_on() {
    let sandbox = Sandbox::new();
    let old = format!("{}{}", counted("a", ALPHA, 5), counted("b", BRAVO, 5));
    let swapped = format!("{}{}", counted("b", ALPHA, 6), counted("a", BRAVO, 6));
    assert_eq!(results(&sandbox, &old, &swapped, 8), ["mixed-up", "mixed-up"]);
    let one = counted("a", ALPHA, 5);
    assert_eq!(results(&sandbox, &one, &counted("a", ALPHA, 15), 0), ["counter-ahead"]);
    assert_eq!(results(&sandbox, &one, &counted("a", ALPHA, 16), 1), ["counter-far-ahead"]);
}

/// Nothing but a name tells such accounts: without one, two are two.
#[test]
fn personal_microsoft_accounts_without_a_name_are_not_taken_for_each_other() {
    let sandbox = Sandbox::new();
    let file = |issuer: &str, secret: &str| {
        let account = json!({ "kind": "totp", "issuer": issuer, "account": "", "secret": secret.trim_start_matches("secret="),
            "algorithm": "SHA1", "digits": 8, "period": 30, "counter": null,
            "origin": { "file": "PhoneFactor", "format": "microsoft", "index": 0 } });
        json!({ "format": "otpferry", "version": 1, "accounts": [account] }).to_string()
    };
    assert_eq!(results(&sandbox, &file("Outlook", ALPHA), &file("Microsoft", BRAVO), 8), ["missing"]);
}

#[test]
fn accounts_with_a_pin() {
    let sandbox = Sandbox::new();
    let motp = "motp://Acme:maria?secret=101a08e18e9bdcd2\n";
    assert_eq!(results(&sandbox, motp, motp, 0), ["same-settings"]);
    let (all, no_pin) = (fixture("otpferry/all-kinds.json"), fixture("otpferry/without-pin.json"));
    let said = |old: &str, new: &str, exit| {
        let certificate = sandbox.run(&["verify", old, new, "--json", "--only", "*"]).exits(exit).json();
        let accounts = certificate["accounts"].as_array().unwrap().clone();
        accounts
            .into_iter()
            .filter(|line| line["kind"] == "motp" || line["kind"] == "yandex")
            .map(|line| (line["kind"].clone(), line["result"].clone()))
            .collect::<Vec<_>>()
    };
    let kinds = said(&all, &all, 1);
    assert!(kinds.iter().all(|(_, result)| result == "same-codes"), "{kinds:?}");
    assert!(!said(&no_pin, &no_pin, 0).is_empty());
}

#[test]
fn one_of_the_two_can_be_standard_input_and_they_have_formats_of_their_own() {
    let sandbox = Sandbox::new();
    let links = link("a", ALPHA);
    sandbox.put("links.txt", &links);
    sandbox.put("table.csv", "name,code\na,CANARYALPHACANARYALPHACANARYALPH\n");
    let run = |args: &[&str], exit| sandbox.run_with(args, links.as_bytes(), &[]).exits(exit);
    run(&["verify", "-", "links.txt"], 0);
    run(&["verify", "links.txt", "-"], 0);
    let columns = "issuer=name,secret=code";
    run(&["verify", "table.csv", "links.txt", "--columns", columns], 0);
    run(&["verify", "links.txt", "table.csv", "-f", "otpauth", "--from-new", "otpauth"], 8);
    run(&["verify", "links.txt", "links.txt", "-f", "otpauth", "--from-new", "nope"], 2);
}

/// The names are those of the old list: the new one may have others.
#[test]
fn some_of_the_old_accounts() {
    let sandbox = Sandbox::new();
    let (old, new) = (pair("old.txt"), pair("new.txt"));
    let said = sandbox.run(&["verify", &old, &new, "--json", "--only", "Acme:*"]).exits(0).json();
    assert_eq!(
        (&said["accounts"][0]["new_name"]["issuer"], &said["only_in_new"]),
        (&json!("Acme Corp"), &json!([]))
    );
    let said = sandbox.run(&["diff", &old, &new, "--json", "--only", "GitHub"]).exits(0).json();
    assert_eq!((&said["same"], &said["added"]), (&json!(1), &json!([])));
}

#[test]
fn the_certificate_in_a_file() {
    let sandbox = Sandbox::new();
    let (old, new) = (pair("old.txt"), pair("new.txt"));
    let run = sandbox.run(&["verify", &old, &new, "-o", "result.txt"]).exits(8);
    assert_eq!(run.bytes, sandbox.bytes("result.txt"));
    assert_no_secret(&run.out, "the certificate");
    sandbox.run(&["verify", &old, &new, "-o", "result.txt"]).exits(9).explains();
    let run = sandbox.run(&["verify", &old, &old, "-q", "--json", "-o", "result.json"]).exits(0);
    assert_eq!((run.out.as_str(), &sandbox.json("result.json")["verdict"]), ("", &json!("same")));
}
