//! Numbers that look random and are the same on every run.

use otpferry_formats::model::Secret;

/// Xorshift of Marsaglia, 64 bits.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn secret(&mut self, length: usize) -> Secret {
        Secret::new((0..length).map(|_| self.byte()).collect()).unwrap()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }
}
