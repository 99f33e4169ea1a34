//! The check after writing: what was written is read again, and shows the same codes.

use std::collections::BTreeSet;

use jiff::Timestamp;
use otpferry_formats::model::{Account, Credential, SecretText};
use otpferry_formats::otp::proof::{self, Proof};
use otpferry_formats::{Ctx, Error, ErrorKind, Field, Format, Input, Limits, TableOptions, TokenOptions};
use rayon::prelude::*;

use crate::failure::{Exit, Failure};
use crate::report::Verified;

/// What reading again has shown.
#[derive(Debug, Default)]
pub struct Proved {
    /// How much was compared.
    pub verified: Verified,
    /// For each account, the fields that came back different.
    pub differing: Vec<BTreeSet<Field>>,
    /// Accounts without a known PIN: secret and parameters were compared, not codes.
    pub without_pin: Vec<usize>,
}

/// Reads `bytes` as `format` and compares every account with the one that was to be written; `tokens` is what the
/// bytes do not say.
///
/// # Errors
/// [`Exit::CodesDiffer`] when an account is missing, added, or shows other codes.
pub fn prove(
    format: &dyn Format,
    wanted: &[Account],
    bytes: &[u8],
    password: Option<&SecretText>,
    limits: &Limits,
    tokens: &TokenOptions,
) -> Result<Proved, Failure> {
    let read = read_again(format, bytes, password, limits, tokens).map_err(|error| {
        Failure::new(Exit::CodesDiffer, format!("what was written cannot be read again: {error}"))
            .next_step(BUG)
    })?;
    if read.len() != wanted.len() {
        let message = format!("{} accounts were to be written, and {} came back", wanted.len(), read.len());
        return Err(Failure::new(Exit::CodesDiffer, message).next_step(BUG));
    }
    let compared: Vec<_> = wanted.par_iter().zip(&read).map(|(wanted, read)| compare(wanted, read)).collect();
    let mut proved = Proved::default();
    for (index, (account, outcome)) in wanted.iter().zip(compared).enumerate() {
        let outcome = outcome.map_err(|proof::Differs| differs(account))?;
        proved.add(index, outcome);
    }
    Ok(proved)
}

const BUG: &str =
    "Nothing was left behind. This is a bug in otpferry: please report the formats, without your file";

fn differs(account: &Account) -> Failure {
    let message = format!("the written file would show other codes for {}", crate::show::name_of(account));
    Failure::new(Exit::CodesDiffer, message).next_step(BUG)
}

struct Comparison {
    differing: BTreeSet<Field>,
    proof: Option<Proof>,
}

fn compare(wanted: &Account, read: &Account) -> Result<Comparison, proof::Differs> {
    let proof = match (&wanted.credential, &read.credential) {
        (Credential::Otp(a), Credential::Otp(b)) => Some(proof::same(a, b)?),
        (Credential::NameOnly { .. }, Credential::NameOnly { .. }) => None,
        _ => return Err(proof::Differs),
    };
    let differing = Field::ALL.into_iter().filter(|field| !field.same(wanted, read)).collect();
    Ok(Comparison { differing, proof })
}

impl Proved {
    fn add(&mut self, index: usize, comparison: Comparison) {
        self.differing.push(comparison.differing);
        match comparison.proof {
            Some(Proof::Codes(times)) => {
                self.verified.times = match self.verified.accounts {
                    0 => times,
                    _ => self.verified.times.min(times),
                };
                self.verified.accounts += 1;
            }
            Some(Proof::Parameters) => self.without_pin.push(index),
            None => {}
        }
    }

    /// Adds what was proved of the accounts that follow.
    pub(crate) fn append(&mut self, other: Self) {
        let before = self.differing.len();
        self.without_pin.extend(other.without_pin.iter().map(|index| before + index));
        self.differing.extend(other.differing);
        self.verified = Verified::sum([self.verified, other.verified]);
    }
}

pub(crate) fn read_again(
    format: &dyn Format,
    bytes: &[u8],
    password: Option<&SecretText>,
    limits: &Limits,
    tokens: &TokenOptions,
) -> Result<Vec<Account>, Error> {
    let passwords: Vec<SecretText> = password.cloned().into_iter().collect();
    let mut passwords = passwords.as_slice();
    let mut no_random = |_: &mut [u8]| Err(Error::new(ErrorKind::Internal, "reading needs no random bytes"));
    // Several inputs within their limits may together exceed those of one.
    let limits = Limits { accounts: u64::MAX, bytes: u64::MAX, ..limits.clone() };
    let mut ctx = Ctx {
        passwords: &mut passwords,
        key_files: &[],
        new_password: None,
        random: &mut no_random,
        now: Timestamp::now(),
        limits: &limits,
        per_qr: 10,
        read_codes: None,
        table: &TableOptions::default(),
        tokens,
    };
    let vault = format.decode(&Input::new(bytes), &mut ctx)?;
    if vault.skipped.is_empty() {
        Ok(vault.accounts)
    } else {
        Err(Error::new(ErrorKind::Internal, format!("{} accounts are refused", vault.skipped.len())))
    }
}

#[cfg(test)]
#[path = "proof_tests.rs"]
mod tests;
