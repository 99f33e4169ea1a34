//! The key bag: the keys of a backup's classes, each wrapped with a key that the backup password gives.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::AGAIN;
use crate::crypt::{Key, Prf, key_unwrap, pbkdf2};
use crate::ctx::Limits;
use crate::error::{Error, ErrorKind, Place};
use crate::model::{Protection, SecretText};

/// Most bytes of a bag, and most keys in it; real ones have about 1.5 KiB and eleven.
const MAX_BYTES: usize = 64 << 10;
const MAX_KEYS: usize = 64;
/// Most rounds of the two derivations; real ones have 10,000,000 and 10,000.
const MAX_OUTER: u32 = 20_000_000;
const MAX_INNER: u32 = 1_000_000;
/// The kind of bag that a backup has.
const BACKUP: u32 = 1;
/// Wrapped with the password alone. With the other bit, 1, a key of the phone is around the key as well.
const BY_PASSWORD: u32 = 2;

/// What is known of the keys without a password.
#[derive(Debug)]
pub(super) struct KeyBag {
    /// The first derivation; older backups have none.
    outer: Option<Derivation>,
    inner: Derivation,
    keys: Vec<ClosedKey>,
}

#[derive(Debug)]
struct Derivation {
    salt: Vec<u8>,
    rounds: u32,
}

#[derive(Debug, Default)]
struct ClosedKey {
    class: u32,
    wrap: u32,
    key: Vec<u8>,
}

/// The keys of the classes that the password opens.
pub(super) struct ClassKeys(BTreeMap<u32, Key>);

impl ClassKeys {
    /// A key that is wrapped with the key of a class; `None` when that is closed, or the key is damaged.
    pub(super) fn unwrap(&self, class: u32, wrapped: &[u8]) -> Option<Key> {
        to_key(&key_unwrap::<aes::Aes256>(self.0.get(&class)?.as_slice(), wrapped)?)
    }

    /// Whether the password opens this class.
    pub(super) fn has(&self, class: u32) -> bool {
        self.0.contains_key(&class)
    }
}

impl KeyBag {
    /// Reads a bag: tags of four letters, each with its length and value.
    ///
    /// # Errors
    /// `Malformed`; `Limit` for forged numbers of rounds.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_BYTES {
            return Err(too_much("the key bag is larger than any real one"));
        }
        let mut header = BTreeMap::new();
        let mut keys: Vec<ClosedKey> = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            let (tag, value, later) = entry(rest).ok_or_else(|| damaged(bytes.len(), rest.len()))?;
            rest = later;
            // The first UUID is that of the bag, each later one begins a key.
            match (tag, keys.last_mut()) {
                (b"UUID", _) if header.contains_key(b"UUID") => keys.push(ClosedKey::default()),
                (_, None) => drop(header.insert(tag, value)),
                (b"CLAS", Some(key)) => key.class = number(value).unwrap_or_default(),
                (b"WRAP", Some(key)) => key.wrap = number(value).unwrap_or_default(),
                (b"WPKY", Some(key)) => key.key = value.to_vec(),
                _ => {}
            }
            if keys.len() > MAX_KEYS {
                return Err(too_much("the key bag has more keys than any real one"));
            }
        }
        let of_header = |tag: &[u8; 4]| header.get(tag).copied();
        if of_header(b"TYPE").and_then(number) != Some(BACKUP) {
            return Err(Error::malformed("the keys are not those of a backup").next_step(AGAIN));
        }
        let derivation = |salt: &[u8; 4], rounds: &[u8; 4], most: u32| -> Result<Option<Derivation>, Error> {
            let Some((salt, rounds)) = of_header(salt).zip(of_header(rounds).and_then(number)) else {
                return Ok(None);
            };
            if rounds == 0 {
                return Err(damaged(bytes.len(), 0));
            }
            if rounds > most {
                return Err(too_much("the key bag asks for more work than any real one"));
            }
            Ok(Some(Derivation { salt: salt.to_vec(), rounds }))
        };
        let inner = derivation(b"SALT", b"ITER", MAX_INNER)?.ok_or_else(|| damaged(bytes.len(), 0))?;
        Ok(Self { outer: derivation(b"DPSL", b"DPIC", MAX_OUTER)?, inner, keys })
    }

    /// Opens the bag. `None` for a wrong password, which cannot be told from a damaged bag.
    ///
    /// # Errors
    /// `Limit` for more work than allowed.
    pub(super) fn open(&self, password: &SecretText, limits: &Limits) -> Result<Option<ClassKeys>, Error> {
        let password = password.expose().as_bytes();
        let first: Zeroizing<Vec<u8>> = match &self.outer {
            Some(Derivation { salt, rounds }) => {
                Zeroizing::new(pbkdf2::<32>(Prf::Sha256, password, salt, *rounds, limits)?.to_vec())
            }
            None => Zeroizing::new(password.to_vec()),
        };
        let key = pbkdf2::<32>(Prf::Sha1, &first, &self.inner.salt, self.inner.rounds, limits)?;
        let mut opened = BTreeMap::new();
        for wrapped in &self.keys {
            // Where the phone's key is around it too, what comes out is not the key of the class.
            if wrapped.wrap & BY_PASSWORD == 0 {
                continue;
            }
            let Some(class_key) =
                key_unwrap::<aes::Aes256>(key.as_slice(), &wrapped.key).and_then(|key| to_key(&key))
            else {
                return Ok(None);
            };
            if wrapped.wrap == BY_PASSWORD {
                opened.insert(wrapped.class, class_key);
            }
        }
        Ok((!opened.is_empty()).then_some(ClassKeys(opened)))
    }

    /// How the password becomes a key: the costly one of the two derivations.
    pub(super) fn protection(&self) -> Protection {
        let kdf = match &self.outer {
            Some(outer) => (Prf::Sha256, outer.rounds),
            None => (Prf::Sha1, self.inner.rounds),
        };
        Protection::new("AES-256", kdf)
    }
}

fn to_key(bytes: &[u8]) -> Option<Key> {
    bytes.try_into().ok().map(Zeroizing::new)
}

fn entry(bytes: &[u8]) -> Option<(&[u8; 4], &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first_chunk()?;
    let (length, rest) = rest.split_first_chunk()?;
    let (value, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    Some((tag, value, rest))
}

fn number(value: &[u8]) -> Option<u32> {
    value.try_into().ok().map(u32::from_be_bytes)
}

/// No option raises these limits: what is beyond them is forged or damaged.
fn too_much(message: &str) -> Error {
    Error::new(ErrorKind::Limit, message).next_step(AGAIN)
}

fn damaged(length: usize, left: usize) -> Error {
    Error::malformed("the keys of the backup are damaged")
        .at(Place::Byte(length.saturating_sub(left)))
        .next_step(AGAIN)
}

#[cfg(test)]
mod tests {
    use aes::cipher::{BlockCipherEncrypt, KeyInit};

    use super::*;

    fn tlv(tag: &[u8; 4], value: &[u8]) -> Vec<u8> {
        [tag.as_slice(), &u32::try_from(value.len()).unwrap().to_be_bytes(), value].concat()
    }

    fn word(tag: &[u8; 4], value: u32) -> Vec<u8> {
        tlv(tag, &value.to_be_bytes())
    }

    /// RFC 3394, section 2.2.1, by its words.
    fn wrap(key: &[u8; 32], content: &[u8]) -> Vec<u8> {
        let cipher = aes::Aes256::new(key.into());
        let mut check = [0xa6; 8];
        let mut halves: Vec<[u8; 8]> = content.chunks(8).map(|half| half.try_into().unwrap()).collect();
        let count = u64::try_from(halves.len()).unwrap();
        for round in 0..6 {
            for (at, half) in (1..).zip(halves.iter_mut()) {
                let mut block = [check, *half].concat();
                cipher.encrypt_block(block.as_mut_slice().try_into().unwrap());
                let step: u64 = count * round + at;
                check = (u64::from_be_bytes(block[..8].try_into().unwrap()) ^ step).to_be_bytes();
                half.copy_from_slice(&block[8..]);
            }
        }
        [check.to_vec(), halves.concat()].concat()
    }

    fn bag(outer: Option<u32>, inner: u32, keys: &[(u32, u32, Vec<u8>)]) -> Vec<u8> {
        let mut out = [word(b"VERS", 4), word(b"TYPE", 1), tlv(b"UUID", &[1; 16]), word(b"WRAP", 0)].concat();
        out.extend([tlv(b"SALT", b"inner"), word(b"ITER", inner)].concat());
        if let Some(outer) = outer {
            out.extend([word(b"DPIC", outer), tlv(b"DPSL", b"outer")].concat());
        }
        for (class, wrap, key) in keys {
            out.extend([tlv(b"UUID", &[2; 16]), word(b"CLAS", *class), word(b"WRAP", *wrap)].concat());
            out.extend([word(b"KTYP", 0), tlv(b"WPKY", key), tlv(b"PBKY", b"public")].concat());
        }
        out
    }

    /// PBKDF2 of the words above by Python's `hashlib.pbkdf2_hmac`.
    const KEK: &str = "010e8b38140fde47b2fabaa52d2119bb288a645d606942bc4b9ade3f20c9f9d8";
    const KEK_OLD: &str = "a3a8856b3742091b3238520d81353de7c1fda6e645960d07b162beed9b43bddf";

    fn kek(hex: &str) -> [u8; 32] {
        data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap().try_into().unwrap()
    }

    #[test]
    fn the_password_opens_what_is_not_bound_to_the_phone() {
        for (outer, hex) in [(Some(3), KEK), (None, KEK_OLD)] {
            let kek = kek(hex);
            let keys = [(6, 2, wrap(&kek, &[6; 32])), (9, 3, wrap(&kek, &[9; 32])), (10, 1, vec![7; 32])];
            let bag = KeyBag::read(&bag(outer, 2, &keys)).unwrap();
            let limits = Limits::default();
            let opened = bag.open(&SecretText::new("secret"), &limits).unwrap().unwrap();
            assert_eq!(opened.0.keys().copied().collect::<Vec<_>>(), [6]);
            assert!(opened.has(6) && !opened.has(9));
            assert_eq!(*opened.unwrap(6, &wrap(&[6; 32], &[5; 32])).unwrap(), [5; 32]);
            assert!(opened.unwrap(9, &wrap(&[9; 32], &[5; 32])).is_none());
            assert!(bag.open(&SecretText::new("Secret"), &limits).unwrap().is_none());
        }
    }

    #[test]
    fn one_damaged_key_is_a_wrong_password() {
        let kek = kek(KEK);
        let keys = [(6, 2, wrap(&kek, &[6; 32])), (9, 3, vec![0; 40])];
        let bag = KeyBag::read(&bag(Some(3), 2, &keys)).unwrap();
        assert!(bag.open(&SecretText::new("secret"), &Limits::default()).unwrap().is_none());
    }

    #[test]
    fn forged_bags() {
        let whole = bag(Some(3), 2, &[(6, 2, vec![0; 40])]);
        assert!(KeyBag::read(&whole).is_ok());
        let error = |bytes: &[u8]| KeyBag::read(bytes).unwrap_err().kind;
        use crate::ErrorKind::{Limit, Malformed};
        assert_eq!(error(&whole[..whole.len() - 1]), Malformed);
        assert_eq!(error(b""), Malformed);
        assert_eq!(error(&word(b"TYPE", 0)), Malformed);
        assert_eq!(error(&bag(Some(20_000_001), 2, &[])), Limit);
        assert_eq!(error(&bag(Some(0), 2, &[])), Malformed);
        assert_eq!(error(&bag(Some(3), 1_000_001, &[])), Limit);
        assert_eq!(error(&bag(None, 2, &vec![(1, 1, Vec::new()); 65])), Limit);
        assert_eq!(error(&vec![0; MAX_BYTES + 1]), Limit);
    }
}
