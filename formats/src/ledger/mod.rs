//! The ledger of pre-staged accounts: who has which secret, and what became of it.
//!
//! It is the one copy of the secrets that is kept, so that a second run changes none, sheets can be printed
//! again, and all accounts can move to another server. The application keeps it inside an age file; what is in
//! there is text, one JSON object a line, to be read in many years without this program.

mod file;
mod format;

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;

use crate::model::{Account, Credential, Device, Otp, Secret};

pub(crate) use format::LedgerFormat;

/// What is known about every account that was ever made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// When it was begun.
    pub created: Timestamp,
    /// Under which the audit log names secrets; it is nowhere else.
    pub log_key: Secret,
    /// Public keys that it is encrypted to; none when it has a passphrase.
    pub recipients: Vec<String>,
    /// Every run that has changed it, the last one last.
    pub runs: Vec<Run>,
    /// Every account, in the order in which they were made.
    pub entries: Vec<Entry>,
}

/// One run of the command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its name, which is in no other ledger.
    pub id: String,
    /// The folder that its files are in, as a whole path.
    pub folder: String,
    /// When it began.
    pub started: Timestamp,
    /// When all its files were in place; `None` while it lasts, or when it was interrupted.
    pub finished: Option<Timestamp>,
}

/// What became of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Its secret is in the ledger and nowhere else.
    Generated,
    /// It is in a file for a server.
    Exported,
    /// Its owner has it.
    Delivered,
    /// Another one has taken its place.
    Replaced,
    /// It is not to be used any more.
    Withdrawn,
}

impl State {
    const ALL: [Self; 5] =
        [Self::Generated, Self::Exported, Self::Delivered, Self::Replaced, Self::Withdrawn];

    /// Its name in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Generated => "generated",
            Self::Exported => "exported",
            Self::Delivered => "delivered",
            Self::Replaced => "replaced",
            Self::Withdrawn => "withdrawn",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether codes of the account still count.
    pub fn is_live(self) -> bool {
        matches!(self, Self::Generated | Self::Exported | Self::Delivered)
    }
}

/// One account of one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Who it belongs to, in a word that survives a change of name: the key of the directory.
    pub key: String,
    /// The directory that the key is of: `entra`, `okta`, ...
    pub directory: String,
    /// Keys of the same person in other directories, each with its directory before a colon.
    pub other_keys: Vec<String>,
    /// The same person's id in the directory, where it has one.
    pub directory_id: Option<String>,
    /// The login name.
    pub account: String,
    /// Login names that the person had before.
    pub earlier_accounts: Vec<String>,
    /// The person's name.
    pub display: String,
    /// The person's address for mail.
    pub email: String,
    /// Departments or groups.
    pub groups: Vec<String>,
    /// The service. A person has one live secret for each.
    pub issuer: String,
    /// Number, maker and model of the token that a server takes it for. No other account ever has the number.
    pub device: Device,
    /// Secret and parameters; `None` when the secret of a replaced account was wiped.
    pub otp: Option<Otp>,
    /// What became of it.
    pub state: State,
    /// The run that made it.
    pub run: String,
    /// When it was made.
    pub created: Timestamp,
    /// When anything about it changed last.
    pub changed: Timestamp,
    /// The files that it went into.
    pub exports: Vec<Export>,
    /// Number of the token that took its place.
    pub replaced_by: Option<String>,
}

/// An account in a file for a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// The form: `entra-oath:csv`.
    pub target: String,
    /// The run that wrote it last.
    pub run: String,
    /// When that was.
    pub time: Timestamp,
}

impl Entry {
    /// The account as the formats know it; `None` when its secret was wiped.
    pub fn account(&self) -> Option<Account> {
        let otp = self.otp.clone()?;
        let mut account = Account::new(Credential::Otp(otp), self.issuer.clone(), self.account.clone());
        account.groups.clone_from(&self.groups);
        account.user = Some(self.account.clone());
        account.device = Some(self.device.clone());
        account.created = Some(self.created);
        Some(account)
    }

    /// The export into this form.
    pub fn export(&self, target: &str) -> Option<&Export> {
        self.exports.iter().find(|export| export.target == target)
    }
}

impl Ledger {
    /// Names a secret in the audit log: the first 8 bytes of its HMAC-SHA-256 under the ledger's own key. Who has only
    /// the log can check no guess with it.
    pub fn secret_id(&self, secret: &Secret) -> String {
        let Ok(mac) = Hmac::<Sha256>::new_from_slice(self.log_key.expose()) else { return String::new() };
        let tag = mac.chain_update(secret.expose()).finalize().into_bytes();
        HEXLOWER.encode(tag.get(..8).unwrap_or_default())
    }
}
