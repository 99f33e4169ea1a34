//! The files of a backup: which there are (`Manifest.db`), and what is in them.

use zeroize::Zeroizing;

use super::keybag::ClassKeys;
use super::manifest::{Manifest, WrappedKey};
use crate::container::plist::Archive;
use crate::container::sqlite::{Database, Row, Table};
use crate::crypt::{Key, aes_cbc_open, aes_cbc_open_unpadded};
use crate::error::{Error, ErrorKind, Place};
use crate::source::{Bytes, Folder};

/// Most bytes of `Manifest.db`, and of what it says about one file.
const MAX_DATABASE: u64 = 4 << 30;
const MAX_RECORD: usize = 100 << 10;
/// Most files that are looked into; the photos of a long life are fewer.
const MAX_ENTRIES: usize = 1_000_000;
/// A row about a file; others are about folders and links.
const FILE: i64 = 1;
const BLOCK: usize = 16;

/// A file as the list has it.
pub(super) struct Entry {
    pub(super) domain: String,
    pub(super) path: String,
    pub(super) located: Result<Located, Trouble>,
}

/// Where a file lies in the folder, and what opens it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Located {
    place: String,
    /// Of an encrypted file.
    key: Option<Key>,
}

impl Located {
    /// What is in the file. The padding says how long it is; what the list says of its size is often wrong.
    pub(super) fn read(&self, folder: &dyn Folder, limit: u64) -> Result<Zeroizing<Vec<u8>>, Trouble> {
        let file = folder.open(&self.place).map_err(|error| Trouble::of(&error))?.ok_or(Trouble::Missing)?;
        if file.size() > limit {
            return Err(Trouble::TooLarge);
        }
        let length = usize::try_from(file.size()).map_err(|_| Trouble::TooLarge)?;
        let content = file.read(0, length).map_err(|error| Trouble::of(&error))?;
        match &self.key {
            None => Ok(content),
            Some(key) => aes_cbc_open(key.as_slice(), &[0; BLOCK], &content).ok_or(Trouble::Damaged),
        }
    }
}

/// The files of a backup.
pub(super) struct Files<'f> {
    folder: &'f dyn Folder,
    keys: Option<&'f ClassKeys>,
}

/// Why a file cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It is in the list and not in the folder.
    Missing,
    /// Its key or its content is damaged.
    Damaged,
    /// It is larger than what is read.
    TooLarge,
    /// The caller cannot open it.
    Unreadable,
    /// Its key is one that the password does not open.
    Closed,
}

impl Trouble {
    /// Why the caller has not given a file.
    fn of(error: &Error) -> Self {
        match error.kind {
            ErrorKind::Unreadable => Self::Unreadable,
            ErrorKind::Limit => Self::TooLarge,
            _ => Self::Damaged,
        }
    }

    /// What it is, and what to do.
    pub(super) fn says(self) -> (&'static str, &'static str) {
        match self {
            Self::Missing => ("it is not in the folder", "Copy the folder again, with all that is in it"),
            Self::Damaged => ("it is damaged", "Make a new backup, or copy the folder again"),
            Self::TooLarge => ("it is too large", "Copy it from the phone and name it by itself"),
            Self::Unreadable => (
                "it cannot be opened",
                "Copy the folder to a place that you may read, with files and not with links to them; on a Mac, in Finder",
            ),
            Self::Closed => ("its key is bound to the phone", "Copy it from the phone and name it by itself"),
        }
    }
}

impl From<Trouble> for Error {
    fn from(trouble: Trouble) -> Self {
        let kind = match trouble {
            Trouble::Missing | Trouble::Damaged | Trouble::Closed => ErrorKind::Malformed,
            Trouble::TooLarge => ErrorKind::Limit,
            Trouble::Unreadable => ErrorKind::Unreadable,
        };
        let (message, step) = trouble.says();
        Self::new(kind, message).next_step(step)
    }
}

impl<'f> Files<'f> {
    pub(super) fn new(folder: &'f dyn Folder, keys: Option<&'f ClassKeys>) -> Self {
        Self { folder, keys }
    }

    /// The files that are wanted, in the order of domain and path, and how many rows of the list are damaged.
    ///
    /// # Errors
    /// When the list cannot be read at all.
    pub(super) fn list(
        &self,
        manifest: &Manifest,
        is_wanted: impl Fn(&str, &str) -> bool,
    ) -> Result<(Vec<Entry>, usize), Error> {
        let file = self.folder.open(DATABASE)?.ok_or_else(|| {
            Error::malformed("Manifest.db, the list of the files, is missing").next_step(COPY_AGAIN)
        })?;
        if file.size() > MAX_DATABASE {
            return Err(Error::new(ErrorKind::Limit, "Manifest.db is larger than any real one")
                .next_step("Make a new backup of the phone"));
        }
        match &manifest.database_key {
            None => self.list_of(&*file, is_wanted),
            Some(wrapped) => {
                let key = self.keys.and_then(|keys| keys.unwrap(wrapped.class, &wrapped.key));
                let key = key.ok_or_else(|| {
                    Error::malformed("the key of Manifest.db is damaged").next_step(COPY_AGAIN)
                })?;
                self.list_of(&Decrypted { sealed: &*file, key }, is_wanted)
            }
        }
    }

    fn list_of(
        &self,
        database: &dyn Bytes,
        is_wanted: impl Fn(&str, &str) -> bool,
    ) -> Result<(Vec<Entry>, usize), Error> {
        let database = Database::open_in_pieces(database).map_err(|error| damaged(&error))?;
        let table = database.table("Files").map_err(|error| damaged(&error))?;
        let columns = Columns::of(&table)?;
        let (mut entries, mut unreadable) = (Vec::new(), 0_usize);
        for row in table.rows() {
            match row.map(|row| self.entry(&row, &columns, &is_wanted)) {
                Ok(Some(entry)) => entries.push(entry),
                Ok(None) => {}
                Err(_) => unreadable = unreadable.saturating_add(1),
            }
            if entries.len() > MAX_ENTRIES {
                return Err(Error::new(ErrorKind::Limit, "Manifest.db lists more files than any real one")
                    .next_step("Make a new backup of the phone"));
            }
        }
        entries.sort_by(|a, b| (&a.domain, &a.path).cmp(&(&b.domain, &b.path)));
        Ok((entries, unreadable))
    }

    /// A file that is wanted. Rows without names occur in real backups.
    fn entry(&self, row: &Row, columns: &Columns, is_wanted: impl Fn(&str, &str) -> bool) -> Option<Entry> {
        let (domain, path) = (row.get(columns.domain).as_text()?, row.get(columns.path).as_text()?);
        let is_file = row.get(columns.flags).as_integer() == Some(FILE);
        if !is_file || !is_wanted(domain, path) {
            return None;
        }
        let id = row.get(columns.id).as_text().unwrap_or_default();
        let record = row.get(columns.record).as_blob().filter(|record| (**record).len() <= MAX_RECORD);
        let located = record.ok_or(Trouble::Damaged).and_then(|record| self.locate(id, record));
        Some(Entry { domain: domain.to_owned(), path: path.to_owned(), located })
    }

    fn locate(&self, id: &str, record: &[u8]) -> Result<Located, Trouble> {
        let place = place_of(id).ok_or(Trouble::Damaged)?;
        let archive = Archive::open(record).map_err(|_| Trouble::Damaged)?;
        let root = archive.root().ok_or(Trouble::Damaged)?;
        if root.is_broken("EncryptionKey") {
            return Err(Trouble::Damaged);
        }
        let Some(key) = root.get("EncryptionKey") else { return Ok(Located { place, key: None }) };
        let wrapped = key.data().and_then(WrappedKey::read).ok_or(Trouble::Damaged)?;
        let keys = self.keys.filter(|keys| keys.has(wrapped.class)).ok_or(Trouble::Closed)?;
        let key = keys.unwrap(wrapped.class, &wrapped.key).ok_or(Trouble::Damaged)?;
        Ok(Located { place, key: Some(key) })
    }

    /// What is in a file. One that cannot be had stops nothing else.
    pub(super) fn content(&self, entry: &Entry, limit: u64) -> Result<Zeroizing<Vec<u8>>, Trouble> {
        entry.located.as_ref().map_err(|trouble| *trouble)?.read(self.folder, limit)
    }
}

pub(super) const DATABASE: &str = "Manifest.db";
const COPY_AGAIN: &str = "Copy the folder again, or make a new backup of the phone";

/// Where a file lies; never a path that the list could choose.
pub(super) fn place_of(id: &str) -> Option<String> {
    let is_id = id.len() == 40 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    Some(format!("{}/{id}", id.get(..2).filter(|_| is_id)?))
}

fn damaged(error: &crate::container::sqlite::Error) -> Error {
    Error::malformed(format!("Manifest.db, the list of the files, is damaged: {error}")).next_step(COPY_AGAIN)
}

struct Columns {
    id: usize,
    domain: usize,
    path: usize,
    flags: usize,
    record: usize,
}

impl Columns {
    fn of(table: &Table<'_>) -> Result<Self, Error> {
        let column = |name: &str| {
            let missing = || {
                Error::malformed("the list of the files has no column of that name")
                    .at(Place::Table("Files".to_owned(), None))
                    .next_step(COPY_AGAIN)
            };
            table.column(name).ok_or_else(missing)
        };
        Ok(Self {
            id: column("fileID")?,
            domain: column("domain")?,
            path: column("relativePath")?,
            flags: column("flags")?,
            record: column("file")?,
        })
    }
}

/// A file in AES-CBC whose pieces are decrypted when they are needed: a block depends on the one before it only.
struct Decrypted<'f> {
    sealed: &'f dyn Bytes,
    key: Key,
}

impl Bytes for Decrypted<'_> {
    /// With the padding: what is behind the last page is not asked for.
    fn size(&self) -> u64 {
        self.sealed.size()
    }

    fn fill(&self, at: u64, piece: &mut [u8]) -> Result<(), Error> {
        let block = u64::try_from(BLOCK).unwrap_or(1);
        let skipped = usize::try_from(at.checked_rem(block).unwrap_or(0)).unwrap_or(0);
        let start = at.saturating_sub(u64::try_from(skipped).unwrap_or(0));
        let whole = piece.len().saturating_add(skipped).div_ceil(BLOCK).saturating_mul(BLOCK);
        let before = start.checked_sub(block);
        let sealed = match before {
            Some(before) => self.sealed.read(before, whole.saturating_add(BLOCK))?,
            None => self.sealed.read(start, whole)?,
        };
        let (iv, sealed) = match before {
            Some(_) => sealed.split_first_chunk().ok_or_else(cut_off)?,
            None => (&[0; BLOCK], sealed.as_slice()),
        };
        let opened = aes_cbc_open_unpadded(self.key.as_slice(), iv, sealed).ok_or_else(cut_off)?;
        let opened = opened.get(skipped..skipped.saturating_add(piece.len())).ok_or_else(cut_off)?;
        piece.copy_from_slice(opened);
        Ok(())
    }
}

fn cut_off() -> Error {
    Error::new(ErrorKind::Malformed, "Manifest.db is cut off").next_step(COPY_AGAIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypt::aes_cbc_seal;

    #[test]
    fn any_piece_of_an_encrypted_file() {
        let plain: Vec<u8> = (0..200_u8).collect();
        let sealed = aes_cbc_seal(&[7; 32], &[0; 16], &plain);
        let file = Decrypted { sealed: &sealed.as_slice(), key: Zeroizing::new([7; 32]) };
        for (at, length) in [(0, 200), (0, 1), (15, 2), (16, 16), (33, 100), (199, 1), (48, 0)] {
            let start = usize::try_from(at).unwrap();
            assert_eq!(file.read(at, length).unwrap().as_slice(), &plain[start..start + length], "{at}");
        }
        assert!(file.read(200, 100).is_err());
    }

    #[test]
    fn only_a_hash_becomes_a_path() {
        let id = "51a4616e576dd33cd2abadfea874eb8ff246bf0e";
        assert_eq!(place_of(id).unwrap(), format!("51/{id}"));
        for id in ["", "../../../../../../../../../../../etc/passwd", &id.to_uppercase(), &id[1..]] {
            assert!(place_of(id).is_none(), "{id}");
        }
    }
}
