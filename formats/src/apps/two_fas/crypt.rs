//! The encryption of the services, and of the constant that proves the password.

use data_encoding::BASE64;
use zeroize::Zeroizing;

use super::INFO;
use crate::crypt::{Key, Prf, aes256_gcm_open, aes256_gcm_seal, pbkdf2};
use crate::ctx::{Ctx, Limits};
use crate::error::{Error, ErrorKind, Place};
use crate::model::{Protection, SecretText};

/// Iterations of PBKDF2-HMAC-SHA-256.
const ITERATIONS: u32 = 10_000;
/// The Android app's size. The iPhone app writes 32 bytes and takes any size.
const SALT: usize = 256;
/// The text that every 2FAS app encrypts as `reference`: the iPhone app compares it, the Android
/// app only decrypts it. Source: the Android app's `BackupContent.Reference`; checked with
/// exports of the schemas 2, 3 and 4.
pub(super) const REFERENCE: &str = "\
    tRViSsLKzd86Hprh4ceC2OP7xazn4rrt4xhfEUbOjxLX8Rc3mkISXE0lWbmnWfggogbBJhtYgpK6fMl1D6mtsy92\
    R3HkdGfwuXbzLebqVFJsR7IZ2w58t938iymwG4824igYy1wi6n2WDpO1Q1P69zwJGs2F5a1qP4MyIiDSD7NCV2Ov\
    idXQCBnDlGfmz0f1BQySRkkt4ryiJeCjD2o4QsveJ9uDBUn8ELyOrESv5R5DMDkD4iAF8TXU7KyoJujd";

/// How the services are encrypted.
pub(super) fn protection() -> Protection {
    Protection::new("AES-256-GCM", (Prf::Sha256, ITERATIONS))
}

/// `servicesEncrypted`: Base64 of ciphertext with tag, of the salt, and of the nonce, with colons
/// between.
pub(super) struct Sealed {
    content: Vec<u8>,
    salt: Vec<u8>,
    nonce: [u8; 12],
}

impl Sealed {
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let bytes = |part: &str| BASE64.decode(part.as_bytes()).ok();
        let parts: Vec<&str> = text.split(':').collect();
        match parts.as_slice() {
            [content, salt, nonce] => bytes(content)
                .zip(bytes(salt).filter(|salt| !salt.is_empty()))
                .zip(bytes(nonce).and_then(|nonce| nonce.try_into().ok()))
                .map(|((content, salt), nonce)| Self { content, salt, nonce }),
            _ => None,
        }
        .ok_or_else(|| {
            Error::malformed("the encrypted services are not three Base64 texts of the expected lengths")
                .at(Place::Json("/servicesEncrypted".to_owned()))
                .next_step("The file is damaged or incomplete: export or copy it again")
        })
    }

    /// Tries passwords until one opens the services.
    pub(super) fn open(&self, ctx: &mut Ctx<'_>) -> Result<Zeroizing<Vec<u8>>, Error> {
        ctx.unlock(&INFO, |password, limits| self.open_with(password, limits))
    }

    fn open_with(&self, password: &SecretText, limits: &Limits) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let key = pbkdf2(Prf::Sha256, password.expose().as_bytes(), &self.salt, ITERATIONS, limits)?;
        Ok(aes256_gcm_open(&key, &self.nonce, &self.content))
    }
}

/// The encrypted fields of a new file.
pub(super) struct NewSealed {
    pub(super) services: String,
    pub(super) reference: String,
}

/// Encrypts the services and the reference: one salt and key, two nonces.
pub(super) fn seal(services: &[u8], password: &SecretText, ctx: &mut Ctx<'_>) -> Result<NewSealed, Error> {
    let salt: [u8; SALT] = ctx.random()?;
    let key = pbkdf2(Prf::Sha256, password.expose().as_bytes(), &salt, ITERATIONS, ctx.limits)?;
    Ok(NewSealed {
        services: seal_one(&key, &salt, services, ctx)?,
        reference: seal_one(&key, &salt, REFERENCE.as_bytes(), ctx)?,
    })
}

fn seal_one(key: &Key, salt: &[u8], message: &[u8], ctx: &mut Ctx<'_>) -> Result<String, Error> {
    let nonce = ctx.random()?;
    let content = aes256_gcm_seal(key, &nonce, message)
        .ok_or_else(|| Error::new(ErrorKind::Internal, "the services are too long to be encrypted"))?;
    let parts = [content.as_slice(), salt, nonce.as_slice()];
    Ok(parts.map(|part| BASE64.encode(part)).join(":"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reference_has_its_length() {
        assert_eq!(REFERENCE.len(), 256);
        assert!(REFERENCE.starts_with("tRViSsLK") && REFERENCE.ends_with("KyoJujd"));
        assert!(REFERENCE.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }

    #[test]
    fn parts_are_checked() {
        assert!(Sealed::parse("AAAA:AAAA:AAAAAAAAAAAAAAAA").is_ok());
        for text in [
            "",
            "::",
            "AAAA:AAAA",
            "AAAA:AAAA:AAAAAAAAAAAAAAAA:AAAA",
            "*:AAAA:AAAAAAAAAAAAAAAA",
            "AAAA::AAAAAAAAAAAAAAAA",
            "AAAA:AAAA:AAAA",
        ] {
            let error = Sealed::parse(text).map(|_| ()).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Malformed, "{text}");
        }
    }
}
