//! Codes that were seen and not read, and what stands in the way.

use crate::fit::Fit;
use crate::fit::sample::Samples;
use crate::found;
use crate::grid::Grid;
use crate::symbol::{self, Soft};
use crate::{Hint, Point, Unread};

/// A code that could not be read so far.
pub(crate) struct Sighting {
    pub(crate) corners: [Point; 4],
    /// Share of the modules that every code has and that are otherwise here; of the best look.
    disagreement: f32,
    /// Pixels of the picture a module.
    module: f64,
    /// Share of modules without contrast.
    lost: f32,
    soft: Soft,
    /// For merging with other pictures.
    vote: Soft,
    looks: usize,
}

/// A place that looks like no code is left alone after that many looks, one that does after more.
const MOST_LOOKS: usize = 12;
const MOST_LOOKS_AT_CODE: usize = 80;

/// At most this share of the modules that every code has differs in a code that is one.
const MOST_DIFFERENT: f32 = 0.2;

impl Sighting {
    /// `soft` is the best reading of the samples; `factor` is how many of the picture's pixels one of
    /// the raster's stands for.
    pub(crate) fn new(
        fit: &Fit,
        samples: &Samples,
        soft: Soft,
        corners: [Point; 4],
        factor: f64,
    ) -> Sighting {
        Sighting {
            corners,
            disagreement: symbol::disagreement(&soft),
            module: fit.module() * factor,
            lost: samples.lost(),
            soft,
            vote: samples.vote(),
            looks: 1,
        }
    }

    /// Whether timing and finder patterns say that this is a code and no accident.
    pub(crate) fn is_code(&self) -> bool {
        self.disagreement < MOST_DIFFERENT
    }

    /// Whether a code with these corners is this one.
    pub(crate) fn is_at(&self, corners: &[Point; 4]) -> bool {
        found::overlap(&self.corners, corners)
    }

    /// Counts another look at the same code, and takes it over when it is clearer.
    pub(crate) fn look_again(&mut self, disagreement: f32, new: impl FnOnce() -> Sighting) {
        let looks = self.looks + 1;
        if disagreement < self.disagreement {
            *self = new();
        }
        self.looks = looks;
    }

    /// Whether more looks at a place within this code would be of no use.
    pub(crate) fn is_hopeless_at(&self, middle: Point) -> bool {
        let most = if self.is_code() { MOST_LOOKS_AT_CODE } else { MOST_LOOKS };
        self.looks > most && found::contains(&self.corners, middle)
    }

    /// What to tell of it in a picture of that size.
    pub(crate) fn unread(&self, width: usize, height: usize) -> Unread {
        let hint = self.hint(width, height);
        Unread { corners: self.corners, hint, grid: Some(Grid::new(self.vote.clone())) }
    }

    fn hint(&self, width: usize, height: usize) -> Hint {
        if is_cut_off(&self.corners, self.module, width, height) {
            Hint::CutOff
        } else if self.module < SMALL_MODULE {
            Hint::TooSmall { module: self.module as f32 }
        } else if self.lost > MUCH_LOST {
            Hint::Glare
        } else if self.unsure() > MUCH_UNSURE {
            Hint::Blurred
        } else {
            Hint::Unclear
        }
    }

    /// The share of modules that are neither dark nor light.
    fn unsure(&self) -> f32 {
        let unsure = self.soft.values.iter().filter(|value| value.abs() < 0.4).count();
        unsure as f32 / self.soft.values.len() as f32
    }
}

/// Pixels a module under which most photos of synthetic tests fail.
const SMALL_MODULE: f64 = 2.2;
/// Shares of modules from which on they are more than error correction can be expected to mend.
const MUCH_LOST: f32 = 0.04;
/// Sharp pictures have none of these; at a sixth, neighbours run into each other over more than a module.
const MUCH_UNSURE: f32 = 0.12;

/// Whether a code reaches over the edge of the picture by more than a module.
pub(crate) fn is_cut_off(corners: &[Point; 4], module: f64, width: usize, height: usize) -> bool {
    corners.iter().any(|corner| {
        let (x, y) = (f64::from(corner.x), f64::from(corner.y));
        x < -module || y < -module || x > width as f64 + module || y > height as f64 + module
    })
}
