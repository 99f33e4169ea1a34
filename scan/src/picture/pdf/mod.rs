//! PDF documents: every page as it is displayed, and the pictures in it as they are stored.

mod declared;
mod embedded;
mod inflated;
mod own;
mod work;

use std::cell::Cell;
use std::sync::Arc;
use std::time::Instant;

use hayro::hayro_interpret::util::TransformExt;
use hayro::hayro_interpret::{Context, InterpreterCache, InterpreterSettings, interpret_page};
use hayro::hayro_syntax::object::{Array, Stream};
use hayro::hayro_syntax::page::Page;
use hayro::hayro_syntax::{DecryptionError, LoadPdfError, Pdf};
use hayro::kurbo::{Affine, Rect};
use hayro::vello_cpu::{self, Pixmap, RenderContext};
use hayro::{RenderCache, RenderSettings, render_into};
use zeroize::Zeroizing;

use super::{Budget, Pages, Picture, Shown, Viewer, check_size};
use crate::contain::contain;
use crate::raster::Luma;
use crate::{Error, Limits, Place};

use embedded::Embedded;
pub use own::{Area, OwnDocument};
use work::{Ledger, Walker};

/// Key of a page's contents.
const CONTENTS: &[u8] = b"Contents";
/// Points in an inch.
const POINTS: f64 = 72.0;
/// Dots an inch at which codes in a document are readable: of a dense one of 3 cm, a module is then
/// over two pixels wide.
const RESOLUTION: f64 = 200.0;
/// Small pages, as of label printers, hold small codes.
const FINEST: f64 = 600.0;
/// Pages with fewer pixels than A4 at the usual resolution are rendered finer.
const USUAL_PIXELS: f64 = 4_000_000.0;
/// Larger ones are posters, on which nobody prints a code that is small.
const MOST_PIXELS: u64 = 25_000_000;
/// The renderer counts in 16 bits.
const LONGEST_SIDE: f64 = 30_000.0;
/// Bytes for each pixel: the page in colour, a layer over it, its strips and the grey raster.
const EACH: u64 = 16;

/// Shows every page, and after each the pictures in it. Returns how many were left out.
pub(super) fn show(bytes: &[u8], limits: &Limits, viewer: &mut dyn Viewer) -> Result<usize, Error> {
    inflated::check(bytes, limits)?;
    // Owners' passwords, which forbid printing and the like, need not be known for reading.
    let pdf = Pdf::new(Arc::new(Zeroizing::new(bytes.to_vec()))).map_err(refusal)?;
    let document = Document { torn: !ends(bytes), ..Document::new(limits) };
    let mut pages = Pages::new(pdf.pages().len(), Budget::new(limits), viewer);
    let mut embedded = Embedded::new(limits);
    for page in pdf.pages().iter() {
        let until = pages.deadline();
        if pages.page(|| document.render(page, until)) {
            embedded.show(&document, page, &mut pages);
        }
    }
    if pdf.pages().is_empty() {
        return Err(Error::Malformed { reason: "it has no pages" });
    }
    pages.finish()
}

/// Whether the mark at the end is there (ISO 32000-1, 7.5.5; readers look for it in the last 1024
/// bytes). Without it pages may be missing that nobody knows of.
fn ends(bytes: &[u8]) -> bool {
    let tail = bytes.get(bytes.len().saturating_sub(2048)..).unwrap_or_default();
    tail.windows(5).any(|five| five == b"%%EOF")
}

fn refusal(error: LoadPdfError) -> Error {
    match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => Error::Locked,
        LoadPdfError::Decryption(_) => Error::Unsupported { what: "a PDF with an unknown encryption" },
        LoadPdfError::Invalid => Error::Malformed { reason: "it cannot be read" },
    }
}

/// What the pages of a document share.
struct Document<'a> {
    limits: &'a Limits,
    drawn: RenderCache<'a>,
    walked: InterpreterCache<'a>,
    ledger: Ledger,
    /// The file ends too early.
    torn: bool,
    /// Bytes of the contents of the pages so far, which the library keeps.
    kept: Cell<u64>,
}

impl<'a> Document<'a> {
    fn new(limits: &'a Limits) -> Self {
        Document {
            limits,
            drawn: RenderCache::new(),
            walked: InterpreterCache::new(),
            ledger: Ledger::new(),
            torn: false,
            kept: Cell::new(0),
        }
    }

    /// Refuses a page whose contents, of which it may name several and one several times, are too
    /// large.
    fn keep(&self, page: &Page<'_>) -> Result<(), Error> {
        let sizes = inflated::Sizes::new(self.limits);
        let keep = |stream: Stream<'_>| {
            let size = inflated::size(&stream, sizes, false)?;
            self.kept.set(self.kept.get() + size.max(stream.raw_data().len() as u64));
            if self.kept.get() > sizes.kept() {
                return Err(Error::UnpacksTooLarge);
            }
            Ok(())
        };
        if let Some(stream) = page.raw().get::<Stream<'_>>(CONTENTS) {
            return keep(stream);
        }
        let parts = page.raw().get::<Array<'_>>(CONTENTS);
        parts.iter().flat_map(|parts| parts.iter::<Stream<'_>>()).try_for_each(keep)
    }

    fn render(&self, page: &'a Page<'a>, until: Option<Instant>) -> Result<Shown, Error> {
        let view = View::of(page, self.limits)?;
        self.keep(page)?;
        self.walk(page, &view, until, None)?;
        let picture = self.draw(page, view.width, view.height, view.transform);
        Ok(Shown { picture, place: Place::Whole, torn: self.torn })
    }

    /// Draws a page, or the part of it that the transform leaves within that size.
    fn draw(&self, page: &'a Page<'a>, width: u16, height: u16, transform: Affine) -> Picture {
        let mut context = RenderContext::new(width, height);
        let fine = RenderSettings { hinting: false, ..RenderSettings::default() };
        render_into(page, &self.drawn, &settings(), &fine, &mut context, transform);
        context.flush();
        let mut pixmap = Pixmap::new(width, height);
        let white = vello_cpu::color::palette::css::WHITE;
        context.render_with(
            &mut pixmap,
            &mut vello_cpu::Resources::default(),
            vello_cpu::RasterizerSettings {
                target_init: vello_cpu::TargetInit::Clear(white),
                ..Default::default()
            },
        );
        drop(context);
        let grey = pixmap.data().iter().map(|p| super::grey::luma([p.r, p.g, p.b])).collect();
        let on_white = Luma { width: width.into(), height: height.into(), pixels: grey };
        Picture { on_white, on_black: None }
    }

    /// Goes through what the page draws without drawing, to see what it would cost, and shows the
    /// pictures to `meet`.
    fn walk<'m>(
        &self,
        page: &'a Page<'a>,
        view: &View,
        until: Option<Instant>,
        meet: Option<&'m mut embedded::Meet<'m>>,
    ) -> Result<(), Error> {
        let target = Rect::new(0.0, 0.0, view.width.into(), view.height.into());
        let mut context = Context::new(view.transform, target, &self.walked, page.xref(), settings());
        let mut walker = Walker::new(&self.ledger, target, self.limits, meet).until(until);
        let walked = contain(|| interpret_page(page, &mut context, &mut walker));
        walked.ok_or(walker.complaint().unwrap_or(super::GAVE_UP))
    }
}

/// Fonts that are not in the document are of no use here: codes made of letters bring their own.
fn settings() -> InterpreterSettings {
    InterpreterSettings::default()
}

/// From the places of the document to points from the upper left corner of the page as it is displayed.
fn upright(page: &Page<'_>) -> Affine {
    page.initial_transform(true).to_kurbo()
}

/// The size of a page in pixels.
struct View {
    width: u16,
    height: u16,
    transform: Affine,
}

impl View {
    fn of(page: &Page<'_>, limits: &Limits) -> Result<Self, Error> {
        let (width, height) = page.render_dimensions();
        let (width, height) = (f64::from(width), f64::from(height));
        if !(width.is_finite() && height.is_finite() && width > 0.0 && height > 0.0) {
            return Err(Error::Malformed { reason: "it has no pixels" });
        }
        let most = MOST_PIXELS.min(limits.pixels) as f64;
        let area = width * height;
        let finer = (USUAL_PIXELS / area).sqrt().min(FINEST / POINTS);
        let scale = (RESOLUTION / POINTS).max(finer).min((most / area).sqrt());
        let scale = scale.min(LONGEST_SIDE / width.max(height));
        let side = |length: f64| (length * scale).floor().max(1.0) as u16;
        let view = View {
            width: side(width),
            height: side(height),
            transform: Affine::scale(scale) * upright(page),
        };
        check_size(view.width.into(), view.height.into(), EACH, limits)?;
        Ok(view)
    }
}
