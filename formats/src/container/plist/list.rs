//! The objects of a binary property list, each read where it is when it is asked for.

use zeroize::Zeroizing;

use super::{MAX_MEMBERS, sniff};

/// Bytes at the end that describe the rest.
const TRAILER: usize = 32;

/// A property list.
pub(super) struct List<'a> {
    bytes: &'a [u8],
    /// Where the table of offsets is, and how long one is.
    offsets: usize,
    offset_size: usize,
    reference_size: usize,
    pub(super) count: usize,
    pub(super) top: usize,
}

/// References to objects, as they stand in the file.
#[derive(Clone, Copy)]
pub(super) struct References {
    start: usize,
    pub(super) count: usize,
}

#[derive(Clone)]
pub(super) enum Object<'a> {
    Integer(i128),
    Real(f64),
    Boolean(bool),
    /// Seconds since the beginning of 2001.
    Date(f64),
    Data(&'a [u8]),
    Text(Zeroizing<String>),
    Uid(usize),
    Array(References),
    Dictionary(References, References),
    Other,
}

impl<'a> List<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Option<Self> {
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

    pub(super) fn object(&self, index: usize) -> Option<Object<'a>> {
        let at = self.place(index)?;
        let marker = *self.bytes.get(at)?;
        let low = usize::from(marker & 0x0f);
        let body = at.checked_add(1)?;
        match marker >> 4 {
            0x1 => self.integer(body, low).map(Object::Integer),
            0x0 if low == 0x8 || low == 0x9 => Some(Object::Boolean(low == 0x9)),
            0x2 => self.real(body, low).map(Object::Real),
            0x3 => self.real(body, low).map(Object::Date),
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

    fn real(&self, at: usize, power: usize) -> Option<f64> {
        let bytes = self.bytes.get(at..)?;
        match power {
            2 => bytes.first_chunk().map(|bytes| f32::from_be_bytes(*bytes).into()),
            3 => bytes.first_chunk().map(|bytes| f64::from_be_bytes(*bytes)),
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
        // Apps cut texts within a character: that one is none, and the others are as they are.
        Some(text.map_or(Object::Other, |text| Object::Text(Zeroizing::new(text))))
    }

    pub(super) fn reference(&self, references: References, index: usize) -> Option<usize> {
        if index >= references.count {
            return None;
        }
        let at = references.start.checked_add(index.checked_mul(self.reference_size)?)?;
        usize::try_from(unsigned(self.bytes, at, self.reference_size)?).ok()
    }

    pub(super) fn member(&self, object: &Object<'a>, name: &str) -> Option<Object<'a>> {
        self.object(self.member_index(object, name)?)
    }

    pub(super) fn member_index(&self, object: &Object<'a>, name: &str) -> Option<usize> {
        let Object::Dictionary(keys, values) = object else { return None };
        let at = (0..keys.count.min(MAX_MEMBERS))
            .find(|at| self.reference(*keys, *at).is_some_and(|key| self.is_text(key, name)))?;
        self.reference(*values, at)
    }

    /// Whether an object is this text of ASCII characters. A text of another length is not read: keys
    /// are looked at again and again, and one can be as long as the file.
    pub(super) fn is_text(&self, index: usize, name: &str) -> bool {
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
