//! `pskc`: Portable Symmetric Key Container (RFC 6030), the XML in which makers of tokens ship keys and servers
//! exchange them.
//!
//! Source: RFC 6030 and its errata; for what is in use the readers of FreeIPA (`ipa_otptoken_import.py`),
//! privacyIDEA (`importotp.py`), LinOTP (`PSKC.py`), and python-pskc. Namespaces and the case of names make no
//! difference: all of them occur in every mixture.

mod document;
mod doubt;
mod drafts;
mod element;
mod encryption;
mod person;
mod read;
mod seal;
mod unlock;
mod value;
mod write;

use self::document::Document;
use self::drafts::Global;
use self::encryption::Encryption;
use self::read::Reading;
use super::token::Tokens;
use crate::caps::{Caps, Field, Fit, Groups, Periods};
use crate::ctx::Ctx;
use crate::error::{Error, Place};
use crate::format::{Carrier, Confidence, Encryption as Encrypts, Format, Info, Input, Part, Writing};
use crate::model::{Account, Algorithm, Kind, Vault};
use crate::probe::Probe;
use crate::report::Item;

/// PSKC.
pub(crate) struct Pskc;

const ID: &str = "pskc";

static INFO: Info = Info {
    id: ID,
    title: "PSKC (RFC 6030)",
    aliases: &["rfc6030", "keycontainer"],
    extensions: &["pskc", "pskcxml", "xml"],
    reads_encrypted: true,
    unverified: None,
    write: &[
        Writing {
            form: "common",
            caps: CAPS,
            encryption: Encrypts::Optional,
            // LinOTP takes ASCII only.
            any_password: false,
            carrier: Carrier::File,
            file_name: "tokens.pskcxml",
            encrypted_file_name: "tokens.pskcxml",
            import_help: "Import it as PSKC: `ipa-otptoken-import` of FreeIPA, Tokens > Import of privacyIDEA and LinOTP \
                (there without the check of serial numbers, unless all are four letters or digits and eight hexadecimal \
                digits), `ykman oath accounts import FILE`",
        },
        Writing {
            form: "strong",
            caps: CAPS,
            encryption: Encrypts::Optional,
            any_password: true,
            carrier: Carrier::File,
            file_name: "tokens.pskcxml",
            encrypted_file_name: "tokens.pskcxml",
            import_help: "Run `ipa-otptoken-import` of FreeIPA; privacyIDEA and LinOTP take the form pskc:common",
        },
    ],
    export_help: "Give the file of the maker of the tokens, or run `pi-tokenjanitor find export --format pskc` on a \
        privacyIDEA server and keep the key that it shows; the key of a file is the password, in hexadecimal",
};

const CAPS: Caps = Caps {
    app: "PSKC",
    kinds: &[Kind::Totp, Kind::Hotp],
    algorithms: &[Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512],
    digits: &[6, 7, 8],
    // xs:int and xs:long of the schema.
    periods: Periods::UpTo(0x7FFF_FFFF),
    max_counter: u64::MAX >> 1,
    secret_bytes: (1, usize::MAX),
    needs_pin: false,
    groups: Groups::None,
    fields: &[Field::Device, Field::User],
};

impl Format for Pskc {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        if probe.text().is_some_and(document::is_own) { Confidence::Sure } else { Confidence::No }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        input.text().and_then(|text| decode(&text, ctx)).map_err(|error| error.in_format(ID))
    }

    fn fit(&self, writing: &Writing, accounts: &[Account]) -> Vec<Fit> {
        write::fit(writing.form, accounts)
    }

    fn encode(&self, writing: &Writing, vault: &Vault, ctx: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        write::encode(writing.form, &vault.accounts, ctx).map(|part| vec![part])
    }
}

fn decode(text: &str, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
    let document = Document::parse(text, ctx.limits)?;
    let mut global = Global::read(&document.header)?;
    let encryption = Encryption::read(&document.header, global.as_mut())?;
    let unlocked = unlock::unlock(&document, &encryption, global.as_ref(), ctx)?;
    let reading = Reading {
        global: global.as_ref(),
        opener: unlocked.as_ref().map(|unlocked| &unlocked.opener),
        is_protected: unlocked.is_some() || global.is_some() || encryption.is_declared,
        now: Some(ctx.now),
    };
    let mut vault = read_entries(&document, reading, ctx)?;
    vault.warnings.extend(remarks(&document));
    if let Some(unlocked) = unlocked {
        vault.encrypted = true;
        vault.protection = unlocked.protection;
    }
    Ok(vault)
}

fn read_entries(document: &Document<'_>, reading: Reading<'_>, ctx: &Ctx<'_>) -> Result<Vault, Error> {
    let variant = if document.is_draft { "draft of RFC 6030" } else { "version 1.0" };
    let mut tokens = Tokens::new(ID, variant, ctx.limits);
    for (entry, number) in document.entries().zip(1..) {
        let entry = entry?;
        let place = Place::Entry(number);
        let mut has_key = false;
        for key in drafts::keys(&entry) {
            has_key = true;
            let read = read::read(&entry, key, reading);
            let is_account = read.account.is_ok();
            tokens.take(read.account, &read.name, &place)?;
            for (code, message, next_step) in read.notices.iter().filter(|_| is_account) {
                tokens.warn_of_last(code, message, next_step);
            }
        }
        if entry.is_cut && !has_key {
            tokens.take(Err(read::cut()), "", &place)?;
        }
    }
    Ok(tokens.finish())
}

/// What the user should know about the file as a whole.
fn remarks(document: &Document<'_>) -> Vec<Item> {
    let mut remarks = Vec::new();
    let mut remark =
        |code: &str, message: &str, step: &str| remarks.push(Item::new(code, message).next_step(step));
    if document.is_cut {
        remark(
            "end-missing",
            "the file ends without the last end tags: keys may be missing",
            "Compare the number of keys with the list of the maker, or export the file again",
        );
    }
    if document.has_doctype {
        remark(
            "doctype-ignored",
            "the file declares a document type, which no PSKC file has; what it declares is not looked at",
            "Find out where the file comes from before you use it",
        );
    }
    if document.header.iter().any(|element| element.name == "signature") {
        remark(
            "signature-unchecked",
            "the signature of the file is not checked",
            "Check it where you do not trust the way that the file took",
        );
    }
    remarks
}

#[cfg(test)]
mod doubt_tests;
#[cfg(test)]
mod tests;
