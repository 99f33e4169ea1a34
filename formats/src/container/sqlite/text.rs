//! The text encodings a database can use.

/// How every text of one database is stored (file format document, "Text
/// encoding").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextEncoding {
    Utf8,
    Utf16Le,
    Utf16Be,
}

impl TextEncoding {
    /// The encoding behind the header's number. 0 stands in databases whose
    /// first table was never created.
    pub(super) fn from_code(code: u32) -> Option<Self> {
        match code {
            0 | 1 => Some(Self::Utf8),
            2 => Some(Self::Utf16Le),
            3 => Some(Self::Utf16Be),
            _ => None,
        }
    }

    /// The text, or `None` if the bytes are not valid in this encoding: a
    /// replacement character inside a secret would be a different secret.
    pub(super) fn decode(self, bytes: &[u8]) -> Option<String> {
        match self {
            Self::Utf8 => std::str::from_utf8(bytes).ok().map(str::to_owned),
            Self::Utf16Le => utf16(bytes, u16::from_le_bytes),
            Self::Utf16Be => utf16(bytes, u16::from_be_bytes),
        }
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let (pairs, []) = bytes.as_chunks::<2>() else {
        return None;
    };
    char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).collect::<Result<String, _>>().ok()
}

#[cfg(test)]
mod tests {
    use super::TextEncoding::{Utf8, Utf16Be, Utf16Le};

    #[test]
    fn decodes_each_encoding() {
        assert_eq!(Utf8.decode(b"\xc3\xa4b").as_deref(), Some("äb"));
        assert_eq!(Utf16Le.decode(b"\xe4\0b\0").as_deref(), Some("äb"));
        assert_eq!(Utf16Be.decode(b"\0\xe4\0b").as_deref(), Some("äb"));
        assert_eq!(Utf16Be.decode(b"\xd8\x3d\xdd\x11").as_deref(), Some("🔑"));
    }

    #[test]
    fn refuses_instead_of_replacing() {
        assert_eq!(Utf8.decode(b"ab\xff"), None);
        assert_eq!(Utf16Le.decode(b"a\0b"), None, "odd length");
        assert_eq!(Utf16Be.decode(b"\xd8\x3d\0a"), None, "lone surrogate");
    }
}
