//! QR codes out of pictures: picture bytes in, payloads with positions out.
//!
//! The crate reads no files, keeps no clock, starts no threads and prints nothing. The caller
//! brings the bytes and the [`Limits`]; two calls never share state.
//!
//! ```no_run
//! let bytes: Vec<u8> = Vec::new(); // of a picture, a photo, a PDF
//! let scan = otpferry_scan::scan(&bytes, &otpferry_scan::Options::default())?;
//! for code in scan.codes() {
//!     println!("{} bytes at {:?}", code.payload.len(), code.corners[0]);
//! }
//! # Ok::<(), otpferry_scan::Error>(())
//! ```
//!
//! A third-party decoder that panics on a hostile picture is caught and reported as
//! [`Error::Malformed`] or as an unread code. The process's panic hook still runs for it; a hook
//! that should stay silent then can ask [`contains_panics`].

mod binary;
mod candidate;
mod contain;
mod direct;
#[cfg(test)]
mod drawn;
mod engine;
mod finder;
mod fit;
mod found;
mod gather;
mod geometry;
mod grid;
mod layers;
mod picture;
mod raster;
mod result;
mod sighting;
mod stages;
mod symbol;

use std::time::{Duration, Instant};

pub use contain::contains_panics;
pub use grid::{Grid, Merged, merge};
#[cfg(feature = "pdf")]
pub use picture::{Area, OwnDocument};
pub use picture::{PictureKind, sniff, unread_kind};
pub use result::{Code, Frame, Hint, Part, Place, Point, Scan, Unread};

/// How large a picture may be. Checked against the header, before any pixel is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Width times height.
    pub pixels: u64,
    /// Bytes that decoding and scanning may hold at one time, as far as they can be foreseen.
    pub memory: u64,
    /// Frames and pages of one file that are looked at.
    pub frames: u32,
}

impl Default for Limits {
    /// 200 million pixels are what the largest phone cameras deliver; one gibibyte lets such a
    /// picture through as 8-bit colour, and a bomb of the same size with 64-bit pixels not.
    fn default() -> Self {
        Limits { pixels: 200_000_000, memory: 1 << 30, frames: 200 }
    }
}

/// How much work a picture is worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effort {
    /// A few cheap looks; stops at the first that reads something.
    Fast,
    /// Goes on until something is read, and while a code is seen that cannot be read.
    #[default]
    Normal,
    /// Every look there is, for pictures that are known to hold more.
    Max,
}

/// What a scan may cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Size of the picture.
    pub limits: Limits,
    /// Number of retries.
    pub effort: Effort,
    /// How long to look at each frame or page; what is left undone is told.
    pub time: Option<Duration>,
    /// When to stop looking at the file. Without this and `time`, no clock is looked at.
    pub deadline: Option<Instant>,
}

impl Options {
    /// When to stop looking at a frame that is begun now.
    fn end_of_frame(&self) -> Option<Instant> {
        let own = self.time.and_then(|time| Instant::now().checked_add(time));
        own.into_iter().chain(self.deadline).min()
    }
}

/// Why a picture could not be scanned. No variant quotes the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The bytes do not begin like any picture.
    #[error("not a picture")]
    NotAPicture,
    /// A picture of a kind, or with a feature, that is not read.
    #[error("unsupported picture: {what}")]
    Unsupported {
        /// The kind or feature.
        what: &'static str,
    },
    /// A document that only its password opens.
    #[error("locked document: it needs a password to be opened")]
    Locked,
    /// A picture whose data is damaged.
    #[error("damaged picture: {reason}")]
    Malformed {
        /// What is wrong, as a class and not in detail.
        reason: &'static str,
    },
    /// A picture over a limit.
    #[error("picture too large: {pixels} pixels, limit {limit}")]
    TooLarge {
        /// Width times height as the header has it.
        pixels: u64,
        /// How many would be allowed, by number or by the memory they need.
        limit: u64,
    },
    /// A document that unpacks to more than the limit on memory allows.
    #[error("document too large: it unpacks to more than the limit on memory")]
    UnpacksTooLarge,
}

/// Reads the QR codes in a picture file.
///
/// EXIF orientation is honoured. Transparent pictures are looked at on white and then on black. Every
/// frame of an animation and every page counts, up to [`Limits::frames`]; [`Scan::left_out`] tells of the
/// rest. Of a picture with a smaller copy of itself (MPO, HEIC) the main one counts.
///
/// A code that several frames of an animation show is told once, and so is one that is found in a
/// page and again in a picture on it.
///
/// # Errors
///
/// See [`Error`]. A picture without codes is not an error.
pub fn scan(bytes: &[u8], options: &Options) -> Result<Scan, Error> {
    let mut gathering = gather::Gathering::new(options);
    let left_out = picture::each_frame(bytes, &options.limits, &mut gathering);
    gathering.scan(left_out)
}

/// Reads the QR codes in an 8-bit grey raster in row order, for pictures that the caller decoded.
///
/// # Errors
///
/// [`Error::Malformed`] when `luma` does not have `width * height` bytes, [`Error::TooLarge`] when
/// that is over the limit.
pub fn scan_luma(width: u32, height: u32, luma: &[u8], options: &Options) -> Result<Frame, Error> {
    let picture = picture::from_luma(width, height, luma, &options.limits)?;
    look(&picture, options)
}

/// A mistake in our own handling of an odd picture must not cost the other pictures of a run.
fn look(picture: &picture::Picture, options: &Options) -> Result<Frame, Error> {
    let options = Options { deadline: options.end_of_frame(), ..*options };
    contain::contain(|| engine::search(picture, &options))
        .ok_or(Error::Malformed { reason: "its shape cannot be handled" })
}
