//! What a backup says about itself, which is never encrypted: `Manifest.plist`, `Info.plist` and `Status.plist`.

use jiff::Timestamp;

use super::keybag::KeyBag;
use super::{AGAIN, MAX_MANIFEST};
use crate::container::plist::Value;
use crate::error::Error;
use crate::source::{Bytes, Folder};

/// The two files that may be missing.
pub(super) const INFO: &str = "Info.plist";
pub(super) const STATUS: &str = "Status.plist";

/// `Manifest.plist`, as far as it is needed.
pub(super) struct Manifest {
    pub(super) is_encrypted: bool,
    pub(super) made: Option<Timestamp>,
    device: String,
    ios: String,
    model: String,
    /// The key of `Manifest.db`, wrapped, and the class of the key that opens it.
    pub(super) database_key: Option<WrappedKey>,
    key_bag: Option<Vec<u8>>,
    apps: Vec<String>,
}

/// A key as a backup keeps it: four bytes of class, then the wrapped key.
pub(super) struct WrappedKey {
    pub(super) class: u32,
    pub(super) key: Vec<u8>,
}

impl WrappedKey {
    /// Cuts it up; classes are little-endian here, other than in the key bag.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (class, key) = bytes.split_first_chunk()?;
        Some(Self { class: u32::from_le_bytes(*class), key: key.to_vec() })
    }
}

/// The device and the state of its backup, for people.
pub(super) struct Device {
    pub(super) name: String,
    pub(super) ios: String,
    pub(super) made: Option<Timestamp>,
    /// Bundle ids of installed apps.
    pub(super) apps: Vec<String>,
    /// Whether the backup came to its end, where that is known.
    pub(super) is_finished: Option<bool>,
    /// Whether it is an iPad.
    pub(super) is_tablet: bool,
}

/// Whether a property list is `Manifest.plist` of a backup.
pub(super) fn is_manifest(list: &Value<'_>) -> bool {
    list.get("BackupKeyBag").is_some()
        || (list.get("IsEncrypted").is_some() && list.get("Lockdown").is_some())
}

impl Manifest {
    /// # Errors
    /// `Malformed`; `Limit`.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.size() > MAX_MANIFEST {
            return Err(Error::limit("Manifest.plist is larger than any real one", "bytes"));
        }
        let list = Value::read(bytes)
            .filter(is_manifest)
            .ok_or_else(|| Error::malformed("Manifest.plist is damaged").next_step(AGAIN))?;
        let of_phone = |name: &str| {
            let text = list.get("Lockdown").and_then(|lockdown| lockdown.get(name)?.text());
            text.unwrap_or_default().to_owned()
        };
        Ok(Self {
            // Only an encrypted backup has a key for its list.
            is_encrypted: matches!(list.get("IsEncrypted"), Some(Value::Boolean(true) | Value::Integer(1)))
                || list.get("ManifestKey").is_some(),
            made: list.get("Date").and_then(Value::date),
            device: of_phone("DeviceName"),
            ios: of_phone("ProductVersion"),
            model: of_phone("ProductType"),
            database_key: list.get("ManifestKey").and_then(Value::data).and_then(WrappedKey::read),
            key_bag: list.get("BackupKeyBag").and_then(Value::data).map(<[u8]>::to_vec),
            apps: list.get("Applications").into_iter().flat_map(Value::keys).map(str::to_owned).collect(),
        })
    }

    /// The keys, still closed.
    ///
    /// # Errors
    /// `Malformed` when there are none; as [`KeyBag::read`].
    pub(super) fn key_bag(&self) -> Result<KeyBag, Error> {
        let bag = self.key_bag.as_deref().ok_or_else(|| {
            Error::malformed("Manifest.plist has no keys").next_step("Make a new backup of the phone")
        })?;
        KeyBag::read(bag)
    }

    /// What is known of the phone, also from the two files that may be missing.
    ///
    pub(super) fn device(&self, folder: &dyn Folder) -> Device {
        let (info, status) = (list_in(folder, INFO), list_in(folder, STATUS));
        let (info, status) = (info.as_deref().and_then(Value::read), status.as_deref().and_then(Value::read));
        let of_info = |name: &str| info.as_ref().and_then(|info| info.get(name));
        let text = |own: &str, name: &str| match own {
            "" => of_info(name).and_then(Value::text).unwrap_or_default().to_owned(),
            own => own.to_owned(),
        };
        let mut apps = self.apps.clone();
        let installed = of_info("Installed Applications").map_or(&[][..], Value::items);
        apps.extend(installed.iter().filter_map(Value::text).map(str::to_owned));
        apps.sort();
        apps.dedup();
        let state = status.as_ref().and_then(|status| status.get("SnapshotState")?.text());
        Device {
            name: text(&self.device, "Device Name"),
            ios: text(&self.ios, "Product Version"),
            made: self.made.or_else(|| of_info("Last Backup Date")?.date()),
            apps,
            is_finished: state.map(|state| state == "finished"),
            is_tablet: self.model.starts_with("iPad"),
        }
    }
}

/// A small file of the folder, when it is there and can be read: none of them is needed.
fn list_in(folder: &dyn Folder, name: &str) -> Option<Vec<u8>> {
    let file = folder.open(name).ok()??;
    file.read_all(MAX_MANIFEST).ok().map(|bytes| bytes.to_vec())
}
