//! Finding the password of a file.

use super::INFO;
use super::document::Document;
use super::drafts::{self, Global};
use super::element::Element;
use super::encryption::{Encryption, Failure, Opener, Source, unknown_cipher};
use super::value::{Sealed, Value};
use crate::crypt::Scheme;
use crate::ctx::Ctx;
use crate::error::{Error, ErrorKind};
use crate::model::Protection;

/// Values of a key that can be encrypted, by the names of their elements in lower case.
const VALUES: [&str; 5] = ["secret", "counter", "time", "timeinterval", "timedrift"];

/// A file whose key is known.
pub(super) struct Unlocked {
    pub(super) opener: Opener,
    /// Where the key comes from a passphrase.
    pub(super) protection: Option<Protection>,
}

/// Asks for passwords until one opens the values of a file; `None` when nothing in it is encrypted.
///
/// # Errors
/// `Unsupported` before any is asked for when none could open it, `WrongPassword`, `PasswordNeeded`; `Malformed` when
/// the values lack what proves them.
pub(super) fn unlock(
    document: &Document<'_>,
    encryption: &Encryption<'_>,
    global: Option<&Global>,
    ctx: &mut Ctx<'_>,
) -> Result<Option<Unlocked>, Error> {
    let Some(scheme) = first_scheme(document, global)? else { return Ok(None) };
    let scheme =
        scheme.filter(|_| !matches!(encryption.source, Source::Certificate)).ok_or_else(unknown_cipher)?;
    let unlocked = ctx.unlock(&INFO, |password, limits| {
        let Some(opener) = encryption.opener(password, limits)? else { return Ok(None) };
        Ok(is_right(document, &opener, global)?.then_some(opener))
    });
    let opener = unlocked.map_err(|error| explained(error, &encryption.source, scheme))?;
    let protection = match &encryption.source {
        Source::Passphrase(derivation) => {
            Some(Protection::new(scheme.name, (derivation.prf, derivation.iterations)))
        }
        _ => None,
    };
    Ok(Some(Unlocked { opener, protection }))
}

/// Says of which kind the password is.
fn explained(error: Error, source: &Source, scheme: Scheme) -> Error {
    let step = match (error.kind, source) {
        (ErrorKind::WrongPassword, Source::PreShared) => {
            let digits = scheme.key_length.saturating_mul(2);
            format!("Give the key that came with the file as {digits} hexadecimal digits")
        }
        (ErrorKind::WrongPassword, _) => {
            "Give the passphrase that came with the file, in its exact spelling".to_owned()
        }
        _ => return error,
    };
    let message = "wrong key or passphrase, or the file was altered".to_owned();
    Error { message, ..error }.next_step(step)
}

/// The cipher of the first encrypted value of which it is known; `None` when nothing is encrypted.
fn first_scheme(document: &Document<'_>, global: Option<&Global>) -> Result<Option<Option<Scheme>>, Error> {
    let mut found = None;
    for entry in document.entries() {
        let entry = entry?;
        for sealed in drafts::keys(&entry).flat_map(|key| sealed_values(key, global)) {
            match Scheme::parse(sealed.algorithm) {
                Some(scheme) => return Ok(Some(Some(scheme))),
                None => found = Some(None),
            }
        }
    }
    Ok(found)
}

fn sealed_values<'e>(key: &'e Element, global: Option<&'e Global>) -> impl Iterator<Item = Sealed<'e>> {
    VALUES.iter().filter_map(move |name| match drafts::value(key, name, global) {
        Ok(Some(Value::Sealed(sealed))) => Some(sealed),
        _ => None,
    })
}

/// Whether the key is right: the first value with a checksum that matches proves it. Without any, most of the values
/// have to have a padding, which one of 16 has under a wrong key.
fn is_right(document: &Document<'_>, opener: &Opener, global: Option<&Global>) -> Result<bool, Error> {
    let (mut opened, mut wrong) = (0_usize, 0_usize);
    let mut other = None;
    for entry in document.entries() {
        let entry = entry?;
        for sealed in drafts::keys(&entry).flat_map(|key| sealed_values(key, global)) {
            match opener.open(&sealed) {
                Ok(value) if value.is_proven => return Ok(true),
                Ok(_) => opened = opened.saturating_add(1),
                Err(Failure::Wrong) => wrong = wrong.saturating_add(1),
                Err(failure) => other = other.or(Some(failure)),
            }
        }
    }
    match other {
        _ if opened > wrong => Ok(true),
        Some(failure) if wrong == 0 => Err(unproven(failure)),
        _ => Ok(false),
    }
}

fn unproven(failure: Failure) -> Error {
    match failure {
        Failure::Cipher => unknown_cipher(),
        _ => Error::malformed("the encrypted values lack their MAC, or the file the algorithm of it")
            .next_step("Ask for the file again: somebody may have altered it"),
    }
}
