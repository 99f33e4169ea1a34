//! Keys from passwords. Parameters come from untrusted files, so they are bounded first.

use sha2::Sha256;
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
    if memory > limits.kdf_memory {
        return Err(Error::limit(
            format!("its key derivation asks for {} MiB of memory", memory >> 20),
            "kdf-memory",
        ));
    }
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

/// PBKDF2 with HMAC-SHA-256 to 32 bytes.
///
/// # Errors
/// `Limit` for more iterations than allowed.
pub(crate) fn pbkdf2_sha256(
    password: &[u8],
    salt: &[u8],
    iterations: u32,
    limits: &Limits,
) -> Result<Key, Error> {
    check_work(u64::from(iterations), limits)?;
    let mut key = Key::default();
    pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, iterations, key.as_mut_slice());
    Ok(key)
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
        let key = pbkdf2_sha256(b"passwd", b"salt", 1, &Limits::default()).unwrap();
        let hex = data_encoding::HEXLOWER.encode(key.as_slice());
        assert_eq!(hex, "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc");
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
        assert_eq!(pbkdf2_sha256(b"", b"", u32::MAX, &limits).unwrap_err().kind, ErrorKind::Limit);
    }
}
