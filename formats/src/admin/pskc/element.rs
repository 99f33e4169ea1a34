//! A piece of a PSKC document as a tree. Namespaces and the case of names make no difference: prefixes, draft
//! namespaces and all-lower-case names all occur.

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use zeroize::Zeroizing;

use super::doubt::{self, Doubt};
use crate::error::Error;
use crate::text::xml;

/// No real document nests deeper than a dozen.
const DEPTH: usize = 64;
/// Elements of one entry or header; a real one has a few dozen.
const ELEMENTS: usize = 5_000;

/// An element with everything in it.
#[derive(Default)]
pub(super) struct Element {
    /// Local name, lower case.
    pub(super) name: String,
    /// By local name, lower case.
    attributes: Vec<(String, String)>,
    /// Without what its children hold.
    text: Zeroizing<String>,
    pub(super) children: Vec<Element>,
    /// The text ended before it did.
    pub(super) is_cut: bool,
}

impl Element {
    /// The element without its content.
    ///
    /// # Errors
    /// `Malformed` for attributes that cannot be read: left out, a default would stand for them.
    pub(super) fn open(tag: &BytesStart<'_>) -> Result<Self, Error> {
        let unreadable = || {
            Error::malformed("an attribute is written twice or cannot be read")
                .next_step("The file is damaged or was edited: get it again from whoever made it")
        };
        let mut attributes = Vec::new();
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|_| unreadable())?;
            if attribute.key.as_namespace_binding().is_some() {
                continue;
            }
            let name = attribute.key.local_name().as_ref().to_ascii_lowercase();
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|_| unreadable())?;
            attributes.push((name, value.trim().to_owned()));
        }
        Ok(Self { name: local_name(tag), attributes, ..Self::default() })
    }

    /// The text without the white space around it.
    pub(super) fn text(&self) -> &str {
        self.text.trim()
    }

    /// The value of an attribute, asked for by its name in lower case; empty when it is not there.
    pub(super) fn attribute(&self, name: &str) -> &str {
        self.attributes.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The first of these attributes that says something.
    pub(super) fn any_attribute(&self, names: &[&str]) -> &str {
        names.iter().map(|name| self.attribute(name)).find(|value| !value.is_empty()).unwrap_or_default()
    }

    /// What these attributes say, all of them the same; empty when none says anything.
    ///
    /// # Errors
    /// Two say different things: prefixes and capitals make no difference here, so that one name may stand twice.
    pub(super) fn once(&self, names: &[&str]) -> Result<&str, Doubt> {
        let is_asked =
            |(name, value): &&(String, String)| names.contains(&name.as_str()) && !value.is_empty();
        let mut values = self.attributes.iter().filter(is_asked).map(|(_, value)| value);
        let Some(first) = values.next() else { return Ok("") };
        if values.all(|value| value == first) { Ok(first) } else { Err(Doubt::Twice) }
    }

    /// The text of an element that has nothing but a text.
    ///
    /// # Errors
    /// It has elements, between which its text would be joined.
    pub(super) fn leaf(&self) -> Result<&str, Doubt> {
        if self.children.is_empty() { Ok(self.text()) } else { Err(Doubt::Shape) }
    }

    /// Whether another element says the same, of whatever name it is.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let has_all = |a: &Self, b: &Self| a.attributes.iter().all(|one| b.attributes.contains(one));
        let mut pairs = self.children.iter().zip(&other.children);
        self.text() == other.text()
            && has_all(self, other)
            && has_all(other, self)
            && self.children.len() == other.children.len()
            && pairs.all(|(one, other)| one.name == other.name && one.is_same(other))
    }

    /// The children of one of these names.
    pub(super) fn children_of(&self, names: &[&str]) -> impl Iterator<Item = &Element> {
        self.children.iter().filter(|child| names.contains(&child.name.as_str()))
    }

    /// What all children of these names are.
    ///
    /// # Errors
    /// They are not the same.
    pub(super) fn only(&self, names: &[&str]) -> Result<Option<&Element>, Doubt> {
        doubt::only(self.children_of(names))
    }

    /// The first child of one of these names.
    pub(super) fn child(&self, names: &[&str]) -> Option<&Element> {
        self.children_of(names).next()
    }

    /// The element at the end of a way down.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Element> {
        path.iter().try_fold(self, |element, name| element.child(&[name]))
    }

    /// The same of a name: one that only stands for an entity is none.
    pub(super) fn name_of(&self, name: &str) -> &str {
        self.text_of(name).trim_matches(char::REPLACEMENT_CHARACTER)
    }

    /// The text of a child; empty when there is none.
    pub(super) fn text_of(&self, name: &str) -> &str {
        self.child(&[name]).map_or("", Element::text)
    }
}

/// The name without its prefix, in lower case.
pub(super) fn local_name(tag: &BytesStart<'_>) -> String {
    tag.local_name().as_ref().to_ascii_lowercase()
}

/// Makes trees of events.
#[derive(Default)]
pub(super) struct Builder {
    open: Vec<Element>,
    done: Vec<Element>,
    count: usize,
}

impl Builder {
    /// Takes the next event of a well-formed text.
    ///
    /// # Errors
    /// `Malformed` for a tree that is deeper or larger than any real one.
    pub(super) fn take(&mut self, event: &Event<'_>) -> Result<(), Error> {
        match event {
            Event::Start(tag) => self.start(Element::open(tag)?)?,
            Event::Empty(tag) => {
                self.start(Element::open(tag)?)?;
                self.end();
            }
            Event::End(_) => self.end(),
            Event::Text(text) => self.text(text),
            Event::CData(text) => self.text(text),
            // Entities that a document declares itself are never looked up. Their place stays to be seen: without it,
            // the rest would pass for the whole.
            Event::GeneralRef(entity) => {
                if let Some(element) = self.open.last_mut() {
                    element.text.push(xml::character(entity).unwrap_or(char::REPLACEMENT_CHARACTER));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn start(&mut self, element: Element) -> Result<(), Error> {
        self.count = self.count.saturating_add(1);
        if self.open.len() >= DEPTH || self.count > ELEMENTS {
            return Err(Error::malformed(
                "the XML is nested deeper, or an entry is larger, than in any real file",
            ));
        }
        self.open.push(element);
        Ok(())
    }

    fn end(&mut self) {
        let Some(element) = self.open.pop() else { return };
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.done.push(element),
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(element) = self.open.last_mut() {
            element.text.push_str(text);
        }
    }

    /// The trees. What is still open is closed, and marked.
    pub(super) fn finish(mut self) -> Vec<Element> {
        while let Some(element) = self.open.last_mut() {
            element.is_cut = true;
            self.end();
        }
        self.done
    }
}
