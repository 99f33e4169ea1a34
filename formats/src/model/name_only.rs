//! Why an account has no code to move, where its app says so.

/// A kind of sign-in whose key never leaves the phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameOnly {
    /// A work or school account of Microsoft (Entra ID), approved by push.
    WorkOrSchool,
    /// A personal Microsoft account without a password.
    Passwordless,
    /// An account of Duo Security, approved by push.
    DuoPush,
    /// The phone has encrypted the secret with a key of its own.
    EncryptedByPhone,
}

impl NameOnly {
    const ALL: [Self; 4] = [Self::WorkOrSchool, Self::Passwordless, Self::DuoPush, Self::EncryptedByPhone];

    /// The reason that stands in the account, as a clause.
    pub fn reason(self) -> &'static str {
        match self {
            Self::WorkOrSchool => {
                "a work or school account approved by push: its key belongs to this phone and there is no code to move"
            }
            Self::Passwordless => {
                "a passwordless Microsoft account: its key belongs to this phone and there is no code to move"
            }
            Self::DuoPush => {
                "approved by push in Duo Mobile: its key belongs to this phone and there is no code to move"
            }
            Self::EncryptedByPhone => {
                "the phone has encrypted its secret with a key that never leaves the phone"
            }
        }
    }

    /// Which of these a reason is. The canonical file keeps the reason, so that this works on a copy as well.
    pub fn of(reason: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.reason() == reason)
    }
}
