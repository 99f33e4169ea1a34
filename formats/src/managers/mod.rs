//! Password managers: files whose items are logins, of which some have a one-time code.
//!
//! Only what belongs to the code leaves such a file. Passwords, passkeys, cards and notes without a
//! code are counted and stay where they are; nothing of them is kept for writing either, because what
//! is kept ends up in other files.

pub(crate) mod authenticator_ext;
pub(crate) mod bitwarden;
pub(crate) mod bitwarden_authenticator;
pub(crate) mod cotp;
pub(crate) mod cxf;
pub(crate) mod enpass;
pub(crate) mod keepass;
pub(crate) mod keeper;
pub(crate) mod login;
pub(crate) mod one_password;
pub(crate) mod otpclient;
pub(crate) mod pass_otp;
pub(crate) mod proton_pass;
pub(crate) mod tables;
pub(crate) mod two_fauth;
pub(crate) mod written;
