//! Age encryption around any file: opened before detection, applied after any writer.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::iter;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::secrecy::{ExposeSecret, SecretString};
use otpferry_formats::model::SecretText;
use otpferry_formats::{Ask, Limits, Passwords};
use zeroize::Zeroizing;

use crate::failure::{Exit, Failure};
use crate::password;

/// First line of a binary age file.
const MAGIC: &[u8] = b"age-encryption.org/v1";
/// First line of an armored one.
const ARMOR: &[u8] = b"-----BEGIN AGE ENCRYPTED FILE-----";
/// log2 of the scrypt cost that is accepted from a file: 2^20 takes 1 GiB.
const MAX_WORK_FACTOR: u8 = 20;

/// Whether the bytes are an age file.
pub(crate) fn is_age(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC) || bytes.trim_ascii_start().starts_with(ARMOR)
}

/// What was inside an age file.
pub(crate) struct Opened {
    pub(crate) content: Zeroizing<Vec<u8>>,
    /// Whether a passphrase of the given file opened it.
    pub(crate) by_passphrase_file: bool,
    /// The passphrase that opened it, of that file or another.
    pub(crate) passphrase: Option<SecretText>,
}

/// What opens age files.
#[derive(Default)]
pub(crate) struct Keys {
    identities: Vec<Box<dyn age::Identity + Send + Sync>>,
    passphrases: Vec<SecretText>,
}

impl Keys {
    pub(crate) fn load(identity_files: &[PathBuf], passphrase_file: Option<&Path>) -> Result<Self, Failure> {
        let mut keys = Self::default();
        for path in identity_files {
            keys.identities.extend(read_identities(path)?);
        }
        if let Some(path) = passphrase_file {
            keys.passphrases = password::some_lines(path)?;
        }
        Ok(keys)
    }

    /// The first passphrase of the file that was given.
    pub(crate) fn passphrase(&self) -> Option<&SecretText> {
        self.passphrases.first()
    }

    /// Opens an age file.
    pub(crate) fn open(
        &self,
        bytes: &[u8],
        passwords: &mut dyn Passwords,
        limits: &Limits,
    ) -> Result<Opened, Failure> {
        let first = decryptor(bytes)?;
        if !first.is_scrypt() {
            let content = self.open_with_identities(first, limits)?;
            return Ok(Opened { content, by_passphrase_file: false, passphrase: None });
        }
        // Opening consumes the decryptor, so each try parses the header anew.
        for passphrase in &self.passphrases {
            if let Some(content) = open_with(decryptor(bytes)?, passphrase, limits)? {
                let passphrase = Some(passphrase.clone());
                return Ok(Opened { content, by_passphrase_file: true, passphrase });
            }
        }
        let mut attempt = 0;
        while let Some(passphrase) = passwords.next(Ask { title: "age", attempt, guess: false }) {
            if let Some(content) = open_with(decryptor(bytes)?, &passphrase, limits)? {
                return Ok(Opened { content, by_passphrase_file: false, passphrase: Some(passphrase) });
            }
            attempt += 1;
        }
        Err(match (self.passphrases.len(), attempt) {
            (0, 0) => Failure::new(
                Exit::PasswordNeeded,
                "age: the file is encrypted with a passphrase and none was given",
            )
            .next_step("Run it in a terminal to be asked, or give --age-passphrase-file FILE"),
            _ => Failure::new(Exit::WrongPassword, "age: the passphrase does not open the file")
                .next_step("Give the passphrase that the file was encrypted with"),
        })
    }

    fn open_with_identities(
        &self,
        decryptor: age::Decryptor<Source<'_>>,
        limits: &Limits,
    ) -> Result<Zeroizing<Vec<u8>>, Failure> {
        if self.identities.is_empty() {
            return Err(Failure::new(
                Exit::PasswordNeeded,
                "age: the file is encrypted to a key and none was given",
            )
            .next_step("Give the key file with -i FILE"));
        }
        let identities = self.identities.iter().map(|identity| &**identity as &dyn age::Identity);
        match decryptor.decrypt(identities) {
            Ok(reader) => read_all(reader, limits),
            Err(age::DecryptError::NoMatchingKeys | age::DecryptError::DecryptionFailed) => {
                Err(Failure::new(Exit::WrongPassword, "age: none of the given keys opens the file")
                    .next_step("Give the key that the file was encrypted to with -i FILE"))
            }
            Err(error) => Err(malformed(&error)),
        }
    }
}

type Source<'b> = ArmoredReader<BufReader<&'b [u8]>>;

fn decryptor(bytes: &[u8]) -> Result<age::Decryptor<Source<'_>>, Failure> {
    age::Decryptor::new(ArmoredReader::new(bytes)).map_err(|error| malformed(&error))
}

/// `None` for a wrong passphrase.
fn open_with(
    decryptor: age::Decryptor<Source<'_>>,
    passphrase: &SecretText,
    limits: &Limits,
) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
    let mut identity = age::scrypt::Identity::new(SecretString::from(passphrase.expose().to_owned()));
    identity.set_max_work_factor(MAX_WORK_FACTOR);
    match decryptor.decrypt(std::iter::once(&identity as &dyn age::Identity)) {
        Ok(reader) => read_all(reader, limits).map(Some),
        Err(
            age::DecryptError::DecryptionFailed
            | age::DecryptError::KeyDecryptionFailed
            | age::DecryptError::NoMatchingKeys,
        ) => Ok(None),
        Err(age::DecryptError::ExcessiveWork { .. }) => Err(Failure::new(
            Exit::Limit,
            "age: the passphrase of this file costs more work than is accepted",
        )
        .next_step("Decrypt it with the age program and pass the result on")),
        Err(error) => Err(malformed(&error)),
    }
}

fn read_all(reader: impl Read, limits: &Limits) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut bytes = Zeroizing::new(Vec::new());
    reader.take(limits.bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(|_| damaged())?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limits.bytes {
        return Err(
            otpferry_formats::Error::limit("the file inside the age file is too large", "bytes").into()
        );
    }
    Ok(bytes)
}

fn malformed(error: &age::DecryptError) -> Failure {
    match error {
        age::DecryptError::UnknownFormat => {
            Failure::new(Exit::Malformed, "age: the file is of a later version than known")
                .next_step("Decrypt it with the age program and pass the result on")
        }
        _ => damaged(),
    }
}

fn damaged() -> Failure {
    Failure::new(Exit::Malformed, "age: the file is damaged or cut off").next_step("Copy the file again")
}

fn read_identities(path: &Path) -> Result<Vec<Box<dyn age::Identity + Send + Sync>>, Failure> {
    let file = File::open(path).map_err(|error| Failure::io(path, "open the age key file", &error))?;
    let no_key = || {
        Failure::new(Exit::Usage, "the file holds no age key")
            .in_file(&path.to_string_lossy())
            .next_step("A key file has a line that begins with AGE-SECRET-KEY-1; age-keygen makes one")
    };
    let keys = age::IdentityFile::from_buffer(BufReader::new(file)).map_err(|_| no_key())?;
    let identities = keys.into_identities().map_err(|_| no_key())?;
    if identities.is_empty() { Err(no_key()) } else { Ok(identities) }
}

/// How an output is sealed.
pub(crate) enum Seal {
    /// To public keys.
    Recipients(Vec<age::x25519::Recipient>),
    /// With a passphrase.
    Passphrase(SecretString),
}

impl Seal {
    /// Reads recipients from the command line.
    pub(crate) fn to_recipients(texts: &[String]) -> Result<Self, Failure> {
        let parse = |text: &String| {
            age::x25519::Recipient::from_str(text).map_err(|_| {
                Failure::new(Exit::Usage, "not an age recipient")
                    .next_step("A recipient begins with age1; age-keygen prints it")
            })
        };
        texts.iter().map(parse).collect::<Result<_, _>>().map(Self::Recipients)
    }

    pub(crate) fn with_passphrase(passphrase: &SecretText) -> Self {
        Self::Passphrase(SecretString::from(passphrase.expose().to_owned()))
    }

    /// Encrypts. Armored text when it is to be shown on a terminal.
    pub(crate) fn seal(&self, bytes: &[u8], armored: bool) -> Result<Vec<u8>, Failure> {
        let failed = |_| Failure::new(Exit::Internal, "age: cannot encrypt");
        let encryptor = self.encryptor()?;
        let format = if armored { Format::AsciiArmor } else { Format::Binary };
        let armor = ArmoredWriter::wrap_output(Vec::new(), format).map_err(failed)?;
        let mut writer = encryptor.wrap_output(armor).map_err(failed)?;
        writer.write_all(bytes).map_err(failed)?;
        writer.finish().and_then(ArmoredWriter::finish).map_err(failed)
    }

    /// Derives the key of a file that is written later.
    pub(crate) fn prepare(&self) -> Result<Prepared, Failure> {
        self.encryptor().map(Prepared)
    }

    fn encryptor(&self) -> Result<age::Encryptor, Failure> {
        let encryptor = match self {
            Self::Recipients(list) => {
                age::Encryptor::with_recipients(list.iter().map(|recipient| recipient as &dyn age::Recipient))
            }
            Self::Passphrase(passphrase) => {
                let passphrase = SecretString::from(passphrase.expose_secret().to_owned());
                let mut recipient = age::scrypt::Recipient::new(passphrase);
                recipient.set_work_factor(WORK_FACTOR);
                age::Encryptor::with_recipients(iter::once(&recipient as &dyn age::Recipient))
            }
        };
        encryptor.map_err(|_| Failure::new(Exit::Usage, "age: these recipients cannot be combined"))
    }
}

/// log2 of the work and of the KiB that a passphrase costs: 256 MiB, as the program `age` has it. What this computer
/// could do in a second would be too much for a slower one to open.
const WORK_FACTOR: u8 = 18;

/// The key of one file to come.
pub(crate) struct Prepared(age::Encryptor);

impl Prepared {
    /// Writes the file. What `fill` writes is encrypted on its way and never there as a whole.
    pub(crate) fn write(
        self,
        out: impl Write,
        fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut writer = self.0.wrap_output(out)?;
        fill(&mut writer)?;
        writer.finish()?.flush()
    }
}
