//! The file of one user: the secret, a line for each option, and codes for emergencies.
//!
//! Source: `FILEFORMAT` and `pam_google_authenticator.c` of google-authenticator-libpam.

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::ID;
use crate::model::{Account, Draft, Kind, Number, Otp};
use crate::report::Skip;
use crate::text::base32;

/// What an option line begins with.
const OPTION: &str = "\" ";
const BY_COUNTER: &str = "HOTP_COUNTER";
const BY_TIME: &str = "TOTP_AUTH";
const STEP: &str = "STEP_SIZE";
const WINDOW: &str = "WINDOW_SIZE";
const RATE: &str = "RATE_LIMIT";
const ONCE: &str = "DISALLOW_REUSE";

/// Settings that outlive a sign-in, and how many numbers of each are no state.
const SETTINGS: [(&str, usize); 3] = [(RATE, 2), (WINDOW, 1), (ONCE, 0)];
/// What its own tool proposes.
const USUAL: [(&str, &str); 3] = [(RATE, "3 30"), (WINDOW, "3"), (ONCE, "")];

/// The lines of a file.
pub(super) struct State<'t> {
    secret: &'t str,
    /// Name and value, in order.
    options: Vec<(&'t str, &'t str)>,
    /// How many codes for emergencies are left.
    pub(super) scratch_codes: usize,
}

impl<'t> State<'t> {
    /// Takes a text apart; `None` when no line below the first is an option.
    pub(super) fn parse(text: &'t str) -> Option<Self> {
        let mut lines = text.lines();
        let secret = lines.next()?;
        let options: Vec<_> = lines.clone().filter_map(option).collect();
        if !options.iter().any(|(name, _)| name.contains('_')) {
            return None;
        }
        Some(Self { secret, options, scratch_codes: lines.filter(|line| is_scratch_code(line)).count() })
    }

    /// Whether the first line is nothing but a secret, as the tool writes it. A very short one may be a word.
    pub(super) fn is_plain(&self) -> bool {
        let letters = || self.secret.chars().filter(|c| !is_blank(*c));
        let is_in_use = self.is_by_time() || self.value(BY_COUNTER).is_some();
        (letters().count() >= 8 || is_in_use)
            && letters().all(|c| c.is_ascii_alphabetic() || matches!(c, '0'..='8'))
            && self.secret().is_ok()
    }

    /// What the codes are made from.
    pub(super) fn otp(&self) -> Result<Otp, Skip> {
        let counter = self.value(BY_COUNTER).map(|value| Number::parse(first_word(value)));
        let mut draft = Draft::new(Kind::Totp, self.secret()?);
        match counter {
            // The module counts from 1, and looks at the time below that.
            Some(Number::Of(number)) if number < 1 && self.is_by_time() => {}
            Some(counter) => (draft.kind, draft.counter) = (Kind::Hotp, counter),
            None => {}
        }
        draft.period = Number::parse(first_word(self.value(STEP).unwrap_or_default()));
        draft.build()
    }

    /// Why the module takes no code with this file.
    pub(super) fn why_not_in_use(&self) -> Option<&'static str> {
        match self.value(BY_COUNTER) {
            _ if self.is_by_time() => None,
            Some(value) if matches!(Number::parse(first_word(value)), Number::Of(1..)) => None,
            Some(_) => Some("the PAM module takes no code with this file, whose counter is below 1"),
            None => Some(
                "the PAM module takes no code with this file, which does not say whether they count time or uses",
            ),
        }
    }

    /// Settings of the sign-in, to be written again.
    pub(super) fn settings(&self) -> Map<String, Value> {
        let setting = |(name, numbers): (&str, usize)| {
            let words: Vec<&str> = self.value(name)?.split_whitespace().take(numbers).collect();
            Some((name.to_owned(), Value::String(words.join(" "))))
        };
        SETTINGS.into_iter().filter_map(setting).collect()
    }

    fn is_by_time(&self) -> bool {
        self.value(BY_TIME).is_some()
    }

    /// The first one counts.
    fn value(&self, name: &str) -> Option<&'t str> {
        self.options.iter().find(|(option, _)| *option == name).map(|(_, value)| *value)
    }

    /// The module takes digits for the letters that they look like.
    fn secret(&self) -> Result<crate::model::Secret, Skip> {
        let letters = |c: char| match c {
            '0' => 'O',
            '1' => 'L',
            '8' => 'B',
            other => other,
        };
        base32::secret(&Zeroizing::new(self.secret.chars().map(letters).collect::<String>()))
    }
}

fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '-')
}

fn first_word(value: &str) -> &str {
    value.split_whitespace().next().unwrap_or_default()
}

/// Name and value of an option line.
fn option(line: &str) -> Option<(&str, &str)> {
    let line = line.strip_prefix(OPTION)?;
    let (name, value) = line.split_once([' ', '\t', '\r']).unwrap_or((line, ""));
    let is_name =
        |name: &str| name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    (!name.is_empty() && is_name(name)).then(|| (name, value.trim()))
}

fn is_scratch_code(line: &str) -> bool {
    let line = line.trim_end();
    line.len() == 8 && !line.starts_with('0') && line.bytes().all(|b| b.is_ascii_digit())
}

/// The file of an account, in the order of the tool. Codes for emergencies are made there, not here.
pub(super) fn write(account: &Account, otp: &Otp) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(otp.secret().expose().len().saturating_mul(2) + 128));
    text.push_str(&otp.secret().to_base32());
    text.push('\n');
    let mut option = |name: &str, value: &str| {
        let blank = if value.is_empty() { "" } else { " " };
        text.push_str(&format!("{OPTION}{name}{blank}{value}\n"));
    };
    let is_by_counter = otp.counter().is_some();
    let mut settings = settings_of(account);
    // Only steps of time can be used twice.
    let once = settings.iter().position(|(name, _)| *name == ONCE).map(|at| settings.remove(at));
    settings.iter().for_each(|(name, value)| option(name, value));
    if let Some(period) = otp.period().filter(|period| *period != 30) {
        option(STEP, &period.to_string());
    }
    if let Some((name, value)) = once.filter(|_| !is_by_counter) {
        option(name, &value);
    }
    match otp.counter() {
        Some(counter) => option(BY_COUNTER, &counter.to_string()),
        None => option(BY_TIME, ""),
    }
    text
}

/// The settings that the account came with, else the usual ones.
fn settings_of(account: &Account) -> Vec<(&'static str, String)> {
    let Some(Value::Object(kept)) = account.extra.get(ID) else {
        return USUAL.map(|(name, value)| (name, value.to_owned())).to_vec();
    };
    let setting = |(name, numbers): (&'static str, usize)| {
        let value = kept.get(name)?.as_str()?;
        let words: Vec<&str> = value.split(' ').filter(|word| !word.is_empty()).collect();
        // What the module refuses would lock the user out.
        let is_valid = |word: &&str| word.parse().is_ok_and(|number: u16| (1..=3600).contains(&number));
        (words.len() == numbers && words.iter().all(is_valid)).then(|| (name, words.join(" ")))
    };
    SETTINGS.into_iter().filter_map(setting).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(options: &str) -> Result<Otp, &'static str> {
        let text = format!("CANARYALPHACANARYALPHACANARYALPH\n{options}");
        State::parse(&text).unwrap().otp().map_err(|skip| skip.code)
    }

    #[test]
    fn a_counter_goes_before_time_and_begins_with_1() {
        let counter = |options: &str| read(options).map(|otp| otp.counter());
        assert_eq!(counter("\" TOTP_AUTH\n\" HOTP_COUNTER 5 x"), Ok(Some(5)));
        assert_eq!(counter("\" HOTP_COUNTER 0\n\" TOTP_AUTH"), Ok(None));
        assert_eq!(counter("\" HOTP_COUNTER 0\n\" HOTP_COUNTER 7"), Ok(Some(0)));
        assert_eq!(counter("\" HOTP_COUNTER -1"), Err(Skip::BAD_COUNTER));
        assert_eq!(counter("\" HOTP_COUNTER x\n\" TOTP_AUTH"), Err(Skip::BAD_COUNTER));
        assert_eq!(read("\" STEP_SIZE 60\r\n\" TOTP_AUTH\r\n").unwrap().period(), Some(60));
        assert_eq!(read("\" STEP_SIZE half\n\" TOTP_AUTH"), Err(Skip::BAD_PERIOD));
    }

    #[test]
    fn a_file_that_no_code_is_taken_with_says_so() {
        let why =
            |options: &str| State::parse(&format!("AAAA\n{options}")).unwrap().why_not_in_use().is_some();
        assert_eq!(
            ["\" TOTP_AUTH", "\" HOTP_COUNTER 1", "\" HOTP_COUNTER 0", "\" WINDOW_SIZE 3"].map(why),
            [false, false, true, true]
        );
    }

    #[test]
    fn a_file_is_told_by_its_secret_and_an_option() {
        let plain = |text: &str| State::parse(text).map(|state| state.is_plain());
        assert_eq!(plain("CANARY-ALPHA 18\n\" TOTP_AUTH\n"), Some(true));
        assert_eq!(plain("CANARYALPHA\n12345678\n"), None);
        assert_eq!(plain("CANARYALPHA\n\"TOTP_AUTH\n\" totp_auth\n\" TOTP\n"), None);
        assert_eq!(plain("CANARY\n\" WINDOW_SIZE 3\n"), Some(false));
        assert_eq!(plain("CANARY\n\" TOTP_AUTH\n"), Some(true));
        assert_eq!(plain("issuer,secret\n\" TOTP_AUTH\n"), Some(false));
        assert_eq!(plain(""), None);
    }

    #[test]
    fn digits_stand_for_the_letters_that_they_look_like() {
        let base32 = |first: &str| State::parse(&format!("{first}\n\" TOTP_AUTH")).unwrap().otp().unwrap();
        assert_eq!(base32("0188 canary-alpha").secret(), base32("OLBBCANARYALPHA").secret());
    }

    #[test]
    fn settings_are_kept_where_the_module_takes_them() {
        let text = "AAAAAAAA\n\" RATE_LIMIT 5 60 1511200518\n\" WINDOW_SIZE 17\n\" TIME_SKEW 2\n\" TOTP_AUTH\n12345678\n";
        let state = State::parse(text).unwrap();
        let otp = state.otp().unwrap();
        let mut account = super::super::token::account(otp.clone(), "");
        let usual = "\" RATE_LIMIT 3 30\n\" WINDOW_SIZE 3\n\" DISALLOW_REUSE\n\" TOTP_AUTH\n";
        assert_eq!(write(&account, &otp).as_str(), format!("AAAAAAAA\n{usual}"));
        account.extra.insert(ID.to_owned(), Value::Object(state.settings()));
        let kept = "AAAAAAAA\n\" RATE_LIMIT 5 60\n\" WINDOW_SIZE 17\n\" TOTP_AUTH\n";
        assert_eq!(write(&account, &otp).as_str(), kept);
        account.extra.insert(ID.to_owned(), serde_json::json!({ RATE: "0 30", WINDOW: "3\n\" X", ONCE: "" }));
        assert_eq!(write(&account, &otp).as_str(), "AAAAAAAA\n\" DISALLOW_REUSE\n\" TOTP_AUTH\n");
        assert_eq!(state.scratch_codes, 1);
    }
}
