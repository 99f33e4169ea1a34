//! The plan as a page to read, tick and print. It needs no script.

use maud::{Markup, html};

use super::text::details;
use super::{Class, Entry, Plan, Step};
use crate::html::{self, Page};
use crate::{explain, show};

const STYLE: &str = include_str!("page.css");

/// The whole page.
pub(crate) fn render(plan: &Plan) -> String {
    let title = format!("Moving to {}", plan.title);
    let body = html! {
        main {
            header {
                h1 { (title) }
                p.lead { (show::count(plan.accounts.len(), "account")) ", one step after the other." }
                (summary(plan))
                p.quiet {
                    "This page holds names and no keys. Ticks are kept while it is open; print it to keep them."
                }
            }
            ol.steps { @for step in &plan.steps { (section(step, &plan.accounts)) } }
            (items("Entries that cannot be used", &show::lines(&plan.unusable)))
            (items("Please decide", &show::lines(&plan.conflicts)))
            (items("Missing", &show::missing(&plan.missing_parts)))
            (items("Please note", &show::lines(&plan.warnings)))
            @for one in &plan.explained { (items(&one.title(), &explain::lines(&one.explanation))) }
        }
    };
    Page { title: &title, style: STYLE, script: None, body }.render()
}

fn summary(plan: &Plan) -> Markup {
    html! {
        ul.summary {
            @for (class, count, says) in plan.summary() {
                li class=(mark(class)) { strong { (count) } " " (says) }
            }
        }
    }
}

/// Colours say what words say as well.
fn mark(class: Class) -> &'static str {
    match class {
        Class::FileImport | Class::Scan => "good",
        Class::PerDevice | Class::SignInAgain | Class::AdminMustAct => "act",
        Class::CannotMove => "bad",
    }
}

fn section(step: &Step, entries: &[Entry]) -> Markup {
    html! {
        li {
            h2 { (step.title) }
            @for line in &step.says { p { (show::stopped(line)) } }
            @for command in &step.commands { pre { code { (show::clean(command)) } } }
            @if !step.accounts.is_empty() {
                ul.accounts {
                    @for entry in entries.iter().filter(|entry| step.accounts.contains(&entry.number)) {
                        (account(step, entry))
                    }
                }
            }
            @if !step.files.is_empty() {
                ul.accounts {
                    @for file in &step.files {
                        li { label { input type="checkbox"; span { (html::name(file)) } } }
                    }
                }
            }
            @if let Some(stop) = &step.stop {
                p.stop {
                    label { input type="checkbox"; span { strong { "Stop. " } "Go on only when " (show::stopped(stop)) } }
                }
            }
        }
    }
}

fn account(step: &Step, entry: &Entry) -> Markup {
    let details = details(step, entry);
    html! {
        li {
            label {
                input type="checkbox";
                span.number { (entry.number) "." }
                span.names {
                    @match (entry.issuer.as_str(), entry.account.as_str()) {
                        ("", "") => { "an account without a name" }
                        ("", name) | (name, "") => { b { (html::name(name)) } }
                        (issuer, name) => { b { (html::name(issuer)) } " " (html::name(name)) }
                    }
                }
            }
            @if !details.is_empty() {
                div.details { @for line in &details { p { (show::stopped(&show::clean(line))) } } }
            }
        }
    }
}

fn items(title: &str, lines: &[String]) -> Markup {
    html! {
        @if !lines.is_empty() {
            section.items {
                h2 { (title) }
                ul { @for line in lines { li { (line) } } }
            }
        }
    }
}
