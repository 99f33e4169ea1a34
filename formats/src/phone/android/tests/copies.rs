//! Copies of phones: what lies where, and which of several is meant.

use super::*;

const PLUS: &str = "org.liberty.android.freeotpplus";
const LINK: &[u8] = b"otpauth://totp/a?secret=CANARYALPHACANARYALPHACANARYALPH\n";

fn logs(vault: &Vault) -> Vec<Option<&[u8]>> {
    vault.enclosed.iter().map(|enclosed| enclosed.wal.as_ref().map(|wal| wal.as_slice())).collect()
}

fn database() -> Vec<u8> {
    include_bytes!("../../../../../fixtures/google-sqlite/all-kinds.sqlite").to_vec()
}

/// The package can be the name of a folder around the copy as well.
#[test]
fn a_log_is_found_wherever_its_database_is() {
    let google = "com.google.android.apps.authenticator2";
    let name = format!("{google}/data/data/{google}/databases/databases");
    let main = database();
    let vault = read(&tar(&[(&name, &main), (&format!("{name}-wal"), b"log")])).unwrap();
    assert_eq!(logs(&vault), [Some(&b"log"[..])]);
    let hot = b"\xD9\xD5\x05\xF9\x20\xA1\x63\xD7 pages";
    let vault = read(&tar(&[(&name, &main), (&format!("{name}-journal"), hot)])).unwrap();
    assert_eq!(
        vault.warnings.iter().map(|item| item.code.as_str()).collect::<Vec<_>>(),
        ["database-in-change"]
    );
    let vault = read(&tar(&[("sdcard/auth.db", &main), ("sdcard/auth.db-wal", b"log")])).unwrap();
    assert_eq!(logs(&vault), [Some(&b"log"[..])]);
}

/// Each of two with one name: the later, as they would be on a disk. A database that comes again without its log does
/// not belong to the log before it.
#[test]
fn of_members_that_are_there_twice_the_later_belong_together() {
    let (log, main) = (format!("{DATABASE}-wal"), database());
    let old = (log.as_str(), b"old".as_slice());
    let new = (log.as_str(), b"new".as_slice());
    let database = (DATABASE, main.as_slice());
    for members in [
        &[database, old, database, new][..],
        &[old, database, new, database],
        &[database, old, new],
        &[database, new],
    ] {
        assert_eq!(logs(&read(&tar(members)).unwrap()), [Some(&b"new"[..])], "{members:?}");
    }
    let vault = read(&tar(&[database, old, database])).unwrap();
    assert_eq!(logs(&vault), [Some(&b""[..])]);
    let message = format!(
        "{DATABASE} was read without the log beside it, which is of an earlier copy of it: its accounts may be others than on the phone"
    );
    assert_eq!(said(&vault.warnings), [("not-read", message.as_str())]);
}

#[test]
fn folders_of_one_app_in_several_places_are_all_read() {
    let names = [
        format!("{PLUS}/shared_prefs/tokens.xml"),
        format!("data/data/{PLUS}/shared_prefs/tokens.xml"),
        format!("apps/{PLUS}/sp/tokens.xml"),
        format!("old/apps/{PLUS}/sp/tokens.xml"),
    ];
    let members: Vec<_> = names.iter().map(|name| (name.as_str(), PREFERENCES)).collect();
    let place = format!("{PLUS}/shared_prefs/tokens.xml");
    let wanted = [&place, &place, &place, &format!("old/{place}")];
    assert_eq!(paths(&read(&tar(&members)).unwrap()), wanted.map(String::as_str));
}

/// An old copy in a cache is not what the app has now.
#[test]
fn an_archive_inside_never_takes_the_place_of_a_file() {
    let inner = tar(&[("shared_prefs/tokens.xml", PREFERENCES)]);
    let archive = format!("{PLUS}-20240501-101010.tar");
    let live = format!("apps/{PLUS}/sp/tokens.xml");
    let cached = format!("apps/com.keramidas.TitaniumBackup/c/{archive}");
    let vault = read(&tar(&[(&live, PREFERENCES), (&cached, &inner)])).unwrap();
    assert_eq!(paths(&vault), [format!("{PLUS}/shared_prefs/tokens.xml")]);
    let beside = format!("data/data/com.keramidas.TitaniumBackup/cache/{archive}");
    let vault = read(&tar(&[(&live, PREFERENCES), (&beside, &inner)])).unwrap();
    let place = format!("{PLUS}/shared_prefs/tokens.xml");
    assert_eq!(paths(&vault), [place.clone(), format!("{beside}/{place}")]);
}

#[test]
fn all_archives_of_neo_backup_are_looked_into() {
    let inner = tar(&[("shared_prefs/tokens.xml", PREFERENCES)]);
    let exports = tar(&[("backup/links.txt", LINK)]);
    let folder = format!("{PLUS}/2024-05-01-10-10-10-user_0");
    let vault = read(&tar(&[
        (&format!("{folder}/data.tar"), &inner),
        (&format!("{folder}/device_protected_files.tar"), &inner),
        (&format!("{folder}/external_files.tar"), &exports),
    ]))
    .unwrap();
    let wanted = ["data.tar", "device_protected_files.tar"].map(|archive| {
        // Where the archive is, and then where the file was.
        format!("{folder}/{archive}/{PLUS}/shared_prefs/tokens.xml")
    });
    let export = format!("{folder}/external_files.tar/{PLUS}/backup/links.txt");
    let mut found = paths(&vault);
    found.sort_unstable();
    assert_eq!(found, [wanted[0].as_str(), &wanted[1], &export]);
}

/// As in a folder, what is in a file says what it is.
#[test]
fn exports_are_found_all_over_a_copy() {
    let vault = read(&tar(&[
        (TOKENS, PREFERENCES),
        ("phone/sdcard/Download/a.txt", LINK),
        ("mnt/storage/emulated/10/b.txt", LINK),
        ("Download/c.txt", LINK),
        ("data/data/com.example.otp/files/d.txt", LINK),
        ("data/data/com.example.otp/files/e.txt", b"buy milk"),
        ("data/data/com.example.otp/files/f.mp4", LINK),
    ]))
    .unwrap();
    assert_eq!(
        paths(&vault),
        [
            "Download/c.txt",
            "data/data/com.example.otp/files/d.txt",
            TOKENS,
            "mnt/user/10/Internal storage/b.txt",
            "phone/Internal storage/Download/a.txt",
        ]
    );
}

#[test]
fn an_archive_in_the_storage_is_told() {
    let inner = tar(&[(TOKENS, PREFERENCES)]);
    let vault = read(&tar(&[
        (TOKENS, PREFERENCES),
        ("sdcard/backup/x.tar", &inner),
        ("sdcard/backup/y.tar.gz", b"\x1F\x8B"),
    ]))
    .unwrap();
    assert_eq!(
        said(&vault.warnings),
        [
            (
                "not-read",
                "Internal storage/backup/x.tar in the backup was not read: it is a backup of its own"
            ),
            (
                "not-read",
                "Internal storage/backup/y.tar.gz in the backup was not read: it is an archive of its own"
            ),
        ]
    );
}

/// A locked zip of a phone has thousands of them.
#[test]
fn files_that_share_a_reason_are_told_together() {
    let names: Vec<String> = (0..5).map(|number| format!("sdcard/{number}.txt")).collect();
    let mut bytes = tar(&[(TOKENS, PREFERENCES)]);
    bytes.truncate(bytes.len() - 1024);
    for name in &names {
        let mut header = ::tar::Header::new_gnu();
        header.set_entry_type(::tar::EntryType::Link);
        header.set_path(name).unwrap();
        header.set_size(0);
        header.set_cksum();
        bytes.extend(header.as_bytes());
    }
    bytes.extend([0; 1024]);
    let vault = read(&bytes).unwrap();
    let messages: Vec<&str> = vault.warnings.iter().map(|item| item.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "Internal storage/0.txt in the backup was not read: it is only a link to another file",
            "Internal storage/1.txt in the backup was not read: it is only a link to another file",
            "Internal storage/2.txt in the backup was not read: it is only a link to another file",
            "files in the backup that were not read as well, because each of them is only a link to another file: 2",
        ]
    );
}

#[test]
fn a_folder_that_is_called_like_an_app_is_not_its_data() {
    for name in ["Android/obb/com.authy.authy/main.1.obb", "metadata/io.ente.auth/en-US/title.txt"] {
        assert_eq!(detect(&zip(&[(name, b"x")])), Confidence::No, "{name}");
    }
    assert_eq!(detect(&zip(&[("data/data/io.ente.auth/x", b"x")])), Confidence::Likely);
}

/// An archive of a few kilobytes can have a million of them.
#[test]
fn names_that_are_longer_than_any_real_one_cost_nothing() {
    let long = "com.authy.authy/".repeat(place::MAX_NAME);
    assert_eq!(Place::of(&long, Layout::Copy(None)), None);
    let name = "com.authy.authy/".repeat(place::MAX_NAME / 16 - 1) + "x";
    for _ in 0..1000 {
        assert!(Place::of(&name, Layout::Copy(None)).is_some());
    }
}
