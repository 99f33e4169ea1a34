//! Token files of servers: what an admin loads many accounts with, or gets with a box of hardware tokens.

pub(crate) mod entra;
pub(crate) mod linotp;
mod oath_csv;
pub(crate) mod oath_usersfile;
pub(crate) mod privacyidea;
mod token;
pub(crate) mod yubikey;
