//! What can go wrong while reading a database.

use std::fmt;

/// Why a database, a table or a single row could not be read.
///
/// An error names a place in the file and the rule that was broken. It never
/// carries cell content, which may be a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The bytes are not an SQLite database (an encrypted one looks the same).
    NotSqlite,
    /// The file ends before this page does.
    Truncated {
        /// Page number, counted from 1.
        page: u32,
    },
    /// This page breaks a rule of the file format.
    Corrupt {
        /// Page number, counted from 1.
        page: u32,
        /// The broken rule.
        what: &'static str,
    },
    /// The file is valid as far as known, but needs something this reader
    /// does not do.
    Unsupported {
        /// What is missing; may contain a column name, never a cell's content.
        what: String,
    },
    /// The database has no table of the requested name.
    NoSuchTable,
}

impl Error {
    pub(super) fn corrupt(page: u32, what: &'static str) -> Self {
        Self::Corrupt { page, what }
    }

    pub(super) fn unsupported(what: impl Into<String>) -> Self {
        Self::Unsupported { what: what.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSqlite => write!(out, "not an SQLite database, or an encrypted one"),
            Self::Truncated { page } => {
                write!(out, "the database file ends before page {page} does")
            }
            Self::Corrupt { page, what } => {
                write!(out, "the database is damaged on page {page}: {what}")
            }
            Self::Unsupported { what } => write!(out, "not supported in a database: {what}"),
            Self::NoSuchTable => write!(out, "the database has no such table"),
        }
    }
}

impl std::error::Error for Error {}
