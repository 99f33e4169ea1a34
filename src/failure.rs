//! Why a command stopped, and the exit code that says so.

use std::io;
use std::path::Path;
use std::process::ExitCode;

use otpferry_formats::targets::FindError;
use otpferry_formats::{Error, ErrorKind};

use crate::show;

/// Exit codes; the README has the same table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// Every account moved, codes equal.
    Done = 0,
    /// Done, but something was left out, changed or needs action.
    Attention = 1,
    /// The command line makes no sense.
    Usage = 2,
    /// A file cannot be opened, read or written.
    Io = 3,
    /// Nothing to read: unknown or ambiguous format, no QR code, unsupported direction.
    NothingToRead = 4,
    /// Recognised, but damaged or of a later version.
    Malformed = 5,
    /// A password is needed and none was given.
    PasswordNeeded = 6,
    /// Wrong password, or damaged where the scheme cannot tell.
    WrongPassword = 7,
    /// Codes differ.
    CodesDiffer = 8,
    /// Refused: would overwrite, or show secrets on a terminal.
    Refused = 9,
    /// A limit was reached.
    Limit = 10,
    /// A part of a batch of QR codes is missing.
    Incomplete = 11,
    /// A bug.
    Internal = 70,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// A stop: what is wrong, where, and what to do. Never carries a piece of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// The file it is about, as the user named it.
    pub file: Option<String>,
    /// What is wrong, as a sentence without a final stop.
    pub message: String,
    /// What to do, as a sentence without a final stop.
    pub next_step: Option<String>,
    /// Whether nothing about the bytes says that they should have been read: a file like any other.
    pub is_foreign: bool,
}

impl Failure {
    /// A stop with its message.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, file: None, message: message.into(), next_step: None, is_foreign: false }
    }

    /// A stop over the name of an app that is none, or not of one alone.
    pub fn unknown_target(name: &str, error: &FindError) -> Self {
        let message = match error {
            FindError::Unknown { .. } => {
                format!("no app that accounts can be moved to is called \"{}\"", show::named("", name))
            }
            _ => error.to_string(),
        };
        Self::new(Exit::Usage, message).next_step(error.next_step())
    }

    /// A stop over an operation on a file.
    pub fn io(path: &Path, what: &str, error: &io::Error) -> Self {
        let reason = match error.kind() {
            io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
            io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
            io::ErrorKind::ReadOnlyFilesystem => "the disk is read-only".to_owned(),
            io::ErrorKind::StorageFull => "the disk is full".to_owned(),
            io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
            _ => error.to_string(),
        };
        let failure = Self::new(Exit::Io, format!("cannot {what}: {reason}"));
        let failure = match error.kind() {
            io::ErrorKind::NotFound => {
                failure.next_step("Check the name; one with spaces needs quotes around it")
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                failure.next_step("Check who may use this file and its folder, or choose another place")
            }
            io::ErrorKind::StorageFull => failure.next_step("Make room, or choose another place"),
            _ => failure,
        };
        failure.in_file(&path.to_string_lossy())
    }

    /// Names the file, unless one is named.
    #[must_use]
    pub fn in_file(mut self, file: &str) -> Self {
        self.file.get_or_insert_with(|| file.to_owned());
        self
    }

    /// Marks a file that has nothing to do with accounts.
    #[must_use]
    pub fn foreign(mut self) -> Self {
        self.is_foreign = true;
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn next_step(mut self, text: impl Into<String>) -> Self {
        self.next_step = Some(text.into());
        self
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let exit = match error.kind {
            ErrorKind::NotRecognised | ErrorKind::Ambiguous | ErrorKind::Unsupported => Exit::NothingToRead,
            ErrorKind::Unreadable => Exit::Io,
            ErrorKind::Malformed | ErrorKind::NewerVersion => Exit::Malformed,
            ErrorKind::OptionNeeded => Exit::Usage,
            ErrorKind::PasswordNeeded => Exit::PasswordNeeded,
            ErrorKind::WrongPassword => Exit::WrongPassword,
            ErrorKind::Limit => Exit::Limit,
            ErrorKind::Internal => Exit::Internal,
        };
        Self {
            exit,
            file: None,
            message: error.to_string(),
            next_step: error.next_step.map(String::from),
            is_foreign: error.kind == ErrorKind::NotRecognised,
        }
    }
}
