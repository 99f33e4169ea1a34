//! The XML in the making, protected or plain.

use std::borrow::Cow;

use data_encoding::BASE64;
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::xml::TO_1970;
use crate::container::kdbx::InnerStream;
use crate::error::{Error, ErrorKind};

/// More letters than the marks of an element have.
const MARKS: usize = 64;

/// The value of a field.
pub(super) enum Value {
    /// Everybody may see it.
    Open(String),
    /// Hidden by the stream of the database.
    Protected(Zeroizing<String>),
}

/// A document in the making. It is wiped on drop.
pub(super) struct NewXml {
    out: Zeroizing<String>,
    stream: Option<InnerStream>,
}

impl NewXml {
    /// A document that anybody can read.
    pub(super) fn plain() -> Self {
        Self { out: Zeroizing::new(String::with_capacity(1 << 12)), stream: None }
    }

    /// A document for a database, in which this stream hides protected values.
    pub(super) fn protected(stream: InnerStream) -> Self {
        Self { stream: Some(stream), ..Self::plain() }
    }

    /// Everything before the first group.
    pub(super) fn begin(&mut self) {
        self.out.push_str("<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?>\n");
        self.open("KeePassFile");
        self.open("Meta");
        self.element("Generator", "otpferry");
        self.open("MemoryProtection");
        for (name, flag) in [
            ("ProtectTitle", "False"),
            ("ProtectUserName", "False"),
            ("ProtectPassword", "True"),
            ("ProtectURL", "False"),
            ("ProtectNotes", "False"),
        ] {
            self.element(name, flag);
        }
        self.close("MemoryProtection");
        self.element("RecycleBinEnabled", "True");
        self.close("Meta");
        self.open("Root");
    }

    /// Everything after the last group.
    pub(super) fn end(&mut self) {
        self.element("DeletedObjects", "");
        self.close("Root");
        self.close("KeePassFile");
    }

    /// Makes room. What the text leaves behind as it grows is wiped.
    fn reserve(&mut self, length: usize) {
        let needed = self.out.len().saturating_add(length);
        if needed > self.out.capacity() {
            let mut larger = Zeroizing::new(String::with_capacity(needed.saturating_mul(2)));
            larger.push_str(&self.out);
            self.out = larger;
        }
    }

    pub(super) fn open(&mut self, name: &str) {
        self.reserve(name.len().saturating_add(MARKS));
        self.out.extend(["<", name, ">\n"]);
    }

    pub(super) fn close(&mut self, name: &str) {
        self.reserve(name.len().saturating_add(MARKS));
        self.out.extend(["</", name, ">\n"]);
    }

    pub(super) fn element(&mut self, name: &str, text: &str) {
        self.reserve(name.len().saturating_mul(2).saturating_add(MARKS));
        self.out.extend(["<", name, ">"]);
        self.text(text);
        self.out.extend(["</", name, ">\n"]);
    }

    /// A time: eight bytes in a database, a text in plain XML.
    pub(super) fn time(&mut self, name: &str, time: Timestamp) {
        let seconds = time.as_second();
        let text = match (&self.stream, Timestamp::from_second(seconds)) {
            (None, Ok(time)) => time.to_string(),
            _ => BASE64.encode(&seconds.saturating_add(TO_1970).to_le_bytes()),
        };
        self.element(name, &text);
    }

    /// A field of an entry.
    pub(super) fn string(&mut self, key: &str, value: &Value) -> Result<(), Error> {
        self.open("String");
        self.element("Key", key);
        self.reserve(MARKS);
        match (value, &mut self.stream) {
            (Value::Open(value), _) => self.element("Value", value),
            (Value::Protected(value), None) => {
                self.out.push_str("<Value ProtectInMemory=\"True\">");
                self.text(value);
                self.out.push_str("</Value>\n");
            }
            (Value::Protected(value), Some(stream)) => {
                let mut bytes = Zeroizing::new(value.as_bytes().to_vec());
                let used_up = || Error::new(ErrorKind::Internal, "the stream of the database is used up");
                stream.apply(&mut bytes).ok_or_else(used_up)?;
                self.out.push_str("<Value Protected=\"True\">");
                self.reserve(BASE64.encode_len(bytes.len()).saturating_add(MARKS));
                BASE64.encode_append(&bytes, &mut self.out);
                self.out.push_str("</Value>\n");
            }
        }
        self.close("String");
        Ok(())
    }

    fn text(&mut self, text: &str) {
        // A quotation mark takes the most room; the mark that ends the element follows.
        self.reserve(text.len().saturating_mul("&quot;".len()).saturating_add(MARKS));
        for character in writable(text).chars() {
            match character {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '"' => self.out.push_str("&quot;"),
                // As it is, it would be read as the end of a line.
                '\r' => self.out.push_str("&#13;"),
                character => self.out.push(character),
            }
        }
    }

    pub(super) fn finish(self) -> Zeroizing<String> {
        self.out
    }
}

/// The text without the characters that no XML can hold (XML 1.0, section 2.2).
fn writable(text: &str) -> Cow<'_, str> {
    let is_foreign = |character: char| matches!(character, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    if text.contains(is_foreign) { Cow::Owned(text.replace(is_foreign, "")) } else { Cow::Borrowed(text) }
}

/// Whether a database can hold a time: it counts from the year 1.
pub(super) fn has_binary_form(time: Timestamp) -> bool {
    time.as_second() > -TO_1970
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_grows_with_its_values() {
        let mut xml = NewXml::plain();
        xml.begin();
        for length in [1, 10, 100, 1000, 10_000, 100_000] {
            let value = "\"".repeat(length);
            xml.string("otp", &Value::Open(value.clone())).unwrap();
            xml.string("otp", &Value::Protected(value.into())).unwrap();
        }
        xml.end();
        let text = xml.finish();
        assert_eq!(text.matches("&quot;").count(), 2 * 111_111);
        assert!(text.ends_with("</KeePassFile>\n"));
    }
}
