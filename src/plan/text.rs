//! The plan as text.

use std::fmt::Write as _;

use super::{Entry, Plan, Step};
use crate::{explain, show};

/// The whole plan.
pub(crate) fn render(plan: &Plan) -> String {
    if plan.accounts.is_empty() {
        return nothing(plan);
    }
    let mut text = format!("Moving {} to {}\n\n", show::count(plan.accounts.len(), "account"), plan.title);
    text.push_str(&summary(plan));
    for (at, step) in plan.steps.iter().enumerate() {
        section(&mut text, at + 1, step, &plan.accounts);
    }
    remarks(&mut text, plan);
    text
}

/// What is not part of a step.
fn remarks(text: &mut String, plan: &Plan) {
    items(text, "Entries that cannot be used", &show::lines(&plan.unusable));
    items(text, "Please decide", &show::lines(&plan.conflicts));
    items(text, "Missing", &show::missing(&plan.missing_parts));
    items(text, "Please note", &show::lines(&plan.warnings));
    for one in &plan.explained {
        items(text, &one.title(), &explain::lines(&one.explanation));
    }
    if !plan.duplicates.is_empty() {
        let _ = writeln!(text, "\nFound more than once, planned once: {}", plan.duplicates.len());
    }
}

/// The reasons why there is no plan.
fn nothing(plan: &Plan) -> String {
    let mut text = "There is nothing to move: the input holds no accounts.\n".to_owned();
    remarks(&mut text, plan);
    text
}

/// How many accounts go which way.
pub(crate) fn summary(plan: &Plan) -> String {
    plan.summary().map(|(_, count, says)| format!("  {count:>3} {says}\n")).collect()
}

fn section(text: &mut String, number: usize, step: &Step, entries: &[Entry]) {
    let _ = writeln!(text, "\n{number}. {}", show::clean(&step.title));
    for line in &step.says {
        let _ = writeln!(text, "   {}", show::stopped(&show::clean(line)));
    }
    for command in &step.commands {
        let _ = writeln!(text, "\n     {}\n", show::clean(command));
    }
    for entry in entries.iter().filter(|entry| step.accounts.contains(&entry.number)) {
        account(text, step, entry);
    }
    for file in &step.files {
        let _ = writeln!(text, "   [ ] {}", show::clean(file));
    }
    if let Some(stop) = &step.stop {
        let _ = writeln!(text, "   STOP. Go on only when {}.", show::clean(stop));
    }
}

fn account(text: &mut String, step: &Step, entry: &Entry) {
    let _ = writeln!(text, "   [ ] {}. {}", entry.number, show::named(&entry.issuer, &entry.account));
    for line in details(step, entry) {
        let _ = writeln!(text, "         {}", show::stopped(&show::clean(&line)));
    }
}

/// What a step says of one of its accounts.
pub(super) fn details(step: &Step, entry: &Entry) -> Vec<String> {
    // The check repeats names only.
    if step.code == "check" {
        return Vec::new();
    }
    let mut lines: Vec<String> = entry.reason.iter().map(|reason| show::sentence(reason)).collect();
    if !entry.class.moves() {
        lines.extend(Some(entry.what_to_do.clone()).filter(|todo| !step.says.contains(todo)));
        if !entry.other_apps.is_empty() {
            lines.push(format!("Apps that can hold it: {}", entry.other_apps.join(", ")));
        }
        lines.extend(entry.place.iter().map(|place| format!("Where: {place}")));
    }
    lines.extend(entry.warnings.iter().map(|remark| remark.message.clone()));
    lines.extend(entry.notes.iter().cloned());
    lines
}

fn items(text: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{title}:");
    for line in lines {
        let _ = writeln!(text, "  {line}");
    }
}
