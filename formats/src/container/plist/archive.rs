//! Object graphs of `NSKeyedArchiver`.

use zeroize::Zeroizing;

use super::MAX_MEMBERS;
use super::list::{List, Object, References};
use crate::error::{Error, Place};

/// An archived object graph.
pub(crate) struct Archive<'a> {
    list: List<'a>,
    /// `$objects`: what identifiers stand for.
    objects: References,
    /// What the graph begins with; mostly `root` alone.
    top: Object<'a>,
}

/// One object of a graph.
#[derive(Clone)]
pub(crate) struct Node<'g, 'a> {
    archive: &'g Archive<'a>,
    object: Object<'a>,
}

impl<'a> Archive<'a> {
    /// Reads the frame of a graph.
    ///
    /// # Errors
    /// `Malformed` for anything that is no archive.
    pub(crate) fn open(bytes: &'a [u8]) -> Result<Self, Error> {
        Self::parse(bytes).ok_or_else(|| {
            Error::malformed("the property list inside is damaged")
                .at(Place::Byte(0))
                .next_step("The file is damaged or incomplete: export or copy it again")
        })
    }

    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let list = List::open(bytes)?;
        let frame = list.object(list.top)?;
        let Object::Array(objects) = list.member(&frame, "$objects")? else { return None };
        let top = list.member(&frame, "$top")?;
        Some(Self { list, objects, top })
    }

    /// The object that was archived.
    pub(crate) fn root(&self) -> Option<Node<'_, 'a>> {
        self.top().get("root")
    }

    /// The beginnings of the graph by name: an archive can have its fields there instead of one root.
    pub(crate) fn top(&self) -> Node<'_, 'a> {
        Node { archive: self, object: self.top.clone() }
    }

    /// Resolves one identifier; what it stands for is never another one.
    fn node(&self, object: Object<'a>) -> Option<Node<'_, 'a>> {
        let object = match object {
            Object::Uid(uid) => self.list.object(self.list.reference(self.objects, uid)?)?,
            object => object,
        };
        let is_null = matches!(&object, Object::Text(text) if text.as_str() == "$null");
        (!is_null && !matches!(object, Object::Uid(_) | Object::Other))
            .then_some(Node { archive: self, object })
    }
}

impl<'g, 'a> Node<'g, 'a> {
    /// A member: of a dictionary (`NS.keys`, `NS.objects`) or a field of an object. `None` also for
    /// null.
    pub(crate) fn get(&self, name: &str) -> Option<Self> {
        let list = &self.archive.list;
        if let Some(Object::Array(keys)) = list.member(&self.object, "NS.keys") {
            let Object::Array(values) = list.member(&self.object, "NS.objects")? else { return None };
            let at = (0..keys.count.min(MAX_MEMBERS)).find(|at| self.is_key(keys, *at, name))?;
            return self.item(values, at);
        }
        self.archive.node(list.member(&self.object, name)?)
    }

    /// Whether a member is there but refers to nothing that can be read.
    pub(crate) fn is_broken(&self, name: &str) -> bool {
        let list = &self.archive.list;
        match list.member_index(&self.object, name) {
            None => false,
            Some(index) => match list.object(index) {
                Some(Object::Uid(uid)) => {
                    list.reference(self.archive.objects, uid).and_then(|index| list.object(index)).is_none()
                }
                member => member.is_none(),
            },
        }
    }

    /// How many items a collection has.
    pub(crate) fn len(&self) -> Option<usize> {
        self.collection().map(|items| items.count)
    }

    /// An item of a collection.
    pub(crate) fn at(&self, index: usize) -> Option<Self> {
        self.item(self.collection()?, index)
    }

    fn collection(&self) -> Option<References> {
        match &self.object {
            Object::Array(items) => Some(*items),
            object => match self.archive.list.member(object, "NS.objects")? {
                Object::Array(items) => Some(items),
                _ => None,
            },
        }
    }

    fn item(&self, items: References, index: usize) -> Option<Self> {
        let list = &self.archive.list;
        self.archive.node(list.object(list.reference(items, index)?)?)
    }

    /// Whether a key of a dictionary, which is kept as a reference, is this one.
    fn is_key(&self, keys: References, at: usize, name: &str) -> bool {
        let list = &self.archive.list;
        let index = list.reference(keys, at).and_then(|index| match list.object(index)? {
            Object::Uid(uid) => list.reference(self.archive.objects, uid),
            _ => None,
        });
        index.is_some_and(|index| list.is_text(index, name))
    }

    /// A string, also a mutable one.
    pub(crate) fn text(&self) -> Option<Zeroizing<String>> {
        match &self.object {
            Object::Text(text) => Some(text.clone()),
            object => match self.archive.list.member(object, "NS.string")? {
                Object::Text(text) => Some(text),
                _ => None,
            },
        }
    }

    /// Bytes, also mutable ones.
    pub(crate) fn data(&self) -> Option<&'a [u8]> {
        match &self.object {
            Object::Data(data) => Some(data),
            object => match self.archive.list.member(object, "NS.data")? {
                Object::Data(data) => Some(data),
                _ => None,
            },
        }
    }

    /// An integer.
    pub(crate) fn integer(&self) -> Option<i128> {
        match &self.object {
            Object::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// True or false.
    pub(crate) fn boolean(&self) -> Option<bool> {
        match &self.object {
            Object::Boolean(truth) => Some(*truth),
            _ => None,
        }
    }

    /// A number with a fraction.
    pub(crate) fn real(&self) -> Option<f64> {
        match &self.object {
            Object::Real(number) => Some(*number),
            _ => None,
        }
    }
}

#[cfg(test)]
#[path = "archive_tests.rs"]
mod tests;
