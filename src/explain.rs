//! What the importers of apps would make of the very files that were given: said, not tried.

use otpferry_formats::targets::{
    self, Explanation, Fate, FileFate, Found, Import, Instead, Means, Opens, Outcome, Remark,
};
use serde::Serialize;

use crate::intake::{File, Intake};
use crate::show;

/// Accounts of one trouble that are named; more are counted.
const NAMED: usize = 5;

/// One file, as one app would read it.
#[derive(Serialize)]
pub(crate) struct Explained {
    /// The file, as the user named it.
    pub(crate) path: String,
    #[serde(flatten)]
    pub(crate) explanation: Explanation,
}

impl Explained {
    /// What the lines are about.
    pub(crate) fn title(&self) -> String {
        format!("What {} itself would make of {}", self.explanation.title, show::place(&self.path))
    }
}

/// Every file that was read, as each of the apps would read it.
pub(crate) fn all(intake: &Intake, apps: &[Found]) -> Vec<Explained> {
    let of_app = |app: &Found| intake.files.iter().map(|file| explained(*app, file)).collect::<Vec<_>>();
    apps.iter().flat_map(of_app).collect()
}

fn explained(app: Found, file: &File) -> Explained {
    let accounts: Vec<_> = file.vault.accounts.iter().collect();
    let explanation = targets::explain(app.target, import(app, file), &accounts);
    Explained { path: file.name.clone(), explanation }
}

/// Links that an app does not read from a file are scanned, each as a QR code.
fn import(app: Found, file: &File) -> Import<'_> {
    let import = Import::of(file.format, file.vault.encrypted);
    let is_read = app.target.opens.iter().flatten().any(|opens| opens.format == file.format);
    match import.format {
        "otpauth" if !is_read => Import { by: Means::Qr, ..import },
        _ => import,
    }
}

/// The explanation in plain words, one line for each thing that happens.
pub(crate) fn lines(explanation: &Explanation) -> Vec<String> {
    let mut lines = vec![of_file(explanation)];
    let mut groups: Vec<(String, Vec<&Fate>)> = Vec::new();
    for fate in &explanation.accounts {
        let Some(what) = what(fate, explanation) else { continue };
        match groups.iter_mut().find(|(other, _)| *other == what) {
            Some((_, fates)) => fates.push(fate),
            None => groups.push((what, vec![fate])),
        }
    }
    lines.extend(groups.iter().map(|(what, fates)| format!("{}: {what}", names(fates))));
    lines.extend(explanation.remarks.iter().map(|remark| show::clean(&remark.message)));
    lines
}

fn of_file(explanation: &Explanation) -> String {
    let (right, all) = (explanation.right(), explanation.accounts.len());
    match &explanation.file {
        FileFate::NotOpened { opens, reason } => format!("{}. {}", reason.message, read_instead(opens)),
        FileFate::Unknown { reason } => reason.message.clone(),
        FileFate::Refused { by, reason } => {
            let name = explanation.accounts.get(*by).map(name).unwrap_or_default();
            format!("Nothing of the file comes in, because of {name}: {}", reason.message)
        }
        FileFate::Opened if all == 0 => "There is no account in the file".to_owned(),
        FileFate::Opened if right == all => {
            format!("{} and shows right codes, as far as is known", come_in(all))
        }
        FileFate::Opened => {
            format!("{right} of {} come in and show right codes", show::count(all, "account"))
        }
    }
}

fn come_in(accounts: usize) -> String {
    match accounts {
        1 => "The account comes in".to_owned(),
        _ => format!("Each of the {accounts} accounts comes in"),
    }
}

fn read_instead(opens: &[Opens]) -> String {
    let names: Vec<String> = opens.iter().cloned().map(String::from).collect();
    match names.as_slice() {
        [] => "It reads no files at all".to_owned(),
        names => format!("It reads: {}", names.join(", ")),
    }
}

fn name(fate: &Fate) -> String {
    show::named(&fate.issuer, &fate.account)
}

fn names(fates: &[&Fate]) -> String {
    let mut names: Vec<String> = fates.iter().take(NAMED).map(|fate| name(fate)).collect();
    let more = fates.len().saturating_sub(NAMED);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    show::listed(&names)
}

/// What happens to accounts and why, in words for one and for many; `None` where nothing is to be said, or the line
/// about the file says it.
fn what(fate: &Fate, explanation: &Explanation) -> Option<String> {
    let name_of = |index: usize| explanation.accounts.get(index).map(name).unwrap_or_default();
    let what = match &fate.outcome {
        Outcome::FileNotRead => return None,
        Outcome::Right if fate.reasons.is_empty() => return None,
        Outcome::Right => "right, but note".to_owned(),
        Outcome::Changed => "changed".to_owned(),
        Outcome::NameCut { issuer_there, account_there } => {
            format!("called {} there", show::named(issuer_there, account_there))
        }
        Outcome::WrongCodes { instead } => format!("wrong codes{}", with(instead)),
        Outcome::Merged { into } => format!("merged into {}", name_of(*into)),
        Outcome::LeftOut => "left out".to_owned(),
        Outcome::Lost { stopped_at } => {
            format!("left out, because the import stops at {}", name_of(*stopped_at))
        }
        Outcome::NotShown => "no right codes".to_owned(),
        Outcome::Unknown => "not known".to_owned(),
        Outcome::NoSecret => return Some("nothing to take in, because the file has no secret".to_owned()),
    };
    Some(format!("{what}. {}", because(&fate.reasons)))
}

fn because(reasons: &[Remark]) -> String {
    let mut texts: Vec<String> = reasons.iter().map(|reason| show::clean(&reason.message)).collect();
    texts.dedup();
    texts.join(". ")
}

/// ` (6 digits, 30 seconds)`.
fn with(instead: &Instead) -> String {
    let facts = [
        instead.kind.as_ref().map(|kind| format!("as {kind}")),
        instead.algorithm.clone(),
        instead.digits.map(|digits| format!("{digits} digits")),
        instead.period.map(|period| format!("every {period} seconds")),
        instead.counter.map(|counter| format!("from counter {counter}")),
    ];
    let facts: Vec<String> = facts.into_iter().flatten().collect();
    if facts.is_empty() { String::new() } else { format!(" ({})", facts.join(", ")) }
}
