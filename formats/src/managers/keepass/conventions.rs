//! The fields in which programs around KeePass keep the codes of an entry. There are five ways, and an
//! entry can have several of them for the same code.
//!
//! Source: KeePassXC's `Totp.cpp` and `Entry.cpp`, KeePass' `EntryUtil.cs`, the documentation of
//! KeeTrayTOTP, KeeOtp and KeePassOTP.

use data_encoding::{BASE64, BASE64_NOPAD, HEXUPPER_PERMISSIVE};
use zeroize::Zeroizing;

use super::xml::Entry;
use crate::model::{Account, Credential, Draft, Kind, Number, Otp, Secret};
use crate::open::label::Names;
use crate::open::otp_field::{self, Around};
use crate::open::uri_list;
use crate::report::Skip;
use crate::text::{base32, percent};

/// Every program's names.
pub(super) const TITLE: &str = "Title";
pub(super) const USER: &str = "UserName";
pub(super) const URL: &str = "URL";
pub(super) const NOTES: &str = "Notes";
/// Further addresses have a number at the end.
pub(super) const MORE_URLS: &str = "KP2A_URL";
/// A link, in KeePassXC and most others.
pub(super) const LINK: &str = "otp";
/// Further links, where KeePassXC imported an item with several codes.
const MORE_LINKS: &str = "otp_";
/// Tray TOTP.
const SEED: &str = "TOTP Seed";
const SETTINGS: &str = "TOTP Settings";
/// KeePass itself, from 2.47.
pub(super) const TIME: &str = "TimeOtp-";
pub(super) const COUNTER: &str = "HmacOtp-";
pub(super) const LENGTH: &str = "TimeOtp-Length";
const DIGITS: &str = "TimeOtp-Digits";
pub(super) const PERIOD: &str = "TimeOtp-Period";
pub(super) const ALGORITHM: &str = "TimeOtp-Algorithm";
pub(super) const NEXT: &str = "HmacOtp-Counter";

/// Whether a field of this name is kept.
pub(super) fn is_known(key: &str) -> bool {
    matches!(key, TITLE | USER | URL | NOTES | LINK | SEED | SETTINGS)
        || [MORE_URLS, MORE_LINKS, TIME, COUNTER].iter().any(|start| key.starts_with(start))
}

/// Whether a field of this name describes the entry, and is no part of a code.
pub(super) fn is_description(key: &str) -> bool {
    matches!(key, TITLE | USER | URL | NOTES) || key.starts_with(MORE_URLS)
}

/// The links beside `otp`. Fields that only begin like those of KeePassXC can hold anything.
fn more_links(entry: &Entry) -> impl Iterator<Item = &str> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let links = entry.beginning_with(MORE_LINKS);
    links.filter(move |(end, value)| is_number(end) || value.contains("://")).map(|(_, value)| value)
}

/// The codes of an entry. Ways that say the same give one account.
pub(super) fn read(entry: &Entry) -> Vec<uri_list::Entry> {
    let around = Around { title: entry.get(TITLE), user: entry.get(USER) };
    if entry.has_unreadable_code {
        return vec![named(
            Err(Skip::new(Skip::BAD_SECRET, "a protected field of the entry is no text")),
            around,
        )];
    }
    if !around.is_short_for(more_links(entry).count()) {
        let message = "the entry has many codes, and a name that is too long for a copy in each";
        return vec![named(Err(Skip::new(Skip::DAMAGED, message)), around)];
    }
    let has_settings = !entry.get(SETTINGS).trim().is_empty();
    let tray = tray_totp(entry).map(|otp| named(otp, around));
    let (with_settings, alone) = if has_settings { (tray, None) } else { (None, tray) };
    let mut codes: Vec<uri_list::Entry> = with_settings.into_iter().collect();
    add(&mut codes, link(entry.get(LINK), around));
    add(&mut codes, native_totp(entry).map(|otp| named(otp, around)));
    // A seed alone says nothing of its own about a code that another way describes.
    let alone = alone.filter(|seed| !codes.iter().any(|code| secret_of(code) == secret_of(seed)));
    add(&mut codes, alone);
    add(&mut codes, native_hotp(entry).map(|otp| named(otp, around)));
    codes.extend(more_links(entry).flat_map(|value| link(value, around)));
    codes
}

/// Adds what no other way says. The accounts of one transfer link all stay.
fn add(codes: &mut Vec<uri_list::Entry>, more: impl IntoIterator<Item = uri_list::Entry>) {
    let others = codes.len();
    for code in more {
        let otp = code.as_ref().ok().and_then(Account::otp);
        let is_known = |other: &uri_list::Entry| other.as_ref().ok().and_then(Account::otp) == otp;
        if otp.is_none() || !codes.iter().take(others).any(is_known) {
            codes.push(code);
        }
    }
}

fn secret_of(code: &uri_list::Entry) -> Option<&Secret> {
    code.as_ref().ok().and_then(Account::otp).map(Otp::secret)
}

fn named(otp: Result<Otp, Skip>, around: Around<'_>) -> uri_list::Entry {
    let names = Names {
        issuer: around.title.trim().to_owned(),
        account: around.user.trim().to_owned(),
        label_issuer: None,
    };
    match otp {
        Ok(otp) => Ok(Account::new(Credential::Otp(otp), names.issuer, names.account)),
        Err(skip) => Err((skip, names)),
    }
}

/// Fields can refer to others, as in `{REF:P@I:...}`. What they stand for is not looked up.
fn without_reference(value: &str) -> Result<&str, Skip> {
    let is_reference = value.split_once('{').is_some_and(|(_, rest)| rest.contains('}'));
    if is_reference {
        let message = "its code is a reference to another field, which is not followed";
        return Err(Skip::new(Skip::BAD_SECRET, message));
    }
    Ok(value)
}

/// The field `otp`, or what stands in the column of that meaning: a link, KeeOtp's text, or a bare secret.
pub(super) fn link(value: &str, around: Around<'_>) -> Vec<uri_list::Entry> {
    let value = value.trim();
    if value.is_empty() {
        return Vec::new();
    }
    if value.contains("://") {
        let codes = otp_field::read(value, around);
        return codes.into_iter().map(|code| code.map(|account| without_fillers(account, around))).collect();
    }
    if let Err(skip) = without_reference(value) {
        return vec![named(Err(skip), around)];
    }
    let is_keeotp = value.split('&').any(|pair| pair.to_ascii_lowercase().starts_with("key="));
    if is_keeotp { vec![named(keeotp(value), around)] } else { otp_field::read(value, around) }
}

/// KeePassXC fills the label of a link where the entry says nothing.
fn without_fillers(mut account: Account, around: Around<'_>) -> Account {
    if account.name == "none" && around.user.trim().is_empty() {
        account.name.clear();
    }
    if account.issuer == "KeePassXC" && around.title.trim().is_empty() {
        account.issuer.clear();
    }
    account
}

/// KeeOtp: `key=BASE32&step=30&size=6`, written like the query of a web address.
fn keeotp(text: &str) -> Result<Otp, Skip> {
    let value = |name: &str| {
        let mut pairs = text.split('&').filter_map(|pair| pair.split_once('='));
        let found = pairs.find(|(key, _)| key.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value);
        let spaced = Zeroizing::new(found.replace('+', " "));
        Zeroizing::new(percent::decode(&spaced))
    };
    let kind = match value("type").to_ascii_lowercase().as_str() {
        "" | "totp" => Kind::Totp,
        "hotp" => Kind::Hotp,
        "steam" => Kind::Steam,
        _ => return Err(Skip::new(Skip::UNKNOWN_KIND, "its type is not one that KeeOtp is known to have")),
    };
    let encoding = match value("encoding").to_ascii_lowercase().as_str() {
        "" | "base32" => Encoding::Base32,
        "base64" => Encoding::Base64,
        "hex" => Encoding::Hex,
        "utf8" => Encoding::Utf8,
        _ => return Err(Skip::new(Skip::BAD_SECRET, "the encoding of the secret is not one that is known")),
    };
    let mut draft = Draft::new(kind, encoding.read(&value("key"))?);
    draft.period = Number::parse(&value("step"));
    draft.digits = Number::parse(&value("size"));
    draft.counter = Number::parse(&value("counter"));
    draft.algorithm = Draft::read_algorithm(&value("otpHashMode"))?;
    draft.build()
}

/// Tray TOTP: a seed in base32, and perhaps settings `STEP;DIGITS` or `STEP;S` for Steam.
fn tray_totp(entry: &Entry) -> Option<Result<Otp, Skip>> {
    let seed = Some(entry.get(SEED)).filter(|seed| !seed.trim().is_empty())?;
    let read = || {
        let secret = base32::secret(without_reference(seed)?)?;
        let mut settings = entry.get(SETTINGS).split(';').map(str::trim);
        let (step, digits) = (settings.next().unwrap_or_default(), settings.next());
        let is_steam = digits.is_some_and(|digits| digits.eq_ignore_ascii_case("s"));
        let mut draft = Draft::new(if is_steam { Kind::Steam } else { Kind::Totp }, secret);
        draft.period = Number::parse(step);
        draft.digits = match digits {
            Some(_) if is_steam => Number::Absent,
            Some(digits) => Number::parse(digits),
            // Settings without a second part are none of Tray TOTP.
            None if !step.is_empty() => Number::Invalid,
            None => Number::Absent,
        };
        draft.build()
    };
    Some(read())
}

/// KeePass 2.47 and later.
fn native_totp(entry: &Entry) -> Option<Result<Otp, Skip>> {
    let secret = native_secret(entry, TIME)?;
    let read = |secret: Result<Secret, Skip>| {
        let mut draft = Draft::new(Kind::Totp, secret?);
        let digits = [LENGTH, DIGITS].map(|key| number_or_default(entry.get(key)));
        draft.digits = digits.into_iter().find(|digits| *digits != Number::Absent).unwrap_or_default();
        draft.period = number_or_default(entry.get(PERIOD));
        draft.algorithm = Draft::read_algorithm(entry.get(ALGORITHM))?;
        draft.build()
    };
    Some(read(secret))
}

/// KeePass 2.47 and later. The codes always have six digits.
fn native_hotp(entry: &Entry) -> Option<Result<Otp, Skip>> {
    let secret = native_secret(entry, COUNTER)?;
    Some(secret.and_then(|secret| {
        let mut draft = Draft::new(Kind::Hotp, secret);
        draft.counter = Number::parse(entry.get(NEXT));
        draft.build()
    }))
}

/// KeePass takes 0 for "the usual".
fn number_or_default(text: &str) -> Number {
    match Number::parse(text) {
        Number::Of(0) => Number::Absent,
        number => number,
    }
}

/// How a secret is written.
#[derive(Clone, Copy)]
enum Encoding {
    Utf8,
    Hex,
    Base32,
    Base64,
}

/// The secret in the first of KeePass' fields that has one.
fn native_secret(entry: &Entry, start: &str) -> Option<Result<Secret, Skip>> {
    let fields = [
        ("Secret", Encoding::Utf8),
        ("Secret-Hex", Encoding::Hex),
        ("Secret-Base32", Encoding::Base32),
        ("Secret-Base64", Encoding::Base64),
    ];
    let mut fields =
        fields.into_iter().map(|(name, encoding)| (entry.get(&format!("{start}{name}")), encoding));
    let (text, encoding) = fields.find(|(text, _)| !text.is_empty())?;
    Some(without_reference(text).and_then(|text| encoding.read(text)))
}

impl Encoding {
    fn read(self, text: &str) -> Result<Secret, Skip> {
        let bad = |message: &str| Skip::new(Skip::BAD_SECRET, message);
        let plain = || Zeroizing::new(text.split_whitespace().collect::<String>());
        let bytes = match self {
            Self::Base32 => return base32::secret(text),
            Self::Utf8 => text.as_bytes().to_vec(),
            Self::Hex => HEXUPPER_PERMISSIVE
                .decode(plain().as_bytes())
                .map_err(|_| bad("the secret is not hexadecimal"))?,
            Self::Base64 => {
                let plain = plain();
                let decoded = BASE64.decode(plain.as_bytes());
                let decoded = decoded.or_else(|_| BASE64_NOPAD.decode(plain.as_bytes()));
                decoded.map_err(|_| bad("the secret is not base64"))?
            }
        };
        Secret::new(bytes).ok_or_else(|| Skip::new(Skip::NO_SECRET, "the secret is empty"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(fields: &[(&str, &str)]) -> Entry {
        let field = |(key, value): &(&str, &str)| ((*key).to_owned(), Zeroizing::new((*value).to_owned()));
        let names = [(TITLE, "Title"), (USER, "user")];
        Entry::new(names.iter().chain(fields).map(field).collect())
    }

    /// Kind, issuer, account, secret, algorithm, digits, period or counter; or the code of the reason.
    fn describe(fields: &[(&str, &str)]) -> Vec<String> {
        let one = |code: &uri_list::Entry| match code {
            Ok(account) => {
                let otp = account.otp().unwrap();
                let moving = otp.counter().unwrap_or_else(|| otp.period().unwrap().into());
                let (secret, hash, digits) = (otp.secret().to_base32(), otp.algorithm(), otp.digits());
                format!(
                    "{} {}/{} {} {hash} {digits} {moving}",
                    otp.kind(),
                    account.issuer,
                    account.name,
                    *secret
                )
            }
            Err((skip, names)) => format!("{} {}/{}", skip.code, names.issuer, names.account),
        };
        read(&entry(fields)).iter().map(one).collect()
    }

    const A: &str = "CANARYALPHACANARYALPHACANARYALPH";
    const B: &str = "CANARYBRAVOCANARYBRAVOCANARYBRAV";

    #[test]
    fn every_way_alone() {
        for (fields, wanted) in [
            (
                &[(SEED, "canaryalpha canaryalpha canaryalph"), (SETTINGS, "60;8")][..],
                format!("totp Title/user {A} SHA1 8 60"),
            ),
            (
                &[(SEED, A), (SETTINGS, "30;S;https://time.example")],
                format!("steam Title/user {A} SHA1 5 30"),
            ),
            (&[(SEED, A)], format!("totp Title/user {A} SHA1 6 30")),
            (&[(LINK, A)], format!("totp Title/user {A} SHA1 6 30")),
            (
                &[(LINK, "key=CANARYALPHACANARYALPHACANARYALPH%3d&step=25&size=8&otpHashMode=Sha256")],
                format!("totp Title/user {A} SHA256 8 25"),
            ),
            (
                &[(LINK, "type=hotp&key=CANARYALPHACANARYALPHACANARYALPH&counter=5")],
                format!("hotp Title/user {A} SHA1 6 5"),
            ),
            (
                &[(LINK, "key=101a08e00b79c0203411c016f380406823802de7&encoding=hex")],
                format!("totp Title/user {A} SHA1 6 30"),
            ),
            (
                &[("TimeOtp-Secret-Hex", "101A08E0 0B79C020 3411C016 F3804068 23802DE7")],
                format!("totp Title/user {A} SHA1 6 30"),
            ),
            (
                &[
                    ("TimeOtp-Secret-Base64", "EBoI4At5wCA0EcAW84BAaCOALec="),
                    (LENGTH, "0"),
                    (DIGITS, "7"),
                    (PERIOD, "0"),
                ],
                format!("totp Title/user {A} SHA1 7 30"),
            ),
            (
                &[("TimeOtp-Secret-Base32", A), (ALGORITHM, "HMAC-SHA-512"), (LENGTH, "8"), (PERIOD, "60")],
                format!("totp Title/user {A} SHA512 8 60"),
            ),
            (
                &[("TimeOtp-Secret", "canary"), ("TimeOtp-Secret-Base32", A)],
                "totp Title/user MNQW4YLSPE SHA1 6 30".to_owned(),
            ),
            (&[("HmacOtp-Secret-Base32", A), (NEXT, "7")], format!("hotp Title/user {A} SHA1 6 7")),
            (
                &[(
                    LINK,
                    "otpauth://totp/KeePassXC:none?secret=CANARYALPHACANARYALPHACANARYALPH&issuer=KeePassXC",
                )],
                format!("totp KeePassXC/none {A} SHA1 6 30"),
            ),
            // The last of a repeated field counts.
            (&[(SEED, B), (SEED, A)], format!("totp Title/user {A} SHA1 6 30")),
        ] {
            assert_eq!(describe(fields), [wanted], "{fields:?}");
        }
    }

    #[test]
    fn ways_that_agree_are_one_code() {
        let uri = format!("otpauth://totp/Acme:bob?secret={A}&digits=8");
        let fields = [(LINK, uri.as_str()), ("TimeOtp-Secret-Base32", A), (LENGTH, "8"), (SEED, A)];
        assert_eq!(describe(&fields), [format!("totp Acme/bob {A} SHA1 8 30")]);
        // Another secret or another length is another code.
        let fields = [
            (LINK, uri.as_str()),
            ("TimeOtp-Secret-Base32", A),
            (SEED, B),
            ("HmacOtp-Secret-Base32", A),
            ("otp_1", B),
        ];
        assert_eq!(
            describe(&fields),
            [
                format!("totp Acme/bob {A} SHA1 8 30"),
                format!("totp Title/user {A} SHA1 6 30"),
                format!("totp Title/user {B} SHA1 6 30"),
                format!("hotp Title/user {A} SHA1 6 0"),
                format!("totp Title/user {B} SHA1 6 30"),
            ]
        );
    }

    /// Each has its own names, and none may disappear.
    #[test]
    fn accounts_of_a_transfer_link_are_all_kept() {
        // Encoded with Python by hand: two SHA-1 accounts of six digits, "a" and "b", with one secret.
        let link = "otpauth-migration://offline?data=ChUKCkhlbGxvId6tvu8SAWEgASgBMAIKFQoKSGVsbG8h3q2%2B7xIBYiABKAEwAhABGAEgACgB";
        let wanted = ["a", "b"].map(|name| format!("totp Title/{name} JBSWY3DPEHPK3PXP SHA1 6 30"));
        assert_eq!(describe(&[(LINK, link), ("TimeOtp-Secret-Base32", "JBSWY3DPEHPK3PXP")]), wanted);
    }

    #[test]
    fn only_numbered_fields_and_links_are_further_codes() {
        let uri = format!("otpauth://totp/Acme:bob?secret={A}");
        let fields = [("otp_issuer", "GITHUB"), ("otp_2", B), ("otp_old", uri.as_str()), ("otp_", A)];
        assert_eq!(
            describe(&fields),
            [format!("totp Title/user {B} SHA1 6 30"), format!("totp Acme/bob {A} SHA1 6 30")]
        );
    }

    #[test]
    fn what_cannot_be_read_has_its_reason() {
        for (fields, wanted) in [
            (&[(SEED, "{REF:P@I:46C9B1FFBD4ABC4BBB260C6190BAD20C}")][..], Skip::BAD_SECRET),
            (&[(LINK, "{PASSWORD}")], Skip::BAD_SECRET),
            (&[("TimeOtp-Secret", "{S:Other}")], Skip::BAD_SECRET),
            (&[(SEED, A), (SETTINGS, "30")], Skip::BAD_DIGITS),
            (&[(SEED, A), (SETTINGS, "x;6")], Skip::BAD_PERIOD),
            (&[(SEED, A), (SETTINGS, "60;S")], Skip::BAD_PERIOD),
            (&[(LINK, "key=1&step=30")], Skip::BAD_SECRET),
            (&[(LINK, "key=A&type=other")], Skip::UNKNOWN_KIND),
            (&[(LINK, "step=30&key=")], Skip::NO_SECRET),
            (&[("TimeOtp-Secret-Hex", "0")], Skip::BAD_SECRET),
            (&[("TimeOtp-Secret-Base32", A), (ALGORITHM, "GOST")], Skip::UNKNOWN_ALGORITHM),
            (&[("HmacOtp-Secret-Base32", A), (NEXT, "-1")], Skip::BAD_COUNTER),
        ] {
            assert_eq!(describe(fields), [format!("{wanted} Title/user")], "{fields:?}");
        }
        assert!(describe(&[(SETTINGS, "30;6"), (PERIOD, "30"), (NEXT, "1"), (LINK, " ")]).is_empty());
    }

    #[test]
    fn names_that_keepassxc_fills_in_are_none() {
        let uri = format!("otpauth://totp/KeePassXC:none?secret={A}&issuer=KeePassXC");
        let codes = read(&Entry::new(vec![(LINK.to_owned(), Zeroizing::new(uri))]));
        let account = codes[0].as_ref().unwrap();
        assert_eq!((account.issuer.as_str(), account.name.as_str()), ("", ""));
    }
}
