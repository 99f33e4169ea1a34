//! Pictures: each QR code is read as a text of its own.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use otpferry_formats::foreign;
use otpferry_formats::model::{BatchPart, Vault, merge};
use otpferry_formats::report::{Item, Skip};
use otpferry_formats::{Input, Limits, NoPasswords};
use otpferry_scan::{Code, Frame, Grid, Hint, Options, Part, Scan};
use zeroize::Zeroizing;

use super::{File, Reader, Sealed, Source, open, position};
use crate::cli::{CostArgs, Effort};
use crate::failure::{Exit, Failure};
use crate::in_order;

/// How pictures are looked at, several at a time.
#[derive(Debug)]
pub(crate) struct Look {
    effort: otpferry_scan::Effort,
    /// For the run as a whole.
    limits: otpferry_scan::Limits,
    /// Memory for each of the pictures that are looked at together.
    share: u64,
    /// Held while a picture takes more than its share.
    alone: Mutex<()>,
    /// For each picture, and each page of a document.
    time: Duration,
}

/// A file with many pages may take this much longer than one picture.
const PAGES_IN_TIME: u32 = 10;

impl Look {
    pub(crate) fn new(cost: &CostArgs, inputs: usize) -> Self {
        let effort = match cost.effort {
            Effort::Fast => otpferry_scan::Effort::Fast,
            Effort::Normal => otpferry_scan::Effort::Normal,
            Effort::Max => otpferry_scan::Effort::Max,
        };
        let pixels = cost.limits().pixels;
        let usual = otpferry_scan::Limits::default();
        let mut limits =
            otpferry_scan::Limits { pixels, frames: cost.pages().unwrap_or(usual.frames), ..usual };
        // Who allows more pixels allows the memory that they take.
        if pixels > Limits::default().pixels {
            limits.memory = limits.memory.max(pixels.saturating_mul(8));
        }
        let threads = in_order::threads(inputs, cost.jobs).try_into().unwrap_or(u64::MAX);
        let share = limits.memory / threads.max(1);
        Self { effort, limits, share, alone: Mutex::new(()), time: cost.time_for_picture() }
    }

    /// Finds the codes of a picture. One that needs more memory than its share waits for the others
    /// of that kind, so that all together take no more than twice the limit.
    fn scan(&self, bytes: &[u8]) -> Result<Scan, Failure> {
        let shared = self.scan_within(bytes, self.share);
        let was_enough = match &shared {
            Ok(scan) => !scan.too_large,
            Err(error) => !is_too_large(*error),
        };
        if was_enough || self.share == self.limits.memory {
            return shared.map_err(failure);
        }
        let _alone = self.alone.lock().unwrap_or_else(PoisonError::into_inner);
        self.scan_within(bytes, self.limits.memory).map_err(failure)
    }

    fn scan_within(&self, bytes: &[u8], memory: u64) -> Result<Scan, otpferry_scan::Error> {
        let limits = otpferry_scan::Limits { memory, ..self.limits };
        let deadline = Instant::now().checked_add(self.time.saturating_mul(PAGES_IN_TIME));
        let options = Options { limits, effort: self.effort, time: Some(self.time), deadline };
        otpferry_scan::scan(bytes, &options)
    }
}

fn is_too_large(error: otpferry_scan::Error) -> bool {
    matches!(error, otpferry_scan::Error::TooLarge { .. } | otpferry_scan::Error::UnpacksTooLarge)
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

/// The texts of the codes in a picture inside a page. What cannot be read gives none.
pub(super) fn texts(picture: &[u8], reader: &Reader) -> Vec<String> {
    let scan = reader.look.scan(picture);
    let texts = |scan: Scan| scan.codes().filter_map(|code| code.text.as_deref().cloned()).collect();
    scan.map(texts).unwrap_or_default()
}

/// What one picture gave, and what other pictures may complete.
pub(super) struct Picture {
    /// Accounts, a file for each format.
    pub(super) files: Vec<File>,
    /// Codes that hold one message with others.
    pub(super) parts: Vec<PartOfMessage>,
    /// Codes that were seen and not read.
    pub(super) unread: Vec<UnreadCode>,
    /// What the user should know about the other codes.
    pub(super) remarks: Vec<Item>,
    /// What was around it.
    pub(super) sealed: Sealed,
    /// What was left undone, in words.
    pub(super) cut_short: Option<String>,
    /// Why there are no accounts, should there be none in the end either.
    pub(super) failure: Option<Failure>,
}

/// A code that is one of several of one message (structured append).
pub(super) struct PartOfMessage {
    pub(super) payload: Zeroizing<Vec<u8>>,
    pub(super) part: Part,
    /// Which picture of the file.
    pub(super) place: Option<String>,
}

/// A code that was seen and not read.
pub(super) struct UnreadCode {
    pub(super) hint: Hint,
    /// Where it is, in words.
    pub(super) place: String,
    pub(super) grid: Option<Grid>,
}

/// Reads the codes of a picture.
pub(super) fn read(
    bytes: &[u8],
    source: &Source,
    sealed: Sealed,
    reader: &Reader,
) -> Result<Picture, Failure> {
    let scan = reader.look.scan(bytes)?;
    let mut picture = Picture {
        files: Vec::new(),
        parts: Vec::new(),
        unread: scan.frames.iter().flat_map(unread_codes).collect(),
        remarks: Vec::new(),
        sealed,
        cut_short: cut_short(&scan),
        failure: None,
    };
    let mut found = Vec::new();
    let codes = scan.frames.iter().flat_map(|frame| frame.codes.iter().map(move |code| (frame, code)));
    for (index, (frame, code)) in codes.enumerate() {
        let place = position::of_frame(frame.place);
        if let Some(part) = code.part.filter(|part| part.count > 1 && part.index < part.count) {
            picture.parts.push(PartOfMessage { payload: code.payload.clone(), part, place });
            continue;
        }
        match read_code(&code.payload, &file_words(&source.name, place), &source.name, reader) {
            Ok(file) => found.push(File { sealed, ..file }),
            Err(failure) => picture.note_foreign(index, frame, code, failure),
        }
    }
    merge::in_export_order(&mut found, |file: &File| file.vault.parts.first());
    found.into_iter().for_each(|file| picture.append(file));
    if scan.codes().next().is_none() {
        picture.failure = Some(nothing_found(&scan));
    } else {
        picture.remarks.extend(picture.cut_short.iter().map(|short| Item::new("cut-short", short)));
    }
    Ok(picture)
}

/// An input, and which of its pictures, in words.
pub(super) fn file_words(name: &str, place: Option<String>) -> String {
    let name = crate::show::place(name);
    match place {
        Some(place) => format!("{name}, {place}"),
        None => name,
    }
}

/// Reads one payload; `words` says where it is.
pub(super) fn read_code(payload: &[u8], words: &str, name: &str, reader: &Reader) -> Result<File, Failure> {
    let input = Input::new(payload);
    let decoded = open::decode(&input, "", reader.from, reader, &mut NoPasswords);
    let (format, mut vault) = decoded.map_err(|failure| match failure.exit {
        Exit::NothingToRead if failure.next_step.is_none() || !is_foreign(payload) => {
            Failure::new(Exit::NothingToRead, "the QR code holds something else than an account").next_step(
                "Take a picture of the code that the app or the service shows for two-factor sign-in",
            )
        }
        _ => failure,
    })?;
    vault.parts.iter_mut().for_each(|part| words.clone_into(&mut part.file));
    Ok(File::new(name, format, vault))
}

fn is_foreign(payload: &[u8]) -> bool {
    std::str::from_utf8(payload).ok().and_then(foreign::classify).is_some()
}

impl Picture {
    /// Whether it shows accounts, a part of them, or what may be one.
    pub(super) fn is_of_accounts(&self) -> bool {
        !(self.files.is_empty() && self.parts.is_empty() && self.unread.is_empty())
    }

    /// Codes of one format in one picture are one file.
    pub(super) fn append(&mut self, file: File) {
        match self.files.iter_mut().find(|earlier| earlier.format == file.format) {
            Some(earlier) => join(&mut earlier.vault, file.vault),
            None => self.files.push(file),
        }
    }

    fn note_foreign(&mut self, index: usize, frame: &Frame, code: &Code, failure: Failure) {
        let place = position::in_frame(frame, &code.corners);
        let message = format!("QR code {} of the picture ({place}): {}", index + 1, failure.message);
        let mut item = Item::new(Skip::NOT_AN_ACCOUNT, message);
        item.next_step.clone_from(&failure.next_step);
        self.remarks.push(item);
        self.failure.get_or_insert(failure);
    }

    /// What is left to say about codes that nothing could read.
    pub(super) fn unread_remarks(&self) -> Vec<Item> {
        let mut by_reason: Vec<(String, &str, Vec<&str>)> = Vec::new();
        for code in &self.unread {
            let (reason, next_step) = position::obstacle(code.hint);
            match by_reason.iter_mut().find(|(known, ..)| *known == reason) {
                Some((.., places)) => places.push(&code.place),
                None => by_reason.push((reason, next_step, vec![&code.place])),
            }
        }
        let item = |(reason, next_step, places): (String, &str, Vec<&str>)| {
            let message = format!("{} cannot be read: {reason}", codes_in_words(&places));
            Item::new("unread-code", message).next_step(next_step)
        };
        by_reason.into_iter().map(item).collect()
    }
}

fn unread_codes(frame: &Frame) -> impl Iterator<Item = UnreadCode> {
    frame.unread.iter().map(|unread| UnreadCode {
        hint: unread.hint,
        place: position::in_frame(frame, &unread.corners),
        grid: unread.grid.clone(),
    })
}

/// `1 more QR code (top left)`, `3 more QR codes (top left, top, right)`.
fn codes_in_words(places: &[&str]) -> String {
    const NAMED: usize = 6;
    let mut distinct: Vec<&str> = Vec::new();
    for place in places {
        if !distinct.contains(place) && distinct.len() <= NAMED {
            distinct.push(place);
        }
    }
    let more = if distinct.len() > NAMED { ", and elsewhere" } else { "" };
    distinct.truncate(NAMED);
    format!("{} ({}{more})", crate::show::count(places.len(), "more QR code"), distinct.join(", "))
}

fn join(vault: &mut Vault, other: Vault) {
    let offset = vault.entries();
    let is_known = |part: &BatchPart| vault.parts.iter().any(|known| known.digest == part.digest);
    if other.parts.iter().any(is_known) {
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

/// Why a picture gave nothing.
pub(crate) fn nothing_found(scan: &Scan) -> Failure {
    let mut unread = scan.frames.iter().flat_map(|frame| frame.unread.iter().map(move |code| (frame, code)));
    let count: usize = scan.frames.iter().map(|frame| frame.unread.len()).sum();
    let short = cut_short(scan).map(|short| format!("; {short}")).unwrap_or_default();
    let Some((frame, code)) = unread.next() else {
        let message = format!("no QR code was found in the picture{short}");
        return Failure::new(Exit::NothingToRead, message)
            .next_step("Take a picture in which the whole QR code is sharp; --effort max looks harder");
    };
    let (reason, next_step) = position::obstacle(code.hint);
    let place = position::in_frame(frame, &code.corners);
    let message = match count {
        1 => format!("there is a QR code in the picture ({place}), but it cannot be read: {reason}{short}"),
        count => format!(
            "there are {count} QR codes in the picture, but none can be read; the first ({place}): {reason}{short}"
        ),
    };
    Failure::new(Exit::NothingToRead, message).next_step(next_step)
}

/// What was left undone, in words.
pub(crate) fn cut_short(scan: &Scan) -> Option<String> {
    let mut parts = Vec::new();
    if scan.torn {
        parts.push("the file ends too early, and what follows is lost; copy it again".to_owned());
    }
    if scan.frames.iter().any(|frame| frame.cut_short) {
        parts.push(
            "the picture was not looked at to the end; --effort max or --limit seconds=NUMBER looks longer"
                .to_owned(),
        );
    }
    match scan.left_out {
        0 => {}
        1 => parts.push(format!("1 page or frame of the file was left out; {}", more_pages(scan))),
        several => {
            parts.push(format!("{several} pages or frames of the file were left out; {}", more_pages(scan)));
        }
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// How to have more pages looked at.
fn more_pages(scan: &Scan) -> &'static str {
    if scan.too_large {
        "--limit pixels=NUMBER allows larger ones"
    } else {
        "--limit pages=NUMBER and --limit seconds=NUMBER allow more, unless they are damaged"
    }
}

pub(super) const RETAKE: &str = "Take the picture again: straight, sharp, without glare, the code filling half of it; or use a screenshot";

fn failure(error: otpferry_scan::Error) -> Failure {
    match error {
        otpferry_scan::Error::TooLarge { pixels, limit } => otpferry_formats::Error::limit(
            format!("the picture has {pixels} pixels, over the limit of {limit}"),
            "pixels",
        )
        .into(),
        otpferry_scan::Error::UnpacksTooLarge => {
            otpferry_formats::Error::limit(error.to_string(), "pixels").into()
        }
        otpferry_scan::Error::NotAPicture => Failure::new(Exit::NothingToRead, error.to_string()).next_step(
            "Name pictures and PDF files here; `otpferry inspect FILE` reads exports of apps as well",
        ),
        otpferry_scan::Error::Locked => Failure::new(Exit::NothingToRead, error.to_string()).next_step(
            "Open it with its password and print it to a new PDF, or take screenshots of its pages",
        ),
        otpferry_scan::Error::Unsupported { .. } => Failure::new(Exit::NothingToRead, error.to_string())
            .next_step("Open it and save it as PNG or JPEG, or take a screenshot"),
        otpferry_scan::Error::Malformed { .. } => Failure::new(Exit::Malformed, error.to_string())
            .next_step("Copy the picture again; it may be cut off"),
    }
}
