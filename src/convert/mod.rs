//! Accounts into proved outputs: what `convert` does.

mod encryption;
mod target;

use std::path::Path;

use otpferry_formats::model::{Account, Extra, SecretText, Vault};
use otpferry_formats::{Encryption, Fit, Limits, TokenOptions};
use zeroize::Zeroizing;

use crate::cli::ConvertArgs;
use crate::encode;
use crate::envelope::Seal;
use crate::failure::{Exit, Failure};
use crate::guard::Guard;
use crate::intake::{self, Intake};
use crate::outcome::{self, Outcomes};
use crate::output::{self, NewFolder, Pending};
use crate::password;
use crate::proof::{self, Proved};
use crate::report::{self, OutputLine, Report};
use crate::show::{self, Terminal, Told};

use target::{Destination, Piece, Target};
pub(crate) use target::{form, joined, numbered};

/// What a conversion came to.
#[derive(Debug)]
pub struct Converted {
    /// What became of every account.
    pub report: Report,
    /// The exit code that says so.
    pub exit: Exit,
    /// What to do with each output, in order.
    pub import_help: Vec<&'static str>,
    /// Whether it was only a rehearsal.
    pub dry_run: bool,
    /// Whether standard output carries the result, so that the report must not.
    pub stdout_is_taken: bool,
}

impl Converted {
    /// The report as it is told.
    pub(crate) fn told(&self) -> Told<'_> {
        let help = self.import_help.iter().copied().chain([show::KEEP_THE_OLD_PHONE]);
        Told {
            report: &self.report,
            exit: self.exit,
            words: &show::CONVERTED,
            next: help.map(str::to_owned).collect(),
            dry_run: self.dry_run,
            stdout_is_taken: self.stdout_is_taken,
        }
    }
}

/// Reads, merges, writes and proves.
///
/// # Errors
/// Whatever stops the run before there is a report. Nothing is left behind then.
pub fn run(args: &ConvertArgs, terminal: &Terminal) -> Result<Converted, Failure> {
    let mut targets = target::targets(args)?;
    if let Some(path) = &args.report
        && !is_in_new_folder(path, args)
    {
        output::check_free(path, args.force)?;
    }
    let read = args.read.options.writing(&args.to);
    let tokens = read.token_options()?;
    let mut intake = intake::read(&args.read.inputs, &read, terminal)?;
    let seal = seal(args, &targets, &intake)?;
    target::settle(&mut targets, args, seal.is_some())?;
    let mut guard = Guard::new(&args.read.options, &args.new_password_file, &intake);
    args.report.iter().try_for_each(|path| guard.claim(path))?;
    let mut job = Job::new(args, &targets, tokens, &mut intake);
    job.terminal_check(&targets, seal.is_some(), args.show_secrets)?;
    let incomplete = job.report.is_incomplete(&args.read.options);
    let written = if incomplete {
        job.report.hold_back(&job.accounts);
        Written::default()
    } else {
        job.write_all(&targets, seal.as_ref(), &mut guard)?
    };
    let import_help = written.prepared.iter().map(|prepared| prepared.import_help).collect();
    job.publish(written)?;
    let exit = match incomplete {
        true => Exit::Incomplete,
        false if job.report.needs_attention() => Exit::Attention,
        false => Exit::Done,
    };
    Ok(Converted {
        exit,
        dry_run: args.dry_run,
        import_help,
        stdout_is_taken: targets.iter().any(|target| target.destination == Destination::Stdout),
        report: job.report,
    })
}

/// How the outputs are sealed with age. A passphrase that has opened an input serves for reading; it
/// seals the output as well only when that is named `.age`.
fn seal(args: &ConvertArgs, targets: &[Target], intake: &Intake) -> Result<Option<Seal>, Failure> {
    if !args.age_recipient.is_empty() {
        return Seal::to_recipients(&args.age_recipient).map(Some);
    }
    let named_age = targets.iter().any(Target::is_named_age);
    let passphrase = match named_age {
        true => intake.passphrase.as_ref(),
        false => intake.passphrase.as_ref().filter(|_| !intake.passphrase_was_used),
    };
    match passphrase {
        Some(passphrase) => Ok(Some(Seal::with_passphrase(passphrase))),
        None if named_age => Err(Failure::new(
            Exit::Usage,
            "the output is named .age, and no key or passphrase is given for it",
        )
        .next_step("Give -r age1... or --age-passphrase-file FILE, or choose another name")),
        None => Ok(None),
    }
}

/// Whether the report goes into the output folder, which is still to be made.
fn is_in_new_folder(report: &Path, args: &ConvertArgs) -> bool {
    target::folder(args).is_some_and(|folder| !folder.is_dir() && report.parent() == Some(folder))
}

fn pending_report(path: &Path, report: &Report, replace: bool) -> Result<Pending, Failure> {
    let mut json = serde_json::to_vec_pretty(report)
        .map_err(|_| Failure::new(Exit::Internal, "cannot write the report as JSON"))?;
    json.push(b'\n');
    Pending::write(path, &json, replace)
}

/// The merged accounts of a run and what is known about them so far.
struct Job<'a> {
    args: &'a ConvertArgs,
    limits: Limits,
    tokens: TokenOptions,
    accounts: Vec<Account>,
    intake: &'a Intake,
    report: Report,
}

/// One output, complete but for its name.
struct Prepared {
    line: OutputLine,
    pending: Vec<Pending>,
    stdout: Option<Zeroizing<Vec<u8>>>,
    import_help: &'static str,
}

/// Outputs that wait for their names, and the folder that was made for them.
#[derive(Default)]
struct Written {
    prepared: Vec<Prepared>,
    folder: Option<NewFolder>,
}

impl<'a> Job<'a> {
    fn new(args: &'a ConvertArgs, targets: &[Target], tokens: TokenOptions, intake: &'a mut Intake) -> Self {
        let (report, mut accounts) = Report::of_inputs(intake, &args.read.options);
        // What only one app knows is of use to that app and to the canonical file. In a large vault
        // it is as much as everything else.
        let wanted = |id: &String| targets.iter().any(|target| target.keeps_extra_of(id));
        accounts.iter_mut().for_each(|account| account.extra.retain(|id, _| wanted(id)));
        let options = &args.read.options;
        Self { args, limits: options.cost.limits(), tokens, accounts, intake, report }
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

    fn write_all(
        &mut self,
        targets: &[Target],
        seal: Option<&Seal>,
        guard: &mut Guard,
    ) -> Result<Written, Failure> {
        let fits: Vec<Vec<Fit>> =
            targets.iter().map(|target| target.fit(&self.accounts, &self.tokens)).collect();
        let mut outcomes =
            Outcomes::new(&self.accounts, targets.iter().map(|target| target.form).collect(), fits);
        let lost_before = self.report.has_loss();
        let strict = self.args.strict;
        let write = !(self.args.dry_run || (strict && (lost_before || outcomes.has_loss())));
        let password = if write { self.new_password(targets, seal, &outcomes)? } else { None };
        if let Some(password) = &password {
            let encrypting = || targets.iter().filter(|target| target.encrypts(self.args, seal.is_some()));
            self.report.warnings.extend(encryption::not_ascii(password, encrypting()));
            self.report.warnings.extend(encryption::weak_encryption(encrypting()));
        }
        let folder = match target::folder(self.args) {
            Some(folder) if write => NewFolder::create(folder)?,
            _ => None,
        };
        // What is not kept needs no secret password.
        let rehearsal = SecretText::new("rehearsal");
        let mut written = Written { prepared: Vec::new(), folder };
        let mut proofs = Vec::new();
        for (index, target) in targets.iter().enumerate() {
            let accounts = outcomes.kept(index);
            let kept = Vault { accounts, extra: self.extra_for(target), ..Vault::default() };
            if kept.accounts.is_empty() && !target.is_record() {
                continue;
            }
            let password = match target.form.writing.encryption {
                Encryption::Always if !write => Some(&rehearsal),
                _ => password.as_ref().filter(|_| write && target.encrypts(self.args, seal.is_some())),
            };
            let (output, proved) =
                self.prepare(target, &kept, password, seal, write.then_some(&mut *guard))?;
            outcomes.record(index, &proved);
            written.prepared.push(output);
            proofs.push(proved);
        }
        // Reading again may have shown losses that nobody announced.
        if strict && (lost_before || outcomes.has_loss()) {
            outcomes.report_withheld(&mut self.report);
            return Ok(Written::default());
        }
        outcomes.report(&mut self.report);
        self.report.verified = outcome::verified(&proofs);
        self.report.outputs = written.prepared.iter().map(|output| output.line.clone()).collect();
        if write {
            let plain = self.report.outputs.iter().filter(|line| !line.encrypted && line.accounts > 0);
            self.report.warnings.extend(plain.map(report::plain_output));
        }
        Ok(written)
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
        let encrypting: Vec<_> =
            targets.iter().filter(|target| target.encrypts(self.args, seal.is_some())).collect();
        let titles: Vec<_> = encrypting.iter().map(|target| target.form.format.info().title).collect();
        let what = format!("the {} file", titles.join(" and "));
        let plain_too = !encrypting.iter().any(|target| target.form.writing.encryption == Encryption::Always);
        password::new_password(self.args.new_password_file.as_deref(), &what, plain_too).map(Some)
    }

    /// Encodes, writes under temporary names, reads that again, and compares codes.
    fn prepare(
        &self,
        target: &Target,
        kept: &Vault,
        password: Option<&SecretText>,
        seal: Option<&Seal>,
        mut write: Option<&mut Guard>,
    ) -> Result<(Prepared, Proved), Failure> {
        let pieces = target.pieces(self.encode(target, kept, password)?)?;
        let mut prepared = Prepared {
            line: OutputLine {
                path: target.destination.shown(&pieces),
                format: target.form.format.info().id.to_owned(),
                encrypted: target.encrypts(self.args, seal.is_some()) || seal.is_some(),
                accounts: kept.accounts.len(),
            },
            pending: Vec::new(),
            stdout: None,
            import_help: target.form.writing.import_help,
        };
        let mut contents = Vec::new();
        for piece in pieces {
            contents.push(self.put(piece, seal, write.as_deref_mut(), &mut prepared)?);
        }
        let content = match contents.as_mut_slice() {
            [only] => std::mem::take(only),
            several => Zeroizing::new(several.iter().flat_map(|content| content.iter().copied()).collect()),
        };
        let said = target.form.said(&kept.accounts, &self.tokens);
        let proved =
            proof::prove(target.form.format, &kept.accounts, &content, password, &self.limits, &said)?;
        Ok((prepared, proved))
    }

    /// Puts one file where it waits for its name, and returns what a reader finds in it: from the
    /// disk, unless it is sealed to somebody else or not written at all.
    fn put(
        &self,
        piece: Piece,
        seal: Option<&Seal>,
        write: Option<&mut Guard>,
        prepared: &mut Prepared,
    ) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let armored = piece.path.is_none() && Terminal::stdout_is_terminal();
        let sealed = seal.map(|seal| seal.seal(&piece.bytes, armored)).transpose()?.map(Zeroizing::new);
        let (Some(path), Some(guard)) = (piece.path.as_ref(), write) else {
            if piece.path.is_none() {
                prepared.stdout = Some(sealed.unwrap_or_else(|| piece.bytes.clone()));
            }
            return piece.content(None);
        };
        guard.claim(path)?;
        output::check_free(path, self.args.force)?;
        let bytes = sealed.as_ref().unwrap_or(&piece.bytes);
        let (pending, back) = Pending::checked(path, bytes, self.args.force)?;
        prepared.pending.push(pending);
        piece.content(sealed.is_none().then_some(back))
    }

    fn encode(
        &self,
        target: &Target,
        kept: &Vault,
        password: Option<&SecretText>,
    ) -> Result<Vec<otpferry_formats::Part>, Failure> {
        encode::encode(target.form, kept, password, &self.limits, self.args.per_qr, &self.tokens)
            .map_err(Failure::from)
    }

    /// What apps knew about the file as a whole: kept when it comes from one input only, because two
    /// such states cannot be merged.
    fn extra_for(&self, target: &Target) -> Extra {
        let wanted = |file: &&intake::File| file.vault.extra.keys().any(|id| target.keeps_extra_of(id));
        let mut knowing = self.intake.files.iter().filter(wanted);
        let mut extra = match (knowing.next(), knowing.next()) {
            (Some(file), None) => file.vault.extra.clone(),
            _ => Extra::new(),
        };
        extra.retain(|id, _| target.keeps_extra_of(id));
        extra
    }

    /// Names all files, or none of them. The report is complete on disk before the first output gets
    /// its name, so that no output stands without it.
    fn publish(&self, written: Written) -> Result<(), Failure> {
        let _report_folder = match (&self.args.report, target::folder(self.args)) {
            (Some(report), Some(folder)) if is_in_new_folder(report, self.args) => NewFolder::create(folder)?,
            _ => None,
        };
        let report = self.args.report.as_ref();
        let report = report.map(|path| pending_report(path, &self.report, self.args.force)).transpose()?;
        let outputs = written.prepared.iter().filter_map(|output| output.stdout.as_ref()).collect::<Vec<_>>();
        if !self.args.dry_run {
            outputs.into_iter().try_for_each(|bytes| Terminal::write_stdout(bytes))?;
        }
        output::publish(written.prepared.into_iter().flat_map(|output| output.pending).chain(report))?;
        drop(written.folder);
        Ok(())
    }
}
