//! Blocks of codewords: their interleaving, their correction, and how sure that makes them.

use rxing::qrcode::common::{ErrorCorrectionLevel, Version};
use zeroize::Zeroizing;

use super::reed_solomon;

/// A codeword as it was seen.
#[derive(Clone, Copy, Default)]
pub(super) struct Codeword {
    pub(super) value: u8,
    /// The chance of each bit to be wrong, most significant bit first.
    pub(super) doubts: [f32; 8],
}

impl Codeword {
    /// The expected number of wrong bits.
    fn doubt(&self) -> f32 {
        self.doubts.iter().sum()
    }

    /// The chance that a value is the right one.
    fn chance_of(&self, value: u8) -> f64 {
        let wrong = self.value ^ value;
        let bits = self.doubts.iter().enumerate();
        let chance = bits.map(|(bit, &doubt)| if wrong >> (7 - bit) & 1 == 1 { doubt } else { 1.0 - doubt });
        (1.0 - SURPRISE) * f64::from(chance.product::<f32>()) + SURPRISE / 256.0
    }
}

/// The chance that something covers a codeword which the values of its modules do not tell of.
const SURPRISE: f64 = 0.02;

/// How many codewords a block has.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) data: usize,
    parity: usize,
}

pub(super) fn shapes(version: &Version, level: ErrorCorrectionLevel) -> Vec<Shape> {
    let structure = version.getECBlocksForLevel(level);
    let parity = structure.getECCodewordsPerBlock() as usize;
    let groups = structure.getECBlocks().iter();
    let shapes = groups.flat_map(|group| {
        let shape = Shape { data: group.getDataCodewords() as usize, parity };
        std::iter::repeat_n(shape, group.getCount() as usize)
    });
    shapes.collect()
}

/// Block and place within it of each codeword of a code, in the order of its modules (ISO/IEC
/// 18004, 7.6).
pub(super) fn order(shapes: &[Shape]) -> impl Iterator<Item = (usize, usize)> {
    let longest = shapes.iter().map(|shape| shape.data).max().unwrap_or(0);
    let all = |from, to| (from..to).flat_map(move |place| (0..shapes.len()).map(move |block| (block, place)));
    let data = all(0, longest).filter(|&(block, place)| place < shapes[block].data);
    let parity = shapes.first().map_or(0, |shape| shape.parity);
    data.chain(all(0, parity).map(|(block, place)| (block, shapes[block].data + place)))
}

pub(super) struct Corrected {
    pub(super) symbols: Zeroizing<Vec<u8>>,
    /// See [`proof`].
    pub(super) proof: f64,
}

/// Check symbols that are left over in any case: with fewer, hardly anything has ever been proven.
const SPARE: usize = 2;

/// Corrects a block so that there are at least as many bits of proof. With `erasures`, the most
/// doubtful codewords may be given up for it.
pub(super) fn corrected(
    codewords: &[Codeword],
    shape: Shape,
    least_proof: f64,
    erasures: bool,
) -> Option<Corrected> {
    let symbols: Zeroizing<Vec<u8>> =
        Zeroizing::new(codewords.iter().map(|codeword| codeword.value).collect());
    let mut doubtful: Vec<usize> = (0..symbols.len()).collect();
    doubtful.sort_by(|&a, &b| codewords[b].doubt().total_cmp(&codewords[a].doubt()));
    let most = if erasures { shape.parity.saturating_sub(SPARE) } else { 0 };
    (0..=most).step_by(2).find_map(|count| {
        let erased = &doubtful[..count];
        let mut attempt = symbols.clone();
        reed_solomon::correct(&mut attempt, shape.parity, erased)?;
        let proof = proof(codewords, &attempt, shape.parity);
        (proof >= least_proof).then_some(Corrected { symbols: attempt, proof })
    })
}

/// How surely a corrected block is right, in bits: noise is corrected to a block with as much proof
/// with a chance of one in two to the power of this at most, however it is corrected.
///
/// By what was seen, blocks have chances that add up to 1, so at most 1 / p blocks have the chance p
/// or more. If what was seen is noise, each of them has right check symbols in one of 256^parity
/// cases. This holds however well the chances were estimated.
fn proof(codewords: &[Codeword], symbols: &[u8], parity: usize) -> f64 {
    let chances = codewords.iter().zip(symbols).map(|(codeword, &symbol)| codeword.chance_of(symbol));
    8.0 * parity as f64 + chances.map(f64::log2).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drawn::random;

    #[test]
    fn codewords_are_interleaved_as_in_the_standard() {
        // ISO/IEC 18004, 7.6, figure 15 has two blocks of 15 and two of 16: here one of each.
        let shapes = [Shape { data: 2, parity: 2 }, Shape { data: 3, parity: 2 }];
        let order: Vec<_> = order(&shapes).collect();
        assert_eq!(order, [(0, 0), (1, 0), (0, 1), (1, 1), (1, 2), (0, 2), (1, 3), (0, 3), (1, 4)]);
    }

    fn noise(random: &mut impl FnMut() -> f32) -> Codeword {
        Codeword { value: (256.0 * random()) as u8, doubts: [0.0; 8].map(|_| random() / 2.0) }
    }

    #[test]
    fn chances_of_all_values_add_up_to_one() {
        let seen = noise(&mut random(3));
        let sum: f64 = (0..=255).map(|value| seen.chance_of(value)).sum();
        assert!((sum - 1.0).abs() < 1e-5, "{sum}");
        assert!(seen.chance_of(seen.value) > seen.chance_of(!seen.value));
    }

    #[test]
    fn errors_cost_proof_and_doubtful_ones_cost_less() {
        let sure = Codeword { value: 0, doubts: [0.001; 8] };
        let doubtful = Codeword { value: 0, doubts: [0.4; 8] };
        let of = |first: Codeword, value: u8| {
            let mut symbols = [0; 26];
            symbols[0] = value;
            proof(&[&[first][..], &[sure; 25]].concat(), &symbols, 7)
        };
        // Seven check symbols have 56 bits.
        assert!(of(sure, 0) > 54.0 && of(sure, 0) <= 56.0);
        assert!((40.0..42.0).contains(&of(sure, 0xff)));
        assert!((45.0..48.0).contains(&of(doubtful, 0x0f)));
    }

    #[test]
    fn noise_is_never_corrected_to_anything() {
        // Three errors of seven check symbols would be corrected in 6 of 10 million; with erasures
        // down to three spare check symbols, in one of a million for each number of them.
        let shape = Shape { data: 19, parity: 7 };
        let mut random = random(1);
        for _ in 0..20_000 {
            let codewords: Vec<Codeword> = (0..26).map(|_| noise(&mut random)).collect();
            assert!(corrected(&codewords, shape, 36.0, true).is_none());
        }
    }
}
