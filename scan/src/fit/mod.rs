//! Where each module of a code lies in a grey raster.
//!
//! Black-and-white rasters lose most of a blurred picture; the grey one still shows where patterns
//! are that every code has: the finders give a first projection, timing and alignment patterns
//! choose the number of modules and bend the projection to the code.

pub(crate) mod sample;
mod search;
mod snap;

use crate::candidate::Candidate;
use crate::geometry::{Projection, Spot, spot};
use crate::raster::Luma;
use crate::symbol::{Layout, layout};

/// A bent projection.
#[derive(Clone)]
pub(crate) struct Warp {
    projection: Projection,
    /// Places in modules where the code lies elsewhere than projected, and by how many pixels.
    bends: Vec<(Spot, Spot)>,
}

/// Modules squared within which bends blend into each other.
const SOFTNESS: f64 = 16.0;

impl Warp {
    fn flat(projection: Projection) -> Warp {
        Warp { projection, bends: Vec::new() }
    }

    pub(crate) fn at(&self, module: Spot) -> Spot {
        let flat = self.projection.at(module);
        if self.bends.is_empty() {
            return flat;
        }
        // Inverse distance weighting: exact at the bends, and no bend far away outweighs a near one.
        let (mut total, mut sum) = (0.0, spot(0.0, 0.0));
        for &(place, bend) in &self.bends {
            let apart = place - module;
            let distance = apart.dot(apart) + SOFTNESS;
            let weight = 1.0 / (distance * distance);
            total += weight;
            sum = sum + bend * weight;
        }
        flat + sum * (1.0 / total)
    }

    /// Pixels per module to the right and down.
    pub(crate) fn steps(&self, module: Spot) -> (Spot, Spot) {
        self.projection.steps(module)
    }

    fn bend(&mut self, pairs: &[(Spot, Spot)]) {
        self.bends =
            pairs.iter().map(|&(module, pixel)| (module, pixel - self.projection.at(module))).collect();
    }
}

/// A code's place, and how much the patterns that every code has agree with it.
pub(crate) struct Fit {
    warp: Warp,
    pub(crate) layout: &'static Layout,
    /// Agreement of timing and alignment patterns; compares fits of one code.
    score: f32,
}

impl Fit {
    /// Corners of the code: top left, top right, bottom right, bottom left.
    pub(crate) fn outline(&self) -> [Spot; 4] {
        let size = self.layout.size as f64;
        [spot(0.0, 0.0), spot(size, 0.0), spot(size, size), spot(0.0, size)]
            .map(|corner| self.warp.at(corner))
    }

    /// Pixels a module in the middle of the code.
    pub(crate) fn module(&self) -> f64 {
        let (right, down) = self.warp.steps(spot(0.5, 0.5) * self.layout.size as f64);
        (right.length() + down.length()) / 2.0
    }

    /// The same code with a grid that follows a surface that is not flat.
    pub(crate) fn snapped(&self, luma: &Luma) -> Fit {
        let warp = snap::snapped(luma, &self.warp, self.layout);
        Fit { warp, layout: self.layout, score: self.score }
    }
}

/// Sizes on either side of the estimate that are tried.
const NEIGHBOURS: [isize; 5] = [0, 1, -1, 2, -2];
/// Fits that are worth sampling.
const KEPT: usize = 2;

/// What another reader told of a code.
#[derive(Clone, Copy)]
pub(crate) struct Clue {
    /// Modules on a side.
    pub(crate) size: usize,
    /// Where it saw the corners of the code.
    pub(crate) outline: [Spot; 4],
}

/// The best fits for a candidate, the best first.
pub(crate) fn fits(luma: &Luma, candidate: &Candidate, clue: Option<Clue>) -> Vec<Fit> {
    let mut sizes: Vec<usize> = clue.map(|clue| clue.size).into_iter().collect();
    for size in likely_sizes(candidate) {
        if !sizes.contains(&size) {
            sizes.push(size);
        }
    }
    let fit = |size| fit(luma, candidate, clue, layout(size)?);
    let mut fits: Vec<Fit> = sizes.into_iter().filter_map(fit).collect();
    fits.sort_by(|a, b| b.score.total_cmp(&a.score));
    fits.truncate(KEPT);
    fits
}

fn likely_sizes(candidate: &Candidate) -> impl Iterator<Item = usize> {
    let version = ((candidate.span() + 7.0 - 17.0) / 4.0).round().clamp(0.0, 45.0) as isize;
    NEIGHBOURS.into_iter().filter_map(move |step| {
        let version = usize::try_from(version + step).ok()?;
        (1..=40).contains(&version).then_some(17 + 4 * version)
    })
}

/// Middles of the finders, in modules.
fn anchors(size: usize) -> [Spot; 3] {
    let far = size as f64 - 3.5;
    [spot(3.5, 3.5), spot(far, 3.5), spot(3.5, far)]
}

/// Agreement of the timing patterns below which no projection is refined. Codes that are bent reach
/// this where the pattern leaves the finders.
const LEAST_FIRST_TIMING: f32 = 0.6;

/// Agreement of timing and alignment patterns below which a fit is chance: timing is a half by
/// chance, the likeness of a random place to an alignment pattern about 0.2.
const LEAST_SCORE: f32 = 0.9;
/// The same for codes without alignment patterns.
const LEAST_TIMING: f32 = 0.6;

fn fit(luma: &Luma, candidate: &Candidate, clue: Option<Clue>, layout: &'static Layout) -> Option<Fit> {
    let base = middle_pairs(candidate, layout.size);
    let probes = probes(layout);
    let rate = |warp: &Warp| {
        let likeness = |&place: &Spot| {
            search::alignment(luma, warp, place, 1.0, 1).first().map_or(0.0, |hit| hit.likeness)
        };
        let alignment = probes.iter().map(likeness).sum::<f32>() / probes.len().max(1) as f32;
        timing(luma, warp, layout.size) + alignment
    };
    let guesses = first_guesses(luma, candidate, clue, layout, &base).into_iter().map(Warp::flat);
    let rated = guesses.map(|warp| {
        // Two finders say little of the far side; alignment patterns lead there step by step.
        let warp = if base.len() == 3 { warp } else { bent(luma, warp, layout, &base) };
        (rate(&warp), warp)
    });
    let (score, warp) = rated.max_by(|a, b| a.0.total_cmp(&b.0))?;
    if score < if probes.is_empty() { LEAST_TIMING } else { LEAST_SCORE } {
        return None;
    }
    let warp = bent(luma, warp, layout, &base);
    let timing = timing(luma, &warp, layout.size);
    Some(Fit { warp, layout, score: score + 2.0 * timing })
}

/// Alignment patterns that a projection is judged by: those furthest from the three finders.
fn probes(layout: &Layout) -> Vec<Spot> {
    let aim = spot(0.6, 0.6) * layout.size as f64;
    let mut places = layout.alignment.clone();
    places.sort_by(|a, b| a.distance(aim).total_cmp(&b.distance(aim)));
    places.truncate(6);
    places
}

/// Projections through the known finders; they differ in where the other corners are.
fn first_guesses(
    luma: &Luma,
    candidate: &Candidate,
    clue: Option<Clue>,
    layout: &Layout,
    base: &[(Spot, Spot)],
) -> Vec<Projection> {
    let size = layout.size as f64;
    let anchors = anchors(layout.size);
    let with = |pairs: &[(Spot, Spot)]| Projection::fit(&[base, pairs].concat(), layout.size);
    let middles = candidate.middles();
    let far = (spot(size - 3.5, size - 3.5), middles[1] + middles[2] - middles[0]);
    let mut starts = Vec::new();
    let known = known_pairs(candidate, layout.size);
    if known.len() >= base.len() + 4 {
        starts.extend(Projection::fit(&known, layout.size));
    }
    let straight: Vec<(Spot, Spot)> = anchors.into_iter().zip(middles).chain([far]).collect();
    starts.extend(Projection::fit(&straight, layout.size));
    if let Some(clue) = clue.filter(|clue| clue.size == layout.size) {
        starts.extend(with(&[(spot(size, size), clue.outline[2])]));
    }
    let promising = |start: &Projection| timing(luma, &Warp::flat(*start), layout.size) >= LEAST_FIRST_TIMING;
    if !starts.iter().any(promising) {
        return Vec::new();
    }
    let mut guesses = starts.clone();
    if layout.size > 21 && base.len() == 3 {
        let last = spot(size - 6.5, size - 6.5);
        for start in starts {
            let hits = search::alignment(luma, &Warp::flat(start), last, 2.5 + 0.06 * size, 4);
            let likely = hits.iter().filter(|hit| hit.likeness > 0.4);
            guesses.extend(likely.filter_map(|hit| with(&[(last, hit.pixel)])));
        }
    }
    guesses
}

/// Bends a projection to finders and alignment patterns, outwards from the known finders.
fn bent(luma: &Luma, warp: Warp, layout: &Layout, base: &[(Spot, Spot)]) -> Warp {
    let exact = |&(place, pixel): &(Spot, Spot)| {
        let hit = search::finder(luma, &warp, place, 0.75).filter(|hit| hit.likeness > 0.5);
        (place, hit.map_or(pixel, |hit| hit.pixel))
    };
    let known: Vec<(Spot, Spot)> = base.iter().map(exact).collect();
    let from_known =
        |place: &Spot| base.iter().map(|(finder, _)| finder.distance(*place)).fold(f64::MAX, f64::min);
    let mut order = layout.alignment.clone();
    order.sort_by(|a, b| from_known(a).total_cmp(&from_known(b)));
    let mut warp = warp;
    for reach in [1.5, 0.75] {
        let mut pairs = known.clone();
        warp.bend(&pairs);
        for &place in &order {
            let hits = search::alignment(luma, &warp, place, reach, 1);
            if let Some(hit) = hits.first().filter(|hit| hit.likeness > 0.6) {
                pairs.push((place, hit.pixel));
                warp.bend(&pairs);
            }
        }
        if pairs.len() >= 5
            && let Some(projection) = Projection::fit(&pairs, layout.size)
        {
            warp.projection = projection;
        }
        warp.bend(&pairs);
    }
    warp
}

/// The share of timing modules that are darker or lighter than their neighbours as they should be.
fn timing(luma: &Luma, warp: &Warp, size: usize) -> f32 {
    (timing_along(luma, warp, size, true) + timing_along(luma, warp, size, false)) / 2.0
}

/// The same of the pattern across or down.
fn timing_along(luma: &Luma, warp: &Warp, size: usize, across: bool) -> f32 {
    let value = |at: usize| {
        let (along, line) = (at as f64 + 0.5, 6.5);
        let place = if across { spot(along, line) } else { spot(line, along) };
        luma.at(warp.at(place))
    };
    let values: Vec<f32> = (6..size - 6).map(value).collect();
    let as_it_should = |(at, three): (usize, &[f32])| {
        let darker = three[1] < (three[0] + three[2]) / 2.0;
        darker == ((at + 7) % 2 == 0)
    };
    let right = values.windows(3).enumerate().filter(|&pair| as_it_should(pair)).count();
    right as f32 / (values.len() - 2) as f32
}

/// Whether the timing pattern between two neighbouring finders is there, which tells on which side
/// of them the code is.
pub(crate) fn has_timing_between(luma: &Luma, candidate: &Candidate) -> bool {
    let across = match candidate.finders {
        [Some(_), Some(_), None] => true,
        [Some(_), None, Some(_)] => false,
        _ => return false,
    };
    let is_there = |size: usize| {
        let pairs = known_pairs(candidate, size);
        let warp = Projection::fit(&pairs, size).map(Warp::flat);
        warp.is_some_and(|warp| timing_along(luma, &warp, size, across) > SURE_TIMING)
    };
    likely_sizes(candidate).any(is_there)
}

/// Agreement of a timing pattern that chance does not reach.
const SURE_TIMING: f32 = 0.95;

/// Pairs of module and pixel: the middles of the known finders.
fn middle_pairs(candidate: &Candidate, size: usize) -> Vec<(Spot, Spot)> {
    let anchors = anchors(size);
    candidate.known().map(|(role, finder)| (anchors[role], finder.middle)).collect()
}

/// The same and the corners of their rings.
fn known_pairs(candidate: &Candidate, size: usize) -> Vec<(Spot, Spot)> {
    let anchors = anchors(size);
    let corners = candidate.corners().into_iter();
    let corners = corners.map(|(role, offset, pixel)| (anchors[role] + offset, pixel));
    middle_pairs(candidate, size).into_iter().chain(corners).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drawn::ALPHA;
    use crate::finder::{Finder, RING};
    use crate::symbol;

    const CORNERS: [Spot; 4] = [spot(40.0, 50.0), spot(245.0, 30.0), spot(230.0, 250.0), spot(50.0, 225.0)];

    /// The code seen at an angle, and its finders as a detector would tell them.
    fn tilted() -> (Luma, Candidate) {
        let ends = [spot(0.0, 0.0), spot(37.0, 0.0), spot(37.0, 37.0), spot(0.0, 37.0)];
        let pairs: Vec<(Spot, Spot)> = ends.into_iter().zip(CORNERS).collect();
        let projection = Projection::fit(&pairs, 37).expect("corners of a figure");
        let finder = |module: Spot| {
            let ring = [(-RING, -RING), (RING, -RING), (RING, RING), (-RING, RING)];
            let corners = ring.map(|(u, v)| projection.at(module + spot(u, v)));
            let (right, down) = projection.steps(module);
            let width = 3.5 * (right.length() + down.length());
            Some(Finder { middle: projection.at(module), width, corners: Some(corners) })
        };
        (ALPHA.tilted(280, 280, CORNERS), Candidate { finders: anchors(37).map(finder) })
    }

    fn assert_reads(luma: &Luma, fit: &Fit) {
        assert_eq!(fit.layout.size, 37);
        for (found, expected) in fit.outline().into_iter().zip(CORNERS) {
            assert!(found.distance(expected) < 3.0, "{found:?} {expected:?}");
        }
        let reading = symbol::read(&sample::sample(luma, fit).best(), true).expect("a code");
        assert_eq!(reading.message.payload.as_slice(), ALPHA.text.as_bytes());
    }

    #[test]
    fn a_code_seen_at_an_angle_is_fitted_and_read() {
        let (luma, candidate) = tilted();
        let fits = fits(&luma, &candidate, None);
        assert_reads(&luma, &fits[0]);
        assert_reads(&luma, &fits[0].snapped(&luma));
    }

    #[test]
    fn a_clue_of_another_size_does_not_mislead() {
        let (luma, candidate) = tilted();
        let clue = Clue { size: 41, outline: CORNERS };
        assert_reads(&luma, &fits(&luma, &candidate, Some(clue))[0]);
    }

    #[test]
    fn finders_at_odd_places_have_no_fit_and_do_not_panic() {
        let (luma, candidate) = tilted();
        let [corner, right, below] = candidate.finders;
        assert!(fits(&luma, &Candidate { finders: [corner, corner, corner] }, None).is_empty());
        for value in [f64::NAN, f64::INFINITY, -1e30, 0.0] {
            let odd =
                Finder { middle: spot(value, value), width: value, corners: Some([spot(value, 1.0); 4]) };
            for finders in [[Some(odd), right, below], [corner, Some(odd), None], [Some(odd); 3]] {
                fits(&luma, &Candidate { finders }, None);
            }
        }
    }
}
