//! `otpauth`: Key URIs and their dialects.
//!
//! Grammar: Google's wiki page "Key Uri Format"; what real producers do beyond it decides the
//! reader, what the strictest importing apps take decides the writer.

use serde_json::{Map, Value};

use super::label::{self, Names};
use super::uri_list;
use crate::apps::ente;
use crate::caps::{Caps, Field, Fit, Groups, Periods};
use crate::ctx::Ctx;
use crate::error::Error;
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::managers::authenticator_ext;
use crate::model::{Account, Algorithm, Credential, Draft, Kind, Number, Otp, Secret, SecretText, Vault};
use crate::probe::Probe;
use crate::report::Skip;
use crate::text::{base32, percent};

pub(super) const ID: &str = "otpauth";

/// Key URIs.
pub(crate) struct Otpauth;

static INFO: Info = Info {
    id: ID,
    title: "otpauth links",
    // The text exports of the last two are lists of links; neither was seen by us.
    aliases: &["uri", "uris", "txt", "yandex-key", "zoho-oneauth"],
    extensions: &["txt"],
    reads_encrypted: false,
    unverified: None,
    write: &[Writing {
        form: "",
        caps: Caps {
            app: "An otpauth link",
            kinds: &[Kind::Totp, Kind::Hotp, Kind::Steam, Kind::Motp, Kind::Yandex],
            algorithms: &Algorithm::ALL,
            digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
            periods: Periods::UpTo(u32::MAX),
            max_counter: u64::MAX,
            secret_bytes: (1, usize::MAX),
            needs_pin: false,
            groups: Groups::None,
            fields: &[],
        },
        encryption: Encryption::Never,
        any_password: true,
        carrier: Carrier::Uris,
        file_name: "otpauth.txt",
        encrypted_file_name: "otpauth.txt",
        import_help: "Import the text in an app that takes a list of otpauth links, or scan each as a QR code",
    }],
    export_help: "A QR code of one account, or the \"plain text\" export of Aegis, Stratum, Ente, FreeOTP+ and others",
};

impl Format for Otpauth {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        let confidence = uri_list::detect(probe, |scheme| scheme != uri_list::MIGRATION);
        // Readable as links all the same, but the own readers of these apps know more.
        match probe.text() {
            Some(text) if uri_list::is_of_winauth(text) => confidence.min(Confidence::Weak),
            Some(text) if ente::is_marked_list(text) || authenticator_ext::has_hex_secret(text) => {
                confidence.min(Confidence::Likely)
            }
            _ => confidence,
        }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        uri_list::decode(input, ctx).map_err(|error| error.in_format(ID))
    }

    fn fit(&self, writing: &Writing, accounts: &[Account]) -> Vec<Fit> {
        accounts.iter().map(|account| fit(&writing.caps, account)).collect()
    }

    fn encode(&self, _: &Writing, vault: &Vault, _: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        let lines = vault.accounts.iter().filter_map(|account| {
            let otp = account.otp()?;
            Some(Part::new(write(account, otp)))
        });
        Ok(lines.collect())
    }
}

/// Reads one URI. A failure carries the names that were readable.
pub(crate) fn parse(uri: &str) -> uri_list::Entry {
    let Some(pieces) = Pieces::split(uri) else {
        let skip = Skip::new(Skip::UNKNOWN_KIND, "the link has no type that is known");
        return Err((skip, Names::default()));
    };
    let names = pieces.names();
    match pieces.credential(&names) {
        Ok(otp) => Ok(pieces.account(otp, &names)),
        Err(skip) => Err((skip, names.unless_they_hold_a_secret())),
    }
}

/// A URI cut at its delimiters; percent-encoding is undone in each piece alone, once.
pub(crate) struct Pieces<'a> {
    /// What the codes are made like.
    pub(crate) host: Host,
    /// The label as it stands in the URI.
    pub(crate) label: &'a str,
    parameters: Vec<(String, &'a str)>,
}

/// What stands where a web address has its host.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Host {
    /// `otpauth://totp/`.
    Totp,
    /// `otpauth://hotp/`.
    Hotp,
    /// `otpauth://steam/`.
    Steam,
    /// `steam://SECRET` of Bitwarden and Proton: nothing but the secret.
    SteamBare,
    /// `otpauth://yaotp/`.
    Yaotp,
    /// `motp://`.
    Motp,
}

impl<'a> Pieces<'a> {
    /// Cuts a URI; `None` when it has no type that is known.
    pub(crate) fn split(uri: &'a str) -> Option<Self> {
        let (scheme, rest) = uri.trim().split_once(':')?;
        let (path, query) = split_query(rest);
        let (host, label) = match scheme.to_ascii_lowercase().as_str() {
            "steam" => (Host::SteamBare, path.trim_matches('/')),
            "motp" => (Host::Motp, path.trim_start_matches('/')),
            "otpauth" | "apple-otpauth" => {
                let path = path.strip_prefix("//")?;
                let (host, label) = path.split_once('/').unwrap_or((path, ""));
                (Host::parse(host)?, label)
            }
            _ => return None,
        };
        Some(Self { host, label, parameters: split_parameters(query) })
    }

    /// The raw value of a parameter; the first occurrence wins.
    pub(crate) fn raw(&self, name: &str) -> Option<&'a str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| *value)
    }

    /// Whether nothing follows this parameter.
    fn is_last(&self, name: &str) -> bool {
        self.parameters.last().is_none_or(|(key, _)| key == name)
    }

    /// The value of a parameter, decoded as in a form: `+` is a space.
    pub(crate) fn value(&self, name: &str) -> Option<String> {
        self.raw(name).map(decode_form)
    }

    /// The number in a parameter.
    pub(crate) fn number(&self, name: &str) -> Number {
        self.value(name).map_or(Number::Absent, |text| Number::parse(&text))
    }

    /// The names in the label and the issuer parameter.
    pub(crate) fn names(&self) -> Names {
        let issuer = self.issuer();
        if self.host == Host::SteamBare {
            return label::split_uri("Steam", "", None);
        }
        let halves = self.label.split_once(':').map(|(a, b)| (percent::decode(a), percent::decode(b)));
        let halves = halves.as_ref().map(|(a, b)| (a.as_str(), b.as_str()));
        let mut names = label::split_uri(&issuer, &percent::decode(self.label), halves);
        if names.issuer.is_empty() && self.host == Host::Yaotp {
            names.issuer = "Yandex".to_owned();
        }
        names
    }

    /// The issuer parameter. `+` means a space, except where the label spells the same issuer with
    /// a plus (`C++`). Some servers forget the `&` before `period=`.
    pub(crate) fn issuer(&self) -> String {
        let raw = self.raw("issuer").unwrap_or_default();
        let raw = raw.split_once("period=").map_or(raw, |(issuer, _)| issuer);
        let literal = percent::decode(raw);
        let label = percent::decode(self.label);
        if raw.contains('+') && label::after_issuer(&label, literal.trim()).is_some() {
            return literal;
        }
        decode_form(raw)
    }

    /// The period, also where a server glued it to the issuer.
    pub(crate) fn period(&self) -> Number {
        let glued = || self.raw("issuer")?.split_once("period=").map(|(_, period)| period);
        match self.raw("period").or_else(glued) {
            Some(text) => Number::parse(&decode_form(text)),
            None => Number::Absent,
        }
    }

    /// The parameter whose value holds another one, as when a server forgets an `&`. What the other
    /// one says decides the codes, and where it begins is a guess. An encoded `=` is text.
    fn glued(&self) -> Option<&str> {
        const DECIDING: &[&str] = &["secret=", "algorithm=", "digits=", "period=", "counter=", "encoder="];
        let holds = |text: &str| {
            let lower = text.to_lowercase();
            DECIDING.iter().any(|name| lower.contains(name))
        };
        let parameter = self.parameters.iter().find(|(name, value)| match name.as_str() {
            // What follows these makes them fail by themselves.
            "secret" | "algorithm" | "digits" | "period" | "counter" => false,
            // The one repair that is made: see `period`.
            "issuer" => holds(value.split_once("period=").map_or(*value, |(issuer, _)| issuer)),
            _ => holds(value),
        });
        parameter
            .map(|(name, _)| if KNOWN.contains(&name.as_str()) { name.as_str() } else { "another value" })
    }

    fn credential(&self, names: &Names) -> Result<Otp, Skip> {
        if let Some(name) = self.glued() {
            let message = format!("another parameter is glued to {name}; an & is missing in the link");
            return Err(Skip::new(Skip::MISSING_FIELD, message));
        }
        let kind = self.kind(names).ok_or_else(|| {
            Skip::new(Skip::UNKNOWN_KIND, "its codes are encoded in a way that is not known")
        })?;
        let mut draft = Draft::new(kind, self.secret(kind)?);
        draft.algorithm = Draft::read_algorithm(&self.value("algorithm").unwrap_or_default())?;
        draft.digits = self.number("digits");
        draft.period = self.period();
        draft.counter = self.number("counter");
        draft.pin = self.pin(kind)?;
        draft.build()
    }

    /// KeePassXC, Stratum and 2FAS mark Steam in a `totp` URI; others write the issuer only.
    /// `None` for an encoder that is not known: its codes are no plain digits.
    fn kind(&self, names: &Names) -> Option<Kind> {
        let encoder = self.value("encoder").unwrap_or_default().to_lowercase();
        let five = matches!(self.number("digits"), Number::Absent | Number::Of(5));
        Some(match self.host {
            Host::Hotp => Kind::Hotp,
            Host::Steam | Host::SteamBare => Kind::Steam,
            Host::Yaotp => Kind::Yandex,
            Host::Motp => Kind::Motp,
            Host::Totp if encoder == "yandex" => Kind::Yandex,
            Host::Totp if encoder == "steam" || self.raw("steam").is_some() => Kind::Steam,
            Host::Totp if !encoder.is_empty() => return None,
            Host::Totp if names.issuer.eq_ignore_ascii_case("steam") && five => Kind::Steam,
            Host::Totp => Kind::Totp,
        })
    }

    /// The key, in the encoding that the kind prescribes.
    pub(crate) fn secret(&self, kind: Kind) -> Result<Secret, Skip> {
        let raw = match self.host {
            Host::SteamBare => Some(self.label),
            _ => self.raw("secret"),
        };
        let raw = raw.ok_or_else(|| Skip::new(Skip::NO_SECRET, "the link has no secret"))?;
        if !is_one_value(raw, self.is_last("secret")) {
            let message = "the secret is followed by other text, and it is not plain where it ends";
            return Err(Skip::new(Skip::BAD_SECRET, message));
        }
        let text = zeroize::Zeroizing::new(decode_form(raw));
        match kind {
            Kind::Motp => motp_secret(&text),
            _ if self.host == Host::SteamBare => bare_steam_secret(&text),
            _ => base32::secret(&text),
        }
    }

    /// The PIN of a Yandex account: base32 of its text as Aegis writes it, or `yandexpin` of
    /// KeePassOTP. For mOTP no app writes one; otpferry does, as it is. Other kinds have none, and a
    /// parameter of that name means something else there.
    fn pin(&self, kind: Kind) -> Result<Option<SecretText>, Skip> {
        let text = |name| self.value(name).filter(|text| !text.is_empty()).map(SecretText::new);
        match kind {
            Kind::Motp => Ok(text("pin")),
            Kind::Yandex => match (text("yandexpin"), text("pin")) {
                (Some(pin), _) => Ok(Some(pin)),
                (None, Some(pin)) => yandex_pin(&pin).map(Some),
                (None, None) => Ok(None),
            },
            _ => Ok(None),
        }
    }

    fn account(&self, otp: Otp, names: &Names) -> Account {
        let mut account = Account::new(Credential::Otp(otp), &names.issuer, &names.account);
        account.groups = self
            .parameters
            .iter()
            .filter(|(key, _)| key == "tags")
            .map(|(_, value)| decode_form(value))
            .filter(|tag| !tag.is_empty())
            .collect();
        if let Some(display) = self.value("codedisplay").and_then(|text| code_display(&text)) {
            apply_code_display(&display, &mut account);
        }
        let rest = self.rest(names);
        if !rest.is_empty() {
            account.extra.insert(ID.to_owned(), Value::Object(rest));
        }
        account
    }

    /// What has no place in the model but belongs to the URI: kept for writing a URI again.
    pub(crate) fn rest(&self, names: &Names) -> Map<String, Value> {
        let mut rest = Map::new();
        for (key, value) in &self.parameters {
            if !KNOWN.contains(&key.as_str()) && !rest.contains_key(key) {
                rest.insert(key.clone(), Value::String(decode_form(value)));
            }
        }
        if let Some(prefix) = &names.label_issuer {
            rest.insert(LABEL_ISSUER.to_owned(), Value::String(prefix.clone()));
        }
        rest
    }
}

/// Parameters that the model holds.
const KNOWN: &[&str] = &[
    "secret",
    "issuer",
    "algorithm",
    "digits",
    "period",
    "counter",
    "encoder",
    "steam",
    "pin",
    "yandexpin",
    "tags",
    "codedisplay",
];

/// Whether a parameter of that name has a meaning in a link, so that no other may be written.
pub(crate) fn is_known_parameter(name: &str) -> bool {
    name == LABEL_ISSUER || KNOWN.contains(&name.trim().to_lowercase().as_str())
}

/// Key in `extra` for an issuer in the label that differs from the parameter. A blank cannot occur
/// in the name of a parameter that was read.
const LABEL_ISSUER: &str = "label issuer";

impl Host {
    fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "totp" => Some(Self::Totp),
            "hotp" => Some(Self::Hotp),
            "steam" => Some(Self::Steam),
            "yaotp" => Some(Self::Yaotp),
            "motp" => Some(Self::Motp),
            _ => None,
        }
    }
}

/// Splits at the first `?` and cuts a fragment. A `#` is literal text where a `?` follows it
/// (`user#EXT#@org` of Microsoft), and where cutting there would lose a parameter (`issuer=C#&digits=8`).
fn split_query(rest: &str) -> (&str, &str) {
    let Some((path, query)) = rest.split_once('?') else {
        return (rest, "");
    };
    let is_known = |pair: &str| {
        let name = pair.strip_prefix("amp;").unwrap_or(pair).split('=').next().unwrap_or_default();
        KNOWN.contains(&percent::decode(name).trim().to_lowercase().as_str())
    };
    // The first `#` after which no known parameter follows; what is before the last one is literal.
    let last = query.rsplit('&').position(is_known).and_then(|after| query.rmatch_indices('&').nth(after));
    let from = match last {
        Some((at, _)) => at,
        None => 0,
    };
    let Some((kept, fragment)) = query.get(from..).and_then(|tail| tail.split_once('#')) else {
        return (path, query);
    };
    // Base32 after a `#` is rather the rest of a broken secret: left in, it makes the secret fail.
    if fragment.len() >= 8 && base32::secret(fragment).is_ok() {
        return (path, query);
    }
    (path, query.get(..from.saturating_add(kept.len())).unwrap_or(query))
}

/// Parameters in order, names in lower case. `&amp;` is read as `&`, as 2FAS does.
fn split_parameters(query: &str) -> Vec<(String, &str)> {
    query
        .split('&')
        .map(|pair| pair.strip_prefix("amp;").unwrap_or(pair))
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (percent::decode(key).trim().to_lowercase(), value))
        .collect()
}

fn decode_form(text: &str) -> String {
    percent::decode(&text.replace('+', " "))
}

/// `steam://` also opens pages of the shop (`steam://install`): a secret has at least 10 bytes.
fn bare_steam_secret(text: &str) -> Result<Secret, Skip> {
    base32::secret(text)
        .ok()
        .filter(|secret| secret.expose().len() >= 10)
        .ok_or_else(|| Skip::new(Skip::NOT_AN_ACCOUNT, "this is a link of Steam without a secret"))
}

fn yandex_pin(text: &SecretText) -> Result<SecretText, Skip> {
    let not_text = || Skip::new(Skip::BAD_SECRET, "the PIN is not base32 of a text");
    let bytes = base32::secret(text.expose()).map_err(|_| not_text())?;
    std::str::from_utf8(bytes.expose()).map(SecretText::new).map_err(|_| not_text())
}

/// Whether what separates the parts of a secret groups its characters, as apps show them:
/// `abcd efgh ijkl mn`. Otherwise words may follow the secret, and those are mostly valid base32. At
/// the end of a link a shorter last group may be such a word, unless its blank is encoded.
fn is_one_value(raw: &str, is_last: bool) -> bool {
    // A program that encodes its blanks and goes on with `&` means all of it.
    if !is_last && !raw.contains(char::is_whitespace) {
        return true;
    }
    let has_bare_blanks = raw.contains(|c: char| c.is_whitespace() || c == '+');
    let text = zeroize::Zeroizing::new(decode_form(raw));
    let is_blank = |c: char| c.is_whitespace() || matches!(c, '-' | '_');
    let lengths: Vec<usize> = text.split(is_blank).map(str::len).filter(|length| *length > 0).collect();
    match lengths.as_slice() {
        [] | [_] => true,
        [first, middle @ .., last] => {
            let last_fits = if is_last && has_bare_blanks { last == first } else { last <= first };
            lengths.len() >= 3 && *first <= 8 && middle.iter().all(|length| length == first) && last_fits
        }
    }
}

/// mOTP secrets are hexadecimal text; the code is made from its lower-case form.
fn motp_secret(text: &str) -> Result<Secret, Skip> {
    let plain: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    let plain = zeroize::Zeroizing::new(plain);
    if plain.is_empty() {
        return Err(Skip::new(Skip::NO_SECRET, "the secret is empty"));
    }
    data_encoding::HEXLOWER_PERMISSIVE
        .decode(plain.as_bytes())
        .ok()
        .and_then(Secret::new)
        .ok_or_else(|| Skip::new(Skip::BAD_SECRET, "the secret of an mOTP account has to be hexadecimal"))
}

/// Ente's display settings. Ente encodes commas twice, because its own importer splits at them.
pub(crate) fn code_display(text: &str) -> Option<Map<String, Value>> {
    serde_json::from_str(&text.replace("%2C", ",")).ok()
}

/// Takes over the display settings. A value of another type is left out: none of them decides codes.
pub(crate) fn apply_code_display(display: &Map<String, Value>, account: &mut Account) {
    let flag = |key: &str| display.get(key).and_then(Value::as_bool).unwrap_or(false);
    account.favorite = flag("pinned");
    account.trashed = flag("trashed");
    if let Some(note) = display.get("note").and_then(Value::as_str) {
        account.note = note.to_owned();
    }
    account.uses = display.get("tapCount").and_then(Value::as_u64).filter(|count| *count > 0);
    account.last_used = display.get("lastUsedAt").and_then(Value::as_i64).and_then(ente_time);
    let tags = display.get("tags").and_then(Value::as_array);
    account.groups.extend(tags.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
}

/// Ente wrote milliseconds first and microseconds later; 10^14 microseconds is 1973, 10^14
/// milliseconds is the year 5138. 0 means never.
fn ente_time(value: i64) -> Option<jiff::Timestamp> {
    match value {
        ..=0 => None,
        1..100_000_000_000_000 => jiff::Timestamp::from_millisecond(value).ok(),
        _ => jiff::Timestamp::from_microsecond(value).ok(),
    }
}

/// What a reader of the written URI would see: names are trimmed, and a few combinations cannot
/// be said at all.
fn fit(caps: &Caps, account: &Account) -> Fit {
    let fit = caps.check(account);
    let (None, Some(otp)) = (&fit.refused, account.otp()) else {
        return fit;
    };
    match parse(&write(account, otp)) {
        Ok(read) if read.otp() == Some(otp) => renamed(fit, account, &read),
        _ => not_expressible(),
    }
}

/// A link says something else than the account that it was written from.
pub(crate) fn not_expressible() -> Fit {
    Fit::refuse(
        "not-expressible",
        "A link with these values would be read as another kind of account",
        "Write this account to an app's own file instead",
    )
}

/// Announces the names that a reader of the link finds changed.
pub(crate) fn renamed(mut fit: Fit, account: &Account, read: &Account) -> Fit {
    if read.issuer != account.issuer {
        fit.change(Field::Issuer, format!("the issuer becomes \"{}\"", read.issuer));
    }
    if read.name != account.name {
        fit.change(Field::Account, format!("the account name becomes \"{}\"", read.name));
    }
    fit
}

/// Writes one URI, strictly: every reader named in the format's sheet takes it.
pub(crate) fn write(account: &Account, otp: &Otp) -> String {
    let mut uri = String::with_capacity(256);
    match otp {
        Otp::Totp { .. } => uri.push_str("otpauth://totp/"),
        Otp::Hotp { .. } => uri.push_str("otpauth://hotp/"),
        Otp::Steam { .. } => uri.push_str("otpauth://steam/"),
        Otp::Yandex { .. } => uri.push_str("otpauth://yaotp/"),
        Otp::Motp { .. } => uri.push_str("motp://"),
    }
    uri.push_str(&write_label(account));
    uri.push_str("?secret=");
    match otp {
        Otp::Motp { secret, .. } => data_encoding::HEXLOWER.encode_append(secret.expose(), &mut uri),
        _ => uri.push_str(&otp.secret().to_base32()),
    }
    if !account.issuer.is_empty() {
        push(&mut uri, "issuer", &account.issuer);
    }
    if !matches!(otp, Otp::Motp { .. }) {
        push(&mut uri, "algorithm", otp.algorithm().name());
        push(&mut uri, "digits", &otp.digits().to_string());
    }
    if let (Some(period), false) = (otp.period(), matches!(otp, Otp::Motp { .. })) {
        push(&mut uri, "period", &period.to_string());
    }
    if let Some(counter) = otp.counter() {
        push(&mut uri, "counter", &counter.to_string());
    }
    match (otp, otp.pin().map(SecretText::expose).filter(|pin| !pin.is_empty())) {
        (Otp::Motp { .. }, Some(pin)) => push(&mut uri, "pin", pin),
        (_, Some(pin)) => push(&mut uri, "pin", &data_encoding::BASE32_NOPAD.encode(pin.as_bytes())),
        (_, None) => {}
    }
    push_rest(&mut uri, account);
    uri
}

/// `issuer:account` with a literal colon. An account name with a colon but no issuer gets an empty
/// issuer in front, or its first half would be read as one.
fn write_label(account: &Account) -> String {
    let prefix = match account.extra.get(ID).and_then(|extra| extra.get(LABEL_ISSUER)) {
        Some(Value::String(prefix)) if !account.issuer.is_empty() => prefix.as_str(),
        _ => account.issuer.as_str(),
    };
    let name = percent::encode(&account.name);
    if prefix.is_empty() && !account.name.contains(':') {
        name
    } else {
        format!("{}:{name}", percent::encode(prefix))
    }
}

fn push(uri: &mut String, key: &str, value: &str) {
    uri.push('&');
    uri.push_str(key);
    uri.push('=');
    uri.push_str(&percent::encode(value));
}

/// Parameters of the URI that this account was read from.
fn push_rest(uri: &mut String, account: &Account) {
    let Some(Value::Object(rest)) = account.extra.get(ID) else {
        return;
    };
    for (key, value) in rest {
        if let (Value::String(value), false) = (value, is_known_parameter(key)) {
            push(uri, &percent::encode(key), value);
        }
    }
}

#[cfg(test)]
mod tests;
