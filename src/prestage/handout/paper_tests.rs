use otpferry_formats::model::{Account, Algorithm};

use super::super::tests::{handouts, setting, three, totp};
use super::*;
use crate::cli::Paper;

/// `None`, and said, where this computer has no font.
fn printed(handouts: &[Handout<'_>], setting: &Setting<'_>) -> Option<Printed> {
    match print(handouts, setting) {
        Err(failure) if failure.exit == Exit::Io => {
            println!("skipped: {}", failure.message);
            None
        }
        printed => Some(printed.unwrap()),
    }
}

/// What our whole scanner sees on each page.
fn seen(bytes: &[u8]) -> Vec<Vec<Vec<u8>>> {
    let scan = otpferry_scan::scan(bytes, &Options::default()).unwrap();
    let payloads =
        |frame: &otpferry_scan::Frame| frame.codes.iter().map(|code| code.payload.to_vec()).collect();
    scan.frames.iter().map(payloads).collect()
}

fn payloads(handouts: &[Handout<'_>]) -> Vec<Vec<Vec<u8>>> {
    handouts.iter().map(|handout| vec![handout.card.payload.0.to_vec()]).collect()
}

#[test]
fn everyone_has_one_page_with_one_code() {
    let accounts = three();
    let handouts = handouts(&accounts, "Maria Muster");
    for paper in [Paper::A4, Paper::Letter] {
        let Some(printed) = printed(&handouts, &setting(paper)) else { return };
        assert_eq!(seen(&printed.bytes), payloads(&handouts));
        assert!(printed.unprinted.is_empty());
    }
}

/// The longest of everything: names, keys, codes, steps.
fn odd() -> Vec<Account> {
    let mut accounts: Vec<Account> = [1, 100, 300, 1500]
        .into_iter()
        .map(|letters| totp(&[7; 64], Algorithm::Sha512, &"n".repeat(letters)))
        .collect();
    accounts[1].issuer = "Long issuer with many words ".repeat(8).trim().to_owned();
    accounts[2].name = "\u{5c71}\u{7530}".repeat(40);
    accounts
}

#[test]
fn a_page_holds_everything_whatever_its_length() {
    let accounts = odd();
    let display =
        "\u{623}\u{62d}\u{645}\u{62f} <script> \u{1f600} \u{202e}".to_owned() + &"long ".repeat(100);
    let handouts = handouts(&accounts, &display);
    let help = "Ask at the desk. ".repeat(40);
    for paper in [Paper::A4, Paper::Letter] {
        let setting = Setting { help: Some(&help), ..setting(paper) };
        let Some(printed) = printed(&handouts, &setting) else { return };
        assert_eq!(seen(&printed.bytes), payloads(&handouts));
        let fonts = paper::fonts([display.as_str()].into_iter()).unwrap();
        let measures = Measures::of(paper);
        let advices = Advices::of(&handouts, &setting);
        let layout = Layout { fonts: &fonts, measures, setting: &setting, advices: &advices };
        for handout in &handouts {
            assert_is_laid_out_well(&layout.page(handout), measures);
        }
    }
}

/// No text is in the way of another or of the edge, and what is folded up covers the code and not the name.
#[track_caller]
fn assert_is_laid_out_well(page: &Page<'_>, measures: Measures) {
    let [Rule::Fold(fold)] = page.rules.as_slice() else { panic!("no line to fold at") };
    let [code] = page.codes.as_slice() else { panic!("no code") };
    let modules = code.qr.side() as f32;
    assert!(code.side / modules >= 0.7 * MM, "a module is too small");
    assert!(code.top > *fold && code.top + code.side <= measures.bottom() + 0.01);
    let quiet = 4.0 * code.side / modules;
    for (left, base, line) in &page.texts {
        let width: f32 = line.runs.iter().map(|run| run.width).sum();
        assert!(*left + width <= measures.width - measures.margin + 1.0, "over the edge");
        assert!(*base <= measures.bottom() + 1.0, "below the page");
        assert!(*base < *fold || *base - line.size > *fold, "across the fold");
        let beside = *left >= code.left + code.side - quiet || *base < code.top + quiet;
        assert!(beside || *base - line.size >= code.top + code.side - quiet, "in the code");
    }
    let mut above: Vec<f32> =
        page.texts.iter().map(|(_, base, _)| *base).filter(|base| base < fold).collect();
    above.sort_by(f32::total_cmp);
    let lines = above.windows(2).all(|pair| pair[1] - pair[0] < 0.1 || pair[1] - pair[0] > 6.0);
    assert!(lines, "lines over each other");
}

#[test]
fn whose_sheet_it_is_stays_to_be_seen_when_it_is_folded() {
    let accounts = three();
    let handouts = handouts(&accounts, "Maria Muster");
    for paper in [Paper::A4, Paper::Letter] {
        let setting = setting(paper);
        let Ok(fonts) = paper::fonts(["Maria"].into_iter()) else { return };
        let measures = Measures::of(paper);
        let advices = Advices::of(&handouts, &setting);
        let layout = Layout { fonts: &fonts, measures, setting: &setting, advices: &advices };
        let page = layout.page(&handouts[0]);
        assert_is_laid_out_well(&page, measures);
        let [Rule::Fold(fold)] = page.rules.as_slice() else { panic!("no line to fold at") };
        let covered = fold - (measures.height - fold);
        let text =
            |line: &crate::paper::Line| line.runs.iter().map(|run| run.text.as_str()).collect::<String>();
        for wanted in ["Maria Muster", "maria@example.org", "OTPF0000001A"] {
            let (_, base, _) = page.texts.iter().find(|(_, _, line)| text(line) == wanted).unwrap();
            assert!(*base < covered, "{wanted}");
        }
    }
}

#[test]
fn a_code_that_is_not_where_it_should_be_is_noticed() {
    let accounts = three();
    let handouts = handouts(&accounts, "Maria Muster");
    let Some(printed) = printed(&handouts, &setting(Paper::A4)) else { return };
    let bytes = Arc::new(printed.bytes);
    let measures = Measures::of(Paper::A4);
    let setting = setting(Paper::A4);
    let Ok(fonts) = paper::fonts(["Maria"].into_iter()) else { return };
    let advices = Advices::of(&handouts, &setting);
    let layout = Layout { fonts: &fonts, measures, setting: &setting, advices: &advices };
    let pages: Vec<Page<'_>> = handouts.iter().map(|handout| layout.page(handout)).collect();
    let areas: Vec<Area> = pages.iter().enumerate().map(|(at, page)| area(at, &page.codes[0])).collect();
    assert!(check(&handouts, &areas, measures, &bytes).is_ok());
    // A page of another person; one page less; a code somewhere else.
    let swapped: Vec<Area> = areas.iter().map(|area| Area { page: (area.page + 1) % 3, ..*area }).collect();
    assert!(read(&handouts[..1], &[Area { page: 0, ..areas[0] }], &bytes).is_ok());
    assert!(read(&handouts[1..], &areas[..1], &bytes).is_err());
    assert!(read(&handouts, &swapped, &bytes).is_ok());
    assert!(check(&handouts[..2], &areas[..2], measures, &bytes).is_err());
    let moved: Vec<Area> = areas.iter().map(|area| Area { left: area.left + 60.0, ..*area }).collect();
    assert!(read(&handouts, &moved, &bytes).is_err());
}
