//! Pictures of a file that do not depend on each other: one that is damaged costs only itself.

#[cfg(feature = "pdf")]
use std::time::Instant;

use super::{Budget, GAVE_UP, Shown, Viewer};
use crate::contain::contain;
use crate::{Error, Place};

/// Shows page after page.
pub(super) struct Pages<'v> {
    count: usize,
    number: u32,
    /// Pictures on the page.
    pictures: u32,
    budget: Budget,
    viewer: &'v mut dyn Viewer,
    left_out: usize,
    shown: bool,
    first_error: Option<Error>,
}

impl<'v> Pages<'v> {
    pub(super) fn new(count: usize, budget: Budget, viewer: &'v mut dyn Viewer) -> Self {
        Pages { count, number: 0, pictures: 0, budget, viewer, left_out: 0, shown: false, first_error: None }
    }

    /// Shows the next page, unless there has been enough. Returns whether it was shown.
    pub(super) fn page(&mut self, decode: impl FnOnce() -> Result<Shown, Error>) -> bool {
        self.number += 1;
        self.pictures = 0;
        if !self.viewer.goes_on() || self.budget.is_spent() || !self.budget.allows(0) {
            self.left_out += 1;
            return false;
        }
        let place = if self.count == 1 { Place::Whole } else { Place::Page(self.number) };
        let seen = self.see(decode, place);
        match seen {
            Ok(()) => self.shown = true,
            Err(error) => {
                self.leave_out(error);
                self.first_error.get_or_insert(error);
            }
        }
        seen.is_ok()
    }

    /// When to stop with the next page.
    #[cfg(feature = "pdf")]
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.viewer.deadline()
    }

    /// Counts a picture that is not shown.
    pub(super) fn leave_out(&mut self, error: Error) {
        self.left_out += 1;
        self.viewer.miss(error);
    }

    /// Shows a picture on that page. One that cannot be decoded is none.
    #[cfg(feature = "pdf")]
    pub(super) fn picture_on_page(&mut self, decode: impl FnOnce() -> Result<Shown, Error>) {
        self.pictures += 1;
        if self.viewer.goes_on() && !self.budget.is_spent() {
            let _ = self.see(decode, Place::PictureOnPage(self.number, self.pictures));
        } else {
            self.left_out += 1;
        }
    }

    fn see(&mut self, decode: impl FnOnce() -> Result<Shown, Error>, place: Place) -> Result<(), Error> {
        let shown = contain(decode).unwrap_or(Err(GAVE_UP))?;
        self.budget.spend(&shown.picture);
        self.viewer.see(&shown.at(place))
    }

    /// How many were left out; the first error when none could be shown.
    pub(super) fn finish(self) -> Result<usize, Error> {
        match self.first_error {
            Some(error) if !self.shown => Err(error),
            _ => Ok(self.left_out),
        }
    }
}
