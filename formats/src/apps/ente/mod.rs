//! Ente Auth: text of links with `codeDisplay`, plain or encrypted with a password.
//!
//! The plain export is one link a line; the encrypted one is a JSON object with that text in it, and
//! an old form a JSON list of the links. The HTML export keeps period and counter only in pictures.
//! Source: the app's `models/code.dart`, `models/code_display.dart` and `models/export/ente.dart`.

mod crypt;
mod page;
mod read;
#[cfg(test)]
mod tests;
mod write;

use jiff::Timestamp;

use crate::caps::{Caps, Field, Fit, Groups, Periods};
use crate::ctx::Ctx;
use crate::error::Error;
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::model::{Account, Algorithm, Kind, Vault};
use crate::open::uri_list;
use crate::probe::{Node, Probe};

/// Ente Auth.
pub(crate) struct Ente;

const ID: &str = "ente";

static INFO: Info = Info {
    id: ID,
    title: "Ente Auth",
    aliases: &["ente-auth"],
    extensions: &["txt", "json", "html"],
    reads_encrypted: true,
    unverified: None,
    write: &[Writing {
        form: "",
        caps: CAPS,
        encryption: Encryption::Optional,
        any_password: true,
        carrier: Carrier::File,
        file_name: "ente-auth-codes.txt",
        encrypted_file_name: "ente-auth-codes-encrypted.json",
        import_help: "In Ente Auth, open Settings > Data > Import codes, choose \"Plain text\" or \"Ente Encrypted export\", and pick the file",
    }],
    export_help: "In Ente Auth, open Settings > Data > Export codes and choose \"Encrypted\" or \"Plain text\"",
};

const CAPS: Caps = Caps {
    app: "Ente Auth",
    kinds: &[Kind::Totp, Kind::Hotp, Kind::Steam],
    algorithms: &[Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512],
    digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    periods: Periods::UpTo(u32::MAX),
    // The app keeps a counter in a signed 64-bit number.
    max_counter: u64::MAX >> 1,
    secret_bytes: (1, usize::MAX),
    needs_pin: false,
    groups: Groups::Many,
    fields: &[Field::Note, Field::Favorite, Field::Trashed, Field::LastUsed, Field::Uses],
};

/// Version of the encrypted file.
const VERSION: u8 = 1;
/// What marks a link of Ente.
const MARK: &str = "codeDisplay=";
/// A server once left out the `&` before this; the app cuts the issuer there.
const GLUED: &str = "period=";
/// Times below are milliseconds, from here on microseconds; see the reader.
const FIRST_MICROSECONDS: i64 = 100_000_000_000_000;

impl Format for Ente {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        match (probe.json(), probe.text()) {
            (Some(json), _) => recognise(json),
            (None, Some(text)) if is_marked_list(text) || is_html(text) => Confidence::Sure,
            _ => Confidence::No,
        }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        read::decode(input, ctx).map_err(|error| error.in_format(ID))
    }

    fn fit(&self, _: &Writing, accounts: &[Account]) -> Vec<Fit> {
        accounts.iter().map(fit).collect()
    }

    fn encode(&self, _: &Writing, vault: &Vault, ctx: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        let part = write::encode(vault, ctx).map_err(|error| error.in_format(ID))?;
        Ok(vec![part])
    }
}

fn recognise(json: &Node) -> Confidence {
    let costs = json
        .get("kdfParams")
        .is_some_and(|params| params.get("memLimit").is_some() && params.get("opsLimit").is_some());
    let sealed = json.get("encryptedData").is_some() && json.get("encryptionNonce").is_some();
    let item = match json.get("items") {
        Some(Node::Array(Some(first))) => first.get("rawData").is_some(),
        _ => false,
    };
    match (costs, sealed) {
        (true, true) => Confidence::Sure,
        _ if item => Confidence::Sure,
        (true, false) => Confidence::Likely,
        _ => Confidence::No,
    }
}

/// Whether the first line is a link with the mark. A list whose first link has none is read as a
/// list of links like any other.
pub(crate) fn is_marked_list(text: &str) -> bool {
    let mut lines = uri_list::significant_lines(text).map(|(_, line)| line.trim_start_matches('"'));
    lines.next().is_some_and(|line| {
        let marked = line.contains(&format!("&{MARK}")) || line.contains(&format!("?{MARK}"));
        line.get(..10).is_some_and(|start| start.eq_ignore_ascii_case("otpauth://")) && marked
    })
}

fn is_html(text: &str) -> bool {
    text.trim_start().starts_with('<') && text.contains(page::MARK)
}

fn fit(account: &Account) -> Fit {
    let mut fit = CAPS.check(account);
    if fit.refused.is_some() {
        return fit;
    }
    // Source: the app's `totp_util.dart`; the issuer alone makes it show Steam codes.
    if account.kind() != Kind::Steam && is_steam(kept_issuer(account)) {
        return Fit::refuse(
            "not-expressible",
            "Ente Auth shows Steam Guard codes for every account of the issuer Steam",
            "Move this account to another app, or keep it in the old one",
        );
    }
    if kept_issuer(account) != account.issuer {
        fit.change(Field::Issuer, format!("the issuer ends before \"{GLUED}\""));
    }
    if kept_last_used(account) != account.last_used {
        fit.change(
            Field::LastUsed,
            "the time of last use is kept to the microsecond, and not from before 1973",
        );
    }
    if kept_uses(account) != account.uses {
        fit.change(Field::Uses, "the count of uses is not kept");
    }
    fit
}

fn is_steam(issuer: &str) -> bool {
    issuer.eq_ignore_ascii_case("steam")
}

/// The issuer as the app reads it.
fn kept_issuer(account: &Account) -> &str {
    account.issuer.split_once(GLUED).map_or(account.issuer.as_str(), |(issuer, _)| issuer)
}

/// The time of last use as the file can say it.
fn kept_last_used(account: &Account) -> Option<Timestamp> {
    let microseconds = account.last_used?.as_microsecond();
    Timestamp::from_microsecond(microseconds).ok().filter(|_| microseconds >= FIRST_MICROSECONDS)
}

/// The count of uses as the file can say it: 0 stands for none, and the app's numbers are signed.
fn kept_uses(account: &Account) -> Option<u64> {
    account.uses.filter(|uses| (1..=u64::MAX >> 1).contains(uses))
}
