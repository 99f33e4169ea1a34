//! A backup that somebody has packed into a tar, tar.gz or zip: the same folder.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::Read;
use std::sync::{Mutex, PoisonError};

use zeroize::Zeroizing;

use super::super::may_be_export;
use super::{LISTS, MANIFEST, files, is_ios_backup, is_of_ios_backup, manifest_in};
use crate::container::inflate::{self, Gunzip};
use crate::container::{tar, zip};
use crate::ctx::Limits;
use crate::error::Error;
use crate::report::Item;
use crate::source::{Bytes, Folder, Part, Stream};

/// The folder of a backup in an archive, which may be larger than memory. What gzip has packed may not.
pub struct IosArchive<'a> {
    /// What the names of its files begin with: nothing, or folders with a stroke behind them.
    root: String,
    members: Members<'a>,
}

/// What is in the archive.
enum Members<'a> {
    Tar { file: Box<dyn Bytes + 'a>, places: HashMap<String, tar::Place> },
    Zip { archive: Mutex<zip::Archive<'a>>, names: HashSet<String>, limits: Limits },
}

const GZIP: &[u8] = b"\x1F\x8B";
/// Most bytes at the beginning of a compressed archive that are inflated to see what it is.
const HEAD: u64 = 64 << 20;
/// What macOS puts beside everything that it packs.
const OF_MAC: &str = "__MACOSX/";
const UNPACK: &str = "Unpack the archive, and name the folder of one backup";

/// Whether a file is an archive that holds a backup.
pub fn is_ios_archive(bytes: &dyn Bytes) -> bool {
    let head = head_of(bytes);
    if zip::sniff(&head) {
        zip::Archive::open_copy(bytes).is_ok_and(|archive| holds_backup(archive.names()))
    } else if tar::sniff(&head) {
        let names: Vec<String> = in_tar(bytes).into_keys().collect();
        holds_backup(&names)
    } else {
        head.starts_with(GZIP) && is_evident(Gunzip::new(Stream::new(bytes)))
    }
}

/// The same of the names of all members. One that is cut off may hold nothing but files that only a backup has.
pub(super) fn holds_backup(names: &[String]) -> bool {
    let is_root = || !roots(&names.iter().map(String::as_str).collect()).is_empty();
    names.iter().any(|name| is_hashed(name)) || is_root()
}

/// Whether names at the beginning of a tar are such as only a backup has.
fn is_evident(content: impl Read) -> bool {
    let mut archive = ::tar::Archive::new(content.take(HEAD));
    let Ok(entries) = archive.entries() else { return false };
    let mut names = entries.map_while(Result::ok).map(|entry| entry.path_bytes().into_owned());
    names.any(|name| String::from_utf8(name).is_ok_and(|name| is_of_backup_only(&name)))
}

fn is_of_backup_only(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name == MANIFEST || LISTS.contains(&name) || is_hashed(path)
}

/// Whether it is called as the files in a backup are, after the beginning of their names.
fn is_hashed(path: &str) -> bool {
    let mut parts = path.rsplit('/');
    let (Some(id), Some(folder)) = (parts.next(), parts.next()) else { return false };
    files::place_of(id).is_some_and(|place| place == format!("{folder}/{id}"))
}

fn head_of(bytes: &dyn Bytes) -> Zeroizing<Vec<u8>> {
    let length = usize::try_from(bytes.size()).unwrap_or(usize::MAX).min(512);
    bytes.read(0, length).unwrap_or_default()
}

impl<'a> IosArchive<'a> {
    /// The backup in an archive.
    ///
    /// # Errors
    /// `Malformed` when the archive is damaged, or holds no backup or several; `Limit` when too much is in one that is
    /// packed as a whole.
    pub fn open(bytes: impl Bytes + 'a, limits: &Limits) -> Result<Self, Error> {
        let head = head_of(&bytes);
        let members = if zip::sniff(&head) {
            let archive = zip::Archive::open_copy(bytes)?;
            let names = archive.names().iter().cloned().collect();
            Members::Zip { archive: Mutex::new(archive), names, limits: limits.clone() }
        } else if head.starts_with(GZIP) {
            Members::in_tar(inflated(bytes, limits)?)
        } else {
            Members::in_tar(bytes)
        };
        let mut roots = roots(&members.names());
        let root = roots.pop_first().ok_or_else(|| {
            let message =
                "Manifest.plist and Manifest.db are not in the archive: it is cut off, or no whole backup";
            Error::malformed(message).next_step("Pack the whole folder again, or name the folder itself")
        })?;
        if !roots.is_empty() {
            return Err(Error::malformed("there are several backups in the archive").next_step(UNPACK));
        }
        Ok(Self { root, members })
    }

    /// The first file of the backup.
    ///
    /// # Errors
    /// `Malformed` when there is none; `Limit`.
    pub fn manifest(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        manifest_in(self)
    }

    /// What lies beside the folder in the archive, and may be worth a look.
    pub fn beside(&self) -> Option<Item> {
        let names = self.members.names();
        let others = names.iter().filter(|name| !name.starts_with(&self.root) && may_be_export(name));
        let count = others.filter(|name| !name.starts_with(OF_MAC)).count();
        let message = format!("files beside the backup in the archive were not looked at: {count}");
        let step = "Unpack the archive, and give them by themselves";
        (count > 0).then(|| Item::new("not-read", message).next_step(step))
    }
}

impl<'a> Members<'a> {
    fn in_tar(bytes: impl Bytes + 'a) -> Self {
        Self::Tar { places: in_tar(&bytes), file: Box::new(bytes) }
    }

    fn names(&self) -> HashSet<&str> {
        match self {
            Self::Tar { places, .. } => places.keys().map(String::as_str).collect(),
            Self::Zip { names, .. } => names.iter().map(String::as_str).collect(),
        }
    }
}

impl Folder for IosArchive<'_> {
    fn open(&self, path: &str) -> Result<Option<Box<dyn Bytes + '_>>, Error> {
        let name = format!("{}{path}", self.root);
        Ok(match &self.members {
            Members::Tar { file, places } => {
                let part = |place: &tar::Place| Part::new(file, place.start, place.length);
                places.get(&name).and_then(part).map(|part| -> Box<dyn Bytes + '_> { Box::new(part) })
            }
            Members::Zip { names, .. } if !names.contains(&name) => None,
            Members::Zip { archive, limits, .. } => {
                let mut archive = archive.lock().unwrap_or_else(PoisonError::into_inner);
                Some(Box::new(archive.read(&name, limits)?))
            }
        })
    }

    /// Without unpacking it.
    fn has(&self, path: &str) -> Result<bool, Error> {
        let name = format!("{}{path}", self.root);
        Ok(match &self.members {
            Members::Tar { places, .. } => places.contains_key(&name),
            Members::Zip { names, .. } => names.contains(&name),
        })
    }
}

/// All that gzip has packed.
fn inflated(packed: impl Bytes, limits: &Limits) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut content = Zeroizing::new(Vec::new());
    let read =
        Gunzip::new(Stream::new(packed)).take(limits.bytes.saturating_add(1)).read_to_end(&mut content);
    if content.size() > limits.bytes {
        return Err(
            Error::limit("the backup in the archive is over the limit of bytes", "bytes").next_step(UNPACK)
        );
    }
    match read {
        Err(error) if !inflate::is_followed(&error) => {
            Err(Error::malformed("the archive is damaged or cut off").next_step("Copy it again"))
        }
        _ => Ok(content),
    }
}

/// Where backups are: what the names of their files begin with. What is below one is a part of it.
fn roots(names: &HashSet<&str>) -> BTreeSet<String> {
    let folder = |name: &&str| {
        let at = name.rfind('/').map_or(0, |at| at.saturating_add(1));
        let (folder, file) = name.split_at_checked(at)?;
        is_of_ios_backup(file).then(|| folder.to_owned())
    };
    let is_backup =
        |folder: &String| is_ios_backup(|file| names.contains(format!("{folder}{file}").as_str()), || None);
    let all: BTreeSet<String> = names.iter().filter_map(folder).filter(is_backup).collect();
    let is_inside = |root: &&String| {
        let outer = all.iter().take_while(|outer| outer < root);
        outer.into_iter().any(|outer| root.starts_with(outer.as_str()))
    };
    all.iter().filter(|root| !is_inside(root)).cloned().collect()
}

/// The files of a tar by name, as far as it goes. Of two with one name the later counts.
fn in_tar(bytes: impl Bytes) -> HashMap<String, tar::Place> {
    let named = |(name, place): (String, _)| (name.trim_start_matches("./").to_owned(), place);
    tar::files(bytes).into_iter().map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(names: &[&str]) -> Vec<String> {
        roots(&names.iter().copied().collect()).into_iter().collect()
    }

    #[test]
    fn backups_are_found_wherever_they_are() {
        assert_eq!(found(&["Manifest.plist", "Manifest.db", "ab/cd"]), [""]);
        assert_eq!(found(&["b/c/Manifest.plist", "b/c/Manifest.db", "b/Info.plist"]), ["b/c/"]);
        assert_eq!(found(&["a/Manifest.db", "a/Info.plist"]), ["a/"]);
        let two = ["a/Manifest.plist", "a/Manifest.db", "b/Manifest.plist", "b/Manifest.mbdb"];
        assert_eq!(found(&two), ["a/", "b/"]);
        let inside =
            ["a/Manifest.plist", "a/Manifest.db", "a/Snapshot/Manifest.plist", "a/Snapshot/Manifest.db"];
        assert_eq!(found(&inside), ["a/"]);
        assert_eq!(found(&["a/Manifest.plist", "b/Manifest.db", "Info.plist"]), [""; 0]);
    }

    #[test]
    fn some_names_are_of_backups_only() {
        let id = "51a4616e576dd33cd2abadfea874eb8ff246bf0e";
        for name in [
            "Manifest.plist",
            "a/Manifest.db",
            "./b/Manifest.mbdb",
            &format!("51/{id}"),
            &format!("a/51/{id}"),
        ] {
            assert!(is_of_backup_only(name), "{name}");
        }
        for name in ["Info.plist", "a/Status.plist", id, &format!("52/{id}"), "51/x", "", "AManifest.db"] {
            assert!(!is_of_backup_only(name), "{name}");
        }
    }
}
