//! Animations: GIF, WebP and PNG, each frame as it is displayed.

use std::io::Cursor;

use image::codecs::{gif::GifDecoder, png::PngDecoder, webp::WebPDecoder};
use image::metadata::Orientation;
use image::{AnimationDecoder, DynamicImage, Frames, ImageDecoder, ImageResult};

use super::{Budget, Picture, Shown, Viewer, allowed, check_size, grey, refusal, still};
use crate::{Error, Limits, PictureKind, Place};

/// Bytes for each pixel: two canvases and a frame in colour, two grey rasters and two of the frame
/// before.
const EACH: u64 = 3 * 4 + 4;

/// Shows the frames that differ from the one before. Returns how many were left out.
pub(super) fn show(
    bytes: &[u8],
    kind: PictureKind,
    limits: &Limits,
    viewer: &mut dyn Viewer,
) -> Result<usize, Error> {
    let count = count(bytes, kind);
    if count < 2 {
        return still::show(bytes, kind, limits, viewer);
    }
    match show_frames(bytes, kind, count, limits, viewer) {
        // Animations of 16-bit pictures are such a case; the first picture is readable.
        Err(Error::Unsupported { .. }) => still::show(bytes, kind, limits, viewer).map(|_| count - 1),
        shown => shown,
    }
}

fn show_frames(
    bytes: &[u8],
    kind: PictureKind,
    count: usize,
    limits: &Limits,
    viewer: &mut dyn Viewer,
) -> Result<usize, Error> {
    let (frames, pixels) = frames(bytes, kind, limits)?;
    let mut budget = Budget::new(limits);
    let mut before: Option<Picture> = None;
    let mut taken = 0;
    for frame in frames {
        if !viewer.goes_on() || !budget.allows(pixels) {
            break;
        }
        let frame = match frame {
            Ok(frame) => frame,
            Err(error) if taken == 0 => return Err(refusal(&error, pixels, limits)),
            Err(_) => break,
        };
        taken += 1;
        let image = DynamicImage::ImageRgba8(frame.into_buffer());
        let picture = grey::compose(&image, Orientation::NoTransforms);
        drop(image);
        if before.as_ref().is_some_and(|before| before.equals(&picture)) {
            continue;
        }
        let shown = Shown { picture, place: Place::Frame(taken), torn: false };
        viewer.see(&shown)?;
        before = Some(shown.picture);
    }
    Ok(count.saturating_sub(taken as usize))
}

/// The frames and the pixels of each.
fn frames<'a>(bytes: &'a [u8], kind: PictureKind, limits: &Limits) -> Result<(Frames<'a>, u64), Error> {
    let source = Cursor::new(bytes);
    let opened = match kind {
        PictureKind::Gif => GifDecoder::new(source).map(|decoder| frames_of(decoder, limits)),
        PictureKind::WebP => WebPDecoder::new(source).map(|decoder| frames_of(decoder, limits)),
        _ => PngDecoder::with_limits(source, allowed(limits)).map(|decoder| {
            let pixels = size(&decoder, limits)?;
            let frames = decoder.apng().map_err(|error| refusal(&error, pixels, limits))?;
            Ok((frames.into_frames(), pixels))
        }),
    };
    opened.map_err(|error| refusal(&error, 0, limits))?
}

fn frames_of<'a>(
    mut decoder: impl AnimationDecoder<'a> + ImageDecoder,
    limits: &Limits,
) -> Result<(Frames<'a>, u64), Error> {
    let pixels = size(&decoder, limits)?;
    let set: ImageResult<()> = decoder.set_limits(allowed(limits));
    set.map_err(|error| refusal(&error, pixels, limits))?;
    Ok((decoder.into_frames(), pixels))
}

fn size(decoder: &impl ImageDecoder, limits: &Limits) -> Result<u64, Error> {
    let (width, height) = decoder.dimensions();
    check_size(width, height, EACH, limits)
}

/// How many frames the file has, by its blocks alone.
fn count(bytes: &[u8], kind: PictureKind) -> usize {
    match kind {
        PictureKind::Gif => count_gif(bytes).0,
        PictureKind::WebP => chunks(bytes, 12, u32::from_le_bytes, 0).filter(|kind| kind == b"ANMF").count(),
        PictureKind::Png => chunks(bytes, 8, u32::from_be_bytes, 4).filter(|kind| kind == b"fcTL").count(),
        _ => 1,
    }
}

/// The kinds of the chunks of a RIFF or PNG file. In RIFF the kind stands before the length and
/// chunks are padded to an even length; in PNG it stands after and a checksum follows.
fn chunks(
    bytes: &[u8],
    start: usize,
    number: fn([u8; 4]) -> u32,
    kind_at: usize,
) -> impl Iterator<Item = [u8; 4]> + '_ {
    let mut at = start;
    std::iter::from_fn(move || {
        let four = |at: usize| bytes.get(at..at.checked_add(4)?)?.try_into().ok();
        let kind: [u8; 4] = four(at + kind_at)?;
        let length = number(four(at + 4 - kind_at)?) as usize;
        let tail = if kind_at == 0 { length % 2 } else { 4 };
        at = at.checked_add(8)?.checked_add(length)?.checked_add(tail)?;
        Some(kind)
    })
}

/// Counts the image blocks of a GIF (GIF89a specification, 20 and 23); also tells where it ends.
fn count_gif(bytes: &[u8]) -> (usize, usize) {
    let table = |flags: u8| if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) };
    let mut at = 13 + bytes.get(10).map_or(0, |&flags| table(flags));
    let mut count = 0;
    loop {
        at = match bytes.get(at) {
            Some(0x21) => at + 2,
            Some(0x2c) => {
                count += 1;
                // Position, size, flags, colours, and the size of the codes.
                at + 11 + bytes.get(at + 9).map_or(0, |&flags| table(flags))
            }
            _ => return (count, at),
        };
        while let Some(&length) = bytes.get(at) {
            at += 1 + usize::from(length);
            if length == 0 {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_counted_and_cut_off_files_end_the_count() {
        let mut gif = b"GIF89a\x02\0\x02\0\x80\0\0AAABBB".to_vec();
        gif.extend(b"\x21\xf9\x04\0\0\0\0\0");
        for _ in 0..3 {
            gif.extend(b"\x2c\0\0\0\0\x02\0\x02\0\x00\x02\x02ab\0");
        }
        gif.push(0x3b);
        assert_eq!(count_gif(&gif), (3, gif.len() - 1));
        for length in 0..gif.len() {
            assert!(count_gif(&gif[..length]).0 <= 3);
        }
        let webp = b"RIFF\0\0\0\0WEBPANMF\x03\0\0\0abc\0ANMF\x02\0\0\0abXXXX\xff\xff\xff\xff";
        assert_eq!(count(webp, PictureKind::WebP), 2);
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\x01fcTLxCRC.\0\0\0\0fcTLCRC.\xff\xff\xff\xfffdAT";
        assert_eq!(count(png, PictureKind::Png), 2);
    }
}
