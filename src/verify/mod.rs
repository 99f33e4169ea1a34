//! Whether two lists of accounts show the same codes: a certificate that names every account and holds no
//! secret.

pub(crate) mod ask;
mod judge;
pub(crate) mod text;
mod typed;

use otpferry_formats::model::compare::{self, Pair, Single};
use otpferry_formats::model::{Account, Fingerprint};
use serde::Serialize;

use crate::cli::Moment;
use crate::encode;
use crate::failure::Exit;
use crate::show;
use crate::side::{Side, Summary};

use judge::{Finding, Outcome};

/// What a comparison came to.
#[derive(Serialize)]
pub(crate) struct Certificate {
    verdict: Verdict,
    /// The verdict in words.
    message: String,
    /// When the comparison was made.
    date: String,
    old: Summary,
    new: Summary,
    compared: Compared,
    /// The accounts of the old list, in their order.
    accounts: Vec<Line>,
    only_in_new: Vec<Extra>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Verdict {
    /// Every account shows the same codes.
    Same,
    /// No code differs, but not everything could be compared.
    Attention,
    /// An account is missing, or shows other codes.
    Different,
}

/// How much was computed.
#[derive(Serialize)]
struct Compared {
    /// Accounts whose codes were compared.
    accounts: usize,
    /// At how many times or counters each, at least.
    moments: usize,
}

/// One account of the old list.
#[derive(Serialize)]
struct Line {
    issuer: String,
    account: String,
    kind: &'static str,
    /// What it is called in the new list, where that is something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    new_name: Option<NewName>,
    result: Outcome,
    /// The result in words.
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_step: Option<&'static str>,
    /// At how many times or counters the codes were compared.
    moments: usize,
    /// `null` without a secret.
    fingerprint: Option<String>,
    /// Of the account in the new list; `null` where there is none or it has no secret.
    new_fingerprint: Option<String>,
}

#[derive(Serialize)]
struct NewName {
    issuer: String,
    account: String,
}

/// An account that only the new list has.
#[derive(Serialize)]
struct Extra {
    issuer: String,
    account: String,
    kind: &'static str,
    fingerprint: Option<String>,
}

impl Certificate {
    /// Compares. `at` is one more time at which codes are computed.
    pub(crate) fn of(old: &Side, new: &Side, at: Option<Moment>, salt: &[u8; 32]) -> Self {
        let comparison = compare::lists(&old.accounts, &new.accounts);
        let print = |account: &Account| Fingerprint::salted(account, salt).map(|print| print.to_string());
        let mut lines: Vec<(usize, Line)> = Vec::with_capacity(old.accounts.len());
        let pair = |pair: &Pair| {
            let (a, b) = (old.accounts.get(pair.old)?, new.accounts.get(pair.new)?);
            let finding = judge::pair(pair, a, b, at.map(|moment| moment.0));
            Some((pair.old, Line::new(a, pair.renamed.then_some(b), finding, print(a), print(b))))
        };
        lines.extend(comparison.pairs.iter().filter_map(pair));
        let removed = |single: &Single| {
            let account = old.accounts.get(single.index)?;
            let twin = single.twin.and_then(|twin| new.accounts.get(twin));
            let finding = judge::removed(account, twin);
            let other = twin.filter(|twin| !same_name(account, twin));
            Some((single.index, Line::new(account, other, finding, print(account), twin.and_then(print))))
        };
        lines.extend(comparison.removed.iter().filter_map(removed));
        lines.sort_by_key(|(place, _)| *place);
        let accounts: Vec<Line> = lines.into_iter().map(|(_, line)| line).collect();
        let added = old.added(&comparison).iter().filter_map(|single| new.accounts.get(single.index));
        let only_in_new = added.map(|account| Extra::new(account, print(account))).collect();
        let (old, is_empty, new) = (old.summary(), new.accounts.is_empty(), new.summary());
        let asks = old.needs_attention() || new.needs_attention();
        let verdict = verdict(&accounts, asks);
        Self {
            verdict,
            message: message(verdict, &accounts, is_empty),
            date: encode::now().to_string(),
            compared: Compared::of(&accounts),
            accounts,
            only_in_new,
            old,
            new,
        }
    }

    /// The exit code. While QR codes are missing, that an account is missing proves nothing.
    pub(crate) fn exit(&self, partial: bool) -> Exit {
        let differs = |line: &&Line| line.result.is_difference();
        let incomplete = !partial && [&self.old, &self.new].iter().any(|side| !side.missing_parts.is_empty());
        let wrong = self.accounts.iter().filter(differs).any(|line| line.result != Outcome::Missing);
        match self.verdict {
            Verdict::Different if wrong => Exit::CodesDiffer,
            _ if incomplete => Exit::Incomplete,
            Verdict::Different => Exit::CodesDiffer,
            Verdict::Attention => Exit::Attention,
            Verdict::Same => Exit::Done,
        }
    }
}

fn same_name(a: &Account, b: &Account) -> bool {
    (&a.issuer, &a.name) == (&b.issuer, &b.name)
}

fn verdict(accounts: &[Line], sides_ask: bool) -> Verdict {
    if accounts.iter().any(|line| line.result.is_difference()) {
        Verdict::Different
    } else if sides_ask || accounts.is_empty() || accounts.iter().any(|line| line.result.needs_attention()) {
        Verdict::Attention
    } else {
        Verdict::Same
    }
}

fn message(verdict: Verdict, accounts: &[Line], new_is_empty: bool) -> String {
    let all = show::count(accounts.len(), "account");
    let number = |is: fn(Outcome) -> bool| accounts.iter().filter(|line| is(line.result)).count();
    match verdict {
        _ if accounts.is_empty() => "the old list holds no accounts: there was nothing to compare".to_owned(),
        Verdict::Different if new_is_empty => {
            format!(
                "the new list holds no accounts, the old one {all}. Do not let the new one replace the old one"
            )
        }
        Verdict::Different => format!(
            "{} of {all} would not show the right codes. Keep the old phone and the old file",
            number(Outcome::is_difference)
        ),
        Verdict::Attention => match number(Outcome::needs_attention) {
            0 => "no code differs, but not everything could be read. Keep the old phone".to_owned(),
            open => format!("no code differs, but {open} of {all} could not be compared. Keep the old phone"),
        },
        Verdict::Same => match number(|outcome| outcome == Outcome::PerDevice) {
            0 => format!("{all}, all with the same codes"),
            own => format!("{all}; the codes are the same but for {own} with a key of its own on each phone"),
        },
    }
}

impl Compared {
    fn of(accounts: &[Line]) -> Self {
        let compared = || accounts.iter().map(|line| line.moments).filter(|moments| *moments > 0);
        Self { accounts: compared().count(), moments: compared().min().unwrap_or(0) }
    }
}

impl Line {
    fn new(
        account: &Account,
        renamed: Option<&Account>,
        finding: Finding,
        fingerprint: Option<String>,
        new_fingerprint: Option<String>,
    ) -> Self {
        Self {
            issuer: account.issuer.clone(),
            account: account.name.clone(),
            kind: account.kind().name(),
            new_name: renamed
                .map(|other| NewName { issuer: other.issuer.clone(), account: other.name.clone() }),
            result: finding.outcome,
            message: finding.message,
            next_step: finding.outcome.next_step(),
            moments: finding.moments,
            fingerprint,
            new_fingerprint,
        }
    }
}

impl Extra {
    fn new(account: &Account, fingerprint: Option<String>) -> Self {
        Self {
            issuer: account.issuer.clone(),
            account: account.name.clone(),
            kind: account.kind().name(),
            fingerprint,
        }
    }
}
