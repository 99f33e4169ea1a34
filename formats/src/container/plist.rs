//! Apple's binary property lists, and the object graphs that `NSKeyedArchiver` keeps in them.
//!
//! Objects are read by index when they are asked for, never as a tree: a file may refer to one object
//! from many places, and a tree of it could be as large as its author likes. The layout is described
//! in CoreFoundation's `CFBinaryPList.c`.

use zeroize::Zeroizing;

use crate::error::{Error, Place};

/// Most members that are looked at in one dictionary; what apps archive has a few dozen.
const MAX_MEMBERS: usize = 256;
const MAGIC: &[u8] = b"bplist00";
/// Bytes at the end that describe the rest.
const TRAILER: usize = 32;

/// Whether bytes begin like a binary property list.
pub(crate) fn sniff(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// An archived object graph.
pub(crate) struct Archive<'a> {
    list: List<'a>,
    /// `$objects`: what identifiers stand for.
    objects: References,
    root: usize,
}

/// One object of a graph.
#[derive(Clone)]
pub(crate) struct Node<'g, 'a> {
    archive: &'g Archive<'a>,
    object: Object<'a>,
}

impl<'a> Archive<'a> {
    /// Reads the frame of a graph.
    ///
    /// # Errors
    /// `Malformed` for anything that is no archive.
    pub(crate) fn open(bytes: &'a [u8]) -> Result<Self, Error> {
        Self::parse(bytes).ok_or_else(|| {
            Error::malformed("the property list inside is damaged")
                .at(Place::Byte(0))
                .next_step("The file is damaged or incomplete: export or copy it again")
        })
    }

    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let list = List::open(bytes)?;
        let frame = list.object(list.top)?;
        let Object::Array(objects) = list.member(&frame, "$objects")? else { return None };
        let top = list.member(&frame, "$top")?;
        let Object::Uid(root) = list.member(&top, "root")? else { return None };
        Some(Self { list, objects, root })
    }

    /// The object that was archived.
    pub(crate) fn root(&self) -> Option<Node<'_, 'a>> {
        self.node(Object::Uid(self.root))
    }

    /// Resolves one identifier; what it stands for is never another one.
    fn node(&self, object: Object<'a>) -> Option<Node<'_, 'a>> {
        let object = match object {
            Object::Uid(uid) => self.list.object(self.list.reference(self.objects, uid)?)?,
            object => object,
        };
        let is_null = matches!(&object, Object::Text(text) if text.as_str() == "$null");
        (!is_null && !matches!(object, Object::Uid(_) | Object::Other))
            .then_some(Node { archive: self, object })
    }
}

impl<'g, 'a> Node<'g, 'a> {
    /// A member: of a dictionary (`NS.keys`, `NS.objects`) or a field of an object. `None` also for
    /// null.
    pub(crate) fn get(&self, name: &str) -> Option<Self> {
        let list = &self.archive.list;
        if let Some(Object::Array(keys)) = list.member(&self.object, "NS.keys") {
            let Object::Array(values) = list.member(&self.object, "NS.objects")? else { return None };
            let at = (0..keys.count.min(MAX_MEMBERS)).find(|at| self.is_key(keys, *at, name))?;
            return self.item(values, at);
        }
        self.archive.node(list.member(&self.object, name)?)
    }

    /// Whether a member is there but refers to nothing that can be read.
    pub(crate) fn is_broken(&self, name: &str) -> bool {
        let list = &self.archive.list;
        match list.member_index(&self.object, name) {
            None => false,
            Some(index) => match list.object(index) {
                Some(Object::Uid(uid)) => {
                    list.reference(self.archive.objects, uid).and_then(|index| list.object(index)).is_none()
                }
                member => member.is_none(),
            },
        }
    }

    /// How many items a collection has.
    pub(crate) fn len(&self) -> Option<usize> {
        self.collection().map(|items| items.count)
    }

    /// An item of a collection.
    pub(crate) fn at(&self, index: usize) -> Option<Self> {
        self.item(self.collection()?, index)
    }

    fn collection(&self) -> Option<References> {
        match &self.object {
            Object::Array(items) => Some(*items),
            object => match self.archive.list.member(object, "NS.objects")? {
                Object::Array(items) => Some(items),
                _ => None,
            },
        }
    }

    fn item(&self, items: References, index: usize) -> Option<Self> {
        let list = &self.archive.list;
        self.archive.node(list.object(list.reference(items, index)?)?)
    }

    /// Whether a key of a dictionary, which is kept as a reference, is this one.
    fn is_key(&self, keys: References, at: usize, name: &str) -> bool {
        let list = &self.archive.list;
        let index = list.reference(keys, at).and_then(|index| match list.object(index)? {
            Object::Uid(uid) => list.reference(self.archive.objects, uid),
            _ => None,
        });
        index.is_some_and(|index| list.is_text(index, name))
    }

    /// A string, also a mutable one.
    pub(crate) fn text(&self) -> Option<Zeroizing<String>> {
        match &self.object {
            Object::Text(text) => Some(text.clone()),
            object => match self.archive.list.member(object, "NS.string")? {
                Object::Text(text) => Some(text),
                _ => None,
            },
        }
    }

    /// Bytes, also mutable ones.
    pub(crate) fn data(&self) -> Option<&'a [u8]> {
        match &self.object {
            Object::Data(data) => Some(data),
            object => match self.archive.list.member(object, "NS.data")? {
                Object::Data(data) => Some(data),
                _ => None,
            },
        }
    }

    /// An integer.
    pub(crate) fn integer(&self) -> Option<i128> {
        match &self.object {
            Object::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// A number with a fraction.
    pub(crate) fn real(&self) -> Option<f64> {
        match &self.object {
            Object::Real(number) => Some(*number),
            _ => None,
        }
    }
}

/// A property list.
struct List<'a> {
    bytes: &'a [u8],
    /// Where the table of offsets is, and how long one is.
    offsets: usize,
    offset_size: usize,
    reference_size: usize,
    count: usize,
    top: usize,
}

/// References to objects, as they stand in the file.
#[derive(Clone, Copy)]
struct References {
    start: usize,
    count: usize,
}

#[derive(Clone)]
enum Object<'a> {
    Integer(i128),
    Real(f64),
    Data(&'a [u8]),
    Text(Zeroizing<String>),
    Uid(usize),
    Array(References),
    Dictionary(References, References),
    Other,
}

impl<'a> List<'a> {
    fn open(bytes: &'a [u8]) -> Option<Self> {
        let body = bytes.len().checked_sub(TRAILER).filter(|_| sniff(bytes))?;
        let number =
            |at: usize, size: usize| usize::try_from(unsigned(bytes, body.checked_add(at)?, size)?).ok();
        let list = Self {
            bytes: bytes.get(..body)?,
            offset_size: number(6, 1)?,
            reference_size: number(7, 1)?,
            count: number(8, 8)?,
            top: number(16, 8)?,
            offsets: number(24, 8)?,
        };
        let sizes = [list.offset_size, list.reference_size];
        let table = list.count.checked_mul(list.offset_size)?;
        let fits =
            list.offsets.checked_add(table)? <= body && sizes.iter().all(|size| (1..=8).contains(size));
        fits.then_some(list)
    }

    fn object(&self, index: usize) -> Option<Object<'a>> {
        let at = self.place(index)?;
        let marker = *self.bytes.get(at)?;
        let low = usize::from(marker & 0x0f);
        let body = at.checked_add(1)?;
        match marker >> 4 {
            0x1 => self.integer(body, low).map(Object::Integer),
            0x2 => self.real(body, low),
            0x8 => {
                let uid = unsigned(self.bytes, body, low.checked_add(1)?)?;
                usize::try_from(uid).ok().map(Object::Uid)
            }
            0x4 => self
                .counted(body, low, 1)
                .map(|(start, end, _)| self.bytes.get(start..end).map(Object::Data))?,
            0x5 => self.counted(body, low, 1).map(|(start, end, _)| self.ascii(start, end))?,
            0x6 => self.counted(body, low, 2).map(|(start, end, _)| self.utf16(start, end))?,
            0xa | 0xc => {
                let (start, _, count) = self.counted(body, low, self.reference_size)?;
                Some(Object::Array(References { start, count }))
            }
            0xd => {
                let (start, _, count) = self.counted(body, low, self.reference_size.checked_mul(2)?)?;
                let values = start.checked_add(count.checked_mul(self.reference_size)?)?;
                Some(Object::Dictionary(References { start, count }, References { start: values, count }))
            }
            _ => Some(Object::Other),
        }
    }

    /// One, two and four bytes are unsigned, eight are signed, and so are sixteen.
    fn integer(&self, at: usize, power: usize) -> Option<i128> {
        let bytes = self.bytes.get(at..)?;
        match power {
            0..=2 => unsigned(self.bytes, at, 1_usize << power).map(i128::from),
            3 => bytes.first_chunk().map(|bytes| i64::from_be_bytes(*bytes).into()),
            4 => bytes.first_chunk().map(|bytes| i128::from_be_bytes(*bytes)),
            _ => None,
        }
    }

    fn real(&self, at: usize, power: usize) -> Option<Object<'a>> {
        let bytes = self.bytes.get(at..)?;
        match power {
            2 => bytes.first_chunk().map(|bytes| Object::Real(f32::from_be_bytes(*bytes).into())),
            3 => bytes.first_chunk().map(|bytes| Object::Real(f64::from_be_bytes(*bytes))),
            _ => None,
        }
    }

    /// Start, end and number of items of the given size. From 15 on the number is an integer object.
    fn counted(&self, at: usize, low: usize, size: usize) -> Option<(usize, usize, usize)> {
        let (start, count) = if low == 0x0f {
            let marker = *self.bytes.get(at)?;
            let length = 1_usize.checked_shl(u32::from(marker & 0x0f)).filter(|length| *length <= 8)?;
            let number = at.checked_add(1).filter(|_| marker >> 4 == 1)?;
            let count = usize::try_from(unsigned(self.bytes, number, length)?).ok()?;
            (number.checked_add(length)?, count)
        } else {
            (at, low)
        };
        let end = start.checked_add(count.checked_mul(size)?)?;
        (end <= self.bytes.len()).then_some((start, end, count))
    }

    fn ascii(&self, start: usize, end: usize) -> Option<Object<'a>> {
        let bytes = self.bytes.get(start..end)?;
        Some(Object::Text(Zeroizing::new(bytes.iter().copied().map(char::from).collect())))
    }

    fn utf16(&self, start: usize, end: usize) -> Option<Object<'a>> {
        let units = self.bytes.get(start..end)?.chunks_exact(2).filter_map(|pair| pair.first_chunk());
        let text = char::decode_utf16(units.map(|pair| u16::from_be_bytes(*pair))).collect::<Result<_, _>>();
        text.ok().map(|text| Object::Text(Zeroizing::new(text)))
    }

    fn reference(&self, references: References, index: usize) -> Option<usize> {
        if index >= references.count {
            return None;
        }
        let at = references.start.checked_add(index.checked_mul(self.reference_size)?)?;
        usize::try_from(unsigned(self.bytes, at, self.reference_size)?).ok()
    }

    fn member(&self, object: &Object<'a>, name: &str) -> Option<Object<'a>> {
        self.object(self.member_index(object, name)?)
    }

    fn member_index(&self, object: &Object<'a>, name: &str) -> Option<usize> {
        let Object::Dictionary(keys, values) = object else { return None };
        let at = (0..keys.count.min(MAX_MEMBERS))
            .find(|at| self.reference(*keys, *at).is_some_and(|key| self.is_text(key, name)))?;
        self.reference(*values, at)
    }

    /// Whether an object is this text of ASCII characters. A text of another length is not read: keys
    /// are looked at again and again, and one can be as long as the file.
    fn is_text(&self, index: usize, name: &str) -> bool {
        let fits = |length: usize| length <= name.len().saturating_mul(2);
        self.text_length(index).is_some_and(fits)
            && matches!(self.object(index), Some(Object::Text(text)) if text.as_str() == name)
    }

    /// How many bytes a text takes in the file.
    fn text_length(&self, index: usize) -> Option<usize> {
        let at = self.place(index)?;
        let marker = *self.bytes.get(at)?;
        let size = match marker >> 4 {
            0x5 => 1,
            0x6 => 2,
            _ => return None,
        };
        let (start, end, _) = self.counted(at.checked_add(1)?, usize::from(marker & 0x0f), size)?;
        end.checked_sub(start)
    }

    /// Where an object begins.
    fn place(&self, index: usize) -> Option<usize> {
        if index >= self.count {
            return None;
        }
        let entry = self.offsets.checked_add(index.checked_mul(self.offset_size)?)?;
        usize::try_from(unsigned(self.bytes, entry, self.offset_size)?).ok()
    }
}

/// A big-endian number of up to eight bytes.
fn unsigned(bytes: &[u8], at: usize, size: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(size).filter(|_| size <= 8)?)?;
    Some(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list of the given objects, one byte for each offset and reference; the last is the top.
    fn list(objects: &[&[u8]]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        let mut offsets = Vec::new();
        for object in objects {
            offsets.push(u8::try_from(bytes.len()).unwrap());
            bytes.extend_from_slice(object);
        }
        let table = u8::try_from(bytes.len()).unwrap();
        let count = u8::try_from(objects.len()).unwrap();
        bytes.extend(offsets);
        bytes.extend_from_slice(&[0, 0, 0, 0, 0, 0, 1, 1]);
        for number in [count, count - 1, table] {
            bytes.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, number]);
        }
        bytes
    }

    /// `{"$objects": [..], "$top": {"root": 1}}` around the objects from 7 on.
    fn archive(objects: &[&[u8]]) -> Vec<u8> {
        let references: Vec<u8> = (0..objects.len()).map(|at| 7 + u8::try_from(at).unwrap()).collect();
        let array = [&[0xa0 | u8::try_from(objects.len()).unwrap()], references.as_slice()].concat();
        let frame: [&[u8]; 7] =
            [b"\x58$objects", b"\x54$top", b"\x54root", &array, b"\x80\x01", b"\xd1\x02\x04", b"\x09"];
        list(&[&frame, objects, &[b"\xd2\x00\x01\x03\x05".as_slice()]].concat())
    }

    #[test]
    fn objects_are_resolved() {
        let bytes = archive(&[
            b"\x55$null",
            b"\xd2\x09\x0a\x0b\x0c",
            b"\x51a",
            b"\x51b",
            b"\x80\x05",
            b"\x80\x00",
            b"\x13\xff\xff\xff\xff\xff\xff\xff\xfe",
        ]);
        let archive = Archive::open(&bytes).unwrap();
        let root = archive.root().unwrap();
        assert!(root.get("a").is_none() && root.get("b").is_none() && root.get("c").is_none());
        let bytes = self::archive(&[
            b"\x55$null",
            b"\xd1\x09\x0a",
            b"\x51a",
            b"\x80\x04",
            b"\x13\xff\xff\xff\xff\xff\xff\xff\xfe",
        ]);
        let archive = Archive::open(&bytes).unwrap();
        assert_eq!(archive.root().unwrap().get("a").unwrap().integer(), Some(-2));
    }

    #[test]
    fn what_cannot_be_resolved_is_broken_and_not_absent() {
        let with = |value: &[u8]| archive(&[b"\x55$null", b"\xd1\x09\x0a", b"\x51a", value, b"\x10\x07"]);
        for (value, broken, number) in [
            (b"\x80\x04".as_slice(), false, Some(7)),
            (b"\x80\x00", false, None),
            (b"\x80\x7f", true, None),
            (b"\x5f\x10\xff", true, None),
        ] {
            let bytes = with(value);
            let archive = Archive::open(&bytes).unwrap();
            let root = archive.root().unwrap();
            let read = root.get("a").and_then(|node| node.integer());
            assert_eq!(
                (root.is_broken("a"), read, root.is_broken("b")),
                (broken, number, false),
                "{value:?}"
            );
        }
    }

    /// An object that is its own item is read as often as it is asked for, and no more.
    #[test]
    fn circles_and_forged_lengths() {
        let bytes = archive(&[b"\x55$null", b"\xa1\x0a", b"\x51a", b"\x80\x01"]);
        let archive = Archive::open(&bytes).unwrap();
        let root = archive.root().unwrap();
        assert_eq!(
            (root.len(), root.at(0).and_then(|item| item.len()), root.at(1).is_some()),
            (Some(1), Some(1), false)
        );
        for forged in [
            b"\xaf\x13\x7f\xff\xff\xff\xff\xff\xff\xff".as_slice(),
            b"\x5f\x12\xff\xff\xff\xff",
            b"\x6f\x10\xff",
            b"\xdf\x1f",
            b"\x4f",
        ] {
            let bytes = self::archive(&[b"\x55$null", forged]);
            let archive = Archive::open(&bytes).unwrap();
            assert!(archive.root().is_none());
        }
        for bytes in [b"".as_slice(), b"bplist00", &[0; 40], &list(&[b"\x09"])] {
            assert!(Archive::open(bytes).is_err());
        }
    }
}
