use std::fs;
use std::path::Path;

use super::*;
use crate::model::{Account, SecretText};
use crate::testing;

/// A folder of the fixtures as a tar.
fn packed(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/ios-backup").join(name);
    let mut builder = ::tar::Builder::new(Vec::new());
    let mut folders = vec![folder.clone()];
    let mut files = Vec::new();
    while let Some(inside) = folders.pop() {
        for entry in fs::read_dir(inside).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() { folders.push(entry) } else { files.push(entry) }
        }
    }
    files.sort();
    for file in files {
        builder.append_path_with_name(&file, file.strip_prefix(&folder).unwrap()).unwrap();
    }
    builder.into_inner().unwrap()
}

fn read(bytes: &[u8]) -> Result<Vault, Error> {
    let passwords = [SecretText::new("canary-password-plain-1")];
    testing::with_ctx(&mut &passwords[..], |ctx| IosBackup.decode(&Input::new(bytes), ctx))
}

/// What an account signs in with, without its place.
fn identity(account: &Account) -> impl PartialEq + std::fmt::Debug + use<> {
    (account.issuer.clone(), account.name.clone(), account.credential.clone())
}

/// The entries of the keychain are sealed: what is altered is left out, and gives no other account.
#[test]
fn no_change_of_a_byte_panics_or_gives_another_account() {
    let whole = packed("encrypted");
    let accounts: Vec<_> = read(&whole).unwrap().accounts.iter().map(identity).collect();
    let mut read_wholly = 0;
    for at in (0..whole.len()).step_by(43) {
        let mut altered = whole.clone();
        altered[at] ^= 1 << (at % 8);
        let vault = read(&altered).unwrap_or_default();
        let other = vault.accounts.iter().map(identity).find(|account| !accounts.contains(account));
        assert_eq!(other, None, "byte {at}");
        read_wholly += usize::from(vault.accounts.len() == accounts.len());
    }
    assert!(read_wholly > 100, "{read_wholly}");
}

#[test]
fn no_cut_panics() {
    for name in ["encrypted", "old"] {
        let whole = packed(name);
        for length in (0..whole.len()).step_by(97) {
            let _ = read(&whole[..length]);
        }
    }
}

/// A list that is not encrypted can be altered in every way; and of entries that contradict each other one can be lost.
#[test]
fn no_change_of_a_list_or_of_a_contradiction_panics() {
    for (name, step) in [("old", 13), ("doubtful", 61), ("not-encrypted", 61)] {
        let whole = packed(name);
        for at in (0..whole.len()).step_by(step) {
            for change in [1 << (at % 8), 0xFF] {
                let mut altered = whole.clone();
                altered[at] ^= change;
                let _ = read(&altered);
            }
        }
    }
}
