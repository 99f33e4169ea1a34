//! What a terminal makes of it: letters and colours back to pixels, which a reader decodes that shares no code with
//! ours.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use otpferry_formats::model::{Account, Algorithm, Credential, Digits, Otp, Period, Secret};

use super::*;
use crate::sheet::Packing;
use crate::sheet::terminal::plain;

const LARGE: Size = Size { columns: 200, lines: 100 };
/// Letters and what is behind them, where nobody asks for colours: true is light.
const DARK_THEME: (bool, bool) = (true, false);
const LIGHT_THEME: (bool, bool) = (false, true);

fn sheet(names: &[&str], packing: Packing) -> Sheet {
    let account = |name: &&str| {
        let secret = Secret::new(b"12345678901234567890".to_vec()).unwrap();
        let (algorithm, digits, period) = (Algorithm::Sha1, Digits::SIX, Period::THIRTY);
        Account::new(Credential::Otp(Otp::Totp { secret, algorithm, digits, period }), *name, "maria")
    };
    Sheet::of(names.iter().map(account).collect(), packing).unwrap()
}

/// A screen that can be looked at later.
#[derive(Clone, Default)]
struct Paper(Rc<RefCell<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is on the screen after each time that it was cleared, and how many codes were not shown.
fn frames(sheet: &Sheet, typed: &str, size: impl Fn() -> Size) -> (Vec<String>, usize) {
    let paper = Paper::default();
    let keyboard = Box::new(typed.as_bytes());
    let viewer = Viewer { keyboard, screen: Box::new(paper.clone()), size: Box::new(size) };
    let not_shown = viewer.show(sheet).unwrap();
    let text = String::from_utf8(paper.0.borrow().clone()).unwrap();
    let text = text.strip_prefix(ALTERNATE_SCREEN_ON).unwrap().strip_suffix(ALTERNATE_SCREEN_OFF).unwrap();
    (text.split(CLEAR).skip(1).map(str::to_owned).collect(), not_shown)
}

/// The first line of each.
fn titles(frames: &[String]) -> Vec<&str> {
    frames.iter().map(|frame| frame.lines().next().unwrap()).collect()
}

/// The letters of a text with what is in front and behind, line by line.
fn cells(text: &str, theme: (bool, bool)) -> Vec<Vec<(char, bool, bool)>> {
    let (mut front, mut back) = theme;
    let mut lines = vec![Vec::new()];
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        if let Some(sequence) = rest.strip_prefix("\x1b[") {
            let (colours, after) = sequence.split_once('m').unwrap();
            (front, back) = match colours {
                "0" => theme,
                // 16 is the black corner of the cube of colours, 231 the white one.
                "38;5;16;48;5;231" => (false, true),
                other => panic!("{other}"),
            };
            rest = after;
            continue;
        }
        match letter {
            '\n' => lines.push(Vec::new()),
            letter => lines.last_mut().unwrap().push((letter, front, back)),
        }
        rest = &rest[letter.len_utf8()..];
    }
    lines
}

/// The codes that can be seen.
fn seen(text: &str, theme: (bool, bool)) -> Vec<Vec<u8>> {
    const SCALE: usize = 4;
    let cells = cells(text, theme);
    let columns = cells.iter().map(Vec::len).max().unwrap() + 4;
    let pixel = |x: usize, y: usize| {
        let (column, row) = (x / SCALE, y / SCALE);
        let cell = cells[row / 2].get(column);
        let (letter, front, back) = *cell.unwrap_or(&(' ', theme.0, theme.1));
        let is_front = match letter {
            '█' => true,
            '▀' => row % 2 == 0,
            '▄' => row % 2 == 1,
            _ => false,
        };
        if if is_front { front } else { back } { 255 } else { 0 }
    };
    let (width, height) = (columns * SCALE, cells.len() * 2 * SCALE);
    let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(width, height, pixel);
    let mut codes = Vec::new();
    for grid in prepared.detect_grids() {
        let mut read = Vec::new();
        grid.decode_to(&mut read).unwrap();
        codes.push(read);
    }
    codes
}

#[test]
fn codes_are_read_on_dark_and_on_light_ground() {
    let sheet = sheet(&["Acme", "Quay"], Packing::Single);
    let (frames, not_shown) = frames(&sheet, "\n\n", || LARGE);
    assert_eq!((frames.len(), not_shown), (2, 0));
    for theme in [DARK_THEME, LIGHT_THEME] {
        for (frame, card) in frames.iter().zip(&sheet.cards) {
            assert_eq!(seen(frame, theme), [card.payload.0.to_vec()]);
        }
    }
    let lines: Vec<&str> = frames[0].lines().collect();
    assert_eq!(lines[0], "1 of 2: Acme (maria)");
    let wanted = [
        "Key: GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ",
        "Type Time-based (TOTP), Algorithm SHA1, Digits 6, Period 30 seconds",
        "Enter = next, b = back, q = quit: ",
    ];
    assert_eq!(lines[lines.len() - 3..], wanted);
    assert!(frames[1].ends_with("Enter = end, b = back, q = quit: "));
}

#[test]
fn plain_codes_are_read_on_dark_ground() {
    let sheet = sheet(&["Acme", "Quay", "Lumen"], Packing::Single);
    let text = plain(&sheet);
    assert!(!text.contains('\x1b'));
    let payloads: Vec<Vec<u8>> = sheet.cards.iter().map(|card| card.payload.0.to_vec()).collect();
    assert_eq!(seen(&text, DARK_THEME), payloads);
}

#[test]
fn transfer_codes_name_what_is_in_them() {
    let sheet = sheet(&["Acme", "Quay", "Lumen"], Packing::Migration { per_qr: 2 });
    let (frames, _) = frames(&sheet, "\n\n", || LARGE);
    assert_eq!(titles(&frames)[0], "1 of 2: 2 accounts for Google Authenticator, Transfer accounts");
    assert!(frames[0].contains("\nAcme (maria), Quay (maria)\n"), "{}", frames[0]);
    assert_eq!(seen(&frames[0], LIGHT_THEME), [sheet.cards[0].payload.0.to_vec()]);
}

#[test]
fn one_goes_on_back_and_away() {
    let sheet = sheet(&["A", "B", "C"], Packing::Single);
    let shown = |typed: &str| {
        let (frames, not_shown) = frames(&sheet, typed, || LARGE);
        let letters: String = titles(&frames).iter().map(|title| &title[8..9]).collect();
        (letters, not_shown)
    };
    let is = |letters: &str, not_shown| (letters.to_owned(), not_shown);
    assert_eq!(shown("\n\n\n"), is("ABC", 0));
    assert_eq!(shown("b\n\nb\n\n\n\n"), is("AABABC", 0));
    assert_eq!(shown("\nQ\n"), is("AB", 1));
    // Other words do nothing; the end of the input is the end.
    assert_eq!(shown("what\n\n"), is("AAB", 1));
    assert_eq!(shown(""), is("A", 2));
}

#[test]
fn a_window_that_is_too_small_says_what_it_takes() {
    let sheet = sheet(&["Acme"], Packing::Single);
    let side = sheet.cards[0].qr.side();
    // Beside the code there are its title, its key, and the prompt; its settings take a line more where it is narrow.
    let (wide, narrow) = (side.div_ceil(2) + 4, side.div_ceil(2) + 5);
    let too_small = [Size { columns: side - 1, lines: 100 }, Size { columns: 200, lines: wide - 1 }];
    for (small, needed) in too_small.into_iter().zip([narrow, wide]) {
        let asked = Cell::new(0);
        let size = || {
            asked.set(asked.get() + 1);
            if asked.get() < 3 { small } else { Size { columns: side.max(70), lines: needed } }
        };
        let (frames, not_shown) = frames(&sheet, "\n\n\n", size);
        assert_eq!((frames.len(), not_shown), (3, 0));
        let said = frames[0].replace('\n', " ").replace("  ", " ");
        assert!(said.contains(&format!("it needs {side} columns and {needed} lines")), "{said}");
        assert!(frames[0].ends_with("Enter = look again, n = next, b = back, q = quit: "));
        assert!(seen(&frames[1], DARK_THEME).is_empty());
        assert_eq!(seen(&frames[2], DARK_THEME).len(), 1);
    }
    let (_, not_shown) = frames(&sheet, "n\n", || too_small[0]);
    assert_eq!(not_shown, 1);
}

/// A line that is longer than the window would push the first ones out of it.
#[test]
fn names_neither_fill_the_window_nor_command_it() {
    let long = "日本語 ".repeat(15);
    let hostile =
        ["\x1b[2J\x1b]0;title\x07", "a\nb\rc", "\u{202e}abc", &long, "\u{1f510}\u{1f468}\u{200d}\u{1f469}"];
    let sheet = sheet(&hostile, Packing::Single);
    let size = Size { columns: 180, lines: 100 };
    let (frames, not_shown) = frames(&sheet, "\n\n\n\n\n", || size);
    assert_eq!((frames.len(), not_shown), (5, 0));
    for frame in &frames {
        let cells = cells(frame, DARK_THEME);
        assert!(cells.len() <= size.lines);
        assert!(cells.iter().all(|line| line.len() <= size.columns));
        assert!(cells.iter().flatten().all(|(letter, ..)| !letter.is_control() && *letter != '\u{202e}'));
        assert_eq!(seen(frame, DARK_THEME).len(), 1);
    }
}

#[test]
fn the_usual_screen_comes_back_when_the_keyboard_fails() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("gone"))
        }
    }
    let paper = Paper::default();
    let keyboard = Box::new(io::BufReader::new(Broken));
    let viewer = Viewer { keyboard, screen: Box::new(paper.clone()), size: Box::new(|| LARGE) };
    assert!(viewer.show(&sheet(&["Acme"], Packing::Single)).is_err());
    assert!(paper.0.borrow().ends_with(ALTERNATE_SCREEN_OFF.as_bytes()));
}
