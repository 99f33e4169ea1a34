//! Base32 as people and apps write it.

use zeroize::Zeroizing;

use crate::model::Secret;
use crate::report::Skip;

/// Reads a base32 secret leniently: any case; white space, `-` and `_` anywhere and `=` at the end
/// are ignored; bits left over after the last whole byte are dropped, as Google's own decoder does, also for
/// the lengths that RFC 4648 calls impossible. A foreign character is an error, never a guess.
pub fn secret(text: &str) -> Result<Secret, Skip> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len().saturating_mul(5) / 8));
    let mut buffer: u16 = 0;
    let mut bits: u32 = 0;
    let mut any = false;
    let data = text.trim_end_matches(|c| is_filler(c) || c == '=');
    for character in data.chars().filter(|c| !is_filler(*c)) {
        let value = value(character).ok_or_else(|| foreign_character(text))?;
        any = true;
        buffer = (buffer << 5) | u16::from(value);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.extend(u8::try_from(buffer >> bits));
            buffer &= (1 << bits) - 1;
        }
    }
    if !any {
        return Err(Skip::new(Skip::NO_SECRET, "the secret is empty"));
    }
    Secret::new(std::mem::take(&mut *bytes))
        .ok_or_else(|| Skip::new(Skip::BAD_SECRET, "the secret is too short"))
}

fn is_filler(character: char) -> bool {
    character.is_whitespace() || matches!(character, '-' | '_')
}

fn value(character: char) -> Option<u8> {
    let upper = u8::try_from(character.to_ascii_uppercase()).ok()?;
    match upper {
        b'A'..=b'Z' => upper.checked_sub(b'A'),
        b'2'..=b'7' => upper.checked_sub(b'2')?.checked_add(26),
        _ => None,
    }
}

/// Says which mistake it looks like, without repeating any of the secret.
fn foreign_character(text: &str) -> Skip {
    let mut plain = text.trim_end_matches('=').chars().filter(|c| !is_filler(*c));
    let message = if plain.clone().any(|c| c == '=') {
        "other text follows the secret; perhaps an & is missing in the link"
    } else if plain.clone().all(|c| c.is_ascii_hexdigit()) {
        "the secret is not base32; it could be hexadecimal"
    } else if plain.clone().any(|c| matches!(c, '+' | '/')) {
        "the secret is not base32; it could be base64"
    } else if plain.all(|c| value(c).is_some() || matches!(c, '0' | '1' | '8')) {
        "the secret is not base32: it has a 0, 1 or 8, which are easily mistaken for O, I and B"
    } else {
        "the secret is not base32"
    };
    Skip::new(Skip::BAD_SECRET, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sloppy_secrets_are_read() {
        for (text, canonical) in [
            ("jbsw y3dp-ehpk_3pxp", "JBSWY3DPEHPK3PXP"),
            ("QWERTYUIOP======", "QWERTYUIOM"),
            ("ABCDEFG", "ABCDEFA"),
            ("AA", "AA"),
            ("JEKEKRR", "JEKEKRQ"),
        ] {
            assert_eq!(secret(text).unwrap().to_base32().as_str(), canonical);
        }
    }

    #[test]
    fn foreign_characters_are_errors_without_the_secret() {
        for (text, code) in [
            ("", Skip::NO_SECRET),
            (" - = ", Skip::NO_SECRET),
            ("A", Skip::BAD_SECRET),
            ("0000", Skip::BAD_SECRET),
            ("JBSWY3DP1", Skip::BAD_SECRET),
            ("JBSWY3DPé", Skip::BAD_SECRET),
            ("ab+/==", Skip::BAD_SECRET),
            ("JBSWY3DP=AAAA", Skip::BAD_SECRET),
            ("JBSWY3DPissuer=Foo", Skip::BAD_SECRET),
        ] {
            let skip = secret(text).unwrap_err();
            assert_eq!(skip.code, code, "{text}");
            assert!(text.trim().len() < 3 || !skip.message.contains(text.trim()));
        }
    }
}
