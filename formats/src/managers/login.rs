//! The items of a password manager, as far as a one-time code is concerned.

use jiff::Timestamp;

use crate::error::Place;
use crate::model::{Account, Vault};
use crate::open::otp_field::{self, Around};
use crate::report::{Item, Skip};

/// An item around its codes. What a manager does not have stays empty.
#[derive(Clone, Debug, Default)]
pub(crate) struct Login<'a> {
    /// What the item is called: the issuer where the code names none.
    pub(crate) title: &'a str,
    /// The user name: the account where the code names none.
    pub(crate) user: &'a str,
    /// Web addresses.
    pub(crate) urls: Vec<String>,
    /// Folders, collections, tags.
    pub(crate) groups: Vec<String>,
    /// Free text.
    pub(crate) note: &'a str,
    /// Pinned or starred.
    pub(crate) favorite: bool,
    /// When it was added.
    pub(crate) created: Option<Timestamp>,
    /// When it was last edited.
    pub(crate) modified: Option<Timestamp>,
    /// In the recycle bin, where nobody looks for an account.
    pub(crate) trashed: bool,
}

impl<'a> Login<'a> {
    /// The names for reading its codes.
    pub(crate) fn around(&self) -> Around<'a> {
        Around { title: self.title, user: self.user }
    }

    fn describe(&self, account: &mut Account) {
        account.urls.clone_from(&self.urls);
        // A link can bring tags of its own.
        let tags = account.groups.len();
        for group in &self.groups {
            if !account.groups.iter().take(tags).any(|tag| tag == group) {
                account.groups.push(group.clone());
            }
        }
        if account.note.is_empty() {
            self.note.clone_into(&mut account.note);
        }
        account.favorite |= self.favorite;
        account.created = self.created;
        account.modified = self.modified;
    }
}

/// Gathers the accounts of a file item by item, and counts the items that are none.
pub(crate) struct Gathering {
    format: &'static str,
    vault: Vault,
    without_code: usize,
}

impl Gathering {
    /// Nothing gathered yet, from this variant of the format.
    pub(crate) fn new(format: &'static str, variant: &str) -> Self {
        Self { format, vault: Vault { variant: variant.to_owned(), ..Vault::default() }, without_code: 0 }
    }

    /// Takes the codes of an item; blank values count as none.
    pub(crate) fn item<'v>(
        &mut self,
        login: &Login<'_>,
        values: impl IntoIterator<Item = &'v str>,
        place: &Place,
    ) {
        let mut none = true;
        for value in values.into_iter().filter(|value| !value.trim().is_empty()) {
            none = false;
            for entry in otp_field::read(value, login.around()) {
                self.entry(login, entry, place);
            }
        }
        if none {
            self.other();
        }
    }

    /// Takes an entry that was read in another way than from one text.
    pub(crate) fn entry(&mut self, login: &Login<'_>, entry: crate::open::uri_list::Entry, place: &Place) {
        let index = self.vault.entries();
        match entry {
            Ok(account) if login.trashed => {
                let skip = Skip::new(Skip::TRASHED, "the item is in the app's recycle bin");
                self.vault.skipped.push(skip.item(index, &account.issuer, &account.name).at(place));
            }
            Ok(mut account) => {
                login.describe(&mut account);
                account.origin.index = index;
                self.format.clone_into(&mut account.origin.format);
                self.vault.accounts.push(account);
            }
            Err((skip, names)) => {
                self.vault.skipped.push(skip.item(index, &names.issuer, &names.account).at(place));
            }
        }
    }

    /// How many entries there are so far, whatever became of them.
    pub(crate) fn entries(&self) -> usize {
        self.vault.entries()
    }

    /// Counts an item without a code.
    pub(crate) fn other(&mut self) {
        self.without_code = self.without_code.saturating_add(1);
    }

    /// Adds what the user should know.
    pub(crate) fn warn(&mut self, item: Item) {
        self.vault.warnings.push(item);
    }

    /// Everything that was gathered.
    pub(crate) fn finish(mut self) -> Vault {
        let message = match self.without_code {
            0 => return self.vault,
            1 => "1 item without a code was left where it is".to_owned(),
            count => format!("{count} items without a code were left where they are"),
        };
        self.vault.warnings.push(Item::new("other-items", message));
        self.vault
    }
}

/// What an item that is written is called: the issuer, or the account where there is none. Importers
/// refuse or rename items without a title.
pub(crate) fn title(account: &Account) -> &str {
    [account.issuer.as_str(), account.name.as_str()].into_iter().find(|name| !name.is_empty()).unwrap_or("--")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_gathered_and_the_rest_is_counted() {
        let mut gathering = Gathering::new("bitwarden", "plain");
        let login = Login {
            title: "Acme",
            user: "bob",
            urls: vec!["https://acme.example".to_owned()],
            groups: vec!["Work".to_owned()],
            note: "note",
            favorite: true,
            ..Login::default()
        };
        gathering.item(&login, ["JBSWY3DPEHPK3PXP", " ", "1019"], &Place::Row(2));
        gathering.item(&login, [""], &Place::Row(3));
        gathering.item(&Login { trashed: true, ..login }, ["JBSWY3DPEHPK3PXP"], &Place::Row(4));
        let vault = gathering.finish();

        let [account] = vault.accounts.as_slice() else { panic!("one account is expected") };
        assert_eq!(
            (account.issuer.as_str(), account.name.as_str(), account.note.as_str()),
            ("Acme", "bob", "note")
        );
        assert_eq!((account.groups.as_slice(), account.favorite), (&["Work".to_owned()][..], true));
        assert_eq!(account.urls, ["https://acme.example"]);
        assert_eq!((account.origin.format.as_str(), account.origin.index), ("bitwarden", 0));
        let skipped: Vec<_> = vault.skipped.iter().map(|item| (item.index, item.code.as_str())).collect();
        assert_eq!(skipped, [(Some(1), Skip::BAD_SECRET), (Some(2), Skip::TRASHED)]);
        assert_eq!(vault.warnings[0].message, "1 item without a code was left where it is");
    }

    #[test]
    fn an_item_always_has_a_title() {
        use crate::model::Credential;
        let credential = || Credential::NameOnly { reason: String::new() };
        let named = |issuer, name| title(&Account::new(credential(), issuer, name)).to_owned();
        assert_eq!([named("A", "b"), named("", "b"), named("", "")], ["A", "b", "--"]);
    }
}
