//! Containers that several formats share.

pub(crate) mod inflate;
pub(crate) mod java;
pub(crate) mod kdbx;
pub(crate) mod plist;
pub(crate) mod prefs;
pub(crate) mod sqlcipher;
pub mod sqlite;
pub(crate) mod tar;
pub(crate) mod zip;
