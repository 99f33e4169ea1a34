//! Backups of phones: what they tell without their password, and what the entries of unknown apps are like.

use otpferry_formats::phone::{App, Hope, IOS_BACKUP, ItemShape, Survey};
use otpferry_formats::registry;
use otpferry_formats::report::Item;
use serde::Serialize;

use super::{FileOutput, Output, text};
use crate::cli::InspectArgs;
use crate::failure::{Exit, Failure};
use crate::intake::{self, Intake, Source};
use crate::password::PasswordBook;
use crate::show::{self, Terminal};

/// What backups tell while they are closed.
pub(super) struct Closed {
    /// Nothing, when none of the inputs is a backup, or their shape is asked for.
    output: Option<Output>,
    /// Whether somebody is asked for the password, and was told before.
    is_told: bool,
}

impl Closed {
    pub(super) fn of(sources: &[Source], args: &InspectArgs) -> Self {
        let surveys = if args.shape {
            Vec::new()
        } else {
            intake::phone::surveys(sources, &args.read.options.cost.limits())
        };
        let asks = |surveys: &[(String, Survey)]| {
            let book = PasswordBook::new(args.read.options.password_file.as_deref());
            surveys.iter().any(|(_, survey)| survey.encrypted) && book.is_ok_and(|book| book.may_ask())
        };
        let is_told = asks(&surveys);
        let others = sources.len().saturating_sub(surveys.len());
        Self { output: (!surveys.is_empty()).then(|| of_surveys(surveys, others, is_told)), is_told }
    }

    /// Tells it before somebody is asked for a password.
    pub(super) fn tell_first(&mut self, terminal: &Terminal) {
        self.is_told &= !terminal.wants_json();
        if let Some(output) = self.output.as_ref().filter(|_| self.is_told) {
            terminal.print(&text::of(output));
        }
    }

    /// What can be said when nobody has given a password; else the failure stays.
    ///
    /// # Errors
    /// The failure.
    pub(super) fn without_password(self, failure: Failure, terminal: &Terminal) -> Result<Exit, Failure> {
        let output = self.output.ok_or(failure)?;
        if terminal.wants_json() {
            terminal.print_json(&output)?;
        } else if !self.is_told {
            terminal.print(&text::of(&output));
        }
        Ok(Exit::Attention)
    }
}

fn of_surveys(surveys: Vec<(String, Survey)>, others: usize, asks: bool) -> Output {
    let message =
        format!("{} not looked at, because a password is missing", show::count(others, "other file"));
    let others = (others > 0 && !asks)
        .then(|| Item::new("not-read", message).next_step("Name them without the backup"));
    Output {
        files: surveys.into_iter().map(|(path, survey)| closed(path, survey, asks)).collect(),
        duplicates: Vec::new(),
        targets: Vec::new(),
        missing_parts: Vec::new(),
        warnings: others.into_iter().collect(),
    }
}

fn closed(path: String, survey: Survey, asks: bool) -> FileOutput {
    let format = IOS_BACKUP;
    let message = match survey.encrypted {
        true => "which accounts are in it cannot be said without the backup's password",
        false => {
            "it has no password; which accounts are in it was not looked at, because another backup needs one"
        }
    };
    let step = match (survey.encrypted, asks) {
        (true, true) => "It is asked for now; press Enter without one to leave it at that",
        (true, false) => "Run it in a terminal to be asked, or give --password-file FILE",
        (false, _) => "Name it by itself",
    };
    let mut needed = Item::new("password-needed", message).next_step(step);
    needed.file.clone_from(&path);
    let warnings = vec![needed];
    FileOutput {
        path,
        format,
        title: super::title(format),
        variant: survey.system.clone(),
        encrypted: survey.encrypted,
        is_closed: true,
        age: false,
        protection: None,
        created: survey.made.map(|time| time.to_string()),
        newest: None,
        phone: Some(survey),
        accounts: Vec::new(),
        name_only: Vec::new(),
        skipped: Vec::new(),
        warnings,
        risks: Vec::new(),
    }
}

#[derive(Serialize)]
struct Shapes<'a> {
    system: &'a str,
    items: &'a [ItemShape],
}

/// Prints what the entries of unknown apps are like.
///
/// # Errors
/// [`Exit::NothingToRead`] when no input is an iPhone's backup.
pub(super) fn shapes(intake: &Intake, terminal: &Terminal) -> Result<Exit, Failure> {
    let surveys = intake.files.iter().filter_map(|file| file.vault.survey.as_deref());
    let surveys = surveys.filter(|survey| survey.encrypted);
    let shapes: Vec<Shapes<'_>> = surveys
        .filter_map(|survey| {
            Some(Shapes { system: &survey.system, items: &survey.keychain.as_ref()?.shapes })
        })
        .collect();
    if shapes.is_empty() {
        return Err(Failure::new(
            Exit::NothingToRead,
            "--shape is about the keychain in encrypted backups of iPhones, and there is none here",
        )
        .next_step("Name the folder of a backup; one without a password has to be made again, with \"Encrypt local backup\""));
    }
    terminal.print_json(&shapes)?;
    Ok(Exit::Done)
}

/// What is said of a phone, below the heading.
pub(super) fn lines(survey: &Survey, format: &str) -> String {
    let mut out = String::new();
    if let Some(unverified) = registry::by_name(format).and_then(|format| format.info().unverified) {
        out.push_str(&format!("  reading it was {unverified}: compare with the phone\n"));
    }
    if !survey.device.is_empty() {
        out.push_str(&format!("  phone: {}, {}\n", show::clean(&survey.device), show::clean(&survey.system)));
    }
    if survey.finished == Some(false) {
        out.push_str("  the backup did not come to its end\n");
    }
    if !survey.apps.is_empty() {
        out.push_str("Authenticator apps on the phone:\n");
        out.push_str(&apps(&survey.apps));
    }
    if let Some(photos) = survey.photos.filter(|photos| *photos > 0) {
        out.push_str(&format!(
            "  {} in the backup; --photos looks for QR codes in them\n",
            show::count(photos, "photo")
        ));
    }
    if let Some(keychain) = &survey.keychain {
        let known = keychain.groups.iter().filter(|group| group.recognised > 0);
        let rows: Vec<Vec<String>> = known
            .map(|group| {
                vec![show::clean(&group.name), group.recognised.to_string(), group.opened.to_string()]
            })
            .collect();
        if !rows.is_empty() {
            out.push_str("Keychain:\n");
            out.push_str(&show::table(&["app or group", "entries of accounts", "of all opened"], rows));
        }
        let others = keychain.groups.iter().filter(|group| group.recognised == 0);
        let opened: usize = others.map(|group| group.opened).sum();
        if opened > 0 {
            out.push_str(&format!(
                "  {} of other apps opened, with nothing that is known\n",
                show::count(opened, "item")
            ));
        }
    }
    out
}

/// What comes of each app; how many accounts, where that is known.
fn apps(apps: &[App]) -> String {
    let is_counted = apps.iter().any(|app| app.accounts.is_some());
    let row = |app: &App| {
        let count = app.accounts.map(|accounts| accounts.to_string()).unwrap_or_default();
        let mut row = vec![app.name.to_owned(), hope(app.hope).to_owned(), app.advice.to_owned()];
        if is_counted {
            row.insert(1, count);
        }
        row
    };
    let rows = apps.iter().map(row).collect();
    match is_counted {
        true => show::table(&["app", "accounts", "comes along", "what to know"], rows),
        false => show::table(&["app", "comes along", "what to know"], rows),
    }
}

fn hope(hope: Hope) -> &'static str {
    match hope {
        Hope::Yes => "yes",
        Hope::Partly => "partly",
        Hope::Unknown => "unknown",
        Hope::No => "no",
    }
}
