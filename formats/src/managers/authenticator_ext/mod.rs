//! `authenticator-ext`: backups of the browser extension "Authenticator" (authenticator.cc): JSON, plain
//! or encrypted in three ways, and lists of links.
//!
//! An object of entries by their ids. The first versions encrypted only the secrets, with the password
//! (v1) or with a random key under it (v2, until 7.x, CVE-2024-45394); since 8.0 whole entries are
//! encrypted with keys that are derived by Argon2id (v3).
//! Source: `models/storage.ts`, `models/encryption.ts`, `argon.ts` and `import.ts` of the extension.

mod crypt;
mod links;
mod read;
#[cfg(test)]
mod tests;
mod write;

use serde_json::Value;

use crate::caps::{Caps, Field, Fit, Groups, Periods};
use crate::ctx::Ctx;
use crate::error::Error;
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::model::{Account, Algorithm, Kind, Vault};
use crate::probe::{Node, Probe};

pub(crate) use links::has_hex_secret;

/// The browser extension "Authenticator".
pub(crate) struct AuthenticatorExt;

const ID: &str = "authenticator-ext";

static INFO: Info = Info {
    id: ID,
    title: "Authenticator (browser extension)",
    aliases: &["authenticator-cc"],
    extensions: &["json", "txt"],
    reads_encrypted: true,
    unverified: Some(
        "the encryption of version 8, which was checked with the libraries that the extension uses, not with a file of its own",
    ),
    write: &[
        Writing {
            form: "json",
            caps: CAPS,
            encryption: Encryption::Optional,
            any_password: true,
            carrier: Carrier::File,
            file_name: "authenticator.json",
            encrypted_file_name: "authenticator.json",
            import_help: "In the extension, Import Backup > Import Backup File; an encrypted file needs version 8",
        },
        Writing {
            form: TEXT,
            caps: TEXT_CAPS,
            encryption: Encryption::Never,
            any_password: true,
            carrier: Carrier::File,
            file_name: "authenticator.txt",
            encrypted_file_name: "authenticator.txt",
            import_help: "In the extension, Import Backup > Import Backup File",
        },
    ],
    export_help: "In the extension, Menu > Backup > Download backup file, or Download password-protected backup",
};

const CAPS: Caps = Caps {
    app: "Authenticator",
    kinds: &[Kind::Totp, Kind::Hotp, Kind::Steam],
    algorithms: &[Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512],
    // Source: `EntryStorage.import`.
    digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    periods: Periods::UpTo(u32::MAX),
    // JavaScript's numbers are exact up to here.
    max_counter: (1 << 53) - 1,
    secret_bytes: (1, usize::MAX),
    needs_pin: false,
    groups: Groups::None,
    fields: &[Field::Favorite],
};

/// The form that is a list of links.
const TEXT: &str = "text";

const TEXT_CAPS: Caps = Caps {
    kinds: &[Kind::Totp, Kind::Hotp],
    // The importer drops any that does not divide a minute, and every counter.
    periods: Periods::OneOf(&[1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60]),
    max_counter: 0,
    fields: &[],
    ..CAPS
};

/// The newest version of the keys.
const VERSION: u8 = 3;
/// What follows this in an issuer is the host of the site that it is shown for.
const SITE: &str = "::";
/// Keys in `extra`: the id of the entry, and the site with its mark.
const HASH: &str = "hash";
const SITE_KEY: &str = "site";

impl Format for AuthenticatorExt {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        match (probe.json(), probe.text()) {
            (Some(json), _) => recognise(json),
            // Any other list of its links is one like that of every app.
            (None, Some(text)) if has_hex_secret(text) => Confidence::Sure,
            _ => Confidence::No,
        }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        read::decode(input, ctx).map_err(|error| error.in_format(ID))
    }

    fn fit(&self, writing: &Writing, accounts: &[Account]) -> Vec<Fit> {
        let fit = if writing.form == TEXT { links::fit } else { fit };
        accounts.iter().map(fit).collect()
    }

    fn encode(&self, writing: &Writing, vault: &Vault, ctx: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        if writing.form == TEXT {
            return Ok(vec![links::encode(vault)]);
        }
        write::encode(vault, ctx).map(|part| vec![part]).map_err(|error| error.in_format(ID))
    }
}

fn recognise(json: &Node) -> Confidence {
    let Node::Object(members) = json else { return Confidence::No };
    let is_entry = |(_, node): &(String, Node)| {
        let has = |key: &str| node.get(key).is_some();
        match node.get("dataType").and_then(Node::text) {
            Some("OTPStorage" | "EncOTPStorage") => true,
            Some("Key") => has("salt") && has("hash"),
            _ => has("hash") && has("index") && (has("secret") || has("encrypted")),
        }
    };
    if members.iter().any(is_entry) { Confidence::Sure } else { Confidence::No }
}

fn fit(account: &Account) -> Fit {
    let mut fit = CAPS.check(account);
    if fit.refused.is_some() {
        return fit;
    }
    if kept_issuer(account) != account.issuer {
        fit.change(Field::Issuer, format!("the issuer ends before \"{SITE}\""));
    }
    remark_version_8(&mut fit, account);
    fit
}

/// github.com/Authenticator-Extension/Authenticator/issues/1442
fn remark_version_8(fit: &mut Fit, account: &Account) {
    let otp = account.otp();
    if account.kind() != Kind::Totp || otp.is_some_and(|otp| otp.algorithm() != Algorithm::Sha1) {
        fit.remarks.push(
            "Versions 8.0.0 to 8.0.2 of Authenticator may import it as a time-based account with SHA1, which shows \
                wrong codes: compare a code before you delete the old account"
                .to_owned(),
        );
    }
}

/// The issuer as the app shows it.
fn kept_issuer(account: &Account) -> &str {
    account.issuer.split_once(SITE).map_or(account.issuer.as_str(), |(issuer, _)| issuer)
}

/// What only the app knows about an account, by name.
fn kept<'a>(account: &'a Account, key: &str) -> Option<&'a str> {
    account.extra.get(ID)?.get(key).and_then(Value::as_str)
}

/// Whether an id has the form that the app keeps: a UUID of version 4 in lower case. Others it replaces.
fn is_kept_id(id: &str) -> bool {
    let at = |place: usize| id.as_bytes().get(place).copied();
    crate::text::uuid::is_uuid(id)
        && !id.bytes().any(|byte| byte.is_ascii_uppercase())
        && at(14) == Some(b'4')
        && matches!(at(19), Some(b'8' | b'9' | b'a' | b'b'))
}
