//! Lists of people give the readings that are written down beside them, and no bytes do harm.

#![cfg(test)]

#[path = "support/random.rs"]
#[allow(dead_code, reason = "each test program uses a part of it")]
mod random;

use std::fs;
use std::path::{Path, PathBuf};

use otpferry_formats::report::Item;
use otpferry_formats::roster::{Options, Person, Roster, read};
use otpferry_formats::{Error, Limits};
use serde_json::{Map, Value, json};

use random::Random;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/roster");

/// The lists of a folder with their readings, in order of name.
fn cases(folder: &Path) -> Vec<(String, Vec<u8>, Value)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.extension().unwrap() != "json").collect();
    files.sort();
    let case = |path: PathBuf| {
        let expected = fs::read(format!("{}.expected.json", path.display())).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, fs::read(path).unwrap(), serde_json::from_slice(&expected).unwrap())
    };
    files.into_iter().map(case).collect()
}

fn options(expected: &Value) -> Options {
    let texts = |name: &str| -> Vec<String> {
        let list = expected["options"][name].as_array();
        list.into_iter().flatten().map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    Options::parse(&texts("columns"), &texts("where")).unwrap()
}

fn with_defaults(bytes: &[u8]) -> Result<Roster, Error> {
    read(bytes, &Options::default(), &Limits::default())
}

fn described(person: &Person) -> Map<String, Value> {
    let person = json!({
        "line": person.line,
        "key": person.key,
        "account": person.account,
        "display": person.display,
        "email": person.email,
        "directory_id": person.directory_id,
        "enabled": person.enabled,
        "guest": person.guest,
        "groups": person.groups,
    });
    person.as_object().unwrap().clone()
}

/// Compares people in the fields that the reading has.
#[track_caller]
fn assert_people(name: &str, expected: &Value, people: &[Person]) {
    let expected = expected.as_array().unwrap();
    let read: Vec<_> = people.iter().map(described).collect();
    assert_eq!(read.len(), expected.len(), "{name}");
    for (wanted, read) in expected.iter().zip(&read) {
        for (field, value) in wanted.as_object().unwrap() {
            assert_eq!(read.get(field), Some(value), "{name}: {field} of {}", wanted["account"]);
        }
    }
}

/// The code of a warning, and whom or which line it is about.
fn brief(item: &Item) -> String {
    let about = match item.account.as_str() {
        "" => item.message.split_once(':').map_or("file", |(line, _)| line),
        account => account,
    };
    format!("{} {about}", item.code)
}

#[test]
fn every_fixture_gives_its_reading() {
    let cases = cases(Path::new(FIXTURES));
    for (name, bytes, expected) in &cases {
        match (read(bytes, &options(expected), &Limits::default()), expected["error"].as_str()) {
            (Ok(roster), None) => {
                assert_eq!(roster.source.id(), expected["source"], "{name}");
                assert_people(name, &expected["users"], &roster.people);
                let warnings: Vec<String> = roster.warnings.iter().map(brief).collect();
                assert_eq!(json!(warnings), expected["warnings"], "{name}");
                assert_eq!(roster.unmatched as u64, expected["unmatched"].as_u64().unwrap_or(0), "{name}");
            }
            (Err(error), Some(kind)) => {
                assert_eq!(error.kind.name(), kind, "{name}: {error}");
                assert!(error.next_step.is_some(), "{name}: {error}");
                for text in expected["says"].as_array().unwrap() {
                    assert!(error.to_string().contains(text.as_str().unwrap()), "{name}: {error}");
                }
            }
            (result, wanted) => panic!("{name}: {wanted:?} is expected, but {result:?}"),
        }
    }
    assert!(cases.len() >= 31, "only {} cases", cases.len());
}

#[test]
fn every_sample_gives_its_reading() {
    let Some(root) = std::env::var_os("OTPFERRY_SAMPLES").map(PathBuf::from) else {
        println!("skipped: OTPFERRY_SAMPLES is not set");
        return;
    };
    let cases = cases(&root.join("roster"));
    for (name, bytes, expected) in &cases {
        let roster = with_defaults(bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(roster.source.id(), expected["source"], "{name}");
        assert_people(name, &expected["users"], &roster.people);
        // The readings say nothing about formulas.
        let items = roster.warnings.iter().filter(|item| item.code != "formula");
        let texts: Vec<String> = items
            .map(|item| match item.account.as_str() {
                "" => item.message.clone(),
                account => format!("{account}: {}", item.message),
            })
            .collect();
        assert_eq!(json!(texts), expected["warnings"], "{name}");
    }
    assert!(cases.len() >= 6, "only {} samples", cases.len());
}

/// A list that was cut off anywhere is read as far as it goes, or refused.
#[test]
fn a_cut_list_gives_no_other_people() {
    let is_guessed = |roster: &Roster| roster.warnings.iter().any(|item| item.code == "encoding-guessed");
    for (name, bytes, expected) in cases(Path::new(FIXTURES)) {
        let options = options(&expected);
        let Ok(whole) = read(&bytes, &options, &Limits::default()) else { continue };
        for end in 0..bytes.len() {
            let Ok(roster) = read(&bytes[..end], &options, &Limits::default()) else { continue };
            // Inside a character, what is left is no UTF-8 any more, and that is told.
            if is_guessed(&roster) && !is_guessed(&whole) {
                continue;
            }
            let complete = roster.people.len().saturating_sub(1);
            assert_eq!(roster.people[..complete], whole.people[..complete], "{name} cut at {end}");
        }
    }
}

/// Bytes at random, and lists with bytes that were changed at random.
#[test]
fn no_bytes_do_harm() {
    let mut random = Random(0x2545_F491_4F6C_DD1D);
    let letters: Vec<u8> = b"upn,;\t|\"\r\n\n  =?*#TYPEsep=id\xEF\xBB\xBF\xFF\xFE\0\xC3\xA9".to_vec();
    for _ in 0..20_000 {
        let length = usize::from(random.byte());
        let bytes: Vec<u8> =
            (0..length).map(|_| letters[usize::from(random.byte()) % letters.len()]).collect();
        let _ = with_defaults(&bytes);
        let _ = with_defaults(&[b"upn;id\n", bytes.as_slice()].concat());
    }
    for (_, bytes, expected) in cases(Path::new(FIXTURES)) {
        let options = options(&expected);
        for _ in 0..200 {
            let mut changed = bytes.clone();
            for _ in 0..4 {
                let at = usize::from(u16::from_be_bytes([random.byte(), random.byte()]));
                let length = changed.len().max(1);
                if let Some(byte) = changed.get_mut(at % length) {
                    *byte = random.byte();
                }
            }
            let _ = read(&changed, &options, &Limits::default());
        }
    }
}

/// What is said about a list holds nothing of its rows but the accounts.
#[test]
fn nothing_is_told_of_a_row_but_its_account() {
    let told = |result: &Result<Roster, Error>| match result {
        Ok(roster) => format!("{:?}", roster.warnings),
        Err(error) => format!("{error} {:?}", error.next_step),
    };
    for header in [
        "upn,displayName,mail,enabled,id,userType",
        "userPrincipalName,displayName,mail,accountEnabled,id,userType",
        "a,b,c,d,e,f",
    ] {
        for row in [
            "who,=hidden,=hidden@,hidden,hidden,Guest",
            "who,hidden,hidden,False,,hidden,hidden",
            ",hidden,hidden,hidden,hidden,hidden",
            "who,hidden,\"hidden",
            "who,hidden\n who,hidden,hidden,hidden,hidden",
        ] {
            let told = told(&with_defaults(format!("{header}\n{row}").as_bytes()));
            assert!(!told.contains("hidden"), "{told}");
        }
    }
    let told = told(&with_defaults(b"maria@fjord.example,hunter2=hidden\n"));
    assert!(!told.contains("maria") && !told.contains("hidden"), "{told}");
}

#[test]
fn people_are_limited() {
    let limits = Limits { accounts: 2, ..Limits::default() };
    let people = |text: &str| {
        read(text.as_bytes(), &Options::default(), &limits)
            .map(|roster| roster.people.len())
            .map_err(|error| error.kind.name())
    };
    assert_eq!(people("upn\na\nb\n"), Ok(2));
    assert_eq!(people("upn\na\nb\nc\n"), Err("limit"));
    // Rows without an account are told of, and count.
    assert_eq!(people("upn;x\n;1\n;2\n;3\n"), Err("limit"));
    assert_eq!(people(&format!("upn\na{}\n", ",".repeat(1000))), Err("limit"));
}

#[test]
fn a_large_list_keeps_its_lines() {
    const PEOPLE: usize = 20_000;
    let mut list = String::from("userPrincipalName,displayName,id,userType,accountEnabled\r\n");
    for number in 0..PEOPLE {
        list += &format!("p.{number}@fjord.example,\"Nord,\r\nPér {number}\",{number:x},Member,True\r\n");
    }
    let roster = with_defaults(list.as_bytes()).unwrap();
    assert_eq!((roster.people.len(), roster.people[PEOPLE - 1].line), (PEOPLE, 2 * PEOPLE));
}
