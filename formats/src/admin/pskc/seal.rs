//! The encryption of a new file.

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::crypt::{Prf, Scheme, pbkdf2_into};
use crate::ctx::Ctx;
use crate::error::{Error, ErrorKind};
use crate::model::SecretText;

/// How a form is encrypted.
pub(super) struct Profile {
    cipher: &'static str,
    mac: &'static str,
    /// Of the MAC and of the derivation.
    hash: Prf,
    mac_key: usize,
    iterations: u32,
    /// The element that names the hash of the derivation.
    prf: &'static str,
}

/// The only one that privacyIDEA and LinOTP open.
const COMMON: Profile = Profile {
    cipher: "http://www.w3.org/2001/04/xmlenc#aes128-cbc",
    mac: "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
    hash: Prf::Sha1,
    mac_key: 20,
    iterations: 150_000,
    prf: "<PRF/>",
};

const STRONG: Profile = Profile {
    cipher: "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
    mac: "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
    hash: Prf::Sha256,
    mac_key: 32,
    iterations: 600_000,
    prf: "<PRF Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#hmac-sha256\"/>",
};

impl Profile {
    /// That of a form.
    pub(super) fn of(form: &str) -> &'static Self {
        if form == "strong" { &STRONG } else { &COMMON }
    }
}

/// What encrypts the values of a file.
pub(super) struct Sealer {
    profile: &'static Profile,
    scheme: Scheme,
    salt: [u8; 16],
    key: Zeroizing<Vec<u8>>,
    mac_key: Zeroizing<Vec<u8>>,
}

impl Sealer {
    /// Derives the key, once for all values.
    pub(super) fn new(
        profile: &'static Profile,
        password: &SecretText,
        ctx: &mut Ctx<'_>,
    ) -> Result<Self, Error> {
        let scheme = Scheme::parse(profile.cipher).ok_or_else(impossible)?;
        let salt = ctx.random()?;
        let mut key = Zeroizing::new(vec![0; scheme.key_length]);
        let password = password.expose().as_bytes();
        pbkdf2_into(profile.hash, password, &salt, profile.iterations, ctx.limits, &mut key)?;
        let mut mac_key = Zeroizing::new(vec![0; profile.mac_key]);
        (ctx.random)(&mut mac_key)?;
        Ok(Self { profile, scheme, salt, key, mac_key })
    }

    /// Everything that is needed to open the values.
    pub(super) fn write_header(&self, text: &mut String, ctx: &mut Ctx<'_>) -> Result<(), Error> {
        let Profile { mac, iterations, prf, .. } = self.profile;
        let salt = BASE64.encode(&self.salt);
        let length = self.scheme.key_length;
        // FreeIPA asks for a passphrase only where one has a name; the parameters have no namespace there.
        text.push_str(&format!(
            "<pskc:EncryptionKey><xenc11:DerivedKey>\
             <xenc11:KeyDerivationMethod Algorithm=\"http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#pbkdf2\">\
             <pkcs5:PBKDF2-params><Salt><Specified>{salt}</Specified></Salt><IterationCount>{iterations}</IterationCount>\
             <KeyLength>{length}</KeyLength>{prf}</pkcs5:PBKDF2-params></xenc11:KeyDerivationMethod>\
             <xenc:ReferenceList><xenc:DataReference URI=\"#ED\"/></xenc:ReferenceList>\
             <xenc11:MasterKeyName>Passphrase</xenc11:MasterKeyName></xenc11:DerivedKey></pskc:EncryptionKey>\n"
        ));
        let sealed = self.sealed(&self.seal(&self.mac_key, ctx)?);
        text.push_str(&format!(
            "<pskc:MACMethod Algorithm=\"{mac}\"><pskc:MACKey>{sealed}</pskc:MACKey></pskc:MACMethod>\n"
        ));
        Ok(())
    }

    /// A value with its MAC; the first is what the header refers to.
    pub(super) fn value(
        &self,
        bytes: &[u8],
        is_first: bool,
        ctx: &mut Ctx<'_>,
    ) -> Result<Zeroizing<String>, Error> {
        let content = self.seal(bytes, ctx)?;
        let mac = self.mac(&content).ok_or_else(impossible)?;
        let id = if is_first { " Id=\"ED\"" } else { "" };
        let sealed = self.sealed(&content);
        Ok(Zeroizing::new(format!(
            "<pskc:EncryptedValue{id}>{sealed}</pskc:EncryptedValue><pskc:ValueMAC>{mac}</pskc:ValueMAC>"
        )))
    }

    fn sealed(&self, content: &[u8]) -> String {
        let (cipher, content) = (self.profile.cipher, BASE64.encode(content));
        format!(
            "<xenc:EncryptionMethod Algorithm=\"{cipher}\"/>\
             <xenc:CipherData><xenc:CipherValue>{content}</xenc:CipherValue></xenc:CipherData>"
        )
    }

    fn seal(&self, bytes: &[u8], ctx: &mut Ctx<'_>) -> Result<Vec<u8>, Error> {
        let iv = ctx.random()?;
        self.scheme.seal(&self.key, &iv, bytes).ok_or_else(impossible)
    }

    fn mac(&self, content: &[u8]) -> Option<String> {
        Some(match self.profile.hash {
            Prf::Sha1 => {
                let mac = Hmac::<Sha1>::new_from_slice(&self.mac_key).ok()?;
                BASE64.encode(&mac.chain_update(content).finalize().into_bytes())
            }
            _ => {
                let mac = Hmac::<Sha256>::new_from_slice(&self.mac_key).ok()?;
                BASE64.encode(&mac.chain_update(content).finalize().into_bytes())
            }
        })
    }
}

/// A cipher or MAC that does not take a key of its own length.
fn impossible() -> Error {
    Error::new(ErrorKind::Internal, "the encryption does not take its own keys")
}
