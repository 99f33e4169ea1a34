//! `cotp`: the export of the command-line authenticator cotp, and its encrypted database.
//!
//! Source: `otp_element.rs`, `crypto/` and `exporters/` of cotp.

use data_encoding::{BASE64, HEXLOWER};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::caps::{Caps, Groups, Periods};
use crate::crypt::{Argon2Cost, argon2id, xchacha20_poly1305_open};
use crate::ctx::{Ctx, Limits};
use crate::error::{Error, Place};
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::model::{
    Account, Algorithm, Credential, Draft, Kind, Number, Origin, Otp, Protection, Secret, SecretText, Vault,
};
use crate::probe::{Node, Probe};
use crate::report::Skip;
use crate::text::{base32, json};

/// cotp.
pub(crate) struct Cotp;

const ID: &str = "cotp";

/// The newest version of the list of accounts.
const VERSION: u8 = 2;
/// The newest version of the encryption.
const DATABASE_VERSION: u8 = 1;
/// The cost that every version of cotp uses; the file does not say it.
const COST: Argon2Cost = Argon2Cost { memory: 32_768, passes: 4, lanes: 4 };

static INFO: Info = Info {
    id: ID,
    title: "cotp",
    aliases: &[],
    extensions: &["cotp"],
    reads_encrypted: true,
    unverified: None,
    write: &[Writing {
        form: "",
        caps: Caps {
            app: "cotp",
            kinds: &[Kind::Totp, Kind::Hotp, Kind::Steam, Kind::Motp, Kind::Yandex],
            algorithms: &[Algorithm::Md5, Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512],
            digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
            periods: Periods::UpTo(u32::MAX),
            max_counter: u64::MAX,
            secret_bytes: (1, usize::MAX),
            needs_pin: true,
            groups: Groups::None,
            fields: &[],
        },
        encryption: Encryption::Never,
        any_password: true,
        carrier: Carrier::File,
        file_name: "exported.cotp",
        encrypted_file_name: "exported.cotp",
        import_help: "Run `cotp import --cotp --path FILE`",
    }],
    export_help: "Run `cotp export`; the database itself is db.cotp, see `cotp --help`",
};

impl Format for Cotp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        probe.json().map_or(Confidence::No, recognise)
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        decode(input, ctx).map_err(|error| error.in_format(ID))
    }

    fn encode(&self, _: &Writing, vault: &Vault, _: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        let elements =
            vault.accounts.iter().filter_map(|account| Some(NewElement::new(account, account.otp()?)));
        let list = NewList { version: VERSION, elements: elements.collect() };
        Ok(vec![Part(json::compact(&list)?)])
    }
}

fn recognise(json: &Node) -> Confidence {
    let is_text = |key: &str| matches!(json.get(key), Some(Node::Text(_)));
    match json {
        // The list of the first version had nothing around it; only the PIN tells it from andOTP's.
        Node::Array(Some(first)) if first.get("label").is_some() && first.get("pin").is_some() => {
            Confidence::Sure
        }
        Node::Object(_) if ["nonce", "salt", "cipher"].into_iter().all(is_text) => Confidence::Sure,
        Node::Object(_) if json.get("version").is_some() => match json.get("elements") {
            Some(Node::Array(Some(first))) if first.get("secret").is_some() => Confidence::Sure,
            Some(Node::Array(None)) => Confidence::Sure,
            Some(Node::Array(_)) => Confidence::Likely,
            _ => Confidence::No,
        },
        _ => Confidence::No,
    }
}

#[derive(Deserialize)]
struct Database<'a> {
    #[serde(default)]
    version: Number,
    #[serde(borrow)]
    nonce: &'a str,
    #[serde(borrow)]
    salt: &'a str,
    #[serde(borrow)]
    cipher: &'a str,
}

#[derive(Deserialize)]
struct List<'a> {
    #[serde(default)]
    version: Number,
    #[serde(borrow)]
    elements: Vec<&'a RawValue>,
}

fn decode(input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
    let text = input.text()?;
    let Ok(database) = serde_json::from_str::<Database<'_>>(&text) else {
        return read_list(&text, ctx.limits);
    };
    json::check_version(database.version, DATABASE_VERSION, "/version")?;
    let plain = unlock(&database, ctx)?;
    let text = std::str::from_utf8(&plain)
        .map_err(|_| json::damaged("/cipher", "what was encrypted is not a text"))?;
    Ok(read_list(text, ctx.limits)?.protected(Protection::new("XChaCha20-Poly1305", COST)))
}

fn unlock(database: &Database<'_>, ctx: &mut Ctx<'_>) -> Result<Zeroizing<Vec<u8>>, Error> {
    let bytes = |text: &str, pointer: &str| {
        BASE64.decode(text.as_bytes()).map_err(|_| json::damaged(pointer, "this is not base64"))
    };
    let nonce: [u8; 24] = bytes(database.nonce, "/nonce")?
        .try_into()
        .map_err(|_| json::damaged("/nonce", "the nonce does not have 24 bytes"))?;
    let salt = bytes(database.salt, "/salt")?;
    let sealed = bytes(database.cipher, "/cipher")?;
    ctx.unlock(&INFO, |password, limits| {
        let key = argon2id(password.expose().as_bytes(), &salt, COST, limits)?;
        Ok(xchacha20_poly1305_open(&key, &nonce, &sealed))
    })
}

fn read_list(text: &str, limits: &Limits) -> Result<Vault, Error> {
    let (elements, pointer, variant) = if text.trim_start().starts_with('[') {
        (json::parse_file::<Vec<&RawValue>>(text, limits)?, "", "list without a version".to_owned())
    } else {
        let list: List<'_> = json::parse_file(text, limits)?;
        json::check_version(list.version, VERSION, "/version")?;
        let Number::Of(version) = list.version else { return Err(json::damaged("/version", "no version")) };
        (list.elements, "/elements", format!("version {version}"))
    };
    limits.check_accounts(elements.len())?;
    let mut vault = Vault { variant, ..Vault::default() };
    for (index, raw) in elements.into_iter().enumerate() {
        let place = Place::Json(format!("{pointer}/{index}"));
        let Some(element) = json::entry::<Element>(raw) else {
            let skip =
                Skip::new(Skip::MISSING_FIELD, "a field is missing or of another type than cotp writes");
            vault.skipped.push(skip.item(index, "", "").at(&place));
            continue;
        };
        match element.otp() {
            Ok(otp) => {
                let mut account = Account::new(Credential::Otp(otp), element.issuer, element.label);
                account.origin = Origin { format: ID.to_owned(), index, ..Origin::default() };
                vault.accounts.push(account);
            }
            Err(skip) => vault.skipped.push(skip.item(index, &element.issuer, &element.label).at(&place)),
        }
    }
    Ok(vault)
}

#[derive(Deserialize)]
struct Element {
    secret: SecretText,
    issuer: String,
    label: String,
    #[serde(default)]
    digits: Number,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    algorithm: String,
    #[serde(default)]
    period: Number,
    #[serde(default)]
    counter: Number,
    pin: Option<SecretText>,
}

impl Element {
    fn otp(&self) -> Result<Otp, Skip> {
        let kind = match self.kind.to_ascii_uppercase().as_str() {
            "TOTP" => Kind::Totp,
            "HOTP" => Kind::Hotp,
            "STEAM" => Kind::Steam,
            "YANDEX" => Kind::Yandex,
            "MOTP" => Kind::Motp,
            _ => return Err(Skip::new(Skip::UNKNOWN_KIND, "its type is not one that cotp is known to have")),
        };
        let secret = match kind {
            Kind::Motp => motp_secret(self.secret.expose())?,
            _ => base32::secret(self.secret.expose())?,
        };
        let mut draft = Draft::new(kind, secret);
        draft.algorithm = Draft::read_algorithm(&self.algorithm)?;
        draft.digits = self.digits;
        draft.period = self.period;
        draft.counter = self.counter;
        draft.pin.clone_from(&self.pin);
        if kind == Kind::Hotp && self.counter == Number::Absent {
            return Err(Skip::new(Skip::MISSING_FIELD, "a counter-based entry without its counter"));
        }
        draft.build()
    }
}

/// cotp hashes the text as it stands, everybody else its lower-case form.
fn motp_secret(text: &str) -> Result<Secret, Skip> {
    HEXLOWER.decode(text.as_bytes()).ok().and_then(Secret::new).ok_or_else(|| {
        Skip::new(
            Skip::BAD_SECRET,
            "the secret of an mOTP account has to be hexadecimal in lower-case letters",
        )
    })
}

#[derive(Serialize)]
struct NewList<'a> {
    version: u8,
    elements: Vec<NewElement<'a>>,
}

/// An account with every key that cotp's own reader asks for, in its order.
#[derive(Serialize)]
struct NewElement<'a> {
    #[serde(serialize_with = "json::exposed")]
    secret: Zeroizing<String>,
    issuer: &'a str,
    label: &'a str,
    digits: u8,
    #[serde(rename = "type")]
    kind: &'static str,
    algorithm: &'static str,
    period: u32,
    counter: Option<u64>,
    pin: Option<&'a str>,
}

impl<'a> NewElement<'a> {
    fn new(account: &'a Account, otp: &'a Otp) -> Self {
        Self {
            secret: match otp.kind() {
                Kind::Motp => Zeroizing::new(HEXLOWER.encode(otp.secret().expose())),
                _ => otp.secret().to_base32(),
            },
            issuer: &account.issuer,
            label: &account.name,
            digits: otp.digits(),
            kind: match otp.kind() {
                Kind::Hotp => "HOTP",
                Kind::Steam => "STEAM",
                Kind::Motp => "MOTP",
                Kind::Yandex => "YANDEX",
                Kind::Totp | Kind::NameOnly => "TOTP",
            },
            algorithm: otp.algorithm().name(),
            // The key has to be there; counter-based codes have no use for it.
            period: otp.period().unwrap_or(30),
            counter: otp.counter(),
            pin: otp.pin().map(SecretText::expose),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctx::NoPasswords;
    use crate::error::ErrorKind;
    use crate::testing;

    const PLAIN: &[u8] = include_bytes!("../../../fixtures/cotp/all-kinds.json");
    const DATABASE: &[u8] = include_bytes!("../../../fixtures/cotp/db.cotp");

    fn decode(bytes: &[u8], password: &str) -> Result<Vault, Error> {
        let given = [SecretText::new(password)];
        testing::with_ctx(&mut &given[..], |ctx| Cotp.decode(&Input::new(bytes), ctx))
    }

    #[test]
    fn a_wrong_password_is_told_from_damage() {
        let kind = |bytes: &[u8], password: &str| decode(bytes, password).map(|_| ()).unwrap_err().kind;
        assert_eq!(kind(DATABASE, "wrong"), ErrorKind::WrongPassword);
        let text = std::str::from_utf8(DATABASE).unwrap();
        assert_eq!(
            kind(text.replace("\"nonce\":\"", "\"nonce\":\"!").as_bytes(), "wrong"),
            ErrorKind::Malformed
        );
        assert_eq!(
            kind(text.replace("\"version\":1", "\"version\":2").as_bytes(), "wrong"),
            ErrorKind::NewerVersion
        );
        let none = testing::with_ctx(&mut NoPasswords, |ctx| Cotp.decode(&Input::new(DATABASE), ctx));
        assert_eq!(none.unwrap_err().kind, ErrorKind::PasswordNeeded);
    }

    #[test]
    fn what_is_written_has_every_key_in_cotps_order() {
        let vault = decode(PLAIN, "").unwrap();
        let parts =
            testing::with_ctx(&mut NoPasswords, |ctx| testing::form(&Cotp).encode(&vault, ctx)).unwrap();
        let text = std::str::from_utf8(&parts[0].0).unwrap();
        assert!(text.starts_with(
            r#"{"version":2,"elements":[{"secret":"CANARYALPHACANARYALPHACANARYALPH","issuer":"Acme","label":"bob","digits":8,"type":"TOTP","algorithm":"SHA256","period":60,"counter":null,"pin":null},"#
        ));
        let hotp = r#""digits":6,"type":"HOTP","algorithm":"SHA1","period":30,"counter":7,"pin":null}"#;
        assert!(text.contains(hotp));
    }
}
