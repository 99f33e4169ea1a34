//! What a format needs of the world: passwords, random bytes, the time, limits.

use jiff::Timestamp;

use crate::error::{Error, ErrorKind};
use crate::format::Info;
use crate::model::SecretText;
use crate::open::table::TableOptions;

/// Bounds on what untrusted bytes may make us do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of one input.
    pub bytes: u64,
    /// Most entries of one file.
    pub accounts: u64,
    /// Most bytes of memory that a key derivation may take.
    pub kdf_memory: u64,
    /// Most steps of a key derivation: PBKDF2 iterations, or N * r * p of scrypt.
    pub kdf_work: u64,
    /// Most pixels of a picture.
    pub pixels: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 256 << 20,
            accounts: 100_000,
            // Ente's strongest setting takes 1 GiB; twice that still fits most machines.
            kdf_memory: 2 << 30,
            kdf_work: 50_000_000,
            pixels: 200_000_000,
        }
    }
}

impl Limits {
    /// Fails when a file announces more entries than allowed.
    pub fn check_accounts(&self, count: usize) -> Result<(), Error> {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        if count <= self.accounts {
            return Ok(());
        }
        Err(Error::limit(
            format!("the file has {count} entries, over the limit of {}", self.accounts),
            "accounts",
        ))
    }
}

/// A request for a password.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// Title of the format: `Aegis`.
    pub title: &'static str,
    /// How many passwords were tried on this file before.
    pub attempt: usize,
}

/// Where passwords for reading come from.
pub trait Passwords {
    /// The next candidate, or `None` when there is no further one.
    fn next(&mut self, ask: Ask) -> Option<SecretText>;
}

/// No password at all: encrypted files answer [`ErrorKind::PasswordNeeded`].
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPasswords;

impl Passwords for NoPasswords {
    fn next(&mut self, _: Ask) -> Option<SecretText> {
        None
    }
}

/// A fixed list of passwords, tried in order on every file.
impl Passwords for &[SecretText] {
    fn next(&mut self, ask: Ask) -> Option<SecretText> {
        self.get(ask.attempt).cloned()
    }
}

/// Finds QR codes in the bytes of a picture and gives their texts.
pub type ReadCodes<'a> = dyn Fn(&[u8]) -> Vec<String> + 'a;

/// The world as a format sees it. The caller brings it, so that output is byte-stable in tests and
/// library users keep control.
pub struct Ctx<'a> {
    /// Passwords for reading.
    pub passwords: &'a mut dyn Passwords,
    /// Password for an encrypted output; `None` writes it plain.
    pub new_password: Option<&'a SecretText>,
    /// Fills a buffer with random bytes.
    pub random: &'a mut dyn FnMut(&mut [u8]) -> Result<(), Error>,
    /// The current time, for files that state when they were made.
    pub now: Timestamp,
    /// Bounds on the input.
    pub limits: &'a Limits,
    /// Most accounts in one QR code, for targets that put several into one.
    pub per_qr: usize,
    /// Finds QR codes in a picture and gives their texts, for pages with pictures in them; `None` leaves
    /// the pictures unread.
    pub read_codes: Option<&'a ReadCodes<'a>>,
    /// What the user says about a table whose columns cannot be guessed.
    pub table: &'a TableOptions,
}

impl Ctx<'_> {
    /// Tries passwords until one opens the file.
    ///
    /// `open` answers `Ok(None)` for a wrong password; an error ends the search.
    pub fn unlock<T>(
        &mut self,
        info: &Info,
        mut open: impl FnMut(&SecretText, &Limits) -> Result<Option<T>, Error>,
    ) -> Result<T, Error> {
        let mut attempt = 0_usize;
        while let Some(password) = self.passwords.next(Ask { title: info.title, attempt }) {
            if let Some(opened) = open(&password, self.limits)? {
                return Ok(opened);
            }
            attempt = attempt.saturating_add(1);
        }
        Err(not_unlocked(attempt))
    }

    /// Random bytes for salts, nonces and ids.
    pub fn random<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let mut bytes = [0; N];
        (self.random)(&mut bytes)?;
        Ok(bytes)
    }

    /// A random UUID (version 4), lower case.
    pub fn uuid(&mut self) -> Result<String, Error> {
        let mut bytes: [u8; 16] = self.random()?;
        // RFC 9562: version 4 in octet 6, variant 10 in octet 8.
        let [_, _, _, _, _, _, version, _, variant, ..] = &mut bytes;
        *version = (*version & 0x0f) | 0x40;
        *variant = (*variant & 0x3f) | 0x80;
        let hex = data_encoding::HEXLOWER.encode(&bytes);
        let mut out = String::with_capacity(36);
        for (at, digit) in hex.chars().enumerate() {
            if [8, 12, 16, 20].contains(&at) {
                out.push('-');
            }
            out.push(digit);
        }
        Ok(out)
    }
}

fn not_unlocked(attempts: usize) -> Error {
    let message = match attempts {
        0 => {
            return Error::new(ErrorKind::PasswordNeeded, "the file is encrypted and no password was given")
                .next_step("Run it in a terminal to be asked, or give --password-file FILE");
        }
        1 => "the password does not open the file",
        _ => "none of the passwords opens the file",
    };
    Error::new(ErrorKind::WrongPassword, message)
        .next_step("Use the password that was set for this export; it may differ from the app's own PIN")
}
