//! Expected values are written down here or come from the sources that are named.

use super::*;
use crate::ctx::{NoPasswords, Passwords};
use crate::error::{ErrorKind, Place};
use crate::model::{Credential, Draft, Secret, SecretText};
use crate::testing;

fn decode_with(bytes: &[u8], passwords: &mut dyn Passwords) -> Result<Vault, Error> {
    testing::with_ctx(passwords, |ctx| Ente.decode(&Input::new(bytes), ctx))
}

fn decode(text: &str) -> Result<Vault, Error> {
    decode_with(text.as_bytes(), &mut NoPasswords)
}

fn encode(vault: &Vault) -> String {
    let parts = testing::with_ctx(&mut NoPasswords, |ctx| testing::form(&Ente).encode(vault, ctx)).unwrap();
    String::from_utf8(parts[0].0.to_vec()).unwrap()
}

fn account(kind: Kind, issuer: &str, name: &str) -> Account {
    let secret = Secret::new(b"Hello!\xDE\xAD\xBE\xEF".to_vec()).unwrap();
    Account::new(Credential::Otp(Draft::new(kind, secret).build().unwrap()), issuer, name)
}

fn vault_of(accounts: Vec<Account>) -> Vault {
    Vault { accounts, ..Vault::default() }
}

fn encrypted(params: &str) -> String {
    let nonce = "A".repeat(32);
    format!(
        r#"{{"version":1,"kdfParams":{{{params},"salt":"AAAAAAAAAAAAAAAAAAAAAA=="}},"encryptedData":"AAAA","encryptionNonce":"{nonce}"}}"#
    )
}

#[test]
fn a_link_is_written_as_the_app_writes_it() {
    let text = encode(&vault_of(vec![account(Kind::Totp, "A, B", "c:d#e"), account(Kind::Hotp, "", "x")]));
    let display = |position: u8| {
        format!(
            "codeDisplay=%7B%22pinned%22%3Afalse%2C%22trashed%22%3Afalse%2C%22lastUsedAt%22%3A0%2C%22tapCount%22%3A0%2C\
             %22tags%22%3A%5B%5D%2C%22note%22%3A%22%22%2C%22position%22%3A{position}%2C%22iconSrc%22%3A%22%22%2C%22iconID%22%3A%22%22%7D"
        )
    };
    let wanted = [
        "otpauth://totp/A%2C%20B:c%3Ad%23e?algorithm=SHA1&digits=6&issuer=A%2C%20B&period=30&secret=JBSWY3DPEHPK3PXP&",
        &display(0),
        "\notpauth://hotp/:x?algorithm=SHA1&digits=6&issuer=&period=30&secret=JBSWY3DPEHPK3PXP&counter=0&",
        &display(1),
        "\n",
    ];
    assert_eq!(text, wanted.concat());
}

/// The app's importer splits a text at its commas when there is one, and takes a `%2C` inside the
/// settings for a comma.
#[test]
fn no_text_has_a_raw_comma_and_every_text_comes_back() {
    let mut full = account(Kind::Totp, "a,b%2Cc", ",%2C,");
    full.note = "1, 2%2C 3\\%2C \"%2C\" %252C\n".to_owned();
    full.groups = vec![",".to_owned(), "%2C".to_owned(), "\\".to_owned(), String::new()];
    full.extra.insert(
        ID.to_owned(),
        serde_json::json!({"display": {"a,b": ["%2C", ","], "iconID": "x,y", "note": "z"}, "parameters": {"i,j": "k,l", "secret": "AA"}}),
    );
    let text = encode(&vault_of(vec![full.clone()]));
    assert!(!text.contains(',') && text.is_ascii() && text.matches('\n').count() == 1);
    let read = decode(&text).unwrap().accounts.remove(0);
    assert_eq!((&read.issuer, &read.name), (&full.issuer, &full.name));
    assert_eq!((&read.note, &read.groups), (&full.note, &full.groups));
    assert_eq!(read.otp(), full.otp());
    let kept = &read.extra[ID];
    assert_eq!(kept["display"]["a,b"], serde_json::json!(["%2C", ","]));
    assert_eq!(kept["display"]["iconID"], "x,y");
    assert_eq!(kept["parameters"], serde_json::json!({"i,j": "k,l"}));
}

#[test]
fn what_the_app_would_show_otherwise_is_refused_or_told() {
    for kind in [Kind::Totp, Kind::Hotp] {
        for issuer in ["Steam", "STEAM", "steamperiod=30"] {
            let refused = fit(&account(kind, issuer, "x")).refused;
            assert_eq!(refused.map(|refusal| refusal.code), Some("not-expressible"), "{issuer}");
        }
    }
    assert_eq!(fit(&account(Kind::Steam, "Steam", "x")), Fit::default());
    assert_eq!(fit(&account(Kind::Totp, " Steam", "x")), Fit::default());
    let fields = |account: &Account| fit(account).changes.iter().map(|c| c.field).collect::<Vec<_>>();
    assert_eq!(fields(&account(Kind::Totp, "Aperiod=1", "x")), [Field::Issuer]);
    let mut used = account(Kind::Totp, "A", "x");
    used.last_used = Timestamp::from_second(1).ok();
    used.uses = Some(0);
    assert_eq!(fields(&used), [Field::LastUsed, Field::Uses]);
    used.last_used = Timestamp::from_microsecond(1_714_557_600_000_001).ok();
    used.uses = Some(7);
    assert!(fields(&used).is_empty());
    let read = decode(&encode(&vault_of(vec![used.clone()]))).unwrap().accounts.remove(0);
    assert_eq!((read.last_used, read.uses), (used.last_used, used.uses));
}

/// The limit is checked before a byte of the memory is asked for.
#[test]
fn forged_costs_do_not_start() {
    let password = [SecretText::new("x")];
    for params in [
        r#""memLimit":1099511627776,"opsLimit":1"#,
        r#""memLimit":18446744073709551615,"opsLimit":1"#,
        r#""memLimit":1073741824,"opsLimit":4294967295"#,
        r#""memLimit":8192,"opsLimit":99999999999"#,
    ] {
        let error = decode_with(encrypted(params).as_bytes(), &mut password.as_slice()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Limit, "{params}");
        assert_eq!(error.at, Some(Place::Json("/kdfParams".to_owned())));
    }
    for params in [
        r#""memLimit":8191,"opsLimit":1"#,
        r#""memLimit":"x","opsLimit":1"#,
        r#""opsLimit":1"#,
        r#""memLimit":8192,"opsLimit":-1"#,
    ] {
        let error = decode_with(encrypted(params).as_bytes(), &mut password.as_slice()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Malformed, "{params}");
    }
}

#[test]
fn marks_of_all_forms() {
    let confidence = |text: &str| Ente.detect(&Probe::new(text.as_bytes(), None));
    assert_eq!(confidence("# mine\n\notpauth://totp/a?secret=AA&codeDisplay=%7B%7D"), Confidence::Sure);
    assert_eq!(confidence("OTPAUTH://totp/a?codeDisplay=&secret=AA"), Confidence::Sure);
    assert_eq!(confidence("\"otpauth://totp/a?secret=AA&codeDisplay=%7B%7D\""), Confidence::Sure);
    assert_eq!(confidence("otpauth://totp/codeDisplay=?secret=AA"), Confidence::No);
    assert_eq!(
        confidence("otpauth://totp/a?secret=AA\notpauth://totp/a?secret=AA&codeDisplay=1"),
        Confidence::No
    );
    assert_eq!(confidence("see &codeDisplay="), Confidence::No);
    assert_eq!(confidence(&encrypted(r#""memLimit":1,"opsLimit":1"#)), Confidence::Sure);
    assert_eq!(confidence(r#"{"kdfParams":{"memLimit":1,"opsLimit":1"#), Confidence::Likely);
    assert_eq!(confidence(r#"{"items":[{"rawData":"otpauth://"#), Confidence::Sure);
    assert_eq!(confidence(r#"{"items":[]}"#), Confidence::No);
    assert_eq!(confidence("<html><table class=\"otp-entry\">"), Confidence::Sure);
}

#[test]
fn shapes_are_checked() {
    for (text, kind) in [
        ("{}", ErrorKind::Malformed),
        (r#"{"kdfParams":{},"items":[]}"#, ErrorKind::Malformed),
        (r#"{"version":1,"encryptedData":"","encryptionNonce":""}"#, ErrorKind::Malformed),
        (r#"{"version":2,"kdfParams":{},"encryptedData":"","encryptionNonce":""}"#, ErrorKind::NewerVersion),
        (r#"{"version":0,"kdfParams":{},"encryptedData":"","encryptionNonce":""}"#, ErrorKind::Malformed),
        ("<table class=\"otp-entry\">", ErrorKind::Unsupported),
    ] {
        let error = decode(text).unwrap_err();
        assert_eq!((error.kind, error.format), (kind, Some(ID)), "{text}");
        assert!(error.next_step.is_some());
    }
}

/// Any damage is an answer, never a panic.
#[test]
fn mutations_do_not_panic() {
    let mut one = account(Kind::Totp, "Exämple", "alice");
    one.note = "n".to_owned();
    let plain = encode(&vault_of(vec![one])).into_bytes();
    let closed = encrypted(r#""memLimit":8192,"opsLimit":1"#).into_bytes();
    let items = br#"{"items":[{"rawData":"otpauth://totp/a?secret=AA","display":{"tags":[1]}}]}"#.to_vec();
    for bytes in [plain, closed, items] {
        for at in 0..bytes.len() {
            for byte in [0, b'"', b'%', b'9', b'\n', 0xff] {
                let mut damaged = bytes.clone();
                damaged[at] = byte;
                let _ = Ente.detect(&Probe::new(&damaged, None));
                let _ = decode_with(&damaged, &mut NoPasswords).map(|vault| encode(&vault));
            }
            let _ = decode_with(&bytes[..at], &mut NoPasswords);
        }
    }
}
