//! Which person of the roster has which account of the ledger.
//!
//! Keys of the directory go first, over the whole roster; then login names, among the accounts that nobody has claimed.
//! No account is ever claimed twice, and a login name proves nothing against a key.

use std::collections::{HashMap, HashSet};

use otpferry_formats::ledger::{Entry, Ledger};
use otpferry_formats::roster::{self, Person, Roster};

/// What the ledger knows of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// A live account, by its place.
    Live(usize),
    /// Only accounts that are out of use.
    OutOfUse,
    /// The login name is, or was, another person's account, by its place.
    NameOfOther(usize),
    /// Perhaps a person of a former login name: a list without keys cannot tell.
    FormerName(usize),
    Nothing,
}

/// The roster beside the ledger.
pub(super) struct Matches {
    /// What the ledger knows of everybody, in the order of the roster.
    pub(super) known: Vec<Known>,
    /// Live accounts that nobody has claimed.
    pub(super) free: Vec<usize>,
    /// Live accounts by login name.
    pub(super) names: HashMap<String, usize>,
}

/// The accounts of one issuer, to be found again.
struct Index {
    /// In the order of the ledger.
    live: Vec<usize>,
    by_key: HashMap<String, usize>,
    by_name: HashMap<String, usize>,
    by_former_name: HashMap<String, usize>,
    /// Accounts that are out of use, by key and by login name.
    out_of_use: HashMap<String, usize>,
}

/// Finds everybody's account.
pub(super) fn people(roster: &Roster, ledger: &Ledger, issuer: &str) -> Matches {
    let index = Index::of(ledger, issuer);
    let mut claimed = HashSet::new();
    let mut known: Vec<Option<Known>> =
        roster.people.iter().map(|person| index.of_key(person, roster.source.id(), &mut claimed)).collect();
    for (person, slot) in roster.people.iter().zip(&mut known) {
        if slot.is_none() {
            *slot = Some(index.of_name(person, roster, ledger, &mut claimed));
        }
    }
    let free = index.live.into_iter().filter(|place| !claimed.contains(place)).collect();
    let known = known.into_iter().map(|known| known.unwrap_or(Known::Nothing)).collect();
    Matches { known, free, names: index.by_name }
}

/// Whether a key is more than the login name again.
pub(super) fn is_key(key: &str, account: &str) -> bool {
    key != roster::fold(account)
}

/// Whether an account has a key of a directory.
pub(super) fn has_key(entry: &Entry) -> bool {
    std::iter::once(&entry.account).chain(&entry.earlier_accounts).all(|name| is_key(&entry.key, name))
}

/// A key with the directory that it is of: keys of two directories have nothing to do with each other.
pub(super) fn qualified(directory: &str, key: &str) -> String {
    format!("{directory}:{key}")
}

/// All keys of an account, each with its directory.
fn keys(entry: &Entry) -> impl Iterator<Item = String> {
    let own = has_key(entry).then(|| qualified(&entry.directory, &entry.key));
    own.into_iter().chain(entry.other_keys.iter().cloned())
}

/// Whether the keys of both can be compared: they are of the same directory.
fn have_like_keys(person: &Person, roster: &Roster, entry: &Entry) -> bool {
    let begin = qualified(roster.source.id(), "");
    is_key(&person.key, &person.account) && keys(entry).any(|key| key.starts_with(&begin))
}

impl Index {
    fn of(ledger: &Ledger, issuer: &str) -> Self {
        let mut index = Self {
            live: Vec::new(),
            by_key: HashMap::new(),
            by_name: HashMap::new(),
            by_former_name: HashMap::new(),
            out_of_use: HashMap::new(),
        };
        for (place, entry) in ledger.entries.iter().enumerate().filter(|(_, entry)| entry.issuer == issuer) {
            let former = entry.earlier_accounts.iter().map(|name| roster::fold(name));
            if entry.state.is_live() {
                index.live.push(place);
                index.by_key.extend(keys(entry).map(|key| (key, place)));
                index.by_name.insert(roster::fold(&entry.account), place);
                index.by_former_name.extend(former.map(|name| (name, place)));
            } else {
                let names =
                    former.chain([roster::fold(&entry.account), entry.key.clone()]).chain(keys(entry));
                index.out_of_use.extend(names.map(|name| (name, place)));
            }
        }
        index
    }

    fn of_key(&self, person: &Person, directory: &str, claimed: &mut HashSet<usize>) -> Option<Known> {
        let key = qualified(directory, &person.key);
        let place = self.by_key.get(&key).filter(|_| is_key(&person.key, &person.account))?;
        claimed.insert(*place).then_some(Known::Live(*place))
    }

    fn of_name(
        &self,
        person: &Person,
        roster: &Roster,
        ledger: &Ledger,
        claimed: &mut HashSet<usize>,
    ) -> Known {
        let name = roster::fold(&person.account);
        let others = |place: usize| {
            ledger.entries.get(place).is_some_and(|entry| have_like_keys(person, roster, entry))
        };
        if self.out_of_use.get(&person.key).is_some_and(|place| self.is_of_key(person, *place, ledger)) {
            return Known::OutOfUse;
        }
        if let Some(place) = self.by_name.get(&name).copied() {
            if claimed.contains(&place) || others(place) {
                return Known::NameOfOther(place);
            }
            claimed.insert(place);
            return Known::Live(place);
        }
        if let Some(place) = self.by_former_name.get(&name).copied() {
            let is_told_apart = claimed.contains(&place) || others(place);
            return if is_told_apart { Known::NameOfOther(place) } else { Known::FormerName(place) };
        }
        match self.out_of_use.get(&person.key).or_else(|| self.out_of_use.get(&name)).copied() {
            Some(place) if others(place) && !self.is_of_key(person, place, ledger) => {
                Known::NameOfOther(place)
            }
            Some(_) => Known::OutOfUse,
            None => Known::Nothing,
        }
    }

    fn is_of_key(&self, person: &Person, place: usize, ledger: &Ledger) -> bool {
        ledger.entries.get(place).is_some_and(|entry| entry.key == person.key)
    }
}
