//! Finding the patterns of a code by their likeness to what they should look like.

use super::Warp;
use crate::geometry::{Spot, spot};
use crate::raster::Luma;

/// A place that looks like the pattern.
#[derive(Clone, Copy)]
pub(crate) struct Hit {
    /// Normalised correlation: 1 is alike, 0 unrelated.
    pub(crate) likeness: f32,
    pub(crate) pixel: Spot,
}

/// Modules from the middle to the outer ring.
const ALIGNMENT: i32 = 2;
const FINDER: i32 = 3;

/// The places within `reach` modules of `place` that look most like an alignment pattern.
pub(crate) fn alignment(luma: &Luma, warp: &Warp, place: Spot, reach: f64, keep: usize) -> Vec<Hit> {
    search(luma, warp, place, reach, ALIGNMENT, keep)
}

/// The place within `reach` modules of `place` that looks most like a finder pattern.
pub(crate) fn finder(luma: &Luma, warp: &Warp, place: Spot, reach: f64) -> Option<Hit> {
    search(luma, warp, place, reach, FINDER, 1).into_iter().next()
}

fn search(luma: &Luma, warp: &Warp, place: Spot, reach: f64, rings: i32, keep: usize) -> Vec<Hit> {
    let middle = warp.at(place);
    let (right, down) = warp.steps(place);
    let like = |pixel: Spot| likeness(luma, pixel, right, down, rings);
    let step = if reach > 3.0 { 0.5 } else { 0.25 };
    let steps = (reach / step).round() as i32;
    let mut tried = Vec::new();
    for i in -steps..=steps {
        for j in -steps..=steps {
            let offset = spot(f64::from(j) * step, f64::from(i) * step);
            let pixel = middle + right * offset.x + down * offset.y;
            // Of equals, the nearest to where it is expected.
            let penalty = 0.02 * offset.length() / reach.max(1.0);
            tried.push((like(pixel) - penalty as f32, pixel, offset));
        }
    }
    tried.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut best: Vec<(f32, Spot, Spot)> = Vec::new();
    for hit in tried {
        if best.len() == keep {
            break;
        }
        // Neighbours of a hit are the same hit.
        if best.iter().all(|other| other.2.distance(hit.2) > 1.2) {
            best.push(hit);
        }
    }
    best.into_iter()
        .map(|(likeness, pixel, _)| refined(Hit { likeness, pixel }, right, down, &like))
        .collect()
}

fn refined(mut hit: Hit, right: Spot, down: Spot, like: &impl Fn(Spot) -> f32) -> Hit {
    for step in [0.12, 0.06] {
        let start = hit.pixel;
        for i in -2..=2 {
            for j in -2..=2 {
                let pixel = start + right * (step * f64::from(j)) + down * (step * f64::from(i));
                let likeness = like(pixel);
                if likeness > hit.likeness {
                    hit = Hit { likeness, pixel };
                }
            }
        }
    }
    hit
}

/// Contrast below which a place has no pattern, as variance of its grey values.
const LEAST_VARIANCE: f32 = 4.0;

/// Correlation of the modules around a place with concentric rings: dark in the middle and outside,
/// light between.
fn likeness(luma: &Luma, middle: Spot, right: Spot, down: Spot, rings: i32) -> f32 {
    let light_ring = rings - 1;
    let (mut sum, mut squares, mut match_sum, mut light) = (0.0, 0.0, 0.0, 0.0);
    for i in -rings..=rings {
        for j in -rings..=rings {
            let value = luma.at(middle + right * f64::from(j) + down * f64::from(i));
            sum += value;
            squares += value * value;
            if i.abs().max(j.abs()) == light_ring {
                match_sum += value;
                light += 1.0;
            }
        }
    }
    let count = ((2 * rings + 1) * (2 * rings + 1)) as f32;
    let variance = squares - sum * sum / count;
    if variance < LEAST_VARIANCE * count {
        return 0.0;
    }
    let covariance = match_sum - sum * light / count;
    covariance / (variance * (light - light * light / count)).sqrt()
}
