//! What `convert` writes, and what it says about it.

#![cfg(test)]

mod support;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use support::{Sandbox, assert_adds_up, expected, fixture};

const TARGETS: [(&str, &str); 5] = [
    ("aegis", "aegis-export-plain.json"),
    ("2fas", "2fas-backup.2fas"),
    ("otpauth", "otpauth.txt"),
    ("google-migration", "google-migration.txt"),
    ("otpferry", "otpferry.json"),
];

/// A fixture of each format, and how many accounts with and without a secret it holds.
const INPUTS: [(&str, usize, usize); 7] = [
    ("aegis/plain-v3-groups-icons.json", 13, 0),
    ("2fas/v4-android.2fas", 7, 0),
    ("otpauth/plain.txt", 12, 0),
    ("google-migration/v1.txt", 4, 0),
    ("microsoft/v26-all-kinds.sqlite", 6, 3),
    ("otpferry/all-kinds.json", 11, 1),
    ("google-migration/qr-10-accounts.png", 10, 0),
];

const PLAIN: &str = "otpauth/plain.txt";
/// The first accounts of that fixture, as links.
const MARIA: &str = "otpauth://totp/Acme%20Bank:maria%40example.org?secret=CANARYALPHACANARYALPHACANARYALPH&issuer=Acme%20Bank\n";
const OLE: &str = "otpauth://totp/Nordwind:ole?secret=CANARYDELTACANARYDELTACANARYDELTACANARYDELTACANARYDA&issuer=Nordwind\n";
/// Another secret under the first account's name.
const OTHER_MARIA: &str = "otpauth://totp/Acme%20Bank:maria%40example.org?secret=CANARYBRAVOCANARYBRAVOCANARYBRAV&issuer=Acme%20Bank\n";

/// All codes of a file at one moment.
fn codes(sandbox: &Sandbox, file: &str) -> Vec<String> {
    let run = sandbox.run(&["codes", file, "--at", "1111111109", "--json"]);
    let accounts = run.json()["accounts"].as_array().unwrap().clone();
    accounts.iter().filter_map(|account| account["codes"][0]["code"].as_str()).map(str::to_owned).collect()
}

#[test]
fn every_format_to_every_target() {
    for (input, with_secret, without) in INPUTS {
        let old = codes(&Sandbox::new(), &fixture(input));
        for (target, name) in TARGETS {
            let sandbox = Sandbox::new();
            let run =
                sandbox.run(&["convert", &fixture(input), "-t", target, "--plain", "--report", "r.json"]);
            let report = sandbox.json("r.json");
            let about = format!("{input} to {target}: {report:#}");
            assert_adds_up(&report);
            assert_eq!(report["read"], with_secret + without, "{about}");
            let not_moved = report["not_moved"].as_array().unwrap();
            let whole = report["moved"] == with_secret + without;
            assert!(run.exit == Some(0) && whole || run.exit == Some(1), "{:?} {about}", run.exit);
            assert_eq!(
                sandbox.names(),
                [name, "r.json"].into_iter().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>()
            );
            let new = codes(&sandbox, name);
            let name_only = not_moved.iter().filter(|item| item["code"] == "name-only").count();
            assert_eq!(name_only, without, "{about}");
            assert_eq!(new.len(), with_secret + without - not_moved.len(), "{about}");
            assert_eq!(report["verified"]["accounts"], new.len(), "{about}");
            let mut rest = old.iter();
            assert!(new.iter().all(|code| rest.any(|other| other == code)), "other codes or order: {about}");
        }
    }
}

#[test]
fn the_canonical_file_is_the_expected_reading() {
    for (input, ..) in INPUTS {
        let sandbox = Sandbox::new();
        sandbox.run(&["convert", &fixture(input), "-t", "otpferry"]);
        let file = sandbox.json("otpferry.json");
        assert_eq!((&file["format"], &file["version"]), (&json!("otpferry"), &json!(1)));
        assert!(file["created"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
        let keys = ["kind", "issuer", "account", "secret", "algorithm", "digits", "period", "counter", "pin"];
        let pick = |list: &Value| -> Vec<Vec<Value>> {
            let accounts = list["accounts"].as_array().unwrap();
            accounts.iter().map(|one| keys.map(|key| one[key].clone()).to_vec()).collect()
        };
        assert_eq!(pick(&file), pick(&expected(input)), "{input}");
    }
}

#[test]
fn several_targets_into_a_folder() {
    let sandbox = Sandbox::new();
    let all = "aegis,2fas,otpauth,google-migration,otpferry";
    let run = sandbox.run(&["convert", &fixture(PLAIN), "-t", all, "-o", "out/", "--plain"]).exits(1);
    let mut names: Vec<String> = TARGETS.iter().map(|(_, name)| format!("out/{name}")).collect();
    names.push("out/".to_owned());
    names.sort();
    assert_eq!(sandbox.names(), names);
    for text in [
        "Read 12 accounts from 1 file\n",
        "Wrote 12 accounts to out/aegis-export-plain.json (aegis)\n",
        "Wrote 11 accounts to out/2fas-backup.2fas (2fas)\n",
        "Wrote 10 accounts to out/google-migration.txt (google-migration)\n",
        "Lumen (ines): 2FAS cannot change codes every 15 seconds; Google Authenticator cannot show 7-digit codes\n",
    ] {
        assert!(run.out.contains(text), "\"{text}\" is not in:\n{}", run.out);
    }
    let again =
        sandbox.run(&["convert", &fixture(PLAIN), "-t", all, "-o", "out", "--plain"]).exits(9).explains();
    again.says(&["out/aegis-export-plain.json: the output exists and is not overwritten", "--force"]);
    assert_eq!(sandbox.names(), names);
}

#[test]
fn without_an_output_name_the_customary_one_is_taken_once() {
    for (target, name) in TARGETS {
        let sandbox = Sandbox::new();
        sandbox.run(&["convert", &fixture("google-migration/v1.txt"), "-t", target, "--plain"]).exits(0);
        assert_eq!(sandbox.names(), [name]);
        let before = sandbox.bytes(name);
        let again = ["convert", &fixture("google-migration/v1.txt"), "-t", target, "--plain"];
        sandbox.run(&again).exits(9).explains().says(&[name, "--force"]);
        assert_eq!((sandbox.names(), sandbox.bytes(name)), (vec![name.to_owned()], before));
    }
}

#[test]
fn an_existing_output_is_replaced_with_force_only() {
    let sandbox = Sandbox::new();
    sandbox.put("out.txt", "mine");
    sandbox.put("r.json", "mine");
    let args = ["convert", &fixture(PLAIN), "-t", "otpauth", "-o", "out.txt"];
    sandbox.run(&args).exits(9).explains();
    sandbox.run(&[&args[..4], &["--report", "r.json"]].concat()).exits(9).explains().says(&["r.json: "]);
    assert_eq!((sandbox.bytes("out.txt"), sandbox.bytes("r.json")), (b"mine".to_vec(), b"mine".to_vec()));
    sandbox.run(&[&args[..], &["--force", "--report", "r.json"]].concat()).exits(0);
    assert!(sandbox.bytes("out.txt").starts_with(b"otpauth://totp/Acme%20Bank:maria%40example.org?"));
    assert_eq!(sandbox.json("r.json")["read"], 12);
    assert_eq!(sandbox.names(), ["out.txt", "r.json"]);
}

#[test]
fn an_input_is_never_replaced() {
    let sandbox = Sandbox::new();
    sandbox.copy(PLAIN, "x.txt");
    let before = sandbox.bytes("x.txt");
    for more in [&["-o", "x.txt"][..], &["-o", "./x.txt"], &["-o", "y.txt", "--report", "x.txt"]] {
        let base = ["convert", "x.txt", "-t", "otpauth", "--force"];
        sandbox.run(&[&base[..], more].concat()).exits(9).explains();
        assert_eq!((sandbox.names(), sandbox.bytes("x.txt")), (vec!["x.txt".to_owned()], before.clone()));
    }
}

#[test]
fn a_report_does_not_replace_the_output() {
    let sandbox = Sandbox::new();
    let args = ["convert", &fixture(PLAIN), "-t", "otpauth", "-o", "x", "--report", "x", "--force"];
    sandbox.run(&args).exits(2).explains();
    assert!(sandbox.names().is_empty());
}

#[test]
fn standard_output_carries_the_result_and_standard_error_the_report() {
    let sandbox = Sandbox::new();
    let run = sandbox.run(&["convert", &fixture(PLAIN), "-t", "otpauth", "-o", "-"]).exits(0);
    assert_eq!(run.out.lines().count(), 12);
    assert!(run.out.lines().all(|line| line.starts_with("otpauth://")));
    assert!(
        run.err.starts_with("Read 12 accounts from 1 file\nWrote 12 accounts to standard output (otpauth)\n")
    );
    let run = sandbox.run(&["convert", &fixture(PLAIN), "-t", "otpferry", "-o", "-", "--json"]).exits(0);
    assert_eq!(run.json()["accounts"].as_array().unwrap().len(), 12);
    let report: Value = serde_json::from_str(&run.err).unwrap();
    assert_eq!(report["moved"], 12);
    sandbox.run(&["convert", &fixture(PLAIN), "-t", "otpauth,otpferry", "-o", "-"]).exits(2).explains();
    assert!(sandbox.names().is_empty());
}

#[test]
fn a_dry_run_reports_and_writes_nothing() {
    let sandbox = Sandbox::new();
    let all = "aegis,2fas,otpauth,google-migration,otpferry";
    for output in ["out/", "out"] {
        let run = sandbox.run(&["convert", &fixture(PLAIN), "-t", all, "-o", output, "--dry-run"]).exits(1);
        assert!(run.out.contains("Would write 12 accounts to out/aegis-export.json (aegis, encrypted)\n"));
        assert!(run.out.contains("Nothing was written\n") && !run.out.contains("\nWrote "), "{}", run.out);
    }
    let run = sandbox.run(&["convert", &fixture(PLAIN), "-t", "aegis", "--dry-run", "--json"]).exits(0);
    assert_adds_up(&run.json());
    assert!(sandbox.names().is_empty());
}

#[test]
fn strict_writes_nothing_when_anything_is_lost() {
    let sandbox = Sandbox::new();
    let args = ["convert", &fixture(PLAIN), "-o", "out", "--plain", "--strict", "--report", "r.json", "-t"];
    for target in ["2fas", "google-migration"] {
        let run = sandbox.run(&[&args[..], &[target, "--force"]].concat()).exits(1);
        assert!(run.out.contains("Nothing was written\n") && run.out.contains("--strict"), "{}", run.out);
        assert_eq!(sandbox.names(), ["r.json"]);
        let report = sandbox.json("r.json");
        assert_adds_up(&report);
        let not_moved = report["not_moved"].as_array().unwrap();
        assert_eq!(report["moved"], 0);
        assert!(not_moved.iter().any(|item| item["code"] == "strict"));
    }
    sandbox.run(&[&args[..], &["aegis", "--force"]].concat()).exits(0);
    assert_eq!(sandbox.names(), ["out", "r.json"]);
}

#[test]
fn the_report_has_the_promised_shape() {
    let sandbox = Sandbox::new();
    let input = fixture("microsoft/v26-all-kinds.sqlite");
    let args = ["convert", &input, "-t", "google-migration", "--report", "r.json", "--json"];
    let printed = sandbox.run(&args).exits(1).json();
    let report = sandbox.json("r.json");
    assert_eq!(printed, report);
    assert_adds_up(&report);
    let keys: Vec<&String> = report.as_object().unwrap().keys().collect();
    for key in [
        "read",
        "moved",
        "changed",
        "not_moved",
        "duplicates",
        "conflicts",
        "missing_parts",
        "warnings",
        "files",
        "verified",
    ] {
        assert!(keys.iter().any(|known| *known == key), "no {key}");
    }
    assert_eq!(
        report["files"],
        json!([{ "path": input, "format": "microsoft", "encrypted": false, "accounts": 9 }])
    );
    assert_eq!(report["verified"]["accounts"], 6);
    assert!(report["verified"]["times"].as_u64().unwrap() > 10);
    assert_eq!((&report["read"], &report["moved"]), (&json!(9), &json!(6)));
    let indices: Vec<_> = report["not_moved"].as_array().unwrap().iter().map(|item| &item["index"]).collect();
    assert_eq!(indices, [1, 4, 5]);
    let first = &report["not_moved"][0];
    assert_eq!(first["file"], *input);
    assert_eq!((&first["issuer"], &first["account"]), (&json!("Contoso"), &json!("maria@contoso.example")));
    assert_eq!(first["code"], "name-only");
    for list in ["changed", "not_moved", "duplicates", "conflicts", "warnings"] {
        for item in report[list].as_array().unwrap() {
            for key in ["file", "issuer", "account", "code", "message"] {
                assert!(item[key].is_string(), "{list} {key}: {item}");
            }
            let code = item["code"].as_str().unwrap();
            assert!(code.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{code}");
        }
    }
}

#[test]
fn quiet_and_verbose() {
    let sandbox = Sandbox::new();
    let run = sandbox.run(&["convert", &fixture(PLAIN), "-t", "otpauth", "-q"]).exits(0);
    assert_eq!((run.out.as_str(), run.err.as_str()), ("", ""));
    let run = sandbox.run(&["convert", &fixture(PLAIN), "-t", "2fas", "--plain", "-q"]).exits(1);
    assert!(run.out.contains("Not moved: 1\n"), "losses are told even so: {}", run.out);
    let run = sandbox.run(&["convert", &fixture(PLAIN), "-t", "aegis", "--plain", "-v"]).exits(0);
    assert!(
        run.out.contains("\nMoved: 12\n  Acme Bank (maria@example.org)\n  Nordwind (ole)\n"),
        "{}",
        run.out
    );
    sandbox.run(&["convert", &fixture(PLAIN), "-t", "otpauth", "-q", "-v"]).exits(2);
}

#[test]
fn only_and_exclude_choose_accounts() {
    let sandbox = Sandbox::new();
    let chosen = |patterns: &[&str]| -> Vec<String> {
        let args = ["convert", &fixture(PLAIN), "-t", "otpferry", "-o", "-"];
        let run = sandbox.run(&[&args[..], patterns].concat()).exits(0);
        let accounts = run.json()["accounts"].as_array().unwrap().clone();
        accounts
            .iter()
            .map(|one| format!("{}/{}", one["issuer"].as_str().unwrap(), one["account"].as_str().unwrap()))
            .collect()
    };
    assert_eq!(chosen(&["--only", "nordwind"]), ["Nordwind/ole"]);
    assert_eq!(chosen(&["--only", "maria@*"]), ["Acme Bank/maria@example.org", "Orchard/maria@example.org"]);
    assert_eq!(chosen(&["--only", "maria@*", "--exclude", "Orchard"]), ["Acme Bank/maria@example.org"]);
    assert_eq!(chosen(&["--only", "?uay", "--only", "lou*"]), ["Quay/paul", "Loud/caps"]);
    assert_eq!(
        chosen(&["--exclude", "*a*", "--exclude", "l*"]),
        ["Nordwind/ole", "/", "Übung/jörg", "日本/花子"]
    );
    let run = sandbox.run(&["convert", &fixture(PLAIN), "-t", "otpauth", "--only", "nobody"]).exits(1);
    assert!(run.out.contains("no account matches --only and --exclude"), "{}", run.out);
    sandbox.run(&["convert", &fixture(PLAIN), "-t", "otpauth", "--only", "["]).exits(2).explains();
    assert!(sandbox.names().is_empty());
}

#[test]
fn half_a_batch_is_not_written_without_partial() {
    let sandbox = Sandbox::new();
    let half = fixture("google-migration/batch-2-of-3.txt");
    let run = sandbox.run(&["convert", &half, "-t", "otpauth", "-o", "out/", "--report", "r.json"]).exits(11);
    assert!(run.out.contains("QR code 2 of 3 is missing\n") && run.out.contains("--partial"), "{}", run.out);
    assert_eq!(sandbox.names(), ["r.json"]);
    let report = sandbox.json("r.json");
    assert_adds_up(&report);
    assert_eq!(report["missing_parts"][0]["code"], "missing-part");
    assert_eq!(
        (&report["missing_parts"][0]["index"], &report["missing_parts"][0]["size"]),
        (&json!(1), &json!(3))
    );
    sandbox.run(&["convert", &half, "-t", "otpauth", "--partial"]).exits(1);
    assert_eq!(sandbox.bytes("otpauth.txt").iter().filter(|byte| **byte == b'\n').count(), 4);
}

#[test]
fn the_pictures_of_a_batch_are_put_in_order() {
    let sandbox = Sandbox::new();
    sandbox.copy("google-migration/batch-1-of-2.png", "z.png");
    sandbox.copy("google-migration/batch-2-of-2.png", "a.png");
    sandbox.run(&["convert", "a.png", "-t", "otpferry"]).exits(11);
    sandbox.run(&["convert", "a.png", "z.png", "-t", "otpferry"]).exits(0);
    let wanted = ["google-migration/batch-1-of-2.png", "google-migration/batch-2-of-2.png"];
    let names = |list: &Value| -> Vec<Value> {
        list["accounts"].as_array().unwrap().iter().map(|account| account["secret"].clone()).collect()
    };
    let wanted: Vec<Value> = wanted.iter().flat_map(|name| names(&expected(name))).collect();
    assert_eq!(names(&sandbox.json("otpferry.json")), wanted);
}

#[test]
fn merging_drops_only_what_is_the_same() {
    let sandbox = Sandbox::new();
    sandbox.put("a.txt", format!("{OLE}{MARIA}"));
    sandbox.put("b.txt", format!("{OTHER_MARIA}{OLE}"));
    let run = sandbox.run(&["convert", "a.txt", "b.txt", "-t", "otpferry", "--report", "r.json"]).exits(1);
    assert!(run.out.contains("Found more than once, kept once: 1\n"), "{}", run.out);
    assert!(run.out.contains("Please decide: 1\n"), "{}", run.out);
    let report = sandbox.json("r.json");
    assert_adds_up(&report);
    assert_eq!((&report["read"], &report["moved"]), (&json!(4), &json!(3)));
    let duplicate = &report["duplicates"][0];
    assert_eq!((&duplicate["file"], &duplicate["index"]), (&json!("b.txt"), &json!(1)));
    assert_eq!(report["conflicts"][0]["code"], "secret-differs");
    let file = sandbox.json("otpferry.json");
    let secrets: Vec<&str> = file["accounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["secret"].as_str().unwrap()[6..11])
        .collect();
    assert_eq!(secrets, ["DELTA", "ALPHA", "BRAVO"]);
}

/// A table as a server asks for it, and back.
#[test]
fn the_columns_of_a_delimited_file_are_said() {
    let sandbox = Sandbox::new();
    sandbox.put("links.txt", MARIA);
    let columns = "Login=label,Seed=secret:hex,Service=issuer,'a, b'";
    let layout = ["--columns", columns, "--delimiter", ";", "--line-ending", "crlf"];
    let run = |args: &[&str]| sandbox.run(&[args, layout.as_slice()].concat());
    run(&["convert", "links.txt", "-t", "delimited", "-o", "tokens.txt"]).exits(0);
    // The bytes of CANARYALPHA..., computed in Python.
    let wanted = "Login;Seed;Service;\r\nmaria@example.org;101a08e00b79c0203411c016f380406823802de7;Acme Bank;a, b\r\n";
    assert_eq!(String::from_utf8_lossy(&sandbox.bytes("tokens.txt")), wanted);
    run(&["convert", "tokens.txt", "-f", "delimited", "-t", "otpauth", "-o", "again.txt"]).exits(0);
    assert_eq!(codes(&sandbox, "again.txt"), codes(&sandbox, "links.txt"));
    let without = ["convert", "links.txt", "-t", "delimited", "-o", "no.txt", "--columns"];
    let wrong = |columns: &str| sandbox.run(&[without.as_slice(), &[columns]].concat()).exits(2).explains();
    wrong("label,seed").says(&["--columns makes no sense: the fields are user, upn, email", "secret:base32"]);
    wrong("label").says(&["no column has the secret"]);
    let elsewhere = ["convert", "links.txt", "-t", "aegis", "--plain", "-o", "no.txt", "--delimiter", ";"];
    sandbox.run(&elsewhere).exits(2).says(&["--delimiter is about delimited files"]).explains();
    assert!(!sandbox.path("no.txt").exists());
}

#[test]
fn what_no_column_says_has_to_be_usual() {
    let sandbox = Sandbox::new();
    sandbox.put("links.txt", format!("{MARIA}{}&digits=8\n", OLE.trim_end()));
    let args = [
        "convert",
        "links.txt",
        "-t",
        "delimited",
        "--columns",
        "label,secret:base32,issuer",
        "--report",
        "r.json",
    ];
    sandbox.run(&[args.as_slice(), &["-o", "six.txt"]].concat()).exits(1);
    assert_eq!(sandbox.json("r.json")["not_moved"][0]["code"], "no-column");
    let said = ["-o", "eight.txt", "--token-type", "totp-8", "--force"];
    sandbox.run(&[args.as_slice(), &said].concat()).exits(1);
    assert_eq!(
        String::from_utf8_lossy(&sandbox.bytes("eight.txt")).lines().nth(1).map(|line| line.contains("ole")),
        Some(true)
    );
}
