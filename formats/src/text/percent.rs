//! Percent-encoding in URIs.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Everything but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Encodes everything but unreserved characters; a space becomes `%20`, never `+`.
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// Decodes `%XX`. Sequences that are none (`%ZZ`) stay as they are; bytes that are not UTF-8 are
/// read as Latin-1.
pub fn decode(text: &str) -> String {
    let bytes: Vec<u8> = percent_decode_str(text).collect();
    String::from_utf8(bytes)
        .unwrap_or_else(|error| error.as_bytes().iter().copied().map(char::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_and_lenience() {
        assert_eq!(encode("a b:c/ä"), "a%20b%3Ac%2F%C3%A4");
        assert_eq!(decode("a%20b%3Ac%2F%C3%A4"), "a b:c/ä");
        assert_eq!(decode("100%ZZ%"), "100%ZZ%");
        assert_eq!(decode("%E4"), "ä");
        assert_eq!(decode("a+b"), "a+b");
    }
}
