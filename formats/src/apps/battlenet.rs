//! `battlenet`: the authenticator of Blizzard's apps on Android, from their preferences.
//!
//! The apps export nothing; the file comes from a rooted phone. Secret and serial number are masked
//! with a constant that is the same on every phone.
//! Source: the importer of Aegis, and python-bna issue 38.

use data_encoding::HEXLOWER_PERMISSIVE;
use zeroize::Zeroizing;

use crate::container::prefs::Prefs;
use crate::ctx::Ctx;
use crate::error::Error;
use crate::format::{Confidence, Format, Info, Input};
use crate::model::{Account, Credential, Draft, Kind, Number, Origin, Otp, Secret, Vault};
use crate::probe::Probe;
use crate::report::Skip;

const ID: &str = "battlenet";
const ISSUER: &str = "Battle.net";

/// The secret in the preferences of the Battle.net app.
const SECRET: &str = "com.blizzard.messenger.AUTHENTICATOR_DEVICE_SECRET";
const SERIAL: &str = "com.blizzard.messenger.AUTHENTICATOR_SERIAL";
const ENCRYPTION: &str = "com.blizzard.messenger.AUTHENTICATOR_CREDENTIALS_ENCRYPTION_TYPE";
/// Secret and serial in one, in the preferences of the Authenticator app that is gone since 2024.
const OLD_HASH: &str = "com.blizzard.bma.AUTH_STORE.HASH";

/// What the apps combine with every value by exclusive or.
const MASK: [u8; 57] = [
    0x39, 0x8e, 0x27, 0xfc, 0x50, 0x27, 0x6a, 0x65, 0x60, 0x65, 0xb0, 0xe5, 0x25, 0xf4, 0xc0, 0x6c, 0x04,
    0xc6, 0x10, 0x75, 0x28, 0x6b, 0x8e, 0x7a, 0xed, 0xa5, 0x9d, 0xa9, 0x81, 0x3b, 0x5d, 0xd6, 0xc8, 0x0d,
    0x2f, 0xb3, 0x80, 0x68, 0x77, 0x3f, 0xa5, 0x9b, 0xa4, 0x7c, 0x17, 0xca, 0x6c, 0x64, 0x79, 0x01, 0x5c,
    0x1d, 0x5b, 0x8b, 0x8f, 0x6b, 0x9a,
];
/// Hexadecimal digits of a key.
const KEY_DIGITS: usize = 40;

/// Battle.net.
pub(crate) struct BattleNet;

static INFO: Info = Info {
    id: ID,
    title: "Battle.net (Android preferences)",
    aliases: &["battle-net", "blizzard"],
    extensions: &["xml"],
    reads_encrypted: false,
    unverified: None,
    write: &[],
    export_help: "The app has no export. On a rooted Android phone: /data/data/com.blizzard.messenger/shared_prefs/\
        com.blizzard.messenger.authenticator_preferences.xml",
};

impl Format for BattleNet {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        if let Some(prefs) = probe.prefs() {
            let ours = [SECRET, OLD_HASH].into_iter().any(|name| prefs.get(name).is_some());
            return if ours { Confidence::Sure } else { Confidence::No };
        }
        // XML that broke off.
        let text = probe.text().filter(|text| Prefs::sniff(text)).unwrap_or_default();
        let ours = [SECRET, OLD_HASH].into_iter().any(|name| text.contains(name));
        if ours { Confidence::Likely } else { Confidence::No }
    }

    fn decode(&self, input: &Input<'_>, _: &mut Ctx<'_>) -> Result<Vault, Error> {
        decode(input).map_err(|error| error.in_format(ID))
    }
}

fn decode(input: &Input<'_>) -> Result<Vault, Error> {
    let prefs = Prefs::parse(&input.text()?)?;
    let mut vault = Vault { variant: "preferences".to_owned(), ..Vault::default() };
    let (credential, serial) = match (prefs.text(SECRET), prefs.text(OLD_HASH)) {
        (Some(secret), _) => {
            let serial = prefs.text(SERIAL).and_then(unmask);
            (read_secret(secret, prefs.text(ENCRYPTION)), serial.and_then(|serial| printable(&serial)))
        }
        (None, Some(hash)) => {
            vault.variant = "preferences of the old app".to_owned();
            read_hash(hash)
        }
        (None, None) => return Err(no_secret()),
    };
    let serial = serial.unwrap_or_default();
    match credential {
        Ok(otp) => {
            let mut account = Account::new(Credential::Otp(otp), ISSUER, serial);
            account.origin = Origin { format: ID.to_owned(), ..Origin::default() };
            vault.accounts.push(account);
        }
        Err(skip) => vault.skipped.push(skip.item(0, ISSUER, &serial)),
    }
    Ok(vault)
}

fn no_secret() -> Error {
    Error::malformed("the preferences hold no secret of an authenticator")
        .next_step("Set up the authenticator in the app first, and copy its preferences again")
}

fn read_secret(masked: &str, encryption: Option<&str>) -> Result<Otp, Skip> {
    if encryption.is_some_and(|encryption| !encryption.eq_ignore_ascii_case("MASK")) {
        return Err(Skip::new(
            Skip::NO_SECRET,
            "the app has encrypted its secret with a key that never leaves the phone",
        ));
    }
    otp(&unmask(masked).ok_or_else(bad_secret)?)
}

/// The key, and behind it the serial number.
fn read_hash(masked: &str) -> (Result<Otp, Skip>, Option<String>) {
    let Some(text) = unmask(masked) else {
        return (Err(bad_secret()), None);
    };
    match text.split_at_checked(KEY_DIGITS) {
        Some((key, serial)) => (otp(key), printable(serial)),
        None => (Err(bad_secret()), None),
    }
}

/// Codes of eight digits. Source: the importer of Aegis.
fn otp(key: &[u8]) -> Result<Otp, Skip> {
    let bytes = HEXLOWER_PERMISSIVE.decode(key).ok().map(Zeroizing::new);
    let bytes = bytes.filter(|_| key.len() == KEY_DIGITS);
    let secret =
        bytes.and_then(|mut bytes| Secret::new(std::mem::take(&mut *bytes))).ok_or_else(bad_secret)?;
    let mut draft = Draft::new(Kind::Totp, secret);
    draft.digits = Number::Of(8);
    draft.build()
}

fn bad_secret() -> Skip {
    Skip::new(Skip::BAD_SECRET, "the secret is not masked hexadecimal text of 20 bytes")
}

/// Takes the mask off a hexadecimal value.
fn unmask(value: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = HEXLOWER_PERMISSIVE.decode(value.trim().as_bytes()).ok().map(Zeroizing::new)?;
    if bytes.len() > MASK.len() {
        return None;
    }
    for (byte, mask) in bytes.iter_mut().zip(MASK) {
        *byte ^= mask;
    }
    Some(bytes)
}

/// A serial number such as `US-1234-5678-9012`; anything else is no name to show.
fn printable(bytes: &[u8]) -> Option<String> {
    let is_serial = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    let text = bytes.iter().all(is_serial).then(|| String::from_utf8(bytes.to_vec()))?;
    text.ok().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctx::NoPasswords;
    use crate::error::ErrorKind;
    use crate::testing;

    const FILE: &str = r#"<?xml version='1.0' encoding='utf-8' standalone='yes' ?>
<map><string name="com.blizzard.messenger.AUTHENTICATOR_DEVICE_SECRET">09BE</string></map>"#;

    fn decode(bytes: &[u8]) -> Result<Vault, Error> {
        testing::with_ctx(&mut NoPasswords, |ctx| BattleNet.decode(&Input::new(bytes), ctx))
    }

    #[test]
    fn the_names_of_the_values_are_the_mark() {
        let confidence = |text: &str| BattleNet.detect(&Probe::new(text.as_bytes(), None));
        assert_eq!(confidence(FILE), Confidence::Sure);
        assert_eq!(confidence(&FILE[..FILE.len() - 9]), Confidence::Likely);
        assert_eq!(confidence("<map></map>"), Confidence::No);
        assert_eq!(confidence(SECRET), Confidence::No);
    }

    #[test]
    fn secrets_of_another_length_are_skipped() {
        let vault = decode(FILE.as_bytes()).unwrap();
        assert_eq!((vault.accounts.len(), vault.skipped[0].code.as_str()), (0, Skip::BAD_SECRET));
        let error = decode(b"<map></map>").unwrap_err();
        assert_eq!((error.kind, error.format), (ErrorKind::Malformed, Some(ID)));
    }

    #[test]
    fn no_mutation_of_a_file_panics() {
        for at in 0..FILE.len() {
            for byte in [0, b'"', b'<', b'>', b'&', b'9', b'z', 0xff] {
                let mut bytes = FILE.as_bytes().to_vec();
                bytes[at] = byte;
                let _ = BattleNet.detect(&Probe::new(&bytes, None));
                let _ = decode(&bytes);
            }
            let _ = decode(&FILE.as_bytes()[..at]);
        }
    }
}
