//! Whole files are read in `tests/goldens.rs`; here is what is refused, and what is written.

use super::*;
use crate::ctx::NoPasswords;
use crate::error::ErrorKind;
use crate::model::SecretText;
use crate::testing;

const PLAIN: &str = include_str!("../../../../fixtures/bitwarden/individual.json");
const PROTECTED: &str = include_str!("../../../../fixtures/bitwarden/protected-pbkdf2.json");

fn decode(text: &str, password: &str) -> Result<Vault, Error> {
    let given = [SecretText::new(password)];
    testing::with_ctx(&mut &given[..], |ctx| Bitwarden.decode(&Input::new(text.as_bytes()), ctx))
}

fn kind(text: &str) -> ErrorKind {
    decode(text, "wrong").map(|_| ()).unwrap_err().kind
}

#[test]
fn a_wrong_password_is_told_from_damage() {
    assert_eq!(kind(PROTECTED), ErrorKind::WrongPassword);
    assert_eq!(kind(&PROTECTED.replace("\"salt\"", "\"pepper\"")), ErrorKind::Malformed);
    assert_eq!(kind(&PROTECTED.replace("\"data\": \"2.", "\"data\": \"1.")), ErrorKind::Malformed);
    assert_eq!(kind(&PROTECTED.replace("\"kdfType\": 0", "\"kdfType\": 7")), ErrorKind::NewerVersion);
    assert_eq!(
        kind(&PROTECTED.replace("\"kdfIterations\": 5000", "\"kdfIterations\": 4000000000")),
        ErrorKind::Limit
    );
    let argon2 = PROTECTED.replace("\"kdfType\": 0", "\"kdfType\": 1");
    let forged = argon2
        .replace("\"kdfMemory\": null", "\"kdfMemory\": 4000000")
        .replace("\"kdfParallelism\": null", "\"kdfParallelism\": 4");
    assert_eq!(kind(&forged), ErrorKind::Limit);
}

#[test]
fn an_export_for_one_account_only_is_refused_without_asking() {
    let text = r#"{"encrypted":true,"encKeyValidation_DO_NOT_EDIT":"2.a|b|c","folders":[],"items":[]}"#;
    let read = testing::with_ctx(&mut NoPasswords, |ctx| Bitwarden.decode(&Input::new(text.as_bytes()), ctx));
    let error = read.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported);
    assert!(error.next_step.unwrap().contains("password protected"));
}

#[test]
fn an_item_is_in_a_collection_once() {
    let text = r#"{"encrypted":false,"collections":[{"id":"a","name":"A"}],"items":[{"type":1,"name":"x",
        "collectionIds":["a",null,"a"],"login":{"totp":"JBSWY3DPEHPK3PXP"}}]}"#;
    assert_eq!(decode(text, "").unwrap().accounts[0].groups, ["A"]);
}

/// One text that is too long stops the import of the whole file.
#[test]
fn what_bitwarden_refuses_is_not_written() {
    use crate::caps::Field;
    use crate::format::Form;
    let named = |length: usize| {
        let link = "otpauth://totp/Acme:bob?secret=JBSWY3DPEHPK3PXP";
        let account = crate::open::otpauth::parse(link).ok().unwrap();
        Account { name: "n".repeat(length), ..account }
    };
    let around = |note: usize, url: usize, group: usize| Account {
        note: "n".repeat(note),
        urls: vec!["u".repeat(url), "https://acme.example".to_owned()],
        groups: vec!["g".repeat(group)],
        ..named(3)
    };
    // `2.`, 24 characters, `|`, base64 of whole blocks, `|`, 44 characters: 7439 bytes give 9992, 7440 give 10012.
    let accounts = [around(7439, 7439, 687), around(7440, 7440, 688), named(700)];
    for form in ["json", "csv"] {
        let form = Form::named(&Bitwarden, form).unwrap();
        let fits = form.fit(&accounts);
        let changed = |fit: &Fit| fit.changes.iter().map(|change| change.field).collect::<Vec<_>>();
        assert_eq!((changed(&fits[0]), fits[0].refused.is_none()), (vec![], true));
        assert_eq!(changed(&fits[1]), [Field::Groups, Field::Note, Field::Urls]);
        assert_eq!(fits[2].refused.as_ref().unwrap().code, "name-too-long");

        let vault = Vault { accounts: accounts[..2].to_vec(), ..Vault::default() };
        let parts = testing::with_ctx(&mut NoPasswords, |ctx| form.encode(&vault, ctx)).unwrap();
        let read = decode(std::str::from_utf8(&parts[0].0).unwrap(), "").unwrap();
        assert_eq!(read.accounts[0].note, accounts[0].note);
        let second = &read.accounts[1];
        assert_eq!((second.note.as_str(), second.urls.len(), second.groups.len()), ("", 1, 0));
    }
}

#[test]
fn nothing_of_an_item_but_what_belongs_to_its_code_is_written() {
    let vault = decode(PLAIN, "").unwrap();
    let parts =
        testing::with_ctx(&mut NoPasswords, |ctx| testing::form(&Bitwarden).encode(&vault, ctx)).unwrap();
    let text = std::str::from_utf8(&parts[0].0).unwrap();
    assert!(!text.contains("hunter2") && !text.contains("credentialId"), "{text}");
    let written: serde_json::Value = serde_json::from_str(text).unwrap();
    let item = &written["items"][0];
    assert_eq!(
        item["login"]["totp"],
        "otpauth://totp/Acme:bob?secret=CANARYALPHACANARYALPHACANARYALPH&issuer=Acme&algorithm=SHA256&digits=8&period=60"
    );
    assert_eq!(item["login"]["uris"][0]["uri"], "https://acme.example/login");
    assert_eq!((&item["name"], &item["login"]["username"]), (&"Acme".into(), &"bob".into()));
    assert_eq!(item["folderId"], written["folders"][0]["id"]);
    assert_eq!(written["folders"][0]["name"], "Work/Inner");
    let keys: Vec<&String> = item.as_object().unwrap().keys().collect();
    let wanted = [
        "id",
        "organizationId",
        "folderId",
        "type",
        "reprompt",
        "name",
        "notes",
        "favorite",
        "login",
        "collectionIds",
    ];
    assert_eq!(keys, wanted);
}
