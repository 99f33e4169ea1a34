//! Finding text in the HTML exports of apps, which are meant for printing.
//!
//! No parser of pages in general: the exports are generated from small templates without nesting of
//! the elements that count, and some of them do not escape their text.

/// Elements whose content is no markup.
const RAW: [&str; 2] = ["script", "style"];

/// An element and what is between its tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    /// Name in lower case.
    pub(crate) name: &'static str,
    /// Content as it stands in the file: neither unescaped nor freed of tags.
    pub(crate) raw: &'a str,
}

impl Element<'_> {
    /// The content as a reader sees it: without tags, entities undone, trimmed.
    pub(crate) fn text(&self) -> String {
        let mut plain = String::with_capacity(self.raw.len());
        let mut rest = self.raw;
        while let Some((before, tag)) = rest.split_once('<') {
            plain.push_str(before);
            rest = tag.split_once('>').map_or("", |(_, after)| after);
        }
        plain.push_str(rest);
        unescape(plain.trim())
    }
}

/// Whether a text can be a page.
pub(crate) fn sniff(text: &str) -> bool {
    let start: String = text.trim_start().chars().take(14).collect();
    let start = start.to_ascii_lowercase();
    start.starts_with("<!doctype html") || start.starts_with("<html")
}

/// The content of the first `<title>`.
pub(crate) fn title(text: &str) -> Option<String> {
    elements(text, &["title"]).first().map(Element::text)
}

/// The elements of these names (lower case), in order. An element ends at its first end tag; one that
/// never ends is left out. Comments, scripts and styles are passed over.
pub(crate) fn elements<'a>(text: &'a str, names: &[&'static str]) -> Vec<Element<'a>> {
    let lower = text.to_ascii_lowercase();
    let mut found = Vec::new();
    // Names that have no end tag any more: looking again would take a hostile page's length each time.
    let mut exhausted: Vec<&str> = Vec::new();
    let mut at = 0;
    while let Some(start) = find(&lower, "<", at) {
        at = start.saturating_add(1);
        if lower.get(start..).is_some_and(|rest| rest.starts_with("<!--")) {
            let Some(end) = find(&lower, "-->", at) else { break };
            at = end;
            continue;
        }
        let name = tag_name(lower.get(at..).unwrap_or_default());
        let wanted = names.iter().copied().find(|wanted| *wanted == name);
        if exhausted.contains(&name) || (wanted.is_none() && !RAW.contains(&name)) {
            continue;
        }
        let Some(open) = tag_end(&lower, at) else { break };
        let Some(close) = find(&lower, &format!("</{name}"), open) else {
            exhausted.push(name);
            at = open;
            continue;
        };
        if let (Some(name), Some(raw)) = (wanted, text.get(open..close)) {
            found.push(Element { name, raw });
        }
        at = close;
    }
    found
}

fn find(text: &str, what: &str, from: usize) -> Option<usize> {
    text.get(from..)?.find(what)?.checked_add(from)
}

fn tag_name(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

/// Where the tag that begins here is over; a `>` in a quoted attribute does not end it.
fn tag_end(text: &str, from: usize) -> Option<usize> {
    let mut quote = None;
    for (at, character) in text.get(from..)?.char_indices() {
        match (quote, character) {
            (None, '>') => return from.checked_add(at)?.checked_add(1),
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            _ => {}
        }
    }
    None
}

/// More characters than any entity that is undone has.
const LONGEST_ENTITY: usize = 12;

/// Undoes `&amp;`, `&lt;`, `&gt;`, `&quot;`, `&apos;`, `&nbsp;` and numeric entities, each once. What
/// is no entity stays as it is.
pub(crate) fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, entity)) = rest.split_once('&') {
        out.push_str(before);
        // An entity is short; looking for its end in a long text would take quadratic time.
        let end = entity.bytes().take(LONGEST_ENTITY).position(|byte| byte == b';');
        let found =
            end.and_then(|end| Some((character(entity.get(..end)?)?, entity.get(end.saturating_add(1)..)?)));
        match found {
            Some((character, after)) => {
                out.push(character);
                rest = after;
            }
            None => {
                out.push('&');
                rest = entity;
            }
        }
    }
    out.push_str(rest);
    out
}

fn character(entity: &str) -> Option<char> {
    let number = |digits, radix| u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
    match entity {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some('\u{a0}'),
        _ => match entity.strip_prefix('#')? {
            hex if hex.starts_with(['x', 'X']) => number(hex.get(1..)?, 16),
            decimal => number(decimal, 10),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_in_order() {
        let page = "<!DOCTYPE html><title>A &amp; B</title><style>h3 > code { <code>x</code> }</style>\
            <!-- <code>no</code> --><H3 class='a>b'> Acme &lt;1&gt; </H3><code>a&b</code><code>never closed";
        let found = elements(page, &["h3", "code"]);
        let raw: Vec<(&str, &str)> = found.iter().map(|element| (element.name, element.raw)).collect();
        assert_eq!(raw, [("h3", " Acme &lt;1&gt; "), ("code", "a&b")]);
        assert_eq!(found[0].text(), "Acme <1>");
        assert_eq!(title(page).as_deref(), Some("A & B"));
        assert!(sniff(page) && sniff("\n<html lang=en>") && !sniff("<map/>"));
    }

    #[test]
    fn entities_are_undone_once() {
        assert_eq!(unescape("&amp;lt; &#39;&#x1F511; &bogus; & &#xD800;"), "&lt; '🔑 &bogus; & &#xD800;");
    }

    #[test]
    fn any_text_is_safe() {
        for text in ["<", "<code", "<code>", "<!--", "<ä>", "<code></cod", "&", "&#;", "<code>é</code>"] {
            elements(text, &["code"]);
            unescape(text);
        }
        assert_eq!(elements("<code>é</CODE>", &["code"]).len(), 1);
    }
}
