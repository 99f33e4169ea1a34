//! libsodium's `secretstream_xchacha20poly1305`, for streams of one message.

use dryoc::classic::crypto_secretstream_xchacha20poly1305::{
    State, crypto_secretstream_xchacha20poly1305_init_pull as init,
    crypto_secretstream_xchacha20poly1305_pull as pull, crypto_secretstream_xchacha20poly1305_push as push,
};
use zeroize::Zeroizing;

use super::kdf::Key;

/// Bytes of the header of a stream, which serve as its nonce.
pub(crate) const HEADER: usize = 24;
/// Bytes that a message grows by: the encrypted tag in front, the MAC behind.
const OVERHEAD: usize = 17;
/// The tag of the last message.
const FINAL: u8 = 3;

/// Opens a stream of one message, whatever its tag. `None` for a wrong key or damage.
pub(crate) fn secretstream_open(
    key: &Key,
    header: &[u8; HEADER],
    sealed: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let mut state = State::new();
    init(&mut state, header, key);
    let mut message = Zeroizing::new(vec![0; sealed.len().checked_sub(OVERHEAD)?]);
    let mut tag = 0;
    pull(&mut state, &mut message, &mut tag, sealed, None).ok()?;
    Some(message)
}

/// Seals one message as the last of its stream. A key and header must never be used twice. `None`
/// only over the 256 GiB that a message may have.
pub(crate) fn secretstream_seal(key: &Key, header: &[u8; HEADER], message: &[u8]) -> Option<Vec<u8>> {
    let mut state = State::new();
    // The library's own start of a writing stream draws the header; otherwise both starts are the same.
    init(&mut state, header, key);
    let mut sealed = vec![0; message.len().checked_add(OVERHEAD)?];
    push(&mut state, &mut sealed, message, None, FINAL).ok()?;
    Some(sealed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vector_of_libsodium() {
        // Made with libsodium through PyNaCl: the key is 0 to 31, the header 100 to 123.
        let mut key = Key::default();
        key.iter_mut().zip(0..).for_each(|(slot, byte)| *slot = byte);
        let header: [u8; HEADER] = std::array::from_fn(|at| 100 + u8::try_from(at).unwrap());
        let sealed = secretstream_seal(&key, &header, b"otpferry").unwrap();
        assert_eq!(
            data_encoding::HEXLOWER.encode(&sealed),
            "5c336ec6200b61c445ea060c437e090aa421a8b894b9fecfac"
        );
        assert_eq!(secretstream_open(&key, &header, &sealed).unwrap().as_slice(), b"otpferry");
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert!(secretstream_open(&key, &header, &damaged).is_none(), "{at}");
        }
        assert!(secretstream_open(&key, &header, &sealed[..OVERHEAD - 1]).is_none());
        assert!(secretstream_open(&key, &header, &[]).is_none());
    }
}
