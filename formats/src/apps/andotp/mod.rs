//! andOTP (Android): the backup, plain or encrypted with a password.
//!
//! An array of entries in JSON. Encrypted it is binary without any mark; the app calls the scheme
//! from before 2019 the "old backup format". Backups to OpenPGP keys are for gpg.
//! Source: the app's `Entry`, `EncryptionHelper`, `BackupHelper` and `TokenCalculator`.

mod crypt;
mod read;
#[cfg(test)]
mod tests;
mod write;

use crate::caps::{Caps, Field, Fit, Groups, Periods};
use crate::ctx::Ctx;
use crate::error::Error;
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::model::{Account, Algorithm, Kind, Vault};
use crate::probe::{Node, Probe};
use crate::text::time;

/// andOTP.
pub(crate) struct AndOtp;

const ID: &str = "andotp";

static INFO: Info = Info {
    id: ID,
    title: "andOTP",
    aliases: &[],
    extensions: &["json", "aes", "gpg"],
    reads_encrypted: true,
    unverified: None,
    write: &[Writing {
        form: "",
        caps: CAPS,
        encryption: Encryption::Optional,
        any_password: true,
        carrier: Carrier::File,
        file_name: "otp_accounts.json",
        encrypted_file_name: "otp_accounts.json.aes",
        import_help: "In andOTP, open the menu > Backups, choose Plain-text or Password-protected, and Restore backup",
    }],
    export_help: "In andOTP, open the menu > Backups, choose Plain-text or Password-protected, and Create backup",
};

const CAPS: Caps = Caps {
    app: "andOTP",
    kinds: &[Kind::Totp, Kind::Hotp, Kind::Steam, Kind::Motp],
    algorithms: &[Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512],
    digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    // Kept in a signed 32-bit number.
    periods: Periods::UpTo(u32::MAX >> 1),
    max_counter: MAX_LONG,
    secret_bytes: (1, usize::MAX),
    needs_pin: false,
    groups: Groups::Many,
    fields: &[Field::LastUsed, Field::Uses],
};

/// Counters and counts are kept in signed 64-bit numbers.
const MAX_LONG: u64 = u64::MAX >> 1;
/// How an OpenPGP backup begins: the app armours it always.
const PGP: &str = "-----BEGIN PGP MESSAGE-----";

impl Format for AndOtp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        match (probe.json(), probe.text()) {
            (Some(json), _) => recognise(json),
            (None, Some(text)) if text.trim_start().starts_with(PGP) => Confidence::Likely,
            (None, Some(_)) => Confidence::No,
            (None, None) => recognise_encrypted(probe),
        }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        read::decode(input, ctx).map_err(|error| error.in_format(ID))
    }

    fn fit(&self, _: &Writing, accounts: &[Account]) -> Vec<Fit> {
        accounts.iter().map(fit).collect()
    }

    fn encode(&self, _: &Writing, vault: &Vault, ctx: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        let part = write::encode(vault, ctx).map_err(|error| error.in_format(ID))?;
        Ok(vec![part])
    }
}

/// Several apps write an array of objects with a secret; only this one has `label`, a `type`, and
/// what it knows about use. The oldest files have nothing but secret, label and period.
fn recognise(json: &Node) -> Confidence {
    let Node::Array(Some(entry)) = json else {
        return Confidence::No;
    };
    let has = |field: &str| entry.get(field).is_some();
    let text = |field: &str| entry.get(field).is_some_and(|value| matches!(value, Node::Text(_)));
    if !text("secret") || !text("label") || has("kind") || has("account") || has("pin") {
        return Confidence::No;
    }
    // GNOME Authenticator wrote the same without issuers, and a tag in the place of one.
    if has("thumbnail") && !has("issuer") && !matches!(entry.get("tags"), Some(Node::Array(None))) {
        return Confidence::Weak;
    }
    match (has("type"), has("algorithm") || has("thumbnail") || has("last_used")) {
        (true, true) => Confidence::Sure,
        _ => Confidence::Likely,
    }
}

/// A plausible number of iterations, or the name that the app gives to a backup.
fn recognise_encrypted(probe: &Probe<'_>) -> Confidence {
    let name = probe.name().unwrap_or_default().to_ascii_lowercase();
    if crypt::has_usual_iterations(probe.bytes()) {
        Confidence::Likely
    } else if crypt::is_long_enough(probe.bytes()) && (name.contains("otp_accounts") || name.contains(ID)) {
        Confidence::Weak
    } else {
        Confidence::No
    }
}

fn fit(account: &Account) -> Fit {
    let mut fit = CAPS.check(account);
    let Some(otp) = account.otp().filter(|_| fit.refused.is_none()) else {
        return fit;
    };
    if otp.pin().is_some() {
        return Fit::refuse(
            "pin-not-held",
            "andOTP keeps no PIN of an mOTP account: it asks for it each time",
            "Add this account in andOTP by hand, or leave out its PIN in the old app",
        );
    }
    if kept_name(account) != account.name {
        fit.change(Field::Account, "the issuer in front of the account name is left out");
    }
    if account.last_used != time::kept_last_used(account.last_used) {
        fit.change(Field::LastUsed, "the time of last use is kept to the millisecond, from 1970 on");
    }
    if account.uses.is_some_and(|uses| uses > MAX_LONG) {
        fit.change(Field::Uses, "the count of uses is too high to be kept");
    }
    fit
}

/// The account name without its issuer in front: older versions left it there when a QR code was
/// scanned, so it is not read as a part of the name.
fn kept_name(account: &Account) -> &str {
    let mut name = account.name.as_str();
    while let Some(rest) = without_issuer(&account.issuer, name) {
        name = rest;
    }
    name
}

fn without_issuer<'a>(issuer: &str, name: &'a str) -> Option<&'a str> {
    if issuer.is_empty() {
        return None;
    }
    Some(name.strip_prefix(issuer)?.strip_prefix(':')?.trim())
}
