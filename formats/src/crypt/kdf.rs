//! Keys from passwords. Parameters come from untrusted files, so they are bounded first.

use aes::cipher::{BlockCipherEncrypt, KeyInit};
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

use crate::ctx::Limits;
use crate::error::Error;

/// A 256-bit key, wiped on drop.
pub(crate) type Key = Zeroizing<[u8; 32]>;

/// The cost parameters of scrypt (RFC 7914).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ScryptCost {
    /// Cost N, a power of two over 1.
    pub(crate) n: u64,
    /// Block size r.
    pub(crate) r: u32,
    /// Parallelisation p.
    pub(crate) p: u32,
}

/// scrypt to 32 bytes.
///
/// # Errors
/// `Limit` before anything is allocated; `Malformed` for parameters that scrypt does not allow.
pub(crate) fn scrypt(password: &[u8], salt: &[u8], cost: ScryptCost, limits: &Limits) -> Result<Key, Error> {
    let ScryptCost { n, r, p } = cost;
    let block = 128 * u64::from(r);
    let memory = n.saturating_add(u64::from(p)).saturating_mul(block);
    check_memory(memory, limits)?;
    check_work(n.saturating_mul(u64::from(r)).saturating_mul(u64::from(p)), limits)?;
    let not_allowed = || Error::malformed("the scrypt parameters are not valid");
    if !n.is_power_of_two() || n < 2 {
        return Err(not_allowed());
    }
    let log_n = u8::try_from(n.ilog2()).map_err(|_| not_allowed())?;
    let params = scrypt::Params::new(log_n, r, p).map_err(|_| not_allowed())?;
    let mut key = Key::default();
    scrypt::scrypt(password, salt, &params, key.as_mut_slice()).map_err(|_| not_allowed())?;
    Ok(key)
}

/// The hash under the HMAC of PBKDF2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prf {
    /// HMAC-SHA-1.
    Sha1,
    /// HMAC-SHA-224.
    Sha224,
    /// HMAC-SHA-256.
    Sha256,
    /// HMAC-SHA-384.
    Sha384,
    /// HMAC-SHA-512.
    Sha512,
}

/// PBKDF2 (RFC 8018) to `N` bytes.
///
/// # Errors
/// `Limit` for more iterations than allowed.
pub(crate) fn pbkdf2<const N: usize>(
    prf: Prf,
    password: &[u8],
    salt: &[u8],
    iterations: u32,
    limits: &Limits,
) -> Result<Zeroizing<[u8; N]>, Error> {
    let mut key = Zeroizing::new([0; N]);
    pbkdf2_into(prf, password, salt, iterations, limits, key.as_mut_slice())?;
    Ok(key)
}

/// PBKDF2 (RFC 8018) to as many bytes as `out` has.
///
/// # Errors
/// As of [`pbkdf2`].
pub(crate) fn pbkdf2_into(
    prf: Prf,
    password: &[u8],
    salt: &[u8],
    iterations: u32,
    limits: &Limits,
    out: &mut [u8],
) -> Result<(), Error> {
    check_work(u64::from(iterations), limits)?;
    match prf {
        Prf::Sha1 => pbkdf2::pbkdf2_hmac::<Sha1>(password, salt, iterations, out),
        Prf::Sha224 => pbkdf2::pbkdf2_hmac::<Sha224>(password, salt, iterations, out),
        Prf::Sha256 => pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, iterations, out),
        Prf::Sha384 => pbkdf2::pbkdf2_hmac::<Sha384>(password, salt, iterations, out),
        Prf::Sha512 => pbkdf2::pbkdf2_hmac::<Sha512>(password, salt, iterations, out),
    }
    Ok(())
}

/// The cost parameters of Argon2 (RFC 9106).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Argon2Cost {
    /// Memory in KiB.
    pub(crate) memory: u32,
    /// Passes over the memory.
    pub(crate) passes: u32,
    /// Lanes.
    pub(crate) lanes: u32,
}

/// Argon2id, version 1.3, to 32 bytes.
///
/// # Errors
/// `Limit` before anything is allocated; `Malformed` for parameters that Argon2 does not allow.
pub(crate) fn argon2id(
    password: &[u8],
    salt: &[u8],
    cost: Argon2Cost,
    limits: &Limits,
) -> Result<Key, Error> {
    argon2(argon2::Algorithm::Argon2id, argon2::Version::V0x13, password, salt, cost, limits)
}

/// Argon2 of any kind and version to 32 bytes.
///
/// # Errors
/// As of [`argon2id`].
pub(crate) fn argon2(
    algorithm: argon2::Algorithm,
    version: argon2::Version,
    password: &[u8],
    salt: &[u8],
    cost: Argon2Cost,
    limits: &Limits,
) -> Result<Key, Error> {
    let mut key = Key::default();
    hasher(algorithm, version, cost, key.len(), limits)?
        .hash_password_into(password, salt, key.as_mut_slice())
        .map_err(|_| argon2_not_allowed())?;
    Ok(key)
}

/// Argon2id, version 1.3, to as many bytes as `out` has: the length takes part in the result.
///
/// # Errors
/// As of [`argon2id`].
pub(crate) fn argon2id_into(
    password: &[u8],
    salt: &[u8],
    cost: Argon2Cost,
    limits: &Limits,
    out: &mut [u8],
) -> Result<(), Error> {
    hasher(argon2::Algorithm::Argon2id, argon2::Version::V0x13, cost, out.len(), limits)?
        .hash_password_into(password, salt, out)
        .map_err(|_| argon2_not_allowed())
}

fn hasher(
    algorithm: argon2::Algorithm,
    version: argon2::Version,
    cost: Argon2Cost,
    length: usize,
    limits: &Limits,
) -> Result<argon2::Argon2<'static>, Error> {
    let Argon2Cost { memory, passes, lanes } = cost;
    check_memory(u64::from(memory).saturating_mul(1024), limits)?;
    check_work(u64::from(memory).saturating_mul(u64::from(passes)), limits)?;
    let params =
        argon2::Params::new(memory, passes, lanes, Some(length)).map_err(|_| argon2_not_allowed())?;
    Ok(argon2::Argon2::new(algorithm, version, params))
}

fn argon2_not_allowed() -> Error {
    Error::malformed("the Argon2 parameters are not valid")
}

/// Rounds of KeePass that take about as long as one iteration of PBKDF2. Apps set as many as the machine does
/// in a second or more, which is often over 50 million.
const AES_ROUNDS: u64 = 16;

/// KeePass's own derivation: the key is encrypted with AES-256 under the seed, again and again, and
/// hashed.
///
/// # Errors
/// `Limit` for more rounds than allowed.
pub(crate) fn aes_kdf(key: &Key, seed: &[u8; 32], rounds: u64, limits: &Limits) -> Result<Key, Error> {
    check_work(rounds.div_ceil(AES_ROUNDS), limits)?;
    let cipher = aes::Aes256::new(&(*seed).into());
    let [mut left, mut right] = [[0_u8; 16]; 2];
    left.iter_mut().chain(&mut right).zip(key.iter()).for_each(|(slot, byte)| *slot = *byte);
    let mut blocks = [left.into(), right.into()];
    for _ in 0..rounds {
        cipher.encrypt_blocks(&mut blocks);
    }
    let mut derived = Key::default();
    let [left, right] = &mut blocks;
    derived.copy_from_slice(&Sha256::new().chain_update(*left).chain_update(*right).finalize());
    left.fill(0);
    right.fill(0);
    Ok(derived)
}

fn check_memory(memory: u64, limits: &Limits) -> Result<(), Error> {
    if memory <= limits.kdf_memory {
        return Ok(());
    }
    let message = format!("its key derivation asks for {} MiB of memory", memory >> 20);
    Err(Error::limit(message, "kdf-memory"))
}

fn check_work(work: u64, limits: &Limits) -> Result<(), Error> {
    if work <= limits.kdf_work {
        return Ok(());
    }
    Err(Error::limit(format!("its key derivation asks for {work} steps"), "kdf-work"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn scrypt_vector_of_rfc_7914() {
        // Section 12, second vector, first 32 bytes.
        let cost = ScryptCost { n: 1024, r: 8, p: 16 };
        let key = scrypt(b"password", b"NaCl", cost, &Limits::default()).unwrap();
        let hex = data_encoding::HEXLOWER.encode(key.as_slice());
        assert_eq!(hex, "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162");
    }

    #[test]
    fn pbkdf2_vector_of_rfc_7914() {
        // Section 11, first vector, first 32 bytes.
        let key = pbkdf2::<32>(Prf::Sha256, b"passwd", b"salt", 1, &Limits::default()).unwrap();
        let hex = data_encoding::HEXLOWER.encode(key.as_slice());
        assert_eq!(hex, "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc");
    }

    #[test]
    fn pbkdf2_vector_of_rfc_6070() {
        let key = pbkdf2::<20>(Prf::Sha1, b"password", b"salt", 4096, &Limits::default()).unwrap();
        let hex = data_encoding::HEXLOWER.encode(key.as_slice());
        assert_eq!(hex, "4b007901b765489abead49d926f721d065a429c1");
    }

    #[test]
    fn forged_argon2_costs_do_not_start() {
        let limits = Limits::default();
        for (memory, passes) in [(u32::MAX, 1), (1 << 20, u32::MAX)] {
            let cost = Argon2Cost { memory, passes, lanes: 1 };
            assert_eq!(argon2id(b"", b"12345678", cost, &limits).unwrap_err().kind, ErrorKind::Limit);
        }
        let cost = Argon2Cost { memory: 1, passes: 0, lanes: 0 };
        assert_eq!(argon2id(b"", b"12345678", cost, &limits).unwrap_err().kind, ErrorKind::Malformed);
    }

    #[test]
    fn forged_costs_do_not_start() {
        let limits = Limits::default();
        for cost in [
            ScryptCost { n: 1 << 40, r: 8, p: 1 },
            ScryptCost { n: u64::MAX, r: u32::MAX, p: u32::MAX },
            ScryptCost { n: 2, r: 1, p: u32::MAX },
        ] {
            assert_eq!(scrypt(b"", b"", cost, &limits).unwrap_err().kind, ErrorKind::Limit);
        }
        for cost in [
            ScryptCost { n: 1000, r: 8, p: 1 },
            ScryptCost { n: 1, r: 8, p: 1 },
            ScryptCost { n: 16, r: 0, p: 1 },
        ] {
            assert_eq!(scrypt(b"", b"", cost, &limits).unwrap_err().kind, ErrorKind::Malformed);
        }
        assert_eq!(pbkdf2::<32>(Prf::Sha1, b"", b"", u32::MAX, &limits).unwrap_err().kind, ErrorKind::Limit);
    }
}
