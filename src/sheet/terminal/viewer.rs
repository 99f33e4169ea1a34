//! One code at a time, by lines that are typed.

use std::io::{self, BufRead, Read, Write};

use zeroize::Zeroizing;

use super::blocks::{self, Ground};
use super::lines;
use crate::sheet::{Card, Sheet};

/// A screen beside the usual one: nothing of it stays in the lines that one can scroll back to.
const ALTERNATE_SCREEN_ON: &str = "\x1b[?1049h";
/// Colours back to usual, the screen cleared for terminals that have only one, and back to the usual one.
pub(crate) const ALTERNATE_SCREEN_OFF: &str = "\x1b[0m\x1b[2J\x1b[H\x1b[?1049l";
const CLEAR: &str = "\x1b[0m\x1b[2J\x1b[H";

/// Longer lines are no commands.
const MAX_LINE: u64 = 100;

/// Columns and lines of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) columns: usize,
    pub(crate) lines: usize,
}

/// Shows the codes to somebody who turns the pages.
pub(crate) struct Viewer<'a> {
    pub(crate) keyboard: Box<dyn BufRead + 'a>,
    pub(crate) screen: Box<dyn Write + 'a>,
    /// Asked for each code: a window can be made bigger.
    pub(crate) size: Box<dyn Fn() -> Size + 'a>,
}

/// What was typed.
enum Typed {
    Enter,
    Next,
    Back,
    Quit,
    Other,
}

impl Viewer<'_> {
    /// Shows them until the last, or until somebody quits. Returns how many were never shown.
    ///
    /// # Errors
    /// What the terminal says. The usual screen is back then as well.
    pub(crate) fn show(self, sheet: &Sheet) -> io::Result<usize> {
        let mut keyboard = self.keyboard;
        let mut screen = Screen::open(self.screen)?;
        let mut seen = vec![false; sheet.cards.len()];
        let mut at = 0;
        while let Some(card) = sheet.cards.get(at) {
            let frame = Frame::of(card, (at + 1, sheet.cards.len()), (self.size)());
            screen.put(&frame.text)?;
            if let Some(seen) = seen.get_mut(at) {
                *seen |= frame.is_whole;
            }
            match read(&mut keyboard)? {
                Typed::Enter if frame.is_whole => at += 1,
                Typed::Next => at += 1,
                Typed::Back => at = at.saturating_sub(1),
                Typed::Quit => break,
                Typed::Enter | Typed::Other => {}
            }
        }
        Ok(seen.iter().filter(|seen| !**seen).count())
    }
}

fn read(keyboard: &mut dyn BufRead) -> io::Result<Typed> {
    let mut line = Vec::new();
    if keyboard.take(MAX_LINE).read_until(b'\n', &mut line)? == 0 {
        return Ok(Typed::Quit);
    }
    Ok(match line.trim_ascii().to_ascii_lowercase().as_slice() {
        b"" => Typed::Enter,
        b"n" => Typed::Next,
        b"b" => Typed::Back,
        b"q" => Typed::Quit,
        _ => Typed::Other,
    })
}

/// The other screen. It goes away with this value, also when something failed.
struct Screen<'a>(Box<dyn Write + 'a>);

impl<'a> Screen<'a> {
    fn open(mut screen: Box<dyn Write + 'a>) -> io::Result<Self> {
        screen.write_all(ALTERNATE_SCREEN_ON.as_bytes())?;
        Ok(Self(screen))
    }

    fn put(&mut self, text: &str) -> io::Result<()> {
        self.0.write_all(CLEAR.as_bytes())?;
        self.0.write_all(text.as_bytes())?;
        self.0.flush()
    }
}

impl Drop for Screen<'_> {
    fn drop(&mut self) {
        // Nothing is left to be done where not even this can be written.
        let _ = self.0.write_all(ALTERNATE_SCREEN_OFF.as_bytes()).and_then(|()| self.0.flush());
    }
}

/// What the screen shows for one card.
struct Frame {
    text: Zeroizing<String>,
    /// Whether the code is there, and not only the word that the window is too small for it.
    is_whole: bool,
}

impl Frame {
    fn of(card: &Card, (number, total): (usize, usize), size: Size) -> Self {
        let side = card.qr.side();
        let prompt = match number == total {
            true => "Enter = end, b = back, q = quit: ",
            false => "Enter = next, b = back, q = quit: ",
        };
        let wrap = |lines: Vec<Zeroizing<String>>, columns: usize| -> Vec<Zeroizing<String>> {
            lines.iter().flat_map(|line| lines::wrapped(line, columns)).collect()
        };
        let columns = size.columns.max(side);
        let above = wrap(lines::above(card, number, total), columns);
        let below = wrap(lines::below(card), columns);
        let needed = above.len() + side.div_ceil(2) + below.len() + 1;
        let is_whole = size.columns >= side && size.lines >= needed;
        let mut shown = Vec::with_capacity(needed);
        if is_whole {
            shown.extend(above);
            shown.extend(blocks::lines(&card.qr, Ground::Own));
            shown.extend(below);
            return Self { text: joined(&shown, prompt), is_whole };
        }
        let sorry = format!(
            "The window is too small for this code: it needs {side} columns and {needed} lines, and there are {} \
             columns and {} lines. Make the window bigger, or its letters smaller, and press Enter. Or quit, and use \
             -o sheet.html.",
            size.columns, size.lines
        );
        shown.extend(wrap(lines::above(card, number, total), size.columns));
        shown.extend(lines::wrapped(&sorry, size.columns));
        Self { text: joined(&shown, "Enter = look again, n = next, b = back, q = quit: "), is_whole }
    }
}

fn joined(lines: &[Zeroizing<String>], prompt: &str) -> Zeroizing<String> {
    let length = lines.iter().map(|line| line.len() + 1).sum::<usize>() + prompt.len();
    let mut text = Zeroizing::new(String::with_capacity(length));
    for line in lines {
        text.push_str(line);
        text.push('\n');
    }
    text.push_str(prompt);
    text
}

#[cfg(test)]
#[path = "viewer_tests.rs"]
mod tests;
