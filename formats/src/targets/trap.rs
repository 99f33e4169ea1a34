//! What goes wrong with some accounts on some ways into an app.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::numbers::Numbers;
use super::route::{Import, Means};
use super::{AsOf, Target, words};
use crate::caps::Field;
use crate::model::{Account, Algorithm, Kind, Otp};

/// What happens where a trap snaps, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Nothing of the file gets in.
    WholeImportFails,
    /// This account and all after it do not get in.
    StopsHere,
    /// This account does not get in.
    LeftOut,
    /// This account and an earlier one become one.
    Merged,
    /// The account gets in and shows codes that the service refuses.
    WrongCodes,
    /// The end of a name is cut off.
    NameCut,
    /// Something that decides no code gets lost or differs.
    Changed,
    /// Something to know.
    Remark,
}

impl Effect {
    /// Every effect, the worst first.
    pub const ALL: [Self; 8] = [
        Self::WholeImportFails,
        Self::StopsHere,
        Self::LeftOut,
        Self::Merged,
        Self::WrongCodes,
        Self::NameCut,
        Self::Changed,
        Self::Remark,
    ];

    /// The name in tables and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::WholeImportFails => "whole-import-fails",
            Self::StopsHere => "stops-here",
            Self::LeftOut => "left-out",
            Self::Merged => "merged",
            Self::WrongCodes => "wrong-codes",
            Self::NameCut => "name-cut",
            Self::Changed => "changed",
            Self::Remark => "remark",
        }
    }

    /// Whether the account does not work there afterwards.
    pub fn is_loss(self) -> bool {
        matches!(self, Self::WholeImportFails | Self::StopsHere | Self::LeftOut | Self::WrongCodes)
    }
}

/// What makes two accounts the same in an app's eyes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Repeated {
    /// An earlier account has the same secret.
    Secret,
    /// An earlier account has the same issuer and name.
    Name,
}

/// Which accounts, on which ways, a trap is for. Everything that is said has to hold; lists mean any of these.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct When {
    /// By what the account travels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<Means>,
    /// Format ids of the file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<String>,
    /// Whether the file is under a password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<bool>,
    /// Algorithms are written in small letters in what the app reads.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub lower_case: bool,
    /// Kinds.
    #[serde(deserialize_with = "kinds", serialize_with = "displayed", skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<Kind>,
    /// Hashes of TOTP and HOTP accounts.
    #[serde(
        deserialize_with = "algorithms",
        serialize_with = "displayed",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub algorithms: Vec<Algorithm>,
    /// Code lengths of TOTP and HOTP accounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digits: Option<Numbers>,
    /// Code lengths that are free of the trap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digits_not: Option<Numbers>,
    /// TOTP periods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub periods: Option<Numbers>,
    /// TOTP periods that are free of the trap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub periods_not: Option<Numbers>,
    /// HOTP counters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counters: Option<Numbers>,
    /// Bytes of the secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_bytes: Option<Numbers>,
    /// An earlier account has the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeated: Option<Repeated>,
    /// The issuer has more characters than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer_over: Option<usize>,
    /// The account name has more characters than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_over: Option<usize>,
    /// Issuer, colon, name have more bytes than this together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label_over: Option<usize>,
    /// The issuer or the account name has this text in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The issuer is this, in any case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer_is: Option<String>,
    /// These fields are empty.
    #[serde(
        deserialize_with = "fields",
        serialize_with = "field_names",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub empty: Vec<Field>,
    /// One of these fields has something in it.
    #[serde(
        deserialize_with = "fields",
        serialize_with = "field_names",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub has: Vec<Field>,
    /// This many accounts stand before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<usize>,
}

/// What the app computes with in place of what the account says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Instead {
    /// Another kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Another hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<String>,
    /// Another number of digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digits: Option<u8>,
    /// Another period.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<u32>,
    /// Another counter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counter: Option<u64>,
}

impl Instead {
    /// Whether it says nothing.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// One thing that goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Trap {
    /// Stable kebab-case reason.
    pub code: String,
    /// For which accounts, on which ways.
    #[serde(default)]
    pub when: When,
    /// What happens.
    pub effect: Effect,
    /// Whether the app does it without a word.
    #[serde(default)]
    pub silently: bool,
    /// What happens, as a sentence without a final stop.
    pub says: String,
    /// What the app computes with instead.
    #[serde(default, skip_serializing_if = "Instead::is_nothing")]
    pub instead: Instead,
    /// Where this was found; the row's sources where it says none.
    #[serde(default)]
    pub source: Vec<String>,
    /// When this was found; the row's date where it says none.
    #[serde(default)]
    pub checked: Option<AsOf>,
}

impl Trap {
    /// Where this was found.
    pub fn source<'a>(&'a self, target: &'a Target) -> &'a [String] {
        if self.source.is_empty() { &target.source } else { &self.source }
    }

    /// When this was found.
    pub fn checked(&self, target: &Target) -> AsOf {
        self.checked.unwrap_or(target.checked)
    }

    /// What happens on this way. Whether small letters are written is not known of every file: then it only may happen.
    pub fn effect_on(&self, import: Option<Import<'_>>) -> Effect {
        let is_certain = import.is_none_or(|import| import.lower_case.is_some());
        if self.when.lower_case && !is_certain { Effect::Remark } else { self.effect }
    }

    /// What happens, with the date.
    pub fn message(&self, target: &Target) -> String {
        format!("{} (as of {})", self.says, self.checked(target))
    }
}

/// An account on its way, as a trap meets it.
pub(super) struct Case<'a> {
    pub(super) account: &'a Account,
    /// Accounts before it.
    pub(super) position: usize,
    /// The earlier account with the same secret.
    pub(super) same_secret: Option<usize>,
    /// The earlier account with the same issuer and name.
    pub(super) same_name: Option<usize>,
    /// What the importer sees; `None` where the way is open.
    pub(super) import: Option<Import<'a>>,
}

impl Case<'_> {
    /// The earlier account that this one is the same as.
    pub(super) fn twin(&self, repeated: Repeated) -> Option<usize> {
        match repeated {
            Repeated::Secret => self.same_secret,
            Repeated::Name => self.same_name,
        }
    }
}

impl When {
    /// Whether it is about every account on its way, and so about the way.
    pub fn is_general(&self) -> bool {
        let way = Self {
            by: self.by.clone(),
            from: self.from.clone(),
            encrypted: self.encrypted,
            lower_case: self.lower_case,
            ..Self::default()
        };
        *self == way
    }

    /// Whether the trap is for this account on this way. A trap of one way is for none where the way is open.
    pub(super) fn holds(&self, case: &Case<'_>) -> bool {
        self.is_this_way(case.import) && self.is_this_account(case.account) && self.is_this_place(case)
    }

    pub(super) fn is_this_way(&self, import: Option<Import<'_>>) -> bool {
        let Some(import) = import else {
            return self.by.is_empty()
                && self.from.is_empty()
                && self.encrypted.is_none()
                && !self.lower_case;
        };
        (self.by.is_empty() || self.by.contains(&import.by))
            && (self.from.is_empty() || self.from.iter().any(|format| format == import.format))
            && self.encrypted.is_none_or(|encrypted| encrypted == import.encrypted)
            && (!self.lower_case || import.lower_case != Some(false))
    }

    fn is_this_account(&self, account: &Account) -> bool {
        let characters =
            |text: &str, most: Option<usize>| most.is_none_or(|most| text.chars().count() > most);
        account.otp().is_some_and(|otp| self.is_this_otp(otp))
            && characters(&account.issuer, self.issuer_over)
            && characters(&account.name, self.name_over)
            && self.label_over.is_none_or(|most| label_bytes(account) > most)
            && self
                .text
                .as_deref()
                .is_none_or(|text| account.issuer.contains(text) || account.name.contains(text))
            && self.issuer_is.as_deref().is_none_or(|issuer| account.issuer.eq_ignore_ascii_case(issuer))
            && self.empty.iter().all(|field| !field.is_used(account))
            && (self.has.is_empty() || self.has.iter().any(|field| field.is_used(account)))
    }

    fn is_this_otp(&self, otp: &Otp) -> bool {
        let is_free = matches!(otp, Otp::Totp { .. } | Otp::Hotp { .. });
        let period = match otp {
            Otp::Totp { period, .. } => Some(u64::from(period.get())),
            _ => None,
        };
        let digits = is_free.then(|| u64::from(otp.digits()));
        let length = u64::try_from(otp.secret().expose().len()).ok();
        (self.kinds.is_empty() || self.kinds.contains(&otp.kind()))
            && (self.algorithms.is_empty() || is_free && self.algorithms.contains(&otp.algorithm()))
            && is_in(&self.digits, digits)
            && is_outside(&self.digits_not, digits)
            && is_in(&self.periods, period)
            && is_outside(&self.periods_not, period)
            && is_in(&self.counters, otp.counter())
            && is_in(&self.secret_bytes, length)
    }

    fn is_this_place(&self, case: &Case<'_>) -> bool {
        self.repeated.is_none_or(|repeated| case.twin(repeated).is_some())
            && self.after.is_none_or(|most| case.position >= most)
    }
}

fn is_in(numbers: &Option<Numbers>, number: Option<u64>) -> bool {
    numbers.as_ref().is_none_or(|numbers| number.is_some_and(|number| numbers.contain(number)))
}

fn is_outside(numbers: &Option<Numbers>, number: Option<u64>) -> bool {
    numbers.as_ref().is_none_or(|numbers| number.is_some_and(|number| !numbers.contain(number)))
}

/// Bytes of a YubiKey's name of an account: `[period/][issuer:]name`.
fn label_bytes(account: &Account) -> usize {
    let period = match account.otp() {
        Some(Otp::Totp { period, .. }) if period.get() != 30 => format!("{}/", period.get()).len(),
        _ => 0,
    };
    let issuer = if account.issuer.is_empty() { 0 } else { account.issuer.len().saturating_add(1) };
    period.saturating_add(issuer).saturating_add(account.name.len())
}

/// Lengths and numbers that an app's traps speak of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// Most accounts in the app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slots: Option<usize>,
    /// Most characters of an issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer_characters: Option<usize>,
    /// Most characters of an account name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_characters: Option<usize>,
    /// Most bytes of issuer and name together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label_bytes: Option<usize>,
}

impl Limits {
    pub(super) fn of(traps: &[Trap]) -> Self {
        let least =
            |limit: fn(&When) -> Option<usize>| traps.iter().filter_map(|trap| limit(&trap.when)).min();
        Self {
            slots: least(|when| when.after),
            issuer_characters: least(|when| when.issuer_over),
            name_characters: least(|when| when.name_over),
            label_bytes: least(|when| when.label_over),
        }
    }
}

fn kinds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Kind>, D::Error> {
    words(deserializer, Kind::parse)
}

fn algorithms<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Algorithm>, D::Error> {
    words(deserializer, super::algorithm)
}

fn fields<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Field>, D::Error> {
    words(deserializer, |word| Field::ALL.into_iter().find(|field| field.name() == word))
}

fn displayed<T: fmt::Display, S: Serializer>(list: &[T], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(list.iter().map(ToString::to_string))
}

fn field_names<S: Serializer>(list: &[Field], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(list.iter().map(|field| field.name()))
}
