//! From data codewords to the message: segments, text encodings, structured append.

use rxing::common::BitSource;
use rxing::qrcode::common::{ErrorCorrectionLevel, Mode, Version};
use rxing::qrcode::cpp_port::decoder::DecodeBitStream;
use zeroize::Zeroizing;

use crate::result::Part;

/// What a code says.
#[derive(Clone, PartialEq)]
pub(crate) struct Message {
    pub(crate) payload: Zeroizing<Vec<u8>>,
    pub(crate) text: Option<Zeroizing<String>>,
    pub(crate) part: Option<Part>,
}

/// Reads the data codewords; empty messages count as none.
pub(super) fn message(
    data: &[u8],
    version: &'static Version,
    level: ErrorCorrectionLevel,
) -> Option<Message> {
    let decoded = DecodeBitStream(data, version, level).ok()?;
    let content = decoded.content();
    if !decoded.isValid() || content.bytes().is_empty() {
        return None;
    }
    let text = Zeroizing::new(content.to_string());
    let latin: Zeroizing<String> = Zeroizing::new(content.bytes().iter().copied().map(char::from).collect());
    // `rxing` leaves out parts that are not what their ECI says, so that the text is too short.
    let is_whole = text.len() >= content.bytes().len() && !text.contains('\u{fffd}');
    let is_text = is_whole && (content.has_eci || *text != *latin || !text.chars().any(is_no_text));
    Some(Message {
        payload: Zeroizing::new(content.bytes().to_vec()),
        text: is_text.then_some(text),
        part: part(decoded.structuredAppend()),
    })
}

/// Controls that no text has.
fn is_no_text(c: char) -> bool {
    c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{1d}' | '\u{1e}' | '\u{4}')
}

fn part(info: &rxing::common::cpp_essentials::StructuredAppendInfo) -> Option<Part> {
    let (index, count) = (u8::try_from(info.index).ok()?, u8::try_from(info.count).ok()?);
    Some(Part { index, count, parity: info.id.parse().ok()? })
}

/// Whether the bits behind the message are a terminator, zeros up to the byte, and 0xEC 0x11 in
/// turn (ISO/IEC 18004, 7.4.10).
pub(super) fn is_filled_by_the_book(data: &[u8], version: &'static Version) -> bool {
    let Some(end) = message_bits(data, version) else { return false };
    let bit = |at: usize| data.get(at / 8).is_some_and(|byte| byte >> (7 - at % 8) & 1 == 1);
    let terminated = (end + 4).min(8 * data.len()).next_multiple_of(8);
    let zeros = (end..terminated.min(8 * data.len())).all(|at| !bit(at));
    let filling = data.get(terminated / 8..).unwrap_or_default();
    // Some encoders (segno) add a byte of zeros where the terminator ends with a byte.
    let filling = filling.strip_prefix(&[0]).unwrap_or(filling);
    zeros && filling.chunks(2).all(|pair| [0xec, 0x11].starts_with(pair))
}

/// Bits up to the end of the last segment; `None` when segments run over the end.
fn message_bits(data: &[u8], version: &'static Version) -> Option<usize> {
    let mut bits = BitSource::new(data);
    let total = 8 * data.len();
    loop {
        let start = total - bits.available();
        if bits.available() < 4 {
            return Some(start);
        }
        let mode = Mode::forBits(bits.readBits(4).ok()? as u8).ok()?;
        let length = match mode {
            Mode::TERMINATOR => return Some(start),
            Mode::FNC1_FIRST_POSITION => 0,
            Mode::FNC1_SECOND_POSITION => 8,
            Mode::STRUCTURED_APPEND => 16,
            Mode::ECI => match bits.readBits(8).ok()? {
                first if first & 0x80 == 0 => 0,
                first if first & 0xc0 == 0x80 => 8,
                _ => 16,
            },
            _ => {
                if mode == Mode::HANZI {
                    bits.readBits(4).ok()?;
                }
                let count = bits.readBits(mode.CharacterCountBits(version) as usize).ok()? as usize;
                match mode {
                    Mode::NUMERIC => 10 * (count / 3) + [0, 4, 7][count % 3],
                    Mode::ALPHANUMERIC => 11 * (count / 2) + 6 * (count % 2),
                    Mode::BYTE => 8 * count,
                    _ => 13 * count,
                }
            }
        };
        for _ in 0..length {
            bits.readBits(1).ok()?;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails so")]
mod tests {
    use super::*;
    use crate::drawn::random;

    /// The data codewords of ISO/IEC 18004, annex I: "01234567" in version 1-M.
    const EXAMPLE: [u8; 16] =
        [0x10, 0x20, 0x0c, 0x56, 0x61, 0x80, 0xec, 0x11, 0xec, 0x11, 0xec, 0x11, 0xec, 0x11, 0xec, 0x11];

    fn version(number: u32) -> &'static Version {
        Version::getVersionForNumber(number).unwrap()
    }

    fn read(data: &[u8]) -> Option<Message> {
        message(data, version(1), ErrorCorrectionLevel::M)
    }

    #[test]
    fn the_example_of_the_standard_is_read() {
        let message = read(&EXAMPLE).unwrap();
        assert_eq!(message.payload.as_slice(), b"01234567");
        assert_eq!(message.text.unwrap().as_str(), "01234567");
        assert_eq!(message.part, None);
        assert!(is_filled_by_the_book(&EXAMPLE, version(1)));
    }

    #[test]
    fn other_filling_is_seen() {
        let mut other = EXAMPLE;
        other[9] = 0;
        assert!(read(&other).is_some());
        assert!(!is_filled_by_the_book(&other, version(1)));
    }

    #[test]
    fn a_segment_that_runs_over_the_end_is_no_message() {
        let mut longer = EXAMPLE;
        longer[1] = 0xff;
        assert!(read(&longer).is_none());
        assert!(!is_filled_by_the_book(&longer, version(1)));
    }

    #[test]
    fn nothing_is_no_message() {
        let mut empty = EXAMPLE;
        empty[0] = 0;
        assert!(read(&empty).is_none());
        assert!(read(&[]).is_none());
    }

    #[test]
    fn bytes_that_are_not_what_their_eci_says_are_no_text() {
        // ECI 26 (UTF-8), then one byte that is none of it, and filling.
        let mut data = EXAMPLE;
        data[..6].copy_from_slice(&[0x71, 0xa4, 0x01, 0xff, 0x00, 0xec]);
        let message = read(&data).unwrap();
        assert_eq!(message.text.as_deref().map(String::as_bytes), None);
    }

    #[test]
    fn random_data_hardly_ever_has_the_right_filling() {
        let mut random = random(7);
        for (number, length) in [(1, 9), (1, 19), (3, 55)] {
            let filled = (0..30_000)
                .filter(|_| {
                    let data: Vec<u8> = (0..length).map(|_| (256.0 * random()) as u8).collect();
                    is_filled_by_the_book(&data, version(number))
                        && message(&data, version(number), ErrorCorrectionLevel::L).is_some()
                })
                .count();
            assert!(filled < 30, "{length}: {filled} of 30000");
        }
    }
}
