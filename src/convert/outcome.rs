//! What became of each account, over all targets.

use std::collections::{BTreeMap, BTreeSet};

use otpferry_formats::model::{Account, Credential, SecretText};
use otpferry_formats::report::Item;
use otpferry_formats::{Change, Encryption, Field, Fit, Form};

use super::target::Target;
use crate::cli::ConvertArgs;
use crate::proof::Proved;
use crate::report::{OutputLine, Report, Verified};

/// The fate of every account in every target.
pub(super) struct Outcomes<'a> {
    accounts: &'a [Account],
    /// What is written.
    forms: Vec<Form>,
    /// By target, then account.
    fits: Vec<Vec<Fit>>,
    without_pin: BTreeSet<usize>,
}

impl<'a> Outcomes<'a> {
    pub(super) fn new(accounts: &'a [Account], targets: &[Target], fits: Vec<Vec<Fit>>) -> Self {
        let forms = targets.iter().map(|target| target.form).collect();
        Self { accounts, forms, fits, without_pin: BTreeSet::new() }
    }

    /// The accounts that a target gets, in its order.
    pub(super) fn kept(&self, target: usize) -> Vec<Account> {
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
    pub(super) fn has_loss(&self) -> bool {
        let visible = |fit: &Fit| {
            fit.refused.is_some() || fit.changes.iter().any(|change| !change.field.is_bookkeeping())
        };
        self.fits.iter().flatten().any(visible)
            || self.accounts.iter().any(|account| matches!(account.credential, Credential::NameOnly { .. }))
    }

    /// Adds what reading again has shown and the target did not announce.
    pub(super) fn record(&mut self, target: usize, proved: &Proved) {
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
    pub(super) fn report(&self, report: &mut Report) {
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
    pub(super) fn report_withheld(&self, report: &mut Report) {
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
                Item::new("bookkeeping", format!("{app} does not keep {what} ({count} accounts)"))
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

/// Reminds of an unprotected file.
pub(super) fn plain_output(line: &OutputLine) -> Item {
    let mut item = Item::new("plain-output", "this output holds the secrets without protection")
        .next_step("Delete it as soon as the accounts are on the new phone");
    item.file = if line.path == "-" { "standard output".to_owned() } else { line.path.clone() };
    item
}

/// Warns of a password that some versions of an app cannot take.
pub(super) fn not_ascii<'t>(
    password: &SecretText,
    targets: impl Iterator<Item = &'t Target>,
) -> impl Iterator<Item = Item> {
    let ascii = password.expose().is_ascii();
    targets.filter(move |target| !ascii && !target.form.writing.any_password).map(|target| {
        let app = target.form.writing.caps.app;
        let message = format!("{app} on an iPhone cannot open a file with this password, Android can");
        Item::new("password-not-ascii", message)
            .next_step("For an iPhone write it again with a password of English letters, digits and signs")
    })
}

/// Warns of a password that does not keep anybody out.
pub(super) fn weak_encryption<'t>(targets: impl Iterator<Item = &'t Target>) -> impl Iterator<Item = Item> {
    targets.filter(|target| target.form.writing.encryption == Encryption::Weak).map(|target| {
        let app = target.form.writing.caps.app;
        let message = format!(
            "the only encryption that {app} opens is weak: with common tools it is broken in minutes, \
             whatever the password"
        );
        Item::new("weak-encryption", message).next_step(
            "Keep the file as if it were not encrypted, delete it as soon as it is imported, and use its \
             password nowhere else",
        )
    })
}

/// An account that waits for the rest of its batch.
pub(super) fn held_back(account: &Account) -> Item {
    Item::about(account, "batch-incomplete", "not written: a QR code of the batch is missing")
        .next_step("Add the missing QR code, or go on without it with --partial")
}

/// Says why there was nothing to do.
pub(super) fn no_accounts(args: &ConvertArgs) -> Item {
    if args.read.options.only.is_empty() && args.read.options.exclude.is_empty() {
        Item::new("no-accounts", "there are no accounts in the input")
            .next_step("Look whether the app shows any, and export again")
    } else {
        Item::new("no-accounts", "no account matches --only and --exclude")
            .next_step("`otpferry inspect FILE` lists the accounts")
    }
}

/// Sums over the outputs: most accounts, fewest moments.
pub(super) fn verified(proofs: &[Proved]) -> Verified {
    let proved = proofs.iter().map(|proved| proved.verified).filter(|verified| verified.accounts > 0);
    proved
        .reduce(|a, b| Verified { accounts: a.accounts.max(b.accounts), times: a.times.min(b.times) })
        .unwrap_or_default()
}
