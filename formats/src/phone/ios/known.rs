//! Authenticator apps for the iPhone, and what a backup gives of each.

use std::collections::BTreeMap;

use super::super::survey::{App, Hope};

/// Ids of the apps whose items in the keychain are known.
pub(super) const RUBIN: &str = "me.mattrubin.authenticator";
pub(super) const FREEOTP: &str = "org.fedorahosted.freeotp";
pub(super) const TOFU: &str = "com.calleerlandsson.Tofu";
pub(super) const GOOGLE: &str = "com.google.Authenticator";

/// An app before anything is known of a phone.
const fn app(id: &'static str, name: &'static str, hope: Hope, advice: &'static str) -> App {
    App { id, name, hope, accounts: None, advice }
}

/// Apps by bundle id. None was tried with the backup of a real phone.
const APPS: [App; 13] = [
    app(RUBIN, "Authenticator (Matt Rubin)", Hope::Yes, "the accounts come along"),
    app(
        FREEOTP,
        "FreeOTP",
        Hope::Partly,
        "the accounts come along, without locked tokens and those added before 2020",
    ),
    app(TOFU, "Tofu", Hope::Yes, "the accounts come along"),
    app(GOOGLE, "Google Authenticator", Hope::Partly, TRANSFER),
    app(
        "com.twofas.org",
        "2FAS",
        Hope::No,
        "its accounts are enciphered; export a file in the app: Settings > Backup",
    ),
    app(
        "com.finnwea.Raivo",
        "Raivo OTP",
        Hope::No,
        "its database is encrypted; export a file in the app: Settings > Export",
    ),
    app(
        "io.ente.auth",
        "Ente Auth",
        Hope::No,
        "its key is bound to the phone; export a file in the app: Settings > Data > Export",
    ),
    app(
        "com.microsoft.azureauthenticator",
        "Microsoft Authenticator",
        Hope::Unknown,
        "whether its accounts are in a backup, nobody knows yet; set them up again, and `inspect --shape` helps to find out",
    ),
    app(
        "com.authy",
        "Authy",
        Hope::Unknown,
        "whether its accounts are in a backup, nobody knows yet; set them up again, and `inspect --shape` helps to find out",
    ),
    app(
        "com.duosecurity.DuoMobile",
        "Duo Mobile",
        Hope::Unknown,
        "whether its accounts are in a backup, nobody knows yet; its own are approved by push and are set up again",
    ),
    app(
        "com.lastpass.authenticator",
        "LastPass Authenticator",
        Hope::Unknown,
        "whether its accounts are in a backup, nobody knows yet; export a file in the app: Settings > Transfer accounts",
    ),
    app(
        "com.okta.mobile",
        "Okta Verify",
        Hope::Unknown,
        "whether its accounts are in a backup, nobody knows yet; set them up again",
    ),
    app(
        "de.roland-moers.otpauth",
        "OTP Auth",
        Hope::No,
        "its accounts are enciphered; export a file in the app: Settings > Backups",
    ),
];

const TRANSFER: &str = "only what was added before about 2016; use Transfer accounts > Export in the app, and photograph its QR codes";
const ENCRYPT: &str =
    "its accounts are in an encrypted backup only: turn on \"Encrypt local backup\", and back up again";
const NOT_THERE: &str = "no account of it was found in this backup; compare with the app on the phone";
const NO_KEYCHAIN: &str =
    "the keychain of this backup was not read, and with it no account; make a new backup";

/// What is known of a backup.
#[derive(Clone, Copy)]
pub(super) enum State<'s> {
    /// It has no password, and so the keychain in it stays closed.
    NotEncrypted,
    /// Its password is needed.
    Closed,
    /// It is open, but the keychain in it was not read.
    WithoutKeychain,
    /// It is open: so many accounts are there of apps, by their ids.
    Open(&'s BTreeMap<&'static str, usize>),
}

/// Those that are on a phone, in the order of the table, and what comes of them.
pub(super) fn among(ids: &[String], state: State<'_>) -> Vec<App> {
    let apps = APPS.iter().filter(|app| ids.iter().any(|id| id == app.id)).cloned();
    apps.map(|app| in_state(app, state)).collect()
}

fn in_state(app: App, state: State<'_>) -> App {
    let is_read = matches!(app.hope, Hope::Yes | Hope::Partly);
    let not = |advice: &'static str| {
        // There is a better way for what it has today.
        let advice = if app.id == GOOGLE { TRANSFER } else { advice };
        App { hope: Hope::No, advice, ..app.clone() }
    };
    match state {
        State::NotEncrypted if is_read => not(ENCRYPT),
        State::WithoutKeychain if is_read => not(NO_KEYCHAIN),
        State::Open(by_app) if is_read => match by_app.get(app.id).copied() {
            None | Some(0) => App { accounts: Some(0), ..not(NOT_THERE) },
            accounts => App { accounts, ..app },
        },
        _ => app,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(ids: &[&str], state: State<'_>) -> Vec<(&'static str, Hope, Option<usize>, &'static str)> {
        let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        among(&ids, state).into_iter().map(|app| (app.name, app.hope, app.accounts, app.advice)).collect()
    }

    #[test]
    fn nothing_of_a_keychain_can_be_hoped_for_without_a_password() {
        let ids = [FREEOTP, GOOGLE, "com.authy", "com.example"];
        let hopes = |state| told(&ids, state).into_iter().map(|(_, hope, ..)| hope).collect::<Vec<_>>();
        assert_eq!(hopes(State::Closed), [Hope::Partly, Hope::Partly, Hope::Unknown]);
        assert_eq!(hopes(State::NotEncrypted), [Hope::No, Hope::No, Hope::Unknown]);
        let advice = told(&ids, State::NotEncrypted).into_iter().map(|(.., advice)| advice);
        assert_eq!(advice.take(2).collect::<Vec<_>>(), [ENCRYPT, TRANSFER]);
    }

    /// What was hoped for is not told any more once it is known.
    #[test]
    fn what_came_is_told_of_each_app() {
        let ids = [RUBIN, FREEOTP, TOFU, "io.ente.auth"];
        let by_app = BTreeMap::from([(RUBIN, 3), (FREEOTP, 0)]);
        let open = told(&ids, State::Open(&by_app));
        let open: Vec<_> = open.into_iter().map(|(_, hope, accounts, _)| (hope, accounts)).collect();
        assert_eq!(open, [(Hope::Yes, Some(3)), (Hope::No, Some(0)), (Hope::No, Some(0)), (Hope::No, None)]);
        let without = told(&ids, State::WithoutKeychain);
        assert_eq!(without[0], ("Authenticator (Matt Rubin)", Hope::No, None, NO_KEYCHAIN));
    }
}
