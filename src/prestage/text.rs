//! What a run came to, for people.

use std::fmt::Write as _;

use super::job::Job;
use super::report::{Outcome, Report};
use crate::show;

/// Names that are listed before the rest is only counted.
const MOST_LISTED: usize = 20;

/// In the order of importance.
const ORDER: &[(Outcome, &str)] = &[
    (Outcome::Staged, "New accounts"),
    (Outcome::NameOfOther, "New accounts under login names of others"),
    (Outcome::Reissued, "New secrets in place of old ones"),
    (Outcome::Kept, "Kept as they were"),
    (Outcome::Renamed, "Renamed, with the same secret"),
    (Outcome::Withdrawn, "Not to be used any more"),
    (Outcome::Delivered, "Handed out"),
    (Outcome::LeftOut, "Left out"),
    (Outcome::Refused, "Not taken by a server"),
    (Outcome::Gone, "Not on the roster any more"),
];

pub(super) fn of(report: &Report, job: &Job<'_>) -> String {
    let mut text = String::new();
    if report.dry_run {
        text.push_str("A rehearsal: nothing was made or written.\n");
    }
    for (outcome, title) in ORDER {
        let number = report.number_of(*outcome);
        if number > 0 {
            let _ = writeln!(text, "{title}: {number}");
            list(&mut text, report, *outcome);
        }
    }
    if report.people.is_empty() {
        text.push_str("There is nobody to stage.\n");
    }
    for item in &report.warnings {
        let step =
            item.next_step.as_deref().map(|step| format!(". {}", show::stopped(step))).unwrap_or_default();
        let who = if item.account.is_empty() { String::new() } else { format!("{}: ", show::subject(item)) };
        let _ = writeln!(text, "Note: {who}{}{step}", show::clean(&item.message));
    }
    if !report.dry_run {
        files(&mut text, report);
        next(&mut text, report, job);
    }
    text
}

/// Names and reasons, where there is one.
fn list(text: &mut String, report: &Report, outcome: Outcome) {
    let with_reason = || report.people.iter().filter(|row| row.outcome == outcome && !row.reason.is_empty());
    for row in with_reason().take(MOST_LISTED) {
        let _ = writeln!(text, "  {}: {}", show::clean(&row.account), show::clean(&row.reason));
    }
    let rest = with_reason().count().saturating_sub(MOST_LISTED);
    if rest > 0 {
        let _ = writeln!(text, "  and {rest} more: see report.csv");
    }
}

fn files(text: &mut String, report: &Report) {
    text.push_str("\nFiles\n");
    for file in report.files.iter().take(MOST_LISTED) {
        let how = if file.encrypted { "encrypted" } else { "not encrypted" };
        let accounts = show::count(file.accounts, "account");
        let _ = writeln!(text, "  {} ({accounts}, {how})", file.path.display());
    }
    let rest = report.files.len().saturating_sub(MOST_LISTED);
    if rest > 0 {
        let _ = writeln!(text, "  and {rest} more");
    }
    if report.files.is_empty() {
        let kept = [Outcome::Kept, Outcome::Renamed].iter().any(|outcome| report.number_of(*outcome) > 0);
        text.push_str(match kept && report.number_of(Outcome::Refused) == 0 {
            true => "  none: everybody is in a file of an earlier run; --all writes them again\n",
            false => "  none\n",
        });
    }
    let _ = writeln!(
        text,
        "  {} ({}, encrypted: keep it, with a copy elsewhere)",
        report.ledger.display(),
        if report.is_new_ledger { "a new ledger" } else { "the ledger" }
    );
}

fn next(text: &mut String, report: &Report, job: &Job<'_>) {
    if report.files.is_empty() {
        return;
    }
    text.push_str("\nWhat to do now\n");
    let mut helps: Vec<&str> =
        report.files.iter().map(|file| file.help).filter(|help| !help.is_empty()).collect();
    helps.dedup();
    let folder = job.folder.display();
    let mut steps: Vec<String> = helps.into_iter().map(show::stopped).collect();
    if !job.sheets.is_empty() {
        steps.push("Print the sheets, and hand each to its person and nobody else.".to_owned());
    }
    steps.push(format!(
        "Destroy {folder} when the accounts work: its files hold everybody's keys. Deleting does not wipe a disk."
    ));
    for (number, step) in (1..).zip(steps) {
        let _ = writeln!(text, "  {number}. {step}");
    }
}
