//! Looking at the pictures of a file and putting together what they tell.

use std::time::Instant;

use crate::picture::{Shown, Viewer};
use crate::{Code, Error, Frame, Options, Place, Point, Scan, look};

/// What the pictures so far have told.
pub(crate) struct Gathering<'a> {
    options: &'a Options,
    frames: Vec<Frame>,
    too_large: bool,
    torn: bool,
}

impl<'a> Gathering<'a> {
    pub(crate) fn new(options: &'a Options) -> Self {
        Gathering { options, frames: Vec::new(), too_large: false, torn: false }
    }

    /// The whole result. What went wrong after the first picture costs the later ones only.
    pub(crate) fn scan(mut self, left_out: Result<usize, Error>) -> Result<Scan, Error> {
        let left_out = match left_out {
            Ok(left_out) => left_out,
            Err(error) if self.frames.is_empty() => return Err(error),
            Err(error) => {
                self.miss(error);
                1
            }
        };
        if self.torn && self.frames.iter().all(|frame| frame.codes.is_empty()) {
            return Err(Error::Malformed { reason: "it ends too early" });
        }
        forget_read_later(&mut self.frames);
        Ok(Scan { frames: self.frames, left_out, too_large: self.too_large, torn: self.torn })
    }

    /// Of an animation, what an earlier picture has told already is not told again.
    fn forget_told(&self, frame: &mut Frame) {
        let told =
            |code: &Code| self.frames.iter().flat_map(|earlier| &earlier.codes).any(|old| same(old, code));
        frame.codes.retain(|code| !told(code));
    }

    /// Of a picture on a page, what the page or another picture on it has told is not told again.
    /// Returns whether anything is left to tell.
    fn forget_told_by_page(&self, page: u32, frame: &mut Frame) -> bool {
        let on_page = |place: Place| {
            matches!(place, Place::Page(number) | Place::PictureOnPage(number, _) if number == page)
                || (place == Place::Whole && page == 1)
        };
        let earlier = self.frames.iter().filter(|earlier| on_page(earlier.place));
        let earlier: Vec<&Code> = earlier.flat_map(|earlier| &earlier.codes).collect();
        frame.codes.retain(|code| !earlier.iter().any(|old| same(old, code)));
        !frame.codes.is_empty()
    }
}

impl Viewer for Gathering<'_> {
    fn goes_on(&self) -> bool {
        // The first picture is looked at in any case: the engine has the deadline too.
        self.frames.is_empty() || self.options.deadline.is_none_or(|end| Instant::now() < end)
    }

    #[cfg(feature = "pdf")]
    fn deadline(&self) -> Option<Instant> {
        self.options.end_of_frame()
    }

    fn miss(&mut self, error: Error) {
        self.too_large |= matches!(error, Error::TooLarge { .. } | Error::UnpacksTooLarge);
    }

    fn see(&mut self, shown: &Shown) -> Result<(), Error> {
        let mut frame = look(&shown.picture, self.options)?;
        frame.place = shown.place;
        self.torn |= shown.torn;
        match shown.place {
            Place::Frame(_) => self.forget_told(&mut frame),
            Place::PictureOnPage(page, _) if !self.forget_told_by_page(page, &mut frame) => return Ok(()),
            _ => {}
        }
        self.frames.push(frame);
        Ok(())
    }
}

fn same(one: &Code, other: &Code) -> bool {
    one.payload == other.payload && one.part == other.part
}

/// In an animation a code that could not be read in one frame is often read in another, and one
/// that is never read is seen in many. The first is no news, the second is told once.
fn forget_read_later(frames: &mut [Frame]) {
    let is_animation = |frame: &&Frame| matches!(frame.place, Place::Frame(_));
    let mut known: Vec<[Point; 4]> =
        frames.iter().filter(is_animation).flat_map(|frame| &frame.codes).map(|code| code.corners).collect();
    for frame in frames.iter_mut().filter(|frame| matches!(frame.place, Place::Frame(_))) {
        let before = known.len();
        frame.unread.retain(|unread| !known.iter().any(|place| overlap(place, &unread.corners)));
        known.truncate(before);
        known.extend(frame.unread.iter().map(|unread| unread.corners));
    }
}

/// Whether the middle of one lies within the bounds of the other.
fn overlap(one: &[Point; 4], other: &[Point; 4]) -> bool {
    let bounds = |corners: &[Point; 4]| {
        let [mut left, mut top, mut right, mut bottom] = [i32::MAX, i32::MAX, i32::MIN, i32::MIN];
        for corner in corners {
            (left, right) = (left.min(corner.x), right.max(corner.x));
            (top, bottom) = (top.min(corner.y), bottom.max(corner.y));
        }
        [left, top, right, bottom]
    };
    let within = |outer: [i32; 4], inner: [i32; 4]| {
        let (x, y) = (i32::midpoint(inner[0], inner[2]), i32::midpoint(inner[1], inner[3]));
        (outer[0]..=outer[2]).contains(&x) && (outer[1]..=outer[3]).contains(&y)
    };
    let (one, other) = (bounds(one), bounds(other));
    within(one, other) || within(other, one)
}
