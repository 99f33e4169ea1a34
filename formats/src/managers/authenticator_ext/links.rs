//! Lists of links as the extension writes them: hexadecimal secrets stand in them as they are.

use std::borrow::Cow;

use data_encoding::{BASE32_NOPAD, HEXLOWER_PERMISSIVE};
use zeroize::Zeroizing;

use crate::open::uri_list;

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
}
