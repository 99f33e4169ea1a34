//! Reed-Solomon codes of QR codes (ISO/IEC 18004, 7.5): GF(256) over x^8 + x^4 + x^3 + x^2 + 1,
//! first root 1.
//!
//! Own code because the decoders at hand take no erasures: codewords that are known to be doubtful
//! cost half of what an unknown error costs.

/// Powers of 2, twice over, and logarithms.
struct Field {
    powers: [u8; 512],
    logs: [u8; 256],
}

const FIELD: Field = {
    let mut field = Field { powers: [0; 512], logs: [0; 256] };
    let (mut value, mut i) = (1u16, 0);
    while i < 255 {
        field.powers[i] = value as u8;
        field.powers[i + 255] = value as u8;
        field.logs[value as usize] = i as u8;
        value <<= 1;
        if value & 0x100 != 0 {
            value ^= 0x11d;
        }
        i += 1;
    }
    field
};

fn multiply(a: u8, b: u8) -> u8 {
    if a == 0 || b == 0 {
        return 0;
    }
    FIELD.powers[usize::from(FIELD.logs[usize::from(a)]) + usize::from(FIELD.logs[usize::from(b)])]
}

fn inverse(a: u8) -> u8 {
    FIELD.powers[255 - usize::from(FIELD.logs[usize::from(a)])]
}

/// 2 to a power.
fn power(exponent: usize) -> u8 {
    FIELD.powers[exponent % 255]
}

/// The value at `x` of a polynomial whose lowest coefficient comes first.
fn evaluate(polynomial: &[u8], x: u8) -> u8 {
    polynomial.iter().rev().fold(0, |sum, &coefficient| multiply(sum, x) ^ coefficient)
}

/// All zero for a code word without errors.
fn syndromes(block: &[u8], parity: usize) -> Vec<u8> {
    let value = |root: usize| block.iter().fold(0, |sum, &symbol| multiply(sum, power(root)) ^ symbol);
    (0..parity).map(value).collect()
}

/// Corrects a block of data and `parity` check symbols in place, at most 255 in all. `erasures` are
/// positions whose symbols are not to be trusted. Returns how many others were wrong, or `None`
/// when the block cannot be corrected; it is unchanged then.
pub(super) fn correct(block: &mut [u8], parity: usize, erasures: &[usize]) -> Option<usize> {
    let syndromes = syndromes(block, parity);
    if syndromes.iter().all(|&value| value == 0) {
        return Some(0);
    }
    if erasures.len() > parity {
        return None;
    }
    let locator = locator(&syndromes, &erasure_locator(block.len(), erasures), erasures.len())?;
    let wrong = locator.len() - 1;
    let fixes = fixes(block.len(), &syndromes, &locator);
    if fixes.len() != wrong {
        return None;
    }
    for &(position, value) in &fixes {
        block[position] ^= value;
    }
    if self::syndromes(block, parity).iter().any(|&value| value != 0) {
        for &(position, value) in &fixes {
            block[position] ^= value;
        }
        return None;
    }
    Some(wrong - erasures.len())
}

/// The product of 1 + x 2^i over the erased positions i, which count from the end.
fn erasure_locator(length: usize, erasures: &[usize]) -> Vec<u8> {
    let mut product = vec![1];
    for &position in erasures {
        let root = power(length - 1 - position);
        product.push(0);
        for i in (1..product.len()).rev() {
            product[i] ^= multiply(product[i - 1], root);
        }
    }
    product
}

/// The locator of all wrong positions by Berlekamp and Massey, begun with that of the erasures.
fn locator(syndromes: &[u8], erased: &[u8], erasures: usize) -> Option<Vec<u8>> {
    let mut locator = erased.to_vec();
    let mut before = erased.to_vec();
    let mut length = erasures;
    for step in erasures..syndromes.len() {
        let terms = locator.iter().take(step + 1).enumerate();
        let discrepancy = terms.fold(0, |sum, (i, &c)| sum ^ multiply(c, syndromes[step - i]));
        before.insert(0, 0);
        if discrepancy == 0 {
            continue;
        }
        let mut next = locator.clone();
        next.resize(next.len().max(before.len()), 0);
        for (sum, &term) in next.iter_mut().zip(&before) {
            *sum ^= multiply(discrepancy, term);
        }
        if 2 * length <= step + erasures {
            length = step + 1 + erasures - length;
            let factor = inverse(discrepancy);
            before = locator.iter().map(|&term| multiply(term, factor)).collect();
        }
        locator = next;
    }
    while locator.len() > 1 && locator.last() == Some(&0) {
        locator.pop();
    }
    let wrong = locator.len() - 1;
    (wrong >= erasures && 2 * (wrong - erasures) + erasures <= syndromes.len()).then_some(locator)
}

/// Where the roots of the locator are and what to add there (Chien and Forney).
fn fixes(length: usize, syndromes: &[u8], locator: &[u8]) -> Vec<(usize, u8)> {
    let term = |i: usize| {
        let pairs = locator.iter().take(i + 1).enumerate();
        pairs.fold(0, |sum, (j, &c)| sum ^ multiply(c, syndromes[i - j]))
    };
    let evaluator: Vec<u8> = (0..syndromes.len()).map(term).collect();
    // The formal derivative: even powers vanish, so it is a polynomial in the square.
    let odd: Vec<u8> = locator.iter().skip(1).step_by(2).copied().collect();
    let fix = |position: usize| {
        let x = power(length - 1 - position);
        let root = inverse(x);
        if evaluate(locator, root) != 0 {
            return None;
        }
        let slope = evaluate(&odd, multiply(root, root));
        let value = multiply(evaluate(&evaluator, root), x);
        (slope != 0).then(|| (position, multiply(value, inverse(slope))))
    };
    (0..length).filter_map(fix).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Data and check symbols of the example in ISO/IEC 18004, annex I: version 1-M, "01234567".
    const EXAMPLE: [u8; 26] = [
        0x10, 0x20, 0x0c, 0x56, 0x61, 0x80, 0xec, 0x11, 0xec, 0x11, 0xec, 0x11, 0xec, 0x11, 0xec, 0x11, 0xa5,
        0x24, 0xd4, 0xc1, 0xed, 0x36, 0xc7, 0x87, 0x2c, 0x55,
    ];

    /// Changes the symbols at `positions`.
    fn damaged(positions: &[usize]) -> [u8; 26] {
        let mut block = EXAMPLE;
        for (i, &position) in positions.iter().enumerate() {
            block[position] ^= 0x35 + i as u8;
        }
        block
    }

    #[test]
    fn the_example_of_the_standard_is_a_code_word() {
        assert_eq!(correct(&mut EXAMPLE.clone(), 10, &[]), Some(0));
    }

    #[test]
    fn half_as_many_errors_as_check_symbols_are_corrected() {
        let mut block = damaged(&[0, 5, 12, 20, 25]);
        assert_eq!(correct(&mut block, 10, &[]), Some(5));
        assert_eq!(block, EXAMPLE);
    }

    #[test]
    fn as_many_erasures_as_check_symbols_are_corrected() {
        let positions = [1, 2, 3, 8, 9, 13, 17, 18, 24, 25];
        let mut block = damaged(&positions);
        assert_eq!(correct(&mut block, 10, &positions), Some(0));
        assert_eq!(block, EXAMPLE);
    }

    #[test]
    fn erasures_and_errors_share_the_check_symbols() {
        // Four erasures, of which one is right by chance, and three errors elsewhere.
        let mut block = damaged(&[0, 4, 7, 10, 22, 23]);
        assert_eq!(correct(&mut block, 10, &[4, 7, 10, 11]), Some(3));
        assert_eq!(block, EXAMPLE);
    }

    #[test]
    fn too_many_errors_leave_the_block_alone() {
        let before = damaged(&[0, 1, 2, 3, 4, 5]);
        let mut block = before;
        assert_eq!(correct(&mut block, 10, &[]), None);
        assert_eq!(block, before);
    }
}
