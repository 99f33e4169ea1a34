//! `duo`: Duo Mobile's list of accounts on Android, `accounts.json`.
//!
//! The app exports nothing; the file comes from a rooted phone. Learned from the importer of Aegis
//! and an issue of android-otp-extractor.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::ctx::Ctx;
use crate::error::Error;
use crate::format::{Confidence, Format, Info, Input};
use crate::model::{Account, Credential, Draft, Kind, NameOnly, Number, Origin, SecretText, Vault};
use crate::probe::{Node, Probe};
use crate::report::{Item, Skip};
use crate::text::{base32, json};

const ID: &str = "duo";

/// Duo Mobile.
pub(crate) struct Duo;

static INFO: Info = Info {
    id: ID,
    title: "Duo Mobile (Android file)",
    aliases: &[],
    extensions: &["json"],
    reads_encrypted: false,
    unverified: None,
    write: &[],
    export_help: "The app has no export. On a rooted Android phone: \
        /data/data/com.duosecurity.duomobile/files/duokit/accounts.json",
};

impl Format for Duo {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        probe.json().map_or(Confidence::No, recognise)
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        decode(input, ctx).map_err(|error| error.in_format(ID))
    }
}

/// The first account can be one that is approved by push and has no generator of codes.
fn recognise(json: &Node) -> Confidence {
    let Node::Array(Some(account)) = json else {
        return Confidence::No;
    };
    let has = |field: &str| account.get(field).is_some();
    match (has("accountType"), has("pkey") || has("otpGenerator")) {
        (true, true) => Confidence::Sure,
        (false, _) if has("otpGenerator") => Confidence::Likely,
        (true, false) if has("version") => Confidence::Likely,
        _ => Confidence::No,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    name: Option<String>,
    otp_generator: Option<Generator>,
    /// Nothing but objects of the app may be taken for accounts.
    account_type: Option<String>,
    pkey: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Generator {
    otp_secret: Option<SecretText>,
    #[serde(default)]
    counter: Number,
}

fn decode(input: &Input<'_>, ctx: &Ctx<'_>) -> Result<Vault, Error> {
    let text = input.text()?;
    let entries: Vec<&RawValue> = json::parse_file(&text, ctx.limits)?;
    ctx.limits.check_accounts(entries.len())?;
    let mut vault = Vault { variant: "Android".to_owned(), ..Vault::default() };
    for (index, raw) in entries.into_iter().enumerate() {
        read_entry(index, raw, &mut vault);
    }
    Ok(vault)
}

fn read_entry(index: usize, raw: &RawValue, vault: &mut Vault) {
    let known =
        |entry: &Entry| entry.otp_generator.is_some() || entry.account_type.is_some() || entry.pkey.is_some();
    let Some(entry) = json::entry::<Entry>(raw).filter(known) else {
        let skip = Skip::new(Skip::MISSING_FIELD, "the entry is not as Duo Mobile writes it");
        vault.skipped.push(skip.item(index, "", ""));
        return;
    };
    let name = entry.name.unwrap_or_default();
    match credential(entry.otp_generator.as_ref()) {
        Ok(credential) => {
            let mut account = Account::new(credential, "", name);
            account.origin = Origin { format: ID.to_owned(), index, ..Origin::default() };
            if account.kind() == Kind::Hotp {
                vault.warnings.push(check_counter(&account));
            }
            vault.accounts.push(account);
        }
        Err(skip) => vault.skipped.push(skip.item(index, "", &name)),
    }
}

fn credential(generator: Option<&Generator>) -> Result<Credential, Skip> {
    let secret = generator.and_then(|generator| Some((generator, generator.otp_secret.as_ref()?)));
    let Some((generator, secret)) = secret.filter(|(_, secret)| !secret.expose().trim().is_empty()) else {
        return Ok(Credential::NameOnly { reason: NameOnly::DuoPush.reason().to_owned() });
    };
    let kind = if generator.counter == Number::Absent { Kind::Totp } else { Kind::Hotp };
    let mut draft = Draft::new(kind, base32::secret(secret.expose())?);
    draft.counter = generator.counter;
    draft.build().map(Credential::Otp)
}

/// Nobody has established whether the stored counter is the last one used or the next to use.
fn check_counter(account: &Account) -> Item {
    Item::about(
        account,
        "check-at-sign-in",
        "a counter-based account: the counter in the file may be one behind, so its first code may be an old one",
    )
    .next_step("Sign in once with the new code; when it is refused, try the next one")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctx::NoPasswords;
    use crate::error::ErrorKind;
    use crate::testing;

    const FILE: &str = r#"[{"version":1.0,"accountType":"OtpAccount","name":"a","otpGenerator":
        {"otpSecret":"JBSWY3DPEHPK3PXP","counter":3},"pkey":"x"}]"#;

    fn decode(bytes: &[u8]) -> Result<Vault, Error> {
        testing::with_ctx(&mut NoPasswords, |ctx| Duo.decode(&Input::new(bytes), ctx))
    }

    #[test]
    fn the_generator_or_the_type_is_the_mark() {
        let confidence = |text: &str| Duo.detect(&Probe::new(text.as_bytes(), None));
        assert_eq!(confidence(FILE), Confidence::Sure);
        assert_eq!(confidence(r#"[{"accountType":"DuoAccount","pkey":"x"}]"#), Confidence::Sure);
        assert_eq!(confidence(r#"[{"name":"x","otpGenerator":{"otpSec"#), Confidence::Likely);
        assert_eq!(confidence(r#"[{"version":1.0,"accountType":"Otp"#), Confidence::Likely);
        for other in ["[]", "{}", r#"[{"pkey":1}]"#, r#"[{"accountType":1}]"#, r#"{"otpGenerator":{}}"#] {
            assert_eq!(confidence(other), Confidence::No, "{other}");
        }
    }

    #[test]
    fn what_is_no_list_is_malformed() {
        for text in ["{}", "7", "[", "[{]"] {
            let error = decode(text.as_bytes()).unwrap_err();
            assert_eq!((error.kind, error.format), (ErrorKind::Malformed, Some(ID)), "{text}");
            assert!(error.next_step.is_some());
        }
    }

    #[test]
    fn no_mutation_of_a_file_panics() {
        for at in 0..FILE.len() {
            for byte in [0, b'"', b'[', b'{', b'9', b'-', b',', 0xff] {
                let mut bytes = FILE.as_bytes().to_vec();
                bytes[at] = byte;
                let _ = Duo.detect(&Probe::new(&bytes, None));
                let _ = decode(&bytes);
            }
            let _ = decode(&FILE.as_bytes()[..at]);
        }
    }
}
