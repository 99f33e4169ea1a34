//! Pictures in a backup: those of the photo library, and those that are saved as files. All together they are larger
//! than memory: each is opened when somebody asks for it.

use std::fmt;

use zeroize::Zeroizing;

use super::files::{Entry, Located, Trouble};
use super::{PLACES, place};
use crate::error::Error;
use crate::source::Folder;

/// Where the photo library keeps what its owner took or saved; thumbnails and the like are elsewhere.
const LIBRARY: (&str, &str, &str) = ("CameraRollDomain", "Media/DCIM/", "Photos/");
/// What pictures are called. Films are none.
const ENDS: [&str; 9] = ["heic", "heif", "jpg", "jpeg", "png", "webp", "gif", "tif", "tiff"];
/// Most bytes of one picture.
const MAX_PICTURE: u64 = 256 << 20;

/// A picture in a backup, still closed.
#[derive(Clone, PartialEq, Eq)]
pub struct Photo {
    /// Where it is, as its user knows the place: `Photos/100APPLE/IMG_0001.HEIC`.
    pub path: String,
    located: Result<Located, Trouble>,
}

impl Photo {
    /// The picture, when that is one.
    pub(super) fn of(entry: &Entry) -> Option<Self> {
        let path = shown(&entry.domain, &entry.path)?;
        Some(Self { path, located: entry.located.clone() })
    }

    /// What is in it, from the folder of the backup.
    ///
    /// # Errors
    /// `Malformed` when it is damaged or missing; `Limit`; `Unreadable`.
    pub fn read(&self, folder: &dyn Folder) -> Result<Zeroizing<Vec<u8>>, Error> {
        let located = self.located.as_ref().map_err(|trouble| *trouble);
        located.and_then(|located| located.read(folder, MAX_PICTURE)).map_err(Error::from)
    }
}

impl fmt::Debug for Photo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Photo").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Whether a file is a picture of the phone's owner; those in the folders of apps are not.
pub(super) fn is_photo(domain: &str, path: &str) -> bool {
    shown(domain, path).is_some()
}

fn shown(domain: &str, path: &str) -> Option<String> {
    let end = path.rsplit_once('.').map_or("", |(_, end)| end);
    if !ENDS.iter().any(|picture| picture.eq_ignore_ascii_case(end)) {
        return None;
    }
    let (of, begin, name) = LIBRARY;
    if domain == of {
        return path.strip_prefix(begin).map(|rest| format!("{name}{rest}"));
    }
    place(domain, path).filter(|_| PLACES.iter().any(|(of, ..)| *of == domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_known_by_their_place() {
        let files = "AppDomainGroup-group.com.apple.FileProvider.LocalStorage";
        for (domain, path, wanted) in [
            ("CameraRollDomain", "Media/DCIM/100APPLE/IMG_0001.HEIC", Some("Photos/100APPLE/IMG_0001.HEIC")),
            ("CameraRollDomain", "Media/DCIM/100APPLE/IMG_0002.MOV", None),
            ("CameraRollDomain", "Media/PhotoData/Thumbnails/a.jpg", None),
            (files, "File Provider Storage/Codes/a.png", Some("On My iPhone/Codes/a.png")),
            ("HomeDomain", "Library/Mobile Documents/com~apple~CloudDocs/a.png", Some("iCloud Drive/a.png")),
            ("AppDomain-com.example", "Documents/a.png", None),
            ("HomeDomain", "Media/DCIM/a.png", None),
        ] {
            assert_eq!(shown(domain, path).as_deref(), wanted, "{domain} {path}");
        }
    }
}
