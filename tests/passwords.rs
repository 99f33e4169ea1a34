//! Encrypted inputs and outputs: encrypted is the default, and nothing is asked without a terminal.

#![cfg(test)]

mod support;

use support::{PASSWORD, SECOND_PASSWORD, Sandbox, WRONG_PASSWORD, expected, fixture, holds_a_secret};

const PLAIN: &str = "otpauth/plain.txt";
const ENCRYPTED: [&str; 2] = ["aegis/encrypted-v3.json", "2fas/encrypted-v4-android.2fas"];
const TARGETS: [(&str, &str); 2] = [("aegis", "aegis-export.json"), ("2fas", "2fas-backup.2fas")];

#[test]
fn encrypted_is_the_default_and_needs_a_password() {
    for (target, _) in TARGETS {
        let sandbox = Sandbox::new();
        for output in [&[][..], &["-o", "x"], &["-o", "new/"], &["-o", "-"], &["--report", "r.json"]] {
            let base = ["convert", &fixture(PLAIN), "-t", target];
            let args = [&base[..], output].concat();
            sandbox.run(&args).exits(6).explains().says(&["--new-password-file FILE", "--plain"]);
            assert!(sandbox.names().is_empty(), "{:?}", sandbox.names());
        }
    }
}

#[test]
fn a_new_password_encrypts_and_opens_again() {
    for (target, name) in TARGETS {
        let sandbox = Sandbox::new();
        sandbox.put("new", format!("{SECOND_PASSWORD}\nnot this one\n"));
        let args =
            ["convert", &fixture(PLAIN), "-t", target, "--new-password-file", "new", "--report", "r.json"];
        let run = sandbox.run(&args);
        assert!(run.out.contains(", encrypted)\n") && matches!(run.exit, Some(0 | 1)), "{}", run.out);
        assert_eq!(sandbox.json("r.json")["outputs"][0]["encrypted"], true);
        assert!(!holds_a_secret(&sandbox.bytes(name)));
        sandbox.run(&["inspect", name]).exits(6).explains().says(&[name, "--password-file FILE"]);
        let run = sandbox.run(&["inspect", name, "--password-file", "new", "--json"]).exits(0);
        assert_eq!(run.json()["files"][0]["encrypted"], true);
        assert_eq!(run.json()["files"][0]["format"], target);
    }
}

#[test]
fn several_encrypted_outputs_share_the_new_password() {
    let sandbox = Sandbox::new();
    sandbox.put("new", SECOND_PASSWORD);
    let args =
        ["convert", &fixture(PLAIN), "-t", "aegis,2fas,otpferry", "-o", "out/", "--new-password-file", "new"];
    sandbox.run(&args).exits(1);
    for (name, encrypted) in
        [("aegis-export.json", true), ("2fas-backup.2fas", true), ("otpferry.json", false)]
    {
        assert_eq!(!holds_a_secret(&sandbox.bytes(&format!("out/{name}"))), encrypted, "{name}");
    }
    sandbox.run(&["inspect", "out", "--password-file", "new"]).exits(0);
}

#[test]
fn passwords_for_reading_come_from_a_file_or_the_environment() {
    for input in ENCRYPTED {
        let sandbox = Sandbox::new();
        let path = fixture(input);
        let wanted = expected(input)["accounts"].as_array().unwrap().len();
        let inspect = ["inspect", &path, "--json"];
        sandbox.put("right", PASSWORD);
        sandbox.put("second", format!("\u{feff}{WRONG_PASSWORD}\r\n\r\n{PASSWORD}\r\n"));
        sandbox.put("wrong", format!("{WRONG_PASSWORD}\n"));
        sandbox.put("none", "\n\n");
        let with = |file: &str| sandbox.run(&[&inspect[..], &["--password-file", file]].concat());
        let variable = |value: &str| sandbox.run_with(&inspect, b"", &[("OTPFERRY_PASSWORD", value)]);
        for run in [with("right"), with("second"), variable(PASSWORD)] {
            let run = run.exits(0);
            assert_eq!(run.json()["files"][0]["accounts"].as_array().unwrap().len(), wanted);
        }
        for run in [with("wrong"), variable(WRONG_PASSWORD)] {
            run.exits(7).explains().says(&[&path, "the password does not open the file"]);
        }
        for run in [with("none"), variable(""), sandbox.run(&inspect)] {
            run.exits(6).explains().says(&[&path, "no password was given"]);
        }
        with("absent").exits(3).explains().says(&["absent: "]);
    }
}

#[test]
fn one_file_of_passwords_opens_several_inputs() {
    let sandbox = Sandbox::new();
    sandbox.put("passwords", format!("{SECOND_PASSWORD}\n{PASSWORD}\ncanary-Pässwörd-ключ-🔑-4\n"));
    let inputs =
        ["aegis/encrypted-v3.json", "2fas/encrypted-v4-ios.2fas", "aegis/encrypted-unicode-password.json"];
    let paths = inputs.map(fixture);
    let mut args = vec!["convert", "--password-file", "passwords", "-t", "otpferry"];
    args.extend(paths.iter().map(String::as_str));
    sandbox.run(&args);
    let wanted: usize = inputs.iter().map(|name| expected(name)["accounts"].as_array().unwrap().len()).sum();
    let run = sandbox.run(&[&args[..], &["--json", "--dry-run", "--force"]].concat());
    assert_eq!(run.json()["read"], wanted);
    assert!(run.json()["files"].as_array().unwrap().iter().all(|file| file["encrypted"] == true));
}

#[test]
fn a_failed_conversion_writes_nothing() {
    for input in ENCRYPTED {
        let sandbox = Sandbox::new();
        sandbox.put("wrong", WRONG_PASSWORD);
        let base = ["convert", &fixture(input), "-t", "otpauth", "-o", "out/", "--report", "r.json"];
        sandbox.run(&base).exits(6).explains();
        sandbox.run(&[&base[..], &["--password-file", "wrong"]].concat()).exits(7).explains();
        assert_eq!(sandbox.names(), ["wrong"]);
    }
}

#[test]
fn unusable_new_passwords_are_refused() {
    let sandbox = Sandbox::new();
    sandbox.put("empty", "");
    sandbox.put("latin1", b"p\xe4ss\n");
    let with =
        |file: &str| sandbox.run(&["convert", &fixture(PLAIN), "-t", "aegis", "--new-password-file", file]);
    with("empty").exits(6).explains().says(&["empty: "]);
    with("absent").exits(3).explains().says(&["absent: "]);
    with("latin1").exits(2).explains().says(&["latin1: ", "UTF-8"]);
    assert_eq!(sandbox.names(), ["empty", "latin1"]);
}

/// FreeOTP opens no plain file.
#[test]
fn a_target_without_a_plain_form_takes_a_password_always() {
    let sandbox = Sandbox::new();
    sandbox.put("new", SECOND_PASSWORD);
    let input = fixture(PLAIN);
    let base = ["convert", &input, "-t", "freeotp"];
    let run = sandbox.run(&base).exits(6).explains().says(&["--new-password-file FILE"]);
    assert!(!run.err.contains("--plain"), "{}", run.err);
    for more in [&[][..], &["--new-password-file", "new"], &["--dry-run"]] {
        for targets in ["freeotp", "aegis,freeotp"] {
            let args = [&["convert", &input, "-t", targets, "--plain"][..], more].concat();
            sandbox
                .run(&args)
                .exits(2)
                .explains()
                .says(&["FreeOTP opens only encrypted files", "without --plain"]);
        }
    }
    sandbox.run(&["convert", &input, "-t", "freeotp", "--age-passphrase-file", "new"]).exits(6).explains();
    let rehearsal = sandbox.run(&[&base[..], &["--dry-run", "--json"]].concat()).exits(0);
    assert_eq!(sandbox.names(), ["new"]);
    let with = [&base[..], &["--new-password-file", "new", "--json"]].concat();
    let real = sandbox.run(&with).exits(0);
    assert_eq!(sandbox.names(), ["externalBackup.xml", "new"]);
    for key in ["read", "moved", "changed", "not_moved", "verified"] {
        assert_eq!(rehearsal.json()[key], real.json()[key], "{key}");
    }
    assert_eq!(real.json()["outputs"][0]["encrypted"], true);
    assert!(!holds_a_secret(&sandbox.bytes("externalBackup.xml")));
    sandbox.run(&["inspect", "externalBackup.xml", "--password-file", "new"]).exits(0);
}

/// The zip that WinAuth opens is broken in minutes: nobody gets it unasked, and its password opens
/// nothing else.
#[test]
fn weak_encryption_is_only_for_who_asks_and_is_told_of() {
    let sandbox = Sandbox::new();
    sandbox.put("new", SECOND_PASSWORD);
    sandbox.put("one.txt", "otpauth://totp/Acme:maria?secret=CANARYALPHACANARYALPHACANARYALPH&issuer=Acme\n");
    let base = ["convert", "one.txt", "-t", "winauth"];
    sandbox.run(&base).exits(0);
    sandbox
        .run(&[&base[..], &["-o", "plain.txt", "--plain", "--new-password-file", "new"]].concat())
        .exits(0);
    for name in ["winauth.txt", "plain.txt"] {
        assert!(sandbox.bytes(name).starts_with(b"otpauth://"), "{name}");
    }
    let with = [&base[..], &["--new-password-file", "new", "--json"]].concat();
    let report = sandbox.run(&with).exits(1).json();
    assert_eq!(report["outputs"][0]["encrypted"], true);
    let codes: Vec<_> = report["warnings"].as_array().unwrap().iter().map(|item| &item["code"]).collect();
    assert_eq!(codes, ["weak-encryption"]);
    assert!(sandbox.bytes("winauth.zip").starts_with(b"PK\x03\x04"));
    sandbox.run(&["inspect", "winauth.zip", "--password-file", "new"]).exits(0);
    for targets in ["winauth,aegis", "freeotp,winauth"] {
        let args = ["convert", "one.txt", "-t", targets, "-o", "out/", "--new-password-file", "new"];
        sandbox.run(&args).exits(2).explains().says(&["WinAuth is weak", "in a run of its own"]);
    }
    assert_eq!(sandbox.names(), ["new", "one.txt", "plain.txt", "winauth.txt", "winauth.zip"]);
}

/// A database can need a key file beside the password, which no output may replace.
#[test]
fn key_files_open_databases_and_are_left_alone() {
    let sandbox = Sandbox::new();
    sandbox.copy("keepass/key-xml-2.kdbx", "my.kdbx");
    sandbox.copy("keepass/key-xml-2.kdbx.key", "my.keyx");
    sandbox.put("password", PASSWORD);
    let base = ["my.kdbx", "--password-file", "password"];
    let run = |command: &str, more: &[&str]| sandbox.run(&[&[command], &base[..], more].concat());
    run("inspect", &[]).exits(7).explains().says(&["--key-file"]);
    run("inspect", &["--key-file", "absent.keyx"]).exits(3).explains().says(&["absent.keyx"]);
    run("inspect", &["--key-file", "my.keyx"]).exits(0);
    run("codes", &["--key-file", "password", "--key-file", "my.keyx", "--at", "59"]).exits(0);
    let key = sandbox.bytes("my.keyx");
    let args = ["--key-file", "my.keyx", "-t", "otpauth", "-o", "my.keyx", "--force"];
    run("convert", &args).exits(9).explains().says(&["would replace a file that is read"]);
    assert_eq!(sandbox.bytes("my.keyx"), key);
    run("convert", &["--key-file", "my.keyx", "-t", "otpauth", "-o", "new.txt"]).exits(0);
}
