//! From a layout of finder patterns to a payload: cut out, scale, threshold, read.

use crate::component::{Isolated, isolated};
use crate::finder::Layout;
use crate::raster::{Bits, Luma, Window};
use crate::reader::{self, Reading};

/// Modules around the code that are cut out with it: half a finder, the quiet zone, and room for a
/// corner that perspective pushes outwards.
const MARGIN: f32 = 8.0;
/// The reader is at its best between these sizes of a module, in pixels.
const SMALL_MODULE: f32 = 3.5;
const LARGE_MODULE: f32 = 10.0;
/// Where large modules are brought to.
const GOOD_MODULE: f32 = 6.0;
/// Windows over this are not worth their time: version 40 at the largest module fits.
const MAX_PIXELS: usize = 4_000_000;

/// The code in a window, seen for one threshold.
struct View {
    window: Window,
    /// Pixels of the view per pixel of the raster.
    scale: f32,
}

/// Reads the code of one layout. `bits` is the raster in which the layout was found, `luma` the
/// one that `bits` was made of. Corners are in pixels of that raster. `spent` counts pixels.
pub(crate) fn read(luma: &Luma, bits: &Bits, layout: &Layout, spent: &mut u64) -> Option<Reading> {
    let window = window(layout, bits.width, bits.height)?;
    let grey = luma.crop(window);
    let (grey, scale) = rescaled(grey, layout.module);
    if grey.pixels.len() > MAX_PIXELS {
        return None;
    }
    let view = View { window, scale };
    let radius = (3.5 * layout.module * scale).clamp(3.0, 120.0) as usize;
    let same_scale = (scale - 1.0).abs() < f32::EPSILON;
    let thresholds: [&dyn Fn() -> Option<Bits>; 3] =
        [&|| same_scale.then(|| bits.crop(window)), &|| Some(grey.global_threshold()), &|| {
            Some(grey.local_threshold(radius, 2))
        }];
    thresholds.iter().find_map(|threshold| {
        *spent += grey.pixels.len() as u64;
        view.read(threshold()?, layout)
    })
}

impl View {
    fn read(&self, bits: Bits, layout: &Layout) -> Option<Reading> {
        let reach = 2.0 * layout.module * self.scale;
        let eyes = layout.finders.map(|finder| {
            let x = (finder.x + 0.5 - self.window.left as f32) * self.scale;
            let y = (finder.y + 0.5 - self.window.top as f32) * self.scale;
            (x, y, reach)
        });
        let Isolated::Ready(bits) = isolated(bits, &eyes) else {
            return None;
        };
        let mut reading = reader::read(&bits)?;
        reading.corners = reading.corners.map(|(x, y)| {
            (x / self.scale + self.window.left as f32, y / self.scale + self.window.top as f32)
        });
        Some(reading)
    }
}

/// Corners of the code that a layout belongs to: top left, top right, bottom right, bottom left.
pub(crate) fn outline(layout: &Layout) -> [(f32, f32); 4] {
    let [corner, right, below] = layout.finders;
    let (ax, ay) = (right.x - corner.x, right.y - corner.y);
    let (bx, by) = (below.x - corner.x, below.y - corner.y);
    // Finders are 3.5 modules inside the code, so the outline is larger than their layout.
    let (a, b) = (ax.hypot(ay), bx.hypot(by));
    let (over_a, over_b) = (3.5 * layout.module / a, 3.5 * layout.module / b);
    let at = |u: f32, v: f32| {
        let (u, v) = (u + over_a * (2.0 * u - 1.0), v + over_b * (2.0 * v - 1.0));
        (corner.x + u * ax + v * bx, corner.y + u * ay + v * by)
    };
    [at(0.0, 0.0), at(1.0, 0.0), at(1.0, 1.0), at(0.0, 1.0)]
}

fn window(layout: &Layout, width: usize, height: usize) -> Option<Window> {
    let corners = outline(layout);
    let margin = MARGIN * layout.module;
    let low = |part: fn(&(f32, f32)) -> f32| corners.iter().map(part).fold(f32::MAX, f32::min);
    let high = |part: fn(&(f32, f32)) -> f32| corners.iter().map(part).fold(f32::MIN, f32::max);
    let left = (low(|c| c.0) - margin).max(0.0) as usize;
    let top = (low(|c| c.1) - margin).max(0.0) as usize;
    let right = ((high(|c| c.0) + margin) as usize).min(width);
    let bottom = ((high(|c| c.1) + margin) as usize).min(height);
    (right > left + 20 && bottom > top + 20).then(|| Window {
        left,
        top,
        width: right - left,
        height: bottom - top,
    })
}

fn rescaled(grey: Luma, module: f32) -> (Luma, f32) {
    if module < SMALL_MODULE {
        let factor = if module < SMALL_MODULE / 2.0 { 4 } else { 2 };
        (grey.enlarged(factor), factor as f32)
    } else if module > LARGE_MODULE {
        let factor = (module / GOOD_MODULE).round() as usize;
        (grey.reduced(factor), 1.0 / factor as f32)
    } else {
        (grey, 1.0)
    }
}
