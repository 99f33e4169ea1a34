//! Backups of phones: folders that are one input, and the files in backups that are read like any other.

use std::collections::BTreeMap;
use std::fs::{self, File as Handle};
use std::io::{self, Read, Seek, SeekFrom};
use std::iter;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::{File, Reader, Sealed, Source, open};
use crate::failure::{Exit, Failure};
use crate::show;
use otpferry_formats::phone::{self, Enclosed, Hope, IosArchive, Survey};
use otpferry_formats::report::Item;
use otpferry_formats::{Bytes, Error, ErrorKind, Folder, Input, Limits};

/// The first file of a backup, when the folder is one.
pub(super) fn manifest_in(folder: &Path) -> Option<PathBuf> {
    let manifest = folder.join(phone::IOS_MANIFEST);
    let read = || {
        let is_small = fs::metadata(&manifest).is_ok_and(|meta| meta.len() <= phone::MAX_IOS_MANIFEST);
        if is_small { fs::read(&manifest).ok() } else { None }
    };
    phone::is_ios_backup(|name| folder.join(name).is_file(), read).then_some(manifest)
}

/// Whether a folder is a backup.
pub(crate) fn is_backup(folder: &Path) -> bool {
    manifest_in(folder).is_some()
}

/// The first file of a backup, when that or its list of files was named.
pub(super) fn manifest_beside(file: &Path) -> Option<PathBuf> {
    let name = file.file_name()?.to_str()?;
    phone::is_of_ios_backup(name).then(|| manifest_in(folder_of(file))).flatten()
}

/// The folder that a file is in.
pub(super) fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// One backup has to be chosen of several: each has a password of its own.
pub(super) fn several(manifests: &[&Path]) -> Failure {
    let described: Vec<String> = manifests.iter().map(|manifest| describe(manifest)).collect();
    Failure::new(
        Exit::NothingToRead,
        format!("there are {} backups: {}", manifests.len(), described.join("; ")),
    )
    .next_step("Name one of these folders; `otpferry inspect` says more of each")
}

/// Its folder as it has to be named, and what tells it from others.
fn describe(manifest: &Path) -> String {
    let place = show::place(&folder_of(manifest).to_string_lossy());
    let Ok(survey) = survey(manifest) else { return place };
    let made = survey.made.map(|made| format!(" of {}", made.strftime("%Y-%m-%d"))).unwrap_or_default();
    let encrypted = if survey.encrypted { "encrypted" } else { "not encrypted" };
    let unfinished = if survey.finished == Some(false) { ", unfinished" } else { "" };
    format!("{}{made} in {place} ({encrypted}{unfinished})", show::named("", &survey.device))
}

/// What those inputs tell without a password that are backups of iPhones.
pub(crate) fn surveys(sources: &[Source], limits: &Limits) -> Vec<(String, Survey)> {
    let survey = |source: &Source| {
        let backup = Backup::of(source, limits).ok()??;
        Some((source.name.clone(), tells(backup.folder()).ok()?))
    };
    sources.iter().filter_map(survey).collect()
}

fn survey(manifest: &Path) -> Result<Survey, Failure> {
    tells(&Disk::of(manifest)?)
}

fn tells(folder: &dyn Folder) -> Result<Survey, Failure> {
    Ok(phone::ios_backup(&phone::manifest_in(folder)?, folder)?)
}

/// A backup of an iPhone.
pub(super) enum Backup {
    /// As it was made.
    Folder(Disk),
    /// Packed by somebody.
    Archive(IosArchive<'static>),
}

impl Backup {
    /// The backup that an input is; `None` for anything else, and for what is inside another file.
    ///
    /// # Errors
    /// [`Exit::Io`]; [`Exit::Malformed`] for an archive with several.
    pub(super) fn of(source: &Source, limits: &Limits) -> Result<Option<Self>, Failure> {
        let Some(path) = source.path.as_deref() else { return Ok(None) };
        if source.is_backup {
            return Disk::of(path).map(|disk| Some(Self::Folder(disk)));
        }
        let Some(file) = Pieces::of(path).filter(|file| phone::is_ios_archive(file)) else { return Ok(None) };
        Ok(Some(Self::Archive(IosArchive::open(file, limits)?)))
    }

    pub(super) fn folder(&self) -> &dyn Folder {
        match self {
            Self::Folder(disk) => disk,
            Self::Archive(archive) => archive,
        }
    }

    /// What lies beside the backup and was not looked at.
    pub(super) fn beside(&self) -> Option<Item> {
        match self {
            Self::Folder(_) => None,
            Self::Archive(archive) => archive.beside(),
        }
    }
}

/// The folder of a backup. Nothing is ever written into it, and no link leads out of it.
pub(super) struct Disk {
    root: PathBuf,
}

impl Disk {
    /// The folder that a backup's first file is in.
    ///
    /// # Errors
    /// [`Exit::Io`].
    pub(super) fn of(manifest: &Path) -> Result<Self, Failure> {
        let folder = folder_of(manifest);
        let root = folder.canonicalize().map_err(|error| Failure::io(folder, "open the backup", &error))?;
        Ok(Self { root })
    }
}

impl Folder for Disk {
    fn open(&self, path: &str) -> Result<Option<Box<dyn Bytes + '_>>, Error> {
        let place = match self.root.join(path).canonicalize() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            place => place.map_err(|error| unreadable(path, &error))?,
        };
        if !place.starts_with(&self.root) {
            return Err(Error::new(ErrorKind::Unreadable, "a link leads out of the folder of the backup")
                .next_step("Copy the folder with its files, not with links to them"));
        }
        // Before it is opened: a pipe would wait for ever.
        let metadata = fs::metadata(&place).map_err(|error| unreadable(path, &error))?;
        if !metadata.is_file() {
            return Ok(None);
        }
        let file = Handle::open(&place).map_err(|error| unreadable(path, &error))?;
        Ok(Some(Box::new(Pieces { file: Mutex::new(file), length: metadata.len() })))
    }
}

fn unreadable(path: &str, error: &io::Error) -> Error {
    let step = match error.kind() {
        io::ErrorKind::PermissionDenied => MAC_HIDES,
        _ => "Copy the folder to this computer's own disk, and name the copy",
    };
    Error::new(ErrorKind::Unreadable, format!("cannot read {path} of the backup: {}", error.kind()))
        .next_step(step)
}

/// macOS lets no program into the folder of backups without a permission for that.
pub(super) const MAC_HIDES: &str = "On a Mac, copy the backup's folder to another place in Finder and name the copy; or let the terminal have Full Disk Access (System Settings > Privacy & Security)";

/// A file that is read piece by piece.
struct Pieces {
    file: Mutex<Handle>,
    length: u64,
}

impl Pieces {
    /// `None` for what is no file, or cannot be opened: what comes next says why.
    fn of(path: &Path) -> Option<Self> {
        // Before it is opened: a pipe would wait for ever.
        let length = fs::metadata(path).ok().filter(fs::Metadata::is_file)?.len();
        Some(Self { file: Mutex::new(Handle::open(path).ok()?), length })
    }
}

/// The backup of an Android phone that is too large to be in memory.
pub(super) fn large(source: &Source, limits: &Limits) -> Option<impl Bytes + use<>> {
    let file = Pieces::of(source.path.as_deref()?).filter(|file| file.length > limits.bytes)?;
    phone::is_android_archive(&file, Some(&source.name)).then_some(file)
}

impl Bytes for Pieces {
    fn size(&self) -> u64 {
        self.length
    }

    fn fill(&self, at: u64, piece: &mut [u8]) -> Result<(), Error> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let read = file.seek(SeekFrom::Start(at)).and_then(|_| file.read_exact(piece));
        read.map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => Error::malformed("a file of the backup ends too early")
                .next_step("Copy the backup again, or make a new one of the phone"),
            _ => unreadable("a file", &error),
        })
    }
}

/// What is on a phone and has not come along, once its backup was opened.
pub(super) fn not_taken(survey: &Survey) -> Vec<Item> {
    let photos = survey.photos.filter(|photos| *photos > 0).map(|photos| {
        let message = format!("{} in the backup: none was looked at", show::count(photos, "photo"));
        Item::new("photos", message).next_step("--photos looks for QR codes in them")
    });
    survey.left_on_phone().into_iter().chain(photos).collect()
}

/// A file in which an app keeps its accounts is not passed over like any other, also when nothing in it says what it is.
pub(super) fn explained(source: &Source, failure: &Failure) -> Option<Failure> {
    let path = source.path.as_deref().filter(|_| failure.is_foreign)?.to_string_lossy();
    let app = phone::android_app(&path)?;
    let message = format!("{} keeps its accounts in this file, and it cannot be read", app.name);
    Some(Failure::new(failure.exit, message).next_step(app.advice))
}

/// What is said of apps whose folders were found, and of which nothing was read or told so far.
pub(super) fn apps_left(sources: &[Source], is_told: &[bool]) -> Vec<Item> {
    let mut apps: BTreeMap<&str, (bool, Item)> = BTreeMap::new();
    for (source, is_told) in sources.iter().zip(is_told) {
        let path = source.path.as_deref().filter(|_| source.found).map(Path::to_string_lossy);
        let Some((app, item)) = path.and_then(|path| phone::android_app_left(&path)) else { continue };
        let (told, _) = apps.entry(app).or_insert((false, item));
        *told |= is_told;
    }
    apps.into_values().filter(|(is_told, _)| !is_told).map(|(_, item)| item).collect()
}

/// The same where there is nothing else.
pub(super) fn only_apps_left(apps: &[Item]) -> Option<Failure> {
    let (first, more) = apps.split_first()?;
    let mut messages = vec![first.message.as_str()];
    messages.extend(more.iter().map(|item| item.message.as_str()));
    let failure = Failure::new(Exit::NothingToRead, messages.join("; "));
    let step = if more.is_empty() { first.next_step.as_deref() } else { None };
    Some(
        failure.next_step(step.unwrap_or("Export a file in each of the apps; `otpferry targets` says where")),
    )
}

/// What is told of an app was said before its file was read.
fn correct(outer: &mut File, unread: &str, read: &[File]) {
    let Some((unread, survey)) = phone::android_app(unread).zip(outer.vault.survey.as_mut()) else { return };
    let inside = format!("{}/", outer.name);
    let is_read = read.iter().any(|file| {
        let path = file.name.strip_prefix(&inside).and_then(phone::android_app);
        path.is_some_and(|app| app.id == unread.id)
    });
    for app in survey.apps.iter_mut().filter(|app| app.id == unread.id) {
        app.hope = if is_read { Hope::Partly } else { Hope::No };
        app.advice = "a file of it was not read: the warnings say why";
    }
}

/// What is around the files of a backup.
pub(super) fn sealed_in(backup: &File) -> Sealed {
    if backup.vault.encrypted { Sealed::InBackup } else { backup.sealed }
}

/// Reads the files that are inside a backup, each with passwords of its own. What cannot be read is said in the vault
/// that they came from: one file that was forgotten on the phone stops nothing.
///
/// # Errors
/// When there is nothing else in the backup, and only a password is missing.
pub(super) fn enclosed(outer: &mut File, reader: &Reader) -> Result<Vec<File>, Failure> {
    enclosed_within(outer, reader, DEEPEST)
}

/// How many backups inside each other are looked into.
const DEEPEST: usize = 3;

fn enclosed_within(outer: &mut File, reader: &Reader, depth: usize) -> Result<Vec<File>, Failure> {
    let Some(depth) = depth.checked_sub(1) else {
        let lost = Item::new(
            "not-read",
            "there are too many backups inside each other: what is in this one was not looked at",
        );
        outer.vault.warnings.push(lost.next_step("Copy it from the phone and name it by itself"));
        return Ok(Vec::new());
    };
    let (mut files, mut unread) = (Vec::new(), Vec::new());
    let sealed = sealed_in(outer);
    let mut closed = None;
    for Enclosed { path, bytes, wal } in std::mem::take(&mut outer.vault.enclosed) {
        let name = format!("{}/{path}", outer.name);
        let input = Input::with_wal(&bytes, wal.as_ref().map(|wal| wal.as_slice())).with_name(Some(&path));
        match open::decode(&input, &name, None, reader, &mut reader.passwords.for_file(&name)) {
            Ok((format, vault)) => {
                let mut file = File { is_enclosed: true, sealed, ..File::new(&name, format, vault) };
                // A backup that was saved on the phone.
                match enclosed_within(&mut file, reader, depth) {
                    Ok(inside) => files.extend(iter::once(file).chain(inside)),
                    Err(failure) => {
                        closed.get_or_insert(failure);
                        files.push(file);
                    }
                }
            }
            Err(failure) if failure.is_foreign => {}
            Err(failure) => {
                if matches!(failure.exit, Exit::PasswordNeeded | Exit::WrongPassword) {
                    closed.get_or_insert_with(|| failure.clone().in_file(&name));
                }
                let message = format!("{path} in the backup was not read: {}", failure.message);
                let mut item = Item::new("not-read", message);
                item.next_step = failure.next_step;
                outer.vault.warnings.push(item);
                unread.push(path);
            }
        }
    }
    for path in &unread {
        correct(outer, path, &files);
    }
    match closed {
        Some(failure) if files.is_empty() && outer.vault.entries() == 0 => Err(failure),
        _ => Ok(files),
    }
}
