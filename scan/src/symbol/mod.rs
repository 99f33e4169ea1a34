//! From the darkness of a code's modules to its message.

mod content;
mod layout;
mod reed_solomon;

use rxing::qrcode::common::ErrorCorrectionLevel;
use zeroize::Zeroizing;

use content::message;
pub(crate) use content::{Message, from_decoded};
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

/// Reads the message. With `erasures`, the most doubtful codewords may be given up, as far as
/// enough check symbols are left to prove the rest.
pub(crate) fn read(soft: &Soft, erasures: bool) -> Option<Message> {
    let layout = layout(soft.size)?;
    let turned = soft.transposed();
    let mut formats = Vec::new();
    for view in [soft, &turned] {
        formats.extend(agreements(view).into_iter().map(|(agreement, format)| (agreement, format, view)));
    }
    formats.sort_by(|a, b| b.0.total_cmp(&a.0));
    formats
        .iter()
        .take(FORMATS)
        .take_while(|(agreement, ..)| *agreement > LEAST_AGREEMENT)
        .find_map(|&(_, format, view)| read_as(view, layout, format, erasures))
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

/// A codeword and how much it is to be doubted: the expected number of wrong bits, roughly.
#[derive(Clone, Copy, Default)]
struct Codeword {
    value: u8,
    doubt: f32,
}

/// Data codewords in front, check codewords behind.
struct Block {
    codewords: Vec<Codeword>,
    data: usize,
}

fn read_as(soft: &Soft, layout: &Layout, format: Format, erasures: bool) -> Option<Message> {
    let level = ErrorCorrectionLevel::forBits(format >> 3).ok()?;
    let blocks = blocks(&codewords(soft, layout, format & 7), layout, level);
    let mut data = Zeroizing::new(Vec::with_capacity(layout.data.len() / 8));
    let mut guessed = false;
    let several = blocks.len() > SEVERAL_BLOCKS;
    for block in &blocks {
        let corrected = corrected(block, erasures, several)?;
        guessed |= corrected.guessed;
        data.extend_from_slice(&corrected.symbols[..block.data]);
    }
    message(&data, layout.version, level, guessed)
}

fn codewords(soft: &Soft, layout: &Layout, mask: u8) -> Vec<Codeword> {
    let bit = |&at: &u32| {
        let at = at as usize;
        let value = soft.values[at];
        ((value > 0.0) != masked(mask, at / soft.size, at % soft.size), doubt(value))
    };
    let whole = layout.data.chunks_exact(8);
    let codeword = |modules: &[u32]| {
        modules.iter().map(bit).fold(Codeword::default(), |word, (bit, doubt)| Codeword {
            value: word.value << 1 | u8::from(bit),
            doubt: word.doubt + doubt,
        })
    };
    whole.map(codeword).collect()
}

/// The chance that a module is taken for its opposite. Measured on photos, the values of right and
/// wrong modules overlap as a logistic curve of this slope describes.
fn doubt(value: f32) -> f32 {
    1.0 / (1.0 + (6.0 * value.abs()).exp())
}

/// Undoes the interleaving (ISO/IEC 18004, 7.6).
fn blocks(codewords: &[Codeword], layout: &Layout, level: ErrorCorrectionLevel) -> Vec<Block> {
    let structure = layout.version.getECBlocksForLevel(level);
    let parity = structure.getECCodewordsPerBlock() as usize;
    let mut blocks: Vec<Block> = Vec::new();
    for group in structure.getECBlocks() {
        let data = group.getDataCodewords() as usize;
        let new = || Block { codewords: Vec::with_capacity(data + parity), data };
        blocks.extend(std::iter::repeat_with(new).take(group.getCount() as usize));
    }
    let longest = blocks.iter().map(|block| block.data).max().unwrap_or(0);
    let mut next = codewords.iter().copied();
    for place in 0..longest + parity {
        for block in &mut blocks {
            let present = place >= longest || place < block.data;
            if present && let Some(codeword) = next.next() {
                block.codewords.push(codeword);
            }
        }
    }
    blocks
}

/// A message in that many blocks has more than one proof of being right.
const SEVERAL_BLOCKS: usize = 3;
/// Check symbols that have to be left over when codewords were given up: each lets one wrong block
/// in 256 pass.
const SPARE: usize = 3;

struct Corrected {
    symbols: Zeroizing<Vec<u8>>,
    /// Codewords were given up, so that fewer check symbols than the standard's prove the rest.
    guessed: bool,
}

fn corrected(block: &Block, erasures: bool, several: bool) -> Option<Corrected> {
    let parity = block.codewords.len() - block.data;
    let symbols: Zeroizing<Vec<u8>> =
        Zeroizing::new(block.codewords.iter().map(|codeword| codeword.value).collect());
    let mut plain = symbols.clone();
    if reed_solomon::correct(&mut plain, parity, &[]).is_some() {
        return Some(Corrected { symbols: plain, guessed: false });
    }
    if !erasures {
        return None;
    }
    let spare = if several { SPARE - 1 } else { SPARE };
    let mut doubtful: Vec<usize> = (0..symbols.len()).collect();
    doubtful.sort_by(|&a, &b| block.codewords[b].doubt.total_cmp(&block.codewords[a].doubt));
    (2..=parity.saturating_sub(spare)).step_by(2).find_map(|count| {
        let mut attempt = symbols.clone();
        let errors = reed_solomon::correct(&mut attempt, parity, &doubtful[..count])?;
        (2 * errors + count + spare <= parity).then_some(Corrected { symbols: attempt, guessed: true })
    })
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
