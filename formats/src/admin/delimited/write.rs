//! Writing the columns that the user says.

use std::borrow::Cow;

use data_encoding::BASE64;
use zeroize::Zeroizing;

use super::layout::{Column, Encoding, Field, Layout, Quoting};
use super::{APP, CAPS, WITHOUT_DEVICE, read};
use crate::admin::options::{TokenOptions, TokenType};
use crate::admin::token::{self, Serials};
use crate::caps::Fit;
use crate::ctx::Limits;
use crate::model::{Account, Algorithm, Kind, Otp};
use crate::open::otpauth;

pub(super) fn fit(account: &Account, given: &TokenOptions, serials: &mut Serials) -> Fit {
    let layout = &given.layout;
    let caps = if layout.has_device() { &CAPS } else { &WITHOUT_DEVICE };
    let fit = caps.check(account);
    let (None, Some(otp)) = (&fit.refused, account.otp()) else { return fit };
    let wrong =
        unsaid(otp, given).or_else(|| missing(account, otp, layout)).or_else(|| torn(account, otp, layout));
    if let Some(refused) = wrong {
        return refused;
    }
    let fit = token::fit(caps, account, || {
        read::decode(&encode(std::slice::from_ref(account), given), given, &Limits::default())
    });
    // Where a column may be empty, its numbers are not what the server knows tokens by.
    if layout.demands(&Field::Serial) { serials.check(fit, account, APP) } else { fit }
}

/// Refuses an account of which a column would have to say something that none says.
fn unsaid(otp: &Otp, given: &TokenOptions) -> Option<Fit> {
    let layout = &given.layout;
    if layout.has(|field| *field == Field::Uri) {
        return None;
    }
    let has = |field: Field| layout.has(|known| *known == field);
    let is_hotp = matches!(given.token_type, Some(TokenType::Hotp(_)));
    let has_counter = layout.has(|field| matches!(field, Field::Counter | Field::CounterBytes));
    let differs = |what: &str, column: &str| {
        Some(Fit::refuse(
            "no-column",
            format!("no column says {what}, and this account has another than the others"),
            format!(
                "Add the field {column} to --columns, or say it of all accounts of a file with --token-type, \
                --token-period or --token-algorithm"
            ),
        ))
    };
    match () {
        () if !has(Field::Type) && (otp.kind() == Kind::Hotp) != is_hotp => {
            differs("what the codes depend on", "type")
        }
        () if !has(Field::Digits) && otp.digits() != given.digits().get() => {
            differs("how long codes are", "digits")
        }
        () if !has(Field::Period) && otp.period().is_some_and(|period| period != given.period().get()) => {
            differs("how long a code lives", "period")
        }
        () if !has(Field::Algorithm) && otp.algorithm() != given.algorithm.unwrap_or(Algorithm::Sha1) => {
            differs("the hash", "algorithm")
        }
        () if !has_counter && otp.counter().is_some_and(|counter| counter > 0) => {
            differs("the counter", "counter")
        }
        () => None,
    }
}

/// Refuses an account that has nothing for a column which may not be empty.
fn missing(account: &Account, otp: &Otp, layout: &Layout) -> Option<Fit> {
    let user = token::user(account);
    if layout.demands(&Field::Serial) && token::serial(account).is_empty() {
        return Some(token::missing(APP, "a serial number", "serial"));
    }
    let has_domain =
        user.split_once('@').is_some_and(|(name, domain)| !name.is_empty() && !domain.is_empty());
    let message = match () {
        () if layout.demands(&Field::User) && user.is_empty() => "a login name",
        () if (layout.demands(&Field::Upn) || layout.demands(&Field::Email)) && !has_domain => {
            "a login name with a domain, such as maria@contoso.example"
        }
        () => return empty(account, otp, layout),
    };
    Some(Fit::refuse(
        "missing-user",
        format!("{APP} has {message} in every row, and none is known of this account"),
        "Write the accounts with -t otpferry, add the login as \"user\", and convert that file; or let the column be empty: user?",
    ))
}

/// Refuses an account that has no text for another column which may not be empty.
fn empty(account: &Account, otp: &Otp, layout: &Layout) -> Option<Fit> {
    let is_text =
        |field: &Field| matches!(field, Field::Issuer | Field::Label | Field::Manufacturer | Field::Model);
    let is_empty = |column: &&Column| {
        let demands = !column.may_be_empty && is_text(&column.field);
        demands && cell(&column.field, account, otp).trim().is_empty()
    };
    let name = layout.columns.iter().find(is_empty)?.field.name();
    Some(Fit::refuse(
        "missing-text",
        format!("{APP} has {name} in every row, and this account has none"),
        format!("Let the column be empty: {name}? in --columns"),
    ))
}

/// Refuses an account whose texts would become two cells, or another text when they are read.
fn torn(account: &Account, otp: &Otp, layout: &Layout) -> Option<Fit> {
    let cells = || layout.columns.iter().map(|column| cell(&column.field, account, otp));
    if cells().any(|cell| cell.contains(char::is_control)) {
        return Some(Fit::refuse(
            "has-control-characters",
            format!(
                "{APP} has a line for each account, and a text of this one has a line break or the like in it"
            ),
            "Write the name, user or serial number anew in the old app, and export again",
        ));
    }
    let is_torn = |cell: Zeroizing<String>| cell.contains(layout.delimiter);
    let is_quoted = layout.quoting != Quoting::Never;
    (!is_quoted && cells().any(is_torn)).then(|| {
        Fit::refuse(
            "has-delimiter",
            "one of its texts has the delimiter in it, and nothing is to be quoted",
            "Choose another one with --delimiter, or allow quotation marks with --quoting minimal",
        )
    })
}

impl Layout {
    /// Whether there is a column of that field which may not be empty.
    fn demands(&self, wanted: &Field) -> bool {
        self.columns.iter().any(|column| column.field == *wanted && !column.may_be_empty)
    }

    fn row<'c>(&self, cells: impl Iterator<Item = &'c str>) -> Zeroizing<String> {
        let mut row = Zeroizing::new(String::new());
        for (at, cell) in cells.enumerate() {
            if at > 0 {
                row.push(self.delimiter);
            }
            row.push_str(&self.quoted(cell));
        }
        row.push_str(self.line_ending.text());
        row
    }

    fn quoted<'c>(&self, cell: &'c str) -> Cow<'c, str> {
        let is_needed = || cell.contains([self.delimiter, '"', '\r', '\n']);
        match self.quoting {
            Quoting::Never => Cow::Borrowed(cell),
            Quoting::Minimal if !is_needed() => Cow::Borrowed(cell),
            Quoting::Minimal | Quoting::Always => Cow::Owned(format!("\"{}\"", cell.replace('"', "\"\""))),
        }
    }
}

pub(super) fn encode(accounts: &[Account], given: &TokenOptions) -> Zeroizing<String> {
    let layout = &given.layout;
    let mut text = Zeroizing::new(String::with_capacity(accounts.len().saturating_mul(200)));
    if layout.has_header {
        text.push_str(&layout.row(layout.columns.iter().map(|column| column.header.as_str())));
    }
    for (account, otp) in accounts.iter().filter_map(|account| Some((account, account.otp()?))) {
        let cells: Vec<_> = layout.columns.iter().map(|column| cell(&column.field, account, otp)).collect();
        text.push_str(&layout.row(cells.iter().map(|cell| cell.as_str())));
    }
    text
}

fn cell(field: &Field, account: &Account, otp: &Otp) -> Zeroizing<String> {
    let device = |part: fn(&crate::model::Device) -> &str| account.device.as_ref().map_or("", part);
    Zeroizing::new(match field {
        Field::User | Field::Upn | Field::Email => token::user(account).to_owned(),
        Field::Serial => token::serial(account).to_owned(),
        Field::Secret(encoding) => return encoding.write(otp),
        Field::Type => otp.kind().name().to_owned(),
        Field::Digits => otp.digits().to_string(),
        Field::Period => otp.period().map(|period| period.to_string()).unwrap_or_default(),
        Field::Algorithm => otp.algorithm().name().to_owned(),
        Field::Counter => otp.counter().map(|counter| counter.to_string()).unwrap_or_default(),
        Field::CounterBytes => otp.counter().map(bytes_of).unwrap_or_default(),
        Field::Issuer => account.issuer.clone(),
        Field::Label => account.name.clone(),
        Field::Manufacturer => device(|device| &device.manufacturer).to_owned(),
        Field::Model => device(|device| &device.model).to_owned(),
        Field::Uri => otpauth::write(account, otp),
        Field::Text(text) => text.clone(),
    })
}

impl Encoding {
    fn write(self, otp: &Otp) -> Zeroizing<String> {
        match self {
            Self::Base32 => otp.secret().to_base32(),
            Self::Hex => token::to_hex(otp),
            Self::Base64 => Zeroizing::new(BASE64.encode(otp.secret().expose())),
        }
    }
}

/// The bytes of a counter, without zeros before it but for one where the number would else seem to be negative.
fn bytes_of(counter: u64) -> String {
    let bytes = u128::from(counter).to_be_bytes();
    let mut rest = bytes.as_slice();
    while let [0, tail @ ..] = rest
        && tail.first().is_some_and(|next| *next < 0x80)
    {
        rest = tail;
    }
    BASE64.encode(rest)
}
