//! KeePassXC opens what is written for it and shows the same codes, and what it writes is read.
//!
//! Without `keepassxc-cli` on the machine that is said, and left out.

#![cfg(test)]

mod support;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use support::{PASSWORD, Sandbox, expected, fixture, others};

/// What KeePassXC shows: every hash, the shortest and longest codes and periods, groups and odd names.
const LINKS: &str = "\
    otpauth://totp/Acme:maria?secret=CANARYALPHACANARYALPHACANARYALPH&issuer=Acme\n\
    otpauth://totp/Nordwind:ole?secret=CANARYDELTACANARYDELTACANARYDELTACANARYDELTACANARYDA&issuer=Nordwind&algorithm=SHA256&digits=8&period=60\n\
    otpauth://totp/Long:x?secret=CANARYBRAVOCANARYBRAVOCANARYBRAV&issuer=Long&algorithm=SHA512&digits=9\n\
    otpauth://totp/Short:x?secret=CANARYOSCA&issuer=Short&digits=1\n\
    otpauth://totp/Odd%20%26%20%C3%A4%3F:a%20b?secret=CANARYSIERRACANARYSIERRACANARYSI&issuer=Odd%20%26%20%C3%A4%3F\n\
    otpauth://totp/Steam:gabe?secret=CANARYCHARLIECAN&issuer=Steam&encoder=steam\n";
/// Codes that KeePassXC 2.7.4 would show wrong, so that it gets none.
const NOT_SHOWN: &str = "\
    otpauth://totp/Slow:x?secret=CANARYPAPACANARYPAPACANARYPAPACA&issuer=Slow&period=90\n\
    otpauth://hotp/Quay:paul?secret=CANARYPAPACANARYPAPACANARYPAPACA&issuer=Quay&counter=42\n";

/// Whether the program is there; says so when it is not.
fn is_missing() -> bool {
    let version = Command::new("keepassxc-cli").arg("--version").output();
    let is_missing = !version.is_ok_and(|version| version.status.success());
    if is_missing {
        others::left_out("KeePassXC", "keepassxc-cli");
    }
    is_missing
}

/// Runs it with the password on standard input as often as it is asked for.
fn keepassxc(folder: &Path, args: &[&str]) -> (bool, String) {
    let mut child = Command::new("keepassxc-cli")
        .args(args)
        .current_dir(folder)
        .env("QT_QPA_PLATFORM", "offscreen")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = child.stdin.take().unwrap().write_all(format!("{PASSWORD}\n{PASSWORD}\n").as_bytes());
    let output = child.wait_with_output().unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

#[track_caller]
fn done(folder: &Path, args: &[&str]) -> String {
    let (success, output) = keepassxc(folder, args);
    assert!(success, "{args:?}");
    output
}

/// Issuers and codes of a file now.
fn codes(sandbox: &Sandbox, file: &str) -> Vec<(String, String)> {
    let run = sandbox.run_with(&["codes", file, "--json"], b"", &[("OTPFERRY_PASSWORD", PASSWORD)]);
    let report: Value = run.json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let accounts = report["accounts"].as_array().unwrap().iter();
    accounts.map(|account| (text(&account["issuer"]), text(&account["codes"][0]["code"]))).collect()
}

/// Both ask for the time, one after the other: a code may change in between.
#[track_caller]
fn assert_shows_the_codes_of(sandbox: &Sandbox, links: &str, database: &str) {
    for index in 0..codes(sandbox, links).len() {
        let shown = |sandbox: &Sandbox| {
            let (issuer, before) = codes(sandbox, links).swap_remove(index);
            let code = done(sandbox.path("").as_path(), &["show", "-q", "--totp", database, &issuer]);
            let (_, after) = codes(sandbox, links).swap_remove(index);
            (issuer, code, [before, after])
        };
        let (issuer, code, wanted) = shown(sandbox);
        assert!(wanted.contains(&code), "{issuer}: {code}, {wanted:?}");
    }
}

#[test]
fn databases_and_xml_show_the_same_codes() {
    if is_missing() {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.put("shown.txt", LINKS);
    sandbox.put("hidden.txt", NOT_SHOWN);
    sandbox.put("password", PASSWORD);
    let args = ["convert", "shown.txt", "hidden.txt", "-t", "keepass:kdbx,keepass:xml", "-o", "new/"];
    sandbox.run(&[&args[..], &["--new-password-file", "password", "-q"]].concat()).exits(1);
    let folder = sandbox.path("");
    done(&folder, &["import", "-q", "-p", "new/keepass.xml", "imported.kdbx"]);
    for database in ["new/keepass.kdbx", "imported.kdbx"] {
        assert_shows_the_codes_of(&sandbox, "shown.txt", database);
        for hidden in ["Slow", "Quay"] {
            let (success, code) = keepassxc(&folder, &["show", "-q", "--totp", database, hidden]);
            // Newer versions know KeePass' own fields.
            assert!(!success || hidden == "Slow", "{hidden}: {code}");
        }
        let text = done(&folder, &["export", "-q", "-f", "csv", database]);
        sandbox.put("exported.csv", text);
        assert_eq!(codes(&sandbox, "exported.csv").len(), LINKS.lines().count(), "{database}");
    }
}

/// What the program has changed and written itself is read with everything in it.
#[test]
fn databases_of_keepassxc_are_read() {
    if is_missing() {
        return;
    }
    let sandbox = Sandbox::new();
    let folder = sandbox.path("");
    done(&folder, &["import", "-q", "-p", &fixture("keepass/plain.xml"), "own.kdbx"]);
    done(&folder, &["mkdir", "-q", "own.kdbx", "New"]);
    done(&folder, &["edit", "-q", "-t", "Title of the code stays", "own.kdbx", "Renamed"]);
    let xml = done(&folder, &["export", "-q", "-f", "xml", "own.kdbx"]);
    sandbox.put("own.xml", xml);
    sandbox.put("password", PASSWORD);
    let wanted = secrets(&expected("keepass/plain.xml"));
    assert!(wanted.len() > 20);
    for (file, new) in [("own.kdbx", "a.json"), ("own.xml", "b.json")] {
        let args = ["convert", file, "--password-file", "password", "-t", "otpferry", "-o", new, "-q"];
        // Two entries are in the recycle bin.
        sandbox.run(&args).exits(1);
        assert_eq!(secrets(&sandbox.json(new)), wanted, "{file}");
    }
}

/// What an account is, without the times that the program has changed. It also sorts tags.
fn secrets(file: &Value) -> Vec<Value> {
    let fields = [
        "kind",
        "issuer",
        "account",
        "secret",
        "algorithm",
        "digits",
        "period",
        "counter",
        "note",
        "favorite",
        "urls",
    ];
    let groups = |account: &Value| {
        let mut groups: Vec<String> = serde_json::from_value(account["groups"].clone()).unwrap();
        groups.sort();
        groups.into()
    };
    let accounts = file["accounts"].as_array().unwrap().iter();
    accounts
        .map(|account| fields.iter().map(|field| account[*field].clone()).chain([groups(account)]).collect())
        .collect()
}
