//! Sheets on paper: every code of the PDF as zxing-cpp and pypdfium2 see it, which share nothing with our scanner.
//!
//! What is missing on the machine is said and left out; with `OTPFERRY_BROWSER=1` it is a failure.

#![cfg(test)]
#![cfg(feature = "pdf")]

mod support;

use serde_json::{Value, json};
use support::{Sandbox, others};

/// Millimetres of a module that every phone can read.
const MODULE: f64 = 0.7;
/// Millimetres between two codes, so that a phone sees one at a time.
const APART: f64 = 20.0;

fn account(issuer: &str, name: &str) -> Value {
    json!({ "kind": "totp", "issuer": issuer, "account": name, "secret": "CANARYALPHACANARYALPHACANARYALPH",
        "algorithm": "SHA1", "digits": 6, "period": 30, "counter": null })
}

/// Pages as others see them; `None` where this machine lacks a font or Python.
fn pages(sandbox: &Sandbox, accounts: &[Value], args: &[&str]) -> Option<Vec<Value>> {
    sandbox.put("old.json", json!({ "format": "otpferry", "version": 1, "accounts": accounts }).to_string());
    let run = sandbox.run(&[&["sheet", "old.json", "-o", "sheet.pdf"], args].concat());
    if run.exit == Some(3) && run.err.contains("there is no font") {
        return left_out("fonts");
    }
    assert!(matches!(run.exit, Some(0 | 1)), "{}{}", run.out, run.err);
    let missing = match others::python(&["browser/paper.py"]).output() {
        Err(_) => "python3".to_owned(),
        Ok(output) => others::printed("browser/paper.py", output).trim().to_owned(),
    };
    if !missing.is_empty() {
        return left_out(&missing);
    }
    let run = others::python(&["browser/paper.py"]).arg(sandbox.path("sheet.pdf")).output().unwrap();
    Some(serde_json::from_str(&others::printed("browser/paper.py", run)).unwrap())
}

fn left_out(missing: &str) -> Option<Vec<Value>> {
    let line = others::left_out("printed sheets", missing);
    assert!(std::env::var_os("OTPFERRY_BROWSER").is_none_or(|value| value != "1"), "{line}");
    None
}

/// What the codes say, from the first page to the last.
fn payloads(pages: &[Value]) -> Vec<&str> {
    let codes = pages.iter().flat_map(|page| page["codes"].as_array().unwrap());
    codes.map(|code| code["payload"].as_str().unwrap()).collect()
}

/// Codes are large enough, apart from each other, and have room around them.
#[track_caller]
fn assert_can_be_scanned(pages: &[Value], size: [f64; 2]) {
    for page in pages {
        assert_eq!(page["size"], json!(size));
        let codes = page["codes"].as_array().unwrap();
        let of = |code: &Value, field: &str| code[field].as_f64().unwrap();
        for code in codes {
            assert!(of(code, "module") >= MODULE, "{code}");
            let quiet = 4.0 * of(code, "module");
            assert!(
                of(code, "left") >= 10.0 + quiet && of(code, "right") <= size[0] - 10.0 - quiet,
                "{code}"
            );
        }
        for pair in codes.windows(2) {
            assert!(of(&pair[1], "top") - of(&pair[0], "bottom") >= APART, "{pair:?}");
        }
    }
}

#[test]
fn every_code_of_a_sheet_can_be_scanned_and_typed() {
    let sandbox = Sandbox::new();
    let accounts: Vec<Value> =
        (1..=20).map(|at| account("Acme", &format!("user-{at}@example.org"))).collect();
    for (paper, size) in [("a4", [210.0, 297.0]), ("letter", [215.9, 279.4])] {
        let Some(pages) = pages(&sandbox, &accounts, &["--paper", paper, "--force"]) else { return };
        assert_can_be_scanned(&pages, size);
        let wanted: Vec<String> = (1..=20)
            .map(|at| {
                format!(
                    "otpauth://totp/Acme:user-{at}%40example.org?secret=CANARYALPHACANARYALPHACANARYALPH\
                     &issuer=Acme&algorithm=SHA1&digits=6&period=30"
                )
            })
            .collect();
        assert_eq!(payloads(&pages), wanted);
        let text: String = pages.iter().map(|page| page["text"].as_str().unwrap()).collect();
        for at in 1..=20 {
            assert!(
                text.contains(&format!("{at} of 20")) && text.contains(&format!("user-{at}@example.org"))
            );
        }
        assert_eq!(text.matches("CANA RYAL PHAC ANAR YALP HACA NARY ALPH").count(), 20);
        let last = pages.len();
        assert!(pages[last - 1]["text"].as_str().unwrap().contains(&format!("Page {last} of {last}")));
    }
}

#[test]
fn transfer_codes_hold_five_accounts_each_on_paper() {
    let sandbox = Sandbox::new();
    let accounts: Vec<Value> = (1..=12).map(|at| account(&format!("Service {at}"), "maria")).collect();
    let Some(pages) = pages(&sandbox, &accounts, &["--migration"]) else { return };
    assert_can_be_scanned(&pages, [210.0, 297.0]);
    let links = payloads(&pages);
    assert_eq!(links.len(), 3);
    sandbox.put("links.txt", links.join("\n"));
    sandbox.run(&["convert", "links.txt", "-t", "otpferry", "-o", "new.json", "-q"]).exits(0);
    let new = sandbox.json("new.json");
    let issuers: Vec<&str> = new["accounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|account| account["issuer"].as_str().unwrap())
        .collect();
    let wanted: Vec<String> = (1..=12).map(|at| format!("Service {at}")).collect();
    assert_eq!(issuers, wanted);
}

#[test]
fn names_in_other_letters_print_where_the_machine_has_them() {
    let sandbox = Sandbox::new();
    let names = ["\u{42f}\u{43d}\u{434}\u{435}\u{43a}\u{441}", "\u{5d1}\u{5e0}\u{5e7}", "\u{9280}\u{884c}"];
    let accounts: Vec<Value> = names.iter().map(|name| account(name, "maria")).collect();
    let Some(pages) = pages(&sandbox, &accounts, &[]) else { return };
    assert_eq!(payloads(&pages).len(), names.len());
    let text: String = pages.iter().map(|page| page["text"].as_str().unwrap()).collect();
    let run = sandbox.run(&["sheet", "old.json", "-o", "again.pdf", "--json"]);
    let told = run.out.matches("letters-not-printed").count();
    let printed = names.iter().filter(|name| text.contains(**name)).count();
    // Right-to-left names may come out of a PDF as they stand on the paper.
    let reversed: String = names[1].chars().rev().collect();
    let printed = printed + usize::from(!text.contains(names[1]) && text.contains(&reversed));
    assert_eq!(printed + told, names.len(), "{text}");
}
