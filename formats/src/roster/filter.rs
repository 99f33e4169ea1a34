//! Which rows meet the conditions.

use super::columns::Columns;
use super::options::{Condition, Field};
use super::{Person, fold};
use crate::error::Error;
use crate::text::csv::{Column, Record};

/// The conditions, those on one column together.
pub(super) struct Filter(Vec<(Spot, Vec<Pattern>)>);

/// Where a value stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spot {
    Column(Column),
    Field(Field),
}

impl Filter {
    /// Finds the columns of the conditions.
    pub(super) fn new(conditions: &[Condition], columns: &Columns) -> Result<Self, Error> {
        let mut groups: Vec<(Spot, Vec<Pattern>)> = Vec::new();
        for condition in conditions {
            let spot = spot(&condition.column, columns)?;
            let pattern = Pattern::new(&condition.pattern);
            match groups.iter_mut().find(|(known, _)| *known == spot) {
                Some((_, patterns)) => patterns.push(pattern),
                None => groups.push((spot, vec![pattern])),
            }
        }
        Ok(Self(groups))
    }

    /// Whether a person meets all of them.
    pub(super) fn holds(&self, row: &Record<'_>, person: &Person) -> bool {
        self.0.iter().all(|(spot, patterns)| spot.has(row, person, |value| any(patterns, value)))
    }
}

fn spot(name: &str, columns: &Columns) -> Result<Spot, Error> {
    let field = || Field::parse(&name.trim().to_ascii_lowercase()).map(Spot::Field);
    columns.column(name.trim()).map(Spot::Column).or_else(field).ok_or_else(|| {
        Error::malformed(format!(
            "a condition is on a column that the list does not have; {}",
            columns.listed()
        ))
        .at(columns.place())
        .next_step("Look at the header of the list and give --where again")
    })
}

impl Spot {
    /// Whether one of the values there passes.
    fn has(self, row: &Record<'_>, person: &Person, passes: impl Fn(&str) -> bool) -> bool {
        match self {
            Self::Column(column) => passes(row.get(column)),
            Self::Field(Field::Account) => passes(&person.account),
            Self::Field(Field::Display) => passes(&person.display),
            Self::Field(Field::Email) => passes(&person.email),
            Self::Field(Field::Id) => passes(person.directory_id.as_deref().unwrap_or_default()),
            Self::Field(Field::Enabled) => passes(if person.enabled { "true" } else { "false" }),
            Self::Field(Field::Group) if person.groups.is_empty() => passes(""),
            Self::Field(Field::Group) => person.groups.iter().any(|group| passes(group)),
        }
    }
}

fn any(patterns: &[Pattern], value: &str) -> bool {
    let value: Vec<char> = fold(value).chars().collect();
    patterns.iter().any(|pattern| pattern.matches(&value))
}

/// A whole value in which `*` stands for any text and `?` for one character.
struct Pattern(Vec<char>);

impl Pattern {
    fn new(text: &str) -> Self {
        Self(fold(text).chars().collect())
    }

    /// Compares from the left; where it fails, the last `*` takes one character more.
    fn matches(&self, text: &[char]) -> bool {
        let (mut at, mut done) = (0_usize, 0_usize);
        let mut star: Option<(usize, usize)> = None;
        while let Some(character) = text.get(done) {
            match self.0.get(at) {
                Some('*') => {
                    star = Some((at, done));
                    at = at.saturating_add(1);
                    continue;
                }
                Some(wanted) if *wanted == '?' || wanted == character => {
                    (at, done) = (at.saturating_add(1), done.saturating_add(1));
                    continue;
                }
                _ => {}
            }
            let Some((place, taken)) = star else { return false };
            let taken = taken.saturating_add(1);
            star = Some((place, taken));
            (at, done) = (place.saturating_add(1), taken);
        }
        self.0.get(at..).unwrap_or_default().iter().all(|rest| *rest == '*')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        any(&[Pattern::new(pattern)], text)
    }

    #[test]
    fn patterns_are_of_whole_values_in_any_case() {
        assert!(matches("sales", "Sales") && matches("ÉCOLE", "e\u{301}cole") && matches("", ""));
        assert!(!matches("sales", "Presales") && !matches("sales", "") && !matches("", "x"));
    }

    #[test]
    fn wildcards() {
        for (pattern, text) in [
            ("*", ""),
            ("*", "any"),
            ("s*s", "sales"),
            ("*les", "sales"),
            ("sa*", "sales"),
            ("s?les", "sales"),
            ("*a*a*", "banana"),
            ("*an?", "banana"),
            ("**", ""),
            ("?", "日"),
            ("*@example.com", "A@Example.com"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in
            [("s*x", "sales"), ("?", ""), ("??", "a"), ("a?", "abc"), ("*ab", "aba"), ("[a-z]", "b")]
        {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }
}
