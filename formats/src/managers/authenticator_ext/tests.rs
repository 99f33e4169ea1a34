use super::*;
use crate::ctx::NoPasswords;
use crate::model::SecretText;
use crate::testing;

const PLAIN: &[u8] = include_bytes!("../../../../fixtures/authenticator-ext/plain.json");
const SEALED: &[u8] = include_bytes!("../../../../fixtures/authenticator-ext/encrypted-v3.json");

fn decode(bytes: &[u8], password: &str) -> Vault {
    let given = [SecretText::new(password)];
    testing::with_ctx(&mut &given[..], |ctx| AuthenticatorExt.decode(&Input::new(bytes), ctx)).unwrap()
}

#[test]
fn what_is_written_is_in_the_words_of_the_app() {
    let mut vault = decode(PLAIN, "");
    vault.accounts.remove(0);
    vault.accounts.truncate(1);
    let form = testing::form(&AuthenticatorExt);
    let parts = testing::with_ctx(&mut NoPasswords, |ctx| form.encode(&vault, ctx)).unwrap();
    let text = std::str::from_utf8(&parts[0].0).unwrap();
    let id = kept(&vault.accounts[0], HASH).unwrap();
    assert!(is_kept_id(id));
    let lines = [
        "{".to_owned(),
        format!("  \"{id}\": {{"),
        "    \"encrypted\": false,".to_owned(),
        format!("    \"hash\": \"{id}\","),
        "    \"index\": 0,".to_owned(),
        "    \"type\": \"hotp\",".to_owned(),
        "    \"secret\": \"CANARYBRAVOCANARYBRAVOCANARYBRAV\",".to_owned(),
        "    \"counter\": 7,".to_owned(),
        "    \"issuer\": \"Bank::bank.example\",".to_owned(),
        "    \"account\": \"carol: private\",".to_owned(),
        "    \"digits\": 8,".to_owned(),
        "    \"dataType\": \"OTPStorage\"".to_owned(),
        "  }".to_owned(),
        "}".to_owned(),
    ];
    assert_eq!(text, lines.join("\r\n"));
}

#[test]
fn the_encrypted_file_shows_nothing_of_its_accounts() {
    let vault = decode(SEALED, "canary-Pässwörd-ключ-🔑-4");
    let password = SecretText::new("new");
    let form = testing::form(&AuthenticatorExt);
    let parts =
        testing::with_new_password(&mut NoPasswords, &password, |ctx| form.encode(&vault, ctx)).unwrap();
    let text = std::str::from_utf8(&parts[0].0).unwrap();
    assert!(!text.contains("issuer") && !text.contains("Acme") && text.contains("\"version\": 3"));
    let again = decode(&parts[0].0, "new");
    assert_eq!(again.accounts, vault.accounts);
}

#[test]
fn ids_of_other_forms_are_not_kept() {
    assert!(is_kept_id("0b0f7c58-6b1d-4a0e-9d3e-3a0f4f6c1a01"));
    for id in ["0B0F7C58-6b1d-4a0e-9d3e-3a0f4f6c1a01", "0b0f7c58-6b1d-1a0e-9d3e-3a0f4f6c1a01", "0b0f7c58", ""]
    {
        assert!(!is_kept_id(id), "{id}");
    }
}
