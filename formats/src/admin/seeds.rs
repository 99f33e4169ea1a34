//! `duo-tokens` and `pingid`: files of seeds that say nothing but serial number and key, and a third column where
//! one is needed.
//!
//! The admin chooses the type of token in the form of the import, so a file is for one type, and nothing in it says
//! which. The third column is the period of a time-based token at Duo, and the counter of a counter-based one.
//! Source: Duo's client library (`add_hotp6_token` to `add_yubikey_token`), the guides of makers of tokens; Ping
//! Identity's page "Configuring OATH token authentication".

use zeroize::Zeroizing;

use super::options::{TokenOptions, TokenType};
use super::token::{self, Serials, Tokens};
use crate::caps::{Caps, Field, Fit, Groups, Periods};
use crate::ctx::{Ctx, Limits};
use crate::error::{Error, Place};
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::model::{Account, Algorithm, Digits, Kind, Number, Otp, Period, Vault};
use crate::probe::Probe;
use crate::report::{Item, Skip};

/// The files of one server.
pub(crate) struct SeedFile {
    info: &'static Info,
    /// Whether time-based tokens have their period in the third column.
    has_period: bool,
    /// What each form is for.
    forms: &'static [(&'static str, TokenType, Period)],
}

/// Duo.
pub(crate) static DUO: SeedFile = SeedFile {
    info: &DUO_INFO,
    has_period: true,
    forms: &[
        ("totp-6", TokenType::Totp(Digits::SIX), Period::THIRTY),
        ("totp-8", TokenType::Totp(Digits::EIGHT), Period::THIRTY),
        ("hotp-6", TokenType::Hotp(Digits::SIX), Period::THIRTY),
        ("hotp-8", TokenType::Hotp(Digits::EIGHT), Period::THIRTY),
    ],
};

/// PingID.
pub(crate) static PINGID: SeedFile = SeedFile {
    info: &PINGID_INFO,
    has_period: false,
    forms: &[
        ("totp-30", TokenType::Totp(Digits::SIX), Period::THIRTY),
        ("totp-60", TokenType::Totp(Digits::SIX), Period::SIXTY),
        ("hotp", TokenType::Hotp(Digits::SIX), Period::THIRTY),
    ],
};

/// Periods that these servers offer.
const PERIODS: [u32; 2] = [30, 60];

static DUO_INFO: Info = Info {
    id: "duo-tokens",
    title: "Duo Admin Panel (hardware tokens)",
    aliases: &["duo-admin"],
    extensions: &["csv", "txt"],
    reads_encrypted: false,
    unverified: Some("the place of a counter, which is that of files for other servers"),
    write: &[
        duo("totp-6", "duo-totp-6.csv", TOTP),
        duo("totp-8", "duo-totp-8.csv", Caps { digits: &[8], ..TOTP }),
        duo("hotp-6", "duo-hotp-6.csv", HOTP),
        duo("hotp-8", "duo-hotp-8.csv", Caps { digits: &[8], ..HOTP }),
    ],
    export_help: "Duo gives no secrets out; the maker of the tokens sends the file. Say of which type they are with --token-type",
};

static PINGID_INFO: Info = Info {
    id: "pingid",
    title: "PingID (OATH tokens)",
    aliases: &["pingone"],
    extensions: &["csv", "txt"],
    reads_encrypted: false,
    unverified: None,
    write: &[
        pingid(
            "totp-30",
            "pingid-totp-30.csv",
            Caps { app: "PingID", periods: Periods::OneOf(&[30]), ..TOTP },
        ),
        pingid(
            "totp-60",
            "pingid-totp-60.csv",
            Caps { app: "PingID", periods: Periods::OneOf(&[60]), ..TOTP },
        ),
        pingid("hotp", "pingid-hotp.csv", Caps { app: "PingID", ..HOTP }),
    ],
    export_help: "PingID gives no secrets out; the maker of the tokens sends the file. Say of which type they are with \
        --token-type totp-6 or hotp-6, and with --token-period 60 where they change every minute",
};

const fn duo(form: &'static str, file_name: &'static str, caps: Caps) -> Writing {
    plain(
        form,
        file_name,
        caps,
        "In the Duo Admin Panel, open Devices > Hardware Tokens > Import Hardware Tokens, choose the type that the file is \
            named after, and paste the lines; then attach each token to its user. Duo does not correct the clock of a \
            time-based token that drifts away",
    )
}

const fn pingid(form: &'static str, file_name: &'static str, caps: Caps) -> Writing {
    plain(
        form,
        file_name,
        caps,
        "In PingOne, open Setup > PingID > Configuration > OATH Token > Import Tokens, choose the type that the file is \
            named after, and pick it; a serial number that PingID knows already makes it refuse the file",
    )
}

const fn plain(
    form: &'static str,
    file_name: &'static str,
    caps: Caps,
    import_help: &'static str,
) -> Writing {
    Writing {
        form,
        caps,
        encryption: Encryption::Never,
        any_password: true,
        carrier: Carrier::File,
        file_name,
        encrypted_file_name: file_name,
        import_help,
    }
}

const TOTP: Caps = Caps {
    app: "Duo",
    kinds: &[Kind::Totp],
    algorithms: &[Algorithm::Sha1],
    digits: &[6],
    periods: Periods::OneOf(&PERIODS),
    max_counter: 0,
    secret_bytes: (1, usize::MAX),
    needs_pin: false,
    groups: Groups::None,
    fields: &[Field::Device],
};

const HOTP: Caps = Caps { kinds: &[Kind::Hotp], max_counter: u64::MAX, ..TOTP };

impl Format for SeedFile {
    fn info(&self) -> &'static Info {
        self.info
    }

    /// Any table of three columns could be one.
    fn is_recognisable(&self) -> bool {
        false
    }

    fn detect(&self, _: &Probe<'_>) -> Confidence {
        Confidence::No
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        let read = input.text().and_then(|text| self.read(&text, ctx.tokens, ctx.limits));
        read.map_err(|error| error.in_format(self.info.id))
    }

    fn said(&self, writing: &Writing, _: &[Account], given: &TokenOptions) -> TokenOptions {
        let form = self.forms.iter().find(|(form, ..)| *form == writing.form);
        form.map_or_else(
            || given.clone(),
            |(_, token_type, period)| TokenOptions {
                token_type: Some(*token_type),
                period: Some(*period),
                algorithm: None,
                ..given.clone()
            },
        )
    }

    fn fit(&self, writing: &Writing, accounts: &[Account]) -> Vec<Fit> {
        let said = self.said(writing, &[], &TokenOptions::default());
        let mut serials = Serials::default();
        accounts.iter().map(|account| self.fit_one(writing, account, &said, &mut serials)).collect()
    }

    fn encode(&self, _: &Writing, vault: &Vault, _: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        let mut text = Zeroizing::new(String::with_capacity(vault.accounts.len().saturating_mul(160)));
        for account in &vault.accounts {
            text.push_str(&self.line(account));
        }
        Ok(vec![Part::new(text.as_bytes())])
    }
}

impl SeedFile {
    // --- reading

    fn read(&self, text: &str, said: &TokenOptions, limits: &Limits) -> Result<Vault, Error> {
        let token_type = said.demanded_type()?;
        let mut tokens = Tokens::new(self.info.id, &token_type.to_string(), limits);
        let mut thirds = Vec::new();
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let line = Line::of(line);
            let token = self.token(&line, token_type, said);
            let period = token.as_ref().ok().and_then(|account| account.otp()?.period());
            if token.is_ok() {
                thirds.push(Number::parse(line.third));
            }
            tokens.take(token, line.name(), &Place::Line(at.saturating_add(1)))?;
            if period.is_some_and(|period| !PERIODS.contains(&period)) {
                tokens.warn_of_last(
                    "check-type",
                    UNUSUAL_PERIOD,
                    "If it is counter-based, read it with --token-type hotp-6 or hotp-8",
                );
            }
        }
        let mut vault = tokens.finish();
        if matches!(token_type, TokenType::Hotp(_)) && are_periods(&thirds) {
            vault.warnings.push(
                Item::new("check-type", NO_COUNTERS).next_step(
                    "If these are time-based tokens, read them with --token-type totp-6 or totp-8",
                ),
            );
        }
        Ok(vault)
    }

    fn token(&self, line: &Line<'_>, token_type: TokenType, said: &TokenOptions) -> Result<Account, Skip> {
        let not_a_token =
            || Skip::new(Skip::NOT_AN_ACCOUNT, "the line has other columns than this type of token");
        let kind = match token_type {
            TokenType::YubikeyAes if line.has_more || line.third.is_empty() => return Err(not_a_token()),
            TokenType::YubikeyAes => return Err(token::yubico_otp()),
            TokenType::Totp(_) => Kind::Totp,
            TokenType::Hotp(_) => Kind::Hotp,
        };
        let third_has_no_meaning = kind == Kind::Totp && !self.has_period && !line.third.is_empty();
        if line.has_more || third_has_no_meaning {
            return Err(not_a_token());
        }
        if line.serial.is_empty() {
            return Err(Skip::new(Skip::MISSING_FIELD, "the line has no serial number"));
        }
        let mut draft = said.draft(kind, token::hex_secret(line.key)?);
        draft.counter = Number::parse(line.third);
        if self.has_period && !line.third.is_empty() {
            draft.period = Number::parse(line.third);
        }
        let mut account = token::account(draft.build()?, line.serial);
        account.device = token::device(line.serial, "", "");
        Ok(account)
    }

    // --- writing

    fn fit_one(
        &self,
        writing: &Writing,
        account: &Account,
        said: &TokenOptions,
        serials: &mut Serials,
    ) -> Fit {
        let app = writing.caps.app;
        if writing.caps.check(account).refused.is_some() {
            return self.elsewhere(account).unwrap_or_else(|| writing.caps.check(account));
        }
        if token::serial(account).is_empty() {
            return serials.check(Fit::default(), account, app);
        }
        let fit =
            token::fit(&writing.caps, account, || self.read(&self.line(account), said, &Limits::default()));
        serials.check(fit, account, app)
    }

    /// Refuses an account that another form takes.
    fn elsewhere(&self, account: &Account) -> Option<Fit> {
        let info = self.info;
        let other = info.write.iter().find(|other| other.caps.check(account).refused.is_none())?;
        Some(Fit::refuse(
            "other-type",
            format!("{} takes tokens of one type in a file, and this one is of another", other.caps.app),
            format!("Write a file for its type as well, with -t {}:{}", info.id, other.form),
        ))
    }

    fn line(&self, account: &Account) -> Zeroizing<String> {
        let Some(otp) = account.otp() else { return Zeroizing::new(String::new()) };
        let third = match otp {
            Otp::Totp { period, .. } if self.has_period => format!(",{}", period.get()),
            Otp::Hotp { counter, .. } if *counter > 0 => format!(",{counter}"),
            _ => String::new(),
        };
        let key = token::to_hex(otp);
        Zeroizing::new(format!("{},{}{third}\n", token::serial(account), key.as_str()))
    }
}

/// The columns of a line.
struct Line<'t> {
    serial: &'t str,
    key: &'t str,
    third: &'t str,
    /// Whether anything follows.
    has_more: bool,
}

impl<'t> Line<'t> {
    fn of(line: &'t str) -> Self {
        let mut cells = line.split(',').map(str::trim);
        let mut next = || cells.next().unwrap_or_default();
        let [serial, key, third] = [next(), next(), next()];
        Self { serial, key, third, has_more: cells.any(|cell| !cell.is_empty()) }
    }

    /// The serial number, for messages. A line of another file has none that could be shown: there, the cell may be
    /// a key.
    fn name(&self) -> &'t str {
        if token::hex_secret(self.key).is_ok() { self.serial } else { "" }
    }
}

const UNUSUAL_PERIOD: &str = "no such token has a period like that; the number may be a counter";

const NO_COUNTERS: &str =
    "every counter in the file is 30 or 60, as if these were the periods of time-based tokens";

/// Whether the first lines of a text are serial numbers with keys, as such files have them.
pub fn is_seed_list(text: &str) -> bool {
    // Shorter words can be hexadecimal by chance.
    const SHORTEST_KEY: usize = 20;
    let mut lines =
        text.lines().map(str::trim).filter(|line| !line.is_empty()).take(10).map(Line::of).peekable();
    let is_seed = |line: Line<'_>| {
        !line.serial.is_empty()
            && !line.has_more
            && line.key.len() >= SHORTEST_KEY
            && token::hex_secret(line.key).is_ok()
    };
    lines.peek().is_some() && lines.all(is_seed)
}

/// Whether what stands where counters should are the usual periods, of more than one token.
fn are_periods(thirds: &[Number]) -> bool {
    let is_period = |third: &Number| PERIODS.iter().any(|period| *third == Number::Of((*period).into()));
    thirds.len() > 1 && thirds.iter().all(is_period)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str = "T1,0aff,30\nT2,0AFF,60\n";

    #[test]
    fn lists_of_seeds_are_suspected() {
        let key = "0aff".repeat(5);
        assert!(is_seed_list(&format!("T1,{key},30\r\n\r\nT2,{key}\n")));
        for text in
            ["", "\n", "T1,0aff", "name,secret", "T1", &format!("T1,{key},hotp,6"), &format!("{key},T1")]
        {
            assert!(!is_seed_list(text), "{text}");
        }
    }

    fn read(file: &SeedFile, token_type: &str, text: &str) -> Vault {
        let said = TokenOptions { token_type: Some(token_type.parse().unwrap()), ..TokenOptions::default() };
        file.read(text, &said, &Limits::default()).unwrap()
    }

    fn codes(items: &[Item]) -> Vec<&str> {
        items.iter().map(|item| item.code.as_str()).collect()
    }

    #[test]
    fn the_type_decides_what_the_third_column_is() {
        let totp = read(&DUO, "totp-8", LINES);
        let periods: Vec<_> = totp.accounts.iter().map(|account| account.otp().unwrap().period()).collect();
        assert_eq!((periods, totp.accounts[0].otp().unwrap().digits()), (vec![Some(30), Some(60)], 8));
        assert!(totp.warnings.is_empty());
        let hotp = read(&DUO, "hotp-6", LINES);
        assert_eq!(hotp.accounts[1].otp().unwrap().counter(), Some(60));
        assert_eq!(codes(&hotp.warnings), ["check-type"]);
        assert!(read(&DUO, "hotp-6", "T1,0aff,30\nT2,0aff\n").warnings.is_empty());
        assert_eq!(codes(&read(&DUO, "totp-6", "T1,0aff,42\n").warnings), ["check-type"]);
        assert_eq!(codes(&read(&PINGID, "totp-6", LINES).skipped), [Skip::NOT_AN_ACCOUNT; 2]);
    }

    #[test]
    fn a_file_without_its_type_is_not_read() {
        let error = DUO.read(LINES, &TokenOptions::default(), &Limits::default()).unwrap_err();
        assert_eq!(error.kind, crate::error::ErrorKind::OptionNeeded);
    }

    #[test]
    fn keys_of_yubico_otp_are_named_and_left() {
        let vault = read(&DUO, "yubikey-aes", "cccccccccccb,0102030405,0aff,\nT1,0aff\n");
        assert_eq!(codes(&vault.skipped), [Skip::UNKNOWN_KIND, Skip::NOT_AN_ACCOUNT]);
        assert_eq!(vault.skipped[0].account, "cccccccccccb");
    }

    #[test]
    fn each_type_goes_into_its_own_file() {
        let mut accounts = read(&DUO, "totp-6", LINES).accounts;
        accounts.extend(read(&DUO, "hotp-8", "H1,0aff,7\nH2,0aff").accounts);
        let fits = |file: &SeedFile, at: usize| -> Vec<Option<String>> {
            let fits = file.fit(&file.info.write[at], &accounts);
            fits.into_iter().map(|fit| fit.refused.map(|refusal| refusal.next_step)).collect()
        };
        let other = |form: &str| Some(format!("Write a file for its type as well, with -t {form}"));
        assert_eq!(fits(&DUO, 0), [None, None, other("duo-tokens:hotp-8"), other("duo-tokens:hotp-8")]);
        let totp = "duo-tokens:totp-6";
        assert_eq!(fits(&DUO, 3), [other(totp), other(totp), None, None]);
        assert_eq!(fits(&PINGID, 0)[..2], [None, other("pingid:totp-60")]);
        let written: String = accounts.iter().map(|account| DUO.line(account).to_string()).collect();
        assert_eq!(written, "T1,0aff,30\nT2,0aff,60\nH1,0aff,7\nH2,0aff\n");
        assert_eq!(PINGID.line(&accounts[1]).as_str(), "T2,0aff\n");
    }
}
