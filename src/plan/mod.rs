//! The plan of a move: what becomes of every account, and what to do in which order.
//!
//! A [`Plan`] is the same whatever it becomes: text, JSON or a page. It holds names and no secrets.

mod classify;
pub(crate) mod page;
mod steps;
pub(crate) mod text;

use std::collections::BTreeMap;

use jiff::Timestamp;
use otpferry_formats::model::merge::MissingPart;
use otpferry_formats::phone::{IOS_BACKUP, LEFT_ON_PHONE};
use otpferry_formats::report::Item;
use otpferry_formats::targets::{Found, Remark, Route};
use serde::Serialize;

use crate::cli::MaxAge;
use crate::explain::Explained;
use crate::intake::{Contents, Intake};
use crate::report::{self, FileLine};
use crate::show;
use crate::stale::stale;

use classify::entries;
use steps::{Step, steps};

/// Everything that a move takes.
#[derive(Serialize)]
pub(crate) struct Plan {
    /// `microsoft-authenticator@ios`.
    pub(crate) target: String,
    /// `Microsoft Authenticator (iPhone)`.
    pub(crate) title: String,
    /// What is to be known about the target, whatever the account.
    pub(crate) about_target: Vec<Remark>,
    /// How many accounts there are of each class.
    pub(crate) counts: BTreeMap<Class, usize>,
    /// Every account, in the order of the old phone.
    pub(crate) accounts: Vec<Entry>,
    /// What to do, in order.
    pub(crate) steps: Vec<Step>,
    /// Entries of the inputs that are no usable account.
    pub(crate) unusable: Vec<Item>,
    /// Accounts that several inputs hold, planned once.
    pub(crate) duplicates: Vec<Item>,
    /// Accounts about which two inputs disagree.
    pub(crate) conflicts: Vec<Item>,
    /// What else is to be known about the inputs.
    pub(crate) warnings: Vec<Item>,
    /// QR codes of an export that no input held.
    pub(crate) missing_parts: Vec<MissingPart>,
    /// The inputs.
    pub(crate) files: Vec<FileLine>,
    /// What importers of apps would make of the inputs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) explained: Vec<Explained>,
}

/// What becomes of one account.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Entry {
    /// Position on the old phone, from 1.
    pub(crate) number: usize,
    pub(crate) issuer: String,
    pub(crate) account: String,
    /// The input that holds it, and where in it.
    pub(crate) file: String,
    pub(crate) index: usize,
    pub(crate) class: Class,
    /// How it gets into the target, where it does.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "means_of")]
    pub(crate) route: Option<&'static Route>,
    /// Why it does not simply move.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// What to do, as a sentence without a final stop.
    pub(crate) what_to_do: String,
    /// Where to do it.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub(crate) place: Option<String>,
    /// What to look out for, with dates.
    pub(crate) warnings: Vec<Remark>,
    /// What else to know about this account.
    pub(crate) notes: Vec<String>,
    /// Apps on the same platform that hold it, where the target does not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) other_apps: Vec<String>,
    /// Whether reading left a doubt about it.
    #[serde(skip)]
    pub(crate) is_doubtful: bool,
    /// Whether there is anything that could be copied.
    #[serde(skip)]
    pub(crate) has_secret: bool,
}

fn means_of<S: serde::Serializer>(route: &Option<&'static Route>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(route.map_or("", |route| route.by.name()))
}

impl Entry {
    /// Takes what reading said about this account from the list of all.
    fn take_warnings(&mut self, warnings: &mut Vec<Item>) {
        let own = |item: &mut Item| item.index == Some(self.index) && item.file == self.file;
        for item in warnings.extract_if(.., own) {
            self.is_doubtful |= report::needs_attention(&item);
            let step = item.next_step.map(|step| format!(". {step}")).unwrap_or_default();
            self.notes.push(format!("{}{step}", show::sentence(&item.message)));
        }
    }
}

/// The name of the target with the platform that was meant.
pub(crate) fn title(target: Found) -> String {
    match target.platform {
        Some(platform) => format!("{} ({})", target.target.title, platform.title()),
        None => target.target.full_title(),
    }
}

/// An input without accounts is often a blank backup that replaced a good one.
fn blank(file: &FileLine) -> Item {
    let mut item = Item::new("blank-backup", "it holds no accounts")
        .next_step("Do not let it replace an older backup, and look on the old phone for what is missing");
    item.file.clone_from(&file.path);
    item
}

/// What a move means for an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Class {
    /// It comes with the file that the target imports.
    FileImport,
    /// The new phone scans or types it.
    Scan,
    /// Each phone has a key of its own: codes differ and are both valid.
    PerDevice,
    /// Its user signs in again.
    SignInAgain,
    /// An admin has to act first.
    AdminMustAct,
    /// The target cannot hold it.
    CannotMove,
}

impl Class {
    /// What it means, behind so many accounts.
    pub(crate) fn says(self, count: usize) -> &'static str {
        match (self, count) {
            (Self::FileImport, 1) => "comes with a file",
            (Self::FileImport, _) => "come with a file",
            (Self::Scan, 1) => "is scanned by the new phone",
            (Self::Scan, _) => "are scanned by the new phone",
            (Self::PerDevice, 1) => "gets another code on the new phone, and both are valid",
            (Self::PerDevice, _) => "get another code on the new phone, and both are valid",
            (Self::SignInAgain, 1) => "needs you to sign in again",
            (Self::SignInAgain, _) => "need you to sign in again",
            (Self::AdminMustAct, 1) => "needs your admin first",
            (Self::AdminMustAct, _) => "need your admin first",
            (Self::CannotMove, _) => "cannot move to this app",
        }
    }

    /// Whether the account moves by itself, without its service.
    pub(crate) fn moves(self) -> bool {
        matches!(self, Self::FileImport | Self::Scan)
    }
}

/// What is known of the inputs, for the steps.
pub(crate) struct Inputs<'a> {
    /// As the user named them.
    pub(crate) names: &'a [String],
    /// The options with which the same accounts are read again.
    pub(crate) options: &'a [String],
    pub(crate) target: Found,
    /// What the target is called.
    pub(crate) title: &'a str,
    pub(crate) unusable: &'a [Item],
    /// Whether the inputs hold passwords, passkeys and the like as well.
    pub(crate) other_items: bool,
    /// Apps on a phone whose backup gives not all of their accounts.
    pub(crate) left_on_phone: &'a [Item],
    /// Whether the backup of an iPhone is among the inputs.
    pub(crate) has_phone: bool,
}

impl Plan {
    /// Plans the move of everything that the inputs hold. They are called, and read again with options, as on the command
    /// line.
    pub(crate) fn of(
        intake: &mut Intake,
        (names, options): (&[String], &[String]),
        target: Found,
        max_age: Option<MaxAge>,
    ) -> Self {
        let now = Timestamp::now();
        let stale: Vec<Item> = match max_age {
            Some(age) => intake.files.iter().filter_map(|file| stale(file, age, now)).collect(),
            None => Vec::new(),
        };
        let Contents {
            files,
            accounts,
            duplicates,
            conflicts,
            skipped: unusable,
            mut warnings,
            missing_parts,
            ..
        } = intake.contents();
        // A phone's backup can have its accounts in files inside.
        let has_others = |file: &FileLine| {
            let inside = format!("{}/", file.path);
            files.iter().any(|other| other.path.starts_with(&inside))
        };
        warnings.extend(files.iter().filter(|file| file.accounts == 0 && !has_others(file)).map(blank));
        warnings.extend(stale);
        let mut accounts = entries(&accounts, target);
        accounts.iter_mut().for_each(|entry| entry.take_warnings(&mut warnings));
        let title = title(target);
        let is_left = |item: &&Item| item.code == LEFT_ON_PHONE;
        let left_on_phone: Vec<Item> = warnings.iter().filter(is_left).cloned().collect();
        let inputs = Inputs {
            names,
            options,
            target,
            title: &title,
            unusable: &unusable,
            other_items: warnings.iter().any(|item| item.code == "other-items"),
            left_on_phone: &left_on_phone,
            has_phone: files.iter().any(|file| file.format.as_deref() == Some(IOS_BACKUP)),
        };
        let steps = if accounts.is_empty() { Vec::new() } else { steps(&accounts, &inputs) };
        let mut counts = BTreeMap::new();
        accounts.iter().for_each(|entry| *counts.entry(entry.class).or_insert(0) += 1);
        Self {
            target: target.name(),
            about_target: target.target.remarks(None),
            counts,
            accounts,
            steps,
            unusable,
            duplicates,
            conflicts,
            warnings,
            missing_parts,
            files,
            explained: Vec::new(),
            title,
        }
    }

    /// What the counts mean, one line a class.
    pub(crate) fn summary(&self) -> impl Iterator<Item = (Class, usize, &'static str)> {
        self.counts.iter().map(|(class, count)| (*class, *count, class.says(*count)))
    }

    /// Whether somebody has to do more than move accounts.
    pub(crate) fn needs_attention(&self) -> bool {
        self.accounts.is_empty()
            || self.accounts.iter().any(|entry| !entry.class.moves() || entry.is_doubtful)
            || !(self.unusable.is_empty() && self.conflicts.is_empty() && self.missing_parts.is_empty())
            || self.warnings.iter().any(report::needs_attention)
    }
}
