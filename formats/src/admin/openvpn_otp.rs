//! `openvpn-otp`: the secrets file of the OTP plug-ins of OpenVPN and pppd, a line for each token.
//!
//! `user server type:hash:encoding:key:pin:udid client`, in words that can be quoted. `totp-60-6` is the only type with
//! parameters of its own: every other one that begins with `totp` has the step and the length that the plug-in is
//! configured with. Of a user it looks at the first line only. The counter of an HOTP token is in a file of its own. A PIN is typed before the code and is no
//! part of it, but for mOTP.
//! Source: `otp.c`, `base32.c`, `hex.c` and the README of openvpn-otp.

use std::borrow::Cow;

use zeroize::Zeroizing;

use super::options::TokenOptions;
use super::token::{self, Tokens, Users};
use crate::caps::{Caps, Field, Fit, Groups, Periods};
use crate::ctx::{Ctx, Limits};
use crate::error::{Error, Place};
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::model::{Account, Algorithm, Draft, Kind, Number, Otp, Period, Secret, SecretText, Vault};
use crate::open::uri_list;
use crate::probe::Probe;
use crate::report::Skip;
use crate::text::base32;

/// The secrets file.
pub(crate) struct OpenVpnOtp;

const ID: &str = "openvpn-otp";
const APP: &str = "openvpn-otp";

static INFO: Info = Info {
    id: ID,
    title: "OpenVPN and pppd OTP plug-ins (otp-secrets)",
    aliases: &["ppp-otp", "otp-secrets"],
    extensions: &["txt"],
    reads_encrypted: false,
    unverified: Some("the file, which was made from the source of the plug-in"),
    write: &[Writing {
        form: "",
        caps: CAPS,
        encryption: Encryption::Never,
        any_password: true,
        carrier: Carrier::File,
        file_name: "otp-secrets.txt",
        encrypted_file_name: "otp-secrets.txt",
        import_help: "Add the lines to the file that `otp_secrets=` of the plug-in names (often /etc/ppp/otp-secrets), owner root, \
            mode 0600, with LF at the end of every line",
    }],
    export_help: "Give the file that `otp_secrets=` of the plug-in names (often /etc/ppp/otp-secrets). Where the plug-in has another \
        totp_digits or totp_step than 6 and 30, say it with --token-type and --token-period",
};

const CAPS: Caps = Caps {
    app: APP,
    // An HOTP token has its counter elsewhere.
    kinds: &[Kind::Totp, Kind::Motp],
    algorithms: &[
        Algorithm::Sha1,
        Algorithm::Sha224,
        Algorithm::Sha256,
        Algorithm::Sha384,
        Algorithm::Sha512,
    ],
    digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9],
    periods: Periods::UpTo(u32::MAX),
    max_counter: 0,
    // What base32 of it leaves of a word.
    secret_bytes: (1, 140),
    needs_pin: true,
    groups: Groups::None,
    fields: &[Field::User],
};

/// Most bytes of a word.
const MOST_BYTES: usize = 255;
/// How many lines detection looks at.
const LINES: usize = 50;

impl Format for OpenVpnOtp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        let mut lines = probe.text().into_iter().flat_map(uri_list::significant_lines).take(LINES);
        if lines.any(|(_, line)| is_token(line)) { Confidence::Sure } else { Confidence::No }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        token::read_text(input, ID, |text| decode(text, ctx.tokens, ctx.limits))
    }

    fn fit(&self, writing: &Writing, accounts: &[Account]) -> Vec<Fit> {
        self.fit_given(writing, accounts, &TokenOptions::default())
    }

    fn fit_given(&self, writing: &Writing, accounts: &[Account], given: &TokenOptions) -> Vec<Fit> {
        let mut users = Users::default();
        let mut check = |account| users.check(fit(&writing.caps, account, given), account, APP);
        accounts.iter().map(&mut check).collect()
    }

    fn encode(&self, _: &Writing, vault: &Vault, _: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        let mut text = Zeroizing::new(String::with_capacity(vault.accounts.len().saturating_mul(120)));
        for account in &vault.accounts {
            text.push_str(&line(account));
        }
        Ok(vec![Part::new(text.as_bytes())])
    }
}

/// User, server and a token of a known type.
fn is_token(line: &str) -> bool {
    let Some(Entry { secret, .. }) = Entry::of(line) else { return false };
    let token = Token::of(&secret);
    token.is_some_and(|token| token.kind().is_some() && token.encoding().is_some())
}

// --- reading

/// The words of a line that mean something to the plug-in.
struct Entry {
    user: String,
    secret: Zeroizing<String>,
}

impl Entry {
    /// User, server, secret and client; `None` where one of them is missing or too long.
    fn of(line: &str) -> Option<Self> {
        let mut rest = line;
        let mut next = || word(&mut rest);
        let (user, _server, secret, _client) = (next()?, next()?, next()?, next()?);
        Some(Self { user: user.to_string(), secret })
    }
}

/// Takes a word from the beginning of a line. Quotes of both kinds and backslashes are undone; `#` ends the line.
fn word(line: &mut &str) -> Option<Zeroizing<String>> {
    let mut word = Zeroizing::new(String::new());
    let mut quote = None;
    let mut characters = line.trim_start().chars();
    let mut is_there = false;
    while let Some(next) = characters.next() {
        match (quote, next) {
            (Some(end), _) if next == end => quote = None,
            (Some(_), _) => word.push(next),
            (None, '#') => {
                characters = "".chars();
                break;
            }
            (None, _) if next.is_ascii_whitespace() => break,
            (None, '\'' | '"') => quote = Some(next),
            (None, '\\') => word.push(characters.next()?),
            (None, _) => word.push(next),
        }
        is_there = true;
    }
    *line = characters.as_str();
    (is_there && quote.is_none() && word.len() <= MOST_BYTES).then_some(word)
}

/// The third word, cut at its colons.
struct Token<'t> {
    kind: &'t str,
    hash: &'t str,
    encoding: &'t str,
    key: &'t str,
    pin: &'t str,
    udid: &'t str,
}

#[derive(Clone, Copy)]
enum Encoding {
    Base32,
    Hex,
    Text,
}

impl<'t> Token<'t> {
    fn of(word: &'t str) -> Option<Self> {
        let mut parts = word.split(':');
        let mut next = || parts.next();
        let (kind, hash, encoding, key, pin) = (next()?, next()?, next()?, next()?, next()?);
        let udid = next().unwrap_or_default();
        parts.next().is_none().then_some(Self { kind, hash, encoding, key, pin, udid })
    }

    /// The plug-in looks at the first four letters, and for mOTP at all.
    fn kind(&self) -> Option<Kind> {
        let begins =
            |name: &str| self.kind.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
        match () {
            () if begins("totp") => Some(Kind::Totp),
            () if begins("hotp") => Some(Kind::Hotp),
            () if self.kind.eq_ignore_ascii_case("motp") => Some(Kind::Motp),
            () => None,
        }
    }

    fn encoding(&self) -> Option<Encoding> {
        match self.encoding.to_ascii_lowercase().as_str() {
            "base32" => Some(Encoding::Base32),
            "hex" => Some(Encoding::Hex),
            "text" => Some(Encoding::Text),
            _ => None,
        }
    }

    /// Whether its type is written like one with parameters, which the plug-in does not heed.
    fn seems_to_have_parameters(&self) -> bool {
        self.kind.len() > 4 && !self.has_parameters() && self.kind() != Some(Kind::Motp)
    }

    fn has_parameters(&self) -> bool {
        self.kind.eq_ignore_ascii_case(SIXTY_SIX)
    }

    fn read(&self, said: &TokenOptions) -> Result<Otp, Skip> {
        let kind = self.kind().ok_or_else(|| {
            Skip::new(Skip::UNKNOWN_KIND, "the type is not one that the plug-in makes codes of")
        })?;
        let algorithm = Algorithm::parse(self.hash).ok_or_else(|| {
            Skip::new(Skip::UNKNOWN_ALGORITHM, "its hash is missing, or not one that codes are made with")
        })?;
        if kind == Kind::Motp {
            return self.read_motp(algorithm);
        }
        // The plug-in takes four bytes of the MAC from a place that the sixteen of MD5 need not have.
        if algorithm == Algorithm::Md5 {
            let message = "its hash is md5, of which the plug-in makes codes that no app shows";
            return Err(Skip::new(Skip::UNKNOWN_ALGORITHM, message));
        }
        let mut draft = Draft::new(kind, self.secret()?);
        draft.algorithm = Some(algorithm);
        let (digits, period) =
            if self.has_parameters() { (6, 60) } else { (said.digits().get(), said.period().get()) };
        (draft.digits, draft.period) = (Number::Of(digits.into()), Number::Of(period.into()));
        draft.build()
    }

    fn secret(&self) -> Result<Secret, Skip> {
        if self.key.is_empty() {
            // An example in the README has it in the place of the PIN, where it is one.
            return Err(Skip::new(Skip::NO_SECRET, "the key is missing: it stands before the PIN"));
        }
        match self.encoding() {
            // As the plug-in reads what is easily mistyped.
            Some(Encoding::Base32) => {
                let text: Zeroizing<String> = Zeroizing::new(self.key.chars().map(as_meant).collect());
                base32::secret(&text)
            }
            Some(Encoding::Hex) => token::hex_secret(self.key),
            Some(Encoding::Text) => Secret::new(self.key.as_bytes().to_vec())
                .ok_or_else(|| Skip::new(Skip::NO_SECRET, "the key is missing")),
            None => {
                Err(Skip::new(Skip::BAD_SECRET, "the key is in an encoding that the plug-in does not know"))
            }
        }
    }

    /// The plug-in hashes the key as it is decoded, and the udid after the PIN; apps hash the hexadecimal text of the
    /// key, and no udid.
    fn read_motp(&self, algorithm: Algorithm) -> Result<Otp, Skip> {
        let differs = |what: &str| {
            Err(Skip::new(Skip::UNKNOWN_KIND, format!("{what}, from which no app makes the same mOTP codes")))
        };
        if !self.udid.is_empty() {
            return differs("it has a udid");
        }
        if algorithm != Algorithm::Md5 {
            return differs("it has another hash than md5");
        }
        let is_text = matches!(self.encoding(), Some(Encoding::Text));
        if !is_text || self.key.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return differs("its key is not a text of small hexadecimal digits");
        }
        let pin = Some(SecretText::new(self.pin)).filter(|pin| !pin.expose().is_empty());
        Draft { pin, ..Draft::new(Kind::Motp, token::hex_secret(self.key)?) }.build()
    }
}

/// The only type with parameters.
const SIXTY_SIX: &str = "totp-60-6";

fn as_meant(character: char) -> char {
    match character {
        '0' => 'O',
        '1' => 'L',
        '8' => 'B',
        other => other,
    }
}

fn decode(text: &str, said: &TokenOptions, limits: &Limits) -> Result<Vault, Error> {
    let mut tokens = Tokens::new(ID, "lines", limits);
    let mut users = Users::default();
    for (number, line) in uri_list::significant_lines(text) {
        let entry = Entry::of(line);
        let token = entry.as_ref().and_then(|entry| Token::of(&entry.secret));
        // A line of another kind of file has no name that could be shown.
        let name = entry.as_ref().filter(|_| token.is_some()).map_or("", |entry| &entry.user);
        let read = match &token {
            Some(token) => token.read(said).map(|otp| token::account(otp, name)),
            None => Err(no_token(entry.as_ref())),
        };
        let is_account = read.is_ok();
        tokens.take(read, name, &Place::Line(number))?;
        let is_first = entry.as_ref().is_none_or(|entry| users.is_first(&entry.user));
        if is_account && !is_first {
            tokens.warn_of_same_user();
        }
        if let Some(token) = token.filter(|_| is_account) {
            warn(&token, &mut tokens);
        }
    }
    Ok(tokens.finish())
}

fn no_token(entry: Option<&Entry>) -> Skip {
    let is_password =
        |entry: &&Entry| entry.secret.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("plain:"));
    let message = match entry.filter(is_password) {
        Some(_) => "it is a password, and no token",
        None => "the line has other words than user, server, token and client",
    };
    Skip::new(Skip::NOT_AN_ACCOUNT, message)
}

fn warn(token: &Token<'_>, tokens: &mut Tokens<'_>) {
    let kind = token.kind();
    if kind == Some(Kind::Hotp) {
        tokens.warn_of_last(
            "counter-unknown",
            "the plug-in keeps its counter in a file of its own; 0 is taken",
            "Look for the number in the folder that `hotp_counters=` names, and set the app to it",
        );
    }
    if kind != Some(Kind::Motp) && !token.pin.is_empty() {
        tokens.warn_of_last(
            "pin-left-behind",
            "its PIN is no part of the code and is not carried over",
            "Tell the user to type the PIN before the code as before, or set a new one on the new server",
        );
    }
    if token.seems_to_have_parameters() {
        tokens.warn_of_last(
            "check-type",
            "of types with numbers the plug-in knows totp-60-6 alone; this one has the length and period that it is configured with",
            "Look at totp_digits and totp_step of the plug-in, and say them with --token-type and --token-period",
        );
    }
}

// --- writing

fn fit(caps: &Caps, account: &Account, given: &TokenOptions) -> Fit {
    if matches!(account.otp(), Some(Otp::Hotp { .. })) {
        return Fit::refuse(
            "counter-elsewhere",
            "openvpn-otp keeps the counter of such an account in a file of its own, which a secrets file cannot say",
            "Make the file of the counter on the server, and add the line there by hand",
        );
    }
    let user = token::user(account);
    let is_name = !user.is_empty() && !user.contains(char::is_control) && !token::is_link(user);
    if account.otp().is_some() && !is_name {
        return token::bad_login("A secrets file has the login name of each user, and this account has none");
    }
    let fit = caps.check(account);
    match account.otp() {
        _ if fit.refused.is_some() => fit,
        Some(otp @ Otp::Totp { .. }) if !is_sixty_six(otp) && !given.are_set_to(otp) => {
            token::other_settings(APP, given, "totp_digits and totp_step of the plug-in")
        }
        _ => token::fit(caps, account, || decode(&line(account), given, &Limits::default())),
    }
}

fn is_sixty_six(otp: &Otp) -> bool {
    matches!(otp, Otp::Totp { digits, period: Period::SIXTY, .. } if digits.get() == 6)
}

fn line(account: &Account) -> Zeroizing<String> {
    let Some(otp) = account.otp() else { return Zeroizing::new(String::new()) };
    let user = escaped(token::user(account));
    let token = match otp {
        Otp::Motp { pin, .. } => {
            let pin = pin.as_ref().map_or("", SecretText::expose);
            format!("motp:md5:text:{}:{}:", token::to_hex(otp).as_str(), escaped(pin))
        }
        _ => {
            let kind = if is_sixty_six(otp) { SIXTY_SIX } else { "totp" };
            let hash = otp.algorithm().name().to_ascii_lowercase();
            format!("{kind}:{hash}:base32:{}::", otp.secret().to_base32().as_str())
        }
    };
    let token = Zeroizing::new(token);
    Zeroizing::new(format!("{user} otp {} *\n", token.as_str()))
}

/// A part of a word with a backslash before what would end or begin something.
fn escaped(text: &str) -> Cow<'_, str> {
    let is_special = |c: char| c.is_ascii_whitespace() || matches!(c, '#' | '\'' | '"' | '\\');
    if !text.contains(is_special) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len().saturating_mul(2));
    for character in text.chars() {
        if is_special(character) {
            out.push('\\');
        }
        out.push(character);
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctx::NoPasswords;
    use crate::model::Digits;
    use crate::testing;

    fn read(text: &str) -> Vault {
        decode(text, &TokenOptions::default(), &Limits::default()).unwrap()
    }

    fn words(line: &str) -> Vec<String> {
        let mut rest = line;
        std::iter::from_fn(|| word(&mut rest)).map(|word| word.to_string()).collect()
    }

    #[test]
    fn words_are_quoted_and_escaped() {
        assert_eq!(words(r#"a "b 'c" d'#e \"f g\ h\\ '' # i"#), ["a", "b 'c"]);
        assert_eq!(words(r#"a 'b "c' d\#e \"f g\ h\\ '' # i"#), ["a", "b \"c", "d#e", "\"f", "g h\\", ""]);
        assert_eq!(words("a#b c"), ["a"]);
        assert!(words("'a").is_empty() && words("a\\").is_empty());
        assert_eq!(words(&"a".repeat(255)).len(), 1);
        assert!(words(&"a".repeat(256)).is_empty());
    }

    #[test]
    fn a_user_is_written_as_one_word() {
        for user in ["ann", "ann lee", "#1", r#"a"b'c\d"#, "jörg"] {
            let account = Account {
                name: user.to_owned(),
                ..read("a otp totp:sha1:base32:MFRGGZDFMZTWQ2LK:: *\n").accounts.remove(0)
            };
            let again = read(&line(&account)).accounts.remove(0);
            assert_eq!((again.name.as_str(), again.otp()), (user, account.otp()));
        }
    }

    #[test]
    fn only_one_type_has_parameters() {
        let said = TokenOptions {
            token_type: "totp-8".parse().ok(),
            period: Period::new(45),
            ..TokenOptions::default()
        };
        let parameters = |kind: &str, said: &TokenOptions| {
            let text = format!("a otp {kind}:sha256:hex:0aFF:: *");
            let vault = decode(&text, said, &Limits::default()).unwrap();
            let otp = vault.accounts[0].otp().unwrap();
            let warned = vault.warnings.iter().map(|item| item.code.clone()).collect::<Vec<_>>().join(" ");
            (otp.digits(), otp.period(), warned)
        };
        let usual = TokenOptions::default();
        assert_eq!(parameters("totp", &usual), (6, Some(30), String::new()));
        assert_eq!(parameters("TOTP", &said), (8, Some(45), String::new()));
        assert_eq!(parameters("totp-60-6", &said), (6, Some(60), String::new()));
        assert_eq!(parameters("totp-30-8", &usual), (6, Some(30), "check-type".to_owned()));
        assert_eq!(parameters("hotp", &said), (8, None, "counter-unknown".to_owned()));
    }

    #[test]
    fn keys_in_each_encoding() {
        let secret = |encoding: &str| {
            let vault = read(&format!("a otp totp:sha1:{encoding}::x *"));
            vault.accounts.first().map(|account| account.otp().unwrap().secret().expose().to_vec())
        };
        assert_eq!(secret("base32:MFRGGZDF"), Some(b"abcde".to_vec()));
        // O, L and B.
        assert_eq!(secret("base32:018OLB77"), secret("base32:OLBOLB77"));
        assert_eq!(secret("hex:6162"), Some(b"ab".to_vec()));
        assert_eq!(secret("text:ab"), Some(b"ab".to_vec()));
        assert_eq!([secret("base64:YWI="), secret("hex:616"), secret("text:")], [None, None, None]);
    }

    #[test]
    fn motp_is_read_where_apps_show_the_same() {
        let code = |token: &str| match read(&format!("a otp {token} *")) {
            Vault { accounts, .. } if !accounts.is_empty() => accounts[0].kind().name().to_owned(),
            vault => vault.skipped[0].code.clone(),
        };
        assert_eq!(code("motp:md5:text:0123abcd:4711:"), "motp");
        assert_eq!(code("motp:MD5:text:0123abcd:4711"), "motp");
        for other in [
            "motp:md5:text:0123abcd:4711:x",
            "motp:sha1:text:0123abcd:4711:",
            "motp:md5:hex:0123abcd:4711:",
            "motp:md5:text:0123ABCD:4711:",
        ] {
            assert_eq!(code(other), Skip::UNKNOWN_KIND, "{other}");
        }
        assert_eq!(code("motp:md5:text:0123xyz:4711:"), Skip::BAD_SECRET);
    }

    #[test]
    fn what_the_plug_in_is_not_configured_for_is_refused() {
        let account = |digits: u64, period: u64| {
            let otp = Otp::Totp {
                secret: token::hex_secret("0aff").unwrap(),
                algorithm: Algorithm::Sha1,
                digits: Digits::new(digits).unwrap(),
                period: Period::new(period).unwrap(),
            };
            token::account(otp, "ann")
        };
        let code = |account: &Account, given: &TokenOptions| {
            fit(&CAPS, account, given).refused.map(|refusal| refusal.code)
        };
        let usual = TokenOptions::default();
        let said = TokenOptions { token_type: "totp-8".parse().ok(), ..TokenOptions::default() };
        assert_eq!([code(&account(6, 30), &usual), code(&account(6, 60), &usual)], [None, None]);
        assert_eq!(code(&account(8, 30), &usual), Some("other-settings"));
        assert_eq!([code(&account(8, 30), &said), code(&account(6, 60), &said)], [None, None]);
        assert_eq!(code(&account(6, 30), &said), Some("other-settings"));
    }

    #[test]
    fn only_the_first_line_of_a_user_counts() {
        let told = |text: &str| {
            let items = read(text).warnings.into_iter();
            items.map(|item| (item.code, item.index.unwrap())).collect::<Vec<_>>()
        };
        let line = |user: &str| format!("{user} otp totp:sha1:hex:0aff:: *\n");
        let text = [line("ann"), line("Ann"), line("'ann'"), "bob otp plain:x *\n".to_owned(), line("bob")];
        assert_eq!(told(&text.concat()), [("same-user".to_owned(), 2), ("same-user".to_owned(), 4)]);
        let account = read(&line("ann")).accounts.remove(0);
        let fits = OpenVpnOtp.fit(&INFO.write[0], &[account.clone(), account]);
        let codes: Vec<_> = fits.into_iter().map(|fit| fit.refused.map(|refusal| refusal.code)).collect();
        assert_eq!(codes, [None, Some("same-user")]);
    }

    #[test]
    fn codes_of_md5_are_those_of_no_app() {
        let vault = read("ann otp totp:md5:hex:0aff:: *\nbob otp hotp:MD5:hex:0aff:: *\n");
        let codes: Vec<_> = vault.skipped.iter().map(|item| item.code.as_str()).collect();
        assert_eq!((vault.accounts.len(), codes), (0, vec![Skip::UNKNOWN_ALGORITHM; 2]));
        let otp = Otp::Totp {
            secret: token::hex_secret("0aff").unwrap(),
            algorithm: Algorithm::Md5,
            digits: Digits::SIX,
            period: Period::THIRTY,
        };
        assert!(fit(&CAPS, &token::account(otp, "ann"), &TokenOptions::default()).refused.is_some());
    }

    #[test]
    fn guessed_characters_are_told() {
        let file = b"j\xf6rg otp totp:sha1:hex:0aff:: *\n";
        let vault =
            testing::with_ctx(&mut NoPasswords, |ctx| OpenVpnOtp.decode(&Input::new(file), ctx)).unwrap();
        assert_eq!(
            (vault.accounts[0].name.as_str(), vault.warnings[0].code.as_str()),
            ("jörg", "encoding-guessed")
        );
    }

    #[test]
    fn lines_are_written_in_full() {
        let text = "ann otp totp:sha512:base32:MFRGGZDF:: *\nbob otp totp-60-6:sha1:hex:0AFF:99: *\n\
                    eve otp motp:md5:text:0123abcd:47\\#11: *\n";
        let written: String = read(text).accounts.iter().map(|account| line(account).to_string()).collect();
        assert_eq!(
            written,
            "ann otp totp:sha512:base32:MFRGGZDF:: *\nbob otp totp-60-6:sha1:base32:BL7Q:: *\n\
             eve otp motp:md5:text:0123abcd:47\\#11: *\n"
        );
    }
}
