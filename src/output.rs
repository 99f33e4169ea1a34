//! Writing files: owner-only, atomic, never over an existing one.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use crate::failure::{Exit, Failure};
use crate::intake::phone;

/// A file that is complete on disk under a temporary name, and not yet where it belongs.
pub struct Pending {
    temporary: NamedTempFile,
    target: PathBuf,
    replace: bool,
}

/// Refuses early, before a password is asked for or anything computed.
///
/// # Errors
/// [`Exit::Refused`] when the file exists, or would be in a backup; [`Exit::Io`] when its folder does not exist.
pub fn check_free(target: &Path, replace: bool) -> Result<(), Failure> {
    if fs::symlink_metadata(target).is_ok() && !replace {
        return Err(exists(target));
    }
    check_kind(target)?;
    check_place(target)?;
    if target.is_dir() {
        return Err(Failure::new(Exit::Io, "there is a folder of this name")
            .in_file(&target.to_string_lossy())
            .next_step("Choose another name with -o"));
    }
    let folder = folder_of(target);
    if folder.is_dir() {
        return Ok(());
    }
    Err(no_folder(folder).in_file(&target.to_string_lossy()))
}

fn no_folder(folder: &Path) -> Failure {
    if folder.exists() {
        return Failure::new(Exit::Io, format!("{} is a file and not a folder", folder.display()))
            .next_step("Choose another place with -o");
    }
    Failure::new(Exit::Io, format!("there is no folder {}", folder.display()))
        .next_step("Create the folder first")
}

/// Refuses early what [`NewFolder::create`] could not create.
///
/// # Errors
/// [`Exit::Io`] when a file is in the way, or the folder around it does not exist; [`Exit::Refused`] in a backup.
pub fn check_folder(folder: &Path) -> Result<(), Failure> {
    check_place(&folder.join("any file"))?;
    // `FILE/` does not exist to the system, `FILE` does.
    let folder = &folder.components().collect::<PathBuf>();
    let around = folder_of(folder);
    if folder.is_dir() {
        return Ok(());
    }
    if folder.exists() || !around.is_dir() {
        let missing = if folder.exists() { folder } else { around };
        return Err(no_folder(missing).in_file(&folder.to_string_lossy()));
    }
    Ok(())
}

/// A folder made for outputs, for nobody else to look into. It goes away again when nothing was put into it.
pub struct NewFolder(PathBuf);

impl NewFolder {
    /// Makes the folder, unless there is one.
    ///
    /// # Errors
    /// [`Exit::Io`].
    pub fn create(folder: &Path) -> Result<Option<Self>, Failure> {
        if folder.is_dir() {
            return Ok(None);
        }
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder).map_err(|error| Failure::io(folder, "create the output folder", &error))?;
        Ok(Some(Self(folder.to_owned())))
    }
}

impl Drop for NewFolder {
    fn drop(&mut self) {
        // Fails when there is something in it, as it should.
        let _ = fs::remove_dir(&self.0);
    }
}

fn exists(target: &Path) -> Failure {
    Failure::new(Exit::Refused, "the output exists and is not overwritten")
        .in_file(&target.to_string_lossy())
        .next_step("Choose another name with -o, or replace it with --force")
}

/// A file takes the place of what was there: of a device that would take it away from the whole system.
fn check_kind(target: &Path) -> Result<(), Failure> {
    match fs::metadata(target) {
        Ok(metadata) if !(metadata.is_file() || metadata.is_dir()) => {
            Err(Failure::new(Exit::Refused, "this is a device or a pipe, and is not replaced by a file")
                .in_file(&target.to_string_lossy())
                .next_step("Name a file with -o; -o - writes to standard output"))
        }
        _ => Ok(()),
    }
}

/// A backup of a phone to which something was added cannot be restored any more.
fn check_place(target: &Path) -> Result<(), Failure> {
    let exists = target.ancestors().skip(1).find_map(|folder| {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        folder.canonicalize().ok()
    });
    if exists.is_some_and(|folder| folder.ancestors().any(phone::is_backup)) {
        return Err(Failure::new(Exit::Refused, "the output would go into the folder of a phone's backup")
            .in_file(&target.to_string_lossy())
            .next_step("Choose another folder with -o: a backup that is changed cannot be restored"));
    }
    Ok(())
}

fn folder_of(target: &Path) -> &Path {
    match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

impl Pending {
    /// How names of files begin that are not complete yet. A process that is killed may leave one.
    pub(crate) const PREFIX: &str = ".otpferry-";

    /// Writes the bytes beside their target, readable by the owner only, down to the disk.
    ///
    /// # Errors
    /// [`Exit::Io`]; [`Exit::Refused`] in a backup.
    pub fn write(target: &Path, bytes: &[u8], replace: bool) -> Result<Self, Failure> {
        let io = |error: io::Error| Failure::io(target, "write the output", &error);
        check_kind(target)?;
        check_place(target)?;
        let mut temporary =
            tempfile::Builder::new().prefix(Self::PREFIX).tempfile_in(folder_of(target)).map_err(io)?;
        temporary.write_all(bytes).map_err(io)?;
        temporary.as_file().sync_all().map_err(io)?;
        Ok(Self { temporary, target: target.to_owned(), replace })
    }

    /// Writes the bytes, and gives them as they came back from the disk.
    ///
    /// # Errors
    /// [`Exit::Io`]; [`Exit::CodesDiffer`] when other bytes came back.
    pub(crate) fn checked(
        target: &Path,
        bytes: &[u8],
        replace: bool,
    ) -> Result<(Self, Zeroizing<Vec<u8>>), Failure> {
        let pending = Self::write(target, bytes, replace)?;
        let back = pending.read_back()?;
        if back.as_slice() != bytes {
            let message = "the disk gave back other bytes than were written";
            return Err(Failure::new(Exit::CodesDiffer, message).in_file(&target.to_string_lossy()));
        }
        Ok((pending, back))
    }

    /// The bytes as they are on the disk.
    ///
    /// # Errors
    /// [`Exit::Io`].
    pub fn read_back(&self) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let io = |error: io::Error| Failure::io(&self.target, "read the output again", &error);
        let mut file = File::open(self.temporary.path()).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1));
        file.read_to_end(&mut bytes).map_err(io)?;
        Ok(bytes)
    }

    /// Gives the file its name. Until then nothing is left behind. Returns the name when the file is
    /// new: one that replaced another must not be withdrawn.
    ///
    /// # Errors
    /// [`Exit::Refused`] when somebody created the target meanwhile.
    pub fn publish(self) -> Result<Option<PathBuf>, Failure> {
        let is_new = fs::symlink_metadata(&self.target).is_err();
        let persisted = if self.replace {
            self.temporary.persist(&self.target)
        } else {
            self.temporary.persist_noclobber(&self.target)
        };
        persisted.map_err(|failed| match failed.error.kind() {
            io::ErrorKind::AlreadyExists => exists(&self.target),
            _ => Failure::io(&self.target, "write the output", &failed.error),
        })?;
        sync_folder_of(&self.target);
        Ok(is_new.then_some(self.target))
    }
}

/// A name reaches the disk with its folder; not every system can do that.
pub(crate) fn sync_folder_of(path: &Path) {
    if let Ok(folder) = File::open(folder_of(path)) {
        let _ = folder.sync_all();
    }
}

/// Names all files, or none of them: new ones go away again when a later one cannot be named.
///
/// # Errors
/// As [`Pending::publish`].
pub fn publish(files: impl IntoIterator<Item = Pending>) -> Result<(), Failure> {
    let mut published = Vec::new();
    for pending in files {
        match pending.publish() {
            Ok(new) => published.extend(new),
            Err(failure) => {
                for path in published {
                    // Best effort: the failure that led here is the one to report.
                    let _ = fs::remove_file(path);
                }
                return Err(failure);
            }
        }
    }
    Ok(())
}

/// Whether a place to write to is a folder, there or to be made.
pub(crate) fn is_folder(path: &Path) -> bool {
    path.is_dir() || path.to_string_lossy().ends_with(['/', std::path::MAIN_SEPARATOR])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_private_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("out");
        Pending::write(&target, b"one", false).unwrap().publish().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"one");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(check_free(&target, false).unwrap_err().exit, Exit::Refused);
        let second = Pending::write(&target, b"two", false).unwrap();
        assert_eq!(second.publish().unwrap_err().exit, Exit::Refused);
        assert_eq!(fs::read(&target).unwrap(), b"one");
        Pending::write(&target, b"three", true).unwrap().publish().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"three");
    }

    #[test]
    fn what_is_not_published_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let pending = Pending::write(&folder.path().join("out"), b"one", false).unwrap();
        assert_eq!(pending.read_back().unwrap().as_slice(), b"one");
        drop(pending);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_missing_folder_is_named() {
        let failure = check_free(Path::new("/nowhere/at/all/out"), false).unwrap_err();
        assert_eq!(failure.exit, Exit::Io);
        assert!(failure.message.contains("/nowhere/at/all"));
    }
}
