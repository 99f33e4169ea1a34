//! AES-CBC with PKCS #7 padding. It authenticates nothing: bad padding means a wrong key, and so may
//! any content that comes out.

use std::io::{self, Read};

use aes::cipher::block_padding::{NoPadding, Pkcs7};
use aes::cipher::{Block, BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use zeroize::Zeroizing;

/// Decrypts. The key has 16, 24 or 32 bytes. `None` for another key length, a length that is no
/// multiple of the block, or bad padding.
pub(crate) fn aes_cbc_open(key: &[u8], iv: &[u8; 16], ciphertext: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let opened = match key.len() {
        16 => cbc::Decryptor::<aes::Aes128>::new_from_slices(key, iv)
            .ok()?
            .decrypt_padded_vec::<Pkcs7>(ciphertext),
        24 => cbc::Decryptor::<aes::Aes192>::new_from_slices(key, iv)
            .ok()?
            .decrypt_padded_vec::<Pkcs7>(ciphertext),
        32 => cbc::Decryptor::<aes::Aes256>::new_from_slices(key, iv)
            .ok()?
            .decrypt_padded_vec::<Pkcs7>(ciphertext),
        _ => return None,
    };
    opened.ok().map(Zeroizing::new)
}

/// Decrypts whole blocks that have no padding, with a key of 32 bytes. `None` for another key length or
/// a length that is no multiple of the block.
pub(crate) fn aes_cbc_open_unpadded(
    key: &[u8],
    iv: &[u8; 16],
    ciphertext: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let decryptor = cbc::Decryptor::<aes::Aes256>::new_from_slices(key, iv).ok()?;
    decryptor.decrypt_padded_vec::<NoPadding>(ciphertext).ok().map(Zeroizing::new)
}

/// The same with Twofish.
pub(crate) fn twofish_cbc_open_unpadded(
    key: &[u8; 32],
    iv: &[u8; 16],
    ciphertext: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let decryptor = cbc::Decryptor::<twofish::Twofish>::new_from_slices(key, iv).ok()?;
    decryptor.decrypt_padded_vec::<NoPadding>(ciphertext).ok().map(Zeroizing::new)
}

/// Decrypts whole blocks piece by piece, as far as they go. The padding is left in: for content that says itself where
/// it ends.
pub(crate) struct AesCbcReader<'a> {
    decryptor: cbc::Decryptor<aes::Aes256>,
    sealed: &'a [u8],
    block: Zeroizing<[u8; 16]>,
    /// Bytes of the block that were given out.
    used: usize,
}

impl<'a> AesCbcReader<'a> {
    pub(crate) fn new(key: &[u8; 32], iv: &[u8; 16], sealed: &'a [u8]) -> Self {
        let decryptor = cbc::Decryptor::<aes::Aes256>::new(key.into(), iv.into());
        Self { decryptor, sealed, block: Zeroizing::default(), used: 16 }
    }

    fn next_block(&mut self) -> Option<()> {
        let (sealed, rest) = self.sealed.split_first_chunk::<16>()?;
        let mut block = Block::<aes::Aes256>::from(*sealed);
        self.decryptor.decrypt_block(&mut block);
        self.block.copy_from_slice(&block);
        self.sealed = rest;
        self.used = 0;
        Some(())
    }
}

impl Read for AesCbcReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut count = 0_usize;
        while let Some(out) = buffer.get_mut(count..).filter(|out| !out.is_empty()) {
            let opened = self.block.get(self.used..).unwrap_or_default();
            if opened.is_empty() {
                match self.next_block() {
                    Some(()) => continue,
                    None => break,
                }
            }
            let length = opened.len().min(out.len());
            out.iter_mut().zip(opened).for_each(|(out, opened)| *out = *opened);
            self.used = self.used.saturating_add(length);
            count = count.saturating_add(length);
        }
        Ok(count)
    }
}

/// Encrypts with a key of 32 bytes.
pub(crate) fn aes_cbc_seal(key: &[u8; 32], iv: &[u8; 16], message: &[u8]) -> Vec<u8> {
    cbc::Encryptor::<aes::Aes256>::new(key.into(), iv.into()).encrypt_padded_vec::<Pkcs7>(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vector_of_nist_sp_800_38a() {
        // F.2.5, CBC-AES256, first block; the padding block that follows is ours.
        let hex = |text: &str| data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap();
        let key = hex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
        let iv = <[u8; 16]>::try_from(hex("000102030405060708090a0b0c0d0e0f")).unwrap();
        let message = hex("6bc1bee22e409f96e93d7e117393172a");
        let sealed = aes_cbc_seal(key.as_slice().try_into().unwrap(), &iv, &message);
        assert_eq!(sealed[..16], hex("f58c4c04d6e5f1ba779eabfb5f7bfbd6"));
        assert_eq!(aes_cbc_open(&key, &iv, &sealed).unwrap().as_slice(), message);
        assert!(aes_cbc_open(&key, &iv, &sealed[..16]).is_none());
        assert!(aes_cbc_open(&key[..5], &iv, &sealed).is_none());
    }

    #[test]
    fn pieces_are_what_the_whole_is() {
        let (key, iv) = ([3; 32], [5; 16]);
        let message: Vec<u8> = (0..100).collect();
        let sealed = aes_cbc_seal(&key, &iv, &message);
        let mut read = vec![0; 7];
        let mut reader = AesCbcReader::new(&key, &iv, &sealed[..100]);
        reader.read_exact(&mut read).unwrap();
        reader.read_to_end(&mut read).unwrap();
        assert_eq!(read, message[..96]);
    }
}
