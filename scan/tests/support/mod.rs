//! The generated pictures and what they must give.

#![allow(dead_code, reason = "each test file uses some of it")]
#![allow(clippy::unwrap_used, reason = "a broken fixture fails the test")]

use std::path::{Path, PathBuf};

use otpferry_scan::{Code, Effort, Error, Options, Scan, sniff};

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/pictures")
}

pub(crate) fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).unwrap()
}

pub(crate) fn read(name: &str) -> Result<Scan, Error> {
    otpferry_scan::scan(&fixture(name), &Options::default())
}

/// A picture with its payloads and how many of them must be found.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) payloads: Vec<Vec<u8>>,
    pub(crate) least: usize,
}

impl Case {
    /// Of a kind that is read with a feature.
    pub(crate) fn is_optional(&self) -> bool {
        [".heic", ".pdf"].iter().any(|end| self.name.ends_with(end))
    }
}

pub(crate) fn case(name: &str) -> Case {
    let note: serde_json::Value = serde_json::from_slice(&fixture(&format!("{name}.expected.json"))).unwrap();
    let latin = note["encoding"] == "latin-1";
    let payloads = note["payloads"].as_array().unwrap().iter();
    Case {
        name: name.to_owned(),
        payloads: payloads.map(|payload| bytes_of(payload.as_str().unwrap(), latin)).collect(),
        least: note["min"].as_u64().unwrap() as usize,
    }
}

fn bytes_of(text: &str, latin: bool) -> Vec<u8> {
    if latin { text.chars().map(|c| u8::try_from(c).unwrap()).collect() } else { text.as_bytes().to_vec() }
}

pub(crate) fn cases() -> Vec<Case> {
    let names = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name());
    let names = names.map(|name| name.into_string().unwrap());
    names.filter(|name| !name.ends_with(".expected.json")).map(|name| case(&name)).collect()
}

pub(crate) fn payloads<'a>(codes: impl IntoIterator<Item = &'a Code>) -> Vec<Vec<u8>> {
    codes.into_iter().map(|code| code.payload.to_vec()).collect()
}

pub(crate) fn must_not_panic(bytes: &[u8], context: &str) {
    let options = Options { effort: Effort::Fast, ..Options::default() };
    match otpferry_scan::scan(bytes, &options) {
        Ok(_)
        | Err(
            Error::Malformed { .. }
            | Error::Unsupported { .. }
            | Error::Locked
            | Error::TooLarge { .. }
            | Error::UnpacksTooLarge,
        ) => {}
        Err(Error::NotAPicture) => assert!(sniff(bytes).is_none(), "{context}"),
    }
}

/// The file with a few of its bytes changed, whichever the seed says.
pub(crate) fn damaged(whole: &[u8], seed: u64) -> Vec<u8> {
    let mut damaged = whole.to_vec();
    for pair in noise(seed, 12).chunks(3) {
        let at = usize::from(pair[0]) * 256 + usize::from(pair[1]);
        damaged[8 + at % (whole.len() - 8)] = pair[2];
    }
    damaged
}

/// A small generator of reproducible noise (xorshift).
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24) as u8
    };
    (0..length).map(|_| next()).collect()
}
