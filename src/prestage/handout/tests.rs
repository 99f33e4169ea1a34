use otpferry_formats::model::{Credential, Device, Digits, Period, Secret};
use serde_json::{Value, json};

use super::*;

#[path = "../../../tests/support/others.rs"]
mod others;

const KEYS: [&[u8]; 3] = [b"12345678901234567890", b"abcdefghijklmnopqrst", b"ABCDEFGHIJKLMNOPQRST"];

pub(super) fn totp(key: &[u8], algorithm: Algorithm, name: &str) -> Account {
    let secret = Secret::new(key.to_vec()).unwrap();
    let otp = Otp::Totp { secret, algorithm, digits: Digits::SIX, period: Period::THIRTY };
    let mut account = Account::new(Credential::Otp(otp), "Acme", name);
    account.device = Some(Device { serial: "OTPF0000001A".to_owned(), ..Device::default() });
    account
}

/// Three people with keys of their own.
pub(super) fn three() -> Vec<Account> {
    let names = ["maria@example.org", "ole@example.org", "li@example.org"];
    KEYS.iter().zip(names).map(|(key, name)| totp(key, Algorithm::Sha1, name)).collect()
}

pub(super) fn handouts<'a>(accounts: &'a [Account], display: &'a str) -> Vec<Handout<'a>> {
    let people: Vec<Person<'_>> = accounts.iter().map(|account| Person { account, display }).collect();
    Handout::all(&people).unwrap()
}

pub(super) fn setting(paper: Paper) -> Setting<'static> {
    let issued = jiff::civil::date(2026, 3, 9);
    Setting { target: Some("entra"), help: Some("IT desk, room 12, +49 30 1234"), issued, paper }
}

fn key_of(account: &Account) -> String {
    account.otp().unwrap().secret().to_base32().to_string()
}

fn grouped(key: &str) -> String {
    let groups: Vec<&str> = key.as_bytes().chunks(4).map(|group| str::from_utf8(group).unwrap()).collect();
    groups.join(" ")
}

#[test]
fn a_sheet_says_everything_that_its_person_needs() {
    let accounts = three();
    let page = page(&handouts(&accounts, "Maria Muster")[0], &setting(Paper::A4));
    for text in [
        "<bdi>Maria Muster</bdi>",
        "<dt>Login</dt><dd><bdi>maria@example.org</bdi></dd>",
        "<dt>Serial number</dt><dd><bdi>OTPF0000001A</bdi></dd>",
        "<dt>Service</dt><dd><bdi>Acme</bdi></dd>",
        "<dt>Issued</dt><dd>9 March 2026</dd>",
        "<bdi>IT desk, room 12, +49 30 1234</bdi>",
        "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ",
        "time-based, 6 digits, 30 seconds",
        "Security info &gt; Add sign-in method &gt; Hardware token",
        "Apps that fit: Google Authenticator, Microsoft Authenticator,",
        "Destroy after use",
        "@page { size: A4; }",
        "default-src 'none'",
        "script-src 'none'",
    ] {
        assert!(page.contains(text), "{text} is missing in {}", page.as_str());
    }
    assert!(!page.contains("<script") && !page.contains(" style=") && !page.contains("http:"));
    assert!(!page.contains("Do not use"));
}

#[test]
fn nobody_gets_the_key_of_another() {
    let accounts = three();
    let handouts = handouts(&accounts, "");
    for (own, handout) in accounts.iter().zip(&handouts) {
        let page = page(handout, &setting(Paper::Letter));
        for account in &accounts {
            let is_own = account.name == own.name;
            let on_it = page.contains(&grouped(&key_of(account)));
            assert_eq!((on_it, page.contains(&account.name)), (is_own, is_own));
        }
    }
    let all = pages(&handouts, &setting(Paper::Letter));
    let people: Vec<&str> = all.split("<article").skip(1).collect();
    assert_eq!(people.len(), 3);
    for (at, person) in people.iter().enumerate() {
        let held = accounts.iter().map(|account| person.contains(&grouped(&key_of(account))));
        assert_eq!(held.collect::<Vec<_>>(), (0..3).map(|other| other == at).collect::<Vec<_>>());
    }
}

#[test]
fn names_are_text_and_turn_nothing() {
    let mut account = totp(KEYS[0], Algorithm::Sha1, "\"><img src=x onerror=alert(1)>");
    account.issuer = "</title><b>".to_owned();
    let accounts = [account];
    let evil = "<script>alert(1)</script>\u{202e}&\u{1f600}";
    let mut setting = setting(Paper::A4);
    setting.help = Some("<a href='https://example.org'>");
    let page = page(&handouts(&accounts, evil)[0], &setting);
    assert!(page.contains("<bdi>&lt;script&gt;alert(1)&lt;/script&gt;\u{fffd}&amp;\u{1f600}</bdi>"));
    for text in ["<script", "<img", "<b>", "<a ", "\u{202e}"] {
        assert!(!page.contains(text), "{text}");
    }
}

#[test]
fn names_that_a_code_cannot_hold_are_refused() {
    let mut account = totp(KEYS[0], Algorithm::Sha1, "maria");
    account.issuer = "Acme ".to_owned();
    let people = [Person { account: &account, display: "" }];
    assert_eq!(Handout::all(&people).err().map(|failure| failure.exit), Some(Exit::CodesDiffer));
}

#[test]
fn apps_that_make_wrong_numbers_are_named() {
    let long = [totp(&[7; 32], Algorithm::Sha256, "maria")];
    let page = page(&handouts(&long, "Maria")[0], &setting(Paper::A4));
    let (_, warning) = page.split_once("Do not use: ").unwrap();
    let warning = warning.split_once(". For this account").unwrap().0;
    assert!(warning.contains("Microsoft Authenticator") && warning.contains("Authy"), "{warning}");
    assert!(page.contains("time-based, 6 digits, 30 seconds, SHA256"));
    // A key of 32 bytes, without the padding that some apps refuse.
    assert!(page.contains(&grouped(&key_of(&long[0]))) && !key_of(&long[0]).contains('='));
}

#[test]
fn there_are_three_to_five_steps_for_every_server() {
    let accounts = three();
    let counted = Account::new(
        Credential::Otp(Otp::Hotp {
            secret: Secret::new(KEYS[0].to_vec()).unwrap(),
            algorithm: Algorithm::Sha1,
            digits: Digits::EIGHT,
            counter: 0,
        }),
        "Acme",
        "maria",
    );
    for account in [&accounts[0], &counted] {
        let targets =
            otpferry_formats::registry::ALL.iter().map(|format| Some(format.info().id)).chain([None]);
        for target in targets.chain(["duo-tokens", "okta-tokens", "freeipa", "keycloak"].map(Some)) {
            let setting = Setting { target, ..setting(Paper::A4) };
            let steps = steps::steps(account, &setting);
            assert!((3..=5).contains(&steps.len()), "{target:?}: {steps:?}");
        }
    }
    assert_eq!(kind(counted.otp().unwrap()), "counter-based, 8 digits, counter 0");
}

/// A reader that shares no code with ours.
#[test]
fn a_picture_is_large_enough_and_read_by_others() {
    let accounts = three();
    let handouts = handouts(&accounts, "");
    let grey = image::load_from_memory(&picture(&handouts[1]).unwrap()).unwrap().into_luma8();
    let side = grey.width() as usize;
    assert!(side >= 4 * handouts[1].card.qr.side() && side.is_multiple_of(handouts[1].card.qr.side()));
    let pixel = |x: usize, y: usize| grey.get_pixel(x as u32, y as u32).0[0];
    let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(side, side, pixel);
    let mut read = Vec::new();
    prepared.detect_grids()[0].decode_to(&mut read).unwrap();
    let wanted = "otpauth://totp/Acme:ole%40example.org?secret=MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U&issuer=Acme\
                  &algorithm=SHA1&digits=6&period=30";
    assert_eq!(String::from_utf8(read).unwrap(), wanted);
}

/// People whose names hold markup, turn the writing direction, are in other scripts, very long, or missing.
fn odd_people() -> (Vec<Account>, Vec<String>) {
    let names = [
        ("Maria Muster", "maria@example.org"),
        ("<script>alert(1)</script><img src=x onerror=alert(2)>", "\"><b onmouseover=alert(3)>&amp;'"),
        ("\u{202e}evil\u{202c} left", "\u{2067}abc\u{2069}\u{7}"),
        ("\u{623}\u{62d}\u{645}\u{62f} \u{639}\u{644}\u{64a}", "ahmad@example.org"),
        ("\u{5c71}\u{7530} \u{592a}\u{90ce}", "\u{5c71}\u{7530}@\u{4f8b}\u{3048}.jp"),
        ("\u{1f510}\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}", "emoji@example.org"),
        ("", "no.name@example.org"),
    ];
    let mut accounts: Vec<Account> =
        names.iter().map(|(_, login)| totp(KEYS[0], Algorithm::Sha1, login)).collect();
    let mut displays: Vec<String> = names.iter().map(|(display, _)| (*display).to_owned()).collect();
    accounts.push(totp(&[7; 64], Algorithm::Sha512, &"n".repeat(200)));
    displays.push("Long ".repeat(60) + &"namewithoutanyspace".repeat(8));
    for (at, account) in accounts.iter_mut().enumerate() {
        let key = format!("canary key of {at:06}").repeat(if at == 7 { 3 } else { 1 });
        let Credential::Otp(Otp::Totp { secret, .. }) = &mut account.credential else { unreachable!() };
        *secret = Secret::new(key.into_bytes()).unwrap();
    }
    (accounts, displays)
}

/// What has to be on each sheet.
fn expected(handouts: &[Handout<'_>]) -> Vec<Value> {
    let one = |handout: &Handout<'_>| {
        json!({ "payload": str::from_utf8(&handout.card.payload.0).unwrap(), "key": handout.key().as_str(),
            "name": handout.title(), "login": handout.account.name, "serial": handout.serial() })
    };
    handouts.iter().map(one).collect()
}

/// A page in a browser and on paper, and a PDF, as programs see them that share nothing with ours. With
/// `OTPFERRY_KEEP` naming a folder, what they looked at stays there.
#[test]
fn sheets_are_read_by_others() {
    let missing = match others::python(&["browser/checks.py"]).output() {
        Err(_) => "python3".to_owned(),
        Ok(output) => others::printed("browser/checks.py", output).trim().to_owned(),
    };
    if !missing.is_empty() {
        let line = others::left_out("enrolment sheets in a browser", &missing);
        assert!(std::env::var_os("OTPFERRY_BROWSER").is_none_or(|value| value != "1"), "{line}");
        return;
    }
    let temporary = tempfile::tempdir().unwrap();
    let folder = std::env::var_os("OTPFERRY_KEEP").map_or(temporary.path().to_owned(), Into::into);
    let (accounts, displays) = odd_people();
    let people: Vec<Person<'_>> =
        accounts.iter().zip(&displays).map(|(account, display)| Person { account, display }).collect();
    let handouts = Handout::all(&people).unwrap();
    let wanted = folder.join("expected.json");
    for (paper, name) in [(Paper::A4, "a4"), (Paper::Letter, "letter")] {
        let setting = setting(paper);
        let page = folder.join(format!("{name}.html"));
        std::fs::write(&page, pages(&handouts, &setting).as_str()).unwrap();
        let mut arguments = vec![page, wanted.clone()];
        #[cfg(feature = "pdf")]
        match print(&handouts, &setting) {
            Ok(printed) => {
                let document = folder.join(format!("{name}.pdf"));
                std::fs::write(&document, &*printed.bytes).unwrap();
                arguments.push(document);
            }
            Err(failure) => assert_eq!(failure.exit, Exit::Io),
        }
        let expected = json!({ "paper": name, "sheets": expected(&handouts) });
        std::fs::write(&wanted, expected.to_string()).unwrap();
        let run = others::python(&["browser/handout.py"]).args(arguments).output();
        others::printed("browser/handout.py", run.unwrap());
    }
}
