//! GNOME Authenticator's old JSON (until 2020, when it was "Gnome TwoFactorAuth").
//!
//! Today's app has no format of its own: it writes lists of links and Aegis vaults, which those
//! formats read, and takes the same. The old JSON is andOTP's without an issuer: the first tag is it.
//! Source: the app's `backup.py` of 2019.

use std::collections::HashSet;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::ctx::Ctx;
use crate::error::Error;
use crate::format::{Confidence, Format, Info, Input};
use crate::model::{Account, Credential, Draft, Kind, Number, Origin, Otp, SecretText, Vault};
use crate::probe::{Node, Probe};
use crate::report::Skip;
use crate::text::{base32, json};

/// GNOME Authenticator.
pub(crate) struct GnomeAuthenticator;

const ID: &str = "gnome-authenticator";

static INFO: Info = Info {
    id: ID,
    title: "GNOME Authenticator (JSON until 2020)",
    aliases: &["gnome"],
    extensions: &["json"],
    reads_encrypted: false,
    unverified: None,
    write: &[],
    export_help: "In GNOME Authenticator, open the menu > Backup; its text and its Aegis vaults are read as \
        otpauth and aegis, and it restores what is written as these",
};

/// The app shows an account without tags under this name.
const NO_ISSUER: &str = "Default";

/// One account.
#[derive(Deserialize)]
struct Entry {
    secret: Option<SecretText>,
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
    #[serde(default, deserialize_with = "json::null_is_default")]
    tags: Vec<String>,
    /// Only andOTP has it.
    #[serde(default)]
    issuer: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// What a skipped entry is called, when its shape allows to say so.
#[derive(Default, Deserialize)]
struct Names {
    #[serde(default)]
    label: Value,
}

impl Format for GnomeAuthenticator {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        match probe.json() {
            Some(Node::Array(Some(first))) => recognise(first),
            _ => Confidence::No,
        }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        decode(input, ctx).map_err(|error| error.in_format(ID))
    }
}

/// What andOTP has too, but no issuer: the first tag is the issuer. An entry without a tag is andOTP's
/// from before it had issuers. In a text that broke off the issuer, which andOTP writes second, may not
/// be there yet: then the picture has to be.
fn recognise(first: &Node) -> Confidence {
    let has = |name: &&str| first.get(name).is_some();
    let untagged = matches!(first.get("tags"), Some(Node::Array(None)));
    if untagged || has(&"issuer") || !["secret", "label", "thumbnail"].iter().all(has) {
        return Confidence::No;
    }
    if ["type", "tags", "last_used"].iter().all(has) { Confidence::Sure } else { Confidence::Likely }
}

fn decode(input: &Input<'_>, ctx: &Ctx<'_>) -> Result<Vault, Error> {
    let text = input.text()?;
    if text.trim_start().starts_with("-----BEGIN PGP MESSAGE-----") {
        return Err(Error::unsupported("the backup is encrypted to an OpenPGP key")
            .next_step("Decrypt it first: gpg --decrypt FILE > backup.json, and give that file"));
    }
    let entries: Vec<&RawValue> = json::parse_file(&text, ctx.limits)?;
    ctx.limits.check_accounts(entries.len())?;
    let mut vault = Vault { variant: "JSON until 2020".to_owned(), ..Vault::default() };
    for (index, raw) in entries.into_iter().enumerate() {
        match json::entry::<Entry>(raw) {
            Some(entry) => read_entry(index, entry, &mut vault),
            None => {
                let names: Names = json::entry(raw).unwrap_or_default();
                let skip = Skip::new(Skip::MISSING_FIELD, "a field is of another type than the app writes");
                vault.skipped.push(skip.item(index, "", names.label.as_str().unwrap_or_default()));
            }
        }
    }
    Ok(vault)
}

fn read_entry(index: usize, mut entry: Entry, vault: &mut Vault) {
    let mut tags = std::mem::take(&mut entry.tags).into_iter().filter(|tag| !tag.is_empty());
    let issuer = entry.issuer.take().or_else(|| tags.next()).unwrap_or_else(|| NO_ISSUER.to_owned());
    let name = entry.label.take().unwrap_or_default();
    let otp = match read_otp(&entry) {
        Ok(otp) => otp,
        Err(skip) => {
            vault.skipped.push(skip.item(index, &issuer, &name));
            return;
        }
    };
    let rest = json::without_secret(entry.rest, otp.secret());
    let mut account = Account::new(Credential::Otp(otp), issuer, name);
    let mut seen = HashSet::new();
    account.groups = tags.filter(|tag| seen.insert(tag.clone())).collect();
    account.last_used = time(entry.last_used);
    account.origin = Origin { format: ID.to_owned(), index, ..Origin::default() };
    if !rest.is_empty() {
        account.extra.insert(ID.to_owned(), Value::Object(rest));
    }
    vault.accounts.push(account);
}

/// Milliseconds; 0 means never.
fn time(number: Number) -> Option<Timestamp> {
    match number {
        Number::Of(time @ 1..) => Timestamp::from_millisecond(i64::try_from(time).ok()?).ok(),
        _ => None,
    }
}

fn read_otp(entry: &Entry) -> Result<Otp, Skip> {
    let kind = match entry.kind.as_deref().unwrap_or_default().to_ascii_uppercase().as_str() {
        "TOTP" => Kind::Totp,
        "HOTP" => Kind::Hotp,
        _ => return Err(Skip::new(Skip::UNKNOWN_KIND, "its type is not one that the app is known to have")),
    };
    let secret =
        entry.secret.as_ref().ok_or_else(|| Skip::new(Skip::NO_SECRET, "the entry has no secret"))?;
    let mut draft = Draft::new(kind, base32::secret(secret.expose())?);
    draft.algorithm = Draft::read_algorithm(entry.algorithm.as_deref().unwrap_or_default())?;
    draft.digits = entry.digits;
    if kind == Kind::Hotp {
        draft.counter = match entry.counter {
            Number::Absent => return Err(Skip::new(Skip::MISSING_FIELD, "its counter is missing")),
            counter => counter,
        };
    } else {
        draft.period = entry.period;
    }
    draft.build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctx::NoPasswords;
    use crate::error::ErrorKind;
    use crate::testing;

    const ENTRY: &str = r#"{"secret":"JBSWY3DPEHPK3PXP","label":"alice","digits":6,"type":"TOTP","algorithm":"SHA1","thumbnail":"Default","last_used":1714557600000,"period":30,"tags":["Acme","work","work"]}"#;

    fn decode(bytes: &[u8]) -> Result<Vault, Error> {
        testing::with_ctx(&mut NoPasswords, |ctx| GnomeAuthenticator.decode(&Input::new(bytes), ctx))
    }

    fn read(entry: &str) -> Result<Account, String> {
        let mut vault = decode(format!("[{entry}]").as_bytes()).unwrap();
        vault.accounts.pop().ok_or_else(|| vault.skipped[0].code.clone())
    }

    #[test]
    fn andotp_is_told_by_its_issuer() {
        let confidence = |text: &str| GnomeAuthenticator.detect(&Probe::new(text.as_bytes(), None));
        assert_eq!(confidence(&format!("[{ENTRY}]")), Confidence::Sure);
        assert_eq!(confidence(&format!("\u{feff} [ {ENTRY} ")), Confidence::Sure);
        assert_eq!(confidence(&format!("[{}", &ENTRY[..130])), Confidence::Likely);
        let andotp = ENTRY.replace(r#""label""#, r#""issuer":"Acme","label""#);
        assert_eq!(confidence(&format!("[{andotp}]")), Confidence::No);
        for other in ["[]", "[1]", "{}", r#"[{"secret":"AA","label":"x"}]"#] {
            assert_eq!(confidence(other), Confidence::No, "{other}");
        }
    }

    #[test]
    fn the_first_tag_is_the_issuer() {
        let account = read(ENTRY).unwrap();
        assert_eq!((account.issuer.as_str(), account.name.as_str()), ("Acme", "alice"));
        assert_eq!(account.groups, ["work"]);
        assert_eq!(account.last_used.unwrap().to_string(), "2024-05-01T10:00:00Z");
        let without = read(&ENTRY.replace(r#"["Acme","work","work"]"#, "[]")).unwrap();
        assert_eq!((without.issuer.as_str(), without.groups.len()), ("Default", 0));
    }

    #[test]
    fn bad_entries_have_a_reason() {
        for (from, to, code) in [
            ("TOTP", "STEAM", Skip::UNKNOWN_KIND),
            ("TOTP", "HOTP", Skip::MISSING_FIELD),
            ("SHA1", "SHA3", Skip::UNKNOWN_ALGORITHM),
            (r#""digits":6"#, r#""digits":0"#, Skip::BAD_DIGITS),
            (r#""period":30"#, r#""period":0"#, Skip::BAD_PERIOD),
            ("JBSWY3DPEHPK3PXP", "", Skip::NO_SECRET),
            (r#""alice""#, "7", Skip::MISSING_FIELD),
        ] {
            assert_eq!(read(&ENTRY.replace(from, to)).unwrap_err(), code, "{to}");
        }
        assert_eq!(read("null").unwrap_err(), Skip::MISSING_FIELD);
    }

    #[test]
    fn an_encrypted_backup_is_refused_with_what_to_do() {
        let error = decode(b"-----BEGIN PGP MESSAGE-----\n\nhQEM").unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unsupported);
        assert!(error.next_step.unwrap().contains("gpg --decrypt"));
    }

    #[test]
    fn any_change_of_a_byte_is_survived() {
        let text = format!("[{ENTRY}]");
        for at in 0..text.len() {
            for byte in [b'"', b'0', b'{', b'-', 0xFF] {
                let mut bytes = text.clone().into_bytes();
                bytes[at] = byte;
                let _ = decode(&bytes);
            }
        }
    }

    #[test]
    fn tags_that_are_null_are_none() {
        let account = read(&ENTRY.replace(r#"["Acme","work","work"]"#, "null")).unwrap();
        assert_eq!((account.issuer.as_str(), account.name.as_str()), ("Default", "alice"));
        assert_eq!(account.otp().unwrap().secret().to_base32().as_str(), "JBSWY3DPEHPK3PXP");
    }
}
