//! One token, in any of the shapes that it is found in.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::crypt::Sealed;
use crate::model::{Account, Credential, Draft, Kind, Number, Otp, Secret, SecretText};
use crate::open::otpauth;
use crate::report::Skip;
use crate::text::{base32, json};

/// What a list holds. No shape states a period or an algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Tokens of other services: in preferences, in the server's answer, or decrypted by a script.
    /// A code lives 30 seconds.
    Tokens,
    /// Tokens of services that Authy provides: a code of seven digits lives 10 seconds.
    Native,
    /// A script's names and links.
    Links,
}

/// Every field of every shape: the preferences write camel case, the server snake case.
#[derive(Default, Deserialize)]
struct Entry {
    name: Option<String>,
    #[serde(rename = "originalName")]
    original_name_android: Option<String>,
    #[serde(rename = "original_name")]
    original_name_server: Option<String>,
    #[serde(rename = "originalIssuer")]
    issuer_android: Option<String>,
    #[serde(rename = "issuer")]
    issuer_server: Option<String>,
    #[serde(default)]
    digits: Number,
    #[serde(rename = "decryptedSecret")]
    decrypted_secret: Option<SecretText>,
    decrypted_seed: Option<SecretText>,
    #[serde(rename = "encryptedSecret")]
    encrypted_secret: Option<String>,
    encrypted_seed: Option<String>,
    salt: Option<String>,
    unique_iv: Option<String>,
    #[serde(default)]
    key_derivation_iterations: Number,
    #[serde(rename = "secretSeed")]
    seed_android: Option<SecretText>,
    #[serde(rename = "secret_seed")]
    seed_server: Option<SecretText>,
    uri: Option<SecretText>,
}

/// A token whose secret may still be encrypted.
pub(super) struct Token {
    pub(super) issuer: String,
    pub(super) name: String,
    pub(super) state: State,
    digits: Number,
}

/// How far a token was read.
pub(super) enum State {
    Done(Result<Otp, Skip>),
    Sealed(Sealed),
}

impl Token {
    pub(super) fn read(raw: &RawValue, shape: Shape) -> Self {
        let Some(entry) = json::entry::<Entry>(raw) else {
            let skip = Skip::new(Skip::MISSING_FIELD, "a field is of another type than Authy writes");
            return Self {
                issuer: String::new(),
                name: String::new(),
                state: State::Done(Err(skip)),
                digits: Number::Absent,
            };
        };
        let (issuer, name) = entry.names(shape);
        let digits = entry.digits;
        Self { issuer, name, state: entry.state(shape), digits }
    }

    /// What the decrypted text says. `None` when it cannot be a secret: then the password was wrong.
    pub(super) fn opened(&self, text: &[u8]) -> Option<Result<Otp, Skip>> {
        let secret = base32::secret(std::str::from_utf8(text).ok()?).ok()?;
        Some(totp(secret, self.digits, Number::Absent))
    }

    pub(super) fn into_account(self) -> Result<Account, (Skip, String, String)> {
        let result = match self.state {
            State::Done(result) => result,
            State::Sealed(_) => Err(Skip::new(
                Skip::BAD_SECRET,
                "no given password opens it; it may be under an older backup password than the others",
            )),
        };
        match result {
            Ok(otp) => Ok(Account::new(Credential::Otp(otp), self.issuer, self.name)),
            Err(skip) => Err((skip, self.issuer, self.name)),
        }
    }
}

impl Entry {
    /// Issuer and account.
    fn names(&self, shape: Shape) -> (String, String) {
        let name = self.name.as_deref().unwrap_or_default().trim();
        if shape == Shape::Native {
            return (name.to_owned(), String::new());
        }
        let original = first([&self.original_name_android, &self.original_name_server]);
        let name = if name.is_empty() { original } else { name };
        let issuer = [first([&self.issuer_android, &self.issuer_server]), before_colon(original)]
            .into_iter()
            .find(|issuer| !issuer.is_empty())
            .unwrap_or_else(|| before_separator(name));
        (issuer.to_owned(), without_issuer(name, issuer).to_owned())
    }

    fn state(self, shape: Shape) -> State {
        match shape {
            Shape::Links => State::Done(self.link()),
            Shape::Native => State::Done(self.native()),
            // Authy's own tokens were seen in the list of the others as well.
            Shape::Tokens if self.seed().is_some() => State::Done(self.native()),
            Shape::Tokens => self.token(),
        }
    }

    fn token(self) -> State {
        let plain = [&self.decrypted_secret, &self.decrypted_seed].into_iter().flatten();
        if let Some(text) = plain.map(SecretText::expose).find(|text| !text.is_empty()) {
            return State::Done(decrypted(text).and_then(|secret| totp(secret, self.digits, Number::Absent)));
        }
        let sealed = first([&self.encrypted_secret, &self.encrypted_seed]);
        if sealed.is_empty() {
            return State::Done(Err(Skip::new(Skip::NO_SECRET, "the token has no secret")));
        }
        let salt = self.salt.as_deref().unwrap_or_default();
        let iv = self.unique_iv.as_deref().unwrap_or_default();
        Sealed::parse(sealed, salt, iv, self.key_derivation_iterations)
            .map_or_else(|skip| State::Done(Err(skip)), State::Sealed)
    }

    fn seed(&self) -> Option<&str> {
        let mut seeds = [&self.seed_android, &self.seed_server].into_iter().flatten();
        seeds.find(|seed| !seed.expose().is_empty()).map(SecretText::expose)
    }

    /// The key is hexadecimal.
    fn native(&self) -> Result<Otp, Skip> {
        let seed = self.seed().ok_or_else(|| Skip::new(Skip::NO_SECRET, "the token has no secret"))?;
        let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(seed.trim().as_bytes()).ok();
        let secret = bytes.and_then(Secret::new).ok_or_else(|| {
            Skip::new(Skip::BAD_SECRET, "the secret of an Authy token has to be hexadecimal")
        })?;
        let digits = match self.digits {
            Number::Absent => Number::Of(7),
            digits => digits,
        };
        totp(secret, digits, Number::Of(10))
    }

    /// The link has the parameters, the name beside it is what the user sees.
    fn link(&self) -> Result<Otp, Skip> {
        let missing = || Skip::new(Skip::MISSING_FIELD, "the link of the account is missing");
        let uri = self.uri.as_ref().ok_or_else(missing)?;
        let account = otpauth::parse(uri.expose()).map_err(|(skip, _)| skip)?;
        match account.credential {
            Credential::Otp(otp) => Ok(otp),
            Credential::NameOnly { .. } => Err(missing()),
        }
    }
}

fn totp(secret: Secret, digits: Number, period: Number) -> Result<Otp, Skip> {
    let mut draft = Draft::new(Kind::Totp, secret);
    draft.digits = digits;
    draft.period = period;
    draft.build()
}

/// The scripts write a sentence in place of a secret that they could not decrypt.
fn decrypted(text: &str) -> Result<Secret, Skip> {
    if text.trim_start().to_ascii_lowercase().starts_with("decryption failed") {
        return Err(Skip::new(Skip::NO_SECRET, "the script that made the file could not decrypt the secret"));
    }
    base32::secret(text)
}

/// The first text that has something in it, trimmed.
fn first(texts: [&Option<String>; 2]) -> &str {
    let mut texts = texts.into_iter().flatten().map(|text| text.trim());
    texts.find(|text| !text.is_empty()).unwrap_or_default()
}

fn before_colon(text: &str) -> &str {
    text.split_once(':').map_or("", |(issuer, _)| issuer.trim())
}

/// Authy shows `Issuer: account`; users write `Issuer - account` as well.
fn before_separator(name: &str) -> &str {
    let ends = [": ", " - "].into_iter().filter_map(|separator| name.find(separator));
    ends.min().and_then(|end| name.get(..end)).unwrap_or_default().trim()
}

fn without_issuer<'a>(name: &'a str, issuer: &str) -> &'a str {
    let rest = || {
        let rest = name.strip_prefix(issuer).filter(|_| !issuer.is_empty())?.trim_start();
        rest.strip_prefix(':').or_else(|| rest.strip_prefix("- "))
    };
    rest().unwrap_or(name).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_divided() {
        let names = |json: &str| serde_json::from_str::<Entry>(json).unwrap().names(Shape::Tokens);
        for (json, issuer, account) in [
            (r#"{"name":"Acme: bob","originalName":"Acme:bob","originalIssuer":"Acme"}"#, "Acme", "bob"),
            (r#"{"name":"Acme - bob","issuer":"Acme","original_name":"Old:bob"}"#, "Acme", "bob"),
            (r#"{"name":"Renamed","originalIssuer":null,"originalName":"Acme:bob"}"#, "Acme", "Renamed"),
            (r#"{"name":"Acme - bob: x","original_name":"bob"}"#, "Acme", "bob: x"),
            (r#"{"name":"Acme: bob - x"}"#, "Acme", "bob - x"),
            (r#"{"name":"Acme:bob"}"#, "", "Acme:bob"),
            (r#"{"name":"Acmeist","issuer":"Acme"}"#, "Acme", "Acmeist"),
            (r#"{"originalName":"Acme:bob"}"#, "Acme", "bob"),
            (r#"{"name":"bob"}"#, "", "bob"),
            ("{}", "", ""),
        ] {
            assert_eq!(names(json), (issuer.to_owned(), account.to_owned()), "{json}");
        }
    }
}
