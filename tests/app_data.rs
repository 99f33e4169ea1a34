//! A folder of Android app data, copied or unpacked from a device backup: files are known by what is in
//! them, whatever they are called and wherever they lie.

#![cfg(test)]

mod support;

use std::fs;

use serde_json::Value;
use support::{PASSWORD, Sandbox, WRONG_PASSWORD, assert_adds_up, expected, fixture};

/// Fixture, place in the folder, names of the database's or file's own companions.
const HOLDING: [(&str, &str); 8] = [
    ("google-sqlite/all-kinds.sqlite", "apps/com.google.android.apps.authenticator2/db/databases"),
    ("microsoft/v24-all-kinds.sqlite", "data/data/com.azure.authenticator/databases/PhoneFactor"),
    ("authy/prefs-plain.xml", "apps/com.authy.authy/sp/com.authy.storage.tokens.authenticator.xml"),
    ("freeotp/v1.xml", "apps/org.fedorahosted.freeotp/sp/tokens.xml"),
    ("duo/all-kinds.json", "apps/com.duosecurity.duomobile/f/duokit/accounts.json"),
    ("battlenet/messenger.xml", "data/user/0/com.blizzard.messenger/shared_prefs/prefs.xml"),
    ("totp-authenticator/prefs.xml", "apps/com.authenticator.authservice2/sp/shared.xml"),
    ("steam/android-accounts.json", "apps/com.valvesoftware.android.steam.community/f/Steamguard-1"),
];

/// What lies around them: nothing of it is an account, and nothing is worth stopping for.
const NOISE: [(&str, &[u8]); 10] = [
    ("apps/com.authy.authy/_manifest", b"1\ncom.authy.authy\n263\n30\ncom.android.vending\n1\n"),
    (
        "apps/com.authy.authy/sp/other.xml",
        b"<?xml version='1.0'?>\n<map><int name=\"launches\" value=\"7\" /></map>\n",
    ),
    ("apps/com.authy.authy/db/empty.db", b""),
    ("apps/com.azure.authenticator/f/cache.bin", b"\x00\x01\x02\x03cache"),
    ("apps/com.azure.authenticator/f/settings.json", b"{\"theme\":\"dark\",\"items\":[1,2]}"),
    ("apps/com.azure.authenticator/f/log.txt", b"2024-05-01 started\n2024-05-02 stopped\n"),
    (
        "apps/org.fedorahosted.freeotp/sp/com.google.firebase.xml",
        b"<map><string name=\"id\">abc</string></map>",
    ),
    ("apps/org.fedorahosted.freeotp/f/profileInstalled", b"\x7FELF\x02\x01"),
    ("shared/0/readme.md", b"# notes\nnothing here\n"),
    ("shared/0/table.csv", b"name,phone\nbob,1\n"),
];

fn phone() -> Sandbox {
    let sandbox = Sandbox::new();
    for (name, place) in HOLDING {
        put(&sandbox, place, &fs::read(fixture(name)).unwrap());
    }
    for (place, bytes) in NOISE {
        put(&sandbox, place, bytes);
    }
    // A database of another app.
    put(
        &sandbox,
        "apps/com.example/db/other.db",
        &fs::read(fixture("microsoft/other-database.sqlite")).unwrap(),
    );
    sandbox
}

fn put(sandbox: &Sandbox, place: &str, bytes: &[u8]) {
    let path = sandbox.path("phone").join(place);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Kind, issuer, account and secret of every account, in any order.
fn accounts(list: &Value) -> Vec<String> {
    let fields = ["kind", "issuer", "account", "secret", "digits", "period", "counter"];
    let line = |account: &Value| fields.map(|field| account[field].to_string()).join(" ");
    let mut lines: Vec<String> = list["accounts"].as_array().unwrap().iter().map(line).collect();
    lines.sort();
    lines
}

fn wanted() -> Vec<String> {
    let mut lines: Vec<String> = HOLDING.iter().flat_map(|(name, _)| accounts(&expected(name))).collect();
    lines.sort();
    lines
}

#[test]
fn every_app_is_found_among_the_rest() {
    let sandbox = phone();
    let run =
        sandbox.run(&["convert", "phone", "-t", "otpferry", "-o", "all.json", "--report", "r.json"]).exits(1);
    let report = sandbox.json("r.json");
    assert_adds_up(&report);
    let read = accounts(&sandbox.json("all.json"));
    let repeated = report["duplicates"].as_array().unwrap().len();
    let mut distinct = wanted();
    distinct.dedup();
    // Accounts that two apps have are told as repeated, all others are there once.
    assert_eq!(read.len() + repeated, wanted().len(), "{}", run.out);
    assert!(distinct.iter().all(|line| read.contains(line)), "{}", run.out);
    let files: Vec<&str> = report["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["format"].as_str().unwrap_or_default())
        .collect();
    for format in
        ["authy", "battlenet", "duo", "freeotp", "google-sqlite", "microsoft", "steam", "totp-authenticator"]
    {
        assert!(files.contains(&format), "{format} in {files:?}");
    }
    // What is not read is said to be so, and asks for nothing.
    let codes: Vec<&str> =
        report["warnings"].as_array().unwrap().iter().map(|item| item["code"].as_str().unwrap()).collect();
    assert_eq!(codes.iter().filter(|code| **code == "not-read").count(), 0, "{}", run.out);
}

#[test]
fn names_do_not_matter() {
    let sandbox = Sandbox::new();
    for (at, (name, _)) in HOLDING.into_iter().enumerate() {
        put(&sandbox, &format!("{at}"), &fs::read(fixture(name)).unwrap());
    }
    sandbox.run(&["convert", "phone", "-t", "otpferry", "-o", "all.json"]).exits(1);
    let read = accounts(&sandbox.json("all.json"));
    let mut distinct = wanted();
    distinct.dedup();
    assert!(distinct.iter().all(|line| read.contains(line)));
}

#[test]
fn a_database_is_read_with_its_log_and_a_damaged_one_is_named() {
    let sandbox = Sandbox::new();
    let place = "apps/com.azure.authenticator/db/PhoneFactor";
    put(&sandbox, place, &fs::read(fixture("microsoft/wal-changes/PhoneFactor")).unwrap());
    put(
        &sandbox,
        &format!("{place}-wal"),
        &fs::read(fixture("microsoft/wal-changes/PhoneFactor-wal")).unwrap(),
    );
    put(
        &sandbox,
        "apps/com.google/db/databases",
        &fs::read(fixture("google-sqlite/truncated.sqlite")).unwrap(),
    );
    sandbox.run(&["convert", "phone", "-t", "otpferry", "-o", "all.json", "--report", "r.json"]).exits(1);
    assert_eq!(accounts(&sandbox.json("all.json")), accounts(&expected("microsoft/wal-changes/PhoneFactor")));
    let warnings = sandbox.json("r.json")["warnings"].clone();
    let named = warnings.as_array().unwrap().iter().any(|item| {
        item["code"] == "not-read" && item["file"].as_str().unwrap().ends_with("com.google/db/databases")
    });
    assert!(named, "{warnings}");
}

#[test]
fn an_encrypted_file_asks_for_its_password() {
    let sandbox = phone();
    put(
        &sandbox,
        "apps/com.authy.authy/sp/encrypted.xml",
        &fs::read(fixture("authy/prefs-encrypted.xml")).unwrap(),
    );
    let args = ["convert", "phone", "-t", "otpferry", "-o", "all.json"];
    sandbox.run(&args).exits(6).explains().says(&["encrypted.xml", "take it out of the folder"]);
    let password = expected("authy/prefs-encrypted.xml")["password"].as_str().unwrap().to_owned();
    sandbox.run_with(&args, b"", &[("OTPFERRY_PASSWORD", &password)]).exits(1);
    let read = accounts(&sandbox.json("all.json"));
    assert!(accounts(&expected("authy/prefs-encrypted.xml")).iter().all(|line| read.contains(line)));
}

/// What the phone has encrypted is like no file of any format, and still no file like any other.
#[test]
fn a_file_in_which_an_app_keeps_its_accounts_is_not_passed_over() {
    let sandbox = phone();
    let place = "data/data/com.google.android.apps.authenticator2/databases/databases";
    put(&sandbox, place, &[0x9A; 4096]);
    let step = "Use Transfer accounts > Export in the app, and photograph its QR codes";
    let message = "Google Authenticator keeps its accounts in this file, and it cannot be read";
    let run = sandbox.run(&["convert", "phone", "-t", "otpferry", "-o", "o.json", "--json"]).exits(1);
    let report: Value = serde_json::from_str(&run.out).unwrap();
    let told =
        report["warnings"].as_array().unwrap().iter().find(|item| item["file"] == format!("phone/{place}"));
    let told = told.unwrap_or_else(|| panic!("{report:#}"));
    assert_eq!((&told["code"], &told["next_step"]), (&"not-read".into(), &step.into()));
    assert_eq!(told["message"], format!("not read: {message}"));
    // In a backup that was unpacked as well.
    put(&sandbox, "old/apps/com.stratumauth.app/db/authenticator.db3", &[0x9A; 4096]);
    let run = sandbox.run(&["convert", "phone", "-t", "otpferry", "-o", "p.json"]).exits(1);
    assert!(run.out.contains("Stratum keeps its accounts in this file"), "{}", run.out);
    // Alone, named or in its folder.
    for input in [place, "data/data/com.google.android.apps.authenticator2"] {
        sandbox.run(&["inspect", &format!("phone/{input}")]).exits(4).says(&[message, step]);
    }
}

/// As in an archive of the same folder: what cannot be read of an app is told, whatever lies in its folder.
#[test]
fn apps_of_which_nothing_is_read_are_named() {
    let sandbox = Sandbox::new();
    let told = |message: &str, step: &str| {
        (format!("{message}: its database is encrypted by the phone, or damaged"), step.to_owned())
    };
    let ente = told(
        "Ente Auth is there, but its accounts cannot be read",
        "Export a file in the app: Settings > Data > Export",
    );
    let two_fas = told(
        "2FAS is there, but its accounts cannot be read",
        "Export a file in the app: Settings > 2FAS Backup > Export",
    );
    put(&sandbox, "io.ente.auth/databases/ente.authenticator.db", &[0x9A; 4096]);
    put(&sandbox, "io.ente.auth/shared_prefs/other.xml", b"<map><int name=\"launches\" value=\"7\" /></map>");
    sandbox.run(&["inspect", "phone"]).exits(4).says(&[&ente.0, &ente.1]);
    put(&sandbox, "com.twofasapp/databases/database-2fas", &[0x9A; 4096]);
    sandbox.run(&["inspect", "phone"]).exits(4).says(&[&ente.0, &two_fas.0]);
    put(
        &sandbox,
        "org.fedorahosted.freeotp/shared_prefs/tokens.xml",
        &fs::read(fixture("freeotp/v1.xml")).unwrap(),
    );
    let run = sandbox.run(&["convert", "phone", "-t", "otpferry", "-o", "o.json", "--json"]).exits(1);
    let report: Value = serde_json::from_str(&run.out).unwrap();
    let items = report["warnings"].as_array().unwrap().iter().filter(|item| item["code"] == "not-read");
    let items: Vec<_> = items
        .map(|item| {
            (item["message"].as_str().unwrap().to_owned(), item["next_step"].as_str().unwrap().to_owned())
        })
        .collect();
    assert_eq!(items, [two_fas, ente]);
}

/// There is nothing else in the backup: then it is as with the file itself.
#[test]
fn the_password_of_the_only_file_inside_is_asked_for() {
    let sandbox = Sandbox::new();
    let path = fixture("android-backup/only-locked.tar");
    let inside = "com.beemdevelopment.aegis/files/aegis.json";
    let args = ["convert", &path, "-t", "otpferry", "-o", "o.json"];
    sandbox.run(&args).exits(6).says(&[inside, "no password was given"]);
    let with = |password: &str| sandbox.run_with(&args, b"", &[("OTPFERRY_PASSWORD", password)]);
    with(WRONG_PASSWORD).exits(7).says(&[inside]);
    with(PASSWORD).exits(0);
    let wanted = expected("android-backup/only-locked.tar");
    assert_eq!(accounts(&sandbox.json("o.json")), accounts(&wanted));
}

#[test]
fn only_a_journal_that_can_undo_something_is_told() {
    for (journal, is_told) in
        [(&b"\xD9\xD5\x05\xF9\x20\xA1\x63\xD7\0\0\0\x01"[..], true), (&[0; 512][..], false), (b"", false)]
    {
        let sandbox = Sandbox::new();
        let (_, place) = HOLDING[0];
        put(&sandbox, place, &fs::read(fixture(HOLDING[0].0)).unwrap());
        put(&sandbox, &format!("{place}-journal"), journal);
        let run = sandbox.run(&["inspect", "phone", "--json"]);
        let output: Value = serde_json::from_str(&run.out).unwrap();
        let mut codes = output["files"][0]["warnings"].as_array().unwrap().iter().map(|item| &item["code"]);
        assert_eq!(codes.any(|code| code == "database-in-change"), is_told, "{output:#}");
    }
}

/// Apps encrypt what they like: that it has the shape of some format says nothing there.
#[test]
fn what_another_app_has_encrypted_stops_nothing() {
    let sandbox = phone();
    let noise: Vec<u8> = (0..40_960_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    sandbox.put("signal.db", &noise);
    sandbox.run(&["convert", "phone", "-t", "otpferry", "-o", "before.json"]).exits(1);
    sandbox.run(&["inspect", "signal.db"]).exits(6);
    for place in ["org.thoughtcrime.securesms/databases/signal.db", "data/data/com.example/files/x.enc"] {
        put(&sandbox, place, &noise);
    }
    sandbox.run(&["convert", "phone", "-t", "otpferry", "-o", "o.json"]).exits(1);
    assert_eq!(accounts(&sandbox.json("o.json")), accounts(&sandbox.json("before.json")));
}

#[test]
fn what_was_not_read_of_an_app_is_not_said_to_come_along() {
    let sandbox = Sandbox::new();
    let password = [("OTPFERRY_PASSWORD", WRONG_PASSWORD)];
    let args = ["inspect", "--json", "two.tar"];
    sandbox.put("two.tar", fs::read(fixture("android-backup/two-apps-one-locked.tar")).unwrap());
    let output: Value = serde_json::from_str(&sandbox.run_with(&args, b"", &password).exits(1).out).unwrap();
    let apps = output["files"][0]["phone"]["apps"].as_array().unwrap();
    let hopes: Vec<_> = apps.iter().map(|app| (&app["name"], &app["hope"])).collect();
    assert_eq!(hopes, [(&"FreeOTP".into(), &"yes".into()), (&"Aegis".into(), &"no".into())]);
}

/// Folders say whose a file is, also when it is named alone.
#[test]
fn the_folder_of_a_named_file_counts() {
    let sandbox = Sandbox::new();
    let place = "com.authy.authy/2024-05-01-10-10-10-user_0/data.tar.gz.enc";
    put(&sandbox, place, &[0x9A; 100]);
    sandbox.run(&["inspect", &format!("phone/{place}")]).exits(4).says(&["Neo Backup"]);
}

/// That a log cannot be read is said once, and not that there is none.
#[test]
fn a_log_that_cannot_be_read_is_not_said_to_be_missing() {
    let sandbox = Sandbox::new();
    sandbox.put("copy.tar", fs::read(fixture("android-backup/log-is-a-link.tar")).unwrap());
    let run = sandbox.run(&["inspect", "copy.tar"]).exits(1);
    assert!(run.out.contains("was read without the log beside it, which is only a link"), "{}", run.out);
    assert!(!run.out.contains("is not beside it"), "{}", run.out);
}

/// Of a backup that is larger than the limit of bytes nothing is in memory but what is taken out of it.
#[test]
fn a_backup_may_be_larger_than_the_limit() {
    let zeros = |mut file: Vec<u8>| {
        file.resize(file.len() + 20_000, 0);
        file
    };
    // The comment at the end of a zip, after its length.
    let comment = |mut file: Vec<u8>| {
        let at = file.len() - 2;
        file[at..].copy_from_slice(&20_000_u16.to_le_bytes());
        file.resize(file.len() + 20_000, b'x');
        file
    };
    type Padding<'p> = &'p dyn Fn(Vec<u8>) -> Vec<u8>;
    let packings: [(&str, Padding<'_>); 5] = [
        ("copy.tar", &|file| file),
        ("copy.tar.gz", &zeros),
        ("copy.zip", &comment),
        ("v5-not-packed.ab", &|file| file),
        ("v3-plain.ab", &zeros),
    ];
    for (name, padding) in packings {
        let sandbox = Sandbox::new();
        let fixture = format!("android-backup/{name}");
        let file = padding(fs::read(support::fixture(&fixture)).unwrap());
        assert!(file.len() > 10_000, "{name}");
        sandbox.put(name, file);
        let args = ["convert", name, "-t", "otpferry", "-o", "o.json", "--limit", "bytes=10000"];
        sandbox.run_with(&args, b"", &[("OTPFERRY_PASSWORD", PASSWORD)]);
        assert_eq!(accounts(&sandbox.json("o.json")), accounts(&expected(&fixture)), "{name}");
    }
}

/// Whatever else is too large is refused before it is read, also when it is packed in the same way.
#[test]
fn other_large_files_are_too_large() {
    let sandbox = Sandbox::new();
    for (name, fixture) in [("1.zip", "bitwarden/attachments.zip"), ("2.txt", "otpauth/comments.txt")] {
        sandbox.put(name, fs::read(support::fixture(fixture)).unwrap());
        sandbox
            .run(&["inspect", name, "--limit", "bytes=100"])
            .exits(10)
            .says(&["over the limit", "--limit bytes="]);
    }
}
