//! Backups of other tools that cannot be opened: naming them, with what to do.

use super::{nested, place};
use crate::error::Error;
use crate::format::Confidence;

/// How Titanium Backup begins an encrypted archive.
pub(super) const TITANIUM: &[u8] = b"TB_ARMOR_V1\n";
/// How a tar begins that is packed by bzip2, by Zstandard and by xz, and how its name ends.
const PACKED: [(&[u8], &str); 3] =
    [(b"BZh", ".tar.bz2"), (&[0x28, 0xB5, 0x2F, 0xFD], ".tar.zst"), (b"\xFD7zXZ\0", ".tar.xz")];

/// A file that only its tool opens, or that is packed in a way that is not read.
enum Closed {
    Titanium,
    Neo,
    Seedvault,
    Packed,
}

impl Closed {
    fn find(bytes: &[u8], name: Option<&str>) -> Option<Self> {
        let name = name.unwrap_or_default();
        let is_called = |end: &str| name.ends_with(end);
        if bytes.starts_with(TITANIUM) {
            Some(Self::Titanium)
        } else if [".tar.enc", ".tar.gz.enc", ".tar.zst.enc"].into_iter().any(is_called)
            && (nested::is_of_neo(name) || place::named_for(name).is_some())
        {
            Some(Self::Neo)
        } else if is_called(".SeedSnap") || name.split('/').any(|part| part == ".SeedVaultAndroidBackup") {
            Some(Self::Seedvault)
        } else if PACKED.into_iter().any(|(begin, end)| bytes.starts_with(begin) && is_called(end)) {
            Some(Self::Packed)
        } else {
            None
        }
    }

    /// What it is, and what to do.
    fn says(&self) -> (&'static str, &'static str) {
        match self {
            Self::Titanium => (
                "this is an encrypted backup of Titanium Backup, which is not read",
                "Restore the app with Titanium Backup and export from it, or make the backup without encryption",
            ),
            Self::Neo => (
                "this is an encrypted backup of Neo Backup, which is not read",
                "Restore the app with Neo Backup and export from it, or make the backup without encryption",
            ),
            Self::Seedvault => (
                "this is a part of a Seedvault backup, which only Seedvault opens",
                "Restore it on a phone with its 12 words, and export from each app",
            ),
            Self::Packed => (
                "the archive is packed in a way that is not read",
                "Unpack it with another program, and give the folder",
            ),
        }
    }
}

/// Whether it is one of them; where only the name says so, a format that knows the content comes first.
pub(super) fn recognise(bytes: &[u8], name: Option<&str>) -> Confidence {
    match Closed::find(bytes, name) {
        Some(Closed::Titanium) => Confidence::Sure,
        Some(_) => Confidence::Likely,
        None => Confidence::No,
    }
}

/// Why it is not read.
pub(super) fn refusal(bytes: &[u8], name: Option<&str>) -> Error {
    let Some((message, step)) = Closed::find(bytes, name).map(|closed| closed.says()) else {
        return Error::malformed("this is neither a backup of adb nor a tar or zip of an app's folder")
            .next_step("Give the .ab file, or a tar, tar.gz or zip of the folder in /data/data");
    };
    Error::unsupported(message).next_step(step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn closed_backups_are_named() {
        for (bytes, name, confidence, what) in [
            (b"TB_ARMOR_V1\nx".as_slice(), None, Confidence::Sure, "Titanium"),
            (b"\x07\x13", Some("com.authy.authy/data.tar.gz.enc"), Confidence::Likely, "Neo"),
            (b"\x07\x13", Some("com.a/2024-05-01-user_0/data.tar.gz.enc"), Confidence::Likely, "Neo"),
            (b"\x00", Some("1700000000000.SeedSnap"), Confidence::Likely, "Seedvault"),
            (b"BZh91AY", Some("com.authy.authy-20240501-101010.tar.bz2"), Confidence::Likely, "packed"),
            (b"\x28\xB5\x2F\xFD", Some("data.tar.zst"), Confidence::Likely, "packed"),
            (b"\xFD7zXZ\0\0", Some("phone.tar.xz"), Confidence::Likely, "packed"),
        ] {
            assert_eq!(recognise(bytes, name), confidence, "{what}");
            let error = refusal(bytes, name);
            assert!(error.kind == ErrorKind::Unsupported && error.message.contains(what), "{what}");
        }
        for other in ["film.bz2", "photos.tar.gz.enc", "data.tar.gz.enc", "2024-user_0/photos.tar.gz.enc"] {
            assert_eq!(recognise(b"BZh91AY", Some(other)), Confidence::No, "{other}");
        }
        assert_eq!(refusal(b"", None).kind, ErrorKind::Malformed);
    }
}
