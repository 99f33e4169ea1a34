//! Containers that several formats share.

pub mod sqlite;
