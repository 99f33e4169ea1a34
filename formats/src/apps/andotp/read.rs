//! Reading a backup of any version and scheme.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::crypt::{Opened, Sealed};
use super::{CAPS, ID, PGP, without_issuer};
use crate::ctx::{Ctx, Limits};
use crate::error::Error;
use crate::format::Input;
use crate::model::{
    Account, Algorithm, Credential, Draft, Kind, Number, Origin, Otp, Secret, SecretText, Vault,
};
use crate::report::{Item, Skip};
use crate::text::{base32, encoding, json, time};

#[derive(Deserialize)]
struct Entry {
    secret: Option<SecretText>,
    /// Since version 0.7.0; before, the label held it.
    issuer: Option<String>,
    label: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    algorithm: Option<String>,
    #[serde(default)]
    digits: Number,
    #[serde(default)]
    period: Number,
    #[serde(default)]
    counter: Number,
    #[serde(default)]
    last_used: Number,
    #[serde(default)]
    used_frequency: Number,
    tags: Option<Vec<String>>,
    thumbnail: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

pub(super) fn decode(input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
    match encoding::decode(input.bytes) {
        Some(text) if text.trim_start().starts_with(PGP) => Err(openpgp()),
        Some(text) => read_entries(&text, "plain", ctx.limits),
        None => {
            let Opened { content, old, protection } = Sealed::parse(input.bytes)?.open(ctx)?;
            let text = std::str::from_utf8(&content).map_err(|_| {
                Error::malformed("the decrypted content is not a text")
                    .next_step("The file is damaged: export it again")
            })?;
            let variant = if old { "encrypted, old scheme" } else { "encrypted" };
            Ok(read_entries(text, variant, ctx.limits)?.protected(protection))
        }
    }
}

fn openpgp() -> Error {
    Error::unsupported("the backup is encrypted to an OpenPGP key")
        .next_step("Decrypt it with your key: gpg -d FILE | otpferry convert -")
}

fn read_entries(text: &str, variant: &str, limits: &Limits) -> Result<Vault, Error> {
    let entries: Vec<&RawValue> = json::parse_file(text, limits)?;
    limits.check_accounts(entries.len())?;
    let mut vault = Vault { variant: variant.to_owned(), ..Vault::default() };
    for (index, raw) in entries.into_iter().enumerate() {
        read_entry(index, raw, &mut vault);
    }
    Ok(vault)
}

fn read_entry(index: usize, raw: &RawValue, vault: &mut Vault) {
    let Some(entry) = json::entry::<Entry>(raw) else {
        let skip = Skip::new(Skip::MISSING_FIELD, "a field is of another type than andOTP writes");
        vault.skipped.push(skip.item(index, "", ""));
        return;
    };
    let (issuer, name) = entry.names();
    match entry.otp() {
        Ok((otp, spelling)) => {
            let account = entry.into_account(otp, index, issuer, name);
            vault.warnings.extend(spelling.warning(&account));
            vault.accounts.push(account);
        }
        Err(skip) => vault.skipped.push(skip.item(index, &issuer, &name)),
    }
}

/// How the secret is written in the file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spelling {
    Usual,
    /// Hexadecimal text of an mOTP secret with capital letters.
    UpperCase,
}

impl Spelling {
    /// The app hashes the text of an mOTP secret as it stands, other apps its lower-case form.
    fn warning(self, account: &Account) -> Option<Item> {
        let message = "its mOTP secret is written in capital letters, for which andOTP shows other codes than apps \
            that follow the rule of lower-case letters";
        (self == Self::UpperCase).then(|| {
            Item::about(account, "check-at-sign-in", message)
                .next_step("Sign in once with the new code before you give up andOTP")
        })
    }
}

impl Entry {
    fn names(&self) -> (String, String) {
        let label = self.label.as_deref().unwrap_or_default();
        let (issuer, name) = match &self.issuer {
            Some(issuer) => (issuer.as_str(), label),
            None => label.split_once(" - ").unwrap_or(("", label)),
        };
        let name = without_issuer(issuer, name).unwrap_or(name);
        (issuer.to_owned(), name.to_owned())
    }

    fn otp(&self) -> Result<(Otp, Spelling), Skip> {
        if self.label.is_none() {
            return Err(Skip::new(Skip::MISSING_FIELD, "the entry has no label"));
        }
        let kind = self.kind()?;
        let secret =
            self.secret.as_ref().ok_or_else(|| Skip::new(Skip::NO_SECRET, "the entry has no secret"))?;
        let secret = base32::secret(secret.expose())?;
        if kind == Kind::Motp {
            let (secret, spelling) = motp_secret(&secret)?;
            return Ok((Draft::new(kind, secret).build()?, spelling));
        }
        let mut draft = Draft::new(kind, secret);
        draft.algorithm = self.algorithm()?;
        // The period of a Steam account is not stored, and its number of digits goes without saying.
        if kind != Kind::Steam {
            draft.digits = self.digits;
            draft.period = self.period;
        }
        if kind == Kind::Hotp && self.counter == Number::Absent {
            return Err(Skip::new(Skip::MISSING_FIELD, "a counter-based entry without its counter"));
        }
        draft.counter = self.counter;
        Ok((draft.build()?, Spelling::Usual))
    }

    /// The app takes any other name for SHA-1, whatever its writer meant.
    fn algorithm(&self) -> Result<Option<Algorithm>, Skip> {
        let algorithm = Draft::read_algorithm(self.algorithm.as_deref().unwrap_or_default())?;
        match algorithm {
            Some(other) if !CAPS.algorithms.contains(&other) => {
                Err(Skip::new(Skip::UNKNOWN_ALGORITHM, format!("andOTP does not know its algorithm {other}")))
            }
            known => Ok(known),
        }
    }

    fn kind(&self) -> Result<Kind, Skip> {
        match self.kind.as_deref().unwrap_or_default().to_ascii_uppercase().as_str() {
            // The oldest files have no types.
            "" | "TOTP" => Ok(Kind::Totp),
            "HOTP" => Ok(Kind::Hotp),
            "STEAM" => Ok(Kind::Steam),
            "MOTP" => Ok(Kind::Motp),
            _ => Err(Skip::new(Skip::UNKNOWN_KIND, "its type is not one that andOTP is known to have")),
        }
    }

    fn into_account(self, otp: Otp, index: usize, issuer: String, name: String) -> Account {
        let mut extra = json::without_secret(self.rest, otp.secret());
        if let Some(thumbnail) = self.thumbnail.filter(|thumbnail| !thumbnail.eq_ignore_ascii_case("default"))
        {
            extra.insert("thumbnail".to_owned(), Value::String(thumbnail));
        }
        let mut account = Account::new(Credential::Otp(otp), issuer, name);
        account.origin = Origin { format: ID.to_owned(), index, ..Origin::default() };
        account.groups = self.tags.unwrap_or_default();
        account.last_used = time::last_used(self.last_used);
        account.uses = match self.used_frequency {
            Number::Of(uses) => u64::try_from(uses).ok(),
            Number::Absent | Number::Invalid => None,
        };
        if !extra.is_empty() {
            account.extra.insert(ID.to_owned(), Value::Object(extra));
        }
        account
    }
}

/// The base32 of an mOTP secret holds its hexadecimal text.
fn motp_secret(text: &Secret) -> Result<(Secret, Spelling), Skip> {
    let upper_case = text.expose().iter().any(u8::is_ascii_uppercase);
    let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(text.expose()).ok().map(Zeroizing::new);
    let secret = bytes
        .and_then(|mut bytes| Secret::new(std::mem::take(&mut *bytes)))
        .ok_or_else(|| Skip::new(Skip::BAD_SECRET, "the secret of an mOTP account has to be hexadecimal"))?;
    Ok((secret, if upper_case { Spelling::UpperCase } else { Spelling::Usual }))
}
