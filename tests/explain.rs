//! `plan --explain-as`: what the importers of apps would make of the very files.

#![cfg(test)]

mod support;

use serde_json::{Value, json};
use support::{Sandbox, fixture};

const ALPHA: &str = "CANARYALPHACANARYALPHACANARYALPH";
const BRAVO: &str = "CANARYBRAVOCANARYBRAVOCANARYBRAV";

fn link(label: &str, secret: &str, more: &str) -> String {
    format!("otpauth://totp/{label}?secret={secret}{more}\n")
}

/// Path, app, fate of the file, and what becomes of each account.
fn explained(plan: &Value) -> Vec<(String, String, Vec<Value>)> {
    let one = |explained: &Value| {
        let accounts = explained["accounts"].as_array().unwrap().iter();
        let outcome = |fate: &Value| {
            let mut fate = fate.as_object().unwrap().clone();
            for name in ["index", "issuer", "account", "reasons"] {
                fate.remove(name).unwrap();
            }
            Value::Object(fate)
        };
        (
            explained["target"].as_str().unwrap().to_owned(),
            explained["file"]["fate"].as_str().unwrap().to_owned(),
            accounts.map(outcome).collect(),
        )
    };
    plan["explained"].as_array().unwrap().iter().map(one).collect()
}

fn plan(sandbox: &Sandbox, file: &str, apps: &str) -> Value {
    let args = ["plan", file, "--target", "aegis", "--explain-as", apps, "--json"];
    let run = sandbox.run(&args);
    assert!(matches!(run.exit, Some(0 | 1)), "{}", run.err);
    run.json()
}

#[test]
fn each_file_is_explained_as_each_app() {
    let sandbox = Sandbox::new();
    let file = fixture("2fas/v4-android.2fas");
    let plan = plan(&sandbox, &file, "proton,bitwarden-authenticator@android,stratum");
    let right = json!({"outcome": "right"});
    let left_out = json!({"outcome": "left-out"});
    let none = json!({"outcome": "file-not-read"});
    // Proton takes no HOTP and no SHA224 or SHA384.
    assert_eq!(
        explained(&plan),
        [
            (
                "proton".to_owned(),
                "opened".to_owned(),
                vec![
                    right.clone(),
                    right.clone(),
                    right.clone(),
                    left_out.clone(),
                    left_out.clone(),
                    left_out.clone(),
                    right.clone()
                ]
            ),
            ("bitwarden-authenticator@android".to_owned(), "refused".to_owned(), vec![none; 7]),
            (
                "stratum".to_owned(),
                "opened".to_owned(),
                vec![
                    right.clone(),
                    right.clone(),
                    right.clone(),
                    left_out.clone(),
                    left_out,
                    right.clone(),
                    right
                ]
            ),
        ]
    );
    let reason = &plan["explained"][0]["accounts"][5]["reasons"][0];
    assert_eq!(reason["code"], "hotp-left-out");
    assert_eq!(reason["message"], "Proton Authenticator takes no HOTP account (as of 2026)");
    assert_eq!(reason["checked"], "2026");
    assert!(reason["source"][0].as_str().unwrap().starts_with("https://github.com/protonpass/"));
}

#[test]
fn equal_secrets_become_one_in_2fas() {
    let sandbox = Sandbox::new();
    let links = [link("Acme:bob", ALPHA, ""), link("Quay:eve", ALPHA, ""), link("Lumen:ole", BRAVO, "")];
    sandbox.put("links.txt", links.concat());
    let plan = plan(&sandbox, "links.txt", "2fas@android");
    let outcomes = &explained(&plan)[0].2;
    let merged = json!({"outcome": "merged", "into": 0});
    assert_eq!(*outcomes, [json!({"outcome": "right"}), merged, json!({"outcome": "right"})]);
    let run =
        sandbox.run(&["plan", "links.txt", "--target", "aegis", "--explain-as", "2fas@android"]).exits(0);
    let wanted = "\
What 2FAS (Android) itself would make of links.txt:
  2 of 3 accounts come in and show right codes
  Quay (eve): merged into Acme (bob). 2FAS knows an account by its secret alone: of two with the same secret it \
keeps one (as of 2026)
";
    assert!(run.out.contains(wanted), "{}", run.out);
}

#[test]
fn links_are_scanned_where_no_list_of_them_is_opened() {
    let sandbox = Sandbox::new();
    sandbox.put("links.txt", link("Acme:bob", ALPHA, "&algorithm=sha256&digits=8&period=60"));
    let plan = plan(&sandbox, "links.txt", "microsoft-authenticator@ios");
    let wrong =
        json!({"outcome": "wrong-codes", "instead": {"algorithm": "SHA1", "digits": 6, "period": 30}});
    assert_eq!(explained(&plan)[0].1, "opened");
    assert_eq!(explained(&plan)[0].2, [wrong]);
    let run = sandbox.run(&[
        "plan",
        "links.txt",
        "--target",
        "aegis",
        "--explain-as",
        "microsoft-authenticator@ios",
    ]);
    assert!(run.out.contains("Acme (bob): wrong codes (SHA1, 6 digits, every 30 seconds). "), "{}", run.out);
}

#[test]
fn a_file_that_is_not_opened_says_which_are() {
    let sandbox = Sandbox::new();
    let file = fixture("proton/plain.json");
    let run =
        sandbox.run(&["plan", &file, "--target", "aegis", "--explain-as", "2fauth,microsoft-authenticator"]);
    assert!(
        run.out.contains(
            "2FAuth does not read a file of the format Proton Authenticator (as of 2026). It reads: "
        )
    );
    assert!(run.out.contains("(as of 2024). It reads no files at all"), "{}", run.out);
}

#[test]
fn many_accounts_with_one_trouble_are_one_line_and_names_do_no_harm() {
    let sandbox = Sandbox::new();
    let hostile = "%3Cscript%3E%E2%80%AEevil%1B%5B31m";
    let links: String =
        (0..500).map(|n| link(&format!("{hostile}:{n}"), ALPHA, &format!("&period={}", 31 + n))).collect();
    sandbox.put("links.txt", links);
    let args = ["plan", "links.txt", "--target", "aegis", "--explain-as", "google-authenticator@android"];
    let run = sandbox.run(&args);
    let lines: Vec<&str> = run.out.lines().filter(|line| line.contains("wrong codes")).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains(" and 495 more: wrong codes (every 30 seconds). "), "{}", lines[0]);
    assert!(!run.out.contains(['\u{1b}', '\u{202e}']));

    sandbox.run(&[&args[..], &["-o", "plan.html"]].concat());
    let page = String::from_utf8(sandbox.bytes("plan.html")).unwrap();
    assert!(page.contains("What Google Authenticator (Android) itself would make of links.txt"));
    assert!(!page.contains("<script>") && !page.contains('\u{202e}'));
}

#[test]
fn an_app_that_does_not_exist_stops_before_anything_is_read() {
    let run =
        Sandbox::new().run(&["plan", "nothing", "--target", "aegis", "--explain-as", "stratm"]).exits(2);
    assert!(run.err.contains("--explain-as stratm: no target has that name"), "{}", run.err);
    assert!(run.err.contains("Did you mean stratum?"), "{}", run.err);
}
