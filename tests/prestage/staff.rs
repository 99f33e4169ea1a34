//! A staff that accounts are made for, in a folder of its own, and readings of what was made that do not use the
//! program's own readers.

#![allow(dead_code, reason = "each test program uses a part of it")]

use std::collections::BTreeMap;
use std::io::Read as _;

use age::secrecy::ExposeSecret;
use age::x25519::Identity;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;

use crate::support::{Run, Sandbox, list};

pub(crate) struct Staff {
    pub(crate) sandbox: Sandbox,
    pub(crate) key: Identity,
}

impl Staff {
    pub(crate) fn new() -> Self {
        let (sandbox, key) = (Sandbox::new(), Identity::generate());
        sandbox.put("key", format!("{}\n", key.to_string().expose_secret()));
        Self { sandbox, key }
    }

    /// The command line, as far as all runs have it.
    pub(crate) fn arguments(&self, issuer: &str, folder: &str, more: &[&str]) -> Vec<String> {
        let recipient = self.key.to_public().to_string();
        let args = [
            "prestage",
            "roster.csv",
            "--issuer",
            issuer,
            "-o",
            folder,
            "--ledger",
            "ledger.age",
            "-i",
            "key",
            "-r",
        ];
        let all = args.iter().copied().chain([recipient.as_str()]).chain(more.iter().copied());
        all.map(str::to_owned).collect()
    }

    pub(crate) fn run_as(&self, issuer: &str, folder: &str, more: &[&str]) -> Run {
        let args = self.arguments(issuer, folder, more);
        self.sandbox.run(&args.iter().map(String::as_str).collect::<Vec<_>>())
    }

    pub(crate) fn run(&self, folder: &str, more: &[&str]) -> Run {
        self.run_as("Acme", folder, more)
    }

    /// Stages, and gives the report.
    #[track_caller]
    pub(crate) fn stage(&self, folder: &str, more: &[&str], exit: i32) -> Value {
        let more: Vec<&str> = more.iter().copied().chain(["--json"]).collect();
        self.run(folder, &more).exits(exit).json()
    }

    pub(crate) fn text(&self, name: &str) -> String {
        String::from_utf8(self.sandbox.bytes(name)).unwrap()
    }

    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        list(&self.sandbox.path(folder))
    }

    /// The lines of the ledger after the first.
    pub(crate) fn ledger(&self) -> Vec<Value> {
        self.lines().split_off(1)
    }

    /// The runs that the ledger knows of.
    pub(crate) fn runs(&self) -> Vec<Value> {
        self.lines()[0]["runs"].as_array().unwrap().clone()
    }

    /// All lines, opened with the age library.
    fn lines(&self) -> Vec<Value> {
        let sealed = self.sandbox.bytes("ledger.age");
        let decryptor = age::Decryptor::new(sealed.as_slice()).unwrap();
        let mut text = String::new();
        decryptor
            .decrypt(std::iter::once(&self.key as &dyn age::Identity))
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Login name to secret of the live accounts.
    pub(crate) fn secrets(&self) -> BTreeMap<String, String> {
        let is_live = |entry: &Value| !["replaced", "withdrawn"].contains(&entry["state"].as_str().unwrap());
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let live = self.ledger().into_iter().filter(is_live);
        live.map(|entry| (text(&entry["account"]), text(&entry["secret"]))).collect()
    }
}

/// The six digits of RFC 6238 with SHA-1 and 30 seconds.
pub(crate) fn totp(base32: &str, time: u64) -> String {
    let key = data_encoding::BASE32_NOPAD.decode(base32.as_bytes()).unwrap();
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(&key).unwrap();
    mac.update(&(time / 30).to_be_bytes());
    let tag = mac.finalize().into_bytes();
    let at = usize::from(tag[19] & 15);
    let word = u32::from_be_bytes(tag[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", word % 1_000_000)
}

/// A line of a roster as Entra ID exports it.
pub(crate) fn row(name: &str, id: char, department: &str) -> String {
    let id = "00000000-0000-4000-8000-000000000000".replace('0', &id.to_string());
    format!("{name}@acme.example,{name},{id},True,Member,{department}\r\n")
}

/// Such a roster.
pub(crate) fn roster(rows: &[String]) -> String {
    format!("userPrincipalName,displayName,id,accountEnabled,userType,department\r\n{}", rows.concat())
}

/// Login name to outcome, as the report has it.
pub(crate) fn outcomes(report: &Value) -> BTreeMap<String, String> {
    let rows = report["people"].as_array().unwrap().iter();
    rows.map(|row| (row["account"].as_str().unwrap().to_owned(), row["outcome"].as_str().unwrap().to_owned()))
        .collect()
}
