//! `scan`: what the QR codes in pictures hold, and where they are.

mod lines;
mod merged;
mod text;

use std::io::ErrorKind;

use otpferry_formats::{TableOptions, TokenOptions};
use otpferry_scan::{Code, Scan};
use serde::Serialize;

use crate::cli::ScanArgs;
use crate::envelope::Keys;
use crate::failure::{Exit, Failure};
use crate::in_order;
use crate::intake::together::Room;
use crate::intake::{self, Reader, Source, picture};
use crate::password::PasswordBook;
use crate::show::Terminal;

/// What became of one picture.
struct Scanned<'s> {
    source: &'s Source,
    scan: Result<Scan, Failure>,
    /// Codes that it shows too badly, and other pictures of them as well, but all together well enough.
    together: Vec<Together>,
}

/// A code that was read from several pictures.
struct Together {
    /// With its place in this picture.
    code: Code,
    /// Position of the frame in this picture.
    frame: usize,
    /// The pictures, in order.
    files: Vec<String>,
}

#[derive(Serialize)]
struct Document<'a> {
    pictures: Vec<lines::Line<'a>>,
}

pub(super) fn run(args: &ScanArgs, terminal: &Terminal) -> Result<Exit, Failure> {
    let sources = intake::sources_of_pictures(&args.inputs)?;
    let reader = Reader {
        from: None,
        limits: args.cost.limits(),
        passwords: PasswordBook::new(args.password_file.as_deref())?,
        keys: Keys::load(&args.age_identity, None)?,
        key_files: Vec::new(),
        look: picture::Look::new(&args.cost, sources.len()),
        photos: false,
        table: TableOptions::default(),
        tokens: TokenOptions::default(),
    };
    let progress = terminal.progress(sources.len());
    let mut printer = Printer { args, terminal, tally: Tally::default(), reader_left: false };
    // Pictures from the first on in which something is left to be put together.
    let mut held: Vec<Scanned<'_>> = Vec::new();
    let mut room = Room::default();
    let take = |(source, scan): (_, Result<Option<Scan>, Failure>)| {
        progress.inc(1);
        let Some(scan) = scan.transpose() else {
            printer.tally.passed_over += 1;
            return Ok(());
        };
        let mut scanned = Scanned { source, scan, together: Vec::new() };
        if merged::admit(&mut scanned, &mut room) || !held.is_empty() || printer.wants_document() {
            held.push(scanned);
            return Ok(());
        }
        progress.suspend(|| printer.print(&scanned))
    };
    let scan = |source| (source, picture::scan_source(source, &reader));
    let looked = in_order::each(&sources, args.cost.jobs, scan, take);
    progress.finish_and_clear();
    let printed = looked.and_then(|()| {
        merged::put_together(&mut held);
        printer.print_rest(&held)
    });
    match printed {
        // As `head` does when it has seen enough.
        Err(_) if printer.reader_left => Ok(Exit::Done),
        printed => printed.map(|()| printer.tally.exit()),
    }
}

/// Prints pictures as they are asked for, and counts.
struct Printer<'a> {
    args: &'a ScanArgs,
    terminal: &'a Terminal,
    tally: Tally,
    /// Whether nobody reads standard output any more.
    reader_left: bool,
}

impl Printer<'_> {
    /// Whether all pictures are printed in one piece at the end.
    fn wants_document(&self) -> bool {
        self.terminal.wants_json() && !self.args.jsonl
    }

    fn print(&mut self, scanned: &Scanned<'_>) -> Result<(), Failure> {
        self.tally.count(scanned);
        if self.args.jsonl {
            return self.put(&lines::of(scanned)?);
        }
        if self.wants_document() {
            return Ok(());
        }
        match text::of(scanned) {
            Ok(text) => self.put(text.as_bytes()),
            Err(failure) => {
                self.terminal.failure(&failure);
                Ok(())
            }
        }
    }

    /// Prints the pictures that were held back, and what ends the output.
    fn print_rest(&mut self, held: &[Scanned<'_>]) -> Result<(), Failure> {
        held.iter().try_for_each(|scanned| self.print(scanned))?;
        if self.wants_document() {
            let document = Document { pictures: held.iter().map(lines::Line::new).collect() };
            return self.put(&lines::of_all(&document)?);
        }
        match text::summary(&self.tally, self.terminal.is_quiet()) {
            Some(summary) if !self.args.jsonl => self.put(summary.as_bytes()),
            _ => Ok(()),
        }
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        Terminal::try_stdout(bytes).map_err(|error| {
            self.reader_left = error.kind() == ErrorKind::BrokenPipe;
            Terminal::cannot_write(&error)
        })
    }
}

/// What all pictures came to.
#[derive(Default)]
struct Tally {
    pictures: usize,
    codes: usize,
    unread: usize,
    without_a_code: usize,
    failed: usize,
    cut_short: usize,
    /// Files of a folder that are no pictures.
    passed_over: usize,
    first_failure: Option<Exit>,
}

impl Tally {
    fn count(&mut self, scanned: &Scanned<'_>) {
        self.pictures += 1;
        match &scanned.scan {
            Ok(scan) => {
                let codes = scan.codes().count() + scanned.together.len();
                self.codes += codes;
                self.unread += scan.frames.iter().map(|frame| frame.unread.len()).sum::<usize>();
                self.without_a_code += usize::from(codes == 0);
                self.cut_short += usize::from(scan.is_cut_short());
            }
            Err(failure) => {
                self.failed += 1;
                self.first_failure.get_or_insert(failure.exit);
            }
        }
    }

    fn exit(&self) -> Exit {
        let open = self.unread + self.without_a_code + self.failed + self.cut_short;
        match self.codes {
            0 => self.first_failure.unwrap_or(Exit::NothingToRead),
            _ if open > 0 => Exit::Attention,
            _ => Exit::Done,
        }
    }
}
