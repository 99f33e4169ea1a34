//! The files of a run: what the ledger says, in the forms of servers, each read again before it gets its name.

use std::path::{Path, PathBuf};

use otpferry_formats::ledger::{Entry, Ledger};
use otpferry_formats::model::{Account, SecretText, Vault};
use otpferry_formats::report::Item;
use otpferry_formats::{Limits, Refusal};

use super::log;
use super::server::Server;
use crate::convert;
use crate::encode;
use crate::failure::{Exit, Failure};
use crate::output::{self, NewFolder, Pending};
use crate::proof;

/// One file that stands where it belongs.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) path: PathBuf,
    /// The form, or `sheets`.
    pub(super) target: String,
    pub(super) accounts: usize,
    pub(super) encrypted: bool,
    pub(super) bytes: u64,
    /// Of files of several people.
    pub(super) sha256: Option<String>,
    /// What to do with it.
    pub(super) help: &'static str,
}

/// An account that a server does not take, by its place in the ledger.
pub(super) struct Refused {
    pub(super) entry: usize,
    pub(super) target: String,
    pub(super) refusal: Refusal,
}

/// How files are written.
pub(super) struct Manner<'a> {
    pub(super) folder: &'a Path,
    pub(super) per_file: usize,
    pub(super) password: Option<&'a SecretText>,
    /// A run that is gone on with writes over what it has written before.
    pub(super) replace: bool,
}

/// What became of the accounts that a server was to get.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) written: Vec<Written>,
    /// Places in the ledger.
    pub(super) exported: Vec<usize>,
    pub(super) refused: Vec<Refused>,
    pub(super) warnings: Vec<Item>,
}

/// Writes accounts of the ledger for a server.
///
/// # Errors
/// [`Exit::CodesDiffer`] when a file would show other codes; [`Exit::Io`].
pub(super) fn write(
    server: Server,
    ledger: &Ledger,
    entries: &[usize],
    manner: &Manner<'_>,
) -> Result<Batch, Failure> {
    let mut batch = Batch::default();
    let chunks = entries.chunks(manner.per_file);
    let count = chunks.len();
    for (number, chunk) in chunks.enumerate() {
        let accounts = accepted(server, ledger, chunk, &mut batch);
        if !accounts.is_empty() {
            let written = file(server, accounts, (number, count), manner)?;
            batch.written.push(written);
        }
    }
    Ok(batch)
}

/// The accounts that the server takes; the others are set aside with the reason.
fn accepted(server: Server, ledger: &Ledger, chunk: &[usize], batch: &mut Batch) -> Vec<Account> {
    let account = |index: &usize| -> Option<(usize, Account)> {
        let entry: &Entry = ledger.entries.get(*index)?;
        Some((*index, server.account_of(entry)?))
    };
    let (places, accounts): (Vec<usize>, Vec<Account>) = chunk.iter().filter_map(account).unzip();
    let fits = server.fit(&accounts);
    let mut accepted = Vec::with_capacity(accounts.len());
    for ((entry, account), fit) in places.into_iter().zip(accounts).zip(fits) {
        match fit.refused {
            None => {
                batch.exported.push(entry);
                accepted.push(account);
            }
            Some(refusal) => batch.refused.push(Refused { entry, target: server.name(), refusal }),
        }
    }
    server.form.arrange(&mut accepted, |account| account);
    accepted
}

fn file(
    server: Server,
    accounts: Vec<Account>,
    (number, count): (usize, usize),
    manner: &Manner<'_>,
) -> Result<Written, Failure> {
    let writing = server.form.writing;
    let name = if manner.password.is_some() { writing.encrypted_file_name } else { writing.file_name };
    let path = convert::numbered(&manner.folder.join(name), number, count);
    let vault = Vault { accounts, ..Vault::default() };
    let limits = Limits::default();
    let parts = encode::encode(server.form, &vault, manner.password, &limits, 10)?;
    let bytes = convert::joined(writing.carrier, parts);
    let (pending, back) = Pending::checked(&path, &bytes, manner.replace)?;
    drop(bytes);
    proof::prove(server.form.format, &vault.accounts, &back, manner.password, &limits)?;
    let written = Written {
        target: server.name(),
        accounts: vault.accounts.len(),
        encrypted: manner.password.is_some(),
        bytes: u64::try_from(back.len()).unwrap_or(u64::MAX),
        sha256: (vault.accounts.len() > 1).then(|| log::sha256(&back)),
        help: writing.import_help,
        path,
    };
    pending.publish()?;
    Ok(written)
}

/// Makes the folder of a run, or checks that it is empty. A run that is gone on with finds its own files there.
///
/// # Errors
/// [`Exit::Refused`] when there is something in it; [`Exit::Io`].
pub(super) fn prepare(folder: &Path, ledger: &Path, resume: bool) -> Result<Option<NewFolder>, Failure> {
    let new = NewFolder::create(folder)?;
    match (&new, resume) {
        (Some(_), _) => {}
        (None, true) => clear_unfinished(folder)?,
        (None, false) => check_empty(folder, ledger)?,
    }
    Ok(new)
}

/// The same without making anything.
pub(super) fn check(folder: &Path, ledger: &Path, resume: bool) -> Result<(), Failure> {
    output::check_folder(folder)?;
    if folder.is_dir() && !resume { check_empty(folder, ledger) } else { Ok(()) }
}

/// A ledger may stand in the folder, with what stands beside it.
fn check_empty(folder: &Path, ledger: &Path) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::io(folder, "read the output folder", &error);
    let stem = ledger.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let in_it =
        ledger.parent().is_some_and(|parent| parent.canonicalize().ok() == folder.canonicalize().ok());
    for file in std::fs::read_dir(folder).map_err(failed)? {
        let name = file.map_err(failed)?.file_name().to_string_lossy().into_owned();
        if !(in_it && name.starts_with(&stem)) {
            return Err(Failure::new(Exit::Refused, "the output folder is not empty")
                .in_file(&folder.to_string_lossy())
                .next_step("Name a new folder with -o; --resume goes on with a run that was interrupted"));
        }
    }
    Ok(())
}

/// Removes what an interrupted run has left without a name.
fn clear_unfinished(folder: &Path) -> Result<(), Failure> {
    for folder in [folder.to_owned(), folder.join(super::SHEETS)] {
        let Ok(files) = std::fs::read_dir(&folder) else { continue };
        for file in files.flatten() {
            if file.file_name().to_string_lossy().starts_with(Pending::PREFIX) {
                std::fs::remove_file(file.path())
                    .map_err(|error| Failure::io(&file.path(), "remove an unfinished file", &error))?;
            }
        }
    }
    Ok(())
}
