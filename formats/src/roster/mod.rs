//! The list of people that an admin exports from a directory: a table in, people out.
//!
//! Where the list is from is told by its header, and each directory has columns of its own for the same
//! thing ([`Source`]). The admin's word about a column goes before that ([`Options`]). Nobody is left out
//! for being disabled or a guest: each person says so, and whoever asks decides.
//!
//! Sources: the documentation of Entra ID ("Download a list of users"), of Google Workspace ("Download a
//! list of users") and of Okta (the template for importing people), and of PowerShell's `Export-Csv`.
//!
//! ```
//! use otpferry_formats::{Limits, roster};
//!
//! let options = roster::Options::parse(&["account=Login".to_owned()], &["team=sales".to_owned()]).unwrap();
//! let list = b"Login;Team\nAda;Sales\nbob;IT\n";
//! let roster = roster::read(list, &options, &Limits::default()).unwrap();
//! assert_eq!(roster.people.len(), 1);
//! assert_eq!((roster.people[0].account.as_str(), roster.people[0].key.as_str()), ("Ada", "ada"));
//! ```

mod columns;
mod filter;
mod options;
mod person;
mod source;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::HashMap;

use icu_normalizer::ComposingNormalizerBorrowed;

pub use options::{Condition, Field, Options};
pub use source::Source;

use crate::ctx::Limits;
use crate::error::{Error, ErrorKind};
use crate::report::Item;
use crate::text::csv::{self, Record, Walk};
use crate::text::encoding;

use columns::Columns;
use filter::Filter;

/// One person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// What stays when the person is renamed: the directory's id where it has one, else the account as
    /// [`fold`] writes it.
    pub key: String,
    /// What the person signs in with, as it stands in the list. Some servers tell capital letters apart.
    pub account: String,
    /// The name for people; empty when the list has none.
    pub display: String,
    /// The address; empty when the list has none.
    pub email: String,
    /// The person's id in the directory. In lists of Google Workspace it is text that an admin types in, so
    /// that the key is not made of it.
    pub directory_id: Option<String>,
    /// Whether the account may be used. Not when the list says something that is not understood.
    pub enabled: bool,
    /// Whether the person is a guest of another organisation, whom Entra ID gives no tokens.
    pub guest: bool,
    /// Departments or units.
    pub groups: Vec<String>,
    /// The line of the list on which the person begins, from 1.
    pub line: usize,
}

/// A list of people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    /// Where the list is from.
    pub source: Source,
    /// Everybody who meets the conditions, in the order of the list; of those with the same key the first.
    pub people: Vec<Person>,
    /// What should be known about rows and people. Says nothing of them but their accounts.
    pub warnings: Vec<Item>,
    /// Rows that do not meet the conditions.
    pub unmatched: usize,
}

/// An account in the form in which accounts are compared: lower case, and composed (NFC).
pub fn fold(account: &str) -> String {
    if account.is_ascii() {
        return account.to_ascii_lowercase();
    }
    match ComposingNormalizerBorrowed::new_nfc().normalize(&account.to_lowercase()) {
        Cow::Borrowed(text) => text.to_owned(),
        Cow::Owned(text) => text,
    }
}

/// Whether two spellings are of one account.
pub fn same_account(a: &str, b: &str) -> bool {
    a == b || fold(a) == fold(b)
}

/// Reads a list of people.
///
/// # Errors
/// When the bytes are no table, are cut off inside a cell, have no column of accounts, lack a column that
/// the options name, or hold more people than the limits allow.
pub fn read(bytes: &[u8], options: &Options, limits: &Limits) -> Result<Roster, Error> {
    let text = encoding::decode(bytes).ok_or_else(not_a_text)?;
    let (delimiter, body) = csv::cut(without_type(&text));
    let above = text.len().saturating_sub(body.len());
    let above = csv::line_ends(text.as_bytes().get(..above).unwrap_or_default());
    let mut rows = Walk::new(body, above.saturating_add(1), delimiter, limits)?;
    let columns = loop {
        let row = rows.next()?.ok_or_else(empty)?;
        if !is_blank(&row) {
            break Columns::find(&row, options)?;
        }
    };
    let filter = Filter::new(&options.conditions, &columns)?;
    let mut reading = Reading::new(columns.source, csv::guess_warning(bytes));
    while let Some(row) = rows.next()? {
        if !is_blank(&row) {
            reading.row(&row, &columns, &filter);
            limits.check_accounts(reading.entries)?;
        }
    }
    Ok(reading.roster)
}

/// The text without blank lines and without the one in which PowerShell names the type of its objects.
fn without_type(text: &str) -> &str {
    const BREAKS: [char; 2] = ['\r', '\n'];
    let text = text.trim_start_matches(BREAKS);
    let line = csv::first_line(text);
    let is_type = line.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("#TYPE"));
    let rest = if is_type { text.get(line.len()..).unwrap_or_default() } else { text };
    rest.trim_start_matches(BREAKS)
}

fn is_blank(row: &Record<'_>) -> bool {
    row.cells().all(|cell| cell.trim().is_empty())
}

fn not_a_text() -> Error {
    Error::malformed("the list of people is not a text")
        .next_step("Export it as CSV; a workbook has to be saved as \"CSV UTF-8\" first")
}

fn empty() -> Error {
    Error::new(ErrorKind::Malformed, "the list of people is empty")
        .next_step("Export it again, with its header")
}

/// A list in the making.
struct Reading {
    roster: Roster,
    /// The line of each key.
    keys: HashMap<String, usize>,
    /// The line of each account, where keys are something else.
    accounts: HashMap<String, usize>,
    /// Rows that left something in memory.
    entries: usize,
}

impl Reading {
    fn new(source: Source, warning: Option<Item>) -> Self {
        let warnings = warning.into_iter().collect();
        Self {
            roster: Roster { source, people: Vec::new(), warnings, unmatched: 0 },
            keys: HashMap::new(),
            accounts: HashMap::new(),
            entries: 0,
        }
    }

    fn warn(&mut self, code: &str, message: String) {
        self.roster.warnings.push(Item::new(code, message));
    }

    fn row(&mut self, row: &Record<'_>, columns: &Columns, filter: &Filter) {
        let line = row.line;
        let person = person::of(row, columns);
        if !filter.holds(row, &person) {
            self.roster.unmatched = self.roster.unmatched.saturating_add(1);
            return;
        }
        self.entries = self.entries.saturating_add(1);
        if row.cells().skip(columns.header.len()).any(|cell| !cell.trim().is_empty()) {
            // Which cell is the account cannot be told.
            let message =
                "more cells than columns; a delimiter inside a cell needs quotation marks around it";
            return self.warn("extra-cells", format!("line {line}: {message}"));
        }
        if person.account.is_empty() {
            return self.warn("no-account", format!("line {line}: no account"));
        }
        if self.keys.contains_key(&person.key) {
            return self.warn("listed-twice", format!("line {line}: {} is listed twice", person.account));
        }
        if !row.is_ended && row.len() < columns.header.len() {
            self.warn("cut-short", format!("line {line}: the list ends inside this row, it may be cut off"));
        }
        self.add(person, row, columns);
    }

    fn add(&mut self, person: Person, row: &Record<'_>, columns: &Columns) {
        self.compare_account(&person);
        self.roster.warnings.extend(person::warnings(&person, row, columns));
        self.keys.insert(person.key.clone(), person.line);
        self.roster.people.push(person);
    }

    /// Two people of one account would get two secrets for one sign-in. Which of them has it now, the list
    /// does not say.
    fn compare_account(&mut self, person: &Person) {
        let account = fold(&person.account);
        let others = [self.keys.get(&account), self.accounts.get(&account)];
        if let Some(other) = others.into_iter().flatten().min() {
            let (line, account) = (person.line, &person.account);
            let message = format!("line {line}: {account} is in line {other} as well, with another id");
            self.warn("account-twice", message);
        }
        if account != person.key {
            self.accounts.entry(account).or_insert(person.line);
        }
    }
}
