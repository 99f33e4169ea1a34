//! What was found in a keychain, in the order in which it is told.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::{Account, Credential, Otp, Vault};
use crate::open::otpauth;
use crate::report::Skip;

/// Accounts and entries that are none, and which items they came from.
pub(super) struct Found {
    pub(super) vault: Vault,
    /// For each item, whether it was known.
    taken: Vec<bool>,
    /// How many accounts there are of each app whose items are known, by its id.
    pub(super) by_app: BTreeMap<&'static str, usize>,
    /// Whether all items could be opened that the password opens.
    pub(super) is_whole: bool,
}

impl Found {
    pub(super) fn new(items: usize, is_whole: bool) -> Self {
        Self { vault: Vault::default(), taken: vec![false; items], by_app: BTreeMap::new(), is_whole }
    }

    /// Counts the accounts that are taken for an app.
    pub(super) fn of_app(&mut self, id: &'static str, take: impl FnOnce(&mut Self)) {
        let before = self.vault.accounts.len();
        take(self);
        self.by_app.insert(id, self.vault.accounts.len().saturating_sub(before));
    }

    /// Marks an item as known: it is not looked at again.
    pub(super) fn take(&mut self, item: usize) {
        if let Some(taken) = self.taken.get_mut(item) {
            *taken = true;
        }
    }

    pub(super) fn is_taken(&self, item: usize) -> bool {
        self.taken.get(item).copied().unwrap_or(false)
    }

    /// Adds what an item, or several together, have turned out to be.
    pub(super) fn add(&mut self, entry: Entry, modified: Option<Timestamp>) {
        let index = self.vault.entries();
        match entry {
            Ok(mut account) => {
                account.origin.index = index;
                account.origin.format = super::ID.to_owned();
                account.modified = account.modified.or(modified);
                self.vault.accounts.push(account);
            }
            Err(Unusable { skip, issuer, name }) => {
                self.vault.skipped.push(skip.item(index, &issuer, &name));
            }
        }
    }
}

/// An account, or why it is none.
pub(super) type Entry = Result<Account, Unusable>;

/// An entry whose names are known, whatever became of its parameters.
pub(super) fn entry(otp: Result<Otp, Skip>, issuer: &str, name: &str) -> Entry {
    match otp {
        Ok(otp) => Ok(Account::new(Credential::Otp(otp), issuer, name)),
        Err(skip) => Err(Unusable::new(skip, issuer, name)),
    }
}

/// A whole link.
pub(super) fn of_link(link: &str) -> Entry {
    otpauth::parse(link).map_err(|(skip, names)| Unusable::new(skip, &names.issuer, &names.account))
}

/// An entry that is no account, with the names that are known.
pub(super) struct Unusable {
    pub(super) skip: Skip,
    pub(super) issuer: String,
    pub(super) name: String,
}

impl Unusable {
    pub(super) fn new(skip: Skip, issuer: &str, name: &str) -> Self {
        Self { skip, issuer: issuer.to_owned(), name: name.to_owned() }
    }
}
