//! `android-backup`: the file of `adb backup`, and copies of the folders of apps as tar, tar.gz or zip, as root backup tools
//! and file managers make them.
//!
//! Apps built for Android 12 or later give nothing to `adb backup`; old phones and old files are its use. Nothing of it
//! was tried with the backup of a real phone.

mod ab;
mod closed;
mod collect;
mod known;
mod place;
mod tar;
#[cfg(test)]
mod tests;

use std::io::{Cursor, Read};
use std::ops::ControlFlow;

use flate2::read::MultiGzDecoder;

use super::survey::Survey;
use crate::container::zip::{self, Archive};
use crate::ctx::{Ctx, Limits};
use crate::error::{Error, ErrorKind};
use crate::format::{Confidence, Format, Info, Input};
use crate::model::{Protection, Vault};
use crate::probe::Probe;
use crate::report::Item;

use collect::{Collection, Found};
use place::Place;
use tar::{Bounds, End};

const ID: &str = "android-backup";

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

/// Most of a compressed archive that is inflated to see what it is.
const HEAD: Bounds = Bounds { bytes: 64 << 20, members: 100_000 };
/// What an archive may inflate to, as many times the most bytes of an input; and its members for each entry that is
/// allowed: 4 GiB and a million as long as nobody raises the limits.
const INFLATED: u64 = 16;
const MEMBERS: u64 = 10;

const GZIP: &[u8] = b"\x1F\x8B";

impl Format for AndroidBackup {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        let bytes = probe.bytes();
        if ab::find(bytes).is_some() {
            return Confidence::Sure;
        }
        if zip::sniff(bytes) {
            let names = probe.zip_names().unwrap_or_default();
            return names.iter().map(|name| recognise(name)).max().unwrap_or(Confidence::No);
        }
        match archive(bytes) {
            Some(content) => first_known(content),
            None => closed::recognise(bytes, probe.name()),
        }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        decode(input, ctx).map_err(|error| error.in_format(ID))
    }
}

/// A tar, compressed or not.
fn archive<'a>(bytes: &'a [u8]) -> Option<Box<dyn Read + 'a>> {
    if tar::sniff(bytes) {
        Some(Box::new(bytes))
    } else if bytes.starts_with(GZIP) {
        Some(Box::new(MultiGzDecoder::new(bytes)))
    } else {
        None
    }
}

/// What the name of a member says: a file of a known app, or one that could be.
fn recognise(name: &str) -> Confidence {
    match Place::of(name, None) {
        Some(place) if place.is_known() => Confidence::Sure,
        Some(place) if place.keeper().is_some() => Confidence::Likely,
        _ => Confidence::No,
    }
}

fn first_known(content: Box<dyn Read + '_>) -> Confidence {
    let mut confidence = Confidence::No;
    // Past the bounds, what was seen is what counts.
    let _ = tar::walk(content, HEAD, |member| {
        confidence = confidence.max(recognise(member.name));
        if confidence == Confidence::Sure { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    confidence
}

/// What is known of a backup before what is inside.
struct Outside {
    variant: String,
    protection: Option<Protection>,
    end: End,
}

fn decode(input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
    let of = input.name.and_then(place::named_for);
    let mut collection = Collection::new(of, ctx.limits.bytes);
    let outside = if let Some(at) = ab::find(input.bytes) {
        of_adb(input.bytes.get(at..).unwrap_or_default(), &mut collection, ctx)?
    } else if zip::sniff(input.bytes) {
        of_zip(input.bytes, &mut collection, ctx.limits)?
    } else if let Some(content) = archive(input.bytes) {
        let end = collect(content, &mut collection, ctx.limits)?;
        Outside { variant: "copy, tar".to_owned(), protection: None, end }
    } else {
        return Err(closed::refusal(input.bytes, input.name));
    };
    Ok(vault(outside, collection.finish()))
}

fn of_adb(bytes: &[u8], collection: &mut Collection<'_>, ctx: &mut Ctx<'_>) -> Result<Outside, Error> {
    let backup = ab::Backup::read(bytes)?;
    let key = backup
        .sealed
        .as_ref()
        .map(|sealed| ctx.unlock(&INFO, |password, limits| sealed.open(password, limits)));
    let key = key.transpose()?;
    let end = collect(backup.content(key.as_ref()), collection, ctx.limits)?;
    Ok(Outside {
        variant: format!("adb version {}", backup.version),
        protection: backup.sealed.as_ref().map(ab::Sealed::protection),
        end,
    })
}

fn collect(content: impl Read, collection: &mut Collection<'_>, limits: &Limits) -> Result<End, Error> {
    let bounds = Bounds {
        bytes: limits.bytes.saturating_mul(INFLATED),
        members: limits.accounts.saturating_mul(MEMBERS),
    };
    tar::walk(content, bounds, |member| {
        collection.take(member.name, member.size, member.content);
        ControlFlow::Continue(())
    })
}

fn of_zip(bytes: &[u8], collection: &mut Collection<'_>, limits: &Limits) -> Result<Outside, Error> {
    let mut archive = Archive::open_copy(bytes)?;
    let mut left = limits.bytes.saturating_mul(INFLATED);
    for name in archive.names().to_vec() {
        if name.ends_with('/') {
            continue;
        }
        if archive.is_encrypted(&name) {
            let step = "Unpack the archive with its password, and give the folder";
            collection.take_closed(&name, "it has a password in the zip archive", step);
            continue;
        }
        if !collection.is_wanted(&name) {
            continue;
        }
        match archive.read(&name, &Limits { bytes: collect::MAX_FILE.min(left), ..limits.clone() }) {
            Ok(content) => {
                let size = u64::try_from(content.len()).unwrap_or(u64::MAX);
                left = left.saturating_sub(size);
                collection.take(&name, size, &mut Cursor::new(content.as_slice()));
            }
            Err(error) if error.kind == ErrorKind::Limit => {
                collection.take_closed(&name, "it is too large", collect::BY_ITSELF)
            }
            Err(_) => {
                collection.take_closed(&name, "it is damaged", "Copy the archive again, or make a new one")
            }
        }
    }
    Ok(Outside { variant: "copy, zip".to_owned(), protection: None, end: End::Whole })
}

fn vault(outside: Outside, found: Found) -> Vault {
    let mut vault = Vault { variant: outside.variant, enclosed: found.enclosed, ..Vault::default() };
    let closed = found.apps.iter().filter(|(_, is_read)| !is_read).enumerate();
    vault.skipped = closed.map(|(index, (app, _))| collect::left_behind(app, index)).collect();
    match outside.end {
        End::Whole => {}
        End::Followed => vault.warnings.push(followed()),
        End::CutOff => vault.warnings.push(cut_off()),
    }
    vault.warnings.extend(found.warnings);
    if vault.enclosed.is_empty() && vault.skipped.is_empty() {
        vault.warnings.push(nothing());
    }
    vault.survey = Some(Box::new(Survey {
        system: "Android".to_owned(),
        encrypted: outside.protection.is_some(),
        finished: (outside.end == End::CutOff).then_some(false),
        apps: found.apps.iter().map(|(app, is_read)| app.survey(*is_read)).collect(),
        ..Survey::default()
    }));
    match outside.protection {
        Some(protection) => vault.protected(protection),
        None => vault,
    }
}

fn cut_off() -> Item {
    Item::new("cut-off", "the backup is damaged or cut off: what comes after that place is missing")
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
