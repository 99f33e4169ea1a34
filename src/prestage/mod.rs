//! Accounts made before people have them: a roster in; files for servers, sheets to hand out, and a ledger out.
//!
//! Secrets are in the ledger, on the disk, before anything else is written, and every file is made from the ledger.
//! So a run that is interrupted loses nothing, and one that is repeated makes nothing anew.

mod deliver;
pub(crate) mod drill;
mod files;
mod handout;
mod job;
mod log;
mod mark;
mod matching;
mod mint;
mod report;
mod server;
mod sheets;
mod stage;
mod store;
mod text;
mod token;

use otpferry_formats::ledger::Ledger;
use otpferry_formats::model::SecretText;
use otpferry_formats::report::Item;

use crate::cli::PrestageArgs;
use crate::failure::{Exit, Failure};
use crate::output::{self, NewFolder};
use crate::password;
use crate::show::Terminal;

use job::{Job, Running};
use report::{Report, Row};
use stage::{Fate, Staging, Wishes};
use store::Store;

/// The folder of single sheets, and what their exports are called in the ledger.
const SHEETS: &str = "sheets";

/// A run: the ledger as it will be, and what is said of everybody.
struct Session<'a> {
    job: &'a Job<'a>,
    roster: &'a job::Read,
    ledger: Ledger,
    running: Running,
    report: Report,
}

/// An account that the log is told of.
#[derive(Clone, Copy)]
struct Told {
    /// Its place in the ledger.
    place: usize,
    /// What the log calls it.
    action: &'static str,
}

/// Stages everybody on the roster.
///
/// # Errors
/// Whatever stops the run. Secrets that were made are in the ledger then; nothing else holds one that is not there.
pub(crate) fn run(args: &PrestageArgs, terminal: &Terminal) -> Result<Exit, Failure> {
    let job = Job::of(args)?;
    output::check_folder(&job.folder)?;
    if !args.files.resume {
        files::check_empty(&job.folder)?;
    }
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
    if let Some(found) = &found {
        store::check_recipients(&job.args.ledger, &found.ledger)?;
    }
    let mut session = Session::begin(job, roster, found.map(|found| found.ledger))?;
    session.mark()?;
    let staging = session.staging()?;
    for (person, fate) in &staging.people {
        let entry = match fate {
            Fate::Kept { entry, .. } => session.ledger.entries.get(*entry),
            _ => None,
        };
        session.report.people.push(Row::of(person, fate, entry));
    }
    session.report.people.extend(Row::gone(&staging, &session.ledger));
    let kept = staging.people.iter().filter_map(|(_, fate)| match fate {
        Fate::Kept { entry, .. } => Some(*entry),
        _ => None,
    });
    let kept: Vec<usize> = kept.collect();
    for server in &job.servers {
        let due = job.due(&job.target_of(*server), &kept, &session.ledger);
        for refused in files::refused(*server, &session.ledger, &due, &job.tokens) {
            session.report.people.extend(refused.row(&session.ledger));
        }
    }
    Ok(session.report)
}

fn stage(job: &Job<'_>, roster: &job::Read) -> Result<Report, Failure> {
    let _folder = NewFolder::create(&job.folder)?;
    let lock = Store::lock(&job.ledger)?;
    let found = store::find(&job.ledger, &job.args.read)?;
    let password = new_password(job)?;
    let store = Store::new(job, found.as_ref(), lock)?;
    let mut session = Session::begin(job, roster, found.map(|found| found.ledger))?;
    files::check_own(job, &session.running)?;
    let mut told = session.mark()?;
    let staging = session.staging()?;
    let staged = session.mint(staging)?;
    let mut log = job.open_log(&session.running, roster)?;
    store.save(&session.ledger)?;
    files::clear(job, &session.running, &session.ledger)?;
    told.extend(&staged);
    session.tell(&told, &mut log)?;
    session.deliver(&staged, password.as_ref(), &store, &mut log)?;
    Ok(session.report)
}

/// The password of files that are encrypted for a server. Asked for before anything is made.
fn new_password(job: &Job<'_>) -> Result<Option<SecretText>, Failure> {
    let files = &job.args.files;
    let Some(first) = job.servers.iter().find(|server| server.encrypts(files.plain)) else { return Ok(None) };
    let what = format!("the {} file", first.form.format.info().title);
    let password = password::new_password(files.new_password_file.as_deref(), &what, true)?;
    let is_pskc = job.servers.iter().any(|server| server.form.format.info().id == "pskc");
    if is_pskc && !(password.expose().is_ascii() && PSKC_PASSWORD.contains(&password.expose().len())) {
        return Err(Failure::new(Exit::Usage, "not every server opens a PSKC file with this password")
            .next_step("Take 8 to 64 English letters, digits and signs"));
    }
    Ok(Some(password))
}

/// Lengths that LinOTP (6 to 64) and ykman (at least 8) both take; LinOTP takes ASCII only.
const PSKC_PASSWORD: std::ops::RangeInclusive<usize> = 8..=64;

impl<'a> Session<'a> {
    fn begin(job: &'a Job<'a>, roster: &'a job::Read, ledger: Option<Ledger>) -> Result<Self, Failure> {
        let is_new_ledger = ledger.is_none();
        let mut ledger = ledger.map_or_else(job::new_ledger, Ok)?;
        if !job.args.ledger.age_recipient.is_empty() {
            ledger.recipients.clone_from(&job.args.ledger.age_recipient);
        }
        let running = Running::begin(&mut ledger, job)?;
        let mut report = Report { is_new_ledger, ..job.report(&running, roster) };
        let age = log::age(&job.log_path(), &ledger)?;
        if age.is_older && !job.args.ledger.older_ledger {
            return Err(log::older(&job.log_path(), job.args.files.resume));
        }
        report.warnings.extend(age.lost.iter().map(log::Lost::warning));
        // A run that was killed has perhaps told its log nothing yet, and is gone on with.
        let has_ended = ledger.runs.iter().any(|run| run.finished.is_some());
        if !(age.has_log || is_new_ledger) && (has_ended || !running.resumed) {
            report.warnings.push(
                Item::new(
                    "log-missing",
                    "the log of the ledger is not beside it: nobody can tell whether this is the newest copy",
                )
                .next_step("Bring the log back, or make sure that nobody was made since"),
            );
        }
        running.forget_exports(&mut ledger, job);
        Ok(Self { job, roster, ledger, running, report })
    }

    /// What is to become of everybody, after the servers were asked what they take.
    fn staging(&self) -> Result<Staging<'a>, Failure> {
        let args = self.job.args;
        let wishes = Wishes {
            issuer: &self.job.issuer,
            blueprint: &self.job.blueprint,
            include_disabled: args.people.include_disabled,
            additional_issuer: args.ledger.additional_issuer,
            new_people: args.people.new_people,
            reissue: &args.people.reissue,
            resumed: self.running.resumed.then_some(self.running.id.as_str()),
        };
        let roster = &self.roster.roster;
        let mut staging = Staging::of(roster, &self.ledger, &wishes, |person| self.job.is_meant(person))?;
        self.job.refuse(&mut staging, &self.ledger);
        Ok(staging)
    }
}
