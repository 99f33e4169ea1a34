//! `sheet`: what is on it, what is left out and why, and where it goes. `browser.rs` looks at the page.

#![cfg(test)]

mod support;

use std::fs;

use serde_json::{Value, json};
use support::{Sandbox, fixture};

/// A phone with all that Microsoft Authenticator can hold.
const PHONE: &str = "microsoft/v26-all-kinds.sqlite";
const KEY: &str = "CANARYALPHACANARYALPHACANARYALPH";

fn totp(issuer: &str, name: &str) -> Value {
    json!({ "kind": "totp", "issuer": issuer, "account": name, "secret": KEY, "algorithm": "SHA1", "digits": 6,
        "period": 30, "counter": null })
}

fn vault(accounts: &[Value]) -> String {
    json!({ "format": "otpferry", "version": 1, "accounts": accounts }).to_string()
}

fn with(accounts: &[Value]) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.put("old.json", vault(accounts));
    sandbox
}

/// Issuer and account of all that can be read from there.
fn read(sandbox: &Sandbox, place: &str) -> Vec<(String, String)> {
    sandbox.run(&["convert", place, "-t", "otpferry", "-o", "read.json", "--force", "-q"]).exits(0);
    names(&sandbox.json("read.json")["accounts"])
}

fn names(accounts: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    accounts.as_array().unwrap().iter().map(|one| (text(&one["issuer"]), text(&one["account"]))).collect()
}

#[test]
fn the_report_as_json_says_what_is_on_the_sheet_and_what_is_not() {
    let sandbox = Sandbox::new();
    sandbox.put("old.json", vault(&[totp("Acme", "maria"), totp("", "ole")]));
    sandbox.put(
        "again.txt",
        format!("otpauth://totp/Acme:maria?secret={KEY}&issuer=Acme\nhttps://example.org/\n"),
    );
    let args = ["sheet", "old.json", "again.txt", "-o", "codes/", "--json"];
    let report = sandbox.run(&args).exits(1).json();
    let wanted = json!({
        "read": 4,
        "moved": 2,
        "changed": [],
        "not_moved": [{
            "file": "again.txt", "index": 1, "issuer": "", "account": "", "code": "not-an-account",
            "message": "this is a web address (example.org) (at line 2)", "next_step": "Nothing to do unless you expected an account here",
        }],
        "duplicates": [{
            "file": "again.txt", "index": 0, "issuer": "Acme", "account": "maria", "code": "duplicate",
            "message": "it is in an earlier input as well; kept once",
        }],
        "conflicts": [],
        "missing_parts": [],
        "warnings": [{
            "file": "codes/", "issuer": "", "account": "", "code": "plain-output",
            "message": "this output holds the secrets without protection",
            "next_step": "Delete it as soon as the accounts are on the new phone",
        }],
        "files": [
            { "path": "old.json", "format": "otpferry", "encrypted": false, "accounts": 2 },
            { "path": "again.txt", "format": "otpauth", "encrypted": false, "accounts": 1 },
        ],
        "outputs": [{ "path": "codes/", "format": "png", "encrypted": false, "accounts": 2 }],
        "verified": { "accounts": 2, "times": 24 },
        "qr_codes": [
            {
                "number": 1, "picture": "01-Acme-maria.png",
                "accounts": [{ "issuer": "Acme", "account": "maria", "kind": "totp", "file": "old.json", "index": 0 }],
            },
            {
                "number": 2, "picture": "02-ole.png",
                "accounts": [{ "issuer": "", "account": "ole", "kind": "totp", "file": "old.json", "index": 1 }],
            },
        ],
    });
    assert_eq!(report, wanted, "{report:#}");
}

/// What is said, word for word.
#[test]
fn the_report_says_what_to_do_next() {
    let sandbox = Sandbox::new();
    sandbox.copy(PHONE, "phone.sqlite");
    let run = sandbox.run(&["sheet", "phone.sqlite", "--target", "microsoft-authenticator@ios"]).exits(1);
    assert_eq!(run.out, include_str!("pairs/sheet.txt"));
    sandbox.put("old.json", vault(&[totp("Acme", "maria")]));
    let run = sandbox.run(&["sheet", "old.json", "-o", "quiet.html", "-q"]).exits(0);
    assert_eq!((run.out.as_str(), run.err.as_str()), ("", ""));
    let run = sandbox.run(&["sheet", "old.json", "-o", "all.html", "-v"]).exits(0);
    assert!(run.out.contains("To scan: 1\n  Acme (maria)\n"), "{}", run.out);
}

#[test]
fn pictures_hold_every_account_in_order() {
    let names: Vec<_> = (1..=11).map(|number| format!("Service {number}")).collect();
    let sandbox = with(&names.iter().map(|name| totp(name, "maria")).collect::<Vec<_>>());
    for kind in ["png", "svg"] {
        let run = sandbox.run(&["sheet", "old.json", "-o", kind, "--pictures", kind]).exits(0);
        assert!(run.out.contains(&format!("Wrote 11 accounts to {kind} ({kind})")), "{}", run.out);
        let files: Vec<String> =
            sandbox.names().into_iter().filter(|name| name.starts_with(&format!("{kind}/"))).collect();
        let mut wanted: Vec<String> = vec![format!("{kind}/")];
        wanted.extend((1..=11).map(|number| format!("{kind}/{number:02}-Service-{number}-maria.{kind}")));
        assert_eq!(files, wanted);
    }
    let wanted: Vec<_> = names.iter().map(|name| (name.clone(), "maria".to_owned())).collect();
    assert_eq!(read(&sandbox, "png"), wanted);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(sandbox.path("png/01-Service-1-maria.png")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn names_of_pictures_do_no_harm() {
    let hostile = [
        "../../up",
        "/etc/passwd",
        "C:\\x",
        "CON",
        "nul.",
        "a\u{202e}gnp.exe",
        "..",
        "\u{1f510}",
        "\n\t\u{7}",
    ];
    let mut accounts: Vec<Value> = hostile.iter().map(|name| totp(name, name)).collect();
    accounts.push(totp(&"Long ".repeat(60), &"n".repeat(300)));
    accounts.push(totp("acme", "x"));
    accounts.push(totp("ACME", "X"));
    let sandbox = with(&accounts);
    sandbox.run(&["sheet", "old.json", "-o", "new/", "--json"]);
    let mut files: Vec<_> =
        fs::read_dir(sandbox.path("new")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    files.sort();
    let files: Vec<&str> = files.iter().map(|name| name.to_str().unwrap()).collect();
    let long = format!("10-{}.png", ["Long"; 16].join("-"));
    let wanted = [
        "01-up-up.png",
        "02-etc-passwd-etc-passwd.png",
        "03-C-x-C-x.png",
        "04-CON-CON.png",
        "05-nul.nul.png",
        "06-a-gnp.exe-a-gnp.exe.png",
        "07-account.png",
        "08-account.png",
        "09-account.png",
        &long,
        "11-acme-x.png",
        "12-ACME-X.png",
    ];
    assert_eq!(files, wanted);
    assert_eq!(sandbox.names().iter().filter(|name| !name.starts_with("new/")).count(), 1);
}

#[test]
fn nothing_is_replaced_without_a_word() {
    let sandbox = with(&[totp("Acme", "maria")]);
    sandbox.put("sheet.html", "mine");
    let run = sandbox.run(&["sheet", "old.json"]).exits(9).explains();
    run.says(&["sheet.html: the output exists", "--force"]);
    assert_eq!(sandbox.bytes("sheet.html"), b"mine");
    sandbox.run(&["sheet", "old.json", "--force"]).exits(0);
    assert!(sandbox.bytes("sheet.html").starts_with(b"<!DOCTYPE html>"));

    sandbox.put("codes/01-Acme-maria.png", "mine");
    sandbox.put("codes/holiday.png", "mine");
    sandbox
        .run(&["sheet", "old.json", "-o", "codes/"])
        .exits(9)
        .says(&["01-Acme-maria.png: the output exists"]);
    sandbox.run(&["sheet", "old.json", "-o", "codes/", "--force"]).exits(0);
    assert_eq!(sandbox.bytes("codes/holiday.png"), b"mine");
    // A picture of another sheet would be scanned with the new ones.
    sandbox.put("codes/02-Quay-ole.png", "older");
    let run = sandbox.run(&["sheet", "old.json", "-o", "codes/", "--force"]).exits(9);
    run.says(&[
        "codes/: the folder holds a picture of another sheet: 02-Quay-ole.png",
        "Delete the older pictures",
    ]);
}

#[test]
fn an_input_is_never_replaced() {
    let sandbox = Sandbox::new();
    sandbox.put("old.html", format!("otpauth://totp/Acme:maria?secret={KEY}&issuer=Acme"));
    let before = sandbox.bytes("old.html");
    let run = sandbox.run(&["sheet", "old.html", "-f", "otpauth", "-o", "./old.html", "--force"]).exits(9);
    run.says(&["would replace a file that is read"]);
    assert_eq!(sandbox.bytes("old.html"), before);
}

#[test]
fn nothing_to_show_makes_no_sheet() {
    let sandbox = with(&[
        json!({ "kind": "name-only", "issuer": "Contoso", "account": "maria", "reason": "push only" }),
    ]);
    for output in ["sheet.html", "codes/"] {
        let run = sandbox.run(&["sheet", "old.json", "-o", output]).exits(1);
        assert!(run.out.contains("Nothing was written"), "{}", run.out);
        assert!(run.out.contains("Contoso (maria): push only"), "{}", run.out);
    }
    sandbox.put("empty.json", vault(&[]));
    let run = sandbox.run(&["sheet", "empty.json"]).exits(1);
    assert!(run.out.contains("there are no accounts in the input"), "{}", run.out);
    let run = sandbox.run(&["sheet", "old.json", "--only", "Acme"]).exits(1);
    assert!(run.out.contains("no account matches --only and --exclude"), "{}", run.out);
    assert_eq!(sandbox.names(), ["empty.json", "old.json"]);
}

#[test]
fn a_missing_part_of_a_batch_holds_everything_back() {
    let sandbox = Sandbox::new();
    let file = fixture("google-migration/batch-2-of-3.txt");
    let run = sandbox.run(&["sheet", &file]).exits(11);
    assert!(
        run.out.contains("QR code 2 of 3 is missing") && run.out.contains("Nothing was written"),
        "{}",
        run.out
    );
    assert!(sandbox.names().is_empty());
    let run = sandbox.run(&["sheet", &file, "--partial"]).exits(1);
    assert!(
        run.out.contains("QR code 2 of 3 is missing") && run.out.contains("Wrote 4 accounts"),
        "{}",
        run.out
    );
}

#[test]
fn transfer_codes_hold_as_many_as_they_should() {
    let mut accounts: Vec<Value> = (1..=12).map(|number| totp(&format!("S{number}"), "m")).collect();
    accounts[3]["period"] = json!(60);
    let sandbox = with(&accounts);
    let pictures = |place: &str, args: &[&str]| {
        let args = [&["sheet", "old.json", "--migration", "--json", "-o", place], args].concat();
        let report = sandbox.run(&args).exits(1).json();
        assert_eq!(report["not_moved"][0]["issuer"], "S4");
        let codes = report["qr_codes"].as_array().unwrap().clone();
        codes
            .iter()
            .map(|code| (code["picture"].clone(), code["accounts"].as_array().unwrap().len()))
            .collect::<Vec<_>>()
    };
    assert_eq!(pictures("ten/", &[]), [(json!("01-of-02.png"), 10), (json!("02-of-02.png"), 1)]);
    let five = [(json!("01-of-03.png"), 5), (json!("02-of-03.png"), 5), (json!("03-of-03.png"), 1)];
    assert_eq!(pictures("five/", &["--per-qr", "5"]), five);
    let wanted: Vec<_> =
        (1..=12).filter(|number| *number != 4).map(|number| (format!("S{number}"), "m".to_owned())).collect();
    assert_eq!(read(&sandbox, "five"), wanted);
}

#[test]
fn an_account_that_the_target_cannot_show_gets_no_code() {
    let sandbox = Sandbox::new();
    let target = ["--target", "microsoft-authenticator@ios", "--json"];
    let report =
        sandbox.run(&[&["sheet", &fixture(PHONE), "-o", "codes/"], &target[..]].concat()).exits(1).json();
    let left_out: Vec<(&str, &str)> = report["not_moved"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (item["account"].as_str().unwrap(), item["code"].as_str().unwrap()))
        .collect();
    let wanted = [
        ("maria@contoso.example", "name-only"),
        ("maria@outlook.example", "per-device"),
        ("paul", "name-only"),
        ("ole@outlook.example", "name-only"),
        ("ines@outlook.example", "per-device"),
    ];
    assert_eq!(left_out, wanted);
    let names: Vec<_> = read(&sandbox, "codes").into_iter().map(|(issuer, _)| issuer).collect();
    assert_eq!(names, ["Nordwind", "Fabrikam", "Lumen", "Acme"]);

    // What it would show wrong codes for.
    let mut sha256 = totp("Quay", "ole");
    sha256["algorithm"] = json!("SHA256");
    sandbox.put("old.json", vault(&[totp("Acme", "maria"), sha256]));
    let report = sandbox.run(&[&["sheet", "old.json", "-o", "new/"], &target[..]].concat()).exits(1).json();
    let item = &report["not_moved"][0];
    assert_eq!(item["code"], "target-cannot-hold");
    assert_eq!(
        item["message"],
        "Microsoft Authenticator makes SHA1 codes whatever the account says (as of 2024)"
    );
    assert!(item["next_step"].as_str().unwrap().starts_with("Keep the old phone for it"), "{item}");
    assert_eq!(read(&sandbox, "new"), [("Acme".to_owned(), "maria".to_owned())]);
}

#[test]
fn what_nobody_knows_of_a_target_is_said() {
    let mut slow = totp("Quay", "ole");
    slow["period"] = json!(60);
    let sandbox = with(&[totp("Acme", "maria"), slow]);
    let report =
        sandbox.run(&["sheet", "old.json", "--target", "apple-passwords@ios", "--json"]).exits(1).json();
    assert_eq!(report["moved"], 2);
    let remark = report["warnings"].as_array().unwrap().iter().find(|item| item["issuer"] == "Quay").unwrap();
    assert!(
        remark["message"].as_str().unwrap().starts_with("It is not known whether Apple Passwords"),
        "{remark}"
    );
}

/// What a target takes another way.
#[test]
fn a_target_that_scans_no_such_codes_says_where_to_look() {
    let sandbox = with(&[totp("Acme", "maria")]);
    let args = ["sheet", "old.json", "--migration", "--target", "microsoft-authenticator@ios", "--json"];
    let report = sandbox.run(&args).exits(1).json();
    let item = &report["not_moved"][0];
    assert_eq!(item["message"], "Microsoft Authenticator takes no such QR codes", "{item}");
    assert_eq!(
        item["next_step"],
        "There is another way in: `otpferry plan FILE --target microsoft-authenticator@ios` says which"
    );
    assert_eq!(sandbox.names(), ["old.json"]);
}

/// Without a terminal: all codes, no control sequence, and the report beside them.
#[test]
fn standard_output_gets_all_codes_as_text() {
    let sandbox = with(&[totp("Acme", "maria"), totp("Quay\u{1b}[2J\u{202e}", "ole")]);
    let run = sandbox.run(&["sheet", "old.json", "-o", "-"]).exits(0);
    assert!(!run.out.contains(['\u{1b}', '\u{202e}']), "{}", run.out);
    let titles: Vec<&str> = run.out.lines().filter(|line| line.contains(" of 2: ")).collect();
    assert_eq!(titles, ["1 of 2: Acme (maria)", "2 of 2: Quay\u{fffd}[2J\u{fffd} (ole)"]);
    let keys = run.out.lines().filter(|line| *line == "Key: CANA RYAL PHAC ANAR YALP HACA NARY ALPH");
    assert_eq!(keys.count(), 2);
    assert!(run.err.contains("Wrote 2 accounts to standard output (text)"), "{}", run.err);
    assert!(run.err.contains("Show the text in light letters on a dark ground"), "{}", run.err);
    assert_eq!(sandbox.names(), ["old.json"]);

    let run = sandbox.run(&["sheet", "old.json", "-o", "-", "--json"]).exits(0);
    let report: Value = serde_json::from_str(&run.err).unwrap();
    assert_eq!(
        report["outputs"],
        json!([{ "path": "-", "format": "text", "encrypted": false, "accounts": 2 }])
    );
    let run = sandbox.run(&["sheet", "old.json", "-o", "-", "--only", "nobody"]).exits(1);
    assert_eq!(run.out, "");
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let sandbox = with(&[totp("Acme", "maria")]);
    let refused = |args: &[&str], says: &str| {
        sandbox.run(&[&["sheet", "old.json"], args].concat()).exits(2).says(&[says]);
    };
    refused(&["-o", "sheet.txt"], "a sheet is a page (NAME.html), a document (NAME.pdf)");
    refused(&["-o", "sheet.png"], "a folder of pictures (NAME/)");
    refused(&["-o", "codes/", "--paper", "a4"], "--paper is for a page");
    refused(&["--pictures", "svg"], "--pictures is for a folder");
    refused(&["--per-qr", "5"], "--migration");
    refused(&["--migration", "--per-qr", "11"], "11");
    refused(&["--target", "aegsi"], "Did you mean aegis");
    assert_eq!(sandbox.names(), ["old.json"]);
}

#[test]
fn a_sheet_of_five_hundred_accounts() {
    let accounts: Vec<Value> =
        (1..=500).map(|at| totp(&format!("Service {at}"), "maria@example.org")).collect();
    let sandbox = with(&accounts);
    sandbox.run(&["sheet", "old.json"]).exits(0);
    let page = String::from_utf8(sandbox.bytes("sheet.html")).unwrap();
    assert_eq!(page.matches("<article ").count(), 500);
    for at in 1..=500 {
        assert!(page.contains(&format!("<h2><bdi>Service {at}</bdi></h2>")), "{at}");
    }
}
