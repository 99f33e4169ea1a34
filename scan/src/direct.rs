//! The quick way: `rxing` samples the code in black and white.

use rxing::common::{BitMatrix, DetectorRXingResult};
use rxing::qrcode::cpp_port::detector::{FinderPatternSet, SampleQR};
use zeroize::Zeroizing;

use crate::contain::contain;
use crate::finder::point;
use crate::fit::Clue;
use crate::symbol::{self, Reading, Soft};

/// What came of one set of finder patterns.
pub(crate) struct Direct {
    pub(crate) reading: Option<Reading>,
    /// What the code looked like, when the set could be sampled.
    pub(crate) grid: Option<Clue>,
}

/// `rxing` asserts and unwraps on odd shapes, which counts as not read.
pub(crate) fn read(bits: &BitMatrix, set: &FinderPatternSet) -> Direct {
    contain(|| read_unguarded(bits, set)).unwrap_or(Direct { reading: None, grid: None })
}

fn read_unguarded(bits: &BitMatrix, set: &FinderPatternSet) -> Direct {
    let Ok(sampled) = SampleQR(bits, set) else {
        return Direct { reading: None, grid: None };
    };
    let modules = sampled.getBits();
    let grid = <[rxing::Point; 4]>::try_from(sampled.getPoints().to_vec()).ok().map(|points| {
        let [top_left, top_right, bottom_left, bottom_right] = points.map(point);
        Clue { size: modules.width() as usize, outline: [top_left, top_right, bottom_right, bottom_left] }
    });
    // Not with the decoder of `rxing`, which corrects until nothing is left that proves the result.
    let reading = soft(modules).and_then(|soft| symbol::read(&soft, false));
    Direct { reading, grid }
}

fn soft(modules: &BitMatrix) -> Option<Soft> {
    let size = modules.width();
    let value = |at: u32| if modules.get(at % size, at / size) { 1.0 } else { -1.0 };
    let values = Zeroizing::new((0..size * size).map(value).collect());
    (modules.height() == size).then_some(Soft { size: size as usize, values })
}
