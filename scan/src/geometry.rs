//! Points, linear equations and the projection of a plane.

use std::ops::{Add, Mul, Sub};

/// A place in a raster, in pixels: the middle of the first pixel is (0.5, 0.5). Or a place in a
/// code, in modules: the middle of the first module is (0.5, 0.5).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Spot {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

pub(crate) const fn spot(x: f64, y: f64) -> Spot {
    Spot { x, y }
}

impl Spot {
    pub(crate) fn length(self) -> f64 {
        self.x.hypot(self.y)
    }

    pub(crate) fn distance(self, other: Spot) -> f64 {
        (self - other).length()
    }

    pub(crate) fn cross(self, other: Spot) -> f64 {
        self.x * other.y - self.y * other.x
    }

    pub(crate) fn dot(self, other: Spot) -> f64 {
        self.x * other.x + self.y * other.y
    }
}

impl Add for Spot {
    type Output = Spot;
    fn add(self, other: Spot) -> Spot {
        spot(self.x + other.x, self.y + other.y)
    }
}

impl Sub for Spot {
    type Output = Spot;
    fn sub(self, other: Spot) -> Spot {
        spot(self.x - other.x, self.y - other.y)
    }
}

impl Mul<f64> for Spot {
    type Output = Spot;
    fn mul(self, factor: f64) -> Spot {
        spot(self.x * factor, self.y * factor)
    }
}

/// A system of linear equations with `N` unknowns, as sums over observations (normal equations).
pub(crate) struct Normal<const N: usize> {
    matrix: [[f64; N]; N],
    right: [f64; N],
}

impl<const N: usize> Normal<N> {
    pub(crate) fn new() -> Self {
        Normal { matrix: [[0.0; N]; N], right: [0.0; N] }
    }

    /// Adds the observation that `row` times the unknowns is `value`.
    pub(crate) fn observe(&mut self, row: &[f64; N], value: f64, weight: f64) {
        for (i, &a) in row.iter().enumerate() {
            let weighted = a * weight;
            for (sum, &b) in self.matrix[i].iter_mut().zip(row) {
                *sum += weighted * b;
            }
            self.right[i] += weighted * value;
        }
    }

    /// Draws every unknown towards its value in `prior`.
    pub(crate) fn regularise(&mut self, prior: &[f64; N], weight: f64) {
        for (i, &value) in prior.iter().enumerate() {
            self.matrix[i][i] += weight;
            self.right[i] += weight * value;
        }
    }

    /// The unknowns by Gaussian elimination with pivots; `None` when the equations do not fix them.
    pub(crate) fn solve(mut self) -> Option<[f64; N]> {
        for i in 0..N {
            let pivot =
                (i..N).max_by(|&a, &b| self.matrix[a][i].abs().total_cmp(&self.matrix[b][i].abs()))?;
            if self.matrix[pivot][i].abs() < 1e-12 {
                return None;
            }
            self.matrix.swap(i, pivot);
            self.right.swap(i, pivot);
            let row = self.matrix[i];
            for below in i + 1..N {
                let factor = self.matrix[below][i] / row[i];
                if factor != 0.0 {
                    for (cell, &above) in self.matrix[below].iter_mut().zip(&row).skip(i) {
                        *cell -= factor * above;
                    }
                    self.right[below] -= factor * self.right[i];
                }
            }
        }
        let mut unknowns = [0.0; N];
        for i in (0..N).rev() {
            let known: f64 = (i + 1..N).map(|j| self.matrix[i][j] * unknowns[j]).sum();
            unknowns[i] = (self.right[i] - known) / self.matrix[i][i];
        }
        unknowns.iter().all(|value| value.is_finite()).then_some(unknowns)
    }
}

/// The projection of a flat code into the picture.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Projection {
    h: [f64; 8],
    /// Modules are divided by this, so that the equations are well conditioned.
    scale: f64,
    /// Pixels are counted from here, for the same reason.
    origin: Spot,
}

impl Projection {
    /// The projection that comes closest to the pairs of module and pixel; at least four.
    pub(crate) fn fit(pairs: &[(Spot, Spot)], size: usize) -> Option<Projection> {
        let scale = size as f64;
        let origin = pairs.first()?.1;
        let mut equations = Normal::<8>::new();
        for &(module, pixel) in pairs {
            let (u, v) = (module.x / scale, module.y / scale);
            let (x, y) = (pixel.x - origin.x, pixel.y - origin.y);
            equations.observe(&[u, v, 1.0, 0.0, 0.0, 0.0, -u * x, -v * x], x, 1.0);
            equations.observe(&[0.0, 0.0, 0.0, u, v, 1.0, -u * y, -v * y], y, 1.0);
        }
        Some(Projection { h: equations.solve()?, scale, origin })
    }

    pub(crate) fn at(&self, module: Spot) -> Spot {
        let (u, v) = (module.x / self.scale, module.y / self.scale);
        let h = &self.h;
        let w = h[6] * u + h[7] * v + 1.0;
        spot((h[0] * u + h[1] * v + h[2]) / w, (h[3] * u + h[4] * v + h[5]) / w) + self.origin
    }

    /// Pixels per module to the right and down, at a module.
    pub(crate) fn steps(&self, module: Spot) -> (Spot, Spot) {
        let here = self.at(module);
        (self.at(module + spot(1.0, 0.0)) - here, self.at(module + spot(0.0, 1.0)) - here)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails so")]
mod tests {
    use super::*;

    #[test]
    fn a_projection_goes_through_its_four_points() {
        let pairs = [
            (spot(3.5, 3.5), spot(10.0, 12.0)),
            (spot(21.5, 3.5), spot(90.0, 20.0)),
            (spot(3.5, 21.5), spot(5.0, 88.0)),
            (spot(18.5, 18.5), spot(70.0, 77.0)),
        ];
        let projection = Projection::fit(&pairs, 25).unwrap();
        for (module, pixel) in pairs {
            assert!(projection.at(module).distance(pixel) < 1e-6);
        }
    }

    #[test]
    fn four_points_on_a_line_fix_nothing() {
        let pairs = [0.0, 1.0, 2.0, 3.0].map(|i| (spot(i, i), spot(i, i)));
        assert!(Projection::fit(&pairs, 21).is_none());
    }

    #[test]
    fn equations_are_solved() {
        let mut equations = Normal::<2>::new();
        equations.observe(&[1.0, 1.0], 3.0, 1.0);
        equations.observe(&[1.0, -1.0], 1.0, 1.0);
        let [x, y] = equations.solve().unwrap();
        assert!((x - 2.0).abs() < 1e-12 && (y - 1.0).abs() < 1e-12);
    }
}
