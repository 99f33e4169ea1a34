//! Authenticator apps.

pub(crate) mod aegis;
pub(crate) mod andotp;
pub(crate) mod freeotp;
pub(crate) mod freeotpplus;
pub(crate) mod microsoft;
pub(crate) mod two_fas;
