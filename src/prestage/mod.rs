//! Accounts made before people have them: a roster in; files for servers, sheets to hand out, and a ledger out.
//!
//! Secrets are in the ledger, on the disk, before anything else is written, and every file is made from the ledger.
//! So a run that is interrupted loses nothing, and one that is repeated makes nothing anew.

pub(crate) mod drill;
mod files;
mod handout;
mod job;
mod log;
mod report;
mod server;
mod sheets;
mod stage;
mod store;
mod text;
mod token;

use otpferry_formats::ledger::{Entry, Export, Ledger, Run, State};
use otpferry_formats::model::SecretText;
use otpferry_formats::report::Item;
use otpferry_formats::roster::Person;

use crate::cli::PrestageArgs;
use crate::encode;
use crate::failure::{Exit, Failure};
use crate::password;
use crate::show::Terminal;

use files::Batch;
use job::{Job, Running};
use log::Log;
use report::{Outcome, Report, Row};
use stage::{Fate, Staging, Why, Wishes};
use store::Store;
use token::Mint;

/// The folder of single sheets, and what their exports are called in the ledger.
const SHEETS: &str = "sheets";

/// Stages everybody on the roster.
///
/// # Errors
/// Whatever stops the run. Secrets that were made are in the ledger then; nothing else holds one that is not there.
pub(crate) fn run(args: &PrestageArgs, terminal: &Terminal) -> Result<Exit, Failure> {
    let job = Job::of(args)?;
    files::check(&job.folder, &job.ledger, args.files.resume)?;
    let roster = job.read_roster()?;
    let report = if args.files.dry_run { rehearse(&job, &roster)? } else { stage(&job, &roster)? };
    if terminal.wants_json() {
        terminal.print_json(&report)?;
    } else if !(terminal.is_quiet() && report.exit() == Exit::Done) {
        terminal.print(&text::of(&report, &job));
    }
    Ok(report.exit())
}

/// Works everything out, and makes nothing.
fn rehearse(job: &Job<'_>, roster: &job::Read) -> Result<Report, Failure> {
    let found = store::find(&job.ledger, &job.args.read)?;
    let mut ledger = match found {
        Some(found) => found.ledger,
        None => job::new_ledger()?,
    };
    let running = Running::begin(&mut ledger, job.args.files.resume)?;
    let mut report = job.report(&running, roster);
    withdraw(job, &mut ledger, &mut report)?;
    let staging = staging(job, roster, &ledger, &running)?;
    let refused = job.refusals(&staging, &ledger);
    for ((person, fate), refusal) in staging.people.iter().zip(refused) {
        let entry = match fate {
            Fate::Kept { entry, .. } => ledger.entries.get(*entry),
            _ => None,
        };
        report.people.push(row(person, &refusal.unwrap_or_else(|| fate.clone()), entry));
    }
    report.people.extend(gone(&staging, &ledger));
    Ok(report)
}

fn stage(job: &Job<'_>, roster: &job::Read) -> Result<Report, Failure> {
    let _folder = files::prepare(&job.folder, &job.ledger, job.args.files.resume)?;
    let lock = Store::lock(&job.ledger)?;
    let found = store::find(&job.ledger, &job.args.read)?;
    let password = new_password(job)?;
    let store = Store::new(job, found.as_ref(), lock)?;
    let mut ledger = match found {
        Some(found) => found.ledger,
        None => job::new_ledger()?,
    };
    if !job.args.ledger.age_recipient.is_empty() {
        ledger.recipients.clone_from(&job.args.ledger.age_recipient);
    }
    let running = Running::begin(&mut ledger, job.args.files.resume)?;
    let mut report = job.report(&running, roster);
    let marked = withdraw(job, &mut ledger, &mut report)?;
    let staging = staging(job, roster, &ledger, &running)?;
    let refusals = job.refusals(&staging, &ledger);
    let staged = mint(job, staging, refusals, &mut ledger, &running, &mut report)?;
    store.save(&ledger)?;
    let mut log = job.open_log(&running, roster)?;
    log_staged(&mut log, &marked, &staged, &ledger, &running)?;
    deliver(job, password.as_ref(), staged, &mut ledger, &running, &store, &mut log, &mut report)?;
    Ok(report)
}

/// The password of files that are encrypted for a server. Asked for before anything is made.
fn new_password(job: &Job<'_>) -> Result<Option<SecretText>, Failure> {
    let files = &job.args.files;
    let mut encrypting = job.servers.iter().filter(|server| server.encrypts(files.plain)).peekable();
    let Some(first) = encrypting.peek() else { return Ok(None) };
    let what = format!("the {} file", first.form.format.info().title);
    password::new_password(files.new_password_file.as_deref(), &what, true).map(Some)
}

fn staging<'r>(
    job: &Job<'_>,
    roster: &'r job::Read,
    ledger: &Ledger,
    running: &Running,
) -> Result<Staging<'r>, Failure> {
    let wishes = Wishes {
        issuer: &job.issuer,
        blueprint: &job.blueprint,
        include_disabled: job.args.people.include_disabled,
        additional_issuer: job.args.ledger.additional_issuer,
        reissue: &job.args.people.reissue,
        resumed: running.resumed.then_some(running.id.as_str()),
    };
    Staging::of(&roster.roster, ledger, &wishes, |person| job.is_meant(person))
}

/// Marks accounts as out of use or handed out. Gives their places and what is said of them in the log.
fn withdraw(
    job: &Job<'_>,
    ledger: &mut Ledger,
    report: &mut Report,
) -> Result<Vec<(usize, &'static str)>, Failure> {
    let people = &job.args.people;
    let mut marked = Vec::new();
    let wishes = [
        (&people.withdraw, "--withdraw", "withdraw", State::Withdrawn, Outcome::Withdrawn),
        (&people.delivered, "--delivered", "deliver", State::Delivered, Outcome::Delivered),
    ];
    for (words, option, action, state, outcome) in wishes {
        for place in stage::meant(words, option, ledger, &job.issuer)? {
            let Some(entry) = ledger.entries.get_mut(place) else { continue };
            entry.state = state;
            entry.changed = encode::now();
            report.people.push(about(entry, outcome, String::new()));
            marked.push((place, action));
        }
    }
    Ok(marked)
}

/// Makes what is new and brings what is kept up to date. Gives the places of everybody's account in the ledger, with
/// what is said of them in the log.
fn mint(
    job: &Job<'_>,
    staging: Staging<'_>,
    refusals: Vec<Option<Fate>>,
    ledger: &mut Ledger,
    running: &Running,
    report: &mut Report,
) -> Result<Vec<(usize, &'static str)>, Failure> {
    let serials: Vec<String> = ledger.entries.iter().map(|entry| entry.device.serial.clone()).collect();
    let mut mint = Mint::new(&job.blueprint, serials.iter().map(String::as_str));
    let gone = gone(&staging, ledger);
    let mut staged = Vec::with_capacity(staging.people.len());
    for ((person, fate), refusal) in staging.people.into_iter().zip(refusals) {
        let fate = refusal.unwrap_or(fate);
        match &fate {
            Fate::New { replaces, why } => {
                let (otp, device) = mint.coin()?;
                if let Some(old) = replaces.and_then(|old| ledger.entries.get_mut(old)) {
                    old.state = State::Replaced;
                    old.replaced_by = Some(device.serial.clone());
                    old.changed = running.started;
                    if job.args.ledger.wipe_replaced {
                        old.otp = None;
                    }
                }
                let entry = Entry {
                    otp: Some(otp),
                    device,
                    issuer: job.issuer.clone(),
                    state: State::Generated,
                    run: running.id.clone(),
                    created: running.started,
                    changed: running.started,
                    ..blank(person, running)
                };
                report.people.push(row(person, &fate, Some(&entry)));
                let action = if *why == Why::Reissue { "reissue" } else { "stage" };
                staged.push((ledger.entries.len(), action));
                ledger.entries.push(entry);
            }
            Fate::Kept { entry, renamed } => {
                if let Some(known) = ledger.entries.get_mut(*entry) {
                    refresh(known, person, running);
                    report.people.push(row(person, &fate, Some(known)));
                    staged.push((*entry, if *renamed { "rename" } else { "keep" }));
                }
            }
            Fate::LeftOut { .. } => report.people.push(row(person, &fate, None)),
        }
    }
    report.people.extend(gone);
    Ok(staged)
}

/// A person without an account.
fn blank(person: &Person, running: &Running) -> Entry {
    Entry {
        key: person.key.clone(),
        directory_id: person.directory_id.clone(),
        account: person.account.clone(),
        earlier_accounts: Vec::new(),
        display: person.display.clone(),
        email: person.email.clone(),
        groups: person.groups.clone(),
        issuer: String::new(),
        device: otpferry_formats::model::Device::default(),
        otp: None,
        state: State::Generated,
        run: running.id.clone(),
        created: running.started,
        changed: running.started,
        exports: Vec::new(),
        replaced_by: None,
    }
}

/// Brings what the directory says up to date; the secret stays.
fn refresh(entry: &mut Entry, person: &Person, running: &Running) {
    let before = entry.clone();
    if entry.account != person.account {
        let earlier = std::mem::replace(&mut entry.account, person.account.clone());
        entry.earlier_accounts.push(earlier);
    }
    // A key of the directory takes the place of a login name.
    if person.directory_id.is_some() || entry.directory_id.is_none() {
        entry.key.clone_from(&person.key);
        entry.directory_id.clone_from(&person.directory_id);
    }
    entry.display.clone_from(&person.display);
    entry.email.clone_from(&person.email);
    entry.groups.clone_from(&person.groups);
    if *entry != before {
        entry.changed = running.started;
    }
}

fn gone(staging: &Staging<'_>, ledger: &Ledger) -> Vec<Row> {
    let entries = staging.gone.iter().filter_map(|place| ledger.entries.get(*place));
    entries
        .map(|entry| about(entry, Outcome::Gone, "not on the roster; the account is kept".to_owned()))
        .collect()
}

fn about(entry: &Entry, outcome: Outcome, reason: String) -> Row {
    Row {
        outcome,
        key: entry.key.clone(),
        account: entry.account.clone(),
        display: entry.display.clone(),
        serial: entry.device.serial.clone(),
        reason,
    }
}

/// A person's row. `entry` is the account as it is now.
fn row(person: &Person, fate: &Fate, entry: Option<&Entry>) -> Row {
    let (outcome, reason) = match fate {
        Fate::New { why: Why::Reissue, .. } => {
            (Outcome::Reissued, "new secret: remove the old token at the server".to_owned())
        }
        Fate::New { why: Why::NameOfAnother, .. } => (
            Outcome::Reissued,
            "another person had this login name before: remove that person's token at the server".to_owned(),
        ),
        Fate::New { .. } => (Outcome::Staged, String::new()),
        Fate::Kept { renamed: true, .. } => (
            Outcome::Renamed,
            "same secret under a new login name: the app on the phone keeps showing the old one".to_owned(),
        ),
        Fate::Kept { .. } => (Outcome::Kept, String::new()),
        Fate::LeftOut { reason, .. } => (Outcome::LeftOut, reason.clone()),
    };
    Row {
        outcome,
        key: person.key.clone(),
        account: person.account.clone(),
        display: person.display.clone(),
        serial: entry.map(|entry| entry.device.serial.clone()).unwrap_or_default(),
        reason,
    }
}

/// What was interrupted between the ledger and the log is made up for.
fn log_staged(
    log: &mut Log,
    marked: &[(usize, &'static str)],
    staged: &[(usize, &'static str)],
    ledger: &Ledger,
    running: &Running,
) -> Result<(), Failure> {
    let logged = if running.resumed { log.staged(&running.id)? } else { Default::default() };
    log.run(if running.resumed { "resume" } else { "begin" }, "done")?;
    for (place, action) in marked.iter().chain(staged) {
        let Some(entry) = ledger.entries.get(*place) else { continue };
        let is_lost = *action == "keep" && entry.run == running.id && !logged.contains(&entry.device.serial);
        match is_lost {
            true => log.account("stage", entry, ledger, "recovered")?,
            false => log.account(action, entry, ledger, "done")?,
        }
    }
    log.sync()
}

/// Writes the files, and notes in the ledger what went into them.
#[expect(clippy::too_many_arguments, reason = "the state of one run, handed on once")]
fn deliver(
    job: &Job<'_>,
    password: Option<&SecretText>,
    staged: Vec<(usize, &'static str)>,
    ledger: &mut Ledger,
    running: &Running,
    store: &Store,
    log: &mut Log,
    report: &mut Report,
) -> Result<(), Failure> {
    let places: Vec<usize> = staged.into_iter().map(|(place, _)| place).collect();
    let done = job.write_all(password, &places, ledger, running).and_then(|batches| {
        for batch in &batches {
            note(batch, ledger, log, report)?;
        }
        report.write_table(&job.folder.join("report.csv"), job.args.files.resume)?;
        Ok(batches)
    });
    let batches = match done {
        Ok(batches) => batches,
        Err(failure) => {
            // Best effort: the failure is what is told.
            let _ = log.run("error", "failed").and_then(|()| log.sync());
            return Err(failure);
        }
    };
    for (target, batch) in &batches {
        mark(target, batch, ledger, running);
    }
    running.finish(ledger);
    log.run("end", "done")?;
    log.sync()?;
    store.save(ledger)
}

/// Tells of a batch in the log and the report.
fn note(
    (target, batch): &(String, Batch),
    ledger: &Ledger,
    log: &mut Log,
    report: &mut Report,
) -> Result<(), Failure> {
    for written in &batch.written {
        let file = written.path.to_string_lossy();
        let sha256 = written.sha256.as_deref();
        let (accounts, bytes) = (written.accounts, written.bytes);
        log.file("export", log::FileAbout { target, file: &file, accounts, bytes, sha256 })?;
        report.files.push(written.into());
    }
    if target == SHEETS {
        for entry in batch.exported.iter().filter_map(|place| ledger.entries.get(*place)) {
            log.account("render-sheet", entry, ledger, "done")?;
        }
    }
    for refused in &batch.refused {
        let Some(entry) = ledger.entries.get(refused.entry) else { continue };
        let reason = format!("not in the file for {}: {}", refused.target, refused.refusal.message);
        report.people.push(about(entry, Outcome::Refused, reason));
    }
    report.warnings.extend(batch.warnings.iter().cloned());
    Ok(())
}

/// Notes in the ledger what went into the files of a server.
fn mark(target: &str, batch: &Batch, ledger: &mut Ledger, running: &Running) {
    let time = encode::now();
    for place in &batch.exported {
        let Some(entry) = ledger.entries.get_mut(*place) else { continue };
        entry.exports.retain(|export| export.target != target);
        entry.exports.push(Export { target: target.to_owned(), run: running.id.clone(), time });
        if entry.state == State::Generated && target != SHEETS {
            entry.state = State::Exported;
        }
        entry.changed = time;
    }
}

/// A remark of the run as a whole.
fn remark(code: &str, message: String, next_step: &str) -> Item {
    Item::new(code, message).next_step(next_step)
}

/// A run as the ledger has it.
fn new_run(id: String, started: jiff::Timestamp) -> Run {
    Run { id, started, finished: None }
}
