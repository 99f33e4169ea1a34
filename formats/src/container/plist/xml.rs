//! Property lists as text.

use std::borrow::Cow;

use data_encoding::{BASE64, Encoding, Specification};
use quick_xml::Reader;
use quick_xml::events::Event;
use zeroize::Zeroizing;

use super::{MAX_DEPTH, Value};
use crate::text::{encoding, xml};

/// Reads a list; as [`Value::read`].
pub(super) fn read(bytes: &[u8]) -> Option<Value<'static>> {
    let text = encoding::decode(bytes)?;
    text.contains("<plist").then_some(())?;
    let mut reader = Reader::from_str(&text);
    let mut parser = Parser::default();
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) => parser.open(tag.local_name().as_ref())?,
            Event::Empty(tag) => {
                parser.open(tag.local_name().as_ref())?;
                parser.close()?;
            }
            Event::End(_) => parser.close()?,
            Event::Text(text) => parser.text.push_str(&text),
            Event::CData(text) => parser.text.push_str(&text),
            Event::GeneralRef(entity) => parser.text.push(xml::character(&entity)?),
            Event::Eof => return parser.list.filter(|_| parser.open.is_empty()),
            _ => {}
        }
    }
}

/// An element that is not ended yet.
enum Open {
    List,
    Array(Vec<Value<'static>>),
    /// Members, and the name of the next one.
    Dictionary(Vec<(Zeroizing<String>, Value<'static>)>, Option<Zeroizing<String>>),
    /// An element of text only.
    Leaf(Leaf),
}

#[derive(Clone, Copy)]
enum Leaf {
    Key,
    Text,
    Data,
    Integer,
    Real,
    Date,
    Boolean(bool),
}

#[derive(Default)]
struct Parser {
    open: Vec<Open>,
    text: Zeroizing<String>,
    list: Option<Value<'static>>,
}

impl Parser {
    /// Begins an element. `None` for one that no list has, or that is in one that holds none.
    fn open(&mut self, name: &str) -> Option<()> {
        let fits = match self.open.last() {
            None => name == "plist",
            Some(Open::Leaf(_)) => false,
            Some(_) => self.open.len() <= MAX_DEPTH,
        };
        let element = match name {
            "plist" => Open::List,
            "array" => Open::Array(Vec::new()),
            "dict" => Open::Dictionary(Vec::new(), None),
            "key" => Open::Leaf(Leaf::Key),
            "string" => Open::Leaf(Leaf::Text),
            "data" => Open::Leaf(Leaf::Data),
            "integer" => Open::Leaf(Leaf::Integer),
            "real" => Open::Leaf(Leaf::Real),
            "date" => Open::Leaf(Leaf::Date),
            "true" => Open::Leaf(Leaf::Boolean(true)),
            "false" => Open::Leaf(Leaf::Boolean(false)),
            _ => return None,
        };
        self.text = Zeroizing::default();
        fits.then(|| self.open.push(element))
    }

    fn close(&mut self) -> Option<()> {
        let text = std::mem::take(&mut self.text);
        let value = match self.open.pop()? {
            Open::List => return Some(()),
            Open::Array(items) => Value::Array(items),
            Open::Dictionary(members, None) => Value::Dictionary(members),
            Open::Dictionary(_, Some(_)) => return None,
            Open::Leaf(Leaf::Key) => return self.name(text),
            Open::Leaf(leaf) => leaf.value(text)?,
        };
        match self.open.last_mut()? {
            Open::List if self.list.is_none() => self.list = Some(value),
            Open::Array(items) => items.push(value),
            Open::Dictionary(members, name) => members.push((name.take()?, value)),
            Open::List | Open::Leaf(_) => return None,
        }
        Some(())
    }

    /// The name of the member that follows.
    fn name(&mut self, text: Zeroizing<String>) -> Option<()> {
        match self.open.last_mut()? {
            Open::Dictionary(_, name @ None) => *name = Some(text),
            _ => return None,
        }
        Some(())
    }
}

impl Leaf {
    fn value(self, text: Zeroizing<String>) -> Option<Value<'static>> {
        Some(match self {
            Self::Key | Self::Text => Value::Text(text),
            Self::Data => Value::Data(Cow::Owned(base64()?.decode(text.as_bytes()).ok()?)),
            Self::Integer => Value::Integer(text.trim().parse().ok()?),
            Self::Real => text.trim().parse::<f64>().map(|_| Value::Other).ok()?,
            Self::Date => Value::Date(text.trim().parse().ok()?),
            Self::Boolean(truth) => Value::Boolean(truth),
        })
    }
}

/// Base64 in lines.
fn base64() -> Option<Encoding> {
    let mut specification: Specification = BASE64.specification();
    specification.ignore.push_str(" \t\r\n");
    specification.encoding().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">"#;

    fn list(body: &str) -> Option<Value<'static>> {
        read(format!("{HEAD}\n{body}\n</plist>\n").as_bytes())
    }

    #[test]
    fn every_kind_of_value() {
        let body = "<dict><key>text</key><string>a &amp; b</string><key>data</key><data>\n\teHk\n\t=\n</data>\
            <key>numbers</key><array><integer>-7</integer><real>1.5</real><true/><false></false></array>\
            <key>when</key><date>2026-01-01T00:00:00Z</date><key>none</key><string/></dict>";
        let value = list(body).unwrap();
        assert_eq!(value.keys().collect::<Vec<_>>(), ["text", "data", "numbers", "when", "none"]);
        assert_eq!(value.get("text").unwrap().text(), Some("a & b"));
        assert_eq!(value.get("data").unwrap().data(), Some(b"xy".as_slice()));
        assert_eq!(value.get("when").unwrap().date().unwrap().to_string(), "2026-01-01T00:00:00Z");
        assert_eq!(value.texts(), ["a & b", ""]);
        let [Value::Integer(-7), Value::Other, Value::Boolean(true), Value::Boolean(false)] =
            value.get("numbers").unwrap().items()
        else {
            panic!("four values")
        };
    }

    #[test]
    fn what_is_no_list() {
        for body in [
            "",
            "<dict><key>a</key></dict>",
            "<dict><string>a</string></dict>",
            "<dict><key>a</key><key>b</key></dict>",
            "<array><string><true/></string></array>",
            "<integer>x</integer>",
            "<data>!</data>",
            "<other/>",
            "<string>a</string><string>b</string>",
            "<array>",
        ] {
            assert!(list(body).is_none(), "{body}");
        }
        let deep = |depth: usize| list(&("<array>".repeat(depth) + &"</array>".repeat(depth)));
        assert!(deep(MAX_DEPTH).is_some() && deep(MAX_DEPTH + 1).is_none());
        assert!(read(b"<html></html>").is_none() && read(b"<plist><true/>").is_none());
    }
}
