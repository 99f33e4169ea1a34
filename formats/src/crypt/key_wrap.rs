//! Unwrapping of keys: AES key wrap (RFC 3394) with and without padding (RFC 5649), which works with any cipher
//! of 16-byte blocks, and Triple-DES key wrap (RFC 3217). A wrong key or damage shows.

use aes::cipher::block_padding::NoPadding;
use aes::cipher::consts::U16;
use aes::cipher::{Block, BlockCipherDecrypt, BlockModeDecrypt, BlockSizeUser, KeyInit, KeyIvInit};
use sha1::Sha1;
use sha2::Digest;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// What the first half-block must be: RFC 3394, section 2.2.3.1.
const WHOLE: [u8; 8] = [0xA6; 8];
/// Its first half when the length follows: RFC 5649, section 3.
const PADDED: [u8; 4] = [0xA6, 0x59, 0x59, 0xA6];
/// The initial vector of the second pass: RFC 3217, section 3.1.
const DES_IV: [u8; 8] = [0x4A, 0xDD, 0xA2, 0x2C, 0x79, 0xE8, 0x21, 0x05];

/// Unwraps with a cipher of 16-byte blocks. `None` for a wrong key or damage.
pub(crate) fn unwrap<C>(key: &[u8], wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>>
where
    C: BlockCipherDecrypt + KeyInit + BlockSizeUser<BlockSize = U16>,
{
    let cipher = C::new_from_slice(key).ok()?;
    let (halves, rest) = wrapped.as_chunks::<8>();
    let (check, content) = match halves {
        _ if !rest.is_empty() => return None,
        // A single half-block is one block: RFC 5649, section 4.2.
        [first, second] => {
            let (check, content) = decrypt(&cipher, *first, *second);
            (check, Zeroizing::new(vec![content]))
        }
        [check, content @ ..] if content.len() > 1 => steps(&cipher, *check, content),
        _ => return None,
    };
    let content = Zeroizing::new(content.as_flattened().to_vec());
    if bool::from(check.ct_eq(&WHOLE)) { Some(content) } else { without_padding(check, content) }
}

/// The six rounds over all half-blocks, backwards.
fn steps<C>(cipher: &C, mut check: [u8; 8], content: &[[u8; 8]]) -> ([u8; 8], Zeroizing<Vec<[u8; 8]>>)
where
    C: BlockCipherDecrypt + BlockSizeUser<BlockSize = U16>,
{
    let mut content = Zeroizing::new(content.to_vec());
    let count = u64::try_from(content.len()).unwrap_or(u64::MAX);
    for round in (0..6).rev() {
        let numbered = content.iter_mut().rev().zip((1..=count).rev());
        for (half, number) in numbered {
            let step = count.saturating_mul(round).saturating_add(number);
            let masked = (u64::from_be_bytes(check) ^ step).to_be_bytes();
            (check, *half) = decrypt(cipher, masked, *half);
        }
    }
    (check, content)
}

fn decrypt<C>(cipher: &C, left: [u8; 8], right: [u8; 8]) -> ([u8; 8], [u8; 8])
where
    C: BlockCipherDecrypt + BlockSizeUser<BlockSize = U16>,
{
    let mut block = Block::<C>::default();
    block.iter_mut().zip(left.iter().chain(&right)).for_each(|(slot, byte)| *slot = *byte);
    cipher.decrypt_block(&mut block);
    let (mut left, mut right) = ([0; 8], [0; 8]);
    left.iter_mut().chain(&mut right).zip(&block).for_each(|(slot, byte)| *slot = *byte);
    block.fill(0);
    (left, right)
}

/// Cuts the zeros off that made the content whole half-blocks.
fn without_padding(check: [u8; 8], content: Zeroizing<Vec<u8>>) -> Option<Zeroizing<Vec<u8>>> {
    let (mark, length) = check.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(length.try_into().ok()?)).ok()?;
    let (kept, padding) = content.split_at_checked(length)?;
    let is_padded = *mark == PADDED && padding.len() < 8 && padding.iter().all(|byte| *byte == 0);
    is_padded.then(|| Zeroizing::new(kept.to_vec()))
}

/// Unwraps with Triple-DES, under a key of 16 or 24 bytes. `None` for a wrong key or damage.
pub(crate) fn unwrap_with_des(key: &[u8], wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    match key.len() {
        16 => unwrap_twice::<des::TdesEde2>(key, wrapped),
        _ => unwrap_twice::<des::TdesEde3>(key, wrapped),
    }
}

fn unwrap_twice<C>(key: &[u8], wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>>
where
    C: BlockCipherDecrypt + KeyInit,
{
    let open = |iv: &[u8], content: &[u8]| {
        let decryptor = cbc::Decryptor::<C>::new_from_slices(key, iv).ok()?;
        decryptor.decrypt_padded_vec::<NoPadding>(content).ok().map(Zeroizing::new)
    };
    let mut inner = open(&DES_IV, wrapped)?;
    inner.reverse();
    let (iv, content) = inner.split_first_chunk::<8>()?;
    let content = open(iv, content)?;
    let (content, checksum) = content.split_last_chunk::<8>()?;
    let hash = Sha1::digest(content);
    let is_whole: bool = hash.get(..8)?.ct_eq(checksum).into();
    (is_whole && !content.is_empty()).then(|| Zeroizing::new(content.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
    }

    #[test]
    fn vectors_of_rfc_3394() {
        // Sections 4.1 and 4.6.
        let key = hex("000102030405060708090a0b0c0d0e0f");
        let wrapped = hex("1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5");
        let content = hex("00112233445566778899aabbccddeeff");
        assert_eq!(unwrap::<aes::Aes128>(&key, &wrapped).unwrap().as_slice(), content);
        let key = hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
        let wrapped = hex("28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21");
        let content = hex("00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f");
        assert_eq!(unwrap::<aes::Aes256>(&key, &wrapped).unwrap().as_slice(), content);
        for at in 0..wrapped.len() {
            let mut damaged = wrapped.clone();
            damaged[at] ^= 1;
            assert!(unwrap::<aes::Aes256>(&key, &damaged).is_none(), "{at}");
        }
        for length in [0, 8, 15, 16, 17, 32] {
            assert!(unwrap::<aes::Aes256>(&key, &wrapped[..length]).is_none(), "{length}");
        }
    }

    #[test]
    fn vectors_of_rfc_5649() {
        // Section 6.
        let key = hex("5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8");
        let wrapped = hex("138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a");
        let content = hex("c37b7e6492584340bed12207808941155068f738");
        assert_eq!(unwrap::<aes::Aes192>(&key, &wrapped).unwrap().as_slice(), content);
        let wrapped = hex("afbeb0f07dfbf5419200f2ccb50bb24f");
        assert_eq!(unwrap::<aes::Aes192>(&key, &wrapped).unwrap().as_slice(), hex("466f7250617369"));
    }

    #[test]
    fn vector_of_rfc_3217() {
        // Section 3.4, whose key under the wrap has its parity bits adjusted.
        let key = hex("255e0d1c07b646dfb3134cc843ba8aa71f025b7c0838251f");
        let wrapped = hex("690107618ef092b3b48ca1796b234ae9fa33ebb4159604037db5d6a84eb3aac2768c632775a467d4");
        let content = hex("2923bf85e06dd6ae529149f1f1bae9eab3a7da3d860d3e98");
        assert_eq!(unwrap_with_des(&key, &wrapped).unwrap().as_slice(), content);
        for at in 0..wrapped.len() {
            let mut damaged = wrapped.clone();
            damaged[at] ^= 1;
            assert!(unwrap_with_des(&key, &damaged).is_none(), "{at}");
        }
        assert!(unwrap_with_des(&key, &wrapped[..16]).is_none());
    }
}
