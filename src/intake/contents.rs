//! What all inputs held, put together.

use otpferry_formats::model::Account;
use otpferry_formats::model::merge::{self, MissingPart};
use otpferry_formats::report::Item;

use super::{File, Intake};
use crate::report::FileLine;

/// The accounts of all inputs, merged, and what reading them has to say.
#[derive(Debug)]
pub(crate) struct Contents {
    /// The inputs.
    pub(crate) files: Vec<FileLine>,
    /// Entries in all of them, readable or not.
    pub(crate) entries: usize,
    pub(crate) accounts: Vec<Account>,
    /// Accounts that several inputs have, kept once.
    pub(crate) duplicates: Vec<Item>,
    /// Accounts about which two inputs disagree.
    pub(crate) conflicts: Vec<Item>,
    /// Entries that are no usable account.
    pub(crate) skipped: Vec<Item>,
    /// What else the user should know.
    pub(crate) warnings: Vec<Item>,
    /// QR codes of an export that no input held.
    pub(crate) missing_parts: Vec<MissingPart>,
}

impl Intake {
    /// Takes the accounts out of the inputs and puts them together.
    pub(crate) fn contents(&mut self) -> Contents {
        let files = self.files.iter().map(File::line).collect();
        let entries = self.files.iter().map(|file| file.vault.entries()).sum();
        let skipped = self.files.iter().flat_map(|file| file.vault.skipped.iter().cloned()).collect();
        let (warnings, missing_parts) = (self.warnings(), self.missing_parts());
        let merge::Merged { accounts, duplicates, conflicts } = merge::accounts(self.take_accounts());
        Contents { files, entries, accounts, duplicates, conflicts, skipped, warnings, missing_parts }
    }
}
