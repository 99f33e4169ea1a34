//! Writing a database: version 4.0, AES-256, Argon2id, gzip, ChaCha20 for protected values.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::blocks::BlockKeys;
use super::dictionary::NewDictionary;
use super::header::{AES, ARGON2ID, MAGIC, NEWEST, field};
use super::inner::{self, CHACHA20, InnerStream};
use super::key::CompositeKey;
use crate::crypt::{Argon2Cost, Key, aes_cbc_seal, argon2id};
use crate::ctx::Ctx;
use crate::error::{Error, ErrorKind};
use crate::model::SecretText;

/// The second recommended option of RFC 9106: 64 MiB, 3 passes, 4 lanes.
const COST: Argon2Cost = Argon2Cost { memory: 64 << 10, passes: 3, lanes: 4 };
/// Version 1.3.
const ARGON2_VERSION: u32 = 0x13;
/// What stands in the field at the end of the header.
const END: &[u8] = b"\r\n\r\n";

/// The key of the stream that hides protected values.
pub(crate) type StreamKey = Zeroizing<[u8; 64]>;

/// A new stream and its key.
pub(crate) fn new_stream(ctx: &mut Ctx<'_>) -> Result<(StreamKey, InnerStream), Error> {
    let key = StreamKey::new(ctx.random()?);
    let stream = InnerStream::chacha20(key.as_slice());
    Ok((key, stream))
}

/// A database of this XML, whose protected values the stream of this key has hidden.
pub(crate) fn seal(
    xml: &[u8],
    stream_key: &StreamKey,
    password: &SecretText,
    ctx: &mut Ctx<'_>,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let (master_seed, salt): ([u8; 32], [u8; 32]) = (ctx.random()?, ctx.random()?);
    let iv: [u8; 16] = ctx.random()?;
    let composite = CompositeKey::new(Some(password.expose()), None);
    let key = argon2id(composite.bytes().as_slice(), &salt, COST, ctx.limits)?;
    let header = header(&master_seed, &iv, &salt).ok_or_else(too_long)?;
    let content = compressed(stream_key, xml).ok_or_else(too_long)?;
    let mut content_key = Key::default();
    content_key.copy_from_slice(&Sha256::new().chain_update(master_seed).chain_update(*key).finalize());
    let sealed = aes_cbc_seal(&content_key, &iv, &content);
    let keys = BlockKeys::new(&master_seed, &key);
    let mut out = Zeroizing::new(Vec::with_capacity(sealed.len().saturating_add(1024)));
    out.extend_from_slice(&header);
    out.extend_from_slice(&Sha256::digest(&header));
    out.extend_from_slice(&keys.sign_header(&header));
    keys.split(&sealed, &mut out);
    Ok(out)
}

fn too_long() -> Error {
    Error::new(ErrorKind::Internal, "the accounts are too long for a database")
}

fn header(master_seed: &[u8; 32], iv: &[u8; 16], salt: &[u8; 32]) -> Option<Vec<u8>> {
    let kdf = NewDictionary::new()
        .bytes("$UUID", &ARGON2ID)?
        .u64("I", COST.passes.into())?
        .u64("M", u64::from(COST.memory).checked_mul(1024)?)?
        .u32("P", COST.lanes)?
        .bytes("S", salt)?
        .u32("V", ARGON2_VERSION)?
        .finish();
    let mut out = MAGIC.to_vec();
    out.extend([0, NEWEST].map(u16::to_le_bytes).as_flattened());
    for (id, value) in [
        (field::CIPHER, AES.as_slice()),
        (field::COMPRESSION, &1_u32.to_le_bytes()),
        (field::MASTER_SEED, master_seed),
        (field::IV, iv),
        (field::KDF, &kdf),
        (field::END, END),
    ] {
        put_field(&mut out, id, value)?;
    }
    Some(out)
}

/// The inner header and the XML.
fn compressed(stream_key: &StreamKey, xml: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut plain = Zeroizing::new(Vec::with_capacity(xml.len().checked_add(128)?));
    put_field(&mut plain, inner::field::STREAM, &CHACHA20.to_le_bytes())?;
    put_field(&mut plain, inner::field::STREAM_KEY, stream_key.as_slice())?;
    put_field(&mut plain, inner::field::END, &[])?;
    plain.extend_from_slice(xml);
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len()), Compression::default());
    encoder.write_all(&plain).ok()?;
    encoder.finish().ok().map(Zeroizing::new)
}

fn put_field(out: &mut Vec<u8>, id: u8, value: &[u8]) -> Option<()> {
    out.push(id);
    out.extend(u32::try_from(value.len()).ok()?.to_le_bytes());
    out.extend_from_slice(value);
    Some(())
}
