//! Which characters the bytes of a text file mean.

use std::borrow::Cow;

/// Bytes as text: a byte order mark decides; without one UTF-8, then Windows-1252. `None` for binary
/// data. The mark is not part of the text.
///
/// UTF-16 is here because PowerShell's `>` and Excel write it, Windows-1252 because Excel and
/// old exports do; where it has no character, it is Latin-1.
pub fn decode(bytes: &[u8]) -> Option<Cow<'_, str>> {
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(rest),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => utf8(bytes),
    }
}

/// Whether the bytes say nothing about their characters, so that Windows-1252 was assumed.
pub(crate) fn is_guessed(bytes: &[u8]) -> bool {
    !matches!(bytes, [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..]) && std::str::from_utf8(bytes).is_err()
}

/// The beginning of a longer text, of at most `length` bytes; it may end inside a character.
pub(crate) fn decode_head(bytes: &[u8], length: usize) -> Option<Cow<'_, str>> {
    let Some(head) = bytes.get(..length) else {
        return decode(bytes);
    };
    match std::str::from_utf8(head) {
        Err(error) if error.error_len().is_none() => decode(head.get(..error.valid_up_to())?),
        _ => decode(head),
    }
}

fn utf8(bytes: &[u8]) -> Option<Cow<'_, str>> {
    match std::str::from_utf8(bytes) {
        Ok(text) => (!has_control(text.chars())).then_some(Cow::Borrowed(text)),
        Err(_) => {
            let text = bytes.iter().copied().map(windows_1252);
            // Before it is taken as one: most files that are no text show that in their first bytes.
            (!has_control(text.clone())).then(|| Cow::Owned(text.collect()))
        }
    }
}

/// The characters of the bytes 0x80 to 0x9F, as browsers read them (WHATWG Encoding Standard).
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}',
    '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

fn windows_1252(byte: u8) -> char {
    let special = byte.checked_sub(0x80).and_then(|at| WINDOWS_1252.get(usize::from(at)));
    special.copied().unwrap_or_else(|| char::from(byte))
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<Cow<'_, str>> {
    let units = bytes.chunks_exact(2).filter_map(|pair| match pair {
        [a, b] => Some(unit([*a, *b])),
        _ => None,
    });
    let text: String = char::decode_utf16(units).collect::<Result<_, _>>().ok()?;
    (!has_control(text.chars())).then_some(Cow::Owned(text))
}

/// NUL and its neighbours never occur in a text, and always in a database or picture.
fn has_control(mut chars: impl Iterator<Item = char>) -> bool {
    chars.any(|c| matches!(c, '\0'..='\u{8}' | '\u{e}'..='\u{1a}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_decide() {
        assert_eq!(decode(b"\xEF\xBB\xBFa\xC3\xA4").as_deref(), Some("aä"));
        assert_eq!(decode(b"\xFF\xFEa\0\xE4\0").as_deref(), Some("aä"));
        assert_eq!(decode(b"\xFE\xFF\0a\0\xE4").as_deref(), Some("aä"));
    }

    #[test]
    fn latin1_is_the_fallback_and_binary_is_none() {
        assert_eq!(decode(b"a\xE4b").as_deref(), Some("aäb"));
        assert_eq!(decode(b"SQLite format 3\0"), None);
        assert_eq!(decode(b"\x89PNG\r\n\x1a\n"), None);
        assert_eq!(decode(b""), Some(Cow::Borrowed("")));
    }

    #[test]
    fn a_head_may_end_inside_a_character() {
        assert_eq!(decode_head(b"a\xC3\xA4b", 2).as_deref(), Some("a"));
        assert_eq!(decode_head(b"a\xC3", 9).as_deref(), Some("a\u{c3}"));
        assert_eq!(decode(b"Caf\xE9").as_deref(), Some("Café"));
    }
}
