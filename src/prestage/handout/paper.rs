//! Enrolment sheets on paper: a PDF with exactly one page for each person.
//!
//! The code stands at the bottom, below a line to fold at. Folded up, the lower part lies on the text above the line
//! and covers the code; who gets the sheet stays to be read at the top.

use std::sync::Arc;

use otpferry_scan::{Area, Effort, Options, OwnDocument};
use rayon::prelude::*;
use zeroize::Zeroizing;

use super::{Advice, Advices, DESTROY, FOLD, Handout, NO_CAMERA, PRIVATE, Setting, date, title};
use crate::failure::{Exit, Failure};
use crate::paper::{self, Book, Column, Fonts, MM, Measures, Page, Placed, Printed, Rule};

/// Between a code and its text, and below the line to fold at.
const BESIDE: f32 = 7.0 * MM;
/// The widest code with text beside it.
const WIDEST_BESIDE_TEXT: f32 = 110.0 * MM;
/// Sizes of letters in points.
const BODY: f32 = 11.5;
const SMALL: f32 = 10.0;
/// How much smaller all letters get, tried one after the other until a page holds everything.
const SCALES: [f32; 5] = [1.0, 0.9, 0.8, 0.7, 0.6];
/// People whose pages are laid out at a time: what is in memory besides the document.
const AT_A_TIME: usize = 256;

/// Makes the document and reads every code in it again.
///
/// # Errors
/// [`Exit::Io`] when this computer has no font; [`Exit::CodesDiffer`] when a page does not show its code.
pub(crate) fn print(handouts: &[Handout<'_>], setting: &Setting<'_>) -> Result<Printed, Failure> {
    let names = handouts.iter().flat_map(|handout| handout.names());
    let fonts = paper::fonts(names.chain(setting.help))?;
    let measures = Measures::of(setting.paper);
    let advices = Advices::of(handouts, setting);
    let mut book = Book::new("Enrolment sheets", &fonts, measures);
    let mut areas = Vec::with_capacity(handouts.len());
    let layout = Layout { fonts: &fonts, measures, setting, advices: &advices };
    for some in handouts.chunks(AT_A_TIME) {
        let pages: Vec<Page<'_>> = some.par_iter().map(|handout| layout.page(handout)).collect();
        for page in &pages {
            for placed in &page.codes {
                areas.push(area(areas.len(), placed));
            }
            book.add(page)?;
        }
    }
    let bytes = Arc::new(book.finish()?);
    check(handouts, &areas, measures, &bytes)?;
    let lack = |handout: &Handout<'_>| fonts.lack(handout.account, &handout.names());
    let unprinted = handouts.iter().filter_map(lack).collect();
    let bytes = Arc::try_unwrap(bytes).unwrap_or_else(|shared| Zeroizing::new(shared.to_vec()));
    Ok(Printed { bytes, unprinted })
}

impl<'a> Handout<'a> {
    /// What may be written in any letters.
    fn names(&self) -> [&'a str; 4] {
        [self.display, self.account.issuer.as_str(), self.account.name.as_str(), self.serial()]
    }
}

/// What all pages share.
struct Layout<'l, 'a> {
    fonts: &'l Fonts,
    measures: Measures,
    setting: &'l Setting<'l>,
    advices: &'l Advices<'a>,
}

impl<'l, 'a> Layout<'l, 'a> {
    /// The page of one person, in the largest letters in which it holds everything.
    fn page<'h>(&self, handout: &'h Handout<'a>) -> Page<'h> {
        let advice = self.advices.get(handout);
        let mut page = Page::default();
        for scale in SCALES {
            let top = self.top(handout, advice, scale);
            let bottom = self.bottom(handout, scale);
            let fold = self.fold(handout, &bottom);
            let is_last = scale == SCALES[SCALES.len() - 1];
            if self.measures.margin + top.height <= fold - 4.0 * MM || is_last {
                self.place(&mut page, handout, &top, &bottom, fold);
                break;
            }
        }
        page
    }

    fn top(&self, handout: &Handout<'a>, advice: Option<&Advice>, scale: f32) -> Column<'l> {
        let mut column = Column::new(self.fonts, self.measures.text_width());
        let body = BODY * scale;
        column.add_at_most(2, &title(handout.account), 12.0 * scale);
        column.space(2.0);
        column.add_at_most(2, handout.title(), 20.0 * scale);
        column.space(4.0);
        let issued = date(self.setting.issued);
        let others =
            [("Issued", issued.as_str())].into_iter().chain(self.setting.help.map(|help| ("Help", help)));
        for (label, text) in handout.facts().into_iter().chain(others) {
            column.labelled(label, text, body, (8.5 * body, 3));
        }
        column.space(12.0 * scale);
        let Some(advice) = advice else { return column };
        for (index, step) in advice.steps.iter().enumerate() {
            column.numbered(index + 1, step, body);
            column.space(4.0 * scale);
        }
        column.space(6.0 * scale);
        for sentence in advice.about_apps() {
            column.standing(&sentence, SMALL * scale);
            column.space(2.0 * scale);
        }
        column
    }

    fn bottom(&self, handout: &Handout<'a>, scale: f32) -> Column<'l> {
        let side = side(handout);
        let width = self.measures.text_width();
        let width = if side <= WIDEST_BESIDE_TEXT { width - side - BESIDE } else { width };
        let mut column = Column::new(self.fonts, width);
        let body = SMALL * scale;
        column.standing(PRIVATE, body);
        column.space(5.0 * scale);
        column.standing(NO_CAMERA, body);
        column.space(2.0 * scale);
        column.add(&handout.key(), 12.0 * scale);
        column.add(&handout.kind(), body);
        column.space(5.0 * scale);
        column.standing(DESTROY, body);
        column
    }

    /// Where the line to fold at is.
    fn fold(&self, handout: &Handout<'a>, bottom: &Column<'_>) -> f32 {
        let side = side(handout);
        let height = match side <= WIDEST_BESIDE_TEXT {
            true => side.max(bottom.height),
            false => side + 2.0 * MM + bottom.height,
        };
        self.measures.bottom() - height - BESIDE
    }

    fn place<'h>(
        &self,
        page: &mut Page<'h>,
        handout: &'h Handout<'a>,
        top: &Column<'_>,
        bottom: &Column<'_>,
        fold: f32,
    ) {
        let Measures { margin, .. } = self.measures;
        let (code_top, side) = (fold + BESIDE, side(handout));
        top.place(page, margin, margin);
        page.rules.push(Rule::Fold(fold));
        let mut hint = Column::new(self.fonts, self.measures.text_width());
        hint.standing(FOLD, 8.0);
        hint.place(page, margin, fold + 3.0);
        page.codes.push(Placed { qr: &handout.card.qr, left: margin, top: code_top, side });
        match side <= WIDEST_BESIDE_TEXT {
            true => bottom.place(page, margin + side + BESIDE, code_top),
            false => bottom.place(page, margin, code_top + side + 2.0 * MM),
        }
    }
}

/// The side of a code on paper.
fn side(handout: &Handout<'_>) -> f32 {
    handout.card.qr.on_paper() as f32 / 100.0 * MM
}

/// Dots of a module when a code is read again: the document is drawn without any blur.
const DOTS: f32 = 3.0;
/// Dots an inch of the pages that are looked at as a whole.
const DOTS_OF_PAGE: f32 = 200.0;
/// How many pages are looked at as a whole.
const SAMPLE: usize = 8;
/// Pages that are read at a time: what the reader keeps of them is in memory until then.
const READ_AT_A_TIME: usize = 250;

/// Where a code has to be.
fn area(page: usize, placed: &Placed<'_>) -> Area {
    let Placed { qr, left, top, side } = *placed;
    let modules = qr.side() as f32;
    Area { page, left, top, width: side, height: side, dots: DOTS * modules / side * 72.0 }
}

/// Draws the place of each code as the document has it and lets the scanner read it; some whole pages besides, which
/// must hold this code and no other.
fn check(
    handouts: &[Handout<'_>],
    areas: &[Area],
    measures: Measures,
    bytes: &Arc<Zeroizing<Vec<u8>>>,
) -> Result<(), Failure> {
    let document = OwnDocument::open(Arc::clone(bytes)).map_err(|_| unreadable())?;
    if document.pages() != handouts.len() || areas.len() != handouts.len() {
        return Err(unreadable());
    }
    let whole = |area: &Area| Area {
        left: 0.0,
        top: 0.0,
        width: measures.width,
        height: measures.height,
        dots: DOTS_OF_PAGE,
        ..*area
    };
    let sample: Vec<Area> =
        areas.iter().step_by(areas.len().div_ceil(SAMPLE).max(1)).chain(areas.last()).map(whole).collect();
    sample.par_iter().try_for_each(|area| read(handouts, std::slice::from_ref(area), bytes))?;
    areas.par_chunks(READ_AT_A_TIME).try_for_each(|areas| read(handouts, areas, bytes))
}

/// Each of these areas shows the code of its page and no other.
fn read(handouts: &[Handout<'_>], areas: &[Area], bytes: &Arc<Zeroizing<Vec<u8>>>) -> Result<(), Failure> {
    let options = Options { effort: Effort::Fast, ..Options::default() };
    let document = OwnDocument::open(Arc::clone(bytes)).map_err(|_| unreadable())?;
    let frames = document.look(areas, &options).map_err(|_| unreadable())?;
    let is_shown = |(area, frame): (&Area, &otpferry_scan::Frame)| {
        let wanted = handouts.get(area.page).map(|handout| handout.card.payload.0.as_slice());
        matches!(frame.codes.as_slice(), [only] if Some(only.payload.as_slice()) == wanted)
    };
    if areas.iter().zip(&frames).all(is_shown) { Ok(()) } else { Err(unreadable()) }
}

fn unreadable() -> Failure {
    Failure::new(Exit::CodesDiffer, "a printed QR code cannot be read again")
        .next_step("Write pages with --sheets page instead, and please report this")
}

#[cfg(test)]
#[path = "paper_tests.rs"]
mod tests;
