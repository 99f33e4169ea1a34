//! What a format is: one module that implements [`Format`], one line in the registry.

use std::borrow::Cow;
use std::cmp::Ordering;

use zeroize::Zeroizing;

use crate::admin::options::TokenOptions;
use crate::caps::{Caps, Fit};
use crate::ctx::Ctx;
use crate::error::Error;
use crate::model::{Account, Vault};
use crate::probe::Probe;
use crate::source::{Bytes, Folder};
use crate::text::encoding;

/// How sure a format is that bytes are its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// Not mine.
    No,
    /// Would fit, but so would others.
    Weak,
    /// A shape that only this app is known to write.
    Likely,
    /// The vendor's own mark.
    Sure,
}

/// How a written account list travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// One file.
    File,
    /// Lines of text, each of which can be a QR code instead.
    Uris,
}

/// Whether the target's app opens files under a password, and so how they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// It opens none.
    Never,
    /// It opens them, but their encryption is easily broken: written only when asked for.
    Weak,
    /// It opens both; encrypted is the default.
    Optional,
    /// It opens no others.
    Always,
}

impl Encryption {
    /// Whether there is an encrypted form.
    pub fn is_possible(self) -> bool {
        self != Self::Never
    }

    /// The forms that can be written, in the words of the tables.
    pub fn forms(self) -> &'static str {
        match self {
            Self::Never => "plain",
            Self::Weak => "plain, weakly encrypted",
            Self::Optional => "plain, encrypted",
            Self::Always => "encrypted",
        }
    }
}

/// One form in which a format can be written.
#[derive(Debug)]
pub struct Writing {
    /// What `-t format:form` calls it; empty where the format has one form only.
    pub form: &'static str,
    /// What the target can hold.
    pub caps: Caps,
    /// Whether the result can be, or has to be, under a password.
    pub encryption: Encryption,
    /// Whether every version of the app can open a file whose password is not ASCII.
    pub any_password: bool,
    /// How the result travels.
    pub carrier: Carrier,
    /// The customary file name when written plain.
    pub file_name: &'static str,
    /// The customary file name when encrypted, where it differs.
    pub encrypted_file_name: &'static str,
    /// Where in the target app the file is imported, as a sentence for its user.
    pub import_help: &'static str,
}

/// Facts about a format; the tables in the documentation are printed from these.
#[derive(Debug)]
pub struct Info {
    /// Stable id: lower case, the vendor's own name.
    pub id: &'static str,
    /// Name as its users know it.
    pub title: &'static str,
    /// Other names accepted for `--from` and `--to`.
    pub aliases: &'static [&'static str],
    /// File name extensions, without the dot; they break ties only.
    pub extensions: &'static [&'static str],
    /// Whether files can be encrypted.
    pub reads_encrypted: bool,
    /// What of it no file of the real app has confirmed yet, as a clause; `None` when all is.
    pub unverified: Option<&'static str>,
    /// How it is written, the usual form first; none when otpferry only reads it.
    pub write: &'static [Writing],
    /// Where in the app the file is made, as a sentence for its user.
    pub export_help: &'static str,
}

impl Info {
    /// Whether `name` means this format.
    pub fn is_called(&self, name: &str) -> bool {
        self.id.eq_ignore_ascii_case(name)
            || self.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name))
    }
}

/// The bytes of one file and what belongs to them.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// The file; only its beginning where it is `large`.
    pub bytes: &'a [u8],
    /// The whole file, where it is too large to be in memory, for a format that reads it piece by piece.
    pub large: Option<&'a dyn Bytes>,
    /// What it is called: its path below the folder that was given, with `/` between the parts.
    pub name: Option<&'a str>,
    /// Where it is, as far as its user has said it: folders can be called like the app that a backup is of.
    pub place: Option<&'a str>,
    /// SQLite's write-ahead log, when it lies beside the file.
    pub wal: Option<&'a [u8]>,
    /// The list of the folder, when it lies beside the file.
    pub manifest: Option<Manifest<'a>>,
    /// The folder that the file is in, for a format that is one.
    pub folder: Option<&'a dyn Folder>,
}

/// A folder's `manifest.json`, which says how the files in it are encrypted.
#[derive(Clone, Copy)]
pub struct Manifest<'a> {
    /// Name of the file that is read, as the list has it.
    pub file_name: &'a str,
    /// The list.
    pub bytes: &'a [u8],
}

impl<'a> Input<'a> {
    /// A file on its own.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, large: None, name: None, place: None, wal: None, manifest: None, folder: None }
    }

    /// A database with its write-ahead log.
    pub fn with_wal(bytes: &'a [u8], wal: Option<&'a [u8]>) -> Self {
        Self { wal, ..Self::new(bytes) }
    }

    /// The same with its name.
    #[must_use]
    pub fn with_name(mut self, name: Option<&'a str>) -> Self {
        self.name = name;
        self
    }

    /// The same with its place.
    #[must_use]
    pub fn with_place(mut self, place: &'a str) -> Self {
        self.place = Some(place);
        self
    }

    /// The same with the list of its folder.
    #[must_use]
    pub fn with_manifest(mut self, manifest: Option<Manifest<'a>>) -> Self {
        self.manifest = manifest;
        self
    }

    /// A file of which only the beginning is in memory.
    #[must_use]
    pub fn with_large(mut self, large: Option<&'a dyn Bytes>) -> Self {
        self.large = large;
        self
    }

    /// The whole file, to be read piece by piece.
    pub(crate) fn whole(&self) -> &dyn Bytes {
        self.large.unwrap_or(&self.bytes)
    }

    /// The same with its folder.
    #[must_use]
    pub fn with_folder(mut self, folder: Option<&'a dyn Folder>) -> Self {
        self.folder = folder;
        self
    }

    /// The file as text: UTF-8 or UTF-16 with or without a byte order mark, else Windows-1252.
    pub fn text(&self) -> Result<Cow<'a, str>, Error> {
        encoding::decode(self.bytes).ok_or_else(|| Error::malformed("the file is not a text"))
    }
}

/// One written piece: a file, or one line that can be a QR code. Wiped on drop.
pub struct Part(pub Zeroizing<Vec<u8>>);

impl Part {
    /// Takes the bytes.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(bytes.into()))
    }
}

/// A file format of accounts. Every body has a default, so a read-only format says nothing about
/// writing.
pub trait Format: Sync {
    /// Facts about the format.
    fn info(&self) -> &'static Info;

    /// Whether the bytes are this format's. Must not decrypt anything.
    fn detect(&self, probe: &Probe<'_>) -> Confidence;

    /// Reads a file. One bad entry is skipped with its reason and never sinks the file.
    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error>;

    /// Whether files can be told from those of others. Where nothing in them says what they are, the user has to
    /// name the format.
    fn is_recognisable(&self) -> bool {
        true
    }

    /// What has to be said when a file of this form with these accounts is read: what it does not say itself.
    /// `given` is what the user says, whose encodings it is written in.
    fn said(&self, _: &Writing, _: &[Account], given: &TokenOptions) -> TokenOptions {
        given.clone()
    }

    /// What would happen to each account in this form. The default asks [`Caps`] about each
    /// account alone; a target with rules across accounts overrides it.
    fn fit(&self, writing: &Writing, accounts: &[Account]) -> Vec<Fit> {
        accounts.iter().map(|account| writing.caps.check(account)).collect()
    }

    /// The same where it depends on what the user says: how a server is set up, which columns a file has.
    fn fit_given(&self, writing: &Writing, accounts: &[Account], _given: &TokenOptions) -> Vec<Fit> {
        self.fit(writing, accounts)
    }

    /// Which of two accounts stands first, in a form that does not keep the user's order: a target with
    /// folders holds accounts folder by folder.
    fn order(&self, _: &Writing, _: &Account, _: &Account) -> Ordering {
        Ordering::Equal
    }

    /// Writes accounts that all fit into this form, in order: encrypted when there is a new password and the app
    /// opens that. Carrier [`Carrier::File`] gives one part.
    ///
    /// # Errors
    /// `PasswordNeeded` without a new password where [`Encryption::Always`] asks for one.
    fn encode(&self, _: &Writing, _vault: &Vault, _ctx: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        Err(Error::unsupported(format!("{} cannot be written", self.info().title))
            .next_step("See `otpferry formats` for what can be written"))
    }
}

/// A form in which a format is written: what `-t` means.
#[derive(Clone, Copy)]
pub struct Form {
    /// The format.
    pub format: &'static dyn Format,
    /// One of the ways that it can be written.
    pub writing: &'static Writing,
}

impl Form {
    /// All forms of a format, the usual one first.
    pub fn all_of(format: &'static dyn Format) -> impl Iterator<Item = Self> {
        format.info().write.iter().map(move |writing| Self { format, writing })
    }

    /// The form of that name, in any case; the usual one when the name is empty.
    pub fn named(format: &'static dyn Format, name: &str) -> Option<Self> {
        let mut forms = Self::all_of(format);
        match name {
            "" => forms.next(),
            name => forms.find(|form| form.writing.form.eq_ignore_ascii_case(name)),
        }
    }

    /// The name on the command line: `keepass:xml`, or `aegis` where there is one form only.
    pub fn name(self) -> String {
        match (self.format.info().id, self.writing.form) {
            (id, "") => id.to_owned(),
            (id, form) => format!("{id}:{form}"),
        }
    }

    /// What would happen to each account.
    pub fn fit(self, accounts: &[Account]) -> Vec<Fit> {
        self.format.fit(self.writing, accounts)
    }

    /// What would happen to each account, with what the user says.
    pub fn fit_given(self, accounts: &[Account], given: &TokenOptions) -> Vec<Fit> {
        self.format.fit_given(self.writing, accounts, given)
    }

    /// What has to be said when a file of this form with these accounts is read.
    pub fn said(self, accounts: &[Account], given: &TokenOptions) -> TokenOptions {
        self.format.said(self.writing, accounts, given)
    }

    /// Puts accounts into the order in which the form holds them.
    pub fn arrange<T>(self, accounts: &mut [T], account: impl Fn(&T) -> &Account) {
        accounts.sort_by(|a, b| self.format.order(self.writing, account(a), account(b)));
    }

    /// Writes accounts that all fit.
    ///
    /// # Errors
    /// As [`Format::encode`].
    pub fn encode(self, vault: &Vault, ctx: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        self.format.encode(self.writing, vault, ctx)
    }
}
