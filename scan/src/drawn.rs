//! Codes that are written down, and pictures of them, for the tests.
//!
//! The modules were made with segno: `segno.make(text, version=5, error="l", mask=3,
//! boost_error=False)`; those of [`CHARLIE`] with `version=2, error="m"`.

use zeroize::Zeroizing;

use crate::geometry::{Projection, Spot, spot};
use crate::raster::Luma;
use crate::symbol::Soft;

/// Rows of modules; dark ones are `#`.
pub(crate) struct Drawn {
    rows: &'static str,
    pub(crate) text: &'static str,
}

pub(crate) const ALPHA: Drawn = Drawn {
    rows: include_str!("drawn/alpha.txt"),
    text: "otpauth://totp/Example:alice?secret=CANARYALPHACANARYALPHACANARYALPH&issuer=Example",
};

pub(crate) const BRAVO: Drawn = Drawn {
    rows: include_str!("drawn/bravo.txt"),
    text: "otpauth://totp/Example:bravo?secret=CANARYBRAVOCANARYBRAVOCANARYBRAV&issuer=Example",
};

pub(crate) const CHARLIE: Drawn = Drawn { rows: include_str!("drawn/charlie.txt"), text: "CANARYCHARLIECAN" };

impl Drawn {
    pub(crate) fn size(&self) -> usize {
        self.rows.lines().count()
    }

    fn is_dark(&self, row: usize, column: usize) -> bool {
        self.rows.lines().nth(row).and_then(|line| line.as_bytes().get(column)) == Some(&b'#')
    }

    /// Surely dark and surely light modules.
    pub(crate) fn soft(&self) -> Soft {
        let dark =
            self.rows.lines().flat_map(str::bytes).map(|module| if module == b'#' { 1.0 } else { -1.0 });
        Soft { size: self.size(), values: Zeroizing::new(dark.collect()) }
    }

    /// Seen straight on, with a border of four modules.
    pub(crate) fn picture(&self, module: usize) -> Luma {
        let side = (self.size() + 8) * module;
        let mut luma = paper(side, side);
        self.draw(&mut luma, 4 * module, 4 * module, module);
        luma
    }

    /// Draws the code without a border.
    pub(crate) fn draw(&self, luma: &mut Luma, left: usize, top: usize, module: usize) {
        for y in 0..self.size() * module {
            for x in 0..self.size() * module {
                let tone = if self.is_dark(y / module, x / module) { 20 } else { 230 };
                luma.pixels[(top + y) * luma.width + left + x] = tone;
            }
        }
    }

    /// With its corners (top left, top right, bottom right, bottom left) at these places.
    pub(crate) fn tilted(&self, width: usize, height: usize, corners: [Spot; 4]) -> Luma {
        let size = self.size() as f64;
        let ends = [spot(0.0, 0.0), spot(size, 0.0), spot(size, size), spot(0.0, size)];
        let pairs: Vec<(Spot, Spot)> = corners.into_iter().zip(ends).collect();
        // From pixels to modules.
        let back = Projection::fit(&pairs, width).expect("corners of a figure");
        let mut luma = paper(width, height);
        for y in 0..height {
            for x in 0..width {
                // Four places of each pixel, as a camera averages.
                let dark = (0..4).filter(|i| {
                    let at = spot(
                        x as f64 + 0.25 + 0.5 * f64::from(i % 2),
                        y as f64 + 0.25 + 0.5 * f64::from(i / 2),
                    );
                    let module = back.at(at);
                    module.x >= 0.0 && module.y >= 0.0 && self.is_dark(module.y as usize, module.x as usize)
                });
                luma.pixels[y * width + x] -= 50 * dark.count() as u8;
            }
        }
        luma
    }
}

/// A light picture.
pub(crate) fn paper(width: usize, height: usize) -> Luma {
    Luma { width, height, pixels: vec![230; width * height] }
}

/// Numbers from 0 to 1 that are the same in each run.
pub(crate) fn random(seed: u64) -> impl FnMut() -> f32 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u32 << 24) as f32
    }
}
