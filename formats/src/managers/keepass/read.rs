//! Reading a database, an XML file or a table.

use data_encoding::BASE64;

use super::conventions::{self, MORE_URLS, NOTES, TITLE, URL, USER};
use super::xml::{self, Document, Entry, Group};
use super::{ID, INFO, table};
use crate::container::kdbx::{self, Closed, CompositeKey, FileKey, Opened, Signature};
use crate::ctx::{Ctx, Limits};
use crate::error::{Error, ErrorKind, Place};
use crate::format::Input;
use crate::managers::login::{Gathering, Login};
use crate::model::{Vault, group};
use crate::text::xml::has_root;

/// The tag that KeePassDX, Strongbox and others show as a star.
pub(super) const FAVORITE: &str = "Favorite";
/// A UUID that means none, in base64.
const NO_GROUP: &str = "AAAAAAAAAAAAAAAAAAAAAA==";

pub(super) fn decode(input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
    match kdbx::sniff(input.bytes) {
        Some(Signature::Kdbx) => return decode_database(input.bytes, ctx),
        Some(Signature::Kdb) => return Err(too_old("the database is of KeePass 1")),
        Some(Signature::PreRelease) => {
            return Err(too_old("the database was made by a version of KeePass 2 before its release"));
        }
        None => {}
    }
    let text = input.text()?;
    if has_root(&text, xml::ROOT) {
        let document = xml::parse(&text, None, ctx.limits)?;
        return gather(&document, "XML", ctx.limits);
    }
    table::decode(&text, ctx.limits)
}

fn too_old(message: &str) -> Error {
    Error::unsupported(message)
        .next_step("Open it in KeePass 2 or KeePassXC (Database > Import), save it as .kdbx, and give that")
}

fn decode_database(bytes: &[u8], ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
    let closed = Closed::parse(bytes)?;
    let mut opened = unlock(&closed, ctx)?;
    let mut stream = std::mem::take(&mut opened.stream);
    let text = std::str::from_utf8(opened.xml())
        .map_err(|_| kdbx::damaged("the content of the database is not a text"))?;
    let document = xml::parse(text.trim_start_matches('\u{feff}'), Some(&mut stream), ctx.limits)?;
    check_header(&document, &opened)?;
    Ok(gather(&document, &closed.describe(), ctx.limits)?.protected(closed.protection()))
}

/// A header that was changed could let protected values come out wrong.
fn check_header(document: &Document, opened: &Opened) -> Result<(), Error> {
    match opened.header_hash {
        Some(hash) if !document.header_hash.is_empty() && document.header_hash != BASE64.encode(&hash) => {
            Err(kdbx::damaged("the header of the database is damaged"))
        }
        _ => Ok(()),
    }
}

/// Tries each key file alone, then each password with each key file and alone.
fn unlock(closed: &Closed<'_>, ctx: &mut Ctx<'_>) -> Result<Opened, Error> {
    let files = ctx.key_files.iter().map(FileKey::read).collect::<Result<Vec<_>, _>>()?;
    for file in &files {
        if let Some(opened) = closed.open(&CompositeKey::new(None, Some(file)), ctx.limits)? {
            return Ok(opened);
        }
    }
    let open = |password: &crate::model::SecretText, limits: &Limits| {
        for file in files.iter().map(Some).chain([None]) {
            let key = CompositeKey::new(Some(password.expose()), file);
            if let Some(opened) = closed.open(&key, limits)? {
                return Ok(Some(opened));
            }
        }
        Ok(None)
    };
    ctx.unlock(&INFO, open).map_err(|error| explain(error, files.is_empty()))
}

/// A database does not say whether it needs a key file.
fn explain(error: Error, is_without_file: bool) -> Error {
    let kind = error.kind;
    let (message, next_step) = match (kind, is_without_file) {
        (ErrorKind::PasswordNeeded, true) => return error.next_step(
            "Run it in a terminal to be asked, or give --password-file FILE; if the database has a key file, give it with --key-file FILE",
        ),
        (ErrorKind::PasswordNeeded, false) => (
            "the key file alone does not open the database, and no password was given".to_owned(),
            "Run it in a terminal to be asked, or give --password-file FILE; check that it is the key file of this database",
        ),
        (ErrorKind::WrongPassword, true) => (
            error.message.replace("file", "database"),
            "Use the master password; if the database needs a key file as well, give it with --key-file FILE. One \
             that needs a hardware key (YubiKey) opens only after that is removed in KeePassXC",
        ),
        (ErrorKind::WrongPassword, false) => (
            format!("{}, neither with the key file nor without it", error.message.replace("file", "database")),
            "Use the master password and the key file of this database",
        ),
        _ => return error,
    };
    Error::new(kind, message).next_step(next_step)
}

pub(super) fn gather(document: &Document, variant: &str, limits: &Limits) -> Result<Vault, Error> {
    let mut walk = Walk { document, gathering: Gathering::new(ID, variant, limits), entries: 0 };
    for root in &document.roots {
        walk.group(root, "", walk.is_bin(root))?;
    }
    walk.gathering.finish()
}

/// Goes through the groups in the order of the app: entries before the groups inside.
struct Walk<'d> {
    document: &'d Document,
    gathering: Gathering,
    entries: usize,
}

impl Walk<'_> {
    fn is_bin(&self, group: &Group) -> bool {
        let bin = self.document.recycle_bin.as_str();
        !bin.is_empty() && bin != NO_GROUP && group.uuid == bin
    }

    fn group(&mut self, group: &Group, path: &str, is_trashed: bool) -> Result<(), Error> {
        for entry in &group.entries {
            self.entry(entry, path, is_trashed);
        }
        for inner in &group.groups {
            let path = if path.is_empty() { inner.name.clone() } else { format!("{path}/{}", inner.name) };
            group::checked_name(&path)?;
            self.group(inner, &path, is_trashed || self.is_bin(inner))?;
        }
        Ok(())
    }

    fn entry(&mut self, entry: &Entry, path: &str, is_trashed: bool) {
        self.entries = self.entries.saturating_add(1);
        let codes = conventions::read(entry);
        if codes.is_empty() {
            return self.gathering.other();
        }
        let login = describe(entry, path, is_trashed);
        for code in codes {
            self.gathering.entry(&login, code, &Place::Entry(self.entries));
        }
    }
}

fn describe<'e>(entry: &'e Entry, path: &str, is_trashed: bool) -> Login<'e> {
    let more_urls = entry.beginning_with(MORE_URLS).map(|(_, url)| url);
    let addresses = [entry.get(URL)].into_iter().chain(more_urls).map(str::trim);
    let tags = || entry.tags.split([';', ',']).map(str::trim).filter(|tag| !tag.is_empty());
    let groups =
        [path].into_iter().filter(|path| !path.is_empty()).chain(tags().filter(|tag| *tag != FAVORITE));
    Login {
        title: entry.get(TITLE),
        user: entry.get(USER),
        urls: addresses.filter(|address| !address.is_empty()).map(str::to_owned).collect(),
        groups: groups.map(str::to_owned).collect(),
        note: entry.get(NOTES),
        favorite: tags().any(|tag| tag == FAVORITE),
        created: entry.created,
        modified: entry.modified,
        trashed: is_trashed,
    }
}
