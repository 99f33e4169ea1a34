use otpferry_formats::{Limits, TableOptions, TokenOptions};
use otpferry_scan::Hint;

use super::super::picture::{Look, PartOfMessage};
use super::super::{Intake, Sealed, sort_out};
use super::*;
use crate::cli::{CostArgs, Effort};
use crate::envelope::Keys;
use crate::password::PasswordBook;

const LINK: &str = "otpauth://totp/Canary:joined?secret=OTPFERRYCANARYAAAAAAAAAAAAAAAAAA&issuer=Canary";
/// The exclusive or of the bytes of `LINK`, computed in Python.
const PARITY: u8 = 0x43;

fn reader() -> Reader {
    let cost = CostArgs { limit: Vec::new(), jobs: None, effort: Effort::Normal };
    Reader {
        from: None,
        limits: Limits::default(),
        passwords: PasswordBook::new(None).unwrap(),
        keys: Keys::default(),
        key_files: Vec::new(),
        look: Look::new(&cost, 1),
        photos: false,
        table: TableOptions::default(),
        tokens: TokenOptions::default(),
    }
}

fn source(name: &str) -> Source {
    Source {
        name: name.to_owned(),
        path: Some(name.into()),
        below: name.to_owned(),
        found: false,
        is_backup: false,
    }
}

fn part(index: u8, payload: &str) -> PartOfMessage {
    let part = Part { index, count: 3, parity: PARITY };
    PartOfMessage { payload: Zeroizing::new(payload.as_bytes().to_vec()), part, place: None }
}

/// A picture in which nothing was read alone.
fn picture(parts: Vec<PartOfMessage>, unread: Vec<picture::UnreadCode>) -> Result<Reading, Failure> {
    Ok(Reading::Picture(Box::new(Picture {
        files: Vec::new(),
        parts,
        unread,
        remarks: Vec::new(),
        sealed: Sealed::No,
        cut_short: None,
        failure: Some(Failure::new(Exit::NothingToRead, "nothing was found")),
    })))
}

/// The link in three parts.
fn thirds() -> [PartOfMessage; 3] {
    [part(0, &LINK[..20]), part(1, &LINK[20..50]), part(2, &LINK[50..])]
}

fn intake(names: &[&str], readings: Vec<Result<Reading, Failure>>) -> Result<Intake, Failure> {
    let sources: Vec<Source> = names.iter().map(|name| source(name)).collect();
    sort_out(&sources, settle(&sources, readings, &reader()))
}

fn accounts(intake: &Intake) -> Vec<(&str, &str)> {
    let of =
        |file: &'_ File| file.vault.accounts.iter().map(|account| account.name.clone()).collect::<Vec<_>>();
    let names: Vec<_> = intake.files.iter().map(|file| (file.name.as_str(), of(file))).collect();
    assert!(names.iter().all(|(_, accounts)| accounts == &["joined"]), "{names:?}");
    names.iter().map(|(file, _)| (*file, "joined")).collect()
}

#[test]
fn a_message_is_put_together_from_several_pictures() {
    let [a, b, c] = thirds();
    let readings = vec![picture(vec![c], vec![]), picture(vec![b], vec![]), picture(vec![a], vec![])];
    let intake = intake(&["3.png", "2.png", "1.png"], readings).unwrap();
    assert_eq!(accounts(&intake), [("1.png", "joined")]);
    assert_eq!(intake.files[0].vault.accounts[0].otp().unwrap().secret().expose().len(), 20);
    let warning = &intake.files[0].vault.warnings[0];
    assert_eq!(warning.message, "one message was put together from 3 QR codes in 1.png, 2.png and 3.png");
    assert!(intake.not_read.is_empty() && intake.missing_parts().is_empty());
}

#[test]
fn a_message_in_one_picture() {
    let [a, b, c] = thirds();
    let intake = intake(&["all.png"], vec![picture(vec![b, a, c], vec![])]).unwrap();
    assert_eq!(accounts(&intake), [("all.png", "joined")]);
}

#[test]
fn missing_parts_of_a_message_are_named_with_the_pictures_of_the_others() {
    let [a, _, c] = thirds();
    let readings = vec![picture(vec![c], vec![]), picture(vec![a], vec![])];
    let intake = intake(&["3.png", "1.png"], readings).unwrap();
    assert!(intake.files.is_empty() && intake.not_read.is_empty());
    let missing = intake.missing_parts();
    let messages: Vec<&str> = missing.iter().map(|part| part.message.as_str()).collect();
    assert_eq!(messages, ["QR code 2 of 3 is missing; read: 1 in 1.png, 3 in 3.png"]);
}

#[test]
fn parts_that_do_not_fit_are_named_and_not_read() {
    let [a, b, _] = thirds();
    let wrong = part(2, "of another message");
    let readings = vec![picture(vec![a, b], vec![]), picture(vec![wrong], vec![])];
    let failure = intake(&["1.png", "2.png"], readings).unwrap_err();
    assert_eq!(failure.exit, Exit::NothingToRead);
    let [a, b, _] = thirds();
    let wrong = part(2, "of another message");
    let failure = intake(&["1.png"], vec![picture(vec![a, b, wrong], vec![])]).unwrap_err();
    assert_eq!(
        failure.message,
        "QR codes that should hold one message do not fit together (1 of 3 in 1.png, 2 of 3 in 1.png, \
         3 of 3 in 1.png); they are not read"
    );
}

fn unread() -> picture::UnreadCode {
    picture::UnreadCode { hint: Hint::Glare, place: "top left".to_owned(), grid: None }
}

#[test]
fn a_code_of_several_pictures_is_read_and_not_unread_any_more() {
    let sources = ["1.png", "2.png", "3.png"].map(source);
    let readings = vec![
        picture(vec![], vec![unread()]),
        picture(vec![], vec![unread(), unread()]),
        picture(vec![], vec![unread()]),
    ];
    let reader = reader();
    let mut batch = Batch::new(&sources, readings, &reader);
    let payload = Zeroizing::new(LINK.as_bytes().to_vec());
    batch.read_merged(vec![FromSeveral { payload, part: None, members: vec![(0, 0), (1, 1)] }]);
    let intake = sort_out(&sources, batch.finish()).unwrap();
    assert_eq!(accounts(&intake), [("1.png", "joined")]);
    assert_eq!(intake.files[0].vault.warnings[0].message, "a QR code was read from 1.png and 2.png together");
    let open: Vec<_> =
        intake.not_read.iter().map(|item| (item.file.as_str(), item.message.as_str())).collect();
    let wanted = [
        ("2.png", "1 more QR code (top left) cannot be read: glare or a shadow"),
        ("3.png", "not read: nothing was found"),
    ];
    assert_eq!(open, wanted);
}

#[test]
fn a_part_of_a_message_may_come_from_several_pictures() {
    let sources = ["1.png", "2.png", "3.png"].map(source);
    let [a, b, c] = thirds();
    let readings =
        vec![picture(vec![], vec![unread()]), picture(vec![], vec![unread()]), picture(vec![a, b], vec![])];
    let reader = reader();
    let mut batch = Batch::new(&sources, readings, &reader);
    let merged = FromSeveral { payload: c.payload, part: Some(c.part), members: vec![(0, 0), (1, 0)] };
    batch.read_merged(vec![merged]);
    batch.read_messages();
    let intake = sort_out(&sources, batch.finish()).unwrap();
    assert_eq!(accounts(&intake), [("3.png", "joined")]);
    assert!(intake.not_read.is_empty(), "{:?}", intake.not_read);
}
