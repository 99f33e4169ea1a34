//! `inspect`: what is in a file, without its secrets.

mod inventory;
mod phone;
mod risks;
mod text;

use std::path::Path;

use jiff::Timestamp;
use otpferry_formats::model::merge::MissingPart;
use otpferry_formats::model::{Account, Credential, Otp};
use otpferry_formats::phone::Survey;
use otpferry_formats::registry;
use otpferry_formats::report::Item;
use otpferry_formats::targets::Found;
use serde::Serialize;

use crate::cli::{InspectArgs, MaxAge};
use crate::encode;
use crate::failure::{Exit, Failure};
use crate::guard::Guard;
use crate::intake::{self, Intake};
use crate::output::{self, Pending};
use crate::report;
use crate::show::{self, Terminal};
use crate::stale::stale;

#[derive(Serialize)]
struct Output {
    files: Vec<FileOutput>,
    /// Accounts that are there more than once, in one file or several.
    duplicates: Vec<Item>,
    /// What the apps that were asked about would make of the accounts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    targets: Vec<TargetOutput>,
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
    /// Nobody gave the password: what is in it is not known.
    #[serde(skip)]
    is_closed: bool,
    /// Whether it is inside an age file, whose encryption is strong.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    age: bool,
    /// How the file itself is encrypted, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    protection: Option<ProtectionOutput>,
    /// When the file says that it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<String>,
    /// The latest time of any account.
    #[serde(skip_serializing_if = "Option::is_none")]
    newest: Option<String>,
    /// Of a phone's backup: what it tells about the phone.
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<Survey>,
    accounts: Vec<AccountOutput>,
    /// Those of the accounts that have no secret, with what to do.
    name_only: Vec<Item>,
    skipped: Vec<Item>,
    warnings: Vec<Item>,
    risks: Vec<Item>,
}

#[derive(Serialize)]
struct ProtectionOutput {
    cipher: &'static str,
    /// How the key is made from the password, with its cost.
    kdf: String,
    /// `weak`, `fair` or `strong`.
    strength: &'static str,
}

/// One app.
#[derive(Serialize)]
struct TargetOutput {
    /// `microsoft-authenticator@ios`.
    target: String,
    title: String,
    /// How many accounts it shows right codes for, as far as is known.
    right: usize,
    at_risk: Vec<Item>,
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
    let targets =
        args.target.iter().map(|name| super::plan::find("--target", name)).collect::<Result<Vec<_>, _>>()?;
    if let Some(path) = &args.inventory {
        inventory::check_name(path)?;
        output::check_free(path, args.force)?;
    }
    let sources = intake::sources_to_look_at(&args.read.inputs);
    let mut closed = phone::Closed::of(sources.as_deref().unwrap_or_default(), args);
    closed.tell_first(terminal);
    let intake = match intake::read_found(sources, &args.read.options, terminal) {
        Err(failure) if failure.exit == Exit::PasswordNeeded && args.inventory.is_none() => {
            return closed.without_password(failure, terminal);
        }
        intake => intake?,
    };
    if args.shape {
        return phone::shapes(&intake, terminal);
    }
    let output = describe(&intake, &targets, args.max_age);
    if let Some(path) = &args.inventory {
        Guard::new(&args.read.options, None, &intake).claim(path)?;
        write_inventory(&output, path, args.force)?;
    }
    if terminal.wants_json() {
        terminal.print_json(&output)?;
    } else {
        terminal.print(&text::of(&output));
        if let Some(path) = &args.inventory {
            terminal.print(&format!("Wrote the inventory to {}\n", show::place(&path.to_string_lossy())));
        }
    }
    Ok(exit(&output, args.read.options.partial))
}

fn write_inventory(output: &Output, path: &Path, replace: bool) -> Result<(), Failure> {
    let date = encode::now().to_string();
    let inventory = match inventory::is_page(path) {
        true => inventory::page(output, &date),
        false => format!("Inventory of {date}\n\n{}", text::of(output)),
    };
    Pending::write(path, inventory.as_bytes(), replace)?.publish().map(|_| ())
}

fn exit(output: &Output, partial: bool) -> Exit {
    let accounts: usize = output.files.iter().map(|file| file.accounts.len()).sum();
    let clean = |file: &FileOutput| {
        file.skipped.is_empty()
            && file.name_only.is_empty()
            && !file.warnings.iter().any(report::needs_attention)
            && !file.risks.iter().any(|risk| AGE_RISKS.contains(&risk.code.as_str()))
    };
    let asks = output.warnings.iter().any(report::needs_attention)
        || output.targets.iter().any(|target| !target.at_risk.is_empty());
    if !output.missing_parts.is_empty() && !partial {
        Exit::Incomplete
    } else if accounts == 0 || asks || !output.missing_parts.is_empty() || !output.files.iter().all(clean) {
        Exit::Attention
    } else {
        Exit::Done
    }
}

/// Risks that were asked about: others are told and change no exit code.
const AGE_RISKS: [&str; 2] = ["stale-backup", "unknown-age"];

fn describe(intake: &Intake, targets: &[Found], max_age: Option<MaxAge>) -> Output {
    let now = Timestamp::now();
    let describe_file = |file| {
        let mut described = describe_file(file);
        // It is said in the part of the file.
        let aged =
            max_age.and_then(|age| stale(file, age, now)).map(|item| Item { file: String::new(), ..item });
        described.risks.extend(aged);
        described
    };
    let accounts: Vec<&Account> = intake.files.iter().flat_map(|file| &file.vault.accounts).collect();
    Output {
        files: intake.files.iter().map(describe_file).collect(),
        duplicates: risks::duplicates(&accounts),
        targets: targets.iter().map(|target| risks::on_target(*target, &accounts)).collect(),
        missing_parts: intake.missing_parts(),
        warnings: intake.warnings_about_inputs(),
    }
}

fn title(id: &'static str) -> &'static str {
    registry::by_name(id).map_or(id, |format| format.info().title)
}

fn describe_file(file: &intake::File) -> FileOutput {
    let vault = &file.vault;
    FileOutput {
        path: file.name.clone(),
        format: file.format,
        title: title(file.format),
        variant: vault.variant.clone(),
        encrypted: file.is_encrypted(),
        is_closed: false,
        age: file.sealed.is_age(),
        protection: vault.protection.map(|protection| ProtectionOutput {
            cipher: protection.cipher,
            kdf: protection.kdf.to_string(),
            strength: protection.strength().name(),
        }),
        created: vault.created.map(|time| time.to_string()),
        newest: vault.newest().map(|time| time.to_string()),
        phone: vault.survey.as_deref().cloned(),
        accounts: vault.accounts.iter().map(describe_account).collect(),
        name_only: vault.accounts.iter().filter_map(name_only).collect(),
        skipped: vault.skipped.clone(),
        warnings: vault.warnings.clone(),
        risks: risks::of(file),
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
        digits: otp.map(Otp::digits),
        period: otp.and_then(Otp::period),
        counter: otp.and_then(Otp::counter),
        groups: account.groups.clone(),
        favorite: account.favorite,
        trashed: account.trashed,
        reason: match &account.credential {
            Credential::NameOnly { reason } => Some(reason.clone()),
            Credential::Otp(_) => None,
        },
    }
}

fn name_only(account: &Account) -> Option<Item> {
    let Credential::NameOnly { reason } = &account.credential else { return None };
    let item = Item::about(account, "name-only", reason.clone());
    Some(item.next_step(
        "Sign in at its service and set up the new phone there; keep the old phone until that works",
    ))
}
