//! What stands where: cards that are never cut in two, from the top of a page down.

use crate::paper::{Column, Fonts, MM, Measures, Page, Placed, Rule, lines};
use crate::sheet::card::{WIDEST_BESIDE_TEXT, names, settings};
use crate::sheet::{Card, Content, Sheet};
use crate::show;
use otpferry_formats::model::Account;
use otpferry_formats::report::Item;
use std::sync::Arc;

/// Between two cards: a phone has to see one code at a time.
const GAP: f32 = 14.0 * MM;
/// Between a code and its text.
const BESIDE: f32 = 9.0 * MM;
const BODY: f32 = 10.0;

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
    layout.feet();
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

    fn block(&mut self, column: &Column<'_>) {
        self.make_room(column.height);
        let (left, top) = (self.measures.margin, self.top);
        self.top += column.height;
        if let Some(page) = self.page() {
            column.place(page, left, top);
        }
    }

    fn column(&self) -> Column<'s> {
        Column::new(self.fonts, self.measures.text_width())
    }

    /// Numbers the pages.
    fn feet(&mut self) {
        let Measures { height, margin, .. } = self.measures;
        let total = self.pages.len();
        for (index, page) in self.pages.iter_mut().enumerate() {
            let foot = format!("Page {} of {total}", index + 1);
            let lines = lines(self.fonts, &foot, 8.5, self.measures.text_width(), 1);
            page.texts.extend(lines.into_iter().map(|line| (margin, height - margin / 2.0, Arc::new(line))));
        }
    }

    fn start(&mut self, sheet: &Sheet) {
        let mut column = self.column();
        column.add("Your accounts, to scan", 18.0);
        column.space(4.0);
        let is_transfer = sheet.cards.iter().any(|card| matches!(card.content, Content::Several(_)));
        for text in [if is_transfer { TRANSFER } else { SINGLE }, PRIVATE] {
            column.add(text, BODY);
            column.space(3.0);
        }
        column.space(GAP / 2.0);
        self.block(&column);
    }

    /// Codes stand left and right by turns, so that none is above another.
    fn card(&mut self, card: &'s Card, number: usize, total: usize) {
        let side = card.qr.on_paper() as f32 / 100.0 * MM;
        let width = self.measures.text_width();
        let is_beside = card.qr.on_paper() <= WIDEST_BESIDE_TEXT;
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
            page.codes.push(Placed { qr: &card.qr, left: code_left, top, side });
            column.place(page, text_left, text_top);
            page.rules.push(Rule::Between(top + height + GAP / 2.0));
        }
    }

    fn end(&mut self, left_out: &[Item]) {
        if left_out.is_empty() {
            return;
        }
        let mut column = self.column();
        column.add(&format!("Not on this paper: {}", show::count(left_out.len(), "account")), 14.0);
        column.space(4.0);
        self.block(&column);
        for item in left_out {
            let mut column = self.column();
            column.tick(&show::subject(item), BODY);
            column.add(&sentence(&item.message), BODY);
            if let Some(step) = &item.next_step {
                column.add(&sentence(step), BODY);
            }
            column.space(5.0);
            self.block(&column);
        }
    }
}

fn sentence(text: &str) -> String {
    show::stopped(&show::sentence(text))
}

/// What stands beside a code.
fn text<'f>(fonts: &'f Fonts, card: &Card, (number, total): (usize, usize), width: f32) -> Column<'f> {
    let mut column = Column::new(fonts, width);
    match &card.content {
        Content::One(account) => {
            column.add(&format!("{number} of {total}"), 8.5);
            let (first, second) = names(account);
            column.add(first, 14.0);
            if !second.is_empty() {
                column.add(second, 11.0);
            }
            column.tick("It is on my new phone", BODY);
            column.space(4.0);
            typed(&mut column, account);
        }
        Content::Several(accounts) => {
            column.add(&format!("Part {number} of {total}"), 14.0);
            column.add("Google Authenticator: Transfer accounts > Import accounts > Scan", 9.0);
            column.tick("They are on my new phone", BODY);
            for account in accounts {
                column.space(5.0);
                let (first, second) = names(account);
                column.add(&format!("{first} {second}"), BODY);
                typed(&mut column, account);
            }
        }
    }
    column
}

/// The key, and in one line what else has to be typed.
fn typed(column: &mut Column<'_>, account: &Account) {
    let settings = account.otp().map(settings).unwrap_or_default();
    let Some((key, others)) = settings.split_first() else { return };
    column.add(&format!("{}: {}", key.label, key.value.as_str()), BODY);
    let others: Vec<String> =
        others.iter().map(|setting| format!("{}: {}", setting.label, setting.value.as_str())).collect();
    column.add(&others.join("  \u{b7}  "), 8.5);
}
