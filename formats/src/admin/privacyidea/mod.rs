//! `privacyidea`: tables of tokens for privacyIDEA, and what its `pi-tokenjanitor` exports.
//!
//! Source: `importotp.py`, `lib/token/importexport.py` and `pitokenjanitor` of privacyIDEA. NetIQ Advanced
//! Authentication takes the same table.

mod export;

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::oath_csv::{self, Columns, Dialect};
use super::token::{self, Serials, Tokens};
use crate::caps::{Caps, Field, Fit, Groups, Periods};
use crate::ctx::{Ctx, Limits};
use crate::error::{Error, Place};
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::model::{Account, Algorithm, Kind, Otp, Vault};
use crate::probe::Probe;
use crate::report::Skip;

/// privacyIDEA.
pub(crate) struct PrivacyIdea;

const ID: &str = "privacyidea";
const APP: &str = "privacyIDEA";

static INFO: Info = Info {
    id: ID,
    title: "privacyIDEA (OATH CSV, janitor exports)",
    aliases: &["netiq"],
    extensions: &["oath", "csv", "pi"],
    reads_encrypted: true,
    unverified: None,
    write: &[Writing {
        form: "",
        caps: CAPS,
        encryption: Encryption::Never,
        any_password: true,
        carrier: Carrier::File,
        file_name: "tokens.oath",
        encrypted_file_name: "tokens.oath",
        import_help: "In privacyIDEA, open Tokens > Import Tokens, choose OATH CSV and pick the file",
    }],
    export_help: "Run `pi-tokenjanitor find export --format csv --file FILE`, or `--format pi` and keep the key that it shows",
};

const CAPS: Caps = Caps {
    app: APP,
    kinds: &[Kind::Totp, Kind::Hotp],
    // Which of them follows from the length of the key.
    algorithms: &[
        Algorithm::Sha1,
        Algorithm::Sha224,
        Algorithm::Sha256,
        Algorithm::Sha384,
        Algorithm::Sha512,
    ],
    digits: &[6, 7, 8],
    periods: Periods::UpTo(u32::MAX),
    // Kept in a signed 32-bit number.
    max_counter: 0x7FFF_FFFF,
    secret_bytes: (1, usize::MAX),
    needs_pin: false,
    groups: Groups::None,
    fields: &[Field::Device, Field::User],
};

impl Format for PrivacyIdea {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        let Some(text) = probe.text().filter(|_| probe.json().is_none()) else { return Confidence::No };
        if export::is_sealed(text) || export::is_table(text) {
            return Confidence::Sure;
        }
        oath_csv::recognise(text, Dialect::PrivacyIdea)
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        input.text().and_then(|text| decode(&text, ctx)).map_err(|error| error.in_format(ID))
    }

    fn fit(&self, _: &Writing, accounts: &[Account]) -> Vec<Fit> {
        let without_users = fits(accounts, false);
        let mut kept = accounts.iter().zip(&without_users).filter(|(_, fit)| fit.refused.is_none());
        if kept.all(|(account, _)| place_of(account).is_some()) {
            fits(accounts, true)
        } else {
            without_users
        }
    }

    fn encode(&self, _: &Writing, vault: &Vault, _: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        let with_users = !vault.accounts.is_empty() && vault.accounts.iter().all(|a| place_of(a).is_some());
        Ok(vec![Part::new(table(&vault.accounts, with_users).as_bytes())])
    }
}

fn decode(text: &str, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
    match () {
        () if export::is_sealed(text) => export::decode_sealed(text, ctx),
        () if export::is_table(text) => export::decode_table(text, ctx.limits),
        () => decode_oath(text, ctx.limits),
    }
}

/// The table. Its second version has the user before the token.
fn decode_oath(text: &str, limits: &Limits) -> Result<Vault, Error> {
    let with_users = oath_csv::version(text).is_some_and(|version| version >= 2);
    let variant = if with_users { "OATH CSV with users" } else { "OATH CSV" };
    let mut tokens = Tokens::new(ID, variant, limits);
    for (at, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let place = Place::Line(at.saturating_add(1));
        let columns = Columns::of(line, if with_users { 3 } else { 0 });
        let token = columns.read(Dialect::PrivacyIdea);
        if !line.contains(',') {
            // It may be a key.
            tokens.take(Err(Skip::new(Skip::MISSING_FIELD, "the line has only one column")), "", &place)?;
        } else if with_users {
            let mut cells = line.split(',').map(str::trim);
            let mut next = || cells.next().unwrap_or_default();
            let [user, resolver, realm] = [next(), next(), next()];
            let token = token.map(|account| assigned(account, user, resolver, realm));
            let name = if columns.name().is_empty() { "" } else { user };
            tokens.take(token, name, &place)?;
        } else {
            tokens.take(token, columns.name(), &place)?;
        }
    }
    Ok(tokens.finish())
}

/// The account of a user. privacyIDEA knows a user in a realm, who comes from a resolver.
fn assigned(mut account: Account, user: &str, resolver: &str, realm: &str) -> Account {
    if user.is_empty() {
        return account;
    }
    user.clone_into(&mut account.name);
    account.user = Some(user.to_owned());
    let mut place = serde_json::Map::new();
    for (key, value) in [("resolver", resolver), ("realm", realm)] {
        if !value.is_empty() {
            place.insert(key.to_owned(), json!(value));
        }
    }
    if !place.is_empty() {
        account.extra.insert(ID.to_owned(), Value::Object(place));
    }
    account
}

/// User, resolver and realm, when all are known.
fn place_of(account: &Account) -> Option<[&str; 3]> {
    let kept = |key: &str| account.extra.get(ID)?.get(key)?.as_str().filter(|text| !text.is_empty());
    let user = account.user.as_deref().filter(|user| !user.is_empty())?;
    Some([user, kept("resolver")?, kept("realm")?])
}

// --- writing

fn fits(accounts: &[Account], with_users: bool) -> Vec<Fit> {
    let mut serials = Serials::default();
    accounts.iter().map(|account| fit(account, with_users, &mut serials)).collect()
}

fn fit(account: &Account, with_users: bool, serials: &mut Serials) -> Fit {
    if let (None, Some(otp)) = (&CAPS.check(account).refused, account.otp()) {
        let bytes = otp.secret().expose().len();
        let follows = oath_csv::hash_of(bytes, Dialect::PrivacyIdea);
        if follows != otp.algorithm() {
            return Fit::refuse(
                "unsupported-algorithm",
                format!(
                    "{APP} takes {follows} for a key of {bytes} bytes in this file, and this one is for {}",
                    otp.algorithm()
                ),
                "Move this account to privacyIDEA in a PSKC file",
            );
        }
        if token::serial(account).is_empty() {
            return serials.check(Fit::default(), account, APP);
        }
    }
    let fit = token::fit(&CAPS, account, || {
        decode_oath(&table(std::slice::from_ref(account), with_users), &Limits::default())
    });
    serials.check(fit, account, APP)
}

fn table(accounts: &[Account], with_users: bool) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(accounts.len().saturating_mul(160)));
    if with_users {
        text.push_str("# version: 2\n");
    }
    for (account, otp) in accounts.iter().filter_map(|account| Some((account, account.otp()?))) {
        if let Some([user, resolver, realm]) = place_of(account).filter(|_| with_users) {
            text.push_str(&format!("{user}, {resolver}, {realm}, "));
        }
        let (kind, moving) = match otp {
            Otp::Hotp { counter, .. } => ("hotp", *counter),
            _ => ("totp", u64::from(otp.period().unwrap_or(30))),
        };
        let key = token::to_hex(otp);
        let serial = token::serial(account);
        text.push_str(&format!("{serial}, {}, {kind}, {}, {moving}\n", key.as_str(), otp.digits()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Account> {
        decode_oath(text, &Limits::default()).unwrap().accounts
    }

    #[test]
    fn users_are_written_where_all_are_known() {
        let text =
            "# version: 2\nmaria, ldap, corp, T1, 0aff, totp, 8, 60\nole, ldap, corp, T2, 0aff, hotp, 6, 7\n";
        let mut accounts = read(text);
        assert_eq!(table(&accounts, true).as_str(), text);
        assert_eq!(PrivacyIdea.fit(&INFO.write[0], &accounts), [Fit::default(), Fit::default()]);
        accounts[1].extra.clear();
        let fits = PrivacyIdea.fit(&INFO.write[0], &accounts);
        let fields: Vec<_> = fits[0].changes.iter().map(|change| change.field).collect();
        assert_eq!(fields, [Field::Account, Field::User]);
        assert_eq!(table(&accounts, false).as_str(), "T1, 0aff, totp, 8, 60\nT2, 0aff, hotp, 6, 7\n");
    }

    #[test]
    fn a_hash_that_does_not_follow_from_the_key_is_refused() {
        let key = "0a".repeat(32);
        let mut accounts = read(&format!("T1, {key}, totp\nT2, 0aff, totp\n"));
        accounts[1].device = None;
        let code = |accounts: &[Account]| {
            let fits = PrivacyIdea.fit(&INFO.write[0], accounts);
            fits.into_iter().map(|fit| fit.refused.map(|refusal| refusal.code)).collect::<Vec<_>>()
        };
        assert_eq!(code(&accounts), [None, Some("missing-device")]);
        let Some(Otp::Totp { secret, digits, period, .. }) = accounts[0].otp().cloned() else {
            panic!("TOTP")
        };
        let otp = Otp::Totp { secret, digits, period, algorithm: Algorithm::Sha1 };
        accounts[0].credential = crate::model::Credential::Otp(otp);
        assert_eq!(code(&accounts), [Some("unsupported-algorithm"), Some("missing-device")]);
    }
}
