//! The text of a written file stands here letter for letter; so does what a reader refuses.

use serde_json::json;

use super::*;
use crate::ctx::NoPasswords;
use crate::error::ErrorKind;
use crate::model::{Digits, Origin, Otp, Period, Secret};
use crate::testing;

fn secret() -> Secret {
    Secret::new(b"Hello!\xDE\xAD\xBE\xEF".to_vec()).unwrap()
}

fn totp() -> Otp {
    let (digits, period) = (Digits::SIX, Period::THIRTY);
    Otp::Totp { secret: secret(), algorithm: Algorithm::Sha1, digits, period }
}

fn account(otp: Otp, issuer: &str, name: &str) -> Account {
    Account::new(Credential::Otp(otp), issuer, name)
}

fn encode(accounts: Vec<Account>) -> String {
    let vault = Vault { accounts, ..Vault::default() };
    let mut parts =
        testing::with_ctx(&mut NoPasswords, |ctx| testing::form(&Otpferry).encode(&vault, ctx)).unwrap();
    assert_eq!(parts.len(), 1);
    String::from_utf8(parts.remove(0).0.to_vec()).unwrap()
}

fn decode(text: &str) -> Result<Vault, Error> {
    testing::with_ctx(&mut NoPasswords, |ctx| Otpferry.decode(&Input::new(text.as_bytes()), ctx))
}

fn file(accounts: &str) -> String {
    format!(r#"{{"format":"otpferry","version":1,"accounts":[{accounts}]}}"#)
}

/// A TOTP account with further fields.
fn entry(fields: &str) -> String {
    file(&format!(
        r#"{{"kind":"totp","issuer":"Acme","account":"a","secret":"JBSWY3DPEHPK3PXP","algorithm":"SHA1","digits":6,"period":30{fields}}}"#
    ))
}

fn every_kind() -> Vec<Account> {
    let text = str::to_owned;
    let mut full = account(totp(), "Acme \"1\"", "jörg\n");
    full.groups = vec![text("Work"), text("Home")];
    full.note = text("a note");
    full.favorite = true;
    full.icon = Some(Icon { mime: text("image/png"), data: b"\x89PNG".to_vec() });
    full.urls = vec![text("https://acme.example")];
    full.created = Some("2023-12-31T23:59:59Z".parse().unwrap());
    full.modified = Some("2024-05-01T10:00:00.123Z".parse().unwrap());
    full.last_used = Some("1970-01-01T00:00:00Z".parse().unwrap());
    full.uses = Some(u64::MAX);
    full.trashed = true;
    full.device = Some(Device { serial: text("CN-0001"), manufacturer: text("Acme"), model: text("T1") });
    full.user = Some(text("maria"));
    full.origin = Origin { file: text("phone.json"), format: text("aegis"), index: 4 };
    full.extra.insert(text("aegis"), json!({ "uuid": "00000000-0000-4000-8000-000000000000" }));
    let hotp = Otp::Hotp {
        secret: secret(),
        algorithm: Algorithm::Sha512,
        digits: Digits::EIGHT,
        counter: u64::MAX,
    };
    let pin = Some(SecretText::new("7586"));
    let sixteen = Secret::new(b"Hello!\xDE\xAD\xBE\xEF\0\0\0\0\0\0".to_vec()).unwrap();
    vec![
        full,
        account(hotp, "", ""),
        account(Otp::Steam { secret: secret() }, "Steam", "gamer"),
        account(Otp::Motp { secret: secret(), pin: None }, "Acme", "mobile"),
        account(Otp::Yandex { secret: sixteen, pin }, "Yandex", "ines"),
        Account::new(Credential::NameOnly { reason: text("approved by push") }, "Contoso", "maria"),
    ]
}

/// One account of each kind, in the documented order of fields.
const EVERY_KIND: &str = r#"{
  "format": "otpferry",
  "version": 1,
  "created": "2024-05-01T10:00:00Z",
  "accounts": [
    {
      "kind": "totp",
      "issuer": "Acme \"1\"",
      "account": "jörg\n",
      "secret": "JBSWY3DPEHPK3PXP",
      "algorithm": "SHA1",
      "digits": 6,
      "period": 30,
      "counter": null,
      "pin": null,
      "groups": [
        "Work",
        "Home"
      ],
      "note": "a note",
      "favorite": true,
      "icon": {
        "mime": "image/png",
        "data": "iVBORw=="
      },
      "urls": [
        "https://acme.example"
      ],
      "created": "2023-12-31T23:59:59Z",
      "modified": "2024-05-01T10:00:00.123Z",
      "last_used": "1970-01-01T00:00:00Z",
      "uses": 18446744073709551615,
      "trashed": true,
      "device": {
        "serial": "CN-0001",
        "manufacturer": "Acme",
        "model": "T1"
      },
      "user": "maria",
      "origin": {
        "file": "phone.json",
        "format": "aegis",
        "index": 4
      },
      "extra": {
        "aegis": {
          "uuid": "00000000-0000-4000-8000-000000000000"
        }
      }
    },
    {
      "kind": "hotp",
      "issuer": "",
      "account": "",
      "secret": "JBSWY3DPEHPK3PXP",
      "algorithm": "SHA512",
      "digits": 8,
      "period": null,
      "counter": 18446744073709551615,
      "pin": null,
      "groups": [],
      "note": "",
      "favorite": false
    },
    {
      "kind": "steam",
      "issuer": "Steam",
      "account": "gamer",
      "secret": "JBSWY3DPEHPK3PXP",
      "algorithm": "SHA1",
      "digits": 5,
      "period": 30,
      "counter": null,
      "pin": null,
      "groups": [],
      "note": "",
      "favorite": false
    },
    {
      "kind": "motp",
      "issuer": "Acme",
      "account": "mobile",
      "secret": "JBSWY3DPEHPK3PXP",
      "algorithm": "MD5",
      "digits": 6,
      "period": 10,
      "counter": null,
      "pin": null,
      "groups": [],
      "note": "",
      "favorite": false
    },
    {
      "kind": "yandex",
      "issuer": "Yandex",
      "account": "ines",
      "secret": "JBSWY3DPEHPK3PXPAAAAAAAAAA",
      "algorithm": "SHA256",
      "digits": 8,
      "period": 30,
      "counter": null,
      "pin": "7586",
      "groups": [],
      "note": "",
      "favorite": false
    },
    {
      "kind": "name-only",
      "issuer": "Contoso",
      "account": "maria",
      "secret": null,
      "algorithm": null,
      "digits": null,
      "period": null,
      "counter": null,
      "pin": null,
      "groups": [],
      "note": "",
      "favorite": false,
      "reason": "approved by push"
    }
  ]
}
"#;

#[test]
fn written_letter_for_letter() {
    assert_eq!(encode(every_kind()), EVERY_KIND);
    assert_eq!(
        encode(Vec::new()),
        "{\n  \"format\": \"otpferry\",\n  \"version\": 1,\n  \"created\": \"2024-05-01T10:00:00Z\",\n  \"accounts\": []\n}\n"
    );
}

#[test]
fn read_again_and_written_again_it_is_the_same() {
    let vault = decode(EVERY_KIND).unwrap();
    assert!(vault.skipped.is_empty() && vault.warnings.is_empty());
    assert_eq!(vault.created, Some("2024-05-01T10:00:00Z".parse().unwrap()));
    let mut wanted = every_kind();
    for (at, (account, read)) in wanted.iter_mut().zip(&vault.accounts).enumerate() {
        account.origin = Origin { format: ID.to_owned(), index: at, ..Origin::default() };
        // Where the account came from first is kept beside where it was read now.
        if at == 0 {
            let origin = json!({ "origin": { "file": "phone.json", "format": "aegis", "index": 4 } });
            account.extra.insert(ID.to_owned(), origin);
        }
        assert_eq!(account, read);
    }
    assert_eq!(vault.accounts.len(), wanted.len());
    assert_eq!(encode(vault.accounts), EVERY_KIND);
}

#[test]
fn fields_of_later_versions_are_kept() {
    let text = entry(r#","later":{"b":[1,null],"a":"x"},"also":1.5"#);
    let vault = decode(&text).unwrap();
    assert_eq!(vault.accounts[0].extra[ID], json!({ "later": { "b": [1, null], "a": "x" }, "also": 1.5 }));
    let again = decode(&encode(vault.accounts.clone())).unwrap();
    assert_eq!(again.accounts, vault.accounts);
}

/// What is kept for a format can come from a file that somebody made up.
#[test]
fn kept_fields_never_stand_in_for_real_ones() {
    let kept =
        r#","extra":{"otpferry":{"secret":"AAAAAAAA","kind":"hotp","digits":8,"reason":"x","uses":7}}"#;
    let vault = decode(&entry(kept)).unwrap();
    let again = decode(&encode(vault.accounts.clone())).unwrap();
    assert!(again.skipped.is_empty(), "{:?}", again.skipped[0].message);
    assert_eq!(again.accounts[0].otp(), Some(&totp()));
    assert_eq!(again.accounts[0].uses, None);
}

#[test]
fn every_parameter_has_to_be_stated() {
    let account = |fields: &str| file(&format!(r#"{{"issuer":"Acme","account":"a",{fields}}}"#));
    let secret = r#""secret":"JBSWY3DPEHPK3PXP""#;
    for (fields, wanted) in [
        (format!(r#""kind":"totp",{secret},"algorithm":"SHA1","digits":6,"period":30"#), "read"),
        (format!(r#""kind":"totp",{secret},"algorithm":"SHA1","digits":6"#), Skip::MISSING_FIELD),
        (format!(r#""kind":"totp",{secret},"algorithm":"SHA1","period":30"#), Skip::MISSING_FIELD),
        (format!(r#""kind":"totp",{secret},"digits":6,"period":30"#), Skip::MISSING_FIELD),
        (format!(r#""kind":"totp",{secret},"algorithm":null,"digits":6,"period":30"#), Skip::MISSING_FIELD),
        (
            format!(r#""kind":"totp",{secret},"algorithm":"SHA1","digits":null,"period":30"#),
            Skip::MISSING_FIELD,
        ),
        (
            format!(r#""kind":"totp",{secret},"algorithm":"GOST","digits":6,"period":30"#),
            Skip::UNKNOWN_ALGORITHM,
        ),
        (format!(r#""kind":"hotp",{secret},"algorithm":"SHA1","digits":6"#), Skip::MISSING_FIELD),
        (format!(r#""kind":"hotp",{secret},"algorithm":"SHA1","digits":6,"counter":0"#), "read"),
        (format!(r#""kind":"hotp",{secret},"algorithm":"SHA1","digits":6,"counter":1e3"#), Skip::BAD_COUNTER),
        (
            format!(r#""kind":"hotp",{secret},"algorithm":"SHA1","digits":6,"counter":18446744073709551616"#),
            Skip::BAD_COUNTER,
        ),
        (format!(r#""kind":"TOTP",{secret},"algorithm":"SHA1","digits":6,"period":30"#), Skip::UNKNOWN_KIND),
        (format!(r#"{secret},"algorithm":"SHA1","digits":6,"period":30"#), Skip::MISSING_FIELD),
        (format!(r#""kind":"steam",{secret}"#), "read"),
        (format!(r#""kind":"steam",{secret},"digits":6"#), Skip::BAD_DIGITS),
        (format!(r#""kind":"motp",{secret}"#), "read"),
        (format!(r#""kind":"yandex",{secret}"#), Skip::BAD_SECRET),
        (r#""kind":"steam""#.to_owned(), Skip::NO_SECRET),
        (r#""kind":"steam","secret":"""#.to_owned(), Skip::NO_SECRET),
        (r#""kind":"steam","secret":7"#.to_owned(), Skip::MISSING_FIELD),
        (r#""kind":"name-only""#.to_owned(), "read"),
        (format!(r#""kind":"steam",{secret},"groups":"Work""#), Skip::MISSING_FIELD),
        (format!(r#""kind":"steam",{secret},"secret":"AAAAAAAA""#), Skip::MISSING_FIELD),
    ] {
        let vault = decode(&account(&fields)).unwrap();
        let code = vault.skipped.first().map_or("read", |item| item.code.as_str());
        assert_eq!(code, wanted, "{fields}");
        assert_eq!(vault.accounts.len(), usize::from(wanted == "read"), "{fields}");
    }
}

#[test]
fn an_empty_pin_is_none() {
    let text = file(r#"{"kind":"motp","secret":"JBSWY3DPEHPK3PXP","pin":""}"#);
    let vault = decode(&text).unwrap();
    assert_eq!(vault.accounts[0].otp(), Some(&Otp::Motp { secret: secret(), pin: None }));
}

#[test]
fn parts_that_cannot_be_kept_are_named_and_the_account_stays() {
    for (fields, code, field) in [
        (r#","created":"yesterday""#, "bad-time", "created"),
        (r#","modified":"2024-05-01""#, "bad-time", "modified"),
        (r#","last_used":"2024-13-01T00:00:00Z""#, "bad-time", "last_used"),
        (r#","icon":{"mime":"image/png","data":"%%"}"#, "icon-dropped", "icon"),
    ] {
        let vault = decode(&entry(fields)).unwrap();
        let warnings: Vec<_> =
            vault.warnings.iter().map(|item| (item.code.as_str(), item.field.as_deref())).collect();
        assert_eq!(warnings, [(code, Some(field))]);
        assert_eq!(vault.accounts[0].otp(), Some(&totp()));
        assert_eq!((vault.accounts[0].created, vault.accounts[0].icon.as_ref()), (None, None));
    }
    // Another zone is the same moment.
    let vault = decode(&entry(r#","created":"2024-05-01T12:00:00+02:00""#)).unwrap();
    assert_eq!(vault.accounts[0].created, Some("2024-05-01T10:00:00Z".parse().unwrap()));
}

#[test]
fn files_that_are_refused() {
    for (text, wanted) in [
        (r#"{"format":"otpferry","version":2,"accounts":{}}"#, ErrorKind::NewerVersion),
        (r#"{"format":"otpferry","version":99999999999999999999,"accounts":[]}"#, ErrorKind::Malformed),
        (r#"{"format":"otpferry","version":0,"accounts":[]}"#, ErrorKind::Malformed),
        (r#"{"format":"otpferry","version":1.0,"accounts":[]}"#, ErrorKind::Malformed),
        (r#"{"format":"otpferry","accounts":[]}"#, ErrorKind::Malformed),
        (r#"{"format":"otpferry","version":1}"#, ErrorKind::Malformed),
        (r#"{"format":"otpferry","version":1,"accounts":null}"#, ErrorKind::Malformed),
        (r#"{"format":"otpferry","version":1,"accounts":[]"#, ErrorKind::Malformed),
        (r#"{"format":"otpferry","version":1,"accounts":[]}x"#, ErrorKind::Malformed),
        ("", ErrorKind::Malformed),
        ("\0", ErrorKind::Malformed),
    ] {
        let error = decode(text).unwrap_err();
        assert_eq!((error.kind, error.format), (wanted, Some(ID)), "{text}");
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(decode(&deep).unwrap_err().kind, ErrorKind::Malformed);
    let error = decode(&EVERY_KIND.replace("\"hotp\",", "\"hotp\"")).unwrap_err();
    assert_eq!(error.at, Some(Place::Line(53)));
    assert!(!error.to_string().contains("JBSW"));
}

#[test]
fn entries_over_the_limit() {
    let accounts = vec!["0"; 100_001].join(",");
    let error = decode(&file(&accounts)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Limit);
}

#[test]
fn hostile_texts() {
    let fixture = include_bytes!("../../../../fixtures/otpferry/every-field.json");
    let mut state = 0xFEED_FACE_CAFE_BEEF_u64;
    let mut next = |end: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap() % end
    };
    let mut read = 0;
    for _ in 0..20_000 {
        let mut bytes = fixture.to_vec();
        for _ in 0..next(3) + 1 {
            let at = next(bytes.len());
            let alphabet = b"{}[]\",:\\-+0919eE.ntu \0\xC3\xFF";
            match next(8) {
                0 => bytes.insert(at, alphabet[next(alphabet.len())]),
                1 => drop(bytes.drain(at..(at + next(9)).min(bytes.len()))),
                2 => bytes.extend_from_within(at..),
                _ => bytes[at] = alphabet[next(alphabet.len())],
            }
            if bytes.is_empty() {
                bytes.push(b'{');
            }
        }
        let input = Input::new(&bytes);
        let _ = Otpferry.detect(&Probe::new(&bytes, None));
        let vault = testing::with_ctx(&mut NoPasswords, |ctx| Otpferry.decode(&input, ctx));
        read += usize::from(vault.is_ok_and(|vault| !vault.accounts.is_empty()));
    }
    assert!(read > 1000, "only {read} could be read: the changes are too coarse to test anything");
}
