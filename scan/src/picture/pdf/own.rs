//! Documents that the caller made: parts of their pages are looked at, at the size that codes there need.

use std::sync::Arc;

use hayro::hayro_syntax::Pdf;
use hayro::kurbo::Affine;
use zeroize::Zeroizing;

use super::{Document, LONGEST_SIDE, POINTS};
use crate::contain::contain;
use crate::picture::{GAVE_UP, check_size};
use crate::{Error, Frame, Options, look};

/// A part of a page, in points from its upper left corner as it is displayed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    /// The page, counted from 0.
    pub page: usize,
    /// From the left edge.
    pub left: f32,
    /// From the upper edge.
    pub top: f32,
    /// To the right.
    pub width: f32,
    /// Down.
    pub height: f32,
    /// How fine it is drawn: dots an inch.
    pub dots: f32,
}

/// A PDF document that the caller has just made and wants to read again.
///
/// What [`crate::scan`] asks of documents of others before it draws them, for fear of those that unpack to
/// gigabytes or take hours, is not asked here: never open a stranger's document in this way.
pub struct OwnDocument {
    pdf: Pdf,
}

impl OwnDocument {
    /// Opens it.
    ///
    /// # Errors
    ///
    /// [`Error`] when it is no PDF document.
    pub fn open(bytes: Arc<Zeroizing<Vec<u8>>>) -> Result<Self, Error> {
        let pdf = contain(|| Pdf::new(bytes)).ok_or(GAVE_UP)?;
        pdf.map(|pdf| Self { pdf }).map_err(super::refusal)
    }

    /// How many pages it has.
    pub fn pages(&self) -> usize {
        self.pdf.pages().len()
    }

    /// Looks at each of these parts.
    ///
    /// # Errors
    ///
    /// The first that comes up; also where there is no such page, or the part is too large for the limits.
    pub fn look(&self, areas: &[Area], options: &Options) -> Result<Vec<Frame>, Error> {
        let document = Document::new(&options.limits);
        areas.iter().map(|area| self.look_at(&document, *area, options)).collect()
    }

    fn look_at<'a>(&'a self, document: &Document<'a>, area: Area, options: &Options) -> Result<Frame, Error> {
        let missing = Error::Malformed { reason: "a page is missing" };
        let page = self.pdf.pages().get(area.page).ok_or(missing)?;
        let scale = f64::from(area.dots) / POINTS;
        let [left, top, width, height] =
            [area.left, area.top, area.width, area.height].map(|points| f64::from(points) * scale);
        let side = |length: f64| length.ceil().clamp(0.0, LONGEST_SIDE) as u16;
        let (width, height) = (side(width), side(height));
        check_size(width.into(), height.into(), super::EACH, &options.limits)?;
        let transform = Affine::translate((-left, -top)) * Affine::scale(scale) * super::upright(page);
        let picture = contain(|| document.draw(page, width, height, transform)).ok_or(GAVE_UP)?;
        look(&picture, options)
    }
}
