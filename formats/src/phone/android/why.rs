//! Why a file in a backup was not read.

/// A reason, and what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Why {
    /// What is said of the file: `is damaged`.
    pub(super) message: &'static str,
    /// A sentence without a stop.
    pub(super) step: &'static str,
    /// Whether its beginning was read.
    pub(super) is_partly_read: bool,
}

const COPY_AGAIN: &str = "Copy the backup again, or make a new one";
const BY_ITSELF: &str = "Copy it from the phone and name it by itself";
const UNPACK: &str = "Unpack the archive with another program, and give the folder";

impl Why {
    pub(super) const BACKUP: Self = Self::new("is a backup of its own", BY_ITSELF);
    pub(super) const ARCHIVE: Self = Self::new("is an archive of its own", BY_ITSELF);
    pub(super) const EARLIER: Self = Self::new("is of an earlier copy of it", COPY_AGAIN);
    pub(super) const TOO_LARGE: Self = Self::new("is too large", BY_ITSELF);
    pub(super) const CUT_OFF: Self = Self::new("is cut off", COPY_AGAIN);
    pub(super) const DAMAGED: Self = Self::new("is damaged", COPY_AGAIN);
    pub(super) const PASSWORD: Self = Self::new(
        "has a password in the zip archive",
        "Unpack the archive with its password, and give the folder",
    );
    pub(super) const PACKED: Self = Self::new("is packed in a way that is not known", UNPACK);
    pub(super) const LINK: Self = Self::new("is only a link to another file", UNPACK);
    pub(super) const SPARSE: Self = Self::new("is stored with its empty parts left out", UNPACK);

    pub(super) const ENCRYPTED: Self = Self::new(
        "is encrypted by the program that made it",
        "Restore the app with that program and export from it, or make the backup without encryption",
    );
    pub(super) const ALTERED: Self = Self::new("was altered or damaged on its way", COPY_AGAIN);
    pub(super) const ENDS: Self = Self::of_rest("is damaged or cut off", COPY_AGAIN);
    pub(super) const FOLLOWED: Self = Self::of_rest("goes on behind its end", BY_ITSELF);
    pub(super) const OVER_LIMIT: Self = Self::of_rest("is larger than the limits allow", BY_ITSELF);

    const fn new(message: &'static str, step: &'static str) -> Self {
        Self { message, step, is_partly_read: false }
    }

    const fn of_rest(message: &'static str, step: &'static str) -> Self {
        Self { message, step, is_partly_read: true }
    }
}
