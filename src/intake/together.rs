//! What pictures hold only together: codes that no single one shows well enough, and messages that
//! are split over several codes.

use otpferry_formats::model::merge::{MissingPart, ReadPart};
use otpferry_formats::report::Item;
use otpferry_scan::{Grid, Part};
use zeroize::Zeroizing;

use super::joined::{self, Joined, Piece};
use super::picture::{self, Picture};
use super::{File, Reader, Source};
use crate::failure::{Exit, Failure};
use crate::show;

/// Most unread codes of a run that are kept to be put together: at most 30 MiB.
const MAX_GRIDS: usize = 240;

/// How many more unread codes may be kept. The others stay unread.
pub(crate) struct Room(usize);

impl Default for Room {
    fn default() -> Self {
        Self(MAX_GRIDS)
    }
}

impl Room {
    /// The same of all that a picture shows.
    pub(super) fn admit_all(&mut self, picture: &mut Picture) {
        picture.unread.iter_mut().for_each(|code| self.admit(&mut code.grid));
    }

    /// Drops what is over the limit.
    pub(crate) fn admit(&mut self, grid: &mut Option<Grid>) {
        match self.0.checked_sub(1) {
            Some(left) if grid.is_some() => self.0 = left,
            _ => *grid = None,
        }
    }
}

/// What one input gave.
pub(super) enum Reading {
    /// Anything but a picture.
    Files(Vec<File>),
    /// A picture.
    Picture(Box<Picture>),
}

/// What all inputs gave in the end.
#[derive(Default)]
pub(super) struct Settled {
    /// For each input its files, or why there are none.
    pub(super) results: Vec<Result<Vec<File>, Failure>>,
    /// About pictures that gave no file by themselves, and did not fail either.
    pub(super) remarks: Vec<Item>,
    /// Codes of split messages that no picture showed.
    pub(super) missing: Vec<MissingPart>,
}

/// Puts together what belongs together, and says what could not be read.
pub(super) fn settle(
    sources: &[Source],
    readings: Vec<Result<Reading, Failure>>,
    reader: &Reader,
) -> Settled {
    let mut batch = Batch::new(sources, readings, reader);
    let merged = batch.merged();
    batch.read_merged(merged);
    batch.read_messages();
    batch.finish()
}

/// All inputs of a run after each was looked at alone.
struct Batch<'a> {
    sources: &'a [Source],
    readings: Vec<Result<Reading, Failure>>,
    reader: &'a Reader,
    pieces: Vec<Piece>,
    settled: Settled,
    /// Inputs that gave something together with others.
    has_helped: Vec<bool>,
}

/// A code that was read from several pictures.
struct FromSeveral {
    payload: Zeroizing<Vec<u8>>,
    part: Option<Part>,
    /// Input and unread code of it.
    members: Vec<(usize, usize)>,
}

impl<'a> Batch<'a> {
    fn new(sources: &'a [Source], readings: Vec<Result<Reading, Failure>>, reader: &'a Reader) -> Self {
        let mut batch = Self {
            sources,
            has_helped: vec![false; readings.len()],
            readings,
            reader,
            pieces: Vec::new(),
            settled: Settled::default(),
        };
        for (source, reading) in batch.readings.iter_mut().enumerate() {
            let Ok(Reading::Picture(picture)) = reading else { continue };
            let name = sources.get(source).map(|source| source.name.as_str()).unwrap_or_default();
            let piece = |part: picture::PartOfMessage| Piece {
                payload: part.payload,
                part: part.part,
                source,
                file: picture::file_words(name, part.place),
            };
            batch.pieces.extend(std::mem::take(&mut picture.parts).into_iter().map(piece));
        }
        batch
    }

    fn picture(&mut self, source: usize) -> Option<&mut Picture> {
        match self.readings.get_mut(source) {
            Some(Ok(Reading::Picture(picture))) => Some(picture),
            _ => None,
        }
    }

    fn name(&self, source: usize) -> &'a str {
        self.sources.get(source).map(|source| source.name.as_str()).unwrap_or_default()
    }

    /// Codes that can be read when what several pictures show of them is added up.
    fn merged(&mut self) -> Vec<FromSeveral> {
        let mut kept = Vec::new();
        let mut grids = Vec::new();
        for (source, reading) in self.readings.iter_mut().enumerate() {
            let Ok(Reading::Picture(picture)) = reading else { continue };
            for (at, code) in picture.unread.iter_mut().enumerate() {
                if let Some(grid) = code.grid.take() {
                    kept.push((source, at));
                    grids.push(grid);
                }
            }
        }
        let from_several = |merged: otpferry_scan::Merged| FromSeveral {
            payload: merged.payload,
            part: merged.part,
            members: merged.members.iter().filter_map(|at| kept.get(*at).copied()).collect(),
        };
        let grids: Vec<&Grid> = grids.iter().collect();
        otpferry_scan::merge(&grids).into_iter().map(from_several).collect()
    }

    /// Reads codes that several pictures gave together; those are not unread any more.
    fn read_merged(&mut self, merged: Vec<FromSeveral>) {
        let mut read: Vec<(usize, usize)> = merged.iter().flat_map(|code| code.members.clone()).collect();
        for code in merged {
            let inputs = distinct(code.members.iter().map(|(source, _)| *source));
            let Some(first) = inputs.first().copied() else { continue };
            let files = self.names(&inputs);
            match code.part.filter(|part| part.count > 1 && part.index < part.count) {
                Some(part) => {
                    inputs.iter().for_each(|source| self.help(*source));
                    self.pieces.push(Piece { payload: code.payload, part, source: first, file: files });
                }
                None => {
                    let remark = format!("a QR code was read from {}", whole(&inputs, &files));
                    self.read_code(&code.payload, &inputs, &files, remark);
                }
            }
        }
        read.sort_unstable();
        for (source, at) in read.into_iter().rev() {
            if let Some(picture) = self.picture(source).filter(|picture| at < picture.unread.len()) {
                picture.unread.remove(at);
            }
        }
    }

    /// Reads the messages that several codes hold together.
    fn read_messages(&mut self) {
        let pieces = std::mem::take(&mut self.pieces);
        for joined in joined::join(&pieces) {
            let of = |members: &[usize]| -> Vec<&Piece> {
                members.iter().filter_map(|at| pieces.get(*at)).collect()
            };
            match joined {
                Joined::Message { payload, pieces } => {
                    let members = of(&pieces);
                    let inputs = distinct(members.iter().map(|piece| piece.source));
                    let files = self.names(&inputs);
                    let codes = show::count(pieces.len(), "QR code");
                    let remark = format!("one message was put together from {codes} in {files}");
                    self.read_code(&payload, &inputs, &files, remark);
                }
                Joined::Missing { numbers, pieces } => self.note_missing(&numbers, &of(&pieces)),
                Joined::Contradiction { pieces } => self.note_contradiction(&of(&pieces)),
            }
        }
    }

    fn read_code(&mut self, payload: &[u8], inputs: &[usize], words: &str, remark: String) {
        let Some(first) = inputs.first().copied() else { return };
        match picture::read_code(payload, words, self.name(first), self.reader) {
            Ok(mut file) => {
                file.vault.warnings.push(Item::new("read-together", remark));
                inputs.iter().for_each(|source| self.help(*source));
                if let Some(picture) = self.picture(first) {
                    file.sealed = picture.sealed;
                    picture.append(file);
                }
            }
            Err(failure) => self.fail(inputs, &failure),
        }
    }

    fn note_missing(&mut self, numbers: &[u8], pieces: &[&Piece]) {
        let Some(part) = pieces.first().map(|piece| piece.part) else { return };
        let mut read: Vec<ReadPart> = pieces
            .iter()
            .map(|piece| ReadPart { index: piece.part.index.into(), file: piece.file.clone() })
            .collect();
        read.sort_by_key(|part| part.index);
        let missing = numbers.iter().map(|number| {
            MissingPart::new(part.parity.into(), (*number).into(), part.count.into(), read.clone())
        });
        self.settled.missing.extend(missing);
        pieces.iter().for_each(|piece| self.help(piece.source));
    }

    fn note_contradiction(&mut self, pieces: &[&Piece]) {
        let one = |piece: &&Piece| {
            format!("{} of {} in {}", u16::from(piece.part.index) + 1, piece.part.count, piece.file)
        };
        let places: Vec<String> = pieces.iter().map(one).collect();
        let message = format!(
            "QR codes that should hold one message do not fit together ({}); they are not read",
            places.join(", ")
        );
        let failure = Failure::new(Exit::NothingToRead, message)
            .next_step("Give the pictures of one message at a time, each code once");
        self.fail(&distinct(pieces.iter().map(|piece| piece.source)), &failure);
    }

    /// These inputs hold something that is not read for this reason.
    fn fail(&mut self, inputs: &[usize], failure: &Failure) {
        let Some(first) = inputs.first().copied() else { return };
        let mut item = Item::new("not-an-account", failure.message.clone());
        item.next_step.clone_from(&failure.next_step);
        if let Some(picture) = self.picture(first) {
            picture.remarks.push(item);
        }
        for source in inputs {
            if let Some(picture) = self.picture(*source) {
                // That no code was read in it alone is not the point any more.
                picture.failure = Some(failure.clone());
            }
        }
    }

    fn help(&mut self, source: usize) {
        if let Some(helped) = self.has_helped.get_mut(source) {
            *helped = true;
        }
    }

    fn names(&self, inputs: &[usize]) -> String {
        let names: Vec<String> = inputs.iter().map(|source| show::place(self.name(*source))).collect();
        show::listed(&names)
    }

    fn finish(mut self) -> Settled {
        for (source, reading) in self.readings.into_iter().enumerate() {
            let picture = match reading {
                Ok(Reading::Picture(picture)) => *picture,
                Ok(Reading::Files(files)) => {
                    self.settled.results.push(Ok(files));
                    continue;
                }
                Err(failure) => {
                    self.settled.results.push(Err(failure));
                    continue;
                }
            };
            let unread = picture.unread_remarks();
            let mut files = picture.files;
            let remarks = picture.remarks.into_iter().chain(unread);
            let helped = self.has_helped.get(source).copied().unwrap_or_default();
            let result = match (files.first_mut(), picture.failure) {
                (Some(file), _) => {
                    file.vault.warnings.extend(remarks);
                    Ok(files)
                }
                (None, Some(failure)) if !helped => Err(failure),
                (None, _) => {
                    let name = self.sources.get(source).map(|source| source.name.clone()).unwrap_or_default();
                    let named = |item: Item| Item { file: name.clone(), ..item };
                    self.settled.remarks.extend(remarks.map(named));
                    Ok(files)
                }
            };
            self.settled.results.push(result);
        }
        self.settled
    }
}

/// That it took all of these pictures; one input may hold several.
pub(crate) fn whole<T>(inputs: &[T], files: &str) -> String {
    match inputs {
        [_] => format!("several pictures in {files} together"),
        _ => format!("{files} together"),
    }
}

/// Each once, in the order in which they come first.
fn distinct(inputs: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut seen = Vec::new();
    inputs.for_each(|input| {
        if !seen.contains(&input) {
            seen.push(input);
        }
    });
    seen
}

#[cfg(test)]
#[path = "together_tests.rs"]
mod tests;
