//! Going through the accounts one by one, with somebody who reads the codes off the new phone.

use std::io::{BufRead, Read};

use otpferry_formats::model::{Account, Otp};
use otpferry_formats::otp::Generator;
use otpferry_formats::report::Item;
use serde::Serialize;

use super::typed::{self, Moments, Typed};
use crate::cli::Moment;
use crate::failure::Exit;
use crate::show;
use crate::side::{Side, Summary};

/// What became of one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Reply {
    /// The new phone shows the right code.
    Right,
    /// It shows another one.
    Wrong,
    /// It shows another one, as was to be expected.
    PerDevice,
    /// Nothing was typed.
    Skipped,
    /// No code can be computed.
    NotAsked,
}

/// One account and what was found out.
#[derive(Serialize)]
struct Line {
    issuer: String,
    account: String,
    kind: &'static str,
    result: Reply,
    /// In words; empty when there is nothing to say.
    message: String,
    /// By how many seconds the clock of the new phone is ahead; negative when it is behind.
    #[serde(skip_serializing_if = "Option::is_none")]
    clock: Option<i64>,
    /// The counter that an HOTP code belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    counter: Option<u64>,
}

/// All accounts.
#[derive(Serialize)]
pub(crate) struct Answers {
    right: usize,
    wrong: usize,
    per_device: usize,
    not_checked: usize,
    accounts: Vec<Line>,
    old: Summary,
}

/// Somebody who is asked, and the clock.
pub(crate) struct Conversation<'a> {
    pub(crate) input: Box<dyn BufRead + 'a>,
    /// Says something at once.
    pub(crate) say: Box<dyn Fn(&str) + 'a>,
    /// Whether what is typed is seen, with its line end.
    pub(crate) is_echoed: bool,
    /// A clock that stands still.
    pub(crate) at: Option<Moment>,
}

/// What was typed.
enum Input {
    Code(String),
    Enter,
    Quit,
}

/// Longer lines are no codes.
const MAX_LINE: u64 = 1000;

impl Conversation<'_> {
    /// Asks for the code of each account.
    pub(crate) fn hold(mut self, old: &Side) -> Answers {
        let total = old.accounts.len();
        if total > 0 {
            (self.say)(&format!(
                "{}. Type the code that the new phone shows for each; spaces do not matter.\nEnter alone skips one, q ends.\n",
                old.summary().line()
            ));
        }
        let mut lines = Vec::with_capacity(total);
        let mut is_over = false;
        for (at, account) in old.accounts.iter().enumerate() {
            if is_over {
                lines.push(Line::new(account, Reply::Skipped, ""));
                continue;
            }
            (self.say)(&format!("\n{} of {total}: {}\n", at + 1, show::name_of(account)));
            let (line, goes_on) = self.about(account, &old.accounts);
            is_over = !goes_on;
            lines.push(line);
        }
        Answers::new(lines, old.summary())
    }

    /// Asks about one account, and says whether to go on. Who mistyped may try again.
    fn about(&mut self, account: &Account, all: &[Account]) -> (Line, bool) {
        let mut line = Line::new(account, Reply::Skipped, "");
        let otp = match askable(account) {
            Ok(otp) => otp,
            Err(why) => {
                (self.say)(&format!("  {}.\n", show::sentence(why)));
                return (Line::new(account, Reply::NotAsked, why), true);
            }
        };
        if account.is_per_device() {
            (self.say)(&format!("  {PER_DEVICE}.\n"));
        }
        let mut prompt =
            if otp.counter().is_some() { "Next code on the new phone: " } else { "Code on the new phone: " };
        loop {
            let asked = self.now();
            let text = match self.read(prompt) {
                Input::Code(text) => text,
                Input::Enter => return (line, true),
                Input::Quit => return (line, false),
            };
            let moments = Moments { asked, typed: self.now() };
            let said = match typed::judge(otp, &text, moments) {
                Typed::NoCode(why) => format!("That is no code: {why}."),
                Typed::Other if account.is_per_device() => line.is_per_device(),
                Typed::Other => line.is_wrong(
                    code_of_another(account, all, &text, moments).unwrap_or_else(|| OTHER.to_owned()),
                ),
                Typed::Wrong(why) => line.is_wrong(why),
                right => line.is_right(&right, otp),
            };
            (self.say)(&format!("  {said}\n"));
            if matches!(line.result, Reply::Right | Reply::PerDevice) {
                return (line, true);
            }
            prompt = "Type it again, or press Enter to go on: ";
        }
    }

    fn now(&self) -> u64 {
        self.at.unwrap_or_else(Moment::now).0
    }

    fn read(&mut self, prompt: &str) -> Input {
        (self.say)(&format!("  {prompt}"));
        let mut line = Vec::new();
        let read = self.input.by_ref().take(MAX_LINE).read_until(b'\n', &mut line);
        if !self.is_echoed || !line.ends_with(b"\n") {
            (self.say)("\n");
        }
        let text = String::from_utf8_lossy(&line).trim().to_owned();
        match text.as_str() {
            _ if !matches!(read, Ok(1..)) => Input::Quit,
            "" => Input::Enter,
            "q" | "Q" => Input::Quit,
            _ => Input::Code(text),
        }
    }
}

const PER_DEVICE: &str = "A personal Microsoft account has another key on each phone: its code will differ, and both phones are right";

const OTHER: &str = "this account shows another code";
const SET_CLOCK: &str = "Set the new phone to automatic time";

/// What to compute its codes from, or why there is nothing to ask.
fn askable(account: &Account) -> Result<&Otp, &'static str> {
    match account.otp() {
        None => Err("only a name, without codes: sign in at its service and set up the new phone there"),
        Some(otp) if Generator::new(otp).is_err() => Err(
            "its PIN is not in the file, so its codes cannot be computed here: compare one with the old phone",
        ),
        Some(otp) => Ok(otp),
    }
}

/// The account whose code this is, when two were mixed up.
fn code_of_another(account: &Account, all: &[Account], text: &str, moments: Moments) -> Option<String> {
    let shows = |other: &&Account| {
        let is_other = !std::ptr::eq(*other, account);
        let otp = other.otp().filter(|otp| is_other && otp.digits() >= 6);
        otp.is_some_and(|otp| typed::judge(otp, text, moments).is_right())
    };
    all.iter()
        .find(shows)
        .map(|other| format!("it is the code of {}. The two may be mixed up", show::name_of(other)))
}

impl Line {
    fn new(account: &Account, result: Reply, message: &str) -> Self {
        Self {
            issuer: account.issuer.clone(),
            account: account.name.clone(),
            kind: account.kind().name(),
            result,
            message: message.to_owned(),
            clock: None,
            counter: None,
        }
    }

    /// Takes down that a code was right, and says it.
    fn is_right(&mut self, typed: &Typed, otp: &Otp) -> String {
        self.result = Reply::Right;
        self.message = match typed {
            Typed::Behind(seconds) => self.clock(*seconds, "behind"),
            Typed::Ahead(seconds) => self.clock(*seconds, "ahead"),
            Typed::OfCounter(counter) => {
                self.counter = Some(*counter);
                match counter.saturating_sub(otp.counter().unwrap_or_default()) {
                    0 => format!("the code of counter {counter}, the next one"),
                    ahead => format!("the code of counter {counter}, {ahead} after the next one in the file"),
                }
            }
            _ => String::new(),
        };
        match self.message.as_str() {
            "" => "Yes.".to_owned(),
            message if self.clock.is_some() => format!("Yes, but {message}. {SET_CLOCK}."),
            message => format!("Yes: {message}."),
        }
    }

    fn clock(&mut self, seconds: u64, way: &str) -> String {
        let signed = i64::try_from(seconds).unwrap_or(i64::MAX);
        self.clock = Some(if way == "behind" { -signed } else { signed });
        format!("the clock of the new phone is about {} {way}", typed::duration(seconds))
    }

    fn is_wrong(&mut self, why: String) -> String {
        self.result = Reply::Wrong;
        self.message = why;
        format!("No: {}.", self.message)
    }

    fn is_per_device(&mut self) -> String {
        self.result = Reply::PerDevice;
        "another code, as expected: each phone has a key of its own".clone_into(&mut self.message);
        "Another code, as expected. Sign in with it once before you give up the old phone.".to_owned()
    }
}

impl Answers {
    fn new(accounts: Vec<Line>, old: Summary) -> Self {
        let count = |replies: &[Reply]| accounts.iter().filter(|line| replies.contains(&line.result)).count();
        Self {
            right: count(&[Reply::Right]),
            wrong: count(&[Reply::Wrong]),
            per_device: count(&[Reply::PerDevice]),
            not_checked: count(&[Reply::Skipped, Reply::NotAsked]),
            accounts,
            old,
        }
    }

    /// The exit code.
    pub(crate) fn exit(&self, partial: bool) -> Exit {
        if self.wrong > 0 {
            Exit::CodesDiffer
        } else if !partial && !self.old.missing_parts.is_empty() {
            Exit::Incomplete
        } else if self.not_checked > 0 || self.accounts.is_empty() || self.old.needs_attention() {
            Exit::Attention
        } else {
            Exit::Done
        }
    }

    /// The summary for people.
    pub(crate) fn text(&self) -> String {
        let total = self.accounts.len();
        if total == 0 {
            return format!("{}: there is nothing to check\n", self.old.line());
        }
        let mut text = format!("\nRight: {} of {total}\n", self.right);
        show::section(&mut text, "Wrong", &self.lines(&[Reply::Wrong], Some(AGAIN)));
        show::section(&mut text, "Own key on each phone", &self.lines(&[Reply::PerDevice], None));
        show::section(&mut text, "Not checked", &self.lines(&[Reply::Skipped, Reply::NotAsked], None));
        self.old.troubles(&mut text, "old");
        let drifted = self.accounts.iter().find(|line| line.clock.is_some());
        if let Some(line) = drifted {
            text.push_str(&format!("\n{}. {SET_CLOCK}.\n", show::sentence(&line.message)));
        }
        let next = match self.exit(true) {
            Exit::Done if self.per_device > 0 => "Every code that can be checked was right",
            Exit::Done => "Every code was right",
            _ => show::KEEP_THE_OLD_PHONE,
        };
        text.push_str(&format!("\n{next}.\n"));
        text
    }

    fn lines(&self, replies: &[Reply], next_step: Option<&str>) -> Vec<String> {
        let item = |line: &Line| Item {
            next_step: next_step.map(str::to_owned),
            ..Item::new("", if line.message.is_empty() { "no code was typed" } else { &line.message })
                .index(0)
                .named(line.issuer.clone(), line.account.clone())
        };
        let those = self.accounts.iter().filter(|line| replies.contains(&line.result));
        show::lines(&those.map(item).collect::<Vec<_>>())
    }
}

const AGAIN: &str = "Move it again from the old list, or set it up anew at its service";
