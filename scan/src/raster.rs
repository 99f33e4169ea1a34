//! Grey rasters and what the stages make of them.

use rxing::common::{BitArray, BitMatrix};

use crate::geometry::Spot;

/// An 8-bit grey raster; 0 is black.
#[derive(Clone)]
pub(crate) struct Luma {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) pixels: Vec<u8>,
}

impl Luma {
    pub(crate) fn long_side(&self) -> usize {
        self.width.max(self.height)
    }

    pub(crate) fn short_side(&self) -> usize {
        self.width.min(self.height)
    }

    /// The grey value at a place, between pixels by bilinear interpolation; outside as at the edge.
    pub(crate) fn at(&self, place: Spot) -> f32 {
        let (x, y) = (place.x as f32 - 0.5, place.y as f32 - 0.5);
        let (left, top) = (x.floor(), y.floor());
        let (dx, dy) = (x - left, y - top);
        let column = |x: f32| x.clamp(0.0, (self.width - 1) as f32) as usize;
        let row = |y: f32| y.clamp(0.0, (self.height - 1) as f32) as usize * self.width;
        let (left, right) = (column(left), column(left + 1.0));
        let (above, below) = (row(top), row(top + 1.0));
        let pixel = |at: usize| f32::from(self.pixels[at]);
        let upper = pixel(above + left) * (1.0 - dx) + pixel(above + right) * dx;
        let lower = pixel(below + left) * (1.0 - dx) + pixel(below + right) * dx;
        upper * (1.0 - dy) + lower * dy
    }

    pub(crate) fn inverted(&self) -> Luma {
        self.with_pixels(self.pixels.iter().map(|&pixel| 255 - pixel).collect())
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

    /// Twice the size by Catmull-Rom interpolation, which keeps the edges of one- and two-pixel
    /// modules.
    pub(crate) fn doubled(&self) -> Luma {
        let (width, height) = (2 * self.width, 2 * self.height);
        let mut pixels = vec![0; width * height];
        let mut wide = vec![0i32; width * self.height];
        for (row, wide) in self.pixels.chunks_exact(self.width).zip(wide.chunks_exact_mut(width)) {
            let pixel = |x: usize| i32::from(row[x.min(self.width - 1)]);
            for x in 0..self.width {
                let near = [
                    pixel(x.saturating_sub(2)),
                    pixel(x.saturating_sub(1)),
                    pixel(x),
                    pixel(x + 1),
                    pixel(x + 2),
                ];
                (wide[2 * x], wide[2 * x + 1]) = between(near);
            }
        }
        let line = |y: usize| &wide[y.min(self.height - 1) * width..][..width];
        for (y, rows) in pixels.chunks_exact_mut(2 * width).enumerate() {
            let (upper, lower) = rows.split_at_mut(width);
            let (first, before, here) = (line(y.saturating_sub(2)), line(y.saturating_sub(1)), line(y));
            let (after, last) = (line(y + 1), line(y + 2));
            for x in 0..width {
                let (above, below) = between([first[x], before[x], here[x], after[x], last[x]]);
                upper[x] = scaled_back(above);
                lower[x] = scaled_back(below);
            }
        }
        Luma { width, height, pixels }
    }

    /// Unsharp mask: adds the difference from the local mean once more.
    pub(crate) fn sharpened(&self, radius: usize) -> Luma {
        let mut pixels = Vec::with_capacity(self.pixels.len());
        self.each_row_of_sums(radius, |row, sums, counts| {
            let around = row.iter().zip(sums).zip(counts);
            pixels.extend(around.map(|((&pixel, &sum), &count)| {
                let mean = sum as f32 / count as f32;
                (2.0 * f32::from(pixel) - mean) as u8
            }));
        });
        self.with_pixels(pixels)
    }

    /// Mean over a square of side `2 * radius + 1`.
    pub(crate) fn blurred(&self, radius: usize) -> Luma {
        let mut pixels = Vec::with_capacity(self.pixels.len());
        self.each_row_of_sums(radius, |_, sums, counts| {
            pixels.extend(sums.iter().zip(counts).map(|(&sum, &count)| (sum as f32 / count as f32) as u8));
        });
        self.with_pixels(pixels)
    }

    /// Dark where a pixel is more than `offset` below the mean of its surroundings.
    pub(crate) fn local_threshold(&self, radius: usize, offset: u32) -> Option<BitMatrix> {
        let mut bits = BitMatrix::new(self.width as u32, self.height as u32).ok()?;
        let mut y = 0;
        let mut dark = vec![false; self.width];
        self.each_row_of_sums(radius, |row, sums, counts| {
            let around = row.iter().zip(sums).zip(counts);
            for (dark, ((&pixel, &sum), &count)) in dark.iter_mut().zip(around) {
                *dark = (u32::from(pixel) + offset).wrapping_mul(count) < sum;
            }
            set_row(&mut bits, y, &dark);
            y += 1;
        });
        Some(bits)
    }

    /// One threshold for the whole raster, where it separates two classes best (Otsu).
    pub(crate) fn global_threshold(&self) -> Option<BitMatrix> {
        let threshold = otsu(&self.histogram());
        let mut bits = BitMatrix::new(self.width as u32, self.height as u32).ok()?;
        for (y, row) in self.pixels.chunks_exact(self.width).enumerate() {
            let dark: Vec<bool> = row.iter().map(|&pixel| pixel <= threshold).collect();
            set_row(&mut bits, y as u32, &dark);
        }
        Some(bits)
    }

    fn with_pixels(&self, pixels: Vec<u8>) -> Luma {
        Luma { width: self.width, height: self.height, pixels }
    }

    fn histogram(&self) -> [usize; 256] {
        let mut histogram = [0; 256];
        for &pixel in &self.pixels {
            histogram[usize::from(pixel)] += 1;
        }
        histogram
    }

    /// Calls `visit(pixels, sums, counts)` for each row, with the sum over the square around each
    /// pixel and the number of pixels in it, cut off at the edges. Column sums slide down and are
    /// added up from the left, so the cost does not depend on the radius. Radii stay below 130, so
    /// that no sum exceeds 32 bits; sums from the left may wrap, their differences do not.
    fn each_row_of_sums(&self, radius: usize, mut visit: impl FnMut(&[u8], &[u32], &[u32])) {
        let (width, height) = (self.width, self.height);
        let mut columns = vec![0u32; width];
        let mut from_left = vec![0u32; width + 1];
        let mut sums = vec![0u32; width];
        let span = |x: usize| (x.saturating_sub(radius), (x + radius + 1).min(width));
        let across: Vec<u32> = (0..width).map(|x| (span(x).1 - span(x).0) as u32).collect();
        let inner = radius.min(width)..width.saturating_sub(radius).max(radius.min(width));
        for y in 0..radius.min(height) {
            self.add_row(&mut columns, y);
        }
        let mut counts = vec![0u32; width];
        for (y, row) in self.pixels.chunks_exact(width.max(1)).enumerate() {
            if y + radius < height {
                self.add_row(&mut columns, y + radius);
            }
            if y > radius {
                self.subtract_row(&mut columns, y - radius - 1);
            }
            let mut sum = 0u32;
            for (place, &column) in from_left[1..].iter_mut().zip(&columns) {
                sum = sum.wrapping_add(column);
                *place = sum;
            }
            for x in (0..inner.start).chain(inner.end..width) {
                let (left, right) = span(x);
                sums[x] = from_left[right].wrapping_sub(from_left[left]);
            }
            let ends = from_left.get(2 * radius + 1..).unwrap_or_default();
            for ((sum, &left), &right) in sums[inner.clone()].iter_mut().zip(&from_left).zip(ends) {
                *sum = right.wrapping_sub(left);
            }
            let rows = ((y + radius + 1).min(height) - y.saturating_sub(radius)) as u32;
            for (count, &across) in counts.iter_mut().zip(&across) {
                *count = rows * across;
            }
            visit(row, &sums, &counts);
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

/// The values a quarter before and behind the middle of five, times `WEIGHT`: Catmull-Rom weights for
/// a quarter are -9, 111, 29 and -3 of 128.
fn between([far_left, left, middle, right, far_right]: [i32; 5]) -> (i32, i32) {
    let centre = 111 * middle;
    (centre + 29 * left - 3 * far_left - 9 * right, centre + 29 * right - 3 * far_right - 9 * left)
}

const WEIGHT: i32 = 128;

/// Undoes both directions' weights.
fn scaled_back(value: i32) -> u8 {
    // Negative values are clamped anyway, so that a shift is as good as a division.
    ((value + WEIGHT * WEIGHT / 2) >> (2 * WEIGHT.ilog2())).clamp(0, 255) as u8
}

fn set_row(bits: &mut BitMatrix, y: u32, dark: &[bool]) {
    const WORD: usize = usize::BITS as usize;
    let mut row = BitArray::with_size(dark.len());
    for (word, chunk) in dark.chunks(WORD).enumerate() {
        let bits = chunk.iter().enumerate().fold(0, |bits, (at, &dark)| bits | usize::from(dark) << at);
        row.setBulk(word * WORD, bits);
    }
    bits.setRow(y, &row);
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
#[allow(clippy::unwrap_used, reason = "a test fails so")]
mod tests {
    use super::*;

    fn ramp(width: usize, height: usize) -> Luma {
        let pixels = (0..width * height).map(|i| (i * 7 % 256) as u8).collect();
        Luma { width, height, pixels }
    }

    #[test]
    fn local_sums_match_a_plain_count() {
        let luma = ramp(9, 7);
        for radius in [0, 1, 3, 4, 5, 8, 20] {
            let mut y = 0;
            luma.each_row_of_sums(radius, |row, sums, counts| {
                for x in 0..9 {
                    let (mut expected, mut seen) = (0, 0);
                    for (i, &p) in luma.pixels.iter().enumerate() {
                        if (i % 9).abs_diff(x) <= radius && (i / 9).abs_diff(y) <= radius {
                            expected += u32::from(p);
                            seen += 1;
                        }
                    }
                    assert_eq!(
                        (row[x], sums[x], counts[x]),
                        (luma.pixels[9 * y + x], expected, seen),
                        "{radius}"
                    );
                }
                y += 1;
            });
            assert_eq!(y, 7);
        }
    }

    #[test]
    fn otsu_separates_two_tones() {
        let luma = Luma { width: 4, height: 1, pixels: vec![90, 92, 110, 112] };
        let bits = luma.global_threshold().unwrap();
        assert_eq!([0, 1, 2, 3].map(|x| bits.get(x, 0)), [true, true, false, false]);
    }

    #[test]
    fn bits_are_where_they_were_pushed() {
        let luma = Luma {
            width: 130,
            height: 3,
            pixels: (0..390).map(|i| if i % 7 < 2 { 0 } else { 200 }).collect(),
        };
        let bits = luma.global_threshold().unwrap();
        for i in 0..390 {
            assert_eq!(bits.get(i % 130, i / 130), i % 7 < 2, "{i}");
        }
    }

    #[test]
    fn reducing_takes_block_means_and_drops_the_rest() {
        let luma = Luma { width: 5, height: 2, pixels: vec![0, 10, 4, 4, 9, 20, 30, 4, 4, 9] };
        let half = luma.reduced(2);
        assert_eq!((half.width, half.height, half.pixels), (2, 1, vec![15, 4]));
    }

    #[test]
    fn doubling_weighs_neighbours_by_catmull_rom() {
        let luma = Luma { width: 5, height: 1, pixels: vec![0, 0, 128, 0, 0] };
        let double = luma.doubled();
        let row = [0, 0, 0, 29, 111, 111, 29, 0, 0, 0];
        assert_eq!((double.width, double.height, double.pixels), (10, 2, [row, row].concat()));
        let turned = Luma { width: 1, height: 5, pixels: vec![0, 0, 128, 0, 0] }.doubled();
        assert_eq!(turned.pixels, row.map(|pixel| [pixel; 2]).concat());
    }

    #[test]
    fn one_tone_stays_as_it_is() {
        for tone in [0, 77, 255] {
            let luma = Luma { width: 7, height: 4, pixels: vec![tone; 28] };
            for changed in [luma.doubled(), luma.sharpened(3), luma.blurred(2), luma.reduced(3)] {
                assert!(changed.pixels.iter().all(|&pixel| pixel == tone));
            }
        }
    }
}
