//! The ledger on the disk: locked, encrypted, and never without a whole copy.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use otpferry_formats::ledger::Ledger;
use otpferry_formats::model::SecretText;
use otpferry_formats::{Limits, text};
use sha2::{Digest, Sha256};

use super::job::Job;
use crate::cli::{LedgerArgs, ReadOptions};
use crate::envelope::{Keys, Prepared, Seal};
use crate::failure::{Exit, Failure};
use crate::output;
use crate::password::{self, PasswordBook};

/// What the log is called, after the name of the ledger.
pub(super) const LOG: &str = ".log.jsonl";
/// The ledger before the last run.
const PREVIOUS: &str = ".previous";

/// How often a run writes the ledger: with what it has made, and with what went where.
const SAVES: usize = 2;

/// Fewest characters of a passphrase: it protects the secrets of everybody.
const SHORTEST: usize = 12;

/// Where the ledger is kept, and how it is encrypted. No other run has it while this one lives.
pub(super) struct Store {
    path: PathBuf,
    seal: Seal,
    /// Keys of the files that a run writes. They are derived before the accounts are in memory: a passphrase takes
    /// much of it.
    prepared: RefCell<Vec<Prepared>>,
    /// Whether the ledger of before the run is still to be kept.
    keeps_previous: Cell<bool>,
    /// Held open: the lock goes with it, also when the process is killed.
    _lock: File,
}

/// A ledger as it was found.
pub(super) struct Found {
    pub(super) ledger: Ledger,
    /// The passphrase that opened it, if one did.
    passphrase: Option<SecretText>,
}

/// The whole path of what is there or is to be made, without links and dots.
pub(super) fn whole(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let real = |ancestor: &Path| {
        let below = path.strip_prefix(ancestor).ok()?;
        Some(ancestor.canonicalize().ok()?.join(below).components().collect())
    };
    path.ancestors().find_map(real).unwrap_or(path.clone())
}

/// The one place of a ledger, whatever it is called: two names for it would be two locks and two ledgers.
///
/// # Errors
/// [`Exit::Io`] for a link that leads nowhere; [`Exit::Usage`] for a place in the folder that is to be destroyed.
pub(super) fn place(path: &Path, folder: &Path) -> Result<PathBuf, Failure> {
    let shown = path.to_string_lossy();
    let place = match (path.canonicalize(), fs::symlink_metadata(path)) {
        (Ok(place), _) => place,
        (Err(_), Ok(_)) => {
            return Err(Failure::new(Exit::Io, "the ledger is a link that leads nowhere")
                .in_file(&shown)
                .next_step("See that the disk with the ledger is there"));
        }
        (Err(_), Err(_)) => whole(path),
    };
    if place.starts_with(folder) {
        return Err(Failure::new(
            Exit::Usage,
            "the ledger is in the output folder, which is destroyed in the end",
        )
        .in_file(&shown)
        .next_step("Give another place with --ledger, or another folder with -o"));
    }
    Ok(place)
}

/// Refuses to begin a ledger where one has been: everybody would get a second secret.
fn check_new(path: &Path) -> Result<(), Failure> {
    for end in [PREVIOUS, LOG] {
        let trace = beside(path, end);
        if fs::metadata(&trace).is_ok_and(|trace| trace.len() > 0) {
            let name = trace.file_name().unwrap_or_default().to_string_lossy().into_owned();
            return Err(Failure::new(
                Exit::Refused,
                format!("there is no ledger, and there was one: {name} is beside it"),
            )
            .in_file(&path.to_string_lossy())
            .next_step(
                "Bring the newest copy of the ledger back; for a new one take another name with --ledger",
            ));
        }
    }
    Ok(())
}

/// Opens a ledger; `None` when there is none.
///
/// # Errors
/// As reading any file inside an age file; [`Exit::Malformed`] when it is no ledger.
pub(super) fn find(path: &Path, options: &ReadOptions) -> Result<Option<Found>, Failure> {
    let limits = options.cost.limits();
    let Some(bytes) = read(path, &limits)? else {
        return check_new(path).map(|()| None);
    };
    let name = path.to_string_lossy();
    let open = || -> Result<Found, Failure> {
        let keys = Keys::load(&options.age_identity, options.age_passphrase_file.as_deref())?;
        let book = PasswordBook::new(options.password_file.as_deref())?;
        let opened = keys.open(&bytes, &mut book.for_file(&name), &limits)?;
        let text = text::encoding::decode(&opened.content).ok_or_else(no_ledger)?;
        Ok(Found { ledger: Ledger::read(&text, &limits)?, passphrase: opened.passphrase })
    };
    open().map(Some).map_err(|failure| about_copies(failure, path).in_file(&name))
}

/// Points to the copy that is left when a ledger is damaged.
fn about_copies(failure: Failure, path: &Path) -> Failure {
    let previous = beside(path, PREVIOUS);
    if failure.exit != Exit::Malformed || !previous.exists() {
        return failure;
    }
    let step =
        format!("Take the newest copy; {} is of before the last run: see --older-ledger", previous.display());
    failure.next_step(step)
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
        .next_step("If it was the ledger, bring its newest copy back; else give another name"))
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
        if let Some(found) = found {
            check_recipients(&job.args.ledger, &found.ledger)?;
        }
        let seal = match found {
            _ if !recipients.is_empty() => Seal::to_recipients(recipients)?,
            Some(found) if !found.ledger.recipients.is_empty() => {
                Seal::to_recipients(&found.ledger.recipients)?
            }
            Some(Found { passphrase: Some(passphrase), .. }) => Seal::with_passphrase(passphrase),
            _ => Seal::with_passphrase(&new_passphrase(&job.args.read)?),
        };
        let prepared = (0..SAVES).map(|_| seal.prepare()).collect::<Result<_, _>>()?;
        Ok(Self {
            path: job.ledger.clone(),
            seal,
            prepared: RefCell::new(prepared),
            keeps_previous: Cell::new(true),
            _lock: lock,
        })
    }

    /// Writes the ledger down to the disk. The one before the run stays beside it; at every moment there is a whole one
    /// under the name.
    ///
    /// # Errors
    /// [`Exit::Io`].
    pub(super) fn save(&self, ledger: &Ledger) -> Result<(), Failure> {
        let prepared = self.prepared.borrow_mut().pop().map_or_else(|| self.seal.prepare(), Ok)?;
        let failed = |error: io::Error| Failure::io(&self.path, "write the ledger", &error);
        let [new, previous, link] = [".new", PREVIOUS, ".link"].map(|end| beside(&self.path, end));
        let written = write_down(&new, |file| prepared.write(file, |out| ledger.write(out)));
        if let Err(error) = written {
            // Best effort: the failure is what is told.
            let _ = fs::remove_file(&new);
            return Err(failed(error));
        }
        if self.keeps_previous.replace(false) && self.path.exists() {
            let _ = fs::remove_file(&link);
            // Not every file system has a second name for a file.
            if fs::hard_link(&self.path, &link).is_err() {
                let before = fs::read(&self.path).map_err(failed)?;
                write_down(&link, |file| file.write_all(&before)).map_err(failed)?;
            }
            fs::rename(&link, &previous).map_err(failed)?;
            // Two names of one file stay where they are when one is renamed to the other.
            let _ = fs::remove_file(&link);
        }
        fs::rename(&new, &self.path).map_err(failed)?;
        output::sync_folder_of(&self.path);
        Ok(())
    }
}

/// An admin who is left out by mistake finds out when the ledger is needed.
pub(super) fn check_recipients(args: &LedgerArgs, ledger: &Ledger) -> Result<(), Failure> {
    let (given, known) = (&args.age_recipient, &ledger.recipients);
    let sorted = |list: &[String]| list.iter().cloned().collect::<BTreeSet<_>>();
    if args.change_recipients || given.is_empty() || sorted(given) == sorted(known) {
        return Ok(());
    }
    Err(Failure::new(Exit::Usage, "the ledger is encrypted in another way than -r says").next_step(
        "Leave -r out to keep it as it is; --change-recipients encrypts it to these keys and no others",
    ))
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

/// Under a name that the next run writes over: what an interrupted one leaves behind is never taken for anything. What
/// came to the disk is read again and compared.
fn write_down(path: &Path, fill: impl FnOnce(&mut Hashing<&File>) -> io::Result<()>) -> io::Result<()> {
    let _ = fs::remove_file(path);
    let mut options = OpenOptions::new();
    options.create_new(true).write(true);
    let file = owner_only(&mut options).open(path)?;
    let mut writer = Hashing { out: BufWriter::with_capacity(1 << 16, &file), hash: Sha256::new() };
    fill(&mut writer)?;
    writer.flush()?;
    file.sync_all()?;
    let mut again = Hashing { out: BufWriter::new(io::sink()), hash: Sha256::new() };
    io::copy(&mut File::open(path)?, &mut again)?;
    if again.hash.finalize() == writer.hash.finalize() {
        Ok(())
    } else {
        Err(io::Error::other("the disk gave back other bytes than were written"))
    }
}

/// What passes it is hashed.
struct Hashing<W: Write> {
    out: BufWriter<W>,
    hash: Sha256,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
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
