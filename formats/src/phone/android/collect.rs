//! What is kept of an archive: files with accounts, their logs, and exports.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};

use zeroize::Zeroizing;

use super::super::{Enclosed, is_claimed, may_be_export};
use super::is_evident;
use super::known::{APPS, Fate, JOURNAL, KnownApp, WAL};
use super::place::{self, Layout, Place};
use super::stream::{End, Member};
use super::why::Why;
use crate::container::sqlite;
use crate::probe::Probe;
use crate::report::{Item, Skip};

/// Most bytes of one file.
pub(super) const MAX_FILE: u64 = 64 << 20;

/// What an archive gives.
pub(super) struct Collection {
    pub(super) layout: Layout,
    left: u64,
    files: BTreeMap<Place, Zeroizing<Vec<u8>>>,
    logs: BTreeMap<Place, Zeroizing<Vec<u8>>>,
    /// How often a file was there, and its log.
    copies: BTreeMap<Place, Copies>,
    /// Databases that were copied in the middle of a change.
    in_change: BTreeSet<Place>,
    /// Databases of which a log or a journal was not read.
    without_log: BTreeMap<Place, Why>,
    /// Packages that are there.
    packages: BTreeSet<&'static str>,
    /// Whether anything shows that it is of a phone: else it is an archive of exports like any other.
    is_of_phone: bool,
    /// Files that were not read, by their paths.
    unread: BTreeMap<String, Unread>,
    /// Exports, perhaps, that are too large.
    large: usize,
}

/// How often a file and its log were in the archive.
#[derive(Clone, Copy, Default)]
struct Copies {
    files: usize,
    logs: usize,
}

/// Of a file that was not read: whose accounts may be in it, and why.
#[derive(Clone, Copy)]
struct Unread {
    app: Option<&'static KnownApp>,
    why: Why,
}

/// The same, sorted out.
pub(super) struct Found {
    pub(super) enclosed: Vec<Enclosed>,
    /// Apps that are there.
    pub(super) apps: Vec<(&'static KnownApp, Fate)>,
    pub(super) warnings: Vec<Item>,
}

impl Collection {
    /// Nothing yet; `limit` is the most bytes in all.
    pub(super) fn new(layout: Layout, limit: u64) -> Self {
        Self {
            layout,
            left: limit,
            files: BTreeMap::new(),
            logs: BTreeMap::new(),
            copies: BTreeMap::new(),
            in_change: BTreeSet::new(),
            without_log: BTreeMap::new(),
            packages: BTreeSet::new(),
            is_of_phone: !matches!(layout, Layout::Copy(None)),
            unread: BTreeMap::new(),
            large: 0,
        }
    }

    /// Nothing yet of an archive inside, which is of that app and shares the limit.
    pub(super) fn beside(&self, app: &'static KnownApp) -> Self {
        let mut inner = Self::new(Layout::Copy(Some(app)), self.left);
        inner.packages.insert(app.package);
        inner
    }

    /// Takes over what an archive inside gave. `archive` is its own path.
    pub(super) fn absorb(&mut self, inner: Self, archive: &str) {
        let within = |(place, bytes): (Place, _)| (place.within(archive), bytes);
        self.left = inner.left;
        self.files.extend(inner.files.into_iter().map(within));
        self.logs.extend(inner.logs.into_iter().map(within));
        self.copies.extend(inner.copies.into_iter().map(|(place, copies)| (place.within(archive), copies)));
        self.in_change.extend(inner.in_change.into_iter().map(|place| place.within(archive)));
        self.without_log
            .extend(inner.without_log.into_iter().map(|(place, why)| (place.within(archive), why)));
        self.packages.extend(inner.packages);
        self.is_of_phone = true;
        let within = |(path, unread)| (format!("{archive}/{path}"), unread);
        self.unread.extend(inner.unread.into_iter().map(within));
        self.large = self.large.saturating_add(inner.large);
    }

    /// Whether a member has to be read. Whose it is, is noted.
    pub(super) fn is_wanted(&mut self, name: &str) -> bool {
        let Some(place) = self.note(name) else { return false };
        self.is_kept(&place)
            || self.database_of(&place, WAL).is_some()
            || self.database_of(&place, JOURNAL).is_some()
    }

    /// Whether a file is kept when it can be had: one in which an app has its accounts, or one that may be an export.
    fn is_kept(&self, place: &Place) -> bool {
        place.keeper().is_some() || self.is_export(place)
    }

    /// The database beside which a file is that SQLite calls so.
    fn database_of(&self, place: &Place, end: &str) -> Option<Place> {
        place.without(end).filter(|database| self.is_kept(database))
    }

    /// In the storage, and in a copy, exports can be everywhere: as in a folder, what is in them says so. `adb backup`
    /// gives what apps say, which is more than exports.
    fn is_export(&self, place: &Place) -> bool {
        match place {
            Place::Storage(path) => may_be_export(path) || is_archive(path),
            Place::App { path, .. } => matches!(self.layout, Layout::Copy(_)) && may_be_export(path),
        }
    }

    /// The place of a member; the app is noted.
    fn note(&mut self, name: &str) -> Option<Place> {
        self.packages.extend(package_in(name));
        let place = Place::of(name, self.layout)?;
        let app = place.app().filter(|_| place.has_accounts() || place.is_data_of_app());
        self.packages.extend(app.map(|app| app.package));
        self.is_of_phone |=
            matches!(place, Place::Storage(_)) || place.keeper().is_some() || place::is_of_phone(name);
        Some(place)
    }

    /// Looks at a member, and keeps it when it is worth that. Of two with one name the later is what was on the phone.
    pub(super) fn take(&mut self, member: Member<'_>) {
        let Member { name, size, content } = member;
        let Some(place) = self.note(name) else { return };
        if let Some(database) = self.database_of(&place, JOURNAL) {
            self.take_journal(database, content);
        } else if let Some(database) = self.database_of(&place, WAL) {
            self.take_log(database, size, content);
        } else if place.keeper().is_some() {
            self.take_file(place, size, content);
        } else if self.is_export(&place) {
            self.take_export(place, size, content);
        }
    }

    fn take_journal(&mut self, database: Place, content: Result<&mut dyn Read, Why>) {
        match content.and_then(head) {
            Ok(head) if sqlite::is_hot_journal(&head) => {
                self.in_change.insert(database);
            }
            Ok(_) => {
                self.in_change.remove(&database);
            }
            Err(why) => {
                self.without_log.insert(database, why);
            }
        }
    }

    fn take_log(&mut self, database: Place, size: u64, content: Result<&mut dyn Read, Why>) {
        let logs = &mut self.copies.entry(database.clone()).or_default().logs;
        *logs = logs.saturating_add(1);
        match content.and_then(|content| self.content(size, content)) {
            Ok(bytes) => {
                self.without_log.remove(&database);
                self.replace(database, bytes, |collection| &mut collection.logs);
            }
            Err(why) => {
                self.logs.remove(&database);
                self.without_log.insert(database, why);
            }
        }
    }

    fn take_file(&mut self, place: Place, size: u64, content: Result<&mut dyn Read, Why>) {
        match content.and_then(|content| self.content(size, content)) {
            Ok(bytes) => self.keep(place, bytes),
            Err(why) => self.leave(place.app(), place.shown(), why),
        }
    }

    /// Of two with one name the later is what was on the phone.
    fn keep(&mut self, place: Place, bytes: Zeroizing<Vec<u8>>) {
        let files = &mut self.copies.entry(place.clone()).or_default().files;
        *files = files.saturating_add(1);
        self.unread.remove(&place.shown());
        self.replace(place, bytes, |collection| &mut collection.files);
    }

    /// The log of a database. Where that was copied again without its log, the log is of an earlier copy.
    fn log_of(&mut self, place: &Place) -> Option<Zeroizing<Vec<u8>>> {
        let copies = self.copies.get(place).copied().unwrap_or_default();
        match self.logs.remove(place) {
            Some(_) if copies.files > copies.logs => {
                self.without_log.insert(place.clone(), Why::EARLIER);
            }
            log @ Some(_) => return log,
            None => {}
        }
        // That there is one, and why it is not read, is told of the archive: one without content stands for it.
        self.without_log.contains_key(place).then(Zeroizing::default)
    }

    /// An export is kept when some format knows it.
    fn take_export(&mut self, place: Place, size: u64, content: Result<&mut dyn Read, Why>) {
        let shown = place.shown();
        if is_packed_tar(&shown) {
            return self.leave(None, shown, Why::ARCHIVE);
        }
        if size > MAX_FILE {
            // Databases of other apps are as large as that, and exports are not.
            self.large = self.large.saturating_add(usize::from(matches!(place, Place::Storage(_))));
            return;
        }
        match content.and_then(|content| self.content(size, content)) {
            Ok(bytes) => {
                let probe = Probe::new(&bytes, Some(&shown));
                if is_evident(&probe) {
                    self.leave(None, shown, Why::BACKUP);
                } else if is_claimed(&probe) {
                    self.keep(place, bytes);
                }
            }
            Err(why) => self.leave(None, shown, why),
        }
    }

    /// Notes that a file was not read.
    pub(super) fn leave(&mut self, app: Option<&'static KnownApp>, path: String, why: Why) {
        self.packages.extend(app.map(|app| app.package));
        self.unread.insert(path, Unread { app, why });
    }

    /// What is cut off could be read as something shorter: a secret, for example.
    fn content(&self, size: u64, content: &mut dyn Read) -> Result<Zeroizing<Vec<u8>>, Why> {
        let most = MAX_FILE.min(self.left);
        let mut bytes = Zeroizing::new(Vec::new());
        let read = content.take(most.saturating_add(1)).read_to_end(&mut bytes);
        match (read, length(&bytes)) {
            (_, length) if length > most => Err(Why::TOO_LARGE),
            (Err(error), _) => Err(of_error(&error)),
            (Ok(_), length) if length < size => Err(Why::CUT_OFF),
            _ => Ok(bytes),
        }
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

    /// Sorts out what some format reads. `end` says whether all of the archive was looked at.
    pub(super) fn finish(mut self, end: End) -> Found {
        let mut enclosed = Vec::new();
        let mut read = BTreeSet::new();
        let (mut changed, mut unknown) = (Vec::new(), Vec::new());
        if !self.is_of_phone {
            self.files.clear();
        }
        for (place, bytes) in std::mem::take(&mut self.files) {
            let path = place.shown();
            let wal = self.log_of(&place);
            let probe = Probe::new(&bytes, Some(&path)).with_wal(wal.as_ref().map(|wal| wal.as_slice()));
            if !is_claimed(&probe) {
                unknown.push(place);
                continue;
            }
            read.extend(place.keeper().map(|app| app.package));
            if self.in_change.contains(&place) {
                changed.push(in_change(&path));
            }
            changed.extend(self.without_log.get(&place).map(|why| without_log(&path, *why)));
            enclosed.push(Enclosed { path, bytes, wal });
        }
        let mut apps = Apps { read, unread: BTreeMap::new(), end };
        let mut warnings = apps.sort_out(self.unread);
        warnings.extend(changed);
        // An app of which nothing is read is told of as a whole.
        let is_single = |place: &&Place| place.app().is_none_or(|app| apps.read.contains(app.package));
        warnings.extend(unknown.iter().filter(is_single).map(not_known));
        warnings.extend(too_large(self.large));
        let there = APPS.iter().filter(|app| self.packages.contains(app.package));
        Found { enclosed, apps: there.map(|app| (app, apps.fate(app))).collect(), warnings }
    }
}

/// What became of the apps.
struct Apps {
    /// Packages of which a file is read.
    read: BTreeSet<&'static str>,
    /// Of each package the first file that was not, and why.
    unread: BTreeMap<&'static str, (String, Why)>,
    /// Where the reading of the archive came to.
    end: End,
}

impl Apps {
    /// Notes files that were not read. Answers those of which has to be told by themselves: an app of which nothing is
    /// read is told of as a whole, with the first reason.
    fn sort_out(&mut self, unread: BTreeMap<String, Unread>) -> Vec<Item> {
        let mut items = Vec::new();
        let mut exports: BTreeMap<&str, (Why, Vec<String>)> = BTreeMap::new();
        for (path, Unread { app, why }) in unread {
            let Some(app) = app else {
                exports.entry(why.message).or_insert((why, Vec::new())).1.push(path);
                continue;
            };
            let is_first = !self.unread.contains_key(app.package);
            if self.read.contains(app.package) || !is_first {
                items.push(not_read(&path, why));
            }
            if is_first {
                self.unread.insert(app.package, (path, why));
            }
        }
        items.extend(exports.into_values().flat_map(|(why, paths)| exports_not_read(why, &paths)));
        items
    }

    fn fate(&self, app: &KnownApp) -> Fate {
        match (self.read.contains(app.package), self.unread.get(app.package)) {
            (true, None) => Fate::Read,
            (true, Some(_)) => Fate::Partly,
            (false, Some((path, why))) => {
                Fate::Left { why: format!("{path} {}", why.message), next_step: why.step }
            }
            (false, None) => {
                let next_step = match self.end {
                    End::CutOff => "Copy the file again, or make a new backup",
                    End::TooLarge | End::TooMany => "Raise the limit, as the warning says",
                    End::LongName => "Unpack it with another program, and give the folder",
                    End::Whole | End::Followed => {
                        return Fate::Left { why: app.why.to_owned(), next_step: app.next_step };
                    }
                };
                let (why, next_step) = match app.is_readable() {
                    true => ("the backup was not read to its end", next_step),
                    false => (app.why, app.next_step),
                };
                Fate::Left { why: why.to_owned(), next_step }
            }
        }
    }
}

/// As much of a journal as says what it is.
fn head(journal: &mut dyn Read) -> Result<Vec<u8>, Why> {
    let mut head = Vec::new();
    let length = u64::try_from(sqlite::JOURNAL_MAGIC.len()).unwrap_or(u64::MAX);
    journal.take(length).read_to_end(&mut head).map_err(|error| of_error(&error))?;
    Ok(head)
}

/// The reader of the archive says where its bounds are reached.
fn of_error(error: &io::Error) -> Why {
    if error.kind() == io::ErrorKind::FileTooLarge { Why::TOO_LARGE } else { Why::CUT_OFF }
}

/// Of a backup, every app has a member that is no file of its own: `apps/PACKAGE/_manifest`.
fn package_in(name: &str) -> Option<&'static str> {
    let package = name.strip_prefix("apps/")?.split('/').next()?;
    super::known::of_package(package).map(|app| app.package)
}

/// A copy in the storage can be what its owner has made of the phone.
fn is_archive(path: &str) -> bool {
    has_end(path, &[".tar"]) || is_packed_tar(path)
}

/// An archive that is not looked into, because there can be very many.
fn is_packed_tar(path: &str) -> bool {
    has_end(path, &[".tar.gz", ".tgz", ".tar.bz2", ".tar.zst"])
}

fn has_end(path: &str, ends: &[&str]) -> bool {
    let lower = path.to_lowercase();
    ends.iter().any(|end| lower.ends_with(end))
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn not_read(path: &str, why: Why) -> Item {
    let read = if why.is_partly_read { "was read in part only" } else { "was not read" };
    let message = format!("{path} in the backup {read}: it {}", why.message);
    Item::new("not-read", message).next_step(why.step)
}

/// Files that may be exports, and that share a reason: a phone can have very many.
fn exports_not_read(why: Why, paths: &[String]) -> Vec<Item> {
    let (named, others) = paths.split_at_checked(NAMED).unwrap_or((paths, &[]));
    let mut items: Vec<Item> = named.iter().map(|path| not_read(path, why)).collect();
    let more = format!(
        "files in the backup that were not read as well, because each of them {}: {}",
        why.message,
        others.len()
    );
    items.extend((!others.is_empty()).then(|| Item::new("not-read", more).next_step(why.step)));
    items
}

/// How many of them are named.
const NAMED: usize = 3;

fn not_known(place: &Place) -> Item {
    let message = format!("{} in the backup was not read: no format knows what is in it", place.shown());
    Item::new("not-read", message).next_step("Compare with the app on the phone")
}

/// The newest changes can be in a log alone, or be undone by a journal.
fn without_log(path: &str, why: Why) -> Item {
    let message = format!(
        "{path} was read without the log beside it, which {}: its accounts may be others than on the phone",
        why.message
    );
    Item::new("not-read", message).next_step(why.step)
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

/// An app whose accounts stay behind, as one entry: how many it has is not known. `None` where some are read.
pub(super) fn left_behind(app: &KnownApp, fate: &Fate, index: usize) -> Option<Item> {
    let Fate::Left { why, next_step } = fate else { return None };
    let message = format!("it is in the backup, but its accounts cannot be read: {why}");
    Some(Item::new(Skip::LOCKED_SECRET, message).index(index).named(app.name, "").next_step(*next_step))
}
