//! The differences for people.

use super::{Change, Line, Name, Output};
use crate::show;

/// The whole text.
pub(super) fn of(output: &Output) -> String {
    let mut text = format!("Old: {}\nNew: {}\n", output.old.line(), output.new.line());
    for (what, old, new) in [
        ("made", &output.old.created, &output.new.created),
        ("newest entry", &output.old.newest, &output.new.newest),
    ] {
        let time = |time: &Option<String>| time.clone().unwrap_or_else(|| "not known".to_owned());
        if old.is_some() || new.is_some() {
            text.push_str(&format!("  {what}: {} (old), {} (new)\n", time(old), time(new)));
        }
    }
    show::section(&mut text, "WATCH OUT", &show::lines(&output.alarms));
    section(&mut text, "Only in the old one", &output.removed, twin);
    section(&mut text, "Only in the new one", &output.added, twin);
    section(&mut text, "Renamed", &output.renamed, |line| format!(" -> {}", other_name(line)));
    section(&mut text, "Another secret", &output.secret_changed, |line| {
        line.remark.map(|remark| format!(": {remark}")).unwrap_or_default()
    });
    section(&mut text, "Other settings", &output.parameters_changed, changes);
    section(&mut text, "Other details", &output.details_changed, changes);
    section(&mut text, "Moved in the order", &output.moved, |line| {
        format!(": from place {} to {}", line.place + 1, line.new_place.unwrap_or_default() + 1)
    });
    output.old.troubles(&mut text, "old");
    output.new.troubles(&mut text, "new");
    let same = show::count(output.same, "account");
    text.push_str(&format!("\nThe same in both: {same}\n"));
    text
}

fn section(text: &mut String, title: &str, lines: &[Line], more: impl Fn(&Line) -> String) {
    let line = |line: &Line| format!("{}{}", show::named(&line.issuer, &line.account), more(line));
    show::section(text, title, &lines.iter().map(line).collect::<Vec<_>>());
}

fn twin(line: &Line) -> String {
    match &line.other_name {
        Some(Name { issuer, account }) if (issuer, account) == (&line.issuer, &line.account) => {
            ": the other one has it fewer times".to_owned()
        }
        Some(_) => format!(": the other one has its codes as {}", other_name(line)),
        None => String::new(),
    }
}

fn other_name(line: &Line) -> String {
    line.other_name.as_ref().map(|name| show::named(&name.issuer, &name.account)).unwrap_or_default()
}

fn changes(line: &Line) -> String {
    let value = |value: &str| if value.is_empty() { "none".to_owned() } else { show::clean(value) };
    let change = |change: &Change| match (&change.old, &change.new) {
        (Some(old), Some(new)) => format!("{} {} -> {}", change.field, value(old), value(new)),
        _ => change.field.to_owned(),
    };
    let changes: Vec<String> = line.changes.iter().map(change).collect();
    format!(": {}", changes.join("; "))
}
