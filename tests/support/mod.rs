//! Running the program in a folder of its own, and looking for secrets in what it says.

#![allow(dead_code, reason = "each test program uses a part of it")]

pub(crate) mod others;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use serde_json::Value;

/// Passwords of the fixtures.
pub(crate) const PASSWORD: &str = "canary-password-plain-1";
pub(crate) const SECOND_PASSWORD: &str = "canary-password-second-2";
pub(crate) const WRONG_PASSWORD: &str = "canary-password-wrong-3";

/// The path of a file in `fixtures/`.
pub(crate) fn fixture(name: &str) -> String {
    let path = fixtures().join(name);
    assert!(path.exists(), "no fixture {name}");
    path.to_str().unwrap().to_owned()
}

pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// The reading that is written down beside a fixture.
pub(crate) fn expected(name: &str) -> Value {
    serde_json::from_slice(&fs::read(fixture(&format!("{name}.expected.json"))).unwrap()).unwrap()
}

/// Ids of all formats; each has a folder of that name in `fixtures/`.
pub(crate) fn formats() -> impl Iterator<Item = &'static str> {
    otpferry_formats::registry::ALL.iter().map(|format| format.info().id)
}

/// Every file of a folder of `fixtures/`, without the expected readings.
pub(crate) fn cases(folder: &str) -> Vec<String> {
    let mut names = list(&fixtures().join(folder));
    let beside = [".expected.json", "/", "-wal", ".key", "manifest.json"];
    // A folder with a reading beside it is one case.
    let whole: Vec<String> = names
        .iter()
        .filter_map(|name| name.strip_suffix('/'))
        .filter(|name| names.contains(&format!("{name}.expected.json")))
        .map(str::to_owned)
        .collect();
    names.retain(|name| !beside.iter().any(|end| name.ends_with(end)));
    names.retain(|name| !whole.iter().any(|folder| name.starts_with(&format!("{folder}/"))));
    names.extend(whole);
    names.sort();
    assert!(!names.is_empty(), "{folder}: no file");
    names.into_iter().map(|name| format!("{folder}/{name}")).collect()
}

/// What has to be said to read a file: the key file that lies beside a database, the format where none is recognised,
/// and what the file does not say.
pub(crate) fn reading_options(name: &str) -> Vec<String> {
    let mut options = Vec::new();
    let mut say = |option: &str, value: &str| options.extend([option.to_owned(), value.to_owned()]);
    let path = fixtures().join(format!("{name}.key"));
    if path.exists() {
        say("--key-file", path.to_str().unwrap());
    }
    let folder = name.split('/').next().unwrap();
    if otpferry_formats::registry::by_name(folder).is_some_and(|format| !format.is_recognisable()) {
        say("--from", folder);
    }
    let expected = expected(name);
    let said =
        ["token-type", "token-algorithm", "token-period", "okta-encoding", "columns", "delimiter", "quoting"];
    for option in said {
        if let Some(value) = expected[option.replace('-', "_")].as_str() {
            say(&format!("--{option}"), value);
        }
    }
    if expected["header"] == false {
        options.push("--no-header".to_owned());
    }
    options
}

/// A folder in which the program runs.
pub(crate) struct Sandbox(tempfile::TempDir);

/// What one run came to.
pub(crate) struct Run {
    pub(crate) exit: Option<i32>,
    pub(crate) bytes: Vec<u8>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn put(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), content).unwrap();
    }

    /// Copies a fixture.
    pub(crate) fn copy(&self, from: &str, name: &str) {
        self.put(name, fs::read(fixture(from)).unwrap());
    }

    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name))
            .unwrap_or_else(|error| panic!("{name}: {error}; there is {:?}", self.names()))
    }

    pub(crate) fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&self.bytes(name)).unwrap()
    }

    /// Everything in the folder, sorted; folders end with `/`.
    pub(crate) fn names(&self) -> Vec<String> {
        list(self.0.path())
    }

    pub(crate) fn run(&self, args: &[&str]) -> Run {
        self.run_with(args, b"", &[])
    }

    /// Runs without a terminal. What is said must hold no secret; the result on standard output may.
    pub(crate) fn run_with(&self, args: &[&str], input: &[u8], variables: &[(&str, &str)]) -> Run {
        let mut child = Command::new(env!("CARGO_BIN_EXE_otpferry"))
            .args(args)
            .current_dir(self.0.path())
            .env("NO_COLOR", "1")
            .env_remove("OTPFERRY_PASSWORD")
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A program that stops early does not read it all.
        let _ = child.stdin.take().unwrap().write_all(input);
        let output = child.wait_with_output().unwrap();
        let run = Run {
            exit: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
            bytes: output.stdout,
        };
        assert_no_secret(&run.err, &format!("standard error of {args:?}"));
        // To show payloads is what `scan` is for.
        if args.first() != Some(&"scan") && !args.windows(2).any(|pair| pair == ["-o", "-"]) {
            assert_no_secret(&run.out, &format!("standard output of {args:?}"));
        }
        assert!(!run.err.contains("internal error"), "{args:?}: {}", run.err);
        run
    }
}

impl Run {
    /// Fails with everything that was said when the exit code is another one.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.exit, Some(code), "\nstdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}:\n{}\n{}", self.out, self.err))
    }

    /// Whether standard error says all of this.
    #[track_caller]
    pub(crate) fn says(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(self.err.contains(text), "\"{text}\" is not in:\n{}", self.err);
        }
        self
    }

    /// Whether a failure is of the form that users rely on: what and where, then what to do.
    #[track_caller]
    pub(crate) fn explains(self) -> Self {
        let lines: Vec<&str> = self.err.lines().collect();
        assert!(lines.first().is_some_and(|line| line.starts_with("otpferry: ")), "{}", self.err);
        assert!(
            lines.get(1).is_some_and(|line| line.starts_with("  ") && line.ends_with('.')),
            "{}",
            self.err
        );
        assert_eq!(self.out, "");
        self
    }
}

/// Everything below a folder, sorted, as paths relative to it.
pub(crate) fn list(folder: &Path) -> Vec<String> {
    fn walk(folder: &Path, prefix: &str, names: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_type().unwrap().is_dir() {
                walk(&entry.path(), &format!("{name}/"), names);
                names.push(format!("{name}/"));
            } else {
                names.push(name);
            }
        }
    }
    let mut names = Vec::new();
    walk(folder, "", &mut names);
    names.sort();
    names
}

/// Fewest characters of a text that is looked for: shorter ones may be there by chance.
const MIN_NEEDLE: usize = 8;

static NEEDLES: LazyLock<BTreeSet<String>> = LazyLock::new(needles);

fn needles() -> BTreeSet<String> {
    let file: Value = serde_json::from_slice(&fs::read(fixture("canaries.json")).unwrap()).unwrap();
    let texts = |value: &Value| -> Vec<String> {
        value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let mut needles = BTreeSet::new();
    for secret in file["secrets"].as_array().unwrap() {
        for (encoding, text) in secret.as_object().unwrap() {
            let text = text.as_str().unwrap();
            match encoding.as_str() {
                "name" => continue,
                "base64" => needles.insert(text.trim_end_matches('=').to_owned()),
                _ => needles.insert(text.to_lowercase()) | needles.insert(text.to_uppercase()),
            };
        }
    }
    needles.extend(["texts", "passwords", "pins"].iter().flat_map(|list| texts(&file[*list])));
    needles.retain(|needle| needle.chars().count() >= MIN_NEEDLE);
    assert!(needles.len() > 150, "only {} secrets to look for", needles.len());
    needles
}

/// Fails, without printing the text, when a secret of the fixtures is in it.
#[track_caller]
pub(crate) fn assert_no_secret(text: &str, what: &str) {
    if let Some(secret) = NEEDLES.iter().find(|needle| text.contains(needle.as_str())) {
        panic!("{what} holds the canary {secret}");
    }
}

/// The same over bytes that are no text.
#[track_caller]
pub(crate) fn holds_a_secret(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    NEEDLES.iter().any(|needle| text.contains(needle.as_str()))
}

/// Whether the report adds up: nothing disappears.
#[track_caller]
pub(crate) fn assert_adds_up(report: &Value) {
    let number = |key: &str| report[key].as_u64().unwrap();
    let length = |key: &str| u64::try_from(report[key].as_array().unwrap().len()).unwrap();
    let sum = number("moved") + length("changed") + length("not_moved") + length("duplicates");
    assert_eq!(number("read"), sum, "{report:#}");
}
