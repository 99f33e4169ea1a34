//! Why a file could not be read or written as a whole.

use std::fmt;

use crate::container::sqlite;

/// What kind of failure it was: each kind is a decision that a caller can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// No format knows these bytes.
    NotRecognised,
    /// Several formats claim these bytes with equal right.
    Ambiguous,
    /// The format is known, but not this variant or direction.
    Unsupported,
    /// The caller cannot read a file that belongs to it.
    Unreadable,
    /// Recognised, but damaged or not as its app writes it.
    Malformed,
    /// Recognised, but of a later version than known.
    NewerVersion,
    /// Encrypted, and no password was given.
    PasswordNeeded,
    /// The file leaves to its reader what an option has to say.
    OptionNeeded,
    /// No given password opens it.
    WrongPassword,
    /// A limit on size, number or cost was reached.
    Limit,
    /// A writer produced something its own reader refuses: a bug.
    Internal,
}

impl ErrorKind {
    /// Stable kebab-case name for scripts and tests.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotRecognised => "not-recognised",
            Self::Ambiguous => "ambiguous",
            Self::Unsupported => "unsupported",
            Self::Unreadable => "unreadable",
            Self::Malformed => "malformed",
            Self::NewerVersion => "newer-version",
            Self::PasswordNeeded => "password-needed",
            Self::OptionNeeded => "option-needed",
            Self::WrongPassword => "wrong-password",
            Self::Limit => "limit",
            Self::Internal => "internal",
        }
    }
}

/// Where in a file something is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// JSON pointer (RFC 6901), such as `/db/entries/3`.
    Json(String),
    /// 1-based line of a text.
    Line(usize),
    /// Offset in bytes.
    Byte(usize),
    /// Row of a table of text as a spreadsheet counts: the header is row 1.
    Row(usize),
    /// Entry of a tree of groups, counted from 1 in the order of the app.
    Entry(usize),
    /// A table of a database, and the row id where one is meant.
    Table(String, Option<i64>),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(pointer) if pointer.is_empty() => f.write_str("the top level"),
            Self::Json(pointer) => write!(f, "{pointer}"),
            Self::Line(line) => write!(f, "line {line}"),
            Self::Row(row) => write!(f, "row {row}"),
            Self::Entry(entry) => write!(f, "entry {entry}"),
            Self::Byte(offset) => write!(f, "byte {offset}"),
            Self::Table(table, None) => write!(f, "table {table}"),
            Self::Table(table, Some(row)) => write!(f, "table {table}, row {row}"),
        }
    }
}

/// A failure with its place and what to do next. Never carries a piece of the input: a snippet of
/// a vault is a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The kind.
    pub kind: ErrorKind,
    /// Id of the format, where one was recognised.
    pub format: Option<&'static str>,
    /// Where in the file.
    pub at: Option<Place>,
    /// What is wrong, as a sentence without a final stop.
    pub message: String,
    /// What to do about it, as a sentence without a final stop.
    pub next_step: Option<Box<str>>,
    /// Formats that claim the bytes, when the kind is [`ErrorKind::Ambiguous`].
    pub candidates: Box<[&'static str]>,
}

impl Error {
    /// An error of a kind with its message.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            format: None,
            at: None,
            message: message.into(),
            next_step: None,
            candidates: Box::default(),
        }
    }

    /// A damaged file.
    pub fn malformed(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Malformed, message)
    }

    /// The direction or variant is not supported.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unsupported, message)
    }

    /// A file of a later version than known.
    pub fn newer(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::NewerVersion, message)
            .next_step("Look for a newer otpferry, or export an older version from the app")
    }

    /// The user has to say what the file does not.
    pub fn option_needed(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::OptionNeeded, message)
    }

    /// A limit was reached. `name` is what `--limit NAME=...` raises.
    pub fn limit(message: impl Into<String>, name: &str) -> Self {
        Self::new(ErrorKind::Limit, message)
            .next_step(format!("If you trust this file, raise the limit with --limit {name}=NUMBER"))
    }

    /// JSON that does not parse. Only the position is kept: serde's own message quotes values.
    pub fn json(error: &serde_json::Error) -> Self {
        let what = match error.classify() {
            serde_json::error::Category::Eof => "the JSON text ends too early",
            serde_json::error::Category::Data => "a JSON value has an unexpected type",
            serde_json::error::Category::Syntax | serde_json::error::Category::Io => {
                "the JSON text is not well-formed"
            }
        };
        let mut out = Self::malformed(what);
        if error.line() > 0 {
            out = out.at(Place::Line(error.line()));
        }
        out.next_step("The file is damaged or incomplete: export or copy it again")
    }

    /// Adds the place.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.at = Some(place);
        self
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn next_step(mut self, text: impl Into<Box<str>>) -> Self {
        self.next_step = Some(text.into());
        self
    }

    /// Adds the format, unless one is named already.
    #[must_use]
    pub fn in_format(mut self, id: &'static str) -> Self {
        self.format.get_or_insert(id);
        self
    }
}

impl From<sqlite::Error> for Error {
    fn from(error: sqlite::Error) -> Self {
        let kind = match &error {
            sqlite::Error::Unsupported { .. } => ErrorKind::Unsupported,
            _ => ErrorKind::Malformed,
        };
        Self::new(kind, error.to_string())
            .next_step("Copy the database again while the app is closed, with its -wal file beside it")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(format) = self.format {
            write!(f, "{format}: ")?;
        }
        f.write_str(&self.message)?;
        if let Some(at) = &self.at {
            write!(f, " (at {at})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
