//! The records of SafeWord (eToken): blocks of `name: value` lines, with a blank line after each.

use super::ID;
use crate::admin::token::{self, Tokens};
use crate::ctx::Limits;
use crate::error::{Error, Place};
use crate::model::{Account, Algorithm, Draft, Kind, Number, Vault};
use crate::report::Skip;

const SERIAL: &str = "sccAuthenticatorId:";
const DATA: &str = "sccTokenData:";
const MODEL: &str = "sccTokenType:";

pub(super) fn is_own(text: &str) -> bool {
    text.lines().any(|line| line.starts_with(SERIAL)) && text.lines().any(|line| line.starts_with(DATA))
}

pub(super) fn decode(text: &str, limits: &Limits) -> Result<Vault, Error> {
    let mut tokens = Tokens::new(ID, "SafeWord records", limits);
    let mut record = Record::default();
    for (at, line) in text.lines().chain([""]).enumerate() {
        let value = |name: &str| line.strip_prefix(name).map(str::trim);
        match () {
            () if line.trim().is_empty() => {
                let record = std::mem::take(&mut record);
                if record != Record::default() {
                    tokens.take(record.read(), record.serial, &Place::Line(record.line))?;
                }
            }
            () => {
                record.serial = value(SERIAL).unwrap_or(record.serial);
                record.model = value(MODEL).unwrap_or(record.model);
                if let Some(data) = value(DATA) {
                    record.data = data;
                    record.line = at.saturating_add(1);
                }
            }
        }
    }
    Ok(tokens.finish())
}

/// The lines of a block that count.
#[derive(Default, PartialEq, Eq)]
struct Record<'t> {
    serial: &'t str,
    model: &'t str,
    /// `key=value;` after `key=value;`.
    data: &'t str,
    line: usize,
}

impl<'t> Record<'t> {
    fn value(&self, key: &str) -> &'t str {
        let pairs = self.data.split(';').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(name, _)| name.trim() == key).map_or("", |(_, value)| value.trim())
    }

    fn read(&self) -> Result<Account, Skip> {
        if self.serial.is_empty() {
            return Err(Skip::new(Skip::MISSING_FIELD, "the record has no serial number"));
        }
        let kind = match self.value("sccMode") {
            "E" => Kind::Hotp,
            // With it their steps are counted from 2000 on, by apps and servers of others from 1970.
            "T" if !self.value("sccPrTime").is_empty() => {
                let message = "the clock of this token begins in 2000, and no app shows its codes";
                return Err(Skip::new(Skip::UNKNOWN_KIND, message));
            }
            "T" => Kind::Totp,
            _ => return Err(Skip::new(Skip::UNKNOWN_KIND, "the mode of the token is not known")),
        };
        let mut draft = Draft::new(kind, token::hex_secret(self.value("sccKey"))?);
        draft.algorithm = match self.value("crypto") {
            "HmacSHA256" => Some(Algorithm::Sha256),
            other => Draft::read_algorithm(other)?,
        };
        draft.digits = Number::parse(self.value("sccPwLen"));
        draft.period = Number::parse(self.value("sccTick"));
        let mut account = token::account(draft.build()?, self.serial);
        account.device = token::device(self.serial, "", self.model);
        Ok(account)
    }
}
