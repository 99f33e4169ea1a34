//! The inventory: all accounts without their secrets, to print and put away.

use std::path::Path;

use maud::{Markup, html};
use otpferry_formats::report::Item;

use super::{FileOutput, Output, text};
use crate::failure::{Exit, Failure};
use crate::html::{self, Page};
use crate::show;

const STYLE: &str = include_str!("inventory.css");

/// Whether the name is that of a page.
pub(super) fn is_page(path: &Path) -> bool {
    has_extension(path, "html")
}

/// Refuses names of which it is not clear what is wanted.
pub(super) fn check_name(path: &Path) -> Result<(), Failure> {
    if is_page(path) || has_extension(path, "txt") {
        return Ok(());
    }
    Err(Failure::new(Exit::Usage, "an inventory is a page or a text")
        .in_file(&path.to_string_lossy())
        .next_step("Give it a name that ends in .html or .txt"))
}

fn has_extension(path: &Path, wanted: &str) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(wanted))
}

/// The inventory as a page that needs no script.
pub(super) fn page(output: &Output, date: &str) -> String {
    let accounts = output.files.iter().map(|file| file.accounts.len()).sum();
    let body = html! {
        main {
            h1 { "Inventory of 2FA accounts" }
            p { (show::count(accounts, "account")) ", made at " (date) ". This page holds names and no keys: with it you know what to set up again, and nobody can sign in with it." }
            @for file in &output.files { (section(file)) }
            (list("More than once", &show::lines(&output.duplicates)))
            @for target in &output.targets { (list(&format!("At risk in {}", target.title), &show::lines(&target.at_risk))) }
            (list("Missing", &show::missing(&output.missing_parts)))
            (list("Please note", &show::lines(&output.warnings)))
        }
    };
    Page { title: "Inventory of 2FA accounts", style: STYLE, script: None, body }.render()
}

fn section(file: &FileOutput) -> Markup {
    let heading = text::heading(file);
    let (name, facts) = heading.split_once('\n').unwrap_or((&heading, ""));
    html! {
        section {
            h2 { (html::name(name)) }
            p.facts { (facts.trim()) }
            @if !file.accounts.is_empty() {
                table {
                    thead { tr { th { "Nr" } th { "Issuer" } th { "Account" } th { "Kind" } th { "Settings" } th { "Groups" } th { "Done" } } }
                    tbody {
                        @for (at, account) in file.accounts.iter().enumerate() {
                            tr {
                                td { (at + 1) }
                                @for cell in text::row(account) { td { @if !cell.is_empty() { (html::name(&cell)) } } }
                                td { span.box {} }
                            }
                        }
                    }
                }
            }
            (list("Only a name, without codes", &lines(&file.name_only)))
            (list("Cannot be used", &lines(&file.skipped)))
            (list("Please note", &lines(&file.warnings)))
            (list("Risks", &lines(&file.risks)))
        }
    }
}

fn lines(items: &[Item]) -> Vec<String> {
    show::lines(items)
}

fn list(title: &str, lines: &[String]) -> Markup {
    html! {
        @if !lines.is_empty() {
            h3 { (title) }
            ul {
                @for line in lines {
                    li { @for (at, part) in line.lines().enumerate() { @if at > 0 { br; } (html::name(part.trim())) } }
                }
            }
        }
    }
}
