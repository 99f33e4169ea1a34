//! Picture files: recognising and decoding them under limits.

use std::io::{Cursor, ErrorKind};

use image::metadata::Orientation;
use image::{DynamicImage, GenericImageView, ImageDecoder, ImageError, ImageFormat, ImageReader};

use crate::contain::contain;
use crate::raster::Luma;
use crate::{Error, Limits};

/// A kind of picture file that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PictureKind {
    /// Portable Network Graphics.
    Png,
    /// JPEG.
    Jpeg,
    /// WebP, lossy or lossless.
    WebP,
    /// GIF.
    Gif,
    /// Windows bitmap.
    Bmp,
    /// TIFF.
    Tiff,
}

/// A decoded picture as displayed.
pub(crate) struct Picture {
    /// Grey values; transparent parts are white.
    pub(crate) on_white: Luma,
    /// The same with black behind transparent parts, when there are any.
    pub(crate) on_black: Option<Luma>,
}

/// Recognises a picture by its first bytes; nothing else is checked.
#[must_use]
pub fn sniff(bytes: &[u8]) -> Option<PictureKind> {
    let starts = |magic: &[u8]| bytes.starts_with(magic);
    if starts(b"\x89PNG\r\n\x1a\n") {
        Some(PictureKind::Png)
    } else if starts(b"\xff\xd8\xff") {
        Some(PictureKind::Jpeg)
    } else if starts(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Some(PictureKind::WebP)
    } else if starts(b"GIF87a") || starts(b"GIF89a") {
        Some(PictureKind::Gif)
    } else if starts(b"II*\0") || starts(b"MM\0*") {
        Some(PictureKind::Tiff)
    } else if starts(b"BM") && bitmap_header(bytes) {
        Some(PictureKind::Bmp)
    } else {
        None
    }
}

/// Two letters are a weak sign, so the size of the second header must be one that exists.
fn bitmap_header(bytes: &[u8]) -> bool {
    matches!(bytes.get(14..18), Some([12 | 16 | 40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0]))
}

/// Names kinds of file that hold pictures but are not read: `HEIC`, `AVIF`, `JPEG XL`, `PDF`.
#[must_use]
pub fn unread_kind(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(b"%PDF-") {
        return Some("PDF");
    }
    if bytes.get(4..8) == Some(b"ftyp") {
        return match bytes.get(8..12)? {
            b"avif" | b"avis" => Some("AVIF"),
            b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"mif1" | b"msf1" => Some("HEIC"),
            _ => None,
        };
    }
    let jxl = bytes.starts_with(b"\0\0\0\x0cJXL ") || bytes.starts_with(b"\xff\x0a");
    jxl.then_some("JPEG XL")
}

pub(crate) fn decode(bytes: &[u8], limits: &Limits) -> Result<Picture, Error> {
    let Some(kind) = sniff(bytes) else {
        return Err(unread_kind(bytes).map_or(Error::NotAPicture, |what| Error::Unsupported { what }));
    };
    contain(|| decode_kind(bytes, kind, limits))
        .unwrap_or(Err(Error::Malformed { reason: "the decoder gave up" }))
}

fn decode_kind(bytes: &[u8], kind: PictureKind, limits: &Limits) -> Result<Picture, Error> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format(kind));
    let mut allowed = image::Limits::no_limits();
    allowed.max_alloc = Some(limits.memory);
    reader.limits(allowed);
    let over_memory = |pixels| Error::TooLarge { pixels, limit: limits.pixels.min(limits.memory / 4) };
    let mut decoder = reader.into_decoder().map_err(|error| refusal(&error, over_memory(0)))?;
    let (width, height) = decoder.dimensions();
    let pixels = check_size(width, height, kind, decoder.total_bytes(), limits)?;
    // Metadata that cannot be read does not make the picture unreadable.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let image = DynamicImage::from_decoder(decoder).map_err(|error| refusal(&error, over_memory(pixels)))?;
    Ok(compose(image, orientation))
}

fn format(kind: PictureKind) -> ImageFormat {
    match kind {
        PictureKind::Png => ImageFormat::Png,
        PictureKind::Jpeg => ImageFormat::Jpeg,
        PictureKind::WebP => ImageFormat::WebP,
        PictureKind::Gif => ImageFormat::Gif,
        PictureKind::Bmp => ImageFormat::Bmp,
        PictureKind::Tiff => ImageFormat::Tiff,
    }
}

/// Checks what the header promises and returns the number of pixels.
fn check_size(
    width: u32,
    height: u32,
    kind: PictureKind,
    decoded: u64,
    limits: &Limits,
) -> Result<u64, Error> {
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 {
        return Err(Error::Malformed { reason: "it has no pixels" });
    }
    // Two grey rasters join the decoded pixels. WebP and GIF decoders hold a second copy of the
    // picture in colour.
    let copy = match kind {
        PictureKind::WebP | PictureKind::Gif => 4,
        _ => 0,
    };
    let each = decoded.div_ceil(pixels) + 2 + copy;
    let limit = limits.pixels.min(limits.memory / each);
    if pixels > limit {
        return Err(Error::TooLarge { pixels, limit });
    }
    Ok(pixels)
}

/// The class of a decoder's error; its own text may quote the picture.
fn refusal(error: &ImageError, too_large: Error) -> Error {
    let reason = match error {
        ImageError::Limits(_) => return too_large,
        ImageError::Unsupported(_) => {
            return Error::Unsupported { what: "a variant of the format that is not read" };
        }
        ImageError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => "it ends too early",
        ImageError::Decoding(_) => "its data cannot be decoded",
        _ => "it cannot be read",
    };
    Error::Malformed { reason }
}

pub(crate) fn from_luma(width: u32, height: u32, luma: &[u8], limits: &Limits) -> Result<Picture, Error> {
    let pixels = check_size(width, height, PictureKind::Png, 0, limits)?;
    if luma.len() as u64 != pixels {
        return Err(Error::Malformed { reason: "the number of bytes is not that of the pixels" });
    }
    Ok(Picture {
        on_white: Luma { width: width as usize, height: height as usize, pixels: luma.to_vec() },
        on_black: None,
    })
}

/// Grey rasters on white and, where it matters, on black, turned as the picture is displayed.
fn compose(image: DynamicImage, orientation: Orientation) -> Picture {
    if !image.color().has_alpha() {
        let on_white = grey(&image, |pixel, _| pixel);
        return Picture { on_white: oriented(on_white, &image, orientation), on_black: None };
    }
    let (mut least, mut most) = (u8::MAX, 0);
    each_pixel(&image, |_, alpha| {
        least = least.min(alpha);
        most = most.max(alpha);
    });
    // Some programs write an alpha channel and leave it zero: nobody means a fully invisible picture.
    let see_through = least < u8::MAX && most > 0;
    let on = |ground: u8| {
        let pixels =
            grey(&image, |pixel, alpha| if see_through { blend(pixel, alpha, ground) } else { pixel });
        oriented(pixels, &image, orientation)
    };
    Picture { on_white: on(u8::MAX), on_black: see_through.then(|| on(0)) }
}

fn blend(pixel: u8, alpha: u8, ground: u8) -> u8 {
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
fn luma([r, g, b]: [u8; 3]) -> u8 {
    let sum = 299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b);
    (sum / 1000) as u8
}

/// Turns the grey raster, which takes a quarter of the memory of turning the picture.
fn oriented(pixels: Vec<u8>, image: &DynamicImage, orientation: Orientation) -> Luma {
    let (mut width, mut height) = image.dimensions();
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
