use otpferry_formats::model::{Algorithm, Digits, Otp, Period, Secret, Vault};
use otpferry_formats::{Confidence, Info, Part, Probe, Writing, registry};

use super::*;

fn account(name: &str, byte: u8, digits: Digits) -> Account {
    let otp = Otp::Totp {
        secret: Secret::new(vec![byte; 20]).unwrap(),
        algorithm: Algorithm::Sha1,
        digits,
        period: Period::THIRTY,
    };
    Account::new(Credential::Otp(otp), "Acme", name)
}

/// A format whose reader answers with fixed accounts, whatever was written.
struct Liar(Vec<Account>);

impl Format for Liar {
    fn info(&self) -> &'static Info {
        registry::by_name("otpferry").unwrap().info()
    }

    fn detect(&self, _: &Probe<'_>) -> Confidence {
        Confidence::No
    }

    fn decode(&self, _: &Input<'_>, _: &mut Ctx<'_>) -> Result<Vault, Error> {
        Ok(Vault { accounts: self.0.clone(), ..Vault::default() })
    }

    fn encode(&self, _: &Writing, _: &Vault, _: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        Ok(Vec::new())
    }
}

fn outcome(wanted: &[Account], read: &[Account]) -> Result<Proved, Failure> {
    prove(&Liar(read.to_vec()), wanted, b"", None, &Limits::default(), &TokenOptions::default())
}

#[test]
fn equal_accounts_are_proved() {
    let accounts = [account("a", 1, Digits::SIX), account("b", 2, Digits::EIGHT)];
    let proved = outcome(&accounts, &accounts).unwrap();
    assert_eq!(proved.verified, Verified { accounts: 2, times: 24 });
    assert!(proved.differing.iter().all(BTreeSet::is_empty));
}

#[test]
fn a_writer_that_changes_codes_is_caught() {
    let wanted = [account("a", 1, Digits::SIX), account("b", 2, Digits::SIX)];
    for read in [
        vec![account("a", 1, Digits::SIX)],
        vec![account("a", 1, Digits::SIX), account("b", 3, Digits::SIX)],
        vec![account("a", 1, Digits::SIX), account("b", 2, Digits::EIGHT)],
        vec![account("b", 2, Digits::SIX), account("a", 1, Digits::SIX)],
        vec![],
    ] {
        let failure = outcome(&wanted, &read).unwrap_err();
        assert_eq!(failure.exit, Exit::CodesDiffer);
    }
}

#[test]
fn other_fields_that_differ_are_named() {
    let mut changed = account("a", 1, Digits::SIX);
    changed.note = "x".to_owned();
    changed.issuer = "Other".to_owned();
    let proved = outcome(&[account("a", 1, Digits::SIX)], &[changed]).unwrap();
    assert_eq!(proved.differing, [BTreeSet::from([Field::Issuer, Field::Note])]);
}
