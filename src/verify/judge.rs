//! What is said about one account.

use otpferry_formats::model::compare::{Codes, Pair, Parameter};
use otpferry_formats::model::{Account, Otp};
use otpferry_formats::otp::proof::{self, Proof};
use serde::Serialize;

use super::typed::LOOK_AHEAD;
use crate::show;

/// What became of one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Outcome {
    /// The same codes.
    SameCodes,
    /// The same codes; the HOTP counter of the new one is ahead.
    CounterAhead,
    /// The same codes; the new counter is further ahead than services look.
    CounterFarAhead,
    /// The same secret and settings; no PIN is known to make codes with.
    SameSettings,
    /// An account with a key of its own on each phone.
    PerDevice,
    /// Found twice in the old list and once in the new one.
    KeptOnce,
    /// Only a name in the old list, and with codes in the new one.
    SetUpAgain,
    /// Only a name in both.
    NameOnly,
    /// Only a name in the old list, and not in the new one.
    NameMissing,
    /// The same secret, and the PIN is in only one of the two.
    PinUnknown,
    /// The same codes are in the new list under the name of another account only.
    Merged,
    /// Another secret.
    SecretDiffers,
    /// The same secret with other settings.
    SettingsDiffer,
    /// An HOTP account whose new counter is behind.
    CounterBehind,
    /// Only a name in the new list.
    SecretLost,
    /// Its codes are in the new list under the name of another account of the old list.
    MixedUp,
    /// Not in the new list.
    Missing,
}

impl Outcome {
    /// Whether the codes that the user needs are not there.
    pub(super) fn is_difference(self) -> bool {
        matches!(
            self,
            Self::SecretDiffers
                | Self::SettingsDiffer
                | Self::CounterBehind
                | Self::SecretLost
                | Self::MixedUp
                | Self::Missing
        )
    }

    /// Whether no code differs and the user has to look at it.
    pub(super) fn needs_attention(self) -> bool {
        matches!(
            self,
            Self::NameOnly | Self::NameMissing | Self::PinUnknown | Self::Merged | Self::CounterFarAhead
        )
    }

    /// What to do, as a sentence without a final stop.
    pub(super) fn next_step(self) -> Option<&'static str> {
        match self {
            Self::SameCodes | Self::CounterAhead | Self::SameSettings | Self::KeptOnce | Self::SetUpAgain => {
                None
            }
            Self::PerDevice => {
                Some("Sign in once with the code of the new phone before you give up the old one")
            }
            Self::NameOnly | Self::NameMissing => Some(
                "Sign in at its service and set up the new phone there; keep the old phone until that works",
            ),
            Self::CounterFarAhead => Some(
                "Sign in with the new phone now; if the code is refused, set the account up anew at its service",
            ),
            Self::PinUnknown => Some("Enter its PIN in the new app and compare one code with the old phone"),
            Self::Merged => Some("Look for it under that name, or rename it on the new phone"),
            Self::SecretDiffers => Some(
                "If you set it up anew, sign in with the new code once; otherwise move it again from the old list",
            ),
            Self::SettingsDiffer => {
                Some("Move it again in a form that keeps its settings, or set it up anew at its service")
            }
            Self::CounterBehind => {
                Some("Ask the new phone for that many codes, so that it catches up, and compare again")
            }
            Self::SecretLost | Self::Missing => {
                Some("Move it again from the old list, or set it up anew at its service")
            }
            Self::MixedUp => {
                Some("Rename the accounts on the new phone, so that each has its own name again")
            }
        }
    }
}

/// What was found out about one account.
pub(super) struct Finding {
    pub(super) outcome: Outcome,
    /// In words, as a clause without a final stop.
    pub(super) message: String,
    /// At how many times or counters codes were compared.
    pub(super) moments: usize,
}

impl Finding {
    fn new(outcome: Outcome, message: impl Into<String>) -> Self {
        Self { outcome, message: message.into(), moments: 0 }
    }
}

/// An account that is in both lists.
pub(super) fn pair(pair: &Pair, old: &Account, new: &Account, at: Option<u64>) -> Finding {
    let (Some(a), Some(b)) = (old.otp(), new.otp()) else {
        return without_a_secret(&pair.codes);
    };
    match &pair.codes {
        Codes::Same | Codes::Ahead(_) if pair.mixed_up => Finding::new(
            Outcome::MixedUp,
            format!("its codes are now called {}, which was the name of another account", show::name_of(new)),
        ),
        Codes::Ahead(steps) => {
            let ahead = show::count(to_usize(*steps), "code");
            let (outcome, message) = match *steps {
                ..=LOOK_AHEAD => (
                    Outcome::CounterAhead,
                    format!("same codes, and the counter is {ahead} ahead, as after use"),
                ),
                _ => (
                    Outcome::CounterFarAhead,
                    format!(
                        "same codes, but the counter is {ahead} ahead: services look about {LOOK_AHEAD} ahead"
                    ),
                ),
            };
            proved(outcome, message, &a.clone().with_counter(b.counter().unwrap_or(0)), b, at)
        }
        Codes::Differ { secret: true, .. } if old.is_per_device() && new.is_per_device() => Finding::new(
            Outcome::PerDevice,
            "a personal Microsoft account has another key on each phone: the codes differ and both are right",
        ),
        Codes::Differ { secret: true, parameters } => {
            let settings = if parameters.is_empty() {
                String::new()
            } else {
                format!(", and other settings: {}", changes(parameters, a, b))
            };
            Finding::new(Outcome::SecretDiffers, format!("another secret{settings}"))
        }
        Codes::Differ { secret: false, parameters } => settings_differ(parameters, a, b),
        _ => proved(Outcome::SameCodes, "same codes", a, b, at),
    }
}

fn without_a_secret(codes: &Codes) -> Finding {
    match codes {
        Codes::Lost => Finding::new(Outcome::SecretLost, "only a name in the new list, without a secret"),
        Codes::Gained => {
            Finding::new(Outcome::SetUpAgain, "only a name in the old list; the new one has codes")
        }
        _ => Finding::new(Outcome::NameOnly, "only a name: there is no code to compare"),
    }
}

fn settings_differ(parameters: &[Parameter], old: &Otp, new: &Otp) -> Finding {
    if let ([Parameter::Counter], Some(was), Some(is)) = (parameters, old.counter(), new.counter()) {
        let behind = show::count(to_usize(was.saturating_sub(is)), "code");
        let message =
            format!("the counter of the new one is {behind} behind: codes that were used are refused");
        return Finding::new(Outcome::CounterBehind, message);
    }
    if parameters == [Parameter::Pin] && (old.pin().is_none() || new.pin().is_none()) {
        let message = "the same secret, but its PIN is in only one of the two lists";
        return Finding::new(Outcome::PinUnknown, message);
    }
    Finding::new(
        Outcome::SettingsDiffer,
        format!("same secret, other settings: {}", changes(parameters, old, new)),
    )
}

/// `digits 6 -> 8, period 30 -> 60`.
pub(crate) fn changes(parameters: &[Parameter], old: &Otp, new: &Otp) -> String {
    let change = |parameter: &Parameter| match (parameter.value(old), parameter.value(new)) {
        (Some(was), Some(is)) => format!("{} {was} -> {is}", parameter.name()),
        _ => format!("another {}", if *parameter == Parameter::Pin { "PIN" } else { parameter.name() }),
    };
    parameters.iter().map(change).collect::<Vec<_>>().join(", ")
}

/// Equal secrets and settings are not taken on trust: the codes are computed.
fn proved(outcome: Outcome, message: impl Into<String>, old: &Otp, new: &Otp, at: Option<u64>) -> Finding {
    match proof::same_also_at(old, new, at) {
        Ok(Proof::Codes(moments)) => Finding { moments, ..Finding::new(outcome, message) },
        Ok(Proof::Parameters) => Finding::new(
            Outcome::SameSettings,
            "same secret and settings; there is no PIN in the lists to make codes with",
        ),
        Err(proof::Differs) => Finding::new(Outcome::SettingsDiffer, "the codes differ"),
    }
}

/// An account that the new list has no counterpart for; `twin` shows the same codes and is that of another.
pub(super) fn removed(account: &Account, twin: Option<&Account>) -> Finding {
    match twin {
        Some(twin) if super::same_name(account, twin) => Finding::new(
            Outcome::KeptOnce,
            "it is in the old list more than once; the new one has it fewer times",
        ),
        Some(twin) => Finding::new(
            Outcome::Merged,
            format!("its codes are in the new list under the name {} only", show::name_of(twin)),
        ),
        None if account.otp().is_none() => {
            Finding::new(Outcome::NameMissing, "only a name in the old list, and not in the new one")
        }
        None => Finding::new(Outcome::Missing, "not in the new list"),
    }
}

fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
