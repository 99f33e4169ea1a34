//! Pictures: each QR code is read as a text of its own.

use std::time::{Duration, Instant};

use otpferry_formats::Input;
use otpferry_formats::foreign;
use otpferry_formats::model::{Vault, merge};
use otpferry_formats::report::{Item, Skip};
use otpferry_formats::{Limits, NoPasswords};
use otpferry_scan::{Code, Options, Scan};

use super::{File, Reader, Sealed, Source, open, position};
use crate::cli::{CostArgs, Effort};
use crate::failure::{Exit, Failure};

/// How pictures are looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    effort: otpferry_scan::Effort,
    limits: otpferry_scan::Limits,
    /// For each picture.
    time: Duration,
}

impl Look {
    pub(crate) fn new(cost: &CostArgs) -> Self {
        let effort = match cost.effort {
            Effort::Fast => otpferry_scan::Effort::Fast,
            Effort::Normal => otpferry_scan::Effort::Normal,
            Effort::Max => otpferry_scan::Effort::Max,
        };
        let pixels = cost.limits().pixels;
        let mut limits = otpferry_scan::Limits { pixels, ..otpferry_scan::Limits::default() };
        // Who allows more pixels allows the memory that they take.
        if pixels > Limits::default().pixels {
            limits.memory = limits.memory.max(pixels.saturating_mul(8));
        }
        Self { effort, limits, time: cost.time_for_picture() }
    }

    /// For a picture that is looked at from now on.
    fn options(&self) -> Options {
        Options { limits: self.limits, effort: self.effort, deadline: Instant::now().checked_add(self.time) }
    }

    /// Finds the codes of a picture.
    pub(crate) fn scan(&self, bytes: &[u8]) -> Result<Scan, Failure> {
        otpferry_scan::scan(bytes, &self.options()).map_err(failure)
    }
}

/// Finds the codes of the picture that an input is. `None` when it was only found in a folder, and
/// nothing says that it is a picture.
pub(crate) fn scan_source(source: &Source, reader: &Reader) -> Result<Option<Scan>, Failure> {
    let bytes = open::content(source, reader)?.bytes;
    let looks_like_one =
        otpferry_scan::sniff(&bytes).is_some() || otpferry_scan::unread_kind(&bytes).is_some();
    if !looks_like_one && source.found && !source.is_picture() {
        return Ok(None);
    }
    if bytes.is_empty() {
        return Err(open::empty());
    }
    reader.look.scan(&bytes).map(Some)
}

/// Reads the codes of a picture.
pub(super) fn read(bytes: &[u8], source: &Source, reader: &Reader) -> Result<Vec<File>, Failure> {
    let scan = reader.look.scan(bytes)?;
    let unread_codes: usize = scan.frames.iter().map(|frame| frame.unread.len()).sum();
    if scan.codes().next().is_none() {
        return Err(nothing_found(&scan));
    }
    let mut found = Vec::new();
    let mut others = Vec::new();
    let mut first_failure = None;
    for (index, code) in scan.codes().enumerate() {
        match read_code(code, source, reader) {
            Ok(file) => found.push(file),
            Err(failure) => {
                others.push(not_an_account(index, &failure));
                first_failure.get_or_insert(failure);
            }
        }
    }
    merge::in_export_order(&mut found, |file: &File| file.vault.parts.first());
    let mut files = Vec::new();
    found.into_iter().for_each(|file| append(&mut files, file));
    match (files.first_mut(), first_failure) {
        (None, Some(failure)) => Err(failure),
        (Some(file), _) => {
            file.vault.warnings.extend(others);
            if unread_codes > 0 {
                file.vault.warnings.push(unread(unread_codes));
            }
            Ok(files)
        }
        (None, None) => Err(nothing_found(&scan)),
    }
}

/// The texts of the codes in a picture inside a page. What cannot be read gives none.
pub(super) fn texts(picture: &[u8], reader: &Reader) -> Vec<String> {
    let scan = reader.look.scan(picture);
    let texts = |scan: Scan| scan.codes().filter_map(|code| code.text.as_deref().cloned()).collect();
    scan.map(texts).unwrap_or_default()
}

fn read_code(code: &Code, source: &Source, reader: &Reader) -> Result<File, Failure> {
    let input = Input::new(&code.payload);
    let (format, vault) =
        open::decode(&input, "", reader, &mut NoPasswords).map_err(|failure| match failure.exit {
            Exit::NothingToRead if failure.next_step.is_none() || !is_foreign(code) => {
                Failure::new(Exit::NothingToRead, "the QR code holds something else than an account")
                    .next_step(
                        "Take a picture of the code that the app or the service shows for two-factor sign-in",
                    )
            }
            _ => failure,
        })?;
    Ok(File { name: source.name.clone(), source: 0, format: format.info().id, sealed: Sealed::No, vault })
}

fn is_foreign(code: &Code) -> bool {
    std::str::from_utf8(&code.payload).ok().and_then(foreign::classify).is_some()
}

/// Codes of one format in one picture are one file.
fn append(files: &mut Vec<File>, file: File) {
    match files.iter_mut().find(|earlier| earlier.format == file.format) {
        Some(earlier) => join(&mut earlier.vault, file.vault),
        None => files.push(file),
    }
}

fn join(vault: &mut Vault, other: Vault) {
    let offset = vault.entries();
    let same_code = |vault: &Vault| other.parts.iter().any(|part| vault.parts.contains(part));
    if same_code(vault) {
        let message = "the same QR code is in the picture twice; it is counted once";
        vault.warnings.push(Item::new("repeated-payload", message));
        return;
    }
    for mut account in other.accounts {
        account.origin.index += offset;
        vault.accounts.push(account);
    }
    for mut item in other.skipped {
        item.index = item.index.map(|index| index + offset);
        vault.skipped.push(item);
    }
    vault.warnings.extend(other.warnings);
    vault.parts.extend(other.parts);
}

fn not_an_account(index: usize, failure: &Failure) -> Item {
    let mut item =
        Item::new(Skip::NOT_AN_ACCOUNT, format!("QR code {} of the picture: {}", index + 1, failure.message));
    item.next_step.clone_from(&failure.next_step);
    item
}

/// Why a picture gave nothing.
pub(crate) fn nothing_found(scan: &Scan) -> Failure {
    let looked_longer = cut_short(scan);
    let mut unread = scan.frames.iter().flat_map(|frame| frame.unread.iter().map(move |code| (frame, code)));
    if let Some((frame, code)) = unread.next() {
        let (reason, next_step) = position::obstacle(code.hint);
        let place = position::in_words(&code.corners, frame);
        let message = format!("there is a QR code in the picture ({place}), but it cannot be read: {reason}");
        return Failure::new(Exit::NothingToRead, message).next_step(next_step);
    }
    let message = "no QR code was found in the picture";
    let next_step = "Take a picture in which the whole QR code is sharp; --effort max looks harder";
    match looked_longer {
        Some(short) => Failure::new(Exit::NothingToRead, format!("{message}; {short}")).next_step(next_step),
        None => Failure::new(Exit::NothingToRead, message).next_step(next_step),
    }
}

/// What was left undone, in words.
pub(crate) fn cut_short(scan: &Scan) -> Option<String> {
    let stopped = "the picture was not looked at to the end; --effort max looks longer";
    match scan.left_out {
        0 => scan.is_cut_short().then(|| stopped.to_owned()),
        1 => Some("1 page or frame was left out; a larger --limit reads more".to_owned()),
        several => Some(format!("{several} pages or frames were left out; a larger --limit reads more")),
    }
}

fn unread(count: usize) -> Item {
    let message = format!("{count} more QR code(s) seem to be in the picture and cannot be read");
    Item::new("unread-code", message).next_step(RETAKE)
}

pub(crate) const RETAKE: &str = "Take the picture again: straight, sharp, without glare, the code filling half of it; or use a screenshot";

fn failure(error: otpferry_scan::Error) -> Failure {
    match error {
        otpferry_scan::Error::TooLarge { pixels, limit } => otpferry_formats::Error::limit(
            format!("the picture has {pixels} pixels, over the limit of {limit}"),
            "pixels",
        )
        .into(),
        otpferry_scan::Error::Unsupported { .. } | otpferry_scan::Error::NotAPicture => {
            Failure::new(Exit::NothingToRead, error.to_string())
                .next_step("Save the picture as PNG or JPEG and try again")
        }
        otpferry_scan::Error::Malformed { .. } => Failure::new(Exit::Malformed, error.to_string())
            .next_step("Copy the picture again; it may be cut off"),
    }
}
