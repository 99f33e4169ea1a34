//! Files that are larger than memory, or many, as the caller has them: a folder, an archive, bytes.
//!
//! The library opens nothing. A reader that needs a few pieces of something large asks for them here, so that the
//! same reader works on a folder on a disk, on the members of an archive, and on bytes in a test.

use zeroize::Zeroizing;

use crate::error::Error;

/// Bytes that are read piece by piece.
pub trait Bytes {
    /// How many there are.
    fn len(&self) -> u64;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A piece of them, all of it.
    ///
    /// # Errors
    /// `Unreadable` when the caller cannot read them, and `Malformed` for a piece beyond their end.
    fn read(&self, at: u64, length: usize) -> Result<Zeroizing<Vec<u8>>, Error>;

    /// All of them, when they are no more than the limit.
    ///
    /// # Errors
    /// `Limit`; as [`Bytes::read`].
    fn read_all(&self, limit: u64) -> Result<Zeroizing<Vec<u8>>, Error> {
        let length = usize::try_from(self.len()).ok().filter(|_| self.len() <= limit);
        let length =
            length.ok_or_else(|| Error::limit("a file inside is larger than any real one", "bytes"))?;
        self.read(0, length)
    }
}

impl Bytes for &[u8] {
    fn len(&self) -> u64 {
        u64::try_from(<[u8]>::len(self)).unwrap_or(u64::MAX)
    }

    fn read(&self, at: u64, length: usize) -> Result<Zeroizing<Vec<u8>>, Error> {
        let start = usize::try_from(at).ok();
        let piece = start.and_then(|start| self.get(start..start.checked_add(length)?));
        piece
            .map(|piece| Zeroizing::new(piece.to_vec()))
            .ok_or_else(|| Error::malformed("the file ends too early"))
    }
}

/// Files by name.
pub trait Folder {
    /// A file by its path below the folder, with `/` between the parts; `None` when there is none of that name. The
    /// reader asks only for names that its format has, never for a path out of a file.
    ///
    /// # Errors
    /// `Unreadable` when there is one that the caller cannot open.
    fn open(&self, path: &str) -> Result<Option<Box<dyn Bytes + '_>>, Error>;
}
