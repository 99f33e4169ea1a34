//! Hashes of Argon2id in the form of the PHC: `$argon2id$v=19$m=...,t=...,p=...$SALT$HASH`.

use data_encoding::BASE64_NOPAD;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::kdf::{Argon2Cost, argon2id_into};
use crate::ctx::Limits;
use crate::error::Error;

/// A hash with everything that it was made with.
#[derive(Debug)]
pub(crate) struct Phc {
    cost: Argon2Cost,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl Phc {
    /// Reads one. `None` for another algorithm, another version than 1.3, or lengths that no app uses.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("$argon2id$v=19$")?;
        let [costs, salt, hash] = pieces(rest, '$')?;
        let [memory, passes, lanes] = pieces(costs, ',')?;
        let number = |text: &str, name: &str| text.strip_prefix(name)?.parse().ok();
        let bytes = |text: &str| BASE64_NOPAD.decode(text.as_bytes()).ok();
        let cost = Argon2Cost {
            memory: number(memory, "m=")?,
            passes: number(passes, "t=")?,
            lanes: number(lanes, "p=")?,
        };
        let phc = Self { cost, salt: bytes(salt)?, hash: bytes(hash)? };
        ((8..=64).contains(&phc.salt.len()) && (16..=64).contains(&phc.hash.len())).then_some(phc)
    }

    /// Whether it is the hash of this text.
    ///
    /// # Errors
    /// As [`argon2id_into`].
    pub(crate) fn is_of(&self, text: &[u8], limits: &Limits) -> Result<bool, Error> {
        let mut hash = Zeroizing::new(vec![0; self.hash.len()]);
        argon2id_into(text, &self.salt, self.cost, limits, &mut hash)?;
        Ok(hash.ct_eq(&self.hash).into())
    }

    /// Makes one of 32 bytes, as a text.
    ///
    /// # Errors
    /// As [`argon2id_into`].
    pub(crate) fn make(text: &[u8], salt: &[u8], cost: Argon2Cost, limits: &Limits) -> Result<String, Error> {
        let mut hash = [0; 32];
        argon2id_into(text, salt, cost, limits, &mut hash)?;
        let Argon2Cost { memory, passes, lanes } = cost;
        let (salt, hash) = (BASE64_NOPAD.encode(salt), BASE64_NOPAD.encode(&hash));
        Ok(format!("$argon2id$v=19$m={memory},t={passes},p={lanes}${salt}${hash}"))
    }
}

/// Exactly `N` pieces.
fn pieces<const N: usize>(text: &str, separator: char) -> Option<[&str; N]> {
    text.split(separator).take(N.saturating_add(1)).collect::<Vec<_>>().try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    // Made with argon2-cffi: argon2.low_level.hash_secret(b"phrase", b"canary-salt", 1, 64, 1, 24, Type.ID).
    const HASH: &str = "$argon2id$v=19$m=64,t=1,p=1$Y2FuYXJ5LXNhbHQ$TAtamQuzGehl/29Ub+kA7CatV4I1ovn0";

    #[test]
    fn vector_of_the_reference_implementation() {
        let limits = Limits::default();
        let phc = Phc::parse(HASH).unwrap();
        assert_eq!(phc.is_of(b"phrase", &limits), Ok(true));
        assert_eq!(phc.is_of(b"Phrase", &limits), Ok(false));
        let cost = Argon2Cost { memory: 64, passes: 1, lanes: 1 };
        let made = Phc::make(b"text", b"12345678", cost, &limits).unwrap();
        assert!(made.starts_with("$argon2id$v=19$m=64,t=1,p=1$MTIzNDU2Nzg$"), "{made}");
        assert_eq!(Phc::parse(&made).unwrap().is_of(b"text", &limits), Ok(true));
    }

    #[test]
    fn other_forms_are_none() {
        for (from, to) in [
            ("argon2id", "argon2i"),
            ("v=19", "v=16"),
            ("m=64", "m=x"),
            (",p=1", ""),
            ("p=1$", "p=1$$"),
            ("$v", "v"),
        ] {
            assert!(Phc::parse(&HASH.replacen(from, to, 1)).is_none(), "{to}");
        }
        assert!(Phc::parse("$argon2id$v=19$m=64,t=1,p=1$YQ$YQ").is_none());
    }
}
