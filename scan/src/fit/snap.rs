//! Bending a grid to a crumpled or curved code by the contrast of its modules.
//!
//! Where the grid lies on the modules, samples are as dark and as light as can be; between them,
//! they mix. So a small part of the grid is moved to where its samples differ most, outwards from
//! the finders, which hold the first parts in place.

use super::{Warp, anchors};
use crate::geometry::{Spot, spot};
use crate::raster::Luma;
use crate::symbol::Layout;

/// Modules between the places that are moved.
const SPACING: f64 = 5.0;
/// Modules on either side of such a place that move with it.
const REACH: isize = 4;
/// How far a part may move at once and by which steps, in modules.
const ROUNDS: [(i32, f64); 2] = [(3, 0.18), (3, 0.08)];
/// A place that is moved must gain this share, or noise would move it.
const LEAST_GAIN: f32 = 1.02;

/// A bend that is moved with its surroundings.
pub(super) fn snapped(luma: &Luma, warp: &Warp, layout: &Layout) -> Warp {
    let places = places(layout.size);
    let mut warp = warp.clone();
    for (steps, step) in ROUNDS {
        let mut pairs: Vec<(Spot, Spot)> = Vec::with_capacity(places.len());
        let start = warp.clone();
        for &place in &places {
            // What was moved before moves what comes after.
            let pull = pull(&pairs, &start, place);
            let pixel = best(luma, &start, layout, place, pull, (steps, step));
            pairs.push((place, pixel));
        }
        warp.bend(&smoothed(&pairs, &start));
    }
    warp
}

/// Each place moved by the mean of its own move and those of its neighbours: paper has no jumps.
fn smoothed(pairs: &[(Spot, Spot)], start: &Warp) -> Vec<(Spot, Spot)> {
    let moves: Vec<(Spot, Spot)> =
        pairs.iter().map(|&(place, pixel)| (place, pixel - start.at(place))).collect();
    let smooth = |&(place, _): &(Spot, Spot)| {
        let near = moves.iter().filter(|(other, _)| other.distance(place) < 1.6 * SPACING);
        let (count, sum) =
            near.fold((0.0, spot(0.0, 0.0)), |(count, sum), &(_, shift)| (count + 1.0, sum + shift));
        (place, start.at(place) + sum * (1.0 / count))
    };
    moves.iter().map(smooth).collect()
}

/// Places all over the code, from the finders outwards.
fn places(size: usize) -> Vec<Spot> {
    let count = (size as f64 / SPACING).ceil();
    let at = |i: usize| (i as f64 * size as f64 / count).floor() + 0.5;
    let mut places = Vec::new();
    for row in 0..=count as usize {
        for column in 0..=count as usize {
            places.push(spot(at(column).min(size as f64 - 0.5), at(row).min(size as f64 - 0.5)));
        }
    }
    let anchors = anchors(size);
    let from_finder =
        |place: &Spot| anchors.iter().map(|anchor| anchor.distance(*place)).fold(f64::MAX, f64::min);
    places.sort_by(|a, b| from_finder(a).total_cmp(&from_finder(b)));
    places
}

/// By how many pixels the neighbours of a place have been moved, on average.
fn pull(pairs: &[(Spot, Spot)], start: &Warp, place: Spot) -> Spot {
    let (mut weights, mut sum) = (0.0, spot(0.0, 0.0));
    for &(near, pixel) in pairs {
        let distance = near.distance(place);
        if distance < 2.5 * SPACING {
            let weight = 1.0 / (1.0 + distance * distance);
            weights += weight;
            sum = sum + (pixel - start.at(near)) * weight;
        }
    }
    if weights > 0.0 { sum * (1.0 / weights) } else { sum }
}

fn best(
    luma: &Luma,
    warp: &Warp,
    layout: &Layout,
    place: Spot,
    pull: Spot,
    (steps, step): (i32, f64),
) -> Spot {
    let (right, down) = warp.steps(place);
    let middles = middles(warp, layout, place);
    let middle = warp.at(place) + pull;
    let rate = |shift: Spot| spread(luma, &middles, pull + shift);
    let mut best = (rate(spot(0.0, 0.0)) * LEAST_GAIN, middle);
    for i in -steps..=steps {
        for j in -steps..=steps {
            let shift = right * (step * f64::from(j)) + down * (step * f64::from(i));
            let gain = rate(shift);
            if gain > best.0 {
                best = (gain, middle + shift);
            }
        }
    }
    best.1
}

/// Where the modules around a place are.
fn middles(warp: &Warp, layout: &Layout, place: Spot) -> Vec<Spot> {
    let size = layout.size as isize;
    let (column, row) = (place.x as isize, place.y as isize);
    let span = |at: isize| (at - REACH).max(0)..(at + REACH + 1).min(size);
    span(row).flat_map(|y| span(column).map(move |x| warp.at(spot(x as f64 + 0.5, y as f64 + 0.5)))).collect()
}

/// The variance of the samples.
fn spread(luma: &Luma, middles: &[Spot], shift: Spot) -> f32 {
    let (mut sum, mut squares) = (0.0, 0.0);
    for &middle in middles {
        let value = luma.at(middle + shift);
        sum += value;
        squares += value * value;
    }
    squares - sum * sum / middles.len() as f32
}
