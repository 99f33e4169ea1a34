//! A way into an app, and what keeps accounts from taking it.

use otpferry_formats::model::{Account, Kind};
use otpferry_formats::targets::{Effect, Found, Judgement, Means, Remark, Route, Target, Verdict};
use otpferry_formats::{Encryption, Refusal};

/// A way in, and what would become of each account on it.
pub(crate) struct Way {
    pub(crate) route: &'static Route,
    judgements: Vec<Judgement>,
    /// Why what otpferry writes for this way cannot hold the account.
    refusals: Vec<Option<Refusal>>,
    /// Whether otpferry writes something for it, or the key is typed.
    is_open: bool,
}

impl Way {
    /// All ways in, the best one first. Accounts are judged together: some apps make one of two with the same
    /// secret.
    pub(crate) fn all(accounts: &[Account], target: Found) -> Vec<Self> {
        target.target.routes.iter().map(|route| Self::of(accounts, target.target, route)).collect()
    }

    fn of(accounts: &[Account], target: &Target, route: &'static Route) -> Self {
        let all: Vec<&Account> = accounts.iter().collect();
        let form = route.form();
        let encrypted = form
            .is_some_and(|form| matches!(form.writing.encryption, Encryption::Optional | Encryption::Always));
        let refusals = form.map(|form| form.fit(accounts).into_iter().map(|fit| fit.refused).collect());
        Self {
            route,
            judgements: target.judge_all(&all, Some(route.import(encrypted))),
            refusals: refusals.unwrap_or_else(|| vec![None; accounts.len()]),
            is_open: form.is_some() || route.by == Means::Manual,
        }
    }

    /// What keeps an account from taking this way.
    pub(crate) fn obstacle(&self, at: usize, account: &Account) -> Option<String> {
        if !self.is_open {
            return Some("otpferry does not write what this app imports".to_owned());
        }
        let judged = self.judgements.get(at)?;
        let merged = || judged.remarks.iter().find(|remark| remark.effect == Effect::Merged);
        let said = match &judged.verdict {
            Verdict::CannotHold { reason, .. } => Some(reason),
            // Every app shows plain TOTP; of other kinds nothing is taken for granted.
            Verdict::Unknown { reason } if account.kind() != Kind::Totp => Some(reason),
            _ => merged(),
        };
        let refused = || self.refusals.get(at)?.as_ref().map(|refusal| refusal.message.clone());
        said.map(|remark| remark.message.clone()).or_else(refused)
    }

    /// Whether nobody knows if the app shows the account right.
    pub(crate) fn is_unknown(&self, at: usize) -> bool {
        self.judgements.get(at).is_some_and(|judged| matches!(judged.verdict, Verdict::Unknown { .. }))
    }

    /// What to look out for on this way, and what nobody knows of it.
    pub(crate) fn remarks(&self, at: usize) -> Vec<Remark> {
        let Some(judged) = self.judgements.get(at) else { return Vec::new() };
        let mut remarks = judged.remarks.clone();
        if let Verdict::Unknown { reason } = &judged.verdict {
            remarks.push(reason.clone());
        }
        remarks
    }
}

/// Counters and lengths of secrets that an app's own file cannot hold it cannot hold on any way; the
/// table of targets does not have these limits.
pub(crate) fn own_limit(target: &Target, account: &Account) -> Option<String> {
    let form = target.route(Means::File)?.form()?;
    let refusal = form.fit(std::slice::from_ref(account)).into_iter().next()?.refused?;
    matches!(refusal.code, "unsupported-counter" | "unsupported-secret").then_some(refusal.message)
}

/// Whether it is the app that personal Microsoft accounts are signed in with.
pub(crate) fn is_microsoft(target: Found) -> bool {
    target.target.id == "microsoft-authenticator"
}

/// Whether the app gets a key of its own for the account, and nothing that could be copied to it.
pub(crate) fn has_own_key(target: Found, account: &Account) -> bool {
    account.is_per_device() && is_microsoft(target)
}

/// Why such an account does not move, and how it gets there instead.
pub(crate) const OWN_KEY: &str =
    "a personal Microsoft account: each phone has a key of its own, so the codes differ and both are valid";
pub(crate) const SIGN_IN_THERE: &str =
    "In Microsoft Authenticator on the new phone, tap + > Personal account and sign in";

/// What is left for an account that the app cannot hold.
pub(crate) const STUCK: &str = "Keep the old phone for it, move it to another app, or set it up again: sign in, add the new \
    phone to its two-step verification, and take the old one out when the new one works";
