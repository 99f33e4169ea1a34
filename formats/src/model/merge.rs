//! Putting accounts and QR parts of several inputs together, with nothing merged silently.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::Serialize;

use super::account::Account;
use super::fingerprint::Fingerprint;
use super::vault::BatchPart;
use crate::report::Item;

/// Accounts of several inputs, in order.
#[derive(Debug, Default)]
pub struct Merged {
    /// What remains.
    pub accounts: Vec<Account>,
    /// Accounts that an earlier input had already, the same in all that decides codes.
    pub duplicates: Vec<Item>,
    /// Accounts that stayed although something about them needs a decision of the user.
    pub conflicts: Vec<Item>,
}

/// Merges inputs. What one input repeats within itself is left as it is: that is the state of the
/// user's own app. An account that an earlier input had is dropped when its codes are the same,
/// and kept as a conflict when they differ.
pub fn accounts(inputs: impl IntoIterator<Item = Vec<Account>>) -> Merged {
    let mut merged = Merged::default();
    let mut earlier = Earlier::default();
    for input in inputs {
        let from_here = merged.accounts.len();
        for account in input {
            merged.add(account, &earlier);
        }
        for (index, account) in merged.accounts.iter().enumerate().skip(from_here) {
            earlier.insert(index, account);
        }
    }
    merged
}

/// What earlier inputs held, for finding an account again without comparing it with each.
#[derive(Default)]
struct Earlier {
    /// By name and all that decides codes: where it is.
    same: HashMap<(Name, Fingerprint), usize>,
    /// HOTP accounts by name and secret, whatever their counter.
    any_counter: HashSet<(Name, Fingerprint)>,
    /// Names of accounts with codes.
    names: HashSet<Name>,
}

type Name = (String, String);

impl Earlier {
    fn insert(&mut self, index: usize, account: &Account) {
        let name = name(account);
        self.same.entry((name.clone(), Fingerprint::of(account))).or_insert(index);
        if let Some(otp) = account.otp() {
            if otp.counter().is_some() {
                self.any_counter.insert((name.clone(), Fingerprint::without_counter(account)));
            }
            self.names.insert(name);
        }
    }
}

fn name(account: &Account) -> Name {
    (account.issuer.clone(), account.name.clone())
}

impl Merged {
    /// Adds an account, or finds it to be a duplicate of one in an earlier input.
    fn add(&mut self, account: Account, earlier: &Earlier) {
        let name = name(&account);
        let same = earlier.same.get(&(name.clone(), Fingerprint::of(&account)));
        if let Some(kept) = same.and_then(|index| self.accounts.get_mut(*index)) {
            let item = Item::about(&account, "duplicate", "it is in an earlier input as well; kept once");
            self.duplicates.push(item);
            self.conflicts.extend(complete(kept, &account));
            return;
        }
        if account.otp().is_some() && earlier.names.contains(&name) {
            let counter_only = earlier.any_counter.contains(&(name, Fingerprint::without_counter(&account)));
            self.conflicts.push(conflict(&account, counter_only));
        }
        self.accounts.push(account);
    }
}

fn conflict(account: &Account, counter_only: bool) -> Item {
    if counter_only {
        let message = "two inputs have it with different counters; both were kept";
        return Item::about(account, "counter-differs", message)
            .field("counter")
            .next_step("Keep the one with the higher counter and delete the other");
    }
    let message = "two inputs have it with different secrets or settings; both were kept";
    Item::about(account, "secret-differs", message)
        .field("secret")
        .next_step("Sign in with each: keep the one whose code is accepted")
}

/// Takes over what the kept account lacks. Texts that differ are reported: one cannot be kept.
fn complete(kept: &mut Account, other: &Account) -> Option<Item> {
    for group in &other.groups {
        if !kept.groups.contains(group) {
            kept.groups.push(group.clone());
        }
    }
    for url in &other.urls {
        if !kept.urls.contains(url) {
            kept.urls.push(url.clone());
        }
    }
    kept.favorite |= other.favorite;
    kept.trashed &= other.trashed;
    kept.created = earliest(kept.created, other.created);
    kept.modified = kept.modified.max(other.modified);
    kept.last_used = kept.last_used.max(other.last_used);
    kept.uses = kept.uses.max(other.uses);
    let mut differing = Vec::new();
    fill(&mut kept.icon, other.icon.as_ref(), "icon", &mut differing);
    fill(&mut kept.device, other.device.as_ref(), "device", &mut differing);
    fill(&mut kept.user, other.user.as_ref(), "user", &mut differing);
    if kept.note.is_empty() {
        kept.note.clone_from(&other.note);
    } else if !other.note.is_empty() && other.note != kept.note {
        differing.push("note");
    }
    for (id, value) in &other.extra {
        kept.extra.entry(id.clone()).or_insert_with(|| value.clone());
    }
    (!differing.is_empty()).then(|| {
        let fields = differing.join(", ");
        let message = format!("two inputs have it with a different {fields}; the first was kept");
        Item::about(other, "details-differ", message).field(fields)
    })
}

fn earliest<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

fn fill<T: Clone + PartialEq>(
    kept: &mut Option<T>,
    other: Option<&T>,
    field: &'static str,
    differing: &mut Vec<&'static str>,
) {
    match (&kept, other) {
        (None, Some(value)) => *kept = Some(value.clone()),
        (Some(a), Some(b)) if a != b => differing.push(field),
        _ => {}
    }
}

/// Puts the parts of each export into the order of the export, at the places that they have among
/// the other items. People photograph and name the pictures in any order.
pub fn in_export_order<T>(items: &mut [T], part: impl Fn(&T) -> Option<&BatchPart>) {
    let mut exports: BTreeMap<(i64, u32), Vec<(u32, usize)>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for (place, item) in items.iter().enumerate() {
        // The same code photographed twice stays where it is.
        if let Some(part) = part(item).filter(|part| seen.insert(part.digest)) {
            exports.entry((part.id, part.size)).or_default().push((part.index, place));
        }
    }
    let mut order: Vec<usize> = (0..items.len()).collect();
    for parts in exports.into_values() {
        let places: Vec<usize> = parts.iter().map(|(_, place)| *place).collect();
        let mut sorted = parts;
        sorted.sort();
        if sorted.windows(2).any(|pair| matches!(pair, [(a, _), (b, _)] if a == b)) {
            // Two exports that cannot be told apart: the given order is the better one.
            continue;
        }
        for (place, (_, from)) in places.into_iter().zip(sorted) {
            if let Some(slot) = order.get_mut(place) {
                *slot = from;
            }
        }
    }
    permute(items, order);
}

/// Moves `items[order[i]]` to place `i`.
fn permute<T>(items: &mut [T], mut order: Vec<usize>) {
    for place in 0..items.len() {
        let mut from = order.get(place).copied().unwrap_or(place);
        // What should come here may have been swapped away already: follow it.
        while from < place {
            from = order.get(from).copied().unwrap_or(place);
        }
        items.swap(place, from);
        if let Some(slot) = order.get_mut(place) {
            *slot = from;
        }
    }
}

/// A QR code of an export that no input held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MissingPart {
    /// The number that the parts of the export share; 0 where the app writes none.
    pub batch: i64,
    /// 0-based position.
    pub index: u32,
    /// How many QR codes the export has.
    pub size: u32,
    /// Those of the export that inputs with a name held.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub read: Vec<ReadPart>,
    /// Empty: no file holds it. Here and below because every item of the report has these.
    pub file: &'static str,
    /// Empty.
    pub issuer: &'static str,
    /// Empty.
    pub account: &'static str,
    /// `missing-part`.
    pub code: &'static str,
    /// Which one, counted from 1.
    pub message: String,
    /// What to do.
    pub next_step: &'static str,
}

/// A QR code of an incomplete export that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReadPart {
    /// 0-based position.
    pub index: u32,
    /// The input that held it.
    pub file: String,
}

impl MissingPart {
    /// One of `size` QR codes that belong together, some of which were read.
    pub fn new(batch: i64, index: u32, size: u32, read: Vec<ReadPart>) -> Self {
        let number = index.saturating_add(1);
        let message = match read_in_words(&read) {
            Some(read) => format!("QR code {number} of {size} is missing; read: {read}"),
            None => format!("QR code {number} of {size} is missing"),
        };
        Self {
            batch,
            index,
            size,
            read,
            file: "",
            issuer: "",
            account: "",
            code: "missing-part",
            message,
            next_step: "Add a picture of what is missing; on the old phone, export again if it is gone",
        }
    }
}

/// `1 and 2 in a.png, 4 in b.png`. `None` when nothing is known.
fn read_in_words(read: &[ReadPart]) -> Option<String> {
    let runs = read.chunk_by(|a, b| a.file == b.file);
    let run = |run: &[ReadPart]| {
        let numbers: Vec<u32> = run.iter().map(|part| part.index.saturating_add(1)).collect();
        run.first().map(|first| format!("{} in {}", listed(&numbers), first.file))
    };
    let words: Vec<String> = runs.filter_map(run).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// `1`, `1 and 2`, `1, 2 and 3`.
fn listed(numbers: &[u32]) -> String {
    let words: Vec<String> = numbers.iter().map(u32::to_string).collect();
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}

/// What is missing of each export, for people: which ones, and on a line of its own what was read.
pub fn missing_lines(missing: &[MissingPart]) -> Vec<String> {
    let of_one_export = |a: &MissingPart, b: &MissingPart| {
        (a.batch, a.size) == (b.batch, b.size) && a.read == b.read && a.index < b.index
    };
    let line = |export: &[MissingPart]| {
        let first = export.first()?;
        let numbers: Vec<u32> = export.iter().map(|part| part.index.saturating_add(1)).collect();
        let (codes, are) = if numbers.len() == 1 { ("code", "is") } else { ("codes", "are") };
        let read = read_in_words(&first.read).map(|read| format!("\nRead: {read}")).unwrap_or_default();
        Some(format!("QR {codes} {} of {} {are} missing{read}", listed(&numbers), first.size))
    };
    missing.chunk_by(of_one_export).filter_map(line).collect()
}

/// Which QR codes are missing to make every export complete.
///
/// Exports with an id are told apart by it. Newer apps write none: there, parts of an equal total
/// belong together, and two different codes at the same position are of two exports.
pub fn missing_parts(parts: &[BatchPart]) -> Vec<MissingPart> {
    let mut exports: BTreeMap<(i64, u32), Vec<BTreeMap<u32, &str>>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for part in parts {
        if !seen.insert(part.digest) {
            continue;
        }
        let sets = exports.entry((part.id, part.size)).or_default();
        match sets.iter_mut().find(|set| !set.contains_key(&part.index)) {
            Some(set) => {
                set.insert(part.index, &part.file);
            }
            None => sets.push(BTreeMap::from([(part.index, part.file.as_str())])),
        }
    }
    exports
        .iter()
        .flat_map(|((id, size), sets)| sets.iter().map(move |set| (*id, *size, set)))
        .flat_map(|(id, size, set)| {
            let named = set.iter().filter(|(_, file)| !file.is_empty());
            let read: Vec<ReadPart> =
                named.map(|(index, file)| ReadPart { index: *index, file: (*file).to_owned() }).collect();
            let missing = (0..size).filter(|index| !set.contains_key(index));
            missing.map(move |index| MissingPart::new(id, index, size, read.clone()))
        })
        .collect()
}

/// A remark for each export whose parts contradict each other: they disagree on their number, or
/// two different ones claim the same place.
pub fn inconsistent_parts(parts: &[BatchPart]) -> Vec<Item> {
    let mut exports: BTreeMap<i64, Vec<&BatchPart>> = BTreeMap::new();
    for part in parts.iter().filter(|part| part.id != 0) {
        exports.entry(part.id).or_default().push(part);
    }
    let place =
        |part: &BatchPart| format!("{} of {} in {}", part.index.saturating_add(1), part.size, part.file);
    exports
        .values()
        .filter(|parts| contradict(parts))
        .map(|parts| {
            let places: Vec<String> = parts.iter().filter(|p| !p.file.is_empty()).map(|p| place(p)).collect();
            let named = if places.is_empty() { String::new() } else { format!(" ({})", places.join(", ")) };
            let message = format!(
                "QR codes of one export contradict each other{named}; they are taken as separate exports"
            );
            Item::new("inconsistent-parts", message)
                .next_step("Export again and photograph every QR code once")
        })
        .collect()
}

fn contradict(parts: &[&BatchPart]) -> bool {
    let mut taken = BTreeMap::new();
    let size = parts.first().map(|part| part.size);
    parts
        .iter()
        .any(|part| Some(part.size) != size || *taken.entry(part.index).or_insert(part.digest) != part.digest)
}

/// A remark for each QR code of an export that two inputs held.
pub fn repeated_parts(parts: &[BatchPart]) -> Vec<Item> {
    let mut seen: BTreeMap<[u8; 32], &BatchPart> = BTreeMap::new();
    let mut repeated = Vec::new();
    for part in parts.iter().filter(|part| !part.file.is_empty()) {
        let first = *seen.entry(part.digest).or_insert(part);
        if first.file == part.file {
            continue;
        }
        let which = match part.size {
            1 => "the QR code".to_owned(),
            size => format!("QR code {} of {size}", part.index.saturating_add(1)),
        };
        let message = format!(
            "{which} of an export is in {} and again in {}; its accounts are kept once",
            first.file, part.file
        );
        repeated.push(Item::new("repeated-payload", message));
    }
    repeated
}

#[cfg(test)]
#[path = "merge_tests.rs"]
mod tests;
