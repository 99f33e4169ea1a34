//! The text around a code.

use zeroize::Zeroizing;

use crate::sheet::card::settings;
use crate::sheet::{Card, Content};
use crate::show;

/// Most names of a transfer code; more are counted.
const NAMED: usize = 10;

/// `3 of 14: Acme (maria)`.
pub(super) fn above(card: &Card, number: usize, total: usize) -> Vec<Zeroizing<String>> {
    let what = match &card.content {
        Content::One(account) => show::name_of(account),
        Content::Several(accounts) => {
            format!("{} for Google Authenticator, Transfer accounts", show::count(accounts.len(), "account"))
        }
    };
    vec![Zeroizing::new(format!("{number} of {total}: {what}"))]
}

/// What to type where the code cannot be scanned. Of several accounts the names: their keys would not fit on the
/// screen with the code.
pub(super) fn below(card: &Card) -> Vec<Zeroizing<String>> {
    match &card.content {
        Content::One(account) => {
            let settings = account.otp().map(settings).unwrap_or_default();
            let Some((key, others)) = settings.split_first() else { return Vec::new() };
            let key = Zeroizing::new(format!("Key: {}", key.value.as_str()));
            let mut line = Zeroizing::new(String::new());
            for setting in others {
                if !line.is_empty() {
                    line.push_str(", ");
                }
                line.push_str(setting.label);
                line.push(' ');
                line.push_str(&show::clean(&setting.value));
            }
            vec![key, line]
        }
        Content::Several(accounts) => {
            let mut names: Vec<String> = accounts.iter().take(NAMED).map(show::name_of).collect();
            if accounts.len() > names.len() {
                names.push(format!("{} more", accounts.len() - names.len()));
            }
            vec![Zeroizing::new(names.join(", "))]
        }
    }
}

/// The lines that a terminal of so many columns makes of a text. Letters outside ASCII may be two columns wide.
pub(super) fn wrapped(text: &str, columns: usize) -> Vec<Zeroizing<String>> {
    let mut lines = Vec::new();
    let mut line = Zeroizing::new(String::with_capacity(text.len()));
    let mut width = 0;
    for word in text.split_inclusive(' ') {
        let wide = wide(word);
        if width > 0 && width + wide > columns {
            lines.push(std::mem::take(&mut line));
            width = 0;
        }
        for letter in word.chars() {
            let own = wide_letter(letter);
            if width + own > columns && width > 0 {
                lines.push(std::mem::take(&mut line));
                width = 0;
            }
            line.push(letter);
            width += own;
        }
    }
    lines.push(line);
    lines
}

fn wide(text: &str) -> usize {
    text.chars().map(wide_letter).sum()
}

fn wide_letter(letter: char) -> usize {
    if letter.is_ascii() { 1 } else { 2 }
}
