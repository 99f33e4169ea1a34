//! Users and their credentials. Only those that make codes are looked at.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::ID;
use crate::admin::token::{self, Tokens};
use crate::ctx::Limits;
use crate::error::{Error, Place};
use crate::model::{Account, Draft, Kind, Number, Otp, Secret, SecretText, Vault};
use crate::report::{Item, Skip};
use crate::text::base32;
use crate::text::json::{self, Values};

/// The outermost object: a realm, a file for import, or one user.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outer<'a> {
    #[serde(default, deserialize_with = "json::null_is_default")]
    realm: String,
    #[serde(default, deserialize_with = "json::null_is_default")]
    display_name: String,
    #[serde(borrow)]
    users: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    username: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct User<'a> {
    username: String,
    #[serde(default, borrow)]
    credentials: Option<Vec<&'a RawValue>>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// What of a user is written again.
pub(super) const KEPT: [&str; 4] = ["email", "emailVerified", "firstName", "lastName"];

/// What a credential is for.
#[derive(Default, Deserialize)]
struct Type {
    #[serde(rename = "type", default, deserialize_with = "json::null_is_default")]
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credential {
    #[serde(default, deserialize_with = "json::null_is_default")]
    user_label: String,
    #[serde(default)]
    created_date: Number,
    secret_data: Option<SecretText>,
    credential_data: Option<String>,
}

/// JSON in a text of the JSON.
#[derive(Deserialize)]
struct SecretData {
    value: Option<SecretText>,
}

/// The same for what is no secret. Missing numbers are 0 to the server.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CredentialData {
    #[serde(default, deserialize_with = "json::null_is_default")]
    sub_type: String,
    #[serde(default)]
    digits: Number,
    #[serde(default)]
    counter: Number,
    #[serde(default)]
    period: Number,
    #[serde(default, deserialize_with = "json::null_is_default")]
    algorithm: String,
    secret_encoding: Option<String>,
}

pub(super) fn decode(text: &str, limits: &Limits) -> Result<Vault, Error> {
    let values = json::values(text, limits)?;
    let mut reading = Reading { tokens: Tokens::new(ID, "users", limits), without_users: false };
    match values {
        Values::One(raw) if raw.get().starts_with('[') => {
            for (at, raw) in json::parse::<Vec<&RawValue>>(raw.get())?.into_iter().enumerate() {
                reading.outer(raw, At::Pointer(format!("/{at}")))?;
            }
        }
        Values::One(raw) => reading.only(raw)?,
        Values::Lines(lines) => {
            for (line, raw) in lines {
                match raw {
                    Some(raw) => reading.outer(raw, At::Line(line))?,
                    None => reading.not_a_user(&At::Line(line))?,
                }
            }
        }
    }
    Ok(reading.finish())
}

/// Where a value is.
#[derive(Clone)]
enum At {
    Pointer(String),
    Line(usize),
}

impl At {
    fn below(&self, name: &str, index: usize) -> Self {
        match self {
            Self::Pointer(above) => Self::Pointer(format!("{above}/{name}/{index}")),
            Self::Line(line) => Self::Line(*line),
        }
    }

    fn place(&self) -> Place {
        match self {
            Self::Pointer(pointer) => Place::Json(pointer.clone()),
            Self::Line(line) => Place::Line(*line),
        }
    }
}

struct Reading<'l> {
    tokens: Tokens<'l>,
    /// A realm was exported without them.
    without_users: bool,
}

impl Reading<'_> {
    /// The whole file.
    fn only(&mut self, raw: &RawValue) -> Result<(), Error> {
        let outer: Outer<'_> = json::parse(raw.get())?;
        if outer.users.is_none() && outer.username.is_none() && outer.realm.is_empty() {
            return Err(json::damaged("/users", "the list of users is missing"));
        }
        self.outer(raw, At::Pointer(String::new()))
    }

    /// A realm, a file for import, or a user.
    fn outer(&mut self, raw: &RawValue, at: At) -> Result<(), Error> {
        match json::entry::<Outer<'_>>(raw) {
            Some(Outer { users: Some(users), realm, display_name, .. }) => {
                let issuer = if display_name.trim().is_empty() { realm } else { display_name };
                for (index, user) in users.into_iter().enumerate() {
                    self.user(user, issuer.trim(), &at.below("users", index))?;
                }
                Ok(())
            }
            Some(Outer { username: Some(_), .. }) => self.user(raw, "", &at),
            Some(Outer { realm, .. }) if !realm.is_empty() => {
                self.without_users = true;
                Ok(())
            }
            _ => self.not_a_user(&at),
        }
    }

    fn not_a_user(&mut self, at: &At) -> Result<(), Error> {
        let message = "a field is missing or of another type than a user of Keycloak has";
        self.tokens.take(Err(Skip::new(Skip::MISSING_FIELD, message)), "", &at.place())
    }

    fn user(&mut self, raw: &RawValue, issuer: &str, at: &At) -> Result<(), Error> {
        let Some(mut user) = json::entry::<User<'_>>(raw) else { return self.not_a_user(at) };
        let credentials = user.credentials.take().unwrap_or_default();
        for (index, raw) in credentials.into_iter().enumerate() {
            let at = at.below("credentials", index);
            let account = match json::entry::<Type>(raw).unwrap_or_default().name.as_str() {
                "otp" => account(raw, &user, issuer),
                "totp" | "hotp" => Err(Skip::new(Skip::UNKNOWN_KIND, BEFORE_8)),
                // Passwords and keys are nobody's business here.
                _ => continue,
            };
            self.tokens.take(account, &user.username, &at.place())?;
        }
        Ok(())
    }

    fn finish(self) -> Vault {
        let mut vault = self.tokens.finish();
        if self.without_users {
            vault.warnings.push(
                Item::new("no-users", "the export holds no users: the admin console leaves them out")
                    .next_step(
                        "Run `kc.sh export --realm REALM --users realm_file --file realm.json` on the server",
                    ),
            );
        }
        vault
    }
}

const BEFORE_8: &str = "it was exported by a Keycloak before version 8, whose layout is not read: load it into a later \
    version and export there";

fn account(raw: &RawValue, user: &User<'_>, issuer: &str) -> Result<Account, Skip> {
    let message = "a field is of another type than a credential of Keycloak has";
    let stored = json::entry::<Credential>(raw).ok_or_else(|| Skip::new(Skip::MISSING_FIELD, message))?;
    let secret = stored.secret_data.ok_or_else(|| {
        Skip::new(Skip::NO_SECRET, "the admin API gives no secret out: export the realm on the server")
    })?;
    let otp = otp(&secret, stored.credential_data.as_deref().unwrap_or_default())?;
    let mut kept = user.rest.clone();
    kept.retain(|name, value| KEPT.contains(&name.as_str()) && !value.is_null());
    let kept = json::without_secret(kept, otp.secret());
    let mut account = token::account(otp, &user.username);
    issuer.clone_into(&mut account.issuer);
    account.user = Some(user.username.clone()).filter(|name| !name.is_empty());
    account.created = match stored.created_date {
        Number::Of(date) => i64::try_from(date).ok().and_then(|date| Timestamp::from_millisecond(date).ok()),
        Number::Absent | Number::Invalid => None,
    };
    account.note = stored.user_label;
    if !kept.is_empty() {
        account.extra.insert(ID.to_owned(), Value::Object(kept));
    }
    Ok(account)
}

fn otp(secret: &SecretText, data: &str) -> Result<Otp, Skip> {
    let unreadable = |what| Skip::new(Skip::MISSING_FIELD, format!("{what} is not as Keycloak writes it"));
    let data: CredentialData = serde_json::from_str(data).map_err(|_| unreadable("its credentialData"))?;
    let stored: SecretData =
        serde_json::from_str(secret.expose()).map_err(|_| unreadable("its secretData"))?;
    let text = stored.value.ok_or_else(|| Skip::new(Skip::NO_SECRET, "the secret is missing"))?;
    let kind = match data.sub_type.as_str() {
        "totp" => Kind::Totp,
        "hotp" => Kind::Hotp,
        _ => return Err(Skip::new(Skip::UNKNOWN_KIND, "it says neither totp nor hotp")),
    };
    let algorithm = Draft::read_algorithm(&data.algorithm)?;
    if algorithm.is_none() {
        return Err(Skip::new(Skip::MISSING_FIELD, "the algorithm is missing"));
    }
    let or_usual = |number| if number == Number::Of(0) { Number::Absent } else { number };
    Draft {
        algorithm,
        digits: or_usual(data.digits),
        period: or_usual(data.period),
        counter: data.counter,
        ..Draft::new(kind, key(&text, data.secret_encoding.as_deref())?)
    }
    .build()
}

/// Without an encoding the text itself is the key, letter by letter.
fn key(text: &SecretText, encoding: Option<&str>) -> Result<Secret, Skip> {
    match encoding {
        None => Secret::new(text.expose().as_bytes().to_vec())
            .ok_or_else(|| Skip::new(Skip::NO_SECRET, "the secret is empty")),
        Some(name) if name.eq_ignore_ascii_case("BASE32") => base32::secret(text.expose()),
        Some(_) => Err(Skip::new(
            Skip::BAD_SECRET,
            "the secret is in an encoding that Keycloak does not know either",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(credential: &str) -> Result<Otp, String> {
        let text = format!(r#"{{"username":"ann","credentials":[{credential}]}}"#);
        let mut vault = decode(&text, &Limits::default()).unwrap();
        match vault.accounts.pop() {
            Some(account) => Ok(account.otp().unwrap().clone()),
            None => Err(vault.skipped.first().map(|item| item.code.clone()).unwrap_or_default()),
        }
    }

    fn credential(secret: &str, data: &str) -> String {
        serde_json::json!({ "type": "otp", "secretData": secret, "credentialData": data }).to_string()
    }

    #[test]
    fn a_secret_is_its_text_or_base32() {
        let secret = |encoding: &str| {
            let data = format!(r#"{{"subType":"totp","algorithm":"HmacSHA1"{encoding}}}"#);
            let otp = read(&credential(r#"{"value":"MFRGG"}"#, &data)).ok()?;
            Some(otp.secret().expose().to_vec())
        };
        assert_eq!(secret("").as_deref(), Some(b"MFRGG".as_slice()));
        assert_eq!(secret(r#","secretEncoding":null"#).as_deref(), Some(b"MFRGG".as_slice()));
        assert_eq!(secret(r#","secretEncoding":"base32""#).as_deref(), Some(b"abc".as_slice()));
        assert_eq!(secret(r#","secretEncoding":"HEX""#), None);
    }

    #[test]
    fn what_decides_the_codes_has_to_be_there() {
        let code = |data: &str| read(&credential(r#"{"value":"12345678901234567890"}"#, data)).err();
        assert_eq!(code(r#"{"subType":"totp","algorithm":"HmacSHA512","period":0,"digits":0}"#), None);
        assert_eq!(code(r#"{"subType":"totp"}"#).as_deref(), Some(Skip::MISSING_FIELD));
        assert_eq!(code(r#"{"algorithm":"HmacSHA1"}"#).as_deref(), Some(Skip::UNKNOWN_KIND));
        assert_eq!(code("no json").as_deref(), Some(Skip::MISSING_FIELD));
        let old = r#"{"type":"totp","value":"x"}"#;
        assert_eq!(read(old).err().as_deref(), Some(Skip::UNKNOWN_KIND));
        assert_eq!(read(r#"{"type":"password","value":"x"}"#).err().as_deref(), Some(""));
        assert_eq!(read(r#"{"type":"otp","credentialData":"{}"}"#).err().as_deref(), Some(Skip::NO_SECRET));
    }
}
