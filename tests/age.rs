//! Files encrypted with age around any format, in both directions.

#![cfg(test)]

mod support;

use std::fs;
use std::io::Write;

use age::armor::{ArmoredWriter, Format};
use age::secrecy::{ExposeSecret, SecretString};
use age::x25519::Identity;
use support::{PASSWORD, SECOND_PASSWORD, Sandbox, WRONG_PASSWORD, fixture, holds_a_secret};

const PLAIN: &str = "otpauth/plain.txt";

/// Encrypts with the age library, not with the program.
fn encrypt(encryptor: age::Encryptor, format: Format, content: &[u8]) -> Vec<u8> {
    let armor = ArmoredWriter::wrap_output(Vec::new(), format).unwrap();
    let mut writer = encryptor.wrap_output(armor).unwrap();
    writer.write_all(content).unwrap();
    writer.finish().and_then(ArmoredWriter::finish).unwrap()
}

fn to_key(key: &Identity) -> age::Encryptor {
    let recipient = key.to_public();
    age::Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient)).unwrap()
}

fn to_passphrase(passphrase: &str) -> age::Encryptor {
    let mut recipient = age::scrypt::Recipient::new(SecretString::from(passphrase.to_owned()));
    // Cheap: what is tested is not the cost.
    recipient.set_work_factor(10);
    age::Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient)).unwrap()
}

/// A key and its file in the sandbox.
fn key_file(sandbox: &Sandbox, name: &str) -> Identity {
    let key = Identity::generate();
    sandbox.put(name, format!("# created by a test\n{}\n", key.to_string().expose_secret()));
    key
}

fn content(name: &str) -> Vec<u8> {
    fs::read(fixture(name)).unwrap()
}

#[test]
fn an_output_is_sealed_to_a_recipient_and_opened_with_its_key() {
    let sandbox = Sandbox::new();
    let key = key_file(&sandbox, "key");
    let recipient = key.to_public().to_string();
    let run = sandbox.run(&["convert", &fixture(PLAIN), "-t", "otpauth", "-r", &recipient]).exits(0);
    assert!(run.out.contains("Wrote 12 accounts to otpauth.txt.age (otpauth, encrypted)\n"), "{}", run.out);
    assert!(!run.out.contains("without protection"));
    let sealed = sandbox.bytes("otpauth.txt.age");
    assert!(sealed.starts_with(b"age-encryption.org/v1\n") && !holds_a_secret(&sealed));
    let opened = age::decrypt(&key, &sealed).unwrap();
    assert_eq!(opened.iter().filter(|byte| **byte == b'\n').count(), 12);
    let run = sandbox.run(&["inspect", "otpauth.txt.age", "-i", "key", "--json"]).exits(0);
    assert_eq!(run.json()["files"][0]["encrypted"], true);
    assert_eq!(run.json()["files"][0]["accounts"].as_array().unwrap().len(), 12);
}

#[test]
fn several_recipients_can_each_open_it() {
    let sandbox = Sandbox::new();
    let keys = [key_file(&sandbox, "one"), key_file(&sandbox, "two")];
    let recipients = keys.each_ref().map(|key| key.to_public().to_string());
    let args = [
        "convert",
        &fixture(PLAIN),
        "-t",
        "aegis,otpferry",
        "-o",
        "out/",
        "-r",
        &recipients[0],
        "-r",
        &recipients[1],
    ];
    sandbox.run(&args).exits(0);
    assert_eq!(
        sandbox.names(),
        ["one", "out/", "out/aegis-export-plain.json.age", "out/otpferry.json.age", "two"]
    );
    for key in ["one", "two"] {
        let run = sandbox.run(&["inspect", "out", "-i", key, "--json"]).exits(0);
        assert_eq!(run.json()["files"].as_array().unwrap().len(), 2);
    }
}

#[test]
fn keys_that_do_not_fit_and_keys_that_are_missing() {
    let sandbox = Sandbox::new();
    let key = key_file(&sandbox, "right");
    key_file(&sandbox, "wrong");
    sandbox.put("no-key", "hello\n");
    sandbox.put("x.age", encrypt(to_key(&key), Format::Binary, &content(PLAIN)));
    let before = sandbox.names();
    let base = ["convert", "x.age", "-t", "otpferry", "-o", "out/"];
    sandbox.run(&base).exits(6).explains().says(&["x.age", "-i FILE"]);
    sandbox.run(&[&base[..], &["-i", "wrong"]].concat()).exits(7).says(&["x.age", "none of the given keys"]);
    sandbox.run(&[&base[..], &["-i", "no-key"]].concat()).exits(2).explains().says(&["no-key"]);
    sandbox.run(&[&base[..], &["-i", "absent"]].concat()).exits(3).explains().says(&["absent"]);
    assert_eq!(sandbox.names(), before);
    sandbox.run(&[&base[..], &["-i", "wrong", "-i", "right"]].concat()).exits(0);
    let args = ["convert", &fixture(PLAIN), "-t", "otpauth", "-r", "age1bogus"];
    sandbox.run(&args).exits(2).explains();
}

#[test]
fn an_armored_file_is_read_as_well() {
    let sandbox = Sandbox::new();
    let key = key_file(&sandbox, "key");
    let armored = encrypt(to_key(&key), Format::AsciiArmor, &content(PLAIN));
    assert!(armored.starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----"));
    let run = sandbox.run_with(&["inspect", "-", "-i", "key", "--json"], &armored, &[]).exits(0);
    assert_eq!(run.json()["files"][0]["accounts"].as_array().unwrap().len(), 12);
}

#[test]
fn any_format_may_be_inside() {
    let sandbox = Sandbox::new();
    let key = key_file(&sandbox, "key");
    sandbox.put("password", PASSWORD);
    for (input, count) in [
        ("aegis/plain-v3-groups-icons.json", 13),
        ("aegis/encrypted-v3.json", 13),
        ("google-migration/qr-10-accounts.png", 10),
        ("microsoft/v26-all-kinds.sqlite", 9),
    ] {
        sandbox.put("x.age", encrypt(to_key(&key), Format::Binary, &content(input)));
        let args = ["inspect", "x.age", "-i", "key", "--password-file", "password", "--json"];
        let run = sandbox.run(&args);
        assert_eq!(run.json()["files"][0]["accounts"].as_array().unwrap().len(), count, "{input}");
        assert_eq!(run.json()["files"][0]["encrypted"], true);
    }
    let inner = encrypt(to_key(&key), Format::AsciiArmor, &content(PLAIN));
    sandbox.put("twice.age", encrypt(to_passphrase(PASSWORD), Format::Binary, &inner));
    sandbox.run(&["inspect", "twice.age", "-i", "key", "--age-passphrase-file", "password"]).exits(0);
}

#[test]
fn a_passphrase_opens_an_input() {
    let sandbox = Sandbox::new();
    sandbox.put("right", format!("{WRONG_PASSWORD}\n{PASSWORD}\n"));
    sandbox.put("wrong", WRONG_PASSWORD);
    sandbox.put("x.age", encrypt(to_passphrase(PASSWORD), Format::Binary, &content(PLAIN)));
    let before = sandbox.names();
    let base = ["convert", "x.age", "-t", "otpauth"];
    sandbox.run(&base).exits(6).explains().says(&["x.age", "--age-passphrase-file FILE"]);
    sandbox.run(&[&base[..], &["--age-passphrase-file", "wrong"]].concat()).exits(7).says(&["x.age"]);
    sandbox.run_with(&base, b"", &[("OTPFERRY_PASSWORD", WRONG_PASSWORD)]).exits(7);
    assert_eq!(sandbox.names(), before);
    sandbox.run(&[&base[..], &["--age-passphrase-file", "right"]].concat()).exits(0);
    // It was for reading: the output is not sealed, and its name does not say so.
    assert!(sandbox.bytes("otpauth.txt").starts_with(b"otpauth://"));
    let inspect = ["inspect", "x.age"];
    sandbox.run_with(&inspect, b"", &[("OTPFERRY_PASSWORD", PASSWORD)]).exits(0);
}

#[test]
fn the_name_says_whether_the_app_or_age_encrypts() {
    let sandbox = Sandbox::new();
    sandbox.put("pass", PASSWORD);
    sandbox.put("new", SECOND_PASSWORD);
    sandbox.put("x.age", encrypt(to_passphrase(PASSWORD), Format::Binary, &content(PLAIN)));
    let args = ["convert", "x.age", "-t", "aegis", "--age-passphrase-file", "pass"];
    sandbox.run(&args).exits(6).explains();
    sandbox.run(&[&args[..], &["--new-password-file", "new"]].concat()).exits(0);
    assert_eq!(sandbox.names(), ["aegis-export.json", "new", "pass", "x.age"]);
    sandbox.run(&["inspect", "aegis-export.json", "--password-file", "new"]).exits(0);
}

#[test]
fn a_passphrase_seals_an_output() {
    let sandbox = Sandbox::new();
    sandbox.put("pass", PASSWORD);
    let base = ["convert", &fixture(PLAIN), "-t", "otpferry", "--age-passphrase-file", "pass"];
    sandbox.run(&base).exits(0);
    sandbox.run(&[&base[..], &["-o", "named.age"]].concat()).exits(0);
    assert_eq!(sandbox.names(), ["named.age", "otpferry.json.age", "pass"]);
    for name in ["named.age", "otpferry.json.age"] {
        assert!(!holds_a_secret(&sandbox.bytes(name)));
        let run = sandbox.run(&["inspect", name, "--age-passphrase-file", "pass", "--json"]).exits(0);
        assert_eq!(run.json()["files"][0]["format"], "otpferry");
    }
    let reseal =
        ["convert", "named.age", "-t", "otpauth", "--age-passphrase-file", "pass", "-o", "again.age"];
    sandbox.run(&reseal).exits(0);
    assert!(sandbox.bytes("again.age").starts_with(b"age-encryption.org/v1\n"));
}

#[test]
fn an_age_name_without_a_key_is_refused() {
    let sandbox = Sandbox::new();
    let args = ["convert", &fixture(PLAIN), "-t", "otpauth", "-o", "x.age"];
    sandbox.run(&args).exits(2).explains().says(&["-r age1", "--age-passphrase-file FILE"]);
    assert!(sandbox.names().is_empty());
}

#[test]
fn a_damaged_age_file_is_no_wrong_key() {
    let sandbox = Sandbox::new();
    let key = key_file(&sandbox, "key");
    let sealed = encrypt(to_key(&key), Format::Binary, &content(PLAIN));
    for (what, bytes) in [
        ("cut in the header", sealed[..60].to_vec()),
        ("cut in the body", sealed[..sealed.len() - 40].to_vec()),
        ("changed in the body", [&sealed[..sealed.len() - 1], &[sealed[sealed.len() - 1] ^ 1]].concat()),
        ("of a later version", [b"age-encryption.org/v9".as_slice(), &sealed[21..]].concat()),
    ] {
        sandbox.put("x.age", bytes);
        let run = sandbox.run(&["convert", "x.age", "-t", "otpauth", "-i", "key"]);
        assert!(matches!(run.exit, Some(4 | 5)), "{what}: {:?} {}", run.exit, run.err);
        assert!(run.err.starts_with("otpferry: x.age: "), "{what}: {}", run.err);
        assert_eq!(sandbox.names(), ["key", "x.age"]);
    }
}
