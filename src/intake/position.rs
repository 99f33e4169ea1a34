//! Where a code is, in words.

use otpferry_scan::{Frame, Hint, Place, Point};

/// The part of the picture in which the middle of a code lies: `top left`.
pub(crate) fn in_words(corners: &[Point; 4], frame: &Frame) -> &'static str {
    const NAMES: [[&str; 3]; 3] = [
        ["top left", "top", "top right"],
        ["left", "middle", "right"],
        ["bottom left", "bottom", "bottom right"],
    ];
    let middle = |along: fn(&Point) -> i32| corners.iter().map(|at| i64::from(along(at))).sum::<i64>() / 4;
    let row = third(middle(|at| at.y), frame.height);
    let column = third(middle(|at| at.x), frame.width);
    NAMES[row][column]
}

/// 0 to 2, also for places outside the picture.
fn third(at: i64, length: u32) -> usize {
    let length = i64::from(length);
    usize::from(at * 3 >= length) + usize::from(at * 3 >= 2 * length)
}

/// Which picture of a file: `page 2`. `None` for the only one.
pub(crate) fn of_frame(place: Place) -> Option<String> {
    match place {
        Place::Whole => None,
        Place::Frame(frame) => Some(format!("frame {frame}")),
        Place::Page(page) => Some(format!("page {page}")),
        Place::PictureOnPage(page, picture) => Some(format!("page {page}, picture {picture}")),
    }
}

/// Where a code is in its file: `page 2, top left`.
pub(crate) fn in_frame(frame: &Frame, corners: &[Point; 4]) -> String {
    let position = in_words(corners, frame);
    match of_frame(frame.place) {
        Some(place) => format!("{place}, {position}"),
        None => position.to_owned(),
    }
}

/// What keeps a code from being read, and what to do.
pub(crate) fn obstacle(hint: Hint) -> (String, &'static str) {
    match hint {
        Hint::TooSmall { module } => (
            format!("too small, with squares of {module:.1} pixels"),
            "Take the picture from nearer, or use the original and not a smaller copy",
        ),
        Hint::Glare => {
            ("glare or a shadow".to_owned(), "Take the picture again from another angle, without reflections")
        }
        Hint::CutOff => (
            "cut off at the edge of the picture".to_owned(),
            "Take the picture again with the whole code and some room around it",
        ),
        Hint::Blurred => (
            "out of focus or moved".to_owned(),
            "Take the picture again, sharp and held still; or use a screenshot",
        ),
        Hint::Unclear => ("not clear enough".to_owned(), super::picture::RETAKE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirds_of_the_picture_have_names() {
        let frame = |width, height| Frame {
            place: Place::Whole,
            width,
            height,
            codes: Vec::new(),
            unread: Vec::new(),
            cut_short: false,
        };
        let square = |x, y| [(0, 0), (10, 0), (10, 10), (0, 10)].map(|(a, b)| Point { x: x + a, y: y + b });
        let names = [(0, 0), (145, 0), (290, 0), (0, 145), (145, 145), (290, 145), (145, 290), (500, 500)]
            .map(|(x, y)| in_words(&square(x, y), &frame(300, 300)));
        let wanted = ["top left", "top", "top right", "left", "middle", "right", "bottom", "bottom right"];
        assert_eq!(names, wanted);
        assert_eq!(in_words(&square(-80, -80), &frame(300, 300)), "top left");
        assert_eq!(in_words(&square(0, 0), &frame(0, 0)), "bottom right");
    }
}
