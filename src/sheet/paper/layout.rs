//! What stands where: cards that are never cut in two, from the top of a page down.

use super::Measures;
use super::fonts::Fonts;
use super::line::{Line, lines};
use crate::sheet::card::{WIDEST_BESIDE_TEXT, names, settings};
use crate::sheet::{Card, Content, Sheet};
use crate::show;
use otpferry_formats::model::Account;
use otpferry_formats::report::Item;

/// Millimetres to points.
pub(super) const MM: f32 = 72.0 / 25.4;
/// Between two cards: a phone has to see one code at a time.
const GAP: f32 = 14.0 * MM;
/// Between a code and its text.
const BESIDE: f32 = 9.0 * MM;
const LEADING: f32 = 1.35;
const BODY: f32 = 10.0;
/// A text that is longer is cut, so that a card stays on one page.
const MOST_LINES: usize = 14;

/// A page to be: what is on it, with places in points from the upper left corner.
#[derive(Default)]
pub(super) struct Page<'s> {
    pub(super) texts: Vec<(f32, f32, Line)>,
    pub(super) codes: Vec<Placed<'s>>,
    /// Boxes to tick: left, top.
    pub(super) boxes: Vec<(f32, f32)>,
    /// Rules over the width of the page: top.
    pub(super) rules: Vec<f32>,
}

/// A QR code on a page.
pub(super) struct Placed<'s> {
    pub(super) card: &'s Card,
    pub(super) left: f32,
    pub(super) top: f32,
    pub(super) side: f32,
}

/// Lines of one column, some of them with a box to tick.
#[derive(Default)]
struct Column {
    lines: Vec<Row>,
    height: f32,
}

/// A line of a column.
struct Row {
    line: Line,
    /// Below the top of the column.
    top: f32,
    indent: f32,
    /// Whether a box to tick stands before it.
    tick: bool,
}

impl Column {
    fn add(&mut self, fonts: &Fonts, text: &str, size: f32, width: f32) {
        self.put(fonts, text, size, width, false);
    }

    fn tick(&mut self, fonts: &Fonts, text: &str, size: f32, width: f32) {
        self.space(3.0);
        self.put(fonts, text, size, width, true);
    }

    fn put(&mut self, fonts: &Fonts, text: &str, size: f32, width: f32, tick: bool) {
        let indent = if tick { size * 1.8 } else { 0.0 };
        let text = show::clean(text);
        let mut broken = lines(fonts, &text, size, width - indent);
        if broken.len() > MOST_LINES {
            broken.truncate(MOST_LINES - 1);
            broken.extend(lines(fonts, "\u{2026}", size, width));
        }
        for (at, line) in broken.into_iter().enumerate() {
            self.lines.push(Row { line, top: self.height, indent, tick: tick && at == 0 });
            self.height += size * LEADING;
        }
    }

    fn space(&mut self, points: f32) {
        self.height += points;
    }

    fn place(self, page: &mut Page<'_>, left: f32, top: f32) {
        for row in self.lines {
            let size = row.line.size;
            if row.tick {
                page.boxes.push((left, top + row.top + size * 0.2));
            }
            page.texts.push((left + row.indent, top + row.top + size, row.line));
        }
    }
}

/// Pages of a sheet.
pub(super) struct Layout<'s> {
    fonts: &'s Fonts,
    measures: Measures,
    pages: Vec<Page<'s>>,
    /// Where the next block begins.
    top: f32,
}

/// All pages.
pub(super) fn pages<'s>(sheet: &'s Sheet, fonts: &'s Fonts, measures: Measures) -> Vec<Page<'s>> {
    let mut layout = Layout { fonts, measures, pages: vec![Page::default()], top: measures.margin };
    layout.start(sheet);
    let total = sheet.cards.len();
    for (index, card) in sheet.cards.iter().enumerate() {
        layout.card(card, index + 1, total);
    }
    layout.end(&sheet.left_out);
    layout.pages
}

const SINGLE: &str = "Scan each code with the authenticator app on the new phone: it is one account. Where a code cannot \
    be scanned, type the key beside it.";
const TRANSFER: &str = "On the new phone, open Google Authenticator, choose Transfer accounts, then Import accounts, and scan \
    every code in order.";
const PRIVATE: &str = "This paper holds your keys: whoever has it can sign in with your codes. Keep the old phone until every account works \
    on the new one; then tear this up.";

impl<'s> Layout<'s> {
    /// Begins a new page when a block of that height does not fit any more.
    fn make_room(&mut self, height: f32) {
        if self.top + height > self.measures.bottom() && self.top > self.measures.margin {
            self.pages.push(Page::default());
            self.top = self.measures.margin;
        }
    }

    fn page(&mut self) -> Option<&mut Page<'s>> {
        self.pages.last_mut()
    }

    fn block(&mut self, column: Column) {
        self.make_room(column.height);
        let (left, top) = (self.measures.margin, self.top);
        self.top += column.height;
        if let Some(page) = self.page() {
            column.place(page, left, top);
        }
    }

    fn start(&mut self, sheet: &Sheet) {
        let width = self.measures.text_width();
        let mut column = Column::default();
        column.add(self.fonts, "Your accounts, to scan", 18.0, width);
        column.space(4.0);
        let is_transfer = sheet.cards.iter().any(|card| matches!(card.content, Content::Several(_)));
        for text in [if is_transfer { TRANSFER } else { SINGLE }, PRIVATE] {
            column.add(self.fonts, text, BODY, width);
            column.space(3.0);
        }
        column.space(GAP / 2.0);
        self.block(column);
    }

    /// Codes stand left and right by turns, so that none is above another.
    fn card(&mut self, card: &'s Card, number: usize, total: usize) {
        let side = card.on_paper() as f32 / 100.0 * MM;
        let width = self.measures.text_width();
        let is_beside = card.on_paper() <= WIDEST_BESIDE_TEXT;
        let text_width = if is_beside { width - side - BESIDE } else { width };
        let column = text(self.fonts, card, (number, total), text_width);
        let height = if is_beside { side.max(column.height) } else { side + BESIDE / 2.0 + column.height };
        self.make_room(height);
        let (left, top) = (self.measures.margin, self.top);
        let code_left = if is_beside && number.is_multiple_of(2) { left + width - side } else { left };
        let text_left = if is_beside && code_left == left { left + side + BESIDE } else { left };
        let text_top = if is_beside { top } else { top + side + BESIDE / 2.0 };
        self.top += height + GAP;
        if let Some(page) = self.page() {
            page.codes.push(Placed { card, left: code_left, top, side });
            column.place(page, text_left, text_top);
            page.rules.push(top + height + GAP / 2.0);
        }
    }

    fn end(&mut self, left_out: &[Item]) {
        if left_out.is_empty() {
            return;
        }
        let width = self.measures.text_width();
        let mut column = Column::default();
        column.add(
            self.fonts,
            &format!("Not on this paper: {}", show::count(left_out.len(), "account")),
            14.0,
            width,
        );
        column.space(4.0);
        self.block(column);
        for item in left_out {
            let mut column = Column::default();
            column.tick(self.fonts, &show::subject(item), BODY, width);
            column.add(self.fonts, &sentence(&item.message), BODY, width);
            if let Some(step) = &item.next_step {
                column.add(self.fonts, &sentence(step), BODY, width);
            }
            column.space(5.0);
            self.block(column);
        }
    }
}

fn sentence(text: &str) -> String {
    show::stopped(&show::sentence(text))
}

/// What stands beside a code.
fn text(fonts: &Fonts, card: &Card, (number, total): (usize, usize), width: f32) -> Column {
    let mut column = Column::default();
    match &card.content {
        Content::One(account) => {
            column.add(fonts, &format!("{number} of {total}"), 8.5, width);
            let (first, second) = names(account);
            column.add(fonts, first, 14.0, width);
            if !second.is_empty() {
                column.add(fonts, second, 11.0, width);
            }
            column.tick(fonts, "It is on my new phone", BODY, width);
            column.space(4.0);
            typed(&mut column, fonts, account, width);
        }
        Content::Several(accounts) => {
            column.add(fonts, &format!("Part {number} of {total}"), 14.0, width);
            column.add(fonts, "Google Authenticator: Transfer accounts > Import accounts > Scan", 9.0, width);
            column.tick(fonts, "They are on my new phone", BODY, width);
            for account in accounts {
                column.space(5.0);
                let (first, second) = names(account);
                column.add(fonts, &format!("{first} {second}"), BODY, width);
                typed(&mut column, fonts, account, width);
            }
        }
    }
    column
}

/// The key, and in one line what else has to be typed.
fn typed(column: &mut Column, fonts: &Fonts, account: &Account, width: f32) {
    let settings = account.otp().map(settings).unwrap_or_default();
    let Some((key, others)) = settings.split_first() else { return };
    column.add(fonts, &format!("{}: {}", key.label, key.value.as_str()), BODY, width);
    let others: Vec<String> =
        others.iter().map(|setting| format!("{}: {}", setting.label, setting.value.as_str())).collect();
    column.add(fonts, &others.join("  \u{b7}  "), 8.5, width);
}
