//! Expected values are written down here or come from the sources that are named.

use serde_json::{Value, json};

use super::*;
use crate::caps::Refusal;
use crate::ctx::{NoPasswords, Passwords};
use crate::error::{ErrorKind, Place};
use crate::model::{Credential, Digits, Icon, Otp, Period, Secret, SecretText};
use crate::report::{Item, Skip};
use crate::testing;

const GROUP: &str = "11111111-1111-4111-8111-111111111111";

fn backup(services: &str) -> String {
    format!(
        r#"{{"services":[{services}],"groups":[{{"id":"{GROUP}","name":"Work","isExpanded":false,"updatedAt":5}},
            {{"id":"22222222-2222-4222-8222-222222222222","name":"Unused","isExpanded":true,"updatedAt":6,"later":1}}],
            "updatedAt":1714557605000,"schemaVersion":4,"appVersionCode":1,"appVersionName":"1","appOrigin":"ios","later":true}}"#
    )
}

fn service(otp: &str, more: &str) -> String {
    format!(
        r#"{{"name":"Example","secret":"JBSWY3DPEHPK3PXP","otp":{{{otp}}},"order":{{"position":0}}{more}}}"#
    )
}

fn decode(text: &str) -> Result<Vault, Error> {
    decode_with(text.as_bytes(), &mut NoPasswords)
}

fn decode_with(bytes: &[u8], passwords: &mut dyn Passwords) -> Result<Vault, Error> {
    testing::with_ctx(passwords, |ctx| TwoFas.decode(&Input::new(bytes), ctx))
}

fn read_one(service: &str) -> Account {
    let mut vault = decode(&backup(service)).unwrap();
    assert_eq!(codes(&vault.skipped), []);
    vault.accounts.remove(0)
}

fn encode(vault: &Vault) -> Vec<u8> {
    let parts = testing::with_ctx(&mut NoPasswords, |ctx| testing::form(&TwoFas).encode(vault, ctx)).unwrap();
    parts[0].0.to_vec()
}

fn encode_with(vault: &Vault, password: &str) -> Vec<u8> {
    let password = SecretText::new(password);
    let parts = testing::with_new_password(&mut NoPasswords, &password, |ctx| {
        testing::form(&TwoFas).encode(vault, ctx)
    })
    .unwrap();
    parts[0].0.to_vec()
}

fn codes(items: &[Item]) -> Vec<(usize, &str)> {
    items.iter().map(|item| (item.index.unwrap(), item.code.as_str())).collect()
}

fn time(text: &str) -> Option<Timestamp> {
    Some(text.parse().unwrap())
}

fn secret(last: u8) -> Secret {
    Secret::new([b"Hello!\xDE\xAD\xBE".as_slice(), &[last]].concat()).unwrap()
}

fn totp(last: u8) -> Account {
    let otp = Otp::Totp {
        secret: secret(last),
        algorithm: Algorithm::Sha1,
        digits: Digits::SIX,
        period: Period::THIRTY,
    };
    let mut account = Account::new(Credential::Otp(otp), "Example", "alice");
    account.modified = time("2024-05-01T10:00:00.007Z");
    account
}

fn vault_of(accounts: Vec<Account>) -> Vault {
    Vault { accounts, ..Vault::default() }
}

#[test]
fn marks_in_any_order_and_in_broken_texts() {
    let confidence = |text: &str| TwoFas.detect(&Probe::new(text.as_bytes(), None));
    assert_eq!(confidence(&backup("")), Confidence::Sure);
    assert_eq!(confidence(r#"{"servicesEncrypted":"a:b:c","schemaVersion":9}"#), Confidence::Sure);
    assert_eq!(confidence(r#"{"appOrigin":"android","schemaVersion":1,"services":[{"#), Confidence::Sure);
    assert_eq!(confidence(&backup(&service("", ""))[..90]), Confidence::Likely);
    assert_eq!(
        confidence(r#"{"appOrigin":"android","appVersionCode":1,"schemaVersion":1,"#),
        Confidence::Likely
    );
    for other in [
        "[]",
        "{}",
        r#"{"services":[]}"#,
        r#"{"schemaVersion":4}"#,
        r#"{"schemaVersion":"4","services":[]}"#,
        r#"{"services":[{"name":"x"}]}"#,
    ] {
        assert_eq!(confidence(other), Confidence::No, "{other}");
    }
}

#[test]
fn names_are_what_the_user_sees() {
    let names = |title: &str, otp: &str| {
        let service = format!(r#"{{"name":{title},"secret":"JBSWY3DPEHPK3PXP","otp":{{{otp}}}}}"#);
        let account = read_one(&service);
        (account.issuer, account.name)
    };
    for (title, otp, issuer, account) in [
        (r#"" Shop ""#, r#""issuer":"Acme","account":"bob","label":"Acme:old""#, "Shop", "bob"),
        (r#""Shop""#, r#""issuer":"Acme","account":"","label":"Acme:old""#, "Shop", ""),
        (r#""Shop""#, r#""issuer":"Acme","account":null,"label":"Acme:bob""#, "Shop", "bob"),
        (r#""Shop""#, r#""label":"Shop:bob""#, "Shop", "bob"),
        (r#""Shop""#, r#""label":"Shopper:bob""#, "Shop", "Shopper:bob"),
        (r#""Shop""#, r#""issuer":"","label":":bob""#, "Shop", ":bob"),
        (r#""""#, r#""issuer":"Acme""#, "Acme", ""),
        ("null", r#""label":"bob""#, "", "bob"),
    ] {
        assert_eq!(names(title, otp), (issuer.to_owned(), account.to_owned()), "{title} {otp}");
    }
}

#[test]
fn parameters_and_their_defaults() {
    let otp = |text: &str| read_one(&service(text, "")).otp().unwrap().clone();
    assert_eq!(&otp(""), totp(0xEF).otp().unwrap());
    assert_eq!(
        otp(r#""digits":7,"period":90,"algorithm":"SHA384","counter":0,"tokenType":"TOTP""#),
        Otp::Totp {
            secret: secret(0xEF),
            algorithm: Algorithm::Sha384,
            digits: Digits::new(7).unwrap(),
            period: Period::new(90).unwrap(),
        }
    );
    for (counter, wanted) in [("null", 1), ("0", 0), ("2147483647", 2_147_483_647)] {
        assert_eq!(
            otp(&format!(r#""tokenType":"HOTP","counter":{counter},"period":0"#)),
            Otp::Hotp {
                secret: secret(0xEF),
                algorithm: Algorithm::Sha1,
                digits: Digits::SIX,
                counter: wanted
            }
        );
    }
    // The app shows five characters in any case.
    for digits in ["null", "5", "6"] {
        let text = format!(r#""tokenType":"STEAM","digits":{digits},"period":30,"algorithm":"SHA1""#);
        assert_eq!(otp(&text), Otp::Steam { secret: secret(0xEF) });
    }
}

#[test]
fn a_bad_service_is_skipped_with_its_name_and_never_sinks_the_file() {
    let services = [
        "[]".to_owned(),
        r#"{"name":"Acme","otp":{"account":"bob","digits":[]},"secret":7}"#.to_owned(),
        service(r#""tokenType":"YAOTP""#, ""),
        service(r#""algorithm":"SHA3""#, ""),
        service(r#""digits":4294967302"#, ""),
        service(r#""period":0"#, ""),
        service(r#""tokenType":"HOTP","counter":-1"#, ""),
        service(r#""tokenType":"STEAM","period":60"#, ""),
        r#"{"name":"Acme","otp":{"account":"bob"}}"#.to_owned(),
        r#"{"name":"Acme","secret":"018","otp":{}}"#.to_owned(),
        service(r#""account":"alice""#, ""),
    ];
    let vault = decode(&backup(&services.join(","))).unwrap();
    assert_eq!(
        codes(&vault.skipped),
        [
            (0, Skip::MISSING_FIELD),
            (1, Skip::MISSING_FIELD),
            (2, Skip::UNKNOWN_KIND),
            (3, Skip::UNKNOWN_ALGORITHM),
            (4, Skip::BAD_DIGITS),
            (5, Skip::BAD_PERIOD),
            (6, Skip::BAD_COUNTER),
            (7, Skip::BAD_PERIOD),
            (8, Skip::NO_SECRET),
            (9, Skip::BAD_SECRET),
        ]
    );
    for at in [1, 8] {
        let item = &vault.skipped[at];
        assert_eq!((item.issuer.as_str(), item.account.as_str()), ("Acme", "bob"));
    }
    assert_eq!((vault.accounts[0].origin.index, vault.accounts[0].name.as_str()), (10, "alice"));
}

#[test]
fn groups_and_times() {
    let services = [
        service("", &format!(r#","groupId":"{}","updatedAt":1714557600007"#, GROUP.to_uppercase())),
        service("", r#","groupId":"33333333-3333-4333-8333-333333333333","updatedAt":1e99"#),
        service("", r#","groupId":null,"updatedAt":9223372036854775807"#),
    ];
    let vault = decode(&backup(&services.join(","))).unwrap();
    assert_eq!(vault.accounts[0].groups, ["Work"]);
    assert!(vault.accounts[1].groups.is_empty() && vault.accounts[2].groups.is_empty());
    assert_eq!(codes(&vault.warnings), [(1, "unknown-group")]);
    let times: Vec<_> = vault.accounts.iter().map(|account| account.modified).collect();
    assert_eq!(times, [time("2024-05-01T10:00:00.007Z"), None, None]);
    assert_eq!(vault.created, time("2024-05-01T10:00:05Z"));
    assert_eq!(vault.variant, "schema v4, ios");
}

#[test]
fn a_same_format_round_trip_keeps_everything_but_the_link() {
    let services = [
        service(
            r#""link":"otpauth://totp/x?secret=JBSWY3DPEHPK3PXP","issuer":"Scanned","account":"alice","source":"link","later":2"#,
            &format!(
                r#","updatedAt":1714557600007,"groupId":"{GROUP}","badge":{{"color":"Red"}},"later":[3],
                "serviceTypeID":"D50D085C-87A1-4C03-80AA-D2384971C6F3",
                "icon":{{"selected":"IconCollection","iconCollection":{{"id":"96b374dc-c981-4e55-af2e-9272b43455a1"}}}}"#
            ),
        ),
        r#"{"name":"Acme","secret":"KRSXG5CTMVRXEZLUKN","otp":{"tokenType":"HOTP","counter":9,"account":"bob"},"updatedAt":7}"#
            .to_owned(),
    ];
    let read = decode(&backup(&services.join(","))).unwrap();
    let written = encode(&read);
    assert!(!String::from_utf8(written.clone()).unwrap().contains("otpauth"));
    let file: Value = serde_json::from_slice(&written).unwrap();
    assert_eq!(
        file["services"][0],
        json!({
            "name": "Example", "secret": "JBSWY3DPEHPK3PXP", "updatedAt": 1_714_557_600_007_u64,
            "serviceTypeID": "D50D085C-87A1-4C03-80AA-D2384971C6F3",
            "otp": {"label": "alice", "account": "alice", "issuer": "Scanned", "digits": 6, "period": 30,
                    "algorithm": "SHA1", "tokenType": "TOTP", "source": "Link", "later": 2},
            "order": {"position": 0},
            "badge": {"color": "Red"},
            "icon": {"selected": "IconCollection", "iconCollection": {"id": "96b374dc-c981-4e55-af2e-9272b43455a1"}},
            "groupId": GROUP,
            "later": [3],
        })
    );
    assert_eq!(
        file["groups"],
        json!([
            {"id": GROUP, "name": "Work", "isExpanded": false, "updatedAt": 5},
            {"id": "22222222-2222-4222-8222-222222222222", "name": "Unused", "isExpanded": true,
             "updatedAt": 6, "later": 1},
        ])
    );
    let again = decode_with(&written, &mut NoPasswords).unwrap();
    assert_eq!(again.extra, read.extra);
    assert_eq!(again.accounts[0].groups, ["Work"]);
    // The second time nothing changes any more: icon and source have been filled in.
    assert_eq!(encode(&again), written);
}

#[test]
fn a_file_is_written_as_both_apps_read_it() {
    let mut grouped = totp(1);
    grouped.groups = vec!["Home".to_owned()];
    let hotp =
        Otp::Hotp { secret: secret(2), algorithm: Algorithm::Sha256, digits: Digits::EIGHT, counter: 7 };
    let mut hotp = Account::new(Credential::Otp(hotp), "", "bob");
    hotp.modified = time("2024-05-01T10:00:00Z");
    let steam = Account::new(Credential::Otp(Otp::Steam { secret: secret(3) }), "Steam", "");
    let file: Value = serde_json::from_slice(&encode(&vault_of(vec![grouped, hotp, steam]))).unwrap();
    let group = &file["groups"][0]["id"];
    let icon = |text: &str| {
        json!({"selected": "Label", "label": {"text": text, "backgroundColor": "LightBlue"},
               "iconCollection": {"id": "a5b3fb65-4ec5-43e6-8ec1-49e24ca9e7ad"}})
    };
    assert_eq!(
        file,
        json!({
            "services": [
                {"name": "Example", "secret": "JBSWY3DPEHPK3PQB", "updatedAt": 1_714_557_600_007_u64,
                 "otp": {"label": "alice", "account": "alice", "issuer": "Example", "digits": 6, "period": 30,
                         "algorithm": "SHA1", "tokenType": "TOTP", "source": "Manual"},
                 "order": {"position": 0}, "icon": icon("EX"), "groupId": group},
                {"name": "bob", "secret": "JBSWY3DPEHPK3PQC", "updatedAt": 1_714_557_600_000_u64,
                 "otp": {"label": "bob", "account": "bob", "digits": 8, "algorithm": "SHA256", "counter": 7,
                         "tokenType": "HOTP", "source": "Manual"},
                 "order": {"position": 1}, "icon": icon("BO")},
                {"name": "Steam", "secret": "JBSWY3DPEHPK3PQD", "updatedAt": 1_714_557_600_000_u64,
                 "otp": {"label": "", "account": "", "issuer": "Steam", "digits": 5, "period": 30,
                         "algorithm": "SHA1", "tokenType": "STEAM", "source": "Manual"},
                 "order": {"position": 2}, "icon": icon("ST")},
            ],
            "groups": [{"id": group, "name": "Home", "isExpanded": true, "updatedAt": 1_714_557_600_000_u64}],
            "updatedAt": 1_714_557_600_000_u64,
            "schemaVersion": 4, "appVersionCode": 5_000_031, "appVersionName": "5.5.0", "appOrigin": "android",
        })
    );
}

#[test]
fn extra_that_somebody_edited_does_no_harm() {
    let extras = [
        json!({"secret": "AAAA", "name": "x", "link": "otpauth://", "groupId": "y", "type": "z",
               "serviceTypeID": "no uuid", "badge": {"color": "Beige"}, "icon": {"selected": "Brand", "brand": {"id": "Amazon"}},
               "otp": {"link": "x", "secret": 1, "digits": 8, "counter": 5, "tokenType": "HOTP", "issuer": 5, "source": 5}}),
        json!({"serviceTypeID": 1, "badge": [], "icon": {"selected": "Label", "label": {"text": 1},
               "iconCollection": {"id": GROUP}}, "otp": []}),
        json!([1]),
    ];
    let accounts = extras.into_iter().zip(1..).map(|(extra, last)| {
        let mut account = totp(last);
        account.groups = vec!["Work".to_owned()];
        account.extra.insert("2fas".to_owned(), extra);
        account
    });
    let mut vault = vault_of(accounts.collect());
    vault.extra.insert(
        "2fas".to_owned(),
        json!({"schemaVersion": 9, "servicesEncrypted": "x", "account": "me@example.org", "groups": [
            1, {"id": "no uuid", "name": "Work", "isExpanded": 1, "updatedAt": "x"}, {"id": GROUP, "name": ""},
            {"id": GROUP, "name": "Work"}, {"id": 7, "name": "Seven"}]}),
    );
    let written = encode(&vault);
    let read = decode_with(&written, &mut NoPasswords).unwrap();
    for (before, after) in vault.accounts.iter().zip(&read.accounts) {
        assert_eq!(before.otp(), after.otp());
        assert_eq!(
            (&before.issuer, &before.name, &before.groups),
            (&after.issuer, &after.name, &after.groups)
        );
    }
    let file: Value = serde_json::from_slice(&written).unwrap();
    for service in file["services"].as_array().unwrap() {
        assert_eq!(service["icon"]["label"]["text"], "EX");
        assert!(["serviceTypeID", "badge", "link", "type"].iter().all(|field| service.get(field).is_none()));
        assert_eq!(service["otp"].as_object().unwrap().len(), 8);
    }
    assert!(file.get("account").is_none() && file.get("servicesEncrypted").is_none());
    let names: Vec<_> = file["groups"].as_array().unwrap().iter().map(|group| &group["name"]).collect();
    assert_eq!(names, ["Work", "Seven"]);
}

#[test]
fn encrypted_round_trip_and_its_passwords() {
    let mut account = totp(1);
    account.groups = vec!["Home".to_owned()];
    let vault = vault_of(vec![account]);
    let written = encode_with(&vault, "correct hörse");
    let file: Value = serde_json::from_slice(&written).unwrap();
    assert_eq!(file["services"], json!([]));
    let parts = |field: &str| -> Vec<String> {
        file[field].as_str().unwrap().split(':').map(str::to_owned).collect()
    };
    let (services, reference) = (parts("servicesEncrypted"), parts("reference"));
    assert_eq!(services[1], reference[1]);
    assert_ne!(services[2], reference[2]);
    // 256 bytes in Base64.
    assert_eq!(services[1].len(), 344);

    let given = [SecretText::new("wrong"), SecretText::new("correct hörse")];
    let opened = decode_with(&written, &mut &given[..]).unwrap();
    assert!(opened.encrypted);
    assert_eq!(opened.accounts[0].otp(), vault.accounts[0].otp());
    assert_eq!(opened.accounts[0].groups, ["Home"]);
    assert_eq!(decode_with(&written, &mut &given[..1]).unwrap_err().kind, ErrorKind::WrongPassword);
    let error = decode_with(&written, &mut NoPasswords).unwrap_err();
    assert_eq!((error.kind, error.format), (ErrorKind::PasswordNeeded, Some("2fas")));
}

#[test]
fn files_that_are_no_backup_name_the_place() {
    let sealed = r#""servicesEncrypted":"AAAA:AAAA","reference":"""#;
    for (text, kind, pointer) in [
        (r#"{"schemaVersion":4}"#.to_owned(), ErrorKind::Malformed, "/services"),
        (r#"{"schemaVersion":4,"services":{}}"#.to_owned(), ErrorKind::Malformed, "/services"),
        (r#"{"schemaVersion":4,"services":[],"groups":7}"#.to_owned(), ErrorKind::Malformed, "/groups"),
        (r#"{"schemaVersion":0,"services":[]}"#.to_owned(), ErrorKind::Malformed, "/schemaVersion"),
        (r#"{"services":[]}"#.to_owned(), ErrorKind::Malformed, "/schemaVersion"),
        (r#"{"schemaVersion":5,"services":[]}"#.to_owned(), ErrorKind::NewerVersion, "/schemaVersion"),
        (
            format!(r#"{{"schemaVersion":4,"services":[],{sealed}}}"#),
            ErrorKind::Malformed,
            "/servicesEncrypted",
        ),
        (format!(r#"{{"schemaVersion":4,"services":[{{}}],{sealed}}}"#), ErrorKind::Malformed, "/services"),
    ] {
        let error = decode(&text).unwrap_err();
        assert_eq!((error.kind, error.at), (kind, Some(Place::Json(pointer.to_owned()))), "{text}");
        assert!(error.next_step.is_some() && error.format == Some("2fas"), "{text}");
    }
}

#[test]
fn what_the_apps_cannot_hold_is_said_before_writing() {
    let refused = |otp: Otp| {
        let account = Account::new(Credential::Otp(otp), "Example", "");
        testing::form(&TwoFas).fit(&[account]).remove(0).refused.map(|Refusal { code, .. }| code)
    };
    let totp = |algorithm, digits, period, length| Otp::Totp {
        secret: Secret::new(vec![7; length]).unwrap(),
        algorithm,
        digits: Digits::new(digits).unwrap(),
        period: Period::new(period).unwrap(),
    };
    for (otp, code) in [
        (totp(Algorithm::Sha384, 5, 10, 2), None),
        (totp(Algorithm::Sha224, 8, 90, 320), None),
        (totp(Algorithm::Md5, 6, 30, 20), Some("unsupported-algorithm")),
        (totp(Algorithm::Sha1, 4, 30, 20), Some("unsupported-digits")),
        (totp(Algorithm::Sha1, 9, 30, 20), Some("unsupported-digits")),
        (totp(Algorithm::Sha1, 6, 45, 20), Some("unsupported-period")),
        (totp(Algorithm::Sha1, 6, 30, 1), Some("unsupported-secret")),
        (totp(Algorithm::Sha1, 6, 30, 321), Some("unsupported-secret")),
        (Otp::Motp { secret: secret(1), pin: None }, Some("unsupported-kind")),
        (
            Otp::Hotp {
                secret: secret(1),
                algorithm: Algorithm::Sha1,
                digits: Digits::SIX,
                counter: 2_147_483_648,
            },
            Some("unsupported-counter"),
        ),
    ] {
        assert_eq!(refused(otp), code);
    }
}

#[test]
fn the_second_account_of_a_secret_is_refused() {
    let mut first = totp(1);
    first.credential = Credential::NameOnly { reason: String::new() };
    let mut odd = totp(2);
    if let Credential::Otp(Otp::Totp { period, .. }) = &mut odd.credential {
        *period = Period::new(45).unwrap();
    }
    let steam = Account::new(Credential::Otp(Otp::Steam { secret: secret(1) }), "Steam", "");
    let fits = testing::form(&TwoFas).fit(&[first, totp(1), odd, totp(2), steam]);
    let refused: Vec<_> = fits.iter().map(|fit| fit.refused.as_ref().map(|refusal| refusal.code)).collect();
    // The refused account with the secret of the fourth does not take its place.
    assert_eq!(refused, [Some("name-only"), None, Some("unsupported-period"), None, Some("same-secret")]);
}

#[test]
fn exactly_the_announced_fields_differ_after_a_round_trip() {
    let named = |last, issuer: &str, name: &str| {
        let mut account = totp(last);
        (account.issuer, account.name) = (issuer.to_owned(), name.to_owned());
        account
    };
    let mut accounts = vec![
        totp(1),
        named(2, "", "bob"),
        named(3, " \t", " bob "),
        named(4, "", ""),
        named(5, " Shop\u{a0}", " "),
        named(6, "Shop:x", "Shop:x:bob"),
    ];
    let groups: [&[&str]; 4] = [&["A"], &["A", "B"], &[""], &["", "B"]];
    for (names, last) in groups.iter().zip(10..) {
        let mut account = totp(last);
        account.groups = names.iter().map(|&name| name.to_owned()).collect();
        accounts.push(account);
    }
    let mut undated = totp(20);
    undated.modified = None;
    undated.note = "note".to_owned();
    let mut precise = totp(21);
    precise.modified = time("2024-05-01T10:00:00.0075Z");
    precise.icon = Some(Icon { mime: "image/png".to_owned(), data: vec![1] });
    let mut early = totp(22);
    early.modified = time("1969-12-31T23:59:59.9999Z");
    accounts.extend([undated, precise, early]);

    let fits = testing::form(&TwoFas).fit(&accounts);
    let vault = vault_of(accounts);
    let read = decode_with(&encode(&vault), &mut NoPasswords).unwrap();
    assert_eq!(codes(&read.skipped), []);
    for ((before, after), fit) in vault.accounts.iter().zip(&read.accounts).zip(fits) {
        assert_eq!(fit.refused, None);
        assert_eq!(before.credential, after.credential);
        for field in Field::ALL {
            let announced = fit.changes.iter().filter(|change| change.field == field).count();
            assert!(announced <= 1);
            assert_eq!(field.same(before, after), announced == 0, "{} of {before:?}", field.name());
        }
    }
    let titles: Vec<_> = read.accounts.iter().map(|account| account.issuer.as_str()).take(6).collect();
    assert_eq!(titles, ["Example", "bob", "bob", "Unnamed", "Shop", "Shop:x"]);
}

#[test]
fn no_mutation_of_a_file_panics() {
    let plain = backup(&service(r#""account":"a","digits":6,"tokenType":"HOTP""#, r#","groupId":"x""#));
    let given = [SecretText::new("test")];
    let sealed = r#"{"schemaVersion":4,"services":[],"servicesEncrypted":"AAAA:AAAA:AAAAAAAAAAAAAAAA"}"#;
    for text in [plain.as_str(), sealed] {
        for at in 0..text.len() {
            for byte in [0, b'"', b'[', b'{', b'9', b'-', b',', 0xff] {
                let mut bytes = text.to_owned().into_bytes();
                bytes[at] = byte;
                let _ = TwoFas.detect(&Probe::new(&bytes, None));
                let _ = decode_with(&bytes, &mut &given[..]);
            }
            let _ = TwoFas.detect(&Probe::new(&text.as_bytes()[..at], None));
            let _ = decode_with(&text.as_bytes()[..at], &mut &given[..]);
        }
    }
}
