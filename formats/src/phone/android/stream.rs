//! Tar archives as they come out of a stream: no member is kept that nobody asks for.

use std::borrow::Cow;
use std::cell::Cell;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::rc::Rc;

use ::tar::{Archive, Entries, Entry};

use super::why::Why;
use crate::container::inflate::is_followed;
use crate::container::tar;
use crate::error::Error;
use crate::source::{Bytes, Stream};

/// Longest name of a file: Linux opens none with a longer path.
const NAME: usize = 4 << 10;

/// Where a walk through an archive came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// To the end, or as far as was wanted.
    Whole,
    /// To where the archive is damaged or cut off.
    CutOff,
    /// To its end, behind which something else follows.
    Followed,
    /// To a member whose name is longer than any real one.
    LongName,
    /// To where it is larger than the bounds allow.
    TooLarge,
    /// To the most members that the bounds allow.
    TooMany,
}

/// How much of an archive may still be read, with what is in the archives in it.
#[derive(Clone, Debug)]
pub(super) struct Bounds {
    bytes: Rc<Cell<u64>>,
    members: Rc<Cell<u64>>,
}

impl Bounds {
    pub(super) fn new(bytes: u64, members: u64) -> Self {
        Self { bytes: Rc::new(Cell::new(bytes)), members: Rc::new(Cell::new(members)) }
    }

    /// Takes so many bytes. Answers whether there were as many, and are more.
    pub(super) fn take(&self, bytes: u64) -> bool {
        let left = self.bytes.get().saturating_sub(bytes);
        self.bytes.set(left);
        left > 0
    }

    /// Whether another member may be read.
    pub(super) fn take_member(&self) -> bool {
        let left = self.members.get().checked_sub(1);
        self.members.set(left.unwrap_or_default());
        left.is_some()
    }
}

/// One file in an archive: its name, its size as the archive says it, and its content.
pub(super) struct Member<'m> {
    pub(super) name: &'m str,
    pub(super) size: u64,
    /// Or why it cannot be had.
    pub(super) content: Result<&'m mut dyn Read, Why>,
}

/// Shows the name of every file of an archive, stepping over what is in them.
pub(super) fn names(bytes: impl Bytes, mut visit: impl FnMut(&str) -> ControlFlow<()>) {
    let mut archive = tar::open(bytes);
    let Ok(entries) = archive.entries_with_seek() else { return };
    for mut entry in entries.map_while(Result::ok) {
        if let Some(File { name: Some(name), .. }) = file(&mut entry)
            && visit(&name).is_break()
        {
            return;
        }
    }
}

/// Shows every file of an archive, in order.
///
/// # Errors
/// `Malformed` when it was altered.
pub(super) fn walk(
    source: impl Read,
    bounds: &Bounds,
    mut visit: impl FnMut(Member<'_>) -> ControlFlow<()>,
) -> Result<End, Error> {
    let gauge = Gauge::new(bounds);
    let mut archive = Archive::new(Gauged { source, gauge: Rc::clone(&gauge) });
    let Ok(entries) = archive.entries() else { return Ok(End::CutOff) };
    let Some(end) = members(entries, None, &gauge, &mut visit) else { return Ok(End::Whole) };
    let behind = drain(&mut archive.into_inner());
    match (end, gauge.fault.get()) {
        (_, Some(Fault::Altered)) => Err(altered()),
        (End::Whole, _) => Ok(behind),
        (end, _) => Ok(end),
    }
}

/// The same of an archive that nothing is around: what nobody asks for is stepped over.
pub(super) fn walk_file(
    file: &dyn Bytes,
    bounds: &Bounds,
    mut visit: impl FnMut(Member<'_>) -> ControlFlow<()>,
) -> End {
    let gauge = Gauge::new(bounds);
    let mut archive = Archive::new(Gauged { source: Stream::new(file), gauge: Rc::clone(&gauge) });
    let Ok(entries) = archive.entries_with_seek() else { return End::CutOff };
    match members(entries, Some(file.size()), &gauge, &mut visit) {
        Some(End::Whole) => drain(&mut archive.into_inner()),
        end => end.unwrap_or(End::Whole),
    }
}

/// Reads what is behind the archive, so that a checksum around it is compared. Zeros may fill it up.
fn drain(rest: &mut Gauged<impl Read>) -> End {
    rest.gauge.at_once.set(u64::MAX);
    let mut buffer = [0; 4096];
    let mut end = End::Whole;
    loop {
        match rest.read(&mut buffer) {
            Ok(0) => return end,
            Ok(read) if buffer.iter().take(read).any(|byte| *byte != 0) => end = End::Followed,
            Ok(_) => {}
            Err(_) => return rest.gauge.end().unwrap_or_else(|| rest.gauge.fault_end()),
        }
    }
}

/// Where the checksum around an archive, or its packing, is not right, what came before may be wrong as well.
fn altered() -> Error {
    Error::malformed("the backup was altered or damaged on its way: any secret in it may be wrong")
        .next_step("Copy the file again, or make a new backup")
}

/// Shows the members; `None` when that was enough. `size` is that of an archive that can be wound.
fn members<R: Read>(
    mut entries: Entries<'_, Gauged<R>>,
    size: Option<u64>,
    gauge: &Gauge,
    visit: &mut impl FnMut(Member<'_>) -> ControlFlow<()>,
) -> Option<End> {
    loop {
        gauge.at_once.set(tar::HEADERS);
        let entry = entries.next();
        if let Some(end) = gauge.end() {
            return Some(end);
        }
        // Blocks of zeros end an archive, not the end of the stream.
        let Some(entry) = entry else {
            return Some(if gauge.is_empty.get() { End::CutOff } else { End::Whole });
        };
        let Ok(mut entry) = entry else { return Some(End::CutOff) };
        if !gauge.bounds.take_member() {
            return Some(End::TooMany);
        }
        gauge.at_once.set(u64::MAX);
        let is_sparse = entry.header().entry_type().is_gnu_sparse();
        if is_sparse {
            // Its holes come out of nothing.
            gauge.bounds.take(entry.size());
            if let Some(end) = gauge.end() {
                return Some(end);
            }
        }
        let before = gauge.read.get();
        if let Some(File { name, why }) = file(&mut entry) {
            let Some(name) = name else { return Some(End::LongName) };
            let size = entry.size();
            let content: Result<&mut dyn Read, Why> = match why {
                Some(why) => Err(why),
                None => Ok(&mut entry),
            };
            if visit(Member { name: &name, size, content }).is_break() {
                return None;
            }
        }
        if let Some(size) = size {
            let end = entry.raw_file_position().saturating_add(entry.size());
            // The size of one with holes is not what it has in the archive.
            if end > size && !is_sparse {
                return Some(End::CutOff);
            }
            continue;
        }
        // The rest of it, so that what follows is a header.
        let rest = io::copy(&mut entry, &mut io::sink());
        if let Some(end) = gauge.end() {
            return Some(end);
        }
        let is_whole = is_sparse || gauge.read.get().saturating_sub(before) == entry.size();
        if rest.is_err() || !is_whole {
            return Some(End::CutOff);
        }
    }
}

/// A member that is a file, or a link to one.
struct File {
    /// `None` where it is longer than any real one.
    name: Option<String>,
    /// Why its content cannot be had.
    why: Option<Why>,
}

/// `None` for a folder and the like.
fn file<R: Read>(entry: &mut Entry<'_, R>) -> Option<File> {
    let kind = entry.header().entry_type();
    let pax = Pax::of(entry);
    let why = if kind.is_hard_link() || kind.is_symlink() {
        Some(Why::LINK)
    } else if kind.as_byte() == tar::PART {
        Some(Why::CUT_OFF)
    } else if !(tar::is_file(kind) || kind.is_gnu_sparse()) {
        return None;
    } else {
        pax.is_sparse.then_some(Why::SPARSE)
    };
    let name = pax.name.map_or_else(|| entry.path_bytes(), Cow::Owned);
    let name = (name.len() <= NAME).then(|| String::from_utf8_lossy(&name).into_owned());
    Some(File { name, why })
}

/// What the headers that POSIX added say of a member.
#[derive(Default)]
struct Pax {
    /// Of several names the last one counts.
    name: Option<Vec<u8>>,
    /// Whether the holes of the file are left out.
    is_sparse: bool,
}

impl Pax {
    fn of<R: Read>(entry: &mut Entry<'_, R>) -> Self {
        let (mut usual, mut of_sparse, mut is_sparse) = (None, None, false);
        let Ok(Some(extensions)) = entry.pax_extensions() else { return Self::default() };
        for extension in extensions.filter_map(Result::ok) {
            let key = extension.key_bytes();
            is_sparse |= key.starts_with(b"GNU.sparse.");
            match key {
                b"path" => usual = Some(extension.value_bytes()),
                b"GNU.sparse.name" => of_sparse = Some(extension.value_bytes()),
                _ => {}
            }
        }
        Self { name: of_sparse.or(usual).map(<[u8]>::to_vec), is_sparse }
    }
}

/// How much was read, and how much may still be: in all, and before the next member.
struct Gauge {
    bounds: Bounds,
    read: Cell<u64>,
    at_once: Cell<u64>,
    /// Whether the source came to its end.
    is_empty: Cell<bool>,
    /// What the source said instead of going on.
    fault: Cell<Option<Fault>>,
}

/// Why a source does not go on.
#[derive(Clone, Copy)]
enum Fault {
    /// It is not as it was written.
    Altered,
    /// It has come to its end, and something else follows.
    Followed,
    /// Its end is missing, and with it the checksum.
    CutOff,
}

impl Fault {
    fn of(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => Self::Altered,
            _ if is_followed(error) => Self::Followed,
            _ => Self::CutOff,
        }
    }
}

impl Gauge {
    fn new(bounds: &Bounds) -> Rc<Self> {
        Rc::new(Self {
            bounds: bounds.clone(),
            read: Cell::new(0),
            at_once: Cell::new(u64::MAX),
            is_empty: Cell::new(false),
            fault: Cell::new(None),
        })
    }

    fn take(&self, bytes: u64) {
        self.bounds.take(bytes);
        self.read.set(self.read.get().saturating_add(bytes));
        self.at_once.set(self.at_once.get().saturating_sub(bytes));
    }

    /// Why nothing more may be read.
    fn end(&self) -> Option<End> {
        match (self.bounds.bytes.get(), self.at_once.get()) {
            (0, _) => Some(End::TooLarge),
            (_, 0) => Some(End::LongName),
            _ => None,
        }
    }

    /// Where the archive ends whose source does not go on behind it.
    fn fault_end(&self) -> End {
        if matches!(self.fault.get(), Some(Fault::Followed)) { End::Followed } else { End::CutOff }
    }
}

struct Gauged<R> {
    source: R,
    gauge: Rc<Gauge>,
}

impl<R: Read> Read for Gauged<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.gauge.fault.get().is_some() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let (left, at_once) = (self.gauge.bounds.bytes.get(), self.gauge.at_once.get());
        let most = usize::try_from(left.min(at_once)).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 && !buffer.is_empty() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let read = self.source.read(buffer.get_mut(..most).unwrap_or_default());
        let read = read.inspect_err(|error| self.gauge.fault.set(Some(Fault::of(error))))?;
        self.gauge.take(u64::try_from(read).unwrap_or(u64::MAX));
        self.gauge.is_empty.set(read == 0);
        Ok(read)
    }
}

impl<R: Seek> Seek for Gauged<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.source.seek(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn bounds() -> Bounds {
        Bounds::new(1 << 20, 10)
    }

    fn archive(members: &[(&str, usize)]) -> Vec<u8> {
        let mut builder = ::tar::Builder::new(Vec::new());
        for (name, size) in members {
            let mut header = ::tar::Header::new_gnu();
            header.set_size(u64::try_from(*size).unwrap());
            builder.append_data(&mut header, name, vec![7; *size].as_slice()).unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn shown(bytes: &[u8], bounds: Bounds) -> Result<(Vec<String>, End), ErrorKind> {
        let mut names = Vec::new();
        let end = walk(bytes, &bounds, |member| {
            names.push(format!("{} {}", member.name, member.size));
            ControlFlow::Continue(())
        });
        end.map(|end| (names, end)).map_err(|error| error.kind)
    }

    /// What is stepped over is not read, and ends in the same way.
    #[test]
    fn an_archive_that_can_be_wound_shows_the_same() {
        let long = "x/".repeat(200) + "y";
        let bytes = archive(&[("a", 3000), (&long, 600), ("b", 0), ("c", 3)]);
        let wound = |bytes: &[u8], bounds: Bounds| {
            let mut contents = Vec::new();
            let end = walk_file(&bytes, &bounds, |member| {
                let content = member.content.map(|content| {
                    // Of every second file only the beginning is asked for.
                    let asked = if contents.len() % 2 == 0 { 1 } else { u64::MAX };
                    io::read_to_string(content.take(asked)).unwrap().len()
                });
                contents.push((format!("{} {}", member.name, member.size), content));
                ControlFlow::Continue(())
            });
            (contents, end)
        };
        let all = [
            ("a 3000".to_owned(), Ok(1)),
            (format!("{long} 600"), Ok(600)),
            ("b 0".to_owned(), Ok(0)),
            ("c 3".to_owned(), Ok(3)),
        ];
        assert_eq!(wound(&bytes, Bounds::new(1 << 20, 10)), (all.to_vec(), End::Whole));
        for length in 0..bytes.len() {
            let (contents, end) = wound(&bytes[..length], bounds());
            let (names, of_stream) = shown(&bytes[..length], bounds()).unwrap();
            // The file that is cut off is not shown whole either way.
            assert_eq!(end, of_stream, "{length}");
            assert_eq!(contents.into_iter().map(|(name, _)| name).collect::<Vec<_>>(), names, "{length}");
        }
        assert_eq!(wound(&bytes, Bounds::new(1 << 20, 1)).1, End::TooMany);
        assert_eq!(wound(&[bytes.as_slice(), b"x"].concat(), bounds()).1, End::Followed);
    }

    #[test]
    fn files_are_shown_as_far_as_the_archive_goes() {
        let long = "x/".repeat(200) + "y";
        let bytes = archive(&[("a", 3), (&long, 600), ("b", 0)]);
        let all = vec!["a 3".to_owned(), format!("{long} 600"), "b 0".to_owned()];
        assert!(tar::sniff(&bytes));
        assert_eq!(shown(&bytes, bounds()), Ok((all.clone(), End::Whole)));
        assert_eq!(shown(&bytes[..1500], bounds()), Ok((all[..1].to_vec(), End::CutOff)));
        for length in 0..bytes.len() - 1024 {
            assert_eq!(shown(&bytes[..length], bounds()).unwrap().1, End::CutOff, "{length}");
        }
    }

    #[test]
    fn names_are_shown_without_what_is_in_the_files() {
        let names = |bytes: &[u8]| {
            let mut all = Vec::new();
            names(bytes, |name| {
                all.push(name.to_owned());
                if name == "last" { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            all
        };
        let long = "x/".repeat(200) + "y";
        let bytes = archive(&[("a", 3000), (&long, 600), ("b", 0), ("last", 1), ("c", 1)]);
        assert_eq!(names(&bytes), ["a", &long, "b", "last"]);
        // A name that no phone has.
        let (longest, longer) = ("x".repeat(4096), "x".repeat(4097));
        assert_eq!(names(&archive(&[(&longer, 0), (&longest, 0), ("b", 0)])), [&longest, "b"]);
        assert_eq!(names(&bytes[..600]), ["a"]);
        assert_eq!([names(b""), names(&[7; 1024])], [Vec::<String>::new(), vec![]]);
    }

    fn header(kind: ::tar::EntryType, name: &str, size: u64) -> ::tar::Header {
        let mut header = ::tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_path(name).unwrap();
        header.set_size(size);
        header.set_cksum();
        header
    }

    #[test]
    fn what_was_shown_before_a_bound_counts() {
        let bytes = archive(&[("a", 3), ("b", 3000)]);
        let first = vec!["a 3".to_owned()];
        assert_eq!(shown(&bytes, Bounds::new(1 << 20, 1)), Ok((first.clone(), End::TooMany)));
        assert_eq!(shown(&bytes, Bounds::new(1200, 10)), Ok((first.clone(), End::TooLarge)));
        // A file of nothing but a hole.
        let mut hole = header(::tar::EntryType::GNUSparse, "hole", 0);
        hole.as_gnu_mut().unwrap().set_real_size(1 << 40);
        hole.set_cksum();
        let hole = [hole.as_bytes().as_slice(), &[0; 1024]].concat();
        assert_eq!(shown(&hole, bounds()), Ok((vec![], End::CutOff)));
        // Names of 4 KiB, one more, and two MiB.
        let (longest, longer) = ("x".repeat(4096), "x".repeat(4097));
        let names = archive(&[(&longest, 0), (&longer, 0), ("b", 0)]);
        assert_eq!(shown(&names, bounds()), Ok((vec![format!("{longest} 0")], End::LongName)));
        let long = header(::tar::EntryType::GNULongName, "x", 2 << 20);
        let before = &bytes[..1024];
        let long = [before, long.as_bytes().as_slice(), &vec![b'x'; 2 << 20]].concat();
        assert_eq!(shown(&long, Bounds::new(u64::MAX, 10)), Ok((first, End::LongName)));
    }

    #[test]
    fn files_that_cannot_be_had_are_shown_with_the_reason() {
        let mut builder = ::tar::Builder::new(Vec::new());
        builder.append(&header(::tar::EntryType::Link, "link", 0), [].as_slice()).unwrap();
        let sparse = [("GNU.sparse.major", b"1".as_slice()), ("GNU.sparse.name", b"data/real")];
        builder.append_pax_extensions(sparse).unwrap();
        builder
            .append(&header(::tar::EntryType::Regular, "data/GNUSparseFile.7/real", 3), b"abc".as_slice())
            .unwrap();
        builder.append(&header(::tar::EntryType::Directory, "folder/", 0), [].as_slice()).unwrap();
        builder.append(&header(::tar::EntryType::Regular, "usual", 3), b"abc".as_slice()).unwrap();
        let mut all = Vec::new();
        let end = walk(builder.into_inner().unwrap().as_slice(), &bounds(), |member| {
            all.push((member.name.to_owned(), member.content.err()));
            ControlFlow::Continue(())
        });
        let wanted = [("link", Some(Why::LINK)), ("data/real", Some(Why::SPARSE)), ("usual", None)];
        assert_eq!(all, wanted.map(|(name, why)| (name.to_owned(), why)));
        assert_eq!(end.unwrap(), End::Whole);
    }

    /// POSIX: of a kind that is not known, as if it were a file.
    #[test]
    fn members_of_an_unknown_kind_are_files() {
        let mut bytes = Vec::new();
        for (kind, name) in
            [(b'Z', "other"), (b'M', "rest"), (b'V', "tape"), (b'D', "list"), (b'3', "device"), (0, "old")]
        {
            let mut header = header(::tar::EntryType::Regular, name, 3);
            // The library knows only its own kinds.
            header.as_mut_bytes()[156] = kind;
            header.set_cksum();
            bytes.extend([header.as_bytes().as_slice(), b"abc", &[0; 509]].concat());
        }
        bytes.extend([0; 1024]);
        let mut all = Vec::new();
        let end = walk(bytes.as_slice(), &bounds(), |member| {
            let content = member.content.map(|content| io::read_to_string(content).unwrap());
            all.push((member.name.to_owned(), content));
            ControlFlow::Continue(())
        });
        let abc = || Ok("abc".to_owned());
        let wanted = [("other", abc()), ("rest", Err(Why::CUT_OFF)), ("old", abc())];
        assert_eq!(all, wanted.map(|(name, content)| (name.to_owned(), content)));
        assert_eq!(end.unwrap(), End::Whole);
    }

    /// POSIX: the last one counts.
    #[test]
    fn of_two_names_in_the_header_of_a_member_the_last_one_counts() {
        let mut builder = ::tar::Builder::new(Vec::new());
        builder.append_pax_extensions([("path", b"first".as_slice()), ("path", b"second")]).unwrap();
        builder.append(&header(::tar::EntryType::Regular, "short", 1), b"x".as_slice()).unwrap();
        let bytes = builder.into_inner().unwrap();
        assert_eq!(shown(&bytes, bounds()), Ok((vec!["second 1".to_owned()], End::Whole)));
    }
}
