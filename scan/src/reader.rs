//! Reading one code with `rqrr`.

use zeroize::Zeroizing;

use crate::contain::contain;
use crate::raster::Bits;

/// A payload and the corners of its code in a window: top left, top right, bottom right, bottom
/// left as the code itself counts them.
pub(crate) struct Reading {
    pub(crate) payload: Zeroizing<Vec<u8>>,
    pub(crate) corners: [(f32, f32); 4],
}

/// Reads the code in a window. Callers keep windows small and free of stray finder patterns, because
/// `rqrr` needs time that grows with the cube of their number.
///
/// `rqrr` computes intersections in 32-bit integers: with overflow checks a tilted code with modules
/// of 150 pixels makes it panic. Callers reduce such windows, but finder patterns in hostile places
/// can do the same, so a panic counts as an unreadable window. Nothing that `rqrr` could leave
/// half-changed outlives the call.
pub(crate) fn read(bits: &Bits) -> Option<Reading> {
    contain(|| read_unguarded(bits)).flatten()
}

fn read_unguarded(bits: &Bits) -> Option<Reading> {
    let mut prepared =
        rqrr::PreparedImage::prepare_from_bitmap(bits.width, bits.height, |x, y| bits.dark(x, y));
    prepared.detect_grids().iter().find_map(|grid| {
        // Enough for every payload, so that no copy of a secret is left behind by growing.
        let mut payload = Zeroizing::new(Vec::with_capacity(rqrr::MAX_PAYLOAD_SIZE));
        let meta = grid.decode_to(&mut *payload).ok()?;
        let corners = corners(&grid.bounds, meta.version.to_size());
        Some(Reading { payload, corners })
    })
}

/// `rqrr` puts three of the corners one module too far out; this draws them back.
fn corners(bounds: &[rqrr::Point; 4], size: usize) -> [(f32, f32); 4] {
    let share = size as f32 / (size as f32 + 1.0);
    let (x, y) = (bounds[0].x as f32, bounds[0].y as f32);
    bounds.map(|corner| (x + (corner.x as f32 - x) * share, y + (corner.y as f32 - y) * share))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extra_module_is_removed_from_the_corners() {
        let at = |x, y| rqrr::Point { x, y };
        let bounds = [at(10, 10), at(76, 10), at(76, 76), at(10, 76)];
        let drawn = corners(&bounds, 21);
        assert_eq!(drawn[0], (10.0, 10.0));
        assert_eq!(drawn[2], (73.0, 73.0));
    }
}
