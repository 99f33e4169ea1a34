//! The codes found so far: which are the same, and in which order they are reported.

use crate::{Code, Point};

/// Adds a code unless the same payload was already read at the same place.
pub(crate) fn add(codes: &mut Vec<Code>, new: Code) {
    let known = |old: &Code| old.payload == new.payload && overlap(&old.corners, &new.corners);
    if !codes.iter().any(known) {
        codes.push(new);
    }
}

/// Whether one figure's middle lies within the reach of the other: codes do not overlap in print,
/// and two readings of one code differ by a few modules at most.
pub(crate) fn overlap(a: &[Point; 4], b: &[Point; 4]) -> bool {
    let (centre_a, centre_b) = (centre(a), centre(b));
    let apart = (centre_a.0 - centre_b.0).hypot(centre_a.1 - centre_b.1);
    apart < reach(a, centre_a).max(reach(b, centre_b)) / 2.0
}

/// Whether a place lies within a convex outline, whichever way its corners turn.
pub(crate) fn contains(corners: &[Point; 4], place: Point) -> bool {
    let side = |i: usize| {
        let (a, b) = (corners[i], corners[(i + 1) % 4]);
        let (ax, ay) = (f64::from(b.x) - f64::from(a.x), f64::from(b.y) - f64::from(a.y));
        let (px, py) = (f64::from(place.x) - f64::from(a.x), f64::from(place.y) - f64::from(a.y));
        ax * py - ay * px
    };
    (0..4).all(|i| side(i) >= 0.0) || (0..4).all(|i| side(i) <= 0.0)
}

/// Length of the longest side.
pub(crate) fn side(corners: &[Point; 4]) -> f64 {
    let length = |i: usize| {
        let (a, b) = (corners[i], corners[(i + 1) % 4]);
        (f64::from(b.x) - f64::from(a.x)).hypot(f64::from(b.y) - f64::from(a.y))
    };
    (0..4).map(length).fold(0.0, f64::max)
}

fn centre(corners: &[Point; 4]) -> (f64, f64) {
    let mean = |part: fn(&Point) -> i32| corners.iter().map(|c| f64::from(part(c))).sum::<f64>();
    (mean(|c| c.x) / 4.0, mean(|c| c.y) / 4.0)
}

/// Half the length of the diagonal.
fn reach(corners: &[Point; 4], centre: (f64, f64)) -> f64 {
    let to = |c: &Point| (f64::from(c.x) - centre.0).hypot(f64::from(c.y) - centre.1);
    corners.iter().map(to).fold(0.0, f64::max)
}

/// Sorts top to bottom, and left to right within a row. A code belongs to a row when its middle is
/// above the lower edge of the row's first code.
pub(crate) fn in_reading_order(mut codes: Vec<Code>) -> Vec<Code> {
    codes.sort_by(|a, b| centre(&a.corners).1.total_cmp(&centre(&b.corners).1));
    let mut ordered: Vec<Code> = Vec::with_capacity(codes.len());
    let mut row: Vec<Code> = Vec::new();
    for code in codes {
        let below = |first: &Code| centre(&code.corners).1 > lower_edge(first);
        if row.first().is_some_and(below) {
            ordered.append(&mut left_to_right(&mut row));
        }
        row.push(code);
    }
    ordered.append(&mut left_to_right(&mut row));
    ordered
}

fn left_to_right(row: &mut Vec<Code>) -> Vec<Code> {
    row.sort_by(|a, b| centre(&a.corners).0.total_cmp(&centre(&b.corners).0));
    std::mem::take(row)
}

fn lower_edge(code: &Code) -> f64 {
    code.corners.iter().map(|c| f64::from(c.y)).fold(f64::MIN, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::Zeroizing;

    fn code(payload: &str, x: i32, y: i32) -> Code {
        let corner = |dx, dy| Point { x: x + dx, y: y + dy };
        Code {
            payload: Zeroizing::new(payload.as_bytes().to_vec()),
            text: None,
            part: None,
            corners: [corner(0, 0), corner(100, 0), corner(100, 100), corner(0, 100)],
            stage: "test",
        }
    }

    #[test]
    fn one_code_seen_twice_is_one_and_two_alike_are_two() {
        let mut codes = Vec::new();
        add(&mut codes, code("a", 0, 0));
        add(&mut codes, code("a", 3, 4));
        add(&mut codes, code("a", 130, 0));
        add(&mut codes, code("b", 0, 0));
        assert_eq!(codes.len(), 3);
    }

    #[test]
    fn a_place_is_inside_or_outside() {
        let mut corners = code("a", 0, 0).corners;
        assert!(contains(&corners, Point { x: 50, y: 99 }));
        assert!(!contains(&corners, Point { x: 50, y: 101 }));
        corners.reverse();
        assert!(contains(&corners, Point { x: 50, y: 99 }));
    }

    #[test]
    fn reading_order_tolerates_a_crooked_row() {
        let codes = vec![code("d", 150, 210), code("b", 150, -20), code("c", 0, 200), code("a", 0, 20)];
        let order: Vec<u8> = in_reading_order(codes).iter().map(|c| c.payload[0]).collect();
        assert_eq!(order, b"abcd");
    }

    #[test]
    fn debug_does_not_show_the_payload() {
        let shown = format!("{:?}", code("otpauth", 0, 0));
        assert!(!shown.contains("otpauth") && shown.contains("payload_len: 7"));
        assert!(!shown.contains("111"));
    }
}
