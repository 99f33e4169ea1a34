//! What the owner of the accounts should know about them.

use std::collections::HashMap;

use otpferry_formats::model::{Account, Algorithm, Fingerprint, Kind, Strength};
use otpferry_formats::report::Item;
use otpferry_formats::targets::{Found, Remark, Verdict};

use super::TargetOutput;
use crate::intake::File;
use crate::plan;
use crate::show;
use crate::way;

/// Fewest bytes of a secret that RFC 4226, section 4 (R6), asks for.
const MIN_SECRET: usize = 16;
/// Secrets of fewer bytes can be guessed from a few codes with hardware that can be rented.
const WEAK_SECRET: usize = 10;

/// What is to be known about one file.
pub(super) fn of(file: &File) -> Vec<Item> {
    let mut risks = Vec::new();
    let has_secrets = file.vault.accounts.iter().any(|account| account.otp().is_some());
    if has_secrets && !file.is_encrypted() {
        let item = Item::new("plain-file", "the file holds the secrets without protection")
            .next_step("Keep an encrypted copy instead and delete this one");
        risks.push(item);
    }
    let weak = file.vault.protection.filter(|protection| protection.strength() == Strength::Weak);
    if weak.is_some() && !file.sealed.is_age() {
        let message = "its encryption is weak: whoever has the file can try out short passwords quickly";
        risks.push(Item::new("weak-encryption", message).next_step(
            "Take a long password for it, or keep a copy that is encrypted with age or in a stronger form",
        ));
    }
    let accounts = || file.vault.accounts.iter();
    risks.extend(accounts().filter_map(short_secret));
    risks.extend(accounts().filter_map(uncommon_algorithm));
    risks
}

fn short_secret(account: &Account) -> Option<Item> {
    let bytes = account.otp()?.secret().expose().len();
    if bytes < WEAK_SECRET {
        let message = "WEAK: the secret has fewer than 80 bits and can be guessed from a few codes; set it up anew at its service";
        return Some(Item::about(account, "weak-secret", message));
    }
    (bytes < MIN_SECRET).then(|| {
        let message = "the secret is shorter than the 128 bits that RFC 4226 asks for; it moves all the same";
        Item::about(account, "short-secret", message)
    })
}

fn uncommon_algorithm(account: &Account) -> Option<Item> {
    let otp = account.otp()?;
    (otp.algorithm() == Algorithm::Md5 && otp.kind() != Kind::Motp).then(|| {
        let message = "the codes are made with MD5, which most apps do not know";
        Item::about(account, "uncommon-algorithm", message)
    })
}

/// Accounts that show the same codes as an earlier one, in one file or several.
pub(super) fn duplicates(accounts: &[&Account]) -> Vec<Item> {
    let mut seen: HashMap<Fingerprint, &Account> = HashMap::new();
    let mut duplicates = Vec::new();
    for account in accounts.iter().filter(|account| account.otp().is_some()) {
        match seen.get(&Fingerprint::of(account)) {
            Some(first) => duplicates.push(duplicate(account, first)),
            None => {
                seen.insert(Fingerprint::of(account), account);
            }
        }
    }
    duplicates
}

fn duplicate(account: &Account, first: &Account) -> Item {
    let place = match account.origin.file == first.origin.file {
        true => format!("entry {} of the same file", first.origin.index + 1),
        false => format!("entry {} of {}", first.origin.index + 1, show::place(&first.origin.file)),
    };
    if (&account.issuer, &account.name) == (&first.issuer, &first.name) {
        return Item::about(account, "same-account", format!("it is also {place}"));
    }
    let message = format!("{}, {place}, shows the same codes", show::name_of(first));
    Item::about(account, "same-codes", message)
}

/// What an app would make of the accounts.
pub(super) fn on_target(found: Found, accounts: &[&Account]) -> TargetOutput {
    let judgements = found.target.judge_all(accounts, None);
    let at_risk: Vec<Item> = accounts
        .iter()
        .zip(&judgements)
        .filter_map(|(account, judgement)| match way::has_own_key(found, account) {
            true => Some(Item::about(account, "per-device", PER_DEVICE)),
            false => at_risk(account, &judgement.verdict),
        })
        .collect();
    let right = judgements.iter().filter(|judgement| judgement.verdict == Verdict::Holds).count();
    TargetOutput { target: found.name(), title: plan::title(found), right, at_risk }
}

const PER_DEVICE: &str =
    "a personal Microsoft account has another key on each phone: sign in with it in the app, do not scan it";

fn at_risk(account: &Account, verdict: &Verdict) -> Option<Item> {
    let item =
        |reason: &Remark, more: &str| Item::about(account, &reason.code, format!("{}{more}", reason.message));
    match verdict {
        Verdict::Holds => None,
        Verdict::CannotHold { reason, silently: true } => {
            Some(item(reason, "; it takes the account without a word and shows wrong codes"))
        }
        Verdict::CannotHold { reason, silently: false } | Verdict::Unknown { reason } => {
            Some(item(reason, ""))
        }
        Verdict::NoSecret => {
            Some(Item::about(account, "name-only", "only a name: there is no secret to move"))
        }
    }
}
