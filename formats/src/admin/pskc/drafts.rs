//! What the drafts of RFC 6030 had otherwise, and vendors still write.
//!
//! An entry is a `Device`, a key of the first draft a `Secret`; `Usage` stands for the parameters; each value is a
//! `Data` with a name, and one cipher is named for the whole file. Source: draft-hoyer-keyprov-portable-symmetric-
//! key-container 00 and 01, draft-ietf-keyprov-portable-symmetric-key-container 02 to 05, draft-ietf-keyprov-pskc 02.

use super::element::Element;
use super::encryption::Pbkdf2;
use super::value::{Sealed, Value, base64, required};
use crate::crypt::{Prf, Scheme};
use crate::error::Error;

/// The cipher of all values of a file.
pub(super) struct Global {
    algorithm: String,
    iv: Option<Vec<u8>>,
    /// How its key comes from a passphrase.
    pub(super) derivation: Option<Pbkdf2>,
}

impl Global {
    /// What the header says, unless that is that nothing is encrypted.
    pub(super) fn read(header: &[Element]) -> Result<Option<Self>, Error> {
        let method = header.iter().find(|element| element.name == "encryptionmethod");
        let algorithm = algorithm_of(method).to_owned();
        let Some(method) = method.filter(|_| !matches!(algorithm.to_ascii_lowercase().as_str(), "" | "none"))
        else {
            return Ok(None);
        };
        let iv = method.child(&["iv"]).and_then(|iv| base64(iv.text()));
        let is_derived =
            algorithm.to_ascii_lowercase().starts_with("pbe") || method.child(&["pbesalt"]).is_some();
        let derivation = if is_derived { Some(derivation(method, &algorithm)?) } else { None };
        Ok(Some(Self { algorithm, iv, derivation }))
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
    entry.children.iter().filter(|child| matches!(child.name.as_str(), "key" | "secret"))
}

/// What a key says in an attribute that has had several names.
pub(super) fn id(key: &Element) -> &str {
    key.any_attribute(&["id", "keyid", "secretid"])
}

/// The algorithm of a key.
pub(super) fn key_algorithm(key: &Element) -> &str {
    key.any_attribute(&["algorithm", "keyalgorithm", "secretalgorithm"])
}

/// A value of a key; its name is that of the element in lower case.
pub(super) fn value<'e>(key: &'e Element, name: &str, global: Option<&'e Global>) -> Option<Value<'e>> {
    let groups = || key.children.iter().filter(|child| child.name == "data");
    let in_group = groups().find_map(|data| Value::read(data.child(&[name])?));
    in_group.or_else(|| {
        let is_called = |data: &&Element| data.attribute("name").replace('_', "").eq_ignore_ascii_case(name);
        named(groups().find(is_called)?, global)
    })
}

/// A value in a `Data` of its own: encrypted when there are a cipher and a digest.
fn named<'e>(data: &'e Element, global: Option<&'e Global>) -> Option<Value<'e>> {
    let Some(value) = data.child(&["value"]) else { return Value::read(data) };
    let digest = data.child(&["valuedigest", "valuemac"]).filter(|digest| !digest.text().is_empty());
    Some(match (global, digest) {
        (Some(global), Some(digest)) => Value::Sealed(Sealed {
            algorithm: &global.algorithm,
            iv: global.iv.as_deref(),
            content: base64(value.text()).unwrap_or_default(),
            mac: Some(base64(digest.text()).unwrap_or_default()),
        }),
        _ => Value::Plain(value.text()),
    })
}
