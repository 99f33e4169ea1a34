//! The outer header of a database: how it is encrypted.

use sha2::{Digest, Sha256};

use super::cursor::Cursor;
use super::damaged;
use super::dictionary::Dictionary;
use crate::crypt::{Argon2Cost, Key, aes_kdf, argon2};
use crate::ctx::Limits;
use crate::error::{Error, Place};
use crate::model;

pub(super) const MAGIC: [u8; 8] = [0x03, 0xD9, 0xA2, 0x9A, 0x67, 0xFB, 0x4B, 0xB5];
/// Version 4 has other lengths in its header, and other blocks after it.
pub(super) const NEWEST: u16 = 4;

pub(super) const AES: [u8; 16] = 0x31c1_f2e6_bf71_4350_be58_0521_6afc_5aff_u128.to_be_bytes();
const CHACHA20: [u8; 16] = 0xd603_8a2b_8b6f_4cb5_a524_339a_31db_b59a_u128.to_be_bytes();
const TWOFISH: [u8; 16] = 0xad68_f29f_576f_4bb9_a36a_d47a_f965_346c_u128.to_be_bytes();

const AES_KDF: [u8; 16] = 0xc9d9_f39a_628a_4460_bf74_0d08_c18a_4fea_u128.to_be_bytes();
/// A second name of the same derivation.
const AES_KDF_4: [u8; 16] = 0x7c02_bb82_79a7_4ac0_927d_114a_0064_8238_u128.to_be_bytes();
const ARGON2D: [u8; 16] = 0xef63_6ddf_8c29_444b_91f7_a9a4_03e3_0a0c_u128.to_be_bytes();
pub(super) const ARGON2ID: [u8; 16] = 0x9e29_8b19_56db_4773_b23d_fc3e_c6f0_a1e6_u128.to_be_bytes();

/// Ids of the fields.
pub(super) mod field {
    pub(in super::super) const END: u8 = 0;
    pub(in super::super) const CIPHER: u8 = 2;
    pub(in super::super) const COMPRESSION: u8 = 3;
    pub(in super::super) const MASTER_SEED: u8 = 4;
    pub(super) const KDF_SEED: u8 = 5;
    pub(super) const KDF_ROUNDS: u8 = 6;
    pub(in super::super) const IV: u8 = 7;
    pub(super) const STREAM_KEY: u8 = 8;
    pub(super) const STREAM_START: u8 = 9;
    pub(super) const STREAM: u8 = 10;
    pub(in super::super) const KDF: u8 = 11;
}

/// What the content is encrypted with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Cipher {
    Aes,
    ChaCha20,
    Twofish,
}

impl Cipher {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Aes => "AES-256",
            Self::ChaCha20 => "ChaCha20",
            Self::Twofish => "Twofish",
        }
    }
}

/// How the key is derived.
pub(super) enum Kdf {
    Aes { seed: [u8; 32], rounds: u64 },
    Argon2 { algorithm: argon2::Algorithm, version: argon2::Version, salt: Vec<u8>, cost: Argon2Cost },
}

impl Kdf {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Aes { .. } => "AES-KDF",
            Self::Argon2 { algorithm: argon2::Algorithm::Argon2d, .. } => "Argon2d",
            Self::Argon2 { .. } => "Argon2id",
        }
    }

    pub(super) fn cost(&self) -> model::Kdf {
        match self {
            Self::Aes { rounds, .. } => model::Kdf::AesKdf { rounds: *rounds },
            Self::Argon2 { cost: Argon2Cost { memory, passes, lanes }, .. } => {
                model::Kdf::Argon2 { variant: self.name(), memory: *memory, passes: *passes, lanes: *lanes }
            }
        }
    }

    pub(super) fn derive(&self, key: &Key, limits: &Limits) -> Result<Key, Error> {
        match self {
            Self::Aes { seed, rounds } => aes_kdf(key, seed, *rounds, limits),
            Self::Argon2 { algorithm, version, salt, cost } => {
                argon2(*algorithm, *version, key.as_slice(), salt, *cost, limits)
            }
        }
    }

    fn parse(parameters: &Dictionary<'_>) -> Result<Self, Error> {
        let uuid = parameters.bytes("$UUID")?;
        let algorithm = match () {
            () if uuid == AES_KDF || uuid == AES_KDF_4 => {
                let seed = parameters.bytes("S")?.try_into().map_err(|_| incomplete())?;
                return Ok(Self::Aes { seed, rounds: parameters.number("R")? });
            }
            () if uuid == ARGON2D => argon2::Algorithm::Argon2d,
            () if uuid == ARGON2ID => argon2::Algorithm::Argon2id,
            () => return Err(unknown("its key derivation is not one that is known")),
        };
        if parameters.has("K") || parameters.has("A") {
            return Err(unknown("its key derivation takes more than a password and a salt"));
        }
        let version = match parameters.number("V")? {
            0x10 => argon2::Version::V0x10,
            0x13 => argon2::Version::V0x13,
            _ => return Err(unknown("its key derivation is of a version that is not known")),
        };
        // Over what 32 bits hold is over every limit.
        let narrow = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        let cost = Argon2Cost {
            memory: narrow(parameters.number("M")? / 1024),
            passes: narrow(parameters.number("I")?),
            lanes: narrow(parameters.number("P")?),
        };
        Ok(Self::Argon2 { algorithm, version, salt: parameters.bytes("S")?.to_vec(), cost })
    }
}

/// What versions before 4 keep outside of the encryption.
pub(super) struct Legacy {
    /// What the content begins with when the key is right.
    pub(super) start: [u8; 32],
    pub(super) stream: u32,
    pub(super) stream_key: Vec<u8>,
}

/// The header.
pub(super) struct Header {
    pub(super) major: u16,
    pub(super) minor: u16,
    pub(super) cipher: Cipher,
    pub(super) is_compressed: bool,
    pub(super) master_seed: [u8; 32],
    pub(super) iv: Vec<u8>,
    pub(super) kdf: Kdf,
    /// Before version 4.
    pub(super) legacy: Option<Legacy>,
    /// SHA-256 of all its bytes.
    pub(super) hash: [u8; 32],
}

impl Header {
    /// Reads the header at the beginning of a file, and gives what follows.
    pub(super) fn parse(bytes: &[u8]) -> Result<(Self, &[u8], &[u8]), Error> {
        let mut cursor = Cursor::new(bytes);
        cursor.array::<8>().ok_or_else(incomplete)?;
        let (Some(minor), Some(major)) = (cursor.u16(), cursor.u16()) else { return Err(incomplete()) };
        match major {
            2..=NEWEST => {}
            0 | 1 => return Err(unknown("the database was made by a test version of KeePass 2")),
            _ => return Err(Error::newer("the database is of a later version than known")),
        }
        let fields = Fields::read(&mut cursor, major)?;
        let rest = cursor.rest();
        let own = bytes.get(..bytes.len().saturating_sub(rest.len())).unwrap_or_default();
        let header = Self {
            major,
            minor,
            cipher: fields.cipher()?,
            is_compressed: fields.is_compressed()?,
            master_seed: fields.array(field::MASTER_SEED)?,
            iv: fields.get(field::IV)?.to_vec(),
            kdf: fields.kdf(major)?,
            legacy: if major < NEWEST { Some(fields.legacy()?) } else { None },
            hash: Sha256::digest(own).into(),
        };
        Ok((header, own, rest))
    }
}

/// The last value of each field.
struct Fields<'a>([Option<&'a [u8]>; 12]);

impl<'a> Fields<'a> {
    fn read(cursor: &mut Cursor<'a>, major: u16) -> Result<Self, Error> {
        let mut fields = Self([None; 12]);
        loop {
            let id = cursor.u8().ok_or_else(incomplete)?;
            let value = if major < NEWEST {
                let length = cursor.u16().ok_or_else(incomplete)?;
                cursor.take(usize::from(length))
            } else {
                cursor.run()
            };
            let value = value.ok_or_else(incomplete)?;
            if id == field::END {
                return Ok(fields);
            }
            if let Some(slot) = fields.0.get_mut(usize::from(id)) {
                *slot = Some(value);
            }
        }
    }

    fn get(&self, id: u8) -> Result<&'a [u8], Error> {
        self.0.get(usize::from(id)).copied().flatten().ok_or_else(incomplete)
    }

    fn array<const N: usize>(&self, id: u8) -> Result<[u8; N], Error> {
        self.get(id)?.try_into().map_err(|_| incomplete())
    }

    fn cipher(&self) -> Result<Cipher, Error> {
        match self.array(field::CIPHER)? {
            AES => Ok(Cipher::Aes),
            CHACHA20 => Ok(Cipher::ChaCha20),
            TWOFISH => Ok(Cipher::Twofish),
            _ => Err(unknown("it is encrypted with a cipher that is not known")),
        }
    }

    fn is_compressed(&self) -> Result<bool, Error> {
        match u32::from_le_bytes(self.array(field::COMPRESSION)?) {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(unknown("it is compressed in a way that is not known")),
        }
    }

    fn kdf(&self, major: u16) -> Result<Kdf, Error> {
        if major < NEWEST {
            let rounds = u64::from_le_bytes(self.array(field::KDF_ROUNDS)?);
            return Ok(Kdf::Aes { seed: self.array(field::KDF_SEED)?, rounds });
        }
        Kdf::parse(&Dictionary::parse(self.get(field::KDF)?)?)
    }

    fn legacy(&self) -> Result<Legacy, Error> {
        Ok(Legacy {
            start: self.array(field::STREAM_START)?,
            stream: u32::from_le_bytes(self.array(field::STREAM)?),
            stream_key: self.get(field::STREAM_KEY)?.to_vec(),
        })
    }
}

fn incomplete() -> Error {
    damaged("the header of the database is damaged or cut off").at(Place::Byte(0))
}

pub(super) fn unknown(message: &str) -> Error {
    Error::unsupported(message).next_step(
        "In KeePassXC, open Database > Database Security > Encryption Settings, choose AES and Argon2, and save",
    )
}
