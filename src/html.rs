//! Pages that stand alone: one file, nothing loaded from anywhere, nothing sent.

use data_encoding::BASE64;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use crate::draw::Qr;

/// A page to be.
pub(crate) struct Page<'a> {
    pub(crate) title: &'a str,
    pub(crate) style: &'a str,
    /// What the page does beyond being read.
    pub(crate) script: Option<&'a str>,
    pub(crate) body: Markup,
}

impl Page<'_> {
    /// The whole page. Its policy lets it run this script and this style and nothing else, load
    /// nothing, and send nothing.
    pub(crate) fn render(self) -> String {
        let policy = format!(
            "default-src 'none'; style-src {}; script-src {}; img-src data:; base-uri 'none'; form-action 'none'",
            hash(self.style),
            self.script.map_or_else(|| "'none'".to_owned(), hash)
        );
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(policy);
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="referrer" content="no-referrer";
                    meta name="robots" content="noindex";
                    title { (self.title) }
                    style { (PreEscaped(self.style)) }
                }
                body {
                    (self.body)
                    @if let Some(script) = self.script {
                        script { (PreEscaped(script)) }
                    }
                }
            }
        };
        page.into_string()
    }
}

/// How a policy names a text that it allows.
fn hash(text: &str) -> String {
    format!("'sha256-{}'", BASE64.encode(&Sha256::digest(text)))
}

/// A name of unknown origin, kept from turning the text around it.
pub(crate) fn name(text: &str) -> Markup {
    html! { bdi { (crate::show::clean(text)) } }
}

/// A QR code. Width and height are those on paper; the style has others for the screen.
pub(crate) fn code(qr: &Qr, name: &str) -> Markup {
    let (side, hundredths) = (qr.side(), qr.on_paper());
    let paper = format!("{}.{:02}mm", hundredths / 100, hundredths % 100);
    html! {
        svg.qr viewBox=(format!("0 0 {side} {side}")) width=(paper) height=(paper) role="img" aria-label={ "QR code: " (name) } {
            rect width=(side) height=(side) fill="#fff" {}
            path d=(qr.path().as_str()) {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_text_and_the_policy_knows_the_parts() {
        let body = name("<script>alert(1)</script>\u{202e}&\"");
        let page = Page { title: "<t>", style: "body{}", script: None, body }.render();
        assert!(page.contains("<bdi>&lt;script&gt;alert(1)&lt;/script&gt;\u{fffd}&amp;&quot;</bdi>"));
        assert!(page.contains("<title>&lt;t&gt;</title>"));
        // printf 'body{}' | openssl dgst -sha256 -binary | base64
        assert!(
            page.contains(
                "style-src 'sha256-fJgEClQWV1hGkK4qHMO0KotTsVnMYMXTq7/suurGyUo='; script-src 'none'"
            ),
            "{page}"
        );
    }
}
