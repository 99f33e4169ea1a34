//! Reading with the columns that the user says.

use data_encoding::{BASE64, BASE64_NOPAD};
use zeroize::Zeroizing;

use super::ID;
use super::layout::{Column, Encoding, Field, Layout};
use super::table::{Line, Table};
use crate::admin::options::{TokenOptions, TokenType};
use crate::admin::token::{self, Tokens};
use crate::ctx::Limits;
use crate::error::Error;
use crate::model::{Account, Draft, Kind, Number, Otp, Secret, Vault};
use crate::open::otpauth;
use crate::report::Skip;
use crate::text::base32;
use crate::text::csv::{self, Row};

pub(super) fn decode(text: &str, said: &TokenOptions, limits: &Limits) -> Result<Vault, Error> {
    let layout = &said.layout;
    let table = Table::parse(text, layout, limits)?;
    let mut tokens = Tokens::new(ID, "table", limits);
    for Line { row, wrong } in table.lines {
        let cells = Cells::of(&row, layout, &table.places);
        let name = if wrong.is_some() { "" } else { cells.shown_name() };
        let account = wrong.map_or_else(|| cells.read(said), Err);
        let is_hotp = account.as_ref().is_ok_and(|account| account.kind() == Kind::Hotp);
        tokens.take(account, name, &row.place())?;
        if is_hotp && cells.counter().is_empty() && cells.get(&Field::Uri).is_empty() {
            tokens.warn_of_last(
                "counter-unknown",
                "the file does not say how often it was used; 0 is taken",
                "Resynchronise it on its server if its codes are refused",
            );
        }
    }
    let mut vault = tokens.finish();
    vault.warnings.extend(table.warning);
    Ok(vault)
}

/// One row: what stands for each field.
struct Cells<'a>(Vec<(&'a Column, &'a str)>);

impl<'a> Cells<'a> {
    fn of(row: &'a Row, layout: &'a Layout, places: &[csv::Column]) -> Self {
        let cells = layout.columns.iter().zip(places);
        Self(cells.map(|(column, place)| (column, row.get(*place))).collect())
    }

    fn fields(&self) -> impl Iterator<Item = (&'a Field, &'a str)> {
        self.0.iter().map(|(column, cell)| (&column.field, *cell))
    }

    fn get(&self, wanted: &Field) -> &'a str {
        self.fields().find(|(field, _)| *field == wanted).map_or("", |(_, cell)| cell)
    }

    fn counter(&self) -> &'a str {
        let is_counter = |field: &Field| matches!(field, Field::Counter | Field::CounterBytes);
        self.fields().find(|(field, _)| is_counter(field)).map_or("", |(_, cell)| cell)
    }

    fn secret(&self) -> Option<Result<Secret, Skip>> {
        self.fields().find_map(|(field, cell)| match field {
            Field::Secret(encoding) => Some(encoding.read(cell)),
            _ => None,
        })
    }

    fn user(&self) -> &'a str {
        let users = [Field::User, Field::Upn, Field::Email].map(|field| self.get(&field));
        users.into_iter().find(|user| !user.is_empty()).unwrap_or_default()
    }

    /// What the token is known by.
    fn name(&self) -> &'a str {
        let names = [self.get(&Field::Label), self.user(), self.get(&Field::Serial)];
        names.into_iter().find(|name| !name.is_empty()).unwrap_or_default()
    }

    /// The same for messages: with other columns than were said, a key may stand there.
    fn shown_name(&self) -> &'a str {
        let is_known = self.secret().is_some_and(|secret| secret.is_ok()) && !csv::may_be_key(self.name());
        if is_known { self.name() } else { "" }
    }

    fn read(&self, said: &TokenOptions) -> Result<Account, Skip> {
        let differs =
            |(field, cell): (&Field, &str)| matches!(field, Field::Text(text) if text.trim() != cell);
        if self.fields().any(differs) {
            let message = "a column with the same text in every row has another one here";
            return Err(Skip::new(Skip::NOT_AN_ACCOUNT, message));
        }
        // Which of period and counter a row has is known with its kind.
        self.check_filled(|field| {
            !matches!(field, Field::Period | Field::Counter | Field::CounterBytes | Field::Text(_))
        })?;
        let mut account = match self.get(&Field::Uri) {
            "" => token::account(self.otp(said)?, self.name()),
            link => self.linked(link)?,
        };
        if account.kind() == Kind::Hotp {
            self.check_filled(|field| matches!(field, Field::Counter | Field::CounterBytes))?;
        } else {
            self.check_filled(|field| *field == Field::Period)?;
            if !self.counter().is_empty() {
                let message = "it has a counter, and nothing says that it is hotp";
                return Err(Skip::new(Skip::BAD_COUNTER, message));
            }
        }
        let [label, issuer] = [Field::Label, Field::Issuer].map(|field| self.get(&field));
        if !label.is_empty() {
            label.clone_into(&mut account.name);
        }
        if !issuer.is_empty() {
            issuer.clone_into(&mut account.issuer);
        }
        account.user = Some(self.user().to_owned()).filter(|user| !user.is_empty());
        let [serial, manufacturer, model] =
            [Field::Serial, Field::Manufacturer, Field::Model].map(|field| self.get(&field));
        account.device = token::device(serial, manufacturer, model);
        Ok(account)
    }

    /// Checks that no column is empty of those that may not be.
    fn check_filled(&self, is_meant: impl Fn(&Field) -> bool) -> Result<(), Skip> {
        let is_missing = |(column, cell): &&(&Column, &str)| {
            cell.is_empty() && !column.may_be_empty && is_meant(&column.field)
        };
        match self.0.iter().find(is_missing).map(|(column, _)| &column.field) {
            None => Ok(()),
            Some(Field::Secret(_) | Field::Uri) => Err(Skip::new(Skip::NO_SECRET, "the row has no secret")),
            Some(field) => {
                let name = field.name();
                let message = format!("it has nothing for {name}, and --columns does not say {name}?");
                Err(Skip::new(Skip::MISSING_FIELD, message))
            }
        }
    }

    fn otp(&self, said: &TokenOptions) -> Result<Otp, Skip> {
        let kind = match self.get(&Field::Type).to_ascii_lowercase().as_str() {
            "" if matches!(said.token_type, Some(TokenType::Hotp(_))) => Kind::Hotp,
            "" | "totp" => Kind::Totp,
            "hotp" => Kind::Hotp,
            _ => return Err(Skip::new(Skip::UNKNOWN_KIND, "its type is neither totp nor hotp")),
        };
        let no_secret = || Skip::new(Skip::NO_SECRET, "the row has no secret");
        let mut draft = said.draft(kind, self.secret().ok_or_else(no_secret)??);
        for (field, cell) in self.fields().filter(|(_, cell)| !cell.is_empty()) {
            match field {
                Field::Digits => draft.digits = Number::parse(cell),
                Field::Period => draft.period = Number::parse(cell),
                Field::Algorithm => draft.algorithm = Draft::read_algorithm(cell)?,
                Field::Counter => draft.counter = Number::parse(cell),
                Field::CounterBytes => draft.counter = counter_of(cell),
                _ => {}
            }
        }
        draft.build()
    }

    /// The account of a link, when the columns beside it say the same.
    fn linked(&self, link: &str) -> Result<Account, Skip> {
        let linked = otpauth::parse(link).map_err(|(skip, _)| skip)?;
        let Some(otp @ (Otp::Totp { .. } | Otp::Hotp { .. })) = linked.otp() else {
            return Err(Skip::new(Skip::UNKNOWN_KIND, "its link is neither for totp nor for hotp"));
        };
        for (field, cell) in self.fields().filter(|(_, cell)| !cell.is_empty()) {
            if !field.agrees(cell, otp)? {
                let message = "the link and the columns beside it say different things";
                return Err(Skip::new(Skip::MISSING_FIELD, message));
            }
        }
        let mut account = token::account(otp.clone(), &linked.name);
        account.issuer.clone_from(&linked.issuer);
        Ok(account)
    }
}

impl Field {
    /// Whether a cell says the same about codes.
    fn agrees(&self, cell: &str, otp: &Otp) -> Result<bool, Skip> {
        let is = |number: Number, own: Option<u64>| own.is_none_or(|own| number == Number::Of(own.into()));
        Ok(match self {
            Self::Secret(encoding) => encoding.read(cell)? == *otp.secret(),
            Self::Type => cell.eq_ignore_ascii_case(otp.kind().name()),
            Self::Algorithm => Draft::read_algorithm(cell)? == Some(otp.algorithm()),
            Self::Digits => is(Number::parse(cell), Some(otp.digits().into())),
            Self::Period => is(Number::parse(cell), otp.period().map(u64::from)),
            Self::Counter => is(Number::parse(cell), otp.counter()),
            Self::CounterBytes => is(counter_of(cell), otp.counter()),
            _ => true,
        })
    }
}

impl Encoding {
    fn read(self, text: &str) -> Result<Secret, Skip> {
        match self {
            Self::Base32 => base32::secret(text),
            Self::Hex => token::hex_secret(text),
            Self::Base64 if text.is_empty() => Err(Skip::new(Skip::NO_SECRET, "the key is missing")),
            Self::Base64 => from_base64(text)
                .and_then(|mut bytes| Secret::new(std::mem::take(&mut *bytes)))
                .ok_or_else(|| Skip::new(Skip::BAD_SECRET, "the key is not base64")),
        }
    }
}

/// With or without padding.
fn from_base64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let text = text.as_bytes();
    BASE64.decode(text).or_else(|_| BASE64_NOPAD.decode(text)).ok().map(Zeroizing::new)
}

/// The number that bytes are, the highest first; zeros before it change nothing.
fn counter_of(text: &str) -> Number {
    let Some(bytes) = from_base64(text).filter(|bytes| !bytes.is_empty()) else { return Number::Invalid };
    let digits = bytes.iter().skip_while(|byte| **byte == 0);
    // No counter has more.
    if digits.clone().count() > size_of::<u64>() {
        return Number::Invalid;
    }
    Number::Of(digits.fold(0, |number, byte| (number << 8) | i128::from(*byte)))
}
