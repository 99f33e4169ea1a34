//! Pictures in phones' backups: each is looked at like one that was found in a folder.

use std::mem;

use otpferry_formats::phone::Photo;
use otpferry_formats::report::Item;

use super::phone::{self, Backup};
use super::picture::{self, Picture};
use super::together::{Reading, Room};
use super::{File, Reader, Sealed, Source};
use crate::cli::CostArgs;
use crate::failure::Failure;
use crate::in_order;
use crate::show::{self, Terminal};

type Readings = Vec<Result<Reading, Failure>>;

/// Adds what the pictures in backups show, as inputs of their own. Those without any code are only counted: a library
/// has thousands.
///
/// # Errors
/// When a backup cannot be opened any more.
pub(super) fn read(
    sources: &mut Vec<Source>,
    readings: &mut Readings,
    room: &mut Room,
    reader: &Reader,
    cost: &CostArgs,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let mut found = Vec::new();
    for (source, reading) in sources.iter().zip(readings.iter_mut()) {
        let Ok(Reading::Files(files)) = reading else { continue };
        let Some(outer) = files.first_mut() else { continue };
        let photos = mem::take(&mut outer.vault.photos);
        if photos.is_empty() {
            continue;
        }
        let Some(backup) = Backup::of(source, &reader.limits)? else {
            outer.vault.warnings.push(inside(photos.len()));
            told(outer);
            continue;
        };
        let library = Library { source, backup, sealed: phone::sealed_in(outer), reader };
        let seen = library.look_at(&photos, room, cost, terminal)?;
        outer.vault.warnings.extend(seen.summary(photos.len()));
        told(outer);
        found.extend(seen.found);
    }
    for (source, picture) in found {
        sources.push(source);
        readings.push(Ok(Reading::Picture(Box::new(picture))));
    }
    Ok(())
}

/// Out of what is not a file on the disk they are not read one by one.
fn inside(photos: usize) -> Item {
    let photos = show::count(photos, "photo");
    let message = format!("{photos} in the backup, which is inside something else: none was looked at");
    Item::new("not-read", message).next_step("Unpack it, and name the folder of the backup")
}

/// That they could be looked at need not be said any more.
fn told(backup: &mut File) {
    if let Some(survey) = &mut backup.vault.survey {
        survey.photos = None;
    }
}

/// The pictures of one backup.
struct Library<'l> {
    source: &'l Source,
    backup: Backup,
    sealed: Sealed,
    reader: &'l Reader,
}

/// What came of looking at them.
#[derive(Default)]
struct Seen {
    /// Those with QR codes of accounts, or with some that cannot be read.
    found: Vec<(Source, Picture)>,
    /// How many have QR codes of something else only.
    foreign: usize,
    /// How many cannot be opened.
    closed: usize,
    /// How many were not looked at to the end, and show nothing so far.
    cut_short: usize,
}

impl Library<'_> {
    fn look_at(
        &self,
        photos: &[Photo],
        room: &mut Room,
        cost: &CostArgs,
        terminal: &Terminal,
    ) -> Result<Seen, Failure> {
        let progress = terminal.progress(photos.len());
        let mut seen = Seen::default();
        let keep = |(source, looked): (Source, Result<Picture, Failure>)| {
            progress.inc(1);
            match looked {
                Ok(mut picture) if picture.is_of_accounts() => {
                    room.admit_all(&mut picture);
                    seen.found.push((source, picture));
                }
                Ok(picture) => {
                    seen.cut_short += usize::from(picture.cut_short.is_some());
                    seen.foreign += usize::from(!picture.remarks.is_empty());
                }
                Err(_) => seen.closed += 1,
            }
            Ok(())
        };
        in_order::each(photos, cost.jobs, |photo| self.look_at_one(photo), keep)?;
        progress.finish_and_clear();
        Ok(seen)
    }

    fn look_at_one(&self, photo: &Photo) -> (Source, Result<Picture, Failure>) {
        let source = Source::inside(self.source, &photo.path);
        let bytes = photo.read(self.backup.folder()).map_err(Failure::from);
        let picture = bytes.and_then(|bytes| picture::read(&bytes, &source, self.sealed, self.reader));
        (source, picture)
    }
}

impl Seen {
    fn summary(&self, photos: usize) -> Vec<Item> {
        let message = format!(
            "{} in the backup were looked at: {} with QR codes of accounts or such that cannot be read, {} with others",
            show::count(photos, "photo"),
            self.found.len(),
            self.foreign,
        );
        let closed = format!("photos in the backup that cannot be opened: {}", self.closed);
        let closed =
            Item::new("not-read", closed).next_step("Copy them from the phone and name them by themselves");
        let hurried = format!("photos in the backup that were not looked at to the end: {}", self.cut_short);
        let hurried =
            Item::new("cut-short", hurried).next_step("--effort max or --limit seconds=NUMBER looks longer");
        let mut items = vec![Item::new("photos", message)];
        items.extend((self.closed > 0).then_some(closed));
        items.extend((self.cut_short > 0).then_some(hurried));
        items
    }
}
