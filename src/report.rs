//! The report of a conversion: every account that went in, and what became of it.

use otpferry_formats::model::Account;
use otpferry_formats::model::merge::MissingPart;
use otpferry_formats::report::Item;
use serde::Serialize;

use crate::cli::ReadOptions;
use crate::intake::Intake;

/// Counts and reasons, without secrets. `read` is the sum of `moved`, the lengths of `changed`,
/// `not_moved` and `duplicates`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Entries found in all inputs, after `--only` and `--exclude`.
    pub read: usize,
    /// Accounts that arrived whole in every target.
    pub moved: usize,
    /// Their names, for people.
    #[serde(skip)]
    pub moved_names: Vec<String>,
    /// Accounts that arrived with the same codes but without some detail.
    pub changed: Vec<Item>,
    /// Accounts that did not arrive.
    pub not_moved: Vec<Item>,
    /// Accounts that another input held as well, counted once.
    pub duplicates: Vec<Item>,
    /// Accounts about which two inputs disagree.
    pub conflicts: Vec<Item>,
    /// QR codes of an export that no input held.
    pub missing_parts: Vec<MissingPart>,
    /// Anything else that the user should know.
    pub warnings: Vec<Item>,
    /// The inputs.
    pub files: Vec<FileLine>,
    /// What was written.
    pub outputs: Vec<OutputLine>,
    /// How many accounts were compared, and at how many moments each.
    pub verified: Verified,
}

/// One input.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FileLine {
    /// As the user named it.
    pub path: String,
    /// Format id; `null` when it was not read.
    pub format: Option<String>,
    /// Whether a password or key opened it.
    pub encrypted: bool,
    /// Accounts in it.
    pub accounts: usize,
}

/// One output.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OutputLine {
    /// Where it is; `-` for standard output.
    pub path: String,
    /// Format id.
    pub format: String,
    /// Whether a password or key is needed to open it.
    pub encrypted: bool,
    /// Accounts in it.
    pub accounts: usize,
}

/// What was proved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Accounts whose codes were computed from what was written and compared.
    pub accounts: usize,
    /// Moments at which each was compared, at least.
    pub times: usize,
}

impl Verified {
    /// Of accounts that were proved one after the other: all of them, and the fewest moments.
    pub(crate) fn sum(parts: impl IntoIterator<Item = Self>) -> Self {
        let some = parts.into_iter().filter(|part| part.accounts > 0);
        let sum = some.reduce(|a, b| Self { accounts: a.accounts + b.accounts, times: a.times.min(b.times) });
        sum.unwrap_or_default()
    }
}

impl Report {
    /// What reading alone has to say, and the accounts: those of all inputs, merged.
    pub(crate) fn of_inputs(intake: &mut Intake, options: &ReadOptions) -> (Self, Vec<Account>) {
        let contents = intake.contents();
        let mut report = Self {
            files: contents.files,
            read: contents.entries,
            missing_parts: contents.missing_parts,
            warnings: contents.warnings,
            not_moved: contents.skipped,
            duplicates: contents.duplicates,
            conflicts: contents.conflicts,
            ..Self::default()
        };
        if report.read == 0 {
            report.warnings.push(no_accounts(options));
        }
        (report, contents.accounts)
    }

    /// Whether there is not enough to go on: a QR code of a batch is missing, and nobody said that this is
    /// all the same.
    pub(crate) fn is_incomplete(&self, options: &ReadOptions) -> bool {
        !self.missing_parts.is_empty() && !options.partial
    }

    /// Without all parts of a batch nothing moves, and the report says so of every account.
    pub(crate) fn hold_back(&mut self, accounts: &[Account]) {
        self.not_moved.extend(accounts.iter().map(held_back));
    }

    /// Whether the user has to look at something.
    pub fn needs_attention(&self) -> bool {
        !(self.changed.is_empty()
            && self.not_moved.is_empty()
            && self.conflicts.is_empty()
            && self.missing_parts.is_empty()
            && !self.warnings.iter().any(needs_attention))
            || self.read == 0
    }

    /// Whether anything at all was lost on the way.
    pub fn has_loss(&self) -> bool {
        let unread = |item: &Item| UNREAD.contains(&item.code.as_str());
        !(self.changed.is_empty() && self.not_moved.is_empty() && self.missing_parts.is_empty())
            || self.warnings.iter().any(unread)
    }
}

/// Reminds of an unprotected file.
pub(crate) fn plain_output(line: &OutputLine) -> Item {
    let mut item = Item::new("plain-output", "this output holds the secrets without protection")
        .next_step("Delete it as soon as the accounts are on the new phone");
    item.file = if line.path == "-" { "standard output".to_owned() } else { line.path.clone() };
    item
}

/// An account that waits for the rest of its batch.
fn held_back(account: &Account) -> Item {
    Item::about(account, "batch-incomplete", "not written: a QR code of the batch is missing")
        .next_step("Add the missing QR code, or go on without it with --partial")
}

/// Says why there was nothing to do.
fn no_accounts(options: &ReadOptions) -> Item {
    if options.only.is_empty() && options.exclude.is_empty() {
        Item::new("no-accounts", "there are no accounts in the input")
            .next_step("Look whether the app shows any, and export again")
    } else {
        Item::new("no-accounts", "no account matches --only and --exclude")
            .next_step("`otpferry inspect FILE` lists the accounts")
    }
}

/// Whether a remark asks something of the user.
pub fn needs_attention(item: &Item) -> bool {
    !QUIET.contains(&item.code.as_str())
}

/// Remarks about something in the inputs that was not read.
const UNREAD: &[&str] = &["not-read", "unread-code", "not-an-account", "cut-short"];

/// Remarks that ask nothing of the user.
const QUIET: &[&str] = &[
    "bookkeeping",
    "column-mapping",
    "other-items",
    "photos",
    "plain-output",
    "read-together",
    "repeated-payload",
    "passed-over",
    "pin-unknown",
];
