//! Whole files are read in `tests/goldens.rs`; here is what is refused, and what is written.

use super::*;
use crate::ctx::NoPasswords;
use crate::error::ErrorKind;
use crate::testing;

const EXPORT: &str = include_str!("../../../../fixtures/proton-pass/data.json");

fn decode(bytes: &[u8]) -> Result<Vault, Error> {
    testing::with_ctx(&mut NoPasswords, |ctx| ProtonPass.decode(&Input::new(bytes), ctx))
}

#[test]
fn an_armoured_message_is_weighed_by_its_name() {
    let message = b"-----BEGIN PGP MESSAGE-----\n\nww==\n-----END PGP MESSAGE-----\n";
    let detect = |name| ProtonPass.detect(&Probe::new(message, name));
    assert_eq!(detect(Some("Proton Pass_export_2024-05-01.pgp")), Confidence::Sure);
    assert_eq!(detect(Some("backup.pgp")), Confidence::Weak);
    let error = decode(message).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported);
    assert!(error.next_step.unwrap().contains("without a passphrase"));
}

#[test]
fn folders_that_lie_in_each_other_end() {
    let text = r#"{"vaults":{"v/1":{"name":"V","folders":[{"folderId":"a","parentFolderId":"b","name":"A"},
        {"folderId":"b","parentFolderId":"a","name":"B"}],"items":[{"folderId":"a","state":1,"data":{"metadata":{"name":"x"},
        "type":"login","content":{"totpUri":"JBSWY3DPEHPK3PXP"}}},{"data":7}]}}}"#;
    let vault = decode(text.as_bytes()).unwrap();
    assert_eq!(vault.accounts[0].groups, ["V".to_owned(), ["B/A"; 8].join("/")]);
    assert!(vault.skipped[0].message.ends_with("(at /vaults/v~11/items/1)"), "{}", vault.skipped[0].message);
}

#[test]
fn nothing_of_an_item_but_what_belongs_to_its_code_is_written() {
    let vault = decode(EXPORT.as_bytes()).unwrap();
    let parts =
        testing::with_ctx(&mut NoPasswords, |ctx| testing::form(&ProtonPass).encode(&vault, ctx)).unwrap();
    let text = std::str::from_utf8(&parts[0].0).unwrap();
    assert!(!text.contains("hunter2") && !text.contains("passkey"), "{text}");
    let mut lines = text.split("\r\n");
    assert_eq!(
        lines.next().unwrap(),
        "type,name,url,email,username,password,note,totp,createTime,modifyTime,vault"
    );
    assert_eq!(
        lines.next().unwrap(),
        "login,Acme,\"https://acme.example/login, https://acme.example/*\",,bob,,a note,otpauth://totp/Acme:bob?secret=CANARYALPHACANARYALPHACANARYALPH\
         &issuer=Acme&algorithm=SHA256&digits=8&period=60,1672628645,1706933106,Personal"
    );
}
