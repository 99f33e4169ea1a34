//! Many pictures, odd ones among them: order, memory, and what is said of each.

#![cfg(test)]

mod support;

use std::fs;
use std::io::Cursor;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use image::codecs::gif::GifEncoder;
use image::{Frame, GrayImage, ImageFormat, Luma, Rgba, RgbaImage};
use serde_json::{Value, json};
use support::{Sandbox, assert_adds_up, fixture};

/// The lines of `scan --jsonl`.
fn lines(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn png(picture: &GrayImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// Puts a code of three pixels a module into a picture.
fn draw(picture: &mut GrayImage, left: u32, top: u32, text: &str) {
    const SCALE: u32 = 3;
    let code = qrcode::QrCode::with_error_correction_level(text, qrcode::EcLevel::M).unwrap();
    let side = u32::try_from(code.width()).unwrap();
    for (at, color) in (0..).zip(code.to_colors()) {
        let (x, y) = (left + at % side * SCALE, top + at / side * SCALE);
        for pixel in (0..SCALE * SCALE).filter(|_| color == qrcode::Color::Dark) {
            picture.put_pixel(x + pixel % SCALE, y + pixel / SCALE, Luma([0]));
        }
    }
}

fn screenshot(text: &str) -> Vec<u8> {
    let mut picture = GrayImage::from_pixel(240, 320, Luma([255]));
    draw(&mut picture, 40, 60, text);
    png(&picture)
}

fn address(number: usize) -> String {
    format!("https://example.org/{number}")
}

/// The header of a bitmap with grey pixels, without them.
fn bitmap_header(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = b"BM".to_vec();
    for word in [1078, 0, 1078, 40, width, height, 0x0008_0001, 0, 0, 2835, 2835, 256, 0] {
        bytes.extend(u32::to_le_bytes(word));
    }
    bytes.extend((0..256_u32).flat_map(|grey| (grey * 0x0001_0101).to_le_bytes()));
    bytes
}

/// Two good pictures and between them what goes wrong with pictures.
fn odd_pictures() -> (Sandbox, Vec<&'static str>) {
    let sandbox = Sandbox::new();
    sandbox.copy("pictures/plain.png", "odd/1-good.png");
    let good = sandbox.bytes("odd/1-good.png");
    sandbox.put("odd/2-cut.png", &good[..good.len() / 2]);
    sandbox.put("odd/3-huge.bmp", bitmap_header(60_000, 60_000));
    sandbox.put("odd/4-text.png", "This was a picture once.\n");
    sandbox.put("odd/5-dot.png", png(&GrayImage::new(1, 1)));
    sandbox.put("odd/6-empty.png", "");
    sandbox.copy("pictures/transparent-white.png", "odd/7-good.png");
    let names = [
        "odd/1-good.png",
        "odd/2-cut.png",
        "odd/3-huge.bmp",
        "odd/4-text.png",
        "odd/5-dot.png",
        "odd/6-empty.png",
        "odd/7-good.png",
    ];
    (sandbox, names.to_vec())
}

#[test]
fn odd_pictures_have_a_line_each_and_harm_no_other() {
    let (sandbox, names) = odd_pictures();
    for inputs in [vec!["odd"], vec!["odd/*"], names.clone()] {
        let run = sandbox.run(&[&["scan", "--jsonl"], &inputs[..]].concat()).exits(1);
        let lines = lines(&run.out);
        let files: Vec<&str> = lines.iter().map(|line| line["file"].as_str().unwrap()).collect();
        assert_eq!(files, names);
        let errors: Vec<&str> = lines.iter().map(|line| line["error"].as_str().unwrap_or("")).collect();
        assert!(errors[1].starts_with("damaged picture: "), "{errors:?}");
        assert_eq!(
            [&errors[..1], &errors[2..]].concat(),
            [
                "",
                "the picture has 3600000000 pixels, over the limit of 200000000",
                "not a picture",
                "",
                "the file is empty",
                ""
            ]
        );
        let read: Vec<usize> = lines.iter().map(|line| line["payloads"].as_array().unwrap().len()).collect();
        assert_eq!(read, [1, 0, 0, 0, 0, 0, 1]);
    }
}

#[test]
fn odd_pictures_alone_have_their_exit_codes() {
    let (sandbox, names) = odd_pictures();
    for (name, exit) in names.iter().zip([0, 5, 10, 4, 4, 4, 0]) {
        for command in ["scan", "inspect"] {
            let run = sandbox.run(&[command, name]).exits(exit);
            if exit != 0 {
                run.explains();
            }
        }
    }
    sandbox.run(&["scan", "odd/4-text.png", "odd/5-dot.png"]).exits(4);
    sandbox.run(&["scan", "odd/2-cut.png", "odd/4-text.png"]).exits(5);
}

#[test]
fn accounts_beside_odd_pictures_are_moved_and_the_others_named() {
    let (sandbox, names) = odd_pictures();
    for inputs in [vec!["odd"], names.clone()] {
        let args = ["-t", "otpferry", "-o", "x.json", "--force", "--report", "r.json"];
        sandbox.run(&[&["convert"], &inputs[..], &args].concat()).exits(1);
        let report = sandbox.json("r.json");
        assert_adds_up(&report);
        assert_eq!(report["moved"], 2);
        let warnings = report["warnings"].as_array().unwrap().iter();
        let not_read: Vec<&str> = warnings
            .filter(|item| item["code"] == "not-read" || item["code"] == "passed-over")
            .map(|item| item["file"].as_str().unwrap())
            .collect();
        assert_eq!(not_read, names[1..6]);
    }
}

#[test]
fn a_picture_with_300_codes_harms_no_other() {
    let sandbox = Sandbox::new();
    let mut sheet = GrayImage::from_pixel(20 * 110 + 20, 15 * 110 + 20, Luma([255]));
    for number in 0..300 {
        let (left, top) = (20 + number % 20 * 110, 20 + number / 20 * 110);
        draw(&mut sheet, left, top, &address(usize::try_from(number).unwrap()));
    }
    sandbox.put("sheet.png", png(&sheet));
    sandbox.put("one.png", screenshot(&address(300)));
    let run = sandbox.run(&["scan", "--jsonl", "--limit", "seconds=100", "sheet.png", "one.png"]);
    let lines = lines(&run.out);
    assert_eq!(lines[0]["payloads"], json!((0..300).map(address).collect::<Vec<_>>()));
    assert_eq!(lines[0]["unread"], json!([]));
    assert_eq!(lines[1]["payloads"], json!([address(300)]));
    run.exits(i32::from(lines[0]["cut_short"] == true));
}

/// An animation whose frames all differ, without a code.
fn flicker(frames: u32) -> Vec<u8> {
    let mut gif = Vec::new();
    let mut encoder = GifEncoder::new_with_speed(&mut gif, 30);
    for frame in 0..frames {
        let dot = |x, y| if x + y * 24 == frame { Rgba([0, 0, 0, 255]) } else { Rgba([255; 4]) };
        encoder.encode_frame(Frame::new(RgbaImage::from_fn(24, 24, dot))).unwrap();
    }
    drop(encoder);
    gif
}

#[test]
fn frames_that_are_left_out_are_told_with_the_limit_that_allows_more() {
    let sandbox = Sandbox::new();
    sandbox.put("film.gif", flicker(250));
    let run = sandbox.run(&["scan", "film.gif"]).exits(4);
    let told = "50 pages or frames of the file were left out; --limit pages=NUMBER and --limit seconds=NUMBER \
                allow more";
    assert!(run.err.contains(told), "{}", run.err);
    for (limit, looked_at) in [("pages=300", 250), ("pages=10", 10)] {
        let run = sandbox.run(&["scan", "--jsonl", "--limit", limit, "film.gif"]).exits(4);
        let line = &lines(&run.out)[0];
        assert_eq!(line["frames"].as_array().unwrap().len(), looked_at);
        assert_eq!(line["left_out"], 250 - looked_at);
    }
}

#[test]
fn a_file_that_ends_too_early_is_to_be_copied_again() {
    let sandbox = Sandbox::new();
    sandbox.copy("pictures/three-codes.png", "whole.png");
    let whole = sandbox.bytes("whole.png");
    sandbox.put("cut.png", &whole[..whole.len() * 3 / 4]);
    let run = sandbox.run(&["scan", "cut.png"]).exits(1);
    assert!(run.out.ends_with("\n  the file ends too early, and what follows is lost; copy it again\n"));
    let line = &lines(&sandbox.run(&["scan", "--jsonl", "cut.png"]).exits(1).out)[0];
    assert_eq!(
        (&line["torn"], &line["cut_short"], &line["left_out"]),
        (&json!(true), &json!(true), &json!(0))
    );
    sandbox.run(&["convert", "cut.png", "-t", "otpferry", "--report", "r.json"]).exits(1);
    let warnings = sandbox.json("r.json")["warnings"].clone();
    assert!(warnings.as_array().unwrap().iter().any(|item| item["code"] == "cut-short"), "{warnings}");
}

/// As `head -1` does.
#[test]
#[cfg(unix)]
fn a_reader_that_goes_away_ends_the_run_without_a_word() {
    let sandbox = Sandbox::new();
    for number in 0..200 {
        sandbox.put(&format!("shots/{number:03}.png"), screenshot(&address(number)));
    }
    for form in
        [&["scan", "--jsonl", "-j", "2", "shots"][..], &["scan", "shots"], &["scan", "--json", "shots"]]
    {
        let mut child = Command::new(env!("CARGO_BIN_EXE_otpferry"))
            .args(form)
            .current_dir(sandbox.path(""))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()), "{form:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_told() {
    for form in
        [&["scan", "plain.png"][..], &["scan", "--jsonl", "plain.png"], &["scan", "--json", "plain.png"]]
    {
        let sandbox = Sandbox::new();
        sandbox.copy("pictures/plain.png", "plain.png");
        let output = Command::new(env!("CARGO_BIN_EXE_otpferry"))
            .args(form)
            .current_dir(sandbox.path(""))
            .stdout(fs::OpenOptions::new().write(true).open("/dev/full").unwrap())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(3), "{form:?}");
    }
}

#[test]
fn lines_are_in_the_order_of_the_inputs_on_any_number_of_threads() {
    let sandbox = Sandbox::new();
    let names: Vec<String> = (0..60).map(|number| format!("IMG_{}.png", (number * 7) % 60)).collect();
    for (number, name) in names.iter().enumerate() {
        sandbox.put(name, screenshot(&address(number)));
    }
    for jobs in ["1", "2", "5"] {
        let args: Vec<&str> = ["scan", "--jsonl", "-j", jobs].into_iter().collect();
        let inputs: Vec<&str> = names.iter().map(String::as_str).collect();
        let run = sandbox.run(&[args, inputs].concat()).exits(0);
        let read: Vec<(Value, Value)> =
            lines(&run.out).iter().map(|line| (line["file"].clone(), line["payloads"][0].clone())).collect();
        let wanted: Vec<(Value, Value)> =
            names.iter().enumerate().map(|(number, name)| (json!(name), json!(address(number)))).collect();
        assert_eq!(read, wanted);
    }
}

/// The most memory that a run has taken, in KiB, as Linux counts it.
fn peak(sandbox: &Sandbox, folder: &str) -> u64 {
    let mut child = Command::new(env!("CARGO_BIN_EXE_otpferry"))
        .args(["scan", "--jsonl", "-j", "2", folder])
        .current_dir(sandbox.path(""))
        .stdout(fs::File::create(sandbox.path("lines")).unwrap())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(peak);
        thread::sleep(Duration::from_millis(2));
    }
    assert!(child.wait().unwrap().success());
    peak
}

#[test]
#[cfg(target_os = "linux")]
fn a_thousand_screenshots_take_no_more_memory_than_a_few() {
    let sandbox = Sandbox::new();
    let pictures: Vec<Vec<u8>> = (0..20).map(|number| screenshot(&address(number))).collect();
    for number in 0..1000 {
        let picture = &pictures[number % pictures.len()];
        sandbox.put(&format!("many/IMG_{number:04}.png"), picture);
        if number < 40 {
            sandbox.put(&format!("few/IMG_{number:04}.png"), picture);
        }
    }
    let few = peak(&sandbox, "few");
    let many = peak(&sandbox, "many");
    let read = lines(&String::from_utf8(sandbox.bytes("lines")).unwrap());
    assert_eq!(read.len(), 1000);
    for (number, line) in read.iter().enumerate() {
        assert_eq!(line["file"], format!("many/IMG_{number:04}.png"));
        assert_eq!(line["payloads"], json!([address(number % 20)]));
    }
    println!("peak memory: {few} KiB for 40 pictures, {many} KiB for 1,000");
    assert!(many < few + 12 * 1024, "{few} KiB for 40 pictures, {many} KiB for 1,000");
    assert!(many < 100 * 1024, "{many} KiB");
}

#[test]
fn pictures_of_an_export_are_named_where_something_is_wrong_with_them() {
    let sandbox = Sandbox::new();
    let args = ["convert", &fixture("otpauth/plain.txt"), "-t", "google-migration", "--per-qr", "2"];
    sandbox.run(&[&args[..], &["-o", "q.png"]].concat()).exits(1);
    fs::create_dir(sandbox.path("shots")).unwrap();
    for (part, name) in [(5, "IMG_1"), (1, "IMG_2"), (3, "IMG_3"), (1, "IMG_4")] {
        fs::copy(sandbox.path(&format!("q-{part}-of-5.png")), sandbox.path(&format!("shots/{name}.png")))
            .unwrap();
    }
    let run = sandbox.run(&["convert", "shots", "-t", "otpferry", "--report", "r.json"]).exits(11);
    let missing = "Missing: 2\n  QR codes 2 and 4 of 5 are missing\n    Read: 1 in shots/IMG_2.png, 3 in \
                   shots/IMG_3.png, 5 in shots/IMG_1.png.\n    Add a picture";
    assert!(run.out.contains(missing), "{}", run.out);
    let repeated = "QR code 1 of 5 of an export is in shots/IMG_2.png and again in shots/IMG_4.png; its accounts \
                    are kept once";
    assert!(run.out.contains(repeated), "{}", run.out);
    let report = sandbox.json("r.json");
    assert_adds_up(&report);
    assert_eq!(
        report["missing_parts"][1]["message"],
        "QR code 4 of 5 is missing; read: 1 in shots/IMG_2.png, 3 in shots/IMG_3.png, 5 in shots/IMG_1.png"
    );
    for part in [2, 4] {
        let name = format!("q-{part}-of-5.png");
        fs::copy(sandbox.path(&name), sandbox.path(&format!("shots/{name}"))).unwrap();
    }
    let run = sandbox.run(&["convert", "shots", "-t", "otpferry"]).exits(0);
    assert!(run.out.contains("Wrote 10 accounts"), "{}", run.out);
}

/// A hundred at a time have 10 MiB each.
#[test]
fn a_picture_that_needs_more_than_its_share_of_memory_is_read() {
    let sandbox = Sandbox::new();
    for number in 0..100 {
        let mut picture = match number % 33 {
            0 => GrayImage::from_pixel(2400, 2400, Luma([255])),
            _ => GrayImage::from_pixel(180, 180, Luma([255])),
        };
        draw(&mut picture, 30, 30, &address(number));
        sandbox.put(&format!("shots/{number:02}.png"), png(&picture));
    }
    let run = sandbox.run(&["scan", "--jsonl", "-j", "100", "shots"]).exits(0);
    let read: Vec<Value> = lines(&run.out).iter().map(|line| line["payloads"][0].clone()).collect();
    assert_eq!(read, (0..100).map(|number| json!(address(number))).collect::<Vec<_>>());
}

/// Rendered coarser to fit into the share, small codes would be lost. Its size in pixels would tell.
#[test]
fn a_page_is_rendered_as_finely_among_a_hundred_as_alone() {
    let sandbox = Sandbox::new();
    sandbox.copy("pictures/small-on-page.pdf", "shots/00.pdf");
    for number in 1..100 {
        sandbox.put(&format!("shots/{number:02}.png"), png(&GrayImage::new(1, 1)));
    }
    let all = sandbox.run(&["scan", "--jsonl", "-j", "100", "shots"]).exits(1);
    let alone = sandbox.run(&["scan", "--jsonl", "shots/00.pdf"]).exits(0);
    assert_eq!(lines(&all.out)[0], lines(&alone.out)[0]);
}

#[test]
fn a_link_that_is_split_over_several_codes_is_one_account() {
    let sandbox = Sandbox::new();
    for name in ["split-1-of-3.png", "split-2-of-3.png", "split-3-of-3.png", "split-in-one.png", "plain.png"]
    {
        sandbox.copy(&format!("pictures/{name}"), name);
    }
    for inputs in [&["split-3-of-3.png", "split-1-of-3.png", "split-2-of-3.png"][..], &["split-in-one.png"]] {
        sandbox.run(&[&["convert", "-t", "otpferry", "-o", "x.json", "--force"], inputs].concat()).exits(0);
        let accounts = sandbox.json("x.json")["accounts"].clone();
        let account = &accounts[0];
        assert_eq!(accounts.as_array().unwrap().len(), 1);
        assert_eq!((&account["issuer"], &account["account"]), (&json!("Canary"), &json!("split")));
        assert_eq!(account["secret"], "OTPFERRYCANARYCCCCCCCCCCCCCCCCCC");
    }
    let two = ["split-3-of-3.png", "plain.png", "split-1-of-3.png"];
    let run = sandbox.run(&[&["convert", "-t", "otpauth"], &two[..]].concat()).exits(11);
    let missing = "QR code 2 of 3 is missing\n    Read: 1 in split-1-of-3.png, 3 in split-3-of-3.png.\n";
    assert!(run.out.contains(missing), "{}", run.out);
    sandbox.run(&[&["convert", "-t", "otpauth", "--partial"], &two[..]].concat()).exits(1);
    assert_eq!(sandbox.bytes("otpauth.txt").iter().filter(|byte| **byte == b'\n').count(), 1);
    sandbox.run(&["inspect", "split-2-of-3.png"]).exits(11);
    let run = sandbox.run(&["scan", "--jsonl", "split-2-of-3.png"]).exits(0);
    let code = &lines(&run.out)[0]["codes"][0];
    assert_eq!((&code["part"]["index"], &code["part"]["count"]), (&json!(1), &json!(3)));
}

#[test]
fn two_photos_that_fail_alone_give_the_account_together() {
    let sandbox = Sandbox::new();
    let (one, two) = ("one-code-1-of-2.png", "one-code-2-of-2.png");
    for name in [one, two, "plain.png"] {
        sandbox.copy(&format!("pictures/{name}"), name);
    }
    for alone in [one, two] {
        let run = sandbox.run(&["scan", "--jsonl", alone]).exits(4);
        let line = &lines(&run.out)[0];
        assert_eq!((&line["payloads"], &line["unread"][0]["hint"]), (&json!([]), &json!("glare")));
    }
    let link = "otpauth://totp/Canary:together?secret=OTPFERRYCANARYBBBBBBBBBBBBBBBBBB&issuer=Canary";
    let run = sandbox.run(&["scan", "--jsonl", one, "plain.png", two]).exits(0);
    for line in [&lines(&run.out)[0], &lines(&run.out)[2]] {
        assert_eq!(line["payloads"], json!([link]));
        assert_eq!(line["codes"][0]["merged_from"], json!([one, two]));
    }
    sandbox.run(&["convert", "-t", "otpferry", "-o", "x.json", two, one]).exits(0);
    let accounts = sandbox.json("x.json")["accounts"].clone();
    assert_eq!(accounts.as_array().unwrap().len(), 1);
    assert_eq!((&accounts[0]["issuer"], &accounts[0]["account"]), (&json!("Canary"), &json!("together")));
    assert_eq!(accounts[0]["secret"], "OTPFERRYCANARYBBBBBBBBBBBBBBBBBB");
}
