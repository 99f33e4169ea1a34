//! The ladder: looks at the picture, from cheap to dear, until its codes are read.

use crate::attempt;
use crate::finder::{self, Layout};
use crate::found;
use crate::picture::Picture;
use crate::raster::{Bits, Luma};
use crate::reader::Reading;
use crate::{Code, Effort, Frame, Hint, Place, Point, Unread};

/// One way to look at the picture.
struct Rung {
    stage: &'static str,
    ground: Ground,
    size: Size,
    tone: Tone,
    threshold: Threshold,
    /// The least effort that includes it.
    effort: Effort,
}

#[derive(Clone, Copy)]
enum Ground {
    White,
    Black,
}

#[derive(Clone, Copy)]
enum Size {
    /// The picture, halved until it is within `largest`.
    Full,
    /// Half, quarter and so on, down to `SMALLEST_SIDE`.
    Smaller,
    /// All of the above.
    Every,
    /// Twice the picture, when it is small.
    Double,
}

#[derive(Clone, Copy)]
enum Tone {
    Plain,
    Inverted,
    Stretched,
    Sharpened,
    Blurred,
}

#[derive(Clone, Copy)]
enum Threshold {
    /// Local mean over a large part of the picture: even in large modules.
    Wide,
    /// Local mean over few pixels: for shadows and for small modules.
    Narrow,
    /// One value for the whole picture.
    Global,
}

/// Modules on a side of the smallest QR code.
const FEWEST_MODULES: usize = 21;

const fn rung(stage: &'static str, size: Size, tone: Tone, threshold: Threshold, effort: Effort) -> Rung {
    Rung { stage, ground: Ground::White, size, tone, threshold, effort }
}

const fn on_black(mut rung: Rung) -> Rung {
    rung.ground = Ground::Black;
    rung
}

const RUNGS: &[Rung] = {
    use Effort::{Fast, Max, Normal};
    use Size::{Double, Every, Full, Smaller};
    use Threshold::{Global, Narrow, Wide};
    use Tone::{Blurred, Inverted, Plain, Sharpened, Stretched};
    &[
        rung("as is", Full, Plain, Wide, Fast),
        rung("reduced", Smaller, Plain, Wide, Fast),
        rung("inverted", Every, Inverted, Wide, Fast),
        on_black(rung("on black", Every, Plain, Wide, Fast)),
        on_black(rung("on black, inverted", Every, Inverted, Wide, Fast)),
        rung("narrow threshold", Every, Plain, Narrow, Fast),
        rung("global threshold", Every, Plain, Global, Normal),
        rung("enlarged", Double, Plain, Wide, Normal),
        rung("stretched", Every, Stretched, Wide, Normal),
        rung("enlarged, narrow threshold", Double, Plain, Narrow, Normal),
        rung("enlarged, sharpened", Double, Sharpened, Narrow, Normal),
        rung("blurred", Every, Blurred, Narrow, Normal),
        rung("inverted, narrow threshold", Every, Inverted, Narrow, Max),
        rung("enlarged, inverted", Double, Inverted, Wide, Max),
        rung("sharpened", Every, Sharpened, Narrow, Max),
        rung("inverted, global threshold", Every, Inverted, Global, Max),
    ]
};

/// Reduced pictures with a shorter side than this hold no code that the larger one does not show.
const SMALLEST_SIDE: usize = 180;
/// Enlarging helps where modules are a few pixels wide, which large pictures have other cures for.
const LARGEST_DOUBLED: usize = 1500;

/// Pixels of the largest raster looked at.
fn largest(effort: Effort) -> usize {
    match effort {
        Effort::Fast => 4_000_000,
        Effort::Normal => 16_000_000,
        Effort::Max => 64_000_000,
    }
}

/// Pixels that reading single windows may add up to: bounds the time without a clock.
fn allowance(effort: Effort) -> u64 {
    match effort {
        Effort::Fast => 20_000_000,
        Effort::Normal => 60_000_000,
        Effort::Max => 400_000_000,
    }
}

/// A reduced copy of the picture and how many of the picture's pixels one of its sides stands for.
struct Layer {
    luma: Luma,
    factor: f32,
}

/// Where a code was seen, in pixels of the picture.
struct Sighting {
    outline: [Point; 4],
    eyes: [Point; 3],
}

impl Sighting {
    fn new(layout: &Layout, factor: f32) -> Self {
        Sighting {
            outline: attempt::outline(layout).map(|corner| to_picture(corner, factor)),
            eyes: layout.finders.map(|finder| to_picture((finder.x, finder.y), factor)),
        }
    }

    fn shares_place(&self, other: &Sighting) -> bool {
        found::overlap(&self.outline, &other.outline)
    }

    /// The same place, or finders that belong to `code`: a sheet of codes is full of layouts made of
    /// the finders of several.
    fn belongs_to(&self, code: &Code) -> bool {
        found::overlap(&code.corners, &self.outline)
            || self.eyes.iter().any(|&eye| found::contains(&code.corners, eye))
    }
}

/// What is known while climbing.
struct Climb {
    effort: Effort,
    codes: Vec<Code>,
    /// Per rung, where it saw a code that it could not read.
    missed: Vec<Vec<Sighting>>,
    spent: u64,
}

pub(crate) fn climb(picture: &Picture, effort: Effort) -> Frame {
    let mut climb = Climb { effort, codes: Vec::new(), missed: Vec::new(), spent: 0 };
    let reduction = reduction(&picture.on_white, effort);
    if picture.on_white.short_side() / reduction < FEWEST_MODULES {
        // Too thin for any code, now or after the reduction that its length asks for.
        return climb.scan(picture);
    }
    let white = layers(&picture.on_white, effort);
    let black = picture.on_black.as_ref().map(|luma| layers(luma, effort));
    let mut after_result = 0;
    for rung in RUNGS.iter().filter(|rung| rung.effort <= effort) {
        let layers = match rung.ground {
            Ground::White => Some(&white),
            Ground::Black => black.as_ref(),
        };
        let Some(layers) = layers else { continue };
        climb.look(rung, layers);
        after_result += usize::from(!climb.codes.is_empty());
        if climb.done(after_result) {
            break;
        }
    }
    climb.scan(picture)
}

impl Climb {
    /// What was found on the way.
    fn scan(self, picture: &Picture) -> Frame {
        Frame {
            place: Place::Whole,
            width: picture.on_white.width as u32,
            height: picture.on_white.height as u32,
            unread: self.unread(),
            cut_short: self.exhausted(),
            codes: found::in_reading_order(self.codes),
        }
    }

    /// `rungs` have been climbed since something was read, the one that read it included.
    fn done(&self, rungs: usize) -> bool {
        let settled = match self.effort {
            Effort::Fast => rungs > 0,
            Effort::Normal => rungs > 1 && self.unread().is_empty(),
            Effort::Max => false,
        };
        settled || self.exhausted()
    }

    fn exhausted(&self) -> bool {
        self.spent > allowance(self.effort)
    }

    fn look(&mut self, rung: &Rung, layers: &[Layer]) {
        let mut missed = Vec::new();
        match rung.size {
            Size::Full => self.look_at(rung, &layers[..1], &mut missed),
            Size::Smaller => self.look_at(rung, &layers[1..], &mut missed),
            Size::Every => self.look_at(rung, layers, &mut missed),
            Size::Double => {
                let doubled = doubled(&layers[0]);
                self.look_at(rung, doubled.as_slice(), &mut missed);
            }
        }
        self.missed.push(missed);
    }

    fn is_read(&self, sighting: &Sighting) -> bool {
        self.codes.iter().any(|code| sighting.belongs_to(code))
    }

    /// The most codes that one rung saw and no rung has read. A union over the rungs would count
    /// one code several times, as they place it differently.
    fn unread(&self) -> Vec<Unread> {
        let unread = |rung: &Vec<Sighting>| -> Vec<Unread> {
            let open = rung.iter().filter(|at| !self.is_read(at));
            open.map(|at| Unread { corners: at.outline, hint: Hint::Unclear, grid: None }).collect()
        };
        self.missed.iter().map(unread).max_by_key(Vec::len).unwrap_or_default()
    }

    fn look_at(&mut self, rung: &Rung, layers: &[Layer], missed: &mut Vec<Sighting>) {
        for layer in layers {
            let luma = toned(&layer.luma, rung.tone);
            let bits = threshold(&luma, rung.threshold);
            for layout in finder::layouts(&bits) {
                if self.exhausted() {
                    return;
                }
                self.try_layout(rung, layer, (&luma, &bits), &layout, missed);
            }
        }
    }

    fn try_layout(
        &mut self,
        rung: &Rung,
        layer: &Layer,
        (luma, bits): (&Luma, &Bits),
        layout: &Layout,
        missed: &mut Vec<Sighting>,
    ) {
        let sighting = Sighting::new(layout, layer.factor);
        if self.is_read(&sighting) {
            return;
        }
        match attempt::read(luma, bits, layout, &mut self.spent) {
            Some(reading) => found::add(&mut self.codes, code(reading, layer.factor, rung.stage)),
            None if layout.timed && !missed.iter().any(|m| m.shares_place(&sighting)) => {
                missed.push(sighting);
            }
            None => {}
        }
    }
}

fn code(reading: Reading, factor: f32, stage: &'static str) -> Code {
    Code {
        text: std::str::from_utf8(&reading.payload).ok().map(|text| text.to_owned().into()),
        payload: reading.payload,
        part: None,
        corners: reading.corners.map(|corner| to_picture(corner, factor)),
        stage,
    }
}

fn to_picture((x, y): (f32, f32), factor: f32) -> Point {
    Point { x: (x * factor).round() as i32, y: (y * factor).round() as i32 }
}

/// The picture and its halves, the largest first; never empty.
/// By how much a picture is halved until it is within what the effort allows.
fn reduction(luma: &Luma, effort: Effort) -> usize {
    let mut factor = 1;
    while luma.pixels.len() / (factor * factor) > largest(effort) {
        factor *= 2;
    }
    factor
}

fn layers(luma: &Luma, effort: Effort) -> Vec<Layer> {
    let mut factor = reduction(luma, effort);
    let layer = |factor: usize| Layer { luma: luma.reduced(factor), factor: factor as f32 };
    let mut layers = vec![layer(factor)];
    while layers[layers.len() - 1].luma.short_side() >= 2 * SMALLEST_SIDE {
        factor *= 2;
        layers.push(layer(factor));
    }
    layers
}

fn doubled(layer: &Layer) -> Option<Layer> {
    (layer.luma.long_side() <= LARGEST_DOUBLED)
        .then(|| Layer { luma: layer.luma.enlarged(2), factor: layer.factor / 2.0 })
}

fn toned(luma: &Luma, tone: Tone) -> Luma {
    match tone {
        Tone::Plain => luma.clone(),
        Tone::Inverted => luma.inverted(),
        Tone::Stretched => luma.stretched(),
        Tone::Sharpened => luma.sharpened(3),
        Tone::Blurred => luma.blurred(1),
    }
}

fn threshold(luma: &Luma, threshold: Threshold) -> Bits {
    match threshold {
        Threshold::Wide => luma.local_threshold((luma.short_side() / 14).clamp(8, 120), 4),
        Threshold::Narrow => luma.local_threshold(12, 2),
        Threshold::Global => luma.global_threshold(),
    }
}
