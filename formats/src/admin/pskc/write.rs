//! Writing. Which spellings all of FreeIPA, privacyIDEA, LinOTP and ykman take was found out by running them: prefixes
//! on every element but the children of the PBKDF2 parameters, which have no namespace; hashes in lower case, and
//! none for SHA-1; nothing that FreeIPA refuses (drift, PIN policy, number of uses).

use std::borrow::Cow;
use std::collections::HashSet;

use data_encoding::BASE64;
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
/// About the bytes of a key with short names, encrypted.
const KEY: usize = 1600;
/// Letters that the longest escape makes of a byte, in three places.
const ESCAPED: usize = 20;

/// What would happen to each account. One without a serial number gets one that no other has.
pub(super) fn fit(accounts: &[Account]) -> Vec<Fit> {
    let is_possible = |account: &&Account| CAPS.check(account).refused.is_none();
    let mut numbers = Numbers::after(accounts.iter().filter(is_possible));
    let mut serials = Serials::default();
    accounts.iter().map(|account| fit_one(account, &mut numbers, &mut serials)).collect()
}

fn fit_one(account: &Account, numbers: &mut Numbers, serials: &mut Serials) -> Fit {
    let fit = CAPS.check(account);
    if fit.refused.is_some() {
        return fit;
    }
    let on_token = numbers.on_token(account);
    let mut fit = token::fit(&CAPS, &on_token, || read_again(&on_token));
    if let Cow::Owned(numbered) = &on_token {
        fit.changes.retain(|change| change.field != Field::Device);
        fit.change(Field::Device, format!("it gets the serial number {}", token::serial(numbered)));
    }
    serials.check(fit, &on_token, CAPS.app)
}

/// Serial numbers for accounts on no token: four letters and eight hexadecimal digits, as LinOTP checks them.
struct Numbers {
    taken: HashSet<String>,
    last: u32,
}

impl Numbers {
    /// Numbers that none of the accounts has.
    fn after<'a>(accounts: impl Iterator<Item = &'a Account>) -> Self {
        Self { taken: accounts.map(|account| token::serial(account).to_lowercase()).collect(), last: 0 }
    }

    /// The account, with the next number when it has none.
    fn on_token<'a>(&mut self, account: &'a Account) -> Cow<'a, Account> {
        if !token::serial(account).is_empty() {
            return Cow::Borrowed(account);
        }
        let device = Device { serial: self.next(), ..account.device.clone().unwrap_or_default() };
        Cow::Owned(Account { device: Some(device), ..account.clone() })
    }

    fn next(&mut self) -> String {
        loop {
            self.last = self.last.saturating_add(1);
            let number = format!("OTPF{:08X}", self.last);
            if !self.taken.contains(&number.to_lowercase()) {
                return number;
            }
        }
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
