//! Whole files are read in `tests/goldens.rs`; here is what is refused, and what the user is told.

use super::*;
use crate::ctx::{KeyFile, NoPasswords};
use crate::error::ErrorKind;
use crate::model::SecretText;
use crate::testing;

const WITH_FILE: &[u8] = include_bytes!("../../../../fixtures/keepass/key-xml-2.kdbx");
const FILE_ALONE: &[u8] = include_bytes!("../../../../fixtures/keepass/key-alone.kdbx");

fn decode(bytes: &[u8], passwords: &[&str], key_files: &[&[u8]]) -> Result<Vault, Error> {
    let given: Vec<SecretText> = passwords.iter().map(|text| SecretText::new(*text)).collect();
    let file = |bytes: &&[u8]| KeyFile { name: "a.keyx".to_owned(), bytes: bytes.to_vec().into() };
    let key_files: Vec<KeyFile> = key_files.iter().map(file).collect();
    testing::with_key_files(&mut given.as_slice(), &key_files, |ctx| KeePass.decode(&Input::new(bytes), ctx))
}

const PASSWORD: &str = "canary-password-plain-1";
const KEY: &[u8] = include_bytes!("../../../../fixtures/keepass/key-xml-2.kdbx.key");
const OTHER_KEY: &[u8] = include_bytes!("../../../../fixtures/keepass/key-alone.kdbx.key");

#[test]
fn passwords_and_key_files_are_tried_together_and_alone() {
    assert_eq!(decode(WITH_FILE, &["x", PASSWORD], &[OTHER_KEY, KEY]).unwrap().accounts.len(), 1);
    assert_eq!(decode(FILE_ALONE, &[], &[KEY, OTHER_KEY]).unwrap().accounts.len(), 1);
    let without = include_bytes!("../../../../fixtures/keepass/wrong-password.kdbx");
    assert_eq!(decode(without, &[PASSWORD], &[KEY]).unwrap().accounts.len(), 1);
}

#[test]
fn a_missing_key_file_is_thought_of() {
    let error =
        |passwords: &[&str], key_files: &[&[u8]]| decode(WITH_FILE, passwords, key_files).unwrap_err();
    let wrong = error(&[PASSWORD], &[]);
    assert_eq!(wrong.kind, ErrorKind::WrongPassword);
    assert!(wrong.next_step.unwrap().contains("--key-file"));
    let none = error(&[], &[]);
    assert_eq!(none.kind, ErrorKind::PasswordNeeded);
    assert!(none.next_step.unwrap().contains("--key-file"));
    let both = error(&[PASSWORD], &[OTHER_KEY]);
    assert_eq!(both.kind, ErrorKind::WrongPassword);
    assert!(both.message.contains("key file"));
    assert_eq!(error(&[], &[KEY]).kind, ErrorKind::PasswordNeeded);
}

fn xml(inner: &str) -> Result<Vault, Error> {
    let text = format!("<KeePassFile><Root>{inner}</Root></KeePassFile>");
    testing::with_ctx(&mut NoPasswords, |ctx| KeePass.decode(&Input::new(text.as_bytes()), ctx))
}

#[test]
fn deep_and_long_things_are_refused() {
    assert_eq!(xml(&"<Group>".repeat(1000)).unwrap_err().kind, ErrorKind::Malformed);
    let name = format!("<Group><Group><Name>{}</Name></Group></Group>", "x".repeat(2000));
    assert_eq!(xml(&name).unwrap_err().kind, ErrorKind::Malformed);
    let entries = format!("<Group>{}</Group>", "<Entry/>".repeat(100_001));
    assert_eq!(xml(&entries).unwrap_err().kind, ErrorKind::Limit);
    assert_eq!(xml("<Group></Root>").unwrap_err().kind, ErrorKind::Malformed);
}

#[test]
fn a_protected_value_that_cannot_be_decoded_ends_the_reading() {
    let value = |value: &str| {
        format!(
            "<Group><Entry><String><Key>otp</Key><Value Protected=\"True\">{value}</Value></String></Entry></Group>"
        )
    };
    assert_eq!(xml(&value("?")).unwrap_err().kind, ErrorKind::Malformed);
    // A plain document has nothing that shows it.
    let vault = xml(&value("QUJDRA==")).unwrap();
    assert_eq!((vault.accounts.len(), vault.skipped.len()), (0, 1));
}

#[test]
fn only_its_own_files_are_recognised() {
    let detect = |text: &str| KeePass.detect(&Probe::new(text.as_bytes(), None));
    assert_eq!(detect("<?xml version=\"1.0\"?>\n<KeePassFile>"), Confidence::Sure);
    assert_eq!(detect("\"Group\",\"Title\",\"Username\",\"Password\",\"URL\",\"Notes\"\n"), Confidence::Sure);
    for text in [
        "<KeyFile>",
        "<KeePassFiles>",
        "Title,User Name,TimeOtp-Secret-Base32,Group\n",
        "title,url,username,password\n",
    ] {
        assert_eq!(detect(text), Confidence::No, "{text}");
    }
}
