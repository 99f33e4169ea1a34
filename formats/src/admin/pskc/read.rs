//! A key of a file as an account.

use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use zeroize::Zeroizing;

use super::doubt::{self, Doubt, word};
use super::drafts::{self, Global};
use super::element::Element;
use super::encryption::{Failure, Opener};
use super::person;
use super::value::{Sealed, Value, base64, binary_instead, binary_number, is_usual_number, number};
use crate::admin::token;
use crate::model::{Account, Algorithm, Draft, Kind, Number, Otp, Period, Secret};
use crate::report::Skip;

/// Everything that a key is read with.
#[derive(Clone, Copy)]
pub(super) struct Reading<'r> {
    pub(super) global: Option<&'r Global>,
    /// `None` for a file in which nothing is encrypted.
    pub(super) opener: Option<&'r Opener>,
    /// The file says in any way that its values are encrypted, or have MACs.
    pub(super) is_protected: bool,
    /// When keys that have expired by then are told; `None` tells none.
    pub(super) now: Option<Timestamp>,
}

/// A key as it was read.
pub(super) struct Read {
    /// What its owner knows it by.
    pub(super) name: String,
    pub(super) account: Result<Account, Skip>,
    pub(super) notices: Vec<Notice>,
}

/// What the user should know about a key that was read: code, message, next step.
pub(super) type Notice = (&'static str, String, &'static str);

/// A key with the entry that it stands in.
struct Key<'e> {
    entry: &'e Element,
    key: &'e Element,
    device: Option<&'e Element>,
    reading: Reading<'e>,
    /// A value of it was opened that has no MAC and no checksum.
    is_unproven: bool,
    notices: Vec<Notice>,
}

/// Why a key is none that the file does not hold whole: what would follow may decide its codes.
pub(super) fn cut() -> Skip {
    Skip::new(Skip::DAMAGED, "the file ends within this key")
}

/// Reads a key of an entry.
pub(super) fn read(entry: &Element, key: &Element, reading: Reading<'_>) -> Read {
    let device = entry.child(&["deviceinfo", "deviceid"]);
    let mut key = Key { entry, key, device, reading, is_unproven: false, notices: Vec::new() };
    let (issuer, name, user) = key.names();
    let account = key.otp().map(|otp| {
        let of_device = |part: &str| key.of_device(part);
        let device = token::device(of_device("serialno"), of_device("manufacturer"), of_device("model"));
        Account { issuer, device, user, ..token::account(otp, &name) }
    });
    key.note_what_stays_behind();
    Read { name, account, notices: key.notices }
}

impl<'e> Key<'e> {
    fn of_device(&self, part: &str) -> &'e str {
        self.device.map_or("", |device| device.name_of(part))
    }

    /// Issuer, name and assigned person. The person holds the device; the user of a key is known to its issuer
    /// by that name.
    fn names(&self) -> (String, String, Option<String>) {
        let friendly = self.key.name_of("friendlyname");
        let (before, after) = friendly.split_once(':').unwrap_or(("", friendly));
        let (before, after) = (before.trim(), after.trim());
        let issuer = Some(self.key.name_of("issuer")).filter(|issuer| !issuer.is_empty()).unwrap_or(before);
        let label = friendly.strip_prefix(issuer).and_then(|rest| rest.strip_prefix(':')).map(str::trim);
        let holder = self.of_device("userid");
        let user = (!holder.is_empty()).then(|| person::name(holder).into_owned());
        if let Some(label) = label.filter(|_| !issuer.is_empty()) {
            return (issuer.to_owned(), label.to_owned(), user);
        }
        let user_of_key = person::name(self.key.name_of("userid"));
        let others =
            [user.as_deref().unwrap_or_default(), after, self.of_device("serialno"), drafts::id(self.key)];
        let name = std::iter::once(user_of_key.as_ref()).chain(others).find(|name| !name.is_empty());
        (issuer.to_owned(), name.unwrap_or_default().to_owned(), user)
    }

    fn otp(&mut self) -> Result<Otp, Skip> {
        if self.key.is_cut {
            return Err(cut());
        }
        let algorithm = drafts::key_algorithm(self.key).map_err(|doubt| doubt.of("algorithm"))?;
        let kind = kind(algorithm)?;
        doubt::check_places(self.entry, self.key)?;
        let response = self.parameter("responseformat")?;
        let of_response = |names: &[&str]| {
            let said = response.map_or(Ok(""), |response| response.once(names));
            said.map_err(|doubt| doubt.of("responseformat"))
        };
        let encoding = of_response(&["encoding", "format"])?;
        if !encoding.is_empty() && !encoding.eq_ignore_ascii_case("decimal") {
            return Err(Skip::new(
                Skip::UNKNOWN_KIND,
                "its codes are no decimal numbers, and no app shows such",
            ));
        }
        let mut draft = Draft::new(kind, self.secret()?);
        draft.algorithm = self.algorithm()?;
        draft.digits = Number::parse(of_response(&["length"])?);
        match kind {
            Kind::Hotp => draft.counter = self.counter()?,
            _ => draft.period = self.period()?,
        }
        if self.is_unproven {
            let message =
                "nothing proves that the key of the file is the right one for it, or that nobody altered it";
            self.note("not-authenticated", message, COMPARE);
        }
        draft.build()
    }

    fn parameter(&self, name: &str) -> Result<Option<&'e Element>, Skip> {
        drafts::parameter(self.key, name).map_err(|doubt| doubt.of(name))
    }

    fn value(&self, name: &str) -> Result<Option<Value<'e>>, Skip> {
        drafts::value(self.key, name, self.reading.global).map_err(|doubt| doubt.of(name))
    }

    fn secret(&mut self) -> Result<Secret, Skip> {
        let Some(value) = self.value("secret")? else {
            let is_elsewhere = self.key.child(&["keyreference", "keyprofileid"]).is_some();
            let message = if is_elsewhere {
                "its secret is not in the file, only a reference to it"
            } else {
                "the key has no secret"
            };
            return Err(Skip::new(Skip::NO_SECRET, message));
        };
        let is_plain = !matches!(value, Value::Sealed(_));
        if is_plain && drafts::has_own_cipher(self.entry, self.key) {
            return Err(Doubt::Encryption.of("secret"));
        }
        if is_plain && self.reading.is_protected {
            let message =
                "its secret is not encrypted in a file that has a key for that: somebody may have put it in";
            self.note("not-encrypted", message, COMPARE);
        }
        let bytes = match value {
            Value::Plain("") => return Err(Skip::new(Skip::NO_SECRET, "the key has no secret")),
            Value::Plain(text) => base64(text),
            Value::Bare(text) if is_only_base64(text) => {
                self.note_bare("secret");
                base64(text)
            }
            Value::Bare(_) => return Err(Doubt::Shape.of("secret")),
            Value::Sealed(sealed) => Some(self.open(&sealed)?.to_vec()),
        };
        let secret = bytes.and_then(Secret::new);
        secret.ok_or_else(|| Skip::new(Skip::BAD_SECRET, "the secret is empty, or not base64"))
    }

    fn open(&mut self, sealed: &Sealed<'_>) -> Result<Zeroizing<Vec<u8>>, Skip> {
        let locked = Skip::new(Skip::LOCKED_SECRET, "it is encrypted, and the file has no key for it");
        let opener = self.reading.opener.ok_or(locked)?;
        let opened = opener.open(sealed).map_err(|failure| match failure {
            Failure::Wrong => {
                Skip::new(Skip::BAD_SECRET, "it was altered, or encrypted under another key than the others")
            }
            Failure::MacMissing => {
                Skip::new(Skip::BAD_SECRET, "what proves that nobody altered it is missing")
            }
            Failure::Cipher => {
                Skip::new(Skip::LOCKED_SECRET, "it is encrypted with a cipher that is not known")
            }
        })?;
        self.is_unproven |= !opened.is_proven;
        Ok(opened.bytes)
    }

    /// The hash. privacyIDEA writes it into an attribute.
    fn algorithm(&mut self) -> Result<Option<Algorithm>, Skip> {
        let Some(suite) = self.parameter("suite")? else { return Ok(None) };
        let said = suite.leaf().and_then(|text| Ok([text, suite.once(&["hashalgo"])?]));
        let [text, attribute] = said.map_err(|doubt| doubt.of("suite"))?;
        let text = match (text, attribute) {
            ("", text) | (text, "") => text,
            (text, other) if is_same_hash(text, other) => text,
            _ => return Err(Doubt::Twice.of("suite")),
        };
        let algorithm = Algorithm::parse(text);
        if algorithm.is_none() && !text.is_empty() {
            self.note("hash-unknown", "the file names a hash for it that no app has; SHA1 is taken", COMPARE);
        }
        Ok(algorithm)
    }

    fn counter(&mut self) -> Result<Number, Skip> {
        let counter = self.number("counter")?;
        if counter == Number::Absent {
            self.note(
                "counter-unknown",
                "the file does not say how often it was used; 0 is taken",
                "Resynchronise it on its server if its codes are refused",
            );
        }
        Ok(counter)
    }

    fn period(&mut self) -> Result<Number, Skip> {
        let begin = self.number("time")?;
        let period = self.said_period()?;
        let steps = match period {
            Number::Of(period) => period,
            _ => Period::THIRTY.get().into(),
        };
        match begin {
            Number::Absent | Number::Of(0) => {}
            Number::Of(begin) if begin.checked_rem(steps) == Some(0) => self.note(
                "time-offset",
                "the file says that its time does not begin in 1970; that is not moved",
                COMPARE,
            ),
            // Its codes change in between those of every app.
            _ => {
                let message =
                    "its time does not begin in 1970, nor whole periods after, and no app shows such codes";
                return Err(Skip::new(Skip::BAD_PERIOD, message));
            }
        }
        Ok(period)
    }

    /// What the file says; absent where it says nothing.
    fn said_period(&mut self) -> Result<Number, Skip> {
        let is_written = self.value("timeinterval")?.is_some();
        let period = self.number("timeinterval")?;
        // privacyIDEA writes 0 for none.
        if !matches!(period, Number::Of(0) | Number::Absent) {
            return Ok(period);
        }
        if is_written {
            self.note(
                "period-unknown",
                "the file says nothing for its period, or 0; 30 seconds are taken",
                COMPARE,
            );
        }
        Ok(Number::Absent)
    }

    fn number(&mut self, name: &str) -> Result<Number, Skip> {
        match self.value(name)? {
            None => Ok(Number::Absent),
            Some(Value::Plain(text)) => {
                let read = number(text);
                if let (false, Number::Of(read)) = (is_usual_number(text), read) {
                    let message = format!("its {} is written in base64 and taken for {read}", word(name));
                    self.note("unusual-number", &message, COMPARE);
                }
                Ok(read)
            }
            // Whatever is no decimal number there may be anything.
            Some(Value::Bare(text)) => {
                self.note_bare(name);
                Ok(Number::parse(text))
            }
            Some(Value::Sealed(sealed)) => {
                let bytes = self.open(&sealed)?;
                let read = binary_number(&bytes);
                if let (Some(binary), Number::Of(read)) = (binary_instead(&bytes), read) {
                    let message = format!(
                        "its {} is encrypted in a form that means {read} or {binary}; the first is taken",
                        word(name)
                    );
                    self.note("ambiguous-number", &message, COMPARE);
                }
                Ok(read)
            }
        }
    }

    fn note_bare(&mut self, name: &str) {
        let message =
            format!("its {} stands alone, without the element that says that it is plain", word(name));
        self.note("unusual-shape", &message, COMPARE);
    }

    fn note(&mut self, code: &'static str, message: &str, next_step: &'static str) {
        self.notices.push((code, message.to_owned(), next_step));
    }

    // --- what is not moved

    fn note_what_stays_behind(&mut self) {
        let mut behind = Vec::new();
        let policy = self.key.child(&["policy"]);
        let in_policy = |names: &[&str]| policy.is_some_and(|policy| policy.child(names).is_some());
        let in_device = |names: &[&str]| self.device.is_some_and(|device| device.child(names).is_some());
        if in_policy(&DATES) || in_device(&DATES) || self.key.child(&DATES).is_some() {
            behind.push("dates of validity");
        }
        if in_policy(&["pinpolicy"]) {
            behind.push("PIN policy");
        }
        if in_policy(&["numberoftransactions"]) {
            behind.push("number of uses");
        }
        if policy.is_some_and(|policy| {
            policy.children.iter().any(|child| !POLICIES.contains(&child.name.as_str()))
        }) {
            behind.push("other policies");
        }
        if in_device(&["devicebinding"]) {
            behind.push("binding to a device");
        }
        if in_device(&["issueno"]) {
            behind.push("issue number");
        }
        if self.has_drift() {
            behind.push("clock drift");
        }
        if !behind.is_empty() {
            let message = format!("left behind: {}", behind.join(", "));
            self.note("left-behind", &message, "Set it on the new server where it is needed there");
        }
        self.note_expired(policy);
        self.note_check_digit();
        self.note_usage(policy);
    }

    fn has_drift(&mut self) -> bool {
        let drift = match self.value("timedrift") {
            Ok(Some(Value::Plain(text) | Value::Bare(text))) => number(text),
            Ok(Some(Value::Sealed(sealed))) => {
                self.open(&sealed).map_or(Number::Absent, |bytes| binary_number(&bytes))
            }
            Ok(None) => Number::Absent,
            Err(_) => Number::Invalid,
        };
        !matches!(drift, Number::Absent | Number::Of(0))
    }

    fn note_expired(&mut self, policy: Option<&Element>) {
        let places = [policy, self.device, Some(self.key)];
        let ends = places.iter().flatten().filter_map(|place| place.child(&["expirydate", "expiry"]));
        let Some(now) = self.reading.now else { return };
        let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
        let is_over = ends.filter_map(|end| date(end.text())).any(|end| end < today);
        if is_over {
            self.note(
                "expired",
                "the file says that it has expired",
                "Leave it out where it is not used any more",
            );
        }
    }

    fn note_check_digit(&mut self) {
        let response = drafts::parameter(self.key, "responseformat").ok().flatten();
        let flag = response.map_or("", |response| response.any_attribute(&["checkdigits", "checkdigit"]));
        if matches!(flag.to_ascii_lowercase().as_str(), "true" | "1") {
            self.note(
                "check-digit",
                "its codes have a check digit at the end, which apps do not show",
                "Find out whether the server takes codes without it",
            );
        }
    }

    /// In the drafts the uses are attributes.
    fn note_usage(&mut self, policy: Option<&Element>) {
        let uses = policy.iter().flat_map(|policy| &policy.children).filter(|child| child.name == "keyusage");
        let mut uses = uses.map(Element::text).peekable();
        if uses.peek().is_some() && !uses.any(|usage| usage.eq_ignore_ascii_case("otp")) {
            self.note(
                "other-usage",
                "the file says that it is not for one-time codes",
                "Leave it out where no code is asked for",
            );
        }
    }
}

/// What to do where a guess had to be made.
const COMPARE: &str = "Compare a code with the old app or token before you rely on it";
/// From when and until when a key is valid.
const DATES: [&str; 3] = ["startdate", "expirydate", "expiry"];
/// What RFC 6030 has in a policy.
const POLICIES: [&str; 5] = ["startdate", "expirydate", "pinpolicy", "keyusage", "numberoftransactions"];

/// The kind, out of an identifier such as `urn:ietf:params:xml:ns:keyprov:pskc:hotp`.
fn kind(algorithm: &str) -> Result<Kind, Skip> {
    let algorithm = algorithm.to_ascii_lowercase();
    let word = algorithm.rsplit([':', '#']).next().unwrap_or_default();
    let unknown = |message: &str| Err(Skip::new(Skip::UNKNOWN_KIND, message));
    match word {
        "hotp" => Ok(Kind::Hotp),
        "totp" => Ok(Kind::Totp),
        "" => Err(Skip::new(Skip::MISSING_FIELD, "the key has no Algorithm attribute")),
        _ if word == "ocra" || algorithm.contains("ocra-1:") => {
            unknown("it answers challenges (OCRA), and no app shows such codes")
        }
        "pin" => unknown("it is a PIN, and no key of codes"),
        "pw" => unknown("it is a static password, and no key of codes"),
        "yubikey-aes" => unknown("it is a key of Yubico OTP, whose codes only a YubiKey makes"),
        _ => unknown("its algorithm is not one that apps show codes of"),
    }
}

fn is_same_hash(one: &str, other: &str) -> bool {
    let known = Algorithm::parse(one);
    one == other || (known.is_some() && known == Algorithm::parse(other))
}

/// Whether a text that nothing says the encoding of can be read as base64, and neither as base32 nor as hexadecimal.
fn is_only_base64(text: &str) -> bool {
    let is_base32 = |c: char| c.is_ascii_alphabetic() || matches!(c, '2'..='7' | '=') || c.is_whitespace();
    let is_hexadecimal = |c: char| c.is_ascii_hexdigit() || c.is_whitespace();
    !text.chars().all(is_base32) && !text.chars().all(is_hexadecimal)
}

/// `2006-05-01T00:00:00Z`, and as in the drafts `01/05/2006`.
fn date(text: &str) -> Option<Date> {
    let day = text.get(..10)?;
    match day.split('/').collect::<Vec<_>>().as_slice() {
        [day, month, year] => Date::from_str(&format!("{year}-{month}-{day}")).ok(),
        _ => Date::from_str(day).ok(),
    }
}
