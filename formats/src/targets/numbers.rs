//! A set of numbers as people write it: `6, 8`, `5-8`, `any`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Numbers and ranges of numbers, in the words of the table.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Numbers {
    text: String,
    ranges: Vec<(u64, u64)>,
}

impl Numbers {
    /// Reads `any`, or numbers and ranges with commas between them: `10, 30, 60-90`, `1-`.
    pub fn parse(text: &str) -> Option<Self> {
        let ranges = match text {
            "any" => vec![(0, u64::MAX)],
            _ => text.split(", ").map(range).collect::<Option<_>>()?,
        };
        Some(Self { text: text.to_owned(), ranges })
    }

    /// Whether the number is one of them.
    pub fn contain(&self, number: u64) -> bool {
        self.ranges.iter().any(|(first, last)| (*first..=*last).contains(&number))
    }
}

fn range(text: &str) -> Option<(u64, u64)> {
    let number = |text: &str| text.parse::<u64>().ok().filter(|_| !text.starts_with('+'));
    match text.split_once('-') {
        Some((first, "")) => Some((number(first)?, u64::MAX)),
        Some((first, last)) => Some((number(first)?, number(last)?)).filter(|(first, last)| first <= last),
        None => number(text).map(|only| (only, only)),
    }
}

impl fmt::Display for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for Numbers {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("not a list of numbers: {text}"))
    }
}

impl From<Numbers> for String {
    fn from(numbers: Numbers) -> Self {
        numbers.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contain_what_is_written() {
        let of = |text: &str| {
            let numbers = Numbers::parse(text).unwrap();
            (0..12).filter(|number| numbers.contain(*number)).collect::<Vec<u64>>()
        };
        assert_eq!(of("6"), [6]);
        assert_eq!(of("6, 8"), [6, 8]);
        assert_eq!(of("2-4, 9-"), [2, 3, 4, 9, 10, 11]);
        assert_eq!(of("any").len(), 12);
    }

    #[test]
    fn are_numbers() {
        for text in ["", "six", "8-6", "6,8", "-8", "6, ", "+6"] {
            assert_eq!(Numbers::parse(text), None, "{text}");
        }
    }
}
