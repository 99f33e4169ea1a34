//! Parts of a key that can be read in two ways. What decides codes is not guessed: the key is left out, with the reason.

use super::drafts::{self, PARAMETERS};
use super::element::Element;
use crate::report::Skip;

/// Why a part of a key is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// It is written several times, and not the same each time.
    Twice,
    /// It is written as no version of the format has it.
    Shape,
    /// It stands where no version of the format has it.
    Place,
    /// Nothing says whether it is encrypted.
    Encryption,
}

impl Doubt {
    /// The reason to leave the key out, for a part by the name of its element.
    pub(super) fn of(self, part: &str) -> Skip {
        let (code, word) = match part {
            "secret" if self == Self::Encryption => (Skip::LOCKED_SECRET, "secret"),
            "secret" => (Skip::BAD_SECRET, "secret"),
            "counter" => (Skip::BAD_COUNTER, "counter"),
            "responseformat" => (Skip::BAD_DIGITS, "number of digits"),
            "suite" => (Skip::UNKNOWN_ALGORITHM, "hash"),
            "algorithm" => (Skip::UNKNOWN_KIND, "kind"),
            _ => (Skip::BAD_PERIOD, word(part)),
        };
        let message = match self {
            Self::Twice => format!("its {word} is written several times, and not the same each time"),
            Self::Shape => format!("its {word} is not written as the format has it"),
            Self::Place => format!("its {word} stands where the format has none"),
            Self::Encryption => format!("nothing says whether its {word} is encrypted"),
        };
        Skip::new(code, message)
    }
}

/// What people call a value, by the name of its element.
pub(super) fn word(value: &str) -> &str {
    match value {
        "timeinterval" => "period",
        "time" => "beginning of time",
        value => value,
    }
}

/// What all of these elements are, when they are the same; `None` without any.
pub(super) fn only<'e>(
    elements: impl IntoIterator<Item = &'e Element>,
) -> Result<Option<&'e Element>, Doubt> {
    let mut elements = elements.into_iter();
    let Some(first) = elements.next() else { return Ok(None) };
    if elements.all(|other| first.is_same(other)) { Ok(Some(first)) } else { Err(Doubt::Twice) }
}

/// Where parts that decide codes stand within a key: the names of the elements around them.
fn homes(part: &str) -> &'static [&'static str] {
    match part {
        "secret" | "counter" | "time" | "timeinterval" => &["data"],
        "responseformat" | "suite" => &PARAMETERS,
        _ => &[],
    }
}

/// Checks that each part that decides codes stands in its place, or says nothing else than what stands there.
///
/// # Errors
/// The reason to leave the key out: a default would stand for the part.
pub(super) fn check_places(entry: &Element, key: &Element) -> Result<(), Skip> {
    let mut strays = Vec::new();
    let beside = entry.children.iter().filter(|child| !drafts::is_key(child));
    beside.for_each(|child| gather(child, ["", ""], &mut strays));
    for part in &key.children {
        gather(part, ["", &part.name], &mut strays);
    }
    let is_said = |stray: &Element| {
        let homes = key.children.iter().filter(|child| homes(&stray.name).contains(&child.name.as_str()));
        homes.flat_map(|home| &home.children).any(|part| part.name == stray.name && part.is_same(stray))
    };
    match strays.into_iter().find(|stray| !is_said(stray)) {
        Some(stray) => Err(Doubt::Place.of(&stray.name)),
        None => Ok(()),
    }
}

/// Collects the parts that decide codes and stand elsewhere. The homes are what this element and its children may
/// belong to: only what stands directly in a key is one.
fn gather<'e>(element: &'e Element, [home, inner]: [&str; 2], strays: &mut Vec<&'e Element>) {
    // What others have added means what they say.
    if element.name == "extensions" {
        return;
    }
    let homes = homes(&element.name);
    if !homes.is_empty() && !homes.contains(&home) {
        strays.push(element);
    }
    for child in &element.children {
        gather(child, [inner, ""], strays);
    }
}
