//! `oath-usersfile`: the file of users of liboath (pam_oath, ocserv) and of mod_authn_otp: a line for each
//! token.
//!
//! Fields with blanks between them: type, user, PIN, key in hexadecimal, and what the server counts.
//! `HOTP/T30` is what everybody else calls TOTP with SHA-1. A PIN is typed before the code and is no part
//! of it, but for mOTP.
//! Source: `usersfile.c` of liboath, `mod_authn_otp.c` (`parse_token_type`).

use zeroize::Zeroizing;

use super::token::{self, Tokens};
use crate::caps::{Caps, Field, Fit, Groups, Periods};
use crate::ctx::{Ctx, Limits};
use crate::error::{Error, Place};
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::model::{Account, Algorithm, Draft, Kind, Number, Otp, SecretText, Vault};
use crate::open::uri_list;
use crate::probe::Probe;
use crate::report::Skip;

/// The file of users.
pub(crate) struct UsersFile;

const ID: &str = "oath-usersfile";

static INFO: Info = Info {
    id: ID,
    title: "liboath users file (pam_oath, ocserv)",
    aliases: &["users-oath", "pam-oath"],
    extensions: &["oath"],
    reads_encrypted: false,
    unverified: None,
    write: &[
        Writing {
            form: "liboath",
            caps: LIBOATH,
            encryption: Encryption::Never,
            any_password: true,
            carrier: Carrier::File,
            file_name: "users.oath",
            encrypted_file_name: "users.oath",
            import_help: "Add the lines to the file that `usersfile=` of pam_oath names (often /etc/users.oath), owner root, mode 0600",
        },
        Writing {
            form: "mod-authn-otp",
            caps: MOD_AUTHN_OTP,
            encryption: Encryption::Never,
            any_password: true,
            carrier: Carrier::File,
            file_name: "users.oath",
            encrypted_file_name: "users.oath",
            import_help: "Add the lines to the file that OTPAuthUsersFile of mod_authn_otp names",
        },
    ],
    export_help: "Give the file that `usersfile=` of pam_oath names (often /etc/users.oath), or OTPAuthUsersFile of mod_authn_otp",
};

const LIBOATH: Caps = Caps {
    app: "liboath",
    kinds: &[Kind::Totp, Kind::Hotp],
    algorithms: &[Algorithm::Sha1],
    digits: &[6, 7, 8],
    periods: Periods::OneOf(&[30, 60]),
    max_counter: u64::MAX,
    // Its buffer for a key.
    secret_bytes: (1, 32),
    needs_pin: false,
    groups: Groups::None,
    fields: &[Field::User],
};

const MOD_AUTHN_OTP: Caps = Caps {
    app: "mod_authn_otp",
    kinds: &[Kind::Totp, Kind::Hotp, Kind::Motp],
    digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9],
    periods: Periods::UpTo(u32::MAX),
    max_counter: u64::MAX >> 1,
    // More makes no difference that anybody has: a longer key is hashed first.
    secret_bytes: (1, 64),
    needs_pin: true,
    ..LIBOATH
};

impl Format for UsersFile {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        let first = probe.text().and_then(|text| uri_list::significant_lines(text).next());
        if first.is_some_and(|(_, line)| is_line(line)) { Confidence::Sure } else { Confidence::No }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        input.text().and_then(|text| decode(&text, ctx.limits)).map_err(|error| error.in_format(ID))
    }

    fn fit(&self, writing: &Writing, accounts: &[Account]) -> Vec<Fit> {
        accounts.iter().map(|account| fit(&writing.caps, account)).collect()
    }

    fn encode(&self, _: &Writing, vault: &Vault, _: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        let mut text = Zeroizing::new(String::new());
        for account in &vault.accounts {
            text.push_str(&line(account));
        }
        Ok(vec![Part::new(text.as_bytes())])
    }
}

/// Type, user, PIN and a key.
fn is_line(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let has_type = words.next().is_some_and(|word| word.len() > 1 && Type::parse(word).is_ok());
    has_type && words.nth(2).is_some_and(|key| token::hex_secret(key).is_ok())
}

// --- reading

/// What the first field says.
struct Type {
    kind: Kind,
    digits: Number,
    period: Number,
}

impl Type {
    fn parse(text: &str) -> Result<Self, Skip> {
        let unknown = || Skip::new(Skip::UNKNOWN_KIND, "the type is not one that a users file has");
        let (algorithm, rest) = match text {
            // As mod_authn_otp has it.
            "E" => ("HOTP", "E"),
            "T" => ("HOTP", "T30"),
            _ => text.split_once('/').unwrap_or((text, "")),
        };
        let (moving, digits) = match rest.split_once('/') {
            Some((moving, digits)) if !digits.is_empty() => (moving, digits),
            Some(_) => return Err(unknown()),
            // The number of digits may follow alone.
            None if rest.starts_with(|c: char| c.is_ascii_digit()) => ("", rest),
            None => (rest, ""),
        };
        let seconds = moving.strip_prefix('T');
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if seconds.is_some_and(|seconds| !is_number(seconds)) || !(digits.is_empty() || is_number(digits)) {
            return Err(unknown());
        }
        let kind = match (algorithm, moving, seconds) {
            ("HOTP", "" | "E", None) => Kind::Hotp,
            ("HOTP", _, Some(_)) => Kind::Totp,
            // An mOTP code by time is one of ten seconds and six digits; there is none by events elsewhere.
            ("MOTP", "", None) if matches!(digits, "" | "6") => Kind::Motp,
            ("MOTP", "T10", _) if matches!(digits, "" | "6") => Kind::Motp,
            _ => return Err(unknown()),
        };
        Ok(Self { kind, digits: Number::parse(digits), period: Number::parse(seconds.unwrap_or_default()) })
    }
}

fn decode(text: &str, limits: &Limits) -> Result<Vault, Error> {
    let mut tokens = Tokens::new(ID, "lines", limits);
    for (number, line) in uri_list::significant_lines(text) {
        let mut words = line.split_whitespace();
        let mut field = || words.next().unwrap_or_default();
        let [kind, user, pin, key, counter] = [field(), field(), field(), field(), field()];
        // A line of another kind of file has no name that could be shown.
        let name = if Type::parse(kind).is_ok() { user } else { "" };
        let pin_is_typed = kind.starts_with("HOTP") && !matches!(pin, "-" | "+" | "");
        let token = otp(kind, pin, key, counter).map(|otp| token::account(otp, user));
        let is_account = token.is_ok();
        tokens.take(token, name, &Place::Line(number))?;
        if pin_is_typed && is_account {
            tokens.warn_of_last(
                "pin-left-behind",
                "its PIN is no part of the code and is not carried over",
                "Tell the user to type the PIN before the code as before, or set a new one on the new server",
            );
        }
    }
    Ok(tokens.finish())
}

fn otp(kind: &str, pin: &str, key: &str, counter: &str) -> Result<Otp, Skip> {
    let Type { kind, digits, period } = Type::parse(kind)?;
    let mut draft = Draft::new(kind, token::hex_secret(key)?);
    draft.digits = digits;
    draft.period = period;
    match kind {
        Kind::Hotp => draft.counter = Number::parse(counter),
        Kind::Motp if !matches!(pin, "-" | "+") => draft.pin = Some(SecretText::new(pin)),
        _ => {}
    }
    draft.build()
}

// --- writing

fn fit(caps: &Caps, account: &Account) -> Fit {
    let fit = token::fit(caps, account, || decode(&line(account), &Limits::default()));
    let user = token::user(account);
    if fit.refused.as_ref().is_none_or(|refusal| refusal.code == "not-expressible")
        && (user.is_empty()
            || user.starts_with('#')
            || user.contains(|c: char| c.is_whitespace() || c.is_control()))
        && account.otp().is_some()
    {
        return token::bad_login("A users file takes a login name of one word, and this account has none");
    }
    fit
}

fn line(account: &Account) -> Zeroizing<String> {
    let Some(otp) = account.otp() else { return Zeroizing::new(String::new()) };
    let digits = otp.digits();
    let kind = match otp {
        Otp::Totp { period, .. } => format!("HOTP/T{}/{digits}", period.get()),
        Otp::Motp { .. } => "MOTP/T10/6".to_owned(),
        _ => format!("HOTP/E/{digits}"),
    };
    let pin = otp.pin().map_or("-", SecretText::expose);
    let counter = otp.counter().filter(|counter| *counter > 0);
    let counter = counter.map(|counter| format!("\t{counter}")).unwrap_or_default();
    let key = token::to_hex(otp);
    Zeroizing::new(format!("{kind}\t{}\t{pin}\t{}{counter}\n", token::user(account), key.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_in_all_spellings() {
        let read = |text: &str| {
            let Type { kind, digits, period } = Type::parse(text).ok()?;
            Some((kind, digits, period))
        };
        let (six, thirty) = (Number::Of(6), Number::Of(30));
        for (text, wanted) in [
            ("HOTP", Some((Kind::Hotp, Number::Absent, Number::Absent))),
            ("E", Some((Kind::Hotp, Number::Absent, Number::Absent))),
            ("T", Some((Kind::Totp, Number::Absent, thirty))),
            ("HOTP/6", Some((Kind::Hotp, six, Number::Absent))),
            ("HOTP/E/6", Some((Kind::Hotp, six, Number::Absent))),
            ("HOTP/T30/6", Some((Kind::Totp, six, thirty))),
            ("MOTP/T10", Some((Kind::Motp, Number::Absent, Number::Of(10)))),
            ("MOTP/T60", None),
            ("MOTP/E", None),
            ("HOTP/T", None),
            ("HOTP/T30/", None),
            ("HOTP/T30/six", None),
            ("hotp", None),
            ("HOTP/SHA256", None),
        ] {
            assert_eq!(read(text), wanted, "{text}");
        }
    }

    #[test]
    fn lines_are_written_in_full() {
        let accounts = decode(
            "T ann - 0aff\nHOTP/E/8 joe 4711 0AFF 7 123456 x\nMOTP eve 5926 00112233\nHOTP bob + 01\n",
            &Limits::default(),
        )
        .unwrap();
        let text: String = accounts.accounts.iter().map(|account| line(account).to_string()).collect();
        assert_eq!(
            text,
            "HOTP/T30/6\tann\t-\t0aff\nHOTP/E/8\tjoe\t-\t0aff\t7\nMOTP/T10/6\teve\t5926\t00112233\nHOTP/E/6\tbob\t-\t01\n"
        );
        let warned: Vec<_> = accounts.warnings.iter().map(|item| item.account.as_str()).collect();
        assert_eq!(warned, ["joe"]);
    }

    #[test]
    fn a_login_is_one_word() {
        let account = decode("HOTP ann - 0aff", &Limits::default()).unwrap().accounts.remove(0);
        let code = |name: &str| {
            let named = Account { name: name.to_owned(), ..account.clone() };
            fit(&LIBOATH, &named).refused.map(|refusal| refusal.code)
        };
        assert_eq!(code("ann"), None);
        assert_eq!(["ann lee", "#1", "", "an\0n", "an\u{1b}n"].map(code), [Some("bad-login"); 5]);
    }
}
