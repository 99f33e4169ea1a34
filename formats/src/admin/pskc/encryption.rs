//! The encryption of a file: where its key comes from, and opening values with it.

use data_encoding::HEXLOWER_PERMISSIVE;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

use super::drafts::{self, Global};
use super::element::Element;
use super::value::{Sealed, base64, required};
use crate::crypt::{Prf, Scheme, pbkdf2_into};
use crate::ctx::Limits;
use crate::error::Error;
use crate::model::SecretText;

/// Where the key of a file comes from.
pub(super) enum Source {
    /// Both sides have it; it is given in hexadecimal.
    PreShared,
    /// From a passphrase.
    Passphrase(Pbkdf2),
    /// Encrypted for a certificate, or another way of agreement.
    Certificate,
}

/// PBKDF2 with everything that it needs.
pub(super) struct Pbkdf2 {
    pub(super) prf: Prf,
    salt: Vec<u8>,
    pub(super) iterations: u32,
    length: usize,
}

/// The encryption as the header describes it.
pub(super) struct Encryption<'h> {
    pub(super) source: Source,
    /// The header names a key for the values or for their MACs.
    pub(super) is_declared: bool,
    /// The algorithm of the MACs, and the key for them where it is not the key itself.
    mac: Option<(&'h str, Option<Sealed<'h>>)>,
}

impl<'h> Encryption<'h> {
    /// Reads the header.
    ///
    /// # Errors
    /// `Malformed` for a derivation that is not described in full; `Unsupported` for one that is not known.
    pub(super) fn read(header: &'h [Element], global: Option<&mut Global>) -> Result<Self, Error> {
        let find = |name: &str| header.iter().find(|element| element.name == name);
        let source = match (find("encryptionkey"), global.and_then(|global| global.derivation.take())) {
            (_, Some(derivation)) => Source::Passphrase(derivation),
            (Some(key), None) => Source::read(key)?,
            (None, None) => Source::PreShared,
        };
        let has_child = |name: &str| find(name).is_some_and(|element| !element.children.is_empty());
        let is_declared = has_child("encryptionkey") || has_child("macmethod");
        let of_method = find("macmethod")
            .map(|method| (method.attribute("algorithm"), method.child(&["mackey"]).map(Sealed::read)));
        let mac = of_method.or_else(|| drafts::mac_algorithm(header).map(|algorithm| (algorithm, None)));
        // python-pskc writes an empty one beside wrapped keys.
        let mac = mac.filter(|(algorithm, _)| !algorithm.is_empty());
        Ok(Self { source, is_declared, mac })
    }

    /// What opens the values under this password. `None` for a password that can be none for them: a key that is
    /// not hexadecimal or of another length, or one that does not open the key of the MACs.
    ///
    /// # Errors
    /// `Limit` for more iterations than allowed; `Unsupported` for an unknown MAC.
    pub(super) fn opener(&self, password: &SecretText, limits: &Limits) -> Result<Option<Opener>, Error> {
        let key = match &self.source {
            Source::PreShared => hexadecimal(password.expose()),
            Source::Passphrase(derivation) => Some(derivation.derive(password, limits)?),
            Source::Certificate => None,
        };
        let Some(key) = key else { return Ok(None) };
        let Some((algorithm, sealed)) = &self.mac else { return Ok(Some(Opener { key, mac: None })) };
        let hash = hash(algorithm)
            .ok_or_else(|| Error::unsupported("the file has MACs of a kind that is not known"))?;
        let mac_key = match sealed {
            None => Some(key.clone()),
            Some(sealed) => {
                Scheme::parse(sealed.algorithm).ok_or_else(unknown_cipher)?.open(&key, None, &sealed.content)
            }
        };
        Ok(mac_key.map(|mac_key| Opener { key, mac: Some((hash, mac_key)) }))
    }
}

/// The refusal of a cipher that no password opens, or that nobody knows.
pub(super) fn unknown_cipher() -> Error {
    Error::unsupported("the keys are encrypted for a certificate, or with a cipher that is not known")
        .next_step("Ask for a file with a passphrase or a pre-shared key")
}

impl Source {
    fn read(key: &Element) -> Result<Self, Error> {
        let Some(derived) = key.child(&["derivedkey"]) else {
            let is_certified = key.child(&["x509data", "encryptedkey", "agreementmethod"]).is_some();
            return Ok(if is_certified { Self::Certificate } else { Self::PreShared });
        };
        let method = derived.child(&["keyderivationmethod"]);
        let algorithm =
            required(method.map(|method| method.attribute("algorithm")), "derivation of the key")?;
        if !algorithm.to_ascii_lowercase().ends_with("pbkdf2") {
            return Err(Error::unsupported("the key comes from the passphrase in a way that is not known"));
        }
        Pbkdf2::read(method.and_then(|method| method.child(&["pbkdf2-params"]))).map(Self::Passphrase)
    }
}

impl Pbkdf2 {
    fn read(params: Option<&Element>) -> Result<Self, Error> {
        let text = |path: &[&str]| params.and_then(|params| params.at(path)).map(Element::text);
        let salt = base64(&required(text(&["salt", "specified"]), "salt")?);
        let iterations = required(text(&["iterationcount"]), "number of iterations")?.parse().ok();
        let length = required(text(&["keylength"]), "length of the key")?.parse().ok();
        let prf = params.and_then(|params| params.child(&["prf"]));
        // python-pskc writes the name as text.
        let prf = prf.map_or("", |prf| {
            if prf.attribute("algorithm").is_empty() { prf.text() } else { prf.attribute("algorithm") }
        });
        let prf = if prf.is_empty() { Some(Prf::Sha1) } else { hash(prf) };
        let prf = prf.ok_or_else(|| {
            Error::unsupported("the key comes from the passphrase with a hash that is not known")
        })?;
        Self::checked(prf, salt, iterations, length)
    }

    /// Puts the parts together, when each could be read and they can make a key.
    pub(super) fn checked(
        prf: Prf,
        salt: Option<Vec<u8>>,
        iterations: Option<u32>,
        length: Option<usize>,
    ) -> Result<Self, Error> {
        let length = length.filter(|length| matches!(length, 16 | 24 | 32));
        match (salt, iterations.filter(|iterations| *iterations > 0), length) {
            (Some(salt), Some(iterations), Some(length)) => Ok(Self { prf, salt, iterations, length }),
            _ => Err(Error::malformed("the derivation of the key is described in a way that makes no key")),
        }
    }

    fn derive(&self, password: &SecretText, limits: &Limits) -> Result<Zeroizing<Vec<u8>>, Error> {
        let mut key = Zeroizing::new(vec![0; self.length]);
        let password = password.expose().as_bytes();
        pbkdf2_into(self.prf, password, &self.salt, self.iterations, limits, &mut key)?;
        Ok(key)
    }
}

fn hexadecimal(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let letters: Zeroizing<String> = Zeroizing::new(text.chars().filter(|c| !c.is_whitespace()).collect());
    let key = Zeroizing::new(HEXLOWER_PERMISSIVE.decode(letters.as_bytes()).ok()?);
    matches!(key.len(), 16 | 24 | 32).then_some(key)
}

/// The hash under an HMAC: `http://www.w3.org/2000/09/xmldsig#hmac-sha1`, `HMAC-SHA256`.
fn hash(identifier: &str) -> Option<Prf> {
    let identifier = identifier.trim().to_ascii_lowercase();
    let name = identifier.rsplit('#').next()?.replace('-', "");
    match name.strip_prefix("hmac")? {
        "sha1" => Some(Prf::Sha1),
        "sha224" => Some(Prf::Sha224),
        "sha256" => Some(Prf::Sha256),
        "sha384" => Some(Prf::Sha384),
        "sha512" => Some(Prf::Sha512),
        _ => None,
    }
}

/// What opens values.
pub(super) struct Opener {
    key: Zeroizing<Vec<u8>>,
    mac: Option<(Prf, Zeroizing<Vec<u8>>)>,
}

/// An opened value.
pub(super) struct Opened {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    /// Something beside the padding proves key and content.
    pub(super) is_proven: bool,
}

/// Why a value does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Its padding, checksum or MAC is wrong: another key, or damage.
    Wrong,
    /// It has no MAC although the file has them, or one although the file says no algorithm: someone took it away.
    MacMissing,
    /// Its cipher is not known.
    Cipher,
}

impl Opener {
    /// Opens a value.
    pub(super) fn open(&self, sealed: &Sealed<'_>) -> Result<Opened, Failure> {
        let scheme = Scheme::parse(sealed.algorithm).ok_or(Failure::Cipher)?;
        let open = || scheme.open(&self.key, sealed.iv, &sealed.content).ok_or(Failure::Wrong);
        match (&self.mac, &sealed.mac) {
            (Some((hash, key)), Some(mac)) => {
                let is_of = |bytes: &[u8]| verify(*hash, key, bytes, mac);
                if is_of(&sealed.content) {
                    return Ok(Opened { bytes: open()?, is_proven: true });
                }
                // Some of the drafts made it of what is encrypted.
                let bytes = open()?;
                if is_of(&bytes) { Ok(Opened { bytes, is_proven: true }) } else { Err(Failure::Wrong) }
            }
            (None, Some(_)) => Err(Failure::MacMissing),
            (Some(_), None) if !scheme.is_wrap => Err(Failure::MacMissing),
            (_, None) => Ok(Opened { bytes: open()?, is_proven: scheme.is_wrap }),
        }
    }
}

fn verify(hash: Prf, key: &[u8], bytes: &[u8], mac: &[u8]) -> bool {
    match hash {
        Prf::Sha1 => {
            Hmac::<Sha1>::new_from_slice(key).is_ok_and(|h| h.chain_update(bytes).verify_slice(mac).is_ok())
        }
        Prf::Sha224 => {
            Hmac::<Sha224>::new_from_slice(key).is_ok_and(|h| h.chain_update(bytes).verify_slice(mac).is_ok())
        }
        Prf::Sha256 => {
            Hmac::<Sha256>::new_from_slice(key).is_ok_and(|h| h.chain_update(bytes).verify_slice(mac).is_ok())
        }
        Prf::Sha384 => {
            Hmac::<Sha384>::new_from_slice(key).is_ok_and(|h| h.chain_update(bytes).verify_slice(mac).is_ok())
        }
        Prf::Sha512 => {
            Hmac::<Sha512>::new_from_slice(key).is_ok_and(|h| h.chain_update(bytes).verify_slice(mac).is_ok())
        }
    }
}
