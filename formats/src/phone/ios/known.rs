//! Authenticator apps for the iPhone, and what a backup gives of each.

use super::super::survey::{App, Hope};

/// Apps by bundle id. None was tried with the backup of a real phone.
const APPS: [App; 13] = [
    App {
        id: "me.mattrubin.authenticator",
        name: "Authenticator (Matt Rubin)",
        hope: Hope::Yes,
        advice: "the accounts come along",
    },
    App {
        id: "org.fedorahosted.freeotp",
        name: "FreeOTP",
        hope: Hope::Partly,
        advice: "the accounts come along, without locked tokens and those added before 2020",
    },
    App { id: "com.calleerlandsson.Tofu", name: "Tofu", hope: Hope::Yes, advice: "the accounts come along" },
    App {
        id: "com.google.Authenticator",
        name: "Google Authenticator",
        hope: Hope::Partly,
        advice: "only what was added before about 2016; use Transfer accounts > Export in the app, and photograph its QR codes",
    },
    App {
        id: "com.twofas.org",
        name: "2FAS",
        hope: Hope::No,
        advice: "its accounts are enciphered; export a file in the app: Settings > Backup",
    },
    App {
        id: "com.finnwea.Raivo",
        name: "Raivo OTP",
        hope: Hope::No,
        advice: "its database is encrypted; export a file in the app: Settings > Export",
    },
    App {
        id: "io.ente.auth",
        name: "Ente Auth",
        hope: Hope::No,
        advice: "its key is bound to the phone; export a file in the app: Settings > Data > Export",
    },
    App {
        id: "com.microsoft.azureauthenticator",
        name: "Microsoft Authenticator",
        hope: Hope::Unknown,
        advice: "nobody knows yet; `inspect --shape` helps to find out. Else set the accounts up again",
    },
    App {
        id: "com.authy",
        name: "Authy",
        hope: Hope::Unknown,
        advice: "nobody knows yet; `inspect --shape` helps to find out. Else set the accounts up again",
    },
    App {
        id: "com.duosecurity.DuoMobile",
        name: "Duo Mobile",
        hope: Hope::Unknown,
        advice: "nobody knows yet; its own accounts are approved by push and are set up again",
    },
    App {
        id: "com.lastpass.authenticator",
        name: "LastPass Authenticator",
        hope: Hope::Unknown,
        advice: "nobody knows yet; export a file in the app: Settings > Transfer accounts",
    },
    App {
        id: "com.okta.mobile",
        name: "Okta Verify",
        hope: Hope::Unknown,
        advice: "nobody knows yet; its accounts are set up again",
    },
    App {
        id: "de.roland-moers.otpauth",
        name: "OTP Auth",
        hope: Hope::No,
        advice: "not looked into; export a file in the app: Settings > Backups",
    },
];

/// Those that are on a phone, in the order of the table. What they keep in the keychain is closed in a backup without a
/// password.
pub(super) fn among(ids: &[String], is_encrypted: bool) -> Vec<App> {
    let apps = APPS.iter().filter(|app| ids.iter().any(|id| id == app.id)).cloned();
    let closed = |app: App| match app.hope {
        Hope::Yes | Hope::Partly if !is_encrypted => App { hope: Hope::No, advice: ENCRYPT, ..app },
        _ => app,
    };
    apps.map(closed).collect()
}

const ENCRYPT: &str =
    "its accounts are in an encrypted backup only: turn on \"Encrypt local backup\", and back up again";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_keychain_can_be_hoped_for_without_a_password() {
        let ids = ["io.ente.auth", "org.fedorahosted.freeotp", "com.authy", "com.example"].map(str::to_owned);
        let hopes = |is_encrypted| -> Vec<_> {
            among(&ids, is_encrypted).iter().map(|app| (app.name, app.hope)).collect()
        };
        let [ente, authy] = [("Ente Auth", Hope::No), ("Authy", Hope::Unknown)];
        assert_eq!(hopes(true), [("FreeOTP", Hope::Partly), ente, authy]);
        assert_eq!(hopes(false), [("FreeOTP", Hope::No), ente, authy]);
        assert!(among(&ids, false)[0].advice.contains("Encrypt local backup"));
    }
}
