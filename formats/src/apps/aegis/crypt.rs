//! The slots that hold the master key, and the content under it.

use data_encoding::{BASE64, HEXLOWER, HEXLOWER_PERMISSIVE};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::crypt::{Key, ScryptCost, TAG, aes256_gcm_open, aes256_gcm_seal, scrypt};
use crate::ctx::{Ctx, Limits};
use crate::error::{Error, ErrorKind, Place};
use crate::model::{Number, Protection, SecretText};
use crate::text::json;

/// The type of a slot that a password opens; 0 is a raw key, 2 is bound to the phone's key store.
const PASSWORD_SLOT: u8 = 1;
/// What the app writes: 32 MiB, a fraction of a second.
const COST: ScryptCost = ScryptCost { n: 32_768, r: 8, p: 1 };
/// Size of a block of SHA-256: HMAC pads shorter keys with zero bytes itself.
const HMAC_BLOCK: usize = 64;

/// Nonce and tag of AES-256-GCM in hexadecimal, as the file states them.
#[derive(Default, Deserialize, Serialize)]
pub(super) struct Params {
    #[serde(default)]
    nonce: String,
    #[serde(default)]
    tag: String,
}

/// A slot as the file states it.
#[derive(Deserialize)]
struct Slot {
    #[serde(rename = "type", default)]
    kind: Number,
    #[serde(default)]
    key: String,
    key_params: Option<Params>,
    #[serde(default)]
    n: Number,
    #[serde(default)]
    r: Number,
    #[serde(default)]
    p: Number,
    #[serde(default)]
    salt: String,
    repaired: Option<bool>,
}

/// The encrypted content with everything that belongs to it, checked as far as is possible
/// without a password.
pub(super) struct Sealed {
    slots: Vec<PasswordSlot>,
    nonce: [u8; 12],
    /// Ciphertext and tag.
    content: Vec<u8>,
}

impl Sealed {
    pub(super) fn new(slots: &[&RawValue], params: &Params, content: &str) -> Result<Self, Error> {
        let slots = password_slots(slots)?;
        let nonce = from_hex(&params.nonce, "/header/params/nonce")?;
        let tag: [u8; TAG] = from_hex(&params.tag, "/header/params/tag")?;
        let mut content = BASE64
            .decode(content.as_bytes())
            .map_err(|_| json::damaged("/db", "the encrypted content is not Base64"))?;
        content.extend(tag);
        Ok(Self { slots, nonce, content })
    }

    /// Tries passwords until one opens a slot, and opens the content with the key in it.
    pub(super) fn open(&self, ctx: &mut Ctx<'_>) -> Result<Zeroizing<Vec<u8>>, Error> {
        let key = ctx.unlock(&super::INFO, |password, limits| self.master_key(password, limits))?;
        // The slot has proved the password with a tag of its own, so a failure here is damage.
        aes256_gcm_open(&key, &self.nonce, &self.content)
            .ok_or_else(|| json::damaged("/db", "the encrypted content does not match its checksum"))
    }

    /// A guesser tries the slot that costs least.
    pub(super) fn protection(&self) -> Protection {
        let cheapest = self.slots.iter().map(|slot| slot.cost).min_by_key(|cost| work(*cost));
        Protection::new("AES-256-GCM", cheapest.unwrap_or(COST))
    }

    fn master_key(&self, password: &SecretText, limits: &Limits) -> Result<Option<Key>, Error> {
        self.check_work(limits)?;
        for slot in &self.slots {
            if let Some(key) = slot.open(password, limits)? {
                return Ok(Some(key));
            }
        }
        Ok(None)
    }

    /// The cost of one slot is bounded by the derivation itself; that of many is bounded here.
    fn check_work(&self, limits: &Limits) -> Result<(), Error> {
        let works = self.slots.iter().map(|slot| work(slot.cost));
        let work = works.fold(0, u64::saturating_add);
        if work <= limits.kdf_work {
            return Ok(());
        }
        Err(Error::limit(format!("its key derivations ask for {work} steps"), "kdf-work")
            .at(Place::Json("/header/slots".to_owned())))
    }
}

fn work(cost: ScryptCost) -> u64 {
    let ScryptCost { n, r, p } = cost;
    n.saturating_mul(u64::from(r)).saturating_mul(u64::from(p))
}

/// The slots of type 1, in order.
fn password_slots(raw: &[&RawValue]) -> Result<Vec<PasswordSlot>, Error> {
    let mut slots = Vec::new();
    for (index, raw) in raw.iter().enumerate() {
        let pointer = format!("/header/slots/{index}");
        let slot: Slot =
            json::entry(raw).ok_or_else(|| json::damaged(&pointer, "the slot has an unexpected shape"))?;
        if slot.kind == Number::Of(PASSWORD_SLOT.into()) {
            slots.push(PasswordSlot::new(&slot, pointer)?);
        }
    }
    if slots.is_empty() {
        return Err(Error::unsupported("no password opens this file, its key is kept inside the phone")
            .at(Place::Json("/header/slots".to_owned()))
            .next_step("In Aegis, set a password and make an export that is encrypted with it"));
    }
    Ok(slots)
}

/// A slot that a password opens.
struct PasswordSlot {
    pointer: String,
    cost: ScryptCost,
    salt: [u8; 32],
    nonce: [u8; 12],
    /// The wrapped key and its tag.
    wrapped: Vec<u8>,
    repaired: bool,
}

impl PasswordSlot {
    fn new(slot: &Slot, pointer: String) -> Result<Self, Error> {
        let under = |field: &str| format!("{pointer}/{field}");
        let params = slot
            .key_params
            .as_ref()
            .ok_or_else(|| json::damaged(&under("key_params"), "the slot lacks its parameters"))?;
        let key: [u8; 32] = from_hex(&slot.key, &under("key"))?;
        let tag: [u8; TAG] = from_hex(&params.tag, &under("key_params/tag"))?;
        Ok(Self {
            cost: ScryptCost {
                n: cost(slot.n, &under("n"))?,
                r: cost(slot.r, &under("r"))?,
                p: cost(slot.p, &under("p"))?,
            },
            salt: from_hex(&slot.salt, &under("salt"))?,
            nonce: from_hex(&params.nonce, &under("key_params/nonce"))?,
            wrapped: [key.as_slice(), tag.as_slice()].concat(),
            repaired: slot.repaired.unwrap_or(false),
            pointer,
        })
    }

    /// The master key; `None` when the password is not this slot's.
    fn open(&self, password: &SecretText, limits: &Limits) -> Result<Option<Key>, Error> {
        let bytes = password.expose().as_bytes();
        if let Some(key) = self.unwrap_key(bytes, limits)? {
            return Ok(Some(key));
        }
        for length in self.old_lengths(password.expose()) {
            let mut padded = Zeroizing::new(vec![0; length]);
            padded.iter_mut().zip(bytes).for_each(|(slot, byte)| *slot = *byte);
            if let Some(key) = self.unwrap_key(&padded, limits)? {
                return Ok(Some(key));
            }
        }
        Ok(None)
    }

    fn unwrap_key(&self, password: &[u8], limits: &Limits) -> Result<Option<Key>, Error> {
        let key = scrypt(password, &self.salt, self.cost, limits).map_err(|error| match error.kind {
            ErrorKind::Malformed => json::damaged(&self.pointer, &error.message),
            _ => error.at(Place::Json(self.pointer.clone())),
        })?;
        let Some(master) = aes256_gcm_open(&key, &self.nonce, &self.wrapped) else {
            return Ok(None);
        };
        let mut key = Key::default();
        key.iter_mut().zip(master.iter()).for_each(|(slot, byte)| *slot = *byte);
        Ok(Some(key))
    }

    /// Lengths to pad the password to for a slot of an early version, whose key came from the
    /// whole buffer of the UTF-8 encoder: the text and unused zero bytes. The buffer has 2 or 1.1
    /// bytes for each UTF-16 unit, depending on the Java runtime. Shorter ones give the same key
    /// without padding. Source: the app's `PasswordSlotDecryptTask` and `CryptoUtils.toBytesOld`.
    fn old_lengths(&self, password: &str) -> impl Iterator<Item = usize> + use<> {
        let units = password.encode_utf16().count();
        let lengths = [units.saturating_mul(2), units.saturating_mul(11) / 10];
        let (repaired, shortest) = (self.repaired, password.len().max(HMAC_BLOCK));
        lengths.into_iter().filter(move |length| !repaired && *length > shortest)
    }
}

/// A cost parameter of scrypt. Its range is checked where it is used.
fn cost<T: TryFrom<i128>>(number: Number, pointer: &str) -> Result<T, Error> {
    match number {
        Number::Of(number) => T::try_from(number).ok(),
        Number::Absent | Number::Invalid => None,
    }
    .ok_or_else(|| json::damaged(pointer, "the scrypt parameter is not a valid number"))
}

fn from_hex<const N: usize>(text: &str, pointer: &str) -> Result<[u8; N], Error> {
    let bytes = HEXLOWER_PERMISSIVE
        .decode(text.as_bytes())
        .map_err(|_| json::damaged(pointer, "the value is not hexadecimal"))?;
    <[u8; N]>::try_from(bytes)
        .map_err(|_| json::damaged(pointer, &format!("the value does not have the expected {N} bytes")))
}

/// The header of an encrypted file, as it is written.
#[derive(Serialize)]
pub(super) struct NewHeader {
    slots: [NewSlot; 1],
    params: Params,
}

#[derive(Serialize)]
struct NewSlot {
    #[serde(rename = "type")]
    kind: u8,
    uuid: String,
    key: String,
    key_params: Params,
    n: u64,
    r: u32,
    p: u32,
    salt: String,
    repaired: bool,
    is_backup: bool,
}

/// Encrypts a content under a new master key in one password slot: header and Base64 of `db`.
pub(super) fn seal(
    content: &[u8],
    password: &SecretText,
    ctx: &mut Ctx<'_>,
) -> Result<(NewHeader, String), Error> {
    let master = Key::new(ctx.random()?);
    let salt: [u8; 32] = ctx.random()?;
    let key = scrypt(password.expose().as_bytes(), &salt, COST, ctx.limits)?;
    let (wrapped, key_params) = seal_with(&key, master.as_slice(), ctx)?;
    let (content, params) = seal_with(&master, content, ctx)?;
    let slot = NewSlot {
        kind: PASSWORD_SLOT,
        uuid: ctx.uuid()?,
        key: HEXLOWER.encode(&wrapped),
        key_params,
        n: COST.n,
        r: COST.r,
        p: COST.p,
        salt: HEXLOWER.encode(&salt),
        repaired: true,
        is_backup: false,
    };
    Ok((NewHeader { slots: [slot], params }, BASE64.encode(&content)))
}

/// The ciphertext, and its nonce and tag apart, as the format wants them.
fn seal_with(key: &Key, message: &[u8], ctx: &mut Ctx<'_>) -> Result<(Vec<u8>, Params), Error> {
    let nonce = ctx.random()?;
    let mut sealed = aes256_gcm_seal(key, &nonce, message)
        .ok_or_else(|| Error::new(ErrorKind::Internal, "the content is too long to be encrypted"))?;
    let tag = sealed.split_off(sealed.len().saturating_sub(TAG));
    Ok((sealed, Params { nonce: HEXLOWER.encode(&nonce), tag: HEXLOWER.encode(&tag) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(repaired: bool) -> PasswordSlot {
        PasswordSlot {
            pointer: String::new(),
            cost: COST,
            salt: [0; 32],
            nonce: [0; 12],
            wrapped: Vec::new(),
            repaired,
        }
    }

    #[test]
    fn old_slots_are_tried_with_padding_that_changes_the_key() {
        let lengths = |repaired, text: &str| slot(repaired).old_lengths(text).collect::<Vec<_>>();
        assert_eq!(lengths(false, &"a".repeat(40)), [80]);
        assert_eq!(lengths(false, &"a".repeat(60)), [120, 66]);
        assert!(lengths(false, &"a".repeat(32)).is_empty());
        // Forty letters of two bytes: the padded length must be over the 80 bytes of the text.
        assert!(lengths(false, &"ä".repeat(40)).is_empty());
        assert!(lengths(true, &"a".repeat(60)).is_empty());
    }

    #[test]
    fn hexadecimal_of_a_fixed_length() {
        assert_eq!(from_hex::<2>("0aFF", "/x").unwrap(), [10, 255]);
        for text in ["", "0a", "0aff0", "0aff00", "0agg"] {
            let error = from_hex::<2>(text, "/x").unwrap_err();
            assert_eq!((error.kind, error.at), (ErrorKind::Malformed, Some(Place::Json("/x".to_owned()))));
        }
    }
}
