//! `verify --ask`: what is asked and said, with codes typed through a pipe.

#![cfg(test)]

mod support;

use serde_json::json;
use support::{Sandbox, fixture};

/// The key of RFC 4226, appendix D, and RFC 6238, appendix B, whose codes these tests type: at the counters 0
/// to 9, and so in the steps 0 to 9 of 30 seconds, 755224 287082 359152 969429 338314 254676 287922 162583
/// 399871 520489.
const KEY: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

fn accounts() -> String {
    [
        format!("otpauth://totp/Acme:one?secret={KEY}&issuer=Acme"),
        format!("otpauth://totp/Acme:two?secret={KEY}&issuer=Acme&algorithm=SHA256"),
        format!("otpauth://hotp/Quay:tap?secret={KEY}&issuer=Quay&counter=3"),
        format!("otpauth://totp/Microsoft:m?secret={KEY}&issuer=Microsoft&digits=8"),
        "motp://Club:pin?secret=101a08e18e9bdcd2".to_owned(),
        "otpauth://totp/Last:other?secret=CANARYALPHACANARYALPHACANARYALPH&issuer=Last".to_owned(),
    ]
    .join("\n")
}

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.put("old.txt", accounts());
    sandbox
}

fn ask(sandbox: &Sandbox, typed: &str, more: &[&str]) -> support::Run {
    let args = [&["verify", "--ask", "old.txt", "--at", "59"], more].concat();
    sandbox.run_with(&args, typed.as_bytes(), &[])
}

#[test]
fn a_whole_conversation() {
    let run = ask(&sandbox(), "287 082\n287082\n\nnope\n338314\n11223344\n287082\nq\n", &[]).exits(8);
    assert_eq!(run.out, include_str!("pairs/conversation.txt"));
}

#[test]
fn every_answer_as_json() {
    let sandbox = sandbox();
    let run =
        ask(&sandbox, "755224\n287082\n\n969429\n94287082\n", &["--json", "--exclude", "Last"]).exits(8);
    let line = |issuer: &str, account: &str, kind: &str, result: &str, message: &str| json!({ "issuer": issuer, "account": account, "kind": kind, "result": result, "message": message });
    let mut accounts = [
        line("Acme", "one", "totp", "right", "the clock of the new phone is about 30 seconds behind"),
        line(
            "Acme",
            "two",
            "totp",
            "wrong",
            "the new app does not heed this account's settings: it takes it for one with SHA1 in place of SHA256",
        ),
        line("Quay", "tap", "hotp", "right", "the code of counter 3, the next one"),
        line("Microsoft", "m", "totp", "right", ""),
        line(
            "Club",
            "pin",
            "motp",
            "not-asked",
            "its PIN is not in the file, so its codes cannot be computed here: compare one with the old phone",
        ),
    ];
    accounts[0]["clock"] = json!(-30);
    accounts[2]["counter"] = json!(3);
    let file = json!({ "path": "old.txt", "format": "otpauth", "encrypted": false, "accounts": 5 });
    let wanted = json!({
        "right": 3, "wrong": 1, "per_device": 0, "not_checked": 1, "accounts": accounts,
        "old": { "files": [file], "accounts": 5, "duplicates": 0, "not_read": [], "warnings": [], "missing_parts": [] },
    });
    assert_eq!(run.json(), wanted);
    assert!(
        run.err.contains("Yes, but the clock of the new phone is about 30 seconds behind."),
        "{}",
        run.err
    );
}

#[test]
fn exit_codes() {
    let sandbox = sandbox();
    let one = |typed: &str, exit| ask(&sandbox, typed, &["--only", "one"]).exits(exit);
    one("287082\n", 0);
    // A mistyped code that was typed again.
    one("111111\n287082\n", 0);
    one("359152\n", 0);
    one("111111\n\n", 8);
    one("111111\nq\n", 8);
    for typed in ["\n", "q\n", "", "287"] {
        one(typed, 1);
    }
    ask(&sandbox, "11223344\n", &["--only", "Microsoft"]).exits(0);
    let nothing = sandbox.run(&["verify", "--ask", &fixture("otpferry/no-accounts.json")]).exits(1);
    assert!(nothing.out.ends_with("0 accounts: there is nothing to check\n"), "{}", nothing.out);
}

#[test]
fn a_code_of_another_account_is_told() {
    let sandbox = Sandbox::new();
    let other = "otpauth://totp/Beacon:bo?secret=CANARYALPHACANARYALPHACANARYALPH&issuer=Beacon";
    sandbox.put("old.txt", format!("otpauth://totp/Acme:one?secret={KEY}&issuer=Acme\n{other}\n"));
    let run = ask(&sandbox, "287082\n287082\n\n", &[]).exits(8);
    assert!(run.out.contains("No: it is the code of Acme (one). The two may be mixed up.\n"), "{}", run.out);
}

#[test]
fn accounts_on_standard_input_need_a_terminal() {
    let run = sandbox().run_with(&["verify", "--ask", "-"], accounts().as_bytes(), &[]);
    // Where the tests run on a terminal, it is asked there.
    if run.exit == Some(2) {
        run.explains().says(&["standard input holds the accounts"]);
    }
}
