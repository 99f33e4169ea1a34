//! The pictures in a page, as they are stored: a scanned page has more detail than its rendering.

use std::collections::HashSet;

use hayro::hayro_interpret::{CacheKey, Image, ImageData, LumaData};
use hayro::hayro_syntax::page::Page;

use super::{Document, View};
use crate::picture::{Pages, Picture, Shown, check_size, grey};
use crate::raster::Luma;
use crate::{Error, Limits, Place};

/// Bytes for each pixel: as stored, in colour, in grey on two grounds, and opacity.
pub(super) const EACH: u64 = 12;
/// The smallest code and its border do not fit into less.
const SMALLEST_SIDE: u32 = 21;

/// Takes a picture of a page.
pub(super) type Meet<'m> = dyn FnMut(&Image<'_, '_>) + 'm;

/// What was shown of a document.
pub(super) struct Embedded<'a> {
    limits: &'a Limits,
    /// A logo is on every page.
    seen: HashSet<u128>,
}

impl<'a> Embedded<'a> {
    pub(super) fn new(limits: &'a Limits) -> Self {
        Embedded { limits, seen: HashSet::new() }
    }

    /// Shows the pictures in a page that were not shown before. One that cannot be read is on the
    /// page as far as it can be shown.
    pub(super) fn show<'d>(&mut self, document: &Document<'d>, page: &'d Page<'d>, pages: &mut Pages<'_>) {
        let Ok(view) = View::of(page, self.limits) else { return };
        let mut meet = |image: &Image<'_, '_>| {
            let large = image.width() >= SMALLEST_SIDE && image.height() >= SMALLEST_SIDE;
            if large && self.seen.insert(image.cache_key()) {
                pages.picture_on_page(|| decode(image, self.limits));
            }
        };
        // The page was gone through once in time, so that it is not too much; looking at its pictures
        // must not count against it.
        if let Err(error) = document.walk(page, &view, None, Some(&mut meet)) {
            pages.leave_out(error);
        }
    }
}

fn decode(image: &Image<'_, '_>, limits: &Limits) -> Result<Shown, Error> {
    check_size(image.width(), image.height(), EACH, limits)?;
    let mut picture = None;
    match image {
        Image::Stencil(stencil) => {
            stencil.with_stencil(|mask, _| picture = Some(stencilled(mask)), None);
        }
        Image::Raster(raster) => raster.with_rgba(|data, alpha| picture = Some(composed(data, alpha)), None),
    }
    let picture = picture.ok_or(Error::Malformed { reason: "its data cannot be decoded" })?;
    Ok(Shown { picture, place: Place::Whole, torn: false })
}

/// What a stencil paints is taken for dark.
fn stencilled(mask: LumaData) -> Picture {
    let mut pixels = mask.data;
    pixels.iter_mut().for_each(|pixel| *pixel = u8::MAX - *pixel);
    Picture { on_white: raster(pixels, mask.width, mask.height), on_black: None }
}

fn composed(data: ImageData, alpha: Option<LumaData>) -> Picture {
    let (width, height) = (data.width(), data.height());
    let pixels: Vec<u8> = match data {
        ImageData::Luma(data) => data.data,
        ImageData::Rgb(data) => data.data.chunks_exact(3).map(|p| grey::luma([p[0], p[1], p[2]])).collect(),
    };
    match alpha {
        Some(alpha) if (alpha.width, alpha.height) == (width, height) => {
            let on = |ground: u8| {
                let pairs = pixels.iter().zip(&alpha.data);
                raster(
                    pairs.map(|(&pixel, &alpha)| grey::blend(pixel, alpha, ground)).collect(),
                    width,
                    height,
                )
            };
            Picture { on_white: on(u8::MAX), on_black: Some(on(0)) }
        }
        _ => Picture { on_white: raster(pixels, width, height), on_black: None },
    }
}

fn raster(pixels: Vec<u8>, width: u32, height: u32) -> Luma {
    Luma { width: width as usize, height: height as usize, pixels }
}
