//! What the items of unknown apps are like, without what is in them: enough to support an app, and nothing to keep
//! secret.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::container::plist::{self, Archive, Value};

/// One item: the names of its attributes, how long they are, and what they are made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ItemShape {
    /// `genp` or `inet`.
    pub kind: &'static str,
    /// Team and app, or a group of apps.
    pub group: String,
    /// Attribute by attribute.
    pub attributes: BTreeMap<String, AttributeShape>,
}

/// One attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AttributeShape {
    /// `text`, `json`, `plist`, `keyed-archive`, `bytes`, `number`, `boolean`, `date`, `list`, `null`.
    pub kind: &'static str,
    /// Bytes, where it has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<usize>,
    /// Names of the classes in an archive.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
}

/// Most bytes of a value that is looked into, and most names of classes.
const MAX_BYTES: usize = 64 << 10;
const MAX_CLASSES: usize = 32;

impl ItemShape {
    pub(super) fn of(attributes: &Value<'_>, kind: &'static str) -> Self {
        let names = attributes.keys().filter(|name| is_word(name, 16));
        let named =
            names.filter_map(|name| Some((name.to_owned(), AttributeShape::of(attributes.get(name)?))));
        let group = attributes.get("agrp").and_then(Value::text).unwrap_or_default();
        Self { kind, group: group.to_owned(), attributes: named.collect() }
    }
}

impl AttributeShape {
    fn of(value: &Value<'_>) -> Self {
        let plain = |kind| Self { kind, length: None, classes: Vec::new() };
        match value {
            Value::Text(text) => Self::of_bytes(text.as_bytes()),
            Value::Data(data) => Self::of_bytes(data),
            Value::Integer(_) => plain("number"),
            Value::Boolean(_) => plain("boolean"),
            Value::Date(_) => plain("date"),
            Value::Array(_) | Value::Dictionary(_) => plain("list"),
            Value::Other => plain("null"),
        }
    }

    fn of_bytes(bytes: &[u8]) -> Self {
        let classes = classes(bytes);
        let kind = match std::str::from_utf8(bytes) {
            _ if classes.is_some() => "keyed-archive",
            _ if plist::sniff(bytes) => "plist",
            Ok(text) if is_json(text) => "json",
            Ok(text) if !text.chars().any(char::is_control) => "text",
            _ => "bytes",
        };
        Self { kind, length: Some(bytes.len()), classes: classes.unwrap_or_default() }
    }
}

fn is_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
        && text.len() <= MAX_BYTES
        && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// Names of the classes in an archive, sorted; `None` for anything else.
fn classes(bytes: &[u8]) -> Option<Vec<String>> {
    if bytes.len() > MAX_BYTES || Archive::open(bytes).is_err() {
        return None;
    }
    let list = Value::read(bytes)?;
    let objects = list.get("$objects").map_or(&[][..], Value::items);
    let names = objects.iter().filter_map(|object| object.get("$classname")?.text());
    let mut names: Vec<String> = names.filter(|name| is_word(name, 64)).map(str::to_owned).collect();
    names.sort();
    names.dedup();
    names.truncate(MAX_CLASSES);
    Some(names)
}

/// Whether a name is one of a programmer, and not content.
fn is_word(name: &str, most: usize) -> bool {
    name.len() <= most && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
}
