//! The fonts of this computer: which of them prints which letter.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use fontdb::{Database, FaceInfo, ID, Style};
use rustybuzz::ttf_parser;

use super::line::Line;

/// Families that print most letters well, the first the best; others follow in order of name.
const PREFERRED: &[&str] = &[
    "Noto Sans",
    "DejaVu Sans",
    "Liberation Sans",
    "Arial",
    "Helvetica Neue",
    "Helvetica",
    "Segoe UI",
    "Roboto",
    "Ubuntu",
];

/// Fonts that together print the letters of a sheet.
pub(crate) struct Fonts {
    faces: Vec<Face>,
    by_letter: HashMap<char, Letter>,
    standing: Mutex<HashMap<Standing, Arc<[Arc<Line>]>>>,
}

/// A text that stands on many pages, with the bits of its size and of the width of its lines.
type Standing = (String, u32, u32);

/// How a letter is printed.
#[derive(Clone, Copy)]
pub(crate) struct Letter {
    /// Which of the faces prints it.
    pub(crate) face: usize,
    /// Its width when the font has the size 1.
    pub(crate) advance: f32,
}

/// One font that is used.
pub(crate) struct Face {
    data: Arc<Vec<u8>>,
    index: u32,
    pub(crate) font: krilla::text::Font,
    /// The letters of the sheet that it has, and their widths.
    letters: BTreeMap<char, f32>,
}

impl Face {
    /// Whether it prints a letter of the sheet.
    pub(crate) fn has(&self, letter: char) -> bool {
        self.letters.contains_key(&letter)
    }

    /// For shaping; `None` when the file is no font after all.
    pub(crate) fn shaper(&self) -> Option<rustybuzz::Face<'_>> {
        rustybuzz::Face::from_slice(&self.data, self.index)
    }
}

impl Fonts {
    /// Finds fonts for these letters, looking into each file once at most.
    pub(crate) fn for_letters(letters: &BTreeSet<char>) -> Self {
        let mut database = Database::new();
        database.load_system_fonts();
        let mut fonts = Self { faces: Vec::new(), by_letter: HashMap::new(), standing: Mutex::default() };
        for id in candidates(&database) {
            if letters.len() == fonts.by_letter.len() {
                break;
            }
            let wanted = |letter: &char| !fonts.by_letter.contains_key(letter);
            let face =
                database.with_face_data(id, |data, index| face(data, index, letters, wanted)).flatten();
            if let Some(face) = face {
                fonts.add(face);
            }
        }
        fonts
    }

    fn add(&mut self, face: Face) {
        let at = self.faces.len();
        for (letter, advance) in &face.letters {
            self.by_letter.entry(*letter).or_insert(Letter { face: at, advance: *advance });
        }
        self.faces.push(face);
    }

    /// The lines of a text that stands on many pages, made when it is met first.
    pub(crate) fn standing(
        &self,
        (text, size, width): (&str, f32, f32),
        make: impl FnOnce() -> Vec<Arc<Line>>,
    ) -> Arc<[Arc<Line>]> {
        let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (text.to_owned(), size.to_bits(), width.to_bits());
        Arc::clone(standing.entry(key).or_insert_with(|| make().into()))
    }

    pub(crate) fn face(&self, at: usize) -> Option<&Face> {
        self.faces.get(at)
    }

    /// How a letter is printed; `None` where no font has it.
    pub(crate) fn of(&self, letter: char) -> Option<Letter> {
        self.by_letter.get(&letter).copied()
    }
}

/// Emoji fonts hold coloured pictures and no outlines to print; the others have a box or a blank for every
/// letter there is.
fn is_fit(family: &str) -> bool {
    !["Emoji", "LastResort", "Last Resort", "Adobe Blank", "BMP Fallback"]
        .iter()
        .any(|part| family.contains(part))
}

/// Upright faces of usual weight, in the order in which they are tried.
fn candidates(database: &Database) -> Vec<ID> {
    let family = |face: &FaceInfo| face.families.first().map(|(name, _)| name.clone()).unwrap_or_default();
    let rank = |face: &FaceInfo| {
        let name = family(face);
        let preferred = PREFERRED.iter().position(|wanted| *wanted == name).unwrap_or(PREFERRED.len());
        (preferred, face.monospaced, name)
    };
    let usable = |face: &&FaceInfo| {
        face.style == Style::Normal && (350..=450).contains(&face.weight.0) && is_fit(&family(face))
    };
    let mut faces: Vec<&FaceInfo> = database.faces().filter(usable).collect();
    faces.sort_by_cached_key(|face| rank(face));
    faces.into_iter().map(|face| face.id).collect()
}

/// A font that has at least one of the letters that are wanted.
fn face(data: &[u8], index: u32, all: &BTreeSet<char>, wanted: impl Fn(&char) -> bool) -> Option<Face> {
    let parsed = ttf_parser::Face::parse(data, index).ok()?;
    let em = f32::from(parsed.units_per_em().max(1));
    let width = |letter: &char| {
        let glyph = parsed.glyph_index(*letter).filter(|glyph| glyph.0 != 0)?;
        Some((*letter, f32::from(parsed.glyph_hor_advance(glyph)?) / em))
    };
    let letters: BTreeMap<char, f32> = all.iter().filter_map(width).collect();
    if !letters.keys().any(wanted) {
        return None;
    }
    let data = Arc::new(data.to_vec());
    let font = krilla::text::Font::new(Arc::clone(&data).into(), index)?;
    Some(Face { data, index, font, letters })
}
