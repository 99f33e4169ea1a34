//! `inspect`: what is in a file, without its secrets.

use jiff::{Timestamp, Unit};
use otpferry_formats::model::merge::MissingPart;
use otpferry_formats::model::{Account, Algorithm, Credential};
use otpferry_formats::registry;
use otpferry_formats::report::Item;
use serde::Serialize;

use crate::cli::InspectArgs;
use crate::failure::{Exit, Failure};
use crate::intake::{self, Intake};
use crate::report;
use crate::show::{self, Terminal};

/// Fewest bytes of a secret that RFC 4226, section 4 (R6), asks for.
const MIN_SECRET: usize = 16;

#[derive(Serialize)]
struct Output {
    files: Vec<FileOutput>,
    missing_parts: Vec<MissingPart>,
    warnings: Vec<Item>,
}

#[derive(Serialize)]
struct FileOutput {
    path: String,
    format: &'static str,
    title: &'static str,
    variant: String,
    encrypted: bool,
    /// When the file says that it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<String>,
    /// The latest time of any account.
    #[serde(skip_serializing_if = "Option::is_none")]
    newest: Option<String>,
    accounts: Vec<AccountOutput>,
    skipped: Vec<Item>,
    warnings: Vec<Item>,
    risks: Vec<Item>,
}

#[derive(Serialize)]
struct AccountOutput {
    index: usize,
    kind: &'static str,
    issuer: String,
    account: String,
    algorithm: Option<&'static str>,
    digits: Option<u8>,
    period: Option<u32>,
    counter: Option<u64>,
    groups: Vec<String>,
    favorite: bool,
    trashed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

pub(super) fn run(args: &InspectArgs, terminal: &Terminal) -> Result<Exit, Failure> {
    let intake = intake::read(&args.read.inputs, &args.read.options, terminal)?;
    let output = describe(&intake);
    if terminal.wants_json() {
        terminal.print_json(&output)?;
    } else {
        terminal.print(&text(&output));
    }
    Ok(exit(&output, args.read.options.partial))
}

fn exit(output: &Output, partial: bool) -> Exit {
    let accounts: usize = output.files.iter().map(|file| file.accounts.len()).sum();
    let clean = |file: &FileOutput| {
        file.skipped.is_empty()
            && !file.accounts.iter().any(|account| account.reason.is_some())
            && !file.warnings.iter().any(report::needs_attention)
    };
    let asks = output.warnings.iter().any(report::needs_attention);
    if !output.missing_parts.is_empty() && !partial {
        Exit::Incomplete
    } else if accounts == 0 || asks || !output.missing_parts.is_empty() || !output.files.iter().all(clean) {
        Exit::Attention
    } else {
        Exit::Done
    }
}

fn describe(intake: &Intake) -> Output {
    Output {
        files: intake.files.iter().map(describe_file).collect(),
        missing_parts: intake.missing_parts(),
        warnings: intake.warnings_about_inputs(),
    }
}

fn describe_file(file: &intake::File) -> FileOutput {
    let vault = &file.vault;
    let title = registry::by_name(file.format).map_or(file.format, |format| format.info().title);
    FileOutput {
        path: file.name.clone(),
        format: file.format,
        title,
        variant: vault.variant.clone(),
        encrypted: file.is_encrypted(),
        created: vault.created.map(|time| time.to_string()),
        newest: vault.newest().map(|time| time.to_string()),
        accounts: vault.accounts.iter().map(describe_account).collect(),
        skipped: vault.skipped.clone(),
        warnings: vault.warnings.clone(),
        risks: risks(file),
    }
}

fn describe_account(account: &Account) -> AccountOutput {
    let otp = account.otp();
    AccountOutput {
        index: account.origin.index,
        kind: account.kind().name(),
        issuer: account.issuer.clone(),
        account: account.name.clone(),
        algorithm: otp.map(|otp| otp.algorithm().name()),
        digits: otp.map(otpferry_formats::model::Otp::digits),
        period: otp.and_then(otpferry_formats::model::Otp::period),
        counter: otp.and_then(otpferry_formats::model::Otp::counter),
        groups: account.groups.clone(),
        favorite: account.favorite,
        trashed: account.trashed,
        reason: match &account.credential {
            Credential::NameOnly { reason } => Some(reason.clone()),
            Credential::Otp(_) => None,
        },
    }
}

/// What the owner of the file should know about it.
fn risks(file: &intake::File) -> Vec<Item> {
    let mut risks = Vec::new();
    let has_secrets = file.vault.accounts.iter().any(|account| account.otp().is_some());
    if has_secrets && !file.is_encrypted() {
        let item = Item::new("plain-file", "the file holds the secrets without protection")
            .next_step("Keep an encrypted copy instead and delete this one");
        risks.push(item);
    }
    for account in &file.vault.accounts {
        let Some(otp) = account.otp() else { continue };
        if otp.secret().expose().len() < MIN_SECRET {
            risks.push(Item::about(
                account,
                "short-secret",
                "the secret is shorter than the 128 bits that RFC 4226 asks for; it moves all the same",
            ));
        }
        if matches!(otp.algorithm(), Algorithm::Md5) && otp.period() != Some(10) {
            risks.push(Item::about(
                account,
                "uncommon-algorithm",
                "the codes are made with MD5, which most apps do not know",
            ));
        }
    }
    risks
}

fn text(output: &Output) -> String {
    let mut text = String::new();
    for file in &output.files {
        text.push_str(&heading(file));
        if !file.accounts.is_empty() {
            let rows = file.accounts.iter().map(row).collect();
            text.push_str(&show::table(&["issuer", "account", "kind", "settings", "groups"], rows));
        }
        items(&mut text, "Cannot be used", &file.skipped);
        items(&mut text, "Please note", &file.warnings);
        risks_of(&mut text, &file.risks);
        text.push('\n');
    }
    show::missing(&output.missing_parts).iter().for_each(|line| text.push_str(&format!("{line}\n")));
    if !output.warnings.is_empty() {
        text.push_str("Please note:\n");
        show::lines(&output.warnings).iter().for_each(|line| text.push_str(&format!("  {line}\n")));
    }
    text
}

fn heading(file: &FileOutput) -> String {
    let sealed = if file.encrypted { "encrypted" } else { "not encrypted" };
    let mut line = format!(
        "{}\n  {}, {}, {sealed}: {}",
        show::place(&file.path),
        file.title,
        file.variant,
        show::count(file.accounts.len(), "account")
    );
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

fn row(account: &AccountOutput) -> Vec<String> {
    let settings = match (account.algorithm, account.digits) {
        (Some(algorithm), Some(digits)) => {
            let step = match (account.counter, account.period) {
                (Some(counter), _) => format!("counter {counter}"),
                (None, Some(period)) => format!("{period} s"),
                (None, None) => String::new(),
            };
            format!("{algorithm}, {}, {step}", show::count(digits.into(), "digit"))
        }
        _ => account.reason.as_deref().map(show::clean).unwrap_or_default(),
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
