//! What a search tells of pictures that are drawn for it.

use std::time::{Duration, Instant};

use super::*;
use crate::drawn::{ALPHA, BRAVO, CHARLIE, Drawn, paper, random};
use crate::picture::Picture;

fn on_white(luma: Luma) -> Picture {
    Picture { on_white: luma, on_black: None }
}

fn search_with(luma: Luma, effort: Effort) -> Frame {
    search(&on_white(luma), &Options { effort, ..Options::default() })
}

fn texts(frame: &Frame) -> Vec<&str> {
    frame.codes.iter().filter_map(|code| code.text.as_deref().map(String::as_str)).collect()
}

fn hints(frame: &Frame) -> Vec<Hint> {
    frame.unread.iter().map(|unread| unread.hint).collect()
}

/// Paints over a part of a picture.
fn fill(luma: &mut Luma, columns: std::ops::Range<usize>, rows: std::ops::Range<usize>, tone: u8) {
    for y in rows {
        luma.pixels[y * luma.width..][columns.clone()].fill(tone);
    }
}

/// Half of each data module is chance, so that nothing corrects the code.
fn torn(drawn: &Drawn, module: usize) -> Luma {
    let mut luma = drawn.picture(module);
    let mut random = random(5);
    let size = drawn.size();
    for row in 9..size - 9 {
        for column in 9..size - 9 {
            let tone = if random() < 0.5 { 20 } else { 230 };
            let (x, y) = ((4 + column) * module, (4 + row) * module);
            fill(&mut luma, x..x + module, y..y + module, tone);
        }
    }
    luma
}

#[test]
fn a_clear_code_is_read_and_nothing_is_left_undone() {
    let frame = search_with(ALPHA.picture(4), Effort::Normal);
    assert_eq!((texts(&frame), frame.unread.len(), frame.cut_short), (vec![ALPHA.text], 0, false));
    let [top_left, ..] = frame.codes[0].corners;
    assert!(top_left.x.abs_diff(16) < 2 && top_left.y.abs_diff(16) < 2, "{top_left:?}");
}

#[test]
fn three_hundred_codes_are_all_read() {
    let module = 2;
    let pitch = (CHARLIE.size() + 8) * module;
    let mut luma = paper(20 * pitch, 15 * pitch);
    for at in 0..300 {
        CHARLIE.draw(&mut luma, at % 20 * pitch + 4 * module, at / 20 * pitch + 4 * module, module);
    }
    let frame = search_with(luma, Effort::Normal);
    assert_eq!((frame.codes.len(), frame.unread.len(), frame.cut_short), (300, 0, false));
}

#[test]
fn a_small_code_within_a_large_one_is_read_too() {
    let mut luma = ALPHA.picture(24);
    let (left, module) = ((4 + 14) * 24, 3);
    let side = (CHARLIE.size() + 4) * module;
    fill(&mut luma, left..left + side, left..left + side, 230);
    CHARLIE.draw(&mut luma, left + 2 * module, left + 2 * module, module);
    let mut found = search_with(luma, Effort::Normal).codes;
    found.sort_by_key(|code| code.payload.len());
    let payloads: Vec<&[u8]> = found.iter().map(|code| code.payload.as_slice()).collect();
    assert_eq!(payloads, [CHARLIE.text.as_bytes(), ALPHA.text.as_bytes()]);
}

#[test]
fn an_inverted_code_beside_a_normal_one_is_read() {
    let mut luma = paper(400, 200);
    ALPHA.draw(&mut luma, 20, 20, 4);
    fill(&mut luma, 200..400, 0..200, 230);
    BRAVO.draw(&mut luma, 226, 26, 4);
    for row in luma.pixels.chunks_exact_mut(400) {
        row[200..].iter_mut().for_each(|pixel| *pixel = 255 - *pixel);
    }
    assert_eq!(texts(&search_with(luma, Effort::Normal)), [ALPHA.text, BRAVO.text]);
}

#[test]
fn a_code_that_is_there_on_black_only_is_read_beside_one_on_white() {
    let mut white = paper(400, 200);
    let mut black = paper(400, 200);
    ALPHA.draw(&mut white, 20, 20, 4);
    BRAVO.draw(&mut black, 220, 20, 4);
    black.pixels.iter_mut().for_each(|pixel| *pixel = 250 - *pixel);
    let picture = Picture { on_white: white, on_black: Some(black) };
    assert_eq!(texts(&search(&picture, &Options::default())), [ALPHA.text, BRAVO.text]);
}

#[test]
fn a_mirrored_code_is_read() {
    let mut luma = ALPHA.picture(4);
    let width = luma.width;
    luma.pixels.chunks_exact_mut(width).for_each(<[u8]>::reverse);
    assert_eq!(texts(&search_with(luma, Effort::Normal)), [ALPHA.text]);
}

#[test]
fn hints_say_what_is_wrong_with_the_picture() {
    let torn_code = search_with(torn(&ALPHA, 6), Effort::Normal);
    assert_eq!((texts(&torn_code).len(), hints(&torn_code)), (0, vec![Hint::Unclear]));

    // A white spot over more than error correction mends.
    let mut glare = ALPHA.picture(6);
    fill(&mut glare, 80..190, 80..190, 255);
    assert_eq!(hints(&search_with(glare, Effort::Normal)), [Hint::Glare]);

    let blurred = search_with(torn(&ALPHA, 8).blurred(5).blurred(5), Effort::Normal);
    assert_eq!(hints(&blurred), [Hint::Blurred]);

    let small = hints(&search_with(torn(&ALPHA, 2), Effort::Normal));
    assert!(matches!(small[..], [Hint::TooSmall { module }] if (module - 2.0).abs() < 0.1), "{small:?}");

    let whole = ALPHA.picture(6);
    let kept = 200;
    let rows = whole.pixels.chunks_exact(whole.width).take(kept);
    let cut = Luma { width: whole.width, height: kept, pixels: rows.flatten().copied().collect() };
    assert_eq!(hints(&search_with(cut, Effort::Normal)), [Hint::CutOff]);
}

#[test]
fn a_deadline_that_has_passed_is_told() {
    let options = Options { deadline: Some(Instant::now()), ..Options::default() };
    let frame = search(&on_white(ALPHA.picture(4)), &options);
    assert_eq!((frame.codes.len(), frame.cut_short), (0, true));
}

#[test]
fn hostile_rasters_take_bounded_time_and_hold_no_code() {
    let noise = |seed: u64, size: usize| {
        let mut random = random(seed);
        Luma {
            width: size,
            height: size,
            pixels: (0..size * size).map(|_| (255.0 * random()) as u8).collect(),
        }
    };
    let circles = |period: f64| {
        let tone = |at: usize| {
            let from_middle = (at as f64 % 240.0 - 120.0).hypot((at / 240) as f64 - 120.0);
            if from_middle % period < period / 2.0 { 0 } else { 255 }
        };
        Luma { width: 240, height: 240, pixels: (0..240 * 240).map(tone).collect() }
    };
    // Patterns without codes, two modules apart.
    let mut wall = paper(256, 256);
    for at in 0..256 {
        let (left, top) = (at % 16 * 16, at / 16 * 16);
        fill(&mut wall, left..left + 14, top..top + 14, 0);
        fill(&mut wall, left + 2..left + 12, top + 2..top + 12, 255);
        fill(&mut wall, left + 4..left + 10, top + 4..top + 10, 0);
    }
    let rasters = [noise(1, 200), noise(2, 64), circles(4.0), circles(20.0), wall];
    for (which, luma) in rasters.into_iter().enumerate() {
        let started = Instant::now();
        let frame = search_with(luma, Effort::Normal);
        assert_eq!(frame.codes.len(), 0, "{which}");
        assert!(started.elapsed() < Duration::from_secs(60), "{which}: {:?}", started.elapsed());
    }
}
