//! Times as numbers: of last use, as Java apps keep them, in milliseconds since 1970 and 0 for never; of
//! creation and change, as password managers keep them, in seconds since 1970.

use jiff::Timestamp;

use crate::model::Number;

/// Reads a time of last use; a value that is no time counts as never.
pub(crate) fn last_used(milliseconds: Number) -> Option<Timestamp> {
    let Number::Of(milliseconds) = milliseconds else { return None };
    let milliseconds = i64::try_from(milliseconds).ok().filter(|milliseconds| *milliseconds > 0)?;
    Timestamp::from_millisecond(milliseconds).ok()
}

/// The number for a time of last use; 0 also for a time that cannot be written.
pub(crate) fn last_used_number(time: Option<Timestamp>) -> i64 {
    time.map_or(0, Timestamp::as_millisecond).max(0)
}

/// The time as it is read again.
pub(crate) fn kept_last_used(time: Option<Timestamp>) -> Option<Timestamp> {
    last_used(Number::Of(last_used_number(time).into()))
}

/// Reads a time in seconds; 0 and a value that is no time count as not known.
pub(crate) fn seconds(seconds: Number) -> Option<Timestamp> {
    let Number::Of(seconds) = seconds else { return None };
    let seconds = i64::try_from(seconds).ok().filter(|seconds| *seconds != 0)?;
    Timestamp::from_second(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_may_lie_before_1970() {
        let time = |text: &str| Some(text.parse::<Timestamp>().unwrap());
        assert_eq!(seconds(Number::Of(1_714_557_600)), time("2024-05-01T10:00:00Z"));
        assert_eq!(seconds(Number::Of(-1)), time("1969-12-31T23:59:59Z"));
        for number in [Number::Of(0), Number::Of(i128::MAX), Number::Invalid, Number::Absent] {
            assert_eq!(seconds(number), None);
        }
    }

    #[test]
    fn zero_is_never_and_what_is_finer_is_cut() {
        let time = |text: &str| Some(text.parse::<Timestamp>().unwrap());
        assert_eq!(last_used(Number::Of(1_714_557_600_123)), time("2024-05-01T10:00:00.123Z"));
        for number in [Number::Of(0), Number::Of(-5), Number::Of(i128::MAX), Number::Invalid, Number::Absent]
        {
            assert_eq!(last_used(number), None);
        }
        assert_eq!(kept_last_used(time("2024-05-01T10:00:00.1239Z")), time("2024-05-01T10:00:00.123Z"));
        assert_eq!(kept_last_used(time("1969-05-01T10:00:00Z")), None);
        assert_eq!(kept_last_used(Some(Timestamp::MAX)), last_used(Number::Of(253_402_207_200_999)));
    }
}
