//! Black-and-white rasters for finding patterns.

use rxing::common::{BitMatrix, HybridBinarizer};
use rxing::{BinaryBitmap, Luma8LuminanceSource};

use crate::raster::Luma;

/// How light and dark are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Threshold {
    /// Means of blocks of eight pixels, smoothed: quick, and good for modules up to that size.
    Hybrid,
    /// The mean over few pixels: for shadows and small modules.
    Narrow,
    /// The mean over a twelfth of the picture: for large modules.
    Wide,
    /// One value for the whole picture (Otsu).
    Global,
}

/// `None` when the raster has no area.
pub(crate) fn binary(luma: &Luma, threshold: Threshold) -> Option<BitMatrix> {
    match threshold {
        Threshold::Hybrid => hybrid(luma),
        Threshold::Narrow => luma.local_threshold(12, 2),
        Threshold::Wide => luma.local_threshold((luma.short_side() / 24).clamp(8, 60), 4),
        Threshold::Global => luma.global_threshold(),
    }
}

fn hybrid(luma: &Luma) -> Option<BitMatrix> {
    let (width, height) = (luma.width as u32, luma.height as u32);
    let source = Luma8LuminanceSource::new(luma.pixels.clone(), width, height).ok()?;
    let bitmap = BinaryBitmap::new(HybridBinarizer::new(source));
    Some(bitmap.get_black_matrix().clone())
}
