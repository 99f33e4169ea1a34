//! Secrets stay where they belong: not in what is said, not in other people's reach, not left over.

#![cfg(test)]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use support::{
    PASSWORD, SECOND_PASSWORD, Sandbox, assert_no_secret, cases, expected, fixture, formats, reading_options,
};

const PLAIN: &str = "otpauth/plain.txt";

/// `Sandbox::run` looks for secrets in everything that is said.
#[test]
fn nothing_that_is_said_holds_a_secret() {
    let mut runs = 0;
    let other = &fixture(PLAIN);
    let pictures = cases("pictures").into_iter().map(|name| (name, None));
    let files = formats().flat_map(cases).map(|name| {
        let password = expected(&name)["password"].as_str().map(str::to_owned);
        (name, password)
    });
    for (name, password) in files.chain(pictures) {
        let sandbox = Sandbox::new();
        let (path, options) = (fixture(&name), reading_options(&name));
        let variables: Vec<(&str, &str)> =
            password.iter().map(|text| ("OTPFERRY_PASSWORD", text.as_str())).collect();
        for args in [
            &["inspect", &path][..],
            &[
                "inspect",
                &path,
                "--json",
                "-v",
                "--target",
                "aegis",
                "--max-age",
                "1d",
                "--inventory",
                "i.html",
            ],
            &["codes", &path, "--at", "59"],
            &["verify", other, &path, "-o", "v.txt"],
            &["diff", &path, other],
            &[
                "convert",
                &path,
                "-t",
                "2fas,otpferry",
                "-o",
                "out/",
                "--plain",
                "-v",
                "--partial",
                "--report",
                "r.json",
            ],
            &["convert", &path, "-t", "google-migration", "--strict", "--json", "--report", "s.json"],
        ] {
            let args: Vec<&str> = args.iter().copied().chain(options.iter().map(String::as_str)).collect();
            let run = sandbox.run_with(&args, b"", &variables);
            assert!(matches!(run.exit, Some(0..=11)), "{name}: {:?} {}", run.exit, run.err);
            runs += 1;
        }
        for report in ["r.json", "s.json", "v.txt", "i.html"] {
            if let Ok(text) = fs::read_to_string(sandbox.path(report)) {
                assert_no_secret(&text, report);
            }
        }
    }
    assert!(runs > 600, "only {runs} runs");
}

/// What one format says about the file of another, read by force.
#[test]
fn nothing_that_is_said_about_a_file_of_another_format_holds_a_secret() {
    let inputs = [
        "aegis/plain-v3-groups-icons.json",
        "2fas/v4-android.2fas",
        PLAIN,
        "otpauth/cotp-items.json",
        "google-migration/v1.txt",
        "microsoft/v26-all-kinds.sqlite",
        "otpferry/every-field.json",
    ];
    let sandbox = Sandbox::new();
    for input in inputs {
        for format in formats() {
            sandbox.run(&["inspect", &fixture(input), "-f", format]);
        }
    }
}

/// Cut at many places, a file is damaged in many ways.
#[test]
fn nothing_that_is_said_about_a_cut_file_holds_a_secret() {
    let inputs = [
        "aegis/plain-v1.json",
        "2fas/v4-android.2fas",
        PLAIN,
        "google-migration/v1.txt",
        "otpferry/every-field.json",
    ];
    let sandbox = Sandbox::new();
    for input in inputs {
        let bytes = fs::read(fixture(input)).unwrap();
        for part in 1..16 {
            let run = sandbox.run_with(&["inspect", "-"], &bytes[..bytes.len() * part / 16], &[]);
            assert!(matches!(run.exit, Some(0 | 1 | 4 | 5)), "{input} {part}: {:?} {}", run.exit, run.err);
        }
    }
}

#[test]
fn a_wrong_recipient_or_pattern_is_not_repeated_when_it_is_a_secret() {
    let sandbox = Sandbox::new();
    // A mistake that people make: the secret where something else belongs.
    let secret = "CANARYALPHACANARYALPHACANARYALPH";
    sandbox.run(&["convert", &fixture(PLAIN), "-t", "otpauth", "-r", secret]).exits(2);
    sandbox.put("secret", secret);
    sandbox.run(&["inspect", &fixture(PLAIN), "-i", "secret"]).exits(2);
    sandbox.run(&["inspect", "secret"]).exits(4);
}

#[cfg(unix)]
#[test]
fn everything_written_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::new();
    sandbox.put("new", SECOND_PASSWORD);
    sandbox.put("replaced", "mine");
    fs::set_permissions(sandbox.path("replaced"), fs::Permissions::from_mode(0o644)).unwrap();
    let plain = fixture(PLAIN);
    let base = ["convert", plain.as_str(), "--new-password-file", "new", "-t"];
    for more in [
        &["aegis,2fas,otpauth,google-migration,otpferry", "-o", "out/", "--report", "out/r.json"][..],
        &["google-migration", "-o", "q.png", "--per-qr", "5"],
        &["google-migration", "-o", "q.svg"],
        &["otpferry", "--age-passphrase-file", "new"],
        &["otpauth", "-o", "replaced", "--force"],
    ] {
        sandbox.run(&[&base[..], more].concat());
    }
    let written: Vec<String> =
        sandbox.names().into_iter().filter(|name| name != "new" && !name.ends_with('/')).collect();
    assert_eq!(written.len(), 11, "{written:?}");
    for name in written {
        let mode = fs::metadata(sandbox.path(&name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn no_temporary_file_is_left() {
    let sandbox = Sandbox::new();
    let temporary = Sandbox::new();
    let folder = temporary.path("").to_str().unwrap().to_owned();
    let variables = [("TMPDIR", folder.as_str()), ("TMP", &folder), ("TEMP", &folder)];
    let plain = fixture(PLAIN);
    let encrypted = fixture("aegis/encrypted-v3.json");
    for (args, exit) in [
        (&["convert", &plain, "-t", "otpauth"][..], 0),
        (&["convert", &plain, "-t", "otpauth"], 9),
        (&["convert", &plain, "-t", "otpauth", "--force"], 0),
        (&["convert", &plain, "-t", "aegis"], 6),
        (&["convert", &encrypted, "-t", "otpauth,otpferry", "-o", "out/"], 6),
        (&["convert", &plain, "-t", "google-migration", "-o", "q.png", "--per-qr", "1"], 1),
        (&["convert", &plain, "-t", "google-migration", "-o", "q.png", "--per-qr", "1"], 9),
        (&["convert", &plain, "-t", "otpauth,otpferry", "-o", ".", "--force"], 0),
    ] {
        sandbox.run_with(args, b"", &variables).exits(exit);
    }
    let mut wanted: Vec<String> = (1..=10).map(|part| format!("q-{part}-of-10.png")).collect();
    wanted.extend(["otpauth.txt", "otpferry.json"].map(str::to_owned));
    wanted.sort();
    assert_eq!(sandbox.names(), wanted);
    assert!(temporary.names().is_empty(), "{:?}", temporary.names());
}

#[test]
fn help_shows_no_value_of_the_environment() {
    let sandbox = Sandbox::new();
    let variables = [("OTPFERRY_PASSWORD", PASSWORD), ("HOME", "/canary-home"), ("USER", "canary-user")];
    for command in [
        &[][..],
        &["convert"],
        &["inspect"],
        &["codes"],
        &["verify"],
        &["diff"],
        &["formats"],
        &["completions"],
        &["man"],
    ] {
        for flag in ["--help", "-h"] {
            let args = [command, &[flag]].concat();
            let run = sandbox.run_with(&args, b"", &variables);
            assert_eq!((run.exit, run.err.as_str()), (Some(0), ""), "{args:?}");
            assert!(
                run.out.contains("Usage: otpferry") && !run.out.contains("canary"),
                "{args:?}:\n{}",
                run.out
            );
        }
    }
    for args in [&["man"][..], &["completions", "bash"], &["completions", "zsh"], &["completions", "fish"]] {
        let run = sandbox.run_with(args, b"", &variables).exits(0);
        assert!(run.out.len() > 1000 && !run.out.contains("canary"), "{args:?}");
    }
}

/// Runs the program on a terminal of its own with what `script` of util-linux makes; `None` when
/// there is no such program.
fn on_a_terminal(sandbox: &Sandbox, command: &str) -> Option<(Option<i32>, String)> {
    if !cfg!(target_os = "linux") || !Path::new("/usr/bin/script").exists() {
        return None;
    }
    let program = env!("CARGO_BIN_EXE_otpferry");
    let output = Command::new("/usr/bin/script")
        .args(["-qec", &format!("'{program}' {command}"), "/dev/null"])
        .current_dir(sandbox.path(""))
        .env("NO_COLOR", "1")
        .env_remove("OTPFERRY_PASSWORD")
        .stdin(Stdio::null())
        .output()
        .ok()?;
    Some((output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned()))
}

#[test]
fn a_terminal_is_not_shown_secrets_unless_asked() {
    let sandbox = Sandbox::new();
    let plain = fixture(PLAIN);
    let run = |options: &str| on_a_terminal(&sandbox, &format!("convert '{plain}' -o - {options}"));
    let Some((exit, said)) = run("-t otpauth") else {
        println!("skipped: there is no `script` to make a terminal with");
        return;
    };
    assert_eq!(exit, Some(9), "{said}");
    assert!(
        said.contains("this would print secrets on the terminal") && said.contains("--show-secrets"),
        "{said}"
    );
    assert_no_secret(&said, "the terminal");
    for options in ["-t otpferry", "-t aegis --plain", "-t google-migration"] {
        let (exit, said) = run(options).unwrap();
        assert_eq!(exit, Some(9), "{options}: {said}");
        assert_no_secret(&said, "the terminal");
    }
    let (exit, said) = run("-t otpauth --dry-run").unwrap();
    assert_eq!(exit, Some(0), "{said}");
    assert_no_secret(&said, "the terminal");
    let (exit, said) = run("-t otpauth --show-secrets").unwrap();
    assert_eq!(exit, Some(0));
    assert!(said.contains("secret=CANARYALPHACANARYALPHACANARYALPH"));
    fs::write(sandbox.path("new"), SECOND_PASSWORD).unwrap();
    let (exit, said) = run("-t otpauth --age-passphrase-file new").unwrap();
    assert_eq!(exit, Some(0), "{said}");
    assert!(said.contains("-----BEGIN AGE ENCRYPTED FILE-----"));
    assert_no_secret(&said, "the terminal");
}

/// Names from a file cannot take over the terminal.
#[test]
fn names_are_shown_without_control_characters() {
    let sandbox = Sandbox::new();
    let link = "otpauth://totp/a%1b%5b2Jb:c%e2%80%aed%07?secret=CANARYALPHACANARYALPHACANARYALPH&issuer=a%1b%5b2Jb\n";
    sandbox.put("x.txt", format!("{link}{}", link.replace("CANARYALPHA", "!")));
    for args in [
        &["inspect", "x.txt"][..],
        &["codes", "x.txt", "--at", "59"],
        &["convert", "x.txt", "-t", "otpauth", "-v"],
        &["convert", "x.txt", "-t", "2fas", "--plain", "-v", "-o", "y"],
    ] {
        let run = sandbox.run(args);
        for text in [&run.out, &run.err] {
            assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{args:?}: {text:?}");
        }
    }
}
