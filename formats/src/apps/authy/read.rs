//! Finding the lists of tokens, and the passwords that open them.

use serde::Deserialize;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::token::{Shape, State, Token};
use super::{AUTHENTICATOR, ID, INFO, NATIVE};
use crate::container::prefs::Prefs;
use crate::ctx::{Ctx, Limits};
use crate::error::{Error, ErrorKind, Place};
use crate::format::Input;
use crate::model::{Origin, SecretText, Vault};
use crate::text::json;

/// The answer of Authy's server, or what a script made of it, or the file that alexzorin/authy keeps.
#[derive(Default, Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    authenticator_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    decrypted_authenticator_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    apps: Option<&'a RawValue>,
}

pub(super) fn decode(input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
    let text = input.text()?;
    let (variant, mut tokens) = if text.trim_start().starts_with(['{', '[']) {
        json_tokens(&text, ctx.limits)?
    } else {
        ("Android preferences", preference_tokens(&Prefs::parse(&text)?, ctx.limits)?)
    };
    let is_sealed = |token: &Token| matches!(token.state, State::Sealed(_));
    let encrypted = tokens.iter().any(is_sealed);
    if encrypted {
        check_work(&tokens, ctx.limits)?;
        unlock(&mut tokens, ctx)?;
    }
    let mut vault = Vault { variant: variant.to_owned(), encrypted, ..Vault::default() };
    for token in tokens {
        add(&mut vault, token);
    }
    Ok(vault)
}

fn add(vault: &mut Vault, token: Token) {
    let index = vault.entries();
    match token.into_account() {
        Ok(mut account) => {
            account.origin = Origin { format: ID.to_owned(), index, ..Origin::default() };
            vault.accounts.push(account);
        }
        Err((skip, issuer, name)) => vault.skipped.push(skip.item(index, &issuer, &name)),
    }
}

/// The app shows tokens of other services first.
fn preference_tokens(prefs: &Prefs, limits: &Limits) -> Result<Vec<Token>, Error> {
    let mut tokens = Vec::new();
    let mut found = false;
    for (name, shape) in [(AUTHENTICATOR, Shape::Tokens), (NATIVE, Shape::Native)] {
        if let Some(text) = prefs.text(name) {
            found = true;
            tokens.extend(read_list(text, name, shape, limits)?);
        }
    }
    if found {
        return Ok(tokens);
    }
    Err(Error::malformed("the preferences hold no tokens")
        .next_step("Copy com.authy.storage.tokens.authenticator.xml, or the other named tokens.authy"))
}

fn json_tokens(text: &str, limits: &Limits) -> Result<(&'static str, Vec<Token>), Error> {
    if text.trim_start().starts_with('[') {
        let list: &RawValue = json::parse_file(text, limits)?;
        return Ok(("list of links", read_list(list.get(), "", Shape::Links, limits)?));
    }
    let answer: Answer<'_> = json::parse_file(text, limits)?;
    let decrypted = answer.decrypted_authenticator_tokens;
    let inner = match answer.tokens.filter(|tokens| tokens.get().starts_with('{')) {
        Some(tokens) => json::entry::<Answer<'_>>(tokens)
            .ok_or_else(|| damaged("/tokens", "the tokens are not as the app that saved them writes them"))?,
        None => Answer::default(),
    };
    let lists = [
        (answer.authenticator_tokens, "/authenticator_tokens"),
        (decrypted, "/decrypted_authenticator_tokens"),
        (inner.authenticator_tokens, "/tokens/authenticator_tokens"),
        (inner.decrypted_authenticator_tokens, "/tokens/decrypted_authenticator_tokens"),
    ];
    let mut tokens = Vec::new();
    let mut found = false;
    for (list, pointer) in lists {
        if let Some(list) = list {
            found = true;
            tokens.extend(read_list(list.get(), pointer, Shape::Tokens, limits)?);
        }
    }
    if let Some((list, pointer)) = apps(answer.apps) {
        found = true;
        tokens.extend(read_list(list.get(), pointer, Shape::Native, limits)?);
    }
    if !found {
        return Err(damaged("", "there is no list of tokens"));
    }
    Ok((if decrypted.is_some() { "decrypted tokens" } else { "server answer" }, tokens))
}

/// Authy's own tokens: the list, or the server's answer around it.
fn apps(raw: Option<&RawValue>) -> Option<(&RawValue, &'static str)> {
    let raw = raw.filter(|raw| raw.get() != "null")?;
    match json::entry::<Answer<'_>>(raw).filter(|_| raw.get().starts_with('{')) {
        Some(answer) => answer.apps.map(|list| (list, "/apps/apps")),
        None => Some((raw, "/apps")),
    }
}

fn read_list(text: &str, place: &str, shape: Shape, limits: &Limits) -> Result<Vec<Token>, Error> {
    let list: Option<Vec<&RawValue>> = json::parse_file(text, limits).map_err(|error| match error.kind {
        ErrorKind::Limit => error,
        _ => damaged(place, "the list of tokens cannot be read"),
    })?;
    let list = list.unwrap_or_default();
    limits.check_accounts(list.len())?;
    Ok(list.into_iter().map(|raw| Token::read(raw, shape)).collect())
}

fn damaged(place: &str, message: &str) -> Error {
    Error::malformed(message)
        .at(Place::Json(place.to_owned()))
        .next_step("The file is damaged or was edited: copy it again")
}

/// Each token has its own salt, so a file can ask for any number of key derivations.
fn check_work(tokens: &[Token], limits: &Limits) -> Result<(), Error> {
    let work = tokens.iter().fold(0_u64, |sum, token| match &token.state {
        State::Sealed(sealed) => sum.saturating_add(sealed.work()),
        State::Done(_) => sum,
    });
    if work <= limits.kdf_work {
        return Ok(());
    }
    Err(Error::limit(format!("its key derivations ask for {work} steps"), "kdf-work"))
}

/// Tries passwords until every token is open. Older tokens may be under an earlier backup password:
/// those that no password opens are left, unless it is all of them.
fn unlock(tokens: &mut [Token], ctx: &mut Ctx<'_>) -> Result<(), Error> {
    let mut opened_any = false;
    let result = ctx.unlock(&INFO, |password, limits| {
        let mut all = true;
        for token in tokens.iter_mut() {
            match open(token, password, limits)? {
                Some(true) => opened_any = true,
                Some(false) => all = false,
                None => {}
            }
        }
        Ok(all.then_some(()))
    });
    match result {
        Err(error) if error.kind == ErrorKind::WrongPassword && opened_any => Ok(()),
        other => other,
    }
}

/// Whether the password opened the token; `None` when it was open before.
fn open(token: &mut Token, password: &SecretText, limits: &Limits) -> Result<Option<bool>, Error> {
    let State::Sealed(sealed) = &token.state else { return Ok(None) };
    let mut opened = None;
    let accept = |text: &Zeroizing<Vec<u8>>| {
        opened = token.opened(text);
        opened.is_some()
    };
    sealed.open(password, limits, accept)?;
    let is_open = opened.is_some();
    if let Some(result) = opened {
        token.state = State::Done(result);
    }
    Ok(Some(is_open))
}
