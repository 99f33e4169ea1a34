//! What an app's own importer would make of a file, as its source code and its users say.

use serde::Serialize;

use super::judge::{Remark, Seen};
use super::route::{Import, Means};
use super::trap::{Case, Effect, Instead, Trap};
use super::{Opens, Target, Verdict};
use crate::model::Account;

/// What an app's own importer would make of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The app: `stratum`, `2fas@ios`.
    pub target: String,
    /// The app as its users know it.
    pub title: String,
    /// Id of the file's format.
    pub format: String,
    /// Whether the file is under a password.
    pub encrypted: bool,
    /// What becomes of the file as a whole.
    pub file: FileFate,
    /// What becomes of each account, in the order that was given.
    pub accounts: Vec<Fate>,
    /// What else is to be known of this way in.
    pub remarks: Vec<Remark>,
}

/// What becomes of a file as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "fate", rename_all = "kebab-case")]
pub enum FileFate {
    /// The app reads it.
    Opened,
    /// The app does not read such files.
    NotOpened {
        /// What it reads.
        opens: Vec<Opens>,
        /// Why not.
        reason: Remark,
    },
    /// Nobody said whether the app reads such files.
    Unknown {
        /// What is not known.
        reason: Remark,
    },
    /// The app gives up over one account, and nothing gets in.
    Refused {
        /// 0-based position of that account.
        by: usize,
        /// Why.
        reason: Remark,
    },
}

/// What becomes of one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fate {
    /// 0-based position.
    pub index: usize,
    /// The service.
    pub issuer: String,
    /// The user's name there.
    pub account: String,
    /// What happens.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Why, and what else happens, the worst first.
    pub reasons: Vec<Remark>,
}

/// What happens to an account, in the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// It gets in and shows right codes.
    Right,
    /// It gets in, and something that decides no code gets lost or differs.
    Changed,
    /// It gets in with shorter names.
    NameCut {
        /// The issuer there.
        issuer_there: String,
        /// The account name there.
        account_there: String,
    },
    /// It gets in and shows codes that the service refuses.
    WrongCodes {
        /// What the app computes with, where that is known.
        instead: Instead,
    },
    /// It becomes one with an earlier account.
    Merged {
        /// 0-based position of that one.
        into: usize,
    },
    /// It does not get in.
    LeftOut,
    /// The importer has stopped before it.
    Lost {
        /// 0-based position of the account where it stopped.
        stopped_at: usize,
    },
    /// Nothing of the file gets in.
    FileNotRead,
    /// The app shows no right codes for it; what its importer does with it is not known.
    NotShown,
    /// Nobody said.
    Unknown,
    /// There is no secret to import.
    NoSecret,
}

impl Outcome {
    /// Whether the account is there afterwards, by itself.
    fn is_in(&self) -> bool {
        match self {
            Self::Right
            | Self::Changed
            | Self::NameCut { .. }
            | Self::WrongCodes { .. }
            | Self::NotShown
            | Self::Unknown => true,
            Self::Merged { .. } | Self::LeftOut | Self::Lost { .. } | Self::FileNotRead | Self::NoSecret => {
                false
            }
        }
    }

    /// Whether the account is there afterwards and shows right codes.
    pub fn is_right(&self) -> bool {
        matches!(self, Self::Right | Self::Changed | Self::NameCut { .. })
    }
}

impl Explanation {
    /// How many accounts get in and show right codes.
    pub fn right(&self) -> usize {
        self.accounts.iter().filter(|fate| fate.outcome.is_right()).count()
    }
}

/// What the importer of `target` would make of a file with these accounts, in this order.
///
/// Says what is known, each reason with its source and its date. An account that is caught in no trap, and of which
/// the app shows right codes, counts as right.
pub fn explain(target: &Target, import: Import<'_>, accounts: &[&Account]) -> Explanation {
    let file = file_fate(target, import, accounts);
    let accounts = match &file {
        FileFate::NotOpened { reason, .. } => all(accounts, &Outcome::FileNotRead, reason),
        FileFate::Refused { reason, .. } => all(accounts, &Outcome::FileNotRead, reason),
        FileFate::Opened => fates(target, import, accounts),
        FileFate::Unknown { reason } => doubted(fates(target, import, accounts), reason),
    };
    Explanation {
        target: target.name(),
        title: target.full_title(),
        format: import.format.to_owned(),
        encrypted: import.encrypted,
        remarks: match file {
            FileFate::NotOpened { .. } => Vec::new(),
            _ => target.remarks(Some(import)),
        },
        file,
        accounts,
    }
}

fn file_fate(target: &Target, import: Import<'_>, accounts: &[&Account]) -> FileFate {
    let app = target.full_title();
    let what = what_is_read(import);
    match opens(target, import) {
        Some(false) => FileFate::NotOpened {
            opens: target.opens.clone().unwrap_or_default(),
            reason: target.own_remark("not-opened", format!("{app} does not read {what}")),
        },
        None => FileFate::Unknown {
            reason: target.own_remark("not-known", format!("It is not known whether {app} reads {what}")),
        },
        Some(true) => match first_with(target, import, accounts, Effect::WholeImportFails) {
            Some((by, trap)) => {
                FileFate::Refused { by, reason: target.remark(trap, Effect::WholeImportFails) }
            }
            None => FileFate::Opened,
        },
    }
}

/// `an encrypted file of 2FAS`, `transfer QR codes`.
fn what_is_read(import: Import<'_>) -> String {
    let title = crate::registry::by_name(import.format).map_or(import.format, |format| format.info().title);
    match import.by {
        Means::MigrationQr => "transfer QR codes of Google Authenticator".to_owned(),
        Means::Qr => "QR codes of single accounts".to_owned(),
        Means::Manual => "accounts that are typed".to_owned(),
        Means::File if import.encrypted => format!("an encrypted file of the format {title}"),
        Means::File => format!("a file of the format {title}"),
    }
}

/// Whether the app reads such a file; `None` where nobody said.
fn opens(target: &Target, import: Import<'_>) -> Option<bool> {
    let is_way = import.by != Means::File && target.route(import.by).is_some();
    let is_listed = target.opens.as_ref().map(|opens| opens.iter().any(|one| is_read_as(one, import)));
    match is_listed {
        _ if is_way => Some(true),
        Some(true) => Some(true),
        Some(false) if !target.opens_more => Some(false),
        _ => None,
    }
}

fn is_read_as(opens: &Opens, import: Import<'_>) -> bool {
    opens.format == import.format && opens.encrypted == import.encrypted
}

fn first_with<'a>(
    target: &'a Target,
    import: Import<'_>,
    accounts: &[&Account],
    wanted: Effect,
) -> Option<(usize, &'a Trap)> {
    accounts.iter().enumerate().find_map(|(position, account)| {
        let case = Case { account, position, same_secret: None, same_name: None, import: Some(import) };
        let snapped = target.snapped(&case).into_iter().find(|(effect, _)| *effect == wanted);
        snapped.map(|(_, trap)| (position, trap))
    })
}

fn all(accounts: &[&Account], outcome: &Outcome, reason: &Remark) -> Vec<Fate> {
    let one =
        |(index, account): (usize, &&Account)| fate(index, account, outcome.clone(), vec![reason.clone()]);
    accounts.iter().enumerate().map(one).collect()
}

/// Where it is not known whether the file is read at all, nothing is right.
fn doubted(fates: Vec<Fate>, reason: &Remark) -> Vec<Fate> {
    let doubt = |mut fate: Fate| {
        if fate.outcome.is_right() {
            fate.outcome = Outcome::Unknown;
            fate.reasons.insert(0, reason.clone());
        }
        fate
    };
    fates.into_iter().map(doubt).collect()
}

fn fate(index: usize, account: &Account, outcome: Outcome, reasons: Vec<Remark>) -> Fate {
    Fate { index, issuer: account.issuer.clone(), account: account.name.clone(), outcome, reasons }
}

fn fates(target: &Target, import: Import<'_>, accounts: &[&Account]) -> Vec<Fate> {
    let stop = first_with(target, import, accounts, Effect::StopsHere);
    let mut seen = Seen::default();
    let mut fates = Vec::with_capacity(accounts.len());
    for (index, account) in accounts.iter().copied().enumerate() {
        let one = match stop {
            Some((stopped_at, trap)) if index > stopped_at => {
                let reason = target.remark(trap, Effect::StopsHere);
                fate(index, account, Outcome::Lost { stopped_at }, vec![reason])
            }
            _ => alone(target, &seen.case(account, index, Some(import))),
        };
        // One that did not get in is nothing that a later one could be merged with.
        if one.outcome.is_in() {
            seen.remember(account, index);
        }
        fates.push(one);
    }
    fates
}

/// The fate of an account that the importer gets to.
fn alone(target: &Target, case: &Case<'_>) -> Fate {
    let account = case.account;
    let Some(otp) = account.otp() else { return fate(case.position, account, Outcome::NoSecret, Vec::new()) };
    let mut snapped = target.snapped(case);
    snapped.sort_by_key(|(effect, _)| *effect);
    let mut reasons: Vec<Remark> =
        snapped.iter().map(|(effect, trap)| target.remark(trap, *effect)).collect();
    let outcome = outcome(case, &snapped);
    // A row that knows no trap for it may still say that the app does not show such codes.
    let outcome = match target.verdict(otp) {
        _ if !outcome.is_right() => outcome,
        Verdict::CannotHold { reason, silently } => {
            reasons.insert(0, reason);
            if silently { Outcome::WrongCodes { instead: Instead::default() } } else { Outcome::NotShown }
        }
        Verdict::Unknown { reason } => {
            reasons.insert(0, reason);
            Outcome::Unknown
        }
        Verdict::Holds | Verdict::NoSecret => outcome,
    };
    fate(case.position, account, outcome, reasons)
}

/// What the worst trap does; of equal ones all.
fn outcome(case: &Case<'_>, snapped: &[(Effect, &Trap)]) -> Outcome {
    let worst = snapped.first().map(|(effect, _)| *effect);
    let of_worst = || snapped.iter().filter(|(effect, _)| Some(*effect) == worst).map(|(_, trap)| *trap);
    match worst {
        None | Some(Effect::Remark) => Outcome::Right,
        Some(Effect::WholeImportFails) => Outcome::FileNotRead,
        Some(Effect::StopsHere | Effect::LeftOut) => Outcome::LeftOut,
        Some(Effect::Merged) => {
            let twin = of_worst().find_map(|trap| case.twin(trap.when.repeated?));
            twin.map_or(Outcome::Right, |into| Outcome::Merged { into })
        }
        Some(Effect::WrongCodes) => Outcome::WrongCodes { instead: of_worst().fold(Instead::default(), and) },
        Some(Effect::NameCut) => cut(case, of_worst()),
        Some(Effect::Changed) => Outcome::Changed,
    }
}

/// What is computed with when several traps snap.
fn and(instead: Instead, trap: &Trap) -> Instead {
    let more = trap.instead.clone();
    Instead {
        kind: instead.kind.or(more.kind),
        algorithm: instead.algorithm.or(more.algorithm),
        digits: instead.digits.or(more.digits),
        period: instead.period.or(more.period),
        counter: instead.counter.or(more.counter),
    }
}

fn cut<'a>(case: &Case<'_>, traps: impl Iterator<Item = &'a Trap> + Clone) -> Outcome {
    let account = case.account;
    let to = |text: &str, most: Option<usize>| text.chars().take(most.unwrap_or(usize::MAX)).collect();
    let issuer = traps.clone().filter_map(|trap| trap.when.issuer_over).min();
    let name = traps.filter_map(|trap| trap.when.name_over).min();
    Outcome::NameCut { issuer_there: to(&account.issuer, issuer), account_there: to(&account.name, name) }
}
