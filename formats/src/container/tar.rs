//! Tar archives in memory.

use std::io::Cursor;

use tar::Archive;

/// Whether the bytes begin like an archive, POSIX or GNU.
pub(crate) fn sniff(bytes: &[u8]) -> bool {
    bytes.get(257..).is_some_and(|rest| rest.starts_with(b"ustar"))
}

/// The names and contents of the files of an archive, in order, as far as it goes. Links and folders are left out.
pub(crate) fn files(bytes: &[u8]) -> Vec<(String, &[u8])> {
    let mut archive = Archive::new(Cursor::new(bytes));
    let mut files = Vec::new();
    let Ok(entries) = archive.entries_with_seek() else { return files };
    for entry in entries.map_while(Result::ok).filter(|entry| entry.header().entry_type().is_file()) {
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
        ] {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(kind);
            header.set_size(u64::try_from(content.len()).unwrap());
            builder.append_data(&mut header, name, content).unwrap();
        }
        let bytes = builder.into_inner().unwrap();
        let [first, second] = [("a/b".to_owned(), b"first".as_slice()), ("c".to_owned(), b"second")];
        assert!(sniff(&bytes) && !sniff(&bytes[1..]) && !sniff(b""));
        assert_eq!(files(&bytes), [first.clone(), second]);
        assert_eq!(files(&bytes[..2000]), [first]);
        assert_eq!(files(b""), []);
    }
}
