//! Picture files: recognising and decoding them under limits, one picture at a time.

mod animation;
mod grey;
#[cfg(feature = "heic")]
mod heic;
mod kind;
mod pages;
#[cfg(feature = "pdf")]
mod pdf;
mod still;
mod tiff;

use std::io::ErrorKind;

use image::ImageError;

use crate::contain::contain;
use crate::raster::Luma;
use crate::{Error, Limits, Place};

pub use kind::{PictureKind, sniff, unread_kind};
use pages::Pages;
#[cfg(feature = "pdf")]
pub use pdf::{Area, OwnDocument};

/// A decoded picture as displayed.
pub(crate) struct Picture {
    /// Grey values; transparent parts are white.
    pub(crate) on_white: Luma,
    /// The same with black behind transparent parts, when there are any.
    pub(crate) on_black: Option<Luma>,
}

impl Picture {
    fn equals(&self, other: &Picture) -> bool {
        let same = |one: &Luma, other: &Luma| one.width == other.width && one.pixels == other.pixels;
        let on_black = match (&self.on_black, &other.on_black) {
            (Some(one), Some(other)) => same(one, other),
            (None, None) => true,
            _ => false,
        };
        same(&self.on_white, &other.on_white) && on_black
    }
}

/// One of the pictures of a file.
pub(crate) struct Shown {
    pub(crate) picture: Picture,
    pub(crate) place: Place,
    /// The file ends too early: the rest of the picture is empty, or other pictures are missing.
    pub(crate) torn: bool,
}

impl Shown {
    fn at(self, place: Place) -> Self {
        Shown { place, ..self }
    }
}

/// Who looks at the pictures of a file.
pub(crate) trait Viewer {
    /// Whether another picture is wanted; asked before it is decoded.
    fn goes_on(&self) -> bool;

    /// When to stop with a picture that is begun now.
    #[cfg(feature = "pdf")]
    fn deadline(&self) -> Option<std::time::Instant>;

    /// Takes note of why a picture is left out.
    fn miss(&mut self, error: Error);

    /// Looks at a picture.
    fn see(&mut self, shown: &Shown) -> Result<(), Error>;
}

/// Shows the pictures of a file one after the other, so that only one is in memory, and returns how
/// many were left out because of a limit, because the viewer wanted no more, or because they are
/// damaged where others are not.
///
/// # Errors
///
/// When nothing could be shown. After the first picture also when the decoder gave up.
pub(crate) fn each_frame(bytes: &[u8], limits: &Limits, viewer: &mut dyn Viewer) -> Result<usize, Error> {
    let Some(kind) = sniff(bytes) else {
        return Err(unread_kind(bytes).map_or(Error::NotAPicture, |what| Error::Unsupported { what }));
    };
    contain(|| match kind {
        PictureKind::Png | PictureKind::WebP | PictureKind::Gif => {
            animation::show(bytes, kind, limits, viewer)
        }
        PictureKind::Tiff => tiff::show(bytes, limits, viewer),
        #[cfg(feature = "heic")]
        PictureKind::Heic => heic::show(bytes, limits, viewer),
        #[cfg(feature = "pdf")]
        PictureKind::Pdf => pdf::show(bytes, limits, viewer),
        _ => still::show(bytes, kind, limits, viewer),
    })
    .unwrap_or(Err(GAVE_UP))
}

const GAVE_UP: Error = Error::Malformed { reason: "the decoder gave up" };

/// What all pictures of a file may come to.
struct Budget {
    pixels: u64,
    pictures: u32,
}

/// How much larger than the largest single picture 200 of them may be together. Enough for pages of
/// paper at 200 dots an inch under the usual limit.
const MOST_TOGETHER: u64 = 5;

impl Budget {
    fn new(limits: &Limits) -> Self {
        let times = MOST_TOGETHER * u64::from(limits.frames.div_ceil(200));
        Budget { pixels: limits.pixels.saturating_mul(times), pictures: limits.frames }
    }

    /// Takes a picture of that size into account.
    fn allows(&mut self, pixels: u64) -> bool {
        let left = self.pixels.checked_sub(pixels).zip(self.pictures.checked_sub(1));
        if let Some((pixels, pictures)) = left {
            *self = Budget { pixels, pictures };
        }
        left.is_some()
    }

    /// Takes the size of a picture into account that was allowed before its size was known.
    fn spend(&mut self, picture: &Picture) {
        self.pixels = self.pixels.saturating_sub(picture.on_white.pixels.len() as u64);
    }

    fn is_spent(&self) -> bool {
        self.pixels == 0 || self.pictures == 0
    }
}

fn allowed(limits: &Limits) -> image::Limits {
    let mut allowed = image::Limits::no_limits();
    allowed.max_alloc = Some(limits.memory);
    allowed
}

/// Checks what the header promises and returns the number of pixels. For each of them `each` bytes
/// are held at one time.
fn check_size(width: u32, height: u32, each: u64, limits: &Limits) -> Result<u64, Error> {
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 {
        return Err(Error::Malformed { reason: "it has no pixels" });
    }
    let limit = limits.pixels.min(limits.memory / each);
    if pixels > limit {
        return Err(Error::TooLarge { pixels, limit });
    }
    Ok(pixels)
}

/// The class of a decoder's error; its own text may quote the picture.
fn refusal(error: &ImageError, pixels: u64, limits: &Limits) -> Error {
    let reason = match error {
        ImageError::Limits(_) => {
            return Error::TooLarge { pixels, limit: limits.pixels.min(limits.memory / 4) };
        }
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
    let pixels = check_size(width, height, 2, limits)?;
    if luma.len() as u64 != pixels {
        return Err(Error::Malformed { reason: "the number of bytes is not that of the pixels" });
    }
    Ok(Picture {
        on_white: Luma { width: width as usize, height: height as usize, pixels: luma.to_vec() },
        on_black: None,
    })
}
