//! What is kept of an archive: files with accounts, their logs, and exports.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use zeroize::Zeroizing;

use super::super::{Enclosed, is_claimed, may_be_export};
use super::AndroidBackup;
use super::known::{APPS, KnownApp};
use super::place::Place;
use crate::format::{Confidence, Format};
use crate::probe::Probe;
use crate::report::{Item, Skip};

/// Most bytes of one file.
pub(super) const MAX_FILE: u64 = 64 << 20;
/// Ends of the names of what SQLite keeps beside a database.
const WAL: &str = "-wal";
const JOURNAL: &str = "-journal";
pub(super) const BY_ITSELF: &str = "Copy it from the phone and name it by itself";

/// What an archive gives.
pub(super) struct Collection<'a> {
    /// The app whose folder the archive is, by its name.
    of: Option<&'a KnownApp>,
    left: u64,
    files: BTreeMap<Place, Zeroizing<Vec<u8>>>,
    logs: BTreeMap<Place, Zeroizing<Vec<u8>>>,
    /// Databases that were copied in the middle of a change.
    in_change: BTreeSet<Place>,
    /// Packages that are there.
    packages: BTreeSet<&'static str>,
    warnings: Vec<Item>,
    /// Exports, perhaps, that are too large.
    large: usize,
}

/// The same, sorted out.
pub(super) struct Found {
    pub(super) enclosed: Vec<Enclosed>,
    /// Apps that are there, and whether a file of theirs is read.
    pub(super) apps: Vec<(&'static KnownApp, bool)>,
    pub(super) warnings: Vec<Item>,
}

impl<'a> Collection<'a> {
    /// Nothing yet; `limit` is the most bytes in all.
    pub(super) fn new(of: Option<&'a KnownApp>, limit: u64) -> Self {
        Self {
            of,
            left: limit,
            files: BTreeMap::new(),
            logs: BTreeMap::new(),
            in_change: BTreeSet::new(),
            packages: BTreeSet::new(),
            warnings: Vec::new(),
            large: 0,
        }
    }

    /// Whether a member has to be read. Whose it is, is noted.
    pub(super) fn is_wanted(&mut self, name: &str) -> bool {
        let Some(place) = self.note(name) else { return false };
        let is_kept = |place: &Place| place.keeper().is_some();
        let is_beside = |end| place.without(end).as_ref().is_some_and(is_kept);
        is_kept(&place) || is_beside(WAL) || is_beside(JOURNAL) || is_export(&place)
    }

    /// The place of a member; the app is noted.
    fn note(&mut self, name: &str) -> Option<Place> {
        self.packages.extend(package_in(name));
        let place = Place::of(name, self.of)?;
        self.packages.extend(place.app().map(|app| app.package));
        Some(place)
    }

    /// Looks at a member, and keeps it when it is worth that. Of two with one name the later is what was on the phone.
    pub(super) fn take(&mut self, name: &str, size: u64, content: &mut dyn Read) {
        let Some(place) = self.note(name) else { return };
        let of_database = |end| place.without(end).filter(|place| place.keeper().is_some());
        if let Some(database) = of_database(JOURNAL) {
            if size > 0 {
                self.in_change.insert(database);
            }
        } else if let Some(database) = of_database(WAL) {
            if let Some(bytes) = self.content(&place, size, content) {
                self.replace(database, bytes, |collection| &mut collection.logs);
            }
        } else if place.keeper().is_some() {
            if let Some(bytes) = self.content(&place, size, content) {
                // A log is of the database that it was copied with.
                if self.files.contains_key(&place) {
                    self.logs.remove(&place);
                    self.in_change.remove(&place);
                }
                self.replace(place, bytes, |collection| &mut collection.files);
            }
        } else if is_export(&place) {
            self.take_export(place, size, content);
        }
    }

    /// A member that cannot be read; said when it would have been kept.
    pub(super) fn take_closed(&mut self, name: &str, message: &str, step: &str) {
        if let Some(place) = self.note(name).filter(|place| place.keeper().is_some() || is_export(place)) {
            self.warnings.push(not_read(&place.shown(), message, step));
        }
    }

    /// A file in the storage is kept when some format knows it.
    fn take_export(&mut self, place: Place, size: u64, content: &mut dyn Read) {
        if size > MAX_FILE {
            self.large = self.large.saturating_add(1);
            return;
        }
        let Some(bytes) = self.content(&place, size, content) else { return };
        let shown = place.shown();
        let probe = Probe::new(&bytes, Some(&shown));
        if AndroidBackup.detect(&probe) > Confidence::Weak {
            self.warnings.push(not_read(&shown, "it is a backup of its own", BY_ITSELF));
        } else if is_claimed(&probe) {
            self.replace(place, bytes, |collection| &mut collection.files);
        }
    }

    /// What is cut off could be read as something shorter: a secret, for example.
    fn content(&mut self, place: &Place, size: u64, content: &mut dyn Read) -> Option<Zeroizing<Vec<u8>>> {
        let most = MAX_FILE.min(self.left);
        let mut bytes = Zeroizing::new(Vec::new());
        let read = content.take(most.saturating_add(1)).read_to_end(&mut bytes);
        let (message, step) = match length(&bytes) {
            length if length > most => ("it is too large", BY_ITSELF),
            length if read.is_err() || length < size => {
                ("it is cut off", "Copy the backup again, or make a new one")
            }
            _ => return Some(bytes),
        };
        self.warnings.push(not_read(&place.shown(), message, step));
        None
    }

    fn replace(
        &mut self,
        place: Place,
        bytes: Zeroizing<Vec<u8>>,
        of: impl Fn(&mut Self) -> &mut BTreeMap<Place, Zeroizing<Vec<u8>>>,
    ) {
        self.left = self.left.saturating_sub(length(&bytes));
        if let Some(before) = of(self).insert(place, bytes) {
            self.left = self.left.saturating_add(length(&before));
        }
    }

    /// Sorts out what some format reads.
    pub(super) fn finish(mut self) -> Found {
        let mut enclosed = Vec::new();
        let mut read = BTreeSet::new();
        let mut unknown = Vec::new();
        let mut warnings = std::mem::take(&mut self.warnings);
        for (place, bytes) in std::mem::take(&mut self.files) {
            let path = place.shown();
            let wal = self.logs.remove(&place);
            let probe = Probe::new(&bytes, Some(&path)).with_wal(wal.as_ref().map(|wal| wal.as_slice()));
            if !is_claimed(&probe) {
                unknown.push(place);
                continue;
            }
            read.extend(place.app().map(|app| app.package));
            if self.in_change.contains(&place) {
                warnings.push(in_change(&path));
            }
            enclosed.push(Enclosed { path, bytes, wal });
        }
        // An app of which nothing is read is told of as a whole.
        let is_single = |place: &&Place| place.app().is_none_or(|app| read.contains(app.package));
        warnings.extend(unknown.iter().filter(is_single).map(not_known));
        warnings.extend(too_large(self.large));
        let there = APPS.iter().filter(|app| self.packages.contains(app.package));
        let apps = there.map(|app| (app, read.contains(app.package))).collect();
        Found { enclosed, apps, warnings }
    }
}

/// Of a backup, every app has a member that is no file of its own: `apps/PACKAGE/_manifest`.
fn package_in(name: &str) -> Option<&'static str> {
    let package = name.strip_prefix("apps/")?.split('/').next()?;
    super::known::of_package(package).map(|app| app.package)
}

fn is_export(place: &Place) -> bool {
    matches!(place, Place::Storage(path) if may_be_export(path))
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn not_read(path: &str, message: &str, step: &str) -> Item {
    Item::new("not-read", format!("{path} in the backup was not read: {message}")).next_step(step)
}

fn not_known(place: &Place) -> Item {
    not_read(&place.shown(), "no format knows what is in it", "Compare with the app on the phone")
}

fn in_change(path: &str) -> Item {
    let message = format!("{path} was copied in the middle of a change; single accounts may be wrong");
    Item::new("database-in-change", message).next_step("Make the backup again while the app is closed")
}

fn too_large(count: usize) -> Option<Item> {
    let message = format!("files in the storage were not looked at because they are over 64 MiB: {count}");
    let step = "If one of them is an export, copy it from the phone and name it by itself";
    (count > 0).then(|| Item::new("not-read", message).next_step(step))
}

/// An app whose accounts stay behind, as one entry: how many it has is not known.
pub(super) fn left_behind(app: &KnownApp, index: usize) -> Item {
    let message = format!("it is in the backup, but its accounts cannot be read: {}", app.why);
    Item::new(Skip::LOCKED_SECRET, message).index(index).named(app.name, "").next_step(app.next_step)
}
