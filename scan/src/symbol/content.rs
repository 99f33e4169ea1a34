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

/// Reads the data codewords. When they were `guessed`, the filling behind the message has to be
/// what the standard asks for, as one more proof.
pub(crate) fn message(
    data: &[u8],
    version: &'static Version,
    level: ErrorCorrectionLevel,
    guessed: bool,
) -> Option<Message> {
    if guessed && !is_filled_by_the_book(data, version) {
        return None;
    }
    let decoded = DecodeBitStream(data, version, level).ok()?;
    from_decoded(&decoded)
}

/// What `rxing` decoded; empty messages count as none.
pub(crate) fn from_decoded(decoded: &rxing::common::cpp_essentials::DecoderResult<bool>) -> Option<Message> {
    let content = decoded.content();
    if !decoded.isValid() || content.bytes().is_empty() {
        return None;
    }
    let text = Zeroizing::new(content.to_string());
    let latin: Zeroizing<String> = Zeroizing::new(content.bytes().iter().copied().map(char::from).collect());
    let is_text =
        content.has_eci || !text.contains('\u{fffd}') && (*text != *latin || !text.chars().any(is_no_text));
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
fn is_filled_by_the_book(data: &[u8], version: &'static Version) -> bool {
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

    /// The data codewords of ISO/IEC 18004, annex I: "01234567" in version 1-M.
    const EXAMPLE: [u8; 16] =
        [0x10, 0x20, 0x0c, 0x56, 0x61, 0x80, 0xec, 0x11, 0xec, 0x11, 0xec, 0x11, 0xec, 0x11, 0xec, 0x11];

    fn read(data: &[u8], guessed: bool) -> Option<Message> {
        message(data, Version::getVersionForNumber(1).unwrap(), ErrorCorrectionLevel::M, guessed)
    }

    #[test]
    fn the_example_of_the_standard_is_read() {
        let message = read(&EXAMPLE, true).unwrap();
        assert_eq!(message.payload.as_slice(), b"01234567");
        assert_eq!(message.text.unwrap().as_str(), "01234567");
        assert_eq!(message.part, None);
    }

    #[test]
    fn other_filling_is_taken_from_certain_codewords_only() {
        let mut other = EXAMPLE;
        other[9] = 0;
        assert!(read(&other, false).is_some());
        assert!(read(&other, true).is_none());
    }

    #[test]
    fn a_segment_that_runs_over_the_end_is_no_message() {
        let mut longer = EXAMPLE;
        longer[1] = 0xff;
        assert!(read(&longer, true).is_none());
        assert!(read(&longer, false).is_none());
    }
}
