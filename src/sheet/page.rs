//! The sheet as a page: one code at a time on a screen, all of them on paper.
//!
//! The page is whole without its script, which shows the codes one by one and works out what the new
//! phone has to show. Marks are kept in the address of the page, as numbers behind `#`: a browser may keep
//! what a page stores for good, and names or keys must not stay there.

use data_encoding::HEXLOWER;
use maud::{Markup, html};
use otpferry_formats::model::{Account, Algorithm, Otp};
use otpferry_formats::report::Item;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::card::{WIDEST_BESIDE_TEXT, names, settings};
use super::{Card, Content, Sheet};
use crate::cli::Paper;
use crate::html::{self, Page};
use crate::show;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The whole page. Without a size of paper it takes that of the printer.
pub(crate) fn render(sheet: &Sheet, paper: Option<Paper>) -> Zeroizing<String> {
    let total = sheet.cards.len();
    let slides = html! {
        (start(sheet))
        @for (index, card) in sheet.cards.iter().enumerate() { (self::card(card, index + 1, total)) }
        (end(sheet))
    };
    let body = html! {
        p.private { "This page holds your keys. " span { "Keep it to yourself. " } "Delete it when done." }
        main data-sheet=(fingerprint(&slides)) { (slides) }
        (bar())
        (list())
        p.unseen role="status" {}
    };
    let style = match paper {
        Some(Paper::A4) => STYLE.to_owned() + "@page { size: A4; }",
        Some(Paper::Letter) => STYLE.to_owned() + "@page { size: letter; }",
        None => STYLE.to_owned(),
    };
    Zeroizing::new(Page { title: "Accounts to scan", style: &style, script: Some(SCRIPT), body }.render())
}

/// Tells this sheet from one that takes its place: marks of the other must not show up here.
fn fingerprint(slides: &Markup) -> String {
    let hash = Sha256::digest(slides.0.as_bytes());
    HEXLOWER.encode(hash.get(..4).unwrap_or_default())
}

fn start(sheet: &Sheet) -> Markup {
    let is_transfer = sheet.cards.iter().any(|card| matches!(card.content, Content::Several(_)));
    let (codes, left_out) = (sheet.cards.len(), sheet.left_out.len());
    html! {
        section.slide.text #start {
            h1 { "Move your accounts to your new phone" }
            @if codes == 0 {
                p.lead { "There is no code to scan here." }
            } @else if is_transfer {
                p.lead { (show::count(sheet.accounts(), "account")) " in " (show::count(codes, "QR code")) "." }
                ol {
                    li { "On the new phone, open Google Authenticator. In its menu choose " b { "Transfer accounts" } ", then " b { "Import accounts" } "." }
                    li { "Scan the codes, one after the other, until the app has all of them." }
                    li { "Compare the codes on the phone with those on this page." }
                }
            } @else {
                p.lead { (show::count(codes, "account")) ", each with a QR code of its own." }
                ol {
                    li { "On the new phone, open your authenticator app and let it scan a QR code: most have a " b { "+" } " for that." }
                    li { "Scan the code on this page. It is one account." }
                    li { "Compare: the phone has to show the same code as this page. Then tick the account and go on." }
                }
            }
            @if left_out > 0 {
                p { b { (show::count(left_out, "account")) } @if left_out == 1 { " has" } @else { " have" } " no code here. The last page says why, and what to do." }
            }
            div.warning {
                h2 { "This page holds your keys" }
                p { "Whoever has it can sign in with your codes. Do not mail it, do not put it into a cloud folder, and let nobody photograph it." }
                p { "Keep the old phone until every account works on the new one. Then delete this page, and destroy it if it is on paper." }
            }
            @if codes > 0 { button #print.scripted type="button" { "Print all codes instead" } }
        }
    }
}

fn card(card: &Card, number: usize, total: usize) -> Markup {
    match &card.content {
        Content::One(account) => html! {
            article.slide.card.wide[card.qr.on_paper() > WIDEST_BESIDE_TEXT] {
                header {
                    p.place { (number) " of " (total) }
                    (title(account))
                }
                (html::code(&card.qr, &show::name_of(account)))
                div.beside {
                    (live(account))
                    (tick("It is on my new phone"))
                    (remark(account))
                    (disclosure("Cannot scan? Type the key", number))
                    div.typed #{ "key-" (number) } { (typed(account)) }
                }
            }
        },
        Content::Several(accounts) => html! {
            article.slide.card.several {
                header {
                    h2 { "Part " (number) " of " (total) }
                    p.user { "Google Authenticator: Transfer accounts › Import accounts › Scan" }
                }
                (html::code(&card.qr, &format!("part {number} of {total}")))
                div.beside {
                    ol.held { @for account in accounts { li { (line(account)) (code(account)) } } }
                    (tick("They are on my new phone"))
                    (disclosure("Cannot scan? Type the keys", number))
                    div.typed #{ "key-" (number) } {
                        @for account in accounts { (line(account)) (typed(account)) }
                    }
                }
            }
        },
    }
}

fn title(account: &Account) -> Markup {
    let (first, second) = names(account);
    html! {
        h2 { (html::name(first)) }
        p.user { (html::name(second)) }
    }
}

fn line(account: &Account) -> Markup {
    let (first, second) = names(account);
    html! { p.line { b { (html::name(first)) } " " (html::name(second)) } }
}

fn tick(text: &str) -> Markup {
    html! {
        label.tick { input type="checkbox" autocomplete="off"; span { (text) } }
    }
}

fn disclosure(text: &str, number: usize) -> Markup {
    html! {
        button.disclosure.scripted type="button" aria-expanded="false" aria-controls={ "key-" (number) } { (text) }
    }
}

/// What the phone has to show, where the script runs.
fn live(account: &Account) -> Markup {
    let is_counted = matches!(account.otp(), Some(Otp::Hotp { .. }));
    html! {
        div.live.scripted {
            p.caption {
                @if is_counted { "Your new phone shows first" } @else { "Your new phone shows" }
                span.seconds {}
            }
            (code(account))
            @if !is_counted && hash(account).is_some() { div.timer { span.left {} } }
        }
    }
}

/// What to do when the phone does not show it.
fn remark(account: &Account) -> Markup {
    let text = match account.otp() {
        Some(Otp::Hotp { .. }) => {
            "This account counts its codes. Once the new phone has shown this one, use only the new phone for it."
        }
        _ if hash(account).is_some() => {
            "The phone shows another code? Wait for the next one, then check the clocks of both."
        }
        _ => return html! {},
    };
    html! { p.remark.scripted { (text) } }
}

/// The code, as the script fills it in from what it needs to know; or why there is none.
fn code(account: &Account) -> Markup {
    let Some((otp, hash)) = account.otp().zip(hash(account)) else {
        return html! { p.none.scripted { (no_code(account)) } };
    };
    let pin = match otp {
        Otp::Yandex { pin, .. } => pin.as_ref().map(|pin| pin.expose()),
        _ => None,
    };
    html! {
        // No `output`: a screen reader would say every new code aloud.
        div.code.scripted data-kind=(otp.kind().name()) data-key=(otp.secret().to_base32().as_str()) data-hash=(hash)
            data-digits=(otp.digits()) data-period=[otp.period()] data-counter=[otp.counter()] data-pin=[pin] {}
    }
}

/// The name by which browsers know the hash, if they can work out the codes of this account.
fn hash(account: &Account) -> Option<&'static str> {
    let otp = account.otp()?;
    match otp {
        Otp::Motp { .. } | Otp::Yandex { pin: None, .. } => None,
        _ => match otp.algorithm() {
            Algorithm::Sha1 => Some("SHA-1"),
            Algorithm::Sha256 => Some("SHA-256"),
            Algorithm::Sha384 => Some("SHA-384"),
            Algorithm::Sha512 => Some("SHA-512"),
            // Web Cryptography API, section 18: no other hash.
            Algorithm::Md5 | Algorithm::Sha224 => None,
        },
    }
}

fn no_code(account: &Account) -> String {
    match account.otp() {
        Some(Otp::Yandex { .. }) => {
            "To show a code, this page would need your PIN, which it has not. Compare with the old phone."
                .to_owned()
        }
        Some(otp) => {
            let kind = match otp {
                Otp::Motp { .. } => "mOTP",
                _ => otp.algorithm().name(),
            };
            format!("A browser cannot work out codes of this kind ({kind}). Compare with the old phone.")
        }
        None => String::new(),
    }
}

/// Everything that has to be typed where the code cannot be scanned.
fn typed(account: &Account) -> Markup {
    let settings = account.otp().map(settings).unwrap_or_default();
    let Some((key, others)) = settings.split_first() else { return html! {} };
    html! {
        dl {
            div.whole { dt { (key.label) } dd.key { (key.value.as_str()) } }
            @for setting in others { div { dt { (setting.label) } dd { (setting.value.as_str()) } } }
        }
    }
}

fn end(sheet: &Sheet) -> Markup {
    html! {
        section.slide.text.apart[!sheet.left_out.is_empty()] #end {
            h1 { "Before you put the old phone away" }
            div.scripted #open {}
            @if !sheet.left_out.is_empty() {
                h2 { "Not on this page: " (show::count(sheet.left_out.len(), "account")) }
                ul.left-out { @for item in &sheet.left_out { (left_out(item)) } }
            }
            h2 { "To finish" }
            ol {
                li { "Sign in with a code of the new phone, to the accounts that you cannot do without." }
                li { "Keep the old phone until every account works on the new one." }
                li { "Then delete this page and empty the recycle bin; tear up what you printed." }
            }
        }
    }
}

fn left_out(item: &Item) -> Markup {
    html! {
        li {
            p { b { bdi { (show::subject(item)) } } }
            p { (sentence(&item.message)) }
            @if let Some(step) = &item.next_step { p { (sentence(step)) } }
        }
    }
}

fn sentence(text: &str) -> String {
    show::stopped(&show::clean(text))
}

/// Where one is, and the way on.
fn bar() -> Markup {
    html! {
        nav.scripted aria-label="Accounts" {
            button #back type="button" { "‹ Back" }
            button #where type="button" aria-haspopup="dialog" { span #place {} " " span #ticked {} }
            button #next type="button" { "Next ›" }
        }
    }
}

/// All accounts, to go to one of them.
fn list() -> Markup {
    html! {
        dialog #list aria-label="All accounts" {
            div.find {
                input type="search" placeholder="Find by name" aria-label="Find by name" autocomplete="off" spellcheck="false";
                button #close type="button" { "Close" }
            }
            ol #found {}
        }
    }
}

#[cfg(test)]
mod tests {
    use otpferry_formats::model::{Credential, Digits, Period, Secret, SecretText};

    use super::*;
    use crate::sheet::Packing;

    fn secret() -> Secret {
        Secret::new(b"12345678901234567890".to_vec()).unwrap()
    }

    fn totp(issuer: &str, name: &str) -> Account {
        let (algorithm, digits, period) = (Algorithm::Sha1, Digits::SIX, Period::THIRTY);
        let otp = Otp::Totp { secret: secret(), algorithm, digits, period };
        Account::new(Credential::Otp(otp), issuer, name)
    }

    fn page(accounts: Vec<Account>) -> String {
        render(&Sheet::of(accounts, Packing::Single).unwrap(), None).to_string()
    }

    #[test]
    fn a_card_has_names_code_and_key() {
        let page = page(vec![totp("Acme", "maria")]);
        assert!(page.contains("<h2><bdi>Acme</bdi></h2><p class=\"user\"><bdi>maria</bdi></p>"));
        assert!(page.contains("GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"));
        assert!(page.contains(
            "data-kind=\"totp\" data-key=\"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\" data-hash=\"SHA-1\" \
             data-digits=\"6\" data-period=\"30\">"
        ));
        // The policy of the page forbids styles in attributes.
        assert!(!page.contains(" style="));
    }

    #[test]
    fn names_become_neither_markup_nor_attributes() {
        let evil = "\" onload=\"x\" style='y'><script>alert(1)</script>\u{202e}";
        let page = page(vec![totp(evil, evil)]);
        assert!(!page.contains("<script>alert") && !page.contains('\u{202e}'));
        assert_eq!(page.matches("<script>").count(), 1);
        assert!(page.contains("&quot; onload=&quot;x&quot;"));
    }

    #[test]
    fn a_module_on_paper_is_wide_enough_and_the_code_fits_on_it() {
        for (name, least) in [("maria", 45.0), (&"n".repeat(2200), 140.0)] {
            let sheet = Sheet::of(vec![totp("Acme", name)], Packing::Single).unwrap();
            let markup = html::code(&sheet.cards[0].qr, "").into_string();
            let (_, width) = markup.split_once(" width=\"").unwrap();
            let width: f64 = width.split_once("mm\"").unwrap().0.parse().unwrap();
            assert!(width / sheet.cards[0].qr.side() as f64 >= 0.7, "{width}");
            // Letter paper between its margins is 185 mm wide.
            assert!((least..=180.0).contains(&width), "{width}");
        }
    }

    #[test]
    fn what_a_browser_cannot_work_out_is_said() {
        let otp = Otp::Motp { secret: secret(), pin: Some(SecretText::new("1234")) };
        let page = page(vec![Account::new(Credential::Otp(otp), "Acme", "")]);
        assert!(page.contains("codes of this kind (mOTP). Compare with the old phone."));
        assert!(page.contains("<dd>1234</dd>") && page.contains("3132 3334 3536 3738 3930"));
        assert!(!page.contains("data-key="));
    }

    #[test]
    fn accounts_without_a_code_are_listed_with_what_to_do() {
        let reason = "it is approved with a tap".to_owned();
        let page = page(vec![Account::new(Credential::NameOnly { reason }, "Contoso", "maria")]);
        assert!(page.contains("There is no code to scan here."));
        assert!(
            page.contains("<b><bdi>Contoso (maria)</bdi></b>") && page.contains("it is approved with a tap.")
        );
    }

    #[test]
    fn another_sheet_has_another_fingerprint() {
        let fingerprint = |page: &str| {
            let (_, rest) = page.split_once("<main data-sheet=\"").unwrap();
            rest.split_once('"').unwrap().0.to_owned()
        };
        let (one, other) = (page(vec![totp("Acme", "maria")]), page(vec![totp("Acme", "ole")]));
        assert_eq!(fingerprint(&one).len(), 8);
        assert_ne!(fingerprint(&one), fingerprint(&other));
    }
}
