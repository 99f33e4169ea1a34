//! How large the streams of a document become.
//!
//! The PDF library unpacks a stream as far as it goes, and a thousand bytes may unpack to a million,
//! twice over when packed twice. So each stream is measured before the library sees the document.
//! The file is searched for streams without trusting its tables, and every order in which its
//! filters may apply is tried.

use flate2::{Decompress, FlushDecompress, Status};
use hayro::hayro_syntax::object::Stream;
use weezl::{BitOrder, decode::Decoder as Lzw};

use crate::{Error, Limits};

/// A filter that can make data larger, or that stands before one that can.
#[derive(Clone, Copy, PartialEq)]
enum Filter {
    Flate,
    Lzw,
    RunLength,
    Hex,
    Ascii85,
}

/// Names of filters, also the short ones (ISO 32000-1, tables 6 and 94).
const NAMES: [(&[u8], Filter); 10] = [
    (b"/FlateDecode", Filter::Flate),
    (b"/Fl", Filter::Flate),
    (b"/LZWDecode", Filter::Lzw),
    (b"/LZW", Filter::Lzw),
    (b"/RunLengthDecode", Filter::RunLength),
    (b"/RL", Filter::RunLength),
    (b"/ASCIIHexDecode", Filter::Hex),
    (b"/AHx", Filter::Hex),
    (b"/ASCII85Decode", Filter::Ascii85),
    (b"/A85", Filter::Ascii85),
];

/// Names of the filters of pictures, which check sizes of their own, and of encryption.
const OTHERS: [&[u8]; 7] =
    [b"/DCTDecode", b"/DCT", b"/CCITTFaxDecode", b"/CCF", b"/JBIG2Decode", b"/JPXDecode", b"/Crypt"];

/// More filters on one stream than anybody needs.
const MOST_FILTERS: usize = 3;
/// What one byte becomes at most, by one filter (deflate: 258 bytes for two bits).
const RATIO: u64 = 1032;

const TOO_PACKED: Error = Error::Unsupported { what: "a PDF that is packed several times over" };

/// What single streams and those that are kept may unpack to.
#[derive(Clone, Copy)]
pub(super) struct Sizes {
    picture: u64,
    content: u64,
    kept: u64,
    together: u64,
}

impl Sizes {
    pub(super) fn new(limits: &Limits) -> Self {
        let memory = limits.memory;
        Sizes {
            picture: memory / 4,
            content: memory / 16,
            kept: memory / 4,
            together: memory.saturating_mul(4),
        }
    }

    /// What the contents of all pages may come to.
    pub(super) fn kept(self) -> u64 {
        self.kept
    }
}

/// Refuses a document with a stream that becomes too large.
pub(super) fn check(bytes: &[u8], limits: &Limits) -> Result<(), Error> {
    let sizes = Sizes::new(limits);
    if find(bytes, b"/Encrypt").is_some() {
        return check_encrypted(bytes, sizes);
    }
    check_words(bytes, sizes)?;
    let mut streams = Streams::new(bytes);
    let (mut kept, mut together) = (0, 0);
    while let Some((at, head)) = streams.next()? {
        let head = unescaped(head);
        let cap = if find(&head, b"/Image").is_some() { sizes.picture } else { sizes.content };
        let size = largest(&filters(&head)?, &bytes[at..], cap)?;
        together += size;
        kept += if is_kept(&head) { size } else { 0 };
        if kept > sizes.kept || together > sizes.together {
            return Err(Error::UnpacksTooLarge);
        }
    }
    Ok(())
}

/// Streams that the library unpacks when it opens a document, and keeps.
fn is_kept(head: &[u8]) -> bool {
    find(head, b"/ObjStm").is_some() || find(head, b"/XRef").is_some()
}

/// Measures what follows the word `stream` wherever it stands, with the filter of nearly all
/// streams: the library forgives more mistakes in dictionaries than are foreseen here.
fn check_words(bytes: &[u8], sizes: Sizes) -> Result<(), Error> {
    let (mut at, mut together) = (0, 0);
    while let Some(found) = find(&bytes[at..], STREAM) {
        let word = at + found;
        at = word + STREAM.len();
        if !bytes[..word].ends_with(b"end") {
            let data = &bytes[data_start(bytes, word)..];
            together += largest(&[Filter::Flate, Filter::Flate], data, sizes.picture)?;
        }
        if together > sizes.together {
            return Err(Error::UnpacksTooLarge);
        }
    }
    Ok(())
}

/// What is inside cannot be known without the key. Other streams are measured when they are used.
fn check_encrypted(bytes: &[u8], sizes: Sizes) -> Result<(), Error> {
    let mut streams = Streams::new(bytes);
    let mut kept: u64 = 0;
    while let Some((at, head)) = streams.next()? {
        let head = unescaped(head);
        if is_kept(&head) {
            let filters = filters(&head)?.len();
            let ratio = if filters > 1 { RATIO * RATIO } else { RATIO };
            kept = kept.saturating_add((length(&head, &bytes[at..]) as u64).saturating_mul(ratio));
        }
    }
    if kept > sizes.kept.saturating_mul(4) { Err(Error::UnpacksTooLarge) } else { Ok(()) }
}

/// The size of a stream of an opened document, whose bytes are decrypted.
pub(super) fn size(stream: &Stream<'_>, sizes: Sizes, is_picture: bool) -> Result<u64, Error> {
    use hayro::hayro_syntax::Filter as Named;
    let known = |filter: &Named| match filter {
        Named::FlateDecode => Some(Filter::Flate),
        Named::LzwDecode => Some(Filter::Lzw),
        Named::RunLengthDecode => Some(Filter::RunLength),
        Named::AsciiHexDecode => Some(Filter::Hex),
        Named::Ascii85Decode => Some(Filter::Ascii85),
        _ => None,
    };
    let filters: Vec<Filter> = stream.filters().iter().filter_map(known).collect();
    if filters.len() > MOST_FILTERS {
        return Err(TOO_PACKED);
    }
    largest(&filters, &stream.raw_data(), if is_picture { sizes.picture } else { sizes.content })
}

/// The dictionaries that streams follow, and where the data of each stream begins. Whatever looks
/// like the beginning of an object is taken for one.
struct Streams<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Bytes that may still be gone through: objects do not lie within each other.
    work: usize,
}

impl<'a> Streams<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Streams { bytes, at: 0, work: bytes.len().saturating_mul(4) + (1 << 20) }
    }

    /// The next object with a stream; an error when finding it takes too long.
    fn next(&mut self) -> Result<Option<(usize, &'a [u8])>, Error> {
        while let Some(found) = self.bytes.get(self.at..).and_then(|rest| find(rest, b"obj")) {
            let start = self.at + found + b"obj".len();
            self.at = start;
            let end = dictionary_end(self.bytes, start);
            let taken = end.map_or(self.bytes.len(), |end| end) - start;
            self.work = self.work.checked_sub(taken).ok_or(TOO_PACKED)?;
            let Some(end) = end else { continue };
            let after = blank_end(self.bytes, end);
            if self.bytes[after..].starts_with(STREAM) {
                return Ok(Some((data_start(self.bytes, after), &self.bytes[start..end])));
            }
        }
        Ok(None)
    }
}

const STREAM: &[u8] = b"stream";

/// Where the data begins after the word at `at`.
fn data_start(bytes: &[u8], at: usize) -> usize {
    let after = at + STREAM.len();
    match &bytes[after..] {
        [b'\r', b'\n', ..] => after + 2,
        [b'\r' | b'\n', ..] => after + 1,
        _ => after,
    }
}

/// The end of white space and comments.
fn blank_end(bytes: &[u8], mut at: usize) -> usize {
    loop {
        match bytes.get(at) {
            Some(0 | b'\t' | b'\n' | 0x0c | b'\r' | b' ') => at += 1,
            Some(b'%') => at = line_end(bytes, at),
            _ => return at,
        }
    }
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    let length = bytes[at..].iter().position(|byte| matches!(byte, b'\r' | b'\n'));
    length.map_or(bytes.len(), |length| at + length)
}

/// The end of the dictionary that begins at `at`; `None` when there is none.
fn dictionary_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut at = blank_end(bytes, at);
    let mut depth = 0;
    if !bytes[at..].starts_with(b"<<") {
        // Not even begun: nothing was gone through.
        return Some(at);
    }
    loop {
        at = match bytes.get(at..)? {
            [b'<', b'<', ..] => {
                depth += 1;
                at + 2
            }
            [b'>', b'>', ..] if depth == 1 => return Some(at + 2),
            [b'>', b'>', ..] => {
                depth -= 1;
                at + 2
            }
            [b'<', rest @ ..] => at + 2 + rest.iter().position(|&byte| byte == b'>')?,
            [b'(', ..] => string_end(bytes, at)?,
            [b'%', ..] => line_end(bytes, at),
            [] => return None,
            _ => at + 1,
        }
    }
}

fn string_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0;
    loop {
        match bytes.get(at)? {
            b'\\' => at += 1,
            b'(' => depth += 1,
            b')' if depth == 1 => return Some(at + 1),
            b')' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut at = 0;
    loop {
        at += bytes.get(at..)?.iter().position(|&byte| byte == first)?;
        if bytes[at..].starts_with(needle) {
            return Some(at);
        }
        at += 1;
    }
}

/// Names may hide their letters: `/Fl#61te`.
fn unescaped(head: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(head.len());
    let mut rest = head;
    while let [first, tail @ ..] = rest {
        let hex = |byte: u8| char::from(byte).to_digit(16);
        match (first, tail) {
            (b'#', [high, low, after @ ..]) if hex(*high).is_some() && hex(*low).is_some() => {
                let byte = hex(*high).zip(hex(*low)).map_or(0, |(high, low)| high * 16 + low);
                plain.push(byte as u8);
                rest = after;
            }
            _ => {
                plain.push(*first);
                rest = tail;
            }
        }
    }
    plain
}

/// The filters that a dictionary names, in order.
fn filters(head: &[u8]) -> Result<Vec<Filter>, Error> {
    let mut filters = Vec::new();
    let mut at = 0;
    let (mut has_filter, mut is_named) = (false, false);
    while let Some(slash) = find(&head[at..], b"/") {
        at += slash;
        let is_end = |byte: &&u8| !byte.is_ascii_alphanumeric();
        let end = head[at + 1..].iter().position(|byte| is_end(&byte)).map_or(head.len(), |end| at + 1 + end);
        let name = &head[at..end];
        filters.extend(NAMES.iter().filter(|(known, _)| *known == name).map(|(_, filter)| *filter));
        has_filter |= matches!(name, b"/Filter" | b"/F");
        is_named |= OTHERS.contains(&name);
        at += 1;
    }
    if has_filter && filters.is_empty() && !is_named {
        // The names are elsewhere in the file.
        return Ok(vec![Filter::Flate, Filter::Lzw, Filter::RunLength]);
    }
    if filters.len() > MOST_FILTERS { Err(TOO_PACKED) } else { Ok(filters) }
}

/// The length that a dictionary gives, or as far as the next end, whichever is more.
fn length(head: &[u8], data: &[u8]) -> usize {
    let ended = find(data, b"endstream").unwrap_or(data.len());
    let given = find(head, b"/Length").map(|at| head[at + 7..].trim_ascii_start());
    let number = given.map_or(0, |text| {
        let digits = text.iter().take_while(|byte| byte.is_ascii_digit());
        digits.fold(0, |sum: usize, digit| sum.saturating_mul(10).saturating_add(usize::from(digit - b'0')))
    });
    ended.max(number).min(data.len())
}

/// The largest size that the data has after some of the filters in their order.
fn largest(filters: &[Filter], data: &[u8], cap: u64) -> Result<u64, Error> {
    let Some((&first, rest)) = filters.split_first() else { return Ok(0) };
    let without = largest(rest, data, cap)?;
    if rest.is_empty() {
        let mut size = 0;
        let within = unpack(first, data, &mut |piece| {
            size += piece.len() as u64;
            size <= cap
        });
        return if within { Ok(size.max(without)) } else { Err(Error::UnpacksTooLarge) };
    }
    let mut unpacked = Vec::new();
    let within = unpack(first, data, &mut |piece| {
        unpacked.extend_from_slice(piece);
        unpacked.len() as u64 <= cap
    });
    if !within {
        return Err(Error::UnpacksTooLarge);
    }
    Ok(largest(rest, &unpacked, cap)?.max(unpacked.len() as u64).max(without))
}

/// Hands what a filter makes of the data to `take` until that wants no more; whether it took all.
fn unpack(filter: Filter, data: &[u8], take: &mut dyn FnMut(&[u8]) -> bool) -> bool {
    match filter {
        Filter::Flate => inflate(data, take),
        Filter::Lzw => lzw(data, take),
        Filter::RunLength => run_length(data, take),
        Filter::Hex => hex(data, take),
        Filter::Ascii85 => ascii_85(data, take),
    }
}

fn inflate(data: &[u8], take: &mut dyn FnMut(&[u8]) -> bool) -> bool {
    let is_zlib = matches!(data, [method, flags, ..]
        if method & 15 == 8 && (u16::from(*method) << 8 | u16::from(*flags)) % 31 == 0);
    let mut state = Decompress::new(is_zlib);
    let mut buffer = vec![0; 1 << 16];
    loop {
        let (read, made) = (state.total_in(), state.total_out());
        let rest = data.get(read as usize..).unwrap_or_default();
        let status = state.decompress(rest, &mut buffer, FlushDecompress::None);
        let length = (state.total_out() - made) as usize;
        if !take(&buffer[..length]) {
            return false;
        }
        let stuck = length == 0 && state.total_in() == read;
        if stuck || !matches!(status, Ok(Status::Ok | Status::BufError)) {
            return true;
        }
    }
}

fn lzw(data: &[u8], take: &mut dyn FnMut(&[u8]) -> bool) -> bool {
    let mut state = Lzw::with_tiff_size_switch(BitOrder::Msb, 8);
    let mut buffer = vec![0; 1 << 16];
    let mut rest = data;
    loop {
        let step = state.decode_bytes(rest, &mut buffer);
        rest = rest.get(step.consumed_in..).unwrap_or_default();
        if !take(&buffer[..step.consumed_out]) {
            return false;
        }
        let stuck = step.consumed_in == 0 && step.consumed_out == 0;
        if stuck || !matches!(step.status, Ok(weezl::LzwStatus::Ok)) {
            return true;
        }
    }
}

fn run_length(data: &[u8], take: &mut dyn FnMut(&[u8]) -> bool) -> bool {
    let mut rest = data;
    while let [length, tail @ ..] = rest {
        let (piece, after) = match (usize::from(*length), tail) {
            (128, _) => return true,
            (length @ ..128, tail) => {
                let (piece, after) = tail.split_at(tail.len().min(length + 1));
                (piece.to_vec(), after)
            }
            (length, [byte, after @ ..]) => (vec![*byte; 257 - length], after),
            (_, []) => return true,
        };
        if !take(&piece) {
            return false;
        }
        rest = after;
    }
    true
}

fn hex(data: &[u8], take: &mut dyn FnMut(&[u8]) -> bool) -> bool {
    let digits = data.iter().take_while(|&&byte| byte != b'>');
    let digits: Vec<u8> =
        digits.filter_map(|&byte| char::from(byte).to_digit(16)).map(|digit| digit as u8).collect();
    let bytes: Vec<u8> = digits.chunks(2).map(|pair| pair[0] << 4 | pair.get(1).unwrap_or(&0)).collect();
    take(&bytes)
}

fn ascii_85(data: &[u8], take: &mut dyn FnMut(&[u8]) -> bool) -> bool {
    let mut group = Vec::new();
    let mut bytes = Vec::new();
    for &byte in data.iter().take_while(|&&byte| byte != b'~') {
        match byte {
            b'z' if group.is_empty() => bytes.extend([0; 4]),
            b'!'..=b'u' => group.push(u32::from(byte - b'!')),
            _ => continue,
        }
        if group.len() == 5 {
            let number = group.drain(..).fold(0u32, |sum, digit| sum.wrapping_mul(85).wrapping_add(digit));
            bytes.extend(number.to_be_bytes());
        }
        if bytes.len() >= 1 << 16 && !take(&std::mem::take(&mut bytes)) {
            return false;
        }
    }
    // The last group is shorter; its bytes do not change what follows much.
    let missing = 5 - group.len();
    let number = group.iter().copied().chain(std::iter::repeat_n(84, missing));
    let number = number.fold(0u32, |sum, digit| sum.wrapping_mul(85).wrapping_add(digit));
    bytes.extend(number.to_be_bytes().iter().take(4usize.saturating_sub(missing)));
    take(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(data: &[u8]) -> Vec<u8> {
        use std::io::Write;
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn every_filter_is_measured() {
        let data = b"canary canary canary canary canary ".repeat(40);
        let sizes = |filters: &[Filter], data: &[u8]| largest(filters, data, 10_000).unwrap();
        assert_eq!(sizes(&[Filter::Flate], &packed(&data)), 1400);
        let hex: String = packed(&data).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(sizes(&[Filter::Hex, Filter::Flate], hex.as_bytes()), 1400);
        // Whatever stands in the way, the filter that makes it large is tried.
        assert_eq!(sizes(&[Filter::Hex, Filter::Flate], &packed(&data)), 1400);
        assert_eq!(sizes(&[Filter::RunLength], &[0, 7, 129, 8, 128, 3, 3]), 129);
        assert_eq!(sizes(&[Filter::Ascii85], b"z87cURD]~>"), 4 + 5);
        let mut coder = weezl::encode::Encoder::with_tiff_size_switch(BitOrder::Msb, 8);
        assert_eq!(sizes(&[Filter::Lzw], &coder.encode(&data).unwrap()), 1400);
        let bomb = packed(&packed(&vec![0; 100_000]));
        assert_eq!(largest(&[Filter::Flate, Filter::Flate], &bomb, 10_000), Err(Error::UnpacksTooLarge));
    }

    #[test]
    fn names_are_found_however_they_are_written() {
        let one = |head: &[u8]| filters(&unescaped(head)).unwrap().len();
        assert_eq!(one(b"<</Filter/FlateDecode/DecodeParms<</Predictor 12>>>>"), 1);
        assert_eq!(one(b"<</Filter [ /A85 /Fl ]>>"), 2);
        assert_eq!(one(b"<</Fil#74er/Flate#44ecode>>"), 1);
        assert_eq!(one(b"<</Filter/DCTDecode/Length 5>>"), 0);
        assert_eq!(one(b"<</Filter 9 0 R/DecodeParms 8 0 R>>"), 3);
        assert_eq!(one(b"<</Length 5>>"), 0);
    }

    #[test]
    fn streams_are_found_with_what_stands_before_them() {
        let file = b"1 0 obj<</A(x\\)>>endobj)>>stream\r\nAB\nendstream endobj 2 0 obj <</B<</C<3E>>>>>% >>\nstream\nC\
            endstream 3 0 obj [] endobj 4 0 obj <<";
        let mut streams = Streams::new(file);
        let (at, head) = streams.next().unwrap().unwrap();
        assert!(file[at..].starts_with(b"AB") && head == b"<</A(x\\)>>endobj)>>");
        let (at, head) = streams.next().unwrap().unwrap();
        assert!(file[at..].starts_with(b"C") && head == b" <</B<</C<3E>>>>>");
        assert_eq!(streams.next(), Ok(None));
        // Beginnings without end take no more than a few looks at the file.
        assert_eq!(Streams::new(&b"obj<<".repeat(100_000)).next(), Err(TOO_PACKED));
    }
}
