//! Authenticator apps.

pub(crate) mod aegis;
pub(crate) mod andotp;
pub(crate) mod battlenet;
mod database;
pub(crate) mod duo;
pub(crate) mod freeotp;
pub(crate) mod freeotpplus;
pub(crate) mod google_sqlite;
pub(crate) mod microsoft;
pub(crate) mod two_fas;
