//! FreeOTP+ (Android): the JSON backup.
//!
//! One object with `tokens`, and with their ids in the user's order in `tokenOrder`. The app's own
//! reader finds only tokens that are named there, so some of its own exports are read here in full
//! and by the app only in part.
//! Source: the app's `ImportExportUtil`, `SavedTokens`, `legacy/Token` and `OtpTokenFactory`.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::freeotp::token::{self, NewToken, SignedBytes, Token, written_issuer};
use crate::caps::{Caps, Field, Fit, Groups, Periods};
use crate::ctx::Ctx;
use crate::error::{Error, ErrorKind};
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::model::{Account, Algorithm, Kind, Vault};
use crate::probe::{Node, Probe};
use crate::report::Skip;
use crate::text::json;

const ID: &str = "freeotpplus";

/// FreeOTP+.
pub(crate) struct FreeOtpPlus;

static INFO: Info = Info {
    id: ID,
    title: "FreeOTP+",
    aliases: &["freeotp-plus"],
    extensions: &["json"],
    reads_encrypted: false,
    unverified: None,
    write: &[Writing {
        form: "",
        caps: CAPS,
        encryption: Encryption::Never,
        any_password: true,
        carrier: Carrier::File,
        file_name: "freeotp-backup.json",
        encrypted_file_name: "freeotp-backup.json",
        import_help: "In FreeOTP+, open the menu > Import > Import JSON format and pick the file. Do it in \
            an app without tokens: importing replaces those it has, by position",
    }],
    export_help: "In FreeOTP+, open the menu > Export > Export JSON format",
};

const CAPS: Caps = Caps {
    app: "FreeOTP+",
    kinds: &[Kind::Totp, Kind::Hotp, Kind::Steam],
    // What Android's `Mac.getInstance("Hmac...")` makes; the app asks it for any name.
    algorithms: &Algorithm::ALL,
    // The app reads others, but cannot export them again.
    digits: &[5, 6, 7, 8],
    // Kept in a signed 32-bit number.
    periods: Periods::UpTo(u32::MAX >> 1),
    // Kept in a signed 64-bit number.
    max_counter: u64::MAX >> 1,
    secret_bytes: (1, usize::MAX),
    needs_pin: false,
    groups: Groups::None,
    fields: &[],
};

/// What some versions wrote in place of every label.
const LOST_LABEL: &str = "{token.label}";

impl Format for FreeOtpPlus {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        probe.json().map_or(Confidence::No, recognise)
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        decode(input, ctx).map_err(|error| error.in_format(ID))
    }

    fn fit(&self, _: &Writing, accounts: &[Account]) -> Vec<Fit> {
        let mut ids = HashSet::new();
        accounts.iter().map(|account| fit(account, &mut ids)).collect()
    }

    fn encode(&self, _: &Writing, vault: &Vault, _: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        let bytes = encode(vault).map_err(|error| error.in_format(ID))?;
        Ok(vec![Part(bytes)])
    }
}

/// Both lists are the mark; in a text that broke off, the first of them.
fn recognise(json: &Node) -> Confidence {
    let order = json.get("tokenOrder").is_some_and(Node::is_array);
    let tokens = json.get("tokens");
    let token = match tokens {
        Some(Node::Array(Some(first))) => first.get("secret").is_some_and(Node::is_array),
        _ => false,
    };
    match (order, tokens.is_some_and(Node::is_array)) {
        (true, true) => Confidence::Sure,
        (true, false) => Confidence::Likely,
        (false, _) if token => Confidence::Likely,
        (false, _) => Confidence::No,
    }
}

// --- reading

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Backup<'a> {
    #[serde(borrow)]
    tokens: Option<&'a RawValue>,
    #[serde(default)]
    token_order: Value,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

fn decode(input: &Input<'_>, ctx: &Ctx<'_>) -> Result<Vault, Error> {
    let text = input.text()?;
    let backup: Backup<'_> = json::parse_file(&text, ctx.limits)?;
    let raw: Vec<&RawValue> = backup.tokens.and_then(json::entry).ok_or_else(no_tokens)?;
    ctx.limits.check_accounts(raw.len())?;
    let order = read_order(&backup.token_order);
    let mut tokens: Vec<Option<Token>> = raw.into_iter().map(json::entry).collect();
    restore_labels(&mut tokens, &order);
    let with_ids = tokens.into_iter().map(|token| (token.as_ref().map(Token::id), token)).collect();
    let mut vault = Vault { variant: "JSON".to_owned(), ..Vault::default() };
    for (index, token) in token::in_order(with_ids, &order).into_iter().enumerate() {
        read_token(index, token, &mut vault);
    }
    if !backup.rest.is_empty() {
        vault.extra.insert(ID.to_owned(), Value::Object(backup.rest));
    }
    Ok(vault)
}

fn no_tokens() -> Error {
    json::damaged("/tokens", "the list of tokens is missing")
}

/// One text for each place, so that places count also where an item is no text.
fn read_order(order: &Value) -> Vec<String> {
    let items = order.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().map(|item| item.as_str().unwrap_or_default().to_owned()).collect()
}

/// Some versions wrote a placeholder in place of every label. The ids still have them.
fn restore_labels(tokens: &mut [Option<Token>], order: &[String]) {
    let is_lost = |token: &Option<Token>| {
        token.as_ref().is_some_and(|token| token.label.as_deref() == Some(LOST_LABEL))
    };
    let ids_are_lost = order.iter().any(|id| id.ends_with(LOST_LABEL));
    if tokens.len() != order.len() || ids_are_lost || !tokens.iter().all(is_lost) {
        return;
    }
    for (token, id) in tokens.iter_mut().flatten().zip(order) {
        token.label = Some(id.split_once(':').map_or(id.as_str(), |(_, label)| label).to_owned());
    }
}

fn read_token(index: usize, token: Option<Token>, vault: &mut Vault) {
    let Some(token) = token else {
        let skip = Skip::new(Skip::MISSING_FIELD, "a field is of another type than FreeOTP+ writes");
        vault.skipped.push(skip.item(index, "", ""));
        return;
    };
    match token.secret().and_then(|secret| token.otp(secret)) {
        Ok(otp) => vault.accounts.push(token.into_account(otp, ID, index)),
        Err(skip) => vault.skipped.push(skip.item(index, token.issuer(), token.name())),
    }
}

// --- writing

fn fit(account: &Account, ids: &mut HashSet<String>) -> Fit {
    let mut fit = CAPS.check(account);
    if fit.refused.is_some() {
        return fit;
    }
    if let Some(refused) = token::refuse_as_steam(account, CAPS.app) {
        return refused;
    }
    if !ids.insert(token::id(written_issuer(account), &account.name)) {
        return Fit::refuse(
            "same-name",
            "FreeOTP+ keeps only one account of an issuer and name, and an earlier one has the same",
            "Rename one of them in the old app, and export again",
        );
    }
    if account.issuer != written_issuer(account) {
        fit.change(
            Field::Issuer,
            "FreeOTP+ knows Steam accounts by the issuer \"Steam\", so it gets that one",
        );
    }
    token::remark_colon(&mut fit, account, "FreeOTP+ cannot export this account as a link later");
    fit
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewBackup<'a> {
    token_order: Vec<String>,
    tokens: Vec<NewToken<'a>>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

fn encode(vault: &Vault) -> Result<zeroize::Zeroizing<Vec<u8>>, Error> {
    let tokens = vault.accounts.iter().map(new_token).collect::<Result<Vec<_>, _>>()?;
    json::compact(&NewBackup {
        token_order: tokens.iter().map(NewToken::id).collect(),
        tokens,
        rest: json::unknown_fields(vault.extra.get(ID), &["tokens", "tokenOrder"]),
    })
}

fn new_token(account: &Account) -> Result<NewToken<'_>, Error> {
    let otp = account
        .otp()
        .ok_or_else(|| Error::new(ErrorKind::Internal, "an account without a secret cannot be written"))?;
    let mut token = NewToken::new(account, otp, ID);
    token.secret = Some(SignedBytes::new(otp.secret().expose()));
    // The app writes both in every token.
    token.counter = Some(otp.counter().unwrap_or(0));
    token.period = Some(otp.period().unwrap_or(30));
    Ok(token)
}

#[cfg(test)]
mod tests;
