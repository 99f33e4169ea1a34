//! What becomes of each account in the target.

use otpferry_formats::model::{Account, Credential, NameOnly};
use otpferry_formats::targets::{self, Effect, Found, Judgement, Means, Route, Target, Verdict};
use otpferry_formats::{Encryption, Refusal};

use super::{Class, Entry};

/// Every account with its class, its way and what to do, in order.
pub(crate) fn entries(accounts: &[Account], target: Found) -> Vec<Entry> {
    let ways = ways(accounts, target);
    accounts.iter().enumerate().map(|(at, account)| entry(at, account, target, &ways)).collect()
}

/// A way in, and what would become of each account on it.
struct Way {
    route: &'static Route,
    judgements: Vec<Judgement>,
    /// Why what otpferry writes for this way cannot hold the account.
    refusals: Vec<Option<Refusal>>,
    /// Whether otpferry writes something for it, or the key is typed.
    is_open: bool,
}

/// Accounts are judged together: some apps make one of two with the same secret.
fn ways(accounts: &[Account], target: Found) -> Vec<Way> {
    let all: Vec<&Account> = accounts.iter().collect();
    let way = |route: &'static Route| {
        let form = route.form();
        let encrypted = form
            .is_some_and(|form| matches!(form.writing.encryption, Encryption::Optional | Encryption::Always));
        let refusals = form.map(|form| form.fit(accounts).into_iter().map(|fit| fit.refused).collect());
        Way {
            route,
            judgements: target.target.judge_all(&all, Some(route.import(encrypted))),
            refusals: refusals.unwrap_or_else(|| vec![None; accounts.len()]),
            is_open: form.is_some() || route.by == Means::Manual,
        }
    };
    target.target.routes.iter().map(way).collect()
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
        Credential::Otp(_) if account.is_per_device() && is_microsoft(target) => per_device(&mut entry),
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

/// Whether it is the app that personal Microsoft accounts are signed in with.
pub(crate) fn is_microsoft(target: Found) -> bool {
    target.target.id == "microsoft-authenticator"
}

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

const SET_UP_AGAIN: &str =
    "Sign in, remove the old phone from its two-step verification and set up the new one";

const STUCK: &str = "Keep the old phone for it, move it to another app, or set it up again: sign in, remove the old \
    phone from its two-step verification and set up the new one";

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
    entry.reason = Some(
        "a personal Microsoft account: each phone has a key of its own, so the codes differ and both are valid"
            .to_owned(),
    );
    entry.what_to_do =
        "In Microsoft Authenticator on the new phone, tap + > Personal account and sign in".to_owned();
    entry.place = Some("the app itself; there is nothing to scan".to_owned());
}

fn with_secret(entry: &mut Entry, at: usize, account: &Account, target: Found, ways: &[Way]) {
    let limit = own_limit(target.target, account);
    let open = |way: &&Way| limit.is_none() && way.obstacle(at).is_none();
    let Some(way) = ways.iter().find(open) else {
        entry.reason = Some(limit.unwrap_or_else(|| why_not(at, target, ways)));
        entry.what_to_do = STUCK.to_owned();
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
    if let Some(judged) = way.judgements.get(at) {
        entry.warnings.clone_from(&judged.remarks);
        if let Verdict::Unknown { reason } = &judged.verdict {
            entry.warnings.push(reason.clone());
        }
    }
    if account.otp().is_some_and(|otp| otp.counter().is_some()) {
        entry.notes.push(
            "Its codes are counted: from now on use it on the new phone only, or the two phones get out of step"
                .to_owned(),
        );
    }
}

impl Way {
    /// What keeps an account from taking this way.
    fn obstacle(&self, at: usize) -> Option<String> {
        if !self.is_open {
            return Some("otpferry does not write what this app imports".to_owned());
        }
        let judged = self.judgements.get(at)?;
        let merged = || judged.remarks.iter().find(|remark| remark.effect == Effect::Merged);
        let said = match &judged.verdict {
            Verdict::CannotHold { reason, .. } => Some(reason),
            _ => merged(),
        };
        let refused = || self.refusals.get(at)?.as_ref().map(|refusal| refusal.message.clone());
        said.map(|remark| remark.message.clone()).or_else(refused)
    }
}

/// Counters and lengths of secrets that an app's own file cannot hold it cannot hold on any way; the
/// table of targets does not have these limits.
fn own_limit(target: &Target, account: &Account) -> Option<String> {
    let form = target.route(Means::File)?.form()?;
    let refusal = form.fit(std::slice::from_ref(account)).into_iter().next()?.refused?;
    matches!(refusal.code, "unsupported-counter" | "unsupported-secret").then_some(refusal.message)
}

fn why_not(at: usize, target: Found, ways: &[Way]) -> String {
    let last = || ways.iter().rev().find_map(|way| way.obstacle(at));
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
            && own_limit(other, account).is_none()
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
