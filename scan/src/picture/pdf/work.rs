//! What a page would cost to draw.
//!
//! A few bytes of a PDF can ask for hours of drawing: forms that draw forms, patterns of tiny tiles,
//! dashes finer than dust. The renderer cannot be stopped. So each page is gone through first
//! without drawing anything, and refused when it asks for too much.

use std::cell::Cell;
use std::time::Instant;

use hayro::hayro_interpret::font::{Glyph, GlyphRun};
use hayro::hayro_interpret::pattern::{Pattern, TilingPattern};
use hayro::hayro_interpret::{
    BlendMode, ClipPath, Device, DrawMode, DrawProps, Image, ImageDrawProps, Paint, SoftMask, StrokeProps,
};
use hayro::hayro_syntax::object::Stream;
use hayro::kurbo::{Affine, BezPath, Rect, Shape};

use super::declared;
use super::embedded::Meet;
use super::inflated::{self, Sizes};
use crate::{Error, Limits};

/// What a step costs besides the pixels that it paints, in pixels painted.
const STEP: f64 = 300.0;
/// Of a page. Some seconds.
const MOST_OF_PAGE: f64 = 4e9;
/// Of all pages together, each gone through twice.
const MOST_OF_DOCUMENT: f64 = 4e10;
/// Copies of a tile that are drawn one by one.
const MOST_TILES: f64 = 20_000.0;

/// What the pages so far have cost.
pub(super) struct Ledger(Cell<f64>);

impl Ledger {
    pub(super) fn new() -> Self {
        Ledger(Cell::new(0.0))
    }
}

/// Goes through a page.
pub(super) struct Walker<'p, 'm> {
    ledger: &'p Ledger,
    target: Rect,
    limits: &'p Limits,
    spent: f64,
    complaint: Option<Error>,
    deadline: Option<Instant>,
    meet: Option<&'m mut Meet<'m>>,
}

const TOO_MUCH: Error = Error::Unsupported { what: "a page that takes too long to draw" };

impl<'p, 'm> Walker<'p, 'm> {
    pub(super) fn new(
        ledger: &'p Ledger,
        target: Rect,
        limits: &'p Limits,
        meet: Option<&'m mut Meet<'m>>,
    ) -> Self {
        Walker { ledger, target, limits, spent: 0.0, complaint: None, deadline: None, meet }
    }

    /// Gives up at that time: what goes on between the steps cannot be seen.
    pub(super) fn until(self, deadline: Option<Instant>) -> Self {
        Walker { deadline, ..self }
    }

    /// Why the walk was broken off.
    pub(super) fn complaint(&self) -> Option<Error> {
        self.complaint
    }

    /// The interpreter takes no refusal from a device; unwinding is the only way out of it.
    fn give_up(&mut self, complaint: Error) -> ! {
        self.complaint = Some(complaint);
        std::panic::resume_unwind(Box::new("a page asks for too much"))
    }

    fn spend(&mut self, cost: f64) {
        let cost = cost + STEP;
        self.spent += cost;
        self.ledger.0.set(self.ledger.0.get() + cost);
        // Not a number is too much as well.
        let within = self.spent <= MOST_OF_PAGE && self.ledger.0.get() <= MOST_OF_DOCUMENT;
        if !within || self.deadline.is_some_and(|end| Instant::now() > end) {
            self.give_up(TOO_MUCH);
        }
    }

    /// Pixels of the page within bounds.
    fn visible(&self, bounds: Rect) -> f64 {
        let common = bounds.intersect(self.target);
        let area = common.width().max(0.0) * common.height().max(0.0);
        if area.is_finite() { area } else { self.target.area() }
    }

    fn path(&mut self, path: &BezPath, transform: Affine, mode: &DrawMode) {
        let bounds = transform.transform_rect_bbox(path.bounding_box());
        let elements = path.elements().len() as f64;
        let edges = match mode {
            DrawMode::Invisible => return self.spend(0.0),
            DrawMode::Fill(_) => elements * STEP,
            DrawMode::Stroke(stroke) | DrawMode::FillAndStroke(_, stroke) => {
                (elements + dashes(path, stroke)) * 4.0 * STEP
            }
        };
        self.spend(edges + self.visible(bounds.inflate(2.0, 2.0)));
    }
}

/// About how many pieces a dashed line falls into.
fn dashes(path: &BezPath, stroke: &StrokeProps) -> f64 {
    let period: f32 = stroke.dash_array.iter().map(|length| length.abs()).sum();
    if stroke.dash_array.is_empty() || period.is_nan() || period <= 0.0 {
        return 0.0;
    }
    path.perimeter(1.0) / f64::from(period) * stroke.dash_array.len() as f64
}

impl<'a> Walker<'_, '_> {
    fn paint(&mut self, paint: &Paint<'a>, is_stroke: bool) {
        let Paint::Pattern(pattern) = paint else { return };
        match &**pattern {
            // A colour is computed for each pixel.
            Pattern::Shading(_) => self.spend(20.0 * self.target.area()),
            Pattern::Tiling(tiling) => self.tiling(tiling, is_stroke),
        }
    }

    fn tiling(&mut self, tiling: &TilingPattern<'a>, is_stroke: bool) {
        let along = |length: f64, step: f32| length.abs() / f64::from(step.abs()) + 1.0;
        let tiles = along(tiling.bbox.width(), tiling.x_step) * along(tiling.bbox.height(), tiling.y_step);
        // Tiles that are stored once and then repeated, and those that overlap and are drawn again.
        if tiles.is_nan() || tiles > MOST_TILES {
            self.give_up(TOO_MUCH);
        }
        let before = self.spent;
        let _ = tiling.interpret(self, tiling.matrix, is_stroke);
        self.spend((self.spent - before) * tiles + self.target.area());
    }
}

impl<'a> Device<'a> for Walker<'_, '_> {
    fn draw_path(&mut self, path: &BezPath, props: DrawProps<'a>, mode: &DrawMode) {
        self.path(path, props.transform, mode);
        self.paint(&props.paint, matches!(mode, DrawMode::Stroke(_)));
        self.mask(props.soft_mask.as_ref());
    }

    fn push_clip_path(&mut self, clip: &ClipPath) {
        let elements = clip.path.elements().len() as f64;
        self.spend(elements * STEP + self.visible(clip.path.bounding_box()));
    }

    fn push_transparency_group(&mut self, opacity: f32, mask: Option<SoftMask<'a>>, mode: BlendMode) {
        let is_plain = opacity >= 1.0 && mask.is_none() && mode == BlendMode::Normal;
        self.spend(if is_plain { 0.0 } else { 2.0 * self.target.area() });
        self.mask(mask.as_ref());
    }

    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, mode: &DrawMode) {
        for glyph in run.glyphs() {
            self.spend(STEP);
            if let Glyph::Type3(drawn) = &**glyph
                && !matches!(mode, DrawMode::Invisible)
            {
                drawn.interpret(self, props.transform, glyph.transform(), &props.paint);
            }
        }
        self.paint(&props.paint, false);
        self.mask(props.soft_mask.as_ref());
    }

    fn draw_image(&mut self, image: Image<'a, '_>, props: ImageDrawProps<'a>) {
        let (width, height) = (f64::from(image.width()), f64::from(image.height()));
        let bounds = props.transform.transform_rect_bbox(Rect::new(0.0, 0.0, width, height));
        if let Err(error) =
            super::check_size(image.width(), image.height(), super::embedded::EACH, self.limits)
        {
            self.give_up(error);
        }
        self.spend(10.0 * width * height + 4.0 * self.visible(bounds));
        self.unpacked(&image);
        if let Image::Stencil(stencil) = &image {
            let mut paint = None;
            stencil.with_stencil(|_, with| paint = Some(with.clone()), None);
            paint.iter().for_each(|paint| self.paint(paint, false));
        }
        self.mask(props.soft_mask.as_ref());
        if let Some(meet) = &mut self.meet {
            meet(&image);
        }
    }

    fn pop_clip(&mut self) {}

    fn pop_transparency_group(&mut self) {}
}

impl<'a> Walker<'_, '_> {
    /// Pictures inside the contents of a page were not measured with the other streams, nor were
    /// those of an encrypted document.
    fn unpacked(&mut self, image: &Image<'a, '_>) {
        let sizes = Sizes::new(self.limits);
        let stream = match image {
            Image::Stencil(stencil) => stencil.stream(),
            Image::Raster(raster) => raster.stream(),
        };
        let masks = [&b"SMask"[..], b"Mask"].map(|key| stream.dict().get::<Stream<'_>>(key));
        let measured = std::iter::once(stream).chain(masks.iter().flatten()).try_for_each(|stream| {
            inflated::size(stream, sizes, true)?;
            declared::check(stream, self.limits)
        });
        if let Err(error) = measured {
            self.give_up(error);
        }
    }

    fn mask(&mut self, mask: Option<&SoftMask<'a>>) {
        if let Some(mask) = mask {
            self.spend(2.0 * self.target.area());
            mask.interpret(self);
        }
    }
}
