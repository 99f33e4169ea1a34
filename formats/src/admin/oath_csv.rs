//! The table of OATH tokens that privacyIDEA and LinOTP load: a line for each token, without a header.
//!
//! Serial number, key in hexadecimal, type, number of digits, and then what the two read otherwise. What a
//! line leaves out is 6 digits, 30 seconds, and a hash that follows from the length of the key.
//! Source: `importotp.py` and `get_import_csv` of privacyIDEA, `ImportOTP/oath.py` of LinOTP.

use super::token;
use crate::format::Confidence;
use crate::model::{Account, Algorithm, Draft, Kind, Number, Otp};
use crate::report::Skip;

/// How many lines detection looks at.
const LINES: usize = 50;

/// Whose rules a line follows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// The fifth column of an HOTP token is its counter; 56, 64, 96 and 128 hexadecimal digits of a key mean
    /// SHA-224 to SHA-512.
    PrivacyIdea,
    /// The sixth column is the hash, else 64 and 128 digits mean SHA-256 and SHA-512; there is no counter.
    LinOtp,
}

/// The columns of a line from its serial number on.
pub(super) struct Columns<'t> {
    pub(super) serial: &'t str,
    key: &'t str,
    kind: &'t str,
    digits: &'t str,
    moving: &'t str,
    hash: &'t str,
}

/// Types of tokens that a third column can name.
const TYPES: [&str; 6] = ["hotp", "hmac", "totp", "ocra", "ocra2", "tan"];

impl<'t> Columns<'t> {
    /// The columns of a line, after `skipped` others.
    pub(super) fn of(line: &'t str, skipped: usize) -> Self {
        let mut cells = line.split(',').map(str::trim).skip(skipped);
        let mut next = || cells.next().unwrap_or_default();
        Self { serial: next(), key: next(), kind: next(), digits: next(), moving: next(), hash: next() }
    }

    /// The token, called by its serial number.
    pub(super) fn read(&self, dialect: Dialect) -> Result<Account, Skip> {
        if self.key.is_empty() {
            return Err(Skip::new(Skip::MISSING_FIELD, "the line has no key"));
        }
        if self.serial.is_empty() {
            return Err(Skip::new(Skip::MISSING_FIELD, "the line has no serial number"));
        }
        let mut account = token::account(self.otp(dialect)?, self.serial);
        account.device = token::device(self.serial, "", "");
        Ok(account)
    }

    fn otp(&self, dialect: Dialect) -> Result<Otp, Skip> {
        let kind = match self.kind.to_ascii_lowercase().as_str() {
            "" | "hotp" | "hmac" => Kind::Hotp,
            "totp" => Kind::Totp,
            _ => {
                return Err(Skip::new(
                    Skip::UNKNOWN_KIND,
                    "it is a token of a type that no app shows codes of",
                ));
            }
        };
        let mut draft = Draft::new(kind, token::hex_secret(self.key)?);
        draft.digits = Number::parse(self.digits);
        let moving = Number::parse(self.moving);
        match (kind, dialect) {
            (Kind::Totp, Dialect::PrivacyIdea) => draft.period = moving,
            // LinOTP takes 30 for what it cannot read.
            (Kind::Totp, Dialect::LinOtp) if moving != Number::Invalid => draft.period = moving,
            (Kind::Hotp, Dialect::PrivacyIdea) => draft.counter = moving,
            _ => {}
        }
        draft.algorithm = match dialect {
            Dialect::LinOtp if !self.hash.is_empty() => Draft::read_algorithm(self.hash)?,
            _ => Some(hash_of(draft.secret.expose().len(), dialect)),
        };
        draft.build()
    }

    /// The serial number, for messages. A line of another file has none that could be shown: there, the cell may
    /// be a key.
    pub(super) fn name(&self) -> &'t str {
        let is_word = !self.serial.contains(char::is_whitespace);
        if is_word && (self.has_type() || token::hex_secret(self.key).is_ok()) { self.serial } else { "" }
    }

    /// Whether it has a serial number and a key, as every line of such a table.
    fn is_token(&self) -> bool {
        let is_word = !self.serial.is_empty() && !self.serial.contains(char::is_whitespace);
        is_word && (token::hex_secret(self.key).is_ok() || self.kind.eq_ignore_ascii_case("tan"))
    }

    fn has_type(&self) -> bool {
        TYPES.iter().any(|known| known.eq_ignore_ascii_case(self.kind))
    }

    fn has_hash(&self) -> bool {
        ["sha1", "sha256", "sha512"].iter().any(|known| known.eq_ignore_ascii_case(self.hash))
    }

    /// Whether the two servers would make other codes of it.
    fn is_read_in_two_ways(&self) -> bool {
        let is_hotp = matches!(self.kind.to_ascii_lowercase().as_str(), "" | "hotp" | "hmac");
        (is_hotp && !matches!(self.moving, "" | "0")) || [56, 96].contains(&self.key.len())
    }
}

/// The hash of a key of so many bytes.
pub(super) fn hash_of(bytes: usize, dialect: Dialect) -> Algorithm {
    match (bytes, dialect) {
        (28, Dialect::PrivacyIdea) => Algorithm::Sha224,
        (32, _) => Algorithm::Sha256,
        (48, Dialect::PrivacyIdea) => Algorithm::Sha384,
        (64, _) => Algorithm::Sha512,
        _ => Algorithm::Sha1,
    }
}

/// The number in `# version: 2`, when the table begins with that.
pub(super) fn version(text: &str) -> Option<u32> {
    let rest = text.lines().next()?.strip_prefix('#')?.trim_start().strip_prefix("version:")?.trim_start();
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..end)?.parse().ok()
}

/// How sure each of the two servers may be of a text. Where nothing says whose it is, privacyIDEA has it when
/// both read the same, and else the user has to say.
pub(super) fn recognise(text: &str, dialect: Dialect) -> Confidence {
    let own = |is: Dialect, sure, other| if dialect == is { sure } else { other };
    if version(text).is_some() {
        return own(Dialect::PrivacyIdea, Confidence::Sure, Confidence::No);
    }
    let lines = || text.lines().map(str::trim_end).filter(|line| !line.is_empty()).take(LINES);
    let tokens =
        || lines().filter(|line| !line.starts_with('#') && line.contains(',')).map(|l| Columns::of(l, 0));
    let is_table = tokens().next().is_some_and(|first| first.is_token());
    if !is_table || !tokens().any(|columns| columns.is_token() && columns.has_type()) {
        return Confidence::No;
    }
    let comments = || lines().filter(|line| line.starts_with('#'));
    match () {
        () if tokens().any(|columns| columns.has_hash()) => {
            own(Dialect::LinOtp, Confidence::Sure, Confidence::No)
        }
        // LinOTP would take it for a serial number.
        () if comments().any(|line| line != "#") => {
            own(Dialect::PrivacyIdea, Confidence::Sure, Confidence::No)
        }
        () if comments().next().is_some() => own(Dialect::LinOtp, Confidence::Likely, Confidence::Weak),
        () if tokens().any(|columns| columns.is_read_in_two_ways()) => Confidence::Likely,
        () => own(Dialect::PrivacyIdea, Confidence::Likely, Confidence::Weak),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str, dialect: Dialect) -> Otp {
        Columns::of(line, 0).read(dialect).unwrap().otp().unwrap().clone()
    }

    #[test]
    fn the_two_read_the_same_line_otherwise() {
        let line = "T1, 0aff, hotp, 6, 60";
        assert_eq!(read(line, Dialect::PrivacyIdea).counter(), Some(60));
        assert_eq!(read(line, Dialect::LinOtp).counter(), Some(0));
        let key = "0a".repeat(48);
        let line = format!("T1, {key}, totp, 8, 60,,");
        assert_eq!(read(&line, Dialect::PrivacyIdea).algorithm(), Algorithm::Sha384);
        assert_eq!(read(&line, Dialect::LinOtp).algorithm(), Algorithm::Sha1);
        let line = "T1, 0aff, totp,,soon, Sha256,";
        let Otp::Totp { algorithm, period, .. } = read(line, Dialect::LinOtp) else { panic!("not TOTP") };
        assert_eq!((algorithm, period.get()), (Algorithm::Sha256, 30));
        assert!(Columns::of(line, 0).read(Dialect::PrivacyIdea).is_err());
    }

    #[test]
    fn whose_table_it_is() {
        use Confidence::{Likely, No, Sure, Weak};
        let both =
            |text: &str| [Dialect::PrivacyIdea, Dialect::LinOtp].map(|dialect| recognise(text, dialect));
        assert_eq!(both("T1, 0aff, totp, 6\n"), [Likely, Weak]);
        assert_eq!(both("T1, 0aff\nT2, 0aff, hotp, 6, 7\n"), [Likely, Likely]);
        assert_eq!(both("# more\nT1, 0aff, totp, 6\n"), [Sure, No]);
        assert_eq!(both("# version: 2\nmaria, r, r, T1, 0aff, totp\n"), [Sure, No]);
        assert_eq!(both("#\nT1, 0aff, totp, 6\n"), [Weak, Likely]);
        assert_eq!(both("T1, 0aff, totp,,, SHA1\n"), [No, Sure]);
        // Such a table could be anybody's.
        assert_eq!(both("T1,0aff\nT2,0aff,30\n"), [No, No]);
        assert_eq!(both("name, secret, totp\nT1, 0aff, totp\n"), [No, No]);
    }

    #[test]
    fn versions_are_in_the_first_line() {
        assert_eq!(version("#version:2\n"), Some(2));
        assert_eq!(version("#  version: 10 of it\n"), Some(10));
        assert_eq!([version("\n# version: 2"), version("# version: x"), version("version: 2")], [None; 3]);
    }
}
