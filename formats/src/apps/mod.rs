//! Authenticator apps.

pub(crate) mod aegis;
pub(crate) mod ente;
pub(crate) mod lastpass;
pub(crate) mod microsoft;
pub(crate) mod proton;
pub(crate) mod two_fas;
