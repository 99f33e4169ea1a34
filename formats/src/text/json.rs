//! Parsing JSON without ever repeating a piece of it in an error.

use std::fmt;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::ctx::Limits;
use crate::error::{Error, Place};
use crate::model::{Number, Secret};

/// Parses the text of a file. A text with more values than the allowed number of entries could need
/// is refused first: in memory each takes many times its length.
pub(crate) fn parse_file<'a, T: Deserialize<'a>>(text: &'a str, limits: &Limits) -> Result<T, Error> {
    let values = text.bytes().filter(|byte| *byte == b',').count();
    limits.check_values(values)?;
    parse(text)
}

/// Parses a text.
pub(crate) fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| Error::json(&error))
}

/// Parses one entry of a list on its own, so that a bad one does not sink the others. `None` when
/// it is not of that shape.
pub(crate) fn entry<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Option<T> {
    serde_json::from_str(raw.get()).ok()
}

/// The values of a text: one, or JSON Lines.
pub(crate) enum Values<'a> {
    /// All of the text.
    One(&'a RawValue),
    /// One in each line that is not blank, with the number of the line; `None` for a line that is not JSON.
    Lines(Vec<(usize, Option<&'a RawValue>)>),
}

/// Takes the text of a file that may be JSON Lines apart. When not even the first line is JSON, the error is
/// that of the whole text.
pub(crate) fn values<'a>(text: &'a str, limits: &Limits) -> Result<Values<'a>, Error> {
    let error = match parse_file::<&RawValue>(text, limits) {
        Ok(one) => return Ok(Values::One(one)),
        Err(error) => error,
    };
    let numbered = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    limits.check_accounts(numbered.clone().count())?;
    let lines: Vec<(usize, Option<&RawValue>)> =
        numbered.map(|(number, line)| (number, serde_json::from_str(line).ok())).collect();
    match lines.first() {
        Some((_, Some(_))) => Ok(Values::Lines(lines)),
        _ => Err(error),
    }
}

/// A part of the file, at this pointer, is not as the app writes it.
pub(crate) fn damaged(pointer: &str, message: &str) -> Error {
    Error::malformed(message)
        .at(Place::Json(pointer.to_owned()))
        .next_step("The file is damaged or was edited: export or copy it again")
}

/// Versions count from 1; a later one than `newest` may mean something else by the same names.
pub(crate) fn check_version(version: Number, newest: u8, pointer: &str) -> Result<(), Error> {
    match version {
        Number::Of(version) if version > newest.into() => {
            Err(Error::newer(format!("the file is of version {version}, {newest} is the newest known"))
                .at(Place::Json(pointer.to_owned())))
        }
        Number::Of(version) if version >= 1 => Ok(()),
        _ => Err(damaged(pointer, "the version is not a number from 1")),
    }
}

/// For `#[serde(deserialize_with)]`: `null` stands for nothing there.
pub(crate) fn null_is_default<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Default + Deserialize<'de>,
    D: serde::Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// The members of an object whose names are data, in order.
pub(crate) struct Members<'a>(pub(crate) Vec<(Zeroizing<String>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
            members.push((Zeroizing::new(name), value));
        }
        Ok(Members(members))
    }
}

/// Every text that is a value somewhere in a document; they are wiped on drop.
pub(crate) struct Texts(pub(crate) Vec<Zeroizing<String>>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut texts = Vec::new();
        TextsVisitor(&mut texts).deserialize(deserializer)?;
        Ok(Self(texts))
    }
}

struct TextsVisitor<'t>(&'t mut Vec<Zeroizing<String>>);

impl<'de> DeserializeSeed<'de> for TextsVisitor<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for TextsVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.0.push(Zeroizing::new(text.to_owned()));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(TextsVisitor(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_key::<IgnoredAny>()?.is_some() {
            map.next_value_seed(TextsVisitor(self.0))?;
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// Serialises with the given indentation. The text is wiped on drop.
pub(crate) fn pretty<T: Serialize>(value: &T, indent: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut out = Zeroizing::new(Vec::with_capacity(1 << 16));
    let formatter = serde_json::ser::PrettyFormatter::with_indent(indent);
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, formatter);
    value.serialize(&mut serializer).map_err(|error| Error::json(&error))?;
    Ok(out)
}

/// Serialises without white space. The text is wiped on drop.
pub(crate) fn compact<T: Serialize>(value: &T) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut out = Zeroizing::new(Vec::with_capacity(1 << 16));
    serde_json::to_writer(&mut *out, value).map_err(|error| Error::json(&error))?;
    Ok(out)
}

/// For `#[serde(serialize_with)]` on a text that is wiped on drop.
pub(crate) fn exposed<S: Serializer>(text: &Zeroizing<String>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}

/// Removes fields that repeat the secret: what a format keeps of unknown fields must hold none.
pub(crate) fn without_secret(mut fields: Map<String, Value>, secret: &Secret) -> Map<String, Value> {
    if !fields.is_empty() {
        let base32 = secret.to_base32();
        let hex = Zeroizing::new(data_encoding::HEXUPPER.encode(secret.expose()));
        fields.retain(|_, value| !mentions(value, &[&base32, &hex]));
    }
    fields
}

/// The fields of a kept object that are none of the format's own. What was kept may come from a
/// file that somebody edited, so it can never stand in for a field that is written from the model.
pub(crate) fn unknown_fields(kept: Option<&Value>, own: &[&str]) -> Map<String, Value> {
    let mut fields = kept.and_then(Value::as_object).cloned().unwrap_or_default();
    fields.retain(|name, _| !own.contains(&name.as_str()));
    fields
}

fn mentions(value: &Value, spellings: &[&str; 2]) -> bool {
    match value {
        Value::String(text) => {
            let text = Zeroizing::new(text.to_ascii_uppercase());
            spellings.iter().any(|spelling| text.contains(spelling))
        }
        Value::Array(items) => items.iter().any(|item| mentions(item, spellings)),
        Value::Object(fields) => fields.values().any(|field| mentions(field, spellings)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn unknown_fields_lose_the_secret_only() {
        let secret = Secret::new(b"Hello!\xDE\xAD\xBE\xEF".to_vec()).unwrap();
        let fields = serde_json::json!({
            "keep": ["x", 1, {"y": null}],
            "uri": "otpauth://totp/a?secret=jbswy3dpehpk3pxp",
            "deep": [{"key": "48656c6c6f21deadbeef"}],
        });
        let Value::Object(fields) = fields else { unreachable!() };
        let kept = without_secret(fields, &secret);
        assert_eq!(Value::Object(kept), serde_json::json!({"keep": ["x", 1, {"y": null}]}));
    }

    #[test]
    fn own_fields_are_not_taken_from_what_was_kept() {
        let kept = serde_json::json!({"secret": "JBSWY3DP", "color": "red"});
        let fields = unknown_fields(Some(&kept), &["secret"]);
        assert_eq!(Value::Object(fields), serde_json::json!({"color": "red"}));
        assert!(unknown_fields(Some(&Value::Null), &[]).is_empty());
        assert!(unknown_fields(None, &[]).is_empty());
    }

    #[test]
    fn a_text_is_one_value_or_one_in_each_line() {
        let limits = Limits { accounts: 3, ..Limits::default() };
        let shape = |text: &str| match values(text, &limits) {
            Ok(Values::One(_)) => Ok(vec![]),
            Ok(Values::Lines(lines)) => Ok(lines.iter().map(|(at, line)| (*at, line.is_some())).collect()),
            Err(error) => Err(error.kind),
        };
        assert_eq!(shape("{\n\"a\": 1\n}\n"), Ok(vec![]));
        assert_eq!(shape("\n{}\n\n{\"a\"\n[1]"), Ok(vec![(2, true), (4, false), (5, true)]));
        assert_eq!(shape("{\n\"a\""), Err(ErrorKind::Malformed));
        assert_eq!(shape(""), Err(ErrorKind::Malformed));
        assert_eq!(shape("1\n2\n3\n4"), Err(ErrorKind::Limit));
    }

    #[test]
    fn texts_are_found_at_any_depth() {
        let text = r#" {"a": "b", "c": [1, -2, 0.5, true, null, ["d\n", {"e": {"f": ""}}]], "a": "g"} "#;
        let Texts(texts) = serde_json::from_str(text).unwrap();
        assert_eq!(texts.iter().map(|text| text.as_str()).collect::<Vec<_>>(), ["b", "d\n", "", "g"]);
        assert!(serde_json::from_str::<Texts>(&"[".repeat(200)).is_err());
    }
}
