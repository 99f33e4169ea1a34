//! Pages into a PDF.

use krilla::Document;
use krilla::color::luma;
use krilla::geom::{Path, PathBuilder, Point, Rect};
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke, StrokeDash};
use krilla::surface::Surface;
use zeroize::Zeroizing;

use super::{Fonts, Line, Measures, Page, Placed, Rule};
use crate::failure::{Exit, Failure};

/// A PDF that is being made, page by page.
pub(crate) struct Book<'f> {
    document: Document,
    fonts: &'f Fonts,
    measures: Measures,
}

impl<'f> Book<'f> {
    /// A document without a page.
    pub(crate) fn new(title: &str, fonts: &'f Fonts, measures: Measures) -> Self {
        let mut document = Document::new();
        document.set_metadata(Metadata::new().title(title.to_owned()).language("en".to_owned()));
        Self { document, fonts, measures }
    }

    /// Adds a page.
    ///
    /// # Errors
    /// [`Exit::Internal`] only.
    pub(crate) fn add(&mut self, page: &Page<'_>) -> Result<(), Failure> {
        let settings = PageSettings::from_wh(self.measures.width, self.measures.height).ok_or_else(broken)?;
        let mut sheet = self.document.start_page_with(settings);
        let mut surface = sheet.surface();
        draw(&mut surface, page, self.fonts, self.measures);
        surface.finish();
        sheet.finish();
        Ok(())
    }

    /// The whole document.
    ///
    /// # Errors
    /// [`Exit::Internal`] only.
    pub(crate) fn finish(self) -> Result<Zeroizing<Vec<u8>>, Failure> {
        self.document.finish().map(Zeroizing::new).map_err(|_| broken())
    }
}

fn broken() -> Failure {
    Failure::new(Exit::Internal, "the document cannot be made")
}

fn draw(surface: &mut Surface<'_>, page: &Page<'_>, fonts: &Fonts, measures: Measures) {
    for placed in &page.codes {
        if let Some(path) = code(placed) {
            fill(surface, &path);
        }
    }
    for (left, base, line) in &page.texts {
        text(surface, fonts, *left, *base, line);
    }
    for (left, top) in &page.boxes {
        let square = Rect::from_xywh(*left, *top, 9.0, 9.0).and_then(|square| {
            let mut path = PathBuilder::new();
            path.push_rect(square);
            path.finish()
        });
        stroke(surface, square, 0.8, None);
    }
    for rule in &page.rules {
        match rule {
            Rule::Between(top) => {
                let line = level(measures.margin, measures.width - measures.margin, *top);
                stroke(surface, line, 0.3, None);
            }
            Rule::Fold(top) => {
                let dash = StrokeDash { array: vec![4.0, 4.0], offset: 0.0 };
                stroke(surface, level(0.0, measures.width, *top), 0.6, Some(dash));
            }
        }
    }
}

fn level(from: f32, to: f32, top: f32) -> Option<Path> {
    let mut path = PathBuilder::new();
    path.move_to(from, top);
    path.line_to(to, top);
    path.finish()
}

/// The dark modules of a code at its place.
fn code(placed: &Placed<'_>) -> Option<Path> {
    let unit = placed.side / placed.qr.side() as f32;
    let at = |(x, y): (usize, usize)| (placed.left + x as f32 * unit, placed.top + y as f32 * unit);
    let mut path = PathBuilder::new();
    for outline in placed.qr.outlines() {
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

fn stroke(surface: &mut Surface<'_>, path: Option<Path>, width: f32, dash: Option<StrokeDash>) {
    let Some(path) = path else { return };
    surface.set_fill(None);
    let paint = luma::Color::black().into();
    surface.set_stroke(Some(Stroke { paint, width, dash, ..Stroke::default() }));
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
