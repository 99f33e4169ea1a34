//! `inspect`: what it says as JSON, and the inventory.

#![cfg(test)]

mod support;

use serde_json::{Value, json};
use support::{PASSWORD, Sandbox, assert_no_secret, fixture};

fn pair(name: &str) -> String {
    format!("{}/tests/pairs/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn account(index: usize, issuer: &str, name: &str, algorithm: &str, digits: u8) -> Value {
    json!({
        "index": index, "kind": "totp", "issuer": issuer, "account": name, "algorithm": algorithm, "digits": digits,
        "period": 30, "counter": null, "groups": [], "favorite": false, "trashed": false,
    })
}

#[test]
fn everything_as_json() {
    let file = pair("risks.txt");
    let args = ["inspect", &file, "--json", "--target", "microsoft-authenticator@ios", "--max-age", "30d"];
    let said = Sandbox::new().run(&args).exits(1).json();
    let item = |index: usize, issuer: &str, name: &str, code: &str, message: &str| json!({ "file": file, "index": index, "issuer": issuer, "account": name, "code": code, "message": message });
    let of_file = |code: &str, message: &str, step: &str| json!({ "file": "", "issuer": "", "account": "", "code": code, "message": message, "next_step": step });
    let wanted = json!({
        "files": [{
            "path": file, "format": "otpauth", "title": "otpauth links", "variant": "list of URIs", "encrypted": false,
            "accounts": [
                account(0, "GitHub", "alice", "SHA1", 6),
                account(1, "GitHub", "alice", "SHA1", 6),
                account(2, "Other", "alice", "SHA1", 6),
                account(3, "Tiny", "t", "SHA256", 6),
                account(4, "Microsoft", "maria@outlook.example", "SHA1", 8),
            ],
            "name_only": [], "skipped": [], "warnings": [],
            "risks": [
                of_file("plain-file", "the file holds the secrets without protection", "Keep an encrypted copy instead and delete this one"),
                item(3, "Tiny", "t", "weak-secret", "WEAK: the secret has fewer than 80 bits and can be guessed from a few codes; set it up anew at its service"),
                of_file("unknown-age", "it does not say when it was made", "Make a new backup on the old phone, and compare the two with `otpferry diff`"),
            ],
        }],
        "duplicates": [
            item(1, "GitHub", "alice", "same-account", "it is also entry 1 of the same file"),
            item(2, "Other", "alice", "same-codes", "GitHub (alice), entry 1 of the same file, shows the same codes"),
        ],
        "targets": [{
            "target": "microsoft-authenticator@ios", "title": "Microsoft Authenticator (iPhone)", "right": 3,
            "at_risk": [said["targets"][0]["at_risk"][0].clone(), item(4, "Microsoft", "maria@outlook.example", "per-device",
                "a personal Microsoft account has another key on each phone: sign in with it in the app, do not scan it")],
        }],
        "missing_parts": [], "warnings": [],
    });
    assert_eq!(said, wanted, "{said:#}");
    let tiny = said["targets"][0]["at_risk"][0]["message"].as_str().unwrap();
    assert!(tiny.ends_with("it takes the account without a word and shows wrong codes"), "{tiny}");
}

#[test]
fn an_old_backup_is_an_exit_code() {
    let sandbox = Sandbox::new();
    let file = pair("monday.json");
    let run =
        |age: &str, exit| sandbox.run(&["inspect", &file, "--only", "Acme", "--max-age", age]).exits(exit);
    run("4000y", 0);
    run("1h", 1);
    sandbox.run(&["inspect", &file, "--only", "Acme"]).exits(0);
}

#[test]
fn inventories() {
    let sandbox = Sandbox::new();
    let name = "%3Cscript%3Ealert(1)%3C%2Fscript%3E%E2%80%AE";
    let long = "x".repeat(300);
    sandbox.put("odd.txt", format!(
        "otpauth://totp/{name}?secret=CANARYALPHACANARYALPHACANARYALPH\notpauth://totp/{long}?secret=CANARYBRAVOCANARYBRAVOCANARYBRAV\n"
    ));
    let microsoft = fixture("microsoft/v26-all-kinds.sqlite");
    let inputs = ["inspect", "odd.txt", &microsoft, "--inventory"];
    let run =
        |output: &str, more: &[&str], exit| sandbox.run(&[&inputs[..], &[output], more].concat()).exits(exit);
    assert!(run("list.html", &[], 1).out.ends_with("Wrote the inventory to list.html\n"));
    let page = String::from_utf8(sandbox.bytes("list.html")).unwrap();
    assert_no_secret(&page, "the inventory");
    assert!(page.contains("script-src 'none'") && !page.contains("<script"), "{page}");
    assert!(page.contains("<bdi>&lt;script&gt;alert(1)&lt;/script&gt;\u{fffd}</bdi>"), "{page}");
    assert!(page.contains(&long) && page.contains("a work or school account approved by push"));
    run("list.html", &[], 9).explains();
    run("list.html", &["--force"], 1);
    run("odd.txt", &["--force"], 9).explains();
    run("list.txt", &["-q"], 1);
    let text = String::from_utf8(sandbox.bytes("list.txt")).unwrap();
    assert!(text.starts_with("Inventory of 20") && text.contains("Only a name, without codes:"), "{text}");
    assert_no_secret(&text, "the inventory");
    run("list", &[], 2).explains();
}

/// The costs are those that fixtures/make/ states.
#[test]
fn encryption_and_its_strength() {
    let sandbox = Sandbox::new();
    for (name, cipher, kdf, strength) in [
        ("2fas/encrypted-v4-android.2fas", "AES-256-GCM", "PBKDF2 SHA-256 iterations=10000", "weak"),
        ("aegis/encrypted-v3.json", "AES-256-GCM", "scrypt N=32768 r=8 p=1", "fair"),
        ("andotp/encrypted-new.json.aes", "AES-256-GCM", "PBKDF2 SHA-1 iterations=145776", "fair"),
        ("andotp/otp_accounts-old.json.aes", "AES-256-GCM", "one SHA-256", "weak"),
        ("authenticator-ext/encrypted-v3.json", "AES-256-CBC", "Argon2id 19456 KiB t=2 p=1", "strong"),
        ("authenticator-ext/encrypted-v2.json", "AES-256-CBC", "one MD5", "weak"),
        (
            "authenticator-plus/backup.db",
            "AES-256-CBC with HMAC-SHA-1",
            "PBKDF2 SHA-1 iterations=64000",
            "weak",
        ),
        (
            "bitwarden/protected-argon2id.json",
            "AES-256-CBC with HMAC-SHA-256",
            "Argon2id 16384 KiB t=3 p=4",
            "strong",
        ),
        (
            "bitwarden/protected-pbkdf2.json",
            "AES-256-CBC with HMAC-SHA-256",
            "PBKDF2 SHA-256 iterations=5000",
            "weak",
        ),
        ("cotp/db.cotp", "XChaCha20-Poly1305", "Argon2id 32768 KiB t=4 p=4", "strong"),
        ("ente/encrypted-other-costs.json", "XChaCha20-Poly1305", "Argon2id 65536 KiB t=3 p=1", "strong"),
        ("freeotp/v2-android-6.xml", "AES-256-GCM", "PBKDF2 SHA-1 iterations=1000", "weak"),
        ("keepass/v31-aes.kdbx", "AES-256", "AES-KDF rounds=600", "weak"),
        ("keepass/v4-chacha20-argon2d.kdbx", "ChaCha20", "Argon2d 1024 KiB t=2 p=2", "weak"),
        ("otpclient/v1.enc", "AES-256-GCM", "PBKDF2 SHA-512 iterations=100000", "fair"),
        ("proton/encrypted.json", "AES-256-GCM", "Argon2id 19456 KiB t=2 p=1", "strong"),
        ("stratum/strong.stratum", "AES-256-GCM", "Argon2id 65536 KiB t=3 p=4", "strong"),
        ("stratum/legacy.authpro", "AES-256-CBC", "PBKDF2 SHA-1 iterations=64000", "weak"),
    ] {
        let password = support::expected(name)["password"].as_str().unwrap().to_owned();
        let said = sandbox
            .run_with(&["inspect", &fixture(name), "--json"], b"", &[("OTPFERRY_PASSWORD", &password)])
            .json();
        let file = &said["files"][0];
        let wanted = json!({ "cipher": cipher, "kdf": kdf, "strength": strength });
        assert_eq!(file["protection"], wanted, "{name}");
        let risks = file["risks"].as_array().unwrap();
        assert_eq!(risks.iter().any(|risk| risk["code"] == "weak-encryption"), strength == "weak", "{name}");
    }
}

#[test]
fn encryption_for_people() {
    let sandbox = Sandbox::new();
    let inspect = |file: &str| {
        let out = sandbox.run_with(&["inspect", file], b"", &[("OTPFERRY_PASSWORD", PASSWORD)]).out;
        out.lines().find(|line| line.contains("encryption: ")).map(str::to_owned)
    };
    let vault = fixture("2fas/encrypted-v4-android.2fas");
    let line = "  encryption: weak (AES-256-GCM, PBKDF2 SHA-256 iterations=10000)";
    assert_eq!(inspect(&vault).as_deref(), Some(line));
    sandbox.put("passphrase", PASSWORD);
    let plain = fixture("otpauth/plain.txt");
    sandbox
        .run(&["convert", &plain, "-t", "otpauth", "-o", "sealed.age", "--age-passphrase-file", "passphrase"])
        .exits(0);
    assert_eq!(inspect("sealed.age").as_deref(), Some("  encryption: strong (age)"));
    assert_eq!(inspect(&plain), None);
}
