//! Files for servers are taken by programs that share nothing with otpferry: liboath, which pam_oath is made of, and the
//! library of ykman. What is missing on the machine is said and left out.

#![cfg(test)]

mod support;

#[path = "prestage/staff.rs"]
mod staff;

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use staff::Staff;
use support::others;

/// Whether Python gets through a line; otherwise says what is missing.
fn has(name: &str, line: &str) -> bool {
    let tried = others::python(&["-c", line]).output();
    let is_there = tried.is_ok_and(|tried| tried.status.success());
    if !is_there {
        others::left_out(name, line);
    }
    is_there
}

fn tokens(args: &[&str]) -> Value {
    let output = others::python(&["interop/tokens.py"]).args(args).output().unwrap();
    serde_json::from_str(&others::printed("tokens.py", output)).unwrap()
}

#[test]
fn liboath_lets_everybody_in_once() {
    if !has(
        "oath-usersfile",
        "import ctypes, ctypes.util; ctypes.CDLL(ctypes.util.find_library('oath') or 'none')",
    ) {
        return;
    }
    let staff = Staff::new();
    staff.sandbox.put("roster.csv", "login\nann\nbob\n");
    staff.stage("out", &["-t", "oath-usersfile", "--sheets", "none"], 0);
    let file = staff.sandbox.path("out/users.oath");
    for entry in staff.ledger() {
        let (user, secret) = (entry["account"].as_str().unwrap(), entry["secret"].as_str().unwrap());
        let code = with_oathtool(secret).unwrap_or_else(|| staff::totp(secret, now()));
        // A code is taken once; another one is not.
        let wrong = if code == "000000" { "000001" } else { "000000" };
        let answers = tokens(&["liboath", file.to_str().unwrap(), user, wrong, &code, &code]);
        assert_eq!(answers, json!([false, true, false]), "{user}");
    }
}

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

/// The code as oathtool has it, where that is installed.
fn with_oathtool(secret: &str) -> Option<String> {
    let mut command = Command::new("oathtool");
    command.args(["--totp", "--base32", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().ok()?;
    std::io::Write::write_all(&mut child.stdin.take()?, secret.as_bytes()).ok()?;
    let output = child.wait_with_output().ok()?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}

#[test]
fn ykman_reads_the_links() {
    if !has("yubikey", "import yubikit.oath") {
        return;
    }
    let staff = Staff::new();
    staff.sandbox.put("roster.csv", "login\nann@acme.example\nbob\n");
    for (folder, kind, algorithm, period) in [("one", "totp", "SHA1", 60), ("two", "hotp", "SHA256", 30)] {
        std::fs::remove_file(staff.sandbox.path("ledger.age")).unwrap_or_default();
        std::fs::remove_file(staff.sandbox.path("ledger.age.log.jsonl")).unwrap_or_default();
        std::fs::remove_file(staff.sandbox.path("ledger.age.previous")).unwrap_or_default();
        let options =
            ["-t", "yubikey", "--sheets", "none", "--kind", kind, "--algorithm", algorithm, "--digits", "8"];
        let period_option = ["--period".to_owned(), period.to_string()];
        let all: Vec<&str> = options.into_iter().chain(period_option.iter().map(String::as_str)).collect();
        let report = staff.stage(folder, &all, 1);
        let file = staff.sandbox.path(report["files"][0]["path"].as_str().unwrap());
        let wanted: Vec<Value> = staff
            .ledger()
            .iter()
            .map(|entry| {
                json!({ "issuer": "Acme", "account": entry["account"], "kind": kind, "secret": entry["secret"],
                    "algorithm": algorithm, "digits": 8, "period": if kind == "totp" { period } else { 30 } })
            })
            .collect();
        assert_eq!(tokens(&["yubikit", file.to_str().unwrap()]), json!(wanted));
    }
}
