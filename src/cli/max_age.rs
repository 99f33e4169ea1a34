//! How old a backup may be, on the command line.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};

/// How old a backup may be: `30d`, `12h`, `4w`, `1y` (365 days).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxAge {
    number: u32,
    unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Hours,
    Days,
    Weeks,
    Years,
}

impl Unit {
    fn hours(self) -> i64 {
        match self {
            Self::Hours => 1,
            Self::Days => 24,
            Self::Weeks => 24 * 7,
            Self::Years => 24 * 365,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Hours => "hour",
            Self::Days => "day",
            Self::Weeks => "week",
            Self::Years => "year",
        }
    }
}

impl MaxAge {
    /// Whether what was made at one time is too old at another.
    pub fn is_exceeded(self, made: Timestamp, now: Timestamp) -> bool {
        now.duration_since(made) > SignedDuration::from_hours(i64::from(self.number) * self.unit.hours())
    }
}

impl FromStr for MaxAge {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || "it has to be a number of hours, days, weeks or years, such as 12h, 30d, 4w or 1y".to_owned();
        let at = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, unit) = text.split_at(at);
        let unit = match unit.to_ascii_lowercase().as_str() {
            "h" => Unit::Hours,
            "d" => Unit::Days,
            "w" => Unit::Weeks,
            "y" => Unit::Years,
            _ => return Err(wrong()),
        };
        let number = number.parse().map_err(|_| wrong())?;
        Ok(Self { number, unit })
    }
}

/// `30 days`, as in "older than 30 days".
impl fmt::Display for MaxAge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = if self.number == 1 { "" } else { "s" };
        write!(f, "{} {}{s}", self.number, self.unit.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages() {
        let shown = |text: &str| text.parse::<MaxAge>().map(|age| age.to_string());
        for (text, wanted) in
            [("30d", "30 days"), ("1D", "1 day"), ("12h", "12 hours"), ("4w", "4 weeks"), ("1y", "1 year")]
        {
            assert_eq!(shown(text), Ok(wanted.to_owned()));
        }
        for text in ["", "30", "d", "-1d", "1.5d", "30 d", "30m", "99999999999d", "30days"] {
            assert!(shown(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_older_is_too_old() {
        let age: MaxAge = "30d".parse().unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let now = at("2026-03-31T12:00:00Z");
        assert!(!age.is_exceeded(at("2026-03-01T12:00:00Z"), now));
        assert!(age.is_exceeded(at("2026-03-01T11:59:59Z"), now));
        // A clock that was ahead makes nothing old.
        assert!(!age.is_exceeded(at("2027-01-01T00:00:00Z"), now));
        assert!(!"4294967295y".parse::<MaxAge>().unwrap().is_exceeded(Timestamp::MIN, Timestamp::MAX));
    }
}
