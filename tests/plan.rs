//! `plan`: what becomes of every account, and in which order things are done.

#![cfg(test)]

mod support;

use serde_json::{Value, json};
use support::{Sandbox, fixture};

/// A phone with all that Microsoft Authenticator can hold.
const PHONE: &str = "microsoft/v26-all-kinds.sqlite";

fn plan(sandbox: &Sandbox, file: &str, target: &str, exit: i32) -> Value {
    sandbox.run(&["plan", &fixture(file), "--target", target, "--json"]).exits(exit).json()
}

/// Number, issuer, account, class and way of every account.
fn classes(plan: &Value) -> Vec<(u64, String, String, String, Option<String>)> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let accounts = plan["accounts"].as_array().unwrap().iter();
    let line = |entry: &Value| {
        let field = |name: &str| text(&entry[name]).unwrap();
        (
            entry["number"].as_u64().unwrap(),
            field("issuer"),
            field("account"),
            field("class"),
            text(&entry["route"]),
        )
    };
    accounts.map(line).collect()
}

fn wanted(
    rows: &[(u64, &str, &str, &str, Option<&str>)],
) -> Vec<(u64, String, String, String, Option<String>)> {
    let own = |text: &str| text.to_owned();
    rows.iter()
        .map(|(n, issuer, name, class, way)| (*n, own(issuer), own(name), own(class), way.map(own)))
        .collect()
}

#[test]
fn every_account_has_its_class_in_the_order_of_the_old_phone() {
    let plan = plan(&Sandbox::new(), PHONE, "microsoft-authenticator@ios", 1);
    let rows = wanted(&[
        (1, "Nordwind", "ole", "scan", Some("qr")),
        (2, "Contoso", "maria@contoso.example", "admin-must-act", None),
        (3, "Fabrikam", "maria@fabrikam.example", "scan", Some("qr")),
        (4, "Microsoft", "maria@outlook.example", "per-device", None),
        (5, "Quay", "paul", "sign-in-again", None),
        (6, "Microsoft", "ole@outlook.example", "sign-in-again", None),
        (7, "Lumen", "Lumen", "scan", Some("qr")),
        (8, "Acme", "maria@example.org", "scan", Some("qr")),
        (9, "Microsoft", "ines@outlook.example", "per-device", None),
    ]);
    assert_eq!(classes(&plan), rows);
    assert_eq!(plan["title"], "Microsoft Authenticator (iPhone)");
    assert_eq!(plan["counts"], json!({"scan": 4, "per-device": 2, "sign-in-again": 2, "admin-must-act": 1}));
}

#[test]
fn in_another_app_a_personal_microsoft_account_is_one_like_any_other() {
    let plan = plan(&Sandbox::new(), PHONE, "aegis", 1);
    let of_microsoft: Vec<_> = classes(&plan).into_iter().filter(|row| row.1 == "Microsoft").collect();
    let rows = wanted(&[
        (4, "Microsoft", "maria@outlook.example", "file-import", Some("file")),
        (6, "Microsoft", "ole@outlook.example", "sign-in-again", None),
        (9, "Microsoft", "ines@outlook.example", "file-import", Some("file")),
    ]);
    assert_eq!(of_microsoft, rows);
}

#[test]
fn what_the_target_cannot_show_never_goes_there() {
    let plan = plan(&Sandbox::new(), "otpferry/all-kinds.json", "microsoft-authenticator@android", 1);
    let stuck = |name: &str| {
        let accounts = plan["accounts"].as_array().unwrap();
        let entry = accounts.iter().find(|entry| entry["account"] == name).unwrap();
        assert_eq!((&entry["class"], &entry["route"]), (&json!("cannot-move"), &Value::Null), "{name}");
        entry["reason"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        stuck("ole"),
        "Microsoft Authenticator makes SHA1 codes whatever the account says (as of 2024)"
    );
    for name in ["224", "384", "512", "md5", "zero", "max", "gamer", "mobile", "ines"] {
        assert!(stuck(name).ends_with("(as of 2024)"), "{name}: {}", stuck(name));
    }
}

#[test]
fn the_steps_are_in_order_and_say_where_to_stop() {
    let plan = plan(&Sandbox::new(), PHONE, "microsoft-authenticator@ios", 1);
    let steps = plan["steps"].as_array().unwrap();
    let order: Vec<(&str, bool, Value)> = steps
        .iter()
        .map(|step| (step["code"].as_str().unwrap(), step["stop"].is_string(), step["accounts"].clone()))
        .collect();
    let wanted = [
        ("prepare", true, Value::Null),
        ("install", true, Value::Null),
        ("scan", false, json!([1, 3, 7, 8])),
        ("admin", false, json!([2])),
        ("sign-in", false, json!([4, 5, 6, 9])),
        ("check", true, Value::Null),
        ("wipe", false, Value::Null),
        ("destroy", false, Value::Null),
    ];
    assert_eq!(order, wanted);
    let contoso = &plan["accounts"][1];
    assert_eq!(contoso["where"], "https://mysignins.microsoft.com/security-info");
    assert!(
        contoso["what_to_do"].as_str().unwrap().contains("Require re-register multifactor authentication")
    );
}

/// The command that a plan prints takes along the accounts of its step, and no other.
#[test]
fn commands_move_just_the_accounts_of_their_step() {
    let sandbox = Sandbox::new();
    sandbox.copy("otpferry/all-kinds.json", "old phone.json");
    let plan = sandbox.run(&["plan", "old phone.json", "--target", "aegis", "--json"]).exits(1).json();
    let steps = plan["steps"].as_array().unwrap();
    let import = steps.iter().find(|step| step["code"] == "import").unwrap();
    let command = import["commands"][0].as_str().unwrap();
    let words = split(command);
    assert_eq!(words[..5], ["otpferry", "convert", "old phone.json", "-t", "aegis"]);
    let mut args: Vec<&str> = words[1..].iter().map(String::as_str).collect();
    args.extend(["--plain", "-o", "new.json"]);
    sandbox.run(&args).exits(1);
    let written: Vec<(String, String)> = sandbox.json("new.json")["db"]["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            (entry["issuer"].as_str().unwrap().to_owned(), entry["name"].as_str().unwrap().to_owned())
        })
        .collect();
    let numbers = import["accounts"].as_array().unwrap();
    let planned: Vec<(String, String)> = classes(&plan)
        .into_iter()
        .filter(|row| numbers.contains(&json!(row.0)))
        .map(|row| (row.1, row.2))
        .collect();
    assert_eq!(written, planned);
    assert_eq!(planned.len(), 7);
}

/// The sheet for the target leaves out by itself what does not move there.
#[test]
fn sheets_name_the_target_and_take_along_just_their_accounts() {
    let sandbox = Sandbox::new();
    for (target, by, wanted) in [
        (
            "microsoft-authenticator@ios",
            "scan",
            &["ole", "maria@fabrikam.example", "Lumen", "maria@example.org"][..],
        ),
        (
            "google-authenticator@ios",
            "transfer",
            &[
                "ole",
                "maria@fabrikam.example",
                "maria@outlook.example",
                "Lumen",
                "maria@example.org",
                "ines@outlook.example",
            ],
        ),
    ] {
        let plan = plan(&sandbox, PHONE, target, 1);
        let steps = plan["steps"].as_array().unwrap();
        let step = steps.iter().find(|step| step["code"] == by).unwrap();
        let words = split(step["commands"][0].as_str().unwrap());
        assert_eq!(words[..2], ["otpferry", "sheet"]);
        assert_eq!(words[3..5], ["--target", target]);
        let args: Vec<&str> = words[1..].iter().map(String::as_str).chain(["--json"]).collect();
        let sheet = sandbox.run(&args).json();
        let codes = sheet["qr_codes"].as_array().unwrap().iter();
        let names: Vec<&str> = codes
            .flat_map(|code| code["accounts"].as_array().unwrap())
            .map(|account| account["account"].as_str().unwrap())
            .collect();
        assert_eq!(names, wanted, "{target}");
    }
}

/// Words of a command line as a POSIX shell splits them.
fn split(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    words
}

fn canonical(accounts: &[Value]) -> String {
    json!({"format": "otpferry", "version": 1, "accounts": accounts}).to_string()
}

fn totp(issuer: &str, name: &str, digits: u64) -> Value {
    json!({"kind": "totp", "issuer": issuer, "account": name, "secret": "CANARYALPHACANARYALPHACANARYALPH",
        "algorithm": "SHA1", "digits": digits, "period": 30, "counter": null})
}

/// Patterns know no capitals, and take a leading exclamation mark for a denial.
#[test]
fn printed_commands_tell_like_names_apart() {
    let sandbox = Sandbox::new();
    let hotp = json!({"kind": "hotp", "issuer": "github", "account": "bob", "secret": "CANARYBRAVOCANARYBRAVOCANARYBRAV",
        "algorithm": "SHA1", "digits": 6, "period": null, "counter": 0});
    sandbox.put("-old.json", canonical(&[totp("GitHub", "bob", 6), hotp, totp("!Bank", "x", 6)]));
    let args = ["plan", "--target", "proton", "--json", "--", "-old.json"];
    let plan = sandbox.run(&args).exits(1).json();
    let import = &plan["steps"].as_array().unwrap().iter().find(|step| step["code"] == "import").unwrap();
    assert_eq!(import["commands"], json!(["otpferry convert ./-old.json -t proton"]));
    assert_eq!(import["accounts"], json!([1, 3]));
    let says = import["says"].as_array().unwrap();
    assert!(
        says.iter().any(|line| line.as_str().unwrap().starts_with("Take only the accounts of this list"))
    );
}

/// Nothing is known about the app, and only plain TOTP is what every app shows.
#[test]
fn what_nobody_knows_is_not_taken_for_granted() {
    let sandbox = Sandbox::new();
    let steam = json!({"kind": "steam", "issuer": "Steam", "account": "gamer", "secret": "CANARYBRAVOCANARYBRAVOCANARYBRAV",
        "algorithm": "SHA1", "digits": 5, "period": 30, "counter": null});
    sandbox.put("old.json", canonical(&[totp("Acme", "maria", 6), steam]));
    let plan = sandbox.run(&["plan", "old.json", "--target", "tofu", "--json"]).exits(1).json();
    let classes: Vec<_> = classes(&plan).into_iter().map(|row| row.3).collect();
    assert_eq!(classes, ["scan", "cannot-move"]);
}

/// An account that does not get in is nothing that another could be merged with.
#[test]
fn only_what_gets_in_can_be_merged_with() {
    let sandbox = Sandbox::new();
    let motp = json!({"kind": "motp", "issuer": "Acme", "account": "token", "secret": "CANARYALPHACANARYALPHACANARYALPH",
        "algorithm": "MD5", "digits": 6, "period": 10, "counter": null, "pin": "1234"});
    sandbox.put("old.json", canonical(&[motp, totp("Acme", "maria", 6), totp("Acme", "ole", 6)]));
    let plan = sandbox.run(&["plan", "old.json", "--target", "2fas@android", "--json"]).exits(1).json();
    let classes: Vec<_> = classes(&plan).into_iter().map(|row| row.3).collect();
    assert_eq!(classes, ["cannot-move", "file-import", "cannot-move"]);
}

/// What reading says of accounts that were not chosen is none of the plan's business.
#[test]
fn only_chosen_accounts_are_spoken_of() {
    let sandbox = Sandbox::new();
    let args = ["plan", &fixture(PHONE), "--target", "aegis", "--only", "Nordwind", "--json"];
    let plan = sandbox.run(&args).exits(0).json();
    assert_eq!(classes(&plan), wanted(&[(1, "Nordwind", "ole", "file-import", Some("file"))]));
    assert_eq!(plan["warnings"], json!([]));
}

#[test]
fn targets_that_do_not_exist_are_answered_with_those_that_do() {
    let sandbox = Sandbox::new();
    let file = fixture(PHONE);
    let ask = |target: &str| sandbox.run(&["plan", &file, "--target", target]).exits(2).explains();
    ask("aegsi").says(&["--target aegsi", "Did you mean aegis"]);
    ask("google-authenticator").says(&["google-authenticator@android", "google-authenticator@ios"]);
}

#[test]
fn nothing_to_move_is_said_and_makes_no_page() {
    let sandbox = Sandbox::new();
    let file = fixture("microsoft/no-rows.sqlite");
    let run = sandbox.run(&["plan", &file, "--target", "aegis", "-o", "plan.html"]).exits(1);
    assert!(run.out.starts_with("There is nothing to move: the input holds no accounts.\n"), "{}", run.out);
    assert_eq!(sandbox.names(), Vec::<String>::new());
}

#[test]
fn old_and_blank_backups_are_named() {
    let sandbox = Sandbox::new();
    sandbox.copy("2fas/v4-android.2fas", "old.2fas");
    sandbox.copy("microsoft/no-rows.sqlite", "blank.sqlite");
    let args = ["plan", "old.2fas", "blank.sqlite", "--target", "aegis", "--max-age", "30d", "--json"];
    let plan = sandbox.run(&args).exits(1).json();
    let warnings = plan["warnings"].as_array().unwrap();
    let said: Vec<(&str, &str, &str)> = warnings
        .iter()
        .map(|item| {
            let text = |name: &str| item[name].as_str().unwrap();
            (text("file"), text("code"), text("message"))
        })
        .collect();
    assert_eq!(
        said,
        [
            ("blank.sqlite", "blank-backup", "it holds no accounts"),
            ("old.2fas", "stale-backup", "it was made at 2024-05-01T10:00:05Z, more than 30 days ago"),
            ("blank.sqlite", "unknown-age", "it does not say when it was made"),
        ]
    );
}

#[test]
fn other_things_in_the_files_are_not_forgotten() {
    let plan = plan(&Sandbox::new(), "bitwarden/individual.json", "aegis", 1);
    let wipe = plan["steps"].as_array().unwrap().iter().find(|step| step["code"] == "wipe").unwrap();
    let says = wipe["says"].as_array().unwrap();
    assert!(
        says.iter().any(|line| line.as_str().unwrap().contains("passwords, passkeys, notes")),
        "{says:?}"
    );
}

#[test]
fn a_missing_part_is_named_and_stops() {
    let file = "google-migration/batch-2-of-3.txt";
    let plan = plan(&Sandbox::new(), file, "aegis", 11);
    let missing = plan["missing_parts"].as_array().unwrap();
    assert_eq!(missing.iter().map(|part| &part["index"]).collect::<Vec<_>>(), [1]);
    let sandbox = Sandbox::new();
    sandbox.run(&["plan", &fixture(file), "--target", "aegis", "--partial"]).exits(1);
}

const HOSTILE: &str = "</title><script>alert(1)</script>\u{202e}\u{1b}[31m";

#[test]
fn a_page_is_private_stands_alone_and_takes_no_markup_from_names() {
    let sandbox = Sandbox::new();
    let account = json!({
        "kind": "totp", "issuer": HOSTILE, "account": "\u{5d0}\u{5d1}\u{5d2}".repeat(100), "secret": "OTPFERRYCANARYAAAAAAAAAAAAAAAAAA",
        "algorithm": "SHA1", "digits": 6, "period": 30, "counter": null, "pin": null, "groups": [], "note": "", "favorite": false,
    });
    let file =
        json!({"format": "otpferry", "version": 1, "created": "2026-01-01T00:00:00Z", "accounts": [account]});
    sandbox.put("in.json", file.to_string());
    sandbox.run(&["plan", "in.json", "--target", "aegis", "-o", "plan.html"]).exits(0);
    let page = String::from_utf8(sandbox.bytes("plan.html")).unwrap();
    assert!(page.contains("default-src 'none'; style-src 'sha256-"));
    assert!(page.contains("script-src 'none'") && !page.contains("<script"));
    assert!(page.contains("&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;\u{fffd}\u{fffd}[31m"));
    assert!(!page.contains("\u{202e}") && !page.contains("\u{1b}"));
    for address in ["http://", "src=", "@import", "url("] {
        assert!(!page.contains(address), "{address}");
    }
    support::assert_no_secret(&page, "the page of the plan");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(sandbox.path("plan.html")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let again = ["plan", "in.json", "--target", "aegis", "-o", "plan.html"];
    sandbox.run(&again).exits(9).explains();
    sandbox.run(&["plan", "in.json", "--target", "aegis", "-o", "in.json", "--force"]).exits(9).explains();
    assert_eq!(sandbox.json("in.json"), file);
}
