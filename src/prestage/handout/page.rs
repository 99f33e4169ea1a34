//! Enrolment sheets as a page: one person after the other, on paper one sheet each.

use maud::{Markup, PreEscaped, html};
use rayon::prelude::*;
use zeroize::Zeroizing;

use super::{Advice, Advices, DESTROY, FOLD, Handout, NO_CAMERA, PRIVATE, Setting, date, title};
use crate::cli::Paper;
use crate::html::{self, Page};

const STYLE: &str = include_str!("handout.css");

/// The page of one person.
pub(crate) fn page(handout: &Handout<'_>, setting: &Setting<'_>) -> Zeroizing<String> {
    pages(std::slice::from_ref(handout), setting)
}

/// One page of everyone, with a new sheet of paper for each.
pub(crate) fn pages(handouts: &[Handout<'_>], setting: &Setting<'_>) -> Zeroizing<String> {
    let advices = Advices::of(handouts, setting);
    let issued = date(setting.issued);
    let person = |handout| person(handout, setting, &issued, advices.get(handout)).into_string();
    let people: Zeroizing<String> = Zeroizing::new(handouts.par_iter().map(person).collect());
    let body = html! { main { (PreEscaped(people.as_str())) } };
    let title = if handouts.len() == 1 { "Enrolment sheet" } else { "Enrolment sheets" };
    // What is left of the paper between margins of 15 mm, and a little for rounding.
    let (size, height) = match setting.paper {
        Paper::A4 => ("A4", 266),
        Paper::Letter => ("letter", 248),
    };
    let style =
        format!("{STYLE}@media print {{ @page {{ size: {size}; }} .person {{ height: {height}mm; }} }}\n");
    Zeroizing::new(Page { title, style: &style, script: None, body }.render())
}

fn person(handout: &Handout<'_>, setting: &Setting<'_>, issued: &str, advice: Option<&Advice>) -> Markup {
    html! {
        article.person {
            header {
                p.service { (html::name(&title(handout.account))) }
                h1 { (html::name(handout.title())) }
                dl {
                    @for (label, text) in handout.facts() { div { dt { (label) } dd { (html::name(text)) } } }
                    div { dt { "Issued" } dd { (issued) } }
                    @if let Some(help) = setting.help { div { dt { "Help" } dd { (html::name(help)) } } }
                }
            }
            @if let Some(advice) = advice {
                ol { @for step in &advice.steps { li { (step) } } }
                div.apps { @for sentence in advice.about_apps() { p { (sentence) } } }
            }
            div.flap {
                p.fold { (FOLD) }
                (html::code(&handout.card.qr, "your account"))
                div.beside {
                    p.private { (PRIVATE) }
                    p { (NO_CAMERA) }
                    p.key { (handout.key().as_str()) }
                    p.kind { (handout.kind()) }
                    p.destroy { (DESTROY) }
                }
            }
        }
    }
}
