//! `keycloak`: the users of Keycloak as JSON: exports of a realm, files for its partial import, and bodies for
//! its admin API.
//!
//! Source: Keycloak's `OTPCredentialModel`, `OTPCredentialData`, `RepresentationToModel` and
//! `JpaUserCredentialStore`.

mod read;
mod write;

use std::cmp::Ordering;

use crate::caps::{Caps, Field, Fit, Groups, Periods};
use crate::ctx::Ctx;
use crate::error::Error;
use crate::format::{Carrier, Confidence, Encryption, Format, Info, Input, Part, Writing};
use crate::model::{Account, Algorithm, Kind, Vault};
use crate::probe::{Node, Probe};

/// Keycloak.
pub(crate) struct Keycloak;

const ID: &str = "keycloak";
const APP: &str = "Keycloak";
/// The form for users that are there already.
const UPDATE: &str = "update";

static INFO: Info = Info {
    id: ID,
    title: "Keycloak (users with OTP)",
    aliases: &["red-hat-sso"],
    extensions: &["json", "jsonl"],
    reads_encrypted: false,
    unverified: Some("exports and imports, which were made from the source of the server"),
    write: &[
        Writing {
            form: "import",
            caps: CAPS,
            encryption: Encryption::Never,
            any_password: true,
            carrier: Carrier::File,
            file_name: "keycloak-users.json",
            encrypted_file_name: "keycloak-users.json",
            import_help: "In the Keycloak admin console, open Realm settings > Action > Partial import and pick the file; a user \
                who is there already is skipped and gets no code (for those write -t keycloak:update)",
        },
        Writing {
            form: UPDATE,
            caps: CAPS,
            encryption: Encryption::Never,
            any_password: true,
            carrier: Carrier::File,
            file_name: "keycloak-updates.jsonl",
            encrypted_file_name: "keycloak-updates.jsonl",
            import_help: "For each line, look up the id of its user (`kcadm.sh get users -q exact=true -q username=NAME`) and send the \
                line, once, as the body of PUT /admin/realms/REALM/users/ID; then take the required action CONFIGURE_TOTP \
                from those who have it",
        },
    ],
    export_help: "Run `kc.sh export --realm REALM --users realm_file --file realm.json` on the server; what the admin console \
        exports has no users",
};

const CAPS: Caps = Caps {
    app: APP,
    kinds: &[Kind::Totp, Kind::Hotp],
    algorithms: &[Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512],
    digits: &[6, 8],
    periods: Periods::UpTo(u32::MAX >> 1),
    // An int.
    max_counter: (1 << 31) - 1,
    secret_bytes: (1, usize::MAX),
    needs_pin: false,
    groups: Groups::None,
    fields: &[Field::Note, Field::User, Field::Created],
};

impl Format for Keycloak {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, probe: &Probe<'_>) -> Confidence {
        let is_own = |node: &Node| is_realm(node) || is_user(node);
        match probe.json() {
            Some(Node::Array(Some(first))) if is_own(first) => Confidence::Sure,
            Some(node) if is_own(node) => Confidence::Sure,
            _ => Confidence::No,
        }
    }

    fn decode(&self, input: &Input<'_>, ctx: &mut Ctx<'_>) -> Result<Vault, Error> {
        input.text().and_then(|text| read::decode(&text, ctx.limits)).map_err(|error| error.in_format(ID))
    }

    fn fit(&self, writing: &Writing, accounts: &[Account]) -> Vec<Fit> {
        write::fit(writing, accounts)
    }

    fn order(&self, _: &Writing, a: &Account, b: &Account) -> Ordering {
        write::username(a).cmp(&write::username(b))
    }

    fn encode(&self, writing: &Writing, vault: &Vault, _: &mut Ctx<'_>) -> Result<Vec<Part>, Error> {
        write::encode(writing, &vault.accounts)
            .map(|bytes| vec![Part(bytes)])
            .map_err(|error| error.in_format(ID))
    }
}

/// A realm, with its users or without, or a file for the partial import.
fn is_realm(node: &Node) -> bool {
    let is_realm = node.get("realm").and_then(Node::text).is_some();
    let is_import = node.get("ifResourceExists").is_some();
    match node.get("users") {
        Some(Node::Array(Some(first))) => {
            is_user(first) || (is_realm || is_import) && first.get("username").is_some()
        }
        Some(Node::Array(None)) => is_realm || is_import,
        // What the admin console exports.
        None => is_realm && node.get("otpPolicyType").is_some(),
        _ => false,
    }
}

/// A user with what is known of its ways to sign in. How one of those looks is too deep to be seen in a realm.
fn is_user(node: &Node) -> bool {
    let is_credential = |node: &Node| node.get("type").is_some() || *node == Node::Unknown;
    let credentials = match node.get("credentials") {
        Some(Node::Array(Some(first))) => is_credential(first),
        Some(Node::Array(None)) => true,
        _ => false,
    };
    credentials && node.get("username").and_then(Node::text).is_some()
}
