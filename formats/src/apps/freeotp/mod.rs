//! FreeOTP (Android): the backup of version 2, and the preferences of both versions.
//!
//! Version 2 writes a Java-serialised map and calls it `externalBackup.xml`; it is not XML. Version 1
//! exports nothing: its `tokens.xml` comes from a rooted phone or a device backup.
//! Source: the app's `Token`, `TokenPersistence`, `MasterKey` and `EncryptedKey`, and its BACKUP.md.

#[cfg(test)]
mod tests;
pub(super) mod token;
mod v1;
mod v2;
mod write;

use crate::caps::{Caps, Field, Fit, Groups, Periods};
use crate::container::java;
use crate::container::prefs::Prefs;
use crate::ctx::Ctx;
use crate::error::Error;
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::model::{Account, Algorithm, Kind, Vault};
use crate::probe::Probe;
use crate::text::time;

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
    write: &[Writing {
        form: "",
        caps: CAPS,
        encryption: Encryption::Always,
        any_password: true,
        carrier: Carrier::File,
        file_name: FILE_NAME,
        encrypted_file_name: FILE_NAME,
        import_help: "In FreeOTP 2 on Android 8 or later, open the menu > Restore and pick the file. Do it in an \
            app without tokens: restoring replaces the backup that it keeps, and its password. The order of \
            the tokens is the app's own",
    }],
    export_help: "In FreeOTP 2, open the menu > Backup. FreeOTP 1 has no export. On a rooted Android phone: \
        /data/data/org.fedorahosted.freeotp/shared_prefs/tokens.xml, or tokenBackup.xml of version 2",
};

/// As the app suggests it, with the extension of the type that it gives the file.
const FILE_NAME: &str = "externalBackup.xml";

const CAPS: Caps = Caps {
    app: "FreeOTP",
    // Its Steam codes have their characters in reversed order: `Code.Factory.makeCode` fills them from
    // the end.
    kinds: &[Kind::Totp, Kind::Hotp],
    // Source: `Token.SAFE_ALGOS`.
    algorithms: &[
        Algorithm::Sha1,
        Algorithm::Sha224,
        Algorithm::Sha256,
        Algorithm::Sha384,
        Algorithm::Sha512,
    ],
    // Source: `Code.Factory.getDigitsMin` and `getDigitsMax`.
    digits: &[6, 7, 8, 9],
    // Shorter ones are not valid in `Token`; kept in a signed 32-bit number.
    periods: Periods::Between(5, u32::MAX >> 1),
    // Kept in a signed 64-bit number.
    max_counter: u64::MAX >> 1,
    secret_bytes: (1, usize::MAX),
    needs_pin: false,
    groups: Groups::None,
    fields: &[Field::LastUsed],
};

impl Format for FreeOtp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        if java::sniff(probe.bytes()) { v2::recognise(probe.bytes()) } else { v1::recognise(probe) }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        let vault = if java::sniff(input.bytes) {
            v2::decode(input.bytes, ctx)
        } else {
            decode_preferences(input, ctx)
        };
        vault.map_err(|error| error.in_format(ID))
    }

    fn fit(&self, _: &Writing, accounts: &[Account]) -> Vec<Fit> {
        accounts.iter().map(fit).collect()
    }

    fn encode(&self, _: &Writing, vault: &Vault, ctx: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        let bytes = write::encode(vault, ctx).map_err(|error| error.in_format(ID))?;
        Ok(vec![Part(bytes)])
    }
}

fn decode_preferences(input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
    let prefs = Prefs::parse(&input.text()?)?;
    if v2::is_ours(&prefs) { v2::decode_preferences(&prefs, ctx) } else { v1::decode(&prefs, ctx) }
}

fn fit(account: &Account) -> Fit {
    let mut fit = CAPS.check(account);
    if fit.refused.is_some() {
        return fit;
    }
    // The app goes by the issuer alone, and does so for counter-based accounts as well.
    if let Some(refused) = token::refuse_as_steam(account, CAPS.app) {
        return refused;
    }
    if account.last_used != time::kept_last_used(account.last_used) {
        fit.change(Field::LastUsed, "the time of last use is kept to the millisecond, from 1970 on");
    }
    token::remark_colon(&mut fit, account, "FreeOTP cannot share this account later");
    fit
}
