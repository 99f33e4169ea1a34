//! The dark modules of a code as outlines: a path that is short, and without the hair lines that viewers show
//! where rectangles touch.

use zeroize::Zeroizing;

use super::Qr;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Heading {
    Right,
    Down,
    Left,
    Up,
}

impl Heading {
    fn clockwise(self) -> Self {
        match self {
            Self::Right => Self::Down,
            Self::Down => Self::Left,
            Self::Left => Self::Up,
            Self::Up => Self::Right,
        }
    }

    fn counterclockwise(self) -> Self {
        self.clockwise().clockwise().clockwise()
    }
}

/// A corner of modules, and the way on: dark modules are on the right hand.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Walker {
    x: usize,
    y: usize,
    heading: Heading,
}

impl Walker {
    fn step(&mut self) {
        match self.heading {
            Heading::Right => self.x += 1,
            Heading::Down => self.y += 1,
            Heading::Left => self.x -= 1,
            Heading::Up => self.y -= 1,
        }
    }

    /// Follows the outline around the corner. Modules that touch at a corner stay apart.
    fn turn(&mut self, qr: &Qr) {
        let Self { x, y, heading } = *self;
        // Nothing is dark in the quiet zone: a corner of a dark module has modules on all sides.
        let (right, left) = match heading {
            Heading::Right => ((x, y), (x, y - 1)),
            Heading::Down => ((x - 1, y), (x, y)),
            Heading::Left => ((x - 1, y - 1), (x - 1, y)),
            Heading::Up => ((x, y - 1), (x - 1, y - 1)),
        };
        if !qr.is_dark(right.0, right.1) {
            self.heading = heading.clockwise();
        } else if qr.is_dark(left.0, left.1) {
            self.heading = heading.counterclockwise();
        }
    }
}

/// The corners of every outline, one unit a module. Filled, they are the dark modules.
pub(super) fn outlines(qr: &Qr) -> Vec<Vec<(usize, usize)>> {
    let side = qr.side();
    let mut outlines = Vec::new();
    // Every outline has an edge with a dark module below and a light one above.
    let mut walked = vec![false; side * side];
    for y in 1..side {
        for x in 0..side {
            let is_start = qr.is_dark(x, y) && !qr.is_dark(x, y - 1);
            if is_start && walked.get(y * side + x) == Some(&false) {
                outlines.push(outline(qr, Walker { x, y, heading: Heading::Right }, &mut walked));
            }
        }
    }
    outlines
}

fn outline(qr: &Qr, start: Walker, walked: &mut [bool]) -> Vec<(usize, usize)> {
    let side = qr.side();
    let mut corners = vec![(start.x, start.y)];
    let mut walker = start;
    loop {
        let Walker { x, y, heading } = walker;
        if let (Heading::Right, Some(walked)) = (heading, walked.get_mut(y * side + x)) {
            *walked = true;
        }
        walker.step();
        walker.turn(qr);
        if walker == start {
            return corners;
        }
        if walker.heading != heading {
            corners.push((walker.x, walker.y));
        }
    }
}

/// Data of an SVG path, one unit a module, to be filled.
pub(super) fn path(qr: &Qr) -> Zeroizing<String> {
    let mut path = Zeroizing::new(String::with_capacity(qr.side() * qr.side() * 3));
    for corners in outlines(qr) {
        for (at, (x, y)) in corners.iter().enumerate() {
            // Lines go by turns across and down; the last, back to the start, closes the outline.
            path.push_str(&match (at, corners.get(at.wrapping_sub(1))) {
                (_, Some((before, _))) if at % 2 == 1 => format!("h{}", signed(*before, *x)),
                (_, Some((_, before))) => format!("v{}", signed(*before, *y)),
                (_, None) => format!("M{x} {y}"),
            });
        }
        path.push('z');
    }
    path
}

fn signed(from: usize, to: usize) -> String {
    match to.checked_sub(from) {
        Some(length) => length.to_string(),
        None => format!("-{}", from - to),
    }
}
