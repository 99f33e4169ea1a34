//! The XML of SafeNet (Aladdin): HOTP tokens of six digits.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use zeroize::Zeroizing;

use super::ID;
use crate::admin::token::{self, Tokens};
use crate::container::prefs;
use crate::ctx::Limits;
use crate::error::{Error, Place};
use crate::model::{Account, Algorithm, Draft, Kind, Number, Vault};
use crate::report::Skip;
use crate::text::xml;

/// The root that no other file has, with the only child that it can have.
pub(super) fn is_own(text: &str) -> bool {
    xml::has_root(text, "Tokens") && (text.contains("<Token ") || text.contains("<Token>"))
}

/// A token as its elements describe it.
#[derive(Default)]
struct Token {
    serial: String,
    model: String,
    seed: Zeroizing<String>,
    counter: String,
}

pub(super) fn decode(text: &str, limits: &Limits) -> Result<Vault, Error> {
    let mut tokens = Tokens::new(ID, "SafeNet XML", limits);
    for (at, token) in parse(text, limits)?.into_iter().enumerate() {
        let number = at.saturating_add(1);
        let name = if token.serial.is_empty() { format!("token {number}") } else { token.serial.clone() };
        tokens.take(token.read(), &name, &Place::Entry(number))?;
    }
    Ok(tokens.finish())
}

fn parse(text: &str, limits: &Limits) -> Result<Vec<Token>, Error> {
    let mut reader = Reader::from_str(text);
    let mut tokens: Vec<Token> = Vec::new();
    let mut content = Zeroizing::new(String::new());
    let mut depth = 0_usize;
    loop {
        match reader.read_event().map_err(|_| prefs::damaged(reader.error_position()))? {
            Event::Start(tag) => {
                depth = depth.saturating_add(1);
                content.clear();
                tokens.extend(Token::open(&tag));
            }
            Event::Empty(tag) => tokens.extend(Token::open(&tag)),
            Event::Text(text) => content.push_str(&text),
            Event::CData(text) => content.push_str(&text),
            Event::GeneralRef(entity) => content.extend(xml::character(&entity)),
            Event::End(tag) => {
                depth = depth.saturating_sub(1);
                if let Some(token) = tokens.last_mut() {
                    token.close(tag.local_name().as_ref(), content.trim());
                }
                content.clear();
            }
            Event::Eof => break,
            _ => {}
        }
        limits.check_accounts(tokens.len())?;
    }
    if depth == 0 { Ok(tokens) } else { Err(prefs::damaged(reader.buffer_position())) }
}

impl Token {
    fn open(tag: &BytesStart<'_>) -> Option<Self> {
        let serial = || xml::attribute(tag, "serial").unwrap_or_default().trim().to_owned();
        (tag.local_name().as_ref() == "Token").then(|| Self { serial: serial(), ..Self::default() })
    }

    fn close(&mut self, name: &str, content: &str) {
        match name {
            "ProductName" => content.clone_into(&mut self.model),
            "Seed" => self.seed = Zeroizing::new(content.to_owned()),
            "MovingFactor" => content.clone_into(&mut self.counter),
            _ => {}
        }
    }

    fn read(&self) -> Result<Account, Skip> {
        if self.serial.is_empty() {
            return Err(Skip::new(Skip::MISSING_FIELD, "the token has no serial number"));
        }
        let mut draft = Draft::new(Kind::Hotp, token::hex_secret(&self.seed)?);
        draft.algorithm = (draft.secret.expose().len() == 32).then_some(Algorithm::Sha256);
        draft.counter = Number::parse(&self.counter);
        let mut account = token::account(draft.build()?, &self.serial);
        account.device = token::device(&self.serial, "", &self.model);
        Ok(account)
    }
}
