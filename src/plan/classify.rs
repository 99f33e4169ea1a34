//! What becomes of each account in the target.

use otpferry_formats::model::{Account, Credential, NameOnly};
use otpferry_formats::targets::{self, Found, Means, Target, Verdict};

use super::{Class, Entry};
use crate::way::{self, Way};

/// Every account with its class, its way and what to do, in order.
pub(crate) fn entries(accounts: &[Account], target: Found) -> Vec<Entry> {
    let ways = Way::all(accounts, target);
    accounts.iter().enumerate().map(|(at, account)| entry(at, account, target, &ways)).collect()
}

fn entry(at: usize, account: &Account, target: Found, ways: &[Way]) -> Entry {
    let mut entry = Entry {
        number: at + 1,
        issuer: account.issuer.clone(),
        account: account.name.clone(),
        file: account.origin.file.clone(),
        index: account.origin.index,
        class: Class::CannotMove,
        route: None,
        reason: None,
        what_to_do: String::new(),
        place: None,
        warnings: Vec::new(),
        notes: Vec::new(),
        other_apps: Vec::new(),
        is_doubtful: false,
        has_secret: account.otp().is_some(),
    };
    match &account.credential {
        Credential::NameOnly { reason } => without_secret(&mut entry, account, reason),
        Credential::Otp(_) if way::has_own_key(target, account) => per_device(&mut entry),
        Credential::Otp(_) => with_secret(&mut entry, at, account, target, ways),
    }
    if is_entra(account) {
        entry.notes.push(ENTRA.to_owned());
    }
    entry
}

const ENTRA: &str = "This looks like a Microsoft work or school account with a plain 6-digit code. An \
    organisation can switch such codes off at any time: add Microsoft Authenticator or a second way to \
    sign in on its security info page as well";

/// Where a work or school account is set up.
const SECURITY_INFO: &str = "https://mysignins.microsoft.com/security-info";

fn without_secret(entry: &mut Entry, account: &Account, reason: &str) {
    entry.reason = Some(reason.to_owned());
    let (class, todo, place) = match NameOnly::of(reason) {
        Some(NameOnly::WorkOrSchool) => (
            Class::AdminMustAct,
            "Sign in on the security info page and add the new phone there. If you cannot get in without the \
             old phone, ask your admin for \"Require re-register multifactor authentication\" (in the Entra \
             admin centre: Users, you, Authentication methods), and sign in again",
            SECURITY_INFO.to_owned(),
        ),
        Some(NameOnly::Passwordless) => (
            Class::SignInAgain,
            "Sign in with another way (e-mail, text message, recovery code) and add the new phone",
            "https://account.microsoft.com/security, Advanced security options".to_owned(),
        ),
        Some(NameOnly::DuoPush) => (
            Class::AdminMustAct,
            "Add the new phone on your organisation's Duo device page, or ask its help desk for a new activation \
             link",
            "Duo's sign-in page of your organisation: Other options, Manage devices".to_owned(),
        ),
        Some(NameOnly::EncryptedByPhone) | None => (Class::SignInAgain, SET_UP_AGAIN, settings_of(account)),
    };
    entry.class = class;
    entry.what_to_do = todo.to_owned();
    entry.place = Some(place);
}

const SET_UP_AGAIN: &str = "Sign in, add the new phone to its two-step verification, and take the old one out when the new one works";

/// Where two-step verification of a service is set up.
fn settings_of(account: &Account) -> String {
    let name = if account.issuer.is_empty() { &account.name } else { &account.issuer };
    match account.urls.first() {
        Some(url) => format!("the security settings of {name} ({url})"),
        None if name.is_empty() => "the security settings of the service".to_owned(),
        None => format!("the security settings of {name}"),
    }
}

fn per_device(entry: &mut Entry) {
    entry.class = Class::PerDevice;
    entry.reason = Some(way::OWN_KEY.to_owned());
    entry.what_to_do = way::SIGN_IN_THERE.to_owned();
    entry.place = Some("the app itself; there is nothing to scan".to_owned());
}

fn with_secret(entry: &mut Entry, at: usize, account: &Account, target: Found, ways: &[Way]) {
    let limit = way::own_limit(target.target, account);
    let open = |way: &&Way| limit.is_none() && way.obstacle(at, account).is_none();
    let Some(way) = ways.iter().find(open) else {
        entry.reason = Some(limit.unwrap_or_else(|| why_not(at, account, target, ways)));
        entry.what_to_do = way::STUCK.to_owned();
        entry.place = Some(settings_of(account));
        entry.other_apps = other_apps(account, target);
        return;
    };
    entry.route = Some(way.route);
    entry.what_to_do.clone_from(&way.route.how);
    entry.class = match way.route.by {
        Means::File => Class::FileImport,
        Means::MigrationQr | Means::Qr | Means::Manual => Class::Scan,
    };
    entry.warnings = way.remarks(at);
    entry.is_doubtful |= way.is_unknown(at);
    if account.is_per_device() {
        entry.notes.push(SAME_KEY.to_owned());
    }
    if account.otp().is_some_and(|otp| otp.counter().is_some()) {
        entry.notes.push(
            "Its codes are counted: from now on use it on the new phone only, or the two phones get out of step"
                .to_owned(),
        );
    }
}

const SAME_KEY: &str = "A personal Microsoft account: the new phone shows the code of the old one. If you take the old phone out of \
    the account at Microsoft, sign in once more and check that the code is still accepted";

fn why_not(at: usize, account: &Account, target: Found, ways: &[Way]) -> String {
    let last = || ways.iter().rev().find_map(|way| way.obstacle(at, account));
    last().unwrap_or_else(|| format!("no way is known to get it into {}", target.target.full_title()))
}

/// Apps on the same platform that hold the account, in the order of the table.
fn other_apps(account: &Account, target: Found) -> Vec<String> {
    const MOST: usize = 3;
    let platform = target.platform.or_else(|| target.target.platforms.first().copied());
    let runs = |other: &&Target| platform.is_none_or(|platform| other.platforms.contains(&platform));
    let holds = |other: &&Target| {
        other.id != target.target.id
            && other.avoid.is_none()
            && other.judge(account).verdict == Verdict::Holds
            && way::own_limit(other, account).is_none()
    };
    targets::all().iter().filter(runs).filter(holds).take(MOST).map(|other| other.title.clone()).collect()
}

/// Whether this is an account of Entra ID (work or school) whose secret lies in an app as that of any
/// other service: six digits under Microsoft's name, for an address that is not of Microsoft's own mail.
fn is_entra(account: &Account) -> bool {
    const NAMES: &[&str] = &["microsoft", "azure", "entra", "office 365", "office365", "microsoft 365"];
    const PERSONAL: &[&str] = &["outlook.", "hotmail.", "live.", "msn."];
    let issuer = account.issuer.to_lowercase();
    let named =
        NAMES.iter().any(|name| issuer.split([' ', '-', ':']).any(|word| word == *name) || issuer == *name);
    let domain = account.name.rsplit_once('@').map(|(_, domain)| domain.to_lowercase());
    let own = domain.is_none_or(|domain| PERSONAL.iter().any(|start| domain.starts_with(start)));
    let six = account.otp().is_some_and(|otp| otp.digits() == 6);
    named && six && !own
}
