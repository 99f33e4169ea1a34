//! Finder patterns that may belong to one code.

use rxing::common::BitMatrix;
use rxing::qrcode::cpp_port::detector::FinderPatternSet;

use crate::finder::{self, Finder, RING};
use crate::geometry::{Spot, spot};

/// Where a finder pattern is in its code.
pub(crate) const CORNER: usize = 0;
pub(crate) const RIGHT: usize = 1;
pub(crate) const BELOW: usize = 2;

/// The finder patterns of what may be a code: top left, top right and bottom left as the code
/// counts. One of them may be unknown, as when glare covers it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    pub(crate) finders: [Option<Finder>; 3],
}

impl Candidate {
    pub(crate) fn of_set(set: &FinderPatternSet) -> Candidate {
        Candidate { finders: [set.tl, set.tr, set.bl].map(|pattern| Some(finder::finder(pattern))) }
    }

    pub(crate) fn known(&self) -> impl Iterator<Item = (usize, Finder)> + Clone {
        self.finders.into_iter().enumerate().filter_map(|(role, finder)| Some((role, finder?)))
    }

    /// Pixels a module.
    pub(crate) fn module(&self) -> f64 {
        let (sum, count) =
            self.known().fold((0.0, 0.0), |(sum, count), (_, finder)| (sum + finder.width, count + 7.0));
        sum / count
    }

    /// Modules between the middles of neighbouring finders, as far as can be told from their size.
    pub(crate) fn span(&self) -> f64 {
        let mut sides = Vec::new();
        for (a, b, stretch) in [(CORNER, RIGHT, 1.0), (CORNER, BELOW, 1.0), (RIGHT, BELOW, 2f64.sqrt())] {
            if let (Some(a), Some(b)) = (self.finders[a], self.finders[b])
                && (stretch == 1.0 || self.finders[CORNER].is_none())
            {
                let module = (a.width + b.width) / 14.0;
                sides.push(a.middle.distance(b.middle) / stretch / module.max(0.8));
            }
        }
        sides.iter().sum::<f64>() / sides.len().max(1) as f64
    }

    /// In a raster whose pixels are `1 / factor` times as large.
    pub(crate) fn scaled(&self, factor: f64) -> Candidate {
        Candidate { finders: self.finders.map(|finder| finder.map(|finder| finder.scaled(factor))) }
    }

    /// With the corners of its finders, as far as they can be traced in the raster.
    pub(crate) fn with_corners(&self, bits: &BitMatrix) -> Candidate {
        Candidate { finders: self.finders.map(|finder| finder.map(|finder| finder.with_corners(bits))) }
    }

    /// Corners of the code, as if it were seen straight on.
    pub(crate) fn outline(&self) -> [Spot; 4] {
        let [corner, right, below] = self.middles();
        let (across, down) = (unit(right - corner), unit(below - corner));
        let over = 3.5 * self.module();
        let far = right + below - corner;
        [(corner, -1.0, -1.0), (right, 1.0, -1.0), (far, 1.0, 1.0), (below, -1.0, 1.0)]
            .map(|(middle, u, v)| middle + across * (over * u) + down * (over * v))
    }

    /// Whether a third finder that is unknown would be outside of a picture of that size, or reach
    /// over its edge.
    pub(crate) fn is_cut_off(&self, width: usize, height: usize) -> bool {
        let middles = self.middles().into_iter().zip(self.finders);
        let mut unknown = middles.filter(|(_, finder)| finder.is_none()).map(|(middle, _)| middle);
        let edge = 2.5 * self.module();
        unknown
            .any(|at| at.x < edge || at.y < edge || at.x > width as f64 - edge || at.y > height as f64 - edge)
    }

    /// The middles of the three finders; an unknown one where a code seen straight on has it.
    pub(crate) fn middles(&self) -> [Spot; 3] {
        let [corner, right, below] = self.finders.map(|finder| finder.map(|finder| finder.middle));
        let turned = |v: Spot| spot(-v.y, v.x);
        match (corner, right, below) {
            (Some(corner), Some(right), None) => [corner, right, corner + turned(right - corner)],
            (Some(corner), None, Some(below)) => [corner, corner - turned(below - corner), below],
            (None, Some(right), Some(below)) => {
                let (middle, half) = ((right + below) * 0.5, (right - below) * 0.5);
                [middle - turned(half), right, below]
            }
            (corner, right, below) => [corner, right, below].map(Option::unwrap_or_default),
        }
    }

    /// Whether three finders are about as far apart as those of a code that is seen at a moderate
    /// angle. Most accidental ones are not.
    pub(crate) fn is_plausible(&self) -> bool {
        let [Some(corner), Some(right), Some(below)] = self.finders else { return false };
        let (across, down) = (corner.middle.distance(right.middle), corner.middle.distance(below.middle));
        let slant = right.middle.distance(below.middle);
        corner.is_like(&right)
            && corner.is_like(&below)
            && right.is_like(&below)
            && across.max(down) <= 1.5 * across.min(down)
            && (slant / across.hypot(down) - 1.0).abs() < 0.16
            && across.min(down) > 1.7 * corner.width.min(right.width)
    }

    /// Whether the same finders have the same places, up to some modules.
    pub(crate) fn is_same(&self, other: &Candidate, modules: f64) -> bool {
        let reach = modules * self.module();
        self.finders.iter().zip(&other.finders).all(|pair| match pair {
            (Some(a), Some(b)) => a.middle.distance(b.middle) < reach,
            (None, None) => true,
            _ => false,
        })
    }

    /// Pairs of offset from a finder's middle, in modules, and pixel for the corners of each
    /// finder's ring: role, offset, pixel.
    pub(crate) fn corners(&self) -> Vec<(usize, Spot, Spot)> {
        let [corner, right, below] = self.middles();
        let (across, down) = (unit(right - corner), unit(below - corner));
        let squares = self.known().filter_map(|(role, finder)| Some((role, finder.middle, finder.corners?)));
        let paired = squares.flat_map(|(role, middle, corners)| {
            let square = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)];
            // Both run clockwise: one of four turns makes them match.
            let match_of = |turn: usize| -> f64 {
                let pairs = square.iter().enumerate();
                pairs.map(|(i, &(u, v))| (across * u + down * v).dot(corners[(i + turn) % 4] - middle)).sum()
            };
            let turn = (0..4).max_by(|&a, &b| match_of(a).total_cmp(&match_of(b))).unwrap_or(0);
            square
                .into_iter()
                .enumerate()
                .map(move |(i, (u, v))| (role, spot(RING * u, RING * v), corners[(i + turn) % 4]))
        });
        paired.collect()
    }
}

fn unit(vector: Spot) -> Spot {
    vector * (1.0 / vector.length().max(1e-9))
}

/// Whether three finders lie as a code's could at any angle, corner first. Those in clockwise order
/// only, as mirrored codes are told by their format.
fn could_be(corner: &Finder, right: &Finder, below: &Finder) -> bool {
    let (across, down) = (right.middle - corner.middle, below.middle - corner.middle);
    let (a, b) = (across.length(), down.length());
    let sine = across.cross(down) / (a * b);
    let sizes = [corner, right, below].map(|finder| finder.width);
    let (least, most) =
        (sizes.iter().fold(f64::MAX, |a, &b| a.min(b)), sizes.iter().fold(0.0, |a: f64, &b| a.max(b)));
    sine > 0.4
        && a.max(b) < 3.0 * a.min(b)
        && most < 2.2 * least
        && a.min(b) > 1.2 * least
        && a.max(b) < 30.0 * most
}

/// Finders that are combined with each other at most.
const MAX_LOOSE: usize = 24;

/// All ways in which three of the finders could belong to one code, the likeliest first.
pub(crate) fn threes(finders: &[Finder]) -> Vec<Candidate> {
    let finders = &finders[..finders.len().min(MAX_LOOSE)];
    let mut found = Vec::new();
    for (i, corner) in finders.iter().enumerate() {
        for (j, right) in finders.iter().enumerate() {
            for (k, below) in finders.iter().enumerate() {
                if i != j && i != k && j != k && could_be(corner, right, below) {
                    found.push(Candidate { finders: [Some(*corner), Some(*right), Some(*below)] });
                }
            }
        }
    }
    found.sort_by(|a, b| oddity(a).total_cmp(&oddity(b)));
    found
}

/// How far three finders are from a right angle with equal sides; large codes are no odder.
fn oddity(candidate: &Candidate) -> f64 {
    let [corner, right, below] = candidate.middles();
    let (across, down) = (right - corner, below - corner);
    let (a, b) = (across.length(), down.length());
    (across.dot(down) / (a * b)).abs() + (a / b).ln().abs()
}

/// All ways in which two of the finders could belong to a code whose third is unknown.
pub(crate) fn twos(finders: &[Finder]) -> Vec<Candidate> {
    let finders = &finders[..finders.len().min(MAX_LOOSE)];
    let mut found = Vec::new();
    for (i, a) in finders.iter().enumerate() {
        for b in &finders[..i] {
            if !a.is_like(b) {
                continue;
            }
            match bearing(a, b) {
                Some(Bearing::Side) => {
                    for (first, second) in [(a, b), (b, a)] {
                        found.push(Candidate { finders: [Some(*first), Some(*second), None] });
                        found.push(Candidate { finders: [Some(*first), None, Some(*second)] });
                    }
                }
                Some(Bearing::Diagonal) => {
                    found.push(Candidate { finders: [None, Some(*a), Some(*b)] });
                    found.push(Candidate { finders: [None, Some(*b), Some(*a)] });
                }
                None => {}
            }
        }
    }
    found
}

enum Bearing {
    Side,
    Diagonal,
}

/// How one finder lies from another, by the direction of their own sides.
fn bearing(a: &Finder, b: &Finder) -> Option<Bearing> {
    let apart = b.middle - a.middle;
    let modules = apart.length() / ((a.width + b.width) / 14.0);
    if !(12.0..=250.0).contains(&modules) {
        return None;
    }
    let lean = |finder: &Finder| {
        let corners = finder.corners?;
        // The angle to the nearest side, 0 along it and 1 on the diagonal.
        let sides = [corners[1] - corners[0], corners[2] - corners[1]];
        let along = sides.iter().map(|side| (unit(*side).dot(unit(apart))).abs()).fold(0.0, f64::max);
        Some(along.clamp(-1.0, 1.0).acos() / std::f64::consts::FRAC_PI_4)
    };
    let (first, second) = (lean(a)?, lean(b)?);
    match (first + second) / 2.0 {
        mean if mean < 0.4 => Some(Bearing::Side),
        mean if mean > 0.6 => Some(Bearing::Diagonal),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three pixels a module, sides along the axes.
    fn finder(x: f64, y: f64) -> Finder {
        let corners = [(-9.0, -9.0), (9.0, -9.0), (9.0, 9.0), (-9.0, 9.0)].map(|(u, v)| spot(x + u, y + v));
        Finder { middle: spot(x, y), width: 21.0, corners: Some(corners) }
    }

    fn middles(candidates: &[Candidate]) -> Vec<[Option<Spot>; 3]> {
        candidates.iter().map(|candidate| candidate.finders.map(|finder| finder.map(|f| f.middle))).collect()
    }

    #[test]
    fn the_likeliest_of_three_finders_has_the_right_angle_at_its_corner() {
        // 30 modules apart, in no order, and a fourth that is too far away.
        let finders = [finder(20.0, 110.0), finder(900.0, 20.0), finder(110.0, 20.0), finder(20.0, 20.0)];
        let found = threes(&finders);
        assert_eq!(middles(&found)[0], [spot(20.0, 20.0), spot(110.0, 20.0), spot(20.0, 110.0)].map(Some));
        assert!(found[0].is_plausible());
        assert!(found.iter().all(|candidate| candidate.known().all(|(_, f)| f.middle.x < 900.0)));
        assert!((found[0].span() - 30.0).abs() < 1e-9 && (found[0].module() - 3.0).abs() < 1e-9);
    }

    #[test]
    fn mirrored_finders_are_taken_clockwise() {
        for candidate in threes(&[finder(110.0, 20.0), finder(20.0, 20.0), finder(110.0, 110.0)]) {
            let [corner, right, below] = candidate.middles();
            assert!((right - corner).cross(below - corner) > 0.0);
        }
    }

    #[test]
    fn two_finders_side_by_side_may_be_any_two_of_a_side() {
        let (a, b) = (finder(20.0, 20.0), finder(110.0, 20.0));
        let [first, second] = [Some(b.middle), Some(a.middle)];
        let expected =
            [[first, second, None], [first, None, second], [second, first, None], [second, None, first]];
        assert_eq!(middles(&twos(&[a, b])), expected);
    }

    #[test]
    fn two_finders_across_are_right_and_below() {
        let (a, b) = (finder(110.0, 20.0), finder(20.0, 110.0));
        let [first, second] = [Some(b.middle), Some(a.middle)];
        let found = twos(&[a, b]);
        assert_eq!(middles(&found), [[None, first, second], [None, second, first]]);
        // Where the hidden one is: the far corner of the square either way.
        assert_eq!(found[1].middles()[0], spot(20.0, 20.0));
        assert_eq!(found[0].middles()[0], spot(110.0, 110.0));
    }

    #[test]
    fn finders_that_are_too_near_too_far_or_unlike_are_no_pair() {
        let small = Finder { width: 9.0, ..finder(110.0, 20.0) };
        assert!(twos(&[finder(20.0, 20.0), finder(50.0, 20.0)]).is_empty());
        assert!(twos(&[finder(20.0, 20.0), finder(900.0, 20.0)]).is_empty());
        assert!(twos(&[finder(20.0, 20.0), small]).is_empty());
    }

    #[test]
    fn a_third_finder_is_where_a_code_seen_straight_on_has_it() {
        let [corner, right, below] = [finder(20.0, 20.0), finder(110.0, 20.0), finder(20.0, 110.0)].map(Some);
        let expected = [spot(20.0, 20.0), spot(110.0, 20.0), spot(20.0, 110.0)];
        for finders in [[corner, right, None], [corner, None, below], [None, right, below]] {
            assert_eq!(Candidate { finders }.middles(), expected);
        }
        let hidden = Candidate { finders: [corner, right, None] };
        assert!(!hidden.is_cut_off(130, 130) && hidden.is_cut_off(130, 100));
        let whole = Candidate { finders: [corner, right, below] };
        assert!(whole.outline()[2].distance(spot(120.5, 120.5)) < 1e-9);
    }
}
