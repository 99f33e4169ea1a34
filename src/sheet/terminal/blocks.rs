//! A code drawn with half blocks: two rows of modules on each line of text.

use zeroize::Zeroizing;

use crate::draw::Qr;

/// What stands behind the letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ground {
    /// Black letters on white, whatever the colours of the terminal.
    Own,
    /// The terminal's own, without a word about colours: letters have to be light on dark.
    Terminal,
}

/// Black on white out of the 6x6x6 cube of 256 colours, which no theme changes as it changes the first sixteen.
const BLACK_ON_WHITE: &str = "\x1b[38;5;16;48;5;231m";
const RESET: &str = "\x1b[0m";

/// The lines of a code with its quiet zone.
pub(super) fn lines(qr: &Qr, ground: Ground) -> Vec<Zeroizing<String>> {
    let side = qr.side();
    let ink = |column: usize, row: usize| match ground {
        Ground::Own => qr.is_dark(column, row),
        // The row below the last of an odd number of rows is left to the terminal.
        Ground::Terminal => row < side && !qr.is_dark(column, row),
    };
    let line = |row: usize| {
        // Three bytes a block.
        let mut line = Zeroizing::new(String::with_capacity(side * 3 + 32));
        if ground == Ground::Own {
            line.push_str(BLACK_ON_WHITE);
        }
        (0..side).for_each(|column| line.push(block(ink(column, row), ink(column, row + 1))));
        if ground == Ground::Own {
            line.push_str(RESET);
        }
        line
    };
    (0..side).step_by(2).map(line).collect()
}

fn block(upper: bool, lower: bool) -> char {
    match (upper, lower) {
        (true, true) => '█',
        (true, false) => '▀',
        (false, true) => '▄',
        (false, false) => ' ',
    }
}
