//! What became of each account, over everything that is written of it.

use std::collections::{BTreeMap, BTreeSet};

use otpferry_formats::model::{Account, Credential};
use otpferry_formats::report::Item;
use otpferry_formats::{Change, Field, Fit, Form};

use crate::proof::Proved;
use crate::report::{Report, Verified};

/// The fate of every account in every form that is written.
pub(crate) struct Outcomes<'a> {
    accounts: &'a [Account],
    /// What is written: the targets.
    forms: Vec<Form>,
    /// By target, then account.
    fits: Vec<Vec<Fit>>,
    without_pin: BTreeSet<usize>,
}

impl<'a> Outcomes<'a> {
    pub(crate) fn new(accounts: &'a [Account], forms: Vec<Form>, fits: Vec<Vec<Fit>>) -> Self {
        Self { accounts, forms, fits, without_pin: BTreeSet::new() }
    }

    /// The accounts that a target gets, in its order.
    pub(crate) fn kept(&self, target: usize) -> Vec<Account> {
        self.kept_indices(target).into_iter().map(|(_, account)| account.clone()).collect()
    }

    fn kept_indices(&self, target: usize) -> Vec<(usize, &'a Account)> {
        let fits = self.fits.get(target).map(Vec::as_slice).unwrap_or_default();
        let accounts = self.accounts.iter().enumerate();
        let kept = accounts.zip(fits).filter(|(_, fit)| fit.refused.is_none());
        let mut kept: Vec<_> = kept.map(|(pair, _)| pair).collect();
        if let Some(form) = self.forms.get(target) {
            form.arrange(&mut kept, |(_, account)| account);
        }
        kept
    }

    /// Name of the app of each target.
    fn apps(&self) -> impl ExactSizeIterator<Item = &'static str> {
        self.forms.iter().map(|form| form.writing.caps.app)
    }

    /// Whether any target refuses or changes anything that a user can see.
    pub(crate) fn has_loss(&self) -> bool {
        let visible = |fit: &Fit| {
            fit.refused.is_some() || fit.changes.iter().any(|change| !change.field.is_bookkeeping())
        };
        self.fits.iter().flatten().any(visible)
            || self.accounts.iter().any(|account| matches!(account.credential, Credential::NameOnly { .. }))
    }

    /// Adds what reading again has shown and the target did not announce.
    pub(crate) fn record(&mut self, target: usize, proved: &Proved) {
        let indices: Vec<usize> = self.kept_indices(target).into_iter().map(|(index, _)| index).collect();
        for (index, differing) in indices.iter().zip(&proved.differing) {
            let Some(fit) = self.fits.get_mut(target).and_then(|fits| fits.get_mut(*index)) else {
                continue;
            };
            for field in differing {
                if !fit.changes.iter().any(|change| change.field == *field) {
                    fit.change(*field, format!("its {} comes back different", field.name()));
                }
            }
        }
        self.without_pin.extend(proved.without_pin.iter().filter_map(|kept| indices.get(*kept)).copied());
    }

    /// Puts every account into exactly one list of the report.
    pub(crate) fn report(&self, report: &mut Report) {
        for (index, account) in self.accounts.iter().enumerate() {
            if let Some(item) = self.not_moved(index, account) {
                report.not_moved.push(item);
            } else if let Some(item) = self.changed(index, account) {
                report.changed.push(item);
            } else {
                report.moved += 1;
                report.moved_names.push(crate::show::subject(&Item::about(account, "moved", "")));
            }
        }
        report.warnings.extend(self.remarks());
        report.warnings.extend(self.bookkeeping());
        report
            .warnings
            .extend(self.without_pin.iter().filter_map(|index| self.accounts.get(*index)).map(pin_unknown));
    }

    /// The same when nothing is written because of `--strict`.
    pub(crate) fn report_withheld(&self, report: &mut Report) {
        for (index, account) in self.accounts.iter().enumerate() {
            let withheld = || {
                let reason = match self.changed(index, account) {
                    Some(change) => format!("not written, because of --strict: {}", change.message),
                    None => "not written: --strict, and something else would be lost".to_owned(),
                };
                Item::about(account, "strict", reason)
                    .next_step("Run it without --strict to write what can be moved")
            };
            report.not_moved.push(self.not_moved(index, account).unwrap_or_else(withheld));
        }
    }

    /// What some versions of an app do to an account later.
    fn remarks(&self) -> Vec<Item> {
        let of_account = |(index, account): (usize, &'a Account)| {
            let remarks = self.fits_of(index).flat_map(|(_, fit)| fit.remarks.iter().cloned());
            remarks.map(|remark| Item::about(account, "app-alters", remark)).collect::<Vec<_>>()
        };
        self.accounts.iter().enumerate().flat_map(of_account).collect()
    }

    fn fits_of(&self, index: usize) -> impl Iterator<Item = (&'static str, &Fit)> {
        self.apps().zip(self.fits.iter().filter_map(move |fits| fits.get(index)))
    }

    /// An account without a secret is not moved even by a target that keeps its name: the user has
    /// to set it up again.
    fn not_moved(&self, index: usize, account: &Account) -> Option<Item> {
        let refusals: Vec<_> = self
            .fits_of(index)
            .filter_map(|(app, fit)| fit.refused.as_ref().map(|refusal| (app, refusal)))
            .collect();
        if let Credential::NameOnly { reason } = &account.credential {
            return Some(Item::about(account, "name-only", reason.clone()).next_step(
                "Sign in at this service and set up the new phone there; keep the old phone until that works",
            ));
        }
        let (_, first) = refusals.first()?;
        let mut messages: Vec<&str> = refusals.iter().map(|(_, refusal)| refusal.message.as_str()).collect();
        messages.dedup();
        Some(Item::about(account, first.code, messages.join("; ")).next_step(first.next_step.clone()))
    }

    fn changed(&self, index: usize, account: &Account) -> Option<Item> {
        let several = self.apps().len() > 1;
        let mut fields = BTreeSet::new();
        let mut messages = Vec::new();
        for (app, fit) in self.fits_of(index) {
            for Change { field, message } in
                fit.changes.iter().filter(|change| !change.field.is_bookkeeping())
            {
                fields.insert(*field);
                messages.push(if several { format!("{app}: {message}") } else { message.clone() });
            }
        }
        if fields.is_empty() {
            return None;
        }
        let names: Vec<_> = fields.into_iter().map(Field::name).collect();
        Some(Item::about(account, "field-changed", messages.join("; ")).field(names.join(", ")))
    }

    /// One remark for each field that an app keeps for itself, not one for each account.
    fn bookkeeping(&self) -> Vec<Item> {
        let mut counts: BTreeMap<(Field, &'static str), usize> = BTreeMap::new();
        for (app, fits) in self.apps().zip(&self.fits) {
            let kept = self.accounts.iter().zip(fits).filter(|(_, fit)| fit.refused.is_none());
            for (account, change) in
                kept.flat_map(|(account, fit)| fit.changes.iter().map(move |c| (account, c)))
            {
                // A time that the target makes up is no loss.
                if change.field.is_bookkeeping() && change.field.is_used(account) {
                    *counts.entry((change.field, app)).or_default() += 1;
                }
            }
        }
        counts
            .into_iter()
            .map(|((field, app), count)| {
                let what = match field {
                    Field::Created => "when an account was added",
                    Field::Modified => "when an account was last changed",
                    Field::LastUsed => "when an account was last used",
                    _ => "how often an account was used",
                };
                Item::new(
                    "bookkeeping",
                    format!("{app} does not keep {what} ({})", crate::show::count(count, "account")),
                )
                .field(field.name())
            })
            .collect()
    }
}

fn pin_unknown(account: &Account) -> Item {
    Item::about(account, "pin-unknown", "its PIN is not in the file: the secret was compared, not the codes")
        .field("pin")
        .next_step("Have the PIN at hand; the new app asks for it")
}

/// Sums over the outputs: most accounts, fewest moments.
pub(crate) fn verified(proofs: &[Proved]) -> Verified {
    let proved = proofs.iter().map(|proved| proved.verified).filter(|verified| verified.accounts > 0);
    proved
        .reduce(|a, b| Verified { accounts: a.accounts.max(b.accounts), times: a.times.min(b.times) })
        .unwrap_or_default()
}
