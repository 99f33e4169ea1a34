//! Comparing a reading with the one that is written down.

use jiff::Timestamp;
use otpferry_formats::model::{Account, Credential};
use serde_json::{Map, Value, json};

/// Accounts in order, whole or only in the fields that the expectation has. Each difference is a
/// line that names the field; secrets and PINs are never shown.
pub(crate) fn compare_accounts(expected: &Value, read: &[Account], whole: bool) -> Vec<String> {
    let expected = expected.as_array().expect("accounts are a list");
    let mut problems = Vec::new();
    if expected.len() != read.len() {
        problems.push(format!("{} accounts are expected, {} were read", expected.len(), read.len()));
    }
    for (at, (expected, read)) in expected.iter().zip(read).enumerate() {
        let expected = expected.as_object().expect("an account is an object");
        assert!(expected.contains_key("secret") && expected.contains_key("kind"), "not a whole account");
        let read = canonical(read);
        let unexpected = read.keys().filter(|key| whole && !expected.contains_key(*key));
        for key in expected.keys().chain(unexpected) {
            let (wanted, found) = (expected.get(key), read.get(key));
            if !whole && is_told_otherwise(key, wanted, found) {
                continue;
            }
            problems.extend(compare_field(key, wanted, found).map(|p| format!("account {at}: {p}")));
        }
    }
    problems
}

/// Readings of others leave out what a token's maker did not say, describe a person by several names, of which an
/// account has one, and tell how far the clock of a token is off, which is no part of an account.
fn is_told_otherwise(key: &str, expected: Option<&Value>, read: Option<&Value>) -> bool {
    match (key, expected, read) {
        ("time_drift", ..) => true,
        ("device", Some(Value::Object(expected)), None) => expected.is_empty(),
        ("device", Some(Value::Object(expected)), Some(read)) => {
            expected.iter().all(|(part, value)| read.get(part) == Some(value))
        }
        ("user", Some(Value::Object(expected)), Some(read)) => expected.values().any(|value| value == read),
        _ => false,
    }
}

fn compare_field(key: &str, expected: Option<&Value>, read: Option<&Value>) -> Option<String> {
    let same = match key {
        // A text for people: that there is one is all that counts.
        "reason" => expected.is_some() && read.and_then(Value::as_str).is_some_and(|text| !text.is_empty()),
        _ => expected == read,
    };
    match key {
        _ if same => None,
        "secret" | "pin" => Some(format!("{key} differs")),
        _ => Some(format!("{key}: {} is expected, {} was read", shown(expected), shown(read))),
    }
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "nothing".to_owned(), Value::to_string)
}

/// An account in the words of the canonical file, written down here a second time so that the
/// writer under test has no part in it.
fn canonical(account: &Account) -> Map<String, Value> {
    let otp = account.otp();
    let fields = json!({
        "kind": account.kind().name(),
        "issuer": account.issuer,
        "account": account.name,
        "secret": otp.map(|otp| base32(otp.secret().expose())),
        "algorithm": otp.map(|otp| otp.algorithm().name()),
        "digits": otp.map(|otp| otp.digits()),
        "period": otp.and_then(|otp| otp.period()),
        "counter": otp.and_then(|otp| otp.counter()),
        "pin": otp.and_then(|otp| otp.pin()).map(|pin| pin.expose()),
        "groups": account.groups,
        "note": account.note,
        "favorite": account.favorite,
    });
    let Value::Object(mut fields) = fields else { unreachable!() };
    let time = |time: Option<Timestamp>| time.map(|time| Value::String(rfc3339(time)));
    let icon = account.icon.as_ref();
    let device = account.device.as_ref();
    let optional = [
        ("reason", reason(account)),
        ("icon", icon.map(|icon| json!({ "mime": icon.mime, "data": base64(&icon.data) }))),
        ("urls", (!account.urls.is_empty()).then(|| json!(account.urls))),
        ("created", time(account.created)),
        ("modified", time(account.modified)),
        ("last_used", time(account.last_used)),
        ("uses", account.uses.map(Value::from)),
        ("trashed", account.trashed.then_some(Value::Bool(true))),
        (
            "device",
            device.map(|device| {
                json!({
                    "serial": device.serial,
                    "manufacturer": device.manufacturer,
                    "model": device.model,
                })
            }),
        ),
        ("user", account.user.clone().map(Value::String)),
    ];
    fields.extend(optional.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
    fields
}

fn reason(account: &Account) -> Option<Value> {
    match &account.credential {
        Credential::NameOnly { reason } => Some(Value::String(reason.clone())),
        Credential::Otp(_) => None,
    }
}

/// In UTC, with milliseconds only when they are not zero; what is finer shows as nine digits.
fn rfc3339(time: Timestamp) -> String {
    let seconds = time.strftime("%Y-%m-%dT%H:%M:%S");
    let nanoseconds = time.as_nanosecond().rem_euclid(1_000_000_000);
    match (nanoseconds, nanoseconds % 1_000_000) {
        (0, _) => format!("{seconds}Z"),
        (_, 0) => format!("{seconds}.{:03}Z", nanoseconds / 1_000_000),
        _ => format!("{seconds}.{nanoseconds:09}Z"),
    }
}

/// RFC 4648, upper case, without padding.
fn base32(bytes: &[u8]) -> String {
    positional(bytes, 5, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
}

/// RFC 4648, with padding.
fn base64(bytes: &[u8]) -> String {
    let mut text = positional(bytes, 6, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

fn positional(bytes: &[u8], width: usize, alphabet: &[u8]) -> String {
    let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1)).collect();
    let digits = bits.chunks(width).map(|chunk| {
        let value = chunk.iter().fold(0, |sum, bit| sum << 1 | usize::from(*bit));
        char::from(alphabet[value << (width - chunk.len())])
    });
    digits.collect()
}
