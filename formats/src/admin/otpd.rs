//! `otpd`: `/etc/otppasswd` of the OTP daemon that FreeRADIUS was used with, a line for each user.
//!
//! `user:tokenid:key[:pin]`, key and PIN in hexadecimal. Of the kinds of tokens only `hotp-d5` to `hotp-d9` have codes
//! that apps show; their counters are in the folder of states. A PIN is typed with the code and is no part of it.
//! Source: `userops/file.c`, `cardops/hotp.c`, `cardops/c200.c` and `otp.c` of otpd 3.

use super::token::{self, Tokens};
use crate::ctx::{Ctx, Limits};
use crate::error::{Error, Place};
use crate::format::{Confidence, Format, Info, Input};
use crate::model::{Account, Draft, Kind, Number, Vault};
use crate::open::uri_list;
use crate::probe::Probe;
use crate::report::{Item, Skip};

/// The file of passwords.
pub(crate) struct Otpd;

const ID: &str = "otpd";

static INFO: Info = Info {
    id: ID,
    title: "otpd (otppasswd)",
    aliases: &["otppasswd"],
    extensions: &["txt"],
    reads_encrypted: false,
    unverified: Some("the file, which was made from the source of the daemon"),
    write: &[],
    export_help: "Give the file that `passwd` in /etc/otpd.conf names (often /etc/otppasswd). Where `encrypt` there is other than clear, \
        its keys cannot be read",
};

/// Most bytes of what a token is called.
const MOST_BYTES: usize = 32;

impl Format for Otpd {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        let first = probe.text().and_then(|text| uri_list::significant_lines(text).next());
        let line = first.and_then(|(_, line)| Line::of(line));
        let is_own = line.is_some_and(|line| line.has_known_card() && token::hex_secret(line.key).is_ok());
        if is_own { Confidence::Sure } else { Confidence::No }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        token::read_text(input, ID, |text| decode(text, ctx.limits))
    }
}

struct Line<'t> {
    user: &'t str,
    /// What kind of token it is.
    card: &'t str,
    key: &'t str,
    pin: &'t str,
}

/// Beginnings of the names of cards.
const CARDS: [&str; 5] = ["hotp", "c200", "x9.9", "cryptocard", "trid"];

impl<'t> Line<'t> {
    fn of(line: &'t str) -> Option<Self> {
        let mut parts = line.splitn(4, ':');
        let mut next = || parts.next();
        let (user, card, key) = (next()?, next()?, next()?);
        let is_card = !card.is_empty() && card.len() <= MOST_BYTES;
        is_card.then_some(Self { user, card, key, pin: next().unwrap_or_default() })
    }

    fn has_known_card(&self) -> bool {
        CARDS.iter().any(|known| self.begins(known))
    }

    fn begins(&self, known: &str) -> bool {
        self.card.get(..known.len()).is_some_and(|start| start.eq_ignore_ascii_case(known))
    }

    fn read(&self) -> Result<Account, Skip> {
        let digits = match self.card.to_ascii_lowercase().strip_prefix("hotp-d").map(Number::parse) {
            Some(digits @ Number::Of(5..=9)) => digits,
            // Its hardware counts minutes from the end, and no app does.
            _ if self.begins("c200") => {
                let message = "its codes are those of the minute after, which no app shows";
                return Err(Skip::new(Skip::UNKNOWN_KIND, message));
            }
            _ => {
                return Err(Skip::new(
                    Skip::UNKNOWN_KIND,
                    "it is a token of a kind that no app shows codes of",
                ));
            }
        };
        let draft = Draft { digits, ..Draft::new(Kind::Hotp, token::hex_secret(self.key)?) };
        Ok(token::account(draft.build()?, self.user))
    }
}

fn decode(text: &str, limits: &Limits) -> Result<Vault, Error> {
    let mut tokens = Tokens::new(ID, "lines", limits);
    for (number, line) in uri_list::significant_lines(text) {
        let line = Line::of(line);
        let no_line = || Skip::new(Skip::NOT_AN_ACCOUNT, "the line has not the parts user, token and key");
        // A line of another kind of file has no name that could be shown.
        let name = line.as_ref().filter(|line| line.has_known_card()).map_or("", |line| line.user);
        let read = line.as_ref().ok_or_else(no_line).and_then(Line::read);
        let is_account = read.is_ok();
        tokens.take(read, name, &Place::Line(number))?;
        if let Some(line) = line.filter(|_| is_account) {
            warn(&line, &mut tokens);
        }
    }
    let mut vault = tokens.finish();
    if !vault.accounts.is_empty() {
        vault.warnings.push(
            Item::new("may-be-encrypted", "nothing in this file says whether its keys are encrypted")
                .next_step("Look whether /etc/otpd.conf says `encrypt`: with anything but clear there, these accounts show wrong codes"),
        );
    }
    Ok(vault)
}

fn warn(line: &Line<'_>, tokens: &mut Tokens<'_>) {
    tokens.warn_of_last(
        "counter-unknown",
        "otpd keeps its counter in a file of its own; 0 is taken",
        "Look for the number in the folder of states (often /etc/otpstate), or let the new server resynchronise the token",
    );
    if !line.pin.is_empty() {
        tokens.warn_of_last(
            "pin-left-behind",
            "its PIN is no part of the code and is not carried over",
            "Tell the user to type the PIN with the code as before, or set a new one on the new server",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctx::NoPasswords;
    use crate::testing;

    const KEY: &str = "00112233445566778899aabbccddeeff";

    fn read(text: &str) -> Vault {
        decode(text, &Limits::default()).unwrap()
    }

    #[test]
    fn the_name_of_a_card_says_the_length() {
        let digits = |card: &str| {
            let vault = read(&format!("ann:{card}:{KEY}"));
            match vault.accounts.first() {
                Some(account) => Ok(account.otp().unwrap().digits()),
                None => Err(vault.skipped[0].code.clone()),
            }
        };
        assert_eq!([digits("hotp-d5"), digits("HOTP-D6"), digits("hotp-d9")], [Ok(5), Ok(6), Ok(9)]);
        for other in ["hotp-d4", "hotp-d10", "hotp", "c200-d6", "x9.9-aln"] {
            assert_eq!(digits(other), Err(Skip::UNKNOWN_KIND.to_owned()), "{other}");
        }
    }

    #[test]
    fn guessed_characters_are_told() {
        let file = [b"j\xf6rg:hotp-d6:", KEY.as_bytes()].concat();
        let vault = testing::with_ctx(&mut NoPasswords, |ctx| Otpd.decode(&Input::new(&file), ctx)).unwrap();
        let last = vault.warnings.last().unwrap();
        assert_eq!((vault.accounts[0].name.as_str(), last.code.as_str()), ("jörg", "encoding-guessed"));
    }

    #[test]
    fn what_the_file_leaves_out_is_told() {
        let vault = read(&format!("ann:hotp-d6:{KEY}:31323334\nbob:hotp-d8:{KEY}:\n"));
        let told: Vec<_> = vault.warnings.iter().map(|item| (item.code.as_str(), &*item.account)).collect();
        assert_eq!(
            told,
            [
                ("counter-unknown", "ann"),
                ("pin-left-behind", "ann"),
                ("counter-unknown", "bob"),
                ("may-be-encrypted", "")
            ]
        );
        assert!(read("nothing\n").warnings.is_empty());
    }
}
