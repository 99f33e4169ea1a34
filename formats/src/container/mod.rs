//! Containers that several formats share.

pub(crate) mod prefs;
pub mod sqlite;
pub(crate) mod zip;
