//! Lines below each other.

use std::sync::Arc;

use super::Page;
use super::fonts::Fonts;
use super::line::{Line, lines};
use crate::show;

/// From one line to the next, in sizes of its letters.
const LEADING: f32 = 1.35;
/// A text that is longer is cut, so that what belongs together stays on one page.
const MOST_LINES: usize = 14;

/// Lines of one column, some of them with a box to tick.
pub(crate) struct Column<'f> {
    fonts: &'f Fonts,
    width: f32,
    rows: Vec<Row>,
    pub(crate) height: f32,
}

/// A line of a column.
struct Row {
    line: Arc<Line>,
    /// Below the top of the column.
    top: f32,
    indent: f32,
    /// Whether a box to tick stands before it.
    tick: bool,
}

impl<'f> Column<'f> {
    /// A column without a line.
    pub(crate) fn new(fonts: &'f Fonts, width: f32) -> Self {
        Self { fonts, width, rows: Vec::new(), height: 0.0 }
    }

    /// Adds a text, broken into lines.
    pub(crate) fn add(&mut self, text: &str, size: f32) {
        self.add_at_most(MOST_LINES, text, size);
    }

    /// Adds a text that is cut when it takes more lines.
    pub(crate) fn add_at_most(&mut self, most: usize, text: &str, size: f32) {
        self.put(text, size, 0.0, most);
    }

    /// Adds a text behind a box to tick.
    pub(crate) fn tick(&mut self, text: &str, size: f32) {
        self.space(3.0);
        let first = self.rows.len();
        self.put(text, size, size * 1.8, MOST_LINES);
        if let Some(row) = self.rows.get_mut(first) {
            row.tick = true;
        }
    }

    /// Adds a text that stands on many pages: its lines are made once for all of them. No secret is kept so.
    pub(crate) fn standing(&mut self, text: &str, size: f32) {
        self.put_standing(text, size, 0.0);
    }

    /// Adds a text that stands on many pages, with its number on its left.
    pub(crate) fn numbered(&mut self, number: usize, text: &str, size: f32) {
        self.label(&format!("{number}."), size);
        self.put_standing(text, size, 1.6 * size);
    }

    /// Adds a text with its label on its left.
    pub(crate) fn labelled(&mut self, label: &str, text: &str, size: f32, (indent, most): (f32, usize)) {
        self.label(label, size);
        self.put(text, size, indent, most);
    }

    /// Adds a line that the next one stands beside.
    fn label(&mut self, text: &str, size: f32) {
        let top = self.height;
        self.put_standing(text, size, 0.0);
        self.height = top;
    }

    fn put(&mut self, text: &str, size: f32, indent: f32, most: usize) {
        let lines = lines(self.fonts, &show::clean(text), size, self.width - indent, most);
        self.add_lines(lines.into_iter().map(Arc::new), size, indent);
    }

    fn put_standing(&mut self, text: &str, size: f32, indent: f32) {
        let width = self.width - indent;
        let known = self.fonts.standing((text, size, width), || {
            lines(self.fonts, &show::clean(text), size, width, MOST_LINES).into_iter().map(Arc::new).collect()
        });
        self.add_lines(known.iter().cloned(), size, indent);
    }

    fn add_lines(&mut self, lines: impl Iterator<Item = Arc<Line>>, size: f32, indent: f32) {
        for line in lines {
            self.rows.push(Row { line, top: self.height, indent, tick: false });
            self.height += size * LEADING;
        }
    }

    /// Leaves room.
    pub(crate) fn space(&mut self, points: f32) {
        self.height += points;
    }

    /// Puts the column on a page, which may be one of several.
    pub(crate) fn place(&self, page: &mut Page<'_>, left: f32, top: f32) {
        for row in &self.rows {
            let size = row.line.size;
            if row.tick {
                page.boxes.push((left, top + row.top + size * 0.2));
            }
            page.texts.push((left + row.indent, top + row.top + size, Arc::clone(&row.line)));
        }
    }
}
