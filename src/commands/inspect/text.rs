//! What is in the inputs, for people.

use jiff::{Timestamp, Unit};
use otpferry_formats::report::Item;

use super::phone;
use super::{AccountOutput, FileOutput, Output, ProtectionOutput, TargetOutput};
use crate::show;

/// The whole text.
pub(super) fn of(output: &Output) -> String {
    let mut text = String::new();
    for file in &output.files {
        text.push_str(&heading(file));
        if let Some(survey) = &file.phone {
            text.push_str(&phone::lines(survey, file.format));
        }
        if !file.accounts.is_empty() {
            let rows = file.accounts.iter().map(row).collect();
            text.push_str(&show::table(&["issuer", "account", "kind", "settings", "groups"], rows));
        }
        items(&mut text, "Only a name, without codes", &file.name_only);
        items(&mut text, "Cannot be used", &file.skipped);
        items(&mut text, "Please note", &file.warnings);
        risks_of(&mut text, &file.risks);
        text.push('\n');
    }
    together(&mut text, "More than once", &output.duplicates);
    output.targets.iter().for_each(|target| text.push_str(&on_target(target)));
    show::missing(&output.missing_parts).iter().for_each(|line| text.push_str(&format!("{line}\n")));
    together(&mut text, "Please note", &output.warnings);
    text
}

/// What is said about all inputs together.
fn together(text: &mut String, title: &str, items: &[Item]) {
    if !items.is_empty() {
        text.push_str(&format!("{title}:\n"));
        show::lines(items).iter().for_each(|line| text.push_str(&format!("  {line}\n")));
    }
}

fn on_target(target: &TargetOutput) -> String {
    let mut text = format!("{}: shows {} right", target.title, show::count(target.right, "account"));
    match target.at_risk.len() {
        0 => text.push_str(", and none wrong\n"),
        number => text.push_str(&format!("; at risk: {number}\n")),
    }
    show::lines(&target.at_risk).iter().for_each(|line| text.push_str(&format!("  {line}\n")));
    text
}

pub(super) fn heading(file: &FileOutput) -> String {
    let sealed = if file.encrypted { "encrypted" } else { "not encrypted" };
    let mut line = format!(
        "{}\n  {}, {}, {sealed}: {}",
        show::place(&file.path),
        file.title,
        show::clean(&file.variant),
        if file.is_closed {
            "accounts not known".to_owned()
        } else {
            show::count(file.accounts.len(), "account")
        }
    );
    if let Some(protection) = &file.protection {
        let ProtectionOutput { cipher, kdf, strength } = protection;
        line.push_str(&format!("\n  encryption: {strength} ({cipher}, {kdf})"));
    }
    if file.age {
        line.push_str("\n  encryption: strong (age)");
    }
    for (what, time) in [("made", &file.created), ("newest entry", &file.newest)] {
        if let Some(time) = time {
            line.push_str(&format!("\n  {what}: {time} ({})", age_of(time)));
        }
    }
    line + "\n"
}

/// How long ago, roughly.
fn age_of(time: &str) -> String {
    let Ok(time) = time.parse::<Timestamp>() else { return String::new() };
    let hours = Timestamp::now().since((Unit::Hour, time)).map_or(0, |span| span.get_hours());
    match i64::from(hours) / 24 {
        ..0 => "in the future".to_owned(),
        0 => "today".to_owned(),
        1 => "1 day ago".to_owned(),
        days => format!("{days} days ago"),
    }
}

pub(super) fn row(account: &AccountOutput) -> Vec<String> {
    let settings = match (account.algorithm, account.digits) {
        (Some(algorithm), Some(digits)) => {
            let step = match (account.counter, account.period) {
                (Some(counter), _) => format!("counter {counter}"),
                (None, Some(period)) => format!("{period} s"),
                (None, None) => String::new(),
            };
            format!("{algorithm}, {}, {step}", show::count(digits.into(), "digit"))
        }
        _ => String::new(),
    };
    vec![
        show::clean(&account.issuer),
        show::clean(&account.account),
        account.kind.to_owned(),
        settings,
        show::clean(&account.groups.join(", ")),
    ]
}

/// One line for each risk, with the names of all accounts that have it.
fn risks_of(text: &mut String, risks: &[Item]) {
    let (accounts, file): (Vec<Item>, Vec<Item>) = risks.iter().cloned().partition(|r| r.index.is_some());
    items(text, "Risks", &file);
    if file.is_empty() && !accounts.is_empty() {
        text.push_str("Risks:\n");
    }
    let mut messages: Vec<&str> = accounts.iter().map(|risk| risk.message.as_str()).collect();
    messages.sort_unstable();
    messages.dedup();
    for message in messages {
        let same = accounts.iter().filter(|risk| risk.message == message);
        let names: Vec<String> = same.map(|risk| entry(risk, risk.index.unwrap_or_default())).collect();
        text.push_str(&format!("  {}: {message}\n", names.join(", ")));
    }
}

/// An entry of the file that the section is about.
fn entry(item: &Item, index: usize) -> String {
    match (item.issuer.as_str(), item.account.as_str()) {
        ("", "") => format!("entry {}", index + 1),
        (issuer, account) => show::named(issuer, account),
    }
}

fn items(text: &mut String, title: &str, items: &[Item]) {
    if items.is_empty() {
        return;
    }
    text.push_str(&format!("{title}:\n"));
    for (at, item) in items.iter().enumerate() {
        let who = match item.index {
            Some(index) => format!("{}: ", entry(item, index)),
            None if item.file.is_empty() => String::new(),
            None => format!("{}: ", show::place(&item.file)),
        };
        text.push_str(&format!("  {who}{}\n", show::clean(&item.message)));
        // Entries with the same trouble say once what to do.
        let next = items.get(at + 1).and_then(|next| next.next_step.as_ref());
        if let Some(step) = item.next_step.as_ref().filter(|step| next != Some(step)) {
            text.push_str(&format!("    {}.\n", show::clean(step)));
        }
    }
}
