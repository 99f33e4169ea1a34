//! `vault-totp`: keys of the TOTP engine of HashiCorp Vault and OpenBao, one in a line of JSON: the path to
//! write to and what to write. The engine takes keys one by one and gives none out again; what it answers when it
//! makes a key itself is read as well.
//!
//! Source: `builtin/logical/totp/path_keys.go` and `sdk/framework/path.go` (`GenericNameWithAtRegex`).

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json as object};
use zeroize::Zeroizing;

use super::token::{self, Tokens};
use crate::caps::{Caps, Fit, Groups, Periods};
use crate::ctx::{Ctx, Limits};
use crate::error::{Error, Place};
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::model::{Account, Algorithm, Draft, Kind, Number, Otp, SecretText, Vault};
use crate::open::otpauth;
use crate::probe::{Node, Probe};
use crate::report::Skip;
use crate::text::base32;
use crate::text::json::{self, Values};

/// The TOTP engine.
pub(crate) struct VaultTotp;

const ID: &str = "vault-totp";
const APP: &str = "Vault";

/// Where the engine is mounted unless told otherwise.
const MOUNT: &str = "totp/keys/";
/// What stands before the name of a key, wherever the engine is mounted.
const KEYS: &str = "/keys/";
/// Most bytes of a name that we make.
const NAME_BYTES: usize = 120;

static INFO: Info = Info {
    id: ID,
    title: "HashiCorp Vault, OpenBao (TOTP engine)",
    aliases: &["vault", "openbao"],
    extensions: &["jsonl", "json"],
    reads_encrypted: false,
    unverified: Some("answers and keys, which were made from the source of the engine"),
    write: &[Writing {
        form: "",
        caps: Caps {
            app: APP,
            kinds: &[Kind::Totp],
            algorithms: &[Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512],
            digits: &[6, 8],
            periods: Periods::UpTo(u32::MAX),
            max_counter: 0,
            secret_bytes: (1, usize::MAX),
            needs_pin: false,
            groups: Groups::None,
            fields: &[],
        },
        encryption: Encryption::Never,
        any_password: true,
        carrier: Carrier::File,
        file_name: "vault-keys.jsonl",
        encrypted_file_name: "vault-keys.jsonl",
        import_help: "For each line, give its `data` to `vault write PATH -` (or `bao write PATH -`) on standard input, where PATH is its \
            `path`; a key that is there under that name is replaced",
    }],
    export_help: "Vault gives no keys out; keep the answer in which it made a key (`vault write -format=json`)",
};

impl Format for VaultTotp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        let is_own = match probe.json() {
            Some(Node::Array(Some(first))) => is_own(first),
            Some(node) => is_own(node),
            None => false,
        };
        if is_own { Confidence::Sure } else { Confidence::No }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        input.text().and_then(|text| decode(&text, ctx.limits)).map_err(|error| error.in_format(ID))
    }

    fn fit(&self, writing: &Writing, accounts: &[Account]) -> Vec<Fit> {
        let read_again = |account: &Account| {
            decode(&String::from_utf8_lossy(&encode(std::slice::from_ref(account))?), &Limits::default())
        };
        accounts.iter().map(|account| token::fit(&writing.caps, account, || read_again(account))).collect()
    }

    fn encode(&self, _: &Writing, vault: &Vault, _: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        encode(&vault.accounts).map(|bytes| vec![Part(bytes)]).map_err(|error| error.in_format(ID))
    }
}

/// A key with its path, an answer of the server with a link, or what it tells of a key.
fn is_own(node: &Node) -> bool {
    let Some(data @ Node::Object(_)) = node.get("data") else { return false };
    let has = |names: &[&str]| names.iter().all(|name| data.get(name).is_some());
    let is_path = node.get("path").and_then(Node::text).is_some_and(|path| path.contains(KEYS));
    let is_answer = ["lease_id", "request_id", "lease_duration"].iter().any(|name| node.get(name).is_some());
    let is_link = data.get("url").and_then(Node::text).is_some_and(|url| url.starts_with("otpauth://"));
    (is_path && (is_link || has(&["key"]) || has(&["generate"])))
        || (is_answer && (is_link || has(&["account_name", "algorithm", "period"])))
        || (is_link && has(&["barcode"]))
}

// --- reading

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(default, deserialize_with = "json::null_is_default")]
    path: String,
    #[serde(borrow)]
    data: &'a RawValue,
}

#[derive(Default, Deserialize)]
struct Data {
    url: Option<SecretText>,
    key: Option<SecretText>,
    #[serde(default, deserialize_with = "json::null_is_default")]
    issuer: String,
    #[serde(default, deserialize_with = "json::null_is_default")]
    account_name: String,
    #[serde(default)]
    period: Value,
    #[serde(default, deserialize_with = "json::null_is_default")]
    algorithm: String,
    #[serde(default)]
    digits: Number,
}

fn decode(text: &str, limits: &Limits) -> Result<Vault, Error> {
    let mut tokens = Tokens::new(ID, "keys", limits);
    match json::values(text, limits)? {
        Values::One(raw) if raw.get().starts_with('[') => {
            for (at, raw) in json::parse::<Vec<&RawValue>>(raw.get())?.into_iter().enumerate() {
                take(Some(raw), &Place::Json(format!("/{at}")), &mut tokens)?;
            }
        }
        Values::One(raw) if json::entry::<Line<'_>>(raw).is_none() => {
            return Err(json::damaged("/data", "the data of a key is missing"));
        }
        Values::One(raw) => take(Some(raw), &Place::Json(String::new()), &mut tokens)?,
        Values::Lines(lines) => {
            for (line, raw) in lines {
                take(raw, &Place::Line(line), &mut tokens)?;
            }
        }
    }
    Ok(tokens.finish())
}

fn take(raw: Option<&RawValue>, place: &Place, tokens: &mut Tokens<'_>) -> Result<(), Error> {
    let line = raw.and_then(json::entry::<Line<'_>>);
    let data = line.as_ref().and_then(|line| json::entry::<Data>(line.data));
    let (Some(line), Some(data)) = (line, data) else {
        let message = "a field is missing or of another type than a key of Vault has";
        return tokens.take(Err(Skip::new(Skip::MISSING_FIELD, message)), "", place);
    };
    let name = key_name(&line.path).unwrap_or_default();
    let shown = if data.account_name.is_empty() { name } else { &data.account_name };
    let account = data.read().map(|mut account| {
        if is_name(name) {
            account.extra.insert(ID.to_owned(), object!({ "path": &line.path }));
        }
        account
    });
    tokens.take(account, shown, place)
}

impl Data {
    fn read(&self) -> Result<Account, Skip> {
        let secret = |text: &Option<SecretText>| text.clone().filter(|text| !text.expose().is_empty());
        match (secret(&self.url), secret(&self.key)) {
            (Some(url), None) => self.read_link(url.expose()),
            (None, Some(key)) => {
                let mut account = token::account(self.otp(key.expose())?, &self.account_name);
                account.issuer.clone_from(&self.issuer);
                Ok(account)
            }
            (Some(_), Some(_)) => {
                Err(Skip::new(Skip::MISSING_FIELD, "it has a link and a key: which of them is meant?"))
            }
            (None, None) => Err(Skip::new(
                Skip::NO_SECRET,
                "Vault shows a secret only in the answer in which it makes it",
            )),
        }
    }

    fn otp(&self, key: &str) -> Result<Otp, Skip> {
        Draft {
            algorithm: Draft::read_algorithm(&self.algorithm)?,
            digits: self.digits,
            period: seconds(&self.period),
            ..Draft::new(Kind::Totp, base32::secret(key)?)
        }
        .build()
    }

    /// Vault does not look at the kind of a link, and makes codes of time from every one.
    fn read_link(&self, url: &str) -> Result<Account, Skip> {
        let account = otpauth::parse(url).map_err(|(skip, _)| skip)?;
        let Some(otp @ Otp::Totp { .. }) = account.otp() else {
            let message = "its link is of another kind than time-based codes, which is all that Vault makes";
            return Err(Skip::new(Skip::UNKNOWN_KIND, message));
        };
        let is_same = |stated: Number, own: u32| stated == Number::Absent || stated == Number::Of(own.into());
        let algorithm = Draft::read_algorithm(&self.algorithm)?;
        let agrees = is_same(self.digits, otp.digits().into())
            && is_same(seconds(&self.period), otp.period().unwrap_or(30))
            && algorithm.is_none_or(|algorithm| algorithm == otp.algorithm());
        if !agrees {
            return Err(Skip::new(
                Skip::MISSING_FIELD,
                "the link and the values beside it say different things",
            ));
        }
        Ok(token::account(otp.clone(), &account.name)).map(|own| Account { issuer: account.issuer, ..own })
    }
}

/// A number, or a duration as Go writes it with one unit.
fn seconds(value: &Value) -> Number {
    let Value::String(text) = value else {
        return serde_json::from_value(value.clone()).unwrap_or(Number::Invalid);
    };
    let text = text.trim();
    let unit = [("s", 1), ("m", 60), ("h", 3600)];
    let found = unit.iter().find_map(|(unit, length)| Some((text.strip_suffix(unit)?, *length)));
    match found.map(|(number, length)| (Number::parse(number), length)) {
        Some((Number::Of(number), length)) => number.checked_mul(length).map_or(Number::Invalid, Number::Of),
        Some(_) => Number::Invalid,
        None => Number::parse(text),
    }
}

/// The name of a key in a path.
fn key_name(path: &str) -> Option<&str> {
    path.rsplit_once(KEYS).map(|(_, name)| name)
}

/// `\w(([\w-.@]+)?\w)?`
fn is_name(name: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.starts_with(is_word)
        && name.ends_with(is_word)
        && name.chars().all(|c| is_word(c) || matches!(c, '-' | '.' | '@'))
}

// --- writing

#[derive(Serialize)]
struct NewLine<'a> {
    path: String,
    data: NewData<'a>,
}

#[derive(Serialize)]
struct NewData<'a> {
    #[serde(serialize_with = "json::exposed")]
    key: Zeroizing<String>,
    issuer: &'a str,
    account_name: &'a str,
    period: u32,
    algorithm: &'static str,
    digits: u8,
}

/// Fields and not a link: a name with a colon would be divided elsewhere.
fn encode(accounts: &[Account]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut paths = Paths::default();
    let mut out = Zeroizing::new(Vec::with_capacity(accounts.len().saturating_mul(320)));
    for (account, otp) in accounts.iter().filter_map(|account| Some((account, account.otp()?))) {
        let data = NewData {
            key: otp.secret().to_base32(),
            issuer: &account.issuer,
            account_name: &account.name,
            period: otp.period().unwrap_or(30),
            algorithm: otp.algorithm().name(),
            digits: otp.digits(),
        };
        out.extend_from_slice(&json::compact(&NewLine { path: paths.take(account), data })?);
        out.push(b'\n');
    }
    Ok(out)
}

/// Paths that are taken, in small letters, and the number that the next one of it begins to look at. A
/// second key of one name would replace the first.
#[derive(Default)]
struct Paths(HashMap<String, usize>);

impl Paths {
    /// The path that the account came with, else one from its names; numbered where it is taken.
    fn take(&mut self, account: &Account) -> String {
        let kept = account.extra.get(ID).and_then(|extra| extra.get("path")).and_then(Value::as_str);
        let kept =
            kept.filter(|path| key_name(path).is_some_and(is_name) && !path.contains(char::is_control));
        let path = kept.map_or_else(|| format!("{MOUNT}{}", name_of(account)), str::to_owned);
        let key = path.to_lowercase();
        let Some(mut number) = self.0.get(&key).copied() else {
            self.0.insert(key, 2);
            return path;
        };
        loop {
            let numbered = format!("{path}-{number}");
            number = number.saturating_add(1);
            if !self.0.contains_key(&numbered.to_lowercase()) {
                self.0.insert(numbered.to_lowercase(), 2);
                self.0.insert(key, number);
                return numbered;
            }
        }
    }
}

/// A name that the engine takes, from issuer and account. Where letters are lost the serial number keeps it apart from
/// others, also those of other files: the engine replaces a key of the same name.
fn name_of(account: &Account) -> String {
    let parts = [account.issuer.as_str(), account.name.as_str()];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.trim().is_empty()).collect();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '@');
    let plain: String =
        parts.join("-").chars().map(|c| if is_plain(c) { c } else { '-' }).take(NAME_BYTES).collect();
    let name = plain.trim_matches(['-', '.', '@']);
    let serial = account.device.as_ref().map_or("", |device| device.serial.trim());
    let is_lossy = name != parts.join("-");
    let end = if is_lossy && is_name(serial) { format!("-{serial}") } else { String::new() };
    if name.is_empty() { format!("account{end}") } else { format!("{name}{end}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(issuer: &str, name: &str) -> Account {
        let account = otpauth::parse("otpauth://totp/x?secret=MFRGGZDFMZTWQ2LK").ok().unwrap();
        Account { issuer: issuer.to_owned(), name: name.to_owned(), ..account }
    }

    fn read(data: &str) -> Result<(String, String, u32), String> {
        let vault =
            decode(&format!(r#"{{"path":"totp/keys/x","data":{data}}}"#), &Limits::default()).unwrap();
        match vault.accounts.first() {
            Some(account) => {
                Ok((account.issuer.clone(), account.name.clone(), account.otp().unwrap().period().unwrap()))
            }
            None => Err(vault.skipped[0].code.clone()),
        }
    }

    #[test]
    fn a_line_has_the_fields_of_the_engine() {
        let text = encode(&[account("A: B", "c:d")]).unwrap();
        assert_eq!(
            String::from_utf8_lossy(&text),
            "{\"path\":\"totp/keys/A--B-c-d\",\"data\":{\"key\":\"MFRGGZDFMZTWQ2LK\",\"issuer\":\"A: B\",\
             \"account_name\":\"c:d\",\"period\":30,\"algorithm\":\"SHA1\",\"digits\":6}}\n"
        );
    }

    #[test]
    fn names_are_those_that_the_engine_takes_and_there_once() {
        let mut paths = Paths::default();
        let mut name = |issuer: &str, name: &str| {
            let path = paths.take(&account(issuer, name));
            assert!(key_name(&path).is_some_and(is_name), "{path}");
            key_name(&path).unwrap().to_owned()
        };
        assert_eq!(name("", "a@b.example"), "a@b.example");
        assert_eq!(name("", "A@b.example"), "A@b.example-2");
        assert_eq!(name("", ".ß/"), "account");
        assert_eq!(name("Acme", "ann"), "Acme-ann");
        assert_eq!(name("Acme", "ann-2"), "Acme-ann-2");
        assert_eq!(name("Acme", "ann"), "Acme-ann-3");
        assert_eq!(name("x".repeat(119).as_str(), "@"), "x".repeat(119));
        for (text, wanted) in
            [("a", true), ("_a-.@b_", true), ("", false), ("-a", false), ("a.", false), ("a b", false)]
        {
            assert_eq!(is_name(text), wanted, "{text}");
        }
        let mut kept = account("Acme", "ann");
        kept.extra.insert(ID.to_owned(), object!({ "path": "mfa/keys/ann" }));
        assert_eq!(paths.take(&kept), "mfa/keys/ann");
        kept.extra.insert(ID.to_owned(), object!({ "path": "mfa/keys/../x" }));
        assert_eq!(paths.take(&kept), "totp/keys/Acme-ann-4");
    }

    #[test]
    fn fields_and_links_are_read() {
        let named = |period| Ok(("Acme".to_owned(), "ann".to_owned(), period));
        let key = r#""key":"mfrggzdfmztwq2lk","issuer":"Acme","account_name":"ann""#;
        assert_eq!(read(&format!("{{{key}}}")), named(30));
        assert_eq!(read(&format!("{{{key},\"period\":\"1m\"}}")), named(60));
        assert_eq!(read(&format!("{{{key},\"period\":\"1m30s\"}}")), Err(Skip::BAD_PERIOD.to_owned()));
        let link = |kind: &str, more: &str| {
            read(&format!(
                r#"{{"url":"otpauth://{kind}/Acme:ann?secret=MFRGGZDFMZTWQ2LK&issuer=Acme"{more}}}"#
            ))
        };
        assert_eq!(link("totp", ""), named(30));
        assert_eq!(link("totp", r#","period":30"#), named(30));
        assert_eq!(link("totp", r#","period":60"#), Err(Skip::MISSING_FIELD.to_owned()));
        assert_eq!(link("hotp", ""), Err(Skip::UNKNOWN_KIND.to_owned()));
        assert_eq!(link("totp", r#","key":"AA""#), Err(Skip::MISSING_FIELD.to_owned()));
        assert_eq!(read(r#"{"generate":true,"issuer":"Acme"}"#), Err(Skip::NO_SECRET.to_owned()));
    }
}
