//! Tar archives in memory.

use std::io::Cursor;

use tar::{Archive, EntryType};

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

/// The names and contents of the files of an archive, in order, as far as it goes. Links and folders are left out.
pub(crate) fn files(bytes: &[u8]) -> Vec<(String, &[u8])> {
    let mut archive = Archive::new(Cursor::new(bytes));
    let mut files = Vec::new();
    let Ok(entries) = archive.entries_with_seek() else { return files };
    for entry in entries.map_while(Result::ok).filter(|entry| is_file(entry.header().entry_type())) {
        let place = usize::try_from(entry.raw_file_position()).ok().zip(usize::try_from(entry.size()).ok());
        let content = place.and_then(|(start, size)| bytes.get(start..start.checked_add(size)?));
        let Some(content) = content else { break };
        files.push((String::from_utf8_lossy(&entry.path_bytes()).into_owned(), content));
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
                .map(|(name, content)| (name.to_owned(), content));
        assert!(sniff(&bytes) && !sniff(&bytes[1..]) && !sniff(b""));
        assert_eq!(files(&bytes), [first.clone(), second, third, fourth]);
        assert_eq!(files(&bytes[..2000]), [first]);
        assert_eq!(files(b""), []);
    }
}
