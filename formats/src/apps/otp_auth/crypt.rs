//! Both layers.

use sha1::Sha1;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::INFO;
use crate::container::plist::{self, Archive, Node};
use crate::crypt::{RnCryptor, aes_cbc_open, aes_cbc_open_unpadded};
use crate::ctx::Ctx;
use crate::error::Error;
use crate::model::SecretText;

/// What a file is, which its outer key tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `.otpauthdb`.
    Backup,
    /// `.otpauth`.
    Account,
}

impl Kind {
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let block = bytes.get(..16)?;
        let fits = |kind: &Self| {
            let opened = aes_cbc_open_unpadded(kind.outer_key().as_slice(), &[0; 16], block);
            opened.is_some_and(|block| plist::sniff(&block))
        };
        [Self::Backup, Self::Account].into_iter().find(fits)
    }

    fn outer_key(self) -> [u8; 32] {
        let word: &[u8] = match self {
            Self::Backup => b"Authenticator",
            Self::Account => b"OTPAuth",
        };
        Sha256::digest(word).into()
    }

    /// Opens the outer layer.
    pub(super) fn open_outer(self, bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        aes_cbc_open(self.outer_key().as_slice(), &[0; 16], bytes).ok_or_else(damaged)
    }

    fn content_name(self) -> &'static str {
        match self {
            Self::Backup => "WrappedData",
            Self::Account => "Data",
        }
    }

    /// The versions of the two inner layers, in tenths.
    fn versions(self) -> [f64; 2] {
        match self {
            Self::Backup => [1.0, 1.1],
            Self::Account => [1.1, 1.2],
        }
    }
}

fn damaged() -> Error {
    Error::malformed("the file is damaged or incomplete").next_step("Export or copy the file again")
}

/// The inner layer.
enum Inner<'a> {
    /// No check of the password but the padding.
    Old {
        key_prefix: Zeroizing<Vec<u8>>,
        iv: [u8; 16],
        content: &'a [u8],
    },
    RnCryptor(RnCryptor<'a>),
}

/// Opens the inner layer. Gives the version too.
pub(super) fn open_inner(
    outer: &[u8],
    kind: Kind,
    ctx: &mut Ctx<'_>,
) -> Result<(String, Zeroizing<Vec<u8>>), Error> {
    let archive = Archive::open(outer)?;
    let root = archive.root().ok_or_else(damaged)?;
    let version = root.get("Version").and_then(|version| number(&version)).ok_or_else(damaged)?;
    let content = root.get(kind.content_name()).and_then(|content| content.data()).ok_or_else(damaged)?;
    let [old, new] = kind.versions();
    let is = |wanted: f64| (version - wanted).abs() < 0.05;
    let inner = if is(old) {
        Inner::old(&root, content)?
    } else if is(new) {
        Inner::RnCryptor(RnCryptor::parse(content)?)
    } else {
        return Err(Error::newer("the file is of a version that is not known"));
    };
    let opened = ctx.unlock(&INFO, |password, limits| match &inner {
        Inner::RnCryptor(sealed) => sealed.open(password.expose().as_bytes(), limits),
        Inner::Old { key_prefix, iv, content } => Ok(open_old(key_prefix, iv, content, password)),
    })?;
    Ok((format!("version {version:.1}"), opened))
}

fn number(node: &Node<'_, '_>) -> Option<f64> {
    let whole = || node.integer().and_then(|number| i32::try_from(number).ok()).map(f64::from);
    node.real().or_else(whole).or_else(|| node.text()?.trim().parse().ok())
}

impl<'a> Inner<'a> {
    /// Salt and initial vector are words with letters beyond ASCII; the vector is hashed first.
    fn old(root: &Node<'_, 'a>, content: &'a [u8]) -> Result<Self, Error> {
        let mut key_prefix = root.get("Salt").and_then(|salt| bytes(&salt)).ok_or_else(damaged)?;
        key_prefix.push(b'-');
        let word = root.get("IV").and_then(|iv| bytes(&iv)).ok_or_else(damaged)?;
        let digest: [u8; 20] = Sha1::digest(&*word).into();
        let iv = digest.first_chunk().copied().ok_or_else(damaged)?;
        if content.is_empty() || !content.len().is_multiple_of(16) {
            return Err(damaged());
        }
        Ok(Self::Old { key_prefix, iv, content })
    }
}

/// A text as UTF-8, or data as it is: single accounts have one of each.
fn bytes(node: &Node<'_, '_>) -> Option<Zeroizing<Vec<u8>>> {
    let text = || node.text().map(|text| Zeroizing::new(text.as_bytes().to_vec()));
    node.data().map(|data| Zeroizing::new(data.to_vec())).or_else(text)
}

/// One wrong key of 256 gives a padding that fits, but no property list.
fn open_old(
    key_prefix: &[u8],
    iv: &[u8; 16],
    content: &[u8],
    password: &SecretText,
) -> Option<Zeroizing<Vec<u8>>> {
    let key = Sha256::new().chain_update(key_prefix).chain_update(password.expose()).finalize();
    let key = Zeroizing::new(<[u8; 32]>::from(key));
    aes_cbc_open(key.as_slice(), iv, content).filter(|opened| plist::sniff(opened))
}
