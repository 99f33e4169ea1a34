//! The generated pictures, and what happens when pictures are broken or too large.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a broken fixture fails the test")]

mod support;

use std::time::{Duration, Instant};

use otpferry_scan::{Effort, Error, Frame, Limits, Options, PictureKind, scan_luma, sniff};
use support::{cases, damaged, fixture, must_not_panic, noise, payloads};

/// The only frame of a picture.
fn scan(bytes: &[u8], options: &Options) -> Result<Frame, Error> {
    let scan = otpferry_scan::scan(bytes, options)?;
    assert_eq!((scan.frames.len(), scan.left_out), (1, 0));
    Ok(scan.frames.into_iter().next().unwrap())
}

#[test]
fn every_picture_gives_its_payloads() {
    let cases = cases();
    assert!(cases.len() >= 20);
    let all_kinds = cfg!(all(feature = "heic", feature = "pdf"));
    for case in cases.into_iter().filter(|case| all_kinds || !case.is_optional()) {
        let name = case.name;
        if name == "password.pdf" {
            continue;
        }
        let scan = support::read(&name).unwrap();
        assert_eq!(scan.left_out, 0, "{name}");
        let found = payloads(scan.codes());
        assert!(found.len() >= case.least, "{name}: only {}", found.len());
        if case.least == case.payloads.len() {
            // Not assert_eq, which would print them.
            assert!(found == case.payloads, "{name}: other payloads");
        }
    }
}

#[test]
fn every_effort_reads_a_plain_code_and_finds_nothing_in_none() {
    for effort in [Effort::Fast, Effort::Normal, Effort::Max] {
        let options = Options { effort, ..Options::default() };
        assert_eq!(scan(&fixture("plain.png"), &options).unwrap().codes.len(), 1);
        let nothing = scan(&fixture("no-code.png"), &options).unwrap();
        assert_eq!((nothing.codes.len(), nothing.unread.len()), (0, 0));
    }
}

#[test]
fn orientation_turns_size_and_corners() {
    let scan = scan(&fixture("exif-orientation-6.jpg"), &Options::default()).unwrap();
    assert_eq!((scan.width, scan.height), (300, 420));
    let [top_left, top_right, _, bottom_left] = scan.codes[0].corners;
    // Pasted at (60, 200) with a border of four modules of four pixels, 37 modules wide.
    assert!(top_left.x.abs_diff(76) < 4 && top_left.y.abs_diff(216) < 4, "{top_left:?}");
    assert!(top_right.x > top_left.x + 100 && bottom_left.y > top_left.y + 100);
}

#[test]
fn corners_are_in_pixels_of_the_picture_at_every_scale() {
    for (name, border, end) in [("tiny.png", 8, 82), ("huge-modules.png", 400, 2900)] {
        let code = &scan(&fixture(name), &Options::default()).unwrap().codes[0];
        let tolerance = (end - border) / 40 + 2;
        let near = |found: i32, expected: i32| (found - expected).abs() <= tolerance;
        let [top_left, _, bottom_right, _] = code.corners;
        assert!(near(top_left.x, border) && near(top_left.y, border), "{name} {code:?}");
        assert!(near(bottom_right.x, end) && near(bottom_right.y, end), "{name} {code:?}");
    }
}

#[test]
fn a_torn_code_is_seen_and_not_read() {
    let scan = scan(&fixture("unreadable.png"), &Options::default()).unwrap();
    assert_eq!((scan.codes.len(), scan.unread.len()), (0, 1));
}

#[test]
fn magic_bytes_name_the_kind() {
    for (name, kind) in [
        ("plain.png", PictureKind::Png),
        ("photo.jpg", PictureKind::Jpeg),
        ("plain.webp", PictureKind::WebP),
        ("plain.gif", PictureKind::Gif),
        ("plain.bmp", PictureKind::Bmp),
        ("deflate.tiff", PictureKind::Tiff),
    ] {
        assert_eq!(sniff(&fixture(name)), Some(kind));
    }
    assert_eq!(sniff(b"BMX is not a picture"), None);
    let options = Options::default();
    assert_eq!(scan(b"otpauth://", &options), Err(Error::NotAPicture));
    assert_eq!(scan(b"", &options), Err(Error::NotAPicture));
}

/// One picture of each kind; a torn one is refused or read as far as it goes.
const KINDS: [&str; 7] = [
    "plain.png",
    "exif-orientation-6.jpg",
    "plain.webp",
    "lossless.webp",
    "plain.gif",
    "plain.bmp",
    "deflate.tiff",
];

#[test]
fn truncated_pictures_are_refused_or_read_in_part() {
    for name in KINDS {
        let whole = fixture(name);
        let step = (whole.len() / 40).max(1);
        for length in (0..whole.len()).step_by(step) {
            must_not_panic(&whole[..length], name);
        }
        let half = scan(&whole[..whole.len() / 2], &Options::default());
        if let Err(error) = half {
            assert!(matches!(error, Error::Malformed { .. }), "{name}: {error:?}");
        }
    }
}

#[test]
fn damaged_pictures_do_not_panic() {
    for name in KINDS {
        let whole = fixture(name);
        for seed in 1..=30 {
            must_not_panic(&damaged(&whole, seed), name);
        }
    }
}

#[test]
fn noise_after_each_magic_does_not_panic() {
    let magics: [&[u8]; 7] = [
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0",
        b"RIFF\x40\0\0\0WEBPVP8 ",
        b"GIF89a",
        b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0",
        b"II*\0\x08\0\0\0",
        b"MM\0*\0\0\0\x08",
    ];
    for magic in magics {
        for seed in 1..=20 {
            let bytes = [magic, &noise(seed, 300)].concat();
            assert!(sniff(&bytes).is_some());
            must_not_panic(&bytes, "noise");
        }
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |c, _| (c >> 1) ^ (0xEDB8_8320 & (c & 1).wrapping_neg()))
    })
}

/// The beginning of a PNG of that size.
fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut header = b"IHDR".to_vec();
    header.extend(width.to_be_bytes());
    header.extend(height.to_be_bytes());
    header.extend([8, 6, 0, 0, 0]);
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
    png.extend(&header);
    png.extend(crc32(&header).to_be_bytes());
    png.extend(b"\0\0\0\0IDAT\x35\xaf\x06\x1e");
    png
}

#[test]
fn a_bomb_is_refused_by_its_header() {
    let started = Instant::now();
    let refused = scan(&png_header(60_000, 60_000), &Options::default());
    let Err(Error::TooLarge { pixels, limit }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(pixels, 3_600_000_000);
    assert!(limit <= 200_000_000);
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[test]
fn limits_are_the_callers() {
    let bytes = fixture("plain.png");
    let with = |pixels, memory| Options {
        limits: Limits { pixels, memory, ..Limits::default() },
        ..Options::default()
    };
    let size = 225 * 225;
    assert!(scan(&bytes, &with(size, 1 << 30)).is_ok());
    let by_number = scan(&bytes, &with(size - 1, 1 << 30));
    let expected = Error::TooLarge { pixels: size, limit: size - 1 };
    assert_eq!(by_number, Err(expected));
    let by_memory = scan(&bytes, &with(size, size));
    assert!(matches!(by_memory, Err(Error::TooLarge { .. })));
}

#[test]
fn grey_rasters_are_scanned_and_checked() {
    let options = Options::default();
    let wrong = scan_luma(10, 10, &[0; 99], &options);
    assert!(matches!(wrong, Err(Error::Malformed { .. })));
    let empty = scan_luma(0, 10, &[], &options);
    assert!(matches!(empty, Err(Error::Malformed { .. })));
    for (width, height) in [(1, 1), (1, 4000), (4000, 1), (7, 7), (21, 21)] {
        let blank = vec![0; (width * height) as usize];
        assert!(scan_luma(width, height, &blank, &options).unwrap().codes.is_empty());
        let grain = noise(5, blank.len());
        assert!(scan_luma(width, height, &grain, &options).unwrap().codes.is_empty());
    }
}

/// Paints finder patterns side by side.
fn wall_of_finders(columns: usize, rows: usize, module: usize) -> (u32, u32, Vec<u8>) {
    let pitch = 8 * module;
    let (width, height) = (columns * pitch, rows * pitch);
    let tone = |x: usize, y: usize| {
        let (u, v) = (x % pitch / module, y % pitch / module);
        let ring = u.abs_diff(3).max(v.abs_diff(3));
        if ring == 2 || u == 7 || v == 7 { 255 } else { 0 }
    };
    let luma = (0..width * height).map(|i| tone(i % width, i / width)).collect();
    (width as u32, height as u32, luma)
}

#[test]
fn a_wall_of_finder_patterns_takes_bounded_time() {
    let started = Instant::now();
    let options = Options { effort: Effort::Fast, ..Options::default() };
    for (columns, rows, module) in [(60, 60, 1), (50, 50, 3), (20, 20, 12)] {
        let (width, height, luma) = wall_of_finders(columns, rows, module);
        let scan = scan_luma(width, height, &luma, &options).unwrap();
        assert!(scan.codes.is_empty());
    }
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}

#[test]
fn pictures_too_thin_for_a_code_are_empty() {
    let options = Options::default();
    for (width, height) in [(1, 17_000_000), (17_000_000, 1), (20, 4_000_000), (0, 0), (1, 1)] {
        let luma = vec![255; width * height];
        let scan = otpferry_scan::scan_luma(width as u32, height as u32, &luma, &options);
        assert!(scan.is_err() || scan.unwrap().codes.is_empty(), "{width} x {height}");
    }
}
