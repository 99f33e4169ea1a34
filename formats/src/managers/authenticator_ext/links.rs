//! Lists of links as the extension writes them: hexadecimal secrets stand in them as they are.

use std::borrow::Cow;

use data_encoding::{BASE32_NOPAD, HEXLOWER_PERMISSIVE};
use zeroize::Zeroizing;

use super::{TEXT_CAPS, kept_issuer, remark_version_8};
use crate::caps::Fit;
use crate::format::Part;
use crate::model::{Account, Algorithm, Kind, Otp, Vault};
use crate::open::{otpauth, uri_list};
use crate::text::percent;

/// The parameters of a link, in the order in which they are written.
const PARAMETERS: [&str; 6] = ["secret", "issuer", "counter", "period", "digits", "algorithm"];

/// Whether every link of a text is in the dialect of the extension, and one has a hexadecimal secret, which
/// no other reader of links takes.
pub(crate) fn has_hex_secret(text: &str) -> bool {
    let lines = || uri_list::significant_lines(text).map(|(_, line)| line);
    lines().all(is_in_dialect) && lines().any(|line| matches!(with_base32(line), Cow::Owned(_)))
}

fn is_in_dialect(line: &str) -> bool {
    let Some((_, query)) = rest_of_link(line).and_then(|rest| rest.split_once('?')) else { return false };
    let mut left = PARAMETERS.iter();
    let mut names = query.split('&').map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name));
    names.next() == left.next().copied() && names.all(|name| left.any(|known| *known == name))
}

/// What follows the type of a link of the kinds that can have a hexadecimal secret.
fn rest_of_link(line: &str) -> Option<&str> {
    let kinds = ["otpauth://totp/", "otpauth://hotp/"];
    kinds.iter().find_map(|kind| {
        let (start, rest) = line.split_at_checked(kind.len())?;
        start.eq_ignore_ascii_case(kind).then_some(rest)
    })
}

/// The same text with every hexadecimal secret in base32.
pub(super) fn in_base32(text: &str) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(text.len().saturating_mul(2)));
    for line in text.split_inclusive('\n') {
        let content = line.trim_start();
        let (blanks, content) = line.split_at(line.len().saturating_sub(content.len()));
        out.push_str(blanks);
        match with_base32(content) {
            Cow::Borrowed(same) => out.push_str(same),
            Cow::Owned(changed) => out.push_str(&Zeroizing::new(changed)),
        }
    }
    out
}

/// The link with its secret in base32, when the secret is hexadecimal and is not base32 as well: the
/// extension takes it for base32 then. The first secret counts, as everywhere.
fn with_base32(link: &str) -> Cow<'_, str> {
    let changed = || {
        let (label, query) = rest_of_link(link)?.split_once('?')?;
        let kind = link.get(..link.len().checked_sub(label.len() + 1 + query.len())?)?;
        let start =
            query.split('&').map_while(|pair| (!pair.starts_with("secret=")).then_some(pair.len() + 1));
        let (before, rest) = query.split_at_checked(start.sum())?;
        let secret = rest.strip_prefix("secret=")?;
        let end = secret.find(|c: char| c == '&' || c.is_whitespace()).unwrap_or(secret.len());
        let (secret, after) = secret.split_at_checked(end)?;
        let base32 = to_base32(secret)?;
        Some(format!("{kind}{label}?{before}secret={}{after}", base32.as_str()))
    };
    changed().map_or(Cow::Borrowed(link), Cow::Owned)
}

/// The base32 of a hexadecimal secret.
fn to_base32(secret: &str) -> Option<Zeroizing<String>> {
    let is_base32 = |b: u8| b.is_ascii_alphabetic() || (b'2'..=b'7').contains(&b);
    if secret.is_empty() || secret.bytes().all(is_base32) {
        return None;
    }
    let bytes = Zeroizing::new(HEXLOWER_PERMISSIVE.decode(secret.as_bytes()).ok()?);
    Some(Zeroizing::new(BASE32_NOPAD.encode(&bytes)))
}

/// What a reader of the written link would see.
pub(super) fn fit(account: &Account) -> Fit {
    let mut fit = TEXT_CAPS.check(account);
    let (None, Some(otp)) = (&fit.refused, account.otp()) else { return fit };
    remark_version_8(&mut fit, account);
    match otpauth::parse(&link(account, otp)) {
        Ok(read) if read.otp() == Some(otp) => otpauth::renamed(fit, account, &read),
        _ => otpauth::not_expressible(),
    }
}

/// The links, with the line ends of the app.
pub(super) fn encode(vault: &Vault) -> Part {
    let mut text = Zeroizing::new(Vec::with_capacity(vault.accounts.len().saturating_mul(256)));
    for account in &vault.accounts {
        let Some(otp) = account.otp() else { continue };
        if !text.is_empty() {
            text.extend_from_slice(b"\r\n");
        }
        text.extend_from_slice(Zeroizing::new(link(account, otp)).as_bytes());
    }
    Part(text)
}

/// A link as the app writes it: names without colons, parameters only where they are not the usual ones.
/// Source: `getOneLineOtpBackupFile`.
fn link(account: &Account, otp: &Otp) -> String {
    let encoded = |name: &str| percent::encode(&name.replace(':', ""));
    let (issuer, name) = (encoded(kept_issuer(account)), encoded(&account.name));
    let kind = if otp.kind() == Kind::Hotp { "hotp" } else { "totp" };
    let mut link = format!("otpauth://{kind}/");
    if !issuer.is_empty() {
        link.push_str(&format!("{issuer}:"));
    }
    link.push_str(&format!("{name}?secret={}", otp.secret().to_base32().as_str()));
    if !issuer.is_empty() {
        link.push_str(&format!("&issuer={issuer}"));
    }
    if let Some(counter) = otp.counter() {
        link.push_str(&format!("&counter={counter}"));
    }
    if let Some(period) = otp.period().filter(|period| *period != 30) {
        link.push_str(&format!("&period={period}"));
    }
    if otp.digits() != 6 {
        link.push_str(&format!("&digits={}", otp.digits()));
    }
    if otp.algorithm() != Algorithm::Sha1 {
        link.push_str(&format!("&algorithm={}", otp.algorithm()));
    }
    link
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_secrets_are_rewritten_and_nothing_else() {
        for (text, wanted) in [
            ("otpauth://totp/A:b?secret=0108&issuer=A", "otpauth://totp/A:b?secret=AEEA&issuer=A"),
            (" OTPAUTH://HOTP/A?digits=8&secret=0108\r\n", " OTPAUTH://HOTP/A?digits=8&secret=AEEA\r\n"),
            ("otpauth://totp/A?secret=abcdef", "otpauth://totp/A?secret=abcdef"),
            ("otpauth://totp/A?secret=0108x", "otpauth://totp/A?secret=0108x"),
            ("otpauth://totp/A?secret=010", "otpauth://totp/A?secret=010"),
            ("motp://A?secret=0108", "motp://A?secret=0108"),
            ("otpauth://steam/A?secret=0108", "otpauth://steam/A?secret=0108"),
            ("secret=0108", "secret=0108"),
        ] {
            assert_eq!(in_base32(text).as_str(), wanted);
        }
    }

    #[test]
    fn the_dialect_has_an_order() {
        assert!(has_hex_secret(
            "otpauth://totp/A:b?secret=0108&issuer=A&digits=8\r\notpauth://hotp/c?secret=AA&counter=1"
        ));
        assert!(!has_hex_secret("otpauth://totp/A:b?secret=AEEA&issuer=A"));
        assert!(!has_hex_secret("otpauth://totp/A:b?issuer=A&secret=0108"));
        assert!(!has_hex_secret("otpauth://totp/A:b?secret=0108&digits=8&issuer=A"));
        assert!(!has_hex_secret("otpauth://totp/A:b?secret=0108\nnote"));
        assert!(!has_hex_secret(""));
    }

    #[test]
    fn links_are_written_in_the_order_of_the_app() {
        let lines = "otpauth://hotp/Bank%20AG:carol?secret=AEEA&issuer=Bank%20AG&counter=0&digits=8\r\n\
            otpauth://totp/bob%40acme.example?secret=AEEA&period=60&algorithm=SHA256";
        let mut accounts: Vec<Account> =
            lines.lines().map(|line| otpauth::parse(line).unwrap_or_else(|_| panic!("{line}"))).collect();
        let written = |accounts: &[Account]| {
            encode(&Vault { accounts: accounts.to_vec(), ..Vault::default() }).0.to_vec()
        };
        assert_eq!(written(&accounts), lines.as_bytes());
        // The app takes colons out of names.
        accounts[0].name = "ca:rol".to_owned();
        accounts[0].issuer = "Bank AG::bank.example".to_owned();
        assert_eq!(written(&accounts), lines.as_bytes());
    }
}
