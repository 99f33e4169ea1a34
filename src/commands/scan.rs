//! `scan`: what the QR codes in pictures hold, and where they are.

mod lines;
mod text;

use otpferry_formats::TableOptions;
use otpferry_scan::Scan;
use serde::Serialize;

use crate::cli::ScanArgs;
use crate::envelope::Keys;
use crate::failure::{Exit, Failure};
use crate::intake::{self, Reader, Source, in_order, picture};
use crate::password::PasswordBook;
use crate::show::Terminal;

/// What became of one picture.
struct Scanned<'s> {
    source: &'s Source,
    scan: Result<Scan, Failure>,
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
        look: picture::Look::new(&args.cost),
        table: TableOptions::default(),
    };
    let progress = terminal.progress(sources.len());
    let mut tally = Tally::default();
    let mut kept = Vec::new();
    let scan = |source| (source, picture::scan_source(source, &reader));
    let take = |(source, scan): (_, Result<Option<Scan>, Failure>)| {
        progress.inc(1);
        let Some(scan) = scan.transpose() else {
            tally.passed_over += 1;
            return Ok(());
        };
        let scanned = Scanned { source, scan };
        tally.count(&scanned);
        if args.jsonl {
            lines::print(&scanned)?;
        } else if terminal.wants_json() {
            kept.push(scanned);
        } else {
            progress.suspend(|| text::print(&scanned, terminal));
        }
        Ok(())
    };
    in_order::each(&sources.iter().collect::<Vec<_>>(), args.cost.jobs, |source| scan(*source), take)?;
    progress.finish_and_clear();
    if terminal.wants_json() && !args.jsonl {
        lines::print_document(&Document { pictures: kept.iter().map(lines::Line::new).collect() })?;
    } else if !args.jsonl {
        text::summary(&tally, terminal);
    }
    Ok(tally.exit())
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
                let codes = scan.codes().count();
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
