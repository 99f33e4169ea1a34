//! Grey and black-and-white rasters and the operations the ladder applies to them.

use image::imageops::{self, FilterType};

/// An 8-bit grey raster; 0 is black.
#[derive(Clone)]
pub(crate) struct Luma {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) pixels: Vec<u8>,
}

/// A black-and-white raster; 1 is dark.
#[derive(Clone)]
pub(crate) struct Bits {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) cells: Vec<u8>,
}

/// A rectangle of whole pixels inside a raster.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Window {
    pub(crate) left: usize,
    pub(crate) top: usize,
    pub(crate) width: usize,
    pub(crate) height: usize,
}

impl Bits {
    pub(crate) fn dark(&self, x: usize, y: usize) -> bool {
        self.cells[y * self.width + x] != 0
    }

    /// Dark at a rounded position; outside the raster counts as light.
    pub(crate) fn dark_at(&self, x: f32, y: f32) -> bool {
        let (x, y) = (x.round(), y.round());
        x >= 0.0
            && y >= 0.0
            && (x as usize) < self.width
            && (y as usize) < self.height
            && self.dark(x as usize, y as usize)
    }

    pub(crate) fn crop(&self, window: Window) -> Bits {
        Bits { width: window.width, height: window.height, cells: crop_rows(&self.cells, self.width, window) }
    }
}

impl Luma {
    pub(crate) fn long_side(&self) -> usize {
        self.width.max(self.height)
    }

    pub(crate) fn short_side(&self) -> usize {
        self.width.min(self.height)
    }

    pub(crate) fn crop(&self, window: Window) -> Luma {
        Luma {
            width: window.width,
            height: window.height,
            pixels: crop_rows(&self.pixels, self.width, window),
        }
    }

    pub(crate) fn inverted(&self) -> Luma {
        self.mapped(|pixel| 255 - pixel)
    }

    /// Means of `factor` x `factor` blocks. A rest at the right and bottom edge is dropped.
    pub(crate) fn reduced(&self, factor: usize) -> Luma {
        let (width, height) = (self.width / factor, self.height / factor);
        let area = factor * factor;
        let mut pixels = Vec::with_capacity(width * height);
        let mut sums = vec![0usize; width];
        for y in 0..height {
            sums.fill(area / 2);
            for row in 0..factor {
                let start = (y * factor + row) * self.width;
                let line = &self.pixels[start..start + width * factor];
                for (sum, block) in sums.iter_mut().zip(line.chunks_exact(factor)) {
                    *sum += block.iter().map(|&pixel| usize::from(pixel)).sum::<usize>();
                }
            }
            pixels.extend(sums.iter().map(|&sum| (sum / area) as u8));
        }
        Luma { width, height, pixels }
    }

    /// Enlarged by Catmull-Rom interpolation, which keeps the edges of one- and two-pixel modules.
    pub(crate) fn enlarged(&self, factor: usize) -> Luma {
        let (width, height) = (self.width * factor, self.height * factor);
        let Some(view) = image::ImageBuffer::<image::Luma<u8>, &[u8]>::from_raw(
            self.width as u32,
            self.height as u32,
            &self.pixels,
        ) else {
            return self.clone();
        };
        let larger = imageops::resize(&view, width as u32, height as u32, FilterType::CatmullRom);
        Luma { width, height, pixels: larger.into_raw() }
    }

    /// Grey values spread so that the darkest and lightest 1% become black and white.
    pub(crate) fn stretched(&self) -> Luma {
        let histogram = self.histogram();
        let cut = self.pixels.len() / 100;
        let low = percentile(histogram.iter(), cut);
        let high = 255_usize.saturating_sub(percentile(histogram.iter().rev(), cut));
        if high <= low {
            return self.clone();
        }
        let span = high - low;
        self.mapped(|pixel| {
            let above = usize::from(pixel).saturating_sub(low);
            (above * 255 / span).min(255) as u8
        })
    }

    /// Unsharp mask: adds the difference from the local mean once more.
    pub(crate) fn sharpened(&self, radius: usize) -> Luma {
        let mut pixels = Vec::with_capacity(self.pixels.len());
        self.each_local_mean(radius, |pixel, sum, count| {
            let twice = 2 * u32::from(pixel);
            pixels.push(twice.saturating_sub(sum / count).min(255) as u8);
        });
        self.with_pixels(pixels)
    }

    /// Mean over a square of side `2 * radius + 1`.
    pub(crate) fn blurred(&self, radius: usize) -> Luma {
        let mut pixels = Vec::with_capacity(self.pixels.len());
        self.each_local_mean(radius, |_, sum, count| pixels.push((sum / count) as u8));
        self.with_pixels(pixels)
    }

    /// Dark where a pixel is more than `offset` below the mean of its surroundings.
    pub(crate) fn local_threshold(&self, radius: usize, offset: u32) -> Bits {
        let mut cells = Vec::with_capacity(self.pixels.len());
        self.each_local_mean(radius, |pixel, sum, count| {
            cells.push(u8::from((u32::from(pixel) + offset) * count < sum));
        });
        self.with_cells(cells)
    }

    /// One threshold for the whole raster, where it separates two classes best (Otsu).
    pub(crate) fn global_threshold(&self) -> Bits {
        let threshold = otsu(&self.histogram());
        let cells = self.pixels.iter().map(|&p| u8::from(p <= threshold));
        self.with_cells(cells.collect())
    }

    fn mapped(&self, tone: impl Fn(u8) -> u8) -> Luma {
        self.with_pixels(self.pixels.iter().map(|&pixel| tone(pixel)).collect())
    }

    fn with_pixels(&self, pixels: Vec<u8>) -> Luma {
        Luma { width: self.width, height: self.height, pixels }
    }

    fn with_cells(&self, cells: Vec<u8>) -> Bits {
        Bits { width: self.width, height: self.height, cells }
    }

    fn histogram(&self) -> [usize; 256] {
        let mut histogram = [0; 256];
        for &pixel in &self.pixels {
            histogram[usize::from(pixel)] += 1;
        }
        histogram
    }

    /// Calls `visit(pixel, sum, count)` in raster order with the sum over the square around it,
    /// cut off at the edges. Column sums slide down and one sum slides right, so the cost does not
    /// depend on the radius. Radii stay below 130, so that no sum exceeds 32 bits.
    fn each_local_mean(&self, radius: usize, mut visit: impl FnMut(u8, u32, u32)) {
        let (width, height) = (self.width, self.height);
        let mut columns = vec![0u32; width];
        for y in 0..radius.min(height) {
            self.add_row(&mut columns, y);
        }
        for y in 0..height {
            if y + radius < height {
                self.add_row(&mut columns, y + radius);
            }
            if y > radius {
                self.subtract_row(&mut columns, y - radius - 1);
            }
            let rows = (y + radius + 1).min(height) - y.saturating_sub(radius);
            let mut sum: u32 = columns[..radius.min(width)].iter().sum();
            for x in 0..width {
                if x + radius < width {
                    sum += columns[x + radius];
                }
                if x > radius {
                    sum -= columns[x - radius - 1];
                }
                let across = (x + radius + 1).min(width) - x.saturating_sub(radius);
                visit(self.pixels[y * width + x], sum, (rows * across) as u32);
            }
        }
    }

    fn add_row(&self, columns: &mut [u32], y: usize) {
        let row = &self.pixels[y * self.width..(y + 1) * self.width];
        for (column, &pixel) in columns.iter_mut().zip(row) {
            *column += u32::from(pixel);
        }
    }

    fn subtract_row(&self, columns: &mut [u32], y: usize) {
        let row = &self.pixels[y * self.width..(y + 1) * self.width];
        for (column, &pixel) in columns.iter_mut().zip(row) {
            *column -= u32::from(pixel);
        }
    }
}

fn crop_rows(pixels: &[u8], stride: usize, window: Window) -> Vec<u8> {
    let mut out = Vec::with_capacity(window.width * window.height);
    for y in window.top..window.top + window.height {
        let start = y * stride + window.left;
        out.extend_from_slice(&pixels[start..start + window.width]);
    }
    out
}

/// How many bins can be passed before more than `cut` pixels have been.
fn percentile<'a>(bins: impl Iterator<Item = &'a usize>, cut: usize) -> usize {
    let mut seen = 0;
    bins.take_while(|&&count| {
        seen += count;
        seen <= cut
    })
    .count()
}

fn otsu(histogram: &[usize; 256]) -> u8 {
    let count = |(value, &n): (usize, &usize)| value as f64 * n as f64;
    let pixels: f64 = histogram.iter().map(|&n| n as f64).sum();
    let total: f64 = histogram.iter().enumerate().map(count).sum();
    let (mut below, mut below_sum) = (0.0, 0.0);
    let (mut best, mut threshold) = (-1.0, 127);
    for (value, &n) in histogram.iter().enumerate() {
        below += n as f64;
        below_sum += value as f64 * n as f64;
        let above = pixels - below;
        if below == 0.0 || above == 0.0 {
            continue;
        }
        let difference = below_sum / below - (total - below_sum) / above;
        let between = below * above * difference * difference;
        if between > best {
            (best, threshold) = (between, value as u8);
        }
    }
    threshold
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(width: usize, height: usize) -> Luma {
        let pixels = (0..width * height).map(|i| (i * 7 % 256) as u8).collect();
        Luma { width, height, pixels }
    }

    #[test]
    fn local_sums_match_a_plain_count() {
        let luma = ramp(9, 7);
        for radius in [0, 1, 3, 20] {
            let mut index = 0;
            luma.each_local_mean(radius, |pixel, sum, count| {
                let (x, y) = (index % 9, index / 9);
                let (mut expected, mut seen) = (0, 0);
                for (i, &p) in luma.pixels.iter().enumerate() {
                    if (i % 9).abs_diff(x) <= radius && (i / 9).abs_diff(y) <= radius {
                        expected += u32::from(p);
                        seen += 1;
                    }
                }
                assert_eq!((pixel, sum, count), (luma.pixels[index], expected, seen), "{radius}");
                index += 1;
            });
            assert_eq!(index, 63);
        }
    }

    #[test]
    fn otsu_separates_two_tones() {
        let luma = Luma { width: 4, height: 1, pixels: vec![90, 92, 110, 112] };
        assert_eq!(luma.global_threshold().cells, [1, 1, 0, 0]);
    }

    #[test]
    fn stretching_reaches_black_and_white() {
        let luma = Luma { width: 3, height: 1, pixels: vec![100, 110, 120] };
        assert_eq!(luma.stretched().pixels, [0, 127, 255]);
    }

    #[test]
    fn reducing_takes_block_means_and_drops_the_rest() {
        let luma = Luma { width: 5, height: 2, pixels: vec![0, 10, 4, 4, 9, 20, 30, 4, 4, 9] };
        let half = luma.reduced(2);
        assert_eq!((half.width, half.height, half.pixels), (2, 1, vec![15, 4]));
    }
}
