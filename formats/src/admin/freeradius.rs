//! `freeradius`: entries of a users file (`mods-config/files/authorize`) with secrets for FreeRADIUS' module `totp`.
//!
//! An entry is the name of a user, on the same line what is set for the request, and below it, indented, what is
//! answered. The module takes SHA-1 only; its configuration says how long codes are and how long they live. Version 3
//! has names in quotes and stops reading a secret at its padding, version 4 takes a name as it stands up to the next
//! blank, and demands the padding; in its users file the attributes have no `control.` before them.
//! Source: `rlm_totp.c`, `token.c`, `files.c` and `users_file.c` of FreeRADIUS 3 and 4, `mods-available/totp`.

use data_encoding::BASE32;
use zeroize::Zeroizing;

use super::options::{TokenOptions, TokenType};
use super::token::{self, Tokens, Users};
use crate::caps::{Caps, Field, Fit, Groups, Periods};
use crate::ctx::{Ctx, Limits};
use crate::error::{Error, Place};
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::model::{Account, Algorithm, Draft, Kind, Otp, Secret, Vault};
use crate::probe::Probe;
use crate::report::Skip;
use crate::text::base32;

/// The users file.
pub(crate) struct FreeRadius;

const ID: &str = "freeradius";
const APP: &str = "FreeRADIUS";

/// The forms, by the version that reads them.
const V3: &str = "v3";
const V4: &str = "v4";

static INFO: Info = Info {
    id: ID,
    title: "FreeRADIUS (users file for its totp module)",
    aliases: &["rlm-totp", "radius"],
    extensions: &["txt"],
    reads_encrypted: false,
    unverified: Some("the file, which was made from the source of the server"),
    write: &[
        users_file(
            V3,
            Caps { secret_bytes: (1, 49), ..CAPS },
            "freeradius-v3.txt",
            "Put the lines above the other entries of the file that rlm_files reads (mods-config/files/authorize); where a user has an \
                entry, add TOTP-Secret to its first line instead. The module totp has to be set to the length and period of the codes",
        ),
        users_file(
            V4,
            CAPS,
            "freeradius-v4.txt",
            "Put the lines above the other entries of the file that rlm_files reads (mods-config/files/authorize); where a user has an \
                entry, add TOTP.Secret to its first line instead. The module totp has to be set to the length and period of the codes",
        ),
    ],
    export_help: "Give the file that rlm_files reads (mods-config/files/authorize). Where the module totp has another otp_length or \
        time_step than 6 and 30, say it with --token-type totp-8 and --token-period",
};

const fn users_file(
    form: &'static str,
    caps: Caps,
    file_name: &'static str,
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

const CAPS: Caps = Caps {
    app: APP,
    kinds: &[Kind::Totp],
    algorithms: &[Algorithm::Sha1],
    digits: &[6, 8],
    periods: Periods::Between(5, 120),
    max_counter: 0,
    // Its buffers: 79 letters in version 3, 80 bytes in version 4.
    secret_bytes: (1, 80),
    needs_pin: false,
    groups: Groups::None,
    fields: &[Field::User],
};

/// Most bytes of the name of a user in RADIUS.
const MOST_BYTES: usize = 253;
/// How many entries detection looks at.
const ENTRIES: usize = 50;

impl Format for FreeRadius {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        let mut entries = probe.text().into_iter().flat_map(entries).take(ENTRIES);
        let has_secret = |(_, line): (usize, &str)| Entry::of(line).is_some_and(|entry| entry.has_secret());
        if entries.any(has_secret) { Confidence::Sure } else { Confidence::No }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        token::read_text(input, ID, |text| decode(text, ctx.tokens, ctx.limits))
    }

    fn fit(&self, writing: &Writing, accounts: &[Account]) -> Vec<Fit> {
        self.fit_given(writing, accounts, &TokenOptions::default())
    }

    fn fit_given(&self, writing: &Writing, accounts: &[Account], given: &TokenOptions) -> Vec<Fit> {
        let mut users = Users::default();
        let mut check = |account| users.check(fit(writing, account, given), account, APP);
        accounts.iter().map(&mut check).collect()
    }

    fn encode(&self, writing: &Writing, vault: &Vault, _: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        let mut text = Zeroizing::new(String::with_capacity(vault.accounts.len().saturating_mul(100)));
        for account in &vault.accounts {
            text.push_str(&line(writing.form, account));
        }
        Ok(vec![Part::new(text.as_bytes())])
    }
}

// --- reading

/// The first lines of entries: what is indented belongs to the one before.
fn entries(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_first =
        |line: &str| !line.is_empty() && !line.starts_with(|c: char| c == '#' || c.is_whitespace());
    text.lines()
        .enumerate()
        .map(|(at, line)| (at.saturating_add(1), line))
        .filter(move |(_, line)| is_first(line))
}

/// The first line of an entry.
struct Entry<'t> {
    name: String,
    /// Attributes that are set, with their values.
    items: Vec<(&'t str, Zeroizing<String>)>,
}

/// Attributes of the module in both versions. Which of several values counts depends on how they are set.
const SECRET: [&str; 2] = ["TOTP-Secret", "TOTP.Secret"];
const KEY: [&str; 2] = ["TOTP-Key", "TOTP.Key"];
const OFFSET: &str = "TOTP-Time-Offset";

impl<'t> Entry<'t> {
    /// `None` for a line that no version takes.
    fn of(line: &'t str) -> Option<Self> {
        let read = |name_and_rest: Option<(String, &'t str)>| {
            let (name, rest) = name_and_rest?;
            Some(Self { name, items: items(rest)? })
        };
        // Only version 4 has attributes with a dot, and no quotes around names.
        let in_v4 = read(name_in_v4(line)).filter(Self::has_dots);
        in_v4.or_else(|| read(name_in_v3(line)).filter(|entry| !entry.has_dots()))
    }

    fn has_dots(&self) -> bool {
        self.items.iter().any(|(name, _)| name.contains('.'))
    }

    fn values(&self, names: [&str; 2]) -> impl Iterator<Item = &str> {
        let is_called = move |name: &str| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        self.items.iter().filter(move |(name, _)| is_called(name)).map(|(_, value)| value.as_str())
    }

    fn has_secret(&self) -> bool {
        self.values(SECRET).chain(self.values(KEY)).next().is_some()
    }

    fn has_offset(&self) -> bool {
        self.values([OFFSET; 2]).any(|value| value.trim() != "0")
    }

    fn read(&self, said: &TokenOptions) -> Result<Account, Skip> {
        if is_for_everybody(&self.name) {
            return Err(Skip::new(Skip::NOT_AN_ACCOUNT, "the entry is for everybody, and not for one user"));
        }
        let draft = said.draft(Kind::Totp, self.secret()?);
        Ok(token::account(Draft { algorithm: None, ..draft }.build()?, &self.name))
    }

    fn secret(&self) -> Result<Secret, Skip> {
        let keys = self.values(KEY).map(|key| match key.strip_prefix("0x") {
            Some(digits) => token::hex_secret(digits),
            None => Err(Skip::new(Skip::BAD_SECRET, "the key does not begin with 0x")),
        });
        let mut secrets = keys.chain(self.values(SECRET).map(base32::secret));
        let no_secret = || Skip::new(Skip::NOT_AN_ACCOUNT, "the entry has no secret of the totp module");
        let secret = secrets.next().ok_or_else(no_secret)??;
        for other in secrets {
            if other? != secret {
                let message = "the entry has several secrets, and not the same each time";
                return Err(Skip::new(Skip::BAD_SECRET, message));
            }
        }
        Ok(secret)
    }
}

/// The name of an entry of version 3 and what follows it. Only a quote that is escaped is undone: other backslashes
/// stand for themselves.
fn name_in_v3(line: &str) -> Option<(String, &str)> {
    let Some(quote) = line.chars().next().filter(|c| matches!(c, '"' | '\'' | '`')) else {
        let end = line.find(|c: char| c == ',' || c.is_ascii_whitespace()).unwrap_or(line.len());
        let (name, rest) = line.split_at_checked(end)?;
        return Some((name.to_owned(), rest));
    };
    let mut characters = line.chars();
    characters.next();
    let mut name = String::new();
    loop {
        match characters.next()? {
            end if end == quote => return Some((name, characters.as_str())),
            '\\' => match characters.next()? {
                escaped if escaped == quote => name.push(escaped),
                other => name.extend(['\\', other]),
            },
            plain => name.push(plain),
        }
    }
}

/// The name of an entry of version 4, which has no quotes, and what follows it.
fn name_in_v4(line: &str) -> Option<(String, &str)> {
    let end = line.find([' ', '\t', '#']).unwrap_or(line.len());
    let (name, rest) = line.split_at_checked(end)?;
    Some((name.to_owned(), rest))
}

/// The attributes that a line sets, without the names of lists before them.
fn items(text: &str) -> Option<Vec<(&str, Zeroizing<String>)>> {
    let mut items = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() && !rest.starts_with('#') {
        let (name, after) = cut(without_list(rest), |c| is_operator(c) || c.is_ascii_whitespace())?;
        let (operator, after) = cut(after.trim_start(), |c| !is_operator(c))?;
        let (value, after) = value(after.trim_start())?;
        // Others compare.
        if matches!(operator, ":=" | "=" | "+=") {
            items.push((name, value));
        }
        rest = after.trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
    }
    Some(items)
}

fn without_list(text: &str) -> &str {
    let text = text.strip_prefix('&').unwrap_or(text);
    text.strip_prefix("control:").or_else(|| text.strip_prefix("control.")).unwrap_or(text)
}

fn is_operator(character: char) -> bool {
    matches!(character, ':' | '=' | '+' | '!' | '<' | '>' | '~' | '*')
}

/// What stands before the first character at which it ends, and the rest; `None` when nothing does.
fn cut(text: &str, ends: impl Fn(char) -> bool) -> Option<(&str, &str)> {
    let end = text.find(ends).unwrap_or(text.len());
    text.split_at_checked(end).filter(|(start, _)| !start.is_empty())
}

/// A value in quotes or up to the next blank or comma, and the rest.
fn value(text: &str) -> Option<(Zeroizing<String>, &str)> {
    if text.starts_with(['"', '\'', '`']) {
        let (value, rest) = name_in_v3(text)?;
        return Some((Zeroizing::new(value), rest));
    }
    let end = text.find(|c: char| matches!(c, ',' | '#') || c.is_ascii_whitespace()).unwrap_or(text.len());
    let (value, rest) = text.split_at_checked(end)?;
    (!value.is_empty()).then(|| (Zeroizing::new(value.to_owned()), rest))
}

/// What names another file.
const INCLUDE: &str = "$INCLUDE";

/// Entries that are looked at for every user, and names of other files.
fn is_for_everybody(name: &str) -> bool {
    name == "DEFAULT"
}

fn is_include(name: &str) -> bool {
    name.eq_ignore_ascii_case(INCLUDE)
}

/// Version 4 looks at the beginning of a line alone.
fn begins_include(name: &str) -> bool {
    name.get(..INCLUDE.len()).is_some_and(is_include)
}

fn decode(text: &str, said: &TokenOptions, limits: &Limits) -> Result<Vault, Error> {
    if matches!(said.token_type, Some(TokenType::Hotp(_) | TokenType::YubikeyAes)) {
        let message = "the codes of this module are time-based, and another type is said";
        return Err(
            Error::option_needed(message).next_step("Say how long they are: --token-type totp-6 or totp-8")
        );
    }
    let mut tokens = Tokens::new(ID, "users file", limits);
    let mut users = Users::default();
    for (number, line) in entries(text) {
        let place = Place::Line(number);
        if name_in_v3(line).is_some_and(|(name, _)| is_include(&name)) {
            let skip =
                Skip::new(Skip::NOT_AN_ACCOUNT, "it names another file, which has to be given as well");
            tokens.take(Err(skip), "", &place)?;
            continue;
        }
        let entry = Entry::of(line);
        let no_entry = || Skip::new(Skip::NOT_AN_ACCOUNT, "the line is no entry of a users file");
        let read = entry.as_ref().ok_or_else(no_entry).and_then(|entry| entry.read(said));
        let is_account = read.is_ok();
        let is_first = entry.as_ref().is_none_or(|entry| users.is_first(&entry.name));
        // A line of another kind of file has no name that could be shown.
        let known = entry.filter(Entry::has_secret);
        tokens.take(read, known.as_ref().map_or("", |entry| &entry.name), &place)?;
        if is_account && !is_first {
            tokens.warn_of_same_user();
        }
        if is_account && known.is_some_and(|entry| entry.has_offset()) {
            tokens.warn_of_last(
                "time-offset",
                "the server takes its clock for a wrong one",
                "If its codes are refused elsewhere, let the new server resynchronise the token",
            );
        }
    }
    Ok(tokens.finish())
}

// --- writing

fn fit(writing: &Writing, account: &Account, given: &TokenOptions) -> Fit {
    let fit = writing.caps.check(account);
    let (None, Some(otp)) = (&fit.refused, account.otp()) else { return fit };
    if !given.are_set_to(otp) {
        return token::other_settings(APP, given, "otp_length and time_step of the module totp");
    }
    let user = token::user(account);
    let is_name = !user.is_empty() && user.len() <= MOST_BYTES && !user.contains(char::is_control);
    if !is_name || is_for_everybody(user) || is_include(user) || token::is_link(user) {
        return token::bad_login(
            "FreeRADIUS takes a login name of 253 bytes at most, and this account has none",
        );
    }
    if writing.form == V4 && begins_include(user) {
        return token::bad_login(
            "FreeRADIUS 4 takes a login name that begins with $INCLUDE for another file, and this account has one",
        );
    }
    let again = || decode(&line(writing.form, account), given, &Limits::default());
    if again().ok().and_then(|vault| vault.accounts.into_iter().next()).is_none_or(|read| read.name != user) {
        return token::bad_login(match writing.form {
            V4 => "FreeRADIUS 4 takes a login name of one word without #, and this account has another",
            _ => {
                "FreeRADIUS 3 would read another login name than this one, which has a backslash beside a quotation mark or at its end"
            }
        });
    }
    token::fit(&writing.caps, account, again)
}

fn line(form: &str, account: &Account) -> Zeroizing<String> {
    let Some(otp) = account.otp() else { return Zeroizing::new(String::new()) };
    let user = token::user(account);
    let [in_v3, in_v4] = SECRET;
    let (name, attribute) = if form == V4 { (user.to_owned(), in_v4) } else { (quoted(user), in_v3) };
    let secret = padded(otp);
    Zeroizing::new(format!("{name}\t{attribute} := \"{}\"\n", secret.as_str()))
}

/// Base32 with its padding.
fn padded(otp: &Otp) -> Zeroizing<String> {
    Zeroizing::new(BASE32.encode(otp.secret().expose()))
}

/// A name as version 3 reads it: in quotes, where it has other than plain letters.
fn quoted(name: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"@._+-/\\".contains(&byte);
    if name.bytes().all(is_plain) { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\\\"")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctx::NoPasswords;
    use crate::model::{Digits, Period};
    use crate::testing;

    const SECRET: &str = "MFRGGZDFMZTWQ2LK";

    fn read(text: &str) -> Vault {
        decode(text, &TokenOptions::default(), &Limits::default()).unwrap()
    }

    fn account(user: &str) -> Account {
        let otp = Otp::Totp {
            secret: base32::secret(SECRET).unwrap(),
            algorithm: Algorithm::Sha1,
            digits: Digits::SIX,
            period: Period::THIRTY,
        };
        token::account(otp, user)
    }

    fn writing(form: &str) -> &'static Writing {
        INFO.write.iter().find(|writing| writing.form == form).unwrap()
    }

    fn refused(form: &str, account: &Account, given: &TokenOptions) -> Option<&'static str> {
        fit(writing(form), account, given).refused.map(|refusal| refusal.code)
    }

    #[test]
    fn names_are_quoted_for_version_three() {
        for (user, written) in [
            ("bob", "bob"),
            ("DOM\\bob", "DOM\\bob"),
            ("maria@contoso.example", "maria@contoso.example"),
            ("ann lee", "\"ann lee\""),
            ("jörg", "\"jörg\""),
            ("a\"b", "\"a\\\"b\""),
            ("#1", "\"#1\""),
            ("a,b", "\"a,b\""),
        ] {
            let line = line(V3, &account(user));
            assert_eq!(line.as_str(), format!("{written}\tTOTP-Secret := \"{SECRET}\"\n"));
            assert_eq!(read(&line).accounts[0].name, user);
            assert_eq!(refused(V3, &account(user), &TokenOptions::default()), None, "{user}");
        }
        for user in
            ["", "DEFAULT", "$include", "otpauth://totp/x?secret=AA", "a \\\"b", "a b\\", &"x".repeat(254)]
        {
            assert_eq!(refused(V3, &account(user), &TokenOptions::default()), Some("bad-login"), "{user}");
        }
    }

    #[test]
    fn version_four_takes_a_name_as_it_stands() {
        for user in ["bob", "\"bob\"", "a,b", "DOM\\bob", "jörg"] {
            let line = line(V4, &account(user));
            assert_eq!(line.as_str(), format!("{user}\tTOTP.Secret := \"{SECRET}\"\n"));
            assert_eq!(read(&line).accounts[0].name, user);
            assert_eq!(refused(V4, &account(user), &TokenOptions::default()), None, "{user}");
        }
        for user in ["ann lee", "#1", "a#b", "DEFAULT", "a\tb", "a\nb", "$INCLUDED", "$include.bob"] {
            assert_eq!(refused(V4, &account(user), &TokenOptions::default()), Some("bad-login"), "{user}");
        }
    }

    #[test]
    fn secrets_agree_and_comparisons_set_nothing() {
        let secret = |items: &str| {
            let vault = read(&format!("bob {items}\n"));
            match vault.accounts.first() {
                Some(account) => Ok(account.otp().unwrap().secret().to_base32().to_string()),
                None => Err(vault.skipped[0].code.clone()),
            }
        };
        let own = Ok(SECRET.to_owned());
        assert_eq!(secret(&format!("TOTP-Secret := \"{SECRET}\"")), own);
        assert_eq!(
            secret(&format!("Cleartext-Password := \"a, TOTP-Secret\", TOTP-Secret := {SECRET} # x")),
            own
        );
        assert_eq!(secret(&format!("&control:TOTP-Secret:='{SECRET}',NAS-Port==1")), own);
        assert_eq!(secret(&format!("control.TOTP.Secret := \"{SECRET}\"")), own);
        let several = |items: &str| secret(&format!("TOTP-Secret := BL7Q, {items}"));
        for same in [
            "TOTP-Key := 0x0aff",
            "TOTP-Secret = \"BL7Q====\"",
            "&control:TOTP-Key := 0x0AFF, TOTP-Secret += bl7q",
        ] {
            assert_eq!(several(same), Ok("BL7Q".to_owned()), "{same}");
        }
        for other in
            ["TOTP-Key := 0x0afe", "TOTP-Secret := MFRGG", "TOTP-Key := 0x0aff, TOTP-Secret += MFRGG"]
        {
            assert_eq!(several(other), Err(Skip::BAD_SECRET.to_owned()), "{other}");
        }
        assert_eq!(secret("TOTP-Key := \"abc\""), Err(Skip::BAD_SECRET.to_owned()));
        for other in
            [&format!("TOTP-Secret == \"{SECRET}\""), "Cleartext-Password := \"x\"", "TOTP-Secret", ""]
        {
            assert_eq!(secret(other), Err(Skip::NOT_AN_ACCOUNT.to_owned()), "{other}");
        }
    }

    #[test]
    fn the_module_is_set_to_one_length_and_period() {
        let usual = TokenOptions::default();
        let said = TokenOptions {
            token_type: "totp-8".parse().ok(),
            period: Some(Period::SIXTY),
            ..TokenOptions::default()
        };
        let mut eight = account("bob");
        eight.credential = crate::model::Credential::Otp(Otp::Totp {
            secret: base32::secret(SECRET).unwrap(),
            algorithm: Algorithm::Sha1,
            digits: Digits::EIGHT,
            period: Period::SIXTY,
        });
        assert_eq!([refused(V3, &eight, &usual), refused(V3, &eight, &said)], [Some("other-settings"), None]);
        assert_eq!(refused(V4, &account("bob"), &said), Some("other-settings"));
        let again = decode(&line(V4, &eight), &said, &Limits::default()).unwrap();
        assert_eq!(again.accounts[0].otp(), eight.otp());
        let hotp = TokenOptions { token_type: "hotp-6".parse().ok(), ..usual };
        assert!(decode("", &hotp, &Limits::default()).is_err());
    }

    #[test]
    fn secrets_have_their_padding() {
        let mut odd = account("bob");
        let Some(Otp::Totp { algorithm, digits, period, .. }) = odd.otp().cloned() else {
            panic!("not TOTP")
        };
        let secret = Secret::new(vec![1; 16]).unwrap();
        odd.credential = crate::model::Credential::Otp(Otp::Totp { secret, algorithm, digits, period });
        assert!(line(V4, &odd).ends_with("======\"\n"));
        assert_eq!(refused(V3, &odd, &TokenOptions::default()), None);
    }

    #[test]
    fn a_user_has_one_entry() {
        let accounts = [account("bob"), account("Bob"), account("bob")];
        let fits = FreeRadius.fit(writing(V3), &accounts);
        let codes: Vec<_> = fits.into_iter().map(|fit| fit.refused.map(|refusal| refusal.code)).collect();
        assert_eq!(codes, [None, None, Some("same-user")]);
        let vault = read(&accounts.map(|account| line(V3, &account).to_string()).concat());
        let told: Vec<_> = vault.warnings.iter().map(|item| (item.code.as_str(), item.index)).collect();
        assert_eq!((vault.accounts.len(), told), (3, vec![("same-user", Some(2))]));
    }

    #[test]
    fn guessed_characters_are_told() {
        let file = b"j\xf6rg TOTP-Secret := MFRGG\n";
        let vault =
            testing::with_ctx(&mut NoPasswords, |ctx| FreeRadius.decode(&Input::new(file), ctx)).unwrap();
        assert_eq!(
            (vault.accounts[0].name.as_str(), vault.warnings[0].code.as_str()),
            ("jörg", "encoding-guessed")
        );
    }
}
