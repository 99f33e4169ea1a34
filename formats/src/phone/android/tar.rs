//! Tar archives as they come out of a stream: no member is kept that nobody asks for.

use std::cell::Cell;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::rc::Rc;

use tar::Archive;

use crate::error::Error;

/// Most bytes of the headers of one member, with its long names.
const HEADERS: u64 = 1 << 20;

/// Where a walk through an archive came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// To the end, or as far as was wanted.
    Whole,
    /// To where the archive is damaged or cut off.
    CutOff,
    /// To its end, behind which something else follows.
    Followed,
}

/// Most of what an archive may hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) bytes: u64,
    pub(super) members: u64,
}

/// One file in an archive: its name, its size as the archive says it, and its content.
pub(super) struct Member<'m> {
    pub(super) name: &'m str,
    pub(super) size: u64,
    pub(super) content: &'m mut dyn Read,
}

/// Whether the bytes begin like an archive, POSIX or GNU.
pub(super) fn sniff(bytes: &[u8]) -> bool {
    bytes.get(257..).is_some_and(|rest| rest.starts_with(b"ustar"))
}

/// Shows every file of an archive, in order.
///
/// # Errors
/// `Limit` when it holds more than the bounds allow; `Malformed` when it was altered.
pub(super) fn walk(
    source: impl Read,
    bounds: Bounds,
    mut visit: impl FnMut(Member<'_>) -> ControlFlow<()>,
) -> Result<End, Error> {
    let gauge = Rc::new(Gauge {
        left: Cell::new(bounds.bytes),
        at_once: Cell::new(u64::MAX),
        is_empty: Cell::new(false),
        is_altered: Cell::new(false),
    });
    let mut archive = Archive::new(Gauged { source, gauge: Rc::clone(&gauge) });
    let Some(end) = members(&mut archive, &gauge, bounds, &mut visit)? else { return Ok(End::Whole) };
    gauge.at_once.set(u64::MAX);
    let is_followed = drain(&mut archive.into_inner());
    match end {
        _ if gauge.is_altered.get() => Err(altered()),
        End::Whole if is_followed => Ok(End::Followed),
        end => Ok(end),
    }
}

/// Reads what is behind the archive, so that a checksum around it is compared. Answers whether there is more than the
/// zeros, and the padding of a cipher, that fill it up.
fn drain(rest: &mut impl Read) -> bool {
    let mut buffer = [0; 4096];
    let mut more = 0_usize;
    while let Ok(read @ 1..) = rest.read(&mut buffer) {
        more = more.saturating_add(buffer.iter().take(read).filter(|byte| **byte != 0).count());
    }
    more > PADDING
}

/// Most bytes that pad a cipher.
const PADDING: usize = 16;

/// Where the checksum around an archive, or its packing, is not right, what came before may be wrong as well.
fn altered() -> Error {
    Error::malformed("the backup was altered or damaged on its way: any secret in it may be wrong")
        .next_step("Copy the file again, or make a new backup")
}

/// Shows the members; `None` when that was enough.
fn members<R: Read>(
    archive: &mut Archive<Gauged<R>>,
    gauge: &Gauge,
    bounds: Bounds,
    visit: &mut impl FnMut(Member<'_>) -> ControlFlow<()>,
) -> Result<Option<End>, Error> {
    let Ok(mut entries) = archive.entries() else { return Ok(Some(End::CutOff)) };
    let mut count = 0_u64;
    loop {
        gauge.at_once.set(HEADERS);
        let entry = entries.next();
        gauge.check()?;
        // Blocks of zeros end an archive, not the end of the stream.
        let Some(entry) = entry else {
            return Ok(Some(if gauge.is_empty.get() { End::CutOff } else { End::Whole }));
        };
        let Ok(mut entry) = entry else { return Ok(Some(End::CutOff)) };
        count = count.saturating_add(1);
        if count > bounds.members {
            return Err(Error::limit("the archive has more files than any phone", "accounts"));
        }
        gauge.at_once.set(u64::MAX);
        let kind = entry.header().entry_type();
        if kind.is_gnu_sparse() {
            // Its holes come out of nothing.
            gauge.take(entry.size());
            gauge.check()?;
        }
        let before = gauge.left.get();
        if kind.is_file() || kind.is_contiguous() || kind.is_gnu_sparse() {
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let member = Member { name: &name, size: entry.size(), content: &mut entry };
            if visit(member).is_break() {
                return Ok(None);
            }
        }
        // The rest of it, so that what follows is a header.
        let rest = io::copy(&mut entry, &mut io::sink());
        gauge.check()?;
        let is_whole = kind.is_gnu_sparse() || before.saturating_sub(gauge.left.get()) == entry.size();
        if rest.is_err() || !is_whole {
            return Ok(Some(End::CutOff));
        }
    }
}

/// How much may still be read: in all, and before the next member.
struct Gauge {
    left: Cell<u64>,
    at_once: Cell<u64>,
    /// Whether the source came to its end.
    is_empty: Cell<bool>,
    /// Whether the source says that it is not as it was written.
    is_altered: Cell<bool>,
}

impl Gauge {
    fn take(&self, bytes: u64) {
        self.left.set(self.left.get().saturating_sub(bytes));
        self.at_once.set(self.at_once.get().saturating_sub(bytes));
    }

    fn check(&self) -> Result<(), Error> {
        match (self.left.get(), self.at_once.get()) {
            (0, _) => Err(Error::limit("what is inside is larger than the limit", "bytes")),
            (_, 0) => Err(Error::malformed("the name of a file in the archive is longer than any real one")
                .next_step("Unpack it with another program, and give the files that were in it")),
            _ => Ok(()),
        }
    }
}

struct Gauged<R> {
    source: R,
    gauge: Rc<Gauge>,
}

impl<R: Read> Read for Gauged<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (left, at_once) = (self.gauge.left.get(), self.gauge.at_once.get());
        let most = usize::try_from(left.min(at_once)).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 && !buffer.is_empty() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let read = self.source.read(buffer.get_mut(..most).unwrap_or_default());
        let is_altered = |error: &io::Error| {
            matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData)
        };
        if read.as_ref().is_err_and(is_altered) {
            self.gauge.is_altered.set(true);
        }
        let read = read?;
        self.gauge.take(u64::try_from(read).unwrap_or(u64::MAX));
        self.gauge.is_empty.set(read == 0);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    const BOUNDS: Bounds = Bounds { bytes: 1 << 20, members: 10 };

    fn archive(members: &[(&str, usize)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, size) in members {
            let mut header = tar::Header::new_gnu();
            header.set_size(u64::try_from(*size).unwrap());
            builder.append_data(&mut header, name, vec![7; *size].as_slice()).unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn names(bytes: &[u8], bounds: Bounds) -> Result<(Vec<String>, End), ErrorKind> {
        let mut names = Vec::new();
        let end = walk(bytes, bounds, |member| {
            names.push(format!("{} {}", member.name, member.size));
            ControlFlow::Continue(())
        });
        end.map(|end| (names, end)).map_err(|error| error.kind)
    }

    #[test]
    fn files_are_shown_as_far_as_the_archive_goes() {
        let long = "x/".repeat(200) + "y";
        let bytes = archive(&[("a", 3), (&long, 600), ("b", 0)]);
        let all = vec!["a 3".to_owned(), format!("{long} 600"), "b 0".to_owned()];
        assert!(sniff(&bytes));
        assert_eq!(names(&bytes, BOUNDS), Ok((all.clone(), End::Whole)));
        assert_eq!(names(&bytes[..1500], BOUNDS), Ok((all[..1].to_vec(), End::CutOff)));
        for length in 0..bytes.len() - 1024 {
            assert_eq!(names(&bytes[..length], BOUNDS).unwrap().1, End::CutOff, "{length}");
        }
    }

    #[test]
    fn bounds_are_kept() {
        let bytes = archive(&[("a", 3), ("b", 3000)]);
        assert_eq!(names(&bytes, Bounds { members: 1, ..BOUNDS }), Err(ErrorKind::Limit));
        assert_eq!(names(&bytes, Bounds { bytes: 2000, ..BOUNDS }), Err(ErrorKind::Limit));
        // A file of nothing but a hole.
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::GNUSparse);
        header.set_path("hole").unwrap();
        header.set_size(0);
        header.as_gnu_mut().unwrap().set_real_size(1 << 40);
        header.set_cksum();
        let hole = [header.as_bytes().as_slice(), &[0; 1024]].concat();
        assert_ne!(names(&hole, BOUNDS), Ok((vec![], End::Whole)));
        // A name of two MiB.
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::GNULongName);
        header.set_size(2 << 20);
        header.set_cksum();
        let long = [header.as_bytes().as_slice(), &vec![b'x'; 2 << 20]].concat();
        assert_eq!(names(&long, Bounds { bytes: u64::MAX, members: 10 }), Err(ErrorKind::Malformed));
    }
}
