//! What new accounts are like, and where their secrets and serial numbers come from.

use std::collections::HashSet;

use otpferry_formats::model::{Account, Algorithm, Credential, Device, Digits, Otp, Period, Secret};
use otpferry_formats::targets::{self, Platform, Target, Verdict};

use crate::cli::{BlueprintArgs, Hash, TokenKind};
use crate::failure::{Exit, Failure};
use crate::random;

/// The parameters of every new account.
#[derive(Clone, Debug)]
pub(super) struct Blueprint {
    kind: TokenKind,
    algorithm: Algorithm,
    digits: Digits,
    period: Period,
    bytes: usize,
    prefix: String,
    manufacturer: String,
    model: String,
}

impl Blueprint {
    /// # Errors
    /// [`Exit::Usage`] when a serial number could not begin so, or a name would not survive a table.
    pub(super) fn of(args: &BlueprintArgs) -> Result<Self, Failure> {
        let algorithm = match args.algorithm {
            Hash::Sha1 => Algorithm::Sha1,
            Hash::Sha256 => Algorithm::Sha256,
            Hash::Sha512 => Algorithm::Sha512,
        };
        let out_of_range = || Failure::new(Exit::Usage, "there are no such codes");
        let digits = Digits::new(args.digits.into()).ok_or_else(out_of_range)?;
        let period = Period::new(args.period.into()).ok_or_else(out_of_range)?;
        let prefix = args.serial_prefix.to_ascii_uppercase();
        let is_serial = prefix.len() == 4
            && prefix.starts_with(|first: char| first.is_ascii_uppercase())
            && prefix.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_serial {
            // A letter first keeps spreadsheets from taking the number for one; LinOTP insists on four.
            return Err(Failure::new(
                Exit::Usage,
                "--serial-prefix takes four letters or digits, a letter first",
            ));
        }
        let model = args.model.clone().unwrap_or_else(|| match args.kind {
            TokenKind::Totp => format!("TOTP-{algorithm}-{}-{}", args.digits, args.period),
            TokenKind::Hotp => format!("HOTP-{algorithm}-{}", args.digits),
        });
        for (option, name) in [("--manufacturer", &args.manufacturer), ("--model", &model)] {
            let is_plain = |c: char| c != ',' && c != '"' && c != '\'' && !c.is_control();
            if name.trim().is_empty() || !name.chars().all(is_plain) {
                let message = format!("{option} takes a name without commas and quotes");
                return Err(Failure::new(Exit::Usage, message));
            }
        }
        // As long as what the hash gives (RFC 6238, section 5.1).
        let natural = match args.algorithm {
            Hash::Sha1 => 20,
            Hash::Sha256 => 32,
            Hash::Sha512 => 64,
        };
        Ok(Self {
            kind: args.kind,
            algorithm,
            digits,
            period,
            bytes: args.secret_bytes.map_or(natural, usize::from),
            prefix,
            manufacturer: args.manufacturer.clone(),
            model,
        })
    }

    /// An account with that secret.
    fn otp(&self, secret: Secret) -> Otp {
        let (algorithm, digits) = (self.algorithm, self.digits);
        match self.kind {
            TokenKind::Totp => Otp::Totp { secret, algorithm, digits, period: self.period },
            TokenKind::Hotp => Otp::Hotp { secret, algorithm, digits, counter: 0 },
        }
    }

    fn device(&self, serial: String) -> Device {
        Device { serial, manufacturer: self.manufacturer.clone(), model: self.model.clone() }
    }

    /// Something like a new account that is none: for asking what a server would make of it.
    pub(super) fn sample(&self, number: usize) -> Option<(Otp, Device)> {
        let secret = Secret::new(vec![0x5a; self.bytes])?;
        Some((self.otp(secret), self.device(format!("{}{number:08X}", self.prefix))))
    }

    /// Whether an account has these parameters, but for a counter that has moved on.
    pub(super) fn is_like(&self, otp: &Otp) -> bool {
        let same_step = match self.kind {
            TokenKind::Totp => otp.period() == Some(self.period.get()),
            TokenKind::Hotp => otp.counter().is_some(),
        };
        same_step
            && otp.algorithm() == self.algorithm
            && otp.digits() == self.digits.get()
            && otp.secret().expose().len() == self.bytes
    }

    /// The phone apps that would show wrong codes for it, or take none; `None` when all show the right ones.
    pub(super) fn warning(&self) -> Option<String> {
        let (otp, _) = self.sample(0)?;
        let sample = Account::new(Credential::Otp(otp), "Example", "alice");
        let on_phone = |target: &&Target| {
            target.platforms.iter().any(|platform| matches!(platform, Platform::Android | Platform::Ios))
        };
        let fails = |target: &&Target| matches!(target.judge(&sample).verdict, Verdict::CannotHold { .. });
        let apps: Vec<String> =
            targets::all().iter().filter(on_phone).filter(fails).map(Target::full_title).collect();
        let list = apps.join(", ");
        (!apps.is_empty()).then(|| format!("these apps show wrong codes for such accounts, or none: {list}"))
    }
}

/// Makes secrets and serial numbers.
pub(super) struct Mint<'b> {
    blueprint: &'b Blueprint,
    /// A number is never used again, also not one of a replaced account.
    serials: HashSet<String>,
}

impl<'b> Mint<'b> {
    pub(super) fn new<'s>(blueprint: &'b Blueprint, taken: impl IntoIterator<Item = &'s str>) -> Self {
        Self { blueprint, serials: taken.into_iter().map(str::to_ascii_uppercase).collect() }
    }

    /// A secret that nobody has, and a number that no token has.
    ///
    /// # Errors
    /// [`Exit::Internal`] when the operating system gives no random numbers: there is no other source.
    pub(super) fn coin(&mut self) -> Result<(Otp, Device), Failure> {
        let mut bytes = vec![0; self.blueprint.bytes];
        random::fill(&mut bytes)?;
        let no_secret = || Failure::new(Exit::Internal, "the system gives no random numbers");
        if bytes.iter().all(|byte| *byte == 0) {
            return Err(no_secret());
        }
        let secret = Secret::new(bytes).ok_or_else(no_secret)?;
        Ok((self.blueprint.otp(secret), self.blueprint.device(self.serial()?)))
    }

    /// A random number tells nobody how many there are.
    fn serial(&mut self) -> Result<String, Failure> {
        loop {
            let mut number = [0; 4];
            random::fill(&mut number)?;
            let serial = format!("{}{:08X}", self.blueprint.prefix, u32::from_be_bytes(number));
            if self.serials.insert(serial.clone()) {
                return Ok(serial);
            }
        }
    }
}
