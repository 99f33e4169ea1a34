//! From the darkness of a code's modules to its message.

mod block;
mod content;
mod layout;
mod reed_solomon;

use rxing::qrcode::common::ErrorCorrectionLevel;
use zeroize::Zeroizing;

use block::{Codeword, Corrected, Shape};
pub(crate) use content::Message;
pub(crate) use layout::{Layout, layout};

/// How dark each module is, row by row: -1 is surely light, 1 is surely dark, 0 is unknown.
#[derive(Clone, PartialEq)]
pub(crate) struct Soft {
    pub(crate) size: usize,
    pub(crate) values: Zeroizing<Vec<f32>>,
}

impl Soft {
    fn at(&self, row: usize, column: usize) -> f32 {
        self.values[row * self.size + column]
    }

    fn transposed(&self) -> Soft {
        let cells = 0..self.size * self.size;
        let values = cells.map(|at| self.at(at % self.size, at / self.size)).collect();
        Soft { size: self.size, values: Zeroizing::new(values) }
    }
}

/// The two bits of the error correction level and the three of the mask, as 0 to 31.
type Format = u8;

/// How many of the likeliest formats are tried.
const FORMATS: usize = 2;
/// Formats that agree less with the modules than this are not worth a try: 0 is chance, 1 is all.
const LEAST_AGREEMENT: f32 = 0.2;

/// What was read.
pub(crate) struct Reading {
    pub(crate) message: Message,
    size: usize,
    /// See [`checks`].
    checks: Vec<Vec<(usize, bool)>>,
}

/// Correlation of modules with the check symbols of a block from which on they show them. Those of
/// another code have 0, give or take 0.1.
const LEAST_SHOWN: f32 = 0.3;

impl Reading {
    /// Whether modules that may have been read badly are of this code.
    pub(crate) fn is_shown_by(&self, soft: &Soft) -> bool {
        let is_shown = |block: &Vec<(usize, bool)>| {
            let (mut product, mut squares) = (0.0f32, 0.0f32);
            for &(at, dark) in block {
                product += if dark { soft.values[at] } else { -soft.values[at] };
                squares += soft.values[at] * soft.values[at];
            }
            product > LEAST_SHOWN * (squares * block.len() as f32).sqrt()
        };
        soft.size == self.size && self.checks.iter().all(is_shown)
    }

    fn transposed(mut self) -> Reading {
        for (at, _) in self.checks.iter_mut().flatten() {
            *at = *at % self.size * self.size + *at / self.size;
        }
        self
    }
}

/// Reads the message. With `erasures`, the most doubtful codewords may be given up, as far as
/// enough is left to prove the rest.
pub(crate) fn read(soft: &Soft, erasures: bool) -> Option<Reading> {
    let layout = layout(soft.size)?;
    let mirrored = soft.transposed();
    let mut formats = Vec::new();
    for (view, is_mirrored) in [(soft, false), (&mirrored, true)] {
        formats
            .extend(agreements(view).into_iter().map(|(agreement, format)| (agreement, format, is_mirrored)));
    }
    formats.sort_by(|a, b| b.0.total_cmp(&a.0));
    let likely = formats.into_iter().take(FORMATS).take_while(|(agreement, ..)| *agreement > LEAST_AGREEMENT);
    likely.into_iter().find_map(|(_, format, is_mirrored)| {
        if is_mirrored {
            read_as(&mirrored, layout, format, erasures).map(Reading::transposed)
        } else {
            read_as(soft, layout, format, erasures)
        }
    })
}

/// How well each format agrees with the modules that tell it twice (ISO/IEC 18004, 7.9).
fn agreements(soft: &Soft) -> Vec<(f32, Format)> {
    let size = soft.size;
    // From the most significant bit: beside the top left finder, and split between the others.
    let first = [
        (8, 0),
        (8, 1),
        (8, 2),
        (8, 3),
        (8, 4),
        (8, 5),
        (8, 7),
        (8, 8),
        (7, 8),
        (5, 8),
        (4, 8),
        (3, 8),
        (2, 8),
        (1, 8),
        (0, 8),
    ];
    let second = |bit: usize| if bit < 7 { (size - 1 - bit, 8) } else { (8, size - 15 + bit) };
    let mut sums = [0.0f32; 15];
    let mut total = 0.0;
    for (bit, sum) in sums.iter_mut().enumerate() {
        for (row, column) in [first[bit], second(bit)] {
            *sum += soft.at(row, column);
            total += soft.at(row, column).abs();
        }
    }
    let agreement = |format: Format| {
        let code = format_code(format);
        let sign = |bit: usize| if code >> (14 - bit) & 1 == 1 { 1.0 } else { -1.0 };
        sums.iter().enumerate().map(|(bit, sum)| sum * sign(bit)).sum::<f32>() / total.max(1.0)
    };
    (0..32).map(|format| (agreement(format), format)).collect()
}

/// The 15 bits that stand for a format: BCH code and mask of the standard.
fn format_code(format: Format) -> u16 {
    let data = u16::from(format) << 10;
    let rest = (10..15)
        .rev()
        .fold(data, |rest, bit| if rest >> bit & 1 == 1 { rest ^ (0x537 << (bit - 10)) } else { rest });
    (data | rest) ^ 0x5412
}

/// Whether the mask inverts a module (ISO/IEC 18004, table 10).
fn masked(mask: u8, row: usize, column: usize) -> bool {
    let (both, product) = (row + column, row * column);
    let zero = match mask {
        0 => both % 2,
        1 => row % 2,
        2 => column % 3,
        3 => both % 3,
        4 => (row / 2 + column / 3) % 2,
        5 => product % 2 + product % 3,
        6 => (product % 2 + product % 3) % 2,
        _ => (both % 2 + product % 3) % 2,
    };
    zero == 0
}

/// Bits of proof that each block must have in a code of several; see [`block::corrected`]. The danger
/// is a photo of which all but one block is right: eighty looks at it, seven readings of each and two
/// formats make 2^10 tries, of which one in 10^9 photos gives a wrong message.
const PROOF: f64 = 40.0;
/// The same for the only block of a code. Noise may be such a code all over a picture: 2^16 tries.
const PROOF_OF_ONLY: f64 = 46.0;
/// Bits of proof in the right filling behind the message: of random data, fewer than one in a
/// thousand is a message with it. It proves nothing of a block in the middle of others.
const FILLING_PROOF: f64 = 10.0;

fn read_as(soft: &Soft, layout: &Layout, format: Format, erasures: bool) -> Option<Reading> {
    let level = ErrorCorrectionLevel::forBits(format >> 3).ok()?;
    let mask = format & 7;
    let shapes = block::shapes(layout.version, level);
    let mut blocks: Vec<Vec<Codeword>> = vec![Vec::new(); shapes.len()];
    for ((block, _), codeword) in block::order(&shapes).zip(codewords(soft, layout, mask)) {
        blocks[block].push(codeword);
    }
    let least_proof = if shapes.len() == 1 { PROOF_OF_ONLY - FILLING_PROOF } else { PROOF };
    let corrected = blocks
        .iter()
        .zip(&shapes)
        .map(|(codewords, &shape)| block::corrected(codewords, shape, least_proof, erasures));
    let corrected: Vec<Corrected> = corrected.collect::<Option<_>>()?;
    let mut data = Zeroizing::new(Vec::with_capacity(layout.data.len() / 8));
    for (block, shape) in corrected.iter().zip(&shapes) {
        data.extend_from_slice(&block.symbols[..shape.data]);
    }
    let proven = shapes.len() > 1 || corrected.iter().all(|block| block.proof >= PROOF_OF_ONLY);
    if !proven && !content::is_filled_by_the_book(&data, layout.version) {
        return None;
    }
    let message = content::message(&data, layout.version, level)?;
    let checks = checks(&corrected, &shapes, layout, mask);
    Some(Reading { message, size: layout.size, checks })
}

fn codewords(soft: &Soft, layout: &Layout, mask: u8) -> impl Iterator<Item = Codeword> {
    layout.data.chunks_exact(8).map(move |modules| {
        let mut codeword = Codeword::default();
        for (&at, bit_doubt) in modules.iter().zip(&mut codeword.doubts) {
            let at = at as usize;
            let value = soft.values[at];
            let bit = (value > 0.0) != masked(mask, at / soft.size, at % soft.size);
            codeword.value = codeword.value << 1 | u8::from(bit);
            *bit_doubt = doubt(value);
        }
        codeword
    })
}

/// The modules of each block's check symbols as they should be: index and darkness. They tell codes
/// apart that have much in common: one other data symbol makes all check symbols of its block others.
fn checks(corrected: &[Corrected], shapes: &[Shape], layout: &Layout, mask: u8) -> Vec<Vec<(usize, bool)>> {
    let mut checks = vec![Vec::new(); shapes.len()];
    for ((block, place), modules) in block::order(shapes).zip(layout.data.chunks_exact(8)) {
        if place < shapes[block].data {
            continue;
        }
        let symbol = corrected[block].symbols[place];
        for (bit, &at) in modules.iter().enumerate() {
            let at = at as usize;
            let dark = (symbol >> (7 - bit) & 1 == 1) != masked(mask, at / layout.size, at % layout.size);
            checks[block].push((at, dark));
        }
    }
    checks
}

/// The chance that a module is taken for its opposite. Measured on photos, the values of right and
/// wrong modules overlap as a logistic curve of this slope describes.
fn doubt(value: f32) -> f32 {
    1.0 / (1.0 + (6.0 * value.abs()).exp())
}

/// The share of modules that are not as in every code; a half is chance.
pub(crate) fn disagreement(soft: &Soft) -> f32 {
    let Some(layout) = layout(soft.size) else { return 1.0 };
    let wrong = layout.fixed.iter().filter(|&&(at, dark)| (soft.values[at as usize] > 0.0) != dark).count();
    wrong as f32 / layout.fixed.len() as f32
}

/// Indices of the modules that hold data.
pub(crate) fn data_modules(soft: &Soft) -> impl Iterator<Item = usize> {
    layout(soft.size).into_iter().flat_map(|layout| layout.data.iter().map(|&at| at as usize))
}
