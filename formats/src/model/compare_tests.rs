use super::*;
use crate::model::{Algorithm, Credential, Digits, Kind, Period, Secret, SecretText};

fn key(byte: u8) -> Secret {
    Secret::new(vec![byte; 10]).unwrap()
}

fn totp(name: &str, byte: u8, digits: Digits) -> Account {
    let otp = Otp::Totp { secret: key(byte), algorithm: Algorithm::Sha1, digits, period: Period::THIRTY };
    Account::new(Credential::Otp(otp), name, "")
}

fn a(name: &str, byte: u8) -> Account {
    totp(name, byte, Digits::SIX)
}

fn hotp(name: &str, byte: u8, counter: u64) -> Account {
    let otp = Otp::Hotp { secret: key(byte), algorithm: Algorithm::Sha1, digits: Digits::SIX, counter };
    Account::new(Credential::Otp(otp), name, "")
}

fn name_only(name: &str) -> Account {
    Account::new(Credential::NameOnly { reason: "push".to_owned() }, name, "")
}

fn pair(old: usize, new: usize, codes: Codes) -> Pair {
    Pair { old, new, codes, renamed: false, mixed_up: false, moved: false, fields: Vec::new() }
}

fn renamed(old: usize, new: usize, codes: Codes) -> Pair {
    Pair { renamed: true, ..pair(old, new, codes) }
}

fn single(index: usize) -> Single {
    Single { index, twin: None }
}

fn other_secret() -> Codes {
    Codes::Differ { secret: true, parameters: Vec::new() }
}

fn parameters(parameters: &[Parameter]) -> Codes {
    Codes::Differ { secret: false, parameters: parameters.to_vec() }
}

#[track_caller]
fn check(old: &[Account], new: &[Account], pairs: Vec<Pair>, removed: Vec<Single>, added: Vec<Single>) {
    assert_eq!(lists(old, new), Comparison { pairs, removed, added });
}

#[test]
fn equal_lists() {
    let list = [a("A", 1), hotp("B", 2, 7), name_only("C")];
    let pairs = vec![pair(0, 0, Codes::Same), pair(1, 1, Codes::Same), pair(2, 2, Codes::NameOnly)];
    check(&list, &list, pairs, vec![], vec![]);
    check(&[], &[], vec![], vec![], vec![]);
}

#[test]
fn removed_and_added() {
    check(
        &[a("A", 1), a("B", 2)],
        &[a("B", 2), a("C", 3)],
        vec![pair(1, 0, Codes::Same)],
        vec![single(0)],
        vec![single(1)],
    );
    check(&[a("A", 1)], &[], vec![], vec![single(0)], vec![]);
    check(&[], &[a("A", 1)], vec![], vec![], vec![single(0)]);
}

#[test]
fn renamed_accounts_are_found_by_their_secret() {
    check(&[a("A", 1)], &[a("B", 1)], vec![renamed(0, 0, Codes::Same)], vec![], vec![]);
    check(&[hotp("A", 1, 5)], &[hotp("B", 1, 9)], vec![renamed(0, 0, Codes::Ahead(4))], vec![], vec![]);
    let longer = [totp("B", 1, Digits::EIGHT)];
    check(&[a("A", 1)], &longer, vec![renamed(0, 0, parameters(&[Parameter::Digits]))], vec![], vec![]);
    // The name goes first where two have the secret.
    let new = [a("B", 1), a("A", 1)];
    check(
        &[a("A", 1)],
        &new,
        vec![pair(0, 1, Codes::Same)],
        vec![],
        vec![Single { index: 0, twin: Some(0) }],
    );
}

#[test]
fn another_secret_under_the_same_name() {
    check(&[a("A", 1)], &[a("A", 2)], vec![pair(0, 0, other_secret())], vec![], vec![]);
    let both = Codes::Differ { secret: true, parameters: vec![Parameter::Digits] };
    check(&[a("A", 1)], &[totp("A", 2, Digits::EIGHT)], vec![pair(0, 0, both)], vec![], vec![]);
    // Spelled otherwise, it is renamed besides.
    check(&[a("GitHub", 1)], &[a(" github ", 2)], vec![renamed(0, 0, other_secret())], vec![], vec![]);
    // Accounts without any name have nothing in common.
    check(&[a("", 1)], &[a("", 2)], vec![], vec![single(0)], vec![single(0)]);
}

#[test]
fn the_codes_of_another_account_under_this_name() {
    let swapped = |old, new| Pair { mixed_up: true, ..renamed(old, new, Codes::Same) };
    let pairs = vec![Pair { moved: true, ..swapped(0, 1) }, swapped(1, 0)];
    check(&[a("A", 1), a("B", 2)], &[a("A", 2), a("B", 1)], pairs, vec![], vec![]);
    // B is gone and A is called B.
    check(&[a("A", 1), a("B", 2)], &[a("B", 1)], vec![swapped(0, 0)], vec![single(1)], vec![]);
    // There are two of the name, and the old B is one of them.
    let pairs = vec![renamed(0, 0, Codes::Same), pair(1, 1, Codes::Same)];
    check(&[a("A", 1), a("B", 2)], &[a("B", 1), a("B", 2)], pairs, vec![], vec![]);
}

#[test]
fn counters() {
    let both = |old, new| lists(&[hotp("A", 1, old)], &[hotp("A", 1, new)]).pairs.remove(0).codes;
    assert_eq!(both(5, 5), Codes::Same);
    assert_eq!(both(0, u64::MAX), Codes::Ahead(u64::MAX));
    assert_eq!(both(5, 4), parameters(&[Parameter::Counter]));
}

#[test]
fn every_parameter_is_named() {
    let totp = |algorithm, digits, period| Otp::Totp {
        secret: key(1),
        algorithm,
        digits: Digits::new(digits).unwrap(),
        period: Period::new(period).unwrap(),
    };
    let motp = |pin: Option<&str>| Otp::Motp { secret: key(1), pin: pin.map(SecretText::new) };
    let usual = totp(Algorithm::Sha1, 6, 30);
    use Parameter::{Algorithm as Hash, Digits as Length, Kind as Sort, Period as Time, Pin};
    for (old, new, wanted) in [
        (&usual, &totp(Algorithm::Sha256, 6, 30), &[Hash][..]),
        (&usual, &totp(Algorithm::Sha256, 8, 60), &[Hash, Length, Time]),
        (&usual, &Otp::Steam { secret: key(1) }, &[Sort, Length]),
        (&usual, &motp(None), &[Sort, Hash, Time]),
        (&motp(None), &motp(Some("1")), &[Pin]),
        (&motp(Some("2")), &motp(Some("1")), &[Pin]),
    ] {
        let account = |otp: &Otp| [Account::new(Credential::Otp(otp.clone()), "A", "")];
        check(&account(old), &account(new), vec![pair(0, 0, parameters(wanted))], vec![], vec![]);
    }
    let value = |parameter: Parameter, otp: &Otp| parameter.value(otp);
    assert_eq!(value(Parameter::Kind, &usual).as_deref(), Some(Kind::Totp.name()));
    assert_eq!(value(Parameter::Pin, &motp(Some("1"))), None);
}

#[test]
fn names_without_codes() {
    let (old, new) = ([name_only("A"), a("B", 1)], [a("A", 2), name_only("B")]);
    check(&old, &new, vec![pair(0, 0, Codes::Gained), pair(1, 1, Codes::Lost)], vec![], vec![]);
    // No name-only account is another one renamed.
    check(&[name_only("A")], &[name_only("B")], vec![], vec![single(0)], vec![single(0)]);
}

#[test]
fn repetitions_are_counted_off() {
    let (twice, once) = ([a("A", 1), a("A", 1)], [a("A", 1)]);
    check(&twice, &twice, vec![pair(0, 0, Codes::Same), pair(1, 1, Codes::Same)], vec![], vec![]);
    let twin = Single { index: 1, twin: Some(0) };
    check(&twice, &once, vec![pair(0, 0, Codes::Same)], vec![twin], vec![]);
    check(&once, &twice, vec![pair(0, 0, Codes::Same)], vec![], vec![twin]);
    // An app that keeps one account for each secret has dropped the other name.
    check(
        &[a("A", 1), a("B", 1)],
        &[a("B", 1)],
        vec![pair(1, 0, Codes::Same)],
        vec![Single { index: 0, twin: Some(0) }],
        vec![],
    );
    let named_twice = [name_only("A"), name_only("A")];
    check(&named_twice, &[name_only("A")], vec![pair(0, 0, Codes::NameOnly)], vec![twin], vec![]);
}

#[test]
fn another_phone_has_another_key_for_a_personal_microsoft_account() {
    let personal = |issuer: &str, name: &str, byte| Account {
        name: name.to_owned(),
        ..totp(issuer, byte, Digits::EIGHT)
    };
    let old = [Account {
        origin: crate::model::Origin { format: "microsoft".to_owned(), ..Default::default() },
        ..personal("Outlook", "maria", 1)
    }];
    check(&old, &[personal("Microsoft", "Maria", 2)], vec![renamed(0, 0, other_secret())], vec![], vec![]);
}

#[test]
fn one_that_moved_is_one() {
    let list = |order: &[u8]| order.iter().map(|n| a(&n.to_string(), *n)).collect::<Vec<_>>();
    let moved = |old: &[u8], new: &[u8]| {
        let pairs = lists(&list(old), &list(new)).pairs;
        pairs.iter().filter(|pair| pair.moved).map(|pair| old[pair.old]).collect::<Vec<_>>()
    };
    assert_eq!(moved(&[1, 2, 3, 4, 5], &[2, 3, 4, 5, 1]), [1]);
    assert_eq!(moved(&[1, 2, 3, 4, 5], &[5, 1, 2, 3, 4]), [5]);
    assert_eq!(moved(&[1, 2, 3, 4, 5], &[1, 3, 5]), [0_u8; 0]);
    assert_eq!(moved(&[1, 2, 3], &[3, 2, 1]).len(), 2);
    assert_eq!(moved(&[1, 2, 3, 4], &[9, 1, 8, 4, 2, 3]), [4]);
}

#[test]
fn details_that_differ() {
    let old = a("A", 1);
    let mut new = old.clone();
    new.groups = vec!["Work".to_owned()];
    new.note = "n".to_owned();
    new.uses = Some(7);
    let wanted = Pair { fields: vec![Field::Groups, Field::Note], ..pair(0, 0, Codes::Same) };
    check(&[old], &[new], vec![wanted], vec![], vec![]);
}

/// Ten thousand accounts that all look alike to one of the ways of finding them again.
#[test]
fn many_alike_take_no_longer() {
    let alike = |byte| (0..10_000).map(|_| a("A", byte)).collect::<Vec<_>>();
    let comparison = lists(&alike(1), &alike(2));
    assert_eq!(comparison.pairs.len(), 10_000);
    assert!(comparison.pairs.iter().enumerate().all(|(at, pair)| (pair.old, pair.new) == (at, at)));
}
