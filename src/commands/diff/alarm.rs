//! Signs that a new backup must not replace the old one.

use jiff::Timestamp;
use otpferry_formats::model::compare::Comparison;
use otpferry_formats::report::Item;

use crate::show;
use crate::side::Side;

/// A backup that is blank, that lacks most of the accounts, or that is the older one of the two.
pub(super) fn alarms(old: &Side, new: &Side, comparison: &Comparison) -> Vec<Item> {
    let missing = comparison.removed.iter().filter(|single| single.twin.is_none()).count();
    let all = old.accounts.len();
    let mut alarms = Vec::new();
    if new.accounts.is_empty() && all > 0 {
        let message = format!(
            "the new backup holds no accounts, the old one {}; do not let it replace the old one",
            show::count(all, "account")
        );
        alarms.push(Item::new("blank-backup", message).next_step(
            "Keep the old one in a safe place, and look whether the accounts are still on the phone",
        ));
    } else if missing > all / 2 {
        let message = format!("{missing} of {} are not in the new backup", show::count(all, "account"));
        alarms.push(Item::new("most-are-missing", message).next_step("Keep the old one until you know why"));
    }
    let swapped = "Check that the two are not swapped, and that the new one is not an older backup";
    if let Some((was, is)) = earlier(old.created, new.created) {
        let message = format!("the new backup was made at {is}, before the old one ({was})");
        alarms.push(Item::new("made-earlier", message).next_step(swapped));
    }
    if let Some((was, is)) = earlier(old.newest, new.newest) {
        let message = format!("the newest entry of the new backup is of {is}, that of the old one of {was}");
        alarms.push(Item::new("older-entries", message).next_step(swapped));
    }
    alarms
}

fn earlier(old: Option<Timestamp>, new: Option<Timestamp>) -> Option<(Timestamp, Timestamp)> {
    old.zip(new).filter(|(old, new)| new < old)
}
