//! The sheet on a terminal: one code at a time, or all of them as plain text.

mod blocks;
mod lines;
mod viewer;

use zeroize::Zeroizing;

use super::Sheet;

pub(crate) use viewer::{ALTERNATE_SCREEN_OFF, Size, Viewer};

/// All codes one after the other, without a control sequence.
pub(crate) fn plain(sheet: &Sheet) -> Zeroizing<String> {
    let total = sheet.cards.len();
    let mut text = Zeroizing::new(String::new());
    for (index, card) in sheet.cards.iter().enumerate() {
        let mut shown = lines::above(card, index + 1, total);
        shown.extend(blocks::lines(&card.qr, blocks::Ground::Terminal));
        shown.extend(lines::below(card));
        shown.push(Zeroizing::default());
        for line in shown {
            text.push_str(&line);
            text.push('\n');
        }
    }
    text
}
