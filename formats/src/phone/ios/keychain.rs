//! The keychain of a backup: `keychain-backup.plist`. Each item has a key of its own, wrapped with that of its class.

use std::collections::BTreeMap;

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::AGAIN;
use super::keybag::ClassKeys;
use super::shape::ItemShape;
use crate::container::plist::Value;
use crate::crypt::aes256_gcm_open_without_nonce;
use crate::error::Error;

/// Where it is.
pub(super) const DOMAIN: &str = "KeychainDomain";
pub(super) const PATH: &str = "keychain-backup.plist";

/// Most items, and most bytes of one.
const MAX_ITEMS: usize = 200_000;
const MAX_ITEM: usize = 1 << 20;
/// The version of an item that a password can open. Those before it are of iOS 4 and older; 4 has access control,
/// which no backup opens.
const VERSION: u32 = 3;
/// Generic passwords, and those of the web: certificates and keys are no accounts.
const KINDS: [&str; 2] = ["genp", "inet"];

/// An item that the password has opened, and that is not deleted. What an item does not have is empty.
#[derive(Default)]
pub(super) struct Item {
    /// What other files call it.
    pub(super) reference: Vec<u8>,
    /// Team and app, or a group of apps (`agrp`).
    pub(super) group: String,
    /// `svce`.
    pub(super) service: Zeroizing<String>,
    /// `acct`.
    pub(super) account: Zeroizing<String>,
    /// `labl`.
    pub(super) label: Zeroizing<String>,
    /// `desc`.
    pub(super) description: Zeroizing<String>,
    /// `icmt`.
    pub(super) comment: Zeroizing<String>,
    /// `gena`.
    pub(super) generic: Zeroizing<Vec<u8>>,
    /// `v_Data`.
    pub(super) secret: Zeroizing<Vec<u8>>,
    /// `mdat`.
    pub(super) modified: Option<Timestamp>,
    pub(super) shape: ItemShape,
}

/// The items of a keychain.
#[derive(Default)]
pub(super) struct Keychain {
    pub(super) items: Vec<Item>,
    /// Items that the password does not open, by class.
    pub(super) closed: BTreeMap<u32, usize>,
    /// Items of versions that cannot be opened.
    pub(super) unknown: usize,
    pub(super) damaged: usize,
}

/// What became of an item.
enum Outcome {
    Opened(Box<Item>),
    Deleted,
    Closed(u32),
    Unknown,
    Damaged,
}

impl Keychain {
    /// Opens what the keys open. One bad item sinks no other.
    ///
    /// # Errors
    /// `Malformed` when it is no keychain; `Limit`.
    pub(super) fn read(bytes: &[u8], keys: Option<&ClassKeys>) -> Result<Self, Error> {
        let damaged = || Error::malformed("the keychain in the backup is damaged").next_step(AGAIN);
        let list =
            Value::read(bytes).filter(|list| matches!(list, Value::Dictionary(_))).ok_or_else(damaged)?;
        let mut keychain = Self::default();
        for kind in KINDS {
            let items = match list.get(kind) {
                None => &[],
                Some(Value::Array(items)) => items.as_slice(),
                Some(_) => return Err(damaged()),
            };
            if items.len() > MAX_ITEMS {
                return Err(Error::limit("the keychain has more items than any real one", "accounts"));
            }
            for item in items {
                keychain.add(open(item, kind, keys));
            }
        }
        Ok(keychain)
    }

    fn add(&mut self, outcome: Outcome) {
        let more = |count: &mut usize| *count = count.saturating_add(1);
        match outcome {
            Outcome::Opened(item) => self.items.push(*item),
            Outcome::Deleted => {}
            Outcome::Closed(class) => more(self.closed.entry(class).or_default()),
            Outcome::Unknown => more(&mut self.unknown),
            Outcome::Damaged => more(&mut self.damaged),
        }
    }
}

fn open(item: &Value<'_>, kind: &'static str, keys: Option<&ClassKeys>) -> Outcome {
    let data = |name| item.get(name).and_then(Value::data);
    let Some(sealed) = data("v_Data").filter(|sealed| sealed.len() <= MAX_ITEM).and_then(Sealed::cut) else {
        return Outcome::Damaged;
    };
    if sealed.version != VERSION {
        return Outcome::Unknown;
    }
    let Some(keys) = keys.filter(|keys| keys.has(sealed.class)) else {
        return Outcome::Closed(sealed.class);
    };
    let opened = keys
        .unwrap(sealed.class, sealed.key)
        .and_then(|key| aes256_gcm_open_without_nonce(&key, sealed.content));
    let Some(opened) = opened else { return Outcome::Damaged };
    match Value::read_der(&opened).filter(|attributes| matches!(attributes, Value::Dictionary(_))) {
        Some(attributes) if is_set(attributes.get("tomb")) => Outcome::Deleted,
        Some(attributes) => {
            let reference = data("v_PersistentRef").unwrap_or_default().to_vec();
            Outcome::Opened(Box::new(Item::of(&attributes, kind, reference)))
        }
        None => Outcome::Damaged,
    }
}

fn is_set(value: Option<&Value<'_>>) -> bool {
    matches!(value, Some(Value::Integer(1) | Value::Boolean(true)))
}

/// An item as it is kept. Integers are little-endian.
struct Sealed<'a> {
    version: u32,
    class: u32,
    /// Wrapped with the key of the class.
    key: &'a [u8],
    content: &'a [u8],
}

impl<'a> Sealed<'a> {
    fn cut(bytes: &'a [u8]) -> Option<Self> {
        let number = |bytes: &'a [u8]| -> Option<(u32, &'a [u8])> {
            let (number, rest) = bytes.split_first_chunk()?;
            Some((u32::from_le_bytes(*number), rest))
        };
        let (version, rest) = number(bytes)?;
        let (class, rest) = number(rest)?;
        let (length, rest) = number(rest)?;
        let (key, content) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        Some(Self { version, class, key, content })
    }
}

impl Item {
    fn of(attributes: &Value<'_>, kind: &'static str, reference: Vec<u8>) -> Self {
        let bytes = |name: &str| -> Zeroizing<Vec<u8>> {
            let value = attributes.get(name);
            let bytes = value.and_then(|value| value.data().or(value.text().map(str::as_bytes)));
            Zeroizing::new(bytes.unwrap_or_default().to_vec())
        };
        let text = |name: &str| -> Zeroizing<String> {
            let text = String::from_utf8(bytes(name).to_vec());
            Zeroizing::new(text.unwrap_or_default())
        };
        Self {
            reference,
            group: text("agrp").to_string(),
            service: text("svce"),
            account: text("acct"),
            label: text("labl"),
            description: text("desc"),
            comment: text("icmt"),
            generic: bytes("gena"),
            secret: bytes("v_Data"),
            modified: attributes.get("mdat").and_then(Value::date),
            shape: ItemShape::of(attributes, kind),
        }
    }
}
