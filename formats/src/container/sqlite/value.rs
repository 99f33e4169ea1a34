//! The values a cell can hold.

use std::fmt;

/// One cell of a row.
///
/// There is no `Display`, and `Debug` prints the kind only: cells hold secrets.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// SQL `NULL`.
    Null,
    /// A signed integer of any stored width.
    Integer(i64),
    /// A floating point number; never NaN, which SQLite reads as `NULL`.
    Real(f64),
    /// Text, valid in the encoding of the database.
    Text(String),
    /// Bytes as stored.
    Blob(Vec<u8>),
}

impl Value {
    /// Whether this is SQL `NULL`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The integer, if this is one; nothing is converted.
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// The text, if this is one; nothing is converted.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The blob's bytes, if this is one; nothing is converted.
    #[must_use]
    pub fn as_blob(&self) -> Option<&[u8]> {
        match self {
            Self::Blob(bytes) => Some(bytes),
            _ => None,
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Null => "Null",
            Self::Integer(_) => "Integer(..)",
            Self::Real(_) => "Real(..)",
            Self::Text(_) => "Text(..)",
            Self::Blob(_) => "Blob(..)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Value;

    #[test]
    fn debug_hides_content() {
        let values = [
            Value::Null,
            Value::Integer(4711),
            Value::Real(47.11),
            Value::Text("hunter2".into()),
            Value::Blob(b"hunter2".to_vec()),
        ];
        assert_eq!(format!("{values:?}"), "[Null, Integer(..), Real(..), Text(..), Blob(..)]");
    }
}
