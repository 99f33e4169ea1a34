//! The report of a conversion: every account that went in, and what became of it.

use otpferry_formats::model::merge::MissingPart;
use otpferry_formats::report::Item;
use serde::Serialize;

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

impl Report {
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
    "plain-output",
    "read-together",
    "repeated-payload",
    "passed-over",
    "pin-unknown",
];
