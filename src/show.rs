//! What the user sees: reports, tables, errors, progress.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use comfy_table::{ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use otpferry_formats::model::Account;
use otpferry_formats::model::merge::{self, MissingPart};
use otpferry_formats::report::Item;
use serde::Serialize;

use crate::cli::{Color, ShowArgs};
use crate::failure::{Exit, Failure};
use crate::report::Report;

const BOLD: Style = Style::new().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const WARN: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();

/// Work that ends sooner shows no progress.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often a line that moves does so.
const TICK: Duration = Duration::from_millis(120);

/// The terminal, or what stands in for it.
pub struct Terminal {
    json: bool,
    quiet: bool,
    verbose: bool,
}

/// Which stream a text goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stream {
    Out,
    Err,
}

impl Terminal {
    /// Sets up colours for the process.
    pub fn new(args: &ShowArgs) -> Self {
        match args.color {
            Color::Auto => {}
            Color::Always => anstream::ColorChoice::Always.write_global(),
            Color::Never => anstream::ColorChoice::Never.write_global(),
        }
        Self { json: args.json, quiet: args.quiet, verbose: args.verbose }
    }

    /// Whether standard output is a terminal.
    pub(crate) fn stdout_is_terminal() -> bool {
        io::stdout().is_terminal()
    }

    /// Where a person types: standard input, or the terminal itself where that holds the accounts.
    ///
    /// # Errors
    /// [`Exit::Usage`] when there is no terminal.
    pub(crate) fn keyboard(is_stdin_taken: bool) -> Result<Box<dyn BufRead>, Failure> {
        if !is_stdin_taken {
            return Ok(Box::new(io::stdin().lock()));
        }
        let device = if cfg!(windows) { "CONIN$" } else { "/dev/tty" };
        let device = File::open(device).map_err(|_| {
            Failure::new(Exit::Usage, "standard input holds the accounts, and there is no terminal to ask on")
                .next_step("Give the accounts as a file")
        })?;
        Ok(Box::new(BufReader::new(device)))
    }

    /// Writes a result as it is.
    pub(crate) fn write_stdout(bytes: &[u8]) -> Result<(), Failure> {
        Self::try_stdout(bytes).map_err(|error| Self::cannot_write(&error))
    }

    /// The same, for who has to know whether the reader went away.
    pub(crate) fn try_stdout(bytes: &[u8]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(bytes).and_then(|()| out.flush())
    }

    pub(crate) fn cannot_write(error: &io::Error) -> Failure {
        Failure::new(Exit::Io, format!("cannot write to standard output: {error}"))
    }

    /// Whether results are to be JSON.
    pub(crate) fn wants_json(&self) -> bool {
        self.json
    }

    /// Whether only what has to be attended to is told.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Prints text on standard output. A reader that went away is no error.
    pub(crate) fn print(&self, text: &str) {
        self.put(Stream::Out, text);
    }

    /// Prints what belongs to a conversation and not to the result: where the result is JSON, that has
    /// standard output for itself.
    pub(crate) fn tell(&self, text: &str) {
        self.put(if self.json { Stream::Err } else { Stream::Out }, text);
    }

    /// Prints a value as JSON on standard output.
    pub(crate) fn print_json(&self, value: &impl Serialize) -> Result<(), Failure> {
        self.put_json(Stream::Out, value)
    }

    /// A value as JSON, with a line end.
    pub(crate) fn json(value: &impl Serialize) -> Result<String, Failure> {
        serde_json::to_string_pretty(value)
            .map(|json| json + "\n")
            .map_err(|_| Failure::new(Exit::Internal, "cannot print the result as JSON"))
    }

    /// Prints a remark beside a result that has standard output for itself.
    pub(crate) fn remark(&self, line: &str) {
        self.put(Stream::Err, &format!("{line}\n"));
    }

    fn put(&self, stream: Stream, text: &str) {
        let _ = match stream {
            Stream::Out => write(&mut anstream::stdout(), text),
            Stream::Err => write(&mut anstream::stderr(), text),
        };
    }

    fn put_json(&self, stream: Stream, value: &impl Serialize) -> Result<(), Failure> {
        self.put(stream, &Self::json(value)?);
        Ok(())
    }

    /// Prints why the command stopped, and what to do.
    pub(crate) fn failure(&self, failure: &Failure) {
        let file = failure.file.as_ref().map(|file| format!("{}: ", place(file))).unwrap_or_default();
        let mut text = format!("{BAD}otpferry:{BAD:#} {file}{}\n", clean(&failure.message));
        if let Some(step) = &failure.next_step {
            let _ = writeln!(text, "  {}.", clean(step).trim_end_matches('.'));
        }
        self.put(Stream::Err, &text);
    }

    /// A bar on the terminal, for work that lasts.
    pub(crate) fn progress(&self, inputs: usize) -> ProgressBar {
        let bar = ProgressBar::new(u64::try_from(inputs).unwrap_or(0));
        bar.set_draw_target(ProgressDrawTarget::hidden());
        if inputs >= 2 && self.shows_progress() {
            if let Ok(style) = ProgressStyle::with_template("Reading {bar:30} {pos} of {len}") {
                bar.set_style(style);
            }
            show_later(&bar, |_| {});
        }
        bar
    }

    /// Whether somebody watches.
    pub(crate) fn shows_progress(&self) -> bool {
        !self.quiet && io::stderr().is_terminal()
    }

    /// Prints a report, as text or as this JSON.
    pub(crate) fn told(&self, told: &Told<'_>, json: &impl Serialize) -> Result<(), Failure> {
        let stream = if told.stdout_is_taken { Stream::Err } else { Stream::Out };
        if self.json {
            return self.put_json(stream, json);
        }
        if !self.quiet || told.exit != Exit::Done {
            self.put(stream, &self.report_text(told));
        }
        Ok(())
    }

    fn report_text(&self, told: &Told<'_>) -> String {
        let (report, words) = (told.report, told.words);
        let mut text = String::new();
        inputs(&mut text, report, self.verbose);
        outputs(&mut text, told);
        if self.verbose {
            styled(&mut text, GOOD, words.moved, &report.moved_names);
        }
        counted(&mut text, BAD, ("Missing", report.missing_parts.len()), &missing(&report.missing_parts));
        styled(&mut text, BAD, words.not_moved, &lines(&report.not_moved));
        styled(&mut text, WARN, words.changed, &lines(&report.changed));
        styled(&mut text, WARN, "Please decide", &lines(&report.conflicts));
        if self.verbose {
            styled(&mut text, BOLD, "Found more than once, kept once", &lines(&report.duplicates));
        } else if !report.duplicates.is_empty() {
            let _ = writeln!(text, "\nFound more than once, kept once: {}", report.duplicates.len());
        }
        styled(&mut text, WARN, "Please note", &lines(&report.warnings));
        next(&mut text, told);
        text
    }
}

/// A line on the terminal that moves, for work whose length nobody knows.
pub(crate) fn work(message: &'static str) -> ProgressBar {
    let line = ProgressBar::new_spinner().with_message(message);
    line.set_draw_target(ProgressDrawTarget::hidden());
    show_later(&line, |line| line.enable_steady_tick(TICK));
    line
}

/// Shows a bar when the work lasts. The thread belongs to nobody; it ends with the process at the latest.
fn show_later(bar: &ProgressBar, begin: impl FnOnce(&ProgressBar) + Send + 'static) {
    let shown = bar.clone();
    std::thread::spawn(move || {
        std::thread::sleep(PATIENCE);
        if !shown.is_finished() {
            shown.set_draw_target(ProgressDrawTarget::stderr());
            begin(&shown);
        }
    });
}

/// A report, and how it is told.
pub(crate) struct Told<'a> {
    pub(crate) report: &'a Report,
    pub(crate) exit: Exit,
    pub(crate) words: &'static Words,
    /// What to do with the outputs, as sentences without a final stop.
    pub(crate) next: Vec<String>,
    /// Whether it was only a rehearsal.
    pub(crate) dry_run: bool,
    /// Whether standard output carries the result, so that the report must not.
    pub(crate) stdout_is_taken: bool,
}

/// How the lists of a report are called.
pub(crate) struct Words {
    moved: &'static str,
    changed: &'static str,
    not_moved: &'static str,
    checked: &'static str,
}

/// Of accounts that were written for another app.
pub(crate) const CONVERTED: Words = Words {
    moved: "Moved",
    changed: "Moved, but changed",
    not_moved: "Not moved",
    checked: "the new file shows the same codes as the old one",
};

/// Of accounts that wait to be scanned.
pub(crate) const TO_SCAN: Words = Words {
    moved: "To scan",
    changed: "To scan, but changed",
    not_moved: "Without a QR code",
    checked: "the QR codes give the same codes as the old file",
};

/// The format of an output that was only looked at.
pub(crate) const ON_SCREEN: &str = "terminal";

/// The last advice of every move.
pub(crate) const KEEP_THE_OLD_PHONE: &str = "Keep the old phone until every account works on the new one";

/// Questions end without a line end, and have to be seen all the same.
fn write(stream: &mut impl Write, text: &str) -> io::Result<()> {
    stream.write_all(text.as_bytes()).and_then(|()| stream.flush())
}

/// How an input is called in a sentence.
pub(crate) fn place(file: &str) -> String {
    if file == "-" { "standard input".to_owned() } else { clean(file) }
}

/// How an account is called in a sentence.
pub(crate) fn name_of(account: &Account) -> String {
    named(&account.issuer, &account.name)
}

pub(crate) fn named(issuer: &str, name: &str) -> String {
    match (issuer, name) {
        ("", "") => "an account without a name".to_owned(),
        ("", name) => short(name),
        (issuer, "") => short(issuer),
        (issuer, name) => format!("{} ({})", short(issuer), short(name)),
    }
}

/// A name that fits into a sentence.
fn short(name: &str) -> String {
    const MOST: usize = 60;
    let name = clean(name);
    match name.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", name.get(..end).unwrap_or_default()),
        None => name,
    }
}

/// Names come from untrusted files: control characters and marks that change the writing direction
/// could make a terminal show something else than is there.
pub(crate) fn clean(text: &str) -> String {
    let hostile = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if hostile(c) { '\u{fffd}' } else { c }).collect()
}

/// A text with its one final stop.
pub(crate) fn stopped(text: &str) -> String {
    format!("{}.", text.trim_end_matches('.'))
}

/// A clause with a capital letter.
pub(crate) fn sentence(clause: &str) -> String {
    let mut letters = clause.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A plain table, as wide as the terminal allows.
pub(crate) fn table(header: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(header.iter().map(|title| title.to_uppercase()));
    for row in rows {
        table.add_row(row);
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n") + "\n"
}

/// `1 account`, `2 accounts`.
pub(crate) fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

fn inputs(text: &mut String, report: &Report, verbose: bool) {
    let files = count(report.files.len(), "file");
    let _ = writeln!(text, "{BOLD}Read{BOLD:#} {} from {files}", count(report.read, "account"));
    if report.files.len() > 1 || verbose {
        for file in &report.files {
            let format = file.format.as_deref().unwrap_or("-");
            let sealed = if file.encrypted { ", encrypted" } else { "" };
            let _ = writeln!(
                text,
                "  {} ({format}{sealed}): {}",
                place(&file.path),
                count(file.accounts, "account")
            );
        }
    }
}

fn outputs(text: &mut String, told: &Told<'_>) {
    let report = told.report;
    let verb = if told.dry_run { "Would write" } else { "Wrote" };
    for output in &report.outputs {
        let sealed = if output.encrypted { ", encrypted" } else { "" };
        let path = if output.path == "-" { "standard output".to_owned() } else { clean(&output.path) };
        let accounts = count(output.accounts, "account");
        if output.format == ON_SCREEN {
            let _ = writeln!(text, "{BOLD}Showed{BOLD:#} {accounts} on the terminal");
            continue;
        }
        let _ = writeln!(text, "{BOLD}{verb}{BOLD:#} {accounts} to {path} ({}{sealed})", output.format);
    }
    if report.verified.accounts > 0 {
        let accounts = count(report.verified.accounts, "account");
        let _ = writeln!(
            text,
            "{GOOD}Checked{GOOD:#} {accounts}: {} ({} codes of each compared)",
            told.words.checked, report.verified.times
        );
    }
    if report.outputs.is_empty() || told.dry_run {
        let _ = writeln!(text, "{BOLD}Nothing was written{BOLD:#}");
    }
}

/// A part of a text with its title and how many lines it has; nothing where there are none.
pub(crate) fn section(text: &mut String, title: &str, lines: &[String]) {
    styled(text, Style::new(), title, lines);
}

fn styled(text: &mut String, style: Style, title: &str, lines: &[String]) {
    counted(text, style, (title, lines.len()), lines);
}

fn counted(text: &mut String, style: Style, (title, count): (&str, usize), lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{style}{title}: {count}{style:#}");
    for line in lines {
        let _ = writeln!(text, "  {line}");
    }
}

/// Which QR codes of each export are missing, which were read and where, and what to do.
pub(crate) fn missing(parts: &[MissingPart]) -> Vec<String> {
    let Some(step) = parts.first().map(|part| part.next_step) else { return Vec::new() };
    let indented = |text: &String| {
        let lines: Vec<String> = text.lines().map(clean).collect();
        lines.join("\n    ")
    };
    let stop = |text: &String| if text.contains('\n') { "." } else { "" };
    let line = |text: &String| format!("{}{}\n    {step}.", indented(text), stop(text));
    merge::missing_lines(parts).iter().map(line).collect()
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn listed(words: &[String]) -> String {
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}

/// Who or what, the reason, and what to do, on a line of its own. Items that follow each other and say
/// the same say what to do once, and many files of one trouble are one line.
pub(crate) fn lines(items: &[Item]) -> Vec<String> {
    let same_trouble = |a: &Item, b: &Item| {
        let of_files = [a, b].iter().all(|item| item.index.is_none() && !item.file.is_empty());
        of_files && a.message == b.message
    };
    let runs: Vec<&[Item]> = items.chunk_by(same_trouble).collect();
    let many = |run: &&[Item]| run.len() > MANY_FILES;
    let mut lines = Vec::new();
    for (at, run) in runs.iter().enumerate() {
        if many(run) {
            lines.push(many_files(run));
        } else {
            lines.extend(run.iter().map(line));
        }
        let step_of = |run: &&[Item]| run.first().and_then(|item| item.next_step.clone());
        let next = runs.get(at + 1).and_then(step_of);
        if let (Some(step), Some(last)) =
            (step_of(run).filter(|step| next.as_ref() != Some(step)), lines.last_mut())
        {
            let _ = write!(last, "\n    {}.", clean(&step).trim_end_matches('.'));
        }
    }
    lines
}

/// More files with the same trouble are counted.
const MANY_FILES: usize = 6;

fn line(item: &Item) -> String {
    match item.index {
        Some(_) => format!("{}: {}", subject(item), clean(&item.message)),
        None if item.file.is_empty() => clean(&item.message),
        None => format!("{}: {}", place(&item.file), clean(&item.message)),
    }
}

fn many_files(run: &[Item]) -> String {
    let named: Vec<String> = run.iter().take(3).map(|item| place(&item.file)).collect();
    let message = run.first().map(|item| clean(&item.message)).unwrap_or_default();
    format!("{} and {} more files: {message}", named.join(", "), run.len().saturating_sub(named.len()))
}

/// What an item is about: the account, or the entry of the file.
pub(crate) fn subject(item: &Item) -> String {
    match (item.issuer.as_str(), item.account.as_str(), item.index) {
        ("", "", Some(index)) if item.file.is_empty() => format!("entry {}", index + 1),
        ("", "", Some(index)) => format!("{}, entry {}", place(&item.file), index + 1),
        (issuer, name, _) => named(issuer, name),
    }
}

fn next(text: &mut String, told: &Told<'_>) {
    if told.report.outputs.is_empty() || told.dry_run {
        return;
    }
    let _ = writeln!(text, "\n{BOLD}Next{BOLD:#}");
    for step in &told.next {
        let _ = writeln!(text, "  {}.", clean(step));
    }
}
