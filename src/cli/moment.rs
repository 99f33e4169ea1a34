//! Points in time on the command line.

use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

/// A point in time, in Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(pub u64);

impl Moment {
    /// What the clock of this machine says.
    pub fn now() -> Self {
        Self(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(seconds) = text.parse::<u64>() {
            return Ok(Self(seconds));
        }
        let time: jiff::Timestamp =
            text.parse().map_err(|_| "it has to be Unix seconds, or like 2026-01-31T12:00:00Z".to_owned())?;
        u64::try_from(time.as_second()).map(Self).map_err(|_| "the time has to be after 1970".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments() {
        assert_eq!("59".parse(), Ok(Moment(59)));
        assert_eq!("1970-01-01T00:00:59Z".parse(), Ok(Moment(59)));
        assert!("yesterday".parse::<Moment>().is_err());
    }
}
