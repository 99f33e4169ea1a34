//! One row as a person.

use super::columns::Columns;
use super::source::Source;
use super::{Person, fold};
use crate::report::Item;
use crate::text::csv::{Column, Record};

/// What stands in the user names of guests in Entra ID.
const GUEST_MARK: &str = "#ext#";

/// Words for accounts that may be used: of the directories, of spreadsheets in some languages, of people.
/// The words of Okta are the states in which a person can sign in after some step of their own.
const ON: &[&str] = &[
    "true",
    "yes",
    "1",
    "enabled",
    "active",
    "on",
    "y",
    "t",
    "x",
    "staged",
    "provisioned",
    "recovery",
    "password_expired",
    "locked_out",
    "wahr",
    "vrai",
    "vero",
    "verdadero",
    "verdadeiro",
    "waar",
    "ja",
    "oui",
];

/// Words for accounts that may not.
const OFF: &[&str] = &[
    "false",
    "no",
    "0",
    "disabled",
    "inactive",
    "off",
    "n",
    "f",
    "suspended",
    "deprovisioned",
    "deactivated",
    "archived",
    "deleted",
    "blocked",
    "falsch",
    "faux",
    "falso",
    "onwaar",
    "nein",
    "non",
    "terminated",
    "left",
];

/// What a cell says about an account.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Enabled,
    Disabled,
    /// Something that is not understood.
    Unknown,
}

/// A row as a person; the account is empty where the row has none.
pub(super) fn of(row: &Record<'_>, columns: &Columns) -> Person {
    let account = first(row, &columns.account);
    let directory_id = Some(first(row, &columns.id)).filter(|id| !id.is_empty()).map(id);
    let key = match &directory_id {
        Some(id) if columns.id_is_key => id.clone(),
        _ => fold(account),
    };
    Person {
        key,
        account: account.to_owned(),
        display: display(row, columns),
        email: first(row, &columns.email).to_owned(),
        directory_id,
        enabled: status(row, columns) == Status::Enabled,
        guest: is_guest(account, row, columns),
        groups: groups(row, columns),
        line: row.line,
    }
}

/// The first of some cells that holds something.
fn first<'r>(row: &Record<'r>, columns: &[Column]) -> &'r str {
    columns.iter().map(|column| row.get(*column)).find(|cell| !cell.is_empty()).unwrap_or_default()
}

/// A GUID means the same in any case and with or without braces; other ids are taken as they are.
fn id(text: &str) -> String {
    let bare = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(text);
    let is_guid = bare.len() == 36
        && bare.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    if is_guid { bare.to_ascii_lowercase() } else { text.to_owned() }
}

fn display(row: &Record<'_>, columns: &Columns) -> String {
    let whole = first(row, &columns.display);
    if !whole.is_empty() {
        return whole.to_owned();
    }
    let (given, family) = (first(row, &columns.first_name), first(row, &columns.last_name));
    format!("{given} {family}").trim().to_owned()
}

fn status(row: &Record<'_>, columns: &Columns) -> Status {
    let cell = first(row, &columns.enabled);
    let is = |words: &[&str]| words.iter().any(|word| cell.eq_ignore_ascii_case(word));
    match () {
        () if cell.is_empty() || is(ON) => Status::Enabled,
        () if is(OFF) => Status::Disabled,
        () => Status::Unknown,
    }
}

fn is_guest(account: &str, row: &Record<'_>, columns: &Columns) -> bool {
    first(row, &columns.user_type).eq_ignore_ascii_case("guest")
        || (account.contains('#') && account.to_ascii_lowercase().contains(GUEST_MARK))
}

fn groups(row: &Record<'_>, columns: &Columns) -> Vec<String> {
    let mut groups: Vec<String> = Vec::new();
    for group in columns.group.iter().map(|column| row.get(*column)).filter(|group| !group.is_empty()) {
        if !groups.iter().any(|known| known == group) {
            groups.push(group.to_owned());
        }
    }
    groups
}

/// What should be known about a person.
pub(super) fn warnings(person: &Person, row: &Record<'_>, columns: &Columns) -> Vec<Item> {
    let mut warnings = Vec::new();
    let mut warn = |code: &str, message: &str, field: Option<&str>| {
        let item = Item::new(code, message).named("", person.account.clone());
        warnings.push(match field {
            Some(field) => item.field(field),
            None => item,
        });
    };
    match status(row, columns) {
        Status::Enabled => {}
        Status::Disabled => warn("account-disabled", "account disabled", None),
        Status::Unknown => {
            let message =
                "the list does not say in known words whether the account is enabled; taken as disabled";
            warn("status-unknown", message, Some("enabled"));
        }
    }
    if person.guest {
        warn("guest", "guest user", None);
    }
    if columns.source == Source::ActiveDirectory
        && (person.display.contains('?') || person.account.contains('?'))
    {
        let message = "the name holds \"?\", for which Export-Csv may have left out a letter: export with -Encoding UTF8";
        warn("letters-lost", message, Some("display"));
    }
    let formulas = formulas(person, row, columns);
    if !formulas.is_empty() {
        let message = "begins with =, +, -, @, a tab or a line break, which spreadsheets take for a formula";
        warn("formula", message, Some(&formulas.join(", ")));
    }
    warnings
}

/// The fields that a spreadsheet would compute.
fn formulas(person: &Person, row: &Record<'_>, columns: &Columns) -> Vec<&'static str> {
    let raw = |columns: &[Column]| columns.iter().any(|column| is_formula(row.raw(*column)));
    let mut fields = Vec::new();
    if is_formula(&person.account) {
        fields.push("account");
    }
    if is_formula(&person.display) || raw(&columns.display) {
        fields.push("display");
    }
    if is_formula(&person.email) {
        fields.push("email");
    }
    fields
}

fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r'])
}
