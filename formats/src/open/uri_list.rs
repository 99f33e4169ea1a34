//! Texts of URIs: one a line, comma lists, comments, a JSON array of them. `otpauth` and
//! `google-migration` lines can be mixed, so both formats read through here.

use std::borrow::Cow;

use serde::Deserialize;

use super::label::Names;
use super::{foreign, google_migration, otpauth};
use crate::ctx::{Ctx, Limits};
use crate::error::{Error, Place};
use crate::format::{Confidence, Input};
use crate::model::{Account, BatchPart, Vault, merge};
use crate::probe::{Node, Probe};
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

/// The URIs of a JSON text and where they are, when it is one: a plain array, or cotp's export.
fn json_items(text: &str, limits: &Limits) -> Result<Option<(&'static str, Vec<String>)>, Error> {
    let text = text.trim_start();
    if text.starts_with('{') {
        let items: Items = json::parse_file(text, limits)?;
        return Ok(Some(("/items", items.items)));
    }
    if text.starts_with('[') {
        // A text of links may also begin with a bracket.
        return Ok(json::parse_file(text, limits).ok().map(|uris| ("", uris)));
    }
    Ok(None)
}

/// The first URI of a JSON text that is a list of them.
fn first_of_json(json: &Node) -> Option<&str> {
    let list = json.get("items").unwrap_or(json);
    match list {
        Node::Array(Some(first)) => first.text(),
        _ => None,
    }
}

/// Whether a line holds a URI of one of the schemes, and which.
pub(crate) fn scheme_of(line: &str) -> Option<&'static str> {
    starts(line).first().map(|start| start.scheme)
}

/// Lines that count: not blank, no comment.
pub(crate) fn significant_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(at, line)| (at + 1, line.trim()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

/// The first link of a text says which of the two formats it is: surely when nothing is before it. A
/// JSON text has to be a list of links; one that only mentions them is something else.
pub(super) fn detect(probe: &Probe<'_>, is_mine: impl Fn(&str) -> bool) -> Confidence {
    if let Some(json) = probe.json() {
        return match first_of_json(json).and_then(scheme_of) {
            Some(scheme) if is_mine(scheme) => Confidence::Likely,
            _ => Confidence::No,
        };
    }
    let Some(text) = probe.text() else {
        return Confidence::No;
    };
    let mut schemes = significant_lines(text).map(|(_, line)| scheme_of(line)).enumerate();
    match schemes.find_map(|(at, scheme)| Some((at, scheme?))) {
        Some((0, scheme)) if is_mine(scheme) => Confidence::Sure,
        Some((_, scheme)) if is_mine(scheme) => Confidence::Weak,
        _ => Confidence::No,
    }
}

/// Whether the first link of a text is in the dialect of WinAuth: secret and digits first, and later
/// its skin or what only Battle.net and Steam need; or Steam's data, as steamguard-cli writes it too.
pub(crate) fn is_of_winauth(text: &str) -> bool {
    let Some((_, line)) = significant_lines(text).next() else { return false };
    let lower = line.to_ascii_lowercase();
    let query = lower.strip_prefix("otpauth://").and_then(|rest| Some(rest.split_once('?')?.1));
    let parameters: Vec<&str> = query.unwrap_or_default().split('&').collect();
    let has = |start: &str| parameters.iter().any(|parameter| parameter.starts_with(start));
    match parameters.as_slice() {
        [first, second, ..] if first.starts_with("secret=") && second.starts_with("digits=") => {
            ["icon=", "serial=", "deviceid="].into_iter().any(has)
        }
        _ => has("issuer=steam") && has("data=%7b"),
    }
}

/// Reads a text of URIs.
pub(crate) fn decode(input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
    let text = input.text()?;
    let mut list = List::default();
    if let Some((pointer, uris)) = json_items(&text, ctx.limits)? {
        for (at, uri) in uris.iter().enumerate() {
            list.push(uri, Place::Json(format!("{pointer}/{at}")), ctx.limits)?;
        }
        return list.finish("JSON list of URIs");
    }
    for (line, content) in joined_lines(&text, ctx.limits)? {
        for uri in split(&content) {
            list.push(uri, Place::Line(line), ctx.limits)?;
        }
    }
    list.finish("list of URIs")
}

/// The same with transfer links put together that were wrapped when they were copied. A link of an
/// account that seems to go on in the next line is left empty: what is missing of it may be a part of
/// the secret.
///
/// # Errors
/// `Limit` for more lines than a file may have entries.
pub(crate) fn joined_lines<'t>(text: &'t str, limits: &Limits) -> Result<Vec<(usize, Cow<'t, str>)>, Error> {
    let is_base64 = |line: &str| line.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=%_-".contains(&b));
    let mut lines: Vec<(usize, Cow<'_, str>)> = Vec::new();
    let mut last_number = 0;
    for (number, line) in significant_lines(text) {
        let follows = number == last_number + 1;
        last_number = number;
        match lines.last_mut() {
            Some((_, link)) if follows && is_base64(line) && scheme_of(link) == Some(MIGRATION) => {
                link.to_mut().push_str(line);
            }
            Some((_, link)) if follows && scheme_of(link).is_some() && goes_on(line) => {
                *link = Cow::Borrowed("");
            }
            _ => lines.push((number, Cow::Borrowed(line))),
        }
        limits.check_accounts(lines.len())?;
    }
    Ok(lines)
}

/// Whether a line looks like the rest of a link.
fn goes_on(line: &str) -> bool {
    let is_base32 =
        |line: &str| line.bytes().all(|b| matches!(b, b'A'..=b'Z' | b'a'..=b'z' | b'2'..=b'7' | b'='));
    let is_link = scheme_of(line).is_some() || line.contains("://");
    let one_word = !is_link && !line.contains(char::is_whitespace);
    one_word && (line.contains(['&', '=', '%']) || (line.len() >= 8 && is_base32(line)))
}

/// Cuts a line into its URIs. Text before a single one is dropped; lists have commas or blanks
/// between them, or quotes around each. Where it is not plain what belongs to a URI the line is
/// returned empty, and fails as such: what follows a secret must never become a part of it.
pub(crate) fn split(line: &str) -> Vec<&str> {
    let starts = starts(line);
    let ends = starts.iter().skip(1).map(|start| start.at).chain([line.len()]);
    let pieces: Vec<Piece<'_>> =
        starts.iter().zip(ends).filter_map(|(start, end)| start.piece(line, end)).collect();
    let first_at_start = starts.first().is_some_and(|start| start.at == 0);
    let all_quoted = pieces.iter().all(|piece| piece.quoted);
    let Some((_, head)) = pieces.split_last() else {
        return vec![line];
    };
    let separate = all_quoted || (first_at_start && head.iter().all(|piece| piece.is_closed));
    if (pieces.len() > 1 && !separate) || pieces.iter().any(Piece::is_doubtful) {
        return vec![""];
    }
    pieces.into_iter().map(|piece| piece.text).collect()
}

/// Where a URI begins.
struct Start {
    at: usize,
    scheme: &'static str,
    /// The quote before it, and so after it.
    quote: Option<char>,
}

/// A URI of a line.
struct Piece<'a> {
    text: &'a str,
    quoted: bool,
    /// Whether its end is plain, although another one follows.
    is_closed: bool,
}

impl Start {
    fn piece<'a>(&self, line: &'a str, end: usize) -> Option<Piece<'a>> {
        let rest = line.get(self.at..)?;
        if let Some((quote, length)) = self.quote.and_then(|quote| Some((quote, rest.find(quote)?))) {
            let after = rest.get(length..)?.strip_prefix(quote)?.chars().next();
            // An apostrophe inside the link would cut it: then nothing is sure.
            let ends =
                after.is_none_or(|c| is_separator(c) || matches!(c, ']' | ')' | '}' | '>' | '.' | ':'));
            let text = if ends { rest.get(..length)? } else { "<" };
            return Some(Piece { text, quoted: true, is_closed: true });
        }
        let raw = line.get(self.at..end)?.trim_end();
        let text = raw.trim_end_matches(is_separator);
        let is_closed = raw.ends_with([',', ';']) || !text.contains(char::is_whitespace);
        Some(Piece { text, quoted: false, is_closed })
    }
}

impl Piece<'_> {
    /// Quotes are always encoded in a URI, and another URI in it is the value of a parameter.
    fn is_doubtful(&self) -> bool {
        let lower = self.text.to_ascii_lowercase();
        let is_inner = |(at, _)| {
            let before = lower.get(..at).and_then(|head| head.chars().next_back());
            // `apple-otpauth://` ends like `otpauth://`.
            !matches!(before, None | Some('=' | '-'))
        };
        self.text.contains(['"', '<', '>']) || schemes(&lower).any(is_inner)
    }
}

fn is_separator(character: char) -> bool {
    character.is_whitespace() || matches!(character, ',' | ';')
}

/// The quote that closes what this character opens.
fn closing(character: char) -> Option<char> {
    match character {
        '"' | '\'' | '`' => Some(character),
        '<' => Some('>'),
        _ => None,
    }
}

/// Where URIs begin in a line. A scheme inside another URI (`?link=otpauth://`) is no beginning.
fn starts(line: &str) -> Vec<Start> {
    let lower = line.to_ascii_lowercase();
    let mut found: Vec<Start> = Vec::new();
    for (at, scheme) in schemes(&lower) {
        let before = lower.get(..at).and_then(|head| head.chars().next_back());
        let quote = before.and_then(closing);
        let opens = match before {
            None => true,
            Some(_) if quote.is_some() => true,
            Some(c) if found.is_empty() => !c.is_ascii_alphanumeric() && !matches!(c, '-' | '+' | '.'),
            Some(c) => is_separator(c),
        };
        if opens {
            found.push(Start { at, scheme, quote });
        }
    }
    found
}

/// Every scheme in a text of lower case, in order. Each has a colon and a slash, which are rare in a
/// link, so only those are looked at.
fn schemes(lower: &str) -> impl Iterator<Item = (usize, &'static str)> {
    lower.match_indices(":/").flat_map(move |(colon, _)| {
        let starts_here = |scheme: &&'static str| {
            let start = colon.checked_sub(scheme.find(':')?)?;
            lower.get(start..)?.starts_with(scheme).then_some((start, *scheme))
        };
        let mut found: Vec<_> = SCHEMES.iter().filter_map(starts_here).collect();
        found.sort_unstable();
        found
    })
}

/// What one line gave.
struct Reading {
    entries: Vec<Entry>,
    part: Option<BatchPart>,
    place: Place,
}

/// An account, or why there is none and what it was called.
pub(crate) type Entry = Result<Account, (Skip, Names)>;

#[derive(Default)]
struct List {
    readings: Vec<Reading>,
    count: usize,
    warnings: Vec<Item>,
    /// The first transfer code of a later version than known.
    newer: Option<Place>,
}

impl List {
    fn push(&mut self, uri: &str, place: Place, limits: &Limits) -> Result<(), Error> {
        let reading = match scheme_of(uri) {
            Some(MIGRATION) => self.migration(uri, place),
            Some(_) => Some(Reading { entries: vec![otpauth::parse(uri)], part: None, place }),
            None => Some(failed(not_an_account(uri), place)),
        };
        self.count = self.count.saturating_add(reading.as_ref().map_or(0, |reading| reading.entries.len()));
        self.readings.extend(reading);
        limits.check_accounts(self.count)
    }

    fn migration(&mut self, uri: &str, place: Place) -> Option<Reading> {
        let payload = match google_migration::parse(uri) {
            Ok(payload) => payload,
            Err(failure) => {
                if failure == google_migration::Failure::Newer && self.newer.is_none() {
                    self.newer = Some(place.clone());
                }
                return Some(failed(failure.into(), place));
            }
        };
        let mut seen = self.readings.iter().filter_map(|reading| reading.part.as_ref());
        if seen.any(|part| part.digest == payload.part.digest) {
            let message = "this QR code was already read; it is counted once";
            self.warnings.push(Item::new("repeated-payload", message).at(&place));
            return None;
        }
        self.warnings.extend(payload.warnings.into_iter().map(|item| item.at(&place)));
        Some(Reading { entries: payload.entries, part: Some(payload.part), place })
    }

    /// A file of nothing but broken transfer codes is a broken file, not a list with bad entries.
    fn finish(mut self, variant: &str) -> Result<Vault, Error> {
        merge::in_export_order(&mut self.readings, |reading| reading.part.as_ref());
        let mut vault = Vault { variant: variant.to_owned(), warnings: self.warnings, ..Vault::default() };
        for reading in self.readings {
            for entry in reading.entries {
                add(&mut vault, entry, &reading.place, reading.part.is_some());
            }
            vault.parts.extend(reading.part);
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

fn failed(skip: Skip, place: Place) -> Reading {
    Reading { entries: vec![Err((skip, Names::default()))], part: None, place }
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

/// Why a text is no link of an account.
pub(crate) fn not_an_account(text: &str) -> Skip {
    let message = match foreign::classify(text) {
        Some(foreign) => format!("this is {}", foreign.what),
        None if text.is_empty() => "it is not plain where the links in this line begin and end".to_owned(),
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
        assert_eq!(split("1. \"otpauth://totp/A B?secret=AA\" (x)"), ["otpauth://totp/A B?secret=AA"]);
        assert_eq!(split("otpauth://totp/a?link=otpauth://b"), ["otpauth://totp/a?link=otpauth://b"]);
        assert_eq!(split("nothing here"), ["nothing here"]);
        assert_eq!(split("motp:/a?secret=00, MOTP://b"), ["motp:/a?secret=00", "MOTP://b"]);
        assert_eq!(split("otpauth://a and otpauth://b"), [""]);
        assert_eq!(split("first otpauth://a, otpauth://b"), [""]);
        assert_eq!(split(r#"["otpauth://a b","otpauth://c"]"#), ["otpauth://a b", "otpauth://c"]);
        assert_eq!(split("<otpauth://a>; 'otpauth://c'"), ["otpauth://a", "otpauth://c"]);
        assert_eq!(split(r#"otpauth://a?issuer=q"x"#), [""]);
        assert_eq!(split("otpauth://a?secret=AAotpauth://b"), [""]);
        assert_eq!(split("'otpauth://a?issuer=O'Reilly&digits=8'"), [""]);
        assert_eq!(split(r#""otpauth://a?secret=AA"BB&digits=8"#), [""]);
    }

    #[test]
    fn wrapped_links_are_joined_or_doubtful() {
        let lines = |text| {
            let lines = joined_lines(text, &Limits::default()).unwrap();
            lines.into_iter().map(|(_, line)| line.into_owned()).collect::<Vec<_>>()
        };
        assert_eq!(
            lines("otpauth-migration://offline?data=AB\nCD%3D"),
            ["otpauth-migration://offline?data=ABCD%3D"]
        );
        assert_eq!(lines("otpauth://totp/a?secret=AA\nJBSWY3DPEHPK3PXP&issuer=b"), [""]);
        assert_eq!(lines("otpauth://totp/a?secret=AA\n&digits=8"), [""]);
        assert_eq!(lines("otpauth://totp/a?secret=AA\nGitHub"), ["otpauth://totp/a?secret=AA", "GitHub"]);
        assert_eq!(split("xotpauth://a"), ["xotpauth://a"]);
    }

    #[test]
    fn schemes_are_told_apart() {
        assert_eq!(scheme_of("OTPAUTH://totp/a"), Some("otpauth://"));
        assert_eq!(scheme_of("otpauth-migration://offline"), Some("otpauth-migration://"));
        assert_eq!(scheme_of("otpauthmigration://offline"), None);
        assert_eq!(scheme_of("totp://offline"), None);
    }

    #[test]
    fn very_many_lines_are_refused() {
        let limits = Limits { accounts: 3, ..Limits::default() };
        assert_eq!(joined_lines("a\nb\n\nc", &limits).map(|lines| lines.len()), Ok(3));
        assert!(joined_lines("a\nb\nc\nd", &limits).is_err());
    }
}
