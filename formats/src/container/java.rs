//! A Java-serialised `HashMap` of strings.
//!
//! Source: Java Object Serialization Specification, chapter 6, and `HashMap.writeObject`. Only what such a map can hold is
//! read: a reader of any object would have to follow any class, to any depth.

use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Place};

/// Magic, version, a new object, a new class.
const START: [u8; 6] = [0xAC, 0xED, 0x00, 0x05, OBJECT, CLASS];
const HASH_MAP: &[u8] = b"java.util.HashMap";

const NULL: u8 = 0x70;
const REFERENCE: u8 = 0x71;
const CLASS: u8 = 0x72;
const OBJECT: u8 = 0x73;
const STRING: u8 = 0x74;
const BLOCK: u8 = 0x77;
const END: u8 = 0x78;
const LONG_STRING: u8 = 0x7C;
/// The first of the numbers by which later parts refer to earlier ones.
const FIRST_HANDLE: u32 = 0x7E_0000;

/// Most texts of one map; apps keep two for each account.
const MAX_TEXTS: usize = 1_000_000;
/// How many times the length of the file its entries can have: a reference of five bytes stands for a
/// text of any length.
const MAX_UNFOLDING: usize = 16;

/// Whether the bytes begin like a serialised `HashMap`.
pub(crate) fn sniff(bytes: &[u8]) -> bool {
    let name = bytes.strip_prefix(&START).and_then(|rest| rest.strip_prefix(&[0, 17]));
    name.is_some_and(|name| name.starts_with(HASH_MAP))
}

/// The entries of a map whose keys and values are strings, in the order of the file. A value that is
/// no string is left out.
pub(crate) struct StringMap {
    texts: Vec<Zeroizing<String>>,
    /// Positions in `texts`: a text that is used often stands there once.
    entries: Vec<(usize, usize)>,
}

impl StringMap {
    /// Reads a map.
    ///
    /// # Errors
    /// `Malformed` with the byte where the bytes are something else.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let mut parser = Parser { bytes, at: 0, texts: Vec::new(), handles: Vec::new() };
        match parser.map() {
            Some(entries) => Ok(Self { texts: parser.texts, entries }),
            None => Err(Error::malformed("the serialised map is damaged or cut off")
                .at(Place::Byte(parser.at))
                .next_step("The file is damaged or incomplete: export or copy it again")),
        }
    }

    /// Keys and values.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let text = |at: &usize| self.texts.get(*at).map(|text| text.as_str());
        self.entries.iter().filter_map(move |(key, value)| text(key).zip(text(value)))
    }
}

/// What an earlier part was.
#[derive(Clone, Copy)]
enum Handle {
    /// Bytes that the fields of an object of this class take.
    Class(usize),
    Object,
    /// Position of a text.
    Text(usize),
}

/// What an entry of the map holds.
enum Item {
    Text(usize),
    Other,
}

struct Parser<'a> {
    bytes: &'a [u8],
    at: usize,
    texts: Vec<Zeroizing<String>>,
    handles: Vec<Handle>,
}

impl<'a> Parser<'a> {
    fn map(&mut self) -> Option<Vec<(usize, usize)>> {
        if !sniff(self.bytes) {
            return None;
        }
        self.take(START.len())?;
        let fields = self.class()?;
        self.handles.push(Handle::Object);
        // Load factor, and except on Android 6 the threshold.
        self.take(fields)?;
        // The map's own data: capacity and size.
        (self.byte()? == BLOCK && self.byte()? == 8).then_some(())?;
        self.take(4)?;
        let size = self.u32()?;
        let mut entries = Vec::new();
        let mut unfolded = self.bytes.len().saturating_mul(MAX_UNFOLDING);
        for _ in 0..size {
            let key = self.item()?;
            let value = self.item()?;
            match (key, value) {
                (Item::Text(key), Item::Text(value)) => {
                    let length = self.texts.get(key)?.len().checked_add(self.texts.get(value)?.len())?;
                    unfolded = unfolded.checked_sub(length)?;
                    entries.push((key, value));
                }
                (Item::Text(_), Item::Other) => {}
                (Item::Other, _) => return None,
            }
        }
        (self.byte()? == END).then_some(entries)
    }

    /// A class behind its mark: name, version, flags, fields. Answers how many bytes the fields of an
    /// object take. None of the classes in question has fields with objects, or a base class.
    fn class(&mut self) -> Option<usize> {
        let length = usize::from(self.u16()?);
        self.take(length)?;
        self.take(8)?;
        let own = self.handles.len();
        self.handles.push(Handle::Class(0));
        self.byte()?;
        let mut width = 0_usize;
        for _ in 0..self.u16()? {
            width = width.checked_add(width_of(self.byte()?)?)?;
            let length = usize::from(self.u16()?);
            self.take(length)?;
        }
        (self.byte()? == END && self.byte()? == NULL).then_some(())?;
        *self.handles.get_mut(own)? = Handle::Class(width);
        Some(width)
    }

    fn item(&mut self) -> Option<Item> {
        match self.byte()? {
            NULL => Some(Item::Other),
            STRING => {
                let length = usize::from(self.u16()?);
                self.text(length)
            }
            LONG_STRING => {
                let length = usize::try_from(u64::from_be_bytes(self.array()?)).ok()?;
                self.text(length)
            }
            REFERENCE => match self.reference()? {
                Handle::Text(text) => Some(Item::Text(text)),
                Handle::Object => Some(Item::Other),
                Handle::Class(_) => None,
            },
            OBJECT => self.object(),
            _ => None,
        }
    }

    /// A small object, such as the `Boolean` that a restore leaves in the map.
    fn object(&mut self) -> Option<Item> {
        let width = match self.byte()? {
            CLASS => self.class()?,
            REFERENCE => match self.reference()? {
                Handle::Class(width) => width,
                Handle::Object | Handle::Text(_) => return None,
            },
            _ => return None,
        };
        self.handles.push(Handle::Object);
        self.take(width)?;
        Some(Item::Other)
    }

    fn text(&mut self, length: usize) -> Option<Item> {
        let text = modified_utf8(self.take(length)?)?;
        let at = self.texts.len();
        (at < MAX_TEXTS).then_some(())?;
        self.texts.push(text);
        self.handles.push(Handle::Text(at));
        Some(Item::Text(at))
    }

    fn reference(&mut self) -> Option<Handle> {
        let number = self.u32()?.checked_sub(FIRST_HANDLE)?;
        self.handles.get(usize::try_from(number).ok()?).copied()
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(length)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn byte(&mut self) -> Option<u8> {
        self.array().map(u8::from_be_bytes)
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }
}

/// Bytes of a field of a primitive type.
fn width_of(kind: u8) -> Option<usize> {
    match kind {
        b'B' | b'Z' => Some(1),
        b'C' | b'S' => Some(2),
        b'F' | b'I' => Some(4),
        b'D' | b'J' => Some(8),
        _ => None,
    }
}

/// Java's own UTF-8: each UTF-16 unit on its own, so that surrogates take three bytes, and NUL two.
fn modified_utf8(bytes: &[u8]) -> Option<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::with_capacity(bytes.len()));
    let mut rest = bytes;
    let units = std::iter::from_fn(|| match rest {
        [] => None,
        [a @ 0..=0x7F, tail @ ..] => {
            rest = tail;
            Some(u16::from(*a))
        }
        [a @ 0xC0..=0xDF, b @ 0x80..=0xBF, tail @ ..] => {
            rest = tail;
            Some(u16::from(a & 0x1F) << 6 | u16::from(b & 0x3F))
        }
        [a @ 0xE0..=0xEF, b @ 0x80..=0xBF, c @ 0x80..=0xBF, tail @ ..] => {
            rest = tail;
            Some(u16::from(a & 0x0F) << 12 | u16::from(b & 0x3F) << 6 | u16::from(c & 0x3F))
        }
        _ => None,
    });
    for character in char::decode_utf16(units) {
        text.push(character.ok()?);
    }
    rest.is_empty().then_some(text)
}

/// What Java writes of the class: its version, that it has a writing method of its own, two fields.
const CLASS_BODY: [u8; 11] = [0x05, 0x07, 0xDA, 0xC1, 0xC3, 0x16, 0x60, 0xD1, 3, 0, 2];
/// Entries that an empty map has room for.
const SMALLEST: u32 = 16;

/// Writes a map. The order in it means nothing to Java.
pub(crate) fn write_string_map(entries: &[(String, Zeroizing<String>)]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let too_many = || Error::new(ErrorKind::Internal, "the map has too many entries for Java");
    let size = u32::try_from(entries.len()).map_err(|_| too_many())?;
    let (capacity, threshold) = capacity(size).ok_or_else(too_many)?;
    let mut out = Zeroizing::new(Vec::with_capacity(entries.len().saturating_mul(600).saturating_add(256)));
    out.extend(START);
    out.extend([0, 17]);
    out.extend(HASH_MAP);
    out.extend(CLASS_BODY);
    out.extend(*b"F\0\x0AloadFactorI\0\x09threshold");
    out.extend([END, NULL]);
    out.extend(0.75_f32.to_be_bytes());
    out.extend(threshold.to_be_bytes());
    out.extend([BLOCK, 8]);
    out.extend([capacity, size].map(u32::to_be_bytes).as_flattened());
    for (key, value) in entries {
        write_string(key, &mut out);
        write_string(value, &mut out);
    }
    out.push(END);
    Ok(out)
}

/// The smallest power of two that gets no more than three quarters full, and these three quarters.
/// `None` for more than Java's signed numbers hold.
fn capacity(size: u32) -> Option<(u32, u32)> {
    let mut capacity = SMALLEST;
    loop {
        let threshold = capacity / 4 * 3;
        if size <= threshold {
            return Some((capacity, threshold));
        }
        capacity = capacity.checked_mul(2).filter(|capacity| *capacity <= 1 << 30)?;
    }
}

fn write_string(text: &str, out: &mut Vec<u8>) {
    let bytes = to_modified_utf8(text);
    match u16::try_from(bytes.len()) {
        Ok(length) => {
            out.push(STRING);
            out.extend(length.to_be_bytes());
        }
        Err(_) => {
            out.push(LONG_STRING);
            out.extend(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        }
    }
    out.extend_from_slice(&bytes);
}

/// See [`modified_utf8`].
fn to_modified_utf8(text: &str) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(text.len().saturating_mul(2)));
    for unit in text.encode_utf16() {
        let [high, low] = unit.to_be_bytes();
        let last = 0x80 | low & 0x3F;
        let middle = (high & 0x0F) << 2 | low >> 6;
        match unit {
            1..=0x7F => out.push(low),
            0 | 0x80..=0x7FF => out.extend([0xC0 | middle & 0x1F, last]),
            0x800.. => out.extend([0xE0 | high >> 4, 0x80 | middle, last]),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A map with a field list of Android 6 and these items.
    fn file(size: u8, items: &[u8]) -> Vec<u8> {
        let head = [
            &START[..],
            &[0, 17],
            HASH_MAP,
            &[5, 7, 0xDA, 0xC1, 0xC3, 0x16, 0x60, 0xD1, 3, 0, 1, b'F', 0, 10],
            b"loadFactor",
            &[END, NULL, 0x3F, 0x40, 0, 0, BLOCK, 8, 0, 0, 0, 16, 0, 0, 0, size],
        ];
        [&head.concat(), items, &[END]].concat()
    }

    fn entries(bytes: &[u8]) -> Option<Vec<(String, String)>> {
        let map = StringMap::parse(bytes).ok()?;
        Some(map.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
    }

    #[test]
    fn strings_references_and_other_values() {
        let boolean = [
            &[OBJECT, CLASS, 0, 17][..],
            b"java.lang.Boolean",
            &[0; 8],
            &[2, 0, 1, b'Z', 0, 5],
            b"value",
            &[END, NULL, 1],
        ];
        let items = [
            &[STRING, 0, 1, b'a', LONG_STRING, 0, 0, 0, 0, 0, 0, 0, 2, 0xC0, 0x80][..],
            &[STRING, 0, 1, b'b', REFERENCE, 0, 0x7E, 0, 2],
            &[STRING, 0, 1, b'c'],
            &boolean.concat(),
            // Handles 6 and 7 are the class of the Boolean and the Boolean itself.
            &[STRING, 0, 1, b'd', OBJECT, REFERENCE, 0, 0x7E, 0, 6, 0],
            &[STRING, 0, 6, 0xED, 0xA0, 0xBD, 0xED, 0xB4, 0x91, NULL],
        ];
        let bytes = file(5, &items.concat());
        assert!(sniff(&bytes));
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(entries(&bytes), Some(vec![pair("a", "\0"), pair("b", "a")]));
        for at in 0..bytes.len() {
            assert!(StringMap::parse(&bytes[..at]).is_err(), "{at}");
            for value in 0..=255 {
                let mut bytes = bytes.clone();
                bytes[at] = value;
                let _ = StringMap::parse(&bytes);
            }
        }
    }

    /// What OpenJDK 17 writes of the map of these two texts.
    #[test]
    fn a_map_is_written_as_java_does() {
        let java = "ACED0005737200116A6176612E7574696C2E486173684D61700507DAC1C31660D103000246000A6C6F61644661\
            63746F724900097468726573686F6C6478703F4000000000000C7708000000100000000174000E61C080C3BCE7BFB0ED\
            A0BDEDB49174000BEDA0BDEDB491E0A080DFBF78";
        let value = Zeroizing::new("🔑\u{800}\u{7ff}".to_owned());
        let written = write_string_map(&[("a\0ü翰🔑".to_owned(), value)]).unwrap();
        assert_eq!(data_encoding::HEXUPPER.encode(&written), java);
        let pair = ("a\0ü翰🔑".to_owned(), "🔑\u{800}\u{7ff}".to_owned());
        assert_eq!(entries(&written), Some(vec![pair]));
    }

    /// As OpenJDK 17 gives them for maps that have grown one by one.
    #[test]
    fn capacities_are_those_of_java() {
        for (size, wanted) in [
            (1, (16, 12)),
            (12, (16, 12)),
            (13, (32, 24)),
            (24, (32, 24)),
            (25, (64, 48)),
            (96, (128, 96)),
            (97, (256, 192)),
        ] {
            assert_eq!(capacity(size), Some(wanted), "{size}");
        }
        assert_eq!(capacity(3 << 28), Some((1 << 30, 3 << 28)));
        assert_eq!(capacity((3 << 28) + 1), None);
    }

    /// Over 65,535 bytes the length takes eight bytes.
    #[test]
    fn long_texts_have_long_lengths() {
        for (length, head) in
            [(65_535, &[STRING, 0xFF, 0xFF][..]), (65_536, &[LONG_STRING, 0, 0, 0, 0, 0, 1, 0, 0])]
        {
            let text = "x".repeat(length);
            let mut out = Vec::new();
            write_string(&text, &mut out);
            assert_eq!(&out[..head.len()], head);
            assert_eq!(out.len(), head.len() + length);
            let map = write_string_map(&[("a".to_owned(), Zeroizing::new(text.clone()))]).unwrap();
            assert_eq!(entries(&map), Some(vec![("a".to_owned(), text)]));
        }
    }

    #[test]
    fn lengths_that_lie_are_errors() {
        assert_eq!(entries(&file(0, &[])), Some(vec![]));
        assert_eq!(entries(&file(0xFF, &[])), None);
        assert_eq!(entries(&file(1, &[&[LONG_STRING][..], &[0xFF; 8]].concat())), None);
        assert_eq!(entries(&file(1, &[STRING, 0, 1, 0x80, NULL])), None);
        assert_eq!(entries(&file(1, &[STRING, 0, 3, 0xED, 0xA0, 0xBD, NULL])), None);
        assert_eq!(entries(&file(1, &[NULL, NULL])), None);
        assert_eq!(entries(&file(1, &[REFERENCE, 0, 0x7E, 0, 0, NULL])), None);
    }

    /// A reference takes five bytes, whatever it refers to.
    #[test]
    fn a_text_cannot_be_repeated_without_end() {
        let long = [&[STRING, 0, 200][..], &[b'x'; 200]].concat();
        // Handles 0 and 1 are the class and the map, 2 is the text.
        let again = [REFERENCE, 0, 0x7E, 0, 2];
        let twice = |times: usize| [long.clone(), again.repeat(times)].concat();
        assert_eq!(entries(&file(4, &twice(7))).map(|entries| entries.len()), Some(4));
        assert_eq!(entries(&file(100, &twice(199))), None);
    }

    #[test]
    fn very_many_texts_are_refused() {
        let bytes = [&START[..], &[0, 17], HASH_MAP].concat();
        let mut parser = Parser { bytes: &bytes, at: 0, texts: Vec::new(), handles: Vec::new() };
        parser.texts.resize_with(MAX_TEXTS, Zeroizing::default);
        assert!(parser.text(0).is_none());
        parser.texts.pop();
        assert!(parser.text(0).is_some());
    }
}
