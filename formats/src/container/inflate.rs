//! Streams that gzip or zlib packed, read until behind their end: what follows them is not passed over.

use std::error::Error;
use std::fmt;
use std::io::{self, BufRead, Read};
use std::mem;

use flate2::bufread::{GzDecoder, ZlibDecoder};

/// The content of a gzip file, its members as one. Zeros may fill the file up.
pub(crate) struct Gunzip<'a> {
    member: GzDecoder<Box<dyn BufRead + 'a>>,
    /// Whether a whole member came before this one.
    is_later: bool,
}

impl<'a> Gunzip<'a> {
    pub(crate) fn new(packed: impl BufRead + 'a) -> Self {
        Self { member: GzDecoder::new(Box::new(packed)), is_later: false }
    }

    /// Goes on behind a member. Answers whether something is there.
    fn go_on(&mut self) -> io::Result<bool> {
        let source = self.member.get_mut();
        if matches!(source.fill_buf()?.first(), None | Some(0)) {
            return expect_end(source).map(|()| false);
        }
        let source = mem::replace(source, Box::new(io::empty()));
        self.member.reset(source);
        self.is_later = true;
        Ok(true)
    }
}

impl Read for Gunzip<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            match self.member.read(buffer) {
                Ok(0) => {}
                // It does not begin like a member.
                Err(_) if self.is_later && self.member.header().is_none() => return Err(Followed.into()),
                read => return read,
            }
            if !self.go_on()? {
                return Ok(0);
            }
        }
    }
}

/// The content of a zlib stream, which zeros may fill up.
pub(crate) struct Unzlib<'a> {
    stream: ZlibDecoder<Box<dyn BufRead + 'a>>,
}

impl<'a> Unzlib<'a> {
    pub(crate) fn new(packed: impl BufRead + 'a) -> Self {
        Self { stream: ZlibDecoder::new(Box::new(packed)) }
    }
}

impl Read for Unzlib<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.stream.read(buffer)? {
            0 if !buffer.is_empty() => expect_end(self.stream.get_mut()).map(|()| 0),
            read => Ok(read),
        }
    }
}

fn expect_end(source: &mut dyn BufRead) -> io::Result<()> {
    loop {
        let rest = source.fill_buf()?;
        if rest.iter().any(|byte| *byte != 0) {
            return Err(Followed.into());
        }
        match rest.len() {
            0 => return Ok(()),
            zeros => source.consume(zeros),
        }
    }
}

/// Whether an error of these readers says no more than that something else follows the end of the packed stream.
pub(crate) fn is_followed(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|error| error.is::<Followed>())
}

#[derive(Debug)]
struct Followed;

impl Error for Followed {}

impl fmt::Display for Followed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("something else follows the end of the packed stream")
    }
}

impl From<Followed> for io::Error {
    fn from(followed: Followed) -> Self {
        Self::other(followed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "one" and "two", by Python's `gzip.compress` with a time of 0.
    const ONE: &str = "1f8b0800000000000203cbcf4b0500f1866c7a03000000";
    const TWO: &str = "1f8b08000000000002032b29cf0700668aca1103000000";
    /// "one", by Python's `zlib.compress`.
    const ZLIB: &str = "789ccbcf4b050002910143";

    fn hex(text: &str) -> Vec<u8> {
        data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
    }

    #[derive(Debug, PartialEq, Eq)]
    enum End {
        Whole,
        Followed,
        Failed(io::ErrorKind),
    }

    /// What comes out, and how it ends.
    fn read(mut reader: impl Read) -> (String, End) {
        let mut content = Vec::new();
        let end = match reader.read_to_end(&mut content) {
            Ok(_) => End::Whole,
            Err(error) if is_followed(&error) => End::Followed,
            Err(error) => End::Failed(error.kind()),
        };
        (String::from_utf8(content).unwrap(), end)
    }

    #[test]
    fn what_follows_a_gzip_file_is_told() {
        let (one, two) = (hex(ONE), hex(TWO));
        let then = |rest: &[u8]| read(Gunzip::new([&one, rest].concat().as_slice()));
        let is = |content: &str, end| (content.to_owned(), end);
        assert_eq!(then(b""), is("one", End::Whole));
        assert_eq!(then(&two), is("onetwo", End::Whole));
        assert_eq!([then(&[0]), then(&[0; 10_240])], [is("one", End::Whole), is("one", End::Whole)]);
        let followed = || is("one", End::Followed);
        assert_eq!([then(b"hello"), then(&[b'x'; 9000])], [followed(), followed()]);
        assert_eq!([then(b"\0\0x"), then(&two[..5])], [followed(), followed()]);
        assert_eq!(then(&[&two, b"x".as_slice()].concat()), is("onetwo", End::Followed));
        assert_eq!(then(&two[..two.len() - 1]), is("onetwo", End::Failed(io::ErrorKind::UnexpectedEof)));
    }

    #[test]
    fn the_checksum_of_gzip_is_compared() {
        let mut altered = hex(ONE);
        altered[15] ^= 1;
        let followed = [altered.as_slice(), b"hello"].concat();
        let failed = || (String::from("one"), End::Failed(io::ErrorKind::InvalidInput));
        assert_eq!(
            [altered, followed].map(|bytes| read(Gunzip::new(bytes.as_slice()))),
            [failed(), failed()]
        );
        for length in 0..hex(ONE).len() {
            let (_, end) = read(Gunzip::new(&hex(ONE)[..length]));
            assert_eq!(end, End::Failed(io::ErrorKind::UnexpectedEof), "{length}");
        }
    }

    #[test]
    fn what_follows_a_zlib_stream_is_told() {
        let one = hex(ZLIB);
        let then = |rest: &[u8]| read(Unzlib::new([&one, rest].concat().as_slice()));
        let is = |end| ("one".to_owned(), end);
        assert_eq!([then(b""), then(&[0; 9000])], [is(End::Whole), is(End::Whole)]);
        assert_eq!([then(b"x"), then(&one)], [is(End::Followed), is(End::Followed)]);
        assert_eq!([then(b"\0\0x"), then(&[0xFF; 9000])], [is(End::Followed), is(End::Followed)]);
        for length in 0..one.len() {
            let (_, end) = read(Unzlib::new(&one[..length]));
            assert_eq!(end, End::Failed(io::ErrorKind::UnexpectedEof), "{length}");
        }
    }
}
