//! Files that a run must not replace, whatever `--force` says.

#![cfg(test)]

mod support;

use support::{Sandbox, fixture};

#[test]
fn what_is_read_is_never_replaced() {
    let sandbox = Sandbox::new();
    sandbox.copy("otpauth/plain.txt", "in.txt");
    sandbox.copy("microsoft/wal-only/PhoneFactor", "PhoneFactor");
    sandbox.copy("microsoft/wal-only/PhoneFactor-wal", "PhoneFactor-wal");
    sandbox.put("password", "canary-of-the-outputs\n");
    let before = sandbox.names();
    for arguments in [
        &["in.txt", "-t", "otpferry", "-o", "in.txt"][..],
        &["in.txt", "-t", "otpferry", "-o", "./in.txt"],
        &["in.txt", "-t", "otpferry", "-o", "new.json", "--report", "in.txt"],
        &["PhoneFactor", "-t", "otpferry", "-o", "PhoneFactor-wal"],
        &["in.txt", "-t", "aegis", "-o", "password", "--new-password-file", "password"],
        &["in.txt", "-t", "otpferry", "-o", "password", "--password-file", "password"],
    ] {
        let run = sandbox.run(&[&["convert"], arguments, &["--force"]].concat());
        assert_eq!(run.exits(9).out, "", "{arguments:?}");
        assert_eq!(sandbox.names(), before, "{arguments:?}");
    }
    assert_eq!(sandbox.bytes("password"), b"canary-of-the-outputs\n");
}

#[test]
fn pictures_that_are_read_are_never_replaced() {
    let sandbox = Sandbox::new();
    let args = ["convert", &fixture("otpauth/plain.txt"), "-t", "otpauth", "-o", "q.png", "--only", "Acme*"];
    sandbox.run(&args);
    let before = sandbox.names();
    let inputs: Vec<&str> = before.iter().map(String::as_str).collect();
    assert!(!inputs.is_empty());
    let run =
        sandbox.run(&[&["convert"], &inputs[..], &["-t", "otpauth", "-o", "q.png", "--force"]].concat());
    run.exits(9);
    assert_eq!(sandbox.names(), before);
}

#[test]
fn outputs_do_not_replace_each_other() {
    let sandbox = Sandbox::new();
    let args = ["convert", &fixture("otpauth/plain.txt"), "-t", "otpferry", "-o", "out.json", "--force"];
    for report in ["out.json", "./out.json"] {
        sandbox.run(&[&args[..], &["--report", report]].concat()).exits(2);
        assert!(sandbox.names().is_empty());
    }
}

/// A file that took the place of `/dev/null` would be there for the whole system.
#[cfg(unix)]
#[test]
fn a_device_or_a_pipe_is_not_replaced() {
    let sandbox = Sandbox::new();
    let _socket = std::os::unix::net::UnixListener::bind(sandbox.path("socket")).unwrap();
    let input = fixture("otpauth/comments.txt");
    let run = sandbox.run(&["convert", &input, "-t", "aegis", "--plain", "-o", "socket", "--force"]).exits(9);
    run.says(&["a device or a pipe"]);
    sandbox
        .run(&["convert", &input, "-t", "aegis", "--plain", "-o", "a.json", "--report", "socket", "--force"])
        .exits(9);
    assert!(!std::fs::metadata(sandbox.path("socket")).unwrap().is_file());
}
