//! What users see, word for word: the sessions in `tests/cmd/`.
//!
//! `TRYCMD=overwrite cargo test --test cli` writes the sessions anew.

#![cfg(test)]

mod support;

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};
use support::{Sandbox, fixture};

#[test]
fn sessions() {
    trycmd::TestCases::new()
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100")
        // Empty counts as not set.
        .env("OTPFERRY_PASSWORD", "")
        .case("tests/cmd/*.md");
}

#[test]
fn formats_as_json() {
    let formats = Sandbox::new().run(&["formats", "--json"]).exits(0).json();
    let formats = formats.as_array().unwrap();
    let ids: Vec<&str> = formats.iter().map(|format| format["id"].as_str().unwrap()).collect();
    for id in [
        "2fas",
        "aegis",
        "gnome-authenticator",
        "google-migration",
        "microsoft",
        "otpauth",
        "otpferry",
        "raivo",
        "stratum",
        "winauth",
    ] {
        assert!(ids.contains(&id), "{id}");
    }
    for format in formats {
        for key in ["title", "read", "write", "export_help"] {
            assert!(format[key].as_str().is_some_and(|text| !text.is_empty()), "{key}: {format}");
        }
        assert!(format["aliases"].is_array() && format["extensions"].is_array());
        assert_eq!(format["write"] == "no", format["import_help"].is_null(), "{format}");
    }
}

/// Every published and computed vector, through a canonical file and the command.
#[test]
fn codes_are_those_of_the_vectors() {
    let file: Value = serde_json::from_slice(&fs::read(fixture("otp/rfc-vectors.json")).unwrap()).unwrap();
    let mut by_time: BTreeMap<u64, Vec<&Value>> = BTreeMap::new();
    // A file cannot say that a PIN is empty: that counts as unknown.
    let vectors = file["vectors"].as_array().unwrap().iter().filter(|vector| vector["pin"] != "");
    for vector in vectors {
        by_time.entry(vector["time"].as_u64().unwrap_or(0)).or_default().push(vector);
    }
    let mut count = 0;
    for (time, vectors) in by_time {
        let sandbox = Sandbox::new();
        let accounts: Vec<Value> =
            vectors.iter().enumerate().map(|(at, vector)| account(at, vector)).collect();
        let file = json!({ "format": "otpferry", "version": 1, "accounts": accounts });
        sandbox.put("x.json", file.to_string());
        let run = sandbox.run(&["codes", "x.json", "--at", &time.to_string(), "--json"]);
        let output = run.json();
        assert_eq!(output["time"], time);
        let lines = output["accounts"].as_array().unwrap();
        assert_eq!(lines.len(), vectors.len(), "{output:#}");
        for (line, vector) in lines.iter().zip(vectors) {
            assert_eq!(line["codes"][0]["code"], vector["code"], "{vector}\n{line}");
            count += 1;
        }
    }
    assert!(count > 100, "only {count} vectors");
}

fn account(at: usize, vector: &Value) -> Value {
    let keys = ["kind", "secret", "algorithm", "digits", "period", "counter", "pin"];
    let mut account = json!({ "issuer": "vector", "account": at.to_string() });
    for key in keys {
        account[key] = vector[key].clone();
    }
    account
}

#[test]
fn codes_of_later_steps() {
    let sandbox = Sandbox::new();
    let args = ["codes", &fixture("otpauth/plain.txt"), "--json", "--at"];
    let at = |time: &str, count: &str| {
        sandbox.run(&[&args[..], &[time, "--count", count]].concat()).exits(0).json()["accounts"][0].clone()
    };
    let codes = |account: Value| -> Vec<Value> {
        account["codes"].as_array().unwrap().iter().map(|code| code["code"].clone()).collect()
    };
    let five = codes(at("59", "5"));
    assert_eq!(five.len(), 5);
    for (step, code) in five.iter().enumerate() {
        assert_eq!(codes(at(&(59 + 30 * step).to_string(), "1")), std::slice::from_ref(code));
    }
    let first = &at("59", "2")["codes"];
    assert_eq!(
        (&first[0]["from"], &first[0]["until"], &first[1]["from"]),
        (&json!(30), &json!(60), &json!(60))
    );
    for count in ["0", "101"] {
        sandbox.run(&[&args[..], &["59", "--count", count]].concat()).exits(2);
    }
}
