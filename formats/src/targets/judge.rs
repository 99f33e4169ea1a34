//! What a target would make of accounts, before anything is moved.

use std::collections::HashMap;

use serde::Serialize;

use super::trap::{Case, Effect, Trap};
use super::{AsOf, Import, Target};
use crate::model::{Account, Algorithm, Kind, Otp};

/// Something to know, with where and when it was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// Stable kebab-case reason.
    pub code: String,
    /// What happens.
    pub effect: Effect,
    /// A sentence without a final stop that ends with the date: `... (as of 2024-11)`.
    pub message: String,
    /// When it was found.
    pub checked: AsOf,
    /// Where it was found.
    pub source: Vec<String>,
}

/// Whether a target shows the codes of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It does, as far as is known.
    Holds,
    /// It does not.
    CannotHold {
        /// Why.
        reason: Remark,
        /// Whether it takes the account all the same, without a word, and shows other codes.
        silently: bool,
    },
    /// Nobody said.
    Unknown {
        /// What is not known.
        reason: Remark,
    },
    /// There is no secret to move.
    NoSecret,
}

/// What a target would make of one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Whether the codes are right there.
    pub verdict: Verdict,
    /// What else would happen or is to be known.
    pub remarks: Vec<Remark>,
}

impl Target {
    /// What would become of an account, whatever the way.
    pub fn judge(&self, account: &Account) -> Judgement {
        self.judge_case(&Case { account, position: 0, same_secret: None, same_name: None, import: None })
    }

    /// What would become of each of these accounts, which move together: on one way ([`super::Route::import`]), or
    /// whatever the way. Knows repeated secrets and names, and how many accounts fit.
    pub fn judge_all(&self, accounts: &[&Account], import: Option<Import<'_>>) -> Vec<Judgement> {
        let mut seen = Seen::default();
        let mut judgements = Vec::with_capacity(accounts.len());
        // What does not get in takes no place there, and is nothing to be merged with.
        let mut inside = 0;
        for (position, account) in accounts.iter().copied().enumerate() {
            let judged = self.judge_case(&seen.case(account, inside, import));
            if matches!(judged.verdict, Verdict::Holds | Verdict::Unknown { .. }) {
                seen.remember(account, position);
                inside += 1;
            }
            judgements.push(judged);
        }
        judgements
    }

    /// What is to be known of a way in, whatever the account: what its traps say of all.
    pub fn remarks(&self, import: Option<Import<'_>>) -> Vec<Remark> {
        let traps = self.traps.iter().filter(|trap| trap.when.is_general() && trap.when.is_this_way(import));
        traps.map(|trap| self.remark(trap, trap.effect_on(import))).collect()
    }

    /// What goes wrong with an account when the app writes it into a file or codes of this format.
    pub fn exported(&self, account: &Account, format: &str) -> Vec<Remark> {
        let import = Some(Import::of(format, false));
        let case = Case { account, position: 0, same_secret: None, same_name: None, import };
        let snapped = self.exports.iter().filter(|trap| trap.when.holds(&case));
        snapped.map(|trap| self.remark(trap, trap.effect)).collect()
    }

    fn judge_case(&self, case: &Case<'_>) -> Judgement {
        let Some(otp) = case.account.otp() else {
            return Judgement { verdict: Verdict::NoSecret, remarks: Vec::new() };
        };
        let snapped = self.snapped(case);
        let worst = snapped.iter().filter(|(effect, _)| effect.is_loss()).min_by_key(|(effect, _)| *effect);
        let verdict = match worst {
            Some((effect, trap)) => {
                Verdict::CannotHold { reason: self.remark(trap, *effect), silently: trap.silently }
            }
            None => self.verdict(otp),
        };
        let mildly = snapped.iter().filter(|(effect, _)| !effect.is_loss());
        Judgement { verdict, remarks: mildly.map(|(effect, trap)| self.remark(trap, *effect)).collect() }
    }

    /// The traps that an account is caught in, with what they do to it.
    pub(super) fn snapped(&self, case: &Case<'_>) -> Vec<(Effect, &Trap)> {
        let traps = self.traps.iter().filter(|trap| !trap.when.is_general() && trap.when.holds(case));
        traps.map(|trap| (trap.effect_on(case.import), trap)).collect()
    }

    /// What a trap says.
    pub fn remark(&self, trap: &Trap, effect: Effect) -> Remark {
        Remark {
            code: trap.code.clone(),
            effect,
            message: trap.message(self),
            checked: trap.checked(self),
            source: trap.source(self).to_vec(),
        }
    }

    /// What the row itself says.
    pub(super) fn own_remark(&self, code: &str, sentence: String) -> Remark {
        Remark {
            code: code.to_owned(),
            effect: Effect::Remark,
            message: format!("{sentence} (as of {})", self.checked),
            checked: self.checked,
            source: self.source.clone(),
        }
    }

    /// What the table says about the parameters alone.
    pub(super) fn verdict(&self, otp: &Otp) -> Verdict {
        let lacks = lacks(self, otp);
        let silently = self.holds.silently;
        if let Some(lack) = lacks.iter().find(|lack| lack.is_certain) {
            let sentence = format!("{} {}", self.full_title(), lack.cannot);
            return Verdict::CannotHold { reason: self.own_remark(lack.code, sentence), silently };
        }
        match lacks.first() {
            Some(lack) => {
                let sentence = format!("It is not known whether {} shows {}", self.full_title(), lack.what);
                Verdict::Unknown { reason: self.own_remark(lack.code, sentence) }
            }
            None => Verdict::Holds,
        }
    }
}

/// A parameter that the app does not hold, or of which nobody said whether it does.
struct Lack {
    code: &'static str,
    is_certain: bool,
    cannot: String,
    what: String,
}

/// What an app lacks for an account. Where nobody said, the values that every app has count as held: TOTP, SHA1, 6
/// digits, 30 seconds.
fn lacks(target: &Target, otp: &Otp) -> Vec<Lack> {
    let holds = &target.holds;
    let is_free = matches!(otp, Otp::Totp { .. } | Otp::Hotp { .. });
    let kind = otp.kind();
    let known = holds.kinds.as_ref().map(|kinds| kinds.contains(&kind));
    let mut lacks = Vec::new();
    let mut check = |known: Option<bool>, is_usual: bool, code, cannot: String, what: String| {
        if !known.unwrap_or(is_usual) {
            lacks.push(Lack { code, is_certain: known.is_some(), cannot, what });
        }
    };
    let what = codes_of(kind);
    check(known, kind == Kind::Totp, "unsupported-kind", format!("cannot show {what}"), what.to_owned());
    if is_free {
        let algorithm = otp.algorithm();
        let known = holds.algorithms.as_ref().map(|all| all.contains(&algorithm));
        let cannot = format!("does not know the algorithm {algorithm}");
        let what = format!("codes made with {algorithm}");
        check(known, algorithm == Algorithm::Sha1, "unsupported-algorithm", cannot, what);
        let digits = otp.digits();
        let known = holds.digits.as_ref().map(|all| all.contain(u64::from(digits)));
        let what = format!("{digits}-digit codes");
        check(known, digits == 6, "unsupported-digits", format!("cannot show {what}"), what);
    }
    if let Otp::Totp { period, .. } = otp {
        let period = period.get();
        let known = holds.periods.as_ref().map(|all| all.contain(u64::from(period)));
        let cannot = format!("cannot change codes every {period} seconds");
        let what = format!("codes that change every {period} seconds");
        check(known, period == 30, "unsupported-period", cannot, what);
    }
    lacks
}

fn codes_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Totp => "time-based (TOTP) codes",
        Kind::Hotp => "counter-based (HOTP) codes",
        Kind::Steam => "Steam Guard codes",
        Kind::Motp => "mOTP codes",
        Kind::Yandex => "Yandex codes",
        Kind::NameOnly => "accounts without a secret",
    }
}

/// The accounts that are there already, by what makes them the same.
#[derive(Default)]
pub(super) struct Seen<'a> {
    secrets: HashMap<&'a [u8], usize>,
    names: HashMap<(&'a str, &'a str), usize>,
}

impl<'a> Seen<'a> {
    pub(super) fn case(&self, account: &'a Account, position: usize, import: Option<Import<'a>>) -> Case<'a> {
        let same_secret = account.otp().and_then(|otp| self.secrets.get(otp.secret().expose())).copied();
        let same_name = self.names.get(&(account.issuer.as_str(), account.name.as_str())).copied();
        Case { account, position, same_secret, same_name, import }
    }

    pub(super) fn remember(&mut self, account: &'a Account, position: usize) {
        if let Some(otp) = account.otp() {
            self.secrets.entry(otp.secret().expose()).or_insert(position);
            self.names.entry((&account.issuer, &account.name)).or_insert(position);
        }
    }
}
