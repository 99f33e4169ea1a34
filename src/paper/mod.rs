//! Paper: pages of text and QR codes, made into a PDF with the fonts of this computer.
//!
//! Who lays out pages makes [`Column`]s of text, puts them and codes on a [`Page`], and gives the pages to a
//! [`Book`]. What was printed is read again by who knows what had to be on it.

mod book;
mod column;
mod fonts;
mod line;

use std::collections::BTreeSet;
use std::sync::Arc;

use otpferry_formats::model::Account;
use otpferry_formats::report::Item;
use zeroize::Zeroizing;

use crate::cli::Paper;
use crate::draw::Qr;
use crate::failure::{Exit, Failure};
use crate::show;

pub(crate) use book::Book;
pub(crate) use column::Column;
pub(crate) use fonts::Fonts;
pub(crate) use line::{Line, lines};

/// Millimetres to points.
pub(crate) const MM: f32 = 72.0 / 25.4;

/// A document, and what it could not print.
pub(crate) struct Printed {
    pub(crate) bytes: Zeroizing<Vec<u8>>,
    /// Accounts with letters that no font of this computer has.
    pub(crate) unprinted: Vec<Item>,
}

/// The size of a page in points.
#[derive(Clone, Copy)]
pub(crate) struct Measures {
    pub(crate) width: f32,
    pub(crate) height: f32,
    pub(crate) margin: f32,
}

impl Measures {
    pub(crate) fn of(paper: Paper) -> Self {
        let (width, height) = match paper {
            Paper::A4 => (210.0 * MM, 297.0 * MM),
            Paper::Letter => (612.0, 792.0),
        };
        Self { width, height, margin: 17.0 * MM }
    }

    pub(crate) fn text_width(self) -> f32 {
        self.width - 2.0 * self.margin
    }

    /// Where the last block of a page has to end; the foot is below.
    pub(crate) fn bottom(self) -> f32 {
        self.height - self.margin
    }
}

/// A page to be: what is on it, with places in points from the upper left corner.
#[derive(Default)]
pub(crate) struct Page<'s> {
    /// Lines of text: left, base line.
    pub(crate) texts: Vec<(f32, f32, Arc<Line>)>,
    pub(crate) codes: Vec<Placed<'s>>,
    /// Boxes to tick: left, top.
    pub(crate) boxes: Vec<(f32, f32)>,
    pub(crate) rules: Vec<Rule>,
}

/// A QR code on a page.
#[derive(Clone, Copy)]
pub(crate) struct Placed<'s> {
    pub(crate) qr: &'s Qr,
    pub(crate) left: f32,
    pub(crate) top: f32,
    pub(crate) side: f32,
}

/// A line from one edge of a page to the other.
#[derive(Clone, Copy)]
pub(crate) enum Rule {
    /// Between the margins: top.
    Between(f32),
    /// Dashed over the whole width, to fold or to cut: top.
    Fold(f32),
}

/// What every page is printed with besides names; fonts are looked for with these letters as well.
const LETTERS: &str =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,:;-?!>()'\"/@+_\u{b7}\u{2026}";

/// Finds fonts for these texts.
///
/// # Errors
/// [`Exit::Io`] when this computer has none.
pub(crate) fn fonts<'t>(texts: impl Iterator<Item = &'t str>) -> Result<Fonts, Failure> {
    let mut letters: BTreeSet<char> = LETTERS.chars().collect();
    texts.for_each(|text| letters.extend(show::clean(text).chars()));
    let fonts = Fonts::for_letters(&letters);
    if fonts.of('a').is_none() {
        return Err(Failure::new(Exit::Io, "there is no font on this computer to print names with")
            .next_step(
                "Write a page instead (-o sheet.html, or --sheets page) and print it from a browser",
            ));
    }
    Ok(fonts)
}

impl Fonts {
    /// What to say of an account when no font has all letters of these texts about it.
    pub(crate) fn lack(&self, account: &Account, texts: &[&str]) -> Option<Item> {
        let lacks = |text: &&str| show::clean(text).chars().any(|letter| self.of(letter).is_none());
        texts.iter().any(lacks).then(|| {
            let message = "no font on this computer has all letters of its name; they are printed as ?";
            Item::about(account, "letters-not-printed", message).field("account").next_step(
                "The code is right; for the whole name print a page (-o sheet.html, or --sheets page) from a browser",
            )
        })
    }
}
