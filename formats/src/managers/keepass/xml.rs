//! The XML of a database: groups, entries, and the fields that matter for a code.

use data_encoding::BASE64;
use jiff::Timestamp;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use zeroize::Zeroizing;

use super::conventions;
use crate::container::kdbx::InnerStream;
use crate::ctx::Limits;
use crate::error::{Error, Place};
use crate::text::xml::{attribute, character};

/// The name of the outermost element.
pub(super) const ROOT: &str = "KeePassFile";

/// Deepest element. Groups can be nested, but nobody finds anything at this depth.
const MAX_DEPTH: usize = 256;
/// From 0001-01-01, where KDBX 4 counts from, to 1970-01-01.
pub(super) const TO_1970: i64 = 62_135_596_800;

/// What a document says.
#[derive(Default)]
pub(super) struct Document {
    /// The UUID of the recycle bin, in base64; all zero when there is none.
    pub(super) recycle_bin: String,
    /// The hash of the database's header, in base64; empty when there is none.
    pub(super) header_hash: String,
    /// The group that holds everything, as a rule one.
    pub(super) roots: Vec<Group>,
}

/// A group.
#[derive(Default)]
pub(super) struct Group {
    pub(super) uuid: String,
    pub(super) name: String,
    pub(super) entries: Vec<Entry>,
    pub(super) groups: Vec<Group>,
}

/// An entry without its history.
#[derive(Default)]
pub(super) struct Entry {
    /// Keys and values, in order; of a repeated key the last one counts.
    fields: Vec<(String, Zeroizing<String>)>,
    pub(super) tags: String,
    pub(super) created: Option<Timestamp>,
    pub(super) modified: Option<Timestamp>,
    /// A field of a code that cannot be read.
    pub(super) has_unreadable_code: bool,
}

impl Entry {
    /// An entry of these fields.
    #[cfg(test)]
    pub(super) fn new(fields: Vec<(String, Zeroizing<String>)>) -> Self {
        Self { fields, ..Self::default() }
    }

    /// The value of a key; an absent one is empty.
    pub(super) fn get(&self, key: &str) -> &str {
        self.fields.iter().rev().find(|(name, _)| name == key).map_or("", |(_, value)| value)
    }

    /// The ends of all keys that begin like this, and their values, in order.
    pub(super) fn beginning_with<'a>(&'a self, start: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.fields.iter().filter_map(move |(key, value)| Some((key.strip_prefix(start)?, value.as_str())))
    }
}

/// The elements that matter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tag {
    File,
    Meta,
    HeaderHash,
    RecycleBin,
    Root,
    Group,
    Uuid,
    Name,
    Entry,
    Tags,
    Times,
    Created,
    Modified,
    String,
    Key,
    Value,
    Other,
}

impl Tag {
    fn new(name: &str) -> Self {
        match name {
            ROOT => Self::File,
            "Meta" => Self::Meta,
            "HeaderHash" => Self::HeaderHash,
            "RecycleBinUUID" => Self::RecycleBin,
            "Root" => Self::Root,
            "Group" => Self::Group,
            "UUID" => Self::Uuid,
            "Name" => Self::Name,
            "Entry" => Self::Entry,
            "Tags" => Self::Tags,
            "Times" => Self::Times,
            "CreationTime" => Self::Created,
            "LastModificationTime" => Self::Modified,
            "String" => Self::String,
            "Key" => Self::Key,
            "Value" => Self::Value,
            _ => Self::Other,
        }
    }
}

/// Reads a document. `stream` shows the protected values of a database; a plain document has none.
///
/// # Errors
/// `Malformed` where the XML breaks off, and for a protected value that cannot be decoded: all that
/// follow it would be wrong.
pub(super) fn parse(
    text: &str,
    stream: Option<&mut InnerStream>,
    limits: &Limits,
) -> Result<Document, Error> {
    let mut reader = Reader::from_str(text);
    let mut parser = Parser { stream, ..Parser::default() };
    loop {
        let event = reader.read_event().map_err(|_| damaged(reader.error_position()))?;
        let done = match event {
            Event::Start(tag) => parser.open(&tag),
            Event::Empty(tag) => parser.open(&tag).and_then(|()| parser.close()),
            Event::End(_) => parser.close(),
            Event::Text(text) => parser.text(&text),
            Event::CData(text) => parser.text(&text),
            Event::GeneralRef(entity) => character(&entity).map(|character| parser.content.push(character)),
            Event::Eof => break,
            _ => Some(()),
        };
        done.ok_or_else(|| damaged(reader.buffer_position()))?;
        limits.check_accounts(parser.entries)?;
        limits.check_values(parser.values)?;
    }
    if !parser.path.is_empty() || !parser.has_root {
        return Err(damaged(reader.buffer_position()));
    }
    Ok(parser.document)
}

fn damaged(position: u64) -> Error {
    Error::malformed("the XML is damaged or cut off")
        .at(Place::Byte(usize::try_from(position).unwrap_or(usize::MAX)))
        .next_step("The file is damaged or incomplete: export or copy it again")
}

#[derive(Default)]
struct Parser<'s> {
    stream: Option<&'s mut InnerStream>,
    document: Document,
    path: Vec<Tag>,
    /// Whether the value of the innermost element is protected.
    is_protected: bool,
    content: Zeroizing<String>,
    /// The groups that are open, outermost first.
    open: Vec<Group>,
    key: String,
    has_root: bool,
    entries: usize,
    values: usize,
}

impl Parser<'_> {
    /// `None` for elements that are nested too deeply.
    fn open(&mut self, tag: &BytesStart<'_>) -> Option<()> {
        (self.path.len() < MAX_DEPTH).then_some(())?;
        self.path.push(Tag::new(tag.local_name().as_ref()));
        self.content.clear();
        self.is_protected = attribute(tag, "Protected").is_some_and(|flag| flag.eq_ignore_ascii_case("true"));
        match self.path.as_slice() {
            [Tag::File, Tag::Root] => self.has_root = true,
            [.., Tag::Root | Tag::Group, Tag::Group] => {
                self.values = self.values.saturating_add(1);
                self.open.push(Group::default());
            }
            [.., Tag::Group, Tag::Entry] => {
                self.entries = self.entries.saturating_add(1);
                self.open.last_mut()?.entries.push(Entry::default());
            }
            [.., Tag::Entry, Tag::String] => self.key.clear(),
            _ => {}
        }
        Some(())
    }

    fn text(&mut self, text: &str) -> Option<()> {
        self.content.push_str(text);
        Some(())
    }

    /// `None` for a protected value that cannot be decoded.
    fn close(&mut self) -> Option<()> {
        let is_readable = !std::mem::take(&mut self.is_protected) || self.unprotect()?;
        match self.path.as_slice() {
            [Tag::File, Tag::Meta, Tag::RecycleBin] => {
                self.content.trim().clone_into(&mut self.document.recycle_bin);
            }
            [Tag::File, Tag::Meta, Tag::HeaderHash] => {
                self.content.trim().clone_into(&mut self.document.header_hash);
            }
            [.., Tag::Root, Tag::Group] => self.document.roots.push(self.open.pop()?),
            [.., Tag::Group, Tag::Group] => {
                let group = self.open.pop()?;
                self.open.last_mut()?.groups.push(group);
            }
            [.., Tag::Group, Tag::Uuid] => self.content.trim().clone_into(&mut self.open.last_mut()?.uuid),
            [.., Tag::Group, Tag::Name] => {
                self.content.as_str().clone_into(&mut self.open.last_mut()?.name);
            }
            // The history of an entry has entries too, which are not in a group.
            [.., Tag::Group, Tag::Entry, Tag::Tags] => {
                let tags = std::mem::take(&mut *self.content);
                self.values = self.values.saturating_add(tags.matches([';', ',']).count());
                self.entry()?.tags = tags;
            }
            [.., Tag::Group, Tag::Entry, Tag::Times, Tag::Created] => {
                let time = time(self.content.trim());
                self.entry()?.created = time;
            }
            [.., Tag::Group, Tag::Entry, Tag::Times, Tag::Modified] => {
                let time = time(self.content.trim());
                self.entry()?.modified = time;
            }
            [.., Tag::Group, Tag::Entry, Tag::String, Tag::Key] => {
                self.content.as_str().clone_into(&mut self.key);
            }
            [.., Tag::Group, Tag::Entry, Tag::String, Tag::Value] => self.close_value(is_readable)?,
            _ => {}
        }
        self.content.clear();
        self.path.pop().map(|_| ())
    }

    fn entry(&mut self) -> Option<&mut Entry> {
        self.open.last_mut()?.entries.last_mut()
    }

    fn close_value(&mut self, is_readable: bool) -> Option<()> {
        if !conventions::is_known(&self.key) {
            return Some(());
        }
        self.values = self.values.saturating_add(1);
        let (key, value) = (std::mem::take(&mut self.key), std::mem::take(&mut self.content));
        let entry = self.entry()?;
        entry.has_unreadable_code |= !is_readable && !conventions::is_description(&key);
        entry.fields.push((key, value));
        Some(())
    }

    /// Shows the protected value that was read; whether it is a text.
    fn unprotect(&mut self) -> Option<bool> {
        self.content.retain(|character| !character.is_whitespace());
        let mut value = Zeroizing::new(BASE64.decode(self.content.as_bytes()).ok()?);
        self.content.clear();
        let Some(stream) = &mut self.stream else { return Some(value.is_empty()) };
        stream.apply(&mut value)?;
        match std::str::from_utf8(&value) {
            Ok(text) => {
                self.content.push_str(text);
                Some(true)
            }
            Err(_) => Some(false),
        }
    }
}

/// A time: in KDBX 4 the seconds as eight bytes in base64, otherwise a text.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    let bytes: [u8; 8] = BASE64.decode(text.as_bytes()).ok()?.try_into().ok()?;
    let seconds = i64::from_le_bytes(bytes);
    Timestamp::from_second(seconds.checked_sub(TO_1970)?).ok().filter(|_| seconds > 0)
}
