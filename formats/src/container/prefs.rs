//! Android's shared preferences: the XML files that apps keep in `shared_prefs/`.
//!
//! A flat `<map>` of named values: `<string name="k">v</string>`, `<int name="k" value="1"/>`,
//! `<boolean>`, `<long>`, `<float>`, `<null>`, and `<set>` of strings.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use zeroize::Zeroizing;

use crate::error::{Error, Place};
use crate::text::xml::{self, attribute, character};

/// Most values of one file; apps keep one for each account and setting.
const MAX_VALUES: usize = 1_000_000;
/// Deepest element of any XML file that is read here; Android nests three, WinAuth five.
pub(crate) const MAX_DEPTH: usize = 16;

/// One value. Numbers keep their text: the format that knows their meaning validates them.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// `<string>`.
    Text(Zeroizing<String>),
    /// `<int>`, `<long>`, `<float>` or `<boolean>`.
    Scalar(String),
    /// `<set>`.
    Texts(Vec<Zeroizing<String>>),
    /// `<null>`.
    Null,
}

/// The values of a file, in order.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Prefs(Vec<(String, Value)>);

impl Prefs {
    /// Whether a text can be such a file.
    pub(crate) fn sniff(text: &str) -> bool {
        xml::has_root(text, "map")
    }

    /// Reads a file.
    ///
    /// # Errors
    /// `Malformed` with the byte where the XML breaks off; `Limit` for more values than any app keeps.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let mut reader = Reader::from_str(text);
        let mut parser = Parser::default();
        loop {
            let event = reader.read_event().map_err(|_| damaged(reader.error_position()))?;
            match event {
                Event::Start(tag) => parser.open(&tag).ok_or_else(|| damaged(reader.buffer_position()))?,
                Event::Empty(tag) => {
                    parser.open(&tag).ok_or_else(|| damaged(reader.buffer_position()))?;
                    parser.close(tag.local_name().as_ref());
                }
                Event::End(tag) => parser.close(tag.local_name().as_ref()),
                Event::Text(text) => parser.text.push_str(&text),
                Event::CData(text) => parser.text.push_str(&text),
                Event::GeneralRef(entity) => {
                    parser.text.push(character(&entity).ok_or_else(|| damaged(reader.buffer_position()))?);
                }
                Event::Eof => break,
                _ => {}
            }
            if parser.prefs.0.len().saturating_add(parser.texts) > MAX_VALUES {
                return Err(Error::limit("the preferences have more values than any app keeps", "accounts"));
            }
        }
        if parser.depth > 0 {
            return Err(damaged(reader.buffer_position()));
        }
        Ok(parser.prefs)
    }

    /// The value of a name; of repeated names the last, as Android reads them.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The text of a name, when it is one.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Names and values, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

/// The error of XML that breaks off here.
pub(crate) fn damaged(position: u64) -> Error {
    Error::malformed("the XML is damaged or cut off")
        .at(Place::Byte(usize::try_from(position).unwrap_or(usize::MAX)))
        .next_step("Copy the file from the phone again")
}

#[derive(Default)]
struct Parser {
    prefs: Prefs,
    depth: usize,
    /// Name of the value that is open, below `<map>`.
    name: Option<String>,
    text: Zeroizing<String>,
    /// The strings of an open `<set>`.
    set: Vec<Zeroizing<String>>,
    /// Strings of all sets.
    texts: usize,
    scalar: Option<String>,
}

impl Parser {
    /// `None` for elements that are nested too deeply, and for a value whose name cannot be read: what
    /// it holds would be lost without a word.
    fn open(&mut self, tag: &BytesStart<'_>) -> Option<()> {
        self.depth += 1;
        (self.depth <= MAX_DEPTH).then_some(())?;
        self.text.clear();
        if self.depth == 2 {
            self.name = Some(attribute(tag, "name")?);
            self.scalar = attribute(tag, "value");
            self.set.clear();
        }
        Some(())
    }

    fn close(&mut self, tag: &str) {
        let text = std::mem::take(&mut self.text);
        match (self.depth, self.name.take()) {
            (3, name) => {
                self.set.push(text);
                self.texts = self.texts.saturating_add(1);
                self.name = name;
            }
            (2, Some(name)) => {
                let value = match (tag, self.scalar.take()) {
                    ("string", _) => Value::Text(text),
                    ("set", _) => Value::Texts(std::mem::take(&mut self.set)),
                    (_, Some(scalar)) => Value::Scalar(scalar),
                    (_, None) => Value::Null,
                };
                self.prefs.0.push((name, value));
            }
            _ => {}
        }
        self.depth = self.depth.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"<?xml version='1.0' encoding='utf-8' standalone='yes' ?>
<map>
    <string name="a">x &quot;y&quot; &#10;z</string>
    <string name="empty"></string>
    <int name="n" value="5" />
    <boolean name="b" value="true" />
    <set name="s"><string>1</string><string>2</string></set>
    <null name="nothing" />
    <string name="a">last</string>
</map>"#;

    #[test]
    fn values_are_read() {
        assert!(Prefs::sniff(FILE));
        let prefs = Prefs::parse(FILE).unwrap();
        assert_eq!(prefs.text("a"), Some("last"));
        assert!(
            matches!(prefs.iter().next(), Some(("a", Value::Text(text))) if text.as_str() == "x \"y\" \nz")
        );
        assert_eq!(prefs.text("empty"), Some(""));
        assert!(matches!(prefs.get("n"), Some(Value::Scalar(text)) if text == "5"));
        assert!(matches!(prefs.get("b"), Some(Value::Scalar(text)) if text == "true"));
        assert!(
            matches!(prefs.get("s"), Some(Value::Texts(list)) if list.len() == 2 && list[1].as_str() == "2")
        );
        assert!(matches!(prefs.get("nothing"), Some(Value::Null)));
        assert!(prefs.get("absent").is_none());
    }

    #[test]
    fn damage_is_an_error() {
        for length in 60..FILE.len() - 1 {
            let _ = Prefs::parse(&FILE[..length]);
        }
        assert!(Prefs::parse("<map><string name=\"a\">x").is_err());
        let unknown = Prefs::parse("<map><string name=\"a\">&unknown;</string></map>");
        assert_eq!(unknown.err(), Some(damaged(31)));
        // A value without a readable name is not passed over.
        assert!(Prefs::parse("<map><string>x</string></map>").is_err());
        assert!(Prefs::parse("<map><string name=\"&nope;\">x</string></map>").is_err());
        assert!(!Prefs::sniff("<html>"));
    }

    /// Each takes many times its length in memory.
    #[test]
    fn very_many_strings_and_deep_elements_are_refused() {
        let set = format!("<map><set name=\"s\">{}</set></map>", "<a/>".repeat(MAX_VALUES + 1));
        let error = Prefs::parse(&set).err().unwrap();
        assert_eq!(error.kind, crate::error::ErrorKind::Limit);
        let deep = format!("<map>{}", "<a name=\"\">".repeat(1000));
        assert_eq!(Prefs::parse(&deep).err(), Some(damaged(181)));
    }
}
