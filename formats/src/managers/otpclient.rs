//! `otpclient`: the encrypted database of OTPClient for Linux, in its three versions.
//!
//! A header, then a JSON list under AES-256-GCM with a nonce of 16 bytes; the header is covered by the tag.
//! Source: `db-common.c` and `common.c` of OTPClient; checked with OTPClient 3.1.4 (version 1), 4.0.2
//! (version 2) and 5.2.0 (version 3), which open the fixtures, and with files that they wrote.

use serde::Deserialize;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::crypt::{Argon2Cost, Key, Prf, TAG, aes256_gcm_open_long_nonce, argon2id, pbkdf2};
use crate::ctx::{Ctx, Limits};
use crate::error::{Error, Place};
use crate::format::{Confidence, Format, Info, Input};
use crate::model::{
    Account, Credential, Draft, Kdf, Kind, Number, Origin, Otp, Protection, SecretText, Vault,
};
use crate::probe::Probe;
use crate::report::Skip;
use crate::text::{base32, json};

/// OTPClient.
pub(crate) struct OtpClient;

const ID: &str = "otpclient";

/// How versions 2 and 3 begin.
const MARK: &[u8; 9] = b"OTPClient";
/// What version 1 derives its key with.
const ITERATIONS: u32 = 100_000;
/// The shortest database of version 1: its header, an empty list and the tag.
const SHORTEST: usize = 48 + 2 + TAG;
/// The issuer by which the app knows Steam, in any case.
const STEAM: &str = "steam";

static INFO: Info = Info {
    id: ID,
    title: "OTPClient (database)",
    aliases: &[],
    extensions: &["enc"],
    reads_encrypted: true,
    unverified: None,
    write: &[],
    export_help: "The database itself, which the app's settings name: NewDatabase.enc unless you called it otherwise. OTPClient reads \
        aegis and freeotpplus",
};

impl Format for OtpClient {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        let bytes = probe.bytes();
        if bytes.starts_with(MARK) {
            return if Header::parse(bytes).is_ok() { Confidence::Sure } else { Confidence::Likely };
        }
        // Version 1 is nothing but noise: only its name tells.
        let is_named = probe.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("enc"));
        if is_named && bytes.len() >= SHORTEST && probe.text().is_none() {
            Confidence::Weak
        } else {
            Confidence::No
        }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        decode(input.bytes, ctx).map_err(|error| error.in_format(ID))
    }
}

/// A database cut at its header.
struct Header<'a> {
    version: u8,
    /// All of it: the tag covers it.
    bytes: &'a [u8],
    iv: [u8; 16],
    salt: [u8; 32],
    /// Of versions 2 and 3.
    cost: Option<Argon2Cost>,
    sealed: &'a [u8],
}

impl<'a> Header<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let too_short = || {
            Error::malformed("the database ends too early")
                .next_step("The file is damaged or incomplete: copy it again")
        };
        let Some(rest) = bytes.strip_prefix(MARK) else {
            return Self::cut(1, bytes, 0, u32::from_le_bytes).ok_or_else(too_short);
        };
        // Version 2 is a structure as it lay in memory, so the number is aligned.
        match rest {
            [0, 0, 0, 2, 0, 0, 0, ..] => Self::cut(2, bytes, 16, u32::from_le_bytes).ok_or_else(too_short),
            [0, 0, 0, 3, ..] => Self::cut(3, bytes, 13, u32::from_be_bytes).ok_or_else(too_short),
            [_, _, _, _, _, _, _, ..] => Err(Error::newer("the database is of a version that is not known")),
            _ => Err(too_short()),
        }
    }

    /// What follows mark and version. A number that is negative in version 2 is over every limit.
    fn cut(version: u8, bytes: &'a [u8], start: usize, number: fn([u8; 4]) -> u32) -> Option<Self> {
        let (iv, rest) = bytes.get(start..)?.split_first_chunk()?;
        let (salt, rest) = rest.split_first_chunk()?;
        let (cost, sealed) = if version == 1 {
            (None, rest)
        } else {
            let (passes, rest) = rest.split_first_chunk()?;
            let (memory, rest) = rest.split_first_chunk()?;
            let (lanes, rest) = rest.split_first_chunk()?;
            let [passes, memory, lanes] = [passes, memory, lanes].map(|bytes| number(*bytes));
            (Some(Argon2Cost { memory, passes, lanes }), rest)
        };
        let header = bytes.get(..bytes.len().checked_sub(sealed.len())?)?;
        (sealed.len() >= TAG).then_some(Self { version, bytes: header, iv: *iv, salt: *salt, cost, sealed })
    }

    /// The content. `None` for a wrong password, or damage: the tag cannot tell.
    fn open(&self, password: &SecretText, limits: &Limits) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        for password in self.spellings(password.expose()) {
            let key = self.key(password, limits)?;
            let opened = aes256_gcm_open_long_nonce(&key, &self.iv, self.sealed, self.bytes);
            if opened.is_some() {
                return Ok(opened);
            }
        }
        Ok(None)
    }

    /// The bytes of a password that can be meant. Version 1 took as many bytes as the password has characters,
    /// and so did programs that wrote version 2.
    fn spellings<'p>(&self, password: &'p str) -> Vec<&'p [u8]> {
        let whole = password.as_bytes();
        let cut = whole.get(..password.chars().count()).unwrap_or(whole);
        match self.version {
            _ if cut.len() == whole.len() => vec![whole],
            1 => vec![cut, whole],
            2 => vec![whole, cut],
            _ => vec![whole],
        }
    }

    fn protection(&self) -> Protection {
        let kdf = self.cost.map_or_else(|| (Prf::Sha512, ITERATIONS).into(), Kdf::from);
        Protection::new("AES-256-GCM", kdf)
    }

    fn key(&self, password: &[u8], limits: &Limits) -> Result<Key, Error> {
        match self.cost {
            None => pbkdf2::<32>(Prf::Sha512, password, &self.salt, ITERATIONS, limits),
            Some(cost) => argon2id(password, &self.salt, cost, limits),
        }
    }
}

fn decode(bytes: &[u8], ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
    let header = Header::parse(bytes)?;
    let open = |password: &SecretText, limits: &Limits| header.open(password, limits);
    let plain = match header.version {
        1 => ctx.unlock_unmarked(&INFO, open)?,
        _ => ctx.unlock(&INFO, open)?,
    };
    let text =
        std::str::from_utf8(&plain).map_err(|_| json::damaged("", "what was encrypted is not a text"))?;
    let mut vault = read_list(text, ctx.limits)?;
    vault.variant = format!("version {}", header.version);
    Ok(vault.protected(header.protection()))
}

/// Programs before version 5 wrote the end of the text, a NUL, as a part of it.
fn read_list(text: &str, limits: &Limits) -> Result<Vault, Error> {
    let tokens: Vec<&RawValue> = json::parse_file(text.trim_end_matches('\0'), limits)?;
    limits.check_accounts(tokens.len())?;
    let mut vault = Vault::default();
    for (index, raw) in tokens.into_iter().enumerate() {
        let place = Place::Json(format!("/{index}"));
        let Some(token) = json::entry::<Token>(raw) else {
            let skip = Skip::new(Skip::MISSING_FIELD, "a field is of another type than OTPClient writes");
            vault.skipped.push(skip.item(index, "", "").at(&place));
            continue;
        };
        let otp = token.otp();
        let name = |name: Option<String>| name.unwrap_or_default();
        let (issuer, label) = (name(token.issuer), name(token.label));
        match otp {
            Ok(otp) => {
                let mut account = Account::new(Credential::Otp(otp), issuer, label);
                account.groups.extend(token.group.filter(|group| !group.is_empty()));
                account.origin = Origin { format: ID.to_owned(), index, ..Origin::default() };
                vault.accounts.push(account);
            }
            Err(skip) => vault.skipped.push(skip.item(index, &issuer, &label).at(&place)),
        }
    }
    Ok(vault)
}

#[derive(Deserialize)]
struct Token {
    #[serde(rename = "type")]
    kind: Option<String>,
    label: Option<String>,
    issuer: Option<String>,
    #[serde(default)]
    digits: Number,
    algo: Option<String>,
    secret: Option<SecretText>,
    #[serde(default)]
    period: Number,
    #[serde(default)]
    counter: Number,
    group: Option<String>,
}

impl Token {
    /// The app writes every parameter; a default in place of a missing one could give other codes.
    fn otp(&self) -> Result<Otp, Skip> {
        let missing = |what: &str| Skip::new(Skip::MISSING_FIELD, format!("its {what} is missing"));
        let given =
            |number: Number, what| if number == Number::Absent { Err(missing(what)) } else { Ok(number) };
        let is_steam = self.issuer.as_deref().is_some_and(|issuer| issuer.eq_ignore_ascii_case(STEAM));
        let kind = match self.kind.as_deref().map(str::to_ascii_uppercase).as_deref() {
            None => return Err(missing("type")),
            Some("TOTP") if is_steam => Kind::Steam,
            Some("TOTP") => Kind::Totp,
            Some("HOTP") => Kind::Hotp,
            Some(_) => {
                return Err(Skip::new(
                    Skip::UNKNOWN_KIND,
                    "its type is not one that OTPClient is known to have",
                ));
            }
        };
        let secret = self.secret.as_ref().map(SecretText::expose).unwrap_or_default();
        let mut draft = Draft::new(kind, base32::secret(secret)?);
        match kind {
            Kind::Hotp => draft.counter = given(self.counter, "counter")?,
            _ => draft.period = given(self.period, "period")?,
        }
        // The app makes Steam's codes in its one way, whatever stands there.
        if kind != Kind::Steam {
            draft.algorithm =
                Draft::read_algorithm(self.algo.as_deref().ok_or_else(|| missing("algorithm"))?)?;
            draft.digits = given(self.digits, "number of digits")?;
        }
        draft.build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    const V2: &[u8] = include_bytes!("../../../fixtures/otpclient/v2-c-structure.enc");

    fn names(bytes: &[u8], password: &str) -> Result<Vec<String>, crate::ErrorKind> {
        let given = [SecretText::new(password)];
        testing::with_ctx(&mut &given[..], |ctx| OtpClient.decode(&Input::new(bytes), ctx))
            .map(|vault| vault.accounts.into_iter().map(|account| account.name).collect())
            .map_err(|error| error.kind)
    }

    /// The tag covers the header: a changed cost would otherwise look like a wrong password at best.
    #[test]
    fn every_byte_counts() {
        assert!(names(V2, "canary-password-plain-1").is_ok());
        for at in [16, 40, 80, V2.len() - 1] {
            let mut bytes = V2.to_vec();
            bytes[at] ^= 1;
            assert_eq!(
                names(&bytes, "canary-password-plain-1"),
                Err(crate::ErrorKind::WrongPassword),
                "{at}"
            );
        }
        for end in [9, 15, 16, 75, 90] {
            assert_eq!(names(&V2[..end], ""), Err(crate::ErrorKind::Malformed), "{end}");
        }
    }

    #[test]
    fn forged_costs_do_not_start() {
        for at in [64, 68] {
            let mut bytes = V2.to_vec();
            bytes[at..at + 4].copy_from_slice(&[0xFF; 4]);
            assert_eq!(names(&bytes, "x"), Err(crate::ErrorKind::Limit), "{at}");
        }
    }
}
