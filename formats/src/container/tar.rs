//! Tar archives whose files can be had in any order.

use tar::{Archive, EntryType};

use crate::source::{Bytes, Stream};

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

/// Where the content of a file is in the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) start: u64,
    pub(crate) length: u64,
}

/// The names and places of the files of an archive, in order, as far as it goes. Links and folders are left out.
pub(crate) fn files(bytes: impl Bytes) -> Vec<(String, Place)> {
    let end = bytes.size();
    let mut archive = Archive::new(Stream::new(bytes));
    let mut files = Vec::new();
    let Ok(entries) = archive.entries_with_seek() else { return files };
    for entry in entries.map_while(Result::ok).filter(|entry| is_file(entry.header().entry_type())) {
        let place = Place { start: entry.raw_file_position(), length: entry.size() };
        if place.start.checked_add(place.length).is_none_or(|last| last > end) {
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
}
