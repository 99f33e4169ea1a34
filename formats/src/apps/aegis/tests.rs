//! Expected values are written down here or come from the sources that are named.

use serde_json::json;

use super::*;
use crate::caps::Refusal;
use crate::ctx::{Limits, NoPasswords, Passwords};
use crate::error::{ErrorKind, Place};
use crate::model::{Credential, Digits, Otp, Period, Secret, SecretText};
use crate::report::{Item, Skip};
use crate::testing;

const GROUPS: &str = r#"[{"uuid":"11111111-1111-4111-8111-111111111111","name":"Work"},
    {"uuid":"22222222-2222-4222-8222-222222222222","name":"Unused","color":"red"}]"#;

fn file(version: u8, entries: &str, groups: &str) -> String {
    format!(
        r#"{{"version":1,"header":{{"slots":null,"params":null}},
            "db":{{"version":{version},"entries":[{entries}],"groups":{groups},"icons_optimized":true,"later":[1]}}}}"#
    )
}

fn totp(fields: &str) -> String {
    format!(
        r#"{{"type":"totp","name":"alice","issuer":"Example",
            "info":{{"secret":"JBSWY3DPEHPK3PXP","algo":"SHA1","digits":6,"period":30}}{fields}}}"#
    )
}

fn entry(kind: &str, info: &str) -> String {
    format!(
        r#"{{"type":"{kind}","name":"alice","issuer":"Example","info":{{"secret":"JBSWY3DPEHPK3PXP",{info}}}}}"#
    )
}

fn decode(text: &str) -> Result<Vault, Error> {
    decode_with(text.as_bytes(), &mut NoPasswords)
}

fn decode_with(bytes: &[u8], passwords: &mut dyn Passwords) -> Result<Vault, Error> {
    testing::with_ctx(passwords, |ctx| Aegis.decode(&Input::new(bytes), ctx))
}

fn encode(vault: &Vault) -> Vec<u8> {
    let parts = testing::with_ctx(&mut NoPasswords, |ctx| testing::form(&Aegis).encode(vault, ctx)).unwrap();
    parts[0].0.to_vec()
}

fn encode_with(vault: &Vault, password: &str) -> Vec<u8> {
    let password = SecretText::new(password);
    let parts = testing::with_new_password(&mut NoPasswords, &password, |ctx| {
        testing::form(&Aegis).encode(vault, ctx)
    })
    .unwrap();
    parts[0].0.to_vec()
}

fn codes(items: &[Item]) -> Vec<(usize, &str)> {
    items.iter().map(|item| (item.index.unwrap(), item.code.as_str())).collect()
}

fn account(otp: Otp) -> Account {
    Account::new(Credential::Otp(otp), "Example", "alice")
}

fn secret() -> Secret {
    Secret::new(b"Hello!\xDE\xAD\xBE\xEF".to_vec()).unwrap()
}

fn plain_totp() -> Account {
    account(Otp::Totp {
        secret: secret(),
        algorithm: Algorithm::Sha1,
        digits: Digits::SIX,
        period: Period::THIRTY,
    })
}

fn vault_of(accounts: Vec<Account>) -> Vault {
    Vault { accounts, ..Vault::default() }
}

#[test]
fn marks_in_any_order_and_in_broken_texts() {
    let confidence = |text: &str| Aegis.detect(&Probe::new(text.as_bytes(), None));
    let whole = file(3, &totp(""), "[]");
    assert_eq!(confidence(&whole), Confidence::Sure);
    assert_eq!(confidence(r#"{"db":{"entries":[]},"version":1,"header":{}}"#), Confidence::Sure);
    assert_eq!(
        confidence(r#"{"version":1,"header":{"slots":[],"params":{}},"db":"AAAA"}"#),
        Confidence::Sure
    );
    assert_eq!(confidence(&whole[..150]), Confidence::Sure);
    assert_eq!(confidence(r#"{"version":1,"header":{"slots":[{"type":1,"uu"#), Confidence::Likely);
    assert_eq!(confidence(r#"{"db":{"version":3,"entries":[{"type":"#), Confidence::Likely);
    assert_eq!(confidence(r#"{"version":1,"db":"AAAABBBB"#), Confidence::Weak);
    for other in ["[]", "{}", r#"{"header":{},"db":{}}"#, r#"{"version":1}"#, "otpauth://totp/a?secret=AA"] {
        assert_eq!(confidence(other), Confidence::No, "{other}");
    }
}

#[test]
fn groups_are_names_before_version_3_and_ids_since() {
    let vault = decode(&file(1, &totp(r#","group":"Work""#), "null")).unwrap();
    assert_eq!(vault.accounts[0].groups, ["Work"]);
    assert_eq!(vault.variant, "db v1");
    let vault = decode(&file(2, &totp(r#","group":null"#), "null")).unwrap();
    assert!(vault.accounts[0].groups.is_empty());
    let ids = r#","group":"Old","groups":["11111111-1111-4111-8111-111111111111","33333333-3333-4333-8333-333333333333"]"#;
    let vault = decode(&file(3, &totp(ids), GROUPS)).unwrap();
    assert_eq!(vault.accounts[0].groups, ["Work"]);
    assert_eq!(codes(&vault.warnings), [(0, "unknown-group")]);
}

#[test]
fn parameters_of_each_kind() {
    let entries = [
        entry("totp", r#""algo":"HmacSHA512","digits":8,"period":60"#),
        entry("hotp", r#""algo":"sha256","digits":7,"counter":9223372036854775807"#),
        entry("steam", r#""algo":"SHA1","digits":5,"period":30"#),
        entry("motp", r#""algo":"SHA1","digits":9,"period":30,"pin":"1234""#),
        entry("motp", r#""pin":"""#),
        entry("totp", r#""algo":"MD5","digits":6,"period":30"#),
    ];
    let vault = decode(&file(3, &entries.join(","), "[]")).unwrap();
    assert_eq!(codes(&vault.skipped), []);
    let otps: Vec<&Otp> = vault.accounts.iter().filter_map(Account::otp).collect();
    let pin = Some(SecretText::new("1234"));
    assert_eq!(
        otps,
        [
            &Otp::Totp {
                secret: secret(),
                algorithm: Algorithm::Sha512,
                digits: Digits::EIGHT,
                period: Period::new(60).unwrap()
            },
            &Otp::Hotp {
                secret: secret(),
                algorithm: Algorithm::Sha256,
                digits: Digits::new(7).unwrap(),
                counter: 9_223_372_036_854_775_807
            },
            &Otp::Steam { secret: secret() },
            &Otp::Motp { secret: secret(), pin },
            // An empty PIN stands for one that is not known.
            &Otp::Motp { secret: secret(), pin: None },
            // The app reads its old mistake so.
            plain_totp().otp().unwrap(),
        ]
    );
}

#[test]
fn long_yandex_secrets_are_cut_and_checked() {
    let yandex = |secret: &str| {
        format!(r#"{{"type":"yandex","name":"","issuer":"","info":{{"secret":"{secret}","pin":"5239"}}}}"#)
    };
    // The app's own test values; the last is damaged in its first letter.
    let entries = [
        yandex("LA2V6KMCGYMWWVEW64RNP3JA3IAAAAAAHTSG4HRZPI"),
        yandex("LA2V6KMCGYMWWVEW64RNP3JA3I"),
        yandex("AA2V6KMCGYMWWVEW64RNP3JA3IAAAAAAHTSG4HRZPI"),
    ];
    let vault = decode(&file(2, &entries.join(","), "[]")).unwrap();
    assert_eq!(codes(&vault.skipped), [(2, Skip::BAD_SECRET)]);
    for account in &vault.accounts {
        assert_eq!(account.otp().unwrap().secret().to_base32().as_str(), "LA2V6KMCGYMWWVEW64RNP3JA3I");
    }
}

#[test]
fn a_bad_entry_is_skipped_with_its_name_and_never_sinks_the_file() {
    let entries = [
        "null".to_owned(),
        "{}".to_owned(),
        r#"{"type":7,"name":"bob","issuer":"Acme","info":{}}"#.to_owned(),
        entry("name-only", r#""algo":"SHA1","digits":6,"period":30"#),
        entry("totp", r#""algo":"SHA3","digits":6,"period":30"#),
        entry("totp", r#""algo":"SHA1","digits":262,"period":30"#),
        entry("totp", r#""algo":"SHA1","digits":6,"period":2147484"#),
        entry("totp", r#""algo":"SHA1","digits":6"#),
        entry("hotp", r#""algo":"SHA1","digits":6,"counter":9223372036854775808"#),
        entry("steam", r#""algo":"SHA1","digits":6,"period":30"#),
        entry("totp", r#""algo":"SHA1","digits":6,"period":{"a":1}"#),
        r#"{"type":"totp","name":"","issuer":"","info":{"algo":"SHA1","digits":6,"period":30}}"#.to_owned(),
        totp(""),
    ];
    let vault = decode(&file(3, &entries.join(","), "[]")).unwrap();
    assert_eq!(
        codes(&vault.skipped),
        [
            (0, Skip::MISSING_FIELD),
            (1, Skip::MISSING_FIELD),
            (2, Skip::MISSING_FIELD),
            (3, Skip::UNKNOWN_KIND),
            (4, Skip::UNKNOWN_ALGORITHM),
            (5, Skip::BAD_DIGITS),
            (6, Skip::BAD_PERIOD),
            (7, Skip::MISSING_FIELD),
            (8, Skip::BAD_COUNTER),
            (9, Skip::BAD_DIGITS),
            (10, Skip::BAD_PERIOD),
            (11, Skip::NO_SECRET),
        ]
    );
    assert_eq!((vault.skipped[2].issuer.as_str(), vault.skipped[2].account.as_str()), ("Acme", "bob"));
    assert_eq!((vault.skipped[5].issuer.as_str(), vault.skipped[5].account.as_str()), ("Example", "alice"));
    assert_eq!(vault.accounts[0].origin.index, 12);
    assert_eq!(vault.accounts[0].origin.format, "aegis");
}

#[test]
fn icons_that_cannot_be_read_cost_the_icon_only() {
    let entries = [
        totp(r#","icon":"AQID","icon_mime":"image/png""#),
        totp(r#","icon":"AQID""#),
        totp(r#","icon":"AQID","icon_mime":"image/webp""#),
        totp(r#","icon":"A Q","icon_mime":"image/png""#),
        totp(r#","icon":[1],"icon_mime":"image/png""#),
        totp(r#","icon":null,"icon_mime":"image/png""#),
    ];
    let vault = decode(&file(2, &entries.join(","), "[]")).unwrap();
    let icons: Vec<_> = vault.accounts.iter().map(|a| a.icon.as_ref().map(|i| i.mime.as_str())).collect();
    assert_eq!(icons, [Some("image/png"), Some("image/jpeg"), None, None, None, None]);
    assert_eq!(vault.accounts[0].icon.as_ref().unwrap().data, [1, 2, 3]);
    assert_eq!(codes(&vault.warnings), [(2, "icon-dropped"), (3, "icon-dropped"), (4, "icon-dropped")]);
}

#[test]
fn a_same_format_round_trip_keeps_everything() {
    let entries = [
        totp(
            r#","uuid":"3ae6f1ad-2e65-4ed2-a953-1ec0dff2386d","note":"a\/b","favorite":true,"archived":true,
            "icon":"AQID","icon_mime":"image/svg+xml","icon_hash":"00",
            "groups":["11111111-1111-4111-8111-111111111111"]"#,
        ),
        r#"{"type":"hotp","uuid":"84b55971-a3d2-4173-a5bb-0aea113dbc17","name":"bob","issuer":"",
            "info":{"secret":"JBSWY3DPEHPK3PXP","algo":"SHA256","digits":8,"counter":7,"skew":[2]}}"#
            .to_owned(),
    ];
    let read = decode(&file(3, &entries.join(","), GROUPS)).unwrap();
    assert_eq!(
        read.accounts[0].extra.get("aegis").unwrap(),
        &json!({"uuid": "3ae6f1ad-2e65-4ed2-a953-1ec0dff2386d", "archived": true})
    );
    let written = encode(&read);
    assert_eq!(decode_with(&written, &mut NoPasswords).unwrap(), read);
    let again: serde_json::Value = serde_json::from_slice(&written).unwrap();
    assert_eq!(again["db"]["groups"], serde_json::from_str::<serde_json::Value>(GROUPS).unwrap());
    assert_eq!(again["db"]["later"], json!([1]));
    assert_eq!(again["db"]["entries"][1]["info"]["skew"], json!([2]));
}

#[test]
fn a_file_is_written_as_the_app_writes_it() {
    let mut full = plain_totp();
    full.groups = vec!["Work".to_owned()];
    full.note = "ü".to_owned();
    full.favorite = true;
    full.icon = Some(Icon { mime: "image/png".to_owned(), data: vec![1, 2, 3] });
    let hotp = account(Otp::Hotp {
        secret: secret(),
        algorithm: Algorithm::Sha256,
        digits: Digits::EIGHT,
        counter: 7,
    });
    let motp = account(Otp::Motp { secret: secret(), pin: Some(SecretText::new("1234")) });
    let written = encode(&vault_of(vec![full, hotp, motp]));
    let text = std::str::from_utf8(&written).unwrap();
    assert!(text.starts_with("{\n    \"version\": 1,\n    \"header\": {\n        \"slots\": null,"));
    assert!(text.contains("\"note\": \"ü\""));
    let file: serde_json::Value = serde_json::from_str(text).unwrap();
    let group = &file["db"]["groups"][0]["uuid"];
    let uuid = |at: usize| &file["db"]["entries"][at]["uuid"];
    assert_eq!(
        file["db"],
        json!({
            "version": 3,
            "entries": [
                {"type": "totp", "uuid": uuid(0), "name": "alice", "issuer": "Example", "note": "ü",
                 "favorite": true, "icon": "AQID", "icon_mime": "image/png",
                 // sha256("image/png" 01 02 03), by coreutils.
                 "icon_hash": "8d5e1fbe87252f2ba7dca2db8bd784e0c7ba8c14741ed9842c0b5c74f11bb671",
                 "info": {"secret": "JBSWY3DPEHPK3PXP", "algo": "SHA1", "digits": 6, "period": 30},
                 "groups": [group]},
                {"type": "hotp", "uuid": uuid(1), "name": "alice", "issuer": "Example", "note": "",
                 "favorite": false, "icon": null,
                 "info": {"secret": "JBSWY3DPEHPK3PXP", "algo": "SHA256", "digits": 8, "counter": 7},
                 "groups": []},
                {"type": "motp", "uuid": uuid(2), "name": "alice", "issuer": "Example", "note": "",
                 "favorite": false, "icon": null,
                 "info": {"secret": "JBSWY3DPEHPK3PXP", "algo": "MD5", "digits": 6, "period": 10, "pin": "1234"},
                 "groups": []},
            ],
            "groups": [{"uuid": group, "name": "Work"}],
            "icons_optimized": false,
        })
    );
}

#[test]
fn extra_that_somebody_edited_does_no_harm() {
    let mut first = plain_totp();
    first.groups = vec!["Work".to_owned()];
    first.extra.insert(
        "aegis".to_owned(),
        json!({
            "uuid": "3ae6f1ad-2e65-4ed2-a953-1ec0dff2386d", "type": "steam", "group": "x", "icon": 5,
            "info": {"secret": "AAAA", "digits": 8, "period": 99, "counter": 1, "pin": "0"},
        }),
    );
    let mut second = first.clone();
    second
        .extra
        .insert("aegis".to_owned(), json!({"uuid": "3AE6F1AD-2e65-4ed2-a953-1ec0dff2386d", "info": [1]}));
    let mut third = first.clone();
    third.extra.insert("aegis".to_owned(), json!("text"));
    let mut vault = vault_of(vec![first, second, third]);
    vault.extra.insert(
        "aegis".to_owned(),
        json!({
            "version": 9, "entries": 1,
            "groups": [7, {"uuid": "no uuid", "name": "Work"}, {"name": "no id"}, {"uuid": "x", "name": 5},
                       {"uuid": "22222222-2222-4222-8222-222222222222", "name": "Work"}],
        }),
    );
    let read = decode_with(&encode(&vault), &mut NoPasswords).unwrap();
    assert_eq!(codes(&read.skipped), []);
    for account in &read.accounts {
        assert_eq!(account.otp(), plain_totp().otp());
        assert_eq!(account.groups, ["Work"]);
    }
    let uuid = |at: usize| read.accounts[at].extra["aegis"]["uuid"].as_str().unwrap().to_lowercase();
    assert_eq!(uuid(0), "3ae6f1ad-2e65-4ed2-a953-1ec0dff2386d");
    assert!(uuid(1) != uuid(0) && uuid(2) != uuid(0) && uuid(2) != uuid(1));
    assert_eq!(read.extra["aegis"]["groups"].as_array().unwrap().len(), 1);
}

#[test]
fn encrypted_round_trip_and_its_passwords() {
    let vault = decode(&file(3, &totp(""), GROUPS)).unwrap();
    let written = encode_with(&vault, "correct hörse");
    assert!(!String::from_utf8(written.clone()).unwrap().contains("JBSWY3DP"));
    assert_eq!(Aegis.detect(&Probe::new(&written, None)), Confidence::Sure);

    let given = [SecretText::new("wrong"), SecretText::new("correct hörse")];
    let opened = decode_with(&written, &mut &given[..]).unwrap();
    assert!(opened.encrypted);
    assert_eq!(opened.accounts[0].otp(), vault.accounts[0].otp());
    assert_eq!(opened.extra, vault.extra);

    let error = decode_with(&written, &mut &given[..1]).unwrap_err();
    assert_eq!((error.kind, error.format), (ErrorKind::WrongPassword, Some("aegis")));
    let error = decode_with(&written, &mut NoPasswords).unwrap_err();
    assert_eq!(error.kind, ErrorKind::PasswordNeeded);
}

/// An encrypted file, as a value to be damaged.
fn sealed() -> serde_json::Value {
    let vault = vault_of(vec![plain_totp()]);
    serde_json::from_slice(&encode_with(&vault, "test")).unwrap()
}

#[test]
fn damage_to_an_encrypted_file_is_told_with_its_place() {
    let open = |file: &serde_json::Value| {
        let given = [SecretText::new("test")];
        decode_with(file.to_string().as_bytes(), &mut &given[..]).map(|_| ())
    };
    let good = sealed();
    assert_eq!(open(&good), Ok(()));
    for (pointer, value) in [
        ("/db", json!("AAAA")),
        ("/db", json!("no base64!")),
        ("/header/params/nonce", json!("00")),
        ("/header/params/tag", json!("zz")),
        ("/header/slots/0/key", json!("00")),
        ("/header/slots/0/salt", json!("")),
        ("/header/slots/0/n", json!(-1)),
        ("/header/slots/0/r", json!(4_294_967_304_u64)),
        ("/header/slots/0/key_params/nonce", json!("0g")),
        ("/header/slots/0/key_params/tag", json!("")),
    ] {
        let mut file = good.clone();
        *file.pointer_mut(pointer).unwrap() = value;
        let error = open(&file).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Malformed, "{pointer}");
        assert_eq!(error.at, Some(Place::Json(pointer.to_owned())));
        assert!(error.next_step.is_some());
    }
}

#[test]
fn slots_that_no_password_opens() {
    let mut file = sealed();
    file["header"]["slots"][0]["type"] = json!(2);
    let given = [SecretText::new("test")];
    let error = decode_with(file.to_string().as_bytes(), &mut &given[..]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported);
    assert!(error.next_step.unwrap().contains("password"));
}

#[test]
fn many_slots_cannot_ask_for_endless_work() {
    let mut file = sealed();
    let slot = file["header"]["slots"][0].clone();
    // 262,144 steps each, against the default limit of 50 million.
    file["header"]["slots"] = json!(vec![slot; 200]);
    let given = [SecretText::new("wrong")];
    let error = decode_with(file.to_string().as_bytes(), &mut &given[..]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Limit);
}

#[test]
fn header_and_content_must_agree() {
    for (text, pointer) in [
        (r#"{"version":1,"header":{"slots":[],"params":{}},"db":{"version":1,"entries":[]}}"#, "/header"),
        (r#"{"version":1,"header":{"slots":null,"params":null},"db":"AAAA"}"#, "/header"),
        (r#"{"version":1,"header":{"slots":[]},"db":"AAAA"}"#, "/header"),
        (r#"{"version":1,"header":[],"db":{"version":1,"entries":[]}}"#, "/header"),
        (r#"{"version":1,"header":{}}"#, "/db"),
        (r#"{"version":1,"db":{"version":1}}"#, "/db/entries"),
        (r#"{"version":1,"db":{"version":1,"entries":{}}}"#, "/db/entries"),
        (r#"{"version":1,"db":{"entries":[]}}"#, "/db/version"),
        (r#"{"version":1,"db":{"version":3,"entries":[],"groups":{}}}"#, "/db/groups"),
        (r#"{"version":1,"db":7}"#, "/db"),
        (r#"{"version":0,"db":{"version":1,"entries":[]}}"#, "/version"),
    ] {
        let error = decode(text).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Malformed, "{text}");
        assert_eq!(error.at, Some(Place::Json(pointer.to_owned())), "{text}");
        assert!(error.next_step.is_some(), "{text}");
    }
    // Absent is as good as null.
    assert!(decode(r#"{"version":1,"db":{"version":1,"entries":[]}}"#).is_ok());
}

#[test]
fn newer_versions_are_refused() {
    for text in [r#"{"version":2,"header":{},"db":{"version":1,"entries":[]}}"#.to_owned(), file(4, "", "[]")]
    {
        assert_eq!(decode(&text).unwrap_err().kind, ErrorKind::NewerVersion);
    }
}

#[test]
fn more_entries_than_allowed_are_not_built() {
    let text = file(3, &[totp(""), totp("")].join(","), "[]");
    let limits = Limits { accounts: 1, ..Limits::default() };
    let error = testing::with_ctx(&mut NoPasswords, |ctx| {
        let mut ctx = Ctx {
            passwords: &mut *ctx.passwords,
            key_files: &[],
            new_password: None,
            random: &mut *ctx.random,
            now: ctx.now,
            limits: &limits,
            per_qr: ctx.per_qr,
            read_codes: ctx.read_codes,
            table: ctx.table,
            tokens: ctx.tokens,
        };
        Aegis.decode(&Input::new(text.as_bytes()), &mut ctx)
    })
    .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Limit);
}

#[test]
fn what_the_app_cannot_hold_is_said_before_writing() {
    let fit = |change: fn(&mut Account)| {
        let mut account = plain_totp();
        change(&mut account);
        testing::form(&Aegis).fit(&[account]).remove(0)
    };
    let refused = |change: fn(&mut Account)| fit(change).refused.map(|Refusal { code, .. }| code);
    let changed = |change: fn(&mut Account)| -> Vec<Field> {
        fit(change).changes.into_iter().map(|change| change.field).collect()
    };
    assert_eq!(refused(|_| {}), None);
    assert_eq!(changed(|_| {}), []);
    assert_eq!(refused(|a| a.credential = Credential::NameOnly { reason: String::new() }), Some("name-only"));
    assert_eq!(
        refused(|a| {
            if let Credential::Otp(Otp::Totp { algorithm, .. }) = &mut a.credential {
                *algorithm = Algorithm::Sha384;
            }
        }),
        Some("unsupported-algorithm")
    );
    assert_eq!(
        refused(|a| {
            if let Credential::Otp(Otp::Totp { period, .. }) = &mut a.credential {
                *period = Period::new(2_147_484).unwrap();
            }
        }),
        Some("unsupported-period")
    );
    assert_eq!(
        refused(|a| a.credential = Credential::Otp(Otp::Motp { secret: secret(), pin: None })),
        Some("missing-pin")
    );
    assert_eq!(
        refused(|a| {
            a.credential = Credential::Otp(Otp::Yandex { secret: secret(), pin: Some(SecretText::new("")) });
        }),
        Some("missing-pin")
    );
    assert_eq!(changed(|a| a.groups = vec!["A".to_owned(), "B".to_owned()]), []);
    assert_eq!(changed(|a| a.groups = vec!["A".to_owned(), "A".to_owned()]), [Field::Groups]);
    assert_eq!(changed(|a| a.groups = vec![String::new()]), [Field::Groups]);
    assert_eq!(changed(|a| a.trashed = true), [Field::Trashed]);
    assert_eq!(changed(|a| a.urls = vec!["https://example.org".to_owned()]), [Field::Urls]);
    let icon = |mime: &str, data: &[u8]| Some(Icon { mime: mime.to_owned(), data: data.to_vec() });
    let mut account = plain_totp();
    for (picture, wanted) in [
        (icon("image/png", &[1]), 0),
        (icon("image/svg+xml", &[1]), 0),
        (icon("image/webp", &[1]), 1),
        (icon("image/png", &[]), 1),
    ] {
        account.icon = picture;
        assert_eq!(testing::form(&Aegis).fit(std::slice::from_ref(&account))[0].changes.len(), wanted);
    }
}

#[test]
fn exactly_the_announced_fields_differ_after_a_round_trip() {
    let mut odd = plain_totp();
    odd.groups = ["B", "", "A", "B"].map(str::to_owned).to_vec();
    odd.icon = Some(Icon { mime: "image/gif".to_owned(), data: vec![1] });
    odd.note = "\u{0}\n\u{2028}\u{feff}\"\\/".to_owned();
    odd.issuer = " spaces ".to_owned();
    odd.uses = Some(3);
    let accounts = vec![plain_totp(), odd, account(Otp::Steam { secret: secret() })];
    let fits = testing::form(&Aegis).fit(&accounts);
    let vault = vault_of(accounts);
    let read = decode_with(&encode(&vault), &mut NoPasswords).unwrap();
    assert_eq!(read.accounts.len(), 3);
    for ((before, after), fit) in vault.accounts.iter().zip(&read.accounts).zip(fits) {
        assert_eq!(before.credential, after.credential);
        for field in Field::ALL {
            let announced = fit.changes.iter().any(|change| change.field == field);
            assert_eq!(field.same(before, after), !announced, "{}", field.name());
        }
    }
}

#[test]
fn no_mutation_of_a_file_panics() {
    let whole = file(3, &totp(r#","icon":"AQID","groups":["x"]"#), GROUPS);
    let mut encrypted = sealed();
    encrypted["header"]["slots"][0]["n"] = json!(2);
    let given = [SecretText::new("test")];
    for text in [whole, encrypted.to_string()] {
        for at in 0..text.len() {
            for byte in [0, b'"', b'[', b'{', b'9', b'-', b',', 0xff] {
                let mut bytes = text.clone().into_bytes();
                bytes[at] = byte;
                let _ = Aegis.detect(&Probe::new(&bytes, None));
                let _ = decode_with(&bytes, &mut &given[..]);
            }
            let _ = Aegis.detect(&Probe::new(&text.as_bytes()[..at], None));
            let _ = decode_with(&text.as_bytes()[..at], &mut &given[..]);
        }
    }
}
