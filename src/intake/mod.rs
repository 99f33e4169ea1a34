//! From what the user named to accounts: files, folders, standard input, envelopes, pictures.

mod contents;
mod find;
mod joined;
mod open;
pub(crate) mod phone;
mod photos;
pub(crate) mod picture;
pub(crate) mod position;
pub(crate) mod together;

use std::collections::HashSet;
use std::path::PathBuf;

use otpferry_formats::model::merge::{self, MissingPart};
use otpferry_formats::model::{Account, BatchPart, SecretText, Vault};
use otpferry_formats::report::Item;
use otpferry_formats::{Format, KeyFile, Limits, TableOptions, TokenOptions};
use otpferry_formats::{closed, registry};

use crate::cli::{CostArgs, ReadOptions};
use crate::envelope::Keys;
use crate::failure::{Exit, Failure};
use crate::in_order;
use crate::password::PasswordBook;
use crate::report::FileLine;
use crate::select::Selection;
use crate::show::{self, Terminal};

use together::{Reading, Room, Settled};

pub(crate) use contents::Contents;
pub use find::Source;
pub(crate) use find::{sources_of_pictures, sources_to_look_at};
pub(crate) use open::bytes_of;

/// What all inputs held together.
#[derive(Debug, Default)]
pub struct Intake {
    /// The inputs that were read, in order.
    pub files: Vec<File>,
    /// Inputs that could not be read, or not wholly, where others could.
    pub not_read: Vec<Item>,
    /// QR codes that no input held, of messages that are split over several.
    missing: Vec<MissingPart>,
    /// The passphrase for age that was given.
    pub passphrase: Option<SecretText>,
    /// Whether it opened one of them.
    pub passphrase_was_used: bool,
    /// Where the inputs are, read or not.
    pub paths: Vec<PathBuf>,
}

/// One input that was read.
#[derive(Debug)]
pub struct File {
    /// As the user named it.
    pub name: String,
    /// 0-based position among the inputs; several files can come from one picture.
    pub source: usize,
    /// Format id.
    pub format: &'static str,
    /// Whether something encrypted was around it, and what opened that.
    pub sealed: Sealed,
    /// Whether it was inside another input: an export of its own.
    pub is_enclosed: bool,
    /// What it held.
    pub vault: Vault,
}

/// Whether something encrypted was around a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sealed {
    /// Nothing was.
    #[default]
    No,
    /// An age file, which a key or a password opened.
    InAge,
    /// An age file, which a passphrase of the given file opened.
    ByPassphraseFile,
    /// The backup of a phone.
    InBackup,
}

impl Sealed {
    /// Whether it was an age file.
    pub fn is_age(self) -> bool {
        matches!(self, Self::InAge | Self::ByPassphraseFile)
    }
}

impl File {
    fn new(name: &str, format: &dyn Format, vault: Vault) -> Self {
        let (source, sealed, is_enclosed) = (0, Sealed::No, false);
        Self { name: name.to_owned(), source, format: format.info().id, sealed, is_enclosed, vault }
    }

    /// Whether a password or key was needed.
    pub fn is_encrypted(&self) -> bool {
        self.vault.encrypted || self.sealed != Sealed::No
    }

    /// Its line in the report.
    pub fn line(&self) -> FileLine {
        FileLine {
            path: self.name.clone(),
            format: Some(self.format.to_owned()),
            encrypted: self.is_encrypted(),
            accounts: self.vault.accounts.len(),
        }
    }
}

/// What reading needs to know, shared by all inputs.
pub(crate) struct Reader {
    pub(crate) from: Option<&'static dyn Format>,
    pub(crate) limits: Limits,
    pub(crate) passwords: PasswordBook,
    pub(crate) keys: Keys,
    /// Of databases.
    pub(crate) key_files: Vec<KeyFile>,
    /// How pictures are looked at.
    pub(crate) look: picture::Look,
    /// Whether those in phones' backups are meant.
    pub(crate) photos: bool,
    pub(crate) table: TableOptions,
    pub(crate) tokens: TokenOptions,
}

/// Reads the inputs, all that they name.
///
/// # Errors
/// Any input that the user named and that cannot be read stops the run, so that nothing is left
/// behind by mistake. Files found in a folder, and pictures without a code among several inputs,
/// are listed instead; it is an error when nothing at all was read.
pub fn read(inputs: &[PathBuf], args: &ReadOptions, terminal: &Terminal) -> Result<Intake, Failure> {
    read_found(find::sources(inputs), args, terminal)
}

/// The same of inputs that were looked for already, with what came of that.
///
/// # Errors
/// As [`read`].
pub(crate) fn read_found(
    sources: Result<Vec<Source>, Failure>,
    args: &ReadOptions,
    terminal: &Terminal,
) -> Result<Intake, Failure> {
    read_chosen(sources, |_| true, args, terminal)
}

/// The same, but for pictures and documents that are found in folders: sheets that lie beside a file of tokens hold
/// the same accounts, and less about them.
///
/// # Errors
/// As [`read`].
pub(crate) fn read_files(
    inputs: &[PathBuf],
    args: &ReadOptions,
    terminal: &Terminal,
) -> Result<Intake, Failure> {
    read_chosen(find::sources(inputs), |source| !(source.found && source.is_picture()), args, terminal)
}

fn read_chosen(
    sources: Result<Vec<Source>, Failure>,
    is_chosen: impl Fn(&Source) -> bool,
    args: &ReadOptions,
    terminal: &Terminal,
) -> Result<Intake, Failure> {
    let from = args.from().map(format_to_read).transpose()?;
    let selection = Selection::new(&args.only, &args.exclude)?;
    let mut sources = sources?;
    if sources.iter().any(&is_chosen) {
        sources.retain(is_chosen);
    }
    let reader = Reader {
        from,
        limits: args.cost.limits(),
        passwords: PasswordBook::new(args.password_file.as_deref())?.showing(terminal),
        keys: Keys::load(&args.age_identity, args.age_passphrase_file.as_deref())?,
        key_files: open::read_key_files(&args.key_file, args.cost.limits().bytes)?,
        look: picture::Look::new(&args.cost, if args.photos { usize::MAX } else { sources.len() }),
        photos: args.photos,
        table: args.table()?,
        tokens: args.token_options()?,
    };
    let settled = read_all(&reader, &mut sources, &args.cost, terminal)?;
    let mut intake = sort_out(&sources, settled)?;
    intake.paths = sources.into_iter().filter_map(|source| source.path).collect();
    intake.passphrase = reader.keys.passphrase().cloned();
    intake.passphrase_was_used = intake.files.iter().any(|file| file.sealed == Sealed::ByPassphraseFile);
    merge::in_export_order(&mut intake.files, |file| match file.vault.parts.as_slice() {
        [one] => Some(one),
        _ => None,
    });
    for file in &mut intake.files {
        label(file);
        select(&mut file.vault, &selection);
    }
    Ok(intake)
}

fn format_to_read(name: &str) -> Result<&'static dyn Format, Failure> {
    registry::by_name(name).ok_or_else(|| unknown_format(name))
}

/// What to do about an app that has no export, else a usage error that says which formats there are.
pub(crate) fn unknown_format(name: &str) -> Failure {
    if let Some(error) = closed::refusal(name) {
        return error.into();
    }
    let ids: Vec<_> = registry::ALL.iter().map(|format| format.info().id).collect();
    Failure::new(Exit::Usage, format!("there is no format \"{name}\""))
        .next_step(format!("The formats are {}; see `otpferry formats`", ids.join(", ")))
}

fn read_all(
    reader: &Reader,
    sources: &mut Vec<Source>,
    cost: &CostArgs,
    terminal: &Terminal,
) -> Result<Settled, Failure> {
    let progress = terminal.progress(sources.len());
    let mut readings = Vec::with_capacity(sources.len());
    let mut room = Room::default();
    let keep = |mut reading: Result<Reading, Failure>| {
        if let Ok(Reading::Picture(picture)) = &mut reading {
            room.admit_all(picture);
        }
        progress.inc(1);
        readings.push(reading);
        Ok(())
    };
    in_order::each(sources, cost.jobs, |source| open::read(source, reader), keep)?;
    progress.finish_and_clear();
    if reader.photos {
        photos::read(sources, &mut readings, &mut room, reader, cost, terminal)?;
    }
    Ok(together::settle(sources, readings, reader))
}

/// Separates what was read from what could not be, and decides which failures stop the run.
fn sort_out(sources: &[Source], settled: Settled) -> Result<Intake, Failure> {
    let Settled { results, remarks, missing } = settled;
    let mut intake = Intake { not_read: remarks, missing, ..Intake::default() };
    let (mut first_failure, mut of_app) = (None, None);
    let mut is_told = Vec::with_capacity(sources.len());
    for (index, (source, result)) in sources.iter().zip(results).enumerate() {
        match result {
            Ok(files) => {
                is_told.push(true);
                intake.files.extend(files.into_iter().map(|file| File { source: index, ..file }));
            }
            Err(failure) if source.may_fail(&failure, sources.len()) => {
                let explained = phone::explained(source, &failure);
                is_told.push(explained.is_some());
                intake.not_read.push(not_read(source, explained.as_ref().unwrap_or(&failure)));
                of_app = of_app.or(explained.map(|failure| failure.in_file(&source.name)));
                first_failure.get_or_insert(failure.in_file(&source.name));
            }
            Err(failure) => {
                let failure = phone::explained(source, &failure).unwrap_or(failure);
                return Err(with_way_around(failure, source).in_file(&source.name));
            }
        }
    }
    let apps_left = phone::apps_left(sources, &is_told);
    of_app = of_app.or_else(|| phone::only_apps_left(&apps_left));
    intake.not_read.extend(apps_left);
    match first_failure {
        Some(failure) if intake.files.is_empty() && intake.missing.is_empty() => {
            Err(of_app.unwrap_or_else(|| nothing_read(failure, sources.len())))
        }
        _ => Ok(intake),
    }
}

/// Nobody has to know the password of every file in a folder.
fn with_way_around(failure: Failure, source: &Source) -> Failure {
    let is_closed = matches!(failure.exit, Exit::PasswordNeeded | Exit::WrongPassword);
    let Some(step) = failure.next_step.clone().filter(|_| source.found && is_closed) else { return failure };
    failure.next_step(format!("{step}. To go on without this file, take it out of the folder"))
}

fn nothing_read(failure: Failure, sources: usize) -> Failure {
    if sources == 1 {
        return failure;
    }
    Failure::new(failure.exit, format!("none of the {sources} files holds accounts that can be read"))
        .next_step("`otpferry inspect FILE` says what is wrong with one of them")
}

fn not_read(source: &Source, failure: &Failure) -> Item {
    let quiet = failure.is_foreign && !source.is_picture();
    let code = if quiet { "passed-over" } else { "not-read" };
    let mut item = Item::new(code, format!("not read: {}", failure.message));
    item.file.clone_from(&source.name);
    item.next_step.clone_from(&failure.next_step);
    item
}

/// Writes the file's name into everything that came from it.
fn label(file: &mut File) {
    let vault = &mut file.vault;
    for account in &mut vault.accounts {
        account.origin.file.clone_from(&file.name);
        if account.origin.format.is_empty() {
            account.origin.format = file.format.to_owned();
        }
    }
    for item in vault.skipped.iter_mut().chain(&mut vault.warnings) {
        item.file.clone_from(&file.name);
    }
    for part in vault.parts.iter_mut().filter(|part| part.file.is_empty()) {
        part.file = show::place(&file.name);
    }
}

fn select(vault: &mut Vault, selection: &Selection) {
    vault.accounts.retain(|account| selection.includes(&account.issuer, &account.name));
    // What has no name that can be read might be the one that is wanted.
    let nameless = |item: &Item| item.issuer.is_empty() && item.account.is_empty();
    let is_meant = |item: &Item| nameless(item) || selection.includes(&item.issuer, &item.account);
    vault.skipped.retain(is_meant);
    vault.warnings.retain(is_meant);
}

impl Intake {
    /// The QR parts of all inputs.
    fn parts(&self) -> Vec<BatchPart> {
        self.files.iter().flat_map(|file| file.vault.parts.iter().cloned()).collect()
    }

    /// QR codes that no input held and that belong to some that were read.
    pub fn missing_parts(&self) -> Vec<MissingPart> {
        let (_, mut missing) = self.missing_of_phones();
        missing.extend(self.missing.iter().cloned());
        missing
    }

    /// What is missing of exports that were only forgotten on a phone, which holds up nothing; and of all others.
    fn missing_of_phones(&self) -> (Vec<MissingPart>, Vec<MissingPart>) {
        let is_meant = |file: &&File| !(file.is_enclosed || file.vault.survey.is_some());
        let parts = self.files.iter().filter(is_meant).flat_map(|file| &file.vault.parts);
        let meant: HashSet<(i64, u32)> = parts.map(|part| (part.id, part.size)).collect();
        let missing = merge::missing_parts(&self.parts());
        missing.into_iter().partition(|part| !meant.contains(&(part.batch, part.size)))
    }

    /// What the user should know about the inputs together, and about those that were not read.
    pub fn warnings_about_inputs(&self) -> Vec<Item> {
        let parts = self.parts();
        let mut warnings = merge::inconsistent_parts(&parts);
        warnings.extend(merge::repeated_parts(&parts));
        let (forgotten, _) = self.missing_of_phones();
        warnings.extend(
            forgotten.into_iter().map(|part| Item::new(part.code, part.message).next_step(part.next_step)),
        );
        warnings.extend(self.not_read.iter().cloned());
        warnings
    }

    /// The same with what each file's reading gave.
    pub fn warnings(&self) -> Vec<Item> {
        let mut warnings = self.warnings_about_inputs();
        for file in &self.files {
            warnings.extend(file.vault.warnings.iter().cloned());
            // `inspect` shows the survey itself.
            let survey = file.vault.survey.as_deref();
            let items = survey.into_iter().flat_map(phone::not_taken);
            warnings.extend(items.map(|item| Item { file: file.name.clone(), ..item }));
        }
        warnings
    }

    /// The accounts, one list for each export: QR codes that are parts of one belong together, and
    /// so does what one picture held. The same part seen again is an input of its own.
    pub fn take_accounts(&mut self) -> Vec<Vec<Account>> {
        let mut exports: Vec<Export> = Vec::new();
        for file in &mut self.files {
            let next = Export {
                source: file.source,
                parts: file.vault.parts.clone(),
                accounts: std::mem::take(&mut file.vault.accounts),
            };
            let of_last = !file.is_enclosed && exports.last().is_some_and(|last| last.source == next.source);
            let at = match exports.iter().position(|export| export.lacks(&next.parts)) {
                None if of_last => exports.len().checked_sub(1),
                at => at,
            };
            match at.and_then(|at| exports.get_mut(at)) {
                Some(export) => export.join(next),
                None => exports.push(next),
            }
        }
        exports.into_iter().map(|export| export.accounts).collect()
    }
}

/// What one app showed or saved at a time.
struct Export {
    source: usize,
    parts: Vec<BatchPart>,
    accounts: Vec<Account>,
}

impl Export {
    /// Whether these are parts of this export that it does not have yet.
    fn lacks(&self, parts: &[BatchPart]) -> bool {
        let same_export = |a: &BatchPart, b: &BatchPart| a.size > 1 && (a.id, a.size) == (b.id, b.size);
        let mut pairs = self.parts.iter().flat_map(|a| parts.iter().map(move |b| (a, b)));
        let belongs = pairs.clone().any(|(a, b)| same_export(a, b));
        belongs && !pairs.any(|(a, b)| same_export(a, b) && a.index == b.index)
    }

    fn join(&mut self, other: Self) {
        self.accounts.extend(other.accounts);
        self.parts.extend(other.parts);
    }
}
