//! The parts of XML that several formats read in the same way.

use quick_xml::XmlVersion;
use quick_xml::events::{BytesRef, BytesStart};

/// Whether the root element of a text has this name.
pub(crate) fn has_root(text: &str, name: &str) -> bool {
    let mut body = text.trim_start_matches('\u{feff}').trim_start();
    if let Some(rest) = body.strip_prefix("<?xml") {
        body = rest.split_once("?>").map_or("", |(_, body)| body).trim_start();
    }
    let rest = body.strip_prefix('<').and_then(|body| body.strip_prefix(name));
    rest.is_some_and(|rest| rest.starts_with(|next: char| next.is_whitespace() || matches!(next, '>' | '/')))
}

/// Characters that XML cannot hold as they are: five names and numbers.
pub(crate) fn character(entity: &BytesRef<'_>) -> Option<char> {
    if let Ok(Some(character)) = entity.resolve_char_ref() {
        return Some(character);
    }
    match &**entity {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    }
}

/// The value of an attribute, decoded.
pub(crate) fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut attributes = tag.attributes().flatten();
    let found = attributes.find(|attribute| *attribute.key.as_ref() == *name)?;
    found.normalized_value(XmlVersion::Implicit1_0).ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_the_first_element() {
        for text in ["<map>", "<map/>", "<map a=\"b\">", "\u{feff} <?xml version=\"1.0\"?>\r\n<map\n>"] {
            assert!(has_root(text, "map"), "{text}");
        }
        for text in ["", "<maps>", "<a><map>", "map", "<?xml <map>", "<map"] {
            assert!(!has_root(text, "map"), "{text}");
        }
    }
}
