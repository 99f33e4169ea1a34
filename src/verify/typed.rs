//! Whether a code that somebody typed is one that an account shows.

use otpferry_formats::model::{Algorithm, Digits, Kind, Otp, Period};
use otpferry_formats::otp::Generator;

use crate::show;

/// How many counters after the next one count: people tap more than once. Servers allow about as many.
pub(super) const LOOK_AHEAD: u64 = 10;
/// How many steps away a code is still recognised, to say why it is wrong.
const FAR: u64 = 20;
/// A code that is read off and typed within this many seconds has not drifted.
const TYPING: u64 = 60;
/// Codes of fewer characters are met by chance too often to say more than yes or no.
const TELLING: usize = 6;

/// What a typed code is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// The code of now.
    Right,
    /// The code of the step before: the clock is behind by about that many seconds.
    Behind(u64),
    /// The code of the next step: the clock is ahead.
    Ahead(u64),
    /// The code of this HOTP counter, which is the next one or a later one.
    OfCounter(u64),
    /// None that this account shows.
    Other,
    /// None that this account shows, and what it is instead.
    Wrong(String),
    /// No code at all: with what one looks like.
    NoCode(String),
}

/// When a code was asked for and typed, in Unix seconds.
#[derive(Clone, Copy)]
pub(super) struct Moments {
    pub(super) asked: u64,
    pub(super) typed: u64,
}

impl Typed {
    pub(super) fn is_right(&self) -> bool {
        matches!(self, Self::Right | Self::Behind(_) | Self::Ahead(_) | Self::OfCounter(_))
    }
}

/// Judges a code; white space and dashes in it do not count, nor does the case of letters.
pub(super) fn judge(otp: &Otp, text: &str, moments: Moments) -> Typed {
    let text = normal(text);
    if let Some(not) = no_code(otp, &text) {
        return not;
    }
    let Ok(generator) = Generator::new(otp) else {
        return Typed::NoCode("there is no PIN in the file to compute its codes with".to_owned());
    };
    let shows = |moment: u64| generator.at(moment).is_ok_and(|code| normal(code.as_str()) == text);
    let found = match (otp.counter(), otp.period()) {
        (Some(next), _) => of_counter(next, shows),
        (None, Some(period)) => of_time(u64::from(period), moments, shows),
        (None, None) => None,
    };
    found
        .filter(|found| found.is_right() || text.len() >= TELLING)
        .or_else(|| ignored_settings(otp, &text, moments).map(Typed::Wrong))
        .or_else(|| wrong_length(otp, &text))
        .unwrap_or(Typed::Other)
}

fn normal(text: &str) -> String {
    let kept = text.chars().filter(|c| !(c.is_whitespace() || *c == '-'));
    kept.flat_map(char::to_uppercase).collect()
}

fn no_code(otp: &Otp, text: &str) -> Option<Typed> {
    let length = text.chars().count();
    let wanted = usize::from(otp.digits());
    let (what, fits) = match otp.kind() {
        Kind::Totp | Kind::Hotp => {
            let is_some_code = (wanted.min(5)..=10).contains(&length);
            ("digit", is_some_code && text.bytes().all(|byte| byte.is_ascii_digit()))
        }
        _ => ("character", length == wanted && text.bytes().all(|byte| byte.is_ascii_alphanumeric())),
    };
    (!fits).then(|| Typed::NoCode(format!("a code of this account has {}", show::count(wanted, what))))
}

fn wrong_length(otp: &Otp, text: &str) -> Option<Typed> {
    let wanted = usize::from(otp.digits());
    (text.len() != wanted).then(|| {
        let digits = show::count(wanted, "digit");
        Typed::Wrong(format!("its codes have {digits}, and this one has {}", text.len()))
    })
}

fn of_counter(next: u64, shows: impl Fn(u64) -> bool) -> Option<Typed> {
    let later = |step: u64| next.checked_add(step).filter(|counter| shows(*counter));
    let earlier = |step: u64| next.checked_sub(step).filter(|counter| shows(*counter));
    let used = |counter| {
        Typed::Wrong(format!(
            "it is the code of counter {counter}, and the next one in the file is {next}: a service refuses codes \
             that were used. Ask the new phone for more codes until it catches up"
        ))
    };
    let found = (0..=LOOK_AHEAD).find_map(later).map(Typed::OfCounter);
    found.or_else(|| (1..=FAR).find_map(earlier).map(used))
}

fn of_time(period: u64, moments: Moments, shows: impl Fn(u64) -> bool) -> Option<Typed> {
    let last = moments.typed / period;
    // A code is read off, then typed: meanwhile it may have changed.
    let first = (moments.asked.clamp(moments.typed.saturating_sub(TYPING), moments.typed)) / period;
    let shows = |step: u64| step.checked_mul(period).is_some_and(&shows);
    if (first..=last).any(shows) {
        return Some(Typed::Right);
    }
    if first.checked_sub(1).is_some_and(shows) {
        return Some(Typed::Behind(period));
    }
    if shows(last.saturating_add(1)) {
        return Some(Typed::Ahead(period));
    }
    let far = |(way, steps): (&str, u64)| {
        let off = duration(steps.saturating_mul(period));
        Typed::Wrong(format!(
            "it is the code of another time: the clock of the new phone is about {off} {way}. Set it to automatic time and check again"
        ))
    };
    let behind = |steps: &u64| first.checked_sub(*steps).is_some_and(shows);
    let ahead = |steps: &u64| last.checked_add(*steps).is_some_and(shows);
    let by = |way, is: &dyn Fn(&u64) -> bool| (2..=FAR).find(is).map(|steps| (way, steps));
    by("behind", &behind).or_else(|| by("ahead", &ahead)).map(far)
}

/// `30 seconds`, `5 minutes`.
pub(super) fn duration(seconds: u64) -> String {
    let (number, what) = if seconds < 120 { (seconds, "second") } else { (seconds / 60, "minute") };
    show::count(usize::try_from(number).unwrap_or(usize::MAX), what)
}

/// Whether an app that does not heed some settings would show this code: many apps take every account for
/// SHA1, 6 digits and 30 seconds, without a word.
fn ignored_settings(otp: &Otp, text: &str, moments: Moments) -> Option<String> {
    if !matches!(otp.kind(), Kind::Totp | Kind::Hotp) || text.len() < TELLING {
        return None;
    }
    let digits = u64::try_from(text.len()).ok().and_then(Digits::new)?;
    let period = otp.period().map(u64::from).and_then(Period::new).unwrap_or(Period::THIRTY);
    let is_shown_by = |algorithm: Algorithm, period: Period| {
        let taken_for = Otp::Totp { secret: otp.secret().clone(), algorithm, digits, period };
        let generator = Generator::new(&taken_for).ok()?;
        let of_period = u64::from(period.get());
        let shows = |moment: u64| generator.at(moment).is_ok_and(|code| code.as_str() == text);
        let found = of_time(of_period, moments, shows).filter(Typed::is_right);
        found.map(|_| ignored(otp, &taken_for))
    };
    let algorithms = [otp.algorithm(), Algorithm::Sha1];
    let periods = [period, Period::THIRTY];
    let mut taken = periods.into_iter().flat_map(|period| algorithms.map(|algorithm| (algorithm, period)));
    let ignored = taken.find_map(|(algorithm, period)| is_shown_by(algorithm, period))?;
    Some(format!("the new app does not heed this account's settings: it takes it for one with {ignored}"))
}

fn ignored(otp: &Otp, taken_for: &Otp) -> String {
    let mut words = Vec::new();
    if otp.kind() != taken_for.kind() {
        words.push("codes that change with time, not with each use".to_owned());
    }
    if otp.algorithm() != taken_for.algorithm() {
        words.push(format!("{} in place of {}", taken_for.algorithm(), otp.algorithm()));
    }
    if otp.digits() != taken_for.digits() {
        words.push(format!("{} digits in place of {}", taken_for.digits(), otp.digits()));
    }
    if let (Some(is), Some(taken)) = (otp.period(), taken_for.period())
        && is != taken
    {
        words.push(format!("{taken} seconds in place of {is}"));
    }
    show::listed(&words)
}

#[cfg(test)]
#[path = "typed_tests.rs"]
mod tests;
