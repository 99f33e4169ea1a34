//! Modules of a code that could not be read, and reading several such pictures of it together.

use zeroize::Zeroizing;

use crate::Part;
use crate::symbol::{self, Message, Soft};

/// What was seen of a code's modules: how dark each is and how sure that is.
#[derive(Clone, PartialEq)]
pub struct Grid {
    soft: Soft,
}

impl Grid {
    pub(crate) fn new(soft: Soft) -> Grid {
        Grid { soft }
    }
}

impl std::fmt::Debug for Grid {
    /// Without the modules, which may be most of a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Grid").field("size", &self.soft.size).finish_non_exhaustive()
    }
}

/// A code that was read from several pictures of it, none of which was enough.
pub struct Merged {
    /// As in [`Code`](crate::Code).
    pub payload: Zeroizing<Vec<u8>>,
    /// As in [`Code`](crate::Code).
    pub text: Option<Zeroizing<String>>,
    /// As in [`Code`](crate::Code).
    pub part: Option<Part>,
    /// The positions in the argument of [`merge`] of the grids that show it.
    pub members: Vec<usize>,
}

/// Likeness of two grids from which on they may be of one code; two bad photos of one code are above
/// 0.5. So are codes of accounts that differ in name and secret only: what was read tells which
/// grids show it.
const ALIKE: f32 = 0.45;
/// How many sums are tried for each grid: many photos of a code that nothing can read have more
/// subsets than anybody waits for.
const MOST_TRIES: usize = 20;

/// Reads codes from several failed readings: those that show one code are found by their modules,
/// whose values are added up and corrected together. Error correction proves that they belong
/// together.
#[must_use]
pub fn merge(grids: &[&Grid]) -> Vec<Merged> {
    let mut pairs = Vec::new();
    for (i, a) in grids.iter().enumerate() {
        for (j, b) in grids.iter().enumerate().skip(i + 1) {
            let likeness = likeness(&a.soft, &b.soft);
            if likeness > ALIKE {
                pairs.push((likeness, i, j));
            }
        }
    }
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut taken = vec![false; grids.len()];
    let mut merged = Vec::new();
    let mut tries = grids.len() * MOST_TRIES;
    for &(_, i, j) in &pairs {
        if taken[i] || taken[j] {
            continue;
        }
        if let Some(found) = grow(grids, &pairs, &taken, (i, j), &mut tries) {
            found.members.iter().for_each(|&member| taken[member] = true);
            merged.push(found);
        }
    }
    merged
}

/// Adds to a pair those that are like one of the two, the likest first, until it can be read.
fn grow(
    grids: &[&Grid],
    pairs: &[(f32, usize, usize)],
    taken: &[bool],
    (i, j): (usize, usize),
    tries: &mut usize,
) -> Option<Merged> {
    let mut members = vec![i, j];
    let others = pairs.iter().filter_map(|&(_, a, b)| match (a == i || a == j, b == i || b == j) {
        (true, false) => Some(b),
        (false, true) => Some(a),
        _ => None,
    });
    let mut others = others.filter(|&other| !taken[other]);
    loop {
        *tries = tries.checked_sub(1)?;
        let softs: Vec<&Soft> = members.iter().map(|&member| &grids[member].soft).collect();
        if let Some(reading) = symbol::read(&sum(&softs), true) {
            members.retain(|&member| reading.is_shown_by(&grids[member].soft));
            let Message { payload, text, part } = reading.message;
            members.sort_unstable();
            return Some(Merged { payload, text, part, members });
        }
        let next = others.find(|other| !members.contains(other))?;
        members.push(next);
    }
}

fn likeness(a: &Soft, b: &Soft) -> f32 {
    if a.size != b.size {
        return 0.0;
    }
    let (mut product, mut squares_a, mut squares_b) = (0.0, 0.0, 0.0);
    for at in symbol::data_modules(a) {
        let (x, y) = (a.values[at], b.values[at]);
        product += x * y;
        squares_a += x * x;
        squares_b += y * y;
    }
    product / (squares_a * squares_b).sqrt().max(f32::MIN_POSITIVE)
}

/// Votes of several grids of one size; what one is sure of outweighs what another doubts.
fn sum(softs: &[&Soft]) -> Soft {
    let size = softs.first().map_or(0, |soft| soft.size);
    let mut values = Zeroizing::new(vec![0.0f32; size * size]);
    for soft in softs {
        for (sum, &value) in values.iter_mut().zip(soft.values.iter()) {
            *sum += value;
        }
    }
    values.iter_mut().for_each(|value| *value = value.clamp(-1.0, 1.0));
    Soft { size, values }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::drawn::{ALPHA, BRAVO, Drawn, random};

    /// Photos of one code of version 20 that no sum of them gives.
    #[test]
    fn many_pictures_that_nothing_can_read_are_given_up_soon() {
        let mut random = random(1);
        let values: Vec<f32> = (0..97 * 97).map(|_| 2.0 * random() - 1.0).collect();
        let grid = Grid::new(Soft { size: 97, values: Zeroizing::new(values) });
        let started = Instant::now();
        assert!(merge(&vec![&grid; 200]).is_empty());
        assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    }

    /// A bad photo: some rows are hidden, and each module is dark or light with some doubt.
    fn photo(drawn: &Drawn, seed: u64, hidden: std::ops::Range<usize>) -> Grid {
        let mut soft = drawn.soft();
        let mut random = random(seed);
        let size = soft.size;
        for (at, value) in soft.values.iter_mut().enumerate() {
            let noise = random() + random() - 1.0;
            *value = if hidden.contains(&(at / size)) { 0.3 * noise } else { 0.6 * *value + 0.8 * noise };
        }
        Grid::new(soft)
    }

    fn bad_photos(drawn: &Drawn, seed: u64) -> [Grid; 3] {
        [photo(drawn, seed, 9..17), photo(drawn, seed + 1, 17..24), photo(drawn, seed + 2, 24..31)]
    }

    #[test]
    fn bad_photos_are_read_together_and_those_of_another_code_are_left_alone() {
        let (alpha, bravo) = (bad_photos(&ALPHA, 1), photo(&BRAVO, 4, 9..17));
        assert!(alpha.iter().all(|grid| symbol::read(&grid.soft, true).is_none()));
        let merged = merge(&[&alpha[0], &bravo, &alpha[1], &alpha[2]]);
        assert_eq!(merged.len(), 1);
        assert_eq!(merged[0].payload.as_slice(), ALPHA.text.as_bytes());
        assert!(!merged[0].members.contains(&1), "{:?}", merged[0].members);
    }

    #[test]
    fn two_codes_are_kept_apart() {
        let (alpha, bravo) = (bad_photos(&ALPHA, 11), bad_photos(&BRAVO, 21));
        let mut merged = merge(&[&alpha[0], &bravo[0], &alpha[1], &bravo[1], &alpha[2], &bravo[2]]);
        merged.sort_by_key(|merged| merged.members[0] % 2);
        let texts: Vec<_> = merged.iter().map(|merged| merged.payload.as_slice()).collect();
        assert_eq!(texts, [ALPHA.text.as_bytes(), BRAVO.text.as_bytes()]);
        for (first, merged) in merged.iter().enumerate() {
            assert!(merged.members.iter().all(|member| member % 2 == first), "{:?}", merged.members);
        }
    }

    #[test]
    fn codes_with_much_in_common_are_told_apart_by_their_check_symbols() {
        assert!(likeness(&ALPHA.soft(), &BRAVO.soft()) > ALIKE);
        let reading = symbol::read(&ALPHA.soft(), false).expect("a code");
        assert!(bad_photos(&ALPHA, 31).iter().all(|grid| reading.is_shown_by(&grid.soft)));
        assert!(!bad_photos(&BRAVO, 41).iter().any(|grid| reading.is_shown_by(&grid.soft)));
        assert!(!reading.is_shown_by(&BRAVO.soft()));
    }

    #[test]
    fn noise_gives_nothing() {
        let noise = |seed| {
            let mut random = random(seed);
            let values = (0..37 * 37).map(|_| 2.0 * random() - 1.0).collect();
            Grid::new(Soft { size: 37, values: Zeroizing::new(values) })
        };
        let grids: Vec<Grid> = (0..6).map(noise).collect();
        assert!(merge(&grids.iter().collect::<Vec<_>>()).is_empty());
        assert!(merge(&[]).is_empty());
    }

    #[test]
    fn debug_does_not_show_the_modules() {
        assert_eq!(format!("{:?}", Grid::new(ALPHA.soft())), "Grid { size: 37, .. }");
    }
}
