//! What one run was asked to do.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use otpferry_formats::ledger::{Entry, Ledger, Run};
use otpferry_formats::model::{Account, Secret, SecretText};
use otpferry_formats::report::Item;
use otpferry_formats::roster::{self, Person, Roster};
use otpferry_formats::{Fit, TokenOptions};
use rayon::prelude::*;

use super::SHEETS;
use super::files::Manner;
use super::log::{self, Context, FileHash, Log};
use super::report::Report;
use super::server::Server;
use super::stage::{Fate, Staging};
use super::store;
use super::token::Blueprint;
use crate::cli::{PrestageArgs, SheetKind, TokenKind, is_delimited};
use crate::encode;
use crate::failure::{Exit, Failure};
use crate::intake;
use crate::password;
use crate::random;
use crate::select::Selection;

/// Samples that a server is asked about at a time.
const SAMPLES: usize = 5_000;

/// What to do, checked as far as the command line goes.
pub(super) struct Job<'a> {
    pub(super) args: &'a PrestageArgs,
    pub(super) issuer: String,
    pub(super) blueprint: Blueprint,
    pub(super) servers: Vec<Server>,
    /// What is said about the files of servers.
    pub(super) tokens: TokenOptions,
    pub(super) folder: PathBuf,
    pub(super) ledger: PathBuf,
    pub(super) sheets: Vec<SheetKind>,
    selection: Selection,
    /// Login names and keys of `--only-file`.
    listed: Option<HashSet<String>>,
}

/// A roster that was read.
pub(super) struct Read {
    pub(super) roster: Roster,
    file: FileHash,
}

/// The run as the ledger knows it.
pub(super) struct Running {
    pub(super) id: String,
    pub(super) started: jiff::Timestamp,
    /// Whether it goes on with one that was there.
    pub(super) resumed: bool,
    /// Whether the run before it was interrupted and is not gone on with.
    pub(super) after_interrupted: bool,
}

impl<'a> Job<'a> {
    /// # Errors
    /// [`Exit::Usage`] for what cannot be, before anything is read.
    pub(super) fn of(args: &'a PrestageArgs) -> Result<Self, Failure> {
        let missing = || Failure::new(Exit::Usage, "give a roster, --issuer, -t and -o");
        let issuer = args.issuer.clone().ok_or_else(missing)?;
        check_issuer(&issuer)?;
        let folder = store::whole(args.output.as_deref().ok_or_else(missing)?);
        check_unused(args)?;
        let blueprint = Blueprint::of(&args.token)?;
        let tokens = args.read.writing(&args.to).token_options()?;
        let mut servers: Vec<Server> = Vec::new();
        for name in &args.to {
            let server = Server::named(name, &blueprint, &tokens)?;
            if servers.iter().any(|other| other.form.writing.file_name == server.form.writing.file_name) {
                return Err(Failure::new(
                    Exit::Usage,
                    format!("two files would be called {}", server.form.writing.file_name),
                )
                .next_step("Name each format once, and one form of it"));
            }
            if server.form.writing.encryption == otpferry_formats::Encryption::Always && args.files.plain {
                let message = format!("{} opens only encrypted files", server.form.writing.caps.app);
                return Err(Failure::new(Exit::Usage, message).next_step("Write it in a run without --plain"));
            }
            server.check_options(&blueprint, &tokens)?;
            servers.push(server);
        }
        let ledger =
            args.ledger.ledger.clone().unwrap_or_else(|| folder.with_file_name("otpferry-ledger.age"));
        let ledger = store::place(&ledger, &folder)?;
        let listed = args.people.only_file.as_deref().map(list).transpose()?;
        let sheets = args.files.sheets.iter().copied().filter(|kind| *kind != SheetKind::None).collect();
        let selection = Selection::new(&args.read.only, &args.read.exclude)?;
        Ok(Self { args, issuer, blueprint, servers, tokens, folder, ledger, sheets, selection, listed })
    }

    /// Reads the roster.
    ///
    /// # Errors
    /// As [`roster::read`]; [`Exit::Io`].
    pub(super) fn read_roster(&self) -> Result<Read, Failure> {
        let path = self.args.roster.as_deref().unwrap_or_else(|| Path::new("-"));
        let name = path.to_string_lossy().into_owned();
        let file = (name != "-").then_some(path);
        let limits = self.args.read.cost.limits();
        let bytes = intake::bytes_of(file, limits.bytes).map_err(|failure| failure.in_file(&name))?;
        let people = &self.args.people;
        let options = roster::Options::parse(&people.column, &people.conditions).map_err(|message| {
            Failure::new(Exit::Usage, message).next_step(
                "Write --column account=Login, and --where department=Sales, with names from the first line",
            )
        })?;
        let roster =
            roster::read(&bytes, &options, &limits).map_err(|error| Failure::from(error).in_file(&name))?;
        Ok(Read { roster, file: FileHash { name, sha256: log::sha256(&bytes) } })
    }

    /// Whether a person of the roster is one that this run is about.
    pub(super) fn is_meant(&self, person: &Person) -> bool {
        let is_listed = |listed: &HashSet<String>| names(person).iter().any(|name| listed.contains(name));
        self.selection.includes(&person.display, &person.account)
            && self.listed.as_ref().is_none_or(is_listed)
    }

    /// Lines of `--only-file` that mean nobody of the roster.
    fn unmatched(&self, roster: &Roster) -> Vec<Item> {
        let Some(listed) = &self.listed else { return Vec::new() };
        let known: HashSet<String> = roster.people.iter().flat_map(names).collect();
        let mut unknown: Vec<&String> = listed.difference(&known).collect();
        unknown.sort();
        let item = |name: &String| {
            let message = format!("{} of --only-file is nobody of the roster", crate::show::named("", name));
            remark(
                "not-on-the-roster",
                message,
                "Write login names or keys as the roster has them, one a line",
            )
        };
        unknown.into_iter().map(item).collect()
    }

    /// Leaves out who cannot have an account, whatever the secret: a server would not take it.
    pub(super) fn refuse(&self, staging: &mut Staging<'_>, ledger: &Ledger) {
        let mut refusals: Vec<Option<Fate>> = vec![None; staging.people.len()];
        let new: Vec<usize> = (0..staging.people.len())
            .filter(|at| matches!(staging.people.get(*at), Some((_, Fate::New { .. }))))
            .collect();
        for server in &self.servers {
            let reasons =
                new.par_chunks(SAMPLES).flat_map_iter(|chunk| self.reasons(*server, chunk, staging));
            let reasons: Vec<Option<String>> = reasons.collect();
            for (at, reason) in new.iter().zip(reasons) {
                if let (Some(slot), Some(reason)) = (refusals.get_mut(*at), reason) {
                    slot.get_or_insert(Fate::LeftOut(reason));
                }
            }
        }
        self.refuse_too_many(staging, ledger, &mut refusals);
        for ((_, fate), refusal) in staging.people.iter_mut().zip(refusals) {
            if let Some(refusal) = refusal {
                *fate = refusal;
            }
        }
    }

    /// Why a server would not take accounts of these people; nothing else of its answer is kept, for there are many.
    fn reasons(&self, server: Server, chunk: &[usize], staging: &Staging<'_>) -> Vec<Option<String>> {
        let sample = |(number, at): (usize, &usize)| -> Option<Account> {
            let (person, _) = staging.people.get(*at)?;
            let (otp, device) = self.blueprint.sample(number)?;
            let id = person.directory_id.as_deref();
            Some(server.account(&person.account, id, &self.issuer, otp, device, &person.groups))
        };
        let accounts: Vec<Account> = chunk.iter().enumerate().filter_map(sample).collect();
        let named_badly = |account: &Account| account.name.contains(':') || account.name.trim().is_empty();
        let reason = |(account, fit): (&Account, Fit)| match named_badly(account) {
            // In a QR code a colon ends the name of the service.
            true => Some("its login name has a colon".to_owned()),
            false => fit.refused.map(|refusal| refusal.message),
        };
        accounts.iter().zip(server.fit(&accounts, &self.tokens)).map(reason).collect()
    }

    fn refuse_too_many(&self, staging: &Staging<'_>, ledger: &Ledger, refusals: &mut [Option<Fate>]) {
        let Some((server, most)) = self
            .servers
            .iter()
            .filter_map(|server| Some((server, server.most_per_person()?)))
            .min_by_key(|(_, most)| *most)
        else {
            return;
        };
        let mut held: HashMap<&str, usize> = HashMap::new();
        let at_server = |entry: &&Entry| {
            entry.state.is_live() && entry.exports.iter().any(|export| server.is_named_in(&export.target))
        };
        for entry in ledger.entries.iter().filter(at_server) {
            *held.entry(&entry.key).or_default() += 1;
        }
        for ((person, fate), slot) in staging.people.iter().zip(refusals) {
            let more = usize::from(matches!(fate, Fate::New { replaces: None, .. }));
            let total = held.get(person.key.as_str()).copied().unwrap_or(0) + more;
            if more > 0 && total > most {
                let app = server.form.writing.caps.app;
                let message =
                    format!("{app} takes at most {most} tokens of one person, and this would be one more");
                slot.get_or_insert(Fate::LeftOut(message));
            }
        }
    }

    /// What is to be said from the beginning.
    pub(super) fn report(&self, running: &Running, roster: &Read) -> Report {
        let mut report = Report {
            run: running.id.clone(),
            dry_run: self.args.files.dry_run,
            ledger: self.ledger.clone(),
            warnings: roster.roster.warnings.iter().filter(|item| !is_told_by_row(item)).cloned().collect(),
            ..Report::default()
        };
        report.warnings.extend(self.unmatched(&roster.roster));
        if let Some(message) = self.blueprint.warning() {
            let step = "Say on the sheets which apps to use, or take SHA1, six digits and 30 seconds";
            report.warnings.push(remark("unusual-parameters", message, step));
        }
        if running.after_interrupted {
            let step = "End it with --resume in its folder, or destroy that: who is in no finished file is written by the next run";
            report.warnings.push(remark("interrupted", "the run before was interrupted".to_owned(), step));
        }
        report
    }

    /// # Errors
    /// [`Exit::Io`].
    pub(super) fn open_log(&self, running: &Running, roster: &Read) -> Result<Log, Failure> {
        let variable =
            |names: &[&str]| names.iter().find_map(|name| std::env::var(name).ok()).unwrap_or_default();
        let context = Context {
            run: running.id.clone(),
            user: variable(&["USER", "LOGNAME", "USERNAME"]),
            host: gethostname::gethostname().to_string_lossy().into_owned(),
            roster: Some(roster.file.clone()),
        };
        Log::open(self.log_path(), context)
    }

    /// The log stands beside the ledger.
    pub(super) fn log_path(&self) -> PathBuf {
        store::beside(&self.ledger, store::LOG)
    }

    /// A path in the folder as the user named that.
    pub(super) fn shown(&self, path: &Path) -> PathBuf {
        match (path.strip_prefix(&self.folder), &self.args.output) {
            (Ok(below), Some(folder)) => folder.join(below),
            _ => path.to_owned(),
        }
    }

    /// How the files of a server are written.
    pub(super) fn manner_of<'m>(&'m self, server: Server, password: Option<&'m SecretText>) -> Manner<'m> {
        self.manner(password.filter(|_| server.encrypts(self.args.files.plain)))
    }

    /// How files are written, under a password or without one.
    pub(super) fn manner<'m>(&'m self, password: Option<&'m SecretText>) -> Manner<'m> {
        Manner {
            freeipa_owners: self.args.files.freeipa_owners,
            folder: &self.folder,
            per_file: usize::try_from(self.args.files.per_file).unwrap_or(usize::MAX),
            jobs: self.args.read.cost.jobs,
            password,
            replace: self.args.files.resume,
            tokens: self.tokens.clone(),
        }
    }

    /// What the ledger calls the files of a server: files with columns of their own are for another server when the
    /// columns are others.
    pub(super) fn target_of(&self, server: Server) -> String {
        let name = server.name();
        if !is_delimited(&name) {
            return name;
        }
        let hash = log::sha256(self.args.read.columns.join(",").as_bytes());
        format!("{name}#{}", hash.get(..8).unwrap_or_default())
    }

    /// Accounts that are to go into the files of a server in this run.
    pub(super) fn due(&self, target: &str, places: &[usize], ledger: &Ledger) -> Vec<usize> {
        let is_due = |place: &&usize| {
            self.args.files.all
                || ledger.entries.get(**place).is_some_and(|entry| entry.export(target).is_none())
        };
        places.iter().filter(is_due).copied().collect()
    }
}

/// Whether the row of a person says the same.
fn is_told_by_row(item: &Item) -> bool {
    matches!(item.code.as_str(), "account-disabled" | "guest")
}

fn remark(code: &str, message: String, next_step: &str) -> Item {
    Item::new(code, message).next_step(next_step)
}

impl Running {
    /// Begins a run, or goes on with the last one of this folder. When that was killed before it had made anything,
    /// the ledger knows nothing of it, and a new one begins.
    ///
    /// # Errors
    /// [`Exit::Internal`] when the operating system gives no random numbers.
    pub(super) fn begin(ledger: &mut Ledger, job: &Job<'_>) -> Result<Self, Failure> {
        let folder = job.folder.to_string_lossy().into_owned();
        let interrupted = ledger.runs.last().is_some_and(|run| run.finished.is_none());
        if let Some(run) = ledger.runs.iter().rev().find(|run| run.folder == folder && job.args.files.resume)
        {
            let is_last = ledger.runs.last().is_some_and(|last| last.id == run.id);
            let is_counted = run.finished.is_some() && job.args.token.kind == TokenKind::Hotp;
            if !is_last || is_counted {
                let message = if is_last {
                    "the run has ended: its counters have moved on since, and are not written again"
                } else {
                    "another run has followed the one of this folder, and has taken its place"
                };
                return Err(Failure::new(Exit::Refused, message)
                    .in_file(&folder)
                    .next_step("Begin a run in a new folder; --all writes everybody again"));
            }
            return Ok(Self {
                id: run.id.clone(),
                started: run.started,
                resumed: true,
                after_interrupted: false,
            });
        }
        let mut random = [0; 4];
        random::fill(&mut random)?;
        let started = encode::now();
        let id =
            format!("{}-{}", started.strftime("%Y%m%dT%H%M%SZ"), data_encoding::HEXLOWER.encode(&random));
        ledger.runs.push(Run { id: id.clone(), folder, started, finished: None });
        Ok(Self { id, started, resumed: false, after_interrupted: interrupted })
    }

    /// The files of a run that is gone on with are made again: until then nobody is in them.
    pub(super) fn forget_exports(&self, ledger: &mut Ledger, job: &Job<'_>) {
        if !self.resumed {
            return;
        }
        let names: HashSet<String> = job.servers.iter().map(|server| job.target_of(*server)).collect();
        for entry in ledger.entries.iter_mut().filter(|entry| entry.issuer == job.issuer) {
            entry.exports.retain(|export| {
                export.run != self.id || !(names.contains(&export.target) || export.target == SHEETS)
            });
        }
    }

    /// Notes that every file is where it belongs.
    pub(super) fn finish(&self, ledger: &mut Ledger) {
        for run in ledger.runs.iter_mut().filter(|run| run.id == self.id) {
            run.finished = Some(encode::now());
        }
    }
}

/// A ledger with nobody in it.
///
/// # Errors
/// [`Exit::Internal`] when the operating system gives no random numbers.
pub(super) fn new_ledger() -> Result<Ledger, Failure> {
    let mut key = vec![0; 32];
    random::fill(&mut key)?;
    let log_key =
        Secret::new(key).ok_or_else(|| Failure::new(Exit::Internal, "there is no key for the log"))?;
    Ok(Ledger {
        created: encode::now(),
        log_key,
        recipients: Vec::new(),
        runs: Vec::new(),
        entries: Vec::new(),
    })
}

/// People see it in their app; in a QR code a colon ends it.
fn check_issuer(issuer: &str) -> Result<(), Failure> {
    let wrong = |message: &str| Err(Failure::new(Exit::Usage, message));
    if issuer.trim().is_empty() || issuer.trim() != issuer {
        return wrong("--issuer takes a name without blanks around it");
    }
    if issuer.contains(':') || issuer.chars().any(char::is_control) {
        return wrong("--issuer takes a name without a colon: in a QR code it would end there");
    }
    Ok(())
}

/// What a person can be called in a list: the login name and the key.
fn names(person: &Person) -> [String; 2] {
    [roster::fold(&person.account), roster::fold(&person.key)]
}

/// Options about tables of tokens and encrypted inputs mean nothing for a roster.
fn check_unused(args: &PrestageArgs) -> Result<(), Failure> {
    let read = &args.read;
    let unused = [
        (
            "--columns",
            !read.columns.is_empty() && !args.to.iter().any(|name| is_delimited(name)),
            "--column FIELD=COLUMN says what a column of the roster means",
        ),
        ("--from", read.from.is_some(), "The roster is a table; --column says what its columns mean"),
        ("--secret-encoding", read.secret_encoding.is_some(), "Leave it out"),
        ("--key-file", !read.key_file.is_empty(), "Leave it out"),
        ("--partial", read.partial, "Leave it out"),
    ];
    match unused.into_iter().find(|(_, is_given, _)| *is_given) {
        Some((option, _, step)) => {
            Err(Failure::new(Exit::Usage, format!("{option} means nothing for a roster")).next_step(step))
        }
        None if args.files.freeipa_owners && !args.to.iter().any(|name| name.starts_with("pskc")) => Err(
            Failure::new(Exit::Usage, "--freeipa-owners goes with -t pskc, the file that FreeIPA imports")
                .next_step("Add -t pskc, or leave it out: commands of -t freeipa name the owners themselves"),
        ),
        None if args.files.all && args.token.kind == TokenKind::Hotp => {
            let message =
                "--all would write counters that have moved on since: the server would take used codes again";
            Err(Failure::new(Exit::Usage, message)
                .next_step("Move counter-based tokens from server to server there"))
        }
        None => Ok(()),
    }
}

fn list(path: &Path) -> Result<HashSet<String>, Failure> {
    // Read like a list of passwords: one a line, whatever wrote the file.
    let lines = password::lines(path)?;
    Ok(lines.iter().map(|line| roster::fold(line.expose().trim())).collect())
}
