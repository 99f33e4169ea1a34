//! Accounts into proved outputs: what `convert` does.

mod outcome;
mod target;

use jiff::Timestamp;
use otpferry_formats::model::{Account, SecretText, Vault, merge};
use otpferry_formats::{Ctx, Error, ErrorKind, Fit, Limits};
use zeroize::Zeroizing;

use crate::cli::ConvertArgs;
use crate::envelope::Seal;
use crate::failure::{Exit, Failure};
use crate::intake::{self, Intake};
use crate::output::Pending;
use crate::password;
use crate::proof::{self, Proved};
use crate::report::{OutputLine, Report};
use crate::show::Terminal;

use outcome::Outcomes;
use target::{Destination, Target};

/// What a conversion came to.
#[derive(Debug)]
pub struct Converted {
    /// What became of every account.
    pub report: Report,
    /// The exit code that says so.
    pub exit: Exit,
    /// What to do with each output, in order.
    pub import_help: Vec<&'static str>,
    /// Whether standard output carries the result, so that the report must not.
    pub stdout_is_taken: bool,
}

/// Reads, merges, writes and proves.
///
/// # Errors
/// Whatever stops the run before there is a report. Nothing is left behind then.
pub fn run(args: &ConvertArgs, terminal: &Terminal) -> Result<Converted, Failure> {
    let targets = target::targets(args)?;
    if let Some(path) = &args.report {
        crate::output::check_free(path, args.force)?;
    }
    let mut intake = intake::read(&args.read, terminal)?;
    let seal = seal(args, &targets, &intake)?;
    let mut job = Job::new(args, &mut intake);
    job.terminal_check(&targets, seal.is_some(), args.show_secrets)?;
    let exit = if !job.report.missing_parts.is_empty() && !args.read.partial {
        Exit::Incomplete
    } else {
        job.write_all(&targets, seal.as_ref())?;
        if job.report.needs_attention() { Exit::Attention } else { Exit::Done }
    };
    if let Some(path) = &args.report {
        save_report(path, &job.report, args.force)?;
    }
    Ok(Converted {
        exit,
        import_help: targets.iter().map(|target| target.writing.import_help).collect(),
        stdout_is_taken: targets.iter().any(|target| target.destination == Destination::Stdout),
        report: job.report,
    })
}

/// How the outputs are sealed with age. A passphrase file serves for reading when an age file was
/// read; it seals the output as well only when the output is named `.age`.
fn seal(args: &ConvertArgs, targets: &[Target], intake: &Intake) -> Result<Option<Seal>, Failure> {
    if !args.age_recipient.is_empty() {
        return Seal::to_recipients(&args.age_recipient).map(Some);
    }
    let named_age = targets.iter().any(Target::is_named_age);
    match &args.read.age_passphrase_file {
        Some(path) if named_age || !intake.opened_age => {
            password::first_line(path).map(|passphrase| Some(Seal::with_passphrase(&passphrase)))
        }
        _ if named_age => Err(Failure::new(
            Exit::Usage,
            "the output is named .age, and no key or passphrase is given for it",
        )
        .next_step("Give -r age1... or --age-passphrase-file FILE, or choose another name")),
        _ => Ok(None),
    }
}

fn save_report(path: &std::path::Path, report: &Report, replace: bool) -> Result<(), Failure> {
    let mut json = serde_json::to_vec_pretty(report)
        .map_err(|_| Failure::new(Exit::Internal, "cannot write the report as JSON"))?;
    json.push(b'\n');
    Pending::write(path, &json, replace)?.publish().map(|_| ())
}

/// The merged accounts of a run and what is known about them so far.
struct Job<'a> {
    args: &'a ConvertArgs,
    limits: Limits,
    accounts: Vec<Account>,
    intake: &'a Intake,
    report: Report,
}

/// One output, complete but for its name.
struct Prepared {
    line: OutputLine,
    pending: Vec<Pending>,
    stdout: Option<Zeroizing<Vec<u8>>>,
}

impl<'a> Job<'a> {
    fn new(args: &'a ConvertArgs, intake: &'a mut Intake) -> Self {
        let mut report = Report::default();
        let parts = intake.parts();
        report.files = intake.files.iter().map(intake::File::line).collect();
        report.read = intake.files.iter().map(|file| file.vault.entries()).sum();
        report.missing_parts = merge::missing_parts(&parts);
        report.warnings = merge::inconsistent_parts(&parts);
        report.warnings.extend(intake.not_read.iter().cloned());
        for file in &intake.files {
            report.warnings.extend(file.vault.warnings.iter().cloned());
            report.not_moved.extend(file.vault.skipped.iter().cloned());
        }
        let merged = merge::accounts(intake.take_accounts());
        report.duplicates = merged.duplicates;
        report.conflicts = merged.conflicts;
        Self { args, limits: args.read.limits(), accounts: merged.accounts, intake, report }
    }

    /// Plain secrets on a terminal stay in its history and in photographs of it.
    fn terminal_check(&self, targets: &[Target], sealed: bool, allowed: bool) -> Result<(), Failure> {
        let shows = |target: &Target| {
            target.destination == Destination::Stdout && !target.encrypts(self.args, sealed)
        };
        let dry = self.args.dry_run;
        if dry || allowed || sealed || !Terminal::stdout_is_terminal() || !targets.iter().any(shows) {
            return Ok(());
        }
        Err(Failure::new(Exit::Refused, "this would print secrets on the terminal")
            .next_step("Write to a file with -o FILE, or allow it with --show-secrets"))
    }

    fn write_all(&mut self, targets: &[Target], seal: Option<&Seal>) -> Result<(), Failure> {
        let fits: Vec<Vec<Fit>> = targets.iter().map(|target| target.format.fit(&self.accounts)).collect();
        let mut outcomes = Outcomes::new(&self.accounts, targets, fits);
        let would_lose = outcomes.has_loss() || self.report.has_loss();
        let write = !(self.args.dry_run || (self.args.strict && would_lose));
        let password = if write { self.new_password(targets, seal, &outcomes)? } else { None };
        let mut prepared = Vec::new();
        for (index, target) in targets.iter().enumerate() {
            let kept = outcomes.kept(index);
            if kept.is_empty() && !target.is_worth_writing_empty() {
                continue;
            }
            let encrypted = target.encrypts(self.args, seal.is_some());
            let password = password.as_ref().filter(|_| encrypted && write);
            let (output, proved) = self.prepare(target, &kept, password, seal, write)?;
            outcomes.record(index, &proved);
            if write && !output.line.encrypted {
                self.report.warnings.push(outcome::plain_output(&output.line));
            }
            prepared.push((output, proved));
        }
        outcomes.report(&mut self.report);
        if self.args.strict && would_lose {
            self.report.warnings.push(outcome::strict());
            return Ok(());
        }
        self.report.verified = outcome::verified(prepared.iter().map(|(_, proved)| proved));
        if write {
            self.publish(prepared.into_iter().map(|(output, _)| output).collect())?;
        }
        Ok(())
    }

    fn new_password(
        &self,
        targets: &[Target],
        seal: Option<&Seal>,
        outcomes: &Outcomes<'_>,
    ) -> Result<Option<SecretText>, Failure> {
        let needs = |(index, target): (usize, &Target)| {
            target.encrypts(self.args, seal.is_some()) && !outcomes.kept(index).is_empty()
        };
        if !targets.iter().enumerate().any(needs) {
            return Ok(None);
        }
        let titles: Vec<_> = targets
            .iter()
            .filter(|target| target.encrypts(self.args, seal.is_some()))
            .map(|target| target.format.info().title)
            .collect();
        let what = format!("the {} file", titles.join(" and "));
        password::new_password(self.args.new_password_file.as_deref(), &what).map(Some)
    }

    /// Encodes, writes under temporary names, reads that again, and compares codes.
    fn prepare(
        &self,
        target: &Target,
        kept: &[Account],
        password: Option<&SecretText>,
        seal: Option<&Seal>,
        write: bool,
    ) -> Result<(Prepared, Proved), Failure> {
        let parts = self.encode(target, kept, password)?;
        let pieces = target.pieces(&parts)?;
        let mut prepared = Prepared {
            line: OutputLine {
                path: target.destination.shown(&pieces),
                format: target.format.info().id.to_owned(),
                encrypted: password.is_some() || seal.is_some(),
                accounts: kept.len(),
            },
            pending: Vec::new(),
            stdout: None,
        };
        let mut content = Zeroizing::new(Vec::new());
        for piece in pieces {
            let armored = piece.path.is_none() && Terminal::stdout_is_terminal();
            let bytes = match seal {
                Some(seal) => Zeroizing::new(seal.seal(&piece.bytes, armored)?),
                None => piece.bytes.clone(),
            };
            match &piece.path {
                Some(path) if write => {
                    let pending = Pending::write(path, &bytes, self.args.force)?;
                    let back = pending.read_back()?;
                    if back != bytes {
                        return Err(Failure::new(
                            Exit::CodesDiffer,
                            "the disk gave back other bytes than were written",
                        )
                        .in_file(&path.to_string_lossy()));
                    }
                    let readable = if seal.is_some() { &piece.bytes } else { &back };
                    content.extend(piece.content(readable)?);
                    prepared.pending.push(pending);
                }
                Some(_) => content.extend(piece.content(&piece.bytes)?),
                None => {
                    content.extend(piece.content(&piece.bytes)?);
                    prepared.stdout = Some(bytes);
                }
            }
        }
        let proved = proof::prove(target.format, kept, &content, password, &self.limits)?;
        Ok((prepared, proved))
    }

    fn encode(
        &self,
        target: &Target,
        kept: &[Account],
        password: Option<&SecretText>,
    ) -> Result<Vec<otpferry_formats::Part>, Failure> {
        let mut random = |buffer: &mut [u8]| {
            getrandom::fill(buffer)
                .map_err(|_| Error::new(ErrorKind::Internal, "the system gives no random numbers"))
        };
        let mut ctx = Ctx {
            passwords: &mut otpferry_formats::NoPasswords,
            new_password: password,
            random: &mut random,
            now: now(),
            limits: &self.limits,
            per_qr: usize::from(self.args.per_qr),
        };
        let vault = Vault { accounts: kept.to_vec(), extra: self.extra_for(target), ..Vault::default() };
        target.format.encode(&vault, &mut ctx).map_err(Failure::from)
    }

    /// What the target's own app knew about the file, when just one file of it was read.
    fn extra_for(&self, target: &Target) -> otpferry_formats::model::Extra {
        let id = target.format.info().id;
        let mut own = self.intake.files.iter().filter(|file| file.format == id);
        match (own.next(), own.next()) {
            (Some(file), None) => file.vault.extra.clone(),
            _ => Default::default(),
        }
    }

    /// Names all files, or none of them.
    fn publish(&mut self, outputs: Vec<Prepared>) -> Result<(), Failure> {
        let mut published = Vec::new();
        for output in outputs {
            for pending in output.pending {
                match pending.publish() {
                    Ok(path) => published.push(path),
                    Err(failure) => {
                        crate::output::withdraw(&published);
                        return Err(failure);
                    }
                }
            }
            if let Some(bytes) = output.stdout {
                Terminal::write_stdout(&bytes)?;
            }
            self.report.outputs.push(output.line);
        }
        Ok(())
    }
}

/// The time without fractions of a second: files state no more.
fn now() -> Timestamp {
    Timestamp::from_second(Timestamp::now().as_second()).unwrap_or_default()
}
