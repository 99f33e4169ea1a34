//! Two lists of accounts side by side: which account of the new one is which of the old one, and what differs.

use std::collections::{HashMap, HashSet, VecDeque};

use super::account::Account;
use super::fingerprint::Fingerprint;
use super::otp::Otp;
use crate::caps::Field;

/// What became of the accounts of an old list in a new one. Positions are those in the lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Accounts that are in both, in the order of the old list.
    pub pairs: Vec<Pair>,
    /// Accounts of the old list that no account of the new one is left for.
    pub removed: Vec<Single>,
    /// Accounts of the new list that were not in the old one.
    pub added: Vec<Single>,
}

/// One account in both lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Position in the old list.
    pub old: usize,
    /// Position in the new list.
    pub new: usize,
    /// How their codes compare.
    pub codes: Codes,
    /// Whether issuer or name differ.
    pub renamed: bool,
    /// Whether it took over the name of another account of the old list, which does not have it any more:
    /// who looks for that one finds the codes of this one.
    pub mixed_up: bool,
    /// Whether its place among the accounts of both lists is another one. Of two accounts that changed
    /// places, one has moved.
    pub moved: bool,
    /// Fields other than name and codes that differ; those that the app keeps for itself do not count.
    pub fields: Vec<Field>,
}

/// An account of one list that has no counterpart in the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Single {
    /// Position in its list.
    pub index: usize,
    /// An account of the other list that shows the same codes (of names without codes: has the same
    /// name), and is the counterpart of another account.
    pub twin: Option<usize>,
}

/// How the codes of an account in two lists compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Codes {
    /// The same in all that decides codes.
    Same,
    /// The same, and the next HOTP counter of the new one is ahead by this many, as after use.
    Ahead(u64),
    /// Neither has a secret.
    NameOnly,
    /// The old one has a secret and the new one is only a name.
    Lost,
    /// The old one is only a name and the new one has a secret.
    Gained,
    /// Something that decides codes is not the same.
    Differ {
        /// Whether the secret is another one.
        secret: bool,
        /// Other parameters than the secret that differ.
        parameters: Vec<Parameter>,
    },
}

/// What decides the codes of an account besides the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Parameter {
    /// TOTP, HOTP, Steam, ...
    Kind,
    /// Hash.
    Algorithm,
    /// Length of a code.
    Digits,
    /// Seconds that a code lives.
    Period,
    /// Next HOTP counter.
    Counter,
    /// PIN of mOTP and Yandex.
    Pin,
}

impl Parameter {
    /// Every parameter, in report order.
    pub const ALL: [Self; 6] =
        [Self::Kind, Self::Algorithm, Self::Digits, Self::Period, Self::Counter, Self::Pin];

    /// The name in the canonical file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kind => "kind",
            Self::Algorithm => "algorithm",
            Self::Digits => "digits",
            Self::Period => "period",
            Self::Counter => "counter",
            Self::Pin => "pin",
        }
    }

    /// The value where there is one and it is no secret.
    pub fn value(self, otp: &Otp) -> Option<String> {
        match self {
            Self::Kind => Some(otp.kind().to_string()),
            Self::Algorithm => Some(otp.algorithm().to_string()),
            Self::Digits => Some(otp.digits().to_string()),
            Self::Period => otp.period().map(|period| period.to_string()),
            Self::Counter => otp.counter().map(|counter| counter.to_string()),
            Self::Pin => None,
        }
    }

    /// Whether both accounts have it and it is not the same. What only one kind of account has is told by
    /// the kind; a PIN that only one of the two lists knows is a difference.
    fn differs(self, old: &Otp, new: &Otp) -> bool {
        match (self, self.value(old), self.value(new)) {
            (Self::Pin, ..) => old.kind() == new.kind() && old.pin() != new.pin(),
            (_, Some(old), Some(new)) => old != new,
            _ => false,
        }
    }
}

/// Compares two lists. Each account has at most one counterpart; accounts that are in a list more than
/// once are counted off one to one, in their order.
///
/// An account is looked for by its name and all that decides its codes, then by what is left when something
/// changed: under its name with the same secret, under another name, and last by its name alone.
pub fn lists(old: &[Account], new: &[Account]) -> Comparison {
    let (old, new) = (list(old), list(new));
    let counterparts = match_up(&old, &new);
    let pairs: Vec<(usize, usize)> =
        counterparts.iter().enumerate().filter_map(|(old, new)| Some((old, (*new)?))).collect();
    Comparison {
        removed: singles(&old, &new, |at| counterparts.get(at).is_some_and(Option::is_none)),
        added: {
            let taken: HashSet<usize> = pairs.iter().map(|(_, new)| *new).collect();
            singles(&new, &old, |at| !taken.contains(&at))
        },
        pairs: describe(&old, &new, &pairs),
    }
}

/// An account with what it is looked for by.
struct Entry<'a> {
    account: &'a Account,
    name: Name,
    whole: Fingerprint,
    without_counter: Fingerprint,
    secret: Option<Fingerprint>,
}

type Name = (String, String);

fn list(accounts: &[Account]) -> Vec<Entry<'_>> {
    let entry = |account| Entry {
        account,
        name: name(account),
        whole: Fingerprint::of(account),
        without_counter: Fingerprint::without_counter(account),
        secret: Fingerprint::of_secret(account),
    };
    accounts.iter().map(entry).collect()
}

fn name(account: &Account) -> Name {
    (account.issuer.clone(), account.name.clone())
}

impl Entry<'_> {
    fn is_named(&self) -> bool {
        !(self.name.0.trim().is_empty() && self.name.1.trim().is_empty())
    }

    /// The name without differences that apps make when they take accounts over.
    fn loose_name(&self) -> Name {
        let loose = |text: &str| text.trim().to_lowercase();
        (loose(&self.name.0), loose(&self.name.1))
    }
}

/// What two accounts must have in common: name, hash.
type Key = (Option<Name>, Option<Fingerprint>);

/// Ways in which an account is found again, the surest first. `None`: not in this way.
const WAYS: [fn(&Entry<'_>) -> Option<Key>; 10] = [
    |entry| Some((Some(entry.name.clone()), Some(entry.whole))),
    |entry| Some((Some(entry.name.clone()), Some(entry.without_counter))),
    |entry| entry.secret.map(|secret| (Some(entry.name.clone()), Some(secret))),
    |entry| entry.secret.map(|_| (None, Some(entry.whole))),
    |entry| entry.secret.map(|_| (None, Some(entry.without_counter))),
    |entry| entry.secret.map(|secret| (None, Some(secret))),
    |entry| (entry.secret.is_some() && entry.is_named()).then(|| (Some(entry.name.clone()), None)),
    |entry| entry.is_named().then(|| (Some(entry.name.clone()), None)),
    |entry| entry.is_named().then(|| (Some(entry.loose_name()), None)),
    // Another phone may call the service otherwise.
    |entry| {
        let name = entry.loose_name().1;
        (entry.account.is_per_device() && !name.is_empty()).then(|| (Some((String::new(), name)), None))
    },
];

/// For each account of the old list its counterpart.
fn match_up(old: &[Entry<'_>], new: &[Entry<'_>]) -> Vec<Option<usize>> {
    let mut counterparts: Vec<Option<usize>> = vec![None; old.len()];
    let mut taken = vec![false; new.len()];
    for way in WAYS {
        let free = new.iter().enumerate().zip(&taken).filter(|(_, taken)| !**taken);
        let mut free = by_key(free.map(|(entry, _)| entry), way);
        for (entry, counterpart) in old.iter().zip(&mut counterparts).filter(|(_, found)| found.is_none()) {
            let Some(found) = way(entry).and_then(|key| free.get_mut(&key)?.pop_front()) else { continue };
            *counterpart = Some(found);
            if let Some(taken) = taken.get_mut(found) {
                *taken = true;
            }
        }
    }
    counterparts
}

/// Positions by key, in their order.
fn by_key<'e, 'a: 'e>(
    entries: impl Iterator<Item = (usize, &'e Entry<'a>)>,
    way: fn(&Entry<'_>) -> Option<Key>,
) -> HashMap<Key, VecDeque<usize>> {
    let mut places: HashMap<Key, VecDeque<usize>> = HashMap::new();
    for (at, entry) in entries {
        if let Some(key) = way(entry) {
            places.entry(key).or_default().push_back(at);
        }
    }
    places
}

fn singles(list: &[Entry<'_>], other: &[Entry<'_>], is_single: impl Fn(usize) -> bool) -> Vec<Single> {
    // The last insertion wins, so that of several twins the first is named.
    let named: HashMap<(&Name, Fingerprint), usize> =
        other.iter().enumerate().rev().map(|(at, entry)| ((&entry.name, entry.whole), at)).collect();
    let by_codes: HashMap<Fingerprint, usize> = other
        .iter()
        .enumerate()
        .rev()
        .filter(|(_, entry)| entry.secret.is_some())
        .map(|(at, entry)| (entry.whole, at))
        .collect();
    let twin = |entry: &Entry<'_>| {
        named.get(&(&entry.name, entry.whole)).or_else(|| by_codes.get(&entry.whole)).copied()
    };
    let single = |(index, entry)| Single { index, twin: twin(entry) };
    list.iter().enumerate().filter(|(at, _)| is_single(*at)).map(single).collect()
}

fn describe(old: &[Entry<'_>], new: &[Entry<'_>], pairs: &[(usize, usize)]) -> Vec<Pair> {
    let both = |places: &(usize, usize)| Some((old.get(places.0)?, new.get(places.1)?));
    let old_names: HashSet<&Name> = old.iter().map(|entry| &entry.name).collect();
    let kept = pairs.iter().filter_map(both).filter(|(a, b)| a.name == b.name);
    let kept_names: HashSet<&Name> = kept.map(|(a, _)| &a.name).collect();
    let stayed = in_order(&pairs.iter().map(|(_, new)| *new).collect::<Vec<_>>());
    let pair = |(places, stayed): (&(usize, usize), bool)| {
        let (a, b) = both(places)?;
        Some(Pair {
            old: places.0,
            new: places.1,
            codes: codes(a.account, b.account),
            renamed: a.name != b.name,
            mixed_up: a.name != b.name && old_names.contains(&b.name) && !kept_names.contains(&b.name),
            moved: !stayed,
            fields: fields(a.account, b.account),
        })
    };
    pairs.iter().zip(stayed).filter_map(pair).collect()
}

fn codes(old: &Account, new: &Account) -> Codes {
    let (old, new) = match (old.otp(), new.otp()) {
        (Some(old), Some(new)) => (old, new),
        (Some(_), None) => return Codes::Lost,
        (None, Some(_)) => return Codes::Gained,
        (None, None) => return Codes::NameOnly,
    };
    let secret = old.secret() != new.secret();
    let parameters: Vec<Parameter> =
        Parameter::ALL.into_iter().filter(|parameter| parameter.differs(old, new)).collect();
    let ahead = old.counter().zip(new.counter()).and_then(|(old, new)| new.checked_sub(old));
    match (secret, parameters.as_slice(), ahead) {
        (false, [], _) => Codes::Same,
        (false, [Parameter::Counter], Some(ahead)) => Codes::Ahead(ahead),
        _ => Codes::Differ { secret, parameters },
    }
}

fn fields(old: &Account, new: &Account) -> Vec<Field> {
    let is_detail = |field: &Field| {
        !(matches!(field, Field::Issuer | Field::Account) || field.is_bookkeeping() || field.same(old, new))
    };
    Field::ALL.into_iter().filter(is_detail).collect()
}

/// Which of these numbers, all different, stay when as few as possible are taken out so that the rest rises:
/// one of the longest rising subsequences, by patience sorting.
fn in_order(numbers: &[usize]) -> Vec<bool> {
    // For each length, the place of the lowest number that a rising sequence of that length ends with.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(numbers.len());
    for (place, number) in numbers.iter().enumerate() {
        let length = ends.partition_point(|end| numbers.get(*end).is_some_and(|last| last < number));
        before.push(length.checked_sub(1).and_then(|shorter| ends.get(shorter).copied()));
        match ends.get_mut(length) {
            Some(end) => *end = place,
            None => ends.push(place),
        }
    }
    let mut stay = vec![false; numbers.len()];
    let mut next = ends.last().copied();
    while let Some(place) = next {
        if let Some(stays) = stay.get_mut(place) {
            *stays = true;
        }
        next = before.get(place).copied().flatten();
    }
    stay
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
