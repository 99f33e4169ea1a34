//! Open and common forms: URIs, QR transfer, the canonical file.

pub mod foreign;
pub(crate) mod google_migration;
pub(crate) mod label;
pub(crate) mod otp_field;
pub(crate) mod otpauth;
pub(crate) mod otpferry;
pub(crate) mod table;
pub(crate) mod uri_list;
