//! Whole files are read in `tests/goldens.rs`; here is what is refused, and what is written.

use super::*;
use crate::ctx::NoPasswords;
use crate::error::ErrorKind;
use crate::testing;

const DOCUMENT: &[u8] = include_bytes!("../../../../fixtures/cxf/header.json");

fn decode(bytes: &[u8]) -> Result<Vault, Error> {
    testing::with_ctx(&mut NoPasswords, |ctx| Cxf.decode(&Input::new(bytes), ctx))
}

#[test]
fn documents_that_cannot_be_read_say_why() {
    let kind = |text: &str| decode(text.as_bytes()).unwrap_err().kind;
    assert_eq!(
        kind(r#"{"version":{"major":2,"minor":0},"exporterRpId":"x","accounts":[]}"#),
        ErrorKind::NewerVersion
    );
    assert_eq!(
        kind(r#"{"version":0,"hpke":{"mode":"base"},"exporter":"x","payload":"eyJ"}"#),
        ErrorKind::Unsupported
    );
    assert_eq!(kind(r#"{"version":{"major":1,"minor":0},"exporterRpId":"x"}"#), ErrorKind::Malformed);
    let long = "x".repeat(1000);
    let nested = format!(
        r#"{{"items":[],"collections":[{{"title":"{long}","subCollections":[{{"title":"{long}"}}]}}]}}"#
    );
    assert_eq!(kind(&nested), ErrorKind::Malformed);
}

#[test]
fn an_item_has_its_user_name_collection_and_tags() {
    let vault = decode(DOCUMENT).unwrap();
    let write = |ctx: &mut Ctx<'_>| testing::form(&Cxf).encode(&vault, ctx);
    let parts = testing::with_ctx(&mut NoPasswords, write).unwrap();
    let text = std::str::from_utf8(&parts[0].0).unwrap();
    assert!(!text.contains("hunter2"), "{text}");
    let written: serde_json::Value = serde_json::from_str(text).unwrap();
    assert_eq!(written["version"], serde_json::json!({"major": 1, "minor": 0}));
    assert_eq!(
        (&written["exporterRpId"], &written["timestamp"]),
        (&"otpferry.invalid".into(), &1_714_557_600.into())
    );
    let owner = &written["accounts"][0];
    let item = &owner["items"][0];
    assert_eq!((&item["title"], &item["favorite"]), (&"Acme".into(), &true.into()));
    assert_eq!(
        item["credentials"][0]["username"],
        serde_json::json!({"fieldType": "string", "value": "bob"})
    );
    let code = serde_json::json!({"type": "totp", "secret": "CANARYALPHACANARYALPHACANARYALPH", "period": 60, "digits": 8,
        "algorithm": "sha256", "username": "bob", "issuer": "Acme"});
    assert_eq!(item["credentials"][1], code);
    assert_eq!(item["tags"], serde_json::json!(["dev"]));
    assert_eq!(owner["collections"][0]["title"], "Work/Inner");
    assert_eq!(owner["collections"][0]["items"][0]["item"], item["id"]);
}
