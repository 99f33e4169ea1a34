//! What one file held.

use jiff::Timestamp;

use super::account::{Account, Extra};
use super::protection::Protection;
use crate::phone::{Enclosed, Photo, Survey};
use crate::report::Item;

/// One part of an export that spans several QR codes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchPart {
    /// The number that all parts of one export share; 0 where the app writes none.
    pub id: i64,
    /// 0-based position of this part.
    pub index: u32,
    /// How many parts the export has.
    pub size: u32,
    /// SHA-256 of the payload: tells the same part seen twice from another one.
    pub digest: [u8; 32],
    /// The input that held it, in words; empty when it had no name.
    pub file: String,
}

/// What one file held: accounts in the user's order, and what could not be read of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Vault {
    /// Variant of the format in a few words: `db v3`, `schema v4, android`.
    pub variant: String,
    /// Whether a password opened it.
    pub encrypted: bool,
    /// How it is encrypted, where that is known.
    pub protection: Option<Protection>,
    /// When the file says that it was made.
    pub created: Option<Timestamp>,
    /// The accounts.
    pub accounts: Vec<Account>,
    /// Entries that are no usable account, each with its reason.
    pub skipped: Vec<Item>,
    /// What the user should know about entries that were read.
    pub warnings: Vec<Item>,
    /// QR parts that were seen.
    pub parts: Vec<BatchPart>,
    /// What only this app knows about the file as a whole, by format id.
    pub extra: Extra,
    /// Of a phone's backup: files in it that are to be read like files of their own.
    pub enclosed: Vec<Enclosed>,
    /// Of a phone's backup: pictures in it, which may show QR codes.
    pub photos: Vec<Photo>,
    /// Of a phone's backup: what it tells about the phone.
    pub survey: Option<Box<Survey>>,
}

impl Vault {
    /// The same, opened with a password.
    #[must_use]
    pub(crate) fn protected(mut self, protection: Protection) -> Self {
        self.encrypted = true;
        self.protection = Some(protection);
        self
    }

    /// Entries in the file, readable or not.
    pub fn entries(&self) -> usize {
        self.accounts.len().saturating_add(self.skipped.len())
    }

    /// The latest time that the file knows of any account: added, edited, or used.
    pub fn newest(&self) -> Option<Timestamp> {
        let latest = |account: &Account| account.modified.max(account.created).max(account.last_used);
        self.accounts.iter().filter_map(latest).max()
    }
}
