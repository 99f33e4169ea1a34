//! From grey values to how dark each module is.

use zeroize::Zeroizing;

use super::Fit;
use crate::geometry::{Normal, spot};
use crate::raster::Luma;
use crate::symbol::{Layout, Soft};

/// Grey values of a code at every half module, one module beyond its edges included.
pub(crate) struct Samples {
    layout: &'static Layout,
    /// Values on a side: two a module and both edges.
    side: usize,
    values: Zeroizing<Vec<f32>>,
    /// A value for each module.
    modules: Zeroizing<Vec<f32>>,
}

/// Half modules that are sampled beyond the edge.
const MARGIN: usize = 2;

/// Samples a code where the fit says that it is.
pub(crate) fn sample(luma: &Luma, fit: &Fit) -> Samples {
    let layout = fit.layout;
    let side = 2 * layout.size + 1 + 2 * MARGIN;
    let half = |at: usize| (at as f64 - MARGIN as f64) / 2.0;
    let mut values = Zeroizing::new(Vec::with_capacity(side * side));
    for row in 0..side {
        for column in 0..side {
            values.push(luma.at(fit.warp.at(spot(half(column), half(row)))));
        }
    }
    let mut samples = Samples { layout, side, values, modules: Zeroizing::default() };
    samples.modules = samples.modules();
    samples
}

/// Modules on either side over which light and dark are told apart.
const NEAR: usize = 6;
/// The same at the edge of glare, and for telling where there is neither: no code has so large an
/// area of one tone.
const CLOSE: usize = 3;
/// The same for codes with large areas of one tone.
const FAR: usize = 11;

/// A way to tell dark modules from light ones.
enum Way {
    /// By a threshold: share of sharpening, and radius.
    Threshold(f32, usize),
    /// By a filter that is learnt: radius, and rounds.
    Filter(usize, usize),
}

/// The quickest and likeliest first.
const WAYS: [Way; 8] = [
    Way::Threshold(0.0, NEAR),
    Way::Filter(NEAR, 3),
    Way::Threshold(0.4, NEAR),
    Way::Threshold(0.9, NEAR),
    Way::Filter(FAR, 2),
    Way::Threshold(0.4, CLOSE),
    Way::Threshold(0.0, FAR),
    Way::Threshold(0.9, FAR),
];

impl Samples {
    /// Index of a module's middle.
    fn middle(&self, module: usize) -> usize {
        let size = self.layout.size;
        let at = |module: usize| 2 * module + 1 + MARGIN;
        at(module / size) * self.side + at(module % size)
    }

    /// A module's value: its middle and, at half weight each, the places half way to its edges.
    fn modules(&self) -> Zeroizing<Vec<f32>> {
        let value = |module: usize| {
            let at = self.middle(module);
            let around = self.values[at - 1]
                + self.values[at + 1]
                + self.values[at - self.side]
                + self.values[at + self.side];
            (3.0 * self.values[at] + 0.25 * around) / 4.0
        };
        Zeroizing::new((0..self.layout.size * self.layout.size).map(value).collect())
    }

    /// What each way makes of the samples.
    pub(crate) fn readings(&self) -> impl Iterator<Item = Soft> {
        WAYS.iter().filter_map(|way| match *way {
            Way::Threshold(sharpen, radius) => Some(self.soft(sharpen, radius)),
            Way::Filter(radius, rounds) => self.equalised(radius, rounds),
        })
    }

    /// The reading that is best on average.
    pub(crate) fn best(&self) -> Soft {
        self.soft(0.4, NEAR)
    }

    /// The reading that tells what is sure from what is not: to be added to those of other pictures.
    pub(crate) fn vote(&self) -> Soft {
        self.soft(0.4, CLOSE)
    }

    /// The share of modules around which light and dark are hardly apart.
    pub(crate) fn lost(&self) -> f32 {
        let tones = tones(&self.modules, self.layout.size, CLOSE);
        let lost = tones.iter().filter(|tone| tone.trust < 0.7).count();
        lost as f32 / tones.len() as f32
    }

    /// Modules by a threshold of their surroundings. `sharpen` adds that share of the difference
    /// from the four neighbours, against blur.
    fn soft(&self, sharpen: f32, radius: usize) -> Soft {
        let size = self.layout.size;
        let sharp = (sharpen > 0.0).then(|| Zeroizing::new(sharpened(&self.modules, size, sharpen)));
        let modules = sharp.as_ref().unwrap_or(&self.modules);
        let tones = tones(modules, size, radius);
        let values =
            modules.iter().zip(&tones).map(|(&value, tone)| tone.soft(value).clamp(-1.0, 1.0) * tone.trust);
        Soft { size, values: Zeroizing::new(values.collect()) }
    }

    /// Modules by a linear filter over the half modules around each. The filter is learnt from the
    /// modules that every code has, then from all that it is sure of: it undoes blur, movement and
    /// a grid that lies a little beside the modules.
    fn equalised(&self, radius: usize, rounds: usize) -> Option<Soft> {
        let size = self.layout.size;
        let tones = tones(&self.modules, size, radius);
        let features: Vec<[f64; TAPS]> =
            (0..size * size).map(|module| self.features(module, &tones[module])).collect();
        let mut values: Vec<f32> = vec![0.0; size * size];
        for round in 0..rounds {
            let mut equations = Normal::<TAPS>::new();
            for &(at, dark) in &self.layout.fixed {
                let at = at as usize;
                let weight = 2.0 * f64::from(tones[at].trust);
                equations.observe(&features[at], if dark { 1.0 } else { -1.0 }, weight);
            }
            if round > 0 {
                for (at, &value) in values.iter().enumerate() {
                    let sure = f64::from((value.abs() - 0.3).clamp(0.0, 0.7));
                    if sure > 0.0 {
                        let weight = sure * f64::from(tones[at].trust);
                        equations.observe(&features[at], f64::from(value.signum()), weight);
                    }
                }
            }
            equations.regularise(&IDENTITY, (size * size) as f64 * STIFFNESS);
            let taps = equations.solve()?;
            for (value, features) in values.iter_mut().zip(&features) {
                let sum: f64 = taps.iter().zip(features).map(|(tap, feature)| tap * feature).sum();
                *value = sum as f32;
            }
        }
        let soft = values.iter().zip(&tones).map(|(&value, tone)| value.clamp(-1.0, 1.0) * tone.trust);
        Some(Soft { size, values: Zeroizing::new(soft.collect()) })
    }

    /// What the filter sees: the half modules around a module's middle, and a constant.
    fn features(&self, module: usize, tone: &Tone) -> [f64; TAPS] {
        let middle = self.middle(module);
        let mut features = [1.0; TAPS];
        for (tap, feature) in features[..TAPS - 1].iter_mut().enumerate() {
            let (down, right) = (tap / REACH, tap % REACH);
            let at = middle + down * self.side + right - (REACH / 2) * (self.side + 1);
            *feature = f64::from(tone.soft(self.values[at]).clamp(-1.5, 1.5));
        }
        features
    }
}

/// Half modules on a side of the filter, and its coefficients with the constant.
const REACH: usize = 5;
const TAPS: usize = REACH * REACH + 1;
/// The filter that changes little: most from the middle, a little from half a module around.
const IDENTITY: [f64; TAPS] = {
    let mut taps = [0.0; TAPS];
    taps[12] = 0.6;
    taps[7] = 0.1;
    taps[11] = 0.1;
    taps[13] = 0.1;
    taps[17] = 0.1;
    taps
};
/// How strongly the filter is drawn towards that, per module.
const STIFFNESS: f64 = 0.02;

/// What is dark and what is light around a module.
struct Tone {
    threshold: f32,
    /// Half the difference of light and dark.
    half_contrast: f32,
    /// 0 where there is no contrast, 1 where it is as elsewhere in the code.
    trust: f32,
}

impl Tone {
    /// -1 is light, 1 is dark.
    fn soft(&self, value: f32) -> f32 {
        (self.threshold - value) / self.half_contrast
    }
}

/// A contrast below this share of the code's median is doubted.
const FULL_CONTRAST: f32 = 0.35;

/// Means of the darker and of the lighter modules within `radius`, found in two rounds from the
/// mean of all.
fn tones(modules: &[f32], size: usize, radius: usize) -> Vec<Tone> {
    let count = box_sums(&vec![1.0; modules.len()], size, radius);
    let all = box_sums(modules, size, radius);
    let mut thresholds: Vec<f32> = all.iter().zip(&count).map(|(sum, count)| sum / count).collect();
    let mut contrasts = vec![1.0; modules.len()];
    for _ in 0..2 {
        let dark: Vec<f32> = modules
            .iter()
            .zip(&thresholds)
            .map(|(value, threshold)| f32::from(u8::from(value < threshold)))
            .collect();
        let dark_values: Vec<f32> = modules.iter().zip(&dark).map(|(value, dark)| value * dark).collect();
        let (dark_count, dark_sum) = (box_sums(&dark, size, radius), box_sums(&dark_values, size, radius));
        for at in 0..modules.len() {
            let light_count = count[at] - dark_count[at];
            if dark_count[at] >= 2.0 && light_count >= 2.0 {
                let (dark, light) = (dark_sum[at] / dark_count[at], (all[at] - dark_sum[at]) / light_count);
                thresholds[at] = (dark + light) / 2.0;
                contrasts[at] = (light - dark).max(1.0);
            } else {
                contrasts[at] = 1.0;
            }
        }
    }
    let mut sorted = contrasts.clone();
    sorted.sort_by(f32::total_cmp);
    let median = sorted[sorted.len() / 2].max(1.0);
    let tone = |(threshold, contrast): (f32, f32)| Tone {
        threshold,
        half_contrast: (contrast / 2.0).max(1.0),
        trust: (contrast / (FULL_CONTRAST * median)).min(1.0),
    };
    thresholds.into_iter().zip(contrasts).map(tone).collect()
}

fn sharpened(modules: &[f32], size: usize, share: f32) -> Vec<f32> {
    let at = |row: usize, column: usize| modules[row.min(size - 1) * size + column.min(size - 1)];
    let value = |index: usize| {
        let (row, column) = (index / size, index % size);
        let around = at(row.saturating_sub(1), column)
            + at(row + 1, column)
            + at(row, column.saturating_sub(1))
            + at(row, column + 1);
        modules[index] + share * (modules[index] - around / 4.0)
    };
    (0..modules.len()).map(value).collect()
}

/// Sums over the square of side `2 * radius + 1` around each cell, cut off at the edges.
fn box_sums(cells: &[f32], size: usize, radius: usize) -> Vec<f32> {
    let width = size + 1;
    let mut integral = vec![0.0f64; width * width];
    for row in 0..size {
        let mut sum = 0.0;
        for column in 0..size {
            sum += f64::from(cells[row * size + column]);
            integral[(row + 1) * width + column + 1] = integral[row * width + column + 1] + sum;
        }
    }
    let span = |at: usize| (at.saturating_sub(radius), (at + radius + 1).min(size));
    let sum = |index: usize| {
        let ((top, bottom), (left, right)) = (span(index / size), span(index % size));
        let corner = |row: usize, column: usize| integral[row * width + column];
        (corner(bottom, right) + corner(top, left) - corner(top, right) - corner(bottom, left)) as f32
    };
    (0..cells.len()).map(sum).collect()
}
