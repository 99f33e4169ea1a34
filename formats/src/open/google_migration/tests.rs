//! Expected bytes are written down here, field by field.

use super::*;
use crate::ctx::{Limits, NoPasswords};
use crate::model::{Period, merge};
use crate::testing;

const SECRET: &[u8] = b"Hello!\xDE\xAD\xBE\xEF";

fn secret() -> Secret {
    Secret::new(SECRET.to_vec()).unwrap()
}

fn totp(issuer: &str, name: &str) -> Account {
    let otp = Otp::Totp {
        secret: secret(),
        algorithm: Algorithm::Sha1,
        digits: Digits::SIX,
        period: Period::THIRTY,
    };
    Account::new(Credential::Otp(otp), issuer, name)
}

fn hotp(algorithm: Algorithm, digits: Digits, counter: u64) -> Account {
    let otp = Otp::Hotp { secret: secret(), algorithm, digits, counter };
    Account::new(Credential::Otp(otp), "", "bob")
}

/// Writes with a random source that gives this number.
fn write(accounts: Vec<Account>, per_qr: usize, id: i32) -> Vec<String> {
    let mut random = |buffer: &mut [u8]| {
        buffer.copy_from_slice(&id.to_be_bytes());
        Ok(())
    };
    let limits = Limits::default();
    let mut ctx = Ctx {
        passwords: &mut NoPasswords,
        key_files: &[],
        new_password: None,
        random: &mut random,
        now: jiff::Timestamp::UNIX_EPOCH,
        limits: &limits,
        per_qr,
        read_codes: None,
        table: &crate::TableOptions::default(),
        tokens: &crate::TokenOptions::default(),
    };
    let vault = Vault { accounts, ..Vault::default() };
    let parts = testing::form(&GoogleMigration).encode(&vault, &mut ctx).unwrap();
    parts.iter().map(|part| String::from_utf8(part.0.to_vec()).unwrap()).collect()
}

fn read(text: &str) -> Vault {
    let input = Input::new(text.as_bytes());
    testing::with_ctx(&mut NoPasswords, |ctx| GoogleMigration.decode(&input, ctx)).unwrap()
}

fn uri(payload: &[u8]) -> String {
    format!("otpauth-migration://offline?data={}", percent::encode(&BASE64.encode(payload)))
}

/// The bytes in a written link.
fn payload(uri: &str) -> Vec<u8> {
    let data = uri.strip_prefix("otpauth-migration://offline?data=").unwrap();
    BASE64.decode(percent::decode(data).as_bytes()).unwrap()
}

fn concat(pieces: &[&[u8]]) -> Vec<u8> {
    pieces.concat()
}

#[test]
fn a_payload_byte_for_byte() {
    let parts = write(vec![totp("Acme", "alice"), hotp(Algorithm::Sha256, Digits::EIGHT, 5)], 10, 7);
    let wanted = concat(&[
        b"\x0a\x24",
        b"\x0a\x0a",
        SECRET,
        b"\x12\x0aAcme:alice",
        b"\x1a\x04Acme",
        b"\x20\x01\x28\x01\x30\x02",
        b"\x0a\x19",
        b"\x0a\x0a",
        SECRET,
        b"\x12\x03bob",
        b"\x20\x02\x28\x02\x30\x01\x38\x05",
        // Version 1, one part, the first of them: written although it is 0.
        b"\x10\x01\x18\x01\x20\x00\x28\x07",
    ]);
    assert_eq!(payload(&parts[0]), wanted);
    assert_eq!(
        parts,
        [
            "otpauth-migration://offline?data=CiQKCkhlbGxvId6tvu8SCkFjbWU6YWxpY2UaBEFjbWUgASgBMAIKGQoKSGVsbG8h3q2%2B7xIDYm9iIAIoAjABOAUQARgBIAAoBw%3D%3D"
        ]
    );
}

#[test]
fn numbers_of_every_length() {
    let tail = |account: Account, id: i32| {
        let bytes = payload(&write(vec![account], 10, id)[0]);
        let at = bytes.windows(5).position(|window| window == b"\x12\x03bob").unwrap();
        bytes[at + 5..].to_vec()
    };
    let counter = hotp(Algorithm::Sha512, Digits::SIX, u64::MAX >> 1);
    let wanted = concat(&[
        b"\x20\x03\x28\x01\x30\x01",
        b"\x38\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"\x10\x01\x18\x01\x20\x00",
        // A negative 32-bit number takes ten bytes.
        b"\x28\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    ]);
    assert_eq!(tail(counter, -1), wanted);
    // The counter 0 is written as well.
    let zero = hotp(Algorithm::Sha1, Digits::SIX, 0);
    let wanted = b"\x20\x01\x28\x01\x30\x01\x38\x00\x10\x01\x18\x01\x20\x00\x28\xff\xff\xff\xff\x07";
    assert_eq!(tail(zero, i32::MAX), wanted);
}

#[test]
fn accounts_are_split_over_codes() {
    let accounts: Vec<Account> = (0..23).map(|at| totp("Acme", &format!("user {at}"))).collect();
    for (per_qr, sizes) in [
        (10, vec![10, 10, 3]),
        (99, vec![10, 10, 3]),
        (4, vec![4, 4, 4, 4, 4, 3]),
        (1, vec![1; 23]),
        (0, vec![1; 23]),
    ] {
        let parts = write(accounts.clone(), per_qr, 7);
        let total = u8::try_from(sizes.len()).unwrap();
        assert_eq!(parts.len(), sizes.len());
        for ((index, part), accounts) in (0..).zip(&parts).zip(&sizes) {
            let tail = [0x10, 1, 0x18, total, 0x20, index, 0x28, 7];
            assert!(payload(part).ends_with(&tail), "part {index} of {total}");
            assert_eq!(read(part).accounts.len(), *accounts);
        }
        let vault = read(&parts.join("\n"));
        let names: Vec<String> = vault.accounts.iter().map(|account| account.name.clone()).collect();
        assert_eq!(names, (0..23).map(|at| format!("user {at}")).collect::<Vec<_>>());
        assert!(merge::missing_parts(&vault.parts).is_empty() && vault.warnings.is_empty());
        let without_second: Vec<String> =
            parts.iter().enumerate().filter(|(at, _)| *at != 1).map(|(_, part)| part.clone()).collect();
        let missing = merge::missing_parts(&read(&without_second.join("\n")).parts);
        let missing: Vec<_> = missing.iter().map(|part| (part.batch, part.index, part.size)).collect();
        assert_eq!(missing, [(7, 1, u32::from(total))]);
    }
}

#[test]
fn long_names_take_more_codes_so_that_each_can_be_scanned() {
    let long = "x".repeat(200);
    let accounts: Vec<Account> = (0..10).map(|at| totp("Acme", &format!("{at}{long}"))).collect();
    let parts = write(accounts, 10, -1);
    assert_eq!(parts.len(), 5);
    assert!(parts.iter().all(|part| part.len() <= MAX_URI));
    let vault = read(&parts.join("\n"));
    let order: String = vault.accounts.iter().map(|account| &account.name[..1]).collect();
    assert_eq!(order, "0123456789");
    // One that fits in no code is still written: a list of links can hold it.
    let parts = write(vec![totp("Acme", &"x".repeat(2000)), totp("Acme", "b")], 10, 1);
    assert_eq!(parts.len(), 2);
}

#[test]
fn refused_without_further_remarks() {
    let mut seven = totp(" Acme ", "a");
    seven.credential = Credential::Otp(Otp::Totp {
        secret: secret(),
        algorithm: Algorithm::Sha1,
        digits: Digits::new(7).unwrap(),
        period: Period::THIRTY,
    });
    let fit = testing::form(&GoogleMigration).fit(&[seven]).remove(0);
    assert_eq!(fit.refused.map(|refusal| refusal.code), Some("unsupported-digits"));
    assert!(fit.changes.is_empty());
    let steam = Account::new(Credential::Otp(Otp::Steam { secret: secret() }), "Steam", "a");
    let fit = testing::form(&GoogleMigration).fit(&[steam]).remove(0);
    assert_eq!(fit.refused.map(|refusal| refusal.code), Some("unsupported-kind"));
}

/// Three accounts, and where a cut leaves a whole message.
fn three() -> (Vec<u8>, Vec<usize>) {
    let accounts = vec![totp("Acme", "alice"), hotp(Algorithm::Sha256, Digits::EIGHT, 5), totp("", "carol")];
    let bytes = payload(&write(accounts, 10, 7)[0]);
    // 2 + 36, 2 + 25 and 2 + 25 bytes of accounts, then four fields of two.
    let ends = vec![38, 65, 92, 94, 96, 98, 100];
    assert_eq!(bytes.len(), 100);
    (bytes, ends)
}

#[test]
fn a_cut_payload_is_never_read_in_part() {
    let (bytes, ends) = three();
    for length in 0..=bytes.len() {
        let read = parse(&uri(&bytes[..length]));
        assert_eq!(read.is_ok(), ends.contains(&length), "{length} bytes");
        if let Ok(read) = read {
            let complete = [38, 65, 92].iter().filter(|end| **end <= length).count();
            assert_eq!(read.entries.iter().flatten().count(), complete);
        }
    }
}

#[test]
fn every_change_of_one_byte_has_an_answer() {
    let (bytes, _) = three();
    let mut read = 0;
    for at in 0..bytes.len() {
        for value in 0..=u8::MAX {
            let mut changed = bytes.clone();
            changed[at] = value;
            if let Ok(payload) = parse(&uri(&changed)) {
                read += 1;
                assert!(payload.part.index < payload.part.size);
                assert!(payload.entries.iter().flatten().all(|account| account.otp().is_some()));
            }
        }
    }
    // Most changes are of a secret or a name, which cannot be noticed.
    assert!((10_000..bytes.len() * 256).contains(&read), "{read}");
}

#[test]
fn lengths_that_lie() {
    for bytes in [
        // A secret that runs past its account, into the next field of the payload.
        &b"\x0a\x04\x0a\x06AA\x10\x01\x18\x01"[..],
        b"\x0a\x7f\x0a\x02AA",
        b"\x0a\xff\xff\xff\xff\x0f\x0a\x02AA",
        b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x0a\x02AA",
        b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x0a",
        b"",
        b"\x10\x01\x18\x01",
        b"\x00\x00",
        b"\x0a\x06\x0a\x02AA\x00\x00",
        // Groups were given up before this message existed.
        b"\x0b\x0c",
    ] {
        assert!(matches!(parse(&uri(bytes)), Err(Failure::Unreadable(_))), "{bytes:x?}");
    }
    let longest = "A".repeat(MAX_PAYLOAD + 1);
    let read = parse(&format!("otpauth-migration://offline?data={longest}"));
    assert!(matches!(read, Err(Failure::Unreadable(_))));
}

#[test]
fn fields_of_later_versions_are_passed_over() {
    let entry =
        concat(&[b"\x0a\x0a", SECRET, b"\x12\x01a", b"\x4a\x02xx\x58\x05\x65AAAA\x69AAAAAAAA\x30\x02"]);
    let length = u8::try_from(entry.len()).unwrap();
    let bytes = concat(&[b"\x30\x01", &[0x0a, length], &entry, b"\x3a\x01x\x10\x02"]);
    let read = parse(&uri(&bytes)).unwrap();
    let account = read.entries.into_iter().next().unwrap().unwrap();
    assert_eq!(account, {
        let mut wanted = totp("", "a");
        wanted.origin = account.origin.clone();
        wanted
    });
}

#[test]
fn the_unique_id_of_version_2_is_kept() {
    let bytes = concat(&[b"\x0a\x12\x0a\x0a", SECRET, b"\x42\x04ab12\x10\x02"]);
    let account = parse(&uri(&bytes)).unwrap().entries.remove(0).unwrap();
    assert_eq!(account.extra[ID], serde_json::json!({ "unique_id": "ab12" }));
    // No algorithm, digits or type: what the app means by that.
    assert_eq!(account.otp(), totp("", "").otp());
}

/// Readers stop at a hundred parts: more would come back as unrelated codes.
#[test]
fn more_codes_than_an_export_has_are_refused() {
    let accounts: Vec<Account> = (0..101).map(|at| totp("Acme", &at.to_string())).collect();
    assert_eq!(write(accounts[..100].to_vec(), 1, 7).len(), 100);
    let vault = Vault { accounts, ..Vault::default() };
    let written = testing::with_ctx(&mut NoPasswords, |ctx| {
        ctx.per_qr = 1;
        testing::form(&GoogleMigration).encode(&vault, ctx)
    });
    let error = written.err().unwrap();
    assert_eq!((error.kind, error.format), (crate::error::ErrorKind::Limit, Some(ID)));
}

#[test]
fn hostile_texts() {
    let fixture = include_bytes!("../../../../fixtures/google-migration/v1.txt");
    let mut state = 0x0123_4567_89AB_CDEF_u64;
    let mut next = |end: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap() % end
    };
    for _ in 0..20_000 {
        let mut bytes = fixture.to_vec();
        for _ in 0..next(3) + 1 {
            let at = next(bytes.len());
            let alphabet = b"%#?&=+/ \0\n,AZ09-_\xFF";
            match next(4) {
                0 => bytes.insert(at, alphabet[next(alphabet.len())]),
                1 => bytes.truncate(at + 1),
                _ => bytes[at] = alphabet[next(alphabet.len())],
            }
        }
        let input = Input::new(&bytes);
        let _ = GoogleMigration.detect(&Probe::new(&bytes, None));
        let _ = testing::with_ctx(&mut NoPasswords, |ctx| GoogleMigration.decode(&input, ctx));
    }
}
