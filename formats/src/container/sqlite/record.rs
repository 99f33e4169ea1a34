//! Rows as stored (file format document, "Record Format").

use super::text::TextEncoding;
use super::value::Value;

/// A value still in the bytes of its record.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum RawValue<'r> {
    Null,
    Integer(i64),
    Real(f64),
    Text(&'r [u8]),
    Blob(&'r [u8]),
}

impl RawValue<'_> {
    /// The value on its own, or the rule its text breaks.
    pub(super) fn decode(self, encoding: TextEncoding) -> Result<Value, &'static str> {
        Ok(match self {
            Self::Null => Value::Null,
            Self::Integer(number) => Value::Integer(number),
            Self::Real(number) => Value::Real(number),
            Self::Text(bytes) => {
                let text = encoding.decode(bytes);
                Value::Text(text.ok_or("text is not valid in the database's encoding")?)
            }
            Self::Blob(bytes) => Value::Blob(bytes.to_vec()),
        })
    }
}

/// The first `limit` values of a record, or the rule the record breaks.
pub(super) fn values(payload: &[u8], limit: usize) -> Result<Vec<RawValue<'_>>, &'static str> {
    let (mut types, mut body) = split_header(payload).ok_or("record header length")?;
    let mut values = Vec::new();
    while !types.is_empty() && values.len() < limit {
        let (serial, later_types) = varint(types).ok_or("record header ends inside a type")?;
        let (value, later_body) = value(serial, body)?;
        values.push(value);
        (types, body) = (later_types, later_body);
    }
    if types.is_empty() && !body.is_empty() {
        return Err("record longer than its values");
    }
    Ok(values)
}

/// The serial types and the body. The header's length includes the varint
/// that states it.
fn split_header(payload: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, after_len) = varint(payload)?;
    let len_of_len = payload.len().checked_sub(after_len.len())?;
    let types_len = usize::try_from(len).ok()?.checked_sub(len_of_len)?;
    after_len.split_at_checked(types_len)
}

/// The value of a serial type at the start of `body`, and the rest of it.
fn value(serial: u64, body: &[u8]) -> Result<(RawValue<'_>, &[u8]), &'static str> {
    let len = content_len(serial).ok_or("reserved serial type")?;
    let (content, rest) = body.split_at_checked(len).ok_or("value longer than its record")?;
    let value = match serial {
        0 => RawValue::Null,
        1..=6 => RawValue::Integer(integer(content)),
        7 => real(content),
        8 => RawValue::Integer(0),
        9 => RawValue::Integer(1),
        even if even.is_multiple_of(2) => RawValue::Blob(content),
        _ => RawValue::Text(content),
    };
    Ok((value, rest))
}

/// "Serial Type Codes Of The Record Format". A length too large for memory
/// is as wrong as one too large for the record.
fn content_len(serial: u64) -> Option<usize> {
    match serial {
        0 | 8 | 9 => Some(0),
        1..=4 => usize::try_from(serial).ok(),
        5 => Some(6),
        6 | 7 => Some(8),
        // 10 and 11 are "reserved for internal use".
        _ => usize::try_from(serial.checked_sub(12)?.div_euclid(2)).ok(),
    }
}

/// A big-endian two's complement number of 1 to 8 bytes.
fn integer(content: &[u8]) -> i64 {
    let negative = content.first().is_some_and(|byte| *byte >= 0x80);
    let sign = if negative { -1_i64 } else { 0 };
    content.iter().fold(sign, |number, byte| number.wrapping_shl(8) | i64::from(*byte))
}

/// SQLite has no NaN: it reads one as `NULL`.
fn real(content: &[u8]) -> RawValue<'_> {
    let number = content.first_chunk().map_or(f64::NAN, |bytes| f64::from_be_bytes(*bytes));
    if number.is_nan() { RawValue::Null } else { RawValue::Real(number) }
}

/// A variable-length integer and what follows it: seven bits per byte while
/// the high bit is set, all eight bits of a ninth byte ("B-tree Pages").
pub(super) fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0_u64;
    let mut rest = bytes;
    for _ in 0..8 {
        let (byte, later) = rest.split_first()?;
        rest = later;
        number = number.wrapping_shl(7) | u64::from(byte & 0x7f);
        if *byte < 0x80 {
            return Some((number, rest));
        }
    }
    let (byte, rest) = rest.split_first()?;
    Some((number.wrapping_shl(8) | u64::from(*byte), rest))
}

#[cfg(test)]
mod tests {
    use super::super::text::TextEncoding;
    use super::{RawValue, values, varint};

    #[test]
    fn varints_of_each_length() {
        let cases: [(&[u8], u64); 7] = [
            (&[0x00], 0),
            (&[0x7f], 127),
            (&[0x81, 0x00], 128),
            (&[0xff, 0x7f], 16_383),
            (&[0x81, 0x80, 0x00], 16_384),
            (&[0x80, 0x01], 1),
            (&[0xff; 9], u64::MAX),
        ];
        for (bytes, number) in cases {
            assert_eq!(varint(bytes), Some((number, &[][..])));
        }
        let eight_and_all_bits = [0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x05, 9];
        assert_eq!(varint(&eight_and_all_bits), Some(((1 << 57) | 5, &[9][..])));
        assert_eq!(varint(&[]), None);
        assert_eq!(varint(&[0x81]), None);
        assert_eq!(varint(&[0xff; 8]), None);
    }

    #[test]
    fn integers_of_each_width() {
        let record = [
            7, 1, 2, 3, 4, 5, 6,    // header
            0xfe, // -2
            0x80, 0x00, // -32768
            0x7f, 0xff, 0xff, // 8388607
            0xff, 0xff, 0xff, 0x00, // -256
            0x00, 0x01, 0x00, 0x00, 0x00, 0x00, // 2^32
            0x80, 0, 0, 0, 0, 0, 0, 0, // the smallest
        ];
        let expected = [-2, -32_768, 8_388_607, -256, 1 << 32, i64::MIN].map(RawValue::Integer);
        assert_eq!(values(&record, 9), Ok(expected.to_vec()));
    }

    #[test]
    fn the_other_serial_types() {
        let record = [
            7, 0, 8, 9, 7, 17, 16, // header
            0xc0, 0x04, 0, 0, 0, 0, 0, 0, // -2.5
            b'h', b'i', 0xff, 0xfe,
        ];
        let expected = [
            RawValue::Null,
            RawValue::Integer(0),
            RawValue::Integer(1),
            RawValue::Real(-2.5),
            RawValue::Text(b"hi"),
            RawValue::Blob(&[0xff, 0xfe]),
        ];
        assert_eq!(values(&record, 9), Ok(expected.to_vec()));
        assert_eq!(values(&record, 2), Ok(expected[..2].to_vec()));
    }

    #[test]
    fn nan_is_null() {
        let record = [2, 7, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0];
        assert_eq!(values(&record, 9), Ok(vec![RawValue::Null]));
    }

    #[test]
    fn broken_records_are_errors() {
        let broken: [&[u8]; 9] = [
            &[],
            &[0],             // header shorter than its own length field
            &[3, 1],          // header longer than the record
            &[2, 1],          // body missing
            &[2, 10],         // reserved
            &[2, 11],         // reserved
            &[2, 8, 1],       // body left over
            &[2, 0x81, 1, 1], // header ends inside a varint
            &[10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ];
        for record in broken {
            assert!(values(record, 9).is_err(), "{record:?}");
        }
    }

    #[test]
    fn invalid_text_is_an_error() {
        assert!(RawValue::Text(b"\xff").decode(TextEncoding::Utf8).is_err());
    }
}
