//! Text into lines of glyphs: breaking, direction, shaping.

use krilla::text::{GlyphId, KrillaGlyph};
use rustybuzz::{Direction, UnicodeBuffer};
use unicode_bidi::BidiInfo;

use super::fonts::Fonts;

/// A line, ready to be put on a page.
pub(crate) struct Line {
    pub(crate) runs: Vec<Run>,
    pub(crate) size: f32,
}

/// Letters of one font and one direction, from left to right as they stand on paper.
pub(crate) struct Run {
    pub(crate) face: usize,
    pub(crate) text: String,
    pub(crate) glyphs: Vec<KrillaGlyph>,
    /// In points.
    pub(crate) width: f32,
}

/// A letter that no font prints.
const UNKNOWN: char = '?';
/// Stands for what is left out.
const ELLIPSIS: char = '\u{2026}';

/// Breaks a text into lines of at most that width and shapes them. Letters that no font prints become
/// question marks; what takes more lines is cut, and ends with an ellipsis.
pub(crate) fn lines(fonts: &Fonts, text: &str, size: f32, width: f32, most: usize) -> Vec<Line> {
    let text: String = text.chars().map(|c| if fonts.of(c).is_some() { c } else { UNKNOWN }).collect();
    let broken = broken(fonts, &text, size, width);
    let is_cut = |at: usize| at + 1 == most && broken.len() > most;
    let line = |(at, line): (usize, &&str)| match is_cut(at) {
        true => shaped(fonts, &cut(fonts, line, size, width), size),
        false => shaped(fonts, line, size),
    };
    broken.iter().enumerate().take(most).map(line).collect()
}

/// As much of a line as leaves room for an ellipsis.
fn cut(fonts: &Fonts, line: &str, size: f32, width: f32) -> String {
    let mut used = advance(fonts, ELLIPSIS, size);
    let fits = |letter: &char| {
        used += advance(fonts, *letter, size);
        used <= width
    };
    let kept: String = line.chars().take_while(fits).collect();
    format!("{}{ELLIPSIS}", kept.trim_end())
}

/// Breaks at blanks where there are any, else anywhere. Widths are those of single letters: shaping joins
/// letters and makes a line shorter, not longer.
fn broken<'t>(fonts: &Fonts, text: &'t str, size: f32, width: f32) -> Vec<&'t str> {
    let mut lines = Vec::new();
    let (mut start, mut blank, mut used) = (0, None, 0.0);
    for (at, letter) in text.char_indices() {
        used += advance(fonts, letter, size);
        if letter == ' ' {
            blank = Some(at);
        } else if used > width && at > start {
            let end = blank.take().filter(|blank| *blank > start).unwrap_or(at);
            lines.push(text.get(start..end).unwrap_or_default());
            start = if end < at { end + 1 } else { at };
            let rest = text.get(start..at + letter.len_utf8()).unwrap_or_default();
            used = rest.chars().map(|letter| advance(fonts, letter, size)).sum();
        }
    }
    lines.push(text.get(start..).unwrap_or_default());
    lines
}

fn advance(fonts: &Fonts, letter: char, size: f32) -> f32 {
    fonts.of(letter).map_or(0.5, |letter| letter.advance) * size
}

fn shaped(fonts: &Fonts, text: &str, size: f32) -> Line {
    let info = BidiInfo::new(text, None);
    let mut runs = Vec::new();
    for paragraph in &info.paragraphs {
        let (levels, visual) = info.visual_runs(paragraph, paragraph.range.clone());
        for range in visual {
            let is_rtl = levels.get(range.start).is_some_and(|level| level.is_rtl());
            let mut of_fonts = by_font(fonts, text.get(range).unwrap_or_default());
            if is_rtl {
                of_fonts.reverse();
            }
            runs.extend(
                of_fonts.into_iter().filter_map(|(face, piece)| run(fonts, face, piece, is_rtl, size)),
            );
        }
    }
    Line { runs, size }
}

/// Cuts a text where the font changes. Marks and blanks stay with the letters before them where that font
/// has them.
fn by_font<'t>(fonts: &Fonts, text: &'t str) -> Vec<(usize, &'t str)> {
    let mut pieces: Vec<(usize, usize)> = Vec::new();
    for (at, letter) in text.char_indices() {
        let last = pieces.last().map(|(face, _)| *face);
        let stays = last.is_some_and(|face| fonts.face(face).is_some_and(|face| face.has(letter)));
        if let (false, Some(letter)) = (stays, fonts.of(letter)) {
            pieces.push((letter.face, at));
        }
    }
    let ends = pieces.iter().skip(1).map(|(_, start)| *start).chain([text.len()]);
    let cut =
        |((face, start), end): (&(usize, usize), usize)| (*face, text.get(*start..end).unwrap_or_default());
    pieces.iter().zip(ends).map(cut).collect()
}

fn run(fonts: &Fonts, at: usize, text: &str, is_rtl: bool, size: f32) -> Option<Run> {
    let face = fonts.face(at)?;
    let shaper = face.shaper()?;
    let mut buffer = UnicodeBuffer::new();
    buffer.push_str(text);
    buffer.guess_segment_properties();
    buffer.set_direction(if is_rtl { Direction::RightToLeft } else { Direction::LeftToRight });
    let output = rustybuzz::shape(&shaper, &[], buffer);
    let clusters: std::collections::BTreeSet<usize> =
        output.glyph_infos().iter().filter_map(|info| usize::try_from(info.cluster).ok()).collect();
    let em = face.font.units_per_em();
    let glyphs: Vec<KrillaGlyph> = output
        .glyph_infos()
        .iter()
        .zip(output.glyph_positions())
        .map(|(info, position)| {
            let start = usize::try_from(info.cluster).unwrap_or(0);
            let end = clusters.range(start + 1..).next().copied().unwrap_or(text.len());
            let ems = |units: i32| units as f32 / em;
            let id = GlyphId::new(info.glyph_id);
            KrillaGlyph::new(
                id,
                ems(position.x_advance),
                ems(position.x_offset),
                ems(position.y_offset),
                ems(position.y_advance),
                start..end,
                None,
            )
        })
        .collect();
    let width = output.glyph_positions().iter().map(|position| position.x_advance as f32 / em * size).sum();
    Some(Run { face: at, text: text.to_owned(), glyphs, width })
}
