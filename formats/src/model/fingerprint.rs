//! What decides the codes of an account, as a hash: accounts can be found again, and shown to be the same,
//! without their secrets.

use std::fmt;

use sha2::{Digest, Sha256};

use super::account::Account;
use super::otp::Otp;
use super::secret::SecretText;

/// SHA-256 over what decides the codes of an account. Whoever can guess the secret can check the guess with
/// it, so it stays in the process; only one made with [`Fingerprint::salted`] is for other eyes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Over kind, secret and every parameter. Accounts without a secret are all the same.
    pub fn of(account: &Account) -> Self {
        Self::over(account, &[], true)
    }

    /// The same but for the counter of HOTP accounts, which moves with every use.
    pub fn without_counter(account: &Account) -> Self {
        Self::over(account, &[], false)
    }

    /// Over the secret alone; `None` where there is none.
    pub fn of_secret(account: &Account) -> Option<Self> {
        let otp = account.otp()?;
        Some(Self(Sha256::digest(otp.secret().expose()).into()))
    }

    /// One for other eyes: over a salt and all but the counter. It gives the secret away no more than the
    /// salt does: with a salt of 32 random bytes that is forgotten, no guess can be checked, however weak the
    /// secret. `None` where there is no secret.
    pub fn salted(account: &Account, salt: &[u8; 32]) -> Option<Self> {
        account.otp().map(|_| Self::over(account, salt, false))
    }

    fn over(account: &Account, salt: &[u8], with_counter: bool) -> Self {
        let mut hash = Sha256::new();
        hash.update(salt);
        hash.update(account.kind().name());
        if let Some(otp) = account.otp() {
            update(&mut hash, otp, with_counter);
        }
        Self(hash.finalize().into())
    }
}

fn update(hash: &mut Sha256, otp: &Otp, with_counter: bool) {
    let counter = otp.counter().filter(|_| with_counter);
    let parameters = (otp.algorithm().name(), otp.digits(), otp.period(), counter);
    hash.update(format!("{parameters:?}"));
    let pin = otp.pin().map(SecretText::expose);
    for text in [pin.map(str::as_bytes), Some(otp.secret().expose())] {
        hash.update(format!("{:?}", text.map(<[u8]>::len)));
        hash.update(text.unwrap_or_default());
    }
}

/// The first 64 bits, in four groups that people can compare: `3f9a 01bc 77d2 e0a4`.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, pair) in self.0.chunks_exact(2).take(4).enumerate() {
            let space = if at > 0 { " " } else { "" };
            write!(f, "{space}{}", data_encoding::HEXLOWER.encode(pair))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Algorithm, Credential, Digits, Secret};

    fn hotp(byte: u8, digits: Digits, counter: u64) -> Account {
        let secret = Secret::new(vec![byte; 20]).unwrap();
        let otp = Otp::Hotp { secret, algorithm: Algorithm::Sha1, digits, counter };
        Account::new(Credential::Otp(otp), "", "")
    }

    #[test]
    fn each_form_sees_what_it_is_about() {
        let (a, later) = (hotp(1, Digits::SIX, 5), hotp(1, Digits::SIX, 6));
        let (longer, other) = (hotp(1, Digits::EIGHT, 5), hotp(2, Digits::SIX, 5));
        assert_ne!(Fingerprint::of(&a), Fingerprint::of(&later));
        assert_eq!(Fingerprint::without_counter(&a), Fingerprint::without_counter(&later));
        assert_ne!(Fingerprint::without_counter(&a), Fingerprint::without_counter(&longer));
        assert_eq!(Fingerprint::of_secret(&a), Fingerprint::of_secret(&longer));
        assert_ne!(Fingerprint::of_secret(&a), Fingerprint::of_secret(&other));
    }

    #[test]
    fn salted_ones_are_of_their_salt() {
        let a = hotp(1, Digits::SIX, 5);
        let salted = |account: &Account, byte| Fingerprint::salted(account, &[byte; 32]);
        assert_eq!(salted(&a, 1), salted(&hotp(1, Digits::SIX, 9), 1));
        assert_ne!(salted(&a, 1), salted(&a, 2));
        let reason = String::new();
        assert_eq!(salted(&Account::new(Credential::NameOnly { reason }, "", ""), 1), None);
    }

    /// The value is of Python's hashlib, over the salt and the bytes of
    /// `hotp("SHA1", 6, None, None)NoneSome(20)` and the secret.
    #[test]
    fn shown_in_four_groups() {
        let print = Fingerprint::salted(&hotp(1, Digits::SIX, 5), &[7; 32]).unwrap();
        assert_eq!(print.to_string(), "fa49 b834 022f 6acb");
    }
}
