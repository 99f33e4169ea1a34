//! Expected values are written down here.

use super::*;
use crate::ctx::{Limits, NoPasswords, Passwords};
use crate::error::ErrorKind;
use crate::model::SecretText;
use crate::report::Skip;
use crate::testing;

const PREFS: &[u8] = include_bytes!("../../../../fixtures/authy/prefs-encrypted.xml");
const ANSWER: &[u8] = include_bytes!("../../../../fixtures/authy/server-encrypted.json");

fn read(bytes: &[u8], passwords: &mut dyn Passwords) -> Result<Vault, Error> {
    testing::with_ctx(passwords, |ctx| Authy.decode(&Input::new(bytes), ctx))
}

fn passwords(texts: &[&str]) -> Vec<SecretText> {
    texts.iter().map(|text| SecretText::new(*text)).collect()
}

fn codes(vault: &Vault) -> Vec<(usize, &str)> {
    vault.skipped.iter().map(|item| (item.index.unwrap(), item.code.as_str())).collect()
}

#[test]
fn marks_of_every_shape() {
    let confidence = |text: &str| Authy.detect(&Probe::new(text.as_bytes(), None));
    for sure in [
        r#"{"authenticator_tokens":["#,
        r#"{"success":true,"decrypted_authenticator_tokens":[]}"#,
        r#"{"tokens":{"authenticator_tokens":[]},"apps":{"apps":[]}}"#,
        r#"{"apps":[{"name":"x","secret_seed":"00"}]}"#,
        r#"{"apps":{"apps":[{"name":"x","secret_seed":"00"}]}}"#,
        r#"<map><string name="com.authy.storage.tokens.authy.key">[]</string></map>"#,
    ] {
        assert_eq!(confidence(sure), Confidence::Sure, "{sure}");
    }
    for likely in [
        r#"[{"name":"x","secret":"AA","uri":"otpauth://totp/x?secret=AA"}]"#,
        r#"<?xml version='1.0'?><map><string name="com.authy.storage.tokens.authy.key">[{"#,
    ] {
        assert_eq!(confidence(likely), Confidence::Likely, "{likely}");
    }
    for other in [
        "{}",
        "[]",
        r#"{"apps":[]}"#,
        r#"{"tokens":[]}"#,
        r#"[{"name":"x","secret":"AA","uri":"https://example.org"}]"#,
        r#"<map><string name="other">[]</string></map>"#,
    ] {
        assert_eq!(confidence(other), Confidence::No, "{other}");
    }
}

#[test]
fn tokens_under_several_backup_passwords() {
    let file = read(ANSWER, &mut passwords(&["canary-password-plain-1"]).as_slice()).unwrap();
    assert_eq!(codes(&file), [(3, Skip::BAD_SECRET)]);
    assert!(file.skipped[0].message.contains("older backup password"));
    let both = passwords(&["canary-password-wrong-3", "canary-password-plain-1", "canary-password-second-2"]);
    let all = read(ANSWER, &mut both.as_slice()).unwrap();
    assert_eq!((codes(&all), all.accounts.len(), all.encrypted), (vec![], 5, true));
    assert_eq!(read(ANSWER, &mut NoPasswords).unwrap_err().kind, ErrorKind::PasswordNeeded);
    let wrong = passwords(&["canary-password-wrong-3"]);
    assert_eq!(read(ANSWER, &mut wrong.as_slice()).unwrap_err().kind, ErrorKind::WrongPassword);
}

/// One token would be cheap enough, all of them are not.
#[test]
fn forged_iterations_do_not_start() {
    let token = |iterations: &str| {
        format!(
            r#"{{"name":"x","encrypted_seed":"AAAAAAAAAAAAAAAAAAAAAA==","salt":"s","key_derivation_iterations":{iterations}}}"#
        )
    };
    let file = |tokens: &[String]| format!(r#"{{"authenticator_tokens":[{}]}}"#, tokens.join(","));
    let list = vec![token("10000000"); 6];
    let error = read(file(&list).as_bytes(), &mut passwords(&["x"]).as_slice()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Limit);
    assert!(error.next_step.unwrap().contains("kdf-work"));
    let bad = ["0", "-1", "4294967296", "1.5", "\"many\""].map(token);
    let vault = read(file(&bad).as_bytes(), &mut NoPasswords).unwrap();
    assert!(vault.skipped.iter().all(|item| item.code == Skip::BAD_SECRET) && vault.skipped.len() == 5);
}

#[test]
fn entries_over_the_limit() {
    let limits = Limits { accounts: 2, ..Limits::default() };
    let mut random = |_: &mut [u8]| Ok(());
    let mut ctx = Ctx {
        passwords: &mut NoPasswords,
        key_files: &[],
        new_password: None,
        random: &mut random,
        now: jiff::Timestamp::UNIX_EPOCH,
        limits: &limits,
        per_qr: 10,
        read_codes: None,
        table: &crate::TableOptions::default(),
        tokens: &crate::TokenOptions::default(),
    };
    let error = Authy.decode(&Input::new(PREFS), &mut ctx).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Limit);
}

#[test]
fn no_byte_may_break_the_reader() {
    let password = passwords(&["canary-password-plain-1"]);
    let head = 700.min(PREFS.len());
    for at in 0..PREFS.len() {
        let mut bytes = PREFS.to_vec();
        bytes[at] ^= 1 << (at % 8);
        // With keys only now and then: they take long.
        let result = if at % 97 == 0 && at > head {
            read(&bytes, &mut password.as_slice())
        } else {
            read(&bytes, &mut NoPasswords)
        };
        if let Err(error) = result {
            assert_eq!(error.format, Some(ID));
        }
        let _ = read(&PREFS[..at], &mut NoPasswords);
    }
}

/// Android's encoder breaks lines, and a long secret is longer than one.
#[test]
fn an_encrypted_secret_may_be_on_several_lines() {
    let answer = std::str::from_utf8(ANSWER).unwrap();
    let start =
        answer.find("encrypted_seed").and_then(|at| Some(at + answer[at..].find(": \"")? + 3)).unwrap();
    let (head, rest) = answer.split_at(start + 8);
    let wrapped = format!("{head}\\n{}", rest.replacen('"', "\\n\"", 1));
    let given = passwords(&["canary-password-plain-1", "canary-password-second-2"]);
    let read = |text: &str| read(text.as_bytes(), &mut given.as_slice()).unwrap();
    let vault = read(&wrapped);
    assert_eq!((codes(&vault), vault.accounts.len()), (vec![], 5));
    assert_eq!(vault.accounts, read(answer).accounts);
}

#[test]
fn damaged_saved_tokens_are_an_error_with_a_place() {
    for tokens in [
        r#"{"authenticator_tokens":[],"authenticator_tokens":[]}"#,
        r#"{"authenticator_tokens":7}"#,
        r#"{"authenticator_tokens":{"name":"x"}}"#,
    ] {
        let text = format!(r#"{{"tokens":{tokens},"apps":{{"apps":[]}}}}"#);
        let error = read(text.as_bytes(), &mut NoPasswords).unwrap_err();
        assert_eq!((error.kind, error.format), (ErrorKind::Malformed, Some(ID)), "{tokens}");
        assert!(error.next_step.is_some());
        assert!(error.at.unwrap().to_string().starts_with("/tokens"), "{tokens}");
    }
    let error = read(br#"{"tokens":{},"apps":null}"#, &mut NoPasswords).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Malformed);
}

/// Each value of two bytes would take sixteen in memory before they are counted.
#[test]
fn very_many_values_in_preferences_are_refused() {
    let list = "1,".repeat(5_000_001);
    let text = format!("<map><string name=\"{AUTHENTICATOR}\">[{list}1]</string></map>");
    assert_eq!(read(text.as_bytes(), &mut NoPasswords).unwrap_err().kind, ErrorKind::Limit);
}
