//! What the token files of all servers have in common: entries with a serial number or a user in place of an
//! issuer, keys in hexadecimal, and servers that take a serial number only once.

use std::collections::HashSet;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use zeroize::Zeroizing;

use super::options::TokenOptions;
use crate::caps::{Caps, Fit};
use crate::ctx::Limits;
use crate::error::{Error, Place};
use crate::format::Input;
use crate::managers::written;
use crate::model::{Account, Credential, Device, Otp, Secret, Vault};
use crate::open::uri_list;
use crate::report::{Item, Skip};
use crate::text::csv;

/// The tokens of a file, gathered entry by entry.
pub(super) struct Tokens<'l> {
    format: &'static str,
    limits: &'l Limits,
    vault: Vault,
}

impl<'l> Tokens<'l> {
    /// Nothing gathered yet, from this variant of the format.
    pub(super) fn new(format: &'static str, variant: &str, limits: &'l Limits) -> Self {
        Self { format, limits, vault: Vault { variant: variant.to_owned(), ..Vault::default() } }
    }

    /// Takes an entry, or the reason why it is none; `name` is what its owner knows it by.
    ///
    /// # Errors
    /// `Limit` for more entries than allowed.
    pub(super) fn take(
        &mut self,
        token: Result<Account, Skip>,
        name: &str,
        place: &Place,
    ) -> Result<(), Error> {
        let index = self.vault.entries();
        self.limits.check_accounts(index.saturating_add(1))?;
        match token {
            Ok(mut account) => {
                account.origin.index = index;
                self.format.clone_into(&mut account.origin.format);
                self.vault.accounts.push(account);
            }
            Err(skip) => self.vault.skipped.push(skip.item(index, "", name).at(place)),
        }
        Ok(())
    }

    /// Adds what the user should know about the account that was taken last.
    pub(super) fn warn_of_last(&mut self, code: &str, message: &str, next_step: &str) {
        if let Some(account) = self.vault.accounts.last() {
            self.vault.warnings.push(Item::about(account, code, message).next_step(next_step));
        }
    }

    /// Says that the account that was taken last is not the first one of its user.
    pub(super) fn warn_of_same_user(&mut self) {
        self.warn_of_last(
            "same-user",
            "an earlier entry is for the same user, and the server looks at the first only",
            "Leave it out with --exclude, unless the user has the codes of this one",
        );
    }

    /// Everything that was gathered.
    pub(super) fn finish(self) -> Vault {
        self.vault
    }
}

/// Reads a text file, and says when its encoding was guessed.
pub(super) fn read_text(
    input: &Input<'_>,
    id: &'static str,
    decode: impl FnOnce(&str) -> Result<Vault, Error>,
) -> Result<Vault, Error> {
    let read = input.text().and_then(|text| decode(&text));
    let mut vault = read.map_err(|error| error.in_format(id))?;
    vault.warnings.extend(csv::guess_warning(input.bytes));
    Ok(vault)
}

/// An account with a name and no issuer: token files have none.
pub(super) fn account(otp: Otp, name: &str) -> Account {
    Account::new(Credential::Otp(otp), "", name)
}

/// A token as its file describes it; `None` when it says nothing.
pub(super) fn device(serial: &str, manufacturer: &str, model: &str) -> Option<Device> {
    let device =
        Device { serial: serial.to_owned(), manufacturer: manufacturer.to_owned(), model: model.to_owned() };
    (device != Device::default()).then_some(device)
}

/// Reads a key in hexadecimal, in either case.
pub(super) fn hex_secret(text: &str) -> Result<Secret, Skip> {
    if text.is_empty() {
        return Err(Skip::new(Skip::NO_SECRET, "the key is missing"));
    }
    let bytes = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok();
    let message = "the key is not hexadecimal, or not of whole bytes";
    bytes.and_then(Secret::new).ok_or_else(|| Skip::new(Skip::BAD_SECRET, message))
}

/// Why an AES key of Yubico OTP is no account.
pub(super) fn yubico_otp() -> Skip {
    Skip::new(Skip::UNKNOWN_KIND, "it is a Yubico OTP (AES) key, from which no app makes codes")
}

/// The key in hexadecimal, lower case.
pub(super) fn to_hex(otp: &Otp) -> Zeroizing<String> {
    Zeroizing::new(HEXLOWER.encode(otp.secret().expose()))
}

/// The serial number; empty where there is none.
pub(super) fn serial(account: &Account) -> &str {
    account.device.as_ref().map_or("", |device| device.serial.trim())
}

/// The person that the token is for: the assigned one, else the name of the account.
pub(super) fn user(account: &Account) -> &str {
    account.user.as_deref().filter(|user| !user.is_empty()).unwrap_or(&account.name)
}

/// Whether a line that begins with this login name would be taken for a link.
pub(super) fn is_link(user: &str) -> bool {
    uri_list::scheme_of(user).is_some()
}

/// What would happen to an account, when `read_again` gives what is read of it alone: what differs is
/// announced, and what would show other codes is refused.
pub(super) fn fit(caps: &Caps, account: &Account, read_again: impl FnOnce() -> Result<Vault, Error>) -> Fit {
    let fit = caps.check(account);
    if fit.refused.is_some() {
        return fit;
    }
    // Nothing else may come out of it, be it unreadable.
    let vault = read_again().ok().filter(|vault| vault.skipped.is_empty());
    match vault.as_ref().map(|vault| vault.accounts.as_slice()) {
        Some([read]) if read.otp() == account.otp() => written::announce(fit, account, read),
        _ => Fit::refuse(
            "not-expressible",
            format!("{} would read another account than this one", caps.app),
            "Give it a plain name and serial number: letters, digits, hyphens and dots",
        ),
    }
}

/// Serial numbers of a file, each of which its server takes only once.
#[derive(Default)]
pub(super) struct Serials(HashSet<String>);

impl Serials {
    /// Refuses an account without a serial number, and one whose number an earlier account has. Servers do
    /// not tell capitals apart in the same way: two numbers that differ only there count as the same.
    pub(super) fn check(&mut self, fit: Fit, account: &Account, app: &str) -> Fit {
        let serial = serial(account);
        if fit.refused.is_some() {
            return fit;
        }
        if serial.is_empty() {
            return missing(app, "a serial number", "serial");
        }
        if self.0.insert(serial.to_lowercase()) {
            return fit;
        }
        Fit::refuse(
            "same-serial",
            format!("{app} takes a serial number only once, and an earlier account has the same"),
            "Look which of the two is right, and give the other one its own number",
        )
    }
}

/// Users of a file of which the server looks at the first entry only. Capitals are told apart.
#[derive(Default)]
pub(super) struct Users(HashSet<String>);

impl Users {
    /// Refuses a further account of a user.
    pub(super) fn check(&mut self, fit: Fit, account: &Account, app: &str) -> Fit {
        if fit.refused.is_some() || self.0.insert(user(account).to_owned()) {
            return fit;
        }
        Fit::refuse(
            "same-user",
            format!("{app} takes the first entry of a user, and an earlier account is for the same user"),
            "Look which of the two is right, and leave the other one out with --exclude",
        )
    }

    /// Whether this is the first entry of a user, be it readable or not.
    pub(super) fn is_first(&mut self, user: &str) -> bool {
        self.0.insert(user.to_owned())
    }
}

/// Refuses an account whose login name is none that the server takes.
pub(super) fn bad_login(message: impl Into<String>) -> Fit {
    Fit::refuse(
        "bad-login",
        message,
        "Rename the account in the old app to the login name of its user, and export again",
    )
}

/// Refuses an account of which a server that is set up as said would make other codes; `settings` are what it has for
/// that.
pub(super) fn other_settings(app: &str, said: &TokenOptions, settings: &str) -> Fit {
    let (digits, period) = (said.digits().get(), said.period().get());
    Fit::refuse(
        "other-settings",
        format!(
            "{app} is set to codes of {digits} digits every {period} seconds, and this account has others"
        ),
        format!(
            "If {settings} say what this account has, say it with --token-type and --token-period, in a run of its own"
        ),
    )
}

/// Refuses an account that lacks what the server asks for.
pub(super) fn missing(app: &str, what: &str, key: &str) -> Fit {
    Fit::refuse(
        "missing-device",
        format!("{app} needs {what} of every token, and none is known of this one"),
        format!(
            "Write the accounts with -t otpferry, add \"{key}\" to the \"device\" of this one, and convert that file"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Digits, Period};

    fn token(serial: &str) -> Account {
        let otp = Otp::Totp {
            secret: hex_secret("0aFF").unwrap(),
            algorithm: crate::model::Algorithm::Sha1,
            digits: Digits::SIX,
            period: Period::THIRTY,
        };
        Account { device: device(serial, "", ""), ..account(otp, "bob") }
    }

    #[test]
    fn keys_are_whole_bytes_in_hexadecimal() {
        let code = |text: &str| hex_secret(text).unwrap_err().code;
        assert_eq!(code(""), Skip::NO_SECRET);
        assert_eq!([code("123"), code("12 34"), code("xy")], [Skip::BAD_SECRET; 3]);
        assert_eq!(to_hex(token("").otp().unwrap()).as_str(), "0aff");
    }

    #[test]
    fn a_serial_number_is_taken_once() {
        let mut serials = Serials::default();
        let mut code =
            |serial: &str| serials.check(Fit::default(), &token(serial), "App").refused.map(|r| r.code);
        assert_eq!(
            [code("A1"), code("a1"), code(" "), code("A2")],
            [None, Some("same-serial"), Some("missing-device"), None]
        );
    }

    #[test]
    fn a_user_has_one_entry() {
        let mut users = Users::default();
        let mut code = |user: &str| {
            let account = Account { user: Some(user.to_owned()), ..token("A1") };
            users.check(Fit::default(), &account, "App").refused.map(|refusal| refusal.code)
        };
        assert_eq!([code("ann"), code("Ann"), code("ann")], [None, None, Some("same-user")]);
        assert!(!users.is_first("ann") && users.is_first("eve") && !users.is_first("eve"));
    }

    #[test]
    fn the_assigned_person_goes_before_the_name() {
        let mut account = token("A1");
        assert_eq!(user(&account), "bob");
        account.user = Some(String::new());
        assert_eq!(user(&account), "bob");
        account.user = Some("eve".to_owned());
        assert_eq!(user(&account), "eve");
    }
}
