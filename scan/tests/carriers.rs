//! Pictures in files that hold several, or that are no pictures in the first place.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a broken fixture fails the test")]

mod support;

use std::time::{Duration, Instant};

use image::codecs::gif::GifEncoder;
use image::codecs::jpeg::JpegEncoder;
use image::{Frame as GifFrame, Rgba, RgbaImage};
use otpferry_scan::{Effort, Error, Limits, Options, PictureKind, Place, Scan, scan, sniff};
use support::{case, damaged, fixture, must_not_panic, noise, payloads, read};

fn places(scan: &Scan) -> Vec<Place> {
    scan.frames.iter().map(|frame| frame.place).collect()
}

/// Which of the expected payloads each frame has told.
fn told(name: &str, scan: &Scan) -> Vec<Vec<usize>> {
    let expected = case(name).payloads;
    let index = |payload: &Vec<u8>| expected.iter().position(|other| other == payload).unwrap();
    scan.frames.iter().map(|frame| payloads(&frame.codes).iter().map(index).collect()).collect()
}

fn near(found: i32, expected: i32) -> bool {
    found.abs_diff(expected) <= 5
}

#[test]
fn frames_of_an_animation_are_told_once() {
    for (name, kind) in [
        ("frames.gif", PictureKind::Gif),
        ("frames.webp", PictureKind::WebP),
        ("frames.png", PictureKind::Png),
    ] {
        assert_eq!(sniff(&fixture(name)), Some(kind));
        let scan = read(name).unwrap();
        let told = told(name, &scan);
        // Codes 0, 0, 1, 0, 2; the second frame is either no frame of its own or passed over.
        assert_eq!(told, [vec![0], vec![1], vec![], vec![2]], "{name}");
        let places = places(&scan);
        assert_eq!(places.first(), Some(&Place::Frame(1)), "{name}");
        assert!(matches!(places.last(), Some(Place::Frame(4 | 5))), "{name} {places:?}");
    }
}

#[test]
fn pages_of_a_tiff_are_read_each() {
    let scan = read("pages.tiff").unwrap();
    assert_eq!(places(&scan), [1, 2, 3].map(Place::Page));
    assert_eq!(told("pages.tiff", &scan), [[0], [1], [2]]);
    // A chain of pages that bites its tail ends there: the last page names the first one as next.
    let mut circle = fixture("pages.tiff");
    let number = |bytes: &[u8], at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let next_field = |bytes: &[u8], at: usize| {
        at + 2 + 12 * usize::from(u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap()))
    };
    let first = number(&circle, 4);
    let mut field = next_field(&circle, first as usize);
    while number(&circle, field) != 0 {
        field = next_field(&circle, number(&circle, field) as usize);
    }
    circle[field..field + 4].copy_from_slice(&first.to_le_bytes());
    assert_eq!(self::scan(&circle, &Options::default()).unwrap().frames.len(), 3);
}

#[test]
fn a_picture_alone_is_the_whole() {
    for name in ["plain.gif", "deflate.tiff", "cmyk.jpg", "exif-orientation-6.tiff"] {
        assert_eq!(places(&read(name).unwrap()), [Place::Whole], "{name}");
    }
}

/// Turned pictures show their code at (20, 80), three pixels a module and a border of four.
#[test]
fn orientation_is_honoured_wherever_it_stands() {
    for name in ["exif-orientation-6.png", "exif-orientation-6.webp", "exif-orientation-6.tiff"] {
        let scan = read(name).unwrap();
        let frame = &scan.frames[0];
        assert_eq!((frame.width, frame.height), (200, 260), "{name}");
        let [top_left, top_right, ..] = frame.codes[0].corners;
        assert!(near(top_left.x, 32) && near(top_left.y, 92), "{name} {top_left:?}");
        assert!(near(top_right.y, 92) && top_right.x > 100, "{name} {top_right:?}");
    }
}

#[test]
fn a_file_cut_off_in_the_middle_is_read_as_far_as_it_goes() {
    let whole = fixture("three-codes.png");
    let part = &whole[..whole.len() * 3 / 4];
    let scan = scan(part, &Options::default()).unwrap();
    assert!(scan.is_cut_short() && scan.torn);
    let expected = case("three-codes.png").payloads;
    assert!(payloads(scan.codes()) == expected[..2]);
    let nothing = &whole[..whole.len() / 10];
    let refused = otpferry_scan::scan(nothing, &Options::default());
    assert!(matches!(refused, Err(Error::Malformed { .. })), "{refused:?}");
}

#[test]
fn a_photo_cut_off_in_the_middle_is_read_as_far_as_it_goes() {
    let sheet = image::load_from_memory(&fixture("three-codes.png")).unwrap().to_rgb8();
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, 90).encode_image(&sheet).unwrap();
    let whole = scan(&jpeg, &Options::default()).unwrap();
    assert_eq!((whole.codes().count(), whole.is_cut_short()), (3, false));
    let part = scan(&jpeg[..jpeg.len() * 3 / 4], &Options::default()).unwrap();
    assert!(part.is_cut_short());
    assert!(payloads(part.codes()) == case("three-codes.png").payloads[..2]);
}

/// An animation of `count` frames that all differ: a dot moves through the rows.
fn flicker(count: u32, side: u32) -> Vec<u8> {
    let mut gif = Vec::new();
    let mut encoder = GifEncoder::new_with_speed(&mut gif, 30);
    for index in 0..count {
        let shade = |x: u32, y: u32| if x + y * side == index { 0 } else { 255 };
        let frame = RgbaImage::from_fn(side, side, |x, y| Rgba([shade(x, y), shade(x, y), shade(x, y), 255]));
        encoder.encode_frame(GifFrame::new(frame)).unwrap();
    }
    drop(encoder);
    gif
}

#[test]
fn frames_over_the_limit_are_counted() {
    let gif = flicker(250, 24);
    let fast = Options { effort: Effort::Fast, ..Options::default() };
    let scan = scan(&gif, &fast).unwrap();
    assert_eq!((scan.frames.len(), scan.left_out), (200, 50));
    assert!(scan.is_cut_short() && !scan.too_large);
    let fewer = Limits { frames: 30, ..Limits::default() };
    let scan = otpferry_scan::scan(&gif, &Options { limits: fewer, ..fast }).unwrap();
    assert_eq!((scan.frames.len(), scan.left_out), (30, 220));
    let more = Limits { frames: 300, ..Limits::default() };
    let scan = otpferry_scan::scan(&gif, &Options { limits: more, ..fast }).unwrap();
    assert_eq!((scan.frames.len(), scan.left_out), (250, 0));
    // All frames together may come to five times the largest picture.
    let limits = Limits { pixels: 24 * 24 * 2, ..Limits::default() };
    let scan = otpferry_scan::scan(&gif, &Options { limits, ..fast }).unwrap();
    assert_eq!((scan.frames.len(), scan.left_out), (10, 240));
}

#[test]
fn after_the_deadline_the_other_frames_are_left_out() {
    let gif = flicker(20, 24);
    let options = Options { effort: Effort::Fast, deadline: Some(Instant::now()), ..Options::default() };
    let scan = scan(&gif, &options).unwrap();
    assert_eq!((scan.frames.len(), scan.left_out), (1, 19));
}

#[test]
fn each_frame_has_time_of_its_own() {
    let options = Options { time: Some(Duration::ZERO), ..Options::default() };
    let scan = scan(&flicker(20, 24), &options).unwrap();
    assert_eq!((scan.frames.len(), scan.left_out), (20, 0));
    assert!(scan.frames.iter().all(|frame| frame.cut_short));
}

#[test]
fn a_bomb_among_animations_is_refused_by_its_header() {
    let mut gif = flicker(3, 24);
    gif[6..10].copy_from_slice(&[0xff, 0xff, 0xff, 0xff]);
    let refused = scan(&gif, &Options::default());
    assert_eq!(refused, Err(Error::TooLarge { pixels: 65_535 * 65_535, limit: (1 << 30) / 16 }));
}

/// One file of each kind.
fn kinds() -> Vec<&'static str> {
    let mut kinds = vec![
        "frames.gif",
        "frames.webp",
        "frames.png",
        "pages.tiff",
        "cmyk.jpg",
        "progressive.jpg",
        "16-bit.png",
        "interlaced.png",
        "cmyk.tiff",
    ];
    if cfg!(feature = "heic") {
        kinds.extend(["rgb.heic", "ten-bit.heic", "alpha.heic", "grid-turned.heic"]);
    }
    if cfg!(feature = "pdf") {
        kinds.extend(["vector.pdf", "pictures.pdf", "pages.pdf", "owner-password.pdf", "broken-xref.pdf"]);
    }
    kinds
}

#[test]
fn files_cut_off_anywhere_are_refused_or_read_in_part() {
    for name in kinds() {
        let whole = fixture(name);
        let step = (whole.len() / 12).max(1);
        for length in (0..whole.len()).step_by(step) {
            must_not_panic(&whole[..length], name);
        }
    }
}

#[test]
fn damaged_files_do_not_panic() {
    for name in kinds() {
        let whole = fixture(name);
        for seed in 1..=6 {
            must_not_panic(&damaged(&whole, seed), name);
        }
    }
}

#[test]
fn noise_after_each_beginning_does_not_panic() {
    let beginnings: [&[u8]; 7] = [
        b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0",
        b"MM\0+\0\x08\0\0\0\0\0\0\0\0\0\x10",
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic\0\0\0\x80meta\0\0\0\0",
        b"%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n",
        b"GIF89a\x10\0\x10\0\x80\0\0\0\0\0\xff\xff\xff\x2c",
        b"RIFF\x40\x01\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\x0f\0\0\x0f\0\0ANMF",
        b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x10\0\0\0\x10\x08\0\0\0\0",
    ];
    for beginning in beginnings {
        for seed in 1..=20 {
            must_not_panic(&[beginning, &noise(seed, 400)].concat(), "noise");
        }
    }
}

#[test]
fn what_is_not_read_is_named() {
    let avif = b"\0\0\0\x1cftypavif\0\0\0\0mif1miaf";
    let hidden = b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif";
    let jxl = b"\xff\x0a\x00\x10";
    for (bytes, what) in [(&avif[..], "AVIF"), (&hidden[..], "AVIF"), (&jxl[..], "JPEG XL")] {
        assert_eq!(otpferry_scan::unread_kind(bytes), Some(what));
        assert_eq!(scan(bytes, &Options::default()), Err(Error::Unsupported { what }));
    }
}

#[test]
fn kinds_that_are_switched_off_are_named() {
    for (name, what, is_on) in
        [("rgb.heic", "HEIC", cfg!(feature = "heic")), ("vector.pdf", "PDF", cfg!(feature = "pdf"))]
    {
        let bytes = fixture(name);
        assert_eq!(sniff(&bytes).is_some(), is_on);
        assert_eq!(otpferry_scan::unread_kind(&bytes), (!is_on).then_some(what));
        let refused = read(name);
        assert_eq!(refused.is_err(), !is_on);
        if !is_on {
            assert_eq!(refused, Err(Error::Unsupported { what }));
        }
    }
}

#[cfg(feature = "heic")]
mod heic {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_photo_of_tiles_is_put_together_and_turned() {
        let scan = read("grid-turned.heic").unwrap();
        let frame = &scan.frames[0];
        assert_eq!((frame.width, frame.height, frame.place), (300, 420, Place::Whole));
        let [top_left, top_right, _, bottom_left] = frame.codes[0].corners;
        // Pasted at (60, 200) with a border of four modules of four pixels.
        assert!(near(top_left.x, 76) && near(top_left.y, 216), "{top_left:?}");
        assert!(top_right.x > top_left.x + 100 && bottom_left.y > top_left.y + 100);
        let scan = read("mirrored.heic").unwrap();
        let [top_left, top_right, ..] = scan.frames[0].codes[0].corners;
        assert!(near(top_left.x, 76) && near(top_left.y, 216), "{top_left:?}");
        assert!(top_right.x > top_left.x + 100);
    }

    /// Replaces the first size that is declared as the given one.
    fn with_size(name: &str, old: (u32, u32), new: (u32, u32)) -> Vec<u8> {
        let field = |(width, height): (u32, u32)| [width.to_be_bytes(), height.to_be_bytes()].concat();
        let mut bytes = fixture(name);
        let at = bytes.windows(8).position(|eight| eight == field(old)).unwrap();
        bytes[at..at + 8].copy_from_slice(&field(new));
        bytes
    }

    #[test]
    fn sizes_are_checked_before_decoding() {
        let started = Instant::now();
        let plain = fixture("rgb.heic");
        let at = plain.windows(4).position(|four| four == b"ispe").unwrap() + 8;
        let side = u32::from_be_bytes(plain[at..at + 4].try_into().unwrap());
        let bomb = with_size("rgb.heic", (side, side), (60_000, 60_000));
        let refused = scan(&bomb, &Options::default());
        assert!(matches!(refused, Err(Error::TooLarge { pixels: 3_600_000_000, .. })), "{refused:?}");
        // Coded pictures that are larger than they say.
        let small = with_size("rgb.heic", (side, side), (8, 8));
        assert!(matches!(scan(&small, &Options::default()), Err(Error::Malformed { .. })));
        assert!(started.elapsed() < Duration::from_secs(1));
        let limits = Limits { pixels: u64::from(side * side) - 1, ..Limits::default() };
        let refused = scan(&plain, &Options { limits, ..Options::default() });
        assert!(matches!(refused, Err(Error::TooLarge { .. })));
    }

    #[test]
    fn a_film_is_named() {
        let film = b"\0\0\0\x18ftyphevc\0\0\0\0msf1hevc\0\0\0\x08moov";
        assert_eq!(scan(film, &Options::default()), Err(Error::Unsupported { what: "a HEIC film" }));
    }

    #[test]
    fn a_photo_that_lacks_its_last_tile_is_read_as_far_as_it_goes() {
        let whole = fixture("two-tiles.heic");
        let scan = scan(&whole[..whole.len() - 40], &Options::default()).unwrap();
        assert!(scan.is_cut_short());
        assert_eq!(told("two-tiles.heic", &scan), [[0]]);
        let refused = self::scan(&whole[..whole.len() / 4], &Options::default());
        assert_eq!(refused, Err(Error::Malformed { reason: "it ends too early" }));
    }
}

#[cfg(feature = "pdf")]
mod pdf {
    use std::sync::Arc;
    use std::time::Duration;

    use otpferry_scan::{Area, OwnDocument};
    use zeroize::Zeroizing;

    use super::*;

    #[test]
    fn pages_are_read_in_order_and_upright() {
        let scan = read("pages.pdf").unwrap();
        assert_eq!(places(&scan), [1, 2, 3].map(Place::Page));
        assert_eq!(told("pages.pdf", &scan), [[0], [1], [2]]);
        let [upright, turned, _] = scan.frames.as_slice() else { panic!() };
        assert!(upright.height > upright.width && turned.width > turned.height);
        let [top_left, top_right, ..] = turned.codes[0].corners;
        assert!(near(top_left.x, top_right.x) && top_right.y > top_left.y + 50, "clockwise");
    }

    #[test]
    fn a_document_cut_off_in_the_middle_is_read_as_far_as_it_goes() {
        let whole = fixture("pages.pdf");
        let scan = scan(&whole[..3000], &Options::default()).unwrap();
        assert!(scan.is_cut_short());
        assert_eq!(told("pages.pdf", &scan), [[0]]);
    }

    #[test]
    fn corners_are_in_pixels_of_the_page() {
        let scan = read("vector.pdf").unwrap();
        assert_eq!(places(&scan), [Place::Whole]);
        let frame = &scan.frames[0];
        // Four million pixels of 595 x 842 points, on which the code is at (100, 142).
        let scale = f64::from(frame.width) / 595.0;
        assert!((2.80..2.84).contains(&scale), "{scale}");
        let [top_left, _, bottom_right, _] = frame.codes[0].corners;
        let pixels = |points: f64| (points * scale).round() as i32;
        assert!(near(top_left.x, pixels(100.0)) && near(top_left.y, pixels(142.0)), "{top_left:?}");
        assert!(near(bottom_right.x, pixels(200.0)) && near(bottom_right.y, pixels(242.0)));
    }

    #[test]
    fn a_part_of_a_page_shows_what_is_there() {
        let open = |name: &str| OwnDocument::open(Arc::new(Zeroizing::new(fixture(name))));
        let document = open("vector.pdf").unwrap();
        assert_eq!(document.pages(), 1);
        // 595 x 842 points, with the code from (100, 142) to (200, 242).
        let around = Area { page: 0, left: 90.0, top: 132.0, width: 120.0, height: 120.0, dots: 144.0 };
        let half = Area { left: 150.0, ..around };
        let frames = document.look(&[around, half], &Options::default()).unwrap();
        let read: Vec<Vec<Vec<u8>>> = frames.iter().map(|frame| payloads(&frame.codes)).collect();
        assert_eq!(read, [case("vector.pdf").payloads, vec![]]);
        assert_eq!((frames[0].width, frames[0].height), (240, 240));
        let [top_left, ..] = frames[0].codes[0].corners;
        assert!(near(top_left.x, 20) && near(top_left.y, 20), "{top_left:?}");
        for area in
            [Area { page: 1, ..around }, Area { dots: 0.0, ..around }, Area { width: f32::NAN, ..around }]
        {
            assert!(document.look(&[area], &Options::default()).is_err(), "{area:?}");
        }
        assert!(open("frames.gif").is_err());
    }

    #[test]
    fn pictures_on_a_page_are_looked_at_as_stored_and_told_once() {
        let scan = read("pictures.pdf").unwrap();
        assert_eq!((places(&scan), scan.codes().count()), (vec![Place::Whole], 2));
        let scan = read("small-on-page.pdf").unwrap();
        assert_eq!(places(&scan), [Place::Whole, Place::PictureOnPage(1, 1)]);
        assert_eq!(told("small-on-page.pdf", &scan), [vec![], vec![0]]);
    }

    #[test]
    fn passwords_are_named_and_those_of_owners_need_not_be_known() {
        let locked = Err(Error::Locked);
        assert_eq!(read("password.pdf"), locked);
        assert_eq!(told("owner-password.pdf", &read("owner-password.pdf").unwrap()), [[0]]);
    }

    /// A document of the given objects, numbered from 1; the first is the catalogue.
    fn document(objects: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = b"%PDF-1.7\n".to_vec();
        let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
        for (index, object) in objects.iter().enumerate() {
            table += &format!("{:010} 00000 n \n", bytes.len());
            bytes.extend(format!("{} 0 obj\n", index + 1).into_bytes());
            bytes.extend(object);
            bytes.extend(b"\nendobj\n");
        }
        let start = bytes.len();
        bytes.extend(table.into_bytes());
        let size = objects.len() + 1;
        bytes.extend(
            format!("trailer\n<</Size {size}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n").into_bytes(),
        );
        bytes
    }

    fn stream(head: &str, content: &[u8]) -> Vec<u8> {
        let head = format!("<<{head}/Length {}>>\nstream\n", content.len());
        [head.as_bytes(), content, b"\nendstream"].concat()
    }

    const CATALOGUE: &str = "<</Type/Catalog/Pages 2 0 R>>";

    /// A document of one page with that content; further objects count from 5.
    fn page_of(size: &str, resources: &str, content: &[u8], more: &[Vec<u8>]) -> Vec<u8> {
        let page = format!(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 {size}]/Resources<<{resources}>>/Contents 4 0 R>>"
        );
        let head =
            [CATALOGUE, "<</Type/Pages/Count 1/Kids[3 0 R]>>", &page].map(|text| text.as_bytes().to_vec());
        document(&[&head[..], &[stream("", content)], more].concat())
    }

    #[test]
    fn pages_over_the_limit_are_counted() {
        let started = Instant::now();
        let kids: String = (3..503).map(|number| format!("{number} 0 R ")).collect();
        let mut objects = vec![
            CATALOGUE.as_bytes().to_vec(),
            format!("<</Type/Pages/Count 500/MediaBox[0 0 60 60]/Kids[{kids}]>>").into_bytes(),
        ];
        objects.extend((0..500).map(|_| b"<</Type/Page/Parent 2 0 R>>".to_vec()));
        let small = Options {
            limits: Limits { pixels: 20_000, ..Limits::default() },
            effort: Effort::Fast,
            ..Options::default()
        };
        // All pages together may come to five times the largest picture.
        let scan = scan(&document(&objects), &small).unwrap();
        assert_eq!(scan.frames.len() + scan.left_out, 500);
        assert!((5..10).contains(&scan.frames.len()), "{}", scan.frames.len());
        assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    }

    /// The caller may have memory to spare when it asks again.
    #[test]
    fn a_page_too_large_for_the_memory_is_left_out_and_that_is_told() {
        let page = |size: &str| format!("<</Type/Page/Parent 2 0 R/MediaBox[0 0 {size}]>>").into_bytes();
        let pages = b"<</Type/Pages/Count 2/Kids[3 0 R 4 0 R]>>".to_vec();
        let both = document(&[CATALOGUE.into(), pages, page("60 60"), page("600 600")]);
        let alone = page_of("600 600", "", b"0 0 100 100 re f", &[]);
        for (memory, left_out) in [(16 << 20, 1), (128 << 20, 0)] {
            let limits = Limits { memory, ..Limits::default() };
            let options = Options { limits, effort: Effort::Fast, ..Options::default() };
            let scan = otpferry_scan::scan(&both, &options).unwrap();
            assert_eq!((scan.left_out, scan.too_large), (left_out, left_out > 0));
            let refused = otpferry_scan::scan(&alone, &options).err();
            assert_eq!(matches!(refused, Some(Error::TooLarge { .. })), left_out > 0, "{refused:?}");
        }
    }

    #[test]
    fn a_huge_page_is_rendered_smaller() {
        let fast = Options { effort: Effort::Fast, ..Options::default() };
        for size in ["14400 14400", "1000000000 1000000000", "1e30 5", "0.001 14400", "200000 1", "-5 -5"] {
            let page = page_of(size, "", b"0 0 100 100 re f", &[]);
            match scan(&page, &fast) {
                Ok(scan) => {
                    let frame = &scan.frames[0];
                    assert!(u64::from(frame.width) * u64::from(frame.height) <= 25_000_000, "{size}");
                }
                Err(error) => assert!(matches!(error, Error::Malformed { .. }), "{size} {error:?}"),
            }
        }
    }

    #[test]
    fn pages_that_ask_for_hours_of_drawing_are_refused_at_once() {
        let form = |next: usize| {
            let content = "/F Do ".repeat(50);
            let head =
                format!("/Type/XObject/Subtype/Form/BBox[0 0 99 99]/Resources<</XObject<</F {next} 0 R>>>>");
            stream(&head, content.as_bytes())
        };
        let forms: Vec<_> = (6..20).map(form).collect();
        let bomb = page_of("99 99", "/XObject<</F 5 0 R>>", b"/F Do", &forms);
        let own = page_of("99 99", "/XObject<</F 5 0 R>>", b"/F Do", &[form(5)]);
        let dashes = b"[0.001] 0 d 0 0 m 90 90 l ".repeat(200);
        let dashes = page_of("99 99", "", &[&dashes[..], b"S"].concat(), &[]);
        let pattern = stream(
            "/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 9999 9999]/XStep 0.01/YStep 0.01/Resources<<>>",
            b"0 0 5 5 re f",
        );
        let tiles =
            page_of("99 99", "/Pattern<</P 5 0 R>>", b"/Pattern cs /P scn 0 0 99 99 re f", &[pattern]);
        let group = "/Type/XObject/Subtype/Form/BBox[0 0 999 999]/Group<</S/Transparency>>";
        let layers = page_of(
            "999 999",
            "/XObject<</F 5 0 R>>/ExtGState<</G<</ca 0.5>>>>",
            &[b"/G gs ".to_vec(), b"/F Do ".repeat(100_000)].concat(),
            &[stream(group, b"0 0 999 999 re f")],
        );
        for (name, page) in [("forms", bomb), ("dashes", dashes), ("tiles", tiles), ("layers", layers)] {
            let started = Instant::now();
            let refused = scan(&page, &Options::default());
            assert!(matches!(refused, Err(Error::Unsupported { .. })), "{name} {refused:?}");
            assert!(started.elapsed() < Duration::from_secs(10), "{name} {:?}", started.elapsed());
        }
        let started = Instant::now();
        let _ = scan(&own, &Options::default());
        assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    }

    fn packed(data: &[u8]) -> Vec<u8> {
        use std::io::Write;
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn streams_that_unpack_to_gigabytes_are_refused() {
        let zeros = vec![b' '; 100_000_000];
        let once = packed(&zeros);
        let twice = packed(&once);
        let flate = stream("/Filter/FlateDecode", &once);
        let double = stream("/Filter[/FlateDecode/Fl]", &twice);
        let hidden = stream("/Filter/Flate#44ecode/Filler(endstream)", &once);
        let picture = |filter: &str, data: &[u8]| {
            let size =
                "/Type/XObject/Subtype/Image/Width 9/Height 9/ColorSpace/DeviceGray/BitsPerComponent 8";
            stream(&format!("{size}{filter}"), data)
        };
        let big = picture("/Filter[/Fl/Fl]", &packed(&packed(&vec![0; 300_000_000])));
        for (name, object) in [("flate", flate), ("double", double), ("hidden", hidden), ("picture", big)] {
            let started = Instant::now();
            let page = page_of("99 99", "/XObject<</F 5 0 R>>", b"/F Do", &[object]);
            let refused = scan(&page, &Options::default());
            assert!(matches!(refused, Err(Error::UnpacksTooLarge)), "{name} {refused:?}");
            assert!(started.elapsed() < Duration::from_secs(5), "{name} {:?}", started.elapsed());
        }
        // A picture written into the contents of the page.
        let inline = [&b"BI /W 9 /H 9 /CS /G /BPC 8 /F /Fl ID "[..], &packed(&vec![0; 300_000_000]), b"\nEI"];
        let refused = scan(&page_of("99 99", "", &inline.concat(), &[]), &Options::default());
        assert!(matches!(refused, Err(Error::UnpacksTooLarge)), "{refused:?}");
    }

    #[test]
    fn masks_and_codecs_larger_than_the_picture_are_refused() {
        let size = "/Type/XObject/Subtype/Image/ColorSpace/DeviceGray/BitsPerComponent 1";
        let mask = stream(&format!("{size}/Width 200000/Height 200000"), b"x");
        let masked = stream(&format!("{size}/Width 9/Height 9/SMask 6 0 R"), b"x");
        let jpx = b"\xff\x4f\xff\x51\0\x2f\0\0\0\x03\0\0\0\x03\0\0";
        let jpx = stream("/Type/XObject/Subtype/Image/Width 9/Height 9/Filter/JPXDecode", jpx);
        let big = stream(&format!("{size}/Width 4000000000/Height 4000000000"), b"x");
        for objects in [vec![masked, mask], vec![jpx], vec![big]] {
            let page = page_of("99 99", "/XObject<</F 5 0 R>>", b"/F Do", &objects);
            let refused = scan(&page, &Options::default());
            assert!(matches!(refused, Err(Error::TooLarge { .. })), "{refused:?}");
        }
    }

    #[test]
    fn contents_named_again_and_again_are_counted_each_time() {
        let part = stream("/Filter/FlateDecode", &packed(&vec![b' '; 50_000_000]));
        let page =
            format!("<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents[{}]>>", "4 0 R ".repeat(1000));
        let head = [CATALOGUE, "<</Type/Pages/Count 1/Kids[3 0 R]>>", &page];
        let objects = [&head.map(|text| text.as_bytes().to_vec())[..], &[part]].concat();
        let started = Instant::now();
        let refused = scan(&document(&objects), &Options::default());
        assert!(matches!(refused, Err(Error::UnpacksTooLarge)), "{refused:?}");
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    }
}
