//! The items of a password manager, as far as a one-time code is concerned.

use jiff::Timestamp;

use crate::ctx::Limits;
use crate::error::{Error, Place};
use crate::model::{Account, Vault};
use crate::open::label::Names;
use crate::open::otp_field::{self, Around};
use crate::open::uri_list::Entry;
use crate::report::{Item, Skip};

/// How many times the largest file the descriptions of all accounts may take.
const COPIES: u64 = 2;

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
    limits: Limits,
    /// Bytes of the descriptions so far: each code of an item has a copy.
    copied: u64,
    refused: Option<Error>,
}

impl Gathering {
    /// Nothing gathered yet, from this variant of the format.
    pub(crate) fn new(format: &'static str, variant: &str, limits: &Limits) -> Self {
        Self {
            format,
            vault: Vault { variant: variant.to_owned(), ..Vault::default() },
            without_code: 0,
            limits: limits.clone(),
            copied: 0,
            refused: None,
        }
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
    pub(crate) fn entry(&mut self, login: &Login<'_>, entry: Entry, place: &Place) {
        let index = self.vault.entries();
        if self.refused.is_none() {
            self.refused = self.check(login, &entry).err();
        }
        if self.refused.is_some() {
            return;
        }
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

    /// Before an entry is kept: a small file could fill the memory with many codes in an item with a long
    /// note, or with many items in groups with long names.
    fn check(&mut self, login: &Login<'_>, entry: &Entry) -> Result<(), Error> {
        self.limits.check_accounts(self.vault.entries().saturating_add(1))?;
        let lists = login.urls.iter().chain(&login.groups).map(String::len);
        let names = match entry {
            Ok(account) => account.issuer.len().saturating_add(account.name.len()),
            Err((_, names)) => names.issuer.len().saturating_add(names.account.len()),
        };
        let size = lists.fold(login.note.len().saturating_add(names), usize::saturating_add);
        self.copied = self.copied.saturating_add(u64::try_from(size).unwrap_or(u64::MAX));
        if self.copied > self.limits.bytes.saturating_mul(COPIES) {
            return Err(Error::limit("names and notes repeat more than in any real file", "bytes"));
        }
        Ok(())
    }

    /// Leaves out an item of which not even the names can be read.
    pub(crate) fn skip(&mut self, skip: Skip, place: &Place) {
        self.entry(&Login::default(), Err((skip, Names::default())), place);
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
    ///
    /// # Errors
    /// `Limit` for more entries than allowed, and for descriptions that take much more than the file.
    pub(crate) fn finish(mut self) -> Result<Vault, Error> {
        if let Some(error) = self.refused {
            return Err(error);
        }
        let message = match self.without_code {
            0 => return Ok(self.vault),
            1 => "1 item without a code was left where it is".to_owned(),
            count => format!("{count} items without a code were left where they are"),
        };
        self.vault.warnings.push(Item::new("other-items", message));
        Ok(self.vault)
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
    use crate::error::ErrorKind;

    #[test]
    fn codes_are_gathered_and_the_rest_is_counted() {
        let mut gathering = Gathering::new("bitwarden", "plain", &Limits::default());
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
        let vault = gathering.finish().unwrap();

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
    fn copies_are_limited() {
        let limits = Limits { bytes: 100, accounts: 10, ..Limits::default() };
        let kind = |login: &Login<'_>, codes: usize| {
            let mut gathering = Gathering::new("enpass", "", &limits);
            gathering.item(login, vec!["JBSWY3DPEHPK3PXP"; codes], &Place::Row(1));
            gathering.finish().map(|vault| vault.accounts.len()).map_err(|error| error.kind)
        };
        let note = "n".repeat(50);
        let noted = Login { note: &note, ..Login::default() };
        assert_eq!(kind(&noted, 4), Ok(4));
        assert_eq!(kind(&noted, 5), Err(ErrorKind::Limit));
        let grouped = Login { groups: vec![note.clone(), note.clone()], ..Login::default() };
        assert_eq!((kind(&grouped, 2), kind(&grouped, 3)), (Ok(2), Err(ErrorKind::Limit)));
        let bare = Login::default();
        assert_eq!((kind(&bare, 10), kind(&bare, 11)), (Ok(10), Err(ErrorKind::Limit)));
    }

    #[test]
    fn an_item_always_has_a_title() {
        use crate::model::Credential;
        let credential = || Credential::NameOnly { reason: String::new() };
        let named = |issuer, name| title(&Account::new(credential(), issuer, name)).to_owned();
        assert_eq!([named("A", "b"), named("", "b"), named("", "")], ["A", "b", "--"]);
    }
}
