//! 2FAS (Android and iPhone): the JSON backup, plain or encrypted with a password.
//!
//! One object with `schemaVersion` 1 to 4 and `services`; in an encrypted file `services` is empty
//! and `servicesEncrypted` holds the same list. Both apps read what either writes.
//! Source: the Android app's `BackupContent`, `BackupService` and `ServiceMapper`, the iPhone
//! app's `ExchangeData2` and `ImportFromFileInteractor`.

mod crypt;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::collections::HashSet;

use jiff::Timestamp;

use crate::caps::{Caps, Field, Fit, Groups, Periods};
use crate::ctx::Ctx;
use crate::error::Error;
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::model::{Account, Algorithm, Kind, Vault};
use crate::probe::{Node, Probe};

/// 2FAS.
pub(crate) struct TwoFas;

const ID: &str = "2fas";

static INFO: Info = Info {
    id: ID,
    title: "2FAS",
    aliases: &["twofas", "2fas-auth"],
    extensions: &["2fas", "json", "bak"],
    reads_encrypted: true,
    unverified: None,
    write: &[Writing {
        form: "",
        caps: CAPS,
        encryption: Encryption::Optional,
        // iPhones convert the password to ASCII and fail.
        any_password: false,
        carrier: Carrier::File,
        file_name: "2fas-backup.2fas",
        encrypted_file_name: "2fas-backup.2fas",
        import_help: "In 2FAS, open Settings > 2FAS Backup > Import and pick the file",
    }],
    export_help: "In 2FAS, open Settings > 2FAS Backup > Export and choose Export to file",
};

const CAPS: Caps = Caps {
    app: "2FAS",
    kinds: &[Kind::Totp, Kind::Hotp, Kind::Steam],
    algorithms: &[
        Algorithm::Sha1,
        Algorithm::Sha224,
        Algorithm::Sha256,
        Algorithm::Sha384,
        Algorithm::Sha512,
    ],
    digits: &[5, 6, 7, 8],
    // The iPhone app reads any other period as 30 seconds, without a word.
    periods: Periods::OneOf(&[10, 30, 60, 90]),
    // Both apps keep it in a signed 32-bit number.
    max_counter: 2_147_483_647,
    // The iPhone app drops secrets of fewer than 4 or more than 512 base32 characters: 2 bytes
    // make 4 characters, 320 bytes make 512.
    secret_bytes: (2, 320),
    needs_pin: false,
    groups: Groups::One,
    fields: &[Field::Modified],
};

/// Newest schema.
const SCHEMA: u8 = 4;
/// The title of an account that has no name at all; the apps do not take an empty one.
const UNNAMED: &str = "Unnamed";

impl Format for TwoFas {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        probe.json().map_or(Confidence::No, recognise)
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        read::decode(input, ctx).map_err(|error| error.in_format(ID))
    }

    fn fit(&self, _: &Writing, accounts: &[Account]) -> Vec<Fit> {
        let mut secrets = HashSet::new();
        accounts.iter().map(|account| fit(account, &mut secrets)).collect()
    }

    fn encode(&self, _: &Writing, vault: &Vault, ctx: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        let part = write::encode(vault, ctx).map_err(|error| error.in_format(ID))?;
        Ok(vec![part])
    }
}

/// The version beside the services is the mark. In a text that broke off before the version, a
/// service with its `otp` is nearly as good.
fn recognise(json: &Node) -> Confidence {
    let version = json.get("schemaVersion").and_then(Node::integer).is_some();
    let services = json.get("services");
    let encrypted = json.get("servicesEncrypted").is_some();
    if version && (encrypted || services.is_some_and(Node::is_array)) {
        return Confidence::Sure;
    }
    let service = match services {
        Some(Node::Array(Some(first))) => first.get("otp").is_some() && first.get("secret").is_some(),
        _ => false,
    };
    if service || encrypted || (version && json.get("appOrigin").is_some()) {
        return Confidence::Likely;
    }
    Confidence::No
}

/// Most characters of a title or an account name on an iPhone.
const IPHONE_NAME: usize = 50;

fn fit<'a>(account: &'a Account, secrets: &mut HashSet<&'a [u8]>) -> Fit {
    let mut fit = CAPS.check(account);
    let Some(otp) = account.otp().filter(|_| fit.refused.is_none()) else {
        return fit;
    };
    // Source: the Android app deletes the older service of the same secret on import.
    if !secrets.insert(otp.secret().expose()) {
        return Fit::refuse(
            "same-secret",
            "2FAS keeps only one account for each secret, and an earlier one has the same",
            "Nothing to do when both are the same account; otherwise keep this one in another app",
        );
    }
    let title = title(account);
    if title != account.issuer {
        fit.change(Field::Issuer, title_message(account, title));
    }
    if kept_group(account).is_none() && account.groups.len() == 1 {
        fit.change(Field::Groups, "a group without a name is left out");
    }
    if account.modified.is_none() {
        fit.change(Field::Modified, "the time of this move is noted as the time of the last change");
    } else if account.modified != account.modified.and_then(to_milliseconds) {
        fit.change(Field::Modified, "the time of the last change is kept to the millisecond");
    }
    if [title, account.name.as_str()].iter().any(|name| name.chars().count() > IPHONE_NAME) {
        fit.remarks.push(format!("2FAS on an iPhone cuts names after {IPHONE_NAME} characters"));
    }
    fit
}

/// What the apps show in the first line. They have a title where others have an issuer, and it
/// must not be empty.
fn title(account: &Account) -> &str {
    [account.issuer.trim(), account.name.trim()].into_iter().find(|name| !name.is_empty()).unwrap_or(UNNAMED)
}

fn title_message(account: &Account, title: &str) -> String {
    if !account.issuer.trim().is_empty() {
        "white space around the issuer is removed".to_owned()
    } else if title == UNNAMED {
        format!("it has no name and gets the title \"{UNNAMED}\"")
    } else {
        "it has no issuer, so the account name becomes its title".to_owned()
    }
}

/// The group that the apps can hold: the first.
fn kept_group(account: &Account) -> Option<&str> {
    account.groups.first().map(String::as_str).filter(|name| !name.is_empty())
}

/// A time as precise as the file holds it.
fn to_milliseconds(time: Timestamp) -> Option<Timestamp> {
    Timestamp::from_millisecond(time.as_millisecond()).ok()
}
