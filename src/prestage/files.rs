//! The files of a run: what the ledger says, in the forms of servers, each read again before it gets its name.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use otpferry_formats::ledger::{Entry, Ledger};
use otpferry_formats::model::{Account, SecretText, Vault};
use otpferry_formats::report::Item;
use otpferry_formats::{Limits, Refusal, TokenOptions};

use super::job::{Job, Running};
use super::report::{Outcome, Row};
use super::server::Server;
use super::{SHEETS, log};
use crate::convert;
use crate::encode;
use crate::failure::{Exit, Failure};
use crate::in_order;
use crate::output::{self, Pending};
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

impl Refused {
    pub(super) fn row(&self, ledger: &Ledger) -> Option<Row> {
        let entry = ledger.entries.get(self.entry)?;
        let reason = format!("not in the file for {}: {}", self.target, self.refusal.message);
        Some(Row::about(entry, Outcome::Refused, reason))
    }
}

/// Commands for FreeIPA.
const OWNERS: &str = "freeipa-owners.sh";

/// How files are written.
pub(super) struct Manner<'a> {
    pub(super) freeipa_owners: bool,
    pub(super) folder: &'a Path,
    pub(super) per_file: usize,
    /// Files that are made at a time, where it is said.
    pub(super) jobs: Option<usize>,
    pub(super) password: Option<&'a SecretText>,
    /// A run that is gone on with writes over what it has written before.
    pub(super) replace: bool,
    /// What is said about the tokens.
    pub(super) tokens: TokenOptions,
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

impl Batch {
    fn append(&mut self, other: Self) {
        self.written.extend(other.written);
        self.exported.extend(other.exported);
        self.refused.extend(other.refused);
        self.warnings.extend(other.warnings);
    }
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
    let chunks: Vec<(usize, &[usize])> = entries.chunks(manner.per_file).enumerate().collect();
    let write_one = |(number, chunk): &(usize, &[usize])| -> Result<(Batch, Vec<Pending>), Failure> {
        let mut batch = Batch::default();
        let accounts = accepted(server, ledger, chunk, &manner.tokens, &mut batch);
        if !accounts.is_empty() {
            let part = (*number, chunks.len());
            let owners = owners(server, &accounts, part, manner)?;
            let file = file(server, accounts, part, manner)?;
            let (written, files): (Vec<Written>, _) = owners.into_iter().chain([file]).unzip();
            batch.written = written;
            return Ok((batch, files));
        }
        Ok((batch, Vec::new()))
    };
    let (mut all, mut pending) = (Batch::default(), Vec::new());
    let take = |part: Result<(Batch, Vec<Pending>), Failure>| {
        let (batch, files) = part?;
        all.append(batch);
        pending.extend(files);
        Ok(())
    };
    // One file for each processor at a time: what is in memory is a few of them, and not all.
    in_order::each(&chunks, manner.jobs, write_one, take)?;
    // All get their names, or none does.
    output::publish(pending)?;
    Ok(all)
}

/// What a server would refuse of accounts of the ledger.
pub(super) fn refused(
    server: Server,
    ledger: &Ledger,
    entries: &[usize],
    tokens: &TokenOptions,
) -> Vec<Refused> {
    let mut batch = Batch::default();
    accepted(server, ledger, entries, tokens, &mut batch);
    batch.refused
}

/// The accounts that the server takes; the others are set aside with the reason.
fn accepted(
    server: Server,
    ledger: &Ledger,
    chunk: &[usize],
    tokens: &TokenOptions,
    batch: &mut Batch,
) -> Vec<Account> {
    let account = |index: &usize| -> Option<(usize, Account)> {
        let entry: &Entry = ledger.entries.get(*index)?;
        Some((*index, server.account_of(entry)?))
    };
    let (places, accounts): (Vec<usize>, Vec<Account>) = chunk.iter().filter_map(account).unzip();
    let fits = server.fit(&accounts, tokens);
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

/// FreeIPA gives imported tokens to the admin: the commands that give them to their people. They hold no secret.
fn owners(
    server: Server,
    accounts: &[Account],
    (number, count): (usize, usize),
    manner: &Manner<'_>,
) -> Result<Option<(Written, Pending)>, Failure> {
    if !(manner.freeipa_owners && server.form.format.info().id == "pskc") {
        return Ok(None);
    }
    let path = convert::numbered(&manner.folder.join(OWNERS), number, count);
    let lines = otpferry_formats::freeipa_owner_lines(accounts);
    let pending = Pending::write(&path, lines.as_bytes(), manner.replace)?;
    let written = Written {
        path,
        target: server.name(),
        accounts: accounts.len(),
        encrypted: false,
        bytes: u64::try_from(lines.len()).unwrap_or(u64::MAX),
        sha256: Some(log::sha256(lines.as_bytes())),
        help: "On the FreeIPA server, after ipa-otptoken-import, run the commands of freeipa-owners.sh",
    };
    Ok(Some((written, pending)))
}

fn file(
    server: Server,
    accounts: Vec<Account>,
    (number, count): (usize, usize),
    manner: &Manner<'_>,
) -> Result<(Written, Pending), Failure> {
    let writing = server.form.writing;
    let name = if manner.password.is_some() { writing.encrypted_file_name } else { writing.file_name };
    let path = convert::numbered(&manner.folder.join(name), number, count);
    let vault = Vault { accounts, ..Vault::default() };
    let limits = Limits::default();
    let parts = encode::encode(server.form, &vault, manner.password, &limits, 10, &manner.tokens)?;
    let bytes = convert::joined(writing.carrier, parts);
    let (pending, back) = Pending::checked(&path, &bytes, manner.replace)?;
    drop(bytes);
    let said = server.form.said(&vault.accounts, &manner.tokens);
    proof::prove(server.form.format, &vault.accounts, &back, manner.password, &limits, &said)?;
    let written = Written {
        target: server.name(),
        accounts: vault.accounts.len(),
        encrypted: manner.password.is_some(),
        bytes: u64::try_from(back.len()).unwrap_or(u64::MAX),
        sha256: (vault.accounts.len() > 1).then(|| log::sha256(&back)),
        help: writing.import_help,
        path,
    };
    Ok((written, pending))
}

/// A new run takes an empty folder only, or none.
///
/// # Errors
/// [`Exit::Refused`] when there is something of somebody else; [`Exit::Io`].
pub(super) fn check_own(job: &Job<'_>, running: &Running) -> Result<(), Failure> {
    if running.resumed { Ok(()) } else { check_empty(&job.folder) }
}

/// Of a run that is gone on with, the files are removed: they are made again from the ledger, and none stays that
/// the roster has no place for any more.
///
/// # Errors
/// [`Exit::Io`].
pub(super) fn clear(job: &Job<'_>, running: &Running, ledger: &Ledger) -> Result<(), Failure> {
    if !running.resumed {
        return Ok(());
    }
    let serials: HashSet<&str> = ledger.entries.iter().map(|entry| entry.device.serial.as_str()).collect();
    let is_own_sheet = |name: &str| {
        let serial = name.strip_suffix(".html").or(name.strip_suffix(".png"));
        serial.is_some_and(|serial| serials.contains(serial))
    };
    let sheets = job.folder.join(SHEETS);
    remove_from(&job.folder, |name| is_own(name, job))?;
    if sheets.is_dir() { remove_from(&sheets, is_own_sheet) } else { Ok(()) }
}

fn remove_from(folder: &Path, is_own: impl Fn(&str) -> bool) -> Result<(), Failure> {
    for name in names_in(folder)? {
        let path = folder.join(&name);
        if path.is_file() && (name.starts_with(Pending::PREFIX) || is_own(&name)) {
            let failed = |error| Failure::io(&path, "remove a file of the interrupted run", &error);
            std::fs::remove_file(&path).map_err(failed)?;
        }
    }
    Ok(())
}

/// # Errors
/// [`Exit::Refused`] when it is not.
pub(super) fn check_empty(folder: &Path) -> Result<(), Failure> {
    if !folder.is_dir() || names_in(folder)?.is_empty() {
        return Ok(());
    }
    Err(Failure::new(Exit::Refused, "the output folder is not empty")
        .in_file(&folder.to_string_lossy())
        .next_step(
            "Name a new folder with -o; --resume goes on with a run that was interrupted, in its own folder",
        ))
}

/// Whether a run with these options can have written a file of that name: `users.oath`, or `users-1-of-2.oath`.
fn is_own(name: &str, job: &Job<'_>) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_part_of = |whole: &str| {
        let (stem, end) = whole.rsplit_once('.').unwrap_or((whole, ""));
        let part = name.strip_prefix(stem).and_then(|rest| rest.strip_suffix(end)?.strip_suffix('.'));
        let numbers = part.and_then(|part| part.strip_prefix('-')?.split_once("-of-"));
        name == whole || numbers.is_some_and(|(number, count)| is_number(number) && is_number(count))
    };
    let of_servers = job
        .servers
        .iter()
        .flat_map(|server| [server.form.writing.file_name, server.form.writing.encrypted_file_name]);
    ["report.csv", "sheets.pdf", "sheets.html", OWNERS].into_iter().chain(of_servers).any(is_part_of)
}

fn names_in(folder: &Path) -> Result<Vec<String>, Failure> {
    let failed = |error: std::io::Error| Failure::io(folder, "read the output folder", &error);
    let name = |file: std::io::Result<std::fs::DirEntry>| {
        file.map(|file| file.file_name().to_string_lossy().into_owned()).map_err(failed)
    };
    std::fs::read_dir(folder).map_err(failed)?.map(name).collect()
}
