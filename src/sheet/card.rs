//! What every form of a sheet says about an account.

use data_encoding::HEXLOWER;
use otpferry_formats::model::{Account, Otp};
use zeroize::Zeroizing;

/// Hundredths of a millimetre of the widest code on paper with room for text beside it.
pub(super) const WIDEST_BESIDE_TEXT: usize = 9000;

/// What the account is called, the service first.
pub(super) fn names(account: &Account) -> (&str, &str) {
    match (account.issuer.as_str(), account.name.as_str()) {
        ("", "") => ("An account without a name", ""),
        ("", name) => (name, ""),
        (issuer, name) => (issuer, name),
    }
}

/// Something that is typed where a code cannot be scanned.
pub(crate) struct Setting {
    pub(crate) label: &'static str,
    pub(crate) value: Zeroizing<String>,
}

/// Everything that has to be typed, the key first.
pub(crate) fn settings(otp: &Otp) -> Vec<Setting> {
    let (kind, key) = match otp {
        Otp::Totp { .. } => ("Time-based (TOTP)", otp.secret().to_base32()),
        Otp::Hotp { .. } => ("Counter-based (HOTP)", otp.secret().to_base32()),
        Otp::Steam { .. } => ("Steam Guard", otp.secret().to_base32()),
        Otp::Yandex { .. } => ("Yandex", otp.secret().to_base32()),
        Otp::Motp { .. } => ("Mobile-OTP (mOTP)", Zeroizing::new(HEXLOWER.encode(otp.secret().expose()))),
    };
    let text = |label, value: String| Setting { label, value: Zeroizing::new(value) };
    let mut settings = vec![Setting { label: "Key", value: groups(&key) }, text("Type", kind.to_owned())];
    if matches!(otp, Otp::Totp { .. } | Otp::Hotp { .. }) {
        settings.push(text("Algorithm", otp.algorithm().name().to_owned()));
        settings.push(text("Digits", otp.digits().to_string()));
        settings.extend(otp.period().map(|period| text("Period", format!("{period} seconds"))));
    }
    settings.extend(otp.counter().map(|counter| text("Counter", counter.to_string())));
    settings.extend(otp.pin().map(|pin| text("PIN", pin.expose().to_owned())));
    settings
}

/// In groups of four, as one reads a key aloud.
fn groups(key: &str) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(key.len() + key.len() / 4 + 1));
    for (index, character) in key.chars().enumerate() {
        if index > 0 && index % 4 == 0 {
            text.push(' ');
        }
        text.push(character);
    }
    text
}
