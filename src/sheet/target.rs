//! What one app would make of the accounts of a sheet.

use otpferry_formats::model::Account;
use otpferry_formats::targets::{Found, Means};
use otpferry_formats::{Fit, Refusal};

use super::Packing;
use crate::way::{self, Way};

/// Leaves out what the app could not hold or would show wrong codes for, and says what is not known.
pub(super) fn judge(packing: Packing, fits: &mut [Fit], accounts: &[Account], target: Found) {
    let ways = Way::all(accounts, target);
    let own = means(packing).iter().find_map(|by| ways.iter().find(|way| way.route.by == *by));
    for (at, (account, fit)) in accounts.iter().zip(fits).enumerate() {
        if fit.refused.is_some() {
            continue;
        }
        match refusal(at, account, target, own, &ways) {
            Some(refusal) => *fit = Fit { refused: Some(refusal), ..Fit::default() },
            None => {
                let remarks = own.map(|way| way.remarks(at)).unwrap_or_default();
                fit.remarks.extend(remarks.into_iter().map(|remark| remark.message));
            }
        }
    }
}

/// The ways into an app that this sheet serves. Who cannot scan a single account types its key.
fn means(packing: Packing) -> &'static [Means] {
    match packing {
        Packing::Single => &[Means::Qr, Means::Manual],
        Packing::Migration { .. } => &[Means::MigrationQr],
    }
}

fn refusal(at: usize, account: &Account, target: Found, own: Option<&Way>, ways: &[Way]) -> Option<Refusal> {
    const CODE: &str = "target-cannot-hold";
    if way::has_own_key(target, account) {
        let (message, step) = (way::OWN_KEY.to_owned(), way::SIGN_IN_THERE.to_owned());
        return Some(Refusal { code: "per-device", message, next_step: step });
    }
    if let Some(message) = way::own_limit(target.target, account) {
        return Some(Refusal { code: CODE, message, next_step: way::STUCK.to_owned() });
    }
    let message = match own {
        Some(way) => way.obstacle(at, account)?,
        None => format!("{} takes no such QR codes", target.target.full_title()),
    };
    let next_step = match ways.iter().any(|other| other.obstacle(at, account).is_none()) {
        true => {
            format!("There is another way in: `otpferry plan FILE --target {}` says which", target.name())
        }
        false => way::STUCK.to_owned(),
    };
    Some(Refusal { code: CODE, message, next_step })
}
