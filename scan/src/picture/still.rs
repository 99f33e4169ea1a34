//! Files with one picture.

use std::io::{BufRead, Cursor, Seek};

use image::metadata::Orientation;
use image::{ColorType, DynamicImage, ImageDecoder, ImageFormat, ImageReader};

use super::{Shown, Viewer, allowed, check_size, grey, refusal};
use crate::{Error, Limits, PictureKind, Place};

/// Shows the only picture of a file, or the first one where the others do not count.
pub(super) fn show(
    bytes: &[u8],
    kind: PictureKind,
    limits: &Limits,
    viewer: &mut dyn Viewer,
) -> Result<usize, Error> {
    let mut shown = decode(Cursor::new(bytes), kind, limits)?.at(Place::Whole);
    shown.torn |= kind == PictureKind::Jpeg && !jpeg_ends(bytes);
    viewer.see(&shown)?;
    Ok(0)
}

/// Whether a JPEG has its end marker. The decoder paints over what is missing without a word.
fn jpeg_ends(bytes: &[u8]) -> bool {
    let mut at = 2;
    // Segments with a length, which may hold a smaller JPEG, up to the first scan.
    while let Some(&[0xff, marker, high, low]) = bytes.get(at..at + 4) {
        at += match marker {
            0xff => 1,
            0xda => break,
            _ => 2 + usize::from(u16::from_be_bytes([high, low])),
        };
    }
    bytes.get(at..).is_some_and(|scans| scans.windows(2).any(|two| two == [0xff, 0xd9]))
}

fn format(kind: PictureKind) -> Result<ImageFormat, Error> {
    Ok(match kind {
        PictureKind::Png => ImageFormat::Png,
        PictureKind::Jpeg => ImageFormat::Jpeg,
        PictureKind::WebP => ImageFormat::WebP,
        PictureKind::Gif => ImageFormat::Gif,
        PictureKind::Bmp => ImageFormat::Bmp,
        PictureKind::Tiff => ImageFormat::Tiff,
        PictureKind::Heic => return Err(Error::Unsupported { what: "HEIC" }),
        PictureKind::Pdf => return Err(Error::Unsupported { what: "PDF" }),
    })
}

/// Decodes one picture. The place of what it gives is up to the caller.
pub(super) fn decode(
    source: impl BufRead + Seek,
    kind: PictureKind,
    limits: &Limits,
) -> Result<Shown, Error> {
    let mut reader = ImageReader::with_format(source, format(kind)?);
    reader.limits(allowed(limits));
    let mut decoder = reader.into_decoder().map_err(|error| refusal(&error, 0, limits))?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    let each = decoder.total_bytes().div_ceil(pixels.max(1)) + copies(kind, decoder.color_type());
    check_size(width, height, each, limits)?;
    // Metadata that cannot be read does not make the picture unreadable.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let color = decoder.color_type();
    let mut raw = vec![0; decoder.total_bytes() as usize];
    let read = decoder.read_image(&mut raw).map_err(|error| refusal(&error, pixels, limits));
    let torn = match read {
        Ok(()) => false,
        Err(ENDS_EARLY) if kind == PictureKind::Png && raw.iter().any(|&byte| byte > 0) => true,
        Err(error) => return Err(error),
    };
    let image = assemble(color, width, height, raw)
        .ok_or(Error::Unsupported { what: "a variant of the format that is not read" })?;
    Ok(Shown { picture: grey::compose(&image, orientation), place: Place::Whole, torn })
}

/// A file that was copied in part. What came through is worth a look.
pub(super) const ENDS_EARLY: Error = Error::Malformed { reason: "it ends too early" };

/// Bytes for each pixel that the decoder holds besides what it delivers, and the two grey rasters.
/// WebP and GIF decoders hold a second copy of the picture in colour; wide samples are narrowed.
fn copies(kind: PictureKind, color: ColorType) -> u64 {
    let channels = u64::from(color.channel_count());
    match kind {
        PictureKind::WebP | PictureKind::Gif => 6,
        _ if u64::from(color.bytes_per_pixel()) > channels => 2 + channels,
        _ => 2,
    }
}

/// As `DynamicImage::from_decoder` does, which keeps nothing of a picture that ends too early.
/// Samples wider than 8 bits are narrowed.
fn assemble(color: ColorType, width: u32, height: u32, raw: Vec<u8>) -> Option<DynamicImage> {
    use image::ImageBuffer as Buffer;
    match color {
        ColorType::L8 => Buffer::from_raw(width, height, raw).map(DynamicImage::ImageLuma8),
        ColorType::La8 => Buffer::from_raw(width, height, raw).map(DynamicImage::ImageLumaA8),
        ColorType::Rgb8 => Buffer::from_raw(width, height, raw).map(DynamicImage::ImageRgb8),
        ColorType::Rgba8 => Buffer::from_raw(width, height, raw).map(DynamicImage::ImageRgba8),
        ColorType::L16 => Buffer::from_raw(width, height, high(raw)).map(DynamicImage::ImageLuma8),
        ColorType::La16 => Buffer::from_raw(width, height, high(raw)).map(DynamicImage::ImageLumaA8),
        ColorType::Rgb16 => Buffer::from_raw(width, height, high(raw)).map(DynamicImage::ImageRgb8),
        ColorType::Rgba16 => Buffer::from_raw(width, height, high(raw)).map(DynamicImage::ImageRgba8),
        ColorType::Rgb32F => Buffer::from_raw(width, height, floats(raw)).map(DynamicImage::ImageRgb8),
        ColorType::Rgba32F => Buffer::from_raw(width, height, floats(raw)).map(DynamicImage::ImageRgba8),
        _ => None,
    }
}

/// Samples from 0 to 1.
fn floats(raw: Vec<u8>) -> Vec<u8> {
    let sample = |four: &[u8]| f32::from_ne_bytes([four[0], four[1], four[2], four[3]]);
    raw.chunks_exact(4).map(|four| (sample(four).clamp(0.0, 1.0) * 255.0).round() as u8).collect()
}

/// The upper halves of 16-bit samples in the byte order of the machine.
fn high(raw: Vec<u8>) -> Vec<u8> {
    raw.chunks_exact(2).map(|pair| (u16::from_ne_bytes([pair[0], pair[1]]) >> 8) as u8).collect()
}
