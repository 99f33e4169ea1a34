//! Expected values are written down here or come from the sources that are named.

use super::*;
use crate::ctx::NoPasswords;
use crate::error::{ErrorKind, Place};
use crate::model::{Credential, Draft, Secret};
use crate::testing;

const FIELDS: &str = r#""issuerName":"Example","userName":"alice","secret":"JBSWY3DPEHPK3PXP","timeStep":30,"digits":6,"algorithm":"SHA1""#;

fn file(account: &str) -> String {
    format!(
        r#"{{"deviceName":"Phone","localDeviceId":null,"version":3,"accounts":[{{{account}}}],
        "folders":[{{"id":0,"name":"Rest","isOpened":false}},{{"id":7,"name":"Work","isOpened":false,"color":"red"}}]}}"#
    )
}

fn decode(bytes: &[u8]) -> Result<Vault, Error> {
    testing::with_ctx(&mut NoPasswords, |ctx| LastPass.decode(&Input::new(bytes), ctx))
}

fn encode(vault: &Vault) -> serde_json::Value {
    let parts =
        testing::with_ctx(&mut NoPasswords, |ctx| testing::form(&LastPass).encode(vault, ctx)).unwrap();
    serde_json::from_slice(&parts[0].0).unwrap()
}

fn account() -> Account {
    let secret = Secret::new(b"Hello!\xDE\xAD\xBE\xEF".to_vec()).unwrap();
    Account::new(Credential::Otp(Draft::new(Kind::Totp, secret).build().unwrap()), "Example", "alice")
}

#[test]
fn every_field_that_importers_demand_is_written() {
    let mut grouped = account();
    grouped.groups = vec!["Work".to_owned()];
    grouped.created = Timestamp::from_millisecond(1_714_557_600_123).ok();
    let mut favorite = account();
    favorite.favorite = true;
    let vault = Vault { accounts: vec![account(), grouped, favorite], ..Vault::default() };
    let written = encode(&vault);
    let keys: Vec<&String> = written.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        ["deviceId", "deviceSecret", "localDeviceId", "deviceName", "version", "accounts", "folders"]
    );
    assert_eq!(written["version"], 3);
    let keys: Vec<&String> = written["accounts"][0].as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "accountID",
            "lmiUserId",
            "issuerName",
            "originalIssuerName",
            "userName",
            "originalUserName",
            "pushNotification",
            "secret",
            "timeStep",
            "digits",
            "creationTimestamp",
            "isFavorite",
            "algorithm",
            "folderData"
        ]
    );
    assert_eq!(written["accounts"][1]["creationTimestamp"], 1_714_557_600_123_i64);
    assert_eq!(written["accounts"][1]["folderData"]["folderId"], 2);
    assert_eq!(written["accounts"][2]["folderData"]["folderId"], 1);
    let names: Vec<_> =
        written["folders"].as_array().unwrap().iter().map(|f| f["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Favorites", "Other accounts", "Work"]);
}

#[test]
fn what_only_the_app_knows_survives_without_the_secret_of_the_phone() {
    let text = file(&format!(
        r#"{FIELDS},"originalIssuerName":"Old","accountID":"","later":1,"folderData":{{"folderId":7,"position":0}}"#
    ))
    .replacen('{', r#"{"deviceSecret":"canary","#, 1);
    let vault = decode(text.as_bytes()).unwrap();
    assert_eq!(vault.accounts[0].groups, ["Work"]);
    let written = encode(&vault);
    assert!(!written.to_string().contains("canary"));
    assert_eq!(written["accounts"][0]["originalIssuerName"], "Old");
    assert_eq!(written["accounts"][0]["later"], 1);
    assert_eq!(written["accounts"][0]["folderData"]["folderId"], 7);
    assert_eq!(written["deviceName"], "Phone");
    assert_eq!(written["folders"][1]["name"], "Rest");
    assert_eq!(written["folders"][2]["color"], "red");
}

#[test]
fn times_are_read_from_both_apps() {
    let created = |number: &str| {
        let text = file(&format!(r#"{FIELDS},"creationTimestamp":{number}"#));
        decode(text.as_bytes()).unwrap().accounts[0].created
    };
    assert_eq!(created("1738075355820"), Timestamp::from_millisecond(1_738_075_355_820).ok());
    assert_eq!(created("1746694099"), Timestamp::from_second(1_746_694_099).ok());
    for number in ["0", "-1", "null", "9223372036854775807", "99999999999999999999", "\"x\""] {
        assert_eq!(created(number), None, "{number}");
    }
}

#[test]
fn versions_and_shapes_are_checked() {
    for (text, kind, place) in [
        (r#"{"version":4,"accounts":[]}"#, ErrorKind::NewerVersion, "/version"),
        (r#"{"version":0,"accounts":[]}"#, ErrorKind::Malformed, "/version"),
        (r#"{"accounts":[]}"#, ErrorKind::Malformed, "/version"),
        (r#"{"version":3}"#, ErrorKind::Malformed, "/accounts"),
        (r#"{"version":3,"accounts":{}}"#, ErrorKind::Malformed, "/accounts"),
    ] {
        let error = decode(text.as_bytes()).unwrap_err();
        assert_eq!((error.kind, error.format), (kind, Some(ID)), "{text}");
        assert_eq!(error.at, Some(Place::Json(place.to_owned())), "{text}");
    }
}

/// Any damage is an answer, never a panic.
#[test]
fn mutations_do_not_panic() {
    let bytes = file(FIELDS).into_bytes();
    for at in 0..bytes.len() {
        for byte in [0, b'"', b'{', b'9', 0xff] {
            let mut damaged = bytes.clone();
            damaged[at] = byte;
            let _ = LastPass.detect(&Probe::new(&damaged, None));
            if let Ok(vault) = decode(&damaged) {
                let _ = encode(&vault);
            }
        }
        let _ = decode(&bytes[..at]);
    }
}

#[test]
fn a_folder_whose_name_fills_the_memory_is_refused() {
    let text = file(FIELDS).replace("\"Work\"", &format!("\"{}\"", "x".repeat(2000)));
    assert_eq!(decode(text.as_bytes()).unwrap_err().kind, ErrorKind::Malformed);
}
