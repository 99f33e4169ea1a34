//! A cheap look at a file, shared by all formats' detection.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::container::prefs::Prefs;
use crate::container::{sqlite, zip};
use crate::format::Manifest;
use crate::text::{csv, encoding};

/// How much of a text detection looks at.
const HEAD: usize = 64 << 10;
/// How deep the skeleton of a JSON text goes.
const DEPTH: usize = 3;
/// How many members of objects the skeleton keeps, of all objects together: each takes many times
/// its length.
const MEMBERS: usize = 100_000;
/// How much of a JSON string the skeleton keeps.
const TEXT: usize = 64;

/// The bytes of a file with lazily parsed views of it, computed once for all formats.
pub struct Probe<'a> {
    bytes: &'a [u8],
    name: Option<&'a str>,
    text: OnceCell<Option<Cow<'a, str>>>,
    json: OnceCell<Option<Node>>,
    database: OnceCell<Option<sqlite::Database<'a>>>,
    prefs: OnceCell<Option<Prefs>>,
    zip_names: OnceCell<Option<Vec<String>>>,
    header: OnceCell<Vec<String>>,
    wal: Option<&'a [u8]>,
    manifest: Option<Manifest<'a>>,
}

impl<'a> Probe<'a> {
    /// Looks at bytes, and at the file name where there is one.
    pub fn new(bytes: &'a [u8], name: Option<&'a str>) -> Self {
        Self {
            bytes,
            name,
            text: OnceCell::new(),
            json: OnceCell::new(),
            database: OnceCell::new(),
            prefs: OnceCell::new(),
            zip_names: OnceCell::new(),
            header: OnceCell::new(),
            wal: None,
            manifest: None,
        }
    }

    /// The same with a database's write-ahead log, which may hold the schema.
    #[must_use]
    pub fn with_wal(mut self, wal: Option<&'a [u8]>) -> Self {
        self.wal = wal;
        self
    }

    /// The same with the list of its folder, which may say what the file is.
    #[must_use]
    pub fn with_manifest(mut self, manifest: Option<Manifest<'a>>) -> Self {
        self.manifest = manifest;
        self
    }

    /// The list of its folder.
    pub(crate) fn manifest(&self) -> Option<Manifest<'a>> {
        self.manifest
    }

    /// All bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The file name, where there is one.
    pub fn name(&self) -> Option<&'a str> {
        self.name
    }

    /// Extension of the file name, without the dot.
    pub fn extension(&self) -> Option<&'a str> {
        let name = self.name?.rsplit(['/', '\\']).next()?;
        name.rsplit_once('.').map(|(_, extension)| extension)
    }

    /// The beginning of the file as text, when it is one.
    pub fn text(&self) -> Option<&str> {
        self.text.get_or_init(|| encoding::decode_head(self.bytes, HEAD)).as_deref()
    }

    /// The skeleton of a JSON text: keys and types of its upper levels. Also of a truncated text,
    /// so that damage is told from another format.
    pub fn json(&self) -> Option<&Node> {
        self.json.get_or_init(|| skeleton(self.bytes)).as_ref()
    }

    /// The values, when the file is an Android preferences file.
    pub(crate) fn prefs(&self) -> Option<&Prefs> {
        let read = || {
            let text = encoding::decode(self.bytes)?;
            if Prefs::sniff(&text) { Prefs::parse(&text).ok() } else { None }
        };
        self.prefs.get_or_init(read).as_ref()
    }

    /// The names of the members, when the bytes are a zip archive; only the first of one that is cut off.
    pub fn zip_names(&self) -> Option<&[String]> {
        self.zip_names.get_or_init(|| zip::names(self.bytes)).as_deref()
    }

    /// The names of the columns in lower case, when the file can be a table with commas: what stands
    /// in its first row.
    pub(crate) fn header(&self) -> &[String] {
        let read = || {
            let text = self.text().filter(|text| !text.trim_start().starts_with(['{', '[', '<']));
            let names = text.map(|text| csv::first_row(text, b',')).unwrap_or_default();
            names.into_iter().map(|name| name.to_lowercase()).collect()
        };
        self.header.get_or_init(read)
    }

    /// Whether the file is a table with commas that has all of these columns, named in lower case.
    pub(crate) fn has_header(&self, columns: &[&str]) -> bool {
        columns.iter().all(|column| self.header().iter().any(|name| name == column))
    }

    /// Whether the bytes are an SQLite database with these columns in a table.
    pub fn has_columns(&self, table: &str, columns: &[&str]) -> bool {
        let database = self.database.get_or_init(|| sqlite::Database::open(self.bytes, self.wal).ok());
        let table = database.as_ref().and_then(|database| database.table(table).ok());
        table.is_some_and(|table| columns.iter().all(|column| table.column(column).is_some()))
    }
}

/// One value of a JSON skeleton.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Node {
    /// Deeper than the skeleton goes, or not reached before the text broke off.
    #[default]
    Unknown,
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// A number; `None` when it is not a signed 64-bit integer.
    Number(Option<i64>),
    /// The beginning of a string.
    Text(String),
    /// An array: its first element, when it has one.
    Array(Option<Box<Node>>),
    /// An object: keys in order.
    Object(Vec<(String, Node)>),
}

impl Node {
    /// The value under a key, when this is an object that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match self {
            Self::Object(entries) => entries.iter().find(|(k, _)| k == key).map(|(_, v)| v),
            _ => None,
        }
    }

    /// The integer, when this is one.
    pub fn integer(&self) -> Option<i64> {
        match self {
            Self::Number(number) => *number,
            _ => None,
        }
    }

    /// The beginning of the string, when this is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether this is an array.
    pub fn is_array(&self) -> bool {
        matches!(self, Self::Array(_))
    }
}

fn skeleton(bytes: &[u8]) -> Option<Node> {
    let text = encoding::decode(bytes)?;
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    let mut node = Node::default();
    let mut json = serde_json::Deserializer::from_str(&text);
    let left = Cell::new(MEMBERS);
    let whole = Fill { node: &mut node, depth: 0, left: &left }.deserialize(&mut json);
    match &node {
        // A text such as `[GitHub] otpauth://...` only begins like JSON.
        Node::Object(entries) if whole.is_err() && entries.is_empty() => None,
        Node::Array(Some(first)) if whole.is_err() && **first == Node::Unknown => None,
        _ => Some(node),
    }
}

/// Fills a node in place, so that a text that breaks off leaves what was read.
struct Fill<'n> {
    node: &'n mut Node,
    depth: usize,
    /// Members that may still be kept.
    left: &'n Cell<usize>,
}

impl<'de> DeserializeSeed<'de> for Fill<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.depth > DEPTH {
            return deserializer.deserialize_ignored_any(IgnoredAny).map(|_| ());
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Fill<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        *self.node = Node::Null;
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        *self.node = Node::Bool;
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        *self.node = Node::Number(Some(value));
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        *self.node = Node::Number(i64::try_from(value).ok());
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        *self.node = Node::Number(None);
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        *self.node = Node::Text(value.chars().take(TEXT).collect());
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        *self.node = Node::Array(None);
        let mut first = Box::<Node>::default();
        let found = seq.next_element_seed(Fill { node: &mut first, depth: self.depth + 1, left: self.left });
        if !matches!(found, Ok(None)) {
            *self.node = Node::Array(Some(first));
        }
        found?;
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        *self.node = Node::Object(Vec::new());
        while let Some(key) = map.next_key::<String>()? {
            let Some(left) = self.left.get().checked_sub(1) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            self.left.set(left);
            let mut value = Node::default();
            let read = map.next_value_seed(Fill { node: &mut value, depth: self.depth + 1, left: self.left });
            if let Node::Object(entries) = &mut *self.node {
                entries.push((key, value));
            }
            read?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skeleton_keeps_what_was_read_of_a_broken_text() {
        let probe = Probe::new(br#"{"version":1,"header":{"slots":[{"type":1"#, None);
        let node = probe.json().unwrap();
        assert_eq!(node.get("version").and_then(Node::integer), Some(1));
        let slots = node.get("header").and_then(|h| h.get("slots")).unwrap();
        assert!(slots.is_array());
    }

    #[test]
    fn only_json_has_a_skeleton() {
        assert_eq!(Probe::new(b"otpauth://totp/x", None).json(), None);
        assert_eq!(Probe::new(b"\xff\x00\x01{", None).json(), None);
        assert_eq!(Probe::new(b"[GitHub] otpauth://totp/x", None).json(), None);
    }

    #[test]
    fn the_first_row_names_the_columns() {
        let probe = Probe::new(b"\xEF\xBB\xBFTitle,\"OTPAuth\"\r\na,b", None);
        assert_eq!(probe.header(), ["title", "otpauth"]);
        assert!(probe.has_header(&["otpauth"]) && !probe.has_header(&["title", "url"]));
        assert!(Probe::new(b"{\"a\":1,\"b\":2}", None).header().is_empty());
        assert!(Probe::new(b"\x00\x01,\x02", None).header().is_empty());
    }

    #[test]
    fn extension_is_what_follows_the_last_dot() {
        assert_eq!(Probe::new(b"", Some("a.b.2fas")).extension(), Some("2fas"));
        assert_eq!(Probe::new(b"", Some("PhoneFactor")).extension(), None);
        assert_eq!(Probe::new(b"", Some("com.example/databases/accounts")).extension(), None);
    }

    /// Each member takes many times its length in memory.
    #[test]
    fn the_skeleton_has_a_bounded_number_of_members() {
        let members = r#""":{"":0},"#.repeat(MEMBERS);
        let text = format!(r#"{{{members}"last":1}}"#);
        let probe = Probe::new(text.as_bytes(), None);
        let Some(Node::Object(entries)) = probe.json() else { panic!("no object") };
        assert_eq!(entries.len(), MEMBERS / 2);
        assert_eq!(entries[0].1, Node::Object(vec![(String::new(), Node::Number(Some(0)))]));
    }
}
