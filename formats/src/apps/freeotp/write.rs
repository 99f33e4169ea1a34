//! Writing the backup of FreeOTP 2.
//!
//! Source: the app's `TokenPersistence.save`, `MasterKey` and `EncryptedKey`. One key that the master
//! key does not open ends the app's whole restore, so all are under the one master key that is new
//! with every file.

use serde::Serialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::token::{NewToken, SignedBytes};
use super::v2::{CIPHER, EncryptedKey, MASTER_KEY, TOKEN};
use super::{CAPS, ID};
use crate::container::java;
use crate::crypt::{Key, Prf, aes256_gcm_seal_with, pbkdf2};
use crate::ctx::Ctx;
use crate::error::{Error, ErrorKind};
use crate::model::{Account, Otp, SecretText, Vault};
use crate::text::uuid::Uuids;
use crate::text::{json, time};

/// What the app uses from Android 8 on.
const ALGORITHM: &str = "PBKDF2withHmacSHA512";
const ITERATIONS: u32 = 100_000;
/// The name of the wrapped master key, to which its ciphertext is bound.
const MASTER_TOKEN: &str = "AES";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewMasterKey {
    m_algorithm: &'static str,
    m_encrypted_key: EncryptedKey,
    m_iterations: u32,
    m_salt: SignedBytes,
}

/// The key of a token: an object whose only value is again a text of JSON.
#[derive(Serialize)]
struct NewWrapped {
    #[serde(serialize_with = "json::exposed")]
    key: Zeroizing<String>,
}

pub(super) fn encode(vault: &Vault, ctx: &mut Ctx<'_>) -> Result<Zeroizing<Vec<u8>>, Error> {
    let password = ctx.demanded_password(CAPS.app)?;
    let master = Zeroizing::new(ctx.random()?);
    let mut entries = vec![(MASTER_KEY.to_owned(), master_key(&master, password, ctx)?)];
    let mut ids = Uuids::default();
    for account in &vault.accounts {
        let otp = account.otp().ok_or_else(|| internal("an account without a secret cannot be written"))?;
        let id = ids.take(None, ctx)?;
        entries.push((id.clone(), wrapped(&master, otp, ctx)?));
        entries.push((format!("{id}{TOKEN}"), text(&new_token(account, otp))?));
    }
    java::write_string_map(&entries)
}

fn internal(message: &str) -> Error {
    Error::new(ErrorKind::Internal, message)
}

fn master_key(master: &Key, password: &SecretText, ctx: &mut Ctx<'_>) -> Result<Zeroizing<String>, Error> {
    let salt: [u8; 32] = ctx.random()?;
    let key = pbkdf2(Prf::Sha512, password.expose().as_bytes(), &salt, ITERATIONS, ctx.limits)?;
    text(&NewMasterKey {
        m_algorithm: ALGORITHM,
        m_encrypted_key: seal(&key, master.as_slice(), MASTER_TOKEN, ctx)?,
        m_iterations: ITERATIONS,
        m_salt: SignedBytes::new(&salt),
    })
}

fn wrapped(master: &Key, otp: &Otp, ctx: &mut Ctx<'_>) -> Result<Zeroizing<String>, Error> {
    // Java's name of the hash; the app gives the opened key this name.
    let hash = format!("Hmac{}", otp.algorithm());
    let key = seal(master, otp.secret().expose(), &hash, ctx)?;
    text(&NewWrapped { key: text(&key)? })
}

/// Encrypts a key; its name goes into the tag.
fn seal(with: &Key, content: &[u8], name: &str, ctx: &mut Ctx<'_>) -> Result<EncryptedKey, Error> {
    let nonce: [u8; 12] = ctx.random()?;
    let sealed = aes256_gcm_seal_with(with, &nonce, content, name.as_bytes())
        .ok_or_else(|| internal("a key is too long to be encrypted"))?;
    // RFC 5084: the nonce, then the length of the tag.
    let parameters = [&[0x30, 17, 4, 12], nonce.as_slice(), &[2, 1, 16]].concat();
    Ok(EncryptedKey {
        m_cipher: CIPHER.to_owned(),
        m_cipher_text: SignedBytes::new(&sealed),
        m_parameters: SignedBytes::new(&parameters),
        m_token: name.to_owned(),
    })
}

fn new_token<'a>(account: &'a Account, otp: &Otp) -> NewToken<'a> {
    let mut token = NewToken::new(account, otp, ID);
    // The app knows no empty issuer: a token has one or none.
    token.issuer_ext = token.issuer_ext.filter(|issuer| !issuer.is_empty());
    // Also how long a code of a counter is shown.
    token.period = Some(otp.period().unwrap_or(30));
    token.last_used = Some(time::last_used_number(account.last_used)).filter(|time| *time > 0);
    // A value of another type would end the restore of all tokens.
    token.rest.retain(|name, value| match name.as_str() {
        "color" => value.as_str().is_some_and(is_color),
        "lock" => value.is_boolean(),
        _ => !matches!(value, Value::Null),
    });
    token
}

/// Six hexadecimal digits. Source: `Token(Uri)`.
fn is_color(text: &str) -> bool {
    text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn text<T: Serialize>(value: &T) -> Result<Zeroizing<String>, Error> {
    let mut bytes = json::compact(value)?;
    let text = String::from_utf8(std::mem::take(&mut *bytes));
    text.map(Zeroizing::new).map_err(|_| internal("a text of JSON is not UTF-8"))
}
