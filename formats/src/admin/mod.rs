//! Token files of servers: what an admin loads many accounts with, or gets with a box of hardware tokens.

pub(crate) mod delimited;
pub(crate) mod entra;
pub(crate) mod freeipa;
pub(crate) mod freeradius;
pub(crate) mod keycloak;
pub(crate) mod libpam;
pub(crate) mod linotp;
mod oath_csv;
pub(crate) mod oath_usersfile;
pub(crate) mod okta;
pub(crate) mod openvpn_otp;
pub(crate) mod options;
pub(crate) mod otpd;
pub(crate) mod privacyidea;
pub(crate) mod pskc;
pub(crate) mod seeds;
mod token;
pub(crate) mod vault_totp;
pub(crate) mod yubikey;
