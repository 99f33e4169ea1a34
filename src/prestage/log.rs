//! The audit log: one JSON object a line, only ever added to, and without secrets.
//!
//! Each line holds the SHA-256 of the line before, so that a line that is taken out or altered shows.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use otpferry_formats::ledger::{Entry, Ledger};
use otpferry_formats::report::Item;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::store::owner_only;
use crate::encode;
use crate::failure::Failure;
use crate::show;

/// What the log calls it that a run went on with an older copy of the ledger, as it was told to.
pub(super) const OLDER_LEDGER: &str = "older-ledger";

/// The log of a ledger, open at its end.
pub(super) struct Log {
    path: PathBuf,
    file: BufWriter<File>,
    context: Context,
    previous: String,
}

/// What every line of a run says.
#[derive(Clone, Debug)]
pub(super) struct Context {
    pub(super) run: String,
    pub(super) user: String,
    pub(super) host: String,
    pub(super) roster: Option<FileHash>,
}

/// A file and what was in it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct FileHash {
    pub(super) name: String,
    pub(super) sha256: String,
}

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    run: &'a str,
    version: &'static str,
    user: &'a str,
    host: &'a str,
    action: &'static str,
    #[serde(flatten)]
    about: About<'a>,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    roster: Option<&'a FileHash>,
    /// SHA-256 of the line before, without its end; empty on the first.
    previous: &'a str,
}

/// What a line is about.
#[derive(Serialize)]
#[serde(untagged)]
enum About<'a> {
    Account(AccountLine<'a>),
    File(FileAbout<'a>),
    Run {},
}

#[derive(Serialize)]
struct AccountLine<'a> {
    key: &'a str,
    account: &'a str,
    issuer: &'a str,
    serial: &'a str,
    #[serde(rename = "type")]
    kind: Option<&'static str>,
    algorithm: Option<&'static str>,
    digits: Option<u8>,
    period: Option<u32>,
    secret_bytes: Option<usize>,
    /// Tells whether it is the same secret as in another line of this ledger.
    secret_id: Option<String>,
}

/// A file that was written.
#[derive(Serialize)]
pub(super) struct FileAbout<'a> {
    pub(super) target: &'a str,
    pub(super) file: &'a str,
    pub(super) accounts: usize,
    pub(super) bytes: u64,
    /// Of files of several people only: the hash of a short one confirms a guess.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sha256: Option<&'a str>,
}

impl Log {
    /// Opens the log for adding lines.
    ///
    /// # Errors
    /// [`crate::Exit::Io`].
    pub(super) fn open(path: PathBuf, context: Context) -> Result<Self, Failure> {
        let open = || -> io::Result<(File, String)> {
            let mut options = OpenOptions::new();
            options.create(true).read(true).append(true);
            let mut file = owner_only(&mut options).open(&path)?;
            only_for_owner(&file)?;
            let previous = hash_of_last_line(&mut file)?;
            Ok((file, previous))
        };
        let (file, previous) = open().map_err(|error| Failure::io(&path, "open the audit log", &error))?;
        Ok(Self { file: BufWriter::with_capacity(1 << 16, file), path, context, previous })
    }

    /// Serial numbers of the accounts that the log says this run has made.
    ///
    /// # Errors
    /// [`crate::Exit::Io`].
    pub(super) fn staged(&self, run: &str) -> Result<HashSet<String>, Failure> {
        let mut serials = HashSet::new();
        let file = File::open(&self.path).map_err(|error| self.failed(&error))?;
        for line in BufReader::new(file).lines() {
            let line = line.map_err(|error| self.failed(&error))?;
            // A line that was cut off tells nothing.
            let Ok(told) = serde_json::from_str::<Told>(&line) else { continue };
            if told.run == run && (told.action == "stage" || told.action == "reissue") {
                serials.insert(told.serial);
            }
        }
        Ok(serials)
    }

    /// Adds a line about an account.
    pub(super) fn account(
        &mut self,
        action: &'static str,
        entry: &Entry,
        ledger: &Ledger,
        outcome: &'static str,
    ) -> Result<(), Failure> {
        let otp = entry.otp.as_ref();
        let about = About::Account(AccountLine {
            key: &entry.key,
            account: &entry.account,
            issuer: &entry.issuer,
            serial: &entry.device.serial,
            kind: otp.map(|otp| otp.kind().name()),
            algorithm: otp.map(|otp| otp.algorithm().name()),
            digits: otp.map(otpferry_formats::model::Otp::digits),
            period: otp.and_then(otpferry_formats::model::Otp::period),
            secret_bytes: otp.map(|otp| otp.secret().expose().len()),
            secret_id: otp.map(|otp| ledger.secret_id(otp.secret())),
        });
        self.line(action, about, outcome)
    }

    /// Adds a line about a file.
    pub(super) fn file(&mut self, action: &'static str, about: FileAbout<'_>) -> Result<(), Failure> {
        self.line(action, About::File(about), "done")
    }

    /// Adds a line about the run as a whole.
    pub(super) fn run(&mut self, action: &'static str, outcome: &'static str) -> Result<(), Failure> {
        self.line(action, About::Run {}, outcome)
    }

    fn line(&mut self, action: &'static str, about: About<'_>, outcome: &'static str) -> Result<(), Failure> {
        let context = &self.context;
        let line = Line {
            time: encode::now().to_string(),
            run: &context.run,
            version: env!("CARGO_PKG_VERSION"),
            user: &context.user,
            host: &context.host,
            action,
            about,
            outcome,
            roster: context.roster.as_ref().filter(|_| action == "begin" || action == "resume"),
            previous: &self.previous,
        };
        let mut text = serde_json::to_vec(&line)
            .map_err(|_| Failure::new(crate::Exit::Internal, "cannot write the audit log"))?;
        self.previous = HEXLOWER.encode(&Sha256::digest(&text));
        text.push(b'\n');
        self.file.write_all(&text).map_err(|error| self.failed(&error))
    }

    /// Sees that everything is on the disk.
    pub(super) fn sync(&mut self) -> Result<(), Failure> {
        let synced = self.file.flush().and_then(|()| self.file.get_ref().sync_data());
        synced.map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &io::Error) -> Failure {
        Failure::io(&self.path, "write the audit log", error)
    }
}

/// What a log says of the age of its ledger.
#[derive(Default)]
pub(super) struct Age {
    /// Whether there is a log.
    pub(super) has_log: bool,
    /// The log tells of a run that the ledger does not know. A run of this ledger that was told to go on all the same
    /// settles what the log has before it.
    pub(super) is_older: bool,
    /// Accounts that such runs have made.
    pub(super) lost: Vec<Lost>,
}

/// An account that the log tells of and the ledger does not know.
pub(super) struct Lost {
    serial: String,
    account: String,
}

impl Lost {
    /// Whoever has it would have two.
    pub(super) fn warning(&self) -> Item {
        let message = format!(
            "the log says that token {} was made for {} by a run that the ledger does not know",
            show::named("", &self.serial),
            show::named("", &self.account)
        );
        Item::new("second-secret", message)
            .next_step("Remove that token at the server and destroy its sheet; the one of this ledger counts")
    }
}

/// A line of the log, as far as the age of the ledger goes.
#[derive(Deserialize)]
struct Told {
    run: String,
    action: String,
    #[serde(default)]
    serial: String,
    #[serde(default)]
    account: String,
    previous: String,
}

/// Reads the log. Each line has the hash of the one before: so a line that an interrupted run has not ended is told
/// from one that was altered.
///
/// # Errors
/// [`crate::Exit::Refused`] for a log that was altered; [`crate::Exit::Io`].
pub(super) fn age(path: &Path, ledger: &Ledger) -> Result<Age, Failure> {
    let failed = |error: io::Error| Failure::io(path, "read the audit log", &error);
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Age::default()),
        opened => opened.map_err(failed)?,
    };
    let runs: HashSet<&str> = ledger.runs.iter().map(|run| run.id.as_str()).collect();
    let mut age = Age::default();
    let (mut previous, mut is_cut_off) = (String::new(), false);
    for (number, line) in (1..).zip(BufReader::new(file).split(b'\n')) {
        let line = line.map_err(failed)?;
        let told = serde_json::from_slice::<Told>(&line).ok();
        if told.as_ref().map_or(is_cut_off, |told| told.previous != previous) {
            return Err(altered(path, number));
        }
        (previous, is_cut_off, age.has_log) = (sha256(&line), told.is_none(), true);
        if let Some(told) = told {
            age.heed(told, &runs);
        }
    }
    Ok(age)
}

impl Age {
    fn heed(&mut self, told: Told, runs: &HashSet<&str>) {
        if runs.contains(told.run.as_str()) {
            if told.action == OLDER_LEDGER {
                *self = Self { has_log: true, ..Self::default() };
            }
            return;
        }
        self.is_older = true;
        if told.action == "stage" || told.action == "reissue" {
            self.lost.push(Lost { serial: told.serial, account: told.account });
        }
    }
}

fn altered(path: &Path, number: usize) -> Failure {
    let message = format!(
        "the log was altered or damaged before its line {number}: nobody can tell whether this is the newest ledger"
    );
    Failure::new(crate::Exit::Refused, message).in_file(&path.to_string_lossy()).next_step(
        "Bring the log back as it was; or move it away, when you are sure that the ledger is the newest copy",
    )
}

/// Whoever was made since the copy would be made a second time.
pub(super) fn older(path: &Path, is_resumed: bool) -> Failure {
    let step = match is_resumed {
        false => {
            "Take the newest copy of the ledger; with --older-ledger everybody who was made since gets a second secret"
        }
        true => {
            "If the interrupted run was told --older-ledger, give that again beside --resume; else take the newest copy of the ledger"
        }
    };
    Failure::new(
        crate::Exit::Refused,
        "the log tells of a run that the ledger does not know: the ledger is an older copy, or another one",
    )
    .in_file(&path.to_string_lossy())
    .next_step(step)
}

/// Also when somebody else has made the file.
#[cfg(unix)]
fn only_for_owner(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o600))
}

/// Elsewhere the folder decides.
#[cfg(not(unix))]
fn only_for_owner(_: &File) -> io::Result<()> {
    Ok(())
}

/// A line that an interrupted run has begun is ended first: it stays as it is.
fn hash_of_last_line(file: &mut File) -> io::Result<String> {
    /// No line is longer.
    const MOST: u64 = 1 << 16;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(MOST)))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    if tail.is_empty() {
        return Ok(String::new());
    }
    if tail.last() == Some(&b'\n') {
        tail.pop();
    } else {
        file.write_all(b"\n")?;
    }
    let last = tail.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    Ok(HEXLOWER.encode(&Sha256::digest(last)))
}

/// SHA-256 of bytes, as the log has it.
pub(super) fn sha256(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}
