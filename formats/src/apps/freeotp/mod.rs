//! FreeOTP (Android): the backup of version 2, and the preferences of version 1.
//!
//! Version 2 writes a Java-serialised map and calls it `externalBackup.xml`; it is not XML. Version 1
//! exports nothing: its `tokens.xml` comes from a rooted phone or a device backup.
//! Source: the app's `Token`, `TokenPersistence`, `MasterKey` and `EncryptedKey`, and its BACKUP.md.

#[cfg(test)]
mod tests;
pub(super) mod token;
mod v1;
mod v2;

use crate::container::java;
use crate::ctx::Ctx;
use crate::error::Error;
use crate::format::{Confidence, Format, Info, Input};
use crate::model::Vault;
use crate::probe::Probe;

/// FreeOTP.
pub(crate) struct FreeOtp;

const ID: &str = "freeotp";

static INFO: Info = Info {
    id: ID,
    title: "FreeOTP (Android)",
    aliases: &[],
    extensions: &["xml"],
    reads_encrypted: true,
    unverified: None,
    write: None,
    export_help: "In FreeOTP 2, open the menu > Backup. FreeOTP 1 has no export. On a rooted Android phone: \
        /data/data/org.fedorahosted.freeotp/shared_prefs/tokens.xml",
};

impl Format for FreeOtp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        if java::sniff(probe.bytes()) { v2::recognise(probe.bytes()) } else { v1::recognise(probe) }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        let vault =
            if java::sniff(input.bytes) { v2::decode(input.bytes, ctx) } else { v1::decode(input, ctx) };
        vault.map_err(|error| error.in_format(ID))
    }
}
