//! AES-CBC with PKCS #7 padding. It authenticates nothing: bad padding means a wrong key, and so may
//! any content that comes out.

use std::io::{self, BufRead, Read};

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

/// Decrypts piece by piece, as far as there are whole blocks. Where it does not end with padding, it is cut off or goes
/// on behind its end: the end is an error then.
pub(crate) struct AesCbcReader<R> {
    decryptor: cbc::Decryptor<aes::Aes256>,
    sealed: R,
    block: Zeroizing<[u8; 16]>,
    /// Bytes of the block that were given out.
    used: usize,
    /// Bytes of the block that come before the padding.
    length: usize,
    /// Whether the padding came.
    is_whole: bool,
}

impl<R: BufRead> AesCbcReader<R> {
    pub(crate) fn new(key: &[u8; 32], iv: &[u8; 16], sealed: R) -> Self {
        let decryptor = cbc::Decryptor::<aes::Aes256>::new(key.into(), iv.into());
        Self { decryptor, sealed, block: Zeroizing::default(), used: 0, length: 0, is_whole: false }
    }

    /// Answers whether there is another block.
    fn next_block(&mut self) -> io::Result<bool> {
        let mut sealed = [0; 16];
        match self.sealed.read_exact(&mut sealed) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            read => read?,
        }
        let mut block = Block::<aes::Aes256>::from(sealed);
        self.decryptor.decrypt_block(&mut block);
        self.block.copy_from_slice(&block);
        self.used = 0;
        let is_last = self.sealed.fill_buf()?.is_empty();
        let content = if is_last { unpadded(&self.block) } else { None };
        self.is_whole = content.is_some();
        self.length = content.unwrap_or(self.block.len());
        Ok(true)
    }
}

/// How many bytes of the last block come before its padding; `None` when there is none.
fn unpadded(block: &[u8; 16]) -> Option<usize> {
    let [.., last] = block;
    let length = block.len().checked_sub(usize::from(*last)).filter(|length| *length < block.len())?;
    block.get(length..)?.iter().all(|byte| byte == last).then_some(length)
}

impl<R: BufRead> Read for AesCbcReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut count = 0_usize;
        while let Some(out) = buffer.get_mut(count..).filter(|out| !out.is_empty()) {
            let opened = self.block.get(self.used..self.length).unwrap_or_default();
            if opened.is_empty() {
                if self.next_block()? {
                    continue;
                }
                break;
            }
            let length = opened.len().min(out.len());
            out.iter_mut().zip(opened).for_each(|(out, opened)| *out = *opened);
            self.used = self.used.saturating_add(length);
            count = count.saturating_add(length);
        }
        if count == 0 && !buffer.is_empty() && !self.is_whole {
            return Err(io::ErrorKind::UnexpectedEof.into());
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
        let pieces = |sealed: &[u8]| {
            let mut read = vec![0; 7];
            let mut reader = AesCbcReader::new(&key, &iv, sealed);
            reader.read_exact(&mut read).unwrap();
            let end = reader.read_to_end(&mut read).map(|_| ()).map_err(|error| error.kind());
            (read, end)
        };
        assert_eq!(pieces(&sealed), (message.clone(), Ok(())));
        let cut_off = |length: usize| (message[..length].to_vec(), Err(io::ErrorKind::UnexpectedEof));
        assert_eq!([111, 100, 96, 95].map(|length| pieces(&sealed[..length])), [96, 96, 96, 80].map(cut_off));
        let full = aes_cbc_seal(&key, &iv, &message[..96]);
        assert_eq!(pieces(&full), (message[..96].to_vec(), Ok(())));
        assert_eq!(pieces(&full[..96]), cut_off(96));
    }

    #[test]
    fn padding_is_so_many_times_its_length() {
        let block = |from: usize, byte: u8| {
            let mut block = [7; 16];
            block[from..].fill(byte);
            unpadded(&block)
        };
        assert_eq!([block(15, 1), block(11, 5), block(0, 16)], [Some(15), Some(11), Some(0)]);
        assert_eq!([block(15, 2), block(15, 0), block(12, 5), block(0, 17)], [None; 4]);
    }
}
