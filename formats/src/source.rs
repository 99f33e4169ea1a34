//! Files that are larger than memory, or many, as the caller has them: a folder, an archive, bytes.
//!
//! The library opens nothing. A reader that needs a few pieces of something large asks for them here, so that the
//! same reader works on a folder on a disk, on the members of an archive, and on bytes in a test.

use std::io::{self, BufRead, Read, Seek, SeekFrom};

use zeroize::Zeroizing;

use crate::error::Error;

/// Bytes that are read piece by piece, also several pieces at a time.
pub trait Bytes: Send + Sync {
    /// How many there are.
    fn size(&self) -> u64;

    /// Fills a piece with the bytes from a place on.
    ///
    /// # Errors
    /// `Unreadable` when the caller cannot read them, and `Malformed` for a piece beyond their end.
    fn fill(&self, at: u64, piece: &mut [u8]) -> Result<(), Error>;

    /// A piece of them, all of it.
    ///
    /// # Errors
    /// As [`Bytes::fill`].
    fn read(&self, at: u64, length: usize) -> Result<Zeroizing<Vec<u8>>, Error> {
        check(at, length, self.size())?;
        let mut piece = Zeroizing::new(vec![0; length]);
        self.fill(at, &mut piece)?;
        Ok(piece)
    }

    /// All of them, when they are no more than the limit.
    ///
    /// # Errors
    /// `Limit`; as [`Bytes::read`].
    fn read_all(&self, limit: u64) -> Result<Zeroizing<Vec<u8>>, Error> {
        let length = usize::try_from(self.size()).ok().filter(|_| self.size() <= limit);
        let length =
            length.ok_or_else(|| Error::limit("a file inside is larger than any real one", "bytes"))?;
        self.read(0, length)
    }
}

/// Before so much memory is taken.
fn check(at: u64, length: usize, size: u64) -> Result<(), Error> {
    let end = u64::try_from(length).ok().and_then(|length| at.checked_add(length));
    if end.is_none_or(|end| end > size) {
        return Err(Error::malformed("the file ends too early").next_step("Copy it again"));
    }
    Ok(())
}

impl Bytes for [u8] {
    fn size(&self) -> u64 {
        u64::try_from(self.len()).unwrap_or(u64::MAX)
    }

    fn fill(&self, at: u64, piece: &mut [u8]) -> Result<(), Error> {
        check(at, piece.len(), self.size())?;
        let start = usize::try_from(at).unwrap_or(usize::MAX);
        let from = self.get(start..).unwrap_or_default();
        piece.iter_mut().zip(from).for_each(|(byte, from)| *byte = *from);
        Ok(())
    }
}

impl Bytes for Zeroizing<Vec<u8>> {
    fn size(&self) -> u64 {
        self.as_slice().size()
    }

    fn fill(&self, at: u64, piece: &mut [u8]) -> Result<(), Error> {
        self.as_slice().fill(at, piece)
    }
}

impl<B: Bytes + ?Sized> Bytes for &B {
    fn size(&self) -> u64 {
        B::size(self)
    }

    fn fill(&self, at: u64, piece: &mut [u8]) -> Result<(), Error> {
        B::fill(self, at, piece)
    }
}

impl<B: Bytes + ?Sized> Bytes for Box<B> {
    fn size(&self) -> u64 {
        B::size(self)
    }

    fn fill(&self, at: u64, piece: &mut [u8]) -> Result<(), Error> {
        B::fill(self, at, piece)
    }
}

/// Files by name, of which several can be read at a time.
pub trait Folder: Send + Sync {
    /// A file by its path below the folder, with `/` between the parts; `None` when there is none of that name. The
    /// reader asks only for names that its format has, never for a path out of a file.
    ///
    /// # Errors
    /// `Unreadable` when there is one that the caller cannot open.
    fn open(&self, path: &str) -> Result<Option<Box<dyn Bytes + '_>>, Error>;

    /// Whether there is a file of that name.
    ///
    /// # Errors
    /// As [`Folder::open`].
    fn has(&self, path: &str) -> Result<bool, Error> {
        Ok(self.open(path)?.is_some())
    }
}

/// A part of bytes.
pub(crate) struct Part<B> {
    of: B,
    start: u64,
    length: u64,
}

impl<B: Bytes> Part<B> {
    /// So many bytes from a place on; `None` when there are not as many.
    pub(crate) fn new(of: B, start: u64, length: u64) -> Option<Self> {
        (start.checked_add(length)? <= of.size()).then_some(Self { of, start, length })
    }
}

impl<B: Bytes> Bytes for Part<B> {
    fn size(&self) -> u64 {
        self.length
    }

    fn fill(&self, at: u64, piece: &mut [u8]) -> Result<(), Error> {
        check(at, piece.len(), self.length)?;
        self.of.fill(self.start.saturating_add(at), piece)
    }
}

/// Bytes as a stream, which remembers the piece that it is in.
pub(crate) struct Stream<B> {
    bytes: B,
    /// Where the piece is.
    start: u64,
    /// One for all pieces: it is wiped once.
    buffer: Zeroizing<Vec<u8>>,
    /// How much of it is the piece.
    length: usize,
    /// Where it is read on, in the piece.
    at: usize,
}

/// Bytes of the first piece at a place; those that follow without a jump double up to the most.
const FIRST_PIECE: usize = 4 << 10;
const MOST: usize = 256 << 10;

impl<B: Bytes> Stream<B> {
    pub(crate) fn new(bytes: B) -> Self {
        Self { bytes, start: 0, buffer: Zeroizing::default(), length: 0, at: 0 }
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.at..self.length).unwrap_or_default()
    }

    fn place(&self) -> u64 {
        self.start.saturating_add(u64::try_from(self.at).unwrap_or(u64::MAX))
    }

    fn next_piece(&mut self) -> io::Result<()> {
        let at = self.place();
        let wanted = self.length.saturating_mul(2).clamp(FIRST_PIECE, MOST);
        let left = usize::try_from(self.bytes.size().saturating_sub(at)).unwrap_or(usize::MAX);
        (self.start, self.at, self.length) = (at, 0, 0);
        if self.buffer.len() < wanted {
            self.buffer = Zeroizing::new(vec![0; wanted]);
        }
        let piece = self.buffer.get_mut(..left.min(wanted)).unwrap_or_default();
        self.bytes.fill(at, piece).map_err(io::Error::other)?;
        self.length = piece.len();
        Ok(())
    }
}

impl<B: Bytes> BufRead for Stream<B> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.rest().is_empty() {
            self.next_piece()?;
        }
        Ok(self.rest())
    }

    fn consume(&mut self, amount: usize) {
        self.at = self.at.saturating_add(amount).min(self.length);
    }
}

impl<B: Bytes> Read for Stream<B> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut rest = self.fill_buf()?;
        let read = io::Read::read(&mut rest, buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl<B: Bytes> Seek for Stream<B> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::End(away) => self.bytes.size().checked_add_signed(away),
            SeekFrom::Current(away) => self.place().checked_add_signed(away),
        };
        let place = place.ok_or(io::ErrorKind::InvalidInput)?;
        let inside = place.checked_sub(self.start).and_then(|at| usize::try_from(at).ok());
        match inside.filter(|at| *at <= self.length) {
            Some(at) => self.at = at,
            None => (self.start, self.at, self.length) = (place, 0, 0),
        }
        Ok(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: u32) -> Vec<u8> {
        (0..count).flat_map(u32::to_le_bytes).collect()
    }

    #[test]
    fn a_stream_gives_every_byte_once_whatever_is_asked_for() {
        let bytes = numbers(300_000);
        for size in [1, 7, 4096, 1 << 20] {
            let mut stream = Stream::new(bytes.as_slice());
            let (mut all, mut buffer) = (Vec::new(), vec![0; size]);
            loop {
                match stream.read(&mut buffer).unwrap() {
                    0 => break,
                    read => all.extend_from_slice(&buffer[..read]),
                }
            }
            assert_eq!(all, bytes, "{size}");
        }
    }

    #[test]
    fn a_stream_is_wound_to_any_place() {
        let bytes = numbers(100_000);
        let mut stream = Stream::new(bytes.as_slice());
        let mut number = |to: SeekFrom| {
            let place = stream.seek(to).unwrap();
            let mut number = [0; 4];
            stream.read_exact(&mut number).map(|()| (place, u32::from_le_bytes(number))).ok()
        };
        assert_eq!(number(SeekFrom::Start(40)), Some((40, 10)));
        assert_eq!(number(SeekFrom::Current(4)), Some((48, 12)));
        assert_eq!(number(SeekFrom::Current(-52)), Some((0, 0)));
        assert_eq!(number(SeekFrom::End(-4)), Some((399_996, 99_999)));
        assert_eq!(number(SeekFrom::Start(200_000)), Some((200_000, 50_000)));
        assert_eq!(number(SeekFrom::Current(-12)), Some((199_992, 49_998)));
        assert_eq!([number(SeekFrom::End(-2)), number(SeekFrom::End(9))], [None; 2]);
        assert!(stream.seek(SeekFrom::End(-400_001)).is_err());
    }

    #[test]
    fn a_part_ends_where_it_ends() {
        let bytes = numbers(4);
        let part = Part::new(bytes.as_slice(), 4, 8).unwrap();
        assert_eq!((part.size(), part.read(4, 4).unwrap().as_slice()), (8, [2, 0, 0, 0].as_slice()));
        assert!(
            [(5, 4), (8, 1), (9, 0), (u64::MAX, 1)]
                .iter()
                .all(|(at, length)| part.read(*at, *length).is_err())
        );
        assert!(
            [(9, 8), (17, 0), (u64::MAX, 1)].iter().all(|(start, length)| Part::new(
                bytes.as_slice(),
                *start,
                *length
            )
            .is_none())
        );
    }
}
