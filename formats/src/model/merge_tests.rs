use super::*;
use crate::model::{Algorithm, Credential, Digits, Otp, Period, Secret};

fn account(issuer: &str, name: &str, byte: u8) -> Account {
    let otp = Otp::Totp {
        secret: Secret::new(vec![byte; 10]).unwrap(),
        algorithm: Algorithm::Sha1,
        digits: Digits::SIX,
        period: Period::THIRTY,
    };
    Account::new(Credential::Otp(otp), issuer, name)
}

fn hotp(counter: u64) -> Account {
    let otp = Otp::Hotp {
        secret: Secret::new(vec![1; 10]).unwrap(),
        algorithm: Algorithm::Sha1,
        digits: Digits::SIX,
        counter,
    };
    Account::new(Credential::Otp(otp), "A", "a")
}

fn codes(items: &[Item]) -> Vec<&str> {
    items.iter().map(|item| item.code.as_str()).collect()
}

#[test]
fn one_input_keeps_its_own_repetitions() {
    let input = vec![account("A", "a", 1), account("A", "a", 1), account("A", "a", 2)];
    let merged = accounts([input.clone()]);
    assert_eq!(merged.accounts, input);
    assert!(merged.duplicates.is_empty() && merged.conflicts.is_empty());
}

#[test]
fn a_second_input_adds_only_what_is_new() {
    let merged = accounts([vec![account("A", "a", 1)], vec![account("A", "a", 1), account("B", "a", 1)]]);
    assert_eq!(merged.accounts, [account("A", "a", 1), account("B", "a", 1)]);
    assert_eq!(codes(&merged.duplicates), ["duplicate"]);
    assert!(merged.conflicts.is_empty());
}

#[test]
fn another_secret_or_counter_stays_as_a_conflict() {
    let merged = accounts([vec![account("A", "a", 1)], vec![account("A", "a", 2)]]);
    assert_eq!(merged.accounts.len(), 2);
    assert_eq!(codes(&merged.conflicts), ["secret-differs"]);
    let merged = accounts([vec![hotp(5)], vec![hotp(9)]]);
    assert_eq!(merged.accounts, [hotp(5), hotp(9)]);
    assert_eq!(codes(&merged.conflicts), ["counter-differs"]);
}

#[test]
fn details_are_completed_and_differences_named() {
    let mut first = account("A", "a", 1);
    first.groups = vec!["x".to_owned()];
    first.note = "one".to_owned();
    let mut second = account("A", "a", 1);
    second.groups = vec!["y".to_owned()];
    second.note = "two".to_owned();
    second.favorite = true;
    second.user = Some("u".to_owned());
    let merged = accounts([vec![first], vec![second]]);
    let mut wanted = account("A", "a", 1);
    wanted.groups = vec!["x".to_owned(), "y".to_owned()];
    wanted.note = "one".to_owned();
    wanted.favorite = true;
    wanted.user = Some("u".to_owned());
    assert_eq!(merged.accounts, [wanted]);
    assert_eq!(codes(&merged.conflicts), ["details-differ"]);
    assert_eq!(merged.conflicts[0].field.as_deref(), Some("note"));
}

fn part(id: i64, index: u32, size: u32, digest: u8) -> BatchPart {
    BatchPart { id, index, size, digest: [digest; 32], file: String::new() }
}

fn places(parts: &[BatchPart]) -> Vec<(i64, u32, u32)> {
    missing_parts(parts).iter().map(|part| (part.batch, part.index, part.size)).collect()
}

#[test]
fn missing_parts_are_named() {
    assert_eq!(places(&[part(7, 1, 3, 1)]), [(7, 0, 3), (7, 2, 3)]);
    assert_eq!(places(&[part(7, 1, 2, 1), part(7, 0, 2, 2), part(7, 0, 2, 2)]), []);
    assert_eq!(missing_parts(&[part(7, 0, 2, 1)])[0].message, "QR code 2 of 2 is missing");
}

#[test]
fn exports_without_an_id_are_told_apart_by_position() {
    assert_eq!(places(&[part(0, 0, 1, 1), part(0, 0, 1, 2)]), []);
    assert_eq!(places(&[part(0, 0, 2, 1), part(0, 0, 2, 2), part(0, 1, 2, 3)]), [(0, 1, 2)]);
}

#[test]
fn parts_that_disagree_are_separate_exports() {
    let parts = [part(7, 0, 2, 1), part(7, 1, 3, 2)];
    assert_eq!(places(&parts), [(7, 1, 2), (7, 0, 3), (7, 2, 3)]);
    assert_eq!(codes(&inconsistent_parts(&parts)), ["inconsistent-parts"]);
}

fn in_file(part: BatchPart, file: &str) -> BatchPart {
    BatchPart { file: file.to_owned(), ..part }
}

#[test]
fn pictures_of_an_incomplete_export_are_named() {
    let parts = [in_file(part(7, 3, 5, 4), "d.png"), in_file(part(7, 0, 5, 1), "a.png"), part(7, 4, 5, 5)];
    let missing = missing_parts(&parts);
    let messages: Vec<&str> = missing.iter().map(|part| part.message.as_str()).collect();
    let wanted = ["2", "3"].map(|n| format!("QR code {n} of 5 is missing; read: 1 in a.png, 4 in d.png"));
    assert_eq!(messages, wanted);
    let read = |index, file: &str| ReadPart { index, file: file.to_owned() };
    assert_eq!(missing[0].read, [read(0, "a.png"), read(3, "d.png")]);
    assert_eq!(missing_lines(&missing), ["QR codes 2 and 3 of 5 are missing\nRead: 1 in a.png, 4 in d.png"]);
    assert_eq!(missing_lines(&missing[..1]), ["QR code 2 of 5 is missing\nRead: 1 in a.png, 4 in d.png"]);
    let sheet = [in_file(part(7, 0, 4, 1), "sheet.png"), in_file(part(7, 2, 4, 3), "sheet.png")];
    assert_eq!(missing_parts(&sheet)[0].message, "QR code 2 of 4 is missing; read: 1 and 3 in sheet.png");
}

#[test]
fn pictures_that_contradict_each_other_or_show_the_same_are_named() {
    let parts = [
        in_file(part(7, 0, 2, 1), "a.png"),
        in_file(part(7, 0, 2, 2), "b.png"),
        in_file(part(7, 1, 2, 3), "c.png"),
        in_file(part(7, 1, 2, 3), "d.png"),
    ];
    assert_eq!(
        inconsistent_parts(&parts)[0].message,
        "QR codes of one export contradict each other (1 of 2 in a.png, 1 of 2 in b.png, 2 of 2 in c.png, \
         2 of 2 in d.png); they are taken as separate exports"
    );
    let repeated = repeated_parts(&parts);
    assert_eq!(codes(&repeated), ["repeated-payload"]);
    assert_eq!(
        repeated[0].message,
        "QR code 2 of 2 of an export is in c.png and again in d.png; its accounts are kept once"
    );
    assert_eq!(repeated_parts(&[part(7, 0, 1, 1), part(7, 0, 1, 1)]), []);
}

#[test]
fn parts_are_put_in_the_order_of_their_export() {
    let mut items = vec![
        ("c", Some(part(7, 2, 3, 3))),
        ("file", None),
        ("a", Some(part(7, 0, 3, 1))),
        ("z", Some(part(8, 0, 1, 9))),
        ("b", Some(part(7, 1, 3, 2))),
        ("c again", Some(part(7, 2, 3, 3))),
    ];
    in_export_order(&mut items, |item| item.1.as_ref());
    let names: Vec<_> = items.iter().map(|item| item.0).collect();
    assert_eq!(names, ["a", "file", "b", "z", "c", "c again"]);
}

#[test]
fn names_of_many_accounts_do_not_take_quadratic_time() {
    let nameless = |from: u64| {
        let otp = |number: u64| Otp::Totp {
            secret: Secret::new(number.to_be_bytes().to_vec()).unwrap(),
            algorithm: Algorithm::Sha1,
            digits: Digits::SIX,
            period: Period::THIRTY,
        };
        (from..from + 20_000)
            .map(|number| Account::new(Credential::Otp(otp(number)), "", ""))
            .collect::<Vec<_>>()
    };
    let merged = accounts([nameless(0), nameless(10_000)]);
    assert_eq!(merged.accounts.len(), 30_000);
    assert_eq!(merged.duplicates.len(), 10_000);
    assert_eq!(merged.conflicts.len(), 10_000);
}
