//! The one text in which a password manager keeps the one-time code of an item: a link of any dialect,
//! or a bare secret.
//!
//! What the link does not say, the item around it does: its title stands for the issuer, its user name
//! for the account.

use zeroize::Zeroizing;

use super::label::Names;
use super::uri_list::{self, Entry};
use super::{google_migration, otpauth};
use crate::model::{Account, Credential, Draft, Kind, Otp};
use crate::report::Skip;
use crate::text::{base32, percent};

/// What the item around a value is called.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Around<'a> {
    /// Title of the item: the issuer where the value names none.
    pub(crate) title: &'a str,
    /// User name: the account where the value names none.
    pub(crate) user: &'a str,
}

/// Reads one value, which is not blank. Several entries come from a transfer link of Google
/// Authenticator only.
pub(crate) fn read(value: &str, around: Around<'_>) -> Vec<Entry> {
    let value = value.trim();
    let Some((scheme, rest)) = value.split_once("://") else {
        return vec![bare(value, around)];
    };
    match scheme.to_ascii_lowercase().as_str() {
        "otpauth" | "apple-otpauth" => vec![around.complete(with_whole_issuer(otpauth::parse(value), value))],
        "otpauth-migration" => expand(value, around),
        "steam" => vec![steam(rest, around)],
        _ => vec![Err((uri_list::not_an_account(value), around.names()))],
    }
}

/// Most bytes of names that the accounts of one item take from it.
const MOST_NAMES: usize = 16 << 20;

impl Around<'_> {
    /// Whether so many accounts can have a copy each.
    pub(crate) fn is_short_for(self, accounts: usize) -> bool {
        let length = self.title.len().saturating_add(self.user.len());
        length.saturating_mul(accounts) <= MOST_NAMES
    }

    fn names(self) -> Names {
        Names {
            issuer: self.title.trim().to_owned(),
            account: self.user.trim().to_owned(),
            label_issuer: None,
        }
    }

    fn account(self, otp: Otp) -> Account {
        Account::new(Credential::Otp(otp), self.title.trim(), self.user.trim())
    }

    /// Fills in the names that the value leaves open.
    fn complete(self, entry: Entry) -> Entry {
        let or = |name: &mut String, other: &str| {
            if name.is_empty() {
                other.trim().clone_into(name);
            }
        };
        match entry {
            Ok(mut account) => {
                or(&mut account.issuer, self.title);
                or(&mut account.name, self.user);
                Ok(account)
            }
            Err((skip, mut names)) => {
                or(&mut names.issuer, self.title);
                or(&mut names.account, self.user);
                Err((skip, names))
            }
        }
    }
}

/// The issuer as the link says it: managers keep the white space around it, which apps trim.
fn with_whole_issuer(entry: Entry, link: &str) -> Entry {
    entry.map(|mut account| {
        let issuer = otpauth::Pieces::split(link).map(|pieces| pieces.issuer()).unwrap_or_default();
        if !account.issuer.is_empty() && issuer.trim() == account.issuer {
            account.issuer = issuer;
        }
        account
    })
}

/// A secret alone: every manager then shows SHA-1 codes of 6 digits, new every 30 seconds.
fn bare(value: &str, around: Around<'_>) -> Entry {
    let otp = base32::secret(value).and_then(|secret| Draft::new(Kind::Totp, secret).build());
    otp.map(|otp| around.account(otp)).map_err(|skip| (skip, around.names()))
}

/// `steam://SECRET`; what follows a slash or question mark is no part of it.
fn steam(rest: &str, around: Around<'_>) -> Entry {
    let text = rest.split(['?', '/']).next().unwrap_or_default();
    let text = Zeroizing::new(percent::decode(text));
    let otp = base32::secret(&text).and_then(|secret| Draft::new(Kind::Steam, secret).build());
    otp.map(|otp| around.account(otp)).map_err(|skip| (skip, around.names()))
}

fn expand(link: &str, around: Around<'_>) -> Vec<Entry> {
    match google_migration::parse(link) {
        Ok(payload) if !around.is_short_for(payload.entries.len()) => {
            let message =
                "the link has many accounts, and the item a name that is too long for a copy in each";
            vec![Err((Skip::new(Skip::DAMAGED, message), around.names()))]
        }
        Ok(payload) => payload.entries.into_iter().map(|entry| around.complete(entry)).collect(),
        Err(failure) => vec![Err((failure.into(), around.names()))],
    }
}

/// Writes the value that all managers understand: a link with every parameter, because their defaults
/// differ.
pub(crate) fn write(account: &Account, otp: &Otp) -> Zeroizing<String> {
    Zeroizing::new(otpauth::write(account, otp))
}

/// Writes Steam's value as Bitwarden and Proton know it.
pub(crate) fn write_steam(otp: &Otp) -> Zeroizing<String> {
    Zeroizing::new(format!("steam://{}", otp.secret().to_base32().as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const AROUND: Around<'_> = Around { title: "Title", user: "user" };

    /// Kind, issuer, account, base32, digits, or the code of the reason.
    fn one(value: &str, around: Around<'_>) -> Result<(Kind, String, String, String, u8), &'static str> {
        let mut entries = read(value, around);
        assert_eq!(entries.len(), 1, "{value}");
        entries.remove(0).map_err(|(skip, _)| skip.code).map(|account| {
            let otp = account.otp().unwrap();
            (
                account.kind(),
                account.issuer.clone(),
                account.name.clone(),
                otp.secret().to_base32().to_string(),
                otp.digits(),
            )
        })
    }

    fn totp(
        issuer: &str,
        account: &str,
        secret: &str,
        digits: u8,
    ) -> Result<(Kind, String, String, String, u8), &'static str> {
        Ok((Kind::Totp, issuer.to_owned(), account.to_owned(), secret.to_owned(), digits))
    }

    #[test]
    fn what_the_value_leaves_open_is_taken_from_the_item() {
        for (value, wanted) in [
            (
                "otpauth://totp/Acme:bob?secret=JBSWY3DPEHPK3PXP&digits=8",
                totp("Acme", "bob", "JBSWY3DPEHPK3PXP", 8),
            ),
            ("APPLE-otpauth://totp?secret=JBSWY3DPEHPK3PXP", totp("Title", "user", "JBSWY3DPEHPK3PXP", 6)),
            ("otpauth://totp/?secret=JBSWY3DPEHPK3PXP", totp("Title", "user", "JBSWY3DPEHPK3PXP", 6)),
            (
                "otpauth://totp/?secret=JBSWY3DPEHPK3PXP&issuer=A%20",
                totp("A ", "user", "JBSWY3DPEHPK3PXP", 6),
            ),
            ("otpauth://totp/bob?secret=JBSWY3DPEHPK3PXP", totp("Title", "bob", "JBSWY3DPEHPK3PXP", 6)),
            ("otpauth://totp/:?secret=JBSWY3DPEHPK3PXP&issuer=X", totp("X", "user", "JBSWY3DPEHPK3PXP", 6)),
            ("  jbsw y3dp-ehpk 3pxp ", totp("Title", "user", "JBSWY3DPEHPK3PXP", 6)),
            // Real values with an impossible length: the spare bits are dropped.
            ("SOMESECRET", totp("Title", "user", "SOMESECREQ", 6)),
        ] {
            assert_eq!(one(value, AROUND), wanted, "{value}");
        }
    }

    #[test]
    fn steam_has_five_characters() {
        let wanted = |issuer: &str, name: &str| {
            Ok((Kind::Steam, issuer.to_owned(), name.to_owned(), "JBSWY3DPEHPK3PXP".to_owned(), 5))
        };
        for (value, issuer, name) in [
            ("steam://JBSWY3DPEHPK3PXP", "Title", "user"),
            ("STEAM://jbswy3dpehpk3pxp/", "Title", "user"),
            ("steam://JBSWY3DPEHPK3PXP?issuer=x", "Title", "user"),
            ("otpauth://steam/S:a?secret=JBSWY3DPEHPK3PXP", "S", "a"),
            ("otpauth://totp/S:a?secret=JBSWY3DPEHPK3PXP&encoder=steam", "S", "a"),
        ] {
            assert_eq!(one(value, AROUND), wanted(issuer, name), "{value}");
        }
    }

    #[test]
    fn what_is_no_code_has_its_reason() {
        for (value, wanted) in [
            ("1019", Skip::BAD_SECRET),
            ("otpauth://totp/a", Skip::NO_SECRET),
            ("https://example.org", Skip::NOT_AN_ACCOUNT),
            ("steam://1019", Skip::BAD_SECRET),
        ] {
            assert_eq!(one(value, AROUND), Err(wanted), "{value}");
        }
    }

    #[test]
    fn a_transfer_link_is_expanded() {
        // Encoded by hand: one SHA-1 account "a" with six digits, without an issuer.
        let payload = "otpauth-migration://offline?data=ChUKCkhlbGxvId6tvu8SAWEgASgBMAIQARgBIAAoAQ%3D%3D";
        let entries = read(payload, AROUND);
        let account = entries[0].as_ref().unwrap();
        assert_eq!((account.issuer.as_str(), account.name.as_str()), ("Title", "a"));
        assert_eq!(account.otp().unwrap().secret().expose(), b"Hello!\xde\xad\xbe\xef");
    }

    #[test]
    fn a_long_name_is_not_copied_into_many_accounts() {
        // Encoded by hand: accounts of five bytes, with nothing but the secret.
        let link = |count: usize| {
            let payload = data_encoding::BASE64.encode(&b"\x0a\x07\x0a\x05Hello".repeat(count));
            format!("otpauth-migration://offline?data={}", percent::encode(&payload))
        };
        let title = "t".repeat(1 << 20);
        let around = Around { title: &title, user: "" };
        assert_eq!(read(&link(16), around).len(), 16);
        let codes: Vec<_> =
            read(&link(17), around).into_iter().map(|entry| entry.map_err(|(skip, _)| skip.code)).collect();
        assert_eq!(codes, [Err(Skip::DAMAGED)]);
    }

    #[test]
    fn every_parameter_is_written() {
        let Ok(account) = otpauth::parse("otpauth://totp/A%20B:c%40d?secret=JBSWY3DPEHPK3PXP&issuer=A%20B")
        else {
            unreachable!()
        };
        let value = write(&account, account.otp().unwrap());
        assert_eq!(
            value.as_str(),
            "otpauth://totp/A%20B:c%40d?secret=JBSWY3DPEHPK3PXP&issuer=A%20B&algorithm=SHA1&digits=6&period=30"
        );
    }
}
