//! `okta-tokens`: requests that enrol users in Okta's custom TOTP factor, one a line, for an admin's own script.
//!
//! Okta takes no file: each seed goes through its API. A factor profile fixes length, hash, period and the encoding
//! of the seed for all its tokens, so no request says them. The type is called `token:hotp`, and the codes are
//! time-based all the same.
//! Source: Okta's page "Custom TOTP factor", `CustomHotpUserFactor` of its SDK; for what a profile can be its
//! Terraform provider (`okta_factor_totp`).

use std::collections::HashSet;

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json as value};
use zeroize::Zeroizing;

use super::options::{OktaEncoding, TokenOptions, TokenType};
use super::token::{self, Tokens};
use crate::caps::{Caps, Field, Fit, Groups, Periods};
use crate::ctx::{Ctx, Limits};
use crate::error::{Error, Place};
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::model::{Account, Algorithm, Digits, Draft, Kind, Number, Otp, Period, Secret, SecretText, Vault};
use crate::probe::{Node, Probe};
use crate::report::Skip;
use crate::text::{base32, json};

/// Okta.
pub(crate) struct Okta;

const ID: &str = "okta-tokens";
const APP: &str = "Okta";

/// The factor of a profile.
const CUSTOM: (&str, &str) = ("token:hotp", "CUSTOM");
/// The seeded Google Authenticator of an older beta.
const GOOGLE: (&str, &str) = ("token:software:totp", "GOOGLE");

static INFO: Info = Info {
    id: ID,
    title: "Okta (custom TOTP, API requests)",
    aliases: &["okta-custom-totp"],
    extensions: &["jsonl"],
    reads_encrypted: false,
    unverified: Some("the requests, which were not sent to Okta"),
    write: &[Writing {
        form: "",
        caps: CAPS,
        encryption: Encryption::Never,
        any_password: true,
        carrier: Carrier::File,
        file_name: "okta-tokens.jsonl",
        encrypted_file_name: "okta-tokens.jsonl",
        import_help: "For each line, let a script send `body` to POST /api/v1/users/USER/factors?activate=true, where USER is \
            `userId`, or the user whose login is `login`; otpferry sends nothing",
    }],
    export_help: "Okta gives no secrets out; keep the requests that enrolled the tokens. What the profile fixes is said with \
        --token-type, --token-algorithm, --token-period and --okta-encoding",
};

const CAPS: Caps = Caps {
    app: APP,
    kinds: &[Kind::Totp],
    algorithms: &[Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512],
    digits: &[6, 8, 10],
    periods: Periods::OneOf(&[15, 30, 60]),
    max_counter: 0,
    secret_bytes: (1, usize::MAX),
    needs_pin: false,
    groups: Groups::None,
    fields: &[Field::User],
};

impl Format for Okta {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        let is_request = probe.json().and_then(|json| json.get("body")).is_some_and(|body| {
            let kind = body.get("factorType").and_then(Node::text);
            let has_secret = body.get("profile").is_some_and(|profile| profile.get("sharedSecret").is_some());
            has_secret && kind.is_some_and(|kind| [CUSTOM.0, GOOGLE.0].contains(&kind))
        });
        if is_request { Confidence::Sure } else { Confidence::No }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        let read = input.text().and_then(|text| decode(&text, ctx.tokens, ctx.limits));
        read.map_err(|error| error.in_format(ID))
    }

    /// What the profile fixes: all accounts have the same.
    fn said(&self, _: &Writing, accounts: &[Account], given: &TokenOptions) -> TokenOptions {
        let (digits, algorithm, period) =
            accounts.iter().find_map(parameters).unwrap_or((Digits::SIX, Algorithm::Sha1, Period::THIRTY));
        TokenOptions {
            token_type: Some(TokenType::Totp(digits)),
            algorithm: Some(algorithm),
            period: Some(period),
            ..given.clone()
        }
    }

    fn fit(&self, writing: &Writing, accounts: &[Account]) -> Vec<Fit> {
        let mut profile = Profile::default();
        accounts.iter().map(|account| profile.fit(self, writing, account)).collect()
    }

    fn encode(&self, _: &Writing, vault: &Vault, ctx: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        let text = encode(&vault.accounts, ctx.tokens, ctx.tokens.okta_profile.as_deref());
        text.map(|text| vec![Part::new(text.as_bytes())]).map_err(|error| error.in_format(ID))
    }
}

// --- reading

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    #[serde(default, deserialize_with = "json::null_is_default")]
    user_id: String,
    #[serde(default, deserialize_with = "json::null_is_default")]
    login: String,
    body: Body,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    factor_type: String,
    #[serde(default, deserialize_with = "json::null_is_default")]
    provider: String,
    #[serde(default, deserialize_with = "json::null_is_default")]
    factor_profile_id: String,
    profile: Seed,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Seed {
    shared_secret: Option<SecretText>,
    #[serde(default)]
    time_step: Number,
    #[serde(default, deserialize_with = "json::null_is_default")]
    encoding: String,
}

fn decode(text: &str, said: &TokenOptions, limits: &Limits) -> Result<Vault, Error> {
    if matches!(said.token_type, Some(TokenType::Hotp(_) | TokenType::YubikeyAes)) {
        return Err(Error::option_needed(
            "the codes of this factor are time-based, and another type is said",
        )
        .next_step("Say how long they are: --token-type totp-6, totp-8 or totp-10"));
    }
    let mut tokens = Tokens::new(ID, "JSON Lines", limits);
    for (place, line) in requests(text, limits)? {
        let request = serde_json::from_str::<Request>(line).ok();
        let name = request.as_ref().map(|request| request.name().to_owned()).unwrap_or_default();
        let is_custom = request.as_ref().is_some_and(|request| request.body.is(CUSTOM));
        let not_one =
            || Skip::new(Skip::MISSING_FIELD, "a field of the request is missing or of another type");
        let token = request.ok_or_else(not_one).and_then(|request| request.read(said));
        let is_guessed = token.is_ok() && is_custom && !is_told(said);
        tokens.take(token, &name, &place)?;
        if is_guessed {
            tokens.warn_of_last(
                "parameters-unknown",
                "the request does not say what its factor profile fixes; what is not said either is taken for 6 digits, SHA1 \
                 and 30 seconds",
                "Look at the profile in Okta, and say it with --token-type, --token-algorithm and --token-period",
            );
        }
    }
    Ok(tokens.finish())
}

/// The requests and where they are: one a line, or one alone over several lines.
fn requests<'t>(text: &'t str, limits: &Limits) -> Result<Vec<(Place, &'t str)>, Error> {
    if let Ok(one) = json::parse_file::<&RawValue>(text, limits) {
        return Ok(vec![(Place::Line(1), one.get())]);
    }
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    Ok(lines.map(|(at, line)| (Place::Line(at.saturating_add(1)), line)).collect())
}

/// Whether the user has said everything that a profile fixes.
fn is_told(said: &TokenOptions) -> bool {
    said.token_type.is_some() && said.algorithm.is_some() && said.period.is_some()
}

impl Body {
    fn is(&self, (factor_type, provider): (&str, &str)) -> bool {
        self.factor_type == factor_type && self.provider == provider
    }
}

impl Request {
    fn name(&self) -> &str {
        if self.login.is_empty() { &self.user_id } else { &self.login }
    }

    fn read(self, said: &TokenOptions) -> Result<Account, Skip> {
        let otp = self.body.otp(said)?;
        let mut account = token::account(otp, self.name());
        let user = if self.user_id.is_empty() { self.login } else { self.user_id };
        account.user = Some(user).filter(|user| !user.is_empty());
        if !self.body.factor_profile_id.is_empty() {
            account.extra.insert(ID.to_owned(), value!({ PROFILE_ID: self.body.factor_profile_id }));
        }
        Ok(account)
    }
}

impl Body {
    fn otp(&self, said: &TokenOptions) -> Result<Otp, Skip> {
        let seed = &self.profile;
        let missing = || Skip::new(Skip::NO_SECRET, "the request has no seed");
        let text = seed.shared_secret.as_ref().map(SecretText::expose).filter(|text| !text.is_empty());
        let text = text.ok_or_else(missing)?;
        if self.is(CUSTOM) {
            let encoding = said.okta_encoding.unwrap_or_default();
            return said.draft(Kind::Totp, encoding.read(text)?).build();
        }
        if !self.is(GOOGLE) {
            return Err(Skip::new(
                Skip::UNKNOWN_KIND,
                "it enrols a user in another factor than a seeded token",
            ));
        }
        if !matches!(seed.encoding.to_ascii_lowercase().as_str(), "" | "base32") {
            return Err(Skip::new(
                Skip::BAD_SECRET,
                "the seed is said to be in another encoding than base32",
            ));
        }
        Draft { period: seed.time_step, ..Draft::new(Kind::Totp, base32::secret(text)?) }.build()
    }
}

impl OktaEncoding {
    fn read(self, text: &str) -> Result<Secret, Skip> {
        match self {
            Self::Base32 => base32::secret(text),
            Self::Hex => token::hex_secret(text),
            Self::Base64 => BASE64
                .decode(text.as_bytes())
                .ok()
                .and_then(Secret::new)
                .ok_or_else(|| Skip::new(Skip::BAD_SECRET, "the seed is not base64")),
        }
    }

    fn write(self, otp: &Otp) -> Zeroizing<String> {
        match self {
            Self::Base32 => otp.secret().to_base32(),
            Self::Hex => token::to_hex(otp),
            Self::Base64 => Zeroizing::new(BASE64.encode(otp.secret().expose())),
        }
    }
}

// --- writing

/// The key under which a profile is remembered.
const PROFILE_ID: &str = "factorProfileId";
/// What stands for the profile while a request is only read again.
const ANY_PROFILE: &str = "any";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewRequest<'a> {
    user_id: Option<&'a str>,
    login: &'a str,
    body: NewBody<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewBody<'a> {
    factor_type: &'static str,
    provider: &'static str,
    factor_profile_id: &'a str,
    profile: NewSeed,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewSeed {
    #[serde(serialize_with = "json::exposed")]
    shared_secret: Zeroizing<String>,
}

/// What a profile fixes.
type Parameters = (Digits, Algorithm, Period);

fn parameters(account: &Account) -> Option<Parameters> {
    match account.otp()? {
        Otp::Totp { digits, algorithm, period, .. } => Some((*digits, *algorithm, *period)),
        _ => None,
    }
}

/// A factor profile that is filled.
#[derive(Default)]
struct Profile {
    parameters: Option<Parameters>,
    people: HashSet<String>,
}

impl Profile {
    fn fit(&mut self, format: &Okta, writing: &Writing, account: &Account) -> Fit {
        let fit = token::fit(&writing.caps, account, || {
            let alone = std::slice::from_ref(account);
            let said = format.said(writing, alone, &TokenOptions::default());
            decode(&encode(alone, &said, Some(ANY_PROFILE))?, &said, &Limits::default())
        });
        let (None, Some(parameters)) = (&fit.refused, parameters(account)) else { return fit };
        let (user_id, login) = person(account);
        if user_id.is_none() && login.is_empty() {
            return Fit::refuse(
                "missing-user",
                "Okta enrols a token for a user, and none is known of this one",
                "Write the accounts with -t otpferry, add the login as \"user\", and convert that file",
            );
        }
        if self.parameters.is_some_and(|others| others != parameters) {
            return Fit::refuse(
                "mixed-parameters",
                "All tokens of a factor profile have the same length, hash and period, and this one has others than the first",
                "Write it into a file of its own, for a profile of its own: choose accounts with --only",
            );
        }
        if !self.people.insert(user_id.unwrap_or(login).to_lowercase()) {
            return Fit::refuse(
                "same-user",
                "Okta enrols a user in one custom TOTP factor, and an earlier account is for the same user",
                "Look which of the two is right, and leave the other one out with --exclude",
            );
        }
        self.parameters = Some(parameters);
        fit
    }
}

/// Okta's id of the user, where the assigned person is one, and the login.
fn person(account: &Account) -> (Option<&str>, &str) {
    match account.user.as_deref().filter(|user| !user.is_empty()) {
        // Without a login the account is called by the id.
        Some(id) if is_user_id(id) => (Some(id), if account.name == id { "" } else { &account.name }),
        Some(login) => (None, login),
        None => (None, &account.name),
    }
}

/// `00u15s1KDETTQMQYABRL`.
fn is_user_id(text: &str) -> bool {
    text.len() == 20 && text.starts_with("00u") && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn encode(
    accounts: &[Account],
    said: &TokenOptions,
    profile: Option<&str>,
) -> Result<Zeroizing<String>, Error> {
    let encoding = said.okta_encoding.unwrap_or_default();
    let mut text = Zeroizing::new(String::with_capacity(accounts.len().saturating_mul(300)));
    for (account, otp) in accounts.iter().filter_map(|account| Some((account, account.otp()?))) {
        let kept = account.extra.get(ID).and_then(|extra| extra.get(PROFILE_ID)).and_then(Value::as_str);
        let profile = profile.or(kept).ok_or_else(|| {
            Error::option_needed("Okta enrols tokens in a factor profile, and none is named")
                .next_step("Give the id that Okta shows for the profile: --okta-profile ID")
        })?;
        let (user_id, login) = person(account);
        let body = NewBody {
            factor_type: CUSTOM.0,
            provider: CUSTOM.1,
            factor_profile_id: profile,
            profile: NewSeed { shared_secret: encoding.write(otp) },
        };
        let line = json::compact(&NewRequest { user_id, login, body })?;
        text.push_str(&String::from_utf8_lossy(&line));
        text.push('\n');
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn request(user_id: &str, login: &str, seed: &str) -> String {
        format!(
            r#"{{"userId":{user_id},"login":"{login}","body":{{"factorType":"token:hotp","provider":"CUSTOM","factorProfileId":"fpr1","profile":{{"sharedSecret":"{seed}"}}}}}}"#
        ) + "\n"
    }

    fn said(encoding: OktaEncoding) -> TokenOptions {
        TokenOptions {
            token_type: Some(TokenType::Totp(Digits::EIGHT)),
            algorithm: Some(Algorithm::Sha256),
            period: Some(Period::SIXTY),
            okta_encoding: Some(encoding),
            ..TokenOptions::default()
        }
    }

    fn read(text: &str, said: &TokenOptions) -> Vault {
        decode(text, said, &Limits::default()).unwrap()
    }

    #[test]
    fn seeds_are_read_and_written_in_each_encoding() {
        for (encoding, seed) in [
            (OktaEncoding::Base32, "JBSWY3DP"),
            (OktaEncoding::Base64, "SGVsbG8="),
            (OktaEncoding::Hex, "48656c6c6f"),
        ] {
            let said = said(encoding);
            let text = request("null", "maria@contoso.example", seed);
            let vault = read(&text, &said);
            let otp = vault.accounts[0].otp().unwrap();
            assert_eq!(otp.secret().expose(), b"Hello");
            assert_eq!((otp.digits(), otp.algorithm(), otp.period()), (8, Algorithm::Sha256, Some(60)));
            assert_eq!(encode(&vault.accounts, &said, None).unwrap().as_str(), text);
            assert!(vault.warnings.is_empty());
        }
        let wrong = read(&request("null", "a", "JBSWY3DP"), &said(OktaEncoding::Hex));
        assert_eq!(wrong.skipped[0].code, Skip::BAD_SECRET);
    }

    #[test]
    fn what_the_profile_fixes_is_taken_for_the_usual_with_a_warning() {
        let vault = read(&request("\"00u15s1KDETTQMQYABRL\"", "a@b", "JBSWY3DP"), &TokenOptions::default());
        assert_eq!(vault.warnings[0].code, "parameters-unknown");
        assert_eq!(vault.accounts[0].user.as_deref(), Some("00u15s1KDETTQMQYABRL"));
        assert_eq!(vault.accounts[0].name, "a@b");
        let hotp = TokenOptions { token_type: "hotp-6".parse().ok(), ..TokenOptions::default() };
        assert_eq!(decode("", &hotp, &Limits::default()).unwrap_err().kind, ErrorKind::OptionNeeded);
    }

    #[test]
    fn a_profile_takes_one_set_of_parameters_and_each_user_once() {
        let text = request("null", "ann", "JBSWY3DP")
            + &request("null", "bob", "JBSWY3DP")
            + &request("null", "Ann", "JBSWY3DP");
        let mut accounts = read(&text, &said(OktaEncoding::Base32)).accounts;
        accounts.extend(read(&request("null", "eve", "JBSWY3DP"), &TokenOptions::default()).accounts);
        let nobody = Account { user: None, name: String::new(), ..accounts[0].clone() };
        accounts.push(nobody);
        let fits = Okta.fit(&INFO.write[0], &accounts);
        let codes: Vec<_> = fits.into_iter().map(|fit| fit.refused.map(|refusal| refusal.code)).collect();
        assert_eq!(codes, [None, None, Some("same-user"), Some("mixed-parameters"), Some("missing-user")]);
    }

    #[test]
    fn a_profile_has_to_be_named() {
        let said = said(OktaEncoding::Base32);
        let mut accounts = read(&request("null", "ann", "JBSWY3DP"), &said).accounts;
        assert!(encode(&accounts, &said, Some("fpr2")).unwrap().contains("\"fpr2\""));
        accounts[0].extra.clear();
        let error = encode(&accounts, &said, None).unwrap_err();
        assert_eq!(error.kind, ErrorKind::OptionNeeded);
        assert!(error.next_step.unwrap().contains("--okta-profile"));
    }
}
