//! The quick way: `rxing` samples the code in black and white and corrects it.

use rxing::common::{BitMatrix, DetectorRXingResult};
use rxing::qrcode::cpp_port::decoder::Decode;
use rxing::qrcode::cpp_port::detector::{FinderPatternSet, SampleQR};

use crate::contain::contain;
use crate::finder::point;
use crate::fit::Clue;
use crate::symbol::{self, Message};

/// What came of one set of finder patterns.
pub(crate) struct Direct {
    pub(crate) message: Option<Message>,
    /// What the code looked like, when the set could be sampled.
    pub(crate) grid: Option<Clue>,
}

/// `rxing` asserts and unwraps on odd shapes, which counts as not read.
pub(crate) fn read(bits: &BitMatrix, set: &FinderPatternSet) -> Direct {
    contain(|| read_unguarded(bits, set)).unwrap_or(Direct { message: None, grid: None })
}

fn read_unguarded(bits: &BitMatrix, set: &FinderPatternSet) -> Direct {
    let Ok(sampled) = SampleQR(bits, set) else {
        return Direct { message: None, grid: None };
    };
    let modules = sampled.getBits();
    let grid = <[rxing::Point; 4]>::try_from(sampled.getPoints().to_vec()).ok().map(|points| {
        let [top_left, top_right, bottom_left, bottom_right] = points.map(point);
        Clue { size: modules.width() as usize, outline: [top_left, top_right, bottom_right, bottom_left] }
    });
    let message = Decode(modules).ok().and_then(|decoded| symbol::from_decoded(&decoded));
    Direct { message, grid }
}
