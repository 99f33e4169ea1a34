//! Stratum, named Authenticator Pro before 2024 (Android): its backup, plain or encrypted, and its
//! HTML export.
//!
//! One JSON object with `Authenticators`, `Categories`, the links between them and `CustomIcons`.
//! Encryption is "strong" since 2023 and "legacy" before; both wrap the same JSON.
//! Source: the app's `BACKUP_FORMAT.md`, `Backup`, `HtmlBackup`, `RestoreService` and `SecretUtil`.

mod crypt;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::collections::HashSet;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::caps::{Caps, Field, Fit, Groups, Periods};
use crate::ctx::Ctx;
use crate::error::Error;
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::model::{Account, Algorithm, Icon, Kind, Otp, Vault};
use crate::probe::{Node, Probe};
use crate::text::html;

/// Stratum.
pub(crate) struct Stratum;

const ID: &str = "stratum";

static INFO: Info = Info {
    id: ID,
    title: "Stratum (Authenticator Pro)",
    aliases: &["authenticator-pro", "authpro"],
    extensions: &["stratum", "authpro", "html", "bin"],
    reads_encrypted: true,
    unverified: None,
    write: &[Writing {
        form: "",
        caps: CAPS,
        encryption: Encryption::Optional,
        any_password: true,
        carrier: Carrier::File,
        file_name: "backup-plain.stratum",
        encrypted_file_name: "backup.stratum",
        import_help: "In Stratum, tap + > Restore a backup and pick the file",
    }],
    export_help: "In Stratum, open the main menu > Back up and choose Back up to encrypted file",
};

const CAPS: Caps = Caps {
    app: "Stratum",
    kinds: &[Kind::Totp, Kind::Hotp, Kind::Steam, Kind::Motp, Kind::Yandex],
    algorithms: &[Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512],
    digits: &[6, 7, 8, 9, 10],
    // The app keeps it in a signed 32-bit number.
    periods: Periods::UpTo(u32::MAX >> 1),
    // The app keeps it in a signed 64-bit number.
    max_counter: u64::MAX >> 1,
    secret_bytes: (1, usize::MAX),
    needs_pin: true,
    groups: Groups::Many,
    fields: &[Field::Icon, Field::Uses],
};

/// Most digits of an HOTP code. An entry with more ends a restore half way.
/// Source: stratumauth/app issue 1101.
const MAX_HOTP_DIGITS: u8 = 8;
/// Fewest characters of an mOTP secret. Source: the app's `SecretUtil`.
const MIN_MOTP_CHARACTERS: usize = 16;
/// Most characters of the name of a category.
const MAX_CATEGORY: usize = 32;
/// Largest side of a picture, in pixels.
const MAX_ICON_SIDE: u32 = 128;
/// The app keeps the count of copies in a signed 32-bit number.
const MAX_USES: u64 = 2_147_483_647;
/// The issuer of an account that has no name at all; the app does not take an empty one.
const UNNAMED: &str = "Unnamed";
/// Title of the HTML export.
const HTML_TITLE: &str = "Stratum Backup";

impl Format for Stratum {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        if crypt::Variant::of(probe.bytes()).is_some() {
            return Confidence::Sure;
        }
        if let Some(json) = probe.json() {
            return recognise(json);
        }
        match probe.text() {
            Some(text) if html::sniff(text) && html::title(text).as_deref() == Some(HTML_TITLE) => {
                Confidence::Sure
            }
            _ => Confidence::No,
        }
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

/// The list of authenticators is the mark; in a text that broke off before it, two of the other
/// lists are.
fn recognise(json: &Node) -> Confidence {
    if json.get("Authenticators").is_some_and(Node::is_array) {
        return Confidence::Sure;
    }
    let others = ["Categories", "AuthenticatorCategories", "CustomIcons"];
    match others.iter().filter(|name| json.get(name).is_some()).count() {
        0 | 1 => Confidence::No,
        _ => Confidence::Likely,
    }
}

/// `secrets` holds a hash of each secret's text so far.
fn fit(account: &Account, secrets: &mut HashSet<[u8; 32]>) -> Fit {
    let mut fit = CAPS.check(account);
    let Some(otp) = account.otp().filter(|_| fit.refused.is_none()) else {
        return fit;
    };
    if let Some(refused) = refuse(otp) {
        return refused;
    }
    // Source: the app's `RestoreService`: the secret is the key of its table.
    if !secrets.insert(Sha256::digest(secret_text(otp).as_bytes()).into()) {
        return Fit::refuse(
            "same-secret",
            "Stratum keeps only one account for each secret, and an earlier one has the same",
            "Nothing to do when both are the same account; otherwise keep this one in another app",
        );
    }
    name_changes(account, &mut fit);
    if kept_groups(account) != account.groups {
        let message =
            "group names are trimmed and cut to 32 characters; empty and repeated ones are left out";
        fit.change(Field::Groups, message);
    }
    if account.icon.is_some() && kept_icon(account).is_none() {
        fit.change(Field::Icon, "its picture is left behind: Stratum takes PNG of at most 128 pixels");
    }
    if account.uses != kept_uses(account) {
        fit.change(Field::Uses, "the count of uses is not kept");
    }
    fit
}

fn refuse(otp: &Otp) -> Option<Fit> {
    let elsewhere = "Move this account to another app, or keep it in the old one until it is set up again";
    match otp {
        Otp::Hotp { digits, .. } if digits.get() > MAX_HOTP_DIGITS => {
            let message = format!("Stratum cannot show counter-based codes of {} digits", digits.get());
            Some(Fit::refuse("unsupported-digits", message, elsewhere))
        }
        Otp::Motp { secret, .. } if secret.expose().len() < MIN_MOTP_CHARACTERS / 2 => {
            let message = "Stratum does not take an mOTP secret of less than 16 characters";
            Some(Fit::refuse("unsupported-secret", message, elsewhere))
        }
        _ => None,
    }
}

/// The secret as the app stores it: lower-case hex of mOTP, base32 of the others.
fn secret_text(otp: &Otp) -> Zeroizing<String> {
    match otp {
        Otp::Motp { secret, .. } => Zeroizing::new(data_encoding::HEXLOWER.encode(secret.expose())),
        _ => otp.secret().to_base32(),
    }
}

fn name_changes(account: &Account, fit: &mut Fit) {
    let (issuer, name) = names(account);
    if issuer != account.issuer {
        let message = match issuer {
            UNNAMED => format!("it has no name and gets the issuer \"{UNNAMED}\""),
            _ => "it has no issuer, so the account name becomes its issuer".to_owned(),
        };
        fit.change(Field::Issuer, message);
    }
    if name != account.name {
        fit.change(Field::Account, "the account name is its issuer, and no other is left");
    }
}

/// Issuer and user name. The issuer must not be empty.
fn names(account: &Account) -> (&str, &str) {
    match (account.issuer.as_str(), account.name.as_str()) {
        ("", "") => (UNNAMED, ""),
        ("", name) => (name, ""),
        both => both,
    }
}

/// The groups as the app can hold them.
fn kept_groups(account: &Account) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut seen = HashSet::new();
    for group in &account.groups {
        let name: String = group.trim().chars().take(MAX_CATEGORY).collect();
        let name = name.trim_end();
        if !name.is_empty() && seen.insert(name.to_owned()) {
            names.push(name.to_owned());
        }
    }
    names
}

/// The picture, when the app can show it.
fn kept_icon(account: &Account) -> Option<&Icon> {
    account.icon.as_ref().filter(|icon| {
        let sides = png_sides(&icon.data);
        icon.mime == "image/png" && sides.is_some_and(|(w, h)| w <= MAX_ICON_SIDE && h <= MAX_ICON_SIDE)
    })
}

/// Width and height of a PNG picture (RFC 2083: the header chunk is the first).
fn png_sides(data: &[u8]) -> Option<(u32, u32)> {
    let rest = data.strip_prefix(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")?;
    let (width, rest) = rest.split_first_chunk()?;
    let (height, _) = rest.split_first_chunk()?;
    Some((u32::from_be_bytes(*width), u32::from_be_bytes(*height)))
}

/// The count of uses, which is 0 where none is known.
fn kept_uses(account: &Account) -> Option<u64> {
    account.uses.filter(|uses| (1..=MAX_USES).contains(uses))
}
