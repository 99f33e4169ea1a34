//! WinAuth (Windows): its text export, the zip around it, and its settings file where that is not
//! encrypted.
//!
//! The text has one link a line in a dialect of its own: no algorithm where it is SHA-1, a skin as
//! `icon`, and for Battle.net and Steam what their own apps need. The app ended in 2018; Stratum and
//! Aegis read its text.
//! Source: the app's `WinAuthAuthenticator.ToUrl`, `WinAuthHelper.ImportAuthenticators` and
//! `Authenticator.ReadXml`.

#[cfg(test)]
mod tests;
mod text;
mod xml;

use zeroize::Zeroizing;

use crate::caps::{Caps, Field, Fit, Groups, Periods};
use crate::container::zip::{self, Archive};
use crate::ctx::Ctx;
use crate::error::{Error, ErrorKind};
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::model::{Account, Algorithm, Kind, Vault};
use crate::open::uri_list;
use crate::probe::Probe;
use crate::text::encoding;

/// WinAuth.
pub(crate) struct WinAuth;

const ID: &str = "winauth";

static INFO: Info = Info {
    id: ID,
    title: "WinAuth",
    aliases: &[],
    extensions: &["txt", "zip", "xml"],
    reads_encrypted: true,
    unverified: None,
    write: &[Writing {
        form: "",
        caps: CAPS,
        // The only encryption of zips that the app reads is broken by a few known bytes, and every
        // export begins with the same.
        encryption: Encryption::Weak,
        any_password: true,
        carrier: Carrier::File,
        file_name: "winauth.txt",
        encrypted_file_name: "winauth.zip",
        import_help: "In WinAuth, click Add > Import and pick the file",
    }],
    export_help: "In WinAuth, open the menu (the cog) > Export and save as a text or zip file",
};

const CAPS: Caps = Caps {
    app: "WinAuth",
    // Its HOTP codes are made with SHA-1 whatever the file says, and from the counter after the stored
    // one: they are not written.
    kinds: &[Kind::Totp, Kind::Steam],
    algorithms: &[Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512],
    digits: &[6, 7, 8],
    periods: Periods::UpTo(u32::MAX >> 1),
    // The app's import reads it into a signed 32-bit number, and stops at more.
    max_counter: 2_147_483_647,
    secret_bytes: (1, usize::MAX),
    needs_pin: false,
    groups: Groups::None,
    fields: &[],
};

impl Format for WinAuth {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        if let Some(names) = probe.zip_names() {
            return recognise_zip(names);
        }
        match probe.text() {
            Some(text) if xml::sniff(text) || uri_list::is_of_winauth(text) => Confidence::Sure,
            _ => Confidence::No,
        }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        decode(input, ctx).map_err(|error| error.in_format(ID))
    }

    fn fit(&self, _: &Writing, accounts: &[Account]) -> Vec<Fit> {
        accounts.iter().map(fit).collect()
    }

    fn encode(&self, _: &Writing, vault: &Vault, ctx: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        let bytes = encode(vault, ctx).map_err(|error| error.in_format(ID))?;
        Ok(vec![Part(bytes)])
    }
}

/// The text, with a password in a zip.
fn encode(vault: &Vault, ctx: &mut Ctx<'_>) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut out = Zeroizing::new(Vec::new());
    for account in &vault.accounts {
        let otp = account.otp().ok_or_else(|| {
            Error::new(ErrorKind::Internal, "an account without a secret cannot be written")
        })?;
        out.extend_from_slice(text::write(account, otp).as_bytes());
        out.extend(b"\r\n");
    }
    match ctx.new_password {
        Some(password) => {
            // As the app names it.
            let name = format!("winauth-{}.txt", ctx.now.strftime("%Y-%m-%d"));
            zip::write_traditional(&name, &out, password, ctx)
        }
        None => Ok(out),
    }
}

/// The export is the only member. An archive of nothing is a mistake that was met in the wild.
fn recognise_zip(names: &[String]) -> Confidence {
    match names {
        [] => Confidence::Weak,
        [name] if name.starts_with("winauth-") && name.ends_with(".txt") => Confidence::Sure,
        [name] if name.ends_with(".txt") => Confidence::Likely,
        _ => Confidence::No,
    }
}

fn decode(input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
    if zip::sniff(input.bytes) {
        return decode_zip(input.bytes, ctx);
    }
    let text = input.text()?;
    if text.trim_start().starts_with('<') { xml::decode(&text, ctx) } else { text::decode(&text, ctx) }
}

fn decode_zip(bytes: &[u8], ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
    let mut zip = Archive::open(bytes)?;
    let name = zip.names().iter().find(|name| name.ends_with(".txt")).cloned();
    let Some(name) = name else {
        return Err(match zip.names() {
            [] => Error::malformed("the zip archive is empty").next_step("Export again in the app"),
            _ => zip::missing("text file"),
        });
    };
    let encrypted = zip.is_encrypted(&name);
    let content = if encrypted {
        ctx.unlock(&INFO, |password, limits| zip.decrypt(&name, password, limits))?
    } else {
        zip.read(&name, ctx.limits)?
    };
    let text = encoding::decode(&content)
        .ok_or_else(|| Error::malformed("the file in the zip archive is not a text"))?;
    let mut vault = text::decode(&text, ctx)?;
    vault.variant = "zip".to_owned();
    vault.encrypted = encrypted;
    Ok(vault)
}

/// What a reader of the written line would see: names are trimmed, and an issuer can mean another
/// kind of account.
fn fit(account: &Account) -> Fit {
    let mut fit = CAPS.check(account);
    let Some(otp) = account.otp().filter(|_| fit.refused.is_none()) else {
        return fit;
    };
    match text::parse(&text::write(account, otp)) {
        Ok((read, _)) if read.otp() == Some(otp) && !text::means_another_kind(account, otp) => {
            if read.issuer != account.issuer {
                fit.change(Field::Issuer, format!("the issuer becomes \"{}\"", read.issuer));
            }
            if read.name != account.name {
                fit.change(Field::Account, format!("the account name becomes \"{}\"", read.name));
            }
            fit
        }
        _ => Fit::refuse(
            "not-expressible",
            "WinAuth would read this account as one of another kind, because of its issuer",
            "Write this account to the file of another app instead",
        ),
    }
}
