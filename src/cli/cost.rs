//! What reading may cost: limits, threads, and how hard to look at pictures.

use std::str::FromStr;
use std::time::Duration;

use clap::{Args, ValueEnum};
use otpferry_formats::Limits;

/// What reading may cost.
#[derive(Clone, Debug, Args)]
pub struct CostArgs {
    /// Raise a limit: bytes, accounts, kdf-memory, kdf-work, or for each picture pixels, seconds and
    /// pages
    #[arg(long, value_name = "NAME=NUMBER")]
    pub limit: Vec<LimitArg>,
    /// How many inputs are read at once [default: one for each processor]
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<usize>,
    /// How hard to look for QR codes in pictures
    #[arg(long, value_enum, default_value_t = Effort::Normal)]
    pub effort: Effort,
}

/// How hard to look for QR codes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Effort {
    /// Stop at the first stage that finds one, and after 1 second a picture
    Fast,
    /// Go on while there are signs of more, for at most 5 seconds a picture
    #[default]
    Normal,
    /// Try everything on every picture, for at most 60 seconds each
    Max,
}

impl Effort {
    /// How long one picture, or one page, may take. It is there so that no picture hangs a run: the stages end by
    /// themselves long before on a usual one.
    fn seconds(self) -> u64 {
        match self {
            Self::Fast => 1,
            Self::Normal => 5,
            Self::Max => 60,
        }
    }
}

/// `NAME=NUMBER`; the number may end in K, M or G (powers of 1024).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitArg {
    name: LimitName,
    value: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LimitName {
    Bytes,
    Accounts,
    Pixels,
    KdfMemory,
    KdfWork,
    Seconds,
    Pages,
}

impl FromStr for LimitArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, number) = text.split_once('=').ok_or("it has to be NAME=NUMBER, such as bytes=2G")?;
        let name = match name {
            "bytes" => LimitName::Bytes,
            "accounts" => LimitName::Accounts,
            "pixels" => LimitName::Pixels,
            "kdf-memory" => LimitName::KdfMemory,
            "kdf-work" => LimitName::KdfWork,
            "seconds" => LimitName::Seconds,
            "pages" => LimitName::Pages,
            _ => {
                return Err(
                    "the limits are bytes, accounts, kdf-memory, kdf-work, pixels, seconds and pages"
                        .to_owned(),
                );
            }
        };
        let upper = number.to_ascii_uppercase();
        let (digits, shift) = match upper.strip_suffix(['K', 'M', 'G']) {
            Some(digits) if upper.ends_with('K') => (digits, 10),
            Some(digits) if upper.ends_with('M') => (digits, 20),
            Some(digits) => (digits, 30),
            None => (upper.as_str(), 0),
        };
        let value = digits.parse::<u64>().ok().and_then(|value| value.checked_mul(1 << shift));
        Ok(Self { name, value: value.ok_or("the number has to be whole, such as 500000 or 2G")? })
    }
}

impl CostArgs {
    /// The limits with what the user raised.
    pub fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        for arg in &self.limit {
            let slot = match arg.name {
                LimitName::Bytes => &mut limits.bytes,
                LimitName::Accounts => &mut limits.accounts,
                LimitName::Pixels => &mut limits.pixels,
                LimitName::KdfMemory => &mut limits.kdf_memory,
                LimitName::KdfWork => &mut limits.kdf_work,
                LimitName::Seconds | LimitName::Pages => continue,
            };
            *slot = arg.value;
        }
        limits
    }

    /// How long one picture, or one page, may take.
    pub fn time_for_picture(&self) -> Duration {
        // A year is for ever; more could be beyond the clock.
        let seconds =
            self.last(LimitName::Seconds).map_or(self.effort.seconds(), |value| value.min(31_536_000));
        Duration::from_secs(seconds)
    }

    /// How many pages and frames of one file are looked at, where it is said.
    pub fn pages(&self) -> Option<u32> {
        self.last(LimitName::Pages).map(|value| u32::try_from(value).unwrap_or(u32::MAX))
    }

    fn last(&self, name: LimitName) -> Option<u64> {
        self.limit.iter().rev().find(|arg| arg.name == name).map(|arg| arg.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits() {
        assert_eq!("bytes=2G".parse(), Ok(LimitArg { name: LimitName::Bytes, value: 2 << 30 }));
        assert_eq!("accounts=500".parse(), Ok(LimitArg { name: LimitName::Accounts, value: 500 }));
        for text in ["bytes", "bytes=", "bytes=-1", "size=1", "bytes=99999999999G"] {
            assert!(text.parse::<LimitArg>().is_err(), "{text}");
        }
    }
}
