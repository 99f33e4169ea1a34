//! The HTML export, a page for printing: names, secret and a QR code of each account.
//!
//! Only the pictures are complete: period, counter, tags and what the user did with an account stand
//! nowhere else. Source: the app's `html_export.dart`.

use data_encoding::BASE64;
use zeroize::Zeroizing;

use super::read;
use crate::ctx::{Ctx, ReadCodes};
use crate::error::{Error, Place};
use crate::model::{Account, Vault};
use crate::open::label::Names;
use crate::open::uri_list::Entry;
use crate::report::Skip;
use crate::text::{base32, html};

/// What begins an entry.
pub(super) const MARK: &str = "class=\"otp-entry\"";
/// What begins a picture inside a page.
const PICTURE: &str = "data:image/png;base64,";

/// One entry of the page.
struct Printed<'a> {
    names: Names,
    secret: Option<Zeroizing<String>>,
    /// The picture in base64.
    picture: Option<&'a str>,
}

pub(super) fn decode(text: &str, ctx: &Ctx<'_>) -> Result<Vault, Error> {
    let Some(read_codes) = ctx.read_codes else {
        // A period or counter that is not known would give wrong codes.
        return Err(Error::unsupported("the HTML export has periods and counters only inside its pictures")
            .next_step("In Ente Auth, export again and choose \"Encrypted\" or \"Plain text\""));
    };
    let mut vault = Vault { variant: "HTML page".to_owned(), ..Vault::default() };
    for (at, mark) in text.match_indices(MARK) {
        ctx.limits.check_accounts(vault.entries())?;
        let start = at.saturating_add(mark.len());
        let part = text.get(start..).and_then(|rest| rest.split(MARK).next()).unwrap_or_default();
        read::add(&mut vault, Printed::parse(part).entry(read_codes), &Place::Byte(start));
    }
    Ok(vault)
}

impl<'a> Printed<'a> {
    fn parse(part: &'a str) -> Self {
        let lines: Vec<String> = html::elements(part, &["p"]).iter().map(html::Element::text).collect();
        let line = |at: usize| lines.get(at).cloned().unwrap_or_default();
        let secret = |line: &String| {
            // Older pages call it by the other name.
            let text = line.strip_prefix("Secret:").or_else(|| line.strip_prefix("Recovery Code:"))?;
            Some(Zeroizing::new(text.trim().to_owned()))
        };
        let picture = part.split_once(PICTURE).and_then(|(_, rest)| Some(rest.split_once('"')?.0));
        Self {
            names: Names { issuer: line(0), account: line(1), label_issuer: None },
            secret: lines.iter().find_map(secret),
            picture,
        }
    }

    fn entry(self, read_codes: &ReadCodes<'_>) -> Entry {
        let payloads = self
            .picture
            .and_then(|text| BASE64.decode(text.as_bytes()).ok())
            .map(|picture| read_codes(&picture));
        match payloads.as_deref() {
            Some([link]) => match read::read_link(link, None) {
                Ok(account) if self.agrees(&account) => Ok(account),
                Ok(_) => self.skip(Skip::BAD_SECRET, "the picture and the printed secret differ"),
                Err((skip, _)) => Err((skip, self.names.unless_they_hold_a_secret())),
            },
            Some([_, ..]) => {
                self.skip(Skip::DAMAGED, "there is more than one QR code in the picture of this account")
            }
            _ => self.skip(
                Skip::DAMAGED,
                "the picture of this account cannot be read, and its period and counter stand nowhere else",
            ),
        }
    }

    fn skip(self, code: &'static str, message: &str) -> Entry {
        Err((Skip::new(code, message), self.names.unless_they_hold_a_secret()))
    }

    fn agrees(&self, account: &Account) -> bool {
        let printed = self.secret.as_ref().and_then(|text| base32::secret(text).ok());
        account.otp().zip(printed).is_some_and(|(otp, printed)| *otp.secret() == printed)
    }
}
