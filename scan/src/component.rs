//! Connected dark regions, and the finder patterns made of them.
//!
//! The reader tests every pair of finder patterns against every third one on a copy of the whole
//! window, so its time grows with the cube of their number: a crowded picture can keep it busy for
//! minutes. This module finds the same patterns by the reader's own rule and removes those that are
//! not part of the code that is being read.

use crate::raster::Bits;

/// Finder-like shapes in the data of a code that may stay: few enough to keep the reader fast.
const MAX_STRANGERS: usize = 5;

/// A dark ring around a separate dark stone.
struct Eye {
    stone: u32,
    x: usize,
    y: usize,
}

/// A window prepared for the reader.
pub(crate) enum Isolated {
    /// The three finders are whole and nothing else would distract the reader.
    Ready(Bits),
    /// Too many finder-like shapes inside the code itself.
    Crowded,
    /// At least one of the finders is merged or broken, so the reader would not see it.
    Broken,
}

/// Blanks the stone of every finder-like shape that is neither near one of `eyes` (x, y and reach)
/// nor inside the code, where blanking would destroy data.
pub(crate) fn isolated(mut bits: Bits, eyes: &[(f32, f32, f32); 3]) -> Isolated {
    let (labels, areas) = label(&bits);
    let mut present = [false; 3];
    let mut inside = 0;
    let mut blank = vec![false; areas.len()];
    for eye in find_eyes(&bits, &labels, &areas) {
        let (x, y) = (eye.x as f32, eye.y as f32);
        let near = |e: &(f32, f32, f32)| (e.0 - x).abs().max((e.1 - y).abs()) <= e.2;
        if let Some(index) = eyes.iter().position(near) {
            present[index] = true;
        } else if in_parallelogram(eyes, x, y) {
            inside += 1;
        } else {
            blank[eye.stone as usize] = true;
        }
    }
    if present.contains(&false) {
        return Isolated::Broken;
    }
    if inside > MAX_STRANGERS {
        return Isolated::Crowded;
    }
    for (cell, &label) in bits.cells.iter_mut().zip(&labels) {
        if blank[label as usize] {
            *cell = 0;
        }
    }
    Isolated::Ready(bits)
}

/// Whether a point lies in the parallelogram spanned by the top left, top right and bottom left eye.
fn in_parallelogram(eyes: &[(f32, f32, f32); 3], x: f32, y: f32) -> bool {
    let [(ox, oy, _), (ax, ay, _), (bx, by, _)] = *eyes;
    let (ax, ay, bx, by) = (ax - ox, ay - oy, bx - ox, by - oy);
    let (x, y) = (x - ox, y - oy);
    let det = ax * by - ay * bx;
    let (u, v) = ((x * by - y * bx) / det, (ax * y - ay * x) / det);
    (-0.05..=1.05).contains(&u) && (-0.05..=1.05).contains(&v)
}

/// Labels the dark cells that touch by a side; returns a label per cell and an area per label.
/// Label 0 is light.
fn label(bits: &Bits) -> (Vec<u32>, Vec<usize>) {
    let mut labels = vec![0u32; bits.cells.len()];
    let mut parents = vec![0u32];
    for y in 0..bits.height {
        for x in 0..bits.width {
            let at = y * bits.width + x;
            if bits.cells[at] == 0 {
                continue;
            }
            let left = if x > 0 { labels[at - 1] } else { 0 };
            let above = if y > 0 { labels[at - bits.width] } else { 0 };
            labels[at] = match (left, above) {
                (0, 0) => {
                    parents.push(parents.len() as u32);
                    parents.len() as u32 - 1
                }
                (0, one) | (one, 0) => one,
                (left, above) => join(&mut parents, left, above),
            };
        }
    }
    let mut areas = vec![0; parents.len()];
    for label in &mut labels {
        *label = root(&mut parents, *label);
        areas[*label as usize] += 1;
    }
    (labels, areas)
}

fn root(parents: &mut [u32], mut label: u32) -> u32 {
    while parents[label as usize] != label {
        let above = parents[parents[label as usize] as usize];
        parents[label as usize] = above;
        label = above;
    }
    label
}

fn join(parents: &mut [u32], a: u32, b: u32) -> u32 {
    let (a, b) = (root(parents, a), root(parents, b));
    let (low, high) = (a.min(b), a.max(b));
    parents[high as usize] = low;
    low
}

/// All finder patterns by the rule of the reader: a row of 1:1:3:1:1, ring and stone unconnected,
/// and the stone a tenth to seven tenths of the ring's area.
fn find_eyes(bits: &Bits, labels: &[u32], areas: &[usize]) -> Vec<Eye> {
    let mut eyes = Vec::new();
    let mut known = vec![false; areas.len()];
    for y in 0..bits.height {
        let mut edges = [0usize; 6];
        for x in 1..=bits.width {
            let dark = x < bits.width && bits.dark(x, y);
            if dark == bits.dark(x - 1, y) {
                continue;
            }
            edges.rotate_left(1);
            edges[5] = x;
            if dark || !reader_would_stop(&edges) {
                continue;
            }
            let at = |column: usize| labels[y * bits.width + column];
            let (left, stone, ring) = (at(edges[0]), at(edges[2]), at(edges[4]));
            let share = areas[stone as usize] * 100 / areas[ring as usize].max(1);
            if left == ring && stone != ring && (11..70).contains(&share) && !known[ring as usize] {
                known[ring as usize] = true;
                let x = (edges[2] + edges[3]) / 2;
                eyes.push(Eye { stone, x, y });
            }
        }
    }
    eyes
}

/// The reader's tolerance: three quarters of a module for every run.
fn reader_would_stop(edges: &[usize; 6]) -> bool {
    let run = |i: usize| edges[i + 1] - edges[i];
    let mean = (run(0) + run(1) + run(3) + run(4)) / 4;
    let slack = mean * 3 / 4;
    (0..5).all(|i| {
        let expected = if i == 2 { 3 * mean } else { mean };
        run(i) > 0 && run(i).abs_diff(expected) <= slack
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(rows: &[&str]) -> Bits {
        let cells = rows.iter().flat_map(|row| row.bytes()).map(|b| u8::from(b == b'#'));
        Bits { width: rows[0].len(), height: rows.len(), cells: cells.collect() }
    }

    const EYE: [&str; 7] = ["#######", "#.....#", "#.###.#", "#.###.#", "#.###.#", "#.....#", "#######"];

    #[test]
    fn regions_that_meet_late_are_one() {
        let (labels, areas) = label(&bits(&["#.#", "#.#", "###", "...", "#.."]));
        assert_eq!(labels[0], labels[2]);
        assert_ne!(labels[0], labels[12]);
        assert_eq!(areas[labels[0] as usize], 7);
    }

    #[test]
    fn an_eye_is_found_and_a_filled_square_is_not() {
        let eye = bits(&EYE);
        let (labels, areas) = label(&eye);
        assert_eq!(find_eyes(&eye, &labels, &areas).len(), 1);
        let square = bits(&["#######"; 7]);
        let (labels, areas) = label(&square);
        assert!(find_eyes(&square, &labels, &areas).is_empty());
    }

    #[test]
    fn strangers_outside_the_code_are_blanked() {
        let mut rows: Vec<String> = Vec::new();
        for line in EYE {
            rows.push([line; 3].join("....."));
        }
        rows.extend(std::iter::repeat_n(".".repeat(31), 5));
        for line in EYE {
            rows.push(format!("{line}{}", ".".repeat(24)));
        }
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        let window = bits(&rows);
        let eyes = [(3.0, 3.0, 3.0), (15.0, 3.0, 3.0), (3.0, 15.0, 3.0)];
        let Isolated::Ready(clean) = isolated(window, &eyes) else {
            unreachable!("three whole eyes");
        };
        assert!(clean.dark(3, 3) && clean.dark(15, 3) && !clean.dark(27, 3) && clean.dark(24, 0));
        let missing = [(3.0, 3.0, 3.0), (15.0, 3.0, 3.0), (15.0, 15.0, 3.0)];
        assert!(matches!(isolated(bits(&rows), &missing), Isolated::Broken));
    }
}
