//! Sheets to hand out, made from the ledger like every other file.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use otpferry_formats::ledger::{Entry, Ledger};
use otpferry_formats::model::Account;

use super::files::{Batch, Manner, Written};
use super::handout::{self, Handout, Person, Setting};
use super::job::Job;
use super::{SHEETS, log};
use crate::cli::SheetKind;
use crate::convert;
use crate::failure::Failure;
use crate::output::{NewFolder, Pending};

/// Writes the sheets of people of the ledger.
///
/// # Errors
/// [`crate::Exit::CodesDiffer`] when a code does not show what it should; [`crate::Exit::Io`].
pub(super) fn write(
    job: &Job<'_>,
    ledger: &Ledger,
    places: &[usize],
    manner: &Manner<'_>,
) -> Result<Batch, Failure> {
    let mut batch = Batch::default();
    let only_server = match job.servers.as_slice() {
        [one] => Some(one.form.format.info().id),
        _ => None,
    };
    let setting = Setting {
        target: only_server,
        help: job.args.files.help_contact.as_deref(),
        issued: crate::encode::now().to_zoned(TimeZone::UTC).date(),
        paper: job.args.files.paper,
    };
    let chunks = places.chunks(manner.per_file);
    let count = chunks.len();
    for (number, chunk) in chunks.enumerate() {
        let account = |place: &usize| -> Option<(usize, &Entry, Account)> {
            let entry = ledger.entries.get(*place)?;
            Some((*place, entry, entry.account()?))
        };
        let entries: Vec<_> = chunk.iter().filter_map(account).collect();
        let people: Vec<Person<'_>> =
            entries.iter().map(|(_, entry, account)| Person { account, display: &entry.display }).collect();
        let handouts = Handout::all(&people)?;
        for kind in &job.sheets {
            match kind {
                SheetKind::Pdf => pdf(&handouts, &setting, (number, count), manner, &mut batch)?,
                SheetKind::Page => page(&handouts, &setting, (number, count), manner, &mut batch)?,
                SheetKind::Html | SheetKind::Png => single(*kind, &handouts, &setting, manner, &mut batch)?,
                SheetKind::None => {}
            }
        }
        batch.exported.extend(entries.iter().map(|(place, ..)| *place));
    }
    Ok(batch)
}

#[cfg(feature = "pdf")]
fn pdf(
    handouts: &[Handout<'_>],
    setting: &Setting<'_>,
    (number, count): (usize, usize),
    manner: &Manner<'_>,
    batch: &mut Batch,
) -> Result<(), Failure> {
    let path = convert::numbered(&manner.folder.join("sheets.pdf"), number, count);
    let printed = handout::print(handouts, setting)?;
    batch.warnings.extend(printed.unprinted);
    put(path, &printed.bytes, handouts.len(), manner, batch)
}

#[cfg(not(feature = "pdf"))]
fn pdf(
    _: &[Handout<'_>],
    _: &Setting<'_>,
    _: (usize, usize),
    _: &Manner<'_>,
    _: &mut Batch,
) -> Result<(), Failure> {
    Err(Failure::new(crate::Exit::Usage, "this program was built without PDF documents")
        .next_step("Take --sheets page, and print that from a browser"))
}

fn page(
    handouts: &[Handout<'_>],
    setting: &Setting<'_>,
    (number, count): (usize, usize),
    manner: &Manner<'_>,
    batch: &mut Batch,
) -> Result<(), Failure> {
    let path = convert::numbered(&manner.folder.join("sheets.html"), number, count);
    let text = handout::pages(handouts, setting);
    put(path, text.as_bytes(), handouts.len(), manner, batch)
}

/// A file that holds everybody.
fn put(
    path: PathBuf,
    bytes: &[u8],
    accounts: usize,
    manner: &Manner<'_>,
    batch: &mut Batch,
) -> Result<(), Failure> {
    let (pending, _) = Pending::checked(&path, bytes, manner.replace)?;
    pending.publish()?;
    let sha256 = (accounts > 1).then(|| log::sha256(bytes));
    let bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    batch.written.push(Written { sha256, ..written(path, accounts, bytes) });
    Ok(())
}

/// A file for each person, called by the serial number.
fn single(
    kind: SheetKind,
    handouts: &[Handout<'_>],
    setting: &Setting<'_>,
    manner: &Manner<'_>,
    batch: &mut Batch,
) -> Result<(), Failure> {
    let folder = manner.folder.join(SHEETS);
    let _new = NewFolder::create(&folder)?;
    let mut bytes = 0;
    for handout in handouts {
        let (end, content) = match kind {
            SheetKind::Png => ("png", handout::picture(handout)?),
            _ => ("html", handout::page(handout, setting).as_bytes().to_vec().into()),
        };
        let path = folder.join(format!("{}.{end}", handout.serial()));
        let (pending, _) = Pending::checked(&path, &content, manner.replace)?;
        pending.publish()?;
        bytes += u64::try_from(content.len()).unwrap_or(u64::MAX);
    }
    note_folder(&folder, kind, handouts.len(), bytes, batch);
    Ok(())
}

/// One line for all files of a folder, over all chunks.
fn note_folder(folder: &Path, kind: SheetKind, accounts: usize, bytes: u64, batch: &mut Batch) {
    let path = folder.join(if kind == SheetKind::Png { "*.png" } else { "*.html" });
    match batch.written.iter_mut().find(|written| written.path == path) {
        Some(written) => {
            written.accounts += accounts;
            written.bytes += bytes;
        }
        None => batch.written.push(written(path, accounts, bytes)),
    }
}

fn written(path: PathBuf, accounts: usize, bytes: u64) -> Written {
    let target = SHEETS.to_owned();
    Written { path, target, accounts, encrypted: false, bytes, sha256: None, help: "" }
}
