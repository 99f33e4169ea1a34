//! Why a file in a backup was not read.

/// A reason, and what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Why {
    /// What is said of the file: `is damaged`.
    pub(super) message: &'static str,
    /// A sentence without a stop.
    pub(super) step: &'static str,
}

const COPY_AGAIN: &str = "Copy the backup again, or make a new one";
const BY_ITSELF: &str = "Copy it from the phone and name it by itself";
const UNPACK: &str = "Unpack the archive with another program, and give the folder";

impl Why {
    pub(super) const BACKUP: Self = Self::new("is a backup of its own", BY_ITSELF);
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

    const fn new(message: &'static str, step: &'static str) -> Self {
        Self { message, step }
    }
}
