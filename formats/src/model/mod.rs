//! The canonical model: what every format is read into and written from.

mod account;
pub mod compare;
mod draft;
mod fingerprint;
pub(crate) mod group;
pub mod merge;
mod name_only;
mod otp;
mod protection;
mod secret;
mod vault;

pub use account::{Account, Credential, Device, Extra, Icon, Origin};
pub use draft::{Draft, Number};
pub use fingerprint::Fingerprint;
pub use name_only::NameOnly;
pub use otp::{Algorithm, Digits, Kind, Otp, OtpError, Period};
pub use protection::{Kdf, Protection, Strength};
pub use secret::{Secret, SecretText};
pub use vault::{BatchPart, Vault};
