//! The settings file `winauth.xml` of version 3, as far as it is not encrypted.

use data_encoding::HEXUPPER_PERMISSIVE;
use jiff::Timestamp;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use zeroize::Zeroizing;

use super::ID;
use crate::container::prefs;
use crate::ctx::Ctx;
use crate::error::{Error, Place};
use crate::model::{Account, Credential, Draft, Kind, Number, Origin, Otp, Secret, Vault};
use crate::report::Skip;
use crate::text::xml;

/// One `<WinAuthAuthenticator>`.
#[derive(Default)]
struct Entry {
    kind: String,
    name: String,
    created: Option<Timestamp>,
    /// Letters of the layers of encryption.
    encrypted: Option<String>,
    secret_data: Zeroizing<String>,
}

/// Whether a text is such a file.
pub(super) fn sniff(text: &str) -> bool {
    xml::has_root(text, "WinAuth")
}

pub(super) fn decode(text: &str, ctx: &Ctx<'_>) -> Result<Vault, Error> {
    if !sniff(text) {
        return Err(Error::malformed("the XML is not the settings of WinAuth").at(Place::Line(1)));
    }
    let entries = read_entries(text, ctx)?;
    let mut vault = Vault { variant: "winauth.xml".to_owned(), ..Vault::default() };
    for (index, entry) in entries.into_iter().enumerate() {
        let (issuer, name) = names(&entry);
        match read_otp(&entry) {
            Ok(otp) => {
                let mut account = Account::new(Credential::Otp(otp), issuer, name);
                account.created = entry.created;
                account.origin = Origin { format: ID.to_owned(), index, ..Origin::default() };
                vault.accounts.push(account);
            }
            Err(skip) => vault.skipped.push(skip.item(index, &issuer, &name)),
        }
    }
    Ok(vault)
}

fn read_entries(text: &str, ctx: &Ctx<'_>) -> Result<Vec<Entry>, Error> {
    let mut reader = Reader::from_str(text);
    let mut entries: Vec<Entry> = Vec::new();
    let mut path: Vec<String> = Vec::new();
    let mut content = Zeroizing::new(String::new());
    loop {
        let event = reader.read_event().map_err(|_| prefs::damaged(reader.error_position()))?;
        match event {
            Event::Start(tag) => {
                content.clear();
                enter(&mut path, &tag, reader.buffer_position())?;
                open(&path, &tag, &mut entries)?;
            }
            // What has no content can still be an account, or say that it is encrypted.
            Event::Empty(tag) => {
                content.clear();
                enter(&mut path, &tag, reader.buffer_position())?;
                open(&path, &tag, &mut entries)?;
                path.pop();
            }
            Event::Text(text) => content.push_str(&text),
            Event::CData(text) => content.push_str(&text),
            Event::GeneralRef(entity) => {
                let character = xml::character(&entity);
                content.push(character.ok_or_else(|| prefs::damaged(reader.buffer_position()))?);
            }
            Event::End(_) => {
                close(&path, &content, entries.last_mut());
                path.pop();
                content.clear();
            }
            Event::Eof => break,
            _ => {}
        }
        ctx.limits.check_accounts(entries.len())?;
    }
    if path.is_empty() { Ok(entries) } else { Err(prefs::damaged(reader.buffer_position())) }
}

/// Elements without end tags take many times their length in the path.
fn enter(path: &mut Vec<String>, tag: &BytesStart<'_>, position: u64) -> Result<(), Error> {
    if path.len() >= prefs::MAX_DEPTH {
        return Err(prefs::damaged(position));
    }
    path.push(tag.local_name().as_ref().to_owned());
    Ok(())
}

fn open(path: &[String], tag: &BytesStart<'_>, entries: &mut Vec<Entry>) -> Result<(), Error> {
    match (path, entries.last_mut()) {
        ([_, data], _) if data == "data" => {
            let letters = xml::attribute(tag, "encrypted").unwrap_or_default();
            return Err(Error::unsupported(format!("the settings are protected {}", layers(&letters)))
                .next_step("In WinAuth on that computer, open the menu > Export and save as a text file"));
        }
        ([.., one], _) if one == "WinAuthAuthenticator" => {
            let kind = xml::attribute(tag, "type").unwrap_or_default();
            entries.push(Entry { kind, ..Entry::default() });
        }
        ([.., one], Some(entry)) if one == "authenticatordata" => {
            entry.encrypted = xml::attribute(tag, "encrypted").filter(|letters| !letters.is_empty());
        }
        _ => {}
    }
    Ok(())
}

fn close(path: &[String], content: &str, entry: Option<&mut Entry>) {
    let (Some(entry), [.., parent, name]) = (entry, path) else { return };
    match (parent.as_str(), name.as_str()) {
        ("WinAuthAuthenticator", "name") => content.clone_into(&mut entry.name),
        ("WinAuthAuthenticator", "created") => {
            // 0 is no date of an account.
            let time = content.trim().parse().ok().filter(|time: &i64| *time > 0);
            entry.created = time.and_then(|time| Timestamp::from_millisecond(time).ok());
        }
        ("authenticatordata", "secretdata") => entry.secret_data = Zeroizing::new(content.trim().to_owned()),
        _ => {}
    }
}

/// What protects a secret, by the letters that the app notes.
fn layers(letters: &str) -> String {
    let names: Vec<&str> = letters
        .chars()
        .map(|letter| match letter {
            'y' => "by a password",
            'u' => "by the Windows account (DPAPI)",
            'm' => "by the Windows computer (DPAPI)",
            'a' | 'b' => "by a YubiKey",
            _ => "in a way that is not known",
        })
        .collect();
    names.join(" and ")
}

/// A name `Issuer (account)` is split as the app's own export does. Steam and Battle.net say by
/// their type what they are.
fn names(entry: &Entry) -> (String, String) {
    let split = entry.name.split_once('(').and_then(|(issuer, rest)| {
        let (account, after) = rest.split_once(')')?;
        let trimmed = issuer.trim_end();
        let is_name = !trimmed.is_empty() && trimmed.len() < issuer.len();
        is_name.then(|| (trimmed.to_owned(), format!("{account}{after}")))
    });
    let issuer = match type_name(entry) {
        "SteamAuthenticator" => "Steam",
        "BattleNetAuthenticator" => "BattleNet",
        _ => "",
    };
    split.unwrap_or_else(|| (issuer.to_owned(), entry.name.clone()))
}

/// The type without its namespace.
fn type_name(entry: &Entry) -> &str {
    entry.kind.rsplit('.').next().unwrap_or_default()
}

/// `HEXKEY <tab> digits <tab> algorithm <tab> period`, and after bars what the type needs.
fn read_otp(entry: &Entry) -> Result<Otp, Skip> {
    if let Some(letters) = &entry.encrypted {
        return Err(Skip::new(Skip::LOCKED_SECRET, format!("its secret is protected {}", layers(letters))));
    }
    let kind = match type_name(entry) {
        "HOTPAuthenticator" => Kind::Hotp,
        "SteamAuthenticator" => Kind::Steam,
        "GoogleAuthenticator"
        | "MicrosoftAuthenticator"
        | "BattleNetAuthenticator"
        | "TrionAuthenticator"
        | "GuildWarsAuthenticator"
        | "OktaVerifyAuthenticator" => Kind::Totp,
        _ => return Err(Skip::new(Skip::UNKNOWN_KIND, "its type is not one that WinAuth is known to have")),
    };
    let mut parts = entry.secret_data.split('|');
    let mut fields = parts.next().unwrap_or_default().split('\t');
    let mut draft = Draft::new(kind, read_key(fields.next().unwrap_or_default())?);
    draft.digits = fields.next().map_or(Number::Absent, Number::parse);
    draft.algorithm = Draft::read_algorithm(fields.next().unwrap_or_default())?;
    draft.period = fields.next().map_or(Number::Absent, Number::parse);
    if draft.digits == Number::Absent {
        return Err(Skip::new(Skip::MISSING_FIELD, "its number of digits is missing"));
    }
    if kind == Kind::Hotp {
        draft.counter = parts.next().map_or(Number::Absent, Number::parse);
        if draft.counter == Number::Absent {
            return Err(Skip::new(Skip::MISSING_FIELD, "its counter is missing"));
        }
    }
    draft.build()
}

fn read_key(hex: &str) -> Result<Secret, Skip> {
    if hex.is_empty() {
        return Err(Skip::new(Skip::NO_SECRET, "the secret is empty"));
    }
    HEXUPPER_PERMISSIVE
        .decode(hex.as_bytes())
        .ok()
        .and_then(Secret::new)
        .ok_or_else(|| Skip::new(Skip::BAD_SECRET, "the secret is not hexadecimal"))
}
