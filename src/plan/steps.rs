//! The steps of a move, in order, with the places to stop at.

use std::collections::BTreeMap;

use otpferry_formats::targets::{Found, Means, Platform, Route};
use serde::Serialize;

use super::{Class, Entry, Inputs};
use crate::show;

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Step {
    /// Stable kebab-case name.
    pub(crate) code: &'static str,
    pub(crate) title: String,
    /// What to do, one sentence each.
    pub(crate) says: Vec<String>,
    /// What to type on this computer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) commands: Vec<String>,
    /// Numbers of the accounts that it is about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) accounts: Vec<usize>,
    /// Files that it is about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) files: Vec<String>,
    /// What has to be true before going on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stop: Option<String>,
}

/// All steps that these accounts need.
pub(crate) fn steps(entries: &[Entry], inputs: &Inputs<'_>) -> Vec<Step> {
    let mut steps = vec![prepare(entries), install(inputs)];
    steps.extend(moves(entries, inputs));
    steps.extend(sign_ins(entries));
    steps.extend(leftovers(entries, inputs));
    steps.extend(check(entries, inputs));
    steps.push(wipe(entries, inputs));
    steps.extend(destroy(entries, inputs));
    steps
}

fn step(code: &'static str, title: impl Into<String>) -> Step {
    Step {
        code,
        title: title.into(),
        says: Vec::new(),
        commands: Vec::new(),
        accounts: Vec::new(),
        files: Vec::new(),
        stop: None,
    }
}

impl Step {
    /// The accounts that it is about. What is to be done alike for all is said once.
    fn about(&mut self, entries: &[Entry], wanted: impl Fn(&Entry) -> bool) {
        let own: Vec<&Entry> = entries.iter().filter(|entry| wanted(entry)).collect();
        if let [first, others @ ..] = own.as_slice()
            && !others.is_empty()
            && others.iter().all(|entry| entry.what_to_do == first.what_to_do)
        {
            self.says.push(first.what_to_do.clone());
        }
        self.accounts = own.iter().map(|entry| entry.number).collect();
    }
}

fn prepare(entries: &[Entry]) -> Step {
    let mut step = step("prepare", "Before you start: make sure that you cannot be locked out");
    step.says = vec![
        "Keep the old phone, charged and unlocked, until the last step. Do not reset it, sell it or remove its app".to_owned(),
        "At each important service (e-mail, bank, Apple or Google account, work), look up its recovery codes and put them on paper".to_owned(),
        "Add a second way to sign in where you can: a phone number, another e-mail address, a security key".to_owned(),
        "Restoring the backup of the old phone does not bring these codes to a new one of another kind, and often not to one of the same kind".to_owned(),
    ];
    if entries.iter().any(|entry| !entry.class.moves()) {
        step.says.push("The accounts below that need a sign-in or an admin are the ones that lock people out: begin with their recovery codes".to_owned());
    }
    step.stop = Some("you have another way into your e-mail account and into every account that is marked as not moving by itself".to_owned());
    step
}

fn install(inputs: &Inputs<'_>) -> Step {
    let target = inputs.target.target;
    let title = &target.title;
    let is_key = target.platforms.contains(&Platform::Key);
    let mut step = match is_key {
        true => step("install", format!("Have {title} and its program ready")),
        false => step("install", format!("Install {title} on the new {}", device(inputs.target))),
    };
    if !is_key {
        step.says.push("Take it from the official store only".to_owned());
    }
    if let Some(version) = &target.min_version {
        step.says.push(format!("This plan is about version {version} or later"));
    }
    if let Some(avoid) = &target.avoid {
        step.says.push(format!("Better choose another app: {avoid}"));
    }
    let general = target.remarks(None);
    step.says.extend(general.into_iter().map(|remark| remark.message));
    if target.id == "microsoft-authenticator" {
        step.stop = Some(
            "you have answered its first question: if a backup of the same kind of phone exists, choose to restore it \
             before you sign in to anything; else skip it"
                .to_owned(),
        );
    }
    step
}

/// What the target runs on.
fn device(target: Found) -> &'static str {
    match target.platform {
        Some(Platform::Ios) => "iPhone",
        Some(Platform::Android) | None => "phone",
        Some(Platform::Desktop | Platform::Web) => "computer",
        Some(Platform::Key) => "key",
    }
}

/// One step for each way in that is used.
fn moves(entries: &[Entry], inputs: &Inputs<'_>) -> Vec<Step> {
    let mut ways: BTreeMap<Means, (&'static Route, Vec<&Entry>)> = BTreeMap::new();
    for entry in entries {
        if let Some(route) = entry.route {
            ways.entry(route.by).or_insert((route, Vec::new())).1.push(entry);
        }
    }
    ways.into_values().map(|(route, own)| move_by(route, &own, entries, inputs)).collect()
}

fn move_by(route: &Route, own: &[&Entry], all: &[Entry], inputs: &Inputs<'_>) -> Step {
    let title = &inputs.target.target.title;
    let accounts = show::count(own.len(), "account");
    let device = device(inputs.target);
    let chosen = selection(route.by, own, all);
    let files = inputs.quoted();
    let options = chosen.as_deref().unwrap_or_default();
    let target = format!("--target {}", inputs.target.name());
    let (code, heading, command) = match route.by {
        Means::File => {
            let form = route.form_name.as_deref().unwrap_or_default();
            (
                "import",
                format!("Move {accounts} with a file"),
                Some(format!("otpferry convert {files} -t {form}{options}")),
            )
        }
        Means::MigrationQr => (
            "transfer",
            format!("Move {accounts} with transfer codes"),
            Some(format!("otpferry sheet {files} {target} --migration -o transfer.html{options}")),
        ),
        Means::Qr => (
            "scan",
            format!("Scan {accounts} with the new {device}"),
            Some(format!("otpferry sheet {files} {target} -o sheet.html{options}")),
        ),
        Means::Manual => (
            "type",
            format!("Type {accounts} on the new {device}"),
            Some(format!("otpferry sheet {files} -o sheet.html{options}")),
        ),
    };
    let mut step = step(code, heading);
    step.commands.extend(command);
    step.says.push(match route.by {
        Means::File => format!("On this computer, make the file for {title} with the command below, and bring it to the new phone by cable or by another way that keeps no copy in a cloud"),
        Means::MigrationQr | Means::Qr => "On this computer, make the page with the command below and open it on the screen: it shows one code at a time".to_owned(),
        Means::Manual => "On this computer, make the page with the command below: it shows each key in groups of four, with its settings".to_owned(),
    });
    step.says.push(route.how.clone());
    let target = inputs.target.target;
    let known = target.remarks(None);
    let of_way =
        target.remarks(Some(route.import(false))).into_iter().filter(|remark| !known.contains(remark));
    step.says.extend(of_way.map(|remark| remark.message));
    if chosen.is_none() {
        step.says.push("Take only the accounts of this list: the others go another way".to_owned());
    }
    step.accounts = own.iter().map(|entry| entry.number).collect();
    step
}

/// Options that choose just these accounts: the shorter list of what to take or to leave. `None` when names
/// cannot tell them apart, or both lists are long.
fn selection(by: Means, own: &[&Entry], all: &[Entry]) -> Option<String> {
    const MOST: usize = 8;
    let is_own = |entry: &Entry| own.iter().any(|one| one.number == entry.number);
    // A sheet for the target leaves out by itself what does not move there. Without a secret there is nothing that
    // any command could take along.
    let would_come = |entry: &Entry| match by {
        Means::Qr | Means::MigrationQr => entry.class.moves(),
        Means::File | Means::Manual => entry.has_secret,
    };
    let others: Vec<&Entry> = all.iter().filter(|entry| would_come(entry) && !is_own(entry)).collect();
    // Patterns know no capitals.
    let name = |entry: &Entry| (entry.issuer.to_lowercase(), entry.account.to_lowercase());
    let same_name = |a: &Entry, b: &Entry| name(a) == name(b);
    if own.iter().any(|one| others.iter().any(|other| same_name(one, other))) {
        return None;
    }
    let (option, list) = match others.len() <= own.len() {
        true => ("--exclude", others.as_slice()),
        false => ("--only", own),
    };
    if list.len() > MOST {
        return None;
    }
    list.iter().map(|entry| Some(format!(" {option} {}", quoted(&pattern(entry)?)))).collect()
}

/// A pattern that matches this account's names and no part of others'; `None` when they cannot be typed.
fn pattern(entry: &Entry) -> Option<String> {
    let names = format!("{}:{}", entry.issuer, entry.account);
    if show::clean(&names) != names {
        return None;
    }
    let escaped = glob::Pattern::escape(&names);
    if escaped != names {
        return Some(escaped);
    }
    // Without a wildcard a pattern would match anywhere in a name.
    let (at, letter) = names.char_indices().find(|(_, letter)| letter.is_alphanumeric())?;
    let (before, after) = (names.get(..at)?, names.get(at + letter.len_utf8()..)?);
    Some(format!("{before}[{letter}]{after}"))
}

fn sign_ins(entries: &[Entry]) -> Vec<Step> {
    let mut steps = Vec::new();
    let is_admin = |entry: &Entry| entry.class == Class::AdminMustAct;
    if entries.iter().any(is_admin) {
        let mut step = step("admin", "Ask your admin, then register the new phone");
        step.says = vec![
            "These accounts are approved by push: their key belongs to the old phone and no tool can copy it".to_owned(),
            "Write to your admin today; they may need hours. Text to send: \"I am changing my phone. Please reset my \
             multifactor authentication so that I can register the new one (Entra ID: Require re-register \
             multifactor authentication; Duo: a new activation)\""
                .to_owned(),
        ];
        step.about(entries, is_admin);
        steps.push(step);
    }
    let is_again = |entry: &Entry| matches!(entry.class, Class::SignInAgain | Class::PerDevice);
    if entries.iter().any(is_again) {
        let mut step = step("sign-in", "Sign in again");
        step.says = vec![
            "Do this while the old phone still works: it may be asked to approve the new one".to_owned(),
        ];
        step.about(entries, is_again);
        steps.push(step);
    }
    steps
}

fn leftovers(entries: &[Entry], inputs: &Inputs<'_>) -> Option<Step> {
    let is_stuck = |entry: &Entry| entry.class == Class::CannotMove;
    let any_stuck = entries.iter().any(is_stuck);
    if !any_stuck && inputs.unusable.is_empty() && inputs.left_on_phone.is_empty() {
        return None;
    }
    let title = match any_stuck {
        true => format!("Find a place for what {} cannot hold", inputs.title),
        false => "Find out what your files do not give".to_owned(),
    };
    let mut step = step("cannot-move", title);
    step.says.push("Each of these would be missing, or would show wrong codes, on the new phone".to_owned());
    step.says.extend(inputs.left_on_phone.iter().map(|item| item.message.clone()));
    if !inputs.unusable.is_empty() {
        let entries = show::count(inputs.unusable.len(), "entry").replace("entrys", "entries");
        step.says.push(format!("{entries} of your files cannot be used at all; see the end of this plan"));
    }
    step.about(entries, is_stuck);
    Some(step)
}

fn check(entries: &[Entry], inputs: &Inputs<'_>) -> Option<Step> {
    if !entries.iter().any(|entry| entry.class.moves()) {
        return None;
    }
    let mut step = step("check", "Check that the new phone shows the same codes");
    step.says = vec![
        "The command below asks for the code of each account on the new phone and says whether it is right"
            .to_owned(),
        "Then sign in to one or two services with the new phone only".to_owned(),
    ];
    step.commands.push(format!("otpferry verify --ask {}", inputs.quoted()));
    step.stop = Some("every code was right".to_owned());
    Some(step)
}

fn wipe(entries: &[Entry], inputs: &Inputs<'_>) -> Step {
    let stuck = entries.iter().any(|entry| entry.class == Class::CannotMove)
        || !(inputs.unusable.is_empty() && inputs.left_on_phone.is_empty());
    let mut step = step("wipe", "Only now: give up the old phone");
    step.says = vec!["Tick every account above first, also those that you set up again".to_owned()];
    if stuck {
        step.says.push(
            "Some accounts have no new place yet: do not wipe the old phone before they have".to_owned(),
        );
    }
    if inputs.other_items {
        step.says.push("Your files hold other things as well (passwords, passkeys, notes): this plan does not move them. Move them before you remove the app".to_owned());
    }
    step.says.push(
        "At services that list devices, remove the old phone; then delete its app and reset it".to_owned(),
    );
    step
}

fn destroy(entries: &[Entry], inputs: &Inputs<'_>) -> Option<Step> {
    let mut files: Vec<String> = inputs.names.iter().filter(|name| *name != "-").cloned().collect();
    let by = |means: Means| entries.iter().any(|entry| entry.route.is_some_and(|route| route.by == means));
    if by(Means::File) {
        files.push("the file that was imported, on this computer and on the new phone".to_owned());
    }
    if by(Means::MigrationQr) {
        files.push("transfer.html, and paper copies".to_owned());
    }
    if by(Means::Qr) {
        files.push("sheet.html, and paper copies".to_owned());
    }
    if by(Means::Manual) {
        files.push("keys.html, and paper copies".to_owned());
    }
    if files.is_empty() {
        return None;
    }
    let mut step = step("destroy", "Destroy what holds the keys");
    step.says = vec!["Whoever has one of these has your codes. Delete them, empty the bin, and look for copies in cloud folders, mails and photo streams. Keep one encrypted copy in a safe place if you like (`otpferry convert` with a password)".to_owned()];
    if inputs.has_phone {
        step.says.push("A backup of the phone among them holds everything else of the phone too: delete it in Finder or Apple Devices, and any copy of its folder; or keep it, if you still need it for that".to_owned());
    }
    step.files = files;
    Some(step)
}

impl Inputs<'_> {
    /// As a command takes them.
    fn quoted(&self) -> String {
        // A name that begins with a dash would pass for an option.
        let is_like_an_option = |name: &str| name.starts_with('-') && name != "-";
        let path = |name: &String| match is_like_an_option(name) {
            true => quoted(&format!("./{name}")),
            false => quoted(name),
        };
        let options = self.options.iter().map(|option| quoted(option));
        self.names.iter().map(path).chain(options).collect::<Vec<_>>().join(" ")
    }
}

/// As a shell takes it.
fn quoted(word: &str) -> String {
    let plain =
        |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+' | '@' | ':' | ',' | '=');
    let word = show::clean(word);
    if !word.is_empty() && word.chars().all(plain) {
        return word;
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}
