//! A keyed HMAC over a counter, with any of the model's hashes.

use hmac::{Hmac, KeyInit};

use super::CodeError;
use crate::model::Algorithm;

/// HMAC with its key already absorbed.
pub(super) enum Mac {
    Md5(Hmac<md5::Md5>),
    Sha1(Hmac<sha1::Sha1>),
    Sha224(Hmac<sha2::Sha224>),
    Sha256(Hmac<sha2::Sha256>),
    Sha384(Hmac<sha2::Sha384>),
    Sha512(Hmac<sha2::Sha512>),
}

/// The result of an HMAC: 16 to 64 bytes.
pub(super) struct Output {
    bytes: [u8; 64],
    length: usize,
}

impl Mac {
    pub(super) fn new(algorithm: Algorithm, key: &[u8]) -> Self {
        match algorithm {
            Algorithm::Md5 => Self::Md5(keyed(key)),
            Algorithm::Sha1 => Self::Sha1(keyed(key)),
            Algorithm::Sha224 => Self::Sha224(keyed(key)),
            Algorithm::Sha256 => Self::Sha256(keyed(key)),
            Algorithm::Sha384 => Self::Sha384(keyed(key)),
            Algorithm::Sha512 => Self::Sha512(keyed(key)),
        }
    }

    /// The HMAC over a counter: eight bytes, big endian.
    pub(super) fn over(&self, counter: u64) -> Output {
        let message = counter.to_be_bytes();
        match self {
            Self::Md5(mac) => finish(mac, &message),
            Self::Sha1(mac) => finish(mac, &message),
            Self::Sha224(mac) => finish(mac, &message),
            Self::Sha256(mac) => finish(mac, &message),
            Self::Sha384(mac) => finish(mac, &message),
            Self::Sha512(mac) => finish(mac, &message),
        }
    }
}

fn keyed<M: KeyInit>(key: &[u8]) -> M {
    // HMAC takes keys of any length: the trait's error exists for other MACs.
    match M::new_from_slice(key) {
        Ok(mac) => mac,
        Err(_) => unreachable!("HMAC takes keys of any length"),
    }
}

fn finish<M: hmac::Mac + Clone>(mac: &M, message: &[u8]) -> Output {
    let result = mac.clone().chain_update(message).finalize().into_bytes();
    let mut output = Output { bytes: [0; 64], length: result.len() };
    for (slot, byte) in output.bytes.iter_mut().zip(result.iter()) {
        *slot = *byte;
    }
    output
}

impl Output {
    /// `N` bytes at the offset in the low four bits of the last byte.
    pub(super) fn truncate<const N: usize>(&self) -> Result<[u8; N], CodeError> {
        let mac = self.bytes.get(..self.length).unwrap_or_default();
        let offset = mac.last().map_or(0, |last| usize::from(last & 0x0f));
        mac.get(offset..).and_then(<[u8]>::first_chunk).copied().ok_or(CodeError::MacTooShort)
    }
}
