//! Key material that cannot be printed, logged or compared in variable time by accident.

use std::fmt;

use data_encoding::BASE32_NOPAD;
use serde::{Deserialize, Deserializer};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The shared secret of an account: raw key bytes, never empty.
///
/// The bytes are wiped on drop. There is no `Display` and no `Serialize`; the only way to the
/// bytes is [`Secret::expose`], so that every use can be found by searching for that word.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes key bytes. `None` when there are none: an empty key is an error in every algorithm
    /// (RFC 4226 gives no meaning to it), not an HMAC with an empty key.
    pub fn new(bytes: Vec<u8>) -> Option<Self> {
        let bytes = Zeroizing::new(bytes);
        (!bytes.is_empty()).then_some(Self(bytes))
    }

    /// The key bytes.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The canonical text of the key: base32 of RFC 4648, upper case, without padding.
    pub fn to_base32(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE32_NOPAD.encode(&self.0))
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// A password or PIN: text that is wiped on drop and cannot be printed.
#[derive(Clone)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Takes the text as it is; it may be empty.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl PartialEq for SecretText {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for SecretText {}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        let secret = Secret::new(vec![1, 2, 3]).unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(..)");
        assert_eq!(format!("{:?}", SecretText::new("1234")), "SecretText(..)");
    }

    #[test]
    fn empty_is_no_secret() {
        assert!(Secret::new(Vec::new()).is_none());
    }

    #[test]
    fn equality_is_of_bytes() {
        let a = Secret::new(vec![1, 2]).unwrap();
        assert_eq!(a, Secret::new(vec![1, 2]).unwrap());
        assert_ne!(a, Secret::new(vec![1, 2, 0]).unwrap());
    }
}
