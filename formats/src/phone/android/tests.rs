use super::super::{Enclosed, Hope};
use super::*;
use crate::container::zip::write_plain;
use crate::ctx::NoPasswords;
use crate::model::SecretText;
use crate::testing;

mod copies;
mod streams;

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
    assert_eq!(detect(&zip(&[("phone/com.authy.authy/files/x", b"")])), Confidence::Likely);
    for other in ["tokens.xml", "files/x", "shared/0/Download/x.json", "data/data/com.example.notes/files/x"]
    {
        assert_eq!(
            [zip(&[(other, b"")]), tar(&[(other, b"")])].map(|bytes| detect(&bytes)),
            [Confidence::No; 2],
            "{other}"
        );
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
    let message = format!("it is in the backup, but its accounts cannot be read: {DATABASE} is too large");
    assert_eq!(said(&vault.skipped), [("locked-secret", message.as_str())]);
    assert_eq!(vault.warnings, []);
}

/// What came before the limit is kept.
#[test]
fn a_limit_ends_the_reading_and_not_what_was_read() {
    let filler = vec![7; 20_000];
    let large = [(TOKENS, PREFERENCES), ("databases/PhoneFactor", &filler), (DATABASE, b"")];
    let names: Vec<String> = (0..10).map(|at| format!("x{at}")).collect();
    let many: Vec<(&str, &[u8])> =
        [large[0]].into_iter().chain(names.iter().map(|name| (name.as_str(), b"".as_slice()))).collect();
    let usual = Limits::default();
    for (members, limits, message, limit) in [
        (
            &large[..],
            Limits { bytes: 1000, ..usual.clone() },
            "more is in the backup than the limit of bytes allows",
            "bytes",
        ),
        (
            &many,
            Limits { accounts: 1, ..usual },
            "more files are in the backup than the limit allows",
            "accounts",
        ),
    ] {
        for bytes in [gzip(&tar(members)), zip(members)] {
            let vault = within(&bytes, &limits).unwrap();
            let message = format!("{message}: what comes after that was not looked at");
            let step = format!("If you trust this file, raise the limit with --limit {limit}=NUMBER");
            assert_eq!(
                (paths(&vault), said(&vault.warnings)[0]),
                (vec![TOKENS], ("not-read", message.as_str()))
            );
            assert_eq!(vault.warnings[0].next_step.as_deref(), Some(step.as_str()));
            let survey = vault.survey.unwrap();
            let apps: Vec<_> = survey.apps.iter().map(|app| (app.name, app.hope)).collect();
            assert_eq!((apps, survey.finished), (vec![("FreeOTP", Hope::Yes)], None));
        }
    }
}

#[test]
fn what_a_zip_keeps_closed_is_told() {
    let password = SecretText::new("x");
    let archive =
        testing::with_ctx(&mut NoPasswords, |ctx| zip::write_aes(TOKENS, PREFERENCES, &password, ctx));
    let left =
        |path: &str, why: &str| format!("it is in the backup, but its accounts cannot be read: {path} {why}");
    let vault = read(&archive.unwrap()).unwrap();
    assert_eq!(
        said(&vault.skipped),
        [("locked-secret", left(TOKENS, "has a password in the zip archive").as_str())]
    );
    assert_eq!(vault.warnings, []);
    let mut damaged = zip(&[(TOKENS, PREFERENCES)]);
    damaged[100] ^= 1;
    let vault = read(&damaged).unwrap();
    assert_eq!(said(&vault.skipped), [("locked-secret", left(TOKENS, "is damaged").as_str())]);
    // Method 97, WavPack, in both headers.
    let mut packed = zip(&[(TOKENS, PREFERENCES)]);
    let directory = packed.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    (packed[8], packed[directory + 10]) = (97, 97);
    let vault = read(&packed).unwrap();
    assert_eq!(
        said(&vault.skipped),
        [("locked-secret", left(TOKENS, "is packed in a way that is not known").as_str())]
    );
    // A file that is of no app is told by itself.
    let mut damaged = zip(&[("shared_prefs/tokens.xml", PREFERENCES)]);
    damaged[100] ^= 1;
    let message = "shared_prefs/tokens.xml in the backup was not read: it is damaged";
    assert_eq!(said(&read(&damaged).unwrap().warnings)[0], ("not-read", message));
}

/// Its size in the directory is not what is in it.
#[test]
fn no_more_is_unpacked_than_a_member_says() {
    let mut bytes = zip(&[(TOKENS, PREFERENCES)]);
    let directory = bytes.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    bytes[directory + 24..directory + 28].copy_from_slice(&10_u32.to_le_bytes());
    let message = format!("it is in the backup, but its accounts cannot be read: {TOKENS} is damaged");
    assert_eq!(said(&read(&bytes).unwrap().skipped), [("locked-secret", message.as_str())]);
}

/// A log that cannot be had is not passed over: the newest accounts may be in it.
#[test]
fn a_database_without_its_log_is_told() {
    let database = include_bytes!("../../../../fixtures/google-sqlite/all-kinds.sqlite").as_slice();
    let (log, journal) = (format!("{DATABASE}-wal"), format!("{DATABASE}-journal"));
    for beside in [log, journal] {
        let mut bytes = zip(&[(DATABASE, database), (&beside, b"canary")]);
        let at = bytes.windows(6).rposition(|window| window == b"canary").unwrap();
        bytes[at] ^= 1;
        let vault = read(&bytes).unwrap();
        let message = format!(
            "{DATABASE} was read without the log beside it, which is damaged: its accounts may be others than on the phone"
        );
        assert_eq!(paths(&vault), [DATABASE]);
        assert_eq!(said(&vault.warnings), [("not-read", message.as_str())], "{beside}");
    }
}

/// SQLite may leave its journal behind, with zeros in place of the header.
#[test]
fn only_a_journal_that_undoes_something_is_of_a_change() {
    let database = include_bytes!("../../../../fixtures/google-sqlite/all-kinds.sqlite").as_slice();
    let codes = |journal: &[u8]| {
        let vault = read(&tar(&[(DATABASE, database), (&format!("{DATABASE}-journal"), journal)])).unwrap();
        vault.warnings.into_iter().map(|item| item.code).collect::<Vec<_>>()
    };
    let hot = [0xD9, 0xD5, 0x05, 0xF9, 0x20, 0xA1, 0x63, 0xD7, 0, 0, 0, 1];
    assert_eq!(codes(&hot), ["database-in-change"]);
    assert!(codes(&[0; 512]).is_empty() && codes(b"").is_empty());
}

/// An archive to which a file was added again, with names as Windows makes them.
#[test]
fn members_of_zips_are_found_by_any_name() {
    let windows = TOKENS.replace('/', "\\");
    let bytes = zip(&[(&windows, PREFERENCES), ("com.authy.authy\\files\\", b"")]);
    assert_eq!((detect(&bytes), paths(&read(&bytes).unwrap())), (Confidence::Sure, vec![TOKENS]));
    let other = TOKENS.replace("tokens", "tokenz");
    let mut twice = zip(&[("readme", b"x"), (TOKENS, b"old"), (&other, PREFERENCES)]);
    for at in 0..twice.len() - other.len() {
        if twice[at..].starts_with(other.as_bytes()) {
            twice[at..at + other.len()].copy_from_slice(TOKENS.as_bytes());
        }
    }
    let vault = read(&twice).unwrap();
    assert_eq!((detect(&twice), paths(&vault)), (Confidence::Sure, vec![TOKENS]));
    assert_eq!(vault.enclosed[0].bytes.as_slice(), PREFERENCES);
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
    let nested = tar(&[("org.fedorahosted.freeotp/1-user_0/data.tar.gz", GZIPPED)]);
    for (whole, step) in [(PACKED, 1), (GZIPPED, 1), (PLAIN, 61), (COPY, 61), (&nested, 7)] {
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
    assert_eq!(of_database.wal.as_ref().map(|wal| wal.len()), Some(0));
}

fn called(name: &str, bytes: &[u8]) -> Confidence {
    AndroidBackup.detect(&Probe::new(bytes, Some(name)))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, bytes).unwrap();
    packed.finish().unwrap()
}

#[test]
fn an_app_is_found_wherever_it_is_in_an_archive() {
    let film = vec![0; 65 << 20];
    let of_film = |place: &str| tar(&[(place, film.as_slice()), (TOKENS, PREFERENCES)]);
    let late = of_film("data/data/com.example.films/files/film");
    assert_eq!(detect(&late), Confidence::Sure);
    // Of a compressed archive only the beginning is looked at.
    assert_eq!(detect(&gzip(&late)), Confidence::Likely);
    assert_eq!(paths(&read(&gzip(&late)).unwrap()), [TOKENS]);
    assert_eq!(detect(&gzip(&of_film("films/film"))), Confidence::No);
}

#[test]
fn the_name_of_an_archive_says_whose_folder_it_is() {
    let bytes = tar(&[("./shared_prefs/tokens.xml", PREFERENCES)]);
    let plus = "org.liberty.android.freeotpplus-20260301-080000.tar";
    assert_eq!((detect(&bytes), called(plus, &bytes)), (Confidence::Likely, Confidence::Sure));
    let other = tar(&[("./databases/settings.db", b"")]);
    assert_eq!(
        (detect(&other), called(plus, &other), called(plus, &gzip(&other))),
        (Confidence::No, Confidence::Likely, Confidence::Likely)
    );
    assert_eq!(called(plus, &tar(&[("settings.db", b"")])), Confidence::No);
}

#[test]
fn a_copy_of_a_folder_called_apps_is_a_copy() {
    let copy = tar(&[(&format!("apps/{TOKENS}"), PREFERENCES)]);
    assert_eq!(
        (detect(&copy), paths(&read(&copy).unwrap())),
        (Confidence::Sure, vec![format!("apps/{TOKENS}").as_str()])
    );
    // A backup has names of its own.
    let backup = [b"ANDROID BACKUP\n5\n0\nnone\n".as_slice(), &copy].concat();
    let vault = read(&backup).unwrap();
    assert_eq!((paths(&vault), vault.skipped[0].issuer.as_str()), (vec![], "FreeOTP"));
}

#[test]
fn a_name_that_is_too_long_ends_the_reading() {
    let mut long = ::tar::Header::new_gnu();
    long.set_entry_type(::tar::EntryType::GNULongName);
    long.set_size(2 << 20);
    long.set_cksum();
    let whole = tar(&[(TOKENS, PREFERENCES)]);
    let bytes = [&whole[..whole.len() - 1024], long.as_bytes(), &vec![b'x'; 2 << 20]].concat();
    let vault = read(&bytes).unwrap();
    let message = "a file in the archive has a name that is longer than any real one: what comes after it was not looked at";
    assert_eq!((paths(&vault), said(&vault.warnings)), (vec![TOKENS], vec![("not-read", message)]));
}

#[test]
fn links_and_sparse_files_of_an_app_are_told() {
    let mut builder = ::tar::Builder::new(Vec::new());
    let mut link = ::tar::Header::new_gnu();
    link.set_entry_type(::tar::EntryType::Link);
    link.set_size(0);
    builder.append_link(&mut link, TOKENS, "elsewhere").unwrap();
    let mut other = link.clone();
    builder.append_link(&mut other, "com.example.notes/files/x", "elsewhere").unwrap();
    builder
        .append_pax_extensions([
            ("GNU.sparse.major", b"1".as_slice()),
            ("GNU.sparse.name", DATABASE.as_bytes()),
        ])
        .unwrap();
    let mut sparse = ::tar::Header::new_gnu();
    sparse.set_size(3);
    builder.append_data(&mut sparse, "GNUSparseFile.7/databases", b"abc".as_slice()).unwrap();
    let vault = read(&builder.into_inner().unwrap()).unwrap();
    let left =
        |path: &str, why: &str| format!("it is in the backup, but its accounts cannot be read: {path} {why}");
    assert_eq!(
        said(&vault.skipped),
        [
            ("locked-secret", left(TOKENS, "is only a link to another file").as_str()),
            ("locked-secret", left(DATABASE, "is stored with its empty parts left out").as_str()),
        ]
    );
    assert_eq!((vault.enclosed.len(), vault.warnings), (0, vec![]));
}

/// What an app gives is told by what was handed on of it.
#[test]
fn an_app_is_read_as_far_as_its_files_are() {
    let authy = "com.authy.authy/shared_prefs/com.authy.storage.tokens";
    let tokens = include_bytes!("../../../../fixtures/authy/prefs-plain.xml").as_slice();
    let (first, second) = (format!("{authy}.authenticator.xml"), format!("{authy}.authy.xml"));
    let mut bytes = zip(&[(&first, tokens), (&second, b"canary")]);
    let hope = |bytes: &[u8]| read(bytes).unwrap().survey.unwrap().apps[0].hope;
    let at = bytes.windows(6).rposition(|window| window == b"canary").unwrap();
    bytes[at] ^= 1;
    let message = format!("{second} in the backup was not read: it is damaged");
    assert_eq!(
        (hope(&bytes), said(&read(&bytes).unwrap().warnings)),
        (Hope::Partly, vec![("not-read", message.as_str())])
    );
    assert_eq!(hope(&zip(&[(&first, tokens)])), Hope::Yes);
    // The reason is that of the app only where its file is there, or the whole backup was looked at.
    let manifest = "apps/com.authy.authy/_manifest";
    let cut = tar(&[(manifest, b"1\n"), ("x", &[7; 2000])]);
    let vault = read(&cut[..2000]).unwrap();
    assert_eq!(
        said(&vault.skipped),
        [(
            "locked-secret",
            "it is in the backup, but its accounts cannot be read: the backup was not read to its end"
        )]
    );
}

/// In the storage there can be very many packed archives: none is inflated to see what it is.
#[test]
fn packed_archives_in_the_storage_are_passed_over() {
    let evident = |bytes: &[u8]| is_evident(&Probe::new(bytes, Some("Download/a.txt")));
    assert_eq!([GZIPPED, COPY, PLAIN, &zip(&[(TOKENS, b"")])].map(evident), [false, true, true, true]);
    let vault = read(&tar(&[("sdcard/a.txt", GZIPPED), ("sdcard/b.txt", COPY)])).unwrap();
    let message = "Internal storage/b.txt in the backup was not read: it is a backup of its own";
    assert_eq!((paths(&vault), said(&vault.warnings)[0]), (vec![], ("not-read", message)));
}

/// Neo Backup and Titanium Backup keep an archive for each app.
#[test]
fn archives_of_apps_in_an_archive_are_read() {
    let neo = |time: &str, end: &str| format!("Backups/org.fedorahosted.freeotp/{time}-user_0/data{end}");
    let (old, new) = (neo("2023-01-01", ".tar"), neo("2024-01-01", ".tar.gz"));
    let titanium = "com.google.android.apps.authenticator2-20240501-101010.tar.gz";
    let database = include_bytes!("../../../../fixtures/google-sqlite/all-kinds.sqlite").as_slice();
    let of_freeotp = tar(&[("./shared_prefs/tokens.xml", PREFERENCES), ("./files/x", b"x")]);
    let of_google =
        gzip(&tar(&[(&format!("data/data/{}", DATABASE.replace("/databases/", "/./databases/")), database)]));
    let packed = gzip(&of_freeotp);
    let members = [(old.as_str(), of_freeotp.as_slice()), (&new, &packed), (titanium, &of_google)];
    for bytes in [tar(&members), zip(&members), gzip(&tar(&members))] {
        assert_eq!(detect(&bytes), Confidence::Likely);
        let vault = read(&bytes).unwrap();
        assert_eq!(
            paths(&vault),
            [
                "com.google.android.apps.authenticator2-20240501-101010.tar.gz/com.google.android.apps.authenticator2/databases/databases",
                "Backups/org.fedorahosted.freeotp/2023-01-01-user_0/data.tar/org.fedorahosted.freeotp/shared_prefs/tokens.xml",
                "Backups/org.fedorahosted.freeotp/2024-01-01-user_0/data.tar.gz/org.fedorahosted.freeotp/shared_prefs/tokens.xml",
            ]
        );
        assert_eq!((vault.warnings, vault.skipped), (vec![], vec![]));
    }
}

#[test]
fn archives_of_apps_that_cannot_be_read_are_told() {
    let neo = |end: &str| format!("org.fedorahosted.freeotp/2024-01-01-user_0/data{end}");
    let whole = gzip(&tar(&[("shared_prefs/tokens.xml", PREFERENCES)]));
    let mut altered = whole.clone();
    let at = altered.len() - 6;
    altered[at] ^= 1;
    let titanium = b"TB_ARMOR_V1\nx".as_slice();
    for (end, bytes, why) in [
        (".tar.gz.enc", whole.as_slice(), "is encrypted by the program that made it"),
        (".tar.zst", b"x", "is packed in a way that is not known"),
        (".tar.gz", titanium, "is encrypted by the program that made it"),
        (".tar.gz", b"x", "is damaged"),
        (".tar.gz", &altered, "was altered or damaged on its way"),
        (".tar.gz", &whole[..30], "is damaged or cut off"),
    ] {
        let message = format!("it is in the backup, but its accounts cannot be read: {} {why}", neo(end));
        let members = [(neo(end), bytes)];
        let members = members.each_ref().map(|(name, bytes)| (name.as_str(), *bytes));
        for archive in [tar(&members), zip(&members)] {
            let vault = read(&archive).unwrap();
            assert_eq!(said(&vault.skipped), [("locked-secret", message.as_str())]);
            assert_eq!((vault.enclosed, vault.warnings), (vec![], vec![]));
        }
    }
}

/// Also an app of whose folder nothing was kept is in the backup.
#[test]
fn an_archive_of_an_app_names_the_app() {
    let vault = read(&tar(&[("com.twofasapp/2024-01-01-user_0/data.tar", &tar(&[]))])).unwrap();
    let skipped: Vec<_> = vault.skipped.iter().map(|item| item.issuer.as_str()).collect();
    assert_eq!((paths(&vault), skipped), (vec![], vec!["2FAS"]));
}

#[test]
fn an_archive_of_an_app_is_read_as_far_as_it_goes() {
    let name = "org.fedorahosted.freeotp/2024-01-01-user_0/data.tar";
    let inner = tar(&[("shared_prefs/tokens.xml", PREFERENCES), ("files/x", b"x")]);
    let vault = read(&tar(&[(name, &inner[..inner.len() - 2000])])).unwrap();
    let message = format!("{name} in the backup was read in part only: it is damaged or cut off");
    assert_eq!(said(&vault.warnings), [("not-read", message.as_str())]);
    assert_eq!(paths(&vault), [format!("{name}/{TOKENS}")]);
    assert_eq!(vault.survey.unwrap().apps[0].hope, Hope::Partly);
}

/// What is in the archives of an archive counts like what is in it.
#[test]
fn archives_in_an_archive_share_its_limits() {
    let inner = gzip(&tar(&[("x", &[0; 30_000]), ("shared_prefs/tokens.xml", PREFERENCES)]));
    let name = "org.fedorahosted.freeotp/2024-01-01-user_0/data.tar.gz";
    let members: [(&str, &[u8]); 2] = [(name, &inner), (DATABASE, b"")];
    let limits = Limits { bytes: 1500, ..Limits::default() };
    for bytes in [tar(&members), zip(&members)] {
        let vault = within(&bytes, &limits).unwrap();
        let message = "it is in the backup, but its accounts cannot be read: org.fedorahosted.freeotp/2024-01-01-user_0/data.tar.gz is larger than the limits allow";
        assert_eq!((paths(&vault), said(&vault.skipped)[0]), (vec![], ("locked-secret", message)));
        let large =
            "more is in the backup than the limit of bytes allows: what comes after that was not looked at";
        assert_eq!(said(&vault.warnings), [("not-read", large)]);
    }
}
