//! Where a QR code of each size keeps what (ISO/IEC 18004, 6.3 and 7.7).

use std::sync::OnceLock;

use rxing::qrcode::common::Version;

use crate::geometry::{Spot, spot};

/// The modules of one size of code.
pub(crate) struct Layout {
    /// Modules on a side.
    pub(crate) size: usize,
    /// The version's error correction blocks.
    pub(crate) version: &'static Version,
    /// Modules of the codewords in order, most significant bit first: row times size plus column.
    pub(crate) data: Vec<u32>,
    /// Modules that are the same in every code of the size, and whether they are dark.
    pub(crate) fixed: Vec<(u32, bool)>,
    /// Middles of the alignment patterns, in modules.
    pub(crate) alignment: Vec<Spot>,
}

const VERSIONS: usize = 40;

/// The layout of a code with that many modules on a side.
pub(crate) fn layout(size: usize) -> Option<&'static Layout> {
    static LAYOUTS: [OnceLock<Option<Layout>>; VERSIONS] = [const { OnceLock::new() }; VERSIONS];
    let version = size.checked_sub(17).filter(|rest| rest % 4 == 0)? / 4;
    let cell = LAYOUTS.get(version.checked_sub(1)?)?;
    cell.get_or_init(|| build(version)).as_ref()
}

fn build(number: usize) -> Option<Layout> {
    let size = 17 + 4 * number;
    let version = Version::getVersionForNumber(number as u32).ok()?;
    let centres: Vec<usize> = version.getAlignmentPatternCenters().iter().map(|&c| c as usize).collect();
    let last = centres.len().saturating_sub(1);
    let mut middles = Vec::new();
    for (i, &row) in centres.iter().enumerate() {
        for (j, &column) in centres.iter().enumerate() {
            // The other three corners have finder patterns.
            if !matches!((i, j), (0, 0)) && (i, j) != (0, last) && (i, j) != (last, 0) {
                middles.push((row, column));
            }
        }
    }
    let pattern = version.buildFunctionPattern().ok()?;
    let reserved = |row: usize, column: usize| pattern.get(column as u32, row as u32);
    Some(Layout {
        size,
        version,
        data: data_modules(size, reserved),
        fixed: fixed_modules(size, &middles),
        alignment: middles.iter().map(|&(row, column)| spot(column as f64 + 0.5, row as f64 + 0.5)).collect(),
    })
}

/// Two columns at a time from the right, up and down in turn; the vertical timing pattern is no
/// column.
fn data_modules(size: usize, reserved: impl Fn(usize, usize) -> bool) -> Vec<u32> {
    let mut order = Vec::new();
    let mut right = size as isize - 1;
    let mut upwards = true;
    while right > 0 {
        if right == 6 {
            right -= 1;
        }
        for step in 0..size {
            let row = if upwards { size - 1 - step } else { step };
            for column in [right as usize, right as usize - 1] {
                if !reserved(row, column) {
                    order.push((row * size + column) as u32);
                }
            }
        }
        upwards = !upwards;
        right -= 2;
    }
    order
}

fn fixed_modules(size: usize, middles: &[(usize, usize)]) -> Vec<(u32, bool)> {
    let mut known = vec![None; size * size];
    for at in 8..size - 8 {
        known[6 * size + at] = Some(at % 2 == 0);
        known[at * size + 6] = Some(at % 2 == 0);
    }
    for &(row, column) in middles {
        for y in 0..5usize {
            for x in 0..5usize {
                let ring = y.abs_diff(2).max(x.abs_diff(2));
                known[(row + y - 2) * size + column + x - 2] = Some(ring != 1);
            }
        }
    }
    for (top, left) in [(0, 0), (0, size - 7), (size - 7, 0)] {
        for row in top.saturating_sub(1)..(top + 8).min(size) {
            for column in left.saturating_sub(1)..(left + 8).min(size) {
                let ring = row.abs_diff(top + 3).max(column.abs_diff(left + 3));
                known[row * size + column] = Some(ring != 2 && ring != 4);
            }
        }
    }
    known[(size - 8) * size + 8] = Some(true);
    let cells = known.into_iter().enumerate();
    cells.filter_map(|(at, dark)| Some((at as u32, dark?))).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails so")]
mod tests {
    use super::*;

    #[test]
    fn sizes_that_exist_have_as_many_data_modules_as_the_standard_says() {
        // ISO/IEC 18004, table 1: data capacity in modules (remainder bits included).
        for (size, modules) in [(21, 208), (25, 359), (45, 1568), (57, 2768), (177, 29648)] {
            assert_eq!(layout(size).unwrap().data.len(), modules, "{size}");
        }
        assert!([0, 17, 22, 181].iter().all(|&size| layout(size).is_none()));
    }

    #[test]
    fn the_last_alignment_pattern_is_six_and_a_half_modules_from_the_edge() {
        assert_eq!(layout(25).unwrap().alignment, [spot(18.5, 18.5)]);
        assert!(layout(21).unwrap().alignment.is_empty());
        assert_eq!(layout(45).unwrap().alignment.len(), 6);
    }

    #[test]
    fn fixed_modules_are_finders_timing_alignment_and_the_dark_one() {
        let layout = layout(21).unwrap();
        // Three finders with separators (8 x 8), two timing patterns of five, one dark module.
        assert_eq!(layout.fixed.len(), 3 * 64 + 2 * 5 + 1);
        assert!(layout.fixed.contains(&(13 * 21 + 8, true)));
        assert!(layout.fixed.contains(&(6 * 21 + 9, false)));
    }
}
