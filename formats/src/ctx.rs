//! What a format needs of the world: passwords, random bytes, the time, limits.

use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::admin::options::TokenOptions;
use crate::error::{Error, ErrorKind};
use crate::format::Info;
use crate::model::SecretText;
use crate::open::table::TableOptions;

/// Values of one entry that any real file has, with room to spare.
const VALUES_PER_ENTRY: u64 = 50;

/// Bounds on what untrusted bytes may make us do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of one input.
    pub bytes: u64,
    /// Most entries of one file.
    pub accounts: u64,
    /// Most bytes of memory that a key derivation may take.
    pub kdf_memory: u64,
    /// Most steps of a key derivation: PBKDF2 iterations, 16 rounds of KeePass, N * r * p of scrypt, or
    /// passes times KiB of Argon2.
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
    /// Fails when a file holds more values than the allowed number of entries could need: in memory each
    /// takes many times its length.
    pub fn check_values(&self, count: usize) -> Result<(), Error> {
        let most = self.accounts.saturating_mul(VALUES_PER_ENTRY);
        if u64::try_from(count).unwrap_or(u64::MAX) <= most {
            return Ok(());
        }
        Err(Error::limit("the file has more values than any real one", "accounts"))
    }

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
    /// Whether the file has no mark of the format: it may be of another app.
    pub guess: bool,
}

/// Where passwords for reading come from.
pub trait Passwords {
    /// The next candidate, or `None` when there is no further one.
    fn next(&mut self, ask: Ask) -> Option<SecretText>;

    /// A candidate is being tried from now on, which may take seconds.
    fn trying(&mut self) {}

    /// It was tried.
    fn tried(&mut self) {}
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

/// A file whose content takes part in the key of a database.
pub struct KeyFile {
    /// As the user named it.
    pub name: String,
    /// The file.
    pub bytes: Zeroizing<Vec<u8>>,
}

/// Finds QR codes in the bytes of a picture and gives their texts.
pub type ReadCodes<'a> = dyn Fn(&[u8]) -> Vec<String> + 'a;

/// The world as a format sees it. The caller brings it, so that output is byte-stable in tests and
/// library users keep control.
pub struct Ctx<'a> {
    /// Passwords for reading.
    pub passwords: &'a mut dyn Passwords,
    /// Key files for reading, of databases that need one.
    pub key_files: &'a [KeyFile],
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
    /// What the user says about tokens whose file does not.
    pub tokens: &'a TokenOptions,
}

impl<'a> Ctx<'a> {
    /// Tries passwords until one opens the file.
    ///
    /// `open` answers `Ok(None)` for a wrong password; an error ends the search.
    pub fn unlock<T>(
        &mut self,
        info: &Info,
        open: impl FnMut(&SecretText, &Limits) -> Result<Option<T>, Error>,
    ) -> Result<T, Error> {
        self.try_passwords(info, false, open)?.map_err(not_unlocked)
    }

    /// The same for a file that has no mark of the format, only a shape that others have too. Whoever
    /// is asked for its password, or gave one in vain, is told so.
    pub fn unlock_unmarked<T>(
        &mut self,
        info: &Info,
        open: impl FnMut(&SecretText, &Limits) -> Result<Option<T>, Error>,
    ) -> Result<T, Error> {
        let tried = self.try_passwords(info, true, open)?;
        tried.map_err(|attempts| without_mark(not_unlocked(attempts), info.title))
    }

    /// What a password opened, or how many did not.
    fn try_passwords<T>(
        &mut self,
        info: &Info,
        guess: bool,
        mut open: impl FnMut(&SecretText, &Limits) -> Result<Option<T>, Error>,
    ) -> Result<Result<T, usize>, Error> {
        let mut attempt = 0_usize;
        while let Some(password) = self.passwords.next(Ask { title: info.title, attempt, guess }) {
            self.passwords.trying();
            let opened = open(&password, self.limits);
            self.passwords.tried();
            if let Some(opened) = opened? {
                return Ok(Ok(opened));
            }
            attempt = attempt.saturating_add(1);
        }
        Ok(Err(attempt))
    }

    /// The new password, for an app that opens only encrypted files.
    ///
    /// # Errors
    /// `PasswordNeeded` when none was given.
    pub fn demanded_password(&self, app: &str) -> Result<&'a SecretText, Error> {
        self.new_password.ok_or_else(|| {
            Error::new(
                ErrorKind::PasswordNeeded,
                format!("{app} opens only encrypted files, and no new password was given"),
            )
            .next_step("Give --new-password-file FILE")
        })
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

/// Adds that the format is a guess, and what to do when it is wrong.
fn without_mark(error: Error, title: &str) -> Error {
    let step = error.next_step.as_deref().unwrap_or_default();
    let step = format!(
        "{step}. If the file is not from {title}, say what it is with -f FORMAT (`otpferry formats` lists them)"
    );
    let message = format!("{}; nothing in it but its shape says that it is from {title}", error.message);
    Error { message, ..error }.next_step(step)
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
