//! A backup that somebody has packed into a tar or zip: the same folder, in memory.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use zeroize::Zeroizing;

use super::super::may_be_export;
use super::{is_ios_backup, is_of_ios_backup};
use crate::container::{tar, zip};
use crate::ctx::Limits;
use crate::error::Error;
use crate::report::Item;
use crate::source::{Bytes, Folder};

/// The folder of a backup in an archive.
pub(super) struct Packed<'a> {
    /// What the names of its files begin with: nothing, or folders with a stroke behind them.
    root: String,
    members: Members<'a>,
}

/// What is in the archive.
enum Members<'a> {
    Tar(HashMap<String, &'a [u8]>),
    Zip { archive: Mutex<zip::Archive<'a>>, names: HashSet<String>, limits: Limits },
}

/// Whether an archive holds a backup; `zip_names` are the names in it where it is a zip.
pub(super) fn is_packed(bytes: &[u8], zip_names: Option<&[String]>) -> bool {
    match zip_names {
        Some(names) => !roots(&names.iter().map(String::as_str).collect()).is_empty(),
        None => tar::sniff(bytes) && !roots(&in_tar(bytes).keys().map(String::as_str).collect()).is_empty(),
    }
}

impl<'a> Packed<'a> {
    /// The backup in an archive; `None` where the bytes are none.
    ///
    /// # Errors
    /// `Malformed` when the archive is damaged, or holds no backup or several.
    pub(super) fn open(bytes: &'a [u8], limits: &Limits) -> Result<Option<Self>, Error> {
        let members = if zip::sniff(bytes) {
            let archive = zip::Archive::open_copy(bytes)?;
            let names = archive.names().iter().cloned().collect();
            Members::Zip { archive: Mutex::new(archive), names, limits: limits.clone() }
        } else if tar::sniff(bytes) {
            Members::Tar(in_tar(bytes))
        } else {
            return Ok(None);
        };
        let mut roots = roots(&members.names());
        let root = roots.pop_first().ok_or_else(|| {
            Error::malformed("there is no backup of an iPhone in the archive").next_step(UNPACK)
        })?;
        if !roots.is_empty() {
            return Err(Error::malformed("there are several backups in the archive").next_step(UNPACK));
        }
        Ok(Some(Self { root, members }))
    }

    /// What lies beside the folder in the archive, and may be worth a look.
    pub(super) fn beside(&self) -> Option<Item> {
        let names = self.members.names();
        let others = names.iter().filter(|name| !name.starts_with(&self.root) && may_be_export(name));
        let count = others.filter(|name| !name.starts_with(OF_MAC)).count();
        let message = format!("files beside the backup in the archive were not looked at: {count}");
        let step = "Unpack the archive, and give them by themselves";
        (count > 0).then(|| Item::new("not-read", message).next_step(step))
    }
}

/// What macOS puts beside everything that it packs.
const OF_MAC: &str = "__MACOSX/";

const UNPACK: &str = "Unpack the archive, and name the folder of one backup";

impl Members<'_> {
    fn names(&self) -> HashSet<&str> {
        match self {
            Self::Tar(members) => members.keys().map(String::as_str).collect(),
            Self::Zip { names, .. } => names.iter().map(String::as_str).collect(),
        }
    }
}

impl Folder for Packed<'_> {
    fn open(&self, path: &str) -> Result<Option<Box<dyn Bytes + '_>>, Error> {
        let name = format!("{}{path}", self.root);
        Ok(match &self.members {
            Members::Tar(members) => {
                members.get(&name).map(|content| -> Box<dyn Bytes + '_> { Box::new(*content) })
            }
            Members::Zip { names, .. } if !names.contains(&name) => None,
            Members::Zip { archive, limits, .. } => {
                let mut archive = archive.lock().unwrap_or_else(PoisonError::into_inner);
                Some(Box::new(Unpacked(archive.read(&name, limits)?)))
            }
        })
    }
}

/// A file out of a zip.
struct Unpacked(Zeroizing<Vec<u8>>);

impl Bytes for Unpacked {
    fn len(&self) -> u64 {
        Bytes::len(&self.0.as_slice())
    }

    fn read(&self, at: u64, length: usize) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.0.as_slice().read(at, length)
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
fn in_tar(bytes: &[u8]) -> HashMap<String, &[u8]> {
    let named = |(name, content): (String, _)| (name.trim_start_matches("./").to_owned(), content);
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
}
