//! `android-backup`: the file of `adb backup`, and copies of the folders of apps as tar, tar.gz or zip, as root backup tools
//! and file managers make them, also archives of single apps in such an archive.
//!
//! Apps built for Android 12 or later give nothing to `adb backup`; old phones and old files are its use. Nothing of it
//! was tried with the backup of a real phone.

mod ab;
mod closed;
mod collect;
mod known;
mod nested;
mod place;
mod stream;
#[cfg(test)]
mod tests;
mod why;

use std::io::{Read, Seek, SeekFrom};
use std::ops::ControlFlow;

use zeroize::Zeroizing;

use super::survey::{App, Survey};
use crate::container::inflate::Gunzip;
use crate::container::tar;
use crate::container::zip::{self, Archive, Entry};
use crate::ctx::{Ctx, Limits};
use crate::error::{Error, ErrorKind};
use crate::format::{Confidence, Format, Info, Input};
use crate::model::{Protection, Vault};
use crate::probe::Probe;
use crate::report::Item;
use crate::source::{Bytes, Stream};

use collect::{Collection, Found, MAX_FILE};
use known::{Fate, KnownApp};
use nested::Nested;
use place::{Layout, Place};
use stream::{Bounds, End, Member};
use why::Why;

/// The id of the format.
pub const ID: &str = "android-backup";

/// Backups of Android phones.
pub(crate) struct AndroidBackup;

static INFO: Info = Info {
    id: ID,
    title: "Android backup",
    aliases: &["adb-backup"],
    extensions: &["ab"],
    reads_encrypted: true,
    unverified: Some("never tried with the backup of a real phone"),
    write: &[],
    export_help: "With the phone at a computer: adb backup -f phone.ab PACKAGE, for apps that are not built for Android 12 or \
        later. On a rooted phone: a tar, tar.gz or zip of the app's folder in /data/data",
};

/// Most bytes and members of a compressed archive that are inflated to see what it is.
const HEAD: (u64, u64) = (64 << 20, 100_000);
/// What an archive may inflate to, as many times the most bytes of an input, or its own where it is a large one; and its
/// members for each entry that is allowed: 4 GiB and a million, as long as nobody raises the limits.
const INFLATED: u64 = 16;
const MEMBERS: u64 = 10;

const GZIP: &[u8] = b"\x1F\x8B";

impl Format for AndroidBackup {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        let bytes = probe.bytes();
        match Kind::of(bytes) {
            Some(Kind::Zip) => Seen::new(probe.name()).in_zip(probe.zip_names().unwrap_or_default()),
            Some(kind) => Seen::new(probe.name()).in_archive(kind, &bytes),
            None => closed::recognise(bytes, probe.name()),
        }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        decode(input, ctx).map_err(|error| error.in_format(ID))
    }
}

/// The app that keeps its accounts in a file of that path, where that is in a copy of an Android phone's data: what is
/// told of it when the file cannot be read.
pub fn android_app(path: &str) -> Option<App> {
    let place = Place::of(path, Layout::Copy(None)).filter(Place::has_accounts)?;
    place.app().map(KnownApp::left)
}

/// The app that a file of that path is of, in a copy of an Android phone's data, and what is to be said where nothing of the
/// app can be read.
pub fn android_app_left(path: &str) -> Option<(&'static str, Item)> {
    let place = Place::of(path, Layout::Copy(None))?;
    let app = place.app().filter(|_| place.has_accounts() || place.is_data_of_app())?;
    let message = format!("{} is there, but its accounts cannot be read: {}", app.name, app.why);
    Some((app.name, Item::new("not-read", message).next_step(app.next_step)))
}

/// Whether a file that is too large to be in memory is a backup or copy of an Android phone, as far as its beginning and
/// the names in it say. `name` is its own.
pub fn is_android_archive(file: &dyn Bytes, name: Option<&str>) -> bool {
    let kind = head_of(file).ok().and_then(|head| Kind::of(&head));
    kind.is_some_and(|kind| Seen::new(name).in_archive(kind, file) > Confidence::Weak)
}

/// Whether a file of that path is in the data of an app, known or not, in a copy of an Android phone's data: what has no
/// mark of its own there is a file like any other.
pub fn is_android_app_data(path: &str) -> bool {
    place::is_of_some_app(path)
}

/// The same of a file inside a backup, as far as it is told without inflating anything: there can be very many.
pub(super) fn is_evident(probe: &Probe<'_>) -> bool {
    !probe.bytes().starts_with(GZIP) && AndroidBackup.detect(probe) > Confidence::Weak
}

/// How a backup is packed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Adb,
    Zip,
    Tar,
    Gzip,
}

impl Kind {
    /// By the beginning of a file.
    fn of(head: &[u8]) -> Option<Self> {
        if ab::find(head).is_some() {
            Some(Self::Adb)
        } else if zip::sniff(head) {
            Some(Self::Zip)
        } else if tar::sniff(head) {
            Some(Self::Tar)
        } else {
            head.starts_with(GZIP).then_some(Self::Gzip)
        }
    }
}

/// As much of the beginning of a file as says what it is.
fn head_of(file: &dyn Bytes) -> Result<Zeroizing<Vec<u8>>, Error> {
    file.read(0, usize::try_from(file.size()).unwrap_or(usize::MAX).min(ab::LINES))
}

/// What the names of the members say.
struct Seen {
    /// The app whose folder the archive is, by its own name.
    of: Option<&'static KnownApp>,
    confidence: Confidence,
    /// Whether the data of some app is there, known or not.
    is_of_phone: bool,
}

impl Seen {
    fn new(archive: Option<&str>) -> Self {
        Self { of: archive.and_then(place::named_for), confidence: Confidence::No, is_of_phone: false }
    }

    fn in_archive(mut self, kind: Kind, file: &dyn Bytes) -> Confidence {
        match kind {
            Kind::Adb => return Confidence::Sure,
            Kind::Zip => {
                let archive = Archive::open_copy(file).ok();
                return self.in_zip(archive.as_ref().map(Archive::names).unwrap_or_default());
            }
            Kind::Tar => stream::names(file, |name| self.look(name)),
            Kind::Gzip => self.look_into(Gunzip::new(Stream::new(file))),
        }
        self.confidence
    }

    fn in_zip(mut self, names: &[String]) -> Confidence {
        for name in names {
            let _ = self.look(name);
        }
        self.confidence
    }

    /// Looks at one more name; no more are needed once the archive is known.
    fn look(&mut self, name: &str) -> ControlFlow<()> {
        self.confidence = self.confidence.max(recognise(name, self.of));
        self.is_of_phone |= place::is_of_phone(name);
        if self.confidence == Confidence::Sure { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Looks at the beginning of a compressed archive. Where it goes on, the authenticator may come after that.
    fn look_into(&mut self, content: impl Read) {
        let (bytes, members) = HEAD;
        let end = stream::walk(content, &Bounds::new(bytes, members), |member| self.look(member.name));
        if matches!(end, Ok(End::TooLarge | End::TooMany)) && self.is_of_phone {
            self.confidence = self.confidence.max(Confidence::Likely);
        }
    }
}

/// What the name of a member says: a file of a known app, or one that could be.
fn recognise(name: &str, of: Option<&'static KnownApp>) -> Confidence {
    let Some(place) = Place::of(name, Layout::Copy(of)) else { return Confidence::No };
    if place.has_accounts() {
        Confidence::Sure
    } else if place.keeper().is_some()
        || (place.app().is_some() && place.is_data_of_app())
        || Nested::of(name, Layout::Copy(of)).is_some()
    {
        Confidence::Likely
    } else {
        Confidence::No
    }
}

/// What is known of a backup before what is inside.
struct Outside {
    variant: String,
    protection: Option<Protection>,
    end: End,
}

fn decode(input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
    let file = input.whole();
    let head = head_of(file)?;
    let name = input.place.or(input.name);
    let kind = Kind::of(&head).ok_or_else(|| closed::refusal(input.bytes, name))?;
    let layout = match kind {
        Kind::Adb => Layout::Adb,
        Kind::Zip | Kind::Tar | Kind::Gzip => Layout::Copy(name.and_then(place::named_for)),
    };
    let mut collection = Collection::new(layout, ctx.limits.bytes);
    let bounds = bounds(ctx.limits, input.large);
    let (variant, end) = match kind {
        Kind::Adb => {
            let outside = of_adb(file, &head, &mut collection, &bounds, ctx)?;
            return Ok(vault(outside, collection));
        }
        Kind::Zip => ("copy, zip", of_zip(file, &mut collection, &bounds)?),
        Kind::Tar => ("copy, tar", stream::walk_file(file, &bounds, take_each(&mut collection, &bounds))),
        Kind::Gzip => ("copy, tar", of_tar(Gunzip::new(Stream::new(file)), &mut collection, &bounds)?),
    };
    Ok(vault(Outside { variant: variant.to_owned(), protection: None, end }, collection))
}

fn of_adb(
    file: &dyn Bytes,
    head: &[u8],
    collection: &mut Collection,
    bounds: &Bounds,
    ctx: &mut Ctx<'_>,
) -> Result<Outside, Error> {
    let at = ab::find(head).unwrap_or_default();
    let backup = ab::Backup::read(head.get(at..).unwrap_or_default())?;
    let key = backup
        .sealed
        .as_ref()
        .map(|sealed| ctx.unlock(&INFO, |password, limits| sealed.open(password, limits)));
    let key = key.transpose()?;
    let mut body = Stream::new(file);
    let start = at.saturating_add(backup.lines);
    // It only notes the place.
    let _ = body.seek(SeekFrom::Start(u64::try_from(start).unwrap_or(u64::MAX)));
    let end = of_tar(backup.content(body, key.as_ref()), collection, bounds)?;
    Ok(Outside {
        variant: format!("adb version {}", backup.version),
        protection: backup.sealed.as_ref().map(ab::Sealed::protection),
        end,
    })
}

fn bounds(limits: &Limits, large: Option<&dyn Bytes>) -> Bounds {
    let bytes = limits.bytes.max(large.map_or(0, |file| file.size())).saturating_mul(INFLATED);
    Bounds::new(bytes, limits.accounts.saturating_mul(MEMBERS))
}

fn of_tar(content: impl Read, collection: &mut Collection, bounds: &Bounds) -> Result<End, Error> {
    stream::walk(content, bounds, take_each(collection, bounds))
}

fn take_each(collection: &mut Collection, bounds: &Bounds) -> impl FnMut(Member<'_>) -> ControlFlow<()> {
    |member| {
        take(member, collection, bounds);
        ControlFlow::Continue(())
    }
}

/// Looks at a member, and into the archive of an app.
fn take(member: Member<'_>, collection: &mut Collection, bounds: &Bounds) {
    match Nested::of(member.name, collection.layout) {
        Some(nested) => nested.take(member, collection, bounds),
        None => collection.take(member),
    }
}

fn of_zip(file: &dyn Bytes, collection: &mut Collection, bounds: &Bounds) -> Result<End, Error> {
    let mut archive = Archive::open_copy(file)?;
    for index in 0..archive.len() {
        if !bounds.take_member() {
            return Ok(End::TooMany);
        }
        let Some(entry) = archive.entry(index) else { continue };
        let is_folder = entry.name.ends_with(['/', '\\']);
        let is_wanted =
            Nested::of(&entry.name, collection.layout).is_some() || collection.is_wanted(&entry.name);
        if is_folder || !is_wanted {
            continue;
        }
        if !bounds.take(entry.size.min(MAX_FILE)) {
            return Ok(End::TooLarge);
        }
        let (name, size) = (entry.name.as_str(), entry.size);
        match unpacked(&mut archive, index, &entry) {
            Ok(content) => {
                let content: &mut dyn Read = &mut content.as_slice();
                take(Member { name, size, content: Ok(content) }, collection, bounds);
            }
            Err(why) => take(Member { name, size, content: Err(why) }, collection, bounds),
        }
    }
    Ok(End::Whole)
}

/// The content of a member of a zip archive. No more of it is unpacked than it says that there is.
fn unpacked(archive: &mut Archive<'_>, index: usize, entry: &Entry) -> Result<Zeroizing<Vec<u8>>, Why> {
    if entry.is_encrypted {
        return Err(Why::PASSWORD);
    }
    if entry.size > MAX_FILE {
        return Err(Why::TOO_LARGE);
    }
    let content = archive.read_entry(index, &Limits { bytes: entry.size, ..Limits::default() });
    content.map_err(|error| if error.kind == ErrorKind::Unsupported { Why::PACKED } else { Why::DAMAGED })
}

fn vault(outside: Outside, collection: Collection) -> Vault {
    let Found { enclosed, apps, warnings } = collection.finish(outside.end);
    let mut vault = Vault { variant: outside.variant, enclosed, ..Vault::default() };
    let closed = apps.iter().filter(|(_, fate)| matches!(fate, Fate::Left { .. })).enumerate();
    vault.skipped =
        closed.filter_map(|(index, (app, fate))| collect::left_behind(app, fate, index)).collect();
    vault.warnings.extend(ended(outside.end));
    vault.warnings.extend(warnings);
    if vault.enclosed.is_empty() && vault.skipped.is_empty() {
        vault.warnings.push(nothing());
    }
    vault.survey = Some(Box::new(Survey {
        system: "Android".to_owned(),
        encrypted: outside.protection.is_some(),
        finished: (outside.end == End::CutOff).then_some(false),
        apps: apps.iter().map(|(app, fate)| app.survey(fate)).collect(),
        ..Survey::default()
    }));
    match outside.protection {
        Some(protection) => vault.protected(protection),
        None => vault,
    }
}

/// What was not looked at.
fn ended(end: End) -> Option<Item> {
    match end {
        End::Whole => None,
        End::Followed => Some(followed()),
        End::CutOff => Some(cut_off()),
        End::LongName => Some(
            Item::new("not-read", "a file in the archive has a name that is longer than any real one: what comes after it was not looked at")
                .next_step("Unpack it with another program, and give the folder"),
        ),
        End::TooLarge => Some(not_looked_at("more is in the backup than the limit of bytes allows", "bytes")),
        End::TooMany => Some(not_looked_at("more files are in the backup than the limit allows", "accounts")),
    }
}

fn not_looked_at(message: &str, limit: &str) -> Item {
    Item::new("not-read", format!("{message}: what comes after that was not looked at"))
        .next_step(format!("If you trust this file, raise the limit with --limit {limit}=NUMBER"))
}

fn cut_off() -> Item {
    Item::new("cut-off", "the backup is damaged or cut off: what comes after that place is missing, and it cannot be told whether something before it was altered")
        .next_step("Copy the file again, or make a new backup")
}

fn followed() -> Item {
    Item::new("cut-off", "something else follows the end of the archive, and was not read")
        .next_step("If two archives were put behind each other, give each by itself")
}

fn nothing() -> Item {
    Item::new("no-known-app", "there is no file of a known authenticator app in the backup")
        .next_step("Since Android 12 most apps give nothing to a backup: export a file in each app")
}
