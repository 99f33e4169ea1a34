//! Speed and memory of what users wait for. Prints a table; run with `cargo bench --bench speed`.

#![expect(clippy::expect_used, reason = "a measurement that cannot run has nothing to say")]

use std::fmt::Write as _;
use std::fs;
use std::io::{Seek, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use data_encoding::BASE32_NOPAD;
use serde_json::json;

const BINARY: &str = env!("CARGO_BIN_EXE_otpferry");
const ACCOUNTS: usize = 10_000;

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    fs::write(folder.join("password"), "canary-bench\n").expect("a writable folder");

    row("start-up of `formats`", best(20, || run(folder, &["formats"])));
    let size = fs::metadata(BINARY).expect("the binary").len();
    println!("{:<44}{:>8.1} MB", "size of this binary", megabytes(size));

    fs::write(folder.join("big.txt"), links(ACCOUNTS)).expect("a writable folder");
    run(folder, &["convert", "big.txt", "-t", "aegis", "--plain", "-o", "big.json"]);
    let convert = ["convert", "big.json", "-t", "2fas", "--plain", "-o", "big.2fas", "--force", "-q"];
    row("10,000 accounts Aegis -> 2FAS, with proof", best(5, || run(folder, &convert)));
    println!("{:<44}{:>8.1} MB", "  its peak memory", megabytes(peak(folder, &convert)));

    fs::write(folder.join("vault.json"), vault().to_string()).expect("a writable folder");
    let convert =
        ["convert", "vault.json", "-t", "aegis", "--plain", "-o", "vault-aegis.json", "--force", "-q"];
    row("500 codes in 20,000 items Bitwarden -> Aegis", best(5, || run(folder, &convert)));
    println!("{:<44}{:>8.1} MB", "  its peak memory", megabytes(peak(folder, &convert)));

    fs::write(folder.join("one.txt"), links(1)).expect("a writable folder");
    run(folder, &["convert", "one.txt", "-t", "aegis", "--new-password-file", "password", "-o", "one.json"]);
    let inspect = ["inspect", "one.json", "--password-file", "password"];
    row("opening an encrypted Aegis vault", best(5, || run(folder, &inspect)));
    row("  one bare scrypt of the same cost", best(5, scrypt));
    staging(folder);
    phone(folder);
    copies(folder);
}

/// Copies of Android phones that are larger than memory: mostly films and caches, which nobody asks for.
fn copies(folder: &Path) {
    for (what, name, fixture, lines, gigabytes) in [
        ("a copy of a phone, tar of 10 GiB", "large.tar", "copy.tar", 0, 10),
        ("a file of adb backup, 2 GiB", "large.ab", "v4-plain-not-packed.ab", 25, 2),
    ] {
        large(&folder.join(name), &format!("fixtures/android-backup/{fixture}"), lines, gigabytes);
        row(what, best(3, || run(folder, &["inspect", name])));
        println!("{:<44}{:>8.1} MB", "  its peak memory", megabytes(peak(folder, &["inspect", name])));
    }
}

/// The tar of a fixture, after its lines, with further members of a gigabyte of zeros each. On the disk they are holes.
fn large(path: &Path, fixture: &str, lines: usize, gigabytes: u64) {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join(fixture);
    let small = fs::read(fixture).expect("the fixture");
    let end = small.iter().rposition(|byte| *byte != 0).expect("content") + 1;
    let members = lines + (end - lines).next_multiple_of(512);
    let mut file = fs::File::create(path).expect("a writable folder");
    file.write_all(&small[..members]).expect("space");
    for number in 0..gigabytes {
        let mut header = [0; 512];
        let mut put = |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
        put(0, &format!("data/data/com.example.player/cache/{number}.film"));
        put(100, "0000600\0");
        put(124, "10000000000\0");
        put(148, "        0");
        put(257, "ustar\0");
        put(263, "00");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        file.write_all(&header).expect("space");
        file.seek_relative(1 << 30).expect("a file");
    }
    file.write_all(&[0; 1024]).expect("space");
}

/// The backup of an iPhone of many years, and one of an empty phone. Their keys are derived as real ones are. Python makes
/// them.
fn phone(folder: &Path) {
    let made = make_phone(&folder.join("phone"), &[])
        && make_phone(&folder.join("empty"), &["--files", "0", "--items", "0"]);
    if !made {
        println!("not measured: an iPhone's backup (OTPFERRY_PYTHON names a Python with `cryptography`)");
        return;
    }
    fs::write(folder.join("phone-password"), "canary-password-plain-1\n").expect("a writable folder");
    let inspect = |phone| ["inspect", phone, "--password-file", "phone-password"];
    row("an iPhone's backup, 200,000 files", best(3, || run(folder, &inspect("phone"))));
    println!("{:<44}{:>8.1} MB", "  its peak memory", megabytes(peak(folder, &inspect("phone"))));
    row("  one with nothing in it", best(3, || run(folder, &inspect("empty"))));
    row("  the two bare PBKDF2 of its keys", best(3, key_bag));
}

fn make_phone(phone: &Path, options: &[&str]) -> bool {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/make_phone.py");
    let python = std::env::var("OTPFERRY_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let made = Command::new(python).arg(script).arg(phone).args(options).stderr(Stdio::null()).status();
    made.is_ok_and(|status| status.success())
}

/// Ten million rounds of one and ten thousand of the other.
fn key_bag() {
    let mut key = [0; 32];
    pbkdf2::pbkdf2_hmac::<sha2::Sha256>(b"canary-bench", &[1; 20], 10_000_000, &mut key);
    let first = key;
    pbkdf2::pbkdf2_hmac::<sha1::Sha1>(&first, &[2; 20], 10_000, &mut key);
    assert_ne!(key, first);
}

/// Accounts for a staff, each time with a new ledger. Time and memory grow with the staff and no faster.
fn staging(folder: &Path) {
    let recipient = age::x25519::Identity::generate().to_public().to_string();
    let runs: [(&str, usize, &[&str]); 4] = [
        ("20,000 people to PSKC, Entra CSV, ledger", 20_000, &["-t", "pskc,entra-oath", "--sheets", "none"]),
        ("100,000 people (20 s, 500 MB)", 100_000, &["-t", "pskc,entra-oath", "--sheets", "none"]),
        ("2,000 sheets as one PDF", 2_000, &["-t", "entra-oath", "--sheets", "pdf"]),
        ("10,000 sheets as one PDF (30 s)", 10_000, &["-t", "entra-oath", "--sheets", "pdf"]),
    ];
    for (at, (what, people, options)) in runs.into_iter().enumerate() {
        let name = |end: &str| format!("staff-{at}{end}");
        let (roster, out, ledger) = (name(".csv"), name(""), name(".age"));
        fs::write(folder.join(&roster), staff(people)).expect("a writable folder");
        let mut arguments = vec!["prestage", &roster, "--issuer", "Acme", "-o", &out, "--ledger", &ledger];
        arguments.extend(["-r", &recipient, "--new-password-file", "password", "-q"]);
        arguments.extend(options);
        let start = Instant::now();
        let memory = peak(folder, &arguments);
        row(what, start.elapsed());
        assert!(folder.join(&out).join("report.csv").exists(), "the run has ended");
        println!("{:<44}{:>8.1} MB", "  its peak memory", megabytes(memory));
    }
}

/// A list of people as Entra ID exports it.
fn staff(people: usize) -> String {
    let mut text = "userPrincipalName,displayName,id,userType,accountEnabled,department\n".to_owned();
    for number in 0..people {
        let id = format!("{number:08x}-0000-4000-8000-000000000000");
        let _ = writeln!(text, "user{number}@mail.example.org,Maria Muster {number},{id},Member,True,Sales");
    }
    text
}

fn row(what: &str, time: Duration) {
    println!("{what:<44}{:>8.1} ms", time.as_secs_f64() * 1000.0);
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn best(times: usize, mut work: impl FnMut()) -> Duration {
    let timed = || {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    std::iter::repeat_with(timed).take(times).min().expect("at least once")
}

fn run(folder: &Path, arguments: &[&str]) {
    let status = Command::new(BINARY)
        .args(arguments)
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("the binary runs");
    // 1 stands for remarks about accounts, of which a made-up vault has some.
    assert!(matches!(status.code(), Some(0 | 1)), "{arguments:?}: {status}");
}

/// Peak memory of a run in bytes, from the kernel's own count; 0 where there is none.
fn peak(folder: &Path, arguments: &[&str]) -> u64 {
    let mut child = Command::new(BINARY)
        .args(arguments)
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary runs");
    let status = format!("/proc/{}/status", child.id());
    let mut kilobytes = 0;
    while child.try_wait().expect("a child").is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let number =
            line.and_then(|line| line.trim().strip_suffix(" kB")).and_then(|n| n.trim().parse().ok());
        kilobytes = number.unwrap_or(0).max(kilobytes);
    }
    kilobytes * 1024
}

/// A list of links with secrets that differ.
fn links(count: usize) -> String {
    let mut text = String::new();
    for number in 0..count {
        let secret = BASE32_NOPAD.encode(format!("canary secret {number:06}").as_bytes());
        let _ = writeln!(
            text,
            "otpauth://totp/Service%20{number}:user{number}?secret={secret}&issuer=Service%20{number}"
        );
    }
    text
}

/// A Bitwarden export of 20,000 items with the texts that real ones have, 500 of them with a code.
fn vault() -> serde_json::Value {
    let item = |number: usize| {
        let secret = BASE32_NOPAD.encode(format!("canary secret {number:06}").as_bytes());
        json!({
            "passwordHistory": null, "revisionDate": "2024-02-03T04:05:06.000Z", "creationDate": "2023-01-02T03:04:05.678Z",
            "deletedDate": null, "id": format!("00000000-0000-4000-8000-{number:012}"), "organizationId": null, "folderId": null,
            "type": 1, "reprompt": 0, "name": format!("Service {number}"), "notes": "n".repeat(100), "favorite": false,
            "fields": [{ "name": "Member number", "value": "1234567890", "type": 0, "linkedId": null }],
            "login": {
                "fido2Credentials": [], "uris": [{ "match": null, "uri": format!("https://service{number}.example/login") }],
                "username": format!("user{number}@mail.example"), "password": "correct horse battery staple",
                "totp": number.is_multiple_of(40).then_some(secret)
            },
            "collectionIds": null
        })
    };
    json!({ "encrypted": false, "folders": [], "items": (0..20_000).map(item).collect::<Vec<_>>() })
}

fn scrypt() {
    let parameters = scrypt::Params::new(15, 8, 1).expect("valid parameters");
    let mut key = [0; 32];
    scrypt::scrypt(b"canary-bench", &[7; 32], &parameters, &mut key).expect("a valid length");
}
