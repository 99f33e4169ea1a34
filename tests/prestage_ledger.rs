//! `prestage`: the ledger and its log, which are all that is kept.

#![cfg(test)]

mod support;

#[path = "prestage/staff.rs"]
mod staff;

use data_encoding::HEXLOWER;
use serde_json::{Value, json};

use staff::{Staff, roster, row};

#[test]
fn the_ledger_opens_with_its_passphrase_only() {
    let staff = Staff::new();
    let sandbox = &staff.sandbox;
    sandbox.put("roster.csv", "login\nann\n");
    sandbox.put("short", "elevenchars");
    sandbox.put("good", "canary-passphrase-of-a-ledger\n");
    sandbox.put("wrong", "canary-passphrase-of-another\n");
    let run = |folder: &str, more: &[&str]| {
        let mut args = vec![
            "prestage",
            "roster.csv",
            "--issuer",
            "Acme",
            "-t",
            "oath-usersfile",
            "-o",
            folder,
            "--sheets",
            "none",
        ];
        args.extend_from_slice(more);
        sandbox.run(&args)
    };
    run("out", &[]).exits(6).says(&["the ledger is always encrypted"]).explains();
    run("out", &["--age-passphrase-file", "short"]).exits(2).says(&["at least 12 characters"]).explains();
    run("out", &["--age-passphrase-file", "good"]).exits(0);
    assert!(sandbox.path("otpferry-ledger.age").exists(), "beside the folder");
    run("two", &["--age-passphrase-file", "wrong"]).exits(7).explains();
    run("two", &[]).exits(6).explains();
    run("two", &["--age-passphrase-file", "good"]).exits(0);
}

#[test]
fn the_log_is_a_chain() {
    let staff = Staff::new();
    staff.sandbox.put("roster.csv", "login\nann\nbob\n");
    staff.stage("one", &["-t", "oath-usersfile", "--sheets", "none"], 0);
    staff.stage("two", &["-t", "entra-oath", "--sheets", "none", "--delivered", "ann"], 0);
    let text = staff.text("ledger.age.log.jsonl");
    let mut previous = String::new();
    let mut actions = Vec::new();
    for line in text.lines() {
        let value: Value = serde_json::from_str(line).unwrap();
        assert_eq!(value["previous"], json!(previous), "{line}");
        previous = HEXLOWER.encode(&<sha2::Sha256 as sha2::Digest>::digest(line));
        actions.push(value["action"].as_str().unwrap().to_owned());
    }
    let wanted =
        ["begin", "stage", "stage", "export", "end", "begin", "deliver", "keep", "keep", "export", "end"];
    assert_eq!(actions, wanted);
    assert_eq!(staff.ledger()[0]["state"], "delivered");
}

#[test]
fn a_ledger_does_not_get_lost_without_a_word() {
    let staff = Staff::new();
    staff.sandbox.put("roster.csv", roster(&[row("ann", '1', "Sales")]));
    let options = ["-t", "entra-oath", "--sheets", "none"];
    let report = staff.stage("one", &options, 0);
    assert_eq!(report["is_new_ledger"], true);
    let old = staff.sandbox.bytes("ledger.age");
    staff.sandbox.put("roster.csv", roster(&[row("ann", '1', "Sales"), row("bob", '2', "IT")]));
    assert_eq!(staff.stage("two", &options, 0)["is_new_ledger"], false);
    let (newest, secrets) = (staff.sandbox.bytes("ledger.age"), staff.secrets());
    // An older copy.
    staff.sandbox.put("ledger.age", &old);
    staff.run("three", &options).exits(9).says(&["the ledger is an older copy"]).explains();
    staff.run("three", &["-t", "entra-oath", "--dry-run"]).exits(9);
    // None at all, although there was one.
    std::fs::remove_file(staff.sandbox.path("ledger.age")).unwrap();
    staff.run("three", &options).exits(9).says(&["there is no ledger, and there was one"]).explains();
    staff.run("two", &["-t", "entra-oath", "--resume"]).exits(9).explains();
    staff.sandbox.put("ledger.age", &newest);
    assert_eq!(staff.secrets(), secrets);
    // In the folder that will be destroyed.
    let args = staff.arguments("Acme", "ledger-here", &options);
    let inside: Vec<&str> =
        args.iter().map(|arg| if arg == "ledger.age" { "ledger-here/ledger.age" } else { arg }).collect();
    staff.sandbox.run(&inside).exits(2).says(&["in the output folder"]).explains();
    // Somebody else's key.
    let other = age::x25519::Identity::generate().to_public().to_string();
    staff
        .run("three", &["-t", "entra-oath", "-r", &other])
        .exits(2)
        .says(&["in another way than -r says"])
        .explains();
    // Somebody else's folder.
    staff.sandbox.put("other/report.csv", "precious");
    staff.run("other", &["-t", "entra-oath", "--resume"]).exits(9).explains();
    assert_eq!(staff.text("other/report.csv"), "precious");
    #[cfg(unix)]
    {
        // By another name it is the same ledger, with the same lock and log.
        std::os::unix::fs::symlink(staff.sandbox.path("ledger.age"), staff.sandbox.path("link.age")).unwrap();
        let linked: Vec<&str> = args
            .iter()
            .map(|arg| match arg.as_str() {
                "ledger.age" => "link.age",
                "ledger-here" => "three",
                other => other,
            })
            .collect();
        staff.sandbox.run(&linked).exits(0);
        assert!(staff.sandbox.path("link.age").is_symlink() && staff.runs().len() == 3);
    }
}

/// A copy of the ledger from before the last run was brought back.
fn with_older_ledger() -> Staff {
    let staff = Staff::new();
    let people = [row("ann", '1', "Sales"), row("bob", '2', "IT")];
    staff.sandbox.put("roster.csv", roster(&people[..1]));
    staff.stage("one", &["-t", "entra-oath", "--sheets", "none"], 0);
    let copy = staff.sandbox.bytes("ledger.age");
    staff.sandbox.put("roster.csv", roster(&people));
    staff.stage("two", &["-t", "entra-oath", "--sheets", "none"], 0);
    staff.sandbox.put("ledger.age", copy);
    staff
}

#[test]
fn an_older_ledger_is_forgiven_once_and_says_who_has_two_secrets() {
    let staff = with_older_ledger();
    let usual = ["-t", "entra-oath", "--sheets", "none"];
    staff.run("three", &usual).exits(9).says(&["an older copy"]);
    let mut told = usual.to_vec();
    told.push("--older-ledger");
    let report = staff.stage("three", &told, 1);
    let warnings: Vec<_> = report["warnings"].as_array().unwrap().iter().collect();
    let [warning] = warnings[..] else { panic!("{warnings:?}") };
    assert_eq!(warning["code"], "second-secret");
    assert!(warning["message"].as_str().unwrap().contains("was made for bob@acme.example"), "{warning}");
    staff.stage("four", &usual, 0);
}

#[test]
fn a_log_that_was_altered_is_no_witness() {
    let staff = with_older_ledger();
    let log = staff.text("ledger.age.log.jsonl");
    let usual = ["-t", "entra-oath", "--sheets", "none"];
    let lines: Vec<&str> = log.lines().collect();
    let without = |at: usize| [&lines[..at], &lines[at + 1..]].concat().join("\n");
    for altered in [log.replace("{\"time", "x{\"time"), without(1), without(lines.len() - 2)] {
        staff.sandbox.put("ledger.age.log.jsonl", altered);
        staff.run("three", &usual).exits(9).says(&["the log was altered"]);
    }
    // The end of a line that an interrupted run has begun is no alteration.
    staff.sandbox.put("ledger.age.log.jsonl", format!("{log}{{\"time\":\"20"));
    staff.run("three", &usual).exits(9).says(&["an older copy"]);
}
