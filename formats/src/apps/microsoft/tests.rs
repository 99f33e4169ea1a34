//! What is taken for the database, and databases that are damaged. Whole ones are read in
//! `tests/goldens.rs`.

use super::*;
use crate::ctx::{Limits, NoPasswords};
use crate::error::ErrorKind;
use crate::testing;

const WHOLE: &[u8] = include_bytes!("../../../../fixtures/microsoft/v26-all-kinds.sqlite");
const MANY: &[u8] = include_bytes!("../../../../fixtures/microsoft/many-rows.sqlite");
const FEW_COLUMNS: &[u8] = include_bytes!("../../../../fixtures/microsoft/fewest-columns.sqlite");
const OTHER: &[u8] = include_bytes!("../../../../fixtures/microsoft/other-database.sqlite");
const IN_LOG: &[u8] = include_bytes!("../../../../fixtures/microsoft/wal-with-the-schema/PhoneFactor");
const LOG: &[u8] = include_bytes!("../../../../fixtures/microsoft/wal-with-the-schema/PhoneFactor-wal");

fn detect(bytes: &[u8], wal: Option<&[u8]>) -> Confidence {
    Microsoft.detect(&Probe::new(bytes, None).with_wal(wal))
}

fn read(bytes: &[u8], wal: Option<&[u8]>) -> Result<Vault, Error> {
    let input = Input::with_wal(bytes, wal);
    testing::with_ctx(&mut NoPasswords, |ctx| Microsoft.decode(&input, ctx))
}

/// Replaces the only occurrence of a text by one of the same length.
fn renamed(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let places: Vec<usize> =
        (0..bytes.len()).filter(|at| bytes[*at..].starts_with(from.as_bytes())).collect();
    assert!(!places.is_empty(), "{from}");
    let mut bytes = bytes.to_vec();
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    }
    bytes
}

#[test]
fn the_columns_are_the_mark() {
    assert_eq!(detect(WHOLE, None), Confidence::Sure);
    assert_eq!(detect(FEW_COLUMNS, None), Confidence::Sure);
    assert_eq!(detect(OTHER, None), Confidence::No);
    for column in ["oath_secret_key", "account_type"] {
        let other = renamed(FEW_COLUMNS, column, &"x".repeat(column.len()));
        assert_eq!(detect(&other, None), Confidence::No, "{column}");
    }
    assert_eq!(detect(b"", None), Confidence::No);
    assert_eq!(detect(&WHOLE[..100], None), Confidence::No);
    assert_eq!(detect(b"SQLite format 3\0", None), Confidence::No);
}

#[test]
fn the_log_is_looked_at_as_well() {
    assert_eq!(detect(IN_LOG, Some(LOG)), Confidence::Sure);
    assert_eq!(detect(IN_LOG, None), Confidence::No);
    assert!(read(IN_LOG, Some(LOG)).is_ok_and(|vault| !vault.accounts.is_empty()));
    assert_eq!(read(IN_LOG, None).unwrap_err().kind, ErrorKind::Malformed);
}

#[test]
fn a_column_that_is_needed_is_named() {
    let error = read(&renamed(FEW_COLUMNS, "username", "xxxxxxxx"), None).unwrap_err();
    assert_eq!((error.kind, error.format), (ErrorKind::Malformed, Some(ID)));
    assert!(error.to_string().contains("username") && error.to_string().contains("accounts"));
}

#[test]
fn a_damaged_page_costs_its_own_rows_only() {
    let whole = read(MANY, None).unwrap();
    let size = usize::from(u16::from_be_bytes([MANY[16], MANY[17]]));
    let mut partial = 0;
    for page in 1..MANY.len() / size {
        let mut damaged = MANY.to_vec();
        damaged[page * size..(page + 1) * size].fill(0xA5);
        let vault = match read(&damaged, None) {
            Ok(vault) => vault,
            Err(error) => {
                assert_eq!((error.kind, error.format), (ErrorKind::Malformed, Some(ID)), "page {page}");
                assert!(error.next_step.is_some());
                continue;
            }
        };
        for account in &vault.accounts {
            let same = whole.accounts.iter().find(|other| other.name == account.name).unwrap();
            assert_eq!(account.otp(), same.otp(), "page {page}");
        }
        if vault.accounts.len() < whole.accounts.len() {
            partial += 1;
            let codes: Vec<&str> = vault.skipped.iter().map(|item| item.code.as_str()).collect();
            assert_eq!(codes, [Skip::DAMAGED], "page {page}");
        }
    }
    assert!(partial > 0, "no page held some of the rows");
}

#[test]
fn no_length_of_a_cut_database_breaks_the_reader() {
    let whole = read(MANY, None).unwrap();
    for length in (0..MANY.len()).step_by(97) {
        match read(&MANY[..length], None) {
            Ok(vault) => assert!(vault.accounts.len() < whole.accounts.len() && !vault.skipped.is_empty()),
            Err(error) => assert_eq!(error.format, Some(ID)),
        }
    }
}

#[test]
fn every_byte_of_a_small_database_may_lie() {
    let mut state = 0x0123_4567_89AB_CDEF_u64;
    for round in 0..20_000 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let mut bytes = FEW_COLUMNS.to_vec();
        let at = round % bytes.len();
        bytes[at] = state.to_be_bytes()[0];
        let _ = detect(&bytes, None);
        if let Err(error) = read(&bytes, None) {
            assert_eq!(error.format, Some(ID));
        }
    }
}

#[test]
fn rows_over_the_limit() {
    let limits = Limits { accounts: 3, ..Limits::default() };
    let mut random = |_: &mut [u8]| Ok(());
    let mut ctx = Ctx {
        passwords: &mut NoPasswords,
        key_files: &[],
        new_password: None,
        random: &mut random,
        now: jiff::Timestamp::UNIX_EPOCH,
        limits: &limits,
        per_qr: 10,
        read_codes: None,
        table: &crate::TableOptions::default(),
        tokens: &crate::TokenOptions::default(),
    };
    let error = Microsoft.decode(&Input::new(MANY), &mut ctx).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Limit);
}

/// Keys of personal accounts are base64 and their codes have eight digits; all others are base32
/// and have six.
#[test]
fn encodings_are_not_mixed_up() {
    let otp = personal("SGVsbG8h3q2+7w==").unwrap();
    assert_eq!((otp.secret().expose(), otp.digits()), (&b"Hello!\xDE\xAD\xBE\xEF"[..], 8));
    for text in ["", "JBSWY3DPEHPK3PX", "SGVsbG8h3q2-7w==", "SGVsbG8h3q2+7w", "===="] {
        assert_eq!(personal(text).unwrap_err().code, Skip::BAD_SECRET, "{text}");
    }
}
