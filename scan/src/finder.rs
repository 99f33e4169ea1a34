//! Finder patterns in a raster.

use rxing::common::BitMatrix;
use rxing::common::cpp_essentials::{ConcentricPattern, FindConcentricPatternCorners};
use rxing::qrcode::cpp_port::detector::{FindFinderPatterns, FinderPatternSet, GenerateFinderPatternSets};

use crate::contain::contain;
use crate::geometry::{Spot, spot};

/// A finder pattern.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Finder {
    /// Its middle.
    pub(crate) middle: Spot,
    /// Pixels that its seven modules take.
    pub(crate) width: f64,
    /// The corners of the square through the middle of its ring, six modules wide, clockwise.
    pub(crate) corners: Option<[Spot; 4]>,
}

/// Modules from the middle of a finder pattern to the middle of its ring.
pub(crate) const RING: f64 = 3.0;

impl Finder {
    /// In a raster whose pixels are `1 / factor` times as large.
    pub(crate) fn scaled(&self, factor: f64) -> Finder {
        let corners = self.corners.map(|corners| corners.map(|corner| corner * factor));
        Finder { middle: self.middle * factor, width: self.width * factor, corners }
    }

    /// With its corners, as far as they can be traced in the raster.
    pub(crate) fn with_corners(self, bits: &BitMatrix) -> Finder {
        let middle = rxing::point(self.middle.x as f32, self.middle.y as f32);
        let quad = contain(|| FindConcentricPatternCorners(bits, middle, self.width as i32, 2)).flatten();
        Finder { corners: quad.map(|quad| clockwise(quad.0.map(point), self.middle)), ..self }
    }

    /// Whether one may be taken for the other.
    pub(crate) fn is_same(&self, other: &Finder) -> bool {
        self.middle.distance(other.middle) < self.width.min(other.width) / 2.0
    }

    /// Whether they are about equally large.
    pub(crate) fn is_like(&self, other: &Finder) -> bool {
        let (least, most) = (self.width.min(other.width), self.width.max(other.width));
        most <= 1.6 * least + 2.0
    }
}

/// Most finder patterns of one raster: `rxing` looks at fifteen neighbours of each, so that a wall
/// of patterns costs no more than this.
const MAX_FINDERS: usize = 2400;

/// The finder patterns that `rxing` finds in a raster, and whether these are all.
pub(crate) fn patterns(bits: &BitMatrix) -> (Vec<ConcentricPattern>, bool) {
    let mut found = contain(|| FindFinderPatterns(bits, true, 0)).unwrap_or_default();
    let all = found.len() <= MAX_FINDERS;
    found.truncate(MAX_FINDERS);
    (found, all)
}

/// Sets of three patterns that could be those of a code, the most plausible first.
pub(crate) fn sets(patterns: &mut Vec<ConcentricPattern>) -> Vec<FinderPatternSet> {
    contain(|| GenerateFinderPatternSets(patterns)).unwrap_or_default()
}

/// A pattern as `rxing` has it.
pub(crate) fn finder(pattern: ConcentricPattern) -> Finder {
    Finder { middle: point(pattern.p), width: f64::from(pattern.size), corners: None }
}

pub(crate) fn point(point: rxing::Point) -> Spot {
    spot(f64::from(point.x), f64::from(point.y))
}

fn clockwise(mut corners: [Spot; 4], middle: Spot) -> [Spot; 4] {
    let angle = |corner: &Spot| (corner.y - middle.y).atan2(corner.x - middle.x);
    corners.sort_by(|a, b| angle(a).total_cmp(&angle(b)));
    corners
}
