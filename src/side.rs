//! One of two inputs that are compared.

use std::path::Path;

use jiff::Timestamp;
use otpferry_formats::model::Account;
use otpferry_formats::model::compare::{Comparison, Single};
use otpferry_formats::model::merge::MissingPart;
use otpferry_formats::registry;
use otpferry_formats::report::Item;
use serde::Serialize;

use crate::cli::ReadOptions;
use crate::failure::{Exit, Failure};
use crate::intake::{self, Contents};
use crate::report::{self, FileLine};
use crate::show::{self, Terminal};

/// What one input held, several files of it put together as for a conversion.
#[derive(Debug)]
pub(crate) struct Side {
    pub(crate) files: Vec<FileLine>,
    pub(crate) accounts: Vec<Account>,
    /// Accounts that several files of it have, kept once.
    pub(crate) duplicates: Vec<Item>,
    /// Entries that are no usable account.
    pub(crate) skipped: Vec<Item>,
    /// What else the user should know.
    pub(crate) warnings: Vec<Item>,
    pub(crate) missing_parts: Vec<MissingPart>,
    /// When the latest of its files says that it was made.
    pub(crate) created: Option<Timestamp>,
    /// The latest time of any account.
    pub(crate) newest: Option<Timestamp>,
    /// Whether these are only some of its accounts.
    is_selected: bool,
}

impl Side {
    /// Reads one input: a file, a folder, a picture, or `-`.
    pub(crate) fn read(input: &Path, options: &ReadOptions, terminal: &Terminal) -> Result<Self, Failure> {
        let mut intake = intake::read(&[input.to_owned()], options, terminal)?;
        let created = intake.files.iter().filter_map(|file| file.vault.created).max();
        let newest = intake.files.iter().filter_map(|file| file.vault.newest()).max();
        let Contents { files, accounts, duplicates, conflicts, skipped, mut warnings, missing_parts, .. } =
            intake.contents();
        warnings.extend(conflicts);
        let is_selected = options.is_selective();
        Ok(Self {
            files,
            accounts,
            duplicates,
            skipped,
            warnings,
            missing_parts,
            created,
            newest,
            is_selected,
        })
    }

    /// Reads the old and the new one; `from_new` is the format of the new one.
    pub(crate) fn read_both(
        (old, new): (&Path, &Path),
        from_new: Option<&str>,
        options: &ReadOptions,
        terminal: &Terminal,
    ) -> Result<(Self, Self), Failure> {
        if [old, new].iter().all(|input| *input == Path::new("-")) {
            return Err(Failure::new(Exit::Usage, "standard input can be read only once")
                .next_step("Name - for one of the two, and a file for the other"));
        }
        let old = Self::read(old, &options.of_first(from_new), terminal)?;
        let new = Self::read(new, &options.of_other(from_new), terminal)?;
        Ok((old, new))
    }

    /// Accounts that only the new list has. Where some of the old ones were chosen, nothing is known about others.
    pub(crate) fn added<'c>(&self, comparison: &'c Comparison) -> &'c [Single] {
        if self.is_selected { &[] } else { &comparison.added }
    }

    /// What is told about it.
    pub(crate) fn summary(&self) -> Summary {
        Summary {
            files: self.files.clone(),
            accounts: self.accounts.len(),
            duplicates: self.duplicates.len(),
            created: self.created.map(|time| time.to_string()),
            newest: self.newest.map(|time| time.to_string()),
            not_read: self.skipped.clone(),
            warnings: self.warnings.clone(),
            missing_parts: self.missing_parts.clone(),
        }
    }
}

/// What is told about one of two inputs.
#[derive(Serialize)]
pub(crate) struct Summary {
    pub(crate) files: Vec<FileLine>,
    pub(crate) accounts: usize,
    /// Accounts that several files of it have, kept once.
    pub(crate) duplicates: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) created: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) newest: Option<String>,
    pub(crate) not_read: Vec<Item>,
    pub(crate) warnings: Vec<Item>,
    pub(crate) missing_parts: Vec<MissingPart>,
}

impl Summary {
    /// Whether some of it was not read or needs a look.
    pub(crate) fn needs_attention(&self) -> bool {
        !(self.not_read.is_empty() && self.missing_parts.is_empty())
            || self.warnings.iter().any(report::needs_attention)
    }

    /// `old.json (Aegis Authenticator, encrypted): 12 accounts`.
    pub(crate) fn line(&self) -> String {
        let place = match self.files.as_slice() {
            [] => "nothing".to_owned(),
            [file] => {
                let format = file.format.as_deref().unwrap_or_default();
                let title = registry::by_name(format).map_or(format, |format| format.info().title);
                let sealed = if file.encrypted { "encrypted" } else { "not encrypted" };
                format!("{} ({title}, {sealed})", show::place(&file.path))
            }
            [first, others @ ..] => {
                format!("{} and {}", show::place(&first.path), show::count(others.len(), "other file"))
            }
        };
        let kept_once = match self.duplicates {
            0 => String::new(),
            number => format!(", {number} more found twice and kept once"),
        };
        format!("{place}: {}{kept_once}", show::count(self.accounts, "account"))
    }

    /// What was not read of it, and what else the user should know; `which` is `old` or `new`.
    pub(crate) fn troubles(&self, text: &mut String, which: &str) {
        show::section(text, &format!("Not read of the {which} one"), &show::lines(&self.not_read));
        show::section(text, &format!("About the {which} one"), &show::lines(&self.warnings));
        show::section(text, &format!("Missing of the {which} one"), &show::missing(&self.missing_parts));
    }
}
