//! Backups of whole phones: not the file of one app, but what all apps have left in them.

mod android;
mod ios;
mod survey;

pub(crate) use android::AndroidBackup;
pub use android::ID as ANDROID_BACKUP;
pub use android::{android_app, android_app_left, is_android_app_data, is_android_archive};
pub(crate) use ios::IosBackup;
pub use ios::{
    AttributeShape, ID as IOS_BACKUP, IosArchive, ItemShape, MANIFEST as IOS_MANIFEST,
    MAX_MANIFEST as MAX_IOS_MANIFEST, Photo, ios_backup, is_ios_archive, is_ios_backup, is_of_ios_backup,
    manifest_in,
};
pub use survey::{App, Group, Hope, Keychain, LEFT_ON_PHONE, Survey};

use zeroize::Zeroizing;

use crate::format::Confidence;
use crate::probe::Probe;
use crate::registry;

/// A file inside a backup that is read like one of its own, with passwords of its own.
#[derive(Clone, PartialEq, Eq)]
pub struct Enclosed {
    /// Where it is, as its user knows the place: `On My iPhone/backup.json`.
    pub path: String,
    /// What is in it.
    pub bytes: Zeroizing<Vec<u8>>,
    /// Of a database: its write-ahead log.
    pub wal: Option<Zeroizing<Vec<u8>>>,
}

impl std::fmt::Debug for Enclosed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Enclosed").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Whether a file is worth opening: apps and people name their exports like this.
fn may_be_export(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    extension.is_some_and(|extension| {
        let known = registry::ALL.iter().flat_map(|format| format.info().extensions);
        known.into_iter().any(|known| known.eq_ignore_ascii_case(extension))
    })
}

/// Whether some format knows the bytes: a file like any other is passed over without a word.
fn is_known(path: &str, bytes: &[u8]) -> bool {
    is_claimed(&Probe::new(bytes, Some(path)))
}

/// The same of a file with what lies beside it. A backup in a backup is told without inflating it: there can be very many.
fn is_claimed(probe: &Probe<'_>) -> bool {
    registry::ALL.iter().any(|format| match format.info().id {
        android::ID => android::is_evident(probe),
        _ => format.detect(probe) > Confidence::Weak,
    })
}
