//! One account: what it is called, what its codes come from, and what its app knew about it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::otp::{Algorithm, Digits, Kind, Otp, Period};

/// What an account signs in with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// A secret that codes are computed from.
    Otp(Otp),
    /// No secret in the file: the account can only be listed.
    NameOnly {
        /// Why there is none, as a sentence for the user.
        reason: String,
    },
}

/// A picture that the user chose for an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Icon {
    /// `image/png`, `image/jpeg`, `image/svg+xml`.
    pub mime: String,
    /// The encoded picture.
    pub data: Vec<u8>,
}

/// A hardware token that an account lives on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Device {
    /// Serial number, as printed on the token.
    pub serial: String,
    /// Maker of the token.
    pub manufacturer: String,
    /// Model of the token.
    pub model: String,
}

/// Where an account was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The file as the user named it; empty when the bytes had no name.
    pub file: String,
    /// Format id.
    pub format: String,
    /// 0-based position in the file, skipped entries included.
    pub index: usize,
}

/// What only one app knows, by format id. Only that format may write it back.
pub type Extra = BTreeMap<String, Value>;

/// One account of the canonical model.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// Secret and parameters, or the reason why there are none.
    pub credential: Credential,
    /// The service, `""` when unknown.
    pub issuer: String,
    /// The user's name at the service, `""` when unknown.
    pub name: String,
    /// Names of the groups, folders or tags that it is in.
    pub groups: Vec<String>,
    /// Free text.
    pub note: String,
    /// Pinned or starred.
    pub favorite: bool,
    /// Picture.
    pub icon: Option<Icon>,
    /// Web addresses of the service.
    pub urls: Vec<String>,
    /// When the account was added.
    pub created: Option<Timestamp>,
    /// When it was last edited.
    pub modified: Option<Timestamp>,
    /// When a code was last used.
    pub last_used: Option<Timestamp>,
    /// How often a code was used.
    pub uses: Option<u64>,
    /// In the app's recycle bin.
    pub trashed: bool,
    /// Hardware token.
    pub device: Option<Device>,
    /// The person that an admin assigned it to.
    pub user: Option<String>,
    /// Where it was read.
    pub origin: Origin,
    /// What only its app knows.
    pub extra: Extra,
}

impl Account {
    /// An account with a name and nothing else known about it.
    pub fn new(credential: Credential, issuer: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            credential,
            issuer: issuer.into(),
            name: name.into(),
            groups: Vec::new(),
            note: String::new(),
            favorite: false,
            icon: None,
            urls: Vec::new(),
            created: None,
            modified: None,
            last_used: None,
            uses: None,
            trashed: false,
            device: None,
            user: None,
            origin: Origin::default(),
            extra: Extra::new(),
        }
    }

    /// The secret and its parameters; `None` for a name-only account.
    pub fn otp(&self) -> Option<&Otp> {
        match &self.credential {
            Credential::Otp(otp) => Some(otp),
            Credential::NameOnly { .. } => None,
        }
    }

    /// The kind.
    pub fn kind(&self) -> Kind {
        self.otp().map_or(Kind::NameOnly, Otp::kind)
    }

    /// Whether each phone that the account is set up on has a key of its own: a personal Microsoft account
    /// whose codes Microsoft Authenticator shows. The codes of two phones differ, and both are accepted.
    ///
    /// They have eight digits (the app shows all other accounts with six), every 30 seconds, with SHA-1. Away
    /// from the app's own database the issuer tells them.
    pub fn is_per_device(&self) -> bool {
        let shown_by_microsoft = matches!(
            self.otp(),
            Some(Otp::Totp { algorithm: Algorithm::Sha1, digits: Digits::EIGHT, period: Period::THIRTY, .. })
        );
        let of_microsoft =
            self.origin.format == "microsoft" || self.issuer.trim().eq_ignore_ascii_case("microsoft");
        shown_by_microsoft && of_microsoft
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Secret;

    fn totp(issuer: &str, digits: Digits, period: u64) -> Account {
        let otp = Otp::Totp {
            secret: Secret::new(vec![1; 20]).unwrap(),
            algorithm: Algorithm::Sha1,
            digits,
            period: Period::new(period).unwrap(),
        };
        Account::new(Credential::Otp(otp), issuer, "maria@outlook.example")
    }

    #[test]
    fn personal_microsoft_accounts_are_per_device() {
        assert!(totp("Microsoft", Digits::EIGHT, 30).is_per_device());
        assert!(totp(" microsoft ", Digits::EIGHT, 30).is_per_device());
        let mut in_its_database = totp("Outlook", Digits::EIGHT, 30);
        assert!(!in_its_database.is_per_device());
        in_its_database.origin.format = "microsoft".to_owned();
        assert!(in_its_database.is_per_device());
        // Work accounts and those set up as "another app" have six, and the same key everywhere.
        assert!(!totp("Microsoft", Digits::SIX, 30).is_per_device());
        assert!(!totp("Microsoft", Digits::EIGHT, 60).is_per_device());
        let reason = "no secret".to_owned();
        assert!(!Account::new(Credential::NameOnly { reason }, "Microsoft", "").is_per_device());
    }
}
