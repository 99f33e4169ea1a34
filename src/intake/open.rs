//! One input: its bytes, the layers around it, its format.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read};
use std::iter;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use otpferry_formats::container::sqlite;
use otpferry_formats::foreign;
use otpferry_formats::phone::{ANDROID_BACKUP, IOS_BACKUP, manifest_in};
use otpferry_formats::report::Item;
use otpferry_formats::text::encoding;
use otpferry_formats::{
    Bytes, Confidence, Ctx, Error, ErrorKind, Format, Input, KeyFile, Manifest, Passwords, Probe, registry,
};
use zeroize::Zeroizing;

use super::together::Reading;
use super::{File, Reader, Sealed, Source, find, phone, picture};
use crate::envelope;
use crate::failure::{Exit, Failure};

/// How many age files inside each other are opened.
const MAX_LAYERS: usize = 3;

/// The bytes of an input, out of the age files around them.
pub(super) struct Content {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    pub(super) sealed: Sealed,
}

/// Reads the bytes of one input.
pub(super) fn content(source: &Source, reader: &Reader) -> Result<Content, Failure> {
    let mut bytes = bytes_of(source.path.as_deref(), reader.limits.bytes)?;
    let mut sealed = Sealed::No;
    for _ in 0..MAX_LAYERS {
        if !envelope::is_age(&bytes) {
            break;
        }
        // Each layer may have any of the passwords.
        let opened =
            reader.keys.open(&bytes, &mut reader.passwords.for_file(&source.name), &reader.limits)?;
        bytes = opened.content;
        sealed = if opened.by_passphrase_file { Sealed::ByPassphraseFile } else { Sealed::InAge };
    }
    Ok(Content { bytes, sealed })
}

pub(super) fn empty() -> Failure {
    Failure::new(Exit::NothingToRead, "the file is empty").foreign().next_step("Export or copy it again")
}

/// Reads one input.
pub(super) fn read(source: &Source, reader: &Reader) -> Result<Reading, Failure> {
    if let Some(format) = reader.from.filter(|format| source.is_backup && format.info().id != IOS_BACKUP) {
        let message = format!("this folder is the backup of an iPhone, and not {}", format.info().title);
        return Err(
            Failure::new(Exit::Usage, message).next_step("Leave -f out, or name the file that is meant")
        );
    }
    let may_be = |id: &str| reader.from.is_none_or(|format| format.info().id == id);
    let backup = match may_be(IOS_BACKUP) {
        true => phone::Backup::of(source, &reader.limits)?,
        false => None,
    };
    if backup.is_none()
        && may_be(ANDROID_BACKUP)
        && let Some(file) = phone::large(source, &reader.limits)
    {
        return read_large(&file, source, reader);
    }
    let Content { bytes, sealed } = match &backup {
        Some(backup) => Content { bytes: manifest_in(backup.folder())?, sealed: Sealed::No },
        None => content(source, reader)?,
    };
    let wal = source.path.as_deref().map(|path| read_wal(path, reader)).transpose()?.flatten();
    let manifest = source.path.as_deref().map(|path| read_manifest(path, reader)).transpose()?.flatten();
    if bytes.is_empty() && wal.is_none() {
        return Err(empty());
    }
    if otpferry_scan::sniff(&bytes).is_some() {
        let picture = picture::read(&bytes, source, sealed, reader)?;
        return Ok(Reading::Picture(Box::new(picture)));
    }
    let file_name = source.path.as_deref().and_then(Path::file_name).and_then(OsStr::to_str);
    let manifest = file_name.zip(manifest.as_ref()).map(|(file_name, bytes)| Manifest { file_name, bytes });
    let input = Input::with_wal(&bytes, wal.as_ref().map(|wal| wal.as_slice())).with_manifest(manifest);
    let input = input
        .with_name(Some(source.below.as_str()))
        .with_place(&source.name)
        .with_folder(backup.as_ref().map(phone::Backup::folder));
    if reader.from.is_none() && backup.is_none() && is_unmarked(&input, source) {
        return Err(Failure::new(Exit::NothingToRead, "nothing in it says what it is").foreign());
    }
    let mut passwords = reader.passwords.for_file(&source.name);
    // Also when it is damaged so that nothing in it says so.
    let from = if backup.is_some() { registry::by_name(IOS_BACKUP) } else { reader.from };
    let (format, mut vault) = decode(&input, &source.name, from, reader, &mut passwords)?;
    vault.warnings.extend(backup.and_then(|backup| backup.beside()));
    if sqlite::sniff(&bytes) {
        vault.warnings.extend(source.path.as_deref().and_then(unfinished));
    }
    with_enclosed(File { sealed, ..File::new(&source.name, format, vault) }, reader)
}

/// Reads a backup of an Android phone that is too large to be in memory.
fn read_large(file: &dyn Bytes, source: &Source, reader: &Reader) -> Result<Reading, Failure> {
    let input = Input::new(&[])
        .with_large(Some(file))
        .with_name(Some(source.below.as_str()))
        .with_place(&source.name);
    let mut passwords = reader.passwords.for_file(&source.name);
    let from = registry::by_name(ANDROID_BACKUP);
    let (format, vault) = decode(&input, &source.name, from, reader, &mut passwords)?;
    with_enclosed(File::new(&source.name, format, vault), reader)
}

fn with_enclosed(mut file: File, reader: &Reader) -> Result<Reading, Failure> {
    let enclosed = phone::enclosed(&mut file, reader)?;
    Ok(Reading::Files(iter::once(file).chain(enclosed).collect()))
}

/// Whether a file that was found in the data of an app is only like one of some format: apps encrypt what they like, and
/// nobody knows the password.
fn is_unmarked(input: &Input<'_>, source: &Source) -> bool {
    let is_in_app = || {
        let path = source.path.as_deref().map(Path::to_string_lossy).unwrap_or_default();
        otpferry_formats::phone::is_android_app_data(&path)
    };
    let probe =
        || Probe::new(input.bytes, Some(&source.name)).with_wal(input.wal).with_manifest(input.manifest);
    source.found && is_in_app() && {
        let probe = probe();
        registry::detect(&probe).is_ok_and(|format| format.detect(&probe) == Confidence::Weak)
    }
}

/// Finds the format and reads.
pub(super) fn decode(
    input: &Input<'_>,
    name: &str,
    from: Option<&'static dyn Format>,
    reader: &Reader,
    passwords: &mut dyn Passwords,
) -> Result<(&'static dyn Format, otpferry_formats::model::Vault), Failure> {
    let format = match from {
        Some(format) => format,
        None => detect(input, name)?,
    };
    let mut no_random = |_: &mut [u8]| Err(Error::new(ErrorKind::Internal, "reading needs no random bytes"));
    let read_codes = |picture: &[u8]| picture::texts(picture, reader);
    let mut ctx = Ctx {
        passwords,
        key_files: &reader.key_files,
        new_password: None,
        random: &mut no_random,
        now: Timestamp::now(),
        limits: &reader.limits,
        per_qr: 10,
        read_codes: Some(&read_codes),
        table: &reader.table,
        tokens: &reader.tokens,
    };
    let vault = format.decode(input, &mut ctx)?;
    Ok((format, vault))
}

fn detect(input: &Input<'_>, name: &str) -> Result<&'static dyn Format, Failure> {
    let probe = Probe::new(input.bytes, Some(name)).with_wal(input.wal).with_manifest(input.manifest);
    registry::detect(&probe).map_err(|error| match error.kind {
        ErrorKind::NotRecognised => not_recognised(input.bytes, name).unwrap_or_else(|| error.into()),
        _ => error.into(),
    })
}

/// Files that only the program opens that made them: the end of the name, what they are, what to do.
const LOCKED: [(&str, &str, &str); 4] = [
    (
        "gpg",
        "a file that GnuPG has encrypted",
        "Decrypt it first, with `pass show NAME > NAME.txt` or `gpg --decrypt`, and give what comes out",
    ),
    ("dash", "a backup that only Dashlane opens", "Export as CSV in Dashlane: My account > Export data"),
    ("opvault", "a vault that only 1Password opens", "Export as 1PUX in 1Password 8: File > Export"),
    ("enpassbackup", "a backup that only Enpass opens", "Export as .json in Enpass: File > Export"),
];

/// Says what the bytes are when that is known.
fn not_recognised(bytes: &[u8], name: &str) -> Option<Failure> {
    if let Some(kind) = otpferry_scan::unread_kind(bytes) {
        return Some(
            Failure::new(Exit::NothingToRead, format!("{kind} pictures cannot be read yet"))
                .next_step("Save it as PNG or JPEG, or take a screenshot of it, and give that"),
        );
    }
    let extension = Path::new(name).extension().and_then(OsStr::to_str).unwrap_or_default();
    if let Some((_, what, next_step)) = LOCKED.iter().find(|(end, ..)| end.eq_ignore_ascii_case(extension)) {
        return Some(
            Failure::new(Exit::NothingToRead, format!("this is {what}")).foreign().next_step(*next_step),
        );
    }
    let text = encoding::decode(bytes)?;
    if otpferry_formats::is_seed_list(&text) {
        return Some(
            Failure::new(Exit::NothingToRead, "this looks like seeds of tokens, and nothing in it says for which server")
                .foreign()
                .next_step("If they are for Duo or PingID, say so and of which type they are: -f duo-tokens --token-type totp-6"),
        );
    }
    if ["csv", "tsv"].iter().any(|table| extension.eq_ignore_ascii_case(table)) {
        return Some(
            Failure::new(Exit::NothingToRead, "no column of this table is known to hold secrets or links")
                .foreign()
                .next_step(
                    "If one does, say which: --columns secret=NAME, or its number: --columns secret=3",
                ),
        );
    }
    let foreign = foreign::classify(text.trim())?;
    Some(
        Failure::new(Exit::NothingToRead, format!("this is no account but {}", foreign.what))
            .foreign()
            .next_step(foreign.next_step),
    )
}

/// The bytes of a file, or of standard input where none is named.
///
/// # Errors
/// [`Exit::Io`]; [`Exit::Limit`].
pub(crate) fn bytes_of(path: Option<&Path>, limit: u64) -> Result<Zeroizing<Vec<u8>>, Failure> {
    path.map_or_else(|| read_stdin(limit), |path| read_file(path, limit))
}

fn read_file(path: &Path, limit: u64) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let io = |error: io::Error| Failure::io(path, "read the input", &error);
    let file = fs::File::open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    if length > limit {
        return Err(too_large(length, limit));
    }
    read_limited(file, length, limit).map_err(io)?.ok_or_else(|| too_large(limit.saturating_mul(2), limit))
}

/// Reads the key files of databases.
pub(super) fn read_key_files(paths: &[PathBuf], limit: u64) -> Result<Vec<KeyFile>, Failure> {
    let read = |path: &PathBuf| {
        let name = path.to_string_lossy().into_owned();
        let bytes = read_file(path, limit).map_err(|failure| failure.in_file(&name))?;
        Ok(KeyFile { name, bytes })
    };
    paths.iter().map(read).collect()
}

fn read_stdin(limit: u64) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let read = read_limited(io::stdin().lock(), 0, limit);
    let read = read.map_err(|error| Failure::io(Path::new("-"), "read standard input", &error))?;
    read.ok_or_else(|| too_large(limit, limit))
}

/// `None` when there is more than the limit. The buffer is sized first, so that growing it leaves
/// no copies of secrets in freed memory.
fn read_limited(source: impl Read, expected: u64, limit: u64) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let capacity = usize::try_from(expected.saturating_add(1)).unwrap_or(0);
    let mut bytes = Zeroizing::new(Vec::with_capacity(capacity));
    source.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    let within = u64::try_from(bytes.len()).is_ok_and(|length| length <= limit);
    Ok(within.then_some(bytes))
}

fn too_large(length: u64, limit: u64) -> Failure {
    let size = |bytes: u64| match bytes >> 20 {
        0 => format!("{bytes} bytes"),
        mebibytes => format!("{mebibytes} MiB"),
    };
    let message = format!("the input has {} or more, over the limit of {}", size(length), size(limit));
    let enough = (length >> 20).saturating_add(1);
    Failure::from(Error::limit(message, "bytes"))
        .next_step(format!("If you trust this file, raise the limit with --limit bytes={enough}M"))
}

/// A rollback journal beside a database: it was copied in the middle of a change, which only SQLite
/// itself can undo.
fn unfinished(path: &Path) -> Option<Item> {
    let mut name = path.as_os_str().to_owned();
    name.push("-journal");
    let mut head = [0; sqlite::JOURNAL_MAGIC.len()];
    let read = fs::File::open(&name).and_then(|mut journal| journal.read_exact(&mut head));
    (read.is_ok() && sqlite::is_hot_journal(&head)).then(|| {
        let message = "the database was copied in the middle of a change; single accounts may be wrong";
        Item::new("database-in-change", message)
            .next_step("Stop the app on the phone and copy the database again")
    })
}

/// The write-ahead log beside a database: `NAME-wal`.
fn read_wal(path: &Path, reader: &Reader) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    let wal = PathBuf::from(name);
    if !wal.is_file() {
        return Ok(None);
    }
    read_file(&wal, reader.limits.bytes).map(Some)
}

/// The list beside a `.maFile`, which says how it is encrypted.
fn read_manifest(path: &Path, reader: &Reader) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
    let manifest = path.with_file_name(find::MANIFEST);
    if !find::is_listed(path) || !manifest.is_file() {
        return Ok(None);
    }
    read_file(&manifest, reader.limits.bytes).map(Some)
}
