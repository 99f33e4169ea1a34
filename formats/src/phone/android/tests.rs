use super::super::{Enclosed, Hope};
use super::*;
use crate::container::zip::write_plain;
use crate::ctx::NoPasswords;
use crate::model::SecretText;
use crate::testing;

const PLAIN: &[u8] = include_bytes!("../../../../fixtures/android-backup/v4-plain-not-packed.ab");
const PACKED: &[u8] = include_bytes!("../../../../fixtures/android-backup/v3-plain.ab");
const SEALED: &[u8] = include_bytes!("../../../../fixtures/android-backup/v5-all-kinds.ab");
const COPY: &[u8] = include_bytes!("../../../../fixtures/android-backup/copy.tar");
const GZIPPED: &[u8] = include_bytes!("../../../../fixtures/android-backup/copy.tar.gz");
const PREFERENCES: &[u8] = include_bytes!("../../../../fixtures/freeotp/v1-without-order.xml");
const PASSWORD: &str = "canary-Pässwörd-ключ-🔑-4";
const TOKENS: &str = "org.fedorahosted.freeotp/shared_prefs/tokens.xml";
const DATABASE: &str = "com.google.android.apps.authenticator2/databases/databases";

fn detect(bytes: &[u8]) -> Confidence {
    AndroidBackup.detect(&Probe::new(bytes, None))
}

fn read(bytes: &[u8]) -> Result<Vault, Error> {
    testing::with_ctx(&mut NoPasswords, |ctx| AndroidBackup.decode(&Input::new(bytes), ctx))
}

fn within(bytes: &[u8], limits: &Limits) -> Result<Vault, Error> {
    testing::with_ctx(&mut NoPasswords, |ctx| {
        let mut ctx = Ctx { limits, passwords: &mut NoPasswords, random: &mut |_| Ok(()), ..*ctx };
        AndroidBackup.decode(&Input::new(bytes), &mut ctx)
    })
}

fn paths(vault: &Vault) -> Vec<&str> {
    vault.enclosed.iter().map(|enclosed| enclosed.path.as_str()).collect()
}

fn said(items: &[Item]) -> Vec<(&str, &str)> {
    items.iter().map(|item| (item.code.as_str(), item.message.as_str())).collect()
}

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    write_plain(members.iter().copied()).unwrap().to_vec()
}

#[test]
fn all_that_an_encrypted_backup_holds_is_named() {
    let passwords = [SecretText::new(PASSWORD)];
    let vault =
        testing::with_ctx(&mut &passwords[..], |ctx| AndroidBackup.decode(&Input::new(SEALED), ctx)).unwrap();
    assert_eq!(
        paths(&vault),
        [
            "com.beemdevelopment.aegis/files/backup/aegis.json",
            DATABASE,
            "com.valvesoftware.android.steam.community/files/Steamguard-76561190000001001",
            "org.fedorahosted.freeotp/shared_prefs/tokenBackup.xml",
            "Internal storage/Download/links.txt",
        ]
    );
    let logs: Vec<bool> = vault.enclosed.iter().map(|enclosed| enclosed.wal.is_some()).collect();
    assert_eq!(logs, [false, true, false, false, false]);
    let (encrypted, protection) =
        (vault.encrypted, vault.protection.map(|protection| protection.to_string()));
    assert_eq!((vault.variant.as_str(), encrypted), ("adb version 5", true));
    assert_eq!(protection.as_deref(), Some("AES-256-CBC, PBKDF2 SHA-1 iterations=1000"));
    let skipped: Vec<&str> = vault.skipped.iter().map(|item| item.issuer.as_str()).collect();
    assert_eq!(skipped, ["Stratum", "andOTP"]);
    assert_eq!(
        said(&vault.skipped),
        [
            (
                "locked-secret",
                "it is in the backup, but its accounts cannot be read: its database is not read"
            ),
            (
                "locked-secret",
                "it is in the backup, but its accounts cannot be read: its file is encrypted by the phone, or in a way that is not read"
            ),
        ]
    );
    assert_eq!(
        said(&vault.warnings),
        [
            (
                "not-read",
                "Internal storage/Download/old.ab in the backup was not read: it is a backup of its own"
            ),
            (
                "database-in-change",
                "com.google.android.apps.authenticator2/databases/databases was copied in the middle of a change; single accounts may be wrong"
            ),
            (
                "not-read",
                "org.fedorahosted.freeotp/shared_prefs/tokens.xml in the backup was not read: no format knows what is in it"
            ),
        ]
    );
    let survey = vault.survey.unwrap();
    let apps: Vec<_> = survey.apps.iter().map(|app| (app.name, app.hope)).collect();
    assert_eq!((survey.system.as_str(), survey.encrypted, survey.finished), ("Android", true, None));
    assert_eq!(
        apps,
        [
            ("FreeOTP", Hope::Yes),
            ("Google Authenticator", Hope::Yes),
            ("Steam", Hope::Yes),
            ("Aegis", Hope::Yes),
            ("Stratum", Hope::No),
            ("andOTP", Hope::No),
        ]
    );
}

#[test]
fn an_archive_is_this_format_by_what_it_holds() {
    assert_eq!([PLAIN, PACKED, SEALED, COPY, GZIPPED].map(detect), [Confidence::Sure; 5]);
    assert_eq!(detect(&zip(&[("a/readme.txt", b"x"), (TOKENS, b"")])), Confidence::Sure);
    assert_eq!(
        detect(&zip(&[("data/data/com.stratumauth.app/databases/authenticator.db3", b"")])),
        Confidence::Sure
    );
    assert_eq!(detect(&zip(&[("shared_prefs/tokens.xml", b"")])), Confidence::Likely);
    for other in [("tokens.xml", ""), ("com.authy.authy/files/x", ""), ("shared/0/Download/x.json", "")] {
        assert_eq!(detect(&zip(&[(other.0, other.1.as_bytes())])), Confidence::No, "{}", other.0);
    }
    assert_eq!([&COPY[..500], &GZIPPED[..30], b"\x1F\x8B", b""].map(detect), [Confidence::No; 4]);
}

#[test]
fn limits_are_kept() {
    let usual = Limits::default();
    assert_eq!(paths(&within(COPY, &usual).unwrap()), [DATABASE, TOKENS]);
    // Less than the two files together, which come after each other.
    let vault = within(COPY, &Limits { bytes: 2000, ..usual.clone() }).unwrap();
    assert_eq!(paths(&vault), [TOKENS]);
    let message = format!("{DATABASE} in the backup was not read: it is too large");
    assert_eq!(said(&vault.warnings), [("not-read", message.as_str())]);
    let kind = |limits: Limits| within(PACKED, &limits).map_err(|error| error.kind).err();
    assert_eq!(kind(Limits { bytes: 100, ..usual.clone() }), Some(ErrorKind::Limit));
    assert_eq!(kind(Limits { accounts: 0, ..usual }), Some(ErrorKind::Limit));
}

#[test]
fn what_a_zip_keeps_closed_is_told() {
    let password = SecretText::new("x");
    let archive =
        testing::with_ctx(&mut NoPasswords, |ctx| zip::write_aes(TOKENS, PREFERENCES, &password, ctx));
    let vault = read(&archive.unwrap()).unwrap();
    let message = format!("{TOKENS} in the backup was not read: it has a password in the zip archive");
    assert_eq!(said(&vault.warnings), [("not-read", message.as_str())]);
    let mut damaged = zip(&[(TOKENS, PREFERENCES)]);
    damaged[100] ^= 1;
    let vault = read(&damaged).unwrap();
    let message = format!("{TOKENS} in the backup was not read: it is damaged");
    assert_eq!(said(&vault.warnings), [("not-read", message.as_str())]);
}

#[test]
fn what_is_in_the_storage_is_looked_at() {
    let link = b"otpauth://totp/a?secret=CANARYALPHACANARYALPHACANARYALPH\n".as_slice();
    let members = [
        ("sdcard/Download/a.txt", link),
        ("sdcard/b.txt", b"buy milk"),
        ("sdcard/c.mp4", link),
        (TOKENS, PREFERENCES),
    ];
    assert_eq!(paths(&read(&zip(&members)).unwrap()), [TOKENS, "Internal storage/Download/a.txt"]);
}

#[test]
fn no_change_of_a_byte_panics() {
    for (whole, step) in [(PACKED, 1), (GZIPPED, 1), (PLAIN, 61), (COPY, 61)] {
        for at in (0..whole.len()).step_by(step) {
            let mut bytes = whole.to_vec();
            bytes[at] ^= 0x41;
            let _ = (detect(&bytes), read(&bytes));
        }
        for length in (0..whole.len()).step_by(step) {
            let _ = (detect(&whole[..length]), read(&whole[..length]));
        }
    }
}

fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = ::tar::Builder::new(Vec::new());
    for (name, content) in members {
        let mut header = ::tar::Header::new_gnu();
        header.set_size(u64::try_from(content.len()).unwrap());
        builder.append_data(&mut header, name, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

/// A bit that was lost on the way changes a secret as easily as anything else.
#[test]
fn what_was_altered_on_its_way_is_refused() {
    let mut refused = 0;
    for at in 0..GZIPPED.len() {
        let mut altered = GZIPPED.to_vec();
        altered[at] ^= 0x10;
        match read(&altered) {
            Err(error) => refused += usize::from(error.kind == ErrorKind::Malformed),
            Ok(vault) => {
                // The header of gzip says nothing of the content.
                let whole = read(GZIPPED).unwrap();
                let same = vault.enclosed == whole.enclosed;
                assert!(same || vault.warnings.iter().any(|item| item.code == "cut-off"), "byte {at}");
                let part = |enclosed: &Enclosed| whole.enclosed.contains(enclosed);
                assert!(vault.enclosed.iter().all(part), "byte {at}");
            }
        }
    }
    assert!(refused > GZIPPED.len() / 2, "{refused} of {}", GZIPPED.len());
}

#[test]
fn a_file_that_is_cut_off_is_not_read_as_a_shorter_one() {
    let links: &[u8] = b"otpauth://totp/a?secret=KNJVGU2TKNJVGU2TKNJVGU2TKNJVGU2TKNJVGU2T\n";
    let bytes = tar(&[(TOKENS, PREFERENCES), ("sdcard/links.txt", links)]);
    let cut = bytes.windows(links.len()).position(|window| window == links).unwrap() + 50;
    let vault = read(&bytes[..cut]).unwrap();
    assert_eq!(paths(&vault), [TOKENS]);
    let codes: Vec<_> = said(&vault.warnings).iter().map(|(code, _)| *code).collect();
    assert_eq!(codes, ["cut-off", "not-read"]);
}

#[test]
fn what_follows_an_archive_is_told() {
    let bytes = [tar(&[(TOKENS, PREFERENCES)]), tar(&[("x", b"y")])].concat();
    let vault = read(&bytes).unwrap();
    assert_eq!(paths(&vault), [TOKENS]);
    assert_eq!(said(&vault.warnings).len(), 1);
}

#[test]
fn the_folders_of_two_phones_are_two() {
    let names = [TOKENS, "phone1/data/data/org.fedorahosted.freeotp/shared_prefs/tokens.xml"];
    let vault = read(&tar(&names.map(|name| (name, PREFERENCES)))).unwrap();
    assert_eq!(paths(&vault), [TOKENS, "phone1/org.fedorahosted.freeotp/shared_prefs/tokens.xml"]);
}

/// Of a database that was copied twice, the log belongs to the copy before it.
#[test]
fn a_log_is_of_the_database_that_it_came_with() {
    let vault = read(&tar(&[
        (DATABASE, b"SQLite format 3\0 old"),
        (&format!("{DATABASE}-wal"), b"log"),
        (TOKENS, PREFERENCES),
        (DATABASE, PREFERENCES),
    ]))
    .unwrap();
    let of_database = vault.enclosed.iter().find(|enclosed| enclosed.path == DATABASE).unwrap();
    assert_eq!(of_database.wal, None);
}
