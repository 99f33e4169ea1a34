//! Texts of URIs: one a line, comma lists, comments, a JSON array of them. `otpauth` and
//! `google-migration` lines can be mixed, so both formats read through here.

use serde::Deserialize;

use super::label::Names;
use super::{foreign, google_migration, otpauth};
use crate::ctx::{Ctx, Limits};
use crate::error::{Error, Place};
use crate::format::Input;
use crate::model::{Account, BatchPart, Vault, merge};
use crate::report::{Item, Skip};
use crate::text::json;

/// Google's transfer codes.
pub(super) const MIGRATION: &str = "otpauth-migration://";

/// Beginnings of URIs that are read, the longest first where one ends another.
const SCHEMES: &[&str] = &[MIGRATION, "apple-otpauth://", "otpauth://", "motp:/", "steam://"];

/// The layout of cotp's JSON export of URIs.
#[derive(Deserialize)]
struct Items {
    items: Vec<String>,
}

/// Whether a line holds a URI of one of the schemes, and which.
pub(super) fn scheme_of(line: &str) -> Option<&'static str> {
    let starts = starts(line);
    starts.first().map(|(_, scheme)| *scheme)
}

/// Lines that count: not blank, no comment.
pub(super) fn significant_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(at, line)| (at + 1, line.trim()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

/// Reads a text of URIs.
pub(super) fn decode(input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
    let text = input.text()?;
    let mut list = List::default();
    if text.trim_start().starts_with('{') {
        let items: Items = json::parse(&text)?;
        for (at, uri) in items.items.iter().enumerate() {
            list.push(uri, Place::Json(format!("/items/{at}")), ctx.limits)?;
        }
        return list.finish("JSON list of URIs");
    }
    for (line, content) in significant_lines(&text) {
        for uri in split(content) {
            list.push(uri, Place::Line(line), ctx.limits)?;
        }
    }
    list.finish("list of URIs")
}

/// Cuts a line into its URIs. Text before a single one is dropped; lists have commas or blanks
/// between. Where it is not plain what belongs to a URI the line is returned whole, and fails as
/// such: words after a secret must never become a part of it.
fn split(line: &str) -> Vec<&str> {
    let starts = starts(line);
    let ends = starts.iter().skip(1).map(|(at, _)| *at).chain([line.len()]);
    let raw: Vec<&str> = starts.iter().zip(ends).filter_map(|((from, _), to)| line.get(*from..to)).collect();
    let pieces: Vec<&str> = raw.iter().map(|piece| piece.trim_end_matches(is_separator)).collect();
    let listed = |(raw, piece): (&&str, &&str)| {
        raw.trim_end().ends_with([',', ';']) || !piece.contains(char::is_whitespace)
    };
    match (starts.as_slice(), pieces.split_last()) {
        ([_], Some((only, _))) => vec![only.trim_end_matches(['"', '\'', '>'])],
        ([(0, _), ..], Some((_, head))) if raw.iter().zip(head).all(listed) => pieces,
        ([], _) => vec![line],
        _ => vec![""],
    }
}

fn is_separator(character: char) -> bool {
    character.is_whitespace() || matches!(character, ',' | ';')
}

/// Where URIs begin in a line. A scheme inside another URI (`?link=otpauth://`) is no beginning.
fn starts(line: &str) -> Vec<(usize, &'static str)> {
    let lower = line.to_ascii_lowercase();
    let mut found: Vec<(usize, &'static str)> = Vec::new();
    for (at, _) in lower.char_indices() {
        let Some(scheme) = lower.get(at..).and_then(|rest| SCHEMES.iter().find(|s| rest.starts_with(**s)))
        else {
            continue;
        };
        let before = lower.get(..at).and_then(|head| head.chars().next_back());
        let opens = match before {
            None => true,
            Some(c) if found.is_empty() => !c.is_ascii_alphanumeric() && !matches!(c, '-' | '+' | '.'),
            Some(c) => is_separator(c),
        };
        if opens {
            found.push((at, scheme));
        }
    }
    found
}

/// What one line gave.
struct Piece {
    entries: Vec<Entry>,
    part: Option<BatchPart>,
    place: Place,
}

/// An account, or why there is none and what it was called.
pub(super) type Entry = Result<Account, (Skip, Names)>;

#[derive(Default)]
struct List {
    pieces: Vec<Piece>,
    count: usize,
    warnings: Vec<Item>,
    /// The first transfer code of a later version than known.
    newer: Option<Place>,
}

impl List {
    fn push(&mut self, uri: &str, place: Place, limits: &Limits) -> Result<(), Error> {
        let piece = match scheme_of(uri) {
            Some(MIGRATION) => self.migration(uri, place),
            Some(_) => Some(Piece { entries: vec![otpauth::parse(uri)], part: None, place }),
            None => Some(failed(not_an_account(uri), place)),
        };
        self.count = self.count.saturating_add(piece.as_ref().map_or(0, |piece| piece.entries.len()));
        self.pieces.extend(piece);
        limits.check_accounts(self.count)
    }

    fn migration(&mut self, uri: &str, place: Place) -> Option<Piece> {
        let payload = match google_migration::parse(uri) {
            Ok(payload) => payload,
            Err(failure) => {
                if failure == google_migration::Failure::Newer && self.newer.is_none() {
                    self.newer = Some(place.clone());
                }
                return Some(failed(failure.into(), place));
            }
        };
        let mut seen = self.pieces.iter().filter_map(|piece| piece.part.as_ref());
        if seen.any(|part| part.digest == payload.part.digest) {
            let message = "this QR code was already read; it is counted once";
            self.warnings.push(Item::new("repeated-payload", message).at(&place));
            return None;
        }
        self.warnings.extend(payload.warnings.into_iter().map(|item| item.at(&place)));
        Some(Piece { entries: payload.entries, part: Some(payload.part), place })
    }

    /// A file of nothing but broken transfer codes is a broken file, not a list with bad entries.
    fn finish(mut self, variant: &str) -> Result<Vault, Error> {
        merge::in_export_order(&mut self.pieces, |piece| piece.part.as_ref());
        let mut vault = Vault { variant: variant.to_owned(), warnings: self.warnings, ..Vault::default() };
        for piece in self.pieces {
            for entry in piece.entries {
                add(&mut vault, entry, &piece.place, piece.part.is_some());
            }
            vault.parts.extend(piece.part);
        }
        let broken = |item: &Item| item.code == Skip::UNREADABLE_PAYLOAD;
        match (vault.skipped.first(), self.newer) {
            _ if !vault.accounts.is_empty() || !vault.skipped.iter().all(broken) => Ok(vault),
            (None, _) => Ok(vault),
            (Some(_), Some(place)) => {
                Err(Error::newer("the transfer code is of a version that is not known").at(place))
            }
            (Some(first), None) => Err(Error::malformed(first.message.clone())
                .next_step("Show the code again in Google Authenticator and take a new picture")),
        }
    }
}

fn failed(skip: Skip, place: Place) -> Piece {
    Piece { entries: vec![Err((skip, Names::default()))], part: None, place }
}

fn add(vault: &mut Vault, entry: Entry, place: &Place, migrated: bool) {
    let index = vault.entries();
    match entry {
        Ok(mut account) => {
            account.origin.index = index;
            account.origin.format = if migrated { google_migration::ID } else { otpauth::ID }.to_owned();
            vault.accounts.push(account);
        }
        Err((skip, names)) => {
            vault.skipped.push(skip.item(index, &names.issuer, &names.account).at(place));
        }
    }
}

fn not_an_account(text: &str) -> Skip {
    let message = match foreign::classify(text) {
        Some(foreign) => format!("this is {}", foreign.what),
        None if text.is_empty() => "the line holds several links with other text between them".to_owned(),
        None => "this is not the link of an account".to_owned(),
    };
    Skip::new(Skip::NOT_AN_ACCOUNT, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_into_uris() {
        assert_eq!(
            split("otpauth://a,otpauth://b , apple-otpauth://c"),
            ["otpauth://a", "otpauth://b", "apple-otpauth://c"]
        );
        assert_eq!(split("otpauth://a b, otpauth://c"), ["otpauth://a b", "otpauth://c"]);
        assert_eq!(split("1. \"otpauth://totp/A B?secret=AA\""), ["otpauth://totp/A B?secret=AA"]);
        assert_eq!(split("otpauth://totp/a?link=otpauth://b"), ["otpauth://totp/a?link=otpauth://b"]);
        assert_eq!(split("nothing here"), ["nothing here"]);
        assert_eq!(split("otpauth://a and otpauth://b"), [""]);
        assert_eq!(split("first otpauth://a, otpauth://b"), [""]);
        assert_eq!(split("xotpauth://a"), ["xotpauth://a"]);
    }

    #[test]
    fn schemes_are_told_apart() {
        assert_eq!(scheme_of("OTPAUTH://totp/a"), Some("otpauth://"));
        assert_eq!(scheme_of("otpauth-migration://offline"), Some("otpauth-migration://"));
        assert_eq!(scheme_of("otpauthmigration://offline"), None);
        assert_eq!(scheme_of("totp://offline"), None);
    }
}
