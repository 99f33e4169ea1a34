//! Backups that are too old to rely on.

use jiff::Timestamp;
use otpferry_formats::report::Item;

use crate::cli::MaxAge;
use crate::intake::File;

/// Says that a backup, or its newest entry where it does not say when it was made, is older than wanted.
/// A file without any time cannot be judged, and that is said as well.
pub(crate) fn stale(file: &File, max_age: MaxAge, now: Timestamp) -> Option<Item> {
    let vault = &file.vault;
    let item = match (vault.created, vault.newest()) {
        (Some(made), _) if max_age.is_exceeded(made, now) => {
            Item::new("stale-backup", format!("it was made at {made}, more than {max_age} ago"))
        }
        (None, Some(newest)) if max_age.is_exceeded(newest, now) => {
            Item::new("stale-backup", format!("its newest entry is of {newest}, more than {max_age} ago"))
        }
        (None, None) => Item::new("unknown-age", "it does not say when it was made"),
        _ => return None,
    };
    let mut item =
        item.next_step("Make a new backup on the old phone, and compare the two with `otpferry diff`");
    item.file.clone_from(&file.name);
    Some(item)
}
