//! A token as FreeOTP describes it in JSON. FreeOTP 1, FreeOTP+ and the backups of FreeOTP 2 share
//! the description; only the last keeps the secret elsewhere.
//!
//! Source: `Token.java` of FreeOTP 1 and 2, and `legacy/Token.java` of FreeOTP+.

use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::caps::Fit;
use crate::model::{Account, Credential, Draft, Kind, Number, Origin, Otp, Secret};
use crate::report::Skip;
use crate::text::{json, time};

/// The issuer by which the apps know a Steam account.
const STEAM: &str = "Steam";

/// Fields of a token that are written from the model, or that belong to one phone only.
pub(in crate::apps) const FIELDS: [&str; 14] = [
    "type",
    "algo",
    "digits",
    "period",
    "counter",
    "issuerExt",
    "issuerInt",
    "issuerAlt",
    "label",
    "labelAlt",
    "image",
    "imageAlt",
    "secret",
    "lastUsed",
];

/// A token as a file states it. Everything but the type may be absent.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::apps) struct Token {
    #[serde(rename = "type")]
    kind: Option<String>,
    algo: Option<String>,
    #[serde(default)]
    digits: Number,
    #[serde(default)]
    period: Number,
    #[serde(default)]
    counter: Number,
    /// Issuer in the label of the QR code.
    issuer_ext: Option<String>,
    /// Parameter `issuer` of the QR code.
    issuer_int: Option<String>,
    /// The user's own issuer and label, in old versions.
    issuer_alt: Option<String>,
    pub(in crate::apps) label: Option<String>,
    label_alt: Option<String>,
    secret: Option<SignedBytes>,
    #[serde(default)]
    last_used: Number,
    /// Pictures are paths on the phone.
    #[serde(rename = "image")]
    _image: Option<IgnoredAny>,
    #[serde(rename = "imageAlt")]
    _image_alt: Option<IgnoredAny>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl Token {
    /// The name of the token in the list of their order. Source: `Token.getID`.
    pub(in crate::apps) fn id(&self) -> String {
        let issuer = first_named([&self.issuer_int, &self.issuer_ext]);
        id(issuer, self.label.as_deref().unwrap_or_default())
    }

    /// The issuer that the user sees.
    pub(in crate::apps) fn issuer(&self) -> &str {
        first_named([&self.issuer_alt, &self.issuer_ext, &self.issuer_int])
    }

    /// The account name that the user sees.
    pub(in crate::apps) fn name(&self) -> &str {
        self.label_alt.as_deref().or(self.label.as_deref()).unwrap_or_default()
    }

    /// The key, where it stands in the token itself.
    pub(in crate::apps) fn secret(&self) -> Result<Secret, Skip> {
        let bytes =
            self.secret.as_ref().ok_or_else(|| Skip::new(Skip::NO_SECRET, "the token has no secret"))?;
        let bytes = bytes.bytes().ok_or_else(|| {
            Skip::new(Skip::BAD_SECRET, "the secret is not a list of numbers from -128 to 127")
        })?;
        Secret::new(bytes.to_vec()).ok_or_else(|| Skip::new(Skip::NO_SECRET, "the secret is empty"))
    }

    /// Key and parameters.
    pub(in crate::apps) fn otp(&self, secret: Secret) -> Result<Otp, Skip> {
        let kind = self.kind()?;
        let mut draft = Draft::new(kind, secret);
        draft.algorithm = Draft::read_algorithm(self.algo.as_deref().unwrap_or_default())?;
        draft.period = self.period;
        // A Steam code has five letters; the apps only show more of the same number when told so.
        if kind != Kind::Steam {
            draft.digits = self.digits;
        }
        draft.counter = match self.counter {
            // FreeOTP 1 and FreeOTP+ store the counter of a QR code less one: for a new account -1,
            // a counter that no server has. What the app shows after it is the code for 0.
            // Source: https://github.com/freeotp/freeotp-android/issues/54
            Number::Of(-1) => Number::Of(0),
            counter => counter,
        };
        draft.build()
    }

    fn kind(&self) -> Result<Kind, Skip> {
        let kind = self.kind.as_deref().unwrap_or_default();
        match kind.to_ascii_uppercase().as_str() {
            // Source: `Code.Factory.fromIssuer` and `Token.getHOTP` compare exactly this issuer.
            "TOTP" if self.issuer_ext.as_deref() == Some(STEAM) => Ok(Kind::Steam),
            "TOTP" => Ok(Kind::Totp),
            "HOTP" => Ok(Kind::Hotp),
            "" => Err(Skip::new(Skip::MISSING_FIELD, "the token does not say its type")),
            _ => Err(Skip::new(Skip::UNKNOWN_KIND, "its type is neither TOTP nor HOTP")),
        }
    }

    /// The account; what this reader does not know is kept for the format that read it.
    pub(in crate::apps) fn into_account(self, otp: Otp, format: &str, index: usize) -> Account {
        let rest = json::without_secret(self.rest.clone(), otp.secret());
        let mut account = Account::new(Credential::Otp(otp), self.issuer(), self.name());
        account.origin = Origin { format: format.to_owned(), index, ..Origin::default() };
        account.last_used = time::last_used(self.last_used);
        if !rest.is_empty() {
            account.extra.insert(format.to_owned(), Value::Object(rest));
        }
        account
    }
}

/// The name of a token in the list of their order.
pub(in crate::apps) fn id(issuer: &str, label: &str) -> String {
    if issuer.is_empty() { label.to_owned() } else { format!("{issuer}:{label}") }
}

fn first_named<const N: usize>(names: [&Option<String>; N]) -> &str {
    names.into_iter().flatten().map(String::as_str).find(|name| !name.is_empty()).unwrap_or_default()
}

/// Puts entries with their ids into the user's order; those that the order does not name follow as
/// they were.
pub(in crate::apps) fn in_order<T>(mut entries: Vec<(Option<String>, T)>, order: &[String]) -> Vec<T> {
    let mut places = HashMap::new();
    for (place, id) in order.iter().enumerate() {
        places.entry(id.as_str()).or_insert(place);
    }
    let place = |id: &str| {
        // FreeOTP+ writes a colon in front of the label of a token without an issuer, and then
        // does not find it again. Source: https://github.com/helloworld1/FreeOTPPlus/issues/315
        places.get(id).or_else(|| places.get(format!(":{id}").as_str())).copied()
    };
    entries.sort_by_cached_key(|(id, _)| id.as_deref().and_then(place).unwrap_or(usize::MAX));
    entries.into_iter().map(|(_, entry)| entry).collect()
}

/// Bytes as Java's JSON writers spell them: numbers from -128 to 127. Wiped on drop.
pub(in crate::apps) struct SignedBytes(Option<Zeroizing<Vec<u8>>>);

impl SignedBytes {
    pub(in crate::apps) fn new(bytes: &[u8]) -> Self {
        Self(Some(Zeroizing::new(bytes.to_vec())))
    }

    /// The bytes; `None` when one of the numbers is not a byte.
    pub(in crate::apps) fn bytes(&self) -> Option<&[u8]> {
        self.0.as_deref().map(Vec::as_slice)
    }
}

impl<'de> Deserialize<'de> for SignedBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(SignedBytesVisitor)
    }
}

struct SignedBytesVisitor;

impl<'de> Visitor<'de> for SignedBytesVisitor {
    type Value = SignedBytes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of bytes")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<SignedBytes, A::Error> {
        let mut bytes = Some(Zeroizing::new(Vec::with_capacity(64)));
        while let Some(number) = seq.next_element::<Number>()? {
            match (number, &mut bytes) {
                (Number::Of(number), Some(list)) if i8::try_from(number).is_ok() => {
                    list.extend(i8::try_from(number).into_iter().flat_map(i8::to_be_bytes));
                }
                _ => bytes = None,
            }
        }
        Ok(SignedBytes(bytes))
    }
}

impl Serialize for SignedBytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes = self.bytes().unwrap_or_default();
        serializer.collect_seq(bytes.iter().map(|byte| i8::from_be_bytes([*byte])))
    }
}

/// A token in the apps' own words. FreeOTP+ adds the secret.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::apps) struct NewToken<'a> {
    algo: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::apps) counter: Option<u64>,
    digits: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::apps) issuer_ext: Option<&'a str>,
    label: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::apps) last_used: Option<i64>,
    pub(in crate::apps) period: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::apps) secret: Option<SignedBytes>,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    pub(in crate::apps) rest: Map<String, Value>,
}

impl<'a> NewToken<'a> {
    /// A token without its secret; `format` says whose fields were kept.
    pub(in crate::apps) fn new(account: &'a Account, otp: &Otp, format: &str) -> Self {
        Self {
            algo: otp.algorithm().name(),
            counter: otp.counter(),
            digits: otp.digits(),
            issuer_ext: Some(written_issuer(account)),
            label: &account.name,
            last_used: None,
            period: otp.period(),
            secret: None,
            kind: if otp.kind() == Kind::Hotp { "HOTP" } else { "TOTP" },
            rest: json::unknown_fields(account.extra.get(format), &FIELDS),
        }
    }

    pub(in crate::apps) fn id(&self) -> String {
        id(self.issuer_ext.unwrap_or_default(), self.label)
    }
}

/// Remarks that these apps make links with one colon between the names, and cannot read them with more:
/// `cannot` says what of an account with a colon in its names does not work.
/// Source: `Token.toUri` and `Token.PATTERN`.
pub(in crate::apps) fn remark_colon(fit: &mut Fit, account: &Account, cannot: &str) {
    if account.issuer.contains(':') || account.name.contains(':') {
        fit.remarks.push(format!("{cannot}, because its name has a colon; its codes are right"));
    }
}

/// Refuses an account whose issuer would make it a Steam account in these apps.
pub(in crate::apps) fn refuse_as_steam(account: &Account, app: &str) -> Option<Fit> {
    (account.kind() != Kind::Steam && account.issuer == STEAM).then(|| {
        Fit::refuse(
            "not-expressible",
            format!("{app} shows Steam Guard codes for every account with the issuer Steam"),
            "Give this account another issuer in the old app, or move it to another app",
        )
    })
}

/// A Steam account is known by its issuer.
pub(in crate::apps) fn written_issuer(account: &Account) -> &str {
    if account.kind() == Kind::Steam { STEAM } else { &account.issuer }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(json: &str) -> Token {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn ids_are_of_the_issuer_in_the_parameter_first() {
        for (json, wanted) in [
            (r#"{"issuerInt":"I","issuerExt":"E","label":"l"}"#, "I:l"),
            (r#"{"issuerInt":"","issuerExt":"E","label":"l"}"#, "E:l"),
            (r#"{"issuerExt":"","label":"l","labelAlt":"other"}"#, "l"),
            (r"{}", ""),
        ] {
            assert_eq!(token(json).id(), wanted, "{json}");
        }
    }

    #[test]
    fn names_are_the_users_own_first() {
        let names = |json: &str| {
            let token = token(json);
            (token.issuer().to_owned(), token.name().to_owned())
        };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(
            names(r#"{"issuerInt":"I","issuerExt":"E","issuerAlt":"A","label":"l","labelAlt":"k"}"#),
            pair("A", "k")
        );
        assert_eq!(names(r#"{"issuerInt":"I","issuerExt":"","label":"l","labelAlt":""}"#), pair("I", ""));
        assert_eq!(names("{}"), pair("", ""));
    }

    #[test]
    fn bytes_are_signed_and_complete() {
        let bytes =
            |json: &str| serde_json::from_str::<SignedBytes>(json).unwrap().bytes().map(<[u8]>::to_vec);
        assert_eq!(bytes("[0,127,-128,-1]"), Some(vec![0, 127, 128, 255]));
        for text in ["[128]", "[1,-129,2]", "[1.5]", "[null]", "[[1]]"] {
            assert_eq!(bytes(text), None, "{text}");
        }
        let text = serde_json::to_string(&SignedBytes::new(&[0, 127, 128, 255])).unwrap();
        assert_eq!(text, "[0,127,-128,-1]");
    }

    #[test]
    fn order_is_exact_first_and_unnamed_entries_follow() {
        let entries = ["x", "b", "a", "y", ":b"].map(|id| (Some(id.to_owned()), id));
        let order = ["a", "b", ":b", "a"].map(str::to_owned);
        assert_eq!(in_order(entries.to_vec(), &order), ["a", "b", ":b", "x", "y"]);
        let entries = vec![(None, 0), (Some("b".to_owned()), 1)];
        assert_eq!(in_order(entries, &[":b".to_owned()]), [1, 0]);
    }
}
