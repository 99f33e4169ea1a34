//! The preferences of FreeOTP 1, and of FreeOTP+ before it had a database: a value for each token,
//! and the order of their names.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::token::{Token, in_order};
use super::{ID, v2};
use crate::container::prefs::{Prefs, Value as Preference};
use crate::ctx::Ctx;
use crate::error::Error;
use crate::format::Confidence;
use crate::model::{Origin, Vault};
use crate::open::otpauth;
use crate::probe::Probe;
use crate::report::Skip;

/// The value that holds the names of the tokens in the user's order.
const ORDER: &str = "tokenOrder";

pub(super) fn recognise(probe: &Probe<'_>) -> Confidence {
    if let Some(prefs) = probe.prefs() {
        let order = prefs.text(ORDER).is_some_and(|order| order.trim_start().starts_with('['));
        let ours = order || prefs.iter().any(is_token) || v2::is_ours(prefs);
        return if ours { Confidence::Sure } else { Confidence::No };
    }
    // XML that broke off.
    let text = probe.text().filter(|text| Prefs::sniff(text)).unwrap_or_default();
    let ours = text.contains("&quot;secret&quot;:[") && text.contains("&quot;issuer");
    if ours { Confidence::Likely } else { Confidence::No }
}

fn is_token((_, value): (&str, &Preference)) -> bool {
    /// What a token has at least. Its members take no memory: any preferences are looked at.
    #[derive(Deserialize)]
    struct Shape {
        #[serde(rename = "secret")]
        _secret: Vec<IgnoredAny>,
        #[serde(rename = "type")]
        _kind: String,
    }
    matches!(value, Preference::Text(text) if serde_json::from_str::<Shape>(text).is_ok())
}

/// A value of the preferences that stands for a token.
enum Stored<'a> {
    Json(&'a str),
    /// As very old versions stored it.
    Uri(&'a str),
}

impl<'a> Stored<'a> {
    fn new(text: &'a str) -> Option<Self> {
        match text.trim_start() {
            text if text.starts_with('{') => Some(Self::Json(text)),
            text if text.starts_with("otpauth:") => Some(Self::Uri(text)),
            _ => None,
        }
    }
}

pub(super) fn decode(prefs: &Prefs, ctx: &Ctx<'_>) -> Result<Vault, Error> {
    let order: Vec<String> =
        prefs.text(ORDER).and_then(|order| serde_json::from_str(order).ok()).unwrap_or_default();
    if prefs.get(ORDER).is_none() && !prefs.iter().any(is_token) {
        return Err(Error::malformed("the preferences hold no tokens of FreeOTP")
            .next_step("Copy tokens.xml from the folder shared_prefs of the app"));
    }
    let tokens: Vec<_> = prefs
        .iter()
        .filter(|(name, _)| *name != ORDER)
        .filter_map(|(name, value)| match value {
            Preference::Text(text) => Some((Some(name.to_owned()), Stored::new(text)?)),
            _ => None,
        })
        .collect();
    ctx.limits.check_accounts(tokens.len())?;
    let mut vault = Vault { variant: "version 1".to_owned(), ..Vault::default() };
    for (index, stored) in in_order(tokens, &order).into_iter().enumerate() {
        match stored {
            Stored::Json(text) => read_token(index, text, &mut vault),
            Stored::Uri(uri) => read_uri(index, uri, &mut vault),
        }
    }
    Ok(vault)
}

fn read_token(index: usize, text: &str, vault: &mut Vault) {
    let Ok(token) = serde_json::from_str::<Token>(text) else {
        let skip = Skip::new(Skip::MISSING_FIELD, "a field is of another type than FreeOTP writes");
        vault.skipped.push(skip.item(index, "", ""));
        return;
    };
    match token.secret().and_then(|secret| token.otp(secret)) {
        Ok(otp) => vault.accounts.push(token.into_account(otp, ID, index)),
        Err(skip) => vault.skipped.push(skip.item(index, token.issuer(), token.name())),
    }
}

fn read_uri(index: usize, uri: &str, vault: &mut Vault) {
    match otpauth::parse(uri) {
        Ok(mut account) => {
            account.origin = Origin { format: ID.to_owned(), index, ..Origin::default() };
            vault.accounts.push(account);
        }
        Err((skip, names)) => vault.skipped.push(skip.item(index, &names.issuer, &names.account)),
    }
}
