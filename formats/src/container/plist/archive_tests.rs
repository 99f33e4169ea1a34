use super::super::MAGIC;
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
        assert_eq!((root.is_broken("a"), read, root.is_broken("b")), (broken, number, false), "{value:?}");
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
