//! `ios-backup`: the local backup of an iPhone or iPad, as Finder, iTunes and Apple Devices make it.
//!
//! `Manifest.plist` says how it is encrypted and `Manifest.db` which files there are. The backup password opens the files
//! and those items of the keychain that are not bound to the phone. Nothing of it was tried with the backup of a real
//! phone: the layout is that of dunhamsteve/ios, jsharkey13/iphone_backup_decrypt and Apple's Security framework.

mod apps;
mod files;
mod found;
mod keybag;
mod keychain;
mod known;
mod manifest;
mod packed;
mod photos;
mod shape;
#[cfg(test)]
mod tests;

pub use packed::{IosArchive, is_ios_archive};
pub use photos::Photo;
pub use shape::{AttributeShape, ItemShape};

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::survey::{self, Survey};
use super::{Enclosed, is_known, may_be_export};
use crate::container::plist::Value;
use crate::ctx::Ctx;
use crate::error::{Error, ErrorKind};
use crate::format::{Confidence, Format, Info, Input};
use crate::model::Vault;
use crate::probe::Probe;
use crate::report::{Item, Skip};
use crate::source::Folder;

use apps::Preferences;
use files::{Entry, Files, Trouble};
use found::Found;
use keybag::ClassKeys;
use keychain::Keychain;
use known::State;
use manifest::{Device, Manifest};

/// The id of the format.
pub const ID: &str = "ios-backup";
/// The file that a backup begins with.
pub const MANIFEST: &str = "Manifest.plist";
/// Most bytes of it.
pub const MAX_MANIFEST: u64 = 16 << 20;
/// The lists of files, now and before iOS 10.
const LISTS: [&str; 2] = [files::DATABASE, OLD_LIST];
const OLD_LIST: &str = "Manifest.mbdb";
/// What else says something of the backup.
const OTHERS: [&str; 2] = [manifest::INFO, manifest::STATUS];

/// Local backups of iPhones.
pub(crate) struct IosBackup;

static INFO: Info = Info {
    id: ID,
    title: "iPhone backup",
    aliases: &["iphone-backup", "itunes-backup"],
    extensions: &["plist"],
    reads_encrypted: true,
    unverified: Some("never tried with the backup of a real phone"),
    write: &[],
    export_help: "On the computer: Finder, or Apple Devices on Windows; choose the phone, \"Encrypt local backup\", Back Up Now. Then name the folder of the backup",
};

/// What to do about a backup that is damaged.
const AGAIN: &str = "Make a new backup of the phone, or copy the folder again";
/// Most bytes of one file, and of the keychain.
const MAX_FILE: u64 = 64 << 20;

impl Format for IosBackup {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        let bytes = probe.bytes();
        let is_packed = match probe.zip_names() {
            Some(names) => packed::holds_backup(names),
            None => is_ios_archive(&bytes),
        };
        let is_backup = is_packed || is_manifest(bytes);
        if is_backup { Confidence::Sure } else { Confidence::No }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        decode(input, ctx).map_err(|error| error.in_format(ID))
    }
}

/// Whether a file of that name is one of those that tell of a backup.
pub fn is_of_ios_backup(name: &str) -> bool {
    name == MANIFEST || LISTS.contains(&name) || OTHERS.contains(&name)
}

/// Whether a folder is a backup, also one that lacks its first file or its list: then that is what has to be said.
/// `has` knows the names in the folder, and `manifest` reads the first file where it is needed.
pub fn is_ios_backup(has: impl Fn(&str) -> bool, manifest: impl FnOnce() -> Option<Vec<u8>>) -> bool {
    let has_one_of = |names: &[&str]| names.iter().any(|name| has(name));
    match (has(MANIFEST), has_one_of(&LISTS)) {
        (true, true) => true,
        (true, false) => manifest().is_some_and(|bytes| is_manifest(&bytes)),
        (false, has_list) => has_list && has_one_of(&OTHERS),
    }
}

fn is_manifest(bytes: &[u8]) -> bool {
    // Preferences of any app are property lists: only one with such a name in it is parsed.
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_MANIFEST) {
        return false;
    }
    let is_marked = |mark: &&[u8]| head.windows(mark.len()).any(|window| window == *mark);
    MARKS.iter().any(is_marked) && Value::read(bytes).is_some_and(|list| manifest::is_manifest(&list))
}

/// Names of members, and where they are looked for.
const MARKS: [&[u8]; 2] = [b"BackupKeyBag", b"IsEncrypted"];
const HEAD: usize = 1 << 20;

/// What a backup says without its password: `manifest` is its `Manifest.plist`.
///
/// # Errors
/// `Malformed` when that is damaged; `Unreadable`.
pub fn ios_backup(manifest: &[u8], folder: &dyn Folder) -> Result<Survey, Error> {
    let manifest = Manifest::read(manifest).map_err(|error| error.in_format(ID))?;
    let state = if manifest.is_encrypted { State::Closed } else { State::NotEncrypted };
    Ok(survey(&manifest, manifest.device(folder), state))
}

fn survey(manifest: &Manifest, device: Device, state: State<'_>) -> Survey {
    Survey {
        device: device.name,
        system: format!("{} {}", if device.is_tablet { "iPadOS" } else { "iOS" }, device.ios),
        made: device.made,
        encrypted: manifest.is_encrypted,
        finished: device.is_finished,
        apps: known::among(&device.apps, state),
        photos: None,
        keychain: None,
    }
}

fn decode(input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
    if let Some(folder) = input.folder {
        return decode_folder(input.bytes, folder, ctx);
    }
    if is_manifest(input.bytes) {
        return Err(Error::malformed("Manifest.plist is only the first file of a backup")
            .next_step("Name the folder of the backup, with all that is in it"));
    }
    let archive = IosArchive::open(input.bytes, ctx.limits)?;
    let mut vault = decode_folder(&archive.manifest()?, &archive, ctx)?;
    vault.warnings.extend(archive.beside());
    Ok(vault)
}

/// The first file of a backup.
///
/// # Errors
/// `Malformed` when there is none; `Limit`; `Unreadable`.
pub fn manifest_in(folder: &dyn Folder) -> Result<Zeroizing<Vec<u8>>, Error> {
    folder.open(MANIFEST)?.ok_or_else(without_manifest)?.read_all(MAX_MANIFEST)
}

/// What to say of a folder without its first file.
fn without_manifest() -> Error {
    Error::malformed("Manifest.plist is missing: without it nothing in the backup can be read").next_step(
        "Copy the whole folder again, or make a new backup on the computer; what iCloud keeps cannot be read",
    )
}

fn decode_folder(manifest: &[u8], folder: &dyn Folder, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
    let manifest = Manifest::read(manifest)?;
    let device = manifest.device(folder);
    check_database(folder, &device)?;
    let bag = manifest.is_encrypted.then(|| manifest.key_bag()).transpose()?;
    let keys =
        bag.as_ref().map(|bag| ctx.unlock(&INFO, |password, limits| bag.open(password, limits))).transpose();
    let keys = keys.map_err(|error| match error.kind {
        ErrorKind::WrongPassword => error.next_step(WHICH_PASSWORD),
        _ => error,
    })?;
    let files = Files::new(folder, keys.as_ref());
    let (listed, damaged_rows) = files.list(&manifest, is_wanted)?;
    let mut reader = Reader { files: &files, warnings: Vec::new() };
    let keychain = reader.keychain(&listed, keys.as_ref());
    let has_keychain = keychain.is_some();
    let keychain = keychain.unwrap_or_default();
    let rubin = reader.named(&listed, (apps::ORDER_DOMAIN, apps::ORDER_PATH));
    let freeotp = reader.named(&listed, (apps::OLD_DOMAIN, apps::OLD_PATH));
    let preferences = Preferences {
        rubin: reader.list(rubin.as_ref(), apps::ORDER_PATH),
        freeotp: reader.list(freeotp.as_ref(), apps::OLD_PATH),
    };
    let is_whole = keychain.damaged == 0 && keychain.unknown == 0 && damaged_rows == 0;
    let mut found = Found::new(keychain.items.len(), is_whole);
    apps::take(&keychain.items, &preferences, &mut found, ctx);
    let enclosed = reader.exports(&listed, ctx);
    let warnings = reader.warnings;
    let state = match (manifest.is_encrypted, has_keychain) {
        (false, _) => State::NotEncrypted,
        (true, false) => State::WithoutKeychain,
        (true, true) => State::Open(&found.by_app),
    };
    let mut survey = survey(&manifest, device, state);
    survey.keychain = Some(summary(&keychain, &found));
    let photos: Vec<Photo> = listed.iter().filter_map(Photo::of).collect();
    survey.photos = Some(photos.len());
    let mut vault = found.vault;
    vault.variant.clone_from(&survey.system);
    vault.created = survey.made;
    vault.enclosed = enclosed;
    vault.photos = photos;
    vault.warnings.extend(about_backup(&survey));
    let at = vault.entries();
    vault.skipped.extend(closed(&keychain, manifest.is_encrypted).map(|item| item.index(at)));
    vault.warnings.extend(about_keychain(&keychain));
    vault.warnings.extend(warnings);
    vault.warnings.extend(about_rows(damaged_rows));
    vault.survey = Some(Box::new(survey));
    Ok(match bag {
        Some(bag) => vault.protected(bag.protection()),
        None => vault,
    })
}

/// iOS 9 had another list of files, and iOS 10.0 enciphered it in another way.
fn check_database(folder: &dyn Folder, device: &Device) -> Result<(), Error> {
    let again = "Make a new backup with a phone that is up to date";
    if device.ios == "10.0" || device.ios.starts_with("10.0.") {
        return Err(Error::unsupported("backups of iOS 10.0 cannot be read").next_step(again));
    }
    if !folder.has(files::DATABASE)? && folder.has(OLD_LIST)? {
        return Err(Error::unsupported("backups of iOS 9 and older cannot be read").next_step(again));
    }
    Ok(())
}

/// Where exports lie on a phone: the domain, what their paths begin with, and how the phone calls the place.
const PLACES: [(&str, &str, &str); 2] = [
    ("AppDomainGroup-group.com.apple.FileProvider.LocalStorage", "File Provider Storage/", "On My iPhone/"),
    ("HomeDomain", "Library/Mobile Documents/com~apple~CloudDocs/", "iCloud Drive/"),
];
const OF_APP: &str = "AppDomain-";
const DOCUMENTS: &str = "Documents/";

/// The place of an export as its owner knows it; `None` for any other file.
fn place(domain: &str, path: &str) -> Option<String> {
    let of_phone = PLACES
        .iter()
        .filter(|(of, ..)| *of == domain)
        .find_map(|(_, begin, name)| path.strip_prefix(begin).map(|rest| format!("{name}{rest}")));
    of_phone.or_else(|| {
        let (app, rest) = domain.strip_prefix(OF_APP).zip(path.strip_prefix(DOCUMENTS))?;
        Some(format!("{app}/{rest}"))
    })
}

/// Files that are looked into.
fn is_wanted(domain: &str, path: &str) -> bool {
    const NAMED: [(&str, &str); 3] = [
        (keychain::DOMAIN, keychain::PATH),
        (apps::ORDER_DOMAIN, apps::ORDER_PATH),
        (apps::OLD_DOMAIN, apps::OLD_PATH),
    ];
    NAMED.contains(&(domain, path))
        || photos::is_photo(domain, path)
        || match place(domain, path) {
            None => false,
            Some(_) if domain.starts_with(OF_APP) => {
                (is_surely_export(path) || may_be_export(path)) && !is_of_an_app(path)
            }
            // What its owner has saved can be called anything.
            Some(_) => !is_film(path),
        }
}

/// Sounds and films are no exports, and can be many and large.
fn is_film(path: &str) -> bool {
    const ENDS: [&str; 10] = ["mov", "mp4", "m4v", "m4a", "mp3", "wav", "aac", "avi", "mkv", "flac"];
    has_end(path, &ENDS)
}

/// What exports mostly are, and nothing else of that size.
fn is_text(path: &str) -> bool {
    has_end(path, &["txt", "json", "csv"])
}

fn has_end(path: &str, ends: &[&str]) -> bool {
    let end = path.rsplit_once('.').map_or("", |(_, end)| end);
    ends.iter().any(|known| known.eq_ignore_ascii_case(end))
}

/// Files that every app has, and that no app for the iPhone exports.
fn is_of_an_app(path: &str) -> bool {
    const ENDS: [&str; 9] = ["db", "db3", "sqlite", "sqlite3", "plist", "xml", "dat", "bin", "ab"];
    has_end(path, &ENDS)
}

/// Opens files, and says which could not be.
struct Reader<'r, 'f> {
    files: &'r Files<'f>,
    warnings: Vec<Item>,
}

impl Reader<'_, '_> {
    /// The keychain; without it the rest is read all the same.
    fn keychain(&mut self, listed: &[Entry], keys: Option<&ClassKeys>) -> Option<Keychain> {
        let is_listed = listed.iter().any(|entry| entry.domain == keychain::DOMAIN);
        // Without a password it would be closed anyway, which is told.
        if !is_listed && keys.is_some() {
            let message =
                "the keychain, where apps keep their accounts, is not in this backup: only files were read";
            self.warnings.push(Item::new("no-keychain", message).next_step("Make a new backup of the phone"));
        }
        let bytes = self.named(listed, (keychain::DOMAIN, keychain::PATH))?;
        let keychain = Keychain::read(&bytes, keys).map_err(|error| {
            let message = format!("{}: no app's accounts were read from there", error.message);
            let step = error.next_step.map(String::from).unwrap_or_default();
            self.warnings.push(Item::new("not-read", message).next_step(step));
        });
        keychain.ok()
    }

    /// A file of that domain and path, when there is one.
    fn named(&mut self, listed: &[Entry], (domain, path): (&str, &str)) -> Option<Zeroizing<Vec<u8>>> {
        let mut entries = listed.iter().filter(|entry| entry.domain == domain && entry.path == path);
        let first = self.files.content(entries.next()?, MAX_FILE);
        // Where the list has it twice, one may do.
        let content = first.or_else(|trouble| {
            entries.find_map(|entry| self.files.content(entry, MAX_FILE).ok()).ok_or(trouble)
        });
        content.map_err(|trouble| self.warnings.push(not_read(trouble, path))).ok()
    }

    /// A property list of an app. One that is damaged is told.
    fn list<'b>(&mut self, bytes: Option<&'b Zeroizing<Vec<u8>>>, path: &str) -> Option<Value<'b>> {
        let list = Value::read(bytes?);
        if list.is_none() {
            self.warnings.push(not_read(Trouble::Damaged, path));
        }
        list
    }

    /// Exports that are saved on the phone. Of files that are none, nothing is said.
    fn exports(&mut self, listed: &[Entry], ctx: &Ctx<'_>) -> Vec<Enclosed> {
        let mut left = ctx.limits.bytes;
        let (mut exports, mut lost) = (Vec::new(), Vec::new());
        for entry in listed {
            if photos::is_photo(&entry.domain, &entry.path) {
                continue;
            }
            let Some(path) = place(&entry.domain, &entry.path) else { continue };
            let rest = |bytes: &[u8]| left.checked_sub(u64::try_from(bytes.len()).ok()?);
            match self.files.content(entry, MAX_FILE) {
                Ok(bytes) if is_known(&path, &bytes) => match rest(&bytes) {
                    Some(rest) => {
                        left = rest;
                        exports.push(Enclosed { path, bytes, wal: None });
                    }
                    None => lost.push(path),
                },
                // What is like no format, or too large to be an export, may be anything.
                Ok(_) if !is_surely_export(&path) => {}
                Err(Trouble::TooLarge) if !(is_surely_export(&path) || is_text(&path)) => {}
                _ => lost.push(path),
            }
        }
        self.warnings.extend(lost_exports(&lost));
        exports
    }
}

/// Ends of names that only exports have.
fn is_surely_export(path: &str) -> bool {
    const ENDS: [&str; 4] = [".2fas", ".otpauthdb", ".aegis", ".json.age"];
    let lower = path.to_lowercase();
    ENDS.iter().any(|end| lower.ends_with(end))
}

fn lost_exports(lost: &[String]) -> Option<Item> {
    let names: Vec<&str> = lost.iter().take(3).map(String::as_str).collect();
    let more = if lost.len() > names.len() { " and others" } else { "" };
    let message = format!(
        "saved on the phone and not read, because damaged, missing, sealed or too large: {}{more}",
        names.join(", ")
    );
    (!lost.is_empty()).then(|| {
        Item::new("not-read", message).next_step("Copy them from the phone and name them by themselves")
    })
}

fn not_read(trouble: Trouble, place: &str) -> Item {
    let name = place.rsplit('/').next().unwrap_or_default();
    let (message, step) = trouble.says();
    let message = match place {
        keychain::PATH => {
            format!("the keychain was not read, and so no app's accounts from there: {message}")
        }
        _ => format!("{name} in the backup was not read: {message}"),
    };
    Item::new("not-read", message).next_step(step)
}

/// What to know of the backup as a whole.
fn about_backup(survey: &Survey) -> Vec<Item> {
    let mut items = Vec::new();
    if survey.finished == Some(false) {
        items.push(
            Item::new("backup-unfinished", "the backup did not come to its end: accounts may be missing")
                .next_step("Make it again, and wait until it is finished"),
        );
    }
    if !survey.encrypted {
        items.push(
            Item::new(
                "backup-not-encrypted",
                "the backup has no password, and so the keychain in it stays closed: only files were read",
            )
            .next_step(ENCRYPT),
        );
    }
    items
}

/// Classes of "this device only".
const BOUND: std::ops::RangeInclusive<u32> = 9..=12;

/// What stays closed, as one entry: not even the app that it is of is known.
fn closed(keychain: &Keychain, is_encrypted: bool) -> Option<Item> {
    let count: usize = keychain.closed.values().sum();
    let mut by_class: Vec<String> =
        BOUND.filter_map(|class| Some(format!("class {class}: {}", keychain.closed.get(&class)?))).collect();
    let others: usize =
        keychain.closed.iter().filter(|(class, _)| !BOUND.contains(class)).map(|(_, count)| count).sum();
    by_class.extend((others > 0).then(|| format!("other classes: {others}")));
    let item = if is_encrypted {
        let why = match others {
            0 => "bound to the phone, so that no backup opens them",
            _ if others == count => "under keys that the password does not open",
            _ => "bound to the phone, or under other keys that the password does not open",
        };
        let google = if others < count { "; Google Authenticator keeps its accounts in such" } else { "" };
        let message = format!("of the keychain, {} {why} ({}){google}", entries(count), by_class.join(", "));
        Item::new(Skip::LOCKED_SECRET, message)
            .next_step("Compare with the apps on the phone before you delete anything there")
    } else {
        let message =
            format!("of the keychain, {} closed, because the backup has no password", entries(count));
        Item::new(Skip::LOCKED_SECRET, message).next_step(ENCRYPT)
    };
    (count > 0).then_some(item)
}

/// So many entries are something.
fn entries(count: usize) -> String {
    if count == 1 { "1 entry is".to_owned() } else { format!("{count} entries are") }
}

const WHICH_PASSWORD: &str = "It is the password that was chosen for backups of this phone, not its passcode and not that of the Apple account; it may be in the Mac's Keychain Access";
const ENCRYPT: &str = "Turn on \"Encrypt local backup\" for the phone, choose a password, and back up again";

fn about_keychain(keychain: &Keychain) -> Vec<Item> {
    let mut items = Vec::new();
    if keychain.unknown > 0 {
        let message = format!(
            "of the keychain, {} of a kind that no backup opens, or newer than known",
            entries(keychain.unknown)
        );
        items.push(Item::new("unknown-version", message).next_step("Compare with the apps on the phone"));
    }
    if keychain.damaged > 0 {
        let message = format!("of the keychain, {} damaged", entries(keychain.damaged));
        items.push(
            Item::new("damaged", message)
                .next_step("Make a new backup, and compare with the apps on the phone"),
        );
    }
    items
}

fn about_rows(damaged: usize) -> Option<Item> {
    let message = format!("damaged places in the list of the files: {damaged}; files may be missing");
    (damaged > 0)
        .then(|| Item::new("damaged", message).next_step("Make a new backup, or copy the folder again"))
}

/// What was opened, app by app.
fn summary(keychain: &Keychain, found: &Found) -> survey::Keychain {
    let mut groups: BTreeMap<&str, survey::Group> = BTreeMap::new();
    for (at, item) in keychain.items.iter().enumerate() {
        let group = groups.entry(&item.group).or_insert_with(|| survey::Group {
            name: item.group.clone(),
            opened: 0,
            recognised: 0,
        });
        group.opened = group.opened.saturating_add(1);
        group.recognised = group.recognised.saturating_add(usize::from(found.is_taken(at)));
    }
    let unknown = keychain.items.iter().enumerate().filter(|(at, _)| !found.is_taken(*at));
    survey::Keychain {
        groups: groups.into_values().collect(),
        closed: keychain.closed.clone(),
        unknown: keychain.unknown,
        damaged: keychain.damaged,
        shapes: unknown.map(|(_, item)| item.shape.clone()).collect(),
    }
}
