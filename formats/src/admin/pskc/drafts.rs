//! What the drafts of RFC 6030 had otherwise, and vendors still write.
//!
//! An entry is a `Device`, a key of the first draft a `Secret`; `Usage` stands for the parameters; each value is a
//! `Data` with a name, and one cipher is named for the whole file. Source: draft-hoyer-keyprov-portable-symmetric-
//! key-container 00 and 01, draft-ietf-keyprov-portable-symmetric-key-container 02 to 05, draft-ietf-keyprov-pskc 02.

use super::doubt::{self, Doubt};
use super::element::Element;
use super::encryption::Pbkdf2;
use super::value::{Sealed, Value, base64, required};
use crate::crypt::{Prf, Scheme};
use crate::error::Error;

/// What the parameters of a key are called in the RFC and in its drafts.
pub(super) const PARAMETERS: [&str; 2] = ["algorithmparameters", "usage"];

/// The cipher of all values of a file.
pub(super) struct Global {
    algorithm: String,
    iv: Option<Vec<u8>>,
    /// How its key comes from a passphrase.
    pub(super) derivation: Option<Pbkdf2>,
}

impl Global {
    /// What the header says, unless that is that nothing is encrypted. A cipher without a name is one that is not known.
    ///
    /// # Errors
    /// `Malformed` for two ciphers, and for a derivation that is not described in full.
    pub(super) fn read(header: &[Element]) -> Result<Option<Self>, Error> {
        let methods = header.iter().filter(|element| element.name == "encryptionmethod");
        let method = doubt::only(methods).map_err(|_| {
            Error::malformed("the file names two ciphers for all of its values")
                .next_step("Ask for the file again: it was put together wrongly, or altered")
        })?;
        let algorithm = algorithm_of(method).to_owned();
        let Some(method) = method.filter(|_| !algorithm.eq_ignore_ascii_case("none")) else {
            return Ok(None);
        };
        let iv = method.child(&["iv"]).and_then(|iv| base64(iv.text()));
        let is_derived =
            algorithm.to_ascii_lowercase().starts_with("pbe") || method.child(&["pbesalt"]).is_some();
        let derivation = if is_derived { Some(derivation(method, &algorithm)?) } else { None };
        Ok(Some(Self { algorithm, iv, derivation }))
    }

    /// Whether its cipher could have made a text, as far as the length tells.
    fn may_make(&self, text: &str) -> bool {
        let Some(scheme) = Scheme::parse(&self.algorithm) else { return true };
        base64(text).is_some_and(|bytes| scheme.may_make(bytes.len(), self.iv.is_some()))
    }
}

fn derivation(method: &Element, algorithm: &str) -> Result<Pbkdf2, Error> {
    let text = |name: &str| method.child(&[name]).map(Element::text);
    let salt = base64(&required(text("pbesalt"), "salt")?);
    let iterations = required(text("pbeiterationcount"), "number of iterations")?.parse().ok();
    Pbkdf2::checked(Prf::Sha1, salt, iterations, Scheme::parse(algorithm).map(|scheme| scheme.key_length))
}

/// The cipher that an `EncryptionMethod` names; one of PBES2 has it in a scheme of its own.
pub(super) fn algorithm_of(method: Option<&Element>) -> &str {
    let Some(method) = method else { return "" };
    let scheme = method.child(&["encryptionscheme"]).map_or("", |scheme| scheme.attribute("algorithm"));
    if scheme.is_empty() { method.attribute("algorithm") } else { scheme }
}

/// The algorithm that the MACs of a file are made with.
pub(super) fn mac_algorithm(header: &[Element]) -> Option<&str> {
    let find = |name: &str| header.iter().find(|element| element.name == name);
    let text = find("macalgorithm").map(Element::text).filter(|text| !text.is_empty());
    text.or_else(|| find("digestmethod").map(|method| method.attribute("algorithm")))
}

/// The keys of an entry.
pub(super) fn keys(entry: &Element) -> impl Iterator<Item = &Element> {
    entry.children.iter().filter(|child| is_key(child))
}

/// Whether a child of an entry is a key.
pub(super) fn is_key(child: &Element) -> bool {
    matches!(child.name.as_str(), "key" | "secret")
}

/// A parameter of a key, by the name of its element. Erratum 2759: what RFC 6030 shows as a choice is a sequence, so
/// that each parameter may stand in parameters of its own.
///
/// # Errors
/// It is written several times, and not the same each time.
pub(super) fn parameter<'e>(key: &'e Element, name: &str) -> Result<Option<&'e Element>, Doubt> {
    let names = [name];
    doubt::only(key.children_of(&PARAMETERS).flat_map(|parameters| parameters.children_of(&names)))
}

/// What a key says in an attribute that has had several names.
pub(super) fn id(key: &Element) -> &str {
    key.any_attribute(&["id", "keyid", "secretid"])
}

/// The algorithm of a key.
///
/// # Errors
/// It is written several times, and not the same each time.
pub(super) fn key_algorithm(key: &Element) -> Result<&str, Doubt> {
    key.once(&["algorithm", "keyalgorithm", "secretalgorithm"])
}

/// Whether a cipher is named for a secret in another place than that of all values, or than that of an encrypted one.
pub(super) fn has_own_cipher(entry: &Element, key: &Element) -> bool {
    let groups = || key.children_of(&["data"]);
    let secrets = groups().flat_map(|data| data.children_of(&["secret"]));
    [entry, key].into_iter().chain(groups()).chain(secrets).any(|place| {
        let mut methods = place.children_of(&["encryptionmethod"]);
        methods.any(|method| !algorithm_of(Some(method)).eq_ignore_ascii_case("none"))
    })
}

/// A value of a key; its name is that of the element in lower case.
///
/// # Errors
/// It is written in two ways, or in none that is known.
pub(super) fn value<'e>(
    key: &'e Element,
    name: &str,
    global: Option<&'e Global>,
) -> Result<Option<Value<'e>>, Doubt> {
    let mut found = None;
    for data in key.children_of(&["data"]) {
        let is_called = data.attribute("name").replace('_', "").eq_ignore_ascii_case(name);
        let named = if is_called { named(data, global)? } else { None };
        let names = [name];
        let inside = data.children_of(&names).map(|element| in_data(element, global));
        for value in inside.chain([Ok(named)]) {
            match (value?, &found) {
                (Some(value), Some(known)) if value != *known => return Err(Doubt::Twice),
                (Some(value), None) => found = Some(value),
                _ => {}
            }
        }
    }
    Ok(found)
}

fn in_data<'e>(element: &'e Element, global: Option<&Global>) -> Result<Option<Value<'e>>, Doubt> {
    let value = Value::read(element)?;
    let is_hidden = global.is_some() && matches!(value, Some(Value::Bare(_)));
    if is_hidden { Err(Doubt::Encryption) } else { Ok(value) }
}

/// A value in a `Data` of its own: encrypted when there are a cipher and a digest. What the cipher could have made
/// is none without a digest.
fn named<'e>(data: &'e Element, global: Option<&'e Global>) -> Result<Option<Value<'e>>, Doubt> {
    let Some(value) = data.only(&["value"])? else { return in_data(data, global) };
    if !data.text().is_empty() || data.child(&["plainvalue", "encryptedvalue"]).is_some() {
        return Err(Doubt::Twice);
    }
    let text = value.leaf()?;
    let digest = data.only(&["valuedigest", "valuemac"])?.filter(|digest| !digest.text().is_empty());
    match (global, digest) {
        (Some(global), Some(digest)) => Ok(Some(Value::Sealed(Sealed {
            algorithm: &global.algorithm,
            iv: global.iv.as_deref(),
            content: base64(text).unwrap_or_default(),
            mac: Some(base64(digest.text()).unwrap_or_default()),
        }))),
        (Some(global), None) if global.may_make(text) => Err(Doubt::Encryption),
        _ => Ok(Some(Value::Plain(text))),
    }
}
