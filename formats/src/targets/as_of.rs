//! The date of a fact.

use std::fmt;

use serde::{Deserialize, Serialize};

/// When something was found to be so: a year, a month or a day, as exactly as the source says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct AsOf {
    year: u16,
    month: Option<u8>,
    day: Option<u8>,
}

impl AsOf {
    /// Reads `2024`, `2024-11` or `2024-11-03`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let year = number(parts.next()?, 4).filter(|year| *year >= 2000)?;
        let month = parts.next().map(|part| number(part, 2).filter(|month| (1..=12).contains(month)));
        let day = parts.next().map(|part| number(part, 2).filter(|day| (1..=31).contains(day)));
        if parts.next().is_some() {
            return None;
        }
        let small = |part: Option<Option<u16>>| match part {
            Some(number) => number.and_then(|number| u8::try_from(number).ok()).map(Some),
            None => Some(None),
        };
        Some(Self { year, month: small(month)?, day: small(day)? })
    }

    /// The year.
    pub fn year(self) -> u16 {
        self.year
    }
}

fn number(text: &str, length: usize) -> Option<u16> {
    let digits = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

impl fmt::Display for AsOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.year)?;
        [self.month, self.day].into_iter().flatten().try_for_each(|part| write!(f, "-{part:02}"))
    }
}

impl TryFrom<String> for AsOf {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("not a date: {text}"))
    }
}

impl From<AsOf> for String {
    fn from(date: AsOf) -> Self {
        date.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_as_exact_as_it_was_written() {
        for text in ["2024", "2024-11", "2024-01-09"] {
            assert_eq!(AsOf::parse(text).unwrap().to_string(), text);
        }
        assert!(AsOf::parse("2023-12") < AsOf::parse("2024"));
        assert!(AsOf::parse("2024-02") < AsOf::parse("2024-11-01"));
    }

    #[test]
    fn is_a_date() {
        for text in
            ["", "24", "2024-", "2024-13", "2024-1", "2024-01-32", "2024-01-01-01", "1999", "+024", "20x4"]
        {
            assert_eq!(AsOf::parse(text), None, "{text}");
        }
    }
}
