//! Sheets: QR codes for a phone to scan, with the key beside each for typing.
//!
//! A [`Sheet`] is the same whatever it becomes: a page, paper, pictures, or codes on the terminal.

mod card;
pub(crate) mod page;

use otpferry_formats::model::{Account, Vault};
use otpferry_formats::report::Item;
use otpferry_formats::{Fit, Form, Limits, Part, registry};
use rayon::prelude::*;
use zeroize::Zeroizing;

use crate::draw::{self, Qr};
use crate::encode;
use crate::failure::{Exit, Failure};
use crate::proof;

/// Codes to scan, in the order of the old phone, and the accounts that have none.
pub(crate) struct Sheet {
    pub(crate) cards: Vec<Card>,
    /// Accounts without a code on the sheet, each with its reason and what to do.
    pub(crate) left_out: Vec<Item>,
}

/// One QR code and what is in it. The code was read again, and shows the same codes as the account.
pub(crate) struct Card {
    /// What the QR code says.
    pub(crate) payload: Part,
    pub(crate) qr: Qr,
    pub(crate) content: Content,
}

/// What one QR code holds.
pub(crate) enum Content {
    /// One account, for any app that scans.
    One(Box<Account>),
    /// Several accounts, for Google Authenticator and those that read its transfer codes.
    Several(Vec<Account>),
}

/// How accounts are put into QR codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    /// One account in each.
    Single,
    /// Transfer codes of Google Authenticator, with at most so many accounts in each.
    Migration { per_qr: u8 },
}

impl Packing {
    fn form(self) -> Result<Form, Failure> {
        let name = match self {
            Self::Single => "otpauth",
            Self::Migration { .. } => "google-migration",
        };
        let form = registry::by_name(name).and_then(|format| Form::named(format, ""));
        form.ok_or_else(|| Failure::new(Exit::Internal, "a format of QR codes is missing"))
    }
}

impl Sheet {
    /// Puts accounts into QR codes and reads each of them again.
    ///
    /// # Errors
    /// [`Exit::CodesDiffer`] when a code does not show what it should; [`Exit::Limit`] when the
    /// transfer would take more codes than one may have.
    pub(crate) fn of(accounts: Vec<Account>, packing: Packing) -> Result<Self, Failure> {
        let form = packing.form()?;
        let mut sheet = Self { cards: Vec::new(), left_out: Vec::new() };
        let mut kept = Vec::with_capacity(accounts.len());
        for (account, fit) in accounts.iter().zip(form.fit(&accounts)) {
            match left_out(form, account, fit) {
                Some(item) => sheet.left_out.push(item),
                None => kept.push(account.clone()),
            }
        }
        sheet.cards = match packing {
            Packing::Single => kept.into_par_iter().map(|account| single(form, account)).collect(),
            Packing::Migration { per_qr } => migration(form, kept, per_qr),
        }?;
        Ok(sheet)
    }
}

/// Why an account has no QR code on this sheet.
fn left_out(form: Form, account: &Account, fit: Fit) -> Option<Item> {
    let refusal = match fit.refused {
        Some(refusal) => refusal,
        None if is_too_long(form, account) => {
            Fit::refuse(
                "too-long-for-qr",
                "it is too long for a QR code",
                "Shorten its names, or move it with a file: see `otpferry convert`",
            )
            .refused?
        }
        None => return None,
    };
    Some(Item::about(account, refusal.code, refusal.message).next_step(refusal.next_step))
}

fn is_too_long(form: Form, account: &Account) -> bool {
    let parts = encode_all(form, std::slice::from_ref(account), 1);
    parts.map_or(true, |parts| parts.iter().any(|part| part.0.len() > draw::MOST_BYTES))
}

fn encode_all(form: Form, accounts: &[Account], per_qr: u8) -> Result<Vec<Part>, Failure> {
    let vault = Vault { accounts: accounts.to_vec(), ..Vault::default() };
    encode::encode(form, &vault, None, &Limits::default(), per_qr).map_err(Failure::from)
}

fn single(form: Form, account: Account) -> Result<Card, Failure> {
    let wanted = std::slice::from_ref(&account);
    let payload = encode_all(form, wanted, 1)?.pop();
    let payload = payload.ok_or_else(|| Failure::new(Exit::Internal, "an account was not written"))?;
    proof::prove(form.format, wanted, &payload.0, None, &Limits::default())?;
    let qr = Qr::of(&payload.0)?;
    Ok(Card { payload, qr, content: Content::One(Box::new(account)) })
}

fn migration(form: Form, accounts: Vec<Account>, per_qr: u8) -> Result<Vec<Card>, Failure> {
    let parts = encode_all(form, &accounts, per_qr)?;
    let joined = Zeroizing::new(parts.iter().map(|part| part.0.as_slice()).collect::<Vec<_>>().join(&b'\n'));
    proof::prove(form.format, &accounts, &joined, None, &Limits::default())?;
    let mut left = accounts.into_iter();
    let cards = parts.into_iter().map(|payload| {
        let held = proof::read_again(form.format, &payload.0, None, &Limits::default())?.len();
        let qr = Qr::of(&payload.0)?;
        Ok(Card { payload, qr, content: Content::Several(left.by_ref().take(held).collect()) })
    });
    cards.collect()
}
