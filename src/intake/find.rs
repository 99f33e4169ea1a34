//! Which files are meant: names, folders, patterns, standard input.

use std::collections::HashSet;
use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use otpferry_formats::container::sqlite;

use super::phone;
use crate::failure::{Exit, Failure};

/// How deep folders are searched.
const MAX_DEPTH: usize = 16;
/// Most files of one run.
const MAX_FILES: usize = 100_000;
/// Files that belong to another one and are read with it.
const COMPANIONS: &[&str] = &["-wal", "-shm", "-journal"];
/// The list of a folder of `.maFile`s; it is read with each of them.
pub(super) const MANIFEST: &str = "manifest.json";
/// File name extensions of pictures.
const PICTURES: &[&str] = &[
    "png", "apng", "jpg", "jpeg", "jfif", "mpo", "webp", "gif", "bmp", "tif", "tiff", "heic", "heif", "hif",
    "avif", "jxl", "pdf",
];

/// One thing to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// As the user named it, or its path in the folder.
    pub name: String,
    /// Where it is; `None` is standard input, or a picture inside a backup.
    pub path: Option<PathBuf>,
    /// Its path below the folder that was named, with `/` between the parts; its name alone where
    /// none was.
    pub below: String,
    /// Found in a folder or by a pattern, not named.
    pub found: bool,
    /// The first file of an iPhone's backup, which is the folder that it is in.
    pub is_backup: bool,
}

impl Source {
    fn named(path: &Path) -> Self {
        Self {
            name: path.to_string_lossy().into_owned(),
            path: Some(path.to_owned()),
            below: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            found: false,
            is_backup: false,
        }
    }

    /// A backup, under the name that was given for it.
    fn backup(name: &Path, manifest: &Path) -> Self {
        Self { name: name.to_string_lossy().into_owned(), is_backup: true, ..Self::named(manifest) }
    }

    /// The backup that a file is of; any other as `plain` makes it.
    fn of_file(file: &Path, plain: impl FnOnce(&Path) -> Self) -> Self {
        match phone::manifest_beside(file) {
            Some(manifest) => Self::backup(phone::folder_of(file), &manifest),
            None => plain(file),
        }
    }

    /// A picture inside a backup.
    pub(super) fn inside(backup: &Self, path: &str) -> Self {
        Self {
            name: format!("{}/{path}", backup.name),
            path: None,
            below: path.to_owned(),
            found: true,
            is_backup: false,
        }
    }

    fn found(path: &Path) -> Self {
        Self { found: true, ..Self::named(path) }
    }

    fn found_in(folder: &Path, path: &Path) -> Self {
        let parts = path.strip_prefix(folder).unwrap_or(path).iter().map(|part| part.to_string_lossy());
        Self { below: parts.collect::<Vec<_>>().join("/"), ..Self::found(path) }
    }

    /// The folder, when it is a backup, whatever it was called.
    fn backup_folder(&self) -> Option<PathBuf> {
        let folder = phone::folder_of(self.path.as_deref().filter(|_| self.is_backup)?);
        Some(folder.canonicalize().unwrap_or_else(|_| folder.to_owned()))
    }

    /// Whether the name says that it is a picture.
    pub(crate) fn is_picture(&self) -> bool {
        let extension = self.path.as_deref().and_then(Path::extension).and_then(|e| e.to_str());
        extension.is_some_and(|e| PICTURES.iter().any(|p| p.eq_ignore_ascii_case(e)))
    }

    /// Whether the run goes on without it: it was only found, or it is one picture of several.
    /// A missing password always stops: the user can give it and loses nothing by it.
    pub(crate) fn may_fail(&self, failure: &Failure, inputs: usize) -> bool {
        match failure.exit {
            Exit::PasswordNeeded | Exit::WrongPassword | Exit::Internal => false,
            Exit::NothingToRead | Exit::Malformed | Exit::Limit if self.is_picture() => {
                self.found || inputs > 1
            }
            _ => self.found,
        }
    }
}

/// The inputs in order: names as given, folders and patterns in order of name.
pub(crate) fn sources(inputs: &[PathBuf]) -> Result<Vec<Source>, Failure> {
    collect(inputs, Leave::default())
}

/// The same; several backups of phones stop nothing: it is asked which there are.
pub(crate) fn sources_to_look_at(inputs: &[PathBuf]) -> Result<Vec<Source>, Failure> {
    collect(inputs, Leave { several: true, ..Leave::default() })
}

/// The same; a name that leads nowhere stops nothing here, but when it is read.
pub(crate) fn sources_of_pictures(inputs: &[PathBuf]) -> Result<Vec<Source>, Failure> {
    collect(inputs, Leave { missing: true, ..Leave::default() })
}

/// What is no error here.
#[derive(Clone, Copy, Default)]
struct Leave {
    /// A name that leads nowhere.
    missing: bool,
    /// Several backups in one folder.
    several: bool,
}

fn collect(inputs: &[PathBuf], leave: Leave) -> Result<Vec<Source>, Failure> {
    if inputs.iter().filter(|path| is_stdin(path)).count() > 1 {
        return Err(Failure::new(Exit::Usage, "standard input can be read only once")
            .next_step("Name - once, and files for the rest"));
    }
    let mut sources = Vec::new();
    for path in inputs {
        match add(path, &mut sources, leave) {
            Err(failure) if leave.missing && failure.exit == Exit::Io => sources.push(Source::named(path)),
            added => added?,
        }
        if sources.len() > MAX_FILES {
            return Err(Failure::new(Exit::Limit, format!("more than {MAX_FILES} files"))
                .next_step("Name a smaller folder"));
        }
    }
    let paths: HashSet<PathBuf> = sources.iter().filter_map(|source| source.path.clone()).collect();
    sources.retain(|source| !source.path.as_deref().is_some_and(|path| is_companion(path, &paths)));
    // Several of its files can be named, or match a pattern: a backup is read once for all of them.
    let mut backups = HashSet::new();
    sources.retain(|source| source.backup_folder().is_none_or(|folder| backups.insert(folder)));
    Ok(sources)
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

fn add(path: &Path, sources: &mut Vec<Source>, leave: Leave) -> Result<(), Failure> {
    if is_stdin(path) {
        sources.push(Source {
            name: "-".to_owned(),
            path: None,
            below: String::new(),
            found: false,
            is_backup: false,
        });
        return Ok(());
    }
    match fs::metadata(path) {
        Ok(meta) if meta.is_dir() => add_folder(path, sources, leave),
        Ok(_) => {
            sources.push(Source::of_file(path, Source::named));
            Ok(())
        }
        Err(error) => match pattern_matches(path) {
            Some(found) => {
                sources.extend(found.iter().map(|path| Source::of_file(path, Source::found)));
                Ok(())
            }
            None => Err(Failure::io(path, "open the input", &error)),
        },
    }
}

/// Files that a pattern matches; shells on Windows leave patterns to the program.
fn pattern_matches(path: &Path) -> Option<Vec<PathBuf>> {
    let text = path.to_str().filter(|text| text.contains(['*', '?', '[']))?;
    let found: Vec<PathBuf> = glob::glob(text).ok()?.flatten().filter(|path| path.is_file()).collect();
    (!found.is_empty()).then_some(found)
}

fn add_folder(folder: &Path, sources: &mut Vec<Source>, leave: Leave) -> Result<(), Failure> {
    if let Some(manifest) = phone::manifest_in(folder) {
        sources.push(Source::backup(folder, &manifest));
        return Ok(());
    }
    let mut files = Vec::new();
    walk(folder, 0, &mut files)?;
    if files.is_empty() {
        return Err(Failure::new(Exit::NothingToRead, "there are no files in this folder")
            .in_file(&folder.to_string_lossy())
            .next_step("Name the folder with the exports or pictures; hidden files are left out"));
    }
    let found: Vec<Source> =
        files.iter().map(|file| Source::of_file(file, |file| Source::found_in(folder, file))).collect();
    let backups: Vec<&Path> =
        found.iter().filter(|source| source.is_backup).filter_map(|source| source.path.as_deref()).collect();
    if backups.len() > 1 && !leave.several {
        return Err(phone::several(&backups).in_file(&folder.to_string_lossy()));
    }
    sources.extend(found);
    Ok(())
}

/// Files below a folder, in order of name. Hidden ones and links to folders are left out.
fn walk(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let io = |error: std::io::Error| {
        let failure = Failure::io(folder, "read the folder", &error);
        let is_hidden =
            error.kind() == ErrorKind::PermissionDenied && folder.iter().any(|part| part == "MobileSync");
        if is_hidden { failure.next_step(phone::MAC_HIDES) } else { failure }
    };
    let mut entries = fs::read_dir(folder).map_err(io)?.collect::<Result<Vec<_>, _>>().map_err(io)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let kind = entry.file_type().map_err(io)?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if hidden || files.len() > MAX_FILES {
            continue;
        }
        if kind.is_dir() {
            if depth >= MAX_DEPTH {
                return Err(Failure::new(
                    Exit::Limit,
                    format!("more than {MAX_DEPTH} folders inside each other"),
                )
                .in_file(&entry.path().to_string_lossy())
                .next_step("Name the inner folder itself"));
            }
            // What else is in a backup is read through its list.
            match phone::manifest_in(&entry.path()) {
                Some(manifest) => files.push(manifest),
                None => walk(&entry.path(), depth + 1, files)?,
            }
        } else if kind.is_file() || (kind.is_symlink() && entry.path().is_file()) {
            files.push(entry.path());
        }
    }
    Ok(())
}

/// Whether a file is one of those that a folder's list describes.
pub(super) fn is_listed(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("maFile"))
}

/// A database's log or index, or a folder's list, when what it belongs to is an input as well: it is
/// read with that.
fn is_companion(file: &Path, inputs: &HashSet<PathBuf>) -> bool {
    if file.file_name().is_some_and(|name| name == MANIFEST) {
        return inputs.iter().any(|input| is_listed(input) && input.parent() == file.parent());
    }
    let Some(name) = file.to_str() else { return false };
    let mains = COMPANIONS.iter().filter_map(|suffix| name.strip_suffix(suffix)).map(Path::new);
    mains.into_iter().any(|main| inputs.contains(main) && may_be_database(main))
}

/// An empty file may be a database whose pages are all in its log.
fn may_be_database(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(16).read_to_end(&mut head));
    read.is_ok() && (head.is_empty() || sqlite::sniff(&head))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_walked_in_order_without_companions() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.txt", "b.txt-wal", "a.png", "PhoneFactor-wal", ".hidden", "lonely-wal"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        fs::write(folder.path().join("PhoneFactor"), b"SQLite format 3\0").unwrap();
        fs::create_dir(folder.path().join("sub")).unwrap();
        fs::write(folder.path().join("sub/c.txt"), "x").unwrap();
        let found = sources(&[folder.path().to_owned()]).unwrap();
        let names: Vec<_> = found
            .iter()
            .map(|source| {
                source.path.as_ref().unwrap().strip_prefix(folder.path()).unwrap().to_str().unwrap()
            })
            .collect();
        assert_eq!(names, ["PhoneFactor", "a.png", "b.txt", "b.txt-wal", "lonely-wal", "sub/c.txt"]);
        assert!(found.iter().all(|source| source.found));
    }

    #[test]
    fn a_list_is_read_with_the_files_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let paths = ["1.maFile", "manifest.json"].map(|name| folder.path().join(name));
        paths.iter().for_each(|path| fs::write(path, "x").unwrap());
        let found = sources(&[folder.path().to_owned()]).unwrap();
        assert_eq!(found.iter().filter_map(|source| source.path.clone()).collect::<Vec<_>>(), paths[..1]);
        assert_eq!(sources(&paths[1..]).unwrap().len(), 1);
    }

    #[test]
    fn patterns_are_expanded_and_missing_files_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.png"), "x").unwrap();
        fs::write(folder.path().join("b.txt"), "x").unwrap();
        let found = sources(&[folder.path().join("*.png")]).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(sources(&[folder.path().join("none.png")]).unwrap_err().exit, Exit::Io);
        assert_eq!(sources(&[PathBuf::from("-"), PathBuf::from("-")]).unwrap_err().exit, Exit::Usage);
    }

    #[test]
    fn a_named_log_is_read_with_its_database() {
        let folder = tempfile::tempdir().unwrap();
        let paths =
            ["PhoneFactor", "PhoneFactor-shm", "PhoneFactor-wal"].map(|name| folder.path().join(name));
        paths.iter().for_each(|path| fs::write(path, b"SQLite format 3\0").unwrap());
        let found = sources(&paths).unwrap();
        assert_eq!(found.iter().filter_map(|source| source.path.clone()).collect::<Vec<_>>(), paths[..1]);
        assert_eq!(sources(&paths[2..]).unwrap().len(), 1);
    }
}
