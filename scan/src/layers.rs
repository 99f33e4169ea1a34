//! The sizes and tones in which a picture is looked at.

use std::cell::OnceCell;

use rxing::common::BitMatrix;

use crate::Effort;
use crate::binary::{Threshold, binary};
use crate::raster::Luma;
use crate::stages::Tone;

/// A raster made of the picture and how many of the picture's pixels one of its sides stands for.
pub(crate) struct Layer {
    pub(crate) luma: Luma,
    pub(crate) factor: f64,
    /// Three stages look at it.
    hybrid: OnceCell<Option<BitMatrix>>,
}

/// Modules on a side of the smallest QR code.
const FEWEST_MODULES: usize = 21;
/// Layers with a shorter side than this are not halved: the next would be of no use.
const SMALLEST_HALVED: usize = 360;
/// Longer pictures are not enlarged: their modules are not what is small in them.
const LARGEST_DOUBLED: usize = 1500;
/// Longer layers are left to the first stages.
const LARGEST_RETRIED: usize = 2300;

/// Pixels of the largest raster looked at.
fn largest(effort: Effort) -> usize {
    match effort {
        Effort::Fast => 4_000_000,
        Effort::Normal => 16_000_000,
        Effort::Max => 64_000_000,
    }
}

/// The picture, within what the effort allows, and its halves; empty when it is too small for any
/// code.
pub(crate) fn layers(luma: &Luma, effort: Effort) -> Vec<Layer> {
    let mut factor = 1;
    while luma.pixels.len() / (factor * factor) > largest(effort) {
        factor *= 2;
    }
    if luma.short_side() / factor < FEWEST_MODULES {
        return Vec::new();
    }
    let first = if factor == 1 { luma.clone() } else { luma.reduced(factor) };
    let mut layers = vec![Layer::new(first, factor as f64)];
    while let Some(last) = layers.last()
        && last.luma.short_side() >= SMALLEST_HALVED
    {
        let next = Layer::new(last.luma.reduced(2), 2.0 * last.factor);
        layers.push(next);
    }
    layers
}

impl Layer {
    fn new(luma: Luma, factor: f64) -> Layer {
        Layer { luma, factor, hybrid: OnceCell::new() }
    }

    /// Whether retries are worth their time.
    pub(crate) fn is_moderate(&self) -> bool {
        self.luma.long_side() <= LARGEST_RETRIED
    }

    /// Twice as large, unless it is large already.
    pub(crate) fn doubled(&self) -> Option<Layer> {
        (self.luma.long_side() <= LARGEST_DOUBLED).then(|| Layer::new(self.luma.doubled(), self.factor / 2.0))
    }

    /// With other grey values; `None` when they stay as they are.
    pub(crate) fn toned(&self, tone: Tone) -> Option<Luma> {
        match tone {
            Tone::Plain | Tone::Flipped => None,
            Tone::Inverted => Some(self.luma.inverted()),
            Tone::Sharpened => Some(self.luma.sharpened(3)),
            Tone::Blurred(radius) => Some(self.luma.blurred(radius)),
        }
    }

    /// In black and white; `luma` is what [`Self::toned`] gave, if anything.
    pub(crate) fn binary(&self, tone: Tone, luma: Option<&Luma>, threshold: Threshold) -> Option<BitMatrix> {
        let hybrid = || self.hybrid.get_or_init(|| binary(&self.luma, Threshold::Hybrid)).clone();
        match (tone, threshold) {
            (Tone::Plain, Threshold::Hybrid) => hybrid(),
            (Tone::Flipped, Threshold::Hybrid) => {
                let mut bits = hybrid()?;
                bits.flip_self();
                Some(bits)
            }
            _ => binary(luma.unwrap_or(&self.luma), threshold),
        }
    }
}
