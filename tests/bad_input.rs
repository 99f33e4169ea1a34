//! What cannot be read or written: the exit code, what and where, what to do, and nothing left behind.

#![cfg(test)]

mod support;

use std::fs::{self, File};
use std::time::{Duration, Instant};

use support::{PASSWORD, Sandbox, WRONG_PASSWORD, cases, expected, fixture, formats, reading_options};

/// Runs `convert` on a copy of a fixture, with outputs asked for in every way; it has to fail and
/// leave the folder as it was.
#[track_caller]
fn fails(name: &str, more: &[&str], exit: i32, says: &[&str]) {
    let sandbox = Sandbox::new();
    let copy = name.rsplit('/').next().unwrap();
    sandbox.copy(name, copy);
    sandbox.put("right", PASSWORD);
    sandbox.put("wrong", WRONG_PASSWORD);
    let before = sandbox.names();
    for output in [&[][..], &["-o", "x"], &["-o", "x/"], &["-o", "x", "--force", "--report", "r.json"]] {
        let base = ["convert", copy, "-t", "otpferry"];
        let run = sandbox.run(&[&base[..], more, output].concat()).exits(exit).explains();
        run.says(&[&format!("otpferry: {copy}: ")]).says(says);
        assert_eq!(sandbox.names(), before);
    }
    sandbox.run(&[&["inspect", copy][..], more].concat()).exits(exit).explains().says(says);
    sandbox.run(&[&["codes", copy][..], more].concat()).exits(exit).explains().says(says);
}

#[test]
fn a_wrong_password() {
    for name in ["aegis/encrypted-v3.json", "2fas/encrypted-v4-android.2fas"] {
        fails(
            name,
            &["--password-file", "wrong"],
            7,
            &["the password does not open the file", "may differ from"],
        );
    }
}

#[test]
fn a_missing_password() {
    for name in ["aegis/encrypted-v3.json", "2fas/encrypted-v4-android.2fas"] {
        fails(name, &[], 6, &["the file is encrypted and no password was given", "--password-file FILE"]);
    }
}

#[test]
fn an_encrypted_file_that_no_password_opens() {
    fails("aegis/encrypted-only-biometric.json", &[], 4, &["(at /header/slots)", "set a password"]);
}

#[test]
fn a_truncated_file() {
    fails("aegis/truncated.json", &[], 5, &["ends too early (at line 79)", "export or copy it again"]);
    fails("otpferry/truncated.json", &[], 5, &["ends too early (at line ", "export or copy it again"]);
    fails("2fas/truncated.2fas", &[], 5, &["ends too early (at line ", "export or copy it again"]);
    fails("google-migration/truncated.txt", &[], 5, &["damaged or cut off (at line 1)", "new picture"]);
    fails("microsoft/truncated.sqlite", &[], 5, &["ends before page 4", "Copy the database again"]);
}

#[test]
fn an_unknown_version() {
    for (name, place) in [
        ("aegis/newer-version.json", "(at /version)"),
        ("aegis/newer-db-version.json", "(at /db/version)"),
        ("2fas/newer-version.2fas", "(at /schemaVersion)"),
        ("otpferry/newer-version.json", "(at /version)"),
        ("google-migration/newer-version.txt", "(at line 1)"),
    ] {
        fails(name, &[], 5, &[place, "Look for a newer otpferry"]);
    }
}

#[test]
fn a_picture_without_a_code() {
    fails("pictures/no-code.png", &[], 4, &["no QR code was found in the picture", "--effort max"]);
    fails("pictures/unreadable.png", &[], 4, &["cannot be read", "Take the picture again"]);
}

#[test]
fn a_code_that_is_no_account_is_named() {
    fails(
        "pictures/phonefactor.png",
        &[],
        4,
        &[
            "this is no account but a Microsoft pairing code for push sign-in",
            "use a different authenticator app",
        ],
    );
    fails(
        "pictures/web-address.png",
        &[],
        4,
        &["this is no account but a web address (example.org)", "Leave it out"],
    );
    fails("pictures/not-utf8.png", &[], 4, &["something else than an account", "two-factor"]);
}

#[test]
fn a_link_that_is_no_account_is_named() {
    for (text, says) in [
        ("phonefactor://activate_account?code=1&url=x", "Microsoft pairing code"),
        ("https://example.org/token/abc", "a web address (example.org)"),
        ("WIFI:S:home;P:canary;;", "a Wi-Fi password"),
    ] {
        let sandbox = Sandbox::new();
        let run = sandbox.run_with(&["convert", "-", "-t", "otpauth"], text.as_bytes(), &[]).exits(4);
        run.explains().says(&["otpferry: standard input: this is no account but ", says]);
        assert!(sandbox.names().is_empty());
    }
}

#[test]
fn half_a_batch() {
    let sandbox = Sandbox::new();
    sandbox.copy("google-migration/batch-2-of-2.png", "a.png");
    for output in [&[][..], &["-o", "x/"], &["-o", "x.png"]] {
        let base = ["convert", "a.png", "-t", "google-migration"];
        let run = sandbox.run(&[&base[..], output].concat()).exits(11);
        assert!(
            run.out.contains(
                "QR code 1 of 2 is missing\n    Read: 2 in a.png.\n    Add a picture of what is missing"
            ),
            "{}",
            run.out
        );
        assert_eq!(sandbox.names(), ["a.png"]);
    }
}

#[test]
fn an_empty_file() {
    fails("otpauth/empty.txt", &[], 4, &["the file is empty", "again"]);
    let sandbox = Sandbox::new();
    sandbox.put("blank.txt", "\r\n  \n");
    sandbox.run(&["convert", "blank.txt", "-t", "otpauth"]).exits(4).explains().says(&["blank.txt"]);
    sandbox
        .run(&["convert", "-", "-t", "otpauth"])
        .exits(4)
        .explains()
        .says(&["standard input: the file is empty"]);
    assert_eq!(sandbox.names(), ["blank.txt"]);
}

#[test]
fn a_file_without_accounts() {
    for name in ["aegis/no-entries.json", "2fas/no-services.2fas", "microsoft/no-rows.sqlite"] {
        let sandbox = Sandbox::new();
        let run =
            sandbox.run(&["convert", &fixture(name), "-t", "otpauth,aegis", "-o", "x/", "--plain"]).exits(1);
        assert!(run.out.contains("Nothing was written\n"), "{}", run.out);
        assert!(run.out.contains("there are no accounts in the input\n"), "{}", run.out);
        assert!(sandbox.names().is_empty(), "{:?}", sandbox.names());
    }
}

#[test]
fn a_file_of_a_gigabyte() {
    let sandbox = Sandbox::new();
    File::create(sandbox.path("big.json")).unwrap().set_len(1 << 30).unwrap();
    let start = Instant::now();
    for input in ["big.json", "."] {
        let run = sandbox.run(&["convert", input, "-t", "otpauth"]).exits(10).explains();
        run.says(&[
            "big.json: the input has 1024 MiB or more, over the limit of 256 MiB",
            "--limit bytes=1025M",
        ]);
    }
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!(sandbox.names(), ["big.json"]);
}

#[test]
fn limits_can_be_lowered_and_are_named() {
    let sandbox = Sandbox::new();
    let plain = fixture("otpauth/plain.txt");
    for (limit, input, says) in [
        ("bytes=1K", plain.as_str(), "--limit bytes="),
        ("accounts=11", plain.as_str(), "--limit accounts="),
        ("pixels=100", &fixture("pictures/plain.png"), "--limit pixels="),
        ("kdf-work=1000", &fixture("aegis/encrypted-v3.json"), "--limit kdf-work="),
        ("kdf-memory=1M", &fixture("aegis/encrypted-v3.json"), "--limit kdf-memory="),
    ] {
        let args = ["inspect", input, "--limit", limit];
        sandbox.run_with(&args, b"", &[("OTPFERRY_PASSWORD", PASSWORD)]).exits(10).explains().says(&[says]);
    }
    sandbox.run(&["inspect", &plain, "--limit", "accounts=12", "--limit", "bytes=1M"]).exits(0);
    for limit in ["bytes", "bytes=x", "speed=1"] {
        sandbox.run(&["inspect", &plain, "--limit", limit]).exits(2);
    }
    let big = fs::read(&plain).unwrap();
    let run = sandbox.run_with(&["inspect", "-", "--limit", "bytes=1K"], &big, &[]).exits(10).explains();
    run.says(&["standard input: "]);
}

#[test]
fn a_costly_key_derivation_is_refused() {
    for name in ["aegis/scrypt-n-huge.json", "aegis/scrypt-r-huge.json"] {
        let start = Instant::now();
        fails(name, &["--password-file", "right"], 10, &["--limit kdf-"]);
        assert!(start.elapsed() < Duration::from_secs(10));
    }
}

#[test]
fn a_folder_without_anything_readable() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("empty")).unwrap();
    sandbox.put("notes/README.txt", "hello\n");
    sandbox.put("notes/todo.txt", "nothing\n");
    let before = sandbox.names();
    for (input, says) in [("empty", "there are no files in this folder"), ("notes", "none of the 2 files")] {
        sandbox.run(&["convert", input, "-t", "otpauth"]).exits(4).explains().says(&[says]);
    }
    sandbox.run(&["convert", "absent", "-t", "otpauth"]).exits(3).explains().says(&["absent: "]);
    assert_eq!(sandbox.names(), before);
}

#[test]
fn an_output_that_exists() {
    let sandbox = Sandbox::new();
    let plain = fixture("otpauth/plain.txt");
    for name in ["otpauth.txt", "q-2-of-3.png"] {
        sandbox.put(name, "mine");
    }
    sandbox
        .run(&["convert", &plain, "-t", "otpauth"])
        .exits(9)
        .explains()
        .says(&["otpauth.txt: ", "--force"]);
    // The first of three pictures has its name already when the second cannot get its own.
    let pictures = ["convert", &plain, "-t", "google-migration", "--per-qr", "4", "-o", "q.png"];
    sandbox.run(&pictures).exits(9).explains().says(&["q-2-of-3.png: ", "--force"]);
    fs::create_dir(sandbox.path("folder.txt")).unwrap();
    sandbox.run(&["convert", &plain, "-t", "otpauth", "-o", "folder.txt", "--report", "folder.txt"]).exits(9);
    assert_eq!(sandbox.names(), ["folder.txt/", "otpauth.txt", "q-2-of-3.png"]);
    assert_eq!(sandbox.bytes("otpauth.txt"), b"mine");
    // With --force an old file survives when the run cannot be completed.
    fs::create_dir(sandbox.path("r-2-of-3.png")).unwrap();
    sandbox.put("r-1-of-3.png", "mine");
    let pictures = ["convert", &plain, "-t", "google-migration", "--per-qr", "4", "-o", "r.png", "--force"];
    sandbox.run(&pictures).exits(3).explains().says(&["r-2-of-3.png: there is a folder of this name"]);
    assert_eq!(sandbox.bytes("r-1-of-3.png"), b"mine");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("otpauth.txt", sandbox.path("link")).unwrap();
        std::os::unix::fs::symlink("nowhere", sandbox.path("broken")).unwrap();
        for name in ["link", "broken"] {
            sandbox.run(&["convert", &plain, "-t", "otpauth", "-o", name]).exits(9).explains();
        }
        assert!(!sandbox.path("nowhere").exists());
    }
}

#[test]
fn an_output_that_cannot_be_written() {
    let sandbox = Sandbox::new();
    let plain = fixture("otpauth/plain.txt");
    sandbox.put("file", "mine");
    for (output, says) in [
        ("absent/x", "there is no folder absent"),
        ("absent/deeper/", "there is no folder absent"),
        ("file/x", "file is a file and not a folder"),
        ("file/", "file is a file and not a folder"),
    ] {
        sandbox.run(&["convert", &plain, "-t", "otpauth", "-o", output]).exits(3).explains().says(&[says]);
    }
    let args = ["convert", &plain, "-t", "otpauth", "-o", "x", "--report", "absent/r.json"];
    sandbox.run(&args).exits(3).explains().says(&["absent/r.json: "]);
    assert_eq!(sandbox.names(), ["file"]);
}

#[test]
fn a_read_only_folder() {
    let sandbox = Sandbox::new();
    let plain = fixture("otpauth/plain.txt");
    // Nobody can create files there, not even an administrator.
    if cfg!(target_os = "linux") && fs::metadata("/proc/self").is_ok() {
        sandbox.run(&["convert", &plain, "-t", "otpauth", "-o", "/proc/x.txt"]).exits(3).explains();
        sandbox.run(&["convert", &plain, "-t", "otpauth", "-o", "/proc/x/"]).exits(3).explains();
    } else {
        println!("skipped: there is no /proc");
    }
    fs::create_dir(sandbox.path("locked")).unwrap();
    let mut permissions = fs::metadata(sandbox.path("locked")).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(sandbox.path("locked"), permissions).unwrap();
    if File::create(sandbox.path("locked/probe")).is_ok() {
        println!("skipped: this user may write into read-only folders");
        return;
    }
    for output in ["locked/x.txt", "locked", "locked/new/"] {
        let run = sandbox.run(&["convert", &plain, "-t", "otpauth", "-o", output]).exits(3).explains();
        run.says(&["permission denied", "choose another place"]);
    }
    assert_eq!(sandbox.names(), ["locked/"]);
}

/// The exit code of each kind of failure that the expected readings name.
fn exit_of(error: &str) -> i32 {
    match error {
        "not-recognised" | "ambiguous" | "unsupported" => 4,
        "malformed" | "newer-version" => 5,
        "option-needed" => 2,
        "password-needed" => 6,
        "wrong-password" => 7,
        "limit" => 10,
        other => panic!("unknown error {other}"),
    }
}

#[test]
fn every_damaged_fixture_has_its_exit_code() {
    let mut count = 0;
    for name in formats().flat_map(cases) {
        let expected = expected(&name);
        let Some(error) = expected["error"].as_str() else { continue };
        count += 1;
        let sandbox = Sandbox::new();
        let password = expected["password"].as_str().map(|password| ("OTPFERRY_PASSWORD", password));
        let path = fixture(&name);
        let options = reading_options(&name);
        let mut args = vec!["convert", &path, "-t", "otpauth", "-o", "x/", "--report", "r.json"];
        args.extend(options.iter().map(String::as_str));
        let run = sandbox.run_with(&args, b"", password.as_slice()).exits(exit_of(error)).explains();
        run.says(&[&format!("otpferry: {path}: ")]);
        assert!(sandbox.names().is_empty(), "{name}");
    }
    assert!(count > 20, "only {count} damaged fixtures");
}
