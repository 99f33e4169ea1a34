//! From decoded pixels to the grey rasters that are looked at.

use image::metadata::Orientation;
use image::{DynamicImage, GenericImageView};

use super::Picture;
use crate::raster::Luma;

/// Grey rasters on white and, where it matters, on black, turned as the picture is displayed.
pub(super) fn compose(image: &DynamicImage, orientation: Orientation) -> Picture {
    let size = image.dimensions();
    if !image.color().has_alpha() {
        let on_white = grey(image, |pixel, _| pixel);
        return Picture { on_white: oriented(on_white, size, orientation), on_black: None };
    }
    let (mut least, mut most) = (u8::MAX, 0);
    each_pixel(image, |_, alpha| {
        least = least.min(alpha);
        most = most.max(alpha);
    });
    // Some programs write an alpha channel and leave it zero: nobody means a fully invisible picture.
    let see_through = least < u8::MAX && most > 0;
    let on = |ground: u8| {
        let pixels =
            grey(image, |pixel, alpha| if see_through { blend(pixel, alpha, ground) } else { pixel });
        oriented(pixels, size, orientation)
    };
    Picture { on_white: on(u8::MAX), on_black: see_through.then(|| on(0)) }
}

pub(super) fn blend(pixel: u8, alpha: u8, ground: u8) -> u8 {
    let alpha = u32::from(alpha);
    let mixed = u32::from(pixel) * alpha + u32::from(ground) * (255 - alpha);
    (mixed / 255) as u8
}

fn grey(image: &DynamicImage, tone: impl Fn(u8, u8) -> u8) -> Vec<u8> {
    let mut pixels = Vec::with_capacity(image.width() as usize * image.height() as usize);
    each_pixel(image, |pixel, alpha| pixels.push(tone(pixel, alpha)));
    pixels
}

/// Visits grey value and opacity of every pixel. The usual layouts are read in place; the others
/// one by one, so that no second copy of the picture is needed.
fn each_pixel(image: &DynamicImage, mut visit: impl FnMut(u8, u8)) {
    match image {
        DynamicImage::ImageLuma8(pixels) => pixels.iter().for_each(|&p| visit(p, u8::MAX)),
        DynamicImage::ImageRgb8(pixels) => {
            pixels.pixels().for_each(|p| visit(luma(p.0), u8::MAX));
        }
        DynamicImage::ImageRgba8(pixels) => pixels.pixels().for_each(|p| {
            let [r, g, b, alpha] = p.0;
            visit(luma([r, g, b]), alpha);
        }),
        other => other.pixels().for_each(|(_, _, p)| {
            let [r, g, b, alpha] = p.0;
            visit(luma([r, g, b]), alpha);
        }),
    }
}

/// Weights of ITU-R BT.601.
pub(super) fn luma([r, g, b]: [u8; 3]) -> u8 {
    let sum = 299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b);
    (sum / 1000) as u8
}

/// Turns the grey raster, which takes a quarter of the memory of turning the picture.
fn oriented(pixels: Vec<u8>, (mut width, mut height): (u32, u32), orientation: Orientation) -> Luma {
    let mut upright = pixels;
    if orientation != Orientation::NoTransforms
        && let Some(grey) = image::GrayImage::from_raw(width, height, std::mem::take(&mut upright))
    {
        let mut turned = DynamicImage::ImageLuma8(grey);
        turned.apply_orientation(orientation);
        (width, height) = turned.dimensions();
        upright = turned.into_bytes();
    }
    Luma { width: width as usize, height: height as usize, pixels: upright }
}
