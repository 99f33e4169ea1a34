//! Reads the columns out of a `CREATE TABLE` text as SQLite stores it (file
//! format document, "Storage Of The SQL Database Schema").
//!
//! A column more or less would shift all later values, so anything not in the
//! grammar of the document "CREATE TABLE" is refused.

use super::affinity::Affinity;
use super::default_value::default_value;
use super::error::Error;
use super::sql_parser::Parser;
use super::sql_tokens::{Token, tokenize};
use super::value::Value;

/// SQLite's default limit ("Maximum Number Of Columns").
const MAX_COLUMNS: usize = 2000;

/// What a table's rows consist of.
pub(super) struct Definition {
    pub(super) columns: Vec<Column>,
    /// The column that stands for the rowid, if one does.
    pub(super) rowid_alias: Option<usize>,
}

pub(super) struct Column {
    pub(super) name: String,
    pub(super) affinity: Affinity,
    /// The value in rows that were written before the column was added.
    pub(super) default: Value,
}

impl Definition {
    pub(super) fn parse(sql: &str) -> Result<Self, Error> {
        let tokens = tokenize(sql).ok_or_else(unreadable)?;
        let mut parser = Parser::new(&tokens);
        let (body, strict) = statement(&mut parser)?;
        let mut body = Parser::new(body);
        let columns = columns(&mut body)?;
        let key = table_constraints(&mut body).ok_or_else(unreadable)?;
        Self::assemble(&columns, &key, strict)
    }

    fn assemble(drafts: &[Draft<'_>], table_key: &[String], strict: bool) -> Result<Self, Error> {
        reject_duplicates(drafts)?;
        if let Some(draft) = drafts.iter().find(|draft| draft.is_virtual) {
            let name: String = draft.name.chars().take(64).collect();
            return Err(Error::unsupported(format!("virtual generated column {name:?}")));
        }
        let rowid_alias = drafts.iter().position(|draft| draft.is_rowid(table_key));
        let columns = drafts.iter().map(|draft| draft.finish(strict)).collect();
        Ok(Self { columns, rowid_alias })
    }
}

fn unreadable() -> Error {
    Error::unsupported("a table definition this reader cannot parse")
}

/// Checks everything around the parentheses. Returns what is inside, and
/// whether the table is a strict one.
fn statement<'t, 's>(parser: &mut Parser<'t, 's>) -> Result<(&'t [Token<'s>], bool), Error> {
    parser.expect("CREATE").ok_or_else(unreadable)?;
    if parser.eat("VIRTUAL") {
        return Err(Error::unsupported("virtual table"));
    }
    let body = table_body(parser).ok_or_else(unreadable)?;
    let mut strict = false;
    loop {
        if parser.eat("WITHOUT") {
            return Err(Error::unsupported("WITHOUT ROWID table"));
        }
        strict |= parser.eat("STRICT");
        if parser.is_at_end() {
            return Ok((body, strict));
        }
        parser.expect_symbol(',').ok_or_else(unreadable)?;
    }
}

fn table_body<'t, 's>(parser: &mut Parser<'t, 's>) -> Option<&'t [Token<'s>]> {
    parser.expect("TABLE")?;
    parser.name()?;
    parser.group()
}

/// A column while its constraints are read.
struct Draft<'t> {
    name: String,
    declared_type: String,
    primary_key: bool,
    is_virtual: bool,
    default: &'t [Token<'t>],
}

impl Draft<'_> {
    fn finish(&self, strict: bool) -> Column {
        let affinity = self.affinity(strict);
        Column {
            name: self.name.clone(),
            affinity,
            default: default_value(self.default, affinity).unwrap_or(Value::Null),
        }
    }

    /// The document "STRICT Tables", "The ANY datatype": there, nothing is
    /// converted.
    fn affinity(&self, strict: bool) -> Affinity {
        if strict && self.declared_type.eq_ignore_ascii_case("ANY") {
            Affinity::Blob
        } else {
            Affinity::of(&self.declared_type)
        }
    }

    /// The document "CREATE TABLE", "ROWIDs and the INTEGER PRIMARY KEY": the
    /// type must be exactly `INTEGER`, not `INT` or `INTEGER(8)`.
    fn is_rowid(&self, table_key: &[String]) -> bool {
        let in_table_key = matches!(table_key, [key] if key.eq_ignore_ascii_case(&self.name));
        self.declared_type.eq_ignore_ascii_case("INTEGER") && (self.primary_key || in_table_key)
    }
}

fn reject_duplicates(drafts: &[Draft<'_>]) -> Result<(), Error> {
    let mut names = std::collections::HashSet::new();
    let mut is_new = |draft: &Draft<'_>| names.insert(draft.name.to_ascii_lowercase());
    if drafts.iter().all(&mut is_new) {
        Ok(())
    } else {
        Err(Error::unsupported("a table with two columns of one name"))
    }
}

fn columns<'t>(parser: &mut Parser<'t, 't>) -> Result<Vec<Draft<'t>>, Error> {
    let mut columns = Vec::new();
    loop {
        columns.push(column(parser).ok_or_else(unreadable)?);
        if columns.len() > MAX_COLUMNS {
            return Err(Error::unsupported("a table with more than 2000 columns"));
        }
        if !parser.eat_symbol(',') || parser.is_at_table_constraint() {
            return Ok(columns);
        }
    }
}

fn column<'t>(parser: &mut Parser<'t, 't>) -> Option<Draft<'t>> {
    let mut draft = Draft {
        name: parser.name()?,
        declared_type: parser.type_name()?,
        primary_key: false,
        is_virtual: false,
        default: &[],
    };
    while !parser.is_at_end() && !parser.is_at_symbol(',') {
        column_constraint(parser, &mut draft)?;
    }
    Some(draft)
}

fn column_constraint<'t>(parser: &mut Parser<'t, 't>, draft: &mut Draft<'t>) -> Option<()> {
    match parser.word()?.to_ascii_uppercase().as_str() {
        "CONSTRAINT" | "COLLATE" => parser.name().map(drop),
        "NULL" | "UNIQUE" => parser.on_conflict(),
        "NOT" if parser.eat("NULL") => parser.on_conflict(),
        "NOT" => parser.expect("DEFERRABLE").and_then(|()| parser.initially()),
        "DEFERRABLE" => parser.initially(),
        "CHECK" => parser.group().map(drop),
        "REFERENCES" => parser.references(),
        "PRIMARY" => {
            // The same section: "INTEGER PRIMARY KEY DESC" is not the rowid,
            // a quirk kept for old files.
            draft.primary_key = !primary_key(parser)?;
            Some(())
        }
        "DEFAULT" => {
            draft.default = parser.default_clause()?;
            Some(())
        }
        "GENERATED" => {
            parser.expect("ALWAYS")?;
            parser.expect("AS")?;
            generated(parser, draft)
        }
        "AS" => generated(parser, draft),
        _ => None,
    }
}

/// What follows `PRIMARY`; whether the order is descending.
fn primary_key(parser: &mut Parser<'_, '_>) -> Option<bool> {
    parser.expect("KEY")?;
    let descending = parser.eat("DESC");
    parser.eat("ASC");
    parser.on_conflict()?;
    parser.eat("AUTOINCREMENT");
    Some(descending)
}

/// Only stored generated columns have a value in the file (the document
/// "Generated Columns", "VIRTUAL versus STORED columns").
fn generated(parser: &mut Parser<'_, '_>, draft: &mut Draft<'_>) -> Option<()> {
    parser.group()?;
    draft.is_virtual = !parser.eat("STORED");
    parser.eat("VIRTUAL");
    Some(())
}

/// Reads the rest of the body; returns the columns of the primary key in it.
/// There may be no commas between table constraints.
fn table_constraints(parser: &mut Parser<'_, '_>) -> Option<Vec<String>> {
    let mut key = Vec::new();
    while !parser.is_at_end() {
        if parser.eat("PRIMARY") {
            parser.expect("KEY")?;
            key = key_columns(&mut Parser::new(parser.group()?))?;
        } else if parser.eat_symbol(',') {
            parser.is_at_table_constraint().then_some(())?;
        } else if parser.is_at_symbol('(') {
            parser.group()?;
        } else {
            parser.skip()?;
        }
    }
    Some(key)
}

/// The names in a list of columns. Here, unlike in a column constraint, a
/// descending order makes no difference for the rowid.
fn key_columns(parser: &mut Parser<'_, '_>) -> Option<Vec<String>> {
    let mut columns = Vec::new();
    loop {
        columns.push(parser.name()?);
        if parser.eat("COLLATE") {
            parser.name()?;
        }
        let _ordered = parser.eat("ASC") || parser.eat("DESC");
        parser.eat("AUTOINCREMENT");
        if parser.is_at_end() {
            return Some(columns);
        }
        parser.expect_symbol(',')?;
    }
}

#[cfg(test)]
#[path = "create_table_tests.rs"]
mod tests;
