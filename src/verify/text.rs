//! The certificate for people.

use otpferry_formats::report::Item;

use super::judge::Outcome;
use super::{Certificate, Line, NewName};
use crate::show;

/// The whole text.
pub(crate) fn of(certificate: &Certificate) -> String {
    let mut text = format!(
        "otpferry verify, {}\n  Old: {}\n  New: {}\n",
        certificate.date,
        certificate.old.line(),
        certificate.new.line()
    );
    if !certificate.accounts.is_empty() {
        let rows = certificate.accounts.iter().map(row).collect();
        text.push('\n');
        text.push_str(&show::table(&["account", "result", "compared", "fingerprint"], rows));
    }
    let (differences, notes): (Vec<&Line>, Vec<&Line>) =
        certificate.accounts.iter().partition(|line| line.result.is_difference());
    let notes: Vec<&Line> = notes.into_iter().filter(|line| line.next_step.is_some()).collect();
    show::section(&mut text, "Other codes, or none", &show::lines(&items(&differences)));
    show::section(&mut text, "Please note", &show::lines(&items(&notes)));
    let only_in_new: Vec<String> =
        certificate.only_in_new.iter().map(|extra| show::named(&extra.issuer, &extra.account)).collect();
    show::section(&mut text, "Only in the new list", &only_in_new);
    certificate.old.troubles(&mut text, "old");
    certificate.new.troubles(&mut text, "new");
    text.push_str(&format!("\nResult: {}.\n", certificate.message));
    if certificate.compared.accounts > 0 {
        text.push_str(FINGERPRINTS);
    }
    text
}

/// The same is in `verify --help`.
const FINGERPRINTS: &str = "\
\"Compared\" is the number of times or counters at which the codes of both were computed. A fingerprint
stands for the secret and settings of an account; it does not give them away, and belongs to this result only.
";

fn row(line: &Line) -> Vec<String> {
    let result = match &line.new_name {
        Some(NewName { issuer, account }) => {
            format!("{}, now {}", label(line.result), show::named(issuer, account))
        }
        None => label(line.result).to_owned(),
    };
    let compared = if line.moments > 0 { line.moments.to_string() } else { "-".to_owned() };
    let fingerprint = match (&line.fingerprint, &line.new_fingerprint) {
        (Some(old), Some(new)) if old != new => format!("{old} -> {new}"),
        (Some(one), _) => one.clone(),
        (None, Some(new)) => format!("- -> {new}"),
        (None, None) => "-".to_owned(),
    };
    vec![show::named(&line.issuer, &line.account), result, compared, fingerprint]
}

fn label(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::SameCodes | Outcome::KeptOnce | Outcome::Merged => "same codes",
        Outcome::CounterAhead => "same codes, counter ahead",
        Outcome::CounterFarAhead => "counter far ahead",
        Outcome::SameSettings => "same settings, no PIN",
        Outcome::PerDevice => "own key on each phone",
        Outcome::SetUpAgain => "has codes now",
        Outcome::NameOnly | Outcome::NameMissing => "only a name",
        Outcome::PinUnknown => "PIN in one only",
        Outcome::SecretDiffers => "OTHER SECRET",
        Outcome::SettingsDiffer => "OTHER SETTINGS",
        Outcome::CounterBehind => "COUNTER BEHIND",
        Outcome::SecretLost => "NO SECRET",
        Outcome::MixedUp => "MIXED UP",
        Outcome::Missing => "MISSING",
    }
}

fn items(lines: &[&Line]) -> Vec<Item> {
    let item = |line: &&Line| Item {
        next_step: line.next_step.map(str::to_owned),
        ..Item::new("", line.message.clone()).index(0).named(line.issuer.clone(), line.account.clone())
    };
    lines.iter().map(item).collect()
}
