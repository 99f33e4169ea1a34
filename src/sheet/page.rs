//! The sheet as a page.

use maud::html;
use zeroize::Zeroizing;

use super::{Card, Content, Sheet};
use crate::html::{self, Page};

const STYLE: &str = include_str!("page.css");

/// The whole page.
pub(crate) fn render(sheet: &Sheet) -> Zeroizing<String> {
    let body = html! {
        h1 { "Your accounts" }
        @for card in &sheet.cards { (figure(card)) }
    };
    Zeroizing::new(Page { title: "Your accounts", style: STYLE, script: None, body }.render())
}

fn figure(card: &Card) -> maud::Markup {
    let side = card.qr.side();
    let names = match &card.content {
        Content::One(account) => vec![(&account.issuer, &account.name)],
        Content::Several(accounts) => {
            accounts.iter().map(|account| (&account.issuer, &account.name)).collect()
        }
    };
    html! {
        figure {
            svg viewBox=(format!("0 0 {side} {side}")) role="img" aria-label="QR code" {
                path d=(card.qr.path().as_str()) {}
            }
            figcaption {
                @for (issuer, name) in names { p { (html::name(issuer)) " " (html::name(name)) } }
            }
        }
    }
}
