//! Backups of iPhones on the command line: folders that are one input.

#![cfg(test)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use support::{PASSWORD, Run, SECOND_PASSWORD, Sandbox, WRONG_PASSWORD, expected, fixture, list};

const ENCRYPTED: &str = "ios-backup/encrypted";

fn copy(sandbox: &Sandbox, from: &str, to: &str) {
    let root = fixture(from);
    for name in list(Path::new(&root)).iter().filter(|name| !name.ends_with('/')) {
        sandbox.put(&format!("{to}/{name}"), fs::read(Path::new(&root).join(name)).unwrap());
    }
}

fn with_password(sandbox: &Sandbox, password: &str, args: &[&str]) -> Run {
    sandbox.run_with(args, b"", &[("OTPFERRY_PASSWORD", password)])
}

#[track_caller]
fn prints(run: &Run, texts: &[&str]) {
    for text in texts {
        assert!(run.out.contains(text), "\"{text}\" is not in:\n{}", run.out);
    }
}

/// Everything in a folder with its content and time of change.
fn state(folder: &Path) -> BTreeMap<String, (Vec<u8>, std::time::SystemTime)> {
    let names = list(folder);
    let files = names.iter().filter(|name| !name.ends_with('/'));
    files
        .map(|name| {
            let path = folder.join(name);
            (name.clone(), (fs::read(&path).unwrap(), fs::metadata(&path).unwrap().modified().unwrap()))
        })
        .collect()
}

#[test]
fn without_its_password_a_backup_tells_of_the_phone() {
    for packing in ["encrypted", "packed.tar", "packed.tar.gz", "packed.zip"] {
        without_a_password_it_tells(&format!("ios-backup/{packing}"));
    }
}

fn without_a_password_it_tells(backup: &str) {
    let sandbox = Sandbox::new();
    let run = sandbox.run(&["inspect", &fixture(backup)]).exits(1);
    prints(
        &run,
        &[
            "iPhone backup, iOS 26.1, encrypted: accounts not known",
            "made: 2026-03-01T08:00:00Z",
            "phone: Ann's iPhone, iOS 26.1",
            "Authenticator (Matt Rubin)",
            "Google Authenticator",
            "photograph its QR codes",
            "without the backup's password",
        ],
    );
    let run = sandbox.run(&["inspect", "--json", &fixture(ENCRYPTED)]).exits(1);
    let phone = &serde_json::from_str::<Value>(&run.out).unwrap()["files"][0]["phone"];
    assert_eq!(
        *phone,
        json!({
            "device": "Ann's iPhone", "system": "iOS 26.1", "made": "2026-03-01T08:00:00Z", "encrypted": true,
            "finished": true, "apps": phone["apps"],
        })
    );
    let apps: Vec<_> =
        phone["apps"].as_array().unwrap().iter().map(|app| (&app["id"], &app["hope"])).collect();
    assert_eq!(
        apps,
        [
            (&json!("me.mattrubin.authenticator"), &json!("yes")),
            (&json!("org.fedorahosted.freeotp"), &json!("partly")),
            (&json!("com.calleerlandsson.Tofu"), &json!("yes")),
            (&json!("com.google.Authenticator"), &json!("partly")),
        ]
    );
}

#[test]
fn with_its_password_what_was_found_in_each_app() {
    let sandbox = Sandbox::new();
    let run = with_password(&sandbox, PASSWORD, &["inspect", &fixture(ENCRYPTED)]).exits(1);
    prints(
        &run,
        &[
            "iPhone backup, iOS 26.1, encrypted: 16 accounts",
            "encryption: weak (AES-256, PBKDF2 SHA-256 iterations=5)",
            "of the keychain, 3 entries are bound to the phone, so that no backup opens them (class 9: 2, class 10: 1)",
            "of 2 tokens in FreeOTP's list nothing can be read",
            "reading it was never tried with the backup of a real phone: compare with the phone",
            "On My iPhone/links.txt",
        ],
    );
    let keychain = |name: &str| run.out.lines().find(|line| line.contains(name)).unwrap().to_owned();
    let numbers =
        |line: &str| -> Vec<usize> { line.split_whitespace().filter_map(|word| word.parse().ok()).collect() };
    assert_eq!(numbers(&keychain("TEAM.me.mattrubin.authenticator")), [5, 5]);
    assert_eq!(numbers(&keychain("TEAM.com.example.vault")), [6, 8]);
}

#[test]
fn every_way_to_name_a_backup() {
    for name in ["phone", "phone/", "phone/Manifest.plist", "phone/Manifest.db", "."] {
        let sandbox = Sandbox::new();
        copy(&sandbox, ENCRYPTED, "phone");
        sandbox.put("notes.bin", b"\0\x01\x02");
        let run =
            with_password(&sandbox, PASSWORD, &["convert", name, "-t", "otpferry", "-o", "o.json"]).exits(1);
        let written = sandbox.json("o.json");
        let wanted = expected(ENCRYPTED);
        let secrets = |list: &Value| -> Vec<Value> {
            list["accounts"].as_array().unwrap().iter().map(|account| account["secret"].clone()).collect()
        };
        assert_eq!(secrets(&written), secrets(&wanted), "{name}: {}", run.err);
    }
}

#[test]
fn nothing_is_written_into_the_folder() {
    let sandbox = Sandbox::new();
    copy(&sandbox, ENCRYPTED, "phone");
    let before = state(&sandbox.path("phone"));
    with_password(&sandbox, PASSWORD, &["inspect", "phone"]).exits(1);
    with_password(&sandbox, WRONG_PASSWORD, &["inspect", "phone"]).exits(7);
    assert_eq!(state(&sandbox.path("phone")), before);
}

#[test]
fn a_wrong_password_and_several() {
    let sandbox = Sandbox::new();
    let path = fixture(ENCRYPTED);
    with_password(&sandbox, WRONG_PASSWORD, &["convert", &path, "-t", "otpferry", "-o", "x.json"])
        .exits(7)
        .says(&["ios-backup", "does not open"]);
    sandbox.put("passwords", format!("{SECOND_PASSWORD}\n{PASSWORD}\n"));
    sandbox
        .run(&["convert", &path, "-t", "otpferry", "-o", "x.json", "--password-file", "passwords"])
        .exits(1);
    sandbox
        .run(&["convert", &path, "-t", "otpferry", "-o", "y.json"])
        .exits(6)
        .says(&["no password was given"]);
}

#[test]
fn of_several_backups_one_has_to_be_named() {
    let sandbox = Sandbox::new();
    copy(&sandbox, ENCRYPTED, "Backup/one");
    copy(&sandbox, "ios-backup/not-encrypted", "Backup/two");
    let args = ["convert", "Backup", "-t", "aegis", "--plain", "-o", "o.json"];
    with_password(&sandbox, PASSWORD, &args).exits(4).says(&[
        "there are 2 backups: Ann's iPhone of 2026-03-01 in Backup/one (encrypted); \
         Ann's iPhone of 2026-03-01 in Backup/two (not encrypted)",
        "Name one of these folders",
    ]);
    // It is asked which there are.
    let run = sandbox.run(&["inspect", "Backup"]).exits(1);
    prints(
        &run,
        &[
            "Backup/one\n  iPhone backup, iOS 26.1, encrypted: accounts not known",
            "because another backup needs one",
        ],
    );
    let run = with_password(&sandbox, PASSWORD, &["inspect", "Backup"]).exits(1);
    prints(
        &run,
        &[
            "Backup/one\n  iPhone backup, iOS 26.1, encrypted: 16 accounts",
            "Backup/two\n  iPhone backup, iOS 26.1, not encrypted: 0 accounts",
        ],
    );
}

#[test]
fn a_backup_is_not_read_as_something_else() {
    let sandbox = Sandbox::new();
    let path = fixture(ENCRYPTED);
    sandbox
        .run(&["inspect", "-f", "aegis", &path])
        .exits(2)
        .says(&["backup of an iPhone, and not Aegis", "Leave -f out"]);
}

#[test]
fn an_archive_that_is_cut_off_is_no_unknown_file() {
    let sandbox = Sandbox::new();
    let whole = fs::read(fixture("ios-backup/packed.tar")).unwrap();
    // Before the folder's own files, which come last.
    let end = whole.windows(9).position(|name| name == b"/Manifest").unwrap();
    sandbox.put("cut.tar", &whole[..end / 512 * 512]);
    for name in ["cut.tar", "-"] {
        let run = sandbox.run_with(&["inspect", name], &sandbox.bytes("cut.tar"), &[]);
        run.exits(5)
            .says(&["Manifest.plist and Manifest.db are not in the archive", "Pack the whole folder again"]);
    }
    let whole = fs::read(fixture("ios-backup/packed-as-it-is.zip")).unwrap();
    sandbox.put("cut.zip", &whole[..whole.len() / 2]);
    sandbox
        .run(&["inspect", "cut.zip"])
        .exits(5)
        .says(&["ios-backup: the zip archive is damaged or cut off"]);
}

/// What is not a backup is told of in a line.
#[test]
fn a_closed_backup_tells_of_itself_beside_other_files() {
    let sandbox = Sandbox::new();
    let other = fixture("otpauth/comments.txt");
    let run = sandbox.run(&["inspect", &fixture(ENCRYPTED), &other]).exits(1);
    prints(&run, &["accounts not known", "1 other file not looked at, because a password is missing"]);
}

#[test]
fn an_account_that_is_in_the_keychain_and_in_an_export_is_one() {
    let sandbox = Sandbox::new();
    for name in ["phone", "again"] {
        copy(&sandbox, "ios-backup/not-encrypted", name);
    }
    sandbox.put("links.txt", "otpauth://totp/Files:judy?secret=JBSWY3DPEHPK3PXP&issuer=Other\n");
    let run =
        sandbox.run(&["convert", "phone", "again", "-t", "otpferry", "-o", "o.json", "--json"]).exits(1);
    let report: Value = serde_json::from_str(&run.out).unwrap();
    let accounts = sandbox.json("o.json")["accounts"].as_array().unwrap().len();
    assert_eq!((accounts, report["duplicates"].as_array().unwrap().len()), (2, 2));
    // One backup that is named in three ways is one.
    let names = ["phone", "phone/Manifest.plist", "phone/Manifest.db", "phone/M*"];
    let args = [&["convert"], &names[..], &["-t", "otpferry", "-o", "once.json", "--json"]].concat();
    let report: Value = serde_json::from_str(&sandbox.run(&args).exits(1).out).unwrap();
    let accounts = sandbox.json("once.json")["accounts"].as_array().unwrap().len();
    assert_eq!((accounts, report["duplicates"].as_array().unwrap().len()), (2, 0));
}

#[test]
fn the_shape_of_unknown_entries_holds_nothing_of_them() {
    let sandbox = Sandbox::new();
    let run = with_password(&sandbox, PASSWORD, &["inspect", "--shape", &fixture(ENCRYPTED)]).exits(0);
    let shapes: Value = serde_json::from_str(&run.out).unwrap();
    let items = shapes[0]["items"].as_array().unwrap();
    let of = |group: &str| items.iter().filter(|item| item["group"] == group).collect::<Vec<_>>();
    let [wifi] = of("apple")[..] else { panic!("one item") };
    assert_eq!(wifi["attributes"]["v_Data"], json!({ "kind": "text", "length": 20 }));
    assert_eq!(wifi["attributes"]["mdat"], json!({ "kind": "date" }));
    assert_eq!(of("TEAM.com.example.vault").len(), 2);
    for secret in ["canary-wifi", "CANARY", "Home", "a secret in base32"] {
        assert!(!run.out.contains(secret), "{secret}");
    }
    sandbox
        .run(&["inspect", "--shape", &fixture("otpauth/comments.txt")])
        .exits(4)
        .says(&["--shape is about"]);
}

/// A list may name nothing outside, and no link leads there.
#[cfg(unix)]
#[test]
fn links_that_lead_out_of_the_folder_are_not_followed() {
    let sandbox = Sandbox::new();
    copy(&sandbox, "ios-backup/not-encrypted", "phone");
    sandbox.put("elsewhere", b"otpauth://totp/stolen?secret=JBSWY3DPEHPK3PXP\n");
    let files = list(&sandbox.path("phone"));
    let hashed: Vec<_> = files.iter().filter(|name| name.len() > 40 && !name.ends_with('/')).collect();
    for name in &hashed {
        fs::remove_file(sandbox.path(&format!("phone/{name}"))).unwrap();
        std::os::unix::fs::symlink(sandbox.path("elsewhere"), sandbox.path(&format!("phone/{name}")))
            .unwrap();
    }
    assert!(!hashed.is_empty());
    let run = sandbox.run(&["convert", "phone", "-t", "otpferry", "-o", "o.json"]).exits(1);
    assert!(!run.err.contains("stolen") && !run.out.contains("stolen"));
    assert_eq!(sandbox.json("o.json")["accounts"], json!([]));
}

#[test]
fn nothing_is_written_into_a_backup_whatever_is_asked_for() {
    let sandbox = Sandbox::new();
    copy(&sandbox, "ios-backup/not-encrypted", "phone");
    let before = state(&sandbox.path("phone"));
    let refused = |args: &[&str]| sandbox.run(args).exits(9).says(&["into the folder of a phone's backup"]);
    for output in ["phone/Manifest.db", "phone/new.json", "phone/51/new.json", "phone/none/new.json"] {
        refused(&["convert", "phone", "-t", "aegis", "--plain", "-o", output, "--force"]);
    }
    // Also by commands that do not read it.
    sandbox.run(&["convert", "phone", "-t", "otpferry", "-o", "other.json"]).exits(1);
    refused(&["convert", "other.json", "-t", "aegis", "--plain", "-o", "phone/new.json"]);
    refused(&["verify", "other.json", "other.json", "-o", "phone/new.txt"]);
    refused(&["prestage", "people.csv", "--issuer", "Acme", "-t", "pskc", "-o", "phone/staff"]);
    assert_eq!(state(&sandbox.path("phone")), before);
}

/// Named from inside, the folder is the same.
#[cfg(unix)]
#[test]
fn a_link_is_not_followed_from_inside_the_folder_either() {
    let sandbox = Sandbox::new();
    copy(&sandbox, ENCRYPTED, "phone");
    let keychain = "phone/51/51a4616e576dd33cd2abadfea874eb8ff246bf0e";
    sandbox.put("elsewhere", sandbox.bytes(keychain));
    fs::remove_file(sandbox.path(keychain)).unwrap();
    std::os::unix::fs::symlink(sandbox.path("elsewhere"), sandbox.path(keychain)).unwrap();
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_otpferry"))
        .args(["inspect", "Manifest.plist"])
        .current_dir(sandbox.path("phone"))
        .env("OTPFERRY_PASSWORD", PASSWORD)
        .output()
        .unwrap();
    let out = String::from_utf8(run.stdout).unwrap();
    let told = "the keychain was not read, and so no app's accounts from there: it cannot be opened";
    assert!(out.contains(told), "{out}");
    assert!(out.contains("iPhone backup, iOS 26.1, encrypted: 0 accounts"), "{out}");
}

#[test]
fn a_folder_that_is_not_whole_says_what_is_missing() {
    let sandbox = Sandbox::new();
    copy(&sandbox, ENCRYPTED, "phone");
    fs::remove_file(sandbox.path("phone/Manifest.plist")).unwrap();
    for name in ["phone", "phone/Manifest.db", "phone/Info.plist"] {
        sandbox.run(&["inspect", name]).exits(5).says(&["Manifest.plist is missing"]);
    }
    sandbox.put("phone/Manifest.plist", b"bplist00 cut off");
    sandbox.run(&["inspect", "phone"]).exits(5).says(&["ios-backup: Manifest.plist is damaged"]);
}

#[test]
fn the_password_that_is_meant_is_said() {
    let sandbox = Sandbox::new();
    with_password(&sandbox, WRONG_PASSWORD, &["inspect", &fixture(ENCRYPTED)])
        .exits(7)
        .says(&["not its passcode and not that of the Apple account"]);
}

#[test]
fn photos_are_looked_at_when_that_is_asked_for() {
    for backup in ["ios-backup/with-photos", "ios-backup/packed-photos.zip"] {
        photos_are_looked_at_in(&fixture(backup));
    }
}

fn photos_are_looked_at_in(path: &str) {
    let sandbox = Sandbox::new();
    let run = with_password(&sandbox, PASSWORD, &["inspect", path]).exits(1);
    prints(&run, &["encrypted: 0 accounts", "7 photos in the backup; --photos looks for QR codes in them"]);
    let args = ["convert", "--photos", path, "-t", "otpferry", "-o", "o.json", "--json"];
    let run = with_password(&sandbox, PASSWORD, &args).exits(1);
    let report: Value = serde_json::from_str(&run.out).unwrap();
    let said: Vec<&str> =
        report["warnings"].as_array().unwrap().iter().filter_map(|item| item["message"].as_str()).collect();
    let counted = "7 photos in the backup were looked at: 4 with QR codes of accounts or such that cannot be read, 1 with others";
    let closed = "photos in the backup that cannot be opened: 1";
    assert!(said.contains(&counted) && said.contains(&closed), "{said:#?}");
    let files = report["files"].as_array().unwrap().iter().skip(1);
    let files: Vec<_> =
        files.map(|file| (file["path"].as_str().unwrap().to_owned(), &file["encrypted"])).collect();
    let inside = |name: &str| (format!("{path}/{name}"), &Value::Bool(true));
    assert_eq!(
        files,
        [
            inside("On My iPhone/Codes/one.png"),
            inside("Photos/100APPLE/IMG_0001.PNG"),
            inside("Photos/100APPLE/IMG_0006.PNG"),
        ]
    );
    let written = sandbox.json("o.json");
    let of_model = |account: &Value| {
        json!([
            account["kind"],
            account["issuer"],
            account["account"],
            account["secret"],
            account["algorithm"],
            account["digits"],
            account["period"]
        ])
    };
    let all = |list: &Value| -> Vec<Value> { list.as_array().unwrap().iter().map(of_model).collect() };
    assert_eq!(all(&written["accounts"]), all(&expected("ios-backup/with-photos")["photos"]));
}

/// Standard input is not a file that could be looked into again.
#[test]
fn photos_that_cannot_be_looked_at_are_not_passed_over_in_silence() {
    let sandbox = Sandbox::new();
    let packed = fs::read(fixture("ios-backup/packed-photos.zip")).unwrap();
    let password = [("OTPFERRY_PASSWORD", PASSWORD)];
    let run = sandbox.run_with(&["inspect", "--photos", "-"], &packed, &password).exits(1);
    prints(
        &run,
        &[
            "7 photos in the backup, which is inside something else: none was looked at",
            "name the folder of the backup",
        ],
    );
}

#[test]
fn a_plan_reads_the_photos_again_in_its_commands() {
    let sandbox = Sandbox::new();
    let path = fixture("ios-backup/with-photos");
    let run = with_password(&sandbox, PASSWORD, &["plan", "--photos", &path, "--target", "aegis"]);
    prints(
        &run,
        &[&format!("otpferry convert {path} --photos -t aegis"), &format!("verify --ask {path} --photos")],
    );
    assert!(!run.out.contains("it holds no accounts"), "they are in its photos:\n{}", run.out);
}

#[test]
fn photos_that_were_looked_at_in_haste_are_counted() {
    let sandbox = Sandbox::new();
    let path = fixture("ios-backup/with-photos");
    let args = ["inspect", "--photos", "--limit", "seconds=0", &path];
    let run = with_password(&sandbox, PASSWORD, &args).exits(1);
    prints(&run, &["photos in the backup that were not looked at to the end: 6", "--effort max"]);
    assert!(!run.out.contains("--photos looks"), "{}", run.out);
}

/// Half of a transfer that was saved on the phone once holds up nothing, and a backup in the backup is looked into.
#[test]
fn what_was_left_on_the_phone_stops_nothing() {
    let sandbox = Sandbox::new();
    let path = fixture("ios-backup/left-behind");
    let args = ["convert", &path, "-t", "otpferry", "-o", "o.json"];
    let run = with_password(&sandbox, PASSWORD, &args).exits(1);
    prints(&run, &["QR code 2 of 2 is missing", "damaged.md", "org.fedorahosted.freeotp.plist"]);
    let wanted = expected("ios-backup/left-behind");
    let secrets = |list: &Value| -> BTreeMap<String, Value> {
        let accounts = list.as_array().unwrap().iter();
        accounts
            .map(|account| (account["secret"].as_str().unwrap().to_owned(), account["issuer"].clone()))
            .collect()
    };
    let mut all = secrets(&wanted["accounts"]);
    all.extend(secrets(&wanted["inner"]));
    assert_eq!(secrets(&sandbox.json("o.json")["accounts"]), all);
}

/// A file that was written is not all that was on the phone.
#[test]
fn what_stays_on_the_phone_is_said_by_every_command() {
    let sandbox = Sandbox::new();
    let old = "Google Authenticator is on the phone: only what was added before about 2016";
    let path = fixture(ENCRYPTED);
    let convert = with_password(&sandbox, PASSWORD, &["convert", &path, "-t", "otpferry", "-o", "o.json"]);
    prints(&convert.exits(1), &[old, "before you give up the phone"]);
    let plan = with_password(&sandbox, PASSWORD, &["plan", &path, "--target", "aegis"]);
    prints(&plan, &[old, "do not wipe the old phone before they have", "delete it in Finder"]);
    prints(&with_password(&sandbox, PASSWORD, &["verify", &path, "o.json"]), &[old]);
    let path = fixture("ios-backup/without-keychain");
    let run = with_password(&sandbox, PASSWORD, &["convert", &path, "-t", "otpferry", "-o", "p.json"]);
    prints(&run.exits(1), &["Tofu is on the phone: the keychain of this backup was not read"]);
    let run = with_password(&sandbox, PASSWORD, &["inspect", &path]).exits(1);
    let tofu = run.out.lines().find(|line| line.starts_with(" Tofu ")).unwrap();
    assert_eq!(tofu.split_whitespace().nth(1), Some("no"), "{tofu}");
    let path = fixture("ios-backup/with-photos");
    let run = with_password(&sandbox, PASSWORD, &["convert", &path, "-t", "otpferry", "-o", "q.json"]);
    prints(&run.exits(1), &["7 photos in the backup: none was looked at", "--photos looks for QR codes"]);
}
