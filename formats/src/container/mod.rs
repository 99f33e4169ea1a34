//! Containers that several formats share.

pub(crate) mod plist;
pub(crate) mod prefs;
pub mod sqlite;
