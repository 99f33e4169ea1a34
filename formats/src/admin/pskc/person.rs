//! People as PSKC names them: in distinguished names.
//!
//! Source: RFC 6030, section 4.3.2; RFC 4514 for the text.

use std::borrow::Cow;

/// Who is meant: the common name, else the user id, else the text as it is.
pub(super) fn name(text: &str) -> Cow<'_, str> {
    let parts = parts(text);
    let find = |key: &str| parts.iter().flatten().find(|(name, _)| name.eq_ignore_ascii_case(key));
    let found = find("cn").or_else(|| find("uid")).and_then(|(_, value)| unescape(value));
    found.map_or(Cow::Borrowed(text), Cow::Owned)
}

/// A distinguished name with nothing but this common name.
pub(super) fn distinguished(name: &str) -> String {
    let mut text = String::with_capacity(name.len().saturating_add(3));
    text.push_str("CN=");
    let last = name.chars().count().saturating_sub(1);
    for (at, c) in name.chars().enumerate() {
        match c {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=' => text.extend(['\\', c]),
            '#' if at == 0 => text.push_str("\\#"),
            // White space around a text is nobody's, so that an escaped one would lose its blank.
            ' ' if at == 0 || at == last => text.push_str("\\20"),
            c if c.is_whitespace() && c != ' ' || c.is_control() => {
                let mut bytes = [0; 4];
                c.encode_utf8(&mut bytes).bytes().for_each(|byte| text.push_str(&format!("\\{byte:02X}")));
            }
            c => text.push(c),
        }
    }
    text
}

/// Names and values, as they are written. `None` when the text is no distinguished name.
fn parts(text: &str) -> Option<Vec<(&str, &str)>> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let (part, after) = split(rest);
        let (name, value) = part.split_once('=')?;
        let name = name.trim();
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.')) {
            return None;
        }
        parts.push((name, value.trim()));
        match after {
            Some(after) => rest = after,
            None => return Some(parts),
        }
    }
}

/// The text up to a comma or plus that is neither escaped nor quoted, and what follows it.
fn split(text: &str) -> (&str, Option<&str>) {
    let (mut is_escaped, mut is_quoted) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            ',' | '+' | ';' if !is_quoted => {
                let (part, rest) = text.split_at_checked(at).unwrap_or((text, ""));
                return (part, rest.get(1..));
            }
            _ => {}
        }
    }
    (text, None)
}

/// The value with its escapes resolved. `None` when there is nothing, or nothing that can be read.
fn unescape(value: &str) -> Option<String> {
    let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    let mut bytes = quoted.unwrap_or(value).bytes().peekable();
    let mut out = Vec::with_capacity(value.len());
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let first = bytes.next()?;
        let second = bytes.peek().copied().and_then(digit);
        match (digit(first), second) {
            (Some(high), Some(low)) => {
                bytes.next();
                out.push(high << 4 | low);
            }
            _ => out.push(first),
        }
    }
    String::from_utf8(out).ok().filter(|text| !text.is_empty())
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_common_name_goes_before_the_user_id() {
        for (text, wanted) in [
            ("CN=alice", "alice"),
            ("UID=jsmith, DC=example-bank, DC=net", "jsmith"),
            ("CN=ekhgjhbctrgn, UID=ca62baca62ba", "ekhgjhbctrgn"),
            ("uid=b+cn=c\\, d", "c, d"),
            ("CN=\"Sue, Grabbit\",O=Runn", "Sue, Grabbit"),
            ("CN=Lu\\C4\\8Di\\C4\\87", "Lučić"),
            ("O=Acme", "O=Acme"),
            ("CN=", "CN="),
            ("alice", "alice"),
            ("a b=c", "a b=c"),
            ("", ""),
        ] {
            assert_eq!(name(text), wanted, "{text}");
        }
    }

    #[test]
    fn every_name_comes_back() {
        for text in
            ["alice", " a ", " ", "#1", "a,b+c\"d\\e<f>g;h=i", "Lučić 東京", "a\u{0}b\tc\u{a0}", "CN=x"]
        {
            let written = distinguished(text);
            assert_eq!(name(&written), text, "{written}");
            assert_eq!(written.trim(), written);
        }
    }
}
