//! The sheet on paper: a PDF of codes that are large enough for a phone, with the key beside each.

mod fonts;
mod layout;
mod line;

use std::collections::BTreeSet;

use krilla::Document;
use krilla::color::luma;
use krilla::geom::{Path, PathBuilder, Point, Rect};
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke};
use krilla::surface::Surface;
use otpferry_formats::report::Item;
use otpferry_scan::Options;
use zeroize::Zeroizing;

use super::Sheet;
use crate::cli::Paper;
use crate::failure::{Exit, Failure};
use crate::show;

use fonts::Fonts;
use layout::{MM, Page};
use line::Line;

/// A document, and what it could not print.
pub(crate) struct Printed {
    pub(crate) bytes: Zeroizing<Vec<u8>>,
    /// Accounts with letters that no font of this computer has.
    pub(crate) unprinted: Vec<Item>,
}

/// The size of a page in points.
#[derive(Clone, Copy)]
struct Measures {
    width: f32,
    height: f32,
    margin: f32,
}

impl Measures {
    fn of(paper: Paper) -> Self {
        let (width, height) = match paper {
            Paper::A4 => (210.0 * MM, 297.0 * MM),
            Paper::Letter => (612.0, 792.0),
        };
        Self { width, height, margin: 17.0 * MM }
    }

    fn text_width(self) -> f32 {
        self.width - 2.0 * self.margin
    }

    /// Where the last block of a page has to end; the foot is below.
    fn bottom(self) -> f32 {
        self.height - self.margin
    }
}

/// Everything that is printed besides names; fonts are looked for with these letters as well.
const LETTERS: &str =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,:;-?!>()'\"/@+_\u{b7}\u{2026}";

/// Makes the document and reads every code in it again.
///
/// # Errors
/// [`Exit::Io`] when this computer has no font; [`Exit::CodesDiffer`] when a page does not show its codes.
pub(crate) fn print(sheet: &Sheet, paper: Paper) -> Result<Printed, Failure> {
    let fonts = Fonts::for_letters(&letters(sheet));
    if fonts.is_empty() || fonts.of('a').is_none() {
        return Err(Failure::new(Exit::Io, "there is no font on this computer to print names with")
            .next_step("Write a page with -o sheet.html and print it from a browser"));
    }
    let measures = Measures::of(paper);
    let pages = layout::pages(sheet, &fonts, measures);
    let bytes = document(&pages, &fonts, measures)?;
    check(sheet, &pages, &bytes)?;
    Ok(Printed { bytes, unprinted: unprinted(sheet, &fonts) })
}

fn letters(sheet: &Sheet) -> BTreeSet<char> {
    let left_out = sheet.left_out.iter().flat_map(|item| {
        let step = item.next_step.clone().unwrap_or_default();
        [show::subject(item), item.message.clone(), step]
    });
    let names = sheet
        .cards
        .iter()
        .flat_map(|card| card.accounts())
        .flat_map(|account| [account.issuer.clone(), account.name.clone()]);
    let pins = sheet
        .cards
        .iter()
        .flat_map(|card| card.accounts())
        .filter_map(|account| Some(account.otp()?.pin()?.expose().to_owned()));
    names
        .chain(pins)
        .chain(left_out)
        .flat_map(|text| show::clean(&text).chars().collect::<Vec<_>>())
        .chain(LETTERS.chars())
        .collect()
}

fn unprinted(sheet: &Sheet, fonts: &Fonts) -> Vec<Item> {
    let lacks = |text: &str| show::clean(text).chars().any(|letter| fonts.of(letter).is_none());
    let accounts = sheet.cards.iter().flat_map(|card| card.accounts());
    accounts
        .filter(|account| lacks(&account.issuer) || lacks(&account.name))
        .map(|account| {
            Item::about(
                account,
                "letters-not-printed",
                "no font on this computer has all letters of its name; they are printed as ?",
            )
            .field("account")
            .next_step("The code is right; for the whole name print a page (-o sheet.html) from a browser")
        })
        .collect()
}

fn document(pages: &[Page<'_>], fonts: &Fonts, measures: Measures) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let broken = || Failure::new(Exit::Internal, "the document cannot be made");
    let mut document = Document::new();
    document.set_metadata(Metadata::new().title("Accounts to scan".to_owned()).language("en".to_owned()));
    for (index, page) in pages.iter().enumerate() {
        let settings = PageSettings::from_wh(measures.width, measures.height).ok_or_else(broken)?;
        let mut sheet = document.start_page_with(settings);
        let mut surface = sheet.surface();
        draw(&mut surface, page, fonts, measures);
        let foot = format!("Page {} of {}", index + 1, pages.len());
        for line in line::lines(fonts, &foot, 8.5, measures.text_width()) {
            text(&mut surface, fonts, measures.margin, measures.height - measures.margin / 2.0, &line);
        }
        surface.finish();
        sheet.finish();
    }
    document.finish().map(Zeroizing::new).map_err(|_| broken())
}

fn draw(surface: &mut Surface<'_>, page: &Page<'_>, fonts: &Fonts, measures: Measures) {
    for placed in &page.codes {
        if let Some(path) = code(placed) {
            fill(surface, &path);
        }
    }
    for (left, top, line) in &page.texts {
        text(surface, fonts, *left, *top, line);
    }
    for (left, top) in &page.boxes {
        let square = Rect::from_xywh(*left, *top, 9.0, 9.0).and_then(|square| {
            let mut path = PathBuilder::new();
            path.push_rect(square);
            path.finish()
        });
        stroke(surface, square, 0.8);
    }
    for top in &page.rules {
        let mut path = PathBuilder::new();
        path.move_to(measures.margin, *top);
        path.line_to(measures.width - measures.margin, *top);
        stroke(surface, path.finish(), 0.3);
    }
}

/// The dark modules of a code at its place.
fn code(placed: &layout::Placed<'_>) -> Option<Path> {
    let qr = &placed.card.qr;
    let unit = placed.side / qr.side() as f32;
    let at = |(x, y): (usize, usize)| (placed.left + x as f32 * unit, placed.top + y as f32 * unit);
    let mut path = PathBuilder::new();
    for outline in qr.outlines() {
        for (index, corner) in outline.into_iter().enumerate() {
            let (x, y) = at(corner);
            if index == 0 { path.move_to(x, y) } else { path.line_to(x, y) }
        }
        path.close();
    }
    path.finish()
}

fn fill(surface: &mut Surface<'_>, path: &Path) {
    surface.set_fill(Some(Fill { paint: luma::Color::black().into(), ..Fill::default() }));
    surface.set_stroke(None);
    surface.draw_path(path);
}

fn stroke(surface: &mut Surface<'_>, path: Option<Path>, width: f32) {
    let Some(path) = path else { return };
    surface.set_fill(None);
    surface.set_stroke(Some(Stroke { paint: luma::Color::black().into(), width, ..Stroke::default() }));
    surface.draw_path(&path);
}

/// A line of text with its base line at that height.
fn text(surface: &mut Surface<'_>, fonts: &Fonts, left: f32, base: f32, line: &Line) {
    surface.set_fill(Some(Fill { paint: luma::Color::black().into(), ..Fill::default() }));
    surface.set_stroke(None);
    let mut x = left;
    for run in &line.runs {
        if let Some(face) = fonts.face(run.face) {
            surface.draw_glyphs(
                Point::from_xy(x, base),
                &run.glyphs,
                face.font.clone(),
                &run.text,
                line.size,
                false,
            );
        }
        x += run.width;
    }
}

/// Lets the scanner read every page of the document.
fn check(sheet: &Sheet, pages: &[Page<'_>], bytes: &[u8]) -> Result<(), Failure> {
    let mut options = Options::default();
    options.limits.frames = u32::try_from(pages.len()).unwrap_or(u32::MAX);
    let unreadable = || {
        Failure::new(Exit::CodesDiffer, "a printed QR code cannot be read again")
            .next_step("Write a page with -o sheet.html instead, and please report this")
    };
    let scan = otpferry_scan::scan(bytes, &options).map_err(|_| unreadable())?;
    let mut read: Vec<&[u8]> = scan.codes().map(|code| code.payload.as_slice()).collect();
    let mut wanted: Vec<&[u8]> = sheet.cards.iter().map(|card| card.payload.0.as_slice()).collect();
    // Codes of a page come in the order of their places.
    read.sort_unstable();
    wanted.sort_unstable();
    if read == wanted { Ok(()) } else { Err(unreadable()) }
}

#[cfg(test)]
mod tests;
