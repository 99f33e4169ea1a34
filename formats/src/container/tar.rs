//! Tar archives whose files can be had in any order.

use std::io::{self, Read, Seek, SeekFrom};

use tar::{Archive, EntryType};

use crate::source::{Bytes, Stream};

/// Most bytes of the headers of one member, with its long names.
pub(crate) const HEADERS: u64 = 1 << 20;
/// Most files of an archive whose files can be had in any order.
const MAX_FILES: usize = 2_000_000;

/// Whether the bytes begin like an archive, POSIX or GNU.
pub(crate) fn sniff(bytes: &[u8]) -> bool {
    bytes.get(257..).is_some_and(|rest| rest.starts_with(b"ustar"))
}

/// Whether a member of a kind is a file with all of its content behind its header. One of an unknown kind is, as POSIX
/// has it.
pub(crate) fn is_file(kind: EntryType) -> bool {
    // Links, devices and folders; headers of others; of GNU tar: the list of a folder, long names, a part of a file, a file
    // with its holes left out, the name of a tape.
    !matches!(
        kind.as_byte(),
        b'1'..=b'6' | b'g' | b'x' | b'X' | b'D' | b'K' | b'L' | b'N' | PART | b'S' | b'V'
    )
}

/// The kind of a member that is the rest of a file that began in another archive.
pub(crate) const PART: u8 = b'M';

/// An archive of which only the headers are read, and what is in the members is stepped over.
pub(crate) fn open<B: Bytes>(bytes: B) -> Archive<Headers<B>> {
    Archive::new(Headers { stream: Stream::new(bytes), left: HEADERS })
}

/// A name could be as long as the whole archive: no more is read before the next jump than headers have.
pub(crate) struct Headers<B> {
    stream: Stream<B>,
    left: u64,
}

impl<B: Bytes> Read for Headers<B> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 && !buffer.is_empty() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let read = self.stream.read(buffer.get_mut(..most).unwrap_or_default())?;
        self.left = self.left.saturating_sub(u64::try_from(read).unwrap_or(u64::MAX));
        Ok(read)
    }
}

impl<B: Bytes> Seek for Headers<B> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.left = HEADERS;
        self.stream.seek(to)
    }
}

/// Where the content of a file is in the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) start: u64,
    pub(crate) length: u64,
}

/// The names and places of the files of an archive, in order, as far as it goes. Links and folders are left out.
pub(crate) fn files(bytes: impl Bytes) -> Vec<(String, Place)> {
    let end = bytes.size();
    let mut archive = open(bytes);
    let mut files = Vec::new();
    let Ok(entries) = archive.entries_with_seek() else { return files };
    for entry in entries.map_while(Result::ok).filter(|entry| is_file(entry.header().entry_type())) {
        let place = Place { start: entry.raw_file_position(), length: entry.size() };
        if place.start.checked_add(place.length).is_none_or(|last| last > end) || files.len() >= MAX_FILES {
            break;
        }
        files.push((String::from_utf8_lossy(&entry.path_bytes()).into_owned(), place));
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_as_far_as_the_archive_goes() {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, content, kind) in [
            ("a/b", b"first".as_slice(), tar::EntryType::Regular),
            ("a", b"", tar::EntryType::Directory),
            ("c", b"second", tar::EntryType::Regular),
            ("part", b"the rest", tar::EntryType::new(b'M')),
            ("tape", b"", tar::EntryType::new(b'V')),
            ("d", b"third", tar::EntryType::new(b'Z')),
            ("e", b"fourth", tar::EntryType::Continuous),
        ] {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(kind);
            header.set_size(u64::try_from(content.len()).unwrap());
            builder.append_data(&mut header, name, content).unwrap();
        }
        let bytes = builder.into_inner().unwrap();
        let [first, second, third, fourth] =
            [("a/b", b"first".as_slice()), ("c", b"second"), ("d", b"third"), ("e", b"fourth")]
                .map(|(name, content)| (name.to_owned(), content.to_vec()));
        assert!(sniff(&bytes) && !sniff(&bytes[1..]) && !sniff(b""));
        let contents = |bytes: &[u8]| -> Vec<(String, Vec<u8>)> {
            let content = |place: Place| {
                let start = usize::try_from(place.start).unwrap();
                bytes[start..start + usize::try_from(place.length).unwrap()].to_vec()
            };
            files(bytes).into_iter().map(|(name, place)| (name, content(place))).collect()
        };
        assert_eq!(contents(&bytes), [first.clone(), second, third, fourth]);
        assert_eq!(contents(&bytes[..2000]), [first]);
        assert_eq!(contents(b""), []);
    }

    #[test]
    fn a_name_that_is_longer_than_any_real_one_ends_the_archive() {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::GNULongName);
        header.set_size(2 << 20);
        header.set_cksum();
        builder.append(&header, io::repeat(b'x').take(2 << 20)).unwrap();
        let mut header = tar::Header::new_gnu();
        header.set_size(1);
        builder.append_data(&mut header, "a", b"x".as_slice()).unwrap();
        assert_eq!(files(builder.into_inner().unwrap().as_slice()), []);
    }
}
