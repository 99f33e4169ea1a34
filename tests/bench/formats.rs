//! Speed of every format against what is asked of it. Prints tables; run with
//! `cargo bench --bench formats`.
//!
//! - A plain fixture is recognised and read within a millisecond.
//! - 10,000 accounts are read from each plain form, and written to it, within 100 ms.
//! - Opening an encrypted form takes at most 1.2 times its bare key derivation.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a measurement that cannot run has nothing to say"
)]

#[path = "../support/cases.rs"]
mod cases;

use std::path::Path;
use std::time::{Duration, Instant};

use data_encoding::BASE32_NOPAD;
use otpferry_formats::model::{Account, SecretText, Vault};
use otpferry_formats::{Encryption, Form, Input, NoPasswords, Probe, TokenOptions, registry, testing};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
const ACCOUNTS: usize = 10_000;

fn main() {
    fixtures();
    many_accounts();
    encrypted();
}

fn best(times: usize, mut work: impl FnMut()) -> f64 {
    let timed = || {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    let best: Duration = std::iter::repeat_with(timed).take(times).min().expect("at least once");
    best.as_secs_f64() * 1000.0
}

fn mark(good: bool) -> &'static str {
    if good { "" } else { "  falls short" }
}

/// The slowest plain fixture of each format.
fn fixtures() {
    println!("recognising and reading a plain fixture, slowest of each format (1 ms)");
    for format in registry::ALL {
        let id = format.info().id;
        let plain = cases::of_format(Path::new(FIXTURES), id)
            .into_iter()
            .filter(|case| case.expected["password"].is_null() && case.expected["error"].is_null());
        let timed = plain.map(|case| {
            let time = best(20, || {
                let format = case.detect().expect("a recognisable file");
                let _ = case.decode(format);
            });
            (time, case.name)
        });
        match timed.max_by(|a, b| a.0.total_cmp(&b.0)) {
            Some((time, name)) => println!("  {time:>8.3} ms  {name}{}", mark(time < 1.0)),
            None => println!("         -     {id}: no plain fixture"),
        }
    }
}

/// Reading and writing many accounts.
fn many_accounts() {
    println!("{ACCOUNTS} accounts in each plain form: written, and recognised and read (100 ms each)");
    let accounts = accounts();
    for form in registry::forms() {
        let writing = form.writing;
        if writing.encryption == Encryption::Always {
            continue;
        }
        let mut kept = fitting(form, &accounts);
        // One export has at most 100 codes of 10 accounts.
        kept.truncate(if form.name() == "google-migration" { 1_000 } else { ACCOUNTS });
        let vault = Vault { accounts: kept, ..Vault::default() };
        let write = || testing::with_ctx(&mut NoPasswords, |ctx| form.encode(&vault, ctx)).expect("a file");
        let file = join(&write());
        let written = best(3, || drop(write()));
        let read = best(3, || {
            let found = match form.format.is_recognisable() {
                true => registry::detect(&Probe::new(&file, Some(writing.file_name))).expect("a format"),
                false => form.format,
            };
            let input = Input::new(&file);
            let said = form.said(&vault.accounts, &TokenOptions::default());
            let read = testing::with_tokens(&mut NoPasswords, &[], &said, |ctx| found.decode(&input, ctx))
                .expect("accounts");
            assert_eq!(read.accounts.len(), vault.accounts.len());
        });
        let id = form.name();
        let good = written < 100.0 && read < 100.0;
        let count = vault.accounts.len();
        println!("  {id:<20}{count:>6}{written:>8.1} ms{read:>8.1} ms{}", mark(good));
    }
}

/// Links with secrets that differ, read as accounts.
fn accounts() -> Vec<Account> {
    let link = |number: usize| {
        let secret = BASE32_NOPAD.encode(format!("canary secret {number:06}").as_bytes());
        format!("otpauth://totp/Service%20{number}:user{number}?secret={secret}&issuer=Service%20{number}\n")
    };
    let text: String = (0..ACCOUNTS).map(link).collect();
    let format = registry::by_name("otpauth").expect("links are a format");
    let input = Input::new(text.as_bytes());
    testing::with_ctx(&mut NoPasswords, |ctx| format.decode(&input, ctx)).expect("links").accounts
}

fn fitting(form: Form, accounts: &[Account]) -> Vec<Account> {
    let fits = form.fit(accounts);
    accounts.iter().zip(fits).filter(|(_, fit)| fit.refused.is_none()).map(|(a, _)| a.clone()).collect()
}

fn join(parts: &[otpferry_formats::Part]) -> Vec<u8> {
    let lines: Vec<&[u8]> = parts.iter().map(|part| part.0.as_slice()).collect();
    lines.join(&b'\n')
}

/// What a format derives its key with.
type Derivation = fn(&[u8]);

/// The derivations of the forms that are written, typed in a second time.
const DERIVATIONS: [(&str, usize, Derivation); 6] = [
    ("2fas", 10, |password| pbkdf2::pbkdf2_hmac::<sha2::Sha256>(password, &[7; 32], 10_000, &mut [0; 32])),
    ("aegis", 5, |password| {
        let parameters = scrypt::Params::new(15, 8, 1).expect("valid parameters");
        scrypt::scrypt(password, &[7; 32], &parameters, &mut [0; 32]).expect("a valid length");
    }),
    ("ente", 1, |password| argon2id(password, 262_144, 16, 1)),
    ("freeotp", 5, |password| pbkdf2::pbkdf2_hmac::<sha2::Sha512>(password, &[7; 32], 100_000, &mut [0; 32])),
    ("proton", 5, |password| argon2id(password, 19_456, 2, 1)),
    ("stratum", 5, |password| argon2id(password, 65_536, 3, 4)),
];

fn argon2id(password: &[u8], memory: u32, passes: u32, lanes: u32) {
    let parameters = argon2::Params::new(memory, passes, lanes, Some(32)).expect("valid parameters");
    let hasher = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, parameters);
    hasher.hash_password_into(password, &[7; 16], &mut [0; 32]).expect("a valid length");
}

/// Opening an encrypted form, against its key derivation alone.
fn encrypted() {
    println!("opening an encrypted form of one account, and its bare key derivation (1.2 times)");
    let password = SecretText::new("canary-bench");
    let one = accounts().into_iter().take(1).collect();
    let vault = Vault { accounts: one, ..Vault::default() };
    for (id, times, derive) in DERIVATIONS {
        let format = registry::by_name(id).expect("a known format");
        let form = testing::form(format);
        let parts = testing::with_new_password(&mut NoPasswords, &password, |ctx| form.encode(&vault, ctx))
            .expect("a file");
        let file = join(&parts);
        let given = [password.clone()];
        let opened = best(times, || {
            let input = Input::new(&file);
            testing::with_ctx(&mut given.as_slice(), |ctx| format.decode(&input, ctx)).expect("an open file");
        });
        let bare = best(times, || derive(password.expose().as_bytes()));
        println!(
            "  {id:<20}{opened:>8.1} ms{bare:>8.1} ms  {:.2} times{}",
            opened / bare,
            mark(opened < bare * 1.2)
        );
    }
}
