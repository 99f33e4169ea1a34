//! Encrypted files that otpferry writes are opened by programs that share nothing with it:
//! `interop/open.py`, and for FreeOTP Java's own reader of serialised objects. And phones' backups that nobody has read
//! before are made by Python.
//!
//! What is missing on the machine is said and left out; with `OTPFERRY_INTEROP=1` it is a failure,
//! but for Java, which only sees a second time what Python sees.
//! Any Python 3.11 or newer with the packages of `interop/requirements.txt` will do;
//! `OTPFERRY_PYTHON` names it.

#![cfg(test)]

mod support;

use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use otpferry_formats::registry;
use serde_json::{Value, json};
use support::{PASSWORD, Sandbox, others};

/// Accounts of the canaries ALPHA, DELTA and PAPA.
const LINKS: &str = "\
    otpauth://totp/Acme:maria?secret=CANARYALPHACANARYALPHACANARYALPH&issuer=Acme\n\
    otpauth://totp/Nordwind:ole?secret=CANARYDELTACANARYDELTACANARYDELTACANARYDELTACANARYDA&issuer=Nordwind&algorithm=SHA256&digits=8&period=60\n";
const COUNTER: &str =
    "otpauth://hotp/Quay:paul?secret=CANARYPAPACANARYPAPACANARYPAPACA&issuer=Quay&counter=42\n";
/// Targets that hold no counter-based account.
const WITHOUT_HOTP: [&str; 3] = ["bitwarden", "proton", "winauth"];

#[test]
fn others_open_what_is_written_encrypted() {
    let mut opened = 0;
    for form in registry::forms().filter(|form| form.writing.encryption.is_possible()) {
        let (id, name) = (form.format.info().id, form.name());
        if let Some(missing) = missing_for_python(id) {
            let line = others::left_out(&name, &missing);
            assert!(std::env::var_os("OTPFERRY_INTEROP").is_none_or(|value| value != "1"), "{line}");
            continue;
        }
        let (sandbox, file) = written(&name);
        let output = others::python(&["interop/open.py"])
            .args([id, file.to_str().unwrap()])
            .arg(sandbox.path("password"))
            .output()
            .unwrap();
        let mut accounts: Vec<Value> = serde_json::from_str(&others::printed(&name, output)).unwrap();
        accounts.sort_by_key(|account| account["issuer"].to_string());
        assert_eq!(accounts, expected(id), "{name}");
        opened += 1;
    }
    let _ = writeln!(std::io::stderr(), "interop: {opened} forms were opened by other programs");
}

#[test]
fn python_pskc_reads_the_plain_form() {
    if let Some(missing) = missing_for_python("pskc") {
        others::left_out("pskc, plain", &missing);
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.put("links.txt", format!("{LINKS}{COUNTER}"));
    sandbox.put("no-password", "");
    sandbox.run(&["convert", "links.txt", "-t", "pskc", "-o", "new.xml", "--plain", "--quiet"]).exits(1);
    let output = others::python(&["interop/open.py", "pskc"])
        .args([sandbox.path("new.xml"), sandbox.path("no-password")])
        .output()
        .unwrap();
    let accounts: Vec<Value> = serde_json::from_str(&others::printed("pskc, plain", output)).unwrap();
    assert_eq!(accounts, expected("pskc"));
}

#[test]
fn java_reads_the_map_of_freeotp() {
    let version = Command::new("javac").arg("-version").output();
    if !version.is_ok_and(|version| version.status.success()) {
        others::left_out("freeotp in Java", "javac");
        return;
    }
    let (sandbox, file) = written("freeotp");
    let source = others::tests().join("interop/FreeOtp.java");
    let compiled = Command::new("javac").arg("-d").arg(sandbox.path("classes")).arg(source).output();
    others::printed("javac", compiled.unwrap());
    let run = Command::new("java")
        .arg("-cp")
        .arg(sandbox.path("classes"))
        .args(["FreeOtp", PASSWORD])
        .arg(file)
        .output();
    let mut lines: Vec<String> = others::printed("java", run.unwrap()).lines().map(str::to_owned).collect();
    lines.sort();
    // The canaries in hexadecimal.
    assert_eq!(
        lines,
        [
            "Acme|maria|HmacSHA1|101a08e00b79c0203411c016f380406823802de7",
            "Nordwind|ole|HmacSHA256|101a08e0645cc0203411c0c8b9804068238191730080d0470322e60101a08e06",
            "Quay|paul|HmacSHA1|101a08e1e07804068238781e0101a08e1e078040",
        ]
    );
}

/// The accounts as they must come out, by issuer.
/// With other keys on every run, and derivations as long as real ones.
#[test]
fn a_phone_that_was_made_just_now_is_read() {
    let packages = others::python(&["-c", "import cryptography, segno"]).output();
    if !packages.is_ok_and(|output| output.status.success()) {
        let line = others::left_out("ios-backup, made afresh", "the Python packages cryptography and segno");
        assert!(std::env::var_os("OTPFERRY_INTEROP").is_none_or(|value| value != "1"), "{line}");
        return;
    }
    let seed = format!("{:?}", std::time::SystemTime::now());
    for more in [&[][..], &["--not-encrypted"]] {
        let sandbox = Sandbox::new();
        let folder = sandbox.path("phone");
        let made = others::python(&["../fixtures/make_phone.py", "--seed", &seed])
            .args(more)
            .arg(&folder)
            .output()
            .unwrap();
        let wanted: Value = serde_json::from_str(&others::printed("make_phone.py", made)).unwrap();
        let args = ["convert", "phone", "-t", "otpferry", "-o", "o.json"];
        sandbox.run_with(&args, b"", &[("OTPFERRY_PASSWORD", PASSWORD)]).exits(1);
        let fields = ["kind", "issuer", "account", "secret", "algorithm", "digits", "period", "counter"];
        let all = |list: &Value| -> Vec<Vec<Value>> {
            let accounts = list["accounts"].as_array().unwrap().iter();
            accounts.map(|account| fields.map(|field| account[field].clone()).to_vec()).collect()
        };
        assert_eq!(all(&sandbox.json("o.json")), all(&wanted), "seed {seed}, {more:?}");
    }
}

fn expected(id: &str) -> Vec<Value> {
    let mut accounts = vec![
        json!({ "kind": "totp", "issuer": "Acme", "account": "maria", "secret": "CANARYALPHACANARYALPHACANARYALPH",
            "algorithm": "SHA1", "digits": 6, "period": 30, "counter": null }),
        json!({ "kind": "totp", "issuer": "Nordwind", "account": "ole",
            "secret": "CANARYDELTACANARYDELTACANARYDELTACANARYDELTACANARYDA",
            "algorithm": "SHA256", "digits": 8, "period": 60, "counter": null }),
        json!({ "kind": "hotp", "issuer": "Quay", "account": "paul", "secret": "CANARYPAPACANARYPAPACANARYPAPACA",
            "algorithm": "SHA1", "digits": 6, "period": null, "counter": 42 }),
    ];
    if WITHOUT_HOTP.contains(&id) {
        accounts.pop();
    }
    accounts
}

/// A folder with the links written for this target, its file in it, and `password`.
fn written(name: &str) -> (Sandbox, PathBuf) {
    let sandbox = Sandbox::new();
    let counter = if WITHOUT_HOTP.contains(&name.split(':').next().unwrap()) { "" } else { COUNTER };
    sandbox.put("links.txt", format!("{LINKS}{counter}"));
    sandbox.put("password", format!("{PASSWORD}\n"));
    // That of WinAuth is weak, versions of the browser extension import some accounts wrongly, and KeePassXC
    // shows no counter-based codes, and an account gets a serial number: the report says so.
    sandbox
        .run(&[
            "convert",
            "links.txt",
            "-t",
            name,
            "-o",
            "new/",
            "--new-password-file",
            "password",
            "--quiet",
        ])
        .exits(i32::from(
            ["authenticator-ext:json", "keepass:kdbx", "pskc:common", "pskc:strong", "winauth"]
                .contains(&name),
        ));
    let names = sandbox.names();
    let file = names.iter().find(|name| name.starts_with("new/") && !name.ends_with('/')).unwrap();
    let path = sandbox.path(file);
    (sandbox, path)
}

/// What Python needs for this format and has not.
fn missing_for_python(id: &str) -> Option<String> {
    match others::python(&["interop/open.py", "--missing", id]).output() {
        Err(_) => Some("python3".to_owned()),
        Ok(output) => {
            let missing = others::printed(id, output).trim().to_owned();
            (!missing.is_empty()).then(|| format!("the Python packages {missing}"))
        }
    }
}
