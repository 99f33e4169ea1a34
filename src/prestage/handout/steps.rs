//! What to do with the code, for each server, in words that need no knowledge.
//!
//! Menus are called as Microsoft's page "Manage OATH tokens" has them (2025); the other servers ask for the number
//! where people sign in anyway.

use otpferry_formats::model::{Account, Otp};

use super::Setting;

/// Numbered steps, from the phone to the first sign-in.
pub(super) fn steps(account: &Account, setting: &Setting<'_>) -> Vec<String> {
    if setting.target.is_some_and(is_key) {
        return on_a_key();
    }
    let mut steps = vec![
        "Open the authenticator app on your phone. If you have none, install one from the official app store: \
         below is a list of apps that fit."
            .to_owned(),
        "In the app tap + or \"Add account\", choose to scan a QR code, and point the camera at the code on this \
         sheet."
            .to_owned(),
    ];
    steps.push(shown(account.otp()));
    steps.extend(sign_in(account.otp(), setting.target).into_iter().map(str::to_owned));
    steps
}

/// Formats for the authenticator app of a hardware key.
fn is_key(target: &str) -> bool {
    target == "yubikey"
}

fn on_a_key() -> Vec<String> {
    [
        "Install Yubico Authenticator from the official app store, open it, and connect your YubiKey.",
        "In its menu choose \"Add account\", then to scan a QR code, and scan the code on this sheet.",
        "Save the account. The number is shown whenever your key is connected.",
        "Sign in as usual. When you are asked for a code, type the number that is shown.",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// What the phone has to show then.
fn shown(otp: Option<&Otp>) -> String {
    let digits = otp.map_or(6, Otp::digits);
    match otp.and_then(Otp::period) {
        Some(period) => format!(
            "The app now shows a number of {digits} digits under the name of the service. It changes every {period} \
             seconds."
        ),
        None => format!(
            "The app now shows a number of {digits} digits under the name of the service. Ask for a new number only \
             when you sign in."
        ),
    }
}

/// Where the number goes.
fn sign_in(otp: Option<&Otp>, target: Option<&str>) -> Vec<&'static str> {
    const PIN: &str = "Sign in as usual. When you are asked for a code, type the number. If you were given a PIN \
                       for it, type the PIN first and the number right behind it.";
    match target.unwrap_or_default() {
        // A token of 30 seconds is accepted for one minute, one of 60 for two.
        "entra" | "entra-oath" => vec![
            "Sign in to your account on a computer and open My sign-ins > Security info > Add sign-in method > \
             Hardware token.",
            match otp.and_then(Otp::period) {
                Some(60) => {
                    "Type the serial number of this sheet and a name of your choice, then the number that the app \
                     shows. You have two minutes for it."
                }
                _ => {
                    "Type the serial number of this sheet and a name of your choice, then the number that the app \
                     shows. You have one minute for it."
                }
            },
        ],
        "duo" | "duo-tokens" => {
            vec!["Sign in as usual. When Duo asks how to verify you, choose a passcode and type the number."]
        }
        "okta" | "okta-tokens" => {
            vec![
                "Sign in as usual. When you are asked to verify it is you, choose the code and type the number.",
            ]
        }
        // The server takes both as one text.
        "freeipa" => vec![
            "Sign in with your login name. Where you are asked for the password, type your password and right \
             behind it, without a blank, the number.",
        ],
        "keycloak" => vec![
            "Sign in with your login name and password, then type the number. You need not scan a code again: if a \
             page asks you to, stop and ask for help.",
        ],
        "privacyidea" | "linotp" | "oath-usersfile" => vec![PIN],
        "google-authenticator-libpam" => vec![
            "Sign in with your login name. When you are asked for a verification code, type the number, and your \
             password when you are asked for that.",
        ],
        _ => vec!["Sign in as usual. When you are asked for a code, type the number that the app shows."],
    }
}
