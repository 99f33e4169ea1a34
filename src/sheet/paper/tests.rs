use otpferry_formats::model::{Account, Algorithm, Credential, Digits, Otp, Period, Secret};

use super::*;
use crate::sheet::Packing;

fn totp(issuer: &str, name: &str) -> Account {
    let secret = Secret::new(b"12345678901234567890".to_vec()).unwrap();
    let otp = Otp::Totp { secret, algorithm: Algorithm::Sha1, digits: Digits::SIX, period: Period::THIRTY };
    Account::new(Credential::Otp(otp), issuer, name)
}

fn sheet(count: usize) -> Sheet {
    let accounts = (0..count).map(|at| totp("Acme", &format!("user-{at}@example.org"))).collect();
    Sheet::of(accounts, Packing::Single).unwrap()
}

/// `None`, and said, where this computer has no font.
fn printed(sheet: &Sheet, paper: Paper) -> Option<Printed> {
    match print(sheet, paper) {
        Err(failure) if failure.exit == Exit::Io => {
            println!("skipped: {}", failure.message);
            None
        }
        printed => Some(printed.unwrap()),
    }
}

fn pages_of(bytes: &[u8]) -> usize {
    otpferry_scan::scan(bytes, &Options::default()).unwrap().frames.len()
}

#[test]
fn cards_fill_pages_and_are_never_cut() {
    for (count, paper, pages) in [
        (1, Paper::A4, 1),
        (8, Paper::A4, 2),
        (9, Paper::A4, 3),
        (7, Paper::Letter, 2),
        (8, Paper::Letter, 3),
    ] {
        let Some(printed) = printed(&sheet(count), paper) else { return };
        assert_eq!(pages_of(&printed.bytes), pages, "{count} on {paper:?}");
    }
}

#[test]
fn a_code_of_any_size_fits_on_a_page() {
    let long = "n".repeat(2200);
    let sheet = Sheet::of(vec![totp("Acme", &long), totp("Acme", "maria")], Packing::Single).unwrap();
    let Some(printed) = printed(&sheet, Paper::Letter) else { return };
    assert_eq!(pages_of(&printed.bytes), 3);
}

#[test]
fn letters_without_a_font_are_told() {
    // A code point that no font may have: it is for private use at the end of the last plane.
    let sheet = Sheet::of(vec![totp("Acme", "maria"), totp("\u{10fffd}", "ole")], Packing::Single).unwrap();
    let Some(printed) = printed(&sheet, Paper::A4) else { return };
    let told: Vec<(&str, &str)> =
        printed.unprinted.iter().map(|item| (item.account.as_str(), item.code.as_str())).collect();
    assert_eq!(told, [("ole", "letters-not-printed")]);
}

#[test]
fn names_of_all_writings_leave_the_codes_as_they_are() {
    let names = [
        ("\u{42f}\u{43d}\u{434}\u{435}\u{43a}\u{441}", "\u{418}\u{432}\u{430}\u{43d}"),
        ("\u{9280}\u{884c}", "\u{5c71}\u{7530}"),
        ("\u{628}\u{646}\u{643}", "\u{623}\u{62d}\u{645}\u{62f} 123 test"),
        ("\u{5d1}\u{5e0}\u{5e7}", "\u{5d3}\u{5d5}\u{5d3}"),
        ("\u{92c}\u{948}\u{902}\u{915}", "\u{1f389}"),
        ("\u{202e}\u{1b}[31m", "</svg><script>"),
        ("", ""),
    ];
    let accounts: Vec<Account> = names.iter().map(|(issuer, name)| totp(issuer, name)).collect();
    for packing in [Packing::Single, Packing::Migration { per_qr: 5 }] {
        // Printing fails when any code cannot be read again.
        let sheet = Sheet::of(accounts.clone(), packing).unwrap();
        if printed(&sheet, Paper::Letter).is_none() {
            return;
        }
    }
}

#[test]
fn what_is_not_on_the_paper_is_listed_on_it() {
    let reason = "approved by push: no code".to_owned();
    let name_only = Account::new(Credential::NameOnly { reason }, "Contoso", "maria");
    let sheet = Sheet::of(vec![totp("Acme", "ole"), name_only], Packing::Single).unwrap();
    let texts = texts(&sheet);
    let Ok(fonts) = paper::fonts(texts.iter().map(String::as_str)) else {
        println!("skipped: there is no font");
        return;
    };
    let pages = layout::pages(&sheet, &fonts, Measures::of(Paper::A4));
    let lines = pages
        .iter()
        .flat_map(|page| &page.texts)
        .map(|(_, _, line)| line.runs.iter().map(|run| run.text.as_str()).collect::<String>());
    let lines: Vec<String> = lines.skip_while(|line| !line.starts_with("Not on")).collect();
    assert_eq!(
        lines,
        [
            "Not on this paper: 1 account",
            "Contoso (maria)",
            "Approved by push: no code.",
            "Sign in at this service and set up the new phone there; keep the old phone until that works.",
            "Page 1 of 1",
        ]
    );
}
