//! What happened to every account: one typed item for each thing that the user should know.

use serde::Serialize;

use crate::error::Place;
use crate::model::Account;

/// One line of the report. Holds names and positions, never a secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Item {
    /// The input file; empty when it had no name.
    pub file: String,
    /// 0-based position of the entry in that file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
    /// The service, where known.
    pub issuer: String,
    /// The user's name there, where known.
    pub account: String,
    /// The field that is meant, or several joined by `, `.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Stable kebab-case reason.
    pub code: String,
    /// What happened, as a sentence.
    pub message: String,
    /// What to do about it, as a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_step: Option<String>,
}

impl Item {
    /// An item about the file as a whole.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), ..Self::default() }
    }

    /// An item about an account that was read.
    pub fn about(account: &Account, code: &str, message: impl Into<String>) -> Self {
        Self {
            file: account.origin.file.clone(),
            index: Some(account.origin.index),
            issuer: account.issuer.clone(),
            account: account.name.clone(),
            ..Self::new(code, message)
        }
    }

    /// Sets the position of the entry.
    #[must_use]
    pub fn index(mut self, index: usize) -> Self {
        self.index = Some(index);
        self
    }

    /// Sets what the entry is called.
    #[must_use]
    pub fn named(mut self, issuer: impl Into<String>, account: impl Into<String>) -> Self {
        self.issuer = issuer.into();
        self.account = account.into();
        self
    }

    /// Sets the field.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Sets what to do.
    #[must_use]
    pub fn next_step(mut self, text: impl Into<String>) -> Self {
        self.next_step = Some(text.into());
        self
    }

    /// Adds the place to the message.
    #[must_use]
    pub fn at(mut self, place: &Place) -> Self {
        self.message = format!("{} (at {place})", self.message);
        self
    }
}

/// Why one entry of a file is not an account. Converts into an [`Item`] of the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skip {
    /// Stable kebab-case reason: one of the constants of this type.
    pub code: &'static str,
    /// What is wrong, as a sentence.
    pub message: String,
}

impl Skip {
    /// The entry has no secret.
    pub const NO_SECRET: &'static str = "no-secret";
    /// The secret cannot be read in the encoding that the format prescribes.
    pub const BAD_SECRET: &'static str = "bad-secret";
    /// The secret is encrypted in a way that cannot be undone away from the device.
    pub const LOCKED_SECRET: &'static str = "locked-secret";
    /// A kind of token that the model does not know.
    pub const UNKNOWN_KIND: &'static str = "unknown-kind";
    /// A hash that the model does not know.
    pub const UNKNOWN_ALGORITHM: &'static str = "unknown-algorithm";
    /// Digits that are no number or outside 1..=10.
    pub const BAD_DIGITS: &'static str = "bad-digits";
    /// A period that is no number or out of range.
    pub const BAD_PERIOD: &'static str = "bad-period";
    /// A counter that is no number or out of range.
    pub const BAD_COUNTER: &'static str = "bad-counter";
    /// A field that the format requires is absent or of another type.
    pub const MISSING_FIELD: &'static str = "missing-field";
    /// A line or QR code that is something else than an account.
    pub const NOT_AN_ACCOUNT: &'static str = "not-an-account";
    /// A part of the file that cannot be read, with an unknown number of entries in it.
    pub const DAMAGED: &'static str = "damaged";
    /// The entry lies in the app's recycle bin.
    pub const TRASHED: &'static str = "in-the-trash";
    /// A migration payload that cannot be decoded.
    pub const UNREADABLE_PAYLOAD: &'static str = "unreadable-payload";

    /// A reason with its sentence.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// The item for the report.
    pub fn item(self, index: usize, issuer: &str, account: &str) -> Item {
        let next_step = match self.code {
            Self::NO_SECRET | Self::BAD_SECRET => {
                "Keep the old app until you have set this account up again at its service"
            }
            Self::DAMAGED => "Copy the file again; do not delete the old one before all accounts are there",
            Self::LOCKED_SECRET => {
                "Export it in the app in a form that is not bound to the device, or set it up again at its service"
            }
            Self::NOT_AN_ACCOUNT => "Nothing to do unless you expected an account here",
            Self::TRASHED => "If you still need it, restore it in the app and export again",
            Self::UNREADABLE_PAYLOAD => "Export or photograph this QR code again",
            _ => "Set this account up again at its service",
        };
        Item::new(self.code, self.message).index(index).named(issuer, account).next_step(next_step)
    }
}
