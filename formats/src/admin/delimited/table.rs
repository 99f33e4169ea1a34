//! Rows and columns of a file, before anything is made of them.

use super::layout::{Column, Field, Layout, Quoting};
use crate::ctx::Limits;
use crate::error::{Error, Place};
use crate::report::{Item, Skip};
use crate::text::csv::{self, Row, Walk};

/// The rows below the names of the columns, and where each column stands.
pub(super) struct Table {
    pub(super) lines: Vec<Line>,
    pub(super) places: Vec<csv::Column>,
    /// How many columns the file has.
    width: usize,
    /// What the user should know about columns that are not read.
    pub(super) warning: Option<Item>,
}

pub(super) struct Line {
    pub(super) row: Row,
    /// Why it is read as no account, whatever its cells are.
    pub(super) wrong: Option<Skip>,
}

/// Most columns that a warning names.
const MOST_NAMED: usize = 20;

/// What columns may be called that decide codes. One with the secret is always said.
const DECIDING: [(&str, Field); 8] = [
    ("digits", Field::Digits),
    ("period", Field::Period),
    ("step", Field::Period),
    ("interval", Field::Period),
    ("type", Field::Type),
    ("algorithm", Field::Algorithm),
    ("hash", Field::Algorithm),
    ("counter", Field::Counter),
];

impl Table {
    pub(super) fn parse(text: &str, layout: &Layout, limits: &Limits) -> Result<Self, Error> {
        let mut lines = lines(text, layout, limits)?;
        lines.retain(|line| line.row.cells().any(|cell| !cell.trim().is_empty()));
        let mut table = if layout.has_header && !lines.is_empty() {
            Self::named(lines.remove(0), layout)?
        } else {
            if let Some(first) = lines.first_mut().filter(|first| has_names(&first.row, layout)) {
                first.wrong = Some(Skip::new(Skip::NOT_AN_ACCOUNT, "the row has the names of the columns"));
            }
            let width = layout.columns.len();
            Self {
                lines: Vec::new(),
                places: (0..width).map(csv::Column::at).collect(),
                width,
                warning: None,
            }
        };
        for line in &mut lines {
            line.wrong = line.wrong.take().or_else(|| table.wrong(&line.row, layout.delimiter));
        }
        table.lines = lines;
        Ok(table)
    }

    /// The columns of a first row.
    fn named(first: Line, layout: &Layout) -> Result<Self, Error> {
        if first.wrong.is_some() {
            return Err(Error::malformed("the names of the columns are not closed with quotation marks")
                .at(Place::Row(1))
                .next_step("Export it again, or say --quoting never where quotation marks are letters"));
        }
        let header: Vec<String> = first.row.cells().map(|cell| cell.trim().to_owned()).collect();
        let columns = layout.columns.iter().enumerate();
        let places = columns.map(|(at, column)| place(at, column, &header)).collect::<Result<Vec<_>, _>>()?;
        let is_unsaid = |at: &usize| {
            header.get(*at).is_some_and(|name| !name.is_empty()) && !places.contains(&csv::Column::at(*at))
        };
        let unsaid: Vec<usize> = (0..header.len()).filter(is_unsaid).collect();
        for at in &unsaid {
            check_unsaid(*at, &header, layout)?;
        }
        Ok(Self { lines: Vec::new(), places, width: header.len(), warning: left_out(&unsaid, &header) })
    }

    /// Why a row cannot be told cell by cell.
    fn wrong(&self, row: &Row, delimiter: char) -> Option<Skip> {
        let has_lines = |cell: &str| cell.contains(['\r', '\n']);
        // A cell that has swallowed a row has all of its delimiters.
        let is_swallowing = |cell: &str| {
            let delimiters = cell.matches(delimiter).count();
            has_lines(cell) && delimiters.saturating_add(1) >= self.width
        };
        if self.places.iter().any(|place| has_lines(row.get(*place))) || row.cells().any(is_swallowing) {
            let message =
                "one of its cells goes over several lines: a quotation mark may be missing or too many";
            return Some(Skip::new(Skip::DAMAGED, message));
        }
        let is_surplus = row.cells().skip(self.width).any(|cell| !cell.trim().is_empty());
        is_surplus.then(|| Skip::new(Skip::DAMAGED, "the row has more cells than there are columns"))
    }
}

fn lines(text: &str, layout: &Layout, limits: &Limits) -> Result<Vec<Line>, Error> {
    let delimiter = u8::try_from(layout.delimiter).unwrap_or(b',');
    if layout.quoting == Quoting::Never {
        let rows = csv::rows_without_quotes(text, delimiter, limits)?;
        return Ok(rows.into_iter().map(|row| Line { row, wrong: None }).collect());
    }
    let mut walk = Walk::new(text, 1, delimiter, limits)?;
    let mut lines = Vec::new();
    while let Some(record) = walk.next()? {
        limits.check_accounts(lines.len())?;
        let torn = || {
            Skip::new(
                Skip::DAMAGED,
                "text stands behind a closing quotation mark: a row may have run into it",
            )
        };
        let wrong = record.has_text_behind_quotes(delimiter).then(torn);
        lines.push(Line { row: record.to_row(lines.len().saturating_add(1)), wrong });
    }
    Ok(lines)
}

/// Where a column stands: as its name in the first row does, and one without a name in order.
fn place(at: usize, column: &Column, header: &[String]) -> Result<csv::Column, Error> {
    if column.header.is_empty() {
        return Ok(csv::Column::at(at));
    }
    let name = column.header.trim().to_lowercase();
    let mut found = header.iter().enumerate().filter(|(_, cell)| cell.to_lowercase() == name);
    match (found.next(), found.next()) {
        (Some((at, _)), None) => Ok(csv::Column::at(at)),
        (Some(_), Some(_)) => Err(Error::malformed(format!("the first row has two columns \"{}\"", column.header))
            .at(Place::Row(1))
            .next_step("Give one of them another name in the file, and say the one that is meant")),
        (None, _) => Err(Error::malformed(format!("the first row has no column \"{}\"", column.header))
            .at(Place::Row(1))
            .next_step(
                "Say the names as they stand there with --columns NAME=FIELD, or --no-header where there are none",
            )),
    }
}

/// Whether a first row that should be an account has the names that the columns, or their fields, have.
fn has_names(row: &Row, layout: &Layout) -> bool {
    let is_name = |cell: &str| layout.columns.iter().any(|column| column.is_called(cell));
    row.cells().map(str::trim).filter(|cell| !cell.is_empty()).all(is_name)
}

/// Refuses a column that may decide codes, where nothing else is said to.
fn check_unsaid(at: usize, header: &[String], layout: &Layout) -> Result<(), Error> {
    let name = header.get(at).map(|name| name.to_lowercase()).unwrap_or_default();
    let words = || name.split(|c: char| !c.is_alphanumeric());
    let is_meant = |known: &str| words().any(|word| word.starts_with(known) || word.ends_with(known));
    let is_said = |field: &Field| layout.has(|said| *said == Field::Uri || said.is_like(field));
    let Some((_, field)) = DECIDING.iter().find(|(known, field)| is_meant(known) && !is_said(field)) else {
        return Ok(());
    };
    let label = csv::column_label(header, at);
    let message = format!("--columns does not say what {label} is, and codes may depend on it");
    Err(Error::option_needed(message).at(Place::Row(1)).next_step(format!(
        "Add it to --columns as NAME={}?, or take the column out of the file",
        field.name()
    )))
}

/// Names the columns that are not read.
fn left_out(unsaid: &[usize], header: &[String]) -> Option<Item> {
    let names: Vec<String> =
        unsaid.iter().take(MOST_NAMED).map(|at| csv::column_label(header, *at)).collect();
    let more = match unsaid.len().saturating_sub(names.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!unsaid.is_empty()).then(|| {
        Item::new("columns-left-out", format!("columns are not read: {}{more}", names.join(", ")))
            .next_step("Add to --columns what belongs to the accounts")
    })
}
