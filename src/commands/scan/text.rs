//! What people get: each picture with its codes, one below the other.

use std::fmt::Write as _;

use otpferry_formats::{Probe, foreign, registry};
use otpferry_scan::{Code, Frame, Scan, Unread};
use zeroize::Zeroizing;

use super::{Scanned, Tally, Together, lines};
use crate::failure::{Exit, Failure};
use crate::intake::{picture, position, together};
use crate::show;

/// What was found, or why nothing was.
pub(super) fn of(scanned: &Scanned<'_>) -> Result<Zeroizing<String>, Failure> {
    let name = &scanned.source.name;
    match &scanned.scan {
        Ok(scan) if scan.codes().next().is_none() && scanned.together.is_empty() => {
            Err(picture::nothing_found(scan).in_file(name))
        }
        Ok(scan) => Ok(Zeroizing::new(codes(name, scan, &scanned.together))),
        Err(failure) => Err(failure.clone().in_file(name)),
    }
}

fn codes(name: &str, scan: &Scan, merged: &[Together]) -> String {
    let count = scan.codes().count() + merged.len();
    let mut text = format!("{}: {}\n", show::place(name), show::count(count, "QR code"));
    for (at, frame) in scan.frames.iter().enumerate() {
        frame.codes.iter().for_each(|code| add(&mut text, code, frame, ""));
        for code in merged.iter().filter(|code| code.frame == at) {
            let files: Vec<String> = code.files.iter().map(|file| show::place(file)).collect();
            let how = format!(", read from {}", together::whole(&files, &show::listed(&files)));
            add(&mut text, &code.code, frame, &how);
        }
        frame.unread.iter().for_each(|unread| text.push_str(&not_read(unread, frame)));
    }
    if let Some(short) = picture::cut_short(scan) {
        let _ = writeln!(text, "  {short}");
    }
    text
}

fn add(text: &mut String, code: &Code, frame: &Frame, how: &str) {
    let _ = writeln!(text, "  {}: {}{how}", position::in_frame(frame, &code.corners), kind(code));
    for line in lines::payload(code).lines() {
        let _ = writeln!(text, "    {}", show::clean(line));
    }
}

fn not_read(unread: &Unread, frame: &Frame) -> String {
    let (reason, next_step) = position::obstacle(unread.hint);
    format!(
        "  {}: a code that cannot be read: {reason}\n    {next_step}.\n",
        position::in_frame(frame, &unread.corners)
    )
}

/// What a code holds, in a few words.
fn kind(code: &Code) -> String {
    let what = match registry::detect(&Probe::new(&code.payload, None)) {
        Ok(format) => match format.info().id {
            "otpauth" => "an account".to_owned(),
            _ => format.info().title.to_owned(),
        },
        Err(_) => foreign_kind(code),
    };
    match code.part {
        Some(part) => format!("part {} of {}, {what}", u16::from(part.index) + 1, part.count),
        None => what,
    }
}

fn foreign_kind(code: &Code) -> String {
    match &code.text {
        Some(text) => {
            foreign::classify(text).map_or_else(|| "text".to_owned(), |foreign| show::clean(&foreign.what))
        }
        None => format!("{} that are no text", show::count(code.payload.len(), "byte")),
    }
}

/// The last line, where there were several pictures.
pub(super) fn summary(tally: &Tally, is_quiet: bool) -> Option<String> {
    let has_nothing_to_say = is_quiet && tally.exit() == Exit::Done;
    if tally.pictures + tally.passed_over < 2 || has_nothing_to_say {
        return None;
    }
    let codes = show::count(tally.codes, "QR code");
    let mut text = format!("\n{codes} in {}", show::count(tally.pictures, "picture"));
    let remarks = [
        (tally.unread, "that cannot be read", "code"),
        (tally.without_a_code, "without a code that can be read", "picture"),
        (tally.failed, "that cannot be opened", "picture"),
        (tally.cut_short, "not looked at to the end", "picture"),
        (tally.passed_over, "passed over, being no pictures", "file"),
    ];
    for (number, what, of) in remarks.into_iter().filter(|(number, ..)| *number > 0) {
        let _ = write!(text, "; {} {what}", show::count(number, of));
    }
    Some(text + "\n")
}
