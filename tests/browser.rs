//! Pages in a real browser: what they show, what can be done with them, and what comes out of a printer.
//! `browser/sheet.py` looks at the page of a sheet, with zxing-cpp as the phone; our own scanner reads the same
//! pictures here.
//!
//! What is missing on the machine is said and left out; with `OTPFERRY_BROWSER=1` it is a failure. Any Python 3.11
//! or newer with the packages of `browser/requirements.txt` will do; `OTPFERRY_PYTHON` names it, and
//! `OTPFERRY_CHROMIUM` the browser.

#![cfg(test)]

mod support;

use std::fs;

use serde_json::{Value, json};
use support::{Sandbox, fixture, others};

/// A moment at which the codes of all fixtures have some seconds left.
const AT: u64 = 1_800_000_012;

#[test]
fn a_sheet_of_all_kinds() {
    let file: Value = serde_json::from_slice(&fs::read(fixture("otpferry/all-kinds.json")).unwrap()).unwrap();
    let mut accounts = file["accounts"].as_array().unwrap().clone();
    let yandex = |pin: Value| {
        json!({ "kind": "yandex", "issuer": "Yandex", "account": "pin", "secret": "CANARYYANDEXONECANARYYANDE",
            "algorithm": "SHA256", "digits": 8, "period": 30, "counter": null, "pin": pin })
    };
    // SHA-256 over this PIN and this secret begins with a zero byte, which is no part of the key.
    accounts.extend([yandex(json!("1415")), yandex(Value::Null)]);
    // A key that is longer than a block of its hash, and the longest period that there is.
    let mut long = totp("Lumen", "long");
    long["secret"] = json!("CANARYECHO".repeat(12));
    long["digits"] = json!(7);
    long["period"] = json!(2_147_483_647);
    accounts.push(long);
    let pages = json!({ "a4": [5, 6], "letter": [5, 7] });
    look_at_sheet(&accounts, &[], &["Contoso (maria@contoso.example)"], pages);
}

/// Names that hold markup, turn the writing direction, are in other scripts, very long, or missing.
#[test]
fn a_sheet_of_odd_names() {
    let long = "Long ".repeat(30) + &"issuerwithoutanyspace".repeat(8);
    let names = [
        ("<script>alert(1)</script><img src=x onerror=alert(2)>", "\"><b onmouseover=alert(3)>&amp;'"),
        ("\u{202e}evil\u{202c} left", "\u{2067}abc\u{2069}\u{7}"),
        ("\u{1f510}\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}", "\u{1f1e9}\u{1f1ea} emoji@example.org"),
        (&long, &"n".repeat(300)),
        ("日本語の銀行サービス株式会社", "山田太郎@例え.jp"),
        ("בנק ישראל", "מרים@example.org"),
        ("", "only a name"),
        ("", ""),
    ];
    let accounts: Vec<Value> = names.iter().map(|(issuer, name)| totp(issuer, name)).collect();
    let pages = json!({ "a4": [4, 6], "letter": [4, 6] });
    look_at_sheet(&accounts, &["--paper", "letter"], &[], pages);
}

#[test]
fn a_sheet_of_transfer_codes() {
    let mut accounts: Vec<Value> =
        (1..=12).map(|number| totp(&format!("Service {number}"), "maria@example.org")).collect();
    accounts[3]["period"] = json!(60);
    let args = ["--migration", "--per-qr", "5"];
    look_at_sheet(
        &accounts,
        &args,
        &["Service 4 (maria@example.org)"],
        json!({ "a4": [5, 5], "letter": [5, 5] }),
    );
}

/// The plan needs no script: it is read, ticked and printed.
#[test]
fn a_plan() {
    if is_missing() {
        return;
    }
    let sandbox = Sandbox::new();
    let hostile = "<img src=x onerror=alert(1)>\u{202e}";
    let mut accounts = vec![totp("Acme", "maria@example.org"), totp(hostile, &"n".repeat(300))];
    accounts.push(json!({ "kind": "steam", "issuer": "Steam", "account": "gamer", "secret": "CANARYALPHACANARYALPHACANARYALPH",
        "algorithm": "SHA1", "digits": 5, "period": 30, "counter": null }));
    accounts.push(
        json!({ "kind": "name-only", "issuer": "Contoso", "account": "maria@contoso.example", "secret": null,
        "reason": "push only" }),
    );
    sandbox.put("old.json", json!({ "format": "otpferry", "version": 1, "accounts": accounts }).to_string());
    let args = ["plan", "old.json", "--target", "microsoft-authenticator@ios", "-o", "plan.html"];
    sandbox.run(&args).exits(1);
    let moved = ["Acme maria@example.org".to_owned(), format!("{hostile} {}", "n".repeat(300))];
    let others = ["Contoso maria@contoso.example".to_owned(), "Steam gamer".to_owned()];
    let on_the_page: Vec<&String> = moved.iter().chain(&others).collect();
    let steps = [
        "Before you start: make sure that you cannot be locked out",
        "Install Microsoft Authenticator on the new iPhone",
        "Scan 2 accounts with the new iPhone",
        "Sign in again",
        "Find a place for what Microsoft Authenticator (iPhone) cannot hold",
        "Check that the new phone shows the same codes",
        "Only now: give up the old phone",
        "Destroy what holds the keys",
    ];
    // Four of accounts, two of files, three to stop at.
    let expected = json!({ "steps": steps, "accounts": on_the_page, "ticks": 9 });
    sandbox.put("expected.json", expected.to_string());
    let run = others::python(&["browser/plan.py"])
        .args(["plan.html", "expected.json"].map(|name| sandbox.path(name)))
        .output();
    others::printed("browser/plan.py", run.unwrap());
}

fn totp(issuer: &str, name: &str) -> Value {
    json!({ "kind": "totp", "issuer": issuer, "account": name, "secret": "CANARYALPHACANARYALPHACANARYALPH",
        "algorithm": "SHA1", "digits": 6, "period": 30, "counter": null })
}

/// Makes the sheet, tells the browser what has to be on it, and reads its pictures with our own scanner.
fn look_at_sheet(accounts: &[Value], args: &[&str], left_out: &[&str], pages: Value) {
    if is_missing() {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.put("old.json", json!({ "format": "otpferry", "version": 1, "accounts": accounts }).to_string());
    let exit = i32::from(!left_out.is_empty());
    sandbox.run(&[&["sheet", "old.json", "-o", "sheet.html"], args].concat()).exits(exit);
    let cards = cards(&sandbox, accounts, left_out, args);
    let paper = args.windows(2).find(|pair| pair[0] == "--paper").map(|pair| pair[1]);
    let expected = json!({ "at": AT, "cards": cards, "left_out": left_out, "paper": paper, "pages": pages });
    sandbox.put("expected.json", expected.to_string());
    fs::create_dir(sandbox.path("pictures")).unwrap();
    let run = others::python(&["browser/sheet.py"])
        .args(["sheet.html", "expected.json", "pictures"].map(|name| sandbox.path(name)))
        .output();
    others::printed("browser/sheet.py", run.unwrap());
    assert_read_by_our_scanner(&sandbox);
    assert_the_accounts_are_on_it(&sandbox, &cards);
}

/// The pictures of the screen, which zxing-cpp has read.
#[track_caller]
fn assert_read_by_our_scanner(sandbox: &Sandbox) {
    let scan = sandbox.run(&["scan", "--jsonl", "pictures"]).exits(0);
    let lines = scan.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let read: Vec<Value> = lines.map(|line| line["payloads"].clone()).collect();
    let payloads = sandbox.json("payloads.json");
    let wanted: Vec<Value> = payloads.as_array().unwrap().iter().map(|payload| json!([payload])).collect();
    assert_eq!(read, wanted);
}

/// What the QR codes say, read as a file, is what was put in.
#[track_caller]
fn assert_the_accounts_are_on_it(sandbox: &Sandbox, cards: &[Value]) {
    let payloads: Vec<String> = serde_json::from_value(sandbox.json("payloads.json")).unwrap();
    sandbox.put("payloads.txt", payloads.join("\n"));
    sandbox.run(&["convert", "payloads.txt", "-t", "otpferry", "-o", "new.json", "-q"]).exits(0);
    let fields = ["kind", "issuer", "account", "secret", "algorithm", "digits", "period", "counter"];
    let of = |account: &Value| fields.map(|field| account[field].clone());
    let new = sandbox.json("new.json");
    let read: Vec<_> = new["accounts"].as_array().unwrap().iter().map(of).collect();
    let held = cards.iter().flat_map(|card| card["accounts"].as_array().unwrap());
    let wanted: Vec<_> = held.map(|on_card| of(&on_card["account"])).collect();
    assert_eq!(read, wanted);
}

/// What has to be on each card, in the order of the accounts.
fn cards(sandbox: &Sandbox, accounts: &[Value], left_out: &[&str], args: &[&str]) -> Vec<Value> {
    let run = sandbox.run(&["codes", "old.json", "--at", &AT.to_string(), "--count", "2", "--json"]);
    let report: Value = run.json();
    let codes = report["accounts"].as_array().unwrap();
    assert_eq!(codes.len(), accounts.len());
    let is_on_the_sheet = |account: &Value| {
        let name = format!("{} ({})", text(&account["issuer"]), text(&account["account"]));
        !left_out.contains(&name.as_str())
    };
    let shown = accounts.iter().zip(codes).filter(|(account, _)| is_on_the_sheet(account));
    let shown: Vec<Value> = shown.map(|(account, codes)| on_a_card(account, codes)).collect();
    if let [_, _, per_qr] = args {
        let several = |held: &[Value]| json!({ "payload": null, "several": true, "accounts": held });
        return shown.chunks(per_qr.parse().unwrap()).map(several).collect();
    }
    // What `convert` writes for single accounts, which is proved elsewhere.
    sandbox.run(&["convert", "old.json", "-t", "otpauth", "-q", "-o", "links.txt"]);
    let links = String::from_utf8(sandbox.bytes("links.txt")).unwrap();
    let single =
        |(link, on_card): (&str, Value)| json!({ "payload": link, "several": false, "accounts": [on_card] });
    links.lines().zip(shown).map(single).collect()
}

fn on_a_card(account: &Value, codes: &Value) -> Value {
    // The Web Cryptography API has neither MD5 nor SHA-224.
    let is_shown = !["MD5", "SHA224"].contains(&text(&account["algorithm"]));
    let code = |index: usize| is_shown.then(|| codes["codes"][index]["code"].clone());
    let key = match text(&account["kind"]) {
        // The canary in hexadecimal, as apps for it want it.
        "motp" => "101a08e18e9bdcd2".to_owned(),
        _ => text(&account["secret"]).to_owned(),
    };
    let groups: Vec<&str> = key.as_bytes().chunks(4).map(|group| str::from_utf8(group).unwrap()).collect();
    json!({
        "account": account,
        "names": [account["issuer"], account["account"]],
        "code": code(0),
        "next": code(1),
        "period": account["period"],
        "key": groups.join(" "),
    })
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Whether the browser or something for it is missing; says so.
fn is_missing() -> bool {
    let missing = match others::python(&["browser/checks.py"]).output() {
        Err(_) => "python3".to_owned(),
        Ok(output) => others::printed("browser/checks.py", output).trim().to_owned(),
    };
    if !missing.is_empty() {
        let line = others::left_out("pages in a browser", &missing);
        assert!(std::env::var_os("OTPFERRY_BROWSER").is_none_or(|value| value != "1"), "{line}");
    }
    !missing.is_empty()
}
