//! Authenticator apps.

pub(crate) mod aegis;
pub(crate) mod microsoft;
pub(crate) mod two_fas;
