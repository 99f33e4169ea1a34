//! The ledger on the disk: locked, encrypted, and never without a whole copy.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use otpferry_formats::ledger::Ledger;
use otpferry_formats::model::SecretText;
use otpferry_formats::{Limits, text};

use super::job::Job;
use crate::cli::ReadOptions;
use crate::envelope::{Keys, Seal};
use crate::failure::{Exit, Failure};
use crate::output;
use crate::password::{self, PasswordBook};

/// Fewest characters of a passphrase: it protects the secrets of everybody.
const SHORTEST: usize = 12;

/// Where the ledger is kept, and how it is encrypted. No other run has it while this one lives.
pub(super) struct Store {
    path: PathBuf,
    seal: Seal,
    /// Held open: the lock goes with it, also when the process is killed.
    _lock: File,
}

/// A ledger as it was found.
pub(super) struct Found {
    pub(super) ledger: Ledger,
    /// The passphrase that opened it, if one did.
    passphrase: Option<SecretText>,
}

/// Opens a ledger; `None` when there is none.
///
/// # Errors
/// As reading any file inside an age file; [`Exit::Malformed`] when it is no ledger.
pub(super) fn find(path: &Path, options: &ReadOptions) -> Result<Option<Found>, Failure> {
    let limits = options.cost.limits();
    let Some(bytes) = read(path, &limits)? else { return Ok(None) };
    let name = path.to_string_lossy();
    let open = || -> Result<Found, Failure> {
        let keys = Keys::load(&options.age_identity, options.age_passphrase_file.as_deref())?;
        let book = PasswordBook::new(options.password_file.as_deref())?;
        let opened = keys.open(&bytes, &mut book.for_file(&name), &limits)?;
        let text = text::encoding::decode(&opened.content).ok_or_else(no_ledger)?;
        Ok(Found { ledger: Ledger::read(&text, &limits)?, passphrase: opened.passphrase })
    };
    open().map(Some).map_err(|failure| failure.in_file(&name))
}

fn no_ledger() -> Failure {
    Failure::new(Exit::Malformed, "this is no ledger")
        .next_step("Name the file that `otpferry prestage` has written")
}

fn read(path: &Path, limits: &Limits) -> Result<Option<Vec<u8>>, Failure> {
    let failed = |error: io::Error| Failure::io(path, "read the ledger", &error);
    let bytes = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
        Ok(metadata) if metadata.len() > limits.bytes => {
            return Err(otpferry_formats::Error::limit("the ledger is too large", "bytes").into());
        }
        Ok(_) => fs::read(path).map_err(failed)?,
    };
    if crate::envelope::is_age(&bytes) {
        return Ok(Some(bytes));
    }
    Err(Failure::new(Exit::Refused, "this is no ledger, which is an age file, and is not replaced")
        .in_file(&path.to_string_lossy())
        .next_step("Give another name with --ledger"))
}

impl Store {
    /// Takes the lock. The ledger is read under it, so that no other run writes in between.
    ///
    /// # Errors
    /// [`Exit::Refused`] when another run has it.
    pub(super) fn lock(path: &Path) -> Result<File, Failure> {
        let lock = beside(path, ".lock");
        let failed = |error: io::Error| Failure::io(&lock, "lock the ledger", &error);
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        let file = owner_only(&mut options).open(&lock).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => {
                Err(Failure::new(Exit::Refused, "another run is working with this ledger")
                    .in_file(&path.to_string_lossy())
                    .next_step("Wait until it is done"))
            }
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// How the ledger will be encrypted: to the keys that are named, else as it was before, else with a passphrase
    /// that is given or asked for.
    ///
    /// # Errors
    /// [`Exit::Usage`] for a passphrase that is too short; [`Exit::PasswordNeeded`].
    pub(super) fn new(job: &Job<'_>, found: Option<&Found>, lock: File) -> Result<Self, Failure> {
        let recipients = &job.args.ledger.age_recipient;
        let seal = match found {
            _ if !recipients.is_empty() => Seal::to_recipients(recipients)?,
            Some(found) if !found.ledger.recipients.is_empty() => {
                Seal::to_recipients(&found.ledger.recipients)?
            }
            Some(Found { passphrase: Some(passphrase), .. }) => Seal::with_passphrase(passphrase),
            _ => Seal::with_passphrase(&new_passphrase(&job.args.read)?),
        };
        Ok(Self { path: job.ledger.clone(), seal, _lock: lock })
    }

    /// Writes the ledger down to the disk. The one before stays beside it; at every moment there is a whole one
    /// under the name.
    ///
    /// # Errors
    /// [`Exit::Io`].
    pub(super) fn save(&self, ledger: &Ledger) -> Result<(), Failure> {
        let text = ledger.write()?;
        let sealed = self.seal.seal(&text, false)?;
        drop(text);
        let failed = |error: io::Error| Failure::io(&self.path, "write the ledger", &error);
        let [new, previous, link] = [".new", ".previous", ".link"].map(|end| beside(&self.path, end));
        write_down(&new, &sealed).map_err(failed)?;
        if self.path.exists() {
            let _ = fs::remove_file(&link);
            // Not every file system has a second name for a file.
            if fs::hard_link(&self.path, &link).is_err() {
                write_down(&link, &fs::read(&self.path).map_err(failed)?).map_err(failed)?;
            }
            fs::rename(&link, &previous).map_err(failed)?;
        }
        fs::rename(&new, &self.path).map_err(failed)?;
        output::sync_folder_of(&self.path);
        Ok(())
    }
}

fn new_passphrase(options: &ReadOptions) -> Result<SecretText, Failure> {
    let file = options.age_passphrase_file.as_deref();
    let passphrase = match file {
        None if !io::IsTerminal::is_terminal(&io::stderr()) => {
            return Err(Failure::new(
                Exit::PasswordNeeded,
                "the ledger is always encrypted, and neither a key nor a passphrase was given for it",
            )
            .next_step("Give -r age1... for each admin, or --age-passphrase-file FILE"));
        }
        _ => password::new_password(file, "the ledger", false)?,
    };
    if passphrase.expose().chars().count() < SHORTEST {
        return Err(Failure::new(
            Exit::Usage,
            format!("the passphrase of a ledger has at least {SHORTEST} characters"),
        )
        .next_step("Take several words that nobody guesses, or a key with -r"));
    }
    Ok(passphrase)
}

/// `ledger.age` and what stands beside it.
pub(super) fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// Under a name that the next run writes over: what an interrupted one leaves behind is never taken for anything.
fn write_down(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let _ = fs::remove_file(path);
    let mut options = OpenOptions::new();
    options.create_new(true).write(true);
    let mut file = owner_only(&mut options).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Lets nobody else read the file.
#[cfg(unix)]
pub(super) fn owner_only(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600)
}

/// Elsewhere the folder decides.
#[cfg(not(unix))]
pub(super) fn owner_only(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}
