//! Writing a new database, its XML, or KeePassXC's table.
//!
//! A code is written in two ways, so that KeePassXC and most others (`otp`) and KeePass itself
//! (`TimeOtp-…`) show it.

use std::cmp::Ordering;

use data_encoding::BASE32;
use zeroize::Zeroizing;

use super::conventions::{
    ALGORITHM, COUNTER, LENGTH, LINK, MORE_URLS, NEXT, NOTES, PERIOD, TIME, TITLE, URL, USER,
};
use super::new_xml::{NewXml, Value, has_binary_form};
use super::read::{FAVORITE, gather};
use super::xml;
use crate::caps::{Caps, Fit, Periods};
use crate::container::kdbx;
use crate::ctx::{Ctx, Limits};
use crate::error::{Error, ErrorKind};
use crate::format::Part;
use crate::managers::login::title;
use crate::managers::written;
use crate::model::{Account, Algorithm, Kind, Otp, Vault, group};
use crate::open::otp_field;

/// The group that holds everything. KeePassXC leaves this name out when it imports a table.
pub(super) const ROOT: &str = "Root";
/// Groups that are nested more deeply become one.
const MAX_GROUPS: usize = 32;
/// The longest period in a link that every version of KeePassXC knows.
pub(super) const MAX_LINK_PERIOD: u32 = 60;
/// The longest code that KeePass itself shows.
const MAX_NATIVE_DIGITS: u8 = 8;

pub(super) fn fit(caps: &Caps, account: &Account) -> Fit {
    let mut fit = match account.otp() {
        // KeePass has no fields that say otherwise, and KeePassXC takes a link to such an account for a
        // time-based one and shows other codes.
        Some(Otp::Hotp { .. }) => {
            let caps = Caps { algorithms: &[Algorithm::Sha1], digits: &[6], ..*caps };
            written::fit(&caps, account, |_| read_again(account))
        }
        // Neither of the two ways is left.
        Some(Otp::Totp { digits, .. }) if digits.get() > MAX_NATIVE_DIGITS => {
            let caps = Caps { periods: Periods::UpTo(MAX_LINK_PERIOD), ..*caps };
            written::fit(&caps, account, |_| read_again(account))
        }
        _ => written::fit(caps, account, |_| read_again(account)),
    };
    if fit.refused.is_none() && account.otp().is_some_and(|otp| !has_link(otp)) {
        fit.remarks.push(match account.kind() {
            Kind::Hotp => "KeePass shows this counter-based code, KeePassXC does not".to_owned(),
            _ => "KeePassXC shows codes that live over 60 seconds in its newer versions only".to_owned(),
        });
    }
    fit
}

/// Whether the code is written as a link. To KeePassXC 2.7.4 every longer period is one of 60 seconds, and
/// every link is time-based: it had better show no code than a wrong one.
fn has_link(otp: &Otp) -> bool {
    match otp {
        Otp::Totp { period, .. } => period.get() <= MAX_LINK_PERIOD,
        Otp::Hotp { .. } => false,
        _ => true,
    }
}

/// What becomes of the accounts when they are read from the file.
fn read_again(account: &Account) -> Result<Vault, Error> {
    let mut xml = NewXml::plain();
    document(&mut xml, &[account], &mut || Ok(String::new()))?;
    let document = xml::parse(&xml.finish(), None, &Limits::default())?;
    gather(&document, "XML", &Limits::default())
}

/// Group by group, entries before the groups inside.
pub(super) fn order(a: &Account, b: &Account) -> Ordering {
    folders(a).cmp(&folders(b))
}

/// A database under the new password.
pub(super) fn database(vault: &Vault, ctx: &mut Ctx<'_>) -> Result<Part, Error> {
    let password = ctx.new_password.ok_or_else(|| {
        Error::new(ErrorKind::PasswordNeeded, "a database needs a password").next_step(
            "Run it in a terminal to be asked, give --new-password-file FILE, or write plain XML with -t keepass:xml",
        )
    })?;
    let (stream_key, stream) = kdbx::new_stream(ctx)?;
    let mut xml = NewXml::protected(stream);
    whole(&mut xml, vault, ctx)?;
    kdbx::seal(xml.finish().as_bytes(), &stream_key, password, ctx).map(Part)
}

/// Plain XML.
pub(super) fn plain_xml(vault: &Vault, ctx: &mut Ctx<'_>) -> Result<Part, Error> {
    let mut xml = NewXml::plain();
    whole(&mut xml, vault, ctx)?;
    Ok(Part::new(xml.finish().as_bytes()))
}

fn whole(xml: &mut NewXml, vault: &Vault, ctx: &mut Ctx<'_>) -> Result<(), Error> {
    let mut accounts: Vec<&Account> = vault.accounts.iter().collect();
    accounts.sort_by(|a, b| order(a, b));
    document(xml, &accounts, &mut || ctx.random::<16>().map(|uuid| data_encoding::BASE64.encode(&uuid)))
}

type NewUuid<'f> = dyn FnMut() -> Result<String, Error> + 'f;

/// A whole document of accounts that are sorted by their groups.
fn document(xml: &mut NewXml, accounts: &[&Account], uuid: &mut NewUuid<'_>) -> Result<(), Error> {
    xml.begin();
    open_group(xml, ROOT, uuid)?;
    let mut path: Vec<&str> = Vec::new();
    for account in accounts {
        let folders = folders(account);
        let common = path.iter().zip(&folders).take_while(|(open, wanted)| open == wanted).count();
        for _ in common..path.len() {
            xml.close("Group");
        }
        path.truncate(common);
        for folder in folders.into_iter().skip(common) {
            open_group(xml, folder, uuid)?;
            path.push(folder);
        }
        if let Some(otp) = account.otp() {
            entry(xml, account, otp, uuid()?)?;
        }
    }
    for _ in 0..=path.len() {
        xml.close("Group");
    }
    xml.end();
    Ok(())
}

fn open_group(xml: &mut NewXml, name: &str, uuid: &mut NewUuid<'_>) -> Result<(), Error> {
    xml.open("Group");
    xml.element("UUID", &uuid()?);
    xml.element("Name", name);
    Ok(())
}

fn entry(xml: &mut NewXml, account: &Account, otp: &Otp, uuid: String) -> Result<(), Error> {
    xml.open("Entry");
    xml.element("UUID", &uuid);
    xml.element("IconID", "0");
    xml.element("Tags", &tags(account));
    xml.open("Times");
    for (name, time) in [("CreationTime", account.created), ("LastModificationTime", account.modified)] {
        // The apps take the present where there is none.
        if let Some(time) = time.filter(|time| has_binary_form(*time)) {
            xml.time(name, time);
        }
    }
    xml.close("Times");
    for (key, value) in fields(account, otp) {
        xml.string(&key, &value)?;
    }
    xml.close("Entry");
    Ok(())
}

/// Keys and values of an entry.
fn fields(account: &Account, otp: &Otp) -> Vec<(String, Value)> {
    let open = |key: &str, value: &str| (key.to_owned(), Value::Open(value.to_owned()));
    let mut fields = vec![
        open(TITLE, title(account)),
        open(USER, &account.name),
        ("Password".to_owned(), Value::Protected(Zeroizing::default())),
        open(NOTES, &account.note),
    ];
    let mut addresses = account.urls.iter();
    fields.push(open(URL, addresses.next().map_or("", String::as_str)));
    fields.extend(addresses.enumerate().map(|(at, address)| match at {
        0 => open(MORE_URLS, address),
        _ => open(&format!("{MORE_URLS}_{at}"), address),
    }));
    fields.extend(code_fields(account, otp));
    fields
}

fn code_fields(account: &Account, otp: &Otp) -> Vec<(String, Value)> {
    let open = |key: &str, value: String| (key.to_owned(), Value::Open(value));
    let secret = |start: &str| {
        let text = Zeroizing::new(BASE32.encode(otp.secret().expose()));
        (format!("{start}Secret-Base32"), Value::Protected(text))
    };
    let mut fields = Vec::new();
    if has_link(otp) {
        fields.push((LINK.to_owned(), Value::Protected(link(account, otp))));
    }
    match otp {
        Otp::Hotp { counter, .. } => fields.extend([secret(COUNTER), open(NEXT, counter.to_string())]),
        Otp::Totp { algorithm, digits, period, .. } if digits.get() <= MAX_NATIVE_DIGITS => fields.extend([
            secret(TIME),
            open(LENGTH, digits.get().to_string()),
            open(PERIOD, period.get().to_string()),
            open(ALGORITHM, native_name(*algorithm).to_owned()),
        ]),
        _ => {}
    }
    fields
}

/// As KeePass writes it.
fn native_name(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Sha256 => "HMAC-SHA-256",
        Algorithm::Sha512 => "HMAC-SHA-512",
        _ => "HMAC-SHA-1",
    }
}

/// The link as KeePassXC reads it: it marks Steam as a way to encode codes.
pub(super) fn link(account: &Account, otp: &Otp) -> Zeroizing<String> {
    let link = otp_field::write(account, otp);
    match link.strip_prefix("otpauth://steam/") {
        Some(rest) => Zeroizing::new(format!("otpauth://totp/{rest}&encoder=steam")),
        None => link,
    }
}

/// The groups that an account is in, outermost first: the first name of the account's list, cut at its
/// slashes.
pub(super) fn folders(account: &Account) -> Vec<&str> {
    let path = account.groups.first().map_or("", String::as_str);
    if group::checked_name(path).is_err() {
        return Vec::new();
    }
    let mut folders: Vec<&str> =
        path.splitn(MAX_GROUPS, '/').map(str::trim).filter(|name| !name.is_empty()).collect();
    folders.truncate(MAX_GROUPS);
    folders
}

/// The other names of the list. A separator in one would make two of it.
fn tags(account: &Account) -> String {
    let names = account.groups.iter().skip(1).map(|name| name.replace([';', ','], " "));
    let names = names.filter(|name| name.trim() != FAVORITE);
    let favorite = account.favorite.then(|| FAVORITE.to_owned());
    favorite.into_iter().chain(names).collect::<Vec<_>>().join(";")
}
