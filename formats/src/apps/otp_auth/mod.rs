//! `otp-auth`: OTP Auth for iPhone and Mac (Roland Moers), backups `.otpauthdb` and single accounts
//! `.otpauth`.
//!
//! Two layers. The outer one has a key that is the same for everybody: AES-256-CBC with a zero
//! initial vector over an archived dictionary, which holds a version and the inner layer. That has
//! the user's password and holds an archived list of folders, or one account.
//! Sources: CooperRS/decrypt-otpauth-files; ente-io/ente, issue 11519.

mod crypt;
mod read;
#[cfg(test)]
mod tests;

use crate::ctx::Ctx;
use crate::error::Error;
use crate::format::{Confidence, Format, Info, Input};
use crate::model::Vault;
use crate::probe::Probe;

/// OTP Auth.
pub(crate) struct OtpAuth;

const ID: &str = "otp-auth";

static INFO: Info = Info {
    id: ID,
    title: "OTP Auth (iPhone, Mac)",
    aliases: &["otp-auth-ios", "otpauthdb"],
    extensions: &["otpauthdb", "otpauthdp", "otpauth"],
    reads_encrypted: true,
    unverified: None,
    write: &[],
    export_help: "In OTP Auth, open Settings > Backups > Create Backup and choose a password",
};

impl Format for OtpAuth {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        // The outer key is no secret, and the first block opens on its own.
        if crypt::Kind::of(probe.bytes()).is_some() { Confidence::Sure } else { Confidence::No }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        read::decode(input, ctx).map_err(|error| error.in_format(ID))
    }
}
