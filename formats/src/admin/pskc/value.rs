//! Values of a key as a file holds them: plain or encrypted.

use data_encoding::BASE64_MIME_PERMISSIVE;
use zeroize::Zeroizing;

use super::doubt::Doubt;
use super::drafts;
use super::element::Element;
use crate::error::Error;
use crate::model::Number;

/// A value of a key.
#[derive(PartialEq)]
pub(super) enum Value<'e> {
    /// For everybody to read.
    Plain(&'e str),
    /// The same, without the element that belongs around it.
    Bare(&'e str),
    /// Encrypted.
    Sealed(Sealed<'e>),
}

/// An encrypted value.
#[derive(PartialEq)]
pub(super) struct Sealed<'e> {
    /// The identifier of the cipher.
    pub(super) algorithm: &'e str,
    /// The initial vector, where it is not the beginning of the content.
    pub(super) iv: Option<&'e [u8]>,
    /// What the MAC is made of.
    pub(super) content: Vec<u8>,
    /// The MAC; an unreadable one is one that does not match.
    pub(super) mac: Option<Vec<u8>>,
}

impl<'e> Value<'e> {
    /// The value of an element such as `Secret` or `Counter`; `None` when it is empty.
    ///
    /// # Errors
    /// It holds two values, or something else than a value.
    pub(super) fn read(element: &'e Element) -> Result<Option<Self>, Doubt> {
        let (plain, sealed) = (element.only(&["plainvalue"])?, element.only(&["encryptedvalue"])?);
        let mac = element.only(&["valuemac"])?;
        match (plain, sealed, element.text()) {
            (Some(plain), None, "") => plain.leaf().map(|text| Some(Self::Plain(text))),
            (None, Some(sealed), "") => {
                let mac = mac.map(|mac| base64(mac.text()).unwrap_or_default());
                Ok(Some(Self::Sealed(Sealed { mac, ..Sealed::read(sealed) })))
            }
            (None, None, text) => {
                let text = element.leaf().map(|_| text)?;
                Ok(Some(Self::Bare(text)).filter(|_| !text.is_empty()))
            }
            _ => Err(Doubt::Twice),
        }
    }
}

impl<'e> Sealed<'e> {
    /// The content of an element of the type of XML Encryption, without a MAC.
    pub(super) fn read(element: &'e Element) -> Self {
        let value = element
            .only(&["cipherdata"])
            .and_then(|data| data.map_or(Ok(None), |data| data.only(&["ciphervalue"])));
        let content = value.ok().flatten().and_then(|value| base64(value.leaf().ok()?));
        Self {
            algorithm: drafts::algorithm_of(element.only(&["encryptionmethod"]).unwrap_or_default()),
            iv: None,
            // Nothing opens an empty one.
            content: content.unwrap_or_default(),
            mac: None,
        }
    }
}

/// Base64 with white space anywhere, with or without padding.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let mut letters = Zeroizing::new(String::with_capacity(text.len().saturating_add(3)));
    let text = text.trim_end_matches(|c: char| c.is_whitespace() || c == '=');
    letters.extend(text.chars().filter(|c| !c.is_whitespace()));
    let missing = letters.len().wrapping_neg() % 4;
    letters.extend(std::iter::repeat_n('=', missing));
    // Padding in the middle would end it there, and is damage.
    if text.contains('=') { None } else { BASE64_MIME_PERMISSIVE.decode(letters.as_bytes()).ok() }
}

/// A number as decimal text, or as base64 of what [`binary_number`] reads. privacyIDEA writes `None` for none.
pub(super) fn number(text: &str) -> Number {
    match Number::parse(text) {
        Number::Invalid if text.trim().eq_ignore_ascii_case("none") => Number::Absent,
        Number::Invalid => base64_number(text),
        number => number,
    }
}

/// Only its padding tells base64 of a few bytes from a word.
fn base64_number(text: &str) -> Number {
    let bytes = base64(text).unwrap_or_default();
    let is_meant = bytes.iter().all(u8::is_ascii_digit) || text.trim().ends_with('=');
    if is_meant && !bytes.is_empty() { binary_number(&bytes) } else { Number::Invalid }
}

/// Whether a number is written as a version of the format has it: in decimal, or as the eight bytes of the drafts.
pub(super) fn is_usual_number(text: &str) -> bool {
    let is_eight = |bytes: Vec<u8>| bytes.len() == 8 && !bytes.iter().all(u8::is_ascii_digit);
    Number::parse(text) != Number::Invalid
        || base64_number(text) == Number::Invalid
        || base64(text).is_some_and(is_eight)
}

/// What the binary number is that [`binary_number`] takes for digits. Of more than three bytes nobody has one: it would
/// be a counter of hundreds of millions.
pub(super) fn binary_instead(bytes: &[u8]) -> Option<i128> {
    let is_short = matches!(bytes.len(), 1..=3) && bytes.iter().all(u8::is_ascii_digit);
    is_short.then(|| big_endian(bytes))
}

fn big_endian(bytes: &[u8]) -> i128 {
    bytes.iter().fold(0, |number, byte| number << 8 | i128::from(*byte))
}

/// A number as decimal digits in ASCII, else in binary with the highest byte first.
pub(super) fn binary_number(bytes: &[u8]) -> Number {
    match bytes {
        [] => Number::Absent,
        digits if digits.iter().all(u8::is_ascii_digit) => {
            std::str::from_utf8(digits).map_or(Number::Invalid, Number::parse)
        }
        binary if binary.len() <= 8 => Number::Of(big_endian(binary)),
        _ => Number::Invalid,
    }
}

/// A value that has to be there.
pub(super) fn required(text: Option<&str>, what: &str) -> Result<String, Error> {
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    text.map(str::to_owned).ok_or_else(|| {
        Error::malformed(format!("the description of the encryption has no {what}"))
            .next_step("Export the file again")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_all_spellings() {
        for (text, wanted) in [
            ("831791", Number::Of(831_791)),
            ("NzA5Nzkx", Number::Of(709_791)),
            ("AAYxSg==", Number::Of(405_834)),
            ("AAAAAAAAAAw=", Number::Of(12)),
            (" -122 ", Number::Of(-122)),
            ("None", Number::Absent),
            (" ", Number::Absent),
            ("MTIz", Number::Of(123)),
            ("soon!", Number::Invalid),
            ("half", Number::Invalid),
            ("second", Number::Invalid),
            ("=", Number::Invalid),
            ("AAAAAAAAAAAM", Number::Invalid),
        ] {
            assert_eq!(number(text), wanted, "{text}");
        }
        assert_eq!(binary_number(b"\x1e"), Number::Of(30));
        assert_eq!(binary_number(b"7"), Number::Of(7));
        assert_eq!(binary_number(&[0xFF; 8]), Number::Of(u64::MAX.into()));
    }

    #[test]
    fn judgements_are_told_from_what_the_format_has() {
        for (text, wanted) in [
            ("831791", true),
            ("None", true),
            ("soon!", true),
            ("AAAAAAAAAAw=", true),
            ("NzA5Nzkx", false),
            ("AAYxSg==", false),
            ("MTIzNDU2Nzg=", false),
        ] {
            assert_eq!(is_usual_number(text), wanted, "{text}");
        }
        let read = [&b"7"[..], b"30", b"123", b"1234", b"\x1e", b""].map(binary_instead);
        assert_eq!(read, [Some(55), Some(13_104), Some(3_224_115), None, None, None]);
    }

    #[test]
    fn base64_may_have_white_space_and_lack_its_padding() {
        for text in ["MTIzNA==", " MTIz\n\tNA==\n", "MTIzNA", "MTIzNB=="] {
            assert_eq!(base64(text).as_deref(), Some(&b"1234"[..]), "{text}");
        }
        assert!(base64("MTIz!A==").is_none());
        assert!(base64("M").is_none());
    }
}
