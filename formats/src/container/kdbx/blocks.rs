//! The blocks around the content: with a hash before version 4, signed since then.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256, Sha512};
use zeroize::Zeroizing;

use super::cursor::Cursor;
use super::{cut_off, damaged};
use crate::crypt::Key;
use crate::error::{Error, Place};

/// Most bytes of a block that is written, as in every app.
const BLOCK: usize = 1 << 20;
/// The number under which the header is signed.
const HEADER: u64 = u64::MAX;

/// Joins blocks of index, SHA-256, length and data; an empty one is the last, and padding may follow.
pub(super) fn join_hashed(sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut cursor = Cursor::new(sealed);
    let mut content = Zeroizing::new(Vec::with_capacity(sealed.len()));
    for index in 0_u32.. {
        let (Some(number), Some(hash)) = (cursor.u32(), cursor.array::<32>()) else { return Err(cut_off()) };
        let data = cursor.run().ok_or_else(cut_off)?;
        if number != index {
            return Err(broken_block(content.len()));
        }
        if data.is_empty() {
            return if hash == [0; 32] { Ok(content) } else { Err(broken_block(content.len())) };
        }
        if hash != *Sha256::digest(data) {
            return Err(broken_block(content.len()));
        }
        content.extend_from_slice(data);
    }
    Err(cut_off())
}

fn broken_block(at: usize) -> Error {
    damaged("a block of the database is damaged").at(Place::Byte(at))
}

/// The keys that sign the header and the blocks.
pub(super) struct BlockKeys(Zeroizing<[u8; 64]>);

impl BlockKeys {
    pub(super) fn new(master_seed: &[u8; 32], key: &Key) -> Self {
        let hash = Sha512::new().chain_update(master_seed).chain_update(**key).chain_update([1]);
        Self(Zeroizing::new(hash.finalize().into()))
    }

    fn signer(&self, number: u64) -> Hmac<Sha256> {
        let hash = Sha512::new().chain_update(number.to_le_bytes()).chain_update(self.0.as_slice());
        let key: Zeroizing<[u8; 64]> = Zeroizing::new(hash.finalize().into());
        Hmac::<Sha256>::new(&(*key).into())
    }

    fn header_signer(&self, header: &[u8]) -> Hmac<Sha256> {
        self.signer(HEADER).chain_update(header)
    }

    fn block_signer(&self, number: u64, length: u32, data: &[u8]) -> Hmac<Sha256> {
        self.signer(number)
            .chain_update(number.to_le_bytes())
            .chain_update(length.to_le_bytes())
            .chain_update(data)
    }

    pub(super) fn verify_header(&self, header: &[u8], code: &[u8; 32]) -> bool {
        self.header_signer(header).verify_slice(code).is_ok()
    }

    pub(super) fn sign_header(&self, header: &[u8]) -> [u8; 32] {
        self.header_signer(header).finalize().into_bytes().into()
    }

    /// Cuts into blocks; an empty one is the last.
    pub(super) fn split(&self, sealed: &[u8], out: &mut Vec<u8>) {
        let blocks = sealed.chunks(BLOCK).chain([&[][..]]);
        for (number, data) in (0_u64..).zip(blocks) {
            let length = u32::try_from(data.len()).unwrap_or_default();
            out.extend(self.block_signer(number, length, data).finalize().into_bytes());
            out.extend(length.to_le_bytes());
            out.extend_from_slice(data);
        }
    }

    /// Joins blocks of signature, length and data; an empty one is the last.
    pub(super) fn join(&self, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let mut cursor = Cursor::new(sealed);
        let mut content = Zeroizing::new(Vec::with_capacity(sealed.len()));
        for number in 0_u64.. {
            let code = cursor.array::<32>().ok_or_else(cut_off)?;
            let data = cursor.run().ok_or_else(cut_off)?;
            let length = u32::try_from(data.len()).map_err(|_| cut_off())?;
            if self.block_signer(number, length, data).verify_slice(&code).is_err() {
                return Err(broken_block(content.len()));
            }
            if data.is_empty() {
                break;
            }
            content.extend_from_slice(data);
        }
        Ok(content)
    }
}
