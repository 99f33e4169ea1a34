//! A property list as a tree.

use std::borrow::Cow;
use std::collections::HashSet;

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::list::{List, Object, References};
use super::{MAX_DEPTH, der, sniff, xml};

/// Most values, and most bytes of text: the keychain of a phone of many years has a million.
const MAX_VALUES: usize = 4_000_000;
const MAX_TEXT: usize = 64 << 20;
/// What a short list may have more.
const SHORT: usize = 1024;
/// Seconds from 1970 to 2001, which Apple counts from.
const EPOCH: f64 = 978_307_200.0;

/// One value of a property list.
#[derive(Clone)]
pub(crate) enum Value<'a> {
    Text(Zeroizing<String>),
    Data(Cow<'a, [u8]>),
    Integer(i128),
    Boolean(bool),
    Date(Timestamp),
    Array(Vec<Self>),
    Dictionary(Vec<(Zeroizing<String>, Self)>),
    /// Anything else: null, fractions, references of an archive.
    Other,
}

impl<'a> Value<'a> {
    /// Reads a list, binary or text. `None` when it is none, damaged, deeper than any real one, or refers to its own
    /// parts so often that it would be larger than its file.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        if !sniff(bytes) {
            return xml::read(bytes);
        }
        let list = List::open(bytes)?;
        let mut tree = Tree {
            list: &list,
            // Each value that is not in a repeated container is referred to by a byte of its own.
            values: bytes.len().saturating_add(SHORT).min(MAX_VALUES),
            // The same text is kept once and referred to often.
            text: bytes.len().saturating_add(SHORT).saturating_mul(64).min(MAX_TEXT),
            within: HashSet::new(),
        };
        tree.value(list.top)
    }

    /// Reads a list in DER; `None` as above.
    pub(crate) fn read_der(bytes: &'a [u8]) -> Option<Self> {
        der::read(bytes)
    }

    /// A member of a dictionary.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Dictionary(members) => {
                members.iter().find(|(key, _)| key.as_str() == name).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn data(&self) -> Option<&[u8]> {
        match self {
            Self::Data(data) => Some(data),
            _ => None,
        }
    }

    pub(crate) fn date(&self) -> Option<Timestamp> {
        match self {
            Self::Date(date) => Some(*date),
            _ => None,
        }
    }

    /// The items of an array; none of anything else.
    pub(crate) fn items(&self) -> &[Self] {
        match self {
            Self::Array(items) => items,
            _ => &[],
        }
    }

    /// The names of a dictionary's members; none of anything else.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        let members: &[_] = match self {
            Self::Dictionary(members) => members,
            _ => &[],
        };
        members.iter().map(|(key, _)| key.as_str())
    }

    /// Every text in it, in order; the names of members are none.
    pub(crate) fn texts(&self) -> Vec<&str> {
        match self {
            Self::Text(text) => vec![text],
            Self::Array(items) => items.iter().flat_map(Self::texts).collect(),
            Self::Dictionary(members) => members.iter().flat_map(|(_, value)| value.texts()).collect(),
            _ => Vec::new(),
        }
    }
}

/// Seconds since the beginning of 2001.
fn date(seconds: f64) -> Option<Timestamp> {
    let since_1970 = jiff::SignedDuration::try_from_secs_f64(seconds + EPOCH).ok()?;
    Timestamp::from_duration(since_1970).ok()
}

/// A tree that is being made of a binary list.
struct Tree<'l, 'a> {
    list: &'l List<'a>,
    /// Values that it may still have.
    values: usize,
    /// Bytes of text that it may still have.
    text: usize,
    /// Containers around the value: one that is in itself has no end.
    within: HashSet<usize>,
}

impl<'a> Tree<'_, 'a> {
    fn value(&mut self, index: usize) -> Option<Value<'a>> {
        self.values = self.values.checked_sub(1)?;
        Some(match self.list.object(index)? {
            Object::Text(text) => {
                self.text = self.text.checked_sub(text.len())?;
                Value::Text(text)
            }
            Object::Data(data) => Value::Data(Cow::Borrowed(data)),
            Object::Integer(number) => Value::Integer(number),
            Object::Boolean(truth) => Value::Boolean(truth),
            Object::Date(seconds) => date(seconds).map_or(Value::Other, Value::Date),
            Object::Array(items) => {
                self.enter(index)?;
                let items = (0..items.count).map(|at| self.item(items, at)).collect::<Option<_>>()?;
                self.within.remove(&index);
                Value::Array(items)
            }
            Object::Dictionary(keys, values) => {
                self.enter(index)?;
                let members =
                    (0..keys.count).map(|at| self.member(keys, values, at)).collect::<Option<_>>()?;
                self.within.remove(&index);
                Value::Dictionary(members)
            }
            Object::Real(_) | Object::Uid(_) | Object::Other => Value::Other,
        })
    }

    fn item(&mut self, items: References, at: usize) -> Option<Value<'a>> {
        self.value(self.list.reference(items, at)?)
    }

    fn member(
        &mut self,
        keys: References,
        values: References,
        at: usize,
    ) -> Option<(Zeroizing<String>, Value<'a>)> {
        let Value::Text(key) = self.item(keys, at)? else { return None };
        Some((key, self.item(values, at)?))
    }

    fn enter(&mut self, index: usize) -> Option<()> {
        (self.within.len() < MAX_DEPTH && self.within.insert(index)).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by Python's `plistlib`: `{"a": [1, True, b"xy", date(2026, 1, 1)], "b": {"c": "d"}}`.
    const BINARY: &str = concat!(
        "62706c6973743030d20102030851615162a4040506071001094278793341c782f840000000d1090a51635164080d0f111618",
        "191c25282a0000000000000101000000000000000b0000000000000000000000000000002c",
    );

    fn is_the_list(value: &Value<'_>) {
        let [number, truth, data, date] = value.get("a").unwrap().items() else { panic!("four items") };
        assert!(matches!(number, Value::Integer(1)));
        assert!(matches!(truth, Value::Boolean(true)));
        assert_eq!(data.data(), Some(b"xy".as_slice()));
        assert_eq!(date.date().unwrap().to_string(), "2026-01-01T00:00:00Z");
        assert_eq!(value.get("b").unwrap().get("c").unwrap().text(), Some("d"));
        assert_eq!(value.keys().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(value.texts(), ["d"]);
    }

    fn bytes(hex: &str) -> Vec<u8> {
        data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap()
    }

    #[test]
    fn a_binary_list() {
        is_the_list(&Value::read(&bytes(BINARY)).unwrap());
        for end in 0..BINARY.len() / 2 {
            assert!(Value::read(&bytes(BINARY)[..end]).is_none(), "{end}");
        }
    }

    /// Binary lists of these objects, each referred to with one byte.
    fn list(objects: &[&[u8]]) -> Vec<u8> {
        let (mut out, mut offsets) = (b"bplist00".to_vec(), Vec::new());
        for object in objects {
            offsets.push(u8::try_from(out.len()).unwrap());
            out.extend_from_slice(object);
        }
        let table = u64::try_from(out.len()).unwrap();
        out.extend_from_slice(&offsets);
        out.extend_from_slice(&[0, 0, 0, 0, 0, 0, 1, 1]);
        for number in [u64::try_from(objects.len()).unwrap(), 0, table] {
            out.extend_from_slice(&number.to_be_bytes());
        }
        out
    }

    /// Every dictionary refers to the same long names, as property lists keep each text once.
    #[test]
    fn texts_that_are_shared_are_no_bomb() {
        let name = [b"\x5f\x10\x40".as_slice(), &[b'n'; 64]].concat();
        let rows = vec![0xd1, 2, 3];
        let mut top = vec![0xaf, 0x10, 100];
        top.extend(vec![1; 100]);
        let bytes = list(&[&top, &rows, &name, b"\x51v"]);
        let value = Value::read(&bytes).unwrap();
        assert_eq!((value.items().len(), value.texts().len()), (100, 100));
    }

    /// Of a character of two units, the first alone.
    #[test]
    fn a_text_that_was_cut_is_none_and_spoils_nothing() {
        let bytes = list(&[b"\xa2\x01\x02", b"\x62\x00a\xd8\x3d", b"\x62\xd8\x3d\xdd\x11"]);
        let value = Value::read(&bytes).unwrap();
        assert_eq!(value.items().iter().map(Value::text).collect::<Vec<_>>(), [None, Some("🔑")]);
    }

    #[test]
    fn circles_and_lists_that_grow_without_end() {
        assert_eq!(Value::read(&list(&[b"\xa1\x01", b"\x10\x07"])).unwrap().items().len(), 1);
        assert!(Value::read(&list(&[b"\xa1\x00"])).is_none());
        assert!(Value::read(&list(&[b"\xa1\x01", b"\xa1\x00"])).is_none());
        let doubled: Vec<Vec<u8>> = (1..31).map(|next| vec![0xa2, next, next]).collect();
        let mut objects: Vec<&[u8]> = doubled.iter().map(Vec::as_slice).collect();
        objects.push(b"\x10\x07");
        assert!(Value::read(&list(&objects)).is_none());
    }
}
