//! Property lists in DER, as Apple's keychain has them: a set of pairs for a dictionary. Source: `der_plist.c` of Apple's
//! Security framework.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use zeroize::Zeroizing;

use super::{MAX_DEPTH, Value};

const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const DATA: u8 = 0x04;
const NULL: u8 = 0x05;
const TEXT: u8 = 0x0c;
const DATE: u8 = 0x18;
const ARRAY: u8 = 0x30;
const DICTIONARY: u8 = 0x31;
/// A set, which is an array to us.
const SET: u8 = 0xf1;

/// Reads a list; `None` when it is damaged, has more behind it, or is deeper than any real one.
pub(super) fn read(bytes: &[u8]) -> Option<Value<'_>> {
    let (value, rest) = value(bytes, 0)?;
    rest.is_empty().then_some(value)
}

fn value(bytes: &[u8], depth: usize) -> Option<(Value<'_>, &[u8])> {
    let (tag, body, rest) = element(bytes)?;
    let value = match tag {
        BOOLEAN => match body {
            [0] => Value::Boolean(false),
            [0xff] => Value::Boolean(true),
            _ => return None,
        },
        INTEGER => Value::Integer(integer(body)?),
        DATA => Value::Data(Cow::Borrowed(body)),
        NULL => Value::Other,
        TEXT => Value::Text(text(body)?),
        DATE => date(body).map_or(Value::Other, Value::Date),
        ARRAY | SET => Value::Array(items(body, depth)?),
        DICTIONARY => Value::Dictionary(members(body, depth)?),
        _ => return None,
    };
    Some((value, rest))
}

/// Tag, content, and what follows. Only lengths that are stated, in their shortest form.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let [tag, first, rest @ ..] = bytes else { return None };
    let (length, rest) = match *first {
        short @ ..0x80 => (usize::from(short), rest),
        long => {
            let (digits, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            let is_shortest = digits.first().is_some_and(|digit| *digit != 0) && digits.len() <= 4;
            let length = digits.iter().fold(0_usize, |sum, digit| sum.wrapping_shl(8) | usize::from(*digit));
            ((is_shortest && length >= 0x80).then_some(length)?, rest)
        }
    };
    let (body, rest) = rest.split_at_checked(length)?;
    Some((*tag, body, rest))
}

fn integer(body: &[u8]) -> Option<i128> {
    let is_negative = *body.first()? >= 0x80;
    let start = if is_negative { -1_i128 } else { 0 };
    (body.len() <= 16).then(|| body.iter().fold(start, |sum, byte| sum.wrapping_shl(8) | i128::from(*byte)))
}

fn text(body: &[u8]) -> Option<Zeroizing<String>> {
    std::str::from_utf8(body).ok().map(|text| Zeroizing::new(text.to_owned()))
}

/// `20260101000000Z`, with a fraction or without.
fn date(body: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(body).ok()?.strip_suffix('Z')?;
    let format = if text.contains('.') { "%Y%m%d%H%M%S%.f" } else { "%Y%m%d%H%M%S" };
    let time = DateTime::strptime(format, text).ok()?;
    time.to_zoned(TimeZone::UTC).ok().map(|time| time.timestamp())
}

fn items(mut body: &[u8], depth: usize) -> Option<Vec<Value<'_>>> {
    let depth = deeper(depth)?;
    let mut items = Vec::new();
    while !body.is_empty() {
        let (item, rest) = value(body, depth)?;
        items.push(item);
        body = rest;
    }
    Some(items)
}

fn members(mut body: &[u8], depth: usize) -> Option<Vec<(Zeroizing<String>, Value<'_>)>> {
    let depth = deeper(depth)?;
    let mut members = Vec::new();
    while !body.is_empty() {
        let (ARRAY, pair, rest) = element(body)? else { return None };
        let (TEXT, key, member) = element(pair)? else { return None };
        let (member, behind) = value(member, depth)?;
        members.push((text(key).filter(|_| behind.is_empty())?, member));
        body = rest;
    }
    Some(members)
}

fn deeper(depth: usize) -> Option<usize> {
    depth.checked_add(1).filter(|depth| *depth <= MAX_DEPTH)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        data_encoding::HEXLOWER.decode(text.replace(' ', "").as_bytes()).unwrap()
    }

    #[test]
    fn every_kind_of_value() {
        let members = [
            "30 06 0c01 61 0101ff",
            "30 07 0c01 62 0202ff80",
            "30 07 0c01 63 04027879",
            "30 14 0c01 64 180f 32303236303130313030303030305a",
            "30 18 0c01 65 1813 32303236303130313030303030302e3132335a",
            "30 05 0c01 66 0500",
            "30 0b 0c01 67 3006 0c0178 020107",
        ];
        let body = members.concat().replace(' ', "");
        let bytes = hex(&format!("31{:02x}{body}", body.len() / 2));
        let list = read(&bytes).unwrap();
        assert_eq!(list.keys().collect::<Vec<_>>(), ["a", "b", "c", "d", "e", "f", "g"]);
        assert!(matches!(list.get("a"), Some(Value::Boolean(true))));
        assert!(matches!(list.get("b"), Some(Value::Integer(-128))));
        assert_eq!(list.get("c").unwrap().data(), Some(b"xy".as_slice()));
        assert_eq!(list.get("d").unwrap().date().unwrap().to_string(), "2026-01-01T00:00:00Z");
        assert_eq!(list.get("e").unwrap().date().unwrap().to_string(), "2026-01-01T00:00:00.123Z");
        assert!(matches!(list.get("f"), Some(Value::Other)));
        let [name, Value::Integer(7)] = list.get("g").unwrap().items() else { panic!("two items") };
        assert_eq!(name.text(), Some("x"));
        for end in 0..bytes.len() {
            assert!(read(&bytes[..end]).is_none(), "{end}");
        }
    }

    #[test]
    fn what_is_no_list() {
        for text in [
            "",
            "31",
            "3180 0000",
            "318101 00",
            "31850000000100",
            "0500 00",
            "0c01ff",
            "010101",
            "3103 020107",
            "7e00",
        ] {
            assert!(read(&hex(text)).is_none(), "{text}");
        }
        let deep = |depth: usize| {
            let mut bytes = hex("0500");
            for _ in 0..depth {
                bytes.splice(0..0, [0x30, u8::try_from(bytes.len()).unwrap()]);
            }
            bytes
        };
        assert!(read(&deep(MAX_DEPTH)).is_some() && read(&deep(MAX_DEPTH + 1)).is_none());
    }
}
