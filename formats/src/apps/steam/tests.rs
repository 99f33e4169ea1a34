//! Expected values are written down here.

use super::*;
use crate::ctx::{NoPasswords, Passwords};
use crate::error::ErrorKind;
use crate::format::Manifest;
use crate::model::{Otp, SecretText};
use crate::report::Skip;
use crate::testing;

const SEALED: &[u8] = include_bytes!("../../../../fixtures/steam/sda-encrypted/1001.maFile");
const LIST: &[u8] = include_bytes!("../../../../fixtures/steam/sda-encrypted/manifest.json");
const ARGON2: &[u8] = include_bytes!("../../../../fixtures/steam/cli-encrypted/1003.maFile");
const ARGON2_LIST: &[u8] = include_bytes!("../../../../fixtures/steam/cli-encrypted/manifest.json");

fn beside<'a>(bytes: &'a [u8], file_name: &'a str) -> Option<Manifest<'a>> {
    Some(Manifest { file_name, bytes })
}

fn read(bytes: &[u8], manifest: Option<Manifest<'_>>, passwords: &mut dyn Passwords) -> Result<Vault, Error> {
    let input = Input::new(bytes).with_manifest(manifest);
    testing::with_ctx(passwords, |ctx| Steam.decode(&input, ctx))
}

fn read_plain(json: &str) -> Result<Vault, Error> {
    read(json.as_bytes(), None, &mut NoPasswords)
}

fn password() -> [SecretText; 1] {
    [SecretText::new("canary-password-plain-1")]
}

#[test]
fn marks_of_every_shape() {
    let confidence = |text: &str| Steam.detect(&Probe::new(text.as_bytes(), None));
    for sure in [
        r#"{"shared_secret":"#,
        r#"{"accounts":{"7":{"steamid":"7","shared_secret":"AA"#,
        r#"{"uri":"otpauth://totp/Steam:x?secret=AA","identity_secret":""}"#,
        r#"{"entries":[{"filename":"7.maFile","encryption":null}]}"#,
        r#"{"entries":[{"encryption_iv":null,"filename":"7.maFile"}]}"#,
    ] {
        assert_eq!(confidence(sure), Confidence::Sure, "{sure}");
    }
    for other in
        ["{}", r#"{"accounts":{}}"#, r#"{"accounts":[]}"#, r#"{"entries":[{"filename":"x"}]}"#, "AAAA"]
    {
        assert_eq!(confidence(other), Confidence::No, "{other}");
    }
}

#[test]
fn a_sealed_file_is_known_by_its_list_or_its_name() {
    let detect = |name, manifest| Steam.detect(&Probe::new(SEALED, name).with_manifest(manifest));
    assert_eq!(detect(None, beside(LIST, "1001.maFile")), Confidence::Sure);
    assert_eq!(detect(Some("1001.mafile"), None), Confidence::Likely);
    assert_eq!(detect(None, beside(LIST, "other.maFile")), Confidence::No);
    assert_eq!(detect(None, beside(b"{}", "1001.maFile")), Confidence::No);
    assert_eq!(detect(None, None), Confidence::No);
}

#[test]
fn what_is_missing_beside_a_sealed_file_is_said() {
    let error = |manifest| read(SEALED, manifest, &mut password().as_slice()).unwrap_err();
    let missing = error(None);
    assert_eq!(missing.kind, ErrorKind::Malformed);
    assert!(missing.next_step.is_some_and(|step| step.contains("manifest.json")));
    assert_eq!(error(beside(LIST, "9.maFile")).kind, ErrorKind::Malformed);
    assert_eq!(error(beside(b"{", "1001.maFile")).kind, ErrorKind::Malformed);
    let unknown = ARGON2_LIST.to_vec();
    let unknown = String::from_utf8(unknown).unwrap().replace("Argon2idAes256", "Argon3");
    assert_eq!(error(beside(unknown.as_bytes(), "1003.maFile")).kind, ErrorKind::NewerVersion);
    let manifest = read_plain(std::str::from_utf8(LIST).unwrap()).unwrap_err();
    assert_eq!((manifest.kind, manifest.format), (ErrorKind::Unsupported, Some(ID)));
}

#[test]
fn both_schemes_open() {
    for (bytes, list, name) in [(SEALED, LIST, "1001.MAFILE"), (ARGON2, ARGON2_LIST, "1003.maFile")] {
        let vault = read(bytes, beside(list, name), &mut password().as_slice()).unwrap();
        assert!(vault.encrypted && vault.accounts.len() == 1);
        assert_eq!(
            read(bytes, beside(list, name), &mut NoPasswords).unwrap_err().kind,
            ErrorKind::PasswordNeeded
        );
        let wrong = [SecretText::new("canary-password-wrong-3")];
        let error = read(bytes, beside(list, name), &mut wrong.as_slice()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::WrongPassword);
    }
}

/// The link may be of an older key.
#[test]
fn the_secret_wins_over_the_link() {
    let one = |fields: &str| read_plain(&format!("{{{fields}}}")).unwrap();
    let link = r#""uri":"otpauth:\/\/totp\/Steam:anna?secret=JBSWY3DPEHPK3PXP&issuer=Steam""#;
    let secret = |vault: &Vault| match vault.accounts[0].otp() {
        Some(Otp::Steam { secret }) => secret.expose().to_vec(),
        _ => Vec::new(),
    };
    let both = one(&format!(r#""shared_secret":"AAECAw==",{link}"#));
    assert_eq!((secret(&both), both.accounts[0].name.as_str()), (vec![0, 1, 2, 3], "anna"));
    let only_link = one(&format!(r#""account_name":"bob",{link}"#));
    assert_eq!(secret(&only_link), b"Hello!\xDE\xAD\xBE\xEF");
    assert_eq!(only_link.accounts[0].name, "bob");
    for (fields, code) in [
        (r#""shared_secret":"*""#, Skip::BAD_SECRET),
        (r#""shared_secret":"""#, Skip::NO_SECRET),
        (r#""shared_secret":7"#, Skip::MISSING_FIELD),
        (r#""account_name":"x","shared_secret":null,"uri":"otpauth://""#, Skip::NO_SECRET),
    ] {
        assert_eq!(one(fields).skipped[0].code, code, "{fields}");
    }
}

#[test]
fn no_byte_may_break_the_reader() {
    let plain: &[u8] = include_bytes!("../../../../fixtures/steam/android-accounts.json");
    for at in 0..plain.len() {
        let mut bytes = plain.to_vec();
        bytes[at] ^= 1 << (at % 8);
        for bytes in [bytes.as_slice(), &plain[..at]] {
            if let Err(error) = read(bytes, None, &mut NoPasswords) {
                assert_eq!(error.format, Some(ID));
            }
        }
    }
    for at in 0..LIST.len() {
        let mut list = LIST.to_vec();
        list[at] ^= 1 << (at % 8);
        let error = read(SEALED, beside(&list, "1001.maFile"), &mut NoPasswords).unwrap_err();
        assert_eq!(error.format, Some(ID));
    }
}

/// What the list says of one file must not depend on what it says of another.
#[test]
fn a_damaged_entry_of_the_list_leaves_the_others() {
    let list = String::from_utf8(LIST.to_vec()).unwrap();
    for bad in [r#"{"filename":7}"#, "null", r#"{"filename":"x","encryption":{"iv":1}}"#] {
        let with_bad = list.replacen('[', &format!("[{bad},"), 1);
        let manifest = beside(with_bad.as_bytes(), "1001.maFile");
        let probe = Probe::new(SEALED, None).with_manifest(manifest);
        assert_eq!(Steam.detect(&probe), Confidence::Sure, "{bad}");
        let vault = read(SEALED, manifest, &mut password().as_slice()).unwrap();
        assert_eq!(vault.accounts.len(), 1, "{bad}");
    }
}

#[test]
fn a_list_of_very_many_entries_is_refused() {
    let list = format!(r#"{{"entries":[{}0]}}"#, "0,".repeat(5_000_001));
    let manifest = beside(list.as_bytes(), "1001.maFile");
    assert_eq!(Steam.detect(&Probe::new(SEALED, None).with_manifest(manifest)), Confidence::No);
    assert_eq!(read(SEALED, manifest, &mut password().as_slice()).unwrap_err().kind, ErrorKind::Limit);
}
