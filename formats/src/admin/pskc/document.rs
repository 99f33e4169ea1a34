//! A PSKC file cut into its header and its entries, each of which is read alone.

use quick_xml::Reader;
use quick_xml::events::Event;

use super::element::{Builder, Element, local_name};
use crate::ctx::Limits;
use crate::error::{Error, Place};

/// Roots of the RFC and of its first draft.
const ROOTS: [&str; 2] = ["keycontainer", SECRET_CONTAINER];
const SECRET_CONTAINER: &str = "secretcontainer";
/// What entries are called in the RFC and in its drafts.
const ENTRIES: [&str; 2] = ["keypackage", DEVICE];
const DEVICE: &str = "device";

/// Whether the first element of a text is the root of a PSKC file.
pub(super) fn is_own(text: &str) -> bool {
    let mut reader = Reader::from_str(text.trim_start());
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag) | Event::Empty(tag)) => return ROOTS.contains(&local_name(&tag).as_str()),
            Ok(Event::Text(text)) if !text.trim().is_empty() => return false,
            Ok(Event::Eof) | Err(_) => return false,
            Ok(_) => {}
        }
    }
}

/// A file in its parts.
pub(super) struct Document<'t> {
    /// The root without its content.
    root: Element,
    /// Its children that are no entries.
    pub(super) header: Vec<Element>,
    entries: Vec<&'t str>,
    /// It is of one of the drafts of the RFC.
    pub(super) is_draft: bool,
    /// It declares a document type, which is not looked at.
    pub(super) has_doctype: bool,
    /// End tags are missing at its end.
    pub(super) is_cut: bool,
}

impl<'t> Document<'t> {
    /// Cuts a text.
    ///
    /// # Errors
    /// `Malformed` for XML that is damaged in the middle; `NewerVersion`; `Limit` for more entries than allowed.
    pub(super) fn parse(text: &'t str, limits: &Limits) -> Result<Self, Error> {
        let text = text.trim_start();
        let mut parser = Parser::default();
        let mut reader = Reader::from_str(text);
        loop {
            let before = position(&reader);
            let event = reader.read_event().map_err(|_| damaged(reader.error_position()))?;
            if matches!(event, Event::Eof) {
                break;
            }
            parser.take(&event, text, before, position(&reader))?;
            limits.check_accounts(parser.entries.len())?;
        }
        parser.finish(text)
    }

    /// The version that it says it has, but for the first draft, which counts otherwise.
    fn check_version(&self) -> Result<(), Error> {
        let version = self.root.attribute("version");
        if self.root.name == SECRET_CONTAINER || ["", "1", "1.0"].contains(&version) {
            return Ok(());
        }
        Err(Error::newer("the file has another version of the format than 1.0"))
    }

    /// The entries, each read into a tree when its turn comes.
    pub(super) fn entries(&self) -> impl Iterator<Item = Result<Element, Error>> {
        self.entries.iter().map(|text| entry(text))
    }
}

/// An entry as a tree.
pub(super) fn entry(text: &str) -> Result<Element, Error> {
    let mut reader = Reader::from_str(text);
    let mut builder = Builder::default();
    loop {
        match reader.read_event().map_err(|_| damaged(reader.error_position()))? {
            Event::Eof => break,
            event => builder.take(&event)?,
        }
    }
    builder.finish().into_iter().next().ok_or_else(|| damaged(0))
}

#[derive(Default)]
struct Parser<'t> {
    root: Option<Element>,
    header: Builder,
    entries: Vec<&'t str>,
    depth: usize,
    /// Where the entry begins that is being passed.
    entry: Option<usize>,
    is_draft: bool,
    has_doctype: bool,
}

impl<'t> Parser<'t> {
    /// Takes an event that stands between two places of the text.
    fn take(&mut self, event: &Event<'_>, text: &'t str, from: usize, to: usize) -> Result<(), Error> {
        match event {
            Event::Start(tag) if self.depth == 0 => self.begin(Element::open(tag)?)?,
            Event::Empty(tag) if self.depth == 0 => {
                self.begin(Element::open(tag)?)?;
                return Ok(());
            }
            Event::Start(tag) if self.depth == 1 && self.is_entry(&local_name(tag)) => {
                self.entry = Some(from)
            }
            Event::Empty(tag) if self.depth == 1 && self.is_entry(&local_name(tag)) => {
                self.entries.extend(text.get(from..to));
            }
            Event::End(_) if self.depth == 2 && self.entry.is_some() => {
                let from = self.entry.take().unwrap_or(from);
                self.entries.extend(text.get(from..to));
            }
            Event::End(_) if self.depth <= 1 => {}
            Event::DocType(_) => self.has_doctype = true,
            event if self.depth > 0 && self.entry.is_none() => self.header.take(event)?,
            _ => {}
        }
        match event {
            Event::Start(_) => self.depth = self.depth.saturating_add(1),
            Event::End(_) => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        Ok(())
    }

    fn begin(&mut self, root: Element) -> Result<(), Error> {
        if self.root.is_some() || !ROOTS.contains(&root.name.as_str()) {
            return Err(Error::malformed("the XML is not a container of keys"));
        }
        self.is_draft = root.name == SECRET_CONTAINER;
        self.root = Some(root);
        Ok(())
    }

    fn is_entry(&mut self, name: &str) -> bool {
        self.is_draft |= name == DEVICE;
        ENTRIES.contains(&name)
    }

    fn finish(mut self, text: &'t str) -> Result<Document<'t>, Error> {
        let cut = self.entry.and_then(|from| text.get(from..));
        let is_cut = self.depth > 0;
        self.entries.extend(cut);
        let header = self.header.finish();
        if header.iter().any(|element| element.is_cut) {
            return Err(damaged(u64::try_from(text.len()).unwrap_or(u64::MAX)));
        }
        let root = self.root.ok_or_else(|| damaged(0))?;
        let Self { entries, is_draft, has_doctype, .. } = self;
        let document = Document { root, header, entries, is_draft, has_doctype, is_cut };
        document.check_version()?;
        Ok(document)
    }
}

fn position(reader: &Reader<&[u8]>) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)
}

fn damaged(position: u64) -> Error {
    Error::malformed("the XML is damaged or cut off")
        .at(Place::Byte(usize::try_from(position).unwrap_or(usize::MAX)))
        .next_step("Copy or export the file again")
}
