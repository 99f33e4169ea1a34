//! Writing. Which spellings all of FreeIPA, privacyIDEA, LinOTP and ykman take was found out by running them: prefixes
//! on every element but the children of the PBKDF2 parameters, which have no namespace; hashes in lower case, and
//! none for SHA-1; nothing that FreeIPA refuses (drift, PIN policy, number of uses).

use std::borrow::Cow;
use std::collections::HashSet;

use data_encoding::BASE64;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::document;
use super::drafts;
use super::person;
use super::read::{self, Reading};
use super::seal::{Profile, Sealer};
use super::{CAPS, ID};
use crate::admin::token::{self, Serials, Tokens};
use crate::caps::{Field, Fit};
use crate::ctx::{Ctx, Limits};
use crate::error::{Error, Place};
use crate::format::Part;
use crate::model::{Account, Algorithm, Device, Otp, Vault};

const ROOT: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
    <pskc:KeyContainer Version=\"1.0\" xmlns:pskc=\"urn:ietf:params:xml:ns:keyprov:pskc\" \
    xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\" \
    xmlns:xenc11=\"http://www.w3.org/2009/xmlenc11#\" \
    xmlns:pkcs5=\"http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#\">\n";
const END: &str = "</pskc:KeyContainer>\n";
/// Characters of the columns in which LinOTP (`LinOtpTokenSerialnumber`) and privacyIDEA (`serial`) keep serial numbers.
const SERIAL: usize = 40;
/// About the bytes of a key with short names, encrypted.
const KEY: usize = 1600;
/// Letters that the longest escape makes of a byte, in three places.
const ESCAPED: usize = 20;

/// What would happen to each account in a file of this form. One without a serial number gets one that no other has,
/// once it is known which others are written.
pub(super) fn fit(form: &str, accounts: &[Account]) -> Vec<Fit> {
    let mut serials = Serials::default();
    let with_own: Vec<Option<Fit>> = accounts.iter().map(|account| fit_own(account, &mut serials)).collect();
    let is_written = |fit: &Option<Fit>| fit.as_ref().is_some_and(|fit| fit.refused.is_none());
    let written = accounts.iter().zip(&with_own).filter(|(_, fit)| is_written(fit));
    let mut numbers = Numbers::after(written.map(|(account, _)| account));
    let all = accounts.iter().zip(with_own);
    all.map(|(account, fit)| fit.unwrap_or_else(|| fit_numbered(account, &mut numbers)))
        .zip(accounts)
        .map(|(fit, account)| with_remarks(fit, form, account))
        .collect()
}

/// `None` for an account that can be written and lacks a serial number.
fn fit_own(account: &Account, serials: &mut Serials) -> Option<Fit> {
    let fit = CAPS.check(account);
    if fit.refused.is_some() {
        return Some(fit);
    }
    let has_own = !token::serial(account).is_empty();
    has_own.then(|| serials.check(token::fit(&CAPS, account, || read_again(account)), account, CAPS.app))
}

fn fit_numbered(account: &Account, numbers: &mut Numbers) -> Fit {
    let numbered = numbers.on_token(account);
    let mut fit = token::fit(&CAPS, &numbered, || read_again(&numbered));
    if fit.refused.is_none() {
        numbers.take(&numbered);
        fit.changes.retain(|change| change.field != Field::Device);
        fit.change(Field::Device, format!("it gets the serial number {}", token::serial(&numbered)));
    }
    fit
}

/// Says which of the servers that a form is for do not take an account.
fn with_remarks(mut fit: Fit, form: &str, account: &Account) -> Fit {
    if fit.refused.is_some() {
        return fit;
    }
    let serial = token::serial(account);
    if account.otp().is_some_and(|otp| otp.digits() == 7) {
        fit.remarks.push("FreeIPA takes codes of 6 or 8 digits and leaves others out".to_owned());
    }
    // FreeIPA, which the other form is for, takes any.
    if form == "common" && serial.chars().count() > SERIAL {
        fit.remarks
            .push(format!("LinOTP and privacyIDEA have room for serial numbers of {SERIAL} characters"));
    }
    if form == "common" && !serial.chars().all(|c| c.is_ascii_graphic()) {
        let remark = "servers may refuse a serial number with blanks, or with letters beyond those of ASCII";
        fit.remarks.push(remark.to_owned());
    }
    fit
}

/// Serial numbers for accounts on no token: four letters and eight hexadecimal digits, as LinOTP checks them. They follow
/// from the names of an account, so that it has the same one in each file, and others have others: a server
/// would take those of two files that count from one for the same tokens. Nothing of the secret is in them.
struct Numbers(HashSet<String>);

impl Numbers {
    /// Numbers that none of the accounts has.
    fn after<'a>(accounts: impl Iterator<Item = &'a Account>) -> Self {
        Self(accounts.map(|account| token::serial(account).to_lowercase()).collect())
    }

    /// The account, with a number when it has none.
    fn on_token<'a>(&self, account: &'a Account) -> Cow<'a, Account> {
        if !token::serial(account).is_empty() {
            return Cow::Borrowed(account);
        }
        let device = Device { serial: self.number(account), ..account.device.clone().unwrap_or_default() };
        Cow::Owned(Account { device: Some(device), ..account.clone() })
    }

    /// Accounts of the same names count on.
    fn number(&self, account: &Account) -> String {
        let names = Sha256::new()
            .chain_update(account.issuer.as_bytes())
            .chain_update([0])
            .chain_update(account.name.as_bytes())
            .chain_update([0])
            .chain_update(account.user.as_deref().unwrap_or_default().as_bytes());
        let mut count = 0_u32;
        loop {
            let hash = names.clone().chain_update([0]).chain_update(count.to_be_bytes()).finalize();
            let digits: String = hash.iter().take(4).map(|byte| format!("{byte:02X}")).collect();
            let number = format!("OTPF{digits}");
            if !self.0.contains(&number.to_lowercase()) {
                return number;
            }
            count = count.saturating_add(1);
        }
    }

    /// No other account gets the number of this one.
    fn take(&mut self, account: &Account) {
        self.0.insert(token::serial(account).to_lowercase());
    }
}

fn read_again(account: &Account) -> Result<Vault, Error> {
    let mut text = Zeroizing::new(String::with_capacity(KEY));
    let Some(otp) = account.otp() else { return Ok(Vault::default()) };
    key_package(&mut text, account, otp, &plain(otp));
    let limits = Limits::default();
    let mut tokens = Tokens::new(ID, "", &limits);
    let entry = document::entry(&text)?;
    for key in drafts::keys(&entry) {
        let read =
            read::read(&entry, key, Reading { global: None, opener: None, is_protected: false, now: None });
        tokens.take(read.account, &read.name, &Place::Entry(1))?;
    }
    Ok(tokens.finish())
}

/// Writes accounts, each on a token of its own: encrypted when there is a new password.
pub(super) fn encode(form: &str, accounts: &[Account], ctx: &mut Ctx<'_>) -> Result<Part, Error> {
    let sealer = match ctx.new_password {
        Some(password) => Some(Sealer::new(Profile::of(form), password, ctx)?),
        None => None,
    };
    let mut text = Zeroizing::new(String::with_capacity(room(accounts)));
    text.push_str(ROOT);
    if let Some(sealer) = &sealer {
        sealer.write_header(&mut text, ctx)?;
    }
    let mut numbers = Numbers::after(accounts.iter());
    for (at, account) in accounts.iter().enumerate() {
        let account = numbers.on_token(account);
        numbers.take(&account);
        let Some(otp) = account.otp() else { continue };
        let secret = match &sealer {
            Some(sealer) => sealer.value(otp.secret().expose(), at == 0, ctx)?,
            None => plain(otp),
        };
        key_package(&mut text, &account, otp, &secret);
    }
    text.push_str(END);
    Ok(Part::new(std::mem::take(&mut *text)))
}

/// Enough for the whole file, so that it does not move and leave secrets behind.
fn room(accounts: &[Account]) -> usize {
    let of_one = |account: &Account| {
        let device = account.device.as_ref().map_or(0, |device| {
            device.serial.len().saturating_add(device.manufacturer.len()).saturating_add(device.model.len())
        });
        let names = account.issuer.len().saturating_add(account.name.len());
        let names = names.saturating_add(account.user.as_ref().map_or(0, String::len)).saturating_add(device);
        let secret = account.otp().map_or(0, |otp| otp.secret().expose().len());
        names.saturating_mul(ESCAPED).saturating_add(secret.saturating_mul(2)).saturating_add(KEY)
    };
    accounts.iter().map(of_one).fold(ROOT.len().saturating_add(2 * KEY), usize::saturating_add)
}

fn plain(otp: &Otp) -> Zeroizing<String> {
    let key = Zeroizing::new(BASE64.encode(otp.secret().expose()));
    let mut text = Zeroizing::new(String::with_capacity(key.len().saturating_add(64)));
    for piece in ["<pskc:PlainValue>", &key, "</pskc:PlainValue>"] {
        text.push_str(piece);
    }
    text
}

/// Everything that is known of an account, in the order of the schema.
fn key_package(text: &mut String, account: &Account, otp: &Otp, secret: &str) {
    text.push_str("<pskc:KeyPackage>");
    device_info(text, account);
    let (kind, counters) = match otp {
        Otp::Hotp { counter, .. } => ("hotp", [("Counter", *counter), ("", 0)]),
        _ => ("totp", [("Time", 0), ("TimeInterval", u64::from(otp.period().unwrap_or(30)))]),
    };
    text.push_str("<pskc:Key Id=\"");
    escape(text, token::serial(account));
    text.push_str(&format!("\" Algorithm=\"urn:ietf:params:xml:ns:keyprov:pskc:{kind}\">"));
    element(text, "Issuer", &account.issuer);
    text.push_str("<pskc:AlgorithmParameters>");
    element(
        text,
        "Suite",
        match otp.algorithm() {
            Algorithm::Sha256 => "sha256",
            Algorithm::Sha512 => "sha512",
            _ => "",
        },
    );
    text.push_str(&format!("<pskc:ResponseFormat Length=\"{}\" Encoding=\"DECIMAL\"/>", otp.digits()));
    text.push_str("</pskc:AlgorithmParameters>");
    element(text, "FriendlyName", &friendly_name(account));
    text.push_str("<pskc:Data><pskc:Secret>");
    text.push_str(secret);
    text.push_str("</pskc:Secret>");
    for (name, value) in counters.into_iter().filter(|(name, _)| !name.is_empty()) {
        text.push_str(&format!("<pskc:{name}><pskc:PlainValue>{value}</pskc:PlainValue></pskc:{name}>"));
    }
    text.push_str("</pskc:Data>");
    user_id(text, token::user(account));
    text.push_str(
        "<pskc:Policy><pskc:KeyUsage>OTP</pskc:KeyUsage></pskc:Policy></pskc:Key></pskc:KeyPackage>\n",
    );
}

fn device_info(text: &mut String, account: &Account) {
    text.push_str("<pskc:DeviceInfo>");
    if let Some(device) = &account.device {
        element(text, "Manufacturer", &device.manufacturer);
        element(text, "SerialNo", token::serial(account));
        element(text, "Model", &device.model);
    }
    user_id(text, account.user.as_deref().unwrap_or_default());
    text.push_str("</pskc:DeviceInfo>");
}

/// `issuer:name`. Without an issuer, what stands before a colon in the name would be taken for one.
fn friendly_name(account: &Account) -> Cow<'_, str> {
    match account.issuer.as_str() {
        "" if account.name.contains(':') => Cow::Borrowed(""),
        "" => Cow::Borrowed(&account.name),
        issuer => Cow::Owned(format!("{issuer}:{}", account.name)),
    }
}

fn user_id(text: &mut String, name: &str) {
    if !name.is_empty() {
        element(text, "UserId", &person::distinguished(name));
    }
}

/// An element with a text; none when there is nothing to say.
fn element(text: &mut String, name: &str, content: &str) {
    if content.is_empty() {
        return;
    }
    text.push_str(&format!("<pskc:{name}>"));
    escape(text, content);
    text.push_str(&format!("</pskc:{name}>"));
}

/// A text as XML 1.0 can hold it: without most control characters.
fn escape(text: &mut String, content: &str) {
    for c in content.chars() {
        match c {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            '\t' | '\n' | '\r' => text.push_str(&format!("&#{};", u32::from(c))),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            c => text.push(c),
        }
    }
}
