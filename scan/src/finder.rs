//! Finder patterns (the three square eyes of a QR code) and the layouts they form.
//!
//! This looks for codes without reading them. It serves two ends: the reader gets small windows
//! with one code each, so that its cost stays bounded on crowded or hostile pictures, and a code
//! that is seen but cannot be read is counted.

use crate::raster::Bits;

/// More finder patterns than any sheet of codes has; the best-supported are kept.
const MAX_FINDERS: usize = 360;
/// More layouts than can be tried; the most plausible are kept.
const MAX_LAYOUTS: usize = 240;
/// As many neighbours of a finder are combined; the nearest are kept.
const MAX_NEIGHBOURS: usize = 48;

/// A finder pattern: centre and size of a module, in pixels of the raster searched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Finder {
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) module: f32,
    hits: u32,
}

/// Three finder patterns placed as a QR code places them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    /// Top left, top right, bottom left; mirrored codes have the latter two exchanged.
    pub(crate) finders: [Finder; 3],
    /// Mean size of a module.
    pub(crate) module: f32,
    /// Both timing patterns between the finders are there as well: a code beyond reasonable doubt.
    pub(crate) timed: bool,
    misfit: f32,
}

/// Every plausible layout, the best first.
pub(crate) fn layouts(bits: &Bits) -> Vec<Layout> {
    let finders = finders(bits);
    let mut found = Vec::new();
    for (corner, &finder) in finders.iter().enumerate() {
        let near = neighbours(&finders, corner);
        for (index, &first) in near.iter().enumerate() {
            for &second in &near[index + 1..] {
                found.extend(layout(bits, finder, first, second));
            }
        }
    }
    found.sort_by(|a, b| a.misfit.total_cmp(&b.misfit));
    found.truncate(MAX_LAYOUTS);
    found
}

fn finders(bits: &Bits) -> Vec<Finder> {
    // A finder's centre is at least three rows high, so in tall pictures every other row will do.
    let step = if bits.height > 1000 { 2 } else { 1 };
    let mut found: Vec<Finder> = Vec::new();
    let mut edges = Vec::new();
    for y in (0..bits.height).step_by(step) {
        row_edges(bits, y, &mut edges);
        for run in edges.windows(6) {
            if bits.dark(run[0], y)
                && let Some(finder) = examine(bits, run, y)
            {
                merge(&mut found, finder);
            }
        }
    }
    found.sort_by_key(|finder| std::cmp::Reverse(finder.hits));
    found.truncate(MAX_FINDERS);
    found
}

/// Positions in row `y` where a new run of one tone starts, both ends of the row included.
fn row_edges(bits: &Bits, y: usize, edges: &mut Vec<usize>) {
    edges.clear();
    edges.push(0);
    let row = &bits.cells[y * bits.width..(y + 1) * bits.width];
    for (x, pair) in row.windows(2).enumerate() {
        if pair[0] != pair[1] {
            edges.push(x + 1);
        }
    }
    edges.push(bits.width);
}

/// Confirms a dark-light-dark-light-dark row pattern along the column and the row again.
fn examine(bits: &Bits, edges: &[usize], y: usize) -> Option<Finder> {
    let runs: [usize; 5] = std::array::from_fn(|i| edges[i + 1] - edges[i]);
    finder_like(&runs)?;
    let centre = (edges[2] + edges[3]) / 2;
    let limit = runs.iter().sum();
    let (middle, height) = across(bits, centre, y, false, limit)?;
    let (x, width) = across(bits, centre, middle.round() as usize, true, limit)?;
    let (small, large) = (width.min(height), width.max(height));
    (large <= 2.0 * small).then_some(Finder { x, y: middle, module: (width + height) / 14.0, hits: 1 })
}

/// Measures the pattern through a dark point along a row or column: its centre and length.
fn across(bits: &Bits, x: usize, y: usize, row: bool, limit: usize) -> Option<(f32, f32)> {
    if x >= bits.width || y >= bits.height || !bits.dark(x, y) {
        return None;
    }
    let (start, end) = if row { (x, bits.width) } else { (y, bits.height) };
    let dark = |at: usize| {
        if row { bits.dark(at, y) } else { bits.dark(x, at) }
    };
    let after = three_runs((start + 1..end).map(dark), limit);
    let before = three_runs((0..start).rev().map(dark), limit);
    let runs = [before[2], before[1], before[0] + 1 + after[0], after[1], after[2]];
    finder_like(&runs)?;
    let from = (start - before[0]) as f32;
    let length = runs.iter().sum::<usize>() as f32;
    Some((from + (runs[2] as f32 - 1.0) / 2.0, length))
}

/// Lengths of the dark, light and dark run that `tones` begins with. A run longer than `limit` ends
/// the walk: stripes must not cost the whole height of the picture at every crossing.
fn three_runs(tones: impl Iterator<Item = bool>, limit: usize) -> [usize; 3] {
    let mut runs = [0; 3];
    let mut run = 0;
    for dark in tones {
        if dark != (run % 2 == 0) {
            run += 1;
            if run == 3 {
                break;
            }
        }
        runs[run] += 1;
        if runs[run] > limit {
            break;
        }
    }
    runs
}

/// The proportion 1:1:3:1:1, each within half a module or, in tiny codes, a rounded pixel.
fn finder_like(runs: &[usize; 5]) -> Option<()> {
    let total: usize = runs.iter().sum();
    if total < 7 || runs.contains(&0) {
        return None;
    }
    let module = total as f32 / 7.0;
    let slack = (module / 2.0).max(0.8);
    let fits = |run: usize, modules: f32| (run as f32 - modules * module).abs() < modules.sqrt() * slack;
    let all = fits(runs[2], 3.0) && [0, 1, 3, 4].iter().all(|&i| fits(runs[i], 1.0));
    all.then_some(())
}

/// Adds a sighting to the finder it belongs to.
fn merge(found: &mut Vec<Finder>, new: Finder) {
    let same = |old: &&mut Finder| {
        (old.x - new.x).abs() <= old.module * 1.5
            && (old.y - new.y).abs() <= old.module * 1.5
            && old.module <= 1.7 * new.module
            && new.module <= 1.7 * old.module
    };
    if let Some(old) = found.iter_mut().find(same) {
        let weight = old.hits as f32;
        let mean = |a: f32, b: f32| (a * weight + b) / (weight + 1.0);
        old.x = mean(old.x, new.x);
        old.y = mean(old.y, new.y);
        old.module = mean(old.module, new.module);
        old.hits += 1;
    } else if found.len() < 8 * MAX_FINDERS {
        // Past this bound the picture is texture; the search must not grow quadratic.
        found.push(new);
    }
}

/// The finders that can belong to one code with this one: alike in size and in the number of rows
/// they were seen in, and 14 to 170 modules away (more when the perspective shrinks the module).
fn neighbours(finders: &[Finder], corner: usize) -> Vec<Finder> {
    let one = finders[corner];
    let distance = |other: &Finder| (one.x - other.x).hypot(one.y - other.y);
    let belongs = |other: &Finder| {
        let module = (one.module + other.module) / 2.0;
        one.module.max(other.module) <= 1.8 * one.module.min(other.module)
            && one.hits.max(other.hits) <= 4 * one.hits.min(other.hits) + 2
            && (9.0..=230.0).contains(&(distance(other) / module))
    };
    let mut near: Vec<Finder> = finders.iter().copied().filter(belongs).collect();
    near.sort_by(|a, b| distance(a).total_cmp(&distance(b)));
    near.truncate(MAX_NEIGHBOURS);
    near
}

fn layout(bits: &Bits, corner: Finder, first: Finder, second: Finder) -> Option<Layout> {
    let (ax, ay) = (first.x - corner.x, first.y - corner.y);
    let (bx, by) = (second.x - corner.x, second.y - corner.y);
    let (a, b) = (ax.hypot(ay), bx.hypot(by));
    let cosine = ((ax * bx + ay * by) / (a * b)).abs();
    let legs = a.max(b) / a.min(b);
    if cosine > 0.5 || legs > 1.6 {
        return None;
    }
    // In picture coordinates the way from top right to bottom left turns clockwise.
    let (right, below) = if ax * by > ay * bx { (first, second) } else { (second, first) };
    let module = (corner.module + right.module + below.module) / 3.0;
    let span = (a + b) / (2.0 * module);
    let largest = corner.module.max(right.module).max(below.module);
    let smallest = corner.module.min(right.module).min(below.module);
    let across = timing_misfit(bits, &corner, &right, &below);
    let down = timing_misfit(bits, &corner, &below, &right);
    let (timing, worse) = (across.min(down), across.max(down));
    Some(Layout {
        finders: [corner, right, below],
        module,
        timed: worse < 0.25 && cosine < 0.3 && legs < 1.3 && span > 12.5,
        misfit: cosine + (legs - 1.0) + (largest / smallest - 1.0) + timing.min(1.0) + span / 400.0,
    })
}

/// How far the number of module-sized runs along a timing pattern is from one per module, as a
/// share. The pattern runs between two finders, three modules beside the line through their centres.
fn timing_misfit(bits: &Bits, corner: &Finder, along: &Finder, aside: &Finder) -> f32 {
    let (dx, dy) = (along.x - corner.x, along.y - corner.y);
    let (sx, sy) = (aside.x - corner.x, aside.y - corner.y);
    let (length, side) = (dx.hypot(dy), sx.hypot(sy));
    let module = (corner.module + along.module) / 2.0;
    let offset = |module: f32| (sx / side * 3.0 * module, sy / side * 3.0 * module);
    let (from, to) = (offset(corner.module), offset(along.module));
    let step = (dx + to.0 - from.0, dy + to.1 - from.1);
    // The walk leaves both finders aside: it starts and ends three modules from their centres.
    let margin = 3.0 * module;
    let (mut regular, mut run, mut last) = (0u32, 0u32, true);
    for distance in 0..=(length - 2.0 * margin).max(0.0) as usize {
        let t = (margin + distance as f32) / length;
        let x = corner.x + from.0 + t * step.0;
        let y = corner.y + from.1 + t * step.1;
        let dark = bits.dark_at(x, y);
        if dark != last {
            // Text and icons change tone as often, but not as evenly.
            regular += u32::from((0.4..=1.8).contains(&(run as f32 / module)));
            run = 0;
        }
        run += 1;
        last = dark;
    }
    let expected = (length / module - 6.0).max(1.0);
    (regular as f32 / expected - 1.0).abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Paints finder patterns of the given module size at these top left corners.
    fn painted(side: usize, module: usize, corners: &[(usize, usize)]) -> Bits {
        let mut cells = vec![0; side * side];
        for &(left, top) in corners {
            for y in 0..7 * module {
                for x in 0..7 * module {
                    let (u, v) = ((x / module).abs_diff(3), (y / module).abs_diff(3));
                    cells[(top + y) * side + left + x] = u8::from(u.max(v) != 2);
                }
            }
        }
        Bits { width: side, height: side, cells }
    }

    #[test]
    fn finders_are_measured() {
        let found = finders(&painted(80, 4, &[(20, 30)]));
        assert_eq!(found.len(), 1);
        assert!((found[0].x - 33.5).abs() < 0.6 && (found[0].y - 43.5).abs() < 0.6);
        assert!((found[0].module - 4.0).abs() < 0.1);
    }

    #[test]
    fn a_finder_at_the_very_edge_counts() {
        assert_eq!(finders(&painted(14, 2, &[(0, 0)])).len(), 1);
    }

    #[test]
    fn three_in_a_corner_form_a_layout_and_three_in_a_row_do_not() {
        let corner = layouts(&painted(200, 4, &[(20, 20), (108, 20), (20, 108)]));
        assert_eq!(corner.len(), 1);
        let [top_left, top_right, bottom_left] = corner[0].finders;
        assert!(top_left.x < 40.0 && top_right.x > 100.0 && bottom_left.y > 100.0);
        assert!(!corner[0].timed);
        let row = layouts(&painted(200, 4, &[(10, 20), (80, 20), (150, 20)]));
        assert!(row.is_empty());
    }
}
