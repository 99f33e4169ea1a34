//! Authenticator apps.

pub(crate) mod aegis;
pub(crate) mod gnome_authenticator;
pub(crate) mod microsoft;
pub(crate) mod raivo;
pub(crate) mod stratum;
pub(crate) mod two_fas;
pub(crate) mod winauth;
