//! LastPass Authenticator: the JSON export of both apps, never encrypted.
//!
//! One object with `accounts` and `folders`: version 3 from Android, version 1 from iPhones. Other
//! apps import it; it is not known whether LastPass itself does.
//! Source: exports of both apps, and the importers of Proton, Bitwarden, Stratum and 2FAS.

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
use crate::probe::{Node, Probe};

/// LastPass Authenticator.
pub(crate) struct LastPass;

const ID: &str = "lastpass";

static INFO: Info = Info {
    id: ID,
    title: "LastPass Authenticator",
    aliases: &["lastpass-authenticator"],
    extensions: &["json"],
    reads_encrypted: false,
    unverified: None,
    write: &[Writing {
        form: "",
        caps: CAPS,
        encryption: Encryption::Never,
        any_password: true,
        carrier: Carrier::File,
        file_name: "lastpass-authenticator.json",
        encrypted_file_name: "lastpass-authenticator.json",
        import_help: "In an app that imports from LastPass Authenticator (Proton, Bitwarden, 2FAS, Ente, Stratum), choose that and pick the file",
    }],
    export_help: "In LastPass Authenticator, open Settings > Transfer accounts > Export accounts to file",
};

const CAPS: Caps = Caps {
    app: "LastPass Authenticator",
    kinds: &[Kind::Totp],
    algorithms: &[Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512],
    // What the importers have in common; 2FAS takes less and says so.
    digits: &[1, 2, 3, 4, 5, 6, 7, 8, 9],
    // Proton reads the period into 16 bits, and gives up the whole file over a longer one.
    periods: Periods::UpTo(65_535),
    max_counter: 0,
    secret_bytes: (1, usize::MAX),
    needs_pin: false,
    groups: Groups::One,
    fields: &[Field::Favorite, Field::Created],
};

/// The newest version, and the one that importers insist on.
const VERSION: u8 = 3;
/// The folder of accounts that are in no other.
const OTHER_ACCOUNTS: u8 = 0;
/// The folder that the apps show favourites in.
const FAVORITES: u8 = 1;
/// The first id of a folder that the user made.
const FIRST_OWN_FOLDER: u8 = 2;
/// Times below are seconds, from here on milliseconds: 10^11 seconds are the year 5138, 10^11
/// milliseconds are 1973.
const FIRST_MILLISECONDS: i64 = 100_000_000_000;

impl Format for LastPass {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        probe.json().map_or(Confidence::No, recognise)
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

/// Nobody else says `timeStep` beside `issuerName`. Without an account, and in a text that breaks
/// off, the fields about the phone are the mark.
fn recognise(json: &Node) -> Confidence {
    let accounts = json.get("accounts");
    let account = match accounts {
        Some(Node::Array(Some(first))) => {
            first.get("timeStep").is_some() && first.get("issuerName").is_some()
        }
        _ => false,
    };
    let phone = json.get("localDeviceId").is_some() && json.get("deviceName").is_some();
    let folders = json.get("folders").is_some_and(Node::is_array);
    let version = json.get("version").is_some();
    let empty = matches!(accounts, Some(Node::Array(None)));
    match (account, phone) {
        (true, _) if version && folders => Confidence::Sure,
        (false, true) if version && folders && empty => Confidence::Sure,
        (true, _) => Confidence::Likely,
        (false, true) if accounts.is_none() || empty || folders => Confidence::Likely,
        _ => Confidence::No,
    }
}

fn fit(account: &Account) -> Fit {
    let mut fit = CAPS.check(account);
    if fit.refused.is_some() {
        return fit;
    }
    if kept_group(account).is_none() && account.groups.len() == 1 {
        fit.change(Field::Groups, "a group without a name is left out");
    }
    if account.groups.len() > 1 && kept_group(account).is_none() {
        fit.changes.retain(|change| change.field != Field::Groups);
        fit.change(Field::Groups, "its groups are left behind: the first has no name");
    }
    if account.created != kept_created(account) {
        fit.change(
            Field::Created,
            "the time of creation is kept to the millisecond, and not from before 1973",
        );
    }
    fit
}

/// The group that the file can hold: the first.
fn kept_group(account: &Account) -> Option<&str> {
    account.groups.first().map(String::as_str).filter(|name| !name.is_empty())
}

/// The time of creation as the file can say it.
fn kept_created(account: &Account) -> Option<Timestamp> {
    let milliseconds = account.created?.as_millisecond();
    Timestamp::from_millisecond(milliseconds).ok().filter(|_| milliseconds >= FIRST_MILLISECONDS)
}
