//! The inner header of version 4, and the stream that hides single values in the XML.

use sha2::{Digest, Sha256, Sha512};
use zeroize::Zeroizing;

use super::cursor::Cursor;
use super::{damaged, header};
use crate::crypt::KeyStream;
use crate::error::Error;

/// Fields of the inner header.
pub(super) mod field {
    pub(in super::super) const END: u8 = 0;
    pub(in super::super) const STREAM: u8 = 1;
    pub(in super::super) const STREAM_KEY: u8 = 2;
}

/// Ids of the streams.
const NONE: u32 = 0;
const SALSA20: u32 = 2;
pub(super) const CHACHA20: u32 = 3;

/// The nonce of Salsa20, the same in every database.
const SALSA20_NONCE: [u8; 8] = [0xE8, 0x30, 0x09, 0x4B, 0x97, 0x20, 0x5D, 0x2A];

/// Hides the protected values of a document, one after the other in its order.
#[derive(Default)]
pub(crate) struct InnerStream(Option<KeyStream>);

impl InnerStream {
    pub(super) fn new(id: u32, key: &[u8]) -> Result<Self, Error> {
        match id {
            NONE => Ok(Self(None)),
            SALSA20 => Ok(Self(Some(KeyStream::salsa20(&Sha256::digest(key).into(), &SALSA20_NONCE)))),
            CHACHA20 => Ok(Self::chacha20(key)),
            _ => Err(header::unknown("its values are protected in a way that is not known")),
        }
    }

    pub(super) fn chacha20(key: &[u8]) -> Self {
        let digest = Zeroizing::new(<[u8; 64]>::from(Sha512::digest(key)));
        let mut halves = Zeroizing::new([0; 32]);
        let mut nonce = [0; 12];
        halves.iter_mut().chain(&mut nonce).zip(digest.iter()).for_each(|(slot, byte)| *slot = *byte);
        Self(Some(KeyStream::chacha20(&halves, &nonce)))
    }

    /// Hides or shows the next value. `None` when the stream is used up.
    pub(crate) fn apply(&mut self, value: &mut [u8]) -> Option<()> {
        match &mut self.0 {
            Some(stream) => stream.apply(value),
            None => Some(()),
        }
    }
}

/// Reads the inner header, and gives the stream and the XML after it.
pub(super) fn parse(content: &[u8]) -> Result<(InnerStream, &[u8]), Error> {
    let broken = || damaged("the inner header of the database is damaged");
    let mut cursor = Cursor::new(content);
    let (mut id, mut key): (u32, &[u8]) = (NONE, &[]);
    loop {
        let field = cursor.u8().ok_or_else(broken)?;
        let value = cursor.run().ok_or_else(broken)?;
        match field {
            field::END => return Ok((InnerStream::new(id, key)?, cursor.rest())),
            field::STREAM => id = u32::from_le_bytes(value.try_into().map_err(|_| broken())?),
            field::STREAM_KEY => key = value,
            // Attachments, and what later versions add.
            _ => {}
        }
    }
}
