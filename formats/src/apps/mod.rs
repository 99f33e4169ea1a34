//! Authenticator apps.

pub(crate) mod aegis;
pub(crate) mod andotp;
pub(crate) mod authenticator_plus;
pub(crate) mod authy;
pub(crate) mod ente;
pub(crate) mod freeotp;
pub(crate) mod freeotpplus;
pub(crate) mod lastpass;
pub(crate) mod microsoft;
pub(crate) mod otp_auth;
pub(crate) mod proton;
pub(crate) mod steam;
pub(crate) mod totp_authenticator;
pub(crate) mod two_fas;
