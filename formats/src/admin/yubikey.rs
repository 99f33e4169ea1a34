//! `yubikey`: logs of programmed YubiKeys, and lists of links to load accounts onto one.
//!
//! Yubico's tools log each slot that they program as a line, in one of two layouts. Only OATH-HOTP slots
//! hold what others can show: Yubico OTP and static passwords are named and left. The OATH accounts that
//! Yubico Authenticator shows cannot be read back from the key at all.
//! Source: `ykman/otp.py` (`format_csv`), the logs that privacyIDEA and LinOTP import; for the limits of the
//! key `yubikit/oath.py` and Yubico's technical manual.

use std::collections::HashSet;

use zeroize::Zeroizing;

use super::token::{self, Tokens};
use crate::caps::{Caps, Fit, Groups, Periods};
use crate::ctx::Ctx;
use crate::error::Error;
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::model::{Account, Algorithm, Draft, Extra, Kind, Number, Otp, Vault};
use crate::open::{otpauth, uri_list};
use crate::probe::Probe;
use crate::report::Skip;
use crate::text::csv::{self, Column, Row};

/// YubiKey.
pub(crate) struct YubiKey;

const ID: &str = "yubikey";

/// Accounts on a key with firmware before 5.7, and since.
const ROOM: [usize; 2] = [32, 64];
/// Bytes of the name of an account, with its period and issuer.
const NAME_BYTES: usize = 64;

static INFO: Info = Info {
    id: ID,
    title: "YubiKey (programming logs, links)",
    aliases: &[],
    extensions: &["csv", "txt"],
    reads_encrypted: false,
    unverified: None,
    write: &[Writing {
        form: "",
        caps: CAPS,
        encryption: Encryption::Never,
        any_password: true,
        carrier: Carrier::File,
        file_name: "yubikey-accounts.txt",
        encrypted_file_name: "yubikey-accounts.txt",
        import_help: "Run `ykman oath accounts uri` for each line and paste the line when it asks, then delete the file: \
            a YubiKey never gives a secret out again",
    }],
    export_help: "Give the log of the YubiKey Personalization Tool or of `ykman otp ... -O FILE`; accounts of Yubico Authenticator \
        cannot be read from a key",
};

const CAPS: Caps = Caps {
    app: "A YubiKey",
    kinds: &[Kind::Totp, Kind::Hotp],
    algorithms: &[Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512],
    digits: &[6, 7, 8],
    periods: Periods::UpTo(u32::MAX),
    max_counter: 0xFFFF_FFFF,
    secret_bytes: (2, usize::MAX),
    needs_pin: false,
    groups: Groups::None,
    fields: &[],
};

impl Format for YubiKey {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        let first = probe.text().and_then(|text| uri_list::significant_lines(text).next());
        let cells = first.map(|(_, line)| csv::first_row(line, b',')).unwrap_or_default();
        if Layout::of(&cells).is_some() { Confidence::Sure } else { Confidence::No }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        decode(input, ctx).map_err(|error| error.in_format(ID))
    }

    fn fit(&self, writing: &Writing, accounts: &[Account]) -> Vec<Fit> {
        let mut key = Key::default();
        accounts.iter().map(|account| key.fit(&writing.caps, account)).collect()
    }

    fn encode(&self, _: &Writing, vault: &Vault, _: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        let mut text = Zeroizing::new(String::new());
        for account in &vault.accounts {
            text.push_str(&line(account));
        }
        Ok(vec![Part::new(text.as_bytes())])
    }
}

/// Which of the two layouts a line is in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// Type, time, slot, public id, private id, key, ..., digits in the twelfth column, ...
    Traditional,
    /// Serial, public id, private id, key, access code, time.
    Yubico,
    /// A new session begins.
    Start,
}

/// Types of the traditional layout.
const TYPES: [&str; 4] = ["OATH-HOTP", "Yubico OTP", "Static Password", "Static Password: Scan Code"];

impl Layout {
    fn of<T: AsRef<str>>(cells: &[T]) -> Option<Self> {
        let cell = |at: usize| cells.get(at).map_or("", |cell| cell.as_ref().trim());
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        match cell(0) {
            "LOGGING START" => Some(Self::Start),
            kind if TYPES.iter().any(|known| known.eq_ignore_ascii_case(kind)) && cells.len() >= 6 => {
                Some(Self::Traditional)
            }
            serial if is_number(serial) && is_iso_time(cell(5)) => Some(Self::Yubico),
            _ => None,
        }
    }
}

/// `2013-12-12T08:41:07`.
fn is_iso_time(text: &str) -> bool {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    shape.starts_with("0000-00-00T00:00")
}

// --- reading

fn decode(input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
    let text = input.text()?;
    let first = uri_list::significant_lines(&text).next();
    if first.is_some_and(|(_, line)| uri_list::scheme_of(line).is_some()) {
        return uri_list::decode(input, ctx);
    }
    let mut tokens = Tokens::new(ID, "log", ctx.limits);
    let mut count = 0_usize;
    for row in csv::rows_without_quotes(&text, b',', ctx.limits)? {
        let cells: Vec<&str> = row.cells().collect();
        if cells.first().is_some_and(|cell| cell.trim_start().starts_with('#')) {
            continue;
        }
        let layout = Layout::of(&cells);
        if layout != Some(Layout::Start) {
            count = count.saturating_add(1);
            take(&row, layout, count, &mut tokens)?;
        }
    }
    Ok(tokens.finish())
}

fn take(row: &Row, layout: Option<Layout>, count: usize, tokens: &mut Tokens<'_>) -> Result<(), Error> {
    let cell = |at: usize| row.get(Column::at(at));
    let (serial, name, otp) = match layout {
        Some(Layout::Traditional) => ("", cell(3), traditional(cell(0), cell(5), cell(11))),
        Some(Layout::Yubico) => (cell(0), cell(0), yubico(cell(2), cell(3))),
        _ => {
            let skip = Skip::new(Skip::NOT_AN_ACCOUNT, "the line is not one of a YubiKey's log");
            return tokens.take(Err(skip), &format!("row {count}"), &row.place());
        }
    };
    let name = if name.is_empty() { format!("row {count}") } else { name.to_owned() };
    let device = token::device(serial, "Yubico", "");
    let account = otp.map(|otp| Account { device, ..token::account(otp, &name) });
    let is_account = account.is_ok();
    tokens.take(account, &name, &row.place())?;
    if is_account {
        tokens.warn_of_last(
            "counter-unknown",
            "the log does not say how often the key was used; its counter is taken for 0",
            "If the key is in use, let the server resynchronise its counter",
        );
    }
    Ok(())
}

fn traditional(kind: &str, key: &str, digits: &str) -> Result<Otp, Skip> {
    match TYPES.iter().position(|known| known.eq_ignore_ascii_case(kind)) {
        Some(0) => hotp(key, Number::parse(digits)),
        Some(1) => Err(token::yubico_otp()),
        _ => Err(static_password()),
    }
}

fn yubico(private_id: &str, key: &str) -> Result<Otp, Skip> {
    match private_id {
        "0" => hotp(key, Number::Absent),
        "" => Err(static_password()),
        _ => Err(token::yubico_otp()),
    }
}

fn hotp(key: &str, digits: Number) -> Result<Otp, Skip> {
    Draft { digits, ..Draft::new(Kind::Hotp, token::hex_secret(key)?) }.build()
}

fn static_password() -> Skip {
    Skip::new(Skip::NOT_AN_ACCOUNT, "it is a static password")
}

// --- writing

/// A key that is filled.
#[derive(Default)]
struct Key {
    names: HashSet<String>,
}

impl Key {
    fn fit(&mut self, caps: &Caps, account: &Account) -> Fit {
        let mut fit = token::fit(caps, account, || {
            let entry = otpauth::parse(line(account).trim_end());
            Ok(Vault { accounts: entry.ok().into_iter().collect(), ..Vault::default() })
        });
        if fit.refused.is_some() {
            return fit;
        }
        if account.issuer.trim() == "Steam" {
            return Fit::refuse(
                "shown-as-steam",
                "Yubico Authenticator takes every account of the issuer \"Steam\" for Steam Guard and shows its codes so",
                "Give the issuer another name in the old app, and export again",
            );
        }
        let name = name_on_key(account);
        if account.name.is_empty() || name.len() > NAME_BYTES || account.issuer.starts_with("_hidden") {
            return Fit::refuse(
                "bad-name",
                format!(
                    "A YubiKey holds an account by its name, of {NAME_BYTES} bytes at most together with the issuer"
                ),
                "Give the account a name, or a shorter one, in the old app, and export again",
            );
        }
        if !self.names.insert(name) {
            return Fit::refuse(
                "same-name",
                "A YubiKey keeps only one account of an issuer and name, and an earlier one has the same",
                "Rename one of them in the old app, and export again",
            );
        }
        let [before, since] = ROOM;
        if self.names.len() > before {
            fit.remarks.push(format!(
                "A YubiKey has room for {since} accounts, and for {before} where its firmware is older than 5.7"
            ));
        }
        fit
    }
}

/// The id of an account on the key: `60/Acme:bob`.
fn name_on_key(account: &Account) -> String {
    let period = account.otp().and_then(Otp::period).filter(|period| *period != 30);
    let period = period.map(|period| format!("{period}/")).unwrap_or_default();
    let issuer = if account.issuer.is_empty() { String::new() } else { format!("{}:", account.issuer) };
    format!("{period}{issuer}{}", account.name)
}

fn line(account: &Account) -> Zeroizing<String> {
    let Some(otp) = account.otp() else { return Zeroizing::new(String::new()) };
    // Neither its tags nor what other apps put into links mean anything to `ykman`.
    let bare = Account { groups: Vec::new(), extra: Extra::new(), ..account.clone() };
    Zeroizing::new(format!("{}\n", Zeroizing::new(otpauth::write(&bare, otp)).as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(link: &str) -> Account {
        otpauth::parse(link).ok().unwrap()
    }

    #[test]
    fn lines_are_told_apart() {
        let of = |line: &str| Layout::of(&line.split(',').collect::<Vec<_>>());
        assert!(of("oath-hotp,11.12.13 18:55,1,,,00") == Some(Layout::Traditional));
        assert!(of("LOGGING START,11.12.13 18:55") == Some(Layout::Start));
        assert!(of("508327,,0,69cf,,2013-12-12T08:41:07,") == Some(Layout::Yubico));
        assert!(
            of("508327,,0,69cf,,yesterday,").is_none() && of("x,,0,69cf,,2013-12-12T08:41:07,").is_none()
        );
        assert!(of("OATH-HOTP").is_none());
    }

    #[test]
    fn the_limits_of_a_key_are_kept() {
        let link = |issuer: &str, name: &str| {
            account(&format!("otpauth://totp/{issuer}:{name}?secret=JBSWY3DPEHPK3PXP&issuer={issuer}"))
        };
        let accounts = [
            link("Acme", "bob"),
            link("Acme", "bob"),
            Account { issuer: "Steam".to_owned(), ..link("Acme", "eve") },
            link("Acme", &"x".repeat(60)),
            link("Acme", &"x".repeat(59)),
        ];
        let fits = YubiKey.fit(&INFO.write[0], &accounts);
        let codes: Vec<_> = fits.into_iter().map(|fit| fit.refused.map(|refusal| refusal.code)).collect();
        assert_eq!(codes, [None, Some("same-name"), Some("shown-as-steam"), Some("bad-name"), None]);
    }

    #[test]
    fn more_accounts_than_an_old_key_holds_are_remarked() {
        let many: Vec<Account> =
            (0..33).map(|at| account(&format!("otpauth://totp/bob{at}?secret=JBSWY3DPEHPK3PXP"))).collect();
        let fits = YubiKey.fit(&INFO.write[0], &many);
        let remarked = fits.iter().filter(|fit| !fit.remarks.is_empty()).count();
        assert_eq!((remarked, fits[32].remarks.len()), (1, 1));
    }

    #[test]
    fn the_period_is_part_of_the_name() {
        let account = account("otpauth://totp/Acme:bob?secret=JBSWY3DPEHPK3PXP&issuer=Acme&period=60");
        assert_eq!(name_on_key(&account), "60/Acme:bob");
    }
}
