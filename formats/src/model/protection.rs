//! How a file is encrypted, and how well that holds against guessing.

use std::fmt;

use crate::crypt::{Argon2Cost, Prf, ScryptCost};

/// The encryption of a file, as far as its reader knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protection {
    /// What the content is encrypted with: `AES-256-GCM`.
    pub cipher: &'static str,
    /// How the key is made from the password.
    pub kdf: Kdf,
}

/// How a key is made from a password, with its cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kdf {
    /// scrypt.
    Scrypt {
        /// Cost N.
        n: u64,
        /// Block size r.
        r: u32,
        /// Parallelisation p.
        p: u32,
    },
    /// PBKDF2 over this hash.
    Pbkdf2 {
        /// `SHA-1`, `SHA-224`, `SHA-256`, `SHA-384`, `SHA-512`.
        hash: &'static str,
        /// How often.
        iterations: u32,
    },
    /// Argon2.
    Argon2 {
        /// `Argon2id`, `Argon2d`.
        variant: &'static str,
        /// Memory in KiB.
        memory: u32,
        /// Passes over it.
        passes: u32,
        /// Lanes.
        lanes: u32,
    },
    /// KeePass's own, AES again and again.
    AesKdf {
        /// How often.
        rounds: u64,
    },
    /// Hashing that costs a guesser nothing: `one SHA-256`.
    Unstretched(&'static str),
}

/// How hard it is to try out passwords.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// A short password is found in hours.
    Weak,
    /// Holds with a good password.
    Fair,
    /// As is recommended today.
    Strong,
}

impl Strength {
    /// `weak`, `fair`, `strong`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Weak => "weak",
            Self::Fair => "fair",
            Self::Strong => "strong",
        }
    }
}

impl Protection {
    /// A cipher under a key that is derived so.
    pub(crate) fn new(cipher: &'static str, kdf: impl Into<Kdf>) -> Self {
        Self { cipher, kdf: kdf.into() }
    }

    /// What the cost of a guess says.
    pub fn strength(&self) -> Strength {
        self.kdf.strength()
    }
}

/// `AES-256-GCM, scrypt N=32768 r=8 p=1`.
impl fmt::Display for Protection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.cipher, self.kdf)
    }
}

impl Kdf {
    /// Compared with what the OWASP Password Storage Cheat Sheet (as of 2025) asks for at least: that is
    /// strong, a tenth of it fair.
    fn strength(&self) -> Strength {
        let (cost, wanted) = match *self {
            // N=2^17, r=8, p=1, and as much work in less memory.
            Self::Scrypt { n, r, p } => {
                (n.saturating_mul(u64::from(r)).saturating_mul(u64::from(p)), (1 << 17) * 8)
            }
            Self::Pbkdf2 { hash: "SHA-384" | "SHA-512", iterations } => (u64::from(iterations), 210_000),
            Self::Pbkdf2 { hash: "SHA-224" | "SHA-256", iterations } => (u64::from(iterations), 600_000),
            Self::Pbkdf2 { iterations, .. } => (u64::from(iterations), 1_300_000),
            // 19 MiB and two passes, or more memory and one.
            Self::Argon2 { memory, passes, .. } => {
                (u64::from(memory).saturating_mul(u64::from(passes)), 19 * 1024 * 2)
            }
            // A round is about a sixteenth of an iteration of PBKDF2 with SHA-256.
            Self::AesKdf { rounds } => (rounds, 16 * 600_000),
            Self::Unstretched(_) => (0, 1),
        };
        match cost {
            cost if cost >= wanted => Strength::Strong,
            cost if cost.saturating_mul(10) >= wanted => Strength::Fair,
            _ => Strength::Weak,
        }
    }
}

impl fmt::Display for Kdf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scrypt { n, r, p } => write!(f, "scrypt N={n} r={r} p={p}"),
            Self::Pbkdf2 { hash, iterations } => write!(f, "PBKDF2 {hash} iterations={iterations}"),
            Self::Argon2 { variant, memory, passes, lanes } => {
                write!(f, "{variant} {memory} KiB t={passes} p={lanes}")
            }
            Self::AesKdf { rounds } => write!(f, "AES-KDF rounds={rounds}"),
            Self::Unstretched(how) => f.write_str(how),
        }
    }
}

impl From<ScryptCost> for Kdf {
    fn from(cost: ScryptCost) -> Self {
        Self::Scrypt { n: cost.n, r: cost.r, p: cost.p }
    }
}

/// Argon2id.
impl From<Argon2Cost> for Kdf {
    fn from(cost: Argon2Cost) -> Self {
        let Argon2Cost { memory, passes, lanes } = cost;
        Self::Argon2 { variant: "Argon2id", memory, passes, lanes }
    }
}

/// PBKDF2.
impl From<(Prf, u32)> for Kdf {
    fn from((prf, iterations): (Prf, u32)) -> Self {
        let hash = match prf {
            Prf::Sha1 => "SHA-1",
            Prf::Sha224 => "SHA-224",
            Prf::Sha256 => "SHA-256",
            Prf::Sha384 => "SHA-384",
            Prf::Sha512 => "SHA-512",
        };
        Self::Pbkdf2 { hash, iterations }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strength_is_measured_against_the_cheat_sheet() {
        let argon2 = |memory, passes| Kdf::Argon2 { variant: "Argon2id", memory, passes, lanes: 1 };
        for (kdf, wanted, said) in [
            (Kdf::Scrypt { n: 1 << 17, r: 8, p: 1 }, Strength::Strong, "scrypt N=131072 r=8 p=1"),
            (Kdf::Scrypt { n: 1 << 15, r: 8, p: 1 }, Strength::Fair, "scrypt N=32768 r=8 p=1"),
            (Kdf::from((Prf::Sha256, 600_000)), Strength::Strong, "PBKDF2 SHA-256 iterations=600000"),
            (Kdf::from((Prf::Sha256, 100_000)), Strength::Fair, "PBKDF2 SHA-256 iterations=100000"),
            (Kdf::from((Prf::Sha256, 10_000)), Strength::Weak, "PBKDF2 SHA-256 iterations=10000"),
            (Kdf::from((Prf::Sha512, 100_000)), Strength::Fair, "PBKDF2 SHA-512 iterations=100000"),
            (Kdf::from((Prf::Sha1, 64_000)), Strength::Weak, "PBKDF2 SHA-1 iterations=64000"),
            (argon2(19_456, 2), Strength::Strong, "Argon2id 19456 KiB t=2 p=1"),
            (argon2(8, 1), Strength::Weak, "Argon2id 8 KiB t=1 p=1"),
            (Kdf::AesKdf { rounds: 6_000 }, Strength::Weak, "AES-KDF rounds=6000"),
            (Kdf::Unstretched("one SHA-256"), Strength::Weak, "one SHA-256"),
        ] {
            assert_eq!((kdf.strength(), kdf.to_string().as_str()), (wanted, said));
        }
        let protection = Protection::new("AES-256-GCM", ScryptCost { n: 2, r: 8, p: 1 });
        assert_eq!(protection.to_string(), "AES-256-GCM, scrypt N=2 r=8 p=1");
    }
}
