//! Containers that several formats share.

pub(crate) mod java;
pub(crate) mod prefs;
pub mod sqlite;
