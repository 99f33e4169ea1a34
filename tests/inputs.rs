//! Where accounts come from and where QR codes go: folders, patterns, standard input, pictures.

#![cfg(test)]

mod support;

use std::fs;

use serde_json::{Value, json};
use support::{Sandbox, assert_adds_up, expected, fixture};

/// The secrets of a canonical file or an expected reading, in order.
fn secrets(file: &Value) -> Vec<Value> {
    file["accounts"].as_array().unwrap().iter().map(|account| account["secret"].clone()).collect()
}

#[test]
fn google_codes_become_numbered_pictures_that_are_read_again() {
    let sandbox = Sandbox::new();
    let args = ["convert", &fixture("otpauth/plain.txt"), "-t", "google-migration", "--per-qr", "4"];
    let run = sandbox.run(&[&args[..], &["-o", "q.png"]].concat()).exits(1);
    assert!(
        run.out.contains("Wrote 10 accounts to q-1-of-3.png to q-3-of-3.png (google-migration)\n"),
        "{}",
        run.out
    );
    assert_eq!(sandbox.names(), ["q-1-of-3.png", "q-2-of-3.png", "q-3-of-3.png"]);
    sandbox.run(&["convert", "q-3-of-3.png", "q-1-of-3.png", "-t", "otpferry"]).exits(11);
    let shuffled = ["convert", "q-3-of-3.png", "q-1-of-3.png", "q-2-of-3.png", "-t", "otpferry"];
    sandbox.run(&shuffled).exits(0);
    let mut wanted = secrets(&expected("otpauth/plain.txt"));
    // The period and the digits of these two are beyond Google Authenticator.
    wanted.drain(1..3);
    assert_eq!(secrets(&sandbox.json("otpferry.json")), wanted);
    sandbox.run(&[&args[..], &["-o", "q.png"]].concat()).exits(9).explains().says(&["q-1-of-3.png"]);
    assert_eq!(sandbox.names(), ["otpferry.json", "q-1-of-3.png", "q-2-of-3.png", "q-3-of-3.png"]);
}

#[test]
fn one_code_keeps_the_name_of_its_picture() {
    let sandbox = Sandbox::new();
    let args = ["convert", &fixture("google-migration/v1.txt"), "-t", "google-migration", "-o"];
    sandbox.run(&[&args[..], &["codes.png"]].concat()).exits(0);
    sandbox.run(&[&args[..], &["codes.svg"]].concat()).exits(0);
    assert_eq!(sandbox.names(), ["codes.png", "codes.svg"]);
    assert!(sandbox.bytes("codes.png").starts_with(b"\x89PNG"));
    assert!(String::from_utf8(sandbox.bytes("codes.svg")).unwrap().contains("<svg"));
    sandbox.run(&["convert", "codes.png", "-t", "otpferry"]).exits(0);
    assert_eq!(secrets(&sandbox.json("otpferry.json")), secrets(&expected("google-migration/v1.txt")));
}

#[test]
fn links_become_one_picture_each() {
    let sandbox = Sandbox::new();
    let input = fixture("otpferry/all-kinds.json");
    sandbox
        .run(&["convert", &input, "-t", "otpauth", "-o", "q.png", "--only", "Acme", "--only", "Quay"])
        .exits(0);
    let names: Vec<String> = (1..=4).map(|part| format!("q-{part}-of-4.png")).collect();
    assert_eq!(sandbox.names(), names);
    sandbox.run(&["convert", "q-*.png", "-t", "otpferry"]).exits(0);
    let wanted = ["maria@example.org", "zero", "max", "mobile"];
    let read: Vec<Value> = sandbox.json("otpferry.json")["accounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a["account"].clone())
        .collect();
    assert_eq!(read, wanted);
}

#[test]
fn a_vault_is_no_picture() {
    let sandbox = Sandbox::new();
    for target in ["aegis", "2fas", "otpferry"] {
        let args = ["convert", &fixture("otpauth/plain.txt"), "-t", target, "-o", "x.png", "--plain"];
        sandbox.run(&args).exits(2).explains().says(&["QR codes"]);
    }
    for number in ["0", "11", "x"] {
        let args = ["convert", &fixture("otpauth/plain.txt"), "-t", "google-migration", "--per-qr", number];
        sandbox.run(&args).exits(2);
    }
    assert!(sandbox.names().is_empty());
}

/// A folder as people have them: exports, QR screenshots, other pictures, notes.
fn full_folder() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.copy("aegis/plain-v1.json", "phone/aegis.json");
    sandbox.copy("pictures/plain.png", "phone/shots/bank.png");
    sandbox.copy("pictures/no-code.png", "phone/shots/beach.png");
    sandbox.copy("pictures/web-address.png", "phone/shots/menu.png");
    sandbox.put("phone/README.txt", "Pictures of the old phone.\n");
    sandbox.copy("otpauth/plain.txt", "phone/.hidden.txt");
    sandbox
}

#[test]
fn a_folder_is_read_and_the_rest_of_it_is_named() {
    let sandbox = full_folder();
    let run = sandbox.run(&["convert", "phone", "-t", "otpferry", "--report", "r.json"]).exits(1);
    for text in [
        "phone/README.txt: not read: no known format in this file\n",
        "phone/shots/beach.png: not read: no QR code was found in the picture\n",
        "phone/shots/menu.png: not read: this is no account but a web address (example.org)\n",
    ] {
        assert!(run.out.contains(text), "\"{text}\" is not in:\n{}", run.out);
    }
    let report = sandbox.json("r.json");
    assert_adds_up(&report);
    let files: Vec<&Value> = report["files"].as_array().unwrap().iter().map(|file| &file["path"]).collect();
    assert_eq!(files, ["phone/aegis.json", "phone/shots/bank.png"]);
    let mut wanted = secrets(&expected("aegis/plain-v1.json"));
    wanted.push(json!(secrets_of_picture()));
    assert_eq!(secrets(&sandbox.json("otpferry.json")), wanted);
}

/// `pictures/plain.png` says what it holds as a link.
fn secrets_of_picture() -> String {
    let link = expected("pictures/plain.png")["payloads"][0].as_str().unwrap().to_owned();
    let query = link.split_once("secret=").unwrap().1;
    query.split('&').next().unwrap().to_owned()
}

#[test]
fn a_note_in_the_folder_is_no_loss() {
    let sandbox = Sandbox::new();
    sandbox.copy("pictures/plain.png", "phone/bank.png");
    sandbox.put("phone/README.txt", "Pictures of the old phone.\n");
    sandbox.run(&["convert", "phone", "-t", "otpferry"]).exits(0);
}

#[test]
fn a_pattern_is_expanded_when_the_shell_did_not() {
    let sandbox = full_folder();
    let run = sandbox.run(&["inspect", "phone/shots/*.png", "--json"]).exits(1);
    assert_eq!(run.json()["files"].as_array().unwrap().len(), 1);
    assert_eq!(run.json()["warnings"].as_array().unwrap().len(), 2);
    sandbox.run(&["inspect", "phone/*.tiff"]).exits(3).explains();
}

#[test]
fn a_named_file_that_cannot_be_read_stops_the_run() {
    let sandbox = full_folder();
    let args = ["convert", "phone/aegis.json", "phone/README.txt", "-t", "otpferry"];
    sandbox.run(&args).exits(4).explains().says(&["phone/README.txt"]);
    let args = ["convert", "phone/aegis.json", "phone/shots/beach.png", "-t", "otpferry"];
    sandbox.run(&args).exits(1);
    assert_eq!(
        sandbox.json("otpferry.json")["accounts"].as_array().unwrap().len(),
        expected("aegis/plain-v1.json")["accounts"].as_array().unwrap().len()
    );
}

#[test]
fn standard_input_may_be_text_a_picture_or_a_database() {
    for (input, count) in [
        ("otpauth/plain.txt", 12),
        (
            "otpauth/utf16le-bom.txt",
            expected("otpauth/utf16le-bom.txt")["accounts"].as_array().unwrap().len(),
        ),
        ("google-migration/qr-10-accounts.png", 10),
        ("aegis/plain-v3-groups-icons.json", 13),
        ("microsoft/v26-all-kinds.sqlite", 9),
    ] {
        let sandbox = Sandbox::new();
        let bytes = fs::read(fixture(input)).unwrap();
        let run = sandbox.run_with(&["inspect", "-", "--json"], &bytes, &[]);
        let file = &run.json()["files"][0];
        assert_eq!(file["path"], "-");
        assert_eq!(file["accounts"].as_array().unwrap().len(), count, "{input}");
        let run = sandbox.run_with(&["convert", "-", "-t", "otpferry", "-o", "-", "-q"], &bytes, &[]);
        assert_eq!(run.json()["accounts"].as_array().unwrap().len(), count, "{input}");
        assert!(sandbox.names().is_empty());
    }
}

#[test]
fn standard_input_is_read_once() {
    let sandbox = Sandbox::new();
    sandbox.run(&["convert", "-", "-", "-t", "otpferry"]).exits(2).explains().says(&["standard input"]);
    let bytes = fs::read(fixture("otpauth/plain.txt")).unwrap();
    let other = fixture("google-migration/v1.txt");
    let run = sandbox.run_with(&["inspect", &other, "-", "--json"], &bytes, &[]).exits(0);
    assert_eq!(run.json()["files"].as_array().unwrap().len(), 2);
}

#[test]
fn a_format_can_be_forced_and_has_to_fit() {
    let sandbox = Sandbox::new();
    let plain = fixture("otpauth/plain.txt");
    sandbox.run(&["convert", &plain, "-f", "otpauth", "-t", "otpferry", "-o", "a"]).exits(0);
    sandbox.run(&["convert", &plain, "-f", "uri", "-t", "canonical", "-o", "b"]).exits(0);
    for format in ["aegis", "2fas", "otpferry", "microsoft"] {
        let run = sandbox.run(&["convert", &plain, "-f", format, "-t", "otpferry"]).explains();
        assert!(matches!(run.exit, Some(4 | 5)), "{format}: {:?}", run.exit);
    }
    for args in [["-f", "nope", "-t", "otpferry"], ["-f", "aegis", "-t", "nope"]] {
        let run = sandbox.run(&[&["convert", &plain][..], &args].concat()).exits(2).explains();
        run.says(&["there is no format \"nope\"", "google-migration"]);
    }
    let run = sandbox.run(&["convert", &plain, "-t", "microsoft"]).exits(4).explains();
    run.says(&["Microsoft Authenticator (Android database) can be read but not written"]);
    assert_eq!(sandbox.names(), ["a", "b"]);
}

#[test]
fn a_log_beside_the_database_is_read_with_it() {
    let sandbox = Sandbox::new();
    sandbox.copy("microsoft/wal-changes/PhoneFactor", "db/PhoneFactor");
    sandbox.copy("microsoft/wal-changes/PhoneFactor-wal", "db/PhoneFactor-wal");
    for input in ["db", "db/PhoneFactor"] {
        let run = sandbox.run(&["convert", input, "-t", "otpferry", "-o", "-", "-q"]);
        assert_eq!(secrets(&run.json()), secrets(&expected("microsoft/wal-changes/PhoneFactor")), "{input}");
    }
}

#[test]
fn a_list_beside_encrypted_files_is_read_with_each() {
    let sandbox = Sandbox::new();
    let files = ["1001.maFile", "1002.maFile"];
    for name in files.into_iter().chain(["manifest.json"]) {
        sandbox.copy(&format!("steam/sda-encrypted/{name}"), &format!("maFiles/{name}"));
    }
    fs::write(sandbox.path("pw"), "canary-password-plain-1\n").unwrap();
    let wanted: Vec<Value> =
        files.iter().flat_map(|name| secrets(&expected(&format!("steam/sda-encrypted/{name}")))).collect();
    for inputs in [&["maFiles"][..], &["maFiles/1001.maFile", "maFiles/1002.maFile"]] {
        let options = ["-t", "otpferry", "-o", "-", "-q", "--password-file", "pw"];
        let run = sandbox.run(&[&["convert"][..], inputs, &options].concat());
        assert_eq!(secrets(&run.json()), wanted, "{inputs:?}");
    }
    fs::remove_file(sandbox.path("maFiles/manifest.json")).unwrap();
    let run = sandbox.run(&["inspect", "maFiles/1001.maFile", "--password-file", "pw"]).exits(5).explains();
    run.says(&["manifest.json"]);
}
