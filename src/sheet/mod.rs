//! Sheets: QR codes for a phone to scan, with the key beside each for typing.
//!
//! A [`Sheet`] is the same whatever it becomes: a page, paper, pictures, or codes on the terminal. The command
//! works out what fits ([`Packing::fit`]), draws it ([`Packing::draw`]), and reports what became of every account.

pub(crate) mod card;
pub(crate) mod page;
#[cfg(feature = "pdf")]
pub(crate) mod paper;
pub(crate) mod pictures;
mod target;
pub(crate) mod terminal;

use otpferry_formats::model::{Account, Vault};
use otpferry_formats::report::Item;
use otpferry_formats::targets::Found;
use otpferry_formats::{Fit, Form, Limits, Part, TokenOptions, registry};
use rayon::prelude::*;

use crate::draw::{self, Qr};
use crate::encode;
use crate::failure::{Exit, Failure};
use crate::proof::{self, Proved};

/// Codes to scan, in the order of the old phone, and the accounts that have none.
pub(crate) struct Sheet {
    pub(crate) cards: Vec<Card>,
    /// Accounts and entries without a code on the sheet, each with its reason and what to do.
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

impl Sheet {
    /// How many accounts the codes hold.
    pub(crate) fn accounts(&self) -> usize {
        self.cards.iter().map(|card| card.accounts().len()).sum()
    }
}

impl Card {
    /// The accounts in the code.
    pub(crate) fn accounts(&self) -> &[Account] {
        match &self.content {
            Content::One(account) => std::slice::from_ref(account),
            Content::Several(accounts) => accounts,
        }
    }
}

impl Packing {
    /// What the codes say.
    pub(crate) fn form(self) -> Result<Form, Failure> {
        let name = match self {
            Self::Single => "otpauth",
            Self::Migration { .. } => "google-migration",
        };
        let form = registry::by_name(name).and_then(|format| Form::named(format, ""));
        form.ok_or_else(|| Failure::new(Exit::Internal, "a format of QR codes is missing"))
    }

    /// What would become of each account on a sheet, for any app or for one.
    ///
    /// # Errors
    /// [`Exit::Internal`] only.
    pub(crate) fn fit(self, accounts: &[Account], target: Option<Found>) -> Result<Vec<Fit>, Failure> {
        let form = self.form()?;
        let mut fits = form.fit(accounts);
        for (account, fit) in accounts.iter().zip(&mut fits) {
            if fit.refused.is_none() && is_too_long(form, account) {
                *fit = Fit::refuse(
                    "too-long-for-qr",
                    "it is too long for a QR code",
                    "Shorten its names, or move it with a file: see `otpferry convert`",
                );
            }
        }
        if let Some(target) = target {
            target::judge(self, &mut fits, accounts, target);
        }
        Ok(fits)
    }

    /// Puts accounts that fit into QR codes, and reads each of them again.
    ///
    /// # Errors
    /// [`Exit::CodesDiffer`] when a code does not show what it should; [`Exit::Limit`] when the
    /// transfer would take more codes than one may have.
    pub(crate) fn draw(self, kept: Vec<Account>) -> Result<(Vec<Card>, Proved), Failure> {
        let mut proved = Proved::default();
        if kept.is_empty() {
            return Ok((Vec::new(), proved));
        }
        let form = self.form()?;
        let parts = encode_all(form, &kept, self.per_qr())?;
        let (limits, tokens) = (Limits::default(), TokenOptions::default());
        let held = |payload: &Part| proof::read_again(form.format, &payload.0, None, &limits, &tokens);
        let held: Vec<usize> =
            parts.par_iter().map(|payload| held(payload).map(|read| read.len())).collect::<Result<_, _>>()?;
        let mut left = kept.into_iter();
        let own: Vec<Vec<Account>> =
            held.into_iter().map(|held| left.by_ref().take(held).collect()).collect();
        if left.next().is_some() {
            return Err(Failure::new(Exit::Internal, "an account was not written"));
        }
        let card = |(payload, own): (Part, Vec<Account>)| {
            let proved = proof::prove(form.format, &own, &payload.0, None, &limits, &tokens)?;
            let qr = Qr::of(&payload.0)?;
            Ok((proved, Card { payload, qr, content: self.content(own)? }))
        };
        let drawn: Vec<(Proved, Card)> =
            parts.into_par_iter().zip(own).map(card).collect::<Result<_, Failure>>()?;
        let mut cards = Vec::with_capacity(drawn.len());
        for (of_card, card) in drawn {
            proved.append(of_card);
            cards.push(card);
        }
        Ok((cards, proved))
    }

    fn per_qr(self) -> u8 {
        match self {
            Self::Single => 1,
            Self::Migration { per_qr } => per_qr,
        }
    }

    fn content(self, mut accounts: Vec<Account>) -> Result<Content, Failure> {
        match (self, accounts.len()) {
            (Self::Migration { .. }, 1..) => Ok(Content::Several(accounts)),
            (Self::Single, 1) => Ok(Content::One(Box::new(accounts.swap_remove(0)))),
            _ => Err(Failure::new(Exit::Internal, "a QR code holds other accounts than it should")),
        }
    }
}

fn is_too_long(form: Form, account: &Account) -> bool {
    let parts = encode_all(form, std::slice::from_ref(account), 1);
    parts.map_or(true, |parts| parts.iter().any(|part| part.0.len() > draw::MOST_BYTES))
}

fn encode_all(form: Form, accounts: &[Account], per_qr: u8) -> Result<Vec<Part>, Failure> {
    let vault = Vault { accounts: accounts.to_vec(), ..Vault::default() };
    encode::encode(form, &vault, None, &Limits::default(), per_qr, &TokenOptions::default())
        .map_err(Failure::from)
}

#[cfg(test)]
impl Sheet {
    /// The sheet of these accounts.
    pub(crate) fn of(accounts: Vec<Account>, packing: Packing) -> Result<Self, Failure> {
        let mut sheet = Self { cards: Vec::new(), left_out: Vec::new() };
        let fits = packing.fit(&accounts, None)?;
        let mut kept = Vec::new();
        for (account, fit) in accounts.into_iter().zip(fits) {
            match fit.refused {
                Some(refusal) => {
                    sheet.left_out.push(
                        Item::about(&account, refusal.code, refusal.message).next_step(refusal.next_step),
                    );
                }
                None => kept.push(account),
            }
        }
        sheet.cards = packing.draw(kept)?.0;
        Ok(sheet)
    }
}
