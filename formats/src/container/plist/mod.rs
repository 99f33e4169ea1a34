//! Apple's property lists, and the object graphs that `NSKeyedArchiver` keeps in them.
//!
//! An [`Archive`] is read by index, object by object, never as a tree: a file may refer to one object from many places,
//! and a tree of it could be as large as its author likes. A [`Value`] is the whole list as a tree, within bounds. The
//! binary layout is described in CoreFoundation's `CFBinaryPList.c`, the text in Apple's `PropertyList-1.0.dtd`.

mod archive;
mod der;
mod list;
mod value;
mod xml;

pub(crate) use archive::{Archive, Node};
pub(crate) use value::Value;

/// Most members that are looked at in one dictionary of an archive; what apps archive has a few dozen.
const MAX_MEMBERS: usize = 256;
const MAGIC: &[u8] = b"bplist00";
/// How deep a list goes.
const MAX_DEPTH: usize = 32;

/// Whether bytes begin like a binary property list.
pub(crate) fn sniff(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}
