//! What is around the archive of a backup: where its end is missing, or something else follows it.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

use super::*;

const LOCKED: &[u8] = include_bytes!("../../../../../fixtures/android-backup/v2.ab");

/// How many files were handed on, and what was said of the end.
fn ends(vault: &Vault) -> (usize, Vec<&str>) {
    let of_end = vault.warnings.iter().filter(|item| item.code == "cut-off");
    (vault.enclosed.len(), of_end.map(|item| item.message.as_str()).collect())
}

const CUT_OFF: &str = "the backup is damaged or cut off: what comes after that place is missing, and it cannot be told whether something before it was altered";
const FOLLOWED: &str = "something else follows the end of the archive, and was not read";

fn stored(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::none());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

/// A backup whose packing leaves every byte as it is.
fn packed_backup() -> Vec<u8> {
    let mut packed = ZlibEncoder::new(b"ANDROID BACKUP\n5\n1\nnone\n".to_vec(), Compression::none());
    packed.write_all(&tar(&[("apps/org.fedorahosted.freeotp/sp/tokens.xml", PREFERENCES)])).unwrap();
    packed.finish().unwrap()
}

/// Without its end nothing shows that a digit of a secret is another one.
#[test]
fn a_missing_checksum_is_told() {
    let [backup, copy] = [packed_backup(), stored(&tar(&[(TOKENS, PREFERENCES)]))];
    for (whole, checksum) in [(backup, 4), (copy, 8)] {
        assert_eq!(ends(&read(&whole).unwrap()), (1, vec![]));
        let mut altered = whole.clone();
        let number = b",121,";
        let at = whole.windows(number.len()).position(|part| part == number).unwrap();
        altered[at + 3] = b'0';
        assert_eq!(read(&altered).unwrap_err().kind, ErrorKind::Malformed);
        for missing in 1..=checksum {
            let vault = read(&altered[..altered.len() - missing]).unwrap();
            assert_eq!(ends(&vault), (1, vec![CUT_OFF]), "{missing}");
            assert_eq!(vault.survey.unwrap().finished, Some(false));
        }
    }
}

#[test]
fn each_end_that_is_missing_is_told() {
    let passwords = [SecretText::new("canary-password-plain-1")];
    let read = |bytes: &[u8]| {
        testing::with_ctx(&mut &passwords[..], |ctx| AndroidBackup.decode(&Input::new(bytes), ctx)).unwrap()
    };
    for (index, whole) in [PACKED, GZIPPED, LOCKED].into_iter().enumerate() {
        assert_eq!(ends(&read(whole)).1, Vec::<&str>::new(), "{index}");
        for missing in 1..100 {
            let vault = read(&whole[..whole.len() - missing]);
            assert_eq!(ends(&vault).1, [CUT_OFF], "{index}: {missing}");
        }
    }
}

#[test]
fn what_follows_a_packed_archive_is_told() {
    let (backup, copy) = (packed_backup(), stored(&tar(&[(TOKENS, PREFERENCES)])));
    for whole in [&backup, &copy] {
        let then = |rest: &[u8]| {
            let vault = read(&[whole, rest].concat()).unwrap();
            let (files, said) = ends(&vault);
            (files, said.into_iter().map(str::to_owned).collect::<Vec<_>>())
        };
        assert_eq!([then(&[0]), then(&[0; 10_240])], [(1, vec![]), (1, vec![])]);
        for rest in [b"x".as_slice(), b"hello", b"\0\0\0x", &[0xFF; 10_240], &backup, &copy] {
            assert_eq!(then(rest), (1, vec![FOLLOWED.to_owned()]), "{}", rest.len());
        }
    }
}

/// As `pigz` and the like write them, with a border anywhere.
#[test]
fn a_gzip_file_of_several_members_is_one_archive() {
    let whole = tar(&[(TOKENS, PREFERENCES)]);
    let (first, second) = whole.split_at(700);
    let members = [stored(first), stored(b""), stored(second), vec![0; 512]].concat();
    assert_eq!(ends(&read(&members).unwrap()), (1, vec![]));
    let nested = "org.fedorahosted.freeotp/2024-01-01-user_0/data.tar.gz";
    let inner = |rest: &[u8]| read(&tar(&[(nested, &[&members, rest].concat())])).unwrap();
    assert_eq!((inner(b"").enclosed.len(), inner(b"").warnings), (1, vec![]));
    let said: Vec<_> = inner(b"hello").warnings.into_iter().map(|item| item.message).collect();
    assert_eq!(said, [format!("{nested} in the backup was read in part only: it goes on behind its end")]);
}
