//! Where passwords come from: a file, the environment, or the terminal. Never an argument.

use std::fs;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use indicatif::ProgressBar;
use otpferry_formats::model::SecretText;
use otpferry_formats::{Ask, Passwords};
use zeroize::Zeroizing;

use crate::failure::{Exit, Failure};
use crate::show::{self, Terminal};

/// Name of the environment variable with a password for reading.
const VARIABLE: &str = "OTPFERRY_PASSWORD";
/// How often a person may try on one file.
const TRIES: usize = 3;
/// More than any list of passwords needs; a mistaken file name must not fill the memory.
const MAX_FILE: u64 = 1 << 20;

/// Passwords for reading, shared by all inputs of a run. What was typed for one file is tried on
/// the next before anybody is asked again.
pub(crate) struct PasswordBook {
    known: Mutex<Vec<SecretText>>,
    /// Held while a person is asked, so that two files never ask at once.
    asking: Mutex<()>,
    /// With a file or variable given, nobody is asked: scripts must not hang.
    may_ask: bool,
    /// Whether somebody sees that work is going on.
    shows_work: bool,
}

impl PasswordBook {
    pub(crate) fn new(file: Option<&Path>) -> Result<Self, Failure> {
        let mut known = match file {
            Some(path) => lines(path)?,
            None => Vec::new(),
        };
        known.extend(std::env::var(VARIABLE).ok().filter(|text| !text.is_empty()).map(SecretText::new));
        let may_ask = known.is_empty() && io::stderr().is_terminal();
        Ok(Self { known: Mutex::new(known), asking: Mutex::new(()), may_ask, shows_work: false })
    }

    /// Whether somebody is asked for what is not known.
    pub(crate) fn may_ask(&self) -> bool {
        self.may_ask
    }

    /// The same; while a password is tried that takes long, the terminal says so.
    #[must_use]
    pub(crate) fn showing(mut self, terminal: &Terminal) -> Self {
        self.shows_work = terminal.shows_progress();
        self
    }

    /// The passwords for one input.
    pub(crate) fn for_file<'b>(&'b self, name: &'b str) -> FilePasswords<'b> {
        FilePasswords { book: self, name, given: 0, asked: 0, work: None }
    }

    fn known(&self, at: usize) -> Option<SecretText> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(at).cloned()
    }
}

/// The passwords for one input: known ones first, then the terminal.
pub(crate) struct FilePasswords<'b> {
    book: &'b PasswordBook,
    name: &'b str,
    given: usize,
    asked: usize,
    /// What is shown while one is tried.
    work: Option<ProgressBar>,
}

impl Passwords for FilePasswords<'_> {
    fn next(&mut self, ask: Ask) -> Option<SecretText> {
        let _alone = self.book.asking.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(password) = self.book.known(self.given) {
            self.given += 1;
            return Some(password);
        }
        if !self.book.may_ask || self.asked >= TRIES {
            return None;
        }
        let again = if self.asked > 0 { "That was not it. " } else { "" };
        let what = match ask.guess {
            true => format!("perhaps {}; if not, press Ctrl-C and give -f FORMAT", ask.title),
            false => ask.title.to_owned(),
        };
        let prompt = format!("{again}Password of {} ({what}): ", self.name);
        // Enter alone is no password: whoever has none goes on without.
        let password = prompt_hidden(&prompt).filter(|password| !password.expose().is_empty())?;
        self.asked += 1;
        self.given += 1;
        self.book.known.lock().unwrap_or_else(PoisonError::into_inner).push(password.clone());
        Some(password)
    }

    fn trying(&mut self) {
        self.work = self.book.shows_work.then(|| show::work("Trying the password; this takes some seconds"));
    }

    fn tried(&mut self) {
        if let Some(work) = self.work.take() {
            work.finish_and_clear();
        }
    }
}

/// A password for an encrypted output: the first line of a file, or asked for twice. `plain_too` says
/// whether it can be written without one.
pub(crate) fn new_password(file: Option<&Path>, what: &str, plain_too: bool) -> Result<SecretText, Failure> {
    if let Some(path) = file {
        return some_lines(path).map(|mut lines| lines.swap_remove(0));
    }
    let step =
        |with: &str, or_plain: &str| if plain_too { format!("{with}{or_plain}") } else { with.to_owned() };
    if !io::stderr().is_terminal() {
        return Err(Failure::new(
            Exit::PasswordNeeded,
            format!("{what} is written encrypted, and no new password was given"),
        )
        .next_step(step("Give --new-password-file FILE", ", or --plain to write it without encryption")));
    }
    let missing = || Failure::new(Exit::PasswordNeeded, "no new password was given");
    let first = prompt_hidden(&format!("New password for {what}: ")).ok_or_else(missing)?;
    let second = prompt_hidden("The same again: ").ok_or_else(missing)?;
    if first.expose().is_empty() {
        return Err(missing()
            .next_step(step("An empty password protects nothing", "; use --plain to write without one")));
    }
    if first != second {
        return Err(Failure::new(Exit::Usage, "the two passwords differ").next_step("Run the command again"));
    }
    Ok(first)
}

/// The lines of a file that must hold a password.
pub(crate) fn some_lines(path: &Path) -> Result<Vec<SecretText>, Failure> {
    let lines = lines(path)?;
    if lines.is_empty() {
        return Err(Failure::new(Exit::PasswordNeeded, "the file holds no password")
            .in_file(&path.to_string_lossy())
            .next_step("Put the password on its first line"));
    }
    Ok(lines)
}

/// One password a line; empty lines count for nothing.
pub(crate) fn lines(path: &Path) -> Result<Vec<SecretText>, Failure> {
    let io = |error: io::Error| Failure::io(path, "read the password file", &error);
    if fs::metadata(path).map_err(io)?.len() > MAX_FILE {
        return Err(Failure::new(Exit::Limit, "a password file has at most 1 MiB")
            .in_file(&path.to_string_lossy())
            .next_step("Name the file with the passwords, one on a line"));
    }
    let bytes = Zeroizing::new(fs::read(path).map_err(io)?);
    let text = std::str::from_utf8(&bytes).map_err(|_| {
        Failure::new(Exit::Usage, "the password file is not UTF-8 text")
            .in_file(&path.to_string_lossy())
            .next_step("Save it as UTF-8 text, one password on a line")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    Ok(text.lines().filter(|line| !line.is_empty()).map(SecretText::new).collect())
}

/// Asks on the terminal device; `None` when there is none or the person gave up.
fn prompt_hidden(prompt: &str) -> Option<SecretText> {
    rpassword::prompt_password(prompt).ok().map(SecretText::new)
}
